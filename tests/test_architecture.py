"""Who may import whom, how long things may be, and what the core never does: read off the syntax trees, nothing is run.

Every rule is a function from (file name, tree) to a list of complaints. Each is applied to the project, where it must
have none, and to a line that breaks it, where it must have one.
"""

import ast
import importlib
import io
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "cnn_core"

LAYER_MODULES = {"activations", "convolution", "fully_connected", "normalisation", "pooling"}
# Module -> the modules of cnn_core that it may import; all may import checks.
MAY_IMPORT = {
    "checks": set(),
    "shapes": set(),
    "initialise": set(),
    "dilation": set(),
    "optimisers": {"fast.updates"},
    "mnist": set(),
    "finite_differences": set(),
    "archive": set(),
    "losses": set(),
    "layer": {"shapes", "initialise"},
    "fast.__init__": set(),
    "fast.buffers": set(),
    "fast.threads": set(),
    "fast.updates": set(),
    "fast.convolution": {"shapes", "fast.buffers"},
    "fast.pooling": {"shapes", "fast.buffers"},
    "fast.replica": {"layer", "fast.buffers"},
    "convolution": {"shapes", "layer", "dilation", "fast.buffers", "fast.convolution"},
    "pooling": {"shapes", "layer", "fast.buffers", "fast.pooling"},
    "fully_connected": {"layer", "fast.buffers"},
    "activations": {"layer", "fast.buffers"},
    "normalisation": {"layer", "fast.buffers"},
    "augmentation": set(),
    "averaging": {"fast.updates"},
    "model": {"archive", "layer", "fast.replica", "fast.threads"} | LAYER_MODULES,
    "training": {"averaging", "layer", "fast.replica", "fast.threads"},
    "checkpoint": {"archive", "averaging", "model", "optimisers"},
}
MAY_IMPORT["__init__"] = set(MAY_IMPORT)
# The one package besides NumPy, in one function, which does without it where it is missing.
OPTIONAL_PACKAGE, OPTIONAL_FILE = "threadpoolctl", "cnn_core/fast/threads.py"

MAY_IMPORT_PACKAGES = {
    "cnn_core": {"cnn_core", "numpy"},
    "cnn_viz": {"cnn_core", "cnn_viz", "numpy", "matplotlib", "ipywidgets", "anywidget", "traitlets", "IPython", "PIL"},
    "cnn_exercises": {"cnn_core", "cnn_viz", "cnn_exercises", "numpy"},
    "cnn_interop": {"cnn_core", "cnn_interop", "numpy", "dask", "distributed"},
}
LONGEST_FILE = 400  # lines
LONGEST_CHAPTER_FILES = {"cnn_core/convolution.py": 300, "cnn_core/pooling.py": 160}
MOST_CODE = 2500  # lines of cnn_core, without docstrings, comments and blank lines
# Lines below the docstring.
LONGEST_BODY = {"cnn_core": 15, "cnn_viz": 20, "cnn_exercises": 20, "cnn_interop": 15, "tools": 15, "site": 15}

CONTRACT = """
convolve convolve_vectorised dilate output_size excluded_pixels padding_amounts receptive_field
conv2d_forward conv2d_backward conv2d_forward_loop conv2d_backward_dilated
pool2d_forward pool2d_backward pool2d_forward_loop pool2d_backward_loop dense_forward dense_backward
relu_forward relu_backward leaky_relu_forward leaky_relu_backward sigmoid_forward sigmoid_backward
tanh_forward tanh_backward softmax_forward softmax_backward
Layer Conv2D Pool2D FullyConnected Flatten ReLU LeakyReLU Sigmoid Tanh Softmax MeanSquaredError CrossEntropy
BatchNorm2D Dropout GlobalAveragePool2D
GradientDescent Momentum Nesterov RMSProp Adam AdamW Constant StepDecay Cosine OneCycle
Model save_checkpoint load_checkpoint WeightAverage fit Step Epoch evaluate confusion_matrix load_mnist load_idx
shifted rotated gradient_check gradient_check_grid cost_surface
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
            bare = base.strip(".") in ("", "fast") or base in ("cnn_core", "cnn_core.fast")  # from . import checks
            dot = "" if base.endswith(".") else "."
            names = [f"{base}{dot}{alias.name}" for alias in node.names] if bare else [base]
            yield from ((inside.get(node), name, node.lineno) for name in names)


def module_of(name):
    """Return the dotted name inside its package of a file such as 'cnn_core/fast/threads.py'."""
    return ".".join(Path(name).with_suffix("").parts[1:])


def module_named(importer, imported):
    """Return the module of cnn_core that an import names, or None for another package."""
    if imported.startswith("."):
        dots = len(imported) - len(imported.lstrip("."))
        parts = [*importer.split(".")[:-dots], *imported.lstrip(".").split(".")]
    else:
        package, *parts = imported.split(".")
        parts = parts if package == "cnn_core" else []
    known = {".".join(parts[:length]) for length in range(1, len(parts) + 1)} & set(MAY_IMPORT)
    return max(known, key=len, default=".".join(parts)) or None


def imports_out_of_bounds(name, tree):
    module = module_of(name)
    if module not in MAY_IMPORT:
        return [f"{name}: a module that is not in the table of who may import whom"]
    allowed = MAY_IMPORT[module] | {"checks"}
    found = [(module_named(module, imported), line) for _, imported, line in imports(tree)]
    return [f"{name}:{line}: {module} may not import {each}" for each, line in found if each and each not in allowed]


def packages_out_of_bounds(name, tree):
    package = name.split("/")[0]
    allowed = MAY_IMPORT_PACKAGES[package] | set(sys.stdlib_module_names)
    return [
        f"{name}:{line}: imports {module}"
        for function, module, line in imports(tree)
        if not module.startswith(".") and module.split(".")[0] not in allowed
        if not (module == OPTIONAL_PACKAGE and name == OPTIONAL_FILE and function)
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


def names_not_listed_once(name, tree):
    """Return complaints about an __init__ that imports a public name twice or under another name, or does more."""
    aliases = [alias for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    complaints = [
        f"{name}: {alias.name} is not listed as itself" for alias in aliases if alias.asname or alias.name == "*"
    ]
    names = [alias.name for alias in aliases]
    complaints += [f"{name}: {word} is listed twice" for word in sorted(set(names)) if names.count(word) > 1]
    others = [node for node in tree.body[1:] if not isinstance(node, ast.ImportFrom)]
    is_all = [isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" for node in others]
    return complaints + [f"{name}:{n.lineno}: runs something" for n, ok in zip(others, is_all, strict=True) if not ok]


RULES = [
    (imports_out_of_bounds, "cnn_core", "from .model import Model", "cnn_core/shapes.py"),
    (imports_out_of_bounds, "cnn_core", "from . import pooling", "cnn_core/convolution.py"),
    (imports_out_of_bounds, "cnn_core", "import cnn_core.training", "cnn_core/losses.py"),
    (imports_out_of_bounds, "cnn_core", "from cnn_core import layer", "cnn_core/optimisers.py"),
    (imports_out_of_bounds, "cnn_core", "from .checkpoint import load_checkpoint", "cnn_core/model.py"),
    (imports_out_of_bounds, "cnn_core", "from .model import Model", "cnn_core/archive.py"),
    (imports_out_of_bounds, "cnn_core", "def f():\n    from . import model", "cnn_core/layer.py"),
    (imports_out_of_bounds, "cnn_core", "from ..model import Model", "cnn_core/fast/replica.py"),
    (imports_out_of_bounds, "cnn_core", "from .. import convolution", "cnn_core/fast/convolution.py"),
    (imports_out_of_bounds, "cnn_core", "from . import replica", "cnn_core/fast/buffers.py"),
    (imports_out_of_bounds, "cnn_core", "from .fast import replica", "cnn_core/convolution.py"),
    (imports_out_of_bounds, "cnn_core", "import cnn_core.fast.replica", "cnn_core/pooling.py"),
    (imports_out_of_bounds, "cnn_core", "", "cnn_core/attention.py"),
    (packages_out_of_bounds, "cnn_core", "import scipy.signal", "cnn_core/convolution.py"),
    (packages_out_of_bounds, "cnn_core", "from cnn_viz.palette import HUE", "cnn_core/model.py"),
    (packages_out_of_bounds, "cnn_core", "import threadpoolctl", "cnn_core/fast/threads.py"),
    (packages_out_of_bounds, "cnn_core", "def f():\n    import threadpoolctl", "cnn_core/training.py"),
    (packages_out_of_bounds, "cnn_viz", "import cnn_exercises", "cnn_viz/arrays.py"),
    (packages_out_of_bounds, "cnn_exercises", "import torch", "cnn_exercises/checks.py"),
    (packages_out_of_bounds, "cnn_interop", "import torch", "cnn_interop/pytorch_weights.py"),
    (hidden_imports, "cnn_core", "__import__('scipy')", "cnn_core/model.py"),
    (hidden_imports, "cnn_core", "importlib.import_module(name)", "cnn_core/archive.py"),
    (forbidden_words, "cnn_core", "assert x", "cnn_core/model.py"),
    (forbidden_words, "cnn_core", "print(x)", "cnn_core/model.py"),
    (forbidden_words, "cnn_core", "np.random.seed(0)", "cnn_core/model.py"),
    (long_functions, "cnn_core", "def f():\n" + "    x = 1\n" * 16, "cnn_core/model.py"),
    (long_functions, "cnn_viz", "def f():\n" + "    x = 1\n" * 21, "cnn_viz/arrays.py"),
    (long_functions, "cnn_interop", "def f():\n" + "    x = 1\n" * 16, "cnn_interop/packages.py"),
    (long_functions, "tools", "def f():\n" + "    x = 1\n" * 16, "tools/run_notebooks.py"),
    (long_functions, "site", "def f():\n" + "    x = 1\n" * 16, "site/states.py"),
    (missing_docstrings, "cnn_core", '"""A module."""\ndef f():\n    return 1', "cnn_core/model.py"),
    (missing_docstrings, "cnn_interop", "x = 1", "cnn_interop/packages.py"),
    (missing_docstrings, "cnn_viz", "x = 1", "cnn_viz/arrays.py"),
    (missing_docstrings, "site", "x = 1", "site/states.py"),
]


@pytest.mark.parametrize(("rule", "folder"), sorted({(rule, folder) for rule, folder, *_ in RULES}, key=str))
def test_the_project_keeps_the_rule(rule, folder):
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
        (
            imports_out_of_bounds,
            "cnn_core/pooling.py",
            "from . import checks\nfrom .shapes import geometry\nimport math",
        ),
        (imports_out_of_bounds, "cnn_core/pooling.py", "from .fast import pooling as fast"),
        (imports_out_of_bounds, "cnn_core/fast/replica.py", "from .. import checks\nfrom ..layer import forward_pass"),
        (imports_out_of_bounds, "cnn_core/fast/pooling.py", "from .buffers import FRESH\nfrom . import buffers"),
        (packages_out_of_bounds, "cnn_core/fast/threads.py", "def limit():\n    import threadpoolctl"),
        (packages_out_of_bounds, "cnn_core/mnist.py", "import gzip\nfrom numpy.lib import stride_tricks"),
    ],
)
def test_the_rule_accepts_what_is_allowed(rule, name, line):
    assert rule(name, ast.parse(line)) == []


def test_every_public_name_of_the_core_is_listed_once():
    init = CORE / "__init__.py"
    assert names_not_listed_once(name_of(init), ast.parse(init.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "from .a import b as c",
        "from .a import *",
        "from .a import b, b",
        "from .a import b\nfrom .c import b",
        "from .a import b\nb()",
        "from .a import b\nimport os",
    ],
)
def test_a_public_name_that_is_not_listed_once_is_seen(text):
    assert names_not_listed_once("cnn_core/__init__.py", ast.parse(f'"""Docstring."""\n{text}'))


def test_the_names_of_the_contract_are_the_public_names_of_the_core():
    core = importlib.import_module("cnn_core")
    assert set(CONTRACT) <= set(core.__all__)
    assert not [name for name in core.__all__ if isinstance(getattr(core, name), type(ast))]  # no modules


def lines_of_code(text):
    """Return how many lines hold code: docstrings, comments and blank lines are left out."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, documented) and ast.get_docstring(node)]
    docstrings = {line for node in nodes for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)}
    layout = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in layout]
    return len({line for token in tokens for line in range(token.start[0], token.end[0] + 1)} - docstrings)


def test_lines_of_code_leaves_out_docstrings_comments_and_blank_lines():
    text = '"""Two\nlines."""\n\n# why\ndef f(\n    x,\n):\n    """One."""\n    return """a\nb"""  # so\n'
    assert lines_of_code(text) == 5


def test_no_file_of_the_core_and_not_the_core_is_too_long():
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in python_files("cnn_core")}
    lengths = {name: len(text.splitlines()) for name, text in texts.items()}
    limits = dict.fromkeys(texts, LONGEST_FILE) | LONGEST_CHAPTER_FILES
    assert {name: length for name, length in lengths.items() if length > limits[name]} == {}
    assert 0 < sum(map(lines_of_code, texts.values())) <= MOST_CODE


def test_the_table_of_imports_has_no_circle():
    remaining, done = {module: needed for module, needed in MAY_IMPORT.items() if module != "__init__"}, set()
    while ready := {module for module, needed in remaining.items() if needed <= done}:
        done |= ready
        remaining = {module: needed for module, needed in remaining.items() if module not in ready}
    assert remaining == {}


def test_nothing_in_the_code_is_left_to_be_done():
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    files = [path for folder in (*MAY_IMPORT_PACKAGES, "tools", "tests") for path in python_files(folder)]
    assert files
    assert [name_of(path) for path in files if any(mark in path.read_text(encoding="utf-8") for mark in marks)] == []


@pytest.mark.parametrize("module", sorted({path.stem for path in python_files("cnn_core")} - {"__init__"}))
def test_every_module_of_the_core_has_its_tests(module):
    assert (ROOT / "tests" / f"test_{module}.py").exists()
