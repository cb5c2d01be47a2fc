"""How the tests run: tiers, workers, and the notebooks' warnings and memory.

Tiers       tests of the slow tier carry the marker `slow`, by where they are (tests/tiers.py) or by their own mark.
Workers     `-n auto` starts as many processes as this process has cores, at most MOST_WORKERS.
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
    """Turn our modules' warnings into errors in the kernels, which inherit the variable; so do the workers."""
    if hasattr(config, "workerinput"):
        return
    files = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    modules = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files]
    given = [os.environ["PYTHONWARNINGS"]] if os.environ.get("PYTHONWARNINGS") else []
    os.environ["PYTHONWARNINGS"] = ",".join([*given, *(f"error:::{module}" for module in modules)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Return how many workers `-n auto` starts; pytest-xdist alone would count physical cores, of the whole machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what is slow by its place, before `-m` selects."""
    for item in items:
        if item.path.is_relative_to(ROOT) and is_slow(item.path.relative_to(ROOT).as_posix()):
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
