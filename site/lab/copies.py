"""The files of the laboratory: copies of the chapters, their answers, and all files that they link to.

Layout      as in the repository, so that every relative link leads to its file.
Copies      have a note and a cell that installs this project before their first cell of code, the browser's kernel in
            place of ours, and no stored outputs: what is seen there was computed there, and a chapter is small.
"""

import json
import re
import shutil
from pathlib import Path

import nbformat

from .changes import changed, unused
from .notes import note

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|\bsrc=\"([^\"]+)\"")
INSTALL = """# Only in a browser: cnn_core, cnn_viz and what they need
import sys

if sys.platform == "emscripten":
    %pip install -q --no-deps {}"""
INSTALLED = (
    *("cnn-from-scratch", "numpy", "matplotlib", "pillow"),
    *("ipywidgets", "comm", "anywidget", "psygnal", "typing-extensions"),
)
KERNEL = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}


def copy_contents(folder):
    """Write all files of the laboratory into a folder, and return the paths of the notebooks."""
    pages = sorted(NOTEBOOKS.glob("*.md"))
    notebooks = [*sorted(NOTEBOOKS.glob("*.ipynb")), *sorted(NOTEBOOKS.glob("answers/*.ipynb"))]
    for path in sorted({*pages, *(target for page in [*notebooks, *pages] for target in linked_files(page))}):
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    for path in notebooks:
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(for_browser(nbformat.read(path, as_version=4), path), copy)
    return notebooks


def linked_files(page):
    """Return the files of the repository that a notebook or a page links to, without the notebooks."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    names = [first or second for first, second in LINK.findall(text)]
    targets = [(page.parent / name).resolve() for name in names if "://" not in name]
    return {path for path in targets if path.is_file() and path.suffix != ".ipynb"}


def for_browser(notebook, path):
    """Return a notebook with a note, a cell that installs this project, its changed cells, and no outputs."""
    name, used = path.relative_to(NOTEBOOKS).with_suffix("").as_posix(), set()
    first = next(number for number, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source, cell.outputs, cell.execution_count = changed(cell.source, name, used), [], None
    if missing := unused(name, used):
        raise ValueError(f"{name} has no longer {missing}: change site/lab/changes.py.")
    added = [nbformat.v4.new_markdown_cell(note(name), id="browser-note")]
    code, folded = INSTALL.format(" ".join(INSTALLED)), {"jupyter": {"source_hidden": True}}
    added += [nbformat.v4.new_code_cell(code, id="browser-install", metadata=folded)]
    notebook.cells[first:first] = added
    notebook.metadata.kernelspec = KERNEL
    return notebook
