"""Replicas of a network, and the gradients of a micro-batch: what one worker computes, on this machine or on another.

Micro-batches  A worker takes some examples of a batch through all layers while they are in its core's cache. How many
               depends on the size of the batch alone, and results are added in the order of the micro-batches: so the
               bits of a step do not depend on the number of workers.
Chapter        09.
"""

import copy
import itertools
from typing import NamedTuple

import numpy as np

from .. import checks
from ..layer import backward_pass, forward_pass, observed_by, options_of
from .buffers import Blocks, CachedBuffers

MIN_MICRO_BATCH, MAX_MICRO_BATCH = 32, 64  # fewer examples are not worth the calls, more do not fit into the cache


class Replica:
    """One worker's view of a network: the same layers and parameters, with private buffers for each layer.

    A replica can be pickled, with its parameters and without its buffers, and used in another process.
    """

    def __init__(self, layers):
        self.network = list(layers)
        self.order = _pooling_first(self.network)  # the positions of the layers, in the order of execution
        self.layers = [self.network[index] for index in self.order]
        blocks = Blocks()
        self.options = [{"buffers": CachedBuffers(blocks.zeros), "fused": each} for each in _fused(self.layers)]

    def __reduce__(self):
        bare = [copy.copy(layer) for layer in self.network]
        for layer in bare:  # no record of a forward pass
            layer.grads, layer.last_forward = {}, None
        return type(self), (bare,)

    def forward(self, X, training=False, seed=(0, 0)):
        """Return the output for X and the records that `gradients` needs; that and the next call overwrite both."""
        options = options_of(self.network, training, seed)
        ordered = [options[index] | own for index, own in zip(self.order, self.options, strict=True)]
        return forward_pass(self.layers, X, ordered)

    def gradients(self, dC_dO, records):
        """Return {key: gradient} of each layer, in the network's order."""
        _, grads = backward_pass(self.layers, dC_dO, records, input_gradient=False)
        return self._in_network_order(grads)

    def observed(self, records, share):
        """Return {key: value * share} of what each layer observed for its state, in the network's order."""
        return self._in_network_order(observed_by(self.layers, records, share))

    def _in_network_order(self, values):
        return [own for _, own in sorted(zip(self.order, values, strict=True))]  # by position: no two are equal


class MicroBatch(NamedTuple):
    """Some examples of a batch: the number of the micro-batch, the examples' indices, and their share of the batch."""

    number: int
    examples: np.ndarray
    share: float


class Result(NamedTuple):
    """The part of a micro-batch in its batch's cost, number correct (0 without labels), gradients and observations."""

    cost: float
    correct: int
    gradients: list  # {key: gradient} of each layer
    observed: list  # {key: value} of each layer, for its state

    def plus(self, other):
        """Return the sum of two parts."""
        gradients, observed = _sum(self.gradients, other.gradients), _sum(self.observed, other.observed)
        return Result(self.cost + other.cost, self.correct + other.correct, gradients, observed)


def _sum(arrays, others):
    return [{key: array + more[key] for key, array in own.items()} for own, more in zip(arrays, others, strict=True)]


class NotFinite(FloatingPointError):
    """A value became nan or infinite; the message begins with its name and does not say when."""


def micro_batch_slices(count):
    """Return the slices of 0..count-1 that one worker takes at a time; an empty batch is one empty slice.

    Their size is half of the batch, between the smallest and the largest.
    """
    size = min(max(-(-count // 2), MIN_MICRO_BATCH), MAX_MICRO_BATCH)
    return [slice(start, min(start + size, count)) for start in range(0, max(count, 1), size)]


def micro_batches(batch):
    """Return the MicroBatches of a batch of indices."""
    parts = [batch[each] for each in micro_batch_slices(len(batch))]
    return [MicroBatch(number, examples, len(examples) / len(batch)) for number, examples in enumerate(parts)]


def micro_batch_gradients(replica, micro_batch, X, y, loss, seed=0, labels=None, augment=None):
    """Return a micro-batch's part of the cost, the number correct, the gradients and the observations of its batch.

    Parameters
    ----------
    replica : Replica
    micro_batch : MicroBatch
    X, y : ndarray
        All examples and their targets, as `fit` validated them. Integers are converted a micro-batch at a time.
    loss : callable
        (outputs, targets) -> (cost, dC_dO).
    seed : int
        The integer that was drawn for the step: layer i of micro-batch j draws from default_rng([seed, j, i]).
    labels : ndarray, optional
        The right class of every example, where the targets are labels.
    augment : callable, optional
        (X, rng) -> X, which changes the examples; its Generator is the one after those of the layers.

    Returns
    -------
    Result
        A pure function of the parameters, the data, the functions and the seed: the same bits in any thread or process.
    """
    number, examples, share = micro_batch
    X = X[examples].astype(replica.layers[0].dtype, copy=False)
    if augment is not None:
        X = augmented(augment, X, np.random.default_rng([seed, number, len(replica.network)]))
    O, records = replica.forward(X, training=True, seed=(seed, number))
    O, y = O.copy(), y[examples]  # a user-defined loss may keep O, and a buffer is overwritten
    refuse_not_finite("cost", O)
    cost, dC_dO = loss(O, y)
    refuse_not_finite("cost", cost)
    dC_dO = replica.layers[-1].validate_gradient(dC_dO, O.shape) * share
    correct = 0 if labels is None else number_correct(O, labels[examples])
    gradients, observed = replica.gradients(dC_dO, records), replica.observed(records, share)
    return Result(share * float(cost), correct, gradients, observed)


@checks.public_as("fit")
def augmented(augment, X, rng):
    """Return what augment makes of X, in the dtype of X; refuse another shape, and numbers that are not finite."""
    changed = checks.as_float("the output of augment", augment(X, rng), X.dtype)
    return checks.finite("the output of augment", checks.same_shape("the output of augment", changed, X.shape))


def refuse_not_finite(name, values):
    """Raise NotFinite if any of the values is nan or infinite."""
    if not (np.isfinite(np.vdot(values, values)) or np.isfinite(values).all()):  # the first is faster, and may overflow
        raise NotFinite(f"{name} became {'nan' if np.isnan(values).any() else 'infinite'}")


def number_correct(outputs, labels):
    """Return how many outputs (N, classes) have their largest entry at the right class."""
    return int(np.count_nonzero(outputs.argmax(axis=1) == labels))


def _pooling_first(layers):
    """Return the positions of the layers, with pooling before a ReLU that stands right before it.

    The largest pixel of a window is the same one before and after ReLU. So no bit changes, and ReLU has a quarter of
    the pixels to compute.
    """
    order = list(range(len(layers)))
    for index, (layer, following) in enumerate(itertools.pairwise(layers)):
        if _own(layer, "is_monotonic") and _own(following, "is_selection"):
            order[index : index + 2] = index + 1, index
    return order


def _fused(layers):
    """Return, for each layer, None, or the role of the layer before it with which it is computed as one.

    ReLU is written over the output before it. In backward, its mask serves the pooling too. The gradients that it lets
    pass are written over the output of the layer with weights, which nothing needs any more.
    """
    roles, fused = [_own(layer, "fused_as") for layer in layers], [None] * len(layers)
    for index in range(len(layers)):
        for chain in (["weights", "pooling", "ReLU"], ["weights", "ReLU"]):
            if roles[index : index + len(chain)] == chain:
                fused[index + 1 : index + len(chain)] = chain[:-1]
    return fused


def _own(layer, name):
    """Return an attribute of the layer's very class, else None: a user's subclass may compute something else."""
    return getattr(layer, name) if name in vars(type(layer)) else None
