"""Functions that make valid and malicious IDX files: false headers, and gzip bombs.

Not a test module: tests import it.
"""

import gzip
import struct
import zlib

import numpy as np

MB = 1 << 20
CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array, code=None, sizes=None):
    """Return an array as the bytes of an IDX file; code and sizes may contradict the array."""
    array = np.asarray(array)
    sizes = array.shape if sizes is None else sizes
    code = CODES[array.dtype.str[1:]] if code is None else code
    header = bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write(path, content, zipped=False):
    path.write_bytes(gzip.compress(content) if zipped else content)
    return path


def bomb(header, megabytes):
    """Return a gzip file of so many megabytes of zeros, without allocating them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(header)] + [packer.compress(bytes(MB)) for _ in range(megabytes)]
    return b"".join([*parts, packer.flush()])
