"""The glossary: terms in alphabetical order, each with a chapter that uses it, and a link from every chapter."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
CHAPTERS = sorted(NOTEBOOKS.glob("*.ipynb"))
GLOSSARY = (NOTEBOOKS / "glossary.md").read_text(encoding="utf-8")

ENTRY = re.compile(r"- \*\*(?P<term>[^*]+)\*\*: (?P<meaning>.+) \(\[chapter (?P<number>\d\d)\]\((?P<file>[^)]+)\)\)\.")
LINES = [line for line in GLOSSARY.splitlines() if line.startswith("-")]
ENTRIES = [match.groupdict() for match in map(ENTRY.fullmatch, LINES) if match]
HEAD = re.compile(r"^.*\[all chapters\]\(index\.md\).*$", re.MULTILINE | re.IGNORECASE)


def cells_of(path):
    """Return the sources of all cells of a notebook."""
    return ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def in_order(term):
    """Return a term as it is sorted: small letters and digits only."""
    return re.sub(r"[^a-z0-9 ]", "", term.casefold())


def missing_words(term, text):
    """Return the words of a term that a text does not contain."""
    return [word for word in re.findall(r"[\w/-]+", term.casefold()) if word not in text.casefold()]


def is_linked(cells):
    """Return whether the head of a chapter, its first cell, has the link beside the one to all chapters."""
    head = HEAD.search(cells[0])
    return bool(head) and "[glossary](glossary.md)" in head[0]


def test_every_entry_is_a_term_a_sentence_and_a_chapter():
    assert [line for line in LINES if not ENTRY.fullmatch(line)] == []
    assert len(ENTRIES) > 90
    assert [each["term"] for each in ENTRIES if ". " in each["meaning"]] == []


def test_the_terms_are_in_alphabetical_order_and_none_occurs_twice():
    terms = [in_order(each["term"]) for each in ENTRIES]
    assert [pair for pair in pairwise(terms) if pair[0] >= pair[1]] == []


def test_every_term_is_under_its_letter():
    letters = re.split(r"^## (.)$", GLOSSARY, flags=re.MULTILINE)[1:]
    listed = {letter: ENTRY.findall(entries) for letter, entries in zip(letters[::2], letters[1::2], strict=True)}
    assert all(listed.values())
    terms = [(letter, term) for letter, entries in listed.items() for term, *_ in entries]
    assert [term for letter, term in terms if in_order(term)[0].upper() != letter] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: in_order(entry["term"]).replace(" ", "-"))
def test_the_chapter_of_a_term_exists_and_uses_the_term(entry):
    path = NOTEBOOKS / entry["file"]
    assert path in CHAPTERS
    assert path.name.startswith(entry["number"])
    assert missing_words(entry["term"], "\n".join(cells_of(path))) == []


def test_every_chapter_explains_a_term():
    assert {each["file"] for each in ENTRIES} == {path.name for path in CHAPTERS}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_links_to_the_glossary_in_its_head_line(path):
    assert is_linked(cells_of(path))


@pytest.mark.parametrize(
    "head",
    ["# A title", "# A title\n\n[all chapters](index.md)", "[all chapters](index.md)\n\n[glossary](glossary.md)"],
)
def test_a_head_line_without_the_link_is_found(head):
    assert not is_linked([head, "[all chapters](index.md) · [glossary](glossary.md)"])
