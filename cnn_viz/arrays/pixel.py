"""Pictures of one pixel's gradient: the windows that contain it, and what each output passes back to its window.

Shapes      X (H, W), F (kH, kW), dC_dO (H_out, W_out): one image, one filter, one channel.
Layout      one panel for each output, with its name above it, and cells of one size; the pixel has a ring.
Chapter     02.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.arrays.convolution import outputs_of
from cnn_viz.arrays.panel import NO_PADDING, ArrayPanel
from cnn_viz.arrays.windows import corner_of, on_padded_input, padded_panel, plan_of, position_in
from cnn_viz.base.layout import Column, draw_on_canvas, row_of
from cnn_viz.base.style import picture
from cnn_viz.base.text import bracketed, index_text, number_text

ABREAST = 3  # panels in a row of the sum


@picture
def draw_pixel_windows(ax, X, F, pixel, stride=1, padding=0):
    """Draw every window that contains a pixel, each over the padded input, placed like the outputs they belong to.

    The pixel has a ring, and in its corner the weight that lies over it in this window.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a canvas of the right size; None is a new figure.
    X : array, shape (H, W)
        Without padding.
    F : array, shape (kH, kW)
    pixel : (int, int)
        A row and a column of X.
    stride, padding
        Of the forward pass, as `conv2d_forward` takes them.
    """
    X, F = checks.floats(X=(X, "(H, W)"), F=(F, "(kH, kW)"))
    plan = plan_of(X.shape, F.shape, stride, padding)
    touched = outputs_of(X.shape, F.shape, pixel, stride, padding)
    if not touched:
        raise checks.BadValue(f"no window reaches pixel {tuple(pixel)}: it is excluded, and its gradient is 0.")
    at = on_padded_input(plan, pixel)
    rows = {}
    for output, weight in touched.items():
        about = {"highlight": ((*corner_of(plan, output), *F.shape),), "rings": (at,)}
        about["labels"] = {at: f"×{number_text(F[weight])}"}
        panel = padded_panel(X, plan, f"O{index_text(output)}: through F{index_text(weight)}", **about)
        rows.setdefault(output[0], []).append(_Named(**vars(panel)))
    return draw_on_canvas(ax, Column([row_of(row) for row in rows.values()]))


@picture
def draw_shares(ax, dC_dO, F, dC_dXp, stride=1, padding=NO_PADDING, pixel=None):
    """Draw what each output passes back, its entry of dC/dO times the filter at its window, and the sum of all.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_pixel_windows`.
    dC_dO : array, shape (H_out, W_out)
    F : array, shape (kH, kW)
    dC_dXp : array, shape (H, W)
        The sum, with its padding.
    stride : int or (int, int)
    padding : ((int, int), (int, int))
        The outer cells of the sum that are padding; as in `Panel`.
    pixel : (int, int), optional
        A row and a column of dC_dXp that gets a ring in every panel that has a number there.
    """
    dC_dO, F = checks.floats(dC_dO=(dC_dO, "(H_out, W_out)"), F=(F, "(kH, kW)"))
    dC_dXp = checks.as_float("dC_dXp", dC_dXp)
    plan = plan_of(dC_dXp.shape, F.shape, stride, 0)
    checks.same_shape("dC_dO", dC_dO, plan.output, "(H_out, W_out)")
    if pixel is not None:
        pixel = position_in("pixel", pixel, dC_dXp.shape, "dC_dXp, which has shape")
    parts = []
    for output, entry in np.ndenumerate(dC_dO):
        share = np.full(dC_dXp.shape, np.nan)  # nan: outside the window
        row, column = corner_of(plan, output)
        share[row : row + F.shape[0], column : column + F.shape[1]] = entry * F
        parts += ["+", _share(share, f"from dC/dO{index_text(output)}: {bracketed(entry)} · F", padding, pixel)]
    total = _Named(dC_dXp, "X", "dC/dX, padded", padding=padding, rings=(pixel,) if pixel else ())
    parts = [*parts[1:], "=", total]
    lines = [parts[start : start + 2 * ABREAST] for start in range(0, len(parts), 2 * ABREAST)]
    return draw_on_canvas(ax, Column([row_of(line) for line in lines]))


def _share(share, name, padding, pixel):
    outside = np.isnan(share)
    empty = tuple(map(tuple, np.argwhere(outside).tolist()))
    rings = (pixel,) if pixel is not None and not outside[pixel] else ()
    return _Named(np.where(outside, 0, share), "X", name, padding=padding, empty=empty, rings=rings)


class _Named(ArrayPanel):
    """A panel with its name alone above it, without its shape."""

    @property
    def title(self):
        """Its name."""
        return self.name
