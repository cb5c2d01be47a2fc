"""Layer: the interface of every layer of a network, and the two loops over layers.

Shapes      input_shape and output_shape are those of one example, without N; X and dC_dO have N in front.
Pure part   `apply` and `gradients` are pure functions. They may name further arguments, and each argument is passed
            only to a method that names it: `training` (True, or False while predicting), `rng` (a Generator of this
            micro-batch and layer; None while predicting), `cache` (a dict of this micro-batch and layer, in which apply
            leaves what gradients needs), `buffers` (fast/buffers.py), `fused` (fast/replica.py) and, for gradients,
            `input_gradient` (False where dC_dX is not needed). Inside `fit` their arrays are overwritten during the
            same or the next step: keep copies of them.
Memory      `forward` and `backward` validate their argument and keep records: forward stores X, by reference, for
            backward, which assigns `grads` and changes no parameter.
State       A layer may have arrays that training changes and no optimiser does, such as running means. While training,
            its apply leaves in cache["observed"] what it found for each of them, in new arrays. The step takes the mean
            over its micro-batches, weighted by their examples, and `next_state` makes the next state of it.
Dtype       Inputs are cast to the dtype the layer was built with.
Chapters    01 shows the first layer, 08 puts several in a row.
"""

import functools
import inspect
import math
from typing import NamedTuple

import numpy as np

from . import checks
from .initialise import INITIALISATIONS

SHAPES = {"params": "param_shapes", "state": "state_shapes"}  # the arrays of a layer, and the method for their shapes


class Forward(NamedTuple):
    """The record of one layer's forward pass, which its backward pass needs."""

    X: np.ndarray
    output_shape: tuple
    options: dict  # the further arguments of the call, the cache among them


def forward_pass(layers, X, options):
    """Return the output of the layers for X, and the records that backward_pass needs, one a layer.

    options holds a dict of the further arguments for each layer; each gets a new `cache` besides.
    """
    records = []
    for layer, own in zip(layers, options, strict=True):
        own = {"cache": {}, **own}
        O = checks.as_float("the output", layer.apply(X, **accepted(layer.apply, own)), layer.dtype)
        records.append(Forward(X, O.shape, own))
        X = O
    return X, records


def recorded_forward(layers, X, training, rng):
    """Return the output for X. Every layer keeps its record; while training, layers with state change it."""
    seed = (draw_seed(rng, layers) if training else 0, 0)
    O, records = forward_pass(layers, X, options_of(layers, training, seed))
    set_states(layers, next_states(layers, observed_by(layers, records)))
    for layer, record in zip(layers, records, strict=True):
        layer.last_forward = record
    return O


def backward_pass(layers, dC_dO, records, input_gradient=True):
    """Return dC_dX (None unless input_gradient) and {key: gradient} of each layer, for the records of forward_pass."""
    grads = [{}] * len(layers)
    for index in reversed(range(len(layers))):
        layer, (X, output_shape, own) = layers[index], records[index]
        own = {**own, "input_gradient": input_gradient or index > 0}
        dC_dO = layer.validate_gradient(dC_dO, output_shape)
        dC_dO, grads[index] = layer.gradients(dC_dO, X, **accepted(layer.gradients, own))
    return dC_dO, grads


def observed_by(layers, records, share=1.0):
    """Return, for each layer, {key: value * share} of what its forward pass observed for its state."""
    caches = [record.options["cache"] if layer.state else {} for layer, record in zip(layers, records, strict=True)]
    return [{key: value * share for key, value in cache.get("observed", {}).items()} for cache in caches]


def next_states(layers, observed):
    """Return {key: array} of each layer's next state, checked; {} where nothing was observed."""
    pairs = zip(layers, observed, strict=True)
    return [layer.checked_arrays("state", layer.next_state(own)) if own else {} for layer, own in pairs]


def set_states(layers, states):
    """Set these states, which have been checked, in place."""
    for layer, own in zip(layers, states, strict=True):
        for key, array in own.items():
            layer.state[key][...] = array


def options_of(layers, training, seed):
    """Return `training` and `rng` for each layer: a Generator from [*seed, index of the layer] if its apply names it.

    `rng` is None while predicting and where it is not named.
    """
    rngs = [np.random.default_rng([*seed, i]) if training and _draws(layer) else None for i, layer in enumerate(layers)]
    return [{"training": training, "rng": rng} for rng in rngs]


def draw_seed(rng, layers, is_needed=False):
    """Return an integer from rng for the Generators of one step, or 0, drawing nothing, where no layer needs one."""
    return int(rng.integers(1 << 63)) if is_needed or any(map(_draws, layers)) else 0


def _draws(layer):
    return "rng" in accepted(layer.apply, {"rng": None})


def accepted(method, options):
    """Return the options that the method names."""
    function = getattr(method, "__func__", method)  # a cached method would keep its layer in memory
    names = _parameter_names(function) if inspect.isfunction(function) else _parameter_names.__wrapped__(function)
    return {name: value for name, value in options.items() if name in names}


@functools.lru_cache(maxsize=256)
def _parameter_names(function):
    try:
        return frozenset(inspect.signature(function).parameters)
    except ValueError:  # compiled, such as np.tanh
        return frozenset()


def row_shape(shape, axes):
    """Return shape as a tuple if it is that of a row; `axes` names its axis, such as '(inputs,)'."""
    if len(shape) != 1:
        raise checks.BadValue(f"expected an input of shape {axes}, got {tuple(shape)}. Put a Flatten() before it.")
    return tuple(shape)


class Layer(checks.Named, checks.Fixed):
    """A step of a network, with parameters (`params`) and their cost gradients (`grads`) under the same keys.

    A subclass defines `output_shape`, `apply` and `gradients`, and, if it has parameters, `param_shapes` and `initial`;
    if it has state, `state_shapes`, `initial` and `next_state`.
    A Model builds its layers; a layer used alone builds itself at its first forward, from a Generator of seed 0.
    """

    def __init__(self):
        self.params, self.grads, self.state = {}, {}, {}
        # always the same dictionaries, which callers may hold, and the arrays in them when they were validated last
        self.own, self.own_arrays = {"params": self.params, "state": self.state}, {"params": {}, "state": {}}
        self.input_shape = self.dtype = self.last_forward = None  # until it is built and called
        self.in_model = False
        self.rng = np.random.default_rng(0)  # for a layer used alone; a Model's layers get theirs from the Model

    def __getstate__(self):
        """Return the state of a copy or a pickle, which belongs to no model."""
        return vars(self) | {"in_model": False}

    def output_shape(self, input_shape):
        """Return the shape of one output for one input, or raise a ValueError with the reason why there is none."""
        return tuple(input_shape)

    def element_count(self, input_shape):
        """Return how many numbers the layer allocates for one input: its output and its workspace."""
        return math.prod(self.output_shape(input_shape))

    def param_shapes(self, input_shape):
        """Return {key: shape} of the parameters for one input of this shape."""
        return {}

    def state_shapes(self, input_shape):
        """Return {key: shape} of the state for one input of this shape; no key is one of a parameter."""
        return {}

    def initial(self, key, shape, rng):
        """Return the initial value of the parameter, or of the array of the state, `key`."""
        raise NotImplementedError

    def next_state(self, observed):
        """Return {key: array} of the state after a step, which observed these values for it."""
        raise NotImplementedError

    def check_input(self, X):
        """Refuse an X that does not fit the parameters."""

    def apply(self, X):
        """Return the output for X, without keeping state."""
        raise NotImplementedError

    def gradients(self, dC_dO, X):
        """Return dC_dX (None where `input_gradient` is False) and {key: gradient}, without keeping state."""
        raise NotImplementedError

    def build(self, input_shape, rng, dtype="float32"):
        """Create the parameters for inputs of this shape (without N), from the layer's own Generator.

        Parameters and state that the user assigned before the first build are kept.
        """
        dtype, input_shape = checks.float_type(dtype), checks.shape("input_shape", input_shape)
        self.output_shape(input_shape)
        assigned = vars(self) if self.input_shape is None else {kind: {} for kind in SHAPES}
        self.set_params(input_shape, dtype, self.planned_params(assigned, input_shape, dtype, rng))

    def planned_params(self, assigned, input_shape, dtype, rng):
        """Return assigned 'params' and 'state', checked; initial values, drawn from rng, where a key is missing."""
        planned = {}
        for kind, method in SHAPES.items():
            arrays, shapes = assigned[kind], getattr(self, method)(input_shape)
            checks.fits("its parameters", sum(map(math.prod, shapes.values())), "float64", "Make it smaller.")
            if not arrays.keys() >= shapes.keys():  # where a model is loaded nothing is missing, and nothing is drawn
                arrays = {key: self.initial(key, shape, rng) for key, shape in shapes.items()} | arrays
            planned[kind] = self.checked_arrays(kind, arrays, input_shape, dtype)
        checks.require(not planned["params"].keys() & planned["state"], "a key of its state is one of a parameter.")
        return planned

    def set_params(self, input_shape, dtype, planned):
        """Set these parameters and this state, which have been checked, for inputs of this shape."""
        for kind, arrays in planned.items():
            self._store(kind, arrays)
        self.grads, self.last_forward = {}, None
        vars(self).update(input_shape=input_shape, dtype=dtype)

    def forward(self, X, training=True):
        """Return the output for X, and store X for backward; while training, change the state if there is one."""
        return recorded_forward([self], self.validate_input(X), training, self.rng)

    def backward(self, dC_dO):
        """Return dC_dX of the last forward, and assign the cost gradients of the parameters to `grads`."""
        if self.last_forward is None:
            raise RuntimeError(f"{self.name}: backward was called before forward. Call forward(X) first.")
        self.sync_params()
        dC_dX, (self.grads,) = backward_pass([self], checks.as_float("dC_dO", dC_dO), [self.last_forward])
        return dC_dX

    def validate_input(self, X):
        """Validate X, cast it to the layer's dtype, and build the layer on first use."""
        X = checks.as_float("X", X, self.dtype)
        checks.require(X.ndim > 1, f"X must have the batch axis N in front, got shape {X.shape}.")
        if self.input_shape is None:
            self.build(X.shape[1:], np.random.default_rng(0), X.dtype)
        self.check_input(X)
        # element_count raises where X does not fit
        checks.fits(f"{len(X)} examples", len(X) * self.element_count(X.shape[1:]), X.dtype, checks.FEWER)
        self.sync_params()
        return X

    def validate_gradient(self, dC_dO, output_shape):
        """Return dC_dO in the layer's dtype, if it has the shape of the output."""
        dC_dO = checks.as_float("dC_dO", dC_dO, self.dtype)
        return checks.same_shape("dC_dO", dC_dO, output_shape, "(the shape of the last forward's output)")

    def sync_params(self):
        """Validate parameters and state that the user has assigned since the last call."""
        for kind, own in self.own.items():
            arrays = getattr(self, kind)
            if arrays is not own or arrays or self.own_arrays[kind]:  # else there are none, and none have been assigned
                self._store(kind, self.checked_arrays(kind, arrays))

    def _store(self, kind, arrays):
        """Keep the layer's own arrays, and copies of others: what was assigned may belong to another layer too."""
        held, own = self.own_arrays[kind], self.own[kind]
        self.own_arrays[kind] = {key: _own_array(array, held.get(key)) for key, array in arrays.items()}
        own.update(self.own_arrays[kind])
        for key in own.keys() - arrays.keys():
            del own[key]
        setattr(self, kind, own)

    def checked_arrays(self, kind, arrays, input_shape=None, dtype=None):
        """Return the parameters or the state with the right keys and shapes, as arrays of dtype."""
        shapes, dtype = getattr(self, SHAPES[kind])(input_shape or self.input_shape), dtype or self.dtype
        checks.require(isinstance(arrays, dict), f"{kind} must be a dictionary of arrays.", checks.BadType)
        if arrays.keys() != shapes.keys():
            wanted = f"the keys {sorted(shapes)}" if shapes else "no keys"
            raise checks.BadValue(f"{kind} must have {wanted}, got {sorted(map(str, arrays))}.")
        floats = {key: checks.as_float(f"{kind}[{key!r}]", arrays[key], dtype) for key in shapes}
        return {key: checks.same_shape(f"{kind}[{key!r}]", floats[key], shape) for key, shape in shapes.items()}


def _own_array(array, held):
    return array if array is held and array.flags.writeable else np.array(array, order="C")


class WeightedLayer(Layer):
    """A layer with weights and a bias 'B' for each of its outputs.

    A subclass defines `weights`, their key, and `weight_shape(input_shape)`.
    """

    def __init__(self, initialisation, bias):
        super().__init__()
        self.initialisation = checks.choice("initialisation", initialisation, INITIALISATIONS)
        self.bias = checks.boolean("bias", bias)

    def check_input(self, X):  # images may be of any size, but not of any number of channels
        checks.batch(X, (self.input_shape[0], *X.shape[-2:]) if len(self.input_shape) == 3 else self.input_shape)

    def param_shapes(self, input_shape):
        outputs = self.output_shape(input_shape)[0]
        return {self.weights: self.weight_shape(input_shape)} | ({"B": (outputs,)} if self.bias else {})

    def initial(self, key, shape, rng):
        return np.zeros(shape) if key == "B" else INITIALISATIONS[self.initialisation](shape, rng)
