"""Optimisers and schedules against PyTorch: 1,000 steps in float64, weight decay on and off."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.optim import lr_scheduler

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

STEPS = 1000
SHAPES = {"0.F": (4, 2, 3, 3), "0.B": (4,), "3.W": (5, 3)}
RATE = 0.01

# our optimiser from a learning rate and a weight decay; PyTorch's from parameters and the same two
PAIRS = {
    "GradientDescent": (GradientDescent, torch.optim.SGD),
    "Momentum": (Momentum, lambda p, lr, weight_decay: torch.optim.SGD(p, lr, 0.9, weight_decay=weight_decay)),
    "Nesterov": (
        Nesterov,
        lambda p, lr, weight_decay: torch.optim.SGD(p, lr, 0.9, weight_decay=weight_decay, nesterov=True),
    ),
    "RMSProp": (RMSProp, torch.optim.RMSprop),
    "Adam": (Adam, torch.optim.Adam),
    "AdamW": (AdamW, torch.optim.AdamW),
}
# hyper-parameters other than the defaults
OTHERS = {
    "Momentum-0.5": (
        lambda lr, weight_decay: Momentum(lr, 0.5, weight_decay),
        lambda p, lr, weight_decay: torch.optim.SGD(p, lr, 0.5, weight_decay=weight_decay),
    ),
    "Nesterov-0.99": (
        lambda lr, weight_decay: Nesterov(lr, 0.99, weight_decay),
        lambda p, lr, weight_decay: torch.optim.SGD(p, lr, 0.99, weight_decay=weight_decay, nesterov=True),
    ),
    "RMSProp-0.9": (
        lambda lr, weight_decay: RMSProp(lr, 0.9, 1e-3, weight_decay),
        lambda p, lr, weight_decay: torch.optim.RMSprop(p, lr, 0.9, 1e-3, weight_decay),
    ),
    "Adam-0.8-0.95": (
        lambda lr, weight_decay: Adam(lr, 0.8, 0.95, 1e-3, weight_decay),
        lambda p, lr, weight_decay: torch.optim.Adam(p, lr, (0.8, 0.95), 1e-3, weight_decay),
    ),
    "AdamW-0-0.5": (
        lambda lr, weight_decay: AdamW(lr, 0, 0.5, 1e-3, weight_decay),
        lambda p, lr, weight_decay: torch.optim.AdamW(p, lr, (0.0, 0.5), 1e-3, weight_decay),
    ),
}
EVERY_PAIR = pytest.mark.parametrize(("ours", "theirs"), [*PAIRS.values(), *OTHERS.values()], ids=[*PAIRS, *OTHERS])
# our schedule; PyTorch's scheduler
SCHEDULES = {
    "OneCycle": (
        lambda: OneCycle(RATE, STEPS),
        lambda optimiser: lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=STEPS, cycle_momentum=False),
    ),
    "Cosine": (
        lambda: Cosine(RATE, STEPS, final=1e-4),
        lambda optimiser: lr_scheduler.CosineAnnealingLR(optimiser, STEPS, eta_min=1e-4),
    ),
    "StepDecay": (
        lambda: StepDecay(RATE, every=300, factor=0.5),
        lambda optimiser: lr_scheduler.StepLR(optimiser, 300, gamma=0.5),
    ),
    "Constant": (lambda: Constant(RATE), lambda optimiser: lr_scheduler.LambdaLR(optimiser, lambda step: 1)),
}


def run_ours(optimiser, starts, noise):
    """Return the parameters after all steps on a quadratic cost with noisy gradients."""
    params = {key: start.copy() for key, start in starts.items()}
    for step in range(STEPS):
        optimiser.step([(key, param, param + noise[key][step]) for key, param in params.items()])
    return params


def run_theirs(make, starts, noise, schedule=None):
    params = {key: torch.tensor(start) for key, start in starts.items()}
    optimiser = make(list(params.values()))
    scheduler = schedule and schedule(optimiser)
    for step in range(STEPS):
        for key, param in params.items():
            param.grad = param + torch.tensor(noise[key][step])
        optimiser.step()
        if scheduler and step < STEPS - 1:  # one more and OneCycleLR complains
            scheduler.step()
    return params


def compare(ours, theirs, rng, schedule=None):
    starts = {key: rng.normal(size=shape) for key, shape in SHAPES.items()}
    noise = {key: rng.normal(size=(STEPS, *shape)) for key, shape in SHAPES.items()}
    found, wanted = run_ours(ours, starts, noise), run_theirs(theirs, starts, noise, schedule)
    for key in SHAPES:
        assert not np.allclose(found[key], starts[key], atol=1e-3)
        assert_allclose(found[key], wanted[key], rtol=1e-10, atol=1e-10)


@EVERY_PAIR
@pytest.mark.parametrize("weight_decay", [0, 0.1])
def test_a_thousand_steps_equal_pytorch(rng, ours, theirs, weight_decay):
    compare(
        ours(RATE, weight_decay=weight_decay),
        lambda params: theirs(params, lr=RATE, weight_decay=weight_decay),
        rng,
    )


@pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS.keys())
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_thousand_steps_with_a_schedule_equal_pytorch(rng, ours, theirs, schedule):
    rate, scheduler = SCHEDULES[schedule]
    compare(ours(rate(), weight_decay=0.1), lambda params: theirs(params, lr=RATE, weight_decay=0.1), rng, scheduler)


@pytest.mark.parametrize("name", ["RMSProp", "Adam", "AdamW"])
def test_the_defaults_equal_pytorch(name):
    """The default hyper-parameters are PyTorch's; SGD has none to compare."""
    ours, theirs = PAIRS[name][0](), PAIRS[name][1]([torch.zeros(1)]).defaults
    wanted = {"learning_rate": theirs["lr"], "epsilon": theirs["eps"], "weight_decay": theirs["weight_decay"]}
    if name == "RMSProp":
        wanted["decay"] = theirs["alpha"]
    else:
        wanted["beta1"], wanted["beta2"] = theirs["betas"]
    assert {key: getattr(ours, key) for key in wanted} == wanted


def rates(schedule, steps):
    """Return the learning rates of PyTorch's scheduler at each step."""
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=RATE)
    scheduler, found = schedule(optimiser), []
    for step in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if step < steps - 1:
            scheduler.step()
    return found


@pytest.mark.parametrize("steps", [5, 10, 333])
@pytest.mark.parametrize("warm_up", [0.25, 0.3, 0.5, 0.9])
def test_one_cycle_equals_pytorch_with_any_number_of_steps(steps, warm_up):
    ours = OneCycle(RATE, steps, warm_up, start_divisor=10, final_divisor=100)
    theirs = rates(
        lambda optimiser: lr_scheduler.OneCycleLR(
            optimiser,
            RATE,
            total_steps=steps,
            pct_start=warm_up,
            div_factor=10,
            final_div_factor=100,
            cycle_momentum=False,
        ),
        steps,
    )
    assert_allclose([ours(step) for step in range(steps)], theirs, rtol=1e-12)


@pytest.mark.parametrize("steps", [1, 7, 100])
def test_cosine_equals_pytorch_down_to_its_end(steps):
    ours = Cosine(RATE, steps, final=0.002)
    theirs = rates(lambda optimiser: lr_scheduler.CosineAnnealingLR(optimiser, steps, eta_min=0.002), steps + 1)
    assert_allclose([ours(step) for step in range(steps + 1)], theirs, rtol=1e-12)
