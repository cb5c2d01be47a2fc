"""Pictures from outside, a file, a PIL.Image or an array, as an array of greys of one size.

Files       only formats that Pillow decodes by itself (FORMATS). No file can run code: EPS, for which Pillow starts
            Ghostscript, is not among them.
Colours     the luma of RGB; transparent pixels are white, or black if everything visible is light.
Chapter     08.
"""

import os
import warnings

import numpy as np
from PIL import Image, ImageOps

from cnn_core import checks

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
LEAST, MOST = 5, 90_000_000  # pixels: the shorter side of a picture; a whole picture
LONGEST = 10  # times the shorter side
DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")  # Pillow's modes of grey with more than 8 bits
ADVICE = f"Give a file in one of the formats {', '.join(FORMATS)}."


def read_grey(picture, size):
    """Return a picture as greys, its longer side enlarged or shrunk to `size` pixels.

    Parameters
    ----------
    picture : str, os.PathLike, PIL.Image.Image or array
    size : int

    Returns
    -------
    ndarray of float32, shape (H, W)
        0 is black; the lightest pixel is 1.
    """
    if isinstance(picture, (str, os.PathLike)):
        return _scaled(_opened(picture), size)
    if isinstance(picture, Image.Image):
        return _scaled(_decoded(picture, "the picture"), size)
    if isinstance(picture, np.ndarray):
        return _scaled(_from_array(picture), size)
    raise checks.BadType(f"expected a path, a PIL.Image or a NumPy array, got {checks.shown(picture)}.")


def _scaled(grey, size):
    """Return a grey image as an array of the size wanted, divided by its maximum."""
    factor = size / max(grey.size)
    shape = [max(1, round(factor * side)) for side in grey.size]
    how = Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC
    array = np.asarray(grey.resize(shape, how), np.float32)
    return np.clip(array / (array.max() or 1), 0, 1)


def _check_size(width, height):
    size = f"the picture has {width} by {height} pixels"
    if width * height > MOST:
        raise checks.BadValue(f"{size}; the most is {MOST:,} in all. Save it smaller.")
    if min(width, height) < LEAST:
        raise checks.BadValue(f"{size}; at least {LEAST} by {LEAST} are needed. Give a larger picture.")
    if max(width, height) > LONGEST * min(width, height):
        raise checks.BadValue(f"{size}, a strip. Crop it to the digit.")


# --- files and images of Pillow ---------------------------------------------------------------------------------------


def _opened(path):
    """Return the first picture of a file; an error of the system, such as FileNotFoundError, stays what it is."""
    name = checks.shown(os.fspath(path))
    with open(path, "rb") as file:
        if not file.read(1):
            raise checks.BadValue(f"{name} is an empty file. {ADVICE}")
        file.seek(0)
        return _decoded(file, name)


def _decoded(source, name):
    """Return an open file or a PIL.Image as a grey image: whatever its decoder raises or warns of, in our words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata; all that matters here is whether there is a picture
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = source if isinstance(source, Image.Image) else Image.open(source, formats=FORMATS)
            _check_size(*picture.size)
            return _grey(ImageOps.exif_transpose(picture))
    except checks.Unnamed:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise checks.BadValue(f"{name} has too many pixels; the most is {MOST:,} in all. Save it smaller.") from error
    except Image.UnidentifiedImageError as error:
        raise checks.BadValue(f"{name} is not a picture in a known format. {ADVICE}") from error
    except Exception as error:  # a decoder may raise anything where a file is damaged
        reason = f"{type(error).__name__}: {error}"
        raise checks.BadValue(f"{name} cannot be decoded ({reason}). Save it again, or give another.") from error


def _grey(picture):
    """Return an image of any mode as one of mode L or F."""
    if picture.mode in DEEP:
        return _deep(np.asarray(picture, np.float32))
    picture = picture.convert("RGBA")
    grey, alpha = picture.convert("L"), picture.getchannel("A")
    visible = np.asarray(grey)[np.asarray(alpha) > 127]
    is_light = visible.size and visible.min() > 127
    return Image.composite(grey, Image.new("L", picture.size, 0 if is_light else 255), alpha)


def _deep(array):
    """Return numbers of any range, each 0 or more, as an image of mode F."""
    checks.finite("the picture", array)
    if array.min() < 0:
        raise checks.BadValue(f"the picture has negative values, the least {array.min():.3g}; 0 must be black.")
    return Image.fromarray(array)


# --- arrays -----------------------------------------------------------------------------------------------------------


def _from_array(array):
    """Return an array (H, W), or (H, W, 3) or (H, W, 4) with colours, as an image of mode L or F."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise checks.BadValue(_wrong_shape(array.shape))
    _check_size(array.shape[1], array.shape[0])
    if array.dtype.kind == "f":
        checks.finite("the picture", array)
        if array.min() < 0 or array.max() > 1:
            limits = f"{array.min():.3g} to {array.max():.3g}"
            raise checks.BadValue(f"an array of floats must have values 0..1, got {limits}. Divide it by its maximum.")
    if array.dtype.kind == "f" or array.dtype == bool:
        array = np.uint8(np.rint(array * np.float64(255)))
    if array.dtype == np.uint16 and array.ndim == 2:
        return _deep(array.astype(np.float32))
    if array.dtype != np.uint8:
        raise checks.BadType(
            f"an array must be of uint8 or floats 0..1, got {array.dtype}. Use picture.astype('uint8')."
        )
    return _grey(Image.fromarray(array))


def _wrong_shape(shape):
    hint = ""
    if len(shape) > 2 and shape[-1] == 1:
        hint = " Use picture[..., 0]."
    elif len(shape) == 3 and shape[0] in (3, 4):
        hint = " If your colours come first, use picture.transpose(1, 2, 0)."
    elif len(shape) > 2:
        hint = " Give one picture at a time, such as picture[0, 0] of (N, 1, H, W)."
    return f"the picture has shape {shape}; expected (H, W), (H, W, 3) or (H, W, 4).{hint}"
