"""Buffers and memory order: where the optimised functions write, and how images lie in memory.

Order       A caller sees (N, C, H, W). In memory the optimised functions keep images as (H, C, W, N): a slice over rows
            and columns is then one contiguous run, and (N, C, H, W) is a view. Any order is accepted.
Buffers     A new large array costs more than the arithmetic on it, because the system hands out its pages one by one.
            So the functions ask a `Buffers` for their arrays: Buffers returns new ones, CachedBuffers the same ones
            again. `fit` and `predict` alone use CachedBuffers, one for each layer of each worker, and no cached array
            is ever handed to a caller. A backward pass finds in them what the forward pass before it has left. Their
            memory comes in large blocks, which the system gives in huge pages: the processor looks up few addresses.
Views       Making a view takes as long as arithmetic on a small one. So CachedBuffers keep those of cached arrays too.
Chapter     09.
"""

import math

import numpy as np

FIRST, LARGEST = 1 << 20, 1 << 24  # bytes of the blocks: a small network takes little memory
LINE = 64  # bytes of a line of the processor's cache, at which each array begins


class Buffers:
    """Allocates the arrays that a function writes to: a new one on every call."""

    is_cached, allocate = False, staticmethod(np.zeros)

    def zeros(self, name, shape, dtype):
        """Return an array of zeros; `name` distinguishes the arrays that a layer needs at the same time."""
        return self._array((name, shape, dtype), lambda: self.allocate(shape, dtype))

    def like(self, name, X, dtype):
        """Return an array with the shape and the memory order of X."""
        return self._array((name, X.shape, dtype), lambda: self._ordered(X.shape, np.argsort(X.strides)[::-1], dtype))

    def batch(self, name, shape, dtype):
        """Return an array (N, ...) with the batch innermost in memory: (N, C, H, W) is a view of (H, C, W, N)."""
        axes = (2, 1, 3, 0) if len(shape) == 4 else (*range(1, len(shape)), 0)
        return self._array((name, shape, dtype), lambda: self._ordered(shape, axes, dtype))

    def views(self, name, make, *arrays):
        """Return make(*arrays), which are views of the arrays; `name` as in zeros."""
        return make(*arrays)

    def _ordered(self, shape, axes, dtype):
        """Return zeros in which the axes lie in this order in memory, the last innermost."""
        return self.allocate([shape[axis] for axis in axes], dtype).transpose(np.argsort(axes))

    def _array(self, key, make):
        return make()


class CachedBuffers(Buffers):
    """Returns the same array again for the same name, shape and dtype, with the contents that the last call left."""

    is_cached = True

    def __init__(self, allocate=np.zeros):
        self.arrays, self.made, self.allocate = {}, {}, allocate

    def views(self, name, make, *arrays):
        """Return the views that were made last under this name if they are of the same arrays, else new ones."""
        owners, _ = self.made.get(name, ((), None))
        if [*map(id, owners)] != [*map(id, arrays)]:
            self.made[name] = arrays, make(*arrays)
        return self.made[name][1]

    def _array(self, key, make):
        if key not in self.arrays:
            self.arrays[key] = make()
        return self.arrays[key]


FRESH = Buffers()


class Blocks:
    """Allocates arrays of zeros one after another in blocks, each four times as large as the one before."""

    def __init__(self):
        self.size, self.rest = FIRST, np.empty(0, np.uint8)

    def zeros(self, shape, dtype):
        """Return an array of zeros that begins at a line of the cache."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size > len(self.rest):
            block, self.size = np.empty(max(size, self.size) + LINE, np.uint8), min(4 * self.size, LARGEST)
            self.rest = block[-block.ctypes.data % LINE :]
        array, self.rest = np.ndarray(shape, dtype, self.rest), self.rest[-(-size // LINE) * LINE :]
        array.fill(0)
        return array


def rows_of(images, name, buffers):
    """Return images (N, C, H, W) as a contiguous (H, C, W, N): a view where memory has that order, else a copy."""
    return _contiguous(buffers.views(name, lambda X: X.transpose(2, 1, 3, 0), images), name, buffers)


def reshaped(X, shape, name, buffers):
    """Return X (N, ...) with another shape for each example: a view where the memory order allows it, else a copy."""
    if X.flags.c_contiguous:
        return X.reshape(len(X), *shape)
    batch_last = _contiguous(buffers.views(name, lambda X: np.moveaxis(X, 0, -1), X), name, buffers)
    return buffers.views(f"{name} reshaped", lambda X: np.moveaxis(X.reshape(*shape, X.shape[-1]), -1, 0), batch_last)


def _contiguous(X, name, buffers):
    """Return X if it is contiguous, else a copy of it in a buffer."""
    if X.flags.c_contiguous:
        return X
    copy = buffers.zeros(name, X.shape, X.dtype)
    copy[...] = X
    return copy


def masked(values, mask, out):
    """Write values where the mask is True and 0 elsewhere, and return out.

    The bits of each value, read as an integer, are multiplied by 1 or 0: a product of floats would turn infinity times
    0 into nan, and np.where, which branches at every entry, takes many times as long.
    """
    integer = f"i{values.itemsize}"
    np.multiply(values.view(integer), mask, out=out.view(integer))
    return out
