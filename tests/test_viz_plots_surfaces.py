"""Cost surfaces: round contours with their numbers, the direction of descent, and the slope, as they were given."""

import matplotlib
import matplotlib.colors
import matplotlib.image
import numpy as np
import pytest
from matplotlib.contour import ContourSet
from readable import assert_readable

from cnn_viz.plots.surfaces import draw_surface

OFFSETS = np.linspace(-1, 1, 11)


@pytest.fixture
def bowl():
    """Return costs that grow faster along the second direction, by (first, second)."""
    return 0.1 + OFFSETS[:, None] ** 2 + 6 * OFFSETS[None] ** 2


def lines(ax):
    """Return the contour lines of a map."""
    (found,) = [each for each in ax.collections if isinstance(each, ContourSet) and not each.filled]
    return found


def arrow(ax):
    (found,) = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    return np.array(found.xy) - np.array(found.xyann)


def test_contours_are_at_round_costs_and_carry_their_numbers(bowl):
    ax = draw_surface(None, OFFSETS, bowl)
    np.testing.assert_allclose(lines(ax).levels, [0.2, 0.5, 1, 2, 5])
    written = {text.get_text() for text in ax.texts}
    assert written == {"0.2", "0.5", "1", "2", "5"}


@pytest.mark.parametrize("scale", [1, 30])
def test_nothing_that_is_written_is_clipped_or_covered(bowl, scale):
    ax = draw_surface(None, OFFSETS, scale * bowl)
    assert_readable(ax)
    inner = ax.get_window_extent()
    for text in ax.texts:
        box = text.get_window_extent()
        assert inner.x0 < box.x0 < box.x1 < inner.x1
        assert inner.y0 < box.y0 < box.y1 < inner.y1


def test_every_number_stands_on_its_own_line(bowl):
    ax = draw_surface(None, OFFSETS, bowl)
    for level, path in zip(lines(ax).levels, lines(ax).get_paths(), strict=True):
        (text,) = [each for each in ax.texts if each.get_text() == f"{level:g}"]
        assert np.hypot(*(path.vertices - text.get_position()).T).min() < 1e-9


def test_numbers_without_space_are_left_out_and_do_not_overlap():
    peak = 3 + 100 * np.exp(-((OFFSETS[:, None] - 0.4) ** 2 + (OFFSETS[None] - 0.4) ** 2) / 0.02)
    ax = draw_surface(None, OFFSETS, peak)
    assert_readable(ax)
    assert 0 < len(ax.texts) < len(lines(ax).levels)


def test_where_costs_differ_little_the_lines_are_evenly_apart(bowl):
    levels = lines(draw_surface(None, OFFSETS, bowl + 5)).levels
    assert len(levels) >= 4
    assert len(set(np.diff(levels).round(9))) == 1


def test_the_first_direction_runs_to_the_right(bowl):
    ax = draw_surface(None, OFFSETS, bowl)
    level = lines(ax).get_paths()[list(lines(ax).levels).index(1.0)]
    width, height = np.ptp(level.vertices, axis=0)
    assert width > 2 * height  # the cost grows more slowly along the first direction
    assert "first" in ax.get_xlabel()
    assert "second" in ax.get_ylabel()


def test_the_ground_is_darker_where_the_cost_is_lower_and_light_enough_for_black_numbers(bowl):
    ax = draw_surface(None, OFFSETS, bowl)
    (ground,) = [each for each in ax.collections if isinstance(each, ContourSet) and each.filled]
    grey = matplotlib.colors.to_rgba_array(ground.get_facecolor())[:, :3] @ [0.299, 0.587, 0.114]
    assert (np.diff(grey) > 0).all()
    assert grey[0] > 0.4


def test_a_cross_is_where_nothing_was_changed_and_a_ring_at_the_point(bowl):
    cross, ring = draw_surface(None, OFFSETS, bowl, point=(0.4, -0.2)).lines
    assert (cross.get_marker(), *cross.get_xydata()[0]) == ("+", 0, 0)
    assert (ring.get_marker(), *ring.get_xydata()[0]) == ("o", 0.4, -0.2)


def test_offsets_without_0_have_no_cross(bowl):
    assert not draw_surface(None, OFFSETS + 2, bowl).lines


def test_the_arrow_points_against_the_slope(bowl):
    ax = draw_surface(None, OFFSETS, bowl, point=(0.4, -0.2), slope=(3.0, -4.0))
    np.testing.assert_allclose(arrow(ax) / np.hypot(*arrow(ax)), [-0.6, 0.8])


def test_a_zero_slope_has_no_arrow(bowl):
    ax = draw_surface(None, OFFSETS, bowl, point=(0, 0), slope=(0.0, 0.0))
    assert all(getattr(text, "arrow_patch", None) is None for text in ax.texts)


def test_a_plain_has_no_lines_and_can_be_drawn():
    ax = draw_surface(None, OFFSETS, np.full((11, 11), np.log(10)))
    assert not ax.collections
    assert ax.get_xlim() == ax.get_ylim() == (-1, 1)


def test_no_argument_is_changed(bowl):
    before = bowl.copy()
    draw_surface(None, OFFSETS, bowl, (0.6, -0.4), (1.2, -4.8))
    np.testing.assert_array_equal(bowl, before)


@pytest.mark.parametrize(
    ("offsets", "costs", "words"),
    [
        (OFFSETS, np.ones((11, 10)), "as many costs each way"),
        (OFFSETS[::-1], np.ones((11, 11)), "must rise"),
        (OFFSETS, np.zeros((11, 11)), "above 0"),
        (OFFSETS, np.full((11, 11), np.inf), "finite"),
        (OFFSETS, np.ones(11), "costs"),
    ],
)
def test_what_is_no_surface_is_refused(offsets, costs, words):
    with pytest.raises(ValueError, match=f"draw_surface.*{words}"):
        draw_surface(None, offsets, costs)
