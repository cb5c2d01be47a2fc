"""Several states of a picture at once: side by side as a film-strip, or one after the other as a GIF.

In and out  the drawing functions of widgets (states.py) and a list of states; each state is a dictionary of arguments.
Sizes       one scale holds for all states of a strip or a GIF: a cell of an array has one size, whatever is around it.
Same bytes  the same states give the same file again. All frames of a GIF share one palette, so that no colour flickers.
Story       a film-strip stands beside every widget: it teaches the same on paper, on GitHub and to a screen reader.
"""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from cnn_core import checks
from cnn_viz.figures import SHARPNESS, WIDEST, add_axes, new_figure, size_of
from cnn_viz.palette import INK
from cnn_viz.states import draw_state, picture_of

GAP, HEAD = 16, 24  # pixels: between two frames; above a frame, for its number
LEAST_SHRUNK = 0.75  # of its size: still easy to read
NARROWEST = 40  # pixels: of a frame in which something can be seen
COLOURS = 255  # a GIF holds 256: the last one says "as it was" where a frame changes nothing


def film_strip(draw, states, columns=None):
    """Draw several states of a picture side by side, numbered in reading order.

    Parameters
    ----------
    draw : callable
        ``draw(**state) -> (figure, sentence)``, as `explore` takes it.
    states : sequence of dict
        The arguments of draw for each frame.
    columns : int, optional
        How many frames stand in a row; all of them shrink alike until they fit on a page. If not given, as many as need
        not shrink by more than a quarter.

    Returns
    -------
    matplotlib.figure.Figure, str
        The strip, and the numbered sentences of its frames: ``show_figure(*film_strip(draw, states))``.

    Raises
    ------
    ValueError
        If there is no state, if draw refuses one, or if the columns are too many for a page.
    TypeError
        If states holds something else than dictionaries of draw's arguments, or draw returns no figure and sentence.
    """
    if columns is not None:
        columns = checks.integer("film_strip", "columns", columns)
    figures, sentences = _drawn("film_strip", draw, states)
    width = max(size_of(figure)[0] for figure in figures)
    columns = min(columns or int((WIDEST + GAP) / (LEAST_SHRUNK * width + GAP)) or 1, len(figures))
    frames = [_raster(figure, SHARPNESS * min(1, _room(columns) / width)) for figure in figures]
    numbered = [f"({number}) {sentence}" for number, sentence in enumerate(sentences, 1)]
    return _compose(frames, columns), " ".join(numbered)


def save_gif(path, draw, states, milliseconds=800, last=2400, sharpness=1.5):
    """Store several states of a picture as an animated GIF that starts again at its end.

    Parameters
    ----------
    path : str or path
        Where to; a file of that name is replaced, once all states are drawn.
    draw : callable
        ``draw(**state) -> (figure, sentence)``, as `explore` takes it.
    states : sequence of dict
        The arguments of draw for each frame.
    milliseconds, last : int
        How long each frame, and the last one, can be seen. A GIF counts in tens of them.
    sharpness : float
        How many times as wide and high the file is as the page of draw: a GIF is shown as large as its file.

    Raises
    ------
    ValueError, TypeError
        As film_strip does; nothing is stored then.
    """
    path = Path(path)
    milliseconds, last = (
        checks.integer("save_gif", name, value, minimum=10)
        for name, value in (("milliseconds", milliseconds), ("last", last))
    )
    sharpness = checks.number("save_gif", "sharpness", sharpness, low=0.25, high=4)
    figures, _ = _drawn("save_gif", draw, states)
    first, *others = _with_one_palette(_padded([_raster(figure, sharpness) for figure in figures]))
    times = [milliseconds] * len(others) + [last]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=times, loop=0, optimize=True)
    path.write_bytes(file.getvalue())


# --- from states to frames --------------------------------------------------------------------------------------------


def _drawn(where, draw, states):
    """Return the figures and the sentences of all states."""
    if isinstance(states, Mapping | str) or not isinstance(states, Iterable):
        raise TypeError(f"{where}: states must be a list of dictionaries of draw's arguments, got {states!r}.")
    states = list(states)
    if not states:
        raise ValueError(f"{where}: states is empty; at least one is needed, such as {{'step': 0}}.")
    figures, sentences = zip(*(draw_state(where, draw, state) for state in states), strict=True)
    return figures, sentences


def _room(columns):
    """Return how many pixels wide each of the columns may be on a page."""
    room = (WIDEST + GAP) // columns - GAP
    if room < NARROWEST:
        raise ValueError(f"film_strip: {columns} frames do not fit side by side on a page. Use fewer columns.")
    return room


def _raster(figure, sharpness):
    """Return a figure as an array (height, width, 3) of bytes."""
    with Image.open(io.BytesIO(picture_of(figure, sharpness))) as picture:
        return np.asarray(picture.convert("RGB"))


def _compose(frames, columns):
    """Return a figure that holds the frames pixel for pixel, each under its number, in as many columns."""
    tall, wide = np.max([frame.shape[:2] for frame in frames], axis=0) + SHARPNESS - 1
    tall, wide = int(tall) // SHARPNESS, int(wide) // SHARPNESS  # on the page
    rows = -(-len(frames) // columns)
    width, height = columns * (wide + GAP) - GAP, rows * (HEAD + tall + GAP) - GAP
    sheet = np.full((height * SHARPNESS, width * SHARPNESS, 3), 255, np.uint8)
    figure = new_figure(width, height)
    for number, frame in enumerate(frames):
        row, column = divmod(number, columns)
        left, top = column * (wide + GAP), row * (HEAD + tall + GAP) + HEAD
        sheet[top * SHARPNESS :, left * SHARPNESS :][: frame.shape[0], : frame.shape[1]] = frame
        place = ((left + 4) / width, 1 - (top - HEAD / 2) / height)
        figure.text(*place, number + 1, va="center", weight="bold", color=INK, fontsize=10)
    ax = add_axes(figure, 0, 0, width, height)
    ax.imshow(sheet, interpolation="nearest", aspect="auto")
    ax.set_axis_off()
    return figure


def _padded(frames):
    """Return frames of one size (N, height, width, 3): white stands to the right of smaller ones and below them."""
    height, width = np.max([frame.shape[:2] for frame in frames], axis=0)
    padded = np.full((len(frames), height, width, 3), 255, np.uint8)
    for place, frame in zip(padded, frames, strict=True):
        place[: frame.shape[0], : frame.shape[1]] = frame
    return padded


def _with_one_palette(frames):
    """Return frames (N, height, width, 3) as images that share one palette, made from the colours of all of them."""
    N, height, width, _ = frames.shape
    sheet = Image.fromarray(frames.reshape(N * height, width, 3)).quantize(COLOURS, dither=Image.Dither.NONE)
    return [sheet.crop((0, n * height, width, (n + 1) * height)) for n in range(N)]
