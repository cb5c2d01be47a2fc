"""The table of findings, and costs beside those of the correct program."""

import numpy as np
import pytest
from matplotlib.colors import same_color
from readable import assert_readable

from cnn_viz.base.figures import size_of
from cnn_viz.base.palette import INK, PADDING
from cnn_viz.plots.findings import PALE, WRONG, show_costs_beside, show_findings

CAUGHT = {"stride lost": [True, False], "cut off": [False, True], "empty crop": [True, True]}
ACCURACIES = {"stride lost": [0.6, 0.7], "cut off": [0.9, 0.95], "empty crop": [None, None]}
COLUMNS = ["adjoint test", "ten digits"]


@pytest.fixture(name="figure")
def a_table():
    return show_findings(CAUGHT, ACCURACIES, [0.91, 0.94], COLUMNS)


def test_a_cell_is_dark_and_crossed_where_the_check_complains(figure):
    _, table = figure.axes
    cells = [patch for patch in table.patches if patch.get_fill()]
    dark = [[same_color(cell.get_facecolor(), INK) for cell in cells[i : i + 2]] for i in (0, 2, 4)]
    assert dark == list(CAUGHT.values())
    crosses = sorted((float(line.get_ydata()[0]), float(line.get_xdata()[0])) for line in table.lines)
    assert crosses == [(0, 0), (1, 1), (2, 0), (2, 1)]
    assert table.yaxis_inverted()


def test_a_marked_column_has_an_outline_and_the_others_are_pale():
    runs, table = show_findings(CAUGHT, ACCURACIES, [0.91, 0.94], COLUMNS, ["ten digits"]).axes
    (outline,) = [patch for patch in table.patches if not patch.get_fill()]
    assert (outline.get_x(), outline.get_width(), outline.get_height()) == (0.5, 1, 3)
    colours = [patch.get_facecolor() for patch in table.patches if patch.get_fill()]
    for colour, wanted in zip(colours, (PALE, PADDING, PADDING, INK, PALE, INK), strict=True):
        assert same_color(colour, wanted)
    assert [text.get_text() for text in runs.texts if text.get_weight() == "bold"] == ["stride lost"]


def test_without_a_marked_column_no_name_is_bold(figure):
    assert {text.get_weight() for text in figure.axes[0].texts} == {"normal"}


def test_rows_and_columns_have_their_names(figure):
    runs, table = figure.axes
    assert [(text.get_text(), text.get_rotation()) for text in table.texts] == [(name, 90) for name in COLUMNS]
    assert [text.get_text() for text in runs.texts] == ["stride lost", "cut off", "empty crop", "stops"]


def test_every_run_has_a_dot_and_the_range_of_the_correct_program_lies_between_dashed_lines(figure):
    runs = figure.axes[0]
    dots = [line.get_xydata().tolist() for line in runs.lines if line.get_marker() == "o"]
    assert dots == [[[0.6, 0], [0.7, 0]], [[0.9, 1], [0.95, 1]]]
    assert [line.get_xdata()[0] for line in runs.lines if line.get_linestyle() == "--"] == [0.91, 0.94]


def test_accuracies_below_the_axis_are_written():
    runs = show_findings({"a": [True]}, {"a": [0.09, 0.2]}, [0.9, 0.95], ["check"]).axes[0]
    assert [text.get_text() for text in runs.texts] == ["a", "9 to 20"]
    assert not any(line.get_marker() == "o" for line in runs.lines)


def test_a_line_parts_the_groups_across_names_runs_and_cells():
    for ax in show_findings(CAUGHT, ACCURACIES, [0.91, 0.94], COLUMNS, groups=["cut off"]).axes:
        (line,) = [line for line in ax.lines if list(line.get_ydata()) == [0.5, 0.5]]
        left, right = line.get_xdata()
        assert left <= 0 < 1 <= right


@pytest.mark.parametrize("count", [2, 10])
def test_a_table_of_ten_checks_fits_on_a_phone(count):
    columns = [f"gradient check {number}" for number in range(count)]
    figure = show_findings({"a": [True] * count}, {"a": [0.5]}, [0.9], columns)
    assert size_of(figure)[0] < 360


@pytest.mark.parametrize(
    ("caught", "accuracies", "words"),
    [
        ({"a": [True]}, {"a": [0.5]}, "must have 2 entries"),
        ({"a": [True, False]}, {"b": [0.5]}, "the rows of caught"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(caught, accuracies, words):
    with pytest.raises(ValueError, match=f"show_findings: .*{words}"):
        show_findings(caught, accuracies, [0.9], COLUMNS)


def test_each_program_has_a_panel_with_its_costs_under_those_of_the_correct_one():
    programs = {"stride lost": [[2.0, 1.5, 1.2]], "no first step": [[]]}
    figure = show_costs_beside(
        programs, [[2.0, 1.0, 0.5], [2.1, 1.1, 0.6]], every=10, titles={"no first step": "stops"}
    )
    first, second = figure.axes
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("stride lost", "no first step\nstops")
    wrong, *correct = first.lines
    assert same_color(wrong.get_color(), WRONG)
    np.testing.assert_array_equal(wrong.get_xydata(), [[0, 2], [10, 1.5], [20, 1.2]])
    assert [line.get_linestyle() for line in correct] == ["--", "--"]
    assert first.get_ylim() == second.get_ylim() == pytest.approx((0, 1.15 * 2.1))


def test_a_program_that_starts_above_the_correct_one_is_not_cut_off_and_one_without_end_is():
    programs = {"kernel width": [[2.7, 1.0]], "no maximum": [[np.inf, 1.0], [2.0, 900.0]]}
    figure = show_costs_beside(programs, [[2.0, 1.0]])
    assert [ax.get_ylim() for ax in figure.axes] == [pytest.approx((0, 1.15 * 2.7))] * 2


@pytest.mark.parametrize("count", [2, 4, 6])
def test_the_panels_of_a_group_fit_on_the_page(count):
    programs = {f"program {index}": [[2.0, 1.0]] for index in range(count)}
    figure = show_costs_beside(programs, [[2.0, 1.0]])
    boxes = [ax.get_position() for ax in figure.axes]
    assert len(boxes) == count
    assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in boxes)
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


@pytest.mark.parametrize("count", [2, 5])
def test_two_panels_stand_side_by_side(count):
    figure = show_costs_beside({f"program {index}": [[2.0, 1.0]] for index in range(count)}, [[2.0, 1.0]])
    lefts = [round(ax.get_position().x0, 6) for ax in figure.axes]
    assert len(set(lefts)) == 2
    assert size_of(figure)[0] < 360


def test_names_and_columns_do_not_overlap(figure):
    for ax in figure.axes:
        assert_readable(ax)
