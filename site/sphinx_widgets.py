"""Sphinx extension: the widgets of the pages, drawn beforehand, and the front page.

Widget      the picture that a notebook stores of a widget is put into a box with its states as JSON, from which
            static/explore.js makes the controls. Without JavaScript the stored picture stays.
Pad         under a drawing pad, which needs Python, stands a link to the network that runs in a page.
Lab         under the title of a notebook stands a link that opens it in the laboratory (lab/build.py), in the view of a
            single notebook: on a phone, JupyterLab's list of files would cover it.
Front       site/index.md takes the place of notebooks/index.md (front_page.py).
"""

import json
from pathlib import Path

from docutils import nodes
from front_page import front_page

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STATES, STATIC = ROOT / "build" / "states", ROOT / "build" / "static"
MOVING = [ROOT / "imgs" / name for name in ("convolution.gif", "convolution_steps.png")]
PAD = '<p><a href="network/index.html">Draw a digit in the page</a>: a network answers there without Python.</p>'
LAB = '<p class="open-in-lab"><a href="{up}lab/notebooks/index.html?path=notebooks/{name}.ipynb">{text}</a></p>'
SCRIPTS = ("excluded_pixels.js", "explore.js")


def add_widgets(app, doctree):
    """Put the last picture of every cell with a widget into the box of the widget."""
    widgets = {(widget["name"].partition("/")[0], widget["cell"]): widget for widget in app.config.drawn_widgets}
    for cell in doctree.findall(nodes.container):
        if widget := widgets.get((app.env.docname, cell.get("cell_index"))):
            image = list(cell.findall(nodes.image))[-1]
            image["classes"].append("no-scaled-link")
            opening = nodes.raw("", '<div class="explore">', format="html")
            closing = nodes.raw("", f"{json_script(widget)}</div>", format="html")
            image.parent.replace(image, [opening, image, closing])


def add_links_to_network(_, doctree):
    """Put a link to the network under every drawing pad."""
    for cell in doctree.findall(nodes.container):
        if "cell_index" in cell.attributes and "drawing_pad(" in cell.astext():
            cell.append(nodes.raw("", PAD, format="html"))


def add_links_to_lab(app, doctree):
    """Put a link that opens a notebook in the laboratory under its title."""
    name = app.env.docname
    if Path(app.env.doc2path(name)).suffix == ".ipynb":
        text = "Open these answers in the browser" if "/" in name else "Open this chapter in the browser"
        link = LAB.format(up="../" * name.count("/"), name=name, text=text)
        title = next(doctree.findall(nodes.title))
        title.parent.insert(title.parent.index(title) + 1, nodes.raw("", link, format="html"))


def json_script(widget):
    """Return a widget as a script element of JSON, in which no text can end the element."""
    text = json.dumps(widget, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json">{text}</script>'


def read_widgets(app, config):
    """Read what states.py has drawn, and add our folder of scripts and styles."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(STATES.glob("*.json"))]
    config.drawn_widgets = [widget for each in found for widget in each["widgets"]]
    config.html_favicon = str(HERE / "static" / "icon.svg")
    STATIC.mkdir(parents=True, exist_ok=True)
    config.html_static_path += map(str, [HERE / "static", STATIC, *MOVING])


def replace_front_page(_, name, source):
    """Put our front page in the place of the one that `make html` builds."""
    if name == "index":
        source[0] = front_page(STATIC / "cards", box_of)


def box_of(widget):
    """Return a widget without a stored picture as HTML."""
    return f'<div class="explore">{json_script(widget)}</div>'


def setup(app):
    """Register the handlers, the scripts and the style with Sphinx."""
    app.add_config_value("drawn_widgets", [], "env")
    app.connect("config-inited", read_widgets)
    app.connect("source-read", replace_front_page)
    app.connect("doctree-read", add_widgets)
    app.connect("doctree-read", add_links_to_network)
    app.connect("doctree-read", add_links_to_lab)
    app.add_css_file("site.css")
    for name in SCRIPTS:
        app.add_js_file(name, loading_method="defer")
