"""Figures: placed in pixels, turned into PNG, shown in a notebook with a sentence."""

import io

import matplotlib
import matplotlib.colors
import matplotlib.image
import numpy as np
import pytest
from matplotlib import pyplot

from cnn_viz.base.figures import add_axes, bundle_of, new_figure, png_of, show_figure
from cnn_viz.images.images import show_image, show_images


def test_show_figure_prints_its_sentence_outside_a_notebook(capsys):
    show_figure(new_figure(100, 50), "One cell is purple.")
    assert capsys.readouterr().out == "One cell is purple.\n"


def test_show_figure_breaks_long_sentences_between_words(capsys):
    show_figure(new_figure(100, 50), "word " * 50)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 96
    assert " ".join(lines).split() == ["word"] * 50


def test_a_notebook_gets_a_picture_with_the_caption_as_its_alt_text_and_under_it(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("cnn_viz.base.figures.in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda *data, **options: shown.append((*data, options)))
    ax = show_image(np.eye(3))
    show_figure(ax, "A diagonal of white pixels, 3 < 4.")
    (data, options), (caption, raw) = shown
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == "<Figure size 240x264 with 1 Axes>"
    assert options["metadata"]["image/png"]["alt"] == "A diagonal of white pixels, 3 < 4."
    assert caption["text/plain"] == "A diagonal of white pixels, 3 < 4."
    assert ">A diagonal of white pixels, 3 &lt; 4.</p>" in caption["text/html"]
    assert options["raw"]
    assert raw == {"raw": True}
    assert capsys.readouterr().out == ""


def test_the_text_of_a_shown_figure_is_that_of_matplotlib():
    figure = show_images(np.zeros((3, 28, 28)))
    assert bundle_of(figure, "")[0]["text/plain"] == repr(figure)


def test_a_png_has_twice_the_pixels_of_the_page():
    data, metadata = bundle_of(new_figure(120, 50), "")
    assert matplotlib.image.imread(io.BytesIO(data["image/png"])).shape[:2] == (100, 240)
    assert (metadata["image/png"]["width"], metadata["image/png"]["height"]) == (120, 50)


def test_a_png_has_its_size_whatever_the_settings_of_the_user():
    with matplotlib.rc_context({"savefig.bbox": "tight", "savefig.dpi": 30}):
        assert matplotlib.image.imread(io.BytesIO(png_of(new_figure(120, 50), 1))).shape[:2] == (50, 120)


def test_axes_are_placed_in_pixels():
    figure = new_figure(200, 100)
    box = add_axes(figure, left=20, top=10, width=100, height=50).get_position()
    assert (box.x0, box.x1) == (pytest.approx(0.1), pytest.approx(0.6))
    assert (box.y0, box.y1) == (pytest.approx(0.4), pytest.approx(0.9))


def test_a_figure_shows_itself_at_the_end_of_a_cell():
    png, size = new_figure(120, 50)._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size == {"width": 120, "height": 50}


def test_drawing_leaves_no_window_open(rng):

    before = pyplot.get_fignums()
    show_images(rng.random((3, 4, 4)))
    show_image(rng.random((4, 4)))
    assert pyplot.get_fignums() == before
