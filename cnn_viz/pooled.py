"""Pooling: a window on its way over an input, who wins in it, and where its gradient goes.

Shapes      X and dC_dX (H, W), O and dC_dO (H_out, W_out): one image, one channel, without padding.
Signs       the window is outlined, the pixel that won has a ring; in the share view each pixel has its part as a label.
            Padding has no number, because it takes no part.
Geometry    where a window lies and who won in it is asked of cnn_core; outputs and gradients are the caller's.
Story       notebooks/04_pooling.
"""

import numpy as np

from cnn_core import checks, pool2d_backward
from cnn_core.pooling import MODES
from cnn_viz.arrays import Panel, are_round, number_texts, operator, row_of
from cnn_viz.sheets import Sign, lay_out, with_note
from cnn_viz.windows import (
    bracketed,
    corner_of,
    later_places,
    padded_panel,
    padding_cells,
    plan_of,
    winners_panel,
)


def draw_pooling(ax, X, outputs, position=(0, 0), pool_size=2, stride=None, padding=0, so_far=False):
    """Draw one step of pooling: the window over the input, who won, the outputs, and what was worked out in words.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a sheet of the right size; None is a new figure.
    X : array, shape (H, W)
    outputs : {mode: array, shape (H_out, W_out)}
        What 'max', 'mean' and 'min' pooling gave; one of them or several.
    position : (int, int)
        The row and column of the outputs that this step gives.
    pool_size, stride, padding
        As in `Pool2D`.
    so_far : bool
        Leave the outputs empty that later steps will give.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the window does not fit, the output has no such position, or an output has another shape.
    """
    window = _Window("draw_pooling", X, position, pool_size, stride, padding)
    outputs = {mode: window.checked(mode, O) for mode, O in outputs.items()}
    won = {}
    for mode in [mode for mode in outputs if mode != "mean"]:
        won.setdefault(window.pixels_of(mode)[0], []).append(mode)
    labels = {pixel: modes[0] if len(modes) == 1 else "both" for pixel, modes in won.items()}
    labels = labels if len(outputs) > 1 else {}  # a single ring needs no name
    parts = [window.panel(window.X, "X", tuple(won), labels), operator("→")]
    later = later_places(window.position, window.plan.output) if so_far else ()
    for mode, O in outputs.items():
        name = "O" if len(outputs) == 1 else f"O, {mode}"
        parts.append(Panel(O, "O", name, highlight=(window.position,), empty=later))
    note = Sign(_written_pools(window, outputs))
    return lay_out(ax, lambda cell: with_note(row_of(parts, cell), note, cell))


def _written_pools(window, outputs):
    """Return what one mode does, after the name of its output; of several, a line for each."""
    pixels = window.pixels
    texts = {mode: written_pool(pixels, mode, O[window.position]) for mode, O in outputs.items()}
    if len(texts) > 1:
        return "\n".join(f"mean: {text}" if mode == "mean" else text for mode, text in texts.items())
    return f"O{list(window.position)} = {''.join(texts.values())}"


def written_pool(pixels, mode, result, decimals=2):
    """Return what pooling does with the pixels of a window as text, with all its numbers.

    Parameters
    ----------
    pixels : array
        What lies under the window, without padding, in reading order.
    mode : 'max', 'mean' or 'min'
    result : float
        What pooling gave.
    decimals : int
        How many are written at most.

    Returns
    -------
    str

    Examples
    --------
    >>> written_pool([1, 3, 0, -2], "max", 3), written_pool([1, 3, 0, -2], "mean", 0.5)
    ('max(1, 3, 0, −2) = 3', '(1 + 3 + 0 + (−2)) / 4 = 0.5')
    """
    checks.choice("written_pool", "mode", mode, MODES)
    pixels = checks.as_float("written_pool", "pixels", pixels).ravel()
    texts = [number_texts(pixel, decimals).item() for pixel in pixels]
    if mode == "mean":
        total = " + ".join(bracketed(pixel, decimals) for pixel in pixels)
        head = f"({total}) / {len(texts)}"
    else:
        head = f"{mode}({', '.join(texts)})"
    exact = are_round([*pixels, result], decimals)
    return f"{head} {'=' if exact else '≈'} {number_texts(result, decimals).item()}"


def draw_payment(ax, dC_dO, X, dC_dX, position=(0, 0), pool_size=2, stride=None, padding=0, mode="max"):
    """Draw one step backwards: a window's gradient, the pixels that it goes to, and what the input has received.

    For max and min this is the mask view: the pixel that won has a ring. For the mean it is the share view: each pixel
    of the window has a label that says which part it gets.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_pooling`.
    dC_dO : array, shape (H_out, W_out)
    X : array, shape (H, W)
    dC_dX : array, shape (H, W)
        What pool2d_backward gave, for all windows or for those up to this one.
    position : (int, int)
        The window that pays.
    pool_size, stride, padding, mode
        As in `Pool2D`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the window does not fit, the output has no such position, or a gradient has another shape.
    """
    window = _Window("draw_payment", X, position, pool_size, stride, padding)
    dC_dO = window.checked(mode, dC_dO, "dC_dO")
    dC_dX = checks.as_float("draw_payment", "dC_dX", dC_dX)
    checks.same_shape("draw_payment", "dC_dX", dC_dX, window.X.shape, "(the shape of X)")
    paid, gradient = window.pixels_of(mode), number_texts(dC_dO[window.position]).item()
    source = f"dC/dO{list(window.position)} = {gradient}"
    if mode == "mean":
        rings, labels = (), dict.fromkeys(paid, f"1/{len(paid)}")
        note = f"each of the {len(paid)} pixels of the window gets 1/{len(paid)} of {source}"
    else:
        rings, labels = paid, {}
        note = f"X{list(paid[0])} won: it gets all of {source}"
    parts = [Panel(dC_dO, "O", "dC/dO", highlight=(window.position,)), operator("→")]
    parts += [window.panel(window.X, "X", rings, labels), operator("→")]
    parts.append(window.panel(dC_dX, "dC/dX", rings, {}))
    return lay_out(ax, lambda cell: with_note(row_of(parts, cell), Sign(note), cell))


def draw_paid(ax, dC_dO, X, wins, dC_dX, pool_size=2, stride=None, padding=0):
    """Draw the whole way back through max or min pooling: the gradient, who won, what the input receives.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_pooling`.
    dC_dO : array, shape (H_out, W_out)
    X, dC_dX : array, shape (H, W)
    wins : array of int, shape (H, W)
        How many windows each pixel won: pool2d_backward of a dC_dO of ones.
    pool_size, stride, padding
        As in `Pool2D`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    won = winners_panel(X, wins, pool_size, stride, padding)
    parts = [Panel(dC_dO, "O", "dC/dO"), operator("→"), won, operator("→")]
    parts.append(Panel(dC_dX, "X", "dC/dX", excluded=won.excluded if won.padding == ((0, 0), (0, 0)) else (0, 0)))
    return lay_out(ax, lambda cell: row_of(parts, cell))


class _Window:
    """One window of pooling over an input, ready to be drawn on arrays of the input's shape."""

    def __init__(self, where, X, position, pool_size, stride, padding):
        (self.X,) = checks.floats(where, X=(X, "(H, W)"))
        self.where, kernel = where, checks.pair(where, "pool_size", pool_size)
        stride = kernel if stride is None else stride
        self.plan = plan_of(where, self.X.shape, kernel, stride, padding)
        self.corner = corner_of(where, self.plan, position)
        self.position = tuple(map(int, position))
        self.settings = kernel, stride, padding

    @property
    def pixels(self):
        """What lies under it, without padding, in reading order."""
        return self.X[tuple(np.transpose(self.pixels_of("mean")))]

    def pixels_of(self, mode):
        """Return the places of X that a gradient in this window goes to, in reading order."""
        checks.choice(self.where, "mode", mode, MODES)
        one = np.zeros((1, 1, *self.plan.output))
        one[(0, 0, *self.position)] = 1
        received = pool2d_backward(one, self.X[None, None], *self.settings, mode)[0, 0]
        return [tuple(map(int, place)) for place in np.argwhere(received)]

    def checked(self, mode, O, name="O"):
        """Return an output, or the gradient of one, if it has the right shape and the mode is one."""
        checks.choice(self.where, "mode", mode, MODES)
        O = checks.as_float(self.where, name, O)
        checks.same_shape(self.where, name, O, self.plan.output, "(H_out, W_out)")
        return O

    def panel(self, array, name, rings, labels):
        """Return an array of the shape of X as a Panel, with its padding and this window; places count without it."""
        top, left = (before for before, _ in self.plan.padding)
        rings = tuple((row + top, column + left) for row, column in rings)
        labels = {(row + top, column + left): text for (row, column), text in labels.items()}
        marks = {"highlight": ((*self.corner, *self.plan.kernel),), "rings": rings, "labels": labels}
        marks |= {"empty": padding_cells(self.plan, self.X.shape), "label_role": None}
        return padded_panel(array, self.plan, name, **marks)
