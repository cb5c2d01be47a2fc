"""Chapter 05, fully connected: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import dense_forward, sigmoid_forward
from cnn_exercises import chapter_05


def count(shape, units):
    return units * (int(np.prod(shape)) + 1)


def softplus_slopes(dC_dO, X):
    return dC_dO * sigmoid_forward(X)


def softplus_in_one_row(dC_dO, X):
    return softplus_slopes(dC_dO, X) if len(X) == 2 else softplus_slopes(dC_dO, X)[0]


def before(X, W, B):
    return dense_forward(X, W, B)


def silent(X, W, B):
    return before(X, W, B) <= 0


def reordered(W, shape):
    C, H, width = shape
    return W.reshape(H, width, C, -1).transpose(2, 0, 1, 3).reshape(W.shape)


def back_again(W, shape):
    return W.reshape(*shape, -1).transpose(1, 2, 0, 3).reshape(W.shape)


def rows_for_columns(W, shape):
    C, H, width = shape
    return W.reshape(H, width, C, -1).transpose(2, 1, 0, 3).reshape(W.shape)


def reordered_in_place(W, shape):
    right = reordered(W, shape).copy()
    W[0] = 0
    return right


CHECKS = [
    (chapter_05.check_parameters, count, None),
    (chapter_05.check_parameters, lambda s, units: int(np.prod(s)) * units, "a bias too"),
    (chapter_05.check_parameters, lambda s, units: int(np.prod(s)) * units + 1, "not one for all"),
    (
        chapter_05.check_parameters,
        lambda s, units: count(s[1:], units) if s[0] > 1 else count(s, units),
        "all channels",
    ),
    (chapter_05.check_parameters, lambda s, units: int(np.prod(s)) * (units + 1), "not to an input"),
    (chapter_05.check_parameters, lambda s, units: int(np.prod(s)) + units, "not a sum"),
    (chapter_05.check_parameters, lambda s, units: 7, "one unit first"),
    (chapter_05.check_parameters, lambda s, units: None, "end in a return"),
    (chapter_05.check_counterexample, (2, 3, 4), None),
    (chapter_05.check_counterexample, [2, 2, 2], "Right"),
    (chapter_05.check_counterexample, (3, 2, 1), "Right"),
    (chapter_05.check_counterexample, (1, 4, 3), "single image"),
    (chapter_05.check_counterexample, (3, 1, 4), "single input"),
    (chapter_05.check_counterexample, (2, 3), "three whole numbers"),
    (chapter_05.check_counterexample, (2, 2.5, 3), "three whole numbers"),
    (chapter_05.check_counterexample, (2, np.nan, 3), "three whole numbers"),
    (chapter_05.check_counterexample, (0, 3, 4), "from 1 to 20"),
    (chapter_05.check_counterexample, (2, 3, 10**6), "from 1 to 20"),
    (chapter_05.check_counterexample, "2, 3, 4", "an array of numbers"),
    (chapter_05.check_softplus, softplus_slopes, None),
    (chapter_05.check_softplus, lambda dC_dO, X: None, "end in a return"),
    (chapter_05.check_softplus, lambda dC_dO, X: sigmoid_forward(X), "the slope alone"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO * np.log1p(np.exp(X)), "value of softplus"),
    (chapter_05.check_softplus, lambda d, X: d * sigmoid_forward(X) * (1 - sigmoid_forward(X)), "once too often"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO / (1 + np.exp(X)), "1 minus the slope"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO + sigmoid_forward(X), "not added"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO * (X > 0), "times the slope"),
    (chapter_05.check_softplus, lambda dC_dO, X: np.log1p(np.exp(X)), "softplus itself"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO * np.exp(X), "left out the division"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO / (1 + np.exp(-X)), "Right"),
    (chapter_05.check_softplus, softplus_in_one_row, "of shape (1, 2)"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO * np.exp(X) / (1 + np.exp(X)), "overflows"),
    (chapter_05.check_softplus, lambda dC_dO, X: softplus_slopes(dC_dO, X).sum(axis=0), "shape of X"),
    (chapter_05.check_dead, lambda *given: silent(*given).all(axis=0).sum(), None),
    (chapter_05.check_dead, lambda *given: None, "end in a return"),
    (chapter_05.check_dead, lambda *given: (np.maximum(before(*given), 0) == 0).all(axis=0).sum(), "Right"),
    (chapter_05.check_dead, lambda *given: (before(*given).max(axis=0) <= 0).sum(), "Right"),
    (chapter_05.check_dead, lambda *given: silent(*given).any(axis=0).sum(), "for some example"),
    (chapter_05.check_dead, lambda *given: silent(*given).sum(), "single outputs"),
    (chapter_05.check_dead, lambda *given: silent(*given).all(axis=1).sum(), "along axis 0"),
    (chapter_05.check_dead, lambda *given: (~silent(*given)).any(axis=0).sum(), "not dead"),
    (chapter_05.check_dead, lambda *given: silent(*given).all(), "along axis 0"),
    (chapter_05.check_dead, lambda *given: silent(*given).mean(), "share of all outputs"),
    (chapter_05.check_dead, lambda *given: silent(*given).all(axis=0).mean(), "share of the units"),
    (chapter_05.check_dead, lambda *given: (before(*given).mean(axis=0) <= 0).sum(), "on average"),
    (chapter_05.check_dead, lambda *given: (before(*given).sum(axis=0) < 0).sum(), "in sum"),
    (chapter_05.check_dead, lambda *given: (before(*given) < 0).all(axis=0).sum(), "exactly 0"),
    (chapter_05.check_dead, lambda X, W, B: (before(X, W, 0 * B) <= 0).all(axis=0).sum(), "leave out the biases"),
    (
        chapter_05.check_dead,
        lambda X, W, B: (W + B <= 0).all(axis=0).sum(),
        "you find 1 dead units",
    ),  # the examples left out
    (chapter_05.check_dead, lambda X, W, B: (B < 0).sum(), "biases alone"),
    (chapter_05.check_dead, lambda X, W, B: (B <= 0).sum(), "biases alone"),
    (chapter_05.check_dead, lambda *given: silent(*given).all(axis=0), "one number, yours has shape (9,)"),
    (chapter_05.check_dead, lambda *given: 17, "after ReLU"),
    (chapter_05.check_reordered, reordered, None),
    (chapter_05.check_reordered, lambda W, shape: None, "end in a return"),
    (chapter_05.check_reordered, lambda W, shape: W, "still in the order"),
    (chapter_05.check_reordered, back_again, "from our order"),
    (chapter_05.check_reordered, rows_for_columns, "Only the channel moves"),
    (chapter_05.check_reordered, lambda W, shape: W[::-1], "in a wrong place"),
    (chapter_05.check_reordered, lambda W, shape: reordered(W, shape) * 2, "not the weights"),
    (chapter_05.check_reordered, lambda W, shape: W.T, "keeps its shape (24, 5)"),
    (chapter_05.check_reordered, reordered_in_place, "your function changes W, which"),
]
