"""The fully connected layer: a matrix product; and Flatten, which makes one row of an image.

Shapes      X (N, inputs), W (inputs, nodes), B (nodes,), O (N, nodes).
Story       notebooks/05_fully_connected.
"""

import math

import numpy as np

from . import checks
from .initialise import INITIALISATIONS
from .layer import Layer
from .parallel import NEW, reshaped


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
    X, W, B = _checked("dense_forward", X, W, B)
    return _forward(X, W, B, NEW)


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
    X, W, _ = _checked("dense_backward", X, W)
    axes = "(N, nodes)", "(N, inputs)", "(inputs, nodes)"
    dC_dO, X, W = checks.floats("dense_backward", dC_dO=(dC_dO, axes[0]), X=(X, axes[1]), W=(W, axes[2]))
    checks.same_shape("dense_backward", "dC_dO", dC_dO, (len(X), W.shape[1]), "(N, nodes)")
    return _input_gradient(dC_dO, W, NEW), *_param_gradients(dC_dO, X)


def _forward(X, W, B, work):
    O = np.matmul(X, W, out=work.batch("O", (len(X), W.shape[1]), X.dtype))
    return O if B is None else np.add(O, B, out=O)


def _input_gradient(dC_dO, W, work):
    return np.matmul(dC_dO, W.T, out=work.batch("dC_dX", (len(dC_dO), len(W)), dC_dO.dtype))


def _param_gradients(dC_dO, X):
    return X.T @ dC_dO, dC_dO.sum(axis=0)


def _checked(where, X, W, B=None):
    given = {"X": (X, "(N, inputs)"), "W": (W, "(inputs, nodes)")} | ({} if B is None else {"B": (B, "(nodes,)")})
    X, W, *rest = checks.floats(where, **given)
    if X.shape[1] != W.shape[0]:
        raise ValueError(
            f"{where}: X has {X.shape[1]} inputs but W expects {W.shape[0]}. "
            f"Got X{X.shape} (N, inputs) and W{W.shape} (inputs, nodes)."
        )
    checks.fits(where, f"{len(X)} examples", len(X) * W.shape[1], X.dtype, checks.FEWER)
    if rest:
        checks.same_shape(where, "B", rest[0], W.shape[1:], "(nodes,), one bias a node")
    return X, W, rest[0] if rest else None


class FullyConnected(Layer):
    """A layer in which every node sees every input.

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

    def __init__(self, num_nodes, initialisation="he_normal", bias=True):
        super().__init__()
        self.num_nodes = checks.integer(self.name, "num_nodes", num_nodes)
        self.initialisation = checks.choice(self.name, "initialisation", initialisation, INITIALISATIONS)
        self.bias = checks.boolean(self.name, "bias", bias)

    def output_shape(self, input_shape):
        if len(input_shape) != 1:
            shape = tuple(input_shape)
            raise ValueError(
                f"{self.name}: expected an input of shape (inputs,), got {shape}. Put a Flatten() before it."
            )
        return (self.num_nodes,)

    def param_shapes(self, input_shape):
        return {"W": (input_shape[0], self.num_nodes)} | ({"B": (self.num_nodes,)} if self.bias else {})

    def initial(self, key, shape, rng):
        return np.zeros(shape) if key == "B" else INITIALISATIONS[self.initialisation](shape, rng)

    def check_input(self, X):
        checks.batch(self.name, X, self.input_shape)

    def apply(self, X, work=NEW):
        return _forward(X, self.params["W"], self.params.get("B"), work)

    def gradients(self, dC_dO, X, work=NEW):
        dC_dW, dC_dB = _param_gradients(dC_dO, X)
        dC_dX = None if work.first else _input_gradient(dC_dO, self.params["W"], work)
        return dC_dX, {"W": dC_dW} | ({"B": dC_dB} if self.bias else {})


class Flatten(Layer):
    """Makes one row (C*H*W,) of every image (C, H, W); backward makes the image again. It has no parameters."""

    def output_shape(self, input_shape):
        return (math.prod(input_shape),)

    def apply(self, X, work=NEW):
        return reshaped(X, self.output_shape(X.shape[1:]), "O", work)

    def gradients(self, dC_dO, X, work=NEW):
        return reshaped(dC_dO, X.shape[1:], "dC_dX", work), {}
