"""Chapter 01, convolution: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import conv2d_forward
from cnn_exercises import chapter_01


def touched(position, size, kernel, stride):
    return sum(first <= position < first + kernel for first in range(0, size - kernel + 1, stride))


def layer(X, F, B, stride, padding):
    return conv2d_forward(X[None].astype(float), F.astype(float), B.astype(float), stride, padding)[0]


def layer_by_loops(X, F, B, stride, padding):
    """Return what `layer` does, by other means: NumPy's sum over each window."""
    Xp = np.pad(X, ((0, 0), (padding, padding), (padding, padding)))
    K, _, kH, kW = F.shape
    rows, columns = range(0, Xp.shape[1] - kH + 1, stride), range(0, Xp.shape[2] - kW + 1, stride)
    maps = [[[(Xp[:, r : r + kH, c : c + kW] * F[k]).sum() + B[k] for c in columns] for r in rows] for k in range(K)]
    return np.array(maps)


def unmoved(X, F, B, stride, padding):
    _, H_out, W_out = layer(X, F, B, stride, padding).shape
    return layer(X, F, B, 1, padding)[:, :H_out, :W_out]


LINE = np.array([[-1, 2, -1]] * 3)
LOWER_RIGHT = np.array([[0, 0, 0], [0, 0, 0], [0, 0, 1]])
CHECKS = [
    (chapter_01.check_setting, (5, 3, 1), None),
    (chapter_01.check_setting, [7, 3, 2], "Right"),
    (chapter_01.check_setting, np.array([12, 2, 0]), "Right"),
    (chapter_01.check_setting, (5.0, 3.0, 1.0), "Right"),
    (chapter_01.check_setting, (3, 3, 0), "do not overlap"),
    (chapter_01.check_setting, (4, 3, 1), "1 left over"),
    (chapter_01.check_setting, (5, 3, 2), "that gives 10|left over"),
    (chapter_01.check_setting, (5, 3, 0), "that gives 9 outputs"),
    (chapter_01.check_setting, (13, 2, 1), "that gives 10|left over"),
    (
        chapter_01.check_setting,
        (14, 2, 2),
        "11 outputs, and 10 are wanted. The padding is added at each end",
    ),
    (chapter_01.check_setting, (21, 9, 36), "padding must be smaller"),
    (chapter_01.check_setting, (40, 1, 0), "longer than the line"),
    (chapter_01.check_setting, (5, 3), "three whole numbers"),
    (chapter_01.check_setting, 5, "three whole numbers"),
    (chapter_01.check_setting, (5, 3, 1.5), "whole numbers"),
    (chapter_01.check_setting, (5, 0, 1), "at least 1"),
    (chapter_01.check_line_filter, LINE, None),
    (chapter_01.check_line_filter, [[0, 0, 0], [-1, 2, -1], [0, 0, 0]], "Right"),
    (chapter_01.check_line_filter, -LINE, "change all signs"),
    (chapter_01.check_line_filter, np.array([[1, 0, -1]] * 3), "Left and right should balance"),
    (chapter_01.check_line_filter, np.array([[1, 0, -1]] * 3).T, "Top and bottom should balance"),
    (chapter_01.check_line_filter, LINE.T, "Each row of weights should add up to 0"),
    (chapter_01.check_line_filter, [[0, -1, 0], [-1, 4, -1], [0, -1, 0]], "Each row of weights should add up to 0"),
    (chapter_01.check_line_filter, LINE + 1, "should add up to 0"),
    (chapter_01.check_line_filter, np.zeros((3, 3)), "It should give more"),
    (chapter_01.check_line_filter, [[-1, 2, -1]], "shape (3, 3)"),
    (chapter_01.check_suspect, LOWER_RIGHT, None),
    (chapter_01.check_suspect, LOWER_RIGHT[::-1], "Right"),
    (chapter_01.check_suspect, np.eye(3)[1][None] * np.ones((3, 1)), "both functions return the same"),
    (chapter_01.check_suspect, np.array([[1, 0, -1]] * 3), "both functions return the same"),
    (chapter_01.check_suspect, np.array([[1, 0, -1]] * 3).T, "a single weight"),
    (chapter_01.check_suspect, [[0, 0, 1]], "shape (3, 3)"),
    (chapter_01.check_layer, layer_by_loops, None),
    (chapter_01.check_layer, lambda *given: layer(*given).astype(np.float32), "Right"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X, F, 0 * B, s, p), "biases are missing"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X, F, len(X) * B, s, p), "once for each channel"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X, F[:, :, ::-1, ::-1], B, s, p), "flipped"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X[:1], F[:, :1], B, s, p), "only channel 0"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X[-1:], F[:, -1:], B, s, p), "only the last channel"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X[:1].repeat(len(X), 0), F, B, s, p), "cut from channel 0"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X, F, B, s, p)[None], "no axis for the batch"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X, F, B, s, p) + 1, "O[0, 0, 0] should be"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X, F[:1].repeat(len(F), 0), B, s, p), "come from filter 0"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X, F, B, s, p)[0], "Each filter gives a map"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X, F, B, s, 0), "Count H_out and W_out apart"),
    (chapter_01.check_layer, lambda X, F, B, s, p: layer(X, F, B, 1, p), "Count H_out and W_out apart"),
    (chapter_01.check_layer, unmoved, "moves by one pixel"),
    (chapter_01.check_layer, lambda X, F, B, s, p: None, "end in a return"),
    (chapter_01.check_touched, touched, None),
    (chapter_01.check_touched, lambda position, size, kernel, stride: kernel, "far from both ends"),
    (
        chapter_01.check_touched,
        lambda position, size, kernel, stride: touched(position, size, kernel, 1),
        "left over|stride were 1",
    ),
    (
        chapter_01.check_touched,
        lambda position, size, kernel, stride: touched(position, size + 1, kernel, stride),
        "beyond the end",
    ),
    (
        chapter_01.check_touched,
        lambda position, size, kernel, stride: touched(position, size - 1, kernel, stride),
        "leave out the last window",
    ),
    (
        chapter_01.check_touched,
        lambda position, n, kernel, stride: sum(b <= position <= b + kernel for b in range(0, n - kernel + 1, stride)),
        "one pixel too long",
    ),
    (
        chapter_01.check_touched,
        lambda position, n, kernel, stride: [b for b in range(n) if b <= position < b + kernel],
        "how many windows, not which",
    ),
    (chapter_01.check_touched, lambda position, size, kernel, stride: 0, "begin at or before"),
    (chapter_01.check_touched, lambda position, size, kernel, stride: None, "end in a return"),
]
