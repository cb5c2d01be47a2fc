"""Checks of chapter 00: output shapes, an image without edges, receptive fields, and the design of a network."""

import copy
import math
from numbers import Real

import numpy as np

from cnn_core import (
    Adam,
    Conv2D,
    CrossEntropy,
    Flatten,
    FullyConnected,
    Layer,
    LeakyReLU,
    Model,
    Pool2D,
    ReLU,
    Sigmoid,
    Tanh,
    conv2d_forward,
    evaluate,
    fit,
    load_mnist,
    pool2d_forward,
    receptive_field,
    relu_forward,
)
from cnn_core.model import infer_shapes
from cnn_viz.network.receptive import layer_outputs

from .feedback import compare, exercise_check
from .results import AnswerError, array_in, described

IMAGE = (3, 32, 32)
VERTICAL = np.array([[-1, 2, -1]] * 3)  # the filters of the chapter's tiny network
WINDOWS = [[(3, 1), (3, 1)], [(3, 1), (2, 2), (3, 1), (2, 2)], [(5, 2), (3, 3)], [(1, 2), (4, 1)]]  # (kernel, stride)
DIGIT, MOST = (1, 28, 28), 1000
ACTIVATIONS = (ReLU, LeakyReLU, Sigmoid, Tanh)
PRODUCT = "neighbours lie as far apart as all strides before the layer, multiplied, not as one stride."
ENOUGH = 0.5  # the accuracy that a design must reach; guessing gives 0.1


# --- shapes -----------------------------------------------------------------------------------------------------------


@exercise_check
def check_shapes(answer):
    """Check the list of the five output shapes of exercise 1."""
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
        return "multiply all sides of the maps." if layer.name == "Flatten" else "there is one output for each unit."
    if found == (*wanted[1:], wanted[0]):
        return "channels come first here, so write (C, H, W)."
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


# --- an image that the tiny network does not see ----------------------------------------------------------------------


@exercise_check
def check_image(answer):
    """Check an image (6, 6) of zeros and ones, not empty, for which both scores of the tiny network are 0."""
    image = array_in(answer, "the image")
    if image.shape != (6, 6):
        return f"the image should have 6 by 6 pixels, yours has shape {image.shape}."
    if not np.isin(image, (0, 1)).all():
        return "every pixel should be 0 or 1."
    if not image.any():
        return "this image is empty. At least one pixel should be 1."
    return _why_seen({"vertical": _score(image, VERTICAL), "horizontal": _score(image, VERTICAL.T)})


def _score(image, weights):
    """Return the sum of the pooled map of one filter."""
    positive = relu_forward(conv2d_forward(image[None, None], weights[None, None]))
    return int(pool2d_forward(positive).sum())


def _why_seen(scores):
    if not any(scores.values()):
        return None
    both = " and ".join(f"the {name} score is {score}" for name, score in scores.items())
    if all(scores.values()):
        return f"{both}. What do the nine weights of a filter add up to, and for which windows is that the output?"
    return f"{both}. One filter finds nothing; the other one still does."


# --- the receptive field ----------------------------------------------------------------------------------------------


@exercise_check
def check_field(answer):
    """Check a function [(kernel, stride), ...] -> how many pixels in a row one cell depends on."""
    calls = [(windows,) for windows in WINDOWS]
    return compare(answer, calls, receptive_field, "for {} you find {found}; ", _why_field)


def _why_field(found, right, windows):
    kernels = [kernel for kernel, _ in windows]
    late = [(kernel, 1) for kernel in kernels]
    before = [1, *(stride for _, stride in windows[:-1])]
    steps = [math.prod(stride for _, stride in windows[: number + 1]) for number in range(len(windows))]
    mistakes = {
        receptive_field(late): "the strides count: after a stride of 2, neighbouring cells lie 2 pixels apart.",
        _wrong_way_round(windows): "this recurrence runs from the last layer to the first: reverse the list.",
        math.prod(kernels): "windows overlap, so the sizes are not multiplied.",
        sum(kernels): "neighbouring windows share pixels: each layer adds one less than its kernel.",
        1 + sum((kernel - 1) * step for kernel, step in zip(kernels, steps, strict=True)): (
            "a layer's own stride moves the cells of its output apart, not those of its input."
        ),
        right - 1: "start at 1: without any layer a cell is one pixel.",
        1 + sum((kernel - 1) * stride for kernel, stride in windows): PRODUCT,
        1 + sum((kernel - 1) * stride for kernel, stride in zip(kernels, before, strict=True)): PRODUCT,
    }
    return mistakes.get(found, "go from the first layer to the last, and keep how far apart neighbours lie.")


def _wrong_way_round(windows):
    """Return what seen -> (seen - 1) * stride + kernel gives from the first layer to the last."""
    seen = 1
    for kernel, stride in windows:
        seen = (seen - 1) * stride + kernel
    return seen


# --- a design ---------------------------------------------------------------------------------------------------------


@exercise_check
def check_design(answer):
    """Check the layers of a small network: its shapes, its parameters, what it sees, and how well it learns."""
    layers = _layers_of(answer)
    shapes = _shapes_of(layers)
    mistake = _why_size_of_network(layers, shapes) or _why_unseen(layers, shapes) or _why_linear(layers)
    if mistake:
        return mistake
    share = trained_accuracy(layers)
    if share < ENOUGH:
        return f"it fits, but after training it classifies only {share:.0%} of the test digits correctly."
    return None


def _why_size_of_network(layers, shapes):
    if shapes[-1] != (10,):
        return f"ten digits need an output of shape (10,), yours is {shapes[-1]}."
    count = sum(math.prod(s) for each, shape in zip(layers, shapes, strict=False) for s in _params(each, shape))
    if count > MOST:
        return f"it has {count:,} parameters, {count - MOST:,} too many. Which layer has most of them?"
    return None


def _why_unseen(layers, shapes):
    notes = [output.note for output in layer_outputs(layers, shapes) if output.note]
    if notes:
        return f"pixels are lost: layer {notes[0]}."
    plans = [each.geometry(shape) for each, shape in zip(layers, shapes, strict=False) if hasattr(each, "geometry")]
    if not plans:
        return "there is no convolution in it, and so no map with a cell that could see anything."
    fields = [receptive_field([(plan.effective[axis], plan.stride[axis]) for plan in plans]) for axis in (0, 1)]
    if min(fields) < DIGIT[1]:
        return f"a cell of the last map sees {fields[0]} by {fields[1]} pixels, not all {DIGIT[1]} by {DIGIT[2]}."
    if not all(_sees_all(plans, axis, fields[axis]) for axis in (0, 1)):
        return "a cell of the last map sees far enough, but each one sees zeros of the padding and not the whole digit."
    return None


def _sees_all(plans, axis, field):
    """Return whether the field of some cell of the last map, with its place, covers the digit along one axis."""
    first, apart = 0, 1
    for plan in plans:
        first -= plan.padding[axis][0] * apart
        apart *= plan.stride[axis]
    starts = [first + number * apart for number in range(plans[-1].output[axis])]
    return any(start <= 0 and start + field >= DIGIT[1 + axis] for start in starts)


def _why_linear(layers):
    convolutions = [number for number, layer in enumerate(layers) if isinstance(layer, Conv2D)]
    if len(convolutions) < 2:
        return f"two convolutions are asked for, yours has {len(convolutions)}."
    between = layers[convolutions[0] : convolutions[-1]]
    if not any(isinstance(layer, ACTIVATIONS) for layer in between):
        return "there is no ReLU between the convolutions, so together they can do no more than a single one."
    return None


def trained_accuracy(answer):
    """Return the accuracy on 2,000 test digits of a network with these layers, after 24,000 training examples."""
    model, loss, digits = Model(_layers_of(answer), DIGIT, seed=0), CrossEntropy(), load_mnist(limit=4000)
    for _ in fit(model, digits.X_train, digits.y_train, Adam(0.01), loss, epochs=24_000 // len(digits.X_train)):
        pass
    return evaluate(model, digits.X_test[:2000], digits.y_test[:2000], loss)[1]


def _layers_of(answer):
    """Return unbuilt copies of the layers of a list or a Model; raise AnswerError for anything else."""
    layers = answer.layers if isinstance(answer, Model) else answer
    if not isinstance(layers, tuple | list) or not all(isinstance(each, Layer) for each in layers):
        raise AnswerError("a list of layers is asked for, such as [Flatten(), FullyConnected(10)].")
    return [_unbuilt(each) for each in layers]


def _unbuilt(layer):
    """Return a copy of a layer without its parameters, so that every design begins from the same seed."""
    layer = copy.deepcopy(layer)
    layer.params.clear()
    return layer


def _shapes_of(layers):
    """Return the shapes from the image to the output; raise AnswerError if the library refuses the layers."""
    try:
        return infer_shapes(layers, DIGIT)
    except (ValueError, TypeError) as error:
        raise AnswerError(f"these layers do not fit together. {error}") from error


def _params(layer, shape):
    return layer.param_shapes(shape).values()
