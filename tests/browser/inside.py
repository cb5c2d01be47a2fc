"""The expected output of a widget, computed in the notebook's own kernel, where its drawing function and data are.

widget.py calls expected(number, answers) through the kernel and compares the page with the result. A drawing function
keeps no state, so the values of the controls alone determine the picture and the words. Nothing in the notebook
changes.
"""

import functools
import gc
import hashlib

from comm import get_comm_manager

from cnn_viz.base.figures import SHARPNESS, size_of
from cnn_viz.interactive.controls import Scale, Slide, Steps, state_of
from cnn_viz.interactive.states import INVALID_STATE, draw_state, draw_state_or_reason, picture_of
from cnn_viz.interactive.widget import WidgetView


@functools.cache
def views():
    """Return the views of all widgets in the order in which they were made, which is their order on the page."""
    made = list(get_comm_manager().comms)
    found = [each for each in gc.get_objects() if isinstance(each, WidgetView)]
    return sorted(found, key=lambda view: made.index(view.image.model_id))


def count():
    """Return the number of widgets."""
    return len(views())


def kinds(number):
    """Return the kind of each control of a widget: 'Slide', 'Scale', 'Menu', 'Steps' or 'Field'."""
    return [type(each).__name__ for each in views()[number].controls.values()]


def expected(number, answers):
    """Return the output that a widget must show.

    Parameters
    ----------
    number : int
        The index of the widget, from 0.
    answers : tuple of str
        The values of the page's controls: a slider's position, a menu's entry, a field's text.

    Returns
    -------
    dict
        The picture (a digest), its width in pixels, the words, and whether draw refuses the state.
    """
    return drawn(number, answers, views()[number].space)


@functools.cache
def drawn(number, answers, size):
    """Draw a state in the same way as the widget does; the picture of a message has the given size."""
    view = views()[number]
    pairs = zip(view.controls.items(), answers, strict=True)
    state = state_of(view.controls, {name: value_of(control, answer) for (name, control), answer in pairs})
    try:
        (figure, words), refused = draw_state(view.draw, state), False
    except INVALID_STATE:
        (figure, words), refused = draw_state_or_reason(view.draw, state, size), True
    picture = hashlib.sha256(picture_of(figure, SHARPNESS)).hexdigest()
    return {"picture": picture, "width": size_of(figure)[0], "words": words, "refused": refused}


def value_of(control, answer):
    """Return the value of a control from the text that the page shows for it."""
    if isinstance(control, Slide | Steps):
        return int(answer)
    return list(control.values)[int(answer)] if isinstance(control, Scale) else answer
