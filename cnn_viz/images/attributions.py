"""Pictures of what an answer depends on: an image, and maps that give each of its pixels a number, side by side.

Shapes      an image (H, W); maps (H, W); feature maps (K, h, w); scores (classes,).
Values      the image in grey; maps in PuOr with limits ±max|v|, negative cells hatched; the outline of what is in the
            image lies over each map. Magnitudes in cividis, without the outline.
Chapter     10.
"""

import math

import numpy as np

from cnn_core import checks
from cnn_viz.base.axes import draw_box
from cnn_viz.base.figures import WIDEST, add_axes, add_text, new_figure
from cnn_viz.base.grid import tile_grid
from cnn_viz.base.palette import IMAGES, INK, MAGNITUDES, SIGNED
from cnn_viz.base.style import FONT, picture
from cnn_viz.base.text import signed_text
from cnn_viz.images import maps as forward
from cnn_viz.images.tiles import mark_negatives, outline

GAP, TITLE, MARGIN = 20, 24, 2  # pixels: between two panels; above each, for its title; around all
LARGEST, WIDE_ENOUGH = 236, 160  # pixels: the side of a panel; one from which on its title is larger


@picture
def show_attributions(image, maps, name="X", columns=4, limit=None, magnitudes=False):
    """Draw an image and, beside it, maps with a signed number for each of its pixels.

    Parameters
    ----------
    image : array, shape (H, W)
        Values 0..1.
    maps : {str: array, shape (H, W)}
        By the text above each.
    name : str
        Written above the image.
    columns : int
        The most panels in a row; a panel is as wide as so many of them allow.
    limit : float, optional
        The value at both ends of the colours in all maps; the largest magnitude of each map if not given.
    magnitudes : bool
        Whether to draw the magnitudes of the maps, from dark to bright, without their signs and without the outline.
    """
    image, maps = _checked(image, maps)
    draw = _draw_magnitudes if magnitudes else _draw_map
    columns = checks.integer("columns", columns)
    wide = min(LARGEST, (WIDEST - 2 * MARGIN - (columns - 1) * GAP) // columns)
    columns = min(columns, len(maps) + 1)
    tall = wide * image.shape[0] // image.shape[1]
    rows = math.ceil((len(maps) + 1) / columns)
    width, height = columns * (wide + GAP) - GAP, rows * (tall + TITLE + GAP) - GAP
    figure = new_figure(width + 2 * MARGIN, height + 2 * MARGIN)
    for number, (title, values) in enumerate([(name, None), *maps.items()]):
        row, column = divmod(number, columns)
        box = MARGIN + column * (wide + GAP), MARGIN + TITLE + row * (tall + TITLE + GAP), wide, tall
        _draw_panel(figure, box, title, image, values, limit, draw)
    return figure


def _checked(image, maps):
    """Return an image (H, W) and its maps, all of one shape."""
    image = checks.floats(image=(image, "(H, W)"))[0]
    checks.require(maps, "maps is empty; at least one is needed.")
    arrays = {title: checks.floats(maps=(values, "(H, W)"))[0] for title, values in maps.items()}
    for title, values in arrays.items():
        checks.finite(title, values)
        checks.same_shape(title, values, image.shape, "(the shape of the image)")
    return image, arrays


def _draw_panel(figure, box, title, image, values=None, limit=None, draw=None):
    """Draw the image, or a map of values over its outline, in a box (left, top, width, height) with a title above."""
    left, top, wide, _ = box
    ax = add_axes(figure, *box)
    if values is None:
        ax.imshow(image, cmap=IMAGES, vmin=0, vmax=1)
    else:
        (draw or _draw_map)(ax, values, image, limit or float(np.abs(values).max()) or 1.0, wide)
    size = FONT + 2 if wide >= WIDE_ENOUGH else FONT
    add_text(figure, left + wide / 2, top - TITLE / 2, title, ha="center", fontsize=size)
    ax.set(xticks=[], yticks=[])
    draw_box(ax)


def _draw_map(ax, values, image, limit, wide):
    """Draw a map, its negative cells hatched, with the outline of the image and the limits of the colours."""
    ax.imshow(values, cmap=SIGNED, vmin=-limit, vmax=limit)
    mark_negatives(ax, values, min(wide / values.shape[1], 4), limit)
    if image.min() < 0.5 < image.max():
        ax.contour(image, levels=[0.5], colors=INK, linewidths=1.4)
    _write_limit(ax, f"±{signed_text(limit)[1:]}")


def _draw_magnitudes(ax, values, image, limit, wide):
    """Draw the magnitudes of a map from dark to bright."""
    ax.imshow(np.abs(values), cmap=MAGNITUDES, vmin=0, vmax=limit)
    _write_limit(ax, f"0 to {signed_text(limit)[1:]}")


def _write_limit(ax, text):
    note = {"transform": ax.transAxes, "fontsize": FONT, "ha": "right", "va": "bottom"}
    ax.text(0.985, 0.015, text, bbox={"facecolor": "white", "linewidth": 0, "pad": 1}, **note)


# --- the backward pass, layer by layer --------------------------------------------------------------------------------

BETWEEN, TALL = 26, 236  # pixels: between two arrays; the height of the tallest
LARGEST_CELL, LEAST = 14, 64  # pixels: of a pixel of an array; of an array with its title
FEW = 16  # rows: a taller array is hatched where it is negative, instead of a dash in each cell


@picture
def show_backward_pass(gradients, columns=4):
    """Draw the gradients that a backward pass leaves at several layers, in its order from left to right.

    Parameters
    ----------
    gradients : {str: array, shape (K, h, w)}
        By the title above each. Each has its own scale of colours, whose limits stand under it; negative cells are
        marked.
    columns : int
        The most maps of one layer in a row.
    """
    columns = checks.integer("columns", columns)
    checks.require(gradients, "gradients is empty; at least one is needed.")
    grids = {}
    for title, stack in gradients.items():
        stack = checks.finite(title, checks.floats(gradients=(stack, "(K, h, w)"))[0])
        grids[title] = tile_grid(stack, columns, 1)
    scales = [min(LARGEST_CELL, TALL / len(grid.array)) for grid in grids.values()]
    widths = [max(LEAST, scale * grid.array.shape[1]) for scale, grid in zip(scales, grids.values(), strict=True)]
    width = sum(widths) + BETWEEN * (len(widths) - 1) + 2 * MARGIN
    figure = new_figure(math.ceil(width), TALL + 3 * TITLE + 2 * MARGIN)
    left = MARGIN
    for number, (title, grid) in enumerate(grids.items()):
        _draw_gradient(figure, left + widths[number] / 2, scales[number], title, grid)
        left += widths[number] + BETWEEN
        if number < len(grids) - 1:
            add_text(figure, left - BETWEEN / 2, 2 * TITLE + TALL / 2, "→", ha="center", fontsize=FONT + 3)
    return figure


def _draw_gradient(figure, middle, scale, title, grid):
    """Draw one array with its title of two lines above it and the limits of its colours below."""
    array = grid.array
    height, width = (scale * side for side in array.shape)
    limit = float(np.nanmax(np.abs(array))) or 1.0
    top = 2 * TITLE + (TALL - height) / 2
    ax = add_axes(figure, middle - width / 2, top, width, height)
    ax.imshow(array, cmap=SIGNED, vmin=-limit, vmax=limit, aspect="auto")
    mark_negatives(ax, np.nan_to_num(array), scale if len(array) <= FEW else 1, limit)
    outline(ax, grid, INK, "--")
    ax.set_axis_off()
    add_text(figure, middle, top - TITLE, title, ha="center", fontsize=FONT + 2)
    add_text(figure, middle, top + height + TITLE / 2, f"±{signed_text(limit)[1:]}", ha="center", fontsize=FONT + 2)


# --- everything at once -----------------------------------------------------------------------------------------------

SIDE, APART = 134, 17  # pixels: the image, and the map below it; between two columns
NARROWEST = 52  # pixels: of a column, for its title
COLUMNS = 4  # feature maps in a row


@picture
def show_inside(image, gradient, maps, scores):
    """Draw an image, below it the gradient of a score, beside it the outputs of layers and a bar for each class.

    Parameters
    ----------
    image, gradient : array, shape (H, W)
    maps : {str: array, shape (K, h, w)}
        Titles and maps; never negative.
    scores : array, shape (classes,)
        Shares of 1. The largest has a thick outline.
    """
    image, drawn = _checked(image, {"gradient": gradient})
    scores = checks.floats(scores=(scores, "(classes,)"))[0]
    grids = {
        title: tile_grid(checks.as_float(title, stack), COLUMNS, forward.GAP).array for title, stack in maps.items()
    }
    widths = [max(NARROWEST, forward.SCALE * array.shape[1]) for array in grids.values()]
    tall = 2 * (SIDE + TITLE)
    width = SIDE + sum(widths) + APART * (len(widths) + 1) + forward.BARS
    figure = new_figure(math.ceil(width + 2 * forward.MARGIN), tall + 2 * forward.MARGIN)
    left, top = forward.MARGIN, forward.MARGIN + TITLE
    _draw_panel(figure, (left, top, SIDE, SIDE), f"X {image.shape}", image)
    title = f"gradient of score {scores.argmax()}"
    _draw_panel(figure, (left, top + SIDE + TITLE, SIDE, SIDE), title, image, drawn["gradient"])
    left += SIDE + APART
    for (title, array), wide in zip(grids.items(), widths, strict=True):
        forward.draw_panel(figure, left, tall - TITLE, title, array, MAGNITUDES, float(np.nanmax(array)) or 1.0)
        left += wide + APART
    forward.draw_scores(figure, left, tall - TITLE, scores)
    return figure
