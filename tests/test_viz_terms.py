"""Pictures of one gradient's terms: the sum that is written gives the entry that is outlined, in every geometry."""

import numpy as np
import pytest
from readable import assert_readable
from test_viz_gradients import GEOMETRIES, F, X, backward, outlined, texts

from cnn_viz.terms import draw_pixel_terms, draw_weight_terms


@pytest.mark.parametrize(("stride", "padding"), GEOMETRIES)
def test_the_terms_of_a_pixel_add_up_to_its_gradient(stride, padding):
    dC_dO, _, _, dC_dX, _ = backward(stride, padding)
    for pixel in [(0, 0), (2, 1), (3, 2), (4, 2)]:
        ax = draw_pixel_terms(None, dC_dO, F, dC_dX, pixel, stride, padding)
        note = texts(ax)[-1]
        assert note.startswith(f"dC/dX[{pixel[0]}, {pixel[1]}] = ")
        total = note.partition(":")[0].rpartition("= ")[2]
        assert total == f"{dC_dX[pixel]:g}".replace("-", "−")
        assert_readable(ax)


@pytest.mark.parametrize(("stride", "padding"), GEOMETRIES)
def test_the_terms_of_a_weight_add_up_to_its_gradient(stride, padding):
    dC_dO, _, _, _, dC_dF = backward(stride, padding)
    for weight in [(0, 0), (1, 2), (2, 2)]:
        ax = draw_weight_terms(None, X, dC_dO, dC_dF, weight, stride, padding)
        note = texts(ax)[-1]
        assert note.startswith(f"dC/dF[{weight[0]}, {weight[1]}] = ")
        assert note.endswith(f"= {dC_dF[weight]:g}")
        assert note.count("·dC/dO[") == dC_dO.size
        assert_readable(ax)


def test_the_terms_of_a_pixel_name_output_and_weight_and_outline_them():
    dC_dO, _, _, dC_dX, _ = backward(2, (0, 1))
    ax = draw_pixel_terms(None, dC_dO, F, dC_dX, (2, 0), 2, (0, 1))
    assert texts(ax)[-1] == "dC/dX[2, 0] = dC/dO[0, 0]·F[2, 1] + dC/dO[1, 0]·F[0, 1]\n= 2·0 + 4·2 = 8"
    assert [text for text in texts(ax) if text.startswith("×")] == ["×0", "×2"]
    assert len(outlined(ax)) == 2 + 2 + 1


def test_the_terms_of_a_weight_name_pixel_and_output():
    dC_dO, _, _, _, dC_dF = backward(2, (0, 1))
    ax = draw_weight_terms(None, X, dC_dO, dC_dF, (0, 1), 2, (0, 1))
    assert texts(ax)[-1].split(" + ")[1] == "Xp[0, 3]·dC/dO[0, 1]"
    assert [text for text in texts(ax) if text.startswith("×")] == [f"×{n}" for n in dC_dO.flat]


def test_a_pixel_without_a_part_in_any_output_says_so():
    dC_dO, _, _, dC_dX, _ = backward(3, (0, 1))
    ax = draw_pixel_terms(None, dC_dO, F, dC_dX, (4, 2), 3, (0, 1))
    assert "dC/dX[4, 2] = 0: it had no part in any output" in texts(ax)


def test_terms_refuse_a_place_outside_and_a_gradient_of_another_shape():
    dC_dO, _, _, dC_dX, dC_dF = backward(2, (0, 1))
    with pytest.raises(ValueError, match="lies outside"):
        draw_pixel_terms(None, dC_dO, F, dC_dX, (5, 0), 2, (0, 1))
    with pytest.raises(ValueError, match="lies outside"):
        draw_weight_terms(None, X, dC_dO, dC_dF, (0, 3), 2, (0, 1))
    for wrong in (np.ones((3, 2)), np.ones((2, 3))):
        with pytest.raises(ValueError, match="dC_dO"):
            draw_pixel_terms(None, wrong, F, dC_dX, (0, 0), 2, (0, 1))
        with pytest.raises(ValueError, match="dC_dO"):
            draw_weight_terms(None, X, wrong, dC_dF, (0, 0), 2, (0, 1))
