"""Layout of pictures made of boxes: every box is measured, the cell size is chosen, and then each box is placed once.

Canvas      axes whose unit is one cell; rows go down, columns to the right.
Box         size(cell) -> (height, width) and placed(cell) -> [(leaf, top, left)], both in cells, if a cell is `cell`
            pixels wide. A leaf is drawn by draw(ax, top, left): a TextBox here, a Panel of arrays/panel.py.
Cell size   all arrays of a picture share one: the largest with which the picture fits on the page. Texts keep their
            size in points.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from matplotlib.textpath import TextPath

from cnn_viz.base.figures import DPI, TALLEST, WIDEST, add_axes, new_figure
from cnn_viz.base.style import FONT, picture

CELL, SMALLEST = 40, 8  # pixels: the side of a cell, and the smallest one where space is short
LARGE = 16  # points: operators
LINE = 20  # pixels: the height of a line of text
MARGIN = 8  # pixels around everything
GAP = 14  # pixels between the boxes of a row or a column
NOTE_GAP = 8  # pixels between a picture and its note


# --- the canvas -------------------------------------------------------------------------------------------------------


def new_canvas(rows, columns, cell=CELL):
    """Return axes on a new figure of `rows` by `columns` cells, `cell` pixels each.

    Cell (row, column) lies between column and column + 1, and between row and row + 1 from above.
    """
    width, height = math.ceil(columns * cell), math.ceil(rows * cell)
    return _with_cells(add_axes(new_figure(width, height), 0, 0, width, height), (0, columns), (rows, 0))


def cell_of(ax):
    """Return how many pixels of the page a cell of this canvas is wide."""
    width, height = _pixels(ax)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    return min(width / (right - left), height / (bottom - top))


def draw_on_canvas(ax, box):
    """Draw a box, and return its axes.

    Axes without limits become a canvas that fits the box; None is a new figure of the right size.
    """
    if ax is None or ax.get_autoscale_on():
        ax = _canvas_for(ax, box)
    for leaf, top, left in box.placed(cell_of(ax)):
        leaf.draw(ax, top, left)
    return ax


def _canvas_for(ax, box):
    space = (WIDEST, TALLEST) if ax is None else _pixels(ax)
    cell = next((cell for cell in range(CELL, SMALLEST, -1) if _fits(box, cell, space)), SMALLEST)
    height, width = box.size(cell)
    if ax is None:
        space = math.ceil(width * cell + 2 * MARGIN), math.ceil(height * cell + 2 * MARGIN)
        ax = add_axes(new_figure(*space), 0, 0, *space)
    across, down = (pixels / cell for pixels in space)
    left, top = (width - across) / 2, (height - down) / 2
    return _with_cells(ax, (left, left + across), (top + down, top))


def _fits(box, cell, space):
    height, width = box.size(cell)
    return width * cell + 2 * MARGIN <= space[0] and height * cell + 2 * MARGIN <= space[1]


def _with_cells(ax, across, down):
    ax.set(xlim=across, ylim=down)
    ax.set_axis_off()
    return ax


def _pixels(ax):
    box, (width, height) = ax.get_position(), ax.figure.get_size_inches()
    return box.width * width * DPI, box.height * height * DPI


# --- texts ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
@picture
def text_size(text, points=FONT):
    """Return the (width, height) of a text in pixels."""
    lines = text.split("\n")
    widths = [TextPath((0, 0), line, size=points).get_extents().x1 if line.strip() else 0 for line in lines]
    return max(widths) * DPI / 72, len(lines) * points * 1.4 * DPI / 72


class Leaf:
    """A box that draws itself; subclasses have `size` and `draw`."""

    above = 0  # pixels that its title needs

    def inset(self, cell):
        """Return how far its first column lies from the left edge of its box, in cells."""
        return 0.0

    def placed(self, cell):
        """Return itself, below its title."""
        return [(self, self.above / cell, self.inset(cell))]


@dataclass(frozen=True)
class TextBox(Leaf):
    """A text in the middle of its box: an operator or a note.

    Attributes
    ----------
    text : str
    points : float
    note : str
        A smaller text under it.
    """

    text: str
    points: float = FONT
    note: str = ""

    def size(self, cell):
        """Return its (height, width) in cells."""
        width, height = text_size(self.text, self.points)
        note_width, note_height = text_size(self.note) if self.note else (0, 0)
        return (height + note_height) / cell, max(width, note_width) / cell

    def draw(self, ax, top, left):
        """Write it with the upper left corner of its box at (top, left)."""
        height, width = self.size(cell_of(ax))
        style = {"ha": "center", "linespacing": 1.25}
        if not self.note:
            ax.text(left + width / 2, top + height / 2, self.text, va="center", fontsize=self.points, **style)
            return
        ax.text(left + width / 2, top, self.text, va="top", fontsize=self.points, **style)
        ax.text(left + width / 2, top + height, self.note, va="bottom", fontsize=FONT, **style)


def operator(text):
    """Return a TextBox: its first line is large if it is a single character, the lines after it are a note under it."""
    head, _, note = text.partition("\n")
    return TextBox(head, LARGE if len(head) == 1 else FONT, note)


def row_of(parts):
    """Return a Row of leaves; a text among them is an operator."""
    return Row([operator(part) if isinstance(part, str) else part for part in parts])


# --- boxes made of boxes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Row:
    """Leaves side by side, centred on one line, their titles above it."""

    leaves: list

    def size(self, cell):
        """Return its (height, width) in cells."""
        return self._above(cell) + max(self._heights(cell)), self._lefts(cell)[-1] - GAP / cell

    def placed(self, cell):
        """Return its leaves with their places."""
        above, heights, lefts = self._above(cell), self._heights(cell), self._lefts(cell)
        return [
            (leaf, above + (max(heights) - height) / 2, left + leaf.inset(cell))
            for leaf, height, left in zip(self.leaves, heights, lefts[:-1], strict=True)
        ]

    def _above(self, cell):
        return max(leaf.above for leaf in self.leaves) / cell

    def _heights(self, cell):
        """Return the heights of the leaves without their titles."""
        return [leaf.size(cell)[0] - leaf.above / cell for leaf in self.leaves]

    def _lefts(self, cell):
        """Return where each leaf begins, and where another one would."""
        lefts = [0.0]
        for leaf in self.leaves:
            lefts.append(lefts[-1] + (leaf.size(cell)[1] + GAP / cell))
        return lefts


@dataclass(frozen=True, eq=False)
class Column:
    """Boxes one below the other, each in the middle of the width."""

    boxes: list

    def size(self, cell):
        """Return its (height, width) in cells."""
        heights, widths = zip(*(box.size(cell) for box in self.boxes), strict=True)
        return self._tops(heights, cell)[-1] - GAP / cell, max(widths)

    def placed(self, cell):
        """Return the leaves of its boxes with their places."""
        heights, widths = zip(*(box.size(cell) for box in self.boxes), strict=True)
        found = []
        for box, top, width in zip(self.boxes, self._tops(heights, cell)[:-1], widths, strict=True):
            found += moved(box.placed(cell), top, (max(widths) - width) / 2)
        return found

    def _tops(self, heights, cell):
        """Return where each box begins, and where another one would."""
        tops = [0.0]
        for height in heights:
            tops.append(tops[-1] + (height + GAP / cell))
        return tops


@dataclass(frozen=True, eq=False)
class WithNote:
    """A box, and a note below the middle of it.

    Attributes
    ----------
    box : box
    note : TextBox
        An empty text takes no space.
    widest : TextBox, optional
        The note that space is kept for, so that several pictures with other notes have one size.
    """

    box: object
    note: TextBox
    widest: TextBox | None = None

    def size(self, cell):
        """Return its (height, width) in cells."""
        height, width = self.box.size(cell)
        note_height, note_width = self._note_size(cell)
        return (height + NOTE_GAP / cell) + note_height if note_height else height, max(width, note_width)

    def placed(self, cell):
        """Return the leaves of the box and the note with their places."""
        height, width = self.box.size(cell)
        _, note_width = self._note_size(cell)
        whole = max(width, note_width)
        found = moved(self.box.placed(cell), 0, (whole - width) / 2)
        if self.note.text:
            left = (whole - note_width) / 2 + (note_width - self.note.size(cell)[1]) / 2
            found.append((self.note, height + NOTE_GAP / cell, left))
        return found

    def _note_size(self, cell):
        kept = self.widest or self.note
        return kept.size(cell) if kept.text else (0, 0)


def moved(placed, down, right):
    """Return leaves with their places, all moved by (down, right)."""
    return [(leaf, top + down, left + right) for leaf, top, left in placed]
