"""Pictures of memory and of threads: the order of numbers in memory, blocks that overlap, tasks of workers over time.

Cells       one a number; chosen ones have the hue of their array and a thick outline, the others are grey, so that
            they differ without colour.
Chapters    09, 13.
"""

import numpy as np
from matplotlib.patches import Rectangle

from cnn_core import checks
from cnn_viz.base.figures import WIDEST, add_axes, new_figure
from cnn_viz.base.palette import HUE, INK, PADDING
from cnn_viz.base.style import FONT, picture

CELL = 30  # pixels
MARGIN = 12  # pixels
TITLE = 26  # pixels: space for a line of text above or below
UNITS = {"milliseconds": 1000, "seconds": 1}  # in a second
TASKS = ("#FFFFFF", "#D9D9D9")  # neighbouring tasks, distinguished in grey too


@picture
def show_orders(orders):
    """Draw the same numbers in several orders in memory, as strips, with the chosen ones marked.

    Parameters
    ----------
    orders : {str: (ndarray, ndarray)}
        For each title the numbers in their order in memory, shape (n,), and a mask of the chosen ones, bool (n,).
    """
    longest = max(len(values) for values, _ in orders.values())
    figure = new_figure(2 * MARGIN + longest * CELL, MARGIN + len(orders) * (TITLE + CELL + MARGIN))
    for row, (title, (values, chosen)) in enumerate(orders.items()):
        top = MARGIN + TITLE + row * (TITLE + CELL + MARGIN)
        ax = add_axes(figure, MARGIN, top, longest * CELL, CELL)
        ax.set(xlim=(0, longest), ylim=(1, 0))
        ax.axis("off")
        ax.set_title(title)
        values = checks.real_array(title, values)
        for column, (value, marked) in enumerate(zip(values, chosen, strict=True)):
            _draw_cell(ax, column, 0, value, marked)
    return figure


def _draw_cell(ax, x, y, value, marked, role="X"):
    """Draw one number in its cell, the upper left corner at (x, y) in cells."""
    face, width = (HUE[role], 2.2) if marked else (PADDING, 0.6)
    ax.add_patch(
        Rectangle((x, y), 1, 1, facecolor=face, edgecolor=INK, linewidth=width, zorder=2 + marked, clip_on=False)
    )
    ax.text(x + 0.5, y + 0.5, f"{value:g}", ha="center", va="center", zorder=4)


@picture
def show_blocks(values, labels, blocks, role="X"):
    """Draw a matrix in memory order, line by line, with brackets around blocks of its lines that may overlap.

    Parameters
    ----------
    values : ndarray, shape (lines, columns)
    labels : list of str
        A text for each line, written at its left.
    blocks : {str: (int, int)}
        For each text the first line of a block and the one after its last; every other block is bracketed further out.
    role : 'X', 'F', 'O' or 'B'
        The array that the lines belong to; decides the hue of the marked ones.
    """
    values = checks.real_array("values", values)
    checks.dimensions("values", values, "(lines, columns)")
    checks.choice("role", role, tuple(HUE))
    lines, columns = values.shape
    left = 250
    width = left + columns * CELL + 60 + 210
    figure = new_figure(width, 2 * MARGIN + lines * CELL)
    ax = add_axes(figure, 0, MARGIN, width, lines * CELL)
    ax.set(xlim=(-left / CELL, (width - left) / CELL), ylim=(lines, 0))
    ax.axis("off")
    for (line, column), value in np.ndenumerate(values):
        _draw_cell(ax, column, line, value, all(first <= line < end for first, end in blocks.values()), role)
    for line, label in enumerate(labels):
        ax.text(-0.4, line + 0.5, label, ha="right", va="center")
    for order, (text, (first, end)) in enumerate(blocks.items()):
        _bracket(ax, columns + 0.4 + order, first + 0.1, end - 0.1, text, order)
    return figure


def _bracket(ax, x, top, bottom, text, order):
    style = ("-", "--")[order % 2]
    ax.plot([x, x + 0.3, x + 0.3, x], [top, top, bottom, bottom], color=INK, linewidth=1.6, linestyle=style)
    edge, side = (top, "top") if order % 2 == 0 else (bottom, "bottom")
    ax.text(x + 0.55, edge, text, ha="left", va=side, bbox={"facecolor": "white", "lw": 0})


@picture
def show_timeline(spans, names=None, unit="milliseconds"):
    """Draw the tasks of workers over time: a line for every worker, a box for every task.

    Parameters
    ----------
    spans : list of (int, float, float, str)
        (worker, first second, last second, text) of every task.
    names : sequence of str, optional
        Of the lines; "worker 0" and so on if not given.
    unit : 'milliseconds' or 'seconds'
        Of the axis.
    """
    checks.choice("unit", unit, UNITS)
    checks.as_float("spans", [[first, last] for _, first, last, _ in spans])
    workers = 1 + max(worker for worker, *_ in spans)
    names = names or [f"worker {worker}" for worker in range(workers)]
    figure = new_figure(WIDEST, 2 * MARGIN + TITLE + workers * 44 + 22)
    ax = add_axes(figure, 190, MARGIN, 550, workers * 44)
    for box, (worker, first, last, text) in enumerate(sorted(spans)):
        first, last = first * UNITS[unit], last * UNITS[unit]
        ax.barh(worker, last - first, left=first, height=0.7, color=TASKS[box % 2], edgecolor=INK)
        ax.text((first + last) / 2, worker, text, ha="center", va="center")
    ax.set(yticks=range(workers), yticklabels=names)
    ax.set_xlabel(unit, fontsize=FONT + 1)
    ax.set_xlim(left=0)
    ax.invert_yaxis()
    return figure
