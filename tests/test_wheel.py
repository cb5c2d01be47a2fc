"""The wheel: it contains every file of the packages, and cnn_core works from it with NumPy alone."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("cnn_core", "cnn_viz", "cnn_exercises", "cnn_interop")
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "imgs", "notebooks", "tests")
PIP = ["-m", "pip", "--quiet", "--disable-pip-version-check"]

FIRST_STEPS = """
import sys
from importlib.metadata import distributions
from pathlib import Path

import cnn_core
from cnn_core import Adam, Conv2D, CrossEntropy, Flatten, FullyConnected, Model, Pool2D, ReLU, fit, load_mnist

assert Path(cnn_core.__file__).is_relative_to(sys.prefix)
digits = load_mnist()
assert digits.X_train.shape == (60_000, 1, 28, 28) and digits.X_test.shape == (10_000, 1, 28, 28)
model = Model([Conv2D(2), ReLU(), Pool2D(), Flatten(), FullyConnected(10)])
records = list(fit(model, digits.X_train[:64], digits.y_train[:64], Adam(), CrossEntropy()))
model.save("model.npz")
assert (Model.load("model.npz").predict(digits.X_test[:5]) == model.predict(digits.X_test[:5])).all()
print(len(records), *sorted(each.metadata["Name"].lower() for each in distributions()))
"""


def run(*command, **keywords):
    """Run a command in this environment without PYTHONPATH, and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, check=False, **keywords)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy: an old build folder would add its own files."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=NOT_COPIED)
    run(sys.executable, *PIP, "wheel", "--no-deps", "--wheel-dir", str(folder), str(folder / "source"))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """Return the interpreter of a new environment that contains the wheel and NumPy only."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    executable = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(executable, *PIP, "install", "-c", str(ROOT / "constraints.txt"), str(wheel))
    return executable


def test_the_wheel_contains_every_file_of_the_packages(wheel):
    tree = [path for package in PACKAGES for path in (ROOT / package).rglob("*")]
    files = {path.relative_to(ROOT).as_posix() for path in tree if path.is_file() and path.suffix != ".pyc"}
    assert {"cnn_core/fast/threads.py", "cnn_core/data/mnist/train-images-idx3-ubyte.gz"} < files
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == files


def test_the_wheel_requires_numpy_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode("utf-8").splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist: ") and "extra ==" not in line]
    assert required == ["Requires-Dist: numpy>=1.25"]


def test_cnn_core_loads_the_digits_and_trains_in_an_environment_with_numpy_alone(python, tmp_path):
    steps, *installed = run(python, "-I", "-c", FIRST_STEPS, cwd=tmp_path).split()
    assert steps == "3"  # two steps of 32 images and the epoch
    assert set(installed) <= {"cnn-from-scratch", "numpy", "pip", "setuptools"}
