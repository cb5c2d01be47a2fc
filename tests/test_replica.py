"""Replicas and micro-batches: equal to the layers bit for bit, and what fit and predict compute with them."""

import gc
import multiprocessing
import pickle
import sys
import threading
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_info
from threads import worker_threads
from tiers import slow_after

from cnn_core import (
    Adam,
    BatchNorm2D,
    Conv2D,
    CrossEntropy,
    Flatten,
    FullyConnected,
    GlobalAveragePool2D,
    LeakyReLU,
    MeanSquaredError,
    Model,
    Pool2D,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    checks,
    fit,
    gradient_check,
)
from cnn_core import layer as layer_module
from cnn_core.fast import pooling, replica
from cnn_core.layer import Layer

FLOATS = pytest.mark.parametrize("dtype", [np.float32, np.float64])


# --- micro-batches ---


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 200, 1000, 10_000])
def test_micro_batches_cover_a_batch_in_order_and_are_neither_small_nor_large(count):
    cut = replica.micro_batch_slices(count)
    assert_array_equal(np.concatenate([np.arange(count)[each] for each in cut]), np.arange(count))
    sizes = [each.stop - each.start for each in cut]
    assert len(set(sizes[:-1])) <= 1
    assert all(32 <= size <= 64 for size in sizes[:-1])
    assert 0 < sizes[-1] <= 64


def test_an_empty_batch_is_one_empty_micro_batch():
    assert replica.micro_batch_slices(0) == [slice(0, 0)]


# --- a replica computes what the layers compute ---

NETWORKS = [
    [Conv2D(4, 3, padding="same"), ReLU(), Pool2D(2), Conv2D(6, 3), ReLU(), Pool2D(2, mode="min"), Flatten()],
    [Conv2D(4, 3, padding="same"), ReLU(), Pool2D(3, stride=2), ReLU(), Pool2D(2, mode="mean"), Flatten()],
    [ReLU(), Pool2D(2), Pool2D(2), ReLU(), ReLU(), Flatten(), ReLU()],
    [Conv2D(3, 5, stride=2, padding=2), LeakyReLU(0.1), Conv2D(5, 3, stride=2), Tanh(), Flatten(), Sigmoid()],
    [Flatten(), FullyConnected(20), ReLU(), FullyConnected(3), Softmax()],
    [Conv2D(3, 3, dilation=2), ReLU(), Pool2D(), Conv2D(2, (2, 3), (2, 1), "same", dilation=(3, 2)), Flatten()],
    [Conv2D(3), ReLU(), Pool2D((3, 5), padding=1), Conv2D(2, (2, 1)), Pool2D(2, mode="min"), ReLU(), Flatten()],
    [Conv2D(2, (3, 2), (2, 1), "include"), ReLU(), Pool2D((2, 3), (1, 2), (1, 0)), Flatten(), FullyConnected(3)],
    [Conv2D(3, 3, 2, 1), ReLU(), Conv2D(5, (2, 3)), ReLU(), ReLU(), Flatten(), FullyConnected(4), ReLU()],
    [Conv2D(4, bias=False), BatchNorm2D(), ReLU(), Pool2D(), GlobalAveragePool2D(), BatchNorm2D(), FullyConnected(3)],
]


def made(layers, dtype, shape=(2, 12, 12)):
    """Return a model of layers like these."""
    return Model([type(layer)(**checks.arguments_of(layer)) for layer in layers], shape, dtype=dtype)


@FLOATS
@pytest.mark.parametrize("layers", NETWORKS, ids=lambda layers: "-".join(layer.name for layer in layers))
def test_a_replica_gives_the_outputs_and_gradients_of_the_layers_bit_for_bit(rng, layers, dtype):
    model = made(layers, np.dtype(dtype).name)
    own = replica.Replica(model.layers)
    for count in (5, 3, 5):  # cached arrays of another size come between
        X = np.round(rng.normal(size=(count, 2, 12, 12))).astype(dtype)  # whole numbers: many ties, many zeros
        O = model.forward(X)
        dC_dO = rng.normal(size=O.shape).astype(dtype)
        model.backward(dC_dO)
        found, records = own.forward(X, training=True, seed=(0, 0))
        assert_array_equal(found, O)
        for layer, grads in zip(model.layers, own.gradients(dC_dO, records), strict=True):
            assert grads.keys() == layer.grads.keys()
            for key, grad in grads.items():
                assert_array_equal(grad, layer.grads[key])


def test_the_backward_pass_of_a_replica_uses_the_windows_and_the_outputs_of_its_forward_pass(rng, monkeypatch):
    own = replica.Replica(Model([Conv2D(2), Pool2D(2), Flatten()], (1, 6, 6)).layers)
    X, dC_dO = rng.random((3, 1, 6, 6), np.float32), rng.random((3, 8), np.float32)
    _, records = own.forward(X, training=True)
    wanted = [{key: grad.copy() for key, grad in grads.items()} for grads in own.gradients(dC_dO, records)]
    own.forward(np.zeros_like(X), training=True)
    _, records = own.forward(X.copy(), training=True)
    X[...] = np.nan
    records[0].X[...] = np.nan  # a window copied again would be nan
    monkeypatch.setattr(pooling, "_fold_windows", None)  # an output computed again would be an error
    for grads, expected in zip(own.gradients(dC_dO, records), wanted, strict=True):
        for key, grad in grads.items():
            assert_array_equal(grad, expected[key])


def test_no_example_counts_as_correct_where_the_targets_are_no_labels(rng):
    own = replica.Replica(Model([Flatten()], (1, 2, 2)).layers)
    data = {"X": rng.random((4, 1, 2, 2), np.float32), "y": rng.random((4, 4)), "loss": MeanSquaredError()}
    result = replica.micro_batch_gradients(own, replica.MicroBatch(0, np.arange(4), 1.0), **data)
    assert result.correct == 0
    assert result.cost == pytest.approx(MeanSquaredError()(data["X"].reshape(4, 4), data["y"])[0])


def test_pooling_comes_before_a_relu_that_stands_right_before_it():
    order = replica._pooling_first([Conv2D(2), ReLU(), Pool2D(), Conv2D(2), ReLU(), Pool2D(mode="min"), ReLU()])
    assert order == [0, 2, 1, 3, 5, 4, 6]


def test_no_other_layers_change_their_order():
    class Capped(ReLU):
        def apply(self, X):
            return np.clip(X, 0, 1)

    class Odd(Pool2D):
        pass

    for pair in (
        [ReLU(), Pool2D(mode="mean")],
        [Pool2D(), ReLU()],
        [LeakyReLU(), Pool2D()],
        [Sigmoid(), Pool2D()],
        [Capped(), Pool2D()],
        [ReLU(), Odd()],
        [ReLU(), ReLU()],
    ):
        assert replica._pooling_first(pair) == [0, 1]


def test_pooling_and_relu_after_a_convolution_are_fused():
    layers = [Conv2D(2), Pool2D(), ReLU(), Conv2D(2), Pool2D(3, padding=1, mode="min"), ReLU(), ReLU()]
    assert replica._fused(layers) == [None, "weights", "pooling", None, "weights", "pooling", None]
    options = replica.Replica([Conv2D(2), ReLU(), Pool2D(), Flatten()]).options
    assert [own["fused"] for own in options] == [None, "weights", "pooling", None]  # in the order of execution


def test_a_relu_after_a_layer_with_weights_is_fused_with_it():
    layers = [Conv2D(2), ReLU(), ReLU(), Flatten(), FullyConnected(3), ReLU(), FullyConnected(2)]
    assert replica._fused(layers) == [None, "weights", None, None, None, "weights", None]


def test_no_other_layers_are_fused():
    convolution, pool, relu = (type(name, (kind,), {}) for name, kind in (("C", Conv2D), ("P", Pool2D), ("R", ReLU)))
    for layers in (
        [Conv2D(2), Pool2D(mode="mean"), ReLU()],
        [Conv2D(2), Pool2D(2, 1), ReLU()],
        [Conv2D(2), Pool2D(2, 3), ReLU()],
        [Conv2D(2), Pool2D(), LeakyReLU()],
        [Conv2D(2), Pool2D(), Flatten()],
        [BatchNorm2D(), Pool2D(), ReLU()],
        [convolution(2), Pool2D(), ReLU()],
        [Conv2D(2), pool(), ReLU()],
        [Conv2D(2), Pool2D(), relu()],
        [Pool2D(), ReLU()],
        [Conv2D(2), LeakyReLU()],
        [Conv2D(2), relu()],
        [convolution(2), ReLU()],
        [FullyConnected(2), Flatten(), ReLU()],
        [BatchNorm2D(), ReLU()],
    ):
        assert not any(replica._fused(layers))


@FLOATS
@pytest.mark.parametrize("pooling", [[Pool2D()], []], ids=["pooling", "none"])
def test_fused_layers_treat_nan_infinity_and_zero_as_single_ones_do(rng, dtype, pooling):
    model = made([Conv2D(4, 1), ReLU(), *pooling, Flatten(), FullyConnected(3), ReLU()], np.dtype(dtype).name)
    own = replica.Replica(model.layers)
    X = rng.choice([-1.0, -0.0, 0.0, 1.0, np.inf, -np.inf, np.nan], size=(9, 2, 12, 12)).astype(dtype)
    with np.errstate(invalid="ignore"):
        O = model.forward(X)
        found, records = own.forward(X, training=True)
        assert_array_equal(found, O)
        dC_dO = rng.normal(size=O.shape).astype(dtype)
        model.backward(dC_dO)
        gradients = own.gradients(dC_dO, records)
    for layer, grads in zip(model.layers, gradients, strict=True):
        for key, grad in grads.items():
            assert_array_equal(grad, layer.grads[key])


def test_a_replica_leaves_the_arrays_of_a_users_layer_as_they_are(rng):
    given = rng.normal(size=(5, 12)).astype(np.float32)
    given.flags.writeable = False

    class Last(Layer):
        def apply(self, X):
            return X

        def gradients(self, dC_dO, X):
            return given, {}

    own = replica.Replica(Model([Conv2D(3, 11), ReLU(), Flatten(), Last()], (1, 12, 12)).layers)
    _, records = own.forward(rng.normal(size=(5, 1, 12, 12)).astype(np.float32), training=True)
    own.gradients(given, records)


def test_a_replica_leaves_its_input_as_it_is(rng):
    own = replica.Replica(made(NETWORKS[0], "float32").layers)
    X = rng.normal(size=(5, 2, 12, 12)).astype(np.float32)
    copy = X.copy()
    O, records = own.forward(X, training=True)
    own.gradients(np.ones_like(O), records)
    assert_array_equal(X, copy)


@pytest.mark.parametrize(("layer", "shape"), [(Conv2D(2), (3, 7, 6)), (FullyConnected(3), (9,))], ids=repr)
def test_only_training_leaves_out_the_first_layers_input_gradient(rng, layer, shape):
    X, model = rng.normal(size=(5, *shape)), Model([layer], shape)
    dC_dO = np.ones_like(model.forward(X))
    assert model.backward(dC_dO).shape == X.shape
    assert layer.gradients(dC_dO, X)[0].shape == X.shape
    assert layer.gradients(dC_dO, X, input_gradient=False)[0] is None


# --- fit and predict ---


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def digits_like(rng, count=300, shape=(1, 12, 12)):
    return rng.normal(size=(count, *shape)).astype(np.float32), rng.integers(0, 10, count)


def small(dtype="float32", seed=0, dilation=1):
    layers = [Conv2D(4, 3, 1, "same", dilation=dilation), ReLU(), Pool2D(), Conv2D(5, 3, 2), ReLU(), Flatten()]
    layers.append(FullyConnected(10))
    return Model(layers, (1, 12, 12), seed, dtype)


def bits(model):
    return {key: param.tobytes() for key, param, _ in model.parameters()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [32, 70, 128, 300])
def test_training_has_the_same_bits_for_any_number_of_workers(rng, batch_size, dtype):
    X, y = digits_like(rng)
    found = []
    for workers in (1, 2, 3, 8, None):
        model = small(dtype)
        records = list(fit(model, X, y, Adam(), CrossEntropy(), 2, batch_size, (X, y), workers))
        found.append((records, bits(model)))
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("dilation", [2, (3, 2)])
def test_training_a_dilated_layer_has_the_same_bits_for_any_number_of_workers(rng, dilation):
    X, y = digits_like(rng, 200)
    found = []
    for workers in (1, 2, 4):
        model = small(dilation=dilation)
        records = list(fit(model, X, y, Adam(), CrossEntropy(), 2, 70, (X, y), workers))
        found.append((records, bits(model)))
    assert found[0] == found[1] == found[2]
    undilated = small()
    list(fit(undilated, X, y, Adam(), CrossEntropy(), 2, 70))
    assert bits(undilated) != found[0][1]


def test_cost_accuracy_and_gradients_of_a_batch_are_those_of_the_whole_batch_at_once(rng):
    X, y = digits_like(rng, 200)
    model, other = small("float64"), small("float64")
    record = next(fit(model, X, y, Adam(), CrossEntropy(), batch_size=200))
    order = other.rng.permutation(200)
    O = other.forward(X[order])
    cost, dC_dO = CrossEntropy()(O, y[order])
    other.backward(dC_dO)
    assert_allclose(record.cost, cost, rtol=1e-12)
    assert record.accuracy == np.mean(O.argmax(axis=1) == y[order])
    for layer, reference in zip(model.layers, other.layers, strict=True):
        for key in layer.grads:
            assert_allclose(layer.grads[key], reference.grads[key], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("workers", [1, 2])
def test_arrays_that_fit_hands_out_are_never_overwritten(rng, workers):
    X, y = digits_like(rng)
    model, seen = small(), []

    def loss(outputs, targets):
        seen.append((outputs, outputs.copy()))  # in one call: two threads run this at once
        return CrossEntropy()(outputs, targets)

    for _ in fit(model, X, y, Adam(), loss, batch_size=128, workers=workers):
        seen.extend((grad, grad.copy()) for _, _, grad in model.parameters())
    assert len(seen) > 20
    for array, copy in seen:
        assert_array_equal(array, copy)


def test_arrays_that_predict_returns_are_never_overwritten(rng):
    X, _ = digits_like(rng)
    model = small()
    first = model.predict(X)
    copy = first.copy()
    model.predict(X + 1)
    assert_array_equal(first, copy)


@pytest.mark.parametrize("count", [0, 1, 32, 65, 300])
def test_predict_gives_the_same_bits_for_any_number_of_workers(rng, count):
    X, _ = digits_like(rng, count)
    model = small()
    first, *others = (model.predict(X, workers=workers) for workers in (1, 2, 5, None))
    assert first.shape == (count, 10)
    assert all((other == first).all() for other in others)
    assert_allclose(first, model.forward(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("workers", "error"), [(0, ValueError), (1.5, TypeError), (True, TypeError), ("2", TypeError)])
def test_predict_checks_the_number_of_workers(rng, workers, error):
    with pytest.raises(error, match=r"Model\.predict: workers must be a positive integer"):
        small().predict(digits_like(rng, 3)[0], workers=workers)


def test_a_user_defined_layer_that_names_no_buffers_trains_on_several_workers(rng):
    class Scale(Layer):
        def param_shapes(self, input_shape):
            return {"S": (1,)}

        def initial(self, key, shape, rng):
            return np.ones(shape)

        def apply(self, X):
            return X * self.params["S"]

        def gradients(self, dC_dO, X):
            return dC_dO * self.params["S"], {"S": np.sum(dC_dO * X).reshape(1)}

    X, y = digits_like(rng)
    found = []
    for workers in (1, 3):
        model = Model([Conv2D(3), Scale(), ReLU(), Pool2D(), Flatten(), FullyConnected(10)], (1, 12, 12))
        list(fit(model, X, y, Adam(), CrossEntropy(), batch_size=150, workers=workers))
        found.append(bits(model))
    assert found[0] == found[1]
    assert model.layers[1].params["S"] != 1


def test_two_threads_with_two_models_give_what_each_gives_alone(rng):
    X, y = digits_like(rng)

    def train(seed, into):
        model = small(seed=seed)
        list(fit(model, X, y, Adam(), CrossEntropy(), epochs=3, batch_size=100))
        into[seed] = bits(model), model.predict(X).tobytes()

    alone, together = {}, {}
    for seed in (1, 2):
        train(seed, alone)
    threads = [threading.Thread(target=train, args=(seed, together)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


class Failing(ReLU):
    """Raises in its fifth call, whichever thread makes it."""

    calls = 0

    def apply(self, X):
        type(self).calls += 1
        if self.calls == 5:
            raise MemoryError("no more")
        return super().apply(X)


def test_an_error_in_a_worker_ends_fit_cleanly(rng):
    X, y = digits_like(rng)
    blas = blas_threads()
    Failing.calls = 0
    model, optimiser = Model([Conv2D(2), Failing(), Flatten(), FullyConnected(10)], (1, 12, 12)), Adam()
    records = fit(model, X, y, optimiser, CrossEntropy(), batch_size=128, workers=2)
    next(records), next(records)
    kept = bits(model)
    with pytest.raises(MemoryError, match="no more"):
        next(records)
    assert bits(model) == kept
    assert optimiser.steps == 2
    assert worker_threads() == 0
    assert blas_threads() == blas
    assert len(list(fit(model, X, y, optimiser, CrossEntropy(), batch_size=128, workers=2))) == 4


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_divergence_is_that_of_the_first_micro_batch_whichever_worker_ends_first(rng, workers):
    X, y = digits_like(rng, 256)[0], np.arange(256)
    model, first = small(), small().rng.permutation(256)[0]

    def loss(outputs, targets):
        time.sleep(0.01 * (first in targets))
        return np.inf if first in targets else np.nan, outputs

    with pytest.raises(FloatingPointError, match="the cost became infinite"):
        next(fit(model, X, y, Adam(), loss, batch_size=256, workers=workers))


@pytest.mark.parametrize("how", ["exhausted", "closed", "dropped"])
def test_no_thread_is_left_after_fit(rng, how):
    X, y = digits_like(rng)
    records = fit(small(), X, y, Adam(), CrossEntropy(), batch_size=128, workers=3)
    next(records)
    assert worker_threads(most=3) <= 3
    if how == "exhausted":
        list(records)
    elif how == "closed":
        records.close()
    del records
    gc.collect()
    assert worker_threads() == 0


def peak_of(call):
    """Return the peak of memory during `call`, in bytes, beyond what was held before it."""
    gc.collect()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("workers", slow_after(1, [2, 1]))
def test_the_memory_of_a_step_grows_neither_with_the_batch_nor_with_the_images(rng, workers):
    X, y = digits_like(rng, 2048)

    def step(count, batch_size, workers=workers):
        records = fit(small(), X[:count], y[:count], Adam(), CrossEntropy(), batch_size=batch_size, workers=workers)
        return peak_of(lambda: next(records))

    step(128, 128)  # imports and caches
    alone = step(256, 256, workers=1)  # with two workers one may do everything
    assert step(2048, 256) < 1.2 * workers * alone
    assert step(2048, 2048) < 1.2 * workers * alone


def test_the_memory_of_predict_does_not_grow_with_the_images(rng):
    X, _ = digits_like(rng, 4096)
    model = small()
    model.predict(X[:128], workers=2)
    alone = peak_of(lambda: model.predict(X[:512], workers=1))
    many = peak_of(lambda: model.predict(X, workers=2))
    assert many < 2 * alone + 4096 * 10 * 4 * 1.5  # the outputs themselves, and a little


# --- layers that draw random numbers, or compute something else while training ---


class Dropout(Layer):
    """Inverted dropout, as a user would write it."""

    def apply(self, X, training, rng, cache):
        cache["mask"] = rng.random(X.shape) < 0.75 if training else np.ones(X.shape, bool)
        return X * cache["mask"] / (0.75 if training else 1)

    def gradients(self, dC_dO, X, cache):
        return dC_dO * cache["mask"] / 0.75, {}


class BatchNorm(Layer):
    """Batch normalisation by the statistics of the micro-batch, as a user would write it."""

    def param_shapes(self, input_shape):
        return {"gamma": input_shape[:1], "beta": input_shape[:1]}

    def initial(self, key, shape, rng):
        return np.full(shape, float(key == "gamma"))

    def apply(self, X, cache):
        mean, variance = (f(X, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.var))
        cache["scale"] = 1 / np.sqrt(variance + 1e-5)
        cache["normal"] = (X - mean) * cache["scale"]
        gamma, beta = (self.params[key][:, None, None] for key in ("gamma", "beta"))
        return gamma * cache["normal"] + beta

    def gradients(self, dC_dO, X, cache):
        normal, axes = cache["normal"], (0, 2, 3)
        grads = {"gamma": (dC_dO * normal).sum(axis=axes), "beta": dC_dO.sum(axis=axes)}
        inner = dC_dO * self.params["gamma"][:, None, None]
        means = [each.mean(axis=axes, keepdims=True) for each in (inner, inner * normal)]
        return cache["scale"] * (inner - means[0] - normal * means[1]), grads


def with_chance(dtype="float32"):
    layers = [Conv2D(4), BatchNorm(), ReLU(), Dropout(), Pool2D(), Flatten(), Dropout(), FullyConnected(10)]
    return Model(layers, (1, 12, 12), seed=3, dtype=dtype)


@pytest.mark.parametrize("batch_size", [40, 200])
def test_a_users_dropout_and_batch_normalisation_train_to_the_same_bits_for_any_number_of_workers(rng, batch_size):
    X, y = digits_like(rng)
    found = []
    for workers in (1, 2, 3, None):
        model = with_chance()
        records = list(fit(model, X, y, Adam(), CrossEntropy(), 2, batch_size, (X, y), workers))
        found.append((records, bits(model), model.predict(X, workers).tobytes()))
    assert all(each == found[0] for each in found)


def test_random_numbers_differ_between_layers_micro_batches_and_steps_and_come_from_the_models_generator(rng):
    drawn = []

    class Draws(ReLU):
        def apply(self, X, rng):
            drawn.append(None if rng is None else rng.random())
            return super().apply(X)

    X, y = digits_like(rng, 64)
    model = Model([Draws(), Draws(), Flatten(), FullyConnected(10)], (1, 12, 12))
    order = np.random.default_rng(0).spawn(1)[0]  # the model's own generator
    list(fit(model, X, y, Adam(), CrossEntropy(), batch_size=64, epochs=2, workers=1))
    wanted = []
    for _ in range(2):
        order.permutation(64)
        integer = int(order.integers(1 << 63))
        wanted += [np.random.default_rng([integer, j, i]).random() for j in (0, 1) for i in (0, 1)]
    assert drawn == wanted
    assert len(set(drawn)) == 8
    drawn.clear()
    model.predict(X)
    assert set(drawn) == {None}


def test_a_network_without_chance_draws_nothing_but_the_order_of_the_examples(rng):
    X, y = digits_like(rng, 64)
    model, other = small(), small()
    list(fit(model, X, y, Adam(), CrossEntropy(), batch_size=32))
    other.rng.permutation(64)
    assert model.rng.bit_generator.state == other.rng.bit_generator.state


def test_forward_tells_a_layer_whether_it_trains_and_backward_follows_the_last_forward(rng):
    X = rng.normal(size=(50, 3, 4, 4))
    layer = Dropout()
    O = layer.forward(X)
    assert 0.6 < np.mean(O != 0) < 0.9
    assert_array_equal(layer.backward(np.ones_like(O)) != 0, O != 0)
    assert (layer.forward(X) != O).any()
    assert_array_equal(layer.forward(X, training=False), X)
    model = Model([Dropout(), Flatten(), Dropout()], (3, 4, 4), dtype="float64")
    assert (model.forward(X) == 0).mean() > 0.3
    assert_array_equal(model.forward(X, training=False), X.reshape(50, -1))
    assert_array_equal(model.predict(X), X.reshape(50, -1))


def test_gradients_of_layers_with_chance_and_statistics_are_right(rng):
    X, y = digits_like(rng, 6)
    layers = [Conv2D(4, bias=False), BatchNorm(), Tanh(), Dropout(), Flatten(), FullyConnected(10)]
    assert gradient_check(Model(layers, (1, 12, 12)), X, y, loss=CrossEntropy(), entries=30)[0] < 1e-5
    assert gradient_check(Dropout(), X)[0] < 1e-7
    assert gradient_check(BatchNorm(), X, seed=1)[0] < 1e-5  # seed 0 would weight each output by its own input


# --- one machine: what fit calls, and a replica elsewhere ---


def test_at_most_five_calls_of_ours_lie_between_fits_generator_and_a_layer(rng):
    calls = []

    class Probe(ReLU):
        def apply(self, X):
            frame = sys._getframe(1)
            while frame.f_code.co_name != "_records":
                calls.append(frame.f_code)
                frame = frame.f_back
            return super().apply(X)

    X, y = digits_like(rng, 32)
    model = Model([Probe(), Flatten(), FullyConnected(10)], (1, 12, 12))
    next(fit(model, X, y, Adam(), CrossEntropy(), workers=1))
    ours = [code.co_name for code in calls if "cnn_core" in code.co_filename]
    assert 0 < len(ours) <= 5, ours
    assert "forward_pass" in ours  # the loop that Model.forward runs


def test_model_forward_runs_the_same_loop_over_the_layers_as_fit(rng, monkeypatch):
    seen = []
    loop = layer_module.forward_pass
    for module in (replica, layer_module):
        assert module.forward_pass is loop
        monkeypatch.setattr(module, "forward_pass", lambda *args: seen.append(loop) or loop(*args))
    X, y = digits_like(rng, 32)
    network = small()
    next(fit(network, X, y, Adam(), CrossEntropy(), workers=1))
    network.forward(X)
    assert seen == [loop, loop]


def test_parameters_are_validated_once_for_each_record(rng):
    X, y = digits_like(rng, 128)
    model, validated = small(), []
    for index, layer in enumerate(model.layers):
        layer.sync_params = lambda index=index, real=layer.sync_params: validated.append(index) or real()
    records = fit(model, X, y, Adam(), CrossEntropy(), batch_size=64, epochs=2)
    validated.clear()
    for _ in range(2):
        next(records)
        assert validated == list(range(len(model.layers)))
        validated.clear()


def test_a_replica_gives_the_same_bits_in_another_process_and_takes_its_parameters_along(rng):
    X, y = digits_like(rng, 64)
    model = small()
    model.backward(model.forward(X))
    own = replica.Replica(model.layers)
    tasks = [(own, each, X, y, CrossEntropy(), 0, y) for each in replica.micro_batches(np.arange(64))]
    here = [replica.micro_batch_gradients(*task) for task in tasks]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        there = [pool.submit(replica.micro_batch_gradients, *task).result() for task in tasks]
    assert len(pickle.dumps(own)) < 1.5 * sum(param.nbytes for _, param, _ in model.parameters()) + 20_000
    for one, other in zip(here, there, strict=True):
        assert (one.cost, one.correct) == (other.cost, other.correct)
        assert 0 <= one.correct <= 32
        for grads, others in zip(one.gradients, other.gradients, strict=True):
            assert {key: grad.tobytes() for key, grad in grads.items()} == {k: g.tobytes() for k, g in others.items()}
