"""The checks of chapter 04: pooling by loops, a mask, min from max, and the way back through max and mean."""

import numpy as np

from cnn_core import pool2d_backward, pool2d_forward

from .verdict import first_difference, result_of, spoken, untouched

CALLS = [((4, 6), 2, 2), ((6, 5), 3, 1), ((7, 8), 3, 2), ((8, 7), 2, 3)]  # (X's shape, pool_size, stride)
MODES = ("max", "mean", "min")
WINDOWS = [[[1, 4], [0, 2]], [[-3, -1, -2]], [[2, 0], [2, 0]], [[0, 5, 5], [1, 5, 0]], [[3, 3], [3, 3]]]


def _forward(X, k, stride, mode="max"):
    return pool2d_forward(X[None, None], k, stride, mode=mode)[0, 0]


def _backward(dC_dO, X, k, stride, mode="max"):
    return pool2d_backward(dC_dO[None, None], X[None, None], k, stride, mode=mode)[0, 0]


def _image(rng, shape):
    """Return whole numbers, some below zero, in which many are tied."""
    return rng.integers(-6, 3, shape).astype(float)


@spoken
def check_pool(answer):
    """Find the fault of a function (X (H, W), k, stride, mode) -> what pooling with windows of k by k gives."""
    rng = np.random.default_rng(0)
    for shape, k, stride in CALLS:
        for mode in MODES:
            X = _image(rng, shape)
            right = _forward(X, k, stride, mode)
            found = np.asarray(untouched(answer, X, k, stride, mode, given="the array"))
            if found.shape != right.shape or not np.allclose(found, right, atol=1e-9):
                return f"for X {shape}, k = {k}, stride {stride} and {mode!r}: {_why_pooled(found, X, k, stride, mode)}"
    return None


def _why_pooled(found, X, k, stride, mode):
    right = _forward(X, k, stride, mode)
    if found.shape == tuple(length // k for length in X.shape) != right.shape:
        return "you cut X into blocks. How many windows there are is the stride's business: (size - k) // stride + 1."
    if found.shape == _forward(X, k, 1).shape != right.shape:
        return "the output has as many cells as at stride 1. The stride makes it smaller."
    if found.shape != right.shape:
        return f"the output should have shape {right.shape}, yours has {found.shape}."
    at_one = _forward(X, k, 1, mode)[: right.shape[0], : right.shape[1]]
    if found.shape == at_one.shape and np.allclose(found, at_one):
        return "the shape is right, but your window moves by one pixel: its corner is at row · stride, column · stride."
    for other in MODES:
        if np.allclose(found, _forward(X, k, stride, other)):
            return f"this is what {other!r} gives."
    if np.allclose(found, right * k * k):
        return "this is the sum of the window; the mean divides it by the number of its pixels."
    if mode == "max" and np.allclose(found, np.maximum(right, 0)):
        return "you start from 0, and all pixels of a window may be below 0."
    return first_difference("O", found, right)


@spoken
def check_mask(answer):
    """Find the fault of a function window -> an array of its shape: 1 where the winner of a maximum is, else 0."""
    for numbers in WINDOWS:
        window = np.array(numbers, dtype=float)
        right = np.zeros(window.shape)
        right[np.unravel_index(window.argmax(), window.shape)] = 1
        found = np.asarray(result_of(answer, window))
        if found.shape != right.shape:
            return f"the mask of a window {window.shape} should have the same shape, yours has {found.shape}."
        if (found != right).any():
            return f"for the window {numbers}: {_why_masked(found.astype(float), window, right)}"
    return None


def _why_masked(found, window, right):
    if (found == (window == window.max())).all():
        return "you mark every pixel that is tied. Only the first in reading order wins."
    if (found == right * window).all():
        return "a mask holds 1 for the winner, not its value."
    if found.sum() == 1 and window[found == 1].item() == window.max():
        return "you mark a tied pixel, but not the first one in reading order."
    if found.sum() == 1 and window[found == 1].item() == window.min():
        return "you mark the smallest pixel, not the largest."
    return f"the mask should hold a single 1, for the winner; yours adds up to {found.sum():g}."


@spoken
def check_min(answer):
    """Find the fault of a function (X, largest) -> min pooling of X, made from a function `largest` for max pooling."""
    X = _image(np.random.default_rng(0), (4, 6))
    asked = []

    def largest(array):
        asked.append(array)
        return _forward(np.asarray(array, dtype=float), 2, 2)

    found, right = np.asarray(result_of(answer, X, largest)), _forward(X, 2, 2, "min")
    if not asked:
        return "your function never calls largest. It should do its work with it alone."
    if found.shape != right.shape:
        return f"the output should have shape {right.shape}, yours has {found.shape}."
    if (found == right).all():
        return None
    reasons = [
        (largest(X), "this is the maximum itself. Turn the order around before you ask for the largest."),
        (-right, "the sign: you asked for the largest of -X. What does that say about X?"),
        (-largest(X), "you turn the maximum's sign around, but you asked for the largest of X, not of -X."),
    ]
    whys = [why for other, why in reasons if (found == other).all()]
    return whys[0] if whys else f"O[0, 0] should be {right[0, 0]:g}, yours is {found[0, 0]:g}."


@spoken
def check_max_backward(answer):
    """Find the fault of a function (dC_dO, X, k, stride) -> dC_dX of max pooling."""
    return _fault_backward(answer, "max", _why_paid)


@spoken
def check_mean_backward(answer):
    """Find the fault of a function (dC_dO, X, k, stride) -> dC_dX of mean pooling."""
    return _fault_backward(answer, "mean", _why_shared)


def _fault_backward(answer, mode, why):
    rng = np.random.default_rng(0)
    for shape, k, stride in CALLS:
        X = _image(rng, shape)
        dC_dO = rng.integers(1, 9, _forward(X, k, stride).shape).astype(float)
        right = _backward(dC_dO, X, k, stride, mode)
        found = np.asarray(untouched(answer, dC_dO, X, k, stride))
        if found.shape != right.shape:
            return f"dC/dX should have the shape of X, {right.shape}; yours has {found.shape}."
        if not np.allclose(found, right, atol=1e-9):
            return f"for X {shape}, k = {k} and stride {stride}: {why(found, right, dC_dO, X, k, stride)}"
    return None


def _why_paid(found, right, dC_dO, X, k, stride):
    windows = [(place, _place(place, k, stride)) for place in np.ndindex(dC_dO.shape)]
    overwritten, tied, ones = np.zeros(X.shape), np.zeros(X.shape), np.zeros(X.shape)
    for place, pixels in windows:
        winner = np.unravel_index(X[pixels].argmax(), (k, k))
        overwritten[pixels][winner] = dC_dO[place]
        ones[pixels][winner] += 1
        tied[pixels] += (X[pixels] == X[pixels].max()) * dC_dO[place]
    mistakes = [
        (overwritten, "a pixel that wins twice is paid twice: add, do not assign."),
        (tied, "you pay every tied pixel. Only the first in reading order is paid."),
        (ones, "you count who won how often; each win is worth dC/dO of its window."),
        (_backward(dC_dO, X, k, stride, "min"), "you pay the smallest pixel."),
        (_backward(dC_dO, X, k, stride, "mean"), "you share among all pixels of the window, as a mean does."),
    ]
    return _why_of(found, right, mistakes)


def _why_shared(found, right, dC_dO, X, k, stride):
    overwritten = np.zeros(X.shape)
    for place in np.ndindex(dC_dO.shape):
        overwritten[_place(place, k, stride)] = dC_dO[place] / k**2
    mistakes = [
        (right * k * k, "divide: each pixel moves the mean by only one part in k · k."),
        (right * k, "the window has k · k pixels, not k."),
        (overwritten, "where windows overlap, a pixel gets a part from each of them: add, do not assign."),
        (_backward(dC_dO, X, k, stride), "you pay the largest pixel alone; in a mean all pixels have a part."),
    ]
    return _why_of(found, right, mistakes)


def _why_of(found, right, mistakes):
    for mistake, why in mistakes:
        if np.allclose(found, mistake, atol=1e-9):
            return why
    return first_difference("dC/dX", found, right)


def _place(place, k, stride):
    return tuple(slice(start * stride, start * stride + k) for start in place)
