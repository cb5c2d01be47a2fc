"""Chapter 06, loss: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import CrossEntropy, MeanSquaredError, softmax_forward
from cnn_exercises import chapter_06


def naive(scores):
    powers = np.exp(scores)
    return powers / powers.sum(axis=1, keepdims=True)


def largest_of_all(scores):
    powers = np.exp(scores - scores.max())
    return powers / powers.sum(axis=1, keepdims=True)


def in_place(scores):
    scores -= scores.max(axis=1, keepdims=True)
    return softmax_forward(scores)


def cost(outputs, labels):
    return CrossEntropy()(outputs, labels)[0]


def picked(outputs, labels):
    return softmax_forward(outputs)[np.arange(len(outputs)), labels]


def columns_picked(outputs, labels):
    return -np.log(softmax_forward(outputs)[:, labels]).mean()


def gradient(outputs, targets):
    return (softmax_forward(outputs) - targets) / len(outputs)


def of_the_largest(outputs, targets):
    return gradient(outputs, np.eye(targets.shape[1])[targets.argmax(axis=1)])


def squared(times=1.0, gradient_times=1.0):
    def answer(outputs, targets):
        cost, dC_dO = MeanSquaredError()(outputs, targets)
        return times * cost, gradient_times * dC_dO

    return answer


FIRST, SQUARED = chapter_06.check_first_cost, chapter_06.check_mean_squared_error
SOFTMAX, COST, GRADIENT = chapter_06.check_softmax, chapter_06.check_cross_entropy, chapter_06.check_gradient
CHECKS = [
    (FIRST, np.log(26), None),
    (FIRST, 3.26, "Right"),
    (FIRST, np.log10(26), "base 10"),
    (FIRST, np.log2(26), "base 2"),
    (FIRST, 1 / 26, "minus its logarithm"),
    (FIRST, np.log(1 / 26), "the sign"),
    (FIRST, np.log(10), "there are 26"),
    (FIRST, 26, "number of classes"),
    (FIRST, 0, "which probability"),
    (FIRST, "log 26", "one number, yours is 'log 26'"),
    (SQUARED, squared(), None),
    (SQUARED, squared(4), "the cost is 4 times what it should be: you divide by the 3 examples"),
    (SQUARED, squared(12), "a sum over 12 entries"),
    (SQUARED, squared(0.5), "the cost is 0.5 times"),
    (SQUARED, squared(1, 0.5), "dC_dO is 0.5 times what it should be: the derivative of a square has a factor of 2"),
    (SQUARED, squared(1, -1), "dC_dO is -1 times what it should be: the sign"),
    (SQUARED, squared(1, 4), "the mean goes over all 12 entries"),
    (SQUARED, squared(1, 12), "dC_dO is 12 times what it should be: that is a sum"),
    (SQUARED, lambda outputs, targets: ((outputs - targets) ** 2).mean(), "two things are asked for: cost, dC_dO"),
    (SQUARED, lambda outputs, targets: ((outputs - targets) ** 2, outputs), "one number"),
    (SQUARED, lambda outputs, targets: (squared()(outputs, targets)[0], 1.0), "shape of the outputs"),
    (SQUARED, lambda outputs, targets: (np.abs(outputs - targets).mean(), outputs), "the cost is"),
    (SQUARED, lambda outputs, targets: (squared()(outputs, targets)[0], outputs), "not by a factor"),
    (SQUARED, lambda outputs, targets: None, "end in a return"),
    (SOFTMAX, softmax_forward, None),
    (SOFTMAX, naive, "overflows"),
    (SOFTMAX, largest_of_all, "that of each row"),
    (SOFTMAX, in_place, "your function changes scores, which"),
    (SOFTMAX, lambda scores: np.exp(scores) / np.exp(scores).sum(), "all shares together"),
    (SOFTMAX, lambda scores: np.exp(scores) / np.exp(scores).sum(axis=0), "the columns add up"),
    (SOFTMAX, np.exp, "the first row adds up to 8, not to 1"),
    (SOFTMAX, lambda scores: scores / scores.sum(axis=1, keepdims=True), "in proportion to the exponential"),
    (SOFTMAX, lambda scores: np.zeros((2, 3)) + np.eye(2, 3), "exponential"),
    (SOFTMAX, lambda scores: softmax_forward(scores)[0], "have that shape"),
    (SOFTMAX, lambda scores: scores + 7, "exponential of its score"),
    (COST, cost, None),
    (COST, lambda o, y: -np.log(picked(o, y)).mean(), "it gives inf"),
    (COST, lambda o, y: np.mean(np.log(naive(o).sum(axis=1) * np.exp(o).sum(axis=1)) - o[range(len(o)), y]), "inf|nan"),
    (COST, lambda o, y: -np.log(np.maximum(picked(o, y), 1e-12)).mean(), "it gives 27.631"),
    (COST, lambda o, y: 4 * cost(o, y), "4 times what it should be: divide by the 4 examples"),
    (COST, lambda o, y: cost(o, y) / 3, "classes too"),
    (COST, lambda o, y: -cost(o, y), "the sign"),
    (COST, lambda o, y: -np.log10(picked(o, y)).mean(), "natural one"),
    (COST, lambda o, y: -np.log2(picked(o, y)).mean(), "natural one"),
    (COST, lambda o, y: 1 - picked(o, y).mean(), "where is the logarithm"),
    (COST, lambda o, y: -np.log(softmax_forward(o)).mean(), "Only the probability of the right one"),
    (COST, lambda o, y: -np.log(softmax_forward(o)).sum() / len(o), "Only the probability of the right one"),
    (COST, columns_picked, "picks columns"),
    (COST, lambda o, y: -o[np.arange(len(o)), y].mean(), "minus the score"),
    (COST, lambda o, y: -np.log(picked(o, y)), "one number, yours has shape (4,)"),
    (COST, lambda o, y: None, "end in a return"),
    (GRADIENT, gradient, None),
    (GRADIENT, lambda outputs, targets: (0.0, gradient(outputs, targets)), "dC_dO alone, without the cost"),
    (GRADIENT, lambda o, t: softmax_forward(o) - t, "4 times what it should be: divide by the 4 examples"),
    (GRADIENT, lambda o, t: -gradient(o, t), "the sign"),
    (GRADIENT, lambda o, t: gradient(o, t) / 3, "you divide by the 3 classes too"),
    (GRADIENT, lambda o, t: (o - t) / len(o), "off the scores"),
    (GRADIENT, lambda o, t: softmax_forward(o) / len(o), "where are the targets"),
    (GRADIENT, of_the_largest, "soft targets"),
    (GRADIENT, lambda o, t: gradient(o, t)[0], "the shape of the outputs"),
    (GRADIENT, lambda o, t: gradient(o, t) + 1, "not by a factor"),
    (GRADIENT, lambda o, t: None, "end in a return"),
]
