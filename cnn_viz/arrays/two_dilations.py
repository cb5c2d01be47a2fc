"""The two kinds of dilation, one above the other: of the filter in the forward pass, of dC/dO in that of dC/dF.

Shapes      X (H, W), F and dC_dF (kH, kW), O and dC_dO (H_out, W_out): one image, one filter, one channel.
Geometry    the positions of windows are computed by cnn_core; the outputs and gradients are given by the caller.
Marks       the entries of a dilated array are tinted, its inserted zeros are white; pixels in no window are hatched.
Chapters    12.
"""

from dataclasses import replace

import numpy as np

from cnn_core import checks, dilate
from cnn_viz.arrays.panel import ArrayPanel
from cnn_viz.arrays.windows import plan_of, window_panel, written_sum
from cnn_viz.base.layout import Column, TextBox, WithNote, draw_on_canvas, row_of
from cnn_viz.base.style import picture
from cnn_viz.base.text import index_text


@picture
def draw_two_dilations(ax, X, F, O, dC_dO, dC_dF, stride=1, dilation=1):
    """Draw the last window of a dilated convolution, and the last one of the convolution that gives dC/dF.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a canvas of the right size; None is a new figure.
    X : array, shape (H, W)
    F, dC_dF : array, shape (kH, kW)
    O, dC_dO : array, shape (H_out, W_out)
        No pixels may be left over at the end of X.
    stride, dilation : int or (int, int)
        Of the forward pass.
    """
    stride, dilation = checks.pair("stride", stride), checks.pair("dilation", dilation)
    forward = _line(X, ("F", F), ("O", O), stride, dilation)
    backward = _line(X, ("dC/dO", dC_dO), ("dC/dF", dC_dF), dilation, stride)
    return draw_on_canvas(ax, Column([forward, backward]))


def _line(X, sliding, result, stride, dilation):
    """Return X under the last window, the dilated array that slides, and the result, with the sum of the window."""
    (name, F), (of, O) = sliding, result
    F, O = checks.as_float(name, F), checks.as_float(of, O)
    checks.same_shape(of, O, plan_of(np.shape(X), F.shape, stride, 0, dilation).output, "(windows that fit)")
    at = tuple(length - 1 for length in O.shape)
    below = replace(window_panel(X, F, at, stride, dilation=dilation), label_role=name[-1])
    window = np.reshape([below.array[cell] for cell in below.labels], F.shape)
    dilated = ArrayPanel(dilate(F, dilation), name[-1], f"{name} dilated", dilation=dilation)
    parts = [below, "*", dilated, "=", ArrayPanel(O, of[-1], of, highlight=(at,))]
    return WithNote(row_of(parts), TextBox(f"{of}{index_text(at)} = {written_sum(window, F)}"))
