"""One image, one filter, one channel: the gradients of a convolution without the axes of length 1."""

from cnn_core import conv2d_backward


def gradients_of_one(dC_dO, X, F, stride):
    """Return dC_dX (H, W) and dC_dF (kH, kW) for dC_dO (H_out, W_out), without padding."""
    dC_dX, dC_dF, _ = conv2d_backward(dC_dO[None, None], X[None, None], F[None, None], stride)
    return dC_dX[0, 0], dC_dF[0, 0]
