"""Activations against PyTorch, forward and backward, in float64."""

from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import cnn_core

TORCH = {
    "relu": torch.relu,
    "leaky_relu": partial(torch.nn.functional.leaky_relu, negative_slope=0.01),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softmax": partial(torch.softmax, dim=-1),
}
LAYERS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}
EVERY_ACTIVATION = pytest.mark.parametrize("name", TORCH)


def compare(name, X, dC_dO, **options):
    """Compare forward and backward of the functions with PyTorch's on X."""
    images = torch.tensor(X, requires_grad=True)
    wanted = partial(TORCH[name], **{"negative_slope": options["slope"]} if options else {})(images)
    wanted.backward(torch.tensor(dC_dO))
    forward, backward = (getattr(cnn_core, f"{name}_{way}") for way in ("forward", "backward"))
    assert_allclose(forward(X, **options), wanted.detach(), rtol=1e-10, atol=1e-10)
    assert_allclose(backward(dC_dO, X, **options), images.grad, rtol=1e-10, atol=1e-10)


@EVERY_ACTIVATION
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 4, 5), (7,)], ids=str)
@pytest.mark.parametrize("scale", [0.1, 3, 100])
def test_forward_and_backward_equal_pytorch(rng, name, shape, scale):
    compare(name, scale * rng.normal(size=shape), rng.normal(size=shape))


@EVERY_ACTIVATION
def test_zeros_and_ties_equal_pytorch(name):
    compare(name, np.array([[0.0, -0.0, 0.0], [1.0, 1.0, 1.0]]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))


@EVERY_ACTIVATION
def test_large_inputs_equal_pytorch(name):
    compare(name, np.array([[-1e4, -750.0, 0.0, 750.0, 1e4]]), np.ones((1, 5)))


@pytest.mark.parametrize("slope", [0, 0.3, 0.99])
def test_leaky_relu_equals_pytorch_for_any_slope(rng, slope):
    compare("leaky_relu", rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), slope=slope)


@EVERY_ACTIVATION
def test_the_layers_equal_pytorch(rng, name):
    X, dC_dO, layer = rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), getattr(cnn_core, LAYERS[name])()
    images = torch.tensor(X, requires_grad=True)
    wanted = TORCH[name](images)
    wanted.backward(torch.tensor(dC_dO))
    assert_allclose(layer.forward(X), wanted.detach(), rtol=1e-10, atol=1e-10)
    assert_allclose(layer.backward(dC_dO), images.grad, rtol=1e-10, atol=1e-10)
