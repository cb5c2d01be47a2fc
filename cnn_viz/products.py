"""Products: convolution as one matrix product, and the weighted sums that are added over the channels.

Shapes      X (C, H, W), F (K, C, kH, kW), O (K, H_out, W_out): one image, without N.
Layout      of the product: the filters to the left of the outputs, the windows above them, so that each output stands
            where the row of its filter and the column of its window meet.
Guests      outputs and sums are the caller's; the windows are laid down by cnn_core.
Story       notebooks/01_convolution.
"""

from cnn_core import checks
from cnn_core.convolution import pad, windows_to_columns
from cnn_viz.arrays import GAP, Panel, operator, row_of
from cnn_viz.sheets import lay_out
from cnn_viz.windows import corner_of, padded_panel, plan_of, window_panel


def draw_columns(ax, X, F, O, position=(0, 0), stride=1, padding=0):
    """Draw how every window of X becomes a column, every filter a row, and one matrix product gives all outputs.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a sheet of the right size; None is a new figure.
    X : array, shape (C, H, W)
    F : array, shape (K, C, kH, kW)
    O : array, shape (K, H_out, W_out)
    position : (int, int)
        The output whose window is outlined: in X, among the columns, and in the product.
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'

    Returns
    -------
    matplotlib.axes.Axes
    """
    where = "draw_columns"
    X, F, O = checks.floats(where, X=(X, "(C, H, W)"), F=(F, "(K, C, kH, kW)"), O=(O, "(K, H_out, W_out)"))
    plan = plan_of(where, X.shape[1:], F.shape[2:], stride, padding)
    checks.same_shape(where, "F", F, (len(F), len(X), *plan.kernel), "(K, C, kH, kW)")
    checks.same_shape(where, "O", O, (len(F), *plan.output), "(K, H_out, W_out)")
    corner_of(where, plan, position)
    number = position[0] * plan.output[1] + position[1]
    columns = windows_to_columns(pad(X[None], plan.padding), plan)[0]
    channels = _channels(X, plan, position)
    panels = (
        Panel(columns, "X", "windows as columns", highlight=((0, number, len(columns), 1),)),
        Panel(F.reshape(len(F), -1), "F", "filters as rows"),
        Panel(O.reshape(len(O), -1), "O", "O as rows", highlight=((0, number, len(O), 1),)),
    )
    return lay_out(ax, lambda cell: _product(channels, panels, cell))


def _channels(X, plan, position):
    """Return the channels of X as Panels, with the window outlined in each."""
    window = (*corner_of("draw_columns", plan, position), *plan.kernel)
    return [padded_panel(image, plan, name, highlight=(window,)) for image, name in zip(X, _names("X", X), strict=True)]


def _product(channels, panels, cell):
    """Arrange two rows, so that columns and outputs begin at the same place: channels, columns; filters, outputs."""
    columns, filters, outputs = panels
    gap, arrow, equals = GAP / cell, operator("→\neach window\nbecomes\na column"), operator("=\nrows × columns")
    stacked, (stack_height, stack_width) = stack_of(channels, cell)
    left = max(stack_width, filters.size(cell)[1])
    right = left + max(arrow.size(cell)[1], equals.size(cell)[1]) + 2 * gap
    upper = max(stack_height, columns.size(cell)[0])
    lower = upper + gap + filters.above / cell
    items = [(item, top + upper - stack_height, across + left - stack_width) for item, top, across in stacked]
    height, width = arrow.size(cell)
    items.append((arrow, upper - (columns.cells.shape[0] + height) / 2, (left + right - width) / 2))
    items.append((columns, upper - columns.cells.shape[0], right + _lead(panels, cell)))
    items.append((filters, lower, left - filters.size(cell)[1] + filters.inset(cell)))
    height, width = equals.size(cell)
    items.append((equals, lower + (len(filters.cells) - height) / 2, (left + right - width) / 2))
    items.append((outputs, lower, right + _lead(panels, cell)))
    bottom = lower + max(len(filters.cells), (len(filters.cells) + height) / 2)
    return items, (bottom, right + max(columns.size(cell)[1], outputs.size(cell)[1]))


def _lead(panels, cell):
    """Return how far columns and outputs stand from the left end of their place, so that their titles have room."""
    return max(panels[0].inset(cell), panels[2].inset(cell))


def stack_of(panels, cell):
    """Arrange Panels one below the other."""
    heights, widths = zip(*(panel.size(cell) for panel in panels), strict=True)
    items, top = [], 0.0
    for panel, height, width in zip(panels, heights, widths, strict=True):
        items.append((panel, top + panel.above / cell, (max(widths) - width) / 2 + panel.inset(cell)))
        top += height + GAP / cell
    return items, (top - GAP / cell, max(widths))


def _names(name, stack):
    """Return what each channel is called; the name itself if there is one."""
    return [name] if len(stack) == 1 else [f"{name}[{c}]" for c in range(len(stack))]


# --- several channels -------------------------------------------------------------------------------------------------


def draw_channels(ax, X, F, sums, O, position=(0, 0), stride=1, padding=0, bias=None):
    """Draw how one filter works on several channels: a weighted sum in each, added over the channels.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_columns`.
    X : array, shape (C, H, W)
    F : array, shape (C, kH, kW)
        One filter.
    sums : array, shape (C, H_out, W_out)
        The weighted sums of each channel alone.
    O : array, shape (H_out, W_out)
        Their sum over the channels, with the bias if there is one.
    position : (int, int)
        The output that is followed.
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
    bias : float, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    where = "draw_channels"
    X, F = checks.floats(where, X=(X, "(C, H, W)"), F=(F, "(C, kH, kW)"))
    sums, O = checks.floats(where, sums=(sums, "(C, H_out, W_out)"), O=(O, "(H_out, W_out)"))
    plan = plan_of(where, X.shape[1:], F.shape[1:], stride, padding)
    checks.same_shape(where, "F", F, (len(X), *plan.kernel), "(C, kH, kW)")
    checks.same_shape(where, "sums", sums, (len(X), *plan.output), "(C, H_out, W_out)")
    checks.same_shape(where, "O", O, plan.output, "(H_out, W_out)")
    rows = []
    for name, image, weights, each in zip(_names("", X), X, F, sums, strict=True):
        window = window_panel(image, weights, position, stride, padding, f"X{name}")
        total = Panel(each, None, f"sums{name}", highlight=(position,))
        rows.append([window, operator("*"), Panel(weights, "F", f"F{name}"), operator("="), total])
    output = Panel(O, "O", highlight=(position,))
    bias = [] if bias is None else [Panel([bias], "B")]
    return lay_out(ax, lambda cell: _added(rows, bias, output, cell))


def _added(rows, bias, output, cell):
    """Arrange a row for each channel, a plus between their sums, and the output to the right of their middle."""
    items, top, middle = [], 0.0, 0.0
    for number, row in enumerate(rows):
        placed, (height, width) = row_of(row, cell)
        items += [(item, top + down, across) for item, down, across in placed]
        middle = placed[-1][2] + row[-1].cells.shape[1] / 2
        top += height
        if number < len(rows) - 1 or bias:
            plus = operator("+")
            items.append((plus, top, middle - plus.size(cell)[1] / 2))
            top += plus.size(cell)[0]
    for panel in bias:
        items.append((panel, top + panel.above / cell, middle - panel.cells.shape[1] / 2))
        top += panel.size(cell)[0]
    result, (height, result_width) = row_of([operator("="), output], cell)
    gap = GAP / cell
    items += [(item, down + (top - height) / 2, across + width + gap) for item, down, across in result]
    return items, (top, width + gap + result_width)
