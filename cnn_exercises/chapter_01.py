"""Checks of chapter 01: output sizes, a convolution by loops, an edge filter, im2col, and the windows over a pixel."""

import numpy as np

from cnn_core import conv2d_backward, convolve, output_size

from .feedback import compare, exercise_check, first_difference, same
from .results import array_in, number_in, result_of

SIZES = [(6, 3, 1, 0), (28, 5, 1, 2), (10, 3, 2, 0), (11, 4, 3, 1), (5, 5, 2, 0)]  # (size, kernel, stride, padding)
CALLS = [((5, 6), (3, 3), 1), ((6, 5), (2, 3), 1), ((7, 6), (3, 2), 2), ((8, 9), (3, 3), 3)]  # (A's shape, B's, stride)


@exercise_check
def check_size(answer):
    """Check a function (size, kernel, stride, padding) -> the length of the output in one dimension."""
    for size, kernel, stride, padding in SIZES:
        found = number_in(result_of(answer, size, kernel, stride, padding))
        right = output_size(size, kernel, stride, padding)
        if found != right or isinstance(found, float):
            given = f"for size {size}, kernel {kernel}, stride {stride} and padding {padding} you say {found}"
            return f"{given}; {_why_size(found, right, size + 2 * padding - kernel, stride, padding)}"
    return None


def _why_size(found, right, span, stride, padding):
    if isinstance(found, float):
        return "windows are counted in whole numbers, and this is a float: // divides, rounds down, gives an integer."
    reasons = {
        -(-span // stride) + 1: "a window that does not fit entirely gives no output: round down.",
        right - 1: "the first window is there before any step is taken: one more.",
        (span - padding) // stride + 1: "padding stands on both sides.",
        span + 1: "the stride divides the number of steps.",
    }
    return reasons.get(found, "count how many steps the window can take, then add its first position.")


@exercise_check
def check_convolve(answer):
    """Check a function (A, B, stride) -> the convolution of A with B."""
    rng, given = np.random.default_rng(0), "for A {0.shape}, B {1.shape} and stride {2}: "
    calls = [(rng.integers(-4, 5, A), rng.integers(-4, 5, B), stride) for A, B, stride in CALLS]
    return compare(answer, calls, convolve, given, _why_convolved)


def _why_convolved(found, right, A, B, stride):
    at_one = convolve(A, B)
    if found.shape == at_one.shape != right.shape:
        return "the output has as many cells as at stride 1. The stride makes it smaller."
    if found.shape != right.shape:
        return f"the output should have shape {right.shape}, yours has {found.shape}."
    if same(found, at_one[: right.shape[0], : right.shape[1]]):
        return "the shape is right, but your window moves by one pixel: its corner is at row · stride, column · stride."
    if same(found, convolve(A, B[::-1, ::-1])):
        return "you turn the filter over. That is the mathematicians' convolution; here it is not flipped."
    return first_difference("O", found, right)


@exercise_check
def check_filter(answer):
    """Check 3 by 3 weights that respond to edges between dark above and bright below, and to no other."""
    F = array_in(answer, "the filter").astype(float)
    if F.shape != (3, 3):
        return f"the filter should have shape (3, 3), yours has {F.shape}."
    low, high, flat = (
        F[2:].sum(),
        F[1:].sum(),
        F.sum(),
    )  # outputs where the last row, the last two rows or all rows are 1
    if abs(flat) > 1e-9:
        return f"over an area where all pixels are 1 it gives {flat:g}, not 0: the weights should add up to 0."
    sideways = max(abs(F.sum(axis=0)))
    if sideways > 1e-9:
        return "it responds to vertical edges too: each column of weights should add up to 0."
    if min(low, high) < -1e-9 and max(low, high) > 1e-9:
        return "for an edge in the upper half of the window it gives another sign than for one in the lower half."
    if min(low, high) < -1e-9:
        return (
            "the sign: where it is dark above and bright below, the output should be positive. You found the opposite."
        )
    return None if max(low, high) > 1e-9 else "dark above and bright below gives 0: the last row must weigh more."


@exercise_check
def check_columns(answer):
    """Check a function (X (C, H, W), k) -> the windows of k by k as columns."""
    X, k = np.arange(2 * 4 * 5).reshape(2, 4, 5), 3
    windows = [X[:, row : row + k, column : column + k] for row in range(2) for column in range(3)]
    right = np.stack([window.ravel() for window in windows], axis=1)
    found = array_in(result_of(answer, X, k))
    if found.shape == right.shape[::-1]:
        return "your windows are rows. They should be columns: transpose."
    if found.shape != right.shape:
        return (
            f"for X {X.shape} and k = {k} the shape should be {right.shape} (C·k·k, windows), yours is {found.shape}."
        )
    if (found == right).all():
        return None
    if (np.sort(found, axis=0) == np.sort(right, axis=0)).all():
        return "each column holds the right pixels in another order: all of channel 0 first, row by row."
    if {*map(tuple, found.T)} == {*map(tuple, right.T)}:
        return "the columns are right but stand in another order: walk along a row of windows first."
    return "a column holds pixels that are not of one window."


@exercise_check
def check_touched(answer):
    """Check a function (position, size, kernel, stride) -> the number of windows that contain that pixel."""
    for size, kernel, stride in [(6, 3, 1), (10, 3, 2), (11, 2, 3), (9, 4, 2)]:
        windows = np.ones((1, 1, 1, output_size(size, kernel, stride)))
        right = conv2d_backward(windows, np.zeros((1, 1, 1, size)), np.ones((1, 1, 1, kernel)), (1, stride))[0].ravel()
        found = [number_in(result_of(answer, position, size, kernel, stride)) for position in range(size)]
        for position in range(size):
            if found[position] != right[position]:
                given = f"for pixel {position} of {size}, kernel {kernel}, stride {stride} you say {found[position]}"
                why = _why_touched(position, found[position], size, kernel, stride)
                return f"{given}, and it is {right[position]:g}; {why}"
    return None


def _why_touched(position, found, size, kernel, stride):
    last = (output_size(size, kernel, stride) - 1) * stride  # where the last window begins
    begins = range(0, position + 1, stride)
    if position > last + kernel - 1:
        return "it is left over at the end: no window reaches it."
    if last < position and found == sum(position < begin + kernel for begin in begins):
        return "you count a window that would reach beyond the end; there is none."
    if found == kernel:
        return (
            "only pixels far from the edge are reached by as many windows as the kernel is long, and at stride 1 only."
        )
    if found == sum(position <= begin + kernel for begin in begins if begin <= last):
        return "you make each window one pixel too long: its last pixel is begin + kernel - 1."
    if found == sum(position < begin + kernel for begin in begins if begin < last):
        return "you leave out the last window."
    if found == min(position + 1, kernel, size - position):
        return "you count as if the stride were 1: windows begin at multiples of the stride only."
    return "which windows begin at or before it, and end at or after it?"
