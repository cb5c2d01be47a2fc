"""Buffers: memory order, fresh and cached arrays, and views in place of copies."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from cnn_core import Conv2D, Pool2D, ReLU
from cnn_core.fast import buffers

FLOATS = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def images(rng, shape=(5, 3, 7, 6), dtype=np.float32, order="NCHW"):
    """Return images (N, C, H, W) stored in this memory order."""
    X = rng.normal(size=shape).astype(dtype)
    if order == "HCWN":
        return np.ascontiguousarray(X.transpose(2, 1, 3, 0)).transpose(3, 1, 0, 2)
    return X


# --- memory order ---


def test_rows_of_is_a_view_where_memory_has_that_order_and_else_a_copy(rng):
    X = images(rng, order="HCWN")
    rows = buffers.rows_of(X, "X", buffers.FRESH)
    assert np.shares_memory(rows, X)
    assert rows.flags.c_contiguous
    assert_array_equal(rows, X.transpose(2, 1, 3, 0))
    other = images(rng)
    rows = buffers.rows_of(other, "X", buffers.FRESH)
    assert not np.shares_memory(rows, other)
    assert rows.flags.c_contiguous
    assert_array_equal(rows, other.transpose(2, 1, 3, 0))


@pytest.mark.parametrize("order", ["NCHW", "HCWN"])
def test_reshaped_equals_numpys_reshape_for_every_memory_order(rng, order):
    X = images(rng, order=order)
    flat = buffers.reshaped(X, (3 * 7 * 6,), "O", buffers.FRESH)
    assert_array_equal(flat, X.reshape(5, -1))
    back = buffers.reshaped(flat, (3, 7, 6), "O", buffers.FRESH)
    assert_array_equal(back, X)
    assert np.shares_memory(back, flat)  # the way back is a view in both orders


@pytest.mark.parametrize("order", ["NCHW", "HCWN"])
@pytest.mark.parametrize("layer", [Conv2D(4), Conv2D(4, 3, 2, "same"), Pool2D(), ReLU()], ids=repr)
def test_images_of_either_memory_order_give_the_same_bits(rng, layer, order):
    X, other = images(np.random.default_rng(1)), images(np.random.default_rng(1), order=order)
    O = layer.forward(X)
    dC_dO = rng.normal(size=O.shape).astype(np.float32)
    dC_dX = layer.backward(dC_dO)
    assert_array_equal(layer.forward(other), O)
    assert_array_equal(layer.backward(dC_dO), dC_dX)


@FLOATS
def test_masked_equals_where_with_zero_for_every_kind_of_number(dtype):
    values = np.array([1.5, -2.0, np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-42, 3e38], dtype)
    for mask in (np.arange(9) % 2 == 0, np.ones(9, bool), np.zeros(9, bool)):
        found = buffers.masked(values, mask, np.full(9, 7, dtype))
        assert_array_equal(found, np.where(mask, values, 0))
        assert_array_equal(np.signbit(found), np.signbit(np.where(mask, values, 0)))


def test_masked_writes_through_a_view_with_gaps(rng):
    values, mask = rng.normal(size=(4, 6))[::2, 1::2], rng.random((2, 3)) > 0.5
    frame = np.full((4, 9), 7.0)
    buffers.masked(values, mask, frame[1::2, ::3])
    assert_array_equal(frame[1::2, ::3], np.where(mask, values, 0))
    assert np.count_nonzero(frame == 7) == 36 - 6


# --- fresh and cached buffers ---


def test_cached_arrays_are_returned_again_by_name_shape_and_dtype_and_fresh_ones_never():
    cached, f = buffers.CachedBuffers(), np.float32
    one = cached.zeros("O", (2, 3), f)
    one[...] = 5
    assert cached.zeros("O", (2, 3), f) is one
    others = [cached.zeros("X", (2, 3), f), cached.zeros("O", (3, 2), f), cached.zeros("O", (2, 3), bool)]
    others += [cached.like("O", np.ones((3, 3), f), f), cached.batch("O", (3, 3, 2, 2), f)]
    assert not any(np.shares_memory(one, other) for other in others)
    assert cached.batch("O", (3, 3, 2, 2), f) is others[-1]
    assert buffers.FRESH.zeros("O", (2, 3), f) is not buffers.FRESH.zeros("O", (2, 3), f)
    assert not buffers.FRESH.zeros("O", (2, 3), f).any()


def test_cached_views_are_made_once_for_the_same_arrays_and_again_for_others():
    cached, made, arrays = buffers.CachedBuffers(), [], [np.ones((2, 3)) for _ in range(3)]

    def view(*of):
        made.append(of)
        return [each.T for each in of]

    first = cached.views("T", view, *arrays[:2])
    assert cached.views("T", view, *arrays[:2]) is first
    assert cached.views("other", view, *arrays[:2]) is not first
    assert len(made) == 2
    for others in (arrays[:1], arrays, arrays[1::-1], [arrays[0], arrays[2]]):  # each replaces the one before
        found = cached.views("T", view, *others)
        assert [each.base is of for each, of in zip(found, others, strict=True)] == [True] * len(others)
    assert len(made) == 6
    assert buffers.FRESH.views("T", view, arrays[0]) is not buffers.FRESH.views("T", view, arrays[0])


@pytest.mark.parametrize(
    "layer",
    [
        *(Conv2D(4), Conv2D(4, (3, 2), (2, 3), "same"), Conv2D(4, 1, 9, 2), Conv2D(4, 2, 1, 3)),
        *(Pool2D(), Pool2D(3, 2, 1), Pool2D(2, 1, mode="min"), Pool2D(2, 3, mode="mean"), ReLU()),
    ],
    ids=repr,
)
def test_cached_buffers_give_the_bits_of_fresh_ones_whatever_comes_between(rng, layer):
    layer.build((3, 7, 6), rng)
    cached = buffers.CachedBuffers()
    kept = images(rng, order="HCWN")  # the same array again, with other numbers
    for X in (kept, images(rng), kept, images(rng, (2, 3, 7, 6)), images(rng, (0, 3, 7, 6)), kept, images(rng)):
        X[...] = rng.normal(size=X.shape)
        O = layer.apply(X, buffers=cached)
        assert_array_equal(O, layer.apply(X))
        dC_dO = rng.normal(size=O.shape).astype(np.float32)
        found, grads = layer.gradients(dC_dO, X, buffers=cached)
        wanted, wanted_grads = layer.gradients(dC_dO, X)
        assert_array_equal(found, wanted)
        for key, grad in wanted_grads.items():
            assert_array_equal(grads[key], grad)


@pytest.mark.parametrize("stride", [1, 2, (1, 3), (3, 1)])
def test_a_convolution_allocates_as_many_numbers_as_it_counts_beforehand(rng, stride):
    X, conv, workspace = images(rng, (5, 3, 9, 8), order="HCWN"), Conv2D(4, (3, 2), stride), buffers.CachedBuffers()
    conv.build(X.shape[1:], rng)
    conv.apply(X, workspace)
    assert sum(array.size for array in workspace.arrays.values()) == 5 * conv.element_count(X.shape[1:])


def test_arrays_of_a_block_are_zero_apart_from_each_other_and_begin_at_a_line_of_the_cache():
    blocks = buffers.Blocks()
    shapes = [((3,), bool), ((5, 7), np.float32), ((0, 4), np.float64), ((), np.float64), ((buffers.FIRST,), np.int64)]
    made = [blocks.zeros(shape, dtype) for shape, dtype in 3 * shapes]
    for array, (shape, dtype) in zip(made, 3 * shapes, strict=True):
        assert (array.shape, array.dtype) == (shape, dtype)
        assert array.ctypes.data % buffers.LINE == 0
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not array.any()
        array.fill(1)  # would show in an array that overlaps with it
    assert sum(array.nbytes for array in made[:4]) < buffers.FIRST


def test_a_block_is_used_to_its_last_byte_and_then_another_one_is_made():
    blocks, line = buffers.Blocks(), buffers.LINE
    first, second = blocks.zeros((buffers.FIRST - line,), np.uint8), blocks.zeros((line,), np.uint8)
    assert second.ctypes.data == first.ctypes.data + first.nbytes
    third = blocks.zeros((2 * line,), np.uint8)
    assert not first.ctypes.data <= third.ctypes.data < second.ctypes.data + line


def test_each_block_is_four_times_as_large_as_the_one_before_up_to_a_limit():
    blocks, sizes = buffers.Blocks(), []
    for _ in range(5):
        blocks.zeros((len(blocks.rest) + 1,), np.uint8)  # the rest is too small for it
        sizes.append(blocks.size)
    assert sizes == [buffers.FIRST << shift for shift in (2, 4, 4, 4, 4)]
    assert buffers.LARGEST == buffers.FIRST << 4


@pytest.mark.parametrize("order", ["NCHW", "HCWN"])
def test_an_array_like_another_has_its_memory_order(rng, order):
    X = images(rng, order=order)
    for own in (buffers.FRESH, buffers.CachedBuffers(), buffers.CachedBuffers(buffers.Blocks().zeros)):
        found = own.like("O", X, np.float64)
        assert found.shape == X.shape
        assert found.strides == tuple(2 * stride for stride in X.strides)


def test_a_batch_is_a_view_with_the_examples_innermost_in_memory():
    assert buffers.FRESH.batch("O", (5, 3, 7, 6), float).strides == (8, 8 * 6 * 5, 8 * 3 * 6 * 5, 8 * 5)
    assert buffers.FRESH.batch("O", (5, 3), float).strides == (8, 8 * 5)
    assert buffers.FRESH.batch("O", (5, 3, 4), float).shape == (5, 3, 4)


def test_the_padding_of_a_cached_array_stays_zero(rng):
    conv = Conv2D(2, 3, padding="same")
    conv.build((1, 4, 4), rng, "float64")
    workspace = buffers.CachedBuffers()
    for _ in range(3):
        X = rng.normal(size=(2, 1, 4, 4)) * 100
        assert_array_equal(conv.apply(X, workspace), conv.apply(X))
