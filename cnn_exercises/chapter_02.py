"""Checks of chapter 02: the length of a dilated array, dilation, dC/dF, cropping, and dC/dX."""

import numpy as np

from cnn_core import conv2d_backward, conv2d_forward, dilate

from .feedback import compare, exercise_check, first_difference, same

LENGTHS = [(4, 3), (3, 2), (2, 2), (5, 1), (1, 4)]  # (entries, stride)
DILATIONS = [((2, 3), 2), ((3, 2), 3), ((1, 4), 2), ((2, 2), 1)]  # (shape of dC_dO, stride)
CONVOLUTIONS = [((5, 7), (3, 3), 2), ((4, 6), (2, 3), 1), ((7, 5), (1, 2), 3)]  # (X, F, stride): nothing left over
CROPS = [((5, 6), 1), ((6, 5), 0), ((5, 5), (0, 1)), ((6, 7), (2, 0))]  # (the padded array, padding)


@exercise_check
def check_length(answer):
    """Check a function (entries, stride) -> the length of so many entries in one direction after dilation."""
    given = "for {} entries and stride {} you say {found}; "
    return compare(answer, LENGTHS, _dilated_length, given, _why_length)


def _dilated_length(entries, stride):
    return dilate(np.ones((1, entries)), stride).shape[1]


def _why_length(found, right, entries, stride):
    reasons = {
        entries * stride: "zeros stand between two entries, and none after the last.",
        entries + (entries - 1) * stride: "between two entries stand stride − 1 zeros: the step itself is the stride.",
        entries + stride - 1: "there are zeros in every gap, not in one of them.",
        entries: "these are the entries alone; count the zeros between them.",
    }
    return reasons.get(found, "how many gaps are there, and how many zeros in each?")


@exercise_check
def check_dilate(answer):
    """Check a function (dC_dO (H, W), stride) -> dC_dO dilated."""
    rng, given = np.random.default_rng(0), "for dC_dO {0.shape} and stride {1}: "
    calls = [(rng.integers(1, 9, shape), stride) for shape, stride in DILATIONS]
    return compare(answer, calls, dilate, given, _why_dilated)


def _why_dilated(found, right, dC_dO, stride):
    H, W = dC_dO.shape
    if found.shape == (H * stride, W * stride):
        return "there are zeros after the last row and column too. They stand between entries only."
    if found.shape in ((right.shape[0], W), (H, right.shape[1])):
        return "only one direction is dilated: zeros come between rows and between columns."
    if found.shape != right.shape:
        return f"the shape should be {right.shape}, yours is {found.shape}."
    if (found[right == 0] != 0).any():
        return "between the entries stands something else than 0."
    return "the shape is right, but the entries are not where they should be: every stride-th row and column."


@exercise_check
def check_filter_gradient(answer):
    """Check a function (dC_dO, X, stride) -> dC/dF, without padding and without excluded pixels."""
    calls = [(dC_dO, X, stride) for dC_dO, X, F, stride in _convolutions()]
    given = "for X {1.shape}, dC_dO {0.shape} and stride {2}: "
    return compare(answer, calls, _filter_gradient, given, _why_filter_gradient)


def _filter_gradient(dC_dO, X, stride):
    F = np.ones(np.subtract(X.shape, dilate(dC_dO, stride).shape) + 1)
    return single_channel_gradients(dC_dO, X, F, stride)[1]


def _why_filter_gradient(found, right, dC_dO, X, stride):
    undilated = tuple(size - entries + 1 for size, entries in zip(X.shape, dC_dO.shape, strict=True))
    if found.shape == undilated != right.shape:
        return f"your dC/dF is {found.shape}, larger than the filter {right.shape}. dC_dO has to be dilated first."
    if found.shape != right.shape:
        return f"dC/dF has the shape of the filter, {right.shape}; yours has {found.shape}."
    if same(found, right[::-1, ::-1]):
        return "the numbers are right, but turned by 180 degrees: only dC/dX needs the rotation."
    if same(found * dC_dO.size, right):
        return f"yours is {dC_dO.size} times too small: terms are added, and there is no mean over the outputs."
    return first_difference("dC/dF", found, right)


@exercise_check
def check_crop(answer):
    """Check a function (dC_dXp (H, W), padding) -> dC_dX; padding is an integer or a pair."""
    calls = [(np.arange(1, 1 + H * W).reshape(H, W), padding) for (H, W), padding in CROPS]
    return compare(answer, calls, _cropped, "for an array of shape {0.shape} and padding {1}: ", _why_cropped)


def _cropped(padded, padding):
    (H, W), (P_r, P_c) = padded.shape, np.broadcast_to(padding, 2)
    return padded[P_r : H - P_r, P_c : W - P_c]


def _why_cropped(found, right, padded, padding):
    P_r, P_c = np.broadcast_to(padding, 2)
    if found.size == 0:
        return f"nothing is left, shape {found.shape}. In Python -0 is 0, so [0:-0] is empty."
    if found.shape == padded.shape:
        return "nothing is taken off."
    if found.shape == (right.shape[0] + P_r, right.shape[1] + P_c):
        return "padding is taken off on one side only."
    if found.shape == right.shape:
        return "the shape is right, but these are other pixels: as much comes off at the start as at the end."
    return f"the shape should be {right.shape}, yours is {found.shape}: the pair is (rows, columns)."


@exercise_check
def check_input_gradient(answer):
    """Check a function (dC_dO, F, stride) -> dC/dX, without padding and without excluded pixels."""
    calls = [(dC_dO, F, stride) for dC_dO, X, F, stride in _convolutions()]
    given = "for dC_dO {0.shape}, F {1.shape} and stride {2}: "
    return compare(answer, calls, _input_gradient, given, _why_input_gradient)


def _input_gradient(dC_dO, F, stride):
    X = np.ones(np.add(F.shape, dilate(dC_dO, stride).shape) - 1)
    return single_channel_gradients(dC_dO, X, F, stride)[0]


def _why_input_gradient(found, right, dC_dO, F, stride):
    if found.shape == tuple(entries + k - 1 for entries, k in zip(dC_dO.shape, F.shape, strict=True)) != right.shape:
        return f"your dC/dX is {found.shape}, and X was {right.shape}. dC_dO has to be dilated first."
    if found.shape != right.shape:
        return f"dC/dX has the shape of X, {right.shape}; yours has {found.shape}. Is the convolution a full one?"
    weights = {"not turned at all": F[::-1, ::-1], "turned over from top to bottom only": F[:, ::-1]}
    weights["turned over from left to right only"] = F[::-1]
    for how, other in weights.items():
        if same(found, _input_gradient(dC_dO, other, stride)):
            return f"the shape is right, but your filter is {how}. By 180 degrees: rows and columns both run backwards."
    return first_difference("dC/dX", found, right)


def _convolutions():
    """Return dC_dO, X, F and stride of each case, all of whole numbers."""
    rng, found = np.random.default_rng(0), []
    for X_shape, F_shape, stride in CONVOLUTIONS:
        X, F = rng.integers(-3, 5, X_shape), rng.integers(-3, 5, F_shape)
        size = conv2d_forward(X[None, None], F[None, None], stride=stride).shape[2:]
        found.append((rng.integers(-3, 5, size), X, F, stride))
    return found


def single_channel_gradients(dC_dO, X, F, stride):
    """Return dC_dX (H, W) and dC_dF (kH, kW) of a convolution of one image, one channel and one filter."""
    dC_dX, dC_dF, _ = conv2d_backward(dC_dO[None, None], X[None, None], F[None, None], stride)
    return dC_dX[0, 0], dC_dF[0, 0]
