"""The laboratory's digits, notes and copies of the notebooks, without JupyterLite."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from lab.changes import LEFT_OUT, SMALLER, changed, unused
from lab.copies import copy_contents, for_browser, linked_files
from lab.digits import TRAINING, put_few_digits
from lab.notes import DIFFERS, PARTLY

from cnn_core import load_mnist

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = {path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
LOADED = """
import numpy as np
from cnn_core import load_mnist
small, twenty, other, all_ = load_mnist(limit=2000), load_mnist(limit=20), load_mnist(limit=20, seed=1), load_mnist()
assert (twenty.X_train == small.X_train[:20]).all() and (load_mnist(limit=6000).X_train == small.X_train).all()
assert (all_.X_train == small.X_train).all() and (other.X_train != twenty.X_train).any()
np.savez("loaded.npz", **vars(small))
for bad in (0, -1, "9", 2.5):
    try:
        load_mnist(limit=bad)
    except (TypeError, ValueError) as error:
        assert str(error).startswith("load_mnist: limit"), error
    else:
        raise AssertionError(bad)
"""


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contents")
    copy_contents(folder)
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Return a folder with a copy of cnn_core that has few digits."""
    folder = tmp_path_factory.mktemp("few")
    shutil.copytree(ROOT / "cnn_core", folder / "cnn_core", ignore=shutil.ignore_patterns("__pycache__"))
    put_few_digits(folder / "cnn_core")
    return folder


def run(few, code):
    return subprocess.run([sys.executable, "-c", code], cwd=few, capture_output=True, text=True, check=False)


def test_load_mnist_returns_the_same_digits_in_the_laboratory_as_elsewhere(few):
    done = run(few, LOADED)
    assert done.returncode == 0, done.stderr
    expected = load_mnist(limit=TRAINING)
    with np.load(few / "loaded.npz") as loaded:
        for name, array in vars(expected).items():
            assert loaded[name].dtype == array.dtype
            assert np.array_equal(loaded[name], array)


def test_a_changed_digit_is_refused_in_the_laboratory_too(few, tmp_path):
    shutil.copytree(few / "cnn_core", tmp_path / "cnn_core")
    data = tmp_path / "cnn_core" / "data" / "mnist"
    shutil.copy(ROOT / "cnn_core" / "data" / "mnist" / "train-labels-idx1-ubyte.gz", data)
    done = run(tmp_path, "from cnn_core import load_mnist; load_mnist()")
    assert done.returncode
    assert "was changed" in done.stderr


def test_every_notebook_is_copied_with_a_note_an_installation_and_no_outputs(contents):
    notebooks = sorted((ROOT / "notebooks").rglob("*.ipynb"))
    copies = sorted((contents / "notebooks").rglob("*.ipynb"))
    assert [path.relative_to(contents) for path in copies] == [path.relative_to(ROOT) for path in notebooks]
    for path in copies:
        copy = nbformat.read(path, as_version=4)
        nbformat.validate(copy)
        first = next(number for number, cell in enumerate(copy.cells) if cell.cell_type == "code")
        assert copy.cells[first - 1].source.startswith("> **You are in the browser.**")
        assert 'if sys.platform == "emscripten":\n    %pip install' in copy.cells[first].source
        assert not any(cell.get("outputs") for cell in copy.cells)


def test_every_relative_link_of_a_copy_leads_to_a_file(contents):
    for page in [*(ROOT / "notebooks").rglob("*.ipynb"), *(ROOT / "notebooks").glob("*.md")]:
        copies = [contents / target.relative_to(ROOT) for target in linked_files(page)]
        assert [path for path in copies if not path.is_file()] == []


def test_the_notes_and_changes_are_those_of_chapters():
    assert {*DIFFERS, *PARTLY, *SMALLER, *LEFT_OUT} <= CHAPTERS
    assert set(PARTLY) <= set(DIFFERS)
    assert {*SMALLER, *LEFT_OUT} <= set(DIFFERS)


def test_cells_without_a_change_stay_as_they_are(contents):
    for name in sorted(CHAPTERS):
        cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        copies = json.loads((contents / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        ours = [cell for cell in copies if not cell["id"].startswith("browser-")]
        differing = [new for old, new in zip(cells, ours, strict=True) if old["source"] != new["source"]]
        assert len(differing) <= len(SMALLER.get(name, {})) + len(LEFT_OUT.get(name, []))


def test_a_line_that_is_left_out_stays_as_a_comment(monkeypatch):
    monkeypatch.setitem(LEFT_OUT, "99", ["    assert x > 1"])
    used = set()
    source = changed("for x in y:\n    assert x > 1\n    z = x", "99", used)
    assert source == "for x in y:\n    # of networks trained on all digits:\n    # assert x > 1\n    z = x"
    assert unused("99", used) == set()
    assert unused("99", set()) == {"    assert x > 1"}


def test_a_change_that_no_cell_has_is_an_error(monkeypatch):
    path = ROOT / "notebooks" / "04_pooling.ipynb"
    monkeypatch.setitem(SMALLER, "04_pooling", {"no such text": "another"})
    with pytest.raises(ValueError, match="no such text"):
        for_browser(nbformat.read(path, as_version=4), path)
