"""Networks drawn to scale: texts and marks agree with the layers.

The picture's unit is a pixel of the page. Front planes have the largest y of their stack; rows follow each other down.
"""

import numpy as np
import pytest
from matplotlib.colors import same_color
from readable import assert_readable, boxes
from tiers import slow_after

from cnn_core import (
    BatchNorm2D,
    Conv2D,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAveragePool2D,
    Layer,
    LeakyReLU,
    Model,
    Pool2D,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    receptive_field,
)
from cnn_viz.base.figures import add_axes, new_figure, size_of
from cnn_viz.base.layout import new_canvas
from cnn_viz.base.palette import HUE
from cnn_viz.network.diagram import LARGEST, MOST_CELLS, PLANES, ChannelStack, box_of, draw_network
from cnn_viz.network.receptive import blocks_of, layer_outputs, settings_of

DIGITS = (1, 28, 28)


def chapter():
    """Return the layers of a network as chapter 00 shows it."""
    first = [Conv2D(16), ReLU(), Pool2D(2), Conv2D(32), ReLU(), Pool2D(2)]
    return [*first, Flatten(), FullyConnected(128), ReLU(), FullyConnected(10)]


def strided():
    """Return layers of which each one with windows leaves out one row and one column."""
    return [Conv2D(2, 5, stride=2), ReLU(), Pool2D(3, stride=2), Conv2D(3, 2, stride=2), Flatten(), FullyConnected(4)]


def normalised():
    """Return layers of which the first leaves out a row and a column, with the layers of deeper networks after it."""
    first = [Conv2D(4, 4, stride=3, bias=False), BatchNorm2D(), ReLU(), Dropout(0.25)]
    return [*first, GlobalAveragePool2D(), BatchNorm2D(), FullyConnected(2)]


def means(layer):
    """Return a layer that pools by the mean, so that every pixel has a part, in place of one that pools by another."""
    return Pool2D(layer.pool_size, layer.stride, layer.padding, "mean") if isinstance(layer, Pool2D) else layer


# name: (layers, input shape); functions, for a layer belongs to one model
NETWORKS = {
    "chapter": (chapter, DIGITS),
    "strided": (strided, DIGITS),
    "left-over": (lambda: [Conv2D(4, 5, stride=3), Pool2D(2), Flatten(), FullyConnected(3)], (3, 40, 20)),
    "pairs": (lambda: [Conv2D(2, (3, 2), stride=(1, 3), padding=(2, 0)), Pool2D((2, 3), stride=(3, 1))], (2, 9, 17)),
    "padded-pooling": (lambda: [Pool2D(3, 2, padding=1), LeakyReLU(), Pool2D(2, 2, "same", "mean")], (8, 15, 6)),
    "include": (lambda: [Conv2D(1, 3, 2, "include"), Conv2D(7, 2, 2, "same")], (1, 10, 10)),
    "gaps": (lambda: [Conv2D(1, 1, stride=3), Pool2D(2, 3)], (1, 13, 8)),
    "dilated": (lambda: [Conv2D(3, 3, dilation=2), ReLU(), Conv2D(2, (3, 2), (2, 1), 0, dilation=(3, 4))], (1, 14, 13)),
    "dilated-same": (lambda: [Conv2D(3, 3, padding="same", dilation=3), Pool2D(), Conv2D(2, 2, dilation=2)], DIGITS),
    "one-cell": (lambda: [Conv2D(5, 3), Flatten(), Softmax()], (1, 3, 3)),
    "dense": (lambda: [Flatten(), FullyConnected(30), Sigmoid(), FullyConnected(10)], DIGITS),
    "vectors": (lambda: [FullyConnected(3), Tanh(), FullyConnected(1, bias=False)], (4,)),
    "only-relu": (lambda: [ReLU()], (2, 3)),
    "normalised": (normalised, (1, 14, 11)),
    "long-and-thin": (lambda: [Conv2D(3, (1, 9)), Flatten(), FullyConnected(2)], (1, 1, 500)),
    "large": (lambda: [Conv2D(64, 7, 32, 3), Flatten(), FullyConnected(1000)], (3, 224, 224)),
}


EVERY = pytest.mark.parametrize("name", slow_after(1, NETWORKS))


def network(name):
    """Return the Model of that name."""
    layers, shape = NETWORKS[name]
    return Model(layers(), input_shape=shape)


def outputs(name):
    """Return the outputs of the network of that name."""
    model = network(name)
    return layer_outputs(model.layers, model.shapes)


def words(ax):
    """Return everything that is written."""
    return [text.get_text() for text in ax.texts]


def beside(ax, word):
    """Return the texts on the line of a word, from left to right."""
    line = next(text.get_position()[1] for text in ax.texts if text.get_text() == word)
    same = [t for t in ax.texts if t.get_position()[1] == pytest.approx(line) and t.get_text() != "···"]
    return [text.get_text().replace("\xa0", " ") for text in sorted(same, key=lambda text: text.get_position()[0])]


def fronts(ax, outputs):
    """Return the rectangle of the front plane of every output that is a stack: the last of them that is drawn."""
    filled = [p for p in ax.patches if p.get_fill() and not same_color(p.get_facecolor(), "white")]
    found = []
    for output in outputs:
        count = min(output.shape[0], PLANES) if len(output.shape) == 3 else len(box_of(output.shape, 1).positions)
        mine, filled = filled[:count], filled[count:]
        found.append(mine[-1] if len(output.shape) == 3 else None)
    assert filled == []
    return found


def marked(ax, front, shape, hatched):
    """Return the (row, column, rows, columns) that are hatched, or else outlined, on a front plane."""
    (left, top), width, height = front.get_xy(), front.get_width(), front.get_height()
    down, across = height / shape[1], width / shape[2]
    found = []
    for patch in ax.patches:
        row, column = (patch.get_y() - top) / down, (patch.get_x() - left) / across
        inside = -0.01 <= row < shape[1] and -0.01 <= column < shape[2]
        if not patch.get_fill() and inside and bool(patch.get_hatch()) == hatched:
            found.append(tuple(map(round, (row, column, patch.get_height() / down, patch.get_width() / across))))
    return sorted(found)


# --- texts ----------------------------------------------------------------------------------------------------------


@EVERY
def test_every_shape_and_every_count_stands_beside_its_layer(name):
    model = network(name)
    ax = draw_network(model)
    counts = dict.fromkeys(range(len(model.layers)), 0)
    for key, param, _ in model.parameters():
        counts[int(key.split(".")[0])] += param.size
    for index, layer in enumerate(model.layers):
        title, shape, count, _ = beside(ax, f"{index} {layer.name}")
        assert (title, shape) == (f"{index} {layer.name}", str(model.shapes[index + 1]))
        assert count == (f"{counts[index]:,}" if counts[index] else "–")
    assert beside(ax, "in all") == ["in all", f"{sum(counts.values()):,}"]
    assert beside(ax, "input")[1] == str(model.input_shape)


@EVERY
def test_nothing_is_clipped_and_no_text_lies_on_another(name):
    assert_readable(draw_network(network(name)))


@EVERY
def test_texts_stay_clear_of_the_boxes(name):
    ax = draw_network(network(name))
    texts, _ = boxes(ax)
    left = min(box.x0 for box, word in zip(texts, [w for w in words(ax) if w], strict=True) if word == "layer")
    coloured = [p for p in ax.patches if p.get_fill() and not same_color(p.get_facecolor(), "white")]
    assert max(patch.get_window_extent().x1 for patch in coloured) < left


def test_the_network_of_the_chapters_fits_on_a_page():
    width, height = size_of(draw_network(network("chapter")).figure)
    assert width <= 760
    assert height <= 1000


def test_the_size_beside_an_output_is_its_receptive_field():
    ax = draw_network(network("chapter"))
    seen = [beside(ax, f"{index} {layer.name}")[-1] for index, layer in enumerate(network("chapter").layers)]
    fields = [receptive_field(windows) for windows in ([(3, 1)], [(3, 1), (2, 2)], [(3, 1), (2, 2), (3, 1)])]
    assert seen[0] == seen[1] == f"{fields[0]} × {fields[0]}"
    assert (seen[2], seen[3]) == (f"{fields[1]} × {fields[1]}", f"{fields[2]} × {fields[2]}")
    assert seen[5] == seen[6] == "10 × 10"
    assert set(seen[7:]) == {"26 × 26"}  # the last row and column of 5 by 5 are left out


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        pytest.param("pairs", ["1 × 1", "3 × 2", "4 × 8"], id="rows-and-columns"),
        pytest.param("dilated", ["1 × 1", "5 × 5", "5 × 5", "11 × 9"], id="dilated"),
        pytest.param("dilated-same", ["1 × 1", "7 × 7", "8 × 8", "12 × 12"], id="dilated-after-pooling"),
        pytest.param("one-cell", ["1 × 1", "3 × 3", "3 × 3", "all 3 × 3"], id="softmax"),
        pytest.param("vectors", ["1", "all 4", "all 4", "all 4"], id="vectors"),
        pytest.param("normalised", ["1 × 1", *["4 × 4"] * 4, *["13 × 10"] * 3], id="normalised"),
        pytest.param("only-relu", ["1 × 1", "1 × 1"], id="cellwise"),
    ],
)
def test_a_cell_sees_rows_and_columns_or_everything(name, seen):
    assert [output.sees.replace("\xa0", " ") for output in outputs(name)] == seen


def test_a_cell_never_sees_more_than_there_is():
    model = Model([Conv2D(1, 9, padding=4)], input_shape=(1, 5, 12))
    assert layer_outputs(model.layers, model.shapes)[1].sees.replace("\xa0", " ") == "5 × 9"


class Halve(Layer):
    """A user-defined layer, of which nothing is known."""

    def output_shape(self, input_shape):
        return (input_shape[0], input_shape[1] // 2, input_shape[2] // 2)


def test_of_a_layer_of_your_own_nothing_is_claimed():
    ax = draw_network([Conv2D(2), Halve(), Flatten(), FullyConnected(2)])
    assert beside(ax, "0 Conv2D")[-1] == "3 × 3"
    assert [beside(ax, title)[-1] for title in ("1 Halve", "2 Flatten", "3 FullyConnected")] == ["–"] * 3


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Conv2D(8), "8 filters 3 × 3, stride 1"),
        (Conv2D(1, (5, 3), stride=(1, 2), padding="same"), "1 filter 5 × 3, stride 1 × 2, padding same"),
        (Conv2D(2, padding="same", dilation=2), "2 filters 3 × 3, stride 1, dilation 2, padding same"),
        (Conv2D(2, dilation=(1, 3)), "2 filters 3 × 3, stride 1, dilation 1 × 3"),
        (Conv2D(2, padding=(1, 1)), "2 filters 3 × 3, stride 1, padding 1"),
        (Pool2D(2, mode="min"), "min of 2 × 2, stride 2"),
        (Pool2D(3, 2, padding=(0, 1)), "max of 3 × 3, stride 2, padding 0 × 1"),
        (FullyConnected(1000), "1,000 units"),
        (FullyConnected(1), "1 unit"),
        (Dropout(0.25), "rate 0.25"),
        (BatchNorm2D(), ""),
        (ReLU(), ""),
    ],
    ids=str,
)
def test_the_arguments_of_a_layer_are_written_as_text(layer, text):
    assert settings_of(layer).replace("\xa0", " ") == text


# --- drawing --------------------------------------------------------------------------------------------------------


@EVERY
def test_all_boxes_are_drawn_with_one_scale(name):
    them = outputs(name)
    ax = draw_network(network(name))
    stacks = [(front, output.shape) for front, output in zip(fronts(ax, them), them, strict=True) if front]
    longest = max((side for _, shape in stacks for side in shape[1:]), default=0)
    for front, shape in stacks:
        scale = min(16, LARGEST / longest)
        assert front.get_height() == pytest.approx(max(4, shape[1] * scale))
        assert front.get_width() == pytest.approx(max(4, shape[2] * scale))


@pytest.mark.parametrize("channels", [1, 3, 6, 7, 64])
def test_a_stack_has_a_plane_for_each_channel_up_to_six(channels):
    ax = new_canvas(100, 100, cell=1)
    box = ChannelStack((channels, 10, 8), 3)
    box.draw(ax, 50, 50, outputs("one-cell")[-1], HUE["O"])
    assert len(ax.patches) == min(channels, 6)
    left, right = min(p.get_x() for p in ax.patches), max(p.get_x() + p.get_width() for p in ax.patches)
    top, bottom = min(p.get_y() for p in ax.patches), max(p.get_y() + p.get_height() for p in ax.patches)
    assert (right - left, bottom - top) == (pytest.approx(box.width), pytest.approx(box.height))
    assert (left + right) / 2 == (top + bottom) / 2 == 50


@pytest.mark.parametrize(
    ("count", "cells", "dots"), [(1, 1, 0), (10, 10, 0), (MOST_CELLS, MOST_CELLS, 0), (800, MOST_CELLS - 3, 1)]
)
def test_a_vector_has_a_cell_for_each_number_and_dots_where_it_is_longer(count, cells, dots):
    ax = new_canvas(20, 200, cell=1)
    box_of((count,), 4).draw(ax, 10, 100, None, HUE["O"])
    assert len(ax.patches) == cells
    assert words(ax) == ["···"] * dots


def test_the_input_is_sky_blue_and_every_output_vermilion():
    ax = draw_network(network("chapter"))
    first, *rest = fronts(ax, outputs("chapter"))
    assert same_color(first.get_facecolor(), HUE["X"])
    assert all(same_color(front.get_facecolor(), HUE["O"]) for front in rest if front)


def test_rows_and_columns_that_no_window_reaches_are_hatched():
    model = Model([Conv2D(1, 3, stride=2)], input_shape=(1, 10, 12))
    ax = draw_network(model)
    front = fronts(ax, layer_outputs(model.layers, model.shapes))[0]
    assert marked(ax, front, (1, 10, 12), hatched=True) == [(0, 11, 10, 1), (9, 0, 1, 12)]
    assert "0 Conv2D leaves out 1 row and 1 column" in " ".join(words(ax))


@pytest.mark.parametrize(
    ("layer", "shape", "left_out"),
    [
        pytest.param(Conv2D(1, 3, 2), (1, 10, 9), ([(9, 1)], []), id="one-row"),
        pytest.param(Pool2D(3, mode="mean"), (1, 8, 11), ([(6, 2)], [(9, 2)]), id="two"),
        pytest.param(Conv2D(1, 2, 2, padding=1), (1, 5, 5), ([], []), id="padding-alone-is-left-out"),
        pytest.param(Conv2D(1, 3, 3, padding=1), (1, 6, 6), ([(5, 1)], [(5, 1)]), id="padding-and-a-pixel"),
        pytest.param(Conv2D(1, 3, 2, "include"), (1, 10, 10), ([], []), id="include"),
        pytest.param(Conv2D(1, 1, 3), (1, 5, 4), ([(1, 2), (4, 1)], [(1, 2)]), id="gaps"),
        pytest.param(ReLU(), (1, 5, 5), ([], []), id="no-windows"),
    ],
)
def test_what_is_left_out_is_what_gets_no_gradient(layer, shape, left_out):
    model = Model([layer], input_shape=shape)
    assert layer_outputs([layer], model.shapes)[0].left_out == left_out
    if isinstance(layer, Conv2D):
        layer.params["F"] = np.ones_like(layer.params["F"])
    model.forward(np.ones((1, *shape)))
    used = model.backward(np.ones((1, *model.output_shape)))[0, 0] != 0
    rows = [row for first, length in left_out[0] for row in range(first, first + length)]
    columns = [column for first, length in left_out[1] for column in range(first, first + length)]
    expected = np.ones(shape[1:], dtype=bool)
    expected[rows], expected[:, columns] = False, False
    np.testing.assert_array_equal(used, expected)


def test_what_the_outputs_of_a_network_never_see_adds_up_from_layer_to_layer():
    them = outputs("strided")
    assert [output.note.count("1 row and 1 column") for output in them] == [1, 0, 1, 1, 0, 0, 0]
    assert [output.unseen[0] for output in them[:6]] == [[(21, 7)], [(9, 3)], [(9, 3)], [(4, 1)], [], []]
    assert all(output.unseen[0] == output.unseen[1] for output in them)
    assert [output.sees.replace("\xa0", " ") for output in them[-1:]] == ["21 × 21"]


def test_what_no_output_of_a_network_sees_is_hatched():
    ax = draw_network(network("strided"))
    them = outputs("strided")
    assert marked(ax, fronts(ax, them)[0], DIGITS, hatched=True) == [(0, 21, 28, 7), (21, 0, 7, 28)]


NAMES = ["strided", "chapter", "left-over", "pairs", "include", "gaps", "normalised", "dilated"]


@pytest.mark.parametrize("name", NAMES)
def test_what_no_output_sees_is_what_gets_no_gradient(name):
    layers, shape = NETWORKS[name]
    layers = [means(layer) for layer in layers()]
    model = Model(layers, input_shape=shape)
    for layer in layers:
        layer.params.update({key: np.ones_like(param) for key, param in layer.params.items()})
    model.forward(np.ones((1, *model.input_shape)), training=False)
    used = model.backward(np.ones((1, *model.output_shape)))[0, 0] != 0
    expected = np.ones(model.input_shape[1:], dtype=bool)
    rows, columns = layer_outputs(model.layers, model.shapes)[0].unseen
    for first, length in rows:
        expected[first : first + length] = False
    for first, length in columns:
        expected[:, first : first + length] = False
    np.testing.assert_array_equal(used, expected)


def test_a_user_defined_layer_may_depend_on_all_of_its_input():
    class Turned(Layer):
        def output_shape(self, input_shape):
            return input_shape[0], input_shape[2], input_shape[1]

    layers = [Turned(), Conv2D(1, 3, stride=2)]
    them = layer_outputs(layers, [(1, 4, 8), (1, 8, 4), (1, 3, 1)])
    assert [output.unseen for output in them] == [([], []), ([(7, 1)], [(3, 1)]), ([], [])]


@pytest.mark.parametrize(
    "name",
    ["chapter", "left-over", "pairs", "padded-pooling", "include", "gaps", "one-cell", "dilated", "dilated-same"],
)
def test_the_outlined_block_is_where_the_gradient_of_one_cell_arrives(name):
    layers, shape = NETWORKS[name]
    spatial = [layer for layer in layers() if isinstance(layer, Conv2D | Pool2D)]
    spatial = [means(layer) for layer in spatial]
    model = Model(spatial, input_shape=shape)
    model.forward(np.ones((1, *shape)))
    for layer in spatial:
        layer.params.update({key: np.ones_like(param) for key, param in layer.params.items()})
    dC_dO = np.zeros((1, *model.output_shape))
    dC_dO[0, 0, model.output_shape[1] // 2, model.output_shape[2] // 2] = 1
    rows, columns = np.nonzero(model.backward(dC_dO)[0, 0])
    block = rows.min(), columns.min(), np.ptp(rows) + 1, np.ptp(columns) + 1
    assert blocks_of(model.layers, model.shapes)[0] == block


def test_the_blocks_are_outlined_on_their_boxes():
    them = outputs("chapter")
    ax = draw_network(network("chapter"))
    for front, output in zip(fronts(ax, them), them, strict=True):
        if front:
            assert marked(ax, front, output.shape, hatched=False) == [output.block]
    assert them[6].block == (2, 2, 1, 1)
    assert them[7].block is None


@pytest.mark.parametrize("name", ["dense", "vectors", "only-relu"])
def test_without_windows_nothing_is_outlined_or_hatched(name):
    ax = draw_network(network(name))
    assert not any(patch.get_hatch() or patch.get_linewidth() > 1 for patch in ax.patches)


@EVERY
def test_an_arrow_leads_from_each_box_to_the_next(name):
    them = outputs(name)
    ax = draw_network(network(name))
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == len(them) - 1
    assert len({x for arrow in arrows for x in (arrow.xy[0], arrow.xyann[0])}) == 1
    ends = [y for arrow in arrows for y in (arrow.xyann[1], arrow.xy[1])]
    assert ends == sorted(ends)
    for arrow, front in zip(arrows, fronts(ax, them), strict=False):
        if front:
            assert arrow.xyann[1] - (front.get_y() + front.get_height()) == pytest.approx(2)


def test_only_signs_that_occur_are_explained():
    def explained(name):
        return [word for word in words(draw_network(network(name))) if word.split()[:1] != [] and "drawn;" in word]

    assert explained("chapter") == ["6 maps are drawn; there are 6 or more"]
    assert explained("dense") == []
    chapter_words, dense_words = words(draw_network(network("chapter"))), words(draw_network(network("dense")))
    assert "one cell of 5 Pool2D, and in the boxes above what it depends on" in chapter_words
    assert "excluded: no output of the network depends on it" in chapter_words
    assert "a vector that is longer than it is drawn" in dense_words
    assert not any("reaches" in word or "depends" in word for word in dense_words)


# --- arguments --------------------------------------------------------------------------------------------------------


def test_layers_are_drawn_as_their_model_is_and_stay_unbuilt():
    layers = chapter()
    assert words(draw_network(layers)) == words(draw_network(Model(chapter())))
    assert all(layer.input_shape is None and not layer.in_model for layer in layers)


def test_layers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"layer 1 \(FullyConnected\) does not fit"):
        draw_network([Conv2D(2), FullyConnected(3)], input_shape=(1, 6, 6))


def test_on_smaller_axes_everything_shrinks_and_still_fits():
    ax = add_axes(new_figure(500, 400), 20, 10, 400, 380)
    assert draw_network(network("chapter"), ax=ax) is ax
    assert_readable(ax)
    across, down = np.diff(ax.transData.transform([(0, 0), (1, 1)]), axis=0)[0]
    assert across == pytest.approx(-down)
    texts, whole = boxes(ax)
    assert all(box.x0 >= 20 and box.x1 <= 420 and whole.y1 - 390 <= box.y0 for box in texts)
