"""The optimised convolution: one row of the output at a time, with the examples innermost in memory.

Shapes      As in cnn_core/convolution.py; `plan` is a Geometry. A row of the row buffer is (kW*C + 1, W_out*N).
Reference   conv2d_forward_loop and conv2d_backward_dilated; tests/test_convolution.py holds them equal.
Chapter     09.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..shapes import kernel_offsets
from .buffers import rows_of


def forward(X, F, plan, buffers, B=None):
    """Return the output: for each of its rows, the matrix product of all filters with the windows of the row."""
    O = buffers.batch("O", (len(X), len(F), *plan.output), X.dtype)
    filters = np.zeros((len(F), plan.kernel[0], plan.kernel[1] * X.shape[1] + 1), X.dtype)
    filters[:, :, :-1] = F.transpose(0, 2, 3, 1).reshape(*filters.shape[:2], -1)
    filters[:, 0, -1] = 0 if B is None else B
    np.matmul(filters.reshape(len(F), -1), _windows_by_row(X, plan, buffers), out=_by_row(O, "O", buffers))
    return O


def parameter_gradients(dC_dO, X, plan, buffers):
    """Return dC_dF and dC_dB: each window times the gradient of its output, summed over the rows of the output."""
    windows = _windows_by_row(X, plan, buffers, is_filled=buffers.is_cached)
    by_row, K = _by_row(dC_dO, "dC_dO", buffers), dC_dO.shape[1]
    terms = buffers.zeros("dC_dF", (len(windows), windows.shape[1], K), X.dtype)
    np.matmul(windows, by_row.transpose(0, 2, 1), out=terms)  # faster than its transpose: there are few filters
    sums = terms.sum(axis=0).reshape(plan.kernel[0], -1, K)
    return sums[:, :-1].reshape(*plan.kernel, X.shape[1], K).transpose(3, 2, 0, 1), sums[0, -1]


def input_gradient(dC_dO, F, plan, X_shape, buffers):
    """Return dC_dX: a convolution over the rows and a sum over the columns.

    A row of dC_dX depends on the rows of dC_dO whose windows reach it. These are contiguous, so they are an operand of
    a matrix product without a copy. The product gives the terms of each kernel column; they are added to its pixels.
    """
    (_, kW), (_, S_c), (_, W_out), (N, C, H, W) = plan.kernel, plan.stride, plan.output, X_shape
    dC_dX, by_row = buffers.batch("dC_dX", X_shape, dC_dO.dtype), _by_row(dC_dO, "dC_dO", buffers)
    terms = buffers.zeros("terms", (H, kW * C, W_out * N), dC_dO.dtype)  # a row that no window reaches stays 0
    filters = np.ascontiguousarray(F.transpose(3, 1, 2, 0))  # (kW, C, kH, K)
    for kernel_rows, operand, out in buffers.views("products", lambda *of: _row_products(plan, *of), by_row, terms):
        np.matmul(filters[:, :, kernel_rows].reshape(out.shape[1], -1), operand, out=out)
    dC_dX[...] = 0
    rows, by_column = rows_of(dC_dX, "dC_dX", buffers), terms.reshape(H, kW, C, W_out, N)
    for j, (windows, pixels) in enumerate(kernel_offsets(W, kW, S_c, plan.padding[1], W_out)):
        rows[:, :, pixels] += by_column[:, j, :, windows]
    return dC_dX


def _row_products(plan, by_row, terms):
    """Return the operands of input_gradient, rows at the same place in their windows together: (kernel rows, the rows
    of dC_dO that reach them, their terms).
    """
    (kH, _), (S_r, _), ((top, _), _), (H_out, _) = plan.kernel, plan.stride, plan.padding, plan.output
    groups, products = {}, []
    for row in range(top, top + len(terms)):
        reaching = range(max(-((kH - 1 - row) // S_r), 0), min(row // S_r, H_out - 1) + 1)
        if reaching:
            kernel_rows = range(row - reaching[0] * S_r, -1, -S_r)[: len(reaching)]
            groups.setdefault(kernel_rows, []).append((row - top, reaching[0]))
    for kernel_rows, ((row, first), *others) in groups.items():
        out = terms[row::S_r][: 1 + len(others)]
        shape = len(out), len(kernel_rows) * by_row.shape[1], by_row.shape[2]
        products.append((kernel_rows, as_strided(by_row[first:], shape, by_row.strides, writeable=False), out))
    return products


def _windows_by_row(X, plan, buffers, is_filled=False):
    """Return the windows of every row of the output as columns: (H_out, kH*(kW*C + 1), W_out*N), views that overlap.

    The row buffer stores each padded input row kW times; copy j holds pixel j of every window in that row. The kH rows
    of a window are then contiguous, so the im2col matrix of an output row is a strided view: nothing else is copied.
    A row of ones follows each: with the biases among the filters, the products add them and give dC_dB. After the
    forward pass, cached buffers are filled already.
    """
    (kH, kW), (S_r, _), (H_out, W_out), (N, C) = plan.kernel, plan.stride, plan.output, X.shape[:2]
    row_buffer = buffers.zeros("windows", ((H_out - 1) * S_r + kH, kW * C + 1, W_out * N), X.dtype)
    rows = rows_of(X, "X", buffers)
    windows, copies = buffers.views("windows", lambda *of: _row_copies(plan, *of), row_buffer, rows)
    for part, pixels in () if is_filled else copies:
        part[...] = pixels
    return windows


def _row_copies(plan, row_buffer, rows):
    """Return the windows, and the copies that fill the row buffer, as pairs of views. The padding stays 0."""
    (kH, kW), (S_r, S_c), (H_out, W_out), (H, C, W, N) = plan.kernel, plan.stride, plan.output, rows.shape
    row_buffer[:, -1] = 1
    pixel_of_window = row_buffer[:, :-1].reshape(len(row_buffer), kW, C, W_out, N)
    top = plan.padding[0][0]
    end = max(min(top + H, len(row_buffer)), top)  # excluded rows are not copied
    offsets = enumerate(kernel_offsets(W, kW, S_c, plan.padding[1], W_out))
    copies = [(pixel_of_window[top:end, j, :, w], rows[: end - top, :, pixels]) for j, (w, pixels) in offsets]
    row, *others = row_buffer.strides
    strides = min(S_r, len(row_buffer)) * row, *others  # with a single output row S_r may be any number
    shape = H_out, kH * row_buffer.shape[1], W_out * N
    return as_strided(row_buffer, shape, strides, writeable=False), copies


def _by_row(images, name, buffers):
    """Return images (N, K, H, W) as (H, K, W*N)."""
    H, K, W, N = (rows := rows_of(images, name, buffers)).shape
    return buffers.views(f"{name} by row", lambda rows: rows.reshape(H, K, W * N), rows)
