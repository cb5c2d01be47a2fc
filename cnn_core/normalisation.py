"""Batch normalisation, dropout and global average pooling: three layers of deeper networks.

Shapes      X (N, C, H, W), or (N, features) for BatchNorm2D and Dropout; statistics are vectors (C,) or (features,).
Training    The call that runs a layer says whether it trains: `fit` does, and `forward` unless it is told otherwise;
            `predict` and `evaluate` do not. There is no mode to be switched.
Chapter     12.
"""

import math

import numpy as np

from . import checks
from .fast.buffers import FRESH
from .layer import Layer, WeightedLayer

ONE_VALUE = (
    "a single value has no variance. Train on more than one example. The last micro-batch has one example in batches of"
    " 33 and of 64 n + 1 (129, 193, ...) too: choose another batch_size. predict takes one example."
)


class BatchNorm2D(Layer):
    """Gives every channel (every feature of a vector) mean 0 and variance 1, then the scale gamma and the shift beta.

    Parameters
    ----------
    momentum : float
        From 0 to 1: how far a step moves the running statistics towards those of its batch.
    epsilon : float
        Added to the variance, so that a constant channel can be divided by its root.

    Attributes
    ----------
    params, grads : dict
        'gamma' and 'beta', one number a channel.
    state : dict
        'running_mean' and 'running_variance', which prediction uses. Files keep them; optimisers do not change them.

    Raises
    ------
    ValueError
        While training, if a channel has a single value (N*H*W is 1), which has no variance.

    Notes
    -----
    While training, mean and variance are those of a micro-batch: of the whole batch up to 32 examples, of a half of it
    up to 128, of 64 examples beyond (fast/replica.py). The running variance is that of the unbiased estimate (divided
    by N*H*W - 1). From several micro-batches it takes the mean of their estimates, weighted by their examples. Trained
    on 6,000 digits, networks with the statistics of whole batches were right on the same share of the test digits, to
    0.1 %, for batches of 64, 128 and 512.

    References
    ----------
    Ioffe and Szegedy, Batch normalization: accelerating deep network training by reducing internal covariate shift,
    arXiv:1502.03167. Formulas and the meaning of momentum are PyTorch's.

    Examples
    --------
    >>> layer = BatchNorm2D()
    >>> layer.forward(np.array([[1.0, 10.0], [3.0, 30.0]])).round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> layer.state["running_mean"]
    array([0.2, 2. ])
    """

    check_input = WeightedLayer.check_input

    def __init__(self, momentum=0.1, epsilon=1e-5):
        super().__init__()
        self.momentum = checks.number("momentum", momentum, ge=0, le=1)
        self.epsilon = checks.number("epsilon", epsilon, gt=0)

    def output_shape(self, input_shape):
        wanted = "expected an input of shape (C, H, W) or (features,)"
        checks.expect(len(input_shape) in (1, 3), wanted, tuple(input_shape))
        return tuple(input_shape)

    def element_count(self, input_shape):
        return 2 * math.prod(input_shape)  # the output, and the input less its mean

    def param_shapes(self, input_shape):
        return {"gamma": input_shape[:1], "beta": input_shape[:1]}

    def state_shapes(self, input_shape):
        return {"running_mean": input_shape[:1], "running_variance": input_shape[:1]}

    def initial(self, key, shape, rng):
        return np.full(shape, float(key in ("gamma", "running_variance")))

    def next_state(self, observed):
        return {key: (1 - self.momentum) * old + self.momentum * observed[key] for key, old in self.state.items()}

    def checked_arrays(self, kind, arrays, input_shape=None, dtype=None):
        checked = super().checked_arrays(kind, arrays, input_shape, dtype)
        is_variance = kind == "params" or not (checked["running_variance"] < 0).any()
        checks.require(is_variance, "state['running_variance'] has entries below 0.")
        return checked

    def apply(self, X, training=False, cache=None, buffers=FRESH):
        if training and len(X):
            return self._apply_batch(X, cache, buffers)
        gain = self.params["gamma"] * self._scale(self.state["running_variance"])
        O = np.multiply(X, _spread(gain, X), out=buffers.like("O", X, X.dtype))
        return np.add(O, _spread(self.params["beta"] - self.state["running_mean"] * gain, X), out=O)

    def _apply_batch(self, X, cache, buffers):
        """Return the output by the statistics of X, which are left in the cache."""
        count = X.size // X.shape[1]
        checks.require(count > 1, f"{self.name}: {ONE_VALUE}", ValueError)
        mean = _sums(X) / count
        centred = np.subtract(X, _spread(mean, X), out=buffers.like("centred", X, X.dtype))
        variance = _sums(centred, centred) / count
        cache["centred"], cache["scale"] = centred, self._scale(variance)
        cache["observed"] = {"running_mean": mean, "running_variance": variance * (count / (count - 1))}
        gain = self.params["gamma"] * cache["scale"]
        O = np.multiply(centred, _spread(gain, X), out=buffers.like("O", X, X.dtype))
        return np.add(O, _spread(self.params["beta"], X), out=O)

    def _scale(self, variance):
        return 1 / np.sqrt(variance + self.epsilon)

    def gradients(self, dC_dO, X, cache, buffers=FRESH):
        if not cache:  # of a prediction
            scale, centred = self._scale(self.state["running_variance"]), X - _spread(self.state["running_mean"], X)
        else:
            scale, centred = cache["scale"], cache["centred"]
        grads = {"gamma": _sums(dC_dO, centred) * scale, "beta": _sums(dC_dO)}
        gain = self.params["gamma"] * scale
        dC_dX = np.multiply(dC_dO, _spread(gain, X), out=buffers.like("dC_dX", X, X.dtype))
        if cache:  # mean and variance depend on X too
            shares = gain / (X.size // X.shape[1])
            through_variance = buffers.like("through variance", X, X.dtype)
            dC_dX -= np.multiply(centred, _spread(shares * scale * grads["gamma"], X), out=through_variance)
            dC_dX -= _spread(shares * grads["beta"], X)
        return dC_dX, grads


def _sums(*arrays):
    """Return the sum of the arrays' product for every channel."""
    axes = list(range(arrays[0].ndim))
    return np.einsum(*(each for array in arrays for each in (array, axes)), [1])


def _spread(vector, X):
    """Return a vector (C,) in the shape in which it meets the channels of X."""
    return vector.reshape(-1, *[1] * (X.ndim - 2))


class Dropout(Layer):
    """While training, sets each entry to 0 with probability `rate`, and divides the others by 1 - rate.

    The mean of an entry stays as it is, so that a prediction takes the input as its output.

    Parameters
    ----------
    rate : float
        0 <= rate < 1.

    Notes
    -----
    The random numbers come from the model's generator. They depend on the place of an example in its batch, and not on
    the worker that computes it.

    References
    ----------
    Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, JMLR 15 (2014). There the
    weights are scaled after training; the division while training, called inverted dropout, is PyTorch's way.
    """

    def __init__(self, rate=0.5):
        super().__init__()
        self.rate = checks.number("rate", rate, ge=0, lt=1)

    def element_count(self, input_shape):
        return 2 * math.prod(input_shape)  # the output and the mask

    def apply(self, X, training=False, rng=None, cache=None, buffers=FRESH):
        if not training:
            return X
        cache["mask"] = mask = buffers.batch("mask", X.shape, X.dtype)
        rng.random(dtype=X.dtype, out=mask.transpose(np.argsort(mask.strides)[::-1]))  # in the order of memory
        np.greater_equal(mask, self.rate, out=mask)
        mask *= 1 / (1 - self.rate)
        return np.multiply(X, mask, out=buffers.like("O", X, X.dtype))

    def gradients(self, dC_dO, X, cache, buffers=FRESH):
        if not cache:  # of a prediction
            return dC_dO, {}
        return np.multiply(dC_dO, cache["mask"], out=buffers.like("dC_dX", X, X.dtype)), {}


class GlobalAveragePool2D(Layer):
    """The mean of every channel: images (N, C, H, W) of any size become vectors (N, C). It has no parameters.

    References
    ----------
    Lin, Chen and Yan, Network in network, arXiv:1312.4400.
    """

    def output_shape(self, input_shape):
        checks.expect(len(input_shape) == 3, "expected an input of shape (C, H, W)", tuple(input_shape))
        return tuple(input_shape[:1])

    def apply(self, X):
        return np.einsum(X, [0, 1, 2, 3], [0, 1]) / math.prod(X.shape[2:])

    def gradients(self, dC_dO, X, buffers=FRESH):
        dC_dX = buffers.batch("dC_dX", X.shape, X.dtype)
        dC_dX[...] = (dC_dO / math.prod(X.shape[2:]))[:, :, None, None]
        return dC_dX, {}
