"""Pictures of matrix products and of connections: every number in its cell, the right row, column and sum."""

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.patches import Rectangle
from readable import assert_readable

from cnn_viz.arrays.dense import draw_connections, draw_product
from cnn_viz.arrays.panel import Panel
from cnn_viz.base.palette import HUE

X = np.array([[1, 2, 0, 3], [2, 1, 0, 1]])
W = np.array([[1, 0, 2], [0, 1, -1], [3, -2, 1], [-1, 1, 0]])
B = np.array([1, 0, -2])
O = X @ W + B


def product(position=(0, 0), **changes):
    panels = {"left": Panel(X, "X"), "right": Panel(W, "F", "W"), "result": Panel(O, "O"), "bias": Panel(B, "B")}
    return draw_product(None, **(panels | changes), position=position)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def outlined(ax):
    """Return {(rows, columns)} of the blocks with a heavy outline, with their upper left corners."""
    boxes = [box for box in ax.patches if isinstance(box, Rectangle) and box.get_zorder() == 3]
    return {(round(box.get_height()), round(box.get_width())): box.get_xy() for box in boxes if not box.get_fill()}


def test_a_product_shows_the_sum_of_the_cell_and_its_bias():
    for (row, column), total in np.ndenumerate(O):
        written = next(text for text in texts(product((row, column))) if text.startswith(f"O[{row}, {column}] = "))
        assert written.endswith(f"= {total}".replace("-", "−"))
        assert written.count("·") == 4


def test_a_product_has_its_names_shapes_and_all_its_numbers():
    ax = product()
    assert {"X (2, 4)", "W (4, 3)", "B (3,)", "O (2, 3)", "+"} <= set(texts(ax))
    numbers = [str(each).replace("-", "−") for array in (X, W, B, O) for each in array.flat]
    assert sorted(text for text in texts(ax) if text.lstrip("−").isdigit()) == sorted(numbers)
    assert_readable(ax)


def test_the_row_stands_left_of_the_cell_and_the_column_above_it():
    blocks = outlined(product((1, 2), bias=None, result=Panel(X @ W, "O")))
    (row_x, row_y), (column_x, column_y), (x, y) = blocks[1, 4], blocks[4, 1], blocks[1, 1]
    assert row_y == y
    assert column_x == x
    assert row_x + 4 < x
    assert column_y + 4 < y


def test_a_gradient_keeps_its_dashes_and_a_product_without_bias_has_no_plus():
    dC_dW = Panel(X.T @ O, "F", "dC/dW")
    ax = draw_product(None, Panel(X.T, "X", "X transposed"), Panel(O, "O", "dC/dO"), dC_dW, (3, 1))
    assert "+" not in texts(ax)
    assert "dC/dW[3, 1] = 3·5 + 1·2 = 17" in texts(ax)
    dashed = [box for box in ax.patches if box.get_linestyle() == "--"]
    assert len(dashed) == 2
    assert_readable(ax)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"position": (2, 0)}, r"O has 2 rows and 3 columns; it has no cell \[2, 0\]"),
        ({"position": (0, 3)}, r"no cell \[0, 3\]"),
        ({"left": Panel(X[:, :3], "X")}, "3 columns, the right one 4 rows"),
        ({"result": Panel(O.T, "O")}, "result"),
        ({"bias": Panel(B[:2], "B")}, "bias"),
    ],
)
def test_a_product_refuses_what_does_not_fit(changes, words):
    with pytest.raises(ValueError, match=words):
        product(**changes)


def test_arrays_are_not_changed_by_drawing():
    copies = X.copy(), W.copy(), O.copy()
    product((1, 1))
    draw_connections(None, X[0], W, O[0], 1, B)
    assert all((one == other).all() for one, other in zip((X, W, O), copies, strict=True))


@pytest.mark.parametrize("node", range(3))
def test_every_input_has_a_line_to_every_node_and_those_of_one_carry_its_weights(node):
    ax = draw_connections(None, X[0], W, O[0], node)
    assert len(ax.lines) == W.size
    assert sum(line.get_linewidth() > 1 for line in ax.lines) == len(W)
    labels = [text for text in ax.texts if text.get_bbox_patch() is not None]
    by_height = sorted(labels, key=lambda text: text.get_position()[1])
    assert [text.get_text() for text in by_height] == [str(each).replace("-", "−") for each in W[:, node]]
    assert all(same_color(text.get_bbox_patch().get_facecolor(), HUE["F"]) for text in labels)
    assert {"X (4,)", "O (3,)"} <= set(texts(ax))
    assert_readable(ax)


def test_heavy_lines_end_at_their_node():
    ends = {}
    for node in range(3):
        ax = draw_connections(None, X[0], W, O[0], node)
        ends[node] = {round(line.get_ydata()[-1], 6) for line in ax.lines if line.get_linewidth() > 1}
    assert [len(each) for each in ends.values()] == [1, 1, 1]
    assert min(ends[0]) < min(ends[1]) < min(ends[2])


def test_biases_are_written_at_their_nodes_with_a_sign():
    assert {"+1", "+0", "−2"} <= set(texts(draw_connections(None, X[0], W, O[0], 0, B)))
    assert "+1" not in texts(draw_connections(None, X[0], W, O[0], 0))


@pytest.mark.parametrize(("node", "weights", "words"), [(3, W, "no node 3"), (0, W.T, r"shape .*\(4, 3\)|W ")])
def test_connections_refuse_what_does_not_fit(node, weights, words):
    with pytest.raises(ValueError, match=words):
        draw_connections(None, X[0], weights, O[0], node)
