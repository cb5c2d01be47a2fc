"""Lines: runs side by side with a name at the end of each, results of several seeds as dots, paths on a surface.

Shapes      a line (S,); heights (R, C) over x (C,) and y (R,); a path (S + 1, 2), start first.
Colours     METHOD for optimisers: one hue a family, one line style a member. Other lines are drawn in ink, each with a
            line style of its own. Contours are grey, their heights written on them.
Marks       on a surface: a ring at the start, a dot at each step, white on dashes, a square at the end, a cross at the
            minimum. A thin line leads from each end to a name at the right; (out) marks a path that leaves the map.
Chapters    05, 06, 07, 08, 11.
"""

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cnn_core import checks
from cnn_viz.base.axes import draw_box, label_axes, round_numbers
from cnn_viz.base.figures import WIDEST, add_axes, new_figure
from cnn_viz.base.palette import DASHES, INK, METHOD
from cnn_viz.base.style import FONT, picture

LEFT, TOP, WIDE, HIGH, RIGHT, BOTTOM = 82, 26, 470, 220, 190, 46  # pixels
LEGEND = 20  # pixels: at the right, where no names stand
ROW = 34  # pixels: a name with its dots
NAMES = 150  # pixels
FEW = 12  # values: each has a marker
APART = 0.075  # of the height: the least between two names


@picture
def show_lines(lines, x=None, names=("step", ""), title="", log=False, wide=WIDE, legend=False):
    """Draw one line for each name against the step, or against x, with the name at its end or in a legend.

    Parameters
    ----------
    lines : dict of str: array, shape (S,)
        Finite; above 0 where the scale is logarithmic.
    x : array, shape (S,), optional
        1, 2, ... S if not given. A few values over a given x have a marker each.
    names : (str, str)
        The labels of the two axes.
    title : str
    log : bool
        Both scales (with x) or the vertical one (without) are logarithmic. Otherwise it begins at 0 if it can.
    wide : int
        The width of the axes in pixels.
    legend : bool
        Write the names beside a piece of each line in the upper right corner: for lines that end at one place.
    """
    figure = new_figure(LEFT + wide + (LEGEND if legend else RIGHT), TOP + HIGH + BOTTOM)
    ax = add_axes(figure, LEFT, TOP, wide, HIGH)
    ends = {}
    for (name, values), (colour, kind) in zip(lines.items(), styles_of(lines), strict=True):
        at = np.arange(1, len(values) + 1) if x is None else np.asarray(x)
        mark = "o" if x is not None and len(at) <= FEW else ""
        values = checks.as_float(name, values)
        # a marker at the edge of the axes is drawn whole
        ax.plot(at, values, color=colour, linestyle=kind, linewidth=1.8, marker=mark, clip_on=not mark, label=name)
        ends[name] = (at[-1], values[-1])
    _scale(ax, x, log, min(np.min(values) for values in lines.values()))
    if legend:
        ax.legend(loc="upper right", handlelength=4)
    else:
        write_names(ax, ends)
    label_axes(ax, title, *names)
    ax.grid(axis="y")
    return figure


@picture
def show_dots(results, unit, title="", mean=True, notes=None):
    """Draw results as dots, for instance one a seed: a row for each name, a vertical bar at its mean.

    The axis is fitted to the data.

    Parameters
    ----------
    results : dict of str: array, shape (results,)
    unit : str
        The label of the axis.
    title : str
    mean : bool
        Draw the bar; leave it out where a mean says nothing, as over several learning rates.
    notes : dict of str: str, optional
        A short text for each name, written under it.
    """
    tall = ROW * len(results)
    figure = new_figure(NAMES + WIDE + 40, TOP + tall + BOTTOM)
    ax = add_axes(figure, NAMES, TOP, WIDE, tall)
    for row, (name, values) in enumerate(results.items()):
        values = checks.as_float(name, values)
        ax.plot([values.min(), values.max()], [row, row], color=INK, linewidth=0.8, zorder=1)
        dots = {"color": METHOD.get(name, (INK,))[0], "markeredgecolor": INK, "markersize": 8, "alpha": 0.85}
        ax.plot(values, np.full(len(values), row), "o", **dots)
        if mean:
            ax.plot(values.mean(), row, "|", color=INK, markersize=22, markeredgewidth=2.5, zorder=4)
    labels = [f"{name}\n{notes[name]}" for name in results] if notes else list(results)
    ax.set(ylim=(len(results) - 0.5, -0.5), yticks=range(len(results)), yticklabels=labels)
    label_axes(ax, title, unit)
    ax.grid(axis="x")
    return figure


def _scale(ax, x, log, lowest):
    if x is None:
        ax.margins(x=0)
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(FixedLocator(round_numbers(*ax.get_ylim())))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        ax.yaxis.set_minor_locator(NullLocator())
    elif lowest >= 0:
        ax.set_ylim(bottom=0)
    if log and x is not None:
        ax.set_xscale("log")
        ax.set_xticks(x, [f"{value:g}" for value in x])
        ax.xaxis.set_minor_locator(NullLocator())


def styles_of(names):
    """Return (colour, line style) for each name: those of METHOD, or ink with a line style that is free.

    Examples
    --------
    >>> styles_of(["Adam", "without correction"])
    [('#E69F00', '--'), ('#1A1A1A', '-')]
    """
    others = [name for name in names if name not in METHOD]
    if len(others) > len(DASHES):
        raise checks.BadValue(f"only {len(DASHES)} lines that are no method's can be told apart, got {len(others)}.")
    own = dict(zip(others, ((INK, dashes) for dashes in DASHES), strict=False))
    return [METHOD.get(name) or own[name] for name in names]


def moved_apart(positions, least):
    """Return positions in 0..1, in the given order, moved so that neighbours are at least `least` apart.

    Examples
    --------
    >>> moved_apart([0.5, 0.5, 0.9], 0.1)
    [0.5, 0.6, 0.9]
    """
    order = np.argsort(positions, kind="stable")
    found = np.array(positions, dtype=float)[order]
    for below, above in zip(range(len(found)), range(1, len(found)), strict=False):
        found[above] = max(found[above], found[below] + least)
    found -= max(0, found[-1] - 1) if len(found) else 0
    result = np.empty(len(found))
    result[order] = found
    return result.round(9).tolist()


def write_names(ax, ends):
    """Write names at the right of the axes, each with a thin line from the (x, y) at which its own line ends."""
    low, high = (ax.transData.transform([(0, limit)])[0, 1] for limit in ax.get_ylim())
    at = [(ax.transData.transform([end])[0, 1] - low) / (high - low) for end in ends.values()]
    for (name, end), height in zip(ends.items(), moved_apart(np.clip(at, 0, 1), APART), strict=True):
        lead = {"arrowstyle": "-", "color": INK, "linewidth": 0.6, "alpha": 0.5, "shrinkA": 0, "shrinkB": 0}
        at_names = {"xytext": (1.02, height), "textcoords": "axes fraction"}
        ax.annotate("", end, **at_names, arrowprops=lead, annotation_clip=False, zorder=2)
        ax.text(1.03, height, name, va="center", transform=ax.transAxes)


# --- paths on a surface -----------------------------------------------------------------------------------------------

MAP_WIDE, MAP_HIGH = 280, 230  # pixels: the surface
MAP_LEFT, MAP_TOP, MAP_RIGHT, MAP_BOTTOM = 60, 26, 156, 44  # pixels around it
CONTOUR = "#8C8C8C"
LEAVES = " (out)"
GAP, MOST = 16, 4  # pixels between two maps side by side; the most maps


@picture
def show_paths(x, y, heights, paths, levels=None, goal=None, title="", names=("a", "b")):
    """Draw the paths of optimisers on a surface, seen from above.

    Parameters
    ----------
    x, y : array, shapes (C,) and (R,)
        Increasing; their first and last values are the limits of the axes.
    heights : array, shape (R, C)
    paths : dict of str: array, shape (S + 1, 2)
        A path for each name; the names of METHOD have their own colours.
    levels : sequence of float, optional
        The heights of the contours, increasing.
    goal : (float, float), optional
        The position of the minimum.
    title : str
    names : (str, str)
        The labels of the two axes.
    """
    x, y, heights = _checked(x, y, heights)
    figure = new_figure(MAP_LEFT + MAP_WIDE + MAP_RIGHT, MAP_TOP + MAP_HIGH + MAP_BOTTOM)
    ax = add_axes(figure, MAP_LEFT, MAP_TOP, MAP_WIDE, MAP_HIGH)
    _draw_surface(ax, x, y, heights, levels, goal)
    ends = {}
    for (name, path), style in zip(paths.items(), styles_of(paths), strict=True):
        path = _checked_path(name, path)
        _draw_path(ax, path, style)
        ends[name] = _end_in(path, x, y)
    write_names(ax, {name + LEAVES * left: end for name, (end, left) in ends.items()})
    _label_map(ax, title, names)
    return figure


@picture
def show_paths_apart(x, y, heights, paths, levels=None, goal=None, names=("a", "b")):
    """Draw each path on a map of its own, side by side, so that paths that would cross can be followed.

    Parameters
    ----------
    x, y, heights, paths, levels, goal, names
        As in `show_paths`; the surface is the same for all paths. The name of each path is the title of its map.
    """
    if not 1 <= len(paths) <= MOST:
        raise checks.BadValue(f"1 to {MOST} paths fit side by side, got {len(paths)}.")
    x, y, heights = _checked(x, y, heights)
    wide = (WIDEST - MAP_LEFT) // len(paths) - GAP
    figure = new_figure(WIDEST, MAP_TOP + MAP_HIGH + MAP_BOTTOM)
    for column, ((name, path), style) in enumerate(zip(paths.items(), styles_of(paths), strict=True)):
        path = _checked_path(name, path)
        ax = add_axes(figure, MAP_LEFT + column * (wide + GAP), MAP_TOP, wide, MAP_HIGH)
        _draw_surface(ax, x, y, heights, levels, goal)
        _draw_path(ax, path, style)
        _label_map(ax, name + LEAVES * _end_in(path, x, y)[1], (names[0], "" if column else names[1]))
        ax.tick_params(labelleft=not column)
    return figure


def _draw_surface(ax, x, y, heights, levels, goal):
    lines = ax.contour(x, y, heights, levels=levels, colors=CONTOUR, linewidths=0.8, linestyles="-", zorder=1)
    ax.clabel(lines, fmt="%g", fontsize=FONT - 1)
    if goal is not None:
        ax.plot(*goal, "+", color=INK, markersize=11, markeredgewidth=1.8, zorder=4)
    ax.set(xlim=x[[0, -1]], ylim=y[[0, -1]])
    draw_box(ax)


def _label_map(ax, title, names):
    label_axes(ax, title, *names)
    ax.yaxis.labelpad = 1
    ax.tick_params(labelsize=FONT - 1)


def _draw_path(ax, path, style):
    colour, kind = style
    dots = {"marker": "o", "markersize": 3.6, "markerfacecolor": "white" if kind == "--" else colour}
    ax.plot(*path.T, color=colour, linestyle=kind, linewidth=1.8, **dots, zorder=3)
    ax.plot(*path[0], "o", color="white", markeredgecolor=INK, markersize=9, zorder=4)
    ax.plot(*path[-1], "s", color=colour, markeredgecolor=INK, markersize=6, zorder=5)


def _end_in(path, x, y):
    """Return the last point of a path before it leaves the map, and whether it ends outside."""
    inside = (path[:, 0] >= x[0]) & (path[:, 0] <= x[-1]) & (path[:, 1] >= y[0]) & (path[:, 1] <= y[-1])
    last = int(np.flatnonzero(inside)[-1]) if inside.any() else 0
    return path[last], not inside[-1]


def _checked(x, y, heights):
    x, y, heights = (checks.as_float(name, values) for name, values in (("x", x), ("y", y), ("heights", heights)))
    if heights.shape != (len(y), len(x)):
        raise checks.BadValue(f"heights {heights.shape} should be ({len(y)}, {len(x)}): a row for each y.")
    if not np.isfinite(heights).all():
        raise checks.BadValue("a height is not finite.")
    return x, y, heights


def _checked_path(name, path):
    path = checks.as_float(name, path)
    if path.ndim != 2 or path.shape[1] != 2 or not len(path):
        raise checks.BadValue(f"the path {name!r} should have shape (steps + 1, 2), got {path.shape}.")
    if not np.isfinite(path).all():
        raise checks.BadValue(f"the path {name!r} holds numbers that are not finite. Give its first steps.")
    return path
