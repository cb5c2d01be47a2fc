"""Pictures of a window on its way: each says its numbers, nothing is hidden, and who touches whom is right."""

import numpy as np
import pytest
from readable import assert_readable

from cnn_core import conv2d_backward, convolve
from cnn_viz.filtered import show_filtered
from cnn_viz.histograms import show_histograms
from cnn_viz.palette import HUE
from cnn_viz.sliding import draw_reach, draw_step, draw_touched, touched_outputs

X = np.array([[0, 0, 3, 1, 0, 0], [0, 1, 3, 0, 0, 1], [0, 2, 2, 0, 0, 2], [1, 3, 0, 0, 1, 3], [0, 3, 1, 0, 2, 2]])
F = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]])
GEOMETRIES = [(1, 0), (2, 0), ((1, 2), 1), (2, "same"), (3, "include"), (2, (0, 1))]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_draw_step_writes_the_sum_of_its_window():
    ax = draw_step(None, X, F, convolve(X, F), (0, 1))
    assert "O[0, 1] = 0·1 + 3·0 + 1·(−1) + 1·1 + 3·0 + 0·(−1) + 2·1 + 2·0 + 0·(−1) = 2" in texts(ax)
    assert_readable(ax)


def test_draw_step_leaves_later_outputs_empty():
    O = np.arange(101, 113).reshape(3, 4)
    written = texts(draw_step(None, X, F, O, (1, 1), so_far=True))
    assert [text for text in written if text.startswith("1") and len(text) == 3] == [str(n) for n in range(101, 107)]


def test_draw_step_refuses_a_position_outside_the_output():
    with pytest.raises(ValueError, match="lies outside the output"):
        draw_step(None, X, F, convolve(X, F), (3, 0))


@pytest.mark.parametrize(("stride", "padding"), GEOMETRIES)
def test_touched_outputs_are_those_that_change_with_the_cell(stride, padding):
    weights = np.arange(1, 10).reshape(3, 3)
    for cell in np.ndindex(X.shape):
        touched = touched_outputs(X.shape, F.shape, cell, stride, padding)
        dC_dO = np.ones((1, 1, *output_of(stride, padding)))
        dC_dX, *_ = conv2d_backward(dC_dO, X[None, None], weights[None, None], stride, padding)
        assert sum(weights[place] for place in touched.values()) == dC_dX[0, 0][cell]


def output_of(stride, padding):
    from cnn_core import conv2d_forward

    return conv2d_forward(X[None, None], F[None, None], stride=stride, padding=padding).shape[2:]


def test_touched_outputs_refuse_a_cell_outside_the_input():
    with pytest.raises(ValueError, match="lies outside the input"):
        touched_outputs((4, 4), (3, 3), (4, 0))


def test_draw_touched_labels_each_output_with_the_weight():
    ax = draw_touched(None, X, np.arange(1, 10).reshape(3, 3), convolve(X, F), (0, 1))
    assert sorted(text for text in texts(ax) if text.startswith("×")) == ["×1", "×2"]
    assert_readable(ax)


@pytest.mark.parametrize(("stride", "padding"), GEOMETRIES)
def test_draw_reach_counts_windows(stride, padding):
    assert_readable(draw_reach(None, (5, 6), 3, stride, padding))


def test_draw_reach_writes_how_many_windows_reach_each_pixel():
    written = texts(draw_reach(None, (1, 4), (1, 2), 1))
    assert written[:4] == ["1", "2", "2", "1"]


def test_draw_reach_hatches_what_is_left_over():
    ax = draw_reach(None, (5, 6), 3, 2)
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 5


def test_show_filtered_draws_a_map_for_each_filter(rng):
    maps = [rng.normal(size=(6, 8)), rng.normal(size=(6, 8))]
    figure = show_filtered(rng.random((8, 10)), {"edge": F, "more": -F}, maps)
    images = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    assert len(images) == 3
    np.testing.assert_array_equal(images[1], maps[0])
    assert {"X (8, 10)", "edge", "more", "O (6, 8)"} <= {text.get_text() for text in figure.texts}


def test_show_filtered_refuses_a_missing_map(rng):
    with pytest.raises(ValueError, match="2 filters and 1 maps"):
        show_filtered(rng.random((8, 10)), {"edge": F, "more": -F}, [rng.random((6, 8))])


def test_show_histograms_writes_the_spread_and_keeps_one_scale_in_a_row(rng):
    row = {"weights": rng.normal(size=50), "layer 1": np.array([-2.0, 2.0]), "layer 2": np.array([0.5, 0.5])}
    figure = show_histograms({"he": row})
    assert [ax.get_title() for ax in figure.axes[1:]] == ["spread 2", "spread 0"]
    assert figure.axes[1].get_xlim() == figure.axes[2].get_xlim()
    assert figure.axes[0].patches[0].get_facecolor()[:3] != figure.axes[1].patches[0].get_facecolor()[:3]
    assert set(HUE) >= {"F", "O"}


def test_show_histograms_refuses_rows_of_different_columns():
    with pytest.raises(ValueError, match="same columns"):
        show_histograms({"a": {"x": [1.0]}, "b": {"y": [1.0]}})
