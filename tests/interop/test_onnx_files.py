"""ONNX files: what is written is computed by ONNX Runtime, what is read is the same model, and nothing is trusted."""

import collections
import os
import tracemalloc
from contextlib import suppress

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from onnx import TensorProto, helper, numpy_helper
from random_models import random_model
from saved_models import few_examples

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
    Softmax,
)
from cnn_interop import from_onnx, to_onnx

onnxruntime.set_default_logger_severity(3)  # not about what it optimises


def run(path, X):
    """Return what ONNX Runtime computes."""
    return onnxruntime.InferenceSession(os.fspath(path)).run(None, {"X": X.astype(np.float32)})[0]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


@pytest.mark.parametrize("first", range(0, 600, 100))
def test_onnx_runtime_computes_what_the_model_predicts(path, first):
    for seed in range(first, first + 100):
        model, X = random_model(seed)
        to_onnx(model, path)
        assert_allclose(run(path, X), model.predict(X), rtol=1e-5, atol=1e-5)


def test_the_random_models_have_every_layer_and_every_kind_of_window():
    layers = [layer for seed in range(600) for layer in random_model(seed)[0].layers]
    found = collections.Counter(type(layer).__name__ for layer in layers)
    found.update(f"pool {layer.mode}" for layer in layers if isinstance(layer, Pool2D))
    convolutions = [layer for layer in layers if isinstance(layer, Conv2D)]
    found.update(str(layer.padding) for layer in convolutions)
    found["dilated"] = sum(max(layer.dilation) > 1 < max(layer.kernel_size) for layer in convolutions)
    found["dilated and strided"] = sum(max(layer.dilation) > 1 < max(layer.stride) for layer in convolutions)
    kinds = "Conv2D Pool2D BatchNorm2D Dropout GlobalAveragePool2D Flatten FullyConnected ReLU LeakyReLU Sigmoid Tanh"
    kinds = [*kinds.split(), "Softmax", "pool max", "pool mean", "pool min", "same", "include", "valid"]
    assert min(found[kind] for kind in [*kinds, "dilated", "dilated and strided"]) >= 40, found


@pytest.mark.parametrize("first", range(0, 600, 200))
def test_a_model_that_was_written_is_read_as_the_same(path, first):
    for seed in range(first, first + 200):
        model, X = random_model(seed)
        to_onnx(model, path)
        again = from_onnx(path)
        assert_array_equal(again.predict(X), model.predict(X))
        assert [type(layer) for layer in again.layers] == [
            type(layer) for layer in model.layers if not isinstance(layer, Dropout)
        ]


def test_a_model_of_float64_is_written_as_float32(path):
    model, X = random_model(3, "float64")
    to_onnx(model, path)
    assert_allclose(run(path, X), model.predict(X), rtol=1e-5, atol=1e-5)


def test_a_batch_may_have_any_size(path):
    model, X = random_model(5)
    to_onnx(model, path)
    for count in (1, 2, 7):
        assert len(run(path, np.resize(X, (count, *X.shape[1:])))) == count


def test_a_model_without_an_operator_is_the_identity(path):
    to_onnx(Model([Dropout()], (5,)), path)
    X = np.arange(10.0).reshape(2, 5)
    assert_array_equal(run(path, X), X)
    with pytest.raises(ValueError, match="layers is empty"):
        from_onnx(path)


def test_the_trained_model_reads_all_digits_alike(path, digits):
    from importlib.resources import files

    model = Model.load(files("cnn_core") / "data/trained/08_model.npz")
    to_onnx(model, path)
    X, expected = digits.X_test[:2000], model.predict(digits.X_test[:2000])
    assert_allclose(run(path, X), expected, rtol=0, atol=1e-4)
    assert_array_equal(run(path, X).argmax(axis=1), expected.argmax(axis=1))


def test_only_the_layers_of_the_series_are_written(path):
    class Doubled(Layer):
        def apply(self, X):
            return 2 * X

    class Slower(ReLU):
        pass

    for layer in (Doubled(), Slower()):
        with pytest.raises(TypeError, match=rf"^to_onnx: layer 1, .*: ONNX has no operator for {type(layer).__name__}"):
            to_onnx(Model([Flatten(), layer], (1, 4, 4)), path)
    with pytest.raises(TypeError, match=r"^to_onnx: model must be a Model"):
        to_onnx([Flatten()], path)
    assert not path.exists()


def test_a_parameter_that_is_not_finite_is_not_written_and_the_old_file_stays(path):
    model = Model([FullyConnected(2)], (3,))
    to_onnx(model, path)
    old = path.read_bytes()
    model.layers[0].params["W"][0, 0] = np.nan
    with pytest.raises(ValueError, match=r"^to_onnx: 0\.W"):
        to_onnx(model, path)
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path]


# --- files of others --------------------------------------------------------------------------------------------------


def write(path, nodes, inputs=("N", 1, 8, 8), outputs=None, version=17, tensors=(), **arrays):
    """Write a graph of these nodes, with the arrays as its constants, whatever a checker says to it."""
    tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()] + list(tensors)
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("X", inputs), ("O", outputs))
    ]
    graph = helper.make_graph(nodes, "model", ends[:1], ends[1:], tensors)
    domains = {node.domain for node in nodes} | {""}
    opsets = [helper.make_opsetid(domain, version if not domain else 1) for domain in domains]
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    with suppress(Exception):  # the shape of the output, where there is one
        proto = onnx.shape_inference.infer_shapes(proto)
    path.write_bytes(proto.SerializeToString())


def node(operator, *names, **attributes):
    """Return a node; the last name is that of its output."""
    return helper.make_node(operator, names[:-1], names[-1:], **attributes)


F = np.linspace(-1, 1, 18, dtype=np.float32).reshape(2, 1, 3, 3)
W = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
IMAGES = np.random.default_rng(0).normal(size=(2, 1, 8, 8)).astype(np.float32)
VECTORS = np.array([[1, 2], [3, -1]], np.float32)
BN = {key: np.array([0.5, 1.5], np.float32) for key in ("g", "b", "m", "v")}

READ = {
    "convolution": ([node("Conv", "X", "F", "O", pads=[1, 1, 1, 1], strides=[2, 2])], {"F": F}),
    "dilated": ([node("Conv", "X", "F", "O", dilations=[2, 1])], {"F": F}),
    "group of one": ([node("Conv", "X", "F", "O", group=1, kernel_shape=[3, 3], auto_pad="NOTSET")], {"F": F}),
    "pool": ([node("MaxPool", "X", "O", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0])], {}),
    "stride 1 is the default": ([node("MaxPool", "X", "O", kernel_shape=[3, 2])], {}),
    "mean": ([node("AveragePool", "X", "O", kernel_shape=[2, 2], strides=[2, 2], count_include_pad=1)], {}),
    "minimum": ([node("Neg", "X", "a"), node("MaxPool", "a", "b", kernel_shape=[2, 2]), node("Neg", "b", "O")], {}),
    "means": ([node("GlobalAveragePool", "X", "a"), node("Flatten", "a", "O")], {}),
    "dropout": ([node("Dropout", "X", "a"), node("Identity", "a", "b"), node("Relu", "b", "O")], {}),
    "a constant": ([node("Constant", "F", value=numpy_helper.from_array(F)), node("Conv", "X", "F", "O")], {}),
}
DENSE = {
    "as it is": ([node("Gemm", "X", "W", "O")], {"W": W}),
    "transposed": ([node("Gemm", "X", "W", "B", "O", transB=1)], {"W": W.T.copy(), "B": W[1]}),
    "matmul": ([node("MatMul", "X", "W", "a"), node("Add", "a", "B", "O")], {"W": W, "B": W[1]}),
    "bias first": ([node("MatMul", "X", "W", "a"), node("Add", "B", "a", "O")], {"W": W, "B": W[1]}),
    "matmul alone": ([node("MatMul", "X", "W", "a"), node("Softmax", "a", "O", axis=1)], {"W": W}),
    "normalised": ([node("BatchNormalization", "X", *"gbmv", "O", epsilon=0.1, momentum=0.5)], BN),
    "leaky": ([node("LeakyRelu", "X", "O")], {}),
}


@pytest.mark.parametrize("name", READ)
def test_a_file_of_images_predicts_what_onnx_runtime_computes(path, name):
    nodes, arrays = READ[name]
    write(path, nodes, **arrays)
    assert_allclose(from_onnx(path).predict(IMAGES), run(path, IMAGES), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", DENSE)
def test_a_file_of_vectors_predicts_what_onnx_runtime_computes(path, name):
    nodes, arrays = DENSE[name]
    write(path, nodes, ("N", 2), **arrays)
    assert_allclose(from_onnx(path).predict(VECTORS), run(path, VECTORS), rtol=1e-5, atol=1e-6)


def external(array, name="F"):
    tensor = numpy_helper.from_array(array, name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def promising(shape, name="F"):
    """Return an array that promises more numbers than it holds."""
    tensor = numpy_helper.from_array(F, name)
    tensor.dims[:] = shape
    return tensor


CONV, RELU = node("Conv", "X", "F", "O"), node("Relu", "X", "O")
REFUSED = {
    "array outside": ([CONV], {"tensors": [external(F)]}, "lies in another file, which is never opened"),
    "promised": ([CONV], {"tensors": [promising((1 << 40, 1, 3, 3))]}, "cannot be read"),
    "integers": ([CONV], {"F": F.astype(np.int64)}, "the array 'F' is not of"),
    "nan": ([CONV], {"F": np.where(F > 0, np.nan, F).astype(np.float32)}, "F must be finite|nan"),
    "too large for float32": ([CONV], {"F": F.astype(np.float64) * 1e300}, "F must be finite|inf"),
    "unknown": ([node("Erf", "X", "O")], {}, "no layer for the operator Erf"),
    "not one of ours": ([node("Sin", "X", "O")], {}, "no layer for the operator Sin"),
    "loop operator": (
        [node("Loop", "", "", "X", "O", body=helper.make_graph([node("Relu", "x", "y")], "inner", [], []))],
        {},
        "Loop takes the values as another argument",
    ),
    "loop of two nodes": ([node("Relu", "b", "a"), node("Relu", "a", "b"), RELU], {}, "Relu branches"),
    "loop of one node": ([node("Relu", "O", "O")], {}, "Relu branches"),
    "no output": ([helper.make_node("Relu", ["X"], [])], {}, "Relu has 0 outputs"),
    "two outputs": ([helper.make_node("Dropout", ["X"], ["O", "mask"])], {}, "Dropout has 2 outputs"),
    "no input": ([helper.make_node("Relu", [], ["O"])], {}, "Relu branches"),
    "size below 0": ([CONV], {"tensors": [promising((-1, 1, 3, 3))]}, r"the shape \[-1, 1, 3, 3\]"),
    "size 0": ([CONV], {"tensors": [promising((0, 1, 3, 3))]}, r"the shape \[0, 1, 3, 3\]"),
    "sizes whose product is 18 by overflow": (
        [CONV],
        {"tensors": [promising((1 << 32, 1 << 32, 3, 3))]},
        "cannot be read",
    ),
    "huge window": ([node("MaxPool", "X", "O", kernel_shape=[1 << 62, 2])], {}, "larger than"),
    "negative stride": ([node("MaxPool", "X", "O", kernel_shape=[2, 2], strides=[-1, 1])], {}, "stride"),
    "negative pads": ([node("Conv", "X", "F", "O", pads=[-1, -1, -1, -1])], {"F": F}, "padding"),
    "huge pads": ([node("Conv", "X", "F", "O", pads=[1 << 40] * 4)], {"F": F}, "GB|GiB|bytes|numbers"),
    "constant outside": ([node("Constant", "F", value=external(F)), CONV], {}, "lies in another file"),
    "own domain": ([helper.make_node("Relu", ["X"], ["O"], domain="other")], {}, r"\['other'\]"),
    "branch": ([node("Relu", "X", "a"), node("Add", "a", "X", "O")], {}, "Add branches: only a row is read"),
    "jump": ([node("Relu", "X", "a"), node("Relu", "X", "O")], {}, "Relu branches"),
    "not the end": ([node("Relu", "X", "O"), node("Relu", "O", "a")], {}, r"its outputs are \['O'\]"),
    "groups": ([node("Conv", "X", "F", "O", group=2)], {"F": F}, "group=2 is not read"),
    "automatic": ([node("Conv", "X", "F", "O", auto_pad="SAME_UPPER")], {"F": F}, "auto_pad='SAME_UPPER' is not read"),
    "pads": ([node("Conv", "X", "F", "O", pads=[2, 0, 0, 0])], {"F": F}, r"pads=\[2, 0, 0, 0\] are neither equal"),
    "ceil": ([node("MaxPool", "X", "O", kernel_shape=[2, 2], ceil_mode=1)], {}, "ceil_mode=1 is not read"),
    "dilated pool": ([node("MaxPool", "X", "O", kernel_shape=[2, 2], dilations=[2, 2])], {}, "no dilation"),
    "counts padding": (
        [node("AveragePool", "X", "O", kernel_shape=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)],
        {},
        "counts padding",
    ),
    "means not flattened": ([node("GlobalAveragePool", "X", "O")], {}, "operator GlobalAveragePool"),
    "flatten all": ([node("Flatten", "X", "O", axis=0)], {}, "axis=0 is not read"),
    "one dimension": ([node("Conv", "X", "F", "O")], {"F": F[..., 0]}, "filters must be"),
    "channels": ([CONV], {"F": np.repeat(F, 3, axis=1)}, "channels|shape"),
    "larger than the image": ([CONV], {"F": np.ones((1, 1, 9, 9), np.float32)}, "larger than"),
    "old": ([RELU], {"version": 6}, "its operator set is number 6"),
    "new": ([RELU], {"version": 99}, "its operator set is number 99"),
    "unknown size": ([RELU], {"inputs": ("N", 1, "H", "W")}, "its input has the shape"),
    "one axis": ([RELU], {"inputs": ("N",)}, "its input has the shape"),
    "dense without weights": ([node("Gemm", "X", "X", "O")], {"inputs": ("N", 2)}, "Gemm branches"),
    "scaled": ([node("Gemm", "X", "W", "O", alpha=0.5)], {"inputs": ("N", 2), "W": W}, "alpha=0.5 is not read"),
    "training": ([node("BatchNormalization", "X", *"gbmv", "O", training_mode=1)], BN, "training_mode=1"),
    "below 0": (
        [node("BatchNormalization", "X", *"gbmv", "O")],
        {**BN, "v": -BN["v"], "inputs": ("N", 2)},
        "running_variance",
    ),
    "subgraph": (
        [node("Relu", "X", "O", body=helper.make_graph([RELU], "inner", [], []))],
        {},
        "attribute 'body' is not read",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_series_has_no_layer_for_is_refused_by_name(path, name):
    nodes, others, words = REFUSED[name]
    write(path, nodes, **others)
    with pytest.raises(ValueError, match=words) as caught:
        from_onnx(path)
    assert str(caught.value).startswith(f"from_onnx: {str(path)!r} cannot be read: ")
    assert len(str(caught.value)) < 500 + len(str(path))


HUGE = {
    "image": ([RELU], {"inputs": ("N", 1 << 40, 1 << 40, 1 << 40)}),
    "pooled": ([node("MaxPool", "X", "O", kernel_shape=[2, 2])], {"inputs": ("N", 1, 1 << 30, 1 << 30)}),
    "convolved": ([CONV], {"inputs": ("N", 1, 1 << 30, 1 << 30), "F": F}),
    "stride": ([node("MaxPool", "X", "O", kernel_shape=[2, 2], strides=[1 << 62, 1])], {}),
}


def test_sizes_in_a_file_make_nothing_large(path):
    files = {name: (nodes, others) for name, (nodes, others, _) in REFUSED.items()} | HUGE
    tracemalloc.start()
    for nodes, others in files.values():
        write(path, nodes, **others)
        with suppress(ValueError):
            from_onnx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 << 20


def test_a_function_in_a_file_is_refused(path):
    write(path, [RELU])
    proto = onnx.load_model_from_string(path.read_bytes())
    proto.functions.append(helper.make_function("", "Relu", ["x"], ["y"], [node("Sin", "x", "y")], []))
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(ValueError, match="functions of its own"):
        from_onnx(path)


def test_a_file_that_is_empty_or_has_two_gigabytes_is_refused(path):
    for size in (0, 1 << 31):
        with open(path, "wb") as file:
            file.truncate(size)  # it takes no space on the disk
        with pytest.raises(ValueError, match=rf"cannot be read: it has {size} bytes\.$"):
            from_onnx(path)


def test_a_file_that_is_not_there_or_a_folder_keeps_the_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        from_onnx(tmp_path / "none.onnx")
    with pytest.raises(IsADirectoryError):
        from_onnx(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the bytes of a file with every layer."""
    layers = [Conv2D(2, padding="same"), BatchNorm2D(), LeakyReLU(), Pool2D(2, mode="min"), Pool2D(2, mode="mean")]
    layers += [GlobalAveragePool2D(), FullyConnected(3), Softmax()]
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    to_onnx(Model(layers, (1, 8, 8)), path)
    return path.read_bytes()


@settings(few_examples, max_examples=200)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_gives_a_model(path, whole, data):
    if data.draw(st.booleans()):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    else:
        changed = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 4))):
            changed[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(changed)
    try:
        model = from_onnx(path)
    except ValueError as error:
        is_right = str(error).startswith(f"from_onnx: {str(path)!r} cannot be read: ")
    else:
        is_right = all(np.isfinite(param).all() for _, param, _ in model.parameters())
    assert is_right
