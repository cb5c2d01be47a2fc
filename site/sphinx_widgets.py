"""Sphinx extension: the widgets of the pages, drawn beforehand, and the front page.

Widget      the picture that a notebook stores of a widget is put into a box with the widget's states as JSON, from which
            static/explore.js makes the controls. Without JavaScript the stored picture stays.
Front       site/index.md takes the place of notebooks/index.md.
"""

import json
from pathlib import Path

from docutils import nodes

HERE = Path(__file__).resolve().parent
STATES = HERE.parent / "build" / "states"
SCRIPTS = ("excluded_pixels.js", "explore.js")


def add_widgets(app, doctree):
    """Put every picture of a widget into the box of the widget."""
    widgets = {widget["stored"]: widget for widget in app.config.drawn_widgets}
    for image in list(doctree.findall(nodes.image)):
        if widget := widgets.get(Path(image["uri"]).stem):
            image["classes"].append("no-scaled-link")
            opening = nodes.raw("", '<div class="explore">', format="html")
            closing = nodes.raw("", f"{json_script(widget)}</div>", format="html")
            image.parent.replace(image, [opening, image, closing])


def json_script(widget):
    """Return a widget as a script element of JSON, in which no text can end the element."""
    given = {name: value for name, value in widget.items() if name != "stored"}
    text = json.dumps(given, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json">{text}</script>'


def read_widgets(app, config):
    """Read what states.py has drawn, and add our folder of scripts and styles."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(STATES.glob("*.json"))]
    config.drawn_widgets = [widget for each in found for widget in each["widgets"]]
    config.html_static_path.append(str(HERE / "static"))


def setup(app):
    """Register the handlers, the scripts and the style with Sphinx."""
    app.add_config_value("drawn_widgets", [], "env")
    app.connect("config-inited", read_widgets)
    app.connect("doctree-read", add_widgets)
    app.add_css_file("site.css")
    for name in SCRIPTS:
        app.add_js_file(name, loading_method="defer")
