"""Pictures of pooling: a window over an input with its maximum or minimum, and the gradient routed back to its pixels.

Shapes      X and dC_dX (H, W), O and dC_dO (H_out, W_out): one image, one channel, without padding.
Marks       the window is outlined, its maximum or minimum has a ring; for the mean, each pixel has its share as a
            label. Padding has no number, because it takes no part.
Geometry    the positions of windows and of their maxima are computed by cnn_core; outputs and gradients are given by
            the caller.
Chapters    04.
"""

import numpy as np

from cnn_core import checks, pool2d_backward
from cnn_core.pooling import MODES
from cnn_viz.arrays.panel import NO_PADDING, ArrayPanel
from cnn_viz.arrays.windows import corner_of, later_positions, padded_panel, padding_cells, plan_of
from cnn_viz.base.layout import TextBox, WithNote, draw_on_canvas, row_of
from cnn_viz.base.style import picture
from cnn_viz.base.text import are_round, bracketed, number_text


@picture
def draw_pooling(ax, X, outputs, position=(0, 0), pool_size=2, stride=None, padding=0, so_far=False):
    """Draw one step of pooling: the window over the input, its maximum and minimum, the outputs, the result as text.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a canvas of the right size; None is a new figure.
    X : array, shape (H, W)
    outputs : {mode: array, shape (H_out, W_out)}
        The outputs of 'max', 'mean' and 'min' pooling; one of them or several.
    position : (int, int)
        The row and column of the outputs that this step gives.
    pool_size, stride, padding
        As in `Pool2D`.
    so_far : bool
        Leave the outputs of later steps empty.
    """
    window = _Window(X, position, pool_size, stride, padding)
    outputs = {mode: window.checked(mode, O) for mode, O in outputs.items()}
    selected = {}
    for mode in [mode for mode in outputs if mode != "mean"]:
        selected.setdefault(window.pixels_of(mode)[0], []).append(mode)
    labels = {pixel: modes[0] if len(modes) == 1 else "both" for pixel, modes in selected.items()}
    labels = labels if len(outputs) > 1 else {}  # a single ring needs no name
    parts = [window.panel(window.X, "X", tuple(selected), labels), "→"]
    later = later_positions(window.position, window.plan.output) if so_far else ()
    for mode, O in outputs.items():
        name = "O" if len(outputs) == 1 else f"O, {mode}"
        parts.append(ArrayPanel(O, "O", name, highlight=(window.position,), empty=later))
    return draw_on_canvas(ax, WithNote(row_of(parts), TextBox(_written_pools(window, outputs))))


def _written_pools(window, outputs):
    """Return the result of one mode, after the name of its output; of several, a line for each."""
    texts = {mode: written_pool(window.pixels, mode, O[window.position]) for mode, O in outputs.items()}
    if len(texts) > 1:
        return "\n".join(f"mean: {text}" if mode == "mean" else text for mode, text in texts.items())
    return f"O{list(window.position)} = {''.join(texts.values())}"


def written_pool(pixels, mode, result, decimals=2):
    """Return pooling of the pixels of a window as text, with all its numbers.

    Parameters
    ----------
    pixels : array
        The pixels under the window, without padding, in reading order.
    mode : 'max', 'mean' or 'min'
    result : float
        The output.
    decimals : int
        The most that are written.

    Returns
    -------
    str

    Examples
    --------
    >>> written_pool([1, 3, 0, -2], "max", 3), written_pool([1, 3, 0, -2], "mean", 0.5)
    ('max(1, 3, 0, −2) = 3', '(1 + 3 + 0 + (−2)) / 4 = 0.5')
    """
    pixels = np.ravel(pixels)
    if mode == "mean":
        head = f"({' + '.join(bracketed(pixel, decimals) for pixel in pixels)}) / {len(pixels)}"
    else:
        head = f"{mode}({', '.join(number_text(pixel, decimals) for pixel in pixels)})"
    exact = are_round([*pixels, result], decimals)
    return f"{head} {'=' if exact else '≈'} {number_text(result, decimals)}"


# --- the backward pass ------------------------------------------------------------------------------------------------


@picture
def draw_routing(ax, dC_dO, X, dC_dX, position=(0, 0), pool_size=2, stride=None, padding=0, mode="max"):
    """Draw one step of the backward pass: the gradient of a window, the pixels it is routed to, and dC/dX so far.

    For max and min, the pixel that receives the gradient has a ring. For the mean, each pixel of the window has a label
    with its share.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_pooling`.
    dC_dO : array, shape (H_out, W_out)
    X : array, shape (H, W)
    dC_dX : array, shape (H, W)
        The result of pool2d_backward, for all windows or for those up to this one.
    position : (int, int)
        The window whose gradient is routed.
    pool_size, stride, padding, mode
        As in `Pool2D`.
    """
    window = _Window(X, position, pool_size, stride, padding)
    dC_dO = window.checked(mode, dC_dO, "dC_dO")
    dC_dX = checks.as_float("dC_dX", dC_dX)
    checks.same_shape("dC_dX", dC_dX, window.X.shape, "(the shape of X)")
    pixels, gradient = window.pixels_of(mode), number_text(dC_dO[window.position])
    source = f"dC/dO{list(window.position)} = {gradient}"
    if mode == "mean":
        rings, labels = (), dict.fromkeys(pixels, f"1/{len(pixels)}")
        note = f"each of the {len(pixels)} pixels of the window gets 1/{len(pixels)} of {source}"
    else:
        rings, labels = pixels, {}
        note = f"X{list(pixels[0])} is the {mode}imum: it gets all of {source}"
    parts = [ArrayPanel(dC_dO, "O", "dC/dO", highlight=(window.position,)), "→"]
    parts += [window.panel(window.X, "X", rings, labels), "→", window.panel(dC_dX, "dC/dX", rings, {})]
    return draw_on_canvas(ax, WithNote(row_of(parts), TextBox(note)))


@picture
def draw_routed_gradient(ax, dC_dO, X, counts, dC_dX, pool_size=2, stride=None, padding=0):
    """Draw the backward pass of max or min pooling: the gradient, the pixels that receive it, and dC/dX.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_pooling`.
    dC_dO : array, shape (H_out, W_out)
    X, dC_dX : array, shape (H, W)
    counts : array of int, shape (H, W)
        The number of windows that route their gradient to each pixel: pool2d_backward of a dC_dO of ones.
    pool_size, stride, padding
        As in `Pool2D`.
    """
    selected = selected_panel(X, counts, pool_size, stride, padding)
    unreached = {"excluded": selected.excluded, "gaps": selected.gaps} if selected.padding == NO_PADDING else {}
    gradient, received = checks.floats(dC_dO=(dC_dO, "(H_out, W_out)"), dC_dX=(dC_dX, "(H, W)"))
    result = ArrayPanel(received, "X", "dC/dX", **unreached)
    parts = [ArrayPanel(gradient, "O", "dC/dO"), "→", selected, "→", result]
    return draw_on_canvas(ax, row_of(parts))


def selected_panel(X, counts, pool_size=2, stride=None, padding=0, name="X"):
    """Return X as a ArrayPanel: pixels with a count above 0 have a ring, those above 1 the count as a label.

    Windows are outlined unless they overlap.
    """
    X, counts = checks.floats(X=(X, "(H, W)"), counts=(counts, "(H, W)"))
    checks.same_shape("counts", counts, X.shape, "(the shape of X)")
    pool_size = checks.pair("pool_size", pool_size)
    plan = plan_of(X.shape, pool_size, pool_size if stride is None else stride, padding)
    (top, _), (left, _) = plan.padding
    found = {(int(row) + top, int(column) + left): int(counts[row, column]) for row, column in np.argwhere(counts)}
    labels = {pixel: f"{count}×" for pixel, count in found.items() if count > 1}
    overlap = any(step < length for step, length in zip(plan.stride, plan.kernel, strict=True))
    windows = [corner_of(plan, each) for each in np.ndindex(plan.output)] if not overlap else []
    marks = {"rings": tuple(found), "labels": labels, "label_role": None}
    marks["highlight"] = [(*corner, *pool_size) for corner in windows]
    return padded_panel(X, plan, name, empty=padding_cells(plan, X.shape), **marks)


class _Window:
    """One window of pooling over an input, ready to be drawn on arrays of the shape of the input."""

    def __init__(self, X, position, pool_size, stride, padding):
        (self.X,) = checks.floats(X=(X, "(H, W)"))
        kernel = checks.pair("pool_size", pool_size)
        stride = kernel if stride is None else stride
        self.plan = plan_of(self.X.shape, kernel, stride, padding)
        self.corner = corner_of(self.plan, position)
        self.position = tuple(map(int, position))
        self.settings = kernel, stride, padding

    @property
    def pixels(self):
        """The pixels under it, without padding, in reading order."""
        return self.X[tuple(np.transpose(self.pixels_of("mean")))]

    def pixels_of(self, mode):
        """Return the positions in X that receive the gradient of this window, in reading order."""
        checks.choice("mode", mode, MODES)
        one = np.zeros((1, 1, *self.plan.output))
        one[(0, 0, *self.position)] = 1
        backward = pool2d_backward.__wrapped__  # its errors carry the name of the drawing function
        received = backward(one, self.X[None, None], *self.settings, mode)[0, 0]
        return [tuple(map(int, pixel)) for pixel in np.argwhere(received)]

    def checked(self, mode, O, name="O"):
        """Return an output, or the gradient of one, as floats; refuses another shape and an unknown mode."""
        checks.choice("mode", mode, MODES)
        O = checks.as_float(name, O)
        checks.same_shape(name, O, self.plan.output, "(H_out, W_out)")
        return O

    def panel(self, array, name, rings, labels):
        """Return an array of the shape of X as a padded Panel with this window; positions do not count the padding."""
        top, left = (before for before, _ in self.plan.padding)
        rings = tuple((row + top, column + left) for row, column in rings)
        labels = {(row + top, column + left): text for (row, column), text in labels.items()}
        marks = {"highlight": ((*self.corner, *self.plan.kernel),), "rings": rings, "labels": labels}
        marks |= {"empty": padding_cells(self.plan, self.X.shape), "label_role": None}
        return padded_panel(array, self.plan, name, **marks)
