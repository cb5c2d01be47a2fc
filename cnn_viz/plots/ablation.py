"""An ablation: the results of a recipe without each of its parts, and with others, as dots beside the whole recipe.

Marks       a dot for each seed, a vertical bar at their mean, a line from the least to the largest; the range of the
            whole recipe is shaded through all rows. The rows stand in groups, each under a bold heading.
Chapters    12.
"""

from cnn_core import checks
from cnn_viz.base.axes import label_axes
from cnn_viz.base.figures import WIDEST, add_axes, new_figure
from cnn_viz.base.palette import INK, PADDING
from cnn_viz.base.style import picture

ROW, TOP, BOTTOM = 24, 26, 46  # pixels: a row, above the first row, the axis
NAMES, NOTES = 220, 110  # pixels: to the left of the axes, to the right of them


@picture
def show_ablation(groups, whole, unit, notes=None, head=""):
    """Draw the results of several trainings for each variant of a recipe.

    Parameters
    ----------
    groups : {str: {str: sequence of float}}
        For each heading the variants under it, and for each of these a result a seed.
    whole : sequence of float
        The results of the whole recipe.
    unit : str
        The label of the axis.
    notes : {str: str}, optional
        A short text for each variant, at the right.
    head : str
        Written above the notes.
    """
    rows = [row for heading, variants in groups.items() for row in [(heading, None), *variants.items()]]
    tall, wide = ROW * len(rows), WIDEST - NAMES - NOTES
    figure = new_figure(WIDEST, TOP + tall + BOTTOM)
    ax = add_axes(figure, NAMES, TOP, wide, tall)
    whole = checks.as_float("whole", whole)
    ax.axvspan(whole.min(), whole.max(), facecolor=PADDING, edgecolor="#9A9A9A", linewidth=0.8, zorder=0)
    for row, (name, values) in enumerate(rows):
        beside = {"va": "center", "transform": ax.get_yaxis_transform()}
        ax.text(-0.02, row, name, ha="right", weight="bold" if values is None else "normal", **beside)
        if values is not None:
            _draw_results(ax, row, checks.as_float(name, values))
            ax.text(1.03, row, (notes or {}).get(name, ""), **beside)
    ax.text(1.03, -1, head, va="center", weight="bold", transform=ax.get_yaxis_transform())
    ax.set(ylim=(len(rows) - 0.5, -0.5), yticks=[])
    ax.spines["left"].set_visible(False)
    label_axes(ax, across=unit)
    ax.grid(axis="x")
    return figure


def _draw_results(ax, row, values):
    ax.plot([values.min(), values.max()], [row, row], color=INK, linewidth=0.8, zorder=1)
    ax.plot(values, [row] * len(values), "o", color="white", markeredgecolor=INK, markersize=6, zorder=2)
    ax.plot([values.mean()] * 2, [row - 0.33, row + 0.33], color=INK, linewidth=2.4, zorder=3)
