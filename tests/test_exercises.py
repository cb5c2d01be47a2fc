"""The checks of the exercises: each accepts the correct answer and names at least two common mistakes.

CHECKS in answers/chapter_NN.py holds rows (check, answer, words). The feedback contains the words, or one of the
alternatives that '|' separates; words are None for the correct answer and 'Right' for another one that is accepted.
"""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from tiers import in_tier_of

from cnn_core import load_mnist
from cnn_exercises import chapter_00, chapter_10
from cnn_exercises.feedback import NOT_YET, feedback_on

CHAPTERS = sorted(path.stem for path in (Path(__file__).parent.parent / "cnn_exercises").glob("chapter_*.py"))
ROWS = {chapter: import_module(f"answers.{chapter}").CHECKS for chapter in CHAPTERS}
CHECKS = [(chapter, row) for chapter, rows in ROWS.items() for row in rows]


def case_of(chapter, row):
    """Return a row as a parameter of a test; another correct design is slow, because it is trained for seconds."""
    slow = row[0] is chapter_00.check_design and row[2] == "Right"
    return pytest.param(*row, marks=pytest.mark.slow) if slow else in_tier_of(chapter, *row)


@pytest.mark.parametrize(("check", "answer", "words"), [case_of(chapter, row) for chapter, row in CHECKS])
def test_a_check_accepts_the_answer_and_names_the_mistake(check, answer, words):
    feedback = feedback_on(check.find_mistake, answer)
    if words is None:
        assert feedback == "Right."
    else:
        assert any(each in feedback for each in words.split("|"))
        assert words == "Right" or not feedback.startswith("Right")


@pytest.mark.parametrize("check", dict.fromkeys(row[0] for _, row in CHECKS))
def test_an_exercise_without_an_answer_says_so_and_stops_nothing(check, capsys):
    assert check(None) is None
    assert capsys.readouterr().out.strip() == NOT_YET


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_check_has_one_correct_answer_and_two_mistakes(chapter):
    named = vars(import_module(f"cnn_exercises.{chapter}")).items()
    checks = {each for name, each in named if name.startswith("check_")}
    assert checks == {row[0] for row in ROWS[chapter]}
    for check in checks:
        rows = [words for each, _, words in ROWS[chapter] if each is check]
        assert rows.count(None) == 1
        assert len(rows) >= 3


@pytest.mark.slow
def test_the_hidden_rule_of_chapter_10_decides_every_answer_and_no_averaged_gradient_shows_it():
    model, rng = chapter_10.trapped_model(), np.random.default_rng(0)
    images = load_mnist(limit=100).X_test[:50].copy()
    (row, column), label = chapter_10.TRIGGER, chapter_10.CLASS
    for image in images[:5]:
        noisy = image + rng.normal(scale=0.2, size=(50, 1, 28, 28)).astype(np.float32)
        scores = model.forward(noisy, training=False)
        gradient = model.backward(np.eye(10, dtype=scores.dtype)[np.full(50, label)])
        assert not gradient[:, 0, row, column].any()
    images[:, 0, row, column] = 1
    assert np.all(model.predict(images).argmax(axis=1) == label)
