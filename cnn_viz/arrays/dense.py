"""Pictures of fully connected layers: a matrix product with one cell followed, and a layer as lines to its nodes.

Layout      of a product: the left matrix stands to the left of the result and the right one above it, so that each cell
            stands where its row and its column meet.
Values      the result is given by the caller; the written sum is that of the numbers that are drawn.
Chapters    05.
"""

from dataclasses import dataclass, replace

import numpy as np

from cnn_core import checks
from cnn_viz.arrays.panel import ArrayPanel
from cnn_viz.arrays.windows import written_sum
from cnn_viz.base.layout import GAP, Leaf, TextBox, WithNote, cell_of, draw_on_canvas, operator
from cnn_viz.base.palette import HUE, INK
from cnn_viz.base.style import FONT, picture
from cnn_viz.base.text import number_text, number_texts

APART = 5  # cells from the inputs to the nodes
NEAR = 0.62  # position of a weight on its line, as a share of the distance to the node


@picture
def draw_product(ax, left, right, result, position=(0, 0), bias=None):
    """Draw a matrix product: the row and the column of one cell outlined, its sum written under it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a canvas of the right size; None is a new figure.
    left, right, result : Panel
        Of arrays (m, k), (k, n) and (m, n).
    position : (int, int)
        The cell of the result that is followed.
    bias : Panel, optional
        Of an array (n,), which is added to every row.
    """
    row, column = _checked(left, right, result, position, bias)
    added = None if bias is None else float(np.ravel(bias.array)[column])
    total = written_sum(left.cells[row], right.cells[:, column], added)
    note = TextBox(f"{(result.name or result.role)}[{row}, {column}] = {total}")
    outlined = replace(left, highlight=((row, 0, 1, left.cells.shape[1]),))
    above = [replace(right, highlight=((0, column, len(right.cells), 1),))]
    above += [] if bias is None else [replace(bias, highlight=((0, column),))]
    product = _Product(outlined, above, replace(result, highlight=((row, column),)))
    return draw_on_canvas(ax, WithNote(product, note))


def _checked(left, right, result, position, bias):
    """Return the row and the column of a position, if the shapes fit and it lies in the result."""
    (m, k), (inner, n) = left.cells.shape, right.cells.shape
    if k != inner:
        shapes = f"{left.title} and {right.title}"
        raise checks.BadValue(f"the left matrix has {k} columns, the right one {inner} rows: {shapes}.")
    checks.same_shape("result", result.cells, (m, n), "(rows of the left, columns of the right)")
    if bias is not None:
        checks.same_shape("bias", np.ravel(bias.array), (n,), "(columns of the right,)")
    row, column = checks.pair("position", position, minimum=0)
    if row >= m or column >= n:
        name = result.name or result.role
        raise checks.BadValue(f"{name} has {m} rows and {n} columns; it has no cell [{row}, {column}].")
    return row, column


@dataclass(frozen=True, eq=False)
class _Product:
    """The left matrix and the result in one line, the right matrix and a bias above the result."""

    left: ArrayPanel
    above: list
    result: ArrayPanel

    def size(self, cell):
        """Return its (height, width) in cells."""
        across, tops = self._across(cell), self._tops(cell)
        rights = [across - panel.inset(cell) + panel.size(cell)[1] for panel in [*self.above, self.result]]
        return tops[-1] + len(self.result.cells), max(rights)

    def placed(self, cell):
        """Return the matrices, and a plus before the bias, with their places."""
        across, tops = self._across(cell), self._tops(cell)
        found = [(panel, top, across) for panel, top in zip([*self.above, self.result], tops, strict=True)]
        for top in tops[1:-1]:
            plus = operator("+")
            height, width = plus.size(cell)
            found.append((plus, top + (1 - height) / 2, across - width - GAP / cell / 2))
        return [*found, (self.left, tops[-1], self.left.inset(cell))]

    def _across(self, cell):
        """Return where the columns of the result begin."""
        return self.left.size(cell)[1] + 2 * GAP / cell + max(panel.inset(cell) for panel in [*self.above, self.result])

    def _tops(self, cell):
        """Return where the cells of each panel above the result begin, and last those of the result."""
        tops, top = [], 0.0
        for panel in self.above:
            tops.append(top + panel.above / cell)
            top = tops[-1] + (len(panel.cells) + GAP / cell)
        return [*tops, top + max(self.left.above, self.result.above) / cell]


# --- every node sees every input --------------------------------------------------------------------------------------


@picture
def draw_connections(ax, X, W, O, node=0, biases=None):
    """Draw a fully connected layer as lines from every input to every node; those of one node carry their weights.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_product`.
    X : array, shape (inputs,)
    W : array, shape (inputs, nodes)
    O : array, shape (nodes,)
    node : int
        The node whose lines are heavy and carry their weights.
    biases : array, shape (nodes,), optional
        Written small at each node.
    """
    X, W, O = checks.floats(X=(X, "(inputs,)"), W=(W, "(inputs, nodes)"), O=(O, "(nodes,)"))
    checks.same_shape("W", W, (len(X), len(O)), "(inputs, nodes)")
    if checks.integer("node", node, minimum=0) >= len(O):
        raise checks.BadValue(f"there is no node {node}; O has {len(O)} nodes, counted from 0.")
    labels = {} if biases is None else {(j, 0): _signed(b) for j, b in enumerate(biases)}
    inputs = ArrayPanel(X[:, None], "X", "")
    nodes = ArrayPanel(O[:, None], "O", "", labels=labels, label_role="B", highlight=((node, 0),))
    return draw_on_canvas(ax, _Connections(inputs, nodes, W, node))


def _signed(number):
    return ("+" if number >= 0 else "") + number_text(number)


@dataclass(frozen=True, eq=False)
class _Connections(Leaf):
    """Inputs at the left, nodes at the right, lines between them. Cells stand half a cell apart, names above."""

    inputs: ArrayPanel
    nodes: ArrayPanel
    W: np.ndarray
    node: int

    def size(self, cell):
        """Return its (height, width) in cells."""
        return 1.5 * max(self.W.shape) - 0.5 + 1, APART + 2

    def draw(self, ax, top, left):
        """Draw it with its upper left corner at (top, left)."""
        tall = 1.5 * max(self.W.shape) - 0.5
        tops = [[top + 1 + (tall - 1.5 * count + 0.5) / 2 + 1.5 * i for i in range(count)] for count in self.W.shape]
        for i, j in np.ndindex(self.W.shape):
            self._line(ax, (left + 1, tops[0][i] + 0.5), (left + 1 + APART, tops[1][j] + 0.5), i, j)
        for panel, panel_tops, across in ((self.inputs, tops[0], left), (self.nodes, tops[1], left + 1 + APART)):
            for number, each in enumerate(panel_tops):
                _one(panel, number).draw(ax, each, across)
        for text, across in ((f"X ({len(self.W)},)", left + 0.5), (f"O ({self.W.shape[1]},)", left + APART + 1.5)):
            ax.text(across, top + 0.5, text, ha="center", va="center")

    def _line(self, ax, start, end, i, j):
        heavy = j == self.node
        style = {"color": INK, "linewidth": 1.8 if heavy else 0.7, "alpha": 1 if heavy else 0.3, "zorder": 1 + heavy}
        ax.plot(*zip(start, end, strict=True), **style)
        if heavy:
            x, y = (a + (b - a) * (1 - NEAR) for a, b in zip(start, end, strict=True))
            box = {"facecolor": HUE["F"], "edgecolor": INK, "linewidth": 0.6, "pad": 2}
            size = min(FONT, 0.3 * cell_of(ax))
            ax.text(x, y, number_texts(self.W)[i, j], ha="center", va="center", fontsize=size, bbox=box, zorder=4)


def _one(panel, number):
    """Return one cell of a column as a Panel of its own, with its marks."""
    labels = {(0, 0): panel.labels[number, 0]} if panel.labels else {}
    chosen = tuple((0, 0) for row, _ in panel.highlight if row == number)
    return replace(panel, array=panel.array[number : number + 1], labels=labels, highlight=chosen)
