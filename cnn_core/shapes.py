"""Output size, padding amounts, excluded pixels and receptive field: integers in, integers out.

Dimensions  Rows and columns follow the same rule, so the functions take one dimension; `geometry` applies them to both.
Units       size, kernel, stride and padding are counted in pixels. padding is an integer (that many on both sides),
            'valid', 'same' or 'include'.
Chapters    01, 03.
"""

from functools import lru_cache
from typing import NamedTuple

from . import checks

PAIRS = "layers must be pairs (kernel, stride)"


@checks.public
def padding_amounts(size, kernel, stride, padding):
    """Return how many zeros are added (before, after) the input in one dimension.

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
        If an argument has the wrong kind or lies out of its range.

    Examples
    --------
    >>> padding_amounts(28, 3, 1, "same"), padding_amounts(28, 2, 1, "same"), padding_amounts(10, 3, 2, "include")
    ((1, 1), (0, 1), (0, 1))
    """
    return _amounts(*_one_dimension(size, kernel, stride, padding))


@checks.public
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
    return _fit(*_one_dimension(size, kernel, stride, padding))[1]


@checks.public
def excluded_pixels(size, kernel, stride=1, padding=0):
    """Return how many pixels at the end of the padded input no window reaches: (size + padding - kernel) mod stride.

    Examples
    --------
    >>> excluded_pixels(10, 3, stride=2), excluded_pixels(9, 3, stride=2), excluded_pixels(10, 3, 2, "include")
    (1, 0, 0)
    """
    return _fit(*_one_dimension(size, kernel, stride, padding))[2]


@checks.public
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
    checks.expect(hasattr(layers, "__iter__"), PAIRS, layers, checks.BadType)
    for layer in layers:
        checks.expect(isinstance(layer, (tuple, list)), PAIRS, layer, checks.BadType)
        checks.expect(len(layer) == 2, PAIRS, layer)
        kernel, stride = layer
        field += (checks.integer("kernel", kernel) - 1) * jump
        jump *= checks.integer("stride", stride)
    return field


class Geometry(NamedTuple):
    """How a window moves over an image: each entry is a pair (rows, columns)."""

    kernel: tuple
    stride: tuple
    padding: tuple  # ((top, bottom), (left, right))
    output: tuple
    excluded: tuple  # on the padded input

    def element_count(self, K, C):
        """Return how many numbers a convolution allocates for one image: the output and the row buffer."""
        (H_out, W_out), (S_r, _), (kH, kW) = self.output, self.stride, self.kernel
        return K * H_out * W_out + ((H_out - 1) * S_r + kH) * (kW * C + 1) * W_out


def image_geometry(shape, kernel, stride, padding):
    """Return the Geometry for images of shape (C, H, W)."""
    checks.expect(len(shape) == 3, "expected an input of shape (C, H, W)", tuple(shape))
    return geometry(tuple(shape[1:]), kernel, stride, padding)


@lru_cache(maxsize=256)  # a layer asks for the same one at every step
def geometry(size, kernel, stride, padding):
    """Return the Geometry for an image of size (H, W); kernel and stride are pairs, padding a pair or a name."""
    paddings = padding if isinstance(padding, tuple) else (padding, padding)
    (rows, H_out, rest), (columns, W_out, more) = map(_fit, size, kernel, stride, paddings)
    padded = (size[0] + sum(rows)) * (size[1] + sum(columns))
    checks.fits("the padded image", padded, "float64", "Use smaller images or less padding.")
    return Geometry(kernel, stride, (rows, columns), (H_out, W_out), (rest, more))


def kernel_offsets(size, kernel, stride, padding, output):
    """Return, for each offset in a 1-D kernel, two slices: the windows with a pixel at that offset, and those pixels.

    Windows whose pixel there lies on the padding (before, after) are left out; both slices are empty where all do.
    """
    slices = []
    for offset in range(-padding[0], kernel - padding[0]):  # window i has pixel i*stride + offset
        first = max(-(offset // stride), 0)  # the first window whose pixel is not padding
        end = max(min((size - 1 - offset) // stride + 1, output), first)
        slices.append((slice(first, end), slice(first * stride + offset, end * stride + offset, stride)))
    return slices


def _one_dimension(size, kernel, stride, padding):
    numbers = checks.integer("size", size), checks.integer("kernel", kernel), checks.integer("stride", stride)
    message = "padding must be an integer or a name in one dimension"
    checks.expect(not isinstance(padding, (tuple, list)), message, padding, checks.BadType)
    return *numbers, checks.padding(padding) if isinstance(padding, str) else checks.integer("padding", padding, 0)


def _amounts(size, kernel, stride, padding):
    if padding == "valid":
        return 0, 0
    if not isinstance(padding, str):
        return padding, padding
    windows = -(-size // stride)  # ceil(size / stride): as many windows as start inside the input
    missing = max((windows - 1) * stride + kernel - size, 0)
    before = missing // 2 if padding == "same" else 0
    return before, missing - before


def _fit(size, kernel, stride, padding):
    """Return the amounts of padding, the number of windows and the number of excluded pixels in one dimension."""
    before, after = _amounts(size, kernel, stride, padding)
    padded = size + before + after
    added = f"2*{before}" if before == after else f"{before} + {after}"
    sizes = f"the kernel ({kernel}) is larger than the padded input ({size} + {added} = {padded})"
    checks.require(kernel <= padded, f"{sizes}. Use a smaller kernel or more padding.")
    steps, excluded = divmod(padded - kernel, stride)
    return (before, after), steps + 1, excluded
