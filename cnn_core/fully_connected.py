"""The fully connected layer, a matrix product, and Flatten, which turns each image into a row.

Shapes      X (N, inputs), W (inputs, nodes), B (nodes,), O (N, nodes).
Chapter     05.
"""

import math

import numpy as np

from . import checks
from .fast.buffers import FRESH, reshaped
from .layer import Layer, WeightedLayer, row_shape

AXES = {"X": "(N, inputs)", "W": "(inputs, nodes)", "B": "(nodes,)", "dC_dO": "(N, nodes)"}


@checks.public
def dense_forward(X, W, B=None):
    """Return the output of a fully connected layer: X W + B.

    Parameters
    ----------
    X : ndarray, shape (N, inputs)
    W : ndarray, shape (inputs, nodes)
    B : ndarray, shape (nodes,), optional

    Returns
    -------
    O : ndarray, shape (N, nodes)

    Examples
    --------
    >>> dense_forward(np.array([[1, 2]]), np.array([[1, 0, 3], [0, 1, 1]]), np.array([10, 20, 30]))
    array([[11., 22., 35.]])
    """
    X, W, *biases = _checked(X=X, W=W, **({} if B is None else {"B": B}))
    for each in biases:
        checks.same_shape("B", each, W.shape[1:], "(nodes,), one bias a node")
    return _forward(X, W, FRESH, *biases)


@checks.public
def dense_backward(dC_dO, X, W):
    """Return the cost gradients with respect to the input, the weights and the biases.

    Parameters
    ----------
    dC_dO : ndarray, shape (N, nodes)
    X : ndarray, shape (N, inputs)
    W : ndarray, shape (inputs, nodes)

    Returns
    -------
    dC_dX, dC_dW, dC_dB : ndarrays, shapes (N, inputs), (inputs, nodes) and (nodes,)

    Examples
    --------
    >>> dense_backward(np.array([[1, 2]]), np.array([[3, 4]]), np.array([[5, 6], [7, 8]]))[0]
    array([[17., 23.]])
    """
    X, W, dC_dO = _checked(X=X, W=W, dC_dO=dC_dO)
    checks.same_shape("dC_dO", dC_dO, (len(X), W.shape[1]), AXES["dC_dO"])
    return _input_gradient(dC_dO, W, FRESH), *_parameter_gradients(dC_dO, X)


def _forward(X, W, buffers, B=None):
    O = np.matmul(X, W, out=buffers.batch("O", (len(X), W.shape[1]), X.dtype))
    return O if B is None else np.add(O, B, out=O)


def _input_gradient(dC_dO, W, buffers):
    return np.matmul(dC_dO, W.T, out=buffers.batch("dC_dX", (len(dC_dO), len(W)), dC_dO.dtype))


def _parameter_gradients(dC_dO, X):
    return X.T @ dC_dO, dC_dO.sum(axis=0)


def _checked(**arrays):
    """Return the arrays, the first of which are X and W, as floats of one dtype."""
    X, W, *others = checks.floats(**{name: (array, AXES[name]) for name, array in arrays.items()})
    given = f"Got X{X.shape} (N, inputs) and W{W.shape} (inputs, nodes)."
    checks.require(X.shape[1] == len(W), f"X has {X.shape[1]} inputs but W expects {len(W)}. {given}")
    checks.fits(f"{len(X)} examples", len(X) * W.shape[1], X.dtype, checks.FEWER)
    return X, W, *others


class FullyConnected(WeightedLayer):
    """A layer in which every node is connected to every input.

    Parameters
    ----------
    num_nodes : int
    initialisation : str
        'he_normal', 'he_uniform', 'xavier_normal', 'xavier_uniform', 'zeros' or 'constant'. Biases start at 0.
    bias : bool

    Attributes
    ----------
    params, grads : dict
        'W' (inputs, nodes) and, unless bias is off, 'B' (nodes,).
    """

    weights, fused_as = "W", "weights"  # see fast/replica.py

    def __init__(self, num_nodes, initialisation="he_normal", bias=True):
        self.num_nodes = checks.integer("num_nodes", num_nodes)
        super().__init__(initialisation, bias)

    def output_shape(self, input_shape):
        row_shape(input_shape, "(inputs,)")
        return (self.num_nodes,)

    def weight_shape(self, input_shape):
        return (input_shape[0], self.num_nodes)

    def apply(self, X, buffers=FRESH):
        return _forward(X, self.params["W"], buffers, self.params.get("B"))

    def gradients(self, dC_dO, X, buffers=FRESH, input_gradient=True):
        dC_dW, dC_dB = _parameter_gradients(dC_dO, X)
        dC_dX = _input_gradient(dC_dO, self.params["W"], buffers) if input_gradient else None
        return dC_dX, {"W": dC_dW} | ({"B": dC_dB} if self.bias else {})


class Flatten(Layer):
    """Turns every image (C, H, W) into a row (C*H*W,); backward restores the image shape. It has no parameters."""

    def output_shape(self, input_shape):
        return (math.prod(input_shape),)

    def apply(self, X, buffers=FRESH):
        return reshaped(X, self.output_shape(X.shape[1:]), "O", buffers)

    def gradients(self, dC_dO, X, buffers=FRESH):
        return reshaped(dC_dO, X.shape[1:], "dC_dX", buffers), {}
