"""Two-dimensional convolution: forward, backward, and the Conv2D layer.

Shapes      X (N, C, H, W), F (K, C, kH, kW), B (K,), O (N, K, H_out, W_out). Xp is X with its padding.
Reference   convolve, conv2d_forward_loop and conv2d_backward_dilated are written to be read; conv2d_forward and
            conv2d_backward run fast/convolution.py. tests/test_convolution.py holds them equal: on integers, in bits.
Term        What the field calls convolution is cross-correlation: the filter is not flipped. We keep the field's word.
Sources     Dumoulin and Visin, A guide to convolution arithmetic for deep learning, arXiv:1603.07285; Mayank,
            Backpropagation in convolutional layers with strides (two posts on Medium: for filters and for inputs).
Chapters    01, 02, 03; 09 for the optimised code.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import checks
from .dilation import dilate
from .fast import convolution as fast
from .fast.buffers import FRESH
from .layer import WeightedLayer
from .shapes import geometry, image_geometry

AXES = {"B": "(K,)", "dC_dO": "(N, K, H_out, W_out)"}


@checks.public
def convolve(A, B, stride=1, full_convolve=False):
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
def convolve_vectorised(X, F, stride=1, full_convolve=False):
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
    X, F, plan = _checked(X, F, stride, 0, full=checks.boolean("full_convolve", full_convolve))
    columns = windows_to_columns(pad(X, plan.padding), plan)
    O = F.reshape(len(F), -1) @ columns  # (K, C*kH*kW) @ (N, C*kH*kW, H_out*W_out)
    return O.reshape(len(X), len(F), *plan.output)


def windows_to_columns(Xp, plan):
    """Return every window of Xp as a column: (N, C*kH*kW, H_out*W_out), a copy in which overlapping pixels recur."""
    S_r, S_c = plan.stride
    windows = sliding_window_view(Xp, plan.kernel, axis=(2, 3))[:, :, ::S_r, ::S_c]  # (N, C, H_out, W_out, kH, kW)
    N, C, H_out, W_out, kH, kW = windows.shape
    return windows.transpose(0, 1, 4, 5, 2, 3).reshape(N, C * kH * kW, H_out * W_out)


def pad(X, amounts):
    """Return X with zeros around its rows and columns; amounts is ((top, bottom), (left, right))."""
    return np.pad(X, ((0, 0), (0, 0), *amounts)) if any(map(any, amounts)) else X


def crop(Xp, amounts, size):
    """Return the part of Xp that is X, of size (H, W): from `top`, not `[p:-p]`, which is empty where p is 0."""
    (top, _), (left, _) = amounts
    return Xp[:, :, top : top + size[0], left : left + size[1]]


@checks.public
def conv2d_forward(X, F, B=None, stride=1, padding=0, dilation=1):
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
    dilation : int or (int, int)
        The distance, in pixels, of the pixels under a filter: it then covers (kH - 1)*dilation + 1 rows.

    Returns
    -------
    O : ndarray, shape (N, K, H_out, W_out)

    Raises
    ------
    ValueError
        If the channels of X and F differ, or a filter covers more than the padded input.

    Examples
    --------
    >>> conv2d_forward(np.ones((1, 2, 5, 5)), np.ones((1, 2, 3, 3)), np.array([0.5]), stride=2)[0, 0]
    array([[18.5, 18.5],
           [18.5, 18.5]])
    """
    X, F, plan, *biases = _checked(X, F, stride, padding, dilation, B=B)
    return fast.forward(X, F, plan, FRESH, *biases)


@checks.public
def conv2d_forward_loop(X, F, B=None, stride=1, padding=0, dilation=1):
    """Return what conv2d_forward returns, by one `convolve` with the dilated filter an image, filter and channel."""
    X, F, plan, *biases = _checked(X, F, stride, padding, dilation, B=B)
    Xp = pad(X, plan.padding)
    O = np.zeros((len(X), len(F), *plan.output), dtype=X.dtype)
    for n, k in np.ndindex(O.shape[:2]):
        for c in range(X.shape[1]):
            O[n, k] += convolve(Xp[n, c], dilate(F[k, c], plan.dilation), plan.stride)
    for bias in biases:  # one, or none
        O += bias[:, None, None]
    return O


@checks.public
def conv2d_backward(dC_dO, X, F, stride=1, padding=0, dilation=1):
    """Return the cost gradients with respect to the input, the filters and the biases.

    Parameters
    ----------
    dC_dO : ndarray, shape (N, K, H_out, W_out)
        Cost gradient with respect to the output of this layer.
    X : ndarray, shape (N, C, H, W)
        The input of the forward pass, without padding.
    F : ndarray, shape (K, C, kH, kW)
    stride, padding, dilation
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
    X, F, plan, dC_dO = _checked(X, F, stride, padding, dilation, dC_dO=dC_dO)
    return fast.input_gradient(dC_dO, F, plan, X.shape, FRESH), *fast.parameter_gradients(dC_dO, X, plan, FRESH)


@checks.public
def conv2d_backward_dilated(dC_dO, X, F, stride=1, padding=0, dilation=1):
    """Return what conv2d_backward returns, as two convolutions: dilated, trimmed, rotated, cropped.

    dC/dF is the convolution of the padded input, trimmed of its excluded pixels, with dC/dO dilated by the stride;
    its own stride is the dilation. dC/dX is the full convolution of the dilated dC/dO with the filters, dilated by the
    dilation and rotated by 180 degrees, pasted into an array of zeros of the padded input's size (the excluded pixels
    stay 0), and cropped of the padding.
    """
    X, F, plan, dC_dO = _checked(X, F, stride, padding, dilation, dC_dO=dC_dO)
    Xp = pad(X, plan.padding)
    H_used, W_used = Xp.shape[2] - plan.excluded[0], Xp.shape[3] - plan.excluded[1]
    trimmed = Xp[:, :, :H_used, :W_used]
    dC_dO_dilated = dilate(dC_dO, plan.stride)
    rotated = F[:, :, ::-1, ::-1]
    dC_dXp, dC_dF = np.zeros_like(Xp), np.zeros_like(F)
    for n in range(len(X)):
        for k, c in np.ndindex(F.shape[:2]):
            dC_dF[k, c] += convolve(trimmed[n, c], dC_dO_dilated[n, k], plan.dilation)
            rotated_dilated = dilate(rotated[k, c], plan.dilation)
            dC_dXp[n, c, :H_used, :W_used] += convolve(dC_dO_dilated[n, k], rotated_dilated, full_convolve=True)
    return crop(dC_dXp, plan.padding, X.shape[2:]), dC_dF, dC_dO.sum(axis=(0, 2, 3))


def _checked(X, F, stride, padding, dilation=1, full=False, **others):
    """Return X and F, how the windows move, and dC_dO or B (unless B is None), all as floats of one dtype."""
    others = {name: (array, AXES[name]) for name, array in others.items() if name != "B" or array is not None}
    X, F, *rest = checks.floats(X=(X, checks.IMAGES), F=(F, checks.FILTERS), **others)
    given = f"Got X{X.shape} {checks.IMAGES} and F{F.shape} {checks.FILTERS}."
    checks.require(X.shape[1] == F.shape[1], f"X has {X.shape[1]} channels but F expects {F.shape[1]}. {given}")
    checks.not_empty("F", F)
    padding = (F.shape[2] - 1, F.shape[3] - 1) if full else checks.padding(padding)
    steps = checks.pair("stride", stride), padding, checks.pair("dilation", dilation)
    plan = geometry(X.shape[2:], F.shape[2:], *steps)
    checks.fits(f"{len(X)} images", len(X) * plan.element_count(*F.shape[:2]), X.dtype, checks.FEWER)
    shapes = {"B": F.shape[:1], "dC_dO": (len(X), len(F), *plan.output)}
    for name, array in zip(others, rest, strict=True):
        checks.same_shape(name, array, shapes[name], AXES[name] + ", one bias a filter" * (name == "B"))
    return X, F, plan, *rest


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
    dilation : int or (int, int)
        The distance of the pixels under a filter.

    Attributes
    ----------
    params, grads : dict
        'F' (K, C, kH, kW) and, unless bias is off, 'B' (K,).
    """

    weights, fused_as = "F", "weights"  # see fast/replica.py

    def __init__(
        self, num_filters, kernel_size=3, stride=1, padding="valid", initialisation="he_normal", bias=True, dilation=1
    ):
        self.num_filters = checks.integer("num_filters", num_filters)
        self.kernel_size, self.stride = checks.pair("kernel_size", kernel_size), checks.pair("stride", stride)
        self.padding, self.dilation = checks.padding(padding), checks.pair("dilation", dilation)
        super().__init__(initialisation, bias)

    def geometry(self, input_shape):
        """Return how the windows move over an input (C, H, W)."""
        return image_geometry(input_shape, self.kernel_size, self.stride, self.padding, self.dilation)

    def output_shape(self, input_shape):
        return (self.num_filters, *self.geometry(input_shape).output)

    def element_count(self, input_shape):
        return self.geometry(input_shape).element_count(self.num_filters, input_shape[0])

    def weight_shape(self, input_shape):
        return (self.num_filters, input_shape[0], *self.kernel_size)

    def apply(self, X, buffers=FRESH):
        return fast.forward(X, self.params["F"], self.geometry(X.shape[1:]), buffers, self.params.get("B"))

    def gradients(self, dC_dO, X, buffers=FRESH, input_gradient=True):
        plan = self.geometry(X.shape[1:])
        dC_dF, dC_dB = fast.parameter_gradients(dC_dO, X, plan, buffers)
        dC_dX = fast.input_gradient(dC_dO, self.params["F"], plan, X.shape, buffers) if input_gradient else None
        return dC_dX, {"F": dC_dF} | ({"B": dC_dB} if self.bias else {})
