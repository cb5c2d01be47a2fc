"""The pictures of README and the notebooks, computed by cnn_core or measured on it: `make figures`.

Table       FIGURES, at the end: the function that draws it, its alt text, the files that show it. There are no others.
Animations  are functions that draw a step, as for widgets and grids of frames; the GIF shows all steps.
Bytes       a second run on the same machine writes the same bytes (tests/test_figures.py).
"""

import argparse
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.patches import ConnectionPatch
from PIL import Image

from cnn_core import (
    Epoch,
    Model,
    Step,
    conv2d_backward,
    conv2d_forward,
    convolve,
    convolve_vectorised,
    dilate,
    load_mnist,
    pool2d_forward,
    relu_forward,
    softmax_forward,
)
from cnn_viz import (
    HUE,
    INK,
    PADDING,
    History,
    add_axes,
    dilation_steps,
    draw_columns,
    draw_dilation,
    draw_filter_chain,
    draw_full_step,
    draw_input_chain,
    draw_network,
    draw_pooling,
    draw_step,
    frame_grid,
    new_figure,
    save_gif,
    show_first_layer,
    show_growth,
)
from cnn_viz.base.axes import draw_box
from cnn_viz.base.figures import png_of, size_of
from cnn_viz.base.grid import tile_grid
from cnn_viz.base.palette import EDGE, IMAGES, MAGNITUDES
from cnn_viz.base.style import FONT, picture
from cnn_viz.plots.curves import Curves

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "cnn_core" / "data"  # what comes with the library
TRAINED = DATA / "trained" / "08_model.npz"
RECORD, TRACE = TRAINED.with_name("08_model.json"), TRAINED.with_name("08_trace.npz")
MEASURED = DATA / "benchmarks.json"


@dataclass(frozen=True)
class Figure:
    """A row of the table: draw() returns a matplotlib figure."""

    draw: Callable
    alt: str
    used_in: tuple
    folder: Path = HERE

    def save(self, path):
        """Write it to a PNG file."""
        path.write_bytes(png_of(self.draw()))


@dataclass(frozen=True)
class Animation:
    """A row of the table for a GIF: draw(step) returns a figure and a sentence; count() is how many steps there are."""

    draw: Callable
    count: Callable
    alt: str
    used_in: tuple
    folder: Path = HERE

    def states(self):
        """Return all steps in their order, as frame_grid and save_gif take them."""
        return [{"step": step} for step in range(self.count())]

    def save(self, path):
        """Write all states, one after the other, to a GIF file."""
        save_gif(path, self.draw, self.states())


@picture
def reading_a_digit():
    """A test digit on its way through the trained network: two rounds of maps, then ten probabilities."""
    model, digit = Model.load(TRAINED), load_mnist().X_test[:1]
    outputs = [digit]
    for layer in model.layers:
        outputs.append(layer.apply(outputs[-1]))
    figure = new_figure(940, 285)
    panels = [
        _panel(figure, digit[0], 1, (10, 65, 140), IMAGES, EDGE["X"], f"digit {digit.shape[1:]}"),
        _panel(figure, outputs[3][0], 4, (205, 35, 200), MAGNITUDES, EDGE["O"], f"maps {outputs[3].shape[1:]}"),
        _panel(figure, outputs[6][0], 8, (460, 62, 290), MAGNITUDES, EDGE["O"], f"maps {outputs[6].shape[1:]}"),
        _probabilities(figure, softmax_forward(outputs[-1])[0]),
    ]
    for left, right in pairwise(panels):
        _arrow(figure, left, right)
    return figure


def _panel(figure, maps, columns, box, cmap, hue, title):
    """Draw maps (K, H, W) side by side, `columns` in a row, in a square panel at (left, top, side)."""
    tiles = tile_grid(maps, columns).array
    left, top, side = box
    ax = add_axes(figure, left, top, side, side * tiles.shape[0] / tiles.shape[1])
    ax.imshow(tiles, cmap=cmap, vmin=0, vmax=float(maps.max()))
    ax.set(xticks=[], yticks=[], facecolor="white")
    draw_box(ax)
    ax.spines[:].set(color=hue, linewidth=2.5)
    ax.set_title(title, loc="center")
    return ax


def _probabilities(figure, probabilities):
    ax = add_axes(figure, 815, 35, 115, 200)
    answer = int(probabilities.argmax())
    colours = [HUE["O"] if digit == answer else PADDING for digit in range(len(probabilities))]
    ax.barh(range(len(probabilities)), probabilities, color=colours, edgecolor=INK, linewidth=0.8)
    ax.set(xlim=(0, 1.05), xticks=[0, 1], yticks=range(len(probabilities)), xlabel="probability")
    ax.invert_yaxis()
    ax.tick_params(labelsize=FONT + 1)
    ax.xaxis.label.set_size(FONT + 1)
    ax.set_title(f"it reads: {answer}", loc="center")
    return ax


def _arrow(figure, left, right):
    style = {"arrowstyle": "-|>", "mutation_scale": 16, "color": INK, "shrinkA": 5, "shrinkB": 6}
    near = -0.15 if right.get_xlabel() else 0  # clear of the numbers beside the bars
    ends = {"xyA": (1, 0.5), "coordsA": left.transAxes, "xyB": (near, 0.5), "coordsB": right.transAxes}
    figure.add_artist(ConnectionPatch(**ends, **style))


STROKE = np.array([[0, 0, 3, 1, 0, 0], [0, 1, 3, 0, 0, 1], [0, 2, 2, 0, 0, 2], [1, 3, 0, 0, 1, 3], [0, 3, 1, 0, 2, 2]])
VERTICAL = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]])  # chapter 01's filter, on chapter 01's image


SLANTED = np.maximum(0, 3 - abs(np.subtract.outer(np.arange(10), np.arange(10)) + 1))  # a stroke to the last lines


def sliding(step, image=STROKE, stride=1):
    """One step of a convolution: the window, the filter, the outputs so far, and the sum written out."""
    O = convolve(image, VERTICAL, stride)
    row, column = divmod(step, O.shape[1])
    ax = draw_step(None, image, VERTICAL, O, (row, column), stride, so_far=True)
    return ax.figure, f"O[{row}, {column}] = {O[row, column]:g}"


def sliding_grid():
    """The first window and the second, the first of the next row, and the last."""
    states = FIGURES["convolution.gif"].states()
    return frame_grid(sliding, [states[step] for step in (0, 1, 4, -1)])[0]


SIX_WINDOWS = np.array([[1, 3, 2, 0, 1, 2], [2, 6, 2, 0, 8, 5], [4, 1, 0, 1, 3, 3], [3, 0, 6, 1, 3, 3]])  # chapter 04's


def pooling(step):
    """One step of max, mean and min pooling: the window, its maximum and minimum, the outputs so far, the results."""
    image = SIX_WINDOWS[None, None]
    outputs = {mode: pool2d_forward(image, mode=mode)[0, 0] for mode in ("max", "mean", "min")}
    row, column = divmod(step, outputs["max"].shape[1])
    ax = draw_pooling(None, SIX_WINDOWS, outputs, (row, column), so_far=True)
    results = ", ".join(f"{mode} {O[row, column]:g}" for mode, O in outputs.items())
    return ax.figure, f"Window [{row}, {column}]: {results}."


def matrix_transformation():
    """Two channels of 3 by 3 under two filters: every window becomes a column, every filter a row."""
    X = np.arange(1, 19).reshape(2, 3, 3)
    F = np.array([[[[1, 0], [0, -1]], [[0, 1], [1, 0]]], [[[2, 0], [0, 1]], [[0, -1], [0, 0]]]])
    return draw_columns(None, X, F, convolve_vectorised(X[None], F)[0]).figure


IMAGE = np.array([[1, 0, 2], [0, 3, 1], [2, 1, 0], [1, 0, 3], [0, 2, 1]])  # chapter 02's example
WEIGHTS = np.array([[1, 2, -1], [3, -1, 1], [-2, 0, 2]])
BLAME = np.array([[2, -1], [1, 3]])  # dC/dO
HOW = {"stride": 2, "padding": (0, 1)}
DILATED, ROTATED = dilate(BLAME, HOW["stride"]), WEIGHTS[::-1, ::-1]
FULL = convolve(DILATED, ROTATED, full_convolve=True)
CROP = (0, 0), (1, 1)


def dilation(step):
    """One step of a dilation: a row placed, zeros between rows, zeros between columns."""
    ax = draw_dilation(None, BLAME, DILATED, HOW["stride"], step)
    return ax.figure, dilation_steps(BLAME.shape, HOW["stride"])[step][0]


def dilation_grid():
    """The rows in their places, and then the zeros."""
    steps = range(1, len(dilation_steps(BLAME.shape, HOW["stride"])))  # step 0 is an empty array
    return frame_grid(dilation, [{"step": step} for step in steps], columns=2)[0]


def full_convolution(step):
    """One step of the full convolution that gives dC/dX with its padding."""
    position = divmod(step, FULL.shape[1])
    ax = draw_full_step(None, DILATED, ROTATED, FULL, position, HOW["stride"], CROP, so_far=True)
    return ax.figure, f"row {position[0]}, column {position[1]}: {FULL[position]:g}"


def chain_dC_dF():
    """From dC/dO to dC/dF: dilated, then laid over the padded input."""
    _, dC_dF, _ = conv2d_backward(BLAME[None, None], IMAGE[None, None], WEIGHTS[None, None], **HOW)
    return draw_filter_chain(None, BLAME, DILATED, IMAGE, dC_dF[0, 0], weight=(1, 1), **HOW).figure


def chain_dC_dX():
    """From dC/dO to dC/dX: dilated, under the rotated filter, cropped."""
    dC_dX, *_ = conv2d_backward(BLAME[None, None], IMAGE[None, None], WEIGHTS[None, None], **HOW)
    return draw_input_chain(None, BLAME, DILATED, WEIGHTS, FULL, dC_dX[0, 0], pixel=(2, 1), **HOW).figure


def whole_network():
    """The kept network, drawn to scale from the Model itself."""
    return draw_network(Model.load(TRAINED)).figure


def training(step):
    """The live display of chapter 08 at one of the moments of the trace: curves so far, and the first layer."""
    with np.load(TRACE) as stored:
        trace = dict(stored)
    moment, steps = int(trace["moments"][step]), len(trace["cost"])
    F, B = trace["F"][step], trace["B"][step]
    maps = relu_forward(conv2d_forward(load_mnist().X_test[:1], F, B, padding=1))[0]
    title = f"after {moment:,} of {steps:,} steps"
    curves = Curves().update(_history(trace, moment), steps)
    return _one_above_the_other(curves.figure, show_first_layer(F, maps, title)), title


def _history(trace, until):
    """Return the history of the kept model's training until some step."""
    history, steps = History(), len(trace["cost"])
    epochs = [Epoch(**epoch) for epoch in json.loads(RECORD.read_text())["epochs"]]
    ended = {epoch.step: epoch for epoch in epochs}
    for step in range(1, until + 1):
        values = float(trace["cost"][step - 1]), float(trace["accuracy"][step - 1])
        history.append(Step(1, len(epochs), step, steps, *values, 0.0))
        if step in ended:
            history.append(ended[step])
    return history


@picture
def _one_above_the_other(*figures):
    """Return a figure that holds figures, sharp enough for a GIF."""
    sizes = [size_of(figure) for figure in figures]
    whole = new_figure(max(wide for wide, _ in sizes), sum(high for _, high in sizes))
    top = 0
    for figure, (wide, high) in zip(figures, sizes, strict=True):
        ax = add_axes(whole, 0, top, wide, high)
        ax.imshow(np.asarray(Image.open(io.BytesIO(png_of(figure)))), interpolation="antialiased", aspect="auto")
        ax.set_axis_off()
        top += high
    return whole


WRITTEN = np.array(
    [
        [78, 138],
        [89, 110],
        [115, 96],
        [139, 110],
        [143, 142],
        [127, 178],
        [100, 214],
        [80, 242],
        [103, 240],
        [130, 244],
        [156, 238],
    ]
)  # fmt: skip; x and y of the pen, in pixels


@picture
def own_digit():
    """A picture of a 2 on paper, as a camera would see it: uneven light, a dark pen, a little noise."""
    x, y = np.meshgrid(np.arange(300), np.arange(360))
    way = _smooth(WRITTEN)
    nearest = np.min([(x - a) ** 2 + (y - b) ** 2 for a, b in way], axis=0)
    pen = np.clip(3.75 - np.sqrt(nearest) / 2, 0, 1)  # 1 within 5.5 pixels of the way, 0 beyond 7.5
    light = 0.95 - 0.225 * (x / 300 + y / 360)
    noise = np.random.default_rng(0).normal(0, 0.02, light.shape)
    figure = new_figure(150, 180)  # a sharp picture has a pixel for each
    ax = add_axes(figure, 0, 0, 150, 180)
    ax.imshow(light * (1 - 0.75 * pen) + noise, cmap=IMAGES, vmin=0, vmax=1)
    ax.set_axis_off()
    return figure


def _smooth(points, between=40):
    """Return a smooth line through points (P, 2): a Catmull-Rom spline."""
    before, here, there, after = (np.pad(points, ((1, 2), (0, 0)), mode="edge")[k : k + len(points)] for k in range(4))
    u = np.linspace(0, 1, between)[:, None, None]
    a, b, c = there - before, 2 * before - 5 * here + 4 * there - after, 3 * here - before - 3 * there + after
    return (here + (a * u + b * u**2 + c * u**3) / 2).reshape(-1, 2)


def speed_growth():
    """How the time of a convolution grows, as `make bench` measured it."""
    return show_growth(json.loads(MEASURED.read_text())["growth"])


FIGURES = {
    "convolution.gif": Animation(
        draw=sliding,
        count=lambda: convolve(STROKE, VERTICAL).size,
        alt="A filter of 3 by 3 slides over an image of 5 by 6, one pixel at a time. At each of its twelve places "
        "the nine products are written out, and their sum appears in the next cell of the output.",
        used_in=("README.md", "notebooks/index.md", "notebooks/01_convolution.ipynb"),
    ),
    "convolution_steps.png": Figure(
        draw=sliding_grid,
        alt="Four of the twelve steps of a convolution: the window in the upper left corner, one pixel to the "
        "right of it, at the beginning of the next row, and in the lower right corner, when the output is "
        "full.",
        used_in=("README.md",),
    ),
    "excluded_pixels.gif": Animation(
        draw=partial(sliding, image=SLANTED, stride=2),
        count=lambda: convolve(SLANTED, VERTICAL, stride=2).size,
        alt="A filter of 3 by 3 moves over an image of 10 by 10 in steps of two pixels, and each of its sixteen "
        "positions fills one cell of an output of 4 by 4. The last row and the last column of the image are hatched: "
        "the filter never covers them, because another step would take it past the edge.",
        used_in=("notebooks/03_excluded_pixels.ipynb",),
    ),
    "pooling.gif": Animation(
        draw=pooling,
        count=lambda: pool2d_forward(SIX_WINDOWS[None, None]).size,
        alt="A window of 2 by 2 jumps over an input of 4 by 6, two pixels at a time. At each of its six places a ring "
        "marks the largest and the smallest pixel, the first one where several are alike, and the next cell of three "
        "outputs fills: the largest pixel, the mean and the smallest.",
        used_in=("notebooks/04_pooling.ipynb",),
    ),
    "matrix_transformation.png": Figure(
        draw=matrix_transformation,
        alt="Every window of a small image with two channels becomes a column of eight numbers, both filters "
        "become rows; where a row and a column meet, below the columns and beside the rows, stands the output "
        "of that filter for that window.",
        used_in=("notebooks/09_how_fast_can_numpy_go.ipynb",),
    ),
    "dilation_steps.png": Figure(
        draw=dilation_grid,
        alt="Four steps of a dilation: the gradient's first row goes into the upper corners of an array of 3 by 3, its "
        "second row into the lower corners, then a row of zeros comes between them, and a column of zeros in the "
        "middle.",
        used_in=("notebooks/02_dilation.ipynb",),
    ),
    "full_convolution.gif": Animation(
        draw=full_convolution,
        count=lambda: FULL.size,
        alt="The rotated filter of 3 by 3 slides over the dilated gradient of 3 by 3, which has two rows and columns "
        "of zeros on every side. It starts where only its bottom-right cell lies over the gradient. At each of its "
        "25 places the products that count are written out, and their sum appears in dC/dX, whose outer columns "
        "are padding.",
        used_in=("notebooks/02_dilation.ipynb",),
    ),
    "chain_dC_dF.png": Figure(
        draw=chain_dC_dF,
        alt="From left to right: dC/dO of 2 by 2; the same dilated to 3 by 3, with a row and a column of zeros in the "
        "middle; the padded input of 5 by 5, on which it lies in the middle, so that its four entries meet four "
        "pixels two apart; and dC/dF of 3 by 3, whose middle entry is the sum of these four products.",
        used_in=("notebooks/02_dilation.ipynb",),
    ),
    "chain_dC_dX.png": Figure(
        draw=chain_dC_dX,
        alt="Above: dC/dO is dilated to 3 by 3, and the filter is rotated by 180 degrees, so that its upper left "
        "weight comes to the lower right. Below: the rotated filter lies over the dilated gradient, which has two "
        "rows and columns of zeros on every side; the sum of the products stands in the middle of an array of 5 by "
        "5. Its outer columns belong to the padding and are cropped, which leaves dC/dX of 5 by 3.",
        used_in=("notebooks/02_dilation.ipynb",),
    ),
    "whole_network.png": Figure(
        draw=whole_network,
        alt="The network from above to below, drawn to scale: an image of 28 by 28, two rounds of convolution, "
        "ReLU and pooling that make the maps smaller and more, then vectors of 1,568, 128 and 10 numbers. "
        "Beside each layer its output's shape, its number of parameters and how much of the image one of its "
        "cells sees.",
        used_in=("README.md",),
    ),
    "reading_a_digit.png": Figure(
        draw=reading_a_digit,
        alt="A handwritten 7 on its way through the trained network, from left to right: the image of 28 by 28 "
        "pixels, 16 maps of 14 by 14, 32 maps of 7 by 7, and ten bars of which the one beside 7 is as long as "
        "can be.",
        used_in=("README.md",),
    ),
    "training.gif": Animation(
        draw=training,
        count=lambda: len(np.load(TRACE)["moments"]),
        alt="A network while it trains on 60,000 digits for three epochs. Above, the cost falls from 2.3 to below 0.05 "
        "and the accuracy climbs beyond 99 per cent. Below, its 16 filters, random numbers at the beginning, and under "
        "each what it finds in a 7: they change little, but the edges of the 7 become clearer.",
        used_in=("README.md",),
    ),
    "own_digit.png": Figure(
        draw=own_digit,
        alt="A 2 written with a dark pen on paper that is bright at the upper left and darker towards the "
        "lower right. The digit stands to the left of the middle and fills nearly half of the height.",
        used_in=("notebooks/08_model.ipynb",),
        folder=DATA,  # a cell opens it
    ),
    "speed_growth.png": Figure(
        draw=speed_growth,
        alt="Time against the number of images, filters and pixels, each as a multiple of its first point: three "
        "lines with markers around the straight line on which twice as much takes twice as long.",
        used_in=("notebooks/09_how_fast_can_numpy_go.ipynb",),
    ),
}


def main(folder=None):
    """Write every picture of the table into folder, or each into its own."""
    for name, row in FIGURES.items():
        row.save(Path(folder or row.folder) / name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw every picture of README and the notebooks.")
    parser.add_argument(
        "folder", nargs="?", help="where to (default: imgs, and cnn_core/data for what a notebook opens)"
    )
    main(parser.parse_args().folder)
