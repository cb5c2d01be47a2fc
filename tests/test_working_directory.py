"""The notebooks run from any working directory: files that they open come with cnn_core and are found through it.

JupyterLab starts a kernel in the notebook's folder, VS Code in the root of the workspace, and a reader of the wheel
has neither of the two. Cells find their files by importlib.resources.files("cnn_core").
"""

import ast
import os
from importlib.resources import files
from pathlib import Path

import nbformat
import pytest
import run_notebooks
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb")) + sorted((ROOT / "notebooks/answers").glob("*.ipynb"))
FOLDERS = (ROOT, ROOT / "notebooks", ROOT / "notebooks/answers")
SHORT = ("00_the_whole_network", "05_fully_connected", "06_loss")  # chapters that open files, and take few seconds
NAMES = "import json\nfrom cnn_core import *\nfrom importlib.resources import files"


def id_of(path):
    return path.relative_to(ROOT / "notebooks").with_suffix("").as_posix()


def code_of(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def relative_paths(source):
    """Return the texts in a cell that are paths relative to the working directory, unless they follow files(...) /."""
    tree = ast.parse(source)
    found = {node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    found -= {node.right for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)}
    return [each.value for each in found if is_path(each.value)]


def is_path(text):
    looks = text.startswith(("../", "./")) or text.endswith((".npz", ".json", ".png", ".gz", ".csv"))
    is_relative = "/" in text and text[0] != "/" and "\n" not in text
    return looks or (is_relative and any(os.path.exists(folder / text) for folder in FOLDERS))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=id_of)
def test_no_cell_opens_a_file_relative_to_the_working_directory(path):
    assert [text for source in code_of(path) for text in relative_paths(source)] == []


@pytest.mark.parametrize(
    "source",
    [
        'Model.load("trained/08_model.npz")',
        'Path("../benchmarks/results.json")',
        'PICTURE = "../imgs/own_digit.png"',
        'np.load("./08_trace")',
        'open("cnn_core/data/mnist/README.md")',
    ],
)
def test_a_relative_path_is_seen(source):
    assert len(relative_paths(source)) == 1


def statements_with_files(source):
    """Return the statements of a cell that use a file of the library."""
    lines = [ast.unparse(node) for node in ast.parse(source).body if not isinstance(node, ast.FunctionDef)]
    return [line for line in lines if any(word in line for word in ("files(", "TRAINED"))]


OPENING = {path: [line for source in code_of(path) for line in statements_with_files(source)] for path in NOTEBOOKS}


@pytest.mark.parametrize("path", [path for path, lines in OPENING.items() if lines], ids=id_of)
def test_the_statements_that_open_a_file_work_from_another_directory(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(NAMES, names)
    for line in OPENING[path]:
        exec(line, names)
    if "PICTURE" in names:
        with Image.open(names["PICTURE"]) as picture:
            assert min(picture.size) > 100
    assert list(tmp_path.iterdir()) == []


def test_the_chapters_that_open_files_are_found():
    assert [id_of(path) for path, lines in OPENING.items() if lines] == [
        "00_the_whole_network",
        "04_pooling",
        "06_loss",
        "07_optimisers",
        "08_model",
        "09_how_fast_can_numpy_go",
        "10_look_inside",
        "11_bug_museum",
        "12_deeper_and_better",
        "13_many_machines",
        "answers/08_model",
    ]


@pytest.mark.parametrize("name", ["trained/08_model.npz", "trained/08_model.json", "benchmarks.json", "own_digit.png"])
def test_the_files_come_with_the_library(name):
    assert (files("cnn_core") / "data" / name).is_file()


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in OPENING if path.stem in SHORT], ids=id_of)
def test_a_whole_chapter_runs_from_another_directory(path, tmp_path):
    run_notebooks.run(run_notebooks.read(path), tmp_path)
    assert list(tmp_path.iterdir()) == []
