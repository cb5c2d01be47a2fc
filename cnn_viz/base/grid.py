"""The one grid of tiles: many small arrays of one shape in rows and columns of a larger one.

Shapes      tiles (N, h, w), the grid (height, width); both may have channels as one more axis, for colours.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TileGrid:
    """Tiles in rows and columns of one array.

    Attributes
    ----------
    array : ndarray, shape (height, width, ...)
        The tiles, with `fill` between them.
    corners : ndarray, shape (N, 2)
        Row and column of the upper left cell of each tile.
    tile : (int, int)
        Height and width of a tile.
    """

    array: np.ndarray
    corners: np.ndarray
    tile: tuple


def tile_grid(tiles, columns, gap=1, above=0, fill=np.nan):
    """Return tiles in a grid, row by row.

    Parameters
    ----------
    tiles : ndarray, shape (N, h, w) or (N, h, w, channels)
    columns : int
        Tiles in a row; fewer if there are not as many.
    gap : int or (int, int)
        Empty cells between two rows and between two columns.
    above : int
        Empty cells above every row of tiles, for a text.
    fill : number
        The value of the empty cells; the grid has its dtype.

    Returns
    -------
    TileGrid
    """
    N, h, w, *channels = tiles.shape
    columns = min(columns, N)
    down, right = np.broadcast_to(gap, 2)
    step = np.array([h + above + down, w + right])
    height, width = step * (-(-N // columns), columns) - (down, right)
    array = np.full((height, width, *channels), fill)
    corners = np.stack(np.divmod(np.arange(N), columns), axis=1) * step + (above, 0)
    for tile, (top, left) in zip(tiles, corners, strict=True):
        array[top : top + h, left : left + w] = tile
    return TileGrid(array, corners, (h, w))


def padded_tiles(arrays, multiple=1, fill=255):
    """Return arrays (h, w, channels) of several sizes as tiles of one size, filled at the right and below.

    Height and width of the tiles are multiples of `multiple`.
    """
    height, width = -(-np.max([array.shape[:2] for array in arrays], axis=0) // multiple) * multiple
    tiles = np.full((len(arrays), height, width, *arrays[0].shape[2:]), fill, arrays[0].dtype)
    for tile, array in zip(tiles, arrays, strict=True):
        tile[: array.shape[0], : array.shape[1]] = array
    return tiles
