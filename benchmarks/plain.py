"""A network in plain NumPy: im2col, channels first, new arrays at every step, no threads besides those of BLAS.

The baseline for the memory order, the micro-batches and the cached buffers of cnn_core. tests/test_benchmarks.py holds
its outputs and gradients equal to those of cnn_core.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnn_core import Conv2D, CrossEntropy, FullyConnected, Model, Pool2D


def to_columns(X, kernel, stride, padding):
    """Return every window as a column: (C*kH*kW, N*H_out*W_out)."""
    Xp = np.pad(X, ((0, 0), (0, 0), *padding))
    windows = sliding_window_view(Xp, kernel, axis=(2, 3))[:, :, :: stride[0], :: stride[1]]
    return windows.transpose(1, 4, 5, 0, 2, 3).reshape(X.shape[1] * kernel[0] * kernel[1], -1)


def from_columns(columns, X_shape, plan):
    """Return the sum of the columns, each added at the pixels of its window (col2im)."""
    (N, C, H, W), (H_out, W_out), (S_r, S_c) = X_shape, plan.output, plan.stride
    (top, bottom), (left, right) = plan.padding
    columns = columns.reshape(C, *plan.kernel, N, H_out, W_out)
    Xp = np.zeros((N, C, H + top + bottom, W + left + right), columns.dtype)
    for row, column in np.ndindex(plan.kernel):
        part = columns[:, row, column].transpose(1, 0, 2, 3)
        Xp[:, :, row : row + S_r * H_out : S_r, column : column + S_c * W_out : S_c] += part
    return Xp[:, :, top : top + H, left : left + W]


def convolve(X, F, B, plan):
    """Return the output (N, K, H_out, W_out), and the columns for the backward pass."""
    columns = to_columns(X, plan.kernel, plan.stride, plan.padding)
    O = F.reshape(len(F), -1) @ columns + B[:, None]
    return O.reshape(len(F), len(X), *plan.output).transpose(1, 0, 2, 3), columns


def convolve_backward(dC_dO, columns, F, X_shape, plan):
    """Return dC_dX, dC_dF and dC_dB."""
    rows = dC_dO.transpose(1, 0, 2, 3).reshape(len(F), -1)
    dC_dX = from_columns(F.reshape(len(F), -1).T @ rows, X_shape, plan)
    return dC_dX, (rows @ columns.T).reshape(F.shape), rows.sum(axis=1)


def pool(X, plan):
    """Return the largest pixel of every window, and its index in the window."""
    S_r, S_c = plan.stride
    windows = sliding_window_view(X, plan.kernel, axis=(2, 3))[:, :, ::S_r, ::S_c]
    windows = windows.reshape(*windows.shape[:4], -1)
    argmax = windows.argmax(axis=-1)
    return np.take_along_axis(windows, argmax[..., None], axis=-1)[..., 0], argmax


def pool_backward(dC_dO, argmax, X_shape, plan):
    """Return dC_dX: the gradient of every window at its argmax."""
    n, c, row, column = np.ogrid[tuple(map(slice, dC_dO.shape))]
    dC_dX = np.zeros(X_shape, dC_dO.dtype)
    rows = row * plan.stride[0] + argmax // plan.kernel[1]
    columns = column * plan.stride[1] + argmax % plan.kernel[1]
    np.add.at(dC_dX, (n, c, rows, columns), dC_dO)
    return dC_dX


class PlainModel:
    """The layers and parameters of a cnn_core model, computed in plain NumPy and trained by plain Adam."""

    def __init__(self, layers):
        self.model = Model(layers)  # its parameters and shapes; none of its computation
        self.loss = CrossEntropy()
        self.moments = {key: (np.zeros_like(p), np.zeros_like(p)) for key, p, _ in self.model.parameters()}
        self.steps = 0

    def forward(self, X):
        """Return the outputs; cache the arrays for backward."""
        self.caches = []
        for layer in self.model.layers:
            X, cache = self.layer_forward(layer, X)
            self.caches.append(cache)
        return X

    def layer_forward(self, layer, X):
        """Return the output of a layer, and the cache for its backward pass."""
        match layer:
            case Conv2D():
                plan = layer.geometry(X.shape[1:])
                O, columns = convolve(X, layer.params["F"], layer.params["B"], plan)
                return O, (X.shape, plan, columns)
            case Pool2D():
                plan = layer.geometry(X.shape[1:])
                O, argmax = pool(X, plan)
                return O, (X.shape, plan, argmax)
            case FullyConnected():
                return X @ layer.params["W"] + layer.params["B"], X
        return (X.reshape(len(X), -1), X.shape) if layer.name == "Flatten" else (np.maximum(X, 0), X)

    def backward(self, dC_dO):
        """Return dC_dX; store the parameter gradients by the model's keys."""
        self.grads = {}
        for index, (layer, cache) in reversed(list(enumerate(zip(self.model.layers, self.caches, strict=True)))):
            dC_dO, grads = self.layer_backward(layer, dC_dO, cache)
            self.grads |= {f"{index}.{key}": grad for key, grad in grads.items()}
        return dC_dO

    def layer_backward(self, layer, dC_dO, cache):
        """Return dC_dX and the gradients of the parameters of a layer."""
        match layer:
            case Conv2D():
                shape, plan, columns = cache
                dC_dX, dC_dF, dC_dB = convolve_backward(dC_dO, columns, layer.params["F"], shape, plan)
                return dC_dX, {"F": dC_dF, "B": dC_dB}
            case Pool2D():
                shape, plan, argmax = cache
                return pool_backward(dC_dO, argmax, shape, plan), {}
            case FullyConnected():
                return dC_dO @ layer.params["W"].T, {"W": cache.T @ dC_dO, "B": dC_dO.sum(axis=0)}
        return (dC_dO.reshape(cache) if layer.name == "Flatten" else dC_dO * (cache > 0)), {}

    def step(self, X, y):
        """Update the parameters by Adam; return the cost before the update."""
        cost, dC_dO = self.loss(self.forward(X), y)
        self.backward(dC_dO)
        self.steps += 1
        for key, param, _ in self.model.parameters():
            first, second = self.moments[key]
            grad = self.grads[key]
            first[...] = 0.9 * first + 0.1 * grad
            second[...] = 0.999 * second + 0.001 * grad**2
            corrected = np.sqrt(second / (1 - 0.999**self.steps)) + 1e-8
            param -= 0.001 * first / (1 - 0.9**self.steps) / corrected
        return cost
