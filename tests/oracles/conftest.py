"""The tests in this folder compare cnn_core with PyTorch, which is large and optional.

Without PyTorch each file here becomes one visible skip. Where the variable CNN_REQUIRE_ORACLES is 1 that is a failure,
and so is every other skip and expected failure: nothing can be left out there unseen.
"""

import importlib.util
import os

import pytest

REASON = "PyTorch is not installed (pip install -c constraints.txt torch)"
REQUIRED = os.environ.get("CNN_REQUIRE_ORACLES") == "1"


class MissingOracle(pytest.Item):
    """What is run in place of a test file that cannot be imported without PyTorch."""

    def runtest(self):
        pytest.skip(REASON)

    def reportinfo(self):
        return self.path, 0, self.name


class MissingOracleFile(pytest.File):
    """A test file of this folder while PyTorch is missing."""

    def collect(self):
        yield MissingOracle.from_parent(self, name=self.path.stem)


def turned_red(report):
    """Return the report, as a failure if it was a skip where nothing may be skipped."""
    if REQUIRED and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"Skipped, where CNN_REQUIRE_ORACLES=1 allows no skip: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    collectors = yield
    if collectors and file_path.name.startswith("test_") and importlib.util.find_spec("torch") is None:
        return [MissingOracleFile.from_parent(parent, path=file_path)]
    return collectors


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return turned_red((yield))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return turned_red((yield))
