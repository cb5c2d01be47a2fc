"""Layout: cells of one size in a picture, boxes in their order, and everything on the page."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from readable import assert_readable, boxes

from cnn_viz.arrays.panel import Panel, draw_row
from cnn_viz.base.figures import add_axes, new_figure, size_of
from cnn_viz.base.layout import CELL, WIDEST, cell_of, new_canvas

X = np.array([[1, 2, 0, 3, 1], [0, 1, 5, 2, 2], [4, 0, 1, 1, 0], [2, 2, 3, 0, 1], [1, 0, 2, 4, 3]])
F = np.array([[1, 0], [2, -1]])


def test_a_new_canvas_has_cells_of_the_given_size():
    ax = new_canvas(3, 5, cell=20)
    assert size_of(ax.figure) == (100, 60)
    assert cell_of(ax) == pytest.approx(20)
    assert_allclose(ax.transData.transform([(0, 0), (5, 3)]), [(0, 60), (100, 0)], atol=1e-9)


def test_an_array_alone_is_as_large_as_it_needs():
    ax = draw_row(None, [Panel(X)])
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


def test_axes_without_limits_become_a_canvas_that_fits_everything():
    ax = add_axes(new_figure(300, 200), 50, 20, 200, 150)
    assert draw_row(ax, [Panel(X), "=", Panel(X, "O")]) is ax
    left, top, right, bottom = 50, 20, 250, 170
    texts, whole = boxes(ax)
    assert all(left <= box.x0 and box.x1 <= right for box in texts)
    assert all(whole.y1 - bottom <= box.y0 and box.y1 <= whole.y1 - top for box in texts)
