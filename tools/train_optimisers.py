"""Compare the optimisers over a wide range of learning rates; store the accuracies that chapter 07 draws.

Usage       `make trained`. The notebook reads cnn_core/data/trained/07_optimisers.json, and repeats one of the runs.
Data        Training digits, 5,000 held-out digits that decide on the rates, and the test digits, which are used once:
            for METHODS, each at its best rate, with seeds that had no part in the choice.
Record      Accuracies in per cent. methods, batches and schedules: a row for each rate, an entry for each seed, None
            where a run diverged. finals: the best rate, and the test accuracy with each of FINAL_SEEDS.
            The constant rate that the schedules are compared with is Momentum's row of methods.
Seeds       A seed decides the first weights, which digits are drawn and their order: runs with one seed are pairs.
"""

import json

import numpy as np
from train_model import FOLDER, HELD_OUT, split, where

from cnn_core import (
    Adam,
    AdamW,
    Conv2D,
    Cosine,
    CrossEntropy,
    Flatten,
    FullyConnected,
    GradientDescent,
    Model,
    Momentum,
    Nesterov,
    OneCycle,
    ReLU,
    RMSProp,
    evaluate,
    fit,
    load_mnist,
)

FILE = FOLDER / "07_optimisers.json"
STEPS, BATCH_SIZE = 400, 32
SEEDS, FINAL_SEEDS = range(3), range(100, 112)
RATES = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
LARGE_RATES = RATES[5:]
IMAGES, BATCH_SIZES = 6400, (8, 32, 128)

METHODS = {each.__name__: each for each in (GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW)}
SCHEDULES = {
    "Cosine": lambda rate: Cosine(rate, STEPS),
    "OneCycle": lambda rate: OneCycle(rate, STEPS),
}


def network(seed):
    """Return the small network of chapter 07, untrained."""
    convolutions = [Conv2D(8, 5, stride=2), ReLU(), Conv2D(16, 3, stride=2), ReLU()]
    return Model([*convolutions, Flatten(), FullyConnected(10, initialisation="zeros")], seed=seed)


def train(digits, optimiser, seed, steps=STEPS, batch_size=BATCH_SIZE):
    """Return the network, trained for that many steps, or None if training diverged."""
    model, order = network(seed), np.random.default_rng(seed).permutation(len(digits.X_train) - HELD_OUT)
    drawn = order[: steps * batch_size]
    try:
        for _ in fit(model, digits.X_train[drawn], digits.y_train[drawn], optimiser, CrossEntropy(), 1, batch_size):
            pass
    except FloatingPointError:
        return None
    return model


def percent_correct(model, X, y):
    """Return the accuracy in per cent, or None for a run that diverged."""
    return None if model is None else round(100 * evaluate(model, X, y, CrossEntropy())[1], 2)


def sweep(digits, optimiser_at, rates, **options):
    """Return the accuracies on the held-out digits: a row for each rate, an entry for each seed."""
    _, held_out = split(digits)
    runs = ([train(digits, optimiser_at(rate), seed, **options) for seed in SEEDS] for rate in rates)
    return [[percent_correct(model, *held_out) for model in models] for models in runs]


def best_rate(accuracies, rates):
    """Return the rate with the best mean; a rate at which a run diverged is not considered."""
    means = [np.mean(row) if None not in row else -np.inf for row in accuracies]
    return rates[int(np.argmax(means))]


def final(digits, method, rate):
    """Return the rate, and the accuracies on the test digits with new seeds."""
    models = (train(digits, method(rate), seed) for seed in FINAL_SEEDS)
    return {"rate": rate, "test": [percent_correct(model, digits.X_test, digits.y_test) for model in models]}


def main():
    """Train, and write the record."""
    digits = load_mnist()
    record = {"model": repr(network(0)), "steps": STEPS, "batch_size": BATCH_SIZE, "images": IMAGES, "rates": RATES}
    record["large_rates"] = LARGE_RATES
    record["methods"] = {name: sweep(digits, make, RATES) for name, make in METHODS.items()}
    best = {name: best_rate(rows, RATES) for name, rows in record["methods"].items()}
    record["finals"] = {name: final(digits, make, best[name]) for name, make in METHODS.items()}
    record["batches"] = {
        str(size): sweep(digits, GradientDescent, LARGE_RATES, steps=IMAGES // size, batch_size=size)
        for size in BATCH_SIZES
    }
    record["schedules"] = {
        name: sweep(digits, lambda rate, make=make: Momentum(make(rate)), LARGE_RATES)
        for name, make in SCHEDULES.items()
    }
    FILE.write_text(json.dumps(record | where()) + "\n")


if __name__ == "__main__":
    main()
