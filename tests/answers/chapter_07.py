"""Chapter 07, optimisers: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_exercises import chapter_07


def momentum(param, grad, velocity, rate, momentum):
    velocity = momentum * velocity + grad
    return param - rate * velocity, velocity


def in_place(param, grad, velocity, rate, momentum):
    velocity *= momentum
    velocity += grad
    return param - rate * velocity, velocity


def averaged(param, grad, velocity, rate, momentum):
    velocity = momentum * velocity + (1 - momentum) * grad
    return param - rate * velocity, velocity


def never_fading(param, grad, velocity, rate, momentum):
    return param - rate * (velocity + grad), velocity + grad


def nesterov(param, grad, velocity, rate, momentum):
    velocity = momentum * velocity + grad
    return param - rate * (grad + momentum * velocity), velocity


def by_the_old(param, grad, velocity, rate, momentum):
    return param - rate * velocity, momentum * velocity + grad


def uphill(param, grad, velocity, rate, momentum):
    velocity = momentum * velocity + grad
    return param + rate * velocity, velocity


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


def straight(step, steps, peak, warm_up):
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * (1 - (step + 1 - warm_up) / (steps - warm_up))


RATE, MOMENTUM = chapter_07.check_largest_rate, chapter_07.check_momentum
ADAMW, SCHEDULE = chapter_07.check_adamw, chapter_07.check_schedule
CHECKS = [
    (RATE, lambda curvatures: 2 / max(curvatures), None),
    (RATE, lambda curvatures: 1 / max(curvatures), "may go down to −1"),
    (RATE, lambda curvatures: 2 / min(curvatures), "not the flattest"),
    (RATE, lambda curvatures: 2 / np.mean(curvatures), "the mean does not matter"),
    (RATE, lambda curvatures: 2 * max(curvatures), "divide"),
    (RATE, lambda curvatures: 0.5, "below −1"),
    (RATE, lambda curvatures: None, "end in a return"),
    (MOMENTUM, momentum, None),
    (MOMENTUM, averaged, "counts in full"),
    (MOMENTUM, lambda param, grad, velocity, rate, momentum: (param - rate * grad, grad), "forgets"),
    (MOMENTUM, never_fading, "never fades"),
    (MOMENTUM, nesterov, "Nesterov"),
    (MOMENTUM, by_the_old, "the old velocity"),
    (MOMENTUM, uphill, "uphill"),
    (MOMENTUM, in_place, "your function changes velocity, which it was given. Make a new one"),
    (MOMENTUM, lambda *arguments: momentum(*arguments)[0], "two things"),
    (MOMENTUM, lambda *arguments: (momentum(*arguments)[0], 3.0), "the parameter's shape"),
    (MOMENTUM, lambda param, grad, velocity, rate, momentum: (param, 0.9 * velocity + grad), "the parameter is not"),
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
    (SCHEDULE, straight, None),
    (SCHEDULE, lambda step, *rest: straight(step - 1, *rest), "learns nothing"),
    (SCHEDULE, lambda step, steps, peak, warm_up: peak * min(1, (step + 1) / warm_up), "it should fall"),
    (SCHEDULE, lambda step, steps, peak, warm_up: peak * (step + 1) / warm_up, "above the peak"),
    (
        SCHEDULE,
        lambda step, steps, peak, warm_up: straight(step, steps + 1, peak, warm_up),
        "The last step should have 0",
    ),
    (SCHEDULE, lambda *arguments: None, "end in a return"),
]
