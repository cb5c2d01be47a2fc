"""A whole network against the same network in PyTorch: forward, backward and training, in float64."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from cnn_core import Adam, Conv2D, CrossEntropy, Flatten, FullyConnected, LeakyReLU, Model, Nesterov, Pool2D, ReLU, Tanh

TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


def networks():
    """Return the same network twice, ours and PyTorch's, with the same parameters."""
    ours = Model(
        [
            Conv2D(3, (3, 2), (1, 2), (1, 0)),
            ReLU(),
            Pool2D(2),
            Conv2D(4, 2, bias=False),
            Tanh(),
            Pool2D(2, 1, mode="mean"),
            Flatten(),
            FullyConnected(6),
            LeakyReLU(),
            FullyConnected(5),
        ],
        input_shape=(2, 8, 13),
        dtype="float64",
    )
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, (3, 2), (1, 2), (1, 0)),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(3, 4, 2, bias=False),
        torch.nn.Tanh(),
        torch.nn.AvgPool2d(2, 1),
        torch.nn.Flatten(),
        torch.nn.Linear(ours.shapes[7][0], 6),
        torch.nn.LeakyReLU(),
        torch.nn.Linear(6, 5),
    ).double()
    with torch.no_grad():
        for (_, param, _), tensor in zip(ours.parameters(), theirs.parameters(), strict=True):
            tensor.copy_(torch.tensor(as_in_torch(param)))
    return ours, theirs


def as_in_torch(param):
    return param.T if param.ndim == 2 else param


def test_forward_and_every_gradient_equal_pytorch(rng):
    ours, theirs = networks()
    X, y = rng.normal(size=(6, 2, 8, 13)), rng.integers(0, 5, 6)
    images = torch.tensor(X, requires_grad=True)
    outputs = theirs(images)
    wanted = torch.nn.functional.cross_entropy(outputs, torch.tensor(y))
    wanted.backward()
    cost, dC_dO = CrossEntropy()(ours.forward(X), y)
    assert_allclose(ours.predict(X), outputs.detach(), **TOLERANCE)
    assert_allclose(cost, wanted.item(), **TOLERANCE)
    assert_allclose(ours.backward(dC_dO), images.grad, **TOLERANCE)
    for (_, _, grad), tensor in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_allclose(as_in_torch(grad), tensor.grad, **TOLERANCE)


@pytest.mark.parametrize(
    ("optimiser", "make"),
    [
        pytest.param(Adam(0.01), lambda params: torch.optim.Adam(params, lr=0.01), id="Adam"),
        pytest.param(
            Nesterov(0.05), lambda params: torch.optim.SGD(params, lr=0.05, momentum=0.9, nesterov=True), id="Nesterov"
        ),
    ],
)
def test_a_hundred_steps_of_training_equal_pytorch(rng, optimiser, make):
    ours, theirs = networks()
    other = make(theirs.parameters())
    X, y = rng.normal(size=(100, 8, 2, 8, 13)), rng.integers(0, 5, (100, 8))
    for images, labels in zip(X, y, strict=True):
        cost, dC_dO = CrossEntropy()(ours.forward(images), labels)
        ours.backward(dC_dO)
        optimiser.step(ours.parameters())
        other.zero_grad()
        wanted = torch.nn.functional.cross_entropy(theirs(torch.tensor(images)), torch.tensor(labels))
        wanted.backward()
        other.step()
        assert_allclose(cost, wanted.item(), rtol=1e-8)
    for (_, param, _), tensor in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_allclose(as_in_torch(param), tensor.detach(), rtol=1e-8, atol=1e-8)  # rounding grows from step to step


def test_the_shapes_of_all_outputs_equal_pytorch():
    ours, theirs = networks()
    X = torch.zeros(1, 2, 8, 13, dtype=torch.float64)
    for layer, shape in zip(theirs, ours.shapes[1:], strict=True):
        X = layer(X)
        assert tuple(X.shape[1:]) == shape
    assert np.prod(ours.output_shape) == 5
