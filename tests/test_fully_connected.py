"""The fully connected layer, against its definition as a sum, finite differences, and numbers worked out by hand."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from cnn_core import Flatten, FullyConnected, dense_backward, dense_forward, gradient_check

N, INPUTS, NODES = 4, 5, 3


@pytest.fixture
def case(rng):
    """Return X, W, B and dC_dO with small integers, whose sums are exact."""
    shapes = (N, INPUTS), (INPUTS, NODES), (NODES,), (N, NODES)
    return [rng.integers(-9, 10, shape).astype(float) for shape in shapes]


def test_dense_forward_is_a_weighted_sum_for_every_node(case):
    X, W, B, _ = case
    wanted = [[sum(x * w for x, w in zip(row, weights, strict=True)) for weights in W.T] for row in X]
    assert_array_equal(dense_forward(X, W), wanted)
    assert_array_equal(dense_forward(X, W, B), np.array(wanted) + B)


def test_dense_backward_is_a_sum_over_nodes_and_over_the_batch(case):
    X, W, _, dC_dO = case
    dC_dX, dC_dW, dC_dB = dense_backward(dC_dO, X, W)
    for n, i in np.ndindex(N, INPUTS):
        assert dC_dX[n, i] == sum(dC_dO[n, j] * W[i, j] for j in range(NODES))
    for i, j in np.ndindex(INPUTS, NODES):
        assert dC_dW[i, j] == sum(X[n, i] * dC_dO[n, j] for n in range(N))
    assert_array_equal(dC_dB, [sum(dC_dO[n, j] for n in range(N)) for j in range(NODES)])


def test_forward_and_backward_by_hand():
    X, W, B = np.array([[1, 2], [3, 4]]), np.array([[1, 0, 2], [0, 1, 3]]), np.array([10, 20, 30])
    assert_array_equal(
        dense_forward(X, W, B), [[11, 22, 38], [13, 24, 48]]
    )  # third node: 1*2 + 2*3 + 30, 3*2 + 4*3 + 30
    dC_dX, dC_dW, dC_dB = dense_backward(np.array([[1, 0, 1], [0, 10, 0]]), X, W)
    assert_array_equal(dC_dX, [[1 + 2, 0 + 3], [0, 10]])
    assert_array_equal(dC_dW, [[1, 30, 1], [2, 40, 2]])
    assert_array_equal(dC_dB, [1, 10, 1])


def test_backward_is_adjoint_to_forward(rng):
    X, W, dC_dO = rng.normal(size=(N, INPUTS)), rng.normal(size=(INPUTS, NODES)), rng.normal(size=(N, NODES))
    O, (dC_dX, dC_dW, _) = dense_forward(X, W), dense_backward(dC_dO, X, W)
    scale = np.linalg.norm(O) * np.linalg.norm(dC_dO)
    assert abs(np.vdot(O, dC_dO) - np.vdot(X, dC_dX)) <= 1e-12 * scale
    assert abs(np.vdot(O, dC_dO) - np.vdot(W, dC_dW)) <= 1e-12 * scale


def test_backward_matches_finite_differences(rng):
    pair = dense_forward, lambda dC_dO, X, W, B: dense_backward(dC_dO, X, W)
    error, where = gradient_check(
        pair, rng.normal(size=(N, INPUTS)), rng.normal(size=(INPUTS, NODES)), rng.normal(size=NODES)
    )
    assert error < 1e-6, where


def test_many_examples_and_many_nodes_are_accepted(rng):
    X, W = rng.normal(size=(1000, 3)), rng.normal(size=(3, 50))
    assert np.allclose(dense_forward(X, W), X @ W)


def test_an_empty_batch_gives_an_empty_output():
    O = dense_forward(np.zeros((0, INPUTS)), np.ones((INPUTS, NODES)), np.ones(NODES))
    assert O.shape == (0, NODES)
    dC_dX, dC_dW, dC_dB = dense_backward(O, np.zeros((0, INPUTS)), np.ones((INPUTS, NODES)))
    assert dC_dX.shape == (0, INPUTS)
    assert_array_equal(dC_dW, np.zeros((INPUTS, NODES)))
    assert_array_equal(dC_dB, np.zeros(NODES))


def test_gradients_have_one_dtype_when_dtypes_are_mixed():
    wide, narrow = np.ones((2, 2)), np.ones((2, 2), np.float32)
    for arrays in ((wide, narrow, narrow), (narrow, wide, narrow), (narrow, narrow, wide)):
        assert [gradient.dtype for gradient in dense_backward(*arrays)] == [np.float64] * 3


# --- the layers ---


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
def test_the_layer_equals_the_functions(case, bias):
    X, W, B, dC_dO = case
    layer = FullyConnected(NODES, bias=bias)
    layer.params = {"W": W, "B": B} if bias else {"W": W}
    assert_array_equal(layer.forward(X), dense_forward(X, W, B if bias else None))
    dC_dX, dC_dW, dC_dB = dense_backward(dC_dO, X, W)
    assert_array_equal(layer.backward(dC_dO), dC_dX)
    assert_array_equal(layer.grads["W"], dC_dW)
    if bias:
        assert_array_equal(layer.grads["B"], dC_dB)
    assert layer.grads.keys() == layer.params.keys()


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
def test_the_layer_matches_finite_differences(rng, bias):
    error, where = gradient_check(FullyConnected(NODES, bias=bias), rng.normal(size=(N, INPUTS)))
    assert error < 1e-6, where


def test_the_layer_starts_with_drawn_weights_and_biases_of_zero():
    layer = FullyConnected(200, initialisation="he_uniform")
    layer.build((150,), np.random.default_rng(0), "float64")
    assert_array_equal(layer.params["B"], np.zeros(200))
    limit = np.sqrt(6 / 150)
    assert 0.99 * limit < np.abs(layer.params["W"]).max() <= limit


def test_a_last_layer_of_zeros_gives_zeros(rng):
    assert_array_equal(
        FullyConnected(10, initialisation="zeros").forward(rng.normal(size=(N, INPUTS))), np.zeros((N, 10))
    )


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 7), (1, 2, 3)], ids=str)
def test_flatten_makes_rows_in_order_and_backward_makes_images_again(rng, shape):
    X, layer = rng.normal(size=shape), Flatten()
    O = layer.forward(X)
    assert O.shape == (shape[0], np.prod(shape[1:]))
    assert layer.output_shape(shape[1:]) == O.shape[1:]
    assert_array_equal(O[0], X[0].ravel())
    dC_dO = rng.normal(size=O.shape)
    assert_array_equal(layer.backward(dC_dO), dC_dO.reshape(shape))
    assert gradient_check(layer, X)[0] < 1e-6


def test_flatten_accepts_an_empty_batch():
    assert Flatten().forward(np.zeros((0, 3, 4, 5))).shape == (0, 60)


def test_flatten_reads_fortran_ordered_images_in_the_same_order(rng):
    X = rng.normal(size=(2, 3, 4, 5))
    assert_array_equal(Flatten().forward(np.asfortranarray(X)), Flatten().forward(X))


# --- validation ---


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        pytest.param({"num_nodes": 0}, ValueError, "num_nodes must be a positive integer, got 0", id="nodes-0"),
        pytest.param(
            {"num_nodes": 10.0}, TypeError, r"num_nodes must be a positive integer, got 10\.0", id="nodes-float"
        ),
        pytest.param({"num_nodes": True}, TypeError, "num_nodes must be a positive integer, got True", id="nodes-bool"),
        pytest.param({"num_nodes": (10,)}, TypeError, r"num_nodes must be .* got \(10,\)", id="nodes-tuple"),
        pytest.param({"bias": None}, TypeError, "bias must be True or False, got None", id="bias-none"),
        pytest.param(
            {"initialisation": "zeroes"},
            ValueError,
            r"unknown initialisation 'zeroes'\. Choose .* \(did you mean 'zeros'\?\)",
            id="initialisation-typo",
        ),
        pytest.param(
            {"initialisation": 0}, TypeError, "initialisation must be one of 'he_normal'", id="initialisation-0"
        ),
    ],
)
def test_the_layer_refuses_wrong_settings(wrong, error, words):
    with pytest.raises(error, match=f"^FullyConnected: {words}"):
        FullyConnected(**({"num_nodes": 10} | wrong))


@pytest.mark.parametrize(
    ("of_X", "of_W", "of_B", "words"),
    [
        pytest.param(
            (2, 5),
            (4, 3),
            (3,),
            r"X has 5 inputs but W expects 4\. Got X\(2, 5\) \(N, inputs\) and W\(4, 3\) \(inputs, nodes\)\.",
            id="inputs",
        ),
        pytest.param((5,), (5, 3), (3,), r"X must have 2 dimensions \(N, inputs\), got 1 .* X\[None\]", id="one-row"),
        pytest.param((2, 1, 2, 2), (4, 3), (3,), r"X must have 2 dimensions \(N, inputs\), got 4", id="images"),
        pytest.param((2, 5), (5,), (3,), r"W must have 2 dimensions \(inputs, nodes\), got 1", id="W-1-D"),
        pytest.param((2, 5), (5, 3), (4,), r"B has shape \(4,\), expected \(3,\)", id="B-of-4"),
        pytest.param((2, 5), (5, 3), (1, 3), r"B must have 1 dimensions \(nodes,\), got 2", id="B-2-D"),
    ],
)
def test_dense_forward_refuses(of_X, of_W, of_B, words):
    with pytest.raises(ValueError, match=f"^dense_forward: {words}"):
        dense_forward(np.ones(of_X), np.ones(of_W), np.ones(of_B))


@pytest.mark.parametrize("shape", [(2, 4), (3, 3), (3,), (2, 3, 1)], ids=str)
def test_dense_backward_refuses_a_gradient_of_another_shape_than_the_output(shape):
    with pytest.raises(ValueError, match=r"^dense_backward: dC_dO .*\(N, nodes\)"):
        dense_backward(np.ones(shape), np.ones((2, 5)), np.ones((5, 3)))


def test_the_layer_on_images_names_flatten():
    with pytest.raises(
        ValueError, match=r"^FullyConnected: expected .* \(inputs,\), got \(1, 28, 28\)\. Put a Flatten"
    ):
        FullyConnected(10).forward(np.zeros((2, 1, 28, 28)))


def test_the_layer_refuses_rows_of_another_length_in_its_own_name():
    layer = FullyConnected(10)
    layer.forward(np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"^FullyConnected: .*5"):
        layer.forward(np.zeros((2, 6)))
