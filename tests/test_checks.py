"""The argument checks themselves, and their guarantees for every public function that takes arrays."""

import itertools
import math
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import cnn_core
from cnn_core import checks

# --- numbers and names ---


@pytest.mark.parametrize("value", [1, np.int64(1), np.uint8(1), np.int16(1)], ids=repr)
def test_integer_takes_integers_of_python_and_numpy(value):
    assert checks.integer("epochs", value) == 1
    assert type(checks.integer("epochs", value)) is int


@pytest.mark.parametrize(
    ("value", "minimum", "error", "words"),
    [
        pytest.param(0, 1, ValueError, "epochs must be a positive integer, got 0", id="zero"),
        pytest.param(-1, 0, ValueError, "epochs must be an integer of at least 0, got -1", id="negative"),
        pytest.param(1, 2, ValueError, "epochs must be an integer of at least 2, got 1", id="below-its-minimum"),
        pytest.param(True, 1, TypeError, "epochs must be a positive integer, got True", id="bool"),
        pytest.param(np.True_, 1, TypeError, "epochs must be a positive integer, got .*True", id="numpy-bool"),
        pytest.param(2.0, 1, TypeError, "epochs must be a positive integer, got 2.0", id="float"),
        pytest.param("2", 1, TypeError, "epochs must be a positive integer, got '2'", id="text"),
        pytest.param(None, 1, TypeError, "epochs must be a positive integer, got None", id="none"),
        pytest.param(math.nan, 1, TypeError, "epochs must be a positive integer, got nan", id="nan"),
    ],
)
def test_integer_refuses(value, minimum, error, words):
    with pytest.raises(error, match=f"^{words}"):
        checks.integer("epochs", value, minimum)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        pytest.param(3, (3, 3), id="one-for-both"),
        pytest.param((2, 3), (2, 3), id="tuple"),
        pytest.param([2, 3], (2, 3), id="list"),
        pytest.param(np.array([2, 3]), (2, 3), id="array"),
        pytest.param((np.int64(2), np.uint8(3)), (2, 3), id="numpy-integers"),
    ],
)
def test_pair_takes_an_integer_or_two(value, wanted):
    found = checks.pair("stride", value)
    assert found == wanted
    assert [type(each) for each in found] == [int, int]


@pytest.mark.parametrize(
    ("value", "minimum", "error", "words"),
    [
        pytest.param(0, 1, ValueError, "a positive integer or a pair of them, got 0", id="zero"),
        pytest.param(-1, 0, ValueError, "an integer of at least 0 or a pair of them, got -1", id="negative"),
        pytest.param((1, 0), 1, ValueError, r"got \(1, 0\)", id="second-zero"),
        pytest.param((0, 1), 1, ValueError, r"got \(0, 1\)", id="first-zero"),
        pytest.param((1,), 1, ValueError, r"got \(1,\)", id="one"),
        pytest.param((1, 2, 3), 1, ValueError, r"got \(1, 2, 3\)", id="three"),
        pytest.param((), 1, ValueError, r"got \(\)", id="empty"),
        pytest.param((1, True), 1, TypeError, r"got \(1, True\)", id="bool-in-pair"),
        pytest.param((1, 2.0), 1, TypeError, r"got \(1, 2.0\)", id="float-in-pair"),
        pytest.param(False, 1, TypeError, "got False", id="bool"),
        pytest.param("22", 1, TypeError, "got '22'", id="text"),
        pytest.param(None, 1, TypeError, "got None", id="none"),
        pytest.param({2, 3}, 1, TypeError, r"got \{2, 3\}", id="set-has-no-order"),
    ],
)
def test_pair_refuses(value, minimum, error, words):
    with pytest.raises(error, match=f"^stride must be .*{words}"):
        checks.pair("stride", value, minimum)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(0, (0, 0)), (2, (2, 2)), ((1, 0), (1, 0)), ("same", "same"), ("valid", "valid"), ("include", "include")],
    ids=str,
)
def test_padding_takes_pixels_and_names(value, wanted):
    assert checks.padding(value) == wanted


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        pytest.param(
            "sme",
            ValueError,
            r"unknown padding 'sme'\. Choose 'same', 'valid' or 'include' \(did you mean 'same'\?\), "
            r"or give an integer or a pair \(rows, columns\)\.$",
            id="close-to-one",
        ),
        pytest.param(
            "xyz",
            ValueError,
            r"unknown padding 'xyz'\. Choose 'same', 'valid' or 'include', or give",
            id="close-to-none",
        ),
        pytest.param("", ValueError, "unknown padding ''", id="empty-text"),
        pytest.param("SAME", ValueError, "unknown padding 'SAME'", id="capitals"),
        pytest.param(
            -1, ValueError, "padding must be an integer of at least 0 or a pair of them, got -1", id="negative"
        ),
        pytest.param(
            ((1, 1), (0, 0)), TypeError, r"padding must be .*, got \(\(1, 1\), \(0, 0\)\)", id="pair-of-pairs"
        ),
        pytest.param(None, TypeError, "padding must be .*, got None", id="none"),
    ],
)
def test_padding_refuses(value, error, words):
    with pytest.raises(error, match=f"^{words}"):
        checks.padding(value)


def test_choice_takes_a_name_of_the_list():
    assert checks.choice("mode", "min", ("max", "mean", "min")) == "min"


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        pytest.param(
            "maxx",
            ValueError,
            r"unknown mode 'maxx'\. Choose 'max', 'mean' or 'min' \(did you mean 'max'\?\)\.$",
            id="close-to-one",
        ),
        pytest.param("sum", ValueError, r"unknown mode 'sum'\. Choose 'max', 'mean' or 'min'\.$", id="close-to-none"),
        pytest.param(1, TypeError, "mode must be one of 'max', 'mean' or 'min', got 1", id="integer"),
        pytest.param(None, TypeError, "mode must be one of 'max', 'mean' or 'min', got None", id="none"),
        pytest.param(["max"], TypeError, r"mode must be one of .* got \['max'\]", id="list"),
    ],
)
def test_choice_refuses(value, error, words):
    with pytest.raises(error, match=f"^{words}"):
        checks.choice("mode", value, ("max", "mean", "min"))


@pytest.mark.parametrize(
    "value", [0, 0.5, np.float32(0.5), np.float64(0.5), np.int64(0), Fraction(1, 2)], ids=lambda value: repr(value)
)
def test_number_takes_every_kind_of_real_number(value):
    found = checks.number("momentum", value, ge=0, lt=1)
    assert type(found) is float
    assert found == value


@pytest.mark.parametrize(
    ("value", "limits", "error", "words"),
    [
        pytest.param(-1, {"ge": 0}, ValueError, "a finite number >= 0, got -1", id="below"),
        pytest.param(0, {"gt": 0}, ValueError, "a finite number > 0, got 0", id="at-an-open-end"),
        pytest.param(2, {"le": 1}, ValueError, "a finite number <= 1, got 2", id="above"),
        pytest.param(
            1,
            {"ge": 0, "lt": 1},
            ValueError,
            "a finite number >= 0 and < 1, got 1",
            id="open-top",
        ),
        pytest.param(math.nan, {}, ValueError, "a finite number, got nan", id="nan"),
        pytest.param(math.inf, {"ge": 0}, ValueError, "a finite number >= 0, got inf", id="infinity"),
        pytest.param(10**400, {}, ValueError, "a finite number, got", id="larger-than-any-float"),
        pytest.param(True, {}, TypeError, "a finite number, got True", id="bool"),
        pytest.param("0.1", {}, TypeError, "a finite number, got '0.1'", id="text"),
        pytest.param(1j, {}, TypeError, "a finite number, got 1j", id="complex"),
        pytest.param(None, {}, TypeError, "a finite number, got None", id="none"),
        pytest.param([0.1], {}, TypeError, r"a finite number, got \[0.1\]", id="list"),
    ],
)
def test_number_refuses(value, limits, error, words):
    with pytest.raises(error, match=f"^momentum must be {words}"):
        checks.number("momentum", value, **limits)


def test_boolean_takes_true_and_false_and_nothing_else():
    assert checks.boolean("bias", np.True_) is True
    assert checks.boolean("bias", False) is False
    for value in (1, 0, "True", None):
        with pytest.raises(TypeError, match=f"^bias must be True or False, got {value!r}"):
            checks.boolean("bias", value)


@pytest.mark.parametrize("value", ["float32", np.float32, np.dtype("float32"), "f4"], ids=repr)
def test_float_type_takes_names_and_types(value):
    assert checks.float_type(value) == "float32"


@pytest.mark.parametrize("value", ["float16", "int8", "flaot32", None, np.complex128, ">f4", 3], ids=repr)
def test_float_type_refuses(value):
    with pytest.raises((TypeError, ValueError), match=r"^dtype must be 'float32' or 'float64', got"):
        checks.float_type(value)


def test_shape_takes_a_sequence_of_positive_integers():
    assert checks.shape("input_shape", [np.int64(1), 28, 28]) == (1, 28, 28)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        pytest.param(
            784, TypeError, r"input_shape must be a tuple of positive integers such as .*, got 784", id="integer"
        ),
        pytest.param(
            "28", TypeError, r"input_shape must be a tuple of positive integers such as .*, got '28'", id="text"
        ),
        pytest.param((), ValueError, "input_shape must have at least one entry", id="empty"),
        pytest.param((1, 0), ValueError, "each entry of input_shape must be a positive integer, got 0", id="zero"),
        pytest.param((1, None), TypeError, "each entry of input_shape must be a positive integer, got None", id="none"),
        pytest.param((1, 2.0), TypeError, "each entry of input_shape must be a positive integer, got 2.0", id="float"),
    ],
)
def test_shape_refuses(value, error, words):
    with pytest.raises(error, match=f"^{words}"):
        checks.shape("input_shape", value)


# --- arrays ---


def test_as_float_returns_native_floats_as_they_are():
    for dtype in ("float32", "float64"):
        array = np.ones(3, dtype)
        assert checks.as_float("X", array) is array


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [
        (">f4", "float32"),
        (">f8", "float64"),
        ("float16", "float64"),
        ("longdouble", "float64"),
        ("uint8", "float64"),
        ("int64", "float64"),
        ("bool", "float64"),
    ],
)
def test_as_float_makes_native_floats(dtype, wanted):
    found = checks.as_float("X", np.array([0, 1, 1], dtype))
    assert found.dtype == np.dtype(wanted)
    assert found.dtype.isnative
    assert_array_equal(found, [0, 1, 1])


def test_as_float_converts_to_the_dtype_that_is_asked_for():
    assert checks.as_float("X", [1, 2], "float32").dtype == np.float32


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        pytest.param("abc", TypeError, "got str", id="text"),
        pytest.param(None, TypeError, "got NoneType", id="none"),
        pytest.param(np.array([1j]), TypeError, "got dtype complex128", id="complex"),
        pytest.param(np.array([None]), TypeError, "got dtype object", id="objects"),
        pytest.param(np.array(["2020-01-01"], "datetime64[D]"), TypeError, "got dtype datetime64", id="dates"),
        pytest.param({"X": 1}, TypeError, "got dict", id="dictionary"),
        pytest.param([[1, 2], [3]], (TypeError, ValueError), "", id="ragged"),
    ],
)
def test_as_float_refuses(value, error, words):
    with pytest.raises(error, match=f"^X must be an array of real numbers.*{words}"):
        checks.as_float("X", value)


def test_floats_brings_arrays_to_one_dtype():
    wide, narrow = np.ones((2, 3)), np.ones(3, np.float32)
    assert [each.dtype for each in checks.floats(X=(wide, "(N, M)"), B=(narrow, "(M,)"))] == [np.float64] * 2
    assert checks.floats(B=(narrow, "(M,)"))[0] is narrow


@pytest.mark.parametrize(
    ("shape", "axes", "words"),
    [
        pytest.param(
            (3,), "(N, M)", r"2 dimensions \(N, M\), got 1 with shape \(3,\)\. .*add the batch axis: X\[None\]", id="1"
        ),
        pytest.param((1, 2, 3), "(N, C, H, W)", r".* got 3 with shape \(1, 2, 3\)\. For one example", id="one-image"),
        pytest.param((2, 3), "(N, C, H, W)", r"4 dimensions \(N, C, H, W\), got 2 with shape \(2, 3\)\.$", id="2-of-4"),
        pytest.param((2, 3, 4), "(H, W)", r"2 dimensions \(H, W\), got 3 with shape \(2, 3, 4\)\.$", id="3-of-2"),
        pytest.param((), "(K,)", r"1 dimensions \(K,\), got 0 with shape \(\)\.$", id="0-of-1"),
    ],
)
def test_dimensions_refuses(shape, axes, words):
    with pytest.raises(ValueError, match=f"^X must have {words}"):
        checks.dimensions("X", np.zeros(shape), axes)


def test_same_shape_names_both_shapes():
    checks.same_shape("B", np.zeros(3), [3])
    with pytest.raises(ValueError, match=r"^B has shape \(3,\), expected \(4,\) \(K,\)\.$"):
        checks.same_shape("B", np.zeros(3), (4,), "(K,)")


@pytest.mark.parametrize(
    ("shape", "input_shape", "words"),
    [
        pytest.param(
            (64, 28, 28, 1),
            (1, 28, 28),
            r"expected 1 channel on axis 1, got 28 \(shape \(64, 28, 28, 1\), expected \(N, C, H, W\)\)\. "
            r"If your images are channels-last, use X\.transpose\(0, 3, 1, 2\)\.$",
            id="channels-last",
        ),
        pytest.param((4, 3, 8, 8), (2, 8, 8), r"expected 2 channels on axis 1, got 3 .*\)\.$", id="other-channels"),
        pytest.param((1, 28, 28), (1, 28, 28), r"add the batch axis: X\[None\]", id="one-image"),
        pytest.param(
            (784,), (784,), r"expected \(N, 784\)\. For one example, add the batch axis: X\[None\]\.", id="one-row"
        ),
        pytest.param(
            (5, 28, 28), (1, 28, 28), r"X must have 4 dim.* got 3 .*\. Add the channel: X\[:, None\]\.$", id="grey"
        ),
        pytest.param(
            (5, 28, 28), (3, 28, 28), r"got 3 .*\. For one example, add the batch axis: X\[None\]\.$", id="3-D"
        ),
        pytest.param(
            (5, 1, 8, 8), (8, 8, 1), r"expected 8 channels on axis 1, got 1 .* W\)\)\.$", id="shape-channels-last"
        ),
        pytest.param(
            (5, 4), (1, 4), r"X has shape \(5, 4\), expected \(N, 1, 4\)\. Reshape it", id="rows-of-a-channel"
        ),
        pytest.param((5, 1, 2, 8), (1, 4, 4), r"Reshape it with X\.reshape\(-1, 1, 4, 4\)\.", id="same-count"),
        pytest.param((5, 4, 4), (16,), r"Reshape it with X\.reshape\(-1, 16\)\.", id="images-for-rows"),
        pytest.param((5, 1, 5, 5), (1, 4, 4), r"X has shape \(5, 1, 5, 5\), expected \(N, 1, 4, 4\)\.$", id="size"),
    ],
)
def test_batch_refuses(shape, input_shape, words):
    with pytest.raises(ValueError, match=f"^.*{words}"):
        checks.batch(np.zeros(shape), input_shape)


def test_batch_accepts_any_number_of_examples_even_none():
    for count in (0, 1, 7):
        checks.batch(np.zeros((count, 2, 3, 4)), (2, 3, 4))


def test_not_empty_refuses_an_array_without_entries():
    checks.not_empty("X", np.zeros((1, 1)))
    with pytest.raises(ValueError, match=r"^X is empty \(shape \(0, 3\)\); at least one example is needed\."):
        checks.not_empty("X", np.zeros((0, 3)))


def test_finite_counts_the_values_that_are_not_and_names_the_first_index():
    X = np.zeros((18, 1, 4, 6))
    checks.finite("X", X)
    X[17, 0, 3, 5] = np.nan
    with pytest.raises(ValueError, match=r"^X contains 1 value that is not finite .* at index \(17, 0, 3, 5\)\.$"):
        checks.finite("X", X)
    X[17, 0, 2, 1], X[3, 0, 0, 0] = np.inf, -np.inf
    with pytest.raises(ValueError, match=r"X contains 3 values that are not finite .* at index \(3, 0, 0, 0\)\.$"):
        checks.finite("X", X)


# --- subclasses of arrays ---


class Giving:
    """An object that gives NumPy an array, as a table of another library does."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


class Odd(np.ndarray):
    """A subclass whose arithmetic is another."""

    def __array_ufunc__(self, *_, **__):
        raise AssertionError("arithmetic of a subclass")


MASKED = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 0], [0, 1]])


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(MASKED, id="array"),
        pytest.param(MASKED.astype(np.uint8), id="bytes"),
        pytest.param(MASKED.astype(object), id="objects"),
        pytest.param(np.ma.masked_invalid([1.0, np.nan]), id="nan"),
        pytest.param(np.ma.array([1.0, 2.0], mask=True), id="all"),
        pytest.param(MASKED.T[::-1], id="view"),
        pytest.param(np.ma.masked, id="constant"),
        pytest.param([MASKED, MASKED], id="list"),
        pytest.param((MASKED[0], MASKED[1]), id="tuple"),
        pytest.param([[[1.0, 2.0]], [MASKED[1]]], id="list-of-lists"),
        pytest.param([1.0, np.ma.masked], id="constant-in-a-list"),
        pytest.param(Giving(MASKED), id="object"),
    ],
)
def test_masked_entries_are_refused(value):
    words = r"^X has masked entries\. Leave them out, or replace them with filled\(0\)\.$"
    for check in (checks.as_array, checks.real_array, checks.as_float):
        with pytest.raises(ValueError, match=words):
            check("X", value)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(np.ma.array, id="nothing-masked"),
        pytest.param(lambda array: [np.ma.array(row) for row in array], id="nothing-masked-in-a-list"),
        pytest.param(lambda array: array.view(Odd), id="subclass"),
        pytest.param(lambda array: array.view(np.recarray), id="record-array"),
        pytest.param(Giving, id="object"),
        pytest.param(lambda array: Giving(array.view(Odd)), id="object-with-a-subclass"),
        pytest.param(lambda array: [Giving(row) for row in array], id="objects-in-a-list"),
        pytest.param(memoryview, id="memoryview"),
    ],
)
def test_arrays_of_other_kinds_become_plain_ones(make):
    array = np.array([[1.0, 2.0], [3.0, 4.0]])
    for found in (checks.as_array("X", make(array)), checks.as_float("X", make(array), "float32")):
        assert type(found) is np.ndarray
        assert_array_equal(found, array)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_is_multiplied_entry_by_entry_and_gives_plain_arrays():
    X = np.array([[1.0, 2.0], [3.0, -4.0]])
    found = cnn_core.sigmoid_backward(np.matrix(X), np.matrix(X))
    assert type(found) is np.ndarray
    assert_array_equal(found, cnn_core.sigmoid_backward(X, X))


def test_a_list_that_contains_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match=r"^X must be an array of real numbers"):
        checks.as_array("X", endless)


# --- labels ---


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param([2, 0, 1], id="list"),
        pytest.param(np.array([2, 0, 1], np.uint8), id="uint8"),
        pytest.param(np.array([2, 0, 1], ">i4"), id="big-endian"),
        pytest.param(np.array([2, 0, 1])[::-1].copy()[::-1], id="negative-stride"),
        pytest.param(np.eye(3)[[2, 0, 1]], id="one-hot"),
        pytest.param(np.eye(3, dtype=bool)[[2, 0, 1]], id="one-hot-bool"),
        pytest.param(np.eye(3, dtype=int)[[2, 0, 1]].tolist(), id="one-hot-list"),
    ],
)
def test_labels_become_int64(labels):
    found = checks.labels(labels, 3, 3)
    assert found.dtype == np.int64
    assert_array_equal(found, [2, 0, 1])


@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        pytest.param(
            [0, 1, 2, 10], ValueError, r"label 10 at index 3; labels must be 0\.\.9 for 10 outputs\.$", id="ten"
        ),
        pytest.param(
            [0, -1, 2, 3], ValueError, r"label -1 at index 1; labels must be 0\.\.9 for 10 outputs", id="negative"
        ),
        pytest.param([0, 1, 2], ValueError, "got 3 labels for 4 examples", id="too-few"),
        pytest.param([0, 1, 2, 3, 4], ValueError, "got 5 labels for 4 examples", id="too-many"),
        pytest.param([0.0, 1.0, 2.0, 3.0], TypeError, r"labels must be integers, got dtype float64\. Use", id="floats"),
        pytest.param([True, False, True, True], TypeError, "labels must be integers, got dtype bool", id="bools"),
        pytest.param(["0", "1", "2", "3"], TypeError, "labels must be integers, got dtype <U1", id="texts"),
        pytest.param(
            3, ValueError, r"labels must have shape \(N,\) or be one-hot \(N, 10\), got \(\)", id="one-number"
        ),
        pytest.param(
            np.zeros((4, 1, 1), int), ValueError, r"labels must .* got \(4, 1, 1\)\. Use y\.ravel\(\)\.$", id="3-D"
        ),
        pytest.param(np.zeros((4, 1, 2), int), ValueError, r"labels must .* got \(4, 1, 2\)\.$", id="3-D-more"),
        pytest.param(np.zeros((4, 10)), ValueError, r"labels of shape \(4, 10\) must be one-hot with 10", id="no-one"),
        pytest.param(np.eye(10)[:4] / 2, ValueError, "labels of .* one-hot with 10 columns", id="halves"),
        pytest.param(
            np.eye(10)[:4] + np.eye(10)[4:8], ValueError, "labels of .* one-hot with 10 columns", id="two-ones"
        ),
        pytest.param(np.eye(9)[:4], ValueError, r"labels of shape \(4, 9\) must be one-hot with 10", id="9-columns"),
        pytest.param(
            np.zeros((4, 1), int), ValueError, r"labels .*\(4, 1\) .*a row\. Use y\.ravel\(\)\.$", id="a-column"
        ),
        pytest.param(
            np.zeros((4, 1)), ValueError, r"labels .*\(4, 1\) .*a row\. Use y\.ravel\(\)\.$", id="a-column-of-floats"
        ),
        pytest.param([[0], [3], [2], [9]], ValueError, r"labels .* Use y\.ravel\(\)\.$", id="a-column-in-lists"),
        pytest.param([[0, 3, 2, 9]], ValueError, r"labels .*\(1, 4\) .* Use y\.ravel\(\)\.$", id="a-row"),
        pytest.param(np.zeros((5, 1), int), ValueError, r"labels of .*a row\.$", id="a-column-of-another-length"),
        pytest.param(np.eye(10)[:3], ValueError, "got 3 labels for 4 examples", id="one-hot-too-few"),
        pytest.param(np.full((4, 10), "1"), TypeError, "labels must be integers, got dtype <U1", id="one-hot-texts"),
    ],
)
def test_labels_refuses(labels, error, words):
    with pytest.raises(error, match=f"^{words}"):
        checks.labels(labels, 4, 10)


# --- guarantees of every public function that takes arrays ---


def integers(*shape, seed=0):
    """Return an array of digits: exact in every dtype."""
    return np.random.default_rng((seed, *shape)).integers(0, 10, shape).astype(float)


def pooling_calls():
    """Yield a call for each pooling function and mode, with overlap, padding and unequal sides."""
    setting = {"pool_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}
    X, dC_dO = integers(2, 2, 6, 5), integers(2, 2, 3, 4)
    for suffix, mode in itertools.product(("", "_loop"), ("max", "mean", "min")):
        forward, backward = getattr(cnn_core, f"pool2d_forward{suffix}"), getattr(cnn_core, f"pool2d_backward{suffix}")
        yield f"pool2d_forward{suffix}-{mode}", partial(forward, mode=mode, **setting), [X]
        yield f"pool2d_backward{suffix}-{mode}", partial(backward, mode=mode, **setting), [dC_dO, X]


def convolution_calls():
    """Yield a call for each convolution function; N, C, K and all sides differ."""
    setting = {"stride": (2, 1), "padding": (1, 2)}
    X, F, B, dC_dO = integers(2, 3, 6, 5), integers(4, 3, 3, 2), integers(4), integers(2, 4, 3, 8)
    yield "convolve", cnn_core.convolve, [integers(5, 4), integers(2, 3)]
    yield "convolve-full", partial(cnn_core.convolve, stride=2, full_convolve=True), [integers(5, 4), integers(2, 3)]
    yield "convolve_vectorised", partial(cnn_core.convolve_vectorised, stride=2), [X, F]
    yield "conv2d_forward-1x1", cnn_core.conv2d_forward, [X, integers(4, 3, 1, 1)]
    for suffix in ("", "_loop"):
        yield f"conv2d_forward{suffix}", partial(getattr(cnn_core, f"conv2d_forward{suffix}"), **setting), [X, F, B]
    for suffix in ("", "_dilated"):
        yield (
            f"conv2d_backward{suffix}",
            partial(getattr(cnn_core, f"conv2d_backward{suffix}"), **setting),
            [dC_dO, X, F],
        )


def other_calls():
    """Yield a call for each remaining function."""
    X, W, B, dC_dO = integers(4, 3), integers(3, 2), integers(2), integers(4, 2)
    yield "dilate", partial(cnn_core.dilate, stride=(2, 1)), [integers(2, 3, 4)]
    yield "dense_forward", cnn_core.dense_forward, [X, W, B]
    yield "dense_backward", cnn_core.dense_backward, [dC_dO, X, W]
    for name in ("relu", "leaky_relu", "sigmoid", "tanh", "softmax"):
        yield f"{name}_forward", getattr(cnn_core, f"{name}_forward"), [X - 4]
        yield f"{name}_backward", getattr(cnn_core, f"{name}_backward"), [integers(4, 3, seed=1), X - 4]
    yield "MeanSquaredError", cnn_core.MeanSquaredError(), [X, integers(4, 3, seed=1)]
    yield "CrossEntropy", cnn_core.CrossEntropy(), [X, np.eye(3)[[2, 0, 1, 1]]]


CALLS = {name: (call, arrays) for name, call, arrays in (*convolution_calls(), *pooling_calls(), *other_calls())}
EVERY_CALL = pytest.mark.parametrize(("call", "arrays"), CALLS.values(), ids=CALLS.keys())


def results(call, arrays):
    """Return the results of the call as a list of arrays; a cost is an array too."""
    found = call(*arrays)
    return [np.asarray(each) for each in (found if isinstance(found, tuple) else (found,))]


def negative_strides(array):
    """Return an array with the same entries, stored in reverse order."""
    backwards = (slice(None, None, -1),) * array.ndim
    return array[backwards].copy()[backwards]


def every_second(array):
    """Return an array with the same entries, stored with gaps."""
    return np.repeat(array, 2, axis=-1)[..., ::2]


LAYOUTS = {
    "Fortran-ordered": np.asfortranarray,
    "big-endian": lambda array: array.astype(">f8"),
    "negative-strides": negative_strides,
    "with-gaps": every_second,
    "int64": lambda array: array.astype(np.int64),
    "int8": lambda array: array.astype(np.int8),
    "lists": lambda array: array.tolist(),
    "nothing-masked": np.ma.array,
    "subclass": lambda array: array.view(Odd),
}


@EVERY_CALL
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_the_memory_layout_of_an_array_makes_no_difference(call, arrays, layout):
    for found, wanted in zip(results(call, map(layout, arrays)), results(call, arrays), strict=True):
        assert found.dtype == wanted.dtype == np.float64
        np.testing.assert_allclose(found, wanted, rtol=1e-14, atol=1e-14)  # a matrix product may add in another order


@EVERY_CALL
def test_bytes_are_converted_before_any_arithmetic(call, arrays):
    images = [np.abs(array).astype(np.uint8) for array in arrays]
    scaled = [
        image + np.uint8(100) if image.max() > 1 else image for image in images
    ]  # sums and products overflow a byte
    for found, wanted in zip(results(call, scaled), results(call, [s.astype(float) for s in scaled]), strict=True):
        assert found.dtype == np.float64
        assert_array_equal(found, wanted)


@EVERY_CALL
def test_no_call_writes_to_its_arguments(call, arrays):
    given = [array.copy() for array in arrays]
    for array in given:
        array.flags.writeable = False
    results(call, given)
    for array, before in zip(given, arrays, strict=True):
        assert_array_equal(array, before)


@EVERY_CALL
def test_no_result_shares_memory_with_an_argument(call, arrays):
    for result, array in itertools.product(results(call, arrays), arrays):
        assert not np.shares_memory(result, array)


@EVERY_CALL
def test_float32_stays_float32(call, arrays):
    narrow = [array.astype(np.float32) for array in arrays]
    for found, wanted in zip(results(call, narrow), results(call, arrays), strict=True):
        is_cost = found.ndim == 0  # a cost is a Python float
        assert is_cost or found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@EVERY_CALL
def test_the_same_call_gives_the_same_bits(call, arrays):
    for first, second in zip(results(call, arrays), results(call, arrays), strict=True):
        assert first.tobytes() == second.tobytes()


@EVERY_CALL
def test_a_masked_entry_of_any_argument_is_refused(call, arrays):
    for place, array in enumerate(arrays):
        masked = np.ma.array(array, mask=np.arange(array.size).reshape(array.shape) == 1)
        with pytest.raises(ValueError, match=r"^\w+: (X|F|B|W|A|dC_dO|outputs|targets|labels) has masked entries"):
            call(*arrays[:place], masked, *arrays[place + 1 :])


NO_ARRAYS = [
    pytest.param("abc", id="text"),
    pytest.param(None, id="none"),
    pytest.param(np.full((2, 2, 2, 2), None), id="objects"),
    pytest.param(np.ones((2, 2, 2, 2), complex), id="complex"),
    pytest.param([[[[1.0, 2.0], [3.0]]]], id="ragged"),
]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("bad", NO_ARRAYS)
def test_an_argument_that_is_not_an_array_of_real_numbers_is_refused_by_name(name, bad):
    call, arrays = CALLS[name]
    has_bias = "forward" in name and len(arrays) == 3
    for place in range(2 if has_bias and bad is None else len(arrays)):  # no bias is a valid bias
        given = [*arrays[:place], bad, *arrays[place + 1 :]]
        with pytest.raises((TypeError, ValueError), match=r"^\w+: (X|F|B|W|A|dC_dO|outputs|targets|labels) "):
            call(*given)
