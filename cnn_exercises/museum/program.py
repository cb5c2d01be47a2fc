"""Optimisers, a loss and a shuffle with one mistake each.

Chapter     11.
"""

import numpy as np

from cnn_core import Adam, CrossEntropy, RMSProp, fit

from .network import Parts

RATE = 0.003


class MomentsLost(Adam):
    """The moments are local variables: every step begins with moments of 0."""

    def update(self, param, grad, rate, first, second):
        """Change one parameter in place."""
        self.adapt(param, grad, rate, np.zeros_like(param), np.zeros_like(param))


class NoFirstStep(RMSProp):
    """The stored mean square is looked up before anything has been stored."""

    def __init__(self, learning_rate=0.01):
        super().__init__(learning_rate)
        self.stored = {}

    def update(self, param, grad, rate, mean_square):
        """Change one parameter in place."""
        mean_square[...] = self.stored["mean_square"]
        super().update(param, grad, rate, mean_square)
        self.stored["mean_square"] = mean_square


def moments_lost():
    """Return an Adam that loses its moments."""
    return MomentsLost(RATE)


def no_first_step():
    """Return an RMSProp that cannot make its first step."""
    return NoFirstStep(RATE)


def second_hand():
    """Return an Adam that has trained another network for twenty steps, and takes its moments along."""
    optimiser, rng = Adam(RATE), np.random.default_rng(1)
    X, y = rng.random((640, 1, 28, 28), dtype="float32"), rng.integers(10, size=640)
    for _ in fit(Parts().model(99), X, y, optimiser, CrossEntropy(), workers=1):
        pass
    optimiser.owner = None  # cnn_core refuses it otherwise
    return optimiser


class NoMaximum(CrossEntropy):
    """Softmax by its definition: no maximum is subtracted before the exponential."""

    def __call__(self, outputs, labels):
        """Return (cost, dC_dO)."""
        labels = self.check_targets(labels, outputs.shape)
        right = np.arange(len(outputs)), labels
        powers = np.exp(outputs)
        p = powers / powers.sum(axis=1, keepdims=True)
        dC_dO = p.copy()
        dC_dO[right] -= 1
        return float(-np.log(p[right]).mean()), dC_dO / len(outputs)


def out_of_step(X, y, rng):
    """Return the images in one random order, and their labels in another."""
    return X[rng.permutation(len(X))], y[rng.permutation(len(y))]
