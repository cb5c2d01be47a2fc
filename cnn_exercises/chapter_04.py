"""Checks of chapter 04: pooling by loops, an argmax mask, min from max, and the backward passes of max and mean."""

from functools import partial

import numpy as np

from cnn_core import pool2d_backward, pool2d_forward

from .feedback import compare, exercise_check, first_difference, reason_for, same
from .results import array_in, result_of

CALLS = [((4, 6), 2, 2), ((6, 5), 3, 1), ((7, 8), 3, 2), ((8, 7), 2, 3)]  # (X's shape, pool_size, stride)
MODES = ("max", "mean", "min")
WINDOWS = [[[1, 4], [0, 2]], [[-3, -1, -2]], [[2, 0], [2, 0]], [[0, 5, 5], [1, 5, 0]], [[3, 3], [3, 3]]]


def _forward(X, k, stride, mode="max"):
    return pool2d_forward(X[None, None], k, stride, mode=mode)[0, 0]


def _backward(dC_dO, X, k, stride, mode="max"):
    return pool2d_backward(dC_dO[None, None], X[None, None], k, stride, mode=mode)[0, 0]


def _image(rng, shape):
    """Return integers, some below zero, with many ties."""
    return rng.integers(-6, 3, shape).astype(float)


@exercise_check
def check_pool(answer):
    """Check a function (X (H, W), k, stride, mode) -> the output of pooling with windows of k by k."""
    rng, given = np.random.default_rng(0), "for X {0.shape}, k = {1}, stride {2} and {3!r}: "
    calls = [(_image(rng, shape), k, stride, mode) for shape, k, stride in CALLS for mode in MODES]
    return compare(answer, calls, _forward, given, _why_pooled)


def _why_pooled(found, right, X, k, stride, mode):
    if found.shape == tuple(length // k for length in X.shape) != right.shape:
        return "you cut X into blocks. How many windows there are is the stride's business: (size - k) // stride + 1."
    if found.shape == _forward(X, k, 1).shape != right.shape:
        return "the output has as many cells as at stride 1. The stride makes it smaller."
    if found.shape != right.shape:
        return f"the output should have shape {right.shape}, yours has {found.shape}."
    at_one = _forward(X, k, 1, mode)[: right.shape[0], : right.shape[1]]
    if same(found, at_one):
        return "the shape is right, but your window moves by one pixel: its corner is at row · stride, column · stride."
    for other in MODES:
        if same(found, _forward(X, k, stride, other)):
            return f"this is what {other!r} gives."
    if same(found, right * k * k):
        return "this is the sum of the window; the mean divides it by the number of its pixels."
    if mode == "max" and same(found, np.maximum(right, 0)):
        return "you start from 0, and all pixels of a window may be below 0."
    return first_difference("O", found, right)


@exercise_check
def check_mask(answer):
    """Check a function window -> an array of its shape, 1 at the first maximum and 0 elsewhere."""
    for numbers in WINDOWS:
        window = np.array(numbers, dtype=float)
        right = np.zeros(window.shape)
        right[np.unravel_index(window.argmax(), window.shape)] = 1
        found = array_in(result_of(answer, window))
        if found.shape != right.shape:
            return f"the mask of a window {window.shape} should have the same shape, yours has {found.shape}."
        if (found != right).any():
            return f"for the window {numbers}: {_why_masked(found.astype(float), window, right)}"
    return None


def _why_masked(found, window, right):
    if (found == (window == window.max())).all():
        return "you mark every pixel that is tied. Only the first in reading order counts."
    if (found == right * window).all():
        return "a mask holds 1 at the maximum, not its value."
    if found.sum() == 1 and window[found == 1].item() == window.max():
        return "you mark a tied pixel, but not the first one in reading order."
    if found.sum() == 1 and window[found == 1].item() == window.min():
        return "you mark the smallest pixel, not the largest."
    return f"the mask should hold a single 1, at the maximum; yours adds up to {found.sum():g}."


@exercise_check
def check_min(answer):
    """Check a function (X, largest) -> min pooling of X, computed by `largest`, a function for max pooling."""
    X = _image(np.random.default_rng(0), (4, 6))
    calls = []

    def largest(array):
        calls.append(array)
        return _forward(np.asarray(array, dtype=float), 2, 2)

    found, right = array_in(result_of(answer, X, largest)), _forward(X, 2, 2, "min")
    if not calls:
        return "your function never calls largest. It should do its work with it alone."
    if found.shape != right.shape:
        return f"the output should have shape {right.shape}, yours has {found.shape}."
    if same(found, right):
        return None
    reasons = [
        (largest(X), "this is the maximum itself. Turn the order around before you ask for the largest."),
        (-right, "the sign: you asked for the largest of -X. What does that say about X?"),
        (-largest(X), "you turn the maximum's sign around, but you asked for the largest of X, not of -X."),
    ]
    return reason_for(found, reasons, first_difference("O", found, right))


@exercise_check
def check_max_backward(answer):
    """Check a function (dC_dO, X, k, stride) -> dC_dX of max pooling."""
    return _mistake_backward(answer, "max", _mistakes_of_max)


@exercise_check
def check_mean_backward(answer):
    """Check a function (dC_dO, X, k, stride) -> dC_dX of mean pooling."""
    return _mistake_backward(answer, "mean", _mistakes_of_mean)


def _mistake_backward(answer, mode, mistakes):
    def why(found, right, *call):
        if found.shape != right.shape:
            return f"dC/dX should have the shape of X, {right.shape}; yours has {found.shape}."
        return reason_for(found, mistakes(right, *call), first_difference("dC/dX", found, right))

    rng, given = np.random.default_rng(0), "for X {1.shape}, k = {2} and stride {3}: "
    images = [(_image(rng, shape), k, stride) for shape, k, stride in CALLS]
    calls = [(rng.integers(1, 9, _forward(*each).shape).astype(float), *each) for each in images]
    return compare(answer, calls, partial(_backward, mode=mode), given, why)


def _mistakes_of_max(right, dC_dO, X, k, stride):
    overwritten, tied, ones = np.zeros(X.shape), np.zeros(X.shape), np.zeros(X.shape)
    for output, pixels in _windows(dC_dO, k, stride):
        argmax = np.unravel_index(X[pixels].argmax(), (k, k))
        overwritten[pixels][argmax] = dC_dO[output]
        ones[pixels][argmax] += 1
        tied[pixels] += (X[pixels] == X[pixels].max()) * dC_dO[output]
    return [
        (overwritten, "a pixel that is the maximum of two windows gets both gradients: add, do not assign."),
        (tied, "every tied pixel gets the gradient in yours. Only the first in reading order gets it."),
        (ones, "you count the windows of which a pixel is the maximum; each of them is worth dC/dO of its window."),
        (_backward(dC_dO, X, k, stride, "min"), "the smallest pixel gets the gradient in yours."),
        (_backward(dC_dO, X, k, stride, "mean"), "you share among all pixels of the window, as a mean does."),
    ]


def _mistakes_of_mean(right, dC_dO, X, k, stride):
    overwritten = np.zeros(X.shape)
    for output, pixels in _windows(dC_dO, k, stride):
        overwritten[pixels] = dC_dO[output] / k**2
    return [
        (right * k * k, "divide: each pixel moves the mean by only one part in k · k."),
        (right * k, "the window has k · k pixels, not k."),
        (overwritten, "where windows overlap, a pixel gets a part from each of them: add, do not assign."),
        (_backward(dC_dO, X, k, stride), "the largest pixel alone gets it in yours; in a mean all pixels have a part."),
    ]


def _windows(dC_dO, k, stride):
    """Yield the index of each output, and the slices of its window in X."""
    for index in np.ndindex(dC_dO.shape):
        yield index, tuple(slice(start * stride, start * stride + k) for start in index)
