"""The geometry of windows, against an enumeration of every position that a window can take."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_core import conv2d_forward, excluded_pixels, output_size, padding_amounts, receptive_field
from cnn_core.shapes import geometry

REPEATABLE = settings(max_examples=300, deadline=None, derandomize=True, database=None)
SIZES, KERNELS, STRIDES = st.integers(1, 40), st.integers(1, 12), st.integers(1, 8)


def window_starts(padded, kernel, stride):
    """Return where each window starts, found by trying every position of the padded input."""
    return [start for start in range(padded) if start % stride == 0 and start + kernel <= padded]


def fewest_zeros(size, kernel, stride, enough):
    """Return the smallest number of zeros with which the list of window starts is `enough`."""
    return next(zeros for zeros in range(100) if enough(window_starts(size + zeros, kernel, stride)))


# --- padding ---


@given(SIZES, KERNELS, STRIDES)
@REPEATABLE
def test_same_padding_is_the_smallest_with_which_there_is_an_output_for_every_stride_begun(size, kernel, stride):
    wanted = math.ceil(size / stride)
    zeros = fewest_zeros(size, kernel, stride, lambda starts: len(starts) >= wanted)
    before, after = padding_amounts(size, kernel, stride, "same")
    assert before + after == zeros
    assert after - before in (0, 1), "an odd pad goes to the end"
    assert output_size(size, kernel, stride, "same") == wanted


@given(SIZES, KERNELS, STRIDES)
@REPEATABLE
def test_include_padding_is_the_smallest_that_keeps_every_window_that_starts_inside(size, kernel, stride):
    inside = [start for start in range(size) if start % stride == 0]
    zeros = fewest_zeros(size, kernel, stride, lambda starts: starts[: len(inside)] == inside)
    assert padding_amounts(size, kernel, stride, "include") == (0, zeros)
    assert output_size(size, kernel, stride, "include") == len(inside)


@given(SIZES, KERNELS, STRIDES)
@REPEATABLE
def test_include_padding_leaves_no_pixel_over_where_windows_touch(size, kernel, stride):
    covered = {start + i for start in range(0, size, stride) for i in range(kernel)}
    left_over = excluded_pixels(size, kernel, stride, "include")
    if stride <= kernel:
        assert set(range(size)) <= covered
        assert left_over == 0
    assert left_over == max(size - 1 - max(covered), 0)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "amounts"),
    [
        pytest.param(28, 3, 1, (1, 1), id="odd-kernel"),
        pytest.param(28, 2, 1, (0, 1), id="even-kernel-odd-pad-at-the-end"),
        pytest.param(28, 4, 1, (1, 2), id="even-kernel-of-4"),
        pytest.param(13, 6, 5, (1, 2), id="the-example-of-the-TensorFlow-documentation"),
        pytest.param(7, 3, 2, (1, 1), id="stride-2-on-odd-size"),
        pytest.param(8, 3, 2, (0, 1), id="stride-2-on-even-size"),
        pytest.param(10, 3, 3, (1, 1), id="stride-3"),
        pytest.param(11, 3, 3, (0, 1), id="stride-3-one-to-pad"),
        pytest.param(10, 1, 4, (0, 0), id="stride-larger-than-kernel"),
        pytest.param(1, 5, 1, (2, 2), id="one-pixel"),
    ],
)
def test_same_padding_by_hand(size, kernel, stride, amounts):
    assert padding_amounts(size, kernel, stride, "same") == amounts


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "amounts", "outputs", "excluded"),
    [
        pytest.param(10, 3, 2, (0, 1), 5, 0, id="one-pixel-would-be-left-over"),
        pytest.param(9, 3, 2, (0, 2), 5, 0, id="the-last-pixel-starts-a-window-of-its-own"),
        pytest.param(6, 3, 3, (0, 0), 2, 0, id="windows-side-by-side"),
        pytest.param(10, 2, 3, (0, 1), 4, 0, id="stride-larger-than-kernel-last-window-hangs-over"),
        pytest.param(11, 2, 3, (0, 0), 4, 0, id="stride-larger-than-kernel-last-window-fits"),
        pytest.param(12, 2, 3, (0, 0), 4, 1, id="stride-larger-than-kernel-a-gap-at-the-end"),
        pytest.param(2, 5, 1, (0, 4), 2, 0, id="kernel-larger-than-input"),
    ],
)
def test_include_padding_by_hand(size, kernel, stride, amounts, outputs, excluded):
    assert padding_amounts(size, kernel, stride, "include") == amounts
    assert output_size(size, kernel, stride, "include") == outputs
    assert excluded_pixels(size, kernel, stride, "include") == excluded


def test_valid_padding_is_none_and_an_integer_is_added_on_both_sides():
    assert padding_amounts(10, 3, 2, "valid") == padding_amounts(10, 3, 2, 0) == (0, 0)
    assert padding_amounts(10, 3, 2, 2) == (2, 2)


# --- outputs and excluded pixels ---


@given(SIZES, KERNELS, STRIDES, st.integers(0, 6))
@REPEATABLE
def test_output_size_counts_the_windows_and_excluded_pixels_what_comes_after_the_last(size, kernel, stride, padding):
    padded = size + 2 * padding
    starts = window_starts(padded, kernel, stride)
    if not starts:
        for function in (output_size, excluded_pixels):
            with pytest.raises(ValueError, match=rf"^{function.__name__}: the kernel \({kernel}\) is larger than"):
                function(size, kernel, stride, padding)
        return
    assert output_size(size, kernel, stride, padding) == len(starts)
    assert excluded_pixels(size, kernel, stride, padding) == padded - (starts[-1] + kernel)


@given(SIZES, KERNELS, STRIDES, st.sampled_from(["valid", "same", "include"]))
@REPEATABLE
def test_named_padding_equals_padding_by_its_amounts(size, kernel, stride, padding):
    padded = size + sum(padding_amounts(size, kernel, stride, padding))
    starts = window_starts(padded, kernel, stride)
    if starts:
        assert output_size(size, kernel, stride, padding) == len(starts)
        assert excluded_pixels(size, kernel, stride, padding) == padded - (starts[-1] + kernel)
    else:
        assert padding == "valid", "with the two names that pad, a window always fits"


def test_stride_and_padding_may_be_left_out():
    assert output_size(10, 3) == 8
    assert excluded_pixels(10, 3) == 0


def test_the_example_of_chapter_three():
    assert (output_size(10, 3, 2), excluded_pixels(10, 3, 2)) == (4, 1)


def test_numpy_integers_are_integers():
    assert output_size(np.int64(10), np.uint8(3), np.int32(2), np.int16(1)) == 5
    assert type(output_size(np.int64(10), np.int64(3))) is int
    assert all(type(amount) is int for amount in padding_amounts(10, 3, 1, np.int64(2)))


# --- dilation ---


def taken_by_windows(padded, kernel, stride, dilation):
    """Return the pixels under each window, found by trying every position of the padded input."""
    windows = [[start + i * dilation for i in range(kernel)] for start in range(0, padded, stride)]
    return [window for window in windows if window[-1] < padded]


@given(SIZES, KERNELS, STRIDES, st.integers(1, 7), st.one_of(st.integers(0, 6), st.sampled_from(["same", "include"])))
@REPEATABLE
def test_dilated_windows_are_counted_and_what_comes_after_the_last(size, kernel, stride, dilation, padding):
    padded = size + sum(padding_amounts(size, kernel, stride, padding, dilation))
    windows = taken_by_windows(padded, kernel, stride, dilation)
    if not windows:
        for function in (output_size, excluded_pixels):
            words = rf"^{function.__name__}: the (effective )?kernel \(.*{(kernel - 1) * dilation + 1}\) is larger than"
            with pytest.raises(ValueError, match=words):
                function(size, kernel, stride, padding, dilation)
        return
    assert output_size(size, kernel, stride, padding, dilation) == len(windows)
    assert excluded_pixels(size, kernel, stride, padding, dilation) == padded - 1 - windows[-1][-1]


@given(SIZES, KERNELS, STRIDES, st.integers(1, 7))
@REPEATABLE
def test_padding_by_name_is_the_smallest_with_which_the_dilated_windows_fit(size, kernel, stride, dilation):
    starts = [start for start in range(size) if start % stride == 0]
    zeros = next(n for n in range(100) if len(taken_by_windows(size + n, kernel, stride, dilation)) >= len(starts))
    before, after = padding_amounts(size, kernel, stride, "same", dilation)
    assert before + after == zeros
    assert after - before in (0, 1), "an odd pad goes to the end"
    assert padding_amounts(size, kernel, stride, "include", dilation) == (0, zeros)


def test_geometry_keeps_the_dilation_of_rows_and_columns_apart():
    plan = geometry((10, 9), (3, 2), (2, 1), "same", (2, 3))
    assert plan.dilation == (2, 3)
    assert plan.effective == (5, 4)
    assert plan.padding == ((1, 2), (1, 2))
    assert plan.output == (5, 9)
    assert geometry((10, 9), (1, 2), (2, 1), 0, (2, 3)).dilation == (1, 3)


# --- rows and columns ---


def test_geometry_applies_the_rule_to_rows_and_columns_apart():
    plan = geometry((10, 7), (3, 2), (2, 3), (1, 0))
    assert plan.kernel == (3, 2)
    assert plan.stride == (2, 3)
    assert plan.padding == ((1, 1), (0, 0))
    assert plan.output == (5, 2)  # rows: (12 - 3) // 2 + 1; columns: (7 - 2) // 3 + 1
    assert plan.excluded == (1, 2)  # rows: 9 mod 2; columns: 5 mod 3


def test_geometry_applies_a_name_to_rows_and_columns_apart():
    assert geometry((28, 13), (2, 6), (1, 5), "same").padding == ((0, 1), (1, 2))
    assert geometry((10, 9), (3, 3), (2, 2), "include").padding == ((0, 1), (0, 2))


def test_an_error_of_geometry_names_the_public_function_that_was_called():
    with pytest.raises(ValueError, match=r"^the kernel \(5\) is larger than the padded input \(2 \+"):
        geometry((9, 2), (5, 5), (1, 1), (0, 0))
    with pytest.raises(ValueError, match=r"^conv2d_forward: the kernel \(5\) is larger than the padded input \(2 \+"):
        conv2d_forward(np.zeros((1, 1, 9, 2)), np.zeros((1, 1, 5, 5)))


# --- receptive field ---


def pixels_seen(layers):
    """Return how many input pixels one cell of the last output depends on, by listing them all, layer by layer."""
    cells = {0}
    for kernel, stride, *dilation in reversed(layers):
        apart = dilation[0] if dilation else 1
        cells = {cell * stride + place * apart for cell in cells for place in range(kernel)}
    return max(cells) - min(cells) + 1


ONE_TO_THREE = st.integers(1, 3)
WINDOWS = st.one_of(
    st.tuples(st.integers(1, 5), ONE_TO_THREE), st.tuples(st.integers(1, 5), ONE_TO_THREE, st.integers(1, 4))
)


@given(st.lists(WINDOWS, max_size=4))
@REPEATABLE
def test_receptive_field_reaches_over_the_pixels_that_a_cell_depends_on(layers):
    assert receptive_field(layers) == pixels_seen(layers)


@pytest.mark.parametrize(
    ("layers", "field"),
    [
        pytest.param([], 1, id="no-layer"),
        pytest.param([(3, 1), (3, 1)], 5, id="two-3x3-see-what-a-5x5-sees"),
        pytest.param([(3, 1), (2, 2), (3, 1), (2, 2)], 10, id="conv-pool-conv-pool"),
        pytest.param([(1, 1), (3, 1), (1, 1)], 3, id="layers-that-work-on-each-cell-alone"),
        pytest.param([(3, 1, 1), (3, 1, 2), (3, 1, 4)], 15, id="dilations-1-2-4"),
        pytest.param([(2, 2), (3, 1, 2)], 10, id="dilation-after-a-stride"),
    ],
)
def test_receptive_field_by_hand(layers, field):
    assert receptive_field(layers) == field


def test_receptive_field_takes_any_iterable():
    assert receptive_field(iter([(3, 1), [2, 2]])) == 4


# --- validation ---

WRONG = [
    pytest.param({"size": 0}, ValueError, "size must be a positive integer, got 0", id="size-zero"),
    pytest.param({"size": 2.5}, TypeError, "size must be a positive integer, got 2.5", id="size-float"),
    pytest.param({"size": (28, 28)}, TypeError, r"size must be a positive integer, got \(28, 28\)", id="size-pair"),
    pytest.param({"kernel": 0}, ValueError, "kernel must be a positive integer, got 0", id="kernel-zero"),
    pytest.param({"kernel": True}, TypeError, "kernel must be a positive integer, got True", id="kernel-bool"),
    pytest.param({"kernel": "3"}, TypeError, "kernel must be a positive integer, got '3'", id="kernel-text"),
    pytest.param({"stride": 0}, ValueError, "stride must be a positive integer, got 0", id="stride-zero"),
    pytest.param({"stride": -1}, ValueError, "stride must be a positive integer, got -1", id="stride-negative"),
    pytest.param({"dilation": 0}, ValueError, "dilation must be a positive integer, got 0", id="dilation-zero"),
    pytest.param({"dilation": -2}, ValueError, "dilation must be a positive integer, got -2", id="dilation-negative"),
    pytest.param({"dilation": 1.5}, TypeError, "dilation must be a positive integer, got 1.5", id="dilation-float"),
    pytest.param({"dilation": True}, TypeError, "dilation must be a positive integer, got True", id="dilation-bool"),
    pytest.param({"dilation": (2, 2)}, TypeError, r"dilation must be .*, got \(2, 2\)", id="dilation-pair"),
    pytest.param({"stride": None}, TypeError, "stride must be a positive integer, got None", id="stride-none"),
    pytest.param(
        {"padding": -1}, ValueError, "padding must be an integer of at least 0, got -1", id="padding-negative"
    ),
    pytest.param({"padding": 1.0}, TypeError, "padding must be an integer of at least 0, got 1.0", id="padding-float"),
    pytest.param(
        {"padding": False}, TypeError, "padding must be an integer of at least 0, got False", id="padding-bool"
    ),
    pytest.param({"padding": (1, 1)}, TypeError, r"padding must be an integer or a name .*\(1, 1\)", id="padding-pair"),
    pytest.param({"padding": "sme"}, ValueError, r"unknown padding 'sme'\. .*did you mean 'same'\?", id="padding-typo"),
]


@pytest.mark.parametrize("function", [output_size, excluded_pixels, padding_amounts])
@pytest.mark.parametrize(("wrong", "error", "words"), WRONG)
def test_functions_of_one_dimension_refuse(function, wrong, error, words):
    arguments = {"size": 28, "kernel": 3, "stride": 1, "padding": 0} | wrong
    with pytest.raises(error, match=rf"^{function.__name__}: .*{words}"):
        function(**arguments)


ENTRIES = r"layers must be pairs \(kernel, stride\) or triples \(kernel, stride, dilation\)"


@pytest.mark.parametrize(
    ("layers", "error", "words"),
    [
        pytest.param([(0, 1)], ValueError, "kernel must be a positive integer, got 0", id="kernel-zero"),
        pytest.param([(3, 1.0)], TypeError, "stride must be a positive integer, got 1.0", id="stride-float"),
        pytest.param([(3, 1, 0)], ValueError, "dilation must be a positive integer, got 0", id="dilation-zero"),
        pytest.param([(3, 1, True)], TypeError, "dilation must be a positive integer, got True", id="dilation-bool"),
        pytest.param([3], TypeError, rf"{ENTRIES}, got 3", id="no-pair"),
        pytest.param([(3,)], ValueError, rf"{ENTRIES}, got \(3,\)", id="one"),
        pytest.param([(3, 1, 1, 1)], ValueError, rf"{ENTRIES}, got \(3, 1, 1, 1\)", id="four"),
        pytest.param(3, TypeError, rf"{ENTRIES}, got 3", id="no-list"),
    ],
)
def test_receptive_field_refuses(layers, error, words):
    with pytest.raises(error, match=f"^receptive_field: .*{words}"):
        receptive_field(layers)
