"""An ablation: a dot a seed, a bar at the mean, the range of the whole recipe, names and notes beside their rows."""

import pytest
from readable import assert_readable

from cnn_viz.plots.ablation import show_ablation

GROUPS = {"the recipe": {"all": [40.0, 44.0]}, "without": {"shifts": [60.0, 70.0, 65.0], "averaging": [45.0, 43.0]}}
ROWS = {"the recipe": 0, "all": 1, "without": 2, "shifts": 3, "averaging": 4}


def drawn(**options):
    (ax,) = show_ablation(GROUPS, [40.0, 44.0], "mistakes", **options).axes
    return ax


def test_each_result_is_a_dot_in_the_row_of_its_variant():
    dots = [line for line in drawn().lines if line.get_marker() == "o"]
    found = [(list(line.get_xdata()), set(line.get_ydata())) for line in dots]
    assert found == [([40, 44], {1}), ([60, 70, 65], {3}), ([45, 43], {4})]


def test_a_bar_stands_at_the_mean_and_a_line_reaches_from_the_least_to_the_largest():
    lines = [line for line in drawn().lines if line.get_marker() != "o"]
    bars = [line.get_xdata()[0] for line in lines if line.get_xdata()[0] == line.get_xdata()[1]]
    assert bars == [42, 65, 44]
    assert [60, 70] in [list(line.get_xdata()) for line in lines]


def test_the_range_of_the_whole_recipe_is_shaded():
    (band,) = drawn().patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((40, 44))


def test_names_and_notes_stand_beside_their_rows_and_headings_are_bold():
    ax = drawn(notes={"shifts": "9 ms"}, head="a step")
    places = {text.get_text(): text.get_position()[1] for text in ax.texts if text.get_text()}
    assert places == ROWS | {"9 ms": 3, "a step": -1}
    bold = {text.get_text() for text in ax.texts if text.get_weight() == "bold"} - {""}
    assert bold == {"the recipe", "without", "a step"}
    assert ax.yaxis_inverted()
    assert ax.get_xlabel() == "mistakes"
    assert_readable(ax)
