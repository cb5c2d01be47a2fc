"""Layer: the interface of every layer of a network, and the two loops over layers.

Shapes      input_shape and output_shape are those of one example, without N; X and dC_dO have N in front.
Pure part   `apply` and `gradients` are pure functions. They may name further arguments, which are passed only to a
            method that names them: `training` (whether the network trains or predicts), `rng` (a Generator of this
            micro-batch and layer; None while predicting), `cache` (a dict of this micro-batch and layer: what apply puts there,
            gradients finds), `buffers` (fast/buffers.py) and, for gradients, `input_gradient` (False where dC_dX is not
            needed). Arrays passed inside `fit` are overwritten at the next step: copy what you want to keep.
State       `forward` and `backward` validate their argument and keep state: forward stores X, by reference, for
            backward, which assigns `grads` and changes no parameter.
Dtype       Inputs are cast to the dtype the layer was built with.
Chapters    01 shows the first layer, 08 puts several in a row.
"""

import functools
import inspect
import itertools
import math
from typing import NamedTuple

import numpy as np

from . import checks
from .initialise import INITIALISATIONS


class Forward(NamedTuple):
    """The record of one layer's forward pass, which its backward pass needs."""

    X: np.ndarray
    output_shape: tuple
    cache: dict


def forward_pass(layers, X, training=True, rngs=None, buffers=None):
    """Return the output of the layers for X, and the records that backward_pass needs, one a layer."""
    records = []
    for layer, rng, own in zip(layers, rngs or itertools.repeat(None), buffers or itertools.repeat(None), strict=False):
        cache = {}
        options = _accepted(layer.apply, training=training, rng=rng, cache=cache, buffers=own)
        O = np.asarray(layer.apply(X, **options), layer.dtype)
        records.append(Forward(X, O.shape, cache))
        X = O
    return X, records


def backward_pass(layers, dC_dO, records, buffers=None, input_gradient=True):
    """Return dC_dX (None unless input_gradient) and {key: gradient} of each layer, for the records of forward_pass."""
    grads = []
    buffers = buffers or [None] * len(layers)
    for layer, record, own in zip(layers[::-1], records[::-1], buffers[::-1], strict=True):
        dC_dO = layer.validate_gradient(dC_dO, record.output_shape)
        needed = input_gradient or layer is not layers[0]
        options = _accepted(layer.gradients, cache=record.cache, buffers=own, input_gradient=needed)
        dC_dO, own_grads = layer.gradients(dC_dO, record.X, **options)
        grads.append(own_grads)
    return dC_dO, grads[::-1]


def generators(layers, seed):
    """Return a Generator for each layer whose apply names `rng`, from [*seed, its index], and None for the others."""
    return [
        np.random.default_rng([*seed, index]) if "rng" in _names(layer.apply) else None
        for index, layer in enumerate(layers)
    ]


def draw_seed(rng, layers, training=True):
    """Return an integer from rng for the Generators of one step, or 0, drawing nothing, where no layer needs one."""
    needed = training and any("rng" in _names(layer.apply) for layer in layers)
    return int(rng.integers(1 << 63)) if needed else 0


def _accepted(method, **options):
    """Return the options that the method names; buffers that are None are left out."""
    return {
        name: options[name]
        for name in _names(method)
        if name in options and (name != "buffers" or options[name] is not None)
    }


def _names(method):
    return _parameter_names(getattr(method, "__func__", method))


@functools.cache
def _parameter_names(function):
    return tuple(inspect.signature(function).parameters)


def row_shape(shape, axes):
    """Return shape as a tuple if it is that of a row; `axes` names its axis, such as '(inputs,)'."""
    if len(shape) != 1:
        raise checks.BadValue(f"expected an input of shape {axes}, got {tuple(shape)}. Put a Flatten() before it.")
    return tuple(shape)


class Layer:
    """A step of a network, with parameters (`params`) and their cost gradients (`grads`) under the same keys.

    A subclass defines `output_shape`, `apply` and `gradients`, and, if it has parameters, `param_shapes` and `initial`.
    A Model builds its layers; a layer used alone builds itself at its first forward, from a Generator of seed 0.
    """

    is_monotonic = False  # as ReLU: commutes with max, but for ties at 0, which get no gradient
    is_selection = False  # pooling that returns one pixel of each window unchanged

    def __init__(self):
        self.params, self.grads = {}, {}
        self.own_params = self.params  # always the same dictionary: callers may hold a reference to it
        self.input_shape = self.dtype = None  # known once it is built
        self.in_model = False
        self.rng = np.random.default_rng(0)  # for a layer used alone; a Model's layers get theirs from the Model
        self.last_forward = None

    def output_shape(self, input_shape):
        """Return the shape of one output for one input, or raise a ValueError with the reason why there is none."""
        return tuple(input_shape)

    def element_count(self, input_shape):
        """Return how many numbers the layer allocates for one input: its output and its workspace."""
        return math.prod(self.output_shape(input_shape))

    def param_shapes(self, input_shape):
        """Return {key: shape} of the parameters for one input of this shape."""
        return {}

    def initial(self, key, shape, rng):
        """Return the initial value of the parameter `key`."""
        raise NotImplementedError

    def check_input(self, X):
        """Refuse an X that does not fit the parameters."""

    def apply(self, X):
        """Return the output for X, without keeping state."""
        raise NotImplementedError

    def gradients(self, dC_dO, X):
        """Return dC_dX and {key: gradient}, without keeping state."""
        raise NotImplementedError

    @property
    def name(self):
        """The name of the class, with which its errors begin."""
        return type(self).__name__

    def __repr__(self):
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in checks.arguments_of(self).items())})"

    @checks.public
    def build(self, input_shape, rng, dtype="float32"):
        """Create the parameters for inputs of this shape (without N), from the layer's own Generator.

        Parameters that the user assigned before the first build are kept.
        """
        dtype = checks.float_type(dtype)
        input_shape = checks.shape("input_shape", input_shape)
        self.output_shape(input_shape)
        assigned = self.params if self.input_shape is None else {}
        shapes = self.param_shapes(input_shape)
        checks.fits("its parameters", sum(map(math.prod, shapes.values())), "float64", "Make it smaller.")
        drawn = {key: self.initial(key, shape, rng) for key, shape in shapes.items()}
        self.set_params(input_shape, dtype, drawn | assigned)

    @checks.public
    def set_params(self, input_shape, dtype, params):
        """Set these parameters, for inputs of this shape."""
        self._store(self._checked_params(params, input_shape, dtype))
        self.grads, self.last_forward = {}, None
        self.input_shape, self.dtype = input_shape, dtype

    def forward(self, X, training=True):
        """Return the output for X, and store X for backward."""
        X = self.validate_input(X)
        seed = draw_seed(self.rng, [self], training), 0
        O, (self.last_forward,) = forward_pass([self], X, training, generators([self], seed) if training else None)
        return O

    def backward(self, dC_dO):
        """Return dC_dX of the last forward, and assign the cost gradients of the parameters to `grads`."""
        if self.last_forward is None:
            raise RuntimeError(f"{self.name}: backward was called before forward. Call forward(X) first.")
        self.sync_params()
        dC_dX, (self.grads,) = backward_pass([self], dC_dO, [self.last_forward])
        return dC_dX

    @checks.public
    def validate_input(self, X):
        """Validate X, cast it to the layer's dtype, and build the layer on first use."""
        X = checks.as_float("X", X, self.dtype)
        if X.ndim < 2:
            raise checks.BadValue(f"X must have the batch axis N in front, got shape {X.shape}.")
        if self.input_shape is None:
            self.build(X.shape[1:], np.random.default_rng(0), X.dtype)
        self.check_input(X)
        numbers = len(X) * self.element_count(X.shape[1:])  # raises where X does not fit
        checks.fits(f"{len(X)} examples", numbers, self.dtype, checks.FEWER)
        self.sync_params()
        return X

    @checks.public
    def validate_gradient(self, dC_dO, output_shape):
        """Return dC_dO in the layer's dtype, if it has the shape of the output."""
        dC_dO = checks.as_float("dC_dO", dC_dO, self.dtype)
        checks.same_shape("dC_dO", dC_dO, output_shape, "(the shape of the last forward's output)")
        return dC_dO

    @checks.public
    def sync_params(self):
        """Validate parameters that the user has assigned since the last call."""
        self._store(self._checked_params(self.params, self.input_shape, self.dtype))

    def _store(self, params):
        if self.params is not self.own_params:  # a whole dictionary was assigned, perhaps that of another layer
            params = {key: param.copy() for key, param in params.items()}
        self.own_params.update(params)
        for key in self.own_params.keys() - params.keys():
            del self.own_params[key]
        self.params = self.own_params

    def _checked_params(self, params, input_shape, dtype):
        """Return the parameters with the right keys and shapes, as arrays of dtype that can be trained in place."""
        shapes = self.param_shapes(input_shape)
        if params.keys() != shapes.keys():
            wanted = f"the keys {sorted(shapes)}" if shapes else "no keys"
            raise checks.BadValue(f"params must have {wanted}, got {sorted(map(str, params))}.")
        return {key: _checked_param(key, params[key], shape, dtype) for key, shape in shapes.items()}

    @checks.public
    def check_assigned(self, input_shape, dtype):
        """Refuse assigned parameters that do not fit such inputs; before the first build keys may be missing."""
        shapes = self.param_shapes(input_shape)
        missing = shapes.keys() - self.params.keys() if self.input_shape is None else ()
        self._checked_params(self.params | {key: np.zeros(shapes[key]) for key in missing}, input_shape, dtype)


def _checked_param(key, value, shape, dtype):
    param = checks.as_float(f"params[{key!r}]", value, dtype)
    checks.same_shape(f"params[{key!r}]", param, shape)
    return np.require(param, requirements=["C_CONTIGUOUS", "OWNDATA", "WRITEABLE"])


class WeightedLayer(Layer):
    """A layer with weights, under the key `weights`, and a bias 'B' for each of its outputs; defines `weight_shape`."""

    weights = ""

    def __init__(self, initialisation, bias):
        super().__init__()
        self.initialisation = checks.choice("initialisation", initialisation, INITIALISATIONS)
        self.bias = checks.boolean("bias", bias)

    def weight_shape(self, input_shape):
        """Return the shape of the weights for one input of this shape."""
        raise NotImplementedError

    def param_shapes(self, input_shape):
        outputs = self.output_shape(input_shape)[0]
        return {self.weights: self.weight_shape(input_shape)} | ({"B": (outputs,)} if self.bias else {})

    def initial(self, key, shape, rng):
        return np.zeros(shape) if key == "B" else INITIALISATIONS[self.initialisation](shape, rng)
