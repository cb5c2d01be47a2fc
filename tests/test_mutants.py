"""tools/mutants.py draws mutants in equal shares, runs the tests in a copy of the tree, and counts what they notice.

A small project is tested for real. Where Cosmic Ray is not installed, a replacement that knows one operator is used.
"""

import importlib.util
import json
import os
import random
import re
from collections import Counter
from pathlib import Path

import mutants
import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTED = "def double(x):\n    return 2 * x\n"
UNTESTED = "def triple(x):\n    return 3 * x\n"
TEXT = 'def check(x: 1 | 2, y: int = 0) -> 3 | 4:\n    z: 5 | 6 = f"{x[7]}"\n    raise ValueError(z * 8)\n'
SLEEPER = "import time\n\nfrom cnn_core import ready\n\n\ndef test_ready():\n    time.sleep(60 * ready.late(0))\n"
PROGRAM = """
import pathlib, subprocess, sys


def test_program():
    code = "import cnn_core; print(cnn_core.__file__)"
    printed = subprocess.check_output([sys.executable, "-c", code], cwd="/", text=True)
    assert pathlib.Path(printed.strip()) == pathlib.Path.cwd() / "cnn_core" / "__init__.py"
"""
MUL = "ReplaceBinaryOperator_Mul_Div"


@pytest.fixture
def one_operator(monkeypatch):
    """Use no operator but the replacement of * by /, Cosmic Ray's where it is installed."""
    monkeypatch.setattr(mutants, "OPERATORS", "Binary Mul_Div")
    if importlib.util.find_spec("cosmic_ray") is None:
        monkeypatch.setattr(mutants, "sites", sites_of_products)
        monkeypatch.setattr(mutants, "changed", change_of_a_product)


def sites_of_products(source):
    stars = list(re.finditer(r"\*", source))
    return [(f"core/{MUL}", number, 1 + source[: star.start()].count("\n")) for number, star in enumerate(stars)]


def change_of_a_product(source, operator, occurrence):
    at = [star.start() for star in re.finditer(r"\*", source)][occurrence]
    return source[:at] + "/" + source[at + 1 :]


@pytest.fixture
def project(tmp_path):
    """Return a function that writes a package cnn_core and its tests, and returns the folder."""

    def write(modules, tests):
        root = tmp_path / "project"
        for folder, files in (("cnn_core", {"__init__": "", **modules}), ("tests", tests)):
            (root / folder).mkdir(parents=True)
            for name, text in files.items():
                (root / folder / f"{name}.py").write_text(text)
        return root

    return write


def test_every_operator_of_the_table_is_named_once():
    names = mutants.operator_names()
    assert len(names) == len(set(names))
    assert {"core/AddNot", f"core/{MUL}", "core/ReplaceUnaryOperator_Delete_Not"} <= set(names)


@pytest.mark.usefixtures("one_operator")
def test_mutants_come_from_the_modules_in_equal_shares_and_a_small_module_gives_all_it_has(project):
    modules = {"few": TESTED, "many": TESTED * 9, "more": TESTED * 9, "none": ""}
    counts = Counter(mutant.module for mutant in mutants.sample(project(modules, {}), 8, seed=0))
    assert counts == {"cnn_core/few.py": 1, "cnn_core/many.py": 4, "cnn_core/more.py": 3}


@pytest.mark.usefixtures("one_operator")
def test_one_seed_gives_one_sample_and_another_seed_another(project):
    root = project({"many": TESTED * 50}, {})
    lines = [[mutant.line for mutant in mutants.sample(root, 5, seed)] for seed in (0, 0, 1)]
    assert lines[0] == lines[1] != lines[2]


@pytest.mark.usefixtures("one_operator")
def test_a_mutant_is_the_module_with_one_change():
    (mutant,) = mutants.mutants_of("cnn_core/tested.py", TESTED, random.Random(0))
    assert (mutant.operator, mutant.line) == (MUL, 2)
    assert mutant.source.split() == TESTED.replace("*", "/").split()
    assert mutant.diff.splitlines()[1:] == ["-    return 2 * x", "+    return 2 / x"]


def test_a_change_that_gives_the_same_code_or_no_code_is_no_mutant(monkeypatch):
    monkeypatch.setattr(mutants, "sites", lambda source: [("core/AddNot", number, 1) for number in range(4)])
    made = ["def double(x): return 2 * x", "def double(x:", "x = 1", "x = 1  # again"]
    monkeypatch.setattr(mutants, "changed", lambda source, operator, occurrence: made[occurrence])
    found = list(mutants.mutants_of("cnn_core/tested.py", TESTED, random.Random(0)))
    assert [mutant.source in made[2:] for mutant in found] == [True]


class Node:
    """A node of a syntax tree, with what is_text asks of it."""

    def __init__(self, type, *children, annotation=None):
        self.type, self.children, self.annotation, self.parent = type, children, annotation, None
        for child in children:
            child.parent = self


def leaf():
    return Node("number")


@pytest.mark.parametrize("type", ["raise_stmt", "fstring"])
def test_what_is_inside_a_message_is_text(type):
    number = leaf()
    Node("file_input", Node(type, Node("term", number)))
    assert mutants.is_text(number)


def test_annotations_are_text_and_defaults_values_and_bodies_are_not():
    name, colon, of_parameter, default, of_result, of_name, value, body = (leaf() for _ in range(8))
    parameter = Node("param", Node("tfpdef", name, colon, of_parameter), default)
    assigned = Node("annassign", leaf(), of_name, leaf(), value)
    Node("file_input", Node("funcdef", parameter, of_result, assigned, body, annotation=of_result))
    assert [mutants.is_text(node) for node in (of_parameter, of_name, of_result)] == [True] * 3
    assert [mutants.is_text(node) for node in (name, default, value, body)] == [False] * 4


def test_the_tests_of_the_library_are_those_named_after_its_modules():
    files = mutants.library_tests(ROOT)
    assert {"tests/test_model.py", "tests/test_shapes.py", "tests/test_bad_input.py"} <= set(files)
    assert [name for name in files if re.search("viz|notebook|figure|faults|load", name)] == []


def test_a_modules_own_tests_come_first_and_then_those_that_mention_it_most(project):
    tests = {
        "test_a": "cnn_core",
        "test_b": "double double",
        "test_c": "triple double",
        "test_c_more": "",
        "test_d": "",
    }
    root = project({"a": "", "b": "", "c": TESTED}, tests)
    (own, _), (others, _) = mutants.stages(root, "cnn_core/c.py", {})
    assert own == ["tests/test_c.py", "tests/test_c_more.py"]
    assert others == ["tests/test_b.py", "tests/test_a.py"]


def test_a_slow_test_runs_for_its_own_module_alone_and_a_very_slow_one_never(project):
    root = project({"a": "", "b": "", "c": ""}, {"test_a": "", "test_b": ""})
    seconds = {"tests/test_a.py::quick": 0.1, "tests/test_a.py::slow": 2, "tests/test_b.py::too_slow": 99}
    left_out = {stem: [tests for _, tests in mutants.stages(root, f"cnn_core/{stem}.py", seconds)] for stem in "abc"}
    slow, too_slow = "tests/test_a.py::slow", "tests/test_b.py::too_slow"
    assert left_out["a"] == left_out["b"] == [[too_slow], [slow, too_slow]]
    assert left_out["c"] == [[too_slow], [too_slow]]


@pytest.mark.slow
@pytest.mark.usefixtures("one_operator")
def test_a_mutant_that_a_test_notices_is_killed_another_survives_and_the_tree_is_as_before(project, tmp_path, capsys):
    test = "from cnn_core import tested\n\n\ndef test_double():\n    assert tested.double(4) == 8\n"
    root = project({"tested": TESTED, "untested": UNTESTED}, {"test_tested": test})
    before = {path: path.read_bytes() for path in root.rglob("*.*")}
    mutants.main(["--output", str(tmp_path / "report"), "--jobs", "2"], root)
    assert {path: path.read_bytes() for path in root.rglob("*.*")} == before
    found = json.loads((tmp_path / "report.json").read_text())
    assert [found[outcome] for outcome in mutants.OUTCOMES] == [1, 0, 1]
    assert [row["killed_by"] for row in found["mutants"]] == ["tests/test_tested.py::test_double", ""]
    text = (tmp_path / "report.txt").read_text()
    assert "+    return 3 / x" in text
    assert "+    return 2 / x" not in text
    assert text in capsys.readouterr().out


@pytest.mark.slow
def test_the_copy_is_as_before_after_a_mutant_even_its_date(project):
    root = project({"tested": TESTED}, {"test_tested": "from cnn_core.tested import double\n"})
    path = root / "cnn_core" / "tested.py"
    os.utime(path, (10**9, 10**9))
    result = mutants.try_mutant(mutants.Mutant("cnn_core/tested.py", "", 1, UNTESTED, ""), root, {})
    assert (result.outcome, result.killed_by) == ("killed", "tests/test_tested.py")
    assert (path.read_text(), path.stat().st_mtime) == (TESTED, 10**9)


@pytest.mark.slow
def test_a_program_that_a_test_starts_imports_the_copy_too(project):
    root = project({}, {"test_program": PROGRAM})
    assert mutants.run_tests(root, ["tests/test_program.py"])[1] == 0


@pytest.mark.slow
def test_a_mutant_that_takes_too_long_has_timed_out_and_is_ended(project, monkeypatch):
    root = project({"ready": "def late(x):\n    return 1 * x\n"}, {"test_ready": SLEEPER})
    monkeypatch.setattr(mutants, "time_limit", lambda stage, seconds: 3)
    slow = mutants.Mutant("cnn_core/ready.py", "", 1, "def late(x):\n    return 1\n", "")
    result = mutants.try_mutant(slow, root, {})
    assert result.outcome == "timed out"
    assert result.seconds < 60


def test_the_time_limit_grows_with_the_tests_that_are_run():
    seconds = {"tests/test_a.py::one": 3, "tests/test_a.py::two": 50, "tests/test_b.py::three": 50}
    assert mutants.time_limit((["tests/test_a.py"], ["tests/test_a.py::two"]), seconds) == 60 + 4 * 3


@pytest.mark.slow
@pytest.mark.usefixtures("one_operator")
def test_tests_that_fail_on_the_unchanged_code_stop_everything(project, tmp_path):
    root = project({"tested": TESTED}, {"test_tested": "def test_double():\n    assert False\n"})
    with pytest.raises(SystemExit, match=r"(?s)fail on the unchanged code.*test_double"):
        mutants.main(["--output", str(tmp_path / "report")], root)
    assert list(tmp_path.glob("report*")) == []
