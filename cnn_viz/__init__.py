"""cnn_viz: pictures of what cnn_core computes, and a display that follows a network while it trains.

Packages    base (style, figures, layout, text), arrays (numbers in cells), images (pixels), plots (axes), network (a
            diagram), interactive (widgets, grids of frames, animations, watch).
Functions   draw_... draws on given axes, or on new ones for None, and returns the axes. show_... returns a new figure.
            Both draw the arrays they are given: cnn_viz computes nothing of a network, and cnn_core does not import it.
Names       are listed once, in __init__.pyi, which editors and type checkers read too.
Imports     a module is imported when one of its names is first used: `watch` runs in a terminal without matplotlib.
"""

import ast
from importlib import import_module
from pathlib import Path


def _modules_in(stub):
    """Return {name: module} of what a stub imports."""
    imports = [node for node in ast.parse(stub).body if isinstance(node, ast.ImportFrom)]
    return {alias.name: f"{__name__}.{node.module}" for node in imports for alias in node.names}


_MODULE_OF = _modules_in(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
__all__ = list(_MODULE_OF)


def __getattr__(name):
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'cnn_viz' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__():
    return sorted([*globals(), *__all__])
