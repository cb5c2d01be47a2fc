"""Sphinx configuration of the static pages: `make html` builds them from the stored outputs and runs no notebook.

Source      the folder notebooks/, with index.md as the first page.
Alt texts   of stored pictures are set here, because myst-nb ignores them.
Formulas    MathJax from the package jupyter-server-mathjax, so that the pages work offline.
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

suppress_warnings = ["toc.not_included"]  # chapters link to their answers
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
    """Return the alt text of each stored picture by the SHA-256 of its bytes, which myst-nb uses as the file name."""
    found = {}
    for path in NOTEBOOKS.rglob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for output in (output for cell in cells for output in cell.get("outputs", ())):
            if png := output.get("data", {}).get("image/png"):
                found[sha256(b64decode(png)).hexdigest()] = output["metadata"]["image/png"]["alt"]
    return found


def set_alt_texts(_, doctree):
    """Set the alt texts of a page's stored pictures."""
    for image in doctree.findall(nodes.image):
        image["alt"] = alt_texts().get(Path(image["uri"]).stem, image.get("alt"))


def setup(app):
    """Register the handler with Sphinx."""
    app.connect("doctree-read", set_alt_texts)
