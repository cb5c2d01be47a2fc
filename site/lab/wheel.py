"""The wheels of the laboratory: this project with few digits, and the packages that Pyodide does not have.

Others      at the versions of constraints.txt, whatever this machine is: pure Python.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .digits import put_few_digits

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("cnn_core", "cnn_viz", "cnn_exercises", "cnn_interop")
FILES = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT")
OTHERS = ("anywidget", "comm", "ipywidgets", "jupyterlab_widgets", "psygnal")
PURE = ["--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", "3.13"]


def build_wheels(folder):
    """Write all wheels into a folder, and return their paths."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "source"
        copy_source(source)
        pip("wheel", "--no-deps", "--wheel-dir", folder, source)
    download(folder, "--constraint", ROOT / "site" / "constraints.txt", *OTHERS)
    return sorted(Path(folder).glob("*.whl"))


def copy_source(folder):
    """Copy what the wheel is made of into a new folder, with few digits."""
    folder.mkdir()
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    put_few_digits(folder / "cnn_core")


def download(folder, *packages):
    """Write wheels of pure Python for Pyodide's Python into a folder; options of pip may stand among the packages."""
    pip("download", "--no-deps", "--only-binary=:all:", *PURE, "--dest", folder, *packages)


def pip(command, *options):
    """Run a command of pip."""
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", command, *quiet, *map(str, options)], check=True)
