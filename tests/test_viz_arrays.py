"""Arrays in cells: every number lies in its own cell, and padding, windows, gradients and winners can be told apart.

A cell of a sheet has its upper left corner at (column, row): what is drawn can be looked up by place.
"""

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.patches import Circle
from numpy.testing import assert_allclose
from readable import assert_readable, boxes

from cnn_core import conv2d_forward, convolve, dilate, pool2d_backward, pool2d_forward
from cnn_viz.arrays import Panel, draw_array, draw_row, number_texts
from cnn_viz.figures import add_axes, new_figure, png_of, size_of
from cnn_viz.palette import HUE, PADDING
from cnn_viz.products import draw_channels, draw_columns
from cnn_viz.sheets import CELL, WIDEST, cell_of, new_sheet
from cnn_viz.windows import draw_full_convolution, draw_window, draw_winners, window_panel, winners_panel, written_sum

X = np.array([[1, 2, 0, 3, 1], [0, 1, 5, 2, 2], [4, 0, 1, 1, 0], [2, 2, 3, 0, 1], [1, 0, 2, 4, 3]])
F = np.array([[1, 0], [2, -1]])


def sheet(draw, *arguments, **options):
    """Return a large empty sheet on which an array or a panel was drawn with its upper left cell at (2, 3)."""
    ax = new_sheet(14, 14)
    if isinstance(draw, Panel):
        draw.draw(ax, 2, 3)
    else:
        draw(ax, *arguments, at=(2, 3), **options)
    return ax


def numbers(ax, at=(2, 3)):
    """Return {(row, column): text} of what is written in the middle column of a cell, counted from `at`."""
    inside = [text for text in ax.texts if text.get_position()[0] % 1 == pytest.approx(0.5)]
    placed = {(int(text.get_position()[1] // 1), int(text.get_position()[0])): text.get_text() for text in inside}
    return {(row - at[0], column - at[1]): text for (row, column), text in placed.items() if row >= at[0]}


def rectangles(ax):
    """Return [(row, column, rows, columns, patch)] of every rectangle, counted from (2, 3)."""
    found = [patch for patch in ax.patches if not isinstance(patch, Circle)]
    return [(p.get_y() - 2, p.get_x() - 3, p.get_height(), p.get_width(), p) for p in found]


def colours(ax):
    """Return {(row, column): colour} of the cells."""
    cells = [each for each in rectangles(ax) if each[2:4] == (1, 1) and each[4].get_fill() and not each[4].get_hatch()]
    return {(round(row), round(column)): patch.get_facecolor() for row, column, *_, patch in cells}


def hatched(ax):
    """Return the set of (row, column) that are hatched."""
    return {(round(row), round(column)) for row, column, *_, patch in rectangles(ax) if patch.get_hatch()}


def frames(ax, least=0):
    """Return {(row, column, rows, columns): (line, width)} of the outlines that are at least so wide."""
    empty = [each for each in rectangles(ax) if not each[4].get_fill() and not each[4].get_hatch()]
    lines = {tuple(map(round, each[:4])): (each[4].get_linestyle(), each[4].get_linewidth()) for each in empty}
    return {block: line for block, line in lines.items() if line[1] >= least}


def rings(ax, at=(2, 3)):
    """Return the set of (row, column) with a ring."""
    centres = [patch.get_center() for patch in ax.patches if isinstance(patch, Circle)]
    return {(int(y // 1) - at[0], int(x // 1) - at[1]) for x, y in centres}


def labels(ax, at=(2, 3)):
    """Return {(row, column): text} of the small labels, which stand off the middle of their cells."""
    small = [text for text in ax.texts if text.get_va() == "center_baseline"]
    return {(int(t.get_position()[1]) - at[0], int(t.get_position()[0]) - at[1]): t.get_text() for t in small}


def titles(ax):
    """Return the names above the arrays."""
    return [text.get_text() for text in ax.texts if text.get_va() == "baseline"]


# --- one array --------------------------------------------------------------------------------------------------------


def test_every_number_lies_in_its_own_cell():
    ax = sheet(draw_array, X)
    assert numbers(ax) == {place: str(value) for place, value in np.ndenumerate(X)}
    assert set(colours(ax)) == set(np.ndindex(X.shape))


@pytest.mark.parametrize("role", ["X", "F", "O", "B"])
def test_an_array_wears_the_hue_of_its_role(role):
    assert all(same_color(colour, HUE[role]) for colour in colours(sheet(draw_array, X, role)).values())


def test_an_array_of_no_role_is_white_and_has_no_name():
    ax = sheet(draw_array, X, None)
    assert all(same_color(colour, "white") for colour in colours(ax).values())
    assert titles(ax) == [""]


@pytest.mark.parametrize(
    ("panel", "title"),
    [
        pytest.param(Panel(X), "X (5, 5)", id="role"),
        pytest.param(Panel(X, "O", "dC/dO dilated"), "dC/dO dilated (5, 5)", id="name"),
        pytest.param(Panel(X[None, None]), "X (1, 1, 5, 5)", id="four-axes"),
        pytest.param(Panel([1, 2], "B"), "B (2,)", id="one-axis"),
        pytest.param(Panel(X, name=""), "", id="no-name"),
        pytest.param(Panel(X, padding=((1, 1), (0, 2))), "X (3, 3) padded (5, 5)", id="padded"),
    ],
)
def test_name_and_shape_stand_above(panel, title):
    ax = sheet(panel)
    assert titles(ax) == [title]
    assert [text.get_position()[1] < 2 for text in ax.texts if text.get_va() == "baseline"] == [True]


def test_padding_is_grey_and_lies_outside_the_outline():
    ax = sheet(draw_array, np.pad(X, ((1, 0), (2, 1))), padding=((1, 0), (2, 1)))
    grey = {place for place, colour in colours(ax).items() if same_color(colour, PADDING)}
    assert grey == {(r, c) for r in range(6) for c in range(8) if r < 1 or c < 2 or c > 6}
    assert list(frames(ax)) == [(1, 2, 5, 5)]


def test_inserted_zeros_are_white_also_inside_padding():
    dilated = np.pad(dilate(np.array([[1.0, 2.0], [3.0, 4.0]]), (2, 3)), 1)
    ax = sheet(draw_array, dilated, "O", "dC/dO dilated", padding=((1, 1), (1, 1)), dilation=(2, 3))
    entries = {place for place, colour in colours(ax).items() if same_color(colour, HUE["O"])}
    white = {place for place, colour in colours(ax).items() if same_color(colour, "white")}
    assert entries == {(1, 1), (1, 4), (3, 1), (3, 4)}
    assert len(white) == 3 * 4 - 4


def test_excluded_pixels_are_hatched():
    assert hatched(sheet(draw_array, X, excluded=(1, 2))) == {
        (r, c) for r in range(5) for c in range(5) if r == 4 or c >= 3
    }
    assert hatched(sheet(draw_array, X)) == set()


def test_numbers_on_hatching_have_a_halo_of_their_cell_and_no_others():
    with_halo = [text for text in sheet(draw_array, X, excluded=(1, 0)).texts if text.get_path_effects()]
    assert {text.get_position()[1] for text in with_halo} == {6.5}
    assert len(with_halo) == 5


@pytest.mark.parametrize(("name", "line"), [("dC/dX", "--"), ("X", "-")])
def test_only_a_gradient_has_a_dashed_outline(name, line):
    lines = frames(sheet(draw_array, X, name=name), least=1.5)
    assert {each for each, _ in lines.values()} == {line}


def test_highlighted_cells_and_blocks_have_a_heavy_outline():
    lines = frames(sheet(draw_array, X, highlight=[(1, 2), (0, 0, 2, 3)]))
    assert set(lines) == {(0, 0, 5, 5), (1, 2, 1, 1), (0, 0, 2, 3)}
    assert lines[1, 2, 1, 1][1] > 1.5 * lines[0, 0, 5, 5][1]


def test_rings_lie_around_their_cells():
    assert rings(sheet(draw_array, X, rings=[(0, 1), (4, 4)])) == {(0, 1), (4, 4)}


def test_a_label_stands_in_the_lower_right_of_its_cell_and_lifts_the_number():
    ax = sheet(draw_array, X, labels={(1, 2): "×7"})
    assert labels(ax) == {(1, 2): "×7"}
    label, number = (
        next(text for text in ax.texts if text.get_text() == "×7"),
        next(t for t in ax.texts if t.get_text() == "5"),
    )
    assert label.get_position()[0] > number.get_position()[0]
    assert label.get_position()[1] > 3.5 > number.get_position()[1]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        pytest.param([1.0, -2.0], ["1", "−2"], id="whole"),
        pytest.param([0.5, 2.0], ["0.5", "2.0"], id="one-decimal"),
        pytest.param([1 / 3, -1e-9], ["0.33", "0.00"], id="rounded"),
        pytest.param([True, False], ["1", "0"], id="mask"),
        pytest.param([np.nan, 1.0], ["nan", "1"], id="nan"),
        pytest.param([-123456.5, 0.25], ["−1.23e+05", "0.25"], id="too-long"),
    ],
)
def test_numbers_are_written_with_the_decimals_they_need(values, texts):
    assert number_texts(values).tolist() == texts


def test_numbers_fit_into_their_cells():
    ax = draw_array(None, np.array([[-12345.0, 0.25], [1000.5, 3.0]]))
    texts, _ = boxes(ax)
    assert max(box.width for box in texts[:4]) < CELL * ax.figure.dpi / 100
    assert_readable(ax)


def test_an_array_is_not_changed(rng):
    array = rng.normal(size=(3, 3))
    array.flags.writeable = False
    draw_array(None, array)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        pytest.param({"array": np.zeros((2, 3, 3))}, ValueError, r"shape \(2, 3, 3\); expected \(H, W\)", id="stack"),
        pytest.param({"array": 3.0}, ValueError, r"shape \(\); expected", id="number"),
        pytest.param({"array": np.zeros((0, 3))}, ValueError, "is empty", id="empty"),
        pytest.param(
            {"array": np.zeros((2, 41))}, ValueError, r"at most 40 rows and columns are drawn", id="too large"
        ),
        pytest.param({"array": [["a"]]}, TypeError, "real numbers", id="text"),
        pytest.param({"array": X, "role": "Y"}, ValueError, "unknown role 'Y'", id="role"),
        pytest.param({"array": X, "dilation": 0}, ValueError, "dilation must be a positive integer", id="dilation"),
    ],
)
def test_a_panel_refuses_what_it_cannot_draw(arguments, kind, message):
    with pytest.raises(kind, match=message):
        Panel(**arguments)


# --- sheets -----------------------------------------------------------------------------------------------------------


def test_a_new_sheet_has_cells_of_the_size_asked_for():
    ax = new_sheet(3, 5, cell=20)
    assert size_of(ax.figure) == (100, 60)
    assert cell_of(ax) == pytest.approx(20)
    assert_allclose(ax.transData.transform([(0, 0), (5, 3)]), [(0, 60), (100, 0)], atol=1e-9)


def test_an_array_alone_is_as_large_as_it_needs():
    ax = draw_array(None, X)
    assert cell_of(ax) == pytest.approx(CELL)
    width, height = size_of(ax.figure)
    assert 5 * CELL < width < 6 * CELL
    assert 5 * CELL < height < 7 * CELL


def test_all_arrays_of_a_row_have_cells_of_one_size():
    ax = draw_row(None, [Panel(X), "*", Panel(F, "F"), "=", Panel(X, "O")])
    sides = {(patch.get_width(), patch.get_height()) for patch in ax.patches if patch.get_fill()}
    assert sides == {(1, 1)}
    across, down = np.diff(ax.transData.transform([(0, 0), (1, 1)]), axis=0)[0]
    assert across == pytest.approx(-down)


def test_a_row_stands_in_the_order_given_on_one_line():
    ax = draw_row(None, [Panel(X), "*", Panel(F, "F"), "=", Panel(F, "O")])
    order = sorted((text.get_position()[0], text.get_text()) for text in ax.texts)
    words = [text for _, text in order if text in ("X (5, 5)", "*", "F (2, 2)", "=", "O (2, 2)")]
    assert words == ["X (5, 5)", "*", "F (2, 2)", "=", "O (2, 2)"]
    frames = [patch for patch in ax.patches if not patch.get_fill()]
    assert len({patch.get_y() + patch.get_height() / 2 for patch in frames}) == 1


def test_a_note_stands_under_its_arrow():
    ax = draw_row(None, [Panel(F), "→\nrotated", Panel(F)])
    arrow, note = (next(text for text in ax.texts if text.get_text() == word) for word in ("→", "rotated"))
    assert arrow.get_position()[0] == note.get_position()[0]
    assert arrow.get_position()[1] < note.get_position()[1]
    assert arrow.get_fontsize() > note.get_fontsize()


def test_names_that_are_wider_than_their_arrays_do_not_touch():
    assert_readable(draw_row(None, [Panel([[1]], "O", "dC/dO dilated"), "→", Panel([[1]], "F", "F rotated by 180°")]))


def test_a_wide_row_gets_smaller_cells_and_fits_on_a_page():
    ax = draw_row(None, [Panel(np.zeros((3, 12))), "→", Panel(np.zeros((2, 12)), "O")])
    assert size_of(ax.figure)[0] <= WIDEST
    assert cell_of(ax) < CELL
    assert_readable(ax)


def test_axes_without_limits_become_a_sheet_in_which_everything_fits():
    ax = add_axes(new_figure(300, 200), 50, 20, 200, 150)
    assert draw_row(ax, [Panel(X), "=", Panel(X, "O")]) is ax
    left, top, right, bottom = 50, 20, 250, 170
    texts, whole = boxes(ax)
    assert all(left <= box.x0 and box.x1 <= right for box in texts)
    assert all(whole.y1 - bottom <= box.y0 and box.y1 <= whole.y1 - top for box in texts)


def test_on_small_cells_labels_are_left_out_and_numbers_stay_in_the_middle():
    ax = draw_window(add_axes(new_figure(100, 120), 0, 0, 100, 120), X, F)
    assert labels(ax) == {}
    assert len({round(text.get_position()[1] % 1, 6) for text in ax.texts if text.get_va() == "center"}) == 1


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "stride", "padding", "corner"),
    [
        pytest.param((0, 0), 1, 0, (0, 0), id="first"),
        pytest.param((1, 1), 2, 0, (2, 2), id="stride"),
        pytest.param((1, 2), (3, 2), 0, None, id="outside"),
        pytest.param((1, 0), (3, 1), (1, 2), (3, 0), id="pairs"),
        pytest.param((2, 2), 2, "include", (4, 4), id="include"),
    ],
)
def test_the_window_lies_where_the_convolution_puts_it(position, stride, padding, corner):
    if corner is None:
        with pytest.raises(ValueError, match=r"position \(1, 2\) lies outside the output, which has shape \(2, 2\)"):
            window_panel(X, F, position, stride, padding)
        return
    ax = sheet(window_panel(X, F, position, stride, padding))
    assert (*corner, 2, 2) in frames(ax, least=3)
    assert set(labels(ax)) == {(corner[0] + row, corner[1] + column) for row in (0, 1) for column in (0, 1)}


@pytest.mark.parametrize("padding", [0, 1, "same", "include"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_numbers_under_the_window_times_its_weights_are_the_output(stride, padding):
    O = conv2d_forward(X[None, None], F[None, None], stride=stride, padding=padding)[0, 0]
    for position in np.ndindex(O.shape):
        ax = sheet(window_panel(X, F, position, stride, padding))
        shown = numbers(ax)
        pairs = [(shown[place], text.removeprefix("×")) for place, text in labels(ax).items()]
        terms = [int(a.replace("−", "-")) * int(b.replace("−", "-")) for a, b in pairs]
        assert (len(terms), sum(terms)) == (4, O[position])


def test_what_no_window_reaches_is_hatched_also_where_it_is_padding():
    assert hatched(sheet(window_panel(X, F, stride=2))) == {(r, c) for r in range(5) for c in range(5) if 4 in (r, c)}
    assert hatched(sheet(window_panel(X, F, stride=2, padding=1))) == {
        (r, c) for r in range(7) for c in range(7) if 6 in (r, c)
    }


def test_draw_window_draws_the_panel():
    ax = draw_window(None, X, F, (1, 1), stride=2, padding=1)
    assert titles(ax) == ["X (5, 5) padded (7, 7)"]
    assert sorted(text.get_text() for text in ax.texts if text.get_text()[0] == "×") == ["×0", "×1", "×2", "×−1"]
    assert_readable(ax)


def test_a_filter_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"draw_window: the kernel \(6\) is larger"):
        draw_window(None, X, np.ones((6, 1)))


@pytest.mark.parametrize(
    ("window", "weights", "bias", "text"),
    [
        pytest.param([[1, 0], [2, 5]], F, None, "1·1 + 0·0 + 2·2 + 5·(−1) = 0", id="whole"),
        pytest.param([[-1.0]], [[3.0]], -2, "(−1)·3 + (−2) = −5", id="bias"),
        pytest.param([0.5, 2.0], [0.25, 1.0], None, "0.5·0.25 + 2·1 ≈ 2.12", id="sum-is-rounded"),
        pytest.param([1 / 3], [3.0], None, "0.33·3 ≈ 1", id="term-is-rounded"),
        pytest.param([0.1, 0.2], [1.0, 1.0], None, "0.1·1 + 0.2·1 = 0.3", id="floating-point"),
    ],
)
def test_a_sum_is_written_out_with_its_numbers(window, weights, bias, text):
    assert written_sum(window, weights, bias) == text


def test_a_window_and_weights_of_different_shapes_have_no_sum():
    with pytest.raises(ValueError, match=r"written_sum: window has shape \(2, 2\), expected \(1, 2\)"):
        written_sum(F, [[1, 2]])


# --- full convolution -------------------------------------------------------------------------------------------------


def lone(ax, width):
    """Return how far from the left edge the large array of a picture begins, and how far from the top: whole cells."""
    frame = max(
        (patch for patch in ax.patches if not isinstance(patch, Circle) and not patch.get_fill()),
        key=lambda patch: patch.get_width() * (patch.get_width() == width),
    )
    return frame.get_x(), frame.get_y()


def test_at_the_start_the_last_cell_of_B_lies_over_the_first_of_A():
    B = np.array([[1, 2, 3], [4, 5, 6]])
    ax = draw_full_convolution(None, X, B)
    left, top = lone(ax, 5)
    place = next(text.get_position() for text in ax.texts if text.get_text() == "×6")
    assert (int((place[0] - left) // 1), int((place[1] - top) // 1)) == (0, 0)
    centres = {tuple(np.floor(np.subtract(p.get_center(), (left, top)))) for p in ax.patches if isinstance(p, Circle)}
    assert (0, 0) in centres
    assert len(centres) == 2
    assert "○ the bottom-right cell of B\n lies over the top-left cell of A" in [text.get_text() for text in ax.texts]
    assert_readable(ax)


def test_A_has_as_many_zeros_around_it_as_B_is_large_less_one():
    ax = draw_full_convolution(None, X, np.ones((3, 2)))
    assert "A (5, 5) padded (9, 7)" in titles(ax)
    grey = [patch for patch in ax.patches if patch.get_fill() and same_color(patch.get_facecolor(), PADDING)]
    assert len(grey) == 9 * 7 - 25


def test_the_last_position_puts_the_first_cell_of_B_over_the_last_of_A():
    ax = draw_full_convolution(None, X, np.array([[7, 1], [1, 1]]), (5, 5))
    left, top = lone(ax, 5)
    place = next(text.get_position() for text in ax.texts if text.get_text() == "×7")
    assert (int((place[0] - left) // 1), int((place[1] - top) // 1)) == (4, 4)
    assert not any(isinstance(patch, Circle) for patch in ax.patches)
    assert not any("○" in text.get_text() for text in ax.texts)


def test_a_dilated_gradient_can_be_convolved_fully():
    dilated = dilate(np.array([[1.0, 2.0], [3.0, 4.0]]), 2)
    ax = draw_full_convolution(None, dilated, F, (1, 1), ("dC/dO dilated", "F rotated"), ("O", "F"), dilation=2)
    assert titles(ax) == ["F rotated (2, 2)", "dC/dO dilated (3, 3) padded (5, 5)"]
    assert sum(same_color(p.get_facecolor(), HUE["O"]) for p in ax.patches if p.get_fill()) == 4
    assert_readable(ax)


def test_the_output_stands_beside_with_the_cell_of_the_position_outlined():
    O = convolve(X, F, full_convolve=True) + 100
    ax = draw_full_convolution(None, X, F, (2, 1), ("A", "B", "dC/dX"), ("O", "F", "X"), O=O)
    assert titles(ax) == ["B (2, 2)", "A (5, 5) padded (7, 7)", "dC/dX (6, 6)"]
    outlined = max((p for p in ax.patches if p.get_linewidth() == 3.5), key=lambda p: p.get_x())
    assert (outlined.get_width(), outlined.get_height()) == (1, 1)
    assert text_at(ax, outlined.get_y(), outlined.get_x()) == number_texts(O[2, 1]).item()
    assert_readable(ax)


def test_an_output_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"draw_full_convolution: O has shape \(5, 5\), expected \(6, 6\)"):
        draw_full_convolution(None, X, F, O=X)


# --- pooling ----------------------------------------------------------------------------------------------------------


def wins_of(image, **settings):
    """Return how many windows each pixel wins, as cnn_core sees it."""
    ones = np.ones(pool2d_forward(image[None, None], **settings).shape)
    return pool2d_backward(ones, image[None, None], **settings)[0, 0]


@pytest.mark.parametrize(
    ("settings", "shift"),
    [({"pool_size": 2}, (0, 0)), ({"pool_size": 3, "stride": 3, "padding": 1}, (1, 1))],
    ids=["left-over", "padded"],
)
def test_every_winner_and_nobody_else_has_a_ring(settings, shift):
    wins = wins_of(X, **settings)
    ax = sheet(winners_panel(X, wins, **settings))
    assert rings(ax) == {(row + shift[0], column + shift[1]) for row, column in np.argwhere(wins).tolist()}
    assert len(frames(ax, least=3)) == 4
    assert labels(ax) == {}


def test_a_pixel_that_wins_more_than_once_says_so():
    wins = wins_of(X, pool_size=3, stride=1)
    ax = sheet(winners_panel(X, wins, 3, 1))
    assert labels(ax) == {(r, c): f"{wins[r, c]:.0f}×" for r, c in np.argwhere(wins > 1).tolist()}
    assert labels(ax)
    assert frames(ax, least=3) == {}


def test_pixels_that_no_window_reaches_are_hatched_among_the_winners_too():
    ax = draw_winners(None, X, wins_of(X))
    assert len([patch for patch in ax.patches if patch.get_hatch()]) == 9
    assert titles(ax) == ["X (5, 5)"]
    assert_readable(ax)


def test_winners_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"draw_winners: wins has shape \(2, 2\), expected \(5, 5\)"):
        draw_winners(None, X, F)


# --- products ---------------------------------------------------------------------------------------------------------


def block_at(ax, row, column, patches):
    """Return the rectangle of `patches` whose corner is there."""
    return [patch for patch in patches if (patch.get_y(), patch.get_x()) == pytest.approx((row, column))]


def heavy(ax):
    """Return the rectangles with a heavy outline."""
    return [patch for patch in ax.patches if not patch.get_fill() and patch.get_linewidth() > 2.5]


def text_at(ax, row, column):
    """Return what is written in the cell whose corner is there."""
    near = [t.get_text() for t in ax.texts if t.get_position() == pytest.approx((column + 0.5, row + 0.5))]
    return near[0]


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
    O = conv2d_forward(X[None, None], filters, stride=2)[0]
    ax = draw_columns(None, X[None], filters, O, stride=2)
    yellow = [p for p in ax.patches if p.get_fill() and same_color(p.get_facecolor(), HUE["F"])]
    red = [p for p in ax.patches if p.get_fill() and same_color(p.get_facecolor(), HUE["O"])]
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


def channels_picture(rng, bias=None):
    """Return the picture of one filter on three channels, and the arrays in it."""
    images, filters = rng.integers(0, 9, (3, 5, 5)), rng.integers(-2, 3, (3, 2, 2))
    sums = np.array([convolve(image, weights, stride=2) for image, weights in zip(images, filters, strict=True)])
    O = sums.sum(axis=0) + (bias or 0)
    return draw_channels(None, images, filters, sums, O, (1, 0), stride=2, bias=bias), sums, O


def test_the_sums_of_the_channels_stand_under_each_other_and_lead_to_the_output(rng):
    ax, sums, O = channels_picture(rng)
    cells = sorted((p for p in heavy(ax) if p.get_width() == 1), key=lambda patch: (patch.get_x(), patch.get_y()))
    assert [text_at(ax, p.get_y(), p.get_x()) for p in cells] == number_texts([*sums[:, 1, 0], O[1, 0]]).tolist()
    assert len({round(p.get_x(), 6) for p in cells[:3]}) == 1
    assert cells[3].get_x() > cells[2].get_x() + 2
    windows = [p for p in heavy(ax) if p.get_width() == 2]
    assert len(windows) == 3
    assert_readable(ax)


def test_a_plus_stands_between_the_sums_and_before_the_bias(rng):
    signs = [text.get_text() for text in channels_picture(rng)[0].texts]
    assert (signs.count("+"), signs.count("="), signs.count("*")) == (2, 4, 3)
    ax, *_ = channels_picture(rng, bias=1.5)
    signs = [text.get_text() for text in ax.texts]
    assert signs.count("+") == 3
    assert titles(ax)[-2:] == ["B (1,)", "O (2, 2)"]
    assert_readable(ax)


def test_sums_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"draw_channels: sums has shape \(1, 4, 4\), expected \(2, 4, 4\)"):
        draw_channels(None, np.ones((2, 5, 5)), np.ones((2, 2, 2)), np.ones((1, 4, 4)), np.ones((4, 4)))


def test_every_picture_can_be_turned_into_a_png():
    for ax in (draw_array(None, X), draw_window(None, X, F), draw_full_convolution(None, X, F)):
        assert png_of(ax.figure).startswith(b"\x89PNG")
