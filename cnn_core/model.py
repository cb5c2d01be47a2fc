"""Model: layers in a row, from the input to the output; its files.

Shapes      All shapes are computed when the Model is made, so that a network that does not fit fails then, and the
            message names the layer.
Chance      One Generator is made from `seed`; every layer gets a child of it, and so does shuffling.
State       `forward` keeps what `backward` needs; `predict` works in parts and keeps nothing.
Files       An archive (archive.py) of the parameters and of the layers' state under their keys ('0.F'). Layers are
            looked up by name in a fixed dictionary.
Chapter     08.
"""

import json
import math
import warnings
from contextlib import contextmanager

import numpy as np

from . import archive, checks
from .activations import LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from .convolution import Conv2D
from .fast.replica import MAX_MICRO_BATCH, Replica, micro_batch_slices
from .fast.threads import worker_pool
from .fully_connected import Flatten, FullyConnected
from .layer import SHAPES, Layer, backward_pass, recorded_forward
from .normalisation import BatchNorm2D, Dropout, GlobalAveragePool2D
from .pooling import Pool2D

OWN_LAYERS = (Conv2D, Pool2D, FullyConnected, Flatten, ReLU, LeakyReLU, Sigmoid, Tanh, Softmax)
OWN_LAYERS += (BatchNorm2D, Dropout, GlobalAveragePool2D)
LAYERS = {each.__name__: each for each in OWN_LAYERS}  # and what register_layer adds
REUSE = "make a new Model; copy.deepcopy(layer) keeps what a layer has learnt and belongs to no model"
CHANNELS_LAST = "(H, W, C); it must be (C, H, W). For images (N, H, W, C) use X.transpose(0, 3, 1, 2)."


@checks.public
def register_layer(cls):
    """Let model files and checkpoints hold layers of this class of your own; a decorator.

    A file keeps the arguments of `__init__`, which must be attributes of the same names, numbers, texts or lists, and
    the parameters and the state. A class of the same name replaces one that you registered before. A program that
    loads the file has to register the class first: nothing is imported because a file names it.

    Raises
    ------
    TypeError
        If cls is not a subclass of Layer.
    ValueError
        If the library has a layer of that name.
    """
    is_layer = isinstance(cls, type) and issubclass(cls, Layer)
    checks.expect(is_layer, "cls must be a subclass of Layer", cls, checks.BadType)
    is_free = cls.__name__ not in [own.__name__ for own in OWN_LAYERS]
    checks.require(is_free, f"the library has a layer of the name {cls.__name__}. Choose another.")
    LAYERS[cls.__name__] = cls
    return cls


class Layers(list):
    """The layers of a model, a list that cannot be changed; they belong to this model, and in a copy of it to that."""

    def __init__(self, layers):
        super().__init__(layers)
        for layer in self:
            layer.in_model = True

    def _refuse(self, *args, **kwargs):
        raise TypeError(f"Model: layers cannot be changed; {REUSE}.")

    append = extend = insert = remove = pop = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse

    def __reduce__(self):
        return type(self), (list(self),)


class Model(checks.Fixed):
    """A network: layers in order.

    Parameters
    ----------
    layers : list of Layer
        Each belongs to this model alone. A layer that was used before keeps its parameters; the others are built.
    input_shape : tuple of int
        The shape of one example, without N.
    seed : int
        The seed of all random numbers of this model.
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

    The layers of a model cannot be changed. Copies of them begin another one: here a new last layer on trained ones.

    >>> import copy
    >>> trained = [copy.deepcopy(layer) for layer in model.layers[:-1]]
    >>> Model([*trained, FullyConnected(26)], input_shape=(1, 28, 28)).output_shape
    (26,)
    """

    @checks.public
    def __init__(self, layers, input_shape=(1, 28, 28), seed=0, dtype="float32"):
        self.layers = _checked_layers(layers)
        self.input_shape = checks.shape("input_shape", input_shape)
        self.seed, self.dtype = checks.integer("seed", seed, minimum=0), checks.float_type(dtype)
        self.shapes = infer_shapes(self.layers, self.input_shape)
        checks.fits("its parameters", self.parameter_count(), "float64", "Make it smaller.")
        if len(self.input_shape) == 3 and self.input_shape[2] in (1, 3, 4) and min(self.input_shape[:2]) > 4:
            warnings.warn(f"Model: input_shape {self.input_shape} looks like {CHANNELS_LAST}", stacklevel=4)
        self.rng, *children = np.random.default_rng(self.seed).spawn(1 + len(self.layers))  # rng: for shuffling
        self._build(children)

    def _build(self, children):
        planned = []
        for index, (layer, shape, rng) in enumerate(zip(self.layers, self.shapes, children, strict=False)):
            with _naming_layer(self.layers, index, "cannot keep its parameters"):  # check all before one is built
                planned.append(layer.planned_params(vars(layer), shape, self.dtype, rng))
        for layer, shape, params in zip(self.layers, self.shapes, planned, strict=False):
            layer.set_params(shape, self.dtype, params)
        vars(self)["layers"] = Layers(self.layers)

    def __repr__(self):
        layers = ", ".join(map(repr, self.layers))
        return f"Model([{layers}], input_shape={self.input_shape}, seed={self.seed}, dtype={self.dtype!r})"

    @property
    def output_shape(self):
        """The shape of one output, without N."""
        return self.shapes[-1]

    @checks.public
    def forward(self, X, training=True):
        """Return the output (N, ...) for X (N, *input_shape); every layer keeps the record that backward needs.

        While training only, layers with state change it, such as the running means of BatchNorm2D, and layers that draw
        random numbers do so, from a seed that the model's generator gives.
        """
        X = self.validate_input(X)
        self.check_memory(len(X), "Use predict, or fit with smaller batches: they work in parts.")
        self.sync_params()
        return recorded_forward(self.layers, X, training, self.rng)

    def backward(self, dC_dO):
        """Return dC_dX of the last forward, and assign `grads` of every layer."""
        records = [layer.last_forward for layer in self.layers]
        checks.require(records[-1], "Model: backward was called before forward. Call forward(X) first.", RuntimeError)
        self.sync_params()
        dC_dX, grads = backward_pass(self.layers, dC_dO, records)
        self.set_grads(grads)
        return dC_dX

    @checks.public_as("Model.predict")
    def predict(self, X, workers=None):
        """Return the output for X, computed in micro-batches on all cores; the record of the last forward stays."""
        X = self._checked_input(X, keep="fiub")  # each micro-batch is converted when its turn comes
        workers = checks.workers(workers)
        self.check_memory(min(len(X), MAX_MICRO_BATCH))
        checks.fits("the outputs", len(X) * math.prod(self.output_shape), self.dtype, checks.FEWER)
        self.sync_params()
        O = np.empty((len(X), *self.output_shape), dtype=self.dtype)

        def predict_part(replica, part):
            O[part], _ = replica.forward(self.validate_input(X[part]))

        with worker_pool(workers, lambda: Replica(self.layers)) as run:
            run(predict_part, micro_batch_slices(len(X)), lambda *_: None)
        return O

    def validate_input(self, X, keep=""):
        """Return X, if it holds N examples of input_shape, in the model's dtype unless its kind is in `keep`."""
        X = checks.real_array("X", X)
        checks.batch(X, self.input_shape)
        return X if X.dtype.kind in keep else checks.as_float("X", X, self.dtype)

    _checked_input = checks.public(validate_input)  # its errors begin with the name of the class

    def check_memory(self, examples, advice="Give smaller ones."):
        """Refuse to take so many examples through all layers at once that they could not be held."""
        numbers = sum(layer.element_count(shape) for layer, shape in zip(self.layers, self.shapes, strict=False))
        checks.fits(f"{examples} examples in all layers", examples * numbers, self.dtype, advice)

    def sync_params(self):
        """Validate the parameters that the user has assigned since the last call."""
        for layer in self.layers:
            layer.sync_params()

    def set_grads(self, grads):
        """Assign {key: gradient} to each layer's `grads`."""
        for layer, own in zip(self.layers, grads, strict=True):
            layer.grads = own

    def parameters(self):
        """Return [(key, param, grad)] with keys like '0.F': the arrays themselves. grad is None before a backward."""
        self.sync_params()
        grads = _by_key(layer.grads for layer in self.layers)
        return [(key, param, grads.get(key)) for key, param in _by_key(layer.params for layer in self.layers).items()]

    def summary(self):
        """Return a table: each layer with its output shape, its number of parameters and its excluded pixels."""
        rows = [("layer", "output shape", "parameters", "excluded pixels"), ("input", str(self.input_shape), "0", "-")]
        rows += [*map(self._summary_row, range(len(self.layers))), ("in all", "", f"{self.parameter_count():,}", "")]
        name, shape, count, last = (max(map(len, column)) for column in zip(*rows, strict=True))
        lines = [f"{a:{name}}  {b:{shape}}  {c:>{count}}  {d}".rstrip() for a, b, c, d in rows]
        rule = "-" * (name + shape + count + last + 6)
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def _summary_row(self, index):
        layer, excluded = self.layers[index], "-"
        if hasattr(layer, "geometry"):
            rows, columns = layer.geometry(self.shapes[index]).excluded
            words = f"{rows} row{'s' * (rows != 1)}, {columns} column{'s' * (columns != 1)}"
            excluded = words if rows or columns else "none"
        count = self.parameter_count(slice(index, index + 1))
        return f"{index} {layer.name}", str(self.shapes[index + 1]), f"{count:,}", excluded

    def parameter_count(self, part=slice(None)):
        """Return the number of parameters of all layers, or of those of a slice."""
        shapes = map(lambda layer, shape: layer.param_shapes(shape), self.layers[part], self.shapes[part])
        return sum(math.prod(shape) for own in shapes for shape in own.values())

    @checks.public_as("Model.save")
    def save(self, path):
        """Write architecture and parameters to exactly `path`, whole or not at all."""
        params, state = model_arrays(self)
        archive.write_archive(path, {"kind": "model", "model": describe_model(self)}, params | state)

    @staticmethod
    @checks.public_as("Model.load")
    def load(path):
        """Return the Model that `save` wrote to path. The file is checked; nothing in it can run."""
        with archive.open_archive(path, "model") as opened:
            return read_model(opened, *planned_model(opened))


def _checked_layers(layers):
    is_list = hasattr(layers, "__iter__") and not isinstance(layers, Layer)
    checks.require(is_list, f"layers must be a list of layers, got {type(layers).__name__}.", checks.BadType)
    layers = list(layers)
    checks.require(layers, "layers is empty; at least one layer is needed.")
    for index, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise checks.BadType(f"layers[{index}] must be a layer, such as ReLU(), got {checks.shown(layer)}.")
        own = [name for name in ("forward", "backward") if getattr(type(layer), name) is not getattr(Layer, name)]
        advice = "A Model calls apply and gradients: define these."
        checks.require(not own, f"layer {index} ({layer.name}) has its own {' and '.join(own)}. {advice}")
        is_free = not layer.in_model and not any(layer is other for other in layers[:index])
        checks.require(is_free, f"layer {index} ({layer.name}) is in a model already. Make a new one for each place.")
    return layers


def infer_shapes(layers, shape):
    """Return the shape of the input of each layer, and of the output of the last."""
    shapes = [shape]
    for index, layer in enumerate(layers):
        with _naming_layer(layers, index, f"does not fit to an input of {shapes[-1]}"):
            shapes.append(layer.output_shape(shapes[-1]))
    return shapes


@contextmanager
def _naming_layer(layers, index, trouble):
    """Put the position and the name of the layer in front of the message of an error inside."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"Model: layer {index} ({layers[index].name}) {trouble}: {error}") from error


def _by_key(dictionaries):
    """Return {'0.F': value, ...} of a dictionary {'F': value, ...} for each layer."""
    return {f"{index}.{key}": value for index, own in enumerate(dictionaries) for key, value in own.items()}


def model_arrays(model):
    """Return {key: parameter} and {key: array of the state} of a model, as they are written to a file."""
    checks.require(isinstance(model, Model), f"model must be a Model, got {type(model).__name__}.", checks.BadType)
    return {key: param for key, param, _ in model.parameters()}, _by_key(layer.state for layer in model.layers)


def describe_model(model):
    """Return the architecture of a model, as it is written to a file."""
    layers = [describe(layer, LAYERS) for layer in model.layers]
    return {"layers": layers, "input_shape": model.input_shape, "seed": model.seed, "dtype": model.dtype}


def describe(thing, choices, nested=None):
    """Return the name and the arguments of an object of one of the classes in `choices`, functions being of `nested`.

    What cannot be made again from its description is refused.
    """
    name, given = type(thing).__name__, checks.arguments_of(thing)
    if choices.get(name) is not type(thing):
        raise checks.BadType(f"{checks.shown(thing)} cannot be written to a file; what can: {', '.join(choices)}.")
    arguments = {key: describe(value, nested) if callable(value) else value for key, value in given.items()}
    described = {"name": name, "arguments": arguments}
    try:
        made(json.loads(json.dumps(described, default=np.generic.item)), choices, "class", nested)
    except Exception as error:
        raise checks.BadValue(f"{checks.shown(thing)} cannot be written to a file: {error}") from error
    return described


def made(described, choices, kind, nested=None):
    """Return the object that `describe` described."""
    cls, given = choices[checks.choice(kind, described["name"], choices)], described["arguments"]
    nests = {key: made(value, nested, "schedule") for key, value in given.items() if nested and isinstance(value, dict)}
    later = {"learning_rate"} & given.keys() if nested else set()  # a rate of 0 can be assigned only
    thing = cls(**{key: value for key, value in given.items() if key not in later})
    for key in later:
        setattr(thing, key, nests.get(key, given[key]))
    return thing


def planned_model(opened):
    """Return the layers of an archive, not built yet, and {key: shape} of their parameters and of their state.

    Nothing large is allocated.
    """
    described = opened.architecture["model"]
    layers = [made(layer, LAYERS, "layer") for layer in described["layers"]]
    shapes = infer_shapes(layers, checks.shape("input_shape", described["input_shape"]))
    pairs = list(zip(layers, shapes, strict=False))
    return layers, *(_by_key(getattr(layer, name)(shape) for layer, shape in pairs) for name in SHAPES.values())


def read_model(opened, layers, params, state, others=None):
    """Return the Model of an archive that holds arrays of these shapes, and `others` ({name: shape}) besides."""
    described = opened.architecture["model"]
    opened.expect(params | state | (others or {}), checks.float_type(described["dtype"]))
    for kind, shapes in zip(SHAPES, (params, state), strict=True):
        for key in shapes:
            index, name = key.split(".")
            getattr(layers[int(index)], kind)[name] = opened.read(key)
    return Model(layers, described["input_shape"], described["seed"], described["dtype"])
