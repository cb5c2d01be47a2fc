"""The static pages: built without warnings, no broken links, nothing from another host, and an alt text everywhere."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


class Page(HTMLParser):
    """The links, the loaded files and the alt texts of a page."""

    def __init__(self, path):
        super().__init__()
        self.path, self.links, self.loaded, self.pictures = path, [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in ("script", "img", "link") and (source := given.get("src") or given.get("href")):
            self.loaded.append(source)
        if tag == "img":
            self.pictures.append(given.get("alt") or "")

    def file(self, reference):
        """Return the target of a reference within the pages."""
        return (
            (self.path.parent / unquote(urlsplit(reference).path)).resolve() if urlsplit(reference).path else self.path
        )


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    built = tmp_path_factory.mktemp("pages")
    options = ["--quiet", "--fail-on-warning", "--fresh-env", "--builder", "html", "--conf-dir", ROOT / "docs"]
    command = [sys.executable, "-m", "sphinx", *options, ROOT / "notebooks", built / "html"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [Page(path) for path in sorted((built / "html").rglob("*.html"))]
    return {page.path.relative_to(built / "html").as_posix(): page for page in found}


def test_the_first_page_and_every_chapter_link_to_all_other_chapters(pages):
    for name in ("index", *CHAPTERS):
        reached = {pages[f"{name}.html"].file(link).stem for link in pages[f"{name}.html"].links if "://" not in link}
        assert reached >= set(CHAPTERS) - {name}


def test_the_glossary_is_a_page_that_links_to_every_chapter_it_names(pages):
    page = pages["glossary.html"]
    assert {page.file(link).stem for link in page.links if "://" not in link} >= set(CHAPTERS)
    assert "glossary" in {pages["index.html"].file(link).stem for link in pages["index.html"].links}


def test_every_link_and_picture_within_the_pages_exists(pages):
    inside = [(page, each) for page in pages.values() for each in page.links + page.loaded if not urlsplit(each).scheme]
    assert inside
    assert [(page.path.name, each) for page, each in inside if not page.file(each).exists()] == []


def test_nothing_is_loaded_from_another_host(pages):
    assert [each for page in pages.values() for each in page.loaded if urlsplit(each).netloc] == []


def test_every_picture_has_an_alt_text_of_at_least_four_words(pages):
    alts = [(page.path.name, alt) for page in pages.values() for alt in page.pictures]
    assert alts
    assert [(name, alt) for name, alt in alts if len(alt.split()) < 4 or alt.endswith(".png")] == []
