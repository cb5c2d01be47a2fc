"""How a check speaks: one sentence, printed, that says what is wrong or that all is right.

A check is written as a function from an answer to the sentence that says what is wrong with it, or to None where
nothing is. `spoken` turns it into what a notebook calls.
"""

import functools

import numpy as np

from cnn_viz.base.notebook import print_wrapped

NOT_YET = "Not answered yet."


class Fault(Exception):
    """A fault that shows wherever an answer is used; its text is the sentence about it."""


def result_of(answer, *arguments):
    """Return what an answer that is a function gives; to give nothing is a Fault."""
    result = answer(*arguments)
    if result is None:
        raise Fault("your function gives nothing back. Does it end in a return?")
    return result


def untouched(answer, *arguments, given="an array", instead=""):
    """Return what an answer that is a function gives, as result_of; to change an array that it was given is a Fault.

    `instead` says in a sentence what to do instead.
    """
    arrays = [each for each in arguments if isinstance(each, np.ndarray)]
    before = [array.copy() for array in arrays]
    result = result_of(answer, *arguments)
    if any((array != old).any() for array, old in zip(arrays, before, strict=True)):
        raise Fault(f"it changes {given} that it was given. {instead}".rstrip())
    return result


def first_difference(name, found, right):
    """Return what the first entry of an array should be that is not what it is; both have one shape."""
    apart = ~np.isclose(found, right)
    place = tuple(np.argwhere(apart if apart.any() else found != right)[0].tolist())
    return f"{name}{list(place)} should be {right[place]:g}, yours is {found[place]:g}."


def spoken(find_fault):
    """Return the check that a notebook calls: it prints what `find_fault` finds, and returns nothing."""

    @functools.wraps(find_fault)
    def check(answer):
        print_wrapped(verdict(find_fault, answer))

    check.find_fault = find_fault
    return check


def verdict(find_fault, answer):
    """Return the sentence about an answer: not there, what is wrong with it, or right.

    An answer is a reader's own code; whatever it raises is part of the verdict and stops nothing.
    """
    if answer is None:
        return NOT_YET
    try:
        fault = find_fault(answer)
    except Fault as fault:
        return f"Not yet: {fault}"
    except Exception as error:
        return f"Your answer raised {type(error).__name__}: {error}"
    return f"Not yet: {fault}" if fault else "Right."
