"""The optimised convolution: one row of the output at a time, with the examples innermost in memory.

Shapes      As in cnn_core/convolution.py; `plan` is a Geometry. Row buffers are (H, kW, C, W_out, N).
Reference   conv2d_forward_loop and conv2d_backward_dilated; tests/test_convolution.py holds them equal.
Chapter     09.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..shapes import kernel_offsets
from .buffers import rows_of


def forward(X, F, plan, buffers, B=None):
    """Return the output: for each of its rows, the matrix product of all filters with the windows of the row."""
    O = buffers.batch("O", (len(X), len(F), *plan.output), X.dtype)
    filters = np.zeros((len(F), plan.kernel[0], plan.kernel[1] * X.shape[1] + 1), X.dtype)
    filters[:, :, :-1] = F.transpose(0, 2, 3, 1).reshape(*filters.shape[:2], -1)
    filters[:, 0, -1] = 0 if B is None else B  # times the ones: the bias needs no pass of its own
    np.matmul(filters.reshape(len(F), -1), _windows_by_row(X, plan, buffers), out=_by_row(O, buffers))
    return O


def parameter_gradients(dC_dO, X, plan, buffers):
    """Return dC_dF and dC_dB: each window times the gradient of its output, summed over the rows of the output."""
    by_row, windows = _by_row(dC_dO, buffers), _windows_by_row(X, plan, buffers)
    K, C = dC_dO.shape[1], X.shape[1]
    terms = buffers.zeros("dC_dF", (len(by_row), windows.shape[1], K), X.dtype)
    np.matmul(windows, by_row.transpose(0, 2, 1), out=terms)
    gradients = terms.sum(axis=0).reshape(plan.kernel[0], -1, K)
    dC_dF = gradients[:, :-1].reshape(*plan.kernel, C, K).transpose(3, 2, 0, 1)
    return dC_dF, gradients[0, -1]


def input_gradient(dC_dO, F, plan, X_shape, buffers):
    """Return dC_dX: over the rows one more convolution, over the columns a sum.

    A row of dC_dX needs the rows of dC_dO whose windows reach it. They are contiguous, so they are the operand of a
    product as they lie. It gives the terms of every kernel column, which are added to the columns of their pixels.
    """
    (N, C, H, W), by_row, W_out = X_shape, _by_row(dC_dO, buffers), plan.output[1]
    terms = buffers.zeros("terms", (H, plan.kernel[1], C, W_out, N), dC_dO.dtype)  # a row without windows stays 0
    dC_dX = buffers.zeros("dC_dX", (H, C, W, N), dC_dO.dtype)
    filters = np.ascontiguousarray(F.transpose(3, 1, 2, 0))  # (kW, C, kH, K)
    for rows, first, kernel_rows in _row_groups(plan, H):
        matrix = filters[:, :, kernel_rows].reshape(-1, len(kernel_rows) * len(F))
        row, _, number = by_row.strides
        shape = len(terms[rows]), matrix.shape[1], W_out * N
        reaching = as_strided(by_row[first:], shape, (row, row // len(F), number), writeable=False)
        np.matmul(matrix, reaching, out=terms[rows].reshape(len(reaching), len(matrix), -1))
    dC_dX.fill(0)
    for j, (windows, pixels) in enumerate(kernel_offsets(W, plan.kernel[1], plan.stride[1], plan.padding[1], W_out)):
        dC_dX[:, :, pixels] += terms[:, j, :, windows]
    return dC_dX.transpose(3, 1, 0, 2)


@lru_cache(maxsize=256)  # a layer asks for the same ones at every step
def _row_groups(plan, H):
    """Return the rows of X in groups that lie at the same rows of their windows: (rows, first, kernel rows).

    The windows of the output's rows `first`, `first` + 1, ... reach the first row of the group, with `kernel rows`.
    """
    (kH, _), (S_r, _), ((top, _), _), (H_out, _) = plan.kernel, plan.stride, plan.padding, plan.output
    groups = {}
    for row in range(H):
        first, last = max(-((kH - 1 - row - top) // S_r), 0), min((row + top) // S_r, H_out - 1)
        if first <= last:
            groups.setdefault((row + top - first * S_r, last - first + 1), []).append((row, first))
    return [
        (slice(rows[0][0], rows[-1][0] + 1, S_r), rows[0][1], range(kernel_row, -1, -S_r)[:count])
        for (kernel_row, count), rows in groups.items()
    ]


def _windows_by_row(X, plan, buffers):
    """Return the windows of every row of the output as columns: (H_out, kH*kW*C, W_out*N), views that overlap.

    The row buffer stores each padded input row kW times; copy j holds pixel j of every window in that row. The kH rows
    of a window are then contiguous, so the im2col matrix of an output row is a strided view: nothing else is copied.
    """
    (kH, kW), (S_r, _), (H_out, W_out) = plan.kernel, plan.stride, plan.output
    N, C, H, W = X.shape
    flat = buffers.zeros("windows", ((H_out - 1) * S_r + kH, kW * C + 1, W_out * N), X.dtype)  # the padding stays 0
    flat[:, -1] = 1
    buffer = flat[:, :-1].reshape(len(flat), kW, C, W_out, N)
    top = plan.padding[0][0]  # negative in a backward pass whose forward padding exceeds kH - 1
    first = max(top, 0)
    end = max(min(top + H, len(buffer)), first)
    rows = rows_of(X, "X", buffers)[first - top : end - top]
    for j, (windows, pixels) in enumerate(kernel_offsets(W, kW, plan.stride[1], plan.padding[1], W_out)):
        buffer[first:end, j, :, windows] = rows[:, :, pixels]
    row, channel, number = flat.strides
    strides = min(S_r, len(flat)) * row, channel, number  # with a single output row S_r may be any number
    return as_strided(flat, (H_out, kH * (kW * C + 1), W_out * N), strides, writeable=False)


def _by_row(images, buffers):
    """Return images (N, K, H, W) as (H, K, W*N)."""
    H, K, W, N = (rows := rows_of(images, "dC_dO", buffers)).shape
    return rows.reshape(H, K, W * N)
