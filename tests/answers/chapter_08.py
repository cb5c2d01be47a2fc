"""Chapter 08, the model: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_exercises import chapter_08


def confusion(labels, answers):
    matrix = np.zeros((10, 10), dtype=int)
    np.add.at(matrix, (labels, answers), 1)
    return matrix


def once(labels, answers):
    matrix = np.zeros((10, 10), dtype=int)
    matrix[labels, answers] += 1
    return matrix


def small(labels, answers):
    present = np.unique(labels)
    return np.zeros((len(present), len(present)), dtype=int)


def as_large_as_needed(labels, answers):
    size = max(labels.max(), answers.max()) + 1
    return confusion(labels, answers)[:size, :size]


def as_large_as_the_labels(labels, answers):
    return np.bincount(10 * labels + answers, minlength=10 * labels.max() + 10).reshape(-1, 10)


def no_bin_for_one(p, labels):
    below = p.max(axis=1) < 1
    return calibration_error(p[below], labels[below]) * below.mean() if below.any() else 0.0


def calibration_error(probabilities, labels, bins=10, gap=abs, last=9):
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    number = np.minimum((bins * confidence).astype(int), last)
    error = 0
    for each in np.unique(number):
        chosen = number == each
        error += chosen.mean() * gap(right[chosen].mean() - confidence[chosen].mean())
    return error


def unweighted(probabilities, labels):
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    number = np.minimum((10 * confidence).astype(int), 9)
    return np.mean(
        [abs(right[number == each].mean() - confidence[number == each].mean()) for each in np.unique(number)]
    )


def with_empty_bins(probabilities, labels):
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    number = np.minimum((10 * confidence).astype(int), 9)
    counts = np.bincount(number, minlength=10)
    with np.errstate(invalid="ignore"):
        gaps = np.bincount(number, right - confidence, minlength=10) / counts
    return np.average(np.abs(gaps), weights=counts)


def each_alone(probabilities, labels):
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    return np.abs(right - confidence).mean()


UNITS, FAILING = chapter_08.check_units, chapter_08.check_failing
CONFUSION, CALIBRATION = chapter_08.check_confusion, chapter_08.check_calibration_error
FOUND = {"A": "ten digits", "B": "gradients", "C": "none", "D": "first cost"}
CHECKS = [
    (UNITS, lambda budget: (budget - 10) // 795, None),
    (UNITS, lambda budget: (budget - 10) / 795, "a whole number of units"),
    (UNITS, lambda budget: budget // 795, "10 biases of the last layer"),
    (UNITS, lambda budget: (budget - 10) // 795 + 1, "more than the budget"),
    (UNITS, lambda budget: budget // 784, "the second layer needs parameters too"),
    (UNITS, lambda budget: budget // 794, "a bias of its own"),
    (UNITS, lambda budget: 1000, "they would need 795,010"),
    (UNITS, lambda budget: None, "end in a return"),
    (FAILING, FOUND, None),
    (FAILING, ["ten digits", "gradients", "none", "first cost"], "give a dictionary"),
    (FAILING, FOUND | {"B": "step"}, "for B give one of"),
    (FAILING, FOUND | {"B": "none"}, "B fails one of the checks"),
    (FAILING, FOUND | {"C": "gradients"}, "C passes all three"),
    (FAILING, FOUND | {"A": "first cost"}, "the first cost of A is log 10"),
    (FAILING, FOUND | {"A": "gradients"}, "the gradients of A are right"),
    (FAILING, FOUND | {"B": "ten digits"}, "B does memorise ten digits"),
    (CONFUSION, confusion, None),
    (CONFUSION, lambda labels, answers: confusion(answers, labels), "rows and columns are swapped"),
    (CONFUSION, once, "a pair that occurs twice"),
    (CONFUSION, small, "yours has shape (4, 4)"),
    (CONFUSION, as_large_as_needed, "yours has shape (6, 6)"),
    (CONFUSION, as_large_as_the_labels, "yours has shape (4, 10)"),
    (CONFUSION, lambda labels, answers: confusion(labels, answers) / len(labels), "those are shares"),
    (CONFUSION, lambda labels, answers: confusion(labels, answers) * 1.0, "counts are whole numbers"),
    (
        CONFUSION,
        lambda labels, answers: confusion(labels, answers) * (1 - np.eye(10, dtype=int)),
        "diagonal is missing",
    ),
    (CONFUSION, lambda labels, answers: confusion(labels, labels), "matrix[1, 1] should be 1, yours is 2"),
    (CALIBRATION, calibration_error, None),
    (CALIBRATION, lambda p, labels: calibration_error(p, labels, gap=float), "take the absolute value"),
    (CALIBRATION, lambda p, labels: calibration_error(p, labels, bins=1, last=0), "one bin for all"),
    (CALIBRATION, lambda p, labels: len(labels) * calibration_error(p, labels), "divide by their number"),
    (CALIBRATION, lambda p, labels: 100 * calibration_error(p, labels), "in per cent"),
    (CALIBRATION, no_bin_for_one, "in none of your bins"),
    (CALIBRATION, unweighted, "how many answers it holds"),
    (CALIBRATION, with_empty_bins, "leave empty bins out"),
    (CALIBRATION, each_alone, "first the mean of each bin"),
    (CALIBRATION, lambda p, labels: calibration_error(p, labels, bins=5), "here it should be"),
    (CALIBRATION, lambda p, labels: p.max(axis=1), "yours has shape (120,)"),
]
