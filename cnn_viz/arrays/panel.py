"""Panel: an array with a number in each cell, its name and shape above it, and marks on it; and panels in rows.

Shapes      array (H, W), or with axes of length 1 in front; one dimension is drawn as a row.
Hues        by role, of base/palette.py: X, F, O, B. Padding is grey, inserted zeros are white.
Marks       that need no hue: a thick line between an array and its padding, dashed around a gradient; hatching on
            excluded pixels; a heavy outline around highlighted cells; rings; labels in the corners of cells.
Chapters    00 to 06, 08, 11.
"""

import re
from dataclasses import dataclass, field, replace

import numpy as np
from matplotlib.patches import Circle, Rectangle
from matplotlib.patheffects import withStroke

from cnn_core import checks
from cnn_viz.base.figures import DPI
from cnn_viz.base.layout import LINE, Column, Leaf, cell_of, draw_on_canvas, row_of, text_size
from cnn_viz.base.palette import EDGE, HUE, INK, PADDING, TINT
from cnn_viz.base.style import picture
from cnn_viz.base.text import number_texts

NUMBER = 11  # points: the largest number in a cell
SMALLEST_NUMBER, SMALLEST_LABEL = 4, 5  # points: smaller ones could not be read and are left out
MOST = 40  # rows and columns: more cells take seconds to draw, and could not be told apart
INSET = 2.5  # pixels between a label and the edges of its cell
NO_PADDING = (0, 0), (0, 0)


@picture
def draw_row(ax, parts):
    """Draw arrays side by side, with cells of one size and the operators between them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a canvas of the right size; None is a new figure.
    parts : list of Panel and str
        A text is an operator or an arrow: ``[Panel(X), "*", Panel(F, "F"), "=", Panel(O, "O")]``. It may have several
        lines, as in ``"→\\nrotated"``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    return draw_on_canvas(ax, _row(parts))


@picture
def draw_rows(ax, rows):
    """Draw several rows of arrays one below the other, with cells of one size: the steps of a computation.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_row`.
    rows : list of lists of Panel and str
        Each row as in `draw_row`; each stands in the middle of the width.

    Returns
    -------
    matplotlib.axes.Axes
    """
    checks.require(len(rows) > 0, "rows is empty; at least one is needed, such as [[Panel(X)]].")
    return draw_on_canvas(ax, Column([_row(parts) for parts in rows]))


def _row(parts):
    for part in parts:
        if not isinstance(part, ArrayPanel | str):
            raise checks.BadType(f"each part must be a Panel or a text, got {checks.shown(part)}.")
    return row_of(parts)


@dataclass(frozen=True, eq=False)
class ArrayPanel(Leaf):
    """A Panel whose errors carry the name of the drawing function that makes it."""

    array: np.ndarray
    role: str | None = "X"
    name: str | None = None
    padding: tuple = NO_PADDING
    excluded: tuple = (0, 0)
    dilation: int | tuple = 1
    highlight: tuple = ()
    rings: tuple = ()
    labels: dict = field(default_factory=dict)
    label_role: str | None = "F"
    decimals: int = 2
    empty: tuple = ()
    gaps: tuple = ((), ())

    def __post_init__(self):
        array = checks.real_array("array", self.array)
        checks.not_empty("array", array)
        if array.ndim == 0 or any(length != 1 for length in array.shape[:-2]):
            raise checks.BadValue(f"array has shape {array.shape}; expected (H, W). Choose one, such as array[0, 0].")
        if max(self.cells.shape) > MOST:
            raise checks.BadValue(
                f"array has shape {array.shape}; at most {MOST} rows and columns are drawn. Choose fewer, "
                f"such as array[:{MOST}, :{MOST}]."
            )
        if self.role is not None:
            checks.choice("role", self.role, tuple(HUE))
        object.__setattr__(self, "dilation", checks.pair("dilation", self.dilation))

    @property
    def cells(self):
        """The array as it is drawn, (H, W)."""
        return np.atleast_2d(self.array).reshape(np.atleast_2d(self.array).shape[-2:])

    @property
    def core(self):
        """Row, column, rows and columns of the array without its padding."""
        (top, bottom), (left, right) = self.padding
        return top, left, self.cells.shape[0] - top - bottom, self.cells.shape[1] - left - right

    @property
    def title(self):
        """Its name and shape."""
        name, shape = self.role or "" if self.name is None else self.name, np.shape(self.array)
        if not name:
            return ""
        if self.padding == NO_PADDING:
            return f"{name} {shape}"
        return f"{name} {(*shape[:-2], *self.core[2:])} padded {shape}"

    @property
    def above(self):
        """How many pixels the title needs."""
        return LINE if self.title else 0

    def size(self, cell):
        """Return its (height, width) in cells, its title included."""
        rows, columns = self.cells.shape
        return rows + self.above / cell, max(columns, text_size(self.title)[0] / cell)

    def inset(self, cell):
        """Return how far its first column lies from the left edge of its box, in cells."""
        return (self.size(cell)[1] - self.cells.shape[1]) / 2

    def draw(self, ax, top, left):
        """Draw it on a canvas, with its upper left cell at (top, left)."""
        if self.labels and self._label_points(ax) < SMALLEST_LABEL:
            return replace(self, labels={}).draw(ax, top, left)
        for place in np.ndindex(self.cells.shape):
            self._cell(ax, *place, top, left)
        self._numbers(ax, top, left)
        self._frames(ax, top, left)
        self._labels(ax, top, left)
        middle, above = left + self.cells.shape[1] / 2, top - 6 / cell_of(ax)
        ax.text(middle, above, self.title, ha="center", va="baseline")

    def colour(self, row, column):
        """Return the colour of a cell: that of the role is stronger where the cell is highlighted."""
        if not _contains(self.core, row, column):
            return PADDING
        if (row, column) in self.empty or not self.is_entry(row, column):
            return "white"
        is_marked = any(_contains(block, row, column) for block in self._blocks)
        return _colour(HUE if is_marked else TINT, self.role, "white")

    def is_entry(self, row, column):
        """Return whether a cell is an entry of the array, neither padding nor an inserted zero."""
        down, right = row - self.core[0], column - self.core[1]
        return _contains(self.core, row, column) and down % self.dilation[0] == right % self.dilation[1] == 0

    @property
    def _blocks(self):
        return [(*block, 1, 1)[:4] for block in self.highlight]

    def is_excluded(self, row, column):
        """Return whether no window reaches a cell."""
        rows, columns = self.cells.shape
        at_the_end = row >= rows - self.excluded[0] or column >= columns - self.excluded[1]
        return at_the_end or row in self.gaps[0] or column in self.gaps[1]

    def _cell(self, ax, row, column, top, left):
        corner, edge = (left + column, top + row), (_colour(EDGE, self.role, INK), 0.5)
        ax.add_patch(Rectangle(corner, 1, 1, facecolor=self.colour(row, column), edgecolor=edge, linewidth=0.6))
        if self.is_excluded(row, column):
            hatch = {"fill": False, "hatch": "////", "edgecolor": "#00000099", "linewidth": 0}
            ax.add_patch(Rectangle(corner, 1, 1, **hatch, zorder=1.5))

    def _numbers(self, ax, top, left):
        texts = number_texts(self.cells, self.decimals)
        points = _points(texts.flat, cell_of(ax))
        if points < SMALLEST_NUMBER:
            return
        for (row, column), text in np.ndenumerate(texts):
            if (row, column) in self.empty:
                continue
            halo = [withStroke(linewidth=3, foreground=self.colour(row, column))]  # keeps hatching off the number
            middle = {"ha": "center", "va": "center", "fontsize": points, "zorder": 4}
            effects = halo if self.is_excluded(row, column) else None
            ax.text(left + column + 0.5, top + row + self._height((row, column)), text, path_effects=effects, **middle)

    def _height(self, place):
        """Return how far below the upper edge of its cell a number stands: higher where a label lies under it."""
        return 0.34 if place in self.labels else 0.5

    def _frames(self, ax, top, left):
        gradient = (self.name or "").startswith("dC/")
        if gradient:  # white under the dashes, so that they can be seen on any hue
            _frame(ax, top, left, self.core, 2.4, "white", zorder=2)
        edge = _colour(EDGE, self.role, INK)
        _frame(ax, top, left, self.core, 2.0, edge, "--" if gradient else "-", zorder=2.5)
        for block in self._blocks:
            _frame(ax, top, left, block, 3.5, INK, zorder=3)
        for row, column in self.rings:
            ring = {"fill": False, "edgecolor": INK, "linewidth": 1.8, "zorder": 2.2}
            middle = left + column + 0.5, top + row + self._height((row, column))
            ax.add_patch(Circle(middle, 0.3 if (row, column) in self.labels else 0.4, **ring))

    def _labels(self, ax, top, left):
        for (row, column), text in self.labels.items():
            colour = _colour(HUE, self.label_role, "white")
            _label(ax, top + row + 1, left + column + 1, text, self._label_points(ax), colour)

    def _label_points(self, ax):
        return min(0.72 * NUMBER, 0.9 * _points(self.labels.values(), cell_of(ax)))


@dataclass(frozen=True, eq=False)
class Panel(ArrayPanel):
    """An array with its marks, ready to be drawn.

    Attributes
    ----------
    array : array, shape (H, W), (..., 1, H, W) or (W,)
        With its padding and its inserted zeros, if it has any.
    role : 'X', 'F', 'O', 'B' or None
        Decides the hue; None is white.
    name : str, optional
        Written above it, before its shape; its role if not given; '' is nothing. 'dC/d...' is a gradient.
    padding : ((int, int), (int, int))
        How many of the outer cells ((top, bottom), (left, right)) are padding.
    excluded : (int, int)
        How many of the last rows and columns no window reaches.
    dilation : int or (int, int)
        The distance of the entries; the zeros between them were inserted.
    highlight : list of (row, column) or (row, column, rows, columns)
        Cells and blocks with a heavy outline, counted on the padded array.
    rings : list of (row, column)
        Cells with a ring.
    labels : dict of (row, column): str
        Small texts in the corners of cells: the weight that lies over each.
    label_role : 'X', 'F', 'O', 'B' or None
        Decides the hue of the labels.
    decimals : int
        The most that are shown; whole numbers are shown without.
    empty : list of (row, column)
        Cells without a number: outputs of later steps are white, padding that takes no part is grey.
    gaps : (sequence of int, sequence of int)
        Rows and columns between two windows, which no window reaches either: hatched like the last ones.
    """

    @checks.public
    def __post_init__(self):
        super().__post_init__()


def _points(texts, cell):
    """Return the size of the largest font in which each of the texts fits into a cell."""
    alike = {re.sub(r"[0-9]", "0", text) for text in texts}  # all digits have one width, and measuring is slow
    widest = max((text_size(text, NUMBER)[0] for text in alike), default=1)
    return min(NUMBER, 0.42 * cell * 72 / DPI, NUMBER * 0.8 * cell / widest)


def _frame(ax, top, left, block, linewidth, colour, line="-", zorder=2):
    row, column, rows, columns = block
    linewidth *= min(1, cell_of(ax) / 30)  # thinner on small cells, whose numbers it would cover
    style = {"fill": False, "edgecolor": colour, "linestyle": line, "linewidth": linewidth, "zorder": zorder}
    ax.add_patch(Rectangle((left + column, top + row), columns, rows, joinstyle="miter", **style))


def _label(ax, bottom, right, text, points, colour):
    """Write a label into the lower right corner of a cell, clear of its outline."""
    width, height = (pixels / cell_of(ax) for pixels in text_size(text, points))
    bottom, right = bottom - INSET / cell_of(ax), right - INSET / cell_of(ax)
    width, height = width + 4 / cell_of(ax), min(height, 0.36)
    label = {"facecolor": colour, "edgecolor": INK, "linewidth": 0.6, "zorder": 2.4}
    ax.add_patch(Rectangle((right - width, bottom - height), width, height, **label))
    middle = {"ha": "center", "va": "center_baseline", "fontsize": points, "zorder": 4}
    ax.text(right - width / 2, bottom - height / 2, text, **middle)


def _contains(block, row, column):
    first_row, first_column, rows, columns = block
    return first_row <= row < first_row + rows and first_column <= column < first_column + columns


def _colour(colours, role, otherwise):
    return otherwise if role is None else colours[role]
