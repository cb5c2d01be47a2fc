"""Controls: the kind for every specification, and conversion in both directions."""

import numpy as np
import pytest

from cnn_viz import Field, Steps
from cnn_viz.interactive.controls import Menu, Scale, Slide, control_of


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        pytest.param(range(1, 5), Slide, id="range"),
        pytest.param(range(1, 9, 2), Scale, id="range-with-gaps"),
        pytest.param(range(5, 1, -1), Scale, id="range-downwards"),
        pytest.param([0.1, 1, 10], Scale, id="numbers"),
        pytest.param(np.linspace(0, 1, 4), Scale, id="array"),
        pytest.param((0, "same"), Menu, id="numbers-and-names"),
        pytest.param([False, True], Menu, id="yes-or-no"),
        pytest.param({"edge": np.eye(3), "line": np.ones((1, 3))}, Menu, id="names"),
        pytest.param(Steps(4), Steps, id="steps"),
        pytest.param(Field(), Field, id="field"),
    ],
)
def test_the_specification_decides_the_kind_of_control(given, kind):
    control = control_of("x", given)
    assert type(control) is kind
    if isinstance(given, dict | range | list | tuple):
        values = list(given.values()) if isinstance(given, dict) else list(given)
        answers = [control.value_for(value) for value in values]
        assert all(control.argument_of(answer) is value for answer, value in zip(answers, values, strict=True))
        assert control.first == answers[0]


def test_values_have_short_names():
    assert list(control_of("x", [0.1 + 0.2, 1e-5, 3]).values) == ["0.3", "1e-05", "3"]
    assert list(control_of("x", {1: "a"}).values) == ["1"]


@pytest.mark.parametrize(
    ("typed", "value"),
    [("2", 2), (" (1, 2)", (1, 2)), ("same", "same"), ("'2'", "2"), ("-0.5", -0.5), ("2 +", "2 +"), ("'\\d'", "\\d")],
)
def test_a_field_reads_numbers_pairs_and_names(typed, value):
    assert Field().argument_of(typed) == value


@pytest.mark.parametrize("value", [2, (1, 2), "same", None])
def test_a_field_converts_an_argument_to_text_and_back(value):
    assert Field().argument_of(Field().value_for(value)) == value


@pytest.mark.parametrize(("count", "kind"), [(0, ValueError), (2.0, TypeError), ("3", TypeError), (True, TypeError)])
def test_steps_refuses_a_wrong_count(count, kind):
    with pytest.raises(kind, match="Steps: count must be a positive integer"):
        Steps(count)
    with pytest.raises(kind, match="Steps: count must be a positive integer"):
        Steps(lambda: count).count_for({})
