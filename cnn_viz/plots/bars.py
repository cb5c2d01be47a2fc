"""Bars: durations on a logarithmic scale, their growth, and the scores, shares and gradient of one example.

Durations   equal factors have equal lengths.
Scores      (classes,): the true class has a bold name and a heavy outline; negative bars are hatched; the gradient has
            a dashed outline; probabilities are white.
Chapters    06, 09; durations in most chapters.
"""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from cnn_core import checks
from cnn_viz.base.figures import WIDEST, add_axes, new_figure
from cnn_viz.base.palette import DASHES, HUE, INK, PADDING
from cnn_viz.base.style import FONT, picture
from cnn_viz.base.text import duration, number_texts

BAR, ABOVE = 30, 12  # pixels: a bar with its gap, and the space above the first
NAMES, RIGHT = 250, 60  # pixels: space for the names, and for the last number
MARKS = ("o", "s", "^", "D")


@picture
def show_speeds(seconds, unit="an image"):
    """Draw a bar for each implementation of the same task, the last in the hue of outputs, the others grey.

    Parameters
    ----------
    seconds : {str: float}
        From the first implementation to the newest.
    unit : str
        The task that takes so many seconds.
    """
    names, values = list(seconds), checks.as_float("seconds", list(seconds.values()))
    figure = new_figure(WIDEST, ABOVE + len(names) * BAR + 48)
    ax = add_axes(figure, NAMES, ABOVE, WIDEST - NAMES - RIGHT, len(names) * BAR)
    low = values.min() / 2
    colours = [PADDING] * (len(names) - 1) + [HUE["O"]]
    ax.barh(range(len(names)), values - low, left=low, height=0.68, color=colours, edgecolor=INK, linewidth=0.8)
    ax.set(xscale="log", xlim=(low, 1.05 * values.max()), yticks=[])
    ax.set_xlabel(f"time for {unit} (shorter is faster)", fontsize=FONT + 1)
    for row, (name, value) in enumerate(seconds.items()):
        ax.text(-0.015, row, name, ha="right", va="center", transform=ax.get_yaxis_transform())
        ax.text(value * 1.06, row, duration(value), ha="left", va="center")
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    ax.xaxis.set_major_locator(LogLocator(subs=(1,) if values.max() > 50 * low else (1, 2, 5)))
    ax.xaxis.set_minor_locator(NullLocator())
    return figure


@picture
def show_growth(series, unit="time, as a multiple of that of the first point"):
    """Draw time against several sizes, each as a multiple of its first point, beside the line of proportional growth.

    Parameters
    ----------
    series : {str: [(number, seconds)]}
    """
    figure = new_figure(WIDEST, 380)
    ax = add_axes(figure, 70, 20, 670, 300)
    series = {name: checks.as_float(name, points) for name, points in series.items()}
    most = max(points[-1][0] / points[0][0] for points in series.values())
    ax.plot([1, most], [1, most], color=INK, linewidth=1, label="twice as much, twice as long")
    for (name, points), dashes, mark in zip(series.items(), DASHES, MARKS, strict=False):
        x, y = points.T
        style = {"marker": mark, "markerfacecolor": PADDING, "linewidth": 2, "markersize": 8}
        ax.plot(x / x[0], y / y[0], color=INK, linestyle=dashes, label=f"{name}, from {x[0]:g}", **style)
    ax.set(xscale="log", yscale="log")
    ax.set_xlabel("number, as a multiple of that of the first point", fontsize=FONT + 1)
    ax.set_ylabel(unit, fontsize=FONT + 1)
    ax.set(xticks=[1, 2, 4, 8, 16], yticks=[1, 2, 4, 8, 16])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    ax.tick_params(labelsize=FONT + 1)
    ax.legend(loc="upper left")
    return figure


# --- scores -----------------------------------------------------------------------------------------------------------

WIDE, TALL = 200, 170  # pixels: of one panel
LEFT, TOP, GAP, BELOW = 16, 34, 24, 34  # pixels around the panels
SPACE = 0.24  # of the height of a panel, on each side that has bars, for their numbers
DECIMALS = 3
SCORE_HUES = HUE["O"], "white", HUE["O"]  # probabilities have no hue of their own, as in rows of arrays


@picture
def show_scores(scores, shares, gradient, label, names=None, largest=None):
    """Draw scores, shares and the gradient of one example as bars, side by side.

    Parameters
    ----------
    scores, shares, gradient : arrays, shape (classes,)
    label : int
        The true class.
    names : sequence of str, optional
        Of the classes; their numbers if not given.
    largest : float, optional
        The axis of the scores runs from -largest to largest, so that several pictures can be compared.
    """
    given = {"scores": scores, "shares": shares, "gradient": gradient}
    arrays = checks.floats(**{name: (array, "(classes,)") for name, array in given.items()})
    label = checks.integer("label", label, minimum=0)
    if len({len(array) for array in arrays}) > 1 or label >= len(arrays[0]):
        lengths = [len(array) for array in arrays]
        raise checks.BadValue(f"scores, shares and gradient have lengths {lengths}, the label is {label}.")
    names = [str(number) for number in range(len(arrays[0]))] if names is None else list(names)
    figure = new_figure(2 * LEFT + 3 * WIDE + 2 * GAP, TOP + TALL + BELOW)
    titles = ("scores O", "p = softmax(O)", "dC/dO = p − y")
    ends = arrays[0] if largest is None else np.array([-largest, largest])
    limits = (_limits(ends), (0, 1 + SPACE), (-1 - SPACE, 1 + SPACE))
    for number, (title, array, limit) in enumerate(zip(titles, arrays, limits, strict=True)):
        ax = add_axes(figure, LEFT + number * (WIDE + GAP), TOP, WIDE, TALL)
        _draw_bars(ax, array, label, names, SCORE_HUES[number], gradient=number == 2, limit=limit)
        ax.set_title(title, pad=8)
    return figure


def _limits(values):
    """Return the limits of a vertical axis that holds all values and 0, with space for numbers."""
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    space = SPACE * (high - low) or 1.0
    return low - space * (low < 0), high + space


def _draw_bars(ax, values, label, names, hue, gradient, limit):
    for number, (value, text) in enumerate(zip(values, number_texts(values, DECIMALS), strict=True)):
        true = number == label
        style = {"facecolor": hue, "edgecolor": INK, "linewidth": 2.6 if true else 0.8}
        style |= {"linestyle": "--"} if gradient else {}
        ax.bar(number, value, 0.62, hatch="///" if value < 0 else None, **style)
        bold = "bold" if true else "normal"
        away, side = (3, "bottom") if value >= 0 else (-3, "top")
        at = {"xytext": (0, away), "textcoords": "offset points", "ha": "center", "va": side}
        ax.annotate(text, (number, value), weight=bold, **at)
    ax.axhline(0, color=INK, linewidth=1)
    ax.set(xlim=(-0.6, len(values) - 0.4), ylim=limit, xticks=range(len(values)), yticks=[])
    for number, text in enumerate(ax.set_xticklabels(names)):
        text.set_weight("bold" if number == label else "normal")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
