"""Histograms, activation functions and slopes: values, derivatives and jumps are drawn where they are."""

import numpy as np
import pytest

from cnn_core import relu_backward, relu_forward, sigmoid_backward, sigmoid_forward
from cnn_viz.base.figures import size_of
from cnn_viz.base.palette import HUE, INK
from cnn_viz.plots.distributions import show_activations, show_histograms, show_slopes

x = np.arange(-120, 121) / 20


ONES = np.ones_like(x)
SIGMOID = x, sigmoid_forward(x), sigmoid_backward(ONES, x)
RELU = x, relu_forward(x), relu_backward(ONES, x)
TWO = x, np.stack([sigmoid_forward(x), sigmoid_forward(-x)]), np.stack([SIGMOID[2], -SIGMOID[2]])


def curves_of(ax):
    return [line for line in ax.lines if len(line.get_xdata()) >= len(x)]


def markers_of(ax, marker):
    return [line for line in ax.lines if line.get_marker() == marker]


def test_each_function_stands_over_its_derivative_with_the_same_x():
    figure = show_activations({"sigmoid": SIGMOID, "ReLU": RELU})
    assert [ax.get_title() for ax in figure.axes] == ["sigmoid", "its derivative", "ReLU", "its derivative"]
    for above, below, (_, O, slopes) in zip(figure.axes[::2], figure.axes[1::2], (SIGMOID, RELU), strict=True):
        assert above.get_xlim() == below.get_xlim()
        named = [any(tick.label1.get_visible() for tick in ax.xaxis.get_major_ticks()) for ax in (above, below)]
        assert named == [False, True]  # one scale for both, numbered once
        assert above.get_position().y0 > below.get_position().y1
        assert (curves_of(above)[0].get_ydata() == O).all()
        drawn = curves_of(below)[0].get_ydata()
        assert (drawn[~np.isnan(drawn)] == slopes).all()


def test_a_jump_is_a_gap_with_a_full_dot_where_the_value_holds_and_an_empty_one_beyond():
    below = show_activations({"ReLU": RELU}).axes[1]
    assert np.isnan(curves_of(below)[0].get_ydata()).sum() == 1
    dots = markers_of(below, "o")
    assert [tuple(map(float, (dot.get_xdata()[0], dot.get_ydata()[0]))) for dot in dots] == [(0, 0), (0, 1)]
    assert [dot.get_markerfacecolor() for dot in dots] == [INK, "white"]


def test_a_smooth_derivative_has_no_gap_and_no_dot():
    below = show_activations({"sigmoid": SIGMOID}).axes[1]
    assert not np.isnan(curves_of(below)[0].get_ydata()).any()
    assert not markers_of(below, "o")


@pytest.mark.parametrize("at", [-4.0, 0.0, 2.5])
def test_the_tangent_goes_through_the_point_with_its_slope(at):
    value, slope = float(sigmoid_forward(at)), float(sigmoid_backward(1.0, at))
    above, below = show_activations({"sigmoid": SIGMOID}, point=(at, value, slope)).axes
    (tangent,) = [line for line in above.lines if len(line.get_xdata()) == 2 and line.is_dashed()]
    (left, right), (low, high) = tangent.get_xdata(), tangent.get_ydata()
    assert (high - low) / (right - left) == pytest.approx(slope)
    assert low + (at - left) * slope == pytest.approx(value)
    for ax, wanted in ((above, value), (below, slope)):
        (square,) = markers_of(ax, "s")
        assert (square.get_xdata()[0], square.get_ydata()[0]) == (at, wanted)


def test_several_lines_have_names_and_dashes_of_their_own():
    above, below = show_activations({"softmax": TWO}).axes
    assert [text.get_text() for text in above.texts] == ["O[0]", "O[1]"]
    for ax in (above, below):
        assert len({line.get_linestyle() for line in curves_of(ax)}) == 2
    assert below.get_title() == "its derivatives"


def test_curves_are_ink_and_borrow_no_hue_of_an_array():
    figure = show_activations({"softmax": TWO, "ReLU": RELU})
    colours = {line.get_color() for ax in figure.axes for line in curves_of(ax)}
    assert colours == {INK}
    assert not colours & set(HUE.values())


@pytest.mark.parametrize("curves", [{"one": SIGMOID}, {str(n): SIGMOID for n in range(5)}])
def test_nothing_that_is_written_is_clipped_or_lies_on_something_else(curves):
    figure = show_activations(curves, point=(0, 0.5, 0.25))
    figure.canvas.draw()
    assert size_of(figure)[0] <= 760
    boxes = []
    for ax in figure.axes:
        ticks = [each for axis in (ax.xaxis, ax.yaxis) for each in axis.get_ticklabels() if axis.get_visible()]
        low, high = ax.get_ylim()
        shown = [t for t in ticks if t.get_text() and (t in ax.get_xticklabels() or low <= t.get_position()[1] <= high)]
        left, right = ax.get_xlim()
        shown = [t for t in shown if t in ax.get_yticklabels() or left <= t.get_position()[0] <= right]
        hidden = ax.get_title() != "its derivative"
        shown = [t for t in shown if not (hidden and t in ax.get_xticklabels())]
        boxes += [text.get_window_extent() for text in [*shown, ax.title]]
    for number, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0
        assert box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:number])


@pytest.mark.parametrize(
    ("curves", "words"),
    [
        ({}, "nothing to draw"),
        ({"one": (x, x, x[:-1])}, "slopes of one"),
        ({"one": (x, x[:-1], x[:-1])}, "last axis must be as long as x"),
    ],
)
def test_curves_that_do_not_fit_are_refused(curves, words):
    with pytest.raises(ValueError, match=words):
        show_activations(curves)


def crosses(ax):
    return [text.xy[0] for text in ax.texts if text.get_text() == "×"]


def test_a_table_of_slopes_shows_every_slope_and_crosses_units_that_let_nothing_through(rng):
    alive = rng.random((6, 5)) + 0.1
    dead = alive.copy()
    dead[:, [1, 4]] = 0
    dead[2, 3] = 0  # silent once: not dead
    figure = show_slopes({"before": alive, "after": dead}, largest=2.0)
    first, second, bar = figure.axes
    assert [first.get_title(), second.get_title()] == ["before", "after"]
    for ax, table in ((first, alive), (second, dead)):
        assert (ax.images[0].get_array() == table).all()
        assert ax.images[0].get_clim() == (0, 2)
    assert crosses(first) == []
    assert crosses(second) == [1, 4]
    assert bar.get_ylim() == (0, 2)


@pytest.mark.parametrize("table", [np.zeros(3), np.zeros((0, 4)), np.zeros((2, 3, 4))])
def test_a_table_of_another_shape_is_refused(table):
    with pytest.raises(ValueError, match="show_slopes"):
        show_slopes({"units": table})


def test_show_histograms_writes_the_standard_deviation_and_keeps_one_scale_in_a_row(rng):
    row = {"weights": rng.normal(size=50), "layer 1": np.array([-2.0, 2.0]), "layer 2": np.array([0.5, 0.5])}
    figure = show_histograms({"he": row})
    assert [ax.get_title() for ax in figure.axes[1:]] == ["spread 2", "spread 0"]
    assert figure.axes[1].get_xlim() == figure.axes[2].get_xlim()
    assert figure.axes[0].patches[0].get_facecolor()[:3] != figure.axes[1].patches[0].get_facecolor()[:3]
    assert set(HUE) >= {"F", "O"}


def test_show_histograms_refuses_rows_of_different_columns():
    with pytest.raises(ValueError, match="same columns"):
        show_histograms({"a": {"x": [1.0]}, "b": {"y": [1.0]}})
