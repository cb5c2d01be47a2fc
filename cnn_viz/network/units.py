"""A small network as columns of units: the numbers that go forward, and under each of them its gradient.

Units       each is two cells: above, in full, its value; below, with a dashed outline, its gradient.
Lines       one for each weight that is not 0, with its number. A ReLU that is off has no line: nothing passes it.
Chapter     10.
"""

from itertools import pairwise

import numpy as np
from matplotlib.patches import Rectangle

from cnn_core import checks
from cnn_viz.base.figures import new_figure, pixel_axes
from cnn_viz.base.palette import EDGE, HUE, INK, TINT
from cnn_viz.base.style import FONT, picture
from cnn_viz.base.text import number_text

SIDE, DOWN = 34, 104  # pixels: a cell; from one unit to the next
APART, TITLE, MARGIN = 168, 30, 8  # pixels: from one column to the next; above the columns; around all
NEAR = 0.7  # position of a weight on its line, as a share of the distance to the left end


@picture
def show_units(columns, weights):
    """Draw a small network, from the input to a single score, with the numbers of both passes.

    Parameters
    ----------
    columns : {str: (array, array), each of shape (units,)}
        The values and the gradients of each column of units, by its name. The cell of a NaN is empty.
    weights : list of array, shape (units, units of the next column)
        Between the columns. An entry 0 has no line.
    """
    columns, weights = _checked(columns, weights)
    most = max(len(values) for values, _ in columns.values())
    width, height = APART * len(weights) + SIDE + 40, TITLE + DOWN * most
    figure = new_figure(width + 2 * MARGIN, height + 2 * MARGIN)
    ax = pixel_axes(figure, MARGIN, MARGIN, width, height)
    places = [_places(number, len(values), most) for number, (values, _) in enumerate(columns.values())]
    for matrix, starts, ends in zip(weights, places, places[1:], strict=False):
        for i, j in zip(*np.nonzero(matrix), strict=True):
            _draw_line(ax, starts[i], ends[j], number_text(matrix[i, j]))
    for number, (name, parts) in enumerate(columns.items()):
        ax.text(places[number][0][0], TITLE / 2, name, ha="center", va="center", fontsize=FONT + 2)
        role = "X" if number == 0 else "O"
        for place, value, gradient in zip(places[number], *parts, strict=True):
            _draw_unit(ax, place, value, gradient, role)
    return figure


def _checked(columns, weights):
    checks.require(columns, "columns is empty; at least one is needed.")
    found = {}
    for name, (values, gradient) in columns.items():
        found[name] = checks.floats(values=(values, "(units,)"), gradient=(gradient, "(units,)"))
        checks.same_shape("gradient", found[name][1], found[name][0].shape, "(the shape of the values)")
    sizes = [len(values) for values, _ in found.values()]
    wanted = list(pairwise(sizes))
    matrices = [checks.floats(weights=(each, "(units, units)"))[0] for each in weights]
    shapes = [each.shape for each in matrices]
    checks.require(shapes == wanted, f"weights have the shapes {shapes}; between the columns are {wanted}.")
    return found, matrices


def _places(number, count, most):
    """Return the centres (x, y) of the units of a column."""
    x = 20 + SIDE / 2 + APART * number
    return [(x, TITLE + DOWN * (row + 0.5 + (most - count) / 2)) for row in range(count)]


def _draw_line(ax, start, end, text):
    (x, y), (to_x, to_y) = start, end
    ax.plot([x, to_x], [y, to_y], color=INK, linewidth=1.2, zorder=1)
    box = {"facecolor": HUE["F"], "edgecolor": INK, "linewidth": 0.6, "pad": 2.5}
    at = NEAR * x + (1 - NEAR) * to_x, NEAR * y + (1 - NEAR) * to_y
    ax.text(*at, text, ha="center", va="center", fontsize=FONT + 1, bbox=box, zorder=2)


def _draw_unit(ax, place, value, gradient, role):
    x, y = place
    cells = ((y - SIDE, value, "-", TINT[role], INK), (y, gradient, "--", "white", EDGE[role]))
    for top, number, line, fill, edge in cells:
        style = {"facecolor": fill, "edgecolor": edge, "linestyle": line, "linewidth": 1.6, "zorder": 3}
        ax.add_patch(Rectangle((x - SIDE / 2, top), SIDE, SIDE, **style))
        text = "" if np.isnan(number) else number_text(number)
        ax.text(x, top + SIDE / 2, text, ha="center", va="center", fontsize=FONT + 3, zorder=4)
