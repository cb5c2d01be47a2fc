"""Which tests belong to the slow tier by where they are; a single test is marked with pytest.mark.slow itself.

Quick       what a reader or a fork needs: the style, the library, the pictures and the chapters 00 to 09.
Slow        what needs PyTorch, Sphinx or a browser, the chapters that take long, and the answers notebooks in kernels:
            the quick tier runs their cells in its own process (tests/test_answers.py), and one of them in a kernel.
Used by     conftest.py at the root, and tests whose parameter has many values. Nothing here is a test.
"""

import pytest

SLOW = (
    "tests/browser/",
    "tests/oracles/",
    "tests/pages/",
    "tests/site/",
    "tests/test_museum.py",
    "notebooks/10_",
    "notebooks/11_",
    "notebooks/12_",
    "notebooks/13_",
    "notebooks/answers/",
)
QUICK = ("notebooks/answers/02_dilation.ipynb",)


def is_slow(path):
    """Return whether all tests of a file are slow; the path is relative to the root, with forward slashes."""
    return path.startswith(SLOW) and path not in QUICK


def slow_after(count, values):
    """Return the values of a test's parameter; those after the first `count` are left to the slow tier."""
    first, rest = list(values)[:count], list(values)[count:]
    return first + [pytest.param(each, marks=pytest.mark.slow) for each in rest]
