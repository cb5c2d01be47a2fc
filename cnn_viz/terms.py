"""Terms: one entry of dC/dX or dC/dF as the sum that it is, every number that lands on it outlined and written out.

Shapes      dC_dO (H_out, W_out), X and dC_dX (H, W), F and dC_dF (kH, kW): one image, one filter, one channel.
Geometry    which outputs a pixel touches, and with which weight, is sliding.py's; every gradient is the caller's.
Story       notebooks/02_dilation.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.arrays import Panel, number_texts, operator, row_of
from cnn_viz.sheets import Sign, lay_out, with_note
from cnn_viz.sliding import touched_outputs
from cnn_viz.windows import padded_panel, place_in, plan_of, written_sum

IN_A_LINE = 4  # terms of a sum


def draw_pixel_terms(ax, dC_dO, F, dC_dX, pixel, stride=1, padding=0):
    """Draw what lands on one entry of dC/dX: the outputs that the pixel touched, each with the weight in between.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a sheet of the right size; None is a new figure.
    dC_dO : array, shape (H_out, W_out)
    F : array, shape (kH, kW)
    dC_dX : array, shape (H, W)
    pixel : (int, int)
        A row and a column of dC_dX.
    stride, padding
        Of the forward pass, as `conv2d_backward` takes them.

    Returns
    -------
    matplotlib.axes.Axes
    """
    where = "draw_pixel_terms"
    dC_dO, F = checks.floats(where, dC_dO=(dC_dO, "(H_out, W_out)"), F=(F, "(kH, kW)"))
    dC_dX = checks.as_float(where, "dC_dX", dC_dX)
    plan = plan_of(where, dC_dX.shape, F.shape, stride, padding)
    checks.same_shape(where, "dC_dO", dC_dO, plan.output, "(H_out, W_out)")
    touched = touched_outputs(dC_dX.shape, F.shape, pixel, stride, padding)
    factors = {output: F[weight] for output, weight in touched.items()}
    parts = [Panel(dC_dO, "O", "dC/dO", highlight=tuple(touched), labels=_labels(factors)), operator("*")]
    parts += [Panel(F, "F", highlight=tuple(dict.fromkeys(touched.values()))), operator("=")]
    parts.append(Panel(dC_dX, "X", "dC/dX", highlight=(tuple(pixel),)))
    names = [f"dC/dO{_at(output)}·F{_at(weight)}" for output, weight in touched.items()]
    note = _sum(f"dC/dX{_at(pixel)}", names, [dC_dO[output] for output in touched], list(factors.values()))
    return lay_out(ax, lambda cell: with_note(row_of(parts, cell), note, cell))


def draw_weight_terms(ax, X, dC_dO, dC_dF, weight, stride=1, padding=0):
    """Draw what lands on one entry of dC/dF: each pixel that the weight lay over, with dC/dO of what it led to.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_pixel_terms`.
    X : array, shape (H, W)
        Without padding.
    dC_dO : array, shape (H_out, W_out)
    dC_dF : array, shape (kH, kW)
    weight : (int, int)
        A row and a column of dC_dF.
    stride, padding
        Of the forward pass, as `conv2d_backward` takes them.

    Returns
    -------
    matplotlib.axes.Axes
    """
    where = "draw_weight_terms"
    X, dC_dO = checks.floats(where, X=(X, "(H, W)"), dC_dO=(dC_dO, "(H_out, W_out)"))
    dC_dF = checks.as_float(where, "dC_dF", dC_dF)
    plan = plan_of(where, X.shape, dC_dF.shape, stride, padding)
    checks.same_shape(where, "dC_dO", dC_dO, plan.output, "(H_out, W_out)")
    weight = place_in(where, "weight", weight, dC_dF.shape, "an array of shape")
    under = {tuple(map(int, np.multiply(each, plan.stride) + weight)): each for each in np.ndindex(dC_dO.shape)}
    labels = _labels({pixel: dC_dO[output] for pixel, output in under.items()})
    below = padded_panel(X, plan, labels=labels, label_role="O", highlight=tuple(under))
    parts = [below, operator("*"), Panel(dC_dO, "O", "dC/dO")]
    parts += [operator("="), Panel(dC_dF, "F", "dC/dF", highlight=(weight,))]
    names = [f"Xp{_at(pixel)}·dC/dO{_at(output)}" for pixel, output in under.items()]
    note = _sum(f"dC/dF{_at(weight)}", names, [below.array[pixel] for pixel in under], dC_dO.ravel())
    return lay_out(ax, lambda cell: with_note(row_of(parts, cell), note, cell))


def _at(place):
    return f"[{place[0]}, {place[1]}]"


def _labels(factors):
    return {place: f"×{number_texts(factor).item()}" for place, factor in factors.items()}


def _sum(name, names, values, factors):
    """Return a Sign with the sum in names, as many in a line as a page has room for, and below it in numbers."""
    if not names:
        return Sign(f"{name} = 0: it had no part in any output")
    lines = [" + ".join(names[first : first + IN_A_LINE]) for first in range(0, len(names), IN_A_LINE)]
    return Sign(f"{name} = " + " +\n".join(lines) + f"\n= {written_sum(values, factors)}")
