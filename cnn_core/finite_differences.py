"""Gradient checking by central differences, and the cost around a model's parameters.

Shapes      Those of the function or layer that is checked; everything is computed in float64, on copies.
Limits      Central differences are not valid where a function has a kink (ReLU at 0, tied maxima): use inputs without
            exact zeros and ties.
Chapters    Every chapter with a backward pass; 03 shows the grid.
"""

import copy
import itertools

import numpy as np

from . import checks

EPSILON = 1e-5  # the error of a central difference grows with its square, that of rounding with its inverse
ROUNDING = 100 * np.finfo(float).eps  # of a cost, relative to it: many operations lead to it


@checks.public
def gradient_check(subject, *arrays, loss=None, entries=200, epsilon=EPSILON, seed=0):
    """Compare gradients with finite differences.

    Parameters
    ----------
    subject : Layer, Model, or (forward, backward)
        A layer is checked for its input and its parameters; a model, with a loss, for its input and all parameters;
        a pair of functions for every array: forward(*arrays) -> O, backward(dC_dO, *arrays) -> gradient or gradients.
    *arrays : ndarray
        X for a layer; X and the targets for a model; what the functions take for a pair.
    loss : callable
        For a model only: (outputs, targets) -> (cost, dC_dO).
    entries : int
        At most this many entries of each array are moved, chosen by seed.
    epsilon : float
        How far an entry is moved, up and down.
    seed : int

    Returns
    -------
    (float, str)
        The largest relative error, |gradient - difference| / max(|gradient|, |difference|, 1 % of the array's largest
        gradient), and where it is, such as "dC/dF[0, 1, 2, 2]". Where both are so small that the rounding of the cost
        hides them they count as equal, such as those of a bias before a BatchNorm2D, which are 0.

    Examples
    --------
    >>> square = (lambda X: X**2, lambda dC_dO, X: dC_dO * 2 * X)
    >>> gradient_check(square, np.array([1.0, 2.0, 3.0]))[0] < 1e-9
    True
    """
    entries, epsilon = checks.integer("entries", entries), checks.number("epsilon", epsilon, gt=0)
    rng = np.random.default_rng(checks.integer("seed", seed, minimum=0))
    cost, moved = _prepared(subject, arrays, loss, rng)
    errors = [_largest_error(cost, name, *moved[name], entries, epsilon, rng) for name in moved]
    return max(errors, key=lambda error: np.inf if np.isnan(error[0]) else error[0])


@checks.public
def gradient_check_grid(forward, backward, sizes, kernels, strides, paddings, dilation=1):
    """Check a convolution's gradients for every combination of size, kernel, stride and padding.

    Parameters
    ----------
    forward, backward : callable
        conv2d_forward and conv2d_backward, or others that are called alike.
    sizes, kernels, strides, paddings : sequences
        Each entry as conv2d_forward takes it; an integer size is one of rows, with one column more.
    dilation : int or (int, int)
        Of every combination. Where it is 1, the functions are called without it.

    Returns
    -------
    ndarray, shape (len(sizes), len(kernels), len(strides), len(paddings))
        The largest relative error of each combination; nan where the kernel does not fit.
    """
    grid = [list(each) for each in (sizes, kernels, strides, paddings)]
    dilation = checks.pair("dilation", dilation)
    errors = [_grid_error(forward, backward, dilation, *combination) for combination in itertools.product(*grid)]
    return np.array(errors).reshape([len(each) for each in grid])


@checks.public
def cost_surface(model, X, y, loss, span=1.0, points=21, seed=0):
    """Return the cost on a square around the model's parameters, along two random directions.

    Parameters
    ----------
    model, X, y, loss
        As for evaluate; the model is left as it is.
    span : float
        How far to go each way; 1 is as far as the parameters are from 0.
    points : int
        How many costs each way.
    seed : int
        Chooses the directions.

    Returns
    -------
    offsets : ndarray, shape (points,)
        From -span to span.
    costs : ndarray, shape (points, points)
        costs[i, j] is the cost at offsets[i] along the first direction and offsets[j] along the second.

    References
    ----------
    Li et al., Visualizing the loss landscape of neural nets, arXiv:1712.09913: each filter of a direction is scaled to
    the length of the model's own filter, so that the picture does not depend on how a network divides its scale.
    """
    checks.model(model)
    checks.loss(loss)
    span, points = checks.number("span", span, gt=0), checks.integer("points", points, minimum=2)
    checks.fits(f"{points} by {points} costs", points**2, "float64", "Use fewer points.")
    offsets = np.linspace(-span, span, points)
    rng = np.random.default_rng(checks.integer("seed", seed, minimum=0))
    model = copy.deepcopy(model)
    params = [(param, param.copy()) for _, param, _ in model.parameters()]
    first, second = ([_scaled(rng.normal(size=param.shape), param) for param, _ in params] for _ in range(2))
    costs = np.empty((len(offsets), len(offsets)))
    for (i, a), (j, b) in itertools.product(enumerate(offsets), repeat=2):
        for (param, start), u, v in zip(params, first, second, strict=True):
            param[...] = start + a * u + b * v
        costs[i, j] = loss(model.predict(X), y)[0]
    return offsets, costs


def _scaled(direction, param):
    """Return the direction with each filter (each node of a weight matrix) as long as the parameter's own."""
    axes = tuple(range(1, param.ndim)) if param.ndim == 4 else (0,)
    lengths = np.sqrt((param.astype(float) ** 2).sum(axis=axes, keepdims=True))
    return direction * lengths / np.sqrt((direction**2).sum(axis=axes, keepdims=True))


def _prepared(subject, arrays, loss, rng):
    """Return the cost, a function of nothing, and {name: (array, gradient)} of the arrays that it depends on."""
    if isinstance(subject, (tuple, list)) and len(subject) == 2 and all(map(callable, subject)):
        named = {f"argument {index}": _copy(f"argument {index}", array) for index, array in enumerate(arrays)}
        return _functions(*subject, named, rng)
    if hasattr(subject, "parameters"):
        message = "a model is checked with X, targets and loss=, such as loss=CrossEntropy()."
        checks.require(len(arrays) == 2 and callable(loss), message, checks.BadType)
        return _network(_as_float64(subject), rng, *arrays, loss=loss)
    if hasattr(subject, "forward") and hasattr(subject, "params"):
        message = f"a layer is checked with one array X, got {len(arrays)} arrays."
        checks.require(len(arrays) == 1, message, checks.BadType)
        return _network(_as_float64(subject), rng, *arrays)
    raise checks.BadType(f"expected a layer, a model or a pair (forward, backward), got {type(subject).__name__}.")


def _functions(forward, backward, named, rng, loss=None, targets=()):
    arrays = list(named.values())
    O = forward(*arrays)
    loss = _weighted_sum(rng, O) if loss is None else loss
    gradients = backward(loss(O, *targets)[1], *arrays)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    given, wanted = len(gradients), len(arrays)
    checks.require(given == wanted, f"backward returned {given} gradients for {wanted} arrays.")
    moved = zip(named, zip(arrays, gradients, strict=True), strict=True)
    return lambda: loss(forward(*arrays), *targets)[0], dict(moved)


def _network(network, rng, X, *targets, loss=None):
    """Prepare a model with its loss and targets, or a layer with neither."""
    state, named = network.rng.bit_generator.state, {"dC/dX": _copy("X", X)}

    def forward(X):
        network.rng.bit_generator.state = state  # the same random numbers at every call
        return network.forward(X)

    cost, moved = _functions(forward, lambda dC_dO, _: network.backward(dC_dO), named, rng, loss, targets)
    of_layer = [(key, param, network.grads[key]) for key, param in getattr(network, "params", {}).items()]
    triples = network.parameters() if hasattr(network, "parameters") else of_layer
    return cost, moved | {f"dC/d{key}": (param, grad) for key, param, grad in triples}


def _weighted_sum(rng, O):
    """Return a loss of outputs like O in which each counts differently: its gradient is the weights."""
    weights = rng.normal(size=np.shape(O))
    return lambda O: (float((O * weights).sum()), weights)


def _copy(name, array):
    return np.array(checks.as_float(name, array, np.float64))


def _as_float64(subject):
    """Return a copy of a layer or model that computes in float64."""
    subject = copy.deepcopy(subject)
    for each in [subject, *getattr(subject, "layers", [])]:
        vars(each)["dtype"] = "float64"  # the parameters are converted when they are validated next
    return subject


def _largest_error(cost, name, array, gradient, entries, epsilon, rng):
    gradient = checks.same_shape(name, np.asarray(gradient, float), array.shape, "(the shape of what it belongs to)")
    if array.size == 0:
        return 0.0, name
    chosen = rng.permutation(array.size)[:entries]
    differences, costs = np.array([_difference(cost, array, i, epsilon) for i in chosen]).T
    claimed = gradient.ravel()[chosen]
    scale = np.maximum(np.abs(claimed), np.abs(differences))
    errors = np.abs(claimed - differences) / np.maximum(scale, max(0.01 * scale.max(), np.finfo(float).tiny))
    errors[scale < ROUNDING * abs(costs) / epsilon] = 0
    worst = int(errors.argmax())
    index = ", ".join(map(str, np.unravel_index(chosen[worst], array.shape)))
    return float(errors[worst]), f"{name}[{index}]"


def _difference(cost, array, index, epsilon):
    """Return the slope of the cost at one entry, from a step up and a step down, and the cost after the step up."""
    value = array.flat[index]
    array.flat[index] = value + epsilon
    above = cost()
    array.flat[index] = value - epsilon
    below = cost()
    array.flat[index] = value
    return (above - below) / (2 * epsilon), above


def _grid_error(forward, backward, dilation, size, kernel, stride, padding):
    rng = np.random.default_rng(0)
    rows, columns = checks.pair("size", size)
    columns += checks.is_integer(size)  # an integer size is one of rows, with one column more
    kernel, window = checks.pair("kernel", kernel), (checks.pair("stride", stride), checks.padding(padding))
    window += (dilation,) * (dilation != (1, 1))
    X, F, B = rng.normal(size=(2, 2, rows, columns)), rng.normal(size=(3, 2, *kernel)), rng.normal(size=3)
    try:
        forward(X, F, B, *window)
    except ValueError:  # the kernel is larger than the padded input: nothing to check
        return np.nan
    pair = (lambda *arrays: forward(*arrays, *window), lambda dC_dO, X, F, _: backward(dC_dO, X, F, *window))
    return gradient_check(pair, X, F, B)[0]
