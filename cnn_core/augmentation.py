"""Augmentation: images moved and turned at random, so that a network sees new ones at every step.

Shapes      X (N, C, H, W); the result has the same shape. All channels of an example are changed alike.
Chance      Every number comes from the Generator that is given. `fit` gives one to each micro-batch.
Reference   tests/test_augmentation.py holds both equal to scipy.ndimage.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import checks

PART = 8  # images that are turned at a time: their arrays stay in the core's cache


@checks.public
def shifted(X, rng, pixels=2):
    """Return the images, each moved by whole pixels; zeros come in at the edges.

    Parameters
    ----------
    X : ndarray, shape (N, C, H, W)
    rng : numpy.random.Generator
    pixels : int
        The rows and the columns to move by are drawn from -pixels..pixels, all equally likely.

    Returns
    -------
    ndarray, shape (N, C, H, W)
        A new array, of X's dtype where that is float32 or float64, of float64 where X holds integers.

    Examples
    --------
    >>> shifted(np.array([[[[1, 2], [3, 4]]]]), np.random.default_rng(0), pixels=1)
    array([[[[0., 0.],
             [1., 2.]]]])
    """
    X, pixels = _checked_images(X, rng), checks.integer("pixels", pixels, minimum=0)
    windows = sliding_window_view(_padded(X, pixels), X.shape[2:], axis=(2, 3))  # (N, C, rows, columns, H, W)
    down, right = rng.integers(-pixels, pixels, (2, len(X)), endpoint=True)
    return windows[np.arange(len(X)), :, pixels - down, pixels - right]


@checks.public
def rotated(X, rng, degrees=10):
    """Return the images, each turned about its middle; between four pixels values are interpolated, outside they are 0.

    Parameters
    ----------
    X : ndarray, shape (N, C, H, W)
    rng : numpy.random.Generator
    degrees : float
        At most 180. The angles are drawn from -degrees..degrees; a positive one turns anticlockwise.

    Returns
    -------
    ndarray, shape (N, C, H, W)
        A new array, of X's dtype where that is float32 or float64, of float64 where X holds integers.

    Examples
    --------
    >>> rotated(np.ones((2, 1, 3, 3)), np.random.default_rng(0), degrees=5)[:, 0, 1, 1]
    array([1., 1.])
    """
    X, degrees = _checked_images(X, rng), checks.number("degrees", degrees, ge=0, le=180)
    angles = np.radians(rng.uniform(-degrees, degrees, (len(X), 1, 1)))
    parts = (_turned(X[at : at + PART], angles[at : at + PART]) for at in range(0, len(X), PART))
    return np.concatenate([X[:0], *parts])


def _turned(X, angles):
    """Return the images, turned by angles in radians of shape (N, 1, 1)."""
    N, C, H, W = X.shape
    Xp = _padded(X, 2)  # so that there are four pixels around each place, just outside X too, where all four are 0
    cos, sin = np.cos(angles).astype(X.dtype), np.sin(angles).astype(X.dtype)
    y, x = (each.astype(X.dtype) for each in np.ogrid[(1 - H) / 2 : H / 2, (1 - W) / 2 : W / 2])  # from the middle
    rows = (y * cos + (H + 3) / 2 + x * sin).clip(1, H + 2)[:, None]  # (N, 1, H, W), the places in Xp
    columns = (x * cos + (W + 3) / 2 - y * sin).clip(1, W + 2)[:, None]
    first = rows.astype(np.intp) * (W + 4) + columns.astype(np.intp)  # of the four, in its image
    first = first + np.arange(0, Xp.size, (H + 4) * (W + 4)).reshape(N, C, 1, 1)  # in all of Xp
    flat, below, right = Xp.reshape(-1), rows - np.floor(rows), columns - np.floor(columns)
    a, b, c, d = (flat[step:].take(first, mode="clip") for step in (0, 1, W + 4, W + 5))  # "clip" saves a test of each
    upper, lower = a + right * (b - a), c + right * (d - c)
    return upper + below * (lower - upper)


def _checked_images(X, rng):
    (X,) = checks.floats(X=(X, checks.IMAGES))
    checks.generator(rng)
    return X


def _padded(X, pixels):
    """Return the images with so many pixels of zeros on every side."""
    N, C, H, W = X.shape
    checks.fits(f"{N} padded images", N * C * (H + 2 * pixels) * (W + 2 * pixels), "int64", checks.FEWER)
    Xp = np.zeros((N, C, H + 2 * pixels, W + 2 * pixels), X.dtype)  # faster than np.pad
    Xp[:, :, pixels : pixels + H, pixels : pixels + W] = X
    return Xp
