"""Panels: every number lies in its own cell, and padding, highlights, gradients and labels differ without colour.

A cell of a canvas has its upper left corner at (column, row): drawn parts can be looked up by position.
"""

import numpy as np
import pytest
from drawn_cells import colours, drawn, frames, hatched, labels, numbers, on_canvas, rectangles, rings, titles
from matplotlib.colors import same_color
from readable import assert_readable, boxes

from cnn_core import dilate
from cnn_viz.arrays.convolution import draw_full_convolution
from cnn_viz.arrays.panel import Panel, draw_row, draw_rows
from cnn_viz.arrays.windows import window_panel
from cnn_viz.base.figures import add_axes, new_figure, png_of
from cnn_viz.base.layout import CELL
from cnn_viz.base.palette import EDGE, HUE, PADDING, TINT

X = np.array([[1, 2, 0, 3, 1], [0, 1, 5, 2, 2], [4, 0, 1, 1, 0], [2, 2, 3, 0, 1], [1, 0, 2, 4, 3]])
F = np.array([[1, 0], [2, -1]])


def test_every_number_lies_in_its_own_cell():
    ax = drawn(X)
    assert numbers(ax) == {place: str(value) for place, value in np.ndenumerate(X)}
    assert set(colours(ax)) == set(np.ndindex(X.shape))


@pytest.mark.parametrize("role", ["X", "F", "O", "B"])
def test_an_array_has_the_tint_and_the_edge_of_its_role_and_highlighted_cells_have_its_hue(role):
    ax = drawn(X, role, highlight=[(1, 2, 2, 2), (4, 0)])
    marked = {(1, 2), (1, 3), (2, 2), (2, 3), (4, 0)}
    for place, colour in colours(ax).items():
        assert same_color(colour, (HUE if place in marked else TINT)[role])
    (outline,) = [patch for *block, patch in rectangles(ax) if block == [0, 0, 5, 5]]
    assert same_color(outline.get_edgecolor(), EDGE[role])


def test_an_array_of_no_role_is_white_and_has_no_name():
    ax = drawn(X, None)
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
    ax = on_canvas(panel)
    assert titles(ax) == [title]
    assert [text.get_position()[1] < 2 for text in ax.texts if text.get_va() == "baseline"] == [True]


def test_padding_is_grey_and_lies_outside_the_outline():
    ax = drawn(np.pad(X, ((1, 0), (2, 1))), padding=((1, 0), (2, 1)))
    grey = {place for place, colour in colours(ax).items() if same_color(colour, PADDING)}
    assert grey == {(r, c) for r in range(6) for c in range(8) if r < 1 or c < 2 or c > 6}
    assert list(frames(ax)) == [(1, 2, 5, 5)]


def test_inserted_zeros_are_white_also_inside_padding():
    dilated = np.pad(dilate(np.array([[1.0, 2.0], [3.0, 4.0]]), (2, 3)), 1)
    ax = drawn(dilated, "O", "dC/dO dilated", padding=((1, 1), (1, 1)), dilation=(2, 3))
    entries = {place for place, colour in colours(ax).items() if same_color(colour, TINT["O"])}
    white = {place for place, colour in colours(ax).items() if same_color(colour, "white")}
    assert entries == {(1, 1), (1, 4), (3, 1), (3, 4)}
    assert len(white) == 3 * 4 - 4


def test_excluded_pixels_are_hatched():
    assert hatched(drawn(X, excluded=(1, 2))) == {(r, c) for r in range(5) for c in range(5) if r == 4 or c >= 3}
    assert hatched(drawn(X)) == set()
    assert hatched(drawn(X, gaps=((1,), (0,)))) == {(r, c) for r in range(5) for c in range(5) if r == 1 or c == 0}


def test_numbers_on_hatching_have_a_halo_of_their_cell_and_no_others():
    with_halo = [text for text in drawn(X, excluded=(1, 0)).texts if text.get_path_effects()]
    assert {text.get_position()[1] for text in with_halo} == {6.5}
    assert len(with_halo) == 5


@pytest.mark.parametrize(("name", "line"), [("dC/dX", "--"), ("X", "-")])
def test_only_a_gradient_has_a_dashed_outline(name, line):
    lines = frames(drawn(X, name=name), least=1.5)
    assert {each for each, _ in lines.values()} == {line}


def test_highlighted_cells_and_blocks_have_a_heavy_outline():
    lines = frames(drawn(X, highlight=[(1, 2), (0, 0, 2, 3)]))
    assert set(lines) == {(0, 0, 5, 5), (1, 2, 1, 1), (0, 0, 2, 3)}
    assert lines[1, 2, 1, 1][1] > 1.5 * lines[0, 0, 5, 5][1]


def test_rings_lie_around_their_cells():
    assert rings(drawn(X, rings=[(0, 1), (4, 4)])) == {(0, 1), (4, 4)}


def test_a_label_stands_in_the_lower_right_of_its_cell_and_lifts_the_number():
    ax = drawn(X, labels={(1, 2): "×7"})
    assert labels(ax) == {(1, 2): "×7"}
    label, number = (
        next(text for text in ax.texts if text.get_text() == "×7"),
        next(t for t in ax.texts if t.get_text() == "5"),
    )
    assert label.get_position()[0] > number.get_position()[0]
    assert label.get_position()[1] > 3.5 > number.get_position()[1]


def test_numbers_fit_into_their_cells():
    ax = draw_row(None, [Panel(np.array([[-12345.0, 0.25], [1000.5, 3.0]]))])
    texts, _ = boxes(ax)
    assert max(box.width for box in texts[:4]) < CELL * ax.figure.dpi / 100
    assert_readable(ax)


def test_an_array_is_not_changed(rng):
    array = rng.normal(size=(3, 3))
    array.flags.writeable = False
    draw_row(None, [Panel(array)])


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
def test_a_panel_refuses_arrays_that_it_cannot_draw(arguments, kind, message):
    with pytest.raises(kind, match=message):
        Panel(**arguments)


def test_on_small_cells_labels_are_left_out_and_numbers_stay_in_the_middle():
    panel = window_panel(X, F)
    ax = draw_row(add_axes(new_figure(100, 120), 0, 0, 100, 120), [panel])
    assert labels(ax) == {}
    assert len({round(text.get_position()[1] % 1, 6) for text in ax.texts if text.get_va() == "center"}) == 1


def test_every_picture_can_be_turned_into_a_png():
    for ax in (draw_row(None, [Panel(X)]), draw_full_convolution(None, X, F)):
        assert png_of(ax.figure).startswith(b"\x89PNG")


def test_rows_stand_one_below_the_other_in_the_middle():
    ax = draw_rows(None, [[Panel([1, 2, 3, 4], name="")], [Panel([5, 6], name=""), "→", Panel([7], name="")]])
    numbers = [text for text in ax.texts if text.get_text().isdigit()]
    first, second = numbers[:4], numbers[4:]
    assert [text.get_text() for text in second] == ["5", "6", "7"]
    assert len({text.get_position()[1] for text in first}) == len({text.get_position()[1] for text in second}) == 1
    assert first[0].get_position()[1] + 1 < second[0].get_position()[1]
    assert_readable(ax)


def test_rows_refuse_nothing_and_parts_that_are_no_panels():
    with pytest.raises(ValueError, match="draw_rows: rows is empty"):
        draw_rows(None, [])
    with pytest.raises(TypeError, match="draw_rows: each part must be a Panel or a text, got 5"):
        draw_rows(None, [[5]])
