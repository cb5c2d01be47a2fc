"""Checks of chapter 09: counts of operations and bytes, masking by bits, and a sum in a fixed order."""

import math

import numpy as np

from cnn_core import output_size

from .feedback import compare, exercise_check, times
from .results import array_in, described, number_in, result_of

# (X's shape, F's shape, stride, padding)
LAYERS = [
    ((1, 1, 4, 4), (1, 1, 3, 3), 1, 0),
    ((128, 16, 14, 14), (32, 16, 3, 3), 1, 1),
    ((10, 3, 9, 12), (4, 3, 3, 2), 2, 0),
]
SEEDS = range(3)


@exercise_check
def check_operations(answer):
    """Check a function (X_shape, F_shape, stride, padding) -> operations of a convolution, forward."""
    given = "for X {}, F {}, stride {} and padding {} you count {found:,}; "
    return compare(answer, LAYERS, _operations, given, _why_operations)


def _operations(X_shape, F_shape, stride, padding):
    return 2 * X_shape[0] * F_shape[0] * _outputs(X_shape, F_shape, stride, padding) * math.prod(F_shape[1:])


def _outputs(X_shape, F_shape, stride, padding):
    return math.prod(output_size(*side, stride, padding) for side in zip(X_shape[2:], F_shape[2:], strict=True))


def _why_operations(found, right, X_shape, F_shape, stride, padding):
    ratio, outputs = found / right, _outputs(X_shape, F_shape, stride, padding)
    reasons = {
        1 / 2: "each weight costs two operations, a multiplication and an addition.",
        1 / F_shape[1]: "a window reaches through all channels.",
        1 / F_shape[0]: "every filter visits every window.",
        math.prod(X_shape[2:]) / outputs: "count the windows (the pixels of the output), not the pixels of the input.",
    }
    close = [why for factor, why in reasons.items() if factor != 1 and math.isclose(ratio, factor)]
    return close[0] if close else f"that is {times(ratio)} times what it should be."


@exercise_check
def check_bytes(answer):
    """Check (bytes of all columns, bytes of the rows stored kW times) for X (64, 16, 14, 14)."""
    N, C, side, kernel, size = 64, 16, 14, 3, 4
    columns = N * C * kernel**2 * side * side * size
    rows = N * C * (side + 2) * kernel * side * size
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return f"two numbers are asked for, yours is {described(answer)}."
    answer = [number_in(each, f"the {name}") for each, name in zip(answer, ("columns", "rows"), strict=True)]
    if answer == [rows, columns]:
        return "you have them the wrong way round: the columns first."
    for name, found, right in (("columns", answer[0], columns), ("rows", answer[1], rows)):
        if found * size == right:
            return f"you count the numbers of the {name}; each takes {size} bytes."
        if name == "rows" and found == right * side // (side + 2):
            return "the rows of zeros above and below the image are stored too."
        if found != right:
            return (
                f"the {name} take {times(found / right)} times what they should: think of how often a pixel is written."
            )
    return None


@exercise_check
def check_keep(answer):
    """Check a function (values, mask) -> values where the mask is True, 0 elsewhere."""
    for dtype in (np.float32, np.float64):
        values = np.array([1.5, -2.0, np.inf, np.nan, 3.0, -np.inf], dtype)
        mask = np.array([True, False, False, False, True, True])
        mistake = _why_masked(array_in(result_of(answer, values, mask)), np.where(mask, values, 0))
        if mistake:
            return mistake
    return None


def _why_masked(found, right):
    if found.shape != right.shape:
        return f"its result has shape {found.shape}, not {right.shape}."
    if found.dtype != right.dtype:
        return f"it turns {right.dtype} into {found.dtype}."
    if np.isnan(found).any():
        return "infinity and nan leave a nan where the mask is False: 0 times infinity is nan. What of their bits?"
    return None if (found == right).all() else "it keeps other values than the mask says."


@exercise_check
def check_sum(answer):
    """Check a function [(micro-batch, gradient), ...], in the order in which they were finished -> the sum."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        gradients = list(enumerate(rng.normal(size=(8, 1000)).astype(np.float32) * 10.0 ** rng.integers(-4, 4, (8, 1))))
        gradients = [(index, gradient.astype(np.float32)) for index, gradient in gradients]
        finished = ([gradients[i] for i in rng.permutation(8)] for _ in range(6))
        sums = [array_in(result_of(answer, each)) for each in finished]
        right = sum((gradient for _, gradient in gradients[1:]), gradients[0][1])
        if sums[0].shape != right.shape or not np.allclose(sums[0], right, rtol=1e-3, atol=1e-3):
            return "that is not the sum of all gradients."
        if any(not np.array_equal(each, sums[0]) for each in sums):
            return "the bits depend on which finished first: add in the order of the micro-batches."
    return None
