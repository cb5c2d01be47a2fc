"""SECURITY.md: every promise names a test, and every test that it names exists."""

import ast
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnn_core import (
    Adam,
    CrossEntropy,
    Flatten,
    FullyConnected,
    Model,
    fit,
    load_checkpoint,
    load_idx,
    load_mnist,
    mnist,
    save_checkpoint,
)
from cnn_viz import Field

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)))
def test_every_named_test_exists(path, name):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_a_test_in_the_expected_form():
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert rows
    assert [row for row in rows if not re.search(r"`tests/[\w/]+\.py::test_\w+` \|$", row)] == []
    assert len(NAMED) == TEXT.count("tests/") == TEXT.count("::test_")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_page_links_to_it(page):
    assert "(SECURITY.md)" in (ROOT / page).read_text(encoding="utf-8")


def trained(folder):
    """Train for an epoch, and return the paths of a model file and a checkpoint."""
    model, optimiser = Model([Flatten(), FullyConnected(10)]), Adam()
    digits = load_mnist(limit=20)
    list(fit(model, digits.X_train, digits.y_train, optimiser, CrossEntropy()))
    model.save(folder / "model.npz")
    save_checkpoint(folder / "checkpoint.npz", model, optimiser)
    return folder / "model.npz", folder / "checkpoint.npz"


def test_the_library_opens_no_connection_and_starts_no_program(tmp_path, monkeypatch):
    def unwanted(*_, **__):
        raise AssertionError("a connection was opened or a program was started")

    for module, name in [(socket, "socket"), (socket, "create_connection"), (subprocess, "Popen")]:
        monkeypatch.setattr(module, name, unwanted)
    model, checkpoint = trained(tmp_path)
    assert np.isfinite(Model.load(model).predict(np.ones((2, 1, 28, 28)))).all()
    load_checkpoint(checkpoint)
    monkeypatch.undo()
    core = "import sys, cnn_core; print({'socket', 'ssl', 'urllib.request', 'http.client'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", core], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_loading_writes_nothing(tmp_path, monkeypatch):
    model, checkpoint = trained(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    Model.load(model)
    load_checkpoint(checkpoint)
    load_idx(mnist.FOLDER / "t10k-labels-idx1-ubyte.gz")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


CODE = [
    "__import__('pathlib').Path('marker').touch()",
    "open('marker', 'w')",
    "[].append(open('marker', 'w'))",
    "exit()",
]


@pytest.mark.parametrize("typed", CODE)
def test_what_is_typed_into_a_field_is_never_run(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Field().argument_of(typed) == typed
    assert list(tmp_path.iterdir()) == []
