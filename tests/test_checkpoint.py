"""Checkpoints: resumed training, the state that cannot be saved, and wrong checkpoints."""

import inspect
import json
import os

import numpy as np
import pytest
from attacks.archives import architecture_of, drop, entries_of, npy, pack, put, renamed, with_text, without
from saved_models import F, bits, data, refused, small_model, trained

from cnn_core import (
    Adam,
    AdamW,
    Constant,
    Conv2D,
    Cosine,
    CrossEntropy,
    Epoch,
    Flatten,
    FullyConnected,
    GradientDescent,
    MeanSquaredError,
    Model,
    Momentum,
    Nesterov,
    OneCycle,
    Pool2D,
    ReLU,
    RMSProp,
    StepDecay,
    WeightAverage,
    fit,
    load_checkpoint,
    save_checkpoint,
)

OPTIMISERS = [GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW]
each_optimiser = pytest.mark.parametrize("make", OPTIMISERS, ids=lambda make: make.__name__)


# --- round trips ---

RATES = [
    pytest.param(lambda: 0.01, id="number"),
    pytest.param(lambda: Constant(0.01), id="Constant"),
    pytest.param(lambda: StepDecay(0.01, 2, 0.5), id="StepDecay"),
    pytest.param(lambda: Cosine(0.01, 8, 0.001), id="Cosine"),
    pytest.param(lambda: OneCycle(0.02, 9, 0.4, 10.0, 100.0), id="OneCycle"),
]


@each_optimiser
@pytest.mark.parametrize("rate", RATES)
def test_training_resumed_from_a_checkpoint_gives_the_same_bits_as_uninterrupted_training(model_path, make, rate):
    uninterrupted, optimiser = small_model(), make(rate(), weight_decay=0.001)
    for record in fit(uninterrupted, *data(), optimiser, CrossEntropy(), epochs=3, batch_size=5):
        if isinstance(record, Epoch) and record.epoch == 1:
            save_checkpoint(model_path, uninterrupted, optimiser)
            saved_bits = bits(uninterrupted, optimiser)
    model, again = load_checkpoint(model_path)
    assert bits(model, again) == saved_bits != bits(uninterrupted, optimiser)
    list(fit(model, *data(), again, CrossEntropy(), epochs=2, batch_size=5))
    assert bits(model, again) == bits(uninterrupted, optimiser)


@each_optimiser
def test_a_checkpoint_keeps_every_argument_of_the_optimiser(model_path, make):
    named = {"momentum": 0.8, "decay": 0.7, "beta1": 0.6, "beta2": 0.5, "epsilon": 1e-4}
    known = inspect.signature(make).parameters
    optimiser = make(learning_rate=0.3, weight_decay=0.2, **{key: named[key] for key in named if key in known})
    save_checkpoint(model_path, small_model(), optimiser)
    assert repr(load_checkpoint(model_path)[1]) == repr(optimiser)


def test_a_checkpoint_before_the_first_step_holds_no_state(model_path):
    model, optimiser = small_model(dtype="float64"), Adam()
    save_checkpoint(model_path, model, optimiser)
    loaded, again = load_checkpoint(model_path)
    assert bits(loaded, again) == bits(model, optimiser)
    assert again.state == {}


def test_a_checkpoint_of_a_model_without_parameters_can_be_loaded(model_path, rng):
    model, optimiser = Model([ReLU()], (3,)), Momentum()
    X = rng.normal(size=(6, 3))
    list(fit(model, X, X, optimiser, MeanSquaredError(), batch_size=2))
    save_checkpoint(model_path, model, optimiser)
    loaded, again = load_checkpoint(model_path)
    assert bits(loaded, again) == bits(model, optimiser)
    assert again.steps == 3


NUMPY_SCALARS = [
    pytest.param(lambda: Adam(Constant(np.float32(0.01))), id="float32-rate"),
    pytest.param(lambda: Adam(OneCycle(0.01, steps=np.int64(9))), id="int64-steps"),
    pytest.param(lambda: Adam(StepDecay(np.float64(0.01), every=np.uint8(2))), id="uint8-every"),
    pytest.param(lambda: Adam(np.float32(0.01), epsilon=np.float64(1e-6)), id="optimiser"),
]


@pytest.mark.parametrize("make", NUMPY_SCALARS)
def test_arguments_that_are_numpy_scalars_can_be_saved(model_path, make):
    optimiser = make()
    save_checkpoint(model_path, small_model(), optimiser)
    again = load_checkpoint(model_path)[1]
    assert [again.rate(), again.steps] == [optimiser.rate(), 0]


SCHEDULES = [
    pytest.param(lambda: StepDecay(np.float32(0.01), np.uint8(2), np.float32(0.9)), id="StepDecay"),
    pytest.param(lambda: Cosine(np.float32(0.01), np.uint8(200), np.float32(0.001)), id="Cosine"),
    pytest.param(lambda: OneCycle(np.float32(0.01), np.uint8(200), np.float32(0.3)), id="OneCycle"),
]


@pytest.mark.parametrize("make", SCHEDULES)
def test_a_schedule_of_numpy_scalars_gives_the_same_rates_after_loading(model_path, make):
    save_checkpoint(model_path, small_model(), Adam(make()))
    loaded, schedule = load_checkpoint(model_path)[1].learning_rate, make()
    assert [loaded(step) for step in range(400)] == [schedule(step) for step in range(400)]


# --- checkpoints that cannot be saved ---


class OwnLayer(ReLU):
    """A user-defined layer, which a file cannot name."""


def with_nan_moment():
    optimiser = Adam()
    model = trained(optimiser)
    optimiser.state["0.F"]["second"][0, 0, 1, 2] = np.inf
    return model, optimiser


def with_the_state_of_another(other):
    """Return a small model, and an optimiser that was trained with another one."""
    optimiser = Adam()
    X = np.random.default_rng(0).normal(size=(6, *other.input_shape))
    list(fit(other, X, np.arange(6) % 3, optimiser, CrossEntropy()))
    return small_model(), optimiser


def with_moments_in_float64():
    optimiser = Adam()
    model = small_model()
    optimiser.step([(key, param.astype(np.float64), np.ones(param.shape)) for key, param, _ in model.parameters()])
    return model, optimiser


def same_keys():
    return Model([Conv2D(5), ReLU(), Pool2D(), Flatten(), FullyConnected(3)], (1, 8, 8))


def other_keys():
    return Model([Flatten(), FullyConnected(3)], (1, 6, 6))


UNSAVABLE = [
    pytest.param(
        lambda path: save_checkpoint(path, Model([OwnLayer()], (3,)), Adam()),
        TypeError,
        r"OwnLayer\(\)",
        id="own-layer",
    ),
    pytest.param(
        lambda path: save_checkpoint(path, small_model(), Adam(lambda step: 0.1)),
        TypeError,
        r"save_checkpoint: <function .* cannot be written to a file; what can: Constant",
        id="own-schedule",
    ),
    pytest.param(
        lambda path: save_checkpoint(path, small_model(), type("Mine", (Adam,), {})()),
        TypeError,
        r"save_checkpoint: Mine\(.* cannot be written to a file; what can: GradientDescent",
        id="own-optimiser",
    ),
    pytest.param(
        lambda path: save_checkpoint(path, *with_nan_moment()),
        ValueError,
        r"save_checkpoint: second/0\.F contains 1 value .* \(0, 0, 1, 2\)",
        id="infinite-moment",
    ),
    pytest.param(
        lambda path: save_checkpoint(path, *with_moments_in_float64()), ValueError, "another model", id="other-dtype"
    ),
    pytest.param(
        lambda path: save_checkpoint(path, *with_the_state_of_another(other_keys())),
        ValueError,
        "another model",
        id="other-keys",
    ),
    pytest.param(
        lambda path: save_checkpoint(path, *with_the_state_of_another(same_keys())),
        ValueError,
        "another model",
        id="same-keys",
    ),
    pytest.param(
        lambda path: save_checkpoint(path, *with_the_state_of_another(small_model(seed=1))),
        ValueError,
        "another model",
        id="same-shapes",
    ),
    pytest.param(
        lambda path: save_checkpoint(path, "model", Adam()), TypeError, "save_checkpoint: .*[Mm]odel", id="no-model"
    ),
    pytest.param(
        lambda path: save_checkpoint(path, small_model(), 0.1),
        TypeError,
        "save_checkpoint: .*[Oo]ptimiser",
        id="no-optimiser",
    ),
]


@pytest.mark.parametrize(("save", "error", "words"), UNSAVABLE)
def test_a_checkpoint_that_cannot_be_saved_leaves_the_old_file_unchanged(saved_checkpoint, save, error, words):
    before = saved_checkpoint.read_bytes()
    with pytest.raises(error, match=words):
        save(saved_checkpoint)
    assert saved_checkpoint.read_bytes() == before
    assert os.listdir(saved_checkpoint.parent) == [saved_checkpoint.name]


# --- wrong checkpoints ---

BAD_CHECKPOINTS = [
    pytest.param(put("optimiser", "name", value="Adm"), r"unknown optimiser 'Adm'.*did you mean 'Adam'", id="Adm"),
    pytest.param(put("optimiser", "name", value="Adagrad"), r"unknown optimiser 'Adagrad'", id="Adagrad"),
    pytest.param(put("optimiser", "name", value="Momentum"), None, id="other-optimiser"),
    pytest.param(drop("optimiser"), "'optimiser' is missing", id="no-optimiser"),
    pytest.param(put("optimiser", value=None), None, id="optimiser-null"),
    pytest.param(put("optimiser", "arguments", "beta1", value=1.0), r"beta1 must be a finite number", id="beta1-1"),
    pytest.param(put("optimiser", "arguments", "beta1", value="0"), r"beta1 must be a finite number", id="beta1-text"),
    pytest.param(put("optimiser", "arguments", "learning_rate", value=-1), "learning_rate must be", id="rate-negative"),
    pytest.param(put("optimiser", "arguments", "learning_rate", value=None), "learning_rate must be", id="rate-null"),
    pytest.param(put("optimiser", "arguments", "learning_rate", value=[0.1]), "learning_rate must be", id="rate-list"),
    pytest.param(
        put("optimiser", "arguments", "learning_rate", "name", value="Cosin"),
        r"unknown schedule 'Cosin'.*did you mean 'Cosine'",
        id="Cosin",
    ),
    pytest.param(
        put("optimiser", "arguments", "learning_rate", "arguments", "steps", value=0),
        "steps must be",
        id="schedule-steps-0",
    ),
    pytest.param(put("optimiser", "arguments", "learning_rate", value={}), "'name' is missing", id="schedule-empty"),
    pytest.param(put("optimiser", "steps", value=-1), "steps must be an integer of at least 0", id="steps-negative"),
    pytest.param(put("optimiser", "steps", value=3.0), "steps must be an integer of at least 0", id="steps-float"),
    pytest.param(drop("optimiser", "steps"), "'steps' is missing", id="no-steps"),
    pytest.param(drop("generator"), "'generator' is missing", id="no-generator"),
    pytest.param(put("generator", value=None), None, id="generator-null"),
    pytest.param(put("generator", value={}), None, id="generator-empty"),
    pytest.param(put("generator", "bit_generator", value="MT19937"), None, id="other-generator"),
    pytest.param(put("generator", "bit_generator", value="os"), None, id="generator-unknown"),
    pytest.param(put("generator", "state", value=5), None, id="generator-state"),
    pytest.param(put("generator", "state", "state", value=-1), None, id="generator-negative"),
    pytest.param(put("generator", "state", "state", value=2**128), None, id="generator-too-large"),
    pytest.param(put("generator", "state", "inc", value="1"), None, id="generator-text"),
    pytest.param(put("generator", "has_uint32", value="no"), None, id="generator-flag"),
    pytest.param(put("generator", "uinteger", value=2**40), None, id="generator-uinteger"),
    pytest.param(drop("generator", "state", "inc"), None, id="generator-without-inc"),
    pytest.param(renamed(0, "Conv2d"), r"unknown layer 'Conv2d'.*did you mean 'Conv2D'", id="layer"),
]


@pytest.mark.parametrize(("change", "words"), BAD_CHECKPOINTS)
def test_a_wrong_checkpoint_architecture_is_refused(saved_checkpoint, change, words):
    architecture = architecture_of(saved_checkpoint)
    change(architecture)
    with_text(saved_checkpoint, json.dumps(architecture))
    refused(load_checkpoint, saved_checkpoint, words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda e: without(e, "first/0.F.npy"), r"missing: \['first/0\.F'\]", id="missing-moment"),
        pytest.param(lambda e: without(e, "0.F.npy"), r"missing: \['0\.F'\]", id="missing-parameter"),
        pytest.param(
            lambda e: e | {"third/0.F.npy": e["0.F.npy"]}, r"not expected: \['third/0\.F'\]", id="extra-moment"
        ),
        pytest.param(lambda e: e | {"first/0.F.npy": npy(F.ravel())}, r"'first/0\.F' should be", id="shape"),
        pytest.param(lambda e: e | {"second/0.F.npy": npy(F.astype("<f8"))}, r"'second/0\.F' should be", id="float64"),
        pytest.param(lambda e: e | {"second/0.F.npy": npy(F * np.nan)}, r"second/0\.F contains 18 values", id="nan"),
    ],
)
def test_a_checkpoint_with_wrong_moments_is_refused(saved_checkpoint, change, words):
    pack(saved_checkpoint, change(entries_of(saved_checkpoint)))
    refused(load_checkpoint, saved_checkpoint, words)


# --- wrong checkpoints with an average ---


@pytest.fixture
def averaged_checkpoint(tmp_path):
    """Return the path of a good checkpoint with an average."""
    model, optimiser, average = small_model(), Adam(), WeightAverage(0.9)
    list(fit(model, *data(), optimiser, CrossEntropy(), batch_size=5, average=average))
    save_checkpoint(tmp_path / "averaged.npz", model, optimiser, average)
    assert load_checkpoint(tmp_path / "averaged.npz").average.params.keys() == {"0.F", "0.B", "4.W", "4.B"}
    return tmp_path / "averaged.npz"


BAD_AVERAGES = [
    pytest.param(drop("average"), r"not expected: \['average/0\.B', 'average/0\.F'", id="not-described"),
    pytest.param(put("average", value=None), None, id="null"),
    pytest.param(put("average", value=[]), None, id="list"),
    pytest.param(put("average", value="WeightAverage"), None, id="text"),
    pytest.param(put("average", "name", value="Average"), r"average.*did you mean 'WeightAverage'", id="name"),
    pytest.param(put("average", "arguments", "decay", value=1), "decay must be a finite number >= 0 and < 1", id="1"),
    pytest.param(put("average", "arguments", "decay", value="0.9"), "decay must be a finite number", id="decay-text"),
    pytest.param(put("average", "arguments", "params", value={}), None, id="other-argument"),
    pytest.param(drop("average", "arguments"), "'arguments' is missing", id="no-arguments"),
]


@pytest.mark.parametrize(("change", "words"), BAD_AVERAGES)
def test_a_wrong_description_of_an_average_is_refused(averaged_checkpoint, change, words):
    architecture = architecture_of(averaged_checkpoint)
    change(architecture)
    with_text(averaged_checkpoint, json.dumps(architecture))
    refused(load_checkpoint, averaged_checkpoint, words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda e: without(e, "average/0.F.npy"), r"missing: \['average/0\.F'\]", id="missing"),
        pytest.param(lambda e: e | {"average/1.F.npy": npy(F)}, r"not expected: \['average/1\.F'\]", id="extra"),
        pytest.param(lambda e: e | {"average/0.F.npy": npy(F.ravel())}, r"'average/0\.F' should be", id="shape"),
        pytest.param(
            lambda e: e | {"average/0.F.npy": npy(F.astype("<f8"))}, r"'average/0\.F' should be", id="float64"
        ),
        pytest.param(lambda e: e | {"average/0.F.npy": npy(F * np.nan)}, r"average/0\.F contains 18 values", id="nan"),
        pytest.param(lambda e: without(e, "second/0.F.npy"), r"missing: \['second/0\.F'\]", id="missing-moment"),
        pytest.param(
            lambda e: {name: data for name, data in e.items() if not name.startswith("second/")},
            r"missing: \['second/0\.B',",
            id="missing-moments",
        ),
    ],
)
def test_a_checkpoint_with_wrong_averages_is_refused(averaged_checkpoint, change, words):
    pack(averaged_checkpoint, change(entries_of(averaged_checkpoint)))
    refused(load_checkpoint, averaged_checkpoint, words)
