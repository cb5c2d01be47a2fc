"""The laboratory: JupyterLite with all chapters, in one folder of static files.

Use     `python site/lab/build.py FOLDER`. The kernel, Pyodide, comes from its own CDN when a reader opens a notebook;
        nothing else comes from another host, and no package is looked for on PyPI (jupyter-lite.json).
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

from lab.copies import copy_contents  # noqa: E402
from lab.wheel import build_wheels  # noqa: E402

OPTIONS = "--apps lab --apps notebooks --no-sourcemaps --no-unused-shared-packages --log-level WARN".split()


def build(folder):
    """Write the laboratory into a folder, and print its size and the time it took."""
    folder, start = Path(folder).resolve(), time.perf_counter()
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        contents, wheels = Path(scratch) / "contents", Path(scratch) / "wheels"
        notebooks = copy_contents(contents)
        run_lite(Path(scratch) / "lite", contents, build_wheels(wheels), folder)
    report(folder, len(notebooks), time.perf_counter() - start)


def run_lite(scratch, contents, wheels, folder):
    """Run JupyterLite's build in a folder of its own, in which it finds our settings."""
    scratch.mkdir()
    for name in ("jupyter-lite.json", "overrides.json"):
        shutil.copy(HERE / name, scratch)
    options = [*OPTIONS, "--contents", contents, "--output-dir", folder]
    options += [option for wheel in wheels for option in ("--piplite-wheels", wheel)]
    command = [sys.executable, "-m", "jupyterlite_core", "build", *map(str, options)]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def report(folder, notebooks, seconds):
    """Print how large the laboratory is."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    print(f"Laboratory: {notebooks} notebooks, {len(sizes)} files, {sum(sizes) / 1e6:.1f} MB, {seconds:.0f} s")


if __name__ == "__main__":
    build(*sys.argv[1:])
