"""Sheets: squared paper for pictures of arrays. One unit of the axes is one cell; rows go down, columns to the right.

Layout      arrange(cell) says what lies where if a cell is `cell` pixels wide: [(item, top, left)], (height, width), in
            cells. An item is anything with draw(ax, top, left): a Sign, a Panel of arrays.py.
Sizes       all arrays of a picture are drawn on one sheet, so their cells have one size: the largest with which all of
            it fits. Texts keep their size in points, and are measured before anything is placed.
Used by     arrays.py, windows.py, products.py, networks.py.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from matplotlib.textpath import TextPath

from cnn_viz.figures import DPI, TALLEST, WIDEST, add_axes, new_figure
from cnn_viz.palette import INK

CELL, SMALLEST = 40, 8  # pixels: the side of a cell where there is room, and where there is least
FONT, LARGE = 9, 16  # points: names and notes; operators
LINE = 20  # pixels: the height of a line of FONT
MARGIN = 8  # pixels around everything


def new_sheet(rows, columns, cell=CELL):
    """Return axes on a new figure for a picture of your own: `rows` by `columns` cells of `cell` pixels.

    Parameters
    ----------
    rows, columns, cell : float

    Returns
    -------
    matplotlib.axes.Axes
        Cell (row, column) lies between column and column + 1, and between row and row + 1 from above.
    """
    width, height = math.ceil(columns * cell), math.ceil(rows * cell)
    return _ruled(add_axes(new_figure(width, height), 0, 0, width, height), (0, columns), (rows, 0))


def cell_of(ax):
    """Return how many pixels of the page a cell of this sheet is wide."""
    width, height = _pixels(ax)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    return min(width / (right - left), height / (bottom - top))


def lay_out(ax, arrange):
    """Draw what arrange says on a sheet, and return its axes.

    Axes whose limits nobody has set become a sheet of the right size; None is a new figure of the right size.
    """
    if ax is None or ax.get_autoscale_on():
        ax = _sheet_for(ax, arrange)
    items, _ = arrange(cell_of(ax))
    for item, top, left in items:
        item.draw(ax, top, left)
    return ax


def with_note(arrangement, note, cell):
    """Return an arrangement with a Sign under it, in the middle; without one if its text is empty."""
    items, (height, width) = arrangement
    if not note.text:
        return arrangement
    (note_height, note_width), gap = note.size(cell), 8 / cell
    whole = max(width, note_width)
    moved = [(item, top, left + (whole - width) / 2) for item, top, left in items]
    return [*moved, (note, height + gap, (whole - note_width) / 2)], (height + gap + note_height, whole)


def _sheet_for(ax, arrange):
    room = (WIDEST, TALLEST) if ax is None else _pixels(ax)
    cell = next((cell for cell in range(CELL, SMALLEST, -1) if _fits(arrange, cell, room)), SMALLEST)
    height, width = arrange(cell)[1]
    if ax is None:
        room = math.ceil(width * cell + 2 * MARGIN), math.ceil(height * cell + 2 * MARGIN)
        ax = add_axes(new_figure(*room), 0, 0, *room)
    across, down = (pixels / cell for pixels in room)
    left, top = (width - across) / 2, (height - down) / 2
    return _ruled(ax, (left, left + across), (top + down, top))


def _fits(arrange, cell, room):
    height, width = arrange(cell)[1]
    return width * cell + 2 * MARGIN <= room[0] and height * cell + 2 * MARGIN <= room[1]


def _ruled(ax, across, down):
    ax.set(xlim=across, ylim=down)
    ax.set_axis_off()
    return ax


def _pixels(ax):
    box, (width, height) = ax.get_position(), ax.figure.get_size_inches()
    return box.width * width * DPI, box.height * height * DPI


# --- texts -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def text_size(text, points=FONT):
    """Return the (width, height) of a text in pixels."""
    lines = text.split("\n")
    widths = [TextPath((0, 0), line, size=points).get_extents().x1 if line.strip() else 0 for line in lines]
    return max(widths) * DPI / 72, len(lines) * points * 1.4 * DPI / 72


def counted(number, thing):
    """Return how many things there are, in words: '1 row', '2 rows'."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Sign:
    """A text in the middle of its place: an operator, a note.

    Attributes
    ----------
    text : str
    points : float
    note : str
        What stands under it in FONT.
    """

    text: str
    points: float = FONT
    note: str = ""
    above = 0  # pixels: it has no title

    def inset(self, cell):
        """Return how far it is drawn from the left end of its place."""
        return 0.0

    def size(self, cell):
        """Return its (height, width) in cells."""
        width, height = text_size(self.text, self.points)
        note_width, note_height = text_size(self.note) if self.note else (0, 0)
        return (height + note_height) / cell, max(width, note_width) / cell

    def draw(self, ax, top, left):
        """Write it into its place, whose upper left corner this is."""
        height, width = self.size(cell_of(ax))
        style = {"ha": "center", "color": INK, "linespacing": 1.25}
        if not self.note:
            ax.text(left + width / 2, top + height / 2, self.text, va="center", fontsize=self.points, **style)
            return
        ax.text(left + width / 2, top, self.text, va="top", fontsize=self.points, **style)
        ax.text(left + width / 2, top + height, self.note, va="bottom", fontsize=FONT, **style)
