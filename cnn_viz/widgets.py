"""Widgets: a picture whose state the reader chooses, with sliders, menus, fields and steppers.

In and out  explore(draw, **controls): draw is a pure function (states.py); a control says which values an argument may
            have (controls.py). An argument starts at draw's own default, or else at the control's first value.
Any values  may be combined. What does not fit is explained in words in the picture's place.
Imports     shell.py, and with it ipywidgets, is imported in a notebook only; elsewhere the sentence is printed.
Story       every chapter. Beside each widget stands a film-strip of the same states: nothing is only in a widget.
"""

import importlib.util
import inspect

from cnn_core import checks
from cnn_viz.controls import control_of
from cnn_viz.figures import show_figure
from cnn_viz.notebook import in_notebook
from cnn_viz.states import LEAST, draw_state_or_reason


def explore(draw, /, **controls):
    """Show a picture, and controls with which the reader changes it.

    Parameters
    ----------
    draw : callable
        ``draw(**state) -> (figure, sentence)``, with a value for each control. It computes the same from the same state
        and keeps nothing. Where it raises ValueError, TypeError, ArithmeticError or MemoryError, the message takes the
        picture's place.
    **controls : range, list, tuple, dict, Steps or Field
        The values that an argument of draw may have. A range and a list of numbers become a slider, any other list a
        menu, a dictionary a menu of its keys. Arguments without a control keep their defaults.

    Notes
    -----
    The notebook stores the picture of the first state, with the sentence as its alt text and as plain text. Outside a
    notebook only the sentence is printed.

    Raises
    ------
    TypeError
        If draw does not take these arguments or does not return a figure and a sentence, or if a control is none.
    ValueError
        If a control has no values, or if draw's default is not one of them.

    Examples
    --------
    >>> from cnn_viz.figures import new_figure
    >>> def draw(rows=2, columns=3):
    ...     return new_figure(20 * columns, 20 * rows), f"An array of {rows} by {columns} cells."
    >>> explore(draw, rows=range(1, 9), columns=range(1, 9))
    An array of 2 by 3 cells.
    """
    controls, answers = questions_of(draw, controls)
    if in_notebook() and importlib.util.find_spec("ipywidgets") is not None:
        from cnn_viz.shell import Shell

        Shell(draw, controls, answers).display()
    else:
        show_figure(*draw_state_or_reason("explore", draw, state_of(controls, answers), LEAST))


def questions_of(draw, controls):
    """Return the controls of a picture, and the answer that each of them starts with.

    Parameters
    ----------
    draw : callable
    controls : dict
        What was given to explore, by name.

    Returns
    -------
    dict of names to controls, dict of names to answers
    """
    if not callable(draw):
        raise TypeError(f"explore: draw must be a function that returns (figure, sentence), got {checks.shown(draw)}.")
    if not controls:
        raise ValueError("explore: there is nothing to choose. Give a control, such as size=range(1, 11).")
    controls = {name: control_of(name, given) for name, given in controls.items()}
    defaults = _defaults(draw, controls)
    return controls, {name: _start(name, control, defaults[name]) for name, control in controls.items()}


def state_of(controls, answers):
    """Return what draw is given: the value of each control for its answer."""
    return {name: control.value_of(answers[name]) for name, control in controls.items()}


def _defaults(draw, names):
    """Return draw's default for each name, inspect's `empty` where it has none, if draw can be called with these."""
    signature = inspect.signature(draw)
    try:
        signature.bind(**dict.fromkeys(names))
    except TypeError as error:
        given = ", ".join(names)
        raise TypeError(f"explore: draw takes {signature}, but the controls are {given}: {error}.") from error
    known = {name: each.default for name, each in signature.parameters.items()}
    return {name: known.get(name, inspect.Parameter.empty) for name in names}


def _start(name, control, default):
    if default is inspect.Parameter.empty:
        return control.first
    answer = control.answer_for(default)
    if answer is None:
        raise ValueError(
            f"explore: draw starts with {name}={checks.shown(default)}, which is not among the control's values."
        )
    return answer
