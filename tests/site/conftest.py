"""Fixtures of the tests of the site that `make site` has built: its folder, and a Chromium."""

import shutil
from pathlib import Path

import pytest
from browser.conftest import FLAGS

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def site():
    """Return the folder of the site."""
    folder = ROOT / "build" / "site"
    if not (folder / "states").is_dir():
        pytest.skip("the site is not built (make site)")
    return folder


@pytest.fixture(scope="module")
def chromium():
    """Return a Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()
