"""The states of widgets that the site draws beforehand: which there are, and what is kept of each."""

import json
from pathlib import Path

import nbformat
import pytest
import states
from cuts import CUTS, DRAWN_IN_PAGE, SYMMETRIC
from front_page import CARDS, stored_picture
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from cnn_viz import Field, Steps, new_figure
from cnn_viz.interactive import explore as explore_module
from cnn_viz.interactive.controls import control_of

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def draw(step=0, size=2):
    """Draw a figure whose width is the size; size 3 is invalid."""
    if size == 3:
        raise ValueError("3 does not fit.")
    return new_figure(100 * size, 50), f"Step {step} of size {size}."


def controls(**given):
    return {name: control_of(name, each) for name, each in given.items()}


@pytest.fixture
def cache(tmp_path):
    (tmp_path / "pictures").mkdir()
    return tmp_path


def test_the_last_control_is_the_fastest_and_a_stepper_ends_where_the_others_say():
    found = list(states.states_of(controls(step=Steps(lambda size: size), size=[1, 2])))
    assert found == [{"step": 0, "size": 1}, {"step": 0, "size": 2}, None, {"step": 1, "size": 2}]


def test_a_widget_has_its_controls_its_pictures_and_a_number_for_each_state(cache):
    widget = states.drawn("00", draw, {"size": [2, 4], "step": Steps(lambda size: size // 2)}, cache)
    assert widget["controls"] == [
        {"name": "size", "kind": "slider", "values": ["2", "4"], "start": 0},
        {"name": "step", "kind": "steps", "values": ["1", "2"], "start": 0},
    ]
    assert widget["states"] == [0, None, 1, 2]
    assert [each[3] for each in widget["shown"]] == ["Step 0 of size 2.", "Step 0 of size 4.", "Step 1 of size 4."]
    width, height, file, _ = widget["shown"][1]
    with Image.open(cache / "pictures" / file) as picture:
        assert picture.size == (2 * width, 2 * height) == (800, 100)


def test_an_equal_picture_with_an_equal_sentence_is_kept_once(cache):
    shown, found = states.draw_states(lambda size: draw(size=2), controls(size=[1, 2, 4]), (1, 1), cache, False)
    assert (len(shown), found) == (1, [0, 0, 0])


def test_an_invalid_state_shows_its_message_in_the_size_of_the_first_picture(cache):
    shown, _ = states.draw_states(draw, controls(size=[3]), (300, 200), cache, False)
    assert (shown[0][:2], shown[0][3]) == ((300, 200), "3 does not fit.")


def test_where_the_order_of_values_does_not_matter_each_set_is_drawn_once(cache):
    drawn = []

    def pair(one, other):
        drawn.append((one, other))
        return draw(size=len({one, other}))

    _, found = states.draw_states(pair, controls(one=["a", "b"], other=["a", "b"]), (1, 1), cache, True)
    assert drawn == [("a", "a"), ("a", "b"), ("b", "b")]
    assert found == [0, 1, 1, 0]


def test_a_text_field_without_a_choice_of_values_is_refused():
    with pytest.raises(ValueError, match=r"The text field kernel .* cuts\.py"):
        states.values_of("kernel", {"kernel": Field()})


def test_a_notebook_is_run_and_its_widgets_know_their_cells(cache):
    text = "from cnn_viz import explore, new_figure\nexplore(lambda n: (new_figure(9, 9), str(n)), n=[1, 2])"
    cells = [new_markdown_cell("# 1"), new_code_cell("raise ValueError"), new_code_cell(text)]
    cells[1].metadata["tags"] = ["raises-exception"]
    path = cache / "01.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    (widget,) = states.widgets_of(path, cache)
    assert (widget["cell"], widget["states"]) == (2, [0, 1])
    assert explore_module.explore.__module__ == "cnn_viz.interactive.explore"  # no longer replaced


def test_a_notebook_is_run_again_only_if_its_code_has_changed(cache, monkeypatch):
    path, runs = cache / "01.ipynb", []
    monkeypatch.setattr(states, "run", lambda *_: runs.append(1) or [])
    for text, code in (("# 1", "x = 1"), ("# 2", "x = 1"), ("# 2", "x = 2")):
        nbformat.write(new_notebook(cells=[new_markdown_cell(text), new_code_cell(code)]), path)
        states.widgets_of(path, cache)
    assert len(runs) == 2


@pytest.mark.parametrize("name", sorted({*CUTS, *DRAWN_IN_PAGE, *SYMMETRIC}))
def test_every_choice_is_of_a_widget_that_there_is(name):
    notebook, function = name.split("/")
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    (source,) = [each for each in sources if f"def {function}(" in each and "explore(" in each]
    assert [key for key in CUTS.get(name, ()) if key not in source] == []


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("[0-9]*.ipynb")), ids=lambda path: path.stem)
def test_every_chapter_has_a_question_and_a_picture_on_the_front_page(path):
    question, words = CARDS[path.stem[:2]]
    data, alt = stored_picture(nbformat.read(path, as_version=4), words)
    assert question.endswith("?")
    assert data.startswith(b"\x89PNG")
    assert len(alt.split()) >= 4


@pytest.mark.slow
def test_no_text_of_a_state_can_end_the_script_that_holds_it():
    pytest.importorskip("docutils", reason="Sphinx is not installed (make html installs it)")
    from sphinx_widgets import json_script

    text = json_script({"name": "</script><b>", "shown": []})
    assert text.count("</script>") == 1
    assert json.loads(text.partition(">")[2].removesuffix("</script>"))["name"] == "</script><b>"
