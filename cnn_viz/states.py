"""Pictures with states: what a drawing function is asked, what it must return, and what is shown where it cannot draw.

Draw        a pure function of its state: draw(**state) -> (figure, sentence). The sentence says what is to be seen, and
            is computed from what was drawn. The same state gives the same picture and the same words, in any order.
Misfits     a state may be impossible: a kernel larger than its image. Then draw raises, with the library's own message,
            and a widget shows that message where the picture would be.
Used by     widgets.py and shell.py, for one state after the other; animations.py, for several at once.
"""

import sys
import textwrap
import warnings
from collections.abc import Mapping

from matplotlib.figure import Figure

from cnn_core import checks
from cnn_viz.figures import DPI, new_figure, png_of
from cnn_viz.palette import INK, PADDING

MISFIT = (ValueError, TypeError, ArithmeticError, MemoryError)
LONGEST = 500  # characters of a message; it may repeat all that a reader typed
LEAST = (360, 140)  # pixels: the smallest picture in which a message can be read
MARGIN = 16  # pixels, around a message
POINTS = (11, 9, 7, 5)  # sizes of its letters: the largest in which it fits


def draw_state(where, draw, state):
    """Return the figure and the sentence of one state.

    Parameters
    ----------
    where : str
        The function that speaks when something is wrong.
    draw : callable
    state : mapping of names to values

    Returns
    -------
    matplotlib.figure.Figure, str

    Raises
    ------
    TypeError
        If draw is no function, state no mapping, or if something else than a figure and a sentence comes back.
    """
    if not callable(draw):
        raise TypeError(f"{where}: draw must be a function that returns (figure, sentence), got {checks.shown(draw)}.")
    if not isinstance(state, Mapping):
        raise TypeError(f"{where}: a state must be a dictionary of draw's arguments, got {checks.shown(state)}.")
    return _checked(where, draw(**state))


def draw_state_or_reason(where, draw, state, size):
    """Return the figure and the sentence of a state; where draw refuses it, its message, as both.

    Parameters
    ----------
    where, draw, state
        As draw_state takes them.
    size : (int, int)
        Width and height in pixels of the picture in whose place a message is shown.

    Returns
    -------
    matplotlib.figure.Figure, str
    """
    try:
        drawn = draw(**state)
    except MISFIT as error:
        reason = str(error)[:LONGEST] or type(error).__name__
        return write_message(reason, size), reason
    return _checked(where, drawn)


def _checked(where, drawn):
    """Return a figure and a sentence; axes, which many drawing functions return, stand for their figure."""
    pair = isinstance(drawn, tuple) and len(drawn) == 2
    figure = getattr(drawn[0], "figure", drawn[0]) if pair else None
    if not isinstance(figure, Figure) or not isinstance(drawn[1], str):
        kinds = [type(each).__name__ for each in drawn] if isinstance(drawn, tuple) else type(drawn).__name__
        raise TypeError(f"{where}: draw must return (figure, sentence), got {kinds}.")
    return figure, drawn[1]


def write_message(message, size):
    """Return a figure of the given (width, height) in pixels that holds nothing but a message, within a thin frame."""
    width, height = size
    for points in POINTS:
        letter, line = 0.62 * points * DPI / 72, 1.4 * points * DPI / 72  # pixels
        text = textwrap.fill(message, max(1, int((width - 2 * MARGIN) / letter)))
        if (text.count("\n") + 1) * line <= height - 2 * MARGIN:
            break
    figure = new_figure(width, height)
    style = {"ha": "center", "va": "center", "linespacing": 1.3, "color": INK, "parse_math": False}
    figure.text(0.5, 0.5, text, fontsize=points, **style)
    figure.patch.set(edgecolor=PADDING, linewidth=4)
    return figure


def picture_of(figure, sharpness):
    """Return a figure as the bytes of a PNG, and let go of it.

    A sign that the font does not have, which a message may repeat from what a reader typed, is drawn as an empty box;
    a reader's own figure, made by pyplot, is closed, or the notebook would show it a second time.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        png = png_of(figure, sharpness)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    return png
