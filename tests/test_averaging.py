"""WeightAverage: the average itself, in fit, as a model, in copies; interrupts; what it refuses."""

import copy
import pickle
import signal
import sys
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from saved_models import bits, data, parameter_bits, small_model

from cnn_core import (
    Adam,
    BatchNorm2D,
    CrossEntropy,
    Flatten,
    FullyConnected,
    GradientDescent,
    Model,
    Step,
    WeightAverage,
    fit,
    load_checkpoint,
    save_checkpoint,
)


def trained(average, optimiser=None, model=None, epochs=1, **options):
    """Return a model after some epochs of three steps, and its parameters after each step."""
    model, after = model or small_model(), []
    records = fit(model, *data(), optimiser or Adam(0.01), CrossEntropy(), epochs, 5, average=average, **options)
    for record in records:
        if isinstance(record, Step):
            after.append({key: param.copy() for key, param, _ in model.parameters()})
    return model, after


def averaged(average):
    return {key: array.tobytes() for key, array in average.params.items()}


# --- the average ---


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
def test_the_average_starts_as_a_copy_after_the_first_step_and_follows_the_formula(decay):
    average = WeightAverage(decay)
    _, after = trained(average, epochs=4, model=small_model(dtype="float64"))
    expected = after[0]
    for params in after[1:]:
        expected = {key: decay * expected[key] + (1 - decay) * param for key, param in params.items()}
    assert len(after) == 12
    assert average.params.keys() == expected.keys() == {"0.F", "0.B", "4.W", "4.B"}
    for key, array in expected.items():
        assert_allclose(average.params[key], array, rtol=1e-13, atol=1e-15)


def test_after_one_step_the_average_is_a_copy_of_the_parameters():
    average = WeightAverage()
    records = fit(small_model(), *data(), Adam(0.01), CrossEntropy(), average=average)
    next(records)
    assert parameter_bits(average.model()) == parameter_bits(average.source)


def test_a_decay_of_zero_gives_the_last_parameters():
    average = WeightAverage(0)
    model, _ = trained(average)
    for key, param, _ in model.parameters():
        assert_allclose(average.params[key], param, rtol=1e-6, atol=1e-8)


def test_parameters_that_stay_the_same_are_their_own_average_bit_for_bit():
    average, model = WeightAverage(0.9), small_model()
    for _ in range(50):
        average.add(model)
    assert parameter_bits(average.model()) == parameter_bits(model)


def test_the_average_in_float32_is_near_that_in_float64_after_many_steps(rng):
    average, model = WeightAverage(0.999), Model([FullyConnected(8)], (50,))
    W, exact = model.layers[0].params["W"], None
    for _ in range(5000):
        W += ((0.3 - W) * 2e-3 + rng.normal(0, 1e-3, W.shape)).astype(np.float32)
        average.add(model)
        exact = W.astype(np.float64) if exact is None else exact + 0.001 * (W - exact)
    assert average.params["0.W"].dtype == np.float32
    assert np.abs(average.params["0.W"] / exact - 1).max() < 1e-5


def test_an_average_made_in_a_loop_of_ones_own_is_that_of_fit():
    average, own = WeightAverage(0.9), WeightAverage(0.9)
    model = small_model()
    for record in fit(model, *data(), Adam(0.01), CrossEntropy(), epochs=3, batch_size=5, average=average):
        if isinstance(record, Step):
            own.add(model)
    assert averaged(own) == averaged(average)


def test_a_second_fit_continues_the_average():
    average, twice, model, optimiser = WeightAverage(0.9), WeightAverage(0.9), small_model(), Adam(0.01)
    trained(average, epochs=2)
    trained(twice, optimiser, model)
    trained(twice, optimiser, model)
    assert averaged(twice) == averaged(average)


def test_training_has_the_same_bits_with_and_without_an_average():
    optimiser, other = Adam(0.01), Adam(0.01)
    model, without = trained(WeightAverage(), optimiser)[0], trained(None, other)[0]
    assert bits(model, optimiser) == bits(without, other)


# --- the model ---


def test_the_model_of_an_average_is_independent_of_the_trained_one():
    average = WeightAverage(0.9)
    model, _ = trained(average)
    found, before, kept = average.model(), bits(model), averaged(average)
    assert repr(found) == repr(model)
    arrays = [[param for _, param, _ in each.parameters()] for each in (found, model)] + [list(average.params.values())]
    assert not any(np.shares_memory(a, b) for a, b, c in zip(*arrays, strict=True) for a, b in ((a, b), (a, c)))
    list(fit(found, *data(), Adam(0.1), CrossEntropy()))
    assert (bits(model), averaged(average)) == (before, kept)
    list(fit(model, *data(), Adam(0.1), CrossEntropy()))
    assert averaged(average) == kept
    assert parameter_bits(average.model()) != parameter_bits(found)


def test_the_model_of_an_average_predicts_with_the_averages_and_can_be_saved(model_path):
    average = WeightAverage(0.5)
    model, _ = trained(average)
    found = average.model()
    for key, param, grad in found.parameters():
        assert_array_equal(param, average.params[key])
        assert grad is None
    assert (found.predict(data()[0]) != model.predict(data()[0])).any()
    found.save(model_path)
    assert parameter_bits(Model.load(model_path)) == parameter_bits(found)


def test_the_model_of_an_average_keeps_the_dtype_and_the_generator():
    average = WeightAverage()
    model, _ = trained(average, model=small_model(dtype="float64", seed=3))
    found = average.model()
    assert found.rng is not model.rng
    assert found.rng.bit_generator.state == model.rng.bit_generator.state
    assert {param.dtype.name for _, param, _ in found.parameters()} == {"float64"}


def test_the_model_of_an_average_takes_over_the_running_statistics_as_they_are():
    average, layer = WeightAverage(0.9), BatchNorm2D()
    model = Model([layer, Flatten(), FullyConnected(3)], (1, 6, 6))
    trained(average, model=model)
    found = average.model().layers[0]
    assert_array_equal(found.state["running_mean"], layer.state["running_mean"])
    assert (layer.state["running_mean"] != 0).all()
    found.state["running_mean"] += 1
    assert (found.state["running_mean"] != layer.state["running_mean"]).all()


def test_the_model_of_an_average_leaves_out_the_arrays_of_the_last_forward_and_backward_pass():
    average, model = WeightAverage(), small_model()
    trained(average, model=model)
    model.backward(model.forward(np.zeros((20_000, 1, 6, 6))))
    tracemalloc.start()
    found = average.model()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000
    assert all(layer.last_forward is None and layer.grads == {} for layer in found.layers)
    assert all(layer.last_forward is not None and layer.grads is not None for layer in model.layers)
    with pytest.raises(RuntimeError, match="backward was called before forward"):
        found.backward(np.zeros((1, 3)))
    assert found.layers[0].grads is not found.layers[1].grads


def test_a_class_derived_from_model_stays_that_class():
    class Named(Model):
        title = "mine"

    average = WeightAverage()
    trained(average, model=Named([Flatten(), FullyConnected(3)], (1, 6, 6)))
    assert average.model().title == "mine"


# --- a step happens entirely or not at all ---


def test_a_refused_step_leaves_the_average_of_the_last_finite_step():
    average, model, calls = WeightAverage(0.9), small_model(), iter([0, 0, 1])

    def loss(outputs, labels):
        cost, dC_dO = CrossEntropy()(outputs, labels)
        return cost, dC_dO + (np.nan if next(calls) else 0)

    records = fit(model, *data(), Adam(0.01), loss, batch_size=5, average=average)
    next(records), next(records)
    kept = averaged(average)
    with pytest.raises(FloatingPointError):
        next(records)
    assert averaged(average) == kept


@pytest.mark.parametrize("every", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_an_interrupt_at_any_function_call_leaves_the_average_of_whole_steps(monkeypatch, every):
    monkeypatch.setattr(sys, "unraisablehook", lambda *_: None)

    def begun():
        model, average = Model([Flatten(), FullyConnected(3)], (1, 6, 6)), WeightAverage(0.5)
        records = fit(model, *data(), Adam(0.1), CrossEntropy(), batch_size=6, workers=1, average=average)
        next(records)
        return model, average, records

    def found(model, average):
        return parameter_bits(model), averaged(average)

    def interrupt(frame, event, arg):
        nonlocal calls
        calls += 1
        if calls == position:
            signal.raise_signal(signal.SIGINT)

    model, average, records = begun()
    whole = [found(model, average), next(records) and found(model, average)]
    position, seen = 1 - every, set()
    while True:
        position, calls = position + every, 0
        model, average, records = begun()
        sys.settrace(interrupt)
        try:
            next(records)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        if calls < position:
            break
        seen.add(whole.index(found(model, average)))
    assert seen == {0, 1}
    assert position > 100


# --- copies and pickles ---

COPIES = [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))]


@pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "pickle"])
def test_a_copied_model_optimiser_and_average_go_on_together_with_the_same_bits(copied):
    average, optimiser = WeightAverage(0.9), Adam(0.01)
    model, _ = trained(average, optimiser)
    again, other, theirs = copied((model, optimiser, average))
    assert theirs.source is again
    trained(theirs, other, again)
    trained(average, optimiser, model)
    assert averaged(theirs) == averaged(average)
    with pytest.raises(ValueError, match="is of another model"):
        trained(average, model=again)


# --- what is refused ---


@pytest.mark.parametrize(
    ("decay", "error"),
    [(1, ValueError), (-0.1, ValueError), (np.nan, ValueError), ("0.9", TypeError), (True, TypeError)],
)
def test_a_decay_that_is_no_number_from_0_to_below_1_is_refused(decay, error):
    with pytest.raises(error, match="WeightAverage: decay must be a finite number >= 0 and < 1, got"):
        WeightAverage(decay)


def test_the_decay_cannot_be_changed_and_is_shown():
    average = WeightAverage(np.float32(0.5))
    with pytest.raises(AttributeError, match="decay cannot be changed; make a new WeightAverage"):
        average.decay = 0.9
    assert repr(average) == "WeightAverage(decay=0.5)"
    assert repr(WeightAverage()) == "WeightAverage(decay=0.999)"


def test_there_is_no_model_before_the_first_step():
    average = WeightAverage()
    records = fit(small_model(), *data(), Adam(), CrossEntropy(), average=average)
    with pytest.raises(RuntimeError, match=r"WeightAverage: no average yet\. Give it to fit and make a step\."):
        average.model()
    next(records)
    average.model()


@pytest.mark.parametrize("value", [0.999, WeightAverage, "average", Adam()], ids=["number", "class", "text", "Adam"])
def test_fit_refuses_what_is_no_average(value):
    with pytest.raises(TypeError, match="fit: average must be a WeightAverage, got"):
        fit(small_model(), *data(), Adam(), CrossEntropy(), average=value)


def test_the_average_of_another_model_is_refused_everywhere(model_path):
    average = WeightAverage(0.9)
    trained(average)
    other, kept = small_model(), averaged(average)
    calls = {
        "fit": lambda: fit(other, *data(), Adam(), CrossEntropy(), average=average),
        "save_checkpoint": lambda: save_checkpoint(model_path, other, Adam(), average),
        "WeightAverage": lambda: average.add(other),
    }
    for name, call in calls.items():
        words = f"^{name}: this WeightAverage is of another model. Make a new one for this model."
        with pytest.raises(ValueError, match=words):
            call()
    assert averaged(average) == kept
    assert not model_path.exists()


def test_an_average_that_was_given_to_another_fit_since_is_refused_before_anything_changes():
    average, late, optimiser = WeightAverage(), small_model(), GradientDescent()
    records = fit(late, *data(), optimiser, CrossEntropy(), average=average)
    trained(average)
    before, chance = parameter_bits(late), late.rng.bit_generator.state
    with pytest.raises(ValueError, match=r"^fit: this WeightAverage is of another model"):
        next(records)
    assert (parameter_bits(late), late.rng.bit_generator.state, optimiser.steps) == (before, chance, 0)


def test_add_refuses_what_is_no_model():
    with pytest.raises(TypeError, match="WeightAverage: model must be a Model, got FullyConnected"):
        WeightAverage().add(FullyConnected(3))


# --- checkpoints ---


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", [Adam, GradientDescent], ids=["Adam", "GradientDescent"])
def test_an_average_goes_on_from_a_checkpoint_with_the_same_bits(model_path, make, dtype):
    average, optimiser = WeightAverage(0.9), make(0.01)
    model, _ = trained(average, optimiser, small_model(dtype=dtype))
    save_checkpoint(model_path, model, optimiser, average)
    checkpoint = load_checkpoint(model_path)
    again, other = checkpoint
    assert bits(again, other) == bits(model, optimiser)
    assert (repr(checkpoint.average), averaged(checkpoint.average)) == (repr(average), averaged(average))
    assert checkpoint.average.source is again
    trained(average, optimiser, model)
    trained(checkpoint.average, other, again)
    assert averaged(checkpoint.average) == averaged(average)
    assert parameter_bits(checkpoint.average.model()) == parameter_bits(average.model())


def test_an_average_before_its_first_step_can_be_saved(model_path):
    model, optimiser = trained(None)[0], Adam()
    save_checkpoint(model_path, model, optimiser, WeightAverage(0.25))
    checkpoint = load_checkpoint(model_path)
    assert repr(checkpoint.average) == "WeightAverage(decay=0.25)"
    assert (checkpoint.average.params, checkpoint.average.source) == ({}, None)
    trained(checkpoint.average, checkpoint[1], checkpoint[0])


def test_a_checkpoint_without_an_average_has_none(saved_checkpoint):
    checkpoint = load_checkpoint(saved_checkpoint)
    assert checkpoint.average is None
    assert (len(checkpoint), type(checkpoint[0]), type(checkpoint[1])) == (2, Model, Adam)


def test_an_average_of_a_class_of_ones_own_works_and_cannot_be_saved(model_path):
    class Mine(WeightAverage):
        pass

    average = Mine(0.9)
    model, _ = trained(average, optimiser := Adam())
    with pytest.raises(TypeError, match=r"Mine\(decay=0\.9\) cannot be written to a file; what can: WeightAverage"):
        save_checkpoint(model_path, model, optimiser, average)
    assert not model_path.exists()


def test_an_average_that_is_not_finite_is_not_saved(model_path):
    average = WeightAverage(0.9)
    model, _ = trained(average, optimiser := Adam())
    average.params["0.B"][1] = np.inf
    with pytest.raises(ValueError, match=r"average/0\.B contains 1 value .* \(1,\)"):
        save_checkpoint(model_path, model, optimiser, average)
    assert not model_path.exists()
