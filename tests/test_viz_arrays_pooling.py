"""Pictures of pooling: every window with its numbers, the argmax alone has a ring, shares stand at their pixels."""

import numpy as np
import pytest
from drawn_cells import frames, labels, on_canvas, rings, titles
from matplotlib.patches import Circle
from readable import assert_readable
from tiers import slow_after

from cnn_core import pool2d_backward, pool2d_forward
from cnn_viz.arrays.panel import draw_row
from cnn_viz.arrays.pooling import draw_pooling, draw_routed_gradient, draw_routing, selected_panel, written_pool
from cnn_viz.base.palette import PADDING

X = np.array([[1, 3, 2, 0, 1, 2], [2, 6, 2, 0, 8, 5], [4, 1, 0, 1, 3, 3], [3, 0, 6, 1, 3, 3]])
MODES = ("max", "mean", "min")
RENDERED = [(3, 2, 1), ((2, 3), (1, 2), "include")]  # rendering is slow: texts are measured for two geometries
GEOMETRIES = [(3, 2, 1), ((2, 3), (1, 2), "include"), (2, None, 0), (2, 1, 0), (3, 2, 0), (2, 3, 0), (3, 2, "same")]


def pooled(mode, *settings):
    return pool2d_forward(X[None, None], *settings, mode=mode)[0, 0]


def routed(dC_dO, mode="max", *settings):
    return pool2d_backward(dC_dO[None, None], X[None, None], *settings, mode=mode)[0, 0]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def ringed(ax):
    """Return the numbers that have a ring around them."""
    circles = [patch.center for patch in ax.patches if isinstance(patch, Circle)]
    at = {tuple(np.round(text.get_position(), 6)): text.get_text() for text in ax.texts}
    return [at[tuple(np.round(centre, 6))] for centre in circles]


@pytest.mark.parametrize(
    ("mode", "words"),
    [("max", "max(1, 3, 2, 6) = 6"), ("mean", "(1 + 3 + 2 + 6) / 4 = 3"), ("min", "min(1, 3, 2, 6) = 1")],
)
def test_written_pool_holds_all_numbers(mode, words):
    assert written_pool(X[:2, :2], mode, pooled(mode)[0, 0]) == words


def test_written_pool_puts_negative_numbers_of_a_sum_in_brackets_and_marks_rounding():
    assert written_pool([-1, 0, 2], "mean", 1 / 3) == "((−1) + 0 + 2) / 3 ≈ 0.33"


def test_draw_pooling_writes_the_result_of_the_window_and_rings_the_maximum():
    ax = draw_pooling(None, X, {"max": pooled("max")}, (0, 2))
    assert "O[0, 2] = max(1, 2, 8, 5) = 8" in texts(ax)
    assert ringed(ax) == ["8"]
    assert not {"max", "both"} & set(texts(ax))  # a single ring needs no label
    assert_readable(ax)


def test_draw_pooling_rings_nothing_for_the_mean():
    ax = draw_pooling(None, X, {"mean": pooled("mean")}, (0, 2))
    assert "O[0, 2] = (1 + 2 + 8 + 5) / 4 = 4" in texts(ax)
    assert ringed(ax) == []


def test_draw_pooling_labels_the_rings_of_several_modes():
    ax = draw_pooling(None, X, {mode: pooled(mode) for mode in MODES}, (0, 2))
    assert sorted(ringed(ax)) == ["1", "8"]
    assert {"max", "min", "O, max (2, 3)", "O, mean (2, 3)", "O, min (2, 3)"} <= set(texts(ax))
    assert "max(1, 2, 8, 5) = 8\nmean: (1 + 2 + 8 + 5) / 4 = 4\nmin(1, 2, 8, 5) = 1" in texts(ax)


def test_draw_pooling_of_a_flat_window_has_one_ring_for_both():
    ax = draw_pooling(None, X, {"max": pooled("max"), "min": pooled("min")}, (1, 2))
    assert ringed(ax) == ["3"]
    assert "both" in texts(ax)
    assert_readable(ax)


def test_draw_pooling_leaves_later_outputs_empty():
    O = np.arange(101, 107).reshape(2, 3)
    written = texts(draw_pooling(None, X, {"max": O}, (1, 0), so_far=True))
    assert [text for text in written if text.startswith("10")] == ["101", "102", "103", "104"]


def test_draw_pooling_gives_padding_no_number_and_keeps_it_grey():
    ax = draw_pooling(None, X + 1, {"mean": pooled("mean", 3, 2, 1)}, (0, 0), 3, 2, 1)
    numbers = [text for text in texts(ax) if text.isdigit()]
    assert len(numbers) == X.size
    grey = tuple(int(PADDING[place : place + 2], 16) / 255 for place in (1, 3, 5))
    assert sum(patch.get_facecolor()[:3] == grey for patch in ax.patches) >= 6 * 8 - X.size


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("settings", slow_after(2, GEOMETRIES))
def test_the_ring_of_every_geometry_is_where_the_gradient_goes(mode, settings):
    O = pooled(mode, *settings)
    for position in ((0, 0), tuple(length - 1 for length in O.shape)):
        one = np.zeros(O.shape)
        one[position] = 1
        ax = draw_pooling(None, X, {mode: O}, position, *settings, so_far=True)
        pixels = [] if mode == "mean" else np.argwhere(routed(one, mode, *settings))
        assert ringed(ax) == [f"{X[tuple(pixel)]}" for pixel in pixels]
    if settings in RENDERED:
        assert_readable(ax)


def test_draw_routing_for_max_rings_the_argmax_in_both_arrays_and_names_it():
    dC_dO = np.array([[8, 4, -2], [1, 2, 7]])
    ax = draw_routing(None, dC_dO, X, routed(dC_dO), (0, 2))
    assert ringed(ax) == ["8", "−2"]  # the pixel of X, and what it receives
    assert "X[1, 4] is the maximum: it gets all of dC/dO[0, 2] = −2" in texts(ax)
    assert {"dC/dO (2, 3)", "X (4, 6)", "dC/dX (4, 6)"} <= set(texts(ax))
    assert_readable(ax)


def test_draw_routing_routes_to_the_first_of_tied_pixels():
    ax = draw_routing(None, np.ones((2, 3)), X, routed(np.ones((2, 3))), (1, 2))
    assert "X[2, 4] is the maximum: it gets all of dC/dO[1, 2] = 1" in texts(ax)


def test_draw_routing_for_the_mean_labels_each_pixel_of_the_window_with_its_share():
    dC_dO = np.array([[8, 4, -2], [1, 2, 7]])
    ax = draw_routing(None, dC_dO, X, routed(dC_dO, "mean"), (0, 0), mode="mean")
    assert texts(ax).count("1/4") == 4
    assert ringed(ax) == []
    assert "each of the 4 pixels of the window gets 1/4 of dC/dO[0, 0] = 8" in texts(ax)
    assert_readable(ax)


def test_draw_routing_for_the_mean_does_not_count_padding():
    dC_dO = np.ones(pooled("mean", 3, 2, 1).shape)
    ax = draw_routing(None, dC_dO, X, routed(dC_dO, "mean", 3, 2, 1), (0, 0), 3, 2, 1, "mean")
    assert texts(ax).count("1/4") == 4  # of nine cells under the window, five are padding


def test_draw_routed_gradient_rings_pixels_with_a_count_and_labels_counts_above_one():
    ones = np.ones((3, 5))
    counts = routed(ones, "max", 2, 1)
    ax = draw_routed_gradient(None, ones, X, counts, counts, 2, 1)
    assert len(ringed(ax)) == np.count_nonzero(counts)
    assert sorted(text for text in texts(ax) if text.endswith("×")) == sorted(f"{n:g}×" for n in counts[counts > 1])
    assert_readable(ax)


def test_draw_routed_gradient_gives_padding_no_number():
    ones = np.ones(pooled("max", 3, 2, 1).shape)
    counts = routed(ones, "max", 3, 2, 1)
    ax = draw_routed_gradient(None, ones, X, counts, counts, 3, 2, 1)
    assert len([text for text in texts(ax) if text.isdigit()]) == ones.size + 2 * X.size


def test_draw_routed_gradient_hatches_pixels_that_no_window_reached():
    dC_dO = np.ones(pooled("max", 3, 2).shape)
    ax = draw_routed_gradient(None, dC_dO, X, routed(dC_dO, "max", 3, 2), routed(dC_dO, "max", 3, 2), 3, 2)
    left_over = X.size - 3 * 5  # the last row, the last column
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 2 * left_over  # in X, in dC/dX


def test_no_argument_is_changed():
    given = [np.ones((2, 3)), X.copy(), routed(np.ones((2, 3)))]
    before = [array.copy() for array in given]
    draw_routing(None, *given)
    draw_pooling(None, given[1], {"max": given[0]})
    assert all((one == other).all() for one, other in zip(given, before, strict=True))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: draw_pooling(None, X, {"max": pooled("max")}, (2, 0)), "lies outside the output"),
        (lambda: draw_pooling(None, X, {"max": np.ones((2, 2))}), "O has shape"),
        (lambda: draw_pooling(None, X, {"median": pooled("max")}), "unknown mode 'median'"),
        (lambda: draw_pooling(None, X, {"max": X}, pool_size=7), "larger than"),
        (lambda: draw_routing(None, np.ones((2, 3)), X, np.ones((2, 3))), "dC_dX"),
        (lambda: draw_routing(None, np.ones((3, 2)), X, X), "dC_dO"),
        (lambda: draw_routing(None, np.ones((2, 3)), X, X, mode="sum"), "unknown mode"),
    ],
)
def test_wrong_arguments_are_refused_with_a_message(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- the panel of selected pixels -------------------------------------------------------------------------------------

C = np.array([[1, 2, 0, 3, 1], [0, 1, 5, 2, 2], [4, 0, 1, 1, 0], [2, 2, 3, 0, 1], [1, 0, 2, 4, 3]])


def counts_of(image, **settings):
    """Return the number of windows that route their gradient to each pixel, as cnn_core computes it."""
    ones = np.ones(pool2d_forward(image[None, None], **settings).shape)
    return pool2d_backward(ones, image[None, None], **settings)[0, 0]


@pytest.mark.parametrize(
    ("settings", "shift"),
    [({"pool_size": 2}, (0, 0)), ({"pool_size": 3, "stride": 3, "padding": 1}, (1, 1))],
    ids=["left-over", "padded"],
)
def test_selected_pixels_alone_have_a_ring(settings, shift):
    counts = counts_of(C, **settings)
    ax = on_canvas(selected_panel(C, counts, **settings))
    assert rings(ax) == {(row + shift[0], column + shift[1]) for row, column in np.argwhere(counts).tolist()}
    assert len(frames(ax, least=3)) == 4
    assert labels(ax) == {}


def test_a_pixel_that_is_selected_more_than_once_has_its_count():
    counts = counts_of(C, pool_size=3, stride=1)
    ax = on_canvas(selected_panel(C, counts, 3, 1))
    assert labels(ax) == {(r, c): f"{counts[r, c]:.0f}×" for r, c in np.argwhere(counts > 1).tolist()}
    assert labels(ax)
    assert frames(ax, least=3) == {}


def test_pixels_that_no_window_reaches_are_hatched_in_the_panel_of_selected_pixels_too():
    ax = draw_row(None, [selected_panel(C, counts_of(C))])
    assert len([patch for patch in ax.patches if patch.get_hatch()]) == 9
    assert titles(ax) == ["X (5, 5)"]
    assert_readable(ax)


def test_counts_of_another_shape_are_refused():
    words = r"draw_routed_gradient: counts has shape \(2, 2\), expected \(5, 5\)"
    with pytest.raises(ValueError, match=words):
        draw_routed_gradient(None, np.ones((2, 2)), C, np.ones((2, 2)), C)
