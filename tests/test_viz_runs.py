"""Runs side by side: each value where it belongs, names at the lines' ends, a dot for each seed."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.text import Annotation

from cnn_viz.palette import INK, METHOD
from cnn_viz.runs import show_lines, show_spread

LINES = {"GradientDescent": np.array([3.0, 2.0, 1.0]), "Adam": np.array([3.0, 1.0, 0.5])}


def test_a_line_goes_through_its_values_from_step_1_on():
    (ax,) = show_lines(LINES).axes
    for line, values in zip(ax.lines, LINES.values(), strict=True):
        np.testing.assert_allclose(line.get_xydata(), np.stack([[1, 2, 3], values], axis=1))


def test_the_name_of_a_line_leads_to_its_end():
    (ax,) = show_lines(LINES, x=[10, 20, 40]).axes
    leads = [text.xy for text in ax.texts if isinstance(text, Annotation)]
    names = [text.get_text() for text in ax.texts if text.get_text()]
    assert dict(zip(names, leads, strict=True)) == {"GradientDescent": (40, 1.0), "Adam": (40, 0.5)}


def test_lines_wear_the_colours_of_their_methods():
    (ax,) = show_lines(LINES).axes
    assert [(line.get_color(), line.get_linestyle()) for line in ax.lines] == [METHOD[name] for name in LINES]


def test_lines_that_are_no_methods_have_dashes_of_their_own():
    (ax,) = show_lines({str(number): [number, 1.0] for number in range(4)}, x=[0, 1]).axes
    assert len({line.get_linestyle() for line in ax.lines}) == 4


def test_more_lines_than_can_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="only 4 lines that are no method's can be told apart, got 5"):
        show_lines({str(number): [number, 1.0] for number in range(5)})


def test_few_values_at_places_of_their_own_are_marked():
    marked = [show_lines({"cost": np.ones(count)}, x=np.arange(count)).axes[0].lines[0] for count in (12, 13)]
    assert [line.get_marker() for line in marked] == ["o", ""]


@pytest.mark.parametrize(("x", "scales"), [(None, ("linear", "log")), ([1, 2, 4], ("log", "log"))])
def test_the_scales_are_logarithmic_on_demand(x, scales):
    (ax,) = show_lines(LINES, x=x, log=True).axes
    assert (ax.get_xscale(), ax.get_yscale()) == scales


def test_every_seed_is_a_dot_in_the_row_of_its_name_and_the_bar_is_their_mean():
    results = {"Adam": np.array([0.9, 0.92, 0.97]), "GradientDescent": np.array([0.8, 0.9, 0.85])}
    (ax,) = show_spread(results, "accuracy").axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    bars = [line for line in ax.lines if line.get_marker() == "|"]
    for row, (name, values) in enumerate(results.items()):
        np.testing.assert_allclose(dots[row].get_xydata(), np.stack([values, [row] * 3], axis=1))
        np.testing.assert_allclose(bars[row].get_xydata(), [[values.mean(), row]])
        assert same_color(dots[row].get_color(), METHOD[name][0])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(results)
    assert ax.yaxis_inverted()  # the first name on top


def test_rows_that_are_no_methods_have_dots_of_ink_however_many_they_are():
    (ax,) = show_spread({str(number): np.array([number]) for number in range(6)}, "accuracy").axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(dots) == 6
    assert all(same_color(line.get_color(), INK) for line in dots)


def test_a_note_stands_under_the_name_of_its_row():
    results = {"Adam": np.array([0.9]), "RMSProp": np.array([0.8])}
    (ax,) = show_spread(results, "accuracy", notes={"RMSProp": "rate 0.01", "Adam": "rate 0.1"}).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Adam\nrate 0.1", "RMSProp\nrate 0.01"]


def test_names_with_notes_stand_inside_the_picture_and_apart():
    results = {name: np.array([0.9]) for name in METHOD}
    figure = show_spread(results, "accuracy", notes=dict.fromkeys(METHOD, "rate 0.001"))
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert min(box.x0 for box in boxes) >= 0
    assert all(above.y0 >= below.y1 for above, below in itertools.pairwise(boxes))
