"""The sub-packages of cnn_viz: imports along the arrows only, no circle, and every public name listed once.

Rules are functions of {module: source}; each is applied to cnn_viz, and to a source that breaks it.
"""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import cnn_viz

PACKAGE = Path(cnn_viz.__file__).parent
ARROWS = {
    "base": set(),
    "arrays": {"base"},
    "images": {"base", "arrays"},
    "plots": {"base"},
    "network": {"base"},
    "interactive": {"base", "images", "plots"},
}


def sources():
    """Return {dotted module: source} of cnn_viz, without its __init__."""
    files = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]
    return {".".join(["cnn_viz", *path.relative_to(PACKAGE).with_suffix("").parts]): path.read_text() for path in files}


def imports_of(source):
    """Yield every module of cnn_viz that a source imports, within functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("cnn_viz"))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "cnn_viz":
            yield node.module


def against_the_arrows(modules):
    """Return the imports from a sub-package that may not be imported."""
    found = []
    for name, source in modules.items():
        package = name.split(".")[1]
        for imported in imports_of(source):
            target = imported.split(".")[1] if "." in imported else "cnn_viz"
            if target not in ARROWS[package] | {package}:
                found.append(f"{name} imports {imported}")
    return found


def circles(modules):
    """Return the modules that are on an import circle."""
    graph = {name: set(imports_of(source)) & set(modules) for name, source in modules.items()}
    while free := {name for name, imported in graph.items() if not imported & set(graph)}:
        graph = {name: imported for name, imported in graph.items() if name not in free}
    return sorted(graph)


def not_in_style(modules):
    """Return the public drawing functions that are not decorated with @picture."""
    public = {f"{module}.{name}" for name, module in cnn_viz._MODULE_OF.items() if name.startswith(("draw_", "show_"))}
    found = []
    for name, source in modules.items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef) and f"{name}.{node.name}" in public - {
                "cnn_viz.base.figures.show_figure"
            }:
                found += [] if "picture" in map(ast.unparse, node.decorator_list) else [f"{name}.{node.name}"]
    return found


@pytest.mark.parametrize("rule", [against_the_arrows, circles, not_in_style])
def test_cnn_viz_keeps_the_rule(rule):
    assert rule(sources()) == []


@pytest.mark.parametrize(
    ("rule", "module", "line"),
    [
        (against_the_arrows, "cnn_viz.base.text", "from cnn_viz.arrays.panel import Panel"),
        (against_the_arrows, "cnn_viz.plots.curves", "def f():\n    import cnn_viz.images.tiles"),
        (against_the_arrows, "cnn_viz.base.text", "from cnn_viz import Panel"),
        (circles, "cnn_viz.base.text", "def f():\n    from cnn_viz.base.axes import label_axes"),
        (not_in_style, "cnn_viz.plots.memory", "def show_orders(orders): pass"),
    ],
)
def test_the_rule_finds_a_line_that_breaks_it(rule, module, line):
    found = rule(sources() | {module: line})
    assert found
    assert module in found[0] or module in found


def test_every_sub_package_is_in_the_table():
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ARROWS)


# --- the names --------------------------------------------------------------------------------------------------------


def test_the_stub_lists_each_name_once_as_a_re_export():
    aliases = [
        alias
        for node in ast.parse((PACKAGE / "__init__.pyi").read_text()).body
        for alias in node.names
        if isinstance(node, ast.ImportFrom) and node.level == 1
    ]
    assert all(alias.asname == alias.name for alias in aliases)  # otherwise type checkers do not export it
    assert sorted(alias.name for alias in aliases) == sorted(cnn_viz.__all__)
    assert len(set(cnn_viz.__all__)) == len(cnn_viz.__all__)


@pytest.mark.parametrize("name", cnn_viz.__all__)
def test_every_public_name_is_defined_in_its_module_and_listed_by_dir(name):
    thing = getattr(cnn_viz, name)
    if inspect.isfunction(thing) or inspect.isclass(thing):
        assert thing.__module__ == cnn_viz._MODULE_OF[name]
        assert thing.__doc__
    assert name in dir(cnn_viz)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'cnn_viz' has no attribute 'film'"):
        cnn_viz.film  # noqa: B018


def test_importing_cnn_viz_imports_none_of_its_modules():
    code = "import sys, cnn_viz; print(*(name for name in sys.modules if name.startswith(('cnn_viz.', 'matplotlib'))))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
