"""Train small sweeps for chapter 08 and evaluate them on held-out digits; store the record in cnn_core/data/trained/.

Usage       `make trained`, or this file, also with the names of some of the PARTS, each of which takes up to three
            minutes on two cores. The notebook only reads the record.
Digits      the first 55,000 training digits train, the last 5,000 are held out. The test digits are never used.
Record      08_choices.json: held-out accuracies of learning rates and of a frozen first layer, each with three seeds;
            the epochs of a network that overfits, and of others with more digits; long runs with two rates, and one
            without convolution.
Answers     08_held_out.npz: the confidence of the first long run in each held-out digit, and whether it was right.
"""

import json
import sys
import time
from dataclasses import asdict

import numpy as np
from train_model import BATCH_SIZE, EPOCHS, FOLDER, SEEDS, dense_model, digits_model, split

from cnn_core import Adam, Conv2D, CrossEntropy, Epoch, OneCycle, evaluate, fit, load_mnist, softmax_forward

SHORT = 20_000  # training digits of a run of the sweep, which lasts one epoch
CHOSEN = ("one cycle", 0.003)
SETTINGS = (("constant", 0.001), ("constant", 0.003), ("one cycle", 0.001), CHOSEN, ("one cycle", 0.01))
SIZES = {1000: 40, 5000: 8, 20_000: 2}  # training digits: epochs, for about as many steps
LONG = {"convolution": (digits_model, 3), "no convolution": (dense_model, 10)}  # name: (network, epochs)
RATES = (0.003, 0.01)  # of one cycle, for as long as the chapter trains


class Frozen(Conv2D):
    """A convolution that keeps its random start: its parameters get a gradient of 0."""

    def gradients(self, dC_dO, X):
        """Return dC_dX and gradients of 0 with respect to the parameters."""
        dC_dX, grads = super().gradients(dC_dO, X)
        return dC_dX, {key: np.zeros_like(grad) for key, grad in grads.items()}


def frozen_model(seed=0):
    """Return the network of chapter 08 with a first layer that does not learn."""
    return digits_model(seed, first=Frozen)


def train(model, training, held_out, setting, epochs):
    """Train the model with Adam; return the record of each epoch."""
    shape, rate = setting
    steps = epochs * -(-len(training[0]) // BATCH_SIZE)
    optimiser = Adam(OneCycle(rate, steps) if shape == "one cycle" else rate)
    records = fit(model, *training, optimiser, CrossEntropy(), epochs, BATCH_SIZE, held_out)
    return [asdict(record) for record in records if isinstance(record, Epoch)]


def accuracies(make, training, held_out, setting, epochs):
    """Return the held-out accuracy of each seed after the last epoch."""
    ends = (train(make(seed), training, held_out, setting, epochs)[-1] for seed in SEEDS)
    return [end["validation_accuracy"] for end in ends]


def sweep(training, held_out):
    """Return {name: held-out accuracies of the seeds} for each setting, and for a frozen first layer."""
    runs = {f"{shape}, {rate}": (digits_model, (shape, rate)) for shape, rate in SETTINGS}
    runs["first layer frozen"] = (frozen_model, CHOSEN)
    return {name: accuracies(make, training, held_out, setting, 1) for name, (make, setting) in runs.items()}


def overfitting(training, held_out):
    """Return {number of training digits: the record of each epoch, and the final results}."""
    found = {}
    for size, epochs in SIZES.items():
        model, part = digits_model(), tuple(each[:size] for each in training)
        records = train(model, part, held_out, ("constant", 0.001), epochs)
        cost, accuracy = evaluate(model, *part, CrossEntropy())
        last = {"cost": cost, "accuracy": accuracy, "held_out_cost": records[-1]["validation_cost"]}
        found[size] = {"epochs": records, "end": last | {"held_out_accuracy": records[-1]["validation_accuracy"]}}
    return found


def long_runs(training, held_out):
    """Return {name: epochs, held-out accuracy and seconds}, and the first network's answers to the held-out digits."""
    found, answers = {}, None
    for name, (make, epochs) in LONG.items():
        model, start = make(), time.perf_counter()
        records = train(model, training, held_out, CHOSEN, epochs)
        seconds = round(time.perf_counter() - start, 1)
        found[name] = {"epochs": epochs, "accuracy": records[-1]["validation_accuracy"], "seconds": seconds}
        answers = answers or answers_to(model, *held_out)
    return found, answers


def answers_to(model, X, y):
    """Return the largest probability for each image, and whether its class is the label."""
    p = softmax_forward(model.predict(X))
    return {"confidence": p.max(axis=1), "correct": p.argmax(axis=1) == y}


def rates(training, held_out):
    """Return {rate: held-out accuracies of the seeds} for the number of epochs that the chapter trains."""
    settings = [("one cycle", rate) for rate in RATES]
    return {f"{s[0]}, {s[1]}": accuracies(digits_model, training, held_out, s, EPOCHS) for s in settings}


def short_sweep(training, held_out):
    """Return the record of the sweep over SHORT digits."""
    return sweep(tuple(each[:SHORT] for each in training), held_out)


def long_with_answers(training, held_out):
    """Return the record of the long runs, and store the answers of the first."""
    record, answers = long_runs(training, held_out)
    np.savez(FOLDER / "08_held_out.npz", **answers)
    return record


PARTS = {"sweep": short_sweep, "overfitting": overfitting, "long": long_with_answers, "rates": rates}


def main(names):
    """Train the parts of these names, or all, and write them into the record."""
    path, (training, held_out) = FOLDER / "08_choices.json", split(load_mnist())
    record = json.loads(path.read_text()) if path.exists() else {}
    for name in names or PARTS:
        record[name] = PARTS[name](training, held_out)
        path.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
