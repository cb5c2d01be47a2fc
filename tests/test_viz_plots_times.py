"""Times made of parts: bars that begin at 0 and whose parts add up, told apart without colour."""

import pytest

from cnn_viz.plots.times import FILLS, show_parts

TIMES = {"loops": {"products": 0.002, "copies": 0.001}, "columns": {"copies": 0.0005}}


def drawn(ax):
    """Return (row, left, width, hatch, grey) of every part."""
    boxes = [box for box in ax.patches if box.get_width()]
    rows = [round(box.get_y() + box.get_height() / 2) for box in boxes]
    return [
        (row, box.get_x(), box.get_width(), box.get_hatch() or "", box.get_facecolor()[0])
        for row, box in zip(rows, boxes, strict=True)
    ]


def test_the_parts_of_a_bar_follow_one_another_from_0():
    (ax,) = show_parts(TIMES).axes
    assert [part[:3] for part in drawn(ax)] == [(0, 0, 0.002), (0, 0.002, 0.001), (1, 0, 0.0005)]
    assert ax.get_xlim()[0] == 0
    assert ax.get_xscale() == "linear"
    assert ax.yaxis_inverted()


def test_parts_of_one_name_look_the_same_and_differ_from_the_others_without_hue():
    (ax,) = show_parts(TIMES).axes
    products, copies, again = (part[3:] for part in drawn(ax))
    assert copies == again != products
    assert len(set(FILLS)) == len(FILLS)


def test_bars_have_their_names_and_totals_and_the_legend_names_the_parts():
    (ax,) = show_parts(TIMES, unit="a batch").axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["loops", "columns"]
    assert [text.get_text() for text in ax.texts] == ["3 ms", "500 µs"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["products", "copies"]
    assert ax.get_xlabel() == "time for a batch (shorter is faster)"


def test_one_kind_of_part_needs_no_legend():
    (ax,) = show_parts({"a": {"time": 1.0}, "b": {"time": 2.0}}).axes
    assert ax.get_legend() is None


def test_six_kinds_of_parts_are_refused():
    with pytest.raises(ValueError, match="6 kinds of parts"):
        show_parts({"all": {str(number): 1.0 for number in range(6)}})


def test_counts_have_their_own_label_and_text():
    (ax,) = show_parts({"a": {"weights": 2000.0}}, label="parameters", text="{:,.0f}".format).axes
    assert [text.get_text() for text in ax.texts] == ["2,000"]
    assert ax.get_xlabel() == "parameters"
    ax.figure.canvas.draw()
    assert "2,000" in [label.get_text() for label in ax.get_xticklabels()]
