"""Convolution against PyTorch, forward and backward, in float64."""

import itertools

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from cnn_core import (
    Conv2D,
    conv2d_backward,
    conv2d_backward_dilated,
    conv2d_forward,
    conv2d_forward_loop,
    convolve_vectorised,
)

N, C, K = 2, 3, 4
TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}

# size, kernel, stride, padding, and PyTorch's own padding for it: (left, right, top, bottom)
GEOMETRIES = [
    pytest.param((6, 5), (3, 3), (1, 1), 0, (0, 0, 0, 0), id="plain"),
    pytest.param((6, 7), (1, 1), (1, 1), 0, (0, 0, 0, 0), id="one-by-one"),
    pytest.param((9, 8), (3, 2), (2, 2), 0, (0, 0, 0, 0), id="stride-2"),
    pytest.param((10, 10), (3, 3), (2, 2), "valid", (0, 0, 0, 0), id="stride-2-left-over"),
    pytest.param((11, 12), (4, 2), (3, 3), 0, (0, 0, 0, 0), id="stride-3-left-over"),
    pytest.param((9, 11), (2, 3), (1, 3), 0, (0, 0, 0, 0), id="strides-1-3"),
    pytest.param((11, 9), (2, 3), (3, 2), 0, (0, 0, 0, 0), id="strides-3-2"),
    pytest.param((7, 8), (1, 2), (3, 3), 0, (0, 0, 0, 0), id="gaps"),
    pytest.param((5, 6), (3, 2), (1, 1), 1, (1, 1, 1, 1), id="padding-1"),
    pytest.param((5, 6), (3, 2), (2, 3), (2, 1), (1, 1, 2, 2), id="padding-2-1"),
    pytest.param((6, 5), (2, 4), (2, 1), (0, 3), (3, 3, 0, 0), id="padding-0-3"),
    pytest.param((6, 5), (3, 5), (1, 1), "same", (2, 2, 1, 1), id="same-odd"),
    pytest.param((6, 5), (2, 4), (1, 1), "same", (1, 2, 0, 1), id="same-even"),
    pytest.param((6, 7), (3, 3), (2, 2), "same", (1, 1, 0, 1), id="same-stride-2"),
    pytest.param((7, 13), (2, 6), (3, 5), "same", (1, 2, 0, 1), id="same-strides-3-5"),
    pytest.param((9, 10), (3, 3), (2, 2), "include", (0, 1, 0, 2), id="include"),
    pytest.param((12, 7), (2, 3), (3, 3), "include", (0, 2, 0, 0), id="include-gaps"),
]
EVERY_GEOMETRY = pytest.mark.parametrize(("size", "kernel", "stride", "padding", "amounts"), GEOMETRIES)


def tensor(array):
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


@EVERY_GEOMETRY
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
def test_forward_and_backward_equal_pytorch(rng, size, kernel, stride, padding, amounts, bias):
    X, F, B = rng.normal(size=(N, C, *size)), rng.normal(size=(K, C, *kernel)), rng.normal(size=K)
    arrays = [tensor(array) for array in ((X, F, B) if bias else (X, F))]
    wanted = torch.nn.functional.conv2d(torch.nn.functional.pad(arrays[0], amounts), *arrays[1:], stride=stride)
    for forward in (conv2d_forward, conv2d_forward_loop):
        assert_allclose(forward(X, F, B if bias else None, stride, padding), wanted.detach(), **TOLERANCE)
    dC_dO = rng.normal(size=wanted.shape)
    wanted.backward(torch.tensor(dC_dO))
    for backward in (conv2d_backward, conv2d_backward_dilated):
        for found, array in zip(backward(dC_dO, X, F, stride, padding), arrays, strict=False):
            assert_allclose(found, array.grad, **TOLERANCE)


@EVERY_GEOMETRY
def test_the_layer_equals_pytorch(rng, size, kernel, stride, padding, amounts):
    layer, X = Conv2D(K, kernel, stride, padding), rng.normal(size=(N, C, *size))
    O = layer.forward(X)
    dC_dO = rng.normal(size=O.shape)
    dC_dX = layer.backward(dC_dO)
    images, filters, biases = map(tensor, (X, layer.params["F"], layer.params["B"]))
    wanted = torch.nn.functional.conv2d(torch.nn.functional.pad(images, amounts), filters, biases, stride=stride)
    wanted.backward(torch.tensor(dC_dO))
    assert_allclose(O, wanted.detach(), **TOLERANCE)
    for found, array in ((dC_dX, images), (layer.grads["F"], filters), (layer.grads["B"], biases)):
        assert_allclose(found, array.grad, **TOLERANCE)


def pytorch_padding(size, kernel, stride, dilation, padding):
    """Return PyTorch's own padding (left, right, top, bottom): for 'same' TensorFlow's rule, with effective kernels."""
    sides = []
    for length, k, s, d, given in zip(size, kernel, stride, dilation, pair(padding), strict=True):
        needed = max((-(-length // s) - 1) * s + (k - 1) * d + 1 - length, 0)
        halves = needed // 2, needed - needed // 2
        named = {"valid": (0, 0), "same": halves, "include": (0, needed)}
        sides.append(named[given] if isinstance(given, str) else (given, given))
    return [*sides[1], *sides[0]]


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


KERNELS = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (1, 3), (4, 2), (3, 5)]
STRIDES, DILATIONS = [(1, 1), (2, 2), (3, 3), (1, 2), (4, 3)], [(2, 2), (3, 3), (1, 2), (3, 1), (4, 6)]


@pytest.mark.parametrize("padding", ["valid", "same", "include", 2, (3, 1)], ids=str)
@pytest.mark.parametrize("dilation", DILATIONS, ids=str)
def test_dilated_convolutions_equal_pytorch_on_a_grid(rng, dilation, padding):
    checked = 0
    for size, kernel, stride in itertools.product([(9, 8), (14, 17), (7, 25)], KERNELS, STRIDES):
        amounts = pytorch_padding(size, kernel, stride, dilation, padding)
        effective = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        if effective[0] > size[0] + sum(amounts[2:]) or effective[1] > size[1] + sum(amounts[:2]):
            continue
        X, F, B = map(tensor, (rng.normal(size=(N, C, *size)), rng.normal(size=(K, C, *kernel)), rng.normal(size=K)))
        wanted = torch.nn.functional.conv2d(torch.nn.functional.pad(X, amounts), F, B, stride, dilation=dilation)
        arrays = [array.detach().numpy() for array in (X, F, B)]
        assert_allclose(conv2d_forward(*arrays, stride, padding, dilation), wanted.detach(), **TOLERANCE)
        dC_dO = rng.normal(size=wanted.shape)
        wanted.backward(torch.tensor(dC_dO))
        for found, array in zip(conv2d_backward(dC_dO, *arrays[:2], stride, padding, dilation), (X, F, B), strict=True):
            assert_allclose(found, array.grad, **TOLERANCE)
        checked += 1
    assert checked >= 30


@pytest.mark.parametrize("dilation", [1, 2, (3, 1), (2, 5)], ids=str)
@pytest.mark.parametrize("kernel", [(3, 3), (5, 1), (3, 5)], ids=str)
def test_same_padding_of_a_dilated_convolution_equals_pytorchs(rng, kernel, dilation):
    X, F = rng.normal(size=(N, C, 6, 7)), rng.normal(size=(K, C, *kernel))
    wanted = torch.nn.functional.conv2d(torch.tensor(X), torch.tensor(F), padding="same", dilation=dilation)
    assert_allclose(conv2d_forward(X, F, padding="same", dilation=dilation), wanted, **TOLERANCE)


@pytest.mark.parametrize("kernel", [(3, 3), (2, 4), (5, 2), (1, 1)], ids=str)
def test_same_padding_at_stride_1_equals_pytorch(rng, kernel):
    X, F = rng.normal(size=(N, C, 6, 7)), rng.normal(size=(K, C, *kernel))
    even = any(k % 2 == 0 for k in kernel)
    sides = [
        ((k - 1) // 2, k - 1 - (k - 1) // 2) for k in reversed(kernel)
    ]  # PyTorch warns when it has to copy for these
    Xp = torch.nn.functional.pad(torch.tensor(X), [amount for side in sides for amount in side])
    mode = {"padding": 0} if even else {"padding": "same"}
    wanted = torch.nn.functional.conv2d(Xp if even else torch.tensor(X), torch.tensor(F), **mode)
    assert_allclose(conv2d_forward(X, F, padding="same"), wanted, **TOLERANCE)


@pytest.mark.parametrize("stride", [1, 2, (1, 3), (3, 2)])
def test_full_convolution_equals_a_convolution_of_the_padded_input(rng, stride):
    X, F = rng.normal(size=(N, C, 4, 6)), rng.normal(size=(K, C, 3, 2))
    wanted = torch.nn.functional.conv2d(torch.tensor(X), torch.tensor(F), stride=stride, padding=(2, 1))
    assert_allclose(convolve_vectorised(X, F, stride, full_convolve=True), wanted, **TOLERANCE)


def test_float32_is_as_accurate_as_pytorch(rng):
    X, F = rng.normal(size=(4, 8, 14, 14)), rng.normal(size=(16, 8, 5, 5))
    truth = conv2d_forward(X, F)
    narrow = X.astype(np.float32), F.astype(np.float32)
    theirs = torch.nn.functional.conv2d(*map(torch.tensor, narrow)).numpy()
    assert np.abs(conv2d_forward(*narrow) - truth).max() < 4 * np.abs(theirs - truth).max()
