"""JupyterLab: every documented command opens chapter 00, and nothing is asked at the first start."""

import json
import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from makefile import recipe

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOKEN = "a-token-of-the-test"
NOTIFICATION = "lab/api/settings/@jupyterlab/apputils-extension:notification"
FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR")


def options_of_make_lab():
    """Return the options that `make lab` passes to JupyterLab."""
    _, (command,) = recipe("lab")
    return [word for word in shlex.split(command) if word.startswith("--")]


def test_readme_has_the_command_of_make_lab_for_uv_and_for_conda():
    command = ["jupyter", "lab", *options_of_make_lab()]
    lines = [line.split() for line in README.splitlines() if "jupyter lab " in line]
    assert lines == [["uv", "run", *command], command]


def test_the_first_chapter_is_opened():
    (opened,) = (option for option in options_of_make_lab() if option.startswith("--LabApp.default_url="))
    first = min((ROOT / "notebooks").glob("*.ipynb")).relative_to(ROOT).as_posix()
    assert opened == f"--LabApp.default_url=/lab/tree/{first}"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def server(tmp_path):
    """Start JupyterLab with the options of `make lab` for a user without settings; return its address."""
    port = free_port()
    own = [f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}", "--ServerApp.open_browser=False"]
    own += ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    command = [sys.executable, "-m", "jupyterlab", *options_of_make_lab(), *own]
    folders = {name: str(tmp_path / name.lower()) for name in FOLDERS}
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | folders, stdout=log, stderr=log)
    yield f"http://127.0.0.1:{port}", process
    process.terminate()
    process.wait(60)


def fetch(server, path):
    """Return (final address, body) of a page, waiting for the server to start."""
    address, process = server
    end = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/{path}?token={TOKEN}", timeout=30) as answer:
                return answer.url, answer.read()
        except urllib.error.HTTPError:
            raise
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab does not answer (status {process.poll()})")


@pytest.mark.slow
def test_jupyterlab_opens_the_chapter_and_has_no_question_about_news(server):
    url, _ = fetch(server, "")
    assert "/lab/tree/notebooks/00_" in url
    _, settings = fetch(server, NOTIFICATION)
    defaults = {name: value.get("default") for name, value in json.loads(settings)["schema"]["properties"].items()}
    assert (defaults["fetchNews"], defaults["checkForUpdates"]) == ("false", False)
