"""Updates of optimisers in parts: the same bits as in one, every entry once, and no denormal numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tiers import slow_after

from cnn_core import Adam, AdamW, GradientDescent, Momentum, Nesterov, Optimiser, RMSProp
from cnn_core.fast import updates

OPTIMISERS = [GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW]
EVERY_OPTIMISER = pytest.mark.parametrize("make", OPTIMISERS)


def trained(optimiser, shape, steps=3, dtype=np.float32):
    """Return a parameter after some steps, and its moments."""
    rng = np.random.default_rng(0)
    param = rng.normal(size=shape).astype(dtype)
    for _ in range(steps):
        optimiser.step([("w", param, rng.normal(size=shape).astype(dtype))])
    return param, optimiser.state["w"]


@EVERY_OPTIMISER
@pytest.mark.parametrize("shape", [(), (1,), (7, 5), (3, 2, 4, 4), (40, 41)])
def test_parts_give_the_same_bits_as_the_whole(make, shape, monkeypatch):
    monkeypatch.setattr(updates, "PART", 10**9)
    whole, moments = trained(make(0.1, weight_decay=0.1), shape)
    monkeypatch.setattr(updates, "PART", 13)
    parts, own = trained(make(0.1, weight_decay=0.1), shape)
    assert_array_equal(parts, whole)
    assert moments.keys() == own.keys()
    for name in moments:
        assert_array_equal(own[name], moments[name])


@EVERY_OPTIMISER
def test_a_parameter_that_is_not_contiguous_is_changed_in_place(make, monkeypatch):
    monkeypatch.setattr(updates, "PART", 13)
    wanted, _ = trained(make(0.1), (6, 8))
    rng, optimiser = np.random.default_rng(0), make(0.1)
    param = np.asfortranarray(rng.normal(size=(6, 8)).astype(np.float32))
    for _ in range(3):
        optimiser.step([("w", param, rng.normal(size=(6, 8)).astype(np.float32))])
    assert_array_equal(param, wanted)


def test_an_empty_parameter_stays():
    Adam().step([("w", np.empty((0, 3), np.float32), np.empty((0, 3), np.float32))])


def test_an_update_of_a_users_own_optimiser_gets_whole_arrays(monkeypatch):
    monkeypatch.setattr(updates, "PART", 2)
    shapes = []

    class ByLength(Optimiser):
        def update(self, param, grad, rate):
            shapes.append(grad.shape)
            param -= rate * grad / np.linalg.norm(grad)

    param = np.zeros(6)
    ByLength(1.0, 0).step([("w", param, np.full(6, 3.0))])
    assert shapes == [(6,)]
    assert_allclose(np.linalg.norm(param), 1)


@pytest.mark.parametrize("dtype", slow_after(1, [np.float32, np.float64]))
@pytest.mark.parametrize("make", [Momentum, Nesterov, RMSProp, Adam, AdamW])
def test_no_moment_becomes_denormal_when_the_gradient_stays_zero(make, dtype):
    options = {"beta2": 0.9} if issubclass(make, Adam) else {"decay": 0.9} if make is RMSProp else {}
    optimiser, param = make(1e-3, **options), np.zeros(1000, dtype)
    grad = np.random.default_rng(0).normal(size=1000).astype(dtype)
    steps = 1104 if dtype is np.float32 else 7504  # 0.9^steps is far below the smallest number; the last one rounds
    tiny, largest = np.finfo(dtype).tiny, []
    for step in range(steps):
        optimiser.step([("w", param, grad if step == 0 else np.zeros_like(grad))])
        moments = np.abs(list(optimiser.state["w"].values()))
        assert np.all((moments == 0) | (moments >= updates.MARGIN * tiny / 4))  # times a learning rate: normal too
        largest.append(moments.max())
    assert np.all((moments == 0) | (moments >= updates.MARGIN * tiny))
    assert largest[-1] <= 10 * updates.MARGIN * tiny < largest[0]  # they have come down: the test can fail


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_changes_a_moment_by_one_unit_in_its_last_place_or_by_next_to_nothing(dtype):
    info, rng = np.finfo(dtype), np.random.default_rng(0)
    values = (rng.normal(size=2000) * 10.0 ** rng.integers(-40, 3, 2000)).astype(dtype)
    rounded = values.copy()
    updates.remove_denormals(rounded)
    assert np.all(np.abs(rounded - values) <= np.maximum(updates.MARGIN * info.tiny, info.eps * np.abs(values)))


@pytest.mark.parametrize("is_ours", [True, False])
def test_moments_are_rounded_at_every_eighth_step_and_those_of_a_users_own_optimiser_never(is_ours):
    make = Momentum if is_ours else type("Own", (Momentum,), {"__module__": "mine"})
    optimiser, param, grad = make(1, momentum=0), np.zeros(3, np.float32), np.full(3, 1e-40, np.float32)
    found = []
    for _ in range(17):
        optimiser.step([("w", param, grad)])
        found.append(bool((optimiser.state["w"]["velocity"] == 0).all()))
    assert [step for step, is_rounded in enumerate(found, 1) if is_rounded] == ([8, 16] if is_ours else [])
