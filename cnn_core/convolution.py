"""Two-dimensional convolution: forward, backward, and the Conv2D layer.

Shapes      X (N, C, H, W), F (K, C, kH, kW), B (K,), O (N, K, H_out, W_out). Xp is X with its padding.
Twins       convolve, conv2d_forward_loop and conv2d_backward_dilated are written to be read; convolve_vectorised,
            conv2d_forward and conv2d_backward to be run; test_convolution.py holds them equal, bit for bit on integers.
Word        what the field calls convolution is cross-correlation: the filter is not flipped. We keep the field's word.
Guests      the public functions check, the lines inside trust; no input is ever written to.
Story       notebooks/01_convolution, 02_dilation, 03_excluded_pixels; 09_how_fast_can_numpy_go for the fast code.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from . import checks
from .dilation import dilate
from .initialise import INITIALISATIONS
from .layer import Layer
from .parallel import NEW, rows_of
from .shapes import geometry, places

FILTERS = "(K, C, kH, kW)"


def convolve(A, B, stride=1, full_convolve=False):
    """Return the convolution of A with B: at every position the sum of the products of B and the cells under it.

    Parameters
    ----------
    A : ndarray, shape (H, W)
    B : ndarray, shape (kH, kW)
    stride : int or (int, int)
    full_convolve : bool
        Start with the bottom-right cell of B over the top-left cell of A, and end with the top-left cell of B over the
        bottom-right cell of A: A gets kH - 1 rows and kW - 1 columns of zeros on every side.

    Returns
    -------
    ndarray, shape (H_out, W_out)

    Raises
    ------
    ValueError
        If B is larger than A (and full_convolve is off).

    Examples
    --------
    >>> A = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    >>> convolve(A, np.array([[1, 0], [0, 2]]))
    array([[11., 14.],
           [20., 23.]])
    """
    A, B = checks.floats("convolve", A=(A, "(H, W)"), B=(B, "(kH, kW)"))
    S_r, S_c = checks.pair("convolve", "stride", stride)
    checks.not_empty("convolve", "B", B)
    kH, kW = B.shape
    if checks.boolean("convolve", "full_convolve", full_convolve):
        A = np.pad(A, ((kH - 1, kH - 1), (kW - 1, kW - 1)))
    H_out, W_out = geometry("convolve", A.shape, B.shape, (S_r, S_c), (0, 0)).output
    O = np.zeros((H_out, W_out), dtype=A.dtype)
    for row in range(H_out):
        for column in range(W_out):
            window = A[row * S_r : row * S_r + kH, column * S_c : column * S_c + kW]
            O[row, column] = np.sum(window * B)
    return O


def convolve_vectorised(X, F, stride=1, full_convolve=False):
    """Return the convolution of every image with every filter: one matrix product, filters as rows, windows as columns.

    Parameters
    ----------
    X : ndarray, shape (N, C, H, W)
    F : ndarray, shape (K, C, kH, kW)
    stride : int or (int, int)
    full_convolve : bool
        As in `convolve`.

    Returns
    -------
    ndarray, shape (N, K, H_out, W_out)
        The weighted sums over the window, added over the channels.

    References
    ----------
    Ren and Xu, On vectorization of deep convolutional neural networks for vision tasks, AAAI 2015.
    """
    X, F, _ = _checked("convolve_vectorised", X, F)
    stride = checks.pair("convolve_vectorised", "stride", stride)
    kH, kW = F.shape[2:]
    if checks.boolean("convolve_vectorised", "full_convolve", full_convolve):
        X = pad(X, ((kH - 1, kH - 1), (kW - 1, kW - 1)))
    plan = geometry("convolve_vectorised", X.shape[2:], (kH, kW), stride, (0, 0))
    return _filters_times_windows(X, F, plan)


def _filters_times_windows(Xp, F, plan):
    O = F.reshape(len(F), -1) @ windows_to_columns(Xp, plan)  # (K, C*kH*kW) @ (N, C*kH*kW, H_out*W_out)
    return O.reshape(len(Xp), len(F), *plan.output)


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


def conv2d_forward(X, F, B=None, stride=1, padding=0):
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

    References
    ----------
    Dumoulin and Visin, A guide to convolution arithmetic for deep learning, arXiv:1603.07285.

    Examples
    --------
    >>> conv2d_forward(np.ones((1, 2, 5, 5)), np.ones((1, 2, 3, 3)), np.array([0.5]), stride=2)[0, 0]
    array([[18.5, 18.5],
           [18.5, 18.5]])
    """
    X, F, B = _checked("conv2d_forward", X, F, B)
    return _forward(X, F, B, _plan("conv2d_forward", X, F, stride, padding), NEW)


def conv2d_forward_loop(X, F, B=None, stride=1, padding=0):
    """Return what conv2d_forward returns, by `convolve` for each image, filter and channel."""
    X, F, B = _checked("conv2d_forward_loop", X, F, B)
    plan = _plan("conv2d_forward_loop", X, F, stride, padding)
    Xp = pad(X, plan.padding)
    O = np.zeros((len(X), len(F), *plan.output), dtype=X.dtype)
    for n, k in np.ndindex(O.shape[:2]):
        for c in range(X.shape[1]):
            O[n, k] += convolve(Xp[n, c], F[k, c], plan.stride)
        if B is not None:
            O[n, k] += B[k]
    return O


def conv2d_backward(dC_dO, X, F, stride=1, padding=0):
    """Return the cost gradients with respect to the input, the filters and the biases.

    Parameters
    ----------
    dC_dO : ndarray, shape (N, K, H_out, W_out)
        Cost gradient with respect to the output of this layer.
    X : ndarray, shape (N, C, H, W)
        The input of the forward pass, without padding.
    F : ndarray, shape (K, C, kH, kW)
    stride : int or (int, int)
    padding : int, (int, int), 'valid', 'same' or 'include'
        The values used in the forward pass, in pixels.

    Returns
    -------
    dC_dX, dC_dF, dC_dB : ndarrays, the shapes of X, F and B

    Raises
    ------
    ValueError
        If dC_dO does not have the shape that the forward pass gives.

    Notes
    -----
    dC/dF pairs every entry of dC/dO with the window that led to it. dC/dX hands every entry of dC/dO, times the
    filters, to the pixels of its window, and adds up where windows overlap. Pixels of X that no window reached had no
    part in the output: their entries of dC/dX are exactly 0. The fast code behind all this works on one row of the
    output at a time, with the examples innermost in memory; chapter 09 draws it.

    Examples
    --------
    >>> conv2d_backward(np.ones((1, 1, 1, 1)), np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)))[2]
    array([1.])
    """
    dC_dO, X, F, plan = _checked_backward("conv2d_backward", dC_dO, X, F, stride, padding)
    return _input_gradient(dC_dO, F, plan, X.shape, NEW), *_param_gradients(dC_dO, X, plan, NEW)


def conv2d_backward_dilated(dC_dO, X, F, stride=1, padding=0):
    """Return what conv2d_backward returns, as two convolutions: dilated, trimmed, rotated, cropped.

    dC/dF is the convolution of the padded input, trimmed of its excluded pixels, with the dilated dC/dO. dC/dX is the
    full convolution of the dilated dC/dO with the filters turned by 180 degrees, pasted into a frame of zeros of the
    padded input's size (what the paste leaves at 0 are the excluded pixels), and cropped of the padding.

    References
    ----------
    Mayank, Backpropagation in convolutional layers with strides (two posts on Medium: for filters and for inputs).
    """
    dC_dO, X, F, plan = _checked_backward("conv2d_backward_dilated", dC_dO, X, F, stride, padding)
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


def _forward(X, F, B, plan, work):
    """Return the output, row by row of it: a matrix product of all filters with the windows of the row."""
    windows = _windows_by_row(X, plan, work)
    O = work.batch("O", (len(X), len(F), *plan.output), X.dtype)
    by_row = _by_row(O, work)
    np.matmul(F.transpose(0, 2, 3, 1).reshape(len(F), -1), windows, out=by_row)
    if B is not None:
        by_row += B[:, None]
    return O


def _param_gradients(dC_dO, X, plan, work):
    """Return dC_dF and dC_dB: every window times the gradient of what it led to, row by row of the output."""
    by_row, windows = _by_row(dC_dO, work), _windows_by_row(X, plan, work)
    K, C = dC_dO.shape[1], X.shape[1]
    shares = work.array("dC_dF", (len(by_row), K, windows.shape[1]), X.dtype)
    np.matmul(by_row, windows.transpose(0, 2, 1), out=shares)
    dC_dF = shares.sum(axis=0).reshape(K, *plan.kernel, C).transpose(0, 3, 1, 2)
    return dC_dF, by_row.sum(axis=(0, 2))


def _input_gradient(dC_dO, F, plan, X_shape, work):
    """Return dC_dX by the shorter of two ways.

    At stride 1 it is one more convolution, of dC_dO with the filters turned by 180 degrees. Where the output is much
    smaller than the input most products of that would be with 0: then every entry of dC_dO is spread over its window.
    """
    (kH, kW), ((top, bottom), (left, right)) = plan.kernel, plan.padding
    if plan.stride != (1, 1) or 3 * math.prod(plan.output) < 2 * math.prod(X_shape[2:]):
        return _spread(dC_dO, F, plan, X_shape, work)
    around = (kH - 1 - top, kH - 1 - bottom), (kW - 1 - left, kW - 1 - right)
    back = plan._replace(padding=around, output=X_shape[2:])
    return _forward(dC_dO, F.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1], None, back, work.part("dC_dX"))


def _spread(dC_dO, F, plan, X_shape, work):
    """Return dC_dX: dC_dO times the filters, spread over the pixels of each window, added up where windows overlap."""
    (kH, kW), (S_r, S_c), (H_out, W_out) = plan.kernel, plan.stride, plan.output
    (N, C, H, W), ((top, bottom), (left, right)) = X_shape, plan.padding
    terms = work.array("terms", (H_out, kH, kW, C, W_out, N), dC_dO.dtype)
    filters = F.transpose(2, 3, 1, 0).reshape(kH * kW * C, len(F))
    np.matmul(filters, _by_row(dC_dO, work), out=terms.reshape(H_out, len(filters), -1))
    rows = work.array("rows", (H_out, kH, C, left + W + right, N), dC_dO.dtype)
    dC_dXp = work.array("dC_dXp", (top + H + bottom, C, left + W + right, N), dC_dO.dtype)
    rows.fill(0)
    dC_dXp.fill(0)
    for column in range(kW):
        rows[:, :, :, column : column + S_c * W_out : S_c] += terms[:, :, column]
    for row in range(kH):
        dC_dXp[row : row + S_r * H_out : S_r] += rows[:, row]
    return crop(dC_dXp.transpose(3, 1, 0, 2), plan.padding, (H, W))


def _windows_by_row(X, plan, work):
    """Return the windows of every row of the output as columns: (H_out, kH*kW*C, W_out*N), views that overlap.

    Each row of the padded input is laid down kW times: the j-th time as the j-th pixels of all windows. The kH rows of
    a window then follow each other in memory, so the columns of a row of the output are a block of it, as it lies.
    """
    (kH, kW), (S_r, _), (H_out, W_out) = plan.kernel, plan.stride, plan.output
    N, C, H, W = X.shape
    laid = work.array("windows", ((H_out - 1) * S_r + kH, kW, C, W_out, N), X.dtype)  # zeros: the padding stays 0
    top = plan.padding[0][0]
    first = max(top, 0)  # top is below 0 where dC_dX leaves out more padding than a filter has rows
    end = max(min(top + H, len(laid)), first)
    rows = rows_of(X, "X", work)[first - top : end - top]
    for place, (windows, pixels) in enumerate(places(W, kW, plan.stride[1], plan.padding[1], W_out)):
        laid[first:end, place, :, windows] = rows[:, :, pixels]
    from_row, _, from_channel, _, from_number = laid.strides
    strides = min(S_r, len(laid)) * from_row, from_channel, from_number  # with one row of windows S_r may be any number
    return as_strided(laid, (H_out, kH * kW * C, W_out * N), strides, writeable=False)


def _by_row(images, work):
    """Return images (N, K, H, W) as (H, K, W*N)."""
    H, K, W, N = (rows := rows_of(images, "dC_dO", work)).shape
    return rows.reshape(H, K, W * N)


def _checked(where, X, F, B=None):
    given = {"X": (X, checks.IMAGES), "F": (F, FILTERS)} | ({} if B is None else {"B": (B, "(K,)")})
    X, F, *rest = checks.floats(where, **given)
    if X.shape[1] != F.shape[1]:
        given = f"Got X{X.shape} {checks.IMAGES} and F{F.shape} {FILTERS}."
        raise ValueError(f"{where}: X has {X.shape[1]} channels but F expects {F.shape[1]}. {given}")
    checks.not_empty(where, "F", F)
    if rest:
        checks.same_shape(where, "B", rest[0], F.shape[:1], "(K,), one bias a filter")
    return X, F, rest[0] if rest else None


def _plan(where, X, F, stride, padding):
    stride, padding = checks.pair(where, "stride", stride), checks.padding(where, padding)
    plan = geometry(where, X.shape[2:], F.shape[2:], stride, padding)
    checks.fits(where, f"{len(X)} images", len(X) * plan.numbers_made(*F.shape[:2]), X.dtype, checks.FEWER)
    return plan


def _checked_backward(where, dC_dO, X, F, stride, padding):
    X, F, _ = _checked(where, X, F)
    plan = _plan(where, X, F, stride, padding)
    dC_dO, X, F = checks.floats(where, dC_dO=(dC_dO, "(N, K, H_out, W_out)"), X=(X, checks.IMAGES), F=(F, FILTERS))
    checks.same_shape(where, "dC_dO", dC_dO, (len(X), len(F), *plan.output), "(N, K, H_out, W_out)")
    return dC_dO, X, F, plan


class Conv2D(Layer):
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

    def __init__(self, num_filters, kernel_size=3, stride=1, padding="valid", initialisation="he_normal", bias=True):
        super().__init__()
        self.num_filters = checks.integer(self.name, "num_filters", num_filters)
        self.kernel_size = checks.pair(self.name, "kernel_size", kernel_size)
        self.stride = checks.pair(self.name, "stride", stride)
        self.padding = checks.padding(self.name, padding)
        self.initialisation = checks.choice(self.name, "initialisation", initialisation, INITIALISATIONS)
        self.bias = checks.boolean(self.name, "bias", bias)

    def geometry(self, input_shape):
        """Return how the windows move over an input (C, H, W)."""
        if len(input_shape) != 3:
            raise ValueError(f"{self.name}: expected an input of shape (C, H, W), got {tuple(input_shape)}.")
        return geometry(self.name, input_shape[1:], self.kernel_size, self.stride, self.padding)

    def output_shape(self, input_shape):
        return (self.num_filters, *self.geometry(input_shape).output)

    def numbers_made(self, input_shape):
        return self.geometry(input_shape).numbers_made(self.num_filters, input_shape[0])

    def param_shapes(self, input_shape):
        shapes = {"F": (self.num_filters, input_shape[0], *self.kernel_size)}
        return shapes | ({"B": (self.num_filters,)} if self.bias else {})

    def initial(self, key, shape, rng):
        return np.zeros(shape) if key == "B" else INITIALISATIONS[self.initialisation](shape, rng)

    def check_input(self, X):
        checks.dimensions(self.name, "X", X, checks.IMAGES)
        checks.channels(self.name, X, self.input_shape[0])

    def apply(self, X, work=NEW):
        return _forward(X, self.params["F"], self.params.get("B"), self.geometry(X.shape[1:]), work)

    def gradients(self, dC_dO, X, work=NEW):
        plan = self.geometry(X.shape[1:])
        dC_dF, dC_dB = _param_gradients(dC_dO, X, plan, work)
        dC_dX = None if work.first else _input_gradient(dC_dO, self.params["F"], plan, X.shape, work)
        return dC_dX, {"F": dC_dF} | ({"B": dC_dB} if self.bias else {})
