"""Gradients: dC/dO on its way back through a convolution: dilated, convolved, and cropped, step by step.

Shapes      dC_dO (H_out, W_out), X and dC_dX (H, W), F and dC_dF (kH, kW): one image, one filter, one channel.
Geometry    where windows lie, and so which numbers meet, is cnn_core's; every gradient is the caller's.
Signs       a gradient has a dashed outline; zeros that were put between its entries are white, zeros around it grey.
Story       notebooks/02_dilation.
"""

import numpy as np

from cnn_core import checks, dilate
from cnn_viz.arrays import GAP, NONE, Panel, operator, row_of
from cnn_viz.palette import HUE
from cnn_viz.sheets import Sign, counted, lay_out, with_note
from cnn_viz.windows import (
    corner_of,
    full_panel,
    labels_of,
    later_places,
    padded_panel,
    plan_of,
    written_sum,
)

DILATED, ROTATED, CROPPED = "→\ndilated", "→\nrotated\nby 180°", "→\ncropped"


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
        What a step does, and the blocks of the dilated array that it fills; the first step fills none.

    Examples
    --------
    >>> for sentence, blocks in dilation_steps((2, 1), 2):
    ...     print(sentence, blocks)
    An empty array of 3 rows and 1 column waits. []
    Row 0 of dC/dO goes into row 0. [(0, 0, 1, 1)]
    Row 1 of dC/dO goes into row 2. [(2, 0, 1, 1)]
    1 row of zeros between neighbouring rows. [(1, 0, 1, 1)]
    """
    where = "dilation_steps"
    (H, W), (S_r, S_c) = checks.pair(where, "size", size), checks.pair(where, "stride", stride)
    height, width = dilate(np.zeros((H, W)), (S_r, S_c)).shape
    steps = [(f"An empty array of {counted(height, 'row')} and {counted(width, 'column')} waits.", [])]
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


def draw_dilation(ax, dC_dO, dilated, stride, step):
    """Draw one step of a dilation: dC/dO, and beside it what has been filled so far, the newest of it outlined.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a sheet of the right size; None is a new figure.
    dC_dO : array, shape (H_out, W_out)
    dilated : array, shape ((H_out-1)*S_r + 1, (W_out-1)*S_c + 1)
    stride : int or (int, int)
    step : int
        Which of `dilation_steps`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no such step, or dilated has not the shape of dC_dO dilated by stride.
    """
    where = "draw_dilation"
    dC_dO, dilated = _dilated(where, dC_dO, dilated, stride)
    steps = dilation_steps(dC_dO.shape, stride)
    step = checks.integer(where, "step", step, minimum=0)
    if step >= len(steps):
        raise ValueError(f"{where}: there is no step {step}; this dilation has the steps 0 to {len(steps) - 1}.")
    sentence, blocks = steps[step]
    filled = {cell for _, done in steps[: step + 1] for block in done for cell in _cells(block)}
    empty = tuple(cell for cell in np.ndindex(dilated.shape) if cell not in filled)
    source = ((step - 1, 0, 1, dC_dO.shape[1]),) if 0 < step <= len(dC_dO) else ()
    below = _dilated_panel(dilated, stride, highlight=tuple(blocks), empty=empty)
    parts = [Panel(dC_dO, "O", "dC/dO", highlight=source), operator(DILATED), below]
    longest = max((Sign(each) for each, _ in steps), key=lambda sign: sign.size(1)[1])
    return lay_out(ax, lambda cell: _with_steady_note(row_of(parts, cell), Sign(sentence), longest, cell))


def draw_full_step(ax, dilated, rotated, full, position=(0, 0), stride=1, padding=NONE, so_far=False):
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
        Of the forward pass: it tells the zeros of the dilation from the entries.
    padding : ((int, int), (int, int))
        How many outer cells of the result are padding; as in `Panel`.
    so_far : bool
        Leave the entries empty that later steps will give.

    Returns
    -------
    matplotlib.axes.Axes
    """
    where = "draw_full_step"
    rotated, full = checks.floats(where, rotated=(rotated, "(kH, kW)"), full=(full, "(H + kH - 1, W + kW - 1)"))
    below = _below(where, dilated, rotated, full, position, stride)
    position = tuple(map(int, position))
    later = later_places(position, full.shape) if so_far else ()
    result = Panel(full, "X", "dC/dX", padding=padding, highlight=(position,), empty=later)
    parts = [Panel(rotated, "F", "F rotated"), operator("over"), below, operator("="), result]
    note = Sign(f"row {position[0]}, column {position[1]}: {_entries_only(below, rotated)}")
    return lay_out(ax, lambda cell: with_note(row_of(parts, cell), note, cell))


def draw_filter_chain(ax, dC_dO, dilated, X, dC_dF, stride=1, padding=0, weight=(0, 0)):
    """Draw how dC/dO becomes dC/dF: dilated, then laid over the padded input like a filter.

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
        The entry of dC_dF whose window is outlined, with what lies over it.

    Returns
    -------
    matplotlib.axes.Axes
    """
    where = "draw_filter_chain"
    dC_dO, dilated = _dilated(where, dC_dO, dilated, stride)
    X, dC_dF = checks.floats(where, X=(X, "(H, W)"), dC_dF=(dC_dF, "(kH, kW)"))
    plan = plan_of(where, X.shape, dC_dF.shape, stride, padding)
    checks.same_shape(where, "dC_dO", dC_dO, plan.output, "(H_out, W_out)")
    row, column = weight = corner_of(where, plan._replace(stride=(1, 1), output=dC_dF.shape), weight)
    over = labels_of(row, column, dC_dO, plan.stride)
    below = padded_panel(X, plan, labels=over, label_role="O", highlight=((row, column, *dilated.shape),))
    result = Panel(dC_dF, "F", "dC/dF", highlight=(weight,))
    parts = [Panel(dC_dO, "O", "dC/dO"), operator(DILATED), _dilated_panel(dilated, stride)]
    parts += [operator("over"), below, operator("="), result]
    pixels = below.array[
        row : row + dilated.shape[0] : plan.stride[0], column : column + dilated.shape[1] : plan.stride[1]
    ]
    note = Sign(f"dC/dF[{row}, {column}] = {written_sum(pixels, dC_dO)}")
    return lay_out(ax, lambda cell: with_note(row_of(parts, cell), note, cell))


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
        What the full convolution gives; where pixels are excluded, in a frame of zeros.
    dC_dX : array, shape (H, W)
    stride, padding
        Of the forward pass, as `conv2d_backward` takes them.
    pixel : (int, int)
        The entry of dC_dX that is outlined, with what lies over it.

    Returns
    -------
    matplotlib.axes.Axes
    """
    where = "draw_input_chain"
    dC_dO, dilated = _dilated(where, dC_dO, dilated, stride)
    F, full, dC_dX = checks.floats(where, F=(F, "(kH, kW)"), full=(full, "(H, W)"), dC_dX=(dC_dX, "(H, W)"))
    plan = plan_of(where, dC_dX.shape, F.shape, stride, padding)
    checks.same_shape(where, "dC_dO", dC_dO, plan.output, "(H_out, W_out)")
    at = tuple(place + before for place, (before, _) in zip(pixel, plan.padding, strict=True))
    rotated, reached = F[::-1, ::-1], tuple(np.subtract(full.shape, plan.excluded))
    if any(place >= length for place, length in zip(at, reached, strict=True)):
        raise ValueError(f"{where}: no window reaches pixel {tuple(pixel)}: it is excluded, and its gradient is 0.")
    below = _below(where, dilated, rotated, full[: reached[0], : reached[1]], at, stride)
    ready = [Panel(dC_dO, "O", "dC/dO"), operator(DILATED), _dilated_panel(dilated, stride), Sign("     ")]
    ready += [Panel(F, "F"), operator(ROTATED), Panel(rotated, "F", "F rotated")]
    found = [Panel(rotated, "F", "F rotated"), operator("over"), below, operator("=")]
    found += [Panel(full, "X", "dC/dX", padding=plan.padding, excluded=plan.excluded, highlight=(at,))]
    found += [operator(CROPPED), Panel(dC_dX, "X", "dC/dX", highlight=(pixel,))]
    note = Sign(f"dC/dX[{pixel[0]}, {pixel[1]}] = {_entries_only(below, rotated)}")
    return lay_out(
        ax, lambda cell: with_note(_one_below_the_other([row_of(ready, cell), row_of(found, cell)], cell), note, cell)
    )


# --- what they share --------------------------------------------------------------------------------------------------


def _cells(block):
    row, column, rows, columns = block
    return [(row + down, column + right) for down, right in np.ndindex(rows, columns)]


def _dilated(where, dC_dO, dilated, stride):
    """Return dC_dO and its dilation as floats, if their shapes fit."""
    dC_dO, dilated = checks.floats(where, dC_dO=(dC_dO, "(H_out, W_out)"), dilated=(dilated, "(H, W)"))
    checks.same_shape(where, "dilated", dilated, dilate(dC_dO, stride).shape, "(dC_dO dilated by stride)")
    return dC_dO, dilated


def _dilated_panel(dilated, stride, **marks):
    return Panel(dilated, "O", "dC/dO dilated", dilation=stride, **marks)


def _below(where, dilated, rotated, full, position, stride):
    """Return the dilated gradient with the zeros of a full convolution around it, and the filter over one place."""
    dilated = checks.as_float(where, "dilated", dilated)
    about = {"role": "O", "name": "dC/dO dilated", "dilation": stride}
    return full_panel(where, dilated, rotated, position, {"full": full}, **about)


def _entries_only(below, rotated):
    """Return the sum of the window as text, without the products with zeros that were put there."""
    entries = [cell for cell in below.labels if below.colour(*cell) == HUE["O"]]
    if not entries:
        return "only zeros lie under the filter, so 0"
    row, column, *_ = below.highlight[0]
    weights = [rotated[down - row, right - column] for down, right in entries]
    return written_sum([below.array[cell] for cell in entries], weights)


def _with_steady_note(arrangement, note, longest, cell):
    """Return an arrangement with a note under it, for which the longest note of all steps keeps the room."""
    items, size = with_note(arrangement, longest, cell)
    _, top, left = items[-1]
    return [*items[:-1], (note, top, left + (longest.size(cell)[1] - note.size(cell)[1]) / 2)], size


def _one_below_the_other(rows, cell):
    """Arrange rows, each in the middle of the page's width."""
    whole = max(width for _, (_, width) in rows)
    items, top = [], 0.0
    for placed, (height, width) in rows:
        items += [(item, top + down, right + (whole - width) / 2) for item, down, right in placed]
        top += height + GAP / cell
    return items, (top - GAP / cell, whole)
