"""Checks of chapter 11: a gradient by hand, the adjoint test with biases, a proof, the hunt, a mistake that hides."""

import json
from importlib.resources import files
from itertools import product

import numpy as np

from cnn_core import Conv2D, conv2d_backward, conv2d_forward
from cnn_viz.base.text import counted

from .feedback import exercise_check, reason_for, same, should_be
from .museum import EXHIBITS, GROUPS, Parts
from .museum.detectors import adjointness, against_loops, gradients_awkward, gradients_usual
from .museum.mystery import nearness
from .results import AnswerError, array_in, number_in, parts_in, result_of

CORRECT, OVERWRITTEN = np.array([0, 3, 0, 3, 0]), np.array([0, 2, 0, 3, 0])  # of X = [2, 5, 1, 4, 3], dC/dO = [1, 2, 3]
HUNTED = (1, 2, 3)  # the seeds of the mysteries
FORCED = 5  # checks that catch an exhibit alone; with a sixth one, they catch every exhibit
LAYER_CHECKS = {
    "the usual gradient check": gradients_usual,
    "the awkward gradient check": gradients_awkward,
    "the adjoint test": adjointness,
    "the comparison with the loops": against_loops,
}
KERNELS, STRIDES = list(product(range(1, 6), repeat=2)), list(product(range(1, 5), repeat=2))
PADDINGS = (0, 0), (1, 0), (0, 1), (1, 2), (2, 1), (2, 2), (3, 3), "same", "include"
OTHERS = [  # kernel, stride, padding: settings in which an answer may be wrong
    *product(KERNELS, STRIDES, [(0, 0)]),
    *product(KERNELS, [(1, 1)], PADDINGS),
    *product([(3, 3)], STRIDES, PADDINGS),
]


def three_programs():
    """Return the parts of three programs, of which one is correct."""
    return {"A": EXHIBITS["wrong corner"].parts, "B": Parts(), "C": EXHIBITS["not rotated"].parts}


@exercise_check
def check_by_hand(answer):
    """Check two gradients of overlapping max pooling: the correct one, and the one of = in place of +=."""
    parts = parts_in(answer, ("the correct dC/dX", "the overwritten one"))
    for found, right, name in zip(parts, (CORRECT, OVERWRITTEN), ("correct", "overwritten"), strict=True):
        found = array_in(found, f"the {name} dC/dX")
        if found.shape != (5,):
            return f"the {name} dC/dX should have five entries, one for each pixel."
        if not same(found, right):
            return f"the {name} one: {_why_by_hand(found, name)}"
    return None


def _why_by_hand(found, name):
    other = OVERWRITTEN if name == "correct" else CORRECT
    if same(found, other):
        return "that is the other one. += adds what a second window gives, = keeps only the last."
    if name == "overwritten" and same(found, np.array([0, 1, 0, 3, 0])):
        return "= keeps the value of the last window, not of the first."
    if found[[0, 2, 4]].any():
        return "only the largest pixel of a window gets a gradient. Which pixels are the largest of a window?"
    return "the windows are [2, 5, 1], [5, 1, 4] and [1, 4, 3], with 1, 2 and 3 in dC/dO."


class BiasDoubled(Conv2D):
    """dC/dB is twice too large."""

    def gradients(self, dC_dO, X):
        """Return dC_dX and the gradients of the parameters."""
        dC_dX, grads = super().gradients(dC_dO, X)
        return dC_dX, grads | {"B": 2 * grads["B"]}


@exercise_check
def check_difference(answer):
    """Check a function (layer, X, dC_dO) -> the difference of the adjoint test of a convolution that has biases."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(2, 3, 7, 8))
    for kind in (EXHIBITS["not rotated"].parts.conv, BiasDoubled, EXHIBITS["first window"].parts.conv, Conv2D):
        layer = kind(2, 3)
        dC_dO = rng.normal(size=layer.forward(X).shape)
        layer.params["B"] = rng.normal(size=2)
        found = number_in(result_of(answer, layer, X, dC_dO), "the difference")
        sums = _sums(layer, X, dC_dO)
        right = sums["O"] - sums["F"] - sums["B"]
        if not abs(abs(found) - abs(right)) <= 1e-6 * sum(map(abs, sums.values())):  # nan is wrong too
            return f"for a {kind.__name__}: {_why_difference(found, sums)}"
    return None


def _sums(layer, X, dC_dO):
    O, dC_dX = layer.forward(X), layer.backward(dC_dO)
    return {
        "O": np.sum(O * dC_dO),
        "X": np.sum(X * dC_dX),
        **{key: np.sum(layer.params[key] * layer.grads[key]) for key in "FB"},
    }


def _why_difference(found, sums):
    O, X, F, B = (sums[key] for key in "OXFB")
    reasons = {
        O: "that is one side only: the sum over O, or those over F and B. Take the one off the other.",
        O - F: "the sum over the biases is missing: larger filters alone do not make O larger in proportion.",
        O - B: "the sum over the filters is missing.",
        O - X: "that is the sum over X. Where there are biases, a larger X does not make O larger in proportion.",
        O - X - B: "the sum over X stands in place of that over F.",
        O - X - F - B: "X and F are both in it. Only F and B become 1 % larger; X stays as it is.",
        O + F + B: "all sums are added; take those over F and B off.",
        O - F + B: "the sum over the biases has the wrong sign.",
    }
    either = {size * sign: why for size, why in reasons.items() for sign in (1, -1)}
    return reason_for(found, either.items(), f"the difference {should_be(O - F - B, found)}.")


def recorded():
    """Return {detector: the names of the exhibits that it catches}, of the recorded table."""
    record = json.loads((files("cnn_core") / "data/trained/11_museum.json").read_text(encoding="utf-8"))
    table = {name: exhibit["findings"] for name, exhibit in record["exhibits"].items()}
    return {each: {name for name in table if table[name][each]["caught"]} for each in record["sound"]["findings"]}


@exercise_check
def check_proof(answer):
    """Check a proof that no five detectors catch every exhibit, and six that do: ({detector: exhibit}, six names)."""
    alone, chosen = parts_in(answer, ("the dictionary", "the list"))
    if not isinstance(alone, dict) or not isinstance(chosen, list | tuple | set):
        raise AnswerError("a dictionary and a list are asked for, in this order.")
    if not all(isinstance(each, str) for each in [*alone, *alone.values(), *chosen]):
        raise AnswerError("the dictionary and the list should hold names of checks and exhibits.")
    caught = recorded()
    if unknown := [each for each in [*alone, *chosen] if each not in caught]:
        return f"{unknown[0]!r} is no check. Their names stand above the columns of the table."
    return _why_not_forced(alone, caught) or _why_not_all(chosen, alone, caught)


def _why_not_forced(alone, caught):
    for check, exhibit in alone.items():
        if exhibit not in EXHIBITS:
            return f"{exhibit!r} is no exhibit. Their names stand at the left of the table."
        if exhibit not in caught[check]:
            return f"{check!r} does not catch {exhibit!r}."
        if others := [each for each in caught if each != check and exhibit in caught[each]]:
            return f"{exhibit!r} is caught by {others[0]!r} too, so it does not force {check!r}."
    if len(alone) < FORCED:
        return f"{counted(len(alone), 'check')} forced so far, by an exhibit that no other one catches. There are more."
    return None


def _why_not_all(chosen, alone, caught):
    if absent := [check for check in alone if check not in chosen]:
        return f"your dictionary says that {absent[0]!r} is forced, and your list is without it."
    if missed := sorted(set(EXHIBITS) - set().union(*(caught[each] for each in chosen))):
        return f"{missed[0]!r} is caught by none of your list. Which checks catch it?"
    if len(set(chosen)) > FORCED + 1:
        return f"they catch everything, but {len(set(chosen))} are more than are needed."
    return None


@exercise_check
def check_hunt(answer):
    """Check the exhibits that were recognised in the mysteries: {seed: name}."""
    if not isinstance(answer, dict) or set(answer) != set(HUNTED):
        raise AnswerError(f"give a dictionary with a name for each of the seeds {HUNTED}.")
    for seed in HUNTED:
        near = nearness(seed, answer[seed]) if isinstance(answer[seed], str) else None
        if near is None:
            return f"mystery {seed}: give the name of an exhibit, or of a group: {', '.join(GROUPS)}."
        if near != "found":
            hot = "hot. The group is right; which exhibit of it?"
            return f"mystery {seed}: {hot if near == 'hot' else 'cold. Another part of the program is wrong.'}"
    return None


@exercise_check
def check_hidden(answer):
    """Check a backward pass that is wrong and passes all checks of a layer."""
    parts = Parts(conv=_layer_with(answer))
    for name, detect in LAYER_CHECKS.items():
        finding = detect(parts)
        if finding.caught:
            single = "it turns float64 into float32."
            return single if parts.conv.is_single else f"{name} catches it: {finding.text}."
    if not any(_is_wrong(answer, 1 + number % 3, *setting) for number, setting in enumerate(OTHERS)):
        tried = "kernels of up to 5 by 5, strides of up to 4, paddings of up to 3 or by name, one to three images"
        return f"no mistake was found in {len(OTHERS)} more settings: {tried}. Which of them do the checks never try?"
    return None


def _layer_with(backward):
    class Answer(Conv2D):
        is_single = False  # whether it gave numbers of float32, for arrays of float64

        def gradients(self, dC_dO, X):
            found = result_of(backward, dC_dO, X, self.params["F"], self.stride, self.padding)
            names = "dC/dX", "dC/dF", "dC/dB"
            parts = parts_in(found, names)
            Answer.is_single |= any(getattr(each, "dtype", None) == np.float32 for each in parts)
            dC_dX, dC_dF, dC_dB = map(array_in, parts, names)
            return dC_dX, {"F": dC_dF, "B": dC_dB}

    return Answer


def _is_wrong(backward, images, kernel, stride, padding):
    rng = np.random.default_rng(0)
    X, F = rng.normal(size=(images, 3, 11, 12)), rng.normal(size=(4, 3, *kernel))
    dC_dO = rng.normal(size=conv2d_forward(X, F, None, stride, padding).shape)
    found = parts_in(result_of(backward, dC_dO, X, F, stride, padding), ("dC/dX", "dC/dF", "dC/dB"))
    wanted = conv2d_backward(dC_dO, X, F, stride, padding)
    return not all(same(array_in(one), other) for one, other in zip(found, wanted, strict=True))
