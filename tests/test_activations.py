"""Activations, against SciPy, finite differences, and the ends of the range of floats."""

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

from cnn_core import (
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    gradient_check,
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    softmax_backward,
    softmax_forward,
    tanh_backward,
    tanh_forward,
)

# name: (forward, backward, the value and the slope for one entry, layer); softmax mixes entries and has its own tests
ENTRY_BY_ENTRY = {
    "relu": (relu_forward, relu_backward, lambda x: max(x, 0.0), lambda x: float(x > 0), ReLU),
    "leaky_relu": (
        leaky_relu_forward,
        leaky_relu_backward,
        lambda x: x if x > 0 else 0.01 * x,
        lambda x: 1.0 if x > 0 else 0.01,
        LeakyReLU,
    ),
    "sigmoid": (
        sigmoid_forward,
        sigmoid_backward,
        scipy.special.expit,
        lambda x: scipy.special.expit(x) * scipy.special.expit(-x),
        Sigmoid,
    ),
    "tanh": (tanh_forward, tanh_backward, np.tanh, lambda x: 1 / np.cosh(x) ** 2, Tanh),
}
EVERY_ENTRY_BY_ENTRY = pytest.mark.parametrize("name", ENTRY_BY_ENTRY)
PAIRS = {name: (forward, backward) for name, (forward, backward, *_) in ENTRY_BY_ENTRY.items()}
PAIRS["softmax"] = softmax_forward, softmax_backward
EVERY_PAIR = pytest.mark.parametrize(("forward", "backward"), PAIRS.values(), ids=PAIRS.keys())
LAYERS = [ReLU, LeakyReLU, Sigmoid, Tanh, Softmax]


@EVERY_ENTRY_BY_ENTRY
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 4, 5), (7,), (), (0, 3)], ids=str)
def test_forward_and_backward_apply_one_function_to_every_entry(rng, name, shape):
    forward, backward, value, slope, _ = ENTRY_BY_ENTRY[name]
    X, dC_dO = 3 * rng.normal(size=shape), rng.normal(size=shape)
    by_entry = lambda function: np.array([function(x) for x in X.ravel()]).reshape(shape)  # noqa: E731
    assert_allclose(forward(X), by_entry(value), rtol=1e-12, atol=1e-12)
    assert_allclose(backward(dC_dO, X), dC_dO * by_entry(slope), rtol=1e-10, atol=1e-12)


@EVERY_PAIR
def test_backward_matches_finite_differences(rng, forward, backward):
    error, where = gradient_check((forward, backward), rng.normal(size=(4, 5)))
    assert error < 1e-6, where


@pytest.mark.parametrize("make", LAYERS)
def test_the_layers_match_finite_differences(rng, make):
    error, where = gradient_check(make(), rng.normal(size=(4, 5)))
    assert error < 1e-6, where


@pytest.mark.parametrize("make", [*LAYERS, lambda: LeakyReLU(0.3)])
def test_the_layers_equal_the_functions(rng, make):
    layer, X, dC_dO = make(), rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    forward, backward = PAIRS["leaky_relu" if layer.name == "LeakyReLU" else layer.name.lower()]
    slope = (layer.slope,) if layer.name == "LeakyReLU" else ()
    assert_array_equal(layer.forward(X), forward(X, *slope))
    assert_array_equal(layer.backward(dC_dO), backward(dC_dO, X, *slope))
    assert layer.params == layer.grads == {}
    assert layer.output_shape((5,)) == (5,)


def test_forward_and_backward_by_hand():
    X, dC_dO = [-2, 0, 3], [10, 20, 30]
    assert_array_equal(relu_forward(X), [0, 0, 3])
    assert_array_equal(relu_backward(dC_dO, X), [0, 0, 30])  # at exactly 0 the slope is taken as 0
    assert_array_equal(leaky_relu_forward(X, slope=0.5), [-1, 0, 3])
    assert_array_equal(leaky_relu_backward(dC_dO, X, slope=0.5), [5, 10, 30])
    assert_array_equal(sigmoid_forward([0]), [0.5])
    assert_array_equal(sigmoid_backward([8], [0]), [2])  # 8 * 1/2 * 1/2
    assert_array_equal(tanh_backward([8], [0]), [8])
    assert_allclose(softmax_forward(np.log([1, 3, 4])), [1 / 8, 3 / 8, 4 / 8], rtol=1e-15)


# --- softmax ---


@pytest.mark.parametrize("shape", [(4, 3), (5,), (2, 3, 4), (3, 1), (0, 3)], ids=str)
def test_softmax_equals_scipy_along_the_last_axis(rng, shape):
    X = 3 * rng.normal(size=shape)
    assert_allclose(softmax_forward(X), scipy.special.softmax(X, axis=-1), rtol=1e-12, atol=0)


def test_softmax_backward_is_the_product_with_its_matrix_of_derivatives(rng):
    X, dC_dO = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    O = scipy.special.softmax(X, axis=-1)
    wanted = [(np.diag(o) - np.outer(o, o)) @ g for o, g in zip(O, dC_dO, strict=True)]  # dO_i/dX_j = O_i (1_ij - O_j)
    assert_allclose(softmax_backward(dC_dO, X), wanted, rtol=1e-10, atol=1e-14)


def test_adding_a_number_to_all_logits_changes_nothing(rng):
    X, dC_dO = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    assert_allclose(softmax_forward(X + 1e4), softmax_forward(X), rtol=1e-10)
    assert_allclose(softmax_backward(dC_dO, X).sum(axis=-1), 0, atol=1e-14)


# --- the ends of the range; every warning is an error here ---

LARGEST = [-1e308, -1e4, -800.0, -40.0, 0.0, 40.0, 800.0, 1e4, 1e308]


@EVERY_PAIR
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_size_of_input_overflows(forward, backward, dtype):
    X = np.clip(np.array(LARGEST), np.finfo(dtype).min / 4, np.finfo(dtype).max / 4).astype(dtype)
    O, dC_dX = forward(X), backward(np.ones_like(X), X)
    assert np.isfinite(O).all()
    assert np.isfinite(dC_dX).all()


def test_sigmoid_keeps_its_small_values():
    X = np.array([-700.0, -100.0, -40.0, 40.0])
    assert_allclose(sigmoid_forward(X), scipy.special.expit(X), rtol=1e-14, atol=0)
    both_sides = np.array([-700.0, -100.0, 100.0, 700.0])
    assert_allclose(
        sigmoid_backward(np.ones(4), both_sides), np.exp([-700.0, -100.0, -100.0, -700.0]), rtol=1e-14, atol=0
    )


@EVERY_PAIR
def test_nan_is_passed_on(forward, backward):
    X, fine = np.array([1.0, np.nan, 2.0]), np.ones(3)
    assert np.isnan(forward(X)[1])
    assert np.isnan(backward(X, fine)[1])


@EVERY_ENTRY_BY_ENTRY
def test_the_output_of_an_infinite_input_is_the_limit(name):
    forward, _, _, _, _ = ENTRY_BY_ENTRY[name]
    limits = {"relu": (0, np.inf), "leaky_relu": (-np.inf, np.inf), "sigmoid": (0, 1), "tanh": (-1, 1)}
    assert_array_equal(forward([-np.inf, np.inf]), limits[name])


def test_a_relu_that_is_off_stops_any_gradient():
    assert_array_equal(relu_backward([np.inf, np.nan, np.inf], [-1.0, -1.0, 1.0]), [0, 0, np.inf])


# --- validation ---


@EVERY_PAIR
@pytest.mark.parametrize("shape", [(3,), (2, 4), (3, 2), (2, 3, 1)], ids=str)
def test_backward_refuses_a_gradient_of_another_shape_than_the_input(forward, backward, shape):
    with pytest.raises(ValueError, match=rf"^{backward.__name__}: dC_dO has shape .* expected \(2, 3\)"):
        backward(np.ones(shape), np.ones((2, 3)))


@pytest.mark.parametrize("shape", [(), (3, 0)], ids=str)
def test_softmax_refuses_an_input_without_classes(shape):
    with pytest.raises(ValueError, match=r"^softmax_forward: X must have at least one class on its last axis"):
        softmax_forward(np.ones(shape))


WRONG_SLOPES = [
    pytest.param(np.nan, ValueError, "slope must be a finite number.*, got nan", id="nan"),
    pytest.param(np.inf, ValueError, "slope must be a finite number.*, got inf", id="infinite"),
    pytest.param("0.1", TypeError, r"slope must be a finite number.*, got '0\.1'", id="text"),
    pytest.param(True, TypeError, "slope must be a finite number.*, got True", id="bool"),
    pytest.param(None, TypeError, "slope must be a finite number.*, got None", id="none"),
]


@pytest.mark.parametrize(
    ("slope", "error", "words"),
    [
        *WRONG_SLOPES,
        pytest.param(-0.1, ValueError, r"slope must be a finite number >= 0 and < 1, got -0\.1", id="negative"),
        pytest.param(1, ValueError, "slope must be a finite number >= 0 and < 1, got 1", id="one"),
    ],
)
def test_leaky_relu_layer_refuses(slope, error, words):
    with pytest.raises(error, match=f"^LeakyReLU: {words}"):
        LeakyReLU(slope)


@pytest.mark.parametrize(("slope", "error", "words"), WRONG_SLOPES)
def test_leaky_relu_functions_refuse(slope, error, words):
    with pytest.raises(error, match=f"^leaky_relu_forward: {words}"):
        leaky_relu_forward([1.0], slope)
    with pytest.raises(error, match=f"^leaky_relu_backward: {words}"):
        leaky_relu_backward([1.0], [1.0], slope)


def test_softmax_layer_on_images_names_flatten():
    with pytest.raises(ValueError, match=r"^Softmax: expected .* \(classes,\), got \(1, 2, 2\)\. Put a Flatten"):
        Softmax().forward(np.zeros((3, 1, 2, 2)))
