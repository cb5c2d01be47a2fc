"""Checks of chapter 05: counts of parameters, three gradients, a derivative, dead units, and weights as filters."""

import math

import numpy as np

from cnn_core import conv2d_forward, dense_backward, dense_forward, sigmoid_forward

from .feedback import compare, exercise_check, first_difference, reason_for, same
from .results import array_in, number_in, parts_in, result_of

SHAPES = [((1, 28, 28), 10), ((32, 7, 7), 128), ((3, 5, 4), 1)]  # (one input's shape, nodes)
N, INPUTS, NODES = 3, 5, 4


@exercise_check
def check_parameters(answer):
    """Check a function (shape of one input (C, H, W), nodes) -> the parameters of a FullyConnected after Flatten."""
    given = "for inputs of shape {} and {} nodes you count {found:,}; "
    return compare(answer, SHAPES, lambda shape, nodes: nodes * (math.prod(shape) + 1), given, _why_parameters)


def _why_parameters(found, right, shape, nodes):
    C, H, W = shape
    reasons = {
        right - nodes: "each node has a bias too.",
        right - nodes + 1: "there is a bias for each node, not one for all.",
        nodes * (H * W + 1): "Flatten makes one row of all channels, and every number in it has its weights.",
        C * H * W * (nodes + 1): "a bias belongs to a node, not to an input.",
        C * H * W + nodes: "every node has a weight for every input: that is a product, not a sum.",
    }
    return reasons.get(found, "count the weights of one node first.")


@exercise_check
def check_gradients(answer):
    """Check a function (dC_dO, X, W) -> (dC_dX, dC_dW, dC_dB)."""
    rng = np.random.default_rng(0)
    dC_dO, X, W = (rng.integers(-4, 5, shape).astype(float) for shape in ((N, NODES), (N, INPUTS), (INPUTS, NODES)))
    names = ("dC_dX", "dC_dW", "dC_dB")
    found, right = parts_in(result_of(answer, dC_dO, X, W), names), dense_backward(dC_dO, X, W)
    found = [array_in(each, name) for each, name in zip(found, names, strict=True)]
    if [each.shape for each in found] != [each.shape for each in right]:
        return _why_shape(found, right)
    for name, mine, wanted in zip(("dC/dX", "dC/dW", "dC/dB"), found, right, strict=True):
        if not same(mine, wanted):
            return f"{name} has the right shape and wrong values: {_why_values(name, mine, wanted)}"
    return None


def _why_shape(found, right):
    if sorted(each.shape for each in found) == sorted(each.shape for each in right):
        return "all three are there, in another order: dC_dX, dC_dW, dC_dB."
    for name, mine, wanted in zip(("dC/dX", "dC/dW", "dC/dB"), found, right, strict=True):
        if mine.shape == wanted.shape[::-1] != wanted.shape:
            return f"{name} is transposed: it has shape {mine.shape} and should have {wanted.shape}."
        if name == "dC/dB" and mine.shape == (N,):
            return "dC/dB: you add over the nodes; each node's bias counts in every example, so add over these."
        if name == "dC/dB" and mine.shape == (N, NODES):
            return "dC/dB: a bias counts in every example, so its gradient is a sum over them."
        if mine.shape != wanted.shape:
            return f"{name} should have the shape of what it belongs to, {wanted.shape}; yours has {mine.shape}."
    return None


def _why_values(name, mine, wanted):
    if same(mine * N, wanted):
        return f"it is divided by the {N} examples. Take the sum; if the cost is a mean, that is in dC/dO already."
    if same(mine, -wanted):
        return "its sign is turned. A gradient points where the cost grows; the optimiser subtracts it."
    return first_difference(name, mine, wanted)


@exercise_check
def check_softplus(answer):
    """Check a function (dC_dO, X) -> dC_dX of softplus, log(1 + exp(X))."""
    X, dC_dO = np.array([[-2.0, -0.5, 0.0], [0.5, 1.0, 3.0]]), np.array([[1.0, -2.0, 3.0], [0.5, 2.0, -1.0]])
    found, slopes = array_in(result_of(answer, dC_dO, X)), sigmoid_forward(X)
    if found.shape != X.shape:
        return f"dC/dX should have the shape of X, {X.shape}; yours has {found.shape}."
    if not same(found, dC_dO * slopes):
        mistakes = [
            (slopes, "that is the slope alone. By the chain rule it is multiplied with dC/dO."),
            (dC_dO * np.log1p(np.exp(X)), "you multiply with the value of softplus, not with its slope."),
            (
                dC_dO * slopes * (1 - slopes),
                "that is the slope of the sigmoid: you differentiated once too often.",
            ),
            (dC_dO / (1 + np.exp(X)), "that is 1 minus the slope: where X is large, softplus grows as X does."),
            (dC_dO + slopes, "dC/dO and the slope are multiplied, not added."),
        ]
        return reason_for(found, mistakes, "the values are not the slope's.")
    far = array_in(result_of(answer, np.ones(2), np.array([-1000.0, 1000.0])))
    if far.shape != (2,):
        return f"for X of shape (2,) dC/dX should have that shape, yours has {far.shape}."
    if not same(far, [0.0, 1.0]):
        return f"at X = −1000 and 1000 it gives {far[0]:g} and {far[1]:g}: an exponential overflows."
    return None


@exercise_check
def check_dead(answer):
    """Check a function (X, W, B) -> how many ReLU units of the layer are dead on these examples."""
    rng = np.random.default_rng(0)
    X, W = rng.normal(size=(20, INPUTS)), rng.normal(size=(INPUTS, 12))
    W[:, 0] = 0  # dead without its bias too
    B = np.where(np.arange(12) < 7, -50.0, 0.0)
    B[11] = 50.0  # a unit that is always active
    Z, found = dense_forward(X, W, B), number_in(result_of(answer, X, W, B))
    reasons = {
        int((Z <= 0).any(axis=0).sum()): "you count units that are 0 for some example. A dead one is for all.",
        int((Z <= 0).sum()): "you count single outputs, not units.",
        int((Z <= 0).all(axis=1).sum()): "you count the examples for which all units are 0: the axis is the other one.",
        int((Z > 0).any(axis=0).sum()): "these are the ones that live.",
        int((dense_forward(X, W) <= 0).all(axis=0).sum()): "you leave out the biases.",
    }
    right = int((Z <= 0).all(axis=0).sum())
    if found == right:
        return None
    return f"you find {found} dead units and there are {right}; {reasons.get(found, 'which never rise above 0?')}"


@exercise_check
def check_filters(answer):
    """Check a function (W (C*H*W, nodes), (C, H, W)) -> filters F (nodes, C, H, W) that do the same."""
    rng, shape, nodes = np.random.default_rng(0), (2, 3, 4), 5
    W, X = rng.normal(size=(math.prod(shape), nodes)), rng.normal(size=(3, *shape))
    found = array_in(result_of(answer, W, shape))
    if found.shape != (nodes, *shape):
        return f"F should have shape {(nodes, *shape)} (nodes, C, H, W); yours has {found.shape}."
    found = found.astype(float)
    equal = same(conv2d_forward(X, found)[:, :, 0, 0], dense_forward(X.reshape(3, -1), W))
    return None if equal else _why_filters(found, W, shape)


def _why_filters(found, W, shape):
    nodes, (C, H, width) = W.shape[1], shape
    right = W.T.reshape(nodes, *shape)
    if same(found, W.reshape(nodes, *shape)):
        return "a filter belongs to a node, and a node's weights are a column of W. Cut W by columns, not by rows."
    if same(found, W.T.reshape(nodes, H, width, C).transpose(0, 3, 1, 2)):
        return "you read each column with the channels last. Flatten puts all of channel 0 first."
    if same(found, right[:, :, ::-1, ::-1]):
        return "your filters are turned by 180 degrees. Our convolution does not flip them, so neither should you."
    if same(np.sort(found.ravel()), np.sort(W.ravel())):
        return "all weights are there, in wrong places. Which weight meets the pixel (c, h, w)?"
    return "its numbers are not the weights."
