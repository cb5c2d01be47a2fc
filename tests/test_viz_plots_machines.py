"""Sums in their order, the table of a sweep, and processes over time."""

import numpy as np
import pytest

from cnn_viz.base.figures import size_of
from cnn_viz.plots.machines import SHADES, show_additions, show_processes, show_sweep

GIVEN = {
    "numbers": [1, 2, 3],
    "inputs": np.array([[2, 1], [32, 5], [1, 3]]),
    "errors": np.array([[1, -1], [64, 0], [-2, 1]]),
    "machines": ["machine A", "machine B", "machine A"],
    "parts": np.float16([1, 2048, 1]),
    "totals": np.float16([1, 2048, 2048]),
}


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


def test_each_row_has_its_examples_its_machine_its_gradient_and_the_sum_so_far():
    (ax,) = show_additions(**GIVEN).axes
    texts = texts_of(ax)
    start = texts.index("micro-batch 2")
    row = texts[start : texts.index("micro-batch 3")]
    assert row == ["micro-batch 2", "32", "5", "64", "0", "machine B", "2048", "1 + 2048 = 2049", "2048"]


def test_a_sum_is_written_exactly_although_its_result_is_rounded():
    (ax,) = show_additions(**GIVEN).axes
    assert [text for text in texts_of(ax) if "=" in text] == ["0 + 1 = 1", "1 + 2048 = 2049", "2048 + 1 = 2049"]


def test_one_machine_has_one_shade_and_another_one_another():
    (ax,) = show_additions(**GIVEN).axes
    widest = max(box.get_width() for box in ax.patches)
    first, second, third = (box.get_facecolor() for box in ax.patches if box.get_width() == widest)
    assert first == third != second
    assert len(set(SHADES)) == len(SHADES)


def test_gradients_and_sums_are_dashed_and_the_examples_are_not():
    (ax,) = show_additions(**GIVEN).axes
    styles = [box.get_linestyle() for box in ax.patches]
    assert styles.count("--") == 2 * 3
    assert styles[:4] == ["-"] * 4


def test_everything_of_an_addition_lies_on_the_figure():
    figure = show_additions(**GIVEN)
    (ax,) = figure.axes
    width, height = size_of(figure)
    assert width <= 760
    ends = [(box.get_x() + box.get_width(), box.get_y() + box.get_height()) for box in ax.patches]
    assert all(x <= width and y <= height for x, y in ends)


# --- a sweep ----------------------------------------------------------------------------------------------------------

ROWS, COLUMNS = [4, 8], [0.001, 0.01, 0.1]


def sweep_of(results):
    (ax,) = show_sweep(results, ROWS, COLUMNS, ("filters", "learning rate"), limits=(0.5, 1.0)).axes
    return ax


def test_a_sweep_fills_from_nothing_to_all_results():
    assert texts_of(sweep_of({})) == ["…"] * 6
    ax = sweep_of({(4, 0.01): 0.875})
    assert texts_of(ax) == ["…", "87.5 %", "…", "…", "…", "…"]


def test_a_result_stands_in_the_row_and_the_column_of_its_settings():
    (text,) = [text for text in sweep_of({(8, 0.1): 0.9}).texts if "90" in text.get_text()]
    assert text.get_position() == (2.5, 1.5)


def test_a_failed_job_is_hatched_and_has_the_name_of_its_exception():
    ax = sweep_of({(4, 0.1): FloatingPointError("nan"), (4, 0.01): 0.9})
    hatched = [(box.get_x(), box.get_y()) for box in ax.patches if box.get_hatch()]
    assert hatched == [(2, 0)]
    assert "FloatingPointError" in texts_of(ax)


@pytest.mark.parametrize(("share", "ink"), [(0.3, "white"), (0.55, "white"), (0.95, "#1A1A1A"), (1.2, "#1A1A1A")])
def test_a_share_is_written_in_a_colour_that_can_be_read(share, ink):
    ax = sweep_of({(4, 0.001): share})
    assert ax.texts[0].get_color() == ink


def test_lighter_is_more():
    ax = sweep_of({(4, 0.001): 0.6, (4, 0.01): 0.9})
    low, high = (sum(box.get_facecolor()[:3]) for box in ax.patches[:2])
    assert low < high


def test_the_settings_stand_at_the_axes():
    ax = sweep_of({})
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["4", "8"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("learning rate", "filters")


# --- processes --------------------------------------------------------------------------------------------------------


def test_a_process_has_a_dot_for_each_mark_in_its_line():
    (ax,) = show_processes({"first": [0.1, 0.2], "second": [0.3]}).axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in dots] == [[0.1, 0.2], [0.3]]
    assert [list(line.get_ydata()) for line in dots] == [[0, 0], [1]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]


def test_a_process_that_ended_has_a_cross_and_its_line_reaches_it():
    (ax,) = show_processes({"first": [0.1, 0.2], "second": [0.1]}, {"second": 0.15}).axes
    (cross,) = [line for line in ax.lines if line.get_marker() == "x"]
    assert (list(cross.get_xdata()), list(cross.get_ydata())) == ([0.15], [1])
    assert [0.1, 0.15] in [list(line.get_xdata()) for line in ax.lines]


def test_steps_are_vertical_lines_of_their_own_style():
    (ax,) = show_processes({"first": [0.1, 0.9]}, steps=[0.4, 0.8]).axes
    assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"] == [0.4, 0.8]
