"""Random small models with every layer of the series, for comparisons with other libraries."""

import numpy as np

from cnn_core import (
    BatchNorm2D,
    Conv2D,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAveragePool2D,
    LeakyReLU,
    Model,
    Pool2D,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)

ACTIVATIONS = ReLU, LeakyReLU, Sigmoid, Tanh


def random_model(seed, dtype="float32"):
    """Return a model of random layers that fit together, its parameters and state all random."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers((1, 4, 4), (4, 15, 15)).tolist())
    layers, size = [], shape
    for _ in range(rng.integers(4)):
        layer = _fitting(rng, size)
        size = layer.output_shape(size)
        layers += [layer, *_others(rng)]
    layers += [GlobalAveragePool2D() if rng.random() < 0.3 else Flatten(), *_others(rng)]
    layers += [FullyConnected(int(rng.integers(2, 6)), bias=rng.random() < 0.8)]
    layers += [Softmax()] if rng.random() < 0.3 else []
    model = Model(layers, shape, seed=seed, dtype=dtype)
    for layer in model.layers:
        for array in layer.params.values():
            array[...] = rng.normal(size=array.shape) / max(array[0].size, 1) ** 0.5
        for key, array in layer.state.items():
            array[...] = rng.uniform(0.5, 2, array.shape) if key == "running_variance" else rng.normal(size=array.shape)
    return model, rng.normal(size=(3, *shape)).astype(dtype)


def _fitting(rng, shape):
    """Return a random convolution or pooling that fits to images of this shape."""
    while True:
        try:
            layer = _convolution(rng) if rng.random() < 0.6 else _pooling(rng)
            layer.output_shape(shape)
        except ValueError:
            continue
        return layer


def _pair(rng, low, high):
    return tuple(rng.integers(low, high, 2).tolist())


def _convolution(rng):
    paddings = "valid", "same", "include", int(rng.integers(3)), _pair(rng, 0, 3)
    padding = paddings[rng.integers(5)]
    settings = {"dilation": _pair(rng, 1, 4), "bias": rng.random() < 0.7, "padding": padding}
    return Conv2D(int(rng.integers(1, 6)), _pair(rng, 1, 6), _pair(rng, 1, 6), **settings)


def _pooling(rng):
    paddings = "valid", "same", "include", int(rng.integers(2))
    mode = ("max", "mean", "min")[rng.integers(3)]
    return Pool2D(_pair(rng, 1, 5), _pair(rng, 1, 5), paddings[rng.integers(4)], mode)


def _others(rng):
    """Return batch normalisation, an activation and dropout, each or not."""
    made = [BatchNorm2D()] if rng.random() < 0.5 else []
    made += [ACTIVATIONS[rng.integers(4)]()] if rng.random() < 0.8 else []
    return made + ([Dropout(0.3)] if rng.random() < 0.3 else [])
