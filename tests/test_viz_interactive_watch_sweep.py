"""watch_sweep: lines in a terminal, a bar and a picture that fills in a notebook, and what an interrupt leaves."""

import subprocess
import sys

import pytest

from cnn_viz import new_figure, watch_sweep

RESULTS = [("a", 1.0), ("b", ValueError("no filters")), ("c", 3.0)]


def table(found):
    return new_figure(200, 100), f"{len(found)} results."


@pytest.fixture
def notebook(monkeypatch):
    """Behave as a notebook with widgets; return the widgets and bundles that are displayed."""
    shown = []

    class Handle:
        def update(self, data, metadata, raw):
            assert raw
            shown.append((data, metadata))

    def display(widget, display_id):
        assert display_id
        shown.append(widget)
        return Handle()

    monkeypatch.setattr("cnn_viz.base.notebook.in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", display)
    return shown


def test_all_results_are_returned_in_the_order_in_which_they_came(capsys):
    found = watch_sweep(iter(RESULTS), 3, table)
    assert list(found.items()) == RESULTS
    assert capsys.readouterr().out.splitlines() == ["1 of 3: a", "2 of 3: b", "3 of 3: c"]


def test_in_a_notebook_the_bar_and_the_picture_follow(notebook):
    seen = []

    def results():
        for result in RESULTS:
            bar, text = notebook[0].children[0].children
            seen.append((bar.value, text.value, bytes(notebook[0].children[1].value)[:4]))
            yield result

    watch_sweep(results(), 3, table)
    assert seen == [(number, f"{number} of 3", b"\x89PNG") for number in range(3)]


def test_at_the_end_the_picture_and_its_sentence_replace_the_bar(notebook, capsys):
    watch_sweep(RESULTS, 3, table)
    box, (data, metadata) = notebook
    assert data["text/plain"] == "<Figure size 200x100 with 0 Axes>"
    assert metadata["image/png"]["alt"] == "3 results."
    bar = box.children[0]
    assert [each.comm for each in (box, *box.children, *bar.children)] == [None] * 5
    assert capsys.readouterr().out == "3 results.\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ConnectionError("gone")], ids=["interrupt", "no-cluster"])
def test_the_picture_remains_however_the_sweep_ends(notebook, capsys, error):
    def results():
        yield RESULTS[0]
        raise error

    if isinstance(error, KeyboardInterrupt):
        assert watch_sweep(results(), 3, table) == dict(RESULTS[:1])
        assert "Interrupted after 1 of 3 jobs." in capsys.readouterr().out
    else:
        with pytest.raises(ConnectionError, match="gone"):
            watch_sweep(results(), 3, table)
    assert notebook[-1][1]["image/png"]["alt"] == "1 results."


def test_a_notebook_without_widgets_gets_the_picture_at_the_end(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("ipywidgets.__version__", "7.7.1")
    for name in ("base.notebook", "base.figures", "interactive.watch_sweep"):
        monkeypatch.setattr(sys.modules[f"cnn_viz.{name}"], "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    watch_sweep(RESULTS, 3, table)
    assert "image/png" in shown[0]
    assert capsys.readouterr().out.splitlines()[-1] == "3 of 3: c"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, 3, table), "watch_sweep: results must be what sweep returns"),
        ((RESULTS, 0, table), "watch_sweep: count"),
        ((RESULTS, 3, lambda found: "no figure"), "figure"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_before_anything_is_shown(notebook, arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        watch_sweep(*arguments)
    assert notebook == []


@pytest.mark.slow  # it starts an interpreter
def test_watching_a_sweep_in_a_terminal_imports_no_widgets():
    code = "import sys, cnn_viz; cnn_viz.watch_sweep([], 1, lambda found: (cnn_viz.new_figure(9, 9), ''))"
    code += "; print('ipywidgets' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"]
