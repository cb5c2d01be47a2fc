"""Initial values against PyTorch's documented gains and its own initial values."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import init

from cnn_core import he_normal, he_uniform, xavier_normal, xavier_uniform

# our name, PyTorch's function, and the standard deviation in its documentation for a gain and the two fans
PAIRS = {
    "he_normal": (he_normal, lambda t: init.kaiming_normal_(t, nonlinearity="relu")),
    "he_uniform": (he_uniform, lambda t: init.kaiming_uniform_(t, nonlinearity="relu")),
    "xavier_normal": (xavier_normal, init.xavier_normal_),
    "xavier_uniform": (xavier_uniform, init.xavier_uniform_),
}
EVERY_PAIR = pytest.mark.parametrize("name", PAIRS)
SHAPES = pytest.mark.parametrize("shape", [(64, 16, 3, 5), (400, 100)], ids=["filters", "weights"])


def in_torch(shape):
    """Return an empty tensor of this shape; PyTorch writes weights as (nodes, inputs)."""
    return torch.empty(shape if len(shape) == 4 else shape[::-1], dtype=torch.float64)


def documented_deviation(name, shape):
    fan_in, fan_out = init._calculate_fan_in_and_fan_out(in_torch(shape))
    if name.startswith("he"):
        return init.calculate_gain("relu") / math.sqrt(fan_in)
    return init.calculate_gain("linear") * math.sqrt(2 / (fan_in + fan_out))


@EVERY_PAIR
@SHAPES
def test_the_standard_deviation_equals_pytorchs_documentation_and_its_own_values(rng, name, shape):
    ours, theirs = PAIRS[name]
    torch.manual_seed(0)
    values, drawn = ours(shape, rng), theirs(in_torch(shape)).numpy()
    tolerance = 4 / math.sqrt(values.size)
    assert_allclose(values.std(), documented_deviation(name, shape), rtol=tolerance)
    assert_allclose(values.std(), drawn.std(), rtol=2 * tolerance)


@EVERY_PAIR
@SHAPES
def test_the_distribution_equals_pytorchs(rng, name, shape):
    ours, theirs = PAIRS[name]
    torch.manual_seed(0)
    parts = np.linspace(0, 1, 21)[1:-1]
    found, wanted = (np.quantile(each, parts) for each in (ours(shape, rng), theirs(in_torch(shape)).numpy()))
    assert_allclose(found, wanted, atol=0.1 * documented_deviation(name, shape))
