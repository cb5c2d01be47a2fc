"""The fully connected layer and Flatten against PyTorch, in float64."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from cnn_core import Flatten, FullyConnected, dense_backward, dense_forward

TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


def tensor(array):
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize(("count", "inputs", "nodes"), [(4, 5, 3), (1, 7, 2), (6, 1, 4), (3, 2, 1)])
def test_forward_and_backward_equal_pytorch(rng, count, inputs, nodes, bias):
    X, W, B = rng.normal(size=(count, inputs)), rng.normal(size=(inputs, nodes)), rng.normal(size=nodes)
    rows, weights, biases = map(tensor, (X, W, B))
    wanted = torch.nn.functional.linear(rows, weights.T, biases if bias else None)
    dC_dO = rng.normal(size=wanted.shape)
    wanted.backward(torch.tensor(dC_dO))
    assert_allclose(dense_forward(X, W, B if bias else None), wanted.detach(), **TOLERANCE)
    for found, array in zip(
        dense_backward(dC_dO, X, W), (rows, weights, biases) if bias else (rows, weights), strict=False
    ):
        assert_allclose(found, array.grad, **TOLERANCE)


def test_flatten_and_a_layer_equal_pytorch(rng):
    X, flatten, layer = rng.normal(size=(2, 3, 4, 5)), Flatten(), FullyConnected(6)
    O = layer.forward(flatten.forward(X))
    dC_dO = rng.normal(size=O.shape)
    dC_dX = flatten.backward(layer.backward(dC_dO))
    images, weights, biases = map(tensor, (X, layer.params["W"], layer.params["B"]))
    wanted = torch.nn.functional.linear(torch.flatten(images, 1), weights.T, biases)
    wanted.backward(torch.tensor(dC_dO))
    assert_allclose(O, wanted.detach(), **TOLERANCE)
    found = dC_dX, layer.grads["W"], layer.grads["B"]
    for gradient, array in zip(found, (images, weights, biases), strict=True):
        assert_allclose(gradient, np.asarray(array.grad), **TOLERANCE)
