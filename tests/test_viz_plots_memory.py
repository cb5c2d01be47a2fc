"""Pictures of memory: every number in its order, chosen numbers marked by more than colour, brackets around blocks."""

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.patches import Rectangle

from cnn_viz.base.figures import size_of
from cnn_viz.base.palette import HUE, PADDING
from cnn_viz.plots.memory import CELL, show_blocks, show_orders, show_timeline


def cells(ax, role="X"):
    """Return {(x, y): (text, is it marked)} of the cells on an ax; marked ones have the hue of the role."""
    boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    found = {}
    for box in boxes:
        marked = same_color(box.get_facecolor(), HUE[role])
        assert marked or same_color(box.get_facecolor(), PADDING)
        assert (box.get_linewidth() > 1.5) == marked  # never by hue alone
        found[box.get_xy()] = texts[box.get_x() + 0.5, box.get_y() + 0.5], marked
    return found


def test_orders_show_every_number_in_its_order_and_mark_the_chosen_ones():
    orders = {"one": (np.array([3, 1, 2]), np.array([True, False, True])), "two": (np.array([7, 8]), np.zeros(2, bool))}
    figure = show_orders(orders)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["one", "two"]
    assert cells(figure.axes[0]) == {(0, 0): ("3", True), (1, 0): ("1", False), (2, 0): ("2", True)}
    assert cells(figure.axes[1]) == {(0, 0): ("7", False), (1, 0): ("8", False)}


def test_all_cells_have_one_size():
    numbers = np.arange(10), np.zeros(10, bool)
    figure = show_orders({"long": numbers, "longer": (np.arange(24), np.zeros(24, bool))})
    for ax in figure.axes:
        box = ax.get_position()
        wide, high = box.width * size_of(figure)[0], box.height * size_of(figure)[1]
        assert wide / ax.get_xlim()[1] == pytest.approx(CELL)
        assert high == pytest.approx(CELL)


def test_blocks_mark_the_lines_that_all_share_and_bracket_each():
    values, labels = np.arange(10).reshape(5, 2), [f"line {i}" for i in range(5)]
    figure = show_blocks(values, labels, {"first": (0, 3), "second": (2, 5)})
    (ax,) = figure.axes
    found = cells(ax)
    assert {place: text for place, (text, _) in found.items()} == {
        (x, y): str(2 * y + x) for y in range(5) for x in range(2)
    }
    assert {y for (_, y), (_, marked) in found.items() if marked} == {2}
    texts = [text.get_text() for text in ax.texts]
    assert all(label in texts for label in [*labels, "first", "second"])
    brackets = [sorted(line.get_ydata()) for line in ax.lines]
    assert [(round(line[0]), round(line[-1])) for line in brackets] == [(0, 3), (2, 5)]
    assert len({line.get_linestyle() for line in ax.lines}) == 2
    assert ax.lines[0].get_xdata()[0] < ax.lines[1].get_xdata()[0]


def test_marked_lines_of_an_output_have_its_hue():
    (ax,) = show_blocks(np.arange(3)[:, None], ["a", "b", "c"], {"first": (0, 2), "second": (1, 3)}, role="O").axes
    assert [marked for _, marked in cells(ax, role="O").values()] == [False, True, False]


def test_a_timeline_has_a_box_as_long_as_the_task_in_the_line_of_its_worker():
    figure = show_timeline([(0, 0.0, 0.010, "a"), (1, 0.002, 0.007, "b")])
    (ax,) = figure.axes
    boxes = {(box.get_x(), round(box.get_width(), 6), round(box.get_y() + box.get_height() / 2)) for box in ax.patches}
    assert boxes == {(0.0, 10.0, 0), (2.0, 5.0, 1)}
    assert [text.get_text() for text in ax.texts] == ["a", "b"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["worker 0", "worker 1"]
    assert ax.yaxis_inverted()


def test_the_lines_of_a_timeline_can_have_names():
    (ax,) = show_timeline([(0, 0.0, 0.010, "a"), (1, 0.002, 0.007, "b")], names=["alone", "both"]).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["alone", "both"]


def test_a_timeline_can_be_in_seconds():
    (ax,) = show_timeline([(0, 1.0, 3.0, "a")], unit="seconds").axes
    assert [(box.get_x(), box.get_width()) for box in ax.patches] == [(1.0, 2.0)]
    assert ax.texts[0].get_position()[0] == 2.0
    assert ax.get_xlabel() == "seconds"
