"""Networks: a whole Model from above to below, the output of every layer drawn to scale.

Boxes       height and width with one scale for all; channels as a stack of sheets, as many as there is room for.
            A vector is a row of cells; where dots stand in it, it is longer than it is drawn.
Hatching    rows and columns that no window of the next layer reaches; written beside it too.
Outlines    heavy: one cell of the last output that has rows and columns, and above it all that this cell depends on.
Sizes       in pixels of the page: the axes' unit. On smaller axes everything shrinks alike, texts too.
Story       notebooks/00_the_whole_network, 08_model.
"""

import textwrap

from matplotlib.patches import Rectangle

from cnn_core import Model
from cnn_core.model import walk
from cnn_viz.boxes import SHEETS, Beads, Stack, box_of, draw_dots
from cnn_viz.palette import HUE, INK
from cnn_viz.sheets import FONT, cell_of, new_sheet, text_size
from cnn_viz.stages import stages_of

MARGIN = 12  # pixels around everything
LARGEST, SCALE = 100, 16  # pixels of the page: for the longest side of a box; for a pixel of a box at most
ARROW = 20  # pixels between two boxes
GAP = 20  # pixels between two columns
LINE = 16  # pixels: the height of a line of text
SIGN = 22  # pixels: the room for a sign in front of its meaning
WRAP = 30  # characters in a line of a layer's settings
BOLD = 1.15  # a bold text is that much wider
HEADER = ("layer", "output", "parameters", "one cell sees")


def draw_network(model, input_shape=(1, 28, 28), ax=None):
    """Draw a network: a box for the output of every layer, its shape, its parameters and how much of the input it sees.

    Parameters
    ----------
    model : Model or list of Layer
    input_shape : tuple of int
        The shape of one example, without N, if layers are given; a Model knows its own.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes on a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    layers = list(model.layers if isinstance(model, Model) else model)
    shapes = model.shapes if isinstance(model, Model) else walk(layers, tuple(input_shape))
    plan = Plan(stages_of(layers, shapes))
    ax = _paper(ax, plan.width, plan.height)
    _write_row(ax, plan, MARGIN, [[word] for word in HEADER], weight="bold")
    for number, (stage, box, middle) in enumerate(zip(plan.stages, plan.boxes, plan.middles, strict=True)):
        box.draw(ax, middle, plan.axis, stage, HUE["O" if number else "X"])
        _write_stage(ax, plan, stage, middle)
    for number in range(len(layers)):
        _arrow(ax, plan, number)
    _write_end(ax, plan)
    return ax


def _paper(ax, width, height):
    if ax is None:
        return new_sheet(height, width, cell=1)
    if ax.get_autoscale_on():
        ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
        ax.set_axis_off()
    return ax


# --- where everything lies --------------------------------------------------------------------------------------------


class Plan:
    """Where the boxes and the columns of text of a network lie, in pixels.

    Parameters
    ----------
    stages : list of Stage

    Attributes
    ----------
    boxes, middles : list
        The Box of every stage, and how far below the upper edge its middle lies.
    axis : float
        How far from the left edge the middles of all boxes lie.
    columns : list of float
        Where the columns of text begin.
    """

    def __init__(self, stages):
        self.stages = stages
        sides = [side for stage in stages if len(stage.shape) == 3 for side in stage.shape[1:]]
        self.scale = min(SCALE, LARGEST / max(sides, default=1))
        self.boxes = [box_of(stage.shape, self.scale) for stage in stages]
        widest = max(box.width for box in self.boxes)
        self.axis = MARGIN + widest / 2
        self.columns = self._columns(MARGIN + widest + GAP)
        self.middles, self.end = self._middles(MARGIN + 1.5 * LINE)
        self.legend = legend_of(stages, self.boxes)
        meanings = max((text_size(text)[0] for text in self.legend.values()), default=0)
        self.width = max(self.columns[-1] - GAP, MARGIN + SIGN + meanings) + MARGIN
        self.height = self.end + LINE * (2 + len(self.legend)) + MARGIN

    def _columns(self, left):
        rows = [[[word] for word in HEADER], *(_words(stage) for stage in self.stages)]
        columns = [left]
        for cells in zip(*rows, strict=True):
            columns.append(columns[-1] + GAP + max(_width(cell) for cell in cells))
        return columns

    def _middles(self, top):
        middles = []
        for stage, box in zip(self.stages, self.boxes, strict=True):
            height = max(box.height, LINE * len(_words(stage)[0]))
            middles.append(top + height / 2)
            top += height + ARROW
        return middles, top - ARROW + LINE / 2


def _width(lines):
    """Return how wide lines of text are, the first of them bold."""
    widths = [text_size(line)[0] for line in lines]
    return max([BOLD * widths[0], *widths])


def _words(stage):
    """Return the lines of text in each column beside a stage."""
    lines = [stage.title, *textwrap.wrap(stage.settings, WRAP), *textwrap.wrap(stage.note, WRAP)]
    parameters = f"{stage.parameters:,}" if stage.parameters else "–"
    return [lines, [str(tuple(stage.shape))], [parameters], [stage.sees]]


def legend_of(stages, boxes):
    """Return the signs that occur in a drawing, and what they mean: {sign: text}."""
    last = [stage.title for stage in stages if stage.block]
    cut = {type(box) for box in boxes if box.is_cut}
    meanings = {
        "outline": f"one cell of {last[-1]}, and in the boxes above what it depends on" if last else "",
        "hatching": "left out: no window of the next layer reaches it" if any(s.note for s in stages) else "",
        "stack": f"{SHEETS} sheets: {SHEETS} channels or more" if Stack in cut else "",
        "dots": "a vector that is longer than it is drawn" if Beads in cut else "",
    }
    return {sign: text for sign, text in meanings.items() if text}


# --- texts, arrows, signs ---------------------------------------------------------------------------------------------


def _write_row(ax, plan, top, cells, **style):
    """Write lines of text into the columns, from `top` on."""
    for left, lines in zip(plan.columns, cells, strict=False):
        for row, line in enumerate(lines):
            _write(ax, left, top + LINE * (row + 0.5), line, **style)


def _write_stage(ax, plan, stage, middle):
    (title, *others), *rest = _words(stage)
    top = middle - LINE * (1 + len(others)) / 2
    _write(ax, plan.columns[0], top + LINE / 2, title, weight="bold")
    _write_row(ax, plan, top + LINE, [others])
    _write_row(ax, plan, top, [[], *rest])


def _write(ax, left, middle, text, **style):
    ax.text(left, middle, text, fontsize=FONT * cell_of(ax), va="center", color=INK, **style)


def _write_end(ax, plan):
    """Write how many parameters there are in all, and what the signs mean."""
    total = sum(stage.parameters for stage in plan.stages)
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
    """Draw an arrow from the box of a stage to that of the next."""
    start = plan.middles[number] + plan.boxes[number].height / 2
    end = plan.middles[number + 1] - plan.boxes[number + 1].height / 2
    size = cell_of(ax)
    line = {"arrowstyle": "-|>", "color": INK, "linewidth": size, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (plan.axis, end - 2), (plan.axis, start + 2), arrowprops=line | {"mutation_scale": 9 * size})
