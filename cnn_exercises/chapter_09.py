"""Checks of chapter 09: counts of operations and bytes, sums that depend on the order, and Winograd's signs."""

import math

import numpy as np

from cnn_core import output_size

from .feedback import compare, exercise_check, reason_for, should_be, times
from .results import array_in, described, listed, number_in, parts_in

# (X's shape, F's shape, stride, padding)
LAYERS = [
    ((1, 1, 4, 4), (1, 1, 3, 3), 1, 0),
    ((128, 16, 14, 14), (32, 16, 3, 3), 1, 1),
    ((10, 3, 9, 12), (4, 3, 3, 2), 2, 0),
    ((2, 3, 11, 9), (5, 3, 3, 2), 3, 1),  # stride and padding, and two rows that are excluded
]
WINOGRAD = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])


# --- operations -------------------------------------------------------------------------------------------------------


@exercise_check
def check_operations(answer):
    """Check a function (X_shape, F_shape, stride, padding) -> operations of a convolution, forward."""
    given = "for X {}, F {}, stride {} and padding {} you count {found:,}; "
    return compare(answer, LAYERS, _operations, given, _why_operations)


def _operations(X_shape, F_shape, stride, padding):
    return 2 * X_shape[0] * F_shape[0] * _outputs(X_shape, F_shape, stride, padding) * math.prod(F_shape[1:])


def _outputs(X_shape, F_shape, stride, padding):
    return math.prod(output_size(*side, stride, padding) for side in zip(X_shape[2:], F_shape[2:], strict=True))


def _why_operations(found, right, X_shape, F_shape, stride, padding):
    def counted(outputs):
        return right // _outputs(X_shape, F_shape, stride, padding) * outputs

    products = math.prod(F_shape[1:])
    mistakes = [
        (right // 2, "each weight costs two operations, a multiplication and an addition."),
        (right // F_shape[1], "a window reaches through all channels."),
        (right // F_shape[0], "every filter visits every window."),
        (right // X_shape[0], "that is for one image: multiply by the size of the batch."),
        (counted(math.prod(X_shape[2:])), "count the windows (the pixels of the output), not the pixels of the input."),
        (counted(_outputs(X_shape, F_shape, 1, padding)), "a larger stride leaves fewer windows."),
        (counted(_outputs(X_shape, F_shape, stride, 0)), "padding makes the image larger, and the windows more."),
        (counted(_one_sided(X_shape, F_shape, stride, padding)), "padding is added on both sides."),
        (counted(_padded_later(X_shape, F_shape, stride, padding)), "the strides go over the padding too."),
        (counted(_rounded_up(X_shape, F_shape, stride, padding)), "round down: these windows do not fit."),
        (right * (2 * products - 1) // (2 * products), "count one addition for each product: the bias is added too."),
    ]
    mistakes = [(wrong, why) for wrong, why in mistakes if wrong != right]
    return reason_for(found, mistakes, f"that is {times(found / right)} times what it should be.")


def _one_sided(X_shape, F_shape, stride, padding):
    """Return the number of outputs if the padding is added on one side only."""
    larger = (*X_shape[:2], *(side + padding for side in X_shape[2:]))
    return _outputs(larger, F_shape, stride, 0)


def _padded_later(X_shape, F_shape, stride, padding):
    """Return the number of outputs if the padding is added after the division by the stride."""
    sides = zip(X_shape[2:], F_shape[2:], strict=True)
    return math.prod(output_size(*side, stride, 0) + 2 * padding for side in sides)


def _rounded_up(X_shape, F_shape, stride, padding):
    """Return the number of outputs if the excluded pixels had windows too."""
    sides = zip(X_shape[2:], F_shape[2:], strict=True)
    return math.prod(-(-(side + 2 * padding - k) // stride) + 1 for side, k in sides)


# --- three numbers ----------------------------------------------------------------------------------------------------


@exercise_check
def check_three(answer):
    """Check three float32 numbers between 1 and 2 whose sum depends on the order."""
    answer = listed(answer)
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        return f"three numbers are asked for: (a, b, c). Yours is {described(answer)}."
    names = ("a", "b", "c")
    numbers = [number_in(each, name) for each, name in zip(answer, names, strict=True)]
    for name, number in zip(names, numbers, strict=True):
        if not 1 <= number <= 2:
            return f"{name} should be between 1 and 2, yours is {number:g}."
        if float(np.float32(number)) != number:
            return f"{name} is no float32 number: {number!r} has more digits. Convert it with np.float32."
    a, b, c = map(np.float32, numbers)
    first, second = (a + b) + c, a + (b + c)
    return f"(a + b) + c and a + (b + c) are both {first!s}. Try others." if first == second else None


# --- bytes ------------------------------------------------------------------------------------------------------------


@exercise_check
def check_bytes(answer):
    """Check (bytes of all columns, bytes of the row buffer) for LeNet's second convolution."""
    N, C, height, out, kernel, size = 64, 6, 14, 10, 5, 4
    columns, rows = N * C * kernel**2 * out * out * size, N * C * height * kernel * out * size
    names = ("the columns", "the row buffer")
    parts = parts_in(listed(answer), names)
    found = tuple(number_in(part, name) for part, name in zip(parts, names, strict=True))
    if found == (columns, rows):
        return None
    if found == (rows, columns):
        return "you have them the wrong way round: the columns first."
    if found[0] != columns:
        return _why_columns(found[0], columns, N, C, kernel, out, size)
    mistakes = [
        (rows // size, f"you count the numbers of the row buffer; each takes {size} bytes."),
        (rows // out * height, "each copied row holds one pixel for each window, so it is as wide as the output."),
        (rows // height * out, "all rows of the image are copied, not only as many as the output has."),
        (rows // kernel, "each row is written several times: once for each pixel of a window's row."),
        (columns // kernel, "that is a fifth of the columns. The windows of the last rows reach further down."),
        (rows // N, "that is for one image: multiply by the size of the batch."),
        (rows // C, "there are several channels."),
    ]
    return reason_for(found[1], mistakes, f"the row buffer takes {times(found[1] / rows)} times what it should.")


def _why_columns(found, right, N, C, kernel, out, size):
    mistakes = [
        (right // size, f"you count the numbers of the columns; each takes {size} bytes."),
        (
            right // out**2 * 14**2,
            "there is a column for each pixel of the output, and without padding these are fewer.",
        ),
        (right // kernel**2, "each window has its own copy of every pixel."),
        (right // N, "that is for one image: multiply by the size of the batch."),
        (right // C, "a window reaches through all channels."),
    ]
    return reason_for(found, mistakes, f"the columns take {times(found / right)} times what they should.")


# --- Winograd ---------------------------------------------------------------------------------------------------------


@exercise_check
def check_signs(answer):
    """Check the (2, 4) signs with which four products become two outputs of a filter of three weights."""
    signs = array_in(answer, "my_signs")
    if signs.shape == WINOGRAD.T.shape:
        return "a row for each output, a column for each product: yours is transposed."
    if signs.shape != WINOGRAD.shape:
        return f"an array of shape (2, 4) is asked for, yours has {signs.shape}."
    if not np.isin(signs, (-1, 0, 1)).all():
        return "only -1, 0 and 1 are needed: anything else would be a further multiplication."
    if np.array_equal(signs, WINOGRAD[::-1]):
        return "the first row belongs to o_0, the second to o_1: yours are the other way round."
    x, f = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1.0, 3.0, 9.0])
    right, found = np.correlate(x, f, "valid"), signs @ _four_products(x, f)
    for output in range(2):
        if not np.array_equal(signs[output], WINOGRAD[output]):
            value = should_be(right[output], found[output])
            return f"with x = (1, 2, 4, 8) and f = (1, 3, 9) o_{output} {value}."
    return None


def _four_products(x, f):
    """Return the products of Winograd's F(2, 3) for four inputs and three weights."""
    half = (f[0] + f[1] + f[2]) / 2, (f[0] - f[1] + f[2]) / 2
    return np.array([(x[0] - x[2]) * f[0], (x[1] + x[2]) * half[0], (x[2] - x[1]) * half[1], (x[1] - x[3]) * f[2]])
