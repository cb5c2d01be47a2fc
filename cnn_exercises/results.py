"""Run an answer and read its result: the one place where a user's code is called.

Arguments   an answer receives copies. If it changes one of them, the feedback names it; the check keeps the originals.
Exceptions  of the answer become feedback that quotes its line; all other exceptions are errors of the check itself.
Results     number_in, array_in, parts_in and listed convert a result, or say what was returned instead.
"""

import numpy as np

from cnn_core.checks import shown
from cnn_viz.base.errors import error_text

COUNTS = {2: "two things", 3: "three things"}
READABLE = str | bytes | int | float | complex  # a message repeats the value; of anything else it names the type


class AnswerError(Exception):
    """A mistake that is found while an answer is called or its result is read; the text is the feedback."""


def result_of(answer, *arguments):
    """Return the result of an answer that is a function, called with copies of the arguments.

    Parameters
    ----------
    answer : callable
    *arguments
        Arrays, lists and tuples are copied; anything else, such as a model, is passed as it is.

    Raises
    ------
    AnswerError
        If the answer is not a function, raises an exception, returns None or changes an array or a list.
    """
    if not callable(answer) or isinstance(answer, type):
        raise AnswerError(f"a function is asked for, yours is {described(answer)}.")
    given = [_copied(each) for each in arguments]
    try:
        result, mistake = answer(*given), None
    except Exception as error:
        result, mistake = None, f"your function raised {error_text(error).removesuffix('.')}."
    if result is None:
        mistake = mistake or "your function gives nothing back. Does it end in a return?"
    changed = _changed(answer, arguments, given)
    if mistake:
        raise AnswerError(f"{mistake} It also {changed}" if changed else mistake)
    if changed:
        raise AnswerError(f"your function {changed}")
    return result


def _copied(value):
    if isinstance(value, np.ndarray):
        return value.copy()
    return type(value)(map(_copied, value)) if isinstance(value, list | tuple) else value


def _unchanged(before, after):
    if type(before) is not type(after):
        return False
    if isinstance(before, np.ndarray):
        return (before.shape, before.dtype, before.tobytes()) == (after.shape, after.dtype, after.tobytes())
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    return before is after


def _changed(answer, before, after):
    """Return words about the first argument that the answer changed, by its name in the answer, or None."""
    changed = (number for number, pair in enumerate(zip(before, after, strict=True)) if not _unchanged(*pair))
    number, code = next(changed, None), getattr(answer, "__code__", None)
    if number is None:
        return None
    name = code.co_varnames[number] if code and number < code.co_argcount else "an array"
    return f"changes {name}, which it was given. Make a new one, or change a copy."


# --- results as numbers -----------------------------------------------------------------------------------------------


def number_in(found, name="the result"):
    """Return a result that is one real number as a Python number; raise AnswerError if it is anything else."""
    array = _numeric(found, name, "one number")
    if array.shape != ():
        raise AnswerError(f"{name} should be one number, yours has shape {array.shape}.")
    return array.item()


def array_in(found, name="the result"):
    """Return a result that is an array, or lists or tuples of numbers, as a new array; otherwise raise AnswerError."""
    return _numeric(found, name, "an array of numbers")


def listed(answer):
    """Return an array of numbers or texts as nested lists, and anything else as it is.

    For answers that are a row: a user may give it as a tuple, a list or an array.

    Examples
    --------
    >>> listed(np.array([1.5, 2.0])), listed((1, 2))
    ([1.5, 2.0], (1, 2))
    """
    is_plain = isinstance(answer, np.ndarray) and answer.dtype.kind != "O"
    return answer.tolist() if is_plain else answer


def parts_in(found, names):
    """Return the parts of a result that is a tuple or a list with one entry for each name; else raise AnswerError."""
    if not isinstance(found, tuple | list) or len(found) != len(names):
        raise AnswerError(f"{COUNTS[len(names)]} are asked for: {', '.join(names)}. Yours is {described(found)}.")
    return found


def wrong_choice(answer, right, choices, listed):
    """Return (name, choice) of the first entry of a dictionary that differs from `right`, or None where all are right.

    Parameters
    ----------
    answer : object
    right : dict
        The right choice for each name.
    choices : sequence of str
    listed : str
        The choices in words, for the feedback.

    Raises
    ------
    AnswerError
        If the answer is not a dictionary of these names, or an entry before the first wrong one is none of the choices.
    """
    *first, last = map(repr, right)
    if not isinstance(answer, dict) or set(answer) != set(right):
        raise AnswerError(f"give a dictionary with an entry for each of {', '.join(first)} and {last}.")
    for name in right:
        if not isinstance(answer[name], str) or answer[name] not in choices:
            raise AnswerError(f"for {name} give {listed}, not {described(answer[name])}.")
        if answer[name] != right[name]:
            return name, answer[name]
    return None


def _numeric(found, name, kind):
    try:
        array = np.array(found)
    except Exception:  # nested lists of unequal lengths, or an object that cannot be converted
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise AnswerError(f"{name} should be {kind}, yours is {described(found)}.")
    return array.astype(int) if array.dtype.kind == "b" else array


def described(found):
    """Return a few words for any value: the value itself where that is readable, otherwise its type."""
    if isinstance(found, READABLE):
        return shown(found)
    if isinstance(found, np.ndarray):
        return f"an array of {found.dtype} with shape {found.shape}"
    if isinstance(found, list | tuple):
        return f"a {type(found).__name__} of {len(found)} entries"
    return f"a value of type {type(found).__name__}"
