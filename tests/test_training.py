"""Training: fit and its records, what stops it, evaluate and the confusion matrix."""

import copy
import functools
import gc
import itertools
import math
import multiprocessing
import os
import pickle
import signal
import sys
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest
from attacks.processes import run_in
from numpy.testing import assert_allclose, assert_array_equal

import cnn_core
from cnn_core import (
    Adam,
    AdamW,
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
    Softmax,
    Step,
    batches,
    confusion_matrix,
    evaluate,
    fit,
    load_mnist,
)
from cnn_core.fast.replica import Replica

OPTIMISERS = [GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW]
each_optimiser = pytest.mark.parametrize("make", OPTIMISERS, ids=lambda make: make.__name__)


def small_model(**options):
    layers = [Conv2D(2), ReLU(), Pool2D(), Flatten(), FullyConnected(3)]
    return Model(layers, **{"input_shape": (1, 6, 6)} | options)


def row_model(inputs=4, nodes=3, **options):
    return Model([FullyConnected(nodes)], input_shape=(inputs,), **options)


def data(count=12, shape=(1, 6, 6), classes=3):
    """Return images whose class shows, and their labels."""
    rng = np.random.default_rng(7)
    y = np.arange(count) % classes
    X = rng.normal(size=(count, *shape)).astype(np.float32)
    X.reshape(count, -1)[np.arange(count), y] += 4
    return X, y


def bits(model, optimiser=None):
    """Return every number that training changes, as bytes."""
    found = {key: param.tobytes() for key, param, _ in model.parameters()}
    if optimiser is not None:
        found["steps"] = optimiser.steps
        for key, own in optimiser.state.items():
            found |= {f"{name}/{key}": array.tobytes() for name, array in own.items()}
    return found


def run(model, optimiser, X, y, loss=None, **options):
    return list(fit(model, X, y, optimiser, loss or CrossEntropy(), **options))


def steps_of(records):
    return [record for record in records if isinstance(record, Step)]


# --- records ---


def test_records_come_in_order_with_the_last_short_batch_counted():
    X, y = data(10)
    records = run(small_model(), Adam(), X, y, epochs=2, batch_size=4)
    assert [type(record) for record in records] == [Step, Step, Step, Epoch] * 2
    places = [(record.epoch, record.epochs, record.step) for record in records]
    assert places == [(1, 2, 1), (1, 2, 2), (1, 2, 3), (1, 2, 3), (2, 2, 4), (2, 2, 5), (2, 2, 6), (2, 2, 6)]
    assert {record.steps for record in steps_of(records)} == {6}


class InOrder:
    """A pool that computes in this process, and keeps the jobs that it was given."""

    def __init__(self, model):
        self.replica, self.jobs, self.is_open = Replica(model.layers), [], False

    def __enter__(self):
        self.is_open = True
        return self.run

    def __exit__(self, *error):
        self.is_open = False

    def run(self, job, items, add):
        self.jobs.append(job)
        return functools.reduce(add, [job(self.replica, item) for item in items])


def test_a_pool_computes_the_micro_batches_of_fit_and_gets_the_same_objects_at_every_step():
    X, y = data(70)
    models = small_model(), small_model()
    pool = InOrder(models[0])
    records = fit(models[0], X, y, Adam(), CrossEntropy(), epochs=2, pool=pool)
    assert not pool.is_open
    seen = [next(records)]
    assert pool.is_open
    seen += list(records)
    assert not pool.is_open
    assert seen == run(models[1], Adam(), X, y, epochs=2)
    assert bits(models[0]) == bits(models[1])
    first = pool.jobs[0].keywords
    assert len(pool.jobs) == 6
    for job in pool.jobs:
        assert [key for key, value in job.keywords.items() if value is not first[key]] in ([], ["seed"])


def test_a_pool_must_be_a_context_manager():
    with pytest.raises(TypeError, match=r"^fit: pool must be a context manager, got 2\."):
        fit(small_model(), *data(), Adam(), CrossEntropy(), pool=2)


def test_a_batch_larger_than_the_data_is_one_step():
    X, y = data(5)
    assert len(steps_of(run(small_model(), Adam(), X, y, batch_size=32))) == 1


def test_the_cost_and_accuracy_of_an_epoch_are_means_over_examples_not_over_batches():
    X, y = data(10)
    one, two, three, epoch = run(small_model(), GradientDescent(), X, y, batch_size=4)
    assert_allclose(epoch.cost, (4 * one.cost + 4 * two.cost + 2 * three.cost) / 10, rtol=1e-12)
    assert_allclose(epoch.accuracy, (4 * one.accuracy + 4 * two.accuracy + 2 * three.accuracy) / 10, rtol=1e-12)


def test_the_cost_and_accuracy_of_a_step_are_those_before_it():
    X, y = data()
    model = small_model()
    cost, accuracy = evaluate(model, X, y, CrossEntropy())
    record = next(fit(model, X, y, GradientDescent(0.5), CrossEntropy(), batch_size=12))
    assert_allclose((record.cost, record.accuracy), (cost, accuracy), rtol=1e-5)
    assert evaluate(model, X, y, CrossEntropy())[0] != pytest.approx(cost, rel=1e-3)


def test_a_step_is_the_optimisers_step_with_the_gradients_of_its_batch():
    X, y = data()
    model, other = small_model(dtype="float64"), small_model(dtype="float64")
    order = np.concatenate(list(batches(12, 5, other.rng)))
    run(model, Momentum(), X, y, batch_size=5)
    by_hand = Momentum()
    for start in range(0, 12, 5):
        batch = order[start : start + 5]
        _, dC_dO = CrossEntropy()(other.forward(X[batch]), y[batch])
        other.backward(dC_dO)
        by_hand.step(other.parameters())
    assert bits(model) == bits(other)


def test_every_example_is_seen_once_an_epoch_in_an_order_that_changes(rng):
    one, other = (np.concatenate(list(batches(23, 5, rng))) for _ in range(2))
    assert_array_equal(np.sort(one), np.arange(23))
    assert_array_equal(np.sort(other), np.arange(23))
    assert (one != other).any()
    assert [len(batch) for batch in batches(23, 5, rng)] == [5, 5, 5, 5, 3]


@pytest.mark.parametrize("schedule", [Cosine(0.1, 6), OneCycle(0.1, 6), lambda step: 0.1 / (step + 1)])
def test_records_show_the_learning_rate_of_their_step(schedule):
    X, y = data(10)
    records = run(small_model(), GradientDescent(schedule), X, y, epochs=2, batch_size=4)
    assert [record.learning_rate for record in steps_of(records)] == [schedule(step) for step in range(6)]


def test_the_steps_of_a_schedule_continue_in_the_next_fit():
    X, y = data()
    optimiser, model = GradientDescent(Cosine(0.1, 4)), small_model()
    rates = [record.learning_rate for _ in range(2) for record in steps_of(run(model, optimiser, X, y, batch_size=6))]
    assert rates == [Cosine(0.1, 4)(step) for step in range(4)]


def test_records_cannot_be_changed():
    X, y = data()
    record = next(fit(small_model(), X, y, Adam(), CrossEntropy()))
    with pytest.raises(AttributeError):
        record.cost = 0.0


def test_numbers_in_records_are_plain():
    X, y = data()
    for record in run(small_model(), Adam(), X, y, batch_size=6, validation=(X, y)):
        assert {type(value) for value in vars(record).values()} <= {int, float}


def test_fit_prints_nothing(capsys):
    X, y = data()
    run(small_model(), Adam(), X, y, epochs=2, validation=(X, y))
    assert capsys.readouterr() == ("", "")


def test_nothing_happens_before_the_first_record_is_asked_for():
    X, y = data()
    model, optimiser = small_model(), Adam()
    before, chance = bits(model, optimiser), model.rng.bit_generator.state
    records = fit(model, X, y, optimiser, CrossEntropy())
    assert bits(model, optimiser) == before
    assert model.rng.bit_generator.state == chance
    assert all(layer.last_forward is None for layer in model.layers)
    next(records)
    assert bits(model, optimiser) != before


def test_one_step_happens_for_one_record():
    X, y = data()
    optimiser = Adam()
    records = fit(small_model(), X, y, optimiser, CrossEntropy(), batch_size=4)
    for count in (1, 2, 3):
        next(records)
        assert optimiser.steps == count


# --- learning ---


@each_optimiser
def test_the_cost_falls_on_a_tiny_set(make):
    X, y = data()
    epochs = [each for each in run(small_model(), make(0.01), X, y, epochs=30, batch_size=4) if isinstance(each, Epoch)]
    assert epochs[-1].cost < 0.7 * epochs[0].cost


@pytest.fixture(scope="module")
def ten_digits():
    digits = load_mnist(limit=10)
    return digits.X_train, digits.y_train


def test_a_network_overfits_ten_digits(ten_digits):
    X, y = ten_digits
    model = Model([Conv2D(4, stride=2), ReLU(), Pool2D(), Flatten(), FullyConnected(10, "zeros")])
    first, *_, last = steps_of(run(model, Adam(0.01), X, y, epochs=60, batch_size=10))
    assert first.cost == pytest.approx(math.log(10), rel=1e-6)
    assert last.cost < 0.05
    assert evaluate(model, X, y, CrossEntropy())[1] == 1.0
    assert_array_equal(confusion_matrix(model, X, y), np.eye(10))


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_first_cost_is_the_logarithm_of_the_classes_where_the_last_layer_starts_at_zero(classes):
    X, y = data(shape=(4,), classes=min(classes, 4))
    record = next(fit(Model([FullyConnected(classes, "zeros")], (4,)), X, y, Adam(), CrossEntropy()))
    assert record.cost == pytest.approx(math.log(classes), rel=1e-6)


def test_mean_squared_error_finds_the_line(rng):
    X = rng.normal(size=(64, 2))
    wanted = X @ np.array([[2.0], [-3.0]]) + 0.5
    model = row_model(2, 1, dtype="float64")
    records = run(model, Adam(0.05), X, wanted, MeanSquaredError(), epochs=100, batch_size=16)
    assert records[-1].cost < 1e-4
    assert_allclose(model.layers[0].params["W"], [[2], [-3]], atol=0.01)
    assert_allclose(model.layers[0].params["B"], [0.5], atol=0.01)


def test_accuracy_is_none_where_targets_are_not_labels(rng):
    X, wanted = rng.normal(size=(8, 4)), rng.normal(size=(8, 3))
    records = run(row_model(), Adam(), X, wanted, MeanSquaredError(), batch_size=4, validation=(X, wanted))
    assert {record.accuracy for record in records} == {None}
    assert records[-1].validation_accuracy is None
    assert records[-1].validation_cost > 0


def squared(outputs, y):
    """Return a cost and a gradient for targets of any kind: a loss that does not check them."""
    return float(np.mean(outputs**2)), 2 * outputs / outputs.size


def rows_but(last, count=64):
    """Return one-hot targets with another last row: nearly every batch of them looks one-hot."""
    return np.vstack([np.eye(3)[np.arange(count - 1) % 3], last])


NO_LABELS = {  # name: (targets, nodes, loss)
    "several-right-answers": (rows_but([1, 1, 0]), 3, MeanSquaredError()),
    "no-right-answer": (rows_but([0, 0, 0]), 3, MeanSquaredError()),
    "a-real-number": (rows_but([0.9, 0.1, 0]), 3, MeanSquaredError()),
    "a-larger-number": (rows_but([0, 5, 0]), 3, MeanSquaredError()),
    "a-sum-of-one": (rows_but([2, -1, 0]), 3, MeanSquaredError()),
    "booleans": (rows_but([1, 0, 1]).astype(bool), 3, MeanSquaredError()),
    "one-column-of-ones": (np.ones((64, 1)), 1, MeanSquaredError()),
    "one-column": (np.arange(64).reshape(64, 1) % 2, 1, MeanSquaredError()),
    "whole-numbers-beyond-the-outputs": (np.arange(64) // 16, 3, squared),
    "whole-numbers-below-zero": (np.arange(64) % 3 - 1, 3, squared),
    "whole-numbers-for-one-output": (np.arange(64) * 0, 1, squared),
    "real-numbers-that-are-whole": (np.arange(64.0) % 3, 3, squared),
    "texts": (np.array(["a", "b", "c", "d"] * 16), 3, squared),
    "rows-of-texts": (np.full((64, 3), "1"), 3, squared),
}


@pytest.mark.parametrize(("y", "nodes", "loss"), NO_LABELS.values(), ids=NO_LABELS)
def test_no_record_has_an_accuracy_where_one_target_shows_that_they_are_no_labels(rng, y, nodes, loss):
    X = rng.normal(size=(64, 4))
    records = run(row_model(nodes=nodes), Adam(), X, y, loss, epochs=2, batch_size=4, validation=(X, y))
    assert len(records) == 34
    assert {record.accuracy for record in records} == {None}
    assert {record.validation_accuracy for record in records if isinstance(record, Epoch)} == {None}
    assert evaluate(row_model(nodes=nodes), X, y, loss)[1] is None


def test_outputs_that_are_images_have_no_accuracy(rng):
    X = rng.normal(size=(8, 1, 6, 6))
    for y, loss in ((np.arange(8) % 2, squared), (np.ones((8, 2, 4, 4)), MeanSquaredError())):
        records = run(Model([Conv2D(2)], (1, 6, 6)), Adam(), X, y, loss, batch_size=4)
        assert {record.accuracy for record in records} == {None}


LABELS = {
    "numbers": (lambda y: y, CrossEntropy()),
    "one-hot": (np.eye(3).__getitem__, MeanSquaredError()),
    "one-hot-booleans": (np.eye(3, dtype=bool).__getitem__, MeanSquaredError()),
    "one-hot-bytes": (np.eye(3, dtype=np.uint8).__getitem__, squared),
    "bytes": (lambda y: y.astype(np.uint8), squared),
}


@pytest.mark.parametrize(("form", "loss"), LABELS.values(), ids=LABELS)
def test_every_record_has_an_accuracy_where_targets_are_labels(form, loss):
    X, y = data(65, shape=(4,))
    records = run(row_model(), Adam(), X, form(y), loss, batch_size=4, validation=(X, form(y)))
    assert all(0 <= record.accuracy <= 1 for record in records)
    assert evaluate(row_model(), X, form(y), loss)[1] == np.mean(row_model().predict(X).argmax(axis=1) == y)
    assert 0 <= records[-1].validation_accuracy <= 1


def test_targets_and_those_of_the_validation_are_judged_each_for_itself(rng):
    X, labels, others = rng.normal(size=(64, 4)), np.eye(3)[np.arange(64) % 3], rows_but([1, 1, 0])
    loss = MeanSquaredError()
    with_labels = run(row_model(), Adam(), X, labels, loss, batch_size=4, validation=(X, others))
    without = run(row_model(), Adam(), X, others, loss, batch_size=4, validation=(X, labels))
    assert None not in {record.accuracy for record in with_labels}
    assert with_labels[-1].validation_accuracy is None
    assert {record.accuracy for record in without} == {None}
    assert 0 <= without[-1].validation_accuracy <= 1


def test_mean_squared_error_of_one_hot_targets_has_an_accuracy():
    X, y = data(shape=(4,))
    cost, accuracy = evaluate(row_model(), X, np.eye(3)[y], MeanSquaredError())
    assert cost > 0
    assert accuracy == np.mean(row_model().predict(X).argmax(axis=1) == y)


def test_outputs_that_are_images_can_be_trained_with_mean_squared_error(rng):
    X = rng.normal(size=(8, 1, 6, 6))
    first, *_, last = run(
        Model([Conv2D(1, padding="same")], (1, 6, 6)), Adam(0.05), X, X, MeanSquaredError(), epochs=50, batch_size=8
    )
    assert last.cost < 0.1 * first.cost
    assert last.accuracy is None


FORMS = [
    pytest.param(lambda y: np.eye(3)[y], id="one-hot-floats"),
    pytest.param(lambda y: np.eye(3, dtype=int)[y], id="one-hot-integers"),
    pytest.param(lambda y: np.eye(3, dtype=bool)[y], id="one-hot-booleans"),
    pytest.param(lambda y: y.astype(np.uint8), id="uint8"),
    pytest.param(lambda y: y.astype(">i4"), id="big-endian"),
    pytest.param(lambda y: y.tolist(), id="list"),
]


@pytest.mark.parametrize("form", FORMS)
def test_labels_in_another_form_train_to_the_same_bits(form):
    X, y = data()
    model, other = small_model(), small_model()
    records = run(model, Adam(), X, y, validation=(X, y))
    assert run(other, Adam(), X, form(y), validation=(X, form(y))) == records
    assert bits(other) == bits(model)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given", ["uint8", "bool", "int8", "int64", ">i2", "uint64"])
def test_integers_train_to_the_same_bits_as_the_same_numbers_as_floats(rng, given, dtype):
    X, y = rng.integers(0, 256, (200, 1, 6, 6)).astype(given), np.arange(200) % 3
    X = np.where(X > 100, np.iinfo(given).max, X).astype(given) if given in ("int64", "uint64") else X
    model, other = small_model(dtype=dtype), small_model(dtype=dtype)
    rate = 1e-40 if given in ("int64", "uint64") else 1e-5  # so large that float32 has to round them
    options = {"batch_size": 150, "validation": (X, y)}
    records = run(model, Adam(rate), X, y, **options)
    floats = X.astype(dtype)
    assert run(other, Adam(rate), floats, y, batch_size=150, validation=(floats, y)) == records
    assert bits(model) == bits(other)
    assert evaluate(model, X, y, CrossEntropy()) == evaluate(model, floats, y, CrossEntropy())


@pytest.mark.parametrize("task", ["fit", "validation", "evaluate"])
def test_the_memory_of_training_on_bytes_does_not_grow_with_the_images(task):
    def call(count):
        X, y = np.ones((count, 1, 28, 28), np.uint8), np.zeros(count, np.int64)
        model = Model([Flatten(), FullyConnected(2)])
        few = X[:64], y[:64]
        tracemalloc.start()
        if task == "evaluate":
            evaluate(model, X, y, CrossEntropy())
        elif task == "validation":
            run(model, Adam(), *few, validation=(X, y), workers=1)
        else:
            next(fit(model, X, y, Adam(), CrossEntropy(), workers=1))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    call(64)  # caches
    assert call(20_000) - call(2000) < 18_000 * 784 / 8  # labels, outputs and the order, not the images: 14 MB as bytes


def test_values_beyond_float32_are_refused_before_the_training():
    X, y = data()
    X = X.astype(float)
    X[-1, -1, -1, -1] = 1e39
    with pytest.raises(ValueError, match=r"^fit: X contains 1 value that is not finite .* index \(11, 0, 5, 5\)"):
        fit(small_model(), X, y, Adam(), CrossEntropy())


def test_inputs_are_never_modified():
    X, y = data()
    one_hot = np.eye(3)[y]
    before = X.tobytes(), y.tobytes(), one_hot.tobytes()
    for array in (X, y, one_hot):
        array.flags.writeable = False
    run(small_model(), Adam(), X, y, epochs=2, validation=(X, y))
    run(small_model(), Adam(), X, one_hot)
    run(small_model(), Adam(), X, one_hot, MeanSquaredError())
    confusion_matrix(small_model(), X, one_hot)
    assert (X.tobytes(), y.tobytes(), one_hot.tobytes()) == before


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_number_of_workers_does_not_change_a_bit(workers):
    X, y = data(40)
    model, other = small_model(), small_model()
    assert run(model, Adam(), X, y) == run(other, Adam(), X, y, workers=workers)
    assert bits(model) == bits(other)


def test_fit_uses_the_parameters_at_its_start():
    X, y = data()
    model = small_model()
    records = fit(model, X, y, GradientDescent(), CrossEntropy())
    model.layers[4].params["W"] = np.zeros((8, 3))
    model.layers[4].params["B"] = np.zeros(3, int)
    assert next(records).cost == pytest.approx(math.log(3), rel=1e-6)


def test_gradients_of_the_last_batch_are_available_after_each_record():
    X, y = data()
    model = small_model()
    for _ in fit(model, X, y, Adam(), CrossEntropy(), batch_size=4):
        assert all(grad.any() for _, _, grad in model.parameters())


# --- validation, evaluate, confusion_matrix ---


def test_validation_is_evaluated_after_every_epoch_and_changes_nothing():
    X, y = data()
    held_out = data(7, classes=2)
    model, other = small_model(), small_model()
    for record in fit(model, X, y, Adam(), CrossEntropy(), epochs=3, batch_size=6, validation=held_out):
        if isinstance(record, Epoch):
            found = record.validation_cost, record.validation_accuracy
            assert found == evaluate(model, *held_out, CrossEntropy())
    plain = run(other, Adam(), X, y, epochs=3, batch_size=6)
    assert bits(other) == bits(model)
    assert plain[-1].validation_cost is plain[-1].validation_accuracy is None


def test_evaluate_equals_a_plain_loop():
    X, y = data(11)
    model = small_model(dtype="float64")
    costs, correct = [], 0
    for image, label in zip(X, y, strict=True):
        outputs = model.predict(image[None])[0]
        costs.append(math.log(sum(math.exp(each) for each in outputs)) - outputs[label])
        correct += max(range(3), key=lambda k: outputs[k]) == label
    cost, accuracy = evaluate(model, X, y, CrossEntropy())
    assert_allclose(cost, sum(costs) / 11, rtol=1e-10)
    assert accuracy == correct / 11
    assert correct > 0


def test_evaluate_changes_nothing():
    X, y = data(11)
    model = small_model()
    before, chance = bits(model), model.rng.bit_generator.state
    evaluate(model, X, y, CrossEntropy())
    confusion_matrix(model, X, y)
    assert bits(model) == before
    assert model.rng.bit_generator.state == chance
    assert all(layer.last_forward is None for layer in model.layers)


def test_confusion_matrix_equals_a_plain_loop(rng):
    X, y = rng.normal(size=(300, 4)), rng.integers(0, 3, 300)
    model = row_model()
    wanted = [[0] * 3 for _ in range(3)]
    for image, label in zip(X, y, strict=True):
        wanted[label][int(model.predict(image[None]).argmax())] += 1
    found = confusion_matrix(model, X, y)
    assert_array_equal(found, wanted)
    assert found.dtype == np.int64
    assert (found != found.T).any()
    assert_array_equal(confusion_matrix(model, X, np.eye(3)[y]), wanted)
    assert np.trace(found) / 300 == evaluate(model, X, y, CrossEntropy())[1]


def test_confusion_matrix_of_a_thousand_classes_is_no_larger_than_its_counts():
    X, _ = data(4, shape=(4,))
    assert confusion_matrix(row_model(nodes=1000), X, [0, 0, 0, 999]).shape == (1000, 1000)


def test_confusion_matrix_has_rows_for_absent_classes():
    X, _ = data(4, shape=(4,))
    counts = confusion_matrix(row_model(nodes=5), X, [0, 0, 0, 0])
    assert counts.shape == (5, 5)
    assert counts[0].sum() == 4
    assert not counts[1:].any()


# --- validation when fit is called; nothing has changed ---


def nan_at(*index, value=np.nan):
    X, _ = data(20)
    X[index] = value
    return X


X20, Y20 = data(20)

WRONG_CALLS = [
    pytest.param({"epochs": 0}, ValueError, "epochs must be a positive integer, got 0", id="epochs-0"),
    pytest.param({"epochs": 1.5}, TypeError, "epochs must be a positive integer, got 1.5", id="epochs-float"),
    pytest.param({"epochs": True}, TypeError, "epochs must be a positive integer, got True", id="epochs-bool"),
    pytest.param({"batch_size": 0}, ValueError, "batch_size must be a positive integer, got 0", id="batch-0"),
    pytest.param({"batch_size": "32"}, TypeError, "batch_size must be a positive integer, got '32'", id="batch-text"),
    pytest.param({"workers": 0}, ValueError, "workers must be a positive integer, got 0", id="workers-0"),
    pytest.param({"workers": 2.0}, TypeError, "workers must be a positive integer, got 2.0", id="workers-float"),
    pytest.param({"model": "model"}, TypeError, "model must be a Model, got str", id="model-text"),
    pytest.param({"loss": CrossEntropy}, TypeError, r"loss must be a loss such as CrossEntropy\(\)", id="loss-class"),
    pytest.param(
        {"loss": "mse"}, TypeError, r"loss must be a loss such as CrossEntropy\(\), got 'mse'", id="loss-text"
    ),
    pytest.param(
        {"optimiser": Adam}, TypeError, r"optimiser must be an optimiser such as Adam\(\)", id="optimiser-class"
    ),
    pytest.param(
        {"optimiser": 0.01}, TypeError, r"optimiser must be an optimiser such as Adam\(\)", id="optimiser-rate"
    ),
    pytest.param({"X": X20[:0], "y": Y20[:0]}, ValueError, r"X is empty \(shape \(0, 1, 6, 6\)\)", id="empty"),
    pytest.param({"X": X20[:19]}, ValueError, "got 20 labels for 19 examples", id="fewer-images"),
    pytest.param({"y": Y20[:19]}, ValueError, "got 19 labels for 20 examples", id="fewer-labels"),
    pytest.param({"X": X20[:, 0]}, ValueError, r"X must have 4 dimensions \(N, C, H, W\), got 3", id="dimensions"),
    pytest.param(
        {"X": np.zeros((20, 6, 6, 1))},
        ValueError,
        r"expected 1 channel on axis 1, got 6 .*transpose",
        id="channels-last",
    ),
    pytest.param({"X": np.zeros((20, 1, 6, 7))}, ValueError, r"X has shape \(20, 1, 6, 7\), expected", id="size"),
    pytest.param({"X": X20.astype(str)}, TypeError, "X must be an array of real numbers, got dtype <U32", id="X-text"),
    pytest.param({"X": X20 * 1j}, TypeError, "X must be an array of real numbers, got dtype complex", id="X-complex"),
    pytest.param({"X": None}, TypeError, "X must be an array of real numbers, got NoneType", id="X-none"),
    pytest.param(
        {"X": nan_at(17, 0, 3, 5)},
        ValueError,
        r"X contains 1 value that is not finite \(nan or infinity\), the first at index \(17, 0, 3, 5\)",
        id="nan",
    ),
    pytest.param(
        {"X": nan_at(slice(4, 7), 0, 3, 5, value=-np.inf)},
        ValueError,
        r"X contains 3 values that are not finite \(nan or infinity\), the first at index \(4, 0, 3, 5\)",
        id="infinity",
    ),
    pytest.param(
        {"X": nan_at(2, 0, 1, 1).astype(np.float64) + 1e300},
        ValueError,
        r"X contains .* not finite",
        id="too-large-for-float32",
    ),
    pytest.param(
        {"y": np.where(np.arange(20) == 3, 10, Y20)},
        ValueError,
        r"fit: label 10 at index 3; labels must be 0\.\.2 for 3 outputs\.$",
        id="label-10",
    ),
    pytest.param(
        {"y": Y20 - 1}, ValueError, r"label -1 at index 0; labels must be 0\.\.2 for 3 outputs", id="label--1"
    ),
    pytest.param({"y": Y20.astype(float)}, TypeError, "labels must be integers, got dtype float64", id="labels-float"),
    pytest.param({"y": Y20.astype(str)}, TypeError, "labels must be integers, got dtype <U21", id="labels-text"),
    pytest.param({"y": Y20 > 0}, TypeError, "labels must be integers, got dtype bool", id="labels-bool"),
    pytest.param({"y": None}, ValueError, r"labels must have shape \(N,\) or be one-hot \(N, 3\)", id="labels-none"),
    pytest.param({"y": np.eye(4)[Y20]}, ValueError, r"one-hot with 3 columns", id="one-hot-columns"),
    pytest.param(
        {"y": np.ones((20, 3))}, ValueError, r"one-hot with 3 columns: zeros and a single one", id="many-ones"
    ),
    pytest.param({"y": Y20[:, None]}, ValueError, r"labels of shape \(20, 1\)", id="labels-column"),
    pytest.param({"y": np.zeros((20, 3, 1))}, ValueError, r"labels must have shape \(N,\)", id="labels-3-d"),
    pytest.param(
        {"loss": MeanSquaredError()},
        ValueError,
        r"targets have shape \(20,\), expected \(20, 3\).*np\.eye",
        id="mse-labels",
    ),
    pytest.param(
        {"loss": MeanSquaredError(), "y": np.full((20, 3), np.nan)},
        ValueError,
        "targets contains 60 values that are not finite",
        id="mse-nan",
    ),
    pytest.param(
        {"model": Model([Conv2D(1)], (1, 6, 6))},
        ValueError,
        r"outputs must have 2 dimensions \(N, classes\)",
        id="images-out",
    ),
    pytest.param(
        {"model": Model([Flatten(), FullyConnected(3), Softmax()], (1, 6, 6))},
        ValueError,
        "the last layer is Softmax, and CrossEntropy has it inside. Leave out the Softmax layer",
        id="softmax-twice",
    ),
    pytest.param(
        {"validation": X20}, TypeError, r"validation must be a pair \(X, y\), got ndarray", id="validation-array"
    ),
    pytest.param({"validation": (X20,)}, TypeError, r"validation must be a pair \(X, y\)", id="validation-one"),
    pytest.param({"validation": (X20, Y20[:3])}, ValueError, "validation: got 3 labels for 20", id="validation-count"),
    pytest.param({"validation": (X20[:0], Y20[:0])}, ValueError, "validation: X is empty", id="validation-empty"),
    pytest.param(
        {"validation": (nan_at(2, 0, 1, 1), Y20)}, ValueError, r"validation: X contains 1 value", id="validation-nan"
    ),
]


@pytest.mark.parametrize(("change", "error", "words"), WRONG_CALLS)
def test_fit_refuses_when_it_is_called_and_nothing_has_changed(change, error, words):
    X, y = data(20)
    model, optimiser = small_model(), Adam()
    run(model, optimiser, X, y)
    before, chance = bits(model, optimiser), model.rng.bit_generator.state
    arguments = {"model": model, "X": X, "y": y, "optimiser": optimiser, "loss": CrossEntropy()} | change
    if change.keys() == {"model"} and not isinstance(change["model"], str):
        arguments["optimiser"] = Adam()
    with pytest.raises(error, match=f"^fit: .*{words}" if not words.startswith("fit") else words):
        fit(**arguments)
    assert bits(model, optimiser) == before
    assert model.rng.bit_generator.state == chance


def test_the_message_for_a_label_out_of_range_is_exact():
    model, X = Model([FullyConnected(10)], (4,)), np.zeros((5, 4))
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        fit(model, X, [0, 1, 2, 10, 4], Adam(), CrossEntropy())
    assert str(caught.value) == "fit: label 10 at index 3; labels must be 0..9 for 10 outputs."


def test_fit_refuses_parameters_that_do_not_fit_when_it_is_called():
    X, y = data()
    model = small_model()
    model.layers[0].params["F"] = np.ones((3, 3))
    chance = model.rng.bit_generator.state
    with pytest.raises(ValueError, match=r"params\['F'\] has shape \(3, 3\)"):
        fit(model, X, y, Adam(), CrossEntropy())
    assert model.rng.bit_generator.state == chance


@each_optimiser
def test_an_optimiser_with_the_state_of_another_model_is_refused(make):
    X, y = data()
    model, optimiser, other = small_model(), make(), small_model()
    run(model, optimiser, X, y)
    before = bits(other, optimiser)
    with pytest.raises(ValueError, match=rf"fit: this {make.__name__} holds the state of another model"):
        fit(other, X, y, optimiser, CrossEntropy())
    assert bits(other, optimiser) == before
    run(model, optimiser, X, y)  # with its own model it can continue


def test_an_optimiser_whose_model_is_gone_is_refused_too():
    X, y = data()
    optimiser = Adam()
    run(small_model(), optimiser, X, y)
    with pytest.raises(ValueError, match="holds the state of another model"):
        fit(small_model(), X, y, optimiser, CrossEntropy())


def test_an_optimiser_without_a_step_is_not_bound_to_a_model():
    X, y = data()
    optimiser = Adam()
    fit(small_model(), X, y, optimiser, CrossEntropy())
    assert len(run(small_model(), optimiser, X, y)) == 2


def test_an_optimiser_that_was_bound_to_another_model_after_fit_was_called_is_refused():
    X, y = data()
    optimiser, model, other = Adam(), small_model(), small_model(seed=1)
    records, waiting = (fit(each, X, y, optimiser, CrossEntropy()) for each in (model, other))
    next(records)
    before, chance = bits(other, optimiser), other.rng.bit_generator.state
    with pytest.raises(ValueError, match="holds the state of another model"):
        next(waiting)
    assert bits(other, optimiser) == before
    assert other.rng.bit_generator.state == chance
    next(records)  # and the first training goes on


EVALUATE_REFUSES = [
    pytest.param({"model": 3}, TypeError, "evaluate: model must be a Model, got int", id="model"),
    pytest.param({"loss": CrossEntropy}, TypeError, "evaluate: loss must be a loss", id="loss-class"),
    pytest.param({"y": Y20 + 1}, ValueError, "evaluate: label 3 at index 2", id="label"),
    pytest.param({"X": nan_at(3, 0, 0, 0)}, ValueError, r"evaluate: X contains 1 value .* \(3, 0, 0, 0\)", id="nan"),
    pytest.param({"X": X20[:0], "y": []}, ValueError, "evaluate: X is empty", id="empty"),
    pytest.param({"y": Y20[1:]}, ValueError, "evaluate: got 19 labels for 20 examples", id="count"),
    pytest.param(
        {"model": Model([Flatten(), Softmax()], (1, 6, 6))},
        ValueError,
        "evaluate: the last layer is Softmax",
        id="softmax",
    ),
]


@pytest.mark.parametrize(("change", "error", "words"), EVALUATE_REFUSES)
def test_evaluate_refuses(change, error, words):
    arguments = {"model": small_model(), "X": X20, "y": Y20, "loss": CrossEntropy()} | change
    with pytest.raises(error, match=words):
        evaluate(**arguments)


CONFUSION_REFUSES = [
    pytest.param({"y": Y20 + 1}, ValueError, "confusion_matrix: label 3 at index 2", id="label"),
    pytest.param({"y": Y20[1:]}, ValueError, "confusion_matrix: got 19 labels for 20 examples", id="count"),
    pytest.param({"y": Y20 / 1}, TypeError, "confusion_matrix: labels must be integers", id="floats"),
    pytest.param(
        {"model": Model([Conv2D(1)], (1, 6, 6))}, ValueError, r"must give outputs \(N, classes\)", id="images"
    ),
    pytest.param({"model": "m"}, TypeError, "confusion_matrix: model must be a Model, got str", id="model"),
]


@pytest.mark.parametrize(("change", "error", "words"), CONFUSION_REFUSES)
def test_confusion_matrix_refuses(change, error, words):
    with pytest.raises(error, match=words):
        confusion_matrix(**{"model": small_model(), "X": X20, "y": Y20} | change)


def test_a_user_defined_loss_is_accepted():
    X, y = data()

    def mean_output(outputs, targets):
        return float(outputs.mean()), np.full(outputs.shape, 1 / outputs.size)

    model = small_model()
    first, *_, last = run(model, GradientDescent(0.1), X, y, mean_output, epochs=5)
    assert last.cost < first.cost
    with pytest.raises(ValueError, match="fit: got 11 targets for 12 examples"):
        fit(model, X, y[:11], Adam(), mean_output)


# --- divergence: parameters and state are those of the last finite step ---


class Poison:
    """A loss that returns the given cost, or gradient, from its third call on."""

    name = "Poison"

    def __init__(self, cost=None, gradient=None):
        self.calls, self.cost, self.gradient = 0, cost, gradient

    def __call__(self, outputs, targets):
        self.calls += 1
        cost, dC_dO = CrossEntropy()(outputs, targets)
        if self.calls < 3:
            return cost, dC_dO
        return self.cost or cost, dC_dO if self.gradient is None else np.full_like(dC_dO, self.gradient)


POISONS = [
    pytest.param({"cost": np.nan}, "the cost became nan", id="cost-nan"),
    pytest.param({"cost": np.inf}, "the cost became infinite", id="cost-infinite"),
    pytest.param({"gradient": np.inf}, r"the gradient of 0\.\w became", id="gradient-infinite"),
    pytest.param({"gradient": np.nan}, r"the gradient of 0\.\w became nan", id="gradient-nan"),
]


@each_optimiser
@pytest.mark.parametrize(("poison", "words"), POISONS)
def test_divergence_leaves_the_last_finite_step(make, poison, words):
    X, y = data()
    model, optimiser = small_model(), make(0.01)
    records = fit(model, X, y, optimiser, Poison(**poison), epochs=2, batch_size=6)
    next(records), next(records)
    next(records)  # the Epoch
    before = bits(model, optimiser)
    with pytest.raises(
        FloatingPointError, match=rf"fit: {words}.* at epoch 2, step 3 \(learning_rate=0\.01\)\..* last"
    ):
        next(records)
    assert bits(model, optimiser) == before
    assert optimiser.steps == 2
    run(model, optimiser, X, y)  # goes on


@each_optimiser
def test_a_parameter_that_would_overflow_leaves_the_last_finite_step(make):
    X, y = data(shape=(4,))
    model, optimiser = row_model(), make(lambda step: 1e39 if step == 2 else 0.01)
    records = fit(model, X, y, optimiser, CrossEntropy(), batch_size=4)
    next(records), next(records)
    before = bits(model, optimiser)
    with pytest.raises(FloatingPointError, match=r"fit: the new value of 0\.[WB] became .* at epoch 1, step 3"):
        next(records)
    assert bits(model, optimiser) == before


@pytest.mark.parametrize("make", [RMSProp, Adam, AdamW], ids=lambda make: make.__name__)
@pytest.mark.parametrize("at", [1, 3])
def test_a_moment_that_would_overflow_leaves_the_last_finite_step(make, at):
    X, y = data(shape=(4,))
    model, optimiser = row_model(), make(0.01)
    loss = Poison(gradient=1e25)  # finite, and so is every gradient; its square is not
    loss.calls = 3 - at
    records = fit(model, X, y, optimiser, loss, batch_size=4)
    for _ in range(at - 1):
        next(records)
    before = bits(model, optimiser)
    with pytest.raises(FloatingPointError, match=r"the new (second|mean_square) of 0\.W became infinite"):
        next(records)
    assert bits(model, optimiser) == before
    assert set(optimiser.state) == (set() if at == 1 else {"0.W", "0.B"})


def test_a_real_divergence_is_found_without_a_warning(rng):
    X, wanted = rng.normal(size=(32, 4)), rng.normal(size=(32, 3))
    model, optimiser = row_model(), GradientDescent(100.0)
    records = fit(model, X, wanted, optimiser, MeanSquaredError(), epochs=100, batch_size=8)
    seen_bits = []
    with pytest.raises(FloatingPointError, match=r"learning_rate=100\.0.*smaller learning_rate"):
        seen_bits.extend(bits(model, optimiser) for _ in records)
    assert bits(model, optimiser) == seen_bits[-1]
    assert all(np.isfinite(param).all() for _, param, _ in model.parameters())
    assert np.isfinite(model.predict(X)).all()


def test_a_user_defined_schedule_that_returns_no_number_stops_before_the_step():
    X, y = data()
    model, optimiser = small_model(), Adam(lambda step: 0.01 if step < 2 else float("nan"))
    records = fit(model, X, y, optimiser, CrossEntropy(), batch_size=4)
    next(records), next(records)
    before = bits(model, optimiser)
    with pytest.raises(ValueError, match="Adam: learning_rate at step 2 must be a finite number >= 0, got nan"):
        next(records)
    assert bits(model, optimiser) == before


# --- interrupts: a step happens entirely or not at all ---


def whole(model, optimiser, X, y, path):
    """Check that the model predicts, saves, and goes on."""
    assert np.isfinite(model.predict(X)).all()
    model.save(path)
    assert bits(Model.load(path)) == bits(model)
    assert all(math.isfinite(record.cost) for record in run(model, optimiser, X, y))


class Interrupting(ReLU):
    """Raises KeyboardInterrupt in its third call of `where`."""

    def __init__(self, where):
        super().__init__()
        self.where, self.calls = where, 0

    def _count(self, where):
        self.calls += where == self.where
        if self.where == where and self.calls == 3:
            raise KeyboardInterrupt

    def apply(self, X):
        self._count("forward")
        return super().apply(X)

    def gradients(self, dC_dO, X):
        self._count("backward")
        return super().gradients(dC_dO, X)


@each_optimiser
@pytest.mark.parametrize("where", ["forward", "backward"])
def test_an_interrupt_inside_a_layer_leaves_the_last_whole_step(make, where, tmp_path):
    X, y = data()
    layer = Interrupting(where)
    model, optimiser = Model([Conv2D(2), layer, Flatten(), FullyConnected(3)], (1, 6, 6)), make()
    records = fit(model, X, y, optimiser, CrossEntropy(), batch_size=4)
    next(records), next(records)
    before = bits(model, optimiser)
    with pytest.raises(KeyboardInterrupt):
        next(records)
    assert bits(model, optimiser) == before
    assert list(records) == []
    run(model, optimiser, X, y)


@each_optimiser
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("update", [1, 2, 4, 5, 7, 8])
def test_an_interrupt_between_two_parameters_leaves_the_last_whole_step(make, update, moment, tmp_path):
    calls = itertools.count(1)

    class Interrupted(make):
        def update(self, *arguments, **moments):
            now = next(calls) == update
            if now and moment == "before":
                raise KeyboardInterrupt
            super().update(*arguments, **moments)
            if now:
                raise KeyboardInterrupt

    X, y = data()
    model, optimiser = small_model(), Interrupted()
    seen_bits = [bits(model, optimiser)]
    records = fit(model, X, y, optimiser, CrossEntropy(), batch_size=4)
    with pytest.raises(KeyboardInterrupt):
        seen_bits.extend(bits(model, optimiser) for _ in records)
    assert bits(model, optimiser) == seen_bits[-1]
    assert optimiser.steps == len(seen_bits) - 1 == (update - 1) // 4
    whole(model, optimiser, X, y, tmp_path / "model.npz")


def interrupted_at(line, records):
    """Ask for the next record, with a SIGINT at that line of cnn_core; return whether the line was reached."""
    core = str(Path(cnn_core.__file__).parent)
    lines = itertools.count()

    def trace(frame, event, argument):
        if not frame.f_code.co_filename.startswith(core):
            return None
        if event == "line" and next(lines) == line:
            signal.raise_signal(signal.SIGINT)
        return trace

    old = sys.gettrace()
    sys.settrace(trace)
    try:
        next(records)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(old)
    return False


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_an_interrupt_at_any_line_leaves_a_whole_step(tmp_path, every):
    X, y = data(6, shape=(4,))
    model, optimiser = row_model(), Adam()
    after_steps = [bits(model, optimiser)]
    for _ in fit(model, X, y, optimiser, CrossEntropy(), batch_size=3):
        after_steps.append(bits(model, optimiser))
    line, outcomes = 0, []
    while True:
        model, optimiser = row_model(), Adam()
        records = fit(model, X, y, optimiser, CrossEntropy(), batch_size=3)
        next(records)
        if not interrupted_at(line, records):
            break
        found = bits(model, optimiser)
        assert found in after_steps, f"half a step is left by an interrupt at line {line}"
        outcomes.append(after_steps.index(found))
        if len(outcomes) % 40 == 1:
            whole(model, optimiser, X, y, tmp_path / "model.npz")
        line += every
    assert set(outcomes) == {1, 2}
    assert outcomes.count(2) > 100 / every  # held back until the second step was complete


def test_closing_the_generator_leaves_the_last_whole_step(tmp_path):
    X, y = data()
    model, optimiser = small_model(), Adam()
    records = fit(model, X, y, optimiser, CrossEntropy(), batch_size=4)
    next(records), next(records)
    before = bits(model, optimiser)
    records.close()
    assert bits(model, optimiser) == before
    assert optimiser.steps == 2
    whole(model, optimiser, X, y, tmp_path / "model.npz")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_in_the_loop_that_reads_the_records_leaves_the_last_whole_step(error, tmp_path):
    X, y = data()
    model, optimiser = small_model(), Adam()
    seen_bits = []

    def show(record):
        seen_bits.append(bits(model, optimiser))
        if record.step == 2:
            raise error

    with pytest.raises(error):
        any(map(show, fit(model, X, y, optimiser, CrossEntropy(), batch_size=4)))
    assert bits(model, optimiser) == seen_bits[-1]
    assert optimiser.steps == len(seen_bits) == 2
    whole(model, optimiser, X, y, tmp_path / "model.npz")


def test_an_error_in_a_user_defined_loss_is_raised_and_leaves_the_last_whole_step():
    def broken(outputs, targets):
        if optimiser.steps == 2:
            raise ZeroDivisionError("mine")
        return CrossEntropy()(outputs, targets)

    X, y = data()
    model, optimiser = small_model(), Adam()
    records = fit(model, X, y, optimiser, broken, batch_size=4)
    next(records), next(records)
    before = bits(model, optimiser)
    with pytest.raises(ZeroDivisionError, match="mine"):
        next(records)
    assert bits(model, optimiser) == before


def test_a_second_fit_continues_the_training():
    X, y = data()
    model, optimiser = small_model(), Adam(0.01)
    first = run(model, optimiser, X, y, epochs=10)[-1]
    second = run(model, optimiser, X, y, epochs=10)[-1]
    assert second.cost < first.cost
    assert optimiser.steps == 20


@pytest.mark.parametrize("batch_size", [0, -1, 1.5])
def test_batches_refuses_a_size_that_is_not_a_positive_integer(rng, batch_size):
    with pytest.raises((TypeError, ValueError), match="batches: batch_size must be a positive integer"):
        list(batches(10, batch_size, rng))


# --- interrupts at every function call ---


@pytest.mark.parametrize("every", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_an_interrupt_at_any_function_call_leaves_a_whole_step(rng, monkeypatch, every):
    """The bits stay the same when training continues and the traceback with its frames is deleted only then."""
    X, y = rng.normal(size=(8, 1, 4, 4)), np.arange(8) % 3
    monkeypatch.setattr(sys, "unraisablehook", lambda *_: None)

    def bits_of(model, optimiser):
        return optimiser.steps, [param.tobytes() for _, param, _ in model.parameters()]

    def begun():
        model, optimiser = Model([Conv2D(2), ReLU(), Flatten(), FullyConnected(3)], (1, 4, 4)), Adam()
        return model, optimiser, fit(model, X, y, optimiser, CrossEntropy(), batch_size=4, workers=1)

    def interrupt(frame, event, arg):
        nonlocal calls
        calls += 1
        if calls == position:
            signal.raise_signal(signal.SIGINT)

    model, optimiser, records = begun()
    whole = [bits_of(model, optimiser)] + [bits_of(model, optimiser) for _ in records]
    position, seen = 1 - every, set()
    while True:
        position, calls, caught = position + every, 0, None
        model, optimiser, records = begun()
        sys.settrace(interrupt)
        try:
            next(records)
        except KeyboardInterrupt as error:
            caught = error
        finally:
            sys.settrace(None)
        if calls < position:
            break
        assert bits_of(model, optimiser) in whole[:2], position
        seen.add(optimiser.steps)
        list(fit(model, X, y, optimiser, CrossEntropy(), batch_size=4, workers=1))
        later = bits_of(model, optimiser)
        del caught, records
        assert bits_of(model, optimiser) == later, position
    assert seen == {0, 1}
    assert position > 100


# --- copies and pickles ---


def pickled(thing, protocol=pickle.HIGHEST_PROTOCOL):
    return pickle.loads(pickle.dumps(thing, protocol))


def pickled_out_of_band(thing):
    buffers = []
    content = pickle.dumps(thing, 5, buffer_callback=buffers.append)
    return pickle.loads(content, buffers=[bytearray(buffer.raw()) for buffer in buffers])


COPIES = [copy.deepcopy, pickled, functools.partial(pickled, protocol=2), pickled_out_of_band]
each_copy = pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "pickle", "protocol-2", "out-of-band"])


def some_digits():
    return np.random.default_rng(7).normal(size=(70, 1, 6, 6)).astype("float32"), np.arange(70) % 3


def used_pair(make=Adam, rate=0.01):
    model, optimiser = small_model(), make(rate)
    go_on(model, optimiser)
    return model, optimiser


def go_on(model, optimiser):
    """Train for an epoch; return all bits of the model and of the optimiser."""
    list(fit(model, *some_digits(), optimiser, CrossEntropy(), batch_size=40, workers=2))
    moments = [array.tobytes() for own in optimiser.state.values() for array in own.values()]
    return [param.tobytes() for _, param, _ in model.parameters()], moments, optimiser.steps


@each_copy
@each_optimiser
def test_a_copied_pair_goes_on_with_the_same_bits_and_belongs_together(copied, make):
    model, optimiser = used_pair(make, rate=Cosine(0.01, steps=9))
    for order in (1, -1):
        again = dict(zip("mo"[::order], copied((model, optimiser)[::order]), strict=True))
        assert again["o"].owner() is again["m"]
        if make is not GradientDescent:  # which has moments to confuse
            with pytest.raises(ValueError, match="holds the state of another model"):
                fit(model, *some_digits(), again["o"], CrossEntropy())
            with pytest.raises(ValueError, match="holds the state of another model"):
                fit(again["m"], *some_digits(), optimiser, CrossEntropy())
        expected, found = copied((model, optimiser)), (again["m"], again["o"])
        assert go_on(*found) == go_on(*expected)
    assert go_on(*copied((model, optimiser))) == go_on(model, optimiser)


@each_copy
def test_an_optimiser_copied_alone_can_go_on_with_a_model_whose_arrays_are_alike_and_no_other(copied):
    model, optimiser = used_pair()
    apart, alone = copied(model), copied(optimiser)
    assert alone.owner is None
    with pytest.raises(ValueError, match="Make a new optimiser for another model"):
        list(fit(small_model(input_shape=(1, 8, 8)), np.zeros((3, 1, 8, 8)), [0, 1, 2], copied(alone), CrossEntropy()))
    assert go_on(apart, alone) == go_on(model, optimiser)
    with pytest.raises(ValueError, match="holds the state of another model"):
        fit(model, *some_digits(), alone, CrossEntropy())


@each_copy
def test_a_pair_in_a_larger_structure_belongs_together(copied):
    model, optimiser = used_pair()
    model.optimiser = optimiser  # a circle
    again = copied({"best": [model], "others": (optimiser, CrossEntropy(), Cosine(0.1, 5), [ReLU(), Softmax()])})
    assert again["best"][0].optimiser is again["others"][0]
    assert again["others"][0].owner() is again["best"][0]


@each_copy
def test_a_pair_can_be_copied_while_it_is_trained_and_the_training_goes_on(copied):
    (model, optimiser), (other, same) = used_pair(), used_pair()
    records, wanted = (
        fit(*pair[:1], *some_digits(), pair[1], CrossEntropy(), batch_size=40, workers=2)
        for pair in ((model, optimiser), (other, same))
    )
    assert next(records) == next(wanted)
    between = copied((model, optimiser))
    assert list(records) == list(wanted)
    assert between[1].steps == optimiser.steps - 1
    go_on(*between)
    with pytest.raises(TypeError, match="generator"):
        copied(fit(model, *some_digits(), optimiser, CrossEntropy()))


def test_a_copied_optimiser_keeps_no_model_alive_and_an_optimiser_of_a_lost_model_stays_bound():
    model, optimiser = used_pair()
    again = copy.deepcopy((model, optimiser))
    lost = [weakref.ref(model), weakref.ref(again[0])]
    again = again[1]
    del model
    gc.collect()
    assert [each() for each in lost] == [None, None]
    with pytest.raises(ValueError, match="holds the state of another model"):
        fit(small_model(), *some_digits(), optimiser, CrossEntropy())
    fit(small_model(), *some_digits(), again, CrossEntropy())  # as if it had been copied alone


@pytest.mark.slow
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_pair_trains_in_another_process_to_the_same_bits(method):
    model, optimiser = used_pair()
    with multiprocessing.get_context(method).Pool(1) as pool:
        found = pool.apply(go_on, (model, optimiser))
        again = pool.apply(_same, ((model, optimiser),))
    assert again[1].owner() is again[0]
    assert found == go_on(model, optimiser) == go_on(*again)


def _same(thing):
    return thing


# --- forks ---


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("workers", [1, 2, None])
@pytest.mark.parametrize("examples", [10, 200], ids=["one-micro-batch", "several"])
@pytest.mark.parametrize(
    "act", ["[next(records), next(records)]", "list(records)", "records.close()", "del records", "pass"]
)
def test_a_paused_training_is_not_continued_in_a_forked_process_and_goes_on_in_its_parent(
    tmp_path, workers, examples, act
):
    script = f"""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of os.fork, from Python 3.12
X, y = images({examples})
def begin():
    model, optimiser = make(), Adam()
    return model, optimiser, fit(model, X, y, optimiser, CrossEntropy(), epochs=2, batch_size=150, workers={workers})
model, optimiser, records = begin()
next(records)
def act():
    global records
    signal.alarm(60)
    try:
        {act}
    except RuntimeError as error:
        print("RuntimeError", error, list(records), flush=True)
    model.predict(X)
    print("Again", len(list(fit(model, X, y, optimiser, CrossEntropy(), workers={workers}))) > 1, flush=True)
pid = os.fork()
if not pid:
    act()
    sys.exit(0)  # not os._exit: the threads of the pool are joined at the end
print("child", os.waitpid(pid, 0)[1], flush=True)
list(records)
undisturbed = begin()
list(undisturbed[2])
print("parent", numbers(model) == numbers(undisturbed[0]))
"""
    lines = run_in(tmp_path, script)
    refused = ["RuntimeError"] if "(records)" in act else []
    assert [line.split()[0] for line in lines] == [*refused, "Again", "child", "parent"]
    assert all("fit" in line and line.endswith("Call fit again here. []") for line in lines[: len(refused)])
    assert lines[-3:] == ["Again True", "child 0", "parent True"]
