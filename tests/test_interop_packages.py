"""cnn_interop without its optional packages: it can be imported, and every function says which package it needs."""

import subprocess
import sys
from pathlib import Path

import pytest

import cnn_interop
from cnn_core import Adam, CrossEntropy, Flatten, FullyConnected, Model
from cnn_interop.packages import imported

MODEL = Model([Flatten(), FullyConnected(2)], (1, 2, 2))
CALLS = {
    "torch": [lambda: cnn_interop.to_pytorch(MODEL, None), lambda: cnn_interop.from_pytorch(MODEL, None)],
    "onnx": [lambda: cnn_interop.to_onnx(MODEL, "model.onnx"), lambda: cnn_interop.from_onnx("model.onnx")],
    "safetensors": [lambda: cnn_interop.save_safetensors(MODEL, "a"), lambda: cnn_interop.load_safetensors(MODEL, "a")],
    "distributed": [
        lambda: cnn_interop.sweep(None, {}),
        lambda: cnn_interop.fit_on(None, MODEL, [[[[0, 1], [1, 0]]]], [1], Adam(), CrossEntropy()),
    ],
}


@pytest.mark.parametrize(("package", "call"), [(name, call) for name, calls in CALLS.items() for call in calls])
def test_a_function_names_the_package_that_is_missing(monkeypatch, tmp_path, package, call):
    monkeypatch.chdir(tmp_path)
    for name in [each for each in sys.modules if each.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # what Python takes for a module that is not there
    with pytest.raises(ImportError, match=f"^{package} is not installed. To install it: pip install {package}$"):
        call()
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_there_is_returned_and_what_it_misses_itself_is_not_hidden(monkeypatch, tmp_path):
    assert [module.__name__ for module in imported("json", "json.decoder")] == ["json", "json.decoder"]
    (tmp_path / "half_installed.py").write_text("import not_there")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'not_there'"):
        imported("half_installed")


def test_importing_the_package_imports_no_optional_one():
    code = "import cnn_interop, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert {"torch", "onnx", "safetensors", "dask", "distributed"}.isdisjoint(done.stdout.split())
