"""Two-dimensional convolution: forward, backward, and the Conv2D layer.

Shapes      X (N, C, H, W), F (K, C, kH, kW), B (K,), O (N, K, H_out, W_out). Xp is X with its padding.
Reference   convolve, conv2d_forward_loop and conv2d_backward_dilated are written to be read; conv2d_forward and
            conv2d_backward run fast/convolution.py. tests/test_convolution.py holds them equal: on integers, in bits.
Term        What the field calls convolution is cross-correlation: the filter is not flipped. We keep the field's word.
Sources     Dumoulin and Visin, A guide to convolution arithmetic for deep learning, arXiv:1603.07285; Mayank,
            Backpropagation in convolutional layers with strides (two posts on Medium: for filters and for inputs).
Chapters    01, 02, 03; 09 for the optimised code.
"""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import checks
from .dilation import dilate
from .fast import convolution as fast
from .fast.buffers import FRESH, Buffers
from .layer import WeightedLayer
from .shapes import Geometry, geometry, image_geometry
from .types import Array, ArrayLike, Bias, Gradients, IntPair, Padding, Pair, Shape


@checks.public
def convolve(A: ArrayLike, B: ArrayLike, stride: Pair = 1, full_convolve: bool = False) -> Array:
    """Return the convolution (H_out, W_out) of A with B: at each position the sum of the products of B and its window.

    Parameters
    ----------
    A : ndarray, shape (H, W)
    B : ndarray, shape (kH, kW)
    stride : int or (int, int)
    full_convolve : bool
        Start with the bottom-right cell of B over the top-left cell of A, and end with the top-left cell of B over the
        bottom-right cell of A: A gets kH - 1 rows and kW - 1 columns of zeros on every side.

    Raises
    ------
    ValueError
        If B is larger than A, unless full_convolve.

    Examples
    --------
    >>> A = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    >>> convolve(A, np.array([[1, 0], [0, 2]]))
    array([[11., 14.],
           [20., 23.]])
    """
    A, B = checks.floats(A=(A, "(H, W)"), B=(B, "(kH, kW)"))
    S_r, S_c = checks.pair("stride", stride)
    checks.not_empty("B", B)
    kH, kW = B.shape
    if checks.boolean("full_convolve", full_convolve):
        A = np.pad(A, ((kH - 1, kH - 1), (kW - 1, kW - 1)))
    O = np.zeros(geometry(A.shape, B.shape, (S_r, S_c), (0, 0)).output, dtype=A.dtype)
    for row, column in np.ndindex(O.shape):
        window = A[row * S_r : row * S_r + kH, column * S_c : column * S_c + kW]
        O[row, column] = np.sum(window * B)
    return O


@checks.public
def convolve_vectorised(X: ArrayLike, F: ArrayLike, stride: Pair = 1, full_convolve: bool = False) -> Array:
    """Return the convolution of every image with every filter: one matrix product, filters as rows, windows as columns.

    Parameters
    ----------
    X : ndarray, shape (N, C, H, W)
    F : ndarray, shape (K, C, kH, kW)
    stride, full_convolve
        As in `convolve`.

    Returns
    -------
    ndarray, shape (N, K, H_out, W_out)
        The weighted sums over the window and the channels.

    References
    ----------
    Ren and Xu, On vectorization of deep convolutional neural networks for vision tasks, AAAI 2015.
    """
    X, F, _ = _checked(X, F)
    kH, kW = F.shape[2:]
    padding = (kH - 1, kW - 1) if checks.boolean("full_convolve", full_convolve) else (0, 0)
    plan = geometry(X.shape[2:], (kH, kW), checks.pair("stride", stride), padding)
    O = F.reshape(len(F), -1) @ windows_to_columns(
        pad(X, plan.padding), plan
    )  # (K, C*kH*kW) @ (N, C*kH*kW, H_out*W_out)
    return O.reshape(len(X), len(F), *plan.output)


def windows_to_columns(Xp: Array, plan: Geometry) -> Array:
    """Return every window of Xp as a column: (N, C*kH*kW, H_out*W_out), a copy in which overlapping pixels recur."""
    S_r, S_c = plan.stride
    windows = sliding_window_view(Xp, plan.kernel, axis=(2, 3))[:, :, ::S_r, ::S_c]  # (N, C, H_out, W_out, kH, kW)
    N, C, H_out, W_out, kH, kW = windows.shape
    return windows.transpose(0, 1, 4, 5, 2, 3).reshape(N, C * kH * kW, H_out * W_out)


def pad(X: Array, amounts: Sequence[IntPair]) -> Array:
    """Return X with zeros around its rows and columns; amounts is ((top, bottom), (left, right))."""
    return np.pad(X, ((0, 0), (0, 0), *amounts)) if any(map(any, amounts)) else X


def crop(Xp: Array, amounts: Sequence[IntPair], size: Shape) -> Array:
    """Return the part of Xp that is X, of size (H, W): from `top`, not `[p:-p]`, which is empty where p is 0."""
    (top, _), (left, _) = amounts
    return Xp[:, :, top : top + size[0], left : left + size[1]]


@checks.public
def conv2d_forward(X: ArrayLike, F: ArrayLike, B: Bias = None, stride: Pair = 1, padding: Padding = 0) -> Array:
    """Return the output of a convolutional layer.

    Parameters
    ----------
    X : ndarray, shape (N, C, H, W)
    F : ndarray, shape (K, C, kH, kW)
    B : ndarray, shape (K,), optional
        One bias a filter; none is added where it is left out.
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
        In pixels, (rows, columns). 'same' makes H_out = ceil(H / stride), an odd pad goes to the end.

    Returns
    -------
    O : ndarray, shape (N, K, H_out, W_out)

    Raises
    ------
    ValueError
        If the channels of X and F differ, or a filter is larger than the padded input.

    Examples
    --------
    >>> conv2d_forward(np.ones((1, 2, 5, 5)), np.ones((1, 2, 3, 3)), np.array([0.5]), stride=2)[0, 0]
    array([[18.5, 18.5],
           [18.5, 18.5]])
    """
    X, F, B = _checked(X, F, B)
    return fast.forward(X, F, B, _plan(X, F, stride, padding), FRESH)


@checks.public
def conv2d_forward_loop(X: ArrayLike, F: ArrayLike, B: Bias = None, stride: Pair = 1, padding: Padding = 0) -> Array:
    """Return what conv2d_forward returns, by one `convolve` for each image, filter and channel."""
    X, F, B = _checked(X, F, B)
    plan = _plan(X, F, stride, padding)
    Xp = pad(X, plan.padding)
    O = np.zeros((len(X), len(F), *plan.output), dtype=X.dtype)
    for n, k in np.ndindex(O.shape[:2]):
        for c in range(X.shape[1]):
            O[n, k] += convolve(Xp[n, c], F[k, c], plan.stride)
        if B is not None:
            O[n, k] += B[k]
    return O


@checks.public
def conv2d_backward(
    dC_dO: ArrayLike, X: ArrayLike, F: ArrayLike, stride: Pair = 1, padding: Padding = 0
) -> tuple[Array, Array, Array]:
    """Return the cost gradients with respect to the input, the filters and the biases.

    Parameters
    ----------
    dC_dO : ndarray, shape (N, K, H_out, W_out)
        Cost gradient with respect to the output of this layer.
    X : ndarray, shape (N, C, H, W)
        The input of the forward pass, without padding.
    F : ndarray, shape (K, C, kH, kW)
    stride, padding
        The values used in the forward pass.

    Returns
    -------
    dC_dX, dC_dF, dC_dB : ndarrays, the shapes of X, F and B

    Raises
    ------
    ValueError
        If dC_dO does not have the shape that the forward pass gives.

    Notes
    -----
    dC/dF sums the product of every entry of dC/dO and the window it was computed from. dC/dX adds every entry of dC/dO,
    times the filters, to the pixels of its window. Pixels of X that no window reached had no part in the output: their
    entries of dC/dX are exactly 0.

    Examples
    --------
    >>> conv2d_backward(np.ones((1, 1, 1, 1)), np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)))[2]
    array([1.])
    """
    dC_dO, X, F, plan = _checked_backward(dC_dO, X, F, stride, padding)
    return fast.input_gradient(dC_dO, F, plan, X.shape, FRESH), *fast.parameter_gradients(dC_dO, X, plan, FRESH)


@checks.public
def conv2d_backward_dilated(
    dC_dO: ArrayLike, X: ArrayLike, F: ArrayLike, stride: Pair = 1, padding: Padding = 0
) -> tuple[Array, Array, Array]:
    """Return what conv2d_backward returns, as two convolutions: dilated, trimmed, rotated, cropped.

    dC/dF is the convolution of the padded input, trimmed of its excluded pixels, with the dilated dC/dO. dC/dX is the
    full convolution of the dilated dC/dO with the filters rotated by 180 degrees, pasted into an array of zeros of the
    padded input's size (the excluded pixels stay 0), and cropped of the padding.
    """
    dC_dO, X, F, plan = _checked_backward(dC_dO, X, F, stride, padding)
    Xp = pad(X, plan.padding)
    H_used, W_used = Xp.shape[2] - plan.excluded[0], Xp.shape[3] - plan.excluded[1]
    trimmed = Xp[:, :, :H_used, :W_used]
    dC_dO_dilated = dilate(dC_dO, plan.stride)
    rotated = F[:, :, ::-1, ::-1]
    dC_dXp, dC_dF = np.zeros_like(Xp), np.zeros_like(F)
    for n in range(len(X)):
        for k, c in np.ndindex(F.shape[:2]):
            dC_dF[k, c] += convolve(trimmed[n, c], dC_dO_dilated[n, k])
            dC_dXp[n, c, :H_used, :W_used] += convolve(dC_dO_dilated[n, k], rotated[k, c], full_convolve=True)
    return crop(dC_dXp, plan.padding, X.shape[2:]), dC_dF, dC_dO.sum(axis=(0, 2, 3))


def _checked(X: ArrayLike, F: ArrayLike, B: ArrayLike | None = None) -> tuple[Array, Array, Array | None]:
    bias = {} if B is None else {"B": (B, "(K,)")}
    X, F, *biases = checks.floats(X=(X, checks.IMAGES), F=(F, checks.FILTERS), **bias)
    given = f"Got X{X.shape} {checks.IMAGES} and F{F.shape} {checks.FILTERS}."
    checks.require(X.shape[1] == F.shape[1], f"X has {X.shape[1]} channels but F expects {F.shape[1]}. {given}")
    checks.not_empty("F", F)
    for each in biases:
        checks.same_shape("B", each, F.shape[:1], "(K,), one bias a filter")
    return X, F, biases[0] if biases else None


def _plan(X: Array, F: Array, stride: Pair, padding: Padding) -> Geometry:
    plan = geometry(X.shape[2:], F.shape[2:], checks.pair("stride", stride), checks.padding(padding))
    checks.fits(f"{len(X)} images", len(X) * plan.element_count(*F.shape[:2]), X.dtype, checks.FEWER)
    return plan


def _checked_backward(
    dC_dO: ArrayLike, X: ArrayLike, F: ArrayLike, stride: Pair, padding: Padding
) -> tuple[Array, Array, Array, Geometry]:
    X, F, _ = _checked(X, F)
    plan = _plan(X, F, stride, padding)
    dC_dO, X, F = checks.floats(dC_dO=(dC_dO, "(N, K, H_out, W_out)"), X=(X, checks.IMAGES), F=(F, checks.FILTERS))
    checks.same_shape("dC_dO", dC_dO, (len(X), len(F), *plan.output), "(N, K, H_out, W_out)")
    return dC_dO, X, F, plan


class Conv2D(WeightedLayer):
    """A convolutional layer: `num_filters` filters slide over all channels of the input.

    Parameters
    ----------
    num_filters : int
        K, the number of output channels.
    kernel_size, stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
    initialisation : str
        'he_normal', 'he_uniform', 'xavier_normal', 'xavier_uniform', 'zeros' or 'constant'. Biases start at 0.
    bias : bool

    Attributes
    ----------
    params, grads : dict
        'F' (K, C, kH, kW) and, unless bias is off, 'B' (K,).
    """

    weights = "F"

    def __init__(
        self,
        num_filters: int,
        kernel_size: Pair = 3,
        stride: Pair = 1,
        padding: Padding = "valid",
        initialisation: str = "he_normal",
        bias: bool = True,
    ) -> None:
        self.num_filters = checks.integer("num_filters", num_filters)
        self.kernel_size = checks.pair("kernel_size", kernel_size)
        self.stride = checks.pair("stride", stride)
        self.padding = checks.padding(padding)
        super().__init__(initialisation, bias)

    def geometry(self, input_shape: Shape) -> Geometry:
        """Return how the windows move over an input (C, H, W)."""
        return image_geometry(input_shape, self.kernel_size, self.stride, self.padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        return (self.num_filters, *self.geometry(input_shape).output)

    def element_count(self, input_shape: Shape) -> int:
        return self.geometry(input_shape).element_count(self.num_filters, input_shape[0])

    def weight_shape(self, input_shape: Shape) -> Shape:
        return (self.num_filters, input_shape[0], *self.kernel_size)

    def apply(self, X: Array, buffers: Buffers = FRESH) -> Array:
        return fast.forward(X, self.params["F"], self.params.get("B"), self.geometry(X.shape[1:]), buffers)

    def gradients(self, dC_dO: Array, X: Array, buffers: Buffers = FRESH, input_gradient: bool = True) -> Gradients:
        plan = self.geometry(X.shape[1:])
        dC_dF, dC_dB = fast.parameter_gradients(dC_dO, X, plan, buffers)
        dC_dX = fast.input_gradient(dC_dO, self.params["F"], plan, X.shape, buffers) if input_gradient else X
        return dC_dX, {"F": dC_dF} | ({"B": dC_dB} if self.bias else {})
