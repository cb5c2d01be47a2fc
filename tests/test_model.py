"""Model: shapes, forward, backward, predict, parameters, random numbers; and a layer used alone."""

import copy
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from cnn_core import (
    Adam,
    Conv2D,
    CrossEntropy,
    Flatten,
    FullyConnected,
    LeakyReLU,
    MeanSquaredError,
    Model,
    Pool2D,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    conv2d_forward,
    dense_forward,
    fit,
    gradient_check,
    pool2d_forward,
    relu_forward,
)
from cnn_core.layer import Layer


def small_layers():
    return [Conv2D(2, stride=2), ReLU(), Pool2D(), Flatten(), FullyConnected(3)]


def small_model(**options):
    return Model(small_layers(), **{"input_shape": (1, 8, 7)} | options)


def images(rng, count=4, shape=(1, 8, 7), dtype="float32"):
    return rng.normal(size=(count, *shape)).astype(dtype)


def bits(model):
    return {key: param.tobytes() for key, param, _ in model.parameters()}


def gradients(model):
    return {key: grad.copy() for key, _, grad in model.parameters()}


# --- built ---


def test_shapes_are_worked_out_when_the_model_is_built():
    model = small_model()
    assert model.shapes == [(1, 8, 7), (2, 3, 3), (2, 3, 3), (2, 1, 1), (2,), (3,)]
    assert model.output_shape == (3,)


def test_the_default_input_is_one_digit():
    assert Model([Flatten()]).output_shape == (784,)


WRONG_NETWORKS = [
    pytest.param(
        lambda: [Conv2D(2), FullyConnected(3)],
        r"layer 1 \(FullyConnected\) does not fit to an input of \(2, 6, 6\): .* Put a Flatten\(\) before it",
        id="flatten-forgotten",
    ),
    pytest.param(
        lambda: [ReLU(), Pool2D(9)],
        r"layer 1 \(Pool2D\) .*the kernel \(9\) is larger than the padded input \(8 \+ 2\*0 = 8\)",
        id="pool-larger-than-the-image",
    ),
    pytest.param(
        lambda: [Conv2D(2, 5), Conv2D(2, 5)],
        r"layer 1 \(Conv2D\) does not fit to an input of \(2, 4, 4\): Conv2D: the kernel \(5\)",
        id="second-filter-larger-than-what-is-left",
    ),
    pytest.param(lambda: [Flatten(), Conv2D(2)], r"layer 1 \(Conv2D\).*expected an input of shape \(C", id="conv-row"),
    pytest.param(lambda: [Flatten(), Pool2D()], r"layer 1 \(Pool2D\).*expected an input of shape \(C", id="pool-row"),
    pytest.param(lambda: [Softmax()], r"layer 0 \(Softmax\).*Put a Flatten\(\) before it", id="softmax-on-an-image"),
]


@pytest.mark.parametrize(("layers", "words"), WRONG_NETWORKS)
def test_a_wrong_network_fails_when_it_is_built_and_names_the_layer(layers, words):
    layers = layers()
    with pytest.raises(ValueError, match=words):
        Model(layers, input_shape=(1, 8, 8))
    assert not any(layer.in_model or layer.params for layer in layers)


def test_layers_of_a_network_that_failed_can_be_used_in_another():
    layers = [Conv2D(2), ReLU(), FullyConnected(3)]
    with pytest.raises(ValueError, match="Flatten"):
        Model(layers, input_shape=(1, 8, 8))
    layers.insert(2, Flatten())
    assert Model(layers, input_shape=(1, 8, 8)).output_shape == (3,)


class Unbuildable(Layer):
    def param_shapes(self, input_shape):
        return {"W": (1,)}

    def initial(self, key, shape, rng):
        raise MemoryError("out of memory")


def test_layers_of_a_network_that_ran_out_of_memory_can_be_used_in_another():
    layers = [Conv2D(2), ReLU()]
    with pytest.raises(MemoryError):
        Model([*layers, Unbuildable()], input_shape=(1, 8, 8))
    assert not any(layer.in_model for layer in layers)
    assert Model(layers, input_shape=(1, 8, 8)).output_shape == (2, 6, 6)


def test_a_layer_belongs_to_one_model():
    model = small_model()
    before = bits(model)
    with pytest.raises(ValueError, match=r"layer 0 \(Conv2D\) is in a model already"):
        Model(model.layers[:2], input_shape=(1, 8, 7))
    assert bits(model) == before


def test_a_layer_occurs_once_in_a_model():
    twice = ReLU()
    with pytest.raises(ValueError, match=r"layer 2 \(ReLU\) is in a model already"):
        Model([twice, Flatten(), twice], input_shape=(1, 8, 7))
    assert not twice.in_model


def test_summary_shows_shapes_parameters_and_excluded_pixels():
    assert small_model().summary() == "\n".join(
        [
            "layer             output shape  parameters  excluded pixels",
            "------------------------------------------------------------",
            "input             (1, 8, 7)              0  -",
            "0 Conv2D          (2, 3, 3)             20  1 row, 0 columns",
            "1 ReLU            (2, 3, 3)              0  -",
            "2 Pool2D          (2, 1, 1)              0  1 row, 1 column",
            "3 Flatten         (2,)                   0  -",
            "4 FullyConnected  (3,)                   9  -",
            "------------------------------------------------------------",
            "in all                                  29",
        ]
    )


def test_summary_says_none_where_no_pixel_is_excluded():
    table = Model([Conv2D(1, 3, padding="same"), Pool2D(2)], input_shape=(1, 8, 8)).summary()
    assert [line.rsplit(maxsplit=1)[-1] for line in table.splitlines()[3:5]] == ["none", "none"]


def test_summary_counts_the_entries_of_parameters():
    model = Model([Conv2D(300, 3, bias=False), Flatten(), FullyConnected(10)], input_shape=(2, 5, 5))
    held = sum(param.size for _, param, _ in model.parameters())
    assert model.summary().splitlines()[-1].split()[-1] == f"{held:,}" == "32,410"


def test_repr_recreates_the_model(rng):
    model = Model(
        [Conv2D(2, (2, 3), padding="same"), LeakyReLU(0.2), Flatten(), FullyConnected(2, bias=False)], (1, 4, 4)
    )
    again = eval(repr(model))
    assert repr(again) == repr(model)
    assert bits(again) == bits(model)


# --- parameters ---


def test_the_keys_of_parameters_are_index_and_name_in_order():
    assert [key for key, _, _ in small_model().parameters()] == ["0.F", "0.B", "4.W", "4.B"]


def test_parameters_are_the_arrays_themselves_and_have_no_gradient_before_a_backward():
    model = small_model()
    triples = model.parameters()
    assert all(param is model.layers[int(key[0])].params[key[2]] for key, param, _ in triples)
    assert [grad for _, _, grad in triples] == [None] * 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_computes_in_its_dtype(rng, dtype):
    model = small_model(dtype=dtype)
    O = model.forward(images(rng, dtype="float64"))
    dC_dX = model.backward(np.ones(O.shape))
    arrays = [O, dC_dX, model.predict(images(rng)), *gradients(model).values(), *(p for _, p, _ in model.parameters())]
    assert {array.dtype.name for array in arrays} == {dtype}


def test_float32_and_float64_models_start_alike():
    for (_, single, _), (_, double, _) in zip(
        small_model().parameters(), small_model(dtype="float64").parameters(), strict=True
    ):
        assert_array_equal(single, double.astype(np.float32))


# --- forward and backward ---


def test_forward_applies_the_layers_in_order(rng):
    model, X = small_model(dtype="float64"), images(rng, dtype="float64")
    (_, F, _), (_, B, _), (_, W, _), (_, b, _) = model.parameters()
    pooled = pool2d_forward(relu_forward(conv2d_forward(X, F, B, stride=2)))
    assert_allclose(model.forward(X), dense_forward(pooled.reshape(len(X), -1), W, b), rtol=1e-12)


def classes(rng, count):
    return rng.integers(0, 3, count)


def targets(rng, count):
    return rng.normal(size=(count, 3))


CHECKED = [
    pytest.param(small_layers, CrossEntropy(), classes, id="conv-pool-dense"),
    pytest.param(
        lambda: [
            Conv2D(3, (2, 3), (2, 1), "same"),
            Tanh(),
            Pool2D((2, 3), 1, "include", "mean"),
            Flatten(),
            FullyConnected(3),
        ],
        MeanSquaredError(),
        targets,
        id="same-tanh-mean",
    ),
    pytest.param(
        lambda: [
            Conv2D(2, 3, padding=1),
            LeakyReLU(0.1),
            Conv2D(2, 3, 2, "include", bias=False),
            Flatten(),
            FullyConnected(3),
        ],
        CrossEntropy(),
        classes,
        id="two-convolutions",
    ),
    pytest.param(
        lambda: [
            Pool2D(3, 2, 1, "min"),
            Flatten(),
            FullyConnected(4),
            Sigmoid(),
            FullyConnected(3, bias=False),
            Softmax(),
        ],
        MeanSquaredError(),
        targets,
        id="min-sigmoid-softmax",
    ),
]


@pytest.mark.parametrize(("layers", "loss", "wanted"), CHECKED)
def test_the_gradients_of_a_whole_model_match_finite_differences(rng, layers, loss, wanted):
    model = Model(layers(), input_shape=(1, 8, 7), dtype="float64")
    for _, param, _ in model.parameters():
        param += 0.1 * rng.normal(size=param.shape)  # no bias is 0, no ReLU at its kink
    error, place = gradient_check(model, images(rng, 3, dtype="float64"), wanted(rng, 3), loss=loss)
    assert error < 1e-6, place


def test_backward_returns_the_gradient_of_the_input_checked_by_hand(rng):
    model, X = small_model(dtype="float64"), images(rng, 2, dtype="float64")
    weights = rng.normal(size=(2, 3))
    model.forward(X)
    dC_dX = model.backward(weights)
    assert dC_dX.shape == X.shape
    for index in [(0, 0, 0, 0), (1, 0, 3, 2), (0, 0, 5, 5), (1, 0, 7, 6)]:
        moved = [X.copy(), X.copy()]
        moved[0][index] += 1e-6
        moved[1][index] -= 1e-6
        above, below = ((model.predict(each) * weights).sum() for each in moved)
        assert_allclose(dC_dX[index], (above - below) / 2e-6, rtol=1e-6, atol=1e-9)


def test_backward_assigns_gradients_and_changes_no_parameter(rng):
    model = small_model()
    before = bits(model)
    model.backward(np.ones_like(model.forward(images(rng))))
    assert bits(model) == before
    for _, param, grad in model.parameters():
        assert grad.shape == param.shape
        assert grad.any()


def test_a_second_backward_gives_the_same(rng):
    model = small_model()
    dC_dO = rng.normal(size=model.forward(images(rng)).shape)
    first, before = model.backward(dC_dO), gradients(model)
    second = model.backward(dC_dO)
    assert_array_equal(first, second)
    for key, grad in gradients(model).items():
        assert_array_equal(grad, before[key])


def test_returned_gradients_are_not_overwritten_by_the_next_backward(rng):
    model = small_model()
    model.backward(np.ones_like(model.forward(images(rng))))
    handed = [grad for _, _, grad in model.parameters()]
    copies = [grad.copy() for grad in handed]
    model.backward(2 * np.ones_like(model.forward(images(rng))))
    for grad, before in zip(handed, copies, strict=True):
        assert_array_equal(grad, before)


def test_returned_outputs_are_not_overwritten_by_the_next_call(rng):
    model = small_model()
    forward, predicted = model.forward(images(rng)), model.predict(images(rng))
    copies = forward.copy(), predicted.copy()
    model.forward(images(rng))
    model.predict(images(rng))
    assert_array_equal(forward, copies[0])
    assert_array_equal(predicted, copies[1])


def test_backward_before_forward_is_refused():
    with pytest.raises(RuntimeError, match=r"Model: backward was called before forward"):
        small_model().backward(np.ones((4, 3)))


def test_backward_refuses_a_gradient_of_another_shape_and_keeps_the_last_one(rng):
    model = small_model()
    model.backward(np.ones_like(model.forward(images(rng))))
    before = gradients(model)
    with pytest.raises(ValueError, match=r"dC_dO has shape \(3, 4\), expected \(4, 3\)"):
        model.backward(np.ones((3, 4)))
    for key, grad in gradients(model).items():
        assert_array_equal(grad, before[key])


@pytest.mark.parametrize("method", ["forward", "predict"])
def test_inputs_are_never_modified(rng, method):
    X = images(rng)
    before = X.tobytes()
    X.flags.writeable = False
    model = small_model()
    O = getattr(model, method)(X)
    assert X.tobytes() == before
    if method == "forward":
        dC_dO = np.ones_like(O)
        dC_dO.flags.writeable = False
        model.backward(dC_dO)
        assert X.tobytes() == before
        assert (dC_dO == 1).all()


FORMS = [
    pytest.param(lambda X: X.astype(np.uint8), id="uint8"),
    pytest.param(lambda X: X.astype(np.int64), id="int64"),
    pytest.param(lambda X: X.astype(np.float16), id="float16"),
    pytest.param(lambda X: X.astype(np.float64), id="float64"),
    pytest.param(lambda X: X.astype(">f4"), id="big-endian"),
    pytest.param(lambda X: X.tolist(), id="nested-lists"),
    pytest.param(np.asfortranarray, id="fortran"),
    pytest.param(lambda X: X[::-1, :, ::-1, ::-1].copy()[::-1, :, ::-1, ::-1], id="negative-strides"),
    pytest.param(lambda X: np.repeat(X, 2, axis=3)[..., ::2], id="every-second-column"),
]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_numbers_in_another_type_or_layout_give_the_same_bits(rng, form):
    X = rng.integers(0, 256, (4, 1, 8, 7)).astype(np.float32)
    model = small_model()
    assert_array_equal(model.predict(form(X)), model.predict(X))
    assert_array_equal(model.forward(form(X)), model.predict(X))


def test_uint8_images_do_not_wrap_around():
    model = Model([Conv2D(1, 2, initialisation="constant")], input_shape=(1, 2, 2))
    assert_allclose(model.forward(np.full((1, 1, 2, 2), 255, np.uint8)), 4 * 2.55, rtol=1e-6)


def test_images_with_channels_last_are_refused_with_advice():
    X = np.zeros((64, 28, 28, 1), np.float32)
    words = (
        r"expected 1 channel on axis 1, got 28 \(shape \(64, 28, 28, 1\), expected \(N, C, H, W\)\)\. .*X\.transpose"
    )
    with pytest.raises(ValueError, match=words):
        Model([Conv2D(2)]).forward(X)


def test_one_image_without_its_batch_axis_is_refused_with_advice():
    with pytest.raises(ValueError, match=r"4 dimensions \(N, C, H, W\), got 3 .*X\[None\]"):
        Model([Conv2D(2)]).predict(np.zeros((1, 28, 28)))


def test_grey_images_without_their_channel_axis_are_refused_with_advice():
    with pytest.raises(ValueError, match=r"got 3 with shape \(60, 28, 28\)\. Add the channel: X\[:, None\]\.$"):
        Model([Conv2D(2)]).predict(np.zeros((60, 28, 28), np.uint8))


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (5, 5, 4), (9, 30, 1), (np.int64(28), 28, 3)])
def test_an_input_shape_with_the_channels_last_gives_a_warning_that_names_the_users_line(shape):
    with pytest.warns(UserWarning, match=r"^Model: input_shape \(.*\) looks like \(H, W, C\)") as caught:
        model = Model([Conv2D(2, padding="same"), Flatten(), FullyConnected(3)], shape)
    assert [each.filename for each in caught] == [__file__]
    assert "X.transpose(0, 3, 1, 2)" in str(caught[0].message)
    assert model.predict(np.zeros((2, *shape), np.uint8)).shape == (2, 3)


@pytest.mark.parametrize(
    "shape",
    [(1, 28, 28), (3, 32, 32), (3, 5, 4), (28, 28, 2), (4, 28, 3), (28, 4, 1), (28, 28, 5), (784,), (28, 28), (1,)],
)
def test_no_other_input_shape_gives_a_warning(shape):
    Model([ReLU()], shape)


def test_a_warning_that_is_an_error_leaves_the_layers_free():
    layers = [Conv2D(2, padding="same")]
    with pytest.raises(UserWarning, match="looks like"):
        Model(layers, (28, 28, 1))
    Model(layers, (1, 28, 28))


def test_a_network_that_does_not_fit_its_channels_last_shape_gives_its_error_alone():
    with pytest.raises(ValueError, match="does not fit to an input"):
        Model([Conv2D(2)], (28, 28, 1))


def test_images_given_as_rows_are_refused_with_advice():
    with pytest.raises(ValueError, match=r"\(64, 784\)"):
        Model([Conv2D(2)]).predict(np.zeros((64, 784)))
    with pytest.raises(ValueError, match=r"X\.reshape\(-1, 784\)"):
        Model([FullyConnected(2)], input_shape=(784,)).predict(np.zeros((64, 28, 28)))


# --- predict ---


def test_predict_equals_forward(rng):
    model, X = small_model(), images(rng)
    assert_array_equal(model.predict(X), model.forward(X))


@pytest.mark.parametrize("count", [255, 256, 257, 513])
def test_predict_in_parts_equals_forward(rng, count):
    model, X = small_model(), images(rng, count)
    assert_allclose(model.predict(X), model.forward(X), rtol=1e-6, atol=1e-6)


def test_predict_works_in_parts(rng):
    class Seen(ReLU):
        sizes = ()

        def apply(self, X):
            self.sizes += (len(X),)
            return super().apply(X)

    layer = Seen()
    model = Model([layer], input_shape=(3,))
    model.predict(rng.normal(size=(600, 3)))
    assert sum(layer.sizes) == 600
    assert max(layer.sizes) <= 256


def test_predict_converts_images_in_parts_too():
    model, X = Model([Flatten(), FullyConnected(2)]), np.zeros((5000, 1, 28, 28), np.uint8)
    tracemalloc.start()
    model.predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * X.nbytes  # as float32 all of them are 4 times as large as they are


def test_predict_keeps_no_state_and_leaves_the_record_of_the_last_forward(rng):
    model, X = small_model(), images(rng)
    O = model.forward(X)
    records = [layer.last_forward for layer in model.layers]
    model.predict(images(rng, 300))
    assert all(layer.last_forward is record for layer, record in zip(model.layers, records, strict=True))
    after = model.backward(np.ones_like(O))
    model.forward(X)
    assert_array_equal(after, model.backward(np.ones_like(O)))


def test_predict_alone_keeps_no_record(rng):
    model = small_model()
    model.predict(images(rng))
    assert all(layer.last_forward is None and not layer.grads for layer in model.layers)
    with pytest.raises(RuntimeError, match="backward was called before forward"):
        model.backward(np.ones((4, 3)))


def test_predict_accepts_an_empty_batch():
    O = small_model().predict(np.zeros((0, 1, 8, 7)))
    assert O.shape == (0, 3)
    assert O.dtype == np.float32


def test_predict_returns_a_new_array():
    X = np.ones((2, 3), np.float32)
    O = Model([Flatten()], input_shape=(3,)).predict(X)
    assert not np.shares_memory(O, X)


# --- a layer alone, and layers that already have parameters ---


def test_a_layer_alone_builds_itself_with_seed_0_and_the_dtype_of_its_input(rng):
    for dtype in ("float32", "float64"):
        layer, same = Conv2D(2), Conv2D(2)
        layer.forward(images(rng, dtype=dtype))
        same.build((1, 8, 7), np.random.default_rng(0), dtype)
        assert layer.params["F"].dtype == dtype
        assert_array_equal(layer.params["F"], same.params["F"])


def test_a_layer_alone_takes_integers_as_float64():
    layer = FullyConnected(2)
    assert layer.forward(np.ones((3, 4), int)).dtype == np.float64


def test_a_layer_alone_keeps_its_dtype(rng):
    layer = Conv2D(2)
    layer.forward(images(rng, dtype="float64"))
    assert layer.forward(images(rng, dtype="float32")).dtype == np.float64


def test_a_layer_alone_refuses_a_backward_before_its_forward():
    with pytest.raises(RuntimeError, match=r"Conv2D: backward was called before forward"):
        Conv2D(2).backward(np.ones((1, 2, 6, 6)))


def test_a_layer_that_refuses_its_input_is_not_built_by_it():
    layer = Conv2D(2, 5)
    with pytest.raises(ValueError, match="larger than the padded input"):
        layer.forward(np.zeros((1, 1, 4, 4)))
    assert layer.params == {}
    assert layer.input_shape is None


def test_a_layer_used_before_keeps_its_parameters_in_a_model(rng):
    layer = Conv2D(2, stride=2)
    layer.forward(images(rng, dtype="float64"))
    F = layer.params["F"].copy()
    model = Model([layer, Flatten()], input_shape=(1, 8, 7))
    assert_array_equal(model.parameters()[0][1], F.astype(np.float32))
    assert layer.last_forward is None


def test_a_layer_used_before_with_other_channels_does_not_fit(rng):
    layer, other = Conv2D(2), Conv2D(4)
    layer.forward(rng.normal(size=(1, 3, 8, 8)))
    F = layer.params["F"]
    with pytest.raises(ValueError, match=r"layer 1 \(Conv2D\) cannot keep its parameters: .*\(2, 3, 3, 3\), expected"):
        Model([other, layer], input_shape=(1, 8, 8))
    assert layer.params["F"] is F
    assert other.params == {}
    assert not any(each.in_model for each in (layer, other))


SOBEL = np.array([[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]])


def frozen(array):
    array.flags.writeable = False
    return array


ASSIGNED = [
    pytest.param(SOBEL, id="integers"),
    pytest.param(SOBEL.tolist(), id="nested-lists"),
    pytest.param(SOBEL.astype(np.float64), id="float64"),
    pytest.param(SOBEL.astype(">f4"), id="big-endian"),
    pytest.param(frozen(SOBEL.astype(np.float32)), id="read-only"),
    pytest.param(np.asfortranarray(SOBEL.astype(np.float32)), id="fortran"),
    pytest.param(np.repeat(SOBEL, 2, axis=3).astype(np.float32)[..., ::2], id="a-view"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("value", ASSIGNED)
def test_assigned_parameters_are_used(rng, value, when):
    layer = Conv2D(1)
    if when == "before":
        layer.params["F"] = value
    model = Model([layer, Flatten(), FullyConnected(2)], input_shape=(1, 5, 5))
    if when == "after":
        layer.params["F"] = value
    X = images(rng, shape=(1, 5, 5))
    assert_allclose(
        layer.apply(X) if when == "before" else layer.forward(X), conv2d_forward(X, SOBEL), rtol=1e-5, atol=1e-5
    )
    O = model.predict(X)
    list(fit(model, X, [0, 1, 0, 1], Adam(), CrossEntropy()))
    assert (model.predict(X) != O).any()
    assert (model.parameters()[0][1] != SOBEL).any()
    assert_array_equal(np.asarray(value), SOBEL)  # the model has a copy: the assigned object is unchanged


def test_a_parameter_may_be_changed_in_place(rng):
    model = small_model()
    model.layers[4].params["B"][...] = [1, 2, 3]
    model.layers[4].params["W"][...] = 0
    assert_array_equal(model.predict(images(rng)), [[1, 2, 3]] * 4)


REFUSED = [
    pytest.param(
        {"F": np.ones((1, 1, 2, 2))}, ValueError, r"params\['F'\] has shape \(1, 1, 2, 2\), expected", id="shape"
    ),
    pytest.param({"F": np.ones((3, 3))}, ValueError, r"params\['F'\] has shape \(3, 3\), expected", id="dimensions"),
    pytest.param({"F": "sobel"}, TypeError, r"params\['F'\] must be an array of real numbers", id="text"),
    pytest.param(
        {"F": SOBEL.astype(object)}, TypeError, r"must be an array of real numbers, got dtype object", id="objects"
    ),
    pytest.param({"F": SOBEL * 1j}, TypeError, r"must be an array of real numbers, got dtype complex128", id="complex"),
    pytest.param({"F": np.ma.array(SOBEL, mask=SOBEL > 1)}, ValueError, r"params\['F'\] has masked", id="masked"),
    pytest.param({"G": SOBEL}, ValueError, r"params must have the keys \['B', 'F'\], got", id="unknown-key"),
]


@pytest.mark.parametrize(("params", "error", "words"), REFUSED)
@pytest.mark.parametrize("when", ["before", "after"])
def test_parameters_that_do_not_fit_are_refused(rng, params, error, words, when):
    layer = Conv2D(1)
    if when == "before":
        layer.params.update(params)
        with pytest.raises(error, match=words):
            Model([layer], input_shape=(1, 5, 5))
        assert not layer.in_model
        return
    model = Model([layer], input_shape=(1, 5, 5))
    layer.params.update(params)
    for call in (model.forward, model.predict, lambda X: model.parameters()):
        with pytest.raises(error, match=words):
            call(images(rng, shape=(1, 5, 5)))


@pytest.mark.parametrize("kind", [np.ma.MaskedArray, np.recarray, np.memmap])
def test_parameters_become_plain_arrays(kind):
    model = Model([Conv2D(1)], input_shape=(1, 5, 5))
    model.layers[0].params["F"] = SOBEL.astype(np.float32).view(kind)
    assert [type(param) for _, param, _ in model.parameters()] == [np.ndarray] * 2
    assert_array_equal(model.layers[0].params["F"], SOBEL)


def test_a_deleted_parameter_is_refused(rng):
    model = small_model()
    del model.layers[0].params["B"]
    with pytest.raises(ValueError, match=r"Conv2D: params must have the keys \['B', 'F'\], got \['F'\]"):
        model.forward(images(rng))


def test_parameters_assigned_after_a_forward_are_used_by_the_next(rng):
    model, X = small_model(), images(rng)
    model.forward(X)
    model.layers[4].params["W"] = np.zeros((2, 3))
    assert not model.forward(X).any()


# --- random numbers ---


def trained(**options):
    model = small_model(**options)
    X, y = images(np.random.default_rng(1), 20), np.arange(20) % 3
    list(fit(model, X, y, Adam(0.01), CrossEntropy(), epochs=2, batch_size=8))
    return model


def test_the_same_seed_gives_the_same_bits_after_a_whole_training():
    assert bits(trained(seed=5)) == bits(trained(seed=5))


def test_another_seed_gives_other_bits():
    one, other = bits(small_model(seed=5)), bits(small_model(seed=6))
    assert [key for key in one if one[key] != other[key]] == ["0.F", "4.W"]


def test_another_seed_shuffles_in_another_order():
    assert (small_model(seed=5).rng.permutation(50) != small_model(seed=6).rng.permutation(50)).any()


def test_two_layers_of_the_same_shape_start_different():
    model = Model([Conv2D(2, padding="same"), Conv2D(2, padding="same")], input_shape=(2, 6, 6))
    first, second = (model.layers[index].params["F"] for index in range(2))
    assert (first != second).all()


def test_a_layers_start_does_not_depend_on_what_the_layers_before_it_draw():
    plain, more = (Model([Flatten(), *middle, FullyConnected(3)], (4,)) for middle in ([ReLU()], [FullyConnected(4)]))
    assert_array_equal(plain.layers[2].params["W"], more.layers[2].params["W"])


def test_the_global_random_state_of_numpy_is_neither_read_nor_changed():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].tobytes(), np.random.get_state()[2]  # noqa: NPY002
    one = bits(trained())
    assert (np.random.get_state()[1].tobytes(), np.random.get_state()[2]) == before  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    assert bits(trained()) == one


def test_a_copy_of_a_model_is_independent(rng):
    model, X = small_model(), images(rng)
    other = copy.deepcopy(model)
    before = bits(model)
    list(fit(other, X, [0, 1, 2, 0], Adam(), CrossEntropy()))
    assert bits(model) == before != bits(other)


# --- validation ---


NO_MODELS = [
    pytest.param(lambda: Model([]), ValueError, "layers is empty", id="no-layers"),
    pytest.param(lambda: Model(ReLU()), TypeError, "layers must be a list of layers, got ReLU", id="one-layer"),
    pytest.param(lambda: Model(5), TypeError, "layers must be a list of layers, got int", id="a-number"),
    pytest.param(lambda: Model([ReLU]), TypeError, r"layers\[0\] must be a layer, such as ReLU\(\)", id="a-class"),
    pytest.param(lambda: Model([ReLU(), "Conv2D"]), TypeError, r"layers\[1\] must be a layer", id="a-name"),
    pytest.param(lambda: Model([ReLU()], input_shape=28), TypeError, r"input_shape must be a tuple", id="shape-number"),
    pytest.param(lambda: Model([ReLU()], input_shape=()), ValueError, r"input_shape must have at least", id="no-shape"),
    pytest.param(lambda: Model([ReLU()], input_shape=(1, 0, 3)), ValueError, r"each entry of input_shape", id="zero"),
    pytest.param(lambda: Model([ReLU()], input_shape=(1, 2.0)), TypeError, r"each entry of input_shape", id="float"),
    pytest.param(lambda: Model([ReLU()], input_shape="28"), TypeError, r"input_shape must be a tuple", id="shape-text"),
    pytest.param(
        lambda: Model([ReLU()], seed=-1), ValueError, "seed must be an integer of at least 0", id="seed-negative"
    ),
    pytest.param(lambda: Model([ReLU()], seed=True), TypeError, "seed must be an integer", id="seed-bool"),
    pytest.param(lambda: Model([ReLU()], seed=None), TypeError, "seed must be an integer", id="seed-none"),
    pytest.param(
        lambda: Model([ReLU()], dtype="float16"), ValueError, "dtype must be 'float32' or 'float64'", id="float16"
    ),
    pytest.param(lambda: Model([ReLU()], dtype=int), ValueError, "dtype must be 'float32' or 'float64'", id="int"),
    *(
        pytest.param(
            lambda text=text: Model([ReLU()], dtype=text), ValueError, "dtype must be 'float32' or", id=f"dtype-{text}"
        )
        for text in ("a", ",", "4(", "f4,f4", "(2,)f4", "1f4")
    ),
    *(
        pytest.param(
            lambda kind=kind: Model([ReLU()], dtype=kind), ValueError, "dtype must be 'float32' or", id=f"dtype-{kind}"
        )
        for kind in (None, {"a": []}, ("f4", -1), [("a", "f4")])
    ),
    pytest.param(lambda: Model([ReLU()], dtype="flaot"), ValueError, "dtype must be 'float32' or 'float64'", id="typo"),
]


@pytest.mark.parametrize(("make", "error", "words"), NO_MODELS)
def test_a_model_refuses(make, error, words):
    with pytest.raises(error, match=f"Model: {words}"):
        make()


@pytest.mark.parametrize("dtype", ["float64", np.float64, float, np.dtype("float64"), "f8"])
def test_the_dtype_of_a_model_may_be_a_name_or_a_type(dtype):
    assert Model([ReLU()], (3,), dtype=dtype).dtype == "float64"


def test_numpys_integers_are_integers():
    model = Model([FullyConnected(np.int64(2))], input_shape=np.array([3]), seed=np.uint8(7))
    assert bits(model) == bits(Model([FullyConnected(2)], input_shape=(3,), seed=7))


def test_a_layer_that_has_all_its_parameters_draws_no_initial_values(monkeypatch):
    layer = FullyConnected(3)
    layer.params = {"W": np.ones((4, 3)), "B": np.ones(3)}
    monkeypatch.setattr(FullyConnected, "initial", lambda *arguments: pytest.fail("initial values were drawn"))
    assert Model([layer], (4,)).predict(np.ones((1, 4))).tolist() == [[5, 5, 5]]
