"""What the site shows first of a widget is what the notebook stores: the sentence, and the picture in 64 colours."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

NOTEBOOKS = Path(__file__).resolve().parent.parent.parent / "notebooks"
MEAN = 4  # of 255: by how much a pixel may differ on average, because the picture has 64 colours
MEASURED = {"13_many_machines/estimate"}  # one of its lines is a time that the notebook measures when it runs


def pixels(file):
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def stored(notebook, number):
    """Return the sentence and the pixels of the picture that a cell stores of its widget."""
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    data = [output["data"] for output in cells[number]["outputs"] if "image/png" in output.get("data", {})][-1]
    return "".join(data["text/plain"]), pixels(io.BytesIO(base64.b64decode(data["image/png"])))


def first(widget):
    """Return what a widget shows before anything is moved."""
    lengths = [len(control["values"]) for control in widget["controls"]]
    index = np.ravel_multi_index([control["start"] for control in widget["controls"]], lengths)
    return widget["shown"][widget["states"][index]]


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("[0-9]*.ipynb")), ids=lambda path: path.stem)
def test_the_first_state_is_the_one_that_the_notebook_stores(path, site):
    file = site.parent / "states" / f"{path.stem}.json"
    widgets = json.loads(file.read_text(encoding="utf-8"))["widgets"] if file.exists() else []
    assert bool(widgets) == ("explore(" in path.read_text(encoding="utf-8"))
    for widget in (each for each in widgets if "shown" in each):
        *_, name, sentence = first(widget)
        expected, picture = stored(path.stem, widget["cell"])
        assert sentence == expected
        drawn = pixels(site / "states" / name)
        assert drawn.shape == picture.shape
        assert np.abs(drawn - picture).mean() < MEAN or widget["name"] in MEASURED
