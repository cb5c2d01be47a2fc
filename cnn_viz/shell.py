"""The shell of a widget: controls above, the picture in the middle, under it the sentence that says what is to be seen.

Shell       thin: an answer changes, the state is drawn, an image and a text are replaced. All else is in draw.
Place       picture and sentence have a place that grows with larger pictures and never shrinks: what stands below the
            widget stays there.
Keys        Tab moves from control to control; arrow keys move a slider; Enter presses a button.
Stored      one bundle: the live widget, the first picture, its sentence. Where no Python runs, the picture is there.
Used by     widgets.explore, in notebooks only.
"""

import html

import ipywidgets
from IPython.display import display

from cnn_viz.controls import Field, Menu, Scale, Slide, Steps
from cnn_viz.figures import SHARPNESS, WIDEST, size_of
from cnn_viz.states import LEAST, draw_state_or_reason, picture_of
from cnn_viz.widgets import state_of

WIDGET = "application/vnd.jupyter.widget-view+json"
# On a narrow page a picture becomes smaller. Without its margin, its place is exactly as high as the picture.
IN_PLACE = {"object_fit": "contain", "object_position": "left top", "max_width": "100%", "margin": "0"}
WORDS = 52  # pixels: room for two lines of text under the largest picture
BUTTONS = (("First", "fast-backward"), ("Previous", "step-backward"), ("Next", "step-forward"))


class Shell:
    """A picture that follows its controls.

    Parameters
    ----------
    draw : callable
    controls, answers : dict
        As questions_of returns them.

    Attributes
    ----------
    inputs : dict of names to ipywidgets
        The slider, menu or field of each control: its `value` is the answer.
    buttons : dict of names to lists of three Buttons
        Of each stepper: first, previous, next.
    sentence : str
        What is to be seen, or why nothing is.
    """

    def __init__(self, draw, controls, answers):
        self.draw, self.controls = draw, controls
        self.inputs = {name: _MAKE[type(each)](name, each, answers[name]) for name, each in controls.items()}
        self.buttons = {name: _buttons(self.inputs[name]) for name, each in controls.items() if isinstance(each, Steps)}
        self.image = ipywidgets.Image(format="png", layout=IN_PLACE)
        self.text = ipywidgets.HTML(layout={"max_width": f"{WIDEST}px"})
        self.place, self.room, self.shown = ipywidgets.VBox([self.image, self.text]), LEAST, None
        rows = [ipywidgets.HBox(self._row(name)) for name in controls]
        head = ipywidgets.HBox(rows, layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 16px"})
        self.box = ipywidgets.VBox([head, self.place])
        for each in self.inputs.values():
            each.observe(self._follow, "value")
        self._follow()

    def display(self):
        """Show the live widget, and store what it shows."""
        about = {"alt": self.sentence, "width": self.size[0], "height": self.size[1]}
        data = {
            WIDGET: self.box._repr_mimebundle_()[WIDGET],
            "image/png": bytes(self.image.value),  # the widget holds a view of them
            "text/plain": self.sentence,
        }
        display(data, metadata={"image/png": about}, raw=True)

    def _row(self, name):
        first, previous, following = self.buttons.get(name, [None] * 3)
        row = [first, previous, self.inputs[name], following]
        return [each for each in row if each is not None]

    def _follow(self, _=None):
        """Draw the state, unless it is the one that is shown: a stepper that is shortened changes it in between."""
        self._end_steppers()
        answers = self._answers()
        if answers != self.shown:
            self.shown = answers
            self._show(*draw_state_or_reason("explore", self.draw, state_of(self.controls, answers), self.room))

    def _answers(self):
        return {name: each.value for name, each in self.inputs.items()}

    def _end_steppers(self):
        for name in self.buttons:
            others = state_of(self.controls, self._answers())
            del others[name]
            count = self.controls[name].count_for(others)
            if count is not None:
                self.inputs[name].max = count

    def _show(self, figure, sentence):
        self.size = size_of(figure)
        self.room = tuple(map(max, self.size, self.room))
        self.place.layout.min_height = f"{self.room[1] + WORDS}px"
        self.image.layout.width, self.image.layout.height = (f"{side}px" for side in self.size)
        self.image.value = picture_of(figure, SHARPNESS)
        self.sentence = sentence
        self.text.value = f"<div style='line-height: 1.4'>{html.escape(sentence)}</div>"


# --- what each kind of control looks like -----------------------------------------------------------------------------


def _common(name, answer, width):
    style, layout = {"description_width": "initial"}, {"width": width}
    return {"description": name.replace("_", " "), "value": answer, "style": style, "layout": layout}


def _slide(name, control, answer):
    low, high = control.values[0], control.values[-1]
    return ipywidgets.IntSlider(min=low, max=high, continuous_update=False, **_common(name, answer, "300px"))


def _steps(name, control, answer):
    return ipywidgets.IntSlider(min=1, max=answer, continuous_update=False, **_common(name, answer, "360px"))


def _scale(name, control, answer):
    options = list(control.values)
    return ipywidgets.SelectionSlider(options=options, continuous_update=False, **_common(name, answer, "300px"))


def _menu(name, control, answer):
    return ipywidgets.Dropdown(options=list(control.values), **_common(name, answer, "max-content"))


def _field(name, control, answer):
    return ipywidgets.Text(continuous_update=False, **_common(name, answer, "220px"))


_MAKE = {Slide: _slide, Steps: _steps, Scale: _scale, Menu: _menu, Field: _field}


def _buttons(slider):
    """Return the buttons of a stepper; a slider keeps to its ends by itself."""
    moves = (lambda step: 1, lambda step: step - 1, lambda step: step + 1)
    buttons = [
        ipywidgets.Button(icon=icon, tooltip=text, layout={"width": "42px", "flex": "none"}) for text, icon in BUTTONS
    ]
    for button, move in zip(buttons, moves, strict=True):
        button.on_click(lambda _, move=move: setattr(slider, "value", move(slider.value)))
    return buttons
