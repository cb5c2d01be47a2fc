"""The stored comparison of the optimisers: complete, fair in its ranges, and repeated by the code that wrote it."""

import json

import pytest
from train_optimisers import (
    BATCH_SIZES,
    FILE,
    FINAL_SEEDS,
    LARGE_RATES,
    METHODS,
    RATES,
    SCHEDULES,
    SEEDS,
    best_rate,
    network,
    percent_correct,
    train,
)

from cnn_core import GradientDescent

RECORD = json.loads(FILE.read_text())


def test_every_method_is_recorded_with_every_rate_and_seed():
    assert RECORD["model"] == repr(network(0))
    for part, names, rates in (
        ("methods", METHODS, RATES),
        ("batches", map(str, BATCH_SIZES), LARGE_RATES),
        ("schedules", SCHEDULES, LARGE_RATES),
    ):
        assert set(RECORD[part]) == set(names)
        assert {len(rows) for rows in RECORD[part].values()} == {len(rates)}
        assert {len(row) for rows in RECORD[part].values() for row in rows} == {len(SEEDS)}


@pytest.mark.parametrize("name", METHODS)
def test_the_final_rate_is_the_best_on_the_held_out_digits_and_lies_inside_the_range(name):
    rate = RECORD["finals"][name]["rate"]
    assert rate == best_rate(RECORD["methods"][name], RATES)
    assert RATES[0] < rate < RATES[-1]
    assert len(RECORD["finals"][name]["test"]) == len(FINAL_SEEDS)


def test_a_rate_at_which_a_run_diverged_is_not_the_best():
    assert best_rate([[50.0, 60.0], [99.0, None], [55.0, 58.0]], [0.1, 0.2, 0.3]) == 0.3


def test_the_final_seeds_had_no_part_in_the_choice_of_a_rate():
    assert not set(SEEDS) & set(FINAL_SEEDS)


@pytest.mark.slow  # it trains for seconds
def test_a_recorded_run_is_repeated(digits):
    model = train(digits, GradientDescent(1.0), seed=0, steps=50, batch_size=128)
    recorded = RECORD["batches"]["128"][LARGE_RATES.index(1.0)][0]
    again = percent_correct(model, digits.X_train[-5000:], digits.y_train[-5000:])
    assert again == pytest.approx(recorded, abs=3)  # other machines round differently
