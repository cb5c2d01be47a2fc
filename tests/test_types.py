"""The types of the public API, cnn_core/__init__.pyi: strict, without Any, equal to the modules, useful to a user."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cnn_core

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "cnn_core" / "__init__.pyi"
HELPERS = "Array Arrays Augment Buffers Checkpoint Digits DType Functions Geometry".split()
HELPERS += (
    "Initialisation Labels Layers Loss Mode OwnLayer Padding PaddingName Pair Path Rate Shape Targets Triple".split()
)
# What stubtest may find: the names of types, and the arguments that `fit` alone gives, such as buffers.
ALLOWED = [rf"cnn_core\.{name}" for name in HELPERS] + [r"cnn_core\.\w+\.(apply|gradients)", r"cnn_core\.relu_\w+"]
# The modules have no types: stubtest needs to read them, not to check them. What it says of them is left out.
STUBTEST = "[mypy]\n[mypy-cnn_core.*]\nignore_errors = True\n[mypy-threadpoolctl]\nignore_missing_imports = True\n"
PROGRAM = """
from cnn_core import Adam, Conv2D, CrossEntropy, Flatten, FullyConnected, Layer, Model, MeanSquaredError, Momentum
from cnn_core import OneCycle, ReLU, Step, convolve, evaluate, fit, gradient_check, load_checkpoint, load_mnist
from cnn_core import save_checkpoint
import numpy as np
from numpy.typing import NDArray

class Half(Layer):
    def apply(self, X: NDArray[np.floating]) -> NDArray[np.floating]:
        return X / 2

    def gradients(
        self, dC_dO: NDArray[np.floating], X: NDArray[np.floating]
    ) -> tuple[NDArray[np.floating], dict[str, NDArray[np.floating]]]:
        return dC_dO / 2, {}

digits = load_mnist(limit=100)
layers = [Conv2D(8, stride=(2, 1), padding="same", dilation=(1, 2)), ReLU(), Half(), Flatten(), FullyConnected(10)]
model = Model(layers, dtype="float64")
for record in fit(model, digits.X_train, digits.y_train, Adam(OneCycle(0.01, 8)), CrossEntropy(), epochs=2):
    cost: float = record.cost
    if isinstance(record, Step):
        rate: float = record.learning_rate
cost, accuracy = evaluate(model, digits.X_test, digits.y_test, CrossEntropy())
save_checkpoint("model.npz", model, Momentum(learning_rate=lambda step: 0.1))
model, optimiser = load_checkpoint("model.npz")
error, place = gradient_check(model, digits.X_test, digits.y_test, loss=CrossEntropy())
output: NDArray[np.floating] = convolve([[1, 2], [3, 4]], np.eye(2))
"""
MISTAKES = {
    'Conv2D("8")': "arg-type",
    'Conv2D(8, padding="some")': "arg-type",
    "Conv2D(8, dilation=1.5)": "arg-type",
    "Adam(learning_rate=None)": "arg-type",
    "fit(model, digits.X_train, digits.y_train, Adam())": "call-arg",
    "fit(model, digits.X_train, digits.y_train, CrossEntropy(), Adam())": "arg-type",
    "Model(ReLU())": "arg-type",
    "model.forwards(digits.X_test)": "attr-defined",
    "text: str = model.predict(digits.X_test)": "assignment",
    "load_mnist(limits=5)": "call-arg",
    "OneCycle(0.1, 8).steps = 9": "misc",
}


def annotations(tree):
    """Yield the name of each function of a stub, and its annotations: those of all arguments and of the result."""
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        given = function.args
        found = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
        named = [each.annotation for each in found if each.arg not in ("self", "cls")]
        yield function.name, [each and ast.unparse(each) for each in [*named, function.returns]]


def without_a_type(tree):
    return [
        name for name, found in annotations(tree) if None in found or any(word in ("Any", "object") for word in found)
    ]


def test_every_argument_and_every_result_has_a_type_that_is_not_any():
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    assert len(list(annotations(tree))) > 80
    assert without_a_type(tree) == []
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "Any"]


@pytest.mark.parametrize(
    "line", ["def f(x) -> int: ...", "def f(x: int): ...", "def f(*x) -> int: ...", "def f() -> Any: ..."]
)
def test_a_function_without_a_type_is_seen(line):
    assert without_a_type(ast.parse(line)) == ["f"]


def test_nothing_is_exempt_from_the_types():
    assert "ignore" not in STUB.read_text(encoding="utf-8")
    assert (ROOT / "cnn_core" / "py.typed").exists()


def test_the_stub_declares_the_public_names_and_the_types_it_needs():
    declared = {getattr(node, "name", None) or ast.unparse(node.targets[0]) for node in declarations()}
    assert declared - set(HELPERS) == set(cnn_core.__all__)


def declarations():
    body = ast.parse(STUB.read_text(encoding="utf-8")).body
    return [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign)]


def mypy(*arguments, module="mypy"):
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT, check=False)


@pytest.mark.slow
def test_mypy_finds_no_fault_in_strict_mode(tmp_path):
    done = mypy("--cache-dir", str(tmp_path))  # pyproject.toml says: strict
    assert done.stdout.startswith("Success"), done.stdout + done.stderr


@pytest.mark.slow
def test_mypy_sees_the_mistakes_of_a_users_program_and_nothing_else(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM + "\n".join(MISTAKES), encoding="utf-8")
    done = mypy("--strict", "--cache-dir", str(tmp_path), str(program))
    errors = {int(line.split(":")[1]): line for line in done.stdout.splitlines() if ": error:" in line}
    first = PROGRAM.count("\n") + 1
    expected = {first + index: code for index, code in enumerate(MISTAKES.values())}
    assert {line: error.rpartition("[")[2].strip("]") for line, error in errors.items()} == expected, done.stdout


@pytest.mark.slow
def test_the_stub_and_the_modules_have_the_same_arguments_and_defaults(tmp_path):
    (tmp_path / "mypy.ini").write_text(STUBTEST, encoding="utf-8")
    (tmp_path / "allowed").write_text("\n".join([*ALLOWED, r"cnn_core\.[a-z_]+\..*"]), encoding="utf-8")
    options = ["--ignore-missing-stub", "--ignore-unused-allowlist", "--concise"]
    files = ["--mypy-config-file", str(tmp_path / "mypy.ini"), "--allowlist", str(tmp_path / "allowed")]
    done = mypy("cnn_core", *options, *files, module="mypy.stubtest")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
