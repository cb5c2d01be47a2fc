"""Pooling against PyTorch, forward and backward, in float64; minimum pooling is maximum pooling of -X, negated."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from cnn_core import Pool2D, pool2d_backward, pool2d_backward_loop, pool2d_forward, pool2d_forward_loop

N, C = 2, 3
TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}
IMPLEMENTATIONS = pytest.mark.parametrize(
    ("forward", "backward"),
    [(pool2d_forward, pool2d_backward), (pool2d_forward_loop, pool2d_backward_loop)],
    ids=["fast", "loop"],
)
MODES = pytest.mark.parametrize("mode", ["max", "mean", "min"])

# PyTorch allows at most half of the pool size as padding
GEOMETRIES = [
    pytest.param((6, 4), 2, None, 0, id="side-by-side"),
    pytest.param((7, 5), (2, 3), None, 0, id="left-over"),
    pytest.param((7, 8), 3, 1, 0, id="overlap"),
    pytest.param((9, 10), (4, 3), (2, 1), 0, id="overlap-unequal"),
    pytest.param((9, 8), (2, 1), (3, 2), 0, id="gaps"),
    pytest.param((6, 5), 2, 1, 1, id="padding-1"),
    pytest.param((6, 7), (4, 3), (3, 2), (2, 1), id="padding-2-1-left-over"),
    pytest.param((6, 7), (3, 5), (1, 2), (0, 2), id="padding-0-2"),
]
EVERY_GEOMETRY = pytest.mark.parametrize(("size", "pool_size", "stride", "padding"), GEOMETRIES)


def torch_pool(X, pool_size, stride, padding, mode):
    functional = torch.nn.functional
    if mode == "mean":
        return functional.avg_pool2d(X, pool_size, stride, padding, count_include_pad=False)
    sign = 1 if mode == "max" else -1
    return sign * functional.max_pool2d(sign * X, pool_size, stride, padding)


@MODES
@IMPLEMENTATIONS
@EVERY_GEOMETRY
@pytest.mark.parametrize("ties", [False, True], ids=["no-ties", "ties"])
def test_forward_and_backward_equal_pytorch(rng, forward, backward, size, pool_size, stride, padding, mode, ties):
    X = rng.integers(-2, 3, (N, C, *size)).astype(float) if ties else rng.normal(size=(N, C, *size))
    images = torch.tensor(X, requires_grad=True)
    wanted = torch_pool(images, pool_size, stride, padding, mode)
    assert_allclose(forward(X, pool_size, stride, padding, mode), wanted.detach(), **TOLERANCE)
    dC_dO = rng.normal(size=wanted.shape)
    wanted.backward(torch.tensor(dC_dO))
    assert_allclose(backward(dC_dO, X, pool_size, stride, padding, mode), images.grad, **TOLERANCE)


# the padding of 'same' and 'include' in PyTorch's order: (left, right, top, bottom)
NAMED = [
    pytest.param((6, 5), 2, 1, "same", (0, 1, 0, 1), id="same-even"),
    pytest.param((7, 6), (3, 4), (2, 3), "same", (0, 1, 1, 1), id="same-strides-2-3"),
    pytest.param((7, 5), 2, None, "include", (0, 1, 0, 1), id="include"),
    pytest.param((9, 7), (4, 3), (3, 2), "include", (0, 2, 0, 1), id="include-overlap"),
]


@pytest.mark.parametrize(("mode", "frame"), [("max", -np.inf), ("min", np.inf)])
@pytest.mark.parametrize(("size", "pool_size", "stride", "padding", "amounts"), NAMED)
def test_named_padding_equals_a_frame_never_selected(rng, size, pool_size, stride, padding, amounts, mode, frame):
    X = rng.normal(size=(N, C, *size))
    images = torch.tensor(X, requires_grad=True)
    wanted = torch_pool(torch.nn.functional.pad(images, amounts, value=frame), pool_size, stride, 0, mode)
    assert_allclose(pool2d_forward(X, pool_size, stride, padding, mode), wanted.detach(), **TOLERANCE)
    dC_dO = rng.normal(size=wanted.shape)
    wanted.backward(torch.tensor(dC_dO))
    assert_allclose(pool2d_backward(dC_dO, X, pool_size, stride, padding, mode), images.grad, **TOLERANCE)


@pytest.mark.parametrize(("size", "pool_size", "stride", "padding", "amounts"), NAMED)
def test_named_padding_of_a_mean_is_a_quotient_of_sums(rng, size, pool_size, stride, padding, amounts):
    X = rng.normal(size=(N, C, *size))
    images = torch.tensor(X, requires_grad=True)
    sums, counts = (
        torch.nn.functional.avg_pool2d(torch.nn.functional.pad(each, amounts), pool_size, stride)
        for each in (images, torch.ones_like(images))
    )
    wanted = sums / counts
    assert_allclose(pool2d_forward(X, pool_size, stride, padding, "mean"), wanted.detach(), **TOLERANCE)
    dC_dO = rng.normal(size=wanted.shape)
    wanted.backward(torch.tensor(dC_dO))
    assert_allclose(pool2d_backward(dC_dO, X, pool_size, stride, padding, "mean"), images.grad, **TOLERANCE)


@MODES
def test_the_layer_equals_pytorch(rng, mode):
    X, layer = rng.normal(size=(N, C, 7, 8)), Pool2D((3, 2), (2, 1), 1, mode)
    images = torch.tensor(X, requires_grad=True)
    wanted = torch_pool(images, (3, 2), (2, 1), 1, mode)
    dC_dO = rng.normal(size=wanted.shape)
    wanted.backward(torch.tensor(dC_dO))
    assert_allclose(layer.forward(X), wanted.detach(), **TOLERANCE)
    assert_allclose(layer.backward(dC_dO), images.grad, **TOLERANCE)


def test_a_nan_is_the_maximum_of_its_window_as_in_pytorch():
    X = np.arange(16.0).reshape(1, 1, 4, 4)
    X[0, 0, 1, 0] = X[0, 0, 0, 1] = np.nan
    images = torch.tensor(X, requires_grad=True)
    wanted = torch_pool(images, 2, 2, 0, "max")
    wanted.backward(torch.ones_like(wanted))
    assert_array_equal(pool2d_forward(X), wanted.detach())
    assert pool2d_backward(np.ones((1, 1, 2, 2)), X).sum() == images.grad.sum()
