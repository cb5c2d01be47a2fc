"""Chapter 04, pooling: the answers to its exercises, and mistakes with what is said of them."""

import numpy as np

from cnn_exercises import chapter_04

REDUCE = {"max": np.max, "mean": np.mean, "min": np.min}


def block(place, k, stride):
    return tuple(slice(start * stride, start * stride + k) for start in place)


def pooled(X, k, stride, mode, reduce=None):
    shape = [(length - k) // stride + 1 for length in X.shape]
    O = np.zeros(shape)
    for place in np.ndindex(O.shape):
        O[place] = (reduce or REDUCE[mode])(X[block(place, k, stride)])
    return O


def pooled_in_place(X, k, stride, mode):
    X[0, 0] += 1
    return pooled(X, k, stride, mode)


def cut(O, X, k, stride):
    return O[: (X.shape[0] - k) // stride + 1, : (X.shape[1] - k) // stride + 1]


def first(window):
    mask = np.zeros(window.shape)
    mask[np.unravel_index(window.argmax(), window.shape)] = 1
    return mask


def last(window):
    return first(window[::-1, ::-1])[::-1, ::-1]


def gone_back(share, add=True, gradient=True):
    """Return a way back in which share(window) says what part of its gradient each pixel gets."""

    def backward(dC_dO, X, k, stride):
        dC_dX = np.zeros(X.shape)
        for place in np.ndindex(dC_dO.shape):
            pixels = block(place, k, stride)
            part = share(X[pixels]) * (dC_dO[place] if gradient else 1)
            dC_dX[pixels] = np.where(part != 0, part, dC_dX[pixels]) if not add else dC_dX[pixels] + part
        return dC_dX

    return backward


def shared(window):
    return np.full(window.shape, 1 / window.size)


def changing_back(dC_dO, X, k, stride):
    dC_dO *= 2
    return gone_back(first)(dC_dO / 2, X, k, stride)


CHECKS = [
    (chapter_04.check_pool, pooled, None),
    (chapter_04.check_pool, lambda X, k, stride, mode: pooled(X, k, 1, mode), "as many cells as at stride 1"),
    (chapter_04.check_pool, lambda X, k, stride, mode: pooled(X, k, k, mode), "cut X into blocks"),
    (chapter_04.check_pool, lambda X, k, stride, mode: cut(pooled(X, k, 1, mode), X, k, stride), "moves by one pixel"),
    (chapter_04.check_pool, lambda X, k, stride, mode: pooled(X, k, stride, "max"), "what 'max' gives"),
    (chapter_04.check_pool, lambda X, k, stride, mode: pooled(X, k, stride, mode)[1:], "should have shape"),
    (
        chapter_04.check_pool,
        lambda X, k, stride, mode: pooled(X, k, stride, mode, np.sum if mode == "mean" else None),
        "the sum of the window",
    ),
    (
        chapter_04.check_pool,
        lambda X, k, stride, mode: pooled(X, k, stride, mode, (lambda w: max(w.max(), 0)) if mode == "max" else None),
        "start from 0",
    ),
    (chapter_04.check_pool, lambda X, k, stride, mode: pooled(X, k, stride, mode) + 1, "O[0, 0] should be"),
    (chapter_04.check_pool, pooled_in_place, "changes the array"),
    (chapter_04.check_pool, lambda X, k, stride, mode: None, "end in a return"),
    (chapter_04.check_mask, first, None),
    (chapter_04.check_mask, lambda window: window == window.max(), "every pixel that is tied"),
    (chapter_04.check_mask, last, "not the first one"),
    (chapter_04.check_mask, lambda window: first(-window), "the smallest pixel"),
    (chapter_04.check_mask, lambda window: first(window) * window, "not its value"),
    (chapter_04.check_mask, lambda window: first(window).ravel(), "same shape"),
    (chapter_04.check_mask, np.zeros_like, "a single 1"),
    (chapter_04.check_mask, lambda window: None, "end in a return"),
    (chapter_04.check_min, lambda X, largest: -largest(-X), None),
    (chapter_04.check_min, lambda X, largest: largest(-X), "the sign"),
    (chapter_04.check_min, lambda X, largest: -largest(X), "not of -X"),
    (chapter_04.check_min, lambda X, largest: largest(X), "the maximum itself"),
    (chapter_04.check_min, lambda X, largest: pooled(X, 2, 2, "min"), "never calls largest"),
    (chapter_04.check_min, lambda X, largest: largest(-X)[1:], "should have shape"),
    (chapter_04.check_min, lambda X, largest: 1 - largest(-X), "O[0, 0] should be"),
    (chapter_04.check_min, lambda X, largest: None, "end in a return"),
    (chapter_04.check_max_backward, gone_back(first), None),
    (chapter_04.check_max_backward, gone_back(first, add=False), "add, do not assign"),
    (chapter_04.check_max_backward, gone_back(lambda w: (w == w.max()) * 1.0), "every tied pixel"),
    (chapter_04.check_max_backward, gone_back(first, gradient=False), "worth dC/dO"),
    (chapter_04.check_max_backward, gone_back(lambda w: first(-w)), "the smallest pixel"),
    (chapter_04.check_max_backward, gone_back(shared), "as a mean does"),
    (chapter_04.check_max_backward, gone_back(last), "should be"),
    (chapter_04.check_max_backward, lambda dC_dO, X, k, stride: dC_dO, "the shape of X"),
    (chapter_04.check_max_backward, changing_back, "changes an array"),
    (chapter_04.check_max_backward, lambda dC_dO, X, k, stride: None, "end in a return"),
    (chapter_04.check_mean_backward, gone_back(shared), None),
    (chapter_04.check_mean_backward, gone_back(np.ones_like), "divide"),
    (chapter_04.check_mean_backward, gone_back(lambda w: np.ones(w.shape) / len(w)), "not k"),
    (chapter_04.check_mean_backward, gone_back(shared, add=False), "a part from each"),
    (chapter_04.check_mean_backward, gone_back(first), "the largest pixel alone"),
    (chapter_04.check_mean_backward, lambda dC_dO, X, k, stride: X, "should be"),
]
