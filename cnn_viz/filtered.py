"""Filtered images: an image, the filters that slid over it with their weights, and under each what it made of it.

Shapes      image (H, W), filters (kH, kW), maps (H_out, W_out): one of each for a name.
Values      the image in gray; weights as numbers; maps on PuOr, each with its own limits ±max|v|, written under it.
Signs       negative weights have a minus, and negative pixels of a map a dash, or hatching where they are small.
Story       notebooks/01_convolution.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.arrays import Panel
from cnn_viz.figures import WIDEST, add_axes, new_figure
from cnn_viz.images import show_image
from cnn_viz.mosaic import mark_negatives, mosaic_of
from cnn_viz.palette import INK, SIGNED
from cnn_viz.sheets import FONT, lay_out

WIDE, GAP = 190, 14  # pixels: of the widest column, between two columns
WEIGHTS, LINE = 128, 22  # pixels: the height of the filters; of a line of text


def show_filtered(image, filters, maps, name="X"):
    """Draw an image and, in a column for each filter, its weights and what it makes of the image.

    Parameters
    ----------
    image : array, shape (H, W)
    filters : dict of str: array, shape (kH, kW)
        By what stands above them.
    maps : sequence of array, shape (H_out, W_out)
        What each filter made of the image, in the same order.
    name : str
        What stands above the image.

    Returns
    -------
    matplotlib.figure.Figure
    """
    image = checks.as_float("show_filtered", "image", image)
    if not filters or len(maps) != len(filters):
        raise ValueError(f"show_filtered: got {len(filters)} filters and {len(maps)} maps; one map for each is needed.")
    columns = len(filters) + 1
    wide, top = min(WIDE, (WIDEST - (columns - 1) * GAP) // columns), WEIGHTS + 2 * LINE
    tall = max(wide * height // width for height, width in [image.shape, *map(np.shape, maps)])
    figure = new_figure(columns * (wide + GAP) - GAP, top + tall + LINE)
    show_image(image, add_axes(figure, 0, top, wide, tall))
    _write(figure, wide / 2, top - LINE / 2, f"{name} {image.shape}")
    for number, (title, F, O) in enumerate(zip(filters, filters.values(), maps, strict=True), 1):
        left = number * (wide + GAP)
        _write(figure, left + wide / 2, LINE / 2, title)
        lay_out(add_axes(figure, left, LINE, wide, WEIGHTS), _weights(F))
        _map(figure, np.asarray(O, dtype=float), (left, top, wide, tall))
    return figure


def _weights(F):
    panel = Panel(F, "F", "")
    return lambda cell: ([(panel, 0.0, 0.0)], panel.cells.shape)


def _map(figure, O, place):
    left, top, wide, tall = place
    largest = float(np.abs(O).max()) or 1.0
    ax = add_axes(figure, left, top, wide, tall)
    ax.imshow(O, cmap=SIGNED, vmin=-largest, vmax=largest, interpolation="nearest")
    mark_negatives(ax, mosaic_of(O[None], 1, 0, 0), wide / O.shape[1], largest)
    ax.set(xticks=[], yticks=[])
    _write(figure, left + wide / 2, top - LINE / 2, f"O {O.shape}")
    _write(figure, left + wide / 2, top + tall + LINE / 2, f"{O.min():.3g} to {O.max():.3g}".replace("-", "−"))


def _write(figure, x, y, text):
    width, height = figure.get_size_inches() * figure.dpi
    figure.text(x / width, 1 - y / height, text, ha="center", va="center", fontsize=FONT, color=INK)
