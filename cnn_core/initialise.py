"""Initial values of filters and weights, drawn from a Generator that is passed in.

Shapes      F (K, C, kH, kW) or W (inputs, nodes). fan_in is the number of terms of one weighted sum, fan_out the number
            of sums that one input takes part in (at stride 1).
Dtype       Values are drawn in float64 and rounded by the caller, so float32 and float64 networks start alike.
Chapter     05.
"""

import math

import numpy as np

from . import checks

CONSTANT = 0.01  # chapter 05 shows that nodes which start equal stay equal


def fans(shape, rng):
    """Return (fan_in, fan_out) of filters (K, C, kH, kW) or weights (inputs, nodes); check the arguments of all."""
    checks.generator(rng)
    shape = checks.shape("shape", shape)
    checks.expect(len(shape) in (2, 4), "shape must be (inputs, nodes) or (K, C, kH, kW)", shape)
    outputs, inputs, *kernel = shape if len(shape) == 4 else shape[::-1]
    return inputs * math.prod(kernel), outputs * math.prod(kernel)


@checks.public
def he_normal(shape, rng):
    """Return normal values of variance 2 / fan_in: keeps a signal's size through ReLU (He et al., arXiv:1502.01852)."""
    fan_in, _ = fans(shape, rng)
    return rng.normal(0.0, math.sqrt(2 / fan_in), shape)


@checks.public
def he_uniform(shape, rng):
    """Return uniform values of variance 2 / fan_in (He et al., arXiv:1502.01852)."""
    fan_in, _ = fans(shape, rng)
    return rng.uniform(-math.sqrt(6 / fan_in), math.sqrt(6 / fan_in), shape)


@checks.public
def xavier_normal(shape, rng):
    """Return normal values of variance 2 / (fan_in + fan_out): for tanh (Glorot and Bengio, AISTATS 2010)."""
    total = sum(fans(shape, rng))
    return rng.normal(0.0, math.sqrt(2 / total), shape)


@checks.public
def xavier_uniform(shape, rng):
    """Return uniform values of variance 2 / (fan_in + fan_out) (Glorot and Bengio, AISTATS 2010)."""
    total = sum(fans(shape, rng))
    return rng.uniform(-math.sqrt(6 / total), math.sqrt(6 / total), shape)


def zeros(shape, rng):
    """Return zeros: suitable for biases and for a last layer only."""
    return np.zeros(shape)


def constant(shape, rng):
    """Return 0.01 everywhere: a bad choice, since equal filters get equal gradients and stay equal."""
    return np.full(shape, CONSTANT)


FUNCTIONS = (he_normal, he_uniform, xavier_normal, xavier_uniform, zeros, constant)
INITIALISATIONS = {function.__name__: function for function in FUNCTIONS}
