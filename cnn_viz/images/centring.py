"""The form of MNIST's digits: scaled to a box of 20 by 20, their centre of mass in the middle of 28 by 28.

Users       read_digit, for photographs; drawing_pad, for drawings.
Reference   MNIST's own digits, which stay as they are, and come back when they have been moved or enlarged.
Chapters    08, 10.
"""

import numpy as np
from PIL import Image

from cnn_core import checks

SIZE, BOX, CENTRE = 28, 20, 14  # pixels: the result, the digit in it, the place of its centre of mass


@checks.public
def centre_digit(ink):
    """Return the drawing of a digit in the form of MNIST: scaled into 20 by 20 pixels, and centred in 28 by 28.

    The drawing is cropped to its ink. Its longer side is scaled to 20 pixels, without distortion, and the strongest ink
    to 1. The result is placed so that its centre of mass is as near to pixel (14, 14) as whole pixels allow.

    Parameters
    ----------
    ink : array, shape (H, W)
        How much ink there is at each pixel: 0 where there is none, in any unit.

    Returns
    -------
    ndarray of float32, shape (28, 28)
        Values 0..1. Without any ink all of them are 0.

    Examples
    --------
    >>> page = np.zeros((280, 280))
    >>> page[20:220, 30:50] = 255
    >>> np.argwhere(centre_digit(page)).min(axis=0), np.argwhere(centre_digit(page)).max(axis=0)
    (array([ 4, 13]), array([23, 14]))
    """
    array = ink_array(ink)
    rows, columns = np.flatnonzero(array.any(axis=1)), np.flatnonzero(array.any(axis=0))
    if not rows.size:
        return np.zeros((SIZE, SIZE), np.float32)
    return _placed(_scaled(array[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))


def ink_array(ink):
    """Return ink as an array (H, W) of float32, the strongest 1."""
    array = checks.finite("ink", checks.as_float("ink", ink))
    checks.dimensions("ink", array, "(H, W)")
    checks.require(array.size, f"ink is empty (shape {array.shape}).")
    checks.require(array.min() >= 0, "ink has negative values; 0 means no ink.")
    strongest = array.max()
    return np.asarray(array / strongest if strongest else array, np.float32)


def _scaled(ink):
    """Return ink with its longer side scaled to 20 pixels, the strongest 1."""
    height, width = (max(1, round(BOX * side / max(ink.shape))) for side in ink.shape)
    small = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BILINEAR))
    return small / small.max()


def _placed(ink):
    """Return ink within 28 by 28, its centre of mass as near to the middle as whole pixels allow."""
    margins = []
    for axis, side in enumerate(ink.shape):
        at = np.average(np.arange(side), weights=ink.sum(axis=1 - axis))
        nearest = np.ceil(CENTRE - at - 0.500001)  # of two equally near, the upper or left one, in spite of rounding
        before = int(np.clip(nearest, 0, SIZE - side))
        margins.append((before, SIZE - side - before))
    return np.pad(ink, margins)
