"""Chapter 04, pooling: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_exercises import chapter_04

CHAPTER_X = np.array(chapter_04.CHAPTER_X)


def smallest(X, largest):
    return -largest(-X)


def smallest_in_place(X, largest):
    X *= -1
    return -largest(X)


def minima_without_largest(X, largest):
    return X.reshape(2, 2, 3, 2).min(axis=(1, 3))


def minima_beside_largest(X, largest):
    largest(-X)  # its result is not used
    return minima_without_largest(X, largest)


def route(dC_dO, switches, shape, k, stride):
    dC_dX = np.zeros(shape)
    for row, column in np.ndindex(dC_dO.shape):
        a, b = np.unravel_index(switches[row, column], (k, k))
        dC_dX[row * stride + a, column * stride + b] += dC_dO[row, column]
    return dC_dX


def route_at_once(dC_dO, switches, shape, k, stride):
    rows, columns = np.indices(dC_dO.shape) * stride
    dC_dX = np.zeros(shape)
    np.add.at(dC_dX, (rows + switches // k, columns + switches % k), dC_dO)
    return dC_dX


def route_by_assignment(dC_dO, switches, shape, k, stride):
    rows, columns = np.indices(dC_dO.shape) * stride
    dC_dX = np.zeros(shape)
    dC_dX[rows + switches // k, columns + switches % k] = dC_dO
    return dC_dX


def route_without_corner(dC_dO, switches, shape, k, stride):
    dC_dX = np.zeros(shape)
    np.add.at(dC_dX, (switches // k, switches % k), dC_dO)
    return dC_dX


def route_flat(dC_dO, switches, shape, k, stride):
    dC_dX = np.zeros(np.prod(shape))
    np.add.at(dC_dX, switches.ravel(), dC_dO.ravel())
    return dC_dX.reshape(shape)


def route_in_place(dC_dO, switches, shape, k, stride):
    dC_dO *= 2
    return route(dC_dO / 2, switches, shape, k, stride)


def route_transposed(dC_dO, switches, shape, k, stride):
    return route(dC_dO, switches % k * k + switches // k, shape, k, stride)


def route_ones(dC_dO, switches, shape, k, stride):
    return route(np.ones(dC_dO.shape), switches, shape, k, stride)


def first_differs(*call):
    return route(*call) + 1


CHECKS = [
    (chapter_04.check_changed, [(0, 1), (1, 1)], None),
    (chapter_04.check_changed, np.array([[1, 1], [0, 1]]), "Right"),
    (chapter_04.check_changed, {(1, 1), (0, 1)}, "Right"),
    (chapter_04.check_changed, [(0, 1)], "X[0, 1] now receives 8"),
    (chapter_04.check_changed, [(1, 1)], "not these alone"),
    (chapter_04.check_changed, [(0, 0), (0, 1), (1, 0), (1, 1)], "dC/dX[0, 0] is 0 before and after"),
    (chapter_04.check_changed, [(1, 0), (1, 1)], "dC/dX[1, 0] is 0 before and after"),
    (chapter_04.check_changed, (0, 1), "a list of positions"),
    (chapter_04.check_changed, [(0, 1), (4, 0)], "4 rows and 6 columns"),
    (chapter_04.check_changed, [(0, 1), (-3, 1)], "counted from 0"),
    (chapter_04.check_changed, [(0.5, 1)], "counted from 0"),
    (chapter_04.check_changed, "the first window", "an array of numbers"),
    (chapter_04.check_min, smallest, None),
    (chapter_04.check_min, lambda X, largest: -np.array(largest((-X).tolist())), "Right"),
    (chapter_04.check_min, lambda X, largest: largest(-X), "the sign"),
    (chapter_04.check_min, lambda X, largest: -largest(X), "not of -X"),
    (chapter_04.check_min, lambda X, largest: largest(X), "the maximum itself"),
    (chapter_04.check_min, lambda X, largest: X.max() - largest(X.max() - X), "Right"),
    (chapter_04.check_min, minima_without_largest, "never calls largest"),
    (chapter_04.check_min, minima_beside_largest, "with a window of 3 and a stride of 1"),
    (chapter_04.check_min, lambda X, largest: largest(-X)[1:], "should have shape"),
    (chapter_04.check_min, lambda X, largest: 1 - largest(-X), "O[0, 0] should be"),
    (chapter_04.check_min, smallest_in_place, "changes X, which"),
    (chapter_04.check_min, lambda X, largest: None, "end in a return"),
    (chapter_04.check_row, [0, 1, 0, 0, 0, 1, 0, 0], None),
    (chapter_04.check_row, [0, 0, 0, 1, 0, 0, 0, 1], "Right"),
    (chapter_04.check_row, np.array([[0, 1, 0, 0, 0, 1, 0, 0]], bool), "Right"),
    (chapter_04.check_row, [0, 0, 1, 1, 0, 0, 1, 1], "2 of 4 outputs change: before the move they are [0 1 0 1]"),
    (chapter_04.check_row, [0, 1, 0, 1, 0, 1, 0, 1], "0 of 4 outputs change"),
    (chapter_04.check_row, [0, 1, 0, 0], "a row of 8 numbers"),
    (chapter_04.check_row, [0, 2, 0, 0, 0, 2, 0, 0], "zeros and ones"),
    (chapter_04.check_route, route, None),
    (chapter_04.check_route, route_at_once, "Right"),
    (chapter_04.check_route, route_by_assignment, "add them"),
    (chapter_04.check_route, route_without_corner, "inside its window"),
    (chapter_04.check_route, route_flat, "not those of X"),
    (chapter_04.check_route, route_transposed, "row by row"),
    (chapter_04.check_route, route_ones, "and not 1"),
    (chapter_04.check_route, first_differs, "dC/dX[0, 0] should be"),
    (chapter_04.check_route, lambda dC_dO, *others: dC_dO, "the shape of X"),
    (chapter_04.check_route, route_in_place, "changes dC_dO, which"),
    (chapter_04.check_route, lambda *call: None, "end in a return"),
    (chapter_04.check_counterexample, [[-1, -2], [-3, -4]], None),
    (chapter_04.check_counterexample, CHAPTER_X - 4, "Right"),
    (chapter_04.check_counterexample, [[-1.5, -1.5, 9], [-2, -3, 9], [9, 9, 9]], "Right"),
    (chapter_04.check_counterexample, CHAPTER_X, "no number below 0"),
    (chapter_04.check_counterexample, np.zeros((2, 2)), "no number below 0"),
    (chapter_04.check_counterexample, [[-1, 0], [-3, -4]], "No window's maximum is below 0"),
    (chapter_04.check_counterexample, [[1, -1, -5], [-1, -1, -5]], "No window's maximum is below 0"),
    (chapter_04.check_counterexample, [-1, -2, -3, -4], "2 to 40 rows and columns"),
    (chapter_04.check_counterexample, [[np.nan, -1], [-1, -1]], "finite"),
    (chapter_04.check_counterexample, "negative", "an array of numbers"),
]
