"""Optimisers and schedules, against numbers and formulas by hand; the oracles compare them with PyTorch."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from cnn_core import (
    Adam,
    AdamW,
    Constant,
    Cosine,
    GradientDescent,
    Momentum,
    Nesterov,
    OneCycle,
    RMSProp,
    StepDecay,
)

OPTIMISERS = [GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW]
EVERY_OPTIMISER = pytest.mark.parametrize("make", OPTIMISERS)


def path(optimiser, start, gradients):
    """Return where one parameter is after each step."""
    param, places = np.array([float(start)]), []
    for gradient in gradients:
        optimiser.step([("w", param, np.array([float(gradient)]))])
        places.append(param[0])
    return places


def triples(rng, *shapes):
    return [(str(index), rng.normal(size=shape), rng.normal(size=shape)) for index, shape in enumerate(shapes)]


# --- steps by hand ---

BY_HAND = [
    pytest.param(GradientDescent(0.1), 1, [1, 2, -3], [0.9, 0.7, 1.0], id="GradientDescent"),
    pytest.param(GradientDescent(0.1, weight_decay=0.5), 1, [1, 2], [0.85, 0.85 - 0.1 * (2 + 0.425)], id="decayed"),
    # velocity 1, 1.5, 1.75
    pytest.param(Momentum(0.1, momentum=0.5), 0, [1, 1, 1], [-0.1, -0.25, -0.425], id="Momentum"),
    # 1 + 0.5 * 1, 1 + 0.5 * 1.5, 1 + 0.5 * 1.75
    pytest.param(Nesterov(0.1, momentum=0.5), 0, [1, 1, 1], [-0.15, -0.325, -0.5125], id="Nesterov"),
    # mean square 8, 12: 4 / sqrt(8), 4 / sqrt(12)
    pytest.param(
        RMSProp(0.1, decay=0.5, epsilon=1e-30),
        0,
        [4, 4],
        [-0.4 / math.sqrt(8), -0.4 / math.sqrt(8) - 0.4 / math.sqrt(12)],
        id="RMSProp",
    ),
    # epsilon is added after the root: 4 / (sqrt(8) + 1)
    pytest.param(RMSProp(0.1, decay=0.5, epsilon=1), 0, [4], [-0.4 / (math.sqrt(8) + 1)], id="RMSProp-epsilon"),
    # a steady gradient g has corrected moments g and g^2 from the first step on: each step is the learning rate
    pytest.param(Adam(0.1, epsilon=1e-30), 0, [7, 7, 7], [-0.1, -0.2, -0.3], id="Adam-steady"),
    pytest.param(Adam(0.1, epsilon=3), 0, [7, 7], [-0.07, -0.14], id="Adam-epsilon-outside-the-root"),
    # betas 1/2: first moments 1, -1 -> 1/2, -1/4, corrected 1, -1/3; second 1/2, 3/4, corrected 1, 1
    pytest.param(Adam(0.3, 0.5, 0.5, epsilon=1e-30), 0, [1, -1], [-0.3, -0.2], id="Adam-turned-round"),
    # decay through the moments: the gradient is 0 + 1 * 2 > 0, and its size makes no difference
    pytest.param(Adam(0.1, epsilon=1e-30, weight_decay=1), 2, [0, 0], [1.9, None], id="Adam-decay-is-L2"),
    # decay apart from the gradient: 2 * (1 - 0.1 * 0.5), then less 0.1
    pytest.param(AdamW(0.1, epsilon=1e-30, weight_decay=0.5), 2, [7, 7], [1.8, 1.61], id="AdamW"),
    pytest.param(AdamW(0.1, weight_decay=0.5), 2, [0, 0], [1.9, 1.805], id="AdamW-decays-without-a-gradient"),
]


@pytest.mark.parametrize(("optimiser", "start", "gradients", "places"), BY_HAND)
def test_steps_by_hand(optimiser, start, gradients, places):
    for found, wanted in zip(path(optimiser, start, gradients), places, strict=True):
        if wanted is not None:
            assert_allclose(found, wanted, rtol=1e-14)


def adam_of_the_paper(start, gradients, rate, beta1, beta2, epsilon):
    """Return where a number is after each step of algorithm 1 of Kingma and Ba, line by line."""
    theta, m, v, places = start, 0.0, 0.0, []
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta - rate * m_hat / (math.sqrt(v_hat) + epsilon)
        places.append(theta)
    return places


def test_adam_is_algorithm_1_of_the_paper(rng):
    gradients = rng.normal(size=50)
    found = path(Adam(0.01, 0.8, 0.95, 1e-3), 1, gradients)
    assert_allclose(found, adam_of_the_paper(1, gradients, 0.01, 0.8, 0.95, 1e-3), rtol=1e-12)


def test_l2_decay_adds_to_the_gradient(rng):
    """Weight decay in all but AdamW is the gradient of weight_decay / 2 * param^2."""
    for make in (GradientDescent, Momentum, Nesterov, RMSProp, Adam):
        decayed, plain = np.ones(3), np.ones(3)
        first, second = make(0.1, weight_decay=0.3), make(0.1)
        for grad in rng.normal(size=(5, 3)):
            first.step([("w", decayed, grad)])
            second.step([("w", plain, grad + 0.3 * plain)])
        assert_allclose(decayed, plain, rtol=1e-14)


@EVERY_OPTIMISER
def test_every_optimiser_reaches_the_minimum_of_a_quadratic(make):
    param = np.array([3.0, -2.0])
    optimiser = make(0.05)
    for _ in range(500):
        optimiser.step([("w", param, param * [1, 4])])  # the gradient of (x^2 + 4 y^2) / 2
    assert np.abs(param).max() < 0.1


# --- parameters and state ---


@EVERY_OPTIMISER
def test_step_changes_the_parameters_in_place_and_nothing_else(rng, make):
    given = triples(rng, (3, 2), (4,), (2, 3, 2, 2))
    params, grads = [param for _, param, _ in given], [grad.copy() for _, _, grad in given]
    starts = [param.copy() for param in params]
    for _, _, grad in given:
        grad.flags.writeable = False
    make().step(given)
    for (_, param, grad), same, start, before in zip(given, params, starts, grads, strict=True):
        assert param is same
        assert np.all(param != start)
        assert_array_equal(grad, before)


@EVERY_OPTIMISER
def test_parameters_that_are_stepped_together_do_not_mix(rng, make):
    given = triples(rng, (3, 2), (4,))
    alone = [(key, param.copy(), grad) for key, param, grad in given]
    together, optimisers = make(), [make(), make()]
    for _ in range(3):
        together.step(given)
        for optimiser, triple in zip(optimisers, alone, strict=True):
            optimiser.step([triple])
    for (_, param, _), (_, wanted, _) in zip(given, alone, strict=True):
        assert_array_equal(param, wanted)


@EVERY_OPTIMISER
def test_state_belongs_to_the_key_and_not_to_the_position(rng, make):
    given, turned = triples(rng, (3,), (3,)), None
    turned = [(key, param.copy(), grad) for key, param, grad in given]
    first, second = make(), make()
    for step in range(4):
        first.step(given)
        second.step(turned if step % 2 else turned[::-1])
    for (_, param, _), (_, wanted, _) in zip(given, turned, strict=True):
        assert_array_equal(param, wanted)


@EVERY_OPTIMISER
def test_step_takes_any_iterable_and_any_key(rng, make):
    param, grad = rng.normal(size=3), rng.normal(size=3)
    other = param.copy()
    make().step(triple for triple in [((0, "F"), param, grad)])
    make().step([["w", other, grad]])
    assert_array_equal(param, other)


@EVERY_OPTIMISER
@pytest.mark.parametrize("of_param", ["float32", "float64"])
@pytest.mark.parametrize("of_grad", ["float32", "float64", ">f8", "int64"])
def test_parameters_and_state_keep_their_dtype(rng, make, of_param, of_grad):
    param, optimiser = np.ones(4, of_param), make(0.01)
    for _ in range(2):
        optimiser.step([("w", param, np.array([1, -2, 3, 4]).astype(of_grad))])
    assert param.dtype == of_param
    assert np.isfinite(param).all()
    assert {moment.dtype for moment in optimiser.state["w"].values()} <= {np.dtype(of_param)}


@EVERY_OPTIMISER
@pytest.mark.parametrize(
    "with_layout",
    [np.asfortranarray, lambda a: a[::-1].copy()[::-1], lambda a: a.T.copy().T],
    ids=["F", "negative", "T"],
)
def test_the_memory_layout_of_a_parameter_makes_no_difference(rng, make, with_layout):
    start, grad = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    params = [start.copy(), with_layout(start.copy())]
    for param in params:
        optimiser = make(0.01)
        for _ in range(3):
            optimiser.step([("w", param, grad)])
    assert_array_equal(*params)


@EVERY_OPTIMISER
def test_the_same_steps_give_the_same_bits(make):
    ends = []
    for _ in range(2):
        rng, optimiser, param = np.random.default_rng(1), make(), np.ones(5)
        for _ in range(20):
            optimiser.step([("w", param, rng.normal(size=5))])
        ends.append(param.tobytes())
    assert ends[0] == ends[1]


def test_steps_are_counted():
    optimiser = Adam()
    path(optimiser, 0, [1, 2, 3])
    assert optimiser.steps == 3


# --- schedules ---


def test_constant_gives_one_rate():
    assert [Constant(0.3)(step) for step in (0, 1, 1000)] == [0.3] * 3


def test_step_decay_is_a_staircase():
    assert_allclose([StepDecay(0.8, every=2, factor=0.5)(step) for step in range(6)], [0.8, 0.8, 0.4, 0.4, 0.2, 0.2])
    assert_allclose(StepDecay(1.0, every=10)(20), 0.01)


def test_cosine_falls_from_the_learning_rate_to_final_and_stays():
    schedule = Cosine(0.5, steps=4, final=0.1)
    half, quarter = 0.3, 0.3 + 0.2 * math.sqrt(0.5)
    wanted = [0.5, quarter, half, 0.6 - quarter, 0.1, 0.1, 0.1]
    assert_allclose([schedule(step) for step in range(7)], wanted, rtol=1e-14)


def test_one_cycle_rises_to_its_top_and_falls_to_almost_nothing():
    schedule = OneCycle(1.0, steps=100)
    rates = np.array([schedule(step) for step in range(100)])
    assert_allclose(rates[[0, 29, 99]], [1 / 25, 1.0, 1 / 25e4], rtol=1e-12)
    assert np.all(np.diff(rates[:30]) > 0)
    assert np.all(np.diff(rates[29:]) < 0)
    assert_allclose(rates[64], (1 + 1 / 25e4) / 2, rtol=1e-12)  # half-way down
    assert schedule(100) == schedule(10_000) == rates[99]


@pytest.mark.parametrize("warm_up", [0, 0.01, 0.5, 1])
@pytest.mark.parametrize("steps", [1, 2, 3, 10])
def test_one_cycle_stays_between_its_ends_however_short_it_is(steps, warm_up):
    schedule = OneCycle(1.0, steps, warm_up)
    rates = [schedule(step) for step in range(steps + 2)]
    assert all(0 < rate <= 1 for rate in rates)
    assert max(rates[:steps]) > 0.5


@EVERY_OPTIMISER
def test_a_schedule_is_asked_at_every_step_counted_from_zero(make):
    asked = []
    optimiser = make(lambda step: asked.append(step) or 0.1)
    path(optimiser, 0, [1, 1, 1])
    assert asked == [0, 1, 2]


@EVERY_OPTIMISER
def test_a_schedule_equals_its_rates_one_by_one(rng, make):
    schedule, gradients = StepDecay(0.1, every=2, factor=0.5), rng.normal(size=6)
    other = make(0.1)
    with_schedule, by_hand, param = path(make(schedule), 1, gradients), [], np.array([1.0])
    for step, gradient in enumerate(gradients):
        other.learning_rate = schedule(step)
        other.step([("w", param, np.array([gradient]))])
        by_hand.append(param[0])
    assert with_schedule == by_hand


@EVERY_OPTIMISER
def test_the_repr_of_an_optimiser_recreates_it(make):
    optimiser = make(Cosine(0.5, 10))
    assert repr(optimiser).startswith(f"{make.__name__}(learning_rate=Cosine(learning_rate=0.5, steps=10, final=0.0), ")
    again = eval(repr(optimiser), {"Cosine": Cosine, make.__name__: make})
    assert repr(again) == repr(optimiser)


# --- validation ---

RATES = [
    pytest.param(0, ValueError, "a finite number > 0, got 0", id="zero"),
    pytest.param(-0.1, ValueError, r"a finite number > 0, got -0\.1", id="negative"),
    pytest.param(math.inf, ValueError, "a finite number > 0, got inf", id="infinite"),
    pytest.param(math.nan, ValueError, "a finite number > 0, got nan", id="nan"),
    pytest.param("0.1", TypeError, r"a finite number > 0, got '0\.1'", id="text"),
    pytest.param(None, TypeError, "a finite number > 0, got None", id="none"),
    pytest.param(True, TypeError, "a finite number > 0, got True", id="bool"),
]
DECAYS = [
    pytest.param(-1e-9, ValueError, "a finite number >= 0, got -1e-09", id="negative"),
    pytest.param(math.inf, ValueError, "a finite number >= 0, got inf", id="infinite"),
    pytest.param("0", TypeError, "a finite number >= 0, got '0'", id="text"),
]
BETAS = [
    pytest.param(-0.1, ValueError, r"a finite number >= 0 and < 1, got -0\.1", id="negative"),
    pytest.param(1, ValueError, "a finite number >= 0 and < 1, got 1", id="one"),
    pytest.param(math.nan, ValueError, "a finite number >= 0 and < 1, got nan", id="nan"),
    pytest.param((0.9, 0.999), TypeError, r"a finite number >= 0 and < 1, got \(0\.9, 0\.999\)", id="pair"),
]
EPSILONS = [
    pytest.param(0, ValueError, "a finite number > 0, got 0", id="zero"),
    pytest.param(-1e-8, ValueError, "a finite number > 0, got -1e-08", id="negative"),
    pytest.param(None, TypeError, "a finite number > 0, got None", id="none"),
]


@EVERY_OPTIMISER
@pytest.mark.parametrize(("value", "error", "words"), RATES)
def test_optimisers_refuse_a_learning_rate(make, value, error, words):
    with pytest.raises(error, match=f"^{make.__name__}: learning_rate must be {words}"):
        make(value)


@EVERY_OPTIMISER
@pytest.mark.parametrize(("value", "error", "words"), DECAYS)
def test_optimisers_refuse_a_weight_decay(make, value, error, words):
    with pytest.raises(error, match=f"^{make.__name__}: weight_decay must be {words}"):
        make(weight_decay=value)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (Momentum, "momentum"),
        (Nesterov, "momentum"),
        (RMSProp, "decay"),
        (Adam, "beta1"),
        (Adam, "beta2"),
        (AdamW, "beta2"),
    ],
)
@pytest.mark.parametrize(("value", "error", "words"), BETAS)
def test_optimisers_refuse_a_decay_rate_that_is_not_below_one(make, name, value, error, words):
    with pytest.raises(error, match=f"^{make.__name__}: {name} must be {words}"):
        make(**{name: value})


@pytest.mark.parametrize("make", [RMSProp, Adam, AdamW])
@pytest.mark.parametrize(("value", "error", "words"), EPSILONS)
def test_optimisers_refuse_an_epsilon(make, value, error, words):
    with pytest.raises(error, match=f"^{make.__name__}: epsilon must be {words}"):
        make(epsilon=value)


SCHEDULES = [StepDecay, Cosine, OneCycle]


@pytest.mark.parametrize("make", SCHEDULES)
@pytest.mark.parametrize(("value", "error", "words"), RATES)
def test_schedules_refuse_a_learning_rate(make, value, error, words):
    with pytest.raises(error, match=f"^{make.__name__}: learning_rate must be {words}"):
        make(value, 10)
    with pytest.raises(error, match=f"^Constant: learning_rate must be {words}"):
        Constant(value)


@pytest.mark.parametrize(
    ("make", "wrong", "error", "words"),
    [
        pytest.param(StepDecay, {"every": 0}, ValueError, "every must be a positive integer, got 0", id="every-0"),
        pytest.param(StepDecay, {"every": 2.0}, TypeError, r"every must be .* got 2\.0", id="every-float"),
        pytest.param(StepDecay, {"every": 2, "factor": 0}, ValueError, "factor must be .* got 0", id="factor-0"),
        pytest.param(
            StepDecay, {"every": 2, "factor": 1.1}, ValueError, r"factor must be .* got 1\.1", id="factor-rises"
        ),
        pytest.param(Cosine, {"steps": 0}, ValueError, "steps must be a positive integer, got 0", id="cosine-steps-0"),
        pytest.param(Cosine, {"steps": 5, "final": 2}, ValueError, "final must be .* <= 1, got 2", id="final-above"),
        pytest.param(Cosine, {"steps": 5, "final": -1}, ValueError, "final must be .* got -1", id="final-negative"),
        pytest.param(OneCycle, {"steps": True}, TypeError, "steps must be .* got True", id="one-cycle-steps-bool"),
        pytest.param(OneCycle, {"steps": 5, "warm_up": 1.5}, ValueError, r"warm_up must be .* got 1\.5", id="warm-up"),
        pytest.param(
            OneCycle, {"steps": 5, "start_divisor": 0}, ValueError, "start_divisor .* got 0", id="start-divisor"
        ),
        pytest.param(
            OneCycle, {"steps": 5, "final_divisor": "x"}, TypeError, "final_divisor .* got 'x'", id="final-divisor"
        ),
    ],
)
def test_schedules_refuse(make, wrong, error, words):
    with pytest.raises(error, match=f"^{make.__name__}: {words}"):
        make(1, **wrong)


@EVERY_OPTIMISER
@pytest.mark.parametrize(
    ("rate", "error", "words"),
    [
        pytest.param(math.nan, ValueError, "got nan", id="nan"),
        pytest.param(-1.0, ValueError, r"got -1\.0", id="negative"),
        pytest.param(None, TypeError, "got None", id="none"),
    ],
)
def test_a_schedule_that_gives_no_rate_is_refused_before_anything_changes(make, rate, error, words):
    optimiser, param = make(lambda step: rate), np.ones(2)
    with pytest.raises(error, match=f"^{make.__name__}: learning_rate at step 0 must be .*{words}"):
        optimiser.step([("w", param, np.ones(2))])
    assert_array_equal(param, np.ones(2))
    assert (optimiser.steps, optimiser.state) == (0, {})


def fine():
    return "first", np.ones(2), np.ones(2)


def read_only(array):
    array.flags.writeable = False
    return array


@EVERY_OPTIMISER
@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        pytest.param([fine(), ("w", np.ones(2), None)], RuntimeError, "'w' has no gradient yet", id="no-gradient"),
        pytest.param(
            [fine(), ("w", np.ones(2), np.ones(3))], ValueError, r"'w' has shape \(3,\), expected \(2,\)", id="shape"
        ),
        pytest.param([fine(), ("w", np.ones(2), np.ones(()))], ValueError, r"'w' has shape \(\)", id="broadcastable"),
        pytest.param([fine(), ("w", np.ones(2), "ab")], TypeError, "the gradient of 'w' must be an array", id="text"),
        pytest.param(
            [fine(), ("w", [1.0, 2.0], np.ones(2))], TypeError, "the parameter 'w' must be a writeable", id="list"
        ),
        pytest.param(
            [fine(), ("w", np.ones(2, int), np.ones(2))], TypeError, "the parameter 'w' must be", id="integers"
        ),
        pytest.param(
            [fine(), ("w", read_only(np.ones(2)), np.ones(2))], TypeError, "the parameter 'w' must be", id="read-only"
        ),
        pytest.param([fine(), fine()], ValueError, "a key occurs twice", id="twice"),
        pytest.param([fine(), ("w", np.ones(2))], (TypeError, ValueError), r".*\(key, param, grad\)", id="a-pair"),
        pytest.param(5, TypeError, r".*\(key, param, grad\)", id="no-list"),
    ],
)
def test_step_refuses_before_anything_changes(make, given, error, words):
    optimiser = make()
    with pytest.raises(error, match=f"^{make.__name__}: .*{words}"):
        optimiser.step(given)
    assert (optimiser.steps, optimiser.state) == (0, {})
    assert given == 5 or np.array_equal(given[0][1], np.ones(2))


@EVERY_OPTIMISER
def test_step_refuses_the_parameters_of_another_model(make):
    optimiser, param = make(), np.ones(2)
    optimiser.step([("0.F", param, np.ones(2))])
    after = param.copy()
    with pytest.raises(ValueError, match=rf"^{make.__name__}: it holds the state of .*0\.F.*, got .*1\.W"):
        optimiser.step([("1.W", param, np.ones(2))])
    assert_array_equal(param, after)
    assert optimiser.steps == 1


@pytest.mark.parametrize("make", OPTIMISERS[1:])
def test_step_refuses_a_parameter_of_another_shape_under_the_same_key(make):
    optimiser = make()
    optimiser.step([("0.F", np.ones(2), np.ones(2))])
    with pytest.raises(ValueError, match=rf"^{make.__name__}: it holds the state of '0\.F' with shape \(2,\)"):
        optimiser.step([("0.F", np.ones(3), np.ones(3))])
