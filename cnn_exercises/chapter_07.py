"""Checks of chapter 07: rates by their curves, the best rate, a rate and a momentum, and an AdamW step."""

import numpy as np

from cnn_core import AdamW, GradientDescent, Momentum

from .feedback import exercise_check, reason_for, same
from .results import AnswerError, array_in, described, listed, number_in, parts_in, result_of

RAVINE, RAVINE_START = np.array([1.0, 15.0]), (8.0, 2.0)  # its curvatures along a and b
RATE_OF = {"A": 0.12, "B": 0.01, "C": 0.135, "D": 0.05}
CURVATURES = [[1.0, 15.0], [4.0], [0.5, 0.25, 2.0]]
CROSSED, LIMIT, LONGEST = 0.001, 15, 60  # a cost, and numbers of steps
GRADIENTS = [np.array([8.0, -30.0, 1e-8]), np.array([7.0, 15.0, 1e-8]), np.array([-1.0, 2.0, 1e-8])]
START = np.array([8.0, 2.0, 1.0])  # the third gradient is as small as epsilon, to see where that is added
RATE, BETA1, BETA2, EPSILON, DECAY = 0.1, 0.9, 0.999, 1e-8, 0.5


def _walk(optimiser, steps):
    """Return the points of a walk on the ravine, shape (steps + 1, 2); it stops where it runs far away."""
    path = [np.array(RAVINE_START)]
    while len(path) <= steps and np.abs(path[-1]).max() < 1e6:
        w = path[-1].copy()
        optimiser.step([("w", w, RAVINE * w)])
        path.append(w)
    return np.array(path)


def _costs(path):
    return (RAVINE * path**2).sum(axis=1) / 2


def four_curves():
    """Return the cost after each of 25 steps of gradient descent on the ravine, by letter, at four rates."""
    return {letter: _costs(_walk(GradientDescent(rate), 25))[1:] for letter, rate in RATE_OF.items()}


@exercise_check
def check_order(answer):
    """Check a string of four letters: the curves in the order of their learning rates, smallest first."""
    letters = listed(answer)
    letters = letters if isinstance(letters, list | tuple) else [letters]
    order = "".join(each for each in letters if isinstance(each, str)).upper()
    if sorted(order) != sorted(RATE_OF):
        raise AnswerError(f'give a string of the four letters, such as "ABCD". Yours is {described(answer)}.')
    right = "".join(sorted(RATE_OF, key=RATE_OF.get))
    if order == right[::-1]:
        return "that is the order from the largest rate to the smallest."
    if order[-1] != right[-1]:
        return f"{order[-1]} still falls, so its rate is below the limit. One curve rises."
    if order[0] != right[0]:
        return f"{order[0]} is not the slowest in the long run: look at the slopes of the lines on the right."
    if order != right:
        return "compare the slopes of the middle two on the right: along a the factor is 1 − rate."
    return None


@exercise_check
def check_best_rate(answer):
    """Check a function (curvatures) -> the rate whose slowest direction shrinks fastest."""
    for given in CURVATURES:
        curvatures = np.array(given)
        found, right = number_in(result_of(answer, curvatures)), 2 / (min(given) + max(given))
        if not same(found, right):
            return f"for curvatures {given} you say {found:g}; {_why_rate(found, curvatures)}"
    return None


def _why_rate(found, curvatures):
    flattest, steepest = curvatures.min(), curvatures.max()
    mistakes = [
        (2 / steepest, "that is the limit: there the steepest direction does not shrink at all."),
        (1 / steepest, "there the steepest factor is 0, but the flattest gains if the rate is larger."),
        (1 / flattest, "at that rate the steepest direction diverges."),
        (2 / (steepest - flattest), "the two factors should be equal with opposite signs: solve that for the rate."),
        (1 / (flattest + steepest), "that is half of it."),
        (1 / curvatures.mean(), "only the flattest and the steepest count; those between shrink faster."),
    ]
    slowest = np.abs(1 - found * curvatures).max()
    otherwise = f"the slowest direction then has a factor of size {slowest:.3g}. It can be smaller."
    return reason_for(found, mistakes, otherwise)


@exercise_check
def check_crossing(answer):
    """Check a pair (rate, momentum) with which Momentum crosses the ravine in 15 steps."""
    rate, momentum = map(number_in, parts_in(listed(answer), ("rate", "momentum")), ("rate", "momentum"))
    if not (rate > 0 and 0 <= momentum < 1):
        return f"the rate should be above 0, the momentum from 0 to below 1. Yours are {rate:g} and {momentum:g}."
    path = _walk(Momentum(rate, momentum), LONGEST)
    costs = _costs(path)
    if rate >= 2 * (1 + momentum) / RAVINE.max() or len(path) <= LONGEST:
        return f"it diverges: with momentum {momentum:g} the rate must stay below {2 * (1 + momentum) / 15:.3f}."
    late = np.flatnonzero(costs >= CROSSED)[-1] + 1
    return _why_late(late, path[LIMIT:], momentum) if late > LIMIT else None


def _why_late(late, path, momentum):
    when = f"it needs {late}" if late <= LONGEST else f"it needs more than {LONGEST}"
    if momentum == 0:
        return f"{when} steps. Without momentum no rate is fast enough."
    swings = (np.sign(path[1:]) != np.sign(path[:-1])).any(axis=0)
    if not swings[0]:
        return f"{when} steps. Along a it creeps, without ever crossing 0: more momentum, or a larger rate."
    return f"{when} steps. It rolls past the goal and back: less momentum, or another rate."


def _arrays(found, names):
    found = [array_in(each, name) for each, name in zip(parts_in(found, names), names, strict=True)]
    if any(each.shape != START.shape for each in found):
        raise AnswerError(f"each of them should have the parameter's shape, {START.shape}.")
    return found


def _all_same(found, right):
    return all(map(same, found, right))


@exercise_check
def check_adamw(answer):
    """Check a function (param, grad, first, second, step) -> (param, first, second), AdamW's."""
    reference, right = AdamW(RATE, BETA1, BETA2, EPSILON, DECAY), START.copy()
    now = [START, np.zeros(3), np.zeros(3)]
    for step, grad in enumerate(GRADIENTS, 1):
        reference.step([("w", right, grad)])
        found = _arrays(result_of(answer, now[0], grad, *now[1:], step), ("param", "first", "second"))
        if not _all_same(found, [right, *reference.state["w"].values()]):
            return f"step {step}: {_why_adamw(found, now, grad, step)}"
        now = found
    return None


def _why_adamw(found, before, grad, step):
    param, first, second = before
    m, s = _mean(BETA1, first, grad), _mean(BETA2, second, grad**2)
    if same(found[1], m / (1 - BETA1**step)):
        return "give back first and second as they are kept; only the step uses the corrected ones."
    with_decay = _mean(BETA1, first, grad + DECAY * param)
    if same(found[1], with_decay) or same(found[1], with_decay / (1 - BETA1**step)):
        return "the decay went through the gradient and into the moments. That is L2, Adam's way, not AdamW's."
    if not same(found[1], m):
        return "first should be beta1 of what it was, and 1 − beta1 of the gradient."
    if not same(found[2], s):
        return "second should be beta2 of what it was, and 1 − beta2 of the *squared* gradient."
    return _why_step(found[0], param, m, s, step)


def _mean(beta, old, new):
    return beta * old + (1 - beta) * new


def _why_step(found, param, m, s, step):
    kept, m_hat, s_hat = param * (1 - RATE * DECAY), m / (1 - BETA1**step), s / (1 - BETA2**step)
    move = RATE * m_hat / (np.sqrt(s_hat) + EPSILON)
    mistakes = [
        (
            kept - RATE * m / (np.sqrt(s) + EPSILON),
            "no bias correction: divide first by 1 − beta1**step, and second by 1 − beta2**step.",
        ),
        (param * (1 - DECAY) - move, "the decay lacks the learning rate: the factor is 1 − rate · decay."),
        (kept - RATE * m_hat / (s_hat + EPSILON), "divide by the root of the second moment."),
        (kept - RATE * m_hat / np.sqrt(s_hat + EPSILON), "epsilon is added to the root, not under it."),
        ((param - move) * (1 - RATE * DECAY), "the weights decay after the step. They should decay before it."),
        (kept + move, "it goes uphill: subtract Adam's step."),
        (param * RATE * DECAY - move, "the factor of the decay is 1 − rate · decay."),
        (param - move, "the weights do not decay: multiply them by 1 − rate · decay first."),
    ]
    return reason_for(found, mistakes, "first and second are right, the new parameter is not.")
