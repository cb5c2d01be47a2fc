"""The arrays of a model by key, and new values for all of them at once: all are checked before one is written."""

import numpy as np

from cnn_core import Model, checks


def arrays_of(model):
    """Return {key: array} of the parameters and of the layers' state: the arrays of the model themselves."""
    checks.require(isinstance(model, Model), f"model must be a Model, got {checks.shown(model)}.", checks.BadType)
    layers = list(enumerate(model.layers))
    params = {key: param for key, param, _ in model.parameters()}  # this validates what the user has assigned
    return params | {f"{index}.{key}": array for index, layer in layers for key, array in layer.state.items()}


def require_shapes(shapes, arrays):
    """Refuse {name: shape} that differ from those of the arrays of a model."""
    missing, unexpected = sorted(arrays.keys() - shapes.keys()), sorted(shapes.keys() - arrays.keys())
    same_names = f"arrays missing: {missing}, not expected: {unexpected}."
    checks.require(not missing and not unexpected, same_names)
    for key, array in arrays.items():
        wanted = f"{key!r} must have the shape {array.shape} of the model, got {tuple(shapes[key])}."
        checks.require(tuple(shapes[key]) == array.shape, wanted)


def write(model, values):
    """Copy new values, {key: array}, into the arrays of a model; nothing is written unless all of them are valid."""
    arrays = arrays_of(model)
    require_shapes({key: np.shape(value) for key, value in values.items()}, arrays)
    new = {key: checks.finite(key, checks.as_float(key, value, model.dtype)) for key, value in values.items()}
    for index, layer in enumerate(model.layers):
        _check_state(layer, {key: new[f"{index}.{key}"] for key in layer.state})
    for key, array in arrays.items():
        array[...] = new[key]


def _check_state(layer, state):
    """Refuse what the layer refuses, such as a variance below 0; the message begins with the public function."""
    try:
        layer.checked_arrays("state", state)
    except ValueError as error:
        raise checks.BadValue(str(error)) from error
