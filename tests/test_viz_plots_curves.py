"""Learning curves: lines at the values of the records, labelled axes, and no difference by hue alone."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from cnn_core import Epoch, Step
from cnn_viz.base.figures import png_of, size_of
from cnn_viz.base.palette import INK
from cnn_viz.interactive.history import History
from cnn_viz.plots.curves import NO_ERROR, WINDOW, Curves, describe, running_mean, window_for


def history_of(epochs=2, steps=5, accuracy=0.75, validation=(0.5, 0.9)):
    """Return the history of a run whose cost is 1, 1/2, 1/3, ... at its steps."""
    history = History()
    for epoch in range(1, epochs + 1):
        for _ in range(steps):
            step = len(history.steps) + 1
            history.append(Step(epoch, epochs, step, epochs * steps, 1 / step, accuracy, 0.01))
        history.append(Epoch(epoch, epochs, len(history.steps), 1 / epoch, accuracy, *validation), seconds=1.0)
    return history


def figure_of(history, batch_size=None):
    """Return the figure of the curves of a history."""
    return Curves(batch_size).update(history).figure


def line(plot, name):
    """Return x and y of a line of a plot."""
    return [np.asarray(each, dtype=float) for each in plot.lines[name].get_data()]


def test_the_training_line_is_the_running_mean_of_the_costs():
    history = history_of(epochs=1, steps=200)
    x, y = line(Curves().update(history).cost, "train")
    np.testing.assert_array_equal(x, np.arange(1, 201))
    assert window_for(200) == 5
    assert y[0] == pytest.approx(1)
    assert y[-1] == pytest.approx(np.mean([1 / step for step in range(196, 201)]))


def test_the_single_steps_are_drawn_as_a_faint_line():
    history = history_of()
    curves = Curves().update(history)
    np.testing.assert_allclose(line(curves.cost, "single")[1], history.cost)
    assert curves.cost.lines["single"].get_alpha() < 0.5


def test_validation_is_drawn_at_the_ends_of_the_epochs():
    curves = Curves().update(history_of(epochs=3, steps=5))
    x, y = line(curves.cost, "validation")
    np.testing.assert_array_equal(x, [5, 10, 15])
    np.testing.assert_allclose(y, 0.5)


def test_an_accuracy_is_drawn_at_its_share_of_errors_and_labelled_as_accuracy():
    plot = Curves().update(history_of(accuracy=0.75, validation=(0.5, 0.98))).accuracy
    np.testing.assert_allclose(line(plot, "train")[1], 0.25)
    np.testing.assert_allclose(line(plot, "validation")[1], 0.02)
    labels = dict(zip(plot.ax.yaxis.get_majorticklocs(), plot.ax.yaxis.get_major_formatter().seq, strict=True))
    assert labels[0.02] == "98 %"
    assert labels[1] == "0 %"
    assert labels[NO_ERROR] == "100 %"
    bottom, top = plot.ax.get_ylim()
    assert bottom == 1
    assert top < 0.02


def test_a_perfect_accuracy_is_drawn():
    plot = Curves().update(history_of(accuracy=1.0, validation=(0.1, 1.0))).accuracy
    np.testing.assert_array_equal(line(plot, "train")[1], NO_ERROR)
    assert plot.ax.get_ylim()[1] < NO_ERROR


def test_the_axes_carry_their_names_and_units():
    figure = figure_of(history_of(), batch_size=32)
    assert [ax.get_ylabel() for ax in figure.axes] == ["cost", "accuracy"]
    assert {ax.get_xlabel() for ax in figure.axes} == {"step (batches of 32)"}
    assert {ax.get_xlabel() for ax in figure_of(history_of()).axes} == {"step"}
    assert {ax.get_yscale() for ax in figure.axes} == {"log"}


def test_the_titles_hold_the_last_values():
    figure = figure_of(history_of(epochs=1, steps=4, accuracy=0.75, validation=(0.5, 0.9)))
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "cost: 0.25, validation 0.5",
        "accuracy: 75.0 %, validation 90.0 %",
    ]


def test_training_and_validation_differ_in_colour_line_and_marker():
    lines = Curves().update(history_of()).cost.lines
    train, validation = lines["train"], lines["validation"]
    assert same_color(train.get_color(), INK)
    assert same_color(validation.get_color(), "#0072B2")
    assert (train.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert (train.get_marker(), validation.get_marker()) == ("None", "o")


def test_the_legend_has_the_length_of_the_running_mean():
    def first(steps):
        return figure_of(history_of(epochs=1, steps=steps)).legends[0].get_texts()[0].get_text()

    assert first(20) == "training"
    assert first(200) == "training, mean of 5 steps"


def test_the_legend_lies_below_the_axes():
    figure = figure_of(history_of())
    figure.canvas.draw()
    top = figure.legends[0].get_window_extent().y1
    assert top < min(ax.xaxis.label.get_window_extent().y0 for ax in figure.axes)


def test_a_vertical_line_stands_where_an_epoch_ended_and_training_went_on():
    x, _ = line(Curves().update(history_of(epochs=3, steps=5)).cost, "ends")
    assert set(x) == {5, 10}
    assert not len(line(Curves().update(history_of(epochs=50, steps=1)).cost, "ends")[0])


def test_the_axis_has_the_length_of_the_whole_run():
    assert Curves().update(history_of(), steps=400).cost.ax.get_xlim() == (0, pytest.approx(404))


def test_an_update_draws_on_the_same_figure():
    curves = Curves()
    figure = curves.update(History()).figure
    lines = dict(curves.cost.lines)
    assert curves.update(history_of()).figure is figure
    assert curves.cost.lines == lines
    assert len(lines["train"].get_xdata()) == 10


def test_a_long_run_is_drawn_with_fewer_points():
    curves = Curves().update(history_of(epochs=1, steps=2500))
    assert len(line(curves.cost, "single")[0]) <= 1000


def test_a_run_without_labels_has_no_accuracy():
    history = history_of(accuracy=None, validation=(0.5, None))
    figure = figure_of(history)
    assert figure.axes[1].get_title(loc="left") == "accuracy: none"
    assert png_of(figure)
    assert "right" not in describe(history)


@pytest.mark.parametrize("cost", [0.0, 2.0], ids=["zero", "constant"])
def test_zero_and_constant_costs_can_be_drawn_on_a_logarithmic_scale(cost):
    history = History()
    for step in range(1, 4):
        history.append(Step(1, 1, step, 3, cost, 1.0, 0.1))
    assert png_of(figure_of(history))


@pytest.mark.parametrize("largest", [1.0, 1e3, 1e6, 1e12, 1e30])
def test_the_cost_axis_is_numbered_however_far_the_costs_lie_apart(largest):
    history = History()
    for step, cost in enumerate([0.05, largest, 0.5], start=1):
        history.append(Step(1, 1, step, 3, cost, 1.0, 0.1))
    ax = figure_of(history).axes[0]
    bottom, top = ax.get_ylim()
    inside = [number for number in ax.yaxis.get_majorticklocs() if bottom <= number <= top]
    assert 3 <= len(inside) <= 12
    assert all(f"{number:.0e}"[0] in "125" for number in inside)


def test_an_empty_history_can_be_drawn():
    assert png_of(figure_of(History()))
    assert describe(History()) == "Nothing has been trained yet."


def test_the_figure_has_one_size_for_every_history():
    assert size_of(figure_of(History())) == size_of(figure_of(history_of())) == (760, 300)


def test_describe_says_what_the_curves_show():
    assert describe(history_of(epochs=1, steps=4, accuracy=0.75, validation=(0.5, 0.9))) == (
        "The cost went from 1 at step 1 to 0.25, step 4. "
        "In the last epoch 75.0 % of the training examples and 90.0 % of the validation examples were right."
    )
    assert "the mean of the last 5 of 200 steps." in describe(history_of(epochs=1, steps=200, accuracy=None))


def test_a_running_mean_of_one_step_is_the_values_themselves(rng):
    values = rng.random(9)
    np.testing.assert_allclose(running_mean(values, 1), values, rtol=1e-12)


def test_a_running_mean_begins_with_as_many_as_there_are(rng):
    values = rng.random(50)
    mean = running_mean(values, WINDOW)
    np.testing.assert_allclose(mean[:3], [values[0], values[:2].mean(), values[:3].mean()], rtol=1e-12)
    np.testing.assert_allclose(mean[-1], values[-WINDOW:].mean(), rtol=1e-12)
