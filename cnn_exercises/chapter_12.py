"""Checks of chapter 12: running statistics, dilations without a gap, three backward passes, a folded convolution."""

import itertools
from functools import cache

import numpy as np

from cnn_core import BatchNorm2D, Conv2D

from .feedback import exercise_check, first_difference, reason_for, same
from .results import AnswerError, array_in, listed, number_in, parts_in, result_of, wrong_choice

MEAN, VARIANCE = 0.1 * 4, 0.9 + 0.1 * 20 / 3  # running, after one step over the numbers 1, 3, 5 and 7
MOST = 27  # pixels that one output of three layers of 3 weights can depend on
WHY = "Let each layer place copies of what the others reach side by side."
EPSILON = 1e-12
MISTAKES = ("right", "no path through the mean", "no path through the variance", "wrong n")
LISTED = "'right', 'no path through the mean', 'no path through the variance' or 'wrong n'"


# --- 1: running statistics --------------------------------------------------------------------------------------------


@exercise_check
def check_running(answer):
    """Check (running mean, running variance) after one step over 1, 3, 5, 7 with momentum 0.1."""
    names = "the running mean", "the running variance"
    mean, variance = (number_in(part, name) for part, name in zip(parts_in(answer, names), names, strict=True))
    if not same(mean, MEAN):
        reasons = [(4, "that is the mean of the batch; the running mean moves a tenth of the way from 0 to it.")]
        reasons += [(3.6, "momentum 0.1 is the share of the new mean, not of the old one.")]
        return f"the running mean is not {mean:g}: {reason_for(mean, reasons, 'it is 0.9 · 0 + 0.1 · mean.')}"
    if same(variance, VARIANCE):
        return None
    reasons = [
        (0.9 + 0.1 * 5, "for the running variance the batch counts with the divisor n − 1."),
        (0.1 * 20 / 3, "the running variance starts at 1, not at 0."),
        (0.1 + 0.9 * 20 / 3, "momentum 0.1 is the share of the new variance, not of the old one."),
        (20 / 3, "that is the variance of the batch; the running one moves a tenth of the way from 1 to it."),
    ]
    return f"the running variance is not {variance:g}: {reason_for(variance, reasons, 'start at 1, and use n − 1.')}"


# --- 2: dilations without a gap ---------------------------------------------------------------------------------------


@exercise_check
def check_dilations(answer):
    """Check three dilations with which an output depends on as many pixels as possible, without a gap."""
    names = "the first", "the second", "the third"
    dilations = [number_in(part, name) for part, name in zip(parts_in(listed(answer), names), names, strict=True)]
    if any(each < 1 or each != int(each) for each in dilations):
        raise AnswerError("a dilation is a whole number, 1 or more.")
    seen = _reached([int(each) for each in dilations])
    span = seen[-1] - seen[0] + 1
    if len(seen) < span:
        first = next(each for each in range(seen[0], seen[-1]) if each not in seen)
        return f"{len(seen)} of {span} pixels are reached; the first gap comes after {first - seen[0]} of them. {WHY}"
    return None if span == MOST else f"there is no gap, but only {span} pixels are reached: more is possible. {WHY}"


def _reached(dilations):
    """Return the distances, sorted, of the pixels that one output depends on."""
    steps = ([-each, 0, each] for each in dilations)
    return sorted({sum(each) for each in itertools.product(*steps)})


# --- 3: three backward passes -----------------------------------------------------------------------------------------


def batch_norm(X):
    """Return the normalised X (N, C, H, W), with the statistics of each channel: scale 1 and shift 0."""
    D = X - X.mean(axis=(0, 2, 3), keepdims=True)
    return D * _scale(D)


def _scale(D):
    return 1 / np.sqrt((D**2).mean(axis=(0, 2, 3), keepdims=True) + EPSILON)


def _backward(dC_dO, X, mean=True, variance=True, count=lambda X: X.size // X.shape[1]):
    over = {"axis": (0, 2, 3), "keepdims": True}
    D, n = X - X.mean(**over), count(X)
    s = _scale(D)
    dC_dD = s * dC_dO
    if variance:
        dC_dD = dC_dD - D / n * s**3 * (dC_dO * D).sum(**over)
    return dC_dD - dC_dD.sum(**over) / n if mean else dC_dD


def backward_a(dC_dO, X):
    """Return dC/dX of batch_norm, or something like it."""
    return _backward(dC_dO, X, count=len)


def backward_b(dC_dO, X):
    """Return dC/dX of batch_norm, or something like it."""
    return _backward(dC_dO, X)


def backward_c(dC_dO, X):
    """Return dC/dX of batch_norm, or something like it."""
    return _backward(dC_dO, X, variance=False)


FINDINGS = {"A": "wrong n", "B": "right", "C": "no path through the variance"}
HINTS = {
    "A": "Try images of one pixel, and then larger ones.",
    "B": "Does gradient_check find anything?",
    "C": "Compute the sum of dC/dX, and the sum of dC/dX times D.",
}


@exercise_check
def check_findings(answer):
    """Check what is wrong with each of the three backward passes."""
    wrong = wrong_choice(answer, FINDINGS, MISTAKES, LISTED)
    return None if wrong is None else f"{wrong[0]} is not '{wrong[1]}'. {HINTS[wrong[0]]}"


# --- 4: a folded convolution ------------------------------------------------------------------------------------------


@cache
def convolution_and_norm():
    """Return a convolution and the batch normalisation after it, with statistics far from their first values."""
    rng = np.random.default_rng(0)
    convolution, norm = Conv2D(3, 3), BatchNorm2D(epsilon=0.5)
    convolution.build((2, 6, 6), rng, "float64")
    norm.build((3, 4, 4), rng, "float64")
    convolution.params["B"] = np.array([0.5, -1, 2])
    norm.params["gamma"], norm.params["beta"] = np.array([2.0, -1, 0.5]), np.array([1.0, 0, -3])
    norm.state["running_mean"], norm.state["running_variance"] = np.array([1.0, -2, 0.5]), np.array([4.0, 0.25, 9])
    return convolution, norm


@exercise_check
def check_folded(answer):
    """Check a function (F, B, norm) -> (F, B): the convolution that predicts like a convolution with norm after it."""
    convolution, norm = convolution_and_norm()
    F, B = convolution.params["F"], convolution.params["B"]
    found = parts_in(result_of(answer, F, B, norm), ("the filters", "the biases"))
    found = [array_in(part, name) for part, name in zip(found, ("the filters", "the biases"), strict=True)]
    for name, part, right in zip(("F", "B"), found, (F, B), strict=True):
        if part.shape != right.shape:
            raise AnswerError(f"{name} has shape {right.shape}, yours has {part.shape}.")
    for name, part, right in zip(("F", "B"), found, _folded(F, B, norm), strict=True):
        if not same(part, right):
            return f"{first_difference(name, part, right)} {_why_folded(name, part, F, B, norm)}"
    return None


def _folded(F, B, norm, epsilon=None, bias=1):
    """Return the filters and biases of one convolution in place of two layers; the arguments make mistakes."""
    epsilon = norm.epsilon if epsilon is None else epsilon
    gain = norm.params["gamma"] / np.sqrt(norm.state["running_variance"] + epsilon)
    return F * gain[:, None, None, None], gain * (bias * B - norm.state["running_mean"]) + norm.params["beta"]


def _why_folded(name, found, F, B, norm):
    which, variance = ("F", "B").index(name), norm.state["running_variance"] + norm.epsilon
    gamma, gain = norm.params["gamma"], norm.params["gamma"] / np.sqrt(variance)
    mistakes = [
        (_folded(F, B, norm, epsilon=0)[which], "epsilon is missing: it is added to the variance before the root."),
        (_folded(F, B, norm, bias=0)[1], "the bias of the convolution is missing: the normalisation scales it too."),
        (B - gain * norm.state["running_mean"] + norm.params["beta"], "the bias has to be scaled too, as the filters."),
        (F * (gamma / variance)[:, None, None, None], "divide by the root of the variance."),
        (F * gamma[:, None, None, None], "divide by the root of the running variance, too."),
    ]
    return reason_for(found, mistakes, "Write down what both layers do to one weighted sum, and collect the terms.")
