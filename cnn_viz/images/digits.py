"""A user's own picture of a digit, made like the digits of MNIST: 28 by 28, white on black.

Steps       ink (the share of the paper's light that is missing), the digit's marks, scaling and centring (centring.py).
Chapter     08.
"""

import numpy as np
from PIL import Image, ImageFilter

from cnn_core import checks
from cnn_viz.images.centring import centre_digit
from cnn_viz.images.grey import read_grey

WORKING, SMALL = 400, 64  # pixels: the longer side of the picture in which the digit, and the paper, are looked for
STROKE = 1 / 3  # of the shorter side: ink is narrower, paper is wider
DIM, MOST_DIM = 0.5, 0.25  # of the lightest paper: a table, or its shadow; the largest share of the picture with it
FAINTEST = 0.08  # share of the paper's light that ink takes away at least
DARK = 0.4  # of the darkest ink: less is the blurred edge of a stroke
SPECK, LEAST = 0.05, 12  # of the largest mark, and pixels: smaller marks are dirt
WIDEST = 2.1  # times the height: the widest digit of MNIST has 2.0
APART = 0.3  # of the largest mark's longer side: a mark further away is another digit
MOST = 8  # marks of one digit
ADVICE = "Crop the picture to one digit on plain paper."


@checks.public
def read_digit(picture):
    """Return a picture of one handwritten digit as MNIST would hold it: 28 by 28, white on black, centred.

    Dark ink on light paper or light on dark, in even or uneven light; a table at the edge of a photo is left out.

    Parameters
    ----------
    picture : str, os.PathLike, PIL.Image.Image or array, shape (H, W), (H, W, 3) or (H, W, 4)
        A file, of which the first picture is used; or an image; or an array of uint8, or of floats 0..1.

    Returns
    -------
    ndarray of float32, shape (28, 28)
        Values 0..1.

    Raises
    ------
    ValueError, TypeError
        If the picture cannot be read, or if it does not show exactly one digit.

    Examples
    --------
    >>> paper = np.full((80, 60), 230, np.uint8)
    >>> paper[20:60, 30:34] = 20
    >>> read_digit(paper).shape
    (28, 28)
    """
    grey = read_grey(picture, WORKING)
    ink = _ink(1 - grey if np.median(grey) < 0.5 else grey)
    return centre_digit(_digit(ink))


# --- ink --------------------------------------------------------------------------------------------------------------


def _ink(grey):
    """Return the share of the paper's light that is missing at each pixel, 0..1."""
    paper = _paper(grey)
    if np.mean(paper < DIM * np.percentile(paper, 95)) > MOST_DIM:
        raise checks.BadValue(f"cannot tell paper from table: both cover large parts of the picture. {ADVICE}")
    return np.clip(1 - grey / np.maximum(paper, 1e-3), 0, 1)


def _paper(grey):
    """Return the light of the paper: a closing, which fills whatever is narrower than its window."""
    shape = [max(1, round(SMALL * side / max(grey.shape))) for side in grey.shape]
    window = 2 * round(STROKE * min(shape) / 2) + 1
    small = Image.fromarray(_resized(grey, shape, Image.Resampling.BOX)).filter(ImageFilter.MaxFilter(window))
    # Two pixels more: otherwise enlarging would blur light paper over the edge of a dark table, and make ink there.
    return _resized(np.asarray(small.filter(ImageFilter.MinFilter(window + 2))), grey.shape)


def _resized(array, shape, how=Image.Resampling.BILINEAR):
    return np.asarray(Image.fromarray(array).resize(shape[::-1], how))


def _level(ink):
    """Return the value above which a pixel belongs to a mark, or None if there is no ink but noise."""
    darkest = np.partition(ink, -20, axis=None)[-20]  # single pixels may be dust
    middle = np.median(ink)
    level = max(DARK * darkest, middle + 8 * np.median(np.abs(ink - middle)))
    return level if darkest > max(FAINTEST, level) else None


# --- marks ------------------------------------------------------------------------------------------------------------


def _digit(ink):
    """Return the ink of the digit, cropped to it; a dark table is taken away first, with which a pencil is faint."""
    level = _level(ink)
    if level is None:
        raise checks.BadValue(
            "found no ink: nothing stands out from what is around it. Use a darker pen or more light."
        )
    while level is not None:
        marks = _labelled(ink > level)
        digit = np.where(np.isin(marks, _background(marks)), 0, marks)
        if _sizes(digit).max() >= LEAST:
            return _one_digit(digit, ink)
        taken = Image.fromarray(np.uint8(marks > 0)).filter(ImageFilter.MaxFilter(9))
        ink = np.where(np.asarray(taken), 0, ink).astype(np.float32)
        level = _level(ink)
    raise checks.BadValue(
        f"all ink reaches a corner or runs from edge to edge. Leave some paper around the digit. {ADVICE}"
    )


def _labelled(mask):
    """Return the number of its connected part for each pixel of a mask, 0 outside; diagonal neighbours connect."""
    first, after = _box(mask)  # paper around the marks takes time and has no part in them
    inside = tuple(map(slice, first, after))
    labels = np.zeros(mask.shape, dtype=int)
    labels[inside] = _connected(mask[inside])
    return labels


def _connected(mask):
    """Return the same for a mask without a margin."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    before = None
    while not np.array_equal(labels, before):
        before = labels
        wide = np.pad(labels, 1)
        wide = np.maximum(np.maximum(wide[:-2], wide[1:-1]), wide[2:])
        labels = np.where(mask, np.maximum(np.maximum(wide[:, :-2], wide[:, 1:-1]), wide[:, 2:]), 0)
        labels = np.where(mask, labels.flat[labels - 1], 0)  # a label is a place: take over the label that is there
    return np.searchsorted(np.union1d([0], labels), labels)


def _sizes(marks):
    """Return the pixels of each mark; 0 for what is no mark."""
    return np.bincount(marks[marks > 0], minlength=2)


def _background(marks):
    """Return the marks that are no digit if there is another: in a corner (a table), or across (a ruled line)."""
    corners = marks[[0, 0, -1, -1], [0, -1, 0, -1]]
    across = [np.intersect1d(marks[0], marks[-1]), np.intersect1d(marks[:, 0], marks[:, -1])]
    return np.setdiff1d(np.concatenate([corners, *across]), [0])


def _one_digit(marks, ink):
    """Return the cropped ink of the marks without specks, if they can be one digit."""
    sizes = _sizes(marks)
    parts = np.flatnonzero(sizes >= max(LEAST, SPECK * sizes.max()))
    main, *_ = boxes = [_box(marks == part) for part in sorted(parts, key=lambda part: -sizes[part])]
    gaps = [np.maximum(main[0] - box[1], box[0] - main[1]).max() for box in boxes]
    if len(parts) > MOST or max(gaps) > APART * (main[1] - main[0]).max():
        raise checks.BadValue(f"found {len(parts)} separate marks. {ADVICE}")
    mask = np.isin(marks, parts)
    (top, left), (bottom, right) = _box(mask)
    if 0 in (top, left) or bottom == ink.shape[0] or right == ink.shape[1]:
        raise checks.BadValue("the digit reaches the edge of the picture. Leave some paper around it.")
    if right - left > WIDEST * (bottom - top):
        raise checks.BadValue(f"the ink is {right - left} wide and {bottom - top} high, wider than a digit. {ADVICE}")
    return np.where(mask, ink, 0)[top:bottom, left:right]


def _box(mask):
    """Return the first row and column of a mask, and the ones after its last."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([[rows[0], columns[0]], [rows[-1] + 1, columns[-1] + 1]])
