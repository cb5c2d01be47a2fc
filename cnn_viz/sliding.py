"""Sliding: a window on its way over an input, how many windows reach each pixel, and which outputs a pixel touches.

Shapes      X (H, W), F (kH, kW), O (H_out, W_out): one image, one filter, one channel.
Geometry    where windows lie is cnn_core's, and so is how many of them reach a pixel; outputs are the caller's.
Story       notebooks/01_convolution.
"""

import numpy as np

from cnn_core import checks, conv2d_backward
from cnn_viz.arrays import Panel, operator, row_of
from cnn_viz.sheets import Sign, lay_out, with_note
from cnn_viz.windows import (
    corner_of,
    labels_of,
    later_places,
    padded_panel,
    place_in,
    plan_of,
    window_panel,
    written_sum,
)


def draw_step(ax, X, F, O, position=(0, 0), stride=1, padding=0, so_far=False):
    """Draw one step of a convolution: the filter over the input, the filter, the output, and the sum written out.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a sheet of the right size; None is a new figure.
    X : array, shape (H, W)
    F : array, shape (kH, kW)
    O : array, shape (H_out, W_out)
    position : (int, int)
        The output that this step gives.
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
    so_far : bool
        Leave the outputs empty that later steps will give.

    Returns
    -------
    matplotlib.axes.Axes
    """
    position = tuple(map(int, position))
    below = window_panel(X, F, position, stride, padding)
    O = checks.as_float("draw_step", "O", O)
    row, column, kH, kW = below.highlight[0]
    window = below.array[row : row + kH, column : column + kW]
    later = later_places(position, O.shape) if so_far else ()
    parts = [below, operator("*"), Panel(F, "F"), operator("=")]
    parts.append(Panel(O, "O", highlight=(position,), empty=later))
    note = Sign(f"O[{position[0]}, {position[1]}] = {written_sum(window, F)}")
    return lay_out(ax, lambda cell: with_note(row_of(parts, cell), note, cell))


def draw_reach(ax, size, kernel, stride=1, padding=0):
    """Draw an input in which each pixel says how many windows reach it, beside an output that numbers the windows.

    The first and the last window are outlined; pixels that no window reaches because they are left over are hatched.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_step`.
    size, kernel, stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'

    Returns
    -------
    matplotlib.axes.Axes
    """
    size, kernel = (checks.pair("draw_reach", *each) for each in (("size", size), ("kernel", kernel)))
    plan = plan_of("draw_reach", size, kernel, stride, padding)
    padded = np.pad(np.zeros(size), plan.padding)[None, None]
    reached, *_ = conv2d_backward(np.ones((1, 1, *plan.output)), padded, np.ones((1, 1, *kernel)), plan.stride)
    numbers = np.arange(1, np.prod(plan.output) + 1).reshape(plan.output)
    ends = (0, 0), tuple(length - 1 for length in plan.output)
    marks = {"padding": plan.padding, "excluded": plan.excluded}
    marks["highlight"] = tuple((*corner_of("draw_reach", plan, end), *kernel) for end in ends)
    parts = [Panel(reached[0, 0], "X", **marks), operator("→"), Panel(numbers, "O", highlight=ends)]
    note = Sign("in X: how many windows reach the pixel\nin O: the number of the window")
    return lay_out(ax, lambda cell: with_note(row_of(parts, cell), note, cell))


def touched_outputs(size, kernel, cell, stride=1, padding=0):
    """Return which outputs an input cell has a part in, and with which weight of the filter.

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
        The place of the weight in the filter, for the place of each output.

    Examples
    --------
    >>> touched_outputs((4, 4), (3, 3), (0, 1))
    {(0, 0): (0, 1), (0, 1): (0, 0)}
    """
    plan = plan_of("touched_outputs", size, kernel, stride, padding)
    cell = place_in("touched_outputs", "cell", cell, size, "the input, which has shape")
    on_padded = np.add(cell, [before for before, _ in plan.padding])
    found = {}
    for output in np.ndindex(plan.output):
        weight = tuple(map(int, on_padded - np.multiply(output, plan.stride)))
        if all(0 <= place < length for place, length in zip(weight, plan.kernel, strict=True)):
            found[output] = weight
    return found


def draw_touched(ax, X, F, O, cell, stride=1, padding=0):
    """Draw which outputs an input cell touches: outlined, each with the weight that the cell meets on its way there.

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

    Returns
    -------
    matplotlib.axes.Axes
    """
    X, F = checks.floats("draw_touched", X=(X, "(H, W)"), F=(F, "(kH, kW)"))
    plan = plan_of("draw_touched", X.shape, F.shape, stride, padding)
    touched = touched_outputs(X.shape, F.shape, cell, stride, padding)
    at = tuple(place + before for place, (before, _) in zip(cell, plan.padding, strict=True))
    labels = {output: labels_of(0, 0, F)[weight] for output, weight in touched.items()}
    parts = [padded_panel(X, plan, highlight=(at,)), operator("*"), Panel(F, "F"), operator("=")]
    parts.append(Panel(O, "O", highlight=tuple(touched), labels=labels))
    return lay_out(ax, lambda cell: row_of(parts, cell))
