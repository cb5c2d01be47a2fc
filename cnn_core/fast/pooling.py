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
    dC_dX[...] = 0
    if mode == "mean":
        return _divide_among_pixels(dC_dO, dC_dX, plan)
    O = _fold_windows(X, plan, mode, buffers) if O is None else O
    return _route_to_argmax(dC_dO, X, O, dC_dX, plan, buffers)


def _fold_windows(X, plan, mode, buffers):
    """Return the largest or smallest pixel or the sum of every window: (N, C, H_out, W_out)."""
    start, fold = FOLD[mode]
    folded = buffers.batch("O", (*X.shape[:2], *plan.output), X.dtype)
    folded[...] = start
    for windows, pixels in _offset_slices(plan, X.shape[2:]):
        fold(folded[windows], X[pixels], out=folded[windows])
    return folded


def _divide_among_pixels(dC_dO, dC_dX, plan):
    """Return dC_dX of mean pooling: each pixel of a window gets an equal part of its gradient."""
    parts = dC_dO / _pixel_counts(plan, dC_dX)
    for windows, pixels in reversed(_offset_slices(plan, dC_dX.shape[2:])):  # the order in which the loop adds
        dC_dX[pixels] += parts[windows]
    return dC_dX


def _route_to_argmax(dC_dO, X, O, dC_dX, plan, buffers):
    """Return dC_dX of max and min pooling: the first pixel equal to the output of its window gets the gradient."""
    unrouted, routed = buffers.batch("unrouted", O.shape, bool), buffers.batch("routed", O.shape, dC_dO.dtype)
    unrouted[...] = True
    overlap, nan = any(s < k for s, k in zip(plan.stride, plan.kernel, strict=True)), np.isnan(O).any()
    for windows, pixels in _offset_slices(plan, X.shape[2:]):
        chosen = X[pixels] == O[windows]
        if nan:
            chosen |= np.isnan(X[pixels])
        chosen &= unrouted[windows]
        unrouted[windows] ^= chosen
        if overlap:
            dC_dX[pixels] += masked(dC_dO[windows], chosen, out=routed[windows])
        else:
            masked(dC_dO[windows], chosen, out=dC_dX[pixels])
    return dC_dX


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
