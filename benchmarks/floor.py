"""The floor: the matrix products of a training step and nothing else, which no version of the step can go below.

Two floors  the products in the shapes in which they occur in a shard, on as many threads as fit has; and as many
            multiplications at the speed of one large product, as if every shape were a good one.
"""

import math
import time

import numpy as np

from cnn_core import Conv2D, FullyConnected, parallel

LARGE = 1024  # rows and columns of the large product


def products(model, examples):
    """Return (how many at a time, rows, inner, columns) of every matrix product of a step on so many examples.

    A convolution forward multiplies its filters with the windows of each row of the output; backward, as many
    multiplications give dC/dF, and as many again dC/dX, which the first layer leaves out. A dense layer likewise.
    """
    found = []
    for index, (layer, shape) in enumerate(zip(model.layers, model.shapes, strict=False)):
        if isinstance(layer, Conv2D):
            (K, H_out, W_out), inner = layer.output_shape(shape), shape[0] * math.prod(layer.kernel_size)
            forward = H_out, K, inner, W_out * examples
        elif isinstance(layer, FullyConnected):
            forward = 1, layer.num_nodes, shape[0], examples
        else:
            continue
        stack, rows, inner, columns = forward
        found += [forward, (stack, rows, columns, inner)]
        found += [(stack, inner, rows, columns)] if index else []
    return found


def operations(model, examples):
    """Return the multiplications and additions in the matrix products of a step on so many examples."""
    return sum(2 * math.prod(each) for each in products(model, examples))


def seconds_in_their_shapes(model, batch, workers, repeats=30):
    """Return the least seconds that the products of a step take, shard by shard, on so many threads."""
    cut = parallel.shards(batch)
    kinds = {each.stop - each.start for each in cut}
    arrays = {n: [_operands(*each) for each in products(model, n)] for n in kinds}

    def multiply(shard, desk):
        for left, right, out in desk[shard.stop - shard.start]:
            np.matmul(left, right, out=out)

    with parallel.crew(
        workers, lambda: {n: [(a, b, out.copy()) for a, b, out in each] for n, each in arrays.items()}
    ) as run:
        return _least_seconds(lambda: run(multiply, cut, lambda *_: None), repeats)


def _operands(stack, rows, inner, columns):
    rng = np.random.default_rng(0)
    left, right = rng.random((rows, inner), np.float32), rng.random((stack, inner, columns), np.float32)
    return left, right, np.empty((stack, rows, columns), np.float32)


def operations_a_second(workers, repeats=15):
    """Return how many multiplications and additions a second one large product does on every thread."""
    square = np.random.default_rng(0).random((LARGE, LARGE), np.float32)

    def multiply(shard, out):
        np.matmul(square, square, out=out)

    with parallel.crew(workers, lambda: np.empty_like(square)) as run:
        seconds = _least_seconds(lambda: run(multiply, range(2 * workers), lambda *_: None), repeats)
    return 2 * workers * 2 * LARGE**3 / seconds


def _least_seconds(work, repeats):
    """Return the shortest of some times, for a floor is what nothing has disturbed."""
    seconds = []
    for _ in range(1 + repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
