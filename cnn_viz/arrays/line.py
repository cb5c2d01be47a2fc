"""Windows on one line of pixels: a bracket for each, and hatching on the pixels that none of them reaches.

Shapes      one dimension; cells are numbered like the pixels of X, cells of the padding are grey and have no number.
Geometry    is computed by cnn_core/shapes.py.
Chapter     03.
"""

from dataclasses import dataclass, replace

import numpy as np

from cnn_core import checks
from cnn_viz.arrays.panel import ArrayPanel
from cnn_viz.arrays.windows import gaps_of, plan_of
from cnn_viz.base.layout import LINE, Column, Leaf, cell_of, draw_on_canvas
from cnn_viz.base.palette import INK
from cnn_viz.base.style import FONT, picture
from cnn_viz.base.text import counted

BRACKET, INSET, TICK = 0.55, 0.1, 0.16  # cells: from one row of brackets to the next, beside a bracket, its two ends


@picture
def draw_line_windows(ax, sizes, kernel, stride=1, padding=0):
    """Draw lines of pixels one above the other, with a bracket over each line for every window that fits.

    A bracket carries the number of the output it gives. Pixels that no window reaches are hatched: those that are left
    over at the end, and those between two windows if the stride is larger than the kernel.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a canvas of the right size; None is a new figure.
    sizes : sequence of int
        The number of pixels of each line.
    kernel, stride : int
    padding : int, 'valid', 'same' or 'include'
    """
    checks.expect(isinstance(sizes, (list, tuple)), "sizes must be a list of integers", sizes, checks.BadType)
    checks.require(len(sizes) > 0, "sizes is empty; at least one is needed, such as [6].")
    sizes, kernel = [checks.integer("size", size) for size in sizes], checks.integer("kernel", kernel)
    checks.integer("stride", stride)
    lines = [_line(size, plan_of((1, size), (1, kernel), (1, stride), _across(padding))) for size in sizes]
    widest = max(line.panel.cells.shape[1] for line in lines)
    return draw_on_canvas(ax, Column([replace(line, widest=widest) for line in lines]))


def _across(padding):
    """Return the padding of one dimension as that of two; a name leaves a row of height 1 as it is."""
    return padding if isinstance(padding, str) else (0, checks.integer("padding", padding, 0))


@dataclass(frozen=True, eq=False)
class _Line(Leaf):
    """A line of pixels under its brackets, under a title; `widest` cells wide, so that lines begin at one place."""

    panel: ArrayPanel
    starts: range
    kernel: int
    title: str
    widest: int = 0
    above = LINE

    @property
    def levels(self):
        """Return how many rows of brackets are needed so that no two overlap."""
        return min(-(-self.kernel // self.starts.step), len(self.starts))

    def size(self, cell):
        """Return its (height, width) in cells, its title included."""
        return 1 + self.levels * BRACKET + self.above / cell, self.widest

    def draw(self, ax, top, left):
        """Draw it on a canvas, with its first bracket at (top, left)."""
        ax.text(left, top - 6 / cell_of(ax), self.title, ha="left", va="baseline")
        for number, start in enumerate(self.starts):
            self._bracket(ax, number, left + start, top + (number % self.levels + 0.5) * BRACKET)
        self.panel.draw(ax, top + self.levels * BRACKET, left)

    def _bracket(self, ax, number, left, y):
        ends = left + INSET, left + self.kernel - INSET
        ax.plot([ends[0], *ends, ends[1]], [y + TICK, y, y, y + TICK], color=INK, linewidth=1.6)
        ground = {"facecolor": "white", "linewidth": 0, "pad": 1.5}
        ax.text(sum(ends) / 2, y, f"{number}", ha="center", va="center", fontsize=FONT, bbox=ground)


def _line(size, plan):
    """Return the _Line of `size` pixels."""
    (before, after), outputs = plan.padding[1], plan.output[1]
    pixels = np.pad(np.arange(size), (before, after))
    outside = tuple((0, place) for place in range(len(pixels)) if not before <= place < before + size)
    marks = {"padding": ((0, 0), (before, after)), "excluded": plan.excluded, "gaps": gaps_of(plan), "empty": outside}
    starts = range(0, outputs * plan.stride[1], plan.stride[1])
    rest = f"{plan.excluded[1]} left over" + " (padding included)" * (before + after > 0)
    title = f"{counted(size, 'pixel')}: {counted(outputs, 'window')}, {rest}"
    return _Line(ArrayPanel(pixels, "X", "", **marks), starts, plan.kernel[1], title)
