"""Histograms: how values are spread, as a table of small pictures with one row for each way to begin.

Scales      all pictures of a row but the first have one scale, so that a spread that shrinks or grows is seen as such;
            the first, the weights, has its own. The spread (the standard deviation) is written above each.
Guests      are drawn as they are; a row of equal values is one bar.
Story       notebooks/01_convolution.
"""

import numpy as np

from cnn_core import checks
from cnn_viz.figures import WIDEST, add_axes, new_figure
from cnn_viz.palette import HUE, INK

LEFT, TALL = 120, 62  # pixels: for the rows' names, for a histogram
GAP, HEAD, LINE = 24, 22, 36  # pixels: between columns, for the columns' names, for the numbers between rows
FONT, BINS = 9, 41


def show_histograms(table):
    """Draw a table of histograms: a row for each name, with columns of the same names in every row.

    Parameters
    ----------
    table : dict of str: dict of str: array
        The first column of each row wears the filters' hue, the others the output's.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = [list(row) for row in table.values()]
    if not rows or any(names != rows[0] for names in rows):
        raise ValueError(f"show_histograms: every row needs the same columns, got {rows}.")
    wide = (WIDEST - LEFT) // len(rows[0]) - GAP
    figure = new_figure(WIDEST, HEAD + len(rows) * (TALL + LINE) + 8)
    for column, name in enumerate(rows[0]):
        _write(figure, LEFT + column * (wide + GAP) + wide / 2, HEAD / 2, name, "bold")
    for number, (name, row) in enumerate(table.items()):
        top = HEAD + number * (TALL + LINE) + LINE / 2
        _write(figure, LEFT / 2 - 6, top + TALL / 2, name, "bold")
        widest = max((float(np.abs(values).max()) for values in list(row.values())[1:]), default=1.0)
        for column, values in enumerate(row.values()):
            ax = add_axes(figure, LEFT + column * (wide + GAP), top, wide, TALL)
            values = checks.as_float("show_histograms", name, values)
            _histogram(ax, values, *((HUE["O"], widest) if column else (HUE["F"], None)))
    return figure


def _histogram(ax, values, hue, limit):
    limit = limit or float(np.abs(values).max()) or 1.0
    low = -limit if values.min() < 0 or not values.std() else 0.0
    counts, edges = np.histogram(values, BINS, (1.1 * low, 1.1 * limit))
    ax.bar(edges[:-1], counts, np.diff(edges), align="edge", color=hue, edgecolor=INK, linewidth=0.3)
    ax.set(xlim=edges[[0, -1]], yticks=[], xticks=sorted({low, 0.0, limit}))
    ax.set_xticklabels([f"{tick:.2g}".replace("-", "−") for tick in ax.get_xticks()], fontsize=7)
    ax.tick_params(length=2, pad=1)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_title(f"spread {values.std():.2g}", fontsize=FONT - 1, color=INK, pad=1)


def _write(figure, x, y, text, weight="normal"):
    width, height = figure.get_size_inches() * figure.dpi
    place = x / width, 1 - y / height
    figure.text(*place, text, ha="center", va="center", fontsize=FONT, color=INK, weight=weight)
