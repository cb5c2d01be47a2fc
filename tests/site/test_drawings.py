"""The drawings that the page makes by itself: their numbers against cnn_core, their sentences against the notebooks."""

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cuts import DRAWN_IN_PAGE

from cnn_core import excluded_pixels, output_size, padding_amounts
from cnn_viz import draw_line_windows
from cnn_viz.interactive.controls import Field
from cnn_viz.interactive.states import LEAST, draw_state_or_reason

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "site" / "static" / "excluded_pixels.js"
SIZES, KERNELS, STRIDES, PADDINGS = range(1, 13), range(1, 8), range(1, 6), [0, 1, 2, 3, "valid", "same", "include"]
NUMBERS = """settings => settings.map(setting => {
  try {
    const { before, after, outputs, excluded, reached } = geometry(...setting);
    return { before, after, outputs, excluded, reached };
  } catch (error) {
    return error.message;
  }
})"""
SENTENCES = "([name, settings]) => settings.map(setting => drawings[name](...setting).sentence)"


@pytest.fixture(scope="module")
def page(chromium):
    """Return an empty page with our script."""
    page = chromium.new_page()
    page.add_script_tag(path=SCRIPT)
    yield page
    page.close()


def numbers(size, kernel, stride, padding):
    """Return what cnn_core says of one dimension, with the windows over each pixel counted one by one."""
    try:
        outputs = output_size(size, kernel, stride, padding)
    except ValueError as error:
        return str(error).removeprefix("output_size: ")
    before, after = padding_amounts(size, kernel, stride, padding)
    reached = np.zeros(before + size + after, int)
    for window in range(outputs):
        reached[window * stride : window * stride + kernel] += 1
    left = excluded_pixels(size, kernel, stride, padding)
    return {"before": before, "after": after, "outputs": outputs, "excluded": left, "reached": reached.tolist()}


def test_the_geometry_of_the_page_is_that_of_cnn_core(page):
    settings = [*itertools.product(range(1, 31), range(1, 12), range(1, 8), [*PADDINGS, 4])]
    found = page.evaluate(NUMBERS, settings)
    assert len(settings) == 18_480
    assert [(one, got) for one, got in zip(settings, found, strict=True) if got != numbers(*one)] == []


def without_picture(*_):
    """Return the least that a drawing function needs in place of its axes; the pictures are looked at by eye."""
    return SimpleNamespace(figure=None)


def drawing_function(notebook, name, monkeypatch, draw_line_windows=without_picture):
    """Return the drawing function that a notebook gives to explore."""
    caught = {}
    monkeypatch.setattr("cnn_viz.interactive.explore.explore", lambda draw, **_: caught.setdefault(draw.__name__, draw))
    cells = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    source = next("".join(cell["source"]) for cell in cells if f"def {name}(" in "".join(cell["source"]))
    names = {"output_size": output_size, "excluded_pixels": excluded_pixels, "draw_line_windows": draw_line_windows}
    exec(compile(source, "<cell>", "exec"), names)
    return caught[name]


def sentence_of(draw, state):
    try:
        return draw(**state)[1]
    except ValueError as error:
        return str(error)


def test_every_sentence_of_the_line_is_that_of_the_notebook(page, monkeypatch):
    draw = drawing_function("03_excluded_pixels", "line", monkeypatch)
    lists = [control["values"] for control in DRAWN_IN_PAGE["03_excluded_pixels/line"]["controls"]]
    settings = [*itertools.product(*lists)]
    states = [dict(zip(("size", "kernel", "stride", "padding"), map(int, each), strict=True)) for each in settings]
    # draw_line_windows, which is left out here, is the first to refuse a setting
    expected = [sentence_of(draw, state).replace("excluded_pixels:", "draw_line_windows:") for state in states]
    assert len(settings) == 1200
    assert page.evaluate(SENTENCES, ["line", settings]) == expected


def test_five_thousand_sentences_of_the_explorer_are_those_of_the_notebook(page, monkeypatch, rng):
    monkeypatch.setattr("cnn_viz.arrays.convolution.draw_reach", without_picture)
    draw = drawing_function("01_convolution", "reach", monkeypatch)
    lists = [control["values"] for control in DRAWN_IN_PAGE["01_convolution/reach"]["controls"]]
    settings = [[str(rng.choice(values)) for values in lists] for _ in range(5000)]
    parsed = [[Field().argument_of(text) for text in each] for each in settings]
    states = [
        {"rows": H, "columns": W, "kernel": (kH, kW), "stride": (down, right), "padding": padding}
        for H, W, kH, kW, down, right, padding in parsed
    ]
    assert page.evaluate(SENTENCES, ["reach", settings]) == [sentence_of(draw, state) for state in states]


def test_the_message_of_an_impossible_line_is_that_of_the_notebook(page, monkeypatch):
    draw = drawing_function("03_excluded_pixels", "line", monkeypatch, draw_line_windows)
    _, message = draw_state_or_reason(draw, {"size": 2, "kernel": 5, "stride": 1, "padding": 1}, LEAST)
    assert page.evaluate(SENTENCES, ["line", [["2", "5", "1", "1"]]]) == [message]
