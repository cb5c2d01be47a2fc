"""A computation as a graph: its arrays on a grid, and an arrow from each to those that are computed from it.

Shapes      (N, 1, H, W), of which the images stand one below the other, or a single number in any shape.
Marks       the name and the shape stand above each array; a gradient ('dC/d...') has a dashed outline.
Arrows      a text beside an arrow names the operation.
Chapters    12.
"""

from dataclasses import dataclass

import numpy as np

from cnn_core import checks
from cnn_viz.arrays.panel import ArrayPanel
from cnn_viz.base.layout import Column, Leaf, TextBox, cell_of, draw_on_canvas, moved
from cnn_viz.base.palette import INK
from cnn_viz.base.style import FONT, picture

ACROSS, DOWN = 40, 50  # pixels between two columns and between two rows
CLEAR = 5  # pixels between an arrow and its arrays


@picture
def draw_graph(ax, nodes, edges):
    """Draw arrays on a grid, and an arrow with a text for each edge.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a canvas of the right size; None is a new figure.
    nodes : {str: (row, column, role, array)}
        For each name the place on the grid, the hue as in `Panel`, and an array (N, 1, H, W) or a single number.
    edges : sequence of (str, str, str)
        The names of the arrays at the beginning and at the end of an arrow, and its text.
    """
    for name in [name for edge in edges for name in edge[:2]]:
        checks.require(name in nodes, f"an edge names {name!r}, which is none of the nodes {list(nodes)}.")
    boxes = {name: (row, column, _box(name, role, array)) for name, (row, column, role, array) in nodes.items()}
    return draw_on_canvas(ax, _Graph(boxes, list(edges)))


def _box(name, role, array):
    """Return an array under its name and shape."""
    array = checks.as_float(name, array)
    is_fit = array.size == 1 or (array.ndim == 4 and array.shape[1] == 1)
    checks.expect(is_fit, f"{name} must have shape (N, 1, H, W) or be one number", array.shape)
    images = array.reshape(-1, *array.shape[-2:]) if array.ndim == 4 else [array.reshape(1, 1)]
    title = TextBox(f"{name}\n{array.shape}")
    return Column([title, *(_Untitled(image, role, name) for image in images)])


class _Untitled(ArrayPanel):
    """A panel without its title, which stands once above all images."""

    title = ""


@dataclass(frozen=True, eq=False)
class _Graph:
    """Boxes in the middle of the cells of a grid, and the arrows between them."""

    boxes: dict
    edges: list

    def size(self, cell):
        """Return its (height, width) in cells."""
        tops, lefts = self._grid(cell)
        return tops[-1] - DOWN / cell, lefts[-1] - ACROSS / cell

    def placed(self, cell):
        """Return the panels and the arrows with their places."""
        places = self._places(cell)
        found = [_Arrow(places[start], places[end], text) for start, end, text in self.edges]
        found = [(arrow, 0, 0) for arrow in found]
        for name, (_, _, box) in self.boxes.items():
            found += moved(box.placed(cell), *places[name][:2])
        return found

    def _places(self, cell):
        """Return (top, left, height, width) of every box."""
        tops, lefts = self._grid(cell)
        places = {}
        for name, (row, column, box) in self.boxes.items():
            height, width = box.size(cell)
            down = (tops[row + 1] - DOWN / cell - tops[row] - height) / 2
            right = (lefts[column + 1] - ACROSS / cell - lefts[column] - width) / 2
            places[name] = tops[row] + down, lefts[column] + right, height, width
        return places

    def _grid(self, cell):
        """Return where each row begins and where each column begins, and where another one would."""
        sizes = [(row, column, *box.size(cell)) for row, column, box in self.boxes.values()]
        rows, columns = (1 + max(each[axis] for each in sizes) for axis in (0, 1))
        heights = [max((s[2] for s in sizes if s[0] == row), default=0) + DOWN / cell for row in range(rows)]
        widths = [max((s[3] for s in sizes if s[1] == column), default=0) + ACROSS / cell for column in range(columns)]
        return np.cumsum([0, *heights]), np.cumsum([0, *widths])


@dataclass(frozen=True, eq=False)
class _Arrow(Leaf):
    """An arrow from the edge of one box to the edge of another, with a text beside its middle."""

    start: tuple
    end: tuple
    text: str

    def draw(self, ax, top, left):
        """Draw it on a canvas."""
        clear = CLEAR / cell_of(ax)
        ends = _edge_towards(self.start, self.end, clear), _edge_towards(self.end, self.start, clear)
        style = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", ends[1], ends[0], arrowprops=style)
        x, y = np.mean(ends, axis=0)
        is_level = abs(ends[0][1] - ends[1][1]) < 1e-9
        beside = {"xytext": (0, 3), "ha": "center", "va": "bottom"} if is_level else {"xytext": (7, 0), "va": "center"}
        ax.annotate(self.text, (x, y), textcoords="offset points", fontsize=FONT, **beside)


def _edge_towards(box, other, clear):
    """Return the (x, y) at which the line between the middles of two boxes leaves the first, and a little further."""
    middle, target = _middle(box), _middle(other)
    direction = target - middle
    half = np.array([box[3], box[2]]) / 2 + clear
    reach = min(h / abs(d) for h, d in zip(half, direction, strict=True) if d)
    return middle + direction * reach


def _middle(box):
    top, left, height, width = box
    return np.array([left + width / 2, top + height / 2])
