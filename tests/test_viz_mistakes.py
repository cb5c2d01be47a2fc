"""Mistakes: every image with its label, its answer and both probabilities, told apart without colour."""

import numpy as np
import pytest

from cnn_viz.figures import size_of
from cnn_viz.mistakes import LONGEST, TALL, WIDE, show_mistakes

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


def test_above_an_image_stands_what_it_is_and_what_it_was_read_as(figure):
    assert [ax.get_title() for ax in figure.axes[::2]] == ["2 read as 1", "0 read as 2", "1 read as 0"]


def test_the_bars_are_the_answer_s_probability_hatched_and_the_label_s_filled(figure):
    for ax, label, shares in zip(figure.axes[1::2], LABELS, SHARES, strict=True):
        answer, true = ax.patches
        assert [bar.get_width() for bar in (answer, true)] == pytest.approx(
            [shares.max() * LONGEST, shares[label] * LONGEST]
        )
        assert answer.get_hatch()
        assert not true.get_hatch()
        named = [str(shares.argmax()), f"{shares.max():.0%}", str(label), f"{shares[label]:.0%}"]
        assert [text.get_text() for text in ax.texts] == named


def test_no_number_leaves_its_place(rng):
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
def test_what_does_not_belong_together_is_refused(rng, changes, words):
    given = {"images": rng.random((3, 8, 8)), "labels": LABELS, "probabilities": SHARES}
    with pytest.raises(ValueError, match=f"show_mistakes.*{words}"):
        show_mistakes(**given | changes)
