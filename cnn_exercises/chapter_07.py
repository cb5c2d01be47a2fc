"""Checks of chapter 07: the largest stable learning rate, a momentum step, an AdamW step, and a schedule."""

import numpy as np

from cnn_core import AdamW, Momentum

from .feedback import close, exercise_check, reason_for, same, should_be
from .results import AnswerError, array_in, number_in, parts_in, result_of

CURVATURES = [[1.0, 15.0], [4.0], [0.5, 0.25, 2.0]]
GRADIENTS = [np.array([8.0, -30.0]), np.array([7.0, 15.0]), np.array([-1.0, 2.0])]
START = np.array([8.0, 2.0])
RATE, MOMENTUM, BETA1, BETA2, EPSILON, DECAY = 0.1, 0.9, 0.9, 0.999, 1e-8, 0.5
RUNS = [(10, 0.5, 4), (20, 1.0, 5), (7, 0.1, 1)]  # (steps, peak, warm_up)


@exercise_check
def check_largest_rate(answer):
    """Check a function (curvatures) -> the rate above which gradient descent diverges."""
    for given in CURVATURES:
        found, right = number_in(result_of(answer, np.array(given))), 2 / max(given)
        if not same(found, right):
            return f"for curvatures {given} you say {found:g}; {_why_rate(found, np.array(given))}"
    return None


def _why_rate(found, curvatures):
    reasons = {
        1 / curvatures.max(): "there the factor 1 − rate · curvature is 0, the best. It may go down to −1.",
        2 / curvatures.min(): "the steepest direction is the first to diverge, not the flattest.",
        2 / curvatures.mean(): "the mean does not matter: each direction has a factor of its own.",
        2 * curvatures.max(): "a larger curvature needs a smaller rate: divide.",
    }
    return reason_for(found, reasons.items(), "when does 1 − rate · curvature come below −1, for any of them?")


@exercise_check
def check_momentum(answer):
    """Check a function (param, grad, velocity, rate, momentum) -> (new param, new velocity)."""
    reference, right = Momentum(RATE, MOMENTUM), START.copy()
    param, velocity = START, np.array([2.0, -4.0])  # not zero: with a velocity of 0 several mistakes give the same
    reference.state["w"] = {"velocity": velocity.copy()}
    for number, grad in enumerate(GRADIENTS, 1):
        reference.step([("w", right, grad)])
        found = _arrays(result_of(answer, param, grad, velocity, RATE, MOMENTUM), ("param", "velocity"))
        if not _all_same(found, [right, reference.state["w"]["velocity"]]):
            return f"step {number}: {_why_momentum(*found, param, grad, velocity)}"
        param, velocity = found
    return None


def _arrays(found, names):
    found = [array_in(each, name) for each, name in zip(parts_in(found, names), names, strict=True)]
    if any(each.shape != START.shape for each in found):
        raise AnswerError(f"each of them should have the parameter's shape, {START.shape}.")
    return found


def _all_same(found, right):
    return all(map(same, found, right))


def _why_momentum(param, velocity, old, grad, before):
    new = MOMENTUM * before + grad
    averaged, ahead = MOMENTUM * before + (1 - MOMENTUM) * grad, grad + MOMENTUM * new
    mistakes = [
        (param, old + RATE * new, "it goes uphill: the parameter goes against the velocity."),
        (velocity, averaged, "you weight the new gradient by 1 − momentum. Here, as in PyTorch, it counts in full."),
        (velocity, grad, "the velocity forgets: it should keep `momentum` of what it was."),
        (velocity, before + grad, "the velocity never fades: multiply the old one by momentum."),
        (param, old - RATE * ahead, "that is Nesterov's step, which looks ahead."),
        (param, old - RATE * before, "the parameter moves by the old velocity. The new one is meant."),
        (velocity, new, "the velocity is right, the parameter is not: subtract rate times velocity."),
    ]
    near = (why for mine, wrong, why in mistakes if same(mine, wrong))
    return next(near, "the new velocity is momentum times the old one, plus the gradient.")


@exercise_check
def check_adamw(answer):
    """Check a function (param, grad, first, second, step) -> (param, first, second), AdamW's."""
    reference, right = AdamW(RATE, BETA1, BETA2, EPSILON, DECAY), START.copy()
    now = [START, np.zeros(2), np.zeros(2)]
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
    if same(found[1], _mean(BETA1, first, grad + DECAY * param)):
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
        (param - move, "the weights do not decay: multiply them by 1 − rate · decay first."),
        (param * (1 - DECAY) - move, "the decay lacks the learning rate: the factor is 1 − rate · decay."),
        (kept - RATE * m_hat / (s_hat + EPSILON), "divide by the root of the second moment."),
    ]
    return reason_for(found, mistakes, "first and second are right, the new parameter is not.")


@exercise_check
def check_schedule(answer):
    """Check a function (step, steps, peak, warm_up) -> the rate: straight up, then straight down to 0."""
    for steps, peak, warm_up in RUNS:
        rates = [number_in(result_of(answer, step, steps, peak, warm_up)) for step in range(steps)]
        found = np.array(rates, dtype=float)
        up = peak * np.arange(1, warm_up + 1) / warm_up
        right = np.concatenate([up, peak * (1 - np.arange(1, steps - warm_up + 1) / (steps - warm_up))])
        if not same(found, right):
            first = int(np.flatnonzero(~close(found, right))[0])
            given = f"with {steps} steps and a warm-up of {warm_up}, the rate of step {first}"
            why = _why_schedule(found, first, peak, warm_up)
            return f"{given} {should_be(right[first], found[first], digits=3)}. {why}"
    return None


def _why_schedule(found, first, peak, warm_up):
    if first == 0 and found[0] == 0:
        return "A rate of 0 learns nothing: steps count from 0, so the first is 1/warm_up of the peak."
    if found.max() > peak * 1.001:
        return "It goes above the peak."
    if first >= warm_up and same(found[warm_up:], np.full(len(found) - warm_up, peak)):
        return "After the warm-up it should fall."
    if first >= warm_up and found[-1] > 0:
        return "The last step should have 0."
    return "Up in equal parts to the peak at step warm_up − 1, then down in equal parts to 0 at the last step."
