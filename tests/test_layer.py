"""The interface of every layer: build, forward, backward and parameters, with one table of cases for all of them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

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
    Sigmoid,
    Softmax,
    Tanh,
)

# how to make a layer, the shape of one input, and the shape of one output
LAYERS = [
    pytest.param(lambda: Conv2D(4, (3, 2), 2, "same"), (3, 6, 5), (4, 3, 3), id="Conv2D"),
    pytest.param(lambda: Conv2D(4, 3, bias=False), (3, 6, 5), (4, 4, 3), id="Conv2D-no-bias"),
    pytest.param(lambda: Pool2D(2), (3, 6, 5), (3, 3, 2), id="Pool2D-max"),
    pytest.param(lambda: Pool2D((2, 3), 1, 1, "mean"), (3, 6, 5), (3, 7, 5), id="Pool2D-mean"),
    pytest.param(lambda: Pool2D(2, padding="include", mode="min"), (3, 6, 5), (3, 3, 3), id="Pool2D-min"),
    pytest.param(lambda: FullyConnected(4), (5,), (4,), id="FullyConnected"),
    pytest.param(lambda: FullyConnected(4, bias=False), (5,), (4,), id="FullyConnected-no-bias"),
    pytest.param(Flatten, (3, 6, 5), (90,), id="Flatten"),
    pytest.param(ReLU, (3, 6, 5), (3, 6, 5), id="ReLU"),
    pytest.param(LeakyReLU, (5,), (5,), id="LeakyReLU"),
    pytest.param(Sigmoid, (5,), (5,), id="Sigmoid"),
    pytest.param(Tanh, (3, 6, 5), (3, 6, 5), id="Tanh"),
    pytest.param(Softmax, (5,), (5,), id="Softmax"),
    pytest.param(BatchNorm2D, (3, 6, 5), (3, 6, 5), id="BatchNorm2D"),
    pytest.param(lambda: BatchNorm2D(0.2, 1e-3), (5,), (5,), id="BatchNorm2D-vectors"),
    pytest.param(Dropout, (3, 6, 5), (3, 6, 5), id="Dropout"),
    pytest.param(lambda: Dropout(0.2), (5,), (5,), id="Dropout-vectors"),
    pytest.param(GlobalAveragePool2D, (3, 6, 5), (3,), id="GlobalAveragePool2D"),
]
EVERY_LAYER = pytest.mark.parametrize(("make", "input_shape", "output_shape"), LAYERS)
WITH_PARAMS = pytest.mark.parametrize(
    ("make", "input_shape", "output_shape"),
    [case for case in LAYERS if case.id.startswith(("Conv2D", "FullyConnected", "BatchNorm2D"))],
)
WITH_WEIGHTS = pytest.mark.parametrize(
    ("make", "input_shape", "output_shape"),
    [case for case in LAYERS if case.id.startswith(("Conv2D", "FullyConnected"))],
)


def frozen(array):
    array.flags.writeable = False
    return array


def copied(arrays):
    return {key: array.copy() for key, array in arrays.items()}


def assert_equal_arrays(found, wanted):
    assert found.keys() == wanted.keys()
    for key in wanted:
        assert_array_equal(found[key], wanted[key], strict=True)


# --- forward and backward ---


@EVERY_LAYER
def test_shapes_are_those_of_output_shape(rng, make, input_shape, output_shape):
    layer, X = make(), rng.normal(size=(2, *input_shape))
    assert layer.output_shape(input_shape) == output_shape
    O = layer.forward(X)
    assert O.shape == (2, *output_shape)
    assert layer.backward(np.ones_like(O)).shape == X.shape


@EVERY_LAYER
def test_grads_have_the_keys_and_shapes_of_params(rng, make, input_shape, output_shape):
    layer = make()
    layer.backward(np.ones_like(layer.forward(rng.normal(size=(2, *input_shape)))))
    assert {key: grad.shape for key, grad in layer.grads.items()} == {k: p.shape for k, p in layer.params.items()}


@EVERY_LAYER
def test_a_second_backward_gives_the_same_and_adds_nothing(rng, make, input_shape, output_shape):
    layer = make()
    layer.forward(rng.normal(size=(2, *input_shape)))
    dC_dO = rng.normal(size=(2, *output_shape))
    first, first_grads = layer.backward(dC_dO), copied(layer.grads)
    assert_array_equal(layer.backward(dC_dO), first)
    assert_equal_arrays(layer.grads, first_grads)


@EVERY_LAYER
def test_backward_changes_no_parameter_and_no_array_that_was_given(rng, make, input_shape, output_shape):
    layer = make()
    X, dC_dO = frozen(rng.normal(size=(2, *input_shape))), frozen(rng.normal(size=(2, *output_shape)))
    O = layer.forward(X)
    before, O_before = copied(layer.params), O.copy()
    dC_dX = layer.backward(dC_dO)
    gradient = dC_dX.copy()
    assert_equal_arrays(layer.params, before)
    layer.backward(layer.forward(rng.normal(size=(2, *input_shape))))  # arrays that were returned are not reused
    assert_array_equal(O, O_before)
    assert_array_equal(dC_dX, gradient)


@EVERY_LAYER
def test_backward_follows_the_last_forward(rng, make, input_shape, output_shape):
    first, second = rng.normal(size=(2, 3, *input_shape))
    dC_dO = rng.normal(size=(3, *output_shape))
    layer, other = make(), make()
    layer.forward(first)
    for each in (layer, other):
        each.rng = np.random.default_rng(5)
        each.forward(second)
    assert_array_equal(layer.backward(dC_dO), other.backward(dC_dO))
    assert_equal_arrays(layer.grads, other.grads)


@EVERY_LAYER
def test_apply_keeps_no_state(rng, make, input_shape, output_shape):
    X, other = rng.normal(size=(2, 3, *input_shape))
    dC_dO = rng.normal(size=(3, *output_shape))
    layer = make()
    layer.forward(X)
    wanted = layer.backward(dC_dO)
    layer.apply(other)
    assert_array_equal(layer.backward(dC_dO), wanted)


@EVERY_LAYER
def test_each_example_is_independent_of_the_others(rng, make, input_shape, output_shape):
    """A predicted output does not depend on the other examples of the batch; integers make this exact."""
    X, layer = rng.integers(-9, 10, (3, *input_shape)).astype(float), make()
    layer.forward(X)
    for key, param in layer.params.items():
        layer.params[key] = np.round(9 * param)
    O = layer.forward(X, training=False)
    for n in range(3):
        assert_array_equal(layer.apply(X[n : n + 1])[0], O[n])


@EVERY_LAYER
def test_an_empty_batch_gives_an_empty_output(make, input_shape, output_shape):
    layer = make()
    O = layer.forward(np.zeros((0, *input_shape)))
    assert O.shape == (0, *output_shape)
    assert layer.backward(O).shape == (0, *input_shape)
    assert_equal_arrays(layer.grads, {key: np.zeros_like(param) for key, param in layer.params.items()})


@EVERY_LAYER
@pytest.mark.parametrize(
    ("given", "expected"), [("float32", "float32"), ("float64", "float64"), ("uint8", "float64"), (">f4", "float32")]
)
def test_a_layer_alone_takes_the_dtype_of_its_input(rng, make, input_shape, output_shape, given, expected):
    layer = make()
    O = layer.forward(rng.integers(0, 256, (2, *input_shape)).astype(given))
    dC_dX = layer.backward(np.ones((2, *output_shape)))
    arrays = [O, dC_dX, *layer.params.values(), *layer.grads.values()]
    assert {array.dtype for array in arrays} == {np.dtype(expected)}


@EVERY_LAYER
def test_a_built_layer_converts_its_input(rng, make, input_shape, output_shape):
    layer = make()
    layer.build(input_shape, rng, "float32")
    O = layer.forward(rng.integers(0, 256, (2, *input_shape)).astype(np.uint8))
    dC_dX = layer.backward(np.ones((2, *output_shape), int))
    assert O.dtype == dC_dX.dtype == np.float32


@EVERY_LAYER
def test_nan_is_passed_on(rng, make, input_shape, output_shape):
    X = rng.normal(size=(2, *input_shape))
    X[0] = np.nan
    O = make().forward(X, training=False)
    assert np.isnan(O[0]).all()
    assert np.isfinite(O[1]).all()


# --- parameters ---


@WITH_PARAMS
def test_a_layer_used_alone_builds_itself_from_seed_zero(rng, make, input_shape, output_shape):
    alone, built = make(), make()
    alone.forward(rng.normal(size=(2, *input_shape)))
    built.build(input_shape, np.random.default_rng(0), "float64")
    assert_equal_arrays(alone.params, built.params)


@WITH_WEIGHTS
def test_build_draws_from_the_generator_alone(make, input_shape, output_shape):
    layers = [make() for _ in range(3)]
    for layer, seed in zip(layers, (5, 5, 6), strict=True):
        layer.build(input_shape, np.random.default_rng(seed))
    first, same, other = layers
    assert_equal_arrays(first.params, same.params)
    key = next(iter(first.params))
    assert not np.any(first.params[key] == other.params[key])


@WITH_PARAMS
def test_the_second_forward_does_not_build_again(rng, make, input_shape, output_shape):
    layer = make()
    layer.forward(rng.normal(size=(2, *input_shape)))
    before = {key: id(param) for key, param in layer.params.items()}
    layer.forward(rng.normal(size=(3, *input_shape)))
    assert {key: id(param) for key, param in layer.params.items()} == before


@WITH_PARAMS
def test_assigned_parameters_are_used(rng, make, input_shape, output_shape):
    layer, X = make(), rng.normal(size=(2, *input_shape))
    layer.forward(X)
    assigned = {key: rng.normal(size=param.shape) for key, param in layer.params.items()}
    for key, value in assigned.items():
        layer.params[key] = value
    other = make()
    other.params = assigned  # before the first forward
    O = layer.forward(X)
    assert_array_equal(O, other.forward(X))
    dC_dO = np.ones_like(O)
    assert_array_equal(layer.backward(dC_dO), other.backward(dC_dO))


@WITH_PARAMS
def test_parameters_assigned_through_a_reference_to_the_dictionary_are_used(rng, make, input_shape, output_shape):
    layer, X = make(), rng.normal(size=(2, *input_shape))
    layer.forward(X)
    params = layer.params  # a name for the same dictionary, before another forward
    layer.forward(X)
    for key in params:
        params[key] = np.zeros_like(params[key])
    assert_array_equal(layer.forward(X), np.zeros((2, *output_shape)))


@WITH_PARAMS
def test_a_layer_that_shares_the_parameters_of_another_does_not_change_them(rng, make, input_shape, output_shape):
    first, second, X = make(), make(), rng.normal(size=(2, *input_shape))
    O = first.forward(X)
    second.params = first.params
    second.build(input_shape, rng, "float32")  # rounds the parameters of the other layer
    assert_array_equal(first.forward(X), O, strict=True)
    second.build(input_shape, rng, "float32")  # draws anew
    assert_array_equal(first.forward(X), O, strict=True)
    second.params = first.params
    second.forward(X)  # rounds the parameters of the other layer
    assert_array_equal(first.forward(X), O, strict=True)


@WITH_PARAMS
@pytest.mark.parametrize(
    "assigned",
    [
        pytest.param(lambda shape: np.ones(shape, int), id="integers"),
        pytest.param(lambda shape: np.ones(shape).tolist(), id="lists"),
        pytest.param(lambda shape: frozen(np.ones(shape)), id="read-only"),
        pytest.param(lambda shape: np.asfortranarray(np.ones(shape)), id="Fortran-ordered"),
        pytest.param(lambda shape: np.broadcast_to(1.0, shape), id="broadcast"),
    ],
)
def test_assigned_parameters_become_arrays_that_can_be_trained_in_place(rng, make, input_shape, output_shape, assigned):
    layer, X = make(), rng.normal(size=(2, *input_shape)).astype(np.float32)
    layer.forward(X)
    for key, param in layer.params.items():
        layer.params[key] = assigned(param.shape)
    layer.forward(X)
    for param in layer.params.values():
        assert param.dtype == np.float32
        assert param.flags.writeable
        assert param.flags.c_contiguous
        assert_array_equal(param, np.ones(param.shape, np.float32))


@WITH_PARAMS
def test_parameters_of_another_shape_or_name_are_refused(rng, make, input_shape, output_shape):
    layer, X = make(), rng.normal(size=(2, *input_shape))
    O = layer.forward(X)
    good = dict(layer.params)
    key = next(iter(good))
    for wrong, error, words in (
        ({key: good[key][..., :1]}, ValueError, rf"params\['{key}'\] has shape .*, expected"),
        ({key: "random"}, TypeError, rf"params\['{key}'\] must be an array of real numbers, got str"),
        ({"Q": good[key]}, ValueError, r"params must have the keys .*, got .*'Q'"),
    ):
        layer.params = good | wrong
        for call in (lambda: layer.forward(X), lambda: layer.backward(np.ones_like(O))):
            with pytest.raises(error, match=f"^{layer.name}: {words}"):
                call()
    layer.params = good
    assert_array_equal(layer.forward(X), O)


@WITH_PARAMS
def test_a_missing_parameter_is_refused(rng, make, input_shape, output_shape):
    layer, X = make(), rng.normal(size=(2, *input_shape))
    layer.forward(X)
    del layer.params[next(iter(layer.params))]
    with pytest.raises(ValueError, match=f"^{layer.name}: params must have the keys"):
        layer.forward(X)


# --- the order of calls ---


@EVERY_LAYER
def test_backward_before_forward_is_refused(make, input_shape, output_shape):
    layer = make()
    for _ in ("not built", "built"):
        with pytest.raises(RuntimeError, match=rf"^{layer.name}: backward was called before forward\. Call forward"):
            layer.backward(np.ones((2, *output_shape)))
        layer.build(input_shape, np.random.default_rng(0))


@EVERY_LAYER
def test_backward_refuses_another_shape_than_the_last_output_and_changes_nothing(rng, make, input_shape, output_shape):
    layer = make()
    layer.forward(rng.normal(size=(2, *input_shape)))
    layer.backward(np.ones((2, *output_shape)))
    before = copied(layer.grads)
    for shape in ((3, *output_shape), output_shape, (2, *output_shape, 1)):
        with pytest.raises(ValueError, match=rf"^{layer.name}: dC_dO has shape .* expected .*last forward's output"):
            layer.backward(np.ones(shape))
    assert_equal_arrays(layer.grads, before)


@EVERY_LAYER
@pytest.mark.parametrize("bad", ["abc", None, 5.0, [[1.0], [2.0, 3.0]]], ids=["text", "none", "number", "ragged"])
def test_forward_refuses_an_input_that_is_not_a_batch_and_builds_nothing(make, input_shape, output_shape, bad):
    layer = make()
    with pytest.raises((TypeError, ValueError), match=f"^{layer.name}: X must "):
        layer.forward(bad)
    assert layer.params == {}
    assert layer.input_shape is None


@pytest.mark.parametrize(
    ("make", "input_shape", "output_shape"),
    # the others take any shape: to them an image without N is a batch of rows
    [case for case in LAYERS if case.id not in ("ReLU", "Tanh", "Flatten", "Dropout")],
)
def test_forward_refuses_one_example_without_the_batch_axis(make, input_shape, output_shape):
    layer = make()
    layer.build(input_shape, np.random.default_rng(0))
    with pytest.raises(ValueError, match=f"^{layer.name}: "):
        layer.forward(np.ones(input_shape))


@WITH_PARAMS
def test_a_refused_forward_leaves_the_record_of_the_last_one(rng, make, input_shape, output_shape):
    layer, X, dC_dO = make(), rng.normal(size=(2, *input_shape)), rng.normal(size=(2, *output_shape))
    layer.forward(X)
    wanted = layer.backward(dC_dO)
    with pytest.raises(ValueError, match=f"^{layer.name}: "):
        layer.forward(np.ones((2, input_shape[0] + 1, *input_shape[1:])))
    assert_array_equal(layer.backward(dC_dO), wanted)


# --- layers and models ---


@EVERY_LAYER
def test_a_layer_belongs_to_one_model(make, input_shape, output_shape):
    layer = make()
    Model([layer], input_shape=input_shape)
    with pytest.raises(ValueError, match=rf"^Model: layer 0 \({layer.name}\) is in a model already"):
        Model([layer], input_shape=input_shape)


def test_a_layer_occurs_once_in_a_model():
    layer = ReLU()
    with pytest.raises(ValueError, match=r"^Model: layer 2 \(ReLU\) is in a model already"):
        Model([layer, Tanh(), layer], input_shape=(5,))
    Model([layer], input_shape=(5,))  # the refused model has not taken it


@EVERY_LAYER
@pytest.mark.parametrize(
    ("shape", "dtype", "error", "words"),
    [
        pytest.param(5, "float32", TypeError, "input_shape must be a tuple of positive integers", id="integer"),
        pytest.param((), "float32", ValueError, "input_shape must have at least one entry", id="empty"),
        pytest.param((0,), "float32", ValueError, "each entry of input_shape must be a positive", id="zero"),
        pytest.param(None, "int8", ValueError, "dtype must be 'float32' or 'float64', got 'int8'", id="dtype"),
    ],
)
def test_build_refuses_and_builds_nothing(rng, make, input_shape, output_shape, shape, dtype, error, words):
    layer, state = make(), rng.bit_generator.state
    with pytest.raises(error, match=f"^{layer.name}: {words}"):
        layer.build(input_shape if shape is None else shape, rng, dtype)
    assert layer.params == {}
    assert rng.bit_generator.state == state


@EVERY_LAYER
def test_the_repr_of_a_layer_recreates_it(make, input_shape, output_shape):
    layer = make()
    again = eval(repr(layer), {type(layer).__name__: type(layer)})
    assert repr(again) == repr(layer)
    assert again.output_shape(input_shape) == output_shape


class Double(Layer):
    """A user-defined layer."""

    def apply(self, X):
        return 2 * X

    def gradients(self, dC_dO, X):
        return 2 * dC_dO, {}


def test_a_user_defined_layer_defines_only_apply_and_gradients():
    layer, X = Double(), np.array([[1.0, 2.0]])
    assert_array_equal(layer.forward(X), [[2, 4]])
    assert_array_equal(layer.backward(X), [[2, 4]])
    assert layer.output_shape((2,)) == (2,)
    assert repr(layer) == "Double()"


def test_a_layer_without_apply_is_not_implemented():
    with pytest.raises(NotImplementedError):
        Layer().forward(np.ones((1, 2)))
