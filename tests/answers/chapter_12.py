"""Chapter 12, deeper and better: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_exercises import chapter_12


def folded(F, B, norm, epsilon=None, bias=1):
    variance = norm.state["running_variance"] + (norm.epsilon if epsilon is None else epsilon)
    gain = norm.params["gamma"] / np.sqrt(variance)
    return F * gain[:, None, None, None], gain * (bias * B - norm.state["running_mean"]) + norm.params["beta"]


def bias_not_scaled(F, B, norm):
    gain = norm.params["gamma"] / np.sqrt(norm.state["running_variance"] + norm.epsilon)
    return F * gain[:, None, None, None], B - gain * norm.state["running_mean"] + norm.params["beta"]


def without_root(F, B, norm):
    gain = norm.params["gamma"] / (norm.state["running_variance"] + norm.epsilon)
    return F * gain[:, None, None, None], B


def only_gamma(F, B, norm):
    return F * norm.params["gamma"][:, None, None, None], B


def in_place(F, B, norm):
    F *= 2
    return F, B


RUNNING, DILATIONS = chapter_12.check_running, chapter_12.check_dilations
FINDINGS, FOLDED = chapter_12.check_findings, chapter_12.check_folded
RIGHT = {"A": "wrong n", "B": "right", "C": "no path through the variance"}
CHECKS = [
    (RUNNING, (0.4, 0.9 + 2 / 3), None),
    (RUNNING, [0.4, 47 / 30], "Right"),
    (RUNNING, (4, 0.9 + 2 / 3), "the mean of the batch"),
    (RUNNING, (3.6, 1.4), "the share of the new mean"),
    (RUNNING, (1, 1), "0.9 · 0 + 0.1 · mean"),
    (RUNNING, (0.4, 1.4), "the divisor n − 1"),
    (RUNNING, (0.4, 2 / 3), "starts at 1"),
    (RUNNING, (0.4, 0.1 + 6), "the share of the new variance"),
    (RUNNING, (0.4, 20 / 3), "the variance of the batch"),
    (RUNNING, (0.4, 3), "start at 1, and use n − 1"),
    (RUNNING, 0.4, "two things"),
    (DILATIONS, (1, 3, 9), None),
    (DILATIONS, np.array([9, 1, 3]), "Right"),
    (DILATIONS, (1, 2, 4), "only 15 pixels"),
    (DILATIONS, (2, 2, 2), "7 of 13 pixels are reached; the first gap comes after 1"),
    (DILATIONS, (1, 3, 10), "27 of 29 pixels are reached; the first gap comes after 9"),
    (DILATIONS, (1, 1.5, 3), "a whole number"),
    (DILATIONS, (0, 1, 3), "1 or more"),
    (DILATIONS, (1, 3), "three things"),
    (FINDINGS, RIGHT, None),
    (FINDINGS, RIGHT | {"A": "right"}, "images of one pixel"),
    (FINDINGS, RIGHT | {"B": "wrong n"}, "Does gradient_check find anything?"),
    (FINDINGS, RIGHT | {"C": "no path through the mean"}, "the sum of dC/dX times D"),
    (FINDINGS, RIGHT | {"C": "a typo"}, "for C give"),
    (FINDINGS, ["wrong n"], "a dictionary"),
    (FOLDED, folded, None),
    (FOLDED, lambda *given: folded(*given, epsilon=0), "epsilon is missing"),
    (FOLDED, lambda *given: folded(*given, bias=0), "the bias of the convolution is missing"),
    (FOLDED, bias_not_scaled, "the bias has to be scaled too"),
    (FOLDED, without_root, "the root of the variance"),
    (FOLDED, only_gamma, "the root of the running variance, too"),
    (FOLDED, lambda F, B, norm: (F, B), "collect the terms"),
    (FOLDED, lambda F, B, norm: (F[0], B), "yours has (2, 3, 3)"),
    (FOLDED, lambda F, B, norm: F, "two things"),
    (FOLDED, in_place, "changes F"),
]
