"""The optimised convolution: one row of the output at a time, with the examples innermost in memory.

Shapes      As in cnn_core/convolution.py; `plan` is a Geometry. A row of the row buffer is (kW*C + 1, W_out*N).
Dilation    A window takes every d-th row. Rows of one residue modulo d are kept together, a phase, and so the rows of a
            window are contiguous; each phase is a convolution of its own. Without dilation there is one phase.
Reference   conv2d_forward_loop and conv2d_backward_dilated; tests/test_convolution.py holds them equal.
Chapter     09.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..shapes import kernel_offsets
from .buffers import rows_of

SMALL = 10**6  # multiplications: OpenBLAS copies neither operand of a product that has no more


def forward(X, F, plan, buffers, B=None):
    """Return the output: for each of its rows, the matrix product of all filters with the windows of the row."""
    O = buffers.batch("O", (len(X), len(F), *plan.output), X.dtype)
    filters = np.zeros((len(F), plan.kernel[0], plan.kernel[1] * X.shape[1] + 1), X.dtype)
    filters[:, :, :-1] = F.transpose(0, 2, 3, 1).reshape(*filters.shape[:2], -1)
    filters[:, 0, -1] = 0 if B is None else B
    by_row = _by_row(O, "O", buffers)
    for rows, windows in _windows_by_row(X, plan, buffers):
        _multiply(filters.reshape(len(F), -1), windows, out=by_row[rows])
    return O


def _multiply(A, B, out):
    """Write the products of A with every matrix of B to out, a small part of the columns at a time."""
    columns = SMALL // A.size // 64 * 64 or B.shape[-1]
    for start in range(0, B.shape[-1], columns):
        np.matmul(A, B[..., start : start + columns], out=out[..., start : start + columns])


def parameter_gradients(dC_dO, X, plan, buffers):
    """Return dC_dF and dC_dB: each window times the gradient of its output, summed over the rows of the output."""
    by_row, (kH, kW), (K, C) = _by_row(dC_dO, "dC_dO", buffers), plan.kernel, (dC_dO.shape[1], X.shape[1])
    terms = buffers.zeros("dC_dF", (len(by_row), kH * (kW * C + 1), K), X.dtype)
    for rows, windows in _windows_by_row(X, plan, buffers, is_filled=buffers.is_cached):
        # faster than its transpose: there are few filters
        np.matmul(windows, by_row[rows].transpose(0, 2, 1), out=terms[rows])
    sums = terms.sum(axis=0).reshape(kH, -1, K)
    return sums[:, :-1].reshape(*plan.kernel, X.shape[1], K).transpose(3, 2, 0, 1), sums[0, -1]


def input_gradient(dC_dO, F, plan, X_shape, buffers):
    """Return dC_dX: a convolution over the rows and a sum over the columns.

    A row of dC_dX depends on the rows of dC_dO whose windows reach it. These are contiguous, so they are an operand of
    a matrix product without a copy. The product gives the terms of each kernel column; they are added to its pixels.
    """
    (_, kW), (_, S_c), (_, W_out), (N, C, H, W) = plan.kernel, plan.stride, plan.output, X_shape
    dC_dX, by_row = buffers.batch("dC_dX", X_shape, dC_dO.dtype), _by_phase(dC_dO, plan, buffers)
    terms = buffers.zeros("terms", (H, kW * C, W_out * N), dC_dO.dtype)  # a row that no window reaches stays 0
    filters = np.ascontiguousarray(F.transpose(3, 1, 2, 0))  # (kW, C, kH, K)
    for kernel_rows, operand, out in buffers.views("products", lambda *of: _row_products(plan, *of), by_row, terms):
        _multiply(filters[:, :, kernel_rows].reshape(out.shape[1], -1), operand, out)
    dC_dX[...] = 0
    rows, by_column = rows_of(dC_dX, "dC_dX", buffers), terms.reshape(H, kW, C, W_out, N)
    for j, (windows, pixels) in enumerate(kernel_offsets(W, kW, S_c, plan.padding[1], W_out, plan.dilation[1])):
        rows[:, :, pixels] += by_column[:, j, :, windows]
    return dC_dX


def _by_phase(dC_dO, plan, buffers):
    """Return dC_dO (N, K, H, W) as (H, K, W*N), with the rows of each phase together."""
    by_row = _by_row(dC_dO, "dC_dO", buffers)
    if plan.phase_count == 1:
        return by_row
    copy = buffers.zeros("dC_dO by phase", by_row.shape, by_row.dtype)
    return np.take(by_row, [row for rows, *_ in plan.phases() for row in rows], axis=0, out=copy, mode="clip")


def _row_products(plan, by_phase, terms):
    """Return the operands of input_gradient, rows at the same place in their windows together: (kernel rows, the rows
    of dC_dO that reach them, their terms).
    """
    products, before, apart = [], 0, math.lcm(plan.stride[0], plan.dilation[0])
    for outputs, residue, first in plan.phases():
        for kernel_rows, ((row, reaching), *others) in _same_places(plan, len(outputs), residue, first, len(terms)):
            out = terms[row::apart][: 1 + len(others)]
            shape = len(out), len(kernel_rows) * by_phase.shape[1], by_phase.shape[2]
            operand = as_strided(by_phase[before + reaching :], shape, by_phase.strides, writeable=False)
            products.append((kernel_rows, operand, out))
        before += len(outputs)
    return products


def _same_places(plan, count, residue, first, H):
    """Return, for a phase of so many windows, the rows of dC_dX by their place in the windows: [(kernel rows, [(row,
    the first window that reaches it)])].
    """
    (kH, _), d_r, ((top, _), _) = plan.kernel, plan.dilation[0], plan.padding
    step, groups = _window_step(plan), {}
    for row in range(top + (residue - top) % d_r, top + H, d_r):
        place = row // d_r - first  # among the rows of the phase, from its first window
        reaching = range(max(-((kH - 1 - place) // step), 0), min(place // step, count - 1) + 1)
        if reaching:
            kernel_rows = range(place - reaching[0] * step, -1, -step)[: len(reaching)]
            groups.setdefault(kernel_rows, []).append((row - top, reaching[0]))
    return groups.items()


def _window_step(plan):
    """Return how many rows of their phase lie between the starts of two windows: the stride without dilation."""
    return math.lcm(plan.stride[0], plan.dilation[0]) // plan.dilation[0]


def _windows_by_row(X, plan, buffers, is_filled=False):
    """Return, for each phase, its rows of the output and their windows as columns: views that overlap.

    The windows are (rows of the phase, kH*(kW*C + 1), W_out*N). The row buffer stores each padded input row kW times;
    copy j holds pixel j of every window in that row. The kH rows of a window are then contiguous, so the im2col matrix
    of an output row is a strided view: nothing else is copied. A row of ones follows each: with the biases among the
    filters, the products add them and give dC_dB. After the forward pass, cached buffers are filled already.
    """
    rows = rows_of(X, "X", buffers)
    shape = plan.phase_count, plan.rows_of_phase, plan.kernel[1] * X.shape[1] + 1, plan.output[1] * len(X)
    row_buffer = buffers.zeros("windows", shape, X.dtype)
    windows, copies = buffers.views("windows", lambda *of: _row_copies(plan, *of), row_buffer, rows)
    for part, pixels in () if is_filled else copies:
        part[...] = pixels
    return windows


def _row_copies(plan, row_buffer, rows):
    """Return the windows of each phase with its rows of the output, and the copies that fill the row buffer, as pairs
    of views. The padding stays 0.
    """
    (_, kW), (_, S_c), (d_r, d_c), (_, W_out), (H, C, W, N) = *plan[:2], plan.dilation, plan.output, rows.shape
    row_buffer[:, :, -1] = 1
    pixel_of_window = row_buffer[:, :, :-1].reshape(*row_buffer.shape[:2], kW, C, W_out, N)
    columns = kernel_offsets(W, kW, S_c, plan.padding[1], W_out, d_c)
    windows, copies = [], []
    for part, pixels, (outputs, residue, first) in zip(row_buffer, pixel_of_window, plan.phases(), strict=True):
        top = plan.padding[0][0] - residue
        ((filled, taken),) = kernel_offsets(H, 1, d_r, (top, 0), len(part))  # excluded rows are not copied
        copies += [(pixels[filled, j, :, w], rows[taken, :, column]) for j, (w, column) in enumerate(columns)]
        windows.append((slice(outputs.start, None, outputs.step), _overlapping(part[first:], len(outputs), plan)))
    return windows, copies


def _overlapping(rows, count, plan):
    """Return that many windows of kernel rows as columns: (count, kH*(kW*C + 1), W_out*N), views that overlap."""
    row, *others = rows.strides
    strides = min(_window_step(plan), len(rows)) * row, *others  # a single window may have any step
    return as_strided(rows, (count, plan.kernel[0] * rows.shape[1], rows.shape[2]), strides, writeable=False)


def _by_row(images, name, buffers):
    """Return images (N, K, H, W) as (H, K, W*N)."""
    H, K, W, N = (rows := rows_of(images, name, buffers)).shape
    return buffers.views(f"{name} by row", lambda rows: rows.reshape(H, K, W * N), rows)
