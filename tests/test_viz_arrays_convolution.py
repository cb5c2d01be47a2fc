"""Pictures of a convolution: steps, windows and pixels that meet, full convolution, matrix product, channels."""

import numpy as np
import pytest
from drawn_cells import heavy, text_at, titles
from matplotlib.colors import same_color
from matplotlib.patches import Circle
from readable import assert_readable
from tiers import slow_after

from cnn_core import conv2d_backward, conv2d_forward, convolve, dilate
from cnn_viz.arrays.convolution import (
    draw_columns,
    draw_full_convolution,
    draw_layer,
    draw_reach,
    draw_step,
    draw_touched,
    touched_outputs,
)
from cnn_viz.base.figures import size_of
from cnn_viz.base.layout import WIDEST
from cnn_viz.base.palette import HUE, PADDING, TINT
from cnn_viz.base.text import number_texts
from cnn_viz.interactive.frame_grid import frame_grid

X = np.array([[0, 0, 3, 1, 0, 0], [0, 1, 3, 0, 0, 1], [0, 2, 2, 0, 0, 2], [1, 3, 0, 0, 1, 3], [0, 3, 1, 0, 2, 2]])
F = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]])
IMAGE_OF_STEPS = np.random.default_rng(0).integers(0, 5, (8, 8))
GEOMETRIES = [(1, 0), (2, 0), ((1, 2), 1), (2, "same"), (3, "include"), (2, (0, 1))]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_draw_step_writes_the_sum_of_its_window():
    ax = draw_step(None, X, F, convolve(X, F), (0, 1))
    assert "O[0, 1] = 0·1 + 3·0 + 1·(−1) + 1·1 + 3·0 + 0·(−1) + 2·1 + 2·0 + 0·(−1) = 2" in texts(ax)
    assert_readable(ax)


def test_draw_step_leaves_later_outputs_empty():
    O = np.arange(101, 113).reshape(3, 4)
    written = texts(draw_step(None, X, F, O, (1, 1), so_far=True))
    assert [text for text in written if text.startswith("1") and len(text) == 3] == [str(n) for n in range(101, 107)]


def dilated_step(dilation):
    O = conv2d_forward(IMAGE_OF_STEPS[None, None], F[None, None], dilation=dilation)[0, 0]
    ax = draw_step(None, IMAGE_OF_STEPS, F, O, (0, 1), dilation=dilation)
    return ax.figure, f"Dilation {dilation}: {texts(ax)[-1]}"


@pytest.mark.parametrize("dilation", slow_after(1, [2, 1, 3, (1, 3)]))
def test_draw_step_writes_the_sum_of_a_dilated_window(dilation):
    d_r, d_c = (dilation, dilation) if isinstance(dilation, int) else dilation
    pixels = IMAGE_OF_STEPS[0 : 2 * d_r + 1 : d_r, 1 : 2 * d_c + 2 : d_c]
    figure, sentence = dilated_step(dilation)
    total = number_texts(np.sum(pixels * F)).item()
    terms = " + ".join(f"{row[0]}·1 + {row[1]}·0 + {row[2]}·(−1)" for row in pixels)
    assert sentence.endswith(f": O[0, 1] = {terms} = {total}")
    assert_readable(figure.axes[0])


@pytest.mark.slow  # chapter 12 draws it
def test_steps_at_dilations_1_2_and_3_make_a_grid_of_frames_that_fits_on_a_page():
    figure, sentences = frame_grid(dilated_step, [{"dilation": dilation} for dilation in (1, 2, 3)], columns=1)
    assert size_of(figure)[0] <= WIDEST
    assert sentences.startswith("(1) Dilation 1: O[0, 1] = ")
    assert "(3) Dilation 3: O[0, 1] = " in sentences


def test_draw_step_refuses_a_position_outside_the_output():
    with pytest.raises(ValueError, match="lies outside the output"):
        draw_step(None, X, F, convolve(X, F), (3, 0))


@pytest.mark.parametrize(("stride", "padding"), GEOMETRIES)
def test_touched_outputs_are_those_that_change_with_the_cell(stride, padding):
    weights = np.arange(1, 10).reshape(3, 3)
    for cell in np.ndindex(X.shape):
        touched = touched_outputs(X.shape, F.shape, cell, stride, padding)
        dC_dO = np.ones((1, 1, *output_of(stride, padding)))
        dC_dX, *_ = conv2d_backward(dC_dO, X[None, None], weights[None, None], stride, padding)
        assert sum(weights[place] for place in touched.values()) == dC_dX[0, 0][cell]


def output_of(stride, padding):
    from cnn_core import conv2d_forward

    return conv2d_forward(X[None, None], F[None, None], stride=stride, padding=padding).shape[2:]


def test_touched_outputs_refuse_a_cell_outside_the_input():
    with pytest.raises(ValueError, match="lies outside the input"):
        touched_outputs((4, 4), (3, 3), (4, 0))


def test_draw_touched_labels_each_output_with_the_term_of_the_cell():
    weights = np.arange(1, 10).reshape(3, 3) - 2
    ax = draw_touched(None, X, weights, convolve(X, weights), (1, 2))
    assert [text for text in texts(ax) if "·" in text] == ["3·4", "3·3", "3·2", "3·1", "3·0", "3·(−1)"]
    assert_readable(ax)


@pytest.mark.parametrize(("stride", "padding"), GEOMETRIES)
def test_draw_reach_counts_windows(stride, padding):
    assert_readable(draw_reach(None, (5, 6), 3, stride, padding))


def test_draw_reach_writes_the_number_of_windows_at_each_pixel():
    written = texts(draw_reach(None, (1, 4), (1, 2), 1))
    assert written[:4] == ["1", "2", "2", "1"]


def test_draw_reach_hatches_excluded_pixels():
    ax = draw_reach(None, (5, 6), 3, 2)
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 5


def test_draw_reach_hatches_the_gaps_between_windows_too():
    ax = draw_reach(None, (1, 8), (1, 2), 3)  # windows over 0-1, 3-4 and 6-7
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 2


# --- full convolution -------------------------------------------------------------------------------------------------

IMAGE = np.array([[1, 2, 0, 3, 1], [0, 1, 5, 2, 2], [4, 0, 1, 1, 0], [2, 2, 3, 0, 1], [1, 0, 2, 4, 3]])
WEIGHTS = np.array([[1, 0], [2, -1]])


def lone(ax, width):
    """Return the (left, top) of the large array of a picture, in whole cells."""
    frame = max(
        (patch for patch in ax.patches if not isinstance(patch, Circle) and not patch.get_fill()),
        key=lambda patch: patch.get_width() * (patch.get_width() == width),
    )
    return frame.get_x(), frame.get_y()


def test_at_the_start_the_last_cell_of_B_lies_over_the_first_of_A():
    B = np.array([[1, 2, 3], [4, 5, 6]])
    ax = draw_full_convolution(None, IMAGE, B)
    left, top = lone(ax, 5)
    place = next(text.get_position() for text in ax.texts if text.get_text() == "×6")
    assert (int((place[0] - left) // 1), int((place[1] - top) // 1)) == (0, 0)
    centres = {tuple(np.floor(np.subtract(p.get_center(), (left, top)))) for p in ax.patches if isinstance(p, Circle)}
    assert (0, 0) in centres
    assert len(centres) == 2
    assert "○ the bottom-right cell of B\n lies over the top-left cell of A" in [text.get_text() for text in ax.texts]
    assert_readable(ax)


def test_A_has_as_many_zeros_around_it_as_B_is_large_less_one():
    ax = draw_full_convolution(None, IMAGE, np.ones((3, 2)))
    assert "A (5, 5) padded (9, 7)" in titles(ax)
    grey = [patch for patch in ax.patches if patch.get_fill() and same_color(patch.get_facecolor(), PADDING)]
    assert len(grey) == 9 * 7 - 25


def test_the_last_position_puts_the_first_cell_of_B_over_the_last_of_A():
    ax = draw_full_convolution(None, IMAGE, np.array([[7, 1], [1, 1]]), (5, 5))
    left, top = lone(ax, 5)
    place = next(text.get_position() for text in ax.texts if text.get_text() == "×7")
    assert (int((place[0] - left) // 1), int((place[1] - top) // 1)) == (4, 4)
    assert not any(isinstance(patch, Circle) for patch in ax.patches)
    assert not any("○" in text.get_text() for text in ax.texts)


def test_a_dilated_gradient_can_be_convolved_fully():
    dilated = dilate(np.array([[1.0, 2.0], [3.0, 4.0]]), 2)
    ax = draw_full_convolution(None, dilated, WEIGHTS, (1, 1), ("dC/dO dilated", "F rotated"), ("O", "F"), dilation=2)
    assert titles(ax) == ["F rotated (2, 2)", "dC/dO dilated (3, 3) padded (5, 5)"]
    of_colour = [[same_color(p.get_facecolor(), c["O"]) for p in ax.patches if p.get_fill()] for c in (HUE, TINT)]
    assert [sum(each) for each in of_colour] == [1, 3]  # one entry lies in the window
    assert_readable(ax)


def test_the_output_stands_beside_with_the_cell_of_the_position_outlined():
    O = convolve(IMAGE, WEIGHTS, full_convolve=True) + 100
    ax = draw_full_convolution(None, IMAGE, WEIGHTS, (2, 1), ("A", "B", "dC/dX"), ("O", "F", "X"), O=O)
    assert titles(ax) == ["B (2, 2)", "A (5, 5) padded (7, 7)", "dC/dX (6, 6)"]
    outlined = max((p for p in ax.patches if p.get_linewidth() == 3.5), key=lambda p: p.get_x())
    assert (outlined.get_width(), outlined.get_height()) == (1, 1)
    assert text_at(ax, outlined.get_y(), outlined.get_x()) == number_texts(O[2, 1]).item()
    assert_readable(ax)


def test_an_output_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"draw_full_convolution: O has shape \(5, 5\), expected \(6, 6\)"):
        draw_full_convolution(None, IMAGE, WEIGHTS, O=IMAGE)


def test_the_chosen_window_its_column_and_its_outputs_are_outlined(rng):
    images, filters = rng.integers(0, 9, (2, 4, 4)), rng.integers(-2, 3, (3, 2, 2, 2))
    O = conv2d_forward(images[None], filters)[0]
    ax = draw_columns(None, images, filters, O, (1, 2))
    *windows, column, outputs = sorted(heavy(ax), key=lambda patch: (patch.get_width() == 1, -patch.get_height()))
    assert [(patch.get_height(), patch.get_width()) for patch in windows] == [(2, 2)] * 2
    assert (column.get_height(), outputs.get_height()) == (8, 3)
    assert column.get_x() == pytest.approx(outputs.get_x())
    shown = [text_at(ax, column.get_y() + row, column.get_x()) for row in range(8)]
    assert shown == [str(value) for value in images[:, 1:3, 2:4].ravel()]
    below = [text_at(ax, outputs.get_y() + k, outputs.get_x()) for k in range(3)]
    assert below == number_texts(O[:, 1, 2]).tolist()


def test_a_filter_is_a_row_beside_its_outputs(rng):
    filters = rng.integers(-2, 3, (3, 1, 2, 2))
    O = conv2d_forward(IMAGE[None, None], filters, stride=2)[0]
    ax = draw_columns(None, IMAGE[None], filters, O, stride=2)
    filled = [p for p in ax.patches if p.get_fill()]
    yellow = [p for p in filled if same_color(p.get_facecolor(), TINT["F"])]
    red = [p for p in filled if any(same_color(p.get_facecolor(), colours["O"]) for colours in (HUE, TINT))]
    assert (len(yellow), len(red)) == (filters.size, O.size)
    assert {p.get_y() for p in yellow} == {p.get_y() for p in red}
    assert max(p.get_x() for p in yellow) < min(p.get_x() for p in red)
    assert titles(ax) == ["X (5, 5)", "windows as columns (4, 4)", "filters as rows (3, 4)", "O as rows (3, 4)"]
    assert len([patch for patch in ax.patches if patch.get_hatch()]) == 9
    assert_readable(ax)


def test_channels_have_names_of_their_own_in_the_product(rng):
    filters = rng.integers(-2, 3, (1, 2, 3, 3))
    images = rng.integers(0, 9, (2, 4, 4))
    ax = draw_columns(
        None, images, filters, conv2d_forward(images[None], filters, padding=1, stride=2)[0], (0, 1), 2, 1
    )
    assert titles(ax)[:2] == ["X[0] (4, 4) padded (6, 6)", "X[1] (4, 4) padded (6, 6)"]
    assert size_of(ax.figure)[0] <= WIDEST
    assert_readable(ax)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        pytest.param(((1, 5, 5), (1, 2, 2, 2), (1, 4, 4)), "draw_columns: F has shape", id="channels"),
        pytest.param(((1, 5, 5), (1, 1, 2, 2), (1, 5, 5)), "draw_columns: O has shape", id="output"),
        pytest.param(((5, 5), (1, 1, 2, 2), (1, 4, 4)), "draw_columns: X must have 3 dimensions", id="image"),
    ],
)
def test_arrays_that_do_not_belong_together_have_no_product(shapes, message):
    with pytest.raises(ValueError, match=message):
        draw_columns(None, *map(np.ones, shapes))


def layer_picture(rng, position=(1, 0)):
    """Return the picture of two filters on three channels at stride 2, and the arrays in it."""
    images, filters = rng.integers(0, 9, (3, 5, 5)), rng.integers(-2, 3, (2, 3, 3, 3))
    biases = np.array([1.5, -2])
    O = conv2d_forward(images[None], filters, biases, stride=2, padding=1)[0]
    return draw_layer(None, images, filters, biases, O, position, stride=2, padding=1), images, filters, O


@pytest.mark.slow  # it measures the texts of a large picture
def test_a_layer_has_a_row_for_each_channel_and_a_column_for_each_filter(rng):
    ax, *_ = layer_picture(rng)
    rows = [(f"X[{c}] (5, 5) padded (7, 7)", f"F[0, {c}] (3, 3)", f"F[1, {c}] (3, 3)") for c in range(3)]
    assert titles(ax) == [*rows[0], *rows[1], *rows[2], "B (2,)", "O[0] (3, 3)", "O[1] (3, 3)"]
    windows = [p for p in heavy(ax) if p.get_width() == 3]
    assert len(windows) == 3
    assert len({round(p.get_x(), 6) for p in windows}) == 1
    assert_readable(ax)


def test_a_layer_outlines_one_output_of_each_map(rng):
    ax, *_, O = layer_picture(rng)
    cells = sorted((p for p in heavy(ax) if p.get_width() == 1), key=lambda patch: patch.get_x())
    drawn = [number_texts(each)[1, 0] for each in O]
    assert [text_at(ax, p.get_y(), p.get_x()) for p in cells] == drawn


def test_a_layer_writes_the_sum_of_each_filter_by_channels(rng):
    ax, images, filters, O = layer_picture(rng)
    (note,) = [text for text in texts(ax) if "bias" in text]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    first, *lines = note.split("\n")
    assert first == "channel 0 + channel 1 + channel 2 + bias:"
    assert len(lines) == len(filters)
    for k, line in enumerate(lines):
        terms = line.split(" = ")[1].split(" + ")
        numbers = [float(term.strip("()").replace("−", "-")) for term in terms]
        assert numbers[:3] == [(padded[c, 2:5, :3] * filters[k, c]).sum() for c in range(3)]
        assert sum(numbers) == pytest.approx(O[k, 1, 0])
        assert line.startswith(f"O[{k}, 1, 0] = ")
        assert line.endswith(f" = {number_texts(O[k, 1, 0])}")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"F": np.ones((2, 1, 3, 3))}, r"F has shape \(2, 1, 3, 3\), expected \(2, 3, 3, 3\)"),
        ({"B": np.ones(3)}, r"B has shape \(3,\), expected \(2,\)"),
        ({"O": np.ones((2, 4, 4))}, r"O has shape \(2, 4, 4\), expected \(2, 3, 3\)"),
    ],
)
def test_arrays_that_do_not_belong_to_one_layer_are_refused(wrong, message):
    shapes = {"X": (3, 5, 5), "F": (2, 3, 3, 3), "B": (2,), "O": (2, 3, 3)}
    with pytest.raises(ValueError, match=f"draw_layer: {message}"):
        draw_layer(None, **{name: np.ones(shape) for name, shape in shapes.items()} | wrong)
