"""Pictures of a convolution: its steps, the windows and pixels that meet, its matrix product, a whole layer.

Shapes      X (H, W), F (kH, kW), O (H_out, W_out): one image, one filter, one channel. With channels, and without N:
            X (C, H, W), F (K, C, kH, kW), O (K, H_out, W_out).
Geometry    the positions of windows and the number of windows at each pixel are computed by cnn_core; outputs are given
            by the caller.
Chapters    01, 03; 09 for the matrix product.
"""

from dataclasses import dataclass, replace

import numpy as np

from cnn_core import checks, conv2d_backward
from cnn_core.convolution import pad, windows_to_columns
from cnn_viz.arrays.panel import ArrayPanel
from cnn_viz.arrays.windows import (
    corner_of,
    full_panel,
    gaps_of,
    later_positions,
    on_padded_input,
    padded_panel,
    plan_of,
    position_in,
    window_panel,
    written_sum,
)
from cnn_viz.base.layout import GAP, Column, TextBox, WithNote, draw_on_canvas, moved, operator, row_of
from cnn_viz.base.style import picture
from cnn_viz.base.text import bracketed, index_text, number_text

BECOMES, PRODUCT = operator("→\neach window\nbecomes\na column"), operator("×\ncolumns =")


@picture
def draw_step(ax, X, F, O, position=(0, 0), stride=1, padding=0, so_far=False, dilation=1):
    """Draw one step of a convolution: the filter over the input, the filter, the output, and the sum written out.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a canvas of the right size; None is a new figure.
    X : array, shape (H, W)
    F : array, shape (kH, kW)
    O : array, shape (H_out, W_out)
    position : (int, int)
        The output that this step gives.
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
    so_far : bool
        Leave the outputs of later steps empty.
    dilation : int or (int, int)
        The distance of the pixels under the filter.
    """
    position = tuple(map(int, position))
    below = window_panel(X, F, position, stride, padding, dilation=dilation)
    O = checks.as_float("O", O)
    window = np.reshape([below.array[cell] for cell in below.labels], np.shape(F))
    later = later_positions(position, O.shape) if so_far else ()
    parts = [below, "*", ArrayPanel(F, "F"), "=", ArrayPanel(O, "O", highlight=(position,), empty=later)]
    note = TextBox(f"O{index_text(position)} = {written_sum(window, F)}")
    return draw_on_canvas(ax, WithNote(row_of(parts), note))


@picture
def draw_full_convolution(ax, A, B, position=(0, 0), names=("A", "B"), roles=("X", "F"), dilation=1, O=None):
    """Draw a full convolution: A with kH - 1 rows and kW - 1 columns of zeros on every side, and B over it.

    At position (0, 0) the bottom-right cell of B lies over the top-left cell of A: both have a ring. If the output is
    given, it stands beside them, with the cell of this position outlined.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_step`.
    A : array, shape (H, W)
    B : array, shape (kH, kW)
    position : (int, int)
    names, roles : (str, str) or (str, str, str)
        As in `Panel`: of A, of B and, if there is a third, of the output; else that is 'O'.
    dilation : int or (int, int)
        If A is a dilated gradient: its stride.
    O : array, shape (H + kH - 1, W + kW - 1), optional
        The full convolution of A with B.
    """
    A, B = checks.floats(A=(A, "(H, W)"), B=(B, "(kH, kW)"))
    results = {} if O is None else {"O": checks.as_float("O", O)}
    below = full_panel(A, B, position, results, role=roles[0], name=names[0], dilation=dilation)
    at = below.highlight[0][:2]
    rings = ((B.shape[0] - 1, B.shape[1] - 1),) if at == (0, 0) else ()
    parts = [ArrayPanel(B, roles[1], names[1], rings=rings), "over", replace(below, rings=rings)]
    for output in results.values():
        parts += ["=", ArrayPanel(output, (*roles, "O")[2], (*names, "O")[2], highlight=(at,))]
    note = f"○ the bottom-right cell of {names[1]}\n lies over the top-left cell of {names[0]}" if rings else ""
    return draw_on_canvas(ax, WithNote(row_of(parts), TextBox(note)))


# --- windows and pixels that meet -------------------------------------------------------------------------------------


@picture
def draw_reach(ax, size, kernel, stride=1, padding=0):
    """Draw an input with the number of windows that reach each pixel, beside an output that numbers the windows.

    The first and the last window are outlined; pixels that no window reaches are hatched.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_step`.
    size, kernel, stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
    """
    size, kernel = (checks.pair(*each) for each in (("size", size), ("kernel", kernel)))
    plan = plan_of(size, kernel, stride, padding)
    padded = np.pad(np.zeros(size), plan.padding)[None, None]
    reached, *_ = conv2d_backward(np.ones((1, 1, *plan.output)), padded, np.ones((1, 1, *kernel)), plan.stride)
    numbers = np.arange(1, np.prod(plan.output) + 1).reshape(plan.output)
    ends = (0, 0), tuple(length - 1 for length in plan.output)
    marks = {"padding": plan.padding, "excluded": plan.excluded, "gaps": gaps_of(plan)}
    marks["highlight"] = tuple((*corner_of(plan, end), *kernel) for end in ends)
    parts = [ArrayPanel(reached[0, 0], "X", **marks), "→", ArrayPanel(numbers, "O", highlight=ends)]
    note = TextBox("in X: how many windows reach the pixel\nin O: the number of the window")
    return draw_on_canvas(ax, WithNote(row_of(parts), note))


@checks.public
def touched_outputs(size, kernel, cell, stride=1, padding=0):
    """Return the outputs that an input cell contributes to, and the weight of the filter in each.

    Parameters
    ----------
    size, kernel : (int, int)
    cell : (int, int)
        A row and a column of the input, without its padding.
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'

    Returns
    -------
    dict of (int, int): (int, int)
        The position of the weight in the filter, for the position of each output.

    Examples
    --------
    >>> touched_outputs((4, 4), (3, 3), (0, 1))
    {(0, 0): (0, 1), (0, 1): (0, 0)}
    """
    return outputs_of(size, kernel, cell, stride, padding)


def outputs_of(size, kernel, cell, stride, padding):
    """Return the result of touched_outputs; errors carry the name of the caller."""
    plan = plan_of(size, kernel, stride, padding)
    cell = position_in("cell", cell, size, "the input, which has shape")
    found, at = {}, on_padded_input(plan, cell)
    for output in np.ndindex(plan.output):
        weight = tuple(map(int, np.subtract(at, np.multiply(output, plan.stride))))
        if all(0 <= each < length for each, length in zip(weight, plan.kernel, strict=True)):
            found[output] = weight
    return found


@picture
def draw_touched(ax, X, F, O, cell, stride=1, padding=0):
    """Draw the outputs that an input cell contributes to: outlined, each with the term that the cell adds to it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_step`.
    X : array, shape (H, W)
    F : array, shape (kH, kW)
    O : array, shape (H_out, W_out)
    cell : (int, int)
        A row and a column of X.
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
    """
    X, F = checks.floats(X=(X, "(H, W)"), F=(F, "(kH, kW)"))
    plan = plan_of(X.shape, F.shape, stride, padding)
    O = checks.as_float("O", O)
    checks.same_shape("O", O, plan.output, "(H_out, W_out)")
    touched = outputs_of(X.shape, F.shape, cell, stride, padding)
    at = tuple(each + before for each, (before, _) in zip(cell, plan.padding, strict=True))
    value = number_text(X[tuple(cell)])
    labels = {output: f"{value}·{bracketed(F[weight])}" for output, weight in touched.items()}
    parts = [padded_panel(X, plan, highlight=(at,)), "*", ArrayPanel(F, "F"), "="]
    parts.append(ArrayPanel(O, "O", highlight=tuple(touched), labels=labels))
    return draw_on_canvas(ax, row_of(parts))


# --- the matrix product -----------------------------------------------------------------------------------------------


@picture
def draw_columns(ax, X, F, O, position=(0, 0), stride=1, padding=0):
    """Draw a convolution as one matrix product: every window of X is a column, every filter a row.

    The filters stand to the left of the outputs and the windows above them, so each output stands where the row of its
    filter and the column of its window meet.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_step`.
    X : array, shape (C, H, W)
    F : array, shape (K, C, kH, kW)
    O : array, shape (K, H_out, W_out)
    position : (int, int)
        The output whose window is outlined: in X, among the columns, and in the product.
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
    """
    X, F, O = checks.floats(X=(X, "(C, H, W)"), F=(F, "(K, C, kH, kW)"), O=(O, "(K, H_out, W_out)"))
    plan = plan_of(X.shape[1:], F.shape[2:], stride, padding)
    checks.same_shape("F", F, (len(F), len(X), *plan.kernel), "(K, C, kH, kW)")
    checks.same_shape("O", O, (len(F), *plan.output), "(K, H_out, W_out)")
    window = (*corner_of(plan, position), *plan.kernel)
    number = position[0] * plan.output[1] + position[1]
    columns = windows_to_columns(pad(X[None], plan.padding), plan)[0]
    named = zip(X, _names("X", X), strict=True)
    product = _ColumnsProduct(
        Column([padded_panel(image, plan, name, highlight=(window,)) for image, name in named]),
        ArrayPanel(columns, "X", "windows as columns", highlight=((0, number, len(columns), 1),)),
        ArrayPanel(F.reshape(len(F), -1), "F", "filters as rows"),
        ArrayPanel(O.reshape(len(O), -1), "O", "O as rows", highlight=((0, number, len(O), 1),)),
    )
    return draw_on_canvas(ax, product)


def _names(name, stack):
    """Return the name of each channel; the name itself if there is one."""
    return [name] if len(stack) == 1 else [f"{name}[{c}]" for c in range(len(stack))]


@dataclass(frozen=True, eq=False)
class _ColumnsProduct:
    """Two rows whose right parts begin at the same place: channels and columns; filters and outputs."""

    channels: Column
    columns: ArrayPanel
    filters: ArrayPanel
    outputs: ArrayPanel

    def size(self, cell):
        """Return its (height, width) in cells."""
        _, right, _, lower = self._edges(cell)
        rows = len(self.filters.cells)
        bottom = lower + max(rows, (rows + PRODUCT.size(cell)[0]) / 2)
        return bottom, right + max(self.columns.size(cell)[1], self.outputs.size(cell)[1])

    def placed(self, cell):
        """Return the channels, the matrices and what stands between them with their places."""
        left, right, upper, lower = self._edges(cell)
        height, width = self.channels.size(cell)
        found = moved(self.channels.placed(cell), upper - height, left - width)
        across = right + max(self.columns.inset(cell), self.outputs.inset(cell))
        height, width = BECOMES.size(cell)
        found.append((BECOMES, upper - (len(self.columns.cells) + height) / 2, (left + right - width) / 2))
        height, width = PRODUCT.size(cell)
        found.append((PRODUCT, lower + (len(self.filters.cells) - height) / 2, (left + right - width) / 2))
        found.append((self.columns, upper - len(self.columns.cells), across))
        found.append((self.filters, lower, left - self.filters.size(cell)[1] + self.filters.inset(cell)))
        return [*found, (self.outputs, lower, across)]

    def _edges(self, cell):
        """Return where the left parts end, the right parts begin, the upper row ends and the lower matrices begin."""
        (stack_height, stack_width), gap = self.channels.size(cell), GAP / cell
        left = max(stack_width, self.filters.size(cell)[1])
        right = left + max(BECOMES.size(cell)[1], PRODUCT.size(cell)[1]) + 2 * gap
        upper = max(stack_height, self.columns.size(cell)[0])
        return left, right, upper, upper + gap + self.filters.above / cell


# --- several channels -------------------------------------------------------------------------------------------------


@picture
def draw_layer(ax, X, F, B, O, position=(0, 0), stride=1, padding=0):
    """Draw several filters on several channels: a row for each channel, a column for each filter, biases and outputs.

    One window is outlined in all channels. The sum of each filter over that window is written out by channels below.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_step`.
    X : array, shape (C, H, W)
    F : array, shape (K, C, kH, kW)
    B : array, shape (K,)
    O : array, shape (K, H_out, W_out)
    position : (int, int)
        The output that is followed, in all maps.
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
    """
    X, F = checks.floats(X=(X, "(C, H, W)"), F=(F, "(K, C, kH, kW)"))
    B, O = checks.floats(B=(B, "(K,)"), O=(O, "(K, H_out, W_out)"))
    plan = plan_of(X.shape[1:], F.shape[2:], stride, padding)
    checks.same_shape("F", F, (len(F), len(X), *plan.kernel), "(K, C, kH, kW)")
    checks.same_shape("B", B, F.shape[:1], "(K,)")
    checks.same_shape("O", O, (len(F), *plan.output), "(K, H_out, W_out)")
    window = (*corner_of(plan, position), *plan.kernel)
    rows = [
        row_of([padded_panel(image, plan, f"X[{c}]", highlight=(window,)), "*", *_weights(F[:, c], c)])
        for c, image in enumerate(X)
    ]
    maps = [ArrayPanel(each, "O", f"O[{k}]", highlight=(tuple(position),)) for k, each in enumerate(O)]
    rows.append(row_of(["channels added, +", ArrayPanel(B, "B"), "=", *maps]))
    sums = _sums_by_channel(pad(X[None], plan.padding)[0], F, window)
    return draw_on_canvas(ax, WithNote(Column(rows), TextBox(_written_sums(sums, B, position))))


def _weights(F_c, c):
    """Return a panel for the weights of each filter on channel c."""
    return [ArrayPanel(weights, "F", f"F[{k}, {c}]") for k, weights in enumerate(F_c)]


def _sums_by_channel(Xp, F, window):
    """Return the weighted sums (K, C) of all filters over one window of a padded image."""
    row, column, kH, kW = window
    return (F * Xp[:, row : row + kH, column : column + kW]).sum(axis=(2, 3))


def _written_sums(sums, B, position):
    """Return what is added, and a line for each filter: its sum over each channel, its bias, and the total."""
    names = [f"channel {c}" for c in range(sums.shape[1])]
    lines = [f"{' + '.join(names)} + bias:"]
    for k, (each, bias) in enumerate(zip(sums, B, strict=True)):
        terms = " + ".join(bracketed(value) for value in (*each, bias))
        lines.append(f"O[{k}, {position[0]}, {position[1]}] = {terms} = {number_text(each.sum() + bias)}")
    return "\n".join(lines)
