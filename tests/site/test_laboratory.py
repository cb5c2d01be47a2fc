"""The laboratory: what is in it, that JupyterLab opens every chapter, and that nothing else is loaded from elsewhere.

Network     the requests to Pyodide's content delivery network are refused here; test_kernel.py answers them.
"""

import json
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from browser.conftest import ROOT

from cnn_core import load_mnist

CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
NOTEBOOKS = [*CHAPTERS, *(f"answers/{chapter}" for chapter in CHAPTERS)]
LINK = re.compile(r'class="open-in-lab"><a href="([^"?]*)\?path=([^"]*)">')
TARGET = re.compile(r"\]\(([^)\s#]+)[^)]*\)|(?:src|href)=\"([^\"#]*)\"")
NETWORK = re.compile(r"https://[^/]+/pyodide/v[0-9.]+/full/")  # Pyodide's own host
FIRST_VISIT = 16_000_000  # bytes: the most that a visitor loads until a chapter is on the screen, without Pyodide
WHEEL = 4_000_000  # bytes
ARRAYS = ("X_train", "y_train", "X_test", "y_test")
SAVES = """
import sys; sys.path.insert(0, sys.argv[1])
import numpy as np
from cnn_core import load_mnist
given = [{}, {"limit": 300}, {"limit": 60_000}, {"limit": 200, "seed": 3}]
found = [load_mnist(**each) for each in given]
np.savez(sys.argv[2], *(getattr(digits, name) for digits in found for name in sys.argv[3:]))
"""


@pytest.fixture(scope="module")
def lab(site):
    """Return the folder of the laboratory."""
    if not (site / "lab").is_dir():
        pytest.skip("the laboratory is not built (make site)")
    return site / "lab"


@pytest.fixture
def visit(chromium, address):
    """Return a function that opens a page, and a list of all requests; those to another host are refused."""
    context, asked = chromium.new_context(viewport={"width": 1250, "height": 900}), []
    context.on("request", lambda request: asked.append(request.url))
    context.route(lambda url: not url.startswith((address, "data:", "blob:")), lambda route: route.abort())

    def go(path):
        page = context.new_page()
        page.goto(address + path)
        return page

    yield go, asked
    context.close()


def test_jupyterlab_opens_with_all_chapters_and_asks_pyodides_network_only(visit, address):
    go, asked = visit
    page = go("lab/lab/index.html?path=notebooks/02_dilation.ipynb")
    page.locator(".jp-NotebookPanel h1", has_text="gradients").wait_for(timeout=200_000)
    listed = page.locator(".jp-DirListing-itemName", has_text="13_many_machines")
    listed.wait_for(timeout=200_000)
    names = page.locator(".jp-DirListing-itemName").all_inner_texts()
    assert {f"{chapter}.ipynb" for chapter in CHAPTERS} <= {name.strip() for name in names}
    elsewhere = {url for url in asked if not url.startswith((address, "data:", "blob:"))}
    assert [url for url in elsewhere if not NETWORK.match(url)] == []


def test_a_first_visit_loads_no_more_than_it_should(chromium, address):
    context, sizes = chromium.new_context(), []
    context.route(lambda url: not url.startswith((address, "data:", "blob:")), lambda route: route.abort())
    context.on("requestfinished", lambda request: sizes.append(request))
    page = context.new_page()
    page.goto(f"{address}lab/lab/index.html?path=notebooks/00_the_whole_network.ipynb")
    page.locator(".jp-NotebookPanel h1").first.wait_for(timeout=200_000)
    loaded = sum(each.sizes()["responseBodySize"] for each in list(sizes) if each.url.startswith(address))
    context.close()
    assert 1_000_000 < loaded < FIRST_VISIT


@pytest.mark.parametrize(("name", "width"), [("04_pooling", 390), ("answers/07_optimisers", 1250)])
def test_the_link_on_a_page_opens_its_notebook(name, width, site, visit):
    if not (site / f"{name}.html").is_file():
        pytest.skip("the pages are not built (make site)")
    page = visit[0](f"{name}.html")
    page.set_viewport_size({"width": width, "height": 844})
    title = page.locator("article h1").first.inner_text().removesuffix("#")
    page.locator(".open-in-lab a").click()
    shown = page.locator(".jp-NotebookPanel h1").first
    shown.wait_for(timeout=200_000)
    assert shown.inner_text().startswith(title[:20])
    box = shown.bounding_box()
    assert 0 <= box["x"] < box["x"] + box["width"] <= width  # all of it is on the screen


def test_every_page_of_a_notebook_has_the_link_to_its_copy(site, lab):
    for name in NOTEBOOKS:
        found = LINK.findall((site / f"{name}.html").read_text(encoding="utf-8"))
        assert [path for _, path in found] == [f"notebooks/{name}.ipynb"]
        assert (site / f"{name}.html").parent.joinpath(found[0][0]).resolve() == (
            lab / "notebooks" / "index.html"
        ).resolve()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_copy_installs_the_project_first_has_a_note_and_no_outputs(name, lab):
    cells = json.loads((lab / "files" / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert "%pip install" in "".join(code[0]["source"])
    assert "%pip" not in "".join("".join(cell["source"]) for cell in code[1:])
    assert not any(cell["outputs"] for cell in code)
    note = cells[cells.index(code[0]) - 1]
    assert "You are in the browser" in "".join(note["source"])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_link_of_a_copy_leads_to_a_file_of_the_laboratory(name, lab):
    path = lab / "files" / "notebooks" / f"{name}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    targets = [first or second for first, second in TARGET.findall(text)]
    local = [target for target in targets if not re.match(r"[a-z]+:|$", target)]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_the_wheel_has_the_digits_that_a_limit_of_2000_takes(lab, tmp_path):
    (wheel,) = (lab / "pypi").glob("cnn_from_scratch-*.whl")
    assert wheel.stat().st_size < WHEEL
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "wheel")
    command = [sys.executable, "-I", "-c", SAVES, tmp_path / "wheel", tmp_path / "found.npz", *ARRAYS]
    subprocess.run(command, check=True)
    expected = [load_mnist(limit=2000), load_mnist(limit=300), load_mnist(limit=2000)]
    with np.load(tmp_path / "found.npz") as stored:
        found = [stored[f"arr_{number}"] for number in range(len(stored.files))]
    for array, wanted in zip(found, [getattr(digits, name) for digits in expected for name in ARRAYS], strict=False):
        assert array.dtype == wanted.dtype
        assert np.array_equal(array, wanted)
    assert len(found) == 16
    assert np.bincount(found[13]).tolist() == [20] * 10  # another seed takes others, also balanced


def test_the_laboratory_never_asks_pypi(lab):
    settings = json.loads((lab / "jupyter-lite.json").read_text(encoding="utf-8"))["jupyter-config-data"]
    kernel = settings["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    assert kernel["disablePyPIFallback"] is True
