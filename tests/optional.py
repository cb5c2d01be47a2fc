"""Folders of tests that need something large and optional, and the reports for them where it is missing.

Each test file of such a folder is then one skipped test. Where CNN_REQUIRE_ORACLES, CNN_REQUIRE_PAGES,
CNN_REQUIRE_BROWSER or CNN_REQUIRE_SITE is 1, every skip and every expected failure in that folder is a failure.
conftest.py calls this.
"""

import importlib.util
import os
import shutil

import pytest

REASONS = {
    "oracles": "PyTorch is not installed (pip install -c constraints.txt torch)",
    "pages": "Sphinx is not installed (make html installs it)",
    "browser": "Playwright or Chromium is not installed (make browser)",
    "site": "Playwright or Chromium is not installed (make browser)",
}
MODULES = {"oracles": "torch", "pages": "myst_nb", "browser": "playwright", "site": "playwright"}


class MissingItem(pytest.Item):
    """The skipped test that stands for a file that cannot run."""

    def runtest(self):
        pytest.skip(REASONS[self.path.parent.name])

    def reportinfo(self):
        return self.path.parent, 0, self.name


class MissingFile(pytest.File):
    """A test file of a folder whose requirement is missing."""

    def collect(self):
        yield MissingItem.from_parent(self, name=self.path.stem)


def is_missing(folder):
    """Return whether the tests of a folder cannot run here."""
    if folder not in MODULES:
        return False
    return importlib.util.find_spec(MODULES[folder]) is None or (
        folder in ("browser", "site") and not shutil.which("chromium")
    )


def without_skips(report):
    """Return the report, with a skip turned into a failure where its folder is required."""
    folder = report.nodeid.split("/")[1] if report.nodeid.startswith("tests/") else ""
    variable = f"CNN_REQUIRE_{folder.upper()}"
    if folder in MODULES and os.environ.get(variable) == "1" and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"Skipped, although {variable} is 1: {report.longrepr}"
    return report
