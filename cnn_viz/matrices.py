"""Matrices: a product, with the row and the column that make one of its cells; and a layer as lines to its nodes.

Layout      of a product: the left matrix stands to the left of the result and the right one above it, so that each cell
            stands where its row and its column meet.
Guests      the result is the caller's; the written sum is that of the numbers that are drawn.
Story       notebooks/05_fully_connected.
"""

from dataclasses import dataclass, replace

import numpy as np

from cnn_core import checks
from cnn_viz.arrays import GAP, Panel, number_texts, operator
from cnn_viz.palette import HUE, INK
from cnn_viz.sheets import FONT, Sign, cell_of, lay_out, with_note
from cnn_viz.windows import written_sum

APART = 5  # cells from the inputs to the nodes
NEAR = 0.62  # where on its line a weight stands, as a share of the way to the node


def draw_product(ax, left, right, result, position=(0, 0), bias=None):
    """Draw a matrix product: the row and the column of one cell outlined, its sum written under it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a sheet of the right size; None is a new figure.
    left, right, result : Panel
        Of arrays (m, k), (k, n) and (m, n).
    position : (int, int)
        The cell of the result that is followed.
    bias : Panel, optional
        Of an array (n,), which is added to every row.

    Returns
    -------
    matplotlib.axes.Axes
    """
    row, column = _checked(left, right, result, position, bias)
    added = None if bias is None else float(np.ravel(bias.array)[column])
    total = written_sum(left.cells[row], right.cells[:, column], added)
    note = Sign(f"{(result.name or result.role)}[{row}, {column}] = {total}")
    outlined = replace(left, highlight=((row, 0, 1, left.cells.shape[1]),))
    above = [replace(right, highlight=((0, column, len(right.cells), 1),))]
    above += [] if bias is None else [replace(bias, highlight=((0, column),))]
    cell_marked = replace(result, highlight=((row, column),))
    return lay_out(ax, lambda cell: with_note(_product(outlined, above, cell_marked, cell), note, cell))


def _checked(left, right, result, position, bias):
    """Return the row and the column of a position, if the shapes fit and it lies in the result."""
    (m, k), (inner, n) = left.cells.shape, right.cells.shape
    if k != inner:
        shapes = f"{left.title} and {right.title}"
        raise ValueError(f"draw_product: the left matrix has {k} columns, the right one {inner} rows: {shapes}.")
    checks.same_shape("draw_product", "result", result.cells, (m, n), "(rows of the left, columns of the right)")
    if bias is not None:
        checks.same_shape("draw_product", "bias", np.ravel(bias.array), (n,), "(columns of the right,)")
    row, column = checks.pair("draw_product", "position", position, minimum=0)
    if row >= m or column >= n:
        name = result.name or result.role
        raise ValueError(f"draw_product: {name} has {m} rows and {n} columns; it has no cell [{row}, {column}].")
    return row, column


def _product(left, above, result, cell):
    """Arrange the left matrix and the result in one line, what is multiplied and added above the result."""
    gap = GAP / cell
    across = left.size(cell)[1] + 2 * gap + max(panel.inset(cell) for panel in [*above, result])
    items, top = [], 0.0
    for number, panel in enumerate(above):
        top += panel.above / cell
        items.append((panel, top, across))
        if number:
            plus = operator("+")
            items.append((plus, top + (1 - plus.size(cell)[0]) / 2, across - plus.size(cell)[1] - gap / 2))
        top += len(panel.cells) + gap
    top += max(left.above, result.above) / cell
    items += [(left, top, left.inset(cell)), (result, top, across)]
    rights = [across - panel.inset(cell) + panel.size(cell)[1] for panel in [*above, result]]
    return items, (top + len(result.cells), max(rights))


# --- every node sees every input --------------------------------------------------------------------------------------


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

    Returns
    -------
    matplotlib.axes.Axes
    """
    where = "draw_connections"
    X, W, O = checks.floats(where, X=(X, "(inputs,)"), W=(W, "(inputs, nodes)"), O=(O, "(nodes,)"))
    checks.same_shape(where, "W", W, (len(X), len(O)), "(inputs, nodes)")
    if checks.integer(where, "node", node, minimum=0) >= len(O):
        raise ValueError(f"{where}: there is no node {node}; O has {len(O)} nodes, counted from 0.")
    labels = {} if biases is None else {(j, 0): _signed(b) for j, b in enumerate(biases)}
    inputs = Panel(X[:, None], "X", "")
    nodes = Panel(O[:, None], "O", "", labels=labels, label_role="B", highlight=((node, 0),))
    net = _Net(inputs, nodes, W, node)
    return lay_out(ax, lambda cell: ([(net, 0.0, 0.0)], net.size(cell)))


def _signed(number):
    return ("+" if number >= 0 else "") + number_texts(number).item()


@dataclass(frozen=True)
class _Net:
    """Inputs at the left, nodes at the right, lines between them; `size` and `draw` as lay_out needs them."""

    inputs: Panel
    nodes: Panel
    W: np.ndarray
    node: int

    def size(self, cell):
        """Return its (height, width) in cells; cells stand half a cell apart, names above."""
        return 1.5 * max(self.W.shape) - 0.5 + 1, APART + 2

    def draw(self, ax, top, left):
        """Draw it with its upper left corner at (top, left)."""
        tall = 1.5 * max(self.W.shape) - 0.5
        tops = [[top + 1 + (tall - 1.5 * count + 0.5) / 2 + 1.5 * i for i in range(count)] for count in self.W.shape]
        for i, j in np.ndindex(self.W.shape):
            self._line(ax, (left + 1, tops[0][i] + 0.5), (left + 1 + APART, tops[1][j] + 0.5), i, j)
        for panel, places, across in ((self.inputs, tops[0], left), (self.nodes, tops[1], left + 1 + APART)):
            for number, place in enumerate(places):
                _one(panel, number).draw(ax, place, across)
        for text, across in ((f"X ({len(self.W)},)", left + 0.5), (f"O ({self.W.shape[1]},)", left + APART + 1.5)):
            ax.text(across, top + 0.5, text, ha="center", va="center", fontsize=FONT, color=INK)

    def _line(self, ax, start, end, i, j):
        heavy = j == self.node
        style = {"color": INK, "linewidth": 1.8 if heavy else 0.7, "alpha": 1 if heavy else 0.3, "zorder": 1 + heavy}
        ax.plot(*zip(start, end, strict=True), **style)
        if heavy:
            x, y = (a + (b - a) * (1 - NEAR) for a, b in zip(start, end, strict=True))
            box = {"facecolor": HUE["F"], "edgecolor": INK, "linewidth": 0.6, "pad": 2}
            size = min(FONT, 0.3 * cell_of(ax))
            text = number_texts(self.W)[i, j]
            ax.text(x, y, text, ha="center", va="center", fontsize=size, color=INK, bbox=box, zorder=4)


def _one(panel, number):
    """Return one cell of a column as a Panel of its own, with its marks."""
    labels = {(0, 0): panel.labels[number, 0]} if panel.labels else {}
    chosen = tuple((0, 0) for row, _ in panel.highlight if row == number)
    return replace(panel, array=panel.array[number : number + 1], labels=labels, highlight=chosen)
