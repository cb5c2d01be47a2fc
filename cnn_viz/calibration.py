"""Calibration: how sure a network says it is, against how often it is right.

Shapes      one value a bin, (B,): the mean probability of the answers in it, the share of them that is right, their
            number.
Signs       a dot a bin, with its number of answers; the diagonal is where both are equal. The grey ground around it is
            two standard deviations of luck: where a network that is as right as it says has its dot 19 times in 20.
Story       notebooks/08_model.
"""

import numpy as np
from matplotlib.ticker import PercentFormatter

from cnn_core import checks
from cnn_viz.figures import add_axes, new_figure
from cnn_viz.palette import HUE, INK, PADDING

LEFT, TOP, SIDE, BOTTOM = 72, 14, 330, 46  # pixels
FONT = 9  # points


def show_calibration(sure, right, counts):
    """Draw the share that is right against the probability that was given, a dot for each bin.

    Parameters
    ----------
    sure, right : array, shape (B,)
        Shares of 1.
    counts : array of int, shape (B,)
        How many answers each bin holds: 1 or more.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the three are not of one length, if a share is outside 0..1, or if a bin is empty.
    """
    sure, right, counts = _checked(sure, right, counts)
    figure = new_figure(LEFT + SIDE + 24, TOP + SIDE + BOTTOM)
    ax = add_axes(figure, LEFT, TOP, SIDE, SIDE)
    luck = 2 * np.sqrt(sure * (1 - sure) / counts)
    ax.vlines(sure, np.maximum(sure - luck, 0), np.minimum(sure + luck, 1), color=PADDING, linewidth=11, zorder=1)
    ax.plot([0, 1], [0, 1], "--", color=INK, linewidth=1, zorder=2)
    ax.plot(sure, right, "o", color=HUE["O"], markeredgecolor=INK, markersize=8, zorder=3)
    for x, y, count in zip(sure, right, counts, strict=True):
        ax.annotate(f"{count:,}", (x, y), (-8, 5), textcoords="offset points", ha="right", fontsize=FONT, color=INK)
    low = max(0, min(sure.min(), right.min(), (sure - luck).min()) - 0.12)
    ax.set(xlim=(low, 1.02), ylim=(low, 1.02))
    _dress(ax)
    return figure


def _checked(sure, right, counts):
    where = "show_calibration"
    sure, right, counts = checks.floats(where, sure=(sure, "(B,)"), right=(right, "(B,)"), counts=(counts, "(B,)"))
    checks.not_empty(where, "sure", sure)
    if not len(sure) == len(right) == len(counts):
        raise ValueError(f"{where}: sure, right and counts have lengths {len(sure)}, {len(right)} and {len(counts)}.")
    for name, shares in (("sure", sure), ("right", right)):
        if not ((shares >= 0) & (shares <= 1)).all():
            raise ValueError(f"{where}: {name} must hold shares from 0 to 1.")
    if (counts < 1).any():
        raise ValueError(f"{where}: bin {int(np.argmax(counts < 1))} is empty. Leave it out.")
    return sure, right, counts.astype(int)


def _dress(ax):
    for axis, name in ((ax.xaxis, "how sure it says it is"), (ax.yaxis, "how often it is right")):
        axis.set_major_formatter(PercentFormatter(1))
        axis.set_label_text(name, fontsize=FONT)
    ax.tick_params(labelsize=FONT)
    ax.grid(color=INK, linewidth=0.8, alpha=0.12)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
