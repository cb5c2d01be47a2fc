"""Fetch what the test of the laboratory's kernel needs: Pyodide's core from npm, and wheels of pure Python from PyPI.

Usage     python tools/fetch_pyodide.py     (needs npm; writes build/pyodide; 20 seconds)
Wheels    what the kernel loads when it starts, at the versions of Pyodide's own list. NumPy and matplotlib are not
          among them: their wheels for Pyodide are on its content delivery network alone.
"""

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "site"))

from lab.wheel import download  # noqa: E402

VERSION = "0.29.3"  # the one that jupyterlite-pyodide-kernel in site/constraints.txt loads
FOLDER = ROOT / "build" / "pyodide"
WHEELS = """
asttokens decorator executing ipython jedi matplotlib-inline micropip packaging parso prompt-toolkit pure-eval pygments
six stack-data traitlets typing-extensions wcwidth
""".split()


def fetch(folder=FOLDER):
    """Write the core and the wheels into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["npm", "pack", "--silent", f"pyodide@{VERSION}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(folder / f"pyodide-{VERSION}.tgz") as archive:
        for member in archive.getmembers():
            if member.isfile():
                (folder / Path(member.name).name).write_bytes(archive.extractfile(member).read())
    listed = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    download(folder, *(f"{name}=={listed[name]['version']}" for name in WHEELS))


if __name__ == "__main__":
    fetch()
