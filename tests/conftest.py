"""Fixtures and hooks of all tests: random numbers, the digits, a drawing backend without windows, optional folders."""

import matplotlib
import numpy as np
import pytest
from optional import MissingFile, is_missing, without_skips
from saved_models import small_model, trained

from cnn_core import Adam, Cosine, load_mnist, save_checkpoint

# Not the variable MPLBACKEND: the notebooks' kernels would inherit it and show no figures.
matplotlib.use("Agg")


@pytest.fixture
def rng():
    """Return a new generator with seed 0, so that the numbers of a test do not depend on the tests before it."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def digits():
    """Return all of MNIST, read once; the arrays are read-only, because all tests share them."""
    digits = load_mnist()
    for array in (digits.X_train, digits.y_train, digits.X_test, digits.y_test):
        array.flags.writeable = False
    return digits


@pytest.fixture(scope="session")
def designs_trained_once():
    """Let the check of a design in chapter 00 train equal layers once for each setting of NumPy's errors."""
    from cnn_exercises import chapter_00

    train, known = chapter_00.trained_accuracy, {}

    def trained_accuracy(layers):
        key = repr(layers), str(np.geterr())
        known[key] = known[key] if key in known else train(layers)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chapter_00, "trained_accuracy", trained_accuracy)
        yield


@pytest.fixture
def model_path(tmp_path):
    """Return the path of a model file that is not there yet."""
    return tmp_path / "model.npz"


@pytest.fixture
def saved_model(model_path):
    """Return the path of a good model file."""
    small_model().save(model_path)
    return model_path


@pytest.fixture
def saved_checkpoint(tmp_path):
    """Return the path of a good checkpoint, saved after an epoch of Adam with a schedule."""
    optimiser = Adam(Cosine(0.01, 20))
    save_checkpoint(tmp_path / "checkpoint.npz", trained(optimiser), optimiser)
    return tmp_path / "checkpoint.npz"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    collectors = [each for each in (yield) if type(each) is pytest.Module]  # to look for doctests here takes seconds
    missing = file_path.name.startswith("test_") and is_missing(file_path.parent.name)
    return [MissingFile.from_parent(parent, path=file_path)] if collectors and missing else collectors


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return without_skips((yield))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return without_skips((yield))
