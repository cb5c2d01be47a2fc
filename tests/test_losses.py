"""Losses, against SciPy, finite differences, and numbers worked out by hand."""

import math

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

from cnn_core import CrossEntropy, MeanSquaredError

N, CLASSES = 5, 4


@pytest.fixture
def outputs(rng):
    return 3 * rng.normal(size=(N, CLASSES))


@pytest.fixture
def labels(rng):
    return rng.integers(0, CLASSES, N)


def slopes(loss, outputs, targets, epsilon=1e-5):
    """Return how much the cost changes with each output, from a step up and a step down."""
    found = np.zeros_like(outputs)
    for index in np.ndindex(outputs.shape):
        step = np.zeros_like(outputs)
        step[index] = epsilon
        found[index] = (loss(outputs + step, targets)[0] - loss(outputs - step, targets)[0]) / (2 * epsilon)
    return found


# --- mean squared error ---


@pytest.mark.parametrize("shape", [(5, 4), (3,), (2, 3, 4, 5), (1, 1)], ids=str)
def test_mean_squared_error_is_the_mean_over_all_entries(rng, shape):
    outputs, targets = rng.normal(size=shape), rng.normal(size=shape)
    cost, dC_dO = MeanSquaredError()(outputs, targets)
    pairs = list(zip(outputs.ravel(), targets.ravel(), strict=True))
    assert type(cost) is float
    assert_allclose(cost, sum((o - t) ** 2 for o, t in pairs) / len(pairs), rtol=1e-12)
    assert_allclose(dC_dO.ravel(), [2 * (o - t) / len(pairs) for o, t in pairs], rtol=1e-12)
    assert_allclose(dC_dO, slopes(MeanSquaredError(), outputs, targets), rtol=1e-6, atol=1e-9)


def test_mean_squared_error_by_hand():
    cost, dC_dO = MeanSquaredError()([[1, 2], [3, 4]], [[1, 0], [0, 8]])
    assert cost == (0 + 4 + 9 + 16) / 4
    assert_array_equal(dC_dO, [[0, 1], [1.5, -2]])


def test_mean_squared_error_of_the_targets_is_zero(outputs):
    cost, dC_dO = MeanSquaredError()(outputs, outputs)
    assert cost == 0
    assert_array_equal(dC_dO, np.zeros_like(outputs))


def test_mean_squared_error_keeps_the_dtype_of_the_outputs(outputs):
    assert MeanSquaredError()(outputs.astype(np.float32), outputs)[1].dtype == np.float32
    assert MeanSquaredError()(outputs, outputs.astype(np.float32))[1].dtype == np.float64


# --- cross-entropy ---


def test_cross_entropy_equals_scipy(outputs, labels):
    cost, dC_dO = CrossEntropy()(outputs, labels)
    wanted = -np.mean([scipy.special.log_softmax(row)[label] for row, label in zip(outputs, labels, strict=True)])
    assert type(cost) is float
    assert_allclose(cost, wanted, rtol=1e-12)
    wanted = (scipy.special.softmax(outputs, axis=1) - np.eye(CLASSES)[labels]) / N
    assert_allclose(dC_dO, wanted, rtol=1e-10, atol=1e-14)


def test_cross_entropy_matches_finite_differences(outputs, labels):
    assert_allclose(CrossEntropy()(outputs, labels)[1], slopes(CrossEntropy(), outputs, labels), rtol=1e-6, atol=1e-9)


def test_cross_entropy_by_hand():
    # the right classes have probabilities 3/4 and 1/5
    cost, dC_dO = CrossEntropy()(np.log([[1, 3], [4, 1]]), [1, 1])
    assert_allclose(cost, (math.log(4 / 3) + math.log(5)) / 2, rtol=1e-14)
    assert_allclose(dC_dO, [[1 / 8, -1 / 8], [4 / 10, -4 / 10]], rtol=1e-14)


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_the_number_of_classes():
    assert_allclose(CrossEntropy()(np.zeros((7, 10)), np.arange(7))[0], math.log(10), rtol=1e-14)


def test_cross_entropy_accepts_one_hot_labels(outputs, labels):
    cost, dC_dO = CrossEntropy()(outputs, labels)
    for one_hot in (np.eye(CLASSES)[labels], np.eye(CLASSES, dtype=np.uint8)[labels]):
        cost_of_rows, dC_dO_of_rows = CrossEntropy()(outputs, one_hot)
        assert cost_of_rows == cost
        assert_array_equal(dC_dO_of_rows, dC_dO)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cross_entropy_is_exact_for_logits_of_ten_thousand(dtype):
    outputs = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0], [1e4, 1e4, -1e4]], dtype)
    cost, dC_dO = CrossEntropy()(outputs, [0, 1, 0])
    assert_allclose(cost, (0 + 2e4 + math.log(2)) / 3, rtol=1e-14)
    assert_allclose(dC_dO, np.array([[0, 0, 0], [1, -1, 0], [-0.5, 0.5, 0]]) / 3, rtol=1e-6)
    assert dC_dO.dtype == dtype


def test_cross_entropy_keeps_small_costs():
    """Where the right class is all but certain, 1 - p is lost in rounding, and the cost is not."""
    cost, _ = CrossEntropy()(np.array([[30.0, 0.0]]), [0])
    assert_allclose(cost, math.log1p(math.exp(-30)), rtol=1e-2)


# --- both ---

LOSSES = pytest.mark.parametrize("loss", [MeanSquaredError(), CrossEntropy()], ids=lambda loss: loss.name)


@LOSSES
def test_the_same_examples_twice_cost_the_same_and_share_the_gradient(loss, outputs):
    """The mean over the batch: what one example adds to a gradient halves when the batch doubles."""
    targets = np.eye(CLASSES)[[0, 1, 2, 3, 0]]
    cost, dC_dO = loss(outputs, targets)
    doubled_cost, doubled = loss(np.concatenate([outputs, outputs]), np.concatenate([targets, targets]))
    assert_allclose(doubled_cost, cost, rtol=1e-12)
    assert_allclose(doubled, np.concatenate([dC_dO, dC_dO]) / 2, rtol=1e-12)


@LOSSES
def test_a_step_against_the_gradient_lowers_the_cost(loss, outputs):
    targets = np.eye(CLASSES)[[0, 1, 2, 3, 0]]
    cost, dC_dO = loss(outputs, targets)
    assert loss(outputs - 0.1 * dC_dO, targets)[0] < cost


# --- validation ---


@LOSSES
@pytest.mark.parametrize(
    ("outputs", "error", "words"),
    [
        pytest.param(
            np.zeros((0, 2)), ValueError, r"outputs is empty \(shape \(0, 2\)\); at least one example", id="empty"
        ),
        pytest.param(np.array([[0.0, np.nan]]), ValueError, r"outputs contains 1 value .* index \(0, 1\)", id="nan"),
        pytest.param(
            np.array([[np.inf, 0.0]]), ValueError, r"outputs contains 1 value .* index \(0, 0\)", id="infinite"
        ),
        pytest.param(np.array([["a", "b"]]), TypeError, "outputs must be an array of real numbers, got", id="texts"),
        pytest.param(None, TypeError, "outputs must be an array of real numbers, got NoneType", id="none"),
    ],
)
def test_losses_refuse_outputs(loss, outputs, error, words):
    with pytest.raises(error, match=f"^{loss.name}: {words}"):
        loss(outputs, np.eye(2)[:1])


@pytest.mark.parametrize(
    ("targets", "error", "words"),
    [
        pytest.param(
            np.zeros(3), ValueError, r"targets have shape \(3,\), expected \(3, 2\).*CrossEntropy", id="labels"
        ),
        pytest.param(
            np.zeros((3, 1)), ValueError, r"targets have shape \(3, 1\), expected \(3, 2\)", id="broadcastable"
        ),
        pytest.param(np.full((3, 2), np.nan), ValueError, "targets contains 6 values that are not finite", id="nan"),
        pytest.param(
            np.full((3, 2), "a"), TypeError, "targets must be an array of real numbers, got dtype", id="texts"
        ),
    ],
)
def test_mean_squared_error_refuses_targets(targets, error, words):
    with pytest.raises(error, match=f"^MeanSquaredError: {words}"):
        MeanSquaredError()(np.zeros((3, 2)), targets)


@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        pytest.param(
            [0, 1, 2, 10], ValueError, r"label 10 at index 3; labels must be 0\.\.9 for 10 outputs\.", id="10"
        ),
        pytest.param(
            [-1, 1, 2, 3], ValueError, r"label -1 at index 0; labels must be 0\.\.9 for 10 outputs\.", id="-1"
        ),
        pytest.param([0, 1, 2], ValueError, "got 3 labels for 4 examples", id="too-few"),
        pytest.param([0.0, 1, 2, 3], TypeError, "labels must be integers, got dtype float64", id="floats"),
        pytest.param(np.zeros((4, 10)), ValueError, r"labels of shape \(4, 10\) must be one-hot", id="no-one-hot"),
    ],
)
def test_cross_entropy_refuses_labels(labels, error, words):
    with pytest.raises(error, match=f"^CrossEntropy: {words}"):
        CrossEntropy()(np.zeros((4, 10)), labels)


@pytest.mark.parametrize("shape", [(4,), (4, 10, 1, 1)], ids=str)
def test_cross_entropy_refuses_outputs_that_are_not_rows(shape):
    with pytest.raises(ValueError, match=r"^CrossEntropy: outputs must have 2 dimensions \(N, classes\)"):
        CrossEntropy()(np.zeros(shape), [0, 1, 2, 3])
