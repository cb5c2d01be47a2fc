"""Work on several machines: sums in their order, results as they come in, and what happens in each process over time.

Cells       the examples have the hue of X, the errors that of O, gradients and their sums that of F with dashes.
Machines    have a name, and a shade of grey.
Chapters    13.
"""

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Rectangle

from cnn_core import checks
from cnn_viz.base.axes import label_axes
from cnn_viz.base.figures import WIDEST, add_axes, new_figure, pixel_axes
from cnn_viz.base.palette import EDGE, INK, MAGNITUDES, PADDING, TINT
from cnn_viz.base.style import FONT, picture

CELL, ROW, HEAD = 32, 42, 30  # pixels: a cell, the distance of two rows, the space for titles
LABEL, MACHINE, SUM, GAP = 96, 100, 176, 16  # pixels: the width of each column, and between two
SHADES = ("#FFFFFF", "#E2E2E2", "#C6C6C6", "#AAAAAA")  # of machines; ink on the darkest has a contrast of 7:1


# --- a sum in its order -----------------------------------------------------------------------------------------------


@picture
def show_additions(numbers, inputs, errors, machines, parts, totals):
    """Draw the micro-batches of a batch in the order in which their gradients are added, a row for each.

    Parameters
    ----------
    numbers : sequence of int, length M
        The number of each micro-batch.
    inputs, errors : array, shape (M, examples)
        What the gradients are computed from.
    machines : sequence of str, length M
        The name of the machine that computes each.
    parts : array, shape (M,)
        The gradient of each.
    totals : array, shape (M,)
        The sum after each addition, as it was rounded.
    """
    inputs, errors = checks.real_array("inputs", inputs), checks.real_array("errors", errors)
    wide = inputs.shape[1] * CELL
    widths = LABEL, wide, wide, MACHINE, 2 * CELL, SUM, 2 * CELL
    lefts = GAP + np.cumsum([0, *(width + GAP for width in widths)])
    figure = new_figure(lefts[-1], HEAD + len(parts) * ROW)
    ax = pixel_axes(figure, 0, 0, lefts[-1], HEAD + len(parts) * ROW)
    titles = "", "x", "error e", "computed by", "dC/dw", "sum so far", "rounded"
    for left, width, title in zip(lefts, widths, titles, strict=False):
        ax.text(left + width / 2, HEAD - 14, title, ha="center", va="baseline")
    sums = _written_sums(parts, totals)
    for row, number in enumerate(numbers):
        top = HEAD + row * ROW
        ax.text(lefts[0], top + CELL / 2, f"micro-batch {number}", va="center")
        _draw_cells(ax, lefts[1], top, inputs[row], "X")
        _draw_cells(ax, lefts[2], top, errors[row], "O")
        _draw_machine(ax, lefts[3], top, machines[row], sorted(set(machines)).index(machines[row]))
        _draw_cells(ax, lefts[4], top, parts[row : row + 1], "F", 2 * CELL)
        ax.text(lefts[5] + SUM / 2, top + CELL / 2, sums[row], ha="center", va="center", fontsize=FONT + 1)
        _draw_cells(ax, lefts[6], top, totals[row : row + 1], "F", 2 * CELL)
    return figure


def _written_sums(parts, totals):
    """Return each addition as a text; its result is the exact one, which the total may only be near.

    Examples
    --------
    >>> _written_sums([1, 2048], [1, 2048])
    ['0 + 1 = 1', '1 + 2048 = 2049']
    """
    before = [0, *totals[:-1]]
    return [f"{start:g} + {part:g} = {float(start) + float(part):g}" for start, part in zip(before, parts, strict=True)]


def _draw_cells(ax, left, top, values, role, width=CELL):
    dashes = "--" if role == "F" else "-"
    for column, value in enumerate(values):
        corner = left + column * width, top
        look = {"facecolor": TINT[role], "edgecolor": EDGE[role], "linewidth": 1.4, "linestyle": dashes}
        ax.add_patch(Rectangle(corner, width, CELL, **look))
        text = f"{value:g}".replace("-", "−")
        ax.text(corner[0] + width / 2, top + CELL / 2, text, ha="center", va="center", fontsize=FONT + 1)


def _draw_machine(ax, left, top, name, shade):
    face = SHADES[shade % len(SHADES)]
    ax.add_patch(Rectangle((left, top), MACHINE, CELL, facecolor=face, edgecolor=INK, linewidth=1))
    ax.text(left + MACHINE / 2, top + CELL / 2, name, ha="center", va="center")


# --- results of a sweep -----------------------------------------------------------------------------------------------

BOX_WIDE, BOX_HIGH, NAMES, ABOVE = 118, 46, 130, 46  # pixels


@picture
def show_sweep(results, rows, columns, names, limits=(0, 1)):
    """Draw the results of a sweep over two settings as a table, which fills as they come in.

    Parameters
    ----------
    results : {(row, column): float or Exception}
        Shares, drawn in percent. What is not there yet is left white, an exception is hatched.
    rows, columns : sequence
        The values of the two settings.
    names : (str, str)
        The names of the two settings.
    limits : (float, float)
        The shares with the darkest and the lightest colour.
    """
    wide, high = len(columns) * BOX_WIDE, len(rows) * BOX_HIGH
    figure = new_figure(NAMES + wide + GAP, ABOVE + high + GAP)
    ax = add_axes(figure, NAMES, ABOVE, wide, high)
    for row, column in np.ndindex(len(rows), len(columns)):
        _draw_box(ax, row, column, results.get((rows[row], columns[column])), limits)
    ax.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    ax.set(xticks=np.arange(len(columns)) + 0.5, xticklabels=[f"{each:g}" for each in columns])
    ax.set(yticks=np.arange(len(rows)) + 0.5, yticklabels=[f"{each:g}" for each in rows])
    ax.xaxis.set(ticks_position="top", label_position="top")
    label_axes(ax, "", names[1], names[0])
    ax.tick_params(length=0)
    return figure


def _draw_box(ax, row, column, result, limits):
    middle, style = (column + 0.5, row + 0.5), {"ha": "center", "va": "center"}
    face, ink, hatch, text = "white", INK, "", "…"
    if isinstance(result, Exception):
        face, hatch, text = PADDING, "////", type(result).__name__
        style |= {"fontsize": FONT - 1, "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1}}
    elif result is not None:
        height = np.clip((checks.number("a result", result) - limits[0]) / (limits[1] - limits[0]), 0, 1)
        face, ink, text = colormaps[MAGNITUDES](height), "white" if height < 0.5 else INK, f"{100 * result:.1f} %"
        style |= {"fontsize": FONT + 2}
    ax.add_patch(Rectangle((column, row), 1, 1, facecolor=face, edgecolor=INK, linewidth=0.8, hatch=hatch))
    ax.text(*middle, text, color=ink, **style)


# --- processes over time ----------------------------------------------------------------------------------------------


@picture
def show_processes(marks, ended=None, steps=(), unit="seconds"):
    """Draw what happens in each of several processes: a line for each, a dot for each mark, a cross where one ended.

    Parameters
    ----------
    marks : {str: array}
        For each name the times of its marks.
    ended : {str: float}, optional
        When a process ended.
    steps : sequence of float
        The times at which a step was complete: vertical lines.
    unit : str
    """
    ended = ended or {}
    figure = new_figure(WIDEST, 44 * len(marks) + 84)
    ax = add_axes(figure, 190, 24, 540, 44 * len(marks))
    for row, (name, times) in enumerate(marks.items()):
        times = checks.as_float(name, times)
        last = ended.get(name, times.max())
        ax.plot([times.min(), last], [row, row], color=INK, linewidth=1.2, zorder=2)
        ax.plot(times, np.full(len(times), row), "o", color="white", markeredgecolor=INK, markersize=9, zorder=3)
        if name in ended:
            ax.plot(last, row, "x", color=INK, markersize=15, markeredgewidth=3.5, zorder=4)
    for time in steps:
        ax.axvline(time, color=INK, linewidth=0.8, linestyle=":", zorder=1)
    ax.set(yticks=range(len(marks)), yticklabels=list(marks), ylim=(len(marks) - 0.5, -0.5))
    ax.set_xlim(left=0)
    label_axes(ax, "", unit)
    return figure
