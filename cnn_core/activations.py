"""Activations: ReLU, leaky ReLU, sigmoid, tanh and softmax; forward, backward, and their layers.

Shapes      O has the shape of X. Softmax works along the last axis, (..., classes); the others on each entry alone.
Arguments   X is always the input of the forward pass, in backward too.
Range       Exponentials are only taken of numbers that are at most 0, so none overflows. nan is passed on.
Chapters    05; softmax also 06.
"""

import numpy as np

from . import checks
from .fast.buffers import FRESH, masked
from .layer import Layer, row_shape


@checks.public
def relu_forward(X, buffers=FRESH):
    """Return max(X, 0)."""
    X = checks.as_float("X", X)
    return np.maximum(X, 0, out=buffers.like("O", X, X.dtype))


@checks.public
def relu_backward(dC_dO, X, buffers=FRESH):
    """Return dC_dX: dC_dO where X is above 0, else 0 (at 0 too, as PyTorch has it)."""
    dC_dO, X = _pair(dC_dO, X)
    return _where_above(dC_dO, X, buffers, out=buffers.like("dC_dX", X, dC_dO.dtype))


def _where_above(dC_dO, X, buffers, out):
    return masked(dC_dO, np.greater(X, 0, out=buffers.like("above", X, bool)), out)


@checks.public
def leaky_relu_forward(X, slope=0.01):
    """Return X where it is above 0, else slope * X."""
    X = checks.as_float("X", X)
    return np.where(X > 0, X, checks.number("slope", slope) * X)


@checks.public
def leaky_relu_backward(dC_dO, X, slope=0.01):
    """Return dC_dX: dC_dO where X is above 0, else slope * dC_dO."""
    dC_dO, X = _pair(dC_dO, X)
    return np.where(X > 0, dC_dO, checks.number("slope", slope) * dC_dO)


@checks.public
def sigmoid_forward(X):
    """Return 1 / (1 + exp(-X)).

    Examples
    --------
    >>> sigmoid_forward([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    X = checks.as_float("X", X)
    small = np.exp(-np.abs(X))
    return np.where(X >= 0, 1, small) / (1 + small)


@checks.public
def sigmoid_backward(dC_dO, X):
    """Return dC_dX = dC_dO * O * (1 - O), with O = sigmoid(X)."""
    dC_dO, X = _pair(dC_dO, X)
    small = np.exp(-np.abs(X))  # O (1 - O) = small / (1 + small)^2 on both sides of 0, with nothing cancelled
    return dC_dO * small / (1 + small) ** 2


@checks.public
def tanh_forward(X):
    """Return tanh(X)."""
    return np.tanh(checks.as_float("X", X))


@checks.public
def tanh_backward(dC_dO, X):
    """Return dC_dX = dC_dO * (1 - tanh(X)^2)."""
    dC_dO, X = _pair(dC_dO, X)
    return dC_dO * (1 - np.tanh(X) ** 2)


@checks.public
def softmax_forward(X):
    """Return exp(X) / sum(exp(X)) along the last axis: positive numbers that add up to 1.

    Examples
    --------
    >>> softmax_forward([10_000.0, 10_000.0])
    array([0.5, 0.5])
    """
    X = checks.as_float("X", X)
    if X.ndim == 0 or X.shape[-1] == 0:
        raise checks.BadValue(f"X must have at least one class on its last axis, got shape {X.shape}.")
    with np.errstate(invalid="ignore"):  # infinity - infinity is nan, and nan is passed on
        powers = np.exp(X - X.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@checks.public
def softmax_backward(dC_dO, X):
    """Return dC_dX = O * (dC_dO - sum(dC_dO * O)), with O = softmax(X): raising one output lowers the others."""
    dC_dO, X = _pair(dC_dO, X)
    O = softmax_forward(X)
    return O * (dC_dO - (dC_dO * O).sum(axis=-1, keepdims=True))


def _pair(dC_dO, X):
    dC_dO, X = checks.as_float("dC_dO", dC_dO), checks.as_float("X", X)
    return checks.same_shape("dC_dO", dC_dO, X.shape, "(the shape of X)"), X


class ReLU(Layer):
    """max(X, 0), entry by entry."""

    is_monotonic, fused_as = True, "ReLU"  # see fast/replica.py

    def apply(self, X, buffers=FRESH, fused=None):
        return np.maximum(X, 0, out=X) if fused else relu_forward(X, buffers)

    def gradients(self, dC_dO, X, buffers=FRESH, fused=None):
        if fused == "weights":
            return _where_above(dC_dO, X, buffers, out=X), {}
        return dC_dO if fused else relu_backward(dC_dO, X, buffers), {}


class LeakyReLU(Layer):
    """X above 0, slope * X below: the gradient never vanishes completely. `slope` lies in 0 <= slope < 1."""

    def __init__(self, slope=0.01):
        super().__init__()
        self.slope = checks.number("slope", slope, ge=0, lt=1)

    def apply(self, X):
        return leaky_relu_forward(X, self.slope)

    def gradients(self, dC_dO, X):
        return leaky_relu_backward(dC_dO, X, self.slope), {}


class _Activation(Layer):
    """A layer without parameters, of the pair `functions` (forward, backward)."""

    def apply(self, X):
        return self.functions[0](X)

    def gradients(self, dC_dO, X):
        return self.functions[1](dC_dO, X), {}


class Sigmoid(_Activation):
    """1 / (1 + exp(-X)), entry by entry."""

    functions = sigmoid_forward, sigmoid_backward


class Tanh(_Activation):
    """tanh(X), entry by entry."""

    functions = tanh_forward, tanh_backward


class Softmax(_Activation):
    """Turns a row of numbers (classes,) into probabilities. Not before CrossEntropy, which has it inside."""

    functions = softmax_forward, softmax_backward

    def output_shape(self, input_shape):
        return row_shape(input_shape, "(classes,)")
