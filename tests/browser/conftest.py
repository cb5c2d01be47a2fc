"""Fixtures of the tests in a browser: one JupyterLab, one Chromium, and each notebook opened once for all its tests.

A failed test leaves a screenshot of every open page in build/browser/.
"""

import contextlib
import re
import shutil

import pytest
from browser.lab import ROOT, Lab
from browser.notebooks import chosen
from browser.page import Notebook
from browser.widget import ACTIONS

SCREENSHOTS = ROOT / "build" / "browser"
# No sandbox: in a container, or as root, Chromium has none. The others keep it from asking for anything but the page.
FLAGS = """
--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-dev-shm-usage --disable-background-networking
--disable-component-update --disable-sync
""".split()
BROWSER = pytest.StashKey()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Return a JupyterLab."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.stop()


@contextlib.contextmanager
def launched():
    """Yield a Chromium, and close it at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser(request):
    """Return a Chromium."""
    with launched() as browser:
        request.config.stash[BROWSER] = browser
        yield browser


@pytest.fixture(scope="module", params=chosen())
def opened(request, lab, browser):
    """Return a notebook that has been opened and not run."""
    notebook = Notebook(lab, browser, request.param)
    yield notebook
    notebook.close()


@pytest.fixture(scope="module")
def ran(opened):
    """Return a notebook after all its cells have run."""
    opened.run_all()
    return opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for file in photographed(item):
            report.sections.append(("Screenshot", str(file)))
    return report


def photographed(item):
    """Take a screenshot of every open page, and yield the files."""
    browser = item.config.stash.get(BROWSER, None)
    pages = [page for context in browser.contexts for page in context.pages] if browser else []
    for number, page in enumerate(pages):
        file = SCREENSHOTS / f"{re.sub(r'[^a-z0-9_]+', '-', item.name)}-{number}.png"
        with contextlib.suppress(Exception):  # a page that has crashed has no picture
            page.screenshot(path=file)
            yield file


def pytest_terminal_summary(terminalreporter):
    if ACTIONS:
        terminalreporter.write_line("In the browser: " + ", ".join(f"{n} {what}" for what, n in ACTIONS.items()) + ".")
