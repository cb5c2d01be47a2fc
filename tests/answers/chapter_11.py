"""Chapter 11, the bug museum: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import conv2d_backward
from cnn_exercises import chapter_11

RIGHT, OVERWRITTEN = [0, 3, 0, 3, 0], [0, 2, 0, 3, 0]
SIX = ["first pass", "adjoint test", "optimiser", "extremes", "filters", "data"]


def difference(layer, X, dC_dO):
    O, dC_dX = layer.forward(X), layer.backward(dC_dO)
    return np.sum(O * dC_dO) - np.sum(X * dC_dX)


def turned(layer, X, dC_dO):
    return -difference(layer, X, dC_dO)


def outputs_only(layer, X, dC_dO):
    return np.sum(layer.forward(X) * dC_dO)


def pixels_only(layer, X, dC_dO):
    layer.forward(X)
    return np.sum(X * layer.backward(dC_dO))


def added(layer, X, dC_dO):
    return outputs_only(layer, X, dC_dO) + pixels_only(layer, X, dC_dO)


def without_gradients(layer, X, dC_dO):
    return layer.forward(X).sum() - X.sum()


def means(layer, X, dC_dO):
    return np.mean(layer.forward(X) * dC_dO) - np.mean(X * layer.backward(dC_dO))


def entries(layer, X, dC_dO):
    return layer.forward(X) * dC_dO


def hidden(dC_dO, X, F, stride, padding):
    dC_dX, dC_dF, dC_dB = conv2d_backward(dC_dO, X, F, stride, padding)
    return dC_dX, dC_dF * (2 if F.shape[2] > 4 else 1), dC_dB


def always_wrong(dC_dO, X, F, stride, padding):
    dC_dX, dC_dF, dC_dB = conv2d_backward(dC_dO, X, F, stride, padding)
    return dC_dX, 2 * dC_dF, dC_dB


def wrong_at_stride_2(dC_dO, X, F, stride, padding):
    dC_dX, dC_dF, dC_dB = conv2d_backward(dC_dO, X, F, stride, padding)
    return dC_dX * (2 if max(stride) == 2 else 1), dC_dF, dC_dB


CHECKS = [
    (chapter_11.check_by_hand, (RIGHT, OVERWRITTEN), None),
    (chapter_11.check_by_hand, (np.array(RIGHT), np.array(OVERWRITTEN)), "Right"),
    (chapter_11.check_by_hand, (OVERWRITTEN, RIGHT), "the other one"),
    (chapter_11.check_by_hand, (RIGHT, RIGHT), "the other one"),
    (chapter_11.check_by_hand, (RIGHT, [0, 1, 0, 3, 0]), "not of the first"),
    (chapter_11.check_by_hand, ([1, 3, 2, 0, 0], OVERWRITTEN), "Which pixels are the largest"),
    (chapter_11.check_by_hand, ([0, 1, 0, 2, 0], OVERWRITTEN), "the windows are"),
    (chapter_11.check_by_hand, ([0, 3], OVERWRITTEN), "five entries"),
    (chapter_11.check_by_hand, RIGHT, "two things"),
    (chapter_11.check_difference, difference, None),
    (chapter_11.check_difference, turned, "Right"),
    (chapter_11.check_difference, outputs_only, "the sum over the outputs"),
    (chapter_11.check_difference, pixels_only, "the sum over the pixels"),
    (chapter_11.check_difference, added, "their difference"),
    (chapter_11.check_difference, without_gradients, "multiply each array by its gradient"),
    (chapter_11.check_difference, means, "sums, not means"),
    (chapter_11.check_difference, entries, "one number"),
    (chapter_11.check_difference, lambda layer, X, dC_dO: None, "end in a return"),
    (chapter_11.check_smallest, SIX, None),
    (chapter_11.check_smallest, tuple(reversed(SIX)), "Right"),
    (chapter_11.check_smallest, [*SIX[:1], "against loops", *SIX[2:]], "Right"),
    (chapter_11.check_smallest, SIX[:-1], "'out of step' is caught by none"),
    (chapter_11.check_smallest, [*SIX, "ten digits"], "more than are needed"),
    (chapter_11.check_smallest, ["adjoint"], "is no check"),
    (chapter_11.check_smallest, "adjoint test", "a list of names"),
    (chapter_11.check_hunt, {1: "no maximum", 2: "cut off", 3: "first window"}, None),
    (chapter_11.check_hunt, {1: "data and loss", 2: "cut off", 3: "first window"}, "mystery 1: hot"),
    (chapter_11.check_hunt, {1: "out of step", 2: "cut off", 3: "first window"}, "mystery 1: hot"),
    (chapter_11.check_hunt, {1: "no maximum", 2: "cut off", 3: "pooling"}, "mystery 3: cold"),
    (chapter_11.check_hunt, {1: "no maximum", 2: "every tie", 3: "pooling"}, "mystery 2: cold"),
    (chapter_11.check_hunt, {1: "no maximum", 2: "a typo", 3: "pooling"}, "give the name of an exhibit"),
    (chapter_11.check_hunt, {1: "no maximum", 2: 7, 3: "pooling"}, "give the name of an exhibit"),
    (chapter_11.check_hunt, ["no maximum"], "a dictionary"),
    (chapter_11.check_hidden, hidden, None),
    (chapter_11.check_hidden, conv2d_backward, "no mistake was found"),
    (chapter_11.check_hidden, always_wrong, "the usual gradient check catches it"),
    (chapter_11.check_hidden, wrong_at_stride_2, "the awkward gradient check catches it"),
    (chapter_11.check_hidden, lambda *arrays: arrays[0], "three things"),
    (chapter_11.check_hidden, lambda dC_dO: dC_dO, "raised TypeError"),
]
