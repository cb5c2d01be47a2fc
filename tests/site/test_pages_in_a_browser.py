"""Every page of the site from a file: its widgets moved by mouse, touch and keys, without an error or another host.

Widgets     every control of every widget is moved to its ends with keys; picture and sentence are those of its states.
Pages       nothing is wider than a phone, and axe finds nothing serious, in light and dark.
Print       no picture is higher than a page of paper, and no formula wider.
"""

import json
import re

import pytest
from browser.conftest import ROOT

PAGES = [*sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")), "index", "glossary"]
SERIOUS = ("serious", "critical")
WIDE, NARROW = {"width": 1250, "height": 900}, {"width": 390, "height": 844}
PAPER = {"width": 718, "height": 1047}  # A4 without its margins, 96 pixels an inch
# MathJax asks for a font at about:blank where a page is opened from a file, before it measures its own.
PROBE = re.compile(r"Access to font at 'about:blank'|net::ERR_FAILED")


class Opened:
    """A page of the site, with the errors and the requests to other hosts that it has made."""

    def __init__(self, chromium, site, name, **options):
        self.page = chromium.new_page(**{"viewport": WIDE} | options)
        self.errors, self.elsewhere = [], []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("request", lambda request: self._check(request.url, site.as_uri()))
        self.page.goto((site / f"{name}.html").as_uri(), wait_until="load")
        self.boxes = self.page.locator(".explore").all()

    def _note(self, message):
        if message.type == "error" and not PROBE.search(message.text):
            self.errors.append(message.text)

    def _check(self, url, home):
        if not url.startswith((home, "data:", "about:")):
            self.elsewhere.append(url)


@pytest.fixture(params=PAGES)
def opened(request, chromium, site):
    page = Opened(chromium, site, request.param)
    yield page
    page.page.close()


def widgets_in(site, name):
    """Return the widgets of a page as it stores them."""
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    return [json.loads(each) for each in re.findall(r'<script type="application/json">(.*?)</script>', text)]


def shown(box):
    """Return the sentence and the alt text of a widget, once its picture is there."""
    picture = box.locator(".explore-picture > *").last
    sentence = box.locator(".explore-sentence").inner_text()
    if picture.count() and picture.evaluate("element => element.tagName") == "IMG":
        picture.evaluate("image => image.decode()")
    return sentence


def move_to_the_ends(page, box):
    """Move each control of a widget to its last and its first value by keys, and return all sentences seen."""
    seen = {shown(box)}
    for control in box.locator("input, select").all():
        for key in ("End", "Home"):
            control.focus()
            page.keyboard.press(key)
            page.wait_for_function(
                "box => box.querySelector('.explore-sentence').textContent", arg=box.element_handle()
            )
            seen.add(shown(box))
    return seen


def test_every_widget_of_a_page_is_moved_and_shows_its_states(opened, site, request):
    widgets = widgets_in(site, request.node.callspec.params["opened"])
    assert len(widgets) == len(opened.boxes)
    for widget, box in zip(widgets, opened.boxes, strict=True):
        seen = move_to_the_ends(opened.page, box)
        assert len(seen) > 1, widget["name"]
        if "shown" in widget:
            assert seen <= {sentence for *_, sentence in widget["shown"]}
            image = box.locator("img")
            assert image.get_attribute("alt") == box.locator(".explore-sentence").inner_text()
            assert image.evaluate("image => image.naturalWidth") > 0
    assert (opened.errors, opened.elsewhere) == ([], [])


def test_no_picture_of_a_state_is_loaded_before_a_control_is_moved(chromium, site):
    page = chromium.new_page(viewport=WIDE)
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto((site / "05_fully_connected.html").as_uri(), wait_until="networkidle")
    assert [url for url in loaded if "/states/" in url] == []
    page.locator(".explore input").first.focus()
    page.keyboard.press("ArrowRight")
    shown(page.locator(".explore").first)
    assert len([url for url in loaded if "/states/" in url]) == 1
    page.close()


def test_axe_finds_nothing_serious(opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (make browser)")
    # All code has the same colours: the first cells are enough, and axe looks at every word.
    opened.page.evaluate("[...document.querySelectorAll('div.highlight')].slice(5).forEach(each => each.remove())")
    for scheme in ("light", "dark"):
        opened.page.emulate_media(color_scheme=scheme)
        found = axe.Axe().run(opened.page).response["violations"]
        serious = [(each["id"], [node["html"][:150] for node in each["nodes"]]) for each in found]
        assert [each for each, full in zip(serious, found, strict=True) if full["impact"] in SERIOUS] == [], scheme


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_a_phone(chromium, site, name):
    page = Opened(chromium, site, name, viewport=NARROW).page
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_pictures_and_formulas_fit_on_paper(chromium, site, name):
    page = Opened(chromium, site, name, viewport=PAPER).page
    page.emulate_media(media="print")
    page.wait_for_function("!window.MathJax || (MathJax.Hub && !MathJax.Hub.queue.pending)")
    heights = page.locator("article img").evaluate_all("images => images.map(image => image.height)")
    assert max(heights, default=0) <= PAPER["height"]
    formulas = page.locator(".MathJax_Display > .MathJax > nobr").evaluate_all(
        "all => all.map(each => [each.getBoundingClientRect().right, each.textContent])"
    )
    assert [text for right, text in formulas if right > PAPER["width"]] == []
    page.close()


def first_with(site, kind):
    """Return the page and the number of the first widget that has a control of a kind."""
    for name in PAGES:
        for number, widget in enumerate(widgets_in(site, name)):
            if any(control["kind"] == kind for control in widget["controls"]):
                return name, number
    raise AssertionError(f"no widget has {kind}")


def test_a_stepper_goes_forward_back_and_to_the_first_step_by_mouse(chromium, site):
    name, number = first_with(site, "steps")
    page = Opened(chromium, site, name)
    box = page.boxes[number]
    sentences = [shown(box)]
    for button in ("Next step", "Next step", "Previous step", "First step"):
        box.get_by_role("button", name=button).click()
        sentences.append(shown(box))
    first, second, third, back, again = sentences
    assert len({first, second, third}) == 3
    assert (back, again) == (second, first)
    page.page.close()


def test_a_stepper_ends_where_the_other_controls_say(chromium, site):
    name, number = first_with(site, "steps")
    widget, opened = widgets_in(site, name)[number], Opened(chromium, site, name)
    box = opened.boxes[number]
    stepper = next(i for i, control in enumerate(widget["controls"]) if control["kind"] == "steps")
    slider = box.locator(".explore-control").nth(stepper).locator("input")
    slider.focus()
    opened.page.keyboard.press("End")
    total = int(slider.get_attribute("max")) + 1
    assert f"{total} of {total}" in box.locator("output").nth(stepper).inner_text()
    assert total <= len(widget["controls"][stepper]["values"])
    opened.page.close()


def test_a_finger_moves_a_slider(chromium, site):
    opened = Opened(chromium, site, "index", viewport=NARROW, has_touch=True, is_mobile=True)
    box = opened.boxes[0]
    slider = box.locator("input").first
    slider.scroll_into_view_if_needed()
    edges, before = slider.bounding_box(), shown(box)
    opened.page.touchscreen.tap(edges["x"] + edges["width"] - 6, edges["y"] + edges["height"] / 2)
    assert slider.input_value() == slider.get_attribute("max")
    assert shown(box) != before
    opened.page.close()


def test_without_javascript_the_stored_picture_stays(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "05_fully_connected.html").as_uri())
    images = page.locator(".explore img").all()
    assert images
    assert all(image.bounding_box()["width"] > 100 for image in images)
    context.close()


def test_reduced_motion_has_a_still_picture(chromium, site):
    page = chromium.new_page(reduced_motion="reduce")
    page.goto((site / "index.html").as_uri())
    assert page.locator("picture img").evaluate("image => image.currentSrc").endswith("convolution_steps.png")
    page.close()
