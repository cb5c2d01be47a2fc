"""A user's own picture of a digit: read like MNIST's digits, or refused in words. The digits are MNIST's own."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from cnn_core import Model, load_idx
from cnn_viz import read_digit
from cnn_viz.images.digits import _labelled

DATA = Path(__file__).resolve().parent.parent / "cnn_core" / "data"
TRAINED = DATA / "trained" / "08_model.npz"
SEVEN = load_idx(DATA / "mnist" / "t10k-images-idx3-ubyte.gz")[0] / np.float32(255)  # one file of the four


def photo(digit, rng, ink=0.2, side=300):
    """Return a digit as dark ink on unevenly lit paper, uint8 (800, 600), away from the edges."""
    large = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC))
    pen = np.zeros((800, 600), np.float32)
    top, left = rng.integers(40, 800 - side - 40), rng.integers(120, 600 - side - 40)
    pen[top : top + side, left : left + side] = np.clip(large, 0, 1)
    light = 1 - 0.3 * np.linspace(0, 1, 800)[:, None] * np.ones(600)
    return np.uint8(255 * np.clip(light * (0.85 + (ink - 0.85) * pen) + rng.normal(0, 0.02, pen.shape), 0, 1))


PHOTO = photo(SEVEN, np.random.default_rng(0))
FAINT = photo(SEVEN, np.random.default_rng(0), ink=0.65)
(TOP, LEFT), (BOTTOM, RIGHT) = np.argwhere(PHOTO < 100).min(axis=0), np.argwhere(PHOTO < 100).max(axis=0)


def alike(one, other):
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


def with_table(array):
    """Return a photo with a dark table at its left edge and below."""
    array = array.copy()
    array[:, :80], array[-30:] = 40, 40
    return array


def beside_a_table(share):
    """Return the photo with a dark table at its left; the table covers this share of the picture."""
    return np.pad(PHOTO, ((0, 0), (round(600 * share / (1 - share)), 0)), constant_values=60)


def ruled(light, columns=False):
    """Return the photo on ruled or squared paper, whose lines have this share of the paper's light."""
    array = PHOTO.astype(float)
    array[30::80] *= light
    array[:, 30::80] *= light if columns else 1
    return np.uint8(array)


def icon(side):
    """Return the digit without its margins as black on white, a few pixels wide and high."""
    small = Image.fromarray(SEVEN[4:28, 2:26]).resize((side, side), Image.Resampling.BOX)
    return np.uint8(np.pad(255 - 255 * np.clip(small, 0, 1), 1, constant_values=255))


def thin_seven(side):
    """Return a seven on white paper with a stroke of one pixel."""
    array = np.full((side, side), 230, np.uint8)
    quarter = side // 4
    array[quarter, quarter : 3 * quarter] = 20
    for row in range(quarter, 3 * quarter):
        array[row, 3 * quarter - 1 - (row - quarter) // 2] = 20
    return array


def several_pictures(tmp_path):
    """Return an MPO file, a JPEG with several pictures, as the cameras of some phones write it."""
    Image.fromarray(PHOTO).save(tmp_path / "a.mpo", save_all=True, append_images=[Image.new("L", (600, 800), 255)])
    return tmp_path / "a.mpo"


def lab(tmp_path):
    """Return a TIFF file with the colours of CIELAB: a lightness, and two channels without colour."""
    without = Image.new("L", (600, 800), 128)
    Image.merge("LAB", (Image.fromarray(PHOTO), without, without)).save(tmp_path / "a.tif")
    return tmp_path / "a.tif"


def rotated(tmp_path):
    """Return a file that is stored on its side, and says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(PHOTO)).save(tmp_path / "rotated.jpg", exif=exif)
    return tmp_path / "rotated.jpg"


def transparent(_):
    alpha = Image.fromarray(255 - PHOTO).point(lambda value: 255 if value > 150 else 0)
    return Image.merge("LA", (Image.new("L", alpha.size, 0), alpha))


READ = {
    "uint8": lambda _: PHOTO,
    "floats": lambda _: PHOTO / 255,
    "colours": lambda _: np.stack([PHOTO] * 3, axis=2),
    "image": lambda _: Image.fromarray(PHOTO),
    "16-bit": lambda _: Image.fromarray(PHOTO.astype(np.uint16) * 257),
    "alpha": transparent,
    "palette": lambda _: Image.fromarray(PHOTO).convert("RGB").quantize(16),
    "cmyk": lambda _: Image.fromarray(PHOTO).convert("RGB").convert("CMYK"),
    "light-on-dark": lambda _: 255 - PHOTO,
    "table": lambda _: with_table(PHOTO),
    "faint": lambda _: FAINT,
    "faint-with-table": lambda _: with_table(FAINT),
    "mnist": lambda _: SEVEN,
    "ruled": lambda _: ruled(0.8),
    "squared": lambda _: ruled(0.8, columns=True),
    "small-table": lambda _: beside_a_table(0.2),
    "tight": lambda _: PHOTO[TOP - 20 : BOTTOM + 20, LEFT - 20 : RIGHT + 20],
    "mpo": several_pictures,
    "lab": lab,
    "rotated": rotated,
}


@pytest.mark.parametrize("case", READ)
def test_a_digit_comes_back_as_mnist_holds_it(case, tmp_path):
    digit = read_digit(READ[case](tmp_path))
    assert (digit.shape, digit.dtype) == ((28, 28), np.float32)
    assert digit.min() == 0
    assert digit.max() == 1
    assert alike(digit, SEVEN) > 0.8  # other digits of MNIST give less than 0.7


@pytest.mark.parametrize("count", [10, pytest.param(50, marks=pytest.mark.slow)])
def test_the_trained_model_reads_photographs_as_well_as_mnist(rng, digits, count):
    model = Model.load(TRAINED)
    photos = [read_digit(photo(digit[0], rng)) for digit in digits.X_test[:count]]
    right = model.predict(np.array(photos)[:, None]).argmax(axis=1) == digits.y_test[:count]
    assert right.mean() >= 0.96


@pytest.mark.parametrize("picture", [icon(8), icon(16), *map(thin_seven, (20, 100, 800))], ids=len)
def test_the_trained_model_reads_icons_and_strokes_of_one_pixel(picture):
    assert Model.load(TRAINED).predict(read_digit(picture)[None, None]).argmax() == 7


def test_an_animation_is_read_by_its_first_frame(tmp_path):
    frames = [Image.fromarray(PHOTO), Image.new("L", (600, 800), 255)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert alike(read_digit(str(tmp_path / "a.gif")), SEVEN) > 0.8  # other digits of MNIST give less than 0.7


REFUSED = {
    "blank": (np.full((80, 60), 200, np.uint8), ValueError, "no ink"),
    "two-digits": (np.hstack([PHOTO, PHOTO]), ValueError, "2 separate marks"),
    "only-a-table": (with_table(np.full((800, 600), 220, np.uint8)), ValueError, "reaches a corner"),
    "large-table": (beside_a_table(0.6), ValueError, "paper from table"),
    "dark-lines": (ruled(0.3), ValueError, "separate marks"),
    "cut-left": (PHOTO[:, LEFT + 60 :], ValueError, "the edge of the picture"),
    "cut-right": (PHOTO[:, : RIGHT - 20], ValueError, "the edge of the picture"),
    "cut-above": (PHOTO[TOP + 60 :], ValueError, "the edge of the picture"),
    "cut-below": (PHOTO[: BOTTOM - 60], ValueError, "the edge of the picture"),
    "no-margin": (PHOTO[TOP:BOTTOM, LEFT:RIGHT], ValueError, ""),
    "tiny": (np.zeros((3, 3), np.uint8), ValueError, "3 by 3 pixels"),
    "strip": (np.zeros((300, 5), np.uint8), ValueError, "a strip"),
    "range": (PHOTO * 1.0, ValueError, "Divide it"),
    "int64": (PHOTO.astype(np.int64), TypeError, "uint8"),
    "batch": (PHOTO[None, None], ValueError, "one picture at a time"),
    "nan": (np.full((80, 60), np.nan), ValueError, "not finite"),
    "number": (5, TypeError, "a path"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_picture_of_one_digit_is_refused(case):
    picture, kind, words = REFUSED[case]
    with pytest.raises(kind, match=f"^read_digit: .*{words}"):
        read_digit(picture)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"])
def test_a_file_that_is_no_picture_is_refused_and_ghostscript_is_never_started(content, tmp_path):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"^read_digit: .*a\.png' is (an empty file|not a picture)"):
        read_digit(tmp_path / "a.png")


def test_a_truncated_file_is_refused(tmp_path):
    Image.fromarray(PHOTO).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"^read_digit: .* cannot be decoded"):
        read_digit(tmp_path / "a.png")


@pytest.mark.parametrize("side", [10_000, 15_000])
def test_a_decompression_bomb_is_refused_without_a_warning(side, tmp_path):
    Image.new("1", (side, side)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"^read_digit: .* too many pixels"):
        read_digit(tmp_path / "a.png")


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_digit(tmp_path / "missing.png")


def test_the_marks_are_those_of_scipy(rng):
    for share in (0.1, 0.4, 0.6):
        mask = rng.random((40, 50)) < share
        expected, count = ndimage.label(mask, np.ones((3, 3)))
        pairs = set(zip(_labelled(mask).ravel(), expected.ravel(), strict=True))
        assert len(pairs) == count + 1  # a one-to-one correspondence
