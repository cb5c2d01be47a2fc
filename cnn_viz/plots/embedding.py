"""A plane of points, one for each example: where the examples of each class lie, and which were misclassified.

Marks       a dot for each example in the colour of its class, whose name stands in its middle; each mistake is the name
            of its true class with a white edge.
Sizes       the picture is no wider than half a page, so that its texts can be read on a phone too.
Chapter     10.
"""

import numpy as np
from matplotlib import colormaps
from matplotlib.patheffects import withStroke

from cnn_core import checks
from cnn_viz.base.axes import draw_box
from cnn_viz.base.figures import add_axes, new_figure
from cnn_viz.base.style import FONT, picture

WIDE, HIGH, LEFT, BOTTOM = 520, 520, 34, 30  # pixels
LARGE, MISTAKE = 18, 10  # points: the name of a class; that of a mistake
CLASSES = 10  # colours


@picture
def show_embedding(points, labels, wrong, names=("first direction", "second direction")):
    """Draw examples as points of a plane.

    Parameters
    ----------
    points : array, shape (N, 2)
    labels : array of int, shape (N,)
        The true class of each example, 0 to 9.
    wrong : array of bool, shape (N,)
        Whether an example was misclassified.
    names : (str, str)
        The labels of the two axes.
    """
    points, labels, wrong = _checked(points, labels, wrong)
    figure = new_figure(WIDE, HIGH + BOTTOM + 6)
    ax = add_axes(figure, LEFT, 4, WIDE - LEFT - 4, HIGH)
    colours, pale = colormaps["tab10"], colormaps["tab20"]
    # without smooth edges, a PNG of so many dots is a fifth as large
    ax.scatter(*points.T, s=6, c=pale(2 * labels + 1), linewidths=0, antialiased=False)
    for at, label in zip(points[wrong], labels[wrong], strict=True):
        edge = [withStroke(linewidth=2.5, foreground="white")]
        ax.text(*at, label, ha="center", va="center", fontsize=MISTAKE, weight="bold", path_effects=edge, zorder=3)
    for label in np.unique(labels):
        middle = np.median(points[labels == label], axis=0)
        plate = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": colours(label), "linewidth": 2.5}
        ax.text(*middle, label, ha="center", va="center", fontsize=LARGE, weight="bold", bbox=plate, zorder=4)
    ax.set(xticks=[], yticks=[])
    ax.set_xlabel(names[0], fontsize=FONT + 2)
    ax.set_ylabel(names[1], fontsize=FONT + 2)
    draw_box(ax)
    return figure


def _checked(points, labels, wrong):
    points, labels, wrong = checks.as_float("points", points), np.asarray(labels), np.asarray(wrong)
    if points.ndim != 2 or points.shape[1] != 2 or {len(points)} != {len(labels), len(wrong)}:
        shapes = f"points {points.shape}, labels {labels.shape}, wrong {wrong.shape}"
        raise checks.BadValue(f"points must be (N, 2), labels and wrong (N,); got {shapes}.")
    if labels.dtype.kind not in "iu" or wrong.dtype != bool or not np.isin(labels, range(CLASSES)).all():
        raise checks.BadValue(f"labels must be integers from 0 to {CLASSES - 1}, and wrong True or False.")
    checks.finite("points", points)
    return points, labels, wrong
