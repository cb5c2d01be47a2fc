"""Pictures of what an answer depends on: an image, and maps that give each of its pixels a number, side by side.

Shapes      an image (H, W); maps (H, W); feature maps (K, h, w); scores (classes,).
Values      the image in grey; maps in PuOr with limits ±max|v|, negative cells hatched; the outline of what is in the
            image lies over each map.
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
from cnn_viz.images.tiles import mark_negatives

GAP, TITLE, MARGIN = 20, 24, 2  # pixels: between two panels; above each, for its title; around all
LARGEST = 236  # pixels: the side of a panel


@picture
def show_attributions(image, maps, name="X", columns=4, limit=None):
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
    """
    image, maps = _checked(image, maps)
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
        _draw_panel(figure, box, title, image, values, limit)
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


def _draw_panel(figure, box, title, image, values=None, limit=None):
    """Draw the image, or a map of values over its outline, in a box (left, top, width, height) with a title above."""
    left, top, wide, _ = box
    ax = add_axes(figure, *box)
    if values is None:
        ax.imshow(image, cmap=IMAGES, vmin=0, vmax=1)
    else:
        _draw_map(ax, values, image, limit or float(np.abs(values).max()) or 1.0, wide)
    add_text(figure, left + wide / 2, top - TITLE / 2, title, ha="center", fontsize=FONT)
    ax.set(xticks=[], yticks=[])
    draw_box(ax)


def _draw_map(ax, values, image, limit, wide):
    """Draw a map, its negative cells hatched, with the outline of the image and the limits of the colours."""
    ax.imshow(values, cmap=SIGNED, vmin=-limit, vmax=limit)
    mark_negatives(ax, values, min(wide / values.shape[1], 4), limit)
    if image.min() < 0.5 < image.max():
        ax.contour(image, levels=[0.5], colors=INK, linewidths=1.4)
    note = {"transform": ax.transAxes, "fontsize": FONT - 1, "ha": "right", "va": "bottom"}
    ax.text(0.985, 0.015, f"±{signed_text(limit)[1:]}", bbox={"facecolor": "white", "linewidth": 0, "pad": 1}, **note)


# --- everything at once -----------------------------------------------------------------------------------------------

SIDE, APART = 140, 18  # pixels: the image, and the map below it; between two columns
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
