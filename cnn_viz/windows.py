"""Windows: a filter over one position of an input, its weighted sum in words, and which pixels won in pooling.

Shapes      X (H, W), F (kH, kW), without padding; position (row, column) counts outputs, not pixels.
Geometry    where a window lies and which pixels none reaches is cnn_core's; outputs are the caller's.
Story       notebooks/01_convolution, 02_dilation, 03_excluded_pixels, 04_pooling.
"""

from dataclasses import replace

import numpy as np

from cnn_core import checks
from cnn_core.shapes import geometry
from cnn_viz.arrays import Panel, are_round, number_texts, operator, row_of
from cnn_viz.sheets import Sign, lay_out, with_note


def draw_window(ax, X, F, position=(0, 0), stride=1, padding=0, name="X", role="X"):
    """Draw an input with its padding, and the filter over it: the window outlined, each weight in its cell's corner.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a sheet of the right size; None is a new figure.
    X : array, shape (H, W)
    F : array, shape (kH, kW)
    position : (int, int)
        The row and column of the output that this window gives.
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
    name, role : str
        As in `Panel`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the filter does not fit, or the output has no such position.
    """
    panel = window_panel(X, F, position, stride, padding, name, role)
    return lay_out(ax, lambda cell: row_of([panel], cell))


def window_panel(X, F, position=(0, 0), stride=1, padding=0, name="X", role="X"):
    """Return what `draw_window` draws as a Panel, to be drawn in a row with others."""
    X, F = checks.floats("draw_window", X=(X, "(H, W)"), F=(F, "(kH, kW)"))
    plan = plan_of("draw_window", X.shape, F.shape, stride, padding)
    row, column = corner_of("draw_window", plan, position)
    marks = {"highlight": ((row, column, *F.shape),), "labels": labels_of(row, column, F)}
    return padded_panel(X, plan, name, role, **marks)


def written_sum(window, F, bias=None, decimals=2):
    """Return the weighted sum of a window as text, with all its numbers.

    Parameters
    ----------
    window, F : array of one shape
        What lies under the filter, padding included, and the filter.
    bias : float, optional
    decimals : int
        How many are written at most.

    Returns
    -------
    str

    Examples
    --------
    >>> written_sum([[1, 0], [2, 5]], [[2, 1], [0, -1]])
    '1·2 + 0·1 + 2·0 + 5·(−1) = −3'
    """
    window, F = checks.as_float("written_sum", "window", window), checks.as_float("written_sum", "F", F)
    checks.same_shape("written_sum", "window", window, F.shape, "(the shape of F)")
    pairs = [[bracketed(value, decimals) for value in pair] for pair in zip(window.flat, F.flat, strict=True)]
    terms = ["·".join(pair) for pair in pairs] + ([] if bias is None else [bracketed(bias, decimals)])
    total = (window * F).sum() + (bias or 0)
    exact = are_round([*window.flat, *F.flat, bias or 0, total], decimals)
    return f"{' + '.join(terms)} {'=' if exact else '≈'} {number_texts(total, decimals).item()}"


def draw_full_convolution(ax, A, B, position=(0, 0), names=("A", "B"), roles=("X", "F"), dilation=1, O=None):
    """Draw a full convolution: A with kH - 1 rows and kW - 1 columns of zeros on every side, and B over it.

    At position (0, 0) the bottom-right cell of B lies over the top-left cell of A: both have a ring. If the output is
    given it stands beside them, with the cell of this position outlined.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_window`.
    A : array, shape (H, W)
    B : array, shape (kH, kW)
    position : (int, int)
    names, roles : (str, str) or (str, str, str)
        As in `Panel`: of A, of B and, if there is a third, of the output; else that is 'O'.
    dilation : int or (int, int)
        If A is a dilated gradient: its stride.
    O : array, shape (H + kH - 1, W + kW - 1), optional
        What the full convolution of A with B gives.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the output has no such position, or O has another shape.
    """
    A, B = checks.floats("draw_full_convolution", A=(A, "(H, W)"), B=(B, "(kH, kW)"))
    results = {} if O is None else {"O": checks.as_float("draw_full_convolution", "O", O)}
    about = {"role": roles[0], "name": names[0], "dilation": dilation}
    below = full_panel("draw_full_convolution", A, B, position, results, **about)
    at = below.highlight[0][:2]
    rings = ((B.shape[0] - 1, B.shape[1] - 1),) if at == (0, 0) else ()
    parts = [Panel(B, roles[1], names[1], rings=rings), operator("over"), replace(below, rings=rings)]
    for output in results.values():
        parts += [operator("="), Panel(output, (*roles, "O")[2], (*names, "O")[2], highlight=(at,))]
    note = Sign(f"○ the bottom-right cell of {names[1]}\n lies over the top-left cell of {names[0]}" if rings else "")
    return lay_out(ax, lambda cell: with_note(row_of(parts, cell), note, cell))


def full_panel(where, A, B, position, results, **about):
    """Return A with the zeros of a full convolution around it, and B over one place; the results must fit in shape."""
    around = tuple((length - 1, length - 1) for length in B.shape)
    padded = np.pad(A, around)
    plan = plan_of(where, padded.shape, B.shape, 1, 0)
    for name, result in results.items():
        checks.same_shape(where, name, result, plan.output, "(H + kH - 1, W + kW - 1)")
    row, column = corner_of(where, plan, position)
    marks = {"highlight": ((row, column, *B.shape),), "labels": labels_of(row, column, B)}
    return Panel(padded, padding=around, **marks, **about)


def draw_winners(ax, X, wins, pool_size=2, stride=None, padding=0, name="X"):
    """Draw which pixels won in max or min pooling: they have a ring, and a number if they won more than once.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_window`.
    X : array, shape (H, W)
    wins : array of int, shape (H, W)
        How many windows each pixel won: pool2d_backward of a dC_dO of ones.
    pool_size, stride, padding
        As in `Pool2D`. Each window is outlined; windows that overlap are not.
    name : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    panel = winners_panel(X, wins, pool_size, stride, padding, name)
    return lay_out(ax, lambda cell: row_of([panel], cell))


def winners_panel(X, wins, pool_size=2, stride=None, padding=0, name="X"):
    """Return what `draw_winners` draws as a Panel, to be drawn in a row with others."""
    X, wins = checks.floats("draw_winners", X=(X, "(H, W)"), wins=(wins, "(H, W)"))
    checks.same_shape("draw_winners", "wins", wins, X.shape, "(the shape of X)")
    pool_size = checks.pair("draw_winners", "pool_size", pool_size)
    plan = plan_of("draw_winners", X.shape, pool_size, pool_size if stride is None else stride, padding)
    (top, _), (left, _) = plan.padding
    places = [(int(row) + top, int(column) + left) for row, column in np.argwhere(wins)]
    won = {place: int(wins[place[0] - top, place[1] - left]) for place in places}
    labels = {place: f"{count}×" for place, count in won.items() if count > 1}
    overlap = any(step < length for step, length in zip(plan.stride, plan.kernel, strict=True))
    windows = [corner_of("draw_winners", plan, each) for each in np.ndindex(plan.output)] if not overlap else []
    marks = {"rings": tuple(places), "labels": labels, "label_role": None}
    marks["highlight"] = [(*corner, *pool_size) for corner in windows]
    return padded_panel(X, plan, name, empty=padding_cells(plan, X.shape), **marks)


# --- what they share --------------------------------------------------------------------------------------------------


def padded_panel(X, plan, name="X", role="X", **marks):
    """Return an array (H, W) as a Panel, with the padding and the excluded pixels that a window's way gives it."""
    return Panel(np.pad(X, plan.padding), role, name, padding=plan.padding, excluded=plan.excluded, **marks)


def padding_cells(plan, size):
    """Return the cells of the padding around an image: where it takes no part, it has no number."""
    return tuple(map(tuple, np.argwhere(np.pad(np.ones(size), plan.padding) == 0).tolist()))


def later_places(position, shape):
    """Return the places that follow a position in reading order: empty, where only the steps so far are shown."""
    return tuple(place for place in np.ndindex(shape) if place > position)


def labels_of(row, column, F, apart=(1, 1)):
    """Return the labels that show a filter whose upper left weight lies over a cell, and its others so far apart."""
    down, right = apart
    return {(row + down * i, column + right * j): f"×{number_texts(w).item()}" for (i, j), w in np.ndenumerate(F)}


def plan_of(where, size, kernel, stride, padding):
    """Return the Geometry of a window that moves over an image of size (H, W)."""
    return geometry(where, size, kernel, checks.pair(where, "stride", stride), checks.padding(where, padding))


def corner_of(where, plan, position):
    """Return the upper left cell, on the padded input, of the window that gives the output at `position`."""
    position = place_in(where, "position", position, plan.output, "the output, which has shape")
    return tuple(place * step for place, step in zip(position, plan.stride, strict=True))


def place_in(where, name, place, shape, whole):
    """Return a place as (row, column), if it lies in the whole of that shape."""
    place = checks.pair(where, name, place, minimum=0)
    if any(each >= length for each, length in zip(place, shape, strict=True)):
        raise ValueError(f"{where}: {name} {place} lies outside {whole} {tuple(shape)}.")
    return place


def bracketed(number, decimals):
    """Return a number as text, in brackets if it is negative, to stand in a sum or a product."""
    text = number_texts(number, decimals).item()
    return f"({text})" if text.startswith("−") else text
