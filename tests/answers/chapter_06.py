"""Chapter 06, loss: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import CrossEntropy, sigmoid_forward
from cnn_exercises import chapter_06

FAULTS = {"A": "gradient", "B": "none", "C": "first cost", "D": "large scores"}
CHEAP = np.array([[0.0, 0.1], [0.1, 0.0]])  # two mistakes by a hair
EXPENSIVE = np.array([[9.0, 0.0], [9.0, 0.0]])  # right, then confident and wrong


def faults(**changes):
    return FAULTS | changes


def loss(scores, labels, times=1.0, gradient_times=1.0):
    """Return the cost and gradient of one score an image, by logarithms that neither overflow nor lose digits."""
    cost = np.mean(np.logaddexp(0, scores) - scores * labels)
    return times * cost, gradient_times * (sigmoid_forward(scores) - labels) / len(scores)


def as_two_scores(scores, labels):
    cost, dC_dO = CrossEntropy()(np.column_stack([np.zeros(len(scores)), scores]), labels)
    return [cost, dC_dO[:, 1]]


def in_float32(scores, labels):
    return loss(scores.astype(np.float32), labels.astype(np.float32))


def cost_of_p(change=lambda p: p, cost=None):
    """Return a loss whose cost is computed from p = sigmoid(s), changed first, with the right gradient."""

    def answer(scores, labels):
        p = change(sigmoid_forward(scores))
        usual = -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))
        return cost(p, labels) if cost else usual, loss(scores, labels)[1]

    return answer


def gradient_of_p(gradient):
    """Return a loss with the right cost, whose gradient is computed from p, the labels and the scores."""
    return lambda s, y: (loss(s, y)[0], gradient(sigmoid_forward(s), y, s) / len(s))


def careless_gradient(scores, labels):
    p = np.exp(scores) / (1 + np.exp(scores))
    return loss(scores, labels)[0], (p - labels) / len(scores)


def least(targets, log=np.log, mean=lambda each: each.sum(axis=1).mean()):
    return -mean(targets * log(targets + (targets == 0)))


FIRST, SCORES, FAULTY = chapter_06.check_first_cost, chapter_06.check_scores, chapter_06.check_faults
LOSS, LEAST = chapter_06.check_loss, chapter_06.check_least_cost
CHECKS = [
    (FIRST, np.log(26) + 0.4, None),
    (FIRST, 3.66, "Right"),
    (FIRST, np.float32(3.658), "Right"),
    (FIRST, np.log(26), "Their variance adds something"),
    (FIRST, np.log(26) + 0.8, "only half of itself"),
    (FIRST, np.log(26) + 0.32, "do not square it"),
    (FIRST, np.log(26) - 0.4, "larger, not smaller"),
    (FIRST, np.log(10) + 0.4, "Here there are 26"),
    (FIRST, np.log10(26) + 0.4, "the natural one"),
    (FIRST, np.log2(26) + 0.4, "the natural one"),
    (FIRST, np.log(1 / 26) + 0.4, "the sign"),
    (FIRST, 26, "a probability of 1/26"),
    (FIRST, "log 26", "one number, yours is 'log 26'"),
    (FIRST, lambda: 3.66, "the cost should be one number, yours is a value of type function"),
    (SCORES, (CHEAP, EXPENSIVE), None),
    (SCORES, [CHEAP.tolist(), EXPENSIVE.tolist()], "Right"),
    (SCORES, np.array([CHEAP, EXPENSIVE]), "Right"),
    (SCORES, ([[5, 0], [0.1, 0]], [[0.1, 0], [0, 0.1]]), "Right"),  # A is right once, B twice
    (SCORES, (EXPENSIVE, CHEAP), "exchange the two"),
    (SCORES, ([[0.0, 0], [0, 0]], EXPENSIVE), "Right"),
    (SCORES, (CHEAP, [[0.0, 0], [9, 0]]), "equal scores count as a mistake"),
    (SCORES, (EXPENSIVE, EXPENSIVE), "A is right for 1 of the 2 images, and B for 1"),
    (SCORES, ([[0.0, 9], [9, 0]], [[9, 0], [1, 0]]), "A's mistakes should be cheaper"),
    (SCORES, (CHEAP.T[:1], EXPENSIVE), "A should have shape (2, 2)"),
    (SCORES, (CHEAP, [9, 0]), "B should have shape (2, 2)"),
    (SCORES, (CHEAP, [[9, 0], [np.inf, 0]]), "the scores of B must be finite"),
    (SCORES, CHEAP[0], "A should have shape (2, 2)"),
    (SCORES, np.array(9.0), "two things are asked for: A, B. Yours is 9.0"),
    (SCORES, np.zeros((3, 2, 2)), "two things are asked for: A, B. Yours is a list of 3"),
    (SCORES, (CHEAP,), "two things are asked for: A, B"),
    (SCORES, "none", "two things are asked for: A, B"),
    (FAULTY, faults(), None),
    (FAULTY, faults(A="none"), "A fails one of the tests. Have you compared the gradient for several images"),
    (FAULTY, faults(C="none"), "C fails one of the tests. Have you compared its first cost"),
    (FAULTY, faults(D="none"), "D fails one of the tests. Have you tried a batch whose rows are far apart"),
    (FAULTY, faults(B="first cost"), "the cost of B is log 10"),
    (FAULTY, faults(B="large scores"), "B are finite for all scores"),
    (FAULTY, faults(C="gradient"), "agrees with the finite differences of its own cost"),
    (FAULTY, faults(A="first cost"), "the cost of A is log 10"),
    (FAULTY, faults(D="overflow"), "for D give one of 'first cost', 'gradient', 'large scores', 'none'"),
    (FAULTY, faults(D=None), "for D give one of"),
    (FAULTY, {"A": "gradient"}, "an entry for each of 'A', 'B', 'C' and 'D'"),
    (FAULTY, "A", "give a dictionary"),
    (LOSS, loss, None),
    (LOSS, as_two_scores, "Right"),
    (LOSS, in_float32, "Right"),
    (LOSS, cost_of_p(), "do not take the logarithm of p"),
    (LOSS, cost_of_p(lambda p: np.clip(p, 1e-12, 1 - 1e-12)), "finite but wrong"),
    (LOSS, careless_gradient, "dC_dO is not finite"),
    (LOSS, lambda s, y: loss(s, y, 4), "the sum over the 4 images"),
    (LOSS, lambda s, y: loss(s, y, -1), "the sign"),
    (LOSS, lambda s, y: loss(s, y, 1 / np.log(2)), "the natural one"),
    (LOSS, lambda s, y: loss(s, y, 1 / np.log(10)), "the natural one"),
    (LOSS, cost_of_p(cost=lambda p, y: -np.mean(y * np.log(p))), "label 0 cost something too"),
    (LOSS, cost_of_p(cost=lambda p, y: -np.log(p[y == 1]).mean()), "label 0 cost something too"),
    (LOSS, cost_of_p(cost=lambda p, y: -np.mean(np.log(p))), "With label 0 the right answer has 1 − p"),
    (LOSS, cost_of_p(cost=lambda p, y: np.mean((p - y) ** 2)), "Where is the logarithm"),
    (LOSS, cost_of_p(cost=lambda p, y: 7.0), "minus the logarithm of the probability of the right answer"),
    (LOSS, cost_of_p(cost=lambda p, y: -np.log(p)), "the cost should be one number, yours has shape (4,)"),
    (LOSS, lambda s, y: loss(s, y, 1, 4), "divide by the 4 images"),
    (LOSS, lambda s, y: loss(s, y, 1, -1), "the sign: the score of an image with label 1 should rise"),
    (LOSS, gradient_of_p(lambda p, y, s: p), "where are the labels"),
    (LOSS, gradient_of_p(lambda p, y, s: s - y), "not from the scores"),
    (LOSS, gradient_of_p(lambda p, y, s: (p - y) * p * (1 - p)), "cancels against the slope of the logarithm"),
    (LOSS, gradient_of_p(lambda p, y, s: (1 - y) / (1 - p) - y / p), "that is dC/dp"),
    (LOSS, gradient_of_p(lambda p, y, s: p - y + 1), "dC_dO[0] should be"),
    (LOSS, lambda s, y: (loss(s, y)[0], loss(s, y)[1][:, None]), "the shape of the scores, (4,); yours has (4, 1)"),
    (LOSS, lambda s, y: loss(s, y)[0], "two things are asked for: cost, dC_dO"),
    (LOSS, lambda s, y: None, "end in a return"),
    (LEAST, least, None),
    (LEAST, lambda t: -np.sum(t * np.log(t + 1e-300)) / len(t), "Right"),
    (LEAST, lambda t: least(t.astype(np.float32)), "Right"),
    (LEAST, lambda t: -(t * np.log(t)).sum(axis=1).mean(), "0 · log 0 should count as 0"),
    (LEAST, lambda t: 0.0, "Which p has the gradient 0"),
    (LEAST, lambda t: len(t) * least(t), "the sum over the images"),
    (LEAST, lambda t: least(t, mean=np.mean), "not by that of all entries"),
    (LEAST, lambda t: -least(t), "the sign"),
    (LEAST, lambda t: least(t, np.log2), "the natural one"),
    (LEAST, lambda t: np.log(t.shape[1]), "the cost of equal scores"),
    (LEAST, lambda t: -np.log(t.max(axis=1)).mean(), "not only its largest entry"),
    (LEAST, lambda t: 7.0, "at which the gradient p − y is 0"),
    (LEAST, lambda t: t, "one number"),
    (LEAST, lambda t: None, "end in a return"),
]
