"""Which notebooks a reader can do something in: found by reading them, not from a list."""

import ast
import json
import os

from browser.lab import ROOT

QUICK = "01_convolution 05_fully_connected"  # together they have every kind of control
ASKED = os.environ.get("CNN_BROWSER_NOTEBOOKS", QUICK)  # names, or 'all'


def calls(path):
    """Return the names of the functions that a notebook's code cells call, in their order."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    trees = [ast.parse("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    made = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [name.id for name in made if isinstance(name, ast.Name)]


def path_of(name):
    """Return the file of a notebook."""
    return ROOT / "notebooks" / f"{name}.ipynb"


def alive():
    """Return the names of the notebooks with a widget or a live display."""
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    return [path.stem for path in paths if {"explore", "watch"} & set(calls(path))]


def chosen():
    """Return the names of the notebooks to be opened: two quick ones, unless CNN_BROWSER_NOTEBOOKS says otherwise."""
    return alive() if ASKED == "all" else ASKED.split()
