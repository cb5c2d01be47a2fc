"""Pictures of moved digits: what is drawn is what was given, one scale for all, signs that need no colour."""

import numpy as np
import pytest

from cnn_viz.figures import size_of
from cnn_viz.moved import SCALE, in_two_columns, show_shares, show_walk
from cnn_viz.palette import PADDING


def walk(rng, **changes):
    maps = {"relu (4, 10, 8)": rng.random((4, 10, 8)), "pool (3, 5, 4)": rng.random((3, 5, 4))}
    given = {"image": rng.random((10, 8)), "maps": maps, "scores": np.array([0.1, 0.7, 0.2])}
    return show_walk(**given | changes)


@pytest.mark.parametrize(("K", "shape"), [(1, (2, 3)), (2, (2, 8)), (3, (6, 8)), (4, (6, 8))])
def test_in_two_columns_keeps_every_map_and_leaves_gaps(rng, K, shape):
    stack = rng.random((K, 2, 3))
    array = in_two_columns(stack)
    assert array.shape == shape
    np.testing.assert_array_equal(array[~np.isnan(array)][:3], stack[0, 0])
    assert np.count_nonzero(~np.isnan(array)) == stack.size


def test_show_walk_draws_the_image_and_the_maps(rng):
    image = rng.random((10, 8))
    figure = walk(rng, image=image)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), image)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "X (10, 8)", "relu (4, 10, 8)", "pool (3, 5, 4)", "read as"
    ]  # fmt: skip


def test_show_walk_draws_a_pixel_equally_large_everywhere(rng):
    figure = walk(rng)
    width, height = size_of(figure)
    for ax in figure.axes[:-1]:
        rows, columns = ax.images[0].get_array().shape
        box = ax.get_position()
        assert box.width * width / columns == pytest.approx(SCALE)
        assert box.height * height / rows == pytest.approx(SCALE)


def test_show_walk_marks_the_largest_score_without_colour(rng):
    bars = walk(rng).axes[-1]
    assert [bar.get_width() for bar in bars.patches] == [0.1, 0.7, 0.2]
    assert np.argmax([bar.get_linewidth() for bar in bars.patches]) == 1
    assert [text.get_text() for text in bars.texts if text.get_weight() == "bold"] == ["1", "70%"]


def test_show_walk_draws_maps_of_zeros(rng):
    assert walk(rng, maps={"dead": np.zeros((2, 3, 3))}).axes[1].images[0].get_clim() == (0, 1)


def test_show_walk_changes_nothing_that_it_is_given(rng):
    image = rng.random((10, 8))
    before = image.copy()
    walk(rng, image=image)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("changes", [{"image": np.zeros((1, 2, 2))}, {"maps": {"O": np.zeros((3, 3))}}, {"scores": 3}])
def test_show_walk_refuses_other_shapes(rng, changes):
    with pytest.raises(ValueError, match="show_walk"):
        walk(rng, **changes)


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
