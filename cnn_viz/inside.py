"""Inside: the filters of a first layer, and under each the map of what it finds in one image.

Shapes      F (K, 1, kH, kW); maps (K, h, w), nowhere below zero: filter k stands above map k.
Values      filters in PuOr with one scale for all, a dash where a weight is negative; maps from dark to bright.
Live        all tiles are pixels of one sheet: it is drawn again and again while a network trains.
Story       notebooks/08_model; progress.watch shows it under the curves.
"""

import numpy as np
from matplotlib import colormaps

from cnn_core import checks
from cnn_viz.figures import add_axes, new_figure
from cnn_viz.palette import INK, MAGNITUDES, SIGNED

CELL, PIXEL = 13, 2  # pixels of the page: a weight; a cell of a map
GAP, ROW_GAP = 22, 18  # pixels between two columns, and between two rows
BETWEEN = 6  # pixels from a filter to its map
LEFT, TOP = 12, 34  # pixels
FONT = 12  # points: a strip of several such pictures shrinks them


def show_inside(F, maps, title="", columns=8):
    """Draw filters of one channel, each above its map.

    Parameters
    ----------
    F : array, shape (K, 1, kH, kW)
    maps : array, shape (K, h, w)
        0 or more.
    title : str
    columns : int
        How many filters a row holds at most.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is not one map for each filter, if F has several channels, or if a map is negative somewhere.
    """
    F, maps, columns = _checked(F, maps, columns)
    wide, tall = max(F.shape[2] * CELL, maps.shape[2] * PIXEL), F.shape[1] * CELL + BETWEEN + maps.shape[1] * PIXEL
    rows = -(-len(F) // columns)
    sheet = np.ones((rows * (tall + ROW_GAP) - ROW_GAP, columns * (wide + GAP) - GAP, 4))  # white
    tops, lefts = np.divmod(np.arange(len(F)), columns) * np.array([[tall + ROW_GAP], [wide + GAP]])
    inset = (wide - F.shape[2] * CELL) // 2
    _paste(sheet, _coloured(F, SIGNED, -np.abs(F).max() or -1), CELL, tops, lefts + inset)
    _paste(sheet, _coloured(maps, MAGNITUDES, 0), PIXEL, tops + F.shape[1] * CELL + BETWEEN, lefts)
    height, width, _ = sheet.shape
    figure = new_figure(width + 2 * LEFT, height + TOP + LEFT)
    ax = add_axes(figure, LEFT, TOP, width, height)
    ax.imshow(sheet, interpolation="nearest", extent=(0, width, height, 0))
    _mark_negatives(ax, F, tops, lefts + inset)
    ax.set_axis_off()
    ax.set_title(title, fontsize=FONT, loc="left", color=INK, pad=8)
    return figure


def _checked(F, maps, columns):
    F, maps = checks.floats("show_inside", F=(F, "(K, 1, kH, kW)"), maps=(maps, "(K, h, w)"))
    for name, array in (("F", F), ("maps", maps)):
        checks.not_empty("show_inside", name, array)
        checks.finite("show_inside", name, array)
    if F.shape[1] != 1 or len(F) != len(maps):
        raise ValueError(f"show_inside: F {F.shape} must be (K, 1, kH, kW), with a map for each; maps {maps.shape}.")
    if maps.min() < 0:
        raise ValueError(f"show_inside: maps must be 0 or more, as ReLU makes them; the least is {maps.min():.3g}.")
    return F[:, 0], maps, min(checks.integer("show_inside", "columns", columns), len(F))


def _coloured(tiles, cmap, lowest):
    """Return tiles (K, h, w) as colours (K, h, w, 4), from lowest to the largest magnitude that there is."""
    largest = np.abs(tiles).max() or 1
    return colormaps[cmap]((tiles - lowest) / (largest - lowest))


def _paste(sheet, tiles, side, tops, lefts):
    """Write tiles into the sheet, `side` pixels to a cell."""
    for tile, top, left in zip(tiles.repeat(side, axis=1).repeat(side, axis=2), tops, lefts, strict=True):
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile


def _mark_negatives(ax, F, tops, lefts):
    k, rows, columns = np.nonzero(F < 0)
    dark = F[k, rows, columns] < -0.65 * np.abs(F).max()
    x, y = lefts[k] + (columns + 0.5) * CELL, tops[k] + (rows + 0.5) * CELL
    ax.scatter(x, y, s=18, marker="_", linewidths=1, color=np.where(dark, "white", INK))
