"""The static page: built without a warning, every link and picture in place, nothing from another host, all alt texts.

Sphinx is optional: without it this file becomes one visible skip. Where CNN_REQUIRE_PAGES is 1 that is a failure.
"""

import importlib.util
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))

if importlib.util.find_spec("myst_nb") is None and os.environ.get("CNN_REQUIRE_PAGES") != "1":
    pytest.skip("Sphinx is not installed (make html installs it)", allow_module_level=True)


class Page(HTMLParser):
    """What a page refers to, and the alt texts of its pictures."""

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
        """Return the file that a reference within the pages leads to."""
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


def test_the_first_page_leads_to_every_chapter_and_each_to_the_others(pages):
    for name in ("index", *CHAPTERS):
        reached = {pages[f"{name}.html"].file(link).stem for link in pages[f"{name}.html"].links if "://" not in link}
        assert reached >= set(CHAPTERS) - {name}


def test_every_link_and_picture_within_the_pages_is_there(pages):
    inside = [(page, each) for page in pages.values() for each in page.links + page.loaded if not urlsplit(each).scheme]
    assert len(inside) > 100
    assert [(page.path.name, each) for page, each in inside if not page.file(each).exists()] == []


def test_nothing_is_loaded_from_another_host(pages):
    assert [each for page in pages.values() for each in page.loaded if urlsplit(each).netloc] == []


def test_every_picture_says_what_is_to_be_seen(pages):
    alts = [(page.path.name, alt) for page in pages.values() for alt in page.pictures]
    assert len(alts) > 30
    assert [(name, alt) for name, alt in alts if len(alt.split()) < 4 or alt.endswith(".png")] == []
