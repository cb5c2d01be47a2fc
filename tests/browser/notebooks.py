"""The notebooks with a widget or a live display, found by reading their code."""

import ast
import json
import os

from browser.lab import ROOT

DEFAULT = "01_convolution 05_fully_connected"  # together they have every kind of control
NAMED = os.environ.get("CNN_BROWSER_NOTEBOOKS", DEFAULT)  # names, or 'all'


def calls(path):
    """Return the names of the functions that a notebook's code cells call, in order."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    trees = [ast.parse("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    made = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [name.id for name in made if isinstance(name, ast.Name)]


def path_of(name):
    """Return the file of a notebook."""
    return ROOT / "notebooks" / f"{name}.ipynb"


def interactive():
    """Return the names of the notebooks with a widget or a live display."""
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    return [path.stem for path in paths if {"drawing_pad", "explore", "watch"} & set(calls(path))]


def chosen():
    """Return the names of the notebooks to open: the two defaults, unless CNN_BROWSER_NOTEBOOKS names others."""
    return interactive() if NAMED == "all" else NAMED.split()
