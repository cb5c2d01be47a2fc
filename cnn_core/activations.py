"""Activations: ReLU, leaky ReLU, sigmoid, tanh and softmax; forward, backward, and their layers.

Shapes      O has the shape of X. Softmax works along the last axis, (..., classes); the others on each entry alone.
Arguments   X is always the input of the forward pass, in backward too.
Range       Exponentials are only taken of numbers that are at most 0, so none overflows. nan is passed on.
Chapters    05; softmax also 06.
"""

from collections.abc import Callable

import numpy as np

from . import checks
from .fast.buffers import FRESH, Buffers, masked
from .layer import Layer, row_shape
from .types import Array, ArrayLike, Gradients, Shape


@checks.public
def relu_forward(X: ArrayLike, buffers: Buffers = FRESH) -> Array:
    """Return max(X, 0)."""
    X = checks.as_float("X", X)
    return np.maximum(X, 0, out=buffers.like("O", X, X.dtype))


@checks.public
def relu_backward(dC_dO: ArrayLike, X: ArrayLike, buffers: Buffers = FRESH) -> Array:
    """Return dC_dX: dC_dO where X is above 0, else 0 (at 0 too, as PyTorch has it)."""
    dC_dO, X = _pair(dC_dO, X)
    above = np.greater(X, 0, out=buffers.like("above", X, bool))
    return masked(dC_dO, above, out=buffers.like("dC_dX", X, dC_dO.dtype))


@checks.public
def leaky_relu_forward(X: ArrayLike, slope: float = 0.01) -> Array:
    """Return X where it is above 0, else slope * X."""
    X = checks.as_float("X", X)
    return np.where(X > 0, X, checks.number("slope", slope) * X)


@checks.public
def leaky_relu_backward(dC_dO: ArrayLike, X: ArrayLike, slope: float = 0.01) -> Array:
    """Return dC_dX: dC_dO where X is above 0, else slope * dC_dO."""
    dC_dO, X = _pair(dC_dO, X)
    return np.where(X > 0, dC_dO, checks.number("slope", slope) * dC_dO)


@checks.public
def sigmoid_forward(X: ArrayLike) -> Array:
    """Return 1 / (1 + exp(-X)).

    Examples
    --------
    >>> sigmoid_forward([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    X = checks.as_float("X", X)
    small: Array = np.exp(-np.abs(X))
    return np.where(X >= 0, 1, small) / (1 + small)


@checks.public
def sigmoid_backward(dC_dO: ArrayLike, X: ArrayLike) -> Array:
    """Return dC_dX = dC_dO * O * (1 - O), with O = sigmoid(X)."""
    dC_dO, X = _pair(dC_dO, X)
    small: Array = np.exp(-np.abs(X))
    total = 1 + small  # O (1 - O) = small / total^2 on both sides of 0, with nothing cancelled
    return dC_dO * small / (total * total)


@checks.public
def tanh_forward(X: ArrayLike) -> Array:
    """Return tanh(X)."""
    return np.tanh(checks.as_float("X", X))


@checks.public
def tanh_backward(dC_dO: ArrayLike, X: ArrayLike) -> Array:
    """Return dC_dX = dC_dO * (1 - tanh(X)^2)."""
    dC_dO, X = _pair(dC_dO, X)
    O: Array = np.tanh(X)
    return dC_dO * (1 - O * O)


@checks.public
def softmax_forward(X: ArrayLike) -> Array:
    """Return exp(X) / sum(exp(X)) along the last axis: positive numbers that add up to 1.

    Examples
    --------
    >>> softmax_forward([10_000.0, 10_000.0])
    array([0.5, 0.5])
    """
    X = checks.as_float("X", X)
    has_classes = X.ndim > 0 and X.shape[-1] > 0
    checks.require(has_classes, f"X must have at least one class on its last axis, got shape {X.shape}.")
    with np.errstate(invalid="ignore"):  # infinity - infinity is nan, and nan is passed on
        powers: Array = np.exp(X - X.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


@checks.public
def softmax_backward(dC_dO: ArrayLike, X: ArrayLike) -> Array:
    """Return dC_dX = O * (dC_dO - sum(dC_dO * O)), with O = softmax(X): raising one output lowers the others."""
    dC_dO, X = _pair(dC_dO, X)
    O = softmax_forward(X)
    dC_dX: Array = O * (dC_dO - (dC_dO * O).sum(axis=-1, keepdims=True))
    return dC_dX


def _pair(dC_dO: ArrayLike, X: ArrayLike) -> tuple[Array, Array]:
    dC_dO, X = checks.as_float("dC_dO", dC_dO), checks.as_float("X", X)
    checks.same_shape("dC_dO", dC_dO, X.shape, "(the shape of X)")
    return dC_dO, X


class ReLU(Layer):
    """max(X, 0), entry by entry."""

    is_monotonic = True  # commutes with max pooling, but for ties at 0, which get no gradient

    def apply(self, X: Array, buffers: Buffers = FRESH) -> Array:
        return relu_forward(X, buffers)

    def gradients(self, dC_dO: Array, X: Array, buffers: Buffers = FRESH) -> Gradients:
        return relu_backward(dC_dO, X, buffers), {}


class LeakyReLU(Layer):
    """X above 0, slope * X below: the gradient never vanishes completely. `slope` lies in 0 <= slope < 1."""

    def __init__(self, slope: float = 0.01) -> None:
        super().__init__()
        self.slope = checks.number("slope", slope, ge=0, lt=1)

    def apply(self, X: Array) -> Array:
        return leaky_relu_forward(X, self.slope)

    def gradients(self, dC_dO: Array, X: Array) -> Gradients:
        return leaky_relu_backward(dC_dO, X, self.slope), {}


class _Activation(Layer):
    """A layer without parameters, of the pair `functions` (forward, backward)."""

    functions: tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]

    def apply(self, X: Array) -> Array:
        return self.functions[0](X)

    def gradients(self, dC_dO: Array, X: Array) -> Gradients:
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

    def output_shape(self, input_shape: Shape) -> Shape:
        return row_shape(input_shape, "(classes,)")
