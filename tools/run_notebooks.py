"""Run notebooks from top to bottom and store what they show, as the same bytes each time.

Usage     python tools/run_notebooks.py [notebook ...]      (no names: every chapter and every worked answer)
Stored    code, text, printed text and PNGs, counts from 1 to n. Not stored: times, the version of Python, widget state.
Widgets   a live widget is stored as what it showed: the PNG and the text that were displayed with it.
Refused   a notebook with a cell that raises, unless the cell is tagged raises-exception; its file stays as it was.
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
# Jupyter writes the version of Python here; without it, another Python 3 stores the same bytes.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def chapters():
    """Return the paths of every chapter and every worked answer, in reading order."""
    folder = ROOT / "notebooks"
    return sorted(folder.glob("[0-9]*.ipynb")) + sorted((folder / "answers").glob("*.ipynb"))


def read(path):
    """Return the notebook in a file, every cell with an id of its own."""
    text = path.read_text(encoding="utf-8")
    version = json.loads(text).get("nbformat")
    if version != 4:
        raise ValueError(f"{path}: expected nbformat 4, got {version}.")
    notebook = nbformat.v4.reads(text)
    notebook.nbformat_minor = 5
    give_ids(notebook.cells)
    return notebook


def give_ids(cells):
    """Give an id to each cell that has none, or that has another's; nbformat would make up a random one."""
    taken = {cell.get("id") for cell in cells}
    free = (f"cell-{number}" for number in itertools.count() if f"cell-{number}" not in taken)
    seen = {None}
    for cell in cells:
        cell["id"] = next(free) if cell.get("id") in seen else cell["id"]
        seen.add(cell["id"])


def run(notebook, folder):
    """Run all cells in a new kernel that works in the folder, changing the notebook in place."""
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS_PER_CELL,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # else the pieces of printed text are as the moment had them
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()


def tidy(notebook):
    """Take out, in place, what changes from run to run or from machine to machine."""
    for key in VOLATILE_IN_NOTEBOOK:
        notebook.metadata.pop(key, None)
    notebook.metadata.update(nbformat.from_dict(METADATA))
    for cell in notebook.cells:
        for key in VOLATILE_IN_CELL:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = without_live_widgets(cell.outputs)


def without_live_widgets(outputs):
    """Return the outputs with what live widgets showed in place of the widgets themselves."""
    for output in outputs:
        output.get("data", {}).pop(WIDGET, None)
    return [output for output in outputs if output.get("data", True)]


def store(notebook, path):
    """Write the notebook under a temporary name in the same folder and put it in place in one step."""
    nbformat.validate(notebook)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    os.replace(temporary, path)


def run_and_store(path):
    """Run one notebook and store it; say whether that went well."""
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
