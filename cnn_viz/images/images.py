"""Pictures of images and feature maps: digits, an image under several filters, stacks of maps.

Shapes      images (H, W), (N, H, W) or (N, 1, H, W); O (N, K, H, W).
Values      gray for images, cividis for magnitudes, PuOr with limits ±max|v| for signed values.
Layout      in one picture a pixel has one size, and one scale of values holds for all tiles.
Chapters    00, 01, 03, 04, 05, 08.
"""

import math

import numpy as np

from cnn_core import checks
from cnn_viz.arrays.panel import ArrayPanel
from cnn_viz.base.axes import add_colour_bar, draw_box
from cnn_viz.base.figures import TALLEST, WIDEST, add_axes, add_text, new_figure
from cnn_viz.base.grid import tile_grid
from cnn_viz.base.layout import draw_on_canvas, row_of
from cnn_viz.base.palette import EDGE, IMAGES, MAGNITUDES, SIGNED
from cnn_viz.base.style import FONT, picture
from cnn_viz.base.text import with_minus
from cnn_viz.images.tiles import (
    BAR,
    LINE,
    draw_tiles,
    label_table,
    mark_negatives,
    outline,
    space_for,
    write_above,
    write_title,
)

ROW, TABLE = (12, 28), (60, 60)  # pixels to the left of and above the tiles: with a number above each, or as a table
WIDE, GAP = 190, 14  # pixels: the widest column of filtered images, and between two columns
WEIGHTS, TITLE = 128, 22  # pixels: the height of the filters, and of a line of text, above filtered images


# --- images -----------------------------------------------------------------------------------------------------------


@picture
def show_image(image, ax=None, title=None):
    """Draw one image in shades of grey.

    Parameters
    ----------
    image : array, shape (H, W), (1, H, W) or (1, 1, H, W)
        Values 0..1, or 0..255 for uint8; others are scaled to their own range.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes on a new figure if not given.
    title : str, optional
        Written above the image.
    """
    image, limits = _image(image)
    if ax is None:
        ax = add_axes(new_figure(240, 240 + LINE + 8), 0, LINE + 8, 240, 240)
    ax.imshow(image, cmap=IMAGES, vmin=limits[0], vmax=limits[1])
    ax.set_axis_off()
    ax.set_title("" if title is None else str(title), fontsize=FONT, loc="center")
    return ax


@picture
def show_images(images, titles=None, columns=10):
    """Draw many images side by side in shades of grey.

    Parameters
    ----------
    images : array, shape (N, H, W), (N, 1, H, W) or (H, W)
        Values 0..1, or 0..255 for uint8; others are scaled to their common range.
    titles : sequence of N, optional
        Written above each image: labels, for instance. A title may have several lines.
    columns : int
        The most images in a row.
    """
    tiles, limits = _images("images", images)
    columns = min(checks.integer("columns", columns), len(tiles))
    titles = _titles(titles, len(tiles))
    scale = _scale(min(70 / max(tiles.shape[1:]), WIDEST / columns / (tiles.shape[2] + 2)))
    wide, high = space_for(titles)
    gap = math.ceil(max(5, wide + 8 - tiles.shape[2] * scale) / scale)
    grid = tile_grid(tiles, columns, gap, above=math.ceil(high / scale))
    figure, ax = draw_tiles(grid, scale, IMAGES, limits, margins=(gap * scale / 2, 2, gap * scale / 2, 2))
    write_above(ax, grid, titles)
    return figure


# --- feature maps -----------------------------------------------------------------------------------------------------


@picture
def show_feature_maps(O, name="O", columns=8, kind="map", role="O"):
    """Draw feature maps on one scale: from dark to bright, or with a dash on negative cells if there are any.

    The maps of one image stand side by side. Several images have a row each, with a column for each map.

    Parameters
    ----------
    O : array, shape (N, K, H, W) or (K, H, W)
    name : str
        Written above the picture, before the shape of the array.
    columns : int
        The most maps of one image in a row.
    kind : str
        Written before the number of the first map, or above their columns.
    role : {'X', 'F', 'O', 'B'}
        The array whose hue the outlines have: 'F' for weights that are drawn as images.
    """
    title = f"{name} {np.shape(O)}"
    O, hue = _stack(O), EDGE[checks.choice("role", role, tuple(EDGE))]
    columns = checks.integer("columns", columns)
    kinds = ("image", kind) if len(O) > 1 else (kind, None)
    maps = O if len(O) > 1 else O.transpose(1, 0, 2, 3)
    return _show_stack(maps, title, columns, kinds, signed=bool(O.min() < 0), hue=hue)


def _show_stack(stack, title, columns, kinds, signed, hue):
    """Draw a stack (rows, columns, h, w) as a table of tiles, or (N, 1, h, w) as N tiles, `columns` in a row."""
    K, C, h, w = stack.shape
    table = C > 1
    columns = C if table else min(columns, K)
    scale, gap = _stack_scale(h, w, -(-K * C // columns), columns)
    grid = tile_grid(stack.reshape(K * C, h, w), columns, gap, above=0 if table else math.ceil(LINE / scale))
    cmap, limits = _colours(stack, signed)
    figure, ax = draw_tiles(grid, scale, cmap, limits, _margins(grid, scale, title, table))
    if table:
        label_table(ax, grid, columns, kinds)
    else:
        write_above(ax, grid, [f"{kinds[0]} 0", *map(str, range(1, K))])
    outline(ax, grid, hue, "--" if title.startswith("dC/") else "-")
    if signed:
        mark_negatives(ax, grid.array, scale, limits[1])
    write_title(figure, title)
    left, top = TABLE if table else ROW
    add_colour_bar(figure, cmap, limits, left + grid.array.shape[1] * scale + 14, top)
    return figure


# --- filtered images --------------------------------------------------------------------------------------------------


@picture
def show_filtered(image, filters, maps, name="X"):
    """Draw an image and, in a column for each filter, its weights and its output.

    Parameters
    ----------
    image : array, shape (H, W)
    filters : dict of str: array, shape (kH, kW)
        By the text above them.
    maps : sequence of array, shape (H_out, W_out)
        The output of each filter, in the same order.
    name : str
        Written above the image.
    """
    image = _image(image)[0]
    if not filters or len(maps) != len(filters):
        raise checks.BadValue(f"got {len(filters)} filters and {len(maps)} maps; one map for each is needed.")
    columns = len(filters) + 1
    wide, top = min(WIDE, (WIDEST - (columns - 1) * GAP) // columns), WEIGHTS + 2 * TITLE
    tall = max(wide * height // width for height, width in [image.shape, *map(np.shape, maps)])
    figure = new_figure(columns * (wide + GAP) - GAP, top + tall + TITLE)
    show_image(image, add_axes(figure, 0, top, wide, tall))
    add_text(figure, wide / 2, top - TITLE / 2, f"{name} {image.shape}", ha="center")
    for number, (title, F, O) in enumerate(zip(filters, filters.values(), maps, strict=True), 1):
        left = number * (wide + GAP)
        add_text(figure, left + wide / 2, TITLE / 2, title, ha="center")
        draw_on_canvas(add_axes(figure, left, TITLE, wide, WEIGHTS), row_of([ArrayPanel(F, "F", "")]))
        _map(figure, np.asarray(O, dtype=float), (left, top, wide, tall))
    return figure


def _map(figure, O, box):
    left, top, wide, tall = box
    largest = float(np.abs(O).max()) or 1.0
    ax = add_axes(figure, left, top, wide, tall)
    ax.imshow(O, cmap=SIGNED, vmin=-largest, vmax=largest)
    mark_negatives(ax, O, wide / O.shape[1], largest)
    ax.set(xticks=[], yticks=[])
    draw_box(ax)
    values = with_minus(f"{O.min():.3g} to {O.max():.3g}")
    add_text(figure, left + wide / 2, top - TITLE / 2, f"O {O.shape}", ha="center")
    add_text(figure, left + wide / 2, top + tall + TITLE / 2, values, ha="center")


# --- validation ------------------------------------------------------------------------------------------------------


def _image(image):
    """Return a single image as (H, W), and its limits."""
    tiles, limits = _images("image", image)
    if len(tiles) > 1:
        raise checks.BadValue(f"image holds {len(tiles)} images (shape {np.shape(image)}). Use show_images.")
    return tiles[0], limits


def _images(name, images):
    """Return images of any of the three forms as (N, H, W), and their limits."""
    tiles = checks.as_float(name, images)
    if tiles.ndim not in (2, 3, 4) or (tiles.ndim == 4 and tiles.shape[1] != 1):
        raise checks.BadValue(_wrong_shape(name, tiles.shape))
    checks.not_empty(name, tiles)
    checks.finite(name, tiles)
    tiles = tiles.reshape(-1, *tiles.shape[-2:])
    return tiles, _image_limits(tiles, np.asarray(images).dtype)


def _wrong_shape(name, shape):
    if len(shape) != 4:
        hint = ""
    elif shape[3] == 1:
        hint = f" If your images are channels-last, use {name}[..., 0]."
    else:
        hint = f" Choose one of the {shape[1]} channels, such as {name}[:, 0], or use show_feature_maps."
    return f"{name} has shape {shape}; expected (H, W), (N, H, W) or (N, 1, H, W).{hint}"


def _image_limits(tiles, dtype):
    """Return the values drawn as black and as white."""
    if dtype == np.uint8:
        return 0, 255
    low, high = float(tiles.min()), float(tiles.max())
    return (0, 1) if low >= 0 and high <= 1 else (low, high)


def _titles(titles, N):
    """Return N texts; empty ones where no titles were given."""
    if titles is None:
        return [""] * N
    if isinstance(titles, str) or not hasattr(titles, "__len__"):
        raise checks.BadType(f"titles must be a sequence, one for each image, got {titles!r}.")
    if len(titles) != N:
        raise checks.BadValue(f"got {len(titles)} titles for {N} images.")
    return [str(title) for title in titles]


def _stack(O):
    """Return feature maps as floats (N, K, H, W); maps (K, H, W) are those of one image."""
    O = checks.as_float("O", O)
    O = O[None] if O.ndim == 3 else O
    checks.dimensions("O", O, "(N, K, H, W)")
    checks.not_empty("O", O)
    checks.finite("O", O)
    return O


# --- colours and sizes ------------------------------------------------------------------------------------------------


def _colours(stack, signed):
    """Return the colour map and the values at its two ends."""
    largest = float(np.abs(stack).max()) or 1.0
    return (SIGNED, (-largest, largest)) if signed else (MAGNITUDES, (0.0, largest))


def _scale(pixels):
    """Return the largest multiple of a half up to `pixels`, at least 0.5: so all cells are drawn equally large."""
    return max(1, math.floor(2 * pixels)) / 2


def _stack_scale(h, w, rows, columns):
    """Return the pixels of a cell, and the cells between two tiles (h, w), for a stack that fits on a page."""
    wide, high = w + max(1, w / 6), h + max(1, h / 6)
    scale = _scale(min(18, (WIDEST - BAR - TABLE[0]) / columns / wide, TALLEST / rows / high))
    return scale, math.ceil(min(max(4, w * scale / 6), 10) / scale)


def _margins(grid, scale, title, table):
    """Return the pixels around a stack, with enough for its title and its colour bar, however small it is."""
    left, top = TABLE if table else ROW
    height, width = (side * scale for side in grid.array.shape)
    return left, top, max(BAR, space_for([title])[0] - width), 12 + max(0, 90 - height)
