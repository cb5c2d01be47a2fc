"""The checks of chapter 07: how large a rate may be, momentum that remembers, AdamW by hand, and a schedule."""

import numpy as np

from cnn_core import AdamW, Momentum

from .verdict import result_of, spoken

CURVATURES = [[1.0, 15.0], [4.0], [0.5, 0.25, 2.0]]
GRADIENTS = [np.array([8.0, -30.0]), np.array([7.0, 15.0]), np.array([-1.0, 2.0])]
START = np.array([8.0, 2.0])
RATE, MOMENTUM, BETA1, BETA2, EPSILON, DECAY = 0.1, 0.9, 0.9, 0.999, 1e-8, 0.5
RUNS = [(10, 0.5, 4), (20, 1.0, 5), (7, 0.1, 1)]  # (steps, peak, warm_up)


@spoken
def check_largest_rate(answer):
    """Find the fault of a function (curvatures) -> the rate above which gradient descent diverges."""
    for given in CURVATURES:
        found, right = float(result_of(answer, np.array(given))), 2 / max(given)
        if not np.isclose(found, right):
            return f"for curvatures {given} you say {found:g}; {_why_rate(found, np.array(given))}"
    return None


def _why_rate(found, curvatures):
    reasons = {
        1 / curvatures.max(): "there the factor 1 − rate · curvature is 0, the best. It may go down to −1.",
        2 / curvatures.min(): "the steepest direction is the first to diverge, not the flattest.",
        2 / curvatures.mean(): "the mean does not matter: each direction has a factor of its own.",
        2 * curvatures.max(): "a larger curvature needs a smaller rate: divide.",
    }
    near = (words for value, words in reasons.items() if np.isclose(found, value))
    return next(near, "when does 1 − rate · curvature come below −1, for any of them?")


@spoken
def check_momentum(answer):
    """Find the fault of a function (param, grad, velocity, rate, momentum) -> (new param, new velocity)."""
    taught, right = Momentum(RATE, MOMENTUM), START.copy()
    param, velocity = START.copy(), np.array([2.0, -4.0])  # in motion: at rest, several mistakes look the same
    taught.state["w"] = {"velocity": velocity.copy()}
    for number, grad in enumerate(GRADIENTS, 1):
        old, given = (param.copy(), velocity.copy()), (param.copy(), velocity.copy())
        pair = result_of(answer, param, grad.copy(), velocity, RATE, MOMENTUM)
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            return "give back two things: the new parameter and the new velocity."
        if (param != given[0]).any() or (velocity != given[1]).any():
            return "it changes an array that it was given. Make new ones: velocity = momentum * velocity + grad."
        taught.step([("w", right, grad)])
        param, velocity = (np.array(each, dtype=float) for each in pair)
        if not np.allclose(param, right) or not np.allclose(velocity, taught.state["w"]["velocity"]):
            return f"step {number}: {_why_momentum(param, velocity, grad, *old)}"
    return None


def _why_momentum(param, velocity, grad, old_param, old_velocity):
    new = MOMENTUM * old_velocity + grad
    if np.allclose(param, old_param + RATE * new):
        return "it goes uphill: the parameter goes against the velocity."
    if np.allclose(velocity, MOMENTUM * old_velocity + (1 - MOMENTUM) * grad):
        return "you weight the new gradient by 1 − momentum. Here, as in PyTorch, it counts in full."
    if np.allclose(velocity, grad):
        return "the velocity forgets: it should keep `momentum` of what it was."
    if np.allclose(velocity, old_velocity + grad):
        return "the velocity never fades: multiply the old one by momentum."
    if np.allclose(param, old_param - RATE * (grad + MOMENTUM * new)):
        return "that is Nesterov's step, which looks ahead."
    if np.allclose(velocity, new) and np.allclose(param, old_param - RATE * old_velocity):
        return "the parameter moves by the old velocity. The new one is meant."
    if np.allclose(velocity, new):
        return "the velocity is right, the parameter is not: subtract rate times velocity."
    return "the new velocity is momentum times the old one, plus the gradient."


@spoken
def check_adamw(answer):
    """Find the fault of a function (param, grad, first, second, step) -> (param, first, second), AdamW's."""
    taught, right = AdamW(RATE, BETA1, BETA2, EPSILON, DECAY), START.copy()
    now = (START.copy(), np.zeros(2), np.zeros(2))
    for step, grad in enumerate(GRADIENTS, 1):
        before = tuple(each.copy() for each in now)
        with np.errstate(all="ignore"):  # a root of what was not squared
            found = result_of(answer, *(each.copy() for each in (now[0], grad, *now[1:])), step)
        if not isinstance(found, (tuple, list)) or len(found) != 3:
            return "give back three things: the new parameter, first and second."
        taught.step([("w", right, grad)])
        now = tuple(np.array(each, dtype=float) for each in found)
        moments = taught.state["w"]
        if not all(map(np.allclose, now, (right, moments["first"], moments["second"]))):
            return f"step {step}: {_why_adamw(now, before, grad, step)}"
    return None


def _why_adamw(found, before, grad, step):
    param, first, second = before
    m, v = BETA1 * first + (1 - BETA1) * grad, BETA2 * second + (1 - BETA2) * grad**2
    m_hat, v_hat, kept = m / (1 - BETA1**step), v / (1 - BETA2**step), param * (1 - RATE * DECAY)
    if np.allclose(found[1], m_hat) and not np.allclose(m, m_hat):
        return "give back first and second as they are kept; only the step uses the corrected ones."
    leaky = grad + DECAY * param
    if np.allclose(found[1], BETA1 * first + (1 - BETA1) * leaky):
        return "the decay went through the gradient and into the moments. That is L2, Adam's way, not AdamW's."
    if not np.allclose(found[1], m):
        return "first should be beta1 of what it was, and 1 − beta1 of the gradient."
    if not np.allclose(found[2], v):
        return "second should be beta2 of what it was, and 1 − beta2 of the *squared* gradient."
    steps = {
        "no bias correction: divide first by 1 − beta1**step, and second by 1 − beta2**step.": kept
        - RATE * m / (np.sqrt(v) + EPSILON),
        "the weights do not decay: multiply them by 1 − rate · decay first.": param
        - RATE * m_hat / (np.sqrt(v_hat) + EPSILON),
        "the decay lacks the learning rate: the factor is 1 − rate · decay.": param * (1 - DECAY)
        - RATE * m_hat / (np.sqrt(v_hat) + EPSILON),
        "divide by the root of the second moment.": kept - RATE * m_hat / (v_hat + EPSILON),
    }
    near = (words for words, value in steps.items() if np.allclose(found[0], value))
    return next(near, "first and second are right, the new parameter is not.")


@spoken
def check_schedule(answer):
    """Find the fault of a function (step, steps, peak, warm_up) -> the rate: straight up, then straight down to 0."""
    for steps, peak, warm_up in RUNS:
        found = np.array([result_of(answer, step, steps, peak, warm_up) for step in range(steps)], dtype=float)
        up = peak * np.arange(1, warm_up + 1) / warm_up
        right = np.concatenate([up, peak * (1 - np.arange(1, steps - warm_up + 1) / (steps - warm_up))])
        if not np.allclose(found, right):
            place = int(np.flatnonzero(~np.isclose(found, right))[0])
            said = f"with {steps} steps and a warm-up of {warm_up}, step {place} should have {right[place]:.3g}"
            return f"{said}, yours has {found[place]:.3g}. {_why_schedule(found, right, place, peak, warm_up)}"
    return None


def _why_schedule(found, right, place, peak, warm_up):
    if place == 0 and found[0] == 0:
        return "A rate of 0 learns nothing: steps count from 0, so the first is 1/warm_up of the peak."
    if found.max() > peak * 1.001:
        return "It goes above the peak."
    if place >= warm_up and np.allclose(found[warm_up:], peak):
        return "After the warm-up it should fall."
    if place >= warm_up and found[-1] > 0:
        return "The last step should have 0."
    return "Up in equal parts to the peak at step warm_up − 1, then down in equal parts to 0 at the last step."
