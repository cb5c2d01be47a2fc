"""Pictures of the backward pass of a convolution: dilation, full convolution, crop, and each gradient as a sum.

Shapes      dC_dO (H_out, W_out), X and dC_dX (H, W), F and dC_dF (kH, kW): one image, one filter, one channel.
Geometry    the positions of windows are computed by cnn_core; every gradient is given by the caller.
Marks       a gradient has a dashed outline; inserted zeros are white, zeros around it grey.
Chapters    02, 03.
"""

import numpy as np

from cnn_core import checks, dilate
from cnn_viz.arrays.convolution import outputs_of
from cnn_viz.arrays.panel import NO_PADDING, ArrayPanel
from cnn_viz.arrays.windows import (
    corner_of,
    full_panel,
    gaps_of,
    labels_of,
    later_positions,
    on_padded_input,
    padded_panel,
    plan_of,
    position_in,
    written_sum,
)
from cnn_viz.base.layout import Column, TextBox, WithNote, draw_on_canvas, row_of
from cnn_viz.base.style import picture
from cnn_viz.base.text import counted, index_text, number_text

DILATED, ROTATED, CROPPED = "→\ndilated", "→\nrotated\nby 180°", "→\ncropped"
EACH = "×\neach by\nits own"  # not a star: nothing slides here
IN_A_LINE = 4  # terms of a sum


@checks.public
def dilation_steps(size, stride):
    """Return the steps in which dC/dO is dilated: each row is placed, then zeros come between rows, then columns.

    Parameters
    ----------
    size : (int, int)
        The shape of dC_dO.
    stride : int or (int, int)

    Returns
    -------
    list of (str, list of (row, column, rows, columns))
        A sentence for each step, and the blocks of the dilated array that it fills; the first step fills none.

    Examples
    --------
    >>> for sentence, blocks in dilation_steps((2, 1), 2):
    ...     print(sentence, blocks)
    An empty array of 3 rows and 1 column. []
    Row 0 of dC/dO goes into row 0. [(0, 0, 1, 1)]
    Row 1 of dC/dO goes into row 2. [(2, 0, 1, 1)]
    1 row of zeros between neighbouring rows. [(1, 0, 1, 1)]
    """
    (H, W), (S_r, S_c) = checks.pair("size", size), checks.pair("stride", stride)
    height, width = dilate(np.zeros((H, W)), (S_r, S_c)).shape
    steps = [(f"An empty array of {counted(height, 'row')} and {counted(width, 'column')}.", [])]
    for row in range(H):
        placed = [(row * S_r, column * S_c, 1, 1) for column in range(W)]
        steps.append((f"Row {row} of dC/dO goes into row {row * S_r}.", placed))
    between = [(row * S_r + 1, 0, S_r - 1, width) for row in range(H - 1)]
    if S_r > 1 and between:
        steps.append((f"{counted(S_r - 1, 'row')} of zeros between neighbouring rows.", between))
    between = [(0, column * S_c + 1, height, S_c - 1) for column in range(W - 1)]
    if S_c > 1 and between:
        steps.append((f"{counted(S_c - 1, 'column')} of zeros between neighbouring columns.", between))
    return steps


@picture
def draw_dilation(ax, dC_dO, dilated, stride, step):
    """Draw one step of a dilation: dC/dO, and beside it the cells filled so far, those of this step outlined.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a canvas of the right size; None is a new figure.
    dC_dO : array, shape (H_out, W_out)
    dilated : array, shape ((H_out-1)*S_r + 1, (W_out-1)*S_c + 1)
    stride : int or (int, int)
    step : int
        An index into `dilation_steps`.
    """
    dC_dO, dilated = _dilated(dC_dO, dilated, stride)
    steps = dilation_steps(dC_dO.shape, stride)
    step = checks.integer("step", step, minimum=0)
    if step >= len(steps):
        raise checks.BadValue(f"there is no step {step}; this dilation has the steps 0 to {len(steps) - 1}.")
    sentence, blocks = steps[step]
    filled = {cell for _, done in steps[: step + 1] for block in done for cell in _cells(block)}
    empty = tuple(cell for cell in np.ndindex(dilated.shape) if cell not in filled)
    source = ((step - 1, 0, 1, dC_dO.shape[1]),) if 0 < step <= len(dC_dO) else ()
    below = _dilated_panel(dilated, stride, highlight=tuple(blocks), empty=empty)
    parts = [ArrayPanel(dC_dO, "O", "dC/dO", highlight=source), DILATED, below]
    widest = max((TextBox(each) for each, _ in steps), key=lambda note: note.size(1)[1])
    return draw_on_canvas(ax, WithNote(row_of(parts), TextBox(sentence), widest))


@picture
def draw_full_step(ax, dilated, rotated, full, position=(0, 0), stride=1, padding=NO_PADDING, so_far=False):
    """Draw one step of the full convolution that gives dC/dX, before the padding is cropped.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_dilation`.
    dilated : array, shape (H, W)
        dC_dO with zeros between its entries.
    rotated : array, shape (kH, kW)
        The filter, rotated by 180 degrees.
    full : array, shape (H + kH - 1, W + kW - 1)
        The result, with the padding.
    position : (int, int)
        The entry of the result that this step gives.
    stride : int or (int, int)
        Of the forward pass: it distinguishes the zeros of the dilation from the entries.
    padding : ((int, int), (int, int))
        The outer cells of the result that are padding; as in `Panel`.
    so_far : bool
        Leave the entries of later steps empty.
    """
    rotated, full = checks.floats(rotated=(rotated, "(kH, kW)"), full=(full, "(H + kH - 1, W + kW - 1)"))
    below = _below(dilated, rotated, full, position, stride)
    position = tuple(map(int, position))
    later = later_positions(position, full.shape) if so_far else ()
    result = ArrayPanel(full, "X", "dC/dX", padding=padding, highlight=(position,), empty=later)
    parts = [ArrayPanel(rotated, "F", "F rotated"), "over", below, "=", result]
    note = TextBox(f"row {position[0]}, column {position[1]}: {_entries_only(below, rotated)}")
    return draw_on_canvas(ax, WithNote(row_of(parts), note))


@picture
def draw_filter_chain(ax, dC_dO, dilated, X, dC_dF, stride=1, padding=0, weight=(0, 0)):
    """Draw how dC/dO becomes dC/dF: dilated, then placed over the padded input like a filter.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_dilation`.
    dC_dO : array, shape (H_out, W_out)
    dilated : array, shape ((H_out-1)*S_r + 1, (W_out-1)*S_c + 1)
    X : array, shape (H, W)
        Without padding.
    dC_dF : array, shape (kH, kW)
    stride, padding
        Of the forward pass, as `conv2d_backward` takes them.
    weight : (int, int)
        The entry of dC_dF whose window is outlined, with dC_dO over it.
    """
    dC_dO, dilated = _dilated(dC_dO, dilated, stride)
    X, dC_dF = checks.floats(X=(X, "(H, W)"), dC_dF=(dC_dF, "(kH, kW)"))
    plan = plan_of(X.shape, dC_dF.shape, stride, padding)
    checks.same_shape("dC_dO", dC_dO, plan.output, "(H_out, W_out)")
    row, column = weight = corner_of(plan._replace(stride=(1, 1), output=dC_dF.shape), weight)
    over = labels_of(row, column, dC_dO, plan.stride)
    below = padded_panel(X, plan, labels=over, label_role="O", highlight=((row, column, *dilated.shape),))
    result = ArrayPanel(dC_dF, "F", "dC/dF", highlight=(weight,))
    parts = [ArrayPanel(dC_dO, "O", "dC/dO"), DILATED, _dilated_panel(dilated, stride), "over", below, "=", result]
    pixels = below.array[
        row : row + dilated.shape[0] : plan.stride[0], column : column + dilated.shape[1] : plan.stride[1]
    ]
    note = TextBox(f"dC/dF[{row}, {column}] = {written_sum(pixels, dC_dO)}")
    return draw_on_canvas(ax, WithNote(row_of(parts), note))


@picture
def draw_input_chain(ax, dC_dO, dilated, F, full, dC_dX, stride=1, padding=0, pixel=(0, 0)):
    """Draw how dC/dO becomes dC/dX: dilated, under the rotated filter in a full convolution, cropped of the padding.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_dilation`.
    dC_dO : array, shape (H_out, W_out)
    dilated : array, shape ((H_out-1)*S_r + 1, (W_out-1)*S_c + 1)
    F : array, shape (kH, kW)
    full : array, shape of the padded input
        The result of the full convolution; zeros where pixels are excluded.
    dC_dX : array, shape (H, W)
    stride, padding
        Of the forward pass, as `conv2d_backward` takes them.
    pixel : (int, int)
        The entry of dC_dX that is outlined, with the filter over it.
    """
    dC_dO, dilated = _dilated(dC_dO, dilated, stride)
    F, full, dC_dX = checks.floats(F=(F, "(kH, kW)"), full=(full, "(H, W)"), dC_dX=(dC_dX, "(H, W)"))
    plan = plan_of(dC_dX.shape, F.shape, stride, padding)
    checks.same_shape("dC_dO", dC_dO, plan.output, "(H_out, W_out)")
    at = on_padded_input(plan, pixel)
    rotated, reached = F[::-1, ::-1], tuple(np.subtract(full.shape, plan.excluded))
    if any(each >= length for each, length in zip(at, reached, strict=True)):
        raise checks.BadValue(f"no window reaches pixel {tuple(pixel)}: it is excluded, and its gradient is 0.")
    below = _below(dilated, rotated, full[: reached[0], : reached[1]], at, stride)
    ready = [ArrayPanel(dC_dO, "O", "dC/dO"), DILATED, _dilated_panel(dilated, stride), TextBox("     ")]
    ready += [ArrayPanel(F, "F"), ROTATED, ArrayPanel(rotated, "F", "F rotated")]
    found = [ArrayPanel(rotated, "F", "F rotated"), "over", below, "="]
    unreached = {"excluded": plan.excluded, "gaps": gaps_of(plan)}
    found += [ArrayPanel(full, "X", "dC/dX", padding=plan.padding, highlight=(at,), **unreached)]
    found += [CROPPED, ArrayPanel(dC_dX, "X", "dC/dX", highlight=(pixel,))]
    note = TextBox(f"dC/dX{index_text(pixel)} = {_entries_only(below, rotated)}")
    return draw_on_canvas(ax, WithNote(Column([row_of(ready), row_of(found)]), note))


# --- one entry of a gradient as a sum ---------------------------------------------------------------------------------


@picture
def draw_pixel_terms(ax, dC_dO, F, dC_dX, pixel, stride=1, padding=0):
    """Draw one entry of dC/dX as a sum over the outputs that the pixel contributed to, each times its weight.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a canvas of the right size; None is a new figure.
    dC_dO : array, shape (H_out, W_out)
    F : array, shape (kH, kW)
    dC_dX : array, shape (H, W)
    pixel : (int, int)
        A row and a column of dC_dX.
    stride, padding
        Of the forward pass, as `conv2d_backward` takes them.
    """
    dC_dO, F = checks.floats(dC_dO=(dC_dO, "(H_out, W_out)"), F=(F, "(kH, kW)"))
    dC_dX = checks.as_float("dC_dX", dC_dX)
    plan = plan_of(dC_dX.shape, F.shape, stride, padding)
    checks.same_shape("dC_dO", dC_dO, plan.output, "(H_out, W_out)")
    touched = outputs_of(dC_dX.shape, F.shape, pixel, stride, padding)
    factors = {output: F[weight] for output, weight in touched.items()}
    parts = [ArrayPanel(dC_dO, "O", "dC/dO", highlight=tuple(touched), labels=_labels(factors)), EACH]
    parts += [ArrayPanel(F, "F", highlight=tuple(dict.fromkeys(touched.values()))), "="]
    parts.append(ArrayPanel(dC_dX, "X", "dC/dX", highlight=(tuple(pixel),), **_unreached(plan)))
    names = [f"dC/dO{index_text(output)}·F{index_text(weight)}" for output, weight in touched.items()]
    note = _sum(f"dC/dX{index_text(pixel)}", names, [dC_dO[output] for output in touched], list(factors.values()))
    return draw_on_canvas(ax, WithNote(row_of(parts), note))


@picture
def draw_weight_terms(ax, X, dC_dO, dC_dF, weight, stride=1, padding=0):
    """Draw one entry of dC/dF as a sum over the pixels under the weight, each times dC/dO of its output.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_pixel_terms`.
    X : array, shape (H, W)
        Without padding.
    dC_dO : array, shape (H_out, W_out)
    dC_dF : array, shape (kH, kW)
    weight : (int, int)
        A row and a column of dC_dF.
    stride, padding
        Of the forward pass, as `conv2d_backward` takes them.
    """
    X, dC_dO = checks.floats(X=(X, "(H, W)"), dC_dO=(dC_dO, "(H_out, W_out)"))
    dC_dF = checks.as_float("dC_dF", dC_dF)
    plan = plan_of(X.shape, dC_dF.shape, stride, padding)
    checks.same_shape("dC_dO", dC_dO, plan.output, "(H_out, W_out)")
    weight = position_in("weight", weight, dC_dF.shape, "an array of shape")
    under = {tuple(map(int, np.multiply(each, plan.stride) + weight)): each for each in np.ndindex(dC_dO.shape)}
    labels = _labels({pixel: dC_dO[output] for pixel, output in under.items()})
    below = padded_panel(X, plan, labels=labels, label_role="O", highlight=tuple(under))
    parts = [below, EACH, ArrayPanel(dC_dO, "O", "dC/dO"), "=", ArrayPanel(dC_dF, "F", "dC/dF", highlight=(weight,))]
    names = [f"Xp{index_text(pixel)}·dC/dO{index_text(output)}" for pixel, output in under.items()]
    note = _sum(f"dC/dF{index_text(weight)}", names, [below.array[pixel] for pixel in under], dC_dO.ravel())
    return draw_on_canvas(ax, WithNote(row_of(parts), note))


# --- shared helpers ---------------------------------------------------------------------------------------------------


def _cells(block):
    row, column, rows, columns = block
    return [(row + down, column + right) for down, right in np.ndindex(rows, columns)]


def _dilated(dC_dO, dilated, stride):
    """Return dC_dO and its dilation as floats, if their shapes fit."""
    dC_dO, dilated = checks.floats(dC_dO=(dC_dO, "(H_out, W_out)"), dilated=(dilated, "(H, W)"))
    wanted = dilate(dC_dO, checks.pair("stride", stride)).shape
    checks.same_shape("dilated", dilated, wanted, "(dC_dO dilated by stride)")
    return dC_dO, dilated


def _dilated_panel(dilated, stride, **marks):
    return ArrayPanel(dilated, "O", "dC/dO dilated", dilation=stride, **marks)


def _below(dilated, rotated, full, position, stride):
    """Return the dilated gradient with the zeros of a full convolution around it, and the filter over it."""
    dilated = checks.as_float("dilated", dilated)
    about = {"role": "O", "name": "dC/dO dilated", "dilation": stride}
    return full_panel(dilated, rotated, position, {"full": full}, **about)


def _entries_only(below, rotated):
    """Return the sum of the window as text, without the products with inserted zeros and padding."""
    entries = [cell for cell in below.labels if below.is_entry(*cell)]
    if not entries:
        return "only zeros lie under the filter, so 0"
    row, column, *_ = below.highlight[0]
    weights = [rotated[down - row, right - column] for down, right in entries]
    return written_sum([below.array[cell] for cell in entries], weights)


def _unreached(plan):
    """Return the marks of the pixels in no window on a gradient without the padding."""
    before, after = zip(*plan.padding, strict=True)
    excluded = tuple(max(left - zeros, 0) for left, zeros in zip(plan.excluded, after, strict=True))
    gaps = tuple(tuple(place - zeros for place in places) for places, zeros in zip(gaps_of(plan), before, strict=True))
    return {"excluded": excluded, "gaps": gaps}


def _labels(factors):
    return {position: f"×{number_text(factor)}" for position, factor in factors.items()}


def _sum(name, names, values, factors):
    """Return a TextBox with the sum in names, as many in a line as fit on a page, and below it in numbers."""
    if not names:
        return TextBox(f"{name} = 0: no window contains it")
    lines = [" + ".join(names[first : first + IN_A_LINE]) for first in range(0, len(names), IN_A_LINE)]
    return TextBox(f"{name} = " + " +\n".join(lines) + f"\n= {written_sum(values, factors)}")
