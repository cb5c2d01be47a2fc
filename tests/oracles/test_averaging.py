"""WeightAverage against PyTorch's AveragedModel, over the steps of a training."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cnn_core import Adam, Conv2D, CrossEntropy, Flatten, FullyConnected, Model, Pool2D, ReLU, Step, WeightAverage, fit


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99, 0.999])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_the_average_equals_that_of_pytorch_after_every_step(rng, dtype, tolerance, decay):
    layers = [Conv2D(4), ReLU(), Pool2D(), Flatten(), FullyConnected(10)]
    model, average = Model(layers, (1, 12, 12), dtype=dtype), WeightAverage(decay)
    params = torch.nn.ParameterList([torch.from_numpy(param) for _, param, _ in model.parameters()])  # the same memory
    theirs = AveragedModel(params, multi_avg_fn=get_ema_multi_avg_fn(decay))
    X, y = rng.normal(size=(256, 1, 12, 12)), rng.integers(0, 10, 256)
    steps = 0
    for record in fit(model, X, y, Adam(0.01), CrossEntropy(), epochs=40, batch_size=64, average=average):
        if isinstance(record, Step):
            steps += 1
            theirs.update_parameters(params)
            for own, other in zip(average.params.values(), theirs.module, strict=True):
                assert_allclose(own, other.detach().numpy(), rtol=0, atol=tolerance * np.abs(own).max() + 1e-30)
    assert steps == 160
    if decay:  # the average is no copy
        for key, param, _ in model.parameters():
            assert np.abs(param - average.params[key]).max() > 1e-4
