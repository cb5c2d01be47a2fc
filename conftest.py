"""How the tests run: tiers, workers, and the notebooks' warnings and memory.

Tiers       tests of the slow tier carry the marker `slow`, by where they are (tests/tiers.py) or by their own mark.
Workers     `-n auto` starts as many processes as this process has cores, at most MOST_WORKERS, with one BLAS thread
            each: the threads of OpenBLAS wait by spinning, and would take the cores from the other processes.
Warnings    a warning from one of our modules is an error in the kernels. Every module is named to them, because Python
            does not match a part of a module's name.
Memory      a notebook fails if its kernel ever held more than LARGEST, where the system reports the peak.
"""

import os
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell
from tiers import is_slow

ROOT = Path(__file__).parent
PACKAGES = ("cnn_core", "cnn_viz", "cnn_exercises", "cnn_interop")
LARGEST = 1 << 30  # bytes
MOST_WORKERS = 4  # each may run a kernel that holds nearly LARGEST


def pytest_configure(config):
    """Set the variables that kernels and workers inherit: warnings of our modules are errors, and one BLAS thread."""
    if hasattr(config, "workerinput"):
        return
    if config.getoption("numprocesses", None):
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    files = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    modules = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files]
    given = [os.environ["PYTHONWARNINGS"]] if os.environ.get("PYTHONWARNINGS") else []
    os.environ["PYTHONWARNINGS"] = ",".join([*given, *(f"error:::{module}" for module in modules)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Return how many workers `-n auto` starts; pytest-xdist alone would count physical cores, of the whole machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)


def pytest_ignore_collect(collection_path, config):
    """Do not read a file whose tests are all slow where those are left out; None leaves the decision to others."""
    quick = config.getoption("markexpr") == "not slow"
    return True if quick and collection_path.is_file() and is_slow(relative(collection_path)) else None


def relative(path):
    """Return a path relative to the root, with forward slashes; as it is where it lies elsewhere."""
    return (path.relative_to(ROOT) if path.is_relative_to(ROOT) else path).as_posix()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what is slow by its place, before `-m` selects."""
    for item in items:
        if is_slow(relative(item.path)):
            item.add_marker("slow")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Fail after the last cell of a notebook if its kernel ever held too much memory."""
    last = isinstance(item, IPyNbCell) and getattr(nextitem, "parent", None) is not item.parent
    peak = peak_memory(item.parent.kernel.km.provisioner.pid) if last else 0
    yield
    if peak > LARGEST:
        pytest.fail(f"{item.parent.name}: the kernel held {peak / 1e6:,.0f} MB, more than {LARGEST / 1e6:,.0f} MB.")


def peak_memory(process):
    """Return the peak memory of a process in bytes; 0 where the system does not report it."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text(encoding="ascii", errors="replace").splitlines() if status.exists() else []
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
