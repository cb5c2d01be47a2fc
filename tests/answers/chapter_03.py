"""Chapter 03, excluded pixels: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import excluded_pixels, output_size
from cnn_exercises import chapter_03


def sizes_for(outputs, kernel, stride):
    smallest = (outputs - 1) * stride + kernel
    return list(range(smallest, smallest + stride))


def reached(size, kernel, stride, padding, crop=True):
    line = np.zeros(size + 2 * padding, bool)
    for n in range((len(line) - kernel) // stride + 1):
        line[n * stride : n * stride + kernel] = True
    return line[padding : padding + size] if crop else line


def without_gaps(size, kernel, stride, padding):
    lost = max((size + 2 * padding - kernel) % stride - padding, 0)
    return [pixel < size - lost for pixel in range(size)]


def blind(size, layers, jump_of=lambda before, stride: before * stride):
    lost, jump = 0, 1
    for kernel, stride in layers:
        lost += jump * excluded_pixels(size, kernel, stride)
        size, jump = output_size(size, kernel, stride), jump_of(jump, stride)
    return lost


def blind_by_the_receptive_field(size, layers):
    """Return the same from the other end: follow the last cell that is used back to its last pixel."""
    cells = [size]
    for layer in layers:
        cells.append(output_size(cells[-1], *layer))
    last = cells[-1] - 1
    for kernel, stride in reversed(layers):
        last = last * stride + kernel - 1
    return size - 1 - last


def own_stride_too(size, layers):
    lost, jump = 0, 1
    for kernel, stride in layers:
        jump *= stride
        lost += jump * excluded_pixels(size, kernel, stride)
        size = output_size(size, kernel, stride)
    return lost


def first_only(size, layers):
    return excluded_pixels(size, *layers[0])


def last_only(size, layers):
    for kernel, stride in layers[:-1]:
        size = output_size(size, kernel, stride)
    return excluded_pixels(size, *layers[-1])


CHECKS = [
    (chapter_03.check_sizes, sizes_for, None),
    (chapter_03.check_sizes, lambda o, k, s: map(float, sizes_for(o, k, s)), "Right"),
    (chapter_03.check_sizes, lambda o, k, s: [(o - 1) * s + k], "that is the smallest"),
    (chapter_03.check_sizes, lambda o, k, s: (o - 1) * s + k, "a single size"),
    (chapter_03.check_sizes, lambda o, k, s: None, "end in a return"),
    (chapter_03.check_sizes, lambda o, k, s: [n + 0.5 for n in sizes_for(o, k, s)], "9.5 is not a number of pixels"),
    (chapter_03.check_sizes, lambda o, k, s: 2 * sizes_for(o, k, s), "twice"),
    (chapter_03.check_sizes, lambda o, k, s: range((o - 1) * s + k, o * s + k + 1), "gives 5 outputs"),
    (chapter_03.check_sizes, lambda o, k, s: range(o * s, o * s + s), "gives 3 outputs"),
    (chapter_03.check_sizes, lambda o, k, s: sizes_for(o, k, s)[1:] or [o + k - 1], "there are more"),
    (chapter_03.check_sizes, lambda o, k, s: [k - 1], "gives 0 outputs"),
    (chapter_03.check_setting, (4, 3, 3, 2), None),
    (chapter_03.check_setting, [10, 3, 3, 2], "Right"),
    (chapter_03.check_setting, (5, 3, 3, 2), "you changed 0"),
    (chapter_03.check_setting, (5, 1, 4, 2), "you changed 2"),
    (chapter_03.check_setting, (5, 3, 2, 2), "layer 1 alone leaves 2"),
    (chapter_03.check_setting, (7, 3, 3, 2), "layer 2 leaves 1"),
    (chapter_03.check_setting, (4, 3), "four numbers"),
    (chapter_03.check_setting, "4, 3, 3, 2", "four numbers"),
    (chapter_03.check_setting, (4.5, 3, 3, 2), "not whole"),
    (chapter_03.check_counterexample, (8, 3, 3), None),
    (chapter_03.check_counterexample, (17, 4, 5), "Right"),
    (chapter_03.check_counterexample, (7, 3, 2), "Nothing is left over"),
    (chapter_03.check_counterexample, (17, 4, 2), "although 1 pixel"),
    (chapter_03.check_counterexample, 8, "three numbers"),
    (chapter_03.check_counterexample, (3, 4, 1), "the kernel (4) is larger"),
    (chapter_03.check_reached, reached, None),
    (chapter_03.check_reached, lambda *line: reached(*line).astype(int).tolist(), "Right"),
    (chapter_03.check_reached, without_gaps, "between two windows"),
    (chapter_03.check_reached, lambda *line: reached(*line, crop=False), "Crop the padding"),
    (chapter_03.check_reached, lambda *line: ~reached(*line), "exchanged"),
    (chapter_03.check_reached, lambda n, k, s, p: reached(n, k, s, 0), "starts on the padding"),
    (chapter_03.check_reached, lambda n, k, s, p: np.ones(n, bool), "pixel 9 should be False"),
    (chapter_03.check_reached, lambda n, k, s, p: np.ones(n - 1, bool), "you return 9 values"),
    (chapter_03.check_reached, lambda n, k, s, p: n - 1, "one value for each pixel"),
    (chapter_03.check_reached, lambda n, k, s, p: None, "end in a return"),
    (chapter_03.check_blind, blind, None),
    (chapter_03.check_blind, blind_by_the_receptive_field, "Right"),
    (chapter_03.check_blind, lambda n, layers: blind(n, layers, lambda before, stride: 1), "as wide as the strides"),
    (chapter_03.check_blind, first_only, "Add what the later ones do"),
    (chapter_03.check_blind, last_only, "counted in its own cells"),
    (chapter_03.check_blind, own_stride_too, "own stride does not count"),
    (chapter_03.check_blind, lambda n, layers: blind(n, layers, lambda before, stride: stride), "not only the last"),
    (chapter_03.check_blind, lambda n, layers: 0, "how many pixels wide"),
    (chapter_03.check_blind, lambda n, layers: blind(n, layers) / 2 + 0.25, "not whole"),
    (chapter_03.check_blind, lambda n, layers: None, "end in a return"),
]
