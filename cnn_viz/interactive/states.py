"""Pictures of states: drawing functions that take a state, and messages in place of pictures of invalid states.

Draw        a pure function of its state: draw(**state) -> (figure, sentence). The sentence describes the picture, and
            is computed from the arrays that were drawn. The same state gives the same picture and sentence.
Invalid     a state may be impossible: a kernel larger than its image. Then draw raises one of INVALID_STATE, with the
            library's own message, and a widget shows the message in place of the picture.
Mistakes    any other exception of draw is shown there too, with its class and the line of the user's code.
"""

import sys
import textwrap
import warnings
from collections.abc import Mapping

from matplotlib.figure import Figure

from cnn_core import checks
from cnn_viz.base.errors import error_text
from cnn_viz.base.figures import DPI, new_figure, png_of
from cnn_viz.base.palette import PADDING
from cnn_viz.base.style import picture

INVALID_STATE = (ValueError, TypeError, ArithmeticError, MemoryError)
LONGEST = 500  # characters of a message; it may repeat everything that a user typed
LEAST = (360, 140)  # pixels: the smallest picture in which a message can be read
MARGIN = 16  # pixels, around a message
POINTS = (11, 9, 7, 5)  # font sizes of a message: the largest in which it fits


def draw_state(draw, state):
    """Return the figure and the sentence of one state.

    Parameters
    ----------
    draw : callable
    state : mapping of names to values

    Returns
    -------
    matplotlib.figure.Figure, str
    """
    if not callable(draw):
        raise checks.BadType(f"draw must be a function that returns (figure, sentence), got {checks.shown(draw)}.")
    if not isinstance(state, Mapping):
        raise checks.BadType(f"a state must be a dictionary of draw's arguments, got {checks.shown(state)}.")
    return _checked(draw(**state))


def draw_state_or_reason(draw, state, size):
    """Return the figure and the sentence of a state; if draw raises an exception, its message as both.

    Parameters
    ----------
    draw, state
        As in draw_state.
    size : (int, int)
        Width and height in pixels of a picture with a message.

    Returns
    -------
    matplotlib.figure.Figure, str
    """
    try:
        drawn = draw(**state)
    except Exception as error:
        return message_of(error, size)
    return _checked(drawn)


def message_of(error, size):
    """Return the figure, of the given (width, height) in pixels, and the sentence that replace those of draw."""
    known = isinstance(error, INVALID_STATE)
    reason = (str(error) if known else error_text(error))[:LONGEST] or type(error).__name__
    return write_message(reason, size), reason


def _checked(drawn):
    """Return a figure and a sentence; axes, which many drawing functions return, are replaced by their figure."""
    pair = isinstance(drawn, tuple) and len(drawn) == 2
    figure = getattr(drawn[0], "figure", drawn[0]) if pair else None
    if not isinstance(figure, Figure) or not isinstance(drawn[1], str):
        kinds = [type(each).__name__ for each in drawn] if isinstance(drawn, tuple) else type(drawn).__name__
        raise checks.BadType(f"draw must return (figure, sentence), got {kinds}.")
    return figure, drawn[1]


@picture
def write_message(message, size):
    """Return a figure of the given (width, height) in pixels with nothing but a message, in a thin frame."""
    width, height = size
    for points in POINTS:
        letter, line = 0.62 * points * DPI / 72, 1.4 * points * DPI / 72  # pixels
        text = textwrap.fill(message, max(1, int((width - 2 * MARGIN) / letter)))
        if (text.count("\n") + 1) * line <= height - 2 * MARGIN:
            break
    figure = new_figure(width, height)
    style = {"ha": "center", "va": "center", "linespacing": 1.3}
    figure.text(0.5, 0.5, text, fontsize=points, **style)
    figure.patch.set(edgecolor=PADDING, linewidth=4)
    return figure


def picture_of(figure, sharpness):
    """Return a figure as the bytes of a PNG, and close it.

    A character that the font does not have, which a message may repeat from the user's input, is drawn as an empty box.
    A user's figure, made by pyplot, is closed, because the notebook would show it a second time.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        png = png_of(figure, sharpness)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    return png
