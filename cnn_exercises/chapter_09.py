"""The checks of chapter 09: counting work and bytes, keeping what a mask says, and adding in order."""

import math

import numpy as np

from cnn_core import output_size

from .verdict import spoken

# (X's shape, F's shape, stride, padding)
LAYERS = [
    ((1, 1, 4, 4), (1, 1, 3, 3), 1, 0),
    ((128, 16, 14, 14), (32, 16, 3, 3), 1, 1),
    ((10, 3, 9, 12), (4, 3, 3, 2), 2, 0),
]
SEEDS = range(3)


@spoken
def check_operations(answer):
    """Find the fault of a function (X_shape, F_shape, stride, padding) -> operations of a convolution, forward."""
    for layer in LAYERS:
        found, (X_shape, F_shape, stride, padding) = answer(*layer), layer
        outputs = math.prod(output_size(*side, stride, padding) for side in zip(X_shape[2:], F_shape[2:], strict=True))
        right = 2 * X_shape[0] * F_shape[0] * outputs * math.prod(F_shape[1:])
        if found != right:
            given = f"for X {X_shape}, F {F_shape}, stride {stride} and padding {padding} you count {found:,}"
            return f"{given}; {_why_operations(found / right, outputs, X_shape, F_shape)}"
    return None


def _why_operations(ratio, outputs, X_shape, F_shape):
    reasons = {
        1 / 2: "each weight costs two operations, a multiplication and an addition.",
        1 / F_shape[1]: "a window reaches through all channels.",
        1 / F_shape[0]: "every filter visits every window.",
        math.prod(X_shape[2:]) / outputs: "count the windows (the pixels of the output), not the pixels of the input.",
    }
    close = [why for factor, why in reasons.items() if factor != 1 and math.isclose(ratio, factor)]
    return close[0] if close else f"that is {ratio:.3g} times what it should be."


@spoken
def check_bytes(answer):
    """Find the fault of (bytes of all columns, bytes of the rows laid down kW times) for X (64, 16, 14, 14)."""
    N, C, side, kernel, size = 64, 16, 14, 3, 4
    columns = N * C * kernel**2 * side * side * size
    rows = N * C * (side + 2) * kernel * side * size
    if len(answer) != 2:
        return f"two numbers are asked for, you give {len(answer)}."
    if answer == (rows, columns):
        return "you have them the wrong way round: the columns first."
    for name, found, right in (("columns", answer[0], columns), ("rows", answer[1], rows)):
        if found * size == right:
            return f"you count the numbers of the {name}; each takes {size} bytes."
        if name == "rows" and found == right * side // (side + 2):
            return "the rows of zeros above and below the image are laid down too."
        if found != right:
            return f"the {name} take {found / right:.3g} times what they should: think of how often a pixel is written."
    return None


@spoken
def check_keep(answer):
    """Find the fault of a function (values, mask) -> values where the mask is True, 0 elsewhere."""
    for dtype in (np.float32, np.float64):
        values = np.array([1.5, -2.0, np.inf, np.nan, 3.0, -np.inf], dtype)
        mask = np.array([True, False, False, False, True, True])
        given = values.copy()
        with np.errstate(invalid="ignore"):
            found = np.asarray(answer(values, mask))
        if not np.array_equal(values, given, equal_nan=True):
            return "it changes the values that it was given."
        fault = _why_kept(found, np.where(mask, given, 0))
        if fault:
            return fault
    return None


def _why_kept(found, right):
    if found.shape != right.shape:
        return f"its result has shape {found.shape}, not {right.shape}."
    if found.dtype != right.dtype:
        return f"it turns {right.dtype} into {found.dtype}."
    if np.isnan(found).any():
        return "infinity and nan leave a nan where the mask is False: 0 times infinity is nan. What of their bits?"
    return None if (found == right).all() else "it keeps other values than the mask says."


@spoken
def check_sum(answer):
    """Find the fault of a function [(shard, gradient), ...] in the order of finishing -> the sum."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        gradients = list(enumerate(rng.normal(size=(8, 1000)).astype(np.float32) * 10.0 ** rng.integers(-4, 4, (8, 1))))
        gradients = [(shard, gradient.astype(np.float32)) for shard, gradient in gradients]
        sums = [np.asarray(answer([gradients[i] for i in rng.permutation(8)])) for _ in range(6)]
        right = sum((gradient for _, gradient in gradients[1:]), gradients[0][1])
        if sums[0].shape != right.shape or not np.allclose(sums[0], right, rtol=1e-3, atol=1e-3):
            return "that is not the sum of all gradients."
        if any((each != sums[0]).any() for each in sums):
            return "the bits depend on who finished first: add in the order of the shards."
    return None
