"""Cost surfaces: the cost over two directions as a map with contours.

Shapes      offsets (P,) along both directions; costs (P, P): costs[i, j] at offsets[i] along the first direction, which
            runs to the right, and offsets[j] along the second, which runs up.
Contours    at round costs, each with its number on it; the ground is darker where the cost is lower. Neighbouring
            contours are about a factor of two apart, because costs differ by factors.
Marks       a cross where no parameter was changed, a ring at the chosen point, an arrow in the direction of descent.
Chapters    06. The paths of optimisers are in lines.py.
"""

import numpy as np
from matplotlib import colormaps
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from cnn_core import checks
from cnn_viz.base.axes import draw_box, round_numbers
from cnn_viz.base.figures import add_axes, new_figure
from cnn_viz.base.palette import INK, MAGNITUDES
from cnn_viz.base.style import FONT, picture

SIDE = 310  # pixels: of the map
LEFT, TOP, BELOW = 70, 30, 46  # pixels around the axes
FEWEST, INSIDE = 4, 0.92  # contours; the largest distance of a number from the centre, as a share of half the side
SPACE = np.array([0.2, 0.1])  # between the middles of two numbers, in half sides of the map
LIGHTEST, DARKEST = 1.0, 0.5  # the light half of the colours, on which black lines and numbers can be read
ARROW = 0.22  # of the side of the map
RING = {"marker": "o", "color": "white", "markeredgecolor": INK, "markersize": 9, "markeredgewidth": 2}
RING |= {"linestyle": "", "clip_on": False, "zorder": 5}
HALO = [withStroke(linewidth=3, foreground="white")]


@picture
def draw_surface(ax, offsets, costs, point=None, slope=None):
    """Draw a cost surface as a map.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        None is a new figure.
    offsets : array, shape (P,)
        Increasing.
    costs : array, shape (P, P)
        Finite and above 0.
    point : (float, float), optional
        Offsets along the two directions; gets a ring.
    slope : (float, float), optional
        The derivative of the cost in the two directions at the point; an arrow shows the direction of descent.
    """
    offsets, costs = _checked(offsets, costs)
    if ax is None:
        ax = add_axes(new_figure(LEFT + SIDE + 14, TOP + SIDE + BELOW), LEFT, TOP, SIDE, SIDE)
    _contours(ax, offsets, costs)
    if offsets[0] <= 0 <= offsets[-1]:
        ax.plot(0, 0, "+", color=INK, markersize=13, markeredgewidth=2, path_effects=HALO, zorder=4)
    if point is not None:
        ax.plot(*point, **RING)
    if point is not None and slope is not None and np.any(slope):
        _arrow_down(ax, np.array(point), np.array(slope), np.ptp(offsets))
    ax.set_aspect("equal")
    draw_box(ax)
    return _labelled(ax, "along the second direction")


def _checked(offsets, costs):
    """Return offsets (P,) and costs (P, P) as floats, checked."""
    offsets, costs = checks.floats(offsets=(offsets, "(P,)"), costs=(costs, "(P, P)"))
    if costs.shape != (len(offsets), len(offsets)) or len(offsets) < 2:
        raise checks.BadValue(f"{len(offsets)} offsets need as many costs each way, at least 2, got {costs.shape}.")
    if not (np.diff(offsets) > 0).all():
        raise checks.BadValue("offsets must rise from one to the next.")
    if not (np.isfinite(costs).all() and (costs > 0).all()):
        raise checks.BadValue(f"costs must be finite and above 0, from {costs.min():g} to {costs.max():g} given.")
    return offsets, costs


def _labelled(ax, up):
    """Label the axes, with few numbers on them, and return them."""
    ax.set(xlabel="along the first direction", ylabel=up)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5))
    return ax


def _contours(ax, offsets, costs):
    low, high = float(costs.min()), float(costs.max())
    if low == high:  # no contour to draw
        ax.set(xlim=offsets[[0, -1]], ylim=offsets[[0, -1]], facecolor=colormaps[MAGNITUDES](LIGHTEST))
        return
    levels = levels_between(low, high)
    colours = colormaps[MAGNITUDES](np.linspace(DARKEST, LIGHTEST, len(levels) + 1))
    ax.contourf(offsets, offsets, costs.T, levels=[low, *levels, high], colors=colours)
    lines = ax.contour(offsets, offsets, costs.T, levels=levels, colors=INK, linewidths=0.9)
    _number_lines(ax, levels, lines.get_paths(), offsets)


def _number_lines(ax, levels, paths, offsets):
    """Write its cost on each contour: above and right of the centre on one, below and left of it on the next."""
    middle, reach = (offsets[0] + offsets[-1]) / 2, np.ptp(offsets) / 2
    taken = [np.zeros(2)]  # the centre, where the cross may be
    for number, (level, path) in enumerate(zip(levels, paths, strict=True)):
        found = _free_position((path.vertices - middle) / reach, 1 if number % 2 else -1, taken)
        if found is None:
            continue
        taken.append(found)
        style = {"ha": "center", "va": "center", "fontsize": FONT - 1, "path_effects": HALO}
        ax.text(*(middle + reach * found), f"{level:g}", **style, zorder=3)


def _free_position(positions, side, taken):
    """Return the point of a contour furthest out on one side, off the rim and the taken points, or None."""
    for position in positions[np.argsort(-side * positions.sum(axis=1))]:
        apart = all((np.abs(position - other) > SPACE).any() for other in taken)
        if np.abs(position).max() < INSIDE and apart:
            return position
    return None


def levels_between(low, high):
    """Return round costs between low and high: about a factor of two apart, or evenly spaced if these are too few.

    Examples
    --------
    >>> levels_between(0.03, 3.0), levels_between(2.5, 16.0)
    ([0.05, 0.1, 0.2, 0.5, 1.0, 2.0], [4.0, 6.0, 8.0, 10.0, 12.0, 14.0])
    """
    for levels in (round_numbers(low, high), MaxNLocator(8).tick_values(low, high)):
        inside = [float(level) for level in levels if low < level < high]
        if len(inside) >= FEWEST:
            break
    return inside


def _arrow_down(ax, point, slope, side):
    tip = point - ARROW * side * slope / np.hypot(*slope)
    style = {"arrowstyle": "-|>", "color": INK, "linewidth": 2, "mutation_scale": 15, "path_effects": HALO}
    ax.annotate("", xy=tip, xytext=point, arrowprops=style, zorder=4, annotation_clip=False)
