"""Bars of how long things take, on a scale on which the same factor has the same length everywhere.

Lines       what a bar is measured against (a floor, another library): upright, each with dashes and a name of its own.
Story       notebooks/09_how_fast_can_numpy_go; the picture of growth in imgs/.
"""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from cnn_viz.figures import DPI, WIDEST, add_axes, new_figure
from cnn_viz.palette import HUE, INK, PADDING

FONT = 9  # points
BAR, LINE = 30, 15  # pixels: a bar with its room, and a line of text
LEFT, RIGHT = 250, 60  # pixels: room for the names, and for the last number
DASHES = ("--", ":")  # as many lines as fit
UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (0, "ns"))
BEHIND = {"facecolor": "white", "linewidth": 0, "pad": 1}  # so that no line runs through a number
MARKS = ("o", "s", "^", "D")


def duration(seconds):
    """Return a duration in words that fit: three digits and the unit.

    Examples
    --------
    >>> duration(2.5), duration(0.0123), duration(4.56e-5)
    ('2.5 s', '12.3 ms', '45.6 µs')
    """
    size, unit = next(each for each in UNITS if seconds >= each[0])
    return f"{seconds / (size or 1e-9):.3g} {unit}"


def show_speeds(seconds, lines=None, unit="an image"):
    """Draw a bar for each way to do the same thing, the newest in the output's hue, the ones before it grey.

    Parameters
    ----------
    seconds : {str: float}
        From the first way to the newest.
    lines : {str: float}, optional
        What the bars are measured against, two at most. All dictionaries give one size of picture, an empty one too,
        for what is in it may hang on what is installed.
    unit : str
        What the seconds are for.

    Returns
    -------
    matplotlib.figure.Figure
    """
    top = 12 + (0 if lines is None else LINE * len(DASHES))
    names, values, lines = list(seconds), np.array(list(seconds.values())), lines or {}
    figure = new_figure(WIDEST, top + len(names) * BAR + 48)
    ax = add_axes(figure, LEFT, top, WIDEST - LEFT - RIGHT, len(names) * BAR)
    low = min([*values, *lines.values()]) / 2
    colours = [PADDING] * (len(names) - 1) + [HUE["O"]]
    ax.barh(range(len(names)), values - low, left=low, height=0.68, color=colours, edgecolor=INK, linewidth=0.8)
    ax.set(xscale="log", xlim=(low, 1.05 * values.max()), xlabel=f"time for {unit} (shorter is faster)", yticks=[])
    for place, (name, value) in enumerate(seconds.items()):
        ax.text(-0.015, place, name, ha="right", va="center", fontsize=FONT, transform=ax.get_yaxis_transform())
        ax.text(value * 1.06, place, duration(value), ha="left", va="center", fontsize=FONT, bbox=BEHIND)
    _mark_lines(ax, lines)
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    ax.xaxis.set_major_locator(LogLocator(subs=(1,) if values.max() > 50 * low else (1, 2, 5)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(labelsize=FONT)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def _mark_lines(ax, lines):
    for order, ((name, value), dashes) in enumerate(zip(lines.items(), DASHES[: len(lines)], strict=True)):
        ax.axvline(value, color=INK, linestyle=dashes, linewidth=1.4, zorder=2.5)
        height = (2 + order * LINE) * 72 / DPI  # points; a row for each name, since two lines may lie close
        above = {"xytext": (0, height), "textcoords": "offset points"}
        place = {"xycoords": ax.get_xaxis_transform(), "ha": "center", "va": "bottom", "fontsize": FONT}
        ax.annotate(name, (value, 1), **above, **place)


def show_growth(series, unit="time by that of the first point"):
    """Draw how time grows with several things at once, each as a multiple of its first point, beside a straight line.

    Parameters
    ----------
    series : {str: [(number, seconds)]}

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(WIDEST, 380)
    ax = add_axes(figure, 70, 20, 670, 300)
    most = max(points[-1][0] / points[0][0] for points in series.values())
    ax.plot([1, most], [1, most], color=INK, linewidth=1, label="twice as much, twice as long")
    hues = (HUE["X"], HUE["F"], HUE["O"], HUE["B"])
    for (name, points), hue, mark in zip(series.items(), hues, MARKS, strict=False):
        x, y = np.array(points, dtype=float).T
        ax.plot(x / x[0], y / y[0], color=hue, marker=mark, markeredgecolor=INK, linewidth=2, markersize=8, label=name)
    ax.set(xscale="log", yscale="log", xlabel="how many, by the first point's", ylabel=unit)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set(xticks=[1, 2, 4, 8, 16], yticks=[1, 2, 4, 8, 16])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.legend(frameon=False, fontsize=FONT, loc="upper left")
    ax.spines[["top", "right"]].set_visible(False)
    return figure
