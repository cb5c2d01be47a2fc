"""Scores: a network's outputs, the shares that softmax makes of them, and the gradient, as bars.

Shapes      scores, shares and gradient (classes,).
Signs       the right class has a bold name and a heavy outline; what is negative hangs below its line and is hatched;
            the gradient has a dashed outline.
Story       notebooks/06_loss.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.arrays import number_texts
from cnn_viz.figures import add_axes, new_figure
from cnn_viz.palette import HUE, INK

FONT = 9  # points
WIDE, TALL = 200, 170  # pixels: of one panel
LEFT, TOP, GAP, BELOW = 16, 34, 24, 34  # pixels around the panels
ROOM = 0.24  # of a panel's height, on each side that has bars, for their numbers
DECIMALS = 3


def show_scores(scores, shares, gradient, label, names=None, largest=None):
    """Draw scores, shares and the gradient of one example as bars, side by side.

    Parameters
    ----------
    scores, shares, gradient : arrays, shape (classes,)
    label : int
        The right class.
    names : sequence of str, optional
        Of the classes; their numbers if not given.
    largest : float, optional
        The scores' axis runs from -largest to largest, so that several pictures can be compared.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the three are not of one length, or if there is no class of that label.
    """
    given = {"scores": scores, "shares": shares, "gradient": gradient}
    arrays = checks.floats("show_scores", **{name: (array, "(classes,)") for name, array in given.items()})
    label = checks.integer("show_scores", "label", label, minimum=0)
    if len({len(array) for array in arrays}) > 1 or label >= len(arrays[0]):
        lengths = [len(array) for array in arrays]
        raise ValueError(f"show_scores: scores, shares and gradient have lengths {lengths}, the label is {label}.")
    names = [str(number) for number in range(len(arrays[0]))] if names is None else list(names)
    figure = new_figure(2 * LEFT + 3 * WIDE + 2 * GAP, TOP + TALL + BELOW)
    titles = ("scores O", "p = softmax(O)", "dC/dO = p − y")
    ends = arrays[0] if largest is None else np.array([-largest, largest])
    limits = (_limits(ends), (0, 1 + ROOM), (-1 - ROOM, 1 + ROOM))
    for number, (title, array, limit) in enumerate(zip(titles, arrays, limits, strict=True)):
        ax = add_axes(figure, LEFT + number * (WIDE + GAP), TOP, WIDE, TALL)
        _bars(ax, array, label, names, gradient=number == 2, limit=limit)
        ax.set_title(title, fontsize=FONT + 1, color=INK, loc="left", pad=8)
    return figure


def _limits(values):
    """Return the ends of an upright axis on which all values and 0 have their place, with room for numbers."""
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    room = ROOM * (high - low) or 1.0
    return low - room * (low < 0), high + room


def _bars(ax, values, label, names, gradient, limit):
    for place, (value, text) in enumerate(zip(values, number_texts(values, DECIMALS), strict=True)):
        right = place == label
        style = {"facecolor": HUE["O"], "edgecolor": INK, "linewidth": 2.6 if right else 0.8}
        style |= {"linestyle": "--"} if gradient else {}
        ax.bar(place, value, 0.62, hatch="///" if value < 0 else None, **style)
        bold = "bold" if right else "normal"
        away, side = (3, "bottom") if value >= 0 else (-3, "top")
        at = {"xytext": (0, away), "textcoords": "offset points", "ha": "center", "va": side}
        ax.annotate(text, (place, value), fontsize=FONT, color=INK, weight=bold, **at)
    ax.axhline(0, color=INK, linewidth=1)
    ax.set(xlim=(-0.6, len(values) - 0.4), ylim=limit, xticks=range(len(values)), yticks=[])
    for text, place in zip(ax.set_xticklabels(names, fontsize=FONT), np.arange(len(names)), strict=True):
        text.set_weight("bold" if place == label else "normal")
    ax.tick_params(length=0)
    ax.spines[["top", "right", "left", "bottom"]].set_visible(False)
