"""Build the site: the chapters as static pages with widgets that need no Python, in build/site.

Usage     python site/build.py [step ...]      (without names: all steps, in their order)
Steps     states   draw every state of every widget (states.py); notebooks run side by side, and only if they changed
          pages    build the pages with Sphinx (docs/conf.py and sphinx_widgets.py), and copy the pictures they need
          network  build the page of a network that runs in it (network/build.py)
          lab      build the laboratory: JupyterLite with all chapters (lab/build.py)
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STATES, SITE = ROOT / "build" / "states", ROOT / "build" / "site"
MOST_BYTES = 25_000_000  # of all pictures of states


def states():
    """Draw the states of the widgets of all chapters, one process for each core."""
    from states import widgets_of

    os.environ["OMP_NUM_THREADS"] = "1"
    (STATES / "pictures").mkdir(parents=True, exist_ok=True)
    chapters = [path for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if "explore(" in path.read_text("utf-8")]
    with ProcessPoolExecutor(max_tasks_per_child=1) as pool:
        for path, widgets in zip(chapters, pool.map(widgets_of, chapters, [STATES] * len(chapters)), strict=True):
            report(path.stem, widgets)


def report(chapter, widgets):
    """Print how many states and pictures the widgets of a chapter have."""
    for widget in widgets:
        shown, count = widget.get("shown", []), sum(state is not None for state in widget.get("states", ()))
        size = sum((STATES / "pictures" / file).stat().st_size for file in {each[2] for each in shown})
        print(f"{widget['name']:36} {count:5} states, {len(shown):4} pictures, {size / 1000:6,.0f} kB")


def pages():
    """Build the pages, and copy the pictures of the states."""
    options = ["--quiet", "--fail-on-warning", "--fresh-env", "--builder", "html", "--conf-dir", ROOT / "docs"]
    options += ["--doctree-dir", ROOT / "build" / "doctrees", "-D", "html_copy_source=0"]  # not for the site
    command = [sys.executable, "-m", "sphinx", *options, "-D", "extensions=myst_nb,sphinx_widgets"]
    path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    shutil.rmtree(SITE, ignore_errors=True)
    subprocess.run([*command, ROOT / "notebooks", SITE], check=True, env=os.environ | {"PYTHONPATH": path})
    copy_pictures()


def copy_pictures():
    """Copy the pictures that the pages show, and no others, into the site."""
    (SITE / "states").mkdir()
    for path in STATES.glob("*.json"):
        for widget in json.loads(path.read_text(encoding="utf-8"))["widgets"]:
            for _, _, file, _ in widget.get("shown", ()):
                shutil.copy(STATES / "pictures" / file, SITE / "states" / file)
    size = sum(path.stat().st_size for path in (SITE / "states").iterdir())
    print(f"Pictures of states: {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        raise SystemExit(f"More than {MOST_BYTES / 1e6:.0f} MB: offer fewer values in cuts.py.")


def network():
    """Build the network that runs in a page."""
    subprocess.run([sys.executable, HERE / "network" / "build.py", SITE / "network"], check=True, cwd=ROOT)


def laboratory():
    """Build the laboratory."""
    subprocess.run([sys.executable, HERE / "lab" / "build.py", SITE / "lab"], check=True, cwd=ROOT)


STEPS = {"states": states, "pages": pages, "network": network, "lab": laboratory}

if __name__ == "__main__":
    for name in sys.argv[1:] or STEPS:
        STEPS[name]()
