"""Pictures of arrays: what is drawn is what was given, signs can be seen without colour, wrong shapes are refused."""

import io

import matplotlib.image
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import same_color
from matplotlib.figure import Figure

import cnn_viz
from cnn_viz.confusion import draw_confusion_matrix
from cnn_viz.figures import add_axes, bundle_of, new_figure, png_of, show_figure, size_of
from cnn_viz.images import show_feature_maps, show_filters, show_image, show_images
from cnn_viz.mosaic import mosaic_of, signed_text
from cnn_viz.palette import HUE, PADDING


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


# --- images -----------------------------------------------------------------------------------------------------------


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
    array, mosaic = drawn(figure), mosaic_of(images.reshape(7, 4, 5), 3)
    assert np.isfinite(array).sum() == images.size
    values = array[np.isfinite(array)]
    assert np.isin(images, values).all()
    first_row = array[:4][np.isfinite(array[:4])].reshape(4, 3, 5).transpose(1, 0, 2)
    np.testing.assert_array_equal(first_row, images.reshape(7, 4, 5)[:3])
    assert len(mosaic.corners) == 7


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
def test_show_images_refuses_what_are_no_images(images, kind, message):
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


# --- filters and feature maps -----------------------------------------------------------------------------------------


def test_filters_are_drawn_on_one_scale_with_zero_in_its_middle(rng):
    F = rng.normal(size=(6, 1, 3, 3))
    image = show_filters(F).axes[0].images[0]
    assert image.get_cmap().name == "PuOr"
    assert image.get_clim() == (-np.abs(F).max(), np.abs(F).max())


@pytest.mark.parametrize("shape", [(6, 1, 3, 3), (4, 3, 5, 2)], ids=str)
def test_a_dash_stands_on_every_negative_weight_and_on_no_other(rng, shape):
    figure = show_filters(rng.normal(size=shape))
    rows, columns = np.nonzero(drawn(figure) < 0)
    assert dashes(figure.axes[0]) == set(zip(columns.astype(float), rows.astype(float), strict=True))


def test_the_colour_bar_says_the_limits_with_their_signs(rng):
    bar = show_filters(np.array([-0.25, 0.0, 0.5, 0.1]).reshape(1, 1, 2, 2)).axes[1]
    assert [tick.get_text() for tick in bar.get_yticklabels()] == ["−0.5", "0", "+0.5"]
    assert len(dashes(bar)) == 3
    assert all(y < 0 for _, y in dashes(bar))


def test_filters_of_one_channel_are_numbered():
    figure = show_filters(np.zeros((3, 1, 3, 3)))
    assert texts(figure) == ["filter 0", "1", "2"]
    assert figure.texts[0].get_text() == "F (3, 1, 3, 3)"


def test_filters_of_several_channels_are_a_table(rng):
    F = rng.normal(size=(2, 3, 4, 4))
    figure = show_filters(F, columns=1)
    assert texts(figure) == ["0", "1", "2", "0", "1", "filter", "channel"]
    array = drawn(figure)
    rows = array[np.isfinite(array).any(axis=1)]
    table = rows[:, np.isfinite(rows).any(axis=0)].reshape(2, 4, 3, 4)
    np.testing.assert_array_equal(table.transpose(0, 2, 1, 3), F)


def test_each_filter_is_outlined_in_the_hue_of_filters():
    frames = show_filters(np.zeros((3, 1, 3, 3))).axes[0].patches
    assert len(frames) == 3
    assert all(same_color(frame.get_edgecolor(), HUE["F"]) for frame in frames)
    assert {frame.get_linestyle() for frame in frames} <= {"-", "solid"}


def test_a_gradient_has_a_dashed_outline():
    figure = show_filters(np.zeros((1, 1, 3, 3)), name="dC/dF")
    assert figure.axes[0].patches[0].get_linestyle() in ("--", "dashed")
    assert figure.texts[0].get_text() == "dC/dF (1, 1, 3, 3)"


def test_filters_that_are_all_zero_can_be_drawn():
    assert show_filters(np.zeros((1, 1, 3, 3))).axes[0].images[0].get_clim() == (-1, 1)


def test_many_filters_fit_on_a_page(rng):
    width, height = size_of(show_filters(rng.normal(size=(32, 16, 3, 3))))
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


@pytest.mark.parametrize("draw", [show_filters, show_feature_maps])
@pytest.mark.parametrize(
    ("array", "message"),
    [
        pytest.param(np.zeros((3, 3)), "must have 4 dimensions", id="two-dimensions"),
        pytest.param(np.zeros((0, 1, 3, 3)), "is empty", id="none"),
        pytest.param(np.full((1, 1, 3, 3), np.inf), "not finite", id="infinite"),
    ],
)
def test_filters_and_maps_of_another_form_are_refused(draw, array, message):
    with pytest.raises(ValueError, match=f"{draw.__name__}: .*{message}"):
        draw(array)


def test_a_mosaic_has_gaps_between_its_tiles_only(rng):
    tiles = rng.random((3, 2, 2))
    mosaic = mosaic_of(tiles, columns=2, gap=1, above=2)
    assert mosaic.array.shape == (2 + 2 + 1 + 2 + 2, 2 + 1 + 2)
    np.testing.assert_array_equal(mosaic.corners, [[2, 0], [2, 3], [7, 0]])
    np.testing.assert_array_equal(mosaic.array[7:9, 0:2], tiles[2])
    assert np.isnan(mosaic.array[7:9, 2:]).all()


def test_numbers_with_a_sign_have_a_true_minus():
    assert [signed_text(value) for value in (-0.123, 0.0, 4.0)] == ["−0.12", "0", "+4"]


# --- the confusion matrix ---------------------------------------------------------------------------------------------

MATRIX = np.array([[90, 0, 8], [1, 95, 0], [4, 3, 80]])


def test_the_confusion_matrix_writes_every_count_into_its_cell():
    cells = {tuple(text.get_position()): text.get_text() for text in draw_confusion_matrix(MATRIX).texts}
    assert cells == {(column, row): str(count) for (row, column), count in np.ndenumerate(MATRIX)}


def test_only_the_mistakes_are_coloured():
    ax = draw_confusion_matrix(MATRIX)
    shown = ax.images[0].get_array()
    np.testing.assert_array_equal(shown.mask, np.eye(3, dtype=bool))
    assert ax.images[0].get_cmap().name == "cividis"
    assert ax.images[0].get_clim() == (0, 8)
    assert same_color(ax.get_facecolor(), PADDING)


def test_what_was_read_rightly_is_bold():
    bold = [text.get_text() for text in draw_confusion_matrix(MATRIX).texts if text.get_weight() == "bold"]
    assert bold == ["90", "95", "80"]


def test_counts_are_dark_on_bright_cells_and_light_on_dark_ones():
    ax = draw_confusion_matrix(MATRIX)
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    assert colours["8"] == colours["90"] == "#000000"
    assert colours["1"] == colours["3"] == "white"


def test_rows_and_columns_of_the_confusion_matrix_say_what_they_are():
    ax = Figure().subplots()
    assert draw_confusion_matrix(MATRIX, ax=ax) is ax
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true class", "read as")


def test_a_confusion_matrix_without_mistakes_can_be_drawn():
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
def test_what_is_no_confusion_matrix_is_refused(matrix, kind, message):
    with pytest.raises(kind, match=f"draw_confusion_matrix: .*{message}"):
        draw_confusion_matrix(matrix)


# --- figures ----------------------------------------------------------------------------------------------------------


def test_show_figure_prints_its_sentence_outside_a_notebook(capsys):
    show_figure(new_figure(100, 50), "One cell is purple.")
    assert capsys.readouterr().out == "One cell is purple.\n"


def test_show_figure_breaks_long_sentences_between_words(capsys):
    show_figure(new_figure(100, 50), "word " * 50)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 96
    assert " ".join(lines).split() == ["word"] * 50


def test_a_notebook_gets_a_picture_with_the_sentence_as_its_alternative(monkeypatch):
    shown = []
    monkeypatch.setattr("cnn_viz.figures.in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda *data, **options: shown.append((*data, options)))
    ax = show_image(np.eye(3))
    show_figure(ax, "A diagonal of white pixels.")
    ((data, options),) = shown
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == "<Figure size 240x264 with 1 Axes>"
    assert options["metadata"]["image/png"]["alt"] == "A diagonal of white pixels."
    assert options["raw"]


def test_the_text_of_a_shown_figure_is_that_of_matplotlib():
    figure = show_images(np.zeros((3, 28, 28)))
    assert bundle_of(figure, "")[0]["text/plain"] == repr(figure)


def test_a_png_has_twice_the_pixels_of_the_page():
    data, metadata = bundle_of(new_figure(120, 50), "")
    assert matplotlib.image.imread(io.BytesIO(data["image/png"])).shape[:2] == (100, 240)
    assert (metadata["image/png"]["width"], metadata["image/png"]["height"]) == (120, 50)


def test_a_png_has_its_size_whatever_the_readers_settings():
    with matplotlib.rc_context({"savefig.bbox": "tight", "savefig.dpi": 30}):
        assert matplotlib.image.imread(io.BytesIO(png_of(new_figure(120, 50), 1))).shape[:2] == (50, 120)


def test_axes_lie_where_the_pixels_say():
    figure = new_figure(200, 100)
    box = add_axes(figure, left=20, top=10, width=100, height=50).get_position()
    assert (box.x0, box.x1) == (pytest.approx(0.1), pytest.approx(0.6))
    assert (box.y0, box.y1) == (pytest.approx(0.4), pytest.approx(0.9))


def test_a_figure_shows_itself_at_the_end_of_a_cell():
    png, size = new_figure(120, 50)._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size == {"width": 120, "height": 50}


def test_drawing_leaves_no_window_behind(rng):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    show_images(rng.random((3, 4, 4)))
    show_image(rng.random((4, 4)))
    assert pyplot.get_fignums() == before


def test_every_public_name_of_the_package_can_be_had():
    assert all(callable(getattr(cnn_viz, name)) or name.isupper() for name in cnn_viz.__all__)
    assert set(cnn_viz.__all__) <= set(dir(cnn_viz))
    with pytest.raises(AttributeError, match="no attribute 'show_nothing'"):
        cnn_viz.show_nothing  # noqa: B018
