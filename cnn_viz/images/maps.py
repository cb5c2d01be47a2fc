"""Pictures of maps: an image on its way through a network, and the filters of a first layer, each above its map.

Shapes      an image (H, W); F (K, 1, kH, kW); maps (K, h, w), never negative; scores (classes,).
Values      images in grey; maps from dark to bright; filters in PuOr with one scale for all, a dash where a weight is
            negative.
Chapters    00, 08.
"""

import math

import numpy as np
from matplotlib import colormaps

from cnn_core import checks
from cnn_viz.base.figures import add_axes, new_figure
from cnn_viz.base.grid import tile_grid
from cnn_viz.base.palette import HUE, IMAGES, INK, MAGNITUDES, SIGNED
from cnn_viz.base.style import picture

SCALE, GAP = 3.5, 2  # pixels of the page for a pixel of an array; pixels of an array between two maps
TITLE = 24  # pixels above each array
APART = 26  # pixels from one array to the next
BARS, BAR = 150, 18  # pixels: the width of the bars with their numbers; the height of one with its gap
MARGIN = 10  # pixels


@picture
def show_forward_pass(image, maps, scores, name="X", columns=2):
    """Draw an image, its feature maps in several layers, and a bar for each class, side by side.

    A pixel has one size in the whole picture, so the arrays shrink as their shapes do.

    Parameters
    ----------
    image : array, shape (H, W)
        Values 0..1.
    maps : {str: array, shape (K, h, w)}
        Titles and maps; never negative.
    scores : array, shape (classes,)
        Shares of 1. The largest has a thick outline.
    name : str
        Written above the image.
    columns : int
        The most maps of one layer in a row.
    """
    columns = checks.integer("columns", columns)
    image, scores = checks.floats(image=(image, "(H, W)"), scores=(scores, "(classes,)"))
    panels = {f"{name} {image.shape}": (image, IMAGES, 1.0)}
    for title, stack in maps.items():
        stack = checks.floats(maps=(stack, "(K, h, w)"))[0]
        panels[title] = (tile_grid(stack, columns, GAP).array, MAGNITUDES, float(stack.max()) or 1.0)
    widths = [SCALE * array.shape[1] for array, _, _ in panels.values()]
    tallest = max([SCALE * array.shape[0] for array, _, _ in panels.values()] + [BAR * len(scores)])
    width = sum(widths) + APART * len(widths) + BARS + 2 * MARGIN
    figure = new_figure(math.ceil(width), math.ceil(tallest + TITLE + 2 * MARGIN))
    left = MARGIN
    for (title, panel), wide in zip(panels.items(), widths, strict=True):
        draw_panel(figure, left, tallest, title, *panel)
        left += wide + APART
    draw_scores(figure, left, tallest, scores)
    return figure


def draw_panel(figure, left, tallest, title, array, cmap, largest):
    """Draw an array in the middle of the height, its title above it."""
    height, width = (SCALE * side for side in array.shape)
    ax = add_axes(figure, left, MARGIN + TITLE + (tallest - height) / 2, width, height)
    ax.imshow(array, cmap=cmap, vmin=0, vmax=largest, aspect="auto")
    _finish(ax, title)


def draw_scores(figure, left, tallest, scores):
    """Draw a bar for each class in the middle of the height."""
    height = BAR * len(scores)
    ax = add_axes(figure, left + 14, MARGIN + TITLE + (tallest - height) / 2, BARS - 50, height)
    widths = [2.4 if number == scores.argmax() else 0.6 for number in range(len(scores))]
    ax.barh(range(len(scores)), scores, height=0.72, color=HUE["O"], edgecolor=INK, linewidth=widths)
    for number, score in enumerate(scores):
        style = {"va": "center", "weight": "bold" if number == scores.argmax() else "normal"}
        ax.text(-0.06, number, number, ha="right", **style)
        ax.text(score + 0.05, number, f"{score:.0%}", ha="left", **style)
    ax.set(xlim=(0, 1), ylim=(len(scores) - 0.5, -0.5))
    _finish(ax, "probability")


def _finish(ax, title):
    ax.set_title(title, fontsize="medium", pad=5)
    ax.set_axis_off()


# --- a first layer ----------------------------------------------------------------------------------------------------

WEIGHT, PIXEL = 13, 2  # pixels of the page: a weight; a cell of a map
GAPS = (18, 22)  # pixels between two rows, and between two columns
BETWEEN = 6  # pixels from a filter to its map
LEFT, TOP = 12, 34  # pixels
LARGE = 12  # points: a grid of several such pictures shrinks them


@picture
def show_first_layer(F, maps, title="", columns=8):
    """Draw filters of one channel, each above its map.

    All tiles are pixels of one image, which is fast enough to be drawn again and again while a network trains.

    Parameters
    ----------
    F : array, shape (K, 1, kH, kW)
    maps : array, shape (K, h, w)
        0 or more.
    title : str
    columns : int
        The most filters in a row.
    """
    F, maps, columns = _checked(F, maps, columns)
    tiles, inset = _filters_above_maps(F, maps)
    grid = tile_grid(tiles, columns, GAPS, fill=1.0)  # white
    height, width, _ = grid.array.shape
    figure = new_figure(width + 2 * LEFT, height + TOP + LEFT)
    ax = add_axes(figure, LEFT, TOP, width, height)
    ax.imshow(grid.array, extent=(0, width, height, 0))
    _mark_negatives(ax, F, *np.add(grid.corners, (0, inset)).T)
    ax.set_axis_off()
    ax.set_title(title, fontsize=LARGE, pad=8)
    return figure


def _checked(F, maps, columns):
    F, maps = checks.floats(F=(F, "(K, 1, kH, kW)"), maps=(maps, "(K, h, w)"))
    for name, array in (("F", F), ("maps", maps)):
        checks.not_empty(name, array)
        checks.finite(name, array)
    if F.shape[1] != 1 or len(F) != len(maps):
        raise checks.BadValue(f"F {F.shape} must be (K, 1, kH, kW), with a map for each; maps {maps.shape}.")
    if maps.min() < 0:
        raise checks.BadValue(f"maps must be 0 or more, as ReLU makes them; the least is {maps.min():.3g}.")
    return F[:, 0], maps, min(checks.integer("columns", columns), len(F))


def _filters_above_maps(F, maps):
    """Return a tile (height, width, 4) of colours for each filter and its map, and where in it the filter begins."""
    filters = _enlarged(_coloured(F, SIGNED, -np.abs(F).max() or -1), WEIGHT)
    maps = _enlarged(_coloured(maps, MAGNITUDES, 0), PIXEL)
    tall, wide = filters.shape[1] + BETWEEN + maps.shape[1], max(filters.shape[2], maps.shape[2])
    tiles = np.ones((len(F), tall, wide, 4))
    inset = (wide - filters.shape[2]) // 2
    tiles[:, : filters.shape[1], inset : inset + filters.shape[2]] = filters
    tiles[:, -maps.shape[1] :, : maps.shape[2]] = maps
    return tiles, inset


def _coloured(tiles, cmap, lowest):
    """Return tiles (K, h, w) as colours (K, h, w, 4), from lowest to the largest magnitude."""
    largest = np.abs(tiles).max() or 1
    return colormaps[cmap]((tiles - lowest) / (largest - lowest))


def _enlarged(tiles, side):
    return tiles.repeat(side, axis=1).repeat(side, axis=2)


def _mark_negatives(ax, F, tops, lefts):
    k, rows, columns = np.nonzero(F < 0)
    dark = F[k, rows, columns] < -0.65 * np.abs(F).max()
    x, y = lefts[k] + (columns + 0.5) * WEIGHT, tops[k] + (rows + 0.5) * WEIGHT
    ax.scatter(x, y, s=18, marker="_", linewidths=1, color=np.where(dark, "white", INK))
