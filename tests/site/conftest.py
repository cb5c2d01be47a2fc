"""Fixtures of the tests of the site that `make site` has built: its folder, a server of it, and a Chromium."""

import functools
import http.server
import threading

import pytest
from browser.conftest import ROOT, launched


@pytest.fixture(scope="session")
def site():
    """Return the folder of the site."""
    folder = ROOT / "build" / "site"
    if not (folder / "states").is_dir():
        pytest.skip("the site is not built (make site)")
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server that writes no log."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(site):
    """Return the address of a server of the site: JupyterLite does not run from files."""
    if not (site / "lab").is_dir():
        pytest.skip("the laboratory is not built (make site)")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def chromium():
    """Return a Chromium."""
    with launched() as browser:
        yield browser
