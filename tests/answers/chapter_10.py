"""Chapter 10, look inside: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import CrossEntropy
from cnn_exercises import chapter_10


def cost_gradient(model, image, label):
    scores = model.forward(image, training=False)
    _, dC_dO = CrossEntropy()(scores, np.array([label]))
    return model.backward(dC_dO)


def smallest(model, image, label, steps, sign=1, low=0, high=1):
    direction = sign * np.sign(cost_gradient(model, image, label))
    for step in steps:
        moved = np.clip(image + step * direction, low, high).astype(np.float32)
        if model.predict(moved).argmax() != label:
            return step
    return np.inf


def without_sign(model, image, label, steps):
    """Return the first step along the gradient itself, scaled to a largest entry of 1."""
    dC_dX = cost_gradient(model, image, label)
    for step in steps:
        moved = np.clip(image + step * dC_dX / np.abs(dC_dX).max(), 0, 1).astype(np.float32)
        if model.predict(moved).argmax() != label:
            return step
    return np.inf


def along_score(model, image, label, steps):
    model.forward(image, training=False)
    direction = -np.sign(model.backward(np.eye(10, dtype=np.float32)[[label]]))
    for step in steps:
        if model.predict(np.clip(image + np.float32(step) * direction, 0, 1)).argmax() != label:
            return step
    return np.inf


def piled_up(model, image, label, steps):
    moved = image
    for step in steps:
        moved = np.clip(moved + step * np.sign(cost_gradient(model, moved, label)), 0, 1).astype(np.float32)
        if model.predict(moved).argmax() != label:
            return step
    return np.inf


def towards(model, image, target, most=0.25, steps=30, sign=-1, low=0.0, high=1.0):
    moved = image.copy()
    for _ in range(steps):
        moved += sign * 0.02 * np.sign(cost_gradient(model, moved, target))
        moved = np.clip(np.clip(moved, image - most, image + most), low, high)
    return moved


def one_step(model, image, target):
    return np.clip(image - 0.25 * np.sign(cost_gradient(model, image, target)), 0, 1)


def in_place(model, image, target):
    image += 0.1
    return image


HAND, SMALLEST = chapter_10.check_by_hand, chapter_10.check_smallest
TRIGGER, TOWARDS = chapter_10.check_trigger, chapter_10.check_towards
CHECKS = [
    (HAND, [2, -3, 1], None),
    (HAND, [0, -3, 2], "nothing passes it"),
    (HAND, [2, 1, -1], "both of its weights change"),
    (HAND, [2, -3, 0], "a weight for x2 as well"),
    (HAND, [2, -1, 0], "the second ReLU is positive too"),
    (HAND, [6, -3, 1], "gradient times the input"),
    (HAND, [1, 1, 1], "which of the three ReLUs"),
    (HAND, 3, "yours has shape ()"),
    (SMALLEST, smallest, None),
    (SMALLEST, lambda *given: smallest(*given, sign=-1), "not against it"),
    (SMALLEST, without_sign, "Step along sign(dC/dX)"),
    (SMALLEST, lambda *given: smallest(*given, low=-9, high=9), "clip the image"),
    (SMALLEST, lambda model, image, label, steps: steps[-1], "the last step of the list"),
    (SMALLEST, along_score, "the gradient of the cost, not"),
    (SMALLEST, piled_up, "not where the step before it ended"),
    (SMALLEST, lambda model, image, label, steps: 0.5, "in their order"),
    (SMALLEST, lambda model, image, label, steps: steps, "one number"),
    (SMALLEST, lambda *given: min(smallest(*given), given[-1][-1]), "changes nothing should give inf"),
    (TRIGGER, (3, 24, 7), None),
    (TRIGGER, (24, 3, 7), "row and column are swapped"),
    (TRIGGER, (14, 14, 7), "one pixel at a time"),
    (TRIGGER, (3, 24, 8), "the pixel is right"),
    (TRIGGER, (3, 24), "three things"),
    (TOWARDS, towards, None),
    (TOWARDS, lambda *given: towards(*given, sign=1), "the cost of the target has risen"),
    (TOWARDS, one_step, "many small steps"),
    (TOWARDS, lambda *given: towards(*given, most=0.6), "at most 0.25 are allowed"),
    (TOWARDS, lambda *given: towards(*given, low=-1.0, high=2.0), "pixels lie between 0 and 1"),
    (TOWARDS, lambda *given: towards(*given)[0, 0], "yours has (28, 28)"),
    (TOWARDS, in_place, "changes image"),
]
