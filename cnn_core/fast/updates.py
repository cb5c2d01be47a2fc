"""Updates of optimisers, in parts that stay in the core's cache, and without denormal numbers.

Parts       The dozen operations of an update read and write each of their arrays. In parts of a few ten thousand
            entries the arrays come from memory once, and intermediate results never reach it.
Denormals   The moment of an entry whose gradient stays 0 shrinks at every step until it is a denormal number, below the
            smallest normal one, and arithmetic on these takes many times as long. Adding a number and subtracting it
            again rounds the moments to multiples of 2e-32 (float32). They and their products then stay normal numbers
            for the eight steps until the next time.
Chapter     09.
"""

import numpy as np

PART = 1 << 15  # entries
MARGIN = 1 << 20  # a moment is multiplied by decay rates and learning rates, and must stay a normal number
ROUNDED_EVERY = 8  # steps


def in_parts(update, param, grad, rate, **moments):
    """Call the `update` of an optimiser, which must treat every entry by itself, for one part after another."""
    arrays = [param, grad, *moments.values()]
    if all(array.flags.c_contiguous for array in arrays):
        arrays = [array.reshape(-1) for array in arrays]
    for start in range(0, len(arrays[0]), PART):
        values, gradients, *own = (array[start : start + PART] for array in arrays)
        update(values, gradients, rate, **dict(zip(moments, own, strict=True)))


def remove_denormals(moment):
    """Round a moment in place; its last bits stay where they matter."""
    info = np.finfo(moment.dtype)
    large = info.tiny / info.epsneg * MARGIN
    moment += large
    moment -= large
