"""What moves through memory: numbers in the order in which they lie there, blocks that overlap, and who worked when.

Cells       one a number; those that are chosen wear the input's hue and a thick outline, the others are grey, so that
            they can be told apart without colour.
Story       notebooks/09_how_fast_can_numpy_go.
"""

import numpy as np
from matplotlib.patches import Rectangle

from cnn_viz.figures import WIDEST, add_axes, new_figure
from cnn_viz.palette import HUE, INK, PADDING

CELL = 30  # pixels
FONT = 9  # points
MARGIN = 12  # pixels
TITLE = 26  # pixels: room for a line of text above or below
WORKERS = ("#FFFFFF", "#D9D9D9")  # examples or shards in turn, told apart in grey too


def show_orders(orders):
    """Draw the same numbers in several orders in memory, as strips, with the chosen ones marked.

    Parameters
    ----------
    orders : {str: (ndarray, ndarray)}
        For each title the numbers in their order in memory, shape (n,), and which of them are chosen, bool (n,).

    Returns
    -------
    matplotlib.figure.Figure
    """
    longest = max(len(values) for values, _ in orders.values())
    figure = new_figure(2 * MARGIN + longest * CELL, MARGIN + len(orders) * (TITLE + CELL + MARGIN))
    for row, (title, (values, chosen)) in enumerate(orders.items()):
        top = MARGIN + TITLE + row * (TITLE + CELL + MARGIN)
        ax = add_axes(figure, MARGIN, top, longest * CELL, CELL)
        ax.set(xlim=(0, longest), ylim=(1, 0))
        ax.axis("off")
        ax.set_title(title, fontsize=FONT + 1, loc="left", color=INK)
        for place, (value, marked) in enumerate(zip(values, chosen, strict=True)):
            draw_cell(ax, place, 0, value, marked)
    return figure


def draw_cell(ax, x, y, value, marked):
    """Draw one number in its cell, the upper left corner at (x, y) in cells, and return the ax."""
    face, width = (HUE["X"], 2.2) if marked else (PADDING, 0.6)
    ax.add_patch(
        Rectangle((x, y), 1, 1, facecolor=face, edgecolor=INK, linewidth=width, zorder=2 + marked, clip_on=False)
    )
    ax.text(x + 0.5, y + 0.5, f"{value:g}", ha="center", va="center", fontsize=FONT, color=INK, zorder=4)
    return ax


def show_blocks(values, labels, blocks):
    """Draw a matrix as it lies in memory, line by line, with brackets around blocks of its lines that may overlap.

    Parameters
    ----------
    values : ndarray, shape (lines, columns)
    labels : list of str
        What each line is, written at its left.
    blocks : {str: (int, int)}
        For each text the first line of a block and the one behind its last; every other block is bracketed further out.

    Returns
    -------
    matplotlib.figure.Figure
    """
    lines, columns = values.shape
    left = 250
    width = left + columns * CELL + 60 + 210
    figure = new_figure(width, 2 * MARGIN + lines * CELL)
    ax = add_axes(figure, 0, MARGIN, width, lines * CELL)
    ax.set(xlim=(-left / CELL, (width - left) / CELL), ylim=(lines, 0))
    ax.axis("off")
    for (line, column), value in np.ndenumerate(values):
        draw_cell(ax, column, line, value, all(first <= line < end for first, end in blocks.values()))
    for line, label in enumerate(labels):
        ax.text(-0.4, line + 0.5, label, ha="right", va="center", fontsize=FONT, color=INK)
    for order, (text, (first, end)) in enumerate(blocks.items()):
        _bracket(ax, columns + 0.4 + order, first + 0.1, end - 0.1, text, order)
    return figure


def _bracket(ax, x, top, bottom, text, order):
    style = ("-", "--")[order % 2]
    ax.plot([x, x + 0.3, x + 0.3, x], [top, top, bottom, bottom], color=INK, linewidth=1.6, linestyle=style)
    edge, side = (top, "top") if order % 2 == 0 else (bottom, "bottom")
    ax.text(x + 0.55, edge, text, ha="left", va=side, fontsize=FONT, color=INK, bbox={"facecolor": "white", "lw": 0})


def show_timeline(spans):
    """Draw who worked when: a line for every worker, a box for every shard.

    Parameters
    ----------
    spans : list of (int, float, float, str)
        (worker, first second, last second, text) of every box.

    Returns
    -------
    matplotlib.figure.Figure
    """
    workers = 1 + max(worker for worker, *_ in spans)
    figure = new_figure(WIDEST, 2 * MARGIN + TITLE + workers * 44 + 22)
    ax = add_axes(figure, 90, MARGIN, 650, workers * 44)
    for box, (worker, first, last, text) in enumerate(sorted(spans)):
        ax.barh(worker, (last - first) * 1e3, left=first * 1e3, height=0.7, color=WORKERS[box % 2], edgecolor=INK)
        ax.text((first + last) / 2 * 1e3, worker, text, ha="center", va="center", fontsize=FONT, color=INK)
    ax.set(yticks=range(workers), yticklabels=[f"worker {worker}" for worker in range(workers)], xlabel="milliseconds")
    ax.tick_params(labelsize=FONT)
    ax.set_xlim(left=0)
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    return figure
