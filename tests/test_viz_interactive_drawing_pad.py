"""The drawing pad without a browser: what draw receives, what is stored, and what is shown where no widget can be."""

import base64
import builtins
import html
import io

import matplotlib.image
import numpy as np
import pytest
import run_notebooks
from nbformat.v4 import new_code_cell, new_notebook

from cnn_viz import centre_digit, drawing_pad, drawn_digits
from cnn_viz.base.figures import new_figure, png_of
from cnn_viz.images.centring import ink_array
from cnn_viz.images.strokes import image_of
from cnn_viz.interactive.pad_view import Pad, PadView
from cnn_viz.interactive.view import WIDGET

SEVEN = drawn_digits()[14]
LINE = [[50, 20], [50, 80]]


def draw(image):
    """Write into a picture how much ink there is."""
    figure = new_figure(200, 100)
    figure.text(0.1, 0.5, f"{image.sum():.2f}")
    return figure, f"There is ink in {(image > 0).sum()} pixels."


def view_of(draw, start=None, strokes=()):
    return PadView(draw, start, list(strokes))


def put(view, strokes, started=False):
    """Change the drawing as the page does."""
    view.pad.set_state({"drawing": {"strokes": strokes, "started": started}})


# --- what draw receives -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["digit", "strokes", "array"])
def test_draw_receives_the_centred_digit(given):
    seen = []
    ink = {"digit": SEVEN, "strokes": SEVEN.strokes, "array": SEVEN.ink}[given]
    drawing_pad(lambda digit: (seen.append(digit), draw(digit))[1], ink)
    (image,) = seen
    assert (image.shape, image.dtype) == ((1, 1, 28, 28), np.float32)
    assert np.array_equal(image[0, 0], centre_digit(SEVEN.ink))


def test_without_a_drawing_draw_receives_zeros(capsys):
    drawing_pad(draw)
    assert capsys.readouterr().out == "There is ink in 0 pixels.\n"


def test_the_picture_and_the_sentence_follow_the_drawing():
    view = view_of(draw)
    for strokes in ([LINE], [LINE, [[20, 50]]], SEVEN.strokes, []):
        put(view, strokes)
        figure, sentence = draw(image_of(None, strokes))
        assert bytes(view.image.value) == png_of(figure)
        assert view.sentence == view.pad.sentence == sentence
        assert html.escape(sentence) in view.text.value


def test_one_message_of_the_page_is_drawn_once():
    seen = []
    view = view_of(lambda image: (seen.append(1), draw(image))[1])
    put(view, SEVEN.strokes)
    assert len(seen) == 2


def test_a_start_stays_under_the_strokes_until_it_is_cleared():
    seen = []
    view = view_of(lambda image: (seen.append(image), draw(image))[1], start=ink_array(SEVEN.ink))
    put(view, [LINE], started=True)
    put(view, [LINE], started=False)
    assert np.array_equal(seen[0][0, 0], centre_digit(SEVEN.ink))
    assert seen[1].sum() > seen[2].sum()
    assert np.array_equal(seen[2], image_of(None, [LINE]))


def test_the_page_gets_the_start_as_a_picture_in_the_message_itself():
    wide = np.zeros((10, 30), np.float32)
    wide[2, 7] = 1
    url = view_of(draw, start=wide).pad.start
    assert url.startswith("data:image/png;base64,")
    picture = matplotlib.image.imread(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    assert picture.shape == (30, 30)
    assert np.argwhere(picture).tolist() == [[12, 7]]


# --- errors -----------------------------------------------------------------------------------------------------------


def test_an_error_of_draw_is_shown_and_the_next_drawing_is_drawn():
    def fails(image):
        if not image.any():
            raise ValueError("There is nothing to see.")
        return draw(image)

    view = view_of(fails)
    assert view.sentence == "There is nothing to see."
    put(view, [LINE])
    assert view.sentence.startswith("There is ink")


@pytest.mark.parametrize("strokes", [[[[500, 0]]], [["<b>"]], 5, [[[None, 1]]]])
def test_a_message_that_is_no_drawing_is_answered_in_words(strokes):
    view = view_of(draw)
    put(view, strokes)
    assert view.sentence.startswith("drawing_pad: ink must be")
    put(view, [LINE])
    assert view.sentence.startswith("There is ink")


def test_a_sentence_is_escaped():
    view = view_of(lambda image: (new_figure(50, 50), "<script>alert(1)</script>"))
    assert "<script" not in view.text.value


@pytest.mark.parametrize(
    ("draw", "ink", "words"),
    [
        (5, None, "draw must be a function"),
        (draw, 5, "ink must be an array"),
        (draw, "7", "ink must be an array"),
        (draw, np.ones(5), "ink must have 2 dimensions"),
        (draw, -np.ones((5, 5)), "negative"),
        (draw, [[(0, 200)]], "outside"),
        (lambda image: 5, None, "draw must return"),
    ],
)
def test_wrong_arguments_are_refused_in_words(draw, ink, words):
    with pytest.raises((TypeError, ValueError), match=f"^drawing_pad: .*{words}"):
        drawing_pad(draw, ink)


# --- stored, and without widgets --------------------------------------------------------------------------------------

CELL = """
from cnn_viz import drawing_pad, drawn_digits, new_figure
drawing_pad(lambda image: (new_figure(90, 60), f"Ink: {image.sum():.1f}."), drawn_digits()[14])
"""


def stored(source):
    notebook = new_notebook(cells=[new_code_cell(source)])
    run_notebooks.run(notebook, ".")
    run_notebooks.tidy(notebook)
    return notebook


@pytest.mark.slow  # it starts a kernel
def test_a_notebook_stores_the_picture_and_its_sentence_and_nothing_of_the_widget():
    notebook = stored(CELL)
    (output,) = notebook.cells[0].outputs
    image = centre_digit(SEVEN.ink)
    assert set(output.data) == {"image/png", "text/plain"}
    assert output.data["text/plain"] == output.metadata["image/png"]["alt"] == f"Ink: {image.sum():.1f}."
    assert "widgets" not in notebook.metadata


@pytest.mark.slow  # it starts kernels
@pytest.mark.parametrize("version", ["7.8.5", None])
def test_a_notebook_without_widgets_shows_the_same_picture(version):
    without = "import sys; sys.modules['anywidget'] = None"
    if version:
        without = f"import ipywidgets; ipywidgets.__version__ = {version!r}"
    picture, caption = stored(without + CELL).cells[0].outputs
    assert picture.data["image/png"] == stored(CELL).cells[0].outputs[0].data["image/png"]
    assert caption.data["text/plain"].startswith("Ink: ")


def test_the_live_widget_is_displayed_with_the_stored_picture(monkeypatch):
    calls = []
    monkeypatch.setattr("cnn_viz.interactive.view.display", lambda data, **options: calls.append((data, options)))
    view = view_of(draw, strokes=[LINE])
    view.display()
    ((data, options),) = calls
    assert data[WIDGET]["model_id"] == view.box.model_id
    assert data["image/png"] == png_of(draw(image_of(None, [LINE]))[0])
    assert options["metadata"]["image/png"]["alt"] == data["text/plain"] == view.sentence


def test_anywidget_is_imported_only_where_a_pad_is_shown(monkeypatch, capsys):
    real = builtins.__import__

    def refused(name, *arguments, **keywords):
        assert name.partition(".")[0] not in ("anywidget", "ipywidgets")
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", refused)
    drawing_pad(draw, [LINE])
    assert capsys.readouterr().out.startswith("There is ink")


def test_the_pads_code_asks_nothing_from_a_network():
    code = str(Pad._esm) + str(Pad._css)
    assert not any(word in code for word in ("http", "import ", "fetch(", "url(", "innerHTML", "insertAdjacentHTML"))
