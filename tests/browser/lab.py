"""JupyterLab as `make lab` starts it, but on a copy of the repository, with settings and a port of its own.

Lab(folder) starts the server, `url`, `begin` and `end` serve a page, and `stop` ends the server. Settings, workspaces,
runtime files and log are kept in the folder, so no file of the user is read or written. The settings render
every cell at once, not only the visible ones.
"""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from makefile import recipe

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "a-token-of-the-test"
TIMEOUT = 120  # seconds for a server or a kernel to start on a busy machine
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
}
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info")


def command_of_make_lab():
    """Return the words of the command with which `make lab` starts JupyterLab, read from the Makefile."""
    _, (command,) = recipe("lab")
    line = command.replace("$(AS_ROOT)", "--allow-root" if os.geteuid() == 0 else "")
    return [sys.executable if word == "python" else word for word in shlex.split(line)]


def wait_until(condition, failure, seconds=TIMEOUT, pause=lambda: time.sleep(0.1)):
    """Return the first true result of condition(); after too long raise an AssertionError that names the failure."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"after {seconds} seconds: {failure() if callable(failure) else failure}"
        pause()
    return found


class Lab:
    """A running JupyterLab.

    Parameters
    ----------
    folder : Path
        An empty folder for all files that the server reads and writes.
    """

    def __init__(self, folder):
        self.folder, self.port, self.log = folder, free_port(), folder / "log"
        shutil.copytree(ROOT, folder / "root", ignore=NOT_COPIED)
        for name, settings in SETTINGS.items():
            file = folder / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(settings), encoding="utf-8")
        self.process = self._start()
        wait_until(self._answers, lambda: f"JupyterLab does not answer: {self.written()}")

    def _start(self):
        own = [f"--ServerApp.port={self.port}", f"--IdentityProvider.token={TOKEN}", "--ServerApp.open_browser=False"]
        places = {name: str(self.folder / place) for name, place in FOLDERS.items()}
        with self.log.open("w") as log:
            return subprocess.Popen(
                command_of_make_lab() + own,
                cwd=self.folder / "root",
                env=os.environ | places,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _answers(self):
        assert self.process.poll() is None, f"JupyterLab ended: {self.written()}"
        try:
            return self.call("GET", "status")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def written(self):
        """Return the log of the server and its kernels."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def url(self, path):
        """Return the address of a page."""
        return f"http://127.0.0.1:{self.port}/{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def call(self, method, path, body=None):
        """Return the response to a request of the server's REST interface."""
        headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
        address = f"http://127.0.0.1:{self.port}/api/{path}"
        request = urllib.request.Request(address, json.dumps(body).encode() if body else None, headers, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.loads(answer.read() or "null")

    def begin(self, notebook):
        """Start a kernel for a notebook before its page is opened; the page might otherwise start two."""
        kernel = {"name": "python3"}
        return self.call("POST", "sessions", {"path": notebook, "name": notebook, "type": "notebook", "kernel": kernel})

    def kernel(self, session):
        """Return the server's description of a session's kernel."""
        return self.call("GET", f"kernels/{session['kernel']['id']}")

    def connection_file(self, session):
        """Return the connection file of a session's kernel."""
        return self.folder / "runtime" / f"kernel-{session['kernel']['id']}.json"

    def end(self, session):
        """End a session and its kernel."""
        self.call("DELETE", f"sessions/{session['id']}")

    def stop(self):
        """End the server and all its kernels."""
        self.process.terminate()
        self.process.wait(TIMEOUT)


def free_port():
    """Return the number of an unused port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
