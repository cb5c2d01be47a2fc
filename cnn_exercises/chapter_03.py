"""Checks of chapter 03: counts of excluded pixels, sizes with the same output, and the gradients beside such pixels."""

from collections.abc import Iterator

import numpy as np

from cnn_core import excluded_pixels, output_size

from .chapter_02 import single_channel_gradients
from .feedback import compare, exercise_check, first_difference, same
from .results import AnswerError, array_in, number_in, result_of

LINES = [(10, 3, 2, 0), (9, 3, 2, 1), (28, 5, 3, 1), (12, 5, 4, 0), (11, 4, 4, 1), (7, 2, 5, 2), (13, 2, 5, 1)]
MOST = 10**9  # pixels
CALLS = [((6, 7), (3, 2), 2), ((5, 6), (3, 2), 2), ((8, 9), (3, 3), 3), ((7, 5), (2, 3), 1)]  # (X's shape, F's, stride)


@exercise_check
def check_left_over(answer):
    """Check a function (size, kernel, stride, padding) -> the number of excluded pixels, padding included."""
    mistakes = {
        "the window itself takes up pixels: subtract the kernel.": lambda n, k, s, p: (n + 2 * p) % s,
        "padding stands on both sides.": lambda n, k, s, p: (n + p - k) % s,
        "the padding is part of what the window moves over.": lambda n, k, s, p: (n - k) % s,
        "that is how many steps fit, not what remains after the last.": lambda n, k, s, p: (n + 2 * p - k) // s,
        "the first window is there before any step: it is not the size that is divided.": lambda n, k, s, p: n % s,
        "you count what is missing for one more window.": lambda n, k, s, p: -(n + 2 * p - k) % s,
    }
    return _mistake_on_lines(answer, excluded_pixels, mistakes, "walk with the window as far as it goes, then count.")


@exercise_check
def check_lost(answer):
    """Check a function (size, kernel, stride, padding) -> how many excluded pixels are pixels of X."""
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
    return _mistake_on_lines(answer, _lost, mistakes, "how many are left over, and how many of these are padding?")


def _lost(size, kernel, stride, padding):
    return max(excluded_pixels(size, kernel, stride, padding) - padding, 0)


def _mistake_on_lines(answer, correct, mistakes, otherwise):
    """Return the feedback on a function (size, kernel, stride, padding): the mistake that explains all its results."""
    found, right = [number_in(result_of(answer, *line)) for line in LINES], [correct(*line) for line in LINES]
    if found == right and not any(isinstance(each, float) for each in found):
        return None
    if any(isinstance(each, float) for each in found):
        return "pixels are counted in whole numbers; with // and % none of Python's integers becomes a float."
    first = next(number for number, pair in enumerate(zip(found, right, strict=True)) if pair[0] != pair[1])
    size, kernel, stride, padding = LINES[first]
    given = f"for size {size}, kernel {kernel}, stride {stride} and padding {padding} you say {found[first]}"
    fitting = (why for why, mistake in mistakes.items() if found == [mistake(*line) for line in LINES])
    return f"{given}; {next(fitting, otherwise)}"


@exercise_check
def check_sizes(answer):
    """Check a function (outputs, kernel, stride) -> all sizes that give so many outputs, without padding."""
    for outputs, kernel, stride in [(4, 3, 2), (1, 5, 3), (6, 2, 1), (3, 2, 4)]:
        sizes = range(kernel, 60)
        right = [size for size in sizes if output_size(size, kernel, stride) == outputs]
        found = _sizes(result_of(answer, outputs, kernel, stride))
        if found != right:
            given = f"for {outputs} outputs, kernel {kernel} and stride {stride} you give {found}"
            return f"{given}; {_why_sizes(found, right, kernel, stride)}"
    return None


def _sizes(found):
    found = array_in(list(found) if isinstance(found, range | set | Iterator) else found, "the list of sizes")
    if found.ndim != 1:
        raise AnswerError(f"a list of sizes is asked for, yours has shape {found.shape}.")
    if not (found == np.clip(np.floor(found), -MOST, MOST)).all():
        raise AnswerError("sizes are whole numbers of pixels, and one of yours is not.")
    return sorted(map(int, found))


def _why_sizes(found, right, kernel, stride):
    if found == right[:1]:
        return "that is the smallest. A few more pixels can be left over, and the output stays as it is."
    wrong = [size for size in found if size not in right]
    if wrong:
        given = output_size(wrong[0], kernel, stride) if wrong[0] >= kernel else 0
        return f"a size of {wrong[0]} gives {given} outputs."
    return "there are more: from 0 up to stride - 1 pixels can be left over."


@exercise_check
def check_filter_gradient(answer):
    """Check a function (dC_dO, X, kernel_shape, stride) -> dC/dF, for one channel and no padding."""
    calls = [(dC_dO, X, F.shape, stride) for dC_dO, X, F, stride in _convolutions()]
    given = "for X {1.shape}, F {2} and stride {3}: "
    return compare(answer, calls, _filter_gradient, given, _why_filter_gradient)


def _filter_gradient(dC_dO, X, kernel_shape, stride):
    return single_channel_gradients(dC_dO, X, np.ones(kernel_shape), stride)[1]


def _why_filter_gradient(found, right, dC_dO, X, kernel_shape, stride):
    excluded = _excluded(X.shape, kernel_shape, stride)
    if 0 in found.shape:
        return "it is empty. A slice [:-0] holds nothing: where nothing is left over, write how many you keep."
    if found.shape == tuple(np.add(right.shape, excluded)):
        return f"dC/dF has the shape of F, {right.shape}, yours has {found.shape}: X was not trimmed."
    if found.shape == tuple(np.subtract(X.shape, dC_dO.shape) + 1):
        return "the entries of dC/dO lie a stride apart: dilate it first."
    if found.shape != right.shape:
        return f"dC/dF has the shape of F, {right.shape}, yours has {found.shape}."
    if same(found, _filter_gradient(dC_dO, X[excluded[0] :, excluded[1] :], kernel_shape, stride)):
        return "X was trimmed at the wrong end: the strip is the last rows and columns."
    if same(found, right[::-1, ::-1]):
        return "it is turned by 180 degrees. For dC/dF nothing is turned."
    return "the shape is right, the values are not: lay the dilated dC/dO over X like a filter."


@exercise_check
def check_input_gradient(answer):
    """Check a function (dC_dO, X_shape, F, stride) -> dC/dX, for one channel and no padding."""
    calls = [(dC_dO, X.shape, F, stride) for dC_dO, X, F, stride in _convolutions()]
    return compare(answer, calls, _input_gradient, "for X {1}, F {2.shape} and stride {3}: ", _why_input_gradient)


def _input_gradient(dC_dO, X_shape, F, stride):
    return single_channel_gradients(dC_dO, np.ones(X_shape), F, stride)[0]


def _why_input_gradient(found, right, dC_dO, X_shape, F, stride):
    excluded = _excluded(X_shape, F.shape, stride)
    if found.shape == tuple(np.subtract(right.shape, excluded)):
        return f"dC/dX has the shape of X, {right.shape}, yours has {found.shape}: the strip is missing."
    if found.shape == tuple(np.add(dC_dO.shape, F.shape) - 1):
        return "the entries of dC/dO lie a stride apart: dilate it first."
    if found.shape != right.shape:
        return f"dC/dX has the shape of X, {right.shape}, yours has {found.shape}."
    if same(found, np.roll(right, excluded, (0, 1))):
        return "the strip of zeros is at the wrong end: it is the last rows and columns that no window reached."
    if same(found, _input_gradient(dC_dO, X_shape, F[::-1, ::-1], stride)):
        return "the filter stands the wrong way round: in a full convolution it is turned by 180 degrees."
    return first_difference("dC/dX", found, right)


def _excluded(X_shape, kernel_shape, stride):
    return [excluded_pixels(*each, stride) for each in zip(X_shape, kernel_shape, strict=True)]


def _convolutions():
    """Yield dC_dO, X, F and a stride: with and without excluded pixels, never square."""
    rng = np.random.default_rng(0)
    for X_shape, F_shape, stride in CALLS:
        O_shape = [output_size(*each, stride) for each in zip(X_shape, F_shape, strict=True)]
        X, dC_dO, F = (rng.integers(-4, 5, shape).astype(float) for shape in (X_shape, O_shape, F_shape))
        yield dC_dO, X, F, stride
