"""Chapter 03, excluded pixels: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import convolve, dilate
from cnn_exercises import chapter_03


def left_over(n, k, s, p):
    return (n + 2 * p - k) % s


def sizes_for(outputs, kernel, stride):
    smallest = (outputs - 1) * stride + kernel
    return list(range(smallest, smallest + stride))


def trimmed_filter_gradient(dC_dO, X, kernel_shape, stride, begin=(0, 0)):
    spread = dilate(dC_dO, stride)
    H, W = np.add(spread.shape, kernel_shape) - 1
    return convolve(X[begin[0] :, begin[1] :][:H, :W], spread)


def trimmed_at_the_wrong_end(dC_dO, X, kernel_shape, stride):
    used = np.add(dilate(dC_dO, stride).shape, kernel_shape) - 1
    return trimmed_filter_gradient(dC_dO, X, kernel_shape, stride, np.subtract(X.shape, used))


def trimmed_by_a_negative_slice(dC_dO, X, kernel_shape, stride):
    H, W = (left_over(n, k, stride, 0) for n, k in zip(X.shape, kernel_shape, strict=True))
    kept = X[:-H, :-W]
    return convolve(kept, dilate(dC_dO, stride)) if kept.size else kept


def trimmed_in_place(dC_dO, X, kernel_shape, stride):
    dC_dF = trimmed_filter_gradient(dC_dO, X, kernel_shape, stride)
    X[...] = 0
    return dC_dF


def pasted_input_gradient(dC_dO, X_shape, F, stride, corner="first"):
    used = convolve(dilate(dC_dO, stride), F[::-1, ::-1], full_convolve=True)
    dC_dX, (H, W) = np.zeros(X_shape), used.shape
    if corner == "first":
        dC_dX[:H, :W] = used
    else:
        dC_dX[X_shape[0] - H :, X_shape[1] - W :] = used
    return dC_dX


CHECKS = [
    (chapter_03.check_left_over, left_over, None),
    (chapter_03.check_left_over, lambda n, k, s, p: (n + 2 * p) % s, "subtract the kernel"),
    (chapter_03.check_left_over, lambda n, k, s, p: (n + p - k) % s, "both sides"),
    (chapter_03.check_left_over, lambda n, k, s, p: (n - k) % s, "the padding is part"),
    (chapter_03.check_left_over, lambda n, k, s, p: (n + 2 * p - k) // s, "how many steps fit"),
    (chapter_03.check_left_over, lambda n, k, s, p: n % s, "before any step"),
    (chapter_03.check_left_over, lambda n, k, s, p: -left_over(n, k, s, p) % s, "one more window"),
    (chapter_03.check_left_over, lambda n, k, s, p: (n + 2 * p - k) / s, "whole numbers"),
    (chapter_03.check_left_over, lambda n, k, s, p: 0, "as far as it goes"),
    (chapter_03.check_lost, lambda n, k, s, p: max(left_over(n, k, s, p) - p, 0), None),
    (chapter_03.check_lost, left_over, "padding, not pixels"),
    (chapter_03.check_lost, lambda n, k, s, p: left_over(n, k, s, p) - p, "fewer than none"),
    (chapter_03.check_lost, lambda n, k, s, p: max(left_over(n, k, s, p) - 2 * p, 0), "count it once"),
    (chapter_03.check_lost, lambda n, k, s, p: 0 if p else left_over(n, k, s, p), "pixels of X too"),
    (chapter_03.check_lost, lambda n, k, s, p: 1, "how many of these"),
    (chapter_03.check_sizes, sizes_for, None),
    (chapter_03.check_sizes, lambda o, k, s: [(o - 1) * s + k], "that is the smallest"),
    (chapter_03.check_sizes, lambda o, k, s: range((o - 1) * s + k, o * s + k + 1), "gives 5 outputs"),
    (chapter_03.check_sizes, lambda o, k, s: range(o * s, o * s + s), "gives 3 outputs"),
    (chapter_03.check_sizes, lambda o, k, s: sizes_for(o, k, s)[:-1] or [o + k - 1], "that is the smallest"),
    (chapter_03.check_sizes, lambda o, k, s: sizes_for(o, k, s)[1:] or [o + k - 1], "there are more"),
    (chapter_03.check_sizes, lambda o, k, s: [k - 1], "gives 0 outputs"),
    (chapter_03.check_filter_gradient, trimmed_filter_gradient, None),
    (chapter_03.check_filter_gradient, trimmed_in_place, "your function changes X, which"),
    (chapter_03.check_filter_gradient, lambda g, X, shape, s: convolve(X, dilate(g, s)), "not trimmed"),
    (chapter_03.check_filter_gradient, lambda g, X, shape, s: convolve(X, g), "dilate it first"),
    (chapter_03.check_filter_gradient, trimmed_at_the_wrong_end, "at the wrong end"),
    (chapter_03.check_filter_gradient, trimmed_by_a_negative_slice, "holds nothing"),
    (chapter_03.check_filter_gradient, lambda *call: trimmed_filter_gradient(*call)[::-1, ::-1], "nothing is turned"),
    (chapter_03.check_filter_gradient, lambda *call: trimmed_filter_gradient(*call)[0], "has the shape of F"),
    (chapter_03.check_filter_gradient, lambda *call: 2 * trimmed_filter_gradient(*call), "the values are not"),
    (chapter_03.check_input_gradient, pasted_input_gradient, None),
    (
        chapter_03.check_input_gradient,
        lambda g, shape, F, s: convolve(dilate(g, s), F[::-1, ::-1], full_convolve=True),
        "the strip is missing",
    ),
    (chapter_03.check_input_gradient, lambda *call: pasted_input_gradient(*call, corner="last"), "wrong end"),
    (
        chapter_03.check_input_gradient,
        lambda g, n, F, s: pasted_input_gradient(g, n, F[::-1, ::-1], s),
        "wrong way round",
    ),
    (
        chapter_03.check_input_gradient,
        lambda g, shape, F, s: convolve(g, F[::-1, ::-1], full_convolve=True),
        "dilate it first",
    ),
    (chapter_03.check_input_gradient, lambda *call: pasted_input_gradient(*call).T, "has the shape of X"),
    (chapter_03.check_input_gradient, lambda *call: pasted_input_gradient(*call) + 1, "dC/dX[0, 0] should be"),
]
