"""The digits of the laboratory: 2,000 of the 60,000 training digits, and all test digits, in the files of `load_mnist`.

Digits      those that `load_mnist(limit=2000)` returns, in its order. So `load_mnist(limit=n)` gives the same digits in
            the laboratory as elsewhere, up to 2,000; with a larger limit, or without one, it gives the 2,000.
Sums        cnn_core compares the digits with their SHA-256 sums. The copy of mnist.py in the wheel has the sums of its
            own files, and ADDED at its end.
"""

import gzip
import hashlib

import numpy as np

from cnn_core import load_mnist, mnist

TRAINING = 2000
ADDED = """

# What follows is only in the copy for the laboratory in the browser (site/lab/digits.py), which has the first {count}
# digits of the order that seed 0 chooses.
_load_files = load_mnist


@checks.public
@functools.wraps(_load_files)
def load_mnist(folder=None, limit=None, seed=0):
    if folder is not None:
        return _load_files(folder, limit, seed)
    digits = _load_files(seed=seed)
    count = {count} if limit is None else min(checks.integer("limit", limit), {count})
    chosen = slice(count) if seed == 0 else _balanced(digits.y_train, count, seed)
    return Digits(digits.X_train[chosen], digits.y_train[chosen], digits.X_test, digits.y_test)
"""


def put_few_digits(package, count=TRAINING):
    """Change a copy of cnn_core so that it has few training digits.

    Parameters
    ----------
    package : Path
        The folder of the copy.
    count : int
        How many training digits it is to have.
    """
    digits = load_mnist(limit=count)
    images = np.rint(digits.X_train[:, 0] * 255).astype(np.uint8)
    sums = [write(package, key, array) for key, array in (("X_train", images), ("y_train", digits.y_train))]
    path = package / "mnist.py"
    text = path.read_text(encoding="utf-8").replace("import gzip\n", "import functools\nimport gzip\n", 1)
    for before, after in sums:
        if text.count(before) != 1:
            raise ValueError(f"{path} does not have the sum {before} once.")
        text = text.replace(before, after)
    path.write_text(text + ADDED.format(count=count), encoding="utf-8", newline="\n")


def write(package, key, array):
    """Write a file of digits or of labels, and return the SHA-256 sum of the file it replaces and its own."""
    name, before = mnist.FILES[key]
    content = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()
    (package / "data" / "mnist" / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
    return before, hashlib.sha256(content).hexdigest()
