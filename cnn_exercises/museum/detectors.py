"""The detectors of the museum: pure functions of the parts of a program, each of which returns a Finding.

Findings    caught, the number that decided (None where an exception did), and a sentence. A detector never changes
            what it is given, and does not know which mistake it is looking for.
Limits      LIMITS says from which number on each detector complains.
Chapter     11.
"""

import functools
import math
import warnings
from dataclasses import dataclass

import numpy as np

from cnn_core import (
    Adam,
    RMSProp,
    conv2d_backward_dilated,
    gradient_check,
    load_mnist,
    pool2d_backward_loop,
)

from .network import costs_of, split

USUAL_POOL, USUAL_CONV = ({"pool_size": 2},), ({"num_filters": 2, "padding": 1},)  # what most examples have
AWKWARD_POOL = ({"pool_size": 3, "stride": 2}, {"pool_size": (2, 3), "stride": 1}, {"pool_size": 2, "stride": 3})
AWKWARD_CONV = (
    {"num_filters": 3, "kernel_size": (3, 2), "stride": 2},  # pixels are left over
    {"num_filters": 2, "kernel_size": 3, "stride": (2, 1), "padding": 1},
    {"num_filters": 2, "kernel_size": 2},  # no padding
)


@dataclass(frozen=True)
class Finding:
    """What a detector found: whether it caught a mistake, the number that decided or None, and a sentence."""

    caught: bool
    number: float | None
    text: str


def detector(find):
    """Return a detector: it makes a Finding of what `find` returns (caught, number, text), or of its exception."""

    @functools.wraps(find)
    def detect(parts):
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                caught, number, text = find(parts)
                return Finding(bool(caught), None if number is None else float(number), text)
        except (ArithmeticError, LookupError, ValueError) as error:
            return Finding(True, None, f"{type(error).__name__}: {error}")

    return detect


@functools.lru_cache(maxsize=1)
def _digits():
    return split(load_mnist())


def _worst(errors, limit, what):
    """Return the finding about the largest of {where: error}."""
    where = max(errors, key=lambda key: np.inf if np.isnan(errors[key]) else errors[key])
    caught = not errors[where] <= limit  # nan is above every limit
    return caught, errors[where], f"{what} {errors[where]:.1e} at {where}"


def _layers(parts, convs, pools):
    """Return one layer of the program for each of these settings, by a name."""
    made = {f"convolution {given}": parts.conv(**given) for given in convs}
    for mode in ("max", "mean"):
        made |= {f"{mode} pooling {given}": parts.pool(mode=mode, **given) for given in pools}
    return made | {"ReLU": parts.relu(), "Flatten": parts.flatten()}


# --- before training --------------------------------------------------------------------------------------------------


@detector
def first_pass(parts):
    """Compare the first cost with log 10, and the size of the signal before the last layer with that of the pixels."""
    model, _, loss = parts.make(0)
    (X, y), _ = _digits()
    signal = X[:200]
    for layer in model.layers[:-1]:
        signal = layer.forward(signal, training=False)
    cost, size = loss(model.layers[-1].forward(signal), y[:200])[0], np.sqrt(np.mean(signal**2) / np.mean(X[:200] ** 2))
    caught = abs(cost - math.log(10)) > 0.01 or not 0.2 < size < 5
    return caught, float(size), f"first cost {cost:.3f}, the signal is {size:.2f} times as large as the pixels"


@detector
def gradients_usual(parts):
    """Check the gradients of single layers with random numbers, in the usual settings."""
    return _gradient_errors(parts, USUAL_CONV, USUAL_POOL)


@detector
def gradients_awkward(parts):
    """Check the gradients of single layers with random numbers, with strides, overlaps and left-over pixels."""
    return _gradient_errors(parts, AWKWARD_CONV, AWKWARD_POOL)


def _gradient_errors(parts, convs, pools):
    X = np.random.default_rng(0).normal(size=(2, 2, 8, 9))
    errors = {name: gradient_check(layer, X)[0] for name, layer in _layers(parts, convs, pools).items()}
    return _worst(errors, 1e-5, "relative error")


@detector
def adjointness(parts):
    """Compare the sums of O · dC/dO, X · dC/dX and F · dC/dF: equal, since O is linear while the biases are 0."""
    (X, _), _ = _digits()
    X, errors = X[:8, :, 4:24, 4:25].astype(np.float64), {}
    for name, layer in _layers(parts, AWKWARD_CONV, AWKWARD_POOL).items():
        O = layer.forward(X)
        dC_dO = np.random.default_rng(0).normal(size=O.shape)
        dC_dX, size = layer.backward(dC_dO), np.linalg.norm(O) * np.linalg.norm(dC_dO)
        pairs = {"X": (X, dC_dX)} | ({"F": (layer.params["F"], layer.grads["F"])} if layer.params else {})
        errors |= {f"{key} of {name}": abs(np.sum(O * dC_dO) - np.sum(A * dA)) / size for key, (A, dA) in pairs.items()}
    return _worst(errors, 1e-9, "difference")


@detector
def against_loops(parts):
    """Compare the gradients of integers, in awkward settings and with ties, with the loops: equal in every bit."""
    rng, errors = np.random.default_rng(0), {}
    X = rng.integers(-2, 3, size=(2, 2, 8, 9)).astype(float)
    for name, layer in _layers(parts, AWKWARD_CONV, AWKWARD_POOL).items():
        O = layer.forward(X)
        if layer.params:
            layer.params["F"] = rng.integers(-3, 4, size=layer.params["F"].shape)
        dC_dO = rng.integers(-3, 4, size=O.shape).astype(float)
        wanted = _reference(layer, dC_dO, X)
        found = {"X": layer.backward(dC_dO), **layer.grads}
        errors |= {f"{key} of {name}": np.abs(found[key] - wanted[key]).max() for key in found}
    return _worst(errors, 1e-9, "difference")


def _reference(layer, dC_dO, X):
    """Return the gradients of a layer by the loops that are written to be read."""
    if hasattr(layer, "kernel_size"):
        found = conv2d_backward_dilated(dC_dO, X, layer.params["F"], layer.stride, layer.padding)
        return dict(zip("XFB", found, strict=True))
    if hasattr(layer, "pool_size"):
        return {"X": pool2d_backward_loop(dC_dO, X, layer.pool_size, layer.stride, layer.padding, layer.mode)}
    return {"X": dC_dO.reshape(X.shape) * (X > 0 if layer.output_shape(X.shape[1:]) == X.shape[1:] else 1)}


@detector
def optimiser_by_hand(parts):
    """Compare three steps of the optimiser with those of its formula."""
    optimiser = parts.optimiser()
    formula = next(each for each in (Adam, RMSProp) if isinstance(optimiser, each))(optimiser.learning_rate)
    grads = np.random.default_rng(0).normal(size=(3, 1000))
    ends = []
    for each in (optimiser, formula):
        key = next(iter(each.state), "w")
        param = np.zeros(each.state[key]["first"].shape if each.state else 1000)
        for grad in grads:
            others = {k: v for k, v in each.state.items() if k != key}
            rest = [(k, np.zeros(v["first"].shape), np.zeros(v["first"].shape)) for k, v in others.items()]
            each.step([(key, param, np.resize(grad, param.shape)), *rest])
        ends.append(np.resize(param, 9))
    return _worst(
        {"the third step": np.abs(ends[0] - ends[1]).max() / np.abs(ends[1]).max()}, 1e-6, "relative difference"
    )


@detector
def extreme_numbers(parts):
    """Call the loss with a logit of 1,000 and ReLU's gradient with infinity: both have finite or infinite results."""
    cost, dC_dO = parts.loss()(np.array([[0.0, 1000.0]]), np.array([0]))
    relu = parts.relu()
    relu.forward(np.array([[-1.0, 1.0]]))
    back = relu.gradients(np.array([[np.inf, np.inf]]), np.array([[-1.0, 1.0]]))[0]
    wrong = int(not abs(cost - 1000) < 1) + int(np.isnan(dC_dO).sum()) + int(np.isnan(back).sum())
    return wrong > 0, float(wrong), f"cost {cost:.4g} where 1000 is right; {wrong} wrong results"


# --- with some training -----------------------------------------------------------------------------------------------


@detector
def look_at_data(parts):
    """Classify the digits by the nearest mean of a class: with the right labels, most are classified correctly."""
    (X, y), _ = _digits()
    X, y = parts.shuffle(X, y, np.random.default_rng(0))
    means = np.stack([X[y == digit].mean(axis=0) for digit in range(10)]).reshape(10, -1)
    flat = X.reshape(len(X), -1)
    nearest = (np.square(means).sum(axis=1) - 2 * flat @ means.T).argmin(axis=1)
    share = float(np.mean(nearest == y))
    return share < 0.7, share, f"{share:.0%} of the digits are nearest to the mean of their label"


@detector
def ten_digits(parts):
    """Train on ten digits for a hundred steps: all of them are learnt."""
    model, optimiser, loss = parts.make(0)
    (X, y), _ = _digits()
    X, y = parts.shuffle(X[:10], y[:10], np.random.default_rng(0))
    costs, error = costs_of(model, X, y, optimiser, loss, 100, batch_size=10)
    if error:
        return True, None, f"{error} at step {len(costs) + 1}"
    right = float(np.mean(model.predict(X).argmax(axis=1) == y))
    return right < 1 or costs[-1] > 0.1, costs[-1], f"{right:.0%} right, cost {costs[-1]:.2g} after a hundred steps"


@detector
def look_at_filters(parts):
    """Train for one epoch: no filter may stay as it began, and no two may be equal."""
    model, optimiser, loss = parts.make(0)
    before = {key: param.copy() for key, param, _ in model.parameters() if key.endswith("F")}
    (X, y), _ = _digits()
    X, y = parts.shuffle(X, y, np.random.default_rng(0))
    _, error = costs_of(model, X, y, optimiser, loss, 1)
    filters = {key: param for key, param, _ in model.parameters() if key in before}
    moved = min(_lengths(F - before[key]).min() for key, F in filters.items())
    pairs = [_lengths(F[i] - F[j]) for F in filters.values() for i in range(len(F)) for j in range(i)]
    apart = min(map(float, pairs))
    text = f"the least has moved by {moved:.2g}, the closest two are {apart:.2g} apart"
    return error is not None or min(moved, apart) < 0.01, float(min(moved, apart)), error or text


def _lengths(F):
    """Return the length of each filter (the last three axes)."""
    return np.sqrt(np.square(F).sum(axis=(-3, -2, -1)))


DETECTORS = {
    "first pass": first_pass,
    "ten digits": ten_digits,
    "gradient check, usual": gradients_usual,
    "gradient check, awkward": gradients_awkward,
    "adjoint test": adjointness,
    "against loops": against_loops,
    "optimiser": optimiser_by_hand,
    "extremes": extreme_numbers,
    "filters": look_at_filters,
    "data": look_at_data,
}
