"""The optimised pooling: a loop over the few kernel offsets of a window in place of the many windows.

Shapes      As in cnn_core/pooling.py; `plan` is a Geometry.
Reference   pool2d_forward_loop and pool2d_backward_loop; tests/test_pooling.py holds them equal.
Chapter     09.
"""

import itertools

import numpy as np

from ..shapes import kernel_offsets
from .buffers import FRESH, masked

# The initial value and the operation of the fold over the pixels of a window.
FOLD = {"max": (-np.inf, np.maximum), "min": (np.inf, np.minimum), "mean": (0.0, np.add)}


def forward(X, plan, mode, buffers):
    """Return the largest, mean or smallest pixel of every window."""
    O = _fold_windows(X, plan, mode, buffers)
    return np.divide(O, _pixel_counts(plan, X), out=O) if mode == "mean" else O


def backward(dC_dO, X, O, plan, mode, buffers):
    """Return dC_dX; O is the output of the forward pass, or None where it has to be computed again."""
    dC_dX = buffers.batch("dC_dX", X.shape, dC_dO.dtype)
    if mode == "mean":
        return _divide_among_pixels(dC_dO, dC_dX, plan)
    O = _fold_windows(X, plan, mode, buffers) if O is None else O
    return _route_to_argmax(dC_dO, X, O, dC_dX, plan, buffers)


def _fold_windows(X, plan, mode, buffers):
    """Return the largest or smallest pixel or the sum of every window: (N, C, H_out, W_out)."""
    start, fold = FOLD[mode]
    folded = buffers.batch("O", (*X.shape[:2], *plan.output), X.dtype)
    if padded := any(map(any, plan.padding)):  # an offset then has pixels of some windows only
        folded[...] = start
    for number, (windows, pixels) in enumerate(_offset_slices(plan, X.shape[2:])):
        fold(folded[windows] if padded or number else start, X[pixels], out=folded[windows])
    return folded


def _divide_among_pixels(dC_dO, dC_dX, plan):
    """Return dC_dX of mean pooling: each pixel of a window gets an equal part of its gradient."""
    dC_dX[...] = 0
    parts = dC_dO / _pixel_counts(plan, dC_dX)
    for windows, pixels in reversed(_offset_slices(plan, dC_dX.shape[2:])):  # the order in which the loop adds
        dC_dX[pixels] += parts[windows]
    return dC_dX


def _route_to_argmax(dC_dO, X, O, dC_dX, plan, buffers):
    """Return dC_dX of max and min pooling: the first pixel equal to the output of its window gets the gradient."""
    unrouted, nan = buffers.batch("unrouted", O.shape, bool), np.isnan(O).any()
    unrouted[...] = True
    overlap = any(s < k for s, k in zip(plan.stride, plan.kernel, strict=True))
    if plan.stride != plan.kernel or any(map(any, plan.padding)) or any(plan.excluded):
        dC_dX[...] = 0  # elsewhere each pixel has one window, which writes to it
    *earlier, last = _offset_slices(plan, X.shape[2:])
    for windows, pixels in earlier:
        chosen = X[pixels] == O[windows]
        if nan:
            chosen |= np.isnan(X[pixels])
        chosen &= unrouted[windows]
        unrouted[windows] ^= chosen
        _route(dC_dO[windows], chosen, dC_dX[pixels], overlap)
    _route(dC_dO[last[0]], unrouted[last[0]], dC_dX[last[1]], overlap)  # what is left needs no comparison
    return dC_dX


def _route(gradient, chosen, pixels, overlap):
    """Add the gradient to the pixels where it is chosen; without overlap nothing was there before."""
    if overlap:
        pixels += masked(gradient, chosen, out=np.empty_like(gradient))
    else:
        masked(gradient, chosen, out=pixels)


def _pixel_counts(plan, X):
    """Return how many pixels of X, padding excluded, lie under each window: (1, 1, H_out, W_out)."""
    return _fold_windows(np.ones((1, 1, *X.shape[2:]), X.dtype), plan, "mean", FRESH)


def _offset_slices(plan, size):
    """Return, for each offset in the kernel in row-major order, two indices: of the windows that have a pixel of X at
    that offset, and of these pixels.
    """
    sides = zip(size, plan.kernel, plan.stride, plan.padding, plan.output, strict=True)
    pairs = itertools.product(*(kernel_offsets(*side) for side in sides))
    return [((..., w_r, w_c), (..., p_r, p_c)) for (w_r, p_r), (w_c, p_c) in pairs]
