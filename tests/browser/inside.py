"""What a widget must show, asked in the notebook's own kernel: there live the drawing functions and their data.

In and out  expected(number, answers): the picture and the words of draw for what the page's controls say. The page may
            show nothing else, whatever was done before: a drawing function keeps nothing.
Used by     widget.py, through the kernel's own channel; nothing of the notebook is changed.
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
def shells():
    """Return the shells of all widgets in the order in which they were made, which is that of the page."""
    made = list(get_comm_manager().comms)
    found = [each for each in gc.get_objects() if isinstance(each, WidgetView)]
    return sorted(found, key=lambda shell: made.index(shell.image.model_id))


def count():
    """Return how many widgets there are."""
    return len(shells())


def kinds(number):
    """Return the kind of each control of a widget: 'Slide', 'Scale', 'Menu', 'Steps' or 'Field'."""
    return [type(each).__name__ for each in shells()[number].controls.values()]


def expected(number, answers):
    """Return what a widget must show.

    Parameters
    ----------
    number : int
        Of the widget, from 0.
    answers : tuple of str
        What the page's controls say: a slider's place, a menu's choice, what was typed.

    Returns
    -------
    dict
        The picture (a digest), its width in pixels, the words, and whether draw refuses the state.
    """
    return drawn(number, answers, shells()[number].space)


@functools.cache
def drawn(number, answers, room):
    """Draw a state anew, by the same way as for any reader; a message is as large as the room that it is shown in."""
    shell = shells()[number]
    pairs = zip(shell.controls.items(), answers, strict=True)
    state = state_of(shell.controls, {name: meant(control, answer) for (name, control), answer in pairs})
    try:
        (figure, words), refused = draw_state(shell.draw, state), False
    except INVALID_STATE:
        (figure, words), refused = draw_state_or_reason(shell.draw, state, room), True
    picture = hashlib.sha256(picture_of(figure, SHARPNESS)).hexdigest()
    return {"picture": picture, "width": size_of(figure)[0], "words": words, "refused": refused}


def meant(control, answer):
    """Return what a control says, given what the page says about it: of a slider with names, the place of the name."""
    if isinstance(control, Slide | Steps):
        return int(answer)
    return list(control.values)[int(answer)] if isinstance(control, Scale) else answer
