"""The confusion matrix: what was read for what.

Shapes      matrix (classes, classes), whole numbers: a row for each true class, a column for what it was read as.
Values      the mistakes in cividis, brighter the more there are; the diagonal, where nothing is wrong, grey and bold.
Story       notebooks/08_model.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.figures import add_axes, new_figure
from cnn_viz.palette import INK, MAGNITUDES, PADDING

SIDE = 46  # pixels: the side of a cell
FONT = 10  # points


def draw_confusion_matrix(matrix, ax=None):
    """Draw a confusion matrix with its counts.

    Parameters
    ----------
    matrix : array of int, shape (classes, classes)
        matrix[i, j] is how many examples of class i were read as class j.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes on a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    matrix = _counts(matrix)
    ax = _new_axes(len(matrix)) if ax is None else ax
    mistakes = np.ma.masked_array(matrix, np.eye(len(matrix), dtype=bool))
    most = max(1, int(mistakes.max())) if mistakes.count() else 1
    ax.imshow(mistakes, cmap=MAGNITUDES, vmin=0, vmax=most, interpolation="nearest")
    ax.set_facecolor(PADDING)
    for (row, column), count in np.ndenumerate(matrix):
        _write(ax, row, column, count, bright=count > 0.45 * most)
    _label(ax, len(matrix))
    return ax


def _write(ax, row, column, count, bright):
    diagonal = row == column
    colour = INK if diagonal or bright else "white"
    weight = "bold" if diagonal else "normal"
    ax.text(column, row, f"{count}", ha="center", va="center", fontsize=FONT, color=colour, weight=weight)


def _label(ax, classes):
    ax.set_xticks(range(classes))
    ax.set_yticks(range(classes))
    ax.tick_params(length=0, labelsize=FONT)
    ax.set_xlabel("read as", fontsize=FONT)
    ax.set_ylabel("true class", fontsize=FONT)
    ax.spines[:].set_visible(False)


def _new_axes(classes):
    side = SIDE * classes
    return add_axes(new_figure(side + 60, side + 60), 50, 10, side, side)


def _counts(matrix):
    where = "draw_confusion_matrix"
    matrix = np.asarray(matrix)
    if matrix.dtype.kind not in "iu":
        raise TypeError(f"{where}: matrix must hold whole numbers, got dtype {matrix.dtype}.")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{where}: matrix must be square (classes, classes), got shape {matrix.shape}.")
    checks.not_empty(where, "matrix", matrix)
    if matrix.min() < 0:
        raise ValueError(f"{where}: matrix must hold counts of 0 or more, got {matrix.min()}.")
    return matrix
