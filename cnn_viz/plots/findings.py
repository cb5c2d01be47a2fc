"""Programs with mistakes: a table of what each check finds, and learning curves beside that of the correct program.

Table       a row for each program, a column for each check: a dark cell with a cross where the check complains, a pale
            empty one where it does not. On the left, the accuracies of several runs on a line from 50 to 100 per cent,
            between two dashed lines: the range of the correct program. Accuracies below 50 per cent are written. Where
            some columns are marked, the others are pale, and the name of a program that no marked column catches is
            bold. A line parts groups of programs.
Curves      thick and grey for the program; thin, dashed and in ink for the correct one, which lies on top; several runs
            of each.
Widths      ten checks, and two panels side by side, fit on a phone.
Chapter     11.
"""

import numpy as np
from matplotlib.patches import Rectangle

from cnn_core import checks
from cnn_viz.base.axes import label_axes
from cnn_viz.base.figures import add_axes, new_figure
from cnn_viz.base.layout import text_size
from cnn_viz.base.palette import INK, PADDING
from cnn_viz.base.style import picture

ROW, COLUMN, BELOW = 20, 18, 42  # pixels: a row, a column, the axis of the accuracies
NAMES, RUNS, GAP = 102, 62, 8  # pixels: the names of the rows, the accuracies, the gap to the cells
LOWEST = 0.5  # the accuracy at which their axis begins
WRONG, PALE = "#9A9A9A", "#C4C4C4"
LEFT, PANEL, TALL, ABOVE, UNDER = 44, 155, 100, 42, 46  # pixels: around a panel of curves, its width and height


@picture
def show_findings(caught, accuracies, correct, columns, marked=(), groups=()):
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
    groups : sequence of str
        Programs with which a group begins: a line above each.
    """
    rows = list(caught)
    table = np.array([list(map(bool, caught[name])) for name in rows])
    checks.require(table.shape == (len(rows), len(columns)), f"each row of caught must have {len(columns)} entries.")
    checks.require(list(accuracies) == rows, "accuracies must have the rows of caught, in the same order.")
    head, height = round(max(text_size(name)[0] for name in columns)) + 14, ROW * len(rows)
    left, wide = NAMES + RUNS + GAP, COLUMN * len(columns)
    figure = new_figure(left + wide + 4, head + height + BELOW)
    kept = np.array([not marked or name in marked for name in columns])
    missed = [name for name, row in zip(rows, table, strict=True) if not (row & kept).any()]
    axes = add_axes(figure, NAMES, head, RUNS, height), add_axes(figure, left, head, wide, height)
    _draw_runs(axes[0], accuracies, correct, missed)
    _draw_table(axes[1], table, columns, marked)
    for name in groups:
        _draw_group_line(axes, rows.index(name) - 0.5)
    return figure


def _draw_runs(ax, accuracies, correct, missed):
    middle = {"ha": "center", "va": "center", "transform": ax.get_yaxis_transform()}
    for edge in (min(correct), max(correct)):
        ax.axvline(edge, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    for row, (name, runs) in enumerate(accuracies.items()):
        weight = "bold" if name in missed else "normal"
        ax.text(-0.05, row, name, weight=weight, **middle | {"ha": "right"})
        if None in runs or max(runs) < LOWEST:
            ax.text(0.44, row, "stops" if None in runs else between(runs), **middle)
        else:
            ax.plot([min(runs), max(runs)], [row, row], color=INK, linewidth=1)
            ax.plot(runs, [row] * len(runs), color=INK, marker="o", markersize=4, linestyle="none")
    ticks = {"xticks": [0.5, 0.75, 1], "xticklabels": ["50", "75", "100"], "yticks": []}
    ax.set(xlim=(LOWEST, 1), ylim=(len(accuracies) - 0.5, -0.5), **ticks)
    ax.set_xlabel("per cent right")
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")


def between(accuracies):
    """Return the range of accuracies in per cent, as text.

    Examples
    --------
    >>> between([0.921, 0.938, 0.93]), between([0.932, 0.928])
    ('92 to 94', '93')
    """
    low, high = (f"{100 * each(accuracies):.0f}" for each in (min, max))
    return low if low == high else f"{low} to {high}"


def _draw_group_line(axes, height):
    for ax, ends in zip(axes, ((-NAMES / RUNS, 1 + GAP / RUNS), (0, 1)), strict=True):
        line = {"color": INK, "linewidth": 0.8, "clip_on": False, "transform": ax.get_yaxis_transform()}
        ax.plot(ends, [height] * 2, **line)


def _draw_table(ax, table, columns, marked):
    rows = len(table)
    for row, column in np.ndindex(table.shape):
        dark = PALE if marked and columns[column] not in marked else INK
        style = {"facecolor": dark if table[row, column] else PADDING, "edgecolor": "white", "linewidth": 1.5}
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **style))
        if table[row, column]:
            ax.plot(column, row, marker="x", color="white", markersize=6, markeredgewidth=1.6)
    for column, name in enumerate(columns):
        ax.text(column, -0.7, name, ha="center", va="bottom", rotation=90)
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
    titles = titles or {}
    figure = new_figure(LEFT + 2 * PANEL, -(-len(programs) // 2) * (TALL + ABOVE + UNDER))
    highest = _highest(correct, *programs.values())
    for place, (name, runs) in enumerate(programs.items()):
        row, column = divmod(place, 2)
        top = ABOVE + row * (TALL + ABOVE + UNDER)
        ax = add_axes(figure, LEFT + column * PANEL, top, PANEL - 26, TALL)
        _draw_costs(ax, runs, every, color=WRONG, linestyle="-", linewidth=2.6)
        _draw_costs(ax, correct, every, color=INK, linestyle="--", linewidth=1)
        label_axes(ax, "\n".join([name, titles.get(name, "")]).strip(), "step", "" if column else "cost")
        ax.set_ylim(0, 1.15 * highest)
    return figure


def _highest(correct, *programs):
    """Return the highest cost that is in sight: of the correct program, and of the start of each other one."""
    starts = [costs[0] for runs in programs for costs in runs if len(costs) and np.isfinite(costs[0])]
    return max(*map(max, correct), *starts)


def _draw_costs(ax, runs, every, **style):
    for costs in runs:
        ax.plot(np.arange(len(costs)) * every, costs, **style)
