"""Chapter 02, dilation: correct answers to its exercises, and mistakes with the feedback on them."""

from functools import partial

import numpy as np

from cnn_core import conv2d_forward, gradient_check
from cnn_exercises import chapter_02
from cnn_exercises.chapter_02 import pixel_gradient

LINE = np.array([0.5, 1, 0.5])


def without_an_upper_limit(dC_dO, F, stride, pixel):
    return sum(dC_dO[i, j] * F[pixel[0] - i * stride, pixel[1] - j * stride] for i, j in np.ndindex(dC_dO.shape))


def finding(backward):
    """Return the gradient that gradient_check finds to be wrong, for two images, three channels and four filters."""
    rng = np.random.default_rng(1)
    arrays = rng.normal(size=(2, 3, 7, 8)), rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4)
    error, where = gradient_check((partial(conv2d_forward, stride=2, padding=(0, 1)), backward), *arrays)
    return "right" if error < 1e-6 else {"0": "dC/dX", "1": "dC/dF", "2": "dC/dB"}[where[len("argument ")]]


FINDINGS = {name: finding(getattr(chapter_02, f"backward_{name.lower()}")) for name in "ABC"}

CHECKS = [
    (chapter_02.check_by_hand, [2, -1, 11, -4, 12], None),
    (chapter_02.check_by_hand, np.array([2.0, -1, 11, -4, 12]), "Right"),
    (chapter_02.check_by_hand, [2, -1, 8, -4, 12], "keeps the second alone"),
    (chapter_02.check_by_hand, [2, -1, 3, -4, 12], "keeps the first alone"),
    (chapter_02.check_by_hand, [3, -1, 14, -4, 8], "your filter is rotated"),
    (chapter_02.check_by_hand, [2, -1, 5, -1, 3], "the weights alone"),
    (chapter_02.check_by_hand, [2, 7, -1, 12], "two pixels after the first"),
    (chapter_02.check_by_hand, [2, -1, 11], "each of the five pixels"),
    (chapter_02.check_by_hand, [2, -1, 11, -4, 13], "dC/dX[4] should be 12, yours is 13"),
    (chapter_02.check_pixel, pixel_gradient, None),
    (chapter_02.check_pixel, lambda *given: float(pixel_gradient(*given)), "Right"),
    (chapter_02.check_pixel, partial(pixel_gradient, negative=True), "F[-1] is the last weight"),
    (chapter_02.check_pixel, without_an_upper_limit, "F[-1] is the last weight|raised IndexError"),
    (chapter_02.check_pixel, partial(pixel_gradient, gap=1), "starts at pixel"),
    (
        chapter_02.check_pixel,
        lambda dC_dO, F, *rest: pixel_gradient(dC_dO, F[::-1, ::-1], *rest),
        "your filter is rotated",
    ),
    (chapter_02.check_pixel, lambda dC_dO, *rest: pixel_gradient(dC_dO, *rest) / dC_dO.size, "no mean"),
    (chapter_02.check_pixel, lambda *given: pixel_gradient(*given) or 1, "no window contains"),
    (chapter_02.check_pixel, lambda *given: pixel_gradient(*given) + 1000, "Which windows contain"),
    (chapter_02.check_pixel, lambda *given: None, "end in a return"),
    (chapter_02.check_findings, FINDINGS, None),
    (chapter_02.check_findings, ["dC/dX", "right", "dC/dF"], "a dictionary"),
    (chapter_02.check_findings, FINDINGS | {"A": "X"}, "for A give 'dC/dX'"),
    (chapter_02.check_findings, FINDINGS | {"A": "right"}, "A has a bug. One image, one channel and one filter"),
    (chapter_02.check_findings, FINDINGS | {"B": "dC/dB"}, "dC/dB of B is right"),
    (chapter_02.check_findings, FINDINGS | {"C": "dC/dX"}, "says where it is"),
    (chapter_02.check_upsampling, np.outer(LINE, LINE), None),
    (chapter_02.check_upsampling, np.ones((3, 3)), "their mean, 6; your filter gives 12"),
    (chapter_02.check_upsampling, np.outer([0, 1, 0], [0, 1, 0]), "their mean, 6; your filter gives 0"),
    (chapter_02.check_upsampling, np.outer([0, 1, 0], LINE), "their mean, 10; your filter gives 0"),
    (chapter_02.check_upsampling, np.outer(LINE, LINE) + np.outer([1, 0, 0], [1, 0, 0]), "all four"),
    (chapter_02.check_upsampling, [[0.5, 0.5, 0.5], [0.5, 1, 0.5], [0.5, 0.5, 0.5]], "all four"),
    (chapter_02.check_upsampling, [[0, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 23 / 4]], "a single 4 in row 0, column 0"),
    (chapter_02.check_upsampling, np.outer(LINE, LINE) / 4, "should stay as it is"),
    (chapter_02.check_upsampling, LINE, "shape (3, 3); yours has (3,)"),
]
