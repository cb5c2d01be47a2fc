"""Layers, losses and optimisers that a user defines: every way to define them, their repr, and files that hold them."""

import copy
import functools

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from saved_models import parameter_bits as bits

from cnn_core import (
    Adam,
    Conv2D,
    CrossEntropy,
    Flatten,
    FullyConnected,
    Layer,
    Model,
    Optimiser,
    ReLU,
    fit,
    load_checkpoint,
    register_layer,
    save_checkpoint,
)
from cnn_core import model as model_module


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    """Forget after each test what it has registered."""
    monkeypatch.setattr(model_module, "LAYERS", dict(model_module.LAYERS))


def data(count=12):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 1, 6, 6)), rng.integers(0, 3, count)


def trained(*layers, workers=2):
    model = Model([*layers, Flatten(), FullyConnected(3)], (1, 6, 6))
    list(fit(model, *data(), Adam(0.01), CrossEntropy(), batch_size=4, workers=workers))
    return model


# --- ways to define apply and gradients ---


class Half(Layer):
    def apply(self, X):
        return X / 2

    def gradients(self, dC_dO, X):
        return dC_dO / 2, {}


class Static(Layer):
    @staticmethod
    def apply(X):
        return X / 2

    @staticmethod
    def gradients(dC_dO, X):
        return dC_dO / 2, {}


class OfTheClass(Layer):
    @classmethod
    def apply(cls, X):
        return X / 2

    @classmethod
    def gradients(cls, dC_dO, X):
        return dC_dO / 2, {}


class Partial(Layer):
    def scaled(self, X, factor):
        return X * factor

    def scaled_gradients(self, dC_dO, X, factor):
        return dC_dO * factor, {}

    apply = functools.partialmethod(scaled, factor=0.5)
    gradients = functools.partialmethod(scaled_gradients, factor=0.5)


class Callable:
    """An object that can be called and cannot be hashed."""

    __hash__ = None

    def __call__(self, X):
        return X / 2


def by_instance():
    layer = Half()
    layer.apply = lambda X: X / 2
    return layer


def by_object():
    layer = Half()
    layer.apply = Callable()
    return layer


def by_a_hook():
    layer, seen = Half(), []

    def hooked(*arguments, _apply=layer.apply, **options):
        seen.append(arguments)
        return _apply(*arguments, **options)

    layer.apply = hooked
    return layer


WAYS = [Half, Static, OfTheClass, Partial, by_instance, by_object, by_a_hook]


@pytest.mark.parametrize("make", WAYS)
def test_every_way_to_define_a_layer_gives_the_same_bits(make):
    model = trained(make())
    assert bits(model) == bits(trained(Half(), workers=1))
    assert_array_equal(make().forward(data()[0]), data()[0] / 2)


def test_a_compiled_function_can_be_apply():
    layer = Half()
    layer.apply = np.tanh
    model = Model([layer], (1, 6, 6), dtype="float64")
    assert_array_equal(model.predict(data()[0]), np.tanh(data()[0]))


def test_a_hook_of_a_layer_of_ours_sees_what_passes_and_changes_nothing():
    layer, shapes = Conv2D(2), []

    @functools.wraps(layer.apply)
    def hooked(X, *arguments, _apply=layer.apply, **options):
        shapes.append(X.shape)
        return _apply(X, *arguments, **options)

    layer.apply = hooked
    assert bits(trained(layer)) == bits(trained(Conv2D(2)))
    assert (4, 1, 6, 6) in shapes


def test_functions_that_layers_were_given_are_forgotten():
    layer = Half()
    for _ in range(1000):
        layer.apply = lambda X: X / 2
        layer.forward(np.ones((1, 2)))
    from cnn_core import layer as module

    assert module._parameter_names.cache_info().currsize <= 256


# --- forward and backward of one's own ---


class OwnForward(ReLU):
    def forward(self, X, training=True):
        return X * 0 + 9


class OwnBackward(ReLU):
    def backward(self, dC_dO):
        return dC_dO * 0


class Inherits(OwnForward):
    pass


@pytest.mark.parametrize(("make", "name"), [(OwnForward, "forward"), (OwnBackward, "backward"), (Inherits, "forward")])
def test_a_forward_or_backward_of_ones_own_is_refused_with_the_cure(make, name):
    with pytest.raises(ValueError, match=rf"layer 1 \({make.__name__}\) has its own {name}. A Model calls apply"):
        Model([Flatten(), make()], (1, 6, 6))


def test_a_layer_with_a_forward_of_its_own_can_be_used_alone():
    assert_array_equal(OwnForward().forward(np.ones((1, 2))), [[9, 9]])


def test_super_in_apply_is_the_way_to_extend_a_layer_of_ours():
    class Clipped(ReLU):
        def apply(self, X):
            return np.minimum(super().apply(X), 1)

        def gradients(self, dC_dO, X):
            return super().gradients(dC_dO, X)[0] * (X < 1), {}

    model = Model([Clipped()], (1, 6, 6), dtype="float64")
    X = data()[0]
    assert_array_equal(model.forward(X), np.clip(X, 0, 1))
    assert_array_equal(model.predict(X), np.clip(X, 0, 1))


# --- repr ---


class OtherNames(Layer):
    def __init__(self, rate, /, size=3, *more, **options):
        super().__init__()
        self._rate, self.size = rate, size


class OwnOptimiser(Optimiser):
    def __init__(self, speed):
        super().__init__(speed, 0)

    def update(self, param, grad, rate):
        param -= rate * grad


@pytest.mark.parametrize(
    ("thing", "words"),
    [(OtherNames(0.5), "OtherNames(size=3)"), (OwnOptimiser(0.1), "OwnOptimiser()"), (Half(), "Half()")],
)
def test_a_class_that_keeps_its_arguments_under_other_names_has_a_repr(thing, words):
    assert repr(thing) == words


def test_a_model_of_such_layers_has_a_repr_and_a_summary():
    model = Model([Half(), OtherNames(1)], (3,))
    assert "OtherNames(size=3)" in repr(model)
    assert "OtherNames" in model.summary()


def test_an_optimiser_of_ones_own_trains():
    model = Model([Flatten(), FullyConnected(3)], (1, 6, 6))
    before = bits(model)
    list(fit(model, *data(), OwnOptimiser(0.1), CrossEntropy()))
    assert bits(model) != before


# --- files ---


class Scale(Layer):
    def __init__(self, factor=2.0, sizes=(1, 2)):
        super().__init__()
        self.factor, self.sizes = factor, sizes

    def param_shapes(self, input_shape):
        return {"gain": (1,)}

    def initial(self, key, shape, rng):
        return np.ones(shape)

    def apply(self, X):
        return X * self.factor * self.params["gain"]

    def gradients(self, dC_dO, X):
        gain = np.sum(dC_dO * X * self.factor).reshape(1)
        return dC_dO * self.factor * self.params["gain"], {"gain": gain}


def test_a_registered_layer_is_saved_and_loaded_with_its_arguments_and_parameters(tmp_path):
    assert register_layer(Scale) is Scale
    model = trained(Scale(0.5, sizes=(3, 4)))
    model.save(tmp_path / "model.npz")
    loaded = Model.load(tmp_path / "model.npz")
    assert bits(loaded) == bits(model)
    assert loaded.layers[0].factor == 0.5
    assert_array_equal(loaded.predict(data()[0]), model.predict(data()[0]))


def test_training_goes_on_from_a_checkpoint_with_a_registered_layer(tmp_path):
    register_layer(Scale)
    model, optimiser = trained(Scale()), Adam(0.01)
    list(fit(model, *data(), optimiser, CrossEntropy(), batch_size=4))
    save_checkpoint(tmp_path / "checkpoint.npz", model, optimiser)
    other, its = load_checkpoint(tmp_path / "checkpoint.npz")
    for each, own in ((model, optimiser), (other, its)):
        list(fit(each, *data(), own, CrossEntropy(), batch_size=4))
    assert bits(other) == bits(model)


def test_a_file_with_a_layer_that_is_not_registered_is_refused_by_name(tmp_path, monkeypatch):
    register_layer(Scale)
    trained(Scale()).save(tmp_path / "model.npz")
    monkeypatch.delitem(model_module.LAYERS, "Scale")
    with pytest.raises(ValueError, match="unknown layer 'Scale'"):
        Model.load(tmp_path / "model.npz")


def test_register_layer_is_a_decorator_and_a_class_of_ones_own_can_be_registered_again():
    for factor in (1, 2):

        @register_layer
        class Mine(Half):
            number = factor

    assert model_module.LAYERS["Mine"].number == 2


@pytest.mark.parametrize("name", ["Conv2D", "ReLU", "Softmax", "Flatten"])
def test_a_layer_of_ours_cannot_be_replaced(name):
    ours = model_module.LAYERS[name]
    with pytest.raises(ValueError, match=f"^register_layer: the library has a layer of the name {name}"):
        register_layer(type(name, (Half,), {}))
    assert model_module.LAYERS[name] is ours


@pytest.mark.parametrize("cls", [3, "Half", Half(), int, Adam, None], ids=repr)
def test_only_classes_of_layers_are_registered(cls):
    with pytest.raises(TypeError, match=r"^register_layer: cls must be a subclass of Layer"):
        register_layer(cls)


class KeepsAnArray(Half):
    def __init__(self, values):
        super().__init__()
        self.values = values


class Hidden(Half):
    def __init__(self, rate):
        super().__init__()
        self._rate = rate


@pytest.mark.parametrize(
    "layer", [KeepsAnArray(np.ones(3)), KeepsAnArray({1, 2}), Hidden(0.5), KeepsAnArray(1j)], ids=repr
)
def test_what_could_not_be_loaded_again_is_refused_before_the_old_file_is_touched(tmp_path, layer):
    path = tmp_path / "model.npz"
    trained(ReLU()).save(path)
    before = path.read_bytes()
    register_layer(type(layer))
    model = Model([copy.deepcopy(layer)], (3,))
    with pytest.raises(ValueError, match="cannot be written to a file: "):
        model.save(path)
    assert path.read_bytes() == before


def test_an_argument_that_was_made_wrong_is_not_written(tmp_path):
    model = trained(Conv2D(2))
    model.save(tmp_path / "model.npz")
    before = (tmp_path / "model.npz").read_bytes()
    vars(model.layers[0])["padding"] = "nowhere"
    with pytest.raises(ValueError, match="padding"):
        model.save(tmp_path / "model.npz")
    assert (tmp_path / "model.npz").read_bytes() == before


# --- masked arrays ---


def test_a_masked_output_of_a_layer_or_a_masked_parameter_is_refused():
    layer = Half()
    layer.apply = lambda X: np.ma.masked_greater(X, 1)
    with pytest.raises(ValueError, match="the output has masked entries"):
        layer.forward(np.array([[0.0, 2.0]]))
    param = np.ma.masked_greater(np.array([0.0, 2.0]), 1)
    with pytest.raises(TypeError, match=r"^Adam: the parameter 'W' must be a writeable float32 or float64 array"):
        Adam().step([("W", param, np.ones(2))])
    assert param.filled(9).tolist() == [0, 9]
