"""The two kinds of dilation: each line shows its last window, the dilated array, and the entry that it gives."""

import numpy as np
import pytest
from readable import assert_readable

from cnn_core import conv2d_backward, conv2d_forward
from cnn_viz.arrays.two_dilations import draw_two_dilations

X = np.arange(36.0).reshape(6, 6) % 5
F, dC_dO = np.array([[1.0, 2], [-1, 3]]), np.array([[1.0, -2], [3, 1]])
S, D = 2, 3
O = conv2d_forward(X[None, None], F[None, None], stride=S, dilation=D)[0, 0]
dC_dF = conv2d_backward(dC_dO[None, None], X[None, None], F[None, None], S, dilation=D)[1][0, 0]


@pytest.fixture
def ax():
    return draw_two_dilations(None, X, F, O, dC_dO, dC_dF, S, D)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_both_lines_name_the_array_that_is_dilated_and_what_it_gives(ax):
    assert {"F dilated (4, 4)", "dC/dO dilated (3, 3)", "O (2, 2)", "dC/dF (2, 2)"} <= set(texts(ax))
    assert texts(ax).count("X (6, 6)") == 2
    assert_readable(ax)


def test_the_sum_of_each_last_window_is_the_entry_of_the_result(ax):
    sums = [text for text in texts(ax) if "]" in text]
    assert [text.split(" = ")[0] for text in sums] == ["O[1, 1]", "dC/dF[1, 1]"]
    found = [float(text.split(" = ")[-1].replace("−", "-")) for text in sums]
    assert found == [O[1, 1], dC_dF[1, 1]]


def test_both_lines_hatch_the_pixels_that_no_window_uses(ax):
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    unused = 36 - 16  # rows and columns 0, 2, 3 and 5 are used
    assert len(hatched) == 2 * unused


def test_the_outlined_pixels_are_the_distance_of_the_dilation_apart(ax):
    outlined = [p for p in ax.patches if not p.get_fill() and p.get_linewidth() > 2.2 and p.get_width() == 1]
    columns = [patch.get_x() for patch in outlined]
    assert columns[1] - columns[0] == D
    assert columns[6] - columns[5] == S  # after four pixels and an entry of the output


def test_pixels_that_are_left_over_are_refused():
    with pytest.raises(ValueError, match="dC/dF"):
        draw_two_dilations(None, np.ones((9, 9)), F, F, F, F, stride=4, dilation=2)  # two rows are left over
