"""Pictures of pooling: each says its numbers, the winner alone has a ring, shares stand where they are paid."""

import numpy as np
import pytest
from matplotlib.patches import Circle
from readable import assert_readable

from cnn_core import pool2d_backward, pool2d_forward
from cnn_viz.palette import PADDING
from cnn_viz.pooled import draw_paid, draw_payment, draw_pooling, written_pool

X = np.array([[1, 3, 2, 0, 1, 2], [2, 6, 2, 0, 8, 5], [4, 1, 0, 1, 3, 3], [3, 0, 6, 1, 3, 3]])
MODES = ("max", "mean", "min")
GEOMETRIES = [(2, None, 0), (2, 1, 0), (3, 2, 0), (3, 2, 1), ((2, 3), (1, 2), "include"), (2, 3, 0), (3, 2, "same")]


def pooled(mode, *settings):
    return pool2d_forward(X[None, None], *settings, mode=mode)[0, 0]


def paid(dC_dO, mode="max", *settings):
    return pool2d_backward(dC_dO[None, None], X[None, None], *settings, mode=mode)[0, 0]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def rings(ax):
    """Return the numbers that have a ring around them."""
    circles = [patch.center for patch in ax.patches if isinstance(patch, Circle)]
    at = {tuple(np.round(text.get_position(), 6)): text.get_text() for text in ax.texts}
    return [at[tuple(np.round(centre, 6))] for centre in circles]


@pytest.mark.parametrize(
    ("mode", "words"),
    [("max", "max(1, 3, 2, 6) = 6"), ("mean", "(1 + 3 + 2 + 6) / 4 = 3"), ("min", "min(1, 3, 2, 6) = 1")],
)
def test_written_pool_says_all_numbers(mode, words):
    assert written_pool(X[:2, :2], mode, pooled(mode)[0, 0]) == words


def test_written_pool_puts_negative_numbers_of_a_sum_in_brackets_and_says_where_it_rounds():
    assert written_pool([-1, 0, 2], "mean", 1 / 3) == "((−1) + 0 + 2) / 3 ≈ 0.33"


def test_draw_pooling_writes_what_the_window_gives_and_rings_the_winner():
    ax = draw_pooling(None, X, {"max": pooled("max")}, (0, 2))
    assert "O[0, 2] = max(1, 2, 8, 5) = 8" in texts(ax)
    assert rings(ax) == ["8"]
    assert not {"max", "both"} & set(texts(ax))  # a single ring needs no label
    assert_readable(ax)


def test_draw_pooling_rings_nothing_for_the_mean():
    ax = draw_pooling(None, X, {"mean": pooled("mean")}, (0, 2))
    assert "O[0, 2] = (1 + 2 + 8 + 5) / 4 = 4" in texts(ax)
    assert rings(ax) == []


def test_draw_pooling_tells_the_winners_of_several_modes_apart_by_labels():
    ax = draw_pooling(None, X, {mode: pooled(mode) for mode in MODES}, (0, 2))
    assert sorted(rings(ax)) == ["1", "8"]
    assert {"max", "min", "O, max (2, 3)", "O, mean (2, 3)", "O, min (2, 3)"} <= set(texts(ax))
    assert "max(1, 2, 8, 5) = 8\nmean: (1 + 2 + 8 + 5) / 4 = 4\nmin(1, 2, 8, 5) = 1" in texts(ax)


def test_draw_pooling_of_a_flat_window_has_one_ring_for_both():
    ax = draw_pooling(None, X, {"max": pooled("max"), "min": pooled("min")}, (1, 2))
    assert rings(ax) == ["3"]
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
@pytest.mark.parametrize("settings", GEOMETRIES)
def test_every_step_of_every_geometry_is_readable_and_the_ring_is_where_the_gradient_goes(mode, settings):
    O = pooled(mode, *settings)
    for position in ((0, 0), tuple(length - 1 for length in O.shape)):
        one = np.zeros(O.shape)
        one[position] = 1
        ax = draw_pooling(None, X, {mode: O}, position, *settings, so_far=True)
        won = [] if mode == "mean" else [f"{X[tuple(place)]}" for place in np.argwhere(paid(one, mode, *settings))]
        assert rings(ax) == won
        assert_readable(ax)


def test_draw_payment_for_max_rings_the_winner_in_both_arrays_and_says_who_gets_what():
    dC_dO = np.array([[8, 4, -2], [1, 2, 7]])
    ax = draw_payment(None, dC_dO, X, paid(dC_dO), (0, 2))
    assert rings(ax) == ["8", "−2"]  # the pixel of X, and what it receives
    assert "X[1, 4] won: it gets all of dC/dO[0, 2] = −2" in texts(ax)
    assert {"dC/dO (2, 3)", "X (4, 6)", "dC/dX (4, 6)"} <= set(texts(ax))
    assert_readable(ax)


def test_draw_payment_pays_the_first_of_tied_pixels():
    ax = draw_payment(None, np.ones((2, 3)), X, paid(np.ones((2, 3))), (1, 2))
    assert "X[2, 4] won: it gets all of dC/dO[1, 2] = 1" in texts(ax)


def test_draw_payment_for_the_mean_labels_each_pixel_of_the_window_with_its_share():
    dC_dO = np.array([[8, 4, -2], [1, 2, 7]])
    ax = draw_payment(None, dC_dO, X, paid(dC_dO, "mean"), (0, 0), mode="mean")
    assert texts(ax).count("1/4") == 4
    assert rings(ax) == []
    assert "each of the 4 pixels of the window gets 1/4 of dC/dO[0, 0] = 8" in texts(ax)
    assert_readable(ax)


def test_draw_payment_for_the_mean_does_not_count_padding():
    dC_dO = np.ones(pooled("mean", 3, 2, 1).shape)
    ax = draw_payment(None, dC_dO, X, paid(dC_dO, "mean", 3, 2, 1), (0, 0), 3, 2, 1, "mean")
    assert texts(ax).count("1/4") == 4  # of nine cells under the window, five are padding


def test_draw_paid_rings_every_winner_and_counts_those_who_won_twice():
    ones = np.ones((3, 5))
    wins = paid(ones, "max", 2, 1)
    ax = draw_paid(None, ones, X, wins, wins, 2, 1)
    assert len(rings(ax)) == np.count_nonzero(wins)
    assert sorted(text for text in texts(ax) if text.endswith("×")) == sorted(f"{n:g}×" for n in wins[wins > 1])
    assert_readable(ax)


def test_draw_paid_gives_padding_no_number():
    ones = np.ones(pooled("max", 3, 2, 1).shape)
    wins = paid(ones, "max", 3, 2, 1)
    ax = draw_paid(None, ones, X, wins, wins, 3, 2, 1)
    assert len([text for text in texts(ax) if text.isdigit()]) == ones.size + 2 * X.size


def test_draw_paid_hatches_what_no_window_reached():
    dC_dO = np.ones(pooled("max", 3, 2).shape)
    ax = draw_paid(None, dC_dO, X, paid(dC_dO, "max", 3, 2), paid(dC_dO, "max", 3, 2), 3, 2)
    left_over = X.size - 3 * 5  # the last row, the last column
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 2 * left_over  # in X, in dC/dX


def test_nothing_that_is_given_is_changed():
    given = [np.ones((2, 3)), X.copy(), paid(np.ones((2, 3)))]
    before = [array.copy() for array in given]
    draw_payment(None, *given)
    draw_pooling(None, given[1], {"max": given[0]})
    assert all((one == other).all() for one, other in zip(given, before, strict=True))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: draw_pooling(None, X, {"max": pooled("max")}, (2, 0)), "lies outside the output"),
        (lambda: draw_pooling(None, X, {"max": np.ones((2, 2))}), "O has shape"),
        (lambda: draw_pooling(None, X, {"median": pooled("max")}), "unknown mode 'median'"),
        (lambda: draw_pooling(None, X, {"max": X}, pool_size=7), "larger than"),
        (lambda: draw_payment(None, np.ones((2, 3)), X, np.ones((2, 3))), "dC_dX"),
        (lambda: draw_payment(None, np.ones((3, 2)), X, X), "dC_dO"),
        (lambda: draw_payment(None, np.ones((2, 3)), X, X, mode="sum"), "unknown mode"),
        (lambda: written_pool([1], "sum", 1), "unknown mode"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
