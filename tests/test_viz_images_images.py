"""Pictures of images: every image in its order, one scale for all, signs without colour."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from cnn_viz.base.figures import size_of
from cnn_viz.base.grid import tile_grid
from cnn_viz.base.palette import EDGE
from cnn_viz.images.images import show_feature_maps, show_filtered, show_image, show_images


def texts(figure):
    """Return every text that is written on the first axes of a figure."""
    return [text.get_text() for text in figure.axes[0].texts]


def drawn(figure):
    """Return the array that the first axes of a figure show, nan where there is nothing."""
    return np.ma.filled(figure.axes[0].images[0].get_array().astype(float), np.nan)


def dashes(ax):
    """Return the (x, y) of every dash on some axes."""
    marks = [each for each in ax.collections if isinstance(each, PathCollection)]
    return {tuple(map(float, at)) for each in marks for at in np.asarray(each.get_offsets())}


@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5), (1, 1, 4, 5)], ids=str)
def test_show_image_draws_the_image(rng, shape):
    image = rng.random(shape)
    ax = show_image(image)
    np.testing.assert_array_equal(ax.images[0].get_array(), image.reshape(4, 5))
    assert ax.images[0].get_cmap().name == "gray"


def test_show_image_draws_on_the_axes_it_is_given(rng):
    ax = Figure().subplots()
    assert show_image(rng.random((4, 4)), ax=ax, title=7) is ax
    assert ax.get_title() == "7"
    assert len(ax.images) == 1


@pytest.mark.parametrize(
    ("image", "limits"),
    [
        pytest.param(np.array([[0.2, 0.8]]), (0, 1), id="shares-of-one"),
        pytest.param(np.array([[3, 200]], dtype=np.uint8), (0, 255), id="bytes"),
        pytest.param(np.array([[0, 1]], dtype=np.uint8), (0, 255), id="dark-bytes"),
        pytest.param(np.array([[-1.0, 2.0]]), (-1, 2), id="anything-else"),
    ],
)
def test_black_and_white_stand_for_the_same_values_in_every_image(image, limits):
    assert show_image(image).images[0].get_clim() == limits


@pytest.mark.parametrize("shape", [(7, 4, 5), (7, 1, 4, 5)], ids=str)
def test_show_images_draws_every_image_in_reading_order(rng, shape):
    images = rng.random(shape)
    figure = show_images(images, columns=3)
    array, grid = drawn(figure), tile_grid(images.reshape(7, 4, 5), 3)
    assert np.isfinite(array).sum() == images.size
    values = array[np.isfinite(array)]
    assert np.isin(images, values).all()
    first_row = array[:4][np.isfinite(array[:4])].reshape(4, 3, 5).transpose(1, 0, 2)
    np.testing.assert_array_equal(first_row, images.reshape(7, 4, 5)[:3])
    assert len(grid.corners) == 7


def test_show_images_writes_each_title_above_its_image(rng):
    figure = show_images(rng.random((3, 6, 6)), titles=[5, "0\n(98 %)", 4], columns=2)
    assert texts(figure) == ["5", "0\n(98 %)", "4"]
    first, second, third = (text.xy for text in figure.axes[0].texts)
    assert first[1] == second[1] < third[1]
    assert first[0] == third[0] < second[0]


def test_titles_that_are_wider_than_an_image_move_the_images_apart(rng):
    images = rng.random((4, 28, 28))
    assert size_of(show_images(images, titles=["a very long title"] * 4))[0] > size_of(show_images(images))[0] + 100


def test_every_pixel_is_drawn_as_large_as_any_other(rng):
    figure = show_images(rng.random((20, 28, 28)))
    box, array = figure.axes[0].get_position(), drawn(figure)
    width, height = np.array(size_of(figure)) * 2 * (box.width, box.height) / array.shape[::-1]
    assert (width, height) == (pytest.approx(5), pytest.approx(5))  # of the screen's, at twice the page's size


def test_a_hundred_digits_fit_on_a_page(rng):
    assert size_of(show_images(rng.random((100, 28, 28)), columns=20))[0] <= 800


def test_the_images_are_not_changed(rng):
    images = rng.integers(0, 256, (3, 4, 4)).astype(np.uint8)
    images.flags.writeable = False
    before = images.copy()
    show_images(images)
    np.testing.assert_array_equal(images, before)


SHAPE = r"expected \(H, W\), \(N, H, W\) or \(N, 1, H, W\)"


@pytest.mark.parametrize(
    ("images", "kind", "message"),
    [
        pytest.param(np.zeros(28), ValueError, SHAPE, id="one-dimension"),
        pytest.param(np.zeros((2, 3, 4, 4)), ValueError, "Choose one of the 3 channels", id="three-channels"),
        pytest.param(np.zeros((2, 4, 4, 1)), ValueError, "channels-last", id="channels-last"),
        pytest.param(np.zeros((0, 4, 4)), ValueError, "is empty", id="none"),
        pytest.param(np.full((2, 4, 4), np.nan), ValueError, "not finite", id="nan"),
        pytest.param([["a"]], TypeError, "real numbers", id="text"),
    ],
)
def test_show_images_refuses_arrays_that_hold_no_images(images, kind, message):
    with pytest.raises(kind, match=message):
        show_images(images)


def test_show_image_refuses_several_images():
    with pytest.raises(ValueError, match=r"holds 3 images \(shape \(3, 4, 4\)\)"):
        show_image(np.zeros((3, 4, 4)))


def test_show_images_refuses_titles_that_are_too_few():
    with pytest.raises(ValueError, match="got 2 titles for 3 images"):
        show_images(np.zeros((3, 4, 4)), titles=[1, 2])


@pytest.mark.parametrize("titles", ["123", 7], ids=["text", "number"])
def test_show_images_refuses_titles_that_are_no_sequence(titles):
    with pytest.raises(TypeError, match="titles must be a sequence"):
        show_images(np.zeros((3, 4, 4)), titles=titles)


@pytest.mark.parametrize(("columns", "kind"), [(0, ValueError), (2.0, TypeError), (True, TypeError)])
def test_show_images_refuses_columns_that_are_no_count(columns, kind):
    with pytest.raises(kind, match="columns must be a positive integer"):
        show_images(np.zeros((3, 4, 4)), columns=columns)


def test_signed_maps_are_drawn_on_one_scale_with_zero_in_its_middle(rng):
    O = rng.normal(size=(1, 6, 3, 3))
    image = show_feature_maps(O).axes[0].images[0]
    assert image.get_cmap().name == "PuOr"
    assert image.get_clim() == (-np.abs(O).max(), np.abs(O).max())


@pytest.mark.parametrize("shape", [(1, 6, 3, 3), (4, 3, 5, 2)], ids=str)
def test_a_dash_stands_on_every_negative_cell_and_on_no_other(rng, shape):
    figure = show_feature_maps(rng.normal(size=shape))
    rows, columns = np.nonzero(drawn(figure) < 0)
    assert dashes(figure.axes[0]) == set(zip(columns.astype(float), rows.astype(float), strict=True))


def test_the_colour_bar_has_the_limits_with_their_signs():
    bar = show_feature_maps(np.array([-0.25, 0.0, 0.5, 0.1]).reshape(1, 1, 2, 2)).axes[1]
    assert [tick.get_text() for tick in bar.get_yticklabels()] == ["−0.5", "0", "+0.5"]
    assert len(dashes(bar)) == 3
    assert all(y < 0 for _, y in dashes(bar))


def test_the_maps_of_several_images_are_a_table(rng):
    O = rng.normal(size=(2, 3, 4, 4))
    figure = show_feature_maps(O, columns=1)
    array = drawn(figure)
    rows = array[np.isfinite(array).any(axis=1)]
    table = rows[:, np.isfinite(rows).any(axis=0)].reshape(2, 4, 3, 4)
    np.testing.assert_array_equal(table.transpose(0, 2, 1, 3), O)


def test_each_map_is_outlined_in_the_hue_of_outputs():
    frames = show_feature_maps(np.zeros((1, 3, 3, 3))).axes[0].patches
    assert len(frames) == 3
    assert all(same_color(frame.get_edgecolor(), EDGE["O"]) for frame in frames)
    assert {frame.get_linestyle() for frame in frames} <= {"-", "solid"}


def test_weights_drawn_as_images_are_named_and_outlined_as_weights():
    figure = show_feature_maps(np.zeros((2, 3, 3)), name="W", kind="node", role="F")
    assert texts(figure) == ["node 0", "1"]
    assert all(same_color(frame.get_edgecolor(), EDGE["F"]) for frame in figure.axes[0].patches)
    with pytest.raises(ValueError, match="show_feature_maps: unknown role"):
        show_feature_maps(np.zeros((2, 3, 3)), role="W")


def test_a_gradient_has_a_dashed_outline():
    figure = show_feature_maps(np.zeros((1, 1, 3, 3)), name="dC/dO")
    assert figure.axes[0].patches[0].get_linestyle() in ("--", "dashed")
    assert figure.texts[0].get_text() == "dC/dO (1, 1, 3, 3)"


def test_maps_that_are_all_zero_can_be_drawn():
    assert show_feature_maps(np.zeros((1, 1, 3, 3))).axes[0].images[0].get_clim() == (0, 1)


def test_many_maps_fit_on_a_page(rng):
    width, height = size_of(show_feature_maps(rng.normal(size=(32, 16, 3, 3))))
    assert width <= 800
    assert height <= 1100


def test_maps_without_negative_values_go_from_dark_to_bright(rng):
    O = rng.random((1, 5, 8, 8)) * 3
    image = show_feature_maps(O).axes[0].images[0]
    assert image.get_cmap().name == "cividis"
    assert image.get_clim() == (0, O.max())


def test_maps_with_negative_values_are_drawn_with_their_signs(rng):
    figure = show_feature_maps(rng.normal(size=(5, 4, 4)))
    assert figure.axes[0].images[0].get_cmap().name == "PuOr"
    assert len(dashes(figure.axes[0])) == (drawn(figure) < 0).sum()


def test_on_cells_that_are_too_small_for_dashes_negative_values_are_hatched(rng):
    ax = show_feature_maps(rng.normal(size=(16, 24, 24))).axes[0]
    assert any(hatch for marks in ax.collections for hatch in getattr(marks, "hatches", []))


def test_the_maps_of_one_image_are_numbered_and_those_of_several_are_a_table(rng):
    assert texts(show_feature_maps(rng.random((1, 3, 5, 5)))) == ["map 0", "1", "2"]
    figure = show_feature_maps(rng.random((2, 3, 5, 5)))
    assert texts(figure) == ["0", "1", "2", "0", "1", "image", "map"]
    assert figure.texts[0].get_text() == "O (2, 3, 5, 5)"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        pytest.param(np.zeros((3, 3)), "must have 4 dimensions", id="two-dimensions"),
        pytest.param(np.zeros((0, 1, 3, 3)), "is empty", id="none"),
        pytest.param(np.full((1, 1, 3, 3), np.inf), "not finite", id="infinite"),
    ],
)
def test_maps_of_another_form_are_refused(array, message):
    with pytest.raises(ValueError, match=f"show_feature_maps: .*{message}"):
        show_feature_maps(array)


F = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]])


def test_show_filtered_draws_a_map_for_each_filter(rng):
    maps = [rng.normal(size=(6, 8)), rng.normal(size=(6, 8))]
    figure = show_filtered(rng.random((8, 10)), {"edge": F, "more": -F}, maps)
    images = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    assert len(images) == 3
    np.testing.assert_array_equal(images[1], maps[0])
    assert {"X (8, 10)", "edge", "more", "O (6, 8)"} <= {text.get_text() for text in figure.texts}


def test_show_filtered_refuses_a_missing_map(rng):
    with pytest.raises(ValueError, match="2 filters and 1 maps"):
        show_filtered(rng.random((8, 10)), {"edge": F, "more": -F}, [rng.random((6, 8))])
