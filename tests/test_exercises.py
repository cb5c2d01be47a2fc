"""The checks behind the exercises: each accepts the answer, and names at least two mistakes that people make."""

import numpy as np
import pytest

from cnn_core import Conv2D, Flatten, FullyConnected, Pool2D, convolve, dilate
from cnn_exercises import chapter_00, chapter_01, chapter_02, chapter_03, chapter_04, chapter_09
from cnn_exercises.verdict import NOT_YET, verdict


def said(check, answer):
    return verdict(check.find_fault, answer)


def field(windows):
    seen = apart = 1
    for kernel, stride in windows:
        seen += (kernel - 1) * apart
        apart *= stride
    return seen


def field_with_its_own_stride(windows):
    seen = apart = 1
    for kernel, stride in windows:
        apart *= stride
        seen += (kernel - 1) * apart
    return seen


SHAPES = [(8, 28, 28), (8, 14, 14), (16, 7, 7), (784,), (10,)]
DECISION = [Flatten(), FullyConnected(10)]
DESIGN = [Conv2D(4, 4, stride=4), Conv2D(4, 7), *DECISION]
CHAPTER_00 = [
    (chapter_00.check_parameters, lambda C, K, kH, kW: K * (C * kH * kW + 1), None),
    (chapter_00.check_parameters, lambda C, K, kH, kW: K * C * kH * kW, "has a bias too"),
    (chapter_00.check_parameters, lambda C, K, kH, kW: K * (kH * kW + 1), "all channels"),
    (chapter_00.check_parameters, lambda C, K, kH, kW: K * C * kH * kW + 1, "not one for all"),
    (chapter_00.check_parameters, lambda C, K, kH, kW: K * C * (kH * kW + 1), "one bias"),
    (chapter_00.check_parameters, lambda C, K, kH, kW: 0, "count its weights"),
    (chapter_00.check_parameters, 160, "raised TypeError"),
    (chapter_00.check_shapes, SHAPES, None),
    (chapter_00.check_shapes, SHAPES[:3], "you give 3"),
    (chapter_00.check_shapes, [(3, 28, 28), *SHAPES[1:]], "channel for each filter"),
    (chapter_00.check_shapes, [(8, 32, 32), *SHAPES[1:]], "too large"),
    (chapter_00.check_shapes, [SHAPES[0], (8, 7, 7), *SHAPES[2:]], "too small"),
    (chapter_00.check_shapes, [*SHAPES[:2], (16, 8, 8), *SHAPES[3:]], "round down"),
    (chapter_00.check_shapes, [SHAPES[0], (8, 27, 27), *SHAPES[2:]], "2 pixels apart, not at every pixel"),
    (chapter_00.check_shapes, [*SHAPES[:2], (16, 14, 14), *SHAPES[3:]], "2 pixels apart, not at every pixel"),
    (chapter_00.check_shapes, [*SHAPES[:2], (16, 6, 6), *SHAPES[3:]], "the padding counts too"),
    (chapter_00.check_shapes, [(64, 8, 28, 28), *SHAPES[1:]], "N is left out"),
    (chapter_00.check_shapes, [*SHAPES[:3], (112,), (10,)], "multiply all sides"),
    (chapter_00.check_shapes, [*SHAPES[:3], (16, 49), (10,)], "1 axis, not 2"),
    (chapter_00.check_shapes, [*SHAPES[:3], 784, (10,)], "as a tuple"),
    (chapter_00.check_shapes, [*SHAPES[:4], (784,)], "each node"),
    (chapter_00.check_shapes, [(8,), *SHAPES[1:]], "3 axes, not 1"),
    (chapter_00.check_field, field, None),
    (chapter_00.check_field, lambda windows: 1 + sum(kernel - 1 for kernel, _ in windows), "the strides count"),
    (chapter_00.check_field, lambda windows: int(np.prod([kernel for kernel, _ in windows])), "not multiplied"),
    (chapter_00.check_field, lambda windows: sum(kernel for kernel, _ in windows), "one less than its kernel"),
    (chapter_00.check_field, field_with_its_own_stride, "own stride"),
    (chapter_00.check_field, lambda windows: field(windows) - 1, "start at 1"),
    (chapter_00.check_field, lambda windows: 100, "how far apart"),
    (chapter_00.check_design, DESIGN, None),
    (chapter_00.check_design, [Conv2D(4, 4, stride=4), *DECISION], "parameters"),
    (chapter_00.check_design, [Conv2D(1, 5, stride=4), *DECISION], "leaves out 3 rows and 3 columns"),
    (chapter_00.check_design, [Pool2D(4), Conv2D(4, 5, stride=2), *DECISION], "sees 20 by 20"),
    (chapter_00.check_design, [Flatten(), FullyConnected(1), FullyConnected(10)], "no convolution"),
    (chapter_00.check_design, [Conv2D(4, 7)], "shape (10,)"),
    (chapter_00.check_design, [Conv2D(4, 29)], "larger than"),
]


def operations(X_shape, F_shape, stride, padding, factor=2, channels=True, filters=True, windows=True):
    """Count the operations of a convolution; the options leave out what people leave out."""
    N, C, H, W = X_shape
    K, _, kH, kW = F_shape
    H_out, W_out = ((side + 2 * padding - k) // stride + 1 for side, k in ((H, kH), (W, kW)))
    pixels = H_out * W_out if windows else H * W
    return factor * N * (K if filters else 1) * pixels * (C if channels else 1) * kH * kW


def with_mistake(**mistake):
    return lambda *layer: operations(*layer, **mistake)


def kept(values, mask):
    return (values.view(f"i{values.itemsize}") * mask).view(values.dtype)


def changing(values, mask):
    values[~mask] = 0
    return values


def summed(finished):
    return sum((gradient for _, gradient in sorted(finished, key=lambda pair: pair[0])), np.float32(0))


def windows_of(X, k):
    return [X[:, r : r + k, c : c + k] for r in range(X.shape[1] - k + 1) for c in range(X.shape[2] - k + 1)]


def as_columns(X, k):
    return np.stack([window.ravel() for window in windows_of(X, k)], axis=1)


def by_column(X, k):
    return as_columns(X.transpose(0, 2, 1), k)


def touched(place, size, kernel, stride):
    return sum(first <= place < first + kernel for first in range(0, size - kernel + 1, stride))


def convolved_in_place(A, B, stride):
    O = convolve(A, B, stride)
    A[0, 0] += 1
    return O


UPPER_DARK = np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]])
CHAPTER_01 = [
    (chapter_01.check_size, lambda n, k, s, p: (n + 2 * p - k) // s + 1, None),
    (chapter_01.check_size, lambda n, k, s, p: (n + 2 * p - k) // s, "one more"),
    (chapter_01.check_size, lambda n, k, s, p: (n + 2 * p - k) / s + 1, "whole numbers"),
    (chapter_01.check_size, lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1, "round down"),
    (chapter_01.check_size, lambda n, k, s, p: (n + p - k) // s + 1, "both sides"),
    (chapter_01.check_size, lambda n, k, s, p: n + 2 * p - k + 1, "the stride divides"),
    (chapter_01.check_size, lambda n, k, s, p: n, "how many steps"),
    (chapter_01.check_size, lambda n, k, s, p: np.floor((n + 2 * p - k) / s) + 1, "this is a float: //"),
    (chapter_01.check_size, lambda n, k, s, p: None, "end in a return"),
    (chapter_01.check_convolve, convolve, None),
    (chapter_01.check_convolve, lambda A, B, stride: convolve(A, B), "as many cells as at stride 1"),
    (chapter_01.check_convolve, lambda A, B, stride: convolve(A, B[::-1, ::-1], stride), "turn the filter over"),
    (
        chapter_01.check_convolve,
        lambda A, B, stride: convolve(A, B)[: convolve(A, B, stride).shape[0], : convolve(A, B, stride).shape[1]],
        "moves by one pixel",
    ),
    (chapter_01.check_convolve, lambda A, B, stride: convolve(A, B, stride)[1:], "should have shape"),
    (chapter_01.check_convolve, lambda A, B, stride: convolve(A, B, stride) + 1, "O[0, 0] should be"),
    (chapter_01.check_convolve, convolved_in_place, "changes the array"),
    (chapter_01.check_filter, UPPER_DARK, None),
    (chapter_01.check_filter, -UPPER_DARK, "the sign"),
    (chapter_01.check_filter, UPPER_DARK.T, "upright edges"),
    (chapter_01.check_filter, UPPER_DARK + 1, "add up to 0"),
    (chapter_01.check_filter, np.zeros((3, 3)), "bright below gives 0"),
    (chapter_01.check_filter, [[1, 1, 1], [-2, -2, -2], [1, 1, 1]], "another sign"),
    (chapter_01.check_filter, [[-1], [1]], "shape (3, 3)"),
    (chapter_01.check_convolve, lambda A, B, stride: None, "end in a return"),
    (chapter_01.check_columns, as_columns, None),
    (chapter_01.check_columns, lambda X, k: None, "end in a return"),
    (chapter_01.check_columns, lambda X, k: as_columns(X, k).T, "windows are rows"),
    (chapter_01.check_columns, lambda X, k: as_columns(X, k)[::-1], "another order: all of channel 0"),
    (chapter_01.check_columns, lambda X, k: as_columns(X, k)[:, ::-1], "stand in another order"),
    (chapter_01.check_columns, lambda X, k: as_columns(X[:1], k), "the shape should be"),
    (chapter_01.check_columns, lambda X, k: as_columns(X, k).reshape(6, 18).T, "not of one window"),
    (chapter_01.check_touched, touched, None),
    (chapter_01.check_touched, lambda place, size, kernel, stride: kernel, "far from the edge"),
    (
        chapter_01.check_touched,
        lambda place, size, kernel, stride: touched(place, size, kernel, 1),
        "left over|stride were 1",
    ),
    (
        chapter_01.check_touched,
        lambda place, size, kernel, stride: touched(place, size + 1, kernel, stride),
        "beyond the end",
    ),
    (
        chapter_01.check_touched,
        lambda place, size, kernel, stride: touched(place, size - 1, kernel, stride),
        "leave out the last window",
    ),
    (
        chapter_01.check_touched,
        lambda place, n, kernel, stride: sum(b <= place <= b + kernel for b in range(0, n - kernel + 1, stride)),
        "one pixel too long",
    ),
    (chapter_01.check_touched, lambda place, size, kernel, stride: 0, "begin at or before"),
    (chapter_01.check_touched, lambda place, size, kernel, stride: None, "end in a return"),
]


def dilated_in_place(dC_dO, stride):
    dC_dO[0, 0] += 1
    return dilate(dC_dO, stride)


def with_zeros_at_the_end(dC_dO, stride):
    return np.kron(dC_dO, np.eye(1, stride**2, dtype=int).reshape(stride, stride))


def repeated(dC_dO, stride):
    H, W = dilate(dC_dO, stride).shape
    return np.repeat(np.repeat(dC_dO, stride, axis=0), stride, axis=1)[:H, :W]


def crowded(dC_dO, stride):
    found = np.zeros_like(dilate(dC_dO, stride))
    found[: dC_dO.shape[0], : dC_dO.shape[1]] = dC_dO
    return found


def filter_gradient(dC_dO, X, stride):
    return convolve(X, dilate(dC_dO, stride))


def input_gradient(dC_dO, F, stride):
    return convolve(dilate(dC_dO, stride), F[::-1, ::-1], full_convolve=True)


def cropped(padded, padding):
    P_r, P_c = padding if isinstance(padding, tuple) else (padding, padding)
    return padded[P_r : padded.shape[0] - P_r, P_c : padded.shape[1] - P_c]


def cropped_by_minus(padded, padding):
    P_r, P_c = padding if isinstance(padding, tuple) else (padding, padding)
    return padded[P_r:-P_r, P_c:-P_c]


def cropped_at_the_start(padded, padding):
    H, W = cropped(padded, padding).shape
    return padded[:H, :W]


def cropped_once(padded, padding):
    P_r, P_c = padding if isinstance(padding, tuple) else (padding, padding)
    return padded[P_r:, P_c:]


def cropped_by_columns(padded, padding):
    return cropped(padded, padding[::-1] if isinstance(padding, tuple) else padding)


CHAPTER_02 = [
    (chapter_02.check_length, lambda entries, stride: (entries - 1) * stride + 1, None),
    (chapter_02.check_length, lambda entries, stride: entries * stride, "none after the last"),
    (chapter_02.check_length, lambda entries, stride: entries + (entries - 1) * stride, "stride − 1 zeros"),
    (chapter_02.check_length, lambda entries, stride: entries + stride - 1, "in every gap"),
    (chapter_02.check_length, lambda entries, stride: entries, "the entries alone"),
    (chapter_02.check_length, lambda entries, stride: 0, "how many gaps"),
    (chapter_02.check_dilate, dilate, None),
    (chapter_02.check_dilate, with_zeros_at_the_end, "after the last row and column"),
    (chapter_02.check_dilate, lambda dC_dO, stride: dilate(dC_dO, (stride, 1)), "only one direction"),
    (chapter_02.check_dilate, lambda dC_dO, stride: dilate(dC_dO, (1, stride)), "only one direction"),
    (chapter_02.check_dilate, repeated, "something else than 0"),
    (chapter_02.check_dilate, lambda dC_dO, stride: dilate(dC_dO, stride)[::-1], "not where they should be"),
    (chapter_02.check_dilate, crowded, "something else than 0"),
    (chapter_02.check_dilate, lambda dC_dO, stride: dC_dO, "the shape should be"),
    (chapter_02.check_dilate, dilated_in_place, "changes the array"),
    (chapter_02.check_filter_gradient, filter_gradient, None),
    (chapter_02.check_filter_gradient, lambda dC_dO, X, stride: convolve(X, dC_dO), "has to be dilated"),
    (
        chapter_02.check_filter_gradient,
        lambda dC_dO, X, stride: filter_gradient(dC_dO, X, stride)[::-1, ::-1],
        "turned by 180 degrees",
    ),
    (
        chapter_02.check_filter_gradient,
        lambda dC_dO, X, stride: filter_gradient(dC_dO, X, stride) / dC_dO.size,
        "no mean over the outputs",
    ),
    (
        chapter_02.check_filter_gradient,
        lambda dC_dO, X, stride: convolve(X, dilate(dC_dO, stride), full_convolve=True),
        "has the shape of the filter",
    ),
    (
        chapter_02.check_filter_gradient,
        lambda dC_dO, X, stride: filter_gradient(dC_dO, X, stride) + 1,
        "dC/dF[0, 0] should be",
    ),
    (chapter_02.check_crop, cropped, None),
    (chapter_02.check_crop, cropped_by_minus, "-0 is 0"),
    (chapter_02.check_crop, lambda padded, padding: padded, "nothing is taken off"),
    (chapter_02.check_crop, cropped_once, "one side only"),
    (chapter_02.check_crop, cropped_at_the_start, "other pixels"),
    (chapter_02.check_crop, cropped_by_columns, "the pair is (rows, columns)"),
    (chapter_02.check_input_gradient, input_gradient, None),
    (
        chapter_02.check_input_gradient,
        lambda dC_dO, F, stride: input_gradient(dC_dO, F[::-1, ::-1], stride),
        "not turned at all",
    ),
    (chapter_02.check_input_gradient, lambda dC_dO, F, stride: input_gradient(dC_dO, F, 1), "has to be dilated"),
    (
        chapter_02.check_input_gradient,
        lambda dC_dO, F, stride: input_gradient(dC_dO, F[:, ::-1], stride),
        "from top to bottom only",
    ),
    (
        chapter_02.check_input_gradient,
        lambda dC_dO, F, stride: input_gradient(dC_dO, F[::-1], stride),
        "from left to right only",
    ),
    (chapter_02.check_input_gradient, lambda dC_dO, F, stride: dC_dO, "a full one"),
    (
        chapter_02.check_input_gradient,
        lambda dC_dO, F, stride: 2 * input_gradient(dC_dO, F, stride),
        "dC/dX[0, 0] should be",
    ),
]


def left_over(n, k, s, p):
    return (n + 2 * p - k) % s


def sizes_for(outputs, kernel, stride):
    smallest = (outputs - 1) * stride + kernel
    return list(range(smallest, smallest + stride))


def trimmed_filter_gradient(dC_dO, X, kernel_shape, stride, begin=(0, 0)):
    spread = dilate(dC_dO, stride)
    H, W = np.add(spread.shape, kernel_shape) - 1
    return convolve(X[begin[0] :, begin[1] :][:H, :W], spread)


def trimmed_at_the_wrong_end(dC_dO, X, kernel_shape, stride):
    used = np.add(dilate(dC_dO, stride).shape, kernel_shape) - 1
    return trimmed_filter_gradient(dC_dO, X, kernel_shape, stride, np.subtract(X.shape, used))


def trimmed_by_a_negative_slice(dC_dO, X, kernel_shape, stride):
    H, W = (left_over(n, k, stride, 0) for n, k in zip(X.shape, kernel_shape, strict=True))
    kept = X[:-H, :-W]
    return convolve(kept, dilate(dC_dO, stride)) if kept.size else kept


def pasted_input_gradient(dC_dO, X_shape, F, stride, corner="first"):
    used = convolve(dilate(dC_dO, stride), F[::-1, ::-1], full_convolve=True)
    dC_dX, (H, W) = np.zeros(X_shape), used.shape
    if corner == "first":
        dC_dX[:H, :W] = used
    else:
        dC_dX[X_shape[0] - H :, X_shape[1] - W :] = used
    return dC_dX


CHAPTER_03 = [
    (chapter_03.check_left_over, left_over, None),
    (chapter_03.check_left_over, lambda n, k, s, p: (n + 2 * p) % s, "subtract the kernel"),
    (chapter_03.check_left_over, lambda n, k, s, p: (n + p - k) % s, "both sides"),
    (chapter_03.check_left_over, lambda n, k, s, p: (n - k) % s, "the padding is part"),
    (chapter_03.check_left_over, lambda n, k, s, p: (n + 2 * p - k) // s, "how many steps fit"),
    (chapter_03.check_left_over, lambda n, k, s, p: n % s, "before any step"),
    (chapter_03.check_left_over, lambda n, k, s, p: -left_over(n, k, s, p) % s, "one more window"),
    (chapter_03.check_left_over, lambda n, k, s, p: (n + 2 * p - k) / s, "whole numbers"),
    (chapter_03.check_left_over, lambda n, k, s, p: 0, "as far as it goes"),
    (chapter_03.check_lost, lambda n, k, s, p: max(left_over(n, k, s, p) - p, 0), None),
    (chapter_03.check_lost, left_over, "padding, not pixels"),
    (chapter_03.check_lost, lambda n, k, s, p: left_over(n, k, s, p) - p, "fewer than none"),
    (chapter_03.check_lost, lambda n, k, s, p: max(left_over(n, k, s, p) - 2 * p, 0), "count it once"),
    (chapter_03.check_lost, lambda n, k, s, p: 0 if p else left_over(n, k, s, p), "pixels of X too"),
    (chapter_03.check_lost, lambda n, k, s, p: 1, "how many of these"),
    (chapter_03.check_sizes, sizes_for, None),
    (chapter_03.check_sizes, lambda o, k, s: [(o - 1) * s + k], "that is the smallest"),
    (chapter_03.check_sizes, lambda o, k, s: range((o - 1) * s + k, o * s + k + 1), "gives 5 outputs"),
    (chapter_03.check_sizes, lambda o, k, s: range(o * s, o * s + s), "gives 3 outputs"),
    (chapter_03.check_sizes, lambda o, k, s: sizes_for(o, k, s)[:-1] or [o + k - 1], "that is the smallest"),
    (chapter_03.check_sizes, lambda o, k, s: sizes_for(o, k, s)[1:] or [o + k - 1], "there are more"),
    (chapter_03.check_sizes, lambda o, k, s: [k - 1], "gives 0 outputs"),
    (chapter_03.check_filter_gradient, trimmed_filter_gradient, None),
    (chapter_03.check_filter_gradient, lambda g, X, shape, s: convolve(X, dilate(g, s)), "not trimmed"),
    (chapter_03.check_filter_gradient, lambda g, X, shape, s: convolve(X, g), "dilate it first"),
    (chapter_03.check_filter_gradient, trimmed_at_the_wrong_end, "at the wrong end"),
    (chapter_03.check_filter_gradient, trimmed_by_a_negative_slice, "holds nothing"),
    (chapter_03.check_filter_gradient, lambda *call: trimmed_filter_gradient(*call)[::-1, ::-1], "nothing is turned"),
    (chapter_03.check_filter_gradient, lambda *call: trimmed_filter_gradient(*call)[0], "has the shape of F"),
    (chapter_03.check_filter_gradient, lambda *call: 2 * trimmed_filter_gradient(*call), "the values are not"),
    (chapter_03.check_input_gradient, pasted_input_gradient, None),
    (
        chapter_03.check_input_gradient,
        lambda g, shape, F, s: convolve(dilate(g, s), F[::-1, ::-1], full_convolve=True),
        "the strip is missing",
    ),
    (chapter_03.check_input_gradient, lambda *call: pasted_input_gradient(*call, corner="last"), "wrong end"),
    (
        chapter_03.check_input_gradient,
        lambda g, n, F, s: pasted_input_gradient(g, n, F[::-1, ::-1], s),
        "wrong way round",
    ),
    (
        chapter_03.check_input_gradient,
        lambda g, shape, F, s: convolve(g, F[::-1, ::-1], full_convolve=True),
        "dilate it first",
    ),
    (chapter_03.check_input_gradient, lambda *call: pasted_input_gradient(*call).T, "has the shape of X"),
    (chapter_03.check_input_gradient, lambda *call: pasted_input_gradient(*call) + 1, "dC/dX[0, 0] should be"),
]


REDUCE = {"max": np.max, "mean": np.mean, "min": np.min}


def block(place, k, stride):
    return tuple(slice(start * stride, start * stride + k) for start in place)


def pooled(X, k, stride, mode, reduce=None):
    shape = [(length - k) // stride + 1 for length in X.shape]
    O = np.zeros(shape)
    for place in np.ndindex(O.shape):
        O[place] = (reduce or REDUCE[mode])(X[block(place, k, stride)])
    return O


def pooled_in_place(X, k, stride, mode):
    X[0, 0] += 1
    return pooled(X, k, stride, mode)


def cut(O, X, k, stride):
    return O[: (X.shape[0] - k) // stride + 1, : (X.shape[1] - k) // stride + 1]


def first(window):
    mask = np.zeros(window.shape)
    mask[np.unravel_index(window.argmax(), window.shape)] = 1
    return mask


def last(window):
    return first(window[::-1, ::-1])[::-1, ::-1]


def gone_back(share, add=True, gradient=True):
    """Return a way back in which share(window) says what part of its gradient each pixel gets."""

    def backward(dC_dO, X, k, stride):
        dC_dX = np.zeros(X.shape)
        for place in np.ndindex(dC_dO.shape):
            pixels = block(place, k, stride)
            part = share(X[pixels]) * (dC_dO[place] if gradient else 1)
            dC_dX[pixels] = np.where(part != 0, part, dC_dX[pixels]) if not add else dC_dX[pixels] + part
        return dC_dX

    return backward


def shared(window):
    return np.full(window.shape, 1 / window.size)


def changing_back(dC_dO, X, k, stride):
    dC_dO *= 2
    return gone_back(first)(dC_dO / 2, X, k, stride)


CHAPTER_04 = [
    (chapter_04.check_pool, pooled, None),
    (chapter_04.check_pool, lambda X, k, stride, mode: pooled(X, k, 1, mode), "as many cells as at stride 1"),
    (chapter_04.check_pool, lambda X, k, stride, mode: pooled(X, k, k, mode), "cut X into blocks"),
    (chapter_04.check_pool, lambda X, k, stride, mode: cut(pooled(X, k, 1, mode), X, k, stride), "moves by one pixel"),
    (chapter_04.check_pool, lambda X, k, stride, mode: pooled(X, k, stride, "max"), "what 'max' gives"),
    (chapter_04.check_pool, lambda X, k, stride, mode: pooled(X, k, stride, mode)[1:], "should have shape"),
    (
        chapter_04.check_pool,
        lambda X, k, stride, mode: pooled(X, k, stride, mode, np.sum if mode == "mean" else None),
        "the sum of the window",
    ),
    (
        chapter_04.check_pool,
        lambda X, k, stride, mode: pooled(X, k, stride, mode, (lambda w: max(w.max(), 0)) if mode == "max" else None),
        "start from 0",
    ),
    (chapter_04.check_pool, lambda X, k, stride, mode: pooled(X, k, stride, mode) + 1, "O[0, 0] should be"),
    (chapter_04.check_pool, pooled_in_place, "changes the array"),
    (chapter_04.check_pool, lambda X, k, stride, mode: None, "end in a return"),
    (chapter_04.check_mask, first, None),
    (chapter_04.check_mask, lambda window: window == window.max(), "every pixel that is tied"),
    (chapter_04.check_mask, last, "not the first one"),
    (chapter_04.check_mask, lambda window: first(-window), "the smallest pixel"),
    (chapter_04.check_mask, lambda window: first(window) * window, "not its value"),
    (chapter_04.check_mask, lambda window: first(window).ravel(), "same shape"),
    (chapter_04.check_mask, np.zeros_like, "a single 1"),
    (chapter_04.check_mask, lambda window: None, "end in a return"),
    (chapter_04.check_min, lambda X, largest: -largest(-X), None),
    (chapter_04.check_min, lambda X, largest: largest(-X), "the sign"),
    (chapter_04.check_min, lambda X, largest: -largest(X), "not of -X"),
    (chapter_04.check_min, lambda X, largest: largest(X), "the maximum itself"),
    (chapter_04.check_min, lambda X, largest: pooled(X, 2, 2, "min"), "never calls largest"),
    (chapter_04.check_min, lambda X, largest: largest(-X)[1:], "should have shape"),
    (chapter_04.check_min, lambda X, largest: 1 - largest(-X), "O[0, 0] should be"),
    (chapter_04.check_min, lambda X, largest: None, "end in a return"),
    (chapter_04.check_max_backward, gone_back(first), None),
    (chapter_04.check_max_backward, gone_back(first, add=False), "add, do not assign"),
    (chapter_04.check_max_backward, gone_back(lambda w: (w == w.max()) * 1.0), "every tied pixel"),
    (chapter_04.check_max_backward, gone_back(first, gradient=False), "worth dC/dO"),
    (chapter_04.check_max_backward, gone_back(lambda w: first(-w)), "the smallest pixel"),
    (chapter_04.check_max_backward, gone_back(shared), "as a mean does"),
    (chapter_04.check_max_backward, gone_back(last), "should be"),
    (chapter_04.check_max_backward, lambda dC_dO, X, k, stride: dC_dO, "the shape of X"),
    (chapter_04.check_max_backward, changing_back, "changes an array"),
    (chapter_04.check_max_backward, lambda dC_dO, X, k, stride: None, "end in a return"),
    (chapter_04.check_mean_backward, gone_back(shared), None),
    (chapter_04.check_mean_backward, gone_back(np.ones_like), "divide"),
    (chapter_04.check_mean_backward, gone_back(lambda w: np.ones(w.shape) / len(w)), "not k"),
    (chapter_04.check_mean_backward, gone_back(shared, add=False), "a part from each"),
    (chapter_04.check_mean_backward, gone_back(first), "the largest pixel alone"),
    (chapter_04.check_mean_backward, lambda dC_dO, X, k, stride: X, "should be"),
]

COLUMNS, ROWS = 64 * 16 * 9 * 196 * 4, 64 * 16 * 16 * 3 * 14 * 4
CHAPTER_09 = [
    (chapter_09.check_operations, operations, None),
    (chapter_09.check_operations, with_mistake(factor=1), "two operations"),
    (chapter_09.check_operations, with_mistake(channels=False), "all channels"),
    (chapter_09.check_operations, with_mistake(filters=False), "every filter"),
    (chapter_09.check_operations, with_mistake(windows=False), "not the pixels of the input"),
    (chapter_09.check_operations, lambda *layer: 7 * operations(*layer), "7 times"),
    (chapter_09.check_operations, lambda X_shape: 0, "raised TypeError"),
    (chapter_09.check_bytes, (COLUMNS, ROWS), None),
    (chapter_09.check_bytes, (ROWS, COLUMNS), "wrong way round"),
    (chapter_09.check_bytes, (COLUMNS // 4, ROWS), "each takes 4 bytes"),
    (chapter_09.check_bytes, (COLUMNS, ROWS // 4), "each takes 4 bytes"),
    (chapter_09.check_bytes, (COLUMNS, ROWS // 16 * 14), "rows of zeros"),
    (chapter_09.check_bytes, (COLUMNS // 9, ROWS), "how often a pixel is written"),
    (chapter_09.check_bytes, (COLUMNS,), "two numbers"),
    (chapter_09.check_bytes, 5, "raised TypeError"),
    (chapter_09.check_keep, kept, None),
    (chapter_09.check_keep, lambda values, mask: values * mask, "0 times infinity"),
    (chapter_09.check_keep, changing, "changes the values"),
    (chapter_09.check_keep, lambda values, mask: kept(values, ~mask), "other values|0 times infinity"),
    (chapter_09.check_keep, lambda values, mask: values[mask], "shape"),
    (chapter_09.check_keep, lambda values, mask: kept(values.astype(float), mask), "float64"),
    (chapter_09.check_sum, summed, None),
    (chapter_09.check_sum, lambda finished: sum(gradient for _, gradient in finished), "who finished first"),
    (chapter_09.check_sum, lambda finished: finished[0][1], "not the sum"),
    (chapter_09.check_sum, lambda finished: summed(finished) / len(finished), "not the sum"),
]


CHECKS = CHAPTER_00 + CHAPTER_01 + CHAPTER_02 + CHAPTER_03 + CHAPTER_04 + CHAPTER_09


@pytest.mark.parametrize(("check", "answer", "words"), CHECKS)
def test_a_check_accepts_the_answer_and_names_the_mistake(check, answer, words):
    if words is None:
        assert said(check, answer) == "Right."
    else:
        assert not said(check, answer).startswith("Right")
        assert any(each in said(check, answer) for each in words.split("|"))


@pytest.mark.parametrize("check", dict.fromkeys(check for check, _, _ in CHECKS))
def test_an_exercise_without_an_answer_says_so_and_stops_nothing(check, capsys):
    assert check(None) is None
    assert capsys.readouterr().out.strip() == NOT_YET


def test_every_check_is_given_its_answer_and_two_mistakes():
    for check in {row[0] for row in CHECKS}:
        rows = [words for each, _, words in CHECKS if each is check]
        assert rows.count(None) == 1
        assert len(rows) >= 3
