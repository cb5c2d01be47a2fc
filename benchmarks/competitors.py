"""The competitors of the comparisons: each trains or predicts as its user would call it.

A function of this module sets a competitor up, in a process of its own, and returns a function without arguments that
does the work of one measurement.
"""

import os

import numpy as np

from cnn_core import Adam, CrossEntropy, Model, fit, load_mnist

from .ablations import ABLATIONS
from .networks import NETWORKS, in_torch
from .plain import PlainModel

BATCH = 128
IMAGES = 12_800  # training images: a hundred steps an epoch
STEPS = 10  # training steps in a measurement
# The orders of images in memory that PyTorch offers: (N, C, H, W), and the channels innermost.
FORMATS = {"default": "contiguous_format", "channels_last": "channels_last"}


def cnn_core_trains(network, cores):
    """Train through fit."""
    digits, model = load_mnist(limit=IMAGES), Model(NETWORKS[network]())
    data = digits.X_train, digits.y_train
    records = fit(model, *data, Adam(), CrossEntropy(), epochs=10**6, batch_size=BATCH, workers=cores)
    return lambda: [next(records) for _ in range(STEPS)]


def cnn_core_trains_without(network, cores, ablation):
    """Train through fit, without one of the optimisations."""
    remove, _ = ABLATIONS[ablation]
    remove()
    return cnn_core_trains(network, cores)


def pytorch_trains(network, cores, memory_format):
    """Train in eager mode, with the loop of PyTorch's tutorials."""
    import torch

    torch.set_num_threads(cores)
    digits, net = load_mnist(limit=IMAGES), _network_in_torch(network, memory_format)
    X, y = _images_in_torch(digits.X_train, memory_format), torch.from_numpy(digits.y_train)
    optimiser, loss = torch.optim.Adam(net.parameters()), torch.nn.CrossEntropyLoss()

    def step():
        batch = torch.randint(len(X), (BATCH,))
        cost = loss(net(X[batch]), y[batch])
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost.item()  # fit computes the cost too, for its records

    return lambda: [step() for _ in range(STEPS)]


def plain_im2col_trains(network, cores):
    """Train with plain.py. Its matrix products may use all cores."""
    digits, rng = load_mnist(limit=IMAGES), np.random.default_rng(0)
    model = PlainModel(NETWORKS[network]())

    def step():
        batch = rng.integers(len(digits.X_train), size=BATCH)
        return model.step(digits.X_train[batch], digits.y_train[batch])

    return lambda: [step() for _ in range(STEPS)]


def cnn_core_predicts(network, cores):
    """Predict the 10,000 test digits."""
    X, model = load_mnist(limit=10).X_test, Model(NETWORKS[network]())
    return lambda: model.predict(X, workers=cores)


def pytorch_predicts(network, cores, memory_format):
    """Predict the 10,000 test digits in parts of 256, which is faster in PyTorch than all at once."""
    import torch

    torch.set_num_threads(cores)
    parts = _images_in_torch(load_mnist(limit=10).X_test, memory_format).split(256)
    net = _network_in_torch(network, memory_format)

    def predict():
        with torch.inference_mode():
            return torch.cat([net(part) for part in parts])

    return predict


def _network_in_torch(network, memory_format):
    import torch

    return in_torch(NETWORKS[network]()).to(memory_format=getattr(torch, FORMATS[memory_format]))


def _images_in_torch(X, memory_format):
    import torch

    return torch.from_numpy(X).contiguous(memory_format=getattr(torch, FORMATS[memory_format]))


def environment(cores):
    """Return the environment variables of a process that may use so many cores."""
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return os.environ | {name: str(cores) for name in limits}
