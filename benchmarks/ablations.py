"""Ablations: each removes one optimisation from cnn_core, to measure its effect. Every optimisation has its ablation.

An ablation replaces names of the library in the process in which it is called. A comparison therefore starts a process
for each.
"""

import numpy as np

from cnn_core import activations, optimisers, training
from cnn_core.fast import buffers, convolution, pooling, replica
from cnn_core.fast import threads as runtime


def _replace(owner, name, value):
    """Replace an attribute. A name that cnn_core no longer has is an error: the ablation would change nothing."""
    getattr(owner, name)
    setattr(owner, name, value)


def threads():
    """Use one worker."""
    _replace(training, "worker_pool", lambda workers, make_replica: runtime.worker_pool(1, make_replica))


def calling_thread():
    """Let the calling thread wait, and other threads take all micro-batches."""
    pool = runtime.worker_pool
    results, start = pool._results, pool._start_threads
    _replace(pool, "_results", lambda self, job, first, others: results(self, job, [], [*first, *others]))
    _replace(pool, "_start_threads", lambda self, count: start(self, count + 1))


def micro_batches():
    """Pass the whole batch through each layer at once, with the threads of BLAS."""
    _replace(replica, "micro_batch_slices", lambda count: [slice(0, count)])
    own_blas_threads()


def own_blas_threads():
    """Let the matrix products of every worker use all threads of BLAS."""
    _replace(runtime, "_blas", lambda: None)


def cached_buffers():
    """Allocate new arrays at every step."""
    _replace(buffers.CachedBuffers, "is_cached", False)
    _replace(buffers.CachedBuffers, "_array", lambda self, key, make: make())


def blocks():
    """Let each cached array have memory of its own."""
    _replace(replica.Blocks, "zeros", staticmethod(np.zeros))


def pooling_first():
    """Apply ReLU before pooling, to four times as many pixels."""
    _replace(replica, "_pooling_first", lambda layers: list(range(len(layers))))


def fused():
    """Compute pooling, and each ReLU, as layers of their own, with an output, a mask and a dC/dX each."""
    _replace(replica, "_fused", lambda layers: [None] * len(layers))


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
    forward, backward = pooling.forward, pooling.backward
    _replace(pooling, "backward", lambda dC_dO, X, *to: [forward(X, *to[:3]), backward(dC_dO, X, *to)][1])


def kept_windows():
    """Copy the windows of a convolution again in its backward pass."""
    windows = convolution._windows_by_row
    _replace(convolution, "_windows_by_row", lambda X, plan, arrays, is_filled=False: windows(X, plan, arrays))


def small_products():
    """Compute a row of a convolution in one product, whose operands OpenBLAS copies."""
    _replace(convolution, "_multiply", lambda A, B, out: np.matmul(A, B, out=out))


def rows_without_copy():
    """Compute dC/dX by scatter-add over the rows too (col2im)."""
    _replace(convolution, "input_gradient", _scattered)


def columns_added():
    """Compute dC/dX at stride 1 by one more convolution, with the filters rotated: its windows are copied."""
    _replace(convolution, "input_gradient", _convolved)


def updates_in_parts():
    """Let the optimiser update whole arrays, denormal numbers and all."""
    _replace(optimisers, "in_parts", lambda update, *arrays, **moments: update(*arrays, **moments))
    _replace(optimisers, "remove_denormals", lambda moment: None)


def _scattered(dC_dO, F, plan, X_shape, arrays):
    """Return dC_dX: dC_dO times the filters, added to the pixels of each window."""
    (kH, kW), (N, C, H, W), (H_out, W_out) = plan.kernel, X_shape, plan.output
    (S_r, S_c), ((top, bottom), (left, right)) = plan.stride, plan.padding
    terms = arrays.zeros("terms", (H_out, kH, kW, C, W_out, N), dC_dO.dtype)
    filters = F.transpose(2, 3, 1, 0).reshape(kH * kW * C, len(F))
    by_row = buffers.rows_of(dC_dO, "dC_dO", arrays).reshape(H_out, len(F), W_out * N)
    np.matmul(filters, by_row, out=terms.reshape(H_out, len(filters), -1))
    rows = arrays.zeros("rows", (H_out, kH, C, left + W + right, N), dC_dO.dtype)
    dC_dXp = arrays.zeros("dC_dXp", (top + H + bottom, C, left + W + right, N), dC_dO.dtype)
    rows.fill(0)
    dC_dXp.fill(0)
    for column in range(kW):
        rows[:, :, :, column : column + S_c * W_out : S_c] += terms[:, :, column]
    for row in range(kH):
        dC_dXp[row : row + S_r * H_out : S_r] += rows[:, row]
    return dC_dXp[top : top + H, :, left : left + W].transpose(3, 1, 0, 2)


def _convolved(dC_dO, F, plan, X_shape, arrays):
    """Return dC_dX: the convolution of dC_dO with the filters rotated by 180 degrees."""
    (kH, kW), ((top, bottom), (left, right)) = plan.kernel, plan.padding
    around = (kH - 1 - top, kH - 1 - bottom), (kW - 1 - left, kW - 1 - right)
    back, rotated = plan._replace(padding=around, output=X_shape[2:]), F.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    (own,) = arrays.views("own", lambda _: [buffers.CachedBuffers()], F)  # forward uses the same names
    return convolution.forward(dC_dO, rotated, back, own)


# name in the table of results: (what removes the optimisation, index of the network on which it is measured)
ABLATIONS = {
    "one thread in place of all": (threads, 0),
    "the calling thread only waits": (calling_thread, 0),
    "the whole batch at once, BLAS's own threads": (micro_batches, 0),
    "workers whose products use BLAS's threads too": (own_blas_threads, 0),
    "new arrays at every step": (cached_buffers, 0),
    "memory of its own for each array": (blocks, 0),
    "ReLU before pooling": (pooling_first, 0),
    "pooling and ReLU as two layers": (fused, 0),
    "each ReLU as a layer of its own (stride 2)": (fused, 3),
    "np.where in place of bits times mask": (masks_by_bits, 0),
    "the first layer's dC/dX too": (first_layer_skipped, 0),
    "pooling looks for the winners anew": (cached_output, 0),
    "the windows copied again for dC/dF": (kept_windows, 0),
    "a row of the output in one product": (small_products, 0),
    "dC/dX always spread": (rows_without_copy, 0),
    "dC/dX never spread at stride 1 (LeNet)": (columns_added, 1),
    "the optimiser on whole arrays": (updates_in_parts, 0),
}
