"""Chapter 11, the bug museum: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import conv2d_backward
from cnn_exercises import chapter_11

RIGHT, OVERWRITTEN = [0, 3, 0, 3, 0], [0, 2, 0, 3, 0]
SIX = ["first pass", "adjoint test", "optimiser", "extremes", "filters", "data"]


FORCED = {
    "first pass": "kernel width",
    "optimiser": "second hand",
    "extremes": "no maximum",
    "filters": "all alike",
    "data": "out of step",
}
NO_TIE = FORCED | {"adjoint test": "every tie"}


def sums(layer, X, dC_dO):
    O, dC_dX = layer.forward(X), layer.backward(dC_dO)
    pairs = (O, dC_dO), (X, dC_dX), *((layer.params[key], layer.grads[key]) for key in "FB")
    return [np.sum(one * other) for one, other in pairs]


def difference(layer, X, dC_dO):
    O, _, F, B = sums(layer, X, dC_dO)
    return O - F - B


def turned(layer, X, dC_dO):
    return -difference(layer, X, dC_dO)


def weighted(of_O, of_X, of_F, of_B):
    """Return a function that adds the four sums with these weights."""
    return lambda *arguments: np.dot([of_O, of_X, of_F, of_B], sums(*arguments))


def entries(layer, X, dC_dO):
    return layer.forward(X) * dC_dO


def hidden(dC_dO, X, F, stride, padding):
    dC_dX, dC_dF, dC_dB = conv2d_backward(dC_dO, X, F, stride, padding)
    return dC_dX, dC_dF * (2 if F.shape[2] > 4 else 1), dC_dB


def wrong_where(condition):
    """Return a backward pass whose dC/dX is doubled where condition(X, F, stride, padding) holds."""

    def backward(dC_dO, X, F, stride, padding):
        dC_dX, dC_dF, dC_dB = conv2d_backward(dC_dO, X, F, stride, padding)
        return dC_dX * (2 if condition(X, F, stride, padding) else 1), dC_dF, dC_dB

    return backward


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
    (chapter_11.check_difference, weighted(1, 0, 0, 0), "one side only"),
    (chapter_11.check_difference, weighted(0, 0, 1, 1), "one side only"),
    (chapter_11.check_difference, weighted(1, 0, -1, 0), "the sum over the biases is missing"),
    (chapter_11.check_difference, weighted(1, 0, 0, -1), "the sum over the filters is missing"),
    (chapter_11.check_difference, weighted(1, -1, 0, 0), "that is the sum over X"),
    (chapter_11.check_difference, weighted(1, -1, 0, -1), "in place of that over F"),
    (chapter_11.check_difference, weighted(1, -1, -1, -1), "X and F are both in it"),
    (chapter_11.check_difference, weighted(1, 0, 1, 1), "all sums are added"),
    (chapter_11.check_difference, weighted(1, 0, -1, 1), "the wrong sign"),
    (chapter_11.check_difference, weighted(2, 0, -2, -2), "the difference should be"),
    (chapter_11.check_difference, entries, "one number"),
    (chapter_11.check_difference, lambda layer, X, dC_dO: None, "end in a return"),
    (chapter_11.check_proof, (FORCED, SIX), None),
    (chapter_11.check_proof, (FORCED | {"extremes": "infinity × 0"}, tuple(reversed(SIX))), "Right"),
    (chapter_11.check_proof, (FORCED, [*SIX[:1], "against loops", *SIX[2:]]), "Right"),
    (chapter_11.check_proof, (FORCED, SIX[:-1]), "'data' is forced, and your list is without it"),
    (chapter_11.check_proof, (FORCED, list(FORCED)), "is caught by none of your list"),
    (chapter_11.check_proof, (FORCED, [*SIX, "ten digits"]), "more than are needed"),
    (chapter_11.check_proof, (NO_TIE, SIX), "'every tie' is caught by 'against loops' too"),
    (chapter_11.check_proof, (FORCED | {"data": "no maximum"}, SIX), "does not catch 'no maximum'"),
    (chapter_11.check_proof, (FORCED | {"data": "a typo"}, SIX), "is no exhibit"),
    (chapter_11.check_proof, ({"data": "out of step"}, SIX), "There are more"),
    (chapter_11.check_proof, ({"adjoint": "every tie"}, SIX), "is no check"),
    (chapter_11.check_proof, (FORCED, ["adjoint"]), "is no check"),
    (chapter_11.check_proof, (FORCED, [6]), "names of checks"),
    (chapter_11.check_proof, (SIX, FORCED), "a dictionary and a list"),
    (chapter_11.check_proof, FORCED, "two things"),
    (chapter_11.check_hunt, {1: "no maximum", 2: "cut off", 3: "first window"}, None),
    (chapter_11.check_hunt, {1: "data and loss", 2: "cut off", 3: "first window"}, "mystery 1: hot"),
    (chapter_11.check_hunt, {1: "out of step", 2: "cut off", 3: "first window"}, "mystery 1: hot"),
    (chapter_11.check_hunt, {1: "no maximum", 2: "cut off", 3: "pooling"}, "mystery 3: cold"),
    (chapter_11.check_hunt, {1: "no maximum", 2: "every tie", 3: "pooling"}, "mystery 2: cold"),
    (chapter_11.check_hunt, {1: "no maximum", 2: "a typo", 3: "pooling"}, "give the name of an exhibit"),
    (chapter_11.check_hunt, {1: "no maximum", 2: 7, 3: "pooling"}, "give the name of an exhibit"),
    (chapter_11.check_hunt, ["no maximum"], "a dictionary"),
    (chapter_11.check_hidden, hidden, None),
    (chapter_11.check_hidden, wrong_where(lambda X, F, stride, padding: padding == "same"), "Right"),
    (chapter_11.check_hidden, wrong_where(lambda X, F, stride, padding: F.shape[2:] == (4, 4)), "Right"),
    (chapter_11.check_hidden, wrong_where(lambda X, F, stride, padding: stride == (1, 2)), "Right"),
    (chapter_11.check_hidden, wrong_where(lambda X, F, stride, padding: len(X) == 1), "Right"),
    (chapter_11.check_hidden, conv2d_backward, "no mistake was found"),
    (chapter_11.check_hidden, always_wrong, "the usual gradient check catches it"),
    (chapter_11.check_hidden, wrong_at_stride_2, "the awkward gradient check catches it"),
    (chapter_11.check_hidden, lambda *arrays: arrays[0], "three things"),
    (chapter_11.check_hidden, lambda dC_dO: dC_dO, "raised TypeError"),
]
