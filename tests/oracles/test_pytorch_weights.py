"""Weights to and from PyTorch: the same outputs and the same gradients from the same weights."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from cnn_core import (
    BatchNorm2D,
    Conv2D,
    CrossEntropy,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAveragePool2D,
    Model,
    Pool2D,
    ReLU,
)
from cnn_interop import from_pytorch, to_pytorch


def ours(seed=0, dtype="float32"):
    layers = [
        Conv2D(4, 3, 2, padding=1, bias=False),
        BatchNorm2D(),
        ReLU(),
        Pool2D(2),
        Conv2D(3, 2, dilation=2),
        ReLU(),
    ]
    layers += [Flatten(), Dropout(0.5), FullyConnected(6), BatchNorm2D(), ReLU(), FullyConnected(3)]
    model = Model(layers, (1, 16, 16), seed, dtype)
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        for array in (layer.params | layer.state).values():
            array[...] = rng.uniform(0.5, 1.5, array.shape)
    return model


def theirs():
    """Return the same network in PyTorch, two of its parts in a container of their own."""
    first = nn.Sequential(nn.Conv2d(1, 4, 3, 2, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    return nn.Sequential(
        first, nn.MaxPool2d(2), nn.Conv2d(4, 3, 2, dilation=2), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5),
        nn.Linear(12, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3),
    )  # fmt: skip


@pytest.fixture
def X(rng):
    return rng.normal(size=(5, 1, 16, 16)).astype(np.float32)


def test_a_module_predicts_as_the_model_whose_weights_it_got(X):
    model, module = ours(), theirs()
    to_pytorch(model, module)
    with torch.no_grad():
        assert_allclose(module.eval()(torch.from_numpy(X)).numpy(), model.predict(X), rtol=1e-4, atol=1e-4)


def test_a_model_predicts_as_the_module_whose_weights_it_got(X):
    model, module = ours(), theirs()
    with torch.no_grad():
        module.train()(3 * torch.from_numpy(X) + 1)  # its running statistics are no longer 0 and 1
        from_pytorch(model, module)
        assert_allclose(model.predict(X), module.eval()(torch.from_numpy(X)).numpy(), rtol=1e-4, atol=1e-4)


def test_weights_come_back_bit_for_bit():
    model, module, other = ours(1), theirs(), ours(2)
    to_pytorch(model, module)
    from_pytorch(other, module.state_dict())
    for layer, again in zip(model.layers, other.layers, strict=True):
        for key, array in (layer.params | layer.state).items():
            assert_array_equal((again.params | again.state)[key], array)


def test_the_gradients_of_a_batch_are_the_same(X):
    layers = [
        Conv2D(4, 3, 2),
        BatchNorm2D(),
        ReLU(),
        Conv2D(3, 2, dilation=2),
        GlobalAveragePool2D(),
        FullyConnected(3),
    ]
    model = Model(layers, (1, 16, 16), dtype="float64")
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 2, dilation=2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3),
    ).double()  # fmt: skip
    to_pytorch(model, module)
    y = np.array([0, 1, 2, 1, 0])
    given = torch.from_numpy(X.astype(float)).requires_grad_()
    nn.functional.cross_entropy(module(given), torch.from_numpy(y)).backward()
    dC_dX = model.backward(CrossEntropy()(model.forward(X), y)[1])
    assert_allclose(given.grad.numpy(), dC_dX, atol=1e-12)
    found = [param.grad.numpy() for param in module.parameters()]
    expected = [grad.T if key.endswith(".W") else grad for key, _, grad in model.parameters()]
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, atol=1e-12)


def test_tensors_keep_their_dtype_and_the_module_its_tensors():
    model, module = ours(), theirs().double()
    before = list(module.parameters())
    to_pytorch(model, module)
    assert all(
        one is other and one.dtype == torch.float64 for one, other in zip(before, module.parameters(), strict=True)
    )


def test_a_state_dict_of_a_file_is_read_without_its_pickle_running(tmp_path):
    module, model = theirs(), ours()
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    from_pytorch(model, torch.load(tmp_path / "weights.pt", weights_only=True))
    assert_array_equal(model.layers[0].params["F"], module[0][0].weight.detach().numpy())


def changed(**changes):
    return {**theirs().state_dict(), **{name.replace("_", "."): value for name, value in changes.items()}}


NAN = torch.full((3,), float("nan"))
WRONG = {
    "fewer layers": (lambda: nn.Sequential(*theirs()[:-1]), "the model has 6 layers with parameters, the module 5"),
    "shape": (lambda: changed(**{"9_weight": torch.zeros(6, 3)}), r"'9\.weight' has the shape \(6, 3\), '11\.W'"),
    "bias": (lambda: nn.Sequential(nn.Conv2d(1, 4, 3), *theirs()[1:]), "layers with parameters|layer 0 has"),
    "other tensors": (lambda: changed(**{"9_extra": torch.zeros(1)}), "layer 11 has"),
    "nan": (lambda: changed(**{"9_bias": NAN}), r"11\.B"),
    "complex": (
        lambda: changed(**{"9_bias": torch.zeros(3, dtype=torch.complex64)}),
        r"11\.B must be an array of real",
    ),
    "no tensors": (lambda: {"weight": [1, 2]}, "must be a torch.nn.Module or a state_dict"),
    "a path": (lambda: "weights.pt", "must be a torch.nn.Module or a state_dict"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_and_changes_nothing(name):
    make, words = WRONG[name]
    model, expected = ours(), ours()
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        from_pytorch(model, make())
    assert str(caught.value).startswith("from_pytorch: ")
    for (_, param, _), (_, other, _) in zip(model.parameters(), expected.parameters(), strict=True):
        assert_array_equal(param, other)


def test_a_module_that_does_not_fit_is_left_as_it_is():
    module = nn.Sequential(*theirs()[:-1], nn.Linear(6, 4))
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(ValueError, match=r"^to_pytorch: '9\.weight' has the shape \(4, 6\)"):
        to_pytorch(ours(), module)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    with pytest.raises(TypeError, match=r"^to_pytorch: module must be a torch\.nn\.Module"):
        to_pytorch(ours(), before)
