"""Checks of chapter 05: counts of parameters, a bug to find, a derivative, dead units, and weights in another order."""

import math

import numpy as np

from cnn_core import dense_backward, sigmoid_forward

from .feedback import compare, exercise_check, reason_for, same
from .results import AnswerError, array_in, number_in, result_of

SHAPES = [((1, 28, 28), 10), ((32, 7, 7), 128), ((3, 5, 4), 1)]  # (one input's shape, units)
LARGEST_SIZE = 20


@exercise_check
def check_parameters(answer):
    """Check a function (shape of one input (C, H, W), units) -> the parameters of a FullyConnected after Flatten."""
    given = "for inputs of shape {} and {} units you count {found:,}; "
    return compare(answer, SHAPES, lambda shape, units: units * (math.prod(shape) + 1), given, _why_parameters)


def _why_parameters(found, right, shape, units):
    C, H, W = shape
    reasons = {
        right - units: "each unit has a bias too.",
        right - units + 1: "there is a bias for each unit, not one for all.",
        units * (H * W + 1): "Flatten makes one row of all channels, and every number in it has its weights.",
        C * H * W * (units + 1): "a bias belongs to a unit, not to an input.",
        C * H * W + units: "every unit has a weight for every input: that is a product, not a sum.",
    }
    return reasons.get(found, "count the weights of one unit first.")


def suspect_backward(dC_dO, X, W):
    """Return the three gradients of a fully connected layer. For some sizes one of them is wrong: find such sizes."""
    return (W @ dC_dO.T).reshape(X.shape), X.T @ dC_dO, dC_dO.sum(axis=0)


@exercise_check
def check_counterexample(answer):
    """Check (N, inputs, units): sizes for which suspect_backward gives a wrong gradient."""
    sizes = _sizes(answer)
    N, inputs, units = sizes
    rng = np.random.default_rng(0)
    dC_dO, X, W = (rng.normal(size=shape) for shape in ((N, units), (N, inputs), (inputs, units)))
    found, right = suspect_backward(dC_dO, X, W), dense_backward(dC_dO, X, W)
    if not all(map(same, found, right)):
        return None
    reason = "with a single image a column and a row hold the same numbers in the same order."
    if N > 1:
        reason = "with a single input dC/dX has one column, and its order cannot be wrong."
    return f"all three gradients are right there: {reason}"


def _sizes(answer):
    """Return three sizes from 1 to LARGEST_SIZE, or raise AnswerError."""
    sizes = array_in(answer, "your answer")
    if sizes.shape != (3,) or not np.all(sizes == np.floor(sizes)):
        raise AnswerError("write three whole numbers: images, inputs, units.")
    if sizes.min() < 1 or sizes.max() > LARGEST_SIZE:
        raise AnswerError(f"take sizes from 1 to {LARGEST_SIZE}: an example is easier to look at if it is small.")
    return sizes.astype(int).tolist()


@exercise_check
def check_softplus(answer):
    """Check a function (dC_dO, X) -> dC_dX of softplus, log(1 + exp(X))."""
    X, dC_dO = np.array([[-2.0, -0.5, 0.0], [0.5, 1.0, 3.0]]), np.array([[1.0, -2.0, 3.0], [0.5, 2.0, -1.0]])
    found, slopes = array_in(result_of(answer, dC_dO, X)), sigmoid_forward(X)
    if found.shape != X.shape:
        return f"dC/dX should have the shape of X, {X.shape}; yours has {found.shape}."
    if not same(found, dC_dO * slopes):
        return reason_for(found, _softplus_mistakes(dC_dO, X, slopes), "the values are not dC/dO times the slope.")
    far = array_in(result_of(answer, np.ones((1, 2)), np.array([[-1000.0, 1000.0]])))
    if far.shape != (1, 2):
        return f"for X of shape (1, 2) dC/dX should have that shape, yours has {far.shape}."
    if not same(far, [[0.0, 1.0]]):
        return f"at X = −1000 and 1000 it gives {far[0, 0]:g} and {far[0, 1]:g}: an exponential overflows."
    return None


def _softplus_mistakes(dC_dO, X, slopes):
    """Return (wrong result, its reason) for the mistakes that can be recognised."""
    return [
        (slopes, "that is the slope alone. By the chain rule it is multiplied with dC/dO."),
        (np.log1p(np.exp(X)), "that is softplus itself. Its slope, times dC/dO, is asked for."),
        (dC_dO * np.log1p(np.exp(X)), "you multiply with the value of softplus, not with its slope."),
        (dC_dO * slopes * (1 - slopes), "that is the slope of the sigmoid: you differentiated once too often."),
        (dC_dO / (1 + np.exp(X)), "that is 1 minus the slope: where X is large, softplus grows as X does."),
        (
            dC_dO * np.exp(X),
            "the derivative of log(u) is 1/u times that of u: you left out the division by u.",
        ),
        (dC_dO + slopes, "dC/dO and the slope are multiplied, not added."),
    ]


# What nine units give for three examples, before ReLU. The first three are dead: always negative, always 0, at
# most 0. The next two are negative on average but not always.
UNITS = [[-3, -1, -2], [0, 0, 0], [0, -2, -1], [-5, 1, -6], [2, -9, -1], [4, -1, 2], [3, 0, -1], [1, 2, 1], [3, 1, 4]]
BEFORE = np.array(UNITS, float).T
BIASES = np.array([-0.5, 0, -2, -1, -1, -1, -1, -1, -1])
# Three examples of four inputs, in whole numbers, so that X @ W + B is exact and a unit at 0 is at 0.
EXAMPLES = np.array([[1.0, 1, 0, 2], [0, 1, 1, 0], [0, 0, 1, 1]])
BIASES_ALONE = "the biases alone do not tell: look at what the units give for the examples."


@exercise_check
def check_dead(answer):
    """Check a function (X, W, B) -> how many ReLU units of the layer are dead on these examples."""
    for Z, B in ((BEFORE, BIASES), (BEFORE, np.zeros(9)), (BEFORE[:, 3:], np.zeros(6))):
        found, right = number_in(result_of(answer, EXAMPLES, _weights(Z - B), B)), int((Z <= 0).all(axis=0).sum())
        if found != right:
            return f"you find {found:g} dead units and there are {right}; {_why_dead(found, Z, B)}"
    return None


def _weights(products):
    """Return whole-number weights W (4, units) for which EXAMPLES @ W are the given products."""
    last = np.ones(products.shape[1])
    third = products[2] - last
    second = products[1] - third
    return np.array([products[0] - second - 2 * last, second, third, last])


def _why_dead(found, Z, B):
    """Return the first reason that leads to the number found."""
    reasons = [
        ((Z <= 0).any(axis=0).sum(), "you count units that are 0 for some example. A dead one is 0 for all."),
        ((Z <= 0).sum(), "you count single outputs, not units."),
        ((Z <= 0).all(axis=1).sum(), "a unit is a column of the outputs: look along axis 0, the examples."),
        ((Z > 0).any(axis=0).sum(), "these are the units that are not dead."),
        ((Z < 0).all(axis=0).sum(), "an input of exactly 0 has the slope 0, too."),
        ((Z.mean(axis=0) <= 0).sum(), "a unit that is negative on average may be positive for one example."),
        ((Z.sum(axis=0) < 0).sum(), "a unit that is negative in sum may be positive for one example."),
        ((Z - B <= 0).all(axis=0).sum(), "you leave out the biases."),
        ((B < 0).sum(), BIASES_ALONE),
        ((B <= 0).sum(), BIASES_ALONE),
        ((Z <= 0).mean(), "that is a share of all outputs."),
        ((Z <= 0).all(axis=0).mean(), "that is a share of the units. Their number is asked for."),
    ]
    reasons = [reason for number, reason in reasons if np.isclose(found, number)]
    return (reasons or ["which units are 0 after ReLU for every example?"])[0]


@exercise_check
def check_reordered(answer):
    """Check a function (W (H*W*C, units), (C, H, W)) -> the same weights, rows in the order (C, H, W)."""
    rng = np.random.default_rng(0)
    for shape, units in (((2, 3, 4), 5), ((3, 2, 2), 1)):
        C, H, width = shape
        W = rng.normal(size=(math.prod(shape), units))
        right = W.reshape(H, width, C, units).transpose(2, 0, 1, 3).reshape(W.shape)
        found = array_in(result_of(answer, W, shape))
        if found.shape != W.shape:
            return f"W keeps its shape {W.shape} (inputs, units); yours has {found.shape}."
        if not same(found, right):
            return reason_for(found, _order_mistakes(W, shape), _why_order(found, W))
    return None


def _order_mistakes(W, shape):
    """Return (wrong result, its reason) for the mistakes that can be recognised."""
    C, H, width = shape
    inverse = W.reshape(C, H, width, -1).transpose(1, 2, 0, 3).reshape(W.shape)
    turned = W.reshape(H, width, C, -1).transpose(2, 1, 0, 3).reshape(W.shape)
    return [
        (W, "the rows are still in the order of the other library."),
        (inverse, "that is the way from our order to the other library's. Which axis comes last in W as it is given?"),
        (turned, "rows and columns of the maps have changed places. Only the channel moves."),
    ]


def _why_order(found, W):
    if same(np.sort(found.ravel()), np.sort(W.ravel())):
        return "all weights are there, some in a wrong place. Split the rows into (H, W, C) first."
    return "its numbers are not the weights."
