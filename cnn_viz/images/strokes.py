"""Drawings as strokes, the ink of strokes, and twenty drawn digits.

Strokes     [[[x, y], ...], ...]: for each stroke the points through which the pen moved, x to the right and y down, in
            hundredths of the pad's side. The drawing pad sends the same lists.
Digits      drawn_digits.json: two unlike drawings of each digit. They were made for this project and are not MNIST's.
Chapters    08, 10.
"""

import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from PIL import Image, ImageDraw

from cnn_core import checks
from cnn_viz.images.centring import centre_digit

UNITS = 100  # of the pad's side: the largest coordinate
PEN = 8  # units: the width of a stroke
SIDE, FINER = 112, 4  # pixels of the ink's side; how many times as many it is drawn with, for smooth edges
MOST = 20_000  # points of a drawing


@dataclass(frozen=True)
class DrawnDigit:
    """A digit that was drawn on the pad.

    Attributes
    ----------
    label : int
    about : str
        What is special about the drawing, such as "slanted".
    strokes : list
        For each stroke the list of its points [x, y], 0..100 from the upper left corner of the pad.
    """

    label: int
    about: str
    strokes: list

    @property
    def ink(self):
        """The drawing as it stands on the pad: float32 (112, 112), values 0..1."""
        return ink_of(self.strokes)


def drawn_digits():
    """Return twenty digits that were drawn for this project, two unlike drawings of each, as a list of DrawnDigit.

    Examples
    --------
    >>> [digit.label for digit in drawn_digits()[:4]]
    [0, 0, 1, 1]
    """
    text = files("cnn_viz").joinpath("images", "drawn_digits.json").read_text(encoding="utf-8")
    return [DrawnDigit(**each) for each in json.loads(text)]


def ink_of(strokes):
    """Return the ink of valid strokes, float32 (112, 112): round pens of one width, with smooth edges."""
    scale = SIDE * FINER / UNITS
    page = Image.new("L", (SIDE * FINER, SIDE * FINER))
    pen, width = ImageDraw.Draw(page), round(PEN * scale)
    radius = (width - 1) / 2  # an ellipse covers the pixels of both its ends
    for stroke in strokes:
        points = [(x * scale, y * scale) for x, y in stroke]
        pen.line(points, fill=255, width=width)
        for x, y in points:  # round ends and corners
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(page.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32) / 255


def checked_strokes(strokes):
    """Return strokes as lists of pairs of floats 0..100; refuse anything else."""
    wanted = "ink must be an array (H, W), or a list of strokes, each a list of points (x, y) in 0..100"
    try:
        found = [[(float(x), float(y)) for x, y in stroke] for stroke in strokes]
    except (TypeError, ValueError) as error:
        raise checks.BadType(f"{wanted}, got {checks.shown(strokes)}.") from error
    points = [point for stroke in found for point in stroke]
    checks.require(len(points) <= MOST, f"a drawing may have {MOST:,} points, got {len(points):,}.")
    checks.require(all(0 <= each <= UNITS for point in points for each in point), f"{wanted}; a point lies outside.")
    return found


def image_of(start, strokes):
    """Return a drawing in the form of MNIST's digits, float32 (1, 1, 28, 28).

    Parameters
    ----------
    start : ndarray, shape (H, W), or None
        The ink that the strokes were drawn over, values 0..1.
    strokes : list

    Returns
    -------
    ndarray of float32
    """
    if start is None:
        return centre_digit(ink_of(strokes))[None, None]
    if not strokes:
        return centre_digit(start)[None, None]
    under = Image.fromarray(squared(start)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return centre_digit(np.maximum(under, ink_of(strokes)))[None, None]


def squared(ink):
    """Return ink with margins that make it square."""
    gaps = [max(ink.shape) - side for side in ink.shape]
    return np.pad(ink, [(gap // 2, gap - gap // 2) for gap in gaps])
