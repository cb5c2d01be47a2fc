"""Who may import whom, how long things may be, and what the core never does: read off the syntax trees, nothing is run.

Every rule is a function from (file name, tree) to a list of complaints. Each is tried on the house, where it has none,
and on a line that breaks it, where it must have one.
"""

import ast
import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "cnn_core"

BOTTOM = {"shapes", "checks"}
BELOW_CHAPTERS = BOTTOM | {"layer", "initialise", "dilation", "parallel"}
LAYER_ROOMS = {"activations", "convolution", "fully_connected", "pooling"}
# Room -> the rooms of cnn_core that it may import at its top. checks is open to every room.
MAY_IMPORT = {
    "shapes": BOTTOM,
    "checks": BOTTOM,
    "layer": BOTTOM,
    "initialise": BOTTOM,
    "dilation": BOTTOM,
    "convolution": BELOW_CHAPTERS,
    "pooling": BELOW_CHAPTERS,
    "fully_connected": BELOW_CHAPTERS,
    "activations": BELOW_CHAPTERS,
    "losses": BELOW_CHAPTERS,
    "optimisers": {"checks"},
    "mnist": {"checks"},
    "finite_differences": {"checks"},
    "parallel": {"checks"},
    "model": {"checks", "layer", "parallel"},
    "files": {"checks", "layer", "model", "optimisers"} | LAYER_ROOMS,
    "training": {"checks", "parallel"},
}
MAY_IMPORT["__init__"] = set(MAY_IMPORT)
# (room, function) -> what it may import besides, inside that function alone.
MAY_IMPORT_INSIDE = {("model", "save"): {"files"}, ("model", "load"): {"files"}}
# The one package besides NumPy, in one function of the engine room, which does without it where it is missing.
OPTIONAL_PACKAGE, OPTIONAL_ROOM = "threadpoolctl", "parallel"

MAY_IMPORT_PACKAGES = {
    "cnn_core": {"cnn_core", "numpy"},
    "cnn_viz": {"cnn_core", "cnn_viz", "numpy", "matplotlib", "ipywidgets", "IPython", "PIL"},
    "cnn_exercises": {"cnn_core", "cnn_viz", "cnn_exercises", "numpy"},
}
LONGEST_FILE, LONGEST_CORE = 400, 3800
LONGEST_BODY = {"cnn_core": 15, "cnn_viz": 20, "cnn_exercises": 20, "tools": 15}  # lines below the docstring

CONTRACT = """
convolve convolve_vectorised dilate output_size excluded_pixels padding_amounts receptive_field
conv2d_forward conv2d_backward conv2d_forward_loop conv2d_backward_dilated
pool2d_forward pool2d_backward pool2d_forward_loop pool2d_backward_loop dense_forward dense_backward
relu_forward relu_backward leaky_relu_forward leaky_relu_backward sigmoid_forward sigmoid_backward
tanh_forward tanh_backward softmax_forward softmax_backward
Layer Conv2D Pool2D FullyConnected Flatten ReLU LeakyReLU Sigmoid Tanh Softmax MeanSquaredError CrossEntropy
GradientDescent Momentum Nesterov RMSProp Adam AdamW Constant StepDecay Cosine OneCycle
Model save_checkpoint load_checkpoint fit Step Epoch evaluate confusion_matrix load_mnist load_idx
gradient_check gradient_check_grid cost_surface
""".split()


def python_files(folder):
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def imports(tree):
    """Yield (name of the nearest function around it or None, dotted module, line) for every import in a file."""
    inside = {child: function.name for function in functions(tree) for child in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((inside.get(node), alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            bare = base.strip(".") == "" or base == "cnn_core"  # from . import checks
            names = [f"{base.rstrip('.')}.{alias.name}" for alias in node.names] if bare else [base]
            yield from ((inside.get(node), name, node.lineno) for name in names)


def room_named(module):
    """Return the room of cnn_core that an import names, or None for another package."""
    parts = module.split(".")
    return parts[1] if parts[0] in ("", "cnn_core") and len(parts) > 1 else None


def rooms_out_of_bounds(name, tree):
    room = Path(name).stem
    if room not in MAY_IMPORT:
        return [f"{name}: a room that is not in the table of who may import whom"]
    complaints = []
    for function, module, line in imports(tree):
        allowed = MAY_IMPORT[room] | MAY_IMPORT_INSIDE.get((room, function), set())
        if room_named(module) and room_named(module) not in allowed:
            complaints.append(f"{name}:{line}: {room} may not import {room_named(module)}")
    return complaints


def packages_out_of_bounds(name, tree):
    package, room = name.split("/")[0], Path(name).stem
    allowed = MAY_IMPORT_PACKAGES[package] | set(sys.stdlib_module_names)
    return [
        f"{name}:{line}: imports {module}"
        for function, module, line in imports(tree)
        if not module.startswith(".") and module.split(".")[0] not in allowed
        if not (module == OPTIONAL_PACKAGE and package == "cnn_core" and room == OPTIONAL_ROOM and function)
    ]


def hidden_imports(name, tree):
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    words = [getattr(func, "id", getattr(func, "attr", None)) for func in called]
    hidden = ("__import__", "import_module", "exec", "eval")
    return [f"{name}: imports by calling {word}" for word in words if word in hidden]


def forbidden_words(name, tree):
    complaints = [f"{name}:{node.lineno}: assert" for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("print", "breakpoint", "input"):
            complaints.append(f"{name}:{node.lineno}: {node.id}")
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("np.random.seed", "numpy.random.seed", "sys.exit"):
            complaints.append(f"{name}:{node.lineno}: {ast.unparse(node)}")
    return complaints


def body_of(function):
    return function.body[1:] if ast.get_docstring(function) is not None else function.body


def long_functions(name, tree):
    limit = LONGEST_BODY[name.split("/")[0]]
    full = [function for function in functions(tree) if body_of(function)]
    lengths = [(function.name, function.end_lineno - body_of(function)[0].lineno + 1) for function in full]
    return [f"{name}: {function} has {length} lines in its body" for function, length in lengths if length > limit]


def missing_docstrings(name, tree):
    public = [node for node in tree.body if hasattr(node, "name") and not node.name.startswith("_")]
    without = [getattr(node, "name", "the file") for node in [tree, *public] if not ast.get_docstring(node)]
    return [f"{name}: {what} has no docstring" for what in without]


def names_not_listed(name, tree):
    """Return complaints about an __init__ whose imports and __all__ list different names, or that runs something."""
    imported = [alias.asname or alias.name for n in tree.body if isinstance(n, ast.ImportFrom) for alias in n.names]
    assigned = {n.targets[0].id: n.value for n in tree.body if isinstance(n, ast.Assign)}
    listed = ast.literal_eval(assigned.pop("__all__", ast.List([])))
    complaints = [f"{name}: {word} is imported but not listed" for word in imported if word not in listed]
    complaints += [f"{name}: {w} is listed but not given here" for w in listed if w not in [*imported, *assigned]]
    complaints += [f"{name}: {word} is listed twice" for word in sorted(set(listed)) if listed.count(word) > 1]
    quiet = ast.ImportFrom | ast.Assign
    return complaints + [f"{name}:{n.lineno}: runs something" for n in tree.body[1:] if not isinstance(n, quiet)]


RULES = [
    (rooms_out_of_bounds, "cnn_core", "from .model import Model", "cnn_core/shapes.py"),
    (rooms_out_of_bounds, "cnn_core", "from . import pooling", "cnn_core/convolution.py"),
    (rooms_out_of_bounds, "cnn_core", "import cnn_core.training", "cnn_core/losses.py"),
    (rooms_out_of_bounds, "cnn_core", "from cnn_core import layer", "cnn_core/optimisers.py"),
    (rooms_out_of_bounds, "cnn_core", "from .files import load_model", "cnn_core/model.py"),
    (rooms_out_of_bounds, "cnn_core", "def summary():\n    from . import files", "cnn_core/model.py"),
    (rooms_out_of_bounds, "cnn_core", "", "cnn_core/attention.py"),
    (packages_out_of_bounds, "cnn_core", "import scipy.signal", "cnn_core/convolution.py"),
    (packages_out_of_bounds, "cnn_core", "from cnn_viz.palette import HUE", "cnn_core/model.py"),
    (packages_out_of_bounds, "cnn_core", "import threadpoolctl", "cnn_core/parallel.py"),
    (packages_out_of_bounds, "cnn_core", "def f():\n    import threadpoolctl", "cnn_core/training.py"),
    (packages_out_of_bounds, "cnn_viz", "import cnn_exercises", "cnn_viz/arrays.py"),
    (packages_out_of_bounds, "cnn_exercises", "import torch", "cnn_exercises/checks.py"),
    (hidden_imports, "cnn_core", "__import__('scipy')", "cnn_core/model.py"),
    (hidden_imports, "cnn_core", "importlib.import_module(name)", "cnn_core/files.py"),
    (forbidden_words, "cnn_core", "assert x", "cnn_core/model.py"),
    (forbidden_words, "cnn_core", "print(x)", "cnn_core/model.py"),
    (forbidden_words, "cnn_core", "np.random.seed(0)", "cnn_core/model.py"),
    (long_functions, "cnn_core", "def f():\n" + "    x = 1\n" * 16, "cnn_core/model.py"),
    (long_functions, "cnn_viz", "def f():\n" + "    x = 1\n" * 21, "cnn_viz/arrays.py"),
    (long_functions, "tools", "def f():\n" + "    x = 1\n" * 16, "tools/run_notebooks.py"),
    (missing_docstrings, "cnn_core", '"""A room."""\ndef f():\n    return 1', "cnn_core/model.py"),
    (missing_docstrings, "cnn_viz", "x = 1", "cnn_viz/arrays.py"),
]


@pytest.mark.parametrize(("rule", "folder"), sorted({(rule, folder) for rule, folder, *_ in RULES}, key=str))
def test_the_house_keeps_the_rule(rule, folder):
    complaints = []
    for path in python_files(folder):
        complaints += rule(name_of(path), ast.parse(path.read_text(encoding="utf-8")))
    assert complaints == []


@pytest.mark.parametrize(("rule", "folder", "line", "name"), RULES)
def test_the_rule_sees_a_line_that_breaks_it(rule, folder, line, name):
    assert len(rule(name, ast.parse(line))) == 1


@pytest.mark.parametrize(
    ("rule", "name", "line"),
    [
        (rooms_out_of_bounds, "cnn_core/model.py", "def save():\n    from .files import save_model"),
        (rooms_out_of_bounds, "cnn_core/pooling.py", "from . import checks\nfrom .shapes import geometry\nimport math"),
        (packages_out_of_bounds, "cnn_core/parallel.py", "def limit():\n    import threadpoolctl"),
        (packages_out_of_bounds, "cnn_core/mnist.py", "import gzip\nfrom numpy.lib import stride_tricks"),
    ],
)
def test_the_rule_lets_pass_what_is_allowed(rule, name, line):
    assert rule(name, ast.parse(line)) == []


def test_every_public_name_of_the_core_is_listed_one_by_one():
    init = CORE / "__init__.py"
    assert names_not_listed(name_of(init), ast.parse(init.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("package", ["cnn_core", "cnn_viz"])
def test_every_listed_name_is_there(package):
    module = importlib.import_module(package)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert len(module.__all__) == len(set(module.__all__))


@pytest.mark.parametrize(
    "text",
    [
        "from .a import b\n__all__ = []",
        "from .a import *\n__all__ = ['b']",
        "__all__ = ['b']",
        "from .a import b\n__all__ = ['b', 'b']",
        "from .a import b\n__all__ = ['b']\nb()",
    ],
)
def test_an_unlisted_name_is_seen(text):
    assert names_not_listed("cnn_core/__init__.py", ast.parse(f'"""Card."""\n{text}'))


@pytest.mark.parametrize("name", CONTRACT)
def test_every_name_of_the_contract_comes_from_cnn_core(name):
    assert name in importlib.import_module("cnn_core").__all__


def test_no_file_of_the_core_and_not_the_core_is_too_long():
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files("cnn_core")}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}
    assert 0 < sum(lengths.values()) <= LONGEST_CORE


def test_nothing_in_the_code_is_left_to_be_done():
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    files = [path for folder in (*MAY_IMPORT_PACKAGES, "tools", "tests") for path in python_files(folder)]
    assert files
    assert [name_of(path) for path in files if any(mark in path.read_text(encoding="utf-8") for mark in marks)] == []


@pytest.mark.parametrize("room", sorted({path.stem for path in python_files("cnn_core")} - {"__init__"}))
def test_every_room_of_the_core_has_its_tests(room):
    assert (ROOT / "tests" / f"test_{room}.py").exists()
