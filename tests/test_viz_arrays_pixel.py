"""Pictures of one pixel's gradient: windows and shares stand where cnn_core puts them, and the shares add up."""

import numpy as np
import pytest
from readable import assert_readable
from tiers import slow_after

from cnn_core import conv2d_backward, conv2d_forward, convolve
from cnn_viz.arrays.pixel import draw_pixel_windows, draw_shares

X = np.array([[1, 0, 2], [0, 3, 1], [2, 1, 0], [1, 0, 3], [0, 2, 1]])
F = np.array([[1, 2, -1], [3, -1, 1], [-2, 4, 5]])  # nine weights, of which no two meet the same pixel
GEOMETRIES = [(2, (0, 1)), (1, 1), ((2, 1), (1, 0)), (2, "same")]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def rings(ax):
    """Return the numbers of circles, each of which marks the pixel in one panel."""
    return [patch for patch in ax.patches if type(patch).__name__ == "Circle"]


def windows(ax):
    """Return [(row, column)] of the heavy outlines of 3 by 3."""
    heavy = [patch for patch in ax.patches if not patch.get_fill() and patch.get_linewidth() > 2.5]
    return [(p.get_y(), p.get_x()) for p in heavy if type(p).__name__ == "Rectangle" and p.get_height() == 3]


def weights_met(pixel, stride, padding):
    """Return the outputs of an image with a single 1 that are reached: the weights over this pixel, in their order."""
    impulse = np.zeros(X.shape)
    impulse[pixel] = 1
    O = conv2d_forward(impulse[None, None], F[None, None], stride=stride, padding=padding)
    return [f"×{weight:g}".replace("-", "−") for weight in O.flat if weight]


@pytest.mark.parametrize(("stride", "padding"), GEOMETRIES)
@pytest.mark.parametrize("pixel", slow_after(1, [(2, 1), (0, 0), (4, 2), (1, 1)]))
def test_each_window_of_a_pixel_carries_the_weight_through_which_the_output_sees_it(pixel, stride, padding):
    ax = draw_pixel_windows(None, X, F, pixel, stride, padding)
    found = [text for text in texts(ax) if text.startswith("×")]
    assert found == weights_met(pixel, stride, padding)
    assert len(rings(ax)) == len(windows(ax)) == len(found)


def test_the_windows_of_a_pixel_are_placed_like_their_outputs_and_named():
    ax = draw_pixel_windows(None, X, F, (2, 1), 2, (0, 1))
    assert [text for text in texts(ax) if text.startswith("O[")] == [
        "O[0, 0]: through F[2, 2]",
        "O[0, 1]: through F[2, 0]",
        "O[1, 0]: through F[0, 2]",
        "O[1, 1]: through F[0, 0]",
    ]
    (top, left), second, third, fourth = windows(ax)
    assert second[0] == top < third[0] == fourth[0]
    assert third[1] == left < second[1] == fourth[1]
    assert_readable(ax)


def test_a_pixel_that_no_window_reaches_has_no_windows_to_draw():
    with pytest.raises(ValueError, match=r"draw_pixel_windows: no window reaches pixel \(4, 1\)"):
        draw_pixel_windows(None, X, F, (4, 1), 3, (0, 1))


def test_the_shares_of_the_outputs_add_up_to_what_conv2d_backward_returns():
    dC_dO, Xp = np.array([[2, -1], [7, 3]]), np.pad(X, ((0, 0), (1, 1)))
    given = dC_dO[None, None], Xp[None, None], F[None, None], 2
    dC_dXp = conv2d_backward(*given)[0][0, 0]
    ax = draw_shares(None, dC_dO, F, dC_dXp, 2, ((0, 0), (1, 1)), (2, 2))
    numbers = [text.replace("−", "-") for text in texts(ax)]
    numbers = [int(text) for text in numbers if text.lstrip("-").isdigit()]
    shares, total = numbers[: 4 * F.size], numbers[4 * F.size :]
    assert shares == [int(entry * weight) for entry in dC_dO.flat for weight in F.flat]
    assert total == dC_dXp.astype(int).ravel().tolist()
    assert "from dC/dO[0, 1]: (−1) · F" in texts(ax)
    assert texts(ax).count("+") == 3
    assert texts(ax).count("=") == 1
    assert len(rings(ax)) == 5  # the middle pixel is in all four windows, and in the sum
    assert_readable(ax)


def test_the_shares_ring_a_pixel_only_where_it_gets_one():
    dC_dO = np.ones((2, 2))
    dC_dXp = convolve(np.kron(dC_dO, [[1, 0], [0, 0]])[:3, :3], F[::-1, ::-1], full_convolve=True)
    assert len(rings(draw_shares(None, dC_dO, F, dC_dXp, 2, pixel=(0, 0)))) == 2
    assert len(rings(draw_shares(None, dC_dO, F, dC_dXp, 2))) == 0


def test_shares_of_a_gradient_of_the_wrong_shape_are_refused():
    with pytest.raises(ValueError, match="draw_shares: dC_dO"):
        draw_shares(None, np.ones((3, 2)), F, np.ones((5, 5)), 2)
