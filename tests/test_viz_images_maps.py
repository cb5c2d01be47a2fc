"""Pictures of maps: the arrays that are drawn are those that were given, on one scale, with signs without colour."""

import numpy as np
import pytest
from matplotlib import colormaps

from cnn_viz.base.figures import size_of
from cnn_viz.base.palette import MAGNITUDES, SIGNED
from cnn_viz.images.maps import BETWEEN, GAPS, PIXEL, SCALE, WEIGHT, show_first_layer, show_forward_pass


def forward(rng, **changes):
    maps = {"relu (4, 10, 8)": rng.random((4, 10, 8)), "pool (3, 5, 4)": rng.random((3, 5, 4))}
    given = {"image": rng.random((10, 8)), "maps": maps, "scores": np.array([0.1, 0.7, 0.2])}
    return show_forward_pass(**given | changes)


def test_show_forward_pass_draws_the_image_and_the_maps(rng):
    image = rng.random((10, 8))
    figure = forward(rng, image=image)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), image)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "X (10, 8)", "relu (4, 10, 8)", "pool (3, 5, 4)", "probability"
    ]  # fmt: skip


def test_show_forward_pass_draws_a_pixel_equally_large_everywhere(rng):
    figure = forward(rng)
    width, height = size_of(figure)
    for ax in figure.axes[:-1]:
        rows, columns = ax.images[0].get_array().shape
        box = ax.get_position()
        assert box.width * width / columns == pytest.approx(SCALE)
        assert box.height * height / rows == pytest.approx(SCALE)


@pytest.mark.parametrize(("columns", "wide"), [(1, 8), (3, 28), (9, 38)])
def test_show_forward_pass_draws_so_many_maps_in_a_row(rng, columns, wide):
    array = forward(rng, columns=columns).axes[1].images[0].get_array()
    assert array.shape[1] == wide  # four maps of 8 columns, two cells apart


def test_show_forward_pass_marks_the_largest_score_without_colour(rng):
    bars = forward(rng).axes[-1]
    assert [bar.get_width() for bar in bars.patches] == [0.1, 0.7, 0.2]
    assert np.argmax([bar.get_linewidth() for bar in bars.patches]) == 1
    assert [text.get_text() for text in bars.texts if text.get_weight() == "bold"] == ["1", "70%"]


def test_show_forward_pass_draws_maps_of_zeros(rng):
    assert forward(rng, maps={"dead": np.zeros((2, 3, 3))}).axes[1].images[0].get_clim() == (0, 1)


def test_show_forward_pass_changes_nothing_that_it_is_given(rng):
    image = rng.random((10, 8))
    before = image.copy()
    forward(rng, image=image)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("changes", [{"image": np.zeros((1, 2, 2))}, {"maps": {"O": np.zeros((3, 3))}}, {"scores": 3}])
def test_show_forward_pass_refuses_other_shapes(rng, changes):
    with pytest.raises(ValueError, match="show_forward_pass"):
        forward(rng, **changes)


WIDE, TALL = 10 * PIXEL, 3 * WEIGHT + BETWEEN + 10 * PIXEL  # of a filter (3, 3) with its map (10, 10)


COLUMN = max(WIDE, 3 * WEIGHT) + GAPS[1]


def drawn(rng, K=4, columns=2, **changes):
    given = {"F": rng.normal(size=(K, 1, 3, 3)), "maps": rng.random((K, 10, 10))} | changes
    (ax,) = show_first_layer(**given, title="after 3 steps", columns=columns).axes
    return given, ax, ax.images[0].get_array()


def test_every_weight_is_a_square_of_its_colour(rng):
    given, _, canvas = drawn(rng)
    F, largest = given["F"][:, 0], np.abs(given["F"]).max()
    for (k, row, column), weight in np.ndenumerate(F):
        top, left = k // 2 * (TALL + GAPS[0]) + row * WEIGHT, k % 2 * COLUMN + column * WEIGHT
        square = canvas[top : top + WEIGHT, left : left + WEIGHT]
        np.testing.assert_allclose(
            square[WEIGHT // 2, WEIGHT // 2], colormaps[SIGNED]((weight + largest) / (2 * largest))
        )
        assert (square == square[0, 0]).all()


def test_every_map_stands_under_its_filter_on_one_scale(rng):
    given, _, canvas = drawn(rng)
    for k, found in enumerate(given["maps"]):
        top, left = k // 2 * (TALL + GAPS[0]) + 3 * WEIGHT + BETWEEN, k % 2 * COLUMN
        tile = canvas[top : top + 10 * PIXEL : PIXEL, left : left + 10 * PIXEL : PIXEL]
        np.testing.assert_allclose(tile, colormaps[MAGNITUDES](found / given["maps"].max()))


def test_a_dash_stands_on_every_negative_weight_and_nowhere_else(rng):
    given, ax, _ = drawn(rng)
    dashes = {tuple(place) for place in ax.collections[0].get_offsets().tolist()}
    places = np.argwhere(given["F"][:, 0] < 0)
    wanted = {
        (k % 2 * COLUMN + (column + 0.5) * WEIGHT, k // 2 * (TALL + GAPS[0]) + (row + 0.5) * WEIGHT)
        for k, row, column in places.tolist()
    }
    assert dashes == wanted


def test_what_is_not_used_of_the_last_row_is_white_and_the_title_is_there(rng):
    _, ax, canvas = drawn(rng, K=3)
    assert (canvas[TALL + GAPS[0] :, COLUMN:] == 1).all()
    assert ax.get_title(loc="left") == "after 3 steps"


def test_a_pixel_of_the_grid_is_a_pixel_of_the_page(rng):
    _, ax, canvas = drawn(rng)
    width, height = size_of(ax.figure)
    box = ax.get_position()
    assert (box.width * width, box.height * height) == pytest.approx(canvas.shape[1::-1])


def test_filters_and_maps_of_zeros_are_drawn(rng):
    _, _, canvas = drawn(rng, F=np.zeros((4, 1, 3, 3)), maps=np.zeros((4, 10, 10)))
    np.testing.assert_allclose(canvas[0, 0], colormaps[SIGNED](0.5))


def test_no_argument_is_changed(rng):
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
    with pytest.raises(ValueError, match=f"show_first_layer.*{words}"):
        drawn(rng, **changes)
