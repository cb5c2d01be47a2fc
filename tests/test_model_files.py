"""Model.save and Model.load: round trips, models that cannot be saved, and wrong architectures."""

import json
import os

import numpy as np
import pytest
from attacks.archives import architecture_of, drop, layer, put, renamed, with_text
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from saved_models import bits, data, few_examples, refused, small_model, trained

from cnn_core import (
    Adam,
    Conv2D,
    CrossEntropy,
    Flatten,
    FullyConnected,
    LeakyReLU,
    Model,
    Pool2D,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    fit,
    save_checkpoint,
)

# --- round trips ---

MODELS = [
    pytest.param(small_model, id="small"),
    pytest.param(lambda: small_model(dtype="float64", seed=12345678901234567890), id="float64-large-seed"),
    pytest.param(
        lambda: Model(
            [
                Conv2D(2, (3, 2), (2, 1), (1, 0), "xavier_uniform", False),
                LeakyReLU(0.25),
                Pool2D((2, 3), (1, 2), (1, 1), "mean"),
                Tanh(),
                Conv2D(1, 2, padding="include", initialisation="constant"),
                Sigmoid(),
                Pool2D(2, padding="same", mode="min"),
                Flatten(),
                FullyConnected(4, "he_uniform", bias=False),
                ReLU(),
                FullyConnected(3, "zeros"),
                Softmax(),
            ],
            input_shape=(2, 9, 8),
            seed=3,
        ),
        id="every-layer",
    ),
    pytest.param(lambda: Model([Conv2D(2, 3, dilation=(2, 3)), Conv2D(1, 2, dilation=2)], (1, 8, 9)), id="dilation"),
    pytest.param(lambda: Model([ReLU(), Flatten()], (2, 3)), id="no-parameters"),
    pytest.param(lambda: Model([FullyConnected(1) for _ in range(12)], (1,)), id="twelve-layers"),
]


@pytest.mark.parametrize("make", MODELS)
def test_a_loaded_model_has_the_same_bits_and_predictions(model_path, rng, make):
    model = make()
    for _, param, _ in model.parameters():
        param += rng.normal(size=param.shape).astype(param.dtype)
    model.save(model_path)
    again = Model.load(model_path)
    assert bits(again) == bits(model)
    X = rng.normal(size=(5, *model.input_shape))
    assert_array_equal(again.predict(X), model.predict(X))


def test_a_loaded_model_can_be_trained_and_is_independent_of_the_file(saved_model):
    one, other = Model.load(saved_model), Model.load(saved_model)
    content = saved_model.read_bytes()
    list(fit(one, *data(), Adam(), CrossEntropy()))
    assert bits(other) == bits(Model.load(saved_model)) != bits(one)
    assert saved_model.read_bytes() == content


def test_loading_leaves_the_global_random_state_of_numpy_unchanged(saved_model):
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    Model.load(saved_model)
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


@pytest.mark.parametrize("name", ["model", "model.npz", "model.weights", ".hidden", "with space é.npz"])
def test_a_model_is_written_to_exactly_the_name_given(tmp_path, name):
    model = small_model()
    model.save(tmp_path / name)
    model.save(str(tmp_path / name))
    assert os.listdir(tmp_path) == [name]
    assert bits(Model.load(str(tmp_path / name))) == bits(model)


def test_saving_again_replaces_the_old_file(model_path):
    small_model(seed=1).save(model_path)
    small_model(seed=2).save(model_path)
    assert bits(Model.load(model_path)) == bits(small_model(seed=2))
    assert os.listdir(model_path.parent) == [model_path.name]


def test_saving_changes_nothing_in_the_model(model_path):
    optimiser = Adam()
    model = trained(optimiser)
    before = bits(model, optimiser)
    model.save(model_path)
    save_checkpoint(model_path, model, optimiser)
    assert bits(model, optimiser) == before


def test_the_same_model_gives_the_same_file(tmp_path):
    for name in ("one", "other"):
        small_model().save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_model_file_can_be_read_by_numpy_alone(saved_model):
    model = small_model()
    with np.load(saved_model, allow_pickle=False) as archive:
        assert set(archive) == {"architecture", "0.F", "0.B", "4.W", "4.B"}
        for key, param, _ in model.parameters():
            assert_array_equal(archive[key], param)
        assert json.loads(archive["architecture"].tobytes())["version"] == 1


def test_parameters_that_the_user_assigned_are_saved(model_path):
    model = small_model()
    model.layers[4].params["B"] = [1, 2, 3]
    model.save(model_path)
    assert Model.load(model_path).layers[4].params["B"].tolist() == [1, 2, 3]


# --- models that cannot be saved ---


class OwnLayer(ReLU):
    """A user-defined layer, which a file cannot name."""


def with_nan(model):
    model.layers[4].params["B"][1] = np.nan
    return model


def with_a_bad_parameter(model):
    model.layers[4].params["B"] = np.zeros(4)
    return model


UNSAVABLE = [
    pytest.param(
        lambda path: with_nan(small_model()).save(path), ValueError, "Model.save: 4.B contains 1 value", id="nan"
    ),
    pytest.param(
        lambda path: with_a_bad_parameter(small_model()).save(path),
        ValueError,
        r"params\['B'\] has shape \(4,\)",
        id="shape",
    ),
    pytest.param(
        lambda path: Model([OwnLayer()], (3,)).save(path),
        TypeError,
        r"Model\.save: OwnLayer\(\) cannot be written to a file; what can: Conv2D",
        id="own-layer",
    ),
]


@pytest.mark.parametrize(("save", "error", "words"), UNSAVABLE)
def test_a_model_that_cannot_be_saved_leaves_the_old_file_unchanged(saved_model, save, error, words):
    before = saved_model.read_bytes()
    with pytest.raises(error, match=words):
        save(saved_model)
    assert saved_model.read_bytes() == before
    assert os.listdir(saved_model.parent) == [saved_model.name]


def test_saving_into_a_missing_folder_raises_the_systems_error_with_the_path(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        small_model().save(tmp_path / "nowhere" / "model.npz")
    assert os.listdir(tmp_path) == []


def test_saving_over_a_folder_raises_the_systems_error_and_leaves_the_folder(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        small_model().save(tmp_path / "folder")
    assert os.listdir(tmp_path) == ["folder"]


# --- wrong architectures ---

BAD_ARCHITECTURES = [
    pytest.param(
        put("version", value=2), r"its format is number 2, newer than this library, which reads up to 1", id="newer"
    ),
    pytest.param(put("version", value=10**400), "newer than this library", id="far-newer"),
    pytest.param(put("version", value=0), "version must be a positive integer, got 0", id="version-0"),
    pytest.param(put("version", value=True), "version must be a positive integer, got True", id="version-bool"),
    pytest.param(put("version", value="1"), "version must be a positive integer, got '1'", id="version-text"),
    pytest.param(drop("version"), "'version' is missing", id="no-version"),
    pytest.param(put("note", value=float("nan")), "NaN stands in its text", id="nan-in-a-note"),
    pytest.param(drop("kind"), "'kind' is missing", id="no-kind"),
    pytest.param(put("kind", value="modle"), "it holds a modle, not a model", id="unknown-kind"),
    pytest.param(put("kind", value=["model"]), "not a model", id="kind-list"),
    pytest.param(drop("model"), "'model' is missing", id="no-model"),
    pytest.param(put("model", value=None), None, id="model-null"),
    pytest.param(put("model", value=[]), None, id="model-list"),
    pytest.param(drop("model", "layers"), "'layers' is missing", id="no-layers"),
    pytest.param(put("model", "layers", value=[]), None, id="layers-empty"),
    pytest.param(put("model", "layers", value={}), None, id="layers-object"),
    pytest.param(put("model", "layers", value="Conv2D"), None, id="layers-text"),
    pytest.param(put("model", "layers", 0, value="Conv2D"), None, id="layer-text"),
    pytest.param(put("model", "layers", 0, value=None), None, id="layer-null"),
    pytest.param(drop("model", "layers", 0), "arrays missing|does not fit|not expected", id="layer-dropped"),
    pytest.param(renamed(0, "Conv2d"), r"unknown layer 'Conv2d'.*did you mean 'Conv2D'", id="Conv2d"),
    pytest.param(renamed(4, "FullyConected"), r"unknown layer .*did you mean 'FullyConnected'", id="FullyConected"),
    pytest.param(renamed(1, "os.system"), r"unknown layer 'os\.system'", id="os.system"),
    pytest.param(renamed(1, "__class__"), r"unknown layer '__class__'", id="dunder"),
    pytest.param(renamed(1, "Layer"), r"unknown layer 'Layer'", id="the-base-class"),
    pytest.param(renamed(1, 5), r"layer must be one of", id="name-number"),
    pytest.param(renamed(1, None), r"layer must be one of", id="name-null"),
    pytest.param(renamed(1, ["ReLU"]), r"layer must be one of", id="name-list"),
    pytest.param(renamed(1, "Conv2D"), None, id="other-layer"),
    pytest.param(renamed(2, "ReLU"), None, id="arguments-of-another"),
    pytest.param(drop("model", "layers", 0, "name"), "'name' is missing", id="no-name"),
    pytest.param(drop("model", "layers", 0, "arguments"), "'arguments' is missing", id="no-arguments"),
    pytest.param(put("model", "layers", 0, "arguments", value=[1]), None, id="arguments-list"),
    pytest.param(drop("model", "layers", 0, "arguments", "num_filters"), "num_filters", id="no-num-filters"),
    pytest.param(layer(0, colour="red"), "colour", id="unknown-argument"),
    pytest.param(layer(0, self=1), "self", id="argument-self"),
    pytest.param(layer(0, num_filters=3), r"'0\.[FB]' should be", id="one-filter-more"),
    pytest.param(layer(0, num_filters=2.0), "num_filters must be a positive integer", id="filters-float"),
    pytest.param(layer(0, num_filters=-2), "num_filters must be a positive integer", id="filters-negative"),
    pytest.param(layer(0, num_filters=10**18), "should be", id="filters-10^18"),
    pytest.param(layer(0, num_filters=10**4000), None, id="filters-10^4000"),
    pytest.param(layer(0, kernel_size=[3, 3, 3]), "kernel_size must be", id="kernel-triple"),
    pytest.param(layer(0, kernel_size=[10**9, 10**9]), "kernel", id="kernel-huge"),
    pytest.param(layer(0, padding=[10**12, 10**12]), None, id="padding-huge"),
    pytest.param(layer(0, padding="sme"), r"unknown padding 'sme'.*did you mean 'same'", id="padding-sme"),
    pytest.param(layer(0, bias="yes"), "bias must be True or False", id="bias-text"),
    pytest.param(layer(0, bias=False), r"not expected: \['0\.B'\]", id="bias-off"),
    pytest.param(layer(0, initialisation="he"), "unknown initialisation 'he'", id="initialisation"),
    pytest.param(layer(0, stride=0), "stride must be a positive integer", id="stride-0"),
    pytest.param(layer(0, dilation=0), "dilation must be a positive integer", id="dilation-0"),
    pytest.param(layer(0, dilation=[1.5, 1]), "dilation must be a positive integer", id="dilation-float"),
    pytest.param(layer(0, dilation=9), r"effective kernel \(\(3 - 1\)\*9 \+ 1 = 19\)", id="dilation-too-large"),
    pytest.param(layer(0, dilation=10**4000), None, id="dilation-10^4000"),
    pytest.param(layer(0, dilation=2), "should be|does not fit", id="dilation-2"),
    pytest.param(layer(4, num_nodes=4), r"'4\.[WB]' should be", id="one-node-more"),
    pytest.param(layer(4, num_nodes=10**12), r"'4\.[WB]' should be", id="nodes-10^12"),
    pytest.param(layer(4, num_nodes=None), "num_nodes must be a positive integer", id="nodes-null"),
    pytest.param(put("model", "input_shape", value=[1, 9, 9]), "should be", id="input-other"),
    pytest.param(put("model", "input_shape", value=[10**9, 10**9, 10**9]), "would take", id="input-huge"),
    pytest.param(put("model", "input_shape", value=[]), "input_shape must have at least", id="input-empty"),
    pytest.param(put("model", "input_shape", value=[1, 6.0, 6]), "input_shape must be", id="input-float"),
    pytest.param(put("model", "input_shape", value=[1, 0, 6]), "input_shape must be", id="input-zero"),
    pytest.param(put("model", "input_shape", value=36), "input_shape must be a tuple", id="input-number"),
    pytest.param(put("model", "input_shape", value="166"), "input_shape must be a tuple", id="input-text"),
    pytest.param(put("model", "input_shape", value=[1] * 100_000), None, id="input-long", marks=pytest.mark.slow),
    pytest.param(drop("model", "input_shape"), "'input_shape' is missing", id="no-input"),
    pytest.param(put("model", "dtype", value="float64"), "should be", id="dtype-other"),
    pytest.param(put("model", "dtype", value="object"), "dtype must be", id="dtype-object"),
    pytest.param(put("model", "dtype", value=None), "dtype must be", id="dtype-null"),
    pytest.param(put("model", "dtype", value="flaot32"), "dtype must be", id="dtype-typo"),
    pytest.param(put("model", "seed", value=-1), "seed must be an integer of at least 0", id="seed-negative"),
    pytest.param(put("model", "seed", value=1.5), "seed must be an integer of at least 0", id="seed-float"),
    pytest.param(drop("model", "seed"), "'seed' is missing", id="no-seed"),
]


def test_a_file_written_before_there_was_dilation_loads_without_it(saved_model, rng):
    model, X = Model.load(saved_model), rng.normal(size=(3, 1, 6, 6))
    architecture = architecture_of(saved_model)
    drop("model", "layers", 0, "arguments", "dilation")(architecture)
    with_text(saved_model, json.dumps(architecture))
    again = Model.load(saved_model)
    assert again.layers[0].dilation == (1, 1)
    assert bits(again) == bits(model)
    assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize(("change", "words"), BAD_ARCHITECTURES)
def test_a_wrong_model_architecture_is_refused(saved_model, change, words):
    architecture = architecture_of(saved_model)
    change(architecture)
    with_text(saved_model, json.dumps(architecture))
    refused(Model.load, saved_model, words)


plain = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["ReLU", "same"])
)


shallow = plain | st.lists(plain, max_size=3) | st.dictionaries(st.text(max_size=5), plain, max_size=3)


values = shallow | st.lists(shallow, max_size=3) | st.dictionaries(st.text(max_size=5), shallow, max_size=3)


PLACES = [
    ("version",),
    ("kind",),
    ("model",),
    ("model", "layers"),
    ("model", "layers", 0),
    ("model", "layers", 2, "name"),
    ("model", "layers", 2, "arguments"),
    ("model", "layers", 2, "arguments", "mode"),
    ("model", "layers", 0, "arguments", "num_filters"),
    ("model", "layers", 0, "arguments", "kernel_size"),
    ("model", "layers", 0, "arguments", "padding"),
    ("model", "layers", 0, "arguments", "stride"),
    ("model", "layers", 0, "arguments", "dilation"),
    ("model", "input_shape"),
    ("model", "dtype"),
]


@pytest.mark.slow
@few_examples
@given(place=st.sampled_from(PLACES), value=values)
def test_a_file_with_any_value_in_its_architecture_is_refused_or_loads_the_right_model(tmp_path_factory, place, value):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    model = small_model()
    model.save(path)
    architecture = architecture_of(path)
    put(*place, value=value)(architecture)
    with_text(path, json.dumps(architecture))
    try:
        loaded = Model.load(path)
    except ValueError as error:
        assert repr(str(path)) in str(error)  # noqa: PT017
    else:
        assert [p.tobytes() for _, p, _ in loaded.parameters()] == [p.tobytes() for _, p, _ in model.parameters()]
