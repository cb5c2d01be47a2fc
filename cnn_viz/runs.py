"""Runs side by side: lines against the step with the name at each end, and the results of several seeds as dots.

Colours     METHOD, as in paths.py; what is no method is drawn in ink, each with its own kind of line.
Spread      show_spread: a dot a seed, one row a name, an upright bar at their mean. The scale is the reader's own: what
            is close together lies close together.
Story       notebooks/07_optimisers.
"""

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cnn_core import checks
from cnn_viz.curves import round_numbers
from cnn_viz.figures import add_axes, new_figure
from cnn_viz.palette import INK, METHOD
from cnn_viz.paths import FONT, styles_of, write_names

LEFT, TOP, WIDE, HIGH, RIGHT, BOTTOM = 82, 26, 470, 220, 190, 46  # pixels
ROW = 34  # pixels: a name with its dots
NAMES = 150  # pixels
FEW = 12  # values: each has a mark


def show_lines(lines, x=None, names=("step", ""), title="", log=False, wide=WIDE):
    """Draw one line for each name against the step, or against x, with the name at its end.

    Parameters
    ----------
    lines : dict of str: array, shape (S,)
        Finite; above 0 where the scale is logarithmic.
    x : array, shape (S,), optional
        Otherwise 1, 2, ... S. A few values at given places have a mark each.
    names : (str, str)
        What is written along the two edges.
    title : str
    log : bool
        Whether both scales (with x) or the upright one (without) are logarithmic. Otherwise it begins at 0 if it can.
    wide : int
        How many pixels the lines have from left to right.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(LEFT + wide + RIGHT, TOP + HIGH + BOTTOM)
    ax = add_axes(figure, LEFT, TOP, wide, HIGH)
    ends = {}
    for (name, values), (colour, kind) in zip(lines.items(), styles_of(lines), strict=True):
        at = np.arange(1, len(values) + 1) if x is None else np.asarray(x)
        mark = "o" if x is not None and len(at) <= FEW else ""
        ax.plot(at, values, color=colour, linestyle=kind, linewidth=1.8, marker=mark)
        ends[name] = (at[-1], values[-1])
    _scale(ax, x, log, min(np.min(values) for values in lines.values()))
    write_names(ax, ends)
    _dress(ax, names, title)
    ax.grid(axis="y", color=INK, linewidth=0.8, alpha=0.12)
    return figure


def show_spread(results, unit, title="", mean=True, notes=None):
    """Draw the results of several seeds: a dot for each, a row for each name, a bar at the mean of the row.

    Parameters
    ----------
    results : dict of str: array, shape (seeds,)
    unit : str
        What the results are.
    title : str
    mean : bool
        Whether there is a bar: a mean of things that are not alike would say nothing.
    notes : dict of str: str, optional
        A few words for each name, written under it.

    Returns
    -------
    matplotlib.figure.Figure
    """
    tall = ROW * len(results)
    figure = new_figure(NAMES + WIDE + 40, TOP + tall + BOTTOM)
    ax = add_axes(figure, NAMES, TOP, WIDE, tall)
    for row, (name, values) in enumerate(results.items()):
        values = checks.as_float("show_spread", name, values)
        ax.plot([values.min(), values.max()], [row, row], color=INK, linewidth=0.8, zorder=1)
        dots = {"color": METHOD.get(name, (INK,))[0], "markeredgecolor": INK, "markersize": 8, "alpha": 0.85}
        ax.plot(values, np.full(len(values), row), "o", **dots)
        if mean:
            ax.plot(values.mean(), row, "|", color=INK, markersize=22, markeredgewidth=2.5, zorder=4)
    labels = [f"{name}\n{notes[name]}" for name in results] if notes else list(results)
    ax.set(ylim=(len(results) - 0.5, -0.5), yticks=range(len(results)), yticklabels=labels)
    _dress(ax, (unit, ""), title)
    ax.grid(axis="x", color=INK, linewidth=0.8, alpha=0.12)
    return figure


def _scale(ax, x, log, lowest):
    if x is None:
        ax.margins(x=0)
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(FixedLocator(round_numbers(*ax.get_ylim())))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        ax.yaxis.set_minor_locator(NullLocator())
    elif lowest >= 0:
        ax.set_ylim(bottom=0)
    if log and x is not None:
        ax.set_xscale("log")
        ax.set_xticks(x, [f"{value:g}" for value in x])
        ax.xaxis.set_minor_locator(NullLocator())


def _dress(ax, names, title):
    ax.set_title(title, fontsize=FONT + 1, loc="left", color=INK)
    ax.set_xlabel(names[0], fontsize=FONT)
    ax.set_ylabel(names[1], fontsize=FONT)
    ax.tick_params(labelsize=FONT, length=3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
