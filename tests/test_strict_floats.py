"""A caller who makes NumPy raise at every floating-point error: harmless underflow passes, what is wrong is raised."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from cnn_core import (
    Adam,
    AdamW,
    BatchNorm2D,
    Conv2D,
    CrossEntropy,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAveragePool2D,
    GradientDescent,
    LeakyReLU,
    MeanSquaredError,
    Model,
    Momentum,
    Nesterov,
    Pool2D,
    RMSProp,
    Sigmoid,
    Softmax,
    Tanh,
    confusion_matrix,
    conv2d_forward,
    convolve,
    cost_surface,
    dense_forward,
    evaluate,
    fit,
    gradient_check,
    pool2d_backward,
    sigmoid_backward,
    sigmoid_forward,
    softmax_backward,
    softmax_forward,
    tanh_backward,
)

SMALL = np.array([[0.0, -2000.0, -800.0, 1e-300]])
SMALL32 = np.array([[0, -200, -90, 1e-45]], "float32")
NEAR_0 = np.array([[0.0, -1e-300, 2e-160, 5e-324]])
TINY = np.full((1, 1, 4, 4), 1e-200)


@pytest.fixture(autouse=True)
def _strict():
    with np.errstate(all="raise"):
        yield


UNDERFLOWS = {
    "softmax": lambda: softmax_forward(SMALL),
    "softmax-float32": lambda: softmax_forward(SMALL32),
    "softmax-backward": lambda: softmax_backward(NEAR_0, SMALL),
    "sigmoid": lambda: sigmoid_forward(SMALL),
    "sigmoid-backward": lambda: sigmoid_backward(SMALL, SMALL),
    "tanh-backward": lambda: tanh_backward(NEAR_0, NEAR_0),
    "cross-entropy": lambda: CrossEntropy()(SMALL, [1])[0],
    "cross-entropy-float32": lambda: CrossEntropy()(SMALL32, [0])[0],
    "mean-squared-error": lambda: MeanSquaredError()(NEAR_0, np.zeros((1, 4)))[0],
    "convolve": lambda: convolve(TINY[0, 0], TINY[0, 0, :2, :2]),
    "convolution": lambda: conv2d_forward(TINY, TINY[:, :, :2, :2]),
    "dense": lambda: dense_forward(TINY[0, 0], TINY[0, 0]),
    "mean-pooling": lambda: pool2d_backward(np.full((1, 1, 2, 2), 5e-324), TINY, mode="mean"),
    "smoothed-cross-entropy": lambda: CrossEntropy(0.1)(SMALL, [1])[0],
    "batch-normalisation": lambda: BatchNorm2D().forward(np.concatenate([NEAR_0, -NEAR_0])),
    "dropout": lambda: Dropout(0.9).forward(NEAR_0),
    "global-average-pooling": lambda: GlobalAveragePool2D().forward(np.full((1, 1, 4, 4), 5e-324)),
    "layers": lambda: np.stack([layer().forward(SMALL) for layer in (Sigmoid, Softmax, Tanh, LeakyReLU)]),
}


@pytest.mark.parametrize("call", UNDERFLOWS.values(), ids=UNDERFLOWS)
def test_underflow_gives_what_it_gives_without_being_strict(call):
    strict = call()
    with np.errstate(all="ignore"):
        assert_array_equal(strict, call())


@pytest.mark.parametrize("make", [GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW])
@pytest.mark.parametrize(("dtype", "size"), [("float64", 1e-200), ("float32", 1e-30), ("float64", 5e-324)])
def test_an_optimiser_takes_gradients_whose_squares_underflow(make, dtype, size):
    param = np.ones(3, dtype)
    optimiser = make(weight_decay=1e-300)
    for _ in range(3):
        optimiser.step([("W", param, np.full(3, size, dtype))])
    assert np.isfinite(param).all()


def model_and_data(last):
    rng = np.random.default_rng(0)
    layers = [Conv2D(2), Sigmoid(), Pool2D(mode="mean"), Flatten(), FullyConnected(3), *last]
    X = rng.normal(size=(70, 1, 6, 6)) * np.logspace(-44, 2, 70).reshape(-1, 1, 1, 1)
    return Model(layers, (1, 6, 6)), X, rng.integers(0, 3, 70)


@pytest.mark.parametrize("optimiser", [Adam, RMSProp])
def test_a_whole_training_passes_and_has_the_same_bits(optimiser):
    bits = []
    for mode in ("raise", "ignore"):
        with np.errstate(all=mode):
            model, X, y = model_and_data([])
            records = list(fit(model, X, y, optimiser(), CrossEntropy(), batch_size=35, validation=(X, y)))
            costs = evaluate(model, X, y, CrossEntropy()), confusion_matrix(model, X, y).tolist()
        bits.append((records, costs, [param.tobytes() for _, param, _ in model.parameters()]))
    assert bits[0] == bits[1]


def test_a_training_with_batch_normalisation_and_dropout_passes_and_has_the_same_bits():
    bits = []
    for mode in ("raise", "ignore"):
        with np.errstate(all=mode):
            _, X, y = model_and_data([])
            layers = [BatchNorm2D(), Conv2D(2), BatchNorm2D(), Sigmoid(), Dropout(), GlobalAveragePool2D()]
            model = Model([*layers, FullyConnected(3)], (1, 6, 6))
            records = list(fit(model, X, y, Adam(), CrossEntropy(0.1), batch_size=35, validation=(X, y)))
        arrays = [array for layer in model.layers for array in [*layer.params.values(), *layer.state.values()]]
        bits.append((records, [array.tobytes() for array in arrays]))
    assert bits[0] == bits[1]


def test_predict_and_the_checks_of_gradients_pass():
    model, X, y = model_and_data([Softmax()])
    model.layers[-2].params["W"] *= 3000
    assert model.predict(X).min() == 0
    loss = MeanSquaredError()
    assert (
        gradient_check(Model([FullyConnected(2)], (3,)), np.ones((2, 3)) * 1e-3, np.zeros((2, 2)), loss=loss)[0] < 1e-6
    )
    assert np.isfinite(cost_surface(model, X[:9], np.eye(3)[y[:9]], loss, points=3)[1]).all()


def test_overflow_is_raised_as_the_caller_asked():
    with pytest.raises(FloatingPointError, match="overflow"):
        dense_forward(np.full((1, 2), 1e200), np.full((2, 1), 1e200))
    with pytest.raises(FloatingPointError, match="overflow"):
        convolve(np.full((3, 3), 1e200), np.full((2, 2), 1e200))
