"""Chapter 04, pooling: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_exercises import chapter_04

REDUCE = {"max": np.max, "mean": np.mean, "min": np.min}


def block(index, k, stride):
    return tuple(slice(start * stride, start * stride + k) for start in index)


def pooled(X, k, stride, mode, reduce=None):
    shape = [(length - k) // stride + 1 for length in X.shape]
    O = np.zeros(shape)
    for index in np.ndindex(O.shape):
        O[index] = (reduce or REDUCE[mode])(X[block(index, k, stride)])
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


def backward_by(share, add=True, gradient=True):
    """Return a backward pass in which share(window) is the part of the gradient that each pixel gets."""

    def backward(dC_dO, X, k, stride):
        dC_dX = np.zeros(X.shape)
        for index in np.ndindex(dC_dO.shape):
            pixels = block(index, k, stride)
            part = share(X[pixels]) * (dC_dO[index] if gradient else 1)
            dC_dX[pixels] = np.where(part != 0, part, dC_dX[pixels]) if not add else dC_dX[pixels] + part
        return dC_dX

    return backward


def shared(window):
    return np.full(window.shape, 1 / window.size)


def backward_in_place(dC_dO, X, k, stride):
    dC_dO *= 2
    return backward_by(first)(dC_dO / 2, X, k, stride)


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
    (chapter_04.check_pool, pooled_in_place, "your function changes X, which"),
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
    (chapter_04.check_max_backward, backward_by(first), None),
    (chapter_04.check_max_backward, backward_by(first, add=False), "add, do not assign"),
    (chapter_04.check_max_backward, backward_by(lambda w: (w == w.max()) * 1.0), "every tied pixel"),
    (chapter_04.check_max_backward, backward_by(first, gradient=False), "worth dC/dO"),
    (chapter_04.check_max_backward, backward_by(lambda w: first(-w)), "the smallest pixel"),
    (chapter_04.check_max_backward, backward_by(shared), "as a mean does"),
    (chapter_04.check_max_backward, backward_by(last), "should be"),
    (chapter_04.check_max_backward, lambda dC_dO, X, k, stride: dC_dO, "the shape of X"),
    (chapter_04.check_max_backward, backward_in_place, "your function changes dC_dO, which"),
    (chapter_04.check_max_backward, lambda dC_dO, X, k, stride: None, "end in a return"),
    (chapter_04.check_mean_backward, backward_by(shared), None),
    (chapter_04.check_mean_backward, backward_by(np.ones_like), "divide"),
    (chapter_04.check_mean_backward, backward_by(lambda w: np.ones(w.shape) / len(w)), "not k"),
    (chapter_04.check_mean_backward, backward_by(shared, add=False), "a part from each"),
    (chapter_04.check_mean_backward, backward_by(first), "the largest pixel alone"),
    (chapter_04.check_mean_backward, lambda dC_dO, X, k, stride: X, "should be"),
]
