"""The checks of chapter 03: what is left over, which sizes give the same output, and both gradients with a strip."""

import numpy as np

from cnn_core import excluded_pixels, output_size

from .single import gradients_of_one
from .verdict import first_difference, spoken

LINES = [(10, 3, 2, 0), (9, 3, 2, 1), (28, 5, 3, 1), (12, 5, 4, 0), (11, 4, 4, 1), (7, 2, 5, 2), (13, 2, 5, 1)]
CALLS = [((6, 7), (3, 2), 2), ((5, 6), (3, 2), 2), ((8, 9), (3, 3), 3), ((7, 5), (2, 3), 1)]  # (X's shape, F's, stride)


@spoken
def check_left_over(answer):
    """Find the fault of a function (size, kernel, stride, padding) -> how many pixels are left over."""
    mistakes = {
        "the window itself takes up pixels: subtract the kernel.": lambda n, k, s, p: (n + 2 * p) % s,
        "padding stands on both sides.": lambda n, k, s, p: (n + p - k) % s,
        "the padding is part of what the window moves over.": lambda n, k, s, p: (n - k) % s,
        "that is how many steps fit, not what remains after the last.": lambda n, k, s, p: (n + 2 * p - k) // s,
        "the first window is there before any step: it is not the size that is divided.": lambda n, k, s, p: n % s,
        "you count what is missing for one more window.": lambda n, k, s, p: -(n + 2 * p - k) % s,
    }
    return _fault_on_lines(answer, excluded_pixels, mistakes, "walk with the window as far as it goes, then count.")


@spoken
def check_lost(answer):
    """Find the fault of a function (size, kernel, stride, padding) -> how many left over pixels are pixels of X."""
    mistakes = {
        "the last of them are padding, not pixels of X.": excluded_pixels,
        "fewer than none cannot be lost.": lambda *line: excluded_pixels(*line) - line[3],
        "only the padding at the end lies there: count it once.": lambda *line: max(
            excluded_pixels(*line) - 2 * line[3], 0
        ),
        "there can be padding in the strip and pixels of X too.": lambda *line: (
            0 if line[3] else excluded_pixels(*line)
        ),
    }
    return _fault_on_lines(answer, _lost, mistakes, "how many are left over, and how many of these are padding?")


def _lost(size, kernel, stride, padding):
    return max(excluded_pixels(size, kernel, stride, padding) - padding, 0)


def _fault_on_lines(answer, truth, mistakes, otherwise):
    """Return what is wrong with a function of (size, kernel, stride, padding): the mistake that explains all of it."""
    found, right = [answer(*line) for line in LINES], [truth(*line) for line in LINES]
    if found == right and not any(isinstance(each, float) for each in found):
        return None
    if any(isinstance(each, float) for each in found):
        return "pixels are counted in whole numbers; with // and % none of Python's integers becomes a float."
    place = next(number for number, pair in enumerate(zip(found, right, strict=True)) if pair[0] != pair[1])
    size, kernel, stride, padding = LINES[place]
    given = f"for size {size}, kernel {kernel}, stride {stride} and padding {padding} you say {found[place]}"
    fitting = (why for why, mistake in mistakes.items() if found == [mistake(*line) for line in LINES])
    return f"{given}; {next(fitting, otherwise)}"


@spoken
def check_sizes(answer):
    """Find the fault of a function (outputs, kernel, stride) -> all sizes that give so many outputs, no padding."""
    for outputs, kernel, stride in [(4, 3, 2), (1, 5, 3), (6, 2, 1), (3, 2, 4)]:
        sizes = range(kernel, 60)
        right = [size for size in sizes if output_size(size, kernel, stride) == outputs]
        found = sorted(int(size) for size in answer(outputs, kernel, stride))
        if found != right:
            given = f"for {outputs} outputs, kernel {kernel} and stride {stride} you give {found}"
            return f"{given}; {_why_sizes(found, right, kernel, stride)}"
    return None


def _why_sizes(found, right, kernel, stride):
    if found == right[:1]:
        return "that is the smallest. A few more pixels can be left over, and the output stays as it is."
    wrong = [size for size in found if size not in right]
    if wrong:
        given = output_size(wrong[0], kernel, stride) if wrong[0] >= kernel else 0
        return f"a size of {wrong[0]} gives {given} outputs."
    return "there are more: from 0 up to stride - 1 pixels can be left over."


@spoken
def check_filter_gradient(answer):
    """Find the fault of a function (dC_dO, X, kernel_shape, stride) -> dC/dF, for one channel and no padding."""
    for X, dC_dO, F, stride, call in _examples():
        right = gradients_of_one(dC_dO, X, F, stride)[1]
        found = np.asarray(answer(dC_dO.copy(), X.copy(), F.shape, stride))
        left = [excluded_pixels(*each, stride) for each in zip(X.shape, F.shape, strict=True)]
        if found.shape != right.shape or not np.allclose(found, right):
            return f"for {call}: {_why_filter(found, right, left, (X, dC_dO, F.shape, stride))}"
    return None


def _why_filter(found, right, left, call):
    X, dC_dO, (kH, kW), stride = call
    if 0 in found.shape:
        return "it is empty. A slice [:-0] holds nothing: where nothing is left over, write how many you keep."
    if found.shape == tuple(np.add(right.shape, left)):
        return f"dC/dF has the shape of F, {right.shape}, yours has {found.shape}: X was not trimmed."
    if found.shape == tuple(np.subtract(X.shape, dC_dO.shape) + 1):
        return "the entries of dC/dO lie a stride apart: dilate it first."
    if found.shape != right.shape:
        return f"dC/dF has the shape of F, {right.shape}, yours has {found.shape}."
    shifted = X[left[0] :, left[1] :]
    wrong_end = gradients_of_one(dC_dO, shifted, np.ones((kH, kW)), stride)[1]
    if np.allclose(found, wrong_end):
        return "X was trimmed at the wrong end: the strip is the last rows and columns."
    if np.allclose(found, right[::-1, ::-1]):
        return "it is turned by 180 degrees. For dC/dF nothing is turned."
    return "the shape is right, the values are not: lay the dilated dC/dO over X like a filter."


@spoken
def check_input_gradient(answer):
    """Find the fault of a function (dC_dO, X_shape, F, stride) -> dC/dX, for one channel and no padding."""
    for X, dC_dO, F, stride, call in _examples():
        right = gradients_of_one(dC_dO, X, F, stride)[0]
        found = np.asarray(answer(dC_dO.copy(), X.shape, F.copy(), stride))
        left = [excluded_pixels(*each, stride) for each in zip(X.shape, F.shape, strict=True)]
        if found.shape != right.shape or not np.allclose(found, right):
            return f"for {call}: {_why_input(found, right, left, (X, dC_dO, F, stride))}"
    return None


def _why_input(found, right, left, call):
    X, dC_dO, F, stride = call
    if found.shape == tuple(np.subtract(right.shape, left)):
        return f"dC/dX has the shape of X, {right.shape}, yours has {found.shape}: the strip is missing."
    if found.shape == tuple(np.add(dC_dO.shape, F.shape) - 1):
        return "the entries of dC/dO lie a stride apart: dilate it first."
    if found.shape != right.shape:
        return f"dC/dX has the shape of X, {right.shape}, yours has {found.shape}."
    if np.allclose(found, np.roll(right, left, (0, 1))):
        return "the strip of zeros is at the wrong end: it is the last rows and columns that no window reached."
    turned = gradients_of_one(dC_dO, X, F[::-1, ::-1], stride)[0]
    if np.allclose(found, turned):
        return "the filter stands the wrong way round: in a full convolution it is turned by 180 degrees."
    return first_difference("dC/dX", found, right)


def _examples():
    """Yield X, dC_dO, F, a stride, and these in words: with a strip and without one, never square."""
    rng = np.random.default_rng(0)
    for X_shape, F_shape, stride in CALLS:
        O_shape = [output_size(*each, stride) for each in zip(X_shape, F_shape, strict=True)]
        X, dC_dO, F = (rng.integers(-4, 5, shape).astype(float) for shape in (X_shape, O_shape, F_shape))
        yield X, dC_dO, F, stride, f"X {X_shape}, F {F_shape} and stride {stride}"
