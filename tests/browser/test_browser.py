"""The notebooks in a real JupyterLab and a real Chromium: whatever a reader does, the right picture follows.

Each notebook is opened once; its tests follow one another in this file's order and leave each control where it was.
"""

import importlib.util
import os
import shutil

import pytest
from browser.lab import command_of_make_lab
from browser.notebooks import calls, path_of

MISSING = importlib.util.find_spec("playwright") is None or shutil.which("chromium") is None
if MISSING and os.environ.get("CNN_REQUIRE_BROWSER") != "1":
    pytest.skip("Playwright or Chromium is not installed (make browser)", allow_module_level=True)

SLIDERS = ("Slide", "Scale", "Steps")
NONSENSE = "nonsense"
TEXTS = ["-3", "(1, 2)", "<b>1/0</b>", ""]


def controls(notebook, *kinds):
    """Yield (widget, number of a control) for all controls of some kinds, in the middle of the screen."""
    for widget in notebook.widgets():
        widget.box.scroll_into_view_if_needed()
        for index in widget.of_kind(*kinds):
            yield widget, index


def moved(widget, index):
    """Move a control to where it was not, and return what is then shown."""
    if widget.kinds[index] == "Field":
        return widget.type(index, NONSENSE)
    answer = widget.shown()["answers"][index]
    if widget.kinds[index] == "Menu":
        return widget.choose(index, next(each for each in widget.entries(index) if each != answer))
    return widget.key(index, "ArrowLeft" if int(answer) == widget.span(index)[1] else "ArrowRight")


def test_make_lab_opens_the_notebook_that_its_command_names(lab, browser):
    (address,) = [word.split("=")[1] for word in command_of_make_lab() if "default_url" in word]
    page = browser.new_page()
    page.goto(lab.url(""))
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    assert page.url.endswith(address)
    page.close()


# --- before anything runs ---------------------------------------------------------------------------------------------


def test_every_picture_is_seen_before_anything_runs(opened):
    assert opened.page.locator(".jp-Notebook img").count() > 0
    opened.wait_for_pictures()


# --- all cells --------------------------------------------------------------------------------------------------------


def test_all_cells_run_without_an_error(ran):
    assert ran.errors() == []
    assert ran.count() == ran.page.locator(".jp-CodeCell").count()


def test_every_picture_is_seen_after_all_cells_have_run(ran):
    ran.wait_for_pictures()


def test_training_is_seen_while_it_goes_on(ran):
    if "watch" in calls(path_of(ran.name)):
        assert ran.live_pictures() >= 3
        assert ran.page.locator(".jp-Notebook .progress").count() == 0  # in its place is the picture that is kept


def test_each_widget_begins_with_the_picture_of_what_its_controls_say(ran):
    widgets = ran.widgets()
    assert len(widgets) >= calls(path_of(ran.name)).count("explore")
    assert [len(widget.settled()["answers"]) for widget in widgets] == [len(widget.kinds) for widget in widgets]
    assert [widget.shown()["words"] for widget in widgets if widget.settled()["refused"]] == []


# --- what a reader does -----------------------------------------------------------------------------------------------


def test_keys_move_a_slider_to_its_ends_there_and_back(ran):
    for widget, index in controls(ran, *SLIDERS):
        start = widget.settled()
        last, before, again, first = (widget.key(index, key) for key in ("End", "ArrowLeft", "ArrowRight", "Home"))
        assert again == last
        assert len({each["picture"] for each in (last, before, first)}) > 1
        assert widget.drag(index, int(start["answers"][index])) == start


def test_the_mouse_drags_a_slider_there_and_back(ran):
    for widget, index in controls(ran, *SLIDERS):
        start, (low, high, now) = widget.settled(), widget.span(index)
        assert widget.drag(index, low if now == high else high) != start
        assert widget.drag(index, now) == start


def test_keys_that_come_faster_than_pictures_end_at_the_right_one(ran):
    for widget, index in controls(ran, *SLIDERS):
        start, (low, high, now) = widget.settled(), widget.span(index)
        there = min(high - now, 8) or -min(now - low, 8)
        for by in (there, -there):
            widget.hurry(index, by)
        assert widget.says(index, str(now)) == start


def test_buttons_step_forward_back_and_to_the_first_step(ran):
    for widget, index in controls(ran, "Steps"):
        start = widget.press(index, "First")
        second, third, back = (widget.press(index, title) for title in ("Next", "Next", "Previous"))
        assert back == second
        assert len({each["words"] for each in (start, second, third)}) == min(3, widget.span(index)[1])
        assert widget.press(index, "First") == widget.press(index, "Previous") == start


def test_every_entry_of_a_menu_can_be_chosen(ran):
    for widget, index in controls(ran, "Menu"):
        start = widget.settled()
        seen = [widget.choose(index, entry) for entry in widget.entries(index)]
        assert len({each["picture"] for each in seen}) > 1
        assert widget.choose(index, start["answers"][index]) == start


def test_nonsense_in_a_field_is_answered_in_words_and_the_next_value_is_drawn(ran):
    for widget, index in controls(ran, "Field"):
        start = widget.settled()
        wrong = widget.type(index, NONSENSE)
        assert wrong["refused"]
        assert len(wrong["words"].split()) > 3
        for text in TEXTS:  # what draw takes of these is drawn, what it does not take is answered: either as it says
            widget.type(index, text)
        assert widget.type(index, start["answers"][index]) == start


# --- the page is loaded again -----------------------------------------------------------------------------------------


def test_after_a_reload_the_widgets_go_on_where_they_were(ran):
    before = [moved(widget, 0) for widget in ran.widgets()]
    ran.save()
    ran.reload()
    ran.wait_for_pictures()
    assert [widget.settled() for widget in ran.widgets()] == before
    for widget in ran.widgets():
        assert moved(widget, len(widget.kinds) - 1)["picture"] is not None
    assert ran.errors() == []


# --- and all the while ------------------------------------------------------------------------------------------------


def test_nothing_went_wrong_meanwhile(ran):
    assert ran.complaints == []
    assert ran.errors() == []
    assert ran.is_idle()
    assert ran.trouble() == ""
