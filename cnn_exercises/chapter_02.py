"""The checks of chapter 02: how large a dilation is, a dilation, dC/dF, a crop, and dC/dX."""

import numpy as np

from cnn_core import conv2d_forward, dilate

from .single import gradients_of_one
from .verdict import first_difference, spoken

LENGTHS = [(4, 3), (3, 2), (2, 2), (5, 1), (1, 4)]  # (entries, stride)
DILATIONS = [((2, 3), 2), ((3, 2), 3), ((1, 4), 2), ((2, 2), 1)]  # (shape of dC_dO, stride)
CONVOLUTIONS = [((5, 7), (3, 3), 2), ((4, 6), (2, 3), 1), ((7, 5), (1, 2), 3)]  # (X, F, stride): nothing left over
CROPS = [((5, 6), 1), ((6, 5), 0), ((5, 5), (0, 1)), ((6, 7), (2, 0))]  # (the padded array, padding)


@spoken
def check_length(answer):
    """Find the fault of a function (entries, stride) -> how long they are in one direction when they are dilated."""
    for entries, stride in LENGTHS:
        found, right = answer(entries, stride), dilate(np.ones((1, entries)), stride).shape[1]
        if found != right:
            given = f"for {entries} entries and stride {stride} you say {found}"
            return f"{given}; {_why_length(found, entries, stride)}"
    return None


def _why_length(found, entries, stride):
    reasons = {
        entries * stride: "zeros stand between two entries, and none after the last.",
        entries + (entries - 1) * stride: "between two entries stand stride − 1 zeros: the step itself is the stride.",
        entries + stride - 1: "there are zeros in every gap, not in one of them.",
        entries: "these are the entries alone; count the zeros between them.",
    }
    return reasons.get(found, "how many gaps are there, and how many zeros in each?")


@spoken
def check_dilate(answer):
    """Find the fault of a function (dC_dO (H, W), stride) -> dC_dO dilated."""
    rng = np.random.default_rng(0)
    for shape, stride in DILATIONS:
        dC_dO = rng.integers(1, 9, shape)
        before, right = dC_dO.copy(), dilate(dC_dO, stride)
        found = np.asarray(answer(dC_dO, stride))
        if (before != dC_dO).any():
            return "it changes the array that it was given."
        if found.shape != right.shape or (found != right).any():
            return f"for dC_dO {shape} and stride {stride}: {_why_dilated(found, right, dC_dO, stride)}"
    return None


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


@spoken
def check_filter_gradient(answer):
    """Find the fault of a function (dC_dO, X, stride) -> dC/dF, without padding and without left-over pixels."""
    for dC_dO, X, F, stride in _convolutions():
        right, found = gradients_of_one(dC_dO, X, F, stride)[1], np.asarray(answer(dC_dO, X, stride))
        if found.shape != right.shape or not np.allclose(found, right):
            given = f"for X {X.shape}, dC_dO {dC_dO.shape} and stride {stride}"
            return f"{given}: {_why_filter_gradient(found, right, dC_dO, X, F)}"
    return None


def _why_filter_gradient(found, right, dC_dO, X, F):
    undilated = tuple(size - entries + 1 for size, entries in zip(X.shape, dC_dO.shape, strict=True))
    if found.shape == undilated != right.shape:
        return f"your dC/dF is {found.shape}, larger than the filter {F.shape}. dC_dO has to be dilated first."
    if found.shape != right.shape:
        return f"dC/dF has the shape of the filter, {right.shape}; yours has {found.shape}."
    if np.allclose(found, right[::-1, ::-1]):
        return "the numbers are right, but turned by 180 degrees: only dC/dX needs the rotation."
    if np.allclose(found * dC_dO.size, right):
        return f"yours is {dC_dO.size} times too small: terms are added, and there is no mean over the outputs."
    return first_difference("dC/dF", found, right)


@spoken
def check_crop(answer):
    """Find the fault of a function (dC_dXp (H, W), padding) -> dC_dX; padding is an integer or a pair."""
    for shape, padding in CROPS:
        padded = np.arange(1, 1 + np.prod(shape)).reshape(shape)
        P_r, P_c = padding if isinstance(padding, tuple) else (padding, padding)
        right, found = padded[P_r : shape[0] - P_r, P_c : shape[1] - P_c], np.asarray(answer(padded, padding))
        if found.shape != right.shape or (found != right).any():
            return f"for an array of shape {shape} and padding {padding}: {_why_cropped(found, right, padded, P_r)}"
    return None


def _why_cropped(found, right, padded, P_r):
    if found.size == 0:
        return f"nothing is left, shape {found.shape}. In Python -0 is 0, so [0:-0] is empty."
    if found.shape == padded.shape:
        return "nothing is taken off."
    if found.shape == (right.shape[0] + P_r, right.shape[1] + padded.shape[1] - right.shape[1] - P_r):
        return "padding is taken off on one side only."
    if found.shape == right.shape:
        return "the shape is right, but these are other pixels: as much comes off at the start as at the end."
    return f"the shape should be {right.shape}, yours is {found.shape}: the pair is (rows, columns)."


@spoken
def check_input_gradient(answer):
    """Find the fault of a function (dC_dO, F, stride) -> dC/dX, without padding and without left-over pixels."""
    for dC_dO, X, F, stride in _convolutions():
        right, found = gradients_of_one(dC_dO, X, F, stride)[0], np.asarray(answer(dC_dO, F, stride))
        if found.shape != right.shape or not np.allclose(found, right):
            given = f"for dC_dO {dC_dO.shape}, F {F.shape} and stride {stride}"
            return f"{given}: {_why_input_gradient(found, right, dC_dO, X, F, stride)}"
    return None


def _why_input_gradient(found, right, dC_dO, X, F, stride):
    if found.shape == tuple(entries + k - 1 for entries, k in zip(dC_dO.shape, F.shape, strict=True)) != right.shape:
        return f"your dC/dX is {found.shape}, and X was {X.shape}. dC_dO has to be dilated first."
    if found.shape != right.shape:
        return f"dC/dX has the shape of X, {right.shape}; yours has {found.shape}. Is the convolution a full one?"
    weights = {"not turned at all": F[::-1, ::-1], "turned over from top to bottom only": F[:, ::-1]}
    weights["turned over from left to right only"] = F[::-1]
    for how, other in weights.items():
        if np.allclose(found, gradients_of_one(dC_dO, X, other, stride)[0]):
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
