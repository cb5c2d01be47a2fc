"""gradient_check, the grid and the cost surface: right gradients pass, wrong ones are found, and nothing changes."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tiers import slow_after

from cnn_core import (
    Conv2D,
    CrossEntropy,
    Flatten,
    FullyConnected,
    LeakyReLU,
    MeanSquaredError,
    Model,
    Pool2D,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    conv2d_backward,
    conv2d_backward_dilated,
    conv2d_forward,
    cost_surface,
    gradient_check,
    gradient_check_grid,
)
from cnn_core.checks import padding as padding_pair
from cnn_core.checks import pair
from cnn_core.shapes import geometry


def small_network(dtype="float64", seed=0):
    layers = [Conv2D(3, (3, 2), 2, "same"), Tanh(), Pool2D((2, 3), 1, 1, "mean"), Flatten(), FullyConnected(4)]
    return Model(layers, input_shape=(2, 6, 5), seed=seed, dtype=dtype)


def state_of(model):
    return [(key, param.tobytes(), None if grad is None else grad.tobytes()) for key, param, grad in model.parameters()]


# --- whole models ---

NETWORKS = [
    pytest.param(lambda: [Conv2D(3), ReLU(), Pool2D(2), Flatten(), FullyConnected(4)], id="conv-relu-max"),
    pytest.param(
        lambda: [Conv2D(3, 2, (2, 1), 1), Pool2D(2, 1, "same", "min"), Flatten(), FullyConnected(4)], id="min"
    ),
    pytest.param(
        lambda: [
            Conv2D(2, (2, 3), 1, "same"),
            LeakyReLU(0.1),
            Conv2D(3, 3, 2, "include"),
            Flatten(),
            FullyConnected(4),
        ],
        id="conv-conv",
    ),
    pytest.param(
        lambda: [
            Conv2D(3, bias=False),
            Sigmoid(),
            Pool2D(3, 2, mode="mean"),
            Flatten(),
            FullyConnected(5),
            Tanh(),
            FullyConnected(4, bias=False),
        ],
        id="sigmoid-mean-two-dense",
    ),
]


@pytest.mark.parametrize("layers", NETWORKS)
@pytest.mark.parametrize("loss", slow_after(1, [CrossEntropy(), MeanSquaredError()]), ids=lambda loss: loss.name)
def test_whole_models_match_finite_differences(rng, layers, loss):
    model = Model(layers(), input_shape=(2, 7, 8))
    X, y = rng.normal(size=(3, 2, 7, 8)), np.array([0, 3, 1])
    targets = y if loss.name == "CrossEntropy" else np.eye(4)[y]
    error, where = gradient_check(model, X, targets, loss=loss, entries=80)
    assert error < 1e-5, where


def test_a_model_that_ends_in_softmax_matches_finite_differences(rng):
    model = Model([FullyConnected(4), Softmax()], input_shape=(5,))
    error, where = gradient_check(model, rng.normal(size=(3, 5)), np.eye(4)[[0, 3, 1]], loss=MeanSquaredError())
    assert error < 1e-6, where


# --- wrong gradients are found ---


class Wrong(FullyConnected):
    """A layer whose gradients are changed by `spoil`, a function of (dC_dX, grads)."""

    def __init__(self, num_nodes, spoil):
        super().__init__(num_nodes)
        self.spoil = spoil

    def gradients(self, dC_dO, X):
        return self.spoil(*super().gradients(dC_dO, X))


def one_entry_off(array, index):
    array[index] *= 1.01
    return array


SPOILT = [
    pytest.param(lambda dX, grads: (-dX, grads), "dC/dX", id="sign"),
    pytest.param(lambda dX, grads: (dX / 4, grads), "dC/dX", id="divided-by-the-batch"),
    pytest.param(lambda dX, grads: (dX, grads | {"W": grads["W"] / 4}), "dC/dW", id="weights-divided"),
    pytest.param(lambda dX, grads: (dX, grads | {"B": 0 * grads["B"]}), "dC/dB", id="biases-forgotten"),
    pytest.param(
        lambda dX, grads: (dX, grads | {"W": one_entry_off(grads["W"], (2, 1))}), "dC/dW[2, 1]", id="one-entry"
    ),
    pytest.param(lambda dX, grads: (dX * np.nan, grads), "dC/dX", id="nan"),
]


@pytest.mark.parametrize(("spoil", "place"), SPOILT)
def test_a_wrong_gradient_is_found_and_named(rng, spoil, place):
    error, where = gradient_check(Wrong(3, spoil), rng.normal(size=(4, 5)))
    assert np.isnan(error) or error > 5e-3
    assert where.startswith(place)


def test_a_wrong_gradient_inside_a_model_is_found_and_named_by_its_layer(rng):
    layers = [FullyConnected(4), Tanh(), Wrong(3, lambda dX, grads: (dX, grads | {"W": 2 * grads["W"]}))]
    model = Model(layers, input_shape=(5,))
    error, where = gradient_check(model, rng.normal(size=(4, 5)), [0, 1, 2, 0], loss=CrossEntropy())
    assert_allclose(error, 0.5, rtol=1e-4)
    assert where.startswith("dC/d2.W[")


def test_a_wrong_gradient_of_a_function_is_found_for_each_argument(rng):
    X, W = rng.normal(size=(4, 3)), rng.normal(size=(3, 2))
    right = lambda dC_dO, X, W: (dC_dO @ W.T, X.T @ dC_dO)  # noqa: E731
    assert gradient_check((np.matmul, right), X, W)[0] < 1e-7
    error, where = gradient_check((np.matmul, lambda *given: (right(*given)[0], 1.5 * right(*given)[1])), X, W)
    assert_allclose(error, 1 / 3, rtol=1e-4)
    assert where.startswith("argument 1[")


def test_the_relative_error_follows_its_definition():
    """Claimed 3 and true 2: off by a third of the larger; 1 % of the largest gradient is the least to compare with."""
    square = lambda X: X**2  # noqa: E731
    assert_allclose(gradient_check((square, lambda dC_dO, X: dC_dO * 3 * X), [1.0])[0], 1 / 3, rtol=1e-6)
    almost = lambda dC_dO, X: dC_dO * 2 * X + np.array([0, 1e-6]) * dC_dO  # noqa: E731
    assert gradient_check((square, almost), [1.0, 1e-9])[0] < 1e-3
    wrong = lambda dC_dO, X: dC_dO * 2 * X + [0, 1e-4 * dC_dO[0]]  # noqa: E731
    assert_allclose(gradient_check((square, wrong), [1.0, 1e-9])[0], 1e-4 / (0.01 * 2), rtol=1e-4)


def test_a_gradient_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"^gradient_check: argument 0 has shape \(1,\), expected \(3,\)"):
        gradient_check((np.square, lambda dC_dO, X: 2 * (dC_dO * X)[:1]), np.ones(3))


def test_a_backward_that_returns_too_few_gradients_is_refused():
    """Fewer gradients than arrays would leave an array unchecked."""
    with pytest.raises(ValueError, match=r"^gradient_check: .*1 .*2"):
        gradient_check((np.add, lambda dC_dO, A, B: dC_dO), np.ones(3), np.ones(3))


@pytest.mark.parametrize("entries", [1, 5])
def test_at_most_so_many_entries_are_moved(entries):
    calls = []
    forward = lambda X: calls.append(1) or X**2  # noqa: E731
    gradient_check((forward, lambda dC_dO, X: 2 * dC_dO * X), np.arange(1.0, 9.0), entries=entries)
    assert len(calls) == 1 + 2 * entries


def test_epsilon_is_used():
    """A central difference of x^3 at 1 is 3 + epsilon^2."""
    cube = (lambda X: X**3, lambda dC_dO, X: dC_dO * 3 * X**2)
    assert_allclose(gradient_check(cube, [1.0], epsilon=0.1)[0], 0.01 / 3.01, rtol=1e-9)


# --- nothing is changed ---


@pytest.mark.parametrize("dtype", slow_after(1, ["float32", "float64"]))
def test_a_model_and_its_arrays_are_unchanged(rng, dtype):
    model, X, y = small_network(dtype), rng.normal(size=(3, 2, 6, 5)), np.array([0, 3, 1])
    _, dC_dO = CrossEntropy()(model.forward(X), y)
    wanted = model.backward(dC_dO)
    before = state_of(model)
    X.flags.writeable = y.flags.writeable = False
    error, where = gradient_check(model, X, y, loss=CrossEntropy())
    assert error < 1e-6, where  # in float64, although the model computes in float32
    assert state_of(model) == before
    assert model.dtype == dtype
    assert_array_equal(model.backward(dC_dO), wanted)


def test_a_layer_and_its_input_are_unchanged(rng):
    layer, X = Conv2D(2), rng.normal(size=(2, 1, 5, 5))
    X.flags.writeable = False
    assert gradient_check(layer, X)[0] < 1e-6
    assert layer.params == layer.grads == {}
    assert layer.input_shape is None


def test_the_same_seed_gives_the_same_result(rng):
    X = rng.normal(size=(3, 2, 6, 5))
    first, second = (gradient_check(small_network(), X, [0, 3, 1], loss=CrossEntropy(), entries=5) for _ in range(2))
    assert first == second


# --- the grid ---


@pytest.mark.parametrize("backward", slow_after(1, [conv2d_backward, conv2d_backward_dilated]))
def test_the_grid_checks_every_combination(backward):
    sizes, kernels, strides, paddings = [5, (4, 7)], [2, (3, 1)], [1, (2, 3)], [0, (1, 2), "same", "include"]
    errors = gradient_check_grid(conv2d_forward, backward, sizes, kernels, strides, paddings)
    assert errors.shape == (2, 2, 2, 4)
    assert errors.max() < 1e-6


@pytest.mark.slow  # chapter 12 computes most of it
@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_the_grid_checks_every_combination_at_a_dilation(backward):
    grid = [7, (9, 8)], [2, (3, 1)], [1, (2, 3)], [0, "same", "include"]
    errors = gradient_check_grid(conv2d_forward, backward, *grid, dilation=(2, 3))
    assert errors.shape == (2, 2, 2, 3)
    assert errors.max() < 1e-6
    undilated = gradient_check_grid(conv2d_forward, lambda *arrays: backward(*arrays[:5]), *grid[:3], [0], (1, 1))
    assert undilated.max() < 1e-6


def test_the_grid_shows_a_dilation_that_is_left_out():
    def undilated(dC_dO, X, F, stride, padding, dilation):
        return conv2d_backward(dC_dO, X, F, stride, padding)

    errors = gradient_check_grid(conv2d_forward, undilated, [7], [1, 2], [1], ["same"], dilation=2)
    assert errors[0, 0, 0, 0] < 1e-6
    assert errors[0, 1, 0, 0] > 0.1


def test_the_grid_has_nan_where_a_dilated_kernel_does_not_fit():
    errors = gradient_check_grid(conv2d_forward, conv2d_backward, [4, 5], [3], [1], [0, 1], dilation=2)
    assert_array_equal(np.isnan(errors[:, 0, 0, :]), [[True, False], [False, False]])


def test_the_grid_has_nan_where_a_kernel_does_not_fit():
    errors = gradient_check_grid(conv2d_forward, conv2d_backward, [2, 4], [3], [1], [0, 1])
    assert_array_equal(np.isnan(errors[:, 0, 0, :]), [[True, False], [False, False]])


def test_the_grid_shows_where_a_gradient_is_wrong():
    """Filters that are not rotated are right only where a rotation changes nothing."""

    def not_rotated(dC_dO, X, F, stride, padding):
        dC_dX = conv2d_backward(dC_dO, X, F[:, :, ::-1, ::-1], stride, padding)[0]
        return dC_dX, *conv2d_backward(dC_dO, X, F, stride, padding)[1:]

    errors = gradient_check_grid(conv2d_forward, not_rotated, [5], [1, 2], [1, 2], [0])
    assert np.all(errors[0, 0] < 1e-6)
    assert np.all(errors[0, 1] > 0.1)


AWKWARD = {
    "sizes": [5, (5, 8)],
    "kernels": [1, 3, (2, 3)],
    "strides": [2, 3, (1, 2)],
    "paddings": [0, 1, "same", "include"],
}


@pytest.mark.slow  # chapter 03 computes most of it
@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_the_grid_of_chapter_03_is_within_the_tolerance_everywhere(backward):
    errors = gradient_check_grid(conv2d_forward, backward, **AWKWARD)
    assert errors.shape == (2, 3, 3, 4)
    assert errors.max() < 1e-6


@pytest.mark.slow  # chapter 03 computes most of it
def test_the_grid_finds_a_wrong_offset_exactly_where_pixels_are_excluded():
    def plan_of(X, F, stride, padding):
        return geometry(X.shape[2:], F.shape[2:], pair("stride", stride), padding_pair(padding))

    left_over = []

    def wrong_corner(dC_dO, X, F, stride, padding):
        plan = plan_of(X, F, stride, padding)
        left_over.append(any(plan.excluded))
        _, *others = conv2d_backward(dC_dO, X, F, stride, padding)
        frame = conv2d_backward(dC_dO, np.pad(X, [(0, 0), (0, 0), *plan.padding]), F, stride)[0]
        (top, _), (left, _) = plan.padding
        moved = np.roll(frame, plan.excluded, axis=(2, 3))
        return moved[:, :, top : top + X.shape[2], left : left + X.shape[3]], *others

    errors = gradient_check_grid(conv2d_forward, wrong_corner, **AWKWARD | {"sizes": [(5, 8)], "kernels": [1, (2, 3)]})
    assert_array_equal(errors.ravel() > 1e-6, left_over)
    assert 0 < sum(left_over) < errors.size


def test_the_grid_does_not_hide_a_broken_function():
    def broken(dC_dO, X, F, stride, padding):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        gradient_check_grid(conv2d_forward, broken, [5], [2], [1], [0])


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        pytest.param({"strides": [0]}, ValueError, id="stride-0"),
        pytest.param({"paddings": ["sme"]}, ValueError, id="padding-typo"),
        pytest.param({"kernels": ["3"]}, TypeError, id="kernel-text"),
        pytest.param({"sizes": [0]}, ValueError, id="size-0"),
        pytest.param({"dilation": 0}, ValueError, id="dilation-0"),
        pytest.param({"dilation": 1.0}, TypeError, id="dilation-float"),
    ],
)
def test_the_grid_refuses_a_wrong_setting(wrong, error):
    settings = {"sizes": [5], "kernels": [2], "strides": [1], "paddings": [0]} | wrong
    with pytest.raises(error, match=r"must be|unknown"):
        gradient_check_grid(conv2d_forward, conv2d_backward, **settings)


# --- the surface ---


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_centre_of_a_cost_surface_is_the_cost_of_the_model_which_is_unchanged(rng, dtype):
    model, X, y = small_network(dtype), rng.normal(size=(6, 2, 6, 5)), rng.integers(0, 4, 6)
    before = state_of(model)
    offsets, costs = cost_surface(model, X, y, CrossEntropy(), span=0.5, points=5)
    assert_allclose(offsets, [-0.5, -0.25, 0, 0.25, 0.5])
    assert costs.shape == (5, 5)
    assert_allclose(costs[2, 2], CrossEntropy()(model.predict(X), y)[0], rtol=1e-6)
    assert len(np.unique(costs)) == 25
    assert state_of(model) == before


def test_a_cost_surface_has_21_points_each_way_and_goes_as_far_as_the_parameters_unless_told_otherwise():
    model = Model([FullyConnected(1, bias=False)], input_shape=(1,))
    offsets, costs = cost_surface(model, np.ones((2, 1)), np.zeros((2, 1)), MeanSquaredError())
    assert_allclose(offsets, np.arange(-10, 11) / 10)
    assert costs.shape == (21, 21)


def test_an_array_without_entries_has_no_error():
    pair = (lambda X, Y: X.sum() + Y.sum() * np.ones(()), lambda dC_dO, X, Y: (dC_dO * np.ones_like(X), dC_dO + 0 * Y))
    assert gradient_check(pair, np.ones(3), np.ones((0, 2)))[0] < 1e-8
    assert gradient_check((lambda X: X.sum(), lambda dC_dO, X: 0 * X), np.ones((0, 2)))[0] == 0


def test_the_directions_of_a_cost_surface_have_the_length_of_the_parameters(rng):
    """With one weight matrix and the cost mean(O^2), a step of 1 along a direction doubles or quarters at most."""
    model = Model([FullyConnected(1, bias=False)], input_shape=(1,), dtype="float64")
    model.layers[0].params["W"][...] = 3
    _, costs = cost_surface(model, np.ones((2, 1)), np.zeros((2, 1)), MeanSquaredError(), span=1, points=3)
    # the weight is 3 (1 + a s + b t) with signs s and t: costs 9 (1 + a s + b t)^2
    assert_allclose(np.sort(costs.ravel()), np.sort([9 * (1 + a + b) ** 2 for a in (-1, 0, 1) for b in (-1, 0, 1)]))


@pytest.mark.parametrize(
    ("layers", "X"),
    [
        ([Conv2D(2, 2, bias=False), Flatten()], np.eye(4).reshape(4, 1, 2, 2)),
        ([FullyConnected(2, bias=False)], np.eye(4)),
    ],
    ids=["filters", "nodes"],
)
def test_each_filter_and_each_node_moves_by_its_own_length(layers, X):
    """With these examples the outputs are the parameters: a column is a filter, or the weights of a node."""
    model, seen = Model(layers, X.shape[1:], dtype="float64"), []
    model.parameters()[0][1][...] *= [1, 100] if X.ndim == 2 else np.array([1, 100]).reshape(2, 1, 1, 1)

    def loss(outputs, targets):
        seen.append(outputs.copy())
        return MeanSquaredError()(outputs, targets)

    cost_surface(model, X, np.zeros((4, 2)), loss, span=1, points=3)
    middle, first, second = seen[4], seen[7] - seen[4], seen[5] - seen[4]
    assert_array_equal(middle, model.predict(X))
    for direction in (first, second):
        assert_allclose(np.linalg.norm(direction, axis=0), np.linalg.norm(middle, axis=0))
    assert not np.allclose(first, second)


def test_the_same_seed_draws_the_same_surface_and_another_seed_another(rng):
    model, X, y = small_network(), rng.normal(size=(6, 2, 6, 5)), rng.integers(0, 4, 6)
    first, same, other = (cost_surface(model, X, y, CrossEntropy(), points=3, seed=seed)[1] for seed in (1, 1, 2))
    assert_array_equal(first, same)
    assert not np.allclose(first, other)
    usual, zero = (cost_surface(model, X, y, CrossEntropy(), points=3, **seed)[1] for seed in ({}, {"seed": 0}))
    assert_array_equal(usual, zero)


# --- validation ---


@pytest.mark.parametrize(
    ("subject", "arrays", "options", "error", "words"),
    [
        pytest.param(5, [], {}, TypeError, "expected a layer, a model or a pair .*, got int", id="no-subject"),
        pytest.param(ReLU, [np.ones((1, 2))], {}, TypeError, "expected a layer, a model or a pair", id="a-class"),
        pytest.param(ReLU(), [], {}, TypeError, "a layer is checked with one array X, got 0", id="layer-without-X"),
        pytest.param(ReLU(), [1, 2], {}, TypeError, "a layer is checked with one array X, got 2", id="layer-with-two"),
        pytest.param(
            small_network(), [1, 2], {}, TypeError, "a model is checked with X, targets and loss=", id="no-loss"
        ),
        pytest.param(ReLU(), [np.ones((1, 2))], {"entries": 0}, ValueError, "entries must be .* got 0", id="entries-0"),
        pytest.param(ReLU(), [np.ones((1, 2))], {"epsilon": 0}, ValueError, "epsilon must be .* got 0", id="epsilon-0"),
        pytest.param(ReLU(), [np.ones((1, 2))], {"seed": -1}, ValueError, "seed must be .* got -1", id="seed-negative"),
        pytest.param(ReLU(), ["abc"], {}, TypeError, "X must be an array of real numbers, got str", id="X-text"),
        pytest.param(
            (np.square, np.square), ["abc"], {}, TypeError, "argument 0 must be an array of real numbers", id="text"
        ),
    ],
)
def test_gradient_check_refuses(subject, arrays, options, error, words):
    with pytest.raises(error, match=f"^gradient_check: {words}"):
        gradient_check(subject, *arrays, **options)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        pytest.param({"span": 0}, ValueError, "span must be a finite number > 0, got 0", id="span-0"),
        pytest.param({"span": math.inf}, ValueError, "span must be a finite number > 0, got inf", id="span-infinite"),
        pytest.param({"points": 1}, ValueError, "points must be an integer of at least 2, got 1", id="points-1"),
        pytest.param({"points": 5.0}, TypeError, r"points must be .* got 5\.0", id="points-float"),
        pytest.param({"seed": "a"}, TypeError, "seed must be .* got 'a'", id="seed-text"),
    ],
)
def test_cost_surface_refuses(options, error, words):
    with pytest.raises(error, match=f"^cost_surface: {words}"):
        cost_surface(small_network(), np.ones((1, 2, 6, 5)), [0], CrossEntropy(), **options)
