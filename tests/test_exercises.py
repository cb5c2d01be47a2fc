"""The checks behind the exercises: each accepts the answer, and names at least two mistakes that people make.

Rows        in answers/, a file a chapter: CHECKS holds (check, answer, words). Words are part of the verdict, with '|'
            between those of which one is enough; None where the answer is right, 'Right' where it is near enough.
"""

from importlib import import_module
from pathlib import Path

import pytest

from cnn_exercises.verdict import NOT_YET, verdict

CHAPTERS = sorted(path.stem for path in (Path(__file__).parent.parent / "cnn_exercises").glob("chapter_*.py"))
ROWS = {chapter: import_module(f"answers.{chapter}").CHECKS for chapter in CHAPTERS}
CHECKS = [row for rows in ROWS.values() for row in rows]


@pytest.mark.parametrize(("check", "answer", "words"), CHECKS)
def test_a_check_accepts_the_answer_and_names_the_mistake(check, answer, words):
    said = verdict(check.find_fault, answer)
    if words is None:
        assert said == "Right."
    else:
        assert any(each in said for each in words.split("|"))
        assert words == "Right" or not said.startswith("Right")


@pytest.mark.parametrize("check", dict.fromkeys(check for check, _, _ in CHECKS))
def test_an_exercise_without_an_answer_says_so_and_stops_nothing(check, capsys):
    assert check(None) is None
    assert capsys.readouterr().out.strip() == NOT_YET


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_check_is_given_its_answer_and_two_mistakes(chapter):
    named = vars(import_module(f"cnn_exercises.{chapter}")).items()
    there = {each for name, each in named if name.startswith("check_")}
    assert there == {row[0] for row in ROWS[chapter]}
    for check in there:
        rows = [words for each, _, words in ROWS[chapter] if each is check]
        assert rows.count(None) == 1
        assert len(rows) >= 3
