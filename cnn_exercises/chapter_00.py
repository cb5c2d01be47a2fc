"""Checks of chapter 00: counts of parameters, output shapes, receptive fields, and the design of a network."""

import math
from numbers import Real

from cnn_core import Conv2D, Flatten, FullyConnected, Layer, Pool2D, receptive_field
from cnn_core.model import infer_shapes
from cnn_viz.network.receptive import layer_outputs

from .feedback import compare, exercise_check
from .results import AnswerError, described

FILTERS = [(1, 16, 3, 3), (16, 32, 3, 3), (3, 4, 5, 2)]  # (C, K, kH, kW)
IMAGE = (3, 32, 32)
WINDOWS = [[(3, 1), (3, 1)], [(3, 1), (2, 2), (3, 1), (2, 2)], [(5, 2), (3, 3)], [(1, 2), (4, 1)]]  # (kernel, stride)
DIGIT, MOST = (1, 28, 28), 1000


@exercise_check
def check_parameters(answer):
    """Check a function (C, K, kH, kW) -> the parameters of a convolution, biases included."""
    given = "for {} channels and {} filters of {} by {} you count {found:,}; "
    return compare(answer, FILTERS, lambda C, K, kH, kW: K * C * kH * kW + K, given, _why_parameters)


def _why_parameters(found, right, C, K, kH, kW):
    reasons = {
        right - K: "each filter has a bias too.",
        K * kH * kW + K: "a filter reaches through all channels: it has a weight for each of them.",
        right - K + 1: "there is a bias for each filter, not one for all.",
        K * C * (kH * kW + 1): "a filter has one bias, however many channels it reaches through.",
    }
    return reasons.get(found, "draw one filter and count its weights.")


@exercise_check
def check_shapes(answer):
    """Check the list of the five output shapes of exercise 2."""
    layers = [Conv2D(8, 5), Pool2D(2), Conv2D(16, 3, stride=2, padding=1), Flatten(), FullyConnected(10)]
    right = infer_shapes(layers, IMAGE)[1:]
    if not isinstance(answer, tuple | list):
        return f"a list of {len(right)} shapes is asked for, yours is {described(answer)}."
    if len(answer) != len(right):
        return f"one shape is asked for after each of the {len(right)} layers, you give {len(answer)}."
    for number, (found, wanted) in enumerate(zip(answer, right, strict=True)):
        found = _shape(number, found)
        if found != tuple(wanted):
            why = _why_shape(found, tuple(wanted), layers[number], (IMAGE, *right)[number])
            return f"after layer {number} ({layers[number].name}) it is not {found}: {why}"
    return None


def _shape(number, found):
    if not isinstance(found, tuple | list) or not all(isinstance(side, Real) for side in found):
        raise AnswerError(f"shape {number} is {described(found)}; write it as a tuple, a vector of 3 as (3,).")
    return tuple(found)


def _why_shape(found, wanted, layer, before):
    if found[1:] == wanted:
        return "N is left out here, the shapes are those of one image."
    if len(found) != len(wanted):
        return f"{layer.name}'s output has {len(wanted)} {'axis' if len(wanted) == 1 else 'axes'}, not {len(found)}."
    if len(wanted) == 1:
        return "multiply all sides of the maps." if layer.name == "Flatten" else "there is one output for each node."
    if found[0] != wanted[0]:
        return "a convolution has a channel for each filter, pooling keeps the channels."
    return _why_size(found[1], wanted[1], layer.geometry(before), before[1])


def _why_size(found, wanted, plan, size):
    kernel, stride, padding = plan.kernel[0], plan.stride[0], sum(plan.padding[0])
    if found == wanted + 1:
        return "round down: a window that does not fit entirely is left out."
    if stride > 1 and found in (size, size + padding - kernel + 1):
        return f"windows start {stride} pixels apart, not at every pixel."
    if padding and found == (size - kernel) // stride + 1:
        return "the padding counts too: zeros stand on every side."
    if found > wanted:
        return "it is too large: a window must fit into the image, with its padding if it has some."
    return "it is too small: how many windows start inside the image, and how far apart?"


@exercise_check
def check_field(answer):
    """Check a function [(kernel, stride), ...] -> how many pixels in a row one cell depends on."""
    calls = [(windows,) for windows in WINDOWS]
    return compare(answer, calls, receptive_field, "for {} you find {found}; ", _why_field)


def _why_field(found, right, windows):
    kernels = [kernel for kernel, _ in windows]
    late = [(kernel, 1) for kernel in kernels]
    steps = [math.prod(stride for _, stride in windows[: number + 1]) for number in range(len(windows))]
    mistakes = {
        receptive_field(late): "the strides count: after a stride of 2, neighbouring cells lie 2 pixels apart.",
        math.prod(kernels): "windows overlap, so the sizes are not multiplied.",
        sum(kernels): "neighbouring windows share pixels: each layer adds one less than its kernel.",
        1 + sum((kernel - 1) * step for kernel, step in zip(kernels, steps, strict=True)): (
            "a layer's own stride spreads the cells of its output, not those of its input."
        ),
        right - 1: "start at 1: without any layer a cell is one pixel.",
    }
    return mistakes.get(found, "walk from the first layer to the last, and keep how far apart neighbours lie.")


@exercise_check
def check_design(answer):
    """Check a list of layers: ten outputs, few parameters, no excluded pixels, a cell that sees the whole image."""
    shapes = _shapes_of(answer)
    if shapes[-1] != (10,):
        return f"ten digits need an output of shape (10,), yours is {shapes[-1]}."
    count = sum(math.prod(s) for each, shape in zip(answer, shapes, strict=False) for s in _params(each, shape))
    if count > MOST:
        return f"it has {count:,} parameters, {count - MOST:,} too many. Which layer has most of them?"
    notes = [output.note for output in layer_outputs(answer, shapes) if output.note]
    if notes:
        return f"pixels are lost: layer {notes[0]}."
    plans = [each.geometry(shape) for each, shape in zip(answer, shapes, strict=False) if hasattr(each, "geometry")]
    if not plans:
        return "there is no convolution in it, and so no map with a cell that could see anything."
    fields = [receptive_field([(plan.kernel[axis], plan.stride[axis]) for plan in plans]) for axis in (0, 1)]
    if min(fields) < DIGIT[1]:
        return f"a cell of the last map sees {fields[0]} by {fields[1]} pixels, not all {DIGIT[1]} by {DIGIT[2]}."
    return None


def _shapes_of(layers):
    """Return the shapes from the image to the output; raise AnswerError if the library refuses the layers."""
    if not isinstance(layers, tuple | list) or not all(isinstance(each, Layer) for each in layers):
        raise AnswerError("a list of layers is asked for, such as [Flatten(), FullyConnected(10)].")
    try:
        return infer_shapes(layers, DIGIT)
    except (ValueError, TypeError) as error:
        raise AnswerError(f"these layers do not fit together. {error}") from error


def _params(layer, shape):
    return layer.param_shapes(shape).values()
