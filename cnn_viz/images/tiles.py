"""Tiles on a figure: a grid of small images drawn to a whole number of screen pixels each, with texts, outlines, signs.

Sizes       scale, margins and texts are in pixels of the page; a grid (base/grid.py) is in cells.
Signs       a dash stands on every negative cell, so that a sign needs no colour; hatching where cells are too small.
"""

import math

import numpy as np
from matplotlib.patches import Rectangle

from cnn_viz.base.axes import draw_dashes
from cnn_viz.base.figures import add_axes, add_text, new_figure
from cnn_viz.base.palette import INK
from cnn_viz.base.style import FONT

LINE, LETTER = 16, 7.5  # pixels: the height of a line of text, and the space that is kept for a character
BAR = 80  # pixels: the width of the colour bar with its numbers
SMALLEST_DASH = 5  # pixels: on smaller cells a dash would be a blot


def draw_tiles(grid, scale, cmap, limits, margins=(0, 0, 0, 0)):
    """Draw a grid of tiles on a new figure.

    Parameters
    ----------
    grid : TileGrid
    scale : float
        Pixels of the page for each cell.
    cmap : str
    limits : (float, float)
        The values at the two ends of the colour map.
    margins : (float, float, float, float)
        Pixels to the left, above, to the right and below.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes
    """
    left, top, right, bottom = margins
    height, width = (side * scale for side in grid.array.shape)
    figure = new_figure(math.ceil(left + width + right), math.ceil(top + height + bottom))
    ax = add_axes(figure, left, top, width, height)
    ax.imshow(grid.array, cmap=cmap, vmin=limits[0], vmax=limits[1], aspect="auto")
    ax.set_axis_off()
    return figure, ax


def space_for(texts):
    """Return the width and height in pixels that suffice for each of the texts; (0, 0) if all are empty.

    The width depends on the number of characters alone, so that titles of one length give pictures of one size.
    """
    lines = [text.split("\n") for text in texts if text]
    widest = max((len(line) for each in lines for line in each), default=0)
    return widest * LETTER, max(map(len, lines), default=0) * LINE


def write_above(ax, grid, texts):
    """Write a text above each tile, from the first one on."""
    for (top, left), text in zip(grid.corners, texts, strict=False):
        middle = (left + (grid.tile[1] - 1) / 2, top - 0.5)
        ax.annotate(text, middle, (0, 3), textcoords="offset points", ha="center", va="bottom")


def label_table(ax, grid, columns, kinds):
    """Number the rows and columns of a grid, and name them: kinds is, say, ('image', 'map')."""
    write_above(ax, grid, map(str, range(columns)))
    for row, (top, left) in enumerate(grid.corners[::columns]):
        middle = (left - 0.5, top + (grid.tile[0] - 1) / 2)
        ax.annotate(row, middle, (-4, 0), textcoords="offset points", ha="right", va="center")
    corner = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    ax.annotate(kinds[0], (0, 1), (-4, 4), ha="right", **corner)
    ax.annotate(kinds[1], (0, 1), (0, 17), ha="left", **corner)


def write_title(figure, title):
    """Write a title into the upper left corner of a figure: the name and shape of an array."""
    add_text(figure, 12, 6, title, va="top", fontsize=FONT + 1)


def outline(ax, grid, colour, line="-"):
    """Draw a line around each tile; line is '--' for a gradient."""
    h, w = grid.tile
    for top, left in grid.corners:
        frame = {"edgecolor": colour, "linestyle": line, "linewidth": 1.2, "clip_on": False}
        ax.add_patch(Rectangle((left - 0.5, top - 0.5), w, h, fill=False, **frame))


def mark_negatives(ax, array, scale, limit):
    """Mark negative cells without colour: a dash on each; on cells too small for it, hatching.

    The hatching leaves out values nearer to zero than a tenth of the limit, which would cover whole images.
    """
    if scale < SMALLEST_DASH:
        return _hatch(ax, np.where(array < -0.1 * limit, 1.0, 0.0))
    for dark, colour in ((False, INK), (True, "white")):
        rows, columns = np.nonzero((array < 0) & ((array < -0.65 * limit) == dark))
        draw_dashes(ax, columns, rows, scale, colour)


def _hatch(ax, marked):
    if marked.any():
        ax.contourf(marked, levels=[0.5, 1.5], colors="none", hatches=["----"])
