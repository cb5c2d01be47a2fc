"""Chapter 09, how fast NumPy can go: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_exercises import chapter_09


def operations(X_shape, F_shape, stride, padding, factor=2, channels=True, filters=True, windows=True):
    """Count the operations of a convolution; each option leaves out what people often forget."""
    N, C, H, W = X_shape
    K, _, kH, kW = F_shape
    H_out, W_out = ((side + 2 * padding - k) // stride + 1 for side, k in ((H, kH), (W, kW)))
    pixels = H_out * W_out if windows else H * W
    return factor * N * (K if filters else 1) * pixels * (C if channels else 1) * kH * kW


def with_mistake(**mistake):
    return lambda *layer: operations(*layer, **mistake)


def masked(values, mask):
    return (values.view(f"i{values.itemsize}") * mask).view(values.dtype)


def changing(values, mask):
    values[~mask] = 0
    return values


def summed(finished):
    return sum((gradient for _, gradient in sorted(finished, key=lambda pair: pair[0])), np.float32(0))


COLUMNS, ROWS = 64 * 16 * 9 * 196 * 4, 64 * 16 * 16 * 3 * 14 * 4
CHECKS = [
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
    (chapter_09.check_bytes, 5, "two numbers are asked for, yours is 5"),
    (chapter_09.check_keep, masked, None),
    (chapter_09.check_keep, lambda values, mask: values * mask, "0 times infinity"),
    (chapter_09.check_keep, changing, "your function changes values, which"),
    (chapter_09.check_keep, lambda values, mask: masked(values, ~mask), "other values|0 times infinity"),
    (chapter_09.check_keep, lambda values, mask: values[mask], "shape"),
    (chapter_09.check_keep, lambda values, mask: masked(values.astype(float), mask), "float64"),
    (chapter_09.check_sum, summed, None),
    (chapter_09.check_sum, lambda finished: sum(gradient for _, gradient in finished), "which finished first"),
    (chapter_09.check_sum, lambda finished: finished[0][1], "not the sum"),
    (chapter_09.check_sum, lambda finished: summed(finished) / len(finished), "not the sum"),
]
