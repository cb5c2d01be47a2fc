"""What every test may use: one seeded source of chance, and a drawing backend that opens no window."""

import matplotlib
import numpy as np
import pytest

# Not the variable MPLBACKEND: the notebooks' kernels would inherit it and show no figures.
matplotlib.use("Agg")


@pytest.fixture
def rng():
    """Return a fresh generator with seed 0, so that a test's numbers do not depend on the tests before it."""
    return np.random.default_rng(0)
