"""The benchmarks: all competitors compute the same, the lower bound is correct, README shows the stored results."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from benchmarks import lower_bound, run, scaling
from benchmarks.ablations import ABLATIONS
from benchmarks.competitors import FORMATS, environment
from benchmarks.networks import NETWORKS
from benchmarks.plain import PlainModel
from cnn_core import Adam, Conv2D, CrossEntropy, Flatten, FullyConnected, Model, fit

ROOT = Path(__file__).resolve().parent.parent
RESULTS = json.loads((ROOT / "cnn_core" / "data" / "benchmarks.json").read_text())
each_network = pytest.mark.parametrize("make", NETWORKS.values(), ids=lambda make: make.__name__)


@pytest.fixture
def batch(rng):
    return rng.random((8, 1, 28, 28), np.float32), rng.integers(0, 10, 8)


@each_network
def test_plain_numpy_has_the_outputs_and_gradients_of_cnn_core(batch, rng, make):
    plain = PlainModel(make())
    for layer in plain.model.layers:
        for param in layer.params.values():  # zeros in the last layer would hide the others
            param[...] = rng.normal(size=param.shape) / 5
    O = plain.model.forward(batch[0])
    dC_dO = rng.normal(size=O.shape).astype(np.float32)
    assert_allclose(plain.forward(batch[0]), O, rtol=1e-4, atol=1e-4)
    dC_dX = plain.model.backward(dC_dO)
    assert_allclose(plain.backward(dC_dO), dC_dX, rtol=1e-3, atol=1e-3)
    for key, _, grad in plain.model.parameters():
        assert_allclose(plain.grads[key], grad, rtol=1e-3, atol=2e-3 * np.abs(grad).max())


def test_plain_numpy_trains_like_fit(batch):
    X, y = batch
    plain, model = PlainModel(NETWORKS[run.FIRST]()), Model(NETWORKS[run.FIRST]())
    costs = [record.cost for record in fit(model, X, y, Adam(), CrossEntropy(), epochs=5, batch_size=8)][::2]
    assert_allclose([plain.step(X, y) for _ in range(5)], costs, rtol=1e-3)


def test_the_lower_bound_counts_the_products_of_a_network():
    model = Model([Conv2D(2, 3), Flatten(), FullyConnected(5)], (1, 4, 4))
    conv, dense = 2 * 7 * 2 * 4 * 9, 2 * 7 * 8 * 5  # 7 examples, 2 filters on 4 windows of 9; 8 inputs of 5 nodes
    assert lower_bound.operations(model, 7) == 2 * conv + 3 * dense  # dC/dX of the first layer is not computed
    assert len(lower_bound.products(model, 7)) == 5
    assert lower_bound.seconds_in_their_shapes(model, 70, workers=2, repeats=1) > 0


def test_the_environment_limits_a_process_to_one_core():
    assert {environment(1)[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")} == {"1"}


TRAIN = """
import sys
import zlib
import numpy as np
from benchmarks.ablations import ABLATIONS
from benchmarks.networks import NETWORKS
from cnn_core import Adam, CrossEntropy, Model, fit

network, *ablations = sys.argv[1:]
for name in ablations:
    ABLATIONS[name][0]()
rng = np.random.default_rng(0)
X, y = rng.random((128, 1, 28, 28), np.float32), rng.integers(0, 10, 128)
make = list(NETWORKS.values())[int(network)]
print(*(repr(float(record.cost)) for record in fit(Model(make()), X, y, Adam(), CrossEntropy(), 2, 128, workers=2)))

calls = []

def note(frame, event, _):
    if event == "call" and ("cnn_core" in frame.f_code.co_filename or "ablations" in frame.f_code.co_filename):
        calls.append(frame.f_code.co_qualname)

records = fit(Model(make()), X, y, Adam(), CrossEntropy(), 2, 128, workers=1)
sys.setprofile(note)
next(records)
sys.setprofile(None)
print(len(calls), zlib.crc32(" ".join(calls).encode()))
"""


@functools.cache
def trained(network, *ablations):
    """Return the costs of two steps on two threads, and a digest of the calls in a step on one thread.

    Each call is a process of its own, because an ablation changes the library.
    """
    call = [sys.executable, "-c", TRAIN, str(network), *ablations]
    costs, calls = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return np.array(costs.split(), float), calls


@pytest.mark.slow
@pytest.mark.parametrize("name", ABLATIONS)
def test_training_gives_the_same_without_an_optimisation(name):
    network = ABLATIONS[name][1]
    costs, _ = trained(network, name)
    assert len(costs) == 4
    assert_allclose(costs, trained(network)[0], rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_changes_the_calls_of_a_training_step(name):
    network = ABLATIONS[name][1]
    assert trained(network, name)[1] != trained(network)[1]


def test_the_stored_times_and_memory_have_a_point_for_every_size():
    assert RESULTS["growth"].keys() == {"images", "filters", "pixels"}
    assert [n for n, _ in RESULTS["growth"]["images"]] == list(scaling.IMAGES)
    assert [batch for batch, _ in RESULTS["memory"]] == list(scaling.BATCHES)


def test_the_stored_memory_of_a_step_does_not_grow_with_the_batch():
    peaks = [peak for _, peak in RESULTS["memory"]]
    assert max(peaks) < 1.2 * min(peaks)


def test_readme_shows_the_stored_results():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    between = readme.split(run.START, 1)[1].split("\n", 1)[1].split(run.END, 1)[0]
    assert between.strip() == run.in_readme(RESULTS).strip()


def test_the_sentence_under_the_table_says_when_the_code_is_another_one():
    changed = "`cnn_core` has changed since then."
    measured = RESULTS | {"where": RESULTS["where"] | {"code": run.fingerprint()}}
    assert changed not in run.sentence(measured)
    assert changed in run.sentence(RESULTS | {"where": RESULTS["where"] | {"code": "another"}})


def test_the_table_shows_the_faster_memory_format(monkeypatch):
    of_cores = {"step": {"default": {"ours_ms": 1, "theirs_ms": 4, "ratio": 0.25}}}
    of_cores["step"]["channels_last"] = {"ours_ms": 1, "theirs_ms": 2, "ratio": 0.5}
    rows = run.table({"comparisons": {"2": of_cores, "1": of_cores}})
    assert rows[0].startswith("| what | one core: cnn_core | one core: PyTorch | one core: ratio | 2 cores: cnn_core |")
    assert rows[2] == "| step | 1.0 ms | 2.0 ms | **0.50** | 1.0 ms | 2.0 ms | **0.50** |"


def test_every_comparison_has_three_rounds_and_both_times():
    tasks = [found for of_cores in RESULTS["comparisons"].values() for found in of_cores.values()]
    comparisons = [comparison for found in tasks for comparison in found.values()]
    assert all(found.keys() == FORMATS.keys() for found in tasks)
    for comparison in [*comparisons, RESULTS["plain"], *RESULTS["ablations"].values()]:
        assert len(comparison["rounds"]) == 3
        assert sorted(comparison["rounds"])[1] == comparison["ratio"]
        assert min(comparison["ours_ms"], comparison["theirs_ms"]) > 0
    assert RESULTS["ablations"].keys() == ABLATIONS.keys()


def test_the_lower_bound_is_below_the_time_of_a_step():
    cores = str(RESULTS["where"]["cores"])
    step = run.faster(RESULTS["comparisons"][cores][f"training step, {run.FIRST}"])["ours_ms"]
    assert RESULTS["lower_bound"]["large_ms"] < RESULTS["lower_bound"]["shapes_ms"] < step


def test_a_large_product_is_measured_on_every_worker():
    assert lower_bound.operations_a_second(2, repeats=1) > 1e8
