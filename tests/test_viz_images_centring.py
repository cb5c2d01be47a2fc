"""Centring, against MNIST itself: its digits stay as they are, and come back when they are moved or enlarged."""

import numpy as np
import pytest
from test_viz_images_digits import DATA, alike

from cnn_core import load_idx
from cnn_viz import centre_digit, read_digit

MNIST = load_idx(DATA / "mnist" / "t10k-images-idx3-ubyte.gz")[:500] / np.float32(255)


def brightest_one(digit):
    return digit / digit.max()


def test_mnists_digits_stay_as_they_are():
    assert all(np.abs(centre_digit(digit) - brightest_one(digit)).max() < 1e-6 for digit in MNIST)


@pytest.mark.parametrize("shift", [(0, 0), (7, 60), (71, 3)])
def test_mnists_digits_come_back_when_they_are_moved(shift):
    for digit in MNIST[:50]:
        page = np.zeros((100, 100), np.float32)
        page[shift[0] : shift[0] + 28, shift[1] : shift[1] + 28] = digit
        assert np.abs(centre_digit(page) - brightest_one(digit)).max() < 1e-6


@pytest.mark.parametrize("factor", [2, 4, 10])
def test_mnists_digits_come_back_when_they_are_enlarged(factor):
    for digit in MNIST[:50]:
        again = centre_digit(np.kron(digit, np.ones((factor, factor))))
        assert alike(again, digit) > 0.95  # other digits of MNIST give less than 0.7


def test_the_longer_side_becomes_20_pixels_without_distortion():
    rows, columns = np.nonzero(centre_digit(np.pad(np.ones((300, 60)), 9)))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 4)


def test_the_strongest_ink_becomes_1_also_where_strokes_are_thinner_than_a_pixel():
    page = np.zeros((400, 400))
    page[20:380, 200:203] = page[20:23, 20:380] = 1
    assert centre_digit(page).max() == 1


def test_the_centre_of_mass_is_in_the_middle(rng):
    for _ in range(20):
        ink = np.pad(rng.random((40, 25)) ** 4, ((rng.integers(9), 0), (0, rng.integers(9))))
        digit = centre_digit(ink)
        at = [np.average(np.arange(28), weights=digit.sum(axis=1 - axis)) for axis in (0, 1)]
        assert np.abs(np.array(at) - 14).max() <= 0.5 + 1e-6


def test_without_ink_all_pixels_are_0():
    digit = centre_digit(np.zeros((50, 40)))
    assert (digit.shape, digit.dtype, digit.any()) == ((28, 28), np.float32, False)


@pytest.mark.parametrize("at", [(0, 0), (27, 27), (5, 20)])
def test_a_single_dot_fills_the_box(at):
    page = np.zeros((28, 28))
    page[at] = 3
    assert np.array_equal(centre_digit(page), np.pad(np.ones((20, 20)), 4))


@pytest.mark.parametrize("strongest", [True, np.uint8(255), np.int64(7), np.float32(0.3), 1e9])
def test_ink_may_be_given_in_any_unit(strongest):
    page = np.pad(np.ones((40, 6), bool), 10)
    assert np.array_equal(centre_digit(page * strongest), centre_digit(page))


def test_the_array_given_is_not_changed():
    page = np.pad(np.full((20, 4), 200.0), 6)
    before = page.copy()
    centre_digit(page)[:] = 5
    assert np.array_equal(page, before)


def test_photographs_and_drawings_are_centred_alike():
    page = np.zeros((280, 280))
    page[40:220, 90:120] = page[40:70, 60:200] = 1
    assert alike(read_digit(np.uint8(230 - 200 * page)), centre_digit(page)) > 0.99


@pytest.mark.parametrize(
    ("ink", "words"),
    [
        (np.zeros((0, 5)), r"ink is empty \(shape \(0, 5\)\)"),
        (np.ones((1, 28, 28)), r"ink must have 2 dimensions \(H, W\)"),
        (-np.ones((5, 5)), "negative values"),
        (np.full((5, 5), np.nan), "not finite"),
        ("seven", "array of real numbers"),
    ],
)
def test_what_is_no_ink_is_refused(ink, words):
    with pytest.raises((ValueError, TypeError), match=f"^centre_digit: {words}|^centre_digit: .*{words}"):
        centre_digit(ink)
