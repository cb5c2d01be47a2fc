"""Distributions of values and of slopes: histograms, activation functions with their derivatives, slopes of units.

Histograms  all of a row but the first have one scale, so that a standard deviation that shrinks or grows is visible;
            the first, the weights, has its own. The standard deviation is written above each.
Curves      x (n,), O and slopes (n,) or (lines, n): several lines are the outputs of a softmax, told apart by dashes.
            Where a slope jumps, the line is broken: a full dot marks the value that holds there, an empty one the limit
            from the other side. All values are given by the caller.
Chapters    01, 05.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.base.axes import SHORT_TICKS, add_colour_bar, draw_box
from cnn_viz.base.figures import WIDEST, add_axes, add_text, new_figure
from cnn_viz.base.palette import DASHES, HUE, INK, MAGNITUDES
from cnn_viz.base.style import FONT, picture
from cnn_viz.base.text import with_minus

NAMES, TALL = 120, 62  # pixels: for the names of the rows, for a histogram
APART, TOP, LINE = 24, 22, 36  # pixels: between columns, for their names, for the numbers between rows
BINS = 41


@picture
def show_histograms(table):
    """Draw a table of histograms: a row for each name, with columns of the same names in every row.

    Parameters
    ----------
    table : dict of str: dict of str: array
        The first column of each row has the hue of filters, the others that of outputs.
    """
    rows = [list(row) for row in table.values()]
    if not rows or any(names != rows[0] for names in rows):
        raise checks.BadValue(f"every row needs the same columns, got {rows}.")
    wide = (WIDEST - NAMES) // len(rows[0]) - APART
    figure = new_figure(WIDEST, TOP + len(rows) * (TALL + LINE) + 8)
    for column, name in enumerate(rows[0]):
        add_text(figure, NAMES + column * (wide + APART) + wide / 2, TOP / 2, name, ha="center", weight="bold")
    for number, (name, row) in enumerate(table.items()):
        top = TOP + number * (TALL + LINE) + LINE / 2
        add_text(figure, NAMES / 2 - 6, top + TALL / 2, name, ha="center", weight="bold")
        widest = max((float(np.abs(values).max()) for values in list(row.values())[1:]), default=1.0)
        for column, values in enumerate(row.values()):
            ax = add_axes(figure, NAMES + column * (wide + APART), top, wide, TALL)
            values = checks.as_float(name, values)
            _histogram(ax, values, *((HUE["O"], widest) if column else (HUE["F"], None)))
    return figure


def _histogram(ax, values, hue, limit):
    limit = limit or float(np.abs(values).max()) or 1.0
    low = -limit if values.min() < 0 or not values.std() else 0.0
    counts, edges = np.histogram(values, BINS, (1.1 * low, 1.1 * limit))
    ax.bar(edges[:-1], counts, np.diff(edges), align="edge", color=hue, edgecolor=INK, linewidth=0.3)
    ax.set(xlim=edges[[0, -1]], yticks=[], xticks=sorted({low, 0.0, limit}))
    ax.set_xticklabels([with_minus(f"{tick:.2g}") for tick in ax.get_xticks()], fontsize=7)
    ax.tick_params(length=2, pad=1)
    ax.spines["left"].set_visible(False)
    ax.set_title(f"spread {values.std():.2g}", fontsize=FONT - 1, loc="center", pad=1)


# --- activation functions ---------------------------------------------------------------------------------------------

LEFT, GAP, HEAD, FOOT = 46, 36, 26, 40  # pixels: left of the first column, between two axes, above, below
COLUMN_GAP = 42  # pixels between columns: space for a number with a sign
UPPER, LOWER = 170, 110  # pixels: the height of a function, and of its derivative
ONE = 420  # pixels: the width of a single function
JUMP = 0.3  # of the range of the slopes, from one x to the next: no smooth curve here is as steep


@picture
def show_activations(curves, point=None):
    """Draw functions side by side, each with its derivative under it.

    Parameters
    ----------
    curves : dict of str: (array (n,), array (n,) or (lines, n), array of the same shape)
        For each name x, the function's values and its slopes.
    point : (float, float, float), optional
        x, value and slope of one point: drawn on both curves, with the tangent through it.
    """
    if not curves:
        raise checks.BadValue("there is nothing to draw; give at least one name with (x, O, slopes).")
    whole = ONE if len(curves) == 1 else WIDEST
    wide = (whole - LEFT - 14 - COLUMN_GAP * (len(curves) - 1)) // len(curves)
    figure = new_figure(whole, HEAD + UPPER + GAP + LOWER + FOOT)
    for column, (name, given) in enumerate(curves.items()):
        x, O, slopes = _curve(name, *given)
        left = LEFT + column * (wide + COLUMN_GAP)
        above = _axes(figure, (left, HEAD, wide, UPPER), x, O, name)
        below = _axes(figure, (left, HEAD + UPPER + GAP, wide, LOWER), x, slopes, f"its derivative{_plural(O)}")
        below.set_xlabel("X")
        above.tick_params(labelbottom=False)
        _lines(above, x, O, np.zeros(len(x) - 1, bool))
        _name_lines(above, x, O)
        _slopes(below, x, slopes)
        if point is not None:
            _mark(above, below, x, *point)
    return figure


def _curve(name, x, O, slopes):
    x, O = checks.as_float(f"x of {name}", x), checks.as_float(name, O)
    slopes = checks.as_float(f"slopes of {name}", slopes)
    checks.same_shape(f"slopes of {name}", slopes, O.shape, "(the shape of the function's values)")
    if O.shape[-1:] != x.shape:
        raise checks.BadValue(f"{name} has shape {O.shape}; its last axis must be as long as x {x.shape}.")
    return x, np.atleast_2d(O), np.atleast_2d(slopes)


def _plural(O):
    return "" if len(O) == 1 else "s"


def _axes(figure, box, x, values, title):
    ax = add_axes(figure, *box)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    space = 0.08 * (high - low or 1)
    ax.set(xlim=x[[0, -1]], ylim=(low - space, high + space))
    for line in (ax.axhline, ax.axvline):
        line(0, color=INK, linewidth=0.6, alpha=0.35)
    ax.locator_params(nbins=4)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: with_minus(f"{value:g}"))
    ax.tick_params(labelsize=FONT - 1, length=SHORT_TICKS)
    ax.set_title(title, fontsize=FONT, loc="center", pad=4)
    return ax


def _lines(ax, x, values, breaks):
    """Draw each line of values, not connected over the breaks."""
    at = np.flatnonzero(breaks) + 1
    for number, line in enumerate(values):
        dashes = DASHES[number % len(DASHES)]
        ax.plot(np.insert(x, at, np.nan), np.insert(line, at, np.nan), dashes, color=INK, linewidth=1.6)


def _name_lines(ax, x, values):
    """Write the name of each of several lines over its left end."""
    for number, line in enumerate(values if len(values) > 1 else ()):
        over = {"textcoords": "offset points", "ha": "left", "va": "bottom", "fontsize": FONT - 1}
        ax.annotate(f"O[{number}]", (x[0], line[0]), (3, 2), **over)


def _slopes(ax, x, slopes):
    """Draw the derivatives; where one jumps, a full dot on the value that holds there and an empty one beyond."""
    if len(slopes) > 1:
        return _lines(ax, x, slopes, np.zeros(len(x) - 1, bool))
    (line,) = slopes
    breaks = np.abs(np.diff(line)) > JUMP * (np.ptp(line) or 1)
    _lines(ax, x, slopes, breaks)
    for at in np.flatnonzero(breaks):
        dot = {"marker": "o", "color": INK, "markersize": 5, "zorder": 3, "clip_on": False}
        ax.plot(x[at], line[at], **dot)
        ax.plot(x[at], line[at + 1], **dot, markerfacecolor="white")


def _mark(above, below, x, at, value, slope):
    """Draw the tangent through a point of the function, and the point's slope on the derivative."""
    ends = x[[0, -1]]
    above.plot(ends, value + slope * (ends - at), color=INK, linewidth=1.2, dashes=(6, 3), alpha=0.6)
    square = {"marker": "s", "color": "white", "markeredgecolor": INK, "markersize": 7, "zorder": 4, "clip_on": False}
    above.plot(at, value, **square)
    below.plot([at, at], [0, slope], color=INK, linewidth=1, linestyle=":")
    below.plot(at, slope, **square)


# --- the units of a layer ---------------------------------------------------------------------------------------------

UNIT, EXAMPLE = 7, 6  # pixels: width and height of a cell of a table of slopes
TITLE, CROSSES = 24, 16  # pixels: above a table; below it, for the crosses


@picture
def show_slopes(tables, largest=1.0):
    """Draw the slopes of the units of a layer for several examples: bright where they are large, dark where they are 0.

    A cross under a column marks a unit whose slope is 0 for every example.

    Parameters
    ----------
    tables : dict of str: array, shape (examples, units)
        The slopes of the activation, by the title above them.
    largest : float
        The slope with the brightest colour.
    """
    tables = {title: checks.as_float(title, table) for title, table in tables.items()}
    for title, table in tables.items():
        checks.dimensions(title, table, "(examples, units)")
        checks.not_empty(title, table)
    tall = max(len(table) for table in tables.values()) * EXAMPLE
    wide = [table.shape[1] * UNIT for table in tables.values()]
    figure = new_figure(LEFT + sum(wide) + GAP * len(wide) + 50, TITLE + tall + CROSSES + FOOT - 10)
    left = LEFT
    for (title, table), width in zip(tables.items(), wide, strict=True):
        _table(figure, (left, TITLE, width, len(table) * EXAMPLE), title, table, largest)
        left += width + GAP
    add_colour_bar(figure, MAGNITUDES, (0.0, largest), left - GAP / 2, TITLE)
    return figure


def _table(figure, box, title, table, largest):
    ax = add_axes(figure, *box)
    ax.imshow(table, cmap=MAGNITUDES, vmin=0, vmax=largest, aspect="auto")
    ax.set(xticks=[], yticks=[], ylabel="examples")
    draw_box(ax)
    ax.set_title(title, fontsize=FONT, loc="center", pad=5)
    ax.set_xlabel("units", labelpad=CROSSES)
    for unit in np.flatnonzero((table == 0).all(axis=0)):
        below = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "annotation_clip": False}
        ax.annotate("×", (unit, 0), (0, -6), ha="center", va="center", **below)
