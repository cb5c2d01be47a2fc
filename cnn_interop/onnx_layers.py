"""The operators of an ONNX file as layers: a row of known operators, or an error that names the one that is not.

Patterns    Neg, MaxPool, Neg is minimum pooling; MatMul, Add a dense layer; GlobalAveragePool, Flatten the mean of each
            channel. Dropout and Identity do nothing in a prediction.
Trust       Every attribute that is not understood is refused, and so are arrays outside the file.
Chapter     13.
"""

from typing import NamedTuple

import numpy as np

import cnn_core
from cnn_core import checks

FLOATS = {1: "FLOAT", 10: "FLOAT16", 11: "DOUBLE"}  # TensorProto's numbers of dtypes
EXTERNAL = 1  # TensorProto's data_location of arrays in another file
OLDEST, NEWEST = 9, 23  # operator sets
DEFAULT = {"", "ai.onnx"}  # names of the domain of ONNX's own operators


class Node(NamedTuple):
    """An operator with its attributes and its constant arrays; Neg, MaxPool, Neg are one, named MinPool."""

    operator: str
    attributes: dict
    arrays: list


def layers_of(proto, to_array):
    """Return the shape of one input, and the layers of a model message, with their parameters, not built yet."""
    _check_versions(proto)
    _check_nodes(proto.graph)
    arrays = _arrays(proto.graph, to_array)
    nodes = _merged(_row(proto.graph, arrays))
    shape = input_shape = _input_shape(proto.graph, arrays)
    layers = []
    for node in nodes:
        checks.require(node.operator in READERS, f"the series has no layer for the operator {node.operator}.")
        attributes = dict(node.attributes)
        layer = READERS[node.operator](attributes, node.arrays, shape)
        checks.require(not attributes, f"{node.operator} with {_shown(attributes)} is not read.")
        layers.append(layer)
        shape = layer.output_shape(shape)
    return input_shape, layers


def _shown(attributes):
    return ", ".join(f"{name}={value!r}" for name, value in attributes.items())


def _check_versions(proto):
    versions = {each.domain: each.version for each in proto.opset_import}
    foreign = sorted(versions.keys() - DEFAULT)
    checks.require(not foreign, f"it uses operators of {foreign}, which are not ONNX's own.")
    version = max(versions.values(), default=0)
    checks.require(OLDEST <= version <= NEWEST, f"its operator set is number {version}, read are {OLDEST} to {NEWEST}.")
    checks.require(not proto.functions, "it defines functions of its own.")


def _check_nodes(graph):
    for node in graph.node:
        named = len(node.output) == 1 and node.output[0]
        checks.require(named, f"{node.op_type} has {len(node.output)} outputs; operators with one are read.")


def _arrays(graph, to_array):
    """Return {name: array of float32} of the constants of a graph."""
    checks.require(not graph.sparse_initializer, "sparse arrays are not read.")
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and [each.name for each in node.attribute] == ["value"]:
            tensors[node.output[0]] = node.attribute[0].t
    return {name: _array(name, tensor, to_array) for name, tensor in tensors.items()}


def _array(name, tensor, to_array):
    outside = tensor.data_location == EXTERNAL or len(tensor.external_data) > 0
    checks.require(not outside, f"the array {name!r} lies in another file, which is never opened.")
    checks.require(all(size > 0 for size in tensor.dims), f"the array {name!r} has the shape {[*tensor.dims]}.")
    checks.require(tensor.data_type in FLOATS, f"the array {name!r} is not of {sorted(FLOATS.values())}.")
    with np.errstate(over="ignore"):  # infinite, and refused
        return checks.finite(name, to_array(tensor).astype(np.float32))


def _input_shape(graph, arrays):
    """Return the shape (C, H, W) or (features,) of the one input of a graph."""
    inputs = [each for each in graph.input if each.name not in arrays]
    checks.require(len(inputs) == 1, f"it has {len(inputs)} inputs; one is read.")
    checks.require(inputs[0].type.tensor_type.elem_type in FLOATS, "its input does not hold real numbers.")
    sizes = [each.dim_value for each in inputs[0].type.tensor_type.shape.dim]
    known = len(sizes) in (2, 4) and all(size > 0 for size in sizes[1:])
    checks.require(known, f"its input has the shape {sizes}; (N, C, H, W) or (N, features) is read.")
    return tuple(sizes[1:])


def _row(graph, arrays):
    """Return the nodes of a graph in which each takes what the one before it gives."""
    source = next((each.name for each in graph.input if each.name not in arrays), None)
    nodes = [node for node in graph.node if node.output[0] not in arrays]
    rows = []
    for node in nodes:
        checks.require(node.domain in DEFAULT, f"{node.op_type} of {node.domain!r} is not one of ONNX's own operators.")
        given = [name for name in node.input if name and name not in arrays]
        checks.require(given == [source], f"{node.op_type} branches: only a row is read.")
        first = node.op_type in ("Add",) or node.input[0] == source
        checks.require(first, f"{node.op_type} takes the values as another argument than the first.")
        rows.append(Node(node.op_type, _attributes(node), [arrays[name] for name in node.input if name in arrays]))
        source = node.output[0]
    ends = [each.name for each in graph.output]
    checks.require(ends == [source], f"its outputs are {ends}; only the last value of a row is read.")
    return rows


def _attributes(node):
    """Return {name: value} of an operator, whose values are numbers, texts and lists of numbers."""
    readers = {1: lambda a: a.f, 2: lambda a: a.i, 3: lambda a: a.s.decode(), 6: lambda a: [*a.floats]}
    readers[7] = lambda a: [*a.ints]
    for each in node.attribute:
        checks.require(each.type in readers, f"{node.op_type} with an attribute {each.name!r} is not read.")
    return {each.name: readers[each.type](each) for each in node.attribute}


def _merged(nodes):
    """Return the nodes with each pattern of several in one."""
    merged = []
    for node in nodes:
        merged.append(node)
        last = [each.operator for each in merged[-3:]]
        if last == ["Neg", "MaxPool", "Neg"]:
            merged[-3:] = [merged[-2]._replace(operator="MinPool")]
        elif last[-2:] == ["MatMul", "Add"] and len(node.arrays) == 1:
            merged[-2:] = [merged[-2]._replace(operator="Dense", arrays=merged[-2].arrays + node.arrays)]
        elif last[-2:] == ["GlobalAveragePool", "Flatten"]:
            merged[-2:] = [Node("ChannelMeans", node.attributes, [])]
        elif node.operator in ("Dropout", "Identity"):
            checks.require(not node.arrays, f"{node.operator} with arrays is not read.")
            merged.pop()
    return merged


# --- one operator -----------------------------------------------------------------------------------------------------
# A reader takes what it understands out of the attributes; what is left is refused.


def _expect(attributes, **values):
    """Take attributes that may have one value only, that of their default."""
    for name, value in values.items():
        given = attributes.pop(name, value)
        checks.require(given == value, f"{name}={given!r} is not read.")


def _window(attributes, shape, kernel):
    """Return stride, padding and dilation of a window that moves over an image, as arguments of a layer."""
    checks.require(len(shape) == 3 and len(kernel) == 2, "a window must move over an image (C, H, W).")
    _expect(attributes, auto_pad="NOTSET", kernel_shape=list(kernel), ceil_mode=0, storage_order=0)
    stride, dilation = (tuple(attributes.pop(name, (1, 1))) for name in ("strides", "dilations"))
    pads = tuple(attributes.pop("pads", (0, 0, 0, 0)))
    checks.require(len(stride) == len(dilation) == 2 and len(pads) == 4, "a window has two strides and four pads.")
    return {"stride": stride, "padding": _padding(pads, shape[1:], kernel, stride, dilation), "dilation": dilation}


def _padding(pads, size, kernel, stride, dilation):
    """Return the argument `padding` that gives these pads: (rows, columns), 'same' or 'include'."""
    top, left, bottom, right = pads
    if (top, left) == (bottom, right):
        return top, left
    for name in ("same", "include"):
        sides = zip(size, kernel, stride, dilation, strict=True)
        amounts = [cnn_core.padding_amounts(n, k, s, name, d) for n, k, s, d in sides]
        if amounts == [(top, bottom), (left, right)]:
            return name
    raise checks.BadValue(f"pads={list(pads)} are neither equal on both sides nor those of 'same' or 'include'.")


def _with_params(layer, **arrays):
    layer.params = arrays
    return layer


def _named(keys, arrays):
    """Return {key: array}; there must be an array for each key, the last of which may be left out."""
    checks.require(len(keys) - 1 <= len(arrays) <= len(keys), f"an operator with {len(arrays)} arrays is not read.")
    return dict(zip(keys, arrays, strict=False))


def _convolution(attributes, arrays, shape):
    _expect(attributes, group=1)
    params = _named(("F", "B"), arrays)
    checks.require(params["F"].ndim == 4, f"filters must be (K, C, kH, kW), got {params['F'].shape}.")
    window = _window(attributes, shape, params["F"].shape[2:])
    size = {"kernel_size": params["F"].shape[2:], "bias": "B" in params}
    return _with_params(cnn_core.Conv2D(len(params["F"]), **size, **window), **params)


def _pooling(mode):
    def read(attributes, arrays, shape):
        kernel = tuple(attributes.get("kernel_shape", ()))
        window = _window(attributes, shape, kernel)
        checks.require(not arrays and window.pop("dilation") == (1, 1), "a pooling window has no dilation.")
        counts = attributes.pop("count_include_pad", 0) and window["padding"] != (0, 0)
        checks.require(not counts, "a mean that counts padding is not read.")
        return cnn_core.Pool2D(kernel, mode=mode, **window)

    return read


def _normalisation(attributes, arrays, shape):
    _expect(attributes, training_mode=0)
    attributes.pop("momentum", None)  # of a training that is over
    checks.require(len(arrays) == 4, "BatchNormalization needs four arrays.")
    gamma, beta, mean, variance = arrays
    layer = _with_params(cnn_core.BatchNorm2D(epsilon=attributes.pop("epsilon", 1e-5)), gamma=gamma, beta=beta)
    layer.state = {"running_mean": mean, "running_variance": variance}
    return layer


def _dense(attributes, arrays, shape):
    _expect(attributes, alpha=1.0, beta=1.0, transA=0)
    params = _named(("W", "B"), arrays)
    params["W"] = params["W"].T if attributes.pop("transB", 0) else params["W"]
    checks.require(params["W"].ndim == 2, f"weights must be (inputs, nodes), got {params['W'].shape}.")
    params = {key: array.reshape(-1) if key == "B" else array for key, array in params.items()}  # (1, nodes) too
    return _with_params(cnn_core.FullyConnected(params["W"].shape[1], bias="B" in params), **params)


def _flatten(attributes, arrays, shape):
    _expect(attributes, axis=1)
    return cnn_core.Flatten()


def _means(attributes, arrays, shape):
    _expect(attributes, axis=1)
    return cnn_core.GlobalAveragePool2D()


def _softmax(attributes, arrays, shape):
    checks.require(attributes.pop("axis", 1) in (1, -1), "Softmax must go over the classes.")
    return cnn_core.Softmax()


def _plain(make):
    return lambda attributes, arrays, shape: make()


READERS = {
    "Conv": _convolution,
    "MaxPool": _pooling("max"),
    "MinPool": _pooling("min"),
    "AveragePool": _pooling("mean"),
    "ChannelMeans": _means,
    "BatchNormalization": _normalisation,
    "Gemm": _dense,
    "MatMul": _dense,
    "Dense": _dense,
    "Flatten": _flatten,
    "Relu": _plain(cnn_core.ReLU),
    "LeakyRelu": lambda attributes, arrays, shape: cnn_core.LeakyReLU(attributes.pop("alpha", 0.01)),
    "Sigmoid": _plain(cnn_core.Sigmoid),
    "Tanh": _plain(cnn_core.Tanh),
    "Softmax": _softmax,
}


def errors(onnx):
    """Return the exceptions of the package onnx for a model message that is not valid."""
    return onnx.checker.ValidationError, onnx.shape_inference.InferenceError
