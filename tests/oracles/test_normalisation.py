"""Batch normalisation, dropout, global average pooling and a whole network with them against PyTorch, in float64."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from cnn_core import (
    Adam,
    BatchNorm2D,
    Conv2D,
    CrossEntropy,
    Dropout,
    FullyConnected,
    GlobalAveragePool2D,
    Model,
    ReLU,
    fit,
)

TOLERANCE = {"rtol": 1e-10, "atol": 1e-12}
SHAPES = pytest.mark.parametrize("shape", [(6, 3, 4, 5), (2, 1, 3, 3), (1, 4, 2, 1), (7, 4), (2, 1)], ids=str)


def pair(shape, momentum, epsilon, rng):
    """Return the same layer twice, ours and PyTorch's, with the same gamma, beta and running statistics."""
    make = torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d
    ours, theirs = BatchNorm2D(momentum, epsilon), make(shape[1], epsilon, momentum).double()
    ours.params = {"gamma": rng.normal(size=shape[1]), "beta": rng.normal(size=shape[1])}
    ours.state = {"running_mean": rng.normal(size=shape[1]), "running_variance": rng.random(shape[1]) + 0.1}
    names = {"weight": "gamma", "bias": "beta", "running_mean": "running_mean", "running_var": "running_variance"}
    with torch.no_grad():
        for name, key in names.items():
            getattr(theirs, name).copy_(torch.tensor((ours.params | ours.state)[key]))
    return ours, theirs


def compare(ours, theirs, X, dC_dO, training):
    tensor = torch.tensor(X, requires_grad=True)
    theirs.train(training)
    theirs.zero_grad()
    wanted = theirs(tensor)
    wanted.backward(torch.tensor(dC_dO))
    assert_allclose(ours.forward(X, training=training), wanted.detach(), **TOLERANCE)
    assert_allclose(ours.backward(dC_dO), tensor.grad, **TOLERANCE)
    assert_allclose(ours.grads["gamma"], theirs.weight.grad, **TOLERANCE)
    assert_allclose(ours.grads["beta"], theirs.bias.grad, **TOLERANCE)
    assert_allclose(ours.state["running_mean"], theirs.running_mean, **TOLERANCE)
    assert_allclose(ours.state["running_variance"], theirs.running_var, **TOLERANCE)


@SHAPES
@pytest.mark.parametrize(("momentum", "epsilon"), [(0.1, 1e-5), (0.7, 0.5), (0, 1e-5), (1, 1e-3)])
def test_batch_normalisation_equals_pytorch_while_training_and_while_predicting(rng, shape, momentum, epsilon):
    ours, theirs = pair(shape, momentum, epsilon, rng)
    for training in (True, True, False, True, False):
        compare(ours, theirs, 3 * rng.normal(size=shape) + 5, rng.normal(size=shape), training)


def test_a_single_value_has_no_variance_in_either():
    with pytest.raises(ValueError, match="more than 1 value"):
        torch.nn.BatchNorm1d(3)(torch.ones(1, 3))
    with pytest.raises(ValueError, match="BatchNorm2D: a single value has no variance"):
        BatchNorm2D().forward(np.ones((1, 3)))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_scales_what_it_keeps_as_pytorch_does(rate):
    ours = Dropout(rate).forward(np.ones((100, 50, 4, 4)))
    theirs = torch.nn.functional.dropout(torch.ones(100, 50, 4, 4, dtype=torch.float64), rate).numpy()
    assert_allclose(np.unique(ours), np.unique(theirs), **TOLERANCE)
    assert abs(np.mean(ours == 0) - np.mean(theirs == 0)) < 0.01


@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (1, 1, 1, 1), (2, 3, 1, 7)], ids=str)
def test_global_average_pooling_equals_pytorch(rng, shape):
    X, dC_dO, layer = rng.normal(size=shape), rng.normal(size=shape[:2]), GlobalAveragePool2D()
    tensor = torch.tensor(X, requires_grad=True)
    wanted = torch.nn.functional.adaptive_avg_pool2d(tensor, 1)[:, :, 0, 0]
    wanted.backward(torch.tensor(dC_dO))
    assert_allclose(layer.forward(X), wanted.detach(), **TOLERANCE)
    assert_allclose(layer.backward(dC_dO), tensor.grad, **TOLERANCE)


def networks():
    """Return the same network twice, ours and PyTorch's, with the same parameters."""
    layers = [Conv2D(4, bias=False), BatchNorm2D(), ReLU(), Conv2D(5, 2), BatchNorm2D(0.3), ReLU()]
    layers += [GlobalAveragePool2D(), BatchNorm2D(), FullyConnected(3)]
    ours = Model(layers, (2, 7, 6), dtype="float64")
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, bias=False),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.Conv2d(4, 5, 2),
        torch.nn.BatchNorm2d(5, momentum=0.3),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.BatchNorm1d(5),
        torch.nn.Linear(5, 3),
    ).double()
    with torch.no_grad():
        for (_, param, _), tensor in zip(ours.parameters(), theirs.parameters(), strict=True):
            tensor.copy_(torch.tensor(param.T if param.ndim == 2 else param))
    return ours, theirs


def test_training_a_network_with_one_micro_batch_a_step_equals_pytorch(rng):
    ours, theirs = networks()
    X, y = rng.normal(size=(64, 2, 7, 6)), rng.integers(0, 3, 64)
    order, optimiser = np.random.default_rng(0).spawn(1)[0], torch.optim.Adam(theirs.parameters(), lr=0.01)
    list(fit(ours, X, y, Adam(0.01), CrossEntropy(0.1), epochs=3, batch_size=32))
    for _ in range(3):
        for batch in np.split(order.permutation(64), 2):
            optimiser.zero_grad()
            outputs, labels = theirs(torch.tensor(X[batch])), torch.tensor(y[batch])
            torch.nn.functional.cross_entropy(outputs, labels, label_smoothing=0.1).backward()
            optimiser.step()
    state = {key: array for key, array in theirs.state_dict().items() if "running" in key}
    found = [array for layer in ours.layers for array in layer.state.values()]
    for array, wanted in zip(found, state.values(), strict=True):
        assert_allclose(array, wanted, rtol=1e-6)
    assert_allclose(ours.predict(X), theirs.eval()(torch.tensor(X)).detach(), rtol=1e-5, atol=1e-7)
