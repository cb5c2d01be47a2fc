"""Arrays: numbers in cells, and several arrays in a row with the operators between them.

Shapes      array (H, W), or with axes of length 1 in front; one dimension is drawn as a row.
Hue         by role, of palette.py: X, F, O, B. Padding is grey, inserted zeros are white.
Signs       that need no hue: the name and shape above; a thick line between an array and its padding, dashed around a
            gradient; hatching on excluded pixels; a heavy outline around what is highlighted; rings; small weights.
Guests      are drawn as they are: nothing is computed from them, nothing is written to.
Story       notebooks/01_convolution, 02_dilation, 03_excluded_pixels, 04_pooling.
"""

import re
from dataclasses import dataclass, field, replace

import numpy as np
from matplotlib.patches import Circle, Rectangle
from matplotlib.patheffects import withStroke

from cnn_core import checks
from cnn_viz.figures import DPI
from cnn_viz.palette import HUE, INK, PADDING
from cnn_viz.sheets import FONT, LARGE, LINE, Sign, cell_of, lay_out, text_size

NUMBER = 11  # points: the largest number in a cell
SMALLEST_NUMBER, SMALLEST_LABEL = 4, 5  # points: smaller ones could not be read and are left out
MOST = 40  # rows and columns: more cells than that take seconds to draw, and nobody could tell them apart
LONGEST = 8  # characters that a cell has room for
INSET = 2.5  # pixels between a label and the edges of its cell
GAP = 14  # pixels on both sides of an operator
NONE = (0, 0), (0, 0)


def draw_array(ax, array, role="X", name=None, at=None, **marks):
    """Draw an array: its numbers in cells of its role's hue, its name and shape above.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes without limits become a sheet of the array's size; None is a new figure.
    array, role, name, **marks
        As in `Panel`: padding, excluded, dilation, highlight, rings, labels, label_role, decimals, empty.
    at : (float, float), optional
        Where on the sheet its upper left cell lies; see `new_sheet`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    panel = Panel(array, role, name, **marks)
    if at is None:
        return lay_out(ax, lambda cell: row_of([panel], cell))
    panel.draw(ax, *at)
    return ax


def draw_row(ax, parts):
    """Draw arrays side by side, with cells of one size and what is written between them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        As in `draw_array`.
    parts : list of Panel and str
        A text is an operator or an arrow: ``[Panel(X), "*", Panel(F, "F"), "=", Panel(O, "O")]``. It may have several
        lines, as in ``"→\\nrotated"``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    parts = [operator(part) if isinstance(part, str) else part for part in parts]
    return lay_out(ax, lambda cell: row_of(parts, cell))


def operator(text):
    """Return a Sign: its first line is large if it is a single character, what follows is a note under it."""
    head, _, note = text.partition("\n")
    return Sign(head, LARGE if len(head) == 1 else FONT, note)


def row_of(parts, cell):
    """Arrange Panels and Signs side by side, centred on one line, titles above it."""
    above = max(part.above for part in parts) / cell
    heights = [part.size(cell)[0] - part.above / cell for part in parts]
    items, left = [], 0.0
    for part, height in zip(parts, heights, strict=True):
        items.append((part, above + (max(heights) - height) / 2, left + part.inset(cell)))
        left += part.size(cell)[1] + GAP / cell
    return items, (above + max(heights), left - GAP / cell)


@dataclass(frozen=True, eq=False)
class Panel:
    """An array and what is marked on it, ready to be drawn.

    Attributes
    ----------
    array : array, shape (H, W), (..., 1, H, W) or (W,)
        With its padding and its inserted zeros, if it has any.
    role : 'X', 'F', 'O', 'B' or None
        Whose hue it wears; None is white.
    name : str, optional
        What stands above it, before its shape; its role if not given; '' is nothing. 'dC/d...' is a gradient.
    padding : ((int, int), (int, int))
        How many of its outer cells ((top, bottom), (left, right)) are padding.
    excluded : (int, int)
        How many of its last rows and columns no window reaches.
    dilation : int or (int, int)
        Entries stand in every so many rows and columns; between them zeros were inserted.
    highlight : list of (row, column) or (row, column, rows, columns)
        Cells and blocks with a heavy outline, counted on the array as it is given.
    rings : list of (row, column)
        Cells with a ring.
    labels : dict of (row, column): str
        What is written small into the corner of a cell: the weight that lies over it.
    label_role : 'X', 'F', 'O', 'B' or None
        Whose hue the labels wear.
    decimals : int
        How many are shown at most; whole numbers are shown without.
    empty : list of (row, column)
        Cells without a number: outputs that later steps give are white, padding that takes no part is grey.
    """

    array: np.ndarray
    role: str | None = "X"
    name: str | None = None
    padding: tuple = NONE
    excluded: tuple = (0, 0)
    dilation: int | tuple = 1
    highlight: tuple = ()
    rings: tuple = ()
    labels: dict = field(default_factory=dict)
    label_role: str | None = "F"
    decimals: int = 2
    empty: tuple = ()

    def __post_init__(self):
        array = checks.real_array("Panel", "array", self.array)
        checks.not_empty("Panel", "array", array)
        if array.ndim == 0 or any(length != 1 for length in array.shape[:-2]):
            raise ValueError(f"Panel: array has shape {array.shape}; expected (H, W). Choose one, such as array[0, 0].")
        if max(self.cells.shape) > MOST:
            raise ValueError(
                f"Panel: array has shape {array.shape}; at most {MOST} rows and columns are drawn. Choose fewer, "
                f"such as array[:{MOST}, :{MOST}]."
            )
        if self.role is not None:
            checks.choice("Panel", "role", self.role, tuple(HUE))
        object.__setattr__(self, "dilation", checks.pair("Panel", "dilation", self.dilation))

    @property
    def cells(self):
        """The array as it is drawn, (H, W)."""
        return np.atleast_2d(self.array).reshape(np.atleast_2d(self.array).shape[-2:])

    @property
    def core(self):
        """Row, column, rows and columns of what is no padding."""
        (top, bottom), (left, right) = self.padding
        return top, left, self.cells.shape[0] - top - bottom, self.cells.shape[1] - left - right

    @property
    def title(self):
        """Its name and shape."""
        name, shape = self.role or "" if self.name is None else self.name, np.shape(self.array)
        if not name:
            return ""
        if self.padding == NONE:
            return f"{name} {shape}"
        return f"{name} {(*shape[:-2], *self.core[2:])} padded {shape}"

    @property
    def above(self):
        """How many pixels its title needs above it."""
        return LINE if self.title else 0

    def size(self, cell):
        """Return its (height, width) in cells, its title included."""
        rows, columns = self.cells.shape
        return rows + self.above / cell, max(columns, text_size(self.title)[0] / cell)

    def inset(self, cell):
        """Return how far its first column lies from the left end of its place, in cells."""
        return (self.size(cell)[1] - self.cells.shape[1]) / 2

    def draw(self, ax, top, left):
        """Draw it on a sheet, with its upper left cell at (top, left)."""
        if self.labels and self._label_points(ax) < SMALLEST_LABEL:
            return replace(self, labels={}).draw(ax, top, left)
        for place in np.ndindex(self.cells.shape):
            self._cell(ax, *place, top, left)
        self._numbers(ax, top, left)
        self._frames(ax, top, left)
        self._labels(ax, top, left)
        middle, above = left + self.cells.shape[1] / 2, top - 6 / cell_of(ax)
        ax.text(middle, above, self.title, ha="center", va="baseline", fontsize=FONT, color=INK)

    def colour(self, row, column):
        """Return the colour of a cell."""
        first_row, first_column, rows, columns = self.core
        down, right = row - first_row, column - first_column
        if not (0 <= down < rows and 0 <= right < columns):
            return PADDING
        inserted = down % self.dilation[0] or right % self.dilation[1]
        return "white" if inserted or (row, column) in self.empty else _hue(self.role)

    def is_excluded(self, row, column):
        """Return whether no window reaches a cell."""
        rows, columns = self.cells.shape
        return row >= rows - self.excluded[0] or column >= columns - self.excluded[1]

    def _cell(self, ax, row, column, top, left):
        corner = left + column, top + row
        ax.add_patch(Rectangle(corner, 1, 1, facecolor=self.colour(row, column), edgecolor="#00000059", linewidth=0.6))
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
            middle = {"ha": "center", "va": "center", "fontsize": points, "color": INK, "zorder": 4}
            effects = halo if self.is_excluded(row, column) else None
            ax.text(left + column + 0.5, top + row + self._height((row, column)), text, path_effects=effects, **middle)

    def _height(self, place):
        """Return how far below the upper edge of its cell a number stands: higher where a label lies under it."""
        return 0.34 if place in self.labels else 0.5

    def _frames(self, ax, top, left):
        gradient = (self.name or "").startswith("dC/")
        if gradient:  # white under the dashes, so that they can be seen on any hue
            _frame(ax, top, left, self.core, 2.4, "white", zorder=2)
        _frame(ax, top, left, self.core, 2.0, INK, "--" if gradient else "-", zorder=2.5)
        for block in self.highlight:
            _frame(ax, top, left, (*block, 1, 1)[:4], 3.5, INK, zorder=3)
        for row, column in self.rings:
            ring = {"fill": False, "edgecolor": INK, "linewidth": 1.8, "zorder": 2.2}
            middle = left + column + 0.5, top + row + self._height((row, column))
            ax.add_patch(Circle(middle, 0.3 if (row, column) in self.labels else 0.4, **ring))

    def _labels(self, ax, top, left):
        for (row, column), text in self.labels.items():
            _label(ax, top + row + 1, left + column + 1, text, self._label_points(ax), _hue(self.label_role))

    def _label_points(self, ax):
        return min(0.72 * NUMBER, 0.9 * _points(self.labels.values(), cell_of(ax)))


def number_texts(array, decimals=2):
    """Return the numbers of an array as texts, all with as many decimals as they need, at most `decimals`.

    Where one of them is too long for a cell, all are rounded to three digits.

    Parameters
    ----------
    array : array
    decimals : int

    Returns
    -------
    ndarray of str, the shape of array

    Examples
    --------
    >>> number_texts([1.0, -2.0]).tolist(), number_texts([0.5, 1 / 3]).tolist(), number_texts([0.5]).tolist()
    (['1', '−2'], ['0.50', '0.33'], ['0.5'])
    """
    array = np.asarray(array, dtype=float)
    places = next((places for places in range(decimals) if are_round(array, places)), decimals)
    rounded = array.round(places) + 0.0  # + 0.0: no minus before a zero
    texts = [f"{value:.{places}f}" for value in rounded.flat]
    if max(map(len, texts), default=0) > LONGEST:
        texts = [f"{value:.3g}" for value in array.flat]
    return np.array([text.replace("-", "−") for text in texts], dtype=object).reshape(array.shape)


def are_round(numbers, decimals):
    """Return whether none of the numbers needs more decimals, but for what floating point adds to them."""
    numbers = np.asarray(numbers, dtype=float)
    return bool(np.isclose(numbers.round(decimals), numbers, rtol=1e-6, atol=1e-9, equal_nan=True).all())


def _points(texts, cell):
    """Return the size of the largest font in which each of the texts fits into a cell."""
    alike = {re.sub(r"[0-9]", "0", text) for text in texts}  # digits are equally wide, and measuring takes long
    widest = max((text_size(text, NUMBER)[0] for text in alike), default=1)
    return min(NUMBER, 0.42 * cell * 72 / DPI, NUMBER * 0.8 * cell / widest)


def _frame(ax, top, left, block, linewidth, colour, line="-", zorder=2):
    row, column, rows, columns = block
    linewidth *= min(1, cell_of(ax) / 30)  # thinner on small cells, whose numbers it would cover
    style = {"fill": False, "edgecolor": colour, "linestyle": line, "linewidth": linewidth, "zorder": zorder}
    ax.add_patch(Rectangle((left + column, top + row), columns, rows, joinstyle="miter", **style))


def _label(ax, bottom, right, text, points, colour):
    """Write a text on a small label in the lower right corner of a cell, off the outline that may be there."""
    width, height = (pixels / cell_of(ax) for pixels in text_size(text, points))
    bottom, right = bottom - INSET / cell_of(ax), right - INSET / cell_of(ax)
    width, height = width + 4 / cell_of(ax), min(height, 0.36)
    label = {"facecolor": colour, "edgecolor": INK, "linewidth": 0.6, "zorder": 2.4}
    ax.add_patch(Rectangle((right - width, bottom - height), width, height, **label))
    middle = {"ha": "center", "va": "center_baseline", "fontsize": points, "color": INK, "zorder": 4}
    ax.text(right - width / 2, bottom - height / 2, text, **middle)


def _hue(role):
    return "white" if role is None else HUE[role]
