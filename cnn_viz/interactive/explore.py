"""explore: a picture whose state a user chooses with sliders, menus, text fields and steppers.

Controls    explore(draw, **controls): draw is a pure function (states.py); a control holds the values of one argument
            (controls.py). An argument starts at draw's own default, or else at the first value of its control.
Invalid     all values may be combined; for an invalid state the widget shows the message of the error.
Imports     widget.py is imported in a notebook with ipywidgets 8 or newer. A notebook without shows the first picture;
            elsewhere the sentence is printed.
Chapters    all. Beside each widget stands a grid of frames of the same states, for paper, GitHub and screen readers.
"""

from cnn_core import checks
from cnn_viz.base.figures import show_figure
from cnn_viz.base.notebook import has_widgets
from cnn_viz.interactive.controls import controls_and_values, state_of
from cnn_viz.interactive.states import LEAST, draw_state_or_reason


@checks.public
def explore(draw, /, **controls):
    """Show a picture, and controls with which a user changes it.

    Parameters
    ----------
    draw : callable
        ``draw(**state) -> (figure, sentence)``, a pure function with an argument for each control. If it raises an
        exception, its message is shown in place of the picture.
    **controls : range, list, tuple, dict, Steps or Field
        The values that an argument of draw may have. A range and a list of numbers become a slider, any other list a
        menu, a dictionary a menu of its keys. Arguments without a control keep their defaults.

    Notes
    -----
    The notebook stores the picture of the first state, with the sentence as its alt text and as plain text. Outside a
    notebook only the sentence is printed.

    Examples
    --------
    >>> from cnn_viz import new_figure
    >>> def draw(rows=2, columns=3):
    ...     return new_figure(20 * columns, 20 * rows), f"An array of {rows} by {columns} cells."
    >>> explore(draw, rows=range(1, 9), columns=range(1, 9))
    An array of 2 by 3 cells.
    """
    controls, values = controls_and_values(draw, controls)
    if has_widgets():
        from cnn_viz.interactive.widget import WidgetView

        WidgetView(draw, controls, values).display()
    else:
        show_figure(*draw_state_or_reason(draw, state_of(controls, values), LEAST))
