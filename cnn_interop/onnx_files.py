"""Whole models to and from ONNX files: one operator a layer, which any runtime of ONNX computes.

Numbers     float32, also for a model of float64: few runtimes compute convolutions in float64.
Trust       None in a file that is read: it must pass the checker of the package onnx, hold its arrays itself (never the
            name of another file), and consist of a row of operators for which the series has layers.
Layers      onnx_operators.py writes them, onnx_layers.py reads them.
Chapter     13.
"""

import os

import numpy as np

from cnn_core import Model, checks
from cnn_core.archive import write_file
from cnn_interop import onnx_layers, parameters
from cnn_interop.onnx_operators import Step, operators_of
from cnn_interop.packages import imported

OPERATOR_SET, IR_VERSION = 17, 8
LARGEST_FILE = 1 << 31  # bytes: a message of protobuf is no longer
INPUT, OUTPUT = "X", "O"


@checks.public
def to_onnx(model, path):
    """Write a model as an ONNX file: the prediction, for a batch of any size.

    Parameters
    ----------
    model : Model
    path : str or path-like
        Written whole or not at all, to exactly this name.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    TypeError
        If a layer is not one of the series: ONNX has no operator for it.
    ValueError
        If a parameter is not finite, or the file would have 2 GiB.

    Examples
    --------
    >>> from cnn_core import Conv2D, Flatten, FullyConnected, Model, ReLU
    >>> model = Model([Conv2D(8), ReLU(), Flatten(), FullyConnected(10)])
    >>> to_onnx(model, "digits.onnx")                                             # doctest: +SKIP
    >>> import onnxruntime                                                        # doctest: +SKIP
    >>> session = onnxruntime.InferenceSession("digits.onnx")                     # doctest: +SKIP
    >>> outputs = session.run(None, {"X": images})[0]                             # doctest: +SKIP
    """
    onnx, numpy_helper = imported("onnx", "onnx.numpy_helper")
    arrays = {key: checks.finite(key, array.astype("<f4")) for key, array in parameters.arrays_of(model).items()}
    checks.require(4 * sum(a.size for a in arrays.values()) < LARGEST_FILE, "an ONNX file has less than 2 GiB.")
    initialisers = [numpy_helper.from_array(np.ascontiguousarray(array), key) for key, array in arrays.items()]
    proto = _proto(onnx.helper, model, initialisers)
    onnx.checker.check_model(proto, full_check=True)
    write_file(path, lambda file: file.write(proto.SerializeToString()))


def _proto(helper, model, initialisers):
    """Return the model as a message of protobuf; the batch axis is called N."""
    ends = [
        helper.make_tensor_value_info(name, 1, ["N", *shape])  # 1: float32
        for name, shape in ((INPUT, model.input_shape), (OUTPUT, model.output_shape))
    ]
    graph = helper.make_graph(_nodes(helper, model), "model", ends[:1], ends[1:], initialisers)
    operators = [helper.make_opsetid("", OPERATOR_SET)]
    return helper.make_model(graph, producer_name="cnn_core", opset_imports=operators, ir_version=IR_VERSION)


def _nodes(helper, model):
    """Return the operators as nodes: each takes what the one before it gives."""
    rows = enumerate(zip(model.layers, model.shapes, strict=False))
    steps = [(index, step) for index, (layer, shape) in rows for step in operators_of(layer, index, shape)]
    steps = steps or [(0, Step("Identity"))]
    values = [INPUT, *(f"value {number}" for number in range(1, len(steps))), OUTPUT]
    nodes = []
    for (index, step), source, target in zip(steps, values[:-1], values[1:], strict=True):
        names = [f"{index}.{key}" for key in step.arrays]
        nodes.append(helper.make_node(step.operator, [source, *names], [target], **step.attributes))
    return nodes


@checks.public
def from_onnx(path):
    """Return the Model of an ONNX file, if the series has layers for all of it.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Model
        Of float32, with the layers and the parameters of the file.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    OSError
        If the file cannot be opened.
    ValueError
        If the file is damaged, or has an operator, an attribute or a form for which the series has no layer: the
        message names it.

    Notes
    -----
    Read are Conv (of one group), MaxPool, AveragePool (that does not count padding), GlobalAveragePool before Flatten,
    BatchNormalization, Gemm, MatMul and Add, Flatten, Relu, LeakyRelu, Sigmoid, Tanh, Softmax, Neg around MaxPool,
    Dropout and Identity, one after another.
    """
    onnx, helper, messages = imported("onnx", "onnx.numpy_helper", "google.protobuf.message")
    path = os.fspath(path)
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(size if size < LARGEST_FILE else 0)
    try:
        checks.require(0 < size < LARGEST_FILE, f"it has {size} bytes")
        proto = onnx.load_model_from_string(data)
        input_shape, layers = onnx_layers.layers_of(proto, helper.to_array)
        onnx.checker.check_model(proto, full_check=True)
        return Model(layers, input_shape)
    except (ValueError, TypeError, messages.DecodeError, *onnx_layers.errors(onnx)) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise checks.BadValue(f"{path!r} cannot be read: {reason}.") from error
