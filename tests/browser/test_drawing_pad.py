"""The drawing pad in JupyterLab and Chromium: mouse, finger and keys; undo and clear; as stored, and after a reload.

The notebook of these tests is written here. Its `draw` counts its calls, keeps the last image, and says what the
trained model of chapter 08 classifies it as.
"""

import numpy as np
import pytest
import run_notebooks
from browser.lab import wait_until
from browser.pad import DrawingPad
from browser.page import Notebook
from browser.widget import TIMEOUT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from cnn_viz import drawn_digits
from cnn_viz.images.strokes import image_of

DIGITS = drawn_digits()
SETTING_UP = """
import time
from importlib.resources import files
from cnn_core import Model
from cnn_viz import drawing_pad, drawn_digits, show_images

model = Model.load(files("cnn_core") / "data/trained/08_model.npz")
seen, pause, calls = [None], 0, 0


def draw(image):
    global calls
    calls += 1
    seen[0] = image
    time.sleep(pause)
    answer = model.predict(image).argmax() if image.any() else "nothing"
    return show_images(image[0], [f"{answer}"]), f"The answer: {answer}. <img src=x onerror='window.hacked=1'>"
"""
NAME = "a_drawing_pad"
SCROLLED = "() => document.querySelector('.jp-WindowedPanel-outer').scrollTop"
ACTIVE = "() => [...document.querySelectorAll('.jp-Cell')].findIndex(cell => cell.matches('.jp-mod-active'))"


@pytest.fixture(scope="module")
def notebook(lab, browser):
    """Return the notebook, stored by our tool and opened."""
    path = lab.folder / "root" / "notebooks" / f"{NAME}.ipynb"
    pad = new_code_cell("drawing_pad(draw, ink=drawn_digits()[5])")
    cells = [new_code_cell(SETTING_UP), pad, new_markdown_cell("\n\n".join(["Below."] * 60))]
    path.write_text(writes(new_notebook(cells=cells)), encoding="utf-8")
    assert run_notebooks.run_and_store(path)
    notebook = Notebook(lab, browser, NAME)
    yield notebook
    notebook.close()


@pytest.fixture(scope="module")
def pad(notebook):
    """Return the pad after all cells have run."""
    notebook.run_all()
    notebook.page.wait_for_selector(".drawing-pad canvas")
    pad = DrawingPad(notebook.page)
    pad.canvas.scroll_into_view_if_needed()
    return pad


@pytest.fixture
def empty(pad):
    """Return the pad without ink."""
    pad.press("Clear")
    pad.says("nothing")
    return pad


def image_in(notebook):
    """Return the last image that `draw` has received."""
    return np.array(notebook.kernel.ask("seen[0].tolist()"), np.float32)


def difference(notebook, strokes):
    """Return the mean difference of the last image in Python from that of these strokes."""
    return np.abs(image_in(notebook) - image_of(None, strokes)).mean()


def arrives(notebook, strokes):
    """Wait until the last image in Python is that of these strokes, but for the rounding of their points."""
    wait_until(
        lambda: difference(notebook, strokes) < 0.01,
        lambda: f"the image differs by {difference(notebook, strokes):.4f}",
        TIMEOUT,
    )


# --- before any cell has run ------------------------------------------------------------------------------------------


def test_the_stored_picture_is_shown_before_any_cell_has_run(notebook):
    assert notebook.page.locator(".jp-OutputArea-output img").count() == 1
    notebook.wait_for_pictures()
    assert notebook.page.locator(".drawing-pad").count() == 0
    assert notebook.count() == 0


# --- drawing ----------------------------------------------------------------------------------------------------------


def test_the_pad_starts_with_the_stored_drawing(pad):
    pad.says("The answer: 2.")
    assert pad.white() > 0.03


def test_the_mouse_draws_and_at_least_17_of_20_digits_are_classified_correctly(pad, notebook):
    right = []
    for digit in DIGITS:
        pad.press("Clear")
        pad.says("nothing")
        for stroke in digit.strokes:
            pad.drag(stroke)
        arrives(notebook, digit.strokes)
        answer = notebook.kernel.ask("int(model.predict(seen[0]).argmax())")
        pad.says(f"The answer: {answer}.")
        right.append(answer == digit.label)
    assert sum(right) >= 17


def test_the_drawing_reaches_python_while_the_button_is_held(empty, notebook):
    stroke = [(50, 10 + 2 * step) for step in range(40)]
    empty.drag(stroke, between=lambda: empty.says("The answer: 1."))


def test_a_slow_drawing_function_is_called_seldom_and_at_last_with_the_whole_drawing(empty, notebook):
    across, down = np.linspace((20, 20), (80, 20), 150), np.linspace((80, 20), (40, 90), 150)
    stroke = np.concatenate([across, down]).tolist()
    before = notebook.kernel.ask("(globals().update(pause=0.5), calls)[1]")
    empty.drag(stroke)
    arrives(notebook, [stroke])
    wait_until(notebook.is_idle, "the kernel is busy")
    assert notebook.kernel.ask("(globals().update(pause=0), calls)[1]") - before <= 20


def test_a_finger_draws_and_the_page_does_not_scroll(empty, notebook):
    page = notebook.page
    scrolled = page.evaluate(SCROLLED)
    for stroke in DIGITS[14].strokes:
        empty.swipe(stroke)
    empty.says("The answer: 7.")
    arrives(notebook, DIGITS[14].strokes)
    assert page.evaluate(SCROLLED) == scrolled


def test_a_finger_beside_the_pad_scrolls_the_page(pad, notebook):
    scrolled = notebook.page.evaluate(SCROLLED)
    pad.swipe([(150, 95 - 4 * step) for step in range(20)])
    wait_until(lambda: notebook.page.evaluate(SCROLLED) != scrolled, "the page does not scroll")
    notebook.page.locator(".drawing-pad canvas").scroll_into_view_if_needed()


def test_keys_draw_undo_and_clear_and_jupyterlab_does_not_act_on_them(empty, notebook):
    page, cells = notebook.page, notebook.page.locator(".jp-Cell").count()
    empty.keys("ArrowUp")
    active, scrolled = page.evaluate(ACTIVE), page.evaluate(SCROLLED)
    empty.keys(*["ArrowUp"] * 7, "Space", *["ArrowDown"] * 16, "Space", *["ArrowLeft"] * 5)
    empty.says("The answer: 1.")
    arrives(notebook, [[(50, 18), (50, 82)]])
    empty.keys("Space", "ArrowRight", "Space", "Backspace")
    arrives(notebook, [[(50, 18), (50, 82)]])
    empty.keys("Delete")
    empty.says("nothing")
    assert (page.evaluate(ACTIVE), page.evaluate(SCROLLED)) == (active, scrolled)
    assert page.locator(".jp-Cell").count() == cells


def test_tab_leaves_the_pad_for_its_buttons_which_keys_press(empty, notebook):
    empty.drag([(20, 20), (80, 80)])
    wait_until(lambda: "nothing" not in empty.words(), "nothing is drawn")
    empty.keys("Tab", "Enter")
    empty.says("nothing")
    assert empty.button("Undo").evaluate("button => button === document.activeElement")


# --- undo and clear ---------------------------------------------------------------------------------------------------


def test_undo_takes_away_stroke_after_stroke_and_brings_back_what_was_cleared(empty, notebook):
    first, second = [(50, 20), (50, 80)], [(20, 50), (80, 50)]
    whites = [empty.white()]
    for stroke in (first, second):
        empty.drag(stroke)
        whites.append(empty.white())
    empty.press("Undo")
    arrives(notebook, [first])
    assert empty.white() == whites[1]
    empty.press("Clear")
    empty.says("nothing")
    assert empty.white() == whites[0] == 0
    empty.press("Undo")
    arrives(notebook, [first])
    empty.press("Undo")
    empty.says("nothing")
    assert whites[0] < whites[1] < whites[2]


def test_the_buttons_are_large_enough_for_fingers(pad):
    boxes = [pad.button(name).bounding_box() for name in ("Undo", "Clear")]
    assert min(side for box in boxes for side in (box["width"], box["height"])) >= 44


# --- errors of any kind, and the network ------------------------------------------------------------------------------


def test_the_drawing_is_there_after_a_reload(empty, notebook):
    empty.drag([(50, 20), (50, 80)])
    empty.says("The answer: 1.")
    white = empty.white()
    notebook.save()
    notebook.reload()
    notebook.page.wait_for_selector(".drawing-pad canvas")
    again = DrawingPad(notebook.page)
    again.canvas.scroll_into_view_if_needed()
    wait_until(lambda: again.white() == white, "the drawing is gone")
    again.press("Clear")
    again.says("nothing")


def test_a_sentence_is_shown_as_text_and_never_as_html(pad, notebook):
    assert "<img src=x" in pad.words()
    assert notebook.page.evaluate("() => window.hacked") is None


def test_the_page_asked_nobody_but_its_own_server(pad, notebook):
    own = notebook.lab.url("").partition("?")[0]
    assert len(notebook.asked) > 10
    assert [url for url in notebook.asked if not url.startswith((own, "data:", f"blob:{own}"))] == []


def test_no_error_occurred_during_the_tests_above(pad, notebook):
    assert notebook.complaints == []
    assert notebook.errors() == []
    assert notebook.trouble() == ""
