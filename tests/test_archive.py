"""Archives: malicious, damaged and foreign files are refused, and a save is whole or leaves the old file."""

import io
import json
import multiprocessing
import os
import pickle
import re
import socket
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from attacks.archives import (
    Bomb,
    architecture_of,
    entries_of,
    huge_directory,
    npy,
    npy_with,
    pack,
    with_entry,
    with_text,
    without,
)
from hypothesis import given
from hypothesis import strategies as st
from saved_models import MB, F, bits, content_of, few_examples, good_or_refused, refused, small_model

from cnn_core import Adam, Model, load_checkpoint, save_checkpoint
from cnn_core.archive import Archive

# --- other files ---


@pytest.mark.parametrize("load", [Model.load, load_checkpoint])
def test_loading_a_missing_file_or_a_folder_raises_the_systems_error(tmp_path, load):
    with pytest.raises(FileNotFoundError, match="nothing"):
        load(tmp_path / "nothing.npz")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)


FOREIGN = [
    pytest.param(b"", id="empty"),
    pytest.param(b"PK\x03\x04", id="start-of-a-zip"),
    pytest.param(b"PK\x05\x06" + bytes(18), id="zip-without-entries"),
    pytest.param(b"PK\x05\x06" + b"\xff" * 18, id="end-of-a-zip-that-lies"),
    pytest.param(b"PK\x05\x06" + bytes(8) + b"\xff" * 8 + bytes(2), id="directory-of-4-GB"),
    pytest.param(b"<html></html>", id="html"),
    pytest.param(np.random.default_rng(0).bytes(5000), id="noise"),
    pytest.param(bytes(100_000), id="zeros"),
    pytest.param(pickle.dumps({"0.F": [1, 2]}), id="pickle"),
    pytest.param(npy(np.zeros(3)), id="npy"),
]


@pytest.mark.parametrize("load", [Model.load, load_checkpoint])
@pytest.mark.parametrize("content", FOREIGN)
def test_a_file_of_another_format_is_refused(model_path, content, load):
    model_path.write_bytes(content)
    refused(load, model_path)


def test_an_npz_file_without_architecture_is_refused(model_path):
    np.savez(model_path, a=np.zeros(3))
    refused(Model.load, model_path, "'architecture' is missing")


def test_a_checkpoint_is_not_loaded_as_a_model_nor_a_model_as_a_checkpoint(saved_model, saved_checkpoint):
    refused(Model.load, saved_checkpoint, "it holds a checkpoint, not a model")
    refused(load_checkpoint, saved_model, "it holds a model, not a checkpoint")


@pytest.mark.parametrize("error", [MemoryError("no more"), OSError(5, "the disk fails")])
def test_an_error_that_is_not_the_files_fault_keeps_its_kind(saved_model, monkeypatch, error):
    def fail(self, name):
        raise error

    monkeypatch.setattr(Archive, "read", fail)
    with pytest.raises(type(error)) as raised:
        Model.load(saved_model)
    assert raised.value is error


# --- objects, which could run code ---


def test_an_object_array_is_refused_and_no_code_runs(saved_model, tmp_path):
    marker = tmp_path / "marker"
    objects = np.array([Bomb(marker)], dtype=object)
    for name in ("0.F", "architecture"):
        small_model().save(saved_model)
        with_entry(saved_model, name, npy(objects, allow_pickle=True))
        refused(Model.load, saved_model, "holds Python objects; such files can run code and are never loaded")
    assert not marker.exists()
    np.load(io.BytesIO(npy(objects, allow_pickle=True)), allow_pickle=True)
    assert marker.exists()  # the malicious array does run code when pickles are allowed


@pytest.mark.parametrize("load", [Model.load, load_checkpoint])
def test_a_pickle_anywhere_in_a_file_is_refused_and_no_code_runs(model_path, tmp_path, load):
    marker = tmp_path / "marker"
    malicious = pickle.dumps(Bomb(marker))
    model_path.write_bytes(malicious)
    refused(load, model_path)
    pack(model_path, {"architecture.npy": malicious})
    refused(load, model_path)
    pack(model_path, {"architecture": malicious})
    refused(load, model_path)
    model_path.write_bytes(npy(np.array([Bomb(marker)], dtype=object), allow_pickle=True))
    refused(load, model_path)
    assert not marker.exists()
    pickle.loads(malicious)
    assert marker.exists()


OBJECTS = [
    pytest.param("{'descr': '|O', 'fortran_order': False, 'shape': (2, 1, 3, 3), }", id="objects"),
    pytest.param("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (18,), }", id="objects-in-fields"),
]


@pytest.mark.parametrize("header", OBJECTS)
def test_a_header_of_objects_is_refused_for_any_data(saved_model, header):
    with_entry(saved_model, "0.F", npy_with(header, bytes(72)))
    refused(Model.load, saved_model, "holds Python objects")


# --- arrays that differ from the architecture ---

GOOD_HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 3, 3), }"


DIGITS = "9" * 3000


BAD_ARRAYS = [
    pytest.param(npy(np.ones((2, 1, 3, 4), "<f4")), r"'0\.F' should be float32 \(2, 1, 3, 3\)", id="shape"),
    pytest.param(npy(np.ones(18, "<f4")), r"'0\.F' should be", id="flat"),
    pytest.param(npy(np.float32(1)), r"'0\.F' should be", id="scalar"),
    pytest.param(npy(F.astype("<f8")), r"'0\.F' should be", id="float64"),
    pytest.param(npy(F.astype("<f2")), r"'0\.F' should be", id="float16"),
    pytest.param(npy(F.astype(">f4")), r"'0\.F' should be", id="big-endian"),
    pytest.param(npy(F.astype("<i4")), r"'0\.F' should be", id="integers"),
    pytest.param(npy(F.view("<u4")), r"'0\.F' should be", id="unsigned"),
    pytest.param(npy(F > 0), r"'0\.F' should be", id="booleans"),
    pytest.param(npy(F.astype("<c8")), r"'0\.F' should be", id="complex"),
    pytest.param(npy(F.astype("<U1")), r"'0\.F' should be", id="text"),
    pytest.param(
        npy(np.asfortranarray(np.arange(18, dtype="<f4").reshape(F.shape))), r"'0\.F' should be", id="fortran"
    ),
    pytest.param(npy(F * np.nan), r"0\.F contains 18 values that are not finite", id="nan"),
    pytest.param(
        npy(np.where(np.arange(18).reshape(F.shape) == 5, np.inf, F).astype("<f4")), r"\(0, 0, 1, 2\)", id="inf"
    ),
    pytest.param(npy(F)[:-1], r"'0\.F' should be", id="a-byte-less"),
    pytest.param(npy(F) + b"\0", r"'0\.F' should be", id="a-byte-more"),
    pytest.param(npy(F)[:10], None, id="header-cut"),
    pytest.param(npy(F)[:7], None, id="magic-cut"),
    pytest.param(b"", None, id="no-bytes"),
    pytest.param(b"\x92" + npy(F)[1:], None, id="magic"),
    pytest.param(npy(F, version=(2, 0)), r"'0\.F' ", id="version-2"),
    pytest.param(npy(F, version=(3, 0)), r"'0\.F' ", id="version-3"),
    pytest.param(
        npy_with(GOOD_HEADER.replace("2,", "2000000000,"), F.tobytes()), r"'0\.F' should be", id="promises-72-GB"
    ),
    pytest.param(npy_with(GOOD_HEADER.replace("2,", DIGITS + ","), F.tobytes()), None, id="promises-10^3000"),
    pytest.param(npy_with(GOOD_HEADER.replace("2,", "-2,"), F.tobytes()), r"'0\.F' should be", id="negative-size"),
    pytest.param(npy_with(GOOD_HEADER.replace("2,", "True,"), F.tobytes()), r"'0\.F' should be", id="bool-size"),
    pytest.param(npy_with(GOOD_HEADER.replace("2,", "2.0,"), F.tobytes()), None, id="float-size"),
    pytest.param(npy_with(GOOD_HEADER.replace("2,", "2L,"), F.tobytes()), None, id="long-integer-of-python-2"),
    pytest.param(npy_with(GOOD_HEADER[:-5], F.tobytes()), None, id="bracket-left-open"),
    pytest.param(npy_with(GOOD_HEADER.replace("}", ""), F.tobytes()), None, id="brace-left-open"),
    pytest.param(npy_with("{'descr': '''", F.tobytes()), None, id="quote-left-open"),
    pytest.param(npy_with("  x\n y", F.tobytes()), None, id="indentation"),
    pytest.param(npy_with("\0", F.tobytes()), None, id="null-byte"),
    pytest.param(npy_with(bytes(range(128, 256)), F.tobytes()), None, id="no-ascii"),
    pytest.param(npy_with("", F.tobytes()), None, id="no-header"),
    pytest.param(npy_with("[1, 2]", F.tobytes()), None, id="a-list"),
    pytest.param(npy_with("{}", F.tobytes()), None, id="no-keys"),
    pytest.param(npy_with("{'descr': 5, 'fortran_order': False, 'shape': (2,)}", F.tobytes()), None, id="descr-number"),
    pytest.param(
        npy_with("{'descr': 'zz', 'fortran_order': False, 'shape': (2,)}", F.tobytes()), None, id="descr-unknown"
    ),
    pytest.param(npy_with("__import__('os')", F.tobytes()), None, id="code"),
    pytest.param(npy_with("(" * 4000, F.tobytes()), None, id="deep-brackets"),
    pytest.param(npy_with("-" * 4000 + "1", F.tobytes()), None, id="deep-signs"),
    pytest.param(npy_with("{'a': " * 600 + "1" + "}" * 600, F.tobytes()), None, id="deep-dictionaries"),
    pytest.param(npy_with("1+1j" + "-1" * 1990, F.tobytes()), None, id="long-sum"),
    pytest.param(npy_with(GOOD_HEADER + " " * 60_000, F.tobytes()), None, id="long-header"),
]


@pytest.mark.parametrize(("content", "words"), BAD_ARRAYS)
def test_an_array_that_differs_from_the_architecture_is_refused(saved_model, content, words):
    with_entry(saved_model, "0.F", content)
    refused(Model.load, saved_model, words)


@pytest.mark.parametrize(("content", "words"), BAD_ARRAYS)
def test_an_architecture_that_is_not_an_array_of_bytes_is_refused(saved_model, content, words):
    with_entry(saved_model, "architecture", content)
    refused(Model.load, saved_model)


BAD_SETS = [
    pytest.param(lambda e: without(e, "0.F.npy"), r"arrays missing: \['0\.F'\], not expected: \[\]", id="missing"),
    pytest.param(lambda e: e | {"9.F.npy": e["0.F.npy"]}, r"missing: \[\], not expected: \['9\.F'\]", id="extra"),
    pytest.param(lambda e: e | {"notes.txt": b"hello"}, r"not expected: \['notes\.txt'\]", id="extra-text"),
    pytest.param(
        lambda e: e | {"../malicious.npy": e["0.F.npy"]}, r"not expected: \['\.\./malicious'\]", id="path-upwards"
    ),
    pytest.param(lambda e: [*e.items(), ("0.F.npy", e["0.F.npy"])], "two arrays have the same name", id="twice"),
    pytest.param(lambda e: [*e.items(), ("0.F", e["0.F.npy"])], "two arrays have the same name", id="twice-by-ending"),
    pytest.param(
        lambda e: [*e.items(), ("architecture.npy", e["architecture.npy"])], "the same name", id="two-architectures"
    ),
    pytest.param(lambda e: without(e, "architecture.npy"), "'architecture' is missing", id="no-architecture"),
    pytest.param(lambda e: e | {"0.F.npy": e["4.W.npy"]}, r"'0\.F' should be", id="exchanged"),
    pytest.param(lambda e: {name.lower(): content for name, content in e.items()}, "missing", id="lower-case"),
]


@pytest.mark.parametrize(("change", "words"), BAD_SETS)
def test_missing_extra_and_duplicate_arrays_are_refused(saved_model, change, words):
    pack(saved_model, change(entries_of(saved_model)))
    refused(Model.load, saved_model, words)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["zip", "bz2", "lzma"]
)
def test_compressed_arrays_are_refused(saved_model, method):
    pack(saved_model, entries_of(saved_model), method)
    refused(
        Model.load, saved_model, "is compressed; here arrays are stored as they are|promises more bytes than it holds"
    )


def test_an_entry_whose_two_sizes_differ_is_refused(saved_model):
    content = bytearray(saved_model.read_bytes())
    start = content.rindex(b"0.F.npy") - 46  # of the record in the directory
    size = int.from_bytes(content[start + 20 : start + 24], "little")
    content[start + 20 : start + 24] = (size - 4).to_bytes(4, "little")
    saved_model.write_bytes(content)
    refused(Model.load, saved_model, r"'0\.F' is compressed")


@pytest.mark.slow
def test_a_zip_bomb_is_refused_in_little_memory(saved_model):
    entries = entries_of(saved_model) | {"0.F.npy": npy_with(GOOD_HEADER, bytes(200 * MB))}
    pack(saved_model, entries, zipfile.ZIP_DEFLATED)
    assert saved_model.stat().st_size < MB
    refused(Model.load, saved_model)


@pytest.mark.slow
def test_a_zip_bomb_as_the_architecture_is_refused_in_little_memory(saved_model):
    entries = entries_of(saved_model) | {"architecture.npy": npy(np.zeros(200 * MB, np.uint8))}
    pack(saved_model, entries, zipfile.ZIP_DEFLATED)
    refused(Model.load, saved_model)


@pytest.mark.slow
@pytest.mark.parametrize("large", [False, True], ids=["zip", "zip64"])
def test_a_huge_directory_is_refused_in_little_memory(saved_model, large):
    saved_model.write_bytes(huge_directory(250_000, large))
    refused(Model.load, saved_model)
    with zipfile.ZipFile(saved_model) as archive:
        assert len(archive.infolist()) == 250_000  # the directory itself is valid


# --- texts that are not an architecture ---

BAD_TEXTS = [
    pytest.param("", id="empty"),
    pytest.param("{", id="left-open"),
    pytest.param("null", id="null"),
    pytest.param("[]", id="list"),
    pytest.param("5", id="number"),
    pytest.param('"model"', id="text"),
    pytest.param(b"\xff\xfe\x00", id="no-text"),
    pytest.param(b"\xff" * 50, id="no-utf-8"),
    pytest.param('{"version": NaN}', id="nan"),
    pytest.param('{"version": Infinity}', id="infinity"),
    pytest.param('{"version": -Infinity}', id="minus-infinity"),
    pytest.param('{"version": 1e999}', id="1e999"),
    pytest.param('{"version": ' + "9" * 100_000 + "}", id="a-number-of-100,000-digits"),
    pytest.param("[" * 100_000, id="deep-lists"),
    pytest.param('{"a":' * 100_000, id="deep-objects"),
    pytest.param('{"version": 1, "kind": "model", "model": ' + "[" * 50_000 + "]" * 50_000 + "}", id="deep-and-closed"),
    pytest.param("[" + "{}," * 340_000 + "{}]", id="a-million-of-objects"),
    pytest.param("[" + '{"":0},' * 149_000 + "{}]", id="a-million-of-dictionaries", marks=pytest.mark.slow),
    pytest.param(" " * (2 * MB), id="2-MB-of-spaces"),
]


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_a_text_that_is_not_an_architecture_is_refused(saved_model, text):
    with_text(saved_model, text)
    refused(Model.load, saved_model)


def test_an_architecture_of_more_than_a_megabyte_is_not_read(saved_model):
    with_text(saved_model, json.dumps(architecture_of(saved_model)) + " " * MB)
    refused(Model.load, saved_model, "its architecture is longer than 1048576 bytes")


@pytest.mark.slow
@pytest.mark.parametrize("place", ["name", "arrays", "shape", "kind"])
def test_the_error_message_for_a_bad_file_is_short(saved_model, place):
    architecture, entries = architecture_of(saved_model), entries_of(saved_model)
    if place == "name":
        architecture["model"]["layers"][1]["name"] = "ReLU" * 50_000
    elif place == "shape":
        architecture["model"]["input_shape"] = [1] * 100_000
    elif place == "kind":
        architecture["kind"] = ["model"] * 10_000
    else:
        entries |= {f"array-{number}.npy": b"" for number in range(3000)}
    pack(saved_model, entries | {"architecture.npy": npy(np.frombuffer(json.dumps(architecture).encode(), np.uint8))})
    assert len(refused(Model.load, saved_model)) < 2000


# --- damaged files ---

KINDS = [
    pytest.param(Model.load, "saved_model", id="model"),
    pytest.param(load_checkpoint, "saved_checkpoint", id="checkpoint"),
]


@pytest.mark.parametrize(("load", "fixture"), KINDS)
def test_a_truncated_file_is_refused(request, load, fixture):
    path = request.getfixturevalue(fixture)
    content, right = path.read_bytes(), content_of(load, path)
    stride = max(len(content) // 700, 1)
    for length in {*range(0, len(content), stride), *range(len(content) - 60, len(content))}:
        path.write_bytes(content[:length])
        assert not good_or_refused(load, path, right), f"cut after {length} bytes"


@pytest.mark.parametrize(("load", "fixture"), KINDS)
def test_a_file_with_bytes_removed_or_added_at_its_ends_is_refused_or_loads_right(request, load, fixture):
    path = request.getfixturevalue(fixture)
    content, right = path.read_bytes(), content_of(load, path)
    for start in range(1, 100, 7):
        path.write_bytes(content[start:])
        good_or_refused(load, path, right)
    for more in (b"\0", b"#!/bin/sh\n", b"PK\x05\x06" + bytes(18), bytes(70_000)):
        for changed in (more + content, content + more):
            path.write_bytes(changed)
            good_or_refused(load, path, right)


@pytest.mark.slow
@pytest.mark.parametrize(("load", "fixture"), KINDS)
def test_a_flipped_bit_is_refused_or_does_not_matter(request, load, fixture):
    path = request.getfixturevalue(fixture)
    content, right = path.read_bytes(), content_of(load, path)
    places = np.random.default_rng(0).choice(8 * len(content), 500, replace=False)
    loaded = 0
    for bit in places:
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        loaded += good_or_refused(load, path, right)
    assert loaded < 150  # dates, attributes and the like: nothing that a model depends on


@pytest.mark.parametrize(("load", "fixture"), KINDS)
def test_a_flipped_bit_at_the_end_of_the_zip_directory_is_refused_or_does_not_matter(request, load, fixture):
    path = request.getfixturevalue(fixture)
    content, right = path.read_bytes(), content_of(load, path)
    for bit in range(8 * (len(content) - 22), 8 * len(content)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        good_or_refused(load, path, right)


def test_a_flipped_bit_in_a_parameter_is_refused(saved_model):
    content = saved_model.read_bytes()
    for _, param, _ in small_model().parameters():
        start = content.index(param.tobytes() if param.any() else b"\n" + param.tobytes())
        for bit in range(8 * start + 8, 8 * (start + param.nbytes), 5):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            saved_model.write_bytes(flipped)
            with pytest.raises(ValueError, match=re.escape(str(saved_model))):
                Model.load(saved_model)


@pytest.mark.slow
@few_examples
@given(start=st.floats(0, 1), length=st.integers(0, 60), put_in=st.binary(max_size=60))
def test_a_file_with_arbitrary_bytes_is_refused_or_loads_right(tmp_path_factory, start, length, put_in):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    small_model().save(path)
    content, right = path.read_bytes(), bits(small_model())
    at = int(start * len(content))
    path.write_bytes(content[:at] + put_in + content[at + length :])
    good_or_refused(Model.load, path, right)


@pytest.mark.slow
@few_examples
@given(
    header=st.text(st.sampled_from("{}()[]'\",:0123456789<fO|L \n#\\xdescrshapfotn_F"), max_size=60)
    | st.binary(max_size=60)
)
def test_a_file_with_an_arbitrary_array_header_is_refused(tmp_path_factory, header):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    small_model().save(path)
    with_entry(path, "0.F", npy_with(header, F.tobytes()))
    with pytest.raises(ValueError, match=r"^Model\.load: "):
        Model.load(path)


# --- faults while writing; test_faults.py has those that need a process of their own ---


def test_an_interrupt_while_saving_leaves_the_old_file_and_no_other(saved_model, monkeypatch):
    before = saved_model.read_bytes()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    for module, name in [(np, "savez"), (os, "fsync"), (os, "replace")]:
        monkeypatch.setattr(module, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            small_model(seed=9).save(saved_model)
        monkeypatch.undo()
        assert saved_model.read_bytes() == before
        assert os.listdir(saved_model.parent) == [saved_model.name]


def test_the_temporary_file_of_a_killed_save_is_removed_an_hour_later_and_one_in_use_is_not(saved_model):
    killed, used, other = (saved_model.with_name(name) for name in (".a.1.cnn_core", ".b.2.cnn_core", "c.cnn_core"))
    for path, hours in ((killed, 1.1), (used, 0.9), (other, 9)):
        path.write_bytes(b"half a model")
        os.utime(path, (time.time() - 3600 * hours,) * 2)
    small_model(seed=4).save(saved_model)
    assert (killed.exists(), used.exists(), other.exists()) == (False, True, True)
    assert bits(Model.load(saved_model)) == bits(small_model(seed=4))


# --- saving while others save and load, links, modes and special files ---


def save_model(path, seed=5):
    small_model(seed=seed).save(path)


def save_a_checkpoint(path, seed=5):
    save_checkpoint(path, small_model(seed=seed), Adam())


def loaded_seed(path, save):
    return (Model.load(path) if save is save_model else load_checkpoint(path)[0]).seed


SAVES = pytest.mark.parametrize("save", [save_model, save_a_checkpoint], ids=["model", "checkpoint"])


def save_and_load(save, path, seed, times):
    """Save a model of this seed and load what is there, many times; its parameters are those of its own seed."""
    for _ in range(times):
        save(path, seed)
        opened = Model.load(path) if save is save_model else load_checkpoint(path)[0]
        assert bits(opened) == bits(small_model(seed=opened.seed))


@SAVES
@pytest.mark.parametrize("times", [8, pytest.param(40, marks=pytest.mark.slow)])
def test_threads_that_save_to_one_path_and_load_it_always_find_a_whole_file(tmp_path, save, times):
    with ThreadPoolExecutor(6) as pool:
        runs = [pool.submit(save_and_load, save, tmp_path / "shared.npz", seed, times) for seed in range(6)]
    assert [run.exception() for run in runs] == [None] * 6
    assert os.listdir(tmp_path) == ["shared.npz"]


@pytest.mark.slow
@SAVES
def test_processes_that_save_to_one_path_and_load_it_always_find_a_whole_file(tmp_path, save):
    context = multiprocessing.get_context("spawn")
    path = tmp_path / "shared.npz"
    processes = [context.Process(target=save_and_load, args=(save, path, seed, 100)) for seed in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 4
    assert os.listdir(tmp_path) == ["shared.npz"]


def absolute_link(folder):
    (folder / "link.npz").symlink_to(folder / "sub" / "target.npz")


def relative_link(folder):
    (folder / "link.npz").symlink_to("sub/target.npz")


def link_to_a_link(folder):
    (folder / "sub" / "middle").symlink_to("target.npz")
    (folder / "link.npz").symlink_to("sub/middle")


def link_through_a_linked_folder(folder):
    (folder / "elsewhere").symlink_to("sub")
    (folder / "link.npz").symlink_to("elsewhere/target.npz")


@SAVES
@pytest.mark.parametrize("is_dangling", [False, True], ids=["to-a-file", "dangling"])
@pytest.mark.parametrize("link", [absolute_link, relative_link, link_to_a_link, link_through_a_linked_folder])
def test_saving_over_a_link_writes_what_it_points_to(tmp_path, save, is_dangling, link):
    (tmp_path / "sub").mkdir()
    target = tmp_path / "sub" / "target.npz"
    if not is_dangling:
        target.write_bytes(b"old")
    link(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    save(tmp_path / "link.npz")
    assert (tmp_path / "link.npz").is_symlink()
    assert not target.is_symlink()
    assert loaded_seed(target, save) == 5
    assert sorted(tmp_path.rglob("*")) == sorted({*before, target})


@SAVES
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_the_mode_of_a_file_stays_and_a_new_one_has_that_of_open(tmp_path, save, mode):
    kept, new, opened = (tmp_path / name for name in ("kept.npz", "new.npz", "opened"))
    save(kept)
    kept.chmod(mode)
    umask = os.umask(0o777 & ~mode)
    try:
        save(kept)
        save(new)
        opened.touch()
    finally:
        os.umask(umask)
    assert kept.stat().st_mode & 0o777 == mode
    assert new.stat().st_mode == opened.stat().st_mode


def folder_in(path):
    path.mkdir()


def pipe_in(path):
    os.mkfifo(path)


def socket_in(path):
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))


SPECIAL = {
    "folder": folder_in,
    "pipe": pipe_in,
    "socket": socket_in,
    "device": lambda path: path.symlink_to(os.devnull),
    "link-to-itself": lambda path: path.symlink_to(path.name),
    "link-to-a-folder": lambda path: path.symlink_to(Path.cwd()),
}


@SAVES
@pytest.mark.parametrize("make", SPECIAL.values(), ids=SPECIAL)
def test_saving_to_anything_but_a_regular_file_is_refused_and_leaves_it(tmp_path, monkeypatch, save, make):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    path = Path("special")
    make(path)
    before = path.lstat()
    with pytest.raises((ValueError, IsADirectoryError), match=r"special' is not a regular file|Is a directory"):
        save(path)
    assert (path.lstat().st_mode, path.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert os.listdir() == ["special"]


@SAVES
@pytest.mark.parametrize(
    "name", ["a" * 255, "\N{GREEK SMALL LETTER ALPHA}" * 127, ".hidden", "no suffix", b"bytes.npz", "[*]?"]
)
def test_a_file_may_have_any_name_of_up_to_255_bytes(tmp_path, monkeypatch, save, name):
    monkeypatch.chdir(tmp_path)
    for seed in (1, 2):
        save(name, seed)
        assert loaded_seed(name, save) == seed
    assert os.listdir() == [os.fsdecode(name)]


def test_an_error_without_a_message_is_named_by_its_class(saved_model, monkeypatch):
    def fails(*arguments, **options):
        raise AssertionError

    monkeypatch.setattr(json, "loads", fails)
    refused(Model.load, saved_model, "cannot be loaded: AssertionError")
