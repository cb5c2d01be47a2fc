"""The data of the page as scripts: the trained weights in 16 bits, the drawn digits, and the colours of the palette.

Scripts     not JSON: a page that was opened from a file may load scripts beside it, and fetch nothing.
Rounding    float16 has 11 binary digits. `rounded_model` is the model with the rounded weights, which the page computes
            with; the tests compare the two, and the page names its accuracy.
"""

import base64
import json
from importlib.resources import files

import matplotlib
import numpy as np

from cnn_core import Model, load_mnist
from cnn_viz import drawn_digits
from cnn_viz.base import palette

TRAINED = files("cnn_core") / "data" / "trained" / "08_model.npz"


def rounded_model(dtype="float32"):
    """Return the trained model of chapter 08 with its parameters rounded to float16."""
    trained = Model.load(TRAINED)
    model = Model([type(layer)(**settings_of(layer)) for layer in trained.layers], trained.input_shape, dtype=dtype)
    for layer, original in zip(model.layers, trained.layers, strict=True):
        for key, param in original.params.items():
            layer.params[key] = param.astype(np.float16).astype(dtype)
    return model


def settings_of(layer):
    """Return the arguments that make such a layer."""
    names = {"Conv2D": ("num_filters", "kernel_size", "stride", "padding"), "FullyConnected": ("num_nodes",)}
    return {name: getattr(layer, name) for name in names.get(layer.name, ())}


def weights_script(model):
    """Return weights.js: each layer's name and shapes, and all numbers in one text."""
    layers, parts, start = [], [], 0
    for layer, shape in zip(model.layers, model.shapes[1:], strict=True):
        params = {}
        for key, param in layer.params.items():
            params[key] = {"shape": param.shape, "start": start}
            parts.append(param.astype("<f2").tobytes())
            start += param.size
        layers.append({"name": layer.name, "shape": shape, "params": params})
    text = base64.b64encode(b"".join(parts)).decode("ascii")
    return script("WEIGHTS", {"layers": layers, "float16": text})


def digits_script():
    """Return digits.js: the drawings that the page offers."""
    return script("DIGITS", [vars(digit) for digit in drawn_digits()])


def colours_script():
    """Return colours.js: 256 colours (red, green, blue) of each map of colours."""
    maps = {"IMAGES": palette.IMAGES, "MAGNITUDES": palette.MAGNITUDES, "SIGNED": palette.SIGNED}
    levels = np.linspace(0, 1, 256)
    tables = {key: matplotlib.colormaps[name](levels, bytes=True)[:, :3].tolist() for key, name in maps.items()}
    return script("COLOURS", tables)


def script(name, value):
    """Return a script that assigns a constant."""
    return f"const {name} = {json.dumps(value, separators=(',', ':'))};\n"


def accuracy(model):
    """Return the share of MNIST's 10,000 test digits that a model classifies correctly."""
    digits = load_mnist()
    return np.mean(model.predict(digits.X_test).argmax(axis=1) == digits.y_test)
