"""A network as a diagram from top to bottom: the output of every layer drawn to scale, with texts beside it.

Boxes       height and width with one scale for all; a plane for each channel, at most PLANES. A vector is a row of
            cells; dots stand for cells that are not drawn.
Hatching    rows and columns on which no output of the network depends. The text beside a box says how many of them
            the next layer leaves out.
Outlines    heavy: one cell of the last output that has rows and columns, and the part of each box above it that this
            cell depends on.
Sizes       in pixels of the page: the unit of the axes. On smaller axes everything shrinks alike, texts too.
Chapters    00, 08.
"""

import math
import textwrap
from dataclasses import dataclass

from matplotlib.patches import Rectangle

from cnn_core import Model, checks
from cnn_core.model import infer_shapes
from cnn_viz.base.layout import cell_of, new_canvas, text_size
from cnn_viz.base.palette import HUE, INK
from cnn_viz.base.style import FONT, picture
from cnn_viz.network.receptive import layer_outputs

MARGIN = 12  # pixels around everything
LARGEST, SCALE = 100, 16  # pixels of the page: for the longest side of a box; for a pixel of a box at most
ARROW = 20  # pixels between two boxes
GAP = 20  # pixels between two columns
LINE = 16  # pixels: the height of a line of text
SIGN = 22  # pixels: the width of a sign before its meaning
WRAP = 30  # characters in a line of the arguments of a layer
BOLD = 1.15  # a bold text is that much wider
HEADER = ("layer", "output", "parameters", "one cell sees")


@picture
def draw_network(model, input_shape=(1, 28, 28), ax=None):
    """Draw a network: a box for the output of every layer, its shape, its parameters and its receptive field.

    Parameters
    ----------
    model : Model or list of Layer
    input_shape : tuple of int
        The shape of one example, without N, if layers are given; a Model knows its own.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes on a new figure if not given.
    """
    layers, shapes = _layers_and_shapes(model, input_shape)
    plan = Plan(layer_outputs(layers, shapes))
    ax = _canvas(ax, plan.width, plan.height)
    _write_row(ax, plan, MARGIN, [[word] for word in HEADER], weight="bold")
    for number, (output, box, middle) in enumerate(zip(plan.outputs, plan.boxes, plan.middles, strict=True)):
        box.draw(ax, middle, plan.axis, output, HUE["O" if number else "X"])
        _write_output(ax, plan, output, middle)
    for number in range(len(layers)):
        _arrow(ax, plan, number)
    _write_end(ax, plan)
    return ax


def _layers_and_shapes(model, input_shape):
    if isinstance(model, Model):
        return list(model.layers), model.shapes
    if not hasattr(model, "__iter__"):
        raise checks.BadType(f"model must be a Model or a list of layers, got {checks.shown(model)}.")
    layers = list(model)
    return layers, infer_shapes(layers, checks.shape("input_shape", input_shape))


def _canvas(ax, width, height):
    if ax is None:
        return new_canvas(height, width, cell=1)
    if ax.get_autoscale_on():
        ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
        ax.set_axis_off()
    return ax


# --- measuring: where everything lies ---------------------------------------------------------------------------------


class Plan:
    """The positions of the boxes and of the columns of text of a network, in pixels.

    Parameters
    ----------
    outputs : list of LayerOutput

    Attributes
    ----------
    boxes, middles : list
        The box of every output, and the distance of its middle from the upper edge.
    axis : float
        The distance of the middles of all boxes from the left edge.
    columns : list of float
        The left edges of the columns of text.
    """

    def __init__(self, outputs):
        self.outputs = outputs
        sides = [side for output in outputs if len(output.shape) == 3 for side in output.shape[1:]]
        self.scale = min(SCALE, LARGEST / max(sides, default=1))
        self.boxes = [box_of(output.shape, self.scale) for output in outputs]
        widest = max(box.width for box in self.boxes)
        self.axis = MARGIN + widest / 2
        self.columns = self._columns(MARGIN + widest + GAP)
        self.middles, self.end = self._middles(MARGIN + 1.5 * LINE)
        self.legend = legend_of(outputs, self.boxes)
        meanings = max((text_size(text)[0] for text in self.legend.values()), default=0)
        self.width = max(self.columns[-1] - GAP, MARGIN + SIGN + meanings) + MARGIN
        self.height = self.end + LINE * (2 + len(self.legend)) + MARGIN

    def _columns(self, left):
        rows = [[[word] for word in HEADER], *(_texts(output) for output in self.outputs)]
        columns = [left]
        for cells in zip(*rows, strict=True):
            columns.append(columns[-1] + GAP + max(_width(cell) for cell in cells))
        return columns

    def _middles(self, top):
        middles = []
        for output, box in zip(self.outputs, self.boxes, strict=True):
            height = max(box.height, LINE * len(_texts(output)[0]))
            middles.append(top + height / 2)
            top += height + ARROW
        return middles, top - ARROW + LINE / 2


def _width(lines):
    """Return the width of lines of text, the first of them bold."""
    widths = [text_size(line)[0] for line in lines]
    return max([BOLD * widths[0], *widths])


def _texts(output):
    """Return the lines of text in each column beside an output."""
    lines = [output.title, *textwrap.wrap(output.settings, WRAP), *textwrap.wrap(output.note, WRAP)]
    parameters = f"{output.parameters:,}" if output.parameters else "–"
    return [lines, [str(tuple(output.shape))], [parameters], [output.sees]]


def legend_of(outputs, boxes):
    """Return the signs in a drawing and their meanings: {sign: text}."""
    last = [output.title for output in outputs if output.block]
    cut = {type(box) for box in boxes if box.is_cut}
    meanings = {
        "outline": f"one cell of {last[-1]}, and in the boxes above what it depends on" if last else "",
        "hatching": "excluded: no output of the network depends on it" if any(any(o.unseen) for o in outputs) else "",
        "stack": f"{PLANES} maps are drawn; there are {PLANES} or more" if ChannelStack in cut else "",
        "dots": "a vector that is longer than it is drawn" if VectorCells in cut else "",
    }
    return {sign: text for sign, text in meanings.items() if text}


# --- placing: texts, arrows, signs ------------------------------------------------------------------------------------


def _write_row(ax, plan, top, cells, **style):
    """Write lines of text into the columns, from `top` on."""
    for left, lines in zip(plan.columns, cells, strict=False):
        for row, line in enumerate(lines):
            _write(ax, left, top + LINE * (row + 0.5), line, **style)


def _write_output(ax, plan, output, middle):
    (title, *others), *rest = _texts(output)
    top = middle - LINE * (1 + len(others)) / 2
    _write(ax, plan.columns[0], top + LINE / 2, title, weight="bold")
    _write_row(ax, plan, top + LINE, [others])
    _write_row(ax, plan, top, [[], *rest])


def _write(ax, left, middle, text, **style):
    ax.text(left, middle, text, fontsize=FONT * cell_of(ax), va="center", **style)


def _write_end(ax, plan):
    """Write the total number of parameters, and the meanings of the signs."""
    total = sum(output.parameters for output in plan.outputs)
    _write_row(ax, plan, plan.end, [["in all"], [], [f"{total:,}"]], weight="bold")
    for row, (sign, text) in enumerate(plan.legend.items()):
        middle = plan.end + LINE * (2.5 + row)
        _draw_sign(ax, sign, MARGIN, middle)
        _write(ax, MARGIN + SIGN, middle, text)


def _draw_sign(ax, sign, left, middle):
    if sign == "dots":
        return draw_dots(ax, left + 6, middle)
    style = {"outline": {"linewidth": 2.2 * cell_of(ax)}, "hatching": {"linewidth": 0.6, "hatch": "//////"}}
    shifts, side = ((4, 2, 0), 8) if sign == "stack" else ((0,), 12)
    for shift in shifts:
        corner = left + shift, middle - 6 + shifts[0] - shift
        ax.add_patch(Rectangle(corner, side, side, facecolor="white", edgecolor=INK, **style.get(sign, {})))


def _arrow(ax, plan, number):
    """Draw an arrow from one box to the next."""
    start = plan.middles[number] + plan.boxes[number].height / 2
    end = plan.middles[number + 1] - plan.boxes[number + 1].height / 2
    size = cell_of(ax)
    line = {"arrowstyle": "-|>", "color": INK, "linewidth": size, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (plan.axis, end - 2), (plan.axis, start + 2), arrowprops=line | {"mutation_scale": 9 * size})


# --- boxes: one output drawn to scale ---------------------------------------------------------------------------------

PLANES, SHIFT = 6, 3  # the most channels that are drawn; pixels from one to the next
THINNEST = 4  # pixels: a side that would be shorter
VECTOR_CELL, MOST_CELLS = 10, 19  # pixels: the side of a cell of a vector; the most that are drawn, dots in the middle


def box_of(shape, scale):
    """Return the box for an output of this shape, without N: a ChannelStack for (C, H, W), else VectorCells."""
    return ChannelStack(shape, scale) if len(shape) == 3 else VectorCells(math.prod(shape))


@dataclass(frozen=True)
class ChannelStack:
    """An output (C, H, W): a plane for each channel, at most PLANES.

    Attributes
    ----------
    shape : (int, int, int)
    scale : float
    """

    shape: tuple
    scale: float

    @property
    def is_cut(self):
        """Whether it has more channels than are drawn."""
        return self.shape[0] > PLANES

    @property
    def planes(self):
        """The number of planes that are drawn."""
        return min(self.shape[0], PLANES)

    @property
    def sides(self):
        """Height and width of a plane in pixels."""
        return tuple(max(length * self.scale, THINNEST) for length in self.shape[1:])

    @property
    def height(self):
        """Of the whole stack."""
        return self.sides[0] + SHIFT * (self.planes - 1)

    @property
    def width(self):
        """Of the whole stack."""
        return self.sides[1] + SHIFT * (self.planes - 1)

    def draw(self, ax, middle, axis, output, colour):
        """Draw it around its middle, with the marks on its front plane."""
        height, width = self.sides
        left, top = axis - self.width / 2, middle + self.height / 2 - height
        for back in reversed(range(self.planes)):
            corner = left + SHIFT * back, top - SHIFT * back
            ax.add_patch(Rectangle(corner, width, height, facecolor=colour, edgecolor=INK, linewidth=0.8))
        rows, columns = output.unseen
        for first, length in rows:
            self._hatch(ax, left, top, (first, 0, length, self.shape[2]))
        for first, length in columns:
            self._hatch(ax, left, top, (0, first, self.shape[1], length))
        if output.block:
            self._mark(ax, left, top, output.block, linewidth=1.8 * cell_of(ax), edgecolor=INK, zorder=3)

    def _hatch(self, ax, left, top, block):
        self._mark(ax, left, top, block, linewidth=0.6, edgecolor=INK, hatch="//////", zorder=2)

    def _mark(self, ax, left, top, block, **style):
        down, across = (side / length for side, length in zip(self.sides, self.shape[1:], strict=True))
        row, column, rows, columns = block
        corner = left + column * across, top + row * down
        ax.add_patch(Rectangle(corner, columns * across, rows * down, fill=False, joinstyle="miter", **style))


@dataclass(frozen=True)
class VectorCells:
    """A vector: a cell for each number; of a long one the first and the last, and dots between them.

    Attributes
    ----------
    count : int
    """

    count: int
    height = VECTOR_CELL

    @property
    def is_cut(self):
        """Whether it is longer than it is drawn."""
        return self.count > MOST_CELLS

    @property
    def positions(self):
        """The positions of cells that are drawn, counted from the left."""
        dots = range(MOST_CELLS // 2 - 1, MOST_CELLS // 2 + 2) if self.is_cut else ()
        return [position for position in range(min(self.count, MOST_CELLS)) if position not in dots]

    @property
    def width(self):
        """In pixels."""
        return VECTOR_CELL * min(self.count, MOST_CELLS)

    def draw(self, ax, middle, axis, output, colour):
        """Draw it around its middle."""
        for position in self.positions:
            corner = axis - self.width / 2 + VECTOR_CELL * position, middle - VECTOR_CELL / 2
            ax.add_patch(Rectangle(corner, VECTOR_CELL, VECTOR_CELL, facecolor=colour, edgecolor=INK, linewidth=0.8))
        if self.is_cut:
            draw_dots(ax, axis, middle)


def draw_dots(ax, across, middle):
    """Write the dots that stand for cells that are not drawn."""
    style = {"ha": "center", "va": "center", "fontsize": FONT * cell_of(ax), "weight": "bold"}
    ax.text(across, middle, "···", **style)
