"""A widget on the page, operated as a user would: sliders, buttons, menus and fields, with a picture and words below.

Every action waits until the control has the expected value, and the page shows the picture and the words that draw
gives for the values of all controls. Only the time-out is fixed. ACTIONS counts the actions for the last line of the
report.
"""

from collections import Counter

from browser.lab import wait_until

TIMEOUT = 60  # seconds for a picture on a busy machine
ACTIONS = Counter()
CONTROLS = ".widget-slider, .widget-dropdown, .widget-text"
SPAN = "handle => [handle.ariaValueMin, handle.ariaValueMax, handle.ariaValueNow].map(Math.round)"
SHOWN = """async box => {
    const hex = bytes => [...new Uint8Array(bytes)].map(byte => byte.toString(16).padStart(2, "0")).join("");
    const said = control => {
        const handle = control.querySelector("[role=slider]");
        return handle ? `${Math.round(handle.ariaValueNow)}` : control.querySelector("select, input").value;
    };
    const image = box.querySelector("img"), bytes = await (await fetch(image.src)).arrayBuffer();
    return {
        answers: [...box.querySelectorAll("%s")].map(said),
        picture: hex(await crypto.subtle.digest("SHA-256", bytes)),
        words: box.querySelector(".widget-html-content").innerText,
        width: image.naturalWidth && image.getBoundingClientRect().width,
    };
}""".replace("%s", CONTROLS)


class Widget:
    """A widget of a notebook that is open in a browser.

    Parameters
    ----------
    page : playwright Page
    box : playwright Locator
        The output that contains the widget.
    kernel : Kernel
    number : int
        The index of the widget in its notebook, from 0.
    """

    def __init__(self, page, box, kernel, number):
        self.page, self.box, self.kernel, self.number = page, box, kernel, number
        self.kinds = kernel.inside(f"kinds({number})")

    # --- state --------------------------------------------------------------------------------------------------------

    def shown(self):
        """Return the state on the page: the controls' values, the picture (a digest), its width and the words."""
        return with_one_line(self.box.evaluate(SHOWN))

    def expected(self, answers):
        """Return the expected picture, width and words for the controls' values, and whether draw refuses the state."""
        return with_one_line(self.kernel.inside(f"expected({self.number}, {tuple(answers)!r})"))

    def settled(self):
        """Wait until the page agrees with the controls; return the state on the page, and whether draw refuses it."""
        return wait_until(self._if_settled, self._difference, TIMEOUT, self._pause)

    def _if_settled(self):
        shown = self.shown()
        full = shown | self.expected(shown["answers"])
        return full if shown.items() <= full.items() else None

    def _difference(self):
        shown = self.shown()
        return f"widget {self.number} shows {shown}, and should show {self.expected(shown['answers'])}"

    def _pause(self):
        self.page.wait_for_timeout(50)

    def says(self, index, answer):
        """Wait until a control has a value and the picture has followed; return the state on the page."""

        def value():
            return self.shown()["answers"][index]

        def failure():
            return f"control {index} of widget {self.number} has the value {value()!r}, not {answer!r}"

        wait_until(lambda: value() == answer, failure, TIMEOUT, self._pause)
        return self.settled()

    # --- controls -----------------------------------------------------------------------------------------------------

    def control(self, index):
        """Return the locator of a control."""
        return self.box.locator(CONTROLS).nth(index)

    def of_kind(self, *kinds):
        """Return the indices of the controls of the given kinds."""
        return [index for index, kind in enumerate(self.kinds) if kind in kinds]

    def span(self, index):
        """Return a slider's lowest, highest and current position."""
        return self.control(index).locator("[role=slider]").evaluate(SPAN)

    # --- actions ------------------------------------------------------------------------------------------------------

    def key(self, index, key):
        """Press a key on a slider."""
        ACTIONS["keys on sliders"] += 1
        low, high, now = self.span(index)
        goals = {"ArrowRight": min(now + 1, high), "ArrowLeft": max(now - 1, low), "Home": low, "End": high}
        self.control(index).locator("[role=slider]").press(key)
        return self.says(index, str(goals[key]))

    def hurry(self, index, by):
        """Press an arrow key several times, without waiting for a picture."""
        ACTIONS["keys on sliders"] += abs(by)
        handle = self.control(index).locator("[role=slider]")
        for _ in range(abs(by)):
            handle.press("ArrowRight" if by > 0 else "ArrowLeft")

    def drag(self, index, place):
        """Drag a slider's handle to a position with the mouse."""
        ACTIONS["drags of sliders"] += 1
        low, high, _ = self.span(index)
        handle, track = (self.control(index).locator(part) for part in ("[role=slider]", ".noUi-base"))
        handle.scroll_into_view_if_needed()
        start, span = handle.bounding_box(), track.bounding_box()
        height = start["y"] + start["height"] / 2
        self.page.mouse.move(start["x"] + start["width"] / 2, height)
        self.page.mouse.down()
        self.page.mouse.move(span["x"] + span["width"] * (place - low) / (high - low), height, steps=5)
        self.page.mouse.up()
        return self.says(index, str(place))

    def press(self, index, title):
        """Press a button of a stepper."""
        ACTIONS["presses of buttons"] += 1
        low, high, now = self.span(index)
        goals = {"First": low, "Previous": max(now - 1, low), "Next": min(now + 1, high)}
        self.control(index).locator("xpath=..").locator(f"button[title={title}]").click()
        return self.says(index, str(goals[title]))

    def choose(self, index, entry):
        """Choose an entry of a menu."""
        ACTIONS["choices in menus"] += 1
        self.control(index).locator("select").select_option(value=entry)
        return self.says(index, entry)

    def entries(self, index):
        """Return the entries of a menu."""
        return self.control(index).locator("option").evaluate_all("options => options.map(each => each.value)")

    def type(self, index, text):
        """Type into a field, and press Enter."""
        ACTIONS["texts in fields"] += 1
        field = self.control(index).locator("input")
        field.fill(text)
        field.press("Enter")
        return self.says(index, text)


def with_one_line(seen):
    """Return a state with its words as a browser renders them: white space collapsed into single spaces."""
    return seen | {"words": " ".join(seen["words"].split())}
