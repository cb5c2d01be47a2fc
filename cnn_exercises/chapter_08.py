"""Checks of chapter 08: the size of a dense network, networks with faults, a confusion matrix, a calibration error."""

import numpy as np

from cnn_core import Conv2D, Flatten, FullyConnected, Pool2D, ReLU

from .feedback import exercise_check, first_difference, reason_for, same, should_be
from .results import array_in, number_in, result_of, wrong_choice

BUDGETS = (206_922, 1_000_000, 804)  # each reveals other mistakes
PAIRS = (  # labels and answers; the largest digits of the second pair are 3 and 5
    (np.array([3, 3, 1, 9, 0, 3, 1]), np.array([3, 5, 1, 4, 0, 5, 7])),
    (np.array([3, 3, 1, 2, 0, 3, 1]), np.array([3, 5, 1, 4, 0, 5, 2])),
)
CHECKS = ("first cost", "gradients", "ten digits", "none")
FAILING = {"A": "ten digits", "B": "gradients", "C": "none", "D": "first cost"}


@exercise_check
def check_units(answer):
    """Check a function: budget -> the most units of one hidden layer between 784 pixels and 10 classes."""
    for budget in BUDGETS:
        found, right = number_in(result_of(answer, budget)), (budget - 10) // 795
        if found != right:
            return (
                f"for {budget:,} parameters {right} units are the most, you say {found:g}; {_why_units(found, budget)}"
            )
    return None


def _why_units(found, budget):
    reasons = {
        (budget - 10) / 795: "a layer has a whole number of units: round down.",
        round((budget - 10) / 795): "that may be more parameters than there are: round down, not to the nearest.",
        (budget - 10) // 795 + 1: "that is more than the budget: round down.",
        budget // 794: "each unit has a bias of its own, and so has each of the 10 outputs.",
        budget // 784: "the second layer needs parameters too: 10 weights for each unit, and 10 biases.",
        budget // 785: "the second layer needs parameters too: 10 weights for each unit, and 10 biases.",
        budget // 795: "the 10 biases of the last layer come off the budget first.",
    }
    return reason_for(
        found, reasons.items(), f"they would need {795 * found + 10:,.0f} parameters: 795 for each, and 10."
    )


@exercise_check
def check_failing(answer):
    """Check which of the three checks each of the networks A, B, C and D fails."""
    wrong = wrong_choice(answer, FAILING, CHECKS, f"one of {', '.join(map(repr, CHECKS))}")
    return wrong and _why_failing(*wrong)


def _why_failing(name, found):
    if found == "none":
        return f"{name} fails one of the checks. Have you made all three, each with a new model?"
    if FAILING[name] == "none":
        return f"{name} passes all three checks. Did you set it up as in the chapter, with float64 for the gradients?"
    reasons = {
        "first cost": f"the first cost of {name} is log 10, if its last layer starts with zeros.",
        "gradients": f"the gradients of {name} are right: check it with 'he_normal', float64 and random pixels.",
        "ten digits": f"{name} does memorise ten digits: train for 60 epochs with Adam, all ten in one batch.",
    }
    return reasons[found]


def layers_a(last="zeros"):
    """Return the layers of network A of the exercise."""
    return _layers(last, activation=_Silent)


def layers_b(last="zeros"):
    """Return the layers of network B of the exercise."""
    return _layers(last, convolution=_Mean)


def layers_c(last="zeros"):
    """Return the layers of network C of the exercise."""
    return _layers(last)


def layers_d(last="zeros"):
    """Return the layers of network D of the exercise."""
    return _layers("he_normal")  # the argument is forgotten


def _layers(last, convolution=Conv2D, activation=ReLU):
    first_round = [Conv2D(8, 3, padding="same"), ReLU(), Pool2D(2)]
    second_round = [convolution(16, 3, padding="same"), activation(), Pool2D(2)]
    return [*first_round, *second_round, Flatten(), FullyConnected(10, initialisation=last)]


class _Silent(ReLU):
    """A ReLU that nothing passes: its gradient is right, and is always 0."""

    def apply(self, X):
        return super().apply(X - 1000)

    def gradients(self, dC_dO, X):
        return super().gradients(dC_dO, X - 1000)


class _Mean(Conv2D):
    """A convolution that divides its gradients by the number of outputs in each map; Adam hides that."""

    def gradients(self, dC_dO, X):
        dC_dX, grads = super().gradients(dC_dO, X)
        return dC_dX, {key: grad / dC_dO[0, 0].size for key, grad in grads.items()}


@exercise_check
def check_confusion(answer):
    """Check a function (labels, answers) -> counts (10, 10)."""
    for labels, answers in PAIRS:
        found = array_in(result_of(answer, labels, answers))
        if found.shape != (10, 10):
            return f"the matrix is (10, 10), also where a class does not occur; yours has shape {found.shape}."
        right = np.zeros((10, 10), dtype=int)
        np.add.at(right, (labels, answers), 1)
        if not np.array_equal(found, right):
            return _why_confusion(found, right)
        if found.dtype.kind not in "iu":
            return f"counts are whole numbers, yours have dtype {found.dtype}."
    return None


def _why_confusion(found, right):
    if np.array_equal(found, right.T):
        return "rows and columns are swapped: a row for each label, a column for each answer."
    if np.array_equal(found, np.minimum(right, 1)):
        return "a pair that occurs twice counts twice. `matrix[labels, answers] += 1` adds only once to each entry."
    if np.array_equal(found, right - np.diag(np.diag(right))):
        return "the diagonal is missing: correct answers count too."
    if same(found.sum(), 1.0):
        return "those are shares; counts are asked for."
    return first_difference("matrix", found, right)


@exercise_check
def check_calibration_error(answer):
    """Check a function (probabilities, labels) -> the expected calibration error with ten bins."""
    for probabilities, labels in (_overconfident(), _certain(), _nearly_certain()):
        found = number_in(result_of(answer, probabilities, labels), "the error")
        if not same(found, _error(probabilities, labels)):
            return _why_calibration(found, probabilities, labels)
    return None


def _overconfident():
    """Return probabilities of 4 classes, and labels that are wrong more often where the confidence is higher."""
    rng = np.random.default_rng(4)
    probabilities = rng.dirichlet([0.8] * 4, size=120)
    return probabilities, (probabilities.argmax(axis=1) + (rng.random(120) < probabilities.max(axis=1))) % 4


def _certain():
    """Return probabilities of exactly 1, which belong to the last bin, and labels of which half are wrong."""
    return np.eye(4)[[0, 1, 2, 3]], np.array([0, 1, 0, 0])


def _nearly_certain():
    """Return probabilities of 0.91 and of 1, which share the last bin, and labels of which only those of 0.91 fit."""
    return np.array([[0.91, 0.09, 0, 0]] * 20 + [[1, 0, 0, 0]] * 2), np.array([0] * 19 + [1] * 3)


def _bins(probabilities, labels, last=9):
    """Return the bin, the confidence and the correctness of each prediction."""
    confidence = probabilities.max(axis=1)
    return np.minimum((10 * confidence).astype(int), last), confidence, probabilities.argmax(axis=1) == labels


def _error(probabilities, labels, size=abs, weigh=len, last=9):
    """Return the mean of size(accuracy − confidence) over the bins, each with the weight weigh(confidences in it)."""
    bins, confidence, correct = _bins(probabilities, labels, last)
    parts = [(correct[bins == b].mean(), confidence[bins == b]) for b in np.unique(bins)]
    values, weights = zip(*((size(accuracy - part.mean()), weigh(part)) for accuracy, part in parts), strict=True)
    return float(np.average(values, weights=weights))


def _why_calibration(found, probabilities, labels):
    if np.isnan(found):
        return "it is nan: leave empty bins out, and put a probability of 1 into the last bin."
    _, confidence, correct = _bins(probabilities, labels)
    if confidence.min() == 1 and found == 0:
        return "a probability of exactly 1 is in none of your bins: put it into the last one."
    reasons = {
        _error(
            probabilities, labels, size=float
        ): "take the absolute value in each bin, or bins with too much and with too little confidence cancel.",
        _error(probabilities, labels, weigh=lambda bin_: 1): "weight each bin by how many answers it holds.",
        _error(probabilities, labels, size=np.square): "the distance itself, not its square.",
        abs(correct.mean() - confidence.mean()): "that is one bin for all. Sort into ten bins first.",
        float(np.mean(np.abs(correct - confidence))): "compare means: first the mean of each bin, then the distance.",
        _error(
            probabilities, labels, last=10
        ): "a probability of 1 belongs to the bin from 0.9 to 1, not to a bin of its own.",
        _error(probabilities, labels) * 100: "that is in per cent; a share of 1 is asked for.",
        _error(probabilities, labels) * len(labels): "that is a sum over the answers: divide by their number.",
    }
    otherwise = f"here it {should_be(_error(probabilities, labels), found, digits=4)}."
    return reason_for(found, reasons.items(), otherwise)
