"""Chapter 08, the model: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_exercises import chapter_08


def step(model, X, y, loss, optimiser):
    cost, dC_dO = loss(model.forward(X), y)
    model.backward(dC_dO)
    optimiser.step(model.parameters())
    return cost


def no_step(model, X, y, loss, optimiser):
    cost, dC_dO = loss(model.forward(X), y)
    model.backward(dC_dO)
    return cost


def twice(model, X, y, loss, optimiser):
    cost, dC_dO = loss(model.forward(X), y)
    model.backward(2 * dC_dO)
    optimiser.step(model.parameters())
    return cost


def uphill(model, X, y, loss, optimiser):
    cost, dC_dO = loss(model.forward(X), y)
    model.backward(-dC_dO)
    optimiser.step(model.parameters())
    return cost


def one_example(model, X, y, loss, optimiser):
    return step(model, X[:1], y[:1], loss, optimiser)


def last_layer(model, X, y, loss, optimiser):
    cost, dC_dO = loss(model.forward(X), y)
    model.backward(dC_dO)
    optimiser.step(model.parameters()[-2:])
    return cost


def cost_after(model, X, y, loss, optimiser):
    step(model, X, y, loss, optimiser)
    return loss(model.forward(X), y)[0]


def both(model, X, y, loss, optimiser):
    outputs = model.forward(X)
    step(model, X, y, loss, optimiser)
    return loss(outputs, y)[1]


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


NODES, STEP = chapter_08.check_nodes, chapter_08.check_step
CONFUSION, CALIBRATION = chapter_08.check_confusion, chapter_08.check_calibration_error
CHECKS = [
    (NODES, lambda budget: (budget - 10) // 795, None),
    (NODES, lambda budget: (budget - 10) / 795, "a whole number of nodes"),
    (NODES, lambda budget: budget // 795, "10 biases of the last layer"),
    (NODES, lambda budget: (budget - 10) // 795 + 1, "more than the budget"),
    (NODES, lambda budget: budget // 784, "the second layer needs parameters too"),
    (NODES, lambda budget: budget // 794, "a bias of its own"),
    (NODES, lambda budget: 1000, "they would need 795,010"),
    (NODES, lambda budget: None, "end in a return"),
    (STEP, step, None),
    (STEP, no_step, "no parameter has changed"),
    (STEP, twice, "moved 2 times as far"),
    (STEP, uphill, "moved -1 times as far"),
    (STEP, one_example, "did not move against the gradient of this batch"),
    (STEP, last_layer, "1.W, 1.B did not change"),
    (STEP, cost_after, "the cost after the step"),
    (STEP, both, "one number, yours has shape (6, 3)"),
    (STEP, lambda model, X, y, loss, optimiser: (step(model, X, y, loss, optimiser), X), "one number"),
    (STEP, lambda model, X, y, loss, optimiser: step(model, X, y, loss, optimiser) + 1, "but the cost should be"),
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
