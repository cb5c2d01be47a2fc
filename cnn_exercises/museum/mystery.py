"""Mystery networks: parts of a program with one mistake, chosen by a seed, and whether a guess is near.

Chapter     11.
"""

import numpy as np

from cnn_core import checks

from .exhibits import EXHIBITS, GROUPS

LOUD = ("empty crop", "no first step")  # their exceptions name them
HIDDEN = [name for name in EXHIBITS if name not in LOUD]


class Mystery:
    """The parts of a program with one mistake; a detector takes it as it takes any other Parts."""

    def __init__(self, seed):
        self._seed = checks.integer("seed", seed, minimum=0)

    def __repr__(self):
        return f"Mystery({self._seed})"

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(EXHIBITS[_answer(self._seed)].parts, name)


def mystery(seed):
    """Return the mystery network of this seed: the same one at every call."""
    return Mystery(seed)


def nearness(seed, guess):
    """Return how near a guess is: 'found', 'hot' (the right group), 'cold', or None where it names no exhibit.

    Parameters
    ----------
    seed : int
        Of the mystery.
    guess : str
        The name of an exhibit, or of a group, which can be hot at best.
    """
    group = EXHIBITS[guess].group if guess in EXHIBITS else guess
    if group not in GROUPS:
        return None
    right = _answer(checks.integer("seed", seed, minimum=0))
    if guess == right:
        return "found"
    return "hot" if group == EXHIBITS[right].group else "cold"


def _answer(seed):
    return HIDDEN[int(np.random.default_rng([seed, 11]).integers(len(HIDDEN)))]
