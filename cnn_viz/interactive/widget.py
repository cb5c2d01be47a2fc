"""The view of explore: controls above, the picture in the middle, its sentence below (view.py).

View        a control changes, the state is drawn, an image and a text are replaced. All else is in draw.
Keyboard    Tab moves from control to control; arrow keys move a slider; Enter presses a button.
"""

import ipywidgets

from cnn_core import checks
from cnn_viz.interactive.controls import Field, Menu, Scale, Slide, Steps, state_of
from cnn_viz.interactive.states import draw_state_or_reason, message_of
from cnn_viz.interactive.view import View

BUTTONS = (("First", "fast-backward"), ("Previous", "step-backward"), ("Next", "step-forward"))


class WidgetView(View):
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
    """

    def __init__(self, draw, controls, values):
        super().__init__()
        self.shown = None
        self.draw, self.controls = draw, controls
        self.inputs = {name: _MAKE[type(each)](name, each, values[name]) for name, each in controls.items()}
        self.buttons = {name: _buttons(self.inputs[name]) for name, each in controls.items() if isinstance(each, Steps)}
        rows = [ipywidgets.HBox(self._row(name)) for name in controls]
        head = ipywidgets.HBox(rows, layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 16px"})
        self.box = ipywidgets.VBox([head, self.place])
        for each in self.inputs.values():
            each.observe(self._follow, "value")
        self._draw()

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
            self.show(*message_of(error, self.space))

    @checks.public_as("explore")
    def _draw(self):
        """Draw the state, unless it is the one that is shown: a stepper that is shortened changes it in between."""
        self._end_steppers()
        values = self._values()
        if values != self.shown:
            self.shown = values
            self.show(*draw_state_or_reason(self.draw, state_of(self.controls, values), self.space))

    def _values(self):
        return {name: each.value for name, each in self.inputs.items()}

    def _end_steppers(self):
        for name in self.buttons:
            others = state_of(self.controls, self._values())
            del others[name]
            count = self.controls[name].count_for(others)
            if count is not None:
                self.inputs[name].max = count


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
