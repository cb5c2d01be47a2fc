"""Train every exhibit of the bug museum and apply every detector; store the table that chapter 11 draws.

Usage       `make trained`. The notebook reads cnn_core/data/trained/11_museum.json, and trains one exhibit again.
Digits      The first 3,000 training digits train; 2,000 others, the last of the training digits, are held out.
Record      sound and exhibits: for each, `runs` (three seeds of the program as it is), `descent` (the same with plain
            gradient descent; not where the mistake is in the optimiser) and `findings`, one for each detector.
Seeds       A seed decides the first weights and the order of the digits.
"""

import json
from dataclasses import asdict

from train_model import FOLDER, SEEDS, where

from cnn_core import GradientDescent, load_mnist
from cnn_exercises.museum import DETECTORS, EXHIBITS, Parts, train
from cnn_exercises.museum.network import BATCH_SIZE, DIGITS, EPOCHS, HELD_OUT, split

FILE = FOLDER / "11_museum.json"
RATE = 0.1  # of plain gradient descent


def record_of(parts, training, held_out, descent=True):
    """Return the runs and the findings of these parts."""
    runs = [train(parts, seed, training, held_out) for seed in SEEDS]
    found = {"runs": runs, "findings": {name: asdict(detect(parts)) for name, detect in DETECTORS.items()}}
    for finding in found["findings"].values():
        finding["number"] = None if finding["number"] is None else float(f"{finding['number']:.3g}")
    if descent:
        found["descent"] = [train(parts, seed, training, held_out, GradientDescent(RATE)) for seed in SEEDS]
    return found


def main():
    """Train, detect, and write the record."""
    training, held_out = split(load_mnist())
    record = {"model": repr(Parts().model(0)), "digits": DIGITS, "held_out": HELD_OUT, "epochs": EPOCHS}
    record |= {"batch_size": BATCH_SIZE, "descent_rate": RATE, "sound": record_of(Parts(), training, held_out)}
    record["exhibits"] = {
        name: record_of(exhibit.parts, training, held_out, exhibit.group != "optimiser")
        for name, exhibit in EXHIBITS.items()
    }
    FILE.write_text(json.dumps(record | where()) + "\n")


if __name__ == "__main__":
    main()
