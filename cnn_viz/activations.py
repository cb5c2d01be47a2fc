"""Activations: each function with its derivative under it, the tangent at a point, and the slopes of a layer's units.

Curves      x (n,), O and slopes (n,) or (lines, n): several lines are the outputs of a softmax. They are ink, told
            apart by dashes; they never borrow an array's hue. Where a slope jumps, the line is broken: a full dot says
            which value holds there, an empty one where the other side would end.
Guests      functions, slopes and tangents are the caller's; nothing is computed from them but where a line jumps.
Story       notebooks/05_fully_connected.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.figures import WIDEST, add_axes, new_figure
from cnn_viz.mosaic import add_colour_bar
from cnn_viz.palette import DASHES, INK, MAGNITUDES

FONT = 9  # points
LEFT, GAP, HEAD, FOOT = 46, 36, 26, 40  # pixels: left of the first column, between two pictures, above, below
APART = 42  # pixels between columns: room for a number with a sign
UPPER, LOWER = 170, 110  # pixels: the height of a function, and of its derivative
ONE = 420  # pixels: the width of a single function
JUMP = 0.3  # of the slopes' range, from one x to the next: no smooth curve here is as steep
UNIT, EXAMPLE = 7, 6  # pixels: width and height of a cell of a table of slopes
TITLE, CROSSES = 24, 16  # pixels: above a table; below it, for the crosses


def show_activations(curves, point=None):
    """Draw functions side by side, each with its derivative under it.

    Parameters
    ----------
    curves : dict of str: (array (n,), array (n,) or (lines, n), array of the same shape)
        For each name x, the function's values and its slopes.
    point : (float, float, float), optional
        x, value and slope of one point: drawn in both pictures, with the tangent through it.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if not curves:
        raise ValueError("show_activations: there is nothing to draw; give at least one name with (x, O, slopes).")
    room = ONE if len(curves) == 1 else WIDEST
    wide = (room - LEFT - 14 - APART * (len(curves) - 1)) // len(curves)
    figure = new_figure(room, HEAD + UPPER + GAP + LOWER + FOOT)
    for column, (name, given) in enumerate(curves.items()):
        x, O, slopes = _curve(name, *given)
        left = LEFT + column * (wide + APART)
        above = _axes(figure, (left, HEAD, wide, UPPER), x, O, name)
        below = _axes(figure, (left, HEAD + UPPER + GAP, wide, LOWER), x, slopes, f"its derivative{_plural(O)}")
        below.set_xlabel("X", fontsize=FONT, color=INK)
        above.tick_params(labelbottom=False)
        _lines(above, x, O, np.zeros(len(x) - 1, bool))
        _names(above, x, O)
        _slopes(below, x, slopes)
        if point is not None:
            _mark(above, below, x, *point)
    return figure


def _curve(name, x, O, slopes):
    x, O = checks.as_float("show_activations", f"x of {name}", x), checks.as_float("show_activations", name, O)
    slopes = checks.as_float("show_activations", f"slopes of {name}", slopes)
    checks.same_shape("show_activations", f"slopes of {name}", slopes, O.shape, "(the shape of the function's values)")
    if O.shape[-1:] != x.shape:
        raise ValueError(f"show_activations: {name} has shape {O.shape}; its last axis must be as long as x {x.shape}.")
    return x, np.atleast_2d(O), np.atleast_2d(slopes)


def _plural(O):
    return "" if len(O) == 1 else "s"


def _axes(figure, place, x, values, title):
    ax = add_axes(figure, *place)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = 0.08 * (high - low or 1)
    ax.set(xlim=x[[0, -1]], ylim=(low - room, high + room))
    for line in (ax.axhline, ax.axvline):
        line(0, color=INK, linewidth=0.6, alpha=0.35)
    ax.locator_params(nbins=4)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))
    ax.tick_params(labelsize=FONT - 1, length=3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(title, fontsize=FONT, color=INK, pad=4)
    return ax


def _lines(ax, x, values, breaks):
    """Draw each line of values, not connected over the breaks."""
    at = np.flatnonzero(breaks) + 1
    for number, line in enumerate(values):
        dashes = DASHES[number % len(DASHES)]
        ax.plot(np.insert(x, at, np.nan), np.insert(line, at, np.nan), dashes, color=INK, linewidth=1.6)


def _names(ax, x, values):
    """Write the name of each of several lines over its left end."""
    for number, line in enumerate(values if len(values) > 1 else ()):
        over = {"textcoords": "offset points", "ha": "left", "va": "bottom", "fontsize": FONT - 1, "color": INK}
        ax.annotate(f"O[{number}]", (x[0], line[0]), (3, 2), **over)


def _slopes(ax, x, slopes):
    """Draw the derivatives; where one jumps, with a full dot on the value that holds there and an empty one beyond."""
    if len(slopes) > 1:
        return _lines(ax, x, slopes, np.zeros(len(x) - 1, bool))
    (line,) = slopes
    breaks = np.abs(np.diff(line)) > JUMP * (np.ptp(line) or 1)
    _lines(ax, x, slopes, breaks)
    for place in np.flatnonzero(breaks):
        dot = {"marker": "o", "color": INK, "markersize": 5, "zorder": 3, "clip_on": False}
        ax.plot(x[place], line[place], **dot)
        ax.plot(x[place], line[place + 1], **dot, markerfacecolor="white")


def _mark(above, below, x, at, value, slope):
    """Draw the tangent through a point of the function, and the point's slope on the derivative."""
    ends = x[[0, -1]]
    above.plot(ends, value + slope * (ends - at), color=INK, linewidth=1.2, dashes=(6, 3), alpha=0.6)
    square = {"marker": "s", "color": "white", "markeredgecolor": INK, "markersize": 7, "zorder": 4, "clip_on": False}
    above.plot(at, value, **square)
    below.plot([at, at], [0, slope], color=INK, linewidth=1, linestyle=":")
    below.plot(at, slope, **square)


# --- the units of a layer ---------------------------------------------------------------------------------------------


def show_slopes(tables, largest=1.0):
    """Draw which units let a gradient through for which examples: bright where the slope is large, dark where it is 0.

    A cross under a column says that its unit lets nothing through for any example.

    Parameters
    ----------
    tables : dict of str: array, shape (examples, units)
        The activation's slopes, by what stands above them.
    largest : float
        The slope that is drawn brightest.

    Returns
    -------
    matplotlib.figure.Figure
    """
    tables = {title: checks.as_float("show_slopes", title, table) for title, table in tables.items()}
    for title, table in tables.items():
        checks.dimensions("show_slopes", title, table, "(examples, units)")
        checks.not_empty("show_slopes", title, table)
    tall = max(len(table) for table in tables.values()) * EXAMPLE
    wide = [table.shape[1] * UNIT for table in tables.values()]
    figure = new_figure(LEFT + sum(wide) + GAP * len(wide) + 50, TITLE + tall + CROSSES + FOOT - 10)
    left = LEFT
    for (title, table), width in zip(tables.items(), wide, strict=True):
        _table(figure, (left, TITLE, width, len(table) * EXAMPLE), title, table, largest)
        left += width + GAP
    add_colour_bar(figure, MAGNITUDES, (0.0, largest), left - GAP / 2, TITLE)
    return figure


def _table(figure, place, title, table, largest):
    ax = add_axes(figure, *place)
    ax.imshow(table, cmap=MAGNITUDES, vmin=0, vmax=largest, interpolation="nearest", aspect="auto")
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=FONT, color=INK, pad=5)
    ax.set_ylabel("examples", fontsize=FONT, color=INK)
    ax.set_xlabel("units", fontsize=FONT, color=INK, labelpad=CROSSES)
    for unit in np.flatnonzero((table == 0).all(axis=0)):
        below = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "annotation_clip": False}
        ax.annotate("×", (unit, 0), (0, -6), ha="center", va="center", fontsize=FONT, color=INK, **below)
