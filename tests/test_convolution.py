"""Convolution, against SciPy, finite differences, the readable reference, and numbers worked out by hand."""

import itertools
import math
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import convolve2d, correlate2d

from cnn_core import (
    Conv2D,
    Model,
    conv2d_backward,
    conv2d_backward_dilated,
    conv2d_forward,
    conv2d_forward_loop,
    convolve,
    convolve_vectorised,
    gradient_check,
)
from cnn_core.fast import convolution as fast

N, C, K = 2, 3, 4  # all different, so that no two axes can be mistaken for each other

# size (rows, columns), kernel, stride, padding, and what the padding should add: ((top, bottom), (left, right))
GEOMETRIES = [
    pytest.param((6, 5), (3, 3), 1, 0, ((0, 0), (0, 0)), id="plain"),
    pytest.param((6, 5), (1, 1), 1, 0, ((0, 0), (0, 0)), id="one-by-one"),
    pytest.param((5, 6), (5, 6), 1, 0, ((0, 0), (0, 0)), id="filter-as-large-as-the-input"),
    pytest.param((7, 5), (3, 2), 2, 0, ((0, 0), (0, 0)), id="stride-2-one-column-excluded"),
    pytest.param((10, 11), (3, 3), 2, 0, ((0, 0), (0, 0)), id="stride-2-one-row-excluded"),
    pytest.param((10, 12), (2, 3), 3, "valid", ((0, 0), (0, 0)), id="stride-3-two-rows-excluded"),
    pytest.param((9, 8), (2, 3), (3, 1), 0, ((0, 0), (0, 0)), id="strides-3-1"),
    pytest.param((8, 9), (3, 2), (1, 2), 0, ((0, 0), (0, 0)), id="strides-1-2"),
    pytest.param((9, 7), (2, 1), (3, 2), 0, ((0, 0), (0, 0)), id="stride-larger-than-filter"),
    pytest.param((5, 6), (3, 2), 1, 1, ((1, 1), (1, 1)), id="padding-1"),
    pytest.param((5, 6), (2, 3), 1, (2, 1), ((2, 2), (1, 1)), id="padding-2-1"),
    pytest.param((6, 5), (3, 3), (2, 1), (0, 2), ((0, 0), (2, 2)), id="padding-0-2-and-strides-2-1"),
    pytest.param((4, 4), (2, 2), 3, (3, 1), ((3, 3), (1, 1)), id="padding-larger-than-filter-and-excluded-padding"),
    pytest.param((5, 6), (1, 2), (12, 1), (3, 0), ((3, 3), (0, 0)), id="no-row-of-pixels-under-a-window"),
    pytest.param((5, 4), (2, 3), 1, (4, 3), ((4, 4), (3, 3)), id="padding-so-large-that-windows-lie-on-it"),
    pytest.param((6, 5), (3, 3), 1, "same", ((1, 1), (1, 1)), id="same"),
    pytest.param((6, 5), (2, 4), 1, "same", ((0, 1), (1, 2)), id="same-even-filter"),
    pytest.param((6, 7), (3, 3), 2, "same", ((0, 1), (1, 1)), id="same-stride-2"),
    pytest.param((7, 13), (2, 6), (3, 5), "same", ((0, 1), (1, 2)), id="same-strides-3-5"),
    pytest.param((10, 9), (1, 2), (3, 2), "same", ((0, 0), (0, 1)), id="same-stride-larger-than-filter"),
    pytest.param((10, 9), (3, 3), 2, "include", ((0, 1), (0, 2)), id="include"),
    pytest.param((7, 12), (3, 2), (3, 3), "include", ((0, 2), (0, 0)), id="include-a-column-stays-excluded"),
    pytest.param((3, 2), (4, 3), 1, "include", ((0, 3), (0, 2)), id="include-filter-larger-than-input"),
]
EVERY_GEOMETRY = pytest.mark.parametrize(("size", "kernel", "stride", "padding", "amounts"), GEOMETRIES)


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def case(rng, size, kernel, stride, amounts, draw):
    """Return X, F, B and dC_dO for a geometry; dC_dO has the number of windows that fit."""
    fits = [
        len(range(0, s + sum(a) - k + 1, t)) for s, k, t, a in zip(size, kernel, pair(stride), amounts, strict=True)
    ]
    shapes = (N, C, *size), (K, C, *kernel), (K,), (N, K, *fits)
    return [draw(rng, shape) for shape in shapes]


def reals(rng, shape):
    return rng.normal(size=shape)


def integers(rng, shape):
    """Return small integers: their sums and products are exact, in whatever order they are added."""
    return rng.integers(-9, 10, shape).astype(float)


def padded(X, amounts):
    """Return X in a frame of zeros."""
    (top, bottom), (left, right) = amounts
    N, C, H, W = X.shape
    Xp = np.zeros((N, C, top + H + bottom, left + W + right))
    Xp[:, :, top : top + H, left : left + W] = X
    return Xp


def scipy_forward(X, F, B, stride, amounts):
    """Return the output, from every stride-th entry of SciPy's correlation of one image with one filter."""
    S_r, S_c = pair(stride)
    Xp = padded(X, amounts)
    full = [[sum(map(correlate, image, filter_)) for filter_ in F] for image in Xp]
    return np.array(full)[:, :, ::S_r, ::S_c] + B.reshape(1, -1, 1, 1)


def correlate(image, filter_):
    return correlate2d(image, filter_, mode="valid")


def scipy_backward(dC_dO, X, F, stride, amounts):
    """Return the gradients with SciPy: dC/dO stands where its windows began, on a grid as fine as the padded input."""
    S_r, S_c = pair(stride)
    Xp, (kH, kW) = padded(X, amounts), F.shape[2:]
    grid = np.zeros((N, K, Xp.shape[2] - kH + 1, Xp.shape[3] - kW + 1))  # an entry for every window at stride 1
    grid[:, :, ::S_r, ::S_c] = dC_dO
    dC_dF = [[sum(correlate(Xp[n, c], grid[n, k]) for n in range(N)) for c in range(C)] for k in range(K)]
    dC_dXp = [[sum(convolve2d(grid[n, k], F[k, c]) for k in range(K)) for c in range(C)] for n in range(N)]
    (top, _), (left, _) = amounts
    H, W = X.shape[2:]
    return np.array(dC_dXp)[:, :, top : top + H, left : left + W], np.array(dC_dF), dC_dO.sum(axis=(0, 2, 3))


# --- the definition ---

ONE_IMAGE = [
    pytest.param((5, 4), (3, 2), 1, id="plain"),
    pytest.param((7, 8), (2, 3), 2, id="stride-2"),
    pytest.param((7, 8), (3, 2), (1, 3), id="strides-1-3"),
    pytest.param((8, 7), (2, 2), (3, 2), id="strides-3-2"),
    pytest.param((4, 3), (4, 3), 1, id="filter-as-large-as-the-input"),
    pytest.param((3, 4), (1, 1), 2, id="one-by-one"),
]


@pytest.mark.parametrize(("size", "kernel", "stride"), ONE_IMAGE)
@pytest.mark.parametrize(("full_convolve", "mode"), [(False, "valid"), (True, "full")], ids=["valid", "full"])
def test_convolve_is_the_correlation_of_scipy(rng, size, kernel, stride, full_convolve, mode):
    A, B = rng.normal(size=size), rng.normal(size=kernel)
    S_r, S_c = pair(stride)
    wanted = correlate2d(A, B, mode=mode)[::S_r, ::S_c]
    assert_allclose(convolve(A, B, stride, full_convolve), wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("size", "kernel", "stride"), ONE_IMAGE)
@pytest.mark.parametrize("full_convolve", [False, True], ids=["valid", "full"])
def test_convolve_vectorised_is_convolve_for_every_image_filter_and_channel(rng, size, kernel, stride, full_convolve):
    X, F = integers(rng, (N, C, *size)), integers(rng, (K, C, *kernel))
    found = convolve_vectorised(X, F, stride, full_convolve)
    for n, k in np.ndindex(N, K):
        assert_array_equal(found[n, k], sum(convolve(X[n, c], F[k, c], stride, full_convolve) for c in range(C)))


def test_convolve_does_not_turn_the_filter():
    A, B = [[1, 2, 3], [4, 5, 6]], [[0, 10], [1, 100]]
    #                   2*10 + 4*1 + 5*100   3*10 + 5*1 + 6*100
    assert_array_equal(convolve(A, B), [[524, 635]])


def test_full_convolution_by_hand():
    A, B = [[1, 2]], [[3, 4], [5, 6]]
    # the bottom row of B slides over A from its last cell to its first; then the top row does
    wanted = [
        [6 * 1, 5 * 1 + 6 * 2, 5 * 2],
        [4 * 1, 3 * 1 + 4 * 2, 3 * 2],
    ]
    assert_array_equal(convolve(A, B, full_convolve=True), wanted)
    assert_array_equal(convolve(A, B, stride=(1, 2), full_convolve=True), [[6, 10], [4, 6]])


def test_full_convolution_takes_a_filter_larger_than_the_input(rng):
    A, B = integers(rng, (2, 3)), integers(rng, (4, 5))
    assert_array_equal(convolve(A, B, full_convolve=True), correlate2d(A, B, mode="full"))


# --- forward and backward against SciPy ---


@EVERY_GEOMETRY
def test_conv2d_forward_equals_scipy(rng, size, kernel, stride, padding, amounts):
    X, F, B, _ = case(rng, size, kernel, stride, amounts, reals)
    found = conv2d_forward(X, F, B, stride, padding)
    assert_allclose(found, scipy_forward(X, F, B, stride, amounts), rtol=1e-10, atol=1e-10)


@EVERY_GEOMETRY
def test_conv2d_backward_equals_scipy(rng, size, kernel, stride, padding, amounts):
    X, F, _, dC_dO = case(rng, size, kernel, stride, amounts, reals)
    found = conv2d_backward(dC_dO, X, F, stride, padding)
    for gradient, wanted in zip(found, scipy_backward(dC_dO, X, F, stride, amounts), strict=True):
        assert_allclose(gradient, wanted, rtol=1e-10, atol=1e-10)


# --- reference and optimised implementations ---


@EVERY_GEOMETRY
def test_conv2d_forward_equals_its_loop_bit_for_bit_on_integers(rng, size, kernel, stride, padding, amounts):
    X, F, B, _ = case(rng, size, kernel, stride, amounts, integers)
    for bias in (B, None):
        found = conv2d_forward(X, F, bias, stride, padding)
        assert_array_equal(found, conv2d_forward_loop(X, F, bias, stride, padding), strict=True)


@EVERY_GEOMETRY
def test_conv2d_backward_equals_the_dilated_reference_bit_for_bit_on_integers(
    rng, size, kernel, stride, padding, amounts
):
    X, F, _, dC_dO = case(rng, size, kernel, stride, amounts, integers)
    found = conv2d_backward(dC_dO, X, F, stride, padding)
    for gradient, wanted in zip(found, conv2d_backward_dilated(dC_dO, X, F, stride, padding), strict=True):
        assert_array_equal(gradient, wanted, strict=True)


PADDINGS = st.one_of(
    st.integers(0, 3), st.tuples(st.integers(0, 3), st.integers(0, 3)), st.sampled_from(["valid", "same", "include"])
)
SIDES, KERNELS, STRIDES, DILATIONS = (st.tuples(st.integers(1, most), st.integers(1, most)) for most in (12, 4, 4, 5))


@given(SIDES, KERNELS, STRIDES, PADDINGS, DILATIONS, st.integers(0, 2), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_the_implementations_agree_on_any_geometry(size, kernel, stride, padding, dilation, count, seed):
    rng, window = np.random.default_rng(seed), (stride, padding, dilation)
    X, F, B = integers(rng, (count, 2, *size)), integers(rng, (3, 2, *kernel)), integers(rng, 3)
    try:
        O = conv2d_forward(X, F, B, *window)
    except ValueError:
        with pytest.raises(ValueError, match=r"^conv2d_forward_loop: the (effective )?kernel .* is larger than"):
            conv2d_forward_loop(X, F, B, *window)
        return
    assert_array_equal(O, conv2d_forward_loop(X, F, B, *window), strict=True)
    dC_dO = integers(rng, O.shape)
    gradients = conv2d_backward(dC_dO, X, F, *window)
    for gradient, wanted in zip(gradients, conv2d_backward_dilated(dC_dO, X, F, *window), strict=True):
        assert_array_equal(gradient, wanted, strict=True)


FLOATS = ("float32", "float64")


@pytest.mark.parametrize(("of_dC_dO", "of_X", "of_F"), [*itertools.product(FLOATS, FLOATS, FLOATS)])
def test_the_implementations_agree_on_the_dtype_when_dtypes_are_mixed(rng, of_dC_dO, of_X, of_F):
    X, F, _, dC_dO = case(rng, (5, 6), (3, 2), 2, ((0, 0), (0, 0)), integers)
    X, F, dC_dO = X.astype(of_X), F.astype(of_F), dC_dO.astype(of_dC_dO)
    wanted = np.result_type(dC_dO, X, F)
    for function in (conv2d_backward, conv2d_backward_dilated):
        assert [gradient.dtype for gradient in function(dC_dO, X, F, stride=2)] == [wanted] * 3
    for function in (conv2d_forward, conv2d_forward_loop):
        assert function(X, F, stride=2).dtype == np.result_type(X, F)


# --- properties of the gradients, for every implementation ---


@EVERY_GEOMETRY
@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_backward_is_adjoint_to_forward(rng, size, kernel, stride, padding, amounts, backward):
    X, F, _, dC_dO = case(rng, size, kernel, stride, amounts, reals)
    O = conv2d_forward(X, F, None, stride, padding)
    dC_dX, dC_dF, _ = backward(dC_dO, X, F, stride, padding)
    wanted, scale = np.vdot(O, dC_dO), np.linalg.norm(O) * np.linalg.norm(dC_dO)
    assert abs(np.vdot(X, dC_dX) - wanted) <= 1e-12 * scale
    assert abs(np.vdot(F, dC_dF) - wanted) <= 1e-12 * scale


@EVERY_GEOMETRY
def test_backward_matches_finite_differences(rng, size, kernel, stride, padding, amounts):
    X, F, B, _ = case(rng, size, kernel, stride, amounts, reals)
    error, where = gradient_check(
        (
            lambda X, F, B: conv2d_forward(X, F, B, stride, padding),
            lambda dC_dO, X, F, B: conv2d_backward(dC_dO, X, F, stride, padding),
        ),
        X,
        F,
        B,
        entries=60,
    )
    assert error < 1e-6, where


def test_gradients_are_sums_over_the_batch(rng):
    X, F, _, dC_dO = case(rng, (6, 5), (3, 2), 1, ((0, 0), (0, 0)), integers)
    _, dC_dF, dC_dB = conv2d_backward(dC_dO, X, F)
    parts = [conv2d_backward(dC_dO[n : n + 1], X[n : n + 1], F) for n in range(N)]
    assert_array_equal(dC_dF, sum(part[1] for part in parts))
    assert_array_equal(dC_dB, sum(part[2] for part in parts))
    assert_array_equal(dC_dB, [sum(dC_dO[:, k].ravel()) for k in range(K)])


@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_backward_by_hand(backward):
    X = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]).reshape(1, 1, 4, 4)
    F = np.array([[1, 2], [3, 4]]).reshape(1, 1, 2, 2)
    dC_dO = np.array([[1, 10], [100, 1000]]).reshape(1, 1, 2, 2)  # at stride 2 the windows lie side by side
    dC_dX, dC_dF, dC_dB = backward(dC_dO, X, F, stride=2)
    # each window of dC/dX is F times its dC/dO
    wanted = [[1, 2, 10, 20], [3, 4, 30, 40], [100, 200, 1000, 2000], [300, 400, 3000, 4000]]
    assert_array_equal(dC_dX[0, 0], wanted)
    # top left: the top left pixels of the windows are 1, 3, 9, 11: 1*1 + 3*10 + 9*100 + 11*1000, the others alike
    assert_array_equal(dC_dF[0, 0], [[11931, 13042], [16375, 17486]])
    assert_array_equal(dC_dB, [1111])


@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_backward_by_hand_where_windows_overlap(backward):
    X, F = np.array([[[[1, 2, 3]]]]), np.array([[[[10, 100]]]])
    dC_dX, dC_dF, dC_dB = backward(np.array([[[[1, 2]]]]), X, F)
    assert_array_equal(dC_dX, [[[[10, 100 + 20, 200]]]])  # the middle pixel is second in window 1 and first in window 2
    assert_array_equal(dC_dF, [[[[1 * 1 + 2 * 2, 2 * 1 + 3 * 2]]]])
    assert_array_equal(dC_dB, [3])


def test_forward_by_hand_with_two_channels_two_filters_and_padding():
    """Follow the animation of CS231n in small: two channels, two filters, padding 1, stride 2, biases 1 and 0."""
    X = np.array([[[1, 2, 0], [0, 1, 2], [2, 0, 1]], [[2, 1, 1], [0, 0, 2], [1, 2, 0]]])[None]
    F = np.zeros((2, 2, 3, 3))
    F[0, 0, 1, 1], F[0, 1, 2, 2] = 1, 10  # the centre of channel 0, and ten times the pixel below right in channel 1
    F[1, 0, 0, 1], F[1, 1, 1, 0] = 1, -1  # the pixel above in channel 0, less the pixel to the left in channel 1
    # the centres of the windows are the corners of X: (0, 0), (0, 2), (2, 0), (2, 2)
    wanted = [
        [[1 + 10 * 0 + 1, 0 + 10 * 0 + 1], [2 + 10 * 0 + 1, 1 + 10 * 0 + 1]],
        [[0 - 0, 0 - 1], [0 - 0, 2 - 2]],
    ]
    assert_array_equal(conv2d_forward(X, F, [1, 0], stride=2, padding=1)[0], wanted)


# --- excluded pixels ---


@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_excluded_pixels_get_exactly_zero_gradient(rng, backward):
    """10 by 10 pixels, 3 by 3 filters, stride 2: the last window ends at row 8, and so do the columns."""
    X, F, dC_dO = rng.normal(size=(N, C, 10, 10)), rng.normal(size=(K, C, 3, 3)), rng.normal(size=(N, K, 4, 4))
    dC_dX, dC_dF, _ = backward(dC_dO, X, F, stride=2)
    assert dC_dX.shape == X.shape
    assert_array_equal(dC_dX[:, :, 9, :], 0)
    assert_array_equal(dC_dX[:, :, :, 9], 0)
    assert np.all(dC_dX[:, :, :9, :9] != 0)
    X[:, :, 9, :] = X[:, :, :, 9] = 1e6  # they have no part in dC/dF either
    assert_allclose(backward(dC_dO, X, F, stride=2)[1], dC_dF, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_pixels_in_the_gaps_between_windows_get_zero_gradient(rng, backward):
    X, F, dC_dO = rng.normal(size=(1, 1, 7, 8)), rng.normal(size=(1, 1, 1, 2)), rng.normal(size=(1, 1, 3, 2))
    reached = np.zeros((7, 8), bool)
    reached[np.ix_([0, 3, 6], [0, 1, 4, 5])] = True
    dC_dX = backward(dC_dO, X, F, stride=(3, 4))[0][0, 0]
    assert_array_equal(dC_dX != 0, reached)


@pytest.mark.parametrize("padding", [1, "same"])
@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_excluded_padding_takes_nothing_from_the_pixels(rng, backward, padding):
    """With padding 1 on 10 pixels the one that is left over is padding; 'same' leaves none over."""
    X, F = rng.normal(size=(1, 1, 10, 10)), rng.normal(size=(1, 1, 3, 3))
    dC_dO = rng.normal(size=(1, 1, 5, 5))
    assert np.all(backward(dC_dO, X, F, stride=2, padding=padding)[0] != 0)


def test_same_puts_an_odd_pad_at_the_end():
    X, F = np.array([[[[1.0, 2.0, 4.0]]]]), np.array([[[[1.0, 10.0]]]])
    assert_array_equal(conv2d_forward(X, F, padding="same"), [[[[21, 42, 4]]]])  # not [10, 21, 42]


# --- dilation ---

# size, kernel, stride, padding, dilation, and what the padding should add: ((top, bottom), (left, right))
DILATED = [
    pytest.param((7, 8), (3, 3), 1, 0, 2, ((0, 0), (0, 0)), id="plain"),
    pytest.param((9, 7), (2, 3), 1, 0, (3, 1), ((0, 0), (0, 0)), id="rows-only"),
    pytest.param((7, 9), (2, 3), 1, 0, (1, 3), ((0, 0), (0, 0)), id="columns-only"),
    pytest.param((7, 9), (3, 2), 1, 0, (3, 8), ((0, 0), (0, 0)), id="as-large-as-the-input"),
    pytest.param((10, 9), (3, 2), 2, 0, 2, ((0, 0), (0, 0)), id="stride-2-row-excluded"),
    pytest.param((12, 13), (3, 2), (2, 3), 0, (3, 2), ((0, 0), (0, 0)), id="stride-and-dilation-share-no-factor"),
    pytest.param((17, 9), (2, 2), (4, 1), 0, (6, 3), ((0, 0), (0, 0)), id="stride-and-dilation-share-a-factor"),
    pytest.param((13, 5), (2, 1), (6, 1), 0, (3, 7), ((0, 0), (0, 0)), id="stride-a-multiple-of-the-dilation"),
    pytest.param((5, 6), (3, 3), 1, (3, 2), 2, ((3, 3), (2, 2)), id="padding"),
    pytest.param((4, 5), (3, 2), 2, 5, (4, 3), ((5, 5), (5, 5)), id="padding-larger-than-the-input"),
    pytest.param((6, 7), (3, 3), 1, "same", 2, ((2, 2), (2, 2)), id="same"),
    pytest.param((6, 7), (2, 4), 1, "same", (3, 2), ((1, 2), (3, 3)), id="same-even-filter"),
    pytest.param((7, 8), (3, 2), (2, 3), "same", (2, 3), ((2, 2), (1, 1)), id="same-strides-2-3"),
    pytest.param((3, 4), (3, 3), 1, "same", 4, ((4, 4), (4, 4)), id="same-larger-than-the-input"),
    pytest.param((9, 10), (3, 2), 2, "include", (2, 3), ((0, 4), (0, 2)), id="include"),
]
EVERY_DILATION = pytest.mark.parametrize(("size", "kernel", "stride", "padding", "dilation", "amounts"), DILATED)


def spaced(F, dilation):
    """Return the filters with zeros between their entries, an entry at a time."""
    *outer, kH, kW = F.shape
    d_r, d_c = pair(dilation)
    wide = np.zeros((*outer, (kH - 1) * d_r + 1, (kW - 1) * d_c + 1))
    for i, j in np.ndindex(kH, kW):
        wide[..., i * d_r, j * d_c] = F[..., i, j]
    return wide


def dilated_case(rng, size, kernel, stride, dilation, amounts, draw):
    """Return X, F, B and dC_dO, and the filters with their zeros."""
    X, _, B, dC_dO = case(rng, size, spaced(np.ones(kernel), dilation).shape, stride, amounts, draw)
    F = draw(rng, (K, C, *kernel))
    return X, F, B, dC_dO, spaced(F, dilation)


@EVERY_DILATION
def test_a_dilated_convolution_equals_scipy_with_zeros_in_the_filters(
    rng, size, kernel, stride, padding, dilation, amounts
):
    X, F, B, dC_dO, wide = dilated_case(rng, size, kernel, stride, dilation, amounts, reals)
    found = conv2d_forward(X, F, B, stride, padding, dilation)
    assert_allclose(found, scipy_forward(X, wide, B, stride, amounts), rtol=1e-10, atol=1e-10)
    dC_dX, of_wide, dC_dB = scipy_backward(dC_dO, X, wide, stride, amounts)
    d_r, d_c = pair(dilation)
    for backward in (conv2d_backward, conv2d_backward_dilated):
        gradients = backward(dC_dO, X, F, stride, padding, dilation)
        for gradient, wanted in zip(gradients, (dC_dX, of_wide[:, :, ::d_r, ::d_c], dC_dB), strict=True):
            assert_allclose(gradient, wanted, rtol=1e-10, atol=1e-10)


@EVERY_DILATION
def test_dilated_implementations_are_equal_bit_for_bit_on_integers(
    rng, size, kernel, stride, padding, dilation, amounts
):
    X, F, B, dC_dO, _ = dilated_case(rng, size, kernel, stride, dilation, amounts, integers)
    window = stride, padding, dilation
    for bias in (B, None):
        wanted = conv2d_forward_loop(X, F, bias, *window)
        assert_array_equal(conv2d_forward(X, F, bias, *window), wanted, strict=True)
    gradients = conv2d_backward(dC_dO, X, F, *window)
    for gradient, wanted in zip(gradients, conv2d_backward_dilated(dC_dO, X, F, *window), strict=True):
        assert_array_equal(gradient, wanted, strict=True)


@EVERY_DILATION
def test_the_dilated_layer_matches_finite_differences(rng, size, kernel, stride, padding, dilation, amounts):
    layer = Conv2D(K, kernel, stride, padding, dilation=dilation)
    error, where = gradient_check(layer, rng.normal(size=(N, C, *size)), entries=40)
    assert error < 1e-6, where


@EVERY_DILATION
def test_the_dilated_layer_equals_the_functions(rng, size, kernel, stride, padding, dilation, amounts):
    X, F, B, dC_dO, _ = dilated_case(rng, size, kernel, stride, dilation, amounts, reals)
    layer = Conv2D(K, kernel, stride, padding, dilation=dilation)
    layer.params = {"F": F, "B": B}
    O = layer.forward(X)
    assert_array_equal(O, conv2d_forward(X, F, B, stride, padding, dilation))
    assert layer.output_shape(X.shape[1:]) == O.shape[1:]
    found = layer.backward(dC_dO), layer.grads["F"], layer.grads["B"]
    for gradient, wanted in zip(found, conv2d_backward(dC_dO, X, F, stride, padding, dilation), strict=True):
        assert_array_equal(gradient, wanted)


@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_dilation_by_hand(backward):
    X, F = np.array([[[[1, 2, 3, 4, 5]]]]), np.array([[[[10, 100]]]])
    assert_array_equal(conv2d_forward(X, F, dilation=3), [[[[410, 520]]]])  # 1*10 + 4*100, 2*10 + 5*100
    dC_dX, dC_dF, _ = backward(np.array([[[[1, 2]]]]), X, F, dilation=(9, 3))  # a kernel of one row has no dilation
    assert_array_equal(dC_dX, [[[[10, 20, 0, 100, 200]]]])
    assert_array_equal(dC_dF, [[[[1 * 1 + 2 * 2, 1 * 4 + 2 * 5]]]])


@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_excluded_pixels_of_a_dilated_convolution_get_zero_gradient(rng, backward):
    """10 by 10 pixels, an effective kernel of 5, stride 2: the last window ends at row 8, and none takes an odd row."""
    X, F, dC_dO = rng.normal(size=(N, C, 10, 10)), rng.normal(size=(K, C, 3, 3)), rng.normal(size=(N, K, 3, 3))
    dC_dX = backward(dC_dO, X, F, stride=2, dilation=2)[0]
    assert_array_equal(dC_dX[:, :, 1::2], 0)
    assert_array_equal(dC_dX[:, :, :, 1::2], 0)
    assert np.all(dC_dX[:, :, ::2, ::2] != 0)


def test_what_a_dilated_window_passes_over_has_no_part_in_its_output():
    X = np.full((1, 1, 5, 5), np.nan)
    X[:, :, ::2, ::2] = 1
    assert_array_equal(conv2d_forward(X, np.ones((1, 1, 3, 3)), dilation=2), [[[[9]]]])


def test_a_dilation_of_one_does_not_change_a_bit(rng):
    X, F, B, dC_dO = case(rng, (10, 11), (3, 3), 2, ((0, 0), (0, 0)), reals)
    for forward in (conv2d_forward, conv2d_forward_loop):
        assert_array_equal(forward(X, F, B, 2, 0, 1), forward(X, F, B, 2, 0))
    for backward in (conv2d_backward, conv2d_backward_dilated):
        for found, wanted in zip(backward(dC_dO, X, F, 2, 0, (1, 1)), backward(dC_dO, X, F, 2, 0), strict=True):
            assert_array_equal(found, wanted)


@pytest.mark.parametrize("backward", [conv2d_backward, conv2d_backward_dilated])
def test_an_empty_batch_can_be_dilated(backward):
    X, F = np.zeros((0, C, 6, 7)), np.ones((K, C, 3, 2))
    O = conv2d_forward(X, F, np.ones(K), dilation=(2, 3))
    assert O.shape == (0, K, 2, 4)
    dC_dX, dC_dF, dC_dB = backward(O, X, F, dilation=(2, 3))
    assert dC_dX.shape == X.shape
    assert not dC_dF.any()
    assert not dC_dB.any()


def test_a_huge_dilation_with_few_windows_takes_little_memory(rng):
    """A window of 2,000,001 rows of which all but one are padding: only rows that windows take are kept."""
    X, F = rng.normal(size=(1, 1, 2, 3)), rng.normal(size=(1, 1, 3, 1))
    window = {"padding": "same", "dilation": (10**6, 1)}
    tracemalloc.start()
    O = conv2d_forward(X, F, **window)
    gradients = conv2d_backward(O, X, F, **window)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
    assert_allclose(O, X * F[0, 0, 1, 0])
    assert_allclose(gradients[0], O * F[0, 0, 1, 0])


def test_a_kernel_of_one_takes_any_dilation(rng):
    X, F = rng.normal(size=(2, 1, 4, 5)), rng.normal(size=(2, 1, 1, 1))
    for function in (conv2d_forward, conv2d_forward_loop):
        assert_array_equal(function(X, F, dilation=10**30), function(X, F))
    assert Conv2D(2, 1, dilation=10**30).geometry((1, 4, 5)).dilation == (1, 1)


def test_a_message_names_the_size_of_a_dilated_kernel_that_does_not_fit():
    message = (
        r"the effective kernel \(\(3 - 1\)\*4 \+ 1 = 9\) is larger than the padded input \(6 \+ 2\*1 = 8\)\. "
        r"Use a smaller kernel, less dilation or more padding\."
    )
    X, F, dC_dO = np.ones((1, 1, 6, 9)), np.ones((1, 1, 3, 3)), np.ones((1, 1, 1, 1))
    for function in (conv2d_forward, conv2d_forward_loop):
        with pytest.raises(ValueError, match=f"^{function.__name__}: {message}$"):
            function(X, F, padding=(1, 0), dilation=(4, 4))
    for function in (conv2d_backward, conv2d_backward_dilated):
        with pytest.raises(ValueError, match=f"^{function.__name__}: {message}$"):
            function(dC_dO, X, F, padding=(1, 0), dilation=(4, 4))
    with pytest.raises(ValueError, match=rf"^Model: layer 0 \(Conv2D\) does not fit .*Conv2D: {message}$"):
        Model([Conv2D(2, padding=(1, 0), dilation=4)], (1, 6, 9))


def test_the_layer_shows_its_dilation():
    assert repr(Conv2D(2, dilation=(3, 1))).endswith("bias=True, dilation=(3, 1))")


def test_a_summary_counts_the_excluded_pixels_of_a_dilated_layer():
    """28 rows, an effective kernel of 6 and a stride of 3: the last window ends at row 27."""
    model = Model([Conv2D(2, (2, 1), (3, 1), dilation=(5, 2))])
    assert re.search(r"0 Conv2D +\(2, 8, 28\) +6  1 row, 0 columns", model.summary())


# --- edges ---


@pytest.mark.parametrize("small", [1, 64 * 2 * 19, 130 * 2 * 19, 10**9])
def test_products_in_parts_give_the_same_whole_numbers(rng, monkeypatch, small):
    X, F, dC_dO = (rng.integers(-4, 5, size).astype(float) for size in [(30, 2, 7, 8), (3, 2, 3, 3), (30, 3, 5, 6)])
    wanted = conv2d_forward(X, F), *conv2d_backward(dC_dO, X, F)
    monkeypatch.setattr(fast, "SMALL", small)
    for found, right in zip((conv2d_forward(X, F), *conv2d_backward(dC_dO, X, F)), wanted, strict=True):
        assert_array_equal(found, right)


@pytest.mark.parametrize("padding", [0, 1, "same"])
def test_an_empty_batch_gives_an_empty_output(padding):
    X, F = np.zeros((0, C, 5, 6)), np.ones((K, C, 3, 3))
    O = conv2d_forward(X, F, np.ones(K), padding=padding)
    assert O.shape[:2] == (0, K)
    for backward in (conv2d_backward, conv2d_backward_dilated):
        dC_dX, dC_dF, dC_dB = backward(O, X, F, padding=padding)
        assert dC_dX.shape == X.shape
        assert_array_equal(dC_dF, np.zeros_like(F))
        assert_array_equal(dC_dB, np.zeros(K))


def test_nan_is_passed_on_to_the_windows_that_see_it():
    X = np.zeros((1, 1, 4, 4))
    X[0, 0, 0, 0] = np.nan
    found = np.isnan(conv2d_forward(X, np.ones((1, 1, 2, 2)), stride=2))
    assert_array_equal(found[0, 0], [[True, False], [False, False]])


# --- the layer ---


@EVERY_GEOMETRY
def test_the_layer_equals_the_functions(rng, size, kernel, stride, padding, amounts):
    X, F, B, dC_dO = case(rng, size, kernel, stride, amounts, reals)
    layer = Conv2D(K, kernel, stride, padding)
    layer.params = {"F": F, "B": B}
    O = layer.forward(X)
    assert_array_equal(O, conv2d_forward(X, F, B, stride, padding))
    assert layer.output_shape(X.shape[1:]) == O.shape[1:]
    dC_dX, dC_dF, dC_dB = conv2d_backward(dC_dO, X, F, stride, padding)
    assert_array_equal(layer.backward(dC_dO), dC_dX)
    assert_array_equal(layer.grads["F"], dC_dF)
    assert_array_equal(layer.grads["B"], dC_dB)


def test_the_layer_without_bias_has_none(rng):
    layer = Conv2D(K, (3, 2), bias=False)
    X = rng.normal(size=(N, C, 5, 6))
    O = layer.forward(X)
    assert_array_equal(O, conv2d_forward(X, layer.params["F"]))
    layer.backward(np.ones_like(O))
    assert layer.params.keys() == layer.grads.keys() == {"F"}


def test_the_layer_starts_with_drawn_filters_and_biases_of_zero():
    layer = Conv2D(64, (3, 5), initialisation="xavier_uniform")
    layer.build((16, 28, 28), np.random.default_rng(0), "float64")
    assert layer.params["F"].shape == (64, 16, 3, 5)
    assert_array_equal(layer.params["B"], np.zeros(64))
    limit = math.sqrt(6 / ((16 + 64) * 15))
    assert 0.99 * limit < np.abs(layer.params["F"]).max() <= limit


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize(
    "settings",
    [{}, {"stride": (2, 1)}, {"padding": "same", "kernel_size": (2, 3)}, {"stride": 2, "padding": "include"}],
)
def test_the_layer_matches_finite_differences(rng, settings, bias):
    error, where = gradient_check(Conv2D(K, **settings, bias=bias), rng.normal(size=(N, C, 6, 5)), entries=60)
    assert error < 1e-6, where


# --- validation ---

WRONG_SETTINGS = [
    pytest.param(
        {"stride": 0}, ValueError, "stride must be a positive integer or a pair of them, got 0", id="stride-0"
    ),
    pytest.param({"stride": (1, -1)}, ValueError, r"stride must be .* got \(1, -1\)", id="stride-negative"),
    pytest.param({"stride": 1.0}, TypeError, r"stride must be .* got 1\.0", id="stride-float"),
    pytest.param({"stride": True}, TypeError, "stride must be .* got True", id="stride-bool"),
    pytest.param({"stride": None}, TypeError, "stride must be .* got None", id="stride-none"),
    pytest.param({"dilation": 0}, ValueError, "dilation must be a positive integer or .*, got 0", id="dilation-0"),
    pytest.param({"dilation": (1, -1)}, ValueError, r"dilation must be .* got \(1, -1\)", id="dilation-negative"),
    pytest.param({"dilation": 1.0}, TypeError, r"dilation must be .* got 1\.0", id="dilation-float"),
    pytest.param({"dilation": True}, TypeError, "dilation must be .* got True", id="dilation-bool"),
    pytest.param({"dilation": (1, 1, 1)}, ValueError, r"dilation must be .* got \(1, 1, 1\)", id="dilation-three"),
    pytest.param({"dilation": None}, TypeError, "dilation must be .* got None", id="dilation-none"),
    pytest.param(
        {"padding": -1}, ValueError, "padding must be an integer of at least 0 .* got -1", id="padding-negative"
    ),
    pytest.param({"padding": 0.5}, TypeError, r"padding must be .* got 0\.5", id="padding-float"),
    pytest.param({"padding": (1, 2, 3)}, ValueError, r"padding must be .* got \(1, 2, 3\)", id="padding-three"),
    pytest.param(
        {"padding": "sme"},
        ValueError,
        r"unknown padding 'sme'\. Choose 'same', 'valid' or 'include' \(did you mean 'same'\?\), "
        r"or give an integer or a pair \(rows, columns\)\.",
        id="padding-typo",
    ),
]
WRONG_LAYERS = [
    pytest.param({"num_filters": 0}, ValueError, "num_filters must be a positive integer, got 0", id="filters-0"),
    pytest.param(
        {"num_filters": 8.0}, TypeError, r"num_filters must be a positive integer, got 8\.0", id="filters-float"
    ),
    pytest.param({"num_filters": True}, TypeError, "num_filters must be .* got True", id="filters-bool"),
    pytest.param({"kernel_size": 0}, ValueError, "kernel_size must be .* got 0", id="kernel-0"),
    pytest.param({"kernel_size": (3, 3, 3)}, ValueError, r"kernel_size must be .* got \(3, 3, 3\)", id="kernel-three"),
    pytest.param({"kernel_size": "3"}, TypeError, "kernel_size must be .* got '3'", id="kernel-text"),
    pytest.param({"bias": 1}, TypeError, "bias must be True or False, got 1", id="bias-integer"),
    pytest.param(
        {"initialisation": "he_norml"},
        ValueError,
        r"unknown initialisation 'he_norml'\. Choose 'he_normal', .* or 'constant' \(did you mean 'he_normal'\?\)",
        id="initialisation-typo",
    ),
    pytest.param(
        {"initialisation": np.zeros}, TypeError, "initialisation must be one of", id="initialisation-function"
    ),
]


@pytest.mark.parametrize(("wrong", "error", "words"), WRONG_SETTINGS + WRONG_LAYERS)
def test_the_layer_refuses_wrong_settings(wrong, error, words):
    with pytest.raises(error, match=f"^Conv2D: {words}"):
        Conv2D(**({"num_filters": 4} | wrong))


@pytest.mark.parametrize(("wrong", "error", "words"), WRONG_SETTINGS)
@pytest.mark.parametrize("function", [conv2d_forward, conv2d_forward_loop])
def test_forward_refuses_wrong_settings(function, wrong, error, words):
    with pytest.raises(error, match=f"^{function.__name__}: {words}"):
        function(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), **wrong)


@pytest.mark.parametrize(("wrong", "error", "words"), WRONG_SETTINGS)
@pytest.mark.parametrize("function", [conv2d_backward, conv2d_backward_dilated])
def test_backward_refuses_wrong_settings(function, wrong, error, words):
    with pytest.raises(error, match=f"^{function.__name__}: {words}"):
        function(np.ones((1, 1, 3, 3)), np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), **wrong)


WRONG_SHAPES = [
    pytest.param(
        (2, 1, 5, 5),
        (4, 3, 3, 3),
        r"X has 1 channels but F expects 3\. Got X\(2, 1, 5, 5\) \(N, C, H, W\) and F\(4, 3, 3, 3\) \(K, C, kH, kW\)\.",
        id="channels",
    ),
    pytest.param((3, 5, 5), (4, 3, 3, 3), r"X must have 4 dimensions \(N, C, H, W\), .* X\[None\]", id="one-image"),
    pytest.param((2, 3, 5, 5), (3, 3), r"F must have 4 dimensions \(K, C, kH, kW\), got 2", id="2-D-filter"),
    pytest.param((2, 3, 5, 5), (0, 3, 3, 3), r"F is empty \(shape \(0, 3, 3, 3\)\)", id="no-filter"),
    pytest.param((2, 0, 5, 5), (4, 0, 3, 3), r"F is empty \(shape \(4, 0, 3, 3\)\)", id="no-channel"),
    pytest.param((2, 3, 5, 5), (4, 3, 0, 3), r"F is empty \(shape \(4, 3, 0, 3\)\)", id="filter-without-rows"),
    pytest.param(
        (2, 3, 2, 9),
        (4, 3, 5, 5),
        r"the kernel \(5\) is larger than the padded input \(2 \+ 2\*0 = 2\)\. Use a smaller kernel or more padding\.",
        id="kernel-larger-than-the-rows",
    ),
    pytest.param((2, 3, 9, 2), (4, 3, 5, 5), r"the kernel \(5\) is larger than", id="kernel-larger-than-the-columns"),
]


@pytest.mark.parametrize(("of_X", "of_F", "words"), WRONG_SHAPES)
@pytest.mark.parametrize("function", [conv2d_forward, conv2d_forward_loop, convolve_vectorised])
def test_forward_refuses_shapes_that_do_not_fit(function, of_X, of_F, words):
    if function is convolve_vectorised:  # its message names no padding
        words = words.replace(r" \+ 2\*0 = 2", r".*")
    with pytest.raises(ValueError, match=f"^{function.__name__}: {words}"):
        function(np.ones(of_X), np.ones(of_F))


@pytest.mark.parametrize("function", [conv2d_forward, conv2d_forward_loop])
@pytest.mark.parametrize("of_B", [(3,), (4, 1), ()], ids=str)
def test_forward_refuses_a_bias_of_another_shape(function, of_B):
    with pytest.raises(ValueError, match=f"^{function.__name__}: B "):
        function(np.ones((2, 3, 5, 5)), np.ones((4, 3, 3, 3)), np.ones(of_B))


@pytest.mark.parametrize(
    "of_dC_dO", [(2, 4, 3, 4), (2, 4, 4, 3), (1, 4, 3, 3), (2, 3, 3, 3), (4, 3, 3), (2, 4, 9)], ids=str
)
@pytest.mark.parametrize("function", [conv2d_backward, conv2d_backward_dilated])
def test_backward_refuses_a_gradient_of_another_shape_than_the_output(function, of_dC_dO):
    with pytest.raises(ValueError, match=rf"^{function.__name__}: dC_dO .*\(N, K, H_out, W_out\)"):
        function(np.ones(of_dC_dO), np.ones((2, 3, 5, 5)), np.ones((4, 3, 3, 3)))


@pytest.mark.parametrize(
    ("A", "B", "options", "error", "words"),
    [
        pytest.param(np.ones((2, 2)), np.ones((3, 3)), {}, ValueError, r"the kernel \(3\) is larger", id="B-too-large"),
        pytest.param(np.ones(4), np.ones((2, 2)), {}, ValueError, r"A must have 2 dimensions \(H, W\)", id="A-1-D"),
        pytest.param(
            np.ones((4, 4)), np.ones((1, 2, 2)), {}, ValueError, r"B must have 2 dimensions \(kH, kW\)", id="B-3-D"
        ),
        pytest.param(np.ones((4, 4)), np.ones((0, 2)), {}, ValueError, r"B is empty \(shape \(0, 2\)\)", id="B-empty"),
        pytest.param(
            np.ones((4, 4)), np.ones((2, 0)), {"full_convolve": True}, ValueError, "B is empty", id="B-empty-full"
        ),
        pytest.param(np.ones((4, 4)), np.ones((2, 2)), {"stride": 0}, ValueError, "stride must be", id="stride-0"),
        pytest.param(
            np.ones((4, 4)),
            np.ones((2, 2)),
            {"full_convolve": "full"},
            TypeError,
            "full_convolve must be True or False, got 'full'",
            id="full-text",
        ),
    ],
)
def test_convolve_refuses(A, B, options, error, words):
    with pytest.raises(error, match=f"^convolve: {words}"):
        convolve(A, B, **options)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        pytest.param(
            (64, 28, 28, 1),
            r"expected 1 channel on axis 1, got 28 \(shape \(64, 28, 28, 1\), expected \(N, C, H, W\)\)\. "
            r"If your images are channels-last, use X\.transpose\(0, 3, 1, 2\)\.",
            id="channels-last",
        ),
        pytest.param((64, 3, 28, 28), "expected 1 channel on axis 1, got 3", id="colours"),
        pytest.param((1, 28, 28), r"X must have 4 dimensions .* X\[None\]", id="one-image"),
        pytest.param((64, 1, 2, 28), r"the kernel \(3\) is larger than the padded input", id="too-small"),
    ],
)
def test_the_layer_refuses_images_that_do_not_fit_its_filters(shape, words):
    layer = Conv2D(4)
    layer.build((1, 28, 28), np.random.default_rng(0))
    with pytest.raises(ValueError, match=f"^Conv2D: {words}"):
        layer.forward(np.zeros(shape))


def test_the_layer_refuses_to_be_built_for_rows():
    with pytest.raises(ValueError, match=r"^Conv2D: expected an input of shape \(C, H, W\), got \(784,\)"):
        Conv2D(4).forward(np.zeros((2, 784)))
