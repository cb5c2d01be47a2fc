"""The pictures in imgs/: all of the table, nothing else, the same bytes twice, and said in words where used."""

import importlib.util
import re
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

ROOT = Path(__file__).resolve().parent.parent


def load_table():
    spec = importlib.util.spec_from_file_location("make_figures", ROOT / "imgs" / "make_figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = load_table()
NAMES = sorted(MAKER.FIGURES)


def test_every_picture_in_imgs_is_of_the_table_and_every_row_is_drawn():
    stored = {path.name for path in (ROOT / "imgs").iterdir() if path.suffix in (".png", ".gif", ".svg", ".jpg")}
    assert stored == set(NAMES)


@pytest.fixture(scope="module")
def drawn_twice(tmp_path_factory):
    folders = [tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")]
    for folder in folders:
        MAKER.main(folder)
    return folders


@pytest.mark.parametrize("name", NAMES)
def test_a_second_run_writes_the_same_bytes(drawn_twice, name):
    first, second = ((folder / name).read_bytes() for folder in drawn_twice)
    assert first == second


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_picture_has_the_size_of_a_fresh_one(drawn_twice, name):
    with Image.open(ROOT / "imgs" / name) as stored, Image.open(drawn_twice[0] / name) as fresh:
        assert stored.size == fresh.size
        assert len(set(stored.convert("L").tobytes())) > 10  # not an empty page


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".gif")])
def test_an_animation_has_a_frame_for_each_state_and_they_differ_and_begin_again(drawn_twice, name):
    with Image.open(ROOT / "imgs" / name) as stored:
        frames = [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(stored)]
        assert stored.info["loop"] == 0  # for ever
    assert len(frames) == len(MAKER.FIGURES[name].states()) > 1
    assert all(one != other for one, other in pairwise(frames))


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_shown_with_its_alt_text_in_all_its_places_and_nowhere_else(name):
    row = MAKER.FIGURES[name]
    texts = {path: (ROOT / path).read_text() for path in ("README.md", *row.used_in)}
    texts |= {path.relative_to(ROOT).as_posix(): path.read_text() for path in ROOT.glob("notebooks/*.ipynb")}
    shown = {path: re.findall(rf"!\[([^]]*)\]\([^)]*{re.escape(name)}\)", text) for path, text in texts.items()}
    assert {path for path, alts in shown.items() if alts} == set(row.used_in)
    assert {alt for alts in shown.values() for alt in alts} == {row.alt}
