"""The recipe of chapter 12: its record, the network that is kept, and the functions that make them."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import train_deeper
from scipy import ndimage
from train_deeper import (
    ABSENT,
    CHOICES,
    ENDS,
    EPOCHS,
    FILE,
    FULL,
    NETWORK_FILE,
    PLAIN,
    SEEDS,
    TIMED,
    Recipe,
    ablation_rows,
    described,
    followed,
    new_average,
    short_run,
    step_count,
    step_times,
    training,
    views,
)

from cnn_core import BatchNorm2D, CrossEntropy, Dropout, Model, Pool2D, Step, evaluate, softmax_forward

README = Path(__file__).resolve().parent.parent / "README.md"
RECORD = json.loads(FILE.read_text())
FINAL, ROWS = RECORD["final"], {row["name"]: row for row in RECORD["ablation"]}


@pytest.fixture(scope="module")
def kept():
    return Model.load(NETWORK_FILE)


@pytest.fixture(scope="module")
def few(digits):
    return digits.X_train[:300], digits.y_train[:300]


@pytest.fixture
def small(monkeypatch, digits):
    """Return 400 training digits without test digits, for short runs of 200 digits and one epoch."""
    monkeypatch.setattr(train_deeper, "SHORT", {"digits": 200, "held_out": 200, "epochs": 1})
    return replace(digits, X_train=digits.X_train[:400], y_train=digits.y_train[:400], X_test=None, y_test=None)


def trained(recipe, few, epochs=2, workers=None):
    """Return the trained network, its average, and the records."""
    model, average = recipe.model(), new_average(len(few[0]), epochs)
    records = list(training(model, *few, recipe, epochs, average, workers))
    return model, average.model(), records


def numbers_of(*models):
    """Return all parameters and running statistics of the models."""
    arrays = [param for model in models for _, param, _ in model.parameters()]
    return arrays + [array for model in models for layer in model.layers for array in layer.state.values()]


# --- the record -------------------------------------------------------------------------------------------------------


def test_the_record_describes_the_recipe():
    assert RECORD | described() == RECORD
    assert RECORD["parameters"] <= 30_000


def test_the_recipe_reaches_its_goal_within_five_minutes():
    assert FINAL["seeds"] == list(SEEDS)
    assert np.mean(FINAL["averaged"]) > 0.995
    assert np.mean(FINAL["views"]) > 0.995
    assert FINAL["ms_per_step"] / 1000 * step_count(60_000, EPOCHS) < 300
    assert {len(FINAL[key]) for key in ("accuracy", "averaged", "views", "held_out", "seconds")} == {3}


def test_the_kept_network_is_that_of_the_first_seed(kept, digits):
    assert [repr(layer) for layer in kept.layers] == RECORD["network"]
    accuracy = evaluate(kept, digits.X_test, digits.y_test, CrossEntropy())[1]
    assert accuracy == pytest.approx(FINAL["averaged"][0], abs=2e-4)  # rounding may change a prediction or two


def test_the_record_has_every_row_with_every_seed():
    assert list(ROWS) == [name for name, *_ in ablation_rows()]
    assert [Recipe(**row["recipe"]) for row in ROWS.values()] == [recipe for *_, recipe in ablation_rows()]
    assert [row["name"] for row in RECORD["choices"]] == list(CHOICES)
    assert {len(row["accuracy"]) for row in ROWS.values()} == {len(SEEDS)}
    assert {len(row["accuracy"]) for row in RECORD["choices"]} == {1}
    assert list(RECORD["speed"]) == list(TIMED)


def test_the_whole_recipe_is_better_than_the_plain_network_and_than_any_part_alone():
    means = {name: np.mean(row["accuracy"]) for name, row in ROWS.items()}
    others = [mean for name, mean in means.items() if ROWS[name]["kind"] in ("plain", "with")]
    assert means["all"] > max(others)


def test_the_curves_are_those_of_the_first_seed():
    curves = RECORD["curves"]
    assert curves["epoch"] == list(range(1, EPOCHS + 1))
    assert {len(each) for each in curves.values()} == {EPOCHS}
    assert curves["averaged"][-1] == FINAL["held_out"][0]


def test_readme_states_the_recorded_results():
    text = README.read_text()
    for key in ("averaged", "views"):
        assert f"{', '.join(f'{100 * each:.2f}' for each in FINAL[key])} %" in text
    assert f"{RECORD['parameters']:,} parameters" in text


# --- the recipe -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ABSENT)
def test_a_part_is_all_that_is_taken_away_or_added(part):
    recipes = {name: asdict(recipe) for name, _, _, recipe in ablation_rows()}
    for base, name in (("all", f"without {part}"), ("plain", f"with {part}")):
        changed = {key for key, value in recipes[name].items() if value != recipes[base][key]}
        assert changed == ABSENT[part].keys()


def test_the_plain_network_has_none_of_the_parts():
    assert not any(isinstance(layer, (BatchNorm2D, Dropout)) for layer in PLAIN.model().layers)
    optimiser = PLAIN.optimiser(100)
    assert (optimiser.weight_decay, optimiser.learning_rate) == (0, 0.003)
    assert (PLAIN.augmentation, PLAIN.averaged) == ("none", False)


def test_pooling_last_leaves_the_order_of_all_else():
    first, last = (replace(FULL, pooled_first=each).model().layers for each in (True, False))
    assert [layer.name for layer in last[:4]] == ["Conv2D", "BatchNorm2D", "ReLU", "Pool2D"]
    assert [type(each) for each in first if not isinstance(each, Pool2D)] == [
        type(each) for each in last if not isinstance(each, Pool2D)
    ]


@pytest.mark.parametrize("end", ENDS)
def test_every_end_starts_with_equal_scores_and_has_at_most_30_000_parameters(end, few):
    model = replace(FULL, end=end).model()
    assert model.parameter_count() <= 30_000
    assert not model.predict(few[0][:3]).any()


def test_the_last_epoch_is_clean_and_its_steps_go_on(monkeypatch, few):
    seen, shifted = [], train_deeper.AUGMENTATIONS["shifts"]
    monkeypatch.setitem(train_deeper.AUGMENTATIONS, "shifts", lambda X, rng: seen.append(len(X)) or shifted(X, rng))
    records = [each for each in trained(FULL, few, 3)[2] if isinstance(each, Step)]
    assert sum(seen) == 2 * len(few[0]) + 32  # fit tries augment on 32 digits
    rates = [each.learning_rate for each in records]
    assert rates == [FULL.optimiser(9).learning_rate(step) for step in range(9)]


@pytest.mark.slow  # it trains for seconds
def test_one_seed_gives_the_same_bits_for_any_number_of_workers_with_shifts_rotations_and_dropout(few):
    recipe = replace(FULL, augmentation="shifts and rotations", dropout=0.2)
    first, *others = (numbers_of(*trained(recipe, few, workers=workers)[:2]) for workers in (1, 1, 2, 4))
    for other in others:
        assert [array.tobytes() for array in other] == [array.tobytes() for array in first]
    assert any((a != b).any() for a, b in zip(first, numbers_of(*trained(FULL, few)[:2]), strict=True))


def test_views_are_the_mean_of_nine_predictions(kept, digits):
    X = digits.X_test[:5]
    moves = [(0, 0, row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    wanted = np.mean([softmax_forward(kept.predict(ndimage.shift(X, move, order=0))) for move in moves], axis=0)
    np.testing.assert_allclose(views(kept, X), wanted, atol=1e-6)


# --- the runs ---------------------------------------------------------------------------------------------------------


def test_a_short_run_needs_no_test_digits_and_takes_the_first_digits_alone(small):
    other = replace(small, y_train=np.concatenate([small.y_train[:200], np.roll(small.y_train[200:], 1)]))
    first, second = (numbers_of(*short_run(FULL, 0, digits)) for digits in (small, other))
    assert [array.tobytes() for array in first] == [array.tobytes() for array in second]


def test_rows_are_evaluated_on_the_held_out_digits_with_their_weights(monkeypatch, small):
    monkeypatch.setattr(train_deeper, "store", lambda record: None)
    rows = [{"recipe": asdict(replace(FULL, averaged=each)), "accuracy": [], "cost": []} for each in (True, False)]
    train_deeper.complete(rows, {}, small, [0])
    last, averaged = short_run(FULL, 0, small)
    held = small.X_train[200:], small.y_train[200:]
    for row, model in zip(rows, (averaged, last), strict=True):
        assert (row["cost"][0], row["accuracy"][0]) == evaluate(model, *held, CrossEntropy())


def test_rows_that_differ_in_the_weights_alone_share_a_training_and_are_not_made_twice(monkeypatch, small):
    made, models = [], ("last", "averaged")
    monkeypatch.setattr(train_deeper, "short_run", lambda recipe, seed, digits: made.append((recipe, seed)) or models)
    monkeypatch.setattr(train_deeper, "evaluate", lambda model, *_: (0.5, model))
    monkeypatch.setattr(train_deeper, "store", lambda record: None)
    record = {}
    train_deeper.ablation(record, small)
    rows = {row["name"]: row for row in record["ablation"]}
    assert rows["all"]["accuracy"] == ["averaged"] * 3
    assert rows["without weight average"]["accuracy"] == ["last"] * 3
    assert len(made) == len(SEEDS) * (len(rows) - 2)
    rows["plain"]["accuracy"].pop()
    made.clear()
    train_deeper.ablation(record, small)
    assert made == [(PLAIN, 2)]
    assert {len(row["accuracy"]) for row in rows.values()} == {3}


def test_results_of_other_settings_are_left_out():
    assert train_deeper.comparable(RECORD) == RECORD | train_deeper.where()
    for key, gone in (("short", {"choices", "ablation"}), ("recipe", {"final", "curves"})):
        assert RECORD.keys() - train_deeper.comparable(RECORD | {key: {}}) == gone


def test_rows_of_another_recipe_are_begun_anew():
    record = {"choices": [{"name": "a", "recipe": {"rate": 1}, "accuracy": [1], "cost": [0]}]}
    assert train_deeper.begun(record, "choices", [{"name": "a", "recipe": {"rate": 1}}])[0]["accuracy"] == [1]
    assert train_deeper.begun(record, "choices", [{"name": "a", "recipe": {"rate": 2}}])[0]["accuracy"] == []


def test_followed_has_the_recorded_curves(monkeypatch, few):
    monkeypatch.setattr(train_deeper, "EPOCHS", 2)
    curves = followed(FULL.model(), few, few)
    assert curves.keys() == RECORD["curves"].keys()
    assert curves["epoch"] == [1, 2]


def test_every_recipe_is_timed(monkeypatch, digits):
    monkeypatch.setattr(train_deeper, "ROUNDS", 5)
    times = step_times([PLAIN, FULL, PLAIN], digits)
    assert list(times) == [PLAIN, FULL]
    assert all(each > 0 for each in times.values())
