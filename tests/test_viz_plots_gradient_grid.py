"""The table of errors: every combination is there, and errors above the tolerance stand out, in grey too."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from readable import assert_readable

from cnn_core import conv2d_backward, conv2d_forward, gradient_check_grid
from cnn_viz.base.palette import INK
from cnn_viz.plots.gradient_grid import power, shade, show_errors

GRID = {"sizes": [5, (6, 9)], "kernels": [1, (2, 3)], "strides": [1, 2, (1, 2)], "paddings": [0, "same", "include"]}
SHAPE = (2, 2, 3, 3)


GOOD, BAD = 2e-9, 0.5


def table(errors, **options):
    """Return the axes of the table and the axes of its scale."""
    return show_errors(errors, **GRID, **options).axes


def texts(ax):
    return [text.get_text() for text in ax.texts]


def outlines(ax):
    return [patch for patch in ax.patches if not patch.get_fill() and not patch.get_hatch()]


def brightness(patch):
    return float(np.dot(to_rgb(patch.get_facecolor()), (0.299, 0.587, 0.114)))


def test_every_combination_has_a_cell_with_its_power_of_ten():
    ax, _ = table(np.full(SHAPE, GOOD))
    assert texts(ax).count("1e−9") == np.prod(SHAPE) == len(ax.patches)
    assert_readable(ax)


def test_rows_and_columns_are_named():
    words = texts(table(np.full(SHAPE, GOOD))[0])
    assert {"1×1", "2×3", "stride 1", "stride 2", "stride 1, 2"} <= set(words)
    assert words.count("5×6") == words.count("6×9") == len(GRID["kernels"])
    assert words.count("include") == words.count("same") == words.count("0") == len(GRID["strides"])


@pytest.mark.parametrize("index", [(0, 0, 0, 0), (1, 0, 2, 1), (0, 1, 1, 2), (1, 1, 2, 2)])
def test_an_error_above_the_tolerance_is_outlined_and_bright_in_its_cell(index):
    errors = np.full(SHAPE, GOOD)
    errors[index] = BAD
    ax, _ = table(errors)
    assert len(outlines(ax)) == 1
    cells = [patch for patch in ax.patches if patch.get_fill()]
    brightest = max(cells, key=brightness)
    assert brightness(brightest) > 2 * max(brightness(cell) for cell in cells if cell is not brightest)
    middle = np.add(brightest.get_xy(), (brightest.get_width() / 2, brightest.get_height() / 2))
    size, kernel, stride, padding = index
    named = [
        place_of(ax, "5×6 6×9".split()[size], kernel)[1],
        place_of(ax, "0 same include".split()[padding], stride)[0],
    ]
    np.testing.assert_allclose(middle[::-1], named)
    assert outlines(ax)[0].get_bbox().contains(*middle)


def place_of(ax, word, number):
    """Return the position of one occurrence of a word, counted from 0."""
    return [text.get_position() for text in ax.texts if text.get_text() == word][number]


def test_the_number_above_the_tolerance_is_bold_and_black_and_others_are_white():
    errors = np.full(SHAPE, GOOD)
    errors[0, 0, 0, 0] = 3e-6
    styles = {text.get_text(): (text.get_color(), text.get_weight()) for text in table(errors)[0].texts}
    assert styles["1e−6"] == (INK, "bold")
    assert styles["1e−9"] == ("white", "normal")


@pytest.mark.parametrize(("tolerance", "above"), [(1e-3, 0), (1e-6, 1), (1e-10, 36), (1e-14, 36)])
def test_the_tolerance_decides_and_is_written_on_the_scale(tolerance, above):
    errors = np.full(SHAPE, GOOD)
    errors[1, 1, 1, 1] = 3e-5
    ax, scale = table(errors, tolerance=tolerance)
    assert len(outlines(ax)) == above
    assert texts(scale) == [f"tolerance {tolerance:g}"]
    assert scale.lines[0].get_xdata()[0] == max(np.log10(tolerance), -12)


def test_a_kernel_that_does_not_fit_is_hatched_and_has_no_number():
    errors = np.full(SHAPE, GOOD)
    errors[0, 1, :, 0] = np.nan
    ax, _ = table(errors)
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 3
    assert texts(ax).count("1e−9") == np.prod(SHAPE) - 3
    assert not outlines(ax)


def test_no_error_and_an_endless_one_are_told_apart():
    errors = np.full(SHAPE, 0.0)
    errors[0, 0, 0, 0] = np.inf
    ax, _ = table(errors)
    assert texts(ax).count("= 0") == np.prod(SHAPE) - 1
    assert texts(ax).count("∞") == len(outlines(ax)) == 1


def test_the_colours_grow_brighter_and_leap_at_the_tolerance():
    shades = [shade(error, 1e-6) for error in (0, 1e-13, 1e-9, 1e-6, 1.1e-6, 1e-3, 1, 2, np.inf)]
    assert shades == sorted(shades)
    assert shades[4] - shades[3] > 0.4
    assert shades[0] == 0
    assert shades[-1] == 1


@pytest.mark.parametrize(("error", "text"), [(1e-9, "1e−9"), (9.9e-9, "1e−9"), (1.5, "1"), (0.0, "= 0"), (12.0, "1e1")])
def test_an_error_is_written_as_the_power_of_its_first_digit(error, text):
    assert power(error) == text


def test_what_the_grid_returns_can_be_drawn_and_is_not_written_to():
    errors = gradient_check_grid(conv2d_forward, conv2d_backward, [2, 4], [3], [1], [0, 1])
    before = errors.copy()
    ax = show_errors(errors, [2, 4], [3], [1], [0, 1]).axes[0]
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 1
    assert not outlines(ax)
    np.testing.assert_array_equal(errors, before)


def test_many_columns_become_narrow_and_stay_readable():
    paddings = [0, 1, 2, 3, (1, 2), "same", "include"]
    figure = show_errors(np.full((1, 1, 4, 7), GOOD), [5], [3], [1, 2, 3, 4], paddings)
    assert_readable(figure.axes[0])


@pytest.mark.parametrize(
    ("errors", "options", "message"),
    [
        (np.zeros((2, 2, 3)), {}, "show_errors: errors has shape"),
        (np.full(SHAPE, -1.0), {}, "never below 0"),
        (np.zeros(SHAPE), {"tolerance": 0}, "tolerance"),
    ],
)
def test_what_is_no_table_of_errors_is_refused(errors, options, message):
    with pytest.raises(ValueError, match=message):
        table(errors, **options)
