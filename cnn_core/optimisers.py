"""Optimisers, which change parameters given their cost gradients, and schedules of the learning rate.

Shapes      `step` takes triples (key, param, grad): any key, a float array, and a gradient of its shape.
In place    The params are changed in place, and nothing else is written to. An optimiser knows arrays, not layers.
State       The optimiser keeps its state by key (`state`), and the number of `steps`. Formulas are PyTorch's.
Chapter     07.
"""

import functools
import math
import weakref
from dataclasses import dataclass, field, fields

import numpy as np

from . import checks
from .fast.updates import ROUNDED_EVERY, in_parts, remove_denormals

POSITIVE, NOT_NEGATIVE, DECAY_RATE = {"gt": 0}, {"ge": 0}, {"ge": 0, "lt": 1}  # limits of checks.number
LIMITS = {"learning_rate": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE, "epsilon": POSITIVE}
LIMITS |= dict.fromkeys(("momentum", "decay", "beta1", "beta2"), DECAY_RATE)
MAKE_A_NEW_ONE = "Make a new optimiser for another model."


class Optimiser(checks.Named):
    """Base class: validation, the step counter, and the state of each parameter."""

    moments = ()  # the names of the state arrays of every parameter

    def __init__(self, learning_rate, weight_decay):
        if not callable(learning_rate):  # 0 may be assigned later, when training is to stop
            checks.number("learning_rate", learning_rate, **POSITIVE)
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.steps, self.state, self.owner = 0, {}, None  # owner: a weak reference to the state's model, set by fit

    def __setattr__(self, key, value):
        """Assign a number within its limits, as a float of Python: a saved optimiser makes the same steps."""
        if key in LIMITS and not (key == "learning_rate" and callable(value)):
            value = checks.number(key, value, **LIMITS[key])
        value = checks.integer(key, value, minimum=0) if key == "steps" else value
        checks.expect(key != "state" or isinstance(value, dict), "state must be a dictionary", value, checks.BadType)
        super().__setattr__(key, value)

    def __getstate__(self):
        """Return what is copied or pickled: with the model, so that the copies of a pair belong together."""
        return vars(self) | {"owner": self.owner and self.owner()}

    def __setstate__(self, state):
        vars(self).update(state)
        if self.owner is not None:  # until the copied model is gone: where the optimiser alone was copied, at once
            self.owner = weakref.ref(self.owner, lambda _: vars(self).update(owner=None))

    def is_bound_to_another(self, model):
        """Return True if the optimiser holds another model's state."""
        return bool(self.state) and self.owner is not None and self.owner() is not model

    def rate(self):
        """Return the learning rate of the next step."""
        if not callable(self.learning_rate):
            return self.learning_rate
        return checks.number(f"learning_rate at step {self.steps}", self.learning_rate(self.steps), **NOT_NEGATIVE)

    def step(self, triples):
        """Change every param in place by its grad."""
        triples, rate = self._checked(triples), self.rate()
        self.steps += 1
        is_ours = type(self).__module__ == __name__  # another one may look at the whole array
        update = functools.partial(in_parts, self.update) if is_ours else self.update
        for key, param, grad in triples:
            moments = self.state.get(key) or {name: np.zeros_like(param) for name in self.moments}
            update(param, grad, rate, **self.state.setdefault(key, moments))
            if is_ours and self.steps % ROUNDED_EVERY == 0:
                for moment in moments.values():
                    remove_denormals(moment)

    def update(self, param, grad, rate, **moments):
        """Change one param, and its moments, in place."""
        raise NotImplementedError

    def decayed(self, param, grad):
        """Return the gradient with L2 weight decay: grad + weight_decay * param."""
        return grad + self.weight_decay * param if self.weight_decay else grad

    def _checked(self, triples):
        checked = [self._checked_triple(each) for each in (triples if hasattr(triples, "__iter__") else [triples])]
        keys = [key for key, _, _ in checked]
        checks.require(len(set(keys)) == len(keys), f"a key occurs twice in {keys}.")
        if self.state and self.state.keys() != set(keys):
            held, given = sorted(map(str, self.state)), sorted(map(str, keys))
            raise checks.BadValue(f"it holds the state of {held}, got {given}. {MAKE_A_NEW_ONE}")
        return checked

    def _checked_triple(self, triple):
        if not isinstance(triple, (tuple, list)) or len(triple) != 3:
            raise checks.BadType(f"step takes triples (key, param, grad), got {type(triple).__name__}.")
        key, param, grad = triple
        if type(param) is not np.ndarray or param.dtype not in checks.FLOATS or not param.flags.writeable:
            raise checks.BadType(f"the parameter {key!r} must be a writeable float32 or float64 array.")
        if grad is None:
            raise RuntimeError(f"{self.name}: {key!r} has no gradient yet. Call forward and backward first.")
        grad = checks.as_float(f"the gradient of {key!r}", grad, param.dtype)
        for other in [moment.shape for moment in self.state.get(key, {}).values() if moment.shape != param.shape]:
            held = f"the state of {key!r} with shape {other}, got a parameter of shape {param.shape}"
            raise checks.BadValue(f"it holds {held}. {MAKE_A_NEW_ONE}")
        return key, param, checks.same_shape(f"the gradient of {key!r}", grad, param.shape)


class GradientDescent(Optimiser):
    """param -= learning_rate * grad."""

    def __init__(self, learning_rate=0.01, weight_decay=0):
        super().__init__(learning_rate, weight_decay)

    def update(self, param, grad, rate):
        param -= rate * self.decayed(param, grad)


class Momentum(Optimiser):
    """velocity = momentum * velocity + grad; param -= learning_rate * velocity (Polyak 1964)."""

    moments = ("velocity",)

    def __init__(self, learning_rate=0.01, momentum=0.9, weight_decay=0):
        super().__init__(learning_rate, weight_decay)
        self.momentum = momentum

    def update(self, param, grad, rate, velocity):
        velocity *= self.momentum
        velocity += self.decayed(param, grad)
        param -= rate * velocity


class Nesterov(Momentum):
    """Momentum that looks ahead: param -= learning_rate * (grad + momentum * velocity), the velocity being the new one.

    The form of Sutskever et al., ICML 2013, as PyTorch writes it.
    """

    def update(self, param, grad, rate, velocity):
        grad = self.decayed(param, grad)
        velocity *= self.momentum
        velocity += grad
        param -= rate * (grad + self.momentum * velocity)


class RMSProp(Optimiser):
    """Divides each gradient by the root of its own mean square (Tieleman and Hinton, lecture 6e of Coursera, 2012)."""

    moments = ("mean_square",)

    def __init__(self, learning_rate=0.01, decay=0.99, epsilon=1e-8, weight_decay=0):
        super().__init__(learning_rate, weight_decay)
        self.decay, self.epsilon = decay, epsilon

    def update(self, param, grad, rate, mean_square):
        grad = self.decayed(param, grad)
        mean_square *= self.decay
        mean_square += (1 - self.decay) * grad * grad
        param -= rate * grad / (np.sqrt(mean_square) + self.epsilon)


class Adam(Optimiser):
    """Momentum and RMSProp together, both corrected for having started at 0.

    References
    ----------
    Kingma and Ba, Adam: a method for stochastic optimization, arXiv:1412.6980, algorithm 1.
    """

    moments = ("first", "second")

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0):
        super().__init__(learning_rate, weight_decay)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def update(self, param, grad, rate, first, second):
        self.adapt(param, self.decayed(param, grad), rate, first, second)

    def adapt(self, param, grad, rate, first, second):
        """Move param along its corrected first moment, divided by the root of its corrected second."""
        first *= self.beta1
        first += (1 - self.beta1) * grad
        second *= self.beta2
        second += (1 - self.beta2) * grad * grad
        corrected = np.sqrt(second / (1 - self.beta2**self.steps)) + self.epsilon
        param -= rate / (1 - self.beta1**self.steps) * first / corrected


class AdamW(Adam):
    """Adam whose weight decay does not pass through the moments (Loshchilov and Hutter, arXiv:1711.05101)."""

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01):
        super().__init__(learning_rate, beta1, beta2, epsilon, weight_decay)

    def update(self, param, grad, rate, first, second):
        param *= 1 - rate * self.weight_decay
        self.adapt(param, grad, rate, first, second)


@dataclass(frozen=True)
class Schedule(checks.Named):
    """Base class of the schedules, which validates their fields; a limit may be the name of an earlier field."""

    learning_rate: float = field(metadata=POSITIVE)

    def __post_init__(self):
        for each in fields(self):
            check = checks.integer if each.type is int else checks.number
            limits = {key: vars(self).get(limit, limit) for key, limit in each.metadata.items()}
            value = check(each.name, getattr(self, each.name), **limits)
            object.__setattr__(self, each.name, value)  # a number of Python: a saved schedule gives the same rates


class Constant(Schedule):
    """The same learning rate at every step."""

    def __call__(self, step):
        return self.learning_rate


@dataclass(frozen=True)
class StepDecay(Schedule):
    """learning_rate * factor^(step // every): a step down after every `every` steps."""

    every: int
    factor: float = field(default=0.1, metadata={"gt": 0, "le": 1})

    def __call__(self, step):
        return self.learning_rate * self.factor ** (step // self.every)


@dataclass(frozen=True)
class Cosine(Schedule):
    """From learning_rate at step 0 down to final at step `steps`, along half a cosine; final from then on."""

    steps: int
    final: float = field(default=0.0, metadata={"ge": 0, "le": "learning_rate"})

    def __call__(self, step):
        return _half_cosine(self.learning_rate, self.final, step / self.steps)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to learning_rate in the first part of the steps, then down to almost 0: two half cosines.

    The rate starts at learning_rate / start_divisor, reaches learning_rate after warm_up * steps, and ends, at the last
    of `steps`, at the start divided by final_divisor, where it stays.

    References
    ----------
    Smith and Topin, Super-convergence, arXiv:1708.07120.
    """

    steps: int
    warm_up: float = field(default=0.3, metadata={"ge": 0, "le": 1})
    start_divisor: float = field(default=25.0, metadata={"ge": 1})
    final_divisor: float = field(default=1e4, metadata={"ge": 1})

    def __call__(self, step):
        start = self.learning_rate / self.start_divisor
        top = self.warm_up * self.steps - 1  # the step, counted from 0, with the largest learning rate
        if step < top:
            return _half_cosine(start, self.learning_rate, step / top)
        past, descent = step - max(top, 0), self.steps - 1 - max(top, 0)
        part = past / descent if descent > 0 else float(past > 0)
        return _half_cosine(self.learning_rate, start / self.final_divisor, part)


SCHEDULES = {each.__name__: each for each in (Constant, StepDecay, Cosine, OneCycle)}
OPTIMISERS = {each.__name__: each for each in (GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW)}


def _half_cosine(start, end, part):
    return end + (start - end) / 2 * (1 + math.cos(math.pi * min(part, 1.0)))
