"""Sphinx configuration of the static pages: `make html` builds them from the stored outputs and runs no notebook.

Source      the folder notebooks/, with index.md as the first page.
Alt texts   of stored pictures are set here, because myst-nb ignores them.
Formulas    MathJax from the package jupyter-server-mathjax, so that the pages work offline.
"""

import json
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


def alt_texts(name):
    """Return the alt texts of the pictures that each cell of a notebook stores; none for other pages."""
    path = NOTEBOOKS / f"{name}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.exists() else []
    outputs = [
        [output for output in cell.get("outputs", ()) if "image/png" in output.get("data", {})] for cell in cells
    ]
    return [[output["metadata"]["image/png"]["alt"] for output in each] for each in outputs]


def set_alt_texts(app, doctree):
    """Set the alt texts of a page's stored pictures."""
    alts = alt_texts(app.env.docname)
    for cell in doctree.findall(nodes.container):
        if "cell_index" in cell.attributes:
            for image, alt in zip(cell.findall(nodes.image), alts[cell["cell_index"]], strict=True):
                image["alt"] = alt


def setup(app):
    """Register the handler with Sphinx."""
    app.connect("doctree-read", set_alt_texts)
