"""The checks of chapter 01: sizes, a convolution by loops, a filter by design, columns, and what a pixel touches."""

import numpy as np

from cnn_core import conv2d_backward, convolve, output_size

from .verdict import first_difference, result_of, spoken

SIZES = [(6, 3, 1, 0), (28, 5, 1, 2), (10, 3, 2, 0), (11, 4, 3, 1), (5, 5, 2, 0)]  # (size, kernel, stride, padding)
CALLS = [((5, 6), (3, 3), 1), ((6, 5), (2, 3), 1), ((7, 6), (3, 2), 2), ((8, 9), (3, 3), 3)]  # (A's shape, B's, stride)


@spoken
def check_size(answer):
    """Find the fault of a function (size, kernel, stride, padding) -> the length of the output in one dimension."""
    for size, kernel, stride, padding in SIZES:
        found, right = result_of(answer, size, kernel, stride, padding), output_size(size, kernel, stride, padding)
        if found != right or isinstance(found, float):
            given = f"for size {size}, kernel {kernel}, stride {stride} and padding {padding} you say {found}"
            return f"{given}; {_why_size(found, right, size + 2 * padding - kernel, stride, padding)}"
    return None


def _why_size(found, right, room, stride, padding):
    if isinstance(found, float):
        return "windows are counted in whole numbers, and this is a float: // divides, rounds down, gives an integer."
    reasons = {
        -(-room // stride) + 1: "a window that does not fit entirely gives no output: round down.",
        right - 1: "the first window is there before any step is taken: one more.",
        (room - padding) // stride + 1: "padding stands on both sides.",
        room + 1: "the stride divides the number of steps.",
    }
    return reasons.get(found, "count how many steps the window can take, then add its first place.")


@spoken
def check_convolve(answer):
    """Find the fault of a function (A, B, stride) -> the convolution of A with B."""
    rng = np.random.default_rng(0)
    for A_shape, B_shape, stride in CALLS:
        A, B = rng.integers(-4, 5, A_shape), rng.integers(-4, 5, B_shape)
        before, right = A.copy(), convolve(A, B, stride)
        found = np.asarray(result_of(answer, A, B, stride))
        if (before != A).any():
            return "it changes the array that it was given."
        if found.shape != right.shape or (found != right).any():
            return f"for A {A_shape}, B {B_shape} and stride {stride}: {_why_convolved(found, right, A, B)}"
    return None


def _why_convolved(found, right, A, B):
    at_one = convolve(A, B)
    if found.shape == at_one.shape != right.shape:
        return "the output has as many cells as at stride 1. The stride makes it smaller."
    if found.shape != right.shape:
        return f"the output should have shape {right.shape}, yours has {found.shape}."
    if (found == at_one[: right.shape[0], : right.shape[1]]).all():
        return "the shape is right, but your window moves by one pixel: its corner is at row · stride, column · stride."
    if found.shape == convolve(A, B[::-1, ::-1]).shape and (found == convolve(A, B[::-1, ::-1])).all():
        return "you turn the filter over. That is the mathematicians' convolution; here it is not flipped."
    return first_difference("O", found, right)


@spoken
def check_filter(answer):
    """Find the fault of 3 by 3 weights that answer to edges between dark above and bright below, and to no other."""
    F = np.asarray(answer, dtype=float)
    if F.shape != (3, 3):
        return f"the filter should have shape (3, 3), yours has {F.shape}."
    low, high, flat = F[2:].sum(), F[1:].sum(), F.sum()  # it is bright in the last row, in the last two, everywhere
    if abs(flat) > 1e-9:
        return f"over an area where all pixels are 1 it gives {flat:g}, not 0: the weights should add up to 0."
    sideways = max(abs(F.sum(axis=0)))
    if sideways > 1e-9:
        return "it answers to upright edges too: each column of weights should add up to 0."
    if min(low, high) < -1e-9 and max(low, high) > 1e-9:
        return "for an edge in the upper half of the window it gives another sign than for one in the lower half."
    if min(low, high) < -1e-9:
        return (
            "the sign: where it is dark above and bright below, the answer should be positive. You found the opposite."
        )
    return None if max(low, high) > 1e-9 else "dark above and bright below gives 0: the last row must weigh more."


@spoken
def check_columns(answer):
    """Find the fault of a function (X (C, H, W), k) -> the windows of k by k as columns."""
    X, k = np.arange(2 * 4 * 5).reshape(2, 4, 5), 3
    windows = [X[:, row : row + k, column : column + k] for row in range(2) for column in range(3)]
    right = np.stack([window.ravel() for window in windows], axis=1)
    found = np.asarray(result_of(answer, X, k))
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


@spoken
def check_touched(answer):
    """Find the fault of a function (place, size, kernel, stride) -> how many windows hold that pixel."""
    for size, kernel, stride in [(6, 3, 1), (10, 3, 2), (11, 2, 3), (9, 4, 2)]:
        windows = np.ones((1, 1, 1, output_size(size, kernel, stride)))
        right = conv2d_backward(windows, np.zeros((1, 1, 1, size)), np.ones((1, 1, 1, kernel)), (1, stride))[0].ravel()
        found = [result_of(answer, place, size, kernel, stride) for place in range(size)]
        for place in range(size):
            if found[place] != right[place]:
                given = f"for pixel {place} of {size}, kernel {kernel}, stride {stride} you say {found[place]}"
                return f"{given}, and it is {right[place]:g}; {_why_touched(place, found[place], size, kernel, stride)}"
    return None


def _why_touched(place, found, size, kernel, stride):
    last = (output_size(size, kernel, stride) - 1) * stride  # where the last window begins
    begins = range(0, place + 1, stride)
    if place > last + kernel - 1:
        return "it is left over at the end: no window reaches it."
    if last < place and found == sum(place < begin + kernel for begin in begins):
        return "you count a window that would reach beyond the end; there is none."
    if found == kernel:
        return (
            "only pixels far from the edge are reached by as many windows as the kernel is long, and at stride 1 only."
        )
    if found == sum(place <= begin + kernel for begin in begins if begin <= last):
        return "you make each window one pixel too long: its last pixel is begin + kernel - 1."
    if found == sum(place < begin + kernel for begin in begins if begin < last):
        return "you leave out the last window."
    if found == min(place + 1, kernel, size - place):
        return "you count as if the stride were 1: windows begin at multiples of the stride only."
    return "which windows begin at or before it, and end at or after it?"
