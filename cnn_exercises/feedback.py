"""Feedback on an answer: one printed sentence that names the mistake, or says that the answer is right.

A check is written as a function that takes an answer and returns a sentence about its mistake, or None if it has none.
`exercise_check` turns this function into the one that a notebook calls. `compare` calls an answer case by case and says
why the first wrong result is wrong. Answers are run by `result_of` only (results.py).
"""

import functools

import numpy as np

from cnn_viz.base.notebook import print_wrapped

from .results import AnswerError, array_in, number_in, result_of

NOT_YET = "Not answered yet."
# Far above the rounding errors of float32, far below the effect of any mistake; of the entry and of the largest entry.
RELATIVE, OF_THE_LARGEST = 1e-5, 1e-6


def exercise_check(find_mistake):
    """Return the check that a notebook calls: it prints the feedback, and returns nothing."""

    @functools.wraps(find_mistake)
    def check(answer):
        print_wrapped(feedback_on(find_mistake, answer))

    check.find_mistake = find_mistake
    return check


def feedback_on(find_mistake, answer):
    """Return the feedback on an answer: not answered yet, the mistake, or right.

    An exception of the answer has become an AnswerError. Any other exception is an error of the check, and the
    feedback says so: it is never presented as the user's mistake.
    """
    if answer is None:
        return NOT_YET
    try:
        with np.errstate(all="ignore"):  # a wrong answer may overflow, in the check's own arithmetic too
            mistake = find_mistake(answer)
    except AnswerError as error:
        return f"Not yet: {error}"
    except Exception as error:
        about = f"{type(error).__name__}: {error}"
        return f"The check itself failed, so your answer is neither right nor wrong. Please report this error: {about}"
    return f"Not yet: {mistake}" if mistake else "Right."


def compare(answer, calls, correct, given, why):
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
    """
    for arguments in calls:
        right = correct(*arguments)
        read = array_in if isinstance(right, np.ndarray) else number_in
        found = read(result_of(answer, *arguments))
        if not same(found, right):
            return given.format(*arguments, found=found) + why(found, right, *arguments)
    return None


# --- numbers that are equal up to rounding ----------------------------------------------------------------------------


def same(found, right):
    """Return whether two numbers or arrays have one shape and equal entries, up to the rounding errors of float32.

    Where the right ones are integers, nothing is rounded: equal means equal.
    """
    return np.shape(found) == np.shape(right) and bool(close(np.asarray(found), np.asarray(right)).all())


def close(found, right):
    """Return for each entry of two arrays of one shape whether they are equal up to rounding, as `same` does."""
    if right.dtype.kind in "biu":
        return found == right
    largest = np.abs(right[np.isfinite(right)]).max(initial=0)
    return np.isclose(found, right, rtol=RELATIVE, atol=OF_THE_LARGEST * largest)


def reason_for(found, mistakes, otherwise):
    """Return the reason of the first pair (wrong value, reason) in `mistakes` whose value was found, or `otherwise`."""
    return next((why for wrong, why in mistakes if same(found, wrong)), otherwise)


def first_difference(name, found, right):
    """Return a sentence about the first entry in which two arrays of the same shape differ."""
    index = tuple(np.argwhere(~close(found, right))[0].tolist())
    return f"{name}{list(index)} {should_be(right[index], found[index])}."


def should_be(right, found, digits=6):
    """Return 'should be 2.5, yours is 2', in as many digits as tell the two numbers apart."""
    enough = (more for more in range(digits, 17) if f"{right:.{more}g}" != f"{found:.{more}g}")
    digits = next(enough, digits)
    return f"should be {right:.{digits}g}, yours is {found:.{digits}g}"


def times(ratio, digits=4):
    """Return a ratio as text, in as many digits as tell it from 1."""
    enough = (more for more in range(digits, 17) if f"{ratio:.{more}g}" != "1")
    return f"{ratio:.{next(enough, digits)}g}"
