"""First values for filters and weights, drawn from a Generator that is passed in.

Shapes      F (K, C, kH, kW) or W (inputs, nodes). fan_in counts the terms of one weighted sum, fan_out how many
            sums one input takes part in (at stride 1).
Chance      only from `rng`; drawn in float64 and rounded by whoever asked, so float32 and float64 networks start alike.
Story       notebooks/01_convolution.
"""

import math

import numpy as np

CONSTANT = 0.01  # every weight alike: chapter 01 shows that filters which start equal stay equal


def fans(shape):
    """Return (fan_in, fan_out) of filters (K, C, kH, kW) or weights (inputs, nodes)."""
    if len(shape) == 2:
        return shape
    K, C, kH, kW = shape
    return C * kH * kW, K * kH * kW


def he_normal(shape, rng):
    """Return normal values of variance 2 / fan_in: keeps a signal's size through ReLU (He et al., arXiv:1502.01852)."""
    return rng.normal(0.0, math.sqrt(2 / fans(shape)[0]), shape)


def he_uniform(shape, rng):
    """Return uniform values of variance 2 / fan_in (He et al., arXiv:1502.01852)."""
    limit = math.sqrt(6 / fans(shape)[0])
    return rng.uniform(-limit, limit, shape)


def xavier_normal(shape, rng):
    """Return normal values of variance 2 / (fan_in + fan_out): for tanh (Glorot and Bengio, AISTATS 2010)."""
    return rng.normal(0.0, math.sqrt(2 / sum(fans(shape))), shape)


def xavier_uniform(shape, rng):
    """Return uniform values of variance 2 / (fan_in + fan_out) (Glorot and Bengio, AISTATS 2010)."""
    limit = math.sqrt(6 / sum(fans(shape)))
    return rng.uniform(-limit, limit, shape)


def zeros(shape, rng):
    """Return zeros: right for biases and for a last layer, and for nothing else."""
    return np.zeros(shape)


def constant(shape, rng):
    """Return 0.01 everywhere: what not to do, since equal filters get equal gradients and stay equal."""
    return np.full(shape, CONSTANT)


INITIALISATIONS = {
    each.__name__: each for each in (he_normal, he_uniform, xavier_normal, xavier_uniform, zeros, constant)
}
