"""Parts that several pictures with axes have in common: labels, round numbers, dots beside zero, the colour bar."""

import math

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import PercentFormatter

from cnn_viz.base.figures import DPI, add_axes, size_of
from cnn_viz.base.palette import INK
from cnn_viz.base.text import signed_text

SHORT_TICKS = 3  # points


def label_axes(ax, title="", across="", up=""):
    """Write a title and the names of the axes, and shorten the ticks."""
    ax.set(title=title, xlabel=across, ylabel=up)
    ax.tick_params(length=SHORT_TICKS)


def draw_box(ax):
    """Draw the upper and the right spine too: for maps, whose edges are no axes."""
    ax.spines[["top", "right"]].set_visible(True)


def in_percent(axis, label):
    """Write the ticks of an axis, which are shares of 1, in per cent, and its label."""
    axis.set_major_formatter(PercentFormatter(1))
    axis.set_label_text(label)


def round_numbers(low, high):
    """Return round numbers between low and high, no more than fit on a logarithmic axis.

    Examples
    --------
    >>> [float(number) for number in round_numbers(0.03, 3)]
    [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
    >>> [float(number) for number in round_numbers(0.03, 3e8)]
    [1.0, 100.0, 10000.0, 1000000.0, 100000000.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = math.log10(high / low)
    every = math.ceil(decades / 7)
    powers = [10.0**power for power in range(first, last + 1) if power % every == 0]
    numbers = np.outer(powers, (1, 2, 5) if decades < 3.5 else (1,)).ravel()
    return numbers[(numbers >= low) & (numbers <= high)]


def draw_dashes(ax, x, y, pixels, colours):
    """Draw a dash at each place: the sign of negative cells, `pixels` wide, which a dash half fills."""
    size = (0.5 * pixels * 72 / DPI) ** 2
    ax.scatter(x, y, s=size, marker="_", linewidths=1, color=colours)


def add_colour_bar(figure, cmap, limits, left, top):
    """Add a colour bar to a figure, with dashes on its negative half, and return its axes."""
    bar = add_axes(figure, left, top, 14, min(160, size_of(figure)[1] - top - 14))
    form = signed_text if limits[0] < 0 else "{x:.2g}"
    figure.colorbar(ScalarMappable(Normalize(*limits), cmap), cax=bar, ticks=sorted({*limits, 0.0}), format=form)
    bar.tick_params(length=SHORT_TICKS)
    if limits[0] < 0:
        draw_dashes(bar, [0.5] * 3, [0.85 * limits[0], 0.5 * limits[0], 0.15 * limits[0]], 12, ["white", INK, INK])
    return bar
