"""The static page of the series: `make html` builds it from the stored outputs; no notebook is run, nothing is fetched.

Source      the folder notebooks/; index.md there is the first page.
Alt texts   of the stored pictures are handed on here: myst-nb leaves them behind.
Formulas    MathJax, copied from the package jupyter-server-mathjax: the page works offline.
"""

import json
from base64 import b64decode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from docutils import nodes

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"

project = "CNN From Scratch"
html_title = project
copyright = "the authors of CNN From Scratch; text and pictures CC BY-SA 4.0, code BSD-3-Clause"
language = "en-GB"

extensions = ["myst_nb"]
exclude_patterns = ["**.ipynb_checkpoints"]

suppress_warnings = ["toc.not_included"]  # answers are reached from their chapters
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_update_mathjax = False

html_theme = "furo"
html_show_sphinx = False
html_static_path = ["style.css", str(files("jupyter_server_mathjax") / "static")]
html_css_files = ["style.css"]
mathjax_path = "MathJax.js?config=TeX-AMS-MML_HTMLorMML-full"
mathjax2_config = {
    "tex2jax": {"inlineMath": [["\\(", "\\)"]], "displayMath": [["\\[", "\\]"]]},
    "HTML-CSS": {"availableFonts": [], "preferredFont": None, "webFont": "STIX-Web", "imageFont": None},
}


@cache
def alt_texts():
    """Return {the name that myst-nb gives a stored picture, a hash of its bytes: its alt text}."""
    found = {}
    for path in NOTEBOOKS.rglob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for output in (output for cell in cells for output in cell.get("outputs", ())):
            if png := output.get("data", {}).get("image/png"):
                found[sha256(b64decode(png)).hexdigest()] = output["metadata"]["image/png"]["alt"]
    return found


def say_pictures(_, doctree):
    """Give the stored pictures of a page their alt texts."""
    for image in doctree.findall(nodes.image):
        image["alt"] = alt_texts().get(Path(image["uri"]).stem, image.get("alt"))


def setup(app):
    """Connect the above to Sphinx."""
    app.connect("doctree-read", say_pictures)
