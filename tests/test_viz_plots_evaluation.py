"""Evaluation: the confusion matrix, misclassified images, calibration and accuracy under shifts, as they are given."""

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from cnn_viz.base.figures import size_of
from cnn_viz.base.palette import INK, PADDING
from cnn_viz.plots.evaluation import (
    LONGEST,
    TALL,
    WIDE,
    draw_confusion_matrix,
    show_calibration,
    show_mistakes,
    show_shares,
)

MATRIX = np.array([[90, 0, 8], [1, 95, 0], [4, 3, 80]])


def test_the_confusion_matrix_writes_every_count_into_its_cell():
    cells = {tuple(text.get_position()): text.get_text() for text in draw_confusion_matrix(MATRIX).texts}
    assert cells == {(column, row): str(count) for (row, column), count in np.ndenumerate(MATRIX)}


def test_only_the_errors_are_coloured():
    ax = draw_confusion_matrix(MATRIX)
    shown = ax.images[0].get_array()
    np.testing.assert_array_equal(shown.mask, np.eye(3, dtype=bool))
    assert ax.images[0].get_cmap().name == "cividis"
    assert ax.images[0].get_clim() == (0, 8)
    assert same_color(ax.get_facecolor(), PADDING)


def test_correct_predictions_are_bold():
    bold = [text.get_text() for text in draw_confusion_matrix(MATRIX).texts if text.get_weight() == "bold"]
    assert bold == ["90", "95", "80"]


def test_counts_are_dark_on_bright_cells_and_light_on_dark_ones():
    ax = draw_confusion_matrix(MATRIX)
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    assert colours["8"] == colours["90"] == INK
    assert colours["1"] == colours["3"] == "white"


def test_rows_and_columns_of_the_confusion_matrix_are_labelled():
    ax = Figure().subplots()
    assert draw_confusion_matrix(MATRIX, ax=ax) is ax
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true class", "classified as")


def test_a_confusion_matrix_without_errors_can_be_drawn():
    assert len(draw_confusion_matrix(np.diag([3, 4])).texts) == 4
    assert len(draw_confusion_matrix([[5]]).texts) == 1


@pytest.mark.parametrize(
    ("matrix", "kind", "message"),
    [
        pytest.param([[0.5]], TypeError, "whole numbers", id="floats"),
        pytest.param([[1, 2]], ValueError, "must be square", id="not-square"),
        pytest.param(np.zeros((0, 0), int), ValueError, "is empty", id="empty"),
        pytest.param([[-1]], ValueError, "0 or more, got -1", id="negative"),
    ],
)
def test_a_wrong_confusion_matrix_is_refused(matrix, kind, message):
    with pytest.raises(kind, match=f"draw_confusion_matrix: .*{message}"):
        draw_confusion_matrix(matrix)


SHARES = np.array([[0.1, 0.7, 0.2], [0.05, 0.05, 0.9], [0.5, 0.3, 0.2]])
LABELS = np.array([2, 0, 1])


@pytest.fixture
def figure(rng):
    return show_mistakes(rng.random((3, 1, 8, 6)), LABELS, SHARES, columns=2)


def test_the_images_are_drawn_in_their_order(rng):
    images = rng.random((3, 8, 6))
    figure = show_mistakes(images, LABELS, SHARES)
    for ax, image in zip(figure.axes[::2], images, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
        assert ax.images[0].get_clim() == (0, 1)


def test_the_title_has_the_label_and_the_predicted_class_and_the_cost_of_the_label(figure):
    titles = ["2 classified as 1\ncost 1.6", "0 classified as 2\ncost 3.0", "1 classified as 0\ncost 1.2"]
    assert [ax.get_title() for ax in figure.axes[::2]] == titles


def test_a_label_with_probability_0_has_a_finite_cost(rng):
    figure = show_mistakes(rng.random((1, 8, 8)), [1], [[1.0, 0.0]])
    assert figure.axes[0].get_title() == "1 classified as 0\ncost 708.4"


def test_the_bar_of_the_prediction_is_hatched_and_that_of_the_label_filled(figure):
    for ax, label, shares in zip(figure.axes[1::2], LABELS, SHARES, strict=True):
        answer, true = ax.patches
        assert [bar.get_width() for bar in (answer, true)] == pytest.approx(
            [shares.max() * LONGEST, shares[label] * LONGEST]
        )
        assert answer.get_hatch()
        assert not true.get_hatch()
        named = [str(shares.argmax()), f"{shares.max():.0%}", str(label), f"{shares[label]:.0%}"]
        assert [text.get_text() for text in ax.texts] == named


def test_no_number_leaves_its_axes(rng):
    sure = np.eye(10)[[3, 7]]
    figure = show_mistakes(rng.random((2, 28, 28)), [7, 3], sure)
    figure.canvas.draw()
    for ax in figure.axes[1::2]:
        place = ax.get_window_extent()
        for text in ax.texts:
            box = text.get_window_extent()
            assert place.x0 <= box.x0
            assert box.x1 <= place.x1 + 1


def test_images_stand_in_rows_of_as_many_columns(figure, rng):
    assert size_of(figure) == (2 * WIDE, 2 * TALL)
    assert size_of(show_mistakes(rng.random((1, 8, 8)), [0], SHARES[:1])) == (WIDE, TALL)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": [0, 1]}, "labels"),
        ({"labels": [0, 1, 3]}, "label 3 at index 2"),
        ({"probabilities": SHARES[:2]}, "got 3 images and the probabilities of 2"),
        ({"images": np.empty((0, 8, 8))}, "empty"),
        ({"columns": 0}, "columns must be a positive integer, got 0"),
    ],
)
def test_examples_that_do_not_belong_together_are_refused(rng, changes, words):
    given = {"images": rng.random((3, 8, 8)), "labels": LABELS, "probabilities": SHARES}
    with pytest.raises(ValueError, match=f"show_mistakes.*{words}"):
        show_mistakes(**given | changes)


CONFIDENCE, ACCURACY, COUNTS = np.array([0.5, 0.8, 1.0]), np.array([0.4, 0.9, 1.0]), np.array([100, 16, 5000])


@pytest.fixture
def ax():
    return show_calibration(CONFIDENCE, ACCURACY, COUNTS).axes[0]


def test_a_dot_stands_where_its_bin_is_and_its_number_beside_it(ax):
    (dots,) = [line for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots.get_xydata(), np.stack([CONFIDENCE, ACCURACY], axis=1))
    assert {text.get_text(): text.xy for text in ax.texts} == {"100": (0.5, 0.4), "16": (0.8, 0.9), "5,000": (1.0, 1.0)}


def test_the_band_is_two_standard_deviations_around_the_diagonal_and_stays_within_0_and_1(ax):
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
        ({"accuracy": [0.5, 0.5]}, "lengths 3, 2 and 3"),
        ({"confidence": [0.5, 0.8, 1.2]}, "confidence must hold shares from 0 to 1"),
        ({"accuracy": [0.5, np.nan, 1]}, "accuracy must hold shares from 0 to 1"),
        ({"counts": [5, 0, 1]}, "bin 1 is empty"),
        ({"confidence": [], "accuracy": [], "counts": []}, "empty"),
    ],
)
def test_bins_that_do_not_belong_together_are_refused(changes, words):
    with pytest.raises(ValueError, match=f"show_calibration.*{words}"):
        show_calibration(**{"confidence": CONFIDENCE, "accuracy": ACCURACY, "counts": COUNTS} | changes)


def test_show_shares_draws_a_line_for_each_network_and_names_it():
    shares = {"dense": [0.2, 0.9, 0.2], "convolutional": [0.6, 0.9, 0.6]}
    ax = show_shares([-1, 0, 1], shares).axes[0]
    for line, values in zip(ax.lines, shares.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [-1, 0, 1])
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert len({line.get_linestyle() for line in ax.lines}) == len({line.get_marker() for line in ax.lines}) == 2
    assert [text.get_text() for text in ax.texts] == list(shares)
    assert not ax.patches


def test_show_shares_greys_what_lies_beyond_the_marked_moves():
    ax = show_shares(range(-4, 5), {"any": np.linspace(0, 1, 9)}, marked=(-3, 3)).axes[0]
    assert [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches] == [(-4.4, -3.5), (3.5, 4.4)]
    assert {patch.get_facecolor()[:3] for patch in ax.patches} == {tuple(int(PADDING[1:3], 16) / 255 for _ in "rgb")}
