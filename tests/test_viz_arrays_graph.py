"""A computation as a graph: arrays at their places on the grid, arrows from box to box, names and shapes above."""

import numpy as np
import pytest
from matplotlib.text import Annotation
from readable import assert_readable

from cnn_viz.arrays.graph import draw_graph

X = np.arange(8.0).reshape(2, 1, 2, 2)
NODES = {"X": (0, 0, "X", X), "m": (1, 1, None, [3.5]), "dC/dD": (0, 2, "X", X - 3.5)}
EDGES = [("X", "dC/dD", ""), ("X", "m", "mean"), ("m", "dC/dD", "−")]


def arrows(ax):
    return [text for text in ax.texts if isinstance(text, Annotation) and text.arrow_patch]


def place_of(ax, text):
    """Return the (x, y) of a text of the picture."""
    (found,) = [each for each in ax.texts if each.get_text() == text]
    return found.get_position()


def test_every_number_of_every_image_is_drawn_and_names_stand_over_shapes():
    ax = draw_graph(None, NODES, EDGES)
    texts = [text.get_text() for text in ax.texts]
    for value in [*range(8), "3.5", "X\n(2, 1, 2, 2)", "m\n(1,)", "dC/dD\n(2, 1, 2, 2)", "mean", "−"]:
        assert str(value) in texts
    assert_readable(ax)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1), (1, 1, 1, 1)])
def test_a_single_number_may_have_any_shape_which_stands_over_it(shape):
    ax = draw_graph(None, {"m": (0, 0, None, np.full(shape, 3.5))}, [])
    assert [text.get_text() for text in ax.texts if text.get_text()] == [f"m\n{shape}", "3.5"]


def test_nodes_stand_on_their_grid():
    ax = draw_graph(None, NODES, EDGES)
    (x, top), (middle, low), (right, level) = (
        place_of(ax, f"{name}") for name in ("X\n(2, 1, 2, 2)", "m\n(1,)", "dC/dD\n(2, 1, 2, 2)")
    )
    assert top == level < low
    assert x < middle < right


def test_an_arrow_leads_from_the_first_array_of_an_edge_to_the_second_and_touches_neither():
    ax = draw_graph(None, NODES, EDGES)
    level, down, up = arrows(ax)
    assert level.xyann[1] == pytest.approx(level.xy[1])  # from left to right
    assert level.xyann[0] < level.xy[0]
    assert down.xyann[1] < down.xy[1]
    assert up.xyann[1] > up.xy[1]
    boxes = [patch.get_window_extent() for patch in ax.patches if patch.get_fill()]
    for arrow in (level, down, up):
        for end in (arrow.xy, arrow.xyann):
            assert not any(box.contains(*ax.transData.transform(end)) for box in boxes)


def test_only_gradients_are_dashed():
    ax = draw_graph(None, NODES, EDGES)
    outlines = [p for p in ax.patches if not p.get_fill() and p.get_edgecolor()[:3] != (1, 1, 1)]
    assert [outline.get_linestyle() for outline in outlines] == ["-", "-", "-", "--", "--"]


def test_a_graph_on_given_axes_fits_into_them():
    first = draw_graph(None, NODES, EDGES)
    again = draw_graph(first.figure.add_axes([0, 0, 1, 0.5]), NODES, EDGES)
    assert_readable(again)


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        (NODES, [("X", "Y", "")], "an edge names 'Y', which is none of the nodes"),
        ({"X": (0, 0, "X", np.ones((2, 3, 2, 2)))}, [], r"X must have shape \(N, 1, H, W\) or be one"),
        ({"X": (0, 0, "X", np.ones(3))}, [], "X must have shape"),
    ],
)
def test_what_cannot_be_drawn_is_refused(nodes, edges, message):
    with pytest.raises(ValueError, match=message):
        draw_graph(None, nodes, edges)
