"""Ablations: each removes one optimisation from cnn_core, to measure its effect. Every optimisation has its ablation.

An ablation replaces names of the library in the process in which it is called. A comparison therefore starts a process
for each.
"""

from contextlib import nullcontext

import numpy as np

from cnn_core import activations, training
from cnn_core.fast import buffers, convolution, pooling, replica
from cnn_core.fast import threads as runtime


def _replace(owner, name, value):
    """Replace an attribute. A name that cnn_core no longer has is an error: the ablation would change nothing."""
    getattr(owner, name)
    setattr(owner, name, value)


def threads():
    """Use one worker."""
    _replace(training, "worker_pool", lambda workers, make_replica: runtime.worker_pool(1, make_replica))


def micro_batches():
    """Pass the whole batch through each layer at once, with the threads of BLAS."""
    _replace(replica, "micro_batch_slices", lambda count: [slice(0, count)])
    own_blas_threads()


def own_blas_threads():
    """Let the matrix products of every worker use all threads of BLAS."""
    _replace(runtime, "_blas_limit", lambda: nullcontext)


def cached_buffers():
    """Allocate new arrays at every step."""
    _replace(buffers.CachedBuffers, "_array", lambda self, key, make: make())
    _replace(buffers.CachedBuffers, "scope", lambda self, name: self)


def pooling_first():
    """Apply ReLU before pooling, to four times as many pixels."""
    _replace(replica, "_pooling_first", lambda layers: list(range(len(layers))))


def masks_by_bits():
    """Apply masks by np.where."""

    def masked(values, mask, out):
        out[...] = np.where(mask, values, 0)
        return out

    for module in (activations, pooling):
        _replace(module, "masked", masked)


def first_layer_skipped():
    """Compute dC/dX of the first layer too, which nothing uses."""
    backward_pass = replica.backward_pass
    _replace(replica, "backward_pass", lambda *arguments, input_gradient: backward_pass(*arguments))


def cached_output():
    """Compute the output of pooling again in its backward pass."""
    backward = pooling.backward
    _replace(pooling, "backward", lambda dC_dO, X, O, *settings: backward(dC_dO, X, None, *settings))


def rotated_filters():
    """Compute dC/dX by scatter-add at stride 1 too, in place of a convolution with rotated filters."""
    _replace(convolution, "input_gradient", convolution.scattered)


def scatter_add():
    """Convolve with rotated filters wherever the stride is 1, also where most pixels of their windows are padding."""
    _replace(convolution, "math", type("NoArea", (), {"prod": staticmethod(lambda sizes: 0)}))


# name in the table of results: (what removes the optimisation, index of the network on which it is measured)
ABLATIONS = {
    "one thread in place of all": (threads, 0),
    "the whole batch at once, BLAS's own threads": (micro_batches, 0),
    "workers whose products use BLAS's threads too": (own_blas_threads, 0),
    "new arrays at every step": (cached_buffers, 0),
    "ReLU before pooling": (pooling_first, 0),
    "np.where in place of bits times mask": (masks_by_bits, 0),
    "the first layer's dC/dX too": (first_layer_skipped, 0),
    "pooling looks for the winners anew": (cached_output, 0),
    "dC/dX always spread": (rotated_filters, 0),
    "dC/dX never spread at stride 1 (LeNet)": (scatter_add, 1),
}
