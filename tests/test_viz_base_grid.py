"""The grid of tiles: every tile is in it once, with gaps between tiles only."""

import numpy as np
import pytest

from cnn_viz.base.grid import tile_grid


def test_a_grid_has_gaps_between_its_tiles_only(rng):
    tiles = rng.random((3, 2, 2))
    grid = tile_grid(tiles, columns=2, gap=1, above=2)
    assert grid.array.shape == (2 + 2 + 1 + 2 + 2, 2 + 1 + 2)
    np.testing.assert_array_equal(grid.corners, [[2, 0], [2, 3], [7, 0]])
    np.testing.assert_array_equal(grid.array[7:9, 0:2], tiles[2])
    assert np.isnan(grid.array[7:9, 2:]).all()


@pytest.mark.parametrize(("K", "shape"), [(1, (2, 3)), (2, (2, 8)), (3, (6, 8)), (4, (6, 8))])
def test_two_columns_hold_every_map_with_gaps(rng, K, shape):
    stack = rng.random((K, 2, 3))
    array = tile_grid(stack, 2, 2).array
    assert array.shape == shape
    np.testing.assert_array_equal(array[~np.isnan(array)][:3], stack[0, 0])
    assert np.count_nonzero(~np.isnan(array)) == stack.size
