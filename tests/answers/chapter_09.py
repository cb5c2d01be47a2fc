"""Chapter 09, how fast NumPy can go: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_exercises import chapter_09


def operations(X_shape, F_shape, stride, padding, factor=2, batch=True, channels=True, filters=True, sides=2):
    """Count the operations of a convolution; each option leaves out what people often forget."""
    N, C, H, W = X_shape
    K, _, kH, kW = F_shape
    H_out, W_out = ((side + sides * padding - k) // stride + 1 for side, k in ((H, kH), (W, kW)))
    N, K, C = (number if counted else 1 for number, counted in ((N, batch), (K, filters), (C, channels)))
    return factor * N * K * H_out * W_out * C * kH * kW


def with_mistake(**mistake):
    return lambda *layer: operations(*layer, **mistake)


def on_the_input(X_shape, F_shape, stride, padding):
    kernel = F_shape[2:]
    return operations(
        (*X_shape[:2], *(side + k - 1 for side, k in zip(X_shape[2:], kernel, strict=True))), F_shape, 1, 0
    )


def without_stride(X_shape, F_shape, stride, padding):
    return operations(X_shape, F_shape, 1, padding)


def with_sides(side_of):
    """Return an answer whose output has side_of(side, kernel, stride, padding) pixels a side."""

    def answer(X_shape, F_shape, stride, padding):
        outputs = [side_of(*side, stride, padding) for side in zip(X_shape[2:], F_shape[2:], strict=True)]
        return 2 * X_shape[0] * F_shape[0] * F_shape[1] * F_shape[2] * F_shape[3] * outputs[0] * outputs[1]

    return answer


padded_later = with_sides(lambda side, k, stride, padding: (side - k) // stride + 1 + 2 * padding)
rounded_up = with_sides(lambda side, k, stride, padding: -((side + 2 * padding - k) // -stride) + 1)
not_rounded = with_sides(lambda side, k, stride, padding: (side + 2 * padding - k) / stride + 1)


def one_addition_less(X_shape, F_shape, stride, padding):
    products = F_shape[1] * F_shape[2] * F_shape[3]
    return operations(X_shape, F_shape, stride, padding) // (2 * products) * (2 * products - 1)


def three(wanted):
    """Return the first three random float32 numbers whose sum does, or does not, depend on the order."""
    rng = np.random.default_rng(0)
    while True:
        a, b, c = (np.float32(number) for number in rng.uniform(1, 2, 3))
        if ((a + b) + c != a + (b + c)) == wanted:
            return a, b, c


ORDER_MATTERS, SAME = three(True), three(False)
COLUMNS, ROWS = 64 * 100 * 150 * 4, 64 * 14 * 5 * 6 * 10 * 4
SIGNS = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])
CHECKS = [
    (chapter_09.check_operations, operations, None),
    (chapter_09.check_operations, with_mistake(factor=1), "two operations"),
    (chapter_09.check_operations, with_mistake(channels=False), "all channels"),
    (chapter_09.check_operations, with_mistake(filters=False), "every filter"),
    (chapter_09.check_operations, with_mistake(batch=False), "size of the batch"),
    (chapter_09.check_operations, with_mistake(sides=1), "both sides"),
    (chapter_09.check_operations, with_mistake(sides=0), "makes the image larger"),
    (chapter_09.check_operations, on_the_input, "not the pixels of the input"),
    (chapter_09.check_operations, without_stride, "larger stride"),
    (chapter_09.check_operations, padded_later, "over the padding too"),
    (chapter_09.check_operations, rounded_up, "round down"),
    (chapter_09.check_operations, not_rounded, "should be"),
    (chapter_09.check_operations, one_addition_less, "the bias is added too"),
    (chapter_09.check_operations, lambda *layer: 7 * operations(*layer), "7 times"),
    (chapter_09.check_operations, lambda X_shape: 0, "raised TypeError"),
    (chapter_09.check_operations, lambda *layer: None, "end in a return"),
    (chapter_09.check_three, ORDER_MATTERS, None),
    (chapter_09.check_three, np.array(ORDER_MATTERS), "Right"),
    (chapter_09.check_three, np.ones((1, 3)), "three numbers are asked for"),
    (chapter_09.check_three, SAME, "Try others"),
    (chapter_09.check_three, (1.1, 1.2, 1.3), "no float32 number"),
    (chapter_09.check_three, (1e8, -1e8, 1), "between 1 and 2"),
    (chapter_09.check_three, (1, 2), "three numbers are asked for"),
    (chapter_09.check_three, ("a", 1, 2), "one number"),
    (chapter_09.check_bytes, (COLUMNS, ROWS), None),
    (chapter_09.check_bytes, np.array([COLUMNS, ROWS]), "Right"),
    (chapter_09.check_bytes, [ROWS, COLUMNS], "wrong way round"),
    (chapter_09.check_bytes, (COLUMNS // 4, ROWS), "each takes 4 bytes"),
    (chapter_09.check_bytes, (COLUMNS // 100 * 196, ROWS), "each pixel of the output"),
    (chapter_09.check_bytes, (COLUMNS // 25, ROWS), "own copy"),
    (chapter_09.check_bytes, (COLUMNS // 64, ROWS), "size of the batch"),
    (chapter_09.check_bytes, (COLUMNS // 6, ROWS), "all channels"),
    (chapter_09.check_bytes, (7 * COLUMNS, ROWS), "7 times"),
    (chapter_09.check_bytes, (COLUMNS, ROWS // 4), "each takes 4 bytes"),
    (chapter_09.check_bytes, (COLUMNS, ROWS // 10 * 14), "as wide as the output"),
    (chapter_09.check_bytes, (COLUMNS, ROWS // 14 * 10), "a fifth of the columns|all rows of the image"),
    (chapter_09.check_bytes, (COLUMNS, ROWS // 5), "written several times"),
    (chapter_09.check_bytes, (COLUMNS, ROWS // 64), "size of the batch"),
    (chapter_09.check_bytes, (COLUMNS, ROWS // 6), "several channels"),
    (chapter_09.check_bytes, (COLUMNS, 7 * ROWS), "row buffer takes 7 times"),
    (chapter_09.check_bytes, (COLUMNS,), "two things are asked for"),
    (chapter_09.check_bytes, 5, "Yours is 5"),
    (chapter_09.check_signs, SIGNS, None),
    (chapter_09.check_signs, SIGNS.T, "transposed"),
    (chapter_09.check_signs, SIGNS[::-1], "the other way round"),
    (chapter_09.check_signs, SIGNS[0], "(2, 4) is asked for"),
    (chapter_09.check_signs, 2 * SIGNS, "further multiplication"),
    (chapter_09.check_signs, np.abs(SIGNS), "o_1 should be 86"),
    (chapter_09.check_signs, "plus", "array of numbers"),
]
