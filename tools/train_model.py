"""Train the network of chapter 08 on all of MNIST, and keep it with the record of its training in notebooks/trained/.

Called by   `make trained`. The notebooks load what lies there; they never write to it.
Record      08_model.json: what was trained and how, what each epoch and the test digits gave, how long it took, where;
            one machine, one NumPy and one seed give the same bits; another machine differs in the last digits.
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
    evaluate,
    fit,
    load_mnist,
)

FOLDER = Path(__file__).resolve().parent.parent / "notebooks" / "trained"
EPOCHS, BATCH_SIZE, LEARNING_RATE = 2, 64, 0.003


def digits_model(seed=0):
    """Return the network of chapter 08, untrained."""
    layers = [
        *(Conv2D(16, 3, padding="same"), ReLU(), Pool2D(2)),
        *(Conv2D(32, 3, padding="same"), ReLU(), Pool2D(2)),
        *(Flatten(), FullyConnected(128), ReLU(), FullyConnected(10, initialisation="zeros")),
    ]
    return Model(layers, input_shape=(1, 28, 28), seed=seed)


def train(model, digits):
    """Train the model; return the record of it."""
    steps = EPOCHS * -(-len(digits.X_train) // BATCH_SIZE)
    optimiser = Adam(learning_rate=OneCycle(LEARNING_RATE, steps))
    start = time.perf_counter()
    records = fit(model, digits.X_train, digits.y_train, optimiser, CrossEntropy(), EPOCHS, BATCH_SIZE)
    epochs = [asdict(record) for record in records if isinstance(record, Epoch)]
    seconds = time.perf_counter() - start
    cost, accuracy = evaluate(model, digits.X_test, digits.y_test, CrossEntropy())
    made = {"model": repr(model), "optimiser": repr(optimiser), "loss": "CrossEntropy()", "batch_size": BATCH_SIZE}
    given = {"epochs": epochs, "test_cost": cost, "test_accuracy": accuracy, "seconds": round(seconds, 1)}
    return made | given | where()


def where():
    """Return what the digits after the first depend on, and the seconds most of all."""
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "system": platform.system()}
    return machine | {"python": platform.python_version(), "numpy": np.__version__}


def main():
    """Train, and write the model and its record."""
    model = digits_model()
    record = train(model, load_mnist())
    FOLDER.mkdir(exist_ok=True)
    model.save(FOLDER / "08_model.npz")
    (FOLDER / "08_model.json").write_text(json.dumps(record, indent=2) + "\n")
    print(f"{record['test_accuracy']:.2%} of the test digits after {EPOCHS} epochs, {record['seconds']} s")


if __name__ == "__main__":
    main()
