"""The library where no thread, no process and no SIGINT can be had, as in the browser: its own tests under a plugin.

Both halves run at the same time, each in a process of its own.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
HALVES = (
    "convolution mnist model shapes dilation fully_connected".split(),
    "pooling training layer losses optimisers activations checkpoint".split(),
)
OWN = 4  # tests that start threads or processes themselves
OPTIONS = "-q --no-header -p without_threads -p no:cacheprovider -p no:xdist -p no:nbval".split()

TRAINING = """
import numpy as np
from cnn_core import Adam, CrossEntropy, Flatten, FullyConnected, Model, fit
rng = np.random.default_rng(0)
X, y = rng.random((64, 1, 4, 4)), np.arange(64) % 10
def trained(workers):
    model = Model([Flatten(), FullyConnected(10)], (1, 4, 4))
    list(fit(model, X, y, Adam(), CrossEntropy(), workers=workers))
    return model.predict(X)
expected = trained(1)
import without_threads
without_threads.pytest_configure()
assert all((trained(workers) == expected).all() for workers in (None, 1, 2))
"""


def start(*arguments):
    """Start Python with the tests' helpers, without the addopts that read notebooks."""
    command = [sys.executable, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_the_librarys_own_tests_pass_without_threads_processes_and_interrupts():
    files = [[f"tests/test_{name}.py" for name in half] for half in HALVES]
    override = ["-o", "addopts=--import-mode=importlib -rs"]
    runs = [start("-m", "pytest", *OPTIONS, *override, "-m", "not slow", *half) for half in files]
    outputs = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(output[-3000:] for output in outputs)
    assert all(int(re.search(r"(\d+) passed", output)[1]) > 500 for output in outputs)
    skipped = [line for output in outputs for line in output.splitlines() if line.startswith("SKIPPED")]
    assert all("asks for it" in line for line in skipped)
    assert sum(int(re.search(r"\[(\d+)\]", line)[1]) for line in skipped) <= OWN


def test_training_falls_back_to_the_calling_thread_with_the_same_bits():
    run = start("-c", f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r})\n{TRAINING}")
    output, _ = run.communicate()
    assert run.returncode == 0, output
