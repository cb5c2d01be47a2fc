"""The layers of a model as operators of ONNX.

Operators   Those of operator set 17, one a layer. Minimum pooling has none: Neg, MaxPool and Neg give it. Dropout
            predicts its input, and is left out. Padding is written in pixels, so 'same' and 'include' need no rule.
Chapter     13.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import cnn_core
from cnn_core import checks

NONE = MappingProxyType({})


class Step(NamedTuple):
    """An operator with its parameters ({key: array}, in their order) and its attributes."""

    operator: str
    arrays: Mapping = NONE
    attributes: Mapping = NONE


def operators_of(layer, index, input_shape):
    """Return the Steps of a layer for inputs (C, H, W) or (features,); index is its place in the model."""
    kind = type(layer)  # a subclass may compute something else
    checks.require(
        kind in STEPS, f"layer {index}, {layer!r}: ONNX has no operator for {kind.__name__}.", checks.BadType
    )
    return STEPS[kind](layer, input_shape)


def _window(plan):
    """Return the attributes of a window that moves: ONNX has the pads (top, left, bottom, right)."""
    (top, bottom), (left, right) = plan.padding
    return {"kernel_shape": plan.kernel, "strides": plan.stride, "pads": (top, left, bottom, right)}


def _convolution(layer, input_shape):
    plan = layer.geometry(input_shape)
    return [Step("Conv", layer.params, _window(plan) | {"dilations": plan.dilation})]


def _pooling(layer, input_shape):
    window = _window(layer.geometry(input_shape))
    if layer.mode == "mean":
        return [Step("AveragePool", attributes=window | {"count_include_pad": 0})]
    negate = [Step("Neg")] if layer.mode == "min" else []
    return [*negate, Step("MaxPool", attributes=window), *negate]


def _normalisation(layer, input_shape):
    return [Step("BatchNormalization", layer.params | layer.state, {"epsilon": layer.epsilon})]


def _leaky(layer, input_shape):
    return [Step("LeakyRelu", attributes={"alpha": layer.slope})]


def _average(layer, input_shape):
    return [Step("GlobalAveragePool"), Step("Flatten", attributes={"axis": 1})]


def _plain(operator, **attributes):
    """Return the rule of a layer that is one operator with these attributes, whatever its arguments are."""
    return lambda layer, input_shape: [Step(operator, layer.params, attributes)]


STEPS = {
    cnn_core.Conv2D: _convolution,
    cnn_core.Pool2D: _pooling,
    cnn_core.BatchNorm2D: _normalisation,
    cnn_core.FullyConnected: _plain("Gemm"),
    cnn_core.Flatten: _plain("Flatten", axis=1),
    cnn_core.ReLU: _plain("Relu"),
    cnn_core.LeakyReLU: _leaky,
    cnn_core.Sigmoid: _plain("Sigmoid"),
    cnn_core.Tanh: _plain("Tanh"),
    cnn_core.Softmax: _plain("Softmax", axis=-1),
    cnn_core.GlobalAveragePool2D: _average,
    cnn_core.Dropout: lambda layer, input_shape: [],
}
