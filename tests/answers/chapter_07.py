"""Chapter 07, optimisers: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_exercises import chapter_07


def adamw(param, grad, first, second, step, decay=0.05, corrected=True, root=np.sqrt, through=0.0, squared=True):
    grad = grad + through * param
    first = 0.9 * first + 0.1 * grad
    second = 0.999 * second + 0.001 * (grad**2 if squared else grad)
    m, v = (first / (1 - 0.9**step), second / (1 - 0.999**step)) if corrected else (first, second)
    return param * (1 - decay) - 0.1 * m / (root(v) + 1e-8), first, second


def with_mistake(**mistake):
    return lambda *arguments: adamw(*arguments, **mistake)


def correcting_what_is_kept(param, grad, first, second, step):
    param, first, second = adamw(param, grad, first, second, step)
    return param, first / (1 - 0.9**step), second / (1 - 0.999**step)


def wrong_adamw(param, grad, first, second, step):
    """The function of the exercise, with its two mistakes."""
    grad = grad + 0.5 * param
    first, second = 0.9 * first + 0.1 * grad, 0.999 * second + 0.001 * grad**2
    first, second = first / (1 - 0.9**step), second / (1 - 0.999**step)
    return param - 0.1 * first / (np.sqrt(second) + 1e-8), first, second


def moved(param, grad, first, second, step):
    """Return the parameter after Adam's step without decay, and the moments."""
    return adamw(param, grad, first, second, step, decay=0)


def decaying_after(*arguments):
    param, *moments = moved(*arguments)
    return param * 0.95, *moments


def uphill(param, *rest):
    new, *moments = moved(param, *rest)
    return param * 0.95 + param - new, *moments


def epsilon_under_the_root(*arguments):
    _, first, second = adamw(*arguments)
    param, step = arguments[0], arguments[-1]
    m, v = first / (1 - 0.9**step), second / (1 - 0.999**step)
    return param * 0.95 - 0.1 * m / np.sqrt(v + 1e-8), first, second


ORDER, RATE = chapter_07.check_order, chapter_07.check_best_rate
CROSSING, ADAMW = chapter_07.check_crossing, chapter_07.check_adamw
CHECKS = [
    (ORDER, "BDAC", None),
    (ORDER, "bdac", "Right"),
    (ORDER, tuple("BDAC"), "Right"),
    (ORDER, np.array(list("BDAC")), "Right"),
    (ORDER, np.array("BDAC"), "Right"),
    (ORDER, "CADB", "from the largest rate to the smallest"),
    (ORDER, "BDCA", "A still falls"),
    (ORDER, "DBAC", "D is not the slowest"),
    (ORDER, "BADC", "the middle two"),
    (ORDER, "ABC", "a string of the four letters"),
    (ORDER, 3, "a string of the four letters"),
    (RATE, lambda curvatures: 2 / (min(curvatures) + max(curvatures)), None),
    (RATE, lambda curvatures: 2 / max(curvatures), "that is the limit"),
    (RATE, lambda curvatures: 1 / max(curvatures), "the flattest gains"),
    (RATE, lambda curvatures: 1 / min(curvatures), "diverges"),
    (RATE, lambda curvatures: 2 / (max(curvatures) - min(curvatures)), "opposite signs"),
    (RATE, lambda curvatures: 1 / (max(curvatures) + min(curvatures)), "half of it"),
    (RATE, lambda curvatures: 1 / np.mean(curvatures), "only the flattest and the steepest"),
    (RATE, lambda curvatures: 0.1, "a factor of size 0.9"),
    (RATE, lambda curvatures: 2 / curvatures, "one number"),
    (RATE, lambda curvatures: None, "end in a return"),
    (CROSSING, (0.155, 0.4), None),
    (CROSSING, (0.13, 0.5), "it needs 17 steps. It rolls past"),
    (CROSSING, [0.168, 0.35], "Right"),
    (CROSSING, np.array([0.155, 0.4]), "Right"),
    (CROSSING, (0.13, 0), "Without momentum"),
    (CROSSING, (0.2, 0.3), "it diverges: with momentum 0.3"),
    (CROSSING, (0.13, 0.9), "less momentum"),
    (CROSSING, (0.01, 0.3), "more momentum"),
    (CROSSING, (0.1, 1), "below 1"),
    (CROSSING, (-0.1, 0.5), "above 0"),
    (CROSSING, 0.1, "two things"),
    (ADAMW, adamw, None),
    (ADAMW, with_mistake(corrected=False), "no bias correction"),
    (ADAMW, with_mistake(decay=0, through=0.5), "L2, Adam's way"),
    (ADAMW, with_mistake(decay=0), "do not decay"),
    (ADAMW, with_mistake(decay=0.5), "lacks the learning rate"),
    (ADAMW, with_mistake(root=lambda v: v), "the root"),
    (ADAMW, with_mistake(squared=False), "*squared*"),
    (ADAMW, correcting_what_is_kept, "as they are kept"),
    (ADAMW, lambda *arguments: adamw(*arguments)[0], "three things"),
    (ADAMW, lambda param, grad, *rest: adamw(param, 2 * grad, *rest), "1 − beta1 of the gradient"),
    (ADAMW, lambda param, *rest: adamw(2 * param, *rest), "first and second are right"),
    (ADAMW, wrong_adamw, "L2, Adam's way"),
    (ADAMW, decaying_after, "decay after the step"),
    (ADAMW, uphill, "uphill"),
    (ADAMW, with_mistake(decay=0.95), "the factor of the decay"),
    (ADAMW, epsilon_under_the_root, "not under it"),
]
