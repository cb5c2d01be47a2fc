"""Layer: what every layer of a network can do.

Shapes      input_shape and output_shape are those of one example, without N; X and dC_dO have N in front.
Two halves  apply and gradients are pure: arrays in, arrays out. forward and backward check at the door and remember:
            forward keeps X (not a copy) for backward, which assigns grads and changes no parameter.
Arrays      apply and gradients may take `work`, where their arrays come from (parallel.py). A layer of your own need
            not, but what it is given inside fit is written over at the next step: copy what you want to keep.
Dtype       the one it was built with; what comes in is converted at the door.
Story       notebooks/01_convolution shows the first one, 08_model puts them in a row.
"""

import math

import numpy as np

from . import checks


class Layer:
    """A step of a network, with parameters (`params`) and their cost gradients (`grads`) under the same keys.

    A subclass says `output_shape`, `apply` and `gradients`, and, if it has parameters, `param_shapes` and `initial`.
    A Model builds its layers; a layer used alone builds itself at its first forward, from a Generator of seed 0.
    """

    keeps_order = False  # ReLU: of two pixels the larger stays the larger, unless both become 0 and get no gradient
    picks_pixels = False  # pooling that takes one pixel of each window as it is

    def __init__(self):
        self.params, self.grads = {}, {}
        self.own_params = self.params  # the dictionary itself stays the same one: a reader may hold it
        self.input_shape = self.dtype = None  # known once it is built
        self.in_model = False
        self.memory = None  # (X, the output's shape) of the last forward

    def output_shape(self, input_shape):
        """Return the shape of one output for one input, or raise a ValueError that says why there is none."""
        return tuple(input_shape)

    def numbers_made(self, input_shape):
        """Return how many numbers the layer makes at once for one input: its output, and what it works with."""
        return math.prod(self.output_shape(input_shape))

    def param_shapes(self, input_shape):
        """Return {key: shape} of the parameters for one input of this shape."""
        return {}

    def initial(self, key, shape, rng):
        """Return the first value of the parameter `key`."""
        raise NotImplementedError

    def check_input(self, X):
        """Refuse an X that does not fit the parameters."""

    def apply(self, X):
        """Return the output for X; keeps nothing."""
        raise NotImplementedError

    def gradients(self, dC_dO, X):
        """Return dC_dX and {key: gradient}; keeps nothing."""
        raise NotImplementedError

    @property
    def name(self):
        """The class's name, with which its errors begin."""
        return type(self).__name__

    def __repr__(self):
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in checks.arguments_of(self).items())})"

    def build(self, input_shape, rng, dtype="float32"):
        """Make new parameters for inputs of this shape (without N), from the layer's own Generator.

        What a reader assigned to `params` before the first build stays.
        """
        dtype = checks.float_type(self.name, dtype)
        input_shape = checks.shape(self.name, "input_shape", input_shape)
        self.output_shape(input_shape)
        assigned = self.params if self.input_shape is None else {}
        shapes = self.param_shapes(input_shape)
        checks.fits(self.name, "its parameters", sum(map(math.prod, shapes.values())), "float64", "Make it smaller.")
        drawn = {key: self.initial(key, shape, rng) for key, shape in shapes.items()}
        self.settle(input_shape, dtype, drawn | assigned)

    def settle(self, input_shape, dtype, params):
        """Take these parameters, for inputs of this shape."""
        params = self.checked_params(params, input_shape, dtype)
        self._keep(params)
        self.grads, self.memory = {}, None
        self.input_shape, self.dtype = input_shape, dtype

    def forward(self, X):
        """Return the output for X, and remember X for backward."""
        X = self.admit(X)
        O = self.apply(X)
        self.memory = X, O.shape
        return O

    def backward(self, dC_dO):
        """Return dC_dX of the last forward, and assign the cost gradients of the parameters to `grads`."""
        if self.memory is None:
            raise RuntimeError(f"{self.name}: backward was called before forward. Call forward(X) first.")
        X, output_shape = self.memory
        dC_dO = self.admit_gradient(dC_dO, output_shape)
        self.adopt_params()
        dC_dX, self.grads = self.gradients(dC_dO, X)
        return dC_dX

    def admit(self, X):
        """Return X as this layer's floats; builds the layer if nobody did."""
        X = checks.as_float(self.name, "X", X, self.dtype)
        if X.ndim < 2:
            raise ValueError(f"{self.name}: X must have the batch axis N in front, got shape {X.shape}.")
        if self.input_shape is None:
            self.build(X.shape[1:], np.random.default_rng(0), X.dtype)
        self.check_input(X)
        numbers = len(X) * self.numbers_made(X.shape[1:])  # refuses what does not fit
        checks.fits(self.name, f"{len(X)} examples", numbers, self.dtype, checks.FEWER)
        self.adopt_params()
        return X

    def admit_gradient(self, dC_dO, output_shape):
        """Return dC_dO as this layer's floats, checked to have the shape of the output."""
        dC_dO = checks.as_float(self.name, "dC_dO", dC_dO, self.dtype)
        checks.same_shape(self.name, "dC_dO", dC_dO, output_shape, "(the shape of the last forward's output)")
        return dC_dO

    def adopt_params(self):
        """Take over what a reader assigned to `params` since."""
        self._keep(self.checked_params(self.params, self.input_shape, self.dtype))

    def _keep(self, params):
        if self.params is not self.own_params:  # a whole dictionary was assigned, perhaps another layer's
            params = {key: param.copy() for key, param in params.items()}
        self.own_params.update(params)  # not emptied before: an interrupt may come between any two lines
        for key in self.own_params.keys() - params.keys():
            del self.own_params[key]
        self.params = self.own_params

    def checked_params(self, params, input_shape, dtype):
        """Return the parameters with the right keys and shapes, as arrays of dtype that can be trained in place."""
        shapes = self.param_shapes(input_shape)
        if params.keys() != shapes.keys():
            wanted = f"the keys {sorted(shapes)}" if shapes else "no keys"
            raise ValueError(f"{self.name}: params must have {wanted}, got {sorted(map(str, params))}.")
        return {key: self._checked_param(key, params[key], shape, dtype) for key, shape in shapes.items()}

    def check_assigned(self, input_shape, dtype):
        """Refuse what is in `params` if it is not for such inputs; before the first build keys may be missing."""
        shapes = self.param_shapes(input_shape)
        missing = shapes.keys() - self.params.keys() if self.input_shape is None else ()
        self.checked_params(self.params | {key: np.zeros(shapes[key]) for key in missing}, input_shape, dtype)

    def _checked_param(self, key, value, shape, dtype):
        param = checks.as_float(self.name, f"params[{key!r}]", value, dtype)
        checks.same_shape(self.name, f"params[{key!r}]", param, shape)
        return np.require(param, requirements=["C_CONTIGUOUS", "OWNDATA", "WRITEABLE"])
