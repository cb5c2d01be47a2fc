"""Filters with their maps: what is drawn is what was given, each map under its filter, signs that need no colour."""

import numpy as np
import pytest
from matplotlib import colormaps

from cnn_viz.figures import size_of
from cnn_viz.inside import BETWEEN, CELL, GAP, PIXEL, ROW_GAP, show_inside
from cnn_viz.palette import MAGNITUDES, SIGNED

WIDE, TALL = 10 * PIXEL, 3 * CELL + BETWEEN + 10 * PIXEL  # of a filter (3, 3) with its map (10, 10)
COLUMN = max(WIDE, 3 * CELL) + GAP


def drawn(rng, K=4, columns=2, **changes):
    given = {"F": rng.normal(size=(K, 1, 3, 3)), "maps": rng.random((K, 10, 10))} | changes
    (ax,) = show_inside(**given, title="after 3 steps", columns=columns).axes
    return given, ax, ax.images[0].get_array()


def test_every_weight_is_a_square_of_its_colour(rng):
    given, _, sheet = drawn(rng)
    F, largest = given["F"][:, 0], np.abs(given["F"]).max()
    for (k, row, column), weight in np.ndenumerate(F):
        top, left = k // 2 * (TALL + ROW_GAP) + row * CELL, k % 2 * COLUMN + column * CELL
        square = sheet[top : top + CELL, left : left + CELL]
        np.testing.assert_allclose(square[CELL // 2, CELL // 2], colormaps[SIGNED]((weight + largest) / (2 * largest)))
        assert (square == square[0, 0]).all()


def test_every_map_stands_under_its_filter_on_one_scale(rng):
    given, _, sheet = drawn(rng)
    for k, found in enumerate(given["maps"]):
        top, left = k // 2 * (TALL + ROW_GAP) + 3 * CELL + BETWEEN, k % 2 * COLUMN
        tile = sheet[top : top + 10 * PIXEL : PIXEL, left : left + 10 * PIXEL : PIXEL]
        np.testing.assert_allclose(tile, colormaps[MAGNITUDES](found / given["maps"].max()))


def test_a_dash_stands_on_every_negative_weight_and_nowhere_else(rng):
    given, ax, _ = drawn(rng)
    dashes = {tuple(place) for place in ax.collections[0].get_offsets().tolist()}
    places = np.argwhere(given["F"][:, 0] < 0)
    wanted = {
        (k % 2 * COLUMN + (column + 0.5) * CELL, k // 2 * (TALL + ROW_GAP) + (row + 0.5) * CELL)
        for k, row, column in places.tolist()
    }
    assert dashes == wanted


def test_what_is_not_used_of_the_last_row_is_white_and_the_title_is_there(rng):
    _, ax, sheet = drawn(rng, K=3)
    assert (sheet[TALL + ROW_GAP :, COLUMN:] == 1).all()
    assert ax.get_title(loc="left") == "after 3 steps"


def test_a_pixel_of_the_sheet_is_a_pixel_of_the_page(rng):
    _, ax, sheet = drawn(rng)
    width, height = size_of(ax.figure)
    box = ax.get_position()
    assert (box.width * width, box.height * height) == pytest.approx(sheet.shape[1::-1])


def test_filters_and_maps_of_zeros_are_drawn(rng):
    _, _, sheet = drawn(rng, F=np.zeros((4, 1, 3, 3)), maps=np.zeros((4, 10, 10)))
    np.testing.assert_allclose(sheet[0, 0], colormaps[SIGNED](0.5))


def test_nothing_that_is_given_is_changed(rng):
    F, maps = rng.normal(size=(4, 1, 3, 3)), rng.random((4, 10, 10))
    before = F.copy(), maps.copy()
    drawn(rng, F=F, maps=maps)
    np.testing.assert_array_equal(F, before[0])
    np.testing.assert_array_equal(maps, before[1])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"F": np.ones((4, 2, 3, 3))}, r"F \(4, 2, 3, 3\) must be \(K, 1, kH, kW\)"),
        ({"maps": np.ones((3, 10, 10))}, r"with a map for each; maps \(3, 10, 10\)"),
        ({"maps": np.full((4, 10, 10), -0.5)}, r"0 or more, as ReLU makes them; the least is -0\.5"),
        ({"F": np.full((4, 1, 3, 3), np.nan)}, "not finite"),
        ({"columns": 0}, "columns must be a positive integer, got 0"),
    ],
)
def test_what_does_not_belong_together_is_refused(rng, changes, words):
    with pytest.raises(ValueError, match=f"show_inside.*{words}"):
        drawn(rng, **changes)
