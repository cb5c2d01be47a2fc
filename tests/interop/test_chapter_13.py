"""Chapter 13 leaves no process behind: not at its end, not where a cell raises, not where the kernel is interrupted."""

import os
import signal
import sys
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOK = ROOT / "notebooks" / "13_many_machines.ipynb"
WORKERS = "print(*client.run(os.getpid).values(), os.getpid())"
LONGEST = 20  # seconds until the workers have noticed


def opening(last):
    """Return the notebook up to the cell that opens the cluster, with a cell that prints its processes, and a last."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    opens = next(number for number, cell in enumerate(cells) if "LocalCluster(" in cell.source)
    imports = [cell for cell in cells[:1] if "import os" in cell.source]
    assert imports
    added = [nbformat.v4.new_code_cell(source) for source in (WORKERS, last)]
    notebook.cells = [*imports, cells[opens], *added]
    return notebook


def processes_of(notebook, expected):
    """Run the notebook, which ends with an error, and return its processes: the workers and the kernel."""
    client = NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}})
    with pytest.raises(expected):
        client.execute()
    (printed,) = [out for out in notebook.cells[2].outputs if out.output_type == "stream"]
    numbers = [int(each) for each in printed.text.split()]
    assert len(numbers) == 3
    return numbers


def still_running(numbers):
    """Return those processes that run after a while."""
    found = [psutil.Process(number) for number in numbers if psutil.pid_exists(number)]
    _, alive = psutil.wait_procs(found, timeout=LONGEST)
    return [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize(
    ("last", "error"),
    [
        pytest.param("1 / 0", CellExecutionError, id="exception"),
        pytest.param("raise KeyboardInterrupt", CellExecutionError, id="interrupt"),
        pytest.param("os._exit(1)", DeadKernelError, id="exit"),
        pytest.param(
            f"os.kill(os.getpid(), {int(getattr(signal, 'SIGKILL', 9))})",
            DeadKernelError,
            id="killed-kernel",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
        ),
    ],
)
def test_no_worker_survives_a_notebook_that_ends_early(last, error):
    numbers = processes_of(opening(last), error)
    assert os.getpid() not in numbers
    assert still_running(numbers) == []
