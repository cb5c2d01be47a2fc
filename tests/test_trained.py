"""The kept model and the record of its training: they belong together, and README says what the record says."""

import json
from pathlib import Path

import pytest
from train_model import BATCH_SIZE, digits_model, train

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
    record = train(digits_model(), load_mnist(limit=128))
    assert [epoch["step"] for epoch in record["epochs"]] == [2, 4]
    assert record.keys() == RECORD.keys()


def test_readme_says_what_the_record_says():
    readme = (ROOT / "README.md").read_text()
    assert f"{RECORD['test_accuracy']:.2%}".replace("%", " %") in readme
    assert f"{RECORD['seconds']:.0f} s" in readme
    assert f"NumPy {RECORD['numpy']}" in readme
