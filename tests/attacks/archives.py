"""Functions that make malicious or damaged model files: archives with wrong contents, and changed architectures.

Not a test module: tests import it.
"""

import io
import json
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np


def entries_of(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def pack(path, entries, compression=zipfile.ZIP_STORED):
    """Write entries, a dictionary or a list of pairs, as a zip file."""
    pairs = entries.items() if isinstance(entries, dict) else entries
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore")  # zipfile warns of names that come twice
        for name, content in pairs:
            archive.writestr(name, content)
    return path


def npy(array, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), **{"version": (1, 0)} | options)
    return stream.getvalue()


def npy_with(header, content=b"", version=b"\x01\0"):
    """Return a .npy entry with any text as its header."""
    header = header if isinstance(header, bytes) else header.encode("latin1")
    size = struct.pack("<H" if version == b"\x01\0" else "<I", len(header))
    return b"\x93NUMPY" + version + size + header + content


def architecture_of(path):
    with np.load(path) as archive:
        return json.loads(archive["architecture"].tobytes())


def with_text(path, text):
    """Replace the text of the architecture."""
    text = text if isinstance(text, bytes) else text.encode()
    return pack(path, entries_of(path) | {"architecture.npy": npy(np.frombuffer(text, np.uint8))})


def with_entry(path, name, content):
    return pack(path, entries_of(path) | {f"{name}.npy": content})


class Bomb:
    """An object that writes a marker when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def without(entries, *names):
    return {name: content for name, content in entries.items() if name not in names}


def end_of_zip(count, length, start):
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, length, start, 0)


def huge_directory(count, large=False):
    """Return a zip file that consists of a directory only, whose entries take far more memory than the file."""
    record = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0)
    directory = b"".join(record + b"%07d" % number for number in range(count))
    end = end_of_zip(min(count, 65535), len(directory), 0)
    if large:  # zip64 records hold the true sizes; the usual record states small ones
        end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), 0)
        end += struct.pack("<4sLQL", b"PK\x06\x07", 0, len(directory), 1) + end_of_zip(1, 53, 0)
    return directory + end


def layer(index, **changes):
    """Return a function that changes the arguments of one layer."""

    def change(architecture):
        architecture["model"]["layers"][index]["arguments"] |= changes

    return change


def renamed(index, name):
    def change(architecture):
        architecture["model"]["layers"][index]["name"] = name

    return change


def put(*keys, value):
    """Return a function that changes one value in the architecture."""

    def change(architecture):
        for key in keys[:-1]:
            architecture = architecture[key]
        architecture[keys[-1]] = value

    return change


def drop(*keys):
    def change(architecture):
        for key in keys[:-1]:
            architecture = architecture[key]
        del architecture[keys[-1]]

    return change
