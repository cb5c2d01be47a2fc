"""Links: every local link of the documents and notebooks leads to a file, and every chapter links to its code."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
CHAPTERS = [path for path in NOTEBOOKS if path.parent.name == "notebooks"]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("notebooks/*.md")), ROOT / "cnn_core/data/mnist/README.md"]

TARGET = re.compile(r"\]\(([^)\s]+)[^)]*\)|(?:src|href)=\"([^\"]*)\"")
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
ROW = re.compile(r"^\| \d\d \| \[[^\]]*\]\((notebooks/[^)]*)\) \|.*\| ([^|]*) \|$", re.MULTILINE)
CODE = re.compile(r"# .*\n\n\*\*The code\.\*\* (.*)\n")


def markdown_of(path):
    """Return the prose of a document, or of all markdown cells of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return CODE_BLOCK.sub("", text)


def anchors(text):
    """Return the anchors of the headings, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


def broken_links(text, folder):
    """Return the local targets that do not exist."""
    targets = [target or other for target, other in TARGET.findall(text)]
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    files = [target for target in local if not target.startswith("#") and not (folder / target.split("#")[0]).exists()]
    return files + [target for target in local if target.startswith("#") and target[1:] not in anchors(text)]


def code_links(text):
    """Return the targets of a line of links, relative to the root of the repository."""
    return [target.removeprefix("../") for target, _ in TARGET.findall(text)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_of_a_document_leads_somewhere(path):
    assert broken_links(markdown_of(path), path.parent) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_in_a_notebook_leads_somewhere(path):
    links = broken_links(markdown_of(path), path.parent)
    assert [link for link in links if not link.startswith("#")] == []  # JupyterLab has other anchors than GitHub


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_links_to_its_code_under_its_title(path):
    line = CODE.match(markdown_of(path))
    assert line, f"{path.name}: no line '**The code.** [file](../cnn_core/file)' under the title"
    targets = code_links(line[1])
    assert targets
    assert all(re.fullmatch(r"cnn_\w+/[\w/]+\.py", target) for target in targets)


def test_readme_lists_every_chapter_with_the_code_that_the_chapter_names():
    in_readme = {notebook: code_links(code) for notebook, code in ROW.findall(markdown_of(ROOT / "README.md"))}
    in_chapters = {path.relative_to(ROOT).as_posix(): code_links(CODE.match(markdown_of(path))[1]) for path in CHAPTERS}
    assert in_readme == in_chapters


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[a](no_such_file.py)", ["no_such_file.py"]),
        ("![a](imgs/no_such_picture.png)", ["imgs/no_such_picture.png"]),
        ('<img src="no_such_picture.png">', ["no_such_picture.png"]),
        ("[a](README.md#part) and [b](no_such_file.md#part)", ["no_such_file.md#part"]),
        ("# One part\n[a](#one-part) [b](#another)", ["#another"]),
        ("[a](https://example.org/no_such_page) [b](cnn_core/shapes.py)", []),
        ("```\n[a](no_such_file.py)\n```", []),
    ],
)
def test_a_broken_link_is_found(text, broken):
    assert broken_links(CODE_BLOCK.sub("", text), ROOT) == broken
