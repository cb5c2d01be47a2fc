"""Small models, their bits, and checks of files that are refused, for the tests of model files and checkpoints.

Not a test module: tests import it.
"""

import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from cnn_core import Conv2D, CrossEntropy, Flatten, FullyConnected, Model, Pool2D, ReLU, fit

MB = 1 << 20
F = np.ones((2, 1, 3, 3), "<f4")  # filters like those of small_model


def small_model(**options):
    layers = [Conv2D(2), ReLU(), Pool2D(), Flatten(), FullyConnected(3)]
    return Model(layers, **{"input_shape": (1, 6, 6)} | options)


def data(count=12):
    return np.random.default_rng(7).normal(size=(count, 1, 6, 6)), np.arange(count) % 3


def parameter_bits(model):
    return {key: (param.tobytes(), param.dtype.str) for key, param, _ in model.parameters()}


def bits(model, optimiser=None):
    """Return everything that a file stores, as bytes and plain values."""
    found = parameter_bits(model) | {"model": repr(model)}
    for index, layer in enumerate(model.layers):
        found |= {f"{index}.{key}": (array.tobytes(), array.dtype.str) for key, array in layer.state.items()}
    if optimiser is not None:
        found |= {"optimiser": repr(optimiser), "steps": optimiser.steps, "rng": model.rng.bit_generator.state}
        for key, own in optimiser.state.items():
            found |= {f"{name}/{key}": (array.tobytes(), array.dtype.str) for name, array in own.items()}
    return found


def trained(optimiser, epochs=1, **options):
    model = small_model(**options)
    list(fit(model, *data(), optimiser, CrossEntropy(), epochs=epochs, batch_size=5))
    return model


def refused(load, path, words=None):
    """Check that a file is refused with a ValueError that names it, in little memory; return its message."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=words) as caught:
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    function = "Model.load" if load is Model.load else "load_checkpoint"
    assert str(caught.value).startswith(f"{function}: {str(path)!r} ")
    assert peak < 50 * MB
    return str(caught.value)


def content_of(load, path):
    loaded = load(path)
    return bits(*loaded) if isinstance(loaded, tuple) else bits(loaded)


def good_or_refused(load, path, right):
    """Return whether the file was loaded, and check that it then holds exactly the right content."""
    try:
        found = content_of(load, path)
    except ValueError as error:
        assert repr(str(path)) in str(error)  # noqa: PT017
        return False
    assert found == right
    return True


few_examples = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
