"""Maps beside an image: every map drawn as it is, signs without colour, the outline, the limits; everything at once."""

import numpy as np
import pytest
from matplotlib.contour import QuadContourSet

from cnn_viz.base.figures import WIDEST, size_of
from cnn_viz.base.palette import IMAGES, MAGNITUDES, SIGNED
from cnn_viz.images.attributions import show_attributions, show_backward_pass, show_inside

STROKE = np.zeros((28, 28))
STROKE[5:23, 12:16] = 1


def titles(figure):
    return [text.get_text() for text in figure.texts]


def limits_written(ax):
    return [text.get_text() for text in ax.texts]


def hatched(ax):
    return any(
        hatch for each in ax.collections if isinstance(each, QuadContourSet) and each.filled for hatch in each.hatches
    )


def outlined(ax):
    return any(isinstance(each, QuadContourSet) and not each.filled for each in ax.collections)


@pytest.fixture
def maps(rng):
    return {"one": rng.normal(size=(28, 28)), "two": 3 * rng.random((28, 28))}


def test_the_image_comes_first_and_every_map_follows_in_its_order(maps):
    figure = show_attributions(STROKE, maps, name="a stroke")
    assert titles(figure) == ["a stroke", "one", "two"]
    drawn = [ax.images[0] for ax in figure.axes]
    assert [image.get_cmap().name for image in drawn] == [IMAGES, SIGNED, SIGNED]
    for image, array in zip(drawn, [STROKE, *maps.values()], strict=True):
        np.testing.assert_array_equal(image.get_array(), array)


def test_the_colours_are_symmetric_about_zero_and_their_limits_are_written(maps):
    _, one, two = show_attributions(STROKE, maps).axes
    for ax, values in ((one, maps["one"]), (two, maps["two"])):
        largest = np.abs(values).max()
        assert ax.images[0].get_clim() == (-largest, largest)
        assert limits_written(ax) == [f"±{largest:.2g}"]


def test_one_limit_holds_for_all_maps(maps):
    axes = show_attributions(STROKE, maps, limit=5).axes[1:]
    assert [ax.images[0].get_clim() for ax in axes] == [(-5, 5), (-5, 5)]


def test_negative_values_are_hatched_and_the_outline_lies_over_each_map(maps):
    image, one, two = show_attributions(STROKE, maps).axes
    assert [hatched(ax) for ax in (image, one, two)] == [False, True, False]
    assert [outlined(ax) for ax in (image, one, two)] == [False, True, True]


def test_magnitudes_have_no_sign_no_hatching_and_no_outline(maps):
    image, one, two = show_attributions(STROKE, maps, magnitudes=True).axes
    for ax, values in ((one, maps["one"]), (two, maps["two"])):
        np.testing.assert_array_equal(ax.images[0].get_array(), np.abs(values))
        assert ax.images[0].get_cmap().name == MAGNITUDES
        assert ax.images[0].get_clim() == (0, np.abs(values).max())
        assert not hatched(ax)
        assert not outlined(ax)
        assert limits_written(ax) == [f"0 to {np.abs(values).max():.2g}"]
    assert image.images[0].get_cmap().name == IMAGES


def test_an_empty_image_and_a_map_of_zeros_are_drawn():
    _, ax = show_attributions(np.zeros((28, 28)), {"zeros": np.zeros((28, 28))}).axes
    assert not outlined(ax)
    assert ax.images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(("columns", "rows"), [(1, 3), (2, 2), (3, 1), (9, 1)])
def test_panels_fill_rows_from_the_left(maps, columns, rows):
    figure = show_attributions(STROKE, maps, columns=columns)
    assert len({round(ax.get_position().y0, 3) for ax in figure.axes}) == rows
    assert size_of(figure)[0] <= WIDEST


def test_maps_of_another_shape_or_none_are_refused(maps):
    with pytest.raises(ValueError, match=r"show_attributions: two has shape \(3, 3\)"):
        show_attributions(STROKE, {"two": np.zeros((3, 3))})
    with pytest.raises(ValueError, match="show_attributions: maps is empty"):
        show_attributions(STROKE, {})


@pytest.fixture
def stages(rng):
    return {"16 maps": rng.random((16, 14, 14)), "32 maps": rng.random((32, 7, 7)), "units": rng.random((1, 16, 8))}


def test_everything_is_drawn_once_and_fits_on_the_page(rng, stages):
    gradient, scores = rng.normal(size=(28, 28)), np.eye(10)[3]
    figure = show_inside(STROKE, gradient, stages, scores)
    assert size_of(figure)[0] <= WIDEST
    image, below, *others, bars = figure.axes
    np.testing.assert_array_equal(image.images[0].get_array(), STROKE)
    np.testing.assert_array_equal(below.images[0].get_array(), gradient)
    assert [ax.get_title(loc="left") for ax in others] == list(stages)
    assert [bar.get_width() for bar in bars.patches] == scores.tolist()
    assert titles(figure) == ["X (28, 28)", "gradient of score 3"]


def test_every_number_of_the_maps_is_in_the_picture(rng, stages):
    others = show_inside(STROKE, rng.normal(size=(28, 28)), stages, np.full(10, 0.1)).axes[2:-1]
    for ax, stack in zip(others, stages.values(), strict=True):
        drawn = np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
        np.testing.assert_array_equal(np.sort(drawn[np.isfinite(drawn)]), np.sort(stack.ravel()))


@pytest.fixture
def gradients(rng):
    shapes = {"start": (1, 10, 1), "units": (1, 16, 8), "maps": (16, 14, 14), "end": (1, 28, 28)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def test_a_backward_pass_is_drawn_from_left_to_right_with_all_its_numbers(gradients):
    figure = show_backward_pass(gradients)
    assert size_of(figure)[0] <= WIDEST
    lefts = [ax.get_position().x0 for ax in figure.axes]
    assert lefts == sorted(lefts)
    assert len(lefts) == 4
    for ax, stack in zip(figure.axes, gradients.values(), strict=True):
        drawn = np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
        np.testing.assert_array_equal(np.sort(drawn[np.isfinite(drawn)]), np.sort(stack.ravel()))


def test_each_array_of_a_backward_pass_has_its_title_its_own_limits_and_marks_on_negative_cells(gradients):
    figure = show_backward_pass(gradients)
    written = [text for text in titles(figure) if text != "→"]
    limits = [np.abs(stack).max() for stack in gradients.values()]
    assert written == [text for name, limit in zip(gradients, limits, strict=True) for text in (name, f"±{limit:.2g}")]
    for ax, stack, limit in zip(figure.axes, gradients.values(), limits, strict=True):
        assert ax.images[0].get_clim() == (-limit, limit)
        dashes = sum(len(each.get_offsets()) for each in ax.collections if not isinstance(each, QuadContourSet))
        assert dashes == (stack < 0).sum() if stack.shape[1] <= 16 and len(stack) == 1 else hatched(ax)


def test_a_backward_pass_refuses_nothing_or_arrays_that_are_no_stacks():
    with pytest.raises(ValueError, match="show_backward_pass: gradients is empty"):
        show_backward_pass({})
    with pytest.raises(ValueError, match="show_backward_pass: gradients must have 3"):
        show_backward_pass({"flat": np.zeros((3, 3))})
