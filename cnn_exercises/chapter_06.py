"""Checks of chapter 06: a first cost, the mean squared error, softmax, cross-entropy, and the gradient p - t."""

import numpy as np

from cnn_core import CrossEntropy, MeanSquaredError, softmax_forward

from .feedback import exercise_check, same, should_be, times
from .results import array_in, number_in, parts_in, result_of

CLASSES = 26
# {factor by which an answer is off: reason}, for a mean over all entries of arrays (3, 4) and over the rows of (4, 3)
OVER_ENTRIES = {
    -1: "the sign",
    4: "you divide by the 3 examples, and the mean goes over all 12 entries",
    12: "that is a sum over 12 entries, and a mean is asked for",
}
OVER_EXAMPLES = {
    -1: "the sign",
    4: "divide by the 4 examples of the batch",
    1 / 3: "you divide by the 3 classes too, but the mean goes over the 4 examples only",
}


@exercise_check
def check_first_cost(answer):
    """Check a number: the first cost with 26 classes, when all scores are 0."""
    found, right = number_in(answer, "the cost"), np.log(CLASSES)
    reasons = {
        np.log10(CLASSES): "that is the logarithm to base 10. The cost is a natural logarithm, np.log.",
        np.log2(CLASSES): "that is the logarithm to base 2. The cost is a natural logarithm, np.log.",
        1 / CLASSES: "that is the probability of the right letter; the cost is minus its logarithm.",
        -right: "the sign: the logarithm of a probability is negative, and the cost is minus that.",
        np.log(10): "that is the first cost with 10 classes. Here there are 26.",
        CLASSES: "that is the number of classes.",
    }
    if abs(found - right) < 0.01:
        return None
    close = [why for value, why in reasons.items() if abs(found - value) < 0.01 * abs(value)]
    return close[0] if close else "which probability does each of 26 letters get when all scores are equal?"


@exercise_check
def check_mean_squared_error(answer):
    """Check a function (outputs, targets) -> (cost, dC_dO)."""
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    found = parts_in(result_of(answer, outputs, targets), ("cost", "dC_dO"))
    found_cost, gradient = number_in(found[0], "the cost"), array_in(found[1], "dC_dO")
    cost, dC_dO = MeanSquaredError()(outputs, targets)
    return _factor("the cost", found_cost, cost, OVER_ENTRIES) or _why_gradient(gradient, dC_dO)


def _why_gradient(found, right):
    if found.shape != right.shape:
        return f"dC_dO should have the shape of the outputs, {right.shape}; yours has {found.shape}."
    return _factor("dC_dO", found, right, OVER_ENTRIES | {0.5: "the derivative of a square has a factor of 2"})


@exercise_check
def check_softmax(answer):
    """Check a function: scores (N, classes) -> shares, row by row."""
    scores = np.log([[1.0, 2.0, 5.0], [3.0, 1.0, 4.0]])
    found, right = array_in(result_of(answer, scores)), softmax_forward(scores)
    if found.shape != right.shape:
        return f"for scores {scores.shape} the shares should have that shape, yours have {found.shape}."
    if not same(found, right):
        return _why_shares(found, scores)
    large = np.array([[1000.0, 1001.0, 1002.0], [-1000.0, -1001.0, -1002.0]])
    found = array_in(result_of(answer, large))
    if found.shape != large.shape:
        return f"for scores {large.shape} the shares should have that shape, yours have {found.shape}."
    if not same(found[0], softmax_forward(large)[0]):
        return "for scores of 1,000 the exponential overflows. Take the largest score off first."
    if not same(found[1], softmax_forward(large)[1]):
        return "the largest score must be that of each row: here one row has 1,000s, the other −1,000s."
    return None


def _why_shares(found, scores):
    powers = np.exp(scores)
    if same(found, powers / powers.sum()):
        return "all shares together add up to 1. Each row should: sum along axis 1, with keepdims=True."
    if same(found, powers / powers.sum(axis=0)):
        return "the columns add up to 1. The rows should: axis 1."
    ratios = found / powers
    if np.allclose(ratios, ratios[:, :1]):
        return f"the first row adds up to {found[0].sum():.3g}, not to 1: divide by its sum."
    if same(found.sum(axis=1), np.ones(2)):
        return "the rows add up to 1, but a share should be in proportion to the exponential of its score."
    return "each share is the exponential of its score, divided by the sum of them in its row."


@exercise_check
def check_cross_entropy(answer):
    """Check a function (outputs (N, classes), labels (N,)) -> the cost."""
    outputs, labels = np.random.default_rng(0).normal(size=(4, 3)), np.array([2, 0, 1, 1])
    found, right = number_in(result_of(answer, outputs, labels), "the cost"), CrossEntropy()(outputs, labels)[0]
    if not same(found, right):
        return _why_cost(found, right, outputs, labels)
    large = np.array([[0.0, 1000.0], [1000.0, 0.0]])
    found = number_in(result_of(answer, large, np.array([0, 1])), "the cost")
    if not np.isfinite(found):
        return f"for scores of 0 and 1,000 it gives {found}, and the cost is 1,000: log-sum-exp, with the largest off."
    return None if same(found, 1000.0) else f"for scores of 0 and 1,000 it gives {found:g}, and the cost is 1,000."


def _why_cost(found, right, outputs, labels):
    p = softmax_forward(outputs)
    reasons = {
        -right: "the sign: logarithms of probabilities are negative, the cost is minus their mean.",
        right / np.log(10): "the logarithm should be the natural one, np.log.",
        right / np.log(2): "the logarithm should be the natural one, np.log.",
        float(np.mean(1 - p[np.arange(4), labels])): "that is how much probability is missing; where is the logarithm?",
        float(-np.log(p).mean()): "it takes all classes of a row. Only the probability of the right one counts.",
        float(-np.log(p).sum() / 4): "it takes all classes of a row. Only the probability of the right one counts.",
        float(-np.log(p[:, labels]).mean()): "p[:, labels] picks columns: pair rows with labels, p[rows, labels].",
        float(-outputs[np.arange(4), labels].mean()): "that is minus the score; log-sum-exp of its row belongs to it.",
    }
    close = [why for value, why in reasons.items() if same(found, value)]
    return close[0] if close else _factor("the cost", found, right, OVER_EXAMPLES)


@exercise_check
def check_gradient(answer):
    """Check a function (outputs, targets), both (N, classes) -> dC_dO; a row of targets adds up to 1."""
    outputs = np.random.default_rng(0).normal(size=(4, 3))
    hard = np.eye(3)[[2, 0, 1, 1]]
    for targets in (hard, 0.9 * hard + 0.1 / 3):
        found, p = result_of(answer, outputs, targets), softmax_forward(outputs)
        if isinstance(found, tuple | list) and len(found) == 2:
            return "one array is asked for, dC_dO alone, without the cost."
        found = array_in(found, "dC_dO")
        right = (p - targets) / len(outputs)
        if found.shape != right.shape:
            return f"dC_dO should have the shape of the outputs, {right.shape}; yours has {found.shape}."
        if same(found, (outputs - targets) / 4) or same(found, outputs - targets):
            return "the targets are taken off the scores. Take them off the probabilities."
        if same(found, p / 4) or same(found, p):
            return "those are the probabilities: where are the targets?"
        if targets is not hard and same(found, (p - hard) / 4):
            return "it treats the largest target as if it were 1. For soft targets take off the targets themselves."
        mistake = _factor("dC_dO", found, right, OVER_EXAMPLES)
        if mistake:
            return mistake
    return None


def _factor(name, found, right, reasons):
    """Return None if found is right, else by which factor it is off, with the reason for that factor."""
    if same(found, right):
        return None
    first, wanted = (float(np.ravel(each)[0]) for each in (found, right))
    if not same(found, first / wanted * np.asarray(right)):
        return f"{name} is off, and not by a factor: the first entry {should_be(wanted, first)}."
    close = [why for factor, why in reasons.items() if np.isclose(first / wanted, factor)]
    return f"{name} is {times(first / wanted)} times what it should be{': ' + close[0] if close else ''}."
