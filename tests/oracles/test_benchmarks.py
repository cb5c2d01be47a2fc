"""The networks of the benchmarks are the same in cnn_core and in PyTorch."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from benchmarks.networks import NETWORKS, in_torch
from cnn_core import Model


@pytest.mark.parametrize("make", NETWORKS.values(), ids=lambda make: make.__name__)
def test_both_libraries_compute_the_same_outputs(make):
    model, net, rng = Model(make()), in_torch(make()), np.random.default_rng(0)
    X = rng.random((3, 1, 28, 28), np.float32)
    with torch.no_grad():
        for layer, other in zip(model.layers, net, strict=True):
            for name, param in zip(layer.params, other.parameters(), strict=True):
                layer.params[name][...] = rng.normal(size=layer.params[name].shape)
                value = layer.params[name].T if name == "W" else layer.params[name]
                param.copy_(torch.from_numpy(np.ascontiguousarray(value)))
        found = net(torch.from_numpy(X)).numpy()
    assert_allclose(model.predict(X), found, rtol=1e-3, atol=1e-3 * np.abs(found).max())
