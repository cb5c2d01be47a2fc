"""The IDX reader and the digits: their contents, and the files that are refused."""

import gzip
import hashlib
import math
import pickle
import shutil
import struct
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
from attacks.archives import Bomb
from attacks.idx import CODES, bomb, idx, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from tiers import slow_after

from cnn_core import load_idx, load_mnist, mnist

MB = 1 << 20
MD5 = {  # as published with the digits, of the unpacked files
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
PER_CLASS = {
    "y_train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    "y_test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}


@pytest.fixture(scope="module")
def digits():
    return load_mnist()


def small_set(folder, zipped=False, **changes):
    """Write four small files: 20 training images of 3 x 2 pixels and 10 to test with; a change replaces an array."""
    rng = np.random.default_rng(0)
    arrays = {
        "X_train": rng.integers(0, 256, (20, 3, 2)).astype(np.uint8),
        "y_train": (np.arange(20) % 10).astype(np.uint8),
        "X_test": rng.integers(0, 256, (10, 3, 2)).astype(np.uint8),
        "y_test": np.arange(10).astype(np.uint8)[::-1],
    } | changes
    for key, array in arrays.items():
        name = mnist.FILES[key][0] + (".gz" if zipped else "")
        write(folder / name, array if isinstance(array, bytes) else idx(array), zipped)
    return arrays


# --- the digits ---


@pytest.mark.parametrize("name", MD5)
def test_the_files_are_the_published_ones(name):
    unpacked = gzip.decompress((mnist.FOLDER / f"{name}.gz").read_bytes())
    assert hashlib.md5(unpacked).hexdigest() == MD5[name]


@pytest.mark.parametrize(("name", "checksum"), mnist.FILES.values())
def test_the_checksums_are_those_of_the_files(name, checksum):
    unpacked = gzip.decompress((mnist.FOLDER / f"{name}.gz").read_bytes())
    assert hashlib.sha256(unpacked).hexdigest() == checksum
    assert checksum in (mnist.FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_digits_have_their_shapes_and_dtypes(digits):
    found = {key: (array.shape, array.dtype.name) for key, array in vars(digits).items()}
    assert found == {
        "X_train": ((60000, 1, 28, 28), "float32"),
        "y_train": ((60000,), "int64"),
        "X_test": ((10000, 1, 28, 28), "float32"),
        "y_test": ((10000,), "int64"),
    }


@pytest.mark.parametrize("key", ["X_train", "X_test"])
def test_pixels_lie_between_0_and_1(digits, key):
    pixels = getattr(digits, key)
    assert (pixels.min(), pixels.max()) == (0, 1)


def test_pixels_are_the_stored_bytes_divided_by_255(digits):
    stored = load_idx(mnist.FOLDER / "t10k-images-idx3-ubyte.gz")
    assert_array_equal(np.rint(digits.X_test[:, 0] * 255), stored)


def test_the_first_labels_are_the_known_ones(digits):
    assert digits.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert digits.y_test[:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.parametrize("key", PER_CLASS)
def test_every_class_has_its_known_count(digits, key):
    assert np.bincount(getattr(digits, key)).tolist() == PER_CLASS[key]


def test_the_arrays_are_new_at_every_call(digits):
    assert all(array.flags.writeable and array.flags.c_contiguous for array in vars(digits).values())


# --- limit ---


@pytest.mark.parametrize("limit", [1, 9, 10, 95, 200])
def test_a_limit_takes_as_many_of_each_class(tmp_path, limit):
    many = np.random.default_rng(1).permutation(np.repeat(np.arange(10), 20)).astype(np.uint8)
    small_set(tmp_path, X_train=np.zeros((200, 3, 2), np.uint8), y_train=many)
    taken = load_mnist(tmp_path, limit=limit)
    counts = np.bincount(taken.y_train, minlength=10)
    assert counts.sum() == limit
    assert counts.max() - counts.min() <= 1
    assert len(taken.X_train) == limit
    assert len(taken.X_test) == 10


@pytest.fixture
def numbered(tmp_path):
    """Return a folder of 200 images in which the pixels tell an image's number and its label."""
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(10), 20)).astype(np.uint8)
    images = np.stack([np.arange(200), labels], axis=1).astype(np.uint8)[:, None]
    small_set(tmp_path, X_train=images, y_train=labels, X_test=images[:10])
    return tmp_path


def numbers(taken):
    return np.rint(taken.X_train[:, 0, 0, 0] * 255).astype(int).tolist()


def test_images_of_a_limit_keep_their_labels_and_come_once(numbered):
    taken = load_mnist(numbered, limit=73)
    assert_array_equal(np.rint(taken.X_train[:, 0, 0, 1] * 255), taken.y_train)
    assert len(set(numbers(taken))) == 73


def test_a_larger_limit_adds_to_the_images_of_a_smaller_one(numbered):
    larger = numbers(load_mnist(numbered, limit=200))
    for limit in (1, 10, 57, 199):
        assert numbers(load_mnist(numbered, limit=limit)) == larger[:limit]
    assert sorted(larger) == list(range(200))


def test_a_limit_continues_with_the_other_classes_where_one_is_exhausted(tmp_path):
    labels = np.array([0] * 3 + [1] * 7, np.uint8)
    small_set(tmp_path, X_train=np.zeros((10, 3, 2), np.uint8), y_train=labels)
    assert np.bincount(load_mnist(tmp_path, limit=8).y_train).tolist() == [3, 5]


def test_the_seed_of_a_limit_chooses_the_images(numbered):
    one, same, other = (numbers(load_mnist(numbered, limit=50, seed=seed)) for seed in (3, 3, 4))
    assert one == same
    assert one != other


def test_without_a_limit_the_order_is_that_of_the_file(numbered):
    assert numbers(load_mnist(numbered)) == numbers(load_mnist(numbered, seed=9)) == list(range(200))


def test_a_limit_of_the_real_digits_is_balanced():
    assert np.bincount(load_mnist(limit=1000).y_train).tolist() == [100] * 10


LIMITS = [
    pytest.param({"limit": 0}, ValueError, "limit must be a positive integer, got 0", id="zero"),
    pytest.param({"limit": -1}, ValueError, "limit must be a positive integer, got -1", id="negative"),
    pytest.param({"limit": 2.0}, TypeError, "limit must be a positive integer, got 2.0", id="float"),
    pytest.param({"limit": True}, TypeError, "limit must be a positive integer, got True", id="bool"),
    pytest.param(
        {"limit": 21}, ValueError, "limit must be at most 20, the number of training images, got 21", id="more"
    ),
    pytest.param({"seed": -1}, ValueError, "seed must be an integer of at least 0, got -1", id="seed-negative"),
    pytest.param({"seed": "0"}, TypeError, "seed must be an integer of at least 0, got '0'", id="seed-text"),
]


@pytest.mark.parametrize(("options", "error", "words"), LIMITS)
def test_a_wrong_limit_is_refused(tmp_path, options, error, words):
    small_set(tmp_path)
    with pytest.raises(error, match=f"load_mnist: {words}"):
        load_mnist(tmp_path, **options)


# --- sums, and folders ---


def test_checksums_are_computed_once_a_process(digits, monkeypatch):
    assert mnist._verified == set(mnist.FILES)

    def unwanted(*_):
        raise AssertionError("a sum was taken again")

    monkeypatch.setattr(mnist.hashlib, "sha256", unwanted)
    load_mnist(limit=10)


def test_checksums_are_computed_the_first_time(monkeypatch):
    monkeypatch.setattr(mnist, "_verified", set())
    load_mnist(limit=10)
    assert mnist._verified == set(mnist.FILES)


@pytest.mark.parametrize("key", slow_after(1, mnist.FILES))
def test_a_changed_copy_of_the_digits_is_refused(tmp_path, monkeypatch, key):
    for name, _ in mnist.FILES.values():
        shutil.copy(mnist.FOLDER / f"{name}.gz", tmp_path)
    name, checksum = mnist.FILES[key]
    path = tmp_path / f"{name}.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[len(content) // 2] ^= 1
    path.write_bytes(gzip.compress(content, compresslevel=0))
    monkeypatch.setattr(mnist, "FOLDER", tmp_path)
    monkeypatch.setattr(mnist, "_verified", set())
    with pytest.raises(ValueError, match=rf"load_mnist: '.*{path.name}' was changed: its SHA-256 is") as caught:
        load_mnist()
    assert checksum in str(caught.value)
    assert key not in mnist._verified


@pytest.mark.parametrize("zipped", [True, False], ids=["gzip", "plain"])
def test_another_set_of_the_same_format_is_loaded_from_its_folder(tmp_path, zipped):
    arrays = small_set(tmp_path, zipped)
    before = set(mnist._verified)
    for folder in (tmp_path, str(tmp_path)):
        found = load_mnist(folder)
        assert_array_equal(found.X_train[:, 0], arrays["X_train"].astype(np.float32) / np.float32(255))
        assert_array_equal(found.y_train, arrays["y_train"])
        assert_array_equal(found.X_test[:, 0], arrays["X_test"].astype(np.float32) / np.float32(255))
        assert_array_equal(found.y_test, arrays["y_test"])
    assert found.X_train.shape == (20, 1, 3, 2)
    assert mnist._verified == before


@pytest.mark.parametrize("name", [name for name, _ in mnist.FILES.values()])
def test_a_missing_file_raises_the_systems_error_with_its_name(tmp_path, name):
    small_set(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        load_mnist(tmp_path)
    assert caught.value.filename == str(tmp_path / f"{name}.gz")


def test_a_missing_folder_raises_the_systems_error_with_its_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_mnist(tmp_path / "nowhere")


def labels_with(value, at, count=20):
    labels = (np.arange(count) % 10).astype(np.uint8)
    labels[at] = value
    return labels


WRONG_SETS = [
    pytest.param({"y_train": labels_with(0, 0, 19)}, "20 train images but 19 train labels", id="a-label-less"),
    pytest.param({"y_test": labels_with(0, 0, 11)}, "10 test images but 11 test labels", id="a-label-more"),
    pytest.param(
        {"X_train": np.zeros((0, 3, 2), np.uint8)}, r"3 dimensions, got uint8 with shape \(0, 3, 2\)", id="none"
    ),
    pytest.param(
        {"X_train": np.zeros((20, 0, 2), np.uint8)}, r"3 dimensions, got uint8 with shape \(20, 0", id="no-rows"
    ),
    pytest.param({"X_test": np.zeros((10, 6), np.uint8)}, r"must hold bytes in 3 dimensions, got uint8", id="rows"),
    pytest.param({"X_test": np.zeros((10, 3, 2), np.int32)}, r"must hold bytes in 3 dimensions, got int32", id="int32"),
    pytest.param({"y_train": np.zeros((20, 1), np.uint8)}, r"must hold bytes in 1 dimensions", id="labels-2-d"),
    pytest.param({"y_train": b"<html>"}, r"neither gzip nor IDX: it starts with b'<htm'", id="html"),
    pytest.param({"X_test": np.zeros((10, 4, 4), np.uint8)}, r"images", id="test-images-of-another-size"),
]


@pytest.mark.parametrize(("changes", "words"), WRONG_SETS)
def test_an_inconsistent_set_is_refused(tmp_path, changes, words):
    small_set(tmp_path, **changes)
    with pytest.raises(ValueError, match=words):
        load_mnist(tmp_path)


# --- other labels, and other names ---


CLASSES = {
    "letters": range(1, 27),
    "47": range(47),
    "49": range(49),
    "62": range(62),
    "some-missing": (0, 3, 4, 200, 255),
    "one": (7,),
    "all-bytes": range(256),
}


def set_of(folder, classes, each=3):
    """Write a set with `each` images of every class, and more of some, in random order; the first pixel is a number."""
    labels = np.repeat(np.array(classes, np.uint8), each + np.arange(len(classes)) % 3)
    labels = np.random.default_rng(2).permutation(labels)
    numbers = np.arange(len(labels))
    images = np.stack([numbers // 256, numbers % 256, labels], axis=1).astype(np.uint8)[:, None]
    small_set(folder, X_train=images, y_train=labels, X_test=images[:5], y_test=labels[:5])
    return labels


@pytest.mark.parametrize("classes", CLASSES.values(), ids=CLASSES)
def test_any_byte_is_a_label(tmp_path, classes):
    labels = set_of(tmp_path, classes)
    found = load_mnist(tmp_path)
    assert (found.y_train.dtype, found.y_test.dtype) == (np.int64, np.int64)
    assert_array_equal(found.y_train, labels)
    assert_array_equal(found.y_test, labels[:5])


@pytest.mark.parametrize("classes", CLASSES.values(), ids=CLASSES)
def test_a_limit_is_balanced_over_the_classes_that_there_are(tmp_path, classes):
    labels = set_of(tmp_path, classes)
    for limit in (1, len(classes), 2 * len(classes) + 1, len(labels)):
        taken = load_mnist(tmp_path, limit=min(limit, len(labels)))
        counts = np.bincount(taken.y_train, minlength=256)
        rest = np.bincount(labels, minlength=256) - counts
        most = counts.max()
        assert (counts[rest > 0] >= most - 1).all()  # less of a class only where there are no more
        assert_array_equal(np.rint(taken.X_train[:, 0, 0, 2] * 255), taken.y_train)
        pixels = np.rint(taken.X_train[:, 0, 0, :2] * 255).astype(int) @ [256, 1]
        assert len(set(pixels)) == len(taken.y_train)
        assert_array_equal(labels[pixels], taken.y_train)


def test_a_limit_takes_the_same_images_as_a_plain_loop(tmp_path):
    labels = set_of(tmp_path, range(10), each=8)
    order, seen, turns = np.random.default_rng(5).permutation(len(labels)), {}, []
    for index in order:
        seen[labels[index]] = seen.get(labels[index], 0) + 1
        turns.append((seen[labels[index]], len(turns), index))
    wanted = [index for _, _, index in sorted(turns)][:33]
    taken = load_mnist(tmp_path, limit=33, seed=5)
    assert (np.rint(taken.X_train[:, 0, 0, :2] * 255).astype(int) @ [256, 1]).tolist() == wanted


NAMES = ["-idx3-ubyte.gz", "-idx3-ubyte", ".idx3-ubyte.gz", ".idx3-ubyte"]  # the first that exists is read


def named(path, ending):
    """Return the path of a file of the set with another ending."""
    return path.with_name(path.name.replace("-idx3-ubyte", ending).replace("-idx1-ubyte", ending.replace("3", "1")))


@pytest.mark.parametrize("ending", NAMES)
def test_files_have_one_of_four_names(tmp_path, ending):
    arrays = small_set(tmp_path, zipped=False)
    for name, _ in mnist.FILES.values():
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).unlink()
        write(named(tmp_path / name, ending), content, zipped=ending.endswith(".gz"))
    assert_array_equal(load_mnist(tmp_path).y_test, arrays["y_test"])
    assert_array_equal(np.rint(load_mnist(tmp_path).X_train[:, 0] * 255), arrays["X_train"])


@pytest.mark.parametrize("folders", [False, True], ids=["files", "folders"])
def test_the_first_name_that_is_a_file_is_read(tmp_path, folders):
    small_set(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.unlink()
    for brightness, ending in reversed(list(enumerate(NAMES))):
        if folders and brightness < 3:
            named(path, ending).mkdir()
            (named(path, ending) / "train-images-idx3-ubyte").write_bytes(b"as archives are unpacked")
        else:
            write(named(path, ending), idx(np.full((20, 3, 2), brightness, np.uint8)))
        first = 3 if folders else brightness
        assert (np.rint(load_mnist(tmp_path).X_train * 255) == first).all()


def test_a_file_is_missing_where_only_folders_have_its_name(tmp_path):
    small_set(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.unlink()
    for ending in NAMES[:3]:
        named(path, ending).mkdir()
    with pytest.raises(FileNotFoundError, match=r"train-images\.idx3-ubyte'"):
        load_mnist(tmp_path)


def test_a_set_that_is_too_large_as_floats_is_refused_and_a_limit_helps(tmp_path, monkeypatch):
    small_set(tmp_path)
    monkeypatch.setattr(mnist.checks, "LARGEST", 300)
    words = r"^load_mnist: 20 images as float32 would take 480 bytes; the most is 300\. Give a limit, or use load_idx"
    with pytest.raises(ValueError, match=words):
        load_mnist(tmp_path)
    assert len(load_mnist(tmp_path, limit=12).X_train) == 12


# --- load_idx ---


@pytest.mark.parametrize("zipped", [True, False], ids=["gzip", "plain"])
@pytest.mark.parametrize("dtype", CODES)
def test_load_idx_returns_the_stored_array(tmp_path, rng, dtype, zipped):
    array = (rng.normal(size=(3, 4, 5)) * 100).astype(np.int64 if dtype[0] != "f" else float).astype(dtype)
    found = load_idx(write(tmp_path / "array", idx(array), zipped))
    assert found.dtype == np.dtype(dtype)
    assert found.dtype.isnative
    assert_array_equal(found, array)
    assert found.flags.writeable


def test_load_idx_reads_big_endian_numbers_byte_by_byte(tmp_path):
    content = bytes([0, 0, 0x0B, 1, 0, 0, 0, 2, 0x01, 0x02, 0xFF, 0xFE])
    assert load_idx(write(tmp_path / "a", content)).tolist() == [0x0102, -2]


@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 1, 3, 1, 2), (1,) * 9])
def test_load_idx_takes_any_number_of_dimensions(tmp_path, shape):
    array = np.arange(math.prod(shape), dtype=np.uint8).reshape(shape)
    assert_array_equal(load_idx(write(tmp_path / "a", idx(array))), array)


def test_load_idx_accepts_a_path_or_a_string_with_any_ending(tmp_path):
    path = write(tmp_path / "plain.gz", idx(np.arange(3, dtype=np.uint8)))
    assert load_idx(path).tolist() == load_idx(str(path)).tolist() == [0, 1, 2]


def test_load_idx_takes_a_gzip_file_of_several_members(tmp_path):
    content = idx(np.arange(30, dtype=np.uint8))
    path = write(tmp_path / "a.gz", gzip.compress(content[:17]) + gzip.compress(content[17:]))
    assert load_idx(path).tolist() == list(range(30))


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (3, 0, 2)])
def test_load_idx_returns_an_empty_array_where_a_size_is_zero(tmp_path, shape):
    found = load_idx(write(tmp_path / "a", idx(np.zeros(shape, np.uint8))))
    assert found.shape == shape


def test_the_message_for_a_wrong_header_is_exact(tmp_path):
    path = write(tmp_path / "images.gz", idx(np.zeros(99, np.uint8), sizes=(60000, 28, 28)), zipped=True)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        load_idx(path)
    wanted = f"load_idx: the header of {str(path)!r} promises 60000x28x28 = 47040000 bytes, the file holds 99."
    assert str(caught.value) == wanted


GOOD = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
PLAIN = [
    pytest.param(b"", r"is neither gzip nor IDX: it starts with b''", id="empty"),
    pytest.param(b"\0", r"is neither gzip nor IDX: it starts with b'\\x00'", id="one-byte"),
    pytest.param(b"<html><body>", r"is neither gzip nor IDX: it starts with b'<htm'", id="html"),
    pytest.param(b"\x01" + GOOD[1:], r"is neither gzip nor IDX", id="first-byte"),
    pytest.param(b"\0\x01" + GOOD[2:], r"is neither gzip nor IDX", id="second-byte"),
    pytest.param(
        b"\0\0\x0a" + GOOD[3:], r"is neither gzip nor IDX: it starts with b'\\x00\\x00\\n\\x03'", id="type-10"
    ),
    pytest.param(b"\0\0\x08\0" + GOOD[4:], r"is neither gzip nor IDX", id="no-dimensions"),
    pytest.param(GOOD[:11], r"the header of .* ends after 11 bytes", id="header-cut"),
    pytest.param(GOOD[:-1], r"promises 2x3x4 = 24 bytes, the file holds 23\.", id="a-byte-less"),
    pytest.param(GOOD + b"\0", r"promises 2x3x4 = 24 bytes, the file holds more\.", id="a-byte-more"),
    pytest.param(GOOD + GOOD, r"promises 2x3x4 = 24 bytes, the file holds more\.", id="twice"),
    pytest.param(idx(np.zeros(9, np.uint8), sizes=(0, 3)), r"promises 0x3 = 0 bytes, the file holds more", id="zero"),
    pytest.param(idx(np.zeros(9, np.uint8), sizes=(2**32 - 1,) * 3), r"promises more than 2147483648 bytes", id="huge"),
    pytest.param(idx(np.zeros(9, np.uint8), sizes=(2**32 - 1,) * 255), r"promises more than 2147483648", id="huge-255"),
    pytest.param(idx(np.zeros(1, np.uint8), sizes=(1,) * 255), r"dimension", id="255-dimensions"),
    pytest.param(idx(np.zeros(0, np.uint8), sizes=(0, 2**32 - 1, 2**32 - 1, 2**32 - 1)), r"^load_idx: ", id="0-x-huge"),
    pytest.param(idx(np.zeros(9, np.uint8), code=0x0E), r"promises 9 = 72 bytes, the file holds 9\.", id="wider-type"),
]


@pytest.mark.parametrize("zipped", [True, False], ids=["gzip", "plain"])
@pytest.mark.parametrize(("content", "words"), PLAIN)
def test_load_idx_refuses(tmp_path, content, words, zipped):
    path = write(tmp_path / "damaged", content, zipped)
    words = words.replace("neither gzip nor IDX", "not IDX") if zipped else words
    with pytest.raises(ValueError, match=words) as caught:
        load_idx(path)
    assert str(caught.value).startswith("load_idx: ")
    assert repr(str(path)) in str(caught.value)


ZIPPED = gzip.compress(GOOD, mtime=0)
GZIP = [
    pytest.param(ZIPPED[:2], id="magic-only"),
    pytest.param(ZIPPED[:9], id="header-cut"),
    pytest.param(ZIPPED[:10], id="header-only"),
    pytest.param(ZIPPED[:20], id="data-cut"),
    pytest.param(ZIPPED[:-8], id="no-sum"),
    pytest.param(ZIPPED[:-1], id="length-cut"),
    pytest.param(ZIPPED[:-8] + struct.pack("<II", zlib.crc32(b"other"), len(GOOD)), id="wrong-sum"),
    pytest.param(ZIPPED[:-4] + struct.pack("<I", 5), id="wrong-length"),
    pytest.param(ZIPPED[:2] + b"\x07" + ZIPPED[3:], id="unknown-method"),
    pytest.param(ZIPPED[:10] + b"\xff" * 20, id="no-deflate"),
    pytest.param(ZIPPED + b"something else", id="more-after-it"),
    pytest.param(gzip.compress(ZIPPED), id="zipped-twice"),
]


@pytest.mark.parametrize("content", GZIP)
def test_load_idx_refuses_a_damaged_gzip_file_and_names_it(tmp_path, content):
    path = write(tmp_path / "damaged.gz", content)
    with pytest.raises(ValueError, match=r"^load_idx: ") as caught:
        load_idx(path)
    assert repr(str(path)) in str(caught.value)


@pytest.mark.parametrize("zipped", [True, False], ids=["gzip", "plain"])
def test_load_idx_refuses_a_truncated_file(tmp_path, zipped):
    content = ZIPPED if zipped else GOOD
    for length in range(len(content)):
        path = write(tmp_path / "cut", content[:length])
        with pytest.raises(ValueError, match=r"^load_idx: .*cut'"):
            load_idx(path)


def test_load_idx_refuses_a_gzip_file_with_a_flipped_bit_or_returns_the_right_array(tmp_path):
    right = 0
    for bit in range(8 * len(ZIPPED)):
        content = bytearray(ZIPPED)
        content[bit // 8] ^= 1 << bit % 8
        path = write(tmp_path / "flipped", bytes(content))
        try:
            found = load_idx(path)
        except ValueError as error:
            assert repr(str(path)) in str(error)  # noqa: PT017
        else:
            assert_array_equal(found, np.arange(24).reshape(2, 3, 4))
            right += 1
    assert right < 100  # the time stamp, the name of the system: nothing that the digits depend on


@pytest.fixture
def labels(tmp_path):
    """Return the path of a copy of the 10,000 labels to test with, gzipped: 4.5 KB."""
    return shutil.copy(mnist.FOLDER / "t10k-labels-idx1-ubyte.gz", tmp_path / "labels.gz")


def test_a_long_truncated_gzip_file_is_refused(labels):
    content = labels.read_bytes()
    for length in {*range(0, len(content), 25), *range(30), *range(len(content) - 30, len(content))}:
        labels.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"^load_idx: '.*labels\.gz' "):
            load_idx(labels)


def test_a_long_gzip_file_with_one_of_500_flipped_bits_is_refused_or_loads_right(labels):
    content, right = labels.read_bytes(), load_idx(labels)
    loaded = 0
    for bit in np.random.default_rng(0).choice(8 * len(content), 500, replace=False):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        labels.write_bytes(flipped)
        try:
            found = load_idx(labels)
        except ValueError as error:
            assert repr(str(labels)) in str(error)  # noqa: PT017
        else:
            assert_array_equal(found, right)
            loaded += 1
    assert loaded < 25  # the file's own name and time in the header of gzip


def test_a_pickle_as_an_idx_file_is_refused_and_no_code_runs(tmp_path):
    marker = tmp_path / "marker"
    malicious = pickle.dumps(Bomb(marker))
    for zipped in (False, True):
        with pytest.raises(ValueError, match="IDX"):
            load_idx(write(tmp_path / "malicious", malicious, zipped))
    assert not marker.exists()
    pickle.loads(malicious)
    assert marker.exists()


def test_a_missing_idx_file_and_a_folder_raise_the_systems_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        load_idx(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError):
        load_idx(tmp_path)


def peak_of(call, *arguments):
    """Return the peak of memory, in bytes, while a call is refused."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="load_idx"):
            call(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


BOMBS = [
    pytest.param((28, 28), "holds more", id="promises-little"),
    pytest.param((200, MB - 1), "holds more", id="promises-almost-all"),
    pytest.param((2047, MB), "the file holds 209715200", id="promises-2-GB"),
    pytest.param((2**32 - 1, 2**32 - 1), "promises more than", id="promises-2-to-the-64"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "words"), BOMBS)
def test_a_gzip_bomb_is_refused_in_little_memory(tmp_path, sizes, words):
    header = idx(np.zeros(0, np.uint8), sizes=sizes)
    path = write(tmp_path / "bomb.gz", bomb(header, 200))
    assert path.stat().st_size < MB
    assert peak_of(load_idx, path) < 10 * MB
    with pytest.raises(ValueError, match=words):
        load_idx(path)


def test_reading_takes_little_more_memory_than_the_array(tmp_path):
    path = write(tmp_path / "a", idx(np.zeros((20, MB), np.uint8)))
    tracemalloc.start()
    load_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 45 * MB


headers = st.builds(
    lambda code, sizes: bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes),
    st.sampled_from([*CODES.values(), 0, 0x0A, 0xFF]),
    st.lists(st.sampled_from([0, 1, 2, 3, 7, 255, 2**31, 2**32 - 1]), max_size=70),
)


@settings(
    max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(header=headers | st.binary(max_size=12), rest=st.binary(max_size=40), zipped=st.booleans())
def test_load_idx_returns_an_array_or_names_the_file_for_arbitrary_bytes(tmp_path_factory, header, rest, zipped):
    path = write(tmp_path_factory.getbasetemp() / "any-bytes", header + rest, zipped)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = load_idx(path)
        except ValueError as error:
            assert "any-bytes" in str(error)  # noqa: PT017
        else:
            assert found.nbytes <= len(rest)
