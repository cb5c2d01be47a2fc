"""Pooling: forward, backward, and the Pool2D layer.

Shapes      X (N, C, H, W), O and dC_dO (N, C, H_out, W_out); every channel is pooled by itself.
Reference   pool2d_forward_loop and pool2d_backward_loop are written to be read; pool2d_forward and pool2d_backward run
            fast/pooling.py. tests/test_pooling.py holds them equal.
Rules       Padding takes no part: it is never the maximum or minimum, and a mean does not count it. Of tied pixels the
            first in row-major order gets the whole gradient. Pixels that no window reached get exactly 0.
Chapters    04; 09 for the optimised code.
"""

import numpy as np

from . import checks
from .fast import pooling as fast
from .fast.buffers import FRESH
from .layer import Layer
from .shapes import geometry, image_geometry

REDUCE = {"max": np.max, "mean": np.mean, "min": np.min}
ARGUMENT = {"max": np.argmax, "min": np.argmin}
MODES = tuple(REDUCE)
AXES = "(N, C, H_out, W_out)"


@checks.public
def pool2d_forward_loop(X, pool_size=2, stride=None, padding=0, mode="max"):
    """Return what pool2d_forward returns, window by window."""
    X, plan, mode = _checked(X, pool_size, stride, padding, mode)
    O = np.zeros((*X.shape[:2], *plan.output), dtype=X.dtype)
    for n, c, row, column in np.ndindex(O.shape):
        O[n, c, row, column] = REDUCE[mode](X[n, c][_window(plan, row, column)])
    return O


@checks.public
def pool2d_backward_loop(dC_dO, X, pool_size=2, stride=None, padding=0, mode="max"):
    """Return what pool2d_backward returns, window by window."""
    dC_dO, X, plan, mode = _checked_backward(dC_dO, X, pool_size, stride, padding, mode)
    dC_dX = np.zeros(X.shape, dtype=dC_dO.dtype)
    for n, c, row, column in np.ndindex(dC_dO.shape):
        window = _window(plan, row, column)
        pixels, gradients = X[n, c][window], dC_dX[n, c][window]  # views: adding to gradients changes dC_dX
        if mode == "mean":
            gradients += dC_dO[n, c, row, column] / pixels.size
        else:
            chosen = np.unravel_index(ARGUMENT[mode](pixels), pixels.shape)  # the first of tied pixels
            gradients[chosen] += dC_dO[n, c, row, column]
    return dC_dX


def _window(plan, row, column):
    """Return the slices of X under one window, without the part that lies on the padding."""
    starts = [i * s - before for i, s, (before, _) in zip((row, column), plan.stride, plan.padding, strict=True)]
    return tuple(slice(max(start, 0), start + k) for start, k in zip(starts, plan.kernel, strict=True))


@checks.public
def pool2d_forward(X, pool_size=2, stride=None, padding=0, mode="max"):
    """Return O (N, C, H_out, W_out): the largest, mean or smallest pixel of every window.

    Parameters
    ----------
    X : ndarray, shape (N, C, H, W)
    pool_size, stride : int or (int, int)
        A stride of None is the pool size.
    padding : int, (int, int), 'valid', 'same' or 'include'
        Smaller than the pool size. It moves the windows and takes no part in their result.
    mode : 'max', 'mean' or 'min'

    Examples
    --------
    >>> pool2d_forward(np.arange(16.0).reshape(1, 1, 4, 4))[0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    X, plan, mode = _checked(X, pool_size, stride, padding, mode)
    return fast.forward(X, plan, mode, FRESH)


@checks.public
def pool2d_backward(dC_dO, X, pool_size=2, stride=None, padding=0, mode="max"):
    """Return dC_dX (N, C, H, W), the cost gradient with respect to the input of pooling.

    Parameters
    ----------
    dC_dO : ndarray, shape (N, C, H_out, W_out)
    X : ndarray, shape (N, C, H, W)
    pool_size, stride, padding, mode
        The values used in the forward pass, whose input was X.

    Examples
    --------
    >>> pool2d_backward(np.array([[[[3.0]]]]), np.array([[[[1.0, 2.0], [2.0, 0.0]]]]))[0, 0]
    array([[0., 3.],
           [0., 0.]])
    """
    dC_dO, X, plan, mode = _checked_backward(dC_dO, X, pool_size, stride, padding, mode)
    return fast.backward(dC_dO, X, plan, mode, FRESH)


def _checked(X, *settings):
    (X,) = checks.floats(X=(X, checks.IMAGES))
    *window, mode = _settings(*settings)
    return X, geometry(X.shape[2:], *window), mode


def _settings(pool_size, stride, padding, mode):
    """Return the validated settings, as pairs (padding may be a name)."""
    pool_size, padding = checks.pair("pool_size", pool_size), checks.padding(padding)
    stride = pool_size if stride is None else checks.pair("stride", stride)
    is_smaller = isinstance(padding, str) or all(p < k for p, k in zip(padding, pool_size, strict=True))
    rule = f"must be smaller than pool_size {pool_size}: no window may lie on padding alone"
    checks.require(is_smaller, f"padding {checks.shown(padding)} {rule}.")
    return pool_size, stride, padding, checks.choice("mode", mode, MODES)


def _checked_backward(dC_dO, X, *settings):
    X, plan, mode = _checked(X, *settings)
    dC_dO, X = checks.floats(dC_dO=(dC_dO, AXES), X=(X, checks.IMAGES))
    checks.same_shape("dC_dO", dC_dO, (*X.shape[:2], *plan.output), AXES)
    return dC_dO, X, plan, mode


class Pool2D(Layer):
    """A pooling layer: the largest, mean or smallest pixel of every window, channel by channel. It has no parameters.

    Parameters
    ----------
    pool_size, stride, padding, mode
        As in `pool2d_forward`.
    """

    def __init__(self, pool_size=2, stride=None, padding="valid", mode="max"):
        super().__init__()
        self.pool_size, self.stride, self.padding, self.mode = _settings(pool_size, stride, padding, mode)

    @property
    def is_selection(self):
        """Whether each output is one pixel of its window; a mean is not."""
        return self.mode != "mean"

    @property
    def fused_as(self):
        """The layer's role in fast/replica.py: 'pooling' where each output is a pixel that is in no other window."""
        return "pooling" if self.is_selection and self.stride == self.pool_size else None

    def geometry(self, input_shape):
        """Return how the windows move over an input (C, H, W)."""
        return image_geometry(input_shape, self.pool_size, self.stride, self.padding)

    def output_shape(self, input_shape):
        return (input_shape[0], *self.geometry(input_shape).output)

    def apply(self, X, buffers=FRESH):
        return fast.forward(X, self.geometry(X.shape[1:]), self.mode, buffers)

    def gradients(self, dC_dO, X, buffers=FRESH, fused=None):
        return fast.backward(dC_dO, X, self.geometry(X.shape[1:]), self.mode, buffers, fused), {}
