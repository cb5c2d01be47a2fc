"""Chapter 00, the whole network: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import Conv2D, Flatten, FullyConnected, Model, Pool2D, ReLU
from cnn_exercises import chapter_00


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


def field_with_one_stride(windows):
    return 1 + sum((kernel - 1) * stride for kernel, stride in windows)


def field_with_the_last_stride(windows):
    before = [1, *(stride for _, stride in windows[:-1])]
    return 1 + sum((kernel - 1) * stride for (kernel, _), stride in zip(windows, before, strict=True))


def field_from_the_wrong_end(windows):
    seen = 1
    for kernel, stride in windows:
        seen = (seen - 1) * stride + kernel
    return seen


def field_from_the_last_layer(windows):
    return field_from_the_wrong_end(windows[::-1])


SHAPES = [(8, 28, 28), (8, 14, 14), (16, 7, 7), (784,), (10,)]
DECISION = [Flatten(), FullyConnected(10)]
POOLED = [Conv2D(6, 5), ReLU(), Pool2D(2), Conv2D(12, 3), ReLU(), Pool2D(2), Pool2D(5), *DECISION]
COARSE = [Conv2D(4, 4, stride=4), ReLU(), Conv2D(4, 7), *DECISION]
BESIDE = [Conv2D(4, 5, padding=2), ReLU(), Pool2D(2), Conv2D(8, 3, padding=1), Pool2D(2)]  # its fields have 28 pixels
BESIDE += [Conv2D(1, 5, stride=2, padding=2), *DECISION]  # but start at -12, -4, 4 and 12
LINEAR = [COARSE[0], *COARSE[2:]]
STROKE = np.zeros((6, 6), int)
STROKE[1:5, 2] = 1
ROWS = np.tile([[1], [0], [0], [1], [0], [0]], (1, 6))  # the vertical filter finds nothing
CHECKS = [
    (chapter_00.check_shapes, SHAPES, None),
    (chapter_00.check_shapes, SHAPES[:3], "you give 3"),
    (chapter_00.check_shapes, [(3, 28, 28), *SHAPES[1:]], "channel for each filter"),
    (chapter_00.check_shapes, [(28, 28, 8), *SHAPES[1:]], "channels come first"),
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
    (chapter_00.check_shapes, [*SHAPES[:4], (784,)], "each unit"),
    (chapter_00.check_shapes, [(8,), *SHAPES[1:]], "3 axes, not 1"),
    (chapter_00.check_image, np.ones((6, 6)), None),
    (chapter_00.check_image, [[1] * 6] * 6, "Right"),
    (chapter_00.check_image, np.zeros((6, 6)), "is empty"),
    (chapter_00.check_image, np.full((6, 6), 0.5), "0 or 1"),
    (chapter_00.check_image, np.ones((1, 1, 6, 6)), "shape (1, 1, 6, 6)"),
    (chapter_00.check_image, STROKE, "vertical score is 12 and the horizontal score is 4"),
    (chapter_00.check_image, ROWS, "the other one still does"),
    (chapter_00.check_field, field, None),
    (chapter_00.check_field, field_from_the_last_layer, "Right"),
    (chapter_00.check_field, field_from_the_wrong_end, "reverse the list"),
    (chapter_00.check_field, lambda windows: 1 + sum(kernel - 1 for kernel, _ in windows), "the strides count"),
    (chapter_00.check_field, lambda windows: int(np.prod([kernel for kernel, _ in windows])), "not multiplied"),
    (chapter_00.check_field, lambda windows: sum(kernel for kernel, _ in windows), "one less than its kernel"),
    (chapter_00.check_field, field_with_its_own_stride, "own stride"),
    (chapter_00.check_field, field_with_one_stride, "all strides before the layer"),
    (chapter_00.check_field, field_with_the_last_stride, "all strides before the layer"),
    (chapter_00.check_field, lambda windows: field(windows) - 1, "start at 1"),
    (chapter_00.check_field, lambda windows: 100, "how far apart"),
    (chapter_00.check_design, POOLED, None),
    (chapter_00.check_design, Model(COARSE), "Right"),
    (chapter_00.check_design, LINEAR, "no ReLU between"),
    (chapter_00.check_design, [*LINEAR[:2], ReLU(), *DECISION], "no ReLU between"),
    (chapter_00.check_design, [Pool2D(28), *DECISION], "two convolutions are asked for, yours has 0"),
    (chapter_00.check_design, [Conv2D(1, 28), *DECISION], "two convolutions are asked for, yours has 1"),
    (chapter_00.check_design, [Conv2D(1, 28), ReLU(), Conv2D(1, 1), *DECISION], "classifies only"),
    (chapter_00.check_design, [Conv2D(4, 4, stride=4), *DECISION], "parameters"),
    (chapter_00.check_design, [Conv2D(1, 5, stride=4), *DECISION], "leaves out 3 rows and 3 columns"),
    (chapter_00.check_design, [Pool2D(4), Conv2D(4, 5, stride=2), *DECISION], "sees 20 by 20"),
    (chapter_00.check_design, BESIDE, "zeros of the padding"),
    (chapter_00.check_design, [*BESIDE[:5], Pool2D(7), *DECISION], "Right"),
    (chapter_00.check_design, [Flatten(), FullyConnected(1), FullyConnected(10)], "no convolution"),
    (chapter_00.check_design, [Conv2D(4, 7)], "shape (10,)"),
    (chapter_00.check_design, [Conv2D(4, 29)], "larger than"),
    (chapter_00.check_design, Conv2D(4, 7), "a list of layers"),
]
