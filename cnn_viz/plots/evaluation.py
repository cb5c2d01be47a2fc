"""Evaluation of a classifier: confusion matrix, misclassified images, calibration, accuracy under shifts.

Shapes      matrix (classes, classes), whole numbers: a row for each true class, a column for each predicted class;
            images (N, H, W) or (N, 1, H, W), labels (N,), probabilities (N, classes); calibration (B,), a value a bin.
Chapters    00, 08.
"""

import numpy as np
from matplotlib.patches import Rectangle

from cnn_core import checks
from cnn_viz.base.axes import in_percent
from cnn_viz.base.figures import add_axes, new_figure
from cnn_viz.base.palette import HUE, IMAGES, INK, MAGNITUDES, PADDING
from cnn_viz.base.style import FONT, PALE_GRID, picture

CELL = 46  # pixels: the side of a cell of the confusion matrix


@picture
def draw_confusion_matrix(matrix, ax=None):
    """Draw a confusion matrix with its counts: errors in colour, the diagonal grey and bold.

    Parameters
    ----------
    matrix : array of int, shape (classes, classes)
        matrix[i, j] is the number of examples of class i that were classified as class j.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes on a new figure if not given.
    """
    matrix = _counts(matrix)
    ax = _new_axes(len(matrix)) if ax is None else ax
    errors = np.ma.masked_array(matrix, np.eye(len(matrix), dtype=bool))
    most = max(1, int(errors.max())) if errors.count() else 1
    ax.imshow(errors, cmap=MAGNITUDES, vmin=0, vmax=most)
    ax.set_facecolor(PADDING)
    for (row, column), count in np.ndenumerate(matrix):
        _write(ax, row, column, count, bright=count > 0.45 * most)
    _label(ax, len(matrix))
    return ax


def _write(ax, row, column, count, bright):
    diagonal = row == column
    colour = INK if diagonal or bright else "white"
    weight = "bold" if diagonal else "normal"
    ax.text(column, row, f"{count}", ha="center", va="center", fontsize=FONT + 1, color=colour, weight=weight)


def _label(ax, classes):
    ax.set(xticks=range(classes), yticks=range(classes))
    ax.tick_params(length=0, labelsize=FONT + 1)
    ax.set_xlabel("classified as", fontsize=FONT + 1)
    ax.set_ylabel("true class", fontsize=FONT + 1)
    ax.spines[:].set_visible(False)


def _new_axes(classes):
    side = CELL * classes
    return add_axes(new_figure(side + 60, side + 60), 50, 10, side, side)


def _counts(matrix):
    matrix = np.asarray(matrix)
    if matrix.dtype.kind not in "iu":
        raise checks.BadType(f"matrix must hold whole numbers, got dtype {matrix.dtype}.")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise checks.BadValue(f"matrix must be square (classes, classes), got shape {matrix.shape}.")
    checks.not_empty("matrix", matrix)
    if matrix.min() < 0:
        raise checks.BadValue(f"matrix must hold counts of 0 or more, got {matrix.min()}.")
    return matrix


# --- misclassified images ---------------------------------------------------------------------------------------------

IMAGE = 84  # pixels: the side of an image
WIDE, TALL = 148, 168  # pixels: an image with its title and its bars
HEAD, BAR = 36, 16  # pixels: the two lines above an image; a bar with its gap
LONGEST = 50  # pixels: a bar of probability 1


@picture
def show_mistakes(images, labels, probabilities, columns=5):
    """Draw misclassified images, each with its two classes, their probabilities as bars, and its cost.

    Parameters
    ----------
    images : array, shape (N, H, W) or (N, 1, H, W)
        Values 0..1.
    labels : array of int, shape (N,)
    probabilities : array, shape (N, classes)
        The largest is that of the predicted class.
    columns : int
        The most images in a row.
    """
    images, labels, probabilities = _checked_examples(images, labels, probabilities)
    columns = min(checks.integer("columns", columns), len(images))
    figure = new_figure(columns * WIDE, -(-len(images) // columns) * TALL)
    for number, (image, label, shares) in enumerate(zip(images, labels, probabilities, strict=True)):
        row, column = divmod(number, columns)
        _draw_one(figure, column * WIDE, row * TALL, image, label, shares)
    return figure


def _draw_one(figure, left, top, image, label, shares):
    predicted = int(shares.argmax())
    ax = add_axes(figure, left + (WIDE - IMAGE) / 2, top + HEAD, IMAGE, IMAGE)
    ax.imshow(image, cmap=IMAGES, vmin=0, vmax=1)
    ax.set_axis_off()
    cost = -np.log(max(shares[label], np.finfo(float).tiny))
    ax.set_title(f"{label} classified as {predicted}\ncost {cost:.1f}", fontsize=FONT, loc="center", pad=4)
    bars = add_axes(figure, left + 38, top + HEAD + IMAGE + 4, WIDE - 38, 2 * BAR)
    styles = {"facecolor": "white", "hatch": "////"}, {"facecolor": HUE["O"]}
    for row, (digit, style) in enumerate(zip((predicted, label), styles, strict=True)):
        share = shares[digit]
        bars.barh(row, share * LONGEST, 0.66, edgecolor=INK, **style)
        bars.text(-6, row, digit, ha="right", va="center")
        bars.text(share * LONGEST + 5, row, f"{share:.0%}", va="center")
    bars.set(xlim=(-16, WIDE - 54), ylim=(1.5, -0.5))
    bars.set_axis_off()


def _checked_examples(images, labels, probabilities):
    images = checks.as_float("images", images)
    images = images[:, 0] if images.ndim == 4 and images.shape[1] == 1 else images
    images, probabilities = checks.floats(images=(images, "(N, H, W)"), probabilities=(probabilities, "(N, classes)"))
    checks.not_empty("images", images)
    labels = checks.labels(labels, len(images), probabilities.shape[1])
    if len(images) != len(probabilities):
        raise checks.BadValue(f"got {len(images)} images and the probabilities of {len(probabilities)}.")
    return images, labels, np.clip(probabilities, 0, 1)


# --- calibration ------------------------------------------------------------------------------------------------------

LEFT, TOP, SIDE, BOTTOM = 72, 14, 330, 46  # pixels


@picture
def show_calibration(confidence, accuracy, counts):
    """Draw accuracy against confidence, a dot for each bin, with its number of predictions.

    On the diagonal both are equal. The grey band around it is two standard deviations: a calibrated network has its dot
    there 19 times in 20.

    Parameters
    ----------
    confidence, accuracy : array, shape (B,)
        The mean probability of the predicted class, and the share of correct predictions.
    counts : array of int, shape (B,)
        The number of predictions in each bin, 1 or more.
    """
    confidence, accuracy, counts = _checked_bins(confidence, accuracy, counts)
    figure = new_figure(LEFT + SIDE + 24, TOP + SIDE + BOTTOM)
    ax = add_axes(figure, LEFT, TOP, SIDE, SIDE)
    reach = 2 * np.sqrt(confidence * (1 - confidence) / counts)
    low, high = np.maximum(confidence - reach, 0), np.minimum(confidence + reach, 1)
    ax.vlines(confidence, low, high, color=PADDING, linewidth=11, zorder=1)
    ax.plot([0, 1], [0, 1], "--", color=INK, linewidth=1, zorder=2)
    ax.plot(confidence, accuracy, "o", color=HUE["O"], markeredgecolor=INK, markersize=8, zorder=3)
    for x, y, count in zip(confidence, accuracy, counts, strict=True):
        ax.annotate(f"{count:,}", (x, y), (-8, 5), textcoords="offset points", ha="right")
    least = max(0, min(confidence.min(), accuracy.min(), (confidence - reach).min()) - 0.12)
    ax.set(xlim=(least, 1.02), ylim=(least, 1.02))
    in_percent(ax.xaxis, "confidence")
    in_percent(ax.yaxis, "accuracy")
    ax.grid()
    return figure


def _checked_bins(confidence, accuracy, counts):
    confidence, accuracy, counts = checks.floats(
        confidence=(confidence, "(B,)"), accuracy=(accuracy, "(B,)"), counts=(counts, "(B,)")
    )
    checks.not_empty("confidence", confidence)
    if not len(confidence) == len(accuracy) == len(counts):
        lengths = f"{len(confidence)}, {len(accuracy)} and {len(counts)}"
        raise checks.BadValue(f"confidence, accuracy and counts have lengths {lengths}.")
    for name, shares in (("confidence", confidence), ("accuracy", accuracy)):
        if not ((shares >= 0) & (shares <= 1)).all():
            raise checks.BadValue(f"{name} must hold shares from 0 to 1.")
    if (counts < 1).any():
        raise checks.BadValue(f"bin {int(np.argmax(counts < 1))} is empty. Leave it out.")
    return confidence, accuracy, counts.astype(int)


# --- accuracy under shifts --------------------------------------------------------------------------------------------

LINES = (("-", "o"), ("--", "s"), (":", "^"))  # a line style and a marker for each network


@picture
def show_shares(pixels, shares, marked=None):
    """Draw accuracy against the shift of the images, a line for each network.

    Parameters
    ----------
    pixels : sequence of int, length M
    shares : {str: sequence of float, length M}
        Accuracies of at most three networks.
    marked : (int, int), optional
        The range of shifts that cut nothing off; outside it the background is grey.
    """
    figure = new_figure(640, 320)
    ax = add_axes(figure, 76, 16, 420, 252)
    low, high = min(pixels) - 0.4, max(pixels) + 0.4
    for left, right in [(low, marked[0] - 0.5), (marked[1] + 0.5, high)] if marked else []:
        ax.add_patch(Rectangle((left, 0), max(right - left, 0), 1.02, facecolor=PADDING))
    for (name, values), (line, mark) in zip(shares.items(), LINES, strict=False):
        values = checks.as_float(name, values)
        ax.plot(pixels, values, line, marker=mark, color=INK, markersize=5, linewidth=1.5)
        ax.text(high + 0.2, values[-1], name, va="center")
    ax.set(xlim=(low, high), ylim=(0, 1.02), xticks=list(pixels))
    ax.set_xlabel("moved by (pixels; to the left below 0, to the right above)")
    in_percent(ax.yaxis, "accuracy")
    ax.grid(axis="y", **PALE_GRID)
    return figure
