"""Mistakes: the digits that were read wrong, and how sure the network was of its answer and of the right one.

Shapes      images (N, H, W) or (N, 1, H, W); labels (N,); probabilities (N, classes).
Signs       under each image two bars with names and numbers: what it was read as (hatched), and what it is (filled).
Story       notebooks/08_model.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.figures import add_axes, new_figure
from cnn_viz.palette import HUE, IMAGES, INK

SIDE = 84  # pixels: an image
WIDE, TALL = 148, 152  # pixels: an image with all that belongs to it
HEAD, BAR = 20, 16  # pixels: the line above an image; a bar with its gap
FONT = 9  # points
LONGEST = 50  # pixels: a bar of probability 1


def show_mistakes(images, labels, probabilities, columns=5):
    """Draw images with their labels, and for each what it was read as, with both probabilities as bars.

    Parameters
    ----------
    images : array, shape (N, H, W) or (N, 1, H, W)
        Values 0..1.
    labels : array of int, shape (N,)
    probabilities : array, shape (N, classes)
        The largest is the answer.
    columns : int
        How many images a row holds at most.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the three are not of one length, or if a label has no probability.
    """
    images, labels, probabilities = _checked(images, labels, probabilities)
    columns = min(checks.integer("show_mistakes", "columns", columns), len(images))
    figure = new_figure(columns * WIDE, -(-len(images) // columns) * TALL)
    for number, (image, label, shares) in enumerate(zip(images, labels, probabilities, strict=True)):
        row, column = divmod(number, columns)
        _draw_one(figure, column * WIDE, row * TALL, image, label, shares)
    return figure


def _draw_one(figure, left, top, image, label, shares):
    answer = int(shares.argmax())
    ax = add_axes(figure, left + (WIDE - SIDE) / 2, top + HEAD, SIDE, SIDE)
    ax.imshow(image, cmap=IMAGES, vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    ax.set_title(f"{label} read as {answer}", fontsize=FONT, color=INK, pad=4)
    bars = add_axes(figure, left + 38, top + HEAD + SIDE + 4, WIDE - 38, 2 * BAR)
    looks = {"facecolor": "white", "hatch": "////"}, {"facecolor": HUE["O"]}
    for row, (digit, look) in enumerate(zip((answer, label), looks, strict=True)):
        share = shares[digit]
        bars.barh(row, share * LONGEST, 0.66, edgecolor=INK, **look)
        bars.text(-6, row, digit, ha="right", va="center", fontsize=FONT, color=INK)
        bars.text(share * LONGEST + 5, row, f"{share:.0%}", va="center", fontsize=FONT, color=INK)
    bars.set(xlim=(-16, WIDE - 54), ylim=(1.5, -0.5))
    bars.set_axis_off()


def _checked(images, labels, probabilities):
    where = "show_mistakes"
    images = checks.as_float(where, "images", images)
    images = images[:, 0] if images.ndim == 4 and images.shape[1] == 1 else images
    images, probabilities = checks.floats(
        where, images=(images, "(N, H, W)"), probabilities=(probabilities, "(N, classes)")
    )
    checks.not_empty(where, "images", images)
    labels = checks.labels(where, labels, len(images), probabilities.shape[1])
    if len(images) != len(probabilities):
        raise ValueError(f"{where}: got {len(images)} images and the probabilities of {len(probabilities)}.")
    return images, labels, np.clip(probabilities, 0, 1)
