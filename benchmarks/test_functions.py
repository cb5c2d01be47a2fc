"""Single functions with pytest-benchmark: each layer of the first network forward and backward, and the loops.

Layers      what one worker does: one shard of 64, one thread, kept arrays; PyTorch's layers beside, on one thread too.
Loops       the readable twins against the fast functions, called as a reader calls them.
"""

import numpy as np
import pytest

from cnn_core import (
    Model,
    conv2d_backward,
    conv2d_backward_dilated,
    conv2d_forward,
    conv2d_forward_loop,
    convolve_vectorised,
    parallel,
    pool2d_backward,
    pool2d_backward_loop,
    pool2d_forward,
    pool2d_forward_loop,
)

from .networks import first, in_torch

EXAMPLES = 64
LAYERS = [f"{index} {layer.name}" for index, layer in enumerate(first())]
each_layer = pytest.mark.parametrize("index", range(len(LAYERS)), ids=LAYERS)


@pytest.fixture(scope="module")
def ours():
    """Return (layer, its work arrays, X, dC_dO) for every layer."""
    model, rng = Model(first()), np.random.default_rng(0)
    X, found = rng.random((EXAMPLES, 1, 28, 28), np.float32), []
    for layer in model.layers:
        work = parallel.Kept()
        takes = {"work": work} if "work" in layer.apply.__code__.co_varnames else {}
        O = layer.apply(X, **takes)
        work.output = O
        dC_dO = np.empty_like(O)  # in the same order in memory, as the layer behind would give it
        dC_dO[...] = rng.random(O.shape, np.float32)
        found.append((layer, takes, X, dC_dO))
        X = O
    return found


@pytest.fixture(scope="module")
def theirs():
    """Return (layer, X that asks for its gradient, dC_dO) for every layer of the same network in PyTorch."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    X, found = torch.rand(EXAMPLES, 1, 28, 28), []
    for layer in in_torch(first()):
        X = X.detach().requires_grad_()
        O = layer(X)
        found.append((layer, X, torch.rand(O.shape)))
        X = O
    return found


@pytest.fixture(autouse=True)
def one_blas_thread():
    """Let matrix products use one thread, as they do in fit."""
    holder = type("Holder", (), {})()
    parallel.one_blas_thread.take(holder)
    yield
    parallel.one_blas_thread.give_back(holder)


@each_layer
def test_cnn_core_forward(benchmark, ours, index):
    layer, takes, X, _ = ours[index]
    benchmark(layer.apply, X, **takes)


@each_layer
def test_cnn_core_backward(benchmark, ours, index):
    layer, takes, X, dC_dO = ours[index]
    benchmark(layer.gradients, dC_dO, X, **takes)


@each_layer
def test_pytorch_forward(benchmark, theirs, index):
    layer, X, _ = theirs[index]
    benchmark(layer, X)


@each_layer
def test_pytorch_backward(benchmark, theirs, index):
    import torch

    layer, X, dC_dO = theirs[index]
    O, inputs = layer(X), [X, *layer.parameters()]
    benchmark(torch.autograd.grad, O, inputs, dC_dO, retain_graph=True)


def arrays():
    """Return X, F, dC_dO of a convolution and dC_dO of pooling, small enough for the loops."""
    rng = np.random.default_rng(0)
    X, F = rng.normal(size=(4, 3, 28, 28)), rng.normal(size=(8, 3, 3, 3))
    return X, F, rng.normal(size=(4, 8, 26, 26)), rng.normal(size=(4, 3, 14, 14))


X, F, DC_DO, DC_DO_POOLED = arrays()
TWINS = {
    "convolution forward": (conv2d_forward_loop, conv2d_forward, (X, F)),
    "convolution forward, columns": (conv2d_forward_loop, convolve_vectorised, (X, F)),
    "convolution backward": (conv2d_backward_dilated, conv2d_backward, (DC_DO, X, F)),
    "pooling forward": (pool2d_forward_loop, pool2d_forward, (X,)),
    "pooling backward": (pool2d_backward_loop, pool2d_backward, (DC_DO_POOLED, X)),
}


@pytest.mark.parametrize("name", TWINS)
def test_loop(benchmark, name):
    loop, _, given = TWINS[name]
    benchmark.pedantic(loop, given, rounds=3)


@pytest.mark.parametrize("name", TWINS)
def test_fast(benchmark, name):
    _, fast, given = TWINS[name]
    benchmark(fast, *given)
