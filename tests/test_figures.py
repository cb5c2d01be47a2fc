"""The pictures in imgs/ and cnn_core/data/: exactly those of the table, reproducible, shown with their alt texts."""

import importlib.util
import re
from dataclasses import replace
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


SLOW = pytest.mark.slow  # pictures that take seconds
STILL = next(name for name in NAMES if name.endswith(".png"))
ANIMATIONS = [name for name in NAMES if name.endswith(".gif")]
SHORTEST = min(ANIMATIONS, key=lambda name: len(MAKER.FIGURES[name].states()))


def test_the_folders_hold_exactly_the_pictures_of_the_table():
    folders = (ROOT / "imgs", ROOT / "cnn_core" / "data")
    stored = {path for each in folders for path in each.iterdir() if path.suffix in (".png", ".gif", ".svg", ".jpg")}
    assert stored == {path_of(name) for name in NAMES}


def path_of(name):
    """Return the path of a stored picture."""
    return MAKER.FIGURES[name].folder / name


def draw(name, folder):
    """Draw a picture of the table into a folder, and return its path."""
    MAKER.FIGURES[name].save(folder / name)
    return folder / name


def assert_of_one_size(stored, new):
    """Fail if two files hold pictures of different sizes, or the first an empty page."""
    with Image.open(stored) as stored, Image.open(new) as new:
        assert stored.size == new.size
        assert len(set(stored.convert("L").tobytes())) > 10


@pytest.mark.parametrize("name", [name if name == STILL else pytest.param(name, marks=SLOW) for name in NAMES])
def test_the_stored_picture_has_the_size_of_a_new_one(tmp_path, name):
    assert_of_one_size(path_of(name), draw(name, tmp_path))


@pytest.mark.parametrize("name", [name if name == SHORTEST else pytest.param(name, marks=SLOW) for name in ANIMATIONS])
def test_the_stored_animation_has_the_size_of_a_new_first_frame(tmp_path, name):
    replace(MAKER.FIGURES[name], count=lambda: 1).save(tmp_path / name)
    assert_of_one_size(path_of(name), tmp_path / name)


@pytest.mark.parametrize("name", [STILL, pytest.param(SHORTEST, marks=SLOW)])
def test_drawing_a_picture_again_writes_the_same_bytes(tmp_path, name):
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    first, second = (draw(name, folder).read_bytes() for folder in folders)
    assert first == second


def test_make_figures_writes_every_picture_of_the_table_into_the_folder(tmp_path, monkeypatch):
    written = []
    for kind in (MAKER.Figure, MAKER.Animation):
        monkeypatch.setattr(kind, "save", lambda row, path: written.append(path))
    MAKER.main(tmp_path)
    assert sorted(written) == [tmp_path / name for name in NAMES]


@pytest.mark.parametrize("name", ANIMATIONS)
def test_an_animation_repeats_and_has_one_frame_for_each_state_different_from_the_last(name):
    with Image.open(path_of(name)) as stored:
        frames = [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(stored)]
        assert stored.info["loop"] == 0  # without end
    assert len(frames) == len(MAKER.FIGURES[name].states()) > 1
    assert all(one != other for one, other in pairwise(frames))


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_shown_with_its_alt_text_wherever_the_table_says_and_nowhere_else(name):
    row = MAKER.FIGURES[name]
    notebooks = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("notebooks/*.ipynb")]
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in ("README.md", *row.used_in, *notebooks)}
    link = re.compile(rf"!\[([^]]*)\]\((?:[^)]*/)?{re.escape(name)}\)")  # not one whose name ends in the same way
    shown = {path: link.findall(text) for path, text in texts.items()}
    assert {path for path, alts in shown.items() if alts} == set(row.used_in)
    assert {alt for alts in shown.values() for alt in alts} == {row.alt}


def test_the_pictures_of_chapter_02_show_the_arrays_of_its_example():
    text = (ROOT / "notebooks" / "02_dilation.ipynb").read_text(encoding="utf-8")
    assert f"X = np.array({MAKER.IMAGE.tolist()})" in text
    assert f"F = np.array({MAKER.WEIGHTS.tolist()})" in text
    assert "stride, padding = {stride}, {padding}".format(**MAKER.HOW) in text
    assert f"dC/dO {MAKER.BLAME.astype(float).tolist()}" in text  # printed there
