"""Batch normalisation, dropout and global average pooling: alone and in training; the state of layers and its files."""

import copy
import pickle

import numpy as np
import pytest
from attacks.archives import entries_of, npy, pack, without
from numpy.testing import assert_allclose, assert_array_equal
from saved_models import bits, refused

from cnn_core import (
    Adam,
    BatchNorm2D,
    Conv2D,
    CrossEntropy,
    Dropout,
    Epoch,
    Flatten,
    FullyConnected,
    GlobalAveragePool2D,
    GradientDescent,
    Layer,
    Model,
    Momentum,
    ReLU,
    evaluate,
    fit,
    gradient_check,
    load_checkpoint,
    register_layer,
    save_checkpoint,
)
from cnn_core import model as model_module
from cnn_core.fast import replica

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def network(dtype="float32", seed=3):
    layers = [Conv2D(4, bias=False), BatchNorm2D(), ReLU(), Dropout(0.2), Conv2D(6), BatchNorm2D(0.3), ReLU()]
    layers += [GlobalAveragePool2D(), BatchNorm2D(), Dropout(), FullyConnected(3)]
    return Model(layers, (1, 8, 8), seed, dtype)


def data(rng, count=150):
    return rng.normal(size=(count, 1, 8, 8)).astype(np.float32), rng.integers(0, 3, count)


def states(model):
    return [{key: array.copy() for key, array in layer.state.items()} for layer in model.layers]


def assert_same_states(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        assert one.keys() == other.keys()
        for key in other:
            assert_array_equal(one[key], other[key], strict=True)


# --- batch normalisation alone ---


@pytest.mark.parametrize("shape", [(5, 3, 4, 6), (9, 3)], ids=str)
def test_every_channel_has_mean_beta_and_standard_deviation_gamma(rng, shape):
    layer = BatchNorm2D()
    layer.params = {"gamma": [1.0, 2.0, -3.0], "beta": [0.0, 5.0, 7.0]}
    axes = (0, 2, 3)[: len(shape) - 1]
    O = layer.forward(100 * rng.normal(size=shape) + 1000)
    assert_allclose(O.mean(axis=axes), [0, 5, 7], atol=1e-10)
    assert_allclose(O.std(axis=axes), [1, 2, 3], rtol=1e-8)


@DTYPES
@pytest.mark.parametrize("order", ["C", "batch innermost"])
def test_both_dtypes_and_memory_orders_give_the_same_numbers(rng, dtype, order):
    X, dC_dO = rng.normal(size=(2, 16, 3, 5, 6))
    reference, layer = BatchNorm2D(), BatchNorm2D()
    wanted = reference.forward(X), reference.backward(dC_dO), *reference.state.values(), *reference.grads.values()
    given = X.astype(dtype) if order == "C" else np.array(X.transpose(2, 1, 3, 0), dtype).transpose(3, 1, 0, 2)
    found = layer.forward(given), layer.backward(dC_dO.astype(dtype)), *layer.state.values(), *layer.grads.values()
    for array, other in zip(found, wanted, strict=True):
        assert array.dtype == dtype
        assert_allclose(array, other, rtol=1e-4, atol=1e-5)


def test_a_constant_channel_becomes_beta(rng):
    layer = BatchNorm2D()
    layer.params = {"gamma": [1.0, 1.0], "beta": [2.0, 0.0]}
    X = rng.normal(size=(4, 2, 3, 3))
    X[:, 0] = 0.5
    with np.errstate(all="raise"):
        assert_array_equal(layer.forward(X)[:, 0], np.full((4, 3, 3), 2.0))
        assert np.isfinite(layer.backward(X)).all()


@pytest.mark.parametrize("shape", [(6, 2, 3, 4), (8, 2), (1, 2, 1, 5)], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_gradients_match_finite_differences(rng, shape, training):
    layer = BatchNorm2D()
    layer.params = {"gamma": [0.5, -2.0], "beta": [1.0, 3.0]}
    layer.state = {"running_mean": [0.3, -0.2], "running_variance": [2.0, 0.5]}
    X, own = rng.normal(size=shape), {"training": training, "cache": {}}
    layer.forward(X, training=False)

    def backward(dC_dO, X):
        cache = {}
        layer.apply(X, training, cache)
        return layer.gradients(dC_dO, X, cache)[0]

    assert gradient_check((lambda X: layer.apply(X, **own), backward), X, seed=1)[0] < 1e-6
    assert gradient_check(layer, X, seed=1)[0] < 1e-6  # seed 0 would weight each output by its own input


def test_gradients_of_a_whole_network_match_finite_differences_and_change_nothing(rng):
    model, (X, y) = network("float64"), data(rng, 7)
    before, generator = states(model), model.rng.bit_generator.state
    assert gradient_check(model, X, y, loss=CrossEntropy(0.1), entries=40)[0] < 1e-5
    assert_same_states(states(model), before)
    assert model.rng.bit_generator.state == generator
    layer, dropout = BatchNorm2D(), Dropout()
    for each in (layer, dropout):
        each.forward(X)
    before, generator = copy.deepcopy(layer.state), dropout.rng.bit_generator.state
    assert gradient_check(layer, X, seed=1)[0] < 1e-6  # seed 0 would weight each output by its own input
    assert gradient_check(dropout, X)[0] < 1e-6
    assert_same_states([layer.state], [before])
    assert dropout.rng.bit_generator.state == generator


def test_a_bias_before_it_has_gradient_0_which_gradient_check_accepts_and_a_wrong_one_is_still_found(rng):
    X, y = data(rng, 6)
    layers = [Conv2D(2), BatchNorm2D(), GlobalAveragePool2D(), FullyConnected(3)]
    model = Model(layers, (1, 8, 8), dtype="float64")
    assert gradient_check(model, X, y, loss=CrossEntropy())[0] < 1e-5

    class Wrong(Conv2D):
        def gradients(self, dC_dO, X, **options):
            dC_dX, grads = super().gradients(dC_dO, X)
            return dC_dX, grads | {"B": grads["B"] + 1e-6}

    wrong = Model([Wrong(2), *map(copy.deepcopy, layers[1:])], (1, 8, 8), dtype="float64")
    assert gradient_check(wrong, X, y, loss=CrossEntropy())[0] > 0.9


@pytest.mark.parametrize("count", [1, 33, 129, 193])
def test_a_single_value_in_training_is_an_error_that_changes_nothing(rng, count):
    X, y = rng.normal(size=(count, 4)), rng.integers(0, 3, count)
    model = Model([BatchNorm2D(), FullyConnected(3)], (4,))
    before = bits(model)
    with pytest.raises(
        ValueError, match=r"^BatchNorm2D: a single value has no variance.* Train on more than one example"
    ):
        next(fit(model, X, y, Adam(), CrossEntropy(), batch_size=count))
    assert bits(model) == before
    assert model.predict(X).shape == (count, 3)
    for each in (BatchNorm2D(), Model([BatchNorm2D()], (4,))):
        with pytest.raises(ValueError, match=r"^BatchNorm2D: a single value has no variance"):
            each.forward(X[:1])
        assert each.forward(X[:1], training=False).shape == (1, 4)


def test_one_example_of_several_pixels_is_no_error(rng):
    assert np.isfinite(BatchNorm2D().forward(rng.normal(size=(1, 2, 1, 2)))).all()


def test_images_may_change_their_size_but_not_their_channels(rng):
    layer = BatchNorm2D()
    layer.forward(rng.normal(size=(2, 3, 4, 4)))
    assert layer.forward(rng.normal(size=(2, 3, 5, 7))).shape == (2, 3, 5, 7)
    with pytest.raises(ValueError, match=r"^BatchNorm2D: expected 3 channels on axis 1, got 2"):
        layer.forward(rng.normal(size=(2, 2, 4, 4)))


BAD = {
    "momentum-large": (lambda: BatchNorm2D(1.1), ValueError, "^BatchNorm2D: momentum must be a finite number >= 0 and"),
    "momentum-negative": (lambda: BatchNorm2D(-0.1), ValueError, "^BatchNorm2D: momentum"),
    "momentum-none": (lambda: BatchNorm2D(None), TypeError, "^BatchNorm2D: momentum"),
    "epsilon": (lambda: BatchNorm2D(epsilon=0), ValueError, "^BatchNorm2D: epsilon must be a finite number > 0, got 0"),
    "rate-1": (lambda: Dropout(1), ValueError, "^Dropout: rate must be a finite number >= 0 and < 1, got 1"),
    "rate-text": (lambda: Dropout("half"), TypeError, "^Dropout: rate"),
    "smoothing": (
        lambda: CrossEntropy(1.5),
        ValueError,
        "^CrossEntropy: smoothing must be a finite number >= 0 and <=",
    ),
    "three-dimensions": (
        lambda: BatchNorm2D().forward(np.ones((2, 3, 4))),
        ValueError,
        r"^BatchNorm2D: expected an input of shape \(C, H, W\) or \(features,\), got \(3, 4\)",
    ),
    "pooled-vector": (
        lambda: Model([Flatten(), GlobalAveragePool2D()]),
        ValueError,
        r"^Model: layer 1 \(GlobalAveragePool2D\) .*: expected an input of shape \(C, H, W\), got \(784,\)",
    ),
}


@pytest.mark.parametrize(("call", "error", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_words(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    ("thing", "setting"),
    [(BatchNorm2D(), "momentum"), (BatchNorm2D(), "epsilon"), (Dropout(), "rate"), (CrossEntropy(), "smoothing")],
)
def test_settings_cannot_be_changed(thing, setting):
    with pytest.raises(AttributeError, match=f"{type(thing).__name__}: {setting} cannot be changed"):
        setattr(thing, setting, 0.3)


def test_a_layer_shows_its_settings():
    layers = [BatchNorm2D(0.2), Dropout(0.3), GlobalAveragePool2D()]
    wanted = ["BatchNorm2D(momentum=0.2, epsilon=1e-05)", "Dropout(rate=0.3)", "GlobalAveragePool2D()"]
    assert [*map(repr, layers)] == wanted


# --- dropout and global average pooling alone ---


@DTYPES
@pytest.mark.parametrize("rate", [0, 0.1, 0.5, 0.9])
def test_dropout_sets_entries_to_0_and_keeps_the_mean(rate, dtype):
    layer, X = Dropout(rate), np.full((100, 20, 5, 5), 2, dtype)
    O = layer.forward(X)
    assert abs(np.mean(O == 0) - rate) < 0.005
    assert_allclose(O[O != 0], 2 / (1 - rate), rtol=1e-6)
    assert_array_equal(layer.backward(X), O)
    assert (layer.forward(X) == O).all() == (rate == 0)


def test_dropout_while_predicting_is_the_input_itself(rng):
    X, layer = rng.normal(size=(3, 4)), Dropout()
    assert_array_equal(layer.forward(X, training=False), X)
    assert_array_equal(layer.backward(X), X)


def test_the_mask_does_not_depend_on_the_memory_order(rng):
    X = rng.normal(size=(4, 3, 5, 6))
    images, other = Dropout(), Dropout()
    O = images.forward(X)
    assert_array_equal(other.forward(np.asfortranarray(X)), O)
    assert O[0].any()
    assert (O[0] != O[1]).any()


def test_global_average_pooling_gives_every_pixel_the_same_gradient(rng):
    X, layer = rng.normal(size=(3, 4, 5, 6)), GlobalAveragePool2D()
    assert_allclose(layer.forward(X), X.mean(axis=(2, 3)), rtol=1e-12)
    dC_dO = rng.normal(size=(3, 4))
    dC_dX = layer.backward(dC_dO)
    assert_allclose(dC_dX.sum(axis=(2, 3)), dC_dO, rtol=1e-12)
    assert np.ptp(dC_dX, axis=(2, 3)).max() == 0
    dC_dX += 1  # not a view of a smaller array
    assert gradient_check(layer, X)[0] < 1e-8


# --- training ---


@DTYPES
@pytest.mark.parametrize("batch_size", [40, 128, 150])
def test_training_has_the_same_bits_for_any_number_of_workers(rng, batch_size, dtype):
    X, y = data(rng)
    found = []
    for workers in (1, 2, 4, None):
        model, optimiser = network(dtype), Adam()
        records = list(fit(model, X, y, optimiser, CrossEntropy(0.1), 2, batch_size, (X, y), workers))
        found.append((records, bits(model, optimiser), model.predict(X, workers).tobytes()))
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("batch_size", [20, 100, 150])
def test_running_statistics_are_the_weighted_means_over_the_micro_batches_of_a_step(rng, batch_size):
    X, y = data(rng)
    model = Model([BatchNorm2D(0.25), Flatten(), FullyConnected(3)], (1, 8, 8), dtype="float64")
    wanted, order = {"running_mean": np.zeros(1), "running_variance": np.ones(1)}, np.random.default_rng(0).spawn(1)[0]
    indices = order.permutation(len(X))
    records = fit(model, X, y, Adam(), CrossEntropy(), 1, batch_size)
    for start in range(0, len(X), batch_size):
        next(records)
        parts = [X[each.examples].astype(float) for each in replica.micro_batches(indices[start : start + batch_size])]
        sizes = [len(part) for part in parts]
        seen = [part.mean() for part in parts], [part.var(ddof=1) for part in parts]
        for key, values in zip(wanted, seen, strict=True):
            wanted[key] = 0.75 * wanted[key] + 0.25 * np.average(values, weights=sizes)
            assert_allclose(model.layers[0].state[key], wanted[key], rtol=1e-10)
    assert [1, 2, 3][[20, 100, 150].index(batch_size)] == len(replica.micro_batches(np.arange(batch_size)))


def test_prediction_uses_the_running_statistics_and_changes_nothing(rng):
    X, y = data(rng)
    model = network("float64")
    list(fit(model, X, y, Adam(), CrossEntropy()))
    before, generator = bits(model), model.rng.bit_generator.state
    O = model.predict(X)
    assert_allclose(np.concatenate([model.predict(X[n : n + 1]) for n in range(len(X))]), O, rtol=1e-9, atol=1e-12)
    assert_allclose(model.forward(X, training=False), O, rtol=1e-9, atol=1e-12)
    assert evaluate(model, X, y, CrossEntropy())[0] == CrossEntropy()(O, y)[0]
    assert bits(model) == before
    assert model.rng.bit_generator.state == generator
    model.layers[8].state["running_mean"][...] += 1
    assert np.abs(model.predict(X) - O).min() > 1e-6


def test_forward_while_training_changes_the_state_and_draws_a_mask(rng):
    X, model = data(rng)[0], network("float64")
    before = states(model)
    first, second = model.forward(X), model.forward(X)
    assert (first != second).any()
    for layer, old in zip(model.layers, before, strict=True):
        assert all((layer.state[key] != old[key]).all() for key in old)
    assert_array_equal(model.backward(np.ones_like(second)), model.backward(np.ones_like(second)))


def test_no_optimiser_sees_the_state(rng):
    model = network()
    assert {key.split(".")[1] for key, _, _ in model.parameters()} == {"F", "B", "W", "gamma", "beta"}
    assert model.parameter_count() == sum(param.size for _, param, _ in model.parameters())
    with pytest.raises(RuntimeError, match="no gradient"):
        GradientDescent().step(model.parameters())
    list(fit(model, *data(rng), optimiser := Momentum(), CrossEntropy()))
    assert not [key for key in optimiser.state if "running" in key]


def test_the_state_arrays_stay_the_same_objects(rng):
    model = network()
    held = [array for layer in model.layers for array in layer.state.values()]
    list(fit(model, *data(rng), Adam(), CrossEntropy()))
    assert all(
        one is other for one, other in zip(held, [a for s in model.layers for a in s.state.values()], strict=True)
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_step_that_is_refused_leaves_the_running_statistics_of_the_last_finite_step(rng, workers):
    X, y = data(rng)
    model, calls = network(), []

    def loss(outputs, targets):
        calls.append(None)
        cost, dC_dO = CrossEntropy()(outputs, targets)
        return (np.nan if len(calls) > 4 else cost), dC_dO

    records = fit(model, X, y, Adam(), loss, batch_size=64, workers=workers)
    next(records), next(records)
    kept = bits(model)
    with pytest.raises(FloatingPointError, match="the cost became nan"):
        next(records)
    assert bits(model) == kept


def test_a_running_variance_that_overflows_is_refused_though_the_outputs_are_finite(rng):
    X = rng.normal(size=(40, 4)).astype(np.float32)
    X[:, 0] *= 1e25
    model, y = Model([BatchNorm2D(), FullyConnected(3)], (4,)), rng.integers(0, 3, 40)
    before = bits(model)
    with pytest.raises(
        FloatingPointError, match=r"^fit: the new running_variance of layer 0 became infinite at epoch 1, s"
    ):
        next(fit(model, X, y, Adam(), CrossEntropy()))
    assert bits(model) == before


class Stopped(GradientDescent):
    """Is stopped in the middle of its second step."""

    def update(self, param, grad, rate):
        super().update(param, grad, rate)
        if self.steps == 2 and param.shape == (6,):
            raise KeyboardInterrupt


def test_a_step_that_is_stopped_leaves_the_running_statistics(rng):
    model = network()
    records = fit(model, *data(rng), Stopped(), CrossEntropy())
    next(records)
    kept = bits(model)
    with pytest.raises(KeyboardInterrupt):
        next(records)
    assert bits(model) == kept


def test_a_replica_in_another_process_would_observe_the_same(rng):
    X, y = data(rng, 64)
    model = network()
    own, other = replica.Replica(model.layers), pickle.loads(pickle.dumps(replica.Replica(model.layers)))
    for each in replica.micro_batches(np.arange(64)):
        results = [replica.micro_batch_gradients(each_one, each, X, y, CrossEntropy(), 5) for each_one in (own, other)]
        one, two = (pickle.dumps([result.gradients, result.observed]) for result in results)
        assert one == two
        assert [sorted(observed) for observed in results[0].observed if observed] == [[*states(model)[1]]] * 3


# --- state: assignment, copies, files ---


def test_a_copy_has_the_state_and_is_independent(rng):
    X, y = data(rng)
    model = network()
    list(fit(model, X, y, Adam(), CrossEntropy()))
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert bits(copied) == bits(model)
        assert_array_equal(copied.predict(X), model.predict(X))
        list(fit(copied, X, y, Adam(), CrossEntropy()))
        assert bits(copied) != bits(model)
    layer = copy.deepcopy(model.layers[1])
    again = Model([Conv2D(4), layer], (1, 8, 8))
    assert_same_states(states(again)[1:], states(model)[1:2])


def test_state_that_the_user_assigned_is_copied_converted_and_kept_by_the_build():
    mean, layer = np.arange(3), BatchNorm2D()
    layer.state["running_mean"] = mean
    model = Model([layer], (3,))
    assert layer.state["running_mean"].dtype == np.float32
    assert_array_equal(layer.state["running_mean"], [0, 1, 2])
    assert_array_equal(layer.state["running_variance"], [1, 1, 1])
    layer.state = {"running_mean": mean + 1, "running_variance": np.full(3, 4)}
    assert_allclose(model.predict(np.zeros((1, 3))), [[-0.5, -1, -1.5]], rtol=1e-5)
    layer.build((3,), np.random.default_rng(0))
    assert_array_equal(layer.state["running_mean"], np.zeros(3))


STATES = {
    "missing": (
        {"running_mean": np.zeros(3)},
        ValueError,
        "state must have the keys .'running_mean', 'running_varianc",
    ),
    "shape": (
        {"running_mean": np.zeros(2), "running_variance": np.ones(3)},
        ValueError,
        r"state\['running_mean'\] has",
    ),
    "negative": ({"running_mean": np.zeros(3), "running_variance": -np.ones(3)}, ValueError, "has entries below 0"),
    "text": (
        {"running_mean": "0", "running_variance": np.ones(3)},
        TypeError,
        r"state\['running_mean'\] must be an ar",
    ),
    "list": ([0, 1], TypeError, "state must be a dictionary of arrays"),
}


@pytest.mark.parametrize(("state", "error", "words"), STATES.values(), ids=STATES)
def test_bad_state_is_refused(state, error, words):
    model = Model([BatchNorm2D()], (3,))
    model.layers[0].state = state
    with pytest.raises(error, match=words):
        model.predict(np.zeros((2, 3)))


def test_a_layer_without_state_refuses_any():
    layer = ReLU()
    layer.state["running_mean"] = np.zeros(3)
    with pytest.raises(ValueError, match=r"^ReLU: state must have no keys, got .'running_mean'"):
        layer.forward(np.zeros((2, 3)))


@DTYPES
def test_a_loaded_model_predicts_the_same_bits(rng, model_path, dtype):
    X, y = data(rng)
    model = network(dtype)
    list(fit(model, X, y, Adam(), CrossEntropy()))
    model.save(model_path)
    again = Model.load(model_path)
    assert bits(again) == bits(model)
    assert_array_equal(again.predict(X), model.predict(X))
    with np.load(model_path) as archive:
        assert_array_equal(archive["1.running_mean"], model.layers[1].state["running_mean"])
    assert list(fit(again, X, y, Adam(), CrossEntropy()))


@pytest.mark.parametrize("make", [GradientDescent, Adam])
def test_training_resumed_from_a_checkpoint_gives_the_same_bits(rng, model_path, make):
    X, y = data(rng)
    model, optimiser = network(), make()
    for record in fit(model, X, y, optimiser, CrossEntropy(), epochs=3, batch_size=64):
        if isinstance(record, Epoch) and record.epoch == 1:
            save_checkpoint(model_path, model, optimiser)
            saved = bits(model, optimiser)
    again, same = load_checkpoint(model_path)
    assert bits(again, same) == saved != bits(model, optimiser)
    list(fit(again, X, y, same, CrossEntropy(), epochs=2, batch_size=64, workers=2))
    assert bits(again, same) == bits(model, optimiser)


C = np.ones(2, "<f4")
ENTRIES = {
    "shape": ({"0.running_mean.npy": npy(np.ones(3, "<f4"))}, "'0.running_mean' should be float32 "),
    "dtype": ({"0.running_mean.npy": npy(np.ones(2))}, "'0.running_mean' should be float32 "),
    "nan": ({"0.running_mean.npy": npy(C * np.nan)}, "0.running_mean contains 2 values that are not finite"),
    "infinite": ({"0.running_variance.npy": npy(np.full(2, np.inf, "<f4"))}, "not finite"),
    "negative": ({"0.running_variance.npy": npy(-C)}, "running_variance'\\] has entries below 0"),
    "unexpected": ({"0.running_sum.npy": npy(C)}, "not expected: .'0.running_sum'"),
    "of-no-layer": ({"1.running_mean.npy": npy(C)}, "not expected: .'1.running_mean'"),
}


@pytest.mark.parametrize(("entries", "words"), ENTRIES.values(), ids=ENTRIES)
@pytest.mark.parametrize("load", [Model.load, load_checkpoint], ids=["model", "checkpoint"])
def test_files_with_wrong_state_are_refused(model_path, load, entries, words):
    model = Model([BatchNorm2D(), Dropout()], (2,))
    model.save(model_path) if load is Model.load else save_checkpoint(model_path, model, Adam())
    refused(load, pack(model_path, entries_of(model_path) | entries), words)


@pytest.mark.parametrize("name", ["0.running_mean", "0.running_variance", "0.gamma"])
def test_a_file_without_an_array_is_refused(model_path, name):
    Model([BatchNorm2D()], (2,)).save(model_path)
    refused(Model.load, pack(model_path, without(entries_of(model_path), f"{name}.npy")), f"arrays missing: .'{name}'")


def test_state_that_is_not_finite_is_not_saved(model_path):
    model = Model([BatchNorm2D()], (2,))
    model.forward(np.full((3, 2), np.nan))
    with pytest.raises(ValueError, match=r"0.running_mean contains 2 values that are not finite"):
        model.save(model_path)
    assert not model_path.exists()


# --- layers of a user's own ---


class Largest(Layer):
    """Divides by the largest magnitude seen so far: state with a rule of its own."""

    def state_shapes(self, input_shape):
        return {"largest": (1,)}

    def initial(self, key, shape, rng):
        return np.full(shape, 1e-3)

    def next_state(self, observed):
        return {"largest": np.maximum(self.state["largest"], observed["largest"])}

    def apply(self, X, training=False, cache=None):
        if training:
            cache["observed"] = {"largest": np.abs(X).max().reshape(1)}
        return X / self.state["largest"]

    def gradients(self, dC_dO, X):
        return dC_dO / self.state["largest"], {}


def test_a_layer_of_ones_own_may_have_state_and_files_hold_it(rng, model_path, monkeypatch):
    monkeypatch.setattr(model_module, "LAYERS", dict(model_module.LAYERS))
    register_layer(Largest)
    X, y = data(rng, 30)
    model = Model([Largest(), Flatten(), FullyConnected(3)], (1, 8, 8))
    list(fit(model, X, y, Adam(), CrossEntropy()))
    assert_array_equal(model.layers[0].state["largest"], np.abs(X).max())
    model.save(model_path)
    assert bits(Model.load(model_path)) == bits(model)


def test_a_layer_without_state_may_use_its_cache_as_it_likes(rng):
    class Own(ReLU):
        def apply(self, X, cache):
            cache["observed"] = "anything"
            return super().apply(X)

    model = Model([Own(), Flatten(), FullyConnected(3)], (1, 8, 8))
    assert list(fit(model, *data(rng), Adam(), CrossEntropy()))
    assert model.forward(data(rng)[0]).shape == (150, 3)


def test_a_key_of_the_state_that_is_a_parameter_too_is_refused():
    class Twice(BatchNorm2D):
        def state_shapes(self, input_shape):
            return super().state_shapes(input_shape) | {"gamma": (1,)}

    with pytest.raises(ValueError, match="a key of its state is one of a parameter"):
        Model([Twice()], (3,))


def test_a_state_of_the_wrong_shape_is_refused_before_the_step(rng):
    class Wrong(Largest):
        def next_state(self, observed):
            return {"largest": np.ones(2)}

    model = Model([Wrong(), Flatten(), FullyConnected(3)], (1, 8, 8))
    before = bits(model)
    with pytest.raises(ValueError, match=r"state\['largest'\] has shape \(2,\), expected \(1,\)"):
        next(fit(model, *data(rng), Adam(), CrossEntropy()))
    assert bits(model) == before
