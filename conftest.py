"""How the notebooks are run as tests: a warning that one of our packages gives is an error, and memory has a limit.

Warnings    every module of ours is named to the kernels, since Python takes no part of a name for the whole.
Memory      the most that a kernel ever held, read from the system at the end of its notebook, where the system says it.
"""

import os
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

ROOT = Path(__file__).parent
PACKAGES = ("cnn_core", "cnn_viz", "cnn_exercises")
LARGEST = 1 << 30  # bytes


def pytest_configure():
    """Tell the kernels, which inherit it, to raise what our modules warn of."""
    files = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    modules = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files]
    kept = [os.environ["PYTHONWARNINGS"]] if os.environ.get("PYTHONWARNINGS") else []
    os.environ["PYTHONWARNINGS"] = ",".join([*kept, *(f"error:::{module}" for module in modules)])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Fail after the last cell of a notebook if its kernel ever held too much."""
    last = isinstance(item, IPyNbCell) and getattr(nextitem, "parent", None) is not item.parent
    peak = peak_memory(item.parent.kernel.km.provisioner.pid) if last else 0
    yield
    if peak > LARGEST:
        pytest.fail(f"{item.parent.name}: the kernel held {peak / 1e6:,.0f} MB, more than {LARGEST / 1e6:,.0f} MB.")


def peak_memory(process):
    """Return the most bytes of memory that a process has held so far; 0 where the system does not say it."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
