"""Run notebooks from top to bottom and store their outputs, as the same bytes in every run.

Usage     python tools/run_notebooks.py [notebook ...]      (without names: all chapters and all worked answers)
Stored    code, text, printed text and PNGs, counts from 1 to n; no times, no version of Python, no widget state.
Widgets   in place of a live widget, the PNG and the text that were displayed with it.
Refused   a notebook with a cell that raises, unless the cell is tagged raises-exception; its file stays unchanged.
"""

import itertools
import json
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
SECONDS_PER_CELL = 900
WIDGET = "application/vnd.jupyter.widget-view+json"
VOLATILE_IN_NOTEBOOK = ("widgets", "signature")
VOLATILE_IN_CELL = ("execution", "ExecuteTime", "trusted", "scrolled", "collapsed")
# Jupyter adds the version of Python; without it every Python 3 stores the same bytes.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def chapters():
    """Return the paths of every chapter and every worked answer, in reading order."""
    folder = ROOT / "notebooks"
    return sorted(folder.glob("[0-9]*.ipynb")) + sorted((folder / "answers").glob("*.ipynb"))


def read(path):
    """Return the notebook in a file, with a unique id for every cell."""
    text = path.read_text(encoding="utf-8")
    version = json.loads(text).get("nbformat")
    if version != 4:
        raise ValueError(f"{path}: expected nbformat 4, got {version}.")
    notebook = nbformat.v4.reads(text)
    notebook.nbformat_minor = 5
    give_ids(notebook.cells)
    return notebook


def give_ids(cells):
    """Set an id where a cell has none or the id of an earlier cell; nbformat would choose a random one."""
    taken = {cell.get("id") for cell in cells}
    free = (f"cell-{number}" for number in itertools.count() if f"cell-{number}" not in taken)
    seen = {None}
    for cell in cells:
        cell["id"] = next(free) if cell.get("id") in seen else cell["id"]
        seen.add(cell["id"])


def run(notebook, folder):
    """Run all cells in place, in a new kernel whose working directory is the folder."""
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS_PER_CELL,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # otherwise the number of pieces of printed text depends on timing
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()


def tidy(notebook):
    """Remove, in place, the metadata and outputs that differ between runs or machines."""
    for key in VOLATILE_IN_NOTEBOOK:
        notebook.metadata.pop(key, None)
    notebook.metadata.update(nbformat.from_dict(METADATA))
    for cell in notebook.cells:
        for key in VOLATILE_IN_CELL:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = without_live_widgets(cell.outputs)


def without_live_widgets(outputs):
    """Return the outputs without live widgets; the PNG and the text beside them stay."""
    for output in outputs:
        output.get("data", {}).pop(WIDGET, None)
    return [output for output in outputs if output.get("data", True)]


def store(notebook, path):
    """Write the notebook atomically: under a temporary name in the same folder, then renamed."""
    nbformat.validate(notebook)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    os.replace(temporary, path)


def run_and_store(path):
    """Run one notebook and store it; return whether this succeeded."""
    try:
        notebook = read(path)
        run(notebook, path.parent)
    except (CellControlSignal, DeadKernelError, OSError, ValueError) as error:
        print(f"{os.path.relpath(path)}: not stored.\n{error}", file=sys.stderr)
        return False
    tidy(notebook)
    store(notebook, path)
    print(f"{os.path.relpath(path)}: stored.")
    return True


def main(names):
    """Run the named notebooks, or all of them; return the exit status."""
    outcomes = [run_and_store(path) for path in map(Path, names or chapters())]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
