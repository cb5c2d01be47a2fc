"""Layers with one mistake each: subclasses whose backward pass, or whose first weights, are wrong.

Forward     The forward passes are those of cnn_core: every one of these networks predicts as it should.
Shapes      As in cnn_core. Wherever the shapes disagreed in the original, the result is cut or filled up with zeros.
Chapter     11.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnn_core import Conv2D, Flatten, Pool2D, ReLU, conv2d_backward, pool2d_backward
from cnn_core.convolution import crop, pad

# --- pooling ----------------------------------------------------------------------------------------------------------


class StrideLost(Pool2D):
    """Backward, the windows lie one pixel apart, whatever the stride."""

    def gradients(self, dC_dO, X):
        """Return dC_dX, and no gradients of parameters."""
        dC_dX = np.zeros_like(X)
        covered = tuple(size + k - 1 for size, k in zip(dC_dO.shape[2:], self.pool_size, strict=True))
        corner = (..., slice(covered[0]), slice(covered[1]))
        dC_dX[corner] = pool2d_backward(dC_dO, X[corner], self.pool_size, 1, mode=self.mode)
        return dC_dX, {}


class Overwritten(Pool2D):
    """A pixel that is the maximum of several windows keeps the gradient of the last: = in place of +=."""

    def gradients(self, dC_dO, X):
        """Return dC_dX, and no gradients of parameters."""
        if not self.is_selection:
            return super().gradients(dC_dO, X)
        (S_r, S_c), (kH, kW) = self.stride, self.pool_size
        windows = sliding_window_view(X, (kH, kW), axis=(2, 3))[:, :, ::S_r, ::S_c]
        chosen = windows.reshape(*dC_dO.shape, -1).argmax(axis=-1)
        n, c, i, j = np.indices(dC_dO.shape)
        dC_dX = np.zeros_like(X)
        dC_dX[n, c, i * S_r + chosen // kW, j * S_c + chosen % kW] = dC_dO
        return dC_dX, {}


class NotDivided(Pool2D):
    """Mean pooling hands the whole gradient to every pixel of the window."""

    def gradients(self, dC_dO, X):
        """Return dC_dX, and no gradients of parameters."""
        dC_dX, grads = super().gradients(dC_dO, X)
        return dC_dX * (1 if self.is_selection else math.prod(self.pool_size)), grads


class EveryTie(Pool2D):
    """Each of several equal maxima gets the whole gradient of the window."""

    is_selection = False  # so that the layers are computed in the order in which they are written

    def gradients(self, dC_dO, X):
        """Return dC_dX, and no gradients of parameters."""
        if self.mode == "mean":
            return super().gradients(dC_dO, X)
        (S_r, S_c), (H_out, W_out) = self.stride, dC_dO.shape[2:]
        O, dC_dX = self.apply(X), np.zeros_like(X)
        for row, column in np.ndindex(self.pool_size):
            rows, columns = row + S_r * np.arange(H_out), column + S_c * np.arange(W_out)
            pixels = (..., rows[:, None], columns)
            dC_dX[pixels] += dC_dO * (X[pixels] == O)
        return dC_dX, {}


# --- convolution ------------------------------------------------------------------------------------------------------


class EmptyCrop(Conv2D):
    """The padding is cut off by [p:-p], which leaves nothing where p is 0."""

    def gradients(self, dC_dO, X, input_gradient=True):
        """Return dC_dX and the gradients of the parameters."""
        dC_dX, grads = super().gradients(dC_dO, X)
        (p, _), (q, _) = self.geometry(X.shape[1:]).padding
        dC_dXp = pad(dC_dX, ((p, p), (q, q)))
        return (dC_dXp[:, :, p:-p, q:-q] if input_gradient else None), grads


class NotRotated(Conv2D):
    """dC/dX is computed with the filters as they are."""

    def gradients(self, dC_dO, X):
        """Return dC_dX and the gradients of the parameters."""
        _, grads = super().gradients(dC_dO, X)
        turned = self.params["F"][:, :, ::-1, ::-1]
        return conv2d_backward(dC_dO, X, turned, self.stride, self.padding)[0], grads


class NotDilated(Conv2D):
    """No zeros are put between the entries of dC/dO: backward, the windows lie one pixel apart."""

    def gradients(self, dC_dO, X):
        """Return dC_dX and the gradients of the parameters."""
        plan = self.geometry(X.shape[1:])
        Xp = pad(X, plan.padding)
        covered = [size + k - 1 for size, k in zip(dC_dO.shape[2:], self.kernel_size, strict=True)]
        corner = (..., slice(covered[0]), slice(covered[1]))
        dC_dXp = np.zeros_like(Xp)
        dC_dXp[corner], dC_dF, dC_dB = conv2d_backward(dC_dO, Xp[corner], self.params["F"])
        return crop(dC_dXp, plan.padding, X.shape[2:]), {"F": dC_dF} | ({"B": dC_dB} if self.bias else {})


class WrongCorner(Conv2D):
    """The gradient is pasted at the end of its frame of zeros: the excluded pixels come first in place of last."""

    def gradients(self, dC_dO, X):
        """Return dC_dX and the gradients of the parameters."""
        _, grads = super().gradients(dC_dO, X)
        plan = self.geometry(X.shape[1:])
        dC_dXp = conv2d_backward(dC_dO, pad(X, plan.padding), self.params["F"], self.stride)[0]
        moved = np.roll(dC_dXp, plan.excluded, axis=(2, 3))
        return crop(moved, plan.padding, X.shape[2:]), grads


class FirstWindow(Conv2D):
    """The loop over the windows returns after its first turn: only one window has a gradient."""

    def gradients(self, dC_dO, X):
        """Return dC_dX and the gradients of the parameters."""
        first = np.zeros_like(dC_dO)
        first[:, :, 0, 0] = dC_dO[:, :, 0, 0]
        return super().gradients(first, X)


class DividedAgain(Conv2D):
    """The gradients of the parameters are divided by the number of images and positions, over which they are sums."""

    def gradients(self, dC_dO, X):
        """Return dC_dX and the gradients of the parameters."""
        dC_dX, grads = super().gradients(dC_dO, X)
        return dC_dX, {key: grad / dC_dO[:, 0].size for key, grad in grads.items()}


class KernelWidth(Conv2D):
    """He's initialisation with a fan-in that is the width of the kernel, the last number of the shape."""

    def initial(self, key, shape, rng):
        """Return the initial value of the parameter `key`."""
        return np.zeros(shape) if key == "B" else rng.normal(0.0, math.sqrt(2 / shape[-1]), shape)


class AllAlike(Conv2D):
    """The Generator is made anew, with the same seed, for each filter."""

    def initial(self, key, shape, rng):
        """Return the initial value of the parameter `key`."""
        value = super().initial(key, shape, rng)
        return value if key == "B" else np.repeat(value[:1], len(value), axis=0)


# --- other layers -----------------------------------------------------------------------------------------------------


class CutOff(Flatten):
    """Backward, no gradient reaches the layers before: only the last layer learns."""

    def gradients(self, dC_dO, X):
        """Return dC_dX, and no gradients of parameters."""
        return np.zeros_like(X), {}


class Product(ReLU):
    """The gradient is multiplied by 0 where it should be replaced by 0: infinity times 0 is not a number."""

    def gradients(self, dC_dO, X):
        """Return dC_dX, and no gradients of parameters."""
        return dC_dO * (X > 0), {}
