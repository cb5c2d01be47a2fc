"""The small network of the museum, the parts that it is built from, and its training.

Geometry    28 by 28 pixels; 8 filters of 3 by 3: 26; max pooling of 3 by 3 at stride 2: 12, one pixel left over; 16
            filters of 3 by 3 at stride 2: 5, one pixel left over; mean pooling of 3 by 3 at stride 1: 3. All windows
            of the poolings overlap, and nothing is padded.
Chapter     11.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnn_core import Adam, Conv2D, CrossEntropy, Flatten, FullyConnected, Model, Pool2D, ReLU, evaluate, fit

BATCH_SIZE, EPOCHS = 32, 5
DIGITS, HELD_OUT = 3000, 2000  # training digits of a run; other digits, on which its accuracy is measured


def in_step(X, y, rng):
    """Return the images and their labels in one random order."""
    order = rng.permutation(len(X))
    return X[order], y[order]


def adam():
    """Return the optimiser of the museum's network."""
    return Adam(0.003)


@dataclass(frozen=True)
class Parts:
    """What a program consists of: its layers' classes, its optimiser, its loss, and how it shuffles its data."""

    conv: Any = Conv2D
    pool: Any = Pool2D
    relu: Any = ReLU
    flatten: Any = Flatten
    optimiser: Any = adam
    loss: Any = CrossEntropy
    shuffle: Any = in_step

    def model(self, seed):
        """Return the untrained network."""
        layers = [
            *(self.conv(8, 3), self.relu(), self.pool(3, stride=2)),
            *(self.conv(16, 3, stride=2), self.relu(), self.pool(3, stride=1, mode="mean")),
            *(self.flatten(), FullyConnected(10, initialisation="zeros")),
        ]
        return Model(layers, input_shape=(1, 28, 28), seed=seed)

    def make(self, seed):
        """Return the untrained network, a new optimiser and the loss."""
        return self.model(seed), self.optimiser(), self.loss()


def split(digits):
    """Return the training digits (X, y) and the held-out digits (X, y) of the museum, or half of a smaller set each."""
    X, y = digits.X_train, digits.y_train
    count = min(DIGITS, len(X) // 2)
    return (X[:count], y[:count]), (X[count:][-HELD_OUT:], y[count:][-HELD_OUT:])


def train(parts, seed, training, held_out, optimiser=None, epochs=EPOCHS):
    """Train the network of these parts; return its record.

    Parameters
    ----------
    parts : Parts
    seed : int
        For the first weights and for the order of the digits.
    training, held_out : (X, y)
    optimiser : Optimiser, optional
        In place of the optimiser of the parts.
    epochs : int

    Returns
    -------
    dict
        'costs', the mean cost of every ten steps; 'accuracy' on the held-out digits, in 0..1, or None with the name of
        the exception that stopped the training as 'error', and its 'step'.
    """
    model, own, loss = parts.make(seed)
    X, y = parts.shuffle(*training, np.random.default_rng(seed))
    costs, error = costs_of(model, X, y, optimiser or own, loss, epochs)
    record = {"costs": [float(f"{np.mean(costs[i : i + 10]):.4g}") for i in range(0, len(costs), 10)]}
    if error:
        return record | {"accuracy": None, "error": error, "step": len(costs) + 1}
    return record | {"accuracy": evaluate(model, *held_out, CrossEntropy())[1]}


def costs_of(model, X, y, optimiser, loss, epochs, batch_size=BATCH_SIZE):
    """Train the model; return the cost of every step, and the name of the exception that stopped it, or None."""
    costs = []
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            for record in fit(model, X, y, optimiser, loss, epochs, batch_size, workers=1):
                costs += [record.cost] if hasattr(record, "learning_rate") else []
    except (ArithmeticError, LookupError, ValueError) as error:
        return costs, type(error).__name__
    return costs, None
