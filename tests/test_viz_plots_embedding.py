"""The plane of examples: a dot for each, the name of each class in its middle, the true class at each mistake."""

import numpy as np
import pytest

from cnn_viz.base.figures import size_of
from cnn_viz.plots.embedding import show_embedding


@pytest.fixture
def examples(rng):
    labels = np.repeat([2, 5, 9], 20)
    points = rng.normal(size=(60, 2)) + 10 * labels[:, None]
    return points, labels, np.arange(60) % 25 == 3


def written(figure):
    return [(text.get_text(), text.get_position()) for text in figure.axes[0].texts]


def test_every_example_is_a_dot_in_the_colour_of_its_class(examples):
    points, labels, _ = examples
    (dots,) = show_embedding(*examples).axes[0].collections
    np.testing.assert_array_equal(dots.get_offsets(), points)
    colours = dots.get_facecolors()
    for label in (2, 5, 9):
        assert len(np.unique(colours[labels == label], axis=0)) == 1
    assert len(np.unique(colours, axis=0)) == 3


def test_a_mistake_carries_its_true_class_and_a_class_has_its_name_in_the_middle(examples):
    points, labels, wrong = examples
    texts = written(show_embedding(*examples))
    mistakes, names = texts[: wrong.sum()], texts[wrong.sum() :]
    assert mistakes == [(str(label), tuple(at)) for label, at in zip(labels[wrong], points[wrong], strict=True)]
    middles = [tuple(np.median(points[labels == label], axis=0)) for label in (2, 5, 9)]
    assert names == list(zip("259", middles, strict=True))


def test_every_text_can_be_read_on_a_phone_that_is_390_pixels_wide(examples):
    figure = show_embedding(*examples)
    shrunk = min(1, 390 / size_of(figure)[0])
    assert min(text.get_fontsize() for text in figure.axes[0].texts) * shrunk >= 7


@pytest.mark.parametrize(
    ("index", "other", "words"),
    [
        (0, np.zeros((60, 3)), r"points must be \(N, 2\)"),
        (1, np.zeros(59, dtype=int), r"labels \(59,\)"),
        (1, np.full(60, 10), "integers from 0 to 9"),
        (1, np.zeros(60), "integers from 0 to 9"),
        (2, np.zeros(60, dtype=int), "wrong True or False"),
        (0, np.full((60, 2), np.nan), "points"),
    ],
)
def test_other_arguments_are_refused(examples, index, other, words):
    arguments = list(examples)
    arguments[index] = other
    with pytest.raises(ValueError, match=words):
        show_embedding(*arguments)
