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


def backward(dC_dO, X, plan, mode, buffers, fused=None):
    """Return dC_dX; where `fused`, through the ReLU after pooling too, written over X (see replica.py)."""
    dC_dX = _without_excluded(X, plan) if fused else buffers.batch("dC_dX", X.shape, dC_dO.dtype)
    if mode == "mean" or _windows_overlap(plan):
        dC_dX[...] = 0  # else a pixel has one window, which writes to it, or none, and stays 0
    if mode == "mean":
        return _divide_among_pixels(dC_dO, dC_dX, plan)
    # Cached buffers still hold the output of the forward pass.
    O = buffers.batch("O", dC_dO.shape, X.dtype) if buffers.is_cached else _fold_windows(X, plan, mode, buffers)
    return _route_to_argmax(dC_dO, X, O, dC_dX, plan, buffers, fused)


def _without_excluded(X, plan):
    """Return X, its excluded pixels set to 0. The windows lie side by side."""
    for axis, (windows, stride, (before, _)) in enumerate(zip(plan.output, plan.stride, plan.padding, strict=True)):
        X.swapaxes(0, 2 + axis)[windows * stride - before :] = 0
    return X


def _windows_overlap(plan):
    return any(s < k for s, k in zip(plan.stride, plan.kernel, strict=True))


def _fold_windows(X, plan, mode, buffers):
    """Return the largest or smallest pixel or the sum of every window: (N, C, H_out, W_out)."""
    start, fold = FOLD[mode]
    folded = buffers.batch("O", (*X.shape[:2], *plan.output), X.dtype)
    parts = buffers.views("folded", lambda X, O: _parts(plan, [X], [O]), X, folded)
    if any(map(any, plan.padding)) or len(parts) == 1:  # an offset has pixels of some windows only, or is the only one
        folded[...] = start
    else:
        (first, _), (second, windows), *parts = parts
        fold(first, second, out=windows)
    for pixels, windows in parts:
        fold(windows, pixels, out=windows)
    return folded


def _divide_among_pixels(dC_dO, dC_dX, plan):
    """Return dC_dX of mean pooling: each pixel of a window gets an equal part of its gradient."""
    shares = dC_dO / _pixel_counts(plan, dC_dX)
    for pixels, windows in reversed(_parts(plan, [dC_dX], [shares])):  # the order in which the loop adds
        pixels += windows
    return dC_dX


def _route_to_argmax(dC_dO, X, O, dC_dX, plan, buffers, fused):
    """Return dC_dX of max and min pooling: the first pixel equal to the output of its window gets the gradient.

    Where `fused`, ReLU has been written over O, and no pixel gets the gradient of a window whose output is not above 0.
    """
    unrouted, overlap = buffers.batch("unrouted", O.shape, bool), _windows_overlap(plan)
    routed = buffers.batch("routed", O.shape, dC_dO.dtype) if overlap else unrouted
    np.greater(O, 0, out=unrouted) if fused else unrouted.fill(True)
    is_output = (lambda A, B: (A == B) | np.isnan(A)) if not fused and np.isnan(O).any() else np.equal
    arrays = X, dC_dX, O, dC_dO, unrouted, routed
    parts = buffers.views("routes", lambda X, dC_dX, *others: _parts(plan, [X, dC_dX], others), *arrays)
    for pixels, gradients, output, dC_dO, chosen, routed in parts:
        if pixels is not parts[-1][0]:  # the last pixel takes the windows that are left
            left, chosen = chosen, is_output(pixels, output) & chosen
            left ^= chosen
        masked(dC_dO, chosen, out=routed if overlap else gradients)
        if overlap:
            gradients += routed
    return dC_dX


def _pixel_counts(plan, X):
    """Return how many pixels of X, padding excluded, lie under each window: (1, 1, H_out, W_out)."""
    return _fold_windows(np.ones((1, 1, *X.shape[2:]), X.dtype), plan, "mean", FRESH)


def _parts(plan, of_pixels, of_windows):
    """Return, for each offset in the kernel in row-major order, the part of each array at that offset, as views.

    Of arrays (N, C, H, W) these are the pixels, of arrays (N, C, H_out, W_out) the windows that have a pixel there.
    """
    sides = zip(of_pixels[0].shape[2:], plan.kernel, plan.stride, plan.padding, plan.output, strict=True)
    offsets = itertools.product(*(kernel_offsets(*side) for side in sides))
    indices = [((..., p_r, p_c), (..., w_r, w_c)) for (w_r, p_r), (w_c, p_c) in offsets]
    return [(*(A[pixels] for A in of_pixels), *(A[windows] for A in of_windows)) for pixels, windows in indices]
