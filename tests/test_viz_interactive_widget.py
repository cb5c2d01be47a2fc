"""Widgets without a browser: every value draws its state, invalid states show a message, one bundle is stored."""

import html
import io
import itertools
import sys
from types import SimpleNamespace

import ipywidgets
import matplotlib
import matplotlib.colors
import matplotlib.image
import nbformat
import numpy as np
import pytest
import run_notebooks
from nbformat.v4 import new_code_cell, new_notebook

from cnn_core import conv2d_forward, output_size
from cnn_viz import Field, Steps, explore
from cnn_viz.base.figures import new_figure, png_of
from cnn_viz.interactive.controls import controls_and_values
from cnn_viz.interactive.frame_grid import frame_grid
from cnn_viz.interactive.states import LEAST, write_message
from cnn_viz.interactive.view import SENTENCE, WIDGET
from cnn_viz.interactive.widget import WidgetView


def count(size=6, kernel=3, stride=1):
    """Return the number of positions of a filter."""
    return output_size(size, kernel, stride) ** 2


def draw(size=6, kernel=3, stride=1, step=0):
    """Write the state into a picture."""
    positions = count(size, kernel, stride)
    figure = new_figure(400, 200)
    figure.text(0.1, 0.5, f"{size} {kernel} {stride} {step}", fontsize=30)
    return figure, f"Step {step + 1} of {positions}: size {size}, kernel {kernel}, stride {stride}."


def view_of(draw, **controls):
    return WidgetView(draw, *controls_and_values(draw, controls))


@pytest.fixture
def stepper():
    return view_of(draw, size=range(1, 9), kernel=range(1, 6), stride=[1, 2, 3], step=Steps(count))


def shown(view):
    """Return the picture of a widget as an array."""
    return matplotlib.image.imread(io.BytesIO(view.image.value))


def press(view, which, name="step"):
    view.buttons[name][("first", "previous", "next").index(which)].click()


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


def test_the_last_step_depends_on_the_other_controls(stepper):
    stepper.inputs["step"].value = 16
    stepper.inputs["kernel"].value = 5
    assert stepper.sentence == "Step 4 of 4: size 6, kernel 5, stride 1."
    assert stepper.inputs["step"].max == 4
    stepper.inputs["kernel"].value = 1
    assert stepper.inputs["step"].max == 36


def test_a_stepper_of_one_step_stays_there():
    view = view_of(draw, step=Steps(1))
    press(view, "next")
    assert view.sentence.startswith("Step 1 of 16")


def test_every_state_is_drawn_once():
    drawn = []

    def noted(size=6, step=0):
        drawn.append((size, step))
        return new_figure(50, 50), ""

    view = view_of(noted, size=range(1, 9), step=Steps(lambda size: size))
    view.inputs["step"].value = 6
    view.inputs["size"].value = 2
    assert drawn == [(6, 0), (6, 5), (2, 1)]


def test_sliders_and_fields_wait_until_they_are_let_go():
    view = view_of(lambda a, b, c, d: (new_figure(9, 9), ""), a=range(3), b=[0.1, 0.2], c=Field(), d=Steps(3))
    kinds = [ipywidgets.IntSlider, ipywidgets.SelectionSlider, ipywidgets.Text, ipywidgets.IntSlider]
    assert [type(each) for each in view.inputs.values()] == kinds
    assert not any(each.continuous_update for each in view.inputs.values())


def test_a_sentence_with_html_in_it_is_shown_as_it_is():
    view = view_of(lambda n: (new_figure(9, 9), "<b>1</b> & 2"), n=range(2))
    assert view.sentence == "<b>1</b> & 2"
    assert "&lt;b&gt;1&lt;/b&gt; &amp; 2" in view.text.value


# --- the space of the picture -----------------------------------------------------------------------------------------


def sized(n=1):
    return new_figure(200 * n, 100 * n), f"{200 * n} by {100 * n}."


def test_a_picture_is_shown_in_its_own_size_in_a_space_that_never_shrinks():
    view = view_of(sized, n=range(1, 5))
    heights = []
    for n in (2, 4, 1):
        view.inputs["n"].value = n
        assert (view.image.layout.width, view.image.layout.height) == (f"{200 * n}px", f"{100 * n}px")
        heights.append(view.place.layout.min_height)
    assert heights == [f"{tallest + SENTENCE}px" for tallest in (200, 400, 400)]
    assert view.place.children == (view.image, view.text)  # the sentence is under the picture, however small it is


def test_a_message_has_the_size_of_the_picture_that_it_replaces(stepper):
    before = shown(stepper).shape
    stepper.inputs["size"].value = 2
    assert stepper.sentence.startswith("output_size: the kernel (3) is larger")
    assert shown(stepper).shape == before
    assert (stepper.image.layout.width, stepper.image.layout.height) == ("400px", "200px")


# --- invalid states -------------------------------------------------------------------------------------------------


@pytest.mark.slow  # it draws 18 states
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
    view = view_of(draw, size=[2, 6], kernel=[5, 3], step=Steps(lambda **_: 3))
    assert view.sentence.startswith("Step 1 of 16")
    view = view_of(lambda size, step: draw(size, 3, 1, step), size=[2, 6], step=Steps(lambda size: count(size)))
    assert view.sentence.startswith("output_size: the kernel (3)")
    view.inputs["size"].value = "6"
    view.inputs["step"].value = 16
    assert view.sentence.startswith("Step 16 of 16")


@pytest.mark.parametrize("error", [ValueError, TypeError, FloatingPointError, ZeroDivisionError, MemoryError])
def test_an_invalid_state_shows_the_message_of_the_library(error):
    def refuse(n=0):
        raise error(f"fit: {n} is too large." if n else "")

    view = view_of(refuse, n=range(2))
    assert view.sentence == error.__name__
    view.inputs["n"].value = 1
    assert view.sentence == "fit: 1 is too large."


class Own(Exception):
    """An exception of a user."""


MISTAKES = [
    KeyError("F"),
    IndexError("list index out of range"),
    AttributeError("no shape"),
    NameError("name 'figur' is not defined"),
    RuntimeError("no"),
    OSError(2, "No such file"),
    AssertionError("4 == 5"),
    NotImplementedError("later"),
    RecursionError("too deep"),
    StopIteration("the end"),
    ImportError("No module named 'cv2'"),
    Own("$x^{$ <b>"),
    ExceptionGroup("two", [ValueError("one")]),
]


def fails_with(error):
    def fails(n=0):
        if n:
            raise error
        return new_figure(400, 200), "A picture."

    return fails


@pytest.mark.parametrize("error", MISTAKES, ids=lambda error: type(error).__name__)
def test_a_mistake_in_the_drawing_function_is_shown_in_place_of_the_old_picture(error):
    view = view_of(fails_with(error), n=range(3))
    before = bytes(view.image.value)
    view.inputs["n"].value = 1
    assert f"{type(error).__name__}: {error} (line " in view.sentence
    assert view.sentence.endswith(": raise error)")
    assert bytes(view.image.value) == png_of(write_message(view.sentence, (400, 200))) != before
    assert html.escape(view.sentence) in view.text.value
    view.inputs["n"].value = 0
    assert (bytes(view.image.value), view.sentence) == (before, "A picture.")


@pytest.mark.parametrize("error", MISTAKES[:4], ids=lambda error: type(error).__name__)
def test_a_mistake_in_the_first_state_is_shown_in_the_place_of_the_picture(error, displayed):
    explore(lambda n: fails_with(error)(n), n=[1, 0])
    ((data, _),) = displayed
    assert f"{type(error).__name__}: {error} (line " in data["text/plain"]
    assert data["image/png"] == png_of(write_message(data["text/plain"], LEAST))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interrupt_is_not_shown_as_a_message(stop):
    view = view_of(fails_with(stop()), n=range(3))
    with pytest.raises(stop):
        view.inputs["n"].value = 1
    assert view.sentence == "A picture."
    view.inputs["n"].value = 0
    assert view.sentence == "A picture."


def unwritable(n=0):
    figure = new_figure(400, 200)
    figure.text(0, 0, "$x^{$" if n else "x", parse_math=True)
    return figure, "A picture."


def nothing(n=0):
    return None if n else (new_figure(400, 200), "A picture.")


def huge(n=0):
    return new_figure(400, 200 + 10**7 * n), "A picture."


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (unwritable, "Expected"),
        (nothing, "draw must return (figure, sentence), got NoneType."),
        (huge, "Image size of"),
    ],
)
def test_a_picture_that_cannot_be_made_is_replaced_by_words(draw, words):
    view = view_of(draw, n=range(2))
    before = bytes(view.image.value)
    view.inputs["n"].value = 1
    assert words in view.sentence
    assert bytes(view.image.value) == png_of(write_message(view.sentence, (400, 200)))
    assert (view.image.layout.width, view.image.layout.height) == ("400px", "200px")
    view.inputs["n"].value = 0
    assert bytes(view.image.value) == before


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (lambda n: {0: 3}[n], "KeyError: 1 (line "),
        (lambda n: 3 if n == 0 else "three", "count must be"),
        (lambda n: 3 - 3 * n, "count must be"),
    ],
)
def test_a_number_of_steps_that_cannot_be_found_is_a_message(count, words):
    view = view_of(lambda n=0, step=0: (new_figure(400, 200), "A picture."), n=range(2), step=Steps(count))
    view.inputs["n"].value = 1
    assert words in view.sentence
    view.inputs["n"].value = 0
    assert view.sentence == "A picture."


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

        O = conv2d_forward(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3)), padding=padding)
        return new_figure(50, 50), f"O has shape {O.shape}."

    view = view_of(pad, padding=Field())
    assert view.sentence == "O has shape (1, 1, 5, 5)."
    view.inputs["padding"].value = typed
    assert view.sentence.startswith("conv2d_forward: ")
    assert len(view.sentence) <= 500
    view.inputs["padding"].value = " (0, 1)"
    assert view.sentence == "O has shape (1, 1, 3, 5)."


# --- the stored bundle ---------------------------------------------------------------------------------------------


@pytest.fixture
def displayed(monkeypatch):
    """Behave as in a notebook, and return the list of displayed bundles."""
    calls = []
    monkeypatch.setattr("cnn_viz.base.notebook.in_notebook", lambda: True)
    monkeypatch.setattr("cnn_viz.interactive.view.display", lambda data, **options: calls.append((data, options)))
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


def test_the_stored_bundle_is_the_same_each_time(displayed):
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


class Broken:
    """An installation of ipywidgets whose version cannot be read."""


UNUSABLE = {
    "none": None,
    "version-7": SimpleNamespace(__version__="7.8.5"),
    "version-7.0": SimpleNamespace(__version__="7.0.0b1"),
    "version-6": SimpleNamespace(__version__="6.0.0"),
    "broken": Broken(),
    "no-number": SimpleNamespace(__version__="unknown"),
}


@pytest.mark.parametrize("version", ["8.0.0", "8.1.5", "9.0.0a1", "10.2"])
def test_widgets_are_live_from_version_8_on(monkeypatch, displayed, version):
    monkeypatch.setattr(ipywidgets, "__version__", version)
    explore(draw, size=range(1, 9))
    assert len(displayed) == 1


@pytest.mark.parametrize("installed", UNUSABLE.values(), ids=UNUSABLE)
def test_a_notebook_without_ipywidgets_8_shows_the_picture(monkeypatch, displayed, capsys, installed):
    pictures = []
    monkeypatch.setitem(sys.modules, "ipywidgets", installed)
    monkeypatch.setattr("cnn_viz.base.figures.in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, **_: pictures.append(data))
    explore(draw, size=range(1, 9))
    assert displayed == []
    shown, caption = pictures
    assert shown["image/png"] == png_of(draw()[0])
    assert caption["text/plain"] == "Step 1 of 16: size 6, kernel 3, stride 1."
    assert capsys.readouterr().out == ""


SOURCE = """
from cnn_core import output_size
from cnn_viz import Steps, explore, new_figure

def draw(size=6, step=0):
    return new_figure(100, 50), f"Step {step + 1} of {output_size(size, 3)}."

explore(draw, size=range(1, 9), step=Steps(lambda size: output_size(size, 3)))
"""


@pytest.mark.slow
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


def test_a_control_starts_with_the_value_that_equals_the_default_of_draw():
    def pad(padding=(0, 1000)):
        return new_figure(9, 9), f"{padding}"

    assert view_of(pad, padding=[(0, 0), tuple([0, 10**3])]).sentence == "(0, 1000)"  # noqa: C409
    assert view_of(pad, padding=Field()).inputs["padding"].value == "(0, 1000)"


def test_a_menu_of_arrays_starts_with_the_default_of_draw():
    edge, line = np.eye(3), np.ones((3, 3))
    view = view_of(lambda F=line: (new_figure(9, 9), f"{F.sum():g}"), F={"edge": edge, "line": line})
    assert (view.inputs["F"].value, view.sentence) == ("line", "9")
    view.inputs["F"].value = "edge"
    assert view.sentence == "3"


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
def test_explore_refuses_wrong_controls(controls, kind, message):
    with pytest.raises(kind, match=f"explore: .*{message}"):
        explore(draw, **controls)


def test_explore_refuses_something_else_than_a_drawing_function():
    with pytest.raises(TypeError, match="explore: draw must be a function"):
        explore("draw", n=range(3))
    with pytest.raises(TypeError, match="explore: draw takes"):
        explore(lambda a, b: None, a=range(3))


@pytest.mark.parametrize(
    "drawn", [None, new_figure(9, 9), (new_figure(9, 9), 3), ("text", "text"), (1, 2, 3)], ids=range(5)
)
def test_a_drawing_function_must_return_a_figure_and_a_sentence(drawn):
    with pytest.raises(TypeError, match=r"explore: draw must return \(figure, sentence\), got "):
        view_of(lambda n: drawn, n=range(3))
    with pytest.raises(TypeError, match=r"frame_grid: draw must return \(figure, sentence\), got "):
        frame_grid(lambda n: drawn, [{"n": 1}])
