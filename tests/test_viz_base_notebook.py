"""Printed text: lines that fit the page, in every encoding of the output."""

import io
import os
import subprocess
import sys

import pytest
from tiers import slow_after

from cnn_viz.base.notebook import LINE, PLAIN, print_wrapped, printable

PRINTS = """
import numpy as np
from cnn_core import Adam, CrossEntropy, Flatten, FullyConnected, Model, fit
from cnn_viz import explore, frame_grid, new_figure, show_figure, watch

SENTENCE = "a filter of 3×3 · stride 2 · −0.5 ± 0.1 → ∞ ≈ µ 🦉 \\udc80 ’"

def draw(size=6):
    return new_figure(100, 50), SENTENCE

show_figure(*draw())
explore(draw, size=range(1, 9))
show_figure(*frame_grid(draw, [{"size": 1}, {"size": 2}]))

def refuse(size=6):
    raise ValueError(SENTENCE)

explore(refuse, size=range(1, 9))
X, y = np.random.default_rng(0).random((8, 1, 4, 4)), np.arange(8) % 3
model = Model([Flatten(), FullyConnected(3)], (1, 4, 4))
watch(fit(model, X, y, Adam(), CrossEntropy(), validation=(X, y)), snapshot=draw)
print(model.summary())

def stopped():
    raise KeyboardInterrupt
    yield

watch(stopped())
"""


@pytest.mark.parametrize(
    "encoding",
    slow_after(1, ["ascii", "utf-8", "cp1252", "latin-1", "cp437"]),
)
def test_all_that_is_printed_outside_a_notebook_survives_a_pipe_of_any_encoding(encoding):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRINTS], capture_output=True, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr.decode(errors="replace")[-2000:]
    printed = run.stdout.decode(encoding)
    assert printed.count("a filter of 3") == 5
    assert "epoch 1/1: cost" in printed
    assert "Interrupted before the first step." in printed


@pytest.mark.parametrize(
    ("encoding", "text", "printed"),
    [
        ("ascii", "3×3 − 1 · 2", "3x3 - 1 * 2"),
        ("cp1252", "3×3 − 1 · 2", "3×3 - 1 · 2"),
        ("utf-8", "3×3 − 1 · 2 🦉", "3×3 − 1 · 2 🦉"),
        ("ascii", "→ ≈ ∞ °", "-> ~ inf deg"),
        ("ascii", "🦉é", "??"),
        ("utf-8", "\udc80", "?"),
    ],
)
def test_a_character_that_cannot_be_encoded_is_replaced_and_no_other(encoding, text, printed, monkeypatch):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert printable(text) == printed


def test_an_output_without_an_encoding_gets_the_text_as_it_is(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert printable("3×3 − 1") == "3×3 − 1"


def test_every_replacement_is_plain():
    assert "".join(PLAIN.values()).isascii()


def test_lines_break_between_words(capsys):
    print_wrapped("word " * 50)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert all(len(line) <= LINE and line.endswith("word") for line in lines)
