"""Programs with mistakes: a table of what each check finds, and learning curves beside that of the correct program.

Table       a row for each program, a column for each check: a dark cell with a cross where the check complains, a pale
            empty one where it does not. On the left, the accuracies of several runs on a line from 0 to 100 per cent,
            over the range of the correct program, which is shaded. Where some columns are marked, the others are pale,
            and the name of a program that no marked column catches is bold.
Curves      thick and grey for the program; thin, dashed and in ink for the correct one, which lies on top; several runs
            of each.
Chapter     11.
"""

import numpy as np
from matplotlib.patches import Rectangle

from cnn_core import checks
from cnn_viz.base.axes import label_axes
from cnn_viz.base.figures import WIDEST, add_axes, new_figure
from cnn_viz.base.palette import INK, PADDING
from cnn_viz.base.style import FONT, picture

ROW, HEAD, BELOW = 24, 50, 42  # pixels: a row, the names of the columns, the axis of the accuracies
NAMES, RUNS, GAP = 104, 100, 14  # pixels: the names of the rows, the accuracies, the gap to the cells
WRONG, PALE = "#9A9A9A", "#C4C4C4"
LEFT, TALL, ABOVE, UNDER = 46, 104, 40, 44  # pixels: around a panel of curves, and its height


@picture
def show_findings(caught, accuracies, correct, columns, marked=()):
    """Draw which check catches which program.

    Parameters
    ----------
    caught : {str: sequence of bool}
        For each program, an entry a check.
    accuracies : {str: sequence of float or None}
        For each program, the accuracy of each run in 0..1; None for a run that stopped with an error.
    correct : sequence of float
        The accuracies of the correct program.
    columns : sequence of str
        The names of the checks.
    marked : sequence of str
        Columns with a heavy outline; the others become pale. Names of programs that they do not catch are bold.
    """
    rows = list(caught)
    table = np.array([list(map(bool, caught[name])) for name in rows])
    checks.require(table.shape == (len(rows), len(columns)), f"each row of caught must have {len(columns)} entries.")
    checks.require(list(accuracies) == rows, "accuracies must have the rows of caught, in the same order.")
    height = ROW * len(rows)
    figure = new_figure(WIDEST, HEAD + height + BELOW)
    left = NAMES + RUNS + GAP
    kept = np.array([not marked or name in marked for name in columns])
    missed = [name for name, row in zip(rows, table, strict=True) if not (row & kept).any()]
    _draw_runs(add_axes(figure, NAMES, HEAD, RUNS, height), accuracies, correct, missed)
    _draw_table(add_axes(figure, left, HEAD, WIDEST - left - 4, height), table, columns, marked)
    return figure


def _draw_runs(ax, accuracies, correct, missed):
    ax.axvspan(min(correct), max(correct), color=PADDING, zorder=0)
    for row, (name, runs) in enumerate(accuracies.items()):
        weight = "bold" if name in missed else "normal"
        ax.text(-0.05, row, name, ha="right", va="center", weight=weight, transform=ax.get_yaxis_transform())
        if None in runs:
            ax.text(0.5, row, "stops at once", ha="center", va="center", transform=ax.get_yaxis_transform())
        else:
            ax.plot([min(runs), max(runs)], [row, row], color=INK, linewidth=1)
            ax.plot(runs, [row] * len(runs), color=INK, marker="o", markersize=4, linestyle="none")
    ax.set(
        xlim=(0, 1), ylim=(len(accuracies) - 0.5, -0.5), yticks=[], xticks=[0, 0.5, 1], xticklabels=["0", "50", "100"]
    )
    ax.set_xlabel("correct, per cent")
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")


def _draw_table(ax, table, columns, marked):
    rows = len(table)
    for row, column in np.ndindex(table.shape):
        dark = PALE if marked and columns[column] not in marked else INK
        style = {"facecolor": dark if table[row, column] else PADDING, "edgecolor": "white", "linewidth": 1.5}
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **style))
        if table[row, column]:
            ax.plot(column, row, marker="x", color="white", markersize=7, markeredgewidth=1.8)
    for column, name in enumerate(columns):
        ax.text(column, -0.65, name.replace(" ", "\n"), ha="center", va="bottom", fontsize=FONT - 1, linespacing=1.05)
        if name in marked:
            outline = {"fill": False, "edgecolor": INK, "linewidth": 2.5, "clip_on": False}
            ax.add_patch(Rectangle((column - 0.5, -0.5), 1, rows, **outline))
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(rows - 0.5, -0.5))
    ax.set_axis_off()


@picture
def show_costs_beside(programs, correct, every=1, titles=None):
    """Draw the cost of each program while it trains, beside the cost of the correct program.

    Parameters
    ----------
    programs : {str: [sequence of float]}
        The costs of each run of each program; a run that stopped at once has none.
    correct : [sequence of float]
        The costs of each run of the correct program.
    every : int
        How many steps lie between two costs.
    titles : {str: str}, optional
        A second line above each panel.
    """
    checks.require(programs and correct, "programs and correct must have at least one run each.")
    every = checks.integer("every", every)
    across, titles = (4 if len(programs) == 4 else 3), titles or {}
    down, wide = -(-len(programs) // across), (WIDEST - LEFT) // across
    figure = new_figure(WIDEST, down * (TALL + ABOVE + UNDER))
    highest = max(max(costs) for costs in correct)
    for place, (name, runs) in enumerate(programs.items()):
        row, column = divmod(place, across)
        top = ABOVE + row * (TALL + ABOVE + UNDER)
        ax = add_axes(figure, LEFT + column * wide, top, wide - 34, TALL)
        _draw_costs(ax, runs, every, color=WRONG, linestyle="-", linewidth=2.6)
        _draw_costs(ax, correct, every, color=INK, linestyle="--", linewidth=1)
        label_axes(ax, "\n".join([name, titles.get(name, "")]).strip(), "step", "" if column else "cost")
        ax.set_ylim(0, 1.15 * highest)
    return figure


def _draw_costs(ax, runs, every, **style):
    for costs in runs:
        ax.plot(np.arange(len(costs)) * every, costs, **style)
