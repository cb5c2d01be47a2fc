"""Dilation: zeros between the entries of the cost gradient, which put it on the grid that the windows moved over.

The filters of a dilated convolution get such zeros too: their entries then lie over pixels that are further apart.

Shapes      dC_dO (..., H, W) -> (..., (H-1)*S_r + 1, (W-1)*S_c + 1): S-1 zeros between neighbours, none around.
Reference   tests/test_dilation.py holds it equal to a loop of inserts.
Chapter     02.
"""

import math

import numpy as np

from . import checks


@checks.public
def dilate(dC_dO, stride):
    """Return dC_dO with stride - 1 zeros between its rows and between its columns.

    Parameters
    ----------
    dC_dO : ndarray, shape (..., H, W)
    stride : int or (int, int)
        The stride of the forward pass; for filters in place of dC_dO, their dilation.

    Returns
    -------
    ndarray, shape (..., (H-1)*S_r + 1, (W-1)*S_c + 1)

    References
    ----------
    Mayank, Backpropagation in convolutional layers with strides (two posts on Medium: for filters and for inputs).

    Examples
    --------
    >>> dilate(np.array([[1.0, 2.0], [3.0, 4.0]]), stride=2)
    array([[1., 0., 2.],
           [0., 0., 0.],
           [3., 0., 4.]])
    """
    dC_dO = checks.as_float("dC_dO", dC_dO)
    S_r, S_c = checks.pair("stride", stride)
    checks.require(dC_dO.ndim > 1, f"dC_dO must have at least 2 dimensions (..., H, W), got shape {dC_dO.shape}.")
    *outer, H, W = dC_dO.shape
    shape = (*outer, max((H - 1) * S_r + 1, 0), max((W - 1) * S_c + 1, 0))
    checks.fits("dC_dO at this stride", math.prod(shape), dC_dO.dtype, "Use a smaller stride.")
    dilated = np.zeros(shape, dtype=dC_dO.dtype)
    dilated[..., ::S_r, ::S_c] = dC_dO
    return dilated
