"""Train the network of chapter 08 on all of MNIST; store it and the record of its training in cnn_core/data/trained/.

Usage       `make trained`. The notebooks only read these files.
Record      08_model.json: model, optimiser and settings, the results of each epoch and of the test digits, time and
            machine, and the test accuracies of three seeds of each of RUNS. The same machine, NumPy and seed give the
            same bits; other machines differ in the last digits.
Trace       08_trace.npz: cost and accuracy of every step, and the first layer after a few steps, for pictures.
"""

import json
import os
import platform
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from cnn_core import (
    Adam,
    Conv2D,
    CrossEntropy,
    Epoch,
    Flatten,
    FullyConnected,
    Model,
    OneCycle,
    Pool2D,
    ReLU,
    Step,
    evaluate,
    fit,
    load_mnist,
)

FOLDER = Path(__file__).resolve().parent.parent / "cnn_core" / "data" / "trained"
EPOCHS, BATCH_SIZE, LEARNING_RATE = 3, 64, 0.003
SEEDS = range(3)
HELD_OUT = 5000  # the last training digits: chapters 07 and 08 choose by them; the kept model learns from them too
MOMENTS = (0, 10, 30, 100, 300, 938, 1876, 2814)  # the steps after which the trace holds the first layer


def digits_model(seed=0, first=Conv2D):
    """Return the network of chapter 08, untrained; `first` is the class of its first layer."""
    layers = [
        *(first(16, 3, padding="same"), ReLU(), Pool2D(2)),
        *(Conv2D(32, 3, padding="same"), ReLU(), Pool2D(2)),
        *(Flatten(), FullyConnected(128), ReLU(), FullyConnected(10, initialisation="zeros")),
    ]
    return Model(layers, input_shape=(1, 28, 28), seed=seed)


def dense_model(seed=0):
    """Return an untrained network without convolution and with as many parameters as chapter 08's."""
    layers = [Flatten(), FullyConnected(260), ReLU(), FullyConnected(10, initialisation="zeros")]
    return Model(layers, input_shape=(1, 28, 28), seed=seed)


def split(digits):
    """Return the training digits (X, y) and the held-out digits (X, y)."""
    X, y = digits.X_train, digits.y_train
    return (X[:-HELD_OUT], y[:-HELD_OUT]), (X[-HELD_OUT:], y[-HELD_OUT:])


def one_cycle(examples):
    """Return the schedule of chapter 08 for that many training examples."""
    return OneCycle(LEARNING_RATE, EPOCHS * -(-examples // BATCH_SIZE))


# name: (network, learning rate for a number of training examples); each is trained with every seed
RUNS = {
    "one cycle up to 0.003": (digits_model, one_cycle),
    "0.001 throughout": (digits_model, lambda examples: 0.001),
    "no convolution": (dense_model, one_cycle),
}


def train(model, digits, rate):
    """Train the model; return the record of it, and the trace."""
    optimiser = Adam(learning_rate=rate)
    start = time.perf_counter()
    test = digits.X_test, digits.y_test  # only reported after each epoch: no decision depends on it
    records = fit(model, digits.X_train, digits.y_train, optimiser, CrossEntropy(), EPOCHS, BATCH_SIZE, test)
    epochs, trace = follow(records, model)
    seconds = time.perf_counter() - start
    cost, accuracy = evaluate(model, *test, CrossEntropy())
    settings = {"model": repr(model), "optimiser": repr(optimiser), "loss": "CrossEntropy()", "batch_size": BATCH_SIZE}
    results = {"epochs": epochs, "test_cost": cost, "test_accuracy": accuracy, "seconds": round(seconds, 1)}
    return settings | results | where(), trace


def follow(records, model):
    """Return the epochs as dictionaries, and the trace: every step's cost and accuracy, the first layer at MOMENTS."""
    epochs, steps, moments = [], [], [first_layer(model)]
    for record in records:
        if isinstance(record, Epoch):
            epochs.append(asdict(record))
        if isinstance(record, Step):
            steps.append((record.cost, record.accuracy))
            moments += [first_layer(model)] if record.step in MOMENTS else []
    cost, accuracy = np.array(steps, dtype=np.float32).T
    filters, biases = (np.stack(each) for each in zip(*moments, strict=True))
    moments = np.array(MOMENTS[: len(filters)])
    return epochs, {"cost": cost, "accuracy": accuracy, "moments": moments, "F": filters, "B": biases}


def first_layer(model):
    """Return copies of the filters and biases of the first convolution; empty arrays if layer 0 is another layer."""
    params = model.layers[0].params
    return params.get("F", np.empty(0)).copy(), params.get("B", np.empty(0)).copy()


def where():
    """Return the machine and the versions, on which the last digits and the seconds depend."""
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "system": platform.system()}
    return machine | {"python": platform.python_version(), "numpy": np.__version__}


def train_all(digits):
    """Train every run with every seed; return the first model, its record with all test accuracies, and its trace."""
    first, runs = None, {name: [] for name in RUNS}
    for name, (make, rate) in RUNS.items():
        for seed in SEEDS:
            model = make(seed)
            record, trace = train(model, digits, rate(len(digits.X_train)))
            first = first or (model, record, trace)
            runs[name].append({"test_accuracy": record["test_accuracy"], "seconds": record["seconds"]})
    model, record, trace = first
    return model, record | {"runs": runs}, trace


def main():
    """Train, and write the model, its record and its trace."""
    model, record, trace = train_all(load_mnist())
    FOLDER.mkdir(exist_ok=True)
    model.save(FOLDER / "08_model.npz")
    np.savez(FOLDER / "08_trace.npz", **trace)
    (FOLDER / "08_model.json").write_text(json.dumps(record, indent=2) + "\n")
    for name, results in record["runs"].items():
        print(name, *(f"{each['test_accuracy']:.2%} in {each['seconds']} s" for each in results), sep=", ")


if __name__ == "__main__":
    main()
