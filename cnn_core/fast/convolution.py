"""The optimised convolution: one row of the output at a time, with the examples innermost in memory.

Shapes      As in cnn_core/convolution.py; `plan` is a Geometry. Row buffers are (H, kW, C, W_out, N).
Reference   conv2d_forward_loop and conv2d_backward_dilated; tests/test_convolution.py holds them equal.
Chapter     09.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..shapes import kernel_offsets
from .buffers import rows_of


def forward(X, F, plan, buffers, B=None):
    """Return the output: for each of its rows, the matrix product of all filters with the windows of the row."""
    O = buffers.batch("O", (len(X), len(F), *plan.output), X.dtype)
    by_row = _by_row(O, buffers)
    np.matmul(F.transpose(0, 2, 3, 1).reshape(len(F), -1), _windows_by_row(X, plan, buffers), out=by_row)
    if B is not None:
        by_row += B[:, None]
    return O


def parameter_gradients(dC_dO, X, plan, buffers):
    """Return dC_dF and dC_dB: each window times the gradient of its output, summed over the rows of the output."""
    by_row, windows = _by_row(dC_dO, buffers), _windows_by_row(X, plan, buffers)
    K, C = dC_dO.shape[1], X.shape[1]
    terms = buffers.zeros("dC_dF", (len(by_row), K, windows.shape[1]), X.dtype)
    np.matmul(by_row, windows.transpose(0, 2, 1), out=terms)
    dC_dF = terms.sum(axis=0).reshape(K, *plan.kernel, C).transpose(0, 3, 1, 2)
    return dC_dF, by_row.sum(axis=(0, 2))


def input_gradient(dC_dO, F, plan, X_shape, buffers):
    """Return dC_dX by the cheaper of two methods.

    At stride 1 it is one more convolution, of dC_dO with the filters rotated by 180 degrees. Where the output is much
    smaller than the input, most products of that convolution would be with zeros; then every entry of dC_dO is
    scattered over its window.
    """
    (kH, kW), ((top, bottom), (left, right)) = plan.kernel, plan.padding
    if plan.stride != (1, 1) or 3 * math.prod(plan.output) < 2 * math.prod(X_shape[2:]):
        return scattered(dC_dO, F, plan, X_shape, buffers)
    around = (kH - 1 - top, kH - 1 - bottom), (kW - 1 - left, kW - 1 - right)
    back = plan._replace(padding=around, output=X_shape[2:])
    return forward(dC_dO, F.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1], back, buffers.scope("dC_dX"))


def scattered(dC_dO, F, plan, X_shape, buffers):
    """Return dC_dX: dC_dO times the filters, added to the pixels of each window (col2im)."""
    (kH, kW), (S_r, S_c), (H_out, W_out) = plan.kernel, plan.stride, plan.output
    (N, C, H, W), ((top, bottom), (left, right)) = X_shape, plan.padding
    terms = buffers.zeros("terms", (H_out, kH, kW, C, W_out, N), dC_dO.dtype)
    filters = F.transpose(2, 3, 1, 0).reshape(kH * kW * C, len(F))
    np.matmul(filters, _by_row(dC_dO, buffers), out=terms.reshape(H_out, len(filters), -1))
    rows = buffers.zeros("rows", (H_out, kH, C, left + W + right, N), dC_dO.dtype)
    dC_dXp = buffers.zeros("dC_dXp", (top + H + bottom, C, left + W + right, N), dC_dO.dtype)
    rows.fill(0)
    dC_dXp.fill(0)
    for column in range(kW):
        rows[:, :, :, column : column + S_c * W_out : S_c] += terms[:, :, column]
    for row in range(kH):
        dC_dXp[row : row + S_r * H_out : S_r] += rows[:, row]
    return dC_dXp[top : top + H, :, left : left + W].transpose(3, 1, 0, 2)


def _windows_by_row(X, plan, buffers):
    """Return the windows of every row of the output as columns: (H_out, kH*kW*C, W_out*N), views that overlap.

    The row buffer stores each padded input row kW times; copy j holds pixel j of every window in that row. The kH rows
    of a window are then contiguous, so the im2col matrix of an output row is a strided view: nothing else is copied.
    """
    (kH, kW), (S_r, _), (H_out, W_out) = plan.kernel, plan.stride, plan.output
    N, C, H, W = X.shape
    buffer = buffers.zeros("windows", ((H_out - 1) * S_r + kH, kW, C, W_out, N), X.dtype)  # the padding stays 0
    top = plan.padding[0][0]  # negative in a backward pass whose forward padding exceeds kH - 1
    first = max(top, 0)
    end = max(min(top + H, len(buffer)), first)
    rows = rows_of(X, "X", buffers)[first - top : end - top]
    for j, (windows, pixels) in enumerate(kernel_offsets(W, kW, plan.stride[1], plan.padding[1], W_out)):
        buffer[first:end, j, :, windows] = rows[:, :, pixels]
    row, _, channel, _, number = buffer.strides
    strides = min(S_r, len(buffer)) * row, channel, number  # with a single output row S_r may be any number
    return as_strided(buffer, (H_out, kH * kW * C, W_out * N), strides, writeable=False)


def _by_row(images, buffers):
    """Return images (N, K, H, W) as (H, K, W*N)."""
    H, K, W, N = (rows := rows_of(images, "dC_dO", buffers)).shape
    return rows.reshape(H, K, W * N)
