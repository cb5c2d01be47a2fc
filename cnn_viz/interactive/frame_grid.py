"""Several states of a picture at once: side by side as a grid of frames, or one after the other as a GIF.

States      each a dictionary of arguments of a drawing function, as in widgets (states.py).
Sizes       one scale holds for all states of a grid or a GIF: a cell of an array has one size in all frames.
Bytes       the same states give the same file again. All frames of a GIF share one palette, so that no colour flickers.
Chapters    all. A grid of frames stands beside every widget, for paper, GitHub and screen readers.
"""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from cnn_core import checks
from cnn_viz.base.figures import SHARPNESS, WIDEST, add_axes, add_text, new_figure, size_of
from cnn_viz.base.grid import padded_tiles, tile_grid
from cnn_viz.base.style import FONT, picture
from cnn_viz.interactive.states import draw_state, picture_of

GAP, HEAD = 16, 24  # pixels: between two frames; above a frame, for its number
LEAST_SHRUNK = 0.75  # of its size: still easy to read
NARROWEST = 40  # pixels: of a frame in which something can be seen
COLOURS = 255  # a GIF holds 256: the last one means "unchanged"
WHITE = np.uint8(255)


@checks.public
def frame_grid(draw, states, columns=None):
    """Draw several states of a picture side by side, numbered in reading order.

    Parameters
    ----------
    draw : callable
        ``draw(**state) -> (figure, sentence)``, as `explore` takes it.
    states : sequence of dict
        The arguments of draw for each frame.
    columns : int, optional
        The number of frames in a row; all of them shrink alike until they fit on a page. If not given, as many as fit
        without shrinking by more than a quarter.

    Returns
    -------
    matplotlib.figure.Figure, str
        The grid, and the numbered sentences of its frames: ``show_figure(*frame_grid(draw, states))``.
    """
    if columns is not None:
        columns = checks.integer("columns", columns)
    figures, sentences = _drawn(draw, states)
    width = max(size_of(figure)[0] for figure in figures)
    columns = min(columns or int((WIDEST + GAP) / (LEAST_SHRUNK * width + GAP)) or 1, len(figures))
    frames = [_raster(figure, SHARPNESS * min(1, _space(columns) / width)) for figure in figures]
    numbered = [f"({number}) {sentence}" for number, sentence in enumerate(sentences, 1)]
    return _compose(frames, columns), " ".join(numbered)


@checks.public
def save_gif(path, draw, states, milliseconds=800, last=2400, sharpness=1.5):
    """Store several states of a picture as an animated GIF that repeats for ever.

    Parameters
    ----------
    path : str or path
        A file of that name is replaced, once all states are drawn.
    draw : callable
        ``draw(**state) -> (figure, sentence)``, as `explore` takes it.
    states : sequence of dict
        The arguments of draw for each frame.
    milliseconds, last : int
        The duration of each frame, and of the last one, in multiples of 10.
    sharpness : float
        The width of the file as a multiple of that of the figure: a GIF is shown as large as its file.
    """
    path = Path(path)
    milliseconds, last = (
        checks.integer(name, value, minimum=10) for name, value in (("milliseconds", milliseconds), ("last", last))
    )
    sharpness = checks.number("sharpness", sharpness, ge=0.25, le=4)
    figures, _ = _drawn(draw, states)
    first, *others = _with_one_palette(padded_tiles([_raster(figure, sharpness) for figure in figures]))
    times = [milliseconds] * len(others) + [last]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=times, loop=0, optimize=True)
    path.write_bytes(file.getvalue())


# --- from states to frames --------------------------------------------------------------------------------------------


def _drawn(draw, states):
    """Return the figures and the sentences of all states."""
    if isinstance(states, Mapping | str) or not isinstance(states, Iterable):
        raise checks.BadType(f"states must be a list of dictionaries of draw's arguments, got {states!r}.")
    states = list(states)
    if not states:
        raise checks.BadValue("states is empty; at least one is needed, such as {'step': 0}.")
    figures, sentences = zip(*(draw_state(draw, state) for state in states), strict=True)
    return figures, sentences


def _space(columns):
    """Return the width in pixels of each of the columns on a page."""
    space = (WIDEST + GAP) // columns - GAP
    if space < NARROWEST:
        raise checks.BadValue(f"{columns} frames do not fit side by side on a page. Use fewer columns.")
    return space


def _raster(figure, sharpness):
    """Return a figure as an array (height, width, 3) of bytes."""
    with Image.open(io.BytesIO(picture_of(figure, sharpness))) as picture:
        return np.asarray(picture.convert("RGB"))


@picture
def _compose(frames, columns):
    """Return a figure that holds the frames pixel for pixel, each under its number, in as many columns."""
    tiles = padded_tiles(frames, SHARPNESS)
    grid = tile_grid(tiles, columns, GAP * SHARPNESS, above=HEAD * SHARPNESS, fill=WHITE)
    height, width = (side // SHARPNESS for side in grid.array.shape[:2])
    figure = new_figure(width, height)
    for number, (top, left) in enumerate(grid.corners // SHARPNESS, 1):
        add_text(figure, left + 4, top - HEAD / 2, number, weight="bold", fontsize=FONT + 1)
    ax = add_axes(figure, 0, 0, width, height)
    ax.imshow(grid.array, aspect="auto")
    ax.set_axis_off()
    return figure


def _with_one_palette(frames):
    """Return frames (N, height, width, 3) as images that share one palette of the colours of all of them."""
    N, height, width, _ = frames.shape
    stacked = Image.fromarray(frames.reshape(N * height, width, 3)).quantize(COLOURS, dither=Image.Dither.NONE)
    return [stacked.crop((0, n * height, width, (n + 1) * height)) for n in range(N)]
