"""Checks of chapter 02: dC/dX by hand, dC/dX of one pixel, backward passes with a bug, and an upsampling filter."""

import numpy as np

from cnn_core import conv2d_backward

from .feedback import compare, exercise_check, first_difference, reason_for
from .results import array_in, wrong_choice

F_LINE, dC_dO_LINE, STRIDE_LINE = np.array([2, -1, 3]), np.array([1, 4]), 2  # exercise 1: five pixels in a line
BY_HAND_MISTAKES = {  # what each mistake gives
    "where both windows contain a pixel, its two terms are added; yours keeps the second alone.": [2, -1, 8, -4, 12],
    "where both windows contain a pixel, its two terms are added; yours keeps the first alone.": [2, -1, 3, -4, 12],
    "your filter is rotated. An entry is passed back through the filter as it is: F[0] to its first pixel.": [
        *(3, -1, 14, -4, 8)
    ],
    "these are the weights alone; each is multiplied by the entry of dC/dO.": [2, -1, 5, -1, 3],
}
PIXELS = [  # (shape of dC_dO, shape of F, stride, pixel): in four windows, two, one, and a gap
    ((2, 2), (3, 3), 2, (2, 2)),
    ((2, 2), (3, 3), 2, (2, 1)),
    ((2, 3), (3, 3), 2, (0, 0)),
    ((3, 2), (2, 3), 1, (2, 3)),
    ((2, 2), (2, 2), 3, (2, 3)),
]
GUILTY = {"A": "dC/dX", "B": "right", "C": "dC/dF"}


@exercise_check
def check_by_hand(answer):
    """Check the five entries of dC/dX of a line of pixels: F is [2, -1, 3], dC/dO is [1, 4], the stride is 2."""
    found = array_in(answer)
    windows = zip(dC_dO_LINE, range(0, 5, STRIDE_LINE), strict=False)
    right = sum(np.pad(entry * F_LINE, (start, 2 - start)) for entry, start in windows)
    if found.shape == (4,):
        return "there are five pixels and you give four numbers: the second window starts two pixels after the first."
    if found.shape != right.shape:
        return f"dC/dX has one number for each of the five pixels; yours has shape {found.shape}."
    if np.allclose(found, right):
        return None
    mistakes = [(wrong, why) for why, wrong in BY_HAND_MISTAKES.items()]
    return reason_for(found, mistakes, first_difference("dC/dX", found, right))


@exercise_check
def check_pixel(answer):
    """Check a function (dC_dO, F, stride, pixel) -> dC/dX of one pixel of the padded image."""
    rng = np.random.default_rng(0)
    calls = [(rng.integers(1, 9, size), rng.integers(1, 9, kernel), *rest) for size, kernel, *rest in PIXELS]
    given = "for dC_dO {0.shape}, F {1.shape}, stride {2} and pixel {3}, you return {found}; "
    return compare(answer, calls, pixel_gradient, given, _why_pixel)


def pixel_gradient(dC_dO, F, stride, pixel, negative=False, gap=None):
    """Return dC/dX of one pixel; with `negative`, also weights at negative indices; with `gap`, at another stride."""
    terms = []
    for i, j in np.ndindex(dC_dO.shape):
        a, b = pixel[0] - i * (gap or stride), pixel[1] - j * (gap or stride)
        lowest = -F.shape[0] if negative else 0, -F.shape[1] if negative else 0
        if lowest[0] <= a < F.shape[0] and lowest[1] <= b < F.shape[1]:
            terms.append(dC_dO[i, j] * F[a, b])
    return sum(terms)


def _why_pixel(found, right, dC_dO, F, stride, pixel):
    if right == 0:
        return "no window contains this pixel, so it should be 0."
    mistakes = [
        (
            pixel_gradient(dC_dO, F, stride, pixel, negative=True),
            "a window that starts after the pixel counts too. Its index is negative, and F[-1] is the last weight.",
        ),
        (pixel_gradient(dC_dO, F, stride, pixel, gap=1), "window (i, j) starts at pixel (i · stride, j · stride)."),
        (
            pixel_gradient(dC_dO, F[::-1, ::-1], stride, pixel),
            "your filter is rotated: the index of the weight is the pixel less the start of the window.",
        ),
        (right / dC_dO.size, "terms are added, and there is no mean over the outputs."),
    ]
    return reason_for(found, mistakes, f"it should be {right:g}. Which windows contain the pixel?")


@exercise_check
def check_findings(answer):
    """Check which gradient is wrong in each of the backward passes A, B and C: 'dC/dX', ..., or 'right'."""
    choices = ("dC/dX", "dC/dF", "dC/dB", "right")
    wrong = wrong_choice(answer, GUILTY, choices, "'dC/dX', 'dC/dF', 'dC/dB' or 'right'")
    return wrong and _why_finding(*wrong)


def _why_finding(name, found):
    if found == "right":
        return f"{name} has a bug. One image, one channel and one filter do not reveal it; try several of each."
    if GUILTY[name] == "right":
        return f"{found} of {name} is right. Does the check fail for conv2d_backward, too, at your setting?"
    return f"{name} has a bug, but {found} is right. The second value that gradient_check returns says where it is."


def backward_a(dC_dO, X, F, B, stride=2, padding=(0, 1)):
    """Return dC_dX, dC_dF and dC_dB; one of the three backward passes of the exercise."""
    swapped = F[::-1, ::-1]  # np.flip(F) without axes rotates each filter, and reverses filters and channels as well
    return conv2d_backward(dC_dO, X, swapped, stride, padding)[0], *conv2d_backward(dC_dO, X, F, stride, padding)[1:]


def backward_b(dC_dO, X, F, B, stride=2, padding=(0, 1)):
    """Return dC_dX, dC_dF and dC_dB; one of the three backward passes of the exercise."""
    return conv2d_backward(dC_dO, X, F, stride, padding)


def backward_c(dC_dO, X, F, B, stride=2, padding=(0, 1)):
    """Return dC_dX, dC_dF and dC_dB; one of the three backward passes of the exercise."""
    dC_dX, _, dC_dB = conv2d_backward(dC_dO, X, F, stride, padding)
    last = conv2d_backward(dC_dO[-1:], X[-1:], F, stride, padding)  # as with = for += in a loop over images
    return dC_dX, last[1], dC_dB


@exercise_check
def check_upsampling(answer):
    """Check a filter (3, 3) whose transposed convolution at stride 2 keeps entries and interpolates between them."""
    F = array_in(answer, "the filter")
    if F.shape != (3, 3):
        return f"the filter has shape (3, 3); yours has {F.shape}."
    small = np.array([[4.0, 8.0], [16.0, 64.0]])
    large = single_channel_gradients(small, np.ones((5, 5)), F, 2)[0][1:4, 1:4]
    wanted = [
        ("an entry of the small map, 4, should stay as it is", (0, 0), 4),
        ("between 4 and 8, side by side, should be their mean, 6", (0, 1), 6),
        ("between 4 and 16, one above the other, should be their mean, 10", (1, 0), 10),
        ("between 8 and 64, one above the other, should be their mean, 36", (1, 2), 36),
        ("between 16 and 64, side by side, should be their mean, 40", (2, 1), 40),
        ("in the middle of all four should be their mean, 23", (1, 1), 23),
    ]
    wrong = (
        f"{what}; your filter gives {large[at]:g}." for what, at, mean in wanted if not np.isclose(large[at], mean)
    )
    return next(wrong, None) or _why_corners(F)


def _why_corners(F):
    """Return what is wrong where four entries meet: a filter can be right for one map and wrong for others."""
    for place in np.ndindex(2, 2):
        small = np.zeros((2, 2))
        small[place] = 4
        middle = single_channel_gradients(small, np.ones((5, 5)), F, 2)[0][2, 2]
        if not np.isclose(middle, 1):
            where = f"for a map of zeros with a single 4 in row {place[0]}, column {place[1]}"
            return f"{where}, the mean in the middle of all four should be 1; your filter gives {middle:g}."
    return None


def single_channel_gradients(dC_dO, X, F, stride):
    """Return dC_dX (H, W) and dC_dF (kH, kW) of a convolution of one image, one channel and one filter."""
    dC_dX, dC_dF, _ = conv2d_backward(dC_dO[None, None], X[None, None], F[None, None], stride)
    return dC_dX[0, 0], dC_dF[0, 0]
