"""The types of the public API: mypy finds no fault in strict mode, every argument has a type, and none is Any."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import cnn_core

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = """
from cnn_core import Adam, Conv2D, CrossEntropy, Flatten, FullyConnected, Model, ReLU, Step, evaluate, fit, load_mnist

digits = load_mnist(limit=100)
model = Model([Conv2D(8, stride=(2, 1), padding="same"), ReLU(), Flatten(), FullyConnected(10)])
for record in fit(model, digits.X_train, digits.y_train, Adam(), CrossEntropy(), epochs=2):
    cost: float = record.cost
    if isinstance(record, Step):
        rate: float = record.learning_rate
cost, accuracy = evaluate(model, digits.X_test, digits.y_test, CrossEntropy())
"""
MISTAKES = {
    'Conv2D("8")': "arg-type",
    'Conv2D(8, padding="some")': "arg-type",
    "Adam(learning_rate=None)": "arg-type",
    "fit(model, digits.X_train, digits.y_train, Adam())": "call-arg",
    "fit(model, digits.X_train, digits.y_train, CrossEntropy(), Adam())": "arg-type",
    "model.forwards(digits.X_test)": "attr-defined",
    "text: str = model.predict(digits.X_test)": "assignment",
    "load_mnist(limits=5)": "call-arg",
}


def mypy(*arguments, folder=ROOT):
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(ROOT / ".mypy_cache"), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=folder, check=False)


@pytest.mark.slow
def test_mypy_finds_no_fault_in_the_core():
    done = mypy()  # pyproject.toml says: strict
    assert done.stdout.startswith("Success"), done.stdout + done.stderr


@pytest.mark.slow
def test_a_users_program_has_types_and_its_mistakes_are_seen(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(EXAMPLE + "\n".join(MISTAKES), encoding="utf-8")
    first = EXAMPLE.count("\n") + 1
    done = mypy("--strict", str(program))
    found = {line for line in done.stdout.splitlines() if "error:" in line}
    lines = [f"program.py:{first + number}: error:" for number in range(len(MISTAKES))]
    for line, (mistake, code) in zip(lines, MISTAKES.items(), strict=True):
        assert [each for each in found if line in each and f"[{code}]" in each], (mistake, done.stdout)
    assert [each for each in found if not any(line in each for line in lines)] == []


def public_functions():
    for name in cnn_core.__all__:
        thing = getattr(cnn_core, name)
        if inspect.isclass(thing):
            methods = [(key, value) for key, value in vars(thing).items() if key[0] != "_" or key == "__init__"]
            yield from (
                (f"{name}.{key}", getattr(value, "__func__", value))
                for key, value in methods
                if inspect.isfunction(getattr(value, "__func__", value))
            )
        else:
            yield name, thing


@pytest.mark.parametrize(("name", "function"), public_functions())
def test_every_public_argument_and_result_has_a_type_that_is_not_any(name, function):
    signature = inspect.signature(function)
    given = {key: each.annotation for key, each in signature.parameters.items() if key not in ("self", "cls")}
    given["return"] = signature.return_annotation
    words = {key: inspect.formatannotation(annotation) for key, annotation in given.items()}
    empty = inspect.formatannotation(inspect.Signature.empty)
    assert {key: word for key, word in words.items() if word == empty or word in ("Any", "typing.Any", "object")} == {}


def test_nothing_is_exempt_from_the_types():
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "cnn_core").rglob("*.py")}
    forbidden = ("type: ignore\n", "mypy:", "import Any", "typing.Any")
    assert [(path.name, word) for path, text in texts.items() for word in forbidden if word in text] == []
    assert (ROOT / "cnn_core" / "py.typed").exists()
