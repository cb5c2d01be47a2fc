"""Parts of a drawn array, looked up by cell: numbers, colours, hatching, outlines, rings, labels and titles.

A cell of a canvas has its upper left corner at (column, row); positions are counted from (2, 3), where `on_canvas`
draws the array.
"""

import pytest
from matplotlib.patches import Circle

from cnn_viz.arrays.panel import Panel
from cnn_viz.base.layout import new_canvas


def on_canvas(panel):
    """Return a large empty canvas on which a panel was drawn with its upper left cell at (2, 3)."""
    ax = new_canvas(14, 14)
    panel.draw(ax, 2, 3)
    return ax


def drawn(array, *arguments, **marks):
    """Return a large empty canvas with an array on it."""
    return on_canvas(Panel(array, *arguments, **marks))


def numbers(ax):
    """Return {(row, column): text} of the texts in the middle column of a cell."""
    inside = [text for text in ax.texts if text.get_position()[0] % 1 == pytest.approx(0.5)]
    placed = {(int(text.get_position()[1] // 1), int(text.get_position()[0])): text.get_text() for text in inside}
    return {(row - 2, column - 3): text for (row, column), text in placed.items() if row >= 2}


def rectangles(ax):
    """Return [(row, column, rows, columns, patch)] of every rectangle."""
    found = [patch for patch in ax.patches if not isinstance(patch, Circle)]
    return [(p.get_y() - 2, p.get_x() - 3, p.get_height(), p.get_width(), p) for p in found]


def colours(ax):
    """Return {(row, column): colour} of the cells."""
    cells = [each for each in rectangles(ax) if each[2:4] == (1, 1) and each[4].get_fill() and not each[4].get_hatch()]
    return {(round(row), round(column)): patch.get_facecolor() for row, column, *_, patch in cells}


def hatched(ax):
    """Return the set of (row, column) that are hatched."""
    return {(round(row), round(column)) for row, column, *_, patch in rectangles(ax) if patch.get_hatch()}


def frames(ax, least=0):
    """Return {(row, column, rows, columns): (line, width)} of the outlines of at least that width."""
    empty = [each for each in rectangles(ax) if not each[4].get_fill() and not each[4].get_hatch()]
    lines = {tuple(map(round, each[:4])): (each[4].get_linestyle(), each[4].get_linewidth()) for each in empty}
    return {block: line for block, line in lines.items() if line[1] >= least}


def rings(ax):
    """Return the set of (row, column) with a ring."""
    centres = [patch.get_center() for patch in ax.patches if isinstance(patch, Circle)]
    return {(int(y // 1) - 2, int(x // 1) - 3) for x, y in centres}


def labels(ax):
    """Return {(row, column): text} of the small labels, which stand off the middle of their cells."""
    small = [text for text in ax.texts if text.get_va() == "center_baseline"]
    return {(int(t.get_position()[1]) - 2, int(t.get_position()[0]) - 3): t.get_text() for t in small}


def titles(ax):
    """Return the names above the arrays."""
    return [text.get_text() for text in ax.texts if text.get_va() == "baseline"]


def block_at(ax, row, column, patches):
    """Return the rectangle of `patches` whose corner is there."""
    return [patch for patch in patches if (patch.get_y(), patch.get_x()) == pytest.approx((row, column))]


def heavy(ax):
    """Return the rectangles with a heavy outline."""
    return [patch for patch in ax.patches if not patch.get_fill() and patch.get_linewidth() > 2.5]


def text_at(ax, row, column):
    """Return the number in the cell whose corner is there."""
    near = [t.get_text() for t in ax.texts if t.get_position() == pytest.approx((column + 0.5, row + 0.5))]
    return near[0]
