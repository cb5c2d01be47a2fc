"""Dilation, against a loop that inserts the zeros row by row and column by column."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from cnn_core import dilate

STRIDES = [
    pytest.param(1, id="1"),
    pytest.param(2, id="2"),
    pytest.param(3, id="3"),
    pytest.param((1, 3), id="columns-only"),
    pytest.param((3, 1), id="rows-only"),
    pytest.param((2, 3), id="unequal"),
]


def dilated_by_inserting(array, S_r, S_c):
    """Return the dilated array: stride - 1 zeros inserted before every row and column but the first."""
    for axis, stride in ((-2, S_r), (-1, S_c)):
        places = [i for i in range(1, array.shape[axis]) for _ in range(stride - 1)]
        array = np.insert(array, places, 0, axis=axis)
    return array


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("shape", [(4, 3), (1, 5), (5, 1), (1, 1), (2, 3, 4, 2), (2, 2, 2, 3, 4)], ids=str)
def test_dilate_inserts_stride_minus_one_zeros_between_neighbours(rng, shape, stride):
    array = rng.normal(size=shape)
    S_r, S_c = stride if isinstance(stride, tuple) else (stride, stride)
    dilated = dilate(array, stride)
    assert dilated.shape == (*shape[:-2], (shape[-2] - 1) * S_r + 1, (shape[-1] - 1) * S_c + 1)
    assert_array_equal(dilated, dilated_by_inserting(array, S_r, S_c))


def test_dilate_by_hand():
    dilated = [
        [1, 0, 0, 2, 0, 0, 3],
        [0, 0, 0, 0, 0, 0, 0],
        [4, 0, 0, 5, 0, 0, 6],
    ]
    assert_array_equal(dilate([[1, 2, 3], [4, 5, 6]], stride=(2, 3)), dilated)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (0, 2, 3, 3)], ids=str)
def test_an_empty_array_stays_empty(shape):
    dilated = dilate(np.zeros(shape), stride=2)
    assert dilated.size == 0
    assert dilated.ndim == len(shape)


def test_dilate_at_stride_one_is_a_copy(rng):
    array = rng.normal(size=(3, 4))
    dilated = dilate(array, 1)
    assert_array_equal(dilated, array)
    assert not np.shares_memory(dilated, array)


@pytest.mark.parametrize(
    ("array", "stride", "error", "words"),
    [
        pytest.param(np.ones(3), 2, ValueError, r"dC_dO must have at least 2 dimensions .* got shape \(3,\)", id="1-D"),
        pytest.param(5.0, 2, ValueError, r"dC_dO must have at least 2 dimensions .* got shape \(\)", id="0-D"),
        pytest.param("abc", 2, TypeError, "dC_dO must be an array of real numbers, got str", id="text"),
        pytest.param(np.ones((2, 2)), 0, ValueError, "stride must be a positive integer or a pair .* got 0", id="zero"),
        pytest.param(np.ones((2, 2)), (1, 0), ValueError, r"stride .* got \(1, 0\)", id="zero-in-pair"),
        pytest.param(np.ones((2, 2)), (1, 2, 3), ValueError, r"stride .* got \(1, 2, 3\)", id="three"),
        pytest.param(
            np.ones((2, 2)), 1.5, TypeError, "stride must be a positive integer or a pair .* got 1.5", id="float"
        ),
        pytest.param(np.ones((2, 2)), True, TypeError, "stride must be a positive integer .* got True", id="bool"),
    ],
)
def test_dilate_refuses(array, stride, error, words):
    with pytest.raises(error, match=f"^dilate: {words}"):
        dilate(array, stride)
