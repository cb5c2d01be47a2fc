"""The laboratory's kernel in a browser: Pyodide's core from npm answers for the content delivery network.

Core        build/pyodide, from `python tools/fetch_pyodide.py`. NumPy for Pyodide is not in any package registry, so no
            chapter runs here: Python starts, the wheel of this project is installed, and its files are there.
Lock        Pyodide's list has the sums of its own copies of the wheels. Those from PyPI have others.
"""

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from browser.conftest import ROOT

CORE = ROOT / "build" / "pyodide"
NETWORK = re.compile(r"https://([^/]+)/pyodide/v[0-9.]+/full/")
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}
TYPED = r"""
import gzip, sys, threading
from importlib.metadata import distribution
%pip install -q --no-deps cnn-from-scratch anywidget psygnal
files = [file for file in distribution("cnn-from-scratch").files if file.name.endswith("labels-idx1-ubyte.gz")]
print(sys.platform, *sorted(len(gzip.decompress(file.locate().read_bytes())) - 8 for file in files))
threading.Thread(target=print).start()
"""


@pytest.fixture(scope="module")
def network():
    """Return what the content delivery network would send: the content of each file."""
    if not CORE.is_dir():
        pytest.skip("Pyodide's core is not there (python tools/fetch_pyodide.py)")
    files = {path.name: path.read_bytes() for path in CORE.iterdir()}
    lock = json.loads(files["pyodide-lock.json"])
    files[lock["packages"]["sqlite3"]["file_name"]] = empty_wheel("sqlite3")
    for package in lock["packages"].values():
        if package["file_name"] in files:
            package["sha256"] = hashlib.sha256(files[package["file_name"]]).hexdigest()
    return files | {"pyodide-lock.json": json.dumps(lock).encode()}


def empty_wheel(name):
    """Return a wheel without a package: IPython does without sqlite3, but not with half of it."""
    wheel, info = io.BytesIO(), f"{name}-1.0.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel.getvalue()


def answer(route, files):
    """Answer a request in the place of the content delivery network."""
    name = route.request.url.partition("?")[0].rpartition("/")[2]
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": TYPES.get(Path(name).suffix, "application/zip")}
    route.fulfill(status=200 if name in files else 404, body=files.get(name, b""), headers=headers)


def test_python_starts_in_the_page_and_has_the_2000_digits(chromium, address, network):
    context, asked = chromium.new_context(viewport={"width": 1250, "height": 900}), []
    context.on("request", lambda request: asked.append(request.url))
    context.route("**/pyodide/v*/full/**", lambda route: answer(route, network))
    page = context.new_page()
    page.goto(f"{address}lab/lab/index.html?path=notebooks/02_dilation.ipynb")
    started(page)
    run_in_first_cell(page, TYPED)
    output = page.locator(".jp-NotebookPanel .jp-OutputArea", has_text="Error").first  # the last line raises one
    output.wait_for(timeout=300_000)  # 15 s where the machine is quiet
    assert "emscripten 2000 10000" in output.inner_text()
    assert "RuntimeError: can't start new thread" in output.inner_text()
    elsewhere = {url for url in asked if not url.startswith((address, "data:", "blob:"))}
    assert [url for url in elsewhere if not NETWORK.match(url)] == []
    assert len({NETWORK.match(url)[1] for url in elsewhere}) == 1  # Pyodide's host, and no other
    context.close()


def started(page):
    """Wait until Python is ready: a cell that is run before opens a menu of kernels, or is ignored."""
    page.locator(".jp-NotebookPanel .jp-KernelName", has_text="Python (Pyodide)").wait_for(timeout=300_000)
    page.locator(".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=300_000)


def run_in_first_cell(page, text):
    """Replace the text of the first cell with code by another one, and run it."""
    cell = page.locator(".jp-NotebookPanel .jp-CodeCell .cm-content").first
    cell.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)
    page.keyboard.press("Shift+Enter")
