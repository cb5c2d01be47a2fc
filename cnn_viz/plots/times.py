"""Times, or counts, made of parts: bars on a linear axis from 0, so that lengths can be compared and added.

Parts       are distinguished by grey and hatching, not by hue: the hues stand for arrays.
Chapters    09, 12.
"""

from matplotlib.ticker import FuncFormatter, MaxNLocator

from cnn_core import checks
from cnn_viz.base.figures import WIDEST, add_axes, new_figure
from cnn_viz.base.palette import INK
from cnn_viz.base.style import FONT, picture
from cnn_viz.base.text import duration

FILLS = (("#8C8C8C", ""), ("#FFFFFF", "////"), ("#D9D9D9", ""), ("#FFFFFF", "...."), ("#FFFFFF", ""))
BAR, LEGEND, ABOVE, BELOW = 34, 34, 8, 48  # pixels
NAMES, RIGHT = 210, 70  # pixels: space for the names, and for the last total


@picture
def show_parts(times, unit="an image", label=None, text=duration):
    """Draw a bar for each of several times; a bar is divided into its parts, and its total stands at its end.

    Parameters
    ----------
    times : {str: {str: float}}
        For each bar the seconds of its parts, from the left; parts of one name look the same in all bars. There are at
        most five names.
    unit : str
        What takes so long.
    label : str, optional
        The label of the axis, where the numbers are no times.
    text : callable
        number -> its text.
    """
    names = list(dict.fromkeys(name for parts in times.values() for name in parts))
    if len(names) > len(FILLS):
        raise checks.BadValue(f"times have {len(names)} kinds of parts: {names}. At most {len(FILLS)} can be drawn.")
    top = LEGEND if len(names) > 1 else ABOVE  # the axis says what a single kind of part is
    figure = new_figure(WIDEST, top + len(times) * BAR + BELOW)
    ax = add_axes(figure, NAMES, top, WIDEST - NAMES - RIGHT, len(times) * BAR)
    for row, (bar, parts) in enumerate(times.items()):
        end = _draw_bar(ax, row, checks.as_float(bar, list(parts.values())), [names.index(name) for name in parts])
        ax.annotate(text(end), (end, row), xytext=(5, 0), textcoords="offset points", va="center")
    ax.set(xlim=(0, None), ylim=(len(times) - 0.5, -0.5), yticks=range(len(times)), yticklabels=list(times))
    ax.set_xlabel(label or f"time for {unit} (shorter is faster)", fontsize=FONT + 1)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text(value) if value else "0"))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    if len(names) > 1:
        _draw_legend(ax, names)
    return figure


def _draw_bar(ax, row, seconds, fills):
    """Draw the parts of a bar one after the other, and return its end."""
    end = 0.0
    for length, fill in zip(seconds, fills, strict=True):
        ax.barh(row, length, left=end, height=0.68, **_style(fill))
        end += length
    return end


def _draw_legend(ax, names):
    for fill, name in enumerate(names):
        ax.barh(0, 0, label=name, **_style(fill))
    ax.legend(loc="lower right", bbox_to_anchor=(1.08, 1), ncols=len(names), frameon=False, columnspacing=1.2)


def _style(fill):
    face, hatch = FILLS[fill]
    return {"facecolor": face, "hatch": hatch, "edgecolor": INK, "linewidth": 0.8}
