"""The style: a user's matplotlib settings change none of our pictures, and are left as they were."""

import threading
from contextlib import nullcontext

import matplotlib
import matplotlib.style
import numpy as np
import pytest
from matplotlib import pyplot
from tiers import slow_after

from cnn_core import Conv2D, Flatten, FullyConnected, Pool2D
from cnn_viz import (
    Panel,
    draw_confusion_matrix,
    draw_network,
    draw_row,
    draw_surface,
    frame_grid,
    show_activations,
    show_errors,
    show_feature_maps,
    show_first_layer,
    show_image,
    show_lines,
    show_paths,
    show_slopes,
    show_speeds,
)
from cnn_viz.base.figures import add_axes, new_figure, png_of
from cnn_viz.base.layout import text_size
from cnn_viz.base.style import STYLE, in_our_style
from cnn_viz.interactive.history import History
from cnn_viz.interactive.states import write_message
from cnn_viz.plots.curves import Curves

HOSTILE = {
    "image.origin": "lower",
    "image.interpolation": "bilinear",
    "text.usetex": True,
    "text.parse_math": True,
    "font.size": 17,
    "font.family": "serif",
    "axes.grid": True,
    "axes.linewidth": 4,
    "axes.titlelocation": "right",
    "axes.titleweight": "bold",
    "axes.unicode_minus": False,
    "axes.xmargin": 0.3,
    "axes.axisbelow": False,
    "lines.linewidth": 7,
    "lines.dashed_pattern": [1, 9],
    "hatch.linewidth": 5,
    "legend.frameon": True,
    "path.sketch": (1, 100, 2),
    "xtick.direction": "in",
    "ytick.major.size": 12,
    "figure.constrained_layout.use": True,
    "savefig.bbox": "tight",
    "savefig.facecolor": "red",
}
X = np.arange(12).reshape(3, 4)
GRID = np.linspace(-1, 1, 9)


def a_row():
    """Draw a gradient with hatching, highlights, rings and labels."""
    marks = {"excluded": (1, 0), "highlight": [(0, 0)], "rings": [(1, 1)], "labels": {(0, 2): "×2"}}
    return draw_row(None, [Panel(X - 4.5, "O", "dC/dO", **marks), "→\nnote", Panel([1, 2], "B")])


def a_surface():
    return draw_surface(None, GRID, 1 + GRID[:, None] ** 2 + 3 * GRID**2, (0.5, 0.5), (1, 3))


def paths():
    return show_paths(GRID, GRID, GRID**2 + GRID[:, None] ** 2, {"Adam": np.array([[-1, 1], [0.2, 0.1]])}, goal=(0, 0))


PICTURES = {
    "row": a_row,
    "image": lambda: show_image(X / 11, title="digit"),
    "maps": lambda: show_feature_maps(np.stack([X - 5.0, 5.0 - X])),
    "hatched-maps": lambda: show_feature_maps(np.linspace(-1, 1, 40 * 900).reshape(40, 30, 30)),
    "first-layer": lambda: show_first_layer(X[None, None] - 4.0, np.ones((1, 5, 5)), "first"),
    "curves": lambda: Curves(8).update(History()).figure,
    "lines": lambda: show_lines({"Adam": 1 / np.arange(1.0, 9), "other": np.arange(1.0, 9)}, title="cost", log=True),
    "paths": paths,
    "surface": a_surface,
    "speeds": lambda: show_speeds({"loops": 2.5, "columns": 0.01}),
    "confusion": lambda: draw_confusion_matrix(X[:3, :3]),
    "activations": lambda: show_activations({"ReLU": (GRID, np.maximum(GRID, 0), (GRID > 0) * 1.0)}, (0.5, 0.5, 1.0)),
    "slopes": lambda: show_slopes({"layer": X % 3 / 2}),
    "errors": lambda: show_errors(10.0 ** -np.arange(8.0).reshape(2, 1, 2, 2), (4, 5), (3,), (1, 2), (0, "same")),
    "frames": lambda: frame_grid(lambda n: (draw_row(None, [Panel(X[:n])]), ""), [{"n": 1}, {"n": 3}])[0],
    "network": lambda: draw_network([Conv2D(8), Pool2D(3), Flatten(), FullyConnected(30)]),
    "message": lambda: write_message("pool2d: no.", (360, 140)),
}


def drawn(draw):
    """Return a picture as the bytes of a PNG; axes are replaced by their figure."""
    text_size.cache_clear()
    picture = draw()
    return png_of(getattr(picture, "figure", picture), sharpness=1)


@pytest.mark.parametrize("name", slow_after(3, PICTURES))
def test_a_picture_is_the_same_under_any_settings(name):
    ours = drawn(PICTURES[name])
    with matplotlib.style.context(["dark_background", HOSTILE]):
        assert drawn(PICTURES[name]) == ours


@pytest.mark.slow  # it tests the test above
@pytest.mark.parametrize("name", PICTURES)
def test_without_our_style_the_same_settings_change_the_picture(monkeypatch, name):
    ours = drawn(PICTURES[name])
    for module in ("style", "figures"):
        monkeypatch.setattr(f"cnn_viz.base.{module}.in_our_style", nullcontext)
    with matplotlib.style.context(
        ["dark_background", HOSTILE | {"text.usetex": False, "figure.constrained_layout.use": False}]
    ):
        assert drawn(PICTURES[name]) != ours


@pytest.mark.parametrize("text", slow_after(2, ["5$ and 7$", r"\frac", "costs 5$", "$", "$x^{$", "100 %", "a_b"]))
@pytest.mark.parametrize("settings", [{}, {"text.usetex": True}], ids=["default", "usetex"])
def test_signs_of_mathematics_in_a_text_are_signs(text, settings):
    with matplotlib.rc_context(settings):
        figures = [
            draw_row(None, [Panel(X, name=text), text, Panel(X, labels={(0, 0): text[:3]})]).figure,
            show_image(X / 11, title=text).figure,
            show_lines({text: [1.0, 2.0]}, names=(text, text), title=text),
        ]
        for figure in figures:
            assert png_of(figure, sharpness=1).startswith(b"\x89PNG")
        shown = {each.get_text() for each in figures[0].axes[0].texts}
        assert text in shown
        assert all(not each.get_parse_math() and not each.get_usetex() for each in figures[0].axes[0].texts)


def test_the_settings_of_the_user_are_left_as_they_were():
    with matplotlib.style.context(["dark_background", {"font.size": 17}]):
        before = dict(matplotlib.rcParams)
        drawn(a_row)
        with pytest.raises(ValueError, match="expected"):
            draw_row(None, [Panel(np.zeros((2, 2, 2)))])
        assert dict(matplotlib.rcParams) == before


def test_the_style_is_on_top_of_the_defaults_of_matplotlib():
    with matplotlib.rc_context({"lines.linewidth": 7, "font.size": 20}), in_our_style():
        assert matplotlib.rcParams["lines.linewidth"] == matplotlib.rcParamsDefault["lines.linewidth"]
        assert {name: matplotlib.rcParams[name] for name in STYLE} == STYLE


def test_a_figure_of_the_user_is_rendered_with_the_settings_of_the_user():
    with matplotlib.style.context("dark_background"):
        figure = pyplot.figure(figsize=(1, 1))
        plain = png_of(figure)
        pyplot.close(figure)
    assert plain != png_of(add_axes(new_figure(100, 100), 0, 0, 100, 100).figure)


def test_a_thread_waits_until_another_has_drawn():
    order = []

    def draw():
        with in_our_style():
            order.append("second")

    with in_our_style():
        thread = threading.Thread(target=draw)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
