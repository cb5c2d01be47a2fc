"""The view of a widget: controls above, the picture in the middle, its sentence below.

View        a control changes, the state is drawn, an image and a text are replaced. All else is in draw.
Size        the space of picture and sentence grows with larger pictures and never shrinks: the page below the widget
            stays where it is.
Keyboard    Tab moves from control to control; arrow keys move a slider; Enter presses a button.
Stored      one bundle: the live widget, the first picture, its sentence. Without a kernel, the picture is shown.
"""

import html

import ipywidgets
from IPython.display import display

from cnn_core import checks
from cnn_viz.base.figures import SHARPNESS, WIDEST, size_of
from cnn_viz.interactive.controls import Field, Menu, Scale, Slide, Steps, state_of
from cnn_viz.interactive.states import LEAST, draw_state_or_reason, message_of, picture_of

WIDGET = "application/vnd.jupyter.widget-view+json"
# On a narrow page a picture becomes smaller. Without its margin, its box is exactly as high as the picture.
IN_PLACE = {"object_fit": "contain", "object_position": "left top", "max_width": "100%", "margin": "0"}
SENTENCE = 52  # pixels: space for two lines of text under the largest picture
BUTTONS = (("First", "fast-backward"), ("Previous", "step-backward"), ("Next", "step-forward"))


class WidgetView:
    """A picture that follows its controls.

    Parameters
    ----------
    draw : callable
    controls, values : dict
        The result of controls_and_values.

    Attributes
    ----------
    inputs : dict of names to ipywidgets
        The slider, menu or text field of each control.
    buttons : dict of names to lists of three Buttons
        Of each stepper: first, previous, next.
    sentence : str
        The description of the picture, or the message of an invalid state.
    """

    def __init__(self, draw, controls, values):
        self.draw, self.controls = draw, controls
        self.inputs = {name: _MAKE[type(each)](name, each, values[name]) for name, each in controls.items()}
        self.buttons = {name: _buttons(self.inputs[name]) for name, each in controls.items() if isinstance(each, Steps)}
        self.image = ipywidgets.Image(format="png", layout=IN_PLACE)
        self.text = ipywidgets.HTML(layout={"max_width": f"{WIDEST}px"})
        self.place, self.space, self.shown = ipywidgets.VBox([self.image, self.text]), LEAST, None
        rows = [ipywidgets.HBox(self._row(name)) for name in controls]
        head = ipywidgets.HBox(rows, layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 16px"})
        self.box = ipywidgets.VBox([head, self.place])
        for each in self.inputs.values():
            each.observe(self._follow, "value")
        self._draw()

    def display(self):
        """Show the live widget, and store its picture and sentence."""
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

    def _follow(self, _):
        """Draw the state after a change; any error, here or in drawing, is shown in place of the old picture."""
        try:
            self._draw()
        except Exception as error:
            self.shown = None  # the state before is drawn anew
            self._show(*message_of(error, self.space))

    @checks.public_as("explore")
    def _draw(self):
        """Draw the state, unless it is the one that is shown: a stepper that is shortened changes it in between."""
        self._end_steppers()
        values = self._values()
        if values != self.shown:
            self.shown = values
            self._show(*draw_state_or_reason(self.draw, state_of(self.controls, values), self.space))

    def _values(self):
        return {name: each.value for name, each in self.inputs.items()}

    def _end_steppers(self):
        for name in self.buttons:
            others = state_of(self.controls, self._values())
            del others[name]
            count = self.controls[name].count_for(others)
            if count is not None:
                self.inputs[name].max = count

    def _show(self, figure, sentence):
        png, self.size = picture_of(figure, SHARPNESS), size_of(figure)
        self.space = tuple(map(max, self.size, self.space))
        self.place.layout.min_height = f"{self.space[1] + SENTENCE}px"
        self.image.layout.width, self.image.layout.height = (f"{side}px" for side in self.size)
        self.image.value = png
        self.sentence = sentence
        self.text.value = f"<div style='line-height: 1.4'>{html.escape(sentence)}</div>"


# --- the ipywidgets of each kind of control ---------------------------------------------------------------------------


def _common(name, value, width):
    style, layout = {"description_width": "initial"}, {"width": width}
    return {"description": name.replace("_", " "), "value": value, "style": style, "layout": layout}


def _slide(name, control, value):
    low, high = control.values[0], control.values[-1]
    return ipywidgets.IntSlider(min=low, max=high, continuous_update=False, **_common(name, value, "300px"))


def _steps(name, control, value):
    return ipywidgets.IntSlider(min=1, max=value, continuous_update=False, **_common(name, value, "360px"))


def _scale(name, control, value):
    options = list(control.values)
    return ipywidgets.SelectionSlider(options=options, continuous_update=False, **_common(name, value, "300px"))


def _menu(name, control, value):
    return ipywidgets.Dropdown(options=list(control.values), **_common(name, value, "max-content"))


def _field(name, control, value):
    return ipywidgets.Text(continuous_update=False, **_common(name, value, "220px"))


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
