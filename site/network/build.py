"""The pages about the network in the page: index.html, explained.html and all that they load, in one folder.

Use     build("build/site/network"), or `python site/network/build.py FOLDER`. No page asks another host for anything.
"""

import re
import string
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

import explain  # noqa: E402
import make_weights  # noqa: E402
from parts import PARTS  # noqa: E402

from cnn_viz.base import palette  # noqa: E402

COPIED = """
style.css code.css theme.js network.js read_weights.js centring.js pad.js paint.js bars.js strip.js filter.js cover.js
view.js
""".split()
FILLED = ("index.html", "explained.html")
COMPARED = 100  # digits on which the tests compare the page with cnn_core


def build(folder, home="../"):
    """Write the pages into a folder.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    home : str
        The address, as seen from the folder, of the pages of the series.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(home).items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def pages(home):
    """Return {file name: text} of everything."""
    model = make_weights.rounded_model()
    weights = make_weights.weights_script(model)
    words = words_for(model, weights) | {"home": home}
    filled = {name: string.Template(read(name)).substitute(words) for name in FILLED}
    made = {
        "palette.css": palette_css(),
        "weights.js": weights,
        "digits.js": make_weights.digits_script(),
        "colours.js": make_weights.colours_script(),
    }
    return {name: read(name) for name in COPIED} | filled | made


def words_for(model, weights):
    """Return the words that the pages leave open, by name."""
    script = read("network.js")
    return {
        "lines": len(re.findall(r"^ *[^ /\n]", script, re.MULTILINE)),  # of code
        "digits": COMPARED,
        "size": f"{len(weights) / 1e6:.2f}",
        "accuracy": f"{100 * make_weights.accuracy(model):.2f}",
        "parts": explain.explained_parts(script, PARTS),
    }


def read(name):
    """Return the text of a source of the pages."""
    return (HERE / name).read_text(encoding="utf-8")


def palette_css():
    """Return the project's palette as CSS: --X-tint, --X-hue, --X-edge and so on."""
    groups = {"tint": palette.TINT, "hue": palette.HUE, "edge": palette.EDGE}
    lines = [f"  --{array}-{name}: {colour};" for name, group in groups.items() for array, colour in group.items()]
    return "\n".join([":root {", *lines, f"  --ink: {palette.INK};", f"  --padding: {palette.PADDING};", "}", ""])


if __name__ == "__main__":
    build(*sys.argv[1:])
