"""The kept model and the record of its training: they belong together, and README says what the record says."""

import json
from pathlib import Path

import numpy as np
import pytest
from train_model import BATCH_SIZE, MOMENTS, RUNS, SEEDS, dense_model, digits_model, one_cycle, train

from cnn_core import CrossEntropy, Model, evaluate, load_mnist

ROOT = Path(__file__).resolve().parent.parent
RECORD = json.loads((ROOT / "notebooks" / "trained" / "08_model.json").read_text())


@pytest.fixture(scope="module")
def kept():
    return Model.load(ROOT / "notebooks" / "trained" / "08_model.npz")


def test_the_record_describes_the_kept_model(kept):
    assert RECORD["model"] == repr(kept) == repr(digits_model())
    assert RECORD["batch_size"] == BATCH_SIZE
    assert f"learning_rate=OneCycle(learning_rate=0.003, steps={RECORD['epochs'][-1]['step']}," in RECORD["optimiser"]


def test_the_kept_model_reads_as_many_test_digits_as_its_record_says(kept):
    digits = load_mnist()
    cost, accuracy = evaluate(kept, digits.X_test, digits.y_test, CrossEntropy())
    assert accuracy > 0.985
    assert accuracy == pytest.approx(RECORD["test_accuracy"], abs=2e-4)  # rounding may decide a digit or two elsewhere
    assert cost == pytest.approx(RECORD["test_cost"], rel=1e-3)


def test_training_writes_a_record_with_a_mean_for_every_epoch():
    record, trace = train(digits_model(), load_mnist(limit=128), one_cycle(128))
    assert [epoch["step"] for epoch in record["epochs"]] == [2, 4, 6]
    assert record.keys() | {"runs"} == RECORD.keys()
    assert trace["cost"].shape == trace["accuracy"].shape == (6,)
    assert trace["moments"].tolist() == [0]  # no other moment is reached in six steps


def test_the_trace_is_the_kept_model_s(kept):
    with np.load(ROOT / "notebooks" / "trained" / "08_trace.npz") as trace:
        moments, F, cost = trace["moments"].tolist(), trace["F"], trace["cost"]
    steps = RECORD["epochs"][-1]["step"]
    assert (moments, len(cost)) == (list(MOMENTS), steps)
    assert moments[-1] == steps
    np.testing.assert_array_equal(F[0], digits_model().layers[0].params["F"])
    np.testing.assert_array_equal(F[-1], kept.layers[0].params["F"])
    assert cost[0] == pytest.approx(np.log(10), abs=1e-6)


def test_every_run_of_the_network_with_one_cycle_reads_more_than_99_per_cent():
    assert RECORD["runs"].keys() == RUNS.keys()
    assert {len(results) for results in RECORD["runs"].values()} == {len(SEEDS)}
    cycle, *_ = RECORD["runs"].values()
    assert cycle[0]["test_accuracy"] == RECORD["test_accuracy"]
    assert all(run["test_accuracy"] > 0.99 for run in cycle)


def test_the_network_without_convolution_has_as_many_parameters():
    sizes = [sum(param.size for _, param, _ in make().parameters()) for make in (dense_model, digits_model)]
    assert 0.998 < sizes[0] / sizes[1] <= 1


def test_readme_says_what_the_record_says():
    readme = (ROOT / "README.md").read_text()
    cycle, constant, dense = ([100 * run["test_accuracy"] for run in runs] for runs in RECORD["runs"].values())
    assert f"{', '.join(f'{each:.2f}' for each in cycle)} % of the 10,000 test digits" in readme
    for values in (constant, dense):
        assert f"{min(values):.2f} to {max(values):.2f} %" in readme
    assert f"after {RECORD['seconds']:.0f} s on {RECORD['cores']} cores (NumPy {RECORD['numpy']})" in readme
