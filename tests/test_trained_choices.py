"""The record of the sweeps of chapter 08, and the functions that make it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from train_choices import (
    CHOSEN,
    LONG,
    RATES,
    SEEDS,
    SETTINGS,
    SIZES,
    answers_to,
    frozen_model,
    overfitting,
    sweep,
    train,
)
from train_model import HELD_OUT, LEARNING_RATE, digits_model, split

FOLDER = Path(__file__).resolve().parent.parent / "cnn_core" / "data" / "trained"
RECORD = json.loads((FOLDER / "08_choices.json").read_text())


@pytest.fixture(scope="module")
def few(digits):
    return digits.X_train[:40], digits.y_train[:40]


def test_the_parts_are_training_digits_and_share_none(digits):
    numbers = np.arange(60_000)
    (X, y), (X_held_out, y_held_out) = split(replace(digits, X_train=numbers))
    assert (len(X), len(X_held_out)) == (60_000 - HELD_OUT, HELD_OUT)
    np.testing.assert_array_equal(np.concatenate([X, X_held_out]), numbers)
    np.testing.assert_array_equal(np.concatenate([y, y_held_out]), digits.y_train)


def test_the_record_holds_every_setting_with_every_seed():
    assert list(RECORD["sweep"]) == [f"{shape}, {rate}" for shape, rate in SETTINGS] + ["first layer frozen"]
    assert {len(runs) for runs in RECORD["sweep"].values()} == {len(SEEDS)}
    assert RECORD["rates"].keys() == {f"one cycle, {rate}" for rate in RATES}
    assert {len(runs) for runs in RECORD["rates"].values()} == {len(SEEDS)}
    assert RECORD["overfitting"].keys() == {str(size) for size in SIZES}
    assert {name: run["epochs"] for name, run in RECORD["long"].items()} == {name: run[1] for name, run in LONG.items()}


def test_the_stored_model_is_trained_with_the_setting_of_the_long_runs():
    assert CHOSEN == ("one cycle", LEARNING_RATE)


def test_the_stored_answers_are_those_of_the_recorded_run():
    with np.load(FOLDER / "08_held_out.npz") as answers:
        confidence, correct = answers["confidence"], answers["correct"]
    assert confidence.shape == correct.shape == (HELD_OUT,)
    assert correct.mean() == pytest.approx(RECORD["long"]["convolution"]["accuracy"], abs=1e-9)
    assert confidence.min() > 0.1
    assert confidence.max() <= 1


def test_a_network_overfits_the_fewer_digits_the_more():
    ends = [run["end"] for run in RECORD["overfitting"].values()]
    gaps = [end["accuracy"] - end["held_out_accuracy"] for end in ends]
    assert gaps == sorted(gaps, reverse=True)


def test_a_frozen_layer_keeps_its_start_and_the_others_learn(few):
    model = frozen_model()
    before = [param.copy() for _, param, _ in model.parameters()]
    train(model, few, few, CHOSEN, 2)
    same = [np.array_equal(param, old) for (_, param, _), old in zip(model.parameters(), before, strict=True)]
    assert same == [True, True] + [False] * 6


def test_a_constant_rate_and_one_cycle_lead_to_different_networks(few):
    networks = [digits_model(), digits_model()]
    for model, shape in zip(networks, ("constant", "one cycle"), strict=True):
        train(model, few, few, (shape, 0.003), 2)
    assert not np.array_equal(*(model.layers[-1].params["W"] for model in networks))


@pytest.mark.slow  # it trains for seconds
def test_the_sweep_has_an_accuracy_for_every_seed(few):
    found = sweep(few, few)
    assert found.keys() == RECORD["sweep"].keys()
    assert all(0 <= accuracy <= 1 for runs in found.values() for accuracy in runs)


@pytest.mark.slow  # it trains for seconds
def test_overfitting_has_the_recorded_entries(few):
    found = overfitting(few, few)
    stored = RECORD["overfitting"]["1000"]
    assert found[1000].keys() == stored.keys()
    assert found[1000]["end"].keys() == stored["end"].keys()
    assert len(found[1000]["epochs"]) == len(stored["epochs"]) == SIZES[1000]


def test_the_answers_are_the_confidence_and_whether_it_was_right(few):
    answers = answers_to(digits_model(), *few)
    np.testing.assert_allclose(answers["confidence"], 0.1, rtol=1e-6)
    np.testing.assert_array_equal(answers["correct"], few[1] == 0)
