"""Pooling, against SciPy, windows cut out by NumPy, finite differences, the readable reference, and worked numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from cnn_core import (
    Pool2D,
    gradient_check,
    pool2d_backward,
    pool2d_backward_loop,
    pool2d_forward,
    pool2d_forward_loop,
)

N, C = 2, 3
MODES = ["max", "mean", "min"]
EVERY_MODE = pytest.mark.parametrize("mode", MODES)

# size (rows, columns), pool size, stride, padding, and what the padding should add: ((top, bottom), (left, right))
GEOMETRIES = [
    pytest.param((6, 4), 2, None, 0, ((0, 0), (0, 0)), id="side-by-side"),
    pytest.param((7, 5), (2, 3), None, 0, ((0, 0), (0, 0)), id="one-row-and-two-columns-excluded"),
    pytest.param((6, 7), (3, 2), 1, 0, ((0, 0), (0, 0)), id="overlap"),
    pytest.param((8, 7), 3, 2, 0, ((0, 0), (0, 0)), id="overlap-one-row-excluded"),
    pytest.param((8, 9), (3, 4), (2, 3), "valid", ((0, 0), (0, 0)), id="overlap-unequal-all-round"),
    pytest.param((9, 8), (2, 1), (3, 2), 0, ((0, 0), (0, 0)), id="gaps-between-windows"),
    pytest.param((5, 6), (5, 6), None, 0, ((0, 0), (0, 0)), id="one-window"),
    pytest.param((5, 6), 1, None, 0, ((0, 0), (0, 0)), id="one-pixel-windows"),
    pytest.param((5, 6), 2, 1, 1, ((1, 1), (1, 1)), id="padding-1"),
    pytest.param((6, 5), (3, 2), (2, 1), (2, 1), ((2, 2), (1, 1)), id="padding-2-1"),
    pytest.param((5, 6), (2, 3), (1, 2), (0, 2), ((0, 0), (2, 2)), id="padding-0-2"),
    pytest.param((1, 2), 3, 1, 2, ((2, 2), (2, 2)), id="more-padding-than-pixels"),
    pytest.param((6, 5), 2, 1, "same", ((0, 1), (0, 1)), id="same"),
    pytest.param((7, 6), (3, 4), (2, 3), "same", ((1, 1), (0, 1)), id="same-strides-2-3"),
    pytest.param((7, 5), 2, None, "include", ((0, 1), (0, 1)), id="include"),
    pytest.param((9, 7), (4, 3), (3, 2), "include", ((0, 1), (0, 2)), id="include-with-overlap"),
]
EVERY_GEOMETRY = pytest.mark.parametrize(("size", "pool_size", "stride", "padding", "amounts"), GEOMETRIES)


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def windows_of(X, pool_size, stride, amounts):
    """Return every window of X, nan where it lies on padding: (N, C, H_out, W_out, rows, columns)."""
    S_r, S_c = pair(pool_size if stride is None else stride)
    Xp = np.pad(X, ((0, 0), (0, 0), *amounts), constant_values=np.nan)
    return sliding_window_view(Xp, pair(pool_size), axis=(2, 3))[:, :, ::S_r, ::S_c]


def reduced(windows, mode):
    return {"max": np.nanmax, "mean": np.nanmean, "min": np.nanmin}[mode](windows, axis=(4, 5))


def untied(rng, size):
    """Return images in which no two pixels are equal or nearly so: finite differences find no kink."""
    return rng.permutation(N * C * size[0] * size[1]).reshape(N, C, *size) / 10.0


def tied(rng, shape):
    """Return images of few different small integers, full of ties."""
    return rng.integers(-2, 3, shape).astype(float)


# --- forward ---


@EVERY_MODE
@EVERY_GEOMETRY
def test_pool2d_forward_reduces_every_window_without_its_padding(rng, size, pool_size, stride, padding, amounts, mode):
    X = rng.normal(size=(N, C, *size))
    wanted = reduced(windows_of(X, pool_size, stride, amounts), mode)
    found = pool2d_forward(X, pool_size, stride, padding, mode)
    assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@EVERY_MODE
def test_pool2d_forward_equals_the_filters_of_scipy(rng, mode):
    X = rng.normal(size=(N, C, 7, 8))
    names = {"max": "maximum_filter", "mean": "uniform_filter", "min": "minimum_filter"}
    every_position = getattr(ndimage, names[mode])(X, size=(1, 1, 3, 5))  # each pixel is the centre of a window
    wanted = every_position[:, :, 1:-1:2, 2:-2:3]
    assert_allclose(pool2d_forward(X, (3, 5), (2, 3), mode=mode), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("mode", "sign"), [("max", -1), ("min", 1)])
@pytest.mark.parametrize("padding", [1, "same", "include"])
@pytest.mark.parametrize("forward", [pool2d_forward, pool2d_forward_loop])
def test_padding_is_never_the_maximum_or_minimum(rng, forward, padding, mode, sign):
    X = sign * rng.uniform(1, 2, size=(N, C, 5, 7))  # zeros in the frame would be chosen everywhere along the border
    O = forward(X, 2, 2, padding, mode)
    assert np.all(sign * O >= 1)


@pytest.mark.parametrize("forward", [pool2d_forward, pool2d_forward_loop])
def test_a_mean_does_not_count_the_padding(forward):
    assert_array_equal(forward(np.full((N, C, 5, 7), 3.0), 3, 2, 1, "mean"), np.full((N, C, 3, 4), 3.0))


def test_forward_by_hand():
    X = np.array([[1, 5, 2, 0], [3, 3, 8, 4], [-1, -2, -3, -4]])[None, None]
    assert_array_equal(pool2d_forward(X)[0, 0], [[5, 8]])
    assert_array_equal(pool2d_forward(X, mode="min")[0, 0], [[1, 0]])
    assert_array_equal(pool2d_forward(X, mode="mean")[0, 0], [[3, 3.5]])
    # with padding 1 on every side the windows of the corners hold one pixel each, those of the sides two
    assert_array_equal(pool2d_forward(X, padding=1)[0, 0], [[1, 5, 0], [3, 8, 4]])
    assert_array_equal(pool2d_forward(X, padding=1, mode="mean")[0, 0], [[1, 3.5, 0], [1, 1.5, 0]])
    # 'include' keeps the last row
    assert_array_equal(pool2d_forward(X, padding="include")[0, 0], [[5, 8], [-1, -3]])


def test_a_stride_left_out_is_the_pool_size(rng):
    X = rng.normal(size=(N, C, 6, 6))
    assert_array_equal(pool2d_forward(X, (2, 3)), pool2d_forward(X, (2, 3), stride=(2, 3)))
    assert pool2d_forward(X, (2, 3)).shape == (N, C, 3, 2)


# --- backward ---


@EVERY_MODE
@EVERY_GEOMETRY
def test_pool2d_backward_matches_finite_differences(rng, size, pool_size, stride, padding, amounts, mode):
    setting = (pool_size, stride, padding, mode)
    error, where = gradient_check(
        (lambda X: pool2d_forward(X, *setting), lambda dC_dO, X: pool2d_backward(dC_dO, X, *setting)),
        untied(rng, size),
    )
    assert error < 1e-6, where


@EVERY_MODE
@EVERY_GEOMETRY
@pytest.mark.parametrize("backward", [pool2d_backward, pool2d_backward_loop])
def test_backward_is_adjoint_to_forward(rng, backward, size, pool_size, stride, padding, amounts, mode):
    """Pooling only picks or averages: with the chosen pixels fixed, O is linear in X, ties or not."""
    X = tied(rng, (N, C, *size))
    O = pool2d_forward(X, pool_size, stride, padding, mode)
    dC_dO = rng.normal(size=O.shape)
    dC_dX = backward(dC_dO, X, pool_size, stride, padding, mode)
    assert abs(np.vdot(O, dC_dO) - np.vdot(X, dC_dX)) <= 1e-12 * np.linalg.norm(O) * np.linalg.norm(dC_dO)


@EVERY_MODE
@EVERY_GEOMETRY
@pytest.mark.parametrize("backward", [pool2d_backward, pool2d_backward_loop])
def test_the_whole_gradient_is_routed_to_the_input(rng, backward, size, pool_size, stride, padding, amounts, mode):
    X = tied(rng, (N, C, *size))
    dC_dO = rng.integers(1, 9, pool2d_forward(X, pool_size, stride, padding, mode).shape).astype(float)
    dC_dX = backward(dC_dO, X, pool_size, stride, padding, mode)
    assert_allclose(dC_dX.sum(axis=(2, 3)), dC_dO.sum(axis=(2, 3)), rtol=1e-12, atol=0)


@pytest.mark.parametrize("backward", [pool2d_backward, pool2d_backward_loop])
@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        pytest.param("max", [[0, 6, 0, 0], [0, 0, 60, 0], [0, 0, 0, 0]], id="max"),
        pytest.param("min", [[6, 0, 0, 60], [0, 0, 0, 0], [0, 0, 0, 0]], id="min"),
        pytest.param("mean", [[1.5, 1.5, 15, 15], [1.5, 1.5, 15, 15], [0, 0, 0, 0]], id="mean"),
    ],
)
def test_backward_by_hand(backward, mode, wanted):
    X = np.array([[1, 5, 2, 0], [3, 3, 8, 4], [-1, -2, -3, -4]])[None, None]
    assert_array_equal(backward(np.array([[[[6, 60]]]]), X, mode=mode)[0, 0], wanted)


@pytest.mark.parametrize("backward", [pool2d_backward, pool2d_backward_loop])
@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        # windows of two columns, one step apart: (1 7), (7 7), (7 2); of the tied pair the left one gets the gradient
        pytest.param("max", [[0, 1 + 10 + 0, 100, 0]], id="max"),
        pytest.param("min", [[1, 10, 0, 100]], id="min"),
        pytest.param("mean", [[0.5, 5.5, 55, 50]], id="mean"),
    ],
)
def test_backward_by_hand_where_windows_overlap(backward, mode, wanted):
    X, dC_dO = np.array([[[[1, 7, 7, 2]]]]), np.array([[[[1, 10, 100]]]])
    assert_array_equal(backward(dC_dO, X, (1, 2), stride=1, mode=mode)[0, 0], wanted)


@pytest.mark.parametrize("backward", [pool2d_backward, pool2d_backward_loop])
@pytest.mark.parametrize("mode", ["max", "min"])
@pytest.mark.parametrize(
    ("window", "first"),
    [
        pytest.param([[4, 4], [4, 4]], (0, 0), id="all-tied"),
        pytest.param([[0, 4], [4, 0]], (0, 1), id="row-before-column"),
        pytest.param([[0, 0], [4, 4]], (1, 0), id="second-row"),
    ],
)
def test_of_tied_pixels_only_the_first_in_row_major_order_gets_the_gradient(backward, mode, window, first):
    X = np.array(window)[None, None] * (1 if mode == "max" else -1)
    wanted = np.zeros((2, 2))
    wanted[first] = 5
    assert_array_equal(backward(np.array([[[[5]]]]), X, mode=mode)[0, 0], wanted)


@pytest.mark.parametrize("backward", [pool2d_backward, pool2d_backward_loop])
@EVERY_MODE
def test_excluded_pixels_get_exactly_zero_gradient(rng, backward, mode):
    dC_dX = backward(rng.normal(size=(N, C, 2, 3)), rng.normal(size=(N, C, 8, 7)), (3, 2), mode=mode)
    assert_array_equal(dC_dX[:, :, 6:, :], 0)
    assert_array_equal(dC_dX[:, :, :, 6:], 0)
    assert np.count_nonzero(dC_dX) >= N * C * 6


# --- reference and optimised implementations ---


@EVERY_MODE
@EVERY_GEOMETRY
@pytest.mark.parametrize("draw", [tied, lambda rng, shape: rng.integers(-99, 100, shape)], ids=["ties", "few-ties"])
def test_the_implementations_agree_bit_for_bit_on_integers(rng, draw, size, pool_size, stride, padding, amounts, mode):
    X = draw(rng, (N, C, *size))
    O = pool2d_forward(X, pool_size, stride, padding, mode)
    assert_array_equal(O, pool2d_forward_loop(X, pool_size, stride, padding, mode), strict=True)
    dC_dO = rng.integers(-9, 10, O.shape)
    found = pool2d_backward(dC_dO, X, pool_size, stride, padding, mode)
    assert_array_equal(found, pool2d_backward_loop(dC_dO, X, pool_size, stride, padding, mode), strict=True)


def sides(most):
    return st.tuples(st.integers(1, most), st.integers(1, most))


@given(
    sides(8),
    sides(4),
    st.none() | sides(3),
    st.tuples(st.integers(0, 3), st.integers(0, 3)) | st.sampled_from(["valid", "same", "include"]),
    st.sampled_from(MODES),
    st.integers(0, 2),
    st.integers(0, 2**32),
)
@settings(max_examples=250, deadline=None, derandomize=True, database=None)
def test_the_implementations_agree_on_any_geometry(size, pool_size, stride, padding, mode, count, seed):
    rng = np.random.default_rng(seed)
    X = tied(rng, (count, 2, *size))
    try:
        O = pool2d_forward(X, pool_size, stride, padding, mode)
    except ValueError:
        with pytest.raises(ValueError, match=r"^pool2d_forward_loop: (the kernel|padding) .* (larger|smaller) than"):
            pool2d_forward_loop(X, pool_size, stride, padding, mode)
        return
    assert_array_equal(O, pool2d_forward_loop(X, pool_size, stride, padding, mode), strict=True)
    dC_dO = rng.integers(-9, 10, O.shape).astype(float)
    found = pool2d_backward(dC_dO, X, pool_size, stride, padding, mode)
    wanted = pool2d_backward_loop(dC_dO, X, pool_size, stride, padding, mode)
    assert_array_equal(found, wanted, strict=True)


@EVERY_MODE
@pytest.mark.parametrize("of_dC_dO", ["float32", "float64"])
@pytest.mark.parametrize("of_X", ["float32", "float64"])
def test_the_implementations_agree_on_the_dtype_when_dtypes_are_mixed(rng, of_dC_dO, of_X, mode):
    X, dC_dO = tied(rng, (1, 1, 5, 5)).astype(of_X), rng.normal(size=(1, 1, 2, 2)).astype(of_dC_dO)
    for backward in (pool2d_backward, pool2d_backward_loop):
        assert backward(dC_dO, X, 3, 2, mode=mode).dtype == np.result_type(dC_dO, X)


@pytest.mark.parametrize("mode", ["max", "min"])
def test_both_implementations_choose_a_nan_and_route_the_gradient_to_it(mode):
    X = np.array([[1, 2, 3, 4], [5, np.nan, 7, np.nan]])[None, None]
    X[0, 0, 0, 2] = np.nan
    dC_dO = np.array([[[[10.0, 100.0]]]])
    for forward, backward in ((pool2d_forward, pool2d_backward), (pool2d_forward_loop, pool2d_backward_loop)):
        assert np.isnan(forward(X, mode=mode)).all()
        assert_array_equal(backward(dC_dO, X, mode=mode)[0, 0], [[0, 0, 100, 0], [0, 10, 0, 0]])


@pytest.mark.parametrize("mode", ["max", "min"])
@pytest.mark.parametrize("value", [-np.inf, np.inf])
def test_a_window_of_infinities_alone_is_a_tie_too(mode, value):
    X, dC_dO = np.full((1, 1, 2, 3), value), np.array([[[[5.0]]]])
    for forward, backward in ((pool2d_forward, pool2d_backward), (pool2d_forward_loop, pool2d_backward_loop)):
        assert_array_equal(forward(X, mode=mode), [[[[value]]]])
        assert_array_equal(backward(dC_dO, X, mode=mode)[0, 0], [[5, 0, 0], [0, 0, 0]])


@EVERY_MODE
def test_an_empty_batch_gives_an_empty_output(mode):
    X = np.zeros((0, C, 5, 6))
    O = pool2d_forward(X, mode=mode)
    assert O.shape == (0, C, 2, 3)
    assert pool2d_backward(O, X, mode=mode).shape == X.shape


# --- the layer ---


@EVERY_MODE
@EVERY_GEOMETRY
def test_the_layer_equals_the_functions(rng, size, pool_size, stride, padding, amounts, mode):
    X, layer = rng.normal(size=(N, C, *size)), Pool2D(pool_size, stride, padding, mode)
    O = layer.forward(X)
    assert_array_equal(O, pool2d_forward(X, pool_size, stride, padding, mode))
    assert layer.output_shape(X.shape[1:]) == O.shape[1:]
    dC_dO = rng.normal(size=O.shape)
    assert_array_equal(layer.backward(dC_dO), pool2d_backward(dC_dO, X, pool_size, stride, padding, mode))
    assert layer.params == layer.grads == {}


@EVERY_MODE
def test_the_layer_matches_finite_differences(rng, mode):
    error, where = gradient_check(Pool2D((3, 2), 2, (1, 0), mode), untied(rng, (6, 5)))
    assert error < 1e-6, where


# --- validation ---

WRONG = [
    pytest.param({"pool_size": 0}, ValueError, "pool_size must be a positive integer or a pair .* got 0", id="pool-0"),
    pytest.param({"pool_size": (2, 2, 2)}, ValueError, r"pool_size must be .* got \(2, 2, 2\)", id="pool-three"),
    pytest.param({"pool_size": 2.0}, TypeError, r"pool_size must be .* got 2\.0", id="pool-float"),
    pytest.param({"pool_size": None}, TypeError, "pool_size must be .* got None", id="pool-none"),
    pytest.param({"stride": 0}, ValueError, "stride must be a positive integer or a pair .* got 0", id="stride-0"),
    pytest.param({"stride": True}, TypeError, "stride must be .* got True", id="stride-bool"),
    pytest.param(
        {"padding": -1}, ValueError, "padding must be an integer of at least 0 .* got -1", id="padding-negative"
    ),
    pytest.param({"padding": None}, TypeError, "padding must be .* got None", id="padding-none"),
    pytest.param({"padding": "smae"}, ValueError, r"unknown padding 'smae'.*did you mean 'same'\?", id="padding-typo"),
    pytest.param(
        {"padding": 2},
        ValueError,
        r"padding \(2, 2\) must be smaller than pool_size \(2, 2\)",
        id="padding-is-the-pool",
    ),
    pytest.param(
        {"pool_size": (3, 2), "padding": 2}, ValueError, r"padding \(2, 2\) must be smaller", id="padding-is-one-side"
    ),
    pytest.param({"mode": "avg"}, ValueError, r"unknown mode 'avg'\. Choose 'max', 'mean' or 'min'", id="mode-unknown"),
    pytest.param({"mode": "maxx"}, ValueError, r"unknown mode 'maxx'.*\(did you mean 'max'\?\)", id="mode-typo"),
    pytest.param({"mode": max}, TypeError, "mode must be one of 'max', 'mean' or 'min', got", id="mode-function"),
]


@pytest.mark.parametrize(("wrong", "error", "words"), WRONG)
def test_the_layer_refuses_wrong_settings(wrong, error, words):
    with pytest.raises(error, match=f"^Pool2D: {words}"):
        Pool2D(**wrong)


@pytest.mark.parametrize(("wrong", "error", "words"), WRONG)
@pytest.mark.parametrize("suffix", ["", "_loop"])
def test_the_functions_refuse_wrong_settings(suffix, wrong, error, words):
    X = np.ones((1, 1, 4, 4))
    forward, backward = {"": (pool2d_forward, pool2d_backward)}.get(suffix, (pool2d_forward_loop, pool2d_backward_loop))
    with pytest.raises(error, match=f"^{forward.__name__}: {words}"):
        forward(X, **wrong)
    with pytest.raises(error, match=f"^{backward.__name__}: {words}"):
        backward(np.ones((1, 1, 2, 2)), X, **wrong)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        pytest.param((3, 8, 8), r"X must have 4 dimensions \(N, C, H, W\), .* X\[None\]", id="one-image"),
        pytest.param((8, 8), r"X must have 4 dimensions \(N, C, H, W\), got 2", id="2-D"),
        pytest.param(
            (2, 3, 1, 8), r"the kernel \(2\) is larger than the padded input \(1 \+ 2\*0 = 1\)", id="too-small"
        ),
    ],
)
@pytest.mark.parametrize("forward", [pool2d_forward, pool2d_forward_loop])
def test_forward_refuses_images_that_do_not_fit(forward, shape, words):
    with pytest.raises(ValueError, match=f"^{forward.__name__}: {words}"):
        forward(np.ones(shape))


@pytest.mark.parametrize(
    "shape", [(2, 3, 2, 3), (2, 3, 3, 2), (1, 3, 2, 2), (2, 1, 2, 2), (3, 2, 2), (2, 3, 4)], ids=str
)
@pytest.mark.parametrize("backward", [pool2d_backward, pool2d_backward_loop])
def test_backward_refuses_a_gradient_of_another_shape_than_the_output(backward, shape):
    with pytest.raises(ValueError, match=rf"^{backward.__name__}: dC_dO .*\(N, C, H_out, W_out\)"):
        backward(np.ones(shape), np.ones((2, 3, 5, 5)))


def test_the_layer_refuses_rows():
    with pytest.raises(ValueError, match=r"^Pool2D: expected an input of shape \(C, H, W\), got \(784,\)"):
        Pool2D().forward(np.zeros((2, 784)))
