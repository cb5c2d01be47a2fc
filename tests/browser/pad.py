"""A drawing pad on the page, drawn on as a user would: with the mouse, with a finger and with keys.

Points are given as strokes have them: 0..100 from the pad's upper left corner.
"""

from browser.lab import wait_until
from browser.widget import ACTIONS, TIMEOUT


class DrawingPad:
    """The drawing pad of a notebook that is open in a browser.

    Parameters
    ----------
    page : playwright Page
    number : int
        The index of the pad in its notebook, from 0.
    """

    def __init__(self, page, number=0):
        self.page = page
        self.output = page.locator(".jp-OutputArea-output:has(.drawing-pad)").nth(number)
        self.canvas = self.output.locator(".drawing-pad canvas")
        self.touches = page.context.new_cdp_session(page)

    def places(self, stroke):
        """Return the coordinates on the page of the points of a stroke."""
        box = self.canvas.bounding_box()
        return [(box["x"] + box["width"] * x / 100, box["y"] + box["height"] * y / 100) for x, y in stroke]

    def drag(self, stroke, between=lambda: None):
        """Draw a stroke with the mouse, and call `between` before the button is released."""
        ACTIONS["strokes of the mouse"] += 1
        first, *others = self.places(stroke)
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for place in others:
            self.page.mouse.move(*place)
        between()
        self.page.mouse.up()

    def swipe(self, stroke):
        """Draw a stroke with a finger; points outside 0..100 are beside the pad."""
        ACTIONS["strokes of a finger"] += 1
        kinds = ["touchStart", *["touchMove"] * (len(stroke) - 1)]
        for kind, (x, y) in zip(kinds, self.places(stroke), strict=True):
            self.touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        self.touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def keys(self, *keys):
        """Press keys while the pad has the focus."""
        ACTIONS["keys on a pad"] += len(keys)
        self.canvas.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def button(self, name):
        """Return the locator of a button."""
        return self.output.get_by_role("button", name=name)

    def press(self, name):
        """Press a button."""
        ACTIONS["presses of buttons"] += 1
        self.button(name).click()

    def white(self):
        """Return the share of the canvas that is ink."""
        return self.canvas.evaluate(
            """canvas => {
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                return data.filter((value, index) => index % 4 === 2 && value > 127).length / (data.length / 4);
            }"""
        )

    def words(self):
        """Return the sentence under the picture."""
        return self.output.locator(".widget-html-content").inner_text()

    def says(self, words):
        """Wait until the sentence under the picture contains these words."""
        wait_until(lambda: words in self.words(), lambda: f"the pad says {self.words()!r}, not {words!r}", TIMEOUT)
