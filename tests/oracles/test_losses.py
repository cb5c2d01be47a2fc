"""Losses against PyTorch: cost and gradient, in float64."""

from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from cnn_core import CrossEntropy, MeanSquaredError

TOLERANCE = {"rtol": 1e-10, "atol": 1e-12}


def compare(loss, theirs, outputs, targets):
    tensor = torch.tensor(outputs, requires_grad=True)
    wanted = theirs(tensor, torch.tensor(targets))
    wanted.backward()
    cost, dC_dO = loss(outputs, targets)
    assert_allclose(cost, wanted.item(), **TOLERANCE)
    assert_allclose(dC_dO, tensor.grad, **TOLERANCE)


@pytest.mark.parametrize("scale", [0.1, 3, 1e4])
@pytest.mark.parametrize("shape", [(5, 4), (1, 10), (7, 1)], ids=str)
def test_cross_entropy_equals_pytorch(rng, shape, scale):
    labels = rng.integers(0, shape[1], shape[0])
    compare(CrossEntropy(), torch.nn.functional.cross_entropy, scale * rng.normal(size=shape), labels)


def test_cross_entropy_of_one_hot_labels_equals_pytorch_with_probabilities(rng):
    one_hot = np.eye(4)[rng.integers(0, 4, 6)]
    compare(CrossEntropy(), torch.nn.functional.cross_entropy, rng.normal(size=(6, 4)), one_hot)


@pytest.mark.parametrize("smoothing", [0, 0.1, 0.5, 1])
@pytest.mark.parametrize("scale", [0.1, 3, 1e4])
def test_cross_entropy_of_smoothed_labels_equals_pytorch(rng, smoothing, scale):
    theirs = partial(torch.nn.functional.cross_entropy, label_smoothing=smoothing)
    compare(CrossEntropy(smoothing), theirs, scale * rng.normal(size=(6, 5)), rng.integers(0, 5, 6))


@pytest.mark.parametrize("shape", [(5, 4), (3,), (2, 3, 4, 5)], ids=str)
def test_mean_squared_error_equals_pytorch(rng, shape):
    outputs, targets = rng.normal(size=shape), rng.normal(size=shape)
    compare(MeanSquaredError(), torch.nn.functional.mse_loss, outputs, targets)
