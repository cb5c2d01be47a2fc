"""Checks of chapter 06: a first cost, cost against mistakes, losses with faults, one score an image, the least cost."""

import numpy as np

from cnn_core import CrossEntropy

from .feedback import exercise_check, first_difference, reason_for, same, should_be
from .results import array_in, listed, number_in, parts_in, result_of, wrong_choice

CLASSES, VARIANCE = 26, 0.8
LABELS = np.array([0, 1])  # of the two images in the exercise about mistakes
TESTS = ("first cost", "gradient", "large scores", "none")
FAULTS = {"A": "gradient", "B": "none", "C": "first cost", "D": "large scores"}
ORDINARY = np.array([0.5, -1.2, 2.0, 0.3]), np.array([1, 0, 0, 1])  # scores and labels for one score an image
LARGE = np.array([1000.0, -1000.0, 1000.0]), np.array([0, 1, 1])
SOFT = np.array([[0.5, 0.25, 0.25], [0.2, 0.7, 0.1]])
WITH_ZEROS = np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.3, 0.3, 0.4]])


@exercise_check
def check_first_cost(answer):
    """Check a number: the first cost with 26 classes and scores of variance 0.8."""
    found, right = number_in(answer, "the cost"), np.log(CLASSES) + VARIANCE / 2
    reasons = [
        (np.log(CLASSES), "that is the cost for equal scores. Their variance adds something."),
        (np.log(CLASSES) + VARIANCE, "the variance adds only half of itself."),
        (np.log(CLASSES) + VARIANCE**2 / 2, "0.8 is the variance already: do not square it."),
        (np.log(CLASSES) - VARIANCE / 2, "the variance makes the cost larger, not smaller."),
        (np.log(10) + VARIANCE / 2, "that is for 10 classes. Here there are 26."),
        (np.log10(CLASSES) + VARIANCE / 2, "the logarithm should be the natural one, np.log."),
        (np.log2(CLASSES) + VARIANCE / 2, "the logarithm should be the natural one, np.log."),
        (VARIANCE / 2 - np.log(CLASSES), "the sign: log(1/26) is negative, and the cost is minus that."),
    ]
    if abs(found - right) < 0.02:
        return None
    close = (why for value, why in reasons if abs(found - value) < 0.02)
    return next(close, "which cost belongs to a probability of 1/26, and what does the variance of the scores add?")


# --- a lower cost with more mistakes ----------------------------------------------------------------------------------


@exercise_check
def check_scores(answer):
    """Check two arrays of scores (2, 2): the first has the lower cost, the second is right more often."""
    arrays = [array_in(each, name) for name, each in zip("AB", parts_in(listed(answer), ("A", "B")), strict=True)]
    for name, scores in zip("AB", arrays, strict=True):
        if scores.shape != (2, 2):
            return f"{name} should have shape (2, 2), a row of two scores for each image; yours has {scores.shape}."
        if not np.isfinite(scores).all():
            return f"the scores of {name} must be finite."
    return _why_scores(*(CrossEntropy()(scores, LABELS)[0] for scores in arrays), *map(_number_right, arrays))


def _why_scores(cost_a, cost_b, right_a, right_b):
    if cost_b < cost_a and right_a > right_b:
        return "B has the lower cost here, and A is right more often: exchange the two."
    if right_b <= right_a:
        count = f"A is right for {right_a} of the 2 images, and B for {right_b}"
        return f"{count}; B should be right more often. (Two equal scores count as a mistake.)"
    if cost_a >= cost_b:
        return f"A costs {cost_a:.3g} and B costs {cost_b:.3g}: A's mistakes should be cheaper, or B's more expensive."
    return None


def _number_right(scores):
    """Return for how many of the two images the score of the right class is larger than the other one."""
    rows = np.arange(2)
    return int((scores[rows, LABELS] > scores[rows, 1 - LABELS]).sum())


# --- losses with faults -----------------------------------------------------------------------------------------------


@exercise_check
def check_faults(answer):
    """Check which of the three tests each of the losses A, B, C and D fails."""
    wrong = wrong_choice(answer, FAULTS, TESTS, f"one of {', '.join(map(repr, TESTS))}")
    return wrong and _why_fault(*wrong)


def _why_fault(name, found):
    missed = {
        "gradient": "Have you compared the gradient for several images in one batch?",
        "first cost": "Have you compared its first cost with the natural logarithm of 10?",
        "large scores": "Have you tried a batch whose rows are far apart, one with scores of -1,000 and one of 0?",
    }
    if found == "none":
        return f"{name} fails one of the tests. {missed[FAULTS[name]]}"
    reasons = {
        "first cost": f"for ten scores of 0 the cost of {name} is log 10, for any number of images.",
        "gradient": f"dC/dO of {name} agrees with the finite differences of its own cost, whatever the cost is.",
        "large scores": f"the cost and dC/dO of {name} are finite for all scores. Did you test another property?",
    }
    return reasons[found]


def loss_a(outputs, labels):
    """Return the cost and dC/dO of loss A of the exercise."""
    cost, dC_dO = _loss(outputs, labels, outputs.max(axis=1, keepdims=True))
    return cost, dC_dO * len(outputs)


def loss_b(outputs, labels):
    """Return the cost and dC/dO of loss B of the exercise."""
    return _loss(outputs, labels, outputs.max(axis=1, keepdims=True))


def loss_c(outputs, labels):
    """Return the cost and dC/dO of loss C of the exercise."""
    cost, dC_dO = _loss(outputs, labels, outputs.max(axis=1, keepdims=True))
    return cost / np.log(2), dC_dO / np.log(2)


def loss_d(outputs, labels):
    """Return the cost and dC/dO of loss D of the exercise."""
    return _loss(outputs, labels, outputs.max())


def _loss(outputs, labels, largest):
    """Return the cost and dC/dO, with `largest` subtracted from the scores; no warning gives a fault away."""
    with np.errstate(all="ignore"):
        shifted = np.asarray(outputs, dtype=float) - largest
        powers = np.exp(shifted)
        totals = powers.sum(axis=1, keepdims=True)
        y = np.eye(shifted.shape[1])[np.asarray(labels)]
        cost = float(np.mean(np.log(totals[:, 0]) - (shifted * y).sum(axis=1)))
        return cost, (powers / totals - y) / len(shifted)


# --- one score an image -----------------------------------------------------------------------------------------------


@exercise_check
def check_loss(answer):
    """Check a function (scores (N,), labels (N,) of 0 and 1) -> (cost, dC_dO)."""
    for given, why in ((ORDINARY, _why_cost), (LARGE, _why_large)):
        cost, dC_dO = _two_scores(*given)
        found = parts_in(result_of(answer, *given), ("cost", "dC_dO"))
        found_cost, gradient = number_in(found[0], "the cost"), array_in(found[1], "dC_dO")
        if not same(found_cost, cost):
            return why(found_cost, cost)
        mistake = _why_gradient(gradient, dC_dO, *given)
        if mistake:
            return mistake
    return None


def _two_scores(scores, labels):
    """Return the cost and dC/dO for one score s an image, as the cross-entropy of the two scores 0 and s."""
    cost, dC_dO = CrossEntropy()(np.stack([np.zeros_like(scores), scores], axis=1), labels)
    return cost, dC_dO[:, 1]


def _why_cost(found, right):
    scores, y = ORDINARY
    p = 1 / (1 + np.exp(-scores))
    reasons = [
        (4 * right, "that is the sum over the 4 images; the cost is their mean."),
        (-right, "the sign: logarithms of probabilities are negative, and the cost is minus their mean."),
        (right / np.log(2), "the logarithm should be the natural one, np.log."),
        (right / np.log(10), "the logarithm should be the natural one, np.log."),
        (-np.mean(y * np.log(p)), "the images with label 0 cost something too: minus the logarithm of 1 − p."),
        (-np.log(p[y == 1]).mean(), "the images with label 0 cost something too: minus the logarithm of 1 − p."),
        (-np.mean(np.log(p)), "p is the probability of yes. With label 0 the right answer has 1 − p."),
        (np.mean((p - y) ** 2), "that is the squared error of p. Where is the logarithm?"),
    ]
    otherwise = "take minus the logarithm of the probability of the right answer, p or 1 − p, and the mean of that."
    return f"the cost {should_be(right, found)}; {reason_for(found, reasons, otherwise)}"


def _why_large(found, right):
    text = f"for scores of 1,000 and −1,000 the cost {should_be(right, found)}"
    if not np.isfinite(found):
        return f"{text}: p is rounded to 0 or 1 there, so do not take the logarithm of p."
    return f"{text}. If you keep p away from 0, the cost is finite but wrong: log-sum-exp is exact."


def _why_gradient(found, right, scores, y):
    if found.shape != right.shape:
        return f"dC_dO should have the shape of the scores, {right.shape}; yours has {found.shape}."
    if not np.isfinite(found).all():
        return "for scores of 1,000 and −1,000 dC_dO is not finite: e^1000 overflows. core.sigmoid_forward does not."
    N, slope = len(right), "the slope of the sigmoid, p (1 − p)"
    p = N * right + y
    reasons = [
        (N * right, f"divide by the {N} images, because the cost is a mean."),
        (-right, "the sign: the score of an image with label 1 should rise, so its entry is negative."),
        (p / N, "those are the probabilities: where are the labels?"),
        ((scores - y) / N, "subtract the labels from the probabilities, not from the scores."),
        (right * p * (1 - p), f"{slope}, cancels against the slope of the logarithm."),
        (((1 - y) / (1 - p) - y / p) / N, f"that is dC/dp. Multiply by {slope}."),
    ]
    mistake = None if same(found, right) else first_difference("dC_dO", found, right)
    return mistake and reason_for(found, reasons, mistake)


# --- the least cost of soft targets -----------------------------------------------------------------------------------


@exercise_check
def check_least_cost(answer):
    """Check a function: targets (N, classes), rows that add up to 1 -> the smallest mean cost."""
    for targets in (SOFT, WITH_ZEROS):
        found, right = number_in(result_of(answer, targets), "the cost"), _least_cost(targets)
        if np.isnan(found):
            return "for targets that contain 0 it gives nan: 0 · log 0 should count as 0."
        if not same(found, right):
            text = f"for targets of shape {targets.shape} the cost {should_be(right, found)}"
            return f"{text}; {_why_least(found, targets)}"
    return None


def _least_cost(targets):
    logarithms = np.log(targets, out=np.zeros(targets.shape), where=targets > 0)
    return float(-(targets * logarithms).sum(axis=1).mean())


def _why_least(found, targets):
    right, N, classes = _least_cost(targets), *targets.shape
    reasons = [
        (0.0, "0 is reached only where a target is a single class. Which p has the gradient 0?"),
        (N * right, "that is the sum over the images; the cost is their mean."),
        (right / classes, "divide by the number of images, not by that of all entries."),
        (-right, "the sign: logarithms of probabilities are negative, and the cost is minus their mean."),
        (right / np.log(2), "the logarithm should be the natural one, np.log."),
        (np.log(classes), "that is the cost of equal scores. p = y costs less."),
        (float(-np.log(targets.max(axis=1)).mean()), "each class of a target counts, not only its largest entry."),
    ]
    return reason_for(found, reasons, "put the p at which the gradient p − y is 0 into the cost.")
