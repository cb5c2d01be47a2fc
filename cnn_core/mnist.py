"""The IDX reader, and the MNIST digits.

Shapes      X_train (60000, 1, 28, 28) and X_test (10000, 1, 28, 28) float32 in 0..1, y_train and y_test int64 in 0..9.
Trust       None: a header is compared with the file before anything is allocated, and the digits' own files with
            their SHA-256 sums, once a process. Nothing is downloaded, nothing in a file can run.
Data        cnn_core/data/mnist, with a README: authors, licence, sums.
Chapter     08.
"""

import gzip
import hashlib
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import checks

FOLDER = Path(__file__).parent / "data" / "mnist"
FILES = {  # the name of each file, and the SHA-256 sum of its unpacked bytes, header and all
    "X_train": ("train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    "y_train": ("train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    "X_test": ("t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    "y_test": ("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
}
DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHUNK = 1 << 20
_verified = set()  # the names of the digits' own files whose sums were checked in this process


@dataclass(frozen=True)
class Digits:
    """The training and the test digits, with their labels."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


@checks.public
def load_mnist(folder=None, limit=None, seed=0):
    """Return the MNIST digits, or another set of four IDX files of the same names, with any labels in 0..255.

    Parameters
    ----------
    folder : path, optional
        The folder of the four files; without it, the digits that come with this library. Of each file, the first
        that exists is read: train-images-idx3-ubyte.gz, train-images-idx3-ubyte, train-images.idx3-ubyte.gz,
        train-images.idx3-ubyte. Folders of these names are ignored.
    limit : int, optional
        Take only this many training images, with the classes balanced (to within one image). A larger limit
        adds to the images of a smaller one. All test images are always returned.
    seed : int
        Chooses the images of a limit.

    Returns
    -------
    Digits
        X_train (N, 1, H, W) float32 in 0..1, y_train (N,) int64 as they are stored, X_test and y_test likewise.

    Raises
    ------
    FileNotFoundError
        If one of the four files is missing.
    ValueError
        If a file is damaged, images and labels do not match, or the images as float32 would take more than 2 GiB.

    References
    ----------
    LeCun, Cortes and Burges, The MNIST database of handwritten digits.
    """
    seed = checks.integer("seed", seed, minimum=0)
    (X_train, y_train), (X_test, y_test) = (_load_set(part, folder) for part in ("train", "test"))
    train, test = X_train.shape[1:], X_test.shape[1:]
    checks.require(train == test, f"training images are {train} large but test images {test}.")
    chosen = slice(None) if limit is None else _balanced(y_train, limit, seed)
    return Digits(_as_pixels(X_train[chosen]), y_train[chosen], _as_pixels(X_test), y_test)


@checks.public
def load_idx(path):
    """Return the array that an IDX file holds, gzipped or not, as it is stored.

    Raises
    ------
    ValueError
        If the file is not IDX, is damaged, or its header promises another number of bytes than it holds.

    References
    ----------
    The format: the page of the MNIST database; two zero bytes, a type, the number of dimensions, their sizes, the data.
    """
    name = repr(str(path))
    with open(os.fspath(path), "rb") as file:
        stream = gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == b"\x1f\x8b" else file
        try:
            return _read(stream, name)
        except checks.Unnamed:
            raise
        except (EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
            raise checks.BadValue(f"{name} is damaged: {error}") from error


def _read(stream, name):
    dtype, shape = _read_header(stream, name)
    start, promised = stream.tell(), math.prod(shape) * dtype.itemsize
    held = _count(stream, promised)  # counted before anything is kept, so a header that lies costs no memory
    product, holds = "x".join(map(str, shape)), held if held < promised else "more"
    message = f"the header of {name} promises {product} = {promised} bytes, the file holds {holds}."
    checks.require(held == promised, message)
    stream.seek(start)
    # NumPy refuses more dimensions or, beside a zero, larger ones than an array can have
    array = np.frombuffer(bytearray(stream.read(promised)), dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_header(stream, name):
    magic = stream.read(4)
    kind = "not IDX" if isinstance(stream, gzip.GzipFile) else "neither gzip nor IDX"
    is_idx = len(magic) == 4 and magic[:2] == b"\0\0" and magic[2] in DTYPES and magic[3] > 0
    checks.require(is_idx, f"{name} is {kind}: it starts with {magic!r}.")
    sizes = stream.read(4 * magic[3])
    checks.require(len(sizes) == 4 * magic[3], f"the header of {name} ends after {4 + len(sizes)} bytes.")
    dtype, shape = np.dtype(DTYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())
    is_small = math.prod(shape) * dtype.itemsize <= checks.LARGEST
    checks.require(is_small, f"the header of {name} promises more than {checks.LARGEST} bytes, the most that is read.")
    return dtype, shape


def _count(stream, promised):
    """Return how many bytes are left in the stream, or promised + 1 where there are more than promised."""
    held = 0
    while chunk := stream.read(min(CHUNK, promised + 1 - held)):
        held += len(chunk)
    return held


def _load_set(part, folder):
    X, y = _load_file(f"X_{part}", 3, folder), _load_file(f"y_{part}", 1, folder)
    checks.require(len(X) == len(y), f"{len(X)} {part} images but {len(y)} {part} labels.")
    return X, y.astype(np.int64)


def _load_file(key, dimensions, folder):
    name, checksum = FILES[key]
    names = (f"{each}{ending}" for each in (name, name.replace("-idx", ".idx")) for ending in (".gz", ""))
    paths = [Path(FOLDER if folder is None else folder) / each for each in names]
    path = min(paths, key=lambda each: (not each.is_file(), each.is_dir()))  # the first file, or the first missing
    array = load_idx(path)
    is_right = array.dtype == np.uint8 and array.ndim == dimensions and array.size > 0
    given = f"{array.dtype} with shape {array.shape}"
    checks.require(is_right, f"{str(path)!r} must hold bytes in {dimensions} dimensions, got {given}.")
    if folder is None and key not in _verified:
        _verify(array, checksum, path)
        _verified.add(key)
    return array


def _verify(array, checksum, path):
    digest = hashlib.sha256(bytes([0, 0, 0x08, array.ndim]) + np.array(array.shape, ">u4").tobytes())
    digest.update(array.data)
    found = digest.hexdigest()
    checks.require(found == checksum, f"{str(path)!r} was changed: its SHA-256 is {found}, expected {checksum}.")


def _balanced(labels, limit, seed):
    """Return the indices of `limit` images: one of each class, then another of each, in an order that seed chooses."""
    limit = checks.integer("limit", limit)
    checks.expect(limit <= len(labels), f"limit must be at most {len(labels)}, the number of training images", limit)
    order = np.random.default_rng(seed).permutation(len(labels))
    members = (labels[order] == each for each in np.unique(labels))
    turn = sum(own * np.cumsum(own) for own in members)  # the place of each image among those of its class
    return order[np.argsort(turn, kind="stable")][:limit]


def _as_pixels(images):
    advice = "Give a limit, or use load_idx: fit takes the bytes as they are."
    checks.fits(f"{len(images)} images as float32", images.size, "float32", advice)
    return np.divide(images[:, None], 255, dtype=np.float32)
