"""tools/run_notebooks.py runs notebooks and stores reproducible outputs, or leaves the file unchanged."""

import json

import nbformat
import pytest
import run_notebooks
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

WIDGET_WITH_PICTURE = """
import ipywidgets
from IPython.display import display
slider = ipywidgets.IntSlider()
bundle = slider._repr_mimebundle_()
display({**bundle, "image/png": "iVBORw0KGgo=", "text/plain": "a slider at 0"}, raw=True)
"""


@pytest.fixture
def store(tmp_path):
    """Return a function that writes a notebook of the given code cells and returns its path."""

    def write(*sources, name="small.ipynb", **metadata):
        cells = [new_markdown_cell("# A title")] + [new_code_cell(source) for source in sources]
        nbformat.write(new_notebook(cells=cells, metadata=metadata), tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def private_folders(monkeypatch, tmp_path):
    """Keep the files that Jupyter and IPython write out of the home folder."""
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("private_folders")]


def cells_of(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_outputs_and_counts_from_1_to_n_are_stored(store):
    path = store("x = 6", "print(x)\nprint(x + 1)", "x * 7")
    assert run_notebooks.main([str(path)]) == 0
    first, second, third = cells_of(path)
    assert [cell.execution_count for cell in (first, second, third)] == [1, 2, 3]
    assert second.outputs[0].text == "6\n7\n"
    assert third.outputs[0].data["text/plain"] == "42"


def test_two_runs_give_the_same_bytes(store):
    source = "import sys\nfor i in range(50):\n    print(i)\n    sys.stdout.flush()"
    path = store(source, WIDGET_WITH_PICTURE, "[1, 2]")
    assert run_notebooks.main([str(path)]) == 0
    once = path.read_bytes()
    assert run_notebooks.main([str(path)]) == 0
    assert path.read_bytes() == once


def test_text_printed_in_pieces_is_stored_as_one_output(store):
    path = store("import sys\nfor i in range(3):\n    print(i)\n    sys.stdout.flush()")
    assert run_notebooks.main([str(path)]) == 0
    assert [output.text for output in cells_of(path)[0].outputs] == ["0\n1\n2\n"]


def test_the_version_of_python_times_and_widget_state_are_not_stored(store):
    path = store("1 + 1", language_info={"name": "python", "version": "3.99.1"}, widgets={"state": {}})
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].metadata.update(execution={"iopub.execute_input": "2026"}, collapsed=True, tags=["kept"])
    nbformat.write(notebook, path)
    assert run_notebooks.main([str(path)]) == 0
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["metadata"] == run_notebooks.METADATA
    assert stored["cells"][1]["metadata"] == {"tags": ["kept"]}


def test_a_live_widget_is_stored_as_the_picture_and_the_text_displayed_with_it(store):
    path = store(WIDGET_WITH_PICTURE, "slider")
    assert run_notebooks.main([str(path)]) == 0
    picture, bare = (cell.outputs[0].data for cell in cells_of(path))
    assert dict(picture) == {"image/png": "iVBORw0KGgo=", "text/plain": "a slider at 0"}
    assert list(bare) == ["text/plain"]


def test_an_output_with_only_a_live_widget_is_dropped():
    data = {run_notebooks.WIDGET: {"model_id": "1"}}
    printed = nbformat.v4.new_output("stream", text="kept")
    outputs = [nbformat.v4.new_output("display_data", data=data), printed]
    assert run_notebooks.without_live_widgets(outputs) == [printed]


@pytest.mark.parametrize("source", ["1 / 0", "import os; os._exit(1)"], ids=["raises", "kernel-dies"])
def test_a_notebook_that_fails_is_not_stored_and_its_file_is_unchanged(store, capfd, source):
    path = store("print(1)", source, "print(2)")
    before = path.read_bytes()
    assert run_notebooks.main([str(path)]) == 1
    assert path.read_bytes() == before
    assert "small.ipynb: not stored" in capfd.readouterr().err
    assert [entry.name for entry in path.parent.glob("*small*")] == ["small.ipynb"]


def test_a_cell_tagged_raises_exception_may_raise(store):
    path = store("1 / 0", "print('on')")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].metadata["tags"] = ["raises-exception"]
    nbformat.write(notebook, path)
    assert run_notebooks.main([str(path)]) == 0
    raised, after = cells_of(path)
    assert raised.outputs[0].ename == "ZeroDivisionError"
    assert after.outputs[0].text == "on\n"


def test_a_notebook_that_fails_does_not_stop_the_others(store):
    paths = [store("1 / 0", name="first.ipynb"), store("print(1)", name="second.ipynb")]
    assert run_notebooks.main([str(path) for path in paths]) == 1
    assert cells_of(paths[1])[0].execution_count == 1


def test_the_kernel_runs_in_the_folder_of_the_notebook(store, tmp_path):
    path = store("import os\nprint(os.path.exists('beside.txt'))")
    (tmp_path / "beside.txt").write_text("here", encoding="utf-8")
    assert run_notebooks.main([str(path)]) == 0
    assert cells_of(path)[0].outputs[0].text == "True\n"


@pytest.mark.parametrize("content", ["{", '{"nbformat": 3}', None], ids=["not-json", "old-format", "no-such-file"])
def test_a_file_that_is_not_a_notebook_is_refused(tmp_path, capsys, content):
    path = tmp_path / "odd.ipynb"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert run_notebooks.main([str(path)]) == 1
    assert "odd.ipynb: not stored" in capsys.readouterr().err


def test_unique_cell_ids_are_kept_and_missing_or_repeated_ones_replaced():
    cells = [nbformat.from_dict(cell) for cell in ({"id": "cell-0"}, {}, {"id": "mine"}, {"id": "mine"}, {})]
    run_notebooks.give_ids(cells)
    assert [cell["id"] for cell in cells] == ["cell-0", "cell-1", "mine", "cell-2", "cell-3"]


def test_all_chapters_and_answers_run_when_none_is_named(tmp_path, monkeypatch):
    names = ["notebooks/08_b.ipynb", "notebooks/01_a.ipynb", "notebooks/answers/01_a.ipynb"]
    for name in [*names, "notebooks/scratch.ipynb"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(run_notebooks, "ROOT", tmp_path)
    found = [path.relative_to(tmp_path).as_posix() for path in run_notebooks.chapters()]
    assert found == ["notebooks/01_a.ipynb", "notebooks/08_b.ipynb", "notebooks/answers/01_a.ipynb"]
