"""How large an output is, what padding adds, and which pixels no window reaches: integers in, integers out.

One dimension at a time: rows and columns follow the same rule, `geometry` applies it to both.
size      the input's rows (or columns); kernel, stride and padding are counted in the same pixels.
padding   an integer (that many on both sides), or 'valid', 'same', 'include'.
Story     notebooks/01_convolution, 03_excluded_pixels.
"""

import math
from functools import lru_cache
from typing import NamedTuple

from . import checks


def padding_amounts(size, kernel, stride, padding):
    """Return how many zeros stand (before, after) the input in one dimension.

    Parameters
    ----------
    size, kernel, stride : int
    padding : int, 'valid', 'same' or 'include'
        'valid' adds nothing. 'same' makes the output ceil(size / stride) long; an odd pad goes to the end.
        'include' adds the fewest zeros at the end with which every window that starts inside the input is kept.

    Returns
    -------
    (int, int)

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind or in the range said above.

    Examples
    --------
    >>> padding_amounts(28, 3, 1, "same"), padding_amounts(28, 2, 1, "same"), padding_amounts(10, 3, 2, "include")
    ((1, 1), (0, 1), (0, 1))
    """
    where = "padding_amounts"
    return _amounts(*_one_dimension(where, size, kernel, stride, padding))


def output_size(size, kernel, stride=1, padding=0):
    """Return how many windows of length `kernel` fit: floor((size + padding - kernel) / stride) + 1.

    Raises
    ------
    ValueError
        If the kernel is larger than the padded input.

    Examples
    --------
    >>> output_size(10, 3, stride=2), output_size(28, 5, padding="same"), output_size(10, 3, 2, "include")
    (4, 28, 5)
    """
    return _fit("output_size", *_one_dimension("output_size", size, kernel, stride, padding))


def excluded_pixels(size, kernel, stride=1, padding=0):
    """Return how many pixels at the end of the padded input no window reaches: (size + padding - kernel) mod stride.

    Examples
    --------
    >>> excluded_pixels(10, 3, stride=2), excluded_pixels(9, 3, stride=2), excluded_pixels(10, 3, 2, "include")
    (1, 0, 0)
    """
    size, kernel, stride, padding = _one_dimension("excluded_pixels", size, kernel, stride, padding)
    _fit("excluded_pixels", size, kernel, stride, padding)
    return _left_over(size, kernel, stride, padding)


def receptive_field(layers):
    """Return how many input pixels (in one dimension) one cell of the last output depends on.

    Parameters
    ----------
    layers : iterable of (kernel, stride)
        From the first layer to the last. A layer that works on each cell alone is (1, 1) and may be left out.

    Examples
    --------
    >>> receptive_field([(3, 1), (2, 2), (3, 1), (2, 2)])
    10
    """
    field = jump = 1  # jump: how many input pixels lie between two neighbouring cells
    for kernel, stride in _pairs(layers):
        field += (checks.integer("receptive_field", "kernel", kernel) - 1) * jump
        jump *= checks.integer("receptive_field", "stride", stride)
    return field


def _pairs(layers):
    message = "receptive_field: layers must be pairs (kernel, stride), got "
    if not hasattr(layers, "__iter__"):
        raise TypeError(f"{message}{checks.shown(layers)}.")
    for layer in layers:
        if not isinstance(layer, (tuple, list)):
            raise TypeError(f"{message}{checks.shown(layer)}.")
        if len(layer) != 2:
            raise ValueError(f"{message}{checks.shown(layer)}.")
        yield layer


class Geometry(NamedTuple):
    """How a window moves over an image: each entry is a pair (rows, columns)."""

    kernel: tuple
    stride: tuple
    padding: tuple  # ((top, bottom), (left, right))
    output: tuple
    excluded: tuple  # on the padded input

    def numbers_made(self, K, C):
        """Return how many numbers a convolution makes for one image: the output, and each window's row, kW times."""
        (H_out, W_out), (S_r, _), (kH, kW) = self.output, self.stride, self.kernel
        return K * H_out * W_out + ((H_out - 1) * S_r + kH) * kW * C * W_out


@lru_cache(maxsize=256)  # a layer asks for the same one at every step
def geometry(where, size, kernel, stride, padding):
    """Return the Geometry for an image of size (H, W); kernel and stride are pairs, padding a pair or a name."""
    paddings = (padding, padding) if isinstance(padding, str) else padding
    rows_and_columns = list(zip(size, kernel, stride, paddings, strict=True))
    output = tuple(_fit(where, *each) for each in rows_and_columns)
    amounts = tuple(_amounts(*each) for each in rows_and_columns)
    padded = [side + sum(amount) for side, amount in zip(size, amounts, strict=True)]
    checks.fits(where, "the padded image", math.prod(padded), "float64", "Use smaller images or less padding.")
    excluded = tuple(_left_over(*each) for each in rows_and_columns)
    return Geometry(kernel, stride, amounts, output, excluded)


def places(size, kernel, stride, padding, output):
    """Return, for each place in a window, which windows have a pixel there, and which pixels these are: two slices.

    In one dimension. Both are empty where every window has padding there; padding is (before, after).
    """
    return [_place(place - padding[0], size, stride, output) for place in range(kernel)]


def _place(offset, size, stride, output):
    first = max(-(offset // stride), 0)  # window i has pixel i*stride + offset here; the first one that is no padding
    last = min((size - 1 - offset) // stride, output - 1)
    if first > last:
        return slice(0), slice(0)
    return slice(first, last + 1), slice(first * stride + offset, last * stride + offset + 1, stride)


def _one_dimension(where, size, kernel, stride, padding):
    size, kernel = checks.integer(where, "size", size), checks.integer(where, "kernel", kernel)
    stride = checks.integer(where, "stride", stride)
    if not isinstance(padding, (str, tuple, list)):
        return size, kernel, stride, checks.integer(where, "padding", padding, minimum=0)
    if not isinstance(padding, str):
        raise TypeError(f"{where}: padding must be an integer or a name in one dimension, got {checks.shown(padding)}.")
    return size, kernel, stride, checks.padding(where, padding)


def _amounts(size, kernel, stride, padding):
    if padding == "valid":
        return 0, 0
    if not isinstance(padding, str):
        return padding, padding
    windows = -(-size // stride)  # ceil(size / stride): as many windows as start inside the input
    missing = max((windows - 1) * stride + kernel - size, 0)
    before = missing // 2 if padding == "same" else 0
    return before, missing - before


def _left_over(size, kernel, stride, padding):
    return (size + sum(_amounts(size, kernel, stride, padding)) - kernel) % stride


def _fit(where, size, kernel, stride, padding):
    before, after = _amounts(size, kernel, stride, padding)
    padded = size + before + after
    if kernel > padded:
        added = f"2*{before}" if before == after else f"{before} + {after}"
        raise ValueError(
            f"{where}: the kernel ({kernel}) is larger than the padded input ({size} + {added} = {padded}). "
            "Use a smaller kernel or more padding."
        )
    return (padded - kernel) // stride + 1
