"""The style of every picture: matplotlib settings that hold while we draw, in place of the user's own.

Matplotlib reads its settings when an artist is made (fonts, spines, line widths) and again when a figure is rendered
(ticks, hatching). So `picture` applies the style around every public drawing function, and `Figure` of figures.py
around rendering. The user's settings return afterwards.
"""

import threading
from contextlib import contextmanager
from functools import wraps

from matplotlib import style

from cnn_core import checks
from cnn_viz.base.palette import INK, PADDING

FONT = 9  # points: all texts that are not set larger or smaller
STYLE = {
    "font.size": FONT,
    "axes.titlesize": FONT + 1,
    "axes.titlelocation": "left",
    "axes.labelsize": FONT,
    "xtick.labelsize": FONT,
    "ytick.labelsize": FONT,
    "legend.fontsize": FONT,
    "legend.frameon": False,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a title is a dollar sign
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.linewidth": 0.8,
    "grid.alpha": 0.12,
    "image.interpolation": "nearest",
}
# Matplotlib's settings are global, and JupyterLab may run a widget in another thread than a cell (a subshell).
DRAWING = threading.RLock()
PALE_GRID = {"color": PADDING, "alpha": 1}


@contextmanager
def in_our_style():
    """Give a context in which matplotlib has its default settings, and STYLE on top of them."""
    with DRAWING, style.context(["default", STYLE]):
        yield


def picture(function):
    """Decorate a public drawing function: it draws in our style, and its errors begin with its name."""

    @wraps(function)
    def in_style(*arguments, **options):
        with in_our_style():
            return function(*arguments, **options)

    return checks.public(in_style)
