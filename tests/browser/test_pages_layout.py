"""The static pages in a browser, wide and on a phone: nothing runs out of its column, and no picture is too small."""

import subprocess
import sys
from urllib.parse import quote

import pytest
from browser.lab import ROOT

PAGES = [*sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")), "index", "glossary"]
# What reaches beyond the column, unless it lies in a box that scrolls; and the pictures that are drawn smaller than
# they should be, [width given, width drawn]. The heading's frame of the theme is 8 pixels wider than the column.
MEASURE = """() => {
  const column = document.querySelector("article"), edges = column.getBoundingClientRect();
  const scrolls = (element) => element !== column
    && (["auto", "scroll"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const within = (box) => !box.width || (box.left >= edges.left - 9 && box.right <= edges.right + 9);
  const beyond = [...column.querySelectorAll("*")].filter((element) =>
    !within(element.getBoundingClientRect()) && !scrolls(element));
  const pictures = [...column.querySelectorAll("img[width]")].map((image) =>
    [Number(image.getAttribute("width")), image.clientWidth]);
  return {
    page: document.scrollingElement.scrollWidth - innerWidth,
    beyond: beyond.map((element) => element.tagName + " " + element.textContent.slice(0, 60)),
    small: pictures.filter(([given, drawn]) => drawn < 0.9 * Math.min(given, 736)),
  };
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return the folder of the pages."""
    pytest.importorskip("myst_nb", reason="Sphinx is not installed (make html installs it)")
    built = tmp_path_factory.mktemp("pages")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--conf-dir", ROOT / "docs", ROOT / "notebooks", built]
    subprocess.run(command, check=True, capture_output=True)
    return built


@pytest.mark.parametrize("width", [1250, 390])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_out_of_its_column_and_no_picture_shrinks(name, width, pages, browser):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(f"file://{quote(str(pages / name))}.html", wait_until="load")
    page.wait_for_function("!window.MathJax || !document.querySelector('.math') || document.querySelector('.MathJax')")
    assert page.evaluate(MEASURE) == {"page": 0, "beyond": [], "small": []}
    page.close()
