"""The stored model, the record of its training and README agree."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from train_model import BATCH_SIZE, MOMENTS, RUNS, SEEDS, dense_model, digits_model, one_cycle, train

from cnn_core import CrossEntropy, Model, evaluate

ROOT = Path(__file__).resolve().parent.parent
RECORD = json.loads((ROOT / "cnn_core" / "data" / "trained" / "08_model.json").read_text())


@pytest.fixture(scope="module")
def trained():
    return Model.load(ROOT / "cnn_core" / "data" / "trained" / "08_model.npz")


def test_the_record_describes_the_trained_model(trained):
    assert RECORD["model"] == repr(trained) == repr(digits_model())
    assert RECORD["batch_size"] == BATCH_SIZE
    assert f"learning_rate=OneCycle(learning_rate=0.003, steps={RECORD['epochs'][-1]['step']}," in RECORD["optimiser"]


def test_the_trained_model_has_the_recorded_test_accuracy(trained, digits):
    cost, accuracy = evaluate(trained, digits.X_test, digits.y_test, CrossEntropy())
    assert accuracy > 0.985
    assert accuracy == pytest.approx(RECORD["test_accuracy"], abs=2e-4)  # rounding may change a prediction or two
    assert cost == pytest.approx(RECORD["test_cost"], rel=1e-3)


def test_training_records_every_epoch_and_every_step(digits):
    few = replace(digits, **{name: getattr(digits, name)[:128] for name in ("X_train", "y_train", "X_test", "y_test")})
    record, trace = train(digits_model(), few, one_cycle(128))
    assert [epoch["step"] for epoch in record["epochs"]] == [2, 4, 6]
    assert record.keys() | {"runs"} == RECORD.keys()
    assert trace["cost"].shape == trace["accuracy"].shape == (6,)
    assert trace["moments"].tolist() == [0]  # the next moment is step 10


def test_the_trace_ends_with_the_trained_model(trained):
    with np.load(ROOT / "cnn_core" / "data" / "trained" / "08_trace.npz") as trace:
        moments, F, cost = trace["moments"].tolist(), trace["F"], trace["cost"]
    steps = RECORD["epochs"][-1]["step"]
    assert (moments, len(cost)) == (list(MOMENTS), steps)
    assert moments[-1] == steps
    np.testing.assert_array_equal(F[0], digits_model().layers[0].params["F"])
    np.testing.assert_array_equal(F[-1], trained.layers[0].params["F"])
    assert cost[0] == pytest.approx(np.log(10), abs=1e-6)


def test_every_run_with_one_cycle_has_a_test_accuracy_above_99_per_cent():
    assert RECORD["runs"].keys() == RUNS.keys()
    assert {len(results) for results in RECORD["runs"].values()} == {len(SEEDS)}
    cycle, *_ = RECORD["runs"].values()
    assert cycle[0]["test_accuracy"] == RECORD["test_accuracy"]
    assert all(run["test_accuracy"] > 0.99 for run in cycle)


def test_the_network_without_convolution_has_as_many_parameters():
    sizes = [sum(param.size for _, param, _ in make().parameters()) for make in (dense_model, digits_model)]
    assert 0.998 < sizes[0] / sizes[1] <= 1


def test_readme_states_the_recorded_results():
    readme = (ROOT / "README.md").read_text()
    cycle, constant, dense = ([100 * run["test_accuracy"] for run in runs] for runs in RECORD["runs"].values())
    assert f"{', '.join(f'{each:.2f}' for each in cycle)} % of the 10,000 test digits" in readme
    for values in (constant, dense):
        assert f"{min(values):.2f} to {max(values):.2f} %" in readme
    assert f"after {RECORD['seconds']:.0f} s on {RECORD['cores']} cores (NumPy {RECORD['numpy']})" in readme
