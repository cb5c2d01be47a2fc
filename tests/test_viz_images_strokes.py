"""Strokes and their ink; the twenty drawn digits, and what the trained model of chapter 08 makes of them."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage
from test_viz_images_digits import TRAINED, alike

from cnn_core import Model, load_mnist
from cnn_viz import centre_digit, drawn_digits
from cnn_viz.images.strokes import MOST, PEN, SIDE, checked_strokes, image_of, ink_of

DIGITS = drawn_digits()


def distance_ink(strokes):
    """Return the pixels whose centres lie within half a pen's width of a stroke: the definition of its ink."""
    y, x = (np.mgrid[:SIDE, :SIDE] + 0.5) * 100 / SIDE
    nearest = np.full((SIDE, SIDE), np.inf)
    for stroke in strokes:
        points = [*stroke, stroke[-1]]
        for (x0, y0), (x1, y1) in pairwise(points):
            length = (x1 - x0) ** 2 + (y1 - y0) ** 2
            along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / (length or 1), 0, 1)
            nearest = np.minimum(nearest, np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)))
    return nearest <= PEN / 2


@pytest.mark.parametrize("digit", DIGITS, ids=lambda digit: f"{digit.label}-{digit.about}")
def test_ink_is_what_lies_within_half_a_pen_of_a_stroke(digit):
    different = np.abs(digit.ink - distance_ink(digit.strokes)) > 0.75  # the edges are grey
    assert different.sum() <= 5
    assert (digit.ink.shape, digit.ink.dtype, digit.ink.min(), digit.ink.max()) == ((SIDE, SIDE), np.float32, 0, 1)


def test_a_single_point_is_a_dot_and_no_stroke_is_no_ink():
    dot = ink_of([[(25, 75)]])
    assert np.allclose(ndimage.center_of_mass(dot), (0.75 * SIDE - 0.5, 0.25 * SIDE - 0.5), atol=0.3)
    assert abs(dot.sum() - np.pi / 4 * (PEN * SIDE / 100) ** 2) < 5
    assert not ink_of([]).any()


# --- the drawn digits -------------------------------------------------------------------------------------------------


def test_there_are_two_drawings_of_each_digit():
    assert [digit.label for digit in DIGITS] == [label for label in range(10) for _ in range(2)]
    assert all(checked_strokes(digit.strokes) for digit in DIGITS)


def test_the_two_drawings_of_a_digit_are_unlike_and_described():
    pairs = zip(DIGITS[::2], DIGITS[1::2], strict=True)
    assert all(alike(centre_digit(one.ink), centre_digit(other.ink)) < 0.85 for one, other in pairs)
    about = " ".join(digit.about for digit in DIGITS)
    assert all(word in about for word in ("slanted", "thin", "off-centre", "bar", "open", "foot"))


@pytest.mark.slow
def test_the_drawings_are_not_taken_from_mnist():
    digits = load_mnist()
    known = np.concatenate([digits.X_train[:, 0], digits.X_test[:, 0]]).reshape(70_000, -1)
    nearest = [np.abs(known - centre_digit(digit.ink).ravel()).mean(axis=1).min() for digit in DIGITS[4:6]]
    assert min(nearest) > 0.01


def test_the_trained_model_classifies_at_least_17_of_the_20_correctly():
    images = np.array([centre_digit(digit.ink) for digit in DIGITS])
    right = Model.load(TRAINED).predict(images[:, None]).argmax(axis=1) == [digit.label for digit in DIGITS]
    assert right.sum() >= 17


# --- images of drawings -----------------------------------------------------------------------------------------------


def test_strokes_may_be_drawn_over_a_start():
    start, strokes = DIGITS[2].ink, [[(20, 50), (80, 50)]]
    both = image_of(start, strokes)
    assert both.shape == (1, 1, 28, 28)
    assert np.abs(both - image_of(None, DIGITS[2].strokes + strokes)).max() < 0.1


def test_an_array_alone_is_centred_as_it_is():
    array = np.pad(np.ones((20, 5), np.float32), ((3, 5), (0, 23)))
    assert np.array_equal(image_of(array, [])[0, 0], centre_digit(array))


def test_a_start_that_is_not_square_is_not_distorted():
    start = np.zeros((50, 100), np.float32)
    start[5:45, 48:52] = 1
    digit = image_of(start, [[(50, 50)]])[0, 0]
    assert (np.ptp(np.nonzero(digit > 0.5)[0]) + 1, np.ptp(np.nonzero(digit > 0.5)[1]) + 1)[0] == 20


@pytest.mark.parametrize(
    "strokes", [5, [5], [[5]], [[(1, 2, 3)]], [[("a", "b")]], [[(0, 101)]], [[(-1, 0)]], [[(float("nan"), 0)]], "12"]
)
def test_what_is_no_list_of_strokes_is_refused(strokes):
    with pytest.raises((ValueError, TypeError), match="list of strokes"):
        checked_strokes(strokes)


def test_a_drawing_of_too_many_points_is_refused():
    with pytest.raises(ValueError, match="may have 20,000 points, got 20,001"):
        checked_strokes([[(1, 1)] * (MOST + 1)])
