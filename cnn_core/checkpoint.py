"""Checkpoints: a model, its optimiser and the state of its generator in one file, from which training goes on.

Format      An archive (archive.py) of a model, with the optimiser's arrays ('first/0.F') besides.
Chapter     08.
"""

from numpy.random import PCG64

from . import archive, checks
from .model import describe, describe_model, made, model_arrays, planned_model, read_model
from .optimisers import OPTIMISERS, SCHEDULES


@checks.public
def save_checkpoint(path, model, optimiser):
    """Write all that is needed to go on training: model, optimiser, and the generator that shuffles.

    A checkpoint saved between two epochs (when fit has yielded an Epoch) leads to the same bits as training that never
    stopped.

    Raises
    ------
    TypeError
        If the learning rate is a function of your own, or a layer of a class of your own: a file cannot hold these.
    ValueError
        If a number is not finite, or the optimiser holds the state of another model.
    """
    (params, layer_state), generator = model_arrays(model), model.rng.bit_generator
    _check_owner(model, optimiser, params)
    checks.expect(type(generator) is PCG64, "the generator of a model in a file must be PCG64", generator.state)
    own = describe(optimiser, OPTIMISERS, SCHEDULES) | {"steps": optimiser.steps}
    described = {"model": describe_model(model), "optimiser": own, "generator": generator.state}
    moments = {f"{name}/{key}": moment for key, own in optimiser.state.items() for name, moment in own.items()}
    archive.write_archive(path, {"kind": "checkpoint"} | described, params | layer_state | moments)


@checks.public
def load_checkpoint(path):
    """Return (model, optimiser) as they were when save_checkpoint was called.

    Raises
    ------
    FileNotFoundError, PermissionError
        From the system.
    ValueError
        If the file is damaged, or is anything but a checkpoint.
    """
    with archive.open_archive(path, "checkpoint") as opened:
        layers, shapes, states = planned_model(opened)
        described = opened.architecture["optimiser"]
        optimiser = made(described, OPTIMISERS, "optimiser", SCHEDULES)
        optimiser.steps = described["steps"]
        keys, moments = shapes if any("/" in name for name in opened.entries) else (), optimiser.moments
        others = {f"{name}/{key}": shapes[key] for key in keys for name in moments}
        model = read_model(opened, layers, shapes, states, others)
        optimiser.state = {key: {name: opened.read(f"{name}/{key}") for name in moments} for key in keys}
        model.rng.bit_generator.state = opened.architecture["generator"]
        return model, optimiser


def _check_owner(model, optimiser, params):
    if not hasattr(optimiser, "is_bound_to_another"):
        raise checks.BadType(f"optimiser must be an optimiser such as Adam(), got {checks.shown(optimiser)}.")
    expected = {key: dict.fromkeys(optimiser.moments, (param.shape, param.dtype)) for key, param in params.items()}
    state = optimiser.state.items()
    held = {key: {name: (moment.shape, moment.dtype) for name, moment in own.items()} for key, own in state}
    if optimiser.is_bound_to_another(model) or held not in ({}, expected):
        raise checks.BadValue(f"the {optimiser.name} holds the state of another model.")
