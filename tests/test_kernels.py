"""Cells in a real kernel: without ipywidgets or with version 7, and an exercise whose answer raises in another cell."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

WITHOUT = {
    "none": "import sys\nsys.modules['ipywidgets'] = None",
    "version-7": "import ipywidgets\nipywidgets.__version__ = '7.7.1'\ndel ipywidgets.Widget._repr_mimebundle_",
}
CELLS = [
    """
import numpy as np
from cnn_core import Adam, CrossEntropy, Flatten, FullyConnected, Model, fit
from cnn_exercises.chapter_03 import check_reached
from cnn_viz import explore, new_figure, watch

def draw(size=6):
    return new_figure(100, 50), f"A size of {size}."

explore(draw, size=range(1, 9))""",
    """
X, y = np.random.default_rng(0).random((8, 1, 4, 4)), np.arange(8) % 3
model = Model([Flatten(), FullyConnected(3)], (1, 4, 4))
_ = watch(fit(model, X, y, Adam(), CrossEntropy()), snapshot=draw)""",
    """def count(span, stride):
    return span // stride + missing""",
    """def my_size(size, kernel, stride, padding):
    return count(size + 2 * padding - kernel, stride)

check_reached(my_size)""",
    """def broken(size=6):
    return [][size]

explore(broken, size=range(1, 9))""",
]


def outputs(first, monkeypatch, tmp_path):
    """Run the cells after a first one, and return for each its number of pictures, its printed text and captions."""
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in (first, *CELLS)])
    NotebookClient(notebook, kernel_name="python3", timeout=120, store_widget_state=False).execute()
    nbformat.validate(notebook)
    cells = [cell.outputs for cell in notebook.cells[1:]]
    shown = [[each.get("data", {}) for each in cell] for cell in cells]
    printed = ["".join(each.get("text", "") for each in cell) for cell in cells]
    captions = ["".join(each["text/plain"] for each in cell if "text/html" in each) for cell in shown]
    pictures = [sum("image/png" in each for each in cell) for cell in shown]
    return pictures, printed, captions


@pytest.mark.slow  # it starts kernels
@pytest.mark.parametrize("kind", WITHOUT)
def test_a_kernel_without_ipywidgets_8_shows_pictures_and_the_line_of_a_mistake(kind, monkeypatch, tmp_path):
    pictures, printed, captions = outputs(WITHOUT[kind], monkeypatch, tmp_path)
    assert pictures == [1, 2, 0, 0, 1]
    assert captions[0] == "A size of 6."
    assert printed[1].startswith("epoch 1/1: cost")
    assert captions[1].endswith("A size of 6.")
    about = "NameError: name 'missing' is not defined (line 2: return span // stride + missing)"
    assert " ".join(printed[3].split()) == f"Not yet: your function raised {about}."
    assert captions[4] == "IndexError: list index out of range (line 2: return [][size])"
