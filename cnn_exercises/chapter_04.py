"""Checks of chapter 04: changed gradients, min from max, a row that moves, routing by switches, and a bug to find."""

import numpy as np

from cnn_core import pool2d_backward, pool2d_forward

from .feedback import compare, exercise_check, first_difference, reason_for, same
from .results import AnswerError, array_in, result_of

CHAPTER_X = [[1, 3, 2, 0, 1, 2], [2, 6, 2, 0, 8, 5], [4, 1, 0, 1, 3, 3], [3, 0, 6, 1, 3, 3]]
CHAPTER_dC_dO = [[8, 4, -4], [12, -8, 16]]
RAISED, TO = (0, 1), 7  # the pixel of exercise 1, and its new value
CALLS = [((4, 6), 2, 2), ((6, 5), 3, 1), ((7, 8), 3, 2), ((8, 7), 2, 3)]  # (X's shape, window, stride)
MIN_WINDOWS = [(2, 2), (3, 1)]  # (window, stride) of the max pooling that exercise 2 is given
ROW, LARGEST = 8, 40  # pixels


def _forward(X, k=2, stride=2, mode="max"):
    return pool2d_forward(X[None, None], k, stride, mode=mode)[0, 0]


def _backward(dC_dO, X, k=2, stride=2):
    return pool2d_backward(dC_dO[None, None], X[None, None], k, stride)[0, 0]


def _image(rng, shape):
    """Return integers, some below zero, with many ties."""
    return rng.integers(-6, 3, shape).astype(float)


# --- 1: entries of dC/dX that change ----------------------------------------------------------------------------------


@exercise_check
def check_changed(answer):
    """Check a list of positions (row, column): the entries of dC/dX that change when one pixel of X grows."""
    found = _positions(answer)
    before, after = _gradients()
    changed = {tuple(map(int, position)) for position in np.argwhere(before != after)}
    for position in sorted(found):
        if position not in changed:
            value = f"{before[position]:g}"
            return f"dC/dX{list(position)} is {value} before and after. (A position is a row, then a column.)"
    if len(found) == len(changed):
        return None
    if found == {RAISED}:
        return f"X{list(RAISED)} now receives {after[RAISED]:g}. Which pixel received it before?"
    return "these entries change, but not these alone. Which pixel is the maximum now?"


def _positions(answer):
    """Return a list or set of positions in X as a set of (int, int)."""
    array = array_in(list(answer) if isinstance(answer, set | frozenset) else answer, "the list of positions")
    if array.ndim != 2 or array.shape[1] != 2:
        raise AnswerError("write a list of positions, each of them (row, column): [(0, 0), (1, 2)], for example.")
    shape = np.shape(CHAPTER_X)
    if (array != array.round()).any() or (array < 0).any() or (array >= shape).any():
        raise AnswerError(f"X has {shape[0]} rows and {shape[1]} columns, counted from 0.")
    return {tuple(map(int, position)) for position in array}


def _gradients():
    """Return dC/dX of the chapter's example, before and after one pixel of X grows."""
    X, dC_dO = np.array(CHAPTER_X, float), np.array(CHAPTER_dC_dO, float)
    raised = X.copy()
    raised[RAISED] = TO
    return _backward(dC_dO, X), _backward(dC_dO, raised)


# --- 2: min pooling ---------------------------------------------------------------------------------------------------


@exercise_check
def check_min(answer):
    """Check a function (X, largest) -> min pooling of X, computed by `largest`, a function for max pooling."""
    X = _image(np.random.default_rng(0), (4, 6))
    for k, stride in MIN_WINDOWS:
        if mistake := _mistake_in_min(answer, X, k, stride):
            return mistake
    return None


def _mistake_in_min(answer, X, k, stride):
    """Return words about the result for windows of k by k, or None if it is right."""
    calls = []

    def largest(array):
        calls.append(array)
        return _forward(np.asarray(array, dtype=float), k, stride)

    found, right = array_in(result_of(answer, X, largest)), _forward(X, k, stride, mode="min")
    if not calls:
        return "your function never calls largest. It should do its work with it alone."
    if found.shape != right.shape:
        given = f"largest pools with a window of {k} and a stride of {stride} here, so "
        return f"{given}the output should have shape {right.shape}; yours has {found.shape}."
    if same(found, right):
        return None
    reasons = [
        (largest(X), "this is the maximum itself. Turn the order around before you ask for the largest."),
        (-right, "the sign: you asked for the largest of -X. What does that say about X?"),
        (-largest(X), "you turn the maximum's sign around, but you asked for the largest of X, not of -X."),
    ]
    return reason_for(found, reasons, first_difference("O", found, right))


# --- 3: a row that moves ----------------------------------------------------------------------------------------------


@exercise_check
def check_row(answer):
    """Check a row of zeros and ones whose maxima all change when np.roll moves it to the right by one pixel."""
    row = array_in(answer, "the row")
    row = row[0] if row.shape == (1, ROW) else row
    if row.shape != (ROW,):
        return f"a row of {ROW} numbers is asked for, yours has shape {row.shape}."
    if not np.isin(row, (0, 1)).all():
        return "the row should hold zeros and ones only."
    before, after = (_maxima(each) for each in (row, np.roll(row, 1)))
    changed = (before != after).sum()
    if changed == len(before):
        return None
    return f"{changed} of {len(before)} outputs change: before the move they are {before}, after it {after}."


def _maxima(row):
    """Return the larger one of each pair of numbers, as an array of int."""
    return row.reshape(-1, 2).max(axis=1).astype(int)


# --- 4: the backward pass from switches -------------------------------------------------------------------------------


@exercise_check
def check_route(answer):
    """Check a function (dC_dO, switches, shape, k, stride) -> dC_dX of max pooling."""
    rng, given = np.random.default_rng(0), "for X {2}, k = {3} and stride {4}: "
    calls = []
    for shape, k, stride in CALLS:
        switches = _switches(_image(rng, shape), k, stride)
        calls.append((rng.integers(1, 9, switches.shape).astype(float), switches, shape, k, stride))
    return compare(answer, calls, _route, given, _why_routed)


def _switches(X, k, stride):
    """Return the number of the first maximum in each window, counted in reading order from 0."""
    windows = np.lib.stride_tricks.sliding_window_view(X, (k, k))[::stride, ::stride]
    return windows.reshape(*windows.shape[:2], k * k).argmax(axis=2)


def _route(dC_dO, switches, shape, k, stride, corner=True, add=True, transposed=False):
    """Return dC/dX, or what a common mistake makes of it."""
    dC_dX = np.zeros(shape)
    for row, column in np.ndindex(dC_dO.shape):
        a, b = divmod(int(switches[row, column]), k)
        a, b = (b, a) if transposed else (a, b)
        pixel = (row * stride * corner + a, column * stride * corner + b)
        dC_dX[pixel] = dC_dO[row, column] + (dC_dX[pixel] if add else 0)
    return dC_dX


def _why_routed(found, right, *call):
    if found.shape != right.shape:
        return f"dC/dX should have the shape of X, {right.shape}; yours has {found.shape}."
    dC_dO, switches, shape = call[:3]
    flat = np.bincount(switches.ravel(), dC_dO.ravel(), np.prod(shape)).reshape(shape)
    reasons = [
        (_route(*call, add=False), "a pixel that is the maximum of two windows gets both gradients: add them."),
        (_route(*call, corner=False), "a switch counts inside its window. Where does the window start in X?"),
        (flat, "a switch counts the pixels of its window, not those of X. Where does the window start in X?"),
        (_route(*call, transposed=True), "row and column are exchanged: switches count row by row."),
        (_route(np.ones(dC_dO.shape), *call[1:]), "each window contributes its dC/dO, and not 1."),
    ]
    return reason_for(found, reasons, first_difference("dC/dX", found, right))


# --- 5: find the bug --------------------------------------------------------------------------------------------------


def suspect_backward(dC_dO, X):
    """Return dC/dX of max pooling, window 2 and stride 2, for one channel. Some X give a wrong result: find one."""
    O = np.maximum(_forward(X), 0)
    is_maximum = X[: 2 * O.shape[0], : 2 * O.shape[1]] == np.kron(O, np.ones((2, 2)))
    found = is_maximum.reshape(O.shape[0], 2, O.shape[1], 2).any(axis=(1, 3))
    return _backward(np.where(found, dC_dO, 0), X)


@exercise_check
def check_counterexample(answer):
    """Check an array X (H, W) for which suspect_backward is wrong."""
    X = array_in(answer, "X").astype(float)
    if X.ndim != 2 or min(X.shape) < 2 or max(X.shape) > LARGEST:
        return f"X should have 2 to {LARGEST} rows and columns, yours has shape {X.shape}."
    if not np.isfinite(X).all():
        return "X should hold finite numbers only."
    O = _forward(X)
    dC_dO = np.arange(1.0, O.size + 1).reshape(O.shape)
    if not same(suspect_backward(dC_dO, X), _backward(dC_dO, X)):
        return None
    if X.min() >= 0:
        return "suspect_backward is right for this X. Like the X of the chapter, it has no number below 0."
    return "suspect_backward is right for this X. No window's maximum is below 0."
