"""Windows on a line: each bracket lies over the pixels of its window, and exactly the unreached pixels are hatched."""

import numpy as np
import pytest
from readable import assert_readable

from cnn_core import conv2d_backward, padding_amounts
from cnn_viz.arrays.line import draw_line_windows

SETTINGS = [
    pytest.param(6, 3, 2, 0, id="one-left-over"),
    pytest.param(7, 3, 2, 0, id="stride-fits"),
    pytest.param(6, 3, 2, 1, id="padding-left-over"),
    pytest.param(9, 2, 4, 0, id="gaps"),
    pytest.param(8, 3, 5, 2, id="gaps-in-the-padding"),
    pytest.param(10, 3, 2, "include", id="include"),
    pytest.param(5, 4, 1, "same", id="same"),
]


def brackets(ax):
    """Return the (first, last) cell under each bracket."""
    ends = [line.get_xdata() for line in ax.lines]
    return [(int(np.floor(each[0])), int(np.floor(each[-1]))) for each in ends]


def hatched(ax):
    return {int(patch.get_x()) for patch in ax.patches if patch.get_hatch()}


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), SETTINGS)
def test_brackets_and_hatching_are_what_the_library_convolves(size, kernel, stride, padding):
    line = size + sum(padding_amounts(size, kernel, stride, padding))
    outputs = (line - kernel) // stride + 1
    reached, *_ = conv2d_backward(
        np.ones((1, 1, 1, outputs)), np.ones((1, 1, 1, line)), np.ones((1, 1, 1, kernel)), (1, stride)
    )
    ax = draw_line_windows(None, [size], kernel, stride, padding)
    assert hatched(ax) == set(np.flatnonzero(reached == 0).tolist())
    assert brackets(ax) == [(n * stride, n * stride + kernel - 1) for n in range(outputs)]
    assert_readable(ax)


def test_pixels_are_numbered_and_padding_is_not():
    ax = draw_line_windows(None, [4], 3, 2, padding=2)
    below_the_brackets = max(line.get_ydata().max() for line in ax.lines)
    numbers = [(t.get_text(), t.get_position()[0]) for t in ax.texts if t.get_position()[1] > below_the_brackets]
    assert numbers == [("0", 2.5), ("1", 3.5), ("2", 4.5), ("3", 5.5)]


def test_lines_begin_at_one_place_and_have_their_counts_as_titles():
    ax = draw_line_windows(None, [9, 10], 3, 2)
    titles = [text for text in ax.texts if "pixels" in text.get_text()]
    assert [text.get_text() for text in titles] == [
        "9 pixels: 4 windows, 0 left over",
        "10 pixels: 4 windows, 1 left over",
    ]
    assert {text.get_position()[0] for text in titles} == {0}
    assert brackets(ax) == 2 * [(0, 2), (2, 4), (4, 6), (6, 8)]


def test_brackets_of_overlapping_windows_lie_in_different_rows():
    ax = draw_line_windows(None, [9], 3, 1)
    heights = [float(line.get_ydata()[1]) for line in ax.lines]
    assert len(set(heights)) == 3
    assert heights[:3] == heights[3:6]
