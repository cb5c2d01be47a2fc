"""Checks of chapter 10: a gradient by hand, the smallest step, a hidden trigger, an image changed towards a class."""

from functools import cache
from importlib.resources import files

import numpy as np

from cnn_core import CrossEntropy, Flatten, FullyConnected, Model, ReLU, load_mnist

from .feedback import exercise_check, reason_for, same
from .results import AnswerError, array_in, number_in, parts_in, result_of

BY_HAND = np.array([2, -3, 1])
STEPS = np.arange(1, 41) / 100
MOST = 0.25  # the most that a pixel may change in exercise 4
TARGETS = ((0, 3), (1, 8), (2, 5))  # a test digit, and the class to reach
TRIGGER, CLASS = (3, 24), 7  # the pixel and the class of the hidden rule


@cache
def _network():
    """Return the stored network and the first test digits with their labels."""
    digits = load_mnist(limit=100)
    model = Model.load(files("cnn_core") / "data/trained/08_model.npz")
    return model, digits.X_test[:20], digits.y_test[:20]


# --- 1: a gradient by hand --------------------------------------------------------------------------------------------


@exercise_check
def check_by_hand(answer):
    """Check the gradient of relu(2x0 − x1) − relu(2x1 − x2) + relu(x2 − 2x0) at (3, 1, 1)."""
    found = array_in(answer)
    if found.shape != (3,):
        raise AnswerError(f"the gradient has one number for each of the three pixels, yours has shape {found.shape}.")
    if same(found, BY_HAND):
        return None
    reasons = {
        (0, -3, 2): "at (3, 1, 1) the third ReLU gets a negative number: nothing passes it.",
        (2, 1, -1): "the second ReLU is subtracted: both of its weights change their sign.",
        (2, -3, 0): "the second ReLU has a weight for x2 as well: −1, and it is subtracted.",
        (2, -1, 0): "the second ReLU is positive too: 2 · 1 − 1 = 1, so its weights count.",
        (6, -3, 1): "that is the gradient times the input; the gradient alone is asked for.",
    }
    otherwise = "which of the three ReLUs gets a positive number? Only their weights count, each with its sign."
    return reason_for(found, [(np.array(wrong), why) for wrong, why in reasons.items()], otherwise)


# --- 2: the smallest step ---------------------------------------------------------------------------------------------


@exercise_check
def check_smallest(answer):
    """Check a function (model, image, label, steps) -> the first step that changes the model's answer."""
    model, X, y = _network()
    for image, label in zip(X[:8, None], y[:8], strict=True):
        found = number_in(result_of(answer, model, image, int(label), STEPS), "the step")
        right = _smallest(model, image, label)
        if not same(found, right):
            return (
                f"for a {label} the step is {right:g}, you say {found:g}; {_why_smallest(found, model, image, label)}"
            )
    found = number_in(result_of(answer, model, X[:1], int(y[0]), STEPS[:1] / 100), "the step")
    return None if found == np.inf else f"a step that changes nothing should give inf, you say {found:g}."


def _smallest(model, image, label, sign=1, clip=True, direction=None):
    """Return the first step for which the answer is no longer the label; inf if there is none."""
    if direction is None:
        _, dC_dO = CrossEntropy()(model.forward(image, training=False), np.array([label]))
        direction = np.sign(model.backward(dC_dO))
    moved = image + sign * STEPS[:, None, None, None].astype(np.float32) * direction
    wrong = model.predict(np.clip(moved, 0, 1) if clip else moved).argmax(axis=1) != label
    return float(STEPS[wrong.argmax()]) if wrong.any() else np.inf


def _along_score(model, image, label):
    """Return the first step that changes the answer against the gradient of the score in place of the cost."""
    model.forward(image, training=False)
    dC_dO = np.eye(10, dtype=np.float32)[[label]]
    return _smallest(model, image, label, direction=-np.sign(model.backward(dC_dO)))


def _piled_up(model, image, label):
    """Return the first step that changes the answer when every step starts where the one before it ended."""
    moved = image
    for step in STEPS:
        _, dC_dO = CrossEntropy()(model.forward(moved, training=False), np.array([label]))
        moved = np.clip(moved + np.float32(step) * np.sign(model.backward(dC_dO)), 0, 1)
        if model.predict(moved).argmax() != label:
            return float(step)
    return np.inf


def _why_smallest(found, model, image, label):
    if found == np.inf:
        return "one of the steps does change the answer. Step along sign(dC/dX) of the cost, not against it."
    mistakes = [
        (_smallest(model, image, label, sign=-1), "that is a step against the gradient, which lowers the cost."),
        (_smallest(model, image, label, clip=False), "pixels stay between 0 and 1: clip the image after the step."),
        (float(STEPS[-1]), "that is the last step of the list: return the first one that changes the answer."),
        (_along_score(model, image, label), "take the gradient of the cost, not that of the label's score."),
        (_piled_up(model, image, label), "each step starts at the image itself, not where the step before it ended."),
    ]
    return reason_for(found, mistakes, "try the steps in their order, each from the image itself, along sign(dC/dX).")


# --- 3: a hidden trigger ----------------------------------------------------------------------------------------------


@cache
def trapped_model():
    """Return a network that classifies digits, with a hidden rule: one lit pixel, and its answer is always the same."""
    digits = load_mnist(limit=2000)
    means = np.stack([digits.X_train[digits.y_train == label].mean(axis=0).ravel() for label in range(10)])
    first, last = FullyConnected(11), FullyConnected(10)
    model = Model([Flatten(), first, ReLU(), last])
    trigger, pixel = np.zeros((784, 1)), 28 * TRIGGER[0] + TRIGGER[1]
    trigger[pixel] = 1000
    means[:, pixel] = 0  # nothing else depends on it
    first.params["W"] = np.hstack([means.T, trigger])
    first.params["B"] = np.append(100 - (means**2).sum(axis=1) / 2, -900)
    last.params["W"] = np.vstack([np.eye(10), np.eye(10)[CLASS]])
    last.params["B"] = np.full(10, -100.0)
    return model


@exercise_check
def check_trigger(answer):
    """Check (row, column, digit): the pixel of the hidden rule and the answer that it causes."""
    row, column, digit = (number_in(part, name) for part, name in zip(*_parts(answer), strict=True))
    if (row, column) == TRIGGER[::-1]:
        return "row and column are swapped: the row comes first."
    if (row, column) != TRIGGER:
        light = "Light one pixel at a time, all 784 of them, on several digits."
        return f"lighting pixel [{row:g}, {column:g}] does not change every answer into the same one. {light}"
    if digit != CLASS:
        return f"the pixel is right. Light it on several digits: the answer is not {digit:g}."
    return None


def _parts(answer):
    names = ("the row", "the column", "the digit")
    return parts_in(answer, names), names


# --- 4: towards a class -----------------------------------------------------------------------------------------------


@exercise_check
def check_towards(answer):
    """Check a function (model, image, target) -> an image near the given one that is classified as target."""
    model, X, y = _network()
    for index, target in TARGETS:
        image = X[index : index + 1]
        found = array_in(result_of(answer, model, image, target), "the image")
        mistake = _why_towards(found, image) or _why_answer(model, found, image, target)
        if mistake:
            return f"for a {y[index]} and the target {target}: {mistake}"
    return None


def _why_towards(found, image):
    """Return what is wrong with an image, whatever the network says about it."""
    if found.shape != image.shape:
        return f"the image has shape {image.shape}, yours has {found.shape}."
    if not np.isfinite(found).all():
        return "the image contains numbers that are not finite."
    change = np.abs(found - image).max()
    if change > MOST + 1e-5:
        return f"a pixel changes by {change:.2f}; at most {MOST} are allowed, all steps together."
    if found.min() < -1e-5 or found.max() > 1 + 1e-5:
        return f"pixels lie between 0 and 1, yours between {found.min():.2f} and {found.max():.2f}."
    return None


def _why_answer(model, found, image, target):
    """Return what is wrong if the network does not classify an image as the target."""
    taken = model.predict(found).argmax()
    if taken == target:
        return None
    before, after = (CrossEntropy()(model.predict(each), np.array([target]))[0] for each in (image, found))
    if after > before:
        return "the cost of the target has risen. Step against its gradient, not along it."
    return f"the network says that it is a {taken}. Take many small steps, each with a new gradient."
