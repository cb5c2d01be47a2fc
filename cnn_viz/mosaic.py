"""A mosaic: many small images of one shape laid out as one array, and drawn to a whole number of screen pixels each.

Shapes      tiles (N, h, w); the mosaic (rows of tiles, columns of tiles) of them, with gaps of nan in between.
Sizes       gap and above are in cells of the array, like the tiles; scale, margins and text are in pixels of the page.
Signs       a dash stands on every negative cell, so that a sign needs no colour; where cells are too small, hatching.
Used by     images.py, which knows what the tiles mean.
"""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from cnn_viz.figures import DPI, add_axes, new_figure, size_of
from cnn_viz.palette import INK

FONT = 9  # points
LINE = 16  # pixels: the height of a line of FONT
LETTER = 7.5  # pixels: the width of a character of FONT
BAR = 80  # pixels: the width of the colour bar with its numbers
SMALLEST_DASH = 5  # pixels: on smaller cells a dash would be a blot


@dataclass(frozen=True)
class Mosaic:
    """Tiles laid out as one array.

    Attributes
    ----------
    array : ndarray, shape (height, width)
        The tiles, with nan between them.
    corners : ndarray, shape (N, 2)
        Row and column of the upper left cell of each tile.
    tile : (int, int)
        Height and width of a tile.
    """

    array: np.ndarray
    corners: np.ndarray
    tile: tuple


def mosaic_of(tiles, columns, gap=1, above=0):
    """Return tiles laid out row by row.

    Parameters
    ----------
    tiles : ndarray, shape (N, h, w)
    columns : int
        Tiles in a row.
    gap : int
        Empty cells between two tiles.
    above : int
        Empty cells above every row of tiles, for a text.

    Returns
    -------
    Mosaic
    """
    N, h, w = tiles.shape
    rows = -(-N // columns)
    array = np.full((rows * (h + gap + above) - gap, columns * (w + gap) - gap), np.nan)
    places = np.stack(np.divmod(np.arange(N), columns), axis=1)
    corners = places * (h + gap + above, w + gap) + (above, 0)
    for tile, (top, left) in zip(tiles, corners, strict=True):
        array[top : top + h, left : left + w] = tile
    return Mosaic(array, corners, (h, w))


def draw_mosaic(mosaic, scale, cmap, limits, margins=(0, 0, 0, 0)):
    """Draw a mosaic on a new figure.

    Parameters
    ----------
    mosaic : Mosaic
    scale : float
        Pixels of the page for each cell.
    cmap : str
    limits : (float, float)
        The values at the two ends of the colours.
    margins : (float, float, float, float)
        Pixels to the left, above, to the right and below.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes
    """
    left, top, right, bottom = margins
    height, width = (side * scale for side in mosaic.array.shape)
    figure = new_figure(math.ceil(left + width + right), math.ceil(top + height + bottom))
    ax = add_axes(figure, left, top, width, height)
    ax.imshow(mosaic.array, cmap=cmap, vmin=limits[0], vmax=limits[1], interpolation="nearest", aspect="auto")
    ax.set_axis_off()
    return figure, ax


def text_size(texts):
    """Return the width and height in pixels that suffice for each of the texts; (0, 0) if all are empty."""
    lines = [text.split("\n") for text in texts if text]
    widest = max((len(line) for each in lines for line in each), default=0)
    return widest * LETTER, max(map(len, lines), default=0) * LINE


def write_above(ax, mosaic, texts):
    """Write a text above each tile, from the first one on."""
    above = {"textcoords": "offset points", "ha": "center", "va": "bottom", "fontsize": FONT, "color": INK}
    for (top, left), text in zip(mosaic.corners, texts, strict=False):
        ax.annotate(text, (left + (mosaic.tile[1] - 1) / 2, top - 0.5), (0, 3), **above)


def label_table(ax, mosaic, columns, kinds):
    """Number the rows and columns of a mosaic, and write what they are: kinds is, say, ('filter', 'channel')."""
    write_above(ax, mosaic, map(str, range(columns)))
    left_of = {"textcoords": "offset points", "fontsize": FONT, "color": INK}
    for row, (top, left) in enumerate(mosaic.corners[::columns]):
        middle = (left - 0.5, top + (mosaic.tile[0] - 1) / 2)
        ax.annotate(row, middle, (-4, 0), ha="right", va="center", **left_of)
    ax.annotate(kinds[0], (0, 1), (-4, 4), xycoords="axes fraction", ha="right", va="bottom", **left_of)
    ax.annotate(kinds[1], (0, 1), (0, 17), xycoords="axes fraction", ha="left", va="bottom", **left_of)


def write_title(figure, title):
    """Write a title into the upper left corner of a figure: an array's name and shape."""
    figure.text(12 / size_of(figure)[0], 1 - 6 / size_of(figure)[1], title, va="top", fontsize=FONT + 1, color=INK)


def outline(ax, mosaic, colour, line="-"):
    """Draw a line around each tile; line is '--' for a gradient."""
    h, w = mosaic.tile
    for top, left in mosaic.corners:
        frame = {"edgecolor": colour, "linestyle": line, "linewidth": 1.2, "clip_on": False}
        ax.add_patch(Rectangle((left - 0.5, top - 0.5), w, h, fill=False, **frame))


def mark_negatives(ax, mosaic, scale, limit):
    """Mark what is negative without colour: a dash on each such cell; on cells too small for it, hatching.

    The hatching leaves out what is nearer to zero than a tenth of the limit, which would cover whole images.
    """
    if scale < SMALLEST_DASH:
        return _hatch(ax, np.where(mosaic.array < -0.1 * limit, 1.0, 0.0))
    for dark, colour in ((False, INK), (True, "white")):
        rows, columns = np.nonzero((mosaic.array < 0) & ((mosaic.array < -0.65 * limit) == dark))
        _dashes(ax, columns, rows, scale, colour)


def _hatch(ax, marked):
    if marked.any():
        ax.contourf(marked, levels=[0.5, 1.5], colors="none", hatches=["----"])


def _dashes(ax, x, y, length, colours):
    size = (0.5 * length * 72 / DPI) ** 2
    ax.scatter(x, y, s=size, marker="_", linewidths=1, color=colours)


def add_colour_bar(figure, cmap, limits, left, top):
    """Add a colour bar to a figure, with dashes on its negative half, and return its axes."""
    bar = add_axes(figure, left, top, 14, min(160, size_of(figure)[1] - top - 14))
    form = signed_text if limits[0] < 0 else "{x:.2g}"
    figure.colorbar(ScalarMappable(Normalize(*limits), cmap), cax=bar, ticks=sorted({*limits, 0.0}), format=form)
    bar.tick_params(labelsize=FONT, length=3)
    if limits[0] < 0:
        _dashes(bar, [0.5] * 3, [0.85 * limits[0], 0.5 * limits[0], 0.15 * limits[0]], 12, ["white", INK, INK])
    return bar


def signed_text(value, _=None):
    """Return a number as text with its sign, in two digits: '+0.25', '0', '−1.3'."""
    return f"{value:+.2g}".replace("-", "−") if value else "0"
