"""Controls of a widget: the arguments that a user may choose, the widget's value for each, and back.

Conversion  control_of turns a range, a list, a dictionary, Steps or Field into a control. A control converts in both
            directions: argument_of(value) is passed to draw, value_for(argument) is shown by the slider, menu or field.
Kinds       Slide: whole numbers without gaps. Scale: other numbers, in their order. Menu: anything, by name.
            Steps: as many as the arguments of the other controls give. Field: anything that is typed.
"""

import ast
import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnn_core import checks
from cnn_viz.interactive.states import INVALID_STATE

KINDS = "a range, a list of values, a dictionary of named values, Steps(...) or Field()"


@dataclass(frozen=True)
class Slide:
    """Whole numbers without gaps: a slider."""

    values: range

    @property
    def first(self):
        """The value where draw has no default."""
        return self.values[0]

    def argument_of(self, value):
        """Return the number at the slider's position."""
        return value

    def value_for(self, argument):
        """Return the slider's position for an argument; None if the range does not hold it."""
        return int(argument) if checks.is_integer(argument) and argument in self.values else None


@dataclass(frozen=True)
class Menu:
    """Values by their names: a menu."""

    values: dict

    @property
    def first(self):
        """The value where draw has no default."""
        return next(iter(self.values))

    def argument_of(self, value):
        """Return the argument of a name."""
        return self.values[value]

    def value_for(self, argument):
        """Return the name of an argument; None if it is not in the menu."""
        return next((name for name, each in self.values.items() if _same(each, argument)), None)


class Scale(Menu):
    """Numbers in their order, such as learning rates: a slider from name to name."""


@dataclass(frozen=True)
class Steps:
    """Steps of an algorithm: buttons to the first, the previous and the next one, and a slider for the keyboard.

    Parameters
    ----------
    count : int or callable
        The number of steps. Where it depends on the other controls, a function of their arguments, by name, as draw
        is. The widget counts steps from 1; draw receives 0 to count - 1.
    """

    count: int | Callable
    first = 1

    @checks.public
    def __post_init__(self):
        if not callable(self.count):
            checks.integer("count", self.count)

    @checks.public
    def count_for(self, others):
        """Return the number of steps for the arguments of the other controls; None if they are an invalid state."""
        try:
            count = self.count(**others) if callable(self.count) else self.count
        except INVALID_STATE:
            return None
        return checks.integer("count", count)

    def argument_of(self, value):
        """Return the step at the slider's position, counted from 0."""
        return value - 1

    def value_for(self, argument):
        """Return the slider's position for a step; None if the argument is no step."""
        return int(argument) + 1 if checks.is_integer(argument) and argument >= 0 else None


@dataclass(frozen=True)
class Field:
    """A text field for a number, a pair of numbers or a name, which draw may refuse."""

    first = ""

    def argument_of(self, value):
        """Return the Python value of the text, such as 2 or (1, 2); if it is none, the text itself."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of invalid escape sequences
            try:
                return ast.literal_eval(value.strip())
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                return value.strip()

    def value_for(self, argument):
        """Return the text of an argument."""
        return argument if isinstance(argument, str) else repr(argument)


def control_of(name, given):
    """Return the control for a specification.

    Parameters
    ----------
    name : str
        The argument of draw.
    given : range, list, tuple, ndarray of one dimension, dict, Steps or Field

    Returns
    -------
    Slide, Scale, Menu, Steps or Field
    """
    if isinstance(given, Steps | Field):
        return given
    if isinstance(given, np.ndarray) and given.ndim == 1:
        given = given.tolist()
    if not isinstance(given, range | list | tuple | dict):
        raise checks.BadType(f"{name} must be {KINDS}, got {checks.shown(given)}.")
    if len(given) == 0:
        raise checks.BadValue(f"{name} has no values to choose from. Give {KINDS}.")
    if isinstance(given, range) and given.step == 1:
        return Slide(given)
    if isinstance(given, dict):
        return Menu({str(key): value for key, value in given.items()})
    return _listed(name, given)


def _listed(name, values):
    numbers = all(isinstance(value, float) or checks.is_integer(value) for value in values)
    named = {f"{value:g}" if isinstance(value, float) else str(value): value for value in values}
    if len(named) < len(values):
        raise checks.BadValue(f"{name} has values that look the same: {', '.join(map(str, values))}.")
    return Scale(named) if numbers else Menu(named)


def _same(one, other):
    """Return whether two values are equal; arrays, which == compares entry by entry, if they are one object."""
    equal = one == other
    return one is other or (isinstance(equal, bool | np.bool_) and bool(equal))


# --- the controls of a picture ----------------------------------------------------------------------------------------


def controls_and_values(draw, controls):
    """Return the controls of a picture, and the value that each of them starts with.

    Parameters
    ----------
    draw : callable
    controls : dict
        The specifications given to explore, by name.

    Returns
    -------
    dict of names to controls, dict of names to values
    """
    if not callable(draw):
        raise checks.BadType(f"draw must be a function that returns (figure, sentence), got {checks.shown(draw)}.")
    if not controls:
        raise checks.BadValue("there is nothing to choose. Give a control, such as size=range(1, 11).")
    controls = {name: control_of(name, given) for name, given in controls.items()}
    defaults = _defaults(draw, controls)
    return controls, {name: _start(name, control, defaults[name]) for name, control in controls.items()}


def state_of(controls, values):
    """Return the arguments of draw for the values of its controls."""
    return {name: control.argument_of(values[name]) for name, control in controls.items()}


def _defaults(draw, names):
    """Return draw's default for each name, inspect's `empty` if it has none; refuses names that draw does not take."""
    signature = inspect.signature(draw)
    try:
        signature.bind(**dict.fromkeys(names))
    except TypeError as error:
        given = ", ".join(names)
        raise checks.BadType(f"draw takes {signature}, but the controls are {given}: {error}.") from error
    known = {name: each.default for name, each in signature.parameters.items()}
    return {name: known.get(name, inspect.Parameter.empty) for name in names}


def _start(name, control, default):
    if default is inspect.Parameter.empty:
        return control.first
    value = control.value_for(default)
    if value is None:
        raise checks.BadValue(
            f"draw starts with {name}={checks.shown(default)}, which is not among the control's values."
        )
    return value
