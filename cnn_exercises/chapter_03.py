"""Checks of chapter 03: sizes with the same output, pixels that windows or layers reach, and a bug to find."""

from collections.abc import Iterator

import numpy as np

from cnn_core import conv2d_backward, excluded_pixels, output_size

from .feedback import exercise_check
from .results import AnswerError, array_in, number_in, result_of

LINES = [(10, 3, 2, 0), (9, 3, 2, 1), (12, 5, 4, 0), (8, 2, 3, 0), (7, 2, 5, 2), (11, 4, 4, 1), (9, 1, 2, 0)]
NETWORK, SIZE = (5, 3, 3, 2), 28  # kernel and stride of two layers
MOST, LARGEST_SIZE = 10**9, 100  # pixels
STACKS = [
    (28, [(5, 3)]),
    (28, [(5, 3), (3, 2)]),
    (100, [(5, 3), (3, 2), (4, 3)]),
    (64, [(7, 2), (3, 2), (3, 2), (2, 2)]),
]


@exercise_check
def check_sizes(answer):
    """Check a function (outputs, kernel, stride) -> all sizes that give this many outputs, without padding."""
    for outputs, kernel, stride in [(4, 3, 2), (1, 5, 3), (6, 2, 1), (3, 2, 4)]:
        right = [size for size in range(kernel, 60) if output_size(size, kernel, stride) == outputs]
        found = _list_of_sizes(result_of(answer, outputs, kernel, stride))
        if found != right:
            given = f"for {outputs} outputs, kernel {kernel} and stride {stride} you return {found}"
            return f"{given}; {_why_sizes(found, right, kernel, stride)}"
    return None


def _list_of_sizes(sizes):
    sizes = array_in(list(sizes) if isinstance(sizes, range | set | Iterator) else sizes, "the list of sizes")
    if sizes.ndim == 0:
        raise AnswerError(f"your function returns {sizes}, a single size. Return a list of all of them.")
    if sizes.ndim > 1:
        raise AnswerError(f"a list of sizes is asked for, yours has shape {sizes.shape}.")
    return sorted(map(_whole, sizes))


def _whole(number):
    """Return a number as an int of at most MOST; 9.0 is whole, 9.5 is not."""
    number = number_in(number)
    if not abs(number) < np.inf or number != int(number):
        raise AnswerError(f"{number} is not a number of pixels: it is not whole. Use // in place of /.")
    return int(np.clip(number, -MOST, MOST))


def _numbers(answer, count):
    """Return an answer of `count` whole numbers as a tuple, or None if it is anything else."""
    try:
        array = array_in(answer)
    except AnswerError:
        return None
    return tuple(map(_whole, array)) if array.shape == (count,) else None


def _why_sizes(found, right, kernel, stride):
    if len(set(found)) < len(found):
        return "the same size is in your list twice."
    if found == right[:1]:
        return "that is the smallest. A few more pixels can be left over without another output."
    wrong = [size for size in found if size not in right]
    if wrong:
        given = output_size(wrong[0], kernel, stride) if wrong[0] >= kernel else 0
        return f"a size of {wrong[0]} gives {given} outputs."
    return "there are more: from 0 up to stride - 1 pixels can be left over."


@exercise_check
def check_setting(answer):
    """Check (kernel_1, stride_1, kernel_2, stride_2), which differs from NETWORK in one number and loses no row."""
    setting = _numbers(answer, 4)
    if setting is None:
        return f"write four numbers, such as {NETWORK}: kernel and stride of layer 1, then of layer 2."
    changed = sum(new != old for new, old in zip(setting, NETWORK, strict=True))
    if changed != 1:
        return f"change exactly one of the numbers {NETWORK}; you changed {changed}."
    first, second = setting[:2], setting[2:]
    if impossible := _impossible(SIZE, *first):
        return impossible
    left = excluded_pixels(SIZE, *first)
    if left:
        return f"layer 1 alone leaves {left} of the {SIZE} rows over."
    cells = output_size(SIZE, *first)
    if impossible := _impossible(cells, *second):
        return impossible
    left = excluded_pixels(cells, *second)
    if left:
        return f"layer 1 now uses all rows and has {cells} outputs, but layer 2 leaves {left} of these over."
    return None


def _impossible(size, kernel, stride):
    """Return words about a window that cannot move over a line of this size, or None."""
    if min(size, kernel, stride) < 1:
        return "size, kernel and stride are positive numbers."
    return f"the kernel ({kernel}) is larger than its input ({size})." if kernel > size else None


def suspect_backward(dC_dO, X, F, stride):
    """Return dC/dX and dC/dF for one channel, without padding. Some settings give a wrong result: find one."""
    dC_dX, dC_dF, _ = conv2d_backward(dC_dO[None, None], X[None, None], F[None, None], stride)
    before = [excluded_pixels(*sides, stride) // 2 for sides in zip(X.shape, F.shape, strict=True)]
    return np.roll(dC_dX[0, 0], before, axis=(0, 1)), dC_dF[0, 0]


@exercise_check
def check_counterexample(answer):
    """Check (size, kernel, stride): a setting at which suspect_backward is wrong."""
    setting = _numbers(answer, 3)
    if setting is None:
        return "write three numbers: size, kernel, stride. The image is size by size, the filter kernel by kernel."
    size, kernel, stride = setting
    if size > LARGEST_SIZE:
        return f"an example is easier to look at if it is small: take a size of at most {LARGEST_SIZE}."
    if impossible := _impossible(size, kernel, stride):
        return impossible
    left, outputs = excluded_pixels(size, kernel, stride), output_size(size, kernel, stride)
    rng = np.random.default_rng(0)
    dC_dO, X, F = (rng.normal(size=(side, side)) for side in (outputs, size, kernel))
    right = conv2d_backward(dC_dO[None, None], X[None, None], F[None, None], stride)[0][0, 0]
    if not np.allclose(suspect_backward(dC_dO, X, F, stride)[0], right):
        return None
    if left == 0:
        return "it is right there. Nothing is left over at this setting, so there is nothing to put in the wrong place."
    return f"it is right there, although {left} pixel of each line is left over. Where does it put more than one?"


@exercise_check
def check_reached(answer):
    """Check a function (size, kernel, stride, padding) -> for each pixel of X, whether a window reaches it."""
    given = "for size {0}, kernel {1}, stride {2} and padding {3}: "
    for line in LINES:
        found, right = _as_bools(result_of(answer, *line)), _reached(*line)
        if not np.array_equal(found, right):
            return given.format(*line) + _why_reached(found, right, *line)
    return None


def _as_bools(reached):
    reached = array_in(list(reached) if isinstance(reached, range | Iterator) else reached)
    if reached.ndim != 1:
        raise AnswerError(f"return one value for each pixel, shape (size,); yours has shape {reached.shape}.")
    if not np.isin(reached, (0, 1)).all():
        raise AnswerError("each value should be True or False.")
    return reached.astype(bool)


def _reached(size, kernel, stride, padding):
    line = np.zeros(size + 2 * padding, bool)
    for start in range(0, len(line) - kernel + 1, stride):
        line[start : start + kernel] = True
    return line[padding : padding + size]


def _why_reached(found, right, size, kernel, stride, padding):
    if len(found) == size + 2 * padding != size:
        return f"you return {len(found)} values, one for each pixel of the padded line; X has {size}. Crop the padding."
    if len(found) != size:
        return f"you return {len(found)} values; X has {size} pixels."
    end = size - max(excluded_pixels(size, kernel, stride, padding) - padding, 0)
    if np.array_equal(found, np.arange(size) < end):
        return "the end is right. The stride is larger than the kernel here: what lies between two windows?"
    if np.array_equal(found, ~right):
        return "True and False are exchanged: True means that a window reaches the pixel."
    if padding and np.array_equal(found, _reached(size, kernel, stride, 0)):
        return "the first window starts on the padding, not on pixel 0."
    pixel = int(np.argmax(found != right))
    return f"pixel {pixel} should be {bool(right[pixel])}, yours is {bool(found[pixel])}."


@exercise_check
def check_blind(answer):
    """Check a function (size, layers) -> how many pixels at the end of a line the last layer cannot see."""
    for size, layers in STACKS:
        found, right = _whole(result_of(answer, size, list(layers))), _blind(size, layers)
        if found != right:
            return f"for {size} pixels and layers {layers} you return {found}; {_why_blind(found, size, layers)}"
    return None


def _left_over(size, layers):
    """Return how many cells each layer leaves over, and the product of the strides before it."""
    left, jumps = [], []
    for number, (kernel, stride) in enumerate(layers):
        left.append(excluded_pixels(size, kernel, stride))
        jumps.append(int(np.prod([before for _, before in layers[:number]], dtype=int)))
        size = output_size(size, kernel, stride)
    return left, jumps


def _blind(size, layers):
    return int(np.dot(*_left_over(size, layers)))


def _why_blind(found, size, layers):
    left, jumps = _left_over(size, layers)
    strides = [stride for _, stride in layers]
    mistakes = [
        (sum(left), "a cell of a later layer is as wide as the strides before it multiplied, not one pixel."),
        (left[0], "that is what the first layer leaves over. Add what the later ones do."),
        (left[-1], "that is what the last layer leaves over, counted in its own cells."),
        (
            np.dot(left, [*jumps[1:], jumps[-1] * strides[-1]]),
            "a layer's own stride does not count, only those before it.",
        ),
        (
            np.dot(left, [1, *strides[:-1]]),
            "all the strides before a layer count, multiplied; not only the last of them.",
        ),
    ]
    why = (why for wrong, why in mistakes if found == wrong)
    return next(why, "what does each layer leave over, and how many pixels wide is one of its cells?")
