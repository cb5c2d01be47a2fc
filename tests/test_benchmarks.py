"""The benchmarks measure what they say: contenders compute the same, the floor is counted right, README is written."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from benchmarks import floor, growth, run
from benchmarks.contenders import environment
from benchmarks.networks import NETWORKS
from benchmarks.plain import PlainModel
from benchmarks.variants import VARIANTS
from cnn_core import Adam, Conv2D, CrossEntropy, Flatten, FullyConnected, Model, fit

ROOT = Path(__file__).resolve().parent.parent
RESULTS = json.loads((ROOT / "benchmarks" / "results.json").read_text())
each_network = pytest.mark.parametrize("make", NETWORKS.values(), ids=lambda make: make.__name__)


@pytest.fixture
def batch(rng):
    return rng.random((8, 1, 28, 28), np.float32), rng.integers(0, 10, 8)


@each_network
def test_plain_numpy_has_the_outputs_and_gradients_of_cnn_core(batch, rng, make):
    plain = PlainModel(make())
    for layer in plain.model.layers:
        for param in layer.params.values():  # the last layer's zeros would hide everything before it
            param[...] = rng.normal(size=param.shape) / 5
    O = plain.model.forward(batch[0])
    dC_dO = rng.normal(size=O.shape).astype(np.float32)
    assert_allclose(plain.forward(batch[0]), O, rtol=1e-4, atol=1e-4)
    dC_dX = plain.model.backward(dC_dO)
    assert_allclose(plain.backward(dC_dO), dC_dX, rtol=1e-3, atol=1e-3)
    for key, _, grad in plain.model.parameters():
        assert_allclose(plain.grads[key], grad, rtol=1e-3, atol=2e-3 * np.abs(grad).max())


def test_plain_numpy_learns_as_fit_does(batch):
    X, y = batch
    plain, model = PlainModel(NETWORKS[run.FIRST]()), Model(NETWORKS[run.FIRST]())
    costs = [record.cost for record in fit(model, X, y, Adam(), CrossEntropy(), epochs=5, batch_size=8)][::2]
    assert_allclose([plain.step(X, y) for _ in range(5)], costs, rtol=1e-3)


def test_the_floor_counts_the_products_of_a_network():
    model = Model([Conv2D(2, 3), Flatten(), FullyConnected(5)], (1, 4, 4))
    conv, dense = 2 * 7 * 2 * 4 * 9, 2 * 7 * 8 * 5  # 7 examples, 2 filters on 4 windows of 9; 8 inputs of 5 nodes
    assert floor.operations(model, 7) == 2 * conv + 3 * dense  # nobody needs dC/dX of the first layer
    assert len(floor.products(model, 7)) == 5
    assert floor.seconds_in_their_shapes(model, 70, workers=2, repeats=1) > 0


def test_a_process_that_may_use_one_core_is_told_so():
    assert {environment(1)[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")} == {"1"}


TRAIN = """
import sys
import numpy as np
from benchmarks.networks import NETWORKS
from benchmarks.variants import VARIANTS
from cnn_core import Adam, CrossEntropy, Model, fit

place, *variant = sys.argv[1:]
for name in variant:
    VARIANTS[name][0]()
rng = np.random.default_rng(0)
X, y = rng.random((128, 1, 28, 28), np.float32), rng.integers(0, 10, 128)
model = Model(list(NETWORKS.values())[int(place)]())
print(*(repr(float(record.cost)) for record in fit(model, X, y, Adam(), CrossEntropy(), 2, 128, workers=2)))
"""


@functools.cache
def costs_of_training(place, *variant):
    """Return the costs of two steps, in a process of its own: a variant changes the library."""
    call = [sys.executable, "-c", TRAIN, str(place), *variant]
    return np.array(subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(), float)


@pytest.mark.parametrize("name", VARIANTS)
def test_with_a_trick_taken_away_training_gives_the_same(name):
    place = VARIANTS[name][1]
    assert len(costs_of_training(place, name)) == 4
    assert_allclose(costs_of_training(place, name), costs_of_training(place), rtol=1e-4)


def test_time_and_memory_of_growth_have_a_point_for_every_size():
    assert RESULTS["growth"].keys() == {"images", "filters", "pixels"}
    assert [n for n, _ in RESULTS["growth"]["images"]] == list(growth.IMAGES)
    assert [batch for batch, _ in RESULTS["memory"]] == list(growth.BATCHES)


def test_the_stored_memory_of_a_step_does_not_grow_with_the_batch():
    peaks = [peak for _, peak in RESULTS["memory"]]
    assert max(peaks) < 1.2 * min(peaks)


def test_readme_says_what_was_measured():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    between = readme.split(run.START, 1)[1].split("\n", 1)[1].split(run.END, 1)[0]
    assert between.strip() == run.in_readme(RESULTS).strip()


def test_every_race_has_three_rounds_and_both_times():
    races = [race for found in RESULTS["races"].values() for race in found.values()]
    for race in [*races, RESULTS["plain"], *RESULTS["tricks"].values()]:
        assert len(race["rounds"]) == 3
        assert sorted(race["rounds"])[1] == race["ratio"]
        assert min(race["ours_ms"], race["theirs_ms"]) > 0
    assert RESULTS["tricks"].keys() == VARIANTS.keys()


def test_the_floor_lies_below_the_step():
    cores = str(RESULTS["where"]["cores"])
    step = RESULTS["races"][cores][f"training step, {run.FIRST}"]["ours_ms"]
    assert RESULTS["floor"]["large_ms"] < RESULTS["floor"]["shapes_ms"] < step


def test_a_large_product_is_measured_on_every_worker():
    assert floor.operations_a_second(2, repeats=1) > 1e8
