"""Moved digits: what a network makes of an image and of the same image elsewhere.

Shapes      an image (H, W); maps (K, h, w), several of them in two columns; scores (classes,).
Sizes       a pixel has one size in the whole picture, so that one sees how the arrays shrink.
Values      images in grey; maps, which are nowhere below zero, from dark to bright on one scale for each array.
Story       notebooks/00_the_whole_network.
"""

import math

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from cnn_core import checks
from cnn_viz.figures import add_axes, new_figure
from cnn_viz.palette import HUE, IMAGES, INK, MAGNITUDES, PADDING

FONT = 9  # points
SCALE, GAP = 3.5, 2  # pixels of the page for a pixel of an array; pixels of an array between two maps
TITLE = 24  # pixels above each array
APART = 26  # pixels from one array to the next
BARS, BAR = 150, 18  # pixels: the width of the bars with their numbers; the height of one with its gap
MARGIN = 10  # pixels
LINES = (("-", "o"), ("--", "s"), (":", "^"))  # a line and a marker for each name


def show_walk(image, maps, scores, name="X"):
    """Draw an image, feature maps on its way through a network, and a bar for each class, side by side.

    Parameters
    ----------
    image : array, shape (H, W)
        Values 0..1.
    maps : {str: array, shape (K, h, w)}
        Under what stands above them; nowhere below zero.
    scores : array, shape (classes,)
        Shares of 1. The largest has a thick outline.
    name : str
        What stands above the image.

    Returns
    -------
    matplotlib.figure.Figure
    """
    image, scores = checks.floats("show_walk", image=(image, "(H, W)"), scores=(scores, "(classes,)"))
    panels = {f"{name} {image.shape}": (image, IMAGES, 1.0)}
    for title, stack in maps.items():
        stack = checks.floats("show_walk", maps=(stack, "(K, h, w)"))[0]
        panels[title] = (in_two_columns(stack), MAGNITUDES, float(stack.max()) or 1.0)
    widths = [SCALE * array.shape[1] for array, _, _ in panels.values()]
    tallest = max([SCALE * array.shape[0] for array, _, _ in panels.values()] + [BAR * len(scores)])
    width = sum(widths) + APART * len(widths) + BARS + 2 * MARGIN
    figure = new_figure(math.ceil(width), math.ceil(tallest + TITLE + 2 * MARGIN))
    left = MARGIN
    for (title, panel), wide in zip(panels.items(), widths, strict=True):
        _draw_panel(figure, left, tallest, title, *panel)
        left += wide + APART
    _draw_scores(figure, left, tallest, scores)
    return figure


def in_two_columns(stack):
    """Return maps (K, h, w) as one array of two columns, with nan between them."""
    K, h, w = stack.shape
    columns = min(K, 2)
    rows = -(-K // columns)
    array = np.full((rows * (h + GAP) - GAP, columns * (w + GAP) - GAP), np.nan)
    for number, tile in enumerate(stack):
        row, column = divmod(number, columns)
        array[row * (h + GAP) :, column * (w + GAP) :][:h, :w] = tile
    return array


def _draw_panel(figure, left, tallest, title, array, cmap, largest):
    """Draw an array in the middle of the height that there is, its title above it."""
    height, width = (SCALE * side for side in array.shape)
    top = MARGIN + TITLE + (tallest - height) / 2
    ax = add_axes(figure, left, top, width, height)
    ax.imshow(array, cmap=cmap, vmin=0, vmax=largest, interpolation="nearest", aspect="auto")
    ax.set_axis_off()
    ax.set_title(title, fontsize=FONT, color=INK, loc="left", pad=5)


def _draw_scores(figure, left, tallest, scores):
    height = BAR * len(scores)
    ax = add_axes(figure, left + 14, MARGIN + TITLE + (tallest - height) / 2, BARS - 50, height)
    widths = [2.4 if place == scores.argmax() else 0.6 for place in range(len(scores))]
    ax.barh(range(len(scores)), scores, height=0.72, color=HUE["O"], edgecolor=INK, linewidth=widths)
    for place, score in enumerate(scores):
        bold = "bold" if place == scores.argmax() else "normal"
        ax.text(-0.06, place, place, ha="right", va="center", fontsize=FONT, color=INK, weight=bold)
        ax.text(score + 0.05, place, f"{score:.0%}", ha="left", va="center", fontsize=FONT, color=INK, weight=bold)
    ax.set(xlim=(0, 1), ylim=(len(scores) - 0.5, -0.5))
    ax.set_title("read as", fontsize=FONT, color=INK, loc="left", pad=5)
    ax.set_axis_off()


def show_shares(pixels, shares, marked=None):
    """Draw how many digits are read right against how far they were moved, a line for each network.

    Parameters
    ----------
    pixels : sequence of int, length M
    shares : {str: sequence of float, length M}
        Shares of 1; at most three networks.
    marked : (int, int), optional
        Pixels of the move between which nothing was cut off; beyond them the ground is grey.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(640, 320)
    ax = add_axes(figure, 76, 16, 420, 252)
    low, high = min(pixels) - 0.4, max(pixels) + 0.4
    for left, right in [(low, marked[0] - 0.5), (marked[1] + 0.5, high)] if marked else []:
        ax.add_patch(Rectangle((left, 0), max(right - left, 0), 1.02, facecolor=PADDING))
    for (name, values), (line, mark) in zip(shares.items(), LINES, strict=False):
        ax.plot(pixels, values, line, marker=mark, color=INK, markersize=5, linewidth=1.5)
        ax.text(high + 0.2, values[-1], name, va="center", fontsize=FONT, color=INK)
    ax.set(xlim=(low, high), ylim=(0, 1.02), xticks=list(pixels))
    ax.set_xlabel("moved by (pixels; to the left below 0, to the right above)", fontsize=FONT)
    ax.set_ylabel("read right", fontsize=FONT)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.tick_params(labelsize=FONT)
    ax.grid(axis="y", color=PADDING)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    return figure
