"""Output size, padding amounts, excluded pixels and receptive field: integers in, integers out.

Dimensions  Rows and columns follow the same rule, so the functions take one dimension; `geometry` applies them to both.
Units       size, kernel, stride and padding are counted in pixels. padding is an integer (that many on both sides),
            'valid', 'same' or 'include'. A kernel whose entries are d pixels apart (dilation d) covers
            (kernel - 1)*d + 1 pixels, its effective size.
Chapters    01, 03.
"""

import math
from functools import lru_cache
from typing import NamedTuple

from . import checks

PAIRS = "layers must be pairs (kernel, stride) or triples (kernel, stride, dilation)"


@checks.public
def padding_amounts(size, kernel, stride, padding, dilation=1):
    """Return how many zeros are added (before, after) the input in one dimension.

    Parameters
    ----------
    size, kernel, stride : int
    padding : int, 'valid', 'same' or 'include'
        'valid' adds nothing. 'same' makes the output ceil(size / stride) long; an odd pad goes to the end.
        'include' adds the fewest zeros at the end with which every window that starts inside the input is kept.
    dilation : int
        The distance of the pixels under a kernel.

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
    size, kernel, stride, padding, dilation = _one_dimension(size, kernel, stride, padding, dilation)
    return _amounts(size, _effective(kernel, dilation), stride, padding)


@checks.public
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    """Return how many windows fit: floor((size + padding - effective kernel) / stride) + 1.

    Raises
    ------
    ValueError
        If the effective kernel, (kernel - 1) * dilation + 1, is larger than the padded input.

    Examples
    --------
    >>> output_size(10, 3, stride=2), output_size(28, 5, padding="same"), output_size(10, 3, dilation=2)
    (4, 28, 6)
    """
    return _fit(*_one_dimension(size, kernel, stride, padding, dilation))[1]


@checks.public
def excluded_pixels(size, kernel, stride=1, padding=0, dilation=1):
    """Return how many pixels at the end of the padded input no window reaches.

    They are (size + padding - effective kernel) mod stride.

    Examples
    --------
    >>> excluded_pixels(10, 3, stride=2), excluded_pixels(9, 3, stride=2), excluded_pixels(10, 3, 2, "include")
    (1, 0, 0)
    """
    return _fit(*_one_dimension(size, kernel, stride, padding, dilation))[2]


@checks.public
def receptive_field(layers):
    """Return how many input pixels (in one dimension) one cell of the last output depends on.

    They are counted from the first to the last, so that gaps between them count too.

    Parameters
    ----------
    layers : iterable of (kernel, stride) or (kernel, stride, dilation)
        From the first layer to the last. A layer that works on each cell alone is (1, 1) and may be left out.

    Examples
    --------
    >>> receptive_field([(3, 1), (2, 2), (3, 1), (2, 2)]), receptive_field([(3, 1, 1), (3, 1, 2), (3, 1, 4)])
    (10, 15)
    """
    field = jump = 1  # jump: how many input pixels lie between two neighbouring cells
    checks.expect(hasattr(layers, "__iter__"), PAIRS, layers, checks.BadType)
    for layer in layers:
        checks.expect(isinstance(layer, (tuple, list)), PAIRS, layer, checks.BadType)
        checks.expect(len(layer) in (2, 3), PAIRS, layer)
        kernel, stride, dilation = (*layer, 1)[:3]
        reach = _effective(checks.integer("kernel", kernel), checks.integer("dilation", dilation))
        field += (reach - 1) * jump
        jump *= checks.integer("stride", stride)
    return field


class Geometry(NamedTuple):
    """How a window moves over an image: each entry is a pair (rows, columns)."""

    kernel: tuple
    stride: tuple
    padding: tuple  # ((top, bottom), (left, right))
    output: tuple
    excluded: tuple  # on the padded input
    dilation: tuple = (1, 1)  # the distance of the pixels under a kernel; 1 where the kernel is 1

    @property
    def effective(self):
        """The size of a window, the pixels between those under the kernel included."""
        return tuple(map(_effective, self.kernel, self.dilation))

    @property
    def phase_count(self):
        """The number of phases of the rows; 1 without dilation."""
        return min(math.lcm(self.stride[0], self.dilation[0]) // self.stride[0], self.output[0])

    def phases(self):
        """Return the phases of the rows: [(output rows, residue, first)].

        The windows of an output row take input rows of one residue modulo the dilation. Of the padded rows with that
        residue, counted by themselves, `first` is the one at which the first window of the phase starts.
        """
        starts = [divmod(row * self.stride[0], self.dilation[0]) for row in range(self.phase_count)]
        rows = [range(row, self.output[0], len(starts)) for row in range(len(starts))]
        return [(outputs, residue, first) for outputs, (first, residue) in zip(rows, starts, strict=True)]

    @property
    def rows_of_phase(self):
        """The number of padded rows of one residue that the windows can reach."""
        return ((self.output[0] - 1) * self.stride[0] + self.effective[0] - 1) // self.dilation[0] + 1

    def element_count(self, K, C):
        """Return how many numbers a convolution allocates for one image: the output and the row buffer."""
        (H_out, W_out), rows = self.output, self.phase_count * self.rows_of_phase
        return K * H_out * W_out + rows * (self.kernel[1] * C + 1) * W_out


def image_geometry(shape, kernel, stride, padding, dilation=(1, 1)):
    """Return the Geometry for images of shape (C, H, W)."""
    checks.expect(len(shape) == 3, "expected an input of shape (C, H, W)", tuple(shape))
    return geometry(tuple(shape[1:]), kernel, stride, padding, dilation)


@lru_cache(maxsize=256)  # a layer asks for the same one at every step
def geometry(size, kernel, stride, padding, dilation=(1, 1)):
    """Return the Geometry for an image of size (H, W); the other arguments are pairs, padding may be a name."""
    paddings = padding if isinstance(padding, tuple) else (padding, padding)
    (rows, H_out, rest), (columns, W_out, more) = map(_fit, size, kernel, stride, paddings, dilation)
    padded = (size[0] + sum(rows)) * (size[1] + sum(columns))
    checks.fits("the padded image", padded, "float64", "Use smaller images or less padding.")
    dilation = tuple(d if k > 1 else 1 for k, d in zip(kernel, dilation, strict=True))
    return Geometry(kernel, stride, (rows, columns), (H_out, W_out), (rest, more), dilation)


def kernel_offsets(size, kernel, stride, padding, output, dilation=1):
    """Return, for each offset in a 1-D kernel, two slices: the windows with a pixel at that offset, and those pixels.

    Windows whose pixel there lies on the padding (before, after) are left out; both slices are empty where all do.
    """
    slices = []
    for offset in range(-padding[0], kernel * dilation - padding[0], dilation):  # window i has pixel i*stride + offset
        first = max(-(offset // stride), 0)  # the first window whose pixel is not padding
        end = max(min((size - 1 - offset) // stride + 1, output), first)
        slices.append((slice(first, end), slice(first * stride + offset, end * stride + offset, stride)))
    return slices


def _one_dimension(size, kernel, stride, padding, dilation):
    numbers = checks.integer("size", size), checks.integer("kernel", kernel), checks.integer("stride", stride)
    message = "padding must be an integer or a name in one dimension"
    checks.expect(not isinstance(padding, (tuple, list)), message, padding, checks.BadType)
    padding = checks.padding(padding) if isinstance(padding, str) else checks.integer("padding", padding, 0)
    return *numbers, padding, checks.integer("dilation", dilation)


def _effective(kernel, dilation):
    return (kernel - 1) * dilation + 1


def _amounts(size, effective, stride, padding):
    if padding == "valid":
        return 0, 0
    if not isinstance(padding, str):
        return padding, padding
    windows = -(-size // stride)  # ceil(size / stride): as many windows as start inside the input
    missing = max((windows - 1) * stride + effective - size, 0)
    before = missing // 2 if padding == "same" else 0
    return before, missing - before


def _fit(size, kernel, stride, padding, dilation):
    """Return the amounts of padding, the number of windows and the number of excluded pixels in one dimension."""
    effective = _effective(kernel, dilation)
    before, after = _amounts(size, effective, stride, padding)
    padded = size + before + after
    added = f"2*{before}" if before == after else f"{before} + {after}"
    window, advice = f"kernel ({kernel})", "a smaller kernel"
    if dilation > 1:
        window, advice = f"effective kernel (({kernel} - 1)*{dilation} + 1 = {effective})", f"{advice}, less dilation"
    sizes = f"the {window} is larger than the padded input ({size} + {added} = {padded})"
    checks.require(effective <= padded, f"{sizes}. Use {advice} or more padding.")
    steps, excluded = divmod(padded - effective, stride)
    return (before, after), steps + 1, excluded
