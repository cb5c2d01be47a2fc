"""Every check is given the correct answer in other types, answers that fail in every way, and nonsense.

The correct answers are those of tests/answers. Whatever an answer does, the feedback is about the answer: the check
does not fail, does not spoil its own numbers and does not warn.
"""

import os
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from tiers import in_tier_of, slow_after

from cnn_exercises import chapter_00
from cnn_exercises.feedback import compare, feedback_on, first_difference, should_be, times
from cnn_exercises.results import AnswerError, array_in, listed, number_in, result_of

pytestmark = pytest.mark.usefixtures("designs_trained_once")

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted(path.stem for path in (ROOT / "cnn_exercises").glob("chapter_*.py"))
ROWS = [row for chapter in CHAPTERS for row in import_module(f"answers.{chapter}").CHECKS]
RIGHT = {check: answer for check, answer, words in ROWS if words is None}
FUNCTIONS = {check: answer for check, answer in RIGHT.items() if callable(answer)}
VALUES = {check: answer for check, answer in RIGHT.items() if check not in FUNCTIONS and not isinstance(answer, dict)}
KEEPS_THE_TYPE = "check_keep"  # the exercise asks for the type of the values


def name_of(check):
    return f"{check.find_mistake.__module__.removeprefix('cnn_exercises.')}-{check.__name__}"


def each(checks):
    """Return the decorator of a test of each of these checks, in the tier of its chapter; one that trains is slow."""

    def case_of(check):
        if check is chapter_00.check_design:
            return pytest.param(check, marks=pytest.mark.slow)
        return in_tier_of(name_of(check).split("-")[0], check)

    return pytest.mark.parametrize("check", [case_of(check) for check in checks], ids=name_of)


each_check, each_function, each_value = each(RIGHT), each(FUNCTIONS), each(VALUES)


def feedback(check, answer):
    return feedback_on(check.find_mistake, answer)


# --- the correct answer in other types --------------------------------------------------------------------------------


def deep(convert):
    """Return a conversion of all arrays and numbers in a value, however deep in lists and tuples."""

    def converted(value):
        if isinstance(value, list | tuple):
            return type(value)(map(converted, value))
        return convert(value) if isinstance(value, np.ndarray | np.generic | int | float) else value

    return converted


def float32(value):
    value = value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == np.float64 else value
    return np.float32(value) if isinstance(value, float) else value


def nested(kind):
    """Return a conversion of arrays to lists or tuples in lists or tuples."""

    def converted(value):
        if isinstance(value, list):
            return kind(map(converted, value))
        return converted(value.tolist()) if isinstance(value, np.ndarray) and value.ndim else value

    return converted


def with_type(integer):
    return lambda value: integer(value) if isinstance(value, int) and not isinstance(value, bool) else value


def as_array(value):
    return np.array(value) if isinstance(value, int | float | np.number) else value


def sequences(kind):
    return lambda value: kind(value) if isinstance(value, list | tuple) else deep(nested(kind))(value)


RESULTS = {
    "float32": deep(float32),
    "lists": sequences(list),
    "tuples": sequences(tuple),
    "int64": deep(with_type(np.int64)),
    "int32": deep(with_type(np.int32)),
    "arrays-of-no-axis": deep(as_array),
    "fortran": deep(lambda value: np.asfortranarray(value) if isinstance(value, np.ndarray) else value),
    "read-only": deep(lambda value: np.broadcast_to(value, value.shape) if isinstance(value, np.ndarray) else value),
}
LOSES_THE_TYPE = {
    "float32": "float64 into float32",
    "lists": "float32 into float64",
    "tuples": "float32 into float64",
}


@each_function
@pytest.mark.parametrize("kind", RESULTS)
def test_a_correct_result_is_right_in_every_type(check, kind):
    found = feedback(check, lambda *given: RESULTS[kind](FUNCTIONS[check](*given)))
    if check.__name__ == KEEPS_THE_TYPE and kind in LOSES_THE_TYPE:
        assert found == f"Not yet: it turns {LOSES_THE_TYPE[kind]}."
    else:
        assert found == "Right."


@each_function
def test_a_correct_answer_that_computes_in_float32_is_right(check):
    in_float32 = deep(float32)
    assert feedback(check, lambda *given: in_float32(FUNCTIONS[check](*in_float32(given)))) in (
        "Right.",
        "Not yet: it turns float64 into float32.",  # check_keep
    )


@each_value
@pytest.mark.parametrize("convert", [deep(float32), list, tuple, np.array], ids=["float32", "list", "tuple", "array"])
def test_a_correct_value_is_right_in_every_type(check, convert):
    plain = isinstance(VALUES[check], float)
    if convert in (list, tuple) and plain:
        assert feedback(check, convert([VALUES[check]])).startswith("Not yet: ")
    elif convert is np.array and isinstance(VALUES[check], list | tuple):
        assert feedback(check, np.array(VALUES[check], dtype=object)).startswith("Not yet: ")
    else:
        assert feedback(check, convert(VALUES[check])) == "Right."


# --- answers that fail ------------------------------------------------------------------------------------------------

FORGOTTEN = "Not yet: your function gives nothing back. Does it end in a return?"


@each_function
def test_a_forgotten_return_is_named_in_the_same_words_by_every_check(check):
    assert feedback(check, lambda *given: None) == FORGOTTEN
    calls = []

    def forgets_later(*given):
        calls.append(given)
        return FUNCTIONS[check](*given) if len(calls) == 1 else None

    assert feedback(check, forgets_later) in (FORGOTTEN, "Right.")  # right where a check calls only once
    assert len(calls) < 2 or feedback(check, forgets_later) == FORGOTTEN


def arrays_in(value):
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from arrays_in(each)


def spoil(given):
    """Change every array and list that an answer was given; return whether there was one."""
    arrays, lists = list(arrays_in(given)), [each for each in given if isinstance(each, list)]
    for array in arrays:
        array[...] = ~array if array.dtype == bool else array + 1
    for each in lists:
        each.append(each.pop(0))
        each.append(each[0])
    return bool(arrays or lists)


@each_function
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_changes_what_it_was_given_is_told_so_and_spoils_nothing(check, when):
    there = []

    def in_place(*given):
        result = FUNCTIONS[check](*given) if when == "after" else None
        result = deep(lambda each: each.copy() if isinstance(each, np.ndarray) else each)(result)
        there.append(spoil(given))
        return FUNCTIONS[check](*given) if when == "before" else result

    found = feedback(check, in_place)
    if any(there):
        assert found.endswith(" changes an array, which it was given. Make a new one, or change a copy.")
        assert found.startswith(("Not yet: your function changes an array", "Not yet: your function raised "))
        assert len(there) == 1  # nothing is concluded from a result that may be spoilt
    else:
        assert found == "Right."  # it was given numbers only
    assert feedback(check, FUNCTIONS[check]) == "Right."


@each_function
@pytest.mark.parametrize("number", [1, 2])
def test_an_exception_of_the_answer_is_shown_with_its_line(check, number):
    calls = []

    def fails(*given):
        calls.append(given)
        if len(calls) == number:
            raise OSError("the disk")  # this line
        return FUNCTIONS[check](*given)

    found, line = feedback(check, fails), fails.__code__.co_firstlineno + 3
    if len(calls) < number:
        assert found == "Right."
    else:
        words = f'your function raised OSError: the disk (line {line}: raise OSError("the disk")  # this line).'
        assert found == f"Not yet: {words}"


NONSENSE = [
    "abc",
    "",
    b"7",
    "7",
    object(),
    float("nan"),
    float("inf"),
    -1,
    10**400,
    3 + 4j,
    True,
    NotImplemented,
    ...,
    print,
    int,
    np,
    {},
    {"cost": 1.0},
    {1, 2},
    [],
    (),
    [None],
    (None, None),
    (None, None, None),
    [[1, 2], [3]],
    [[]],
    ["a", 1, 2.0],
    [(1, "a"), "bc", None, {}, ()],
    [("a", "b", "c")] * 5,
    [(8, None, 28)] * 5,
    [(float("nan"), 1, 2)] * 5,
    [[1e400, 2, 3]] * 3,
    (np.zeros(3), "a"),
    (np.zeros(2), np.zeros(2), None),
    (1.0, np.array(["a"])),
    np.array("x"),
    np.array([object()]),
    np.array([1 + 2j]),
    np.array([]),
    np.zeros((0, 3)),
    np.zeros((3, 0, 2)),
    np.full((3, 3), np.nan),
    np.full((3, 4), np.inf),
    np.ones((1,) * 30),
    np.array(["2020-01-01"], dtype="datetime64[D]"),
    np.zeros(2, dtype=[("a", int)]),
    np.array(200, dtype=np.uint8),
    np.array(1e300),
    np.ma.masked_array([1.0, 2.0], [True, False]),
    range(3),
    iter([1, 2]),
    (each for each in "ab"),
]


class Strange:
    """An object that cannot be shown, compared, converted or counted."""

    def __repr__(self):
        raise RuntimeError("no repr")

    __str__ = __len__ = __array__ = __eq__ = __hash__ = __float__ = __iter__ = __bool__ = __repr__


NONSENSE += [Strange(), [Strange()] * 5, (Strange(), 1)]


@pytest.fixture
def strict():
    """Turn every warning into an error: a check must not warn about a wrong answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def is_about_the_answer(found):
    return found.startswith(("Not yet: ", "Not answered yet.")) and " at 0x" not in found


@each_check
def test_nonsense_is_answered_with_words_about_the_answer(check, strict):
    found = [feedback(check, each) for each in NONSENSE]
    found += [feedback(check, lambda *given, each=each: each) for each in NONSENSE if check in FUNCTIONS]
    assert [words for words in found if not is_about_the_answer(words)] == []


WRONG = {
    "nan": lambda value: value * np.nan,
    "inf": lambda value: value * np.inf,
    "zero": lambda value: value * 0,
    "one-more": lambda value: value + 1,
    "a-million-times": lambda value: value * 1e6,
    "complex": lambda value: value * 1j,
    "one-more-axis": lambda value: np.array([value]),
    "text": str,
    "objects": lambda value: np.array(value, dtype=object) if isinstance(value, np.ndarray) else [value],
    "first": lambda value: value.flat[0] if isinstance(value, np.ndarray) else "",
    "turned": lambda value: -np.asarray(value).T - 1,
    "small-integers": lambda value: np.asarray(value).astype(np.uint8) + np.uint8(100),
}


@each_function
@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_result_of_the_right_form_is_answered_with_words_about_the_answer(check, kind, strict):
    with np.errstate(all="ignore"):
        found = feedback(check, lambda *given: deep(WRONG[kind])(FUNCTIONS[check](*given)))
    assert is_about_the_answer(found)


@each_check
def test_numpy_settings_of_the_user_do_not_matter(check):
    with np.errstate(all="raise"):
        assert feedback(check, RIGHT[check]) == "Right."


# --- whose mistake it is ----------------------------------------------------------------------------------------------


def broken(answer):
    """Fail as a check with a mistake in it would."""
    result_of(answer, 1)
    return {}["a key that is not there"]


@pytest.mark.parametrize("error", [KeyError, TypeError, ZeroDivisionError, RecursionError, AttributeError])
def test_an_error_of_the_check_is_never_presented_as_the_users(error):
    def check(answer):
        raise error("ours")

    for found in (feedback_on(broken, lambda one: one), feedback_on(check, 7)):
        assert found.startswith("The check itself failed, so your answer is neither right nor wrong.")
        assert "your function" not in found
        assert "Not yet" not in found


def test_an_error_in_an_explanation_is_an_error_of_the_check():
    def why(found, right, number):
        raise IndexError("ours")

    def find_mistake(answer):
        return compare(answer, [(1,)], lambda number: 2, "", why)

    assert feedback_on(find_mistake, lambda number: 3).startswith("The check itself failed")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_no_mistake(stop):
    def interrupted(*given):
        raise stop

    for check in FUNCTIONS:
        with pytest.raises(stop):
            check(interrupted)


def test_the_line_is_the_last_one_of_the_users_own_code():
    def helper(value):
        return np.linalg.inv(value)

    def answer(value):
        return 1 + helper(value)

    line = helper.__code__.co_firstlineno + 1
    with pytest.raises(AnswerError, match=rf"LinAlgError: .* \(line {line}: return np.linalg.inv\(value\)\)\."):
        result_of(answer, np.zeros((2, 3)))


def test_a_function_of_another_number_of_arguments_is_told_what_python_says():
    with pytest.raises(AnswerError, match=r"raised TypeError: .*1 positional argument but 2 were given\.$"):
        result_of(lambda one: one, 1, 2)
    with pytest.raises(AnswerError, match=r"raised ValueError: math domain error|raised ValueError: expected"):
        result_of(import_module("math").sqrt, -1)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        pytest.param(lambda X, steps: X.sort(), "X", id="sort"),
        pytest.param(lambda X, steps: X.__setitem__(0, np.nan), "X", id="nan"),
        pytest.param(lambda X, steps: setattr(X, "shape", (1, 3)), "X", id="shape"),
        pytest.param(lambda X, steps: steps.pop(), "steps", id="list"),
        pytest.param(lambda X, steps: steps.__setitem__(0, "a"), "steps", id="entry-of-a-list"),
        pytest.param(lambda X, steps: steps[0].__setitem__(0, 5), "steps", id="array-in-a-list"),
    ],
)
def test_every_way_to_change_an_argument_is_seen_and_named(change, name):
    def answer(X, steps):
        change(X, steps)
        return 1

    with pytest.raises(AnswerError, match=f"your function changes {name}, which it was given"):
        result_of(answer, np.array([3.0, 1.0, np.nan]), [np.zeros(2), 3])


def test_an_array_that_the_answer_returns_again_and_again_is_read_each_time():
    kept = np.zeros(2)
    first = array_in(result_of(lambda: kept))
    kept += 1
    assert first.tolist() == [0, 0]


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [1e-3, 1e-5, 1e-7, 1e-9, 1e-12])
def test_a_number_that_is_hardly_wrong_is_never_shown_as_the_right_one(off):
    assert times(1 + off) != "1"
    right, found = should_be(2.5, 2.5 + off).removeprefix("should be ").split(", yours is ")
    assert right != found
    assert "-" not in should_be(3.0, 4.0)
    words = first_difference("O", np.array([7.0, 2.0]), np.array([7.0, 2.0001]))
    assert words == "O[1] should be 2.0001, yours is 2."


def test_a_factor_of_nearly_one_has_enough_digits():
    assert (times(4.0), times(-1), times(1 / 3), times(1.00002)) == ("4", "-1", "0.3333", "1.00002")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("log 26", "one number, yours is 'log 26'"),
        ([1.0, 2.0], r"one number, yours has shape \(2,\)"),
        ((1.0, np.zeros(3)), "one number, yours is a tuple of 2 entries"),
        (object(), "one number, yours is a value of type object"),
        (print, "yours is a value of type builtin_function_or_method"),
    ],
)
def test_a_result_that_is_no_number_is_described(found, words):
    with pytest.raises(AnswerError, match=words):
        number_in(found)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (np.array([1, 2.5]), [1, 2.5]),
        (np.eye(2), [[1, 0], [0, 1]]),
        (np.array(["B", "D"]), ["B", "D"]),
        (np.array(9.0), 9.0),
        ((1, 2), (1, 2)),
        ("BD", "BD"),
    ],
)
def test_an_array_is_read_as_a_list_and_anything_else_as_it_is(answer, expected):
    found = listed(answer)
    assert type(found) is type(expected)
    assert found == expected


def test_an_array_of_objects_stays_as_it_is():
    array = np.array([1, "B"], dtype=object)
    assert listed(array) is array


# --- output -----------------------------------------------------------------------------------------------------------

EVERYTHING = """
from importlib import import_module
from itertools import cycle
import numpy as np
from cnn_exercises import chapter_00
accuracies = cycle([0.9, 0.1])  # of designs, which are trained elsewhere: one passes, the next one does not
chapter_00.trained_accuracy = lambda layers: next(accuracies)
for number in range(10):
    for check, answer, words in import_module(f"answers.chapter_{number:02d}").CHECKS:
        check(answer)
        check(lambda *given: "café − 10 × ½ · 🦉")
"""


@pytest.mark.parametrize(
    "encoding",
    slow_after(1, ["ascii", "utf-8", "cp1252", "latin-1", "cp437"]),
)
def test_every_feedback_can_be_printed_in_every_encoding(encoding):
    environment = os.environ | {
        "PYTHONIOENCODING": encoding,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }
    run = subprocess.run([sys.executable, "-W", "error", "-c", EVERYTHING], capture_output=True, env=environment)
    assert run.returncode == 0, run.stderr.decode(errors="replace")[-2000:]
    printed = run.stdout.decode(encoding)
    assert printed.count("Right.") >= len(RIGHT)
    assert "corner is at (row" in printed  # a sentence with a character that ASCII does not have
