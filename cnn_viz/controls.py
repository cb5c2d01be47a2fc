"""Controls: which values of an argument a reader may choose, and how each of them is called where it is chosen.

In and out  control_of turns a range, a list, a dictionary, Steps or Field into a control. A control answers two ways:
            value_of(answer) is what draw is given, answer_for(value) is what stands in the slider, menu or field.
Kinds       Slide: whole numbers without gaps. Scale: other numbers, in their order. Menu: anything, by name.
            Steps: as many as the other controls' values give. Field: anything that is typed.
Used by     widgets.py, which knows draw, and shell.py, which knows how each kind looks.
"""

import ast
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnn_core import checks
from cnn_viz.states import MISFIT

KINDS = "a range, a list of values, a dictionary of named values, Steps(...) or Field()"


@dataclass(frozen=True)
class Slide:
    """Whole numbers without gaps: a slider."""

    values: range

    @property
    def first(self):
        """The answer where draw has no default."""
        return self.values[0]

    def value_of(self, answer):
        """Return the number that the slider is at."""
        return answer

    def answer_for(self, value):
        """Return where the slider is for a value; None if the range does not hold it."""
        return int(value) if checks.is_integer(value) and value in self.values else None


@dataclass(frozen=True)
class Menu:
    """Values by their names: a menu."""

    values: dict

    @property
    def first(self):
        """The answer where draw has no default."""
        return next(iter(self.values))

    def value_of(self, answer):
        """Return the value that has a name."""
        return self.values[answer]

    def answer_for(self, value):
        """Return the name of a value; None if it is not in the menu."""
        return next((name for name, each in self.values.items() if _same(each, value)), None)


class Scale(Menu):
    """Numbers in their order, such as learning rates: a slider from name to name."""


@dataclass(frozen=True)
class Steps:
    """Steps to be walked through: buttons to the first, the previous and the next one, and a slider for the keys.

    Parameters
    ----------
    count : int or callable
        How many steps there are. Where that depends on the other controls, a function that takes their values by name,
        as draw does. The reader counts steps from 1; draw is given 0 to count - 1.
    """

    count: int | Callable
    first = 1

    def __post_init__(self):
        if not callable(self.count):
            checks.integer("Steps", "count", self.count)

    def count_for(self, others):
        """Return how many steps there are, given the values of the other controls; None if these do not fit."""
        try:
            count = self.count(**others) if callable(self.count) else self.count
        except MISFIT:
            return None
        return checks.integer("Steps", "count", count)

    def value_of(self, answer):
        """Return the step that the slider is at, counted from 0."""
        return answer - 1

    def answer_for(self, value):
        """Return where the slider is for a step; None if it is none."""
        return int(value) + 1 if checks.is_integer(value) and value >= 0 else None


@dataclass(frozen=True)
class Field:
    """A field to type in: a number, a pair of numbers, a name. What is typed goes to draw, which may refuse it."""

    first = ""

    def value_of(self, answer):
        """Return what was typed as a value of Python's, such as 2 or (1, 2); where it is none, the text itself."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of odd escapes in what it reads
            try:
                return ast.literal_eval(answer.strip())
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                return answer.strip()

    def answer_for(self, value):
        """Return what to type for a value."""
        return value if isinstance(value, str) else repr(value)


def control_of(name, given):
    """Return the control that is meant by what was given for an argument.

    Parameters
    ----------
    name : str
        The argument.
    given : range, list, tuple, ndarray of one dimension, dict, Steps or Field

    Returns
    -------
    Slide, Scale, Menu, Steps or Field

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If there are no values, or if two of them would have one name.
    """
    if isinstance(given, Steps | Field):
        return given
    if isinstance(given, np.ndarray) and given.ndim == 1:
        given = given.tolist()
    if not isinstance(given, range | list | tuple | dict):
        raise TypeError(f"explore: {name} must be {KINDS}, got {checks.shown(given)}.")
    if len(given) == 0:
        raise ValueError(f"explore: {name} has no values to choose from. Give {KINDS}.")
    if isinstance(given, range) and given.step == 1:
        return Slide(given)
    if isinstance(given, dict):
        return Menu({str(key): value for key, value in given.items()})
    return _listed(name, given)


def _listed(name, values):
    numbers = all(isinstance(value, float) or checks.is_integer(value) for value in values)
    named = {f"{value:g}" if isinstance(value, float) else str(value): value for value in values}
    if len(named) < len(values):
        raise ValueError(f"explore: {name} has values that look the same: {', '.join(map(str, values))}.")
    return Scale(named) if numbers else Menu(named)


def _same(one, other):
    """Return whether two values are equal; arrays, which == compares entry by entry, only if they are one object."""
    equal = one == other
    return one is other or (isinstance(equal, bool | np.bool_) and bool(equal))
