"""Widgets without a browser: each answer draws its state, what does not fit is said in words, one bundle is stored."""

import io
import itertools

import ipywidgets
import matplotlib.image
import nbformat
import numpy as np
import pytest
import run_notebooks
from matplotlib import pyplot
from nbformat.v4 import new_code_cell, new_notebook

from cnn_core import output_size
from cnn_viz import Field, Steps, explore
from cnn_viz.controls import Menu, Scale, Slide, control_of
from cnn_viz.figures import new_figure, png_of, size_of
from cnn_viz.shell import WIDGET, WORDS, Shell
from cnn_viz.states import LEAST, draw_state, draw_state_or_reason, picture_of, write_message
from cnn_viz.widgets import questions_of


def count(size=6, kernel=3, stride=1):
    """Return how many places a filter has."""
    return output_size(size, kernel, stride) ** 2


def draw(size=6, kernel=3, stride=1, step=0):
    """Write the state into a picture."""
    places = count(size, kernel, stride)
    figure = new_figure(400, 200)
    figure.text(0.1, 0.5, f"{size} {kernel} {stride} {step}", fontsize=30)
    return figure, f"Step {step + 1} of {places}: size {size}, kernel {kernel}, stride {stride}."


def shell_of(draw, **controls):
    return Shell(draw, *questions_of(draw, controls))


@pytest.fixture
def stepper():
    return shell_of(draw, size=range(1, 9), kernel=range(1, 6), stride=[1, 2, 3], step=Steps(count))


def shown(shell):
    """Return the picture of a widget as an array."""
    return matplotlib.image.imread(io.BytesIO(shell.image.value))


def press(shell, which, name="step"):
    shell.buttons[name][("first", "previous", "next").index(which)].click()


# --- the picture follows the controls ---------------------------------------------------------------------------------


def test_a_widget_starts_with_the_defaults_of_its_drawing_function(stepper):
    assert stepper.sentence == "Step 1 of 16: size 6, kernel 3, stride 1."
    assert bytes(stepper.image.value) == png_of(draw()[0])
    assert stepper.inputs["size"].value == 6


def test_each_state_is_drawn_as_the_drawing_function_draws_it(stepper):
    for size, kernel, stride in [(8, 2, 3), (5, 5, 1), (6, 3, 2)]:
        stepper.inputs["size"].value, stepper.inputs["kernel"].value = size, kernel
        stepper.inputs["stride"].value = str(stride)
        figure, sentence = draw(size, kernel, stride, step=0)
        assert stepper.sentence == sentence
        assert sentence in stepper.text.value
        assert bytes(stepper.image.value) == png_of(figure)


def test_a_stepper_goes_forwards_backwards_and_to_its_first_step(stepper):
    seen = []
    for which in ("next", "next", "next", "previous", "first", "previous"):
        press(stepper, which)
        seen.append(stepper.sentence.split(":")[0])
    assert seen == [f"Step {step} of 16" for step in (2, 3, 4, 3, 1, 1)]


def test_a_stepper_stops_at_its_last_step(stepper):
    stepper.inputs["step"].value = 16
    last = bytes(stepper.image.value)
    press(stepper, "next")
    assert stepper.sentence.startswith("Step 16 of 16")
    assert bytes(stepper.image.value) == last


def test_a_stepper_ends_where_the_other_controls_say(stepper):
    stepper.inputs["step"].value = 16
    stepper.inputs["kernel"].value = 5
    assert stepper.sentence == "Step 4 of 4: size 6, kernel 5, stride 1."
    assert stepper.inputs["step"].max == 4
    stepper.inputs["kernel"].value = 1
    assert stepper.inputs["step"].max == 36


def test_a_stepper_of_one_step_stays_there():
    shell = shell_of(draw, step=Steps(1))
    press(shell, "next")
    assert shell.sentence.startswith("Step 1 of 16")


def test_every_state_is_drawn_once():
    drawn = []

    def noted(size=6, step=0):
        drawn.append((size, step))
        return new_figure(50, 50), ""

    shell = shell_of(noted, size=range(1, 9), step=Steps(lambda size: size))
    shell.inputs["step"].value = 6
    shell.inputs["size"].value = 2
    assert drawn == [(6, 0), (6, 5), (2, 1)]


def test_sliders_and_fields_wait_until_they_are_let_go():
    shell = shell_of(lambda a, b, c, d: (new_figure(9, 9), ""), a=range(3), b=[0.1, 0.2], c=Field(), d=Steps(3))
    kinds = [ipywidgets.IntSlider, ipywidgets.SelectionSlider, ipywidgets.Text, ipywidgets.IntSlider]
    assert [type(each) for each in shell.inputs.values()] == kinds
    assert not any(each.continuous_update for each in shell.inputs.values())


def test_words_that_look_like_html_are_shown_as_they_are():
    shell = shell_of(lambda n: (new_figure(9, 9), "<b>1</b> & 2"), n=range(2))
    assert shell.sentence == "<b>1</b> & 2"
    assert "&lt;b&gt;1&lt;/b&gt; &amp; 2" in shell.text.value


# --- the place of the picture -----------------------------------------------------------------------------------------


def sized(n=1):
    return new_figure(200 * n, 100 * n), f"{200 * n} by {100 * n}."


def test_a_picture_is_shown_in_its_own_size_in_a_place_that_never_shrinks():
    shell = shell_of(sized, n=range(1, 5))
    heights = []
    for n in (2, 4, 1):
        shell.inputs["n"].value = n
        assert (shell.image.layout.width, shell.image.layout.height) == (f"{200 * n}px", f"{100 * n}px")
        heights.append(shell.place.layout.min_height)
    assert heights == [f"{tallest + WORDS}px" for tallest in (200, 400, 400)]
    assert shell.place.children == (shell.image, shell.text)  # the words lie under the picture, however small it is


def test_a_message_has_the_size_of_the_picture_in_whose_place_it_is(stepper):
    before = shown(stepper).shape
    stepper.inputs["size"].value = 2
    assert stepper.sentence.startswith("output_size: the kernel (3) is larger")
    assert shown(stepper).shape == before
    assert (stepper.image.layout.width, stepper.image.layout.height) == ("400px", "200px")


# --- what does not fit ------------------------------------------------------------------------------------------------


def test_every_combination_of_values_shows_a_picture_or_a_message(stepper):
    pictures = messages = 0
    for size, kernel, stride in itertools.product((1, 2, 5, 8), (1, 3, 5), "13"):
        stepper.inputs["size"].value, stepper.inputs["kernel"].value = size, kernel
        stepper.inputs["stride"].value = stride
        fits = kernel <= size
        assert stepper.sentence.startswith("Step " if fits else f"output_size: the kernel ({kernel}) is larger")
        pictures, messages = pictures + fits, messages + (not fits)
    assert pictures
    assert messages


def test_a_message_is_written_where_the_picture_was(stepper):
    stepper.inputs["size"].value = 2
    reason = stepper.sentence
    assert bytes(stepper.image.value) == png_of(write_message(reason, (400, 200)))
    assert " ".join(write_message(reason, (400, 200)).texts[0].get_text().split()) == reason


def test_the_picture_comes_back_when_the_values_fit_again(stepper):
    before = bytes(stepper.image.value)
    stepper.inputs["size"].value = 2
    assert bytes(stepper.image.value) != before
    stepper.inputs["size"].value = 6
    assert bytes(stepper.image.value) == before


def test_a_widget_may_start_with_values_that_do_not_fit():
    shell = shell_of(draw, size=[2, 6], kernel=[5, 3], step=Steps(lambda **_: 3))
    assert shell.sentence.startswith("Step 1 of 16")
    shell = shell_of(lambda size, step: draw(size, 3, 1, step), size=[2, 6], step=Steps(lambda size: count(size)))
    assert shell.sentence.startswith("output_size: the kernel (3)")
    shell.inputs["size"].value = "6"
    shell.inputs["step"].value = 16
    assert shell.sentence.startswith("Step 16 of 16")


@pytest.mark.parametrize("error", [ValueError, TypeError, FloatingPointError, ZeroDivisionError, MemoryError])
def test_a_refusal_is_shown_in_the_words_of_the_library(error):
    def refuse(n=0):
        raise error(f"fit: {n} is too large." if n else "")

    shell = shell_of(refuse, n=range(2))
    assert shell.sentence == error.__name__
    shell.inputs["n"].value = 1
    assert shell.sentence == "fit: 1 is too large."


def test_a_mistake_in_the_drawing_function_is_not_hidden():
    with pytest.raises(KeyError):
        shell_of(lambda n: {}[n], n=range(2))


NONSENSE = [
    "",
    "  ",
    "sme",
    "-1",
    "1e999",
    "(1, 2, 3)",
    "[1, 2",
    "None",
    "x" * 3000,
    "$x^{$",
    "\\d",
    "'\\d'",
    "\0",
    "🦉",
    "(" * 500,
    "-" * 10_000 + "1",
]


@pytest.mark.parametrize("typed", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_in_a_field_becomes_a_message(typed):
    def pad(padding="same"):
        from cnn_core import conv2d_forward

        O = conv2d_forward(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3)), padding=padding)
        return new_figure(50, 50), f"O has shape {O.shape}."

    shell = shell_of(pad, padding=Field())
    assert shell.sentence == "O has shape (1, 1, 5, 5)."
    shell.inputs["padding"].value = typed
    assert shell.sentence.startswith("conv2d_forward: ")
    assert len(shell.sentence) <= 500
    shell.inputs["padding"].value = " (0, 1)"
    assert shell.sentence == "O has shape (1, 1, 3, 5)."


@pytest.mark.parametrize("size", [LEAST, (760, 300)], ids=str)
@pytest.mark.parametrize("length", [10, 150, 500])
def test_a_message_stays_within_its_frame(size, length):
    figure = write_message(("a word of " * 50)[:length], size)
    figure.draw_without_rendering()
    box = figure.texts[0].get_window_extent()
    assert size_of(figure) == size
    assert 0 < box.x0 < box.x1 < size[0]
    assert 0 < box.y0 < box.y1 < size[1]


# --- what is shown and stored -----------------------------------------------------------------------------------------


@pytest.fixture
def displayed(monkeypatch):
    """Behave as in a notebook, and return the list of what is displayed there."""
    calls = []
    monkeypatch.setattr("cnn_viz.widgets.in_notebook", lambda: True)
    monkeypatch.setattr("cnn_viz.shell.display", lambda data, **options: calls.append((data, options)))
    return calls


def test_a_widget_is_one_bundle_of_the_live_widget_the_picture_and_the_sentence(displayed, capsys):
    assert explore(draw, size=range(1, 9)) is None
    ((data, options),) = displayed
    assert set(data) == {WIDGET, "image/png", "text/plain"}
    assert data["image/png"] == png_of(draw()[0])
    assert type(data["image/png"]) is bytes
    assert data["text/plain"] == "Step 1 of 16: size 6, kernel 3, stride 1."
    assert set(data[WIDGET]) == {"model_id", "version_major", "version_minor"}
    assert options["raw"]
    assert options["metadata"] == {"image/png": {"alt": data["text/plain"], "width": 400, "height": 200}}
    assert capsys.readouterr().out == ""


def test_what_is_stored_is_the_same_each_time(displayed):
    for _ in range(2):
        explore(draw, size=range(1, 9), step=Steps(count))
    (first, about), (second, again) = displayed
    assert first.pop(WIDGET) != second.pop(WIDGET)
    assert (first, about) == (second, again)


def test_outside_a_notebook_the_sentence_is_printed(capsys):
    explore(draw, size=range(1, 9), step=Steps(count))
    explore(lambda n: draw(n), n=[2])
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "Step 1 of 16: size 6, kernel 3, stride 1."
    assert " ".join(rest).startswith("output_size: the kernel (3) is larger")


def test_a_notebook_without_ipywidgets_shows_the_picture(monkeypatch, displayed, capsys):
    pictures = []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("cnn_viz.figures.in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, **_: pictures.append(data))
    explore(draw, size=range(1, 9))
    assert displayed == []
    assert [data["image/png"] for data in pictures] == [png_of(draw()[0])]
    assert capsys.readouterr().out == "Step 1 of 16: size 6, kernel 3, stride 1.\n"


SOURCE = """
from cnn_core import output_size
from cnn_viz import Steps, explore
from cnn_viz.figures import new_figure

def draw(size=6, step=0):
    return new_figure(100, 50), f"Step {step + 1} of {output_size(size, 3)}."

explore(draw, size=range(1, 9), step=Steps(lambda size: output_size(size, 3)))
"""


def test_a_notebook_with_a_widget_is_stored_as_the_same_bytes_twice(monkeypatch, tmp_path):
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    path, stored = tmp_path / "widget.ipynb", []
    nbformat.write(new_notebook(cells=[new_code_cell(SOURCE)]), path)
    for _ in range(2):
        assert run_notebooks.main([str(path)]) == 0
        stored.append(path.read_bytes())
    assert stored[0] == stored[1]
    (output,) = nbformat.read(path, as_version=4).cells[0].outputs
    assert set(output.data) == {"image/png", "text/plain"}
    assert output.data["text/plain"] == output.metadata["image/png"]["alt"] == "Step 1 of 4."


# --- at the door ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        pytest.param(range(1, 5), Slide, id="range"),
        pytest.param(range(1, 9, 2), Scale, id="range-with-gaps"),
        pytest.param(range(5, 1, -1), Scale, id="range-downwards"),
        pytest.param([0.1, 1, 10], Scale, id="numbers"),
        pytest.param(np.linspace(0, 1, 4), Scale, id="array"),
        pytest.param((0, "same"), Menu, id="numbers-and-names"),
        pytest.param([False, True], Menu, id="yes-or-no"),
        pytest.param({"edge": np.eye(3), "line": np.ones((1, 3))}, Menu, id="names"),
        pytest.param(Steps(4), Steps, id="steps"),
        pytest.param(Field(), Field, id="field"),
    ],
)
def test_what_is_given_says_what_kind_of_control_is_meant(given, kind):
    control = control_of("x", given)
    assert type(control) is kind
    if isinstance(given, dict | range | list | tuple):
        values = list(given.values()) if isinstance(given, dict) else list(given)
        answers = [control.answer_for(value) for value in values]
        assert all(control.value_of(answer) is value for answer, value in zip(answers, values, strict=True))
        assert control.first == answers[0]


def test_values_are_called_by_short_names():
    assert list(control_of("x", [0.1 + 0.2, 1e-5, 3]).values) == ["0.3", "1e-05", "3"]
    assert list(control_of("x", {1: "a"}).values) == ["1"]


@pytest.mark.parametrize(
    ("typed", "value"),
    [("2", 2), (" (1, 2)", (1, 2)), ("same", "same"), ("'2'", "2"), ("-0.5", -0.5), ("2 +", "2 +"), ("'\\d'", "\\d")],
)
def test_a_field_reads_numbers_pairs_and_names(typed, value):
    assert Field().value_of(typed) == value


@pytest.mark.parametrize("value", [2, (1, 2), "same", None])
def test_what_stands_in_a_field_is_read_as_what_it_stands_for(value):
    assert Field().value_of(Field().answer_for(value)) == value


def test_a_control_starts_with_the_value_that_equals_draw_s_default():
    def pad(padding=(0, 1000)):
        return new_figure(9, 9), f"{padding}"

    assert shell_of(pad, padding=[(0, 0), tuple([0, 10**3])]).sentence == "(0, 1000)"  # noqa: C409
    assert shell_of(pad, padding=Field()).inputs["padding"].value == "(0, 1000)"


def test_a_menu_of_arrays_starts_with_the_one_that_is_draw_s_default():
    edge, line = np.eye(3), np.ones((3, 3))
    shell = shell_of(lambda F=line: (new_figure(9, 9), f"{F.sum():g}"), F={"edge": edge, "line": line})
    assert (shell.inputs["F"].value, shell.sentence) == ("line", "9")
    shell.inputs["F"].value = "edge"
    assert shell.sentence == "3"


@pytest.mark.parametrize(
    ("controls", "kind", "message"),
    [
        pytest.param({}, ValueError, "there is nothing to choose", id="no-control"),
        pytest.param({"size": 5}, TypeError, r"size must be a range, .* got 5", id="number"),
        pytest.param({"size": "abc"}, TypeError, "size must be a range", id="text"),
        pytest.param({"size": np.ones((2, 2))}, TypeError, "size must be a range", id="matrix"),
        pytest.param({"size": range(0)}, ValueError, "size has no values", id="empty-range"),
        pytest.param({"size": []}, ValueError, "size has no values", id="empty-list"),
        pytest.param({"size": [1.0, 1]}, ValueError, "size has values that look the same: 1.0, 1", id="twice"),
        pytest.param({"size": range(1, 5)}, ValueError, "starts with size=6, which is not among", id="default-outside"),
        pytest.param({"size": [1, 2]}, ValueError, "starts with size=6", id="default-not-listed"),
        pytest.param({"step": Steps(4), "colour": ["red"]}, TypeError, "the controls are step, colour", id="unknown"),
    ],
)
def test_explore_refuses_controls_that_cannot_be(controls, kind, message):
    with pytest.raises(kind, match=f"explore: .*{message}"):
        explore(draw, **controls)


def test_explore_refuses_a_drawing_function_that_is_none():
    with pytest.raises(TypeError, match="explore: draw must be a function"):
        explore("draw", n=range(3))
    with pytest.raises(TypeError, match="explore: draw takes"):
        explore(lambda a, b: None, a=range(3))


@pytest.mark.parametrize(
    "drawn", [None, new_figure(9, 9), (new_figure(9, 9), 3), ("text", "text"), (1, 2, 3)], ids=range(5)
)
def test_a_drawing_function_must_return_a_figure_and_a_sentence(drawn):
    with pytest.raises(TypeError, match=r"explore: draw must return \(figure, sentence\), got "):
        shell_of(lambda n: drawn, n=range(3))
    with pytest.raises(TypeError, match=r"film_strip: draw must return \(figure, sentence\), got "):
        draw_state("film_strip", lambda n: drawn, {"n": 1})


@pytest.mark.parametrize(("count", "kind"), [(0, ValueError), (2.0, TypeError), ("3", TypeError), (True, TypeError)])
def test_steps_refuses_a_count_that_is_none(count, kind):
    with pytest.raises(kind, match="Steps: count must be a positive integer"):
        Steps(count)
    with pytest.raises(kind, match="Steps: count must be a positive integer"):
        Steps(lambda: count).count_for({})


def test_axes_stand_for_their_figure_and_a_reader_s_own_figure_is_closed():
    figure, sentence = draw_state_or_reason("explore", lambda: (pyplot.figure().subplots(), "An axis."), {}, LEAST)
    assert sentence == "An axis."
    assert pyplot.fignum_exists(figure.number)
    assert picture_of(figure, 1).startswith(b"\x89PNG")
    assert not pyplot.fignum_exists(figure.number)
