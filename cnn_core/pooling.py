"""Pooling: forward, backward, and the Pool2D layer.

Shapes      X (N, C, H, W), O and dC_dO (N, C, H_out, W_out); every channel is pooled by itself.
Twins       pool2d_forward_loop and pool2d_backward_loop are written to be read, pool2d_forward and pool2d_backward
            to be run: they walk the few places in a window, not the many windows; test_pooling.py holds them equal.
Rules       Padding takes no part: it never wins, and a mean does not count it. Of tied pixels the first in row-major
            order takes the whole gradient. Pixels that no window reached get exactly 0.
Story       notebooks/04_pooling.
"""

import itertools

import numpy as np

from . import checks
from .layer import Layer
from .parallel import NEW, keep
from .shapes import geometry, places

MODES = ("max", "mean", "min")
REDUCE = {"max": np.max, "mean": np.mean, "min": np.min}
ARGUMENT = {"max": np.argmax, "min": np.argmin}
# what a fold over the window's places starts from, and how it takes in one more pixel
FOLD = {"max": (-np.inf, np.maximum), "min": (np.inf, np.minimum), "mean": (0.0, np.add)}


def pool2d_forward_loop(X, pool_size=2, stride=None, padding=0, mode="max"):
    """Return what pool2d_forward returns, window by window."""
    X, plan, mode = _checked("pool2d_forward_loop", X, pool_size, stride, padding, mode)
    O = np.zeros((*X.shape[:2], *plan.output), dtype=X.dtype)
    for n, c, row, column in np.ndindex(O.shape):
        O[n, c, row, column] = REDUCE[mode](X[n, c][_window(plan, row, column)])
    return O


def pool2d_backward_loop(dC_dO, X, pool_size=2, stride=None, padding=0, mode="max"):
    """Return what pool2d_backward returns, window by window."""
    dC_dO, X, plan, mode = _checked_backward("pool2d_backward_loop", dC_dO, X, pool_size, stride, padding, mode)
    dC_dX = np.zeros(X.shape, dtype=dC_dO.dtype)
    for n, c, row, column in np.ndindex(dC_dO.shape):
        place = _window(plan, row, column)
        pixels, gradients = X[n, c][place], dC_dX[n, c][place]  # views: what is added to gradients lands in dC_dX
        if mode == "mean":
            gradients += dC_dO[n, c, row, column] / pixels.size
        else:
            winner = np.unravel_index(ARGUMENT[mode](pixels), pixels.shape)  # the first of tied pixels
            gradients[winner] += dC_dO[n, c, row, column]
    return dC_dX


def _window(plan, row, column):
    """Return the slices of X under one window, without the part of it that lies on the padding."""
    starts = [i * s - before for i, s, (before, _) in zip((row, column), plan.stride, plan.padding, strict=True)]
    return tuple(slice(max(start, 0), start + k) for start, k in zip(starts, plan.kernel, strict=True))


def pool2d_forward(X, pool_size=2, stride=None, padding=0, mode="max"):
    """Return the largest, mean or smallest pixel of every window.

    Parameters
    ----------
    X : ndarray, shape (N, C, H, W)
    pool_size : int or (int, int)
    stride : int or (int, int), optional
        The pool size where it is left out.
    padding : int, (int, int), 'valid', 'same' or 'include'
        Smaller than the pool size. It moves the windows and takes no part in their result.
    mode : 'max', 'mean' or 'min'

    Returns
    -------
    O : ndarray, shape (N, C, H_out, W_out)

    Examples
    --------
    >>> pool2d_forward(np.arange(16.0).reshape(1, 1, 4, 4))[0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    X, plan, mode = _checked("pool2d_forward", X, pool_size, stride, padding, mode)
    return _forward(X, plan, mode, NEW)


def pool2d_backward(dC_dO, X, pool_size=2, stride=None, padding=0, mode="max"):
    """Return the cost gradient with respect to the input of pooling.

    Parameters
    ----------
    dC_dO : ndarray, shape (N, C, H_out, W_out)
    X : ndarray, shape (N, C, H, W)
        The input of the forward pass.
    pool_size, stride, padding, mode
        The values used in the forward pass.

    Returns
    -------
    dC_dX : ndarray, the shape of X

    Examples
    --------
    >>> pool2d_backward(np.array([[[[3.0]]]]), np.array([[[[1.0, 2.0], [2.0, 0.0]]]]))[0, 0]
    array([[0., 3.],
           [0., 0.]])
    """
    dC_dO, X, plan, mode = _checked_backward("pool2d_backward", dC_dO, X, pool_size, stride, padding, mode)
    return _backward(dC_dO, X, plan, mode, NEW)


def _forward(X, plan, mode, work):
    O = _fold_windows(X, plan, mode, work)
    return np.divide(O, _pixel_counts(plan, X), out=O) if mode == "mean" else O


def _backward(dC_dO, X, plan, mode, work):
    dC_dX = work.batch("dC_dX", X.shape, dC_dO.dtype)
    dC_dX[...] = 0
    if mode == "mean":
        return _share(dC_dO, dC_dX, plan)
    return _pay_the_winner(dC_dO, X, dC_dX, plan, mode, work)


def _fold_windows(X, plan, mode, work):
    """Return the largest or smallest pixel or the sum of every window: (N, C, H_out, W_out)."""
    start, fold = FOLD[mode]
    folded = work.batch("O", (*X.shape[:2], *plan.output), X.dtype)
    folded[...] = start
    for windows, pixels in _places(plan, X.shape[2:]):
        fold(folded[windows], X[pixels], out=folded[windows])
    return folded


def _share(dC_dO, dC_dX, plan):
    """Return dC_dX of mean pooling: each pixel of a window gets the same part of its gradient."""
    parts = dC_dO / _pixel_counts(plan, dC_dX)
    for windows, pixels in reversed(list(_places(plan, dC_dX.shape[2:]))):  # window by window, as the loop adds them
        dC_dX[pixels] += parts[windows]
    return dC_dX


def _pay_the_winner(dC_dO, X, dC_dX, plan, mode, work):
    """Return dC_dX of max and min pooling: the first pixel that equals its window's result gets the whole gradient."""
    O = _fold_windows(X, plan, mode, work) if work.output is None else work.output
    unpaid, paid = work.batch("unpaid", O.shape, bool), work.batch("paid", O.shape, dC_dO.dtype)
    unpaid[...] = True
    overlap, nan = any(s < k for s, k in zip(plan.stride, plan.kernel, strict=True)), np.isnan(O).any()
    for windows, pixels in _places(plan, X.shape[2:]):
        wins = X[pixels] == O[windows]
        if nan:
            wins |= np.isnan(X[pixels])
        wins &= unpaid[windows]
        unpaid[windows] ^= wins
        if overlap:
            dC_dX[pixels] += keep(dC_dO[windows], wins, out=paid[windows])
        else:
            keep(dC_dO[windows], wins, out=dC_dX[pixels])
    return dC_dX


def _pixel_counts(plan, X):
    """Return how many pixels of X, padding left out, lie under each window: (H_out, W_out)."""
    counts = np.zeros(plan.output, dtype=X.dtype)
    for windows, _ in _places(plan, X.shape[2:]):
        counts[windows] += 1
    return counts


def _places(plan, size):
    """Yield, for each place in the window in row-major order, two indices: of the windows that have a pixel of X there,
    and of these pixels.
    """
    sides = zip(size, plan.kernel, plan.stride, plan.padding, plan.output, strict=True)
    for (window_rows, rows), (window_columns, columns) in itertools.product(*(places(*side) for side in sides)):
        yield (..., window_rows, window_columns), (..., rows, columns)


def _checked(where, X, pool_size, stride, padding, mode):
    (X,) = checks.floats(where, X=(X, checks.IMAGES))
    settings = _settings(where, pool_size, stride, padding, mode)
    return X, geometry(where, X.shape[2:], *settings[:3]), settings[3]


def _settings(where, pool_size, stride, padding, mode):
    """Return the settings as pairs (padding may be a name), once they are known to make sense together."""
    pool_size = checks.pair(where, "pool_size", pool_size)
    stride = pool_size if stride is None else checks.pair(where, "stride", stride)
    padding = checks.padding(where, padding)
    if not isinstance(padding, str) and any(p >= k for p, k in zip(padding, pool_size, strict=True)):
        rule = f"must be smaller than pool_size {pool_size}: no window may lie on padding alone"
        raise ValueError(f"{where}: padding {checks.shown(padding)} {rule}.")
    return pool_size, stride, padding, checks.choice(where, "mode", mode, MODES)


def _checked_backward(where, dC_dO, X, pool_size, stride, padding, mode):
    X, plan, mode = _checked(where, X, pool_size, stride, padding, mode)
    dC_dO, X = checks.floats(where, dC_dO=(dC_dO, "(N, C, H_out, W_out)"), X=(X, checks.IMAGES))
    checks.same_shape(where, "dC_dO", dC_dO, (*X.shape[:2], *plan.output), "(N, C, H_out, W_out)")
    return dC_dO, X, plan, mode


class Pool2D(Layer):
    """A pooling layer: the largest, mean or smallest pixel of every window, channel by channel. It has no parameters.

    Parameters
    ----------
    pool_size : int or (int, int)
    stride : int or (int, int), optional
        The pool size where it is left out.
    padding : int, (int, int), 'valid', 'same' or 'include'
        Smaller than the pool size.
    mode : 'max', 'mean' or 'min'
    """

    def __init__(self, pool_size=2, stride=None, padding="valid", mode="max"):
        super().__init__()
        self.pool_size, self.stride, self.padding, self.mode = _settings(self.name, pool_size, stride, padding, mode)

    @property
    def picks_pixels(self):
        """Whether each output is one pixel of its window: a mean is none."""
        return self.mode != "mean"

    def geometry(self, input_shape):
        """Return how the windows move over an input (C, H, W)."""
        if len(input_shape) != 3:
            raise ValueError(f"{self.name}: expected an input of shape (C, H, W), got {tuple(input_shape)}.")
        return geometry(self.name, input_shape[1:], self.pool_size, self.stride, self.padding)

    def output_shape(self, input_shape):
        return (input_shape[0], *self.geometry(input_shape).output)

    def apply(self, X, work=NEW):
        return _forward(X, self.geometry(X.shape[1:]), self.mode, work)

    def gradients(self, dC_dO, X, work=NEW):
        return _backward(dC_dO, X, self.geometry(X.shape[1:]), self.mode, work), {}
