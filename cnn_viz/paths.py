"""Paths of optimisers over a surface: contours from above, a dot for each step, the name beside the path's end.

Shapes      heights (R, C) over x (C,) and y (R,), a height for each crossing; a path (S + 1, 2), start first.
Signs       a ring where all start, a dot for each step, white on dashes, a square at the end, a cross at the goal. A
            thin line leads from each end to a name at the right; a path that leaves the picture is (out).
Apart       paths that would cross each other get a picture each, side by side, over the same surface.
Colours     METHOD: one hue a family, one kind of line a member. Contours are grey, their heights written on them.
Story       notebooks/07_optimisers.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.figures import WIDEST, add_axes, new_figure
from cnn_viz.palette import DASHES, INK, METHOD

WIDE, HIGH = 280, 230  # pixels: the surface
LEFT, TOP, RIGHT, BOTTOM = 60, 26, 156, 44  # pixels around it
FONT = 9  # points
CONTOUR = "#8C8C8C"
APART = 0.075  # of the height: the least between two names
LEAVES = " (out)"
GAP, MOST = 16, 4  # pixels between two pictures side by side; so many fit


def show_paths(x, y, heights, paths, levels=None, goal=None, title="", names=("a", "b")):
    """Draw the paths of optimisers on a surface that is seen from above.

    Parameters
    ----------
    x, y : array, shapes (C,) and (R,)
        Both rising; they are the picture's edges too.
    heights : array, shape (R, C)
    paths : dict of str: array, shape (S + 1, 2)
        A path for each name; the names of METHOD have their own colours. All numbers are finite.
    levels : sequence of float, optional
        The heights that have a contour, rising.
    goal : (float, float), optional
        Where the lowest place is.
    title : str
    names : (str, str)
        What is written along the two edges.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.
    """
    x, y, heights = _checked(x, y, heights)
    figure = new_figure(LEFT + WIDE + RIGHT, TOP + HIGH + BOTTOM)
    ax = add_axes(figure, LEFT, TOP, WIDE, HIGH)
    _draw_surface(ax, x, y, heights, levels, goal)
    ends = {}
    for (name, path), style in zip(paths.items(), styles_of(paths), strict=True):
        path = _checked_path(name, path)
        _draw_path(ax, path, style)
        ends[name] = _end_in(path, x, y)
    write_names(ax, {name + LEAVES * left: end for name, (end, left) in ends.items()})
    _dress(ax, title, names)
    return figure


def show_paths_apart(x, y, heights, paths, levels=None, goal=None, names=("a", "b")):
    """Draw each path on a surface of its own, side by side, so that those that would cross can be followed.

    Parameters
    ----------
    x, y, heights, paths, levels, goal, names
        As show_paths takes them; the surface is the same for all paths. The name of each path is its title.

    Returns
    -------
    matplotlib.figure.Figure
        As wide as a page, with axes for each path.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or there are more than four paths, or none.
    """
    if not 1 <= len(paths) <= MOST:
        raise ValueError(f"show_paths_apart: 1 to {MOST} paths have room side by side, got {len(paths)}.")
    x, y, heights = _checked(x, y, heights)
    wide = (WIDEST - LEFT) // len(paths) - GAP
    figure = new_figure(WIDEST, TOP + HIGH + BOTTOM)
    for column, ((name, path), style) in enumerate(zip(paths.items(), styles_of(paths), strict=True)):
        path = _checked_path(name, path)
        ax = add_axes(figure, LEFT + column * (wide + GAP), TOP, wide, HIGH)
        _draw_surface(ax, x, y, heights, levels, goal)
        _draw_path(ax, path, style)
        _dress(ax, name + LEAVES * _end_in(path, x, y)[1], (names[0], "" if column else names[1]))
        ax.tick_params(labelleft=not column)
    return figure


def styles_of(names):
    """Return (colour, kind of line) for each name: a method's own, or ink with a kind of line that is free.

    Examples
    --------
    >>> styles_of(["Adam", "without correction"])
    [('#E69F00', '--'), ('#000000', '-')]
    """
    others = [name for name in names if name not in METHOD]
    if len(others) > len(DASHES):
        raise ValueError(f"only {len(DASHES)} lines that are no method's can be told apart, got {len(others)}.")
    own = dict(zip(others, ((INK, dashes) for dashes in DASHES), strict=False))
    return [METHOD.get(name) or own[name] for name in names]


def spread_apart(places, least):
    """Return the places, in their order, moved as little as is easy so that neighbours are `least` apart, within 0..1.

    Examples
    --------
    >>> spread_apart([0.5, 0.5, 0.9], 0.1)
    [0.5, 0.6, 0.9]
    """
    order = np.argsort(places, kind="stable")
    found = np.array(places, dtype=float)[order]
    for below, above in zip(range(len(found)), range(1, len(found)), strict=False):
        found[above] = max(found[above], found[below] + least)
    found -= max(0, found[-1] - 1) if len(found) else 0
    result = np.empty(len(found))
    result[order] = found
    return result.round(9).tolist()


def write_names(ax, ends):
    """Write names at the right of the axes, each with a thin line from the (x, y) where its own line ends."""
    low, high = (ax.transData.transform([(0, limit)])[0, 1] for limit in ax.get_ylim())
    at = [(ax.transData.transform([end])[0, 1] - low) / (high - low) for end in ends.values()]
    for (name, end), place in zip(ends.items(), spread_apart(np.clip(at, 0, 1), APART), strict=True):
        lead = {"arrowstyle": "-", "color": INK, "linewidth": 0.6, "alpha": 0.5, "shrinkA": 0, "shrinkB": 0}
        at_names = {"xytext": (1.02, place), "textcoords": "axes fraction"}
        ax.annotate("", end, **at_names, arrowprops=lead, annotation_clip=False, zorder=2)
        ax.text(1.03, place, name, va="center", fontsize=FONT, color=INK, transform=ax.transAxes)


def _draw_surface(ax, x, y, heights, levels, goal):
    lines = ax.contour(x, y, heights, levels=levels, colors=CONTOUR, linewidths=0.8, linestyles="-", zorder=1)
    ax.clabel(lines, fmt="%g", fontsize=FONT - 2)
    if goal is not None:
        ax.plot(*goal, "+", color=INK, markersize=11, markeredgewidth=1.8, zorder=4)
    ax.set(xlim=x[[0, -1]], ylim=y[[0, -1]])


def _draw_path(ax, path, style):
    colour, kind = style
    dots = {"marker": "o", "markersize": 3.6, "markerfacecolor": "white" if kind == "--" else colour}
    ax.plot(*path.T, color=colour, linestyle=kind, linewidth=1.8, **dots, zorder=3)
    ax.plot(*path[0], "o", color="white", markeredgecolor=INK, markersize=9, zorder=4)
    ax.plot(*path[-1], "s", color=colour, markeredgecolor=INK, markersize=6, zorder=5)


def _end_in(path, x, y):
    """Return the last point of a path before it leaves the picture, and whether it ends outside."""
    inside = (path[:, 0] >= x[0]) & (path[:, 0] <= x[-1]) & (path[:, 1] >= y[0]) & (path[:, 1] <= y[-1])
    last = int(np.flatnonzero(inside)[-1]) if inside.any() else 0
    return path[last], not inside[-1]


def _checked(x, y, heights):
    x, y, heights = (
        checks.as_float("show_paths", name, values) for name, values in (("x", x), ("y", y), ("heights", heights))
    )
    if heights.shape != (len(y), len(x)):
        raise ValueError(f"show_paths: heights {heights.shape} should be ({len(y)}, {len(x)}): a row for each y.")
    if not np.isfinite(heights).all():
        raise ValueError("show_paths: a height is not finite.")
    return x, y, heights


def _checked_path(name, path):
    path = checks.as_float("show_paths", name, path)
    if path.ndim != 2 or path.shape[1] != 2 or not len(path):
        raise ValueError(f"show_paths: the path {name!r} should have shape (steps + 1, 2), got {path.shape}.")
    if not np.isfinite(path).all():
        raise ValueError(f"show_paths: the path {name!r} holds numbers that are not finite. Give its first steps.")
    return path


def _dress(ax, title, names):
    ax.set_title(title, fontsize=FONT + 1, loc="left", color=INK)
    ax.set_xlabel(names[0], fontsize=FONT)
    ax.set_ylabel(names[1], fontsize=FONT, labelpad=1)
    ax.tick_params(labelsize=FONT - 1, length=3)
