"""Windows: a filter lies where the convolution puts it, and its sum is written with all its numbers."""

import numpy as np
import pytest
from drawn_cells import frames, hatched, labels, on_canvas, titles
from readable import assert_readable

from cnn_core import conv2d_backward, conv2d_forward
from cnn_viz.arrays.panel import draw_row
from cnn_viz.arrays.windows import window_panel, written_sum

X = np.array([[1, 2, 0, 3, 1], [0, 1, 5, 2, 2], [4, 0, 1, 1, 0], [2, 2, 3, 0, 1], [1, 0, 2, 4, 3]])
F = np.array([[1, 0], [2, -1]])


@pytest.mark.parametrize(
    ("position", "stride", "padding", "corner"),
    [
        pytest.param((0, 0), 1, 0, (0, 0), id="first"),
        pytest.param((1, 1), 2, 0, (2, 2), id="stride"),
        pytest.param((1, 2), (3, 2), 0, None, id="outside"),
        pytest.param((1, 0), (3, 1), (1, 2), (3, 0), id="pairs"),
        pytest.param((2, 2), 2, "include", (4, 4), id="include"),
    ],
)
def test_the_window_lies_where_the_convolution_puts_it(position, stride, padding, corner):
    if corner is None:
        with pytest.raises(ValueError, match=r"position \(1, 2\) lies outside the output, which has shape \(2, 2\)"):
            window_panel(X, F, position, stride, padding)
        return
    ax = on_canvas(window_panel(X, F, position, stride, padding))
    assert (*corner, 2, 2) in frames(ax, least=3)
    assert set(labels(ax)) == {(corner[0] + row, corner[1] + column) for row in (0, 1) for column in (0, 1)}


@pytest.mark.parametrize("padding", [0, 1, "same", "include"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_numbers_under_the_window_times_its_weights_are_the_output(stride, padding):
    O = conv2d_forward(X[None, None], F[None, None], stride=stride, padding=padding)[0, 0]
    for position in np.ndindex(O.shape):
        panel = window_panel(X, F, position, stride, padding)
        weights = {cell: int(text.removeprefix("×").replace("−", "-")) for cell, text in panel.labels.items()}
        assert len(weights) == 4
        assert sum(panel.array[cell] * weight for cell, weight in weights.items()) == O[position]


@pytest.mark.parametrize(
    ("dilation", "blocks"),
    [
        pytest.param(1, {(1, 2, 2, 2)}, id="1"),
        pytest.param(2, {(1, 2, 1, 1), (1, 4, 1, 1), (3, 2, 1, 1), (3, 4, 1, 1)}, id="2"),
        pytest.param((2, 1), {(1, 2, 1, 2), (3, 2, 1, 2)}, id="rows-only"),
        pytest.param((1, 2), {(1, 2, 2, 1), (1, 4, 2, 1)}, id="columns-only"),
    ],
)
def test_the_cells_under_a_dilated_filter_are_outlined(dilation, blocks):
    ax = on_canvas(window_panel(X, F, (1, 2), dilation=dilation))
    assert set(frames(ax, least=3)) == blocks
    under = {(r + i, c + j) for r, c, rows, columns in blocks for i in range(rows) for j in range(columns)}
    assert set(labels(ax)) == under


@pytest.mark.parametrize("padding", [0, "same", "include"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [2, (1, 3), 4])
def test_the_numbers_under_a_dilated_window_times_its_weights_are_the_output(stride, padding, dilation):
    O = conv2d_forward(X[None, None], F[None, None], None, stride, padding, dilation)[0, 0]
    for position in np.ndindex(O.shape):
        panel = window_panel(X, F, position, stride, padding, dilation=dilation)
        weights = [int(text.removeprefix("×").replace("−", "-")) for text in panel.labels.values()]
        assert weights == F.ravel().tolist()
        pixels = [panel.array[cell] for cell in panel.labels]
        assert np.dot(pixels, weights) == O[position]


@pytest.mark.parametrize(("dilation", "stride"), [(2, 1), (3, 1), (4, 1), (2, 2), ((1, 3), (2, 1))])
def test_pixels_that_no_dilated_window_takes_are_hatched(dilation, stride):
    ones = np.ones((1, 1, 2, 2))
    O = conv2d_forward(np.ones((1, 1, 5, 5)), ones, None, stride, 0, dilation)
    reached = conv2d_backward(O, np.ones((1, 1, 5, 5)), ones, stride, 0, dilation)[0][0, 0] != 0
    ax = on_canvas(window_panel(X, F, stride=stride, dilation=dilation))
    assert hatched(ax) == set(map(tuple, np.argwhere(~reached).tolist()))


def test_pixels_that_no_window_reaches_are_hatched_in_the_padding_too():
    assert hatched(on_canvas(window_panel(X, F, stride=2))) == {
        (r, c) for r in range(5) for c in range(5) if 4 in (r, c)
    }
    assert hatched(on_canvas(window_panel(X, F, stride=2, padding=1))) == {
        (r, c) for r in range(7) for c in range(7) if 6 in (r, c)
    }


def test_a_window_panel_can_be_drawn_in_a_row():
    ax = draw_row(None, [window_panel(X, F, (1, 1), stride=2, padding=1)])
    assert titles(ax) == ["X (5, 5) padded (7, 7)"]
    assert sorted(text.get_text() for text in ax.texts if text.get_text()[0] == "×") == ["×0", "×1", "×2", "×−1"]
    assert_readable(ax)


def test_a_dilated_filter_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"the effective kernel \(\(2 - 1\)\*5 \+ 1 = 6\) is larger"):
        window_panel(X, F, dilation=5)


def test_a_filter_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"the kernel \(6\) is larger"):
        window_panel(X, np.ones((6, 1)))


@pytest.mark.parametrize(
    ("window", "weights", "bias", "text"),
    [
        pytest.param([[1, 0], [2, 5]], F, None, "1·1 + 0·0 + 2·2 + 5·(−1) = 0", id="whole"),
        pytest.param([[-1.0]], [[3.0]], -2, "(−1)·3 + (−2) = −5", id="bias"),
        pytest.param([0.5, 2.0], [0.25, 1.0], None, "0.5·0.25 + 2·1 ≈ 2.12", id="sum-is-rounded"),
        pytest.param([1 / 3], [3.0], None, "0.33·3 ≈ 1", id="term-is-rounded"),
        pytest.param([0.1, 0.2], [1.0, 1.0], None, "0.1·1 + 0.2·1 = 0.3", id="floating-point"),
    ],
)
def test_a_sum_is_written_out_with_its_numbers(window, weights, bias, text):
    assert written_sum(window, weights, bias) == text


def test_a_window_and_weights_of_different_shapes_have_no_sum():
    with pytest.raises(ValueError, match=r"written_sum: window has shape \(2, 2\), expected \(1, 2\)"):
        written_sum(F, [[1, 2]])
