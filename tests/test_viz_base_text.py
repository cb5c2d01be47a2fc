"""Numbers and durations as text."""

import numpy as np
import pytest

from cnn_viz.base.text import clock_time, duration, number_texts, percent, signed_text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        pytest.param([1.0, -2.0], ["1", "−2"], id="whole"),
        pytest.param([0.5, 2.0], ["0.5", "2.0"], id="one-decimal"),
        pytest.param([1 / 3, -1e-9], ["0.33", "0.00"], id="rounded"),
        pytest.param([True, False], ["1", "0"], id="mask"),
        pytest.param([np.nan, 1.0], ["nan", "1"], id="nan"),
        pytest.param([-123456.5, 0.25], ["−1.23e+05", "0.25"], id="too-long"),
    ],
)
def test_numbers_are_written_with_the_decimals_they_need(values, texts):
    assert number_texts(values).tolist() == texts


def test_numbers_with_a_sign_have_a_true_minus():
    assert [signed_text(value) for value in (-0.123, 0.0, 4.0)] == ["−0.12", "0", "+4"]


def test_percent_keeps_one_decimal():
    assert percent(1) == "100.0 %"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3600, "1:00:00"), (36061, "10:01:01")]
)
def test_clock_times_have_minutes_and_seconds(seconds, text):
    assert clock_time(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(90.0, "90 s"), (1.0, "1 s"), (0.9994, "999 ms"), (1e-3, "1 ms"), (2.34567e-5, "23.5 µs"), (5e-8, "50 ns")],
)
def test_a_duration_is_written_in_a_unit_that_fits(seconds, words):
    assert duration(seconds) == words
