"""The two tiers of tests: `make test` is the quick one, and with the slow one it leaves nothing out."""

from pathlib import Path

import pytest
import yaml
from makefile import recipe
from tiers import QUICK, is_slow

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_chapters_00_to_09_are_in_the_quick_tier(name):
    assert is_slow(f"notebooks/{name}") == (not name.startswith("0"))


@pytest.mark.parametrize(
    ("path", "slow"),
    [
        ("notebooks/13_many_machines.ipynb", True),
        ("notebooks/11_bug_museum.ipynb", True),
        ("notebooks/answers/08_model.ipynb", True),
        (QUICK[0], False),
        ("tests/oracles/test_pooling.py", True),
        ("tests/browser/test_browser.py", True),
        ("tests/test_browser_log.py", False),
        ("tests/test_pooling.py", False),
    ],
)
def test_a_file_is_slow_by_its_path(path, slow):
    assert is_slow(path) == slow


def test_the_quick_answers_notebook_exists():
    assert [path for path in QUICK if not (ROOT / path).is_file()] == []


def test_the_marker_is_set_by_the_path(request):
    class Item:
        def __init__(self, path):
            self.path, self.markers = ROOT / path, []
            self.add_marker = self.markers.append

    items = [
        Item(path) for path in ("tests/pages/test_pages.py", "tests/test_model.py", "../elsewhere/tests/pages/a.py")
    ]
    request.config.pluginmanager.get_plugin(str(ROOT / "conftest.py")).pytest_collection_modifyitems(items)
    assert [item.markers for item in items] == [["slow"], [], []]


def test_make_test_and_the_rest_of_test_all_are_complements():
    assert '-m pytest -m "not slow" ' in recipe("test")[1][-1]
    prerequisites, commands = recipe("test-all")
    assert prerequisites == ["test", "$(INTEROP)"]
    assert commands[-1] == "python -m pytest -m slow"


def test_the_workflow_runs_make_test_and_on_windows_its_commands():
    job = WORKFLOW["jobs"]["test"]
    runs = {step["if"]: step["run"].splitlines() for step in job["steps"] if "run" in step}
    install, *commands = runs["runner.os == 'Windows'"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(RUN)", "python")
    assert runs["runner.os != 'Windows'"] == ["make test"]
    assert commands == recipe("test")[1]
    assert f"\t@{install}\n" in makefile
    assert {system.split("-")[0] for system in job["strategy"]["matrix"]["os"]} == {"ubuntu", "macos", "windows"}
