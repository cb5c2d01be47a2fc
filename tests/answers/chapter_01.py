"""Chapter 01, convolution: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import convolve
from cnn_exercises import chapter_01


def windows_of(X, k):
    return [X[:, r : r + k, c : c + k] for r in range(X.shape[1] - k + 1) for c in range(X.shape[2] - k + 1)]


def as_columns(X, k):
    return np.stack([window.ravel() for window in windows_of(X, k)], axis=1)


def by_column(X, k):
    return as_columns(X.transpose(0, 2, 1), k)


def touched(position, size, kernel, stride):
    return sum(first <= position < first + kernel for first in range(0, size - kernel + 1, stride))


def convolved_in_place(A, B, stride):
    O = convolve(A, B, stride)
    A[0, 0] += 1
    return O


UPPER_DARK = np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]])
CHECKS = [
    (chapter_01.check_size, lambda n, k, s, p: (n + 2 * p - k) // s + 1, None),
    (chapter_01.check_size, lambda n, k, s, p: (n + 2 * p - k) // s, "one more"),
    (chapter_01.check_size, lambda n, k, s, p: (n + 2 * p - k) / s + 1, "whole numbers"),
    (chapter_01.check_size, lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1, "round down"),
    (chapter_01.check_size, lambda n, k, s, p: (n + p - k) // s + 1, "both sides"),
    (chapter_01.check_size, lambda n, k, s, p: n + 2 * p - k + 1, "the stride divides"),
    (chapter_01.check_size, lambda n, k, s, p: n, "how many steps"),
    (chapter_01.check_size, lambda n, k, s, p: np.floor((n + 2 * p - k) / s) + 1, "this is a float: //"),
    (chapter_01.check_size, lambda n, k, s, p: None, "end in a return"),
    (chapter_01.check_convolve, convolve, None),
    (chapter_01.check_convolve, lambda A, B, stride: convolve(A, B), "as many cells as at stride 1"),
    (chapter_01.check_convolve, lambda A, B, stride: convolve(A, B[::-1, ::-1], stride), "turn the filter over"),
    (
        chapter_01.check_convolve,
        lambda A, B, stride: convolve(A, B)[: convolve(A, B, stride).shape[0], : convolve(A, B, stride).shape[1]],
        "moves by one pixel",
    ),
    (chapter_01.check_convolve, lambda A, B, stride: convolve(A, B, stride)[1:], "should have shape"),
    (chapter_01.check_convolve, lambda A, B, stride: convolve(A, B, stride) + 1, "O[0, 0] should be"),
    (chapter_01.check_convolve, convolved_in_place, "your function changes A, which"),
    (chapter_01.check_filter, UPPER_DARK, None),
    (chapter_01.check_filter, -UPPER_DARK, "the sign"),
    (chapter_01.check_filter, UPPER_DARK.T, "vertical edges"),
    (chapter_01.check_filter, UPPER_DARK + 1, "add up to 0"),
    (chapter_01.check_filter, np.zeros((3, 3)), "bright below gives 0"),
    (chapter_01.check_filter, [[1, 1, 1], [-2, -2, -2], [1, 1, 1]], "another sign"),
    (chapter_01.check_filter, [[-1], [1]], "shape (3, 3)"),
    (chapter_01.check_convolve, lambda A, B, stride: None, "end in a return"),
    (chapter_01.check_columns, as_columns, None),
    (chapter_01.check_columns, lambda X, k: None, "end in a return"),
    (chapter_01.check_columns, lambda X, k: as_columns(X, k).T, "windows are rows"),
    (chapter_01.check_columns, lambda X, k: as_columns(X, k)[::-1], "another order: all of channel 0"),
    (chapter_01.check_columns, lambda X, k: as_columns(X, k)[:, ::-1], "stand in another order"),
    (chapter_01.check_columns, lambda X, k: as_columns(X[:1], k), "the shape should be"),
    (chapter_01.check_columns, lambda X, k: as_columns(X, k).reshape(6, 18).T, "not of one window"),
    (chapter_01.check_touched, touched, None),
    (chapter_01.check_touched, lambda position, size, kernel, stride: kernel, "far from the edge"),
    (
        chapter_01.check_touched,
        lambda position, size, kernel, stride: touched(position, size, kernel, 1),
        "left over|stride were 1",
    ),
    (
        chapter_01.check_touched,
        lambda position, size, kernel, stride: touched(position, size + 1, kernel, stride),
        "beyond the end",
    ),
    (
        chapter_01.check_touched,
        lambda position, size, kernel, stride: touched(position, size - 1, kernel, stride),
        "leave out the last window",
    ),
    (
        chapter_01.check_touched,
        lambda position, n, kernel, stride: sum(b <= position <= b + kernel for b in range(0, n - kernel + 1, stride)),
        "one pixel too long",
    ),
    (chapter_01.check_touched, lambda position, size, kernel, stride: 0, "begin at or before"),
    (chapter_01.check_touched, lambda position, size, kernel, stride: None, "end in a return"),
]
