"""drawing_pad: a pad on which a digit is drawn with mouse, finger, pen or keys, and a picture that follows it.

Image       what `draw` receives is the drawing in the form of MNIST's digits (centring.py), while it is being drawn.
Imports     pad_view.py is imported in a notebook with ipywidgets 8 and anywidget. A notebook without shows the picture
            of the drawing that the pad starts with; elsewhere the sentence is printed.
Tried       JupyterLab 4 with Chromium. Not tried: VS Code and Google Colab, which fetch anywidget's part of the page
            from a network. Where the widget does not load, the stored picture is shown.
Chapters    08, 10.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.base.figures import show_figure
from cnn_viz.base.notebook import has_widgets
from cnn_viz.images.centring import ink_array
from cnn_viz.images.strokes import DrawnDigit, checked_strokes, image_of
from cnn_viz.interactive.states import LEAST, draw_state_or_reason


@checks.public
def drawing_pad(draw, ink=None):
    """Show a pad to draw a digit on, and a picture that follows the drawing.

    Parameters
    ----------
    draw : callable
        ``draw(image) -> (figure, sentence)``, a pure function of a float32 array (1, 1, 28, 28): the drawing, scaled
        and centred like the digits of MNIST, values 0..1. On an empty pad all of them are 0. If draw raises an
        exception, its message is shown in place of the picture.
    ink : array (H, W), list of strokes or DrawnDigit, optional
        The drawing that the pad starts with; without it the pad is empty. Of a list each stroke is a list of points
        (x, y), 0..100 from the upper left corner.

    Notes
    -----
    The notebook stores the picture of the first drawing, with the sentence as its alt text and as plain text. Outside a
    notebook only the sentence is printed.

    Keys: the arrows move a cursor, Space puts the pen down or lifts it, Backspace undoes, Delete clears.

    Examples
    --------
    >>> from cnn_viz import new_figure
    >>> def draw(image):
    ...     return new_figure(200, 200), f"There is ink in {(image > 0).sum()} pixels."
    >>> drawing_pad(draw, ink=[[(50, 20), (50, 80)]])
    There is ink in 60 pixels.
    """
    checks.expect(callable(draw), "draw must be a function that returns (figure, sentence)", draw, checks.BadType)
    start, strokes = _start_and_strokes(ink)
    if has_widgets() and _has_anywidget():
        from cnn_viz.interactive.pad_view import PadView

        PadView(draw, start, strokes).display()
    else:
        show_figure(*draw_state_or_reason(lambda: draw(image_of(start, strokes)), {}, LEAST))


def _start_and_strokes(ink):
    if isinstance(ink, np.ndarray):
        return ink_array(ink), []
    if isinstance(ink, DrawnDigit):
        ink = ink.strokes
    return None, checked_strokes([] if ink is None else ink)


def _has_anywidget():
    """Return whether anywidget can be imported, whatever its import raises."""
    try:
        import anywidget  # noqa: F401
    except Exception:
        return False
    return True
