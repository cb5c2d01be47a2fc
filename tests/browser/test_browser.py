"""The notebooks in JupyterLab and Chromium: every action on a widget leads to the right picture.

Each notebook is opened once. Its tests run in the order of this file and leave each control at its initial value.
"""

from browser.lab import command_of_make_lab
from browser.notebooks import calls, path_of

SLIDERS = ("Slide", "Scale", "Steps")
NONSENSE = "nonsense"
TEXTS = ["-3", "(1, 2)", "<b>1/0</b>", ""]


def controls(notebook, *kinds):
    """Yield (widget, index of a control) for all controls of the given kinds, scrolled into view."""
    for widget in notebook.widgets():
        widget.box.scroll_into_view_if_needed()
        for index in widget.of_kind(*kinds):
            yield widget, index


def moved(widget, index):
    """Change the value of a control, and return the state on the page."""
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


# --- before any cell has run ------------------------------------------------------------------------------------------


def test_every_picture_is_visible_before_any_cell_has_run(opened):
    assert opened.page.locator(".jp-Notebook img").count() > 0
    opened.wait_for_pictures()


# --- all cells --------------------------------------------------------------------------------------------------------


def test_all_cells_run_without_an_error(ran):
    assert ran.errors() == []
    assert ran.count() == ran.page.locator(".jp-CodeCell").count()


def test_every_picture_is_visible_after_all_cells_have_run(ran):
    ran.wait_for_pictures()


def test_training_is_displayed_while_it_runs(ran):
    if "watch" in calls(path_of(ran.name)):
        assert ran.live_pictures() >= 3
        assert ran.page.locator(".jp-Notebook .progress").count() == 0  # the final picture has replaced it


def test_each_widget_starts_with_the_picture_of_its_initial_values(ran):
    widgets = ran.widgets()
    assert len(widgets) >= calls(path_of(ran.name)).count("explore")
    assert [len(widget.settled()["answers"]) for widget in widgets] == [len(widget.kinds) for widget in widgets]
    assert [widget.shown()["words"] for widget in widgets if widget.settled()["refused"]] == []


# --- actions ----------------------------------------------------------------------------------------------------------


def comparable(state):
    """Return what determines a state: the message of a refused one is as large as the largest picture so far."""
    return {key: value for key, value in state.items() if key not in ("picture", "width") or not state["refused"]}


def test_keys_move_a_slider_to_both_ends_and_back(ran):
    for widget, index in controls(ran, *SLIDERS):
        start = widget.settled()
        last, before, again, first = (widget.key(index, key) for key in ("End", "ArrowLeft", "ArrowRight", "Home"))
        assert comparable(again) == comparable(last)
        assert len({each["picture"] for each in (last, before, first)}) > 1
        assert widget.drag(index, int(start["answers"][index])) == start


def test_the_mouse_drags_a_slider_and_drags_it_back(ran):
    for widget, index in controls(ran, *SLIDERS):
        start, (low, high, now) = widget.settled(), widget.span(index)
        assert widget.drag(index, low if now == high else high) != start
        assert widget.drag(index, now) == start


def test_keys_pressed_faster_than_pictures_are_drawn_end_at_the_right_picture(ran):
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


def test_an_invalid_text_in_a_field_is_answered_with_a_message_and_the_next_value_is_drawn(ran):
    for widget, index in controls(ran, "Field"):
        start = widget.settled()
        wrong = widget.type(index, NONSENSE)
        assert wrong["refused"]
        assert len(wrong["words"].split()) > 3
        for text in TEXTS:  # drawn or answered with a message, as draw does
            widget.type(index, text)
        assert widget.type(index, start["answers"][index]) == start


# --- reloading the page -----------------------------------------------------------------------------------------------


def test_widgets_keep_their_state_after_a_reload(ran):
    before = [moved(widget, 0) for widget in ran.widgets()]
    ran.save()
    ran.reload()
    ran.wait_for_pictures()
    assert [widget.settled() for widget in ran.widgets()] == before
    for widget in ran.widgets():
        assert moved(widget, len(widget.kinds) - 1)["picture"] is not None
    assert ran.errors() == []


# --- errors of any kind -----------------------------------------------------------------------------------------------


def test_no_error_occurred_during_the_tests_above(ran):
    assert ran.complaints == []
    assert ran.errors() == []
    assert ran.is_idle()
    assert ran.trouble() == ""
