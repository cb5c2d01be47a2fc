"""The result of gradient_check_grid as a table, in which errors above the tolerance stand out.

Shapes      errors (sizes, kernels, strides, paddings); nan where a kernel does not fit.
Layout      a block for each kernel and stride; in it a row for each size, a column for each padding.
Marks       errors above the tolerance are bright and have a heavy outline, all others are dark; nan is hatched. Each
            cell shows the error as a power of ten; the scale below the table marks the tolerance.
Chapters    03.
"""

import math

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from cnn_core import checks
from cnn_viz.base.axes import SHORT_TICKS, draw_box
from cnn_viz.base.figures import WIDEST, add_axes, new_figure, pixel_axes
from cnn_viz.base.layout import text_size
from cnn_viz.base.palette import INK, MAGNITUDES
from cnn_viz.base.style import FONT, picture
from cnn_viz.base.text import by, with_minus

LEFT, TOP = 108, 58  # pixels: for the names of the rows, for those of the columns
CELL, HIGH, GAP = 46, 22, 8  # pixels: the widest cell, its height, and the gap between two blocks
SCALE = 74  # pixels: the height of the scale below the table
LOWEST, DARK, BRIGHT = 1e-12, 0.3, 0.75  # the left end of the scale; the end of dark colours, the start of bright ones


@picture
def show_errors(errors, sizes, kernels, strides, paddings, tolerance=1e-6):
    """Draw the largest relative error of every combination of size, kernel, stride and padding.

    Parameters
    ----------
    errors : array, shape (len(sizes), len(kernels), len(strides), len(paddings))
        The result of gradient_check_grid.
    sizes, kernels, strides, paddings : sequences
        The arguments of gradient_check_grid.
    tolerance : float
        The largest error of a correct gradient.
    """
    given = [list(each) for each in (sizes, kernels, strides, paddings)]
    errors = checks.as_float("errors", errors)
    wanted = tuple(map(len, given))
    checks.same_shape("errors", errors, wanted, "(sizes, kernels, strides, paddings)")
    checks.not_empty("errors", errors)
    if (errors < 0).any():
        raise checks.BadValue(f"a relative error is never below 0, got {errors.min():g}.")
    tolerance = checks.number("tolerance", tolerance, gt=0)
    ax = _canvas(wanted)
    _name_rows(ax, given[0], given[1])
    _name_columns(ax, given[2], given[3], _across(wanted))
    for index in np.ndindex(wanted):
        _cell(ax, *_corner(index, wanted), _across(wanted), errors[index], tolerance)
    _scale(ax.figure, ax.get_ylim()[0], tolerance)
    return ax.figure


def shade(error, tolerance):
    """Return the position of an error on the colour map, from 0 to 1: dark up to the tolerance, bright above it.

    Examples
    --------
    >>> shade(1e-12, 1e-6), shade(1e-6, 1e-6), round(shade(1e-3, 1e-6), 3), shade(1.0, 1e-6)
    (0.0, 0.3, 0.875, 1.0)
    """
    part = math.log10(max(error, LOWEST) / LOWEST) / math.log10(tolerance / LOWEST) if tolerance > LOWEST else 1.0
    if error <= tolerance:
        return DARK * min(part, 1.0)
    return BRIGHT + (1 - BRIGHT) * min(1 - math.log10(min(error, 1.0)) / math.log10(min(tolerance, 0.1)), 1.0)


def power(error):
    """Return an error as text, rounded down to a power of ten: '1' from 1 to 10, '1e−9' for 1e-9 and all below 1e-8."""
    if error == 0 or np.isinf(error):
        return "= 0" if error == 0 else "∞"
    exponent = math.floor(math.log10(error))
    return with_minus(f"1e{exponent}") if exponent else "1"


# --- the table --------------------------------------------------------------------------------------------------------


def _canvas(wanted):
    """Return axes whose unit is a pixel of the page, with space for the table."""
    sizes, kernels, _, _ = wanted
    height = TOP + kernels * (sizes * HIGH + GAP)
    return pixel_axes(new_figure(WIDEST, height + SCALE), 0, 0, WIDEST, height)


def _across(wanted):
    """Return how wide a cell is."""
    _, _, strides, paddings = wanted
    return min(CELL, (WIDEST - LEFT - strides * GAP) / (strides * paddings))


def _corner(index, wanted):
    """Return the upper left corner of a cell, in pixels: (left, top)."""
    size, kernel, stride, padding = index
    across = _across(wanted)
    left = LEFT + stride * (wanted[3] * across + GAP) + padding * across
    return left, TOP + kernel * (wanted[0] * HIGH + GAP) + size * HIGH


def _cell(ax, left, top, across, error, tolerance):
    if np.isnan(error):
        style = {"facecolor": "white", "edgecolor": "#00000099", "hatch": "////", "linewidth": 0.6}
        ax.add_patch(Rectangle((left, top), across, HIGH, **style))
        return
    over = error > tolerance
    colour = matplotlib.colormaps[MAGNITUDES](shade(error, tolerance))
    ax.add_patch(Rectangle((left, top), across, HIGH, facecolor=colour, edgecolor="white", linewidth=0.6))
    if over:
        outline = {"fill": False, "edgecolor": INK, "linewidth": 1.8, "zorder": 3}
        ax.add_patch(Rectangle((left + 2, top + 2), across - 4, HIGH - 4, joinstyle="miter", **outline))
    style = {"color": INK if over else "white", "weight": "bold" if over else "normal"}
    _write(ax, left + across / 2, top + HIGH / 2, power(error), across, **style)


def _name_rows(ax, sizes, kernels):
    block = len(sizes) * HIGH + GAP
    _write(ax, 26, TOP - 10, "filter", weight="bold")
    _write(ax, 82, TOP - 10, "size", weight="bold")
    for number, kernel in enumerate(kernels):
        _write(ax, 26, TOP + number * block + (block - GAP) / 2, _sides(kernel), weight="bold")
        for order, size in enumerate(sizes):
            more = size + 1 if checks.is_integer(size) else None  # gradient_check_grid adds a column to an integer
            _write(ax, 82, TOP + number * block + (order + 0.5) * HIGH, _sides((size, more) if more else size))


def _name_columns(ax, strides, paddings, across):
    block = len(paddings) * across + GAP
    for number, stride in enumerate(strides):
        _write(ax, LEFT + number * block + (block - GAP) / 2, 12, f"stride {_short(stride)}", weight="bold")
        for order, padding in enumerate(paddings):
            _write(ax, LEFT + number * block + (order + 0.5) * across, 30, _short(padding), across)
    _write(ax, 68, 30, "padding", weight="bold")


def _sides(pair):
    return by((pair, pair) if checks.is_integer(pair) else pair)


def _short(value):
    return value if isinstance(value, str) else str(value).strip("()")


def _write(ax, x, y, text, width=WIDEST, **style):
    points = min(FONT, FONT * (width - 4) / max(text_size(text)[0], 1))  # smaller where a cell is narrow
    ax.text(x, y, text, ha="center", va="center", fontsize=points, **style)


# --- the scale --------------------------------------------------------------------------------------------------------


def _scale(figure, top, tolerance):
    """Draw the colours from the smallest error to 1, with the tolerance as a heavy line across them."""
    exponents = np.linspace(math.log10(LOWEST), 0, 481)
    shades = [shade(10**exponent, tolerance) for exponent in exponents[:-1]]
    ax = add_axes(figure, LEFT, top + 18, WIDEST - LEFT - 24, 14)
    limits = {"vmin": 0, "vmax": 1, "extent": (*exponents[[0, -1]], 0, 1)}
    ax.imshow([shades], cmap=MAGNITUDES, aspect="auto", interpolation="antialiased", **limits)
    ax.set(yticks=[], xticks=range(-12, 1, 2), xlabel="largest relative error, as a power of ten")
    ax.set_xticklabels([power(10.0**tick) for tick in range(-12, 1, 2)])
    ax.tick_params(length=SHORT_TICKS, pad=2)
    draw_box(ax)
    mark = max(math.log10(tolerance), exponents[0])
    ax.axvline(mark, color=INK, linewidth=3)
    text = f"tolerance {tolerance:g}", (mark, 1)
    ax.annotate(*text, xytext=(0, 2), textcoords="offset pixels", ha="center", va="bottom")
