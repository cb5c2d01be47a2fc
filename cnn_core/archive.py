"""Archives: .npz files of arrays and one JSON text, written whole or not at all, and read without trust.

Format      The arrays under their names, not compressed, and 'architecture', a JSON text as bytes.
Trust       None: no pickle is read, and the header of every array is compared with the expected shape and dtype, and
            with the size of its part of the file, before any data is read.
Writing     Under a temporary name in the same folder, flushed, then put in place with os.replace.
Chapter     08.
"""

import errno
import json
import math
import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from . import checks

VERSION = 1
LARGEST_JSON = 1 << 20  # bytes
LARGEST_HEADER = 1 << 12  # bytes
LONGEST_MESSAGE = 500  # characters of an error that quotes the file
# What reading a damaged or foreign file can raise, the errors of the operating system excepted.
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, TypeError, ValueError, ArithmeticError),
    *(AttributeError, RuntimeError, SyntaxError, tokenize.TokenError, Warning),
)


def write_archive(path, architecture, arrays):
    """Write the architecture and the arrays to exactly `path`: an old file stays until the new one is whole."""
    text = json.dumps({"version": VERSION} | architecture, default=np.generic.item).encode()
    little = {name: np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    with _in_place_of(Path(path)) as file:
        np.savez(file, architecture=np.frombuffer(text, np.uint8), **little)


@contextmanager
def _in_place_of(path):
    """Open a temporary file in path's folder, and put it in path's place once it is whole and on the disk."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)  # left by a save that was killed
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def open_archive(path, kind):
    """Open an archive of this kind; every error in it becomes a ValueError that names the file."""
    with open(os.fspath(path), "rb") as file:
        try:
            size = os.fstat(file.fileno()).st_size
            _check_directory(file, size)
            archive = Archive(zipfile.ZipFile(file), size)
            archive.check_kind(kind)
            yield archive
        except (*DAMAGE, OSError) as error:
            if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: an impossible offset in it
                raise
            raise checks.BadValue(f"{str(path)!r} cannot be loaded: {_sentence(error)}") from error


def _check_directory(file, size):
    """Refuse a file that does not end as an archive does, or whose directory is too long to be read untested."""
    file.seek(max(size - 42, 0))
    end = file.read()[-42:]
    if end[-22:-18] != b"PK\5\6":
        raise ValueError("it is no .npz file, or was cut off.")
    if end[:4] == b"PK\6\7":
        raise ValueError("its directory is in the form for more than 4 GiB, which is never written here.")
    if struct.unpack("<L", end[-10:-6])[0] > LARGEST_JSON:
        raise ValueError(f"its directory is longer than {LARGEST_JSON} bytes.")


def _sentence(error):
    if isinstance(error, KeyError):
        return f"{error} is missing."
    text = f"{error or type(error).__name__}".rstrip(".")
    text = f"the file: {text}" if isinstance(error, checks.Unnamed) else text
    return f"{text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + ' ...'}."


class Archive:
    """The arrays of an .npz file, each compared with its expected header before its data is read."""

    def __init__(self, file, size):
        self.file = file
        self.entries = {info.filename.removesuffix(".npy"): info for info in file.infolist()}
        if len(self.entries) != len(file.infolist()):
            raise ValueError("two arrays have the same name.")
        if sum(info.file_size for info in self.entries.values()) > size:
            raise ValueError("it promises more bytes than it holds.")
        if self.entries["architecture"].file_size > LARGEST_JSON:
            raise ValueError(f"its architecture is longer than {LARGEST_JSON} bytes.")
        text = self._read_checked("architecture", "|u1", None)
        self.architecture = json.loads(text.tobytes(), parse_constant=_no_constant)

    def check_kind(self, kind):
        """Refuse a newer format, and a checkpoint where a model is wanted (or the other way round)."""
        version = checks.integer("version", self.architecture["version"])
        if version > VERSION:
            raise ValueError(f"its format is number {version}, newer than this library, which reads up to {VERSION}.")
        if self.architecture["kind"] != kind:
            raise ValueError(f"it holds a {self.architecture['kind']}, not a {kind}.")

    def expect(self, shapes, dtype):
        """Refuse the file unless it holds exactly arrays of these shapes and this dtype."""
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.shapes = shapes
        given, wanted = self.entries.keys() - {"architecture"}, shapes.keys()
        if given != wanted:
            raise ValueError(f"arrays missing: {sorted(wanted - given)}, not expected: {sorted(given - wanted)}.")
        for name, shape in shapes.items():
            with self.file.open(self.entries[name]) as stream:
                self._check_header(stream, name, self.dtype, shape)

    def read(self, name):
        """Return one of the expected arrays; all its numbers are finite."""
        array = self._read_checked(name, self.dtype, self.shapes[name]).astype(self.dtype.newbyteorder("="))
        checks.finite(name, array)
        return array

    def _read_checked(self, name, dtype, shape):
        with self.file.open(self.entries[name]) as stream:
            shape = self._check_header(stream, name, np.dtype(dtype), shape)
            data = stream.read(self.entries[name].file_size)  # to its end, where zipfile compares the check sum
        return np.frombuffer(data, dtype).reshape(shape)

    def _check_header(self, stream, name, dtype, shape):
        info = self.entries[name]
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{name!r} is compressed; here arrays are stored as they are.")
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{name!r} has a header of a version that is never written here.")
        found = _read_header(stream)
        if found[2].hasobject:
            raise ValueError("it holds Python objects; such files can run code and are never loaded.")
        shape = found[0] if shape is None else shape
        size = stream.tell() + math.prod(shape) * dtype.itemsize
        if found != (shape, False, dtype) or info.file_size != size:
            raise ValueError(f"{name!r} should be {dtype} {shape} in {size} bytes, found {found} in {info.file_size}.")
        return shape


def _read_header(stream):
    with warnings.catch_warnings(action="error"):  # a header that makes NumPy warn was never written here
        return np.lib.format.read_array_header_1_0(stream, max_header_size=LARGEST_HEADER)


def _no_constant(name):
    raise ValueError(f"{name} stands in its text.")
