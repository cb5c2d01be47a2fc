"""Receptive fields and excluded pixels of every layer of a network, as whole numbers and texts.

Source      the layers themselves and cnn_core.shapes; nothing is typed in.
Unseen      the rows and columns of each output that reach no output of the network, traced back from the last layer:
            what a layer leaves out costs the image as many rows as that layer's outputs are apart.
Blocks      the part of each output that one cell of the last output with rows and columns depends on, traced back
            window by window. A user-defined layer, of which nothing is known, ends the trace.
"""

import math
from dataclasses import dataclass

from cnn_core import (
    BatchNorm2D,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAveragePool2D,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    receptive_field,
)
from cnn_viz.base.text import by, counted

# each output cell depends on one input cell, with BatchNorm2D while predicting
CELLWISE = (ReLU, LeakyReLU, Sigmoid, Tanh, Flatten, BatchNorm2D, Dropout)
WHOLE = (FullyConnected, Softmax)  # each output of a vector depends on the whole input
TIMES = "\u00a0×\u00a0"  # spaces at which no line is broken


@dataclass(frozen=True)
class LayerOutput:
    """The input of a network, or the output of one of its layers.

    Attributes
    ----------
    title, settings : str
        The number and name of the layer, and its arguments as text.
    shape : tuple of int
    parameters : int
        Of the layer.
    sees : str
        The number of input pixels that one cell depends on.
    left_out : (list of (int, int), list of (int, int))
        Runs (first, length) of rows and of columns that no window of the next layer reaches.
    note : str
        The number of these rows and columns as text; empty if none.
    unseen : (list of (int, int), list of (int, int))
        Runs of rows and of columns on which no output of the network depends.
    block : (int, int, int, int) or None
        Row, column, rows and columns of the part that one cell of the last output with rows and columns depends on.
    """

    title: str
    settings: str
    shape: tuple
    parameters: int
    sees: str
    left_out: tuple
    note: str
    unseen: tuple
    block: tuple | None


def layer_outputs(layers, shapes):
    """Return a LayerOutput for the input of a network and for the output of every layer.

    Parameters
    ----------
    layers : list of Layer
    shapes : list of tuple
        Of the input and of every output, without N.

    Returns
    -------
    list of LayerOutput
    """
    titles = ["input", *(f"{index} {layer.name}" for index, layer in enumerate(layers))]
    settings = ["", *map(settings_of, layers)]
    counts = [0] + [sum(map(math.prod, each.param_shapes(shape).values())) for each, shape in _steps(layers, shapes)]
    left_out = [_left_out(layer, shape) for layer, shape in _steps(layers, shapes)] + [([], [])]
    notes = [*map(_note, titles[1:], left_out[:-1]), ""]
    unseen = unseen_of(layers, shapes)
    seen, blocks = _seen(layers, shapes, unseen[0]), blocks_of(layers, shapes)
    columns = titles, settings, shapes, counts, seen, left_out, notes, unseen, blocks
    return [LayerOutput(*row) for row in zip(*columns, strict=True)]


def _steps(layers, shapes):
    return zip(layers, shapes[:-1], strict=True)


def settings_of(layer):
    """Return the arguments of a layer as text: '8 filters 3 × 3, stride 2, padding same'."""
    parts = []
    if hasattr(layer, "num_filters"):
        parts.append(f"{counted(layer.num_filters, 'filter')} {by(layer.kernel_size, TIMES)}")
    if hasattr(layer, "pool_size"):
        parts.append(f"{layer.mode} of {by(layer.pool_size, TIMES)}")
    if hasattr(layer, "num_nodes"):
        parts.append(counted(layer.num_nodes, "unit"))
    if hasattr(layer, "rate"):
        parts.append(f"rate {layer.rate:g}")
    if hasattr(layer, "stride"):
        parts.append(f"stride {_short(layer.stride)}")
    if getattr(layer, "dilation", (1, 1)) != (1, 1):
        parts.append(f"dilation {_short(layer.dilation)}")
    if getattr(layer, "padding", "valid") not in ("valid", (0, 0)):
        parts.append(f"padding {_short(layer.padding)}")
    return ", ".join(parts)


def _short(value):
    """Return a pair as one number if both are the same; a name as it is."""
    return value if isinstance(value, str) else by(value[: 1 if value[0] == value[1] else 2], TIMES)


# --- dependences ------------------------------------------------------------------------------------------------------


def _kind(layer, shape):
    """Return the part of the input that an output cell depends on: 'window', 'cell', 'all' or 'unknown'."""
    if hasattr(layer, "geometry"):
        return "window"
    if isinstance(layer, CELLWISE):
        return "cell"
    is_whole = isinstance(layer, GlobalAveragePool2D) or (isinstance(layer, WHOLE) and len(shape) == 1)
    return "all" if is_whole else "unknown"


def _seen(layers, shapes, unseen):
    """Return, for every output, the number of input pixels that one cell of it depends on, as text.

    `unseen` holds the runs of rows and of columns of the input on which no output of the network depends.
    """
    size = shapes[0][1:] if len(shapes[0]) == 3 else shapes[0]
    windows, texts, state = [], [by([1] * len(size), TIMES)], "window"
    for layer, shape in _steps(layers, shapes):
        kind = _kind(layer, shape)
        state = kind if kind in ("all", "unknown") and state != "unknown" else state
        if kind == "window":
            plan = layer.geometry(shape)
            windows.append((plan.kernel, plan.stride, plan.dilation))
        texts.append({"all": _all_but(size, unseen), "unknown": "–"}.get(state) or by(_fields(windows, size), TIMES))
    return texts


def _all_but(size, unseen):
    """Return 'all 28 × 28', or '21 × 21' if seven rows and seven columns are unseen."""
    if not any(unseen):
        return f"all {by(size, TIMES)}"
    lost = [sum(length for _, length in runs) for runs in unseen]
    return by([length - less for length, less in zip(size, lost, strict=True)], TIMES)


def _fields(windows, size):
    """Return the receptive field in each dimension, at most the input's size."""
    if not windows:
        return [1] * len(size)
    fields = [receptive_field([[pair[axis] for pair in window] for window in windows]) for axis in (0, 1)]
    return [min(field, length) for field, length in zip(fields, size, strict=True)]


def blocks_of(layers, shapes):
    """Return, for every output, the block of it that one cell of the last output with rows and columns depends on.

    The cell is the one in the middle. All are None if no output has rows and columns, or no layer has windows.
    """
    last = 0
    while last < len(layers) and len(shapes[last + 1]) == 3 and _kind(layers[last], shapes[last]) in ("window", "cell"):
        last += 1
    blocks = [None] * len(shapes)
    if not any(hasattr(layer, "geometry") for layer in layers[:last]):
        return blocks
    spans = [(length // 2, length // 2 + 1) for length in shapes[last][1:]]
    blocks[last] = _block(spans)
    for index in reversed(range(last)):
        spans = _before(layers[index], shapes[index], spans)
        blocks[index] = _block(spans)
    return blocks


def _before(layer, shape, spans):
    """Return the spans (first, end) of rows and columns that lie under the windows of these outputs."""
    if not hasattr(layer, "geometry"):
        return spans
    plan = layer.geometry(shape)
    sides = zip(spans, plan.effective, plan.stride, plan.padding, shape[1:], strict=True)
    return [
        (max(a * step - pad, 0), min((b - 1) * step - pad + length, size))
        for (a, b), length, step, (pad, _), size in sides
    ]


def _block(spans):
    (top, bottom), (left, right) = spans
    return (top, left, bottom - top, right - left) if bottom > top and right > left else None


def unseen_of(layers, shapes):
    """Return, for every output, the runs of rows and of columns on which no output of the network depends.

    They are empty for vectors. A user-defined layer, of which nothing is known, may depend on all of its input.
    """
    seen = [_whole(shapes[-1])]
    for layer, shape in reversed(list(_steps(layers, shapes))):
        seen.append(_needed(layer, shape, seen[-1]))
    return [tuple(map(_runs, shape[1:], sets)) or ([], []) for shape, sets in zip(shapes, seen[::-1], strict=True)]


def _whole(shape):
    """Return the set of all rows and the set of all columns; nothing for a vector."""
    return tuple(set(range(length)) for length in shape[1:]) if len(shape) == 3 else ()


def _needed(layer, shape, wanted):
    """Return the sets of rows and of columns of a layer's input on which the wanted ones of its output depend."""
    if not hasattr(layer, "geometry"):
        same = _kind(layer, shape) == "cell" and not isinstance(layer, Flatten)
        return wanted if same else _whole(shape)
    plan = layer.geometry(shape)
    return tuple(map(_reached, shape[1:], plan.kernel, plan.stride, plan.padding, wanted, plan.dilation))


def _left_out(layer, shape):
    """Return the runs of rows and of columns of a layer's input that none of its windows reaches."""
    if not hasattr(layer, "geometry"):
        return [], []
    plan = layer.geometry(shape)
    outputs = map(range, plan.output)
    reached = map(_reached, shape[1:], plan.kernel, plan.stride, plan.padding, outputs, plan.dilation)
    return tuple(map(_runs, shape[1:], reached))


def _note(title, left_out):
    counts = [sum(length for _, length in runs) for runs in left_out]
    parts = [counted(count, name) for count, name in zip(counts, ("row", "column"), strict=True) if count]
    return f"{title} leaves out {' and '.join(parts)}" if parts else ""


def _reached(size, kernel, stride, padding, outputs, dilation):
    """Return the set of the pixels that lie under the windows of these outputs; padding is (before, after)."""
    starts = [number * stride - padding[0] for number in outputs]
    offsets = range(0, kernel * dilation, dilation)
    return {start + offset for start in starts for offset in offsets if 0 <= start + offset < size}


def _runs(size, reached):
    """Return the runs (first, length) of the pixels that are not reached."""
    runs = []
    for pixel in sorted(set(range(size)) - reached):
        if runs and sum(runs[-1]) == pixel:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((pixel, 1))
    return runs
