"""Archives: .npz files of arrays and one JSON text, written whole or not at all, and read without trust.

Format      The arrays under their names, not compressed, and 'architecture', a JSON text as bytes.
Trust       None: no pickle is read, and the header of every array is compared with the expected shape and dtype, and
            with the size of its part of the file, before any data is read.
Writing     Under a temporary name of its own in the same folder, flushed, then put in place with os.replace. A file
            that a killed save has left is removed by a save in that folder once it is an hour old.
Chapter     08.
"""

import errno
import json
import math
import os
import shutil
import time
import uuid
import warnings
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from . import checks

VERSION = 1
LARGEST_JSON = 1 << 20  # bytes
LARGEST_HEADER = 1 << 12  # bytes
LONGEST_MESSAGE = 500  # characters of an error that quotes the file


def write_archive(path, architecture, arrays):
    """Write the architecture and the arrays, all finite, to exactly `path`."""
    text = json.dumps({"version": VERSION} | architecture, default=np.generic.item).encode()
    little = {name: _as_written(name, array) for name, array in arrays.items()}
    write_file(path, lambda file: np.savez(file, architecture=np.frombuffer(text, np.uint8), **little))


def write_file(path, write):
    """Let write(file) write exactly `path`, whole or not at all; an old file stays until then."""
    path = _regular_file(os.fsdecode(path))
    _remove_leftovers(path.parent)
    temporary = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex}.cnn_core")  # a name has at most 255 bytes
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):  # there is no old file
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)  # still there where something has failed


def _as_written(name, array):
    return np.ascontiguousarray(checks.finite(name, array), array.dtype.newbyteorder("<"))


def _regular_file(path):
    """Return the file to write, the one that it points to where it is a link; refuse a device or a pipe."""
    file = Path(os.path.realpath(path) if os.path.islink(path) else path)
    is_odd = file.is_symlink() or (file.exists() and not file.is_file())  # a link still: it points to itself
    checks.require(file.is_dir() or not is_odd, f"{path!r} is not a regular file, and cannot be written to.")
    return file  # a folder is refused by the system: IsADirectoryError


def _remove_leftovers(folder):
    with suppress(OSError):
        for left in folder.glob(".*.cnn_core"):
            if time.time() - left.lstat().st_mtime > 3600:  # seconds: it is no longer written
                left.unlink()


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
    _require(end[-22:-18] == b"PK\5\6", "it is no .npz file, or was cut off.")
    _require(end[:4] != b"PK\6\7", "its directory is in the form for more than 4 GiB, which is never written here.")
    length = int.from_bytes(end[-10:-6], "little")
    _require(length <= LARGEST_JSON, f"its directory is longer than {LARGEST_JSON} bytes.")


def _require(condition, message):
    checks.require(condition, message, ValueError)  # not Unnamed: these messages speak of the file already


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
        _require(len(self.entries) == len(self.zip.infolist()), "two arrays have the same name.")
        promised = sum(info.file_size for info in self.entries.values())
        _require(promised <= os.fstat(file.fileno()).st_size, "it promises more bytes than it holds.")
        length = self.entries["architecture"].file_size
        _require(length <= LARGEST_JSON, f"its architecture is longer than {LARGEST_JSON} bytes.")
        text = self._read("architecture", np.dtype("u1"), self._checked_shape("architecture", np.dtype("u1")))
        self.architecture = json.loads(text.tobytes(), parse_constant=_no_constant)
        version, given = checks.integer("version", self.architecture["version"]), self.architecture["kind"]
        newer = f"its format is number {version}, newer than this library, which reads up to {VERSION}."
        _require(version <= VERSION, newer)
        _require(given == kind, f"it holds a {given}, not a {kind}.")

    def expect(self, shapes, dtype):
        """Refuse the file unless it holds exactly arrays of these shapes and this dtype."""
        self.shapes, self.dtype = shapes, np.dtype(dtype).newbyteorder("<")
        given, wanted = self.entries.keys() - {"architecture"}, shapes.keys()
        missing, unexpected = sorted(wanted - given), sorted(given - wanted)
        _require(given == wanted, f"arrays missing: {missing}, not expected: {unexpected}.")
        for name, shape in shapes.items():
            self._checked_shape(name, self.dtype, shape)

    def read(self, name):
        """Return one of the expected arrays; all its numbers are finite."""
        array = self._read(name, self.dtype, self.shapes[name])
        return checks.finite(name, array.astype(self.dtype.newbyteorder("=")))

    def _read(self, name, dtype, shape):
        """Return an array whose header was checked: its numbers are the end of its entry."""
        data = self.zip.read(self.entries[name])  # to its end, where zipfile compares the check sum
        count = math.prod(shape)
        return np.frombuffer(data, dtype, count, len(data) - count * dtype.itemsize).reshape(shape)

    def _checked_shape(self, name, dtype, shape=None):
        """Return the shape of an array, once its header says this dtype (and this shape, where one is given)."""
        info = self.entries[name]
        is_stored = info.compress_type == zipfile.ZIP_STORED and info.compress_size == info.file_size
        _require(is_stored, f"{name!r} is compressed; here arrays are stored as they are.")
        with self.zip.open(info) as stream, warnings.catch_warnings(action="error"):  # ours make NumPy warn of nothing
            is_ours = np.lib.format.read_magic(stream) == (1, 0)
            _require(is_ours, f"{name!r} has a header of a version that is never written here.")
            found = np.lib.format.read_array_header_1_0(stream, max_header_size=LARGEST_HEADER)
            start = stream.tell()
        _require(not found[2].hasobject, "it holds Python objects; such files can run code and are never loaded.")
        shape = found[0] if shape is None else shape
        size = start + math.prod(shape) * dtype.itemsize
        given = f"found {found} in {info.file_size}"
        is_right = found == (shape, False, dtype) and info.file_size == size
        _require(is_right, f"{name!r} should be {dtype} {shape} in {size} bytes, {given}.")
        return shape


def _no_constant(name):
    raise ValueError(f"{name} stands in its text.")
