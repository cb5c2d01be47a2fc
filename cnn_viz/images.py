"""Pictures of arrays of images: digits, filters, feature maps.

Shapes      images (H, W), (N, H, W) or (N, 1, H, W); F (K, C, kH, kW); O (N, K, H, W).
Values      gray for images, cividis for magnitudes, PuOr with limits ±max|v| for signed values.
Layout      in one picture a pixel has one size, and one scale of values holds for all.
Guests      are drawn as they are: nothing is computed from them but their limits, nothing is written to.
Story       notebooks/01_convolution, 08_model.
"""

import math

import numpy as np

from cnn_core import checks
from cnn_viz.figures import TALLEST, WIDEST, add_axes, new_figure
from cnn_viz.mosaic import (
    BAR,
    FONT,
    LINE,
    add_colour_bar,
    draw_mosaic,
    label_table,
    mark_negatives,
    mosaic_of,
    outline,
    text_size,
    write_above,
    write_title,
)
from cnn_viz.palette import HUE, IMAGES, INK, MAGNITUDES, SIGNED

ROW, TABLE = (12, 28), (60, 60)  # pixels to the left of and above the tiles: with a number above each, or as a table


# --- images -----------------------------------------------------------------------------------------------------------


def show_image(image, ax=None, title=None):
    """Draw one image in shades of grey.

    Parameters
    ----------
    image : array, shape (H, W), (1, H, W) or (1, 1, H, W)
        Values 0..1, or 0..255 for uint8; others are scaled to their own range.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes on a new figure if not given.
    title : str, optional
        What stands above the image.

    Returns
    -------
    matplotlib.axes.Axes
    """
    tiles, limits = _images("show_image", "image", image)
    if len(tiles) > 1:
        raise ValueError(f"show_image: image holds {len(tiles)} images (shape {np.shape(image)}). Use show_images.")
    if ax is None:
        ax = add_axes(new_figure(240, 240 + LINE + 8), 0, LINE + 8, 240, 240)
    ax.imshow(tiles[0], cmap=IMAGES, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    ax.set_axis_off()
    ax.set_title("" if title is None else str(title), fontsize=FONT, color=INK)
    return ax


def show_images(images, titles=None, columns=10):
    """Draw many images side by side in shades of grey.

    Parameters
    ----------
    images : array, shape (N, H, W), (N, 1, H, W) or (H, W)
        Values 0..1, or 0..255 for uint8; others are scaled to their common range.
    titles : sequence of N, optional
        What stands above each image: labels, for instance. A title may have several lines.
    columns : int
        How many images a row holds at most.

    Returns
    -------
    matplotlib.figure.Figure
    """
    tiles, limits = _images("show_images", "images", images)
    columns = min(checks.integer("show_images", "columns", columns), len(tiles))
    titles = _titles("show_images", titles, len(tiles))
    scale = _scale(min(70 / max(tiles.shape[1:]), WIDEST / columns / (tiles.shape[2] + 2)))
    wide, high = text_size(titles)
    gap = math.ceil(max(5, wide + 8 - tiles.shape[2] * scale) / scale)
    mosaic = mosaic_of(tiles, columns, gap, above=math.ceil(high / scale))
    figure, ax = draw_mosaic(mosaic, scale, IMAGES, limits, margins=(gap * scale / 2, 2, gap * scale / 2, 2))
    write_above(ax, mosaic, titles)
    return figure


# --- filters and feature maps -----------------------------------------------------------------------------------------


def show_filters(F, name="F", columns=8):
    """Draw filters on one scale: white is zero, purple above it, orange with a dash below it.

    Filters of one channel stand side by side. Filters of several channels have a row each, a column for each channel.

    Parameters
    ----------
    F : array, shape (K, C, kH, kW)
    name : str
        What the array is called above the picture, before its shape.
    columns : int
        How many filters of one channel a row holds at most.

    Returns
    -------
    matplotlib.figure.Figure
    """
    F = _stack("show_filters", "F", F, "(K, C, kH, kW)")
    columns = checks.integer("show_filters", "columns", columns)
    kinds = ("filter", "channel") if F.shape[1] > 1 else ("filter", None)
    return _show_stack(F, f"{name} {F.shape}", columns, kinds, signed=True, hue=HUE["F"])


def show_feature_maps(O, name="O", columns=8):
    """Draw feature maps on one scale: from dark to bright where none is below zero, else as show_filters draws signs.

    The maps of one image stand side by side. Those of several images have a row each image, with a column for each map.

    Parameters
    ----------
    O : array, shape (N, K, H, W) or (K, H, W)
    name : str
        What the array is called above the picture, before its shape.
    columns : int
        How many maps of one image a row holds at most.

    Returns
    -------
    matplotlib.figure.Figure
    """
    title = f"{name} {np.shape(O)}"
    O = _stack("show_feature_maps", "O", O, "(N, K, H, W)")
    columns = checks.integer("show_feature_maps", "columns", columns)
    kinds = ("image", "map") if len(O) > 1 else ("map", None)
    maps = O if len(O) > 1 else O.transpose(1, 0, 2, 3)
    return _show_stack(maps, title, columns, kinds, signed=bool(O.min() < 0), hue=HUE["O"])


def _show_stack(stack, title, columns, kinds, signed, hue):
    """Draw a stack (rows, columns, h, w) as a table of tiles, or (N, 1, h, w) as N tiles, `columns` in a row."""
    K, C, h, w = stack.shape
    table = C > 1
    columns = C if table else min(columns, K)
    scale, gap = _stack_scale(h, w, -(-K * C // columns), columns)
    mosaic = mosaic_of(stack.reshape(K * C, h, w), columns, gap, above=0 if table else math.ceil(LINE / scale))
    cmap, limits = _colours(stack, signed)
    figure, ax = draw_mosaic(mosaic, scale, cmap, limits, _margins(mosaic, scale, title, table))
    if table:
        label_table(ax, mosaic, columns, kinds)
    else:
        write_above(ax, mosaic, [f"{kinds[0]} 0", *map(str, range(1, K))])
    outline(ax, mosaic, hue, "--" if title.startswith("dC/") else "-")
    if signed:
        mark_negatives(ax, mosaic, scale, limits[1])
    write_title(figure, title)
    left, top = TABLE if table else ROW
    add_colour_bar(figure, cmap, limits, left + mosaic.array.shape[1] * scale + 14, top)
    return figure


# --- at the door ------------------------------------------------------------------------------------------------------


def _images(where, name, images):
    """Return images of any of the three forms as (N, H, W), and their limits."""
    tiles = checks.as_float(where, name, images)
    if tiles.ndim not in (2, 3, 4) or (tiles.ndim == 4 and tiles.shape[1] != 1):
        raise ValueError(_wrong_shape(where, name, tiles.shape))
    checks.not_empty(where, name, tiles)
    checks.finite(where, name, tiles)
    tiles = tiles.reshape(-1, *tiles.shape[-2:])
    return tiles, _image_limits(tiles, np.asarray(images).dtype)


def _wrong_shape(where, name, shape):
    if len(shape) != 4:
        hint = ""
    elif shape[3] == 1:
        hint = f" If your images are channels-last, use {name}[..., 0]."
    else:
        hint = f" Choose one of the {shape[1]} channels, such as {name}[:, 0], or use show_feature_maps."
    return f"{where}: {name} has shape {shape}; expected (H, W), (N, H, W) or (N, 1, H, W).{hint}"


def _image_limits(tiles, dtype):
    """Return the values that are drawn black and white."""
    if dtype == np.uint8:
        return 0, 255
    low, high = float(tiles.min()), float(tiles.max())
    return (0, 1) if low >= 0 and high <= 1 else (low, high)


def _titles(where, titles, N):
    """Return N texts; empty ones where no titles were given."""
    if titles is None:
        return [""] * N
    if isinstance(titles, str) or not hasattr(titles, "__len__"):
        raise TypeError(f"{where}: titles must be a sequence, one for each image, got {titles!r}.")
    if len(titles) != N:
        raise ValueError(f"{where}: got {len(titles)} titles for {N} images.")
    return [str(title) for title in titles]


def _stack(where, name, stack, axes):
    """Return stack as floats with the four axes; three of a feature map's are taken as one image's."""
    stack = checks.as_float(where, name, stack)
    if stack.ndim == 3 and axes.startswith("(N"):
        stack = stack[None]
    checks.dimensions(where, name, stack, axes)
    checks.not_empty(where, name, stack)
    checks.finite(where, name, stack)
    return stack


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


def _margins(mosaic, scale, title, table):
    """Return the pixels around a stack, with enough for its title and its colour bar, however small it is."""
    left, top = TABLE if table else ROW
    height, width = (side * scale for side in mosaic.array.shape)
    return left, top, max(BAR, text_size([title])[0] - width), 12 + max(0, 90 - height)
