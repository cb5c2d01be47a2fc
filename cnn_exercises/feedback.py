"""Feedback on an answer: one printed sentence that names the mistake, or says that the answer is right.

A check is written as a function that takes an answer and returns a sentence about its mistake, or None if it has none.
`exercise_check` turns this function into the one that a notebook calls. `compare` calls an answer case by case and says
why the first wrong result is wrong.
"""

import functools
from copy import copy

import numpy as np

from cnn_viz.base.notebook import print_wrapped

NOT_YET = "Not answered yet."
TOLERANCE = 1e-9  # absolute; far above the rounding errors of float64, far below the effect of any mistake


class AnswerError(Exception):
    """A mistake that is found while an answer is called or its result is read; the text is the feedback."""


def exercise_check(find_mistake):
    """Return the check that a notebook calls: it prints the feedback, and returns nothing."""

    @functools.wraps(find_mistake)
    def check(answer):
        print_wrapped(feedback_on(find_mistake, answer))

    check.find_mistake = find_mistake
    return check


def feedback_on(find_mistake, answer):
    """Return the feedback on an answer: not answered yet, the mistake, or right.

    An answer is the user's own code: an exception that it raises becomes part of the feedback and stops nothing.
    """
    if answer is None:
        return NOT_YET
    try:
        mistake = find_mistake(answer)
    except AnswerError as error:
        return f"Not yet: {error}"
    except Exception as error:
        return f"Your answer raised {type(error).__name__}: {error}"
    return f"Not yet: {mistake}" if mistake else "Right."


def result_of(answer, *arguments):
    """Return the result of an answer that is a function; raise AnswerError if it returns None."""
    result = answer(*arguments)
    if result is None:
        raise AnswerError("your function gives nothing back. Does it end in a return?")
    return result


def pure_result(answer, *arguments, given="an array", instead=""):
    """Return the result as result_of does; raise AnswerError if the answer changed one of its arrays.

    `given` describes the array, and `instead` is a sentence about what to do instead.
    """
    arrays = [each for each in arguments if isinstance(each, np.ndarray)]
    before = [array.copy() for array in arrays]
    result = result_of(answer, *arguments)
    if any((array != old).any() for array, old in zip(arrays, before, strict=True)):
        raise AnswerError(f"it changes {given} that it was given. {instead}".rstrip())
    return result


def compare(answer, calls, correct, given, why, call=result_of):
    """Return the feedback on the first call for which the answer's result is not the correct one, or None.

    Parameters
    ----------
    calls : iterable of tuples
        The arguments of each call; the answer gets copies of them.
    correct : callable
        Returns the correct number or array for the same arguments.
    given : str
        Begins the feedback: a format string for the arguments and the result `found`.
    why : callable
        Ends the feedback with the reason, for (found, right, *arguments).
    call : callable
        Calls the answer: result_of, or pure_result.
    """
    for arguments in calls:
        found, right = call(answer, *map(copy, arguments)), correct(*arguments)
        found = np.asarray(found) if isinstance(right, np.ndarray) else found
        if not _same(found, right):
            return given.format(*arguments, found=found) + why(found, right, *arguments)
    return None


def _same(found, right):
    if not isinstance(right, np.ndarray):
        return found == right
    return found.shape == right.shape and np.allclose(found, right, atol=TOLERANCE)


def reason_for(found, mistakes, otherwise):
    """Return the reason of the first pair (wrong value, reason) in `mistakes` whose value was found, or `otherwise`."""
    return next((why for wrong, why in mistakes if np.allclose(found, wrong, atol=TOLERANCE)), otherwise)


def first_difference(name, found, right):
    """Return a sentence about the first entry in which two arrays of the same shape differ."""
    differs = ~np.isclose(found, right)
    index = tuple(np.argwhere(differs if differs.any() else found != right)[0].tolist())
    return f"{name}{list(index)} should be {right[index]:g}, yours is {found[index]:g}."
