"""Chapter 02, dilation: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import convolve, dilate
from cnn_exercises import chapter_02


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


CHECKS = [
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
    (chapter_02.check_dilate, dilated_in_place, "your function changes dC_dO, which"),
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
