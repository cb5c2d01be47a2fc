"""Count the small changes to cnn_core that its tests notice: mutation testing, with the operators of Cosmic Ray.

Usage      python tools/mutants.py [--count 300] [--seed 0] [--jobs 1] [--output build/mutants]
Called by  `make mutants`. Writes OUTPUT.json and OUTPUT.txt: the outcomes by module, and the survivors' diffs.
Sample     each module in turn gives one mutant, drawn with the seed, until there are enough: equal shares, and a module
           with few mutants gives all of them. No docstring, annotation or message is changed.
Tests      tests/test_<module>*.py and ALSO. The tests named after the mutant's module come first; then the rest, the
           files that mention its names most often first. A test of more than SLOW seconds runs only against the module
           that its file is named after; one of more than TOO_SLOW seconds never does.
Safety     everything happens in copies of the tree in a temporary folder. Needs Linux or macOS.
"""

import argparse
import ast
import contextlib
import difflib
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "cnn_core"
# Tests that are not named after one module: the arguments of all, the public names.
ALSO = ("tests/test_bad_input.py", "tests/test_architecture.py")
SLOW, TOO_SLOW = 0.5, 10  # seconds of one test, measured on the unchanged code
MEMORY = 8 << 30  # bytes of address space: a mutant may ask for an array of any size
ANNOTATION = {"tfpdef": 2, "annassign": 1}  # its place among the children of a node of the syntax tree
OUTCOMES = ("killed", "timed out", "survived")
LEFT_BEHIND = (".git", ".venv", "build", "dist", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis")
PYTEST = f"""
import resource, sys, pytest
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, resource.getrlimit(resource.RLIMIT_AS)[1]))
sys.exit(pytest.main(sys.argv[1:]))
"""
OPTIONS = (
    *("-x", "-q", "--tb=no", "-rfE", "-o", "addopts=", "-o", "junit_family=xunit1", "--import-mode=importlib"),
    *("-p", "no:cacheprovider", "-p", "no:nbval", "-p", "no:randomly", "--hypothesis-seed=0"),
)
# One or two replacements for each operator: all eleven would mostly give a TypeError, which any test notices.
OPERATORS = """
    Binary Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Div Mod_FloorDiv Pow_Mul
    Binary RShift_LShift LShift_RShift BitOr_BitAnd BitAnd_BitOr BitXor_BitOr
    Comparison Eq_NotEq NotEq_Eq Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Is_IsNot IsNot_Is
    Unary Delete_USub Delete_Invert Delete_Not
    - AddNot ReplaceTrueWithFalse ReplaceFalseWithTrue ReplaceAndWithOr ReplaceOrWithAnd ReplaceBreakWithContinue
    - ReplaceContinueWithBreak ExceptionReplacer NumberReplacer RemoveDecorator ZeroIterationForLoop
"""


@dataclass
class Mutant:
    """One change to one module."""

    module: str  # the path of the file, from the root
    operator: str
    line: int
    source: str  # of the whole module, changed
    diff: str


@dataclass
class Result:
    """The outcome of the tests for one mutant, and the test that failed."""

    mutant: Mutant
    outcome: str
    seconds: float
    killed_by: str = ""


def operator_names():
    """Return the names that Cosmic Ray gives to the operators of the table."""
    rows = (line.split() for line in OPERATORS.strip().splitlines())
    prefixes = {"-": "", **{kind: f"Replace{kind}Operator_" for kind in ("Binary", "Comparison", "Unary")}}
    return [f"core/{prefixes[kind]}{word}" for kind, *words in rows for word in words]


def sites(source):
    """Return (operator's name, occurrence, line) of every change that the operators can make to a module."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator

    nodes = list(ast_nodes(get_ast(source)))
    found = []
    for name in operator_names():
        operator = get_operator(name)()
        places = ((node, start) for node in nodes for start, _ in operator.mutation_positions(node))
        found += [(name, number, line) for number, (node, (line, _)) in enumerate(places) if not is_text(node)]
    return found


def is_text(node):
    """Return whether a node of the syntax tree is part of a message or of an annotation."""
    while node.parent is not None:
        node, child = node.parent, node
        if node.type in ("raise_stmt", "fstring") or (node.type == "funcdef" and child is node.annotation):
            return True
        if node.type in ANNOTATION and child is node.children[ANNOTATION[node.type]]:
            return True
    return False


def changed(source, operator, occurrence):
    """Return the source with one change; unchanged where the operator fails."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    try:
        return mutate_code(source, get_operator(operator)(), occurrence)
    except AttributeError:  # ExceptionReplacer (Cosmic Ray 8.7) takes no dotted name, as in `except zlib.error`
        return source


def mutants_of(module, source, rng):
    """Yield the mutants of one module in random order: those that can be compiled, each once."""
    seen = {ast.dump(ast.parse(source))}
    candidates = sites(source)
    rng.shuffle(candidates)
    for operator, occurrence, line in candidates:
        mutated = changed(source, operator, occurrence)
        tree = parsed(mutated)
        if tree and tree not in seen:
            seen.add(tree)
            yield Mutant(module, operator.removeprefix("core/"), line, mutated, diff(source, mutated, module))


def parsed(source):
    """Return the syntax tree as text; nothing where the source is not Python."""
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return ""


def diff(before, after, name):
    """Return the lines that differ, without context."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, n=0, lineterm="")
    return "\n".join(list(lines)[2:])


def sample(root, count, seed):
    """Return that many mutants of the package, one module after the other in turn."""
    paths = sorted((root / PACKAGE).rglob("*.py"))
    names = [path.relative_to(root).as_posix() for path in paths]
    streams = [
        mutants_of(name, path.read_text(encoding="utf-8"), random.Random(f"{seed} {name}"))
        for name, path in zip(names, paths, strict=True)
    ]
    rounds = itertools.zip_longest(*streams)
    return list(itertools.islice((mutant for each in rounds for mutant in each if mutant), count))


def library_tests(root):
    """Return the files of the library's tests: those named after a module, and ALSO."""
    stems = {path.stem for path in (root / PACKAGE).rglob("*.py")}
    paths = sorted((root / "tests").glob("test_*.py"))
    named = [f"tests/{path.name}" for path in paths if any(is_named_after(path.name, stem) for stem in stems)]
    return named + [name for name in ALSO if name not in named and (root / name).exists()]


def is_named_after(file, stem):
    """Return whether a test's file is named after a module: test_model.py and test_model_files.py after model."""
    return re.match(rf"test_{stem}(_|\.)", Path(file).name) is not None


def stages(root, module, seconds):
    """Return the two runs of pytest for a module's mutants, each as (files, tests left out).

    `seconds` has the duration of every test that is not left out altogether.
    """
    own = [name for name in library_tests(root) if is_named_after(name, Path(module).stem)]
    others = sorted(set(library_tests(root)) - set(own), key=lambda name: (-mentions(root, module, name), name))
    slow = [test for test, duration in seconds.items() if duration > SLOW] if own else []
    too_slow = [test for test, duration in seconds.items() if duration > TOO_SLOW]
    return [(own, too_slow), (others, sorted({*slow, *too_slow}))]


def mentions(root, module, file):
    """Return how often a file uses the name of a module or one that is defined in it."""
    tree = ast.parse((root / module).read_text(encoding="utf-8"))
    names = {Path(module).stem, *(node.name for node in tree.body if hasattr(node, "name"))}
    return sum(word in names for word in re.findall(r"\w+", (root / file).read_text(encoding="utf-8")))


def time_limit(stage, seconds):
    """Return the seconds after which a stage has timed out."""
    files, left_out = stage
    usual = sum(duration for test, duration in seconds.items() if test.split("::")[0] in files and test not in left_out)
    return 60 + 4 * usual


def run_tests(tree, files, *options, limit=None, write_bytecode=False):
    """Run pytest on files of a tree; return its output, and its exit status: None where it took too long."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "" if write_bytecode else "1"}
    command = [sys.executable, "-c", PYTEST, *OPTIONS, *options, *files]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=tree, env=environment, start_new_session=True, **pipes) as process:
        try:
            return process.communicate(timeout=limit)[0], process.returncode
        except subprocess.TimeoutExpired:
            return "", None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and all that it started


def copy(root, tree):
    """Copy the tree, with the bytecode of the tests, which the mutants' runs read and never write."""
    shutil.copytree(root, tree, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    show_path = f"import {PACKAGE}; print({PACKAGE}.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    path = subprocess.check_output([sys.executable, "-c", show_path], cwd=tree, env=environment, text=True).strip()
    if not Path(path).is_relative_to(tree):
        sys.exit(f"The tests would import {path} instead of the copy in {tree}.")
    run_tests(tree, library_tests(tree), "--collect-only", write_bytecode=True)


def durations(tree):
    """Return the seconds of every test on the unchanged code, by its name; all must pass."""
    output, status = run_tests(tree, library_tests(tree), "--junitxml=durations.xml")
    if status != 0:
        sys.exit(f"The tests fail on the unchanged code.\n{output}")
    cases = ElementTree.parse(tree / "durations.xml").iter("testcase")
    return {f"{case.get('file')}::{case.get('name')}": float(case.get("time")) for case in cases}


def try_mutant(mutant, tree, seconds):
    """Return the result of the tests for one mutant in a tree, which is as before afterwards."""
    start = time.monotonic()
    shutil.rmtree(tree / ".hypothesis", ignore_errors=True)  # no example that another mutant failed on
    shutil.copy2(tree / mutant.module, tree / "unchanged")
    try:
        (tree / mutant.module).write_text(mutant.source, encoding="utf-8")
        outcome, test = first_failure(mutant.module, tree, seconds)
    finally:
        shutil.copy2(tree / "unchanged", tree / mutant.module)  # with its old date, so that its bytecode is valid
    return Result(mutant, outcome, round(time.monotonic() - start, 1), test)


def first_failure(module, tree, seconds):
    """Return the outcome of the two stages, and the test that failed."""
    for stage in stages(tree, module, seconds):
        files, left_out = stage
        deselected = [f"--deselect={test}" for test in left_out]
        output, status = run_tests(tree, files, *deselected, limit=time_limit(stage, seconds)) if files else ("", 0)
        if status is None:
            return "timed out", ""
        if status != 0:
            failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", output, re.MULTILINE)
            return "killed", failed.group(1) if failed else f"exit status {status}"
    return "survived", ""


def try_all(mutants, trees, seconds):
    """Yield the results in the order of the mutants, one mutant at a time in each tree."""
    free = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def try_in_a_free_tree(mutant):
        tree = free.get()
        try:
            return try_mutant(mutant, tree, seconds)
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        yield from pool.map(try_in_a_free_tree, mutants)


def counted(results):
    """Return the number of mutants of each outcome, by module."""
    counts = {}
    for result in results:
        counts.setdefault(result.mutant.module, Counter())[result.outcome] += 1
    return {module: {outcome: counts[module][outcome] for outcome in OUTCOMES} for module in sorted(counts)}


def share_noticed(counts):
    """Return the share of mutants that were killed or timed out."""
    noticed = sum(counts[outcome] for outcome in ("killed", "timed out"))
    return noticed / max(sum(counts.values()), 1)


def total(modules):
    """Return the counts of all modules together."""
    return {outcome: sum(counts[outcome] for counts in modules.values()) for outcome in OUTCOMES}


def as_text(results):
    """Return the report: a row for each module, and the diffs of the survivors."""
    modules = counted(results)
    rows = [f"{'module':34}{'mutants':>9}{'killed':>9}{'timed out':>11}{'survived':>10}{'noticed':>10}"]
    for name, counts in {**modules, "all": total(modules)}.items():
        numbers = f"{counts['killed']:9}{counts['timed out']:11}{counts['survived']:10}{share_noticed(counts):10.1%}"
        rows.append(f"{name:34}{sum(counts.values()):9}{numbers}")
    survivors = [result.mutant for result in results if result.outcome == "survived"]
    survivors.sort(key=lambda mutant: (mutant.module, mutant.line))
    return "\n".join(rows + [f"\n{m.module}:{m.line} {m.operator}\n{m.diff}" for m in survivors]) + "\n"


def as_json(results, seconds, options):
    """Return the report as JSON: the numbers, and every mutant with its outcome."""
    modules = counted(results)
    mutants = [{**asdict(result.mutant), **asdict(result)} for result in results]
    for row in mutants:
        del row["mutant"], row["source"]
    left_out = {test: duration for test, duration in seconds.items() if duration > SLOW}
    numbers = {"seed": options.seed, "noticed": share_noticed(total(modules)), **total(modules), "modules": modules}
    return json.dumps({**numbers, "slow_tests": left_out, "mutants": mutants}, indent=2) + "\n"


def report(results, seconds, options):
    """Print each result as it comes, write the report of all so far each time, and print it at the end."""
    done = []
    options.output.parent.mkdir(parents=True, exist_ok=True)
    for result in results:
        done.append(result)
        place = f"{result.mutant.module}:{result.mutant.line}"
        print(f"{len(done):4} {result.outcome:10}{result.seconds:7} s  {place}", flush=True)
        options.output.with_suffix(".json").write_text(as_json(done, seconds, options), encoding="utf-8")
        options.output.with_suffix(".txt").write_text(as_text(done), encoding="utf-8")
    print(as_text(done))


def arguments(words):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300, help="the number of mutants")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=1, help="mutants that are tested at the same time")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "mutants", help="files without their endings")
    return parser.parse_args(words)


def main(words, root=ROOT):
    """Test a sample of mutants and report the outcomes."""
    options = arguments(words)
    mutants = sample(root, options.count, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        trees = [Path(folder).resolve() / f"{number}" for number in range(options.jobs)]
        for tree in trees:
            copy(root, tree)
        seconds = durations(trees[0])
        print(f"{len(mutants)} mutants, {len(seconds)} tests in {sum(seconds.values()):.0f} s", flush=True)
        report(try_all(mutants, trees, seconds), seconds, options)


if __name__ == "__main__":
    main(sys.argv[1:])
