"""Calibration: a dot for each bin where it belongs, its number, and how far luck would carry it."""

import numpy as np
import pytest

from cnn_viz.calibration import show_calibration

SURE, RIGHT, COUNTS = np.array([0.5, 0.8, 1.0]), np.array([0.4, 0.9, 1.0]), np.array([100, 16, 5000])


@pytest.fixture
def ax():
    return show_calibration(SURE, RIGHT, COUNTS).axes[0]


def test_a_dot_stands_where_its_bin_is_and_its_number_beside_it(ax):
    (dots,) = [line for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots.get_xydata(), np.stack([SURE, RIGHT], axis=1))
    assert {text.get_text(): text.xy for text in ax.texts} == {"100": (0.5, 0.4), "16": (0.8, 0.9), "5,000": (1.0, 1.0)}


def test_luck_is_two_standard_deviations_around_the_diagonal_and_stays_within_0_and_1(ax):
    ends = [np.array(segment)[:, 1].tolist() for segment in ax.collections[0].get_segments()]
    assert ends == [pytest.approx([0.4, 0.6]), pytest.approx([0.6, 1.0]), pytest.approx([1.0, 1.0])]


def test_the_diagonal_is_drawn_and_both_scales_are_the_same(ax):
    assert any(line.get_xydata().tolist() == [[0, 0], [1, 1]] for line in ax.lines)
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_xlim()[0] < 0.4


def test_no_number_leaves_the_picture():
    ax = show_calibration([0.5, 0.999], [0.0, 1.0], [9, 10_000]).axes[0]
    ax.figure.canvas.draw()
    whole = ax.figure.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert whole.x0 <= box.x0
        assert box.x1 <= whole.x1
        assert box.y1 <= whole.y1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"right": [0.5, 0.5]}, "lengths 3, 2 and 3"),
        ({"sure": [0.5, 0.8, 1.2]}, "sure must hold shares from 0 to 1"),
        ({"right": [0.5, np.nan, 1]}, "right must hold shares from 0 to 1"),
        ({"counts": [5, 0, 1]}, "bin 1 is empty"),
        ({"sure": [], "right": [], "counts": []}, "empty"),
    ],
)
def test_what_does_not_belong_together_is_refused(changes, words):
    with pytest.raises(ValueError, match=f"show_calibration.*{words}"):
        show_calibration(**{"sure": SURE, "right": RIGHT, "counts": COUNTS} | changes)
