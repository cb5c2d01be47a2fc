"""Single functions with pytest-benchmark: each layer of the first network forward and backward, and the loops.

Layers      the work of one worker: a micro-batch of 64, one thread, cached buffers; PyTorch's layers on one thread too,
            in both of its memory formats.
Loops       the readable references and the optimised implementations, called by their public names.
"""

import numpy as np
import pytest
import threadpoolctl

from cnn_core import (
    Model,
    conv2d_backward,
    conv2d_backward_dilated,
    conv2d_forward,
    conv2d_forward_loop,
    convolve_vectorised,
    pool2d_backward,
    pool2d_backward_loop,
    pool2d_forward,
    pool2d_forward_loop,
)
from cnn_core.fast.buffers import CachedBuffers
from cnn_core.layer import accepted

from .competitors import FORMATS
from .networks import first, in_torch

EXAMPLES = 64
LAYERS = [f"{index} {layer.name}" for index, layer in enumerate(first())]
each_layer = pytest.mark.parametrize("index", range(len(LAYERS)), ids=LAYERS)


@pytest.fixture(scope="module")
def ours():
    """Return (layer, X, dC_dO, options of apply, options of gradients) for every layer, with buffers of its own."""
    model, rng = Model(first()), np.random.default_rng(0)
    X, found = rng.random((EXAMPLES, 1, 28, 28), np.float32), []
    for layer in model.layers:
        given = {"buffers": CachedBuffers()}
        options = [accepted(method, given) for method in (layer.apply, layer.gradients)]
        O = layer.apply(X, **options[0])
        dC_dO = np.empty_like(O)  # with the memory order of O, as from the next layer
        dC_dO[...] = rng.random(O.shape, np.float32)
        found.append((layer, X, dC_dO, *options))
        X = O
    return found


def layers_in_torch(memory_format):
    """Return (layer, X with requires_grad, dC_dO) for every layer of the same network in PyTorch."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    order = getattr(torch, FORMATS[memory_format])
    X, found = torch.rand(EXAMPLES, 1, 28, 28).contiguous(memory_format=order), []
    for layer in in_torch(first()).to(memory_format=order):
        X = X.detach().requires_grad_()
        O = layer(X)
        found.append((layer, X, torch.rand_like(O)))  # with the memory order of O, as from the next layer
        X = O
    return found


@pytest.fixture(scope="module")
def theirs():
    return layers_in_torch("default")


@pytest.fixture(scope="module")
def channels_last():
    return layers_in_torch("channels_last")


@pytest.fixture(autouse=True)
def one_blas_thread():
    """Limit matrix products to one thread, as fit does."""
    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
        yield


@each_layer
def test_cnn_core_forward(benchmark, ours, index):
    layer, X, _, options, _ = ours[index]
    benchmark(layer.apply, X, **options)


@each_layer
def test_cnn_core_backward(benchmark, ours, index):
    layer, X, dC_dO, _, options = ours[index]
    benchmark(layer.gradients, dC_dO, X, **options)


@each_layer
def test_pytorch_forward(benchmark, theirs, index):
    layer, X, _ = theirs[index]
    benchmark(layer, X)


@each_layer
def test_channels_last_forward(benchmark, channels_last, index):
    layer, X, _ = channels_last[index]
    benchmark(layer, X)


@each_layer
def test_pytorch_backward(benchmark, theirs, index):
    backward_in_torch(benchmark, *theirs[index])


@each_layer
def test_channels_last_backward(benchmark, channels_last, index):
    backward_in_torch(benchmark, *channels_last[index])


def backward_in_torch(benchmark, layer, X, dC_dO):
    import torch

    O, inputs = layer(X), [X, *layer.parameters()]
    benchmark(torch.autograd.grad, O, inputs, dC_dO, retain_graph=True)


def arrays():
    """Return X, F and dC_dO of a convolution, and dC_dO of pooling: small, because the loops are slow."""
    rng = np.random.default_rng(0)
    X, F = rng.normal(size=(4, 3, 28, 28)), rng.normal(size=(8, 3, 3, 3))
    return X, F, rng.normal(size=(4, 8, 26, 26)), rng.normal(size=(4, 3, 14, 14))


X, F, DC_DO, DC_DO_POOLED = arrays()
IMPLEMENTATIONS = {
    "convolution forward": (conv2d_forward_loop, conv2d_forward, (X, F)),
    "convolution forward, columns": (conv2d_forward_loop, convolve_vectorised, (X, F)),
    "convolution backward": (conv2d_backward_dilated, conv2d_backward, (DC_DO, X, F)),
    "pooling forward": (pool2d_forward_loop, pool2d_forward, (X,)),
    "pooling backward": (pool2d_backward_loop, pool2d_backward, (DC_DO_POOLED, X)),
}


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_loop(benchmark, name):
    loop, _, arguments = IMPLEMENTATIONS[name]
    benchmark.pedantic(loop, arguments, rounds=3)


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_fast(benchmark, name):
    _, fast, arguments = IMPLEMENTATIONS[name]
    benchmark(fast, *arguments)
