"""Model: layers in a row, from the input to the output.

Shapes      worked out when the Model is made, so that a network that does not fit fails then, and says at which layer.
Chance      one Generator from `seed`; every layer gets its own child, and shuffling too.
Memory      forward remembers for backward; predict works in parts and remembers nothing.
Story       notebooks/08_model.
"""

import math
from contextlib import contextmanager

import numpy as np

from . import checks
from .layer import Layer
from .parallel import LARGEST as SHARD
from .parallel import Desk, crew, shards


class Model:
    """A network: layers in order.

    Parameters
    ----------
    layers : list of Layer
        Each belongs to this model alone. A layer that was used before keeps its parameters; the others are built.
    input_shape : tuple of int
        The shape of one example, without N.
    seed : int
        Where all chance of this model comes from.
    dtype : 'float32' or 'float64'

    Raises
    ------
    ValueError
        If a layer does not fit to the one before it, or belongs to another model.

    Examples
    --------
    >>> from cnn_core import Conv2D, Flatten, FullyConnected, Model, ReLU
    >>> model = Model([Conv2D(8), ReLU(), Flatten(), FullyConnected(10)], input_shape=(1, 28, 28))
    >>> model.predict(np.zeros((5, 1, 28, 28))).shape
    (5, 10)
    """

    def __init__(self, layers, input_shape=(1, 28, 28), seed=0, dtype="float32"):
        self.layers = _checked_layers(layers)
        self.input_shape = checks.shape("Model", "input_shape", input_shape)
        self.seed = checks.integer("Model", "seed", seed, minimum=0)
        self.dtype = checks.float_type("Model", dtype)
        self.shapes = walk(self.layers, self.input_shape)
        checks.fits(
            "Model", "its parameters", sum(map(self._count, range(len(self.layers)))), "float64", "Make it smaller."
        )
        self.rng, *children = np.random.default_rng(self.seed).spawn(1 + len(self.layers))  # rng: for shuffling
        self._build(children)

    def _build(self, children):
        for index, (layer, shape) in enumerate(zip(self.layers, self.shapes, strict=False)):
            with _named(self.layers, index, "cannot keep its parameters"):  # all are checked before one is built
                layer.check_assigned(shape, self.dtype)
        for layer, shape, rng in zip(self.layers, self.shapes, children, strict=False):
            if layer.input_shape is None:
                layer.build(shape, rng, self.dtype)
            else:
                layer.settle(shape, self.dtype, layer.params)
        for layer in self.layers:
            layer.in_model = True

    def __repr__(self):
        layers = ", ".join(map(repr, self.layers))
        return f"Model([{layers}], input_shape={self.input_shape}, seed={self.seed}, dtype={self.dtype!r})"

    @property
    def output_shape(self):
        """The shape of one output, without N."""
        return self.shapes[-1]

    def forward(self, X):
        """Return the output (N, ...) for X (N, *input_shape); every layer remembers what backward needs."""
        X = self.admit("Model", X)
        self.check_memory("Model", len(X), "Use predict, or fit with smaller batches: they work in parts.")
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, dC_dO):
        """Return dC_dX of the last forward; every layer assigns its `grads`."""
        if self.layers[-1].memory is None:
            raise RuntimeError("Model: backward was called before forward. Call forward(X) first.")
        for layer in reversed(self.layers):
            dC_dO = layer.backward(dC_dO)
        return dC_dO

    def predict(self, X, workers=None):
        """Return what forward returns; works in shards, on all cores, and leaves the last forward's memory alone."""
        X = checks.real_array("Model", "X", X)  # each shard is converted in its turn
        checks.batch("Model", X, self.input_shape)
        workers = checks.workers("Model.predict", workers)
        self.check_memory("Model.predict", min(len(X), SHARD))
        checks.fits("Model.predict", "the outputs", len(X) * math.prod(self.output_shape), self.dtype, checks.FEWER)
        for layer in self.layers:
            layer.adopt_params()
        O = np.empty((len(X), *self.output_shape), dtype=self.dtype)

        def predict_shard(shard, desk):
            *_, O[shard] = desk.forward(self.admit("Model", X[shard]))

        with crew(workers, lambda: Desk(self.layers)) as run:
            run(predict_shard, shards(len(X)), lambda *_: None)
        return O

    def admit(self, where, X):
        """Return X as this model's floats, checked to be N examples of input_shape; integers are converted first."""
        X = checks.as_float(where, "X", X, self.dtype)
        checks.batch(where, X, self.input_shape)
        return X

    def check_memory(self, where, examples, advice="Give smaller ones."):
        """Refuse to take so many examples through all layers at once that they could not be held."""
        numbers = sum(layer.numbers_made(shape) for layer, shape in zip(self.layers, self.shapes, strict=False))
        checks.fits(where, f"{examples} examples in all layers", examples * numbers, self.dtype, advice)

    def parameters(self):
        """Return [(key, param, grad)] with keys like '0.F': the arrays themselves. grad is None before a backward."""
        for layer in self.layers:
            layer.adopt_params()
        return [
            (f"{index}.{key}", param, layer.grads.get(key))
            for index, layer in enumerate(self.layers)
            for key, param in layer.params.items()
        ]

    def summary(self):
        """Return a table: each layer with its output shape, its number of parameters and the pixels it leaves out."""
        header = ("layer", "output shape", "parameters", "excluded pixels")
        rows = [self._summary_row(index) for index in range(len(self.layers))]
        last = ("in all", "", f"{sum(map(self._count, range(len(self.layers)))):,}", "")
        widths = [max(len(row[column]) for row in (header, *rows, last)) for column in range(4)]
        rule = "-" * (sum(widths) + 6)
        lines = [_table_row(row, widths) for row in (header, ("input", str(self.input_shape), "0", "-"), *rows, last)]
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def _summary_row(self, index):
        layer, count = self.layers[index], self._count(index)
        excluded = "-"
        if hasattr(layer, "geometry"):
            rows, columns = layer.geometry(self.shapes[index]).excluded
            words = f"{rows} row{'s' * (rows != 1)}, {columns} column{'s' * (columns != 1)}"
            excluded = words if rows or columns else "none"
        return f"{index} {layer.name}", str(self.shapes[index + 1]), f"{count:,}", excluded

    def _count(self, index):
        """Return how many parameters a layer has."""
        return sum(map(math.prod, self.layers[index].param_shapes(self.shapes[index]).values()))

    def save(self, path):
        """Write architecture and parameters to exactly `path`, whole or not at all."""
        from .files import save_model  # files knows Model: imported here, the two need not know each other at start

        save_model(path, self)

    @staticmethod
    def load(path):
        """Return the Model that `save` wrote to path. The file is checked; nothing in it can run."""
        from .files import load_model

        return load_model(path)


def _checked_layers(layers):
    if isinstance(layers, Layer) or not hasattr(layers, "__iter__"):
        raise TypeError(f"Model: layers must be a list of layers, got {type(layers).__name__}.")
    layers = list(layers)
    if not layers:
        raise ValueError("Model: layers is empty; at least one layer is needed.")
    for index, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise TypeError(f"Model: layers[{index}] must be a layer, such as ReLU(), got {checks.shown(layer)}.")
        if layer.in_model or any(layer is other for other in layers[:index]):
            raise ValueError(f"Model: {_place(layers, index)} is in a model already. Make a new one for each place.")
    return layers


def walk(layers, shape):
    """Return the shape of what goes into each layer, and of what comes out of the last."""
    shapes = [shape]
    for index, layer in enumerate(layers):
        with _named(layers, index, f"does not fit to an input of {shapes[-1]}"):
            shapes.append(layer.output_shape(shapes[-1]))
    return shapes


@contextmanager
def _named(layers, index, trouble):
    """Let an error inside say which layer of the model it comes from."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"Model: {_place(layers, index)} {trouble}: {error}") from error


def _place(layers, index):
    return f"layer {index} ({layers[index].name})"


def _table_row(cells, widths):
    name, shape, count, excluded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"{name}  {shape}  {count.strip():>{widths[2]}}  {excluded}".rstrip()
