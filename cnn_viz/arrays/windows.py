"""Windows over an array: panels of a filter at one position, sums of products as text, and the geometry behind them.

Shapes      X (H, W), F (kH, kW), without padding; a position (row, column) counts outputs, not pixels.
Geometry    is computed by cnn_core/shapes.py; outputs are given by the caller.
Chapters    01 to 05.
"""

import itertools

import numpy as np

from cnn_core import checks
from cnn_core.shapes import geometry
from cnn_viz.arrays.panel import ArrayPanel
from cnn_viz.base.text import are_round, bracketed, number_text


@checks.public
def written_sum(window, F, bias=None, decimals=2):
    """Return the weighted sum of a window as text, with all its numbers.

    Parameters
    ----------
    window, F : array of one shape
        The pixels under the filter, padding included, and the filter.
    bias : float, optional
    decimals : int
        The most that are written.

    Returns
    -------
    str

    Examples
    --------
    >>> written_sum([[1, 0], [2, 5]], [[2, 1], [0, -1]])
    '1·2 + 0·1 + 2·0 + 5·(−1) = −3'
    """
    window, F = checks.as_float("window", window), checks.as_float("F", F)
    checks.same_shape("window", window, F.shape, "(the shape of F)")
    pairs = [[bracketed(value, decimals) for value in pair] for pair in zip(window.flat, F.flat, strict=True)]
    terms = ["·".join(pair) for pair in pairs] + ([] if bias is None else [bracketed(bias, decimals)])
    total = (window * F).sum() + (bias or 0)
    exact = are_round([*window.flat, *F.flat, bias or 0, total], decimals)
    return f"{' + '.join(terms)} {'=' if exact else '≈'} {number_text(total, decimals)}"


# --- panels -----------------------------------------------------------------------------------------------------------


def window_panel(X, F, position=(0, 0), stride=1, padding=0, name="X", dilation=1):
    """Return X as a padded Panel with F over it: the window outlined, each weight in the corner of its cell.

    Where the filter is dilated, each cell under a weight is outlined by itself.
    """
    X, F = checks.floats(X=(X, "(H, W)"), F=(F, "(kH, kW)"))
    plan = plan_of(X.shape, F.shape, stride, padding, dilation)
    row, column = corner_of(plan, position)
    labels = labels_of(row, column, F, plan.dilation)
    return padded_panel(X, plan, name, highlight=_blocks_under(plan, row, column), labels=labels)


def _blocks_under(plan, row, column):
    """Return the blocks of neighbouring cells that lie under a filter with its upper left weight over a cell."""
    sides = zip((row, column), plan.kernel, plan.dilation, strict=True)
    runs = [[(at, k)] if d == 1 else [(at + i * d, 1) for i in range(k)] for at, k, d in sides]
    return tuple((top, left, rows, columns) for (top, rows), (left, columns) in itertools.product(*runs))


def full_panel(A, B, position, results, **about):
    """Return A with the zeros of a full convolution around it, and B at one position; checks the shapes of results."""
    around = tuple((length - 1, length - 1) for length in B.shape)
    padded = np.pad(A, around)
    plan = plan_of(padded.shape, B.shape, 1, 0)
    for name, result in results.items():
        checks.same_shape(name, result, plan.output, "(H + kH - 1, W + kW - 1)")
    row, column = corner_of(plan, position)
    marks = {"highlight": ((row, column, *B.shape),), "labels": labels_of(row, column, B)}
    return ArrayPanel(padded, padding=around, **marks, **about)


def padded_panel(X, plan, name="X", role="X", **marks):
    """Return an array (H, W) as a Panel, with the padding and the excluded pixels of a moving window."""
    unreached = {"excluded": plan.excluded, "gaps": gaps_of(plan)}
    return ArrayPanel(np.pad(X, plan.padding), role, name, padding=plan.padding, **unreached, **marks)


def gaps_of(plan):
    """Return the rows and the columns, on the padded input, that no window takes although windows lie on both sides.

    There are none unless the stride is larger than the kernel, or the kernel is dilated.
    """
    return tuple(map(_gaps, plan.output, plan.kernel, plan.stride, plan.dilation))


def _gaps(outputs, kernel, stride, dilation):
    taken = {number * stride + i * dilation for number in range(outputs) for i in range(kernel)}
    return tuple(sorted(set(range(max(taken))) - taken))


def padding_cells(plan, size):
    """Return the cells of the padding around an image, to be left empty where padding takes no part."""
    return tuple(map(tuple, np.argwhere(np.pad(np.ones(size), plan.padding) == 0).tolist()))


def later_positions(position, shape):
    """Return the positions after one, in reading order: empty cells where only the steps so far are shown."""
    return tuple(each for each in np.ndindex(shape) if each > position)


def labels_of(row, column, F, apart=(1, 1)):
    """Return the labels of a filter with its upper left weight over a cell, and its weights `apart` cells apart."""
    down, right = apart
    return {(row + down * i, column + right * j): f"×{number_text(w)}" for (i, j), w in np.ndenumerate(F)}


def plan_of(size, kernel, stride, padding, dilation=1):
    """Return the Geometry of a window moving over an image of size (H, W); the last three as users give them."""
    steps = checks.pair("stride", stride), checks.padding(padding), checks.pair("dilation", dilation)
    return geometry(size, kernel, *steps)


def on_padded_input(plan, pixel):
    """Return the row and the column on the padded input of a pixel of X."""
    return tuple(each + before for each, (before, _) in zip(pixel, plan.padding, strict=True))


def corner_of(plan, position):
    """Return the upper left cell, on the padded input, of the window that gives the output at `position`."""
    position = position_in("position", position, plan.output, "the output, which has shape")
    return tuple(each * step for each, step in zip(position, plan.stride, strict=True))


def position_in(name, position, shape, whole):
    """Return a position as (row, column), if it lies in the whole of that shape."""
    position = checks.pair(name, position, minimum=0)
    if any(each >= length for each, length in zip(position, shape, strict=True)):
        raise checks.BadValue(f"{name} {position} lies outside {whole} {tuple(shape)}.")
    return position
