"""The answers notebooks, run in this process: every answer is accepted, and each cell prints the stored text.

This takes a fraction of the time of a kernel for each notebook. `make test-all` runs them in kernels as well, and only
there those that train networks and those of the slow tier's chapters.
"""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import nbformat
import pytest
from tiers import is_slow

pytestmark = pytest.mark.usefixtures("designs_trained_once")

ANSWERS = sorted((Path(__file__).resolve().parent.parent / "notebooks" / "answers").glob("*.ipynb"))
TRAINING = ("00_the_whole_network", "08_model")
SLOW = [each.stem for each in ANSWERS if each.stem in TRAINING or is_slow(f"notebooks/{each.name}")]
CASES = [pytest.param(each, marks=[pytest.mark.slow] * (each.stem in SLOW), id=each.stem) for each in ANSWERS]


def run(cell, names):
    """Run a code cell in a dictionary of names, and return the text that it prints."""
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(cell.source, "<cell>", "exec"), names)
    return printed.getvalue()


def stored(cell):
    """Return the printed text that is stored with a cell."""
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


@pytest.mark.parametrize("path", CASES)
def test_the_cells_of_an_answers_notebook_print_the_stored_text(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the answers need no folder of their own
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    names = {"__name__": "__main__"}
    assert [run(cell, names) for cell in cells] == [stored(cell) for cell in cells]
    assert any("Right." in stored(cell) for cell in cells)
