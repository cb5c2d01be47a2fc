"""What a widget must show, asked in the notebook's own kernel: there live the drawing functions and their data.

In and out  expected(number, answers): the picture and the words of draw for what the page's controls say. The page may
            show nothing else, whatever was done before: a drawing function keeps nothing.
Used by     widget.py, through the kernel's own channel; nothing of the notebook is changed.
"""

import functools
import gc
import hashlib

from comm import get_comm_manager

from cnn_viz.controls import Scale, Slide, Steps
from cnn_viz.figures import SHARPNESS
from cnn_viz.shell import Shell
from cnn_viz.states import MISFIT, draw_state_or_reason, picture_of
from cnn_viz.widgets import state_of


@functools.cache
def shells():
    """Return the shells of all widgets in the order in which they were made, which is that of the page."""
    made = list(get_comm_manager().comms)
    found = [each for each in gc.get_objects() if isinstance(each, Shell)]
    return sorted(found, key=lambda shell: made.index(shell.image.model_id))


def count():
    """Return how many widgets there are."""
    return len(shells())


def kinds(number):
    """Return the kind of each control of a widget: 'Slide', 'Scale', 'Menu', 'Steps' or 'Field'."""
    return [type(each).__name__ for each in shells()[number].controls.values()]


def expected(number, answers):
    """Return what a widget must show: a digest of its picture, its words, and whether draw refuses the state.

    Parameters
    ----------
    number : int
        Of the widget, from 0.
    answers : tuple of str
        What the page's controls say: a slider's place, a menu's choice, what was typed.
    """
    return drawn(number, answers, shells()[number].room)


@functools.cache
def drawn(number, answers, room):
    """Draw a state anew, by the same way as for any reader; a message has the size of the room that it is shown in."""
    shell = shells()[number]
    pairs = zip(shell.controls.items(), answers, strict=True)
    state = state_of(shell.controls, {name: meant(control, answer) for (name, control), answer in pairs})
    figure, sentence = draw_state_or_reason("explore", shell.draw, state, room)
    picture = hashlib.sha256(picture_of(figure, SHARPNESS)).hexdigest()
    return picture, sentence, refused(shell.draw, state)


def meant(control, answer):
    """Return what a control says, given what the page says about it: of a slider with names, the place of the name."""
    if isinstance(control, Slide | Steps):
        return int(answer)
    return list(control.values)[int(answer)] if isinstance(control, Scale) else answer


def refused(draw, state):
    """Return whether draw refuses a state."""
    try:
        draw(**state)
    except MISFIT:
        return True
    return False
