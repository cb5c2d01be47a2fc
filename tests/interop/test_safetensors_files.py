"""safetensors files: what is written is read back bit for bit, also by the package itself, and nothing is trusted."""

import json
import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from random_models import random_model
from safetensors.numpy import load_file, save_file
from saved_models import few_examples

from cnn_core import BatchNorm2D, Conv2D, Flatten, FullyConnected, Model
from cnn_interop import load_safetensors, save_safetensors


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.safetensors"


def network(seed=0, dtype="float32"):
    return Model([Conv2D(2), BatchNorm2D(), Flatten(), FullyConnected(3)], (1, 5, 5), seed, dtype)


def arrays_of(model):
    """Return {key: copy} of all parameters and of the state."""
    state = {f"{i}.{key}": array for i, layer in enumerate(model.layers) for key, array in layer.state.items()}
    params = {key: param for key, param, _ in model.parameters()}
    return {key: np.array(array) for key, array in (params | state).items()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(20))
def test_a_model_comes_back_bit_for_bit(path, seed, dtype):
    model, X = random_model(seed, dtype)
    save_safetensors(model, path)
    other, _ = random_model(seed, dtype)
    for _, param, _ in other.parameters():
        param[...] = 0
    load_safetensors(other, path)
    assert_array_equal(other.predict(X), model.predict(X))


def test_the_package_reads_what_is_written_under_the_models_keys(path):
    model = network()
    save_safetensors(model, path)
    stored = load_file(path)
    expected = arrays_of(model)
    assert stored.keys() == expected.keys() == {
        "0.F", "0.B", "1.gamma", "1.beta", "1.running_mean", "1.running_variance", "3.W", "3.B"
    }  # fmt: skip
    for key, array in expected.items():
        assert_array_equal(stored[key], array)


def test_a_transposed_view_is_written_in_the_right_order(path):
    model = network()
    model.layers[3].params["W"] = np.arange(54.0).reshape(3, 18).T  # the package alone writes its memory
    save_safetensors(model, path)
    assert_array_equal(load_file(path)["3.W"], np.arange(54.0).reshape(3, 18).T)


def test_the_arrays_of_the_model_stay_the_same_objects(path):
    model = network()
    save_safetensors(network(1), path)
    param = model.layers[0].params["F"]
    load_safetensors(model, path)
    assert model.layers[0].params["F"] is param
    assert_array_equal(param, network(1).layers[0].params["F"])


def test_other_float_types_are_cast(path):
    given = {key: array.astype(np.float16) for key, array in arrays_of(network(1)).items()}
    save_file(given, path)
    model = network()
    load_safetensors(model, path)
    assert_array_equal(model.layers[3].params["W"], given["3.W"].astype(np.float32))


def with_arrays(**changes):
    """Return the arrays of a model, with some changed; None leaves one out."""
    arrays = arrays_of(network(1)) | {key.replace("_", ".", 1): value for key, value in changes.items()}
    return {key: array for key, array in arrays.items() if array is not None}


WRONG = {
    "missing": (with_arrays(**{"0_F": None}), r"arrays missing: \['0\.F'\], not expected: \[\]"),
    "left over": (with_arrays(**{"9_F": np.ones(2)}), r"arrays missing: \[\], not expected: \['9\.F'\]"),
    "shape": (with_arrays(**{"3_W": np.ones((3, 18))}), r"'3\.W' must have the shape \(18, 3\) of the model"),
    "integers": (with_arrays(**{"0_B": np.ones(2, int)}), r"'0\.B' holds I64; only F16, F32 and F64 are read"),
    "nan": (with_arrays(**{"0_B": np.array([1, np.nan])}), r"0\.B"),
    "too large": (with_arrays(**{"0_B": np.array([1, 1e300])}), r"0\.B"),
    "below 0": (with_arrays(**{"1_running_variance": np.array([1.0, -1])}), "running_variance"),
}


@pytest.mark.parametrize("name", WRONG)
def test_arrays_that_are_not_the_models_are_refused_and_change_nothing(path, name):
    arrays, words = WRONG[name]
    save_file(arrays, path)
    model = network()
    before = arrays_of(model)
    with pytest.raises(ValueError, match=words) as caught:
        load_safetensors(model, path)
    assert str(caught.value).startswith("load_safetensors: ")
    after = arrays_of(model)
    assert all(np.array_equal(after[key], array) for key, array in before.items())


def test_a_number_that_is_not_finite_is_not_written_and_the_old_file_stays(path):
    model = network()
    save_safetensors(model, path)
    old = path.read_bytes()
    model.layers[0].params["B"][0] = np.inf
    with pytest.raises(ValueError, match=r"^save_safetensors: 0\.B"):
        save_safetensors(model, path)
    assert path.read_bytes() == old


def test_a_folder_or_a_missing_file_keeps_the_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_safetensors(network(), tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        load_safetensors(network(), tmp_path)


def header(entries):
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


DAMAGED = {
    "empty": b"",
    "header of 2^63 bytes": (1 << 63).to_bytes(8, "little") + b"{}",
    "header of 2^40 bytes": (1 << 40).to_bytes(8, "little") + b"{}",
    "no JSON": (4).to_bytes(8, "little") + b"\xff\xff\xff\xff",
    "promises more": header({"0.F": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}),
    "overlap": header({k: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for k in "ab"}) + b"1234",
    "overlap by one byte": header(
        {
            "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
            "b": {"dtype": "F32", "shape": [1], "data_offsets": [3, 7]},
        }
    )
    + b"1234567",
    "backwards": header({"0.F": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}) + b"1234",
    "negative": header({"0.F": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}) + b"1234",
    "sizes that overflow": header({"0.F": {"dtype": "F32", "shape": [1 << 62, 4], "data_offsets": [0, 0]}}),
    "more data than arrays": header({"0.F": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}) + b"12345678",
    "nested": (1_000_000).to_bytes(8, "little") + b"[" * 1_000_000,
    "a hole": header({"0.F": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}) + b"12345678",
    "pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_or_malicious_file_is_refused(path, name):
    path.write_bytes(DAMAGED[name])
    model = network()
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"^load_safetensors: '.*' cannot be loaded: "):
        load_safetensors(model, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 << 20


@settings(few_examples, max_examples=200)
@given(data=st.data())
def test_a_changed_file_is_refused_or_holds_finite_numbers(path, data):
    save_safetensors(network(), path)
    changed = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(changed[: data.draw(st.integers(0, len(changed)))] if data.draw(st.booleans()) else changed)
    model = network()
    message = "load_safetensors: "
    try:
        load_safetensors(model, os.fspath(path))
    except ValueError as error:
        message = str(error)
        assert_array_equal(model.layers[3].params["W"], network().layers[3].params["W"])
    assert message.startswith("load_safetensors: ")
    assert all(np.isfinite(array).all() for array in arrays_of(model).values())
