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
import warnings
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from . import checks

VERSION = 1
LARGEST_JSON = 1 << 20  # bytes
LARGEST_HEADER = 1 << 12  # bytes
LONGEST_MESSAGE = 500  # characters of an error that quotes the file


def write_archive(path, architecture, arrays):
    """Write the architecture and the arrays to exactly `path`: an old file stays until the new one is whole."""
    path = Path(path)
    text = json.dumps({"version": VERSION} | architecture, default=np.generic.item).encode()
    little = {name: np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)  # left by a save that was killed
    try:
        with open(temporary, "xb") as file:
            np.savez(file, architecture=np.frombuffer(text, np.uint8), **little)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)  # still there where something has failed


@contextmanager
def open_archive(path, kind):
    """Open an archive of this kind; every error in it becomes a ValueError that names the file."""
    with open(os.fspath(path), "rb") as file:
        try:
            _check_directory(file)
            yield Archive(file, kind)
        except Exception as error:
            # not the file's fault; but EINVAL is an impossible offset in it
            if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno != errno.EINVAL):
                raise
            raise checks.BadValue(f"{str(path)!r} cannot be loaded: {_sentence(error)}") from error


def _check_directory(file):
    """Refuse a file that does not end as an archive does, or whose directory is too long to be read untested."""
    file.seek(max(os.fstat(file.fileno()).st_size - 42, 0))
    end = file.read()[-42:]
    if end[-22:-18] != b"PK\5\6":
        raise ValueError("it is no .npz file, or was cut off.")
    if end[:4] == b"PK\6\7":
        raise ValueError("its directory is in the form for more than 4 GiB, which is never written here.")
    if int.from_bytes(end[-10:-6], "little") > LARGEST_JSON:
        raise ValueError(f"its directory is longer than {LARGEST_JSON} bytes.")


def _sentence(error):
    if isinstance(error, KeyError):
        return f"{error} is missing."
    text = (str(error) or type(error).__name__).rstrip(".")
    text = f"the file: {text}" if isinstance(error, checks.Unnamed) else text
    return f"{text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + ' ...'}."


class Archive:
    """The arrays of an .npz file, each compared with its expected header before its data is read."""

    def __init__(self, file, kind):
        self.zip = zipfile.ZipFile(file)
        self.entries = {info.filename.removesuffix(".npy"): info for info in self.zip.infolist()}
        if len(self.entries) != len(self.zip.infolist()):
            raise ValueError("two arrays have the same name.")
        if sum(info.file_size for info in self.entries.values()) > os.fstat(file.fileno()).st_size:
            raise ValueError("it promises more bytes than it holds.")
        if self.entries["architecture"].file_size > LARGEST_JSON:
            raise ValueError(f"its architecture is longer than {LARGEST_JSON} bytes.")
        text = self._read("architecture", np.dtype("u1"), self._checked_shape("architecture", np.dtype("u1")))
        self.architecture = json.loads(text.tobytes(), parse_constant=_no_constant)
        self._check_kind(kind)

    def _check_kind(self, kind):
        """Refuse a newer format, and a checkpoint where a model is wanted (or the other way round)."""
        version = checks.integer("version", self.architecture["version"])
        if version > VERSION:
            raise ValueError(f"its format is number {version}, newer than this library, which reads up to {VERSION}.")
        if self.architecture["kind"] != kind:
            raise ValueError(f"it holds a {self.architecture['kind']}, not a {kind}.")

    def expect(self, shapes, dtype):
        """Refuse the file unless it holds exactly arrays of these shapes and this dtype."""
        self.shapes, self.dtype = shapes, np.dtype(dtype).newbyteorder("<")
        given, wanted = self.entries.keys() - {"architecture"}, shapes.keys()
        if given != wanted:
            raise ValueError(f"arrays missing: {sorted(wanted - given)}, not expected: {sorted(given - wanted)}.")
        for name, shape in shapes.items():
            self._checked_shape(name, self.dtype, shape)

    def read(self, name):
        """Return one of the expected arrays; all its numbers are finite."""
        array = self._read(name, self.dtype, self.shapes[name]).astype(self.dtype.newbyteorder("="))
        checks.finite(name, array)
        return array

    def _read(self, name, dtype, shape):
        """Return an array whose header was checked: its numbers are the end of its entry."""
        data = self.zip.read(self.entries[name])  # to its end, where zipfile compares the check sum
        count = math.prod(shape)
        return np.frombuffer(data, dtype, count, len(data) - count * dtype.itemsize).reshape(shape)

    def _checked_shape(self, name, dtype, shape=None):
        """Return the shape of an array, once its header says this dtype (and this shape, where one is given)."""
        info = self.entries[name]
        if (info.compress_type, info.compress_size) != (zipfile.ZIP_STORED, info.file_size):
            raise ValueError(f"{name!r} is compressed; here arrays are stored as they are.")
        with self.zip.open(info) as stream:
            if np.lib.format.read_magic(stream) != (1, 0):
                raise ValueError(f"{name!r} has a header of a version that is never written here.")
            found, start = _read_header(stream), stream.tell()
        if found[2].hasobject:
            raise ValueError("it holds Python objects; such files can run code and are never loaded.")
        shape = found[0] if shape is None else shape
        size = start + math.prod(shape) * dtype.itemsize
        if found != (shape, False, dtype) or info.file_size != size:
            raise ValueError(f"{name!r} should be {dtype} {shape} in {size} bytes, found {found} in {info.file_size}.")
        return shape


def _read_header(stream):
    with warnings.catch_warnings(action="error"):  # a header that makes NumPy warn was never written here
        return np.lib.format.read_array_header_1_0(stream, max_header_size=LARGEST_HEADER)


def _no_constant(name):
    raise ValueError(f"{name} stands in its text.")
