"""Choose the recipe of chapter 12, train it and take it apart; store network and record in cnn_core/data/trained/.

Usage       `make trained` makes everything again, in an hour on two cores. Every run is stored when it is done: without
            `--again`, or with the names of some of the PARTS, this file goes on where the record ends.
Digits      `choices` and `ablation` train on the first 5,000 training digits and hold the last 20,000 out; `held_out`
            trains on the first 55,000 and holds 5,000 out; `final` trains on all 60,000, and it alone evaluates on the
            test digits. No choice depends on them.
Weights     The last of a training, or the averaged ones of WeightAverage. `views` are the predictions of the averaged
            weights, averaged over a digit and its eight neighbours, shifted by a pixel.
Record      12_deeper.json. Lists have one value a seed; accuracies are in 0..1.
              network, parameters, recipe   the final network's layers, its size, and the settings of its training
              choices    list of {name, recipe, parameters, accuracy, cost}: held out, of one seed
              ablation   list of {name, kind, part, recipe, accuracy, cost, ms_per_step}: kind is "all", "without" (a
                         part), "plain" or "with" (a part); `digits`, `held_out` and `epochs` are in `short`
              final      seeds, accuracy (last weights), averaged, views: of the test digits; held_out (averaged, by the
                         runs on 55,000 digits); seconds by the clock, and of all cores (cpu_seconds); ms_per_step
              curves     of the first seed on 55,000 digits: epoch, cost (of training), accuracy and averaged (held out)
              speed      {what is added to the plain network: ms_per_step}: medians, steps of all taken in turn
              and the machine, as in the other records
"""

import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from itertools import product
from statistics import median

import numpy as np
from train_model import FOLDER, SEEDS, split, where

from cnn_core import (
    AdamW,
    BatchNorm2D,
    Conv2D,
    CrossEntropy,
    Dropout,
    Epoch,
    Flatten,
    FullyConnected,
    GlobalAveragePool2D,
    Model,
    OneCycle,
    Pool2D,
    ReLU,
    WeightAverage,
    evaluate,
    fit,
    load_mnist,
    rotated,
    shifted,
    softmax_forward,
)

FILE, NETWORK_FILE = FOLDER / "12_deeper.json", FOLDER / "12_deeper.npz"
BATCH_SIZE, EPOCHS = 128, 15
SHORT = {"digits": 5000, "held_out": 20_000, "epochs": 7}
AVERAGED = 7  # the weight average is over about a seventh of the steps
ROUNDS = 40  # steps of each network that are timed


def block(channels, kernel_size=3, padding="same"):
    """Return a convolution, pooling, batch normalisation and ReLU: the last two have a quarter of the pixels so."""
    return [Conv2D(channels, kernel_size, padding=padding), Pool2D(2), BatchNorm2D(), ReLU()]


def pooled_last(layers):
    """Return the layers with each pooling after the batch normalisation and the ReLU that follow it."""
    layers = list(layers)
    for at in [index for index, layer in enumerate(layers) if isinstance(layer, Pool2D)]:
        layers[at : at + 3] = [*layers[at + 1 : at + 3], layers[at]]
    return layers


def dense_end():
    """Return a third block and a fully connected layer."""
    return [*block(48), Flatten(), FullyConnected(10, initialisation="zeros")]


def mean_end(channels=64, dilation=1):
    """Return a third convolution, ten maps by a 1 by 1 convolution, and the mean of each map."""
    third = [Conv2D(channels, 3, padding="same", dilation=dilation), BatchNorm2D(), ReLU()]
    return [*third, Conv2D(10, 1, initialisation="zeros"), GlobalAveragePool2D()]


def deep_mean_end():
    """Return a third block of 40 maps, a fourth convolution, ten maps by a 1 by 1 convolution, and their means."""
    return [*block(40), *mean_end(32)]


ENDS = {
    "fully connected": dense_end,
    "mean of maps": mean_end,
    "mean of maps, dilation 2": lambda: mean_end(dilation=2),
    "fourth convolution, mean of maps": deep_mean_end,
}


def both(X, rng):
    """Return the images shifted and rotated."""
    return rotated(shifted(X, rng), rng)


AUGMENTATIONS = {"none": None, "shifts": shifted, "shifts and rotations": both}


@dataclass(frozen=True)
class Recipe:
    """A network and the settings of its training; the defaults are what the held-out digits chose."""

    end: str = "fourth convolution, mean of maps"
    padding: str = "valid"  # of the first convolution; the others have "same"
    batch_norm: bool = True
    pooled_first: bool = True  # else each block normalises before it pools
    augmentation: str = "shifts"
    clean: int = 1  # epochs without augmentation, the last
    weight_decay: float = 0.02
    one_cycle: bool = True
    rate: float = 0.01  # the largest of the cycle
    constant: float = 0.003  # the rate without a cycle, the better of the two in chapter 08
    smoothing: float = 0.0
    dropout: float = 0.0  # before the last layer with weights
    averaged: bool = True  # which weights are evaluated

    def model(self, seed=0):
        """Return the untrained network."""
        layers = [*block(16, 5, self.padding), *block(32), *ENDS[self.end]()]
        layers[-2:-2] = [Dropout(self.dropout)] if self.dropout else []
        if not self.pooled_first:
            layers = pooled_last(layers)
        left_out = () if self.batch_norm else BatchNorm2D
        return Model([layer for layer in layers if not isinstance(layer, left_out)], seed=seed)

    def optimiser(self, steps):
        """Return the optimiser for a training of that many steps."""
        rate = OneCycle(self.rate, steps, warm_up=0.2) if self.one_cycle else self.constant
        return AdamW(rate, weight_decay=self.weight_decay)


FULL = Recipe()
ABSENT = {  # part of the recipe: what replaces it where it is taken away
    "batch normalisation": {"batch_norm": False},
    "random shifts": {"augmentation": "none"},
    "weight average": {"averaged": False},
    "weight decay": {"weight_decay": 0.0},
    "one cycle": {"one_cycle": False},
}
PLAIN = replace(FULL, **{key: value for each in ABSENT.values() for key, value in each.items()})


def ablation_rows():
    """Return the rows of the ablation, without results: name, kind, part and recipe."""
    rows = [("all", "all", None, FULL)]
    rows += [(f"without {part}", "without", part, replace(FULL, **change)) for part, change in ABSENT.items()]
    rows += [("plain", "plain", None, PLAIN)]
    for part, change in ABSENT.items():
        rows += [(f"with {part}", "with", part, replace(PLAIN, **{key: getattr(FULL, key) for key in change}))]
    return rows


TIMED = {"plain": PLAIN} | {  # what is added to the plain network
    name: replace(PLAIN, **change)
    for name, change in {
        "batch normalisation": {"batch_norm": True},
        "batch normalisation before pooling": {"batch_norm": True, "pooled_first": False},
        "dropout": {"dropout": 0.1},
        "random shifts": {"augmentation": "shifts"},
        "random shifts and rotations": {"augmentation": "shifts and rotations"},
        "weight average": {"averaged": True},
        "weight decay": {"weight_decay": FULL.weight_decay},
        "smoothed labels": {"smoothing": 0.1},
        "one cycle": {"one_cycle": True},
    }.items()
}
CHOICES = {  # what differs from the recipe
    "the recipe": {},
    "padding in the first convolution": {"padding": "same"},
    **{f"end: {end}": {"end": end} for end in ENDS if end != FULL.end},
    "rotations too": {"augmentation": "shifts and rotations"},
    "smoothed labels": {"smoothing": 0.1},
    "dropout": {"dropout": 0.1},
    "rate 0.02": {"rate": 0.02},
    "no clean epoch": {"clean": 0},
}


def training(model, X, y, recipe, epochs, average=None, workers=None):
    """Yield the records of fit by the recipe: the last epochs are clean, and their steps go on from those before."""
    optimiser, loss = recipe.optimiser(step_count(len(X), epochs)), CrossEntropy(recipe.smoothing)
    for count, name in ((epochs - recipe.clean, recipe.augmentation), (recipe.clean, "none")):
        options = {"workers": workers, "augment": AUGMENTATIONS[name], "average": average}
        yield from fit(model, X, y, optimiser, loss, count, BATCH_SIZE, **options) if count else ()


def step_count(examples, epochs):
    """Return the number of steps."""
    return epochs * -(-examples // BATCH_SIZE)


def new_average(examples, epochs):
    """Return an average over a part of so many steps."""
    return WeightAverage(max(0, 1 - AVERAGED / step_count(examples, epochs)))


def short_run(recipe, seed, digits):
    """Return the model of a short run, and its average."""
    few, epochs = SHORT["digits"], SHORT["epochs"]
    model, average = recipe.model(seed), new_average(few, epochs)
    for _ in training(model, digits.X_train[:few], digits.y_train[:few], recipe, epochs, average):
        pass
    return model, average.model()


def complete(rows, record, digits, seeds=SEEDS):
    """Make the short runs that the rows lack, one training for all rows that differ in the weights alone."""
    held = digits.X_train[-SHORT["held_out"] :], digits.y_train[-SHORT["held_out"] :]
    for seed, row in product(seeds, rows):
        missing = [other for other in rows if same_training(other, row) and len(other["accuracy"]) == seed]
        if row in missing:
            models = short_run(Recipe(**row["recipe"]), seed, digits)
            for other in missing:
                cost, accuracy = evaluate(models[other["recipe"]["averaged"]], *held, CrossEntropy())
                other["cost"].append(cost)
                other["accuracy"].append(accuracy)
            store(record)


def same_training(row, other):
    """Return True if two rows differ at most in which weights are evaluated."""
    return row["recipe"] | {"averaged": None} == other["recipe"] | {"averaged": None}


def choices(record, digits):
    """Compare the recipe with others, with one seed."""
    rows = [
        {"name": name, "recipe": asdict(recipe), "parameters": recipe.model().parameter_count()}
        for name, recipe in ((name, replace(FULL, **change)) for name, change in CHOICES.items())
    ]
    complete(begun(record, "choices", rows), record, digits, SEEDS[:1])


def ablation(record, digits):
    """Take each part away from the recipe, and add each to the plain network."""
    names = "name", "kind", "part", "recipe"
    rows = [dict(zip(names, (*row, asdict(recipe)), strict=True)) for *row, recipe in ablation_rows()]
    complete(begun(record, "ablation", rows), record, digits)


def begun(record, name, rows):
    """Return the record's rows of that name; new ones, without results, where it has none or others."""
    stored = record.get(name, [])
    if [{key: each.get(key) for key in row} for each, row in zip(stored, rows, strict=False)] != rows:
        record[name] = [row | {"accuracy": [], "cost": []} for row in rows]
    return record[name]


def held_out(record, digits):
    """Train by the recipe on the first 55,000 digits: the held-out accuracy of each seed, the curves of the first."""
    part, held = split(digits)
    found = record["final"].setdefault("held_out", [])
    for seed in SEEDS[len(found) :]:
        curve = followed(FULL.model(seed), part, held)
        record["curves"] = record.get("curves", curve)
        found.append(curve["averaged"][-1])
        store(record)


def followed(model, part, held):
    """Train the model; return for each epoch the cost of training, and the held-out accuracy of both weights."""
    average, curve = new_average(len(part[0]), EPOCHS), []
    for record in training(model, *part, FULL, EPOCHS, average):
        if isinstance(record, Epoch):
            accuracies = (evaluate(each, *held, CrossEntropy())[1] for each in (model, average.model()))
            curve.append((len(curve) + 1, record.cost, *accuracies))
    return dict(zip(("epoch", "cost", "accuracy", "averaged"), map(list, zip(*curve, strict=True)), strict=True))


def final(record, digits):
    """Train by the recipe on all training digits; evaluate on the test digits; store the first seed's network."""
    found = record["final"]
    for seed in SEEDS[len(found["seeds"]) :]:
        model, average = FULL.model(seed), new_average(len(digits.X_train), EPOCHS)
        start = time.perf_counter(), time.process_time()
        for _ in training(model, digits.X_train, digits.y_train, FULL, EPOCHS, average):
            pass
        seconds = time.perf_counter() - start[0], time.process_time() - start[1]
        results = [seed, *test_accuracies(model, average.model(), digits), *(round(each, 1) for each in seconds)]
        for key, value in zip(FINAL, results, strict=True):
            found[key].append(value)
        if seed == SEEDS[0]:
            average.model().save(NETWORK_FILE)
        store(record)


def test_accuracies(last, averaged, digits):
    """Return the test accuracies of the last weights, of the averaged ones, and of these with shifted views."""
    X, y = digits.X_test, digits.y_test
    single = [evaluate(model, X, y, CrossEntropy())[1] for model in (last, averaged)]
    return [*single, float((views(averaged, X).argmax(axis=1) == y).mean())]


def views(model, X):
    """Return the probabilities of each digit, averaged over the digit itself and its shifts by a pixel."""
    Xp = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)))
    shifted_by = product(range(3), repeat=2)
    images = (Xp[:, :, row : row + 28, column : column + 28] for row, column in shifted_by)
    return sum(softmax_forward(model.predict(each)) for each in images) / 9


def speed(record, digits):
    """Time steps of the plain network, of it with each part, of the whole recipe, and of the rows of the ablation."""
    times = step_times([*TIMED.values(), *(recipe for *_, recipe in ablation_rows())], digits)
    record["speed"] = {name: times[recipe] for name, recipe in TIMED.items()}
    for row in record["ablation"]:
        row["ms_per_step"] = times[Recipe(**row["recipe"])]
    record["final"]["ms_per_step"] = times[FULL]
    store(record)


def step_times(recipes, digits):
    """Return {recipe: the median of a step in milliseconds}; the recipes take turns, for other programs disturb all."""
    fits, times = {recipe: steps(recipe, digits) for recipe in recipes}, {recipe: [] for recipe in recipes}
    for turn, (recipe, each) in product(range(ROUNDS), fits.items()):
        start = time.perf_counter()
        next(each)
        times[recipe] += [1000 * (time.perf_counter() - start)] if turn >= 3 else []  # the first ones make buffers
    return {recipe: round(median(found), 2) for recipe, found in times.items()}


def steps(recipe, digits):
    """Yield the steps of a training without end."""
    average = WeightAverage() if recipe.averaged else None
    augment, loss = AUGMENTATIONS[recipe.augmentation], CrossEntropy(recipe.smoothing)
    few = digits.X_train[: ROUNDS * BATCH_SIZE], digits.y_train[: ROUNDS * BATCH_SIZE]
    return fit(recipe.model(), *few, recipe.optimiser(10**6), loss, 2, BATCH_SIZE, augment=augment, average=average)


FINAL = ("seeds", "accuracy", "averaged", "views", "seconds", "cpu_seconds")
PARTS = {"choices": choices, "final": final, "held_out": held_out, "ablation": ablation, "speed": speed}


def described():
    """Return what the record says of the network and its training."""
    model, steps = FULL.model(), step_count(60_000, EPOCHS)
    settings = {"optimiser": repr(FULL.optimiser(steps)), "loss": f"CrossEntropy(smoothing={FULL.smoothing})"}
    settings |= {"batch_size": BATCH_SIZE, "epochs": EPOCHS, "clean_epochs": FULL.clean, "steps": steps}
    settings |= {"augmentation": FULL.augmentation, "average": repr(new_average(60_000, EPOCHS))}
    network = [repr(layer) for layer in model.layers]
    return {"network": network, "parameters": model.parameter_count(), "recipe": settings, "short": SHORT}


def comparable(record):
    """Return the record without results of other settings than today's."""
    now = described()
    stale = ["choices", "ablation"] if record.get("short") != now["short"] else []
    stale += ["final", "curves"] if any(record.get(key) != now[key] for key in ("network", "recipe")) else []
    return {key: value for key, value in record.items() if key not in stale} | now | where()


def store(record):
    """Write the record."""
    FILE.write_text(json.dumps(record, indent=1) + "\n")


def main(arguments):
    """Make the parts of these names, or all, as far as the record lacks them; with --again, all of them anew."""
    again = "--again" in arguments
    record = json.loads(FILE.read_text()) if FILE.exists() and not again else {}
    record = comparable(record)
    record.setdefault("final", {key: [] for key in FINAL})
    digits = load_mnist()
    for name in [each for each in arguments if each != "--again"] or PARTS:
        PARTS[name](record, digits)


if __name__ == "__main__":
    main(sys.argv[1:])
