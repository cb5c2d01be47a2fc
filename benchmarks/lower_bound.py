"""Lower bounds of the time of a training step: its matrix products alone, without everything else.

The first bound multiplies in the shapes that occur in a micro-batch, on as many threads as fit uses. The second assumes
the speed of one large product for the same number of operations, as if every shape were ideal.
"""

import math
import time

import numpy as np

from cnn_core import Conv2D, FullyConnected
from cnn_core.fast.replica import micro_batch_slices
from cnn_core.fast.threads import worker_pool

LARGE = 1024  # rows and columns of the large product


def products(model, examples):
    """Return (stack, rows, inner, columns) of every stacked matrix product of a step on so many examples.

    Forward, a convolution multiplies its filters with the windows of each output row. Backward, dC/dF takes as many
    operations, and so does dC/dX, which is not computed for the first layer. A dense layer has the same three products.
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
    """Return the least seconds of the products of a step, one micro-batch at a time, on so many threads."""
    slices = micro_batch_slices(batch)
    sizes = {each.stop - each.start for each in slices}
    arrays = {size: [_operands(*each) for each in products(model, size)] for size in sizes}

    def own_outputs():
        return {size: [(left, right, out.copy()) for left, right, out in each] for size, each in arrays.items()}

    def multiply(operands, micro_batch):
        for left, right, out in operands[micro_batch.stop - micro_batch.start]:
            np.matmul(left, right, out=out)

    with worker_pool(workers, own_outputs) as run:
        return _least_seconds(lambda: run(multiply, slices, lambda *_: None), repeats)


def _operands(stack, rows, inner, columns):
    rng = np.random.default_rng(0)
    left, right = rng.random((rows, inner), np.float32), rng.random((stack, inner, columns), np.float32)
    return left, right, np.empty((stack, rows, columns), np.float32)


def operations_a_second(workers, repeats=15):
    """Return the multiplications and additions a second of one large product on every thread."""
    square = np.random.default_rng(0).random((LARGE, LARGE), np.float32)

    def multiply(out, _):
        np.matmul(square, square, out=out)

    with worker_pool(workers, lambda: np.empty_like(square)) as run:
        seconds = _least_seconds(lambda: run(multiply, range(2 * workers), lambda *_: None), repeats)
    return 2 * workers * 2 * LARGE**3 / seconds


def _least_seconds(work, repeats):
    """Return the shortest of several times: a lower bound must exclude disturbances."""
    seconds = []
    for _ in range(1 + repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
