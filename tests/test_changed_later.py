"""What a user changes after construction: attributes, the list of layers, parameters; and what copies belong to."""

import copy
import dataclasses
import operator
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from saved_models import parameter_bits as bits

from cnn_core import (
    Adam,
    AdamW,
    BatchNorm2D,
    Constant,
    Conv2D,
    Cosine,
    CrossEntropy,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAveragePool2D,
    GradientDescent,
    LeakyReLU,
    Model,
    Momentum,
    Nesterov,
    OneCycle,
    Pool2D,
    ReLU,
    RMSProp,
    Sigmoid,
    StepDecay,
    WeightAverage,
    fit,
    load_checkpoint,
    save_checkpoint,
)


def small_model(seed=0):
    return Model([Conv2D(2, stride=2), ReLU(), Flatten(), FullyConnected(3)], (1, 8, 8), seed)


def data(count=12, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 1, 8, 8)), rng.integers(0, 3, count)


def train(model, optimiser=None, epochs=1):
    list(fit(model, *data(), optimiser or Adam(0.01), CrossEntropy(), epochs=epochs, batch_size=4))
    return model


# --- attributes of optimisers and schedules ---

WRONG_NUMBERS = [
    *[
        (make, "learning_rate", value)
        for make in (GradientDescent, Adam)
        for value in (-0.1, np.nan, np.inf, "0.1", None)
    ],
    *[(make, "weight_decay", value) for make in (RMSProp, AdamW) for value in (-1e-9, np.inf, "no", True)],
    *[(make, "momentum", value) for make in (Momentum, Nesterov) for value in (1, 1.5, -0.1, None)],
    *[(RMSProp, "decay", value) for value in (1.0, -1, "0.9")],
    *[(Adam, name, value) for name in ("beta1", "beta2") for value in (1, 2, -0.5, np.nan)],
    *[(make, "epsilon", value) for make in (Adam, RMSProp) for value in (0, -1e-8, np.nan)],
    *[(Adam, "steps", value) for value in (-1, 1.5, None, True)],
    *[(Momentum, "state", value) for value in (None, [], "state")],
]


@pytest.mark.parametrize(("make", "name", "value"), WRONG_NUMBERS)
def test_a_wrong_number_is_refused_when_it_is_assigned_and_nothing_changes(make, name, value):
    optimiser = make()
    before = getattr(optimiser, name)
    with pytest.raises((TypeError, ValueError), match=f"^{make.__name__}: {name} must be "):
        setattr(optimiser, name, value)
    assert getattr(optimiser, name) == before


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (Adam, "learning_rate", 0),
        (Momentum, "momentum", 0),
        (Adam, "beta1", np.float32(0.5)),
        (AdamW, "weight_decay", 0),
    ],
)
def test_a_number_within_the_limits_can_be_assigned_and_is_a_float(make, name, value):
    optimiser = make()
    setattr(optimiser, name, value)
    assert (getattr(optimiser, name), type(getattr(optimiser, name))) == (value, float)


def test_a_rate_of_0_changes_no_parameter_and_goes_through_a_file(tmp_path):
    model, optimiser = small_model(), GradientDescent()
    before, optimiser.learning_rate = bits(model), 0
    train(model, optimiser)
    save_checkpoint(tmp_path / "zero.npz", model, optimiser)
    assert bits(model) == before
    assert load_checkpoint(tmp_path / "zero.npz")[1].learning_rate == 0


def test_a_rate_of_0_is_no_start():
    with pytest.raises(ValueError, match=r"^Adam: learning_rate must be a finite number > 0, got 0"):
        Adam(0)


def test_a_schedule_may_be_assigned_and_what_it_returns_is_checked():
    optimiser = Adam()
    optimiser.learning_rate = lambda step: 0.0 if step < 1 else -1.0
    assert optimiser.rate() == 0
    optimiser.steps = 1
    with pytest.raises(ValueError, match=r"^Adam: learning_rate at step 1 must be a finite number >= 0, got -1.0"):
        optimiser.rate()


@pytest.mark.parametrize("schedule", [Constant(0.1), StepDecay(0.1, 5), Cosine(0.1, 5), OneCycle(0.1, 5)], ids=repr)
def test_a_schedule_cannot_be_changed_and_a_changed_copy_is_checked(schedule):
    for field in dataclasses.fields(schedule):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(schedule, field.name, 0.05)
    with pytest.raises(ValueError, match="learning_rate must be a finite number > 0"):
        dataclasses.replace(schedule, learning_rate=-1)


@pytest.mark.parametrize("make", [Adam, Momentum, GradientDescent])
@pytest.mark.parametrize("steps", [0, 5])
@pytest.mark.parametrize("used", [False, True])
def test_whatever_steps_say_what_is_written_can_be_loaded(tmp_path, make, steps, used):
    model, optimiser = small_model(), make()
    if used:
        train(model, optimiser)
    optimiser.steps = steps
    save_checkpoint(tmp_path / "steps.npz", model, optimiser)
    other, its = load_checkpoint(tmp_path / "steps.npz")
    assert its.steps == steps
    assert bits(train(other, its)) == bits(train(model, optimiser))


@pytest.mark.parametrize(
    "change",
    [
        lambda optimiser: optimiser.state["0.F"].pop("first"),
        lambda optimiser: optimiser.state["0.F"].update(velocity=optimiser.state["0.F"]["first"]),
        lambda optimiser: optimiser.state.pop("0.F"),
        lambda optimiser: optimiser.state["0.F"].update(first=np.zeros(3)),
    ],
)
def test_a_state_that_could_not_be_loaded_again_is_not_written(tmp_path, change):
    model, optimiser, path = small_model(), Adam(), tmp_path / "state.npz"
    train(model, optimiser)
    save_checkpoint(path, model, optimiser)
    before = path.read_bytes()
    change(optimiser)
    with pytest.raises(ValueError, match="holds the state of another model"):
        save_checkpoint(path, model, optimiser)
    assert path.read_bytes() == before


def test_a_generator_that_could_not_be_loaded_again_is_not_written(tmp_path):
    model = small_model()
    model.rng = np.random.Generator(np.random.MT19937(0))
    with pytest.raises(ValueError, match="the generator of a model in a file must be PCG64, got "):
        save_checkpoint(tmp_path / "generator.npz", model, Adam())
    assert list(tmp_path.iterdir()) == []


# --- attributes of layers and models ---

SETTINGS = [
    *[
        (lambda: Conv2D(2), name)
        for name in ("num_filters", "kernel_size", "stride", "padding", "initialisation", "bias", "dilation")
    ],
    *[(Pool2D, name) for name in ("pool_size", "stride", "padding", "mode")],
    *[(lambda: FullyConnected(2), name) for name in ("num_nodes", "initialisation", "bias")],
    (LeakyReLU, "slope"),
    *[(BatchNorm2D, name) for name in ("momentum", "epsilon")],
    (Dropout, "rate"),
    (GlobalAveragePool2D, "input_shape"),
    (CrossEntropy, "smoothing"),
    (WeightAverage, "decay"),
    *[(ReLU, name) for name in ("forward", "backward", "input_shape", "dtype")],
    *[(small_model, name) for name in ("layers", "input_shape", "seed", "dtype", "shapes")],
]


@pytest.mark.parametrize(("make", "name"), SETTINGS)
def test_a_setting_of_a_layer_or_a_model_cannot_be_changed(make, name):
    thing = make()
    before = getattr(thing, name)
    with pytest.raises(AttributeError, match=f"^{type(thing).__name__}: {name} cannot be changed; "):
        setattr(thing, name, 2)
    assert getattr(thing, name) == before


@pytest.mark.parametrize("make", [small_model, ReLU, lambda: Conv2D(2)])
@pytest.mark.parametrize("value", [None, 3, np.random, np.random.RandomState(0)], ids=str)
def test_the_generator_of_a_layer_or_a_model_is_a_generator(make, value):
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator"):
        make().rng = value


def test_the_generator_of_a_model_can_be_replaced():
    model, other = small_model(), small_model()
    model.rng, other.rng = np.random.default_rng(5), np.random.default_rng(5)
    assert bits(train(model)) == bits(train(other))
    assert bits(model) != bits(train(small_model()))


# --- the list of layers ---

CHANGES = {
    "append": lambda layers: layers.append(ReLU()),
    "extend": lambda layers: layers.extend([ReLU()]),
    "insert": lambda layers: layers.insert(0, ReLU()),
    "remove": lambda layers: layers.remove(layers[0]),
    "pop": lambda layers: layers.pop(),
    "clear": lambda layers: layers.clear(),
    "sort": lambda layers: layers.sort(key=repr),
    "reverse": lambda layers: layers.reverse(),
    "set": lambda layers: operator.setitem(layers, 1, Sigmoid()),
    "set-slice": lambda layers: operator.setitem(layers, slice(1, 2), []),
    "delete": lambda layers: operator.delitem(layers, -1),
    "delete-slice": lambda layers: operator.delitem(layers, slice(None)),
    "add": lambda layers: operator.iadd(layers, [ReLU()]),
    "multiply": lambda layers: operator.imul(layers, 2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("make", [small_model, lambda: copy.deepcopy(small_model())], ids=["new", "copied"])
def test_every_change_of_the_list_of_layers_is_refused_with_the_cure(make, change):
    model = make()
    before = [id(layer) for layer in model.layers]
    with pytest.raises(TypeError, match=r"layers cannot be changed; make a new Model; copy\.deepcopy\(layer\)"):
        change(model.layers)
    assert [id(layer) for layer in model.layers] == before


def test_the_list_that_a_model_was_made_from_is_not_the_models():
    layers = [Conv2D(2), ReLU()]
    model = Model(layers, (1, 8, 8))
    layers.clear()
    assert model.predict(data()[0]).shape == (12, 2, 6, 6)


def test_layers_are_a_list_for_reading():
    layers = small_model().layers
    assert isinstance(layers, list)
    assert type(layers[1:]) is type(layers + [ReLU()]) is list  # noqa: RUF005 what is tried is the +


# --- a new model of trained layers ---


@pytest.mark.parametrize("again", [copy.deepcopy, copy.copy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_of_a_layer_belongs_to_no_model_and_has_its_parameters(again):
    model = train(small_model())
    copies = [again(layer) for layer in model.layers]
    assert not any(layer.in_model for layer in copies)
    assert all(layer.in_model for layer in model.layers)
    assert_array_equal(copies[0].params["F"], model.layers[0].params["F"])


def test_a_new_last_layer_on_trained_ones():
    model = train(small_model())
    before = bits(model)
    new = Model([*map(copy.deepcopy, model.layers[:-1]), FullyConnected(5)], (1, 8, 8), seed=1)
    kept = ("0.F", "0.B")
    assert [bits(new)[key] for key in kept] == [before[key] for key in kept]
    train(new, epochs=2)
    assert [bits(new)[key] for key in kept] != [before[key] for key in kept]
    assert bits(model) == before


def test_a_network_cut_in_two_gives_what_it_gave_whole():
    model, X = train(small_model()), data()[0]
    first = Model(map(copy.deepcopy, model.layers[:2]), (1, 8, 8))
    second = Model(map(copy.deepcopy, model.layers[2:]), first.output_shape)
    assert_array_equal(second.predict(first.predict(X)), model.predict(X))


def test_the_layers_of_a_copied_model_are_its_own():
    model = train(small_model())
    for new in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert all(layer.in_model for layer in new.layers)
        with pytest.raises(ValueError, match="is in a model already"):
            Model([new.layers[0]], (1, 8, 8))
        before = bits(model)
        assert bits(train(new)) != before
        assert bits(model) == before
        assert_array_equal(new.backward(np.ones_like(new.forward(data()[0]))).shape, (12, 1, 8, 8))


# --- arrays that are assigned ---


FORMS = ("copy", "transposed", "reversed", "float64")


def transposed(array):
    return array.T.copy().T


HANDED_OVER = {
    "one": lambda layer, arrays: operator.setitem(layer.params, "W", arrays["W"]),
    "update": lambda layer, arrays: layer.params.update(arrays),
    "or": lambda layer, arrays: operator.ior(layer.params, arrays),
    "dictionary": lambda layer, arrays: setattr(layer, "params", arrays),
    "before": lambda layer, arrays: None,
}


@pytest.mark.parametrize("hand_over", HANDED_OVER.values(), ids=HANDED_OVER)
@pytest.mark.parametrize("form", [np.array, transposed, lambda a: np.array(a)[::-1], np.float64], ids=FORMS)
def test_training_does_not_change_the_arrays_that_were_assigned(hand_over, form):
    layer = FullyConnected(3)
    model = Model([Flatten(), layer], (1, 8, 8))
    arrays = {key: form(param) for key, param in layer.params.items()}
    before = {key: array.copy() for key, array in arrays.items()}
    hand_over(layer, arrays)
    train(model)
    assert not np.array_equal(layer.params["W"], before["W"])
    for key in arrays:
        assert_array_equal(arrays[key], before[key])


def test_two_models_that_share_arrays_are_trained_apart():
    first, second = small_model(), small_model(seed=1)
    for layer, other in zip(first.layers, second.layers, strict=True):
        other.params = layer.params
    second.predict(data()[0])
    before = bits(first)
    assert bits(second) == before
    train(second)
    assert bits(first) == before
    train(first, epochs=2)
    assert bits(first) != bits(second)


def test_a_snapshot_can_be_put_back_twice():
    model = small_model()
    snapshot = {index: copy.deepcopy(layer.params) for index, layer in enumerate(model.layers)}
    before = bits(model)
    for _ in range(2):
        train(model)
        assert bits(model) != before
        for index, layer in enumerate(model.layers):
            layer.params.update(snapshot[index])
        assert bits(model) == before


def test_parameters_assigned_before_the_model_is_made_are_copied():
    W = np.ones((64, 3), "float32")
    layer = FullyConnected(3)
    layer.params["W"] = W
    train(Model([Flatten(), layer], (1, 8, 8)))
    assert_array_equal(W, np.ones((64, 3)))


def test_a_reader_may_hold_the_dictionary_and_its_arrays_through_a_training():
    model = small_model()
    held, array = model.layers[0].params, model.layers[0].params["F"]
    train(model)
    assert model.layers[0].params is held
    assert held["F"] is array


@pytest.mark.parametrize("params", [None, [1], "F", np.zeros(3)], ids=str)
def test_params_that_are_no_dictionary_are_refused_and_nothing_is_lost(params):
    layer = Conv2D(2)
    layer.forward(data()[0])
    layer.params = params
    with pytest.raises(TypeError, match=r"^Conv2D: params must be a dictionary of arrays"):
        layer.forward(data()[0])
