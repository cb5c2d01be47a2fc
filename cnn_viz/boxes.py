"""Boxes: one output of a network drawn to scale, as a stack of sheets or, a vector, as a row of cells.

Sizes       in pixels of the page: the axes' unit. `scale` is how many a pixel of the output takes.
Used by     networks.py.
"""

import math
from dataclasses import dataclass

from matplotlib.patches import Rectangle

from cnn_viz.palette import INK
from cnn_viz.sheets import FONT, cell_of

SHEETS, SHIFT = 6, 3  # channels that are drawn at most; pixels from one to the next
THINNEST = 4  # pixels: a side that would be shorter
BEAD, BEADS = 10, 19  # pixels: the side of a cell of a vector; how many are drawn at most, dots in the middle


def box_of(shape, scale):
    """Return the box for an output of this shape, without N: a Stack for (C, H, W), else Beads."""
    return Stack(shape, scale) if len(shape) == 3 else Beads(math.prod(shape))


@dataclass(frozen=True)
class Stack:
    """An output (C, H, W): a sheet for each channel, as many as SHEETS.

    Attributes
    ----------
    shape : (int, int, int)
    scale : float
    """

    shape: tuple
    scale: float

    @property
    def is_cut(self):
        """Whether it has more channels than are drawn."""
        return self.shape[0] > SHEETS

    @property
    def sheets(self):
        """How many sheets are drawn."""
        return min(self.shape[0], SHEETS)

    @property
    def sides(self):
        """Height and width of a sheet in pixels."""
        return tuple(max(length * self.scale, THINNEST) for length in self.shape[1:])

    @property
    def height(self):
        """Of the whole stack."""
        return self.sides[0] + SHIFT * (self.sheets - 1)

    @property
    def width(self):
        """Of the whole stack."""
        return self.sides[1] + SHIFT * (self.sheets - 1)

    def draw(self, ax, middle, axis, stage, colour):
        """Draw it around its middle, with what is marked on its front sheet."""
        height, width = self.sides
        left, top = axis - self.width / 2, middle + self.height / 2 - height
        for back in reversed(range(self.sheets)):
            corner = left + SHIFT * back, top - SHIFT * back
            ax.add_patch(Rectangle(corner, width, height, facecolor=colour, edgecolor=INK, linewidth=0.8))
        rows, columns = stage.left_out
        for first, length in rows:
            self._hatch(ax, left, top, (first, 0, length, self.shape[2]))
        for first, length in columns:
            self._hatch(ax, left, top, (0, first, self.shape[1], length))
        if stage.block:
            self._mark(ax, left, top, stage.block, linewidth=1.8 * cell_of(ax), edgecolor=INK, zorder=3)

    def _hatch(self, ax, left, top, block):
        self._mark(ax, left, top, block, linewidth=0.6, edgecolor=INK, hatch="//////", zorder=2)

    def _mark(self, ax, left, top, block, **style):
        down, across = (side / length for side, length in zip(self.sides, self.shape[1:], strict=True))
        row, column, rows, columns = block
        corner = left + column * across, top + row * down
        ax.add_patch(Rectangle(corner, columns * across, rows * down, fill=False, joinstyle="miter", **style))


@dataclass(frozen=True)
class Beads:
    """A vector: a cell for each number; of a long one the first and the last, and dots between them.

    Attributes
    ----------
    count : int
    """

    count: int
    height = BEAD

    @property
    def is_cut(self):
        """Whether it is longer than it is drawn."""
        return self.count > BEADS

    @property
    def places(self):
        """Where a cell is drawn, counted in cells from the left."""
        dots = range(BEADS // 2 - 1, BEADS // 2 + 2) if self.is_cut else ()
        return [place for place in range(min(self.count, BEADS)) if place not in dots]

    @property
    def width(self):
        """In pixels."""
        return BEAD * min(self.count, BEADS)

    def draw(self, ax, middle, axis, stage, colour):
        """Draw it around its middle."""
        for place in self.places:
            corner = axis - self.width / 2 + BEAD * place, middle - BEAD / 2
            ax.add_patch(Rectangle(corner, BEAD, BEAD, facecolor=colour, edgecolor=INK, linewidth=0.8))
        if self.is_cut:
            draw_dots(ax, axis, middle)


def draw_dots(ax, across, middle):
    """Write the dots that stand for what is not drawn."""
    style = {"ha": "center", "va": "center", "fontsize": FONT * cell_of(ax), "color": INK, "weight": "bold"}
    ax.text(across, middle, "···", **style)
