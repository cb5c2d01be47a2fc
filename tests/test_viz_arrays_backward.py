"""Pictures of gradients: every number written is one that cnn_core computed, each in its step."""

import numpy as np
import pytest
from matplotlib.colors import same_color
from readable import assert_readable

from cnn_core import conv2d_backward, conv2d_forward, convolve, dilate
from cnn_viz.arrays.backward import (
    dilation_steps,
    draw_dilation,
    draw_filter_chain,
    draw_full_step,
    draw_input_chain,
    draw_pixel_terms,
    draw_weight_terms,
)
from cnn_viz.base.palette import HUE, INK, PADDING, TINT

X = np.array([[1, 0, 2], [0, 3, 1], [2, 1, 0], [1, 0, 3], [0, 2, 1]])
F = np.array([[1, 2, -1], [3, -1, 1], [-2, 0, 2]])
GEOMETRIES = [(2, (0, 1)), ((2, 1), 1), (1, 0), (3, (0, 1)), (2, "same"), ((1, 2), (0, 2)), (2, 1)]
RENDERED = [(2, (0, 1)), ((2, 1), 1)]  # one picture of each is rendered, which is slow, and its texts are measured
LATER = [pytest.param(*each, marks=pytest.mark.slow) for each in GEOMETRIES[1:]]
EVERY_GEOMETRY = pytest.mark.parametrize(("stride", "padding"), GEOMETRIES[:1] + LATER)
CASES = [(size, stride) for size in ((2, 2), (1, 1), (3, 2), (1, 4)) for stride in (1, 2, 3, (1, 2), (3, 1))]


def backward(stride, padding):
    """Return dC_dO, its dilation, the full convolution in its frame, dC_dX and dC_dF of the example."""
    shape = conv2d_forward(X[None, None], F[None, None], stride=stride, padding=padding).shape
    dC_dO = np.arange(2, 2 + np.prod(shape)).reshape(shape)
    dC_dX, dC_dF, _ = conv2d_backward(dC_dO, X[None, None], F[None, None], stride, padding)
    dilated = dilate(dC_dO[0, 0], stride)
    full = convolve(dilated, F[::-1, ::-1], full_convolve=True)
    return dC_dO[0, 0], dilated, full, dC_dX[0, 0], dC_dF[0, 0]


def assert_readable_of(geometry, ax):
    """Fail if a text of the picture is clipped or lies on another; only for the geometries that are rendered."""
    if geometry in RENDERED:
        assert_readable(ax)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def cells(ax, *colours):
    """Return the number of cells of one unit that have one of the colours."""
    squares = [patch for patch in ax.patches if patch.get_fill() and patch.get_width() == patch.get_height() == 1]
    return sum(same_color(patch.get_facecolor(), colour) for patch in squares for colour in colours)


def outlined(ax):
    """Return {(rows, columns)} of the heavy outlines."""
    heavy = [patch for patch in ax.patches if not patch.get_fill() and patch.get_linewidth() > 2.5]
    black = [patch for patch in heavy if same_color(patch.get_edgecolor(), INK)]
    return [(patch.get_height(), patch.get_width()) for patch in black]


def corners(ax, size):
    """Return the (row, column) of the upper left corner of each heavy outline of a size."""
    heavy = [patch for patch in ax.patches if not patch.get_fill() and patch.get_linewidth() > 2.5]
    return [(patch.get_y(), patch.get_x()) for patch in heavy if (patch.get_height(), patch.get_width()) == size]


@pytest.mark.parametrize(("size", "stride"), CASES)
def test_the_steps_of_a_dilation_fill_every_cell_and_put_the_entries_where_dilate_puts_them(size, stride):
    dilated = dilate(np.ones(size), stride)
    rows = dilation_steps(size, stride)[1 : 1 + size[0]]
    placed, filled = np.zeros(dilated.shape), np.zeros(dilated.shape)
    for row, column, high, wide in [block for _, blocks in rows for block in blocks]:
        placed[row : row + high, column : column + wide] = 1
    for row, column, high, wide in [block for _, blocks in dilation_steps(size, stride) for block in blocks]:
        filled[row : row + high, column : column + wide] = 1
    np.testing.assert_array_equal(placed, dilated)
    assert filled.all()


def test_a_dilation_at_stride_1_is_done_when_the_rows_are_placed():
    assert [sentence for sentence, _ in dilation_steps((2, 3), 1)][-1] == "Row 1 of dC/dO goes into row 1."


def test_the_steps_of_a_dilation_count_the_zeros():
    assert [sentence for sentence, _ in dilation_steps((2, 2), (3, 2))][-2:] == [
        "2 rows of zeros between neighbouring rows.",
        "1 column of zeros between neighbouring columns.",
    ]


@pytest.mark.parametrize("step", range(5))
def test_draw_dilation_writes_what_is_filled_so_far_and_the_sentence_of_the_step(step):
    dC_dO = np.array([[12, 13], [14, 15]])
    ax = draw_dilation(None, dC_dO, dilate(dC_dO, 2), 2, step)
    written = texts(ax)
    assert [written.count(str(n)) for n in (12, 13, 14, 15)] == [1 + (step >= 1)] * 2 + [1 + (step >= 2)] * 2
    assert written.count("0") == [0, 0, 0, 3, 5][step]
    assert dilation_steps((2, 2), 2)[step][0] in written
    assert_readable(ax)


def test_draw_dilation_outlines_the_row_and_where_it_goes():
    dC_dO = np.array([[12, 13], [14, 15]])
    assert sorted(outlined(draw_dilation(None, dC_dO, dilate(dC_dO, 2), 2, 2))) == [(1, 1), (1, 1), (1, 2)]
    assert outlined(draw_dilation(None, dC_dO, dilate(dC_dO, 2), 2, 3)) == [(1, 3)]


def test_draw_dilation_outlines_each_row_of_the_gradient_when_it_is_placed():
    dC_dO = np.array([[12, 13], [14, 15]])
    for step in (1, 2):
        ax = draw_dilation(None, dC_dO, dilate(dC_dO, 2), 2, step)
        assert [row - ax.patches[0].get_y() for row, _ in corners(ax, (1, 2))] == [step - 1]


def test_all_steps_of_a_dilation_have_one_size_and_one_position():
    dC_dO = np.array([[12, 13], [14, 15]])
    drawn = [draw_dilation(None, dC_dO, dilate(dC_dO, 2), 2, step) for step in range(5)]
    assert len({(tuple(ax.figure.get_size_inches()), ax.get_xlim(), ax.patches[0].get_xy()) for ax in drawn}) == 1


def test_draw_dilation_refuses_a_step_that_is_not_there_and_a_dilation_of_another_stride():
    dC_dO = np.ones((2, 2))
    with pytest.raises(ValueError, match="there is no step 5; this dilation has the steps 0 to 4"):
        draw_dilation(None, dC_dO, dilate(dC_dO, 2), 2, 5)
    with pytest.raises(ValueError, match="dilated"):
        draw_dilation(None, dC_dO, dilate(dC_dO, 3), 2, 0)


@EVERY_GEOMETRY
def test_every_step_of_the_full_convolution_writes_a_sum_that_gives_its_entry(stride, padding):
    _, dilated, full, *_ = backward(stride, padding)
    for position in [(0, 0), tuple(length // 2 for length in full.shape), tuple(length - 1 for length in full.shape)]:
        ax = draw_full_step(None, dilated, F[::-1, ::-1], full, position, stride)
        note = next(text for text in texts(ax) if text.startswith(f"row {position[0]}, column {position[1]}: "))
        assert note.endswith(f"{full[position]:g}".replace("-", "−"))
    assert_readable_of((stride, padding), ax)


def test_a_step_of_the_full_convolution_leaves_out_the_products_with_zeros_that_were_put_there():
    dC_dO = np.array([[2, 0], [1, 3]])  # its own zero is an entry and stays
    dilated, rotated = dilate(dC_dO, 2), F[::-1, ::-1]
    full = convolve(dilated, rotated, full_convolve=True)
    notes = [texts(draw_full_step(None, dilated, rotated, full, at, 2)) for at in ((0, 0), (2, 2), (1, 1))]
    assert "row 0, column 0: 2·1 = 2" in notes[0]
    assert "row 2, column 2: 2·2 + 0·(−2) + 1·(−1) + 3·1 = 6" in notes[1]
    assert "row 1, column 1: 2·(−1) = −2" in notes[2]


def test_a_step_of_the_full_convolution_may_lie_on_zeros_only():
    ax = draw_full_step(None, dilate(np.ones((2, 2)), 3), np.ones((2, 2)), np.zeros((5, 5)), (2, 2), 3)
    assert "row 2, column 2: only zeros lie under the filter, so 0" in texts(ax)


def test_a_step_of_the_full_convolution_leaves_later_entries_empty():
    _, dilated, full, *_ = backward(2, (0, 1))
    ax = draw_full_step(None, dilated, F[::-1, ::-1], full, (0, 3), 2, ((0, 0), (1, 1)), so_far=True)
    assert cells(ax, TINT["X"]) == 2
    assert cells(ax, HUE["X"]) == 1
    assert_readable(ax)


@EVERY_GEOMETRY
def test_the_chain_to_dC_dF_writes_a_sum_that_gives_each_weight(stride, padding):
    dC_dO, dilated, _, _, dC_dF = backward(stride, padding)
    for weight in [(0, 0), (1, 2), (2, 1)]:
        ax = draw_filter_chain(None, dC_dO, dilated, X, dC_dF, stride, padding, weight)
        note = next(text for text in texts(ax) if text.startswith(f"dC/dF[{weight[0]}, {weight[1]}] = "))
        assert note.endswith(f"= {dC_dF[weight]:g}")
        assert note.count("·") == dC_dO.size
    assert_readable_of((stride, padding), ax)


def test_the_chain_to_dC_dF_lays_each_entry_of_the_gradient_over_its_pixel():
    dC_dO, dilated, _, _, dC_dF = backward(2, (0, 1))
    ax = draw_filter_chain(None, dC_dO, dilated, X, dC_dF, 2, (0, 1), (1, 1))
    assert [text for text in texts(ax) if text.startswith("×")] == [f"×{n}" for n in dC_dO.flat]
    assert sorted(outlined(ax)) == [(1, 1), (3, 3)]
    ((top, left),) = corners(ax, (3, 3))
    labels = [text.get_position() for text in ax.texts if text.get_text().startswith("×")]
    assert [(int(row - top), int(column - left)) for column, row in labels] == [(0, 0), (0, 2), (2, 0), (2, 2)]
    assert {"dC/dO (2, 2)", "dC/dO dilated (3, 3)", "X (5, 3) padded (5, 5)", "dC/dF (3, 3)"} <= set(texts(ax))
    assert cells(ax, PADDING) == 10
    assert cells(ax, "white") == 5


@EVERY_GEOMETRY
def test_the_chain_to_dC_dX_writes_a_sum_that_gives_each_pixel(stride, padding):
    dC_dO, dilated, full, dC_dX, _ = backward(stride, padding)
    ends = padding if isinstance(padding, tuple) else {"same": (1, 1)}.get(padding, (padding, padding))
    frame = np.zeros([length + 2 * end for length, end in zip(X.shape, ends, strict=True)])
    frame[: full.shape[0], : full.shape[1]] = full
    pixels = [pixel for pixel in [(0, 0), (2, 1), (4, 2)] if pixel[0] + ends[0] < len(full)]
    for pixel in pixels:
        ax = draw_input_chain(None, dC_dO, dilated, F, frame, dC_dX, stride, padding, pixel)
        note = next(text for text in texts(ax) if text.startswith(f"dC/dX[{pixel[0]}, {pixel[1]}] = "))
        assert note.endswith(f"{dC_dX[pixel]:g}".replace("-", "−"))
    assert_readable_of((stride, padding), ax)


def test_the_chain_to_dC_dX_shows_the_filter_before_and_after_and_what_is_cropped():
    dC_dO, dilated, full, dC_dX, _ = backward(2, (0, 1))
    ax = draw_input_chain(None, dC_dO, dilated, F, full, dC_dX, 2, (0, 1), (2, 1))
    assert {"F (3, 3)", "F rotated (3, 3)", "dC/dX (5, 3) padded (5, 5)", "dC/dX (5, 3)"} <= set(texts(ax))
    assert cells(ax, HUE["F"], TINT["F"]) == 27
    assert cells(ax, HUE["X"], TINT["X"]) == 30
    assert cells(ax, PADDING) == 40 + 10


def test_the_chain_to_dC_dX_hatches_excluded_pixels_and_does_not_start_from_one():
    dC_dO, dilated, full, dC_dX, _ = backward(3, (0, 1))  # two rows of five, two columns of five, are left over
    frame = np.pad(full, ((0, 2), (0, 2)))
    ax = draw_input_chain(None, dC_dO, dilated, F, frame, dC_dX, 3, (0, 1))
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 25 - 9
    with pytest.raises(ValueError, match="no window reaches pixel"):
        draw_input_chain(None, dC_dO, dilated, F, frame, dC_dX, 3, (0, 1), (3, 1))


def test_the_chains_refuse_gradients_of_another_shape():
    dC_dO, dilated, full, dC_dX, dC_dF = backward(2, (0, 1))
    with pytest.raises(ValueError, match="dC_dO"):
        draw_filter_chain(None, dC_dO, dilated, X, dC_dF, 2, 0)
    with pytest.raises(ValueError, match="full"):
        draw_input_chain(None, dC_dO, dilated, F, full[1:], dC_dX, 2, (0, 1))


@EVERY_GEOMETRY
def test_the_terms_of_a_pixel_add_up_to_its_gradient(stride, padding):
    dC_dO, _, _, dC_dX, _ = backward(stride, padding)
    for pixel in [(0, 0), (2, 1), (3, 2), (4, 2)]:
        ax = draw_pixel_terms(None, dC_dO, F, dC_dX, pixel, stride, padding)
        note = texts(ax)[-1]
        assert note.startswith(f"dC/dX[{pixel[0]}, {pixel[1]}] = ")
        total = note.partition(":")[0].rpartition("= ")[2]
        assert total == f"{dC_dX[pixel]:g}".replace("-", "−")
    assert_readable_of((stride, padding), ax)


@EVERY_GEOMETRY
def test_the_terms_of_a_weight_add_up_to_its_gradient(stride, padding):
    dC_dO, _, _, _, dC_dF = backward(stride, padding)
    for weight in [(0, 0), (1, 2), (2, 2)]:
        ax = draw_weight_terms(None, X, dC_dO, dC_dF, weight, stride, padding)
        note = texts(ax)[-1]
        assert note.startswith(f"dC/dF[{weight[0]}, {weight[1]}] = ")
        assert note.endswith(f"= {dC_dF[weight]:g}")
        assert note.count("·dC/dO[") == dC_dO.size
    assert_readable_of((stride, padding), ax)


def test_the_terms_of_a_pixel_name_output_and_weight_and_outline_them():
    dC_dO, _, _, dC_dX, _ = backward(2, (0, 1))
    ax = draw_pixel_terms(None, dC_dO, F, dC_dX, (2, 0), 2, (0, 1))
    assert texts(ax)[-1] == "dC/dX[2, 0] = dC/dO[0, 0]·F[2, 1] + dC/dO[1, 0]·F[0, 1]\n= 2·0 + 4·2 = 8"
    assert [text for text in texts(ax) if text.startswith("×")] == ["×0", "×2", "×"]
    assert len(outlined(ax)) == 2 + 2 + 1


def test_the_terms_of_a_weight_name_pixel_and_output():
    dC_dO, _, _, _, dC_dF = backward(2, (0, 1))
    ax = draw_weight_terms(None, X, dC_dO, dC_dF, (0, 1), 2, (0, 1))
    assert texts(ax)[-1].split(" + ")[1] == "Xp[0, 3]·dC/dO[0, 1]"
    assert [text for text in texts(ax) if text.startswith("×")] == [*(f"×{n}" for n in dC_dO.flat), "×"]


def test_a_pixel_that_contributes_to_no_output_has_a_note():
    dC_dO, _, _, dC_dX, _ = backward(3, (0, 1))
    ax = draw_pixel_terms(None, dC_dO, F, dC_dX, (4, 2), 3, (0, 1))
    assert "dC/dX[4, 2] = 0: no window contains it" in texts(ax)
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 9  # the last two rows and the last column


@pytest.mark.parametrize(("stride", "padding"), [(2, (0, 1)), (3, (0, 1)), (3, (1, 0)), (4, (1, 1)), (5, (0, 2))])
def test_the_terms_of_a_pixel_hatch_the_pixels_in_no_window(stride, padding):
    few = F[:2, :2]
    outputs = conv2d_forward(X[None, None], few[None, None], stride=stride, padding=padding)[0, 0]
    ones = np.ones((1, 1, *outputs.shape))
    reached = conv2d_backward(ones, X[None, None], np.ones((1, 1, 2, 2)), stride, padding)[0]
    ax = draw_pixel_terms(None, outputs, few, reached[0, 0], (0, 0), stride, padding)
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == (reached == 0).sum()


def test_terms_refuse_a_position_outside_and_a_gradient_of_another_shape():
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
