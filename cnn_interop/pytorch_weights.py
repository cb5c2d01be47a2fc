"""Weights to and from PyTorch: the arrays of a Model and the tensors of a module, in their order.

Position    The first layer with parameters belongs to the first module with parameters, and so on: in the order of the
            state_dict, which is the order in which a module's __init__ names its parts. All shapes are checked.
Layout      Filters are (K, C, kH, kW) in both. A dense layer has W (inputs, nodes) here and (nodes, inputs) there.
Files       torch.save writes a pickle, which can run code. Read it with torch.load(path, weights_only=True) and hand
            the state_dict over; nothing is read here.
Chapter     13.
"""

import numpy as np

from cnn_core import checks
from cnn_interop import parameters
from cnn_interop.packages import imported

# Our name -> PyTorch's. A module has fewer of them where a layer has no bias.
NAMES = {"F": "weight", "W": "weight", "gamma": "weight", "B": "bias", "beta": "bias"}
NAMES |= {"running_mean": "running_mean", "running_variance": "running_var"}
COUNTER = "num_batches_tracked"  # PyTorch uses it only where momentum is None


@checks.public
def to_pytorch(model, module):
    """Copy the parameters and the layers' state of a model into a module of PyTorch.

    Parameters
    ----------
    model : Model
    module : torch.nn.Module
        With the same layers in the same order. Its tensors keep their dtype and their device.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    ValueError
        If the module does not have a tensor of the right shape for each array, and no others. Nothing is copied then.

    Examples
    --------
    >>> from cnn_core import Conv2D, Flatten, FullyConnected, Model, ReLU
    >>> import torch                                                              # doctest: +SKIP
    >>> model = Model([Conv2D(8), ReLU(), Flatten(), FullyConnected(10)])
    >>> module = torch.nn.Sequential(                                               # doctest: +SKIP
    ...     torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 26 * 26, 10))
    >>> to_pytorch(model, module)                                                   # doctest: +SKIP
    """
    (torch,) = imported("torch")
    checks.expect(isinstance(module, torch.nn.Module), "module must be a torch.nn.Module", module, checks.BadType)
    arrays, tensors = parameters.arrays_of(model), module.state_dict()
    new = {theirs: _turned(ours, arrays[ours]) for ours, theirs in _pairs(arrays, tensors)}
    with torch.no_grad():
        for name, array in new.items():
            tensors[name].copy_(torch.from_numpy(np.array(array)))  # state_dict holds the module's own memory


@checks.public
def from_pytorch(model, module):
    """Copy the weights of a module of PyTorch, or of its state_dict, into a model.

    Parameters
    ----------
    model : Model
        With the same layers in the same order.
    module : torch.nn.Module or dict
        A module, or {name: tensor} in the order of a state_dict.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    ValueError
        If a shape differs, a tensor is missing or left over, or a number is not finite. Nothing is changed then.
    """
    (torch,) = imported("torch")
    tensors = module.state_dict() if isinstance(module, torch.nn.Module) else module
    is_state = isinstance(tensors, dict) and all(map(torch.is_tensor, tensors.values()))
    checks.expect(is_state, "module must be a torch.nn.Module or a state_dict", module, checks.BadType)
    pairs = _pairs(parameters.arrays_of(model), tensors)
    parameters.write(model, {ours: _turned(ours, _as_array(tensors[theirs])) for ours, theirs in pairs})


def _pairs(arrays, tensors):
    """Return [(our key, their name)] by position, if the shapes are those of the layers."""
    ours, theirs = _grouped(arrays), _grouped({name: t for name, t in tensors.items() if not name.endswith(COUNTER)})
    counts = f"the model has {len(ours)} layers with parameters, the module {len(theirs)}."
    checks.require(len(ours) == len(theirs), counts)
    return [pair for own, their in zip(ours, theirs, strict=True) for pair in _layer_pairs(own, their, arrays, tensors)]


def _layer_pairs(ours, theirs, arrays, tensors):
    """Return the pairs of one layer; ours and theirs are {last part of a name: whole name}."""
    wanted = {NAMES.get(key, key): name for key, name in ours.items()}
    where = f"layer {next(iter(ours.values())).partition('.')[0]}"
    same = f"{where} has {sorted(wanted)} in PyTorch's names, the module there has {sorted(theirs)}."
    checks.require(wanted.keys() == theirs.keys(), same)
    for key, name in wanted.items():
        shape, given = _turned(name, arrays[name]).shape, tuple(tensors[theirs[key]].shape)
        checks.require(shape == given, f"{theirs[key]!r} has the shape {given}, {name!r} of the model needs {shape}.")
    return [(name, theirs[key]) for key, name in wanted.items()]


def _grouped(named):
    """Return, for each layer or module in order, {last part of a name: whole name}."""
    groups = {}
    for name in named:
        owner, _, last = name.rpartition(".")
        groups.setdefault(owner, {})[last] = name
    return list(groups.values())


def _turned(key, array):
    """Return the weights of a dense layer transposed, which goes both ways; other arrays as they are."""
    return array.T if key.endswith(".W") else array


def _as_array(tensor):
    tensor = tensor.detach().cpu()
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()
