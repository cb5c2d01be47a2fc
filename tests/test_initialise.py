"""Initial values: their variances against theory, and random numbers from the given Generator alone."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from cnn_core import (
    Conv2D,
    FullyConnected,
    Model,
    constant,
    he_normal,
    he_uniform,
    xavier_normal,
    xavier_uniform,
    zeros,
)
from cnn_core.initialise import fans

DRAWN = [he_normal, he_uniform, xavier_normal, xavier_uniform]
EVERY_DRAWN = pytest.mark.parametrize("initialise", DRAWN, ids=lambda function: function.__name__)

# shape, the number of terms of one weighted sum, the number of sums that one input takes part in
SHAPES = [
    pytest.param((64, 16, 3, 5), 16 * 15, 64 * 15, id="filters"),
    pytest.param((400, 100), 400, 100, id="weights"),
]


def variance(initialise, fan_in, fan_out):
    """Return the variance that He (for ReLU) and Glorot derive: a signal keeps its size from layer to layer."""
    return 2 / fan_in if initialise in (he_normal, he_uniform) else 2 / (fan_in + fan_out)


@pytest.mark.parametrize(("shape", "fan_in", "fan_out"), SHAPES)
def test_fans_count_terms_and_sums(shape, fan_in, fan_out):
    assert fans(shape, np.random.default_rng(0)) == (fan_in, fan_out)


@EVERY_DRAWN
@pytest.mark.parametrize(("shape", "fan_in", "fan_out"), SHAPES)
def test_values_have_mean_zero_and_the_variance_of_theory(rng, initialise, shape, fan_in, fan_out):
    values, wanted = initialise(shape, rng), variance(initialise, fan_in, fan_out)
    assert values.shape == shape
    assert values.dtype == np.float64
    deviations = 4 / math.sqrt(values.size)  # four standard deviations of a mean, and more than those of a variance
    assert abs(values.mean()) < deviations * math.sqrt(wanted)
    assert_allclose(values.var(), wanted, rtol=math.sqrt(2) * deviations)


@pytest.mark.parametrize(("shape", "fan_in", "fan_out"), SHAPES)
@pytest.mark.parametrize("initialise", [he_uniform, xavier_uniform])
def test_uniform_values_fill_their_interval(rng, initialise, shape, fan_in, fan_out):
    limit = math.sqrt(3 * variance(initialise, fan_in, fan_out))  # uniform on -a..a has variance a^2 / 3
    values = initialise(shape, rng)
    assert 0.99 * limit < values.max() <= limit
    assert -limit <= values.min() < -0.99 * limit


@pytest.mark.parametrize("initialise", [he_normal, xavier_normal])
def test_normal_values_have_the_tails_of_a_normal_distribution(rng, initialise):
    values = initialise((400, 100), rng)
    beyond = np.mean(np.abs(values) > 2 * values.std())
    assert_allclose(beyond, 0.0455, rtol=0.1)


def test_he_keeps_the_size_of_a_signal_through_relu(rng):
    X = rng.normal(size=(200, 500))
    for _ in range(10):
        X = np.maximum(X, 0) @ he_normal((500, 500), rng)
    assert 0.5 < X.std() / math.sqrt(2) < 2  # a ReLU halves the second moment, He's 2 / fan_in doubles it


def test_zeros_and_constant_draw_no_random_numbers(rng):
    before = rng.bit_generator.state
    assert_array_equal(zeros((2, 3), rng), np.zeros((2, 3)))
    assert_array_equal(constant((4, 3, 2, 2), rng), np.full((4, 3, 2, 2), 0.01))
    assert rng.bit_generator.state == before


@EVERY_DRAWN
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(initialise):
    first, second, other = (initialise((4, 3, 3, 3), np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert first.tobytes() == second.tobytes()
    assert not np.any(first == other)


@EVERY_DRAWN
def test_random_numbers_come_from_the_generator_alone(rng, initialise):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - NumPy's global state is what must stay untouched
    first, second = initialise((5, 4), rng), initialise((5, 4), rng)
    assert not np.any(first == second)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("make", [lambda: Conv2D(4, padding="same"), lambda: FullyConnected(6)], ids=["F", "W"])
def test_two_layers_of_the_same_shape_in_one_model_start_different(make):
    first, second = layers = [make(), make()]
    Model(layers, input_shape=(4, 6, 6) if isinstance(first, Conv2D) else (6,))
    for key in first.params.keys() - {"B"}:
        assert first.params[key].shape == second.params[key].shape
        assert not np.any(first.params[key] == second.params[key])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_models_of_the_same_seed_start_with_the_same_bits(dtype):
    models = [Model([Conv2D(4)], input_shape=(1, 6, 6), seed=3, dtype=dtype) for _ in range(2)]
    first, second = (model.layers[0].params["F"] for model in models)
    assert first.dtype == dtype
    assert first.tobytes() == second.tobytes()


def test_a_float32_model_starts_where_the_float64_model_does():
    wide, narrow = (Model([Conv2D(4)], input_shape=(1, 6, 6), dtype=dtype) for dtype in ("float64", "float32"))
    assert_array_equal(narrow.layers[0].params["F"], wide.layers[0].params["F"].astype(np.float32))


@EVERY_DRAWN
@pytest.mark.parametrize(
    ("shape", "chance", "error", "words"),
    [
        pytest.param((2, 3), 0, TypeError, r"rng must be a numpy\.random\.Generator", id="seed-for-rng"),
        pytest.param((2, 3), np.random, TypeError, r"rng must be a numpy\.random\.Generator", id="module-for-rng"),
        pytest.param((3,), None, ValueError, r"shape .*\(3,\)", id="1-D"),
        pytest.param((2, 3, 4), None, ValueError, r"shape .*\(2, 3, 4\)", id="3-D"),
        pytest.param((2, 0), None, ValueError, "shape .*got 0", id="zero"),
        pytest.param((2.0, 3), None, TypeError, r"shape .*got 2\.0", id="float"),
        pytest.param(3, None, TypeError, "shape .*got 3", id="integer"),
    ],
)
def test_initialisations_refuse(rng, initialise, shape, chance, error, words):
    with pytest.raises(error, match=f"^{initialise.__name__}: .*{words}"):
        initialise(shape, rng if chance is None else chance)
