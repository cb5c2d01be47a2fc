"""Watching a run: printed lines, the history, interrupts and errors, and the live display."""

import subprocess
import sys

import numpy as np
import pytest
from tiers import slow_after
from training_records import run_of

from cnn_core import Epoch, Step
from cnn_viz.base.figures import new_figure
from cnn_viz.interactive import history as history_module
from cnn_viz.interactive.history import History
from cnn_viz.interactive.watch import watch


class FakeTime:
    """A clock whose time is set by hand."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(history_module, "perf_counter", lambda: self.now)


@pytest.fixture
def time(monkeypatch):
    return FakeTime(monkeypatch)


# --- outside a notebook -----------------------------------------------------------------------------------------------


def test_watch_prints_a_line_an_epoch(capsys):
    watch(run_of(epochs=2))
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "epoch 1/2: cost 0.2500, accuracy 50.0 %, validation cost 0.1250, validation accuracy 75.0 %, "
    )
    assert second.startswith("epoch 2/2: ")
    assert second.endswith(" s")


def test_watch_returns_every_record_in_order():
    history = watch(run_of(epochs=2, steps=3))
    assert [step.step for step in history.steps] == [1, 2, 3, 4, 5, 6]
    assert [epoch.epoch for epoch in history.epochs] == [1, 2]
    assert history.ends == [3, 6]
    assert repr(history) == "History(6 steps, 2 epochs)"


def test_watch_asks_for_a_record_only_when_the_one_before_has_been_kept():
    history = History()

    def records():
        for count, record in enumerate(run_of(epochs=1)):
            assert len(history.steps) + len(history.epochs) == count
            yield record

    watch(records(), history)
    assert len(history.steps) == 3


def test_seconds_are_those_of_each_epoch(time):
    def slow():
        for record in run_of(epochs=2, steps=3):
            time.now += 2.0 if isinstance(record, Step) else 1.0
            yield record

    assert watch(slow()).seconds == [7.0, 7.0]


@pytest.mark.parametrize(
    ("at", "where"),
    [
        pytest.param(5, "in epoch 2 of 2, after step 4 of 6", id="in-the-second-epoch"),
        pytest.param(1, "before the first step", id="at-once"),
    ],
)
def test_an_interrupt_ends_the_run_and_keeps_the_history(capsys, at, where):
    history = watch(run_of(error=KeyboardInterrupt(), at=at))
    assert len(history.steps) == at - 1
    assert f"Interrupted {where}. The model is whole" in " ".join(capsys.readouterr().out.split())


def test_an_error_is_raised_and_a_given_history_keeps_the_records_so_far():
    history = History()
    with pytest.raises(FloatingPointError, match="became nan"):
        watch(run_of(error=FloatingPointError("the cost became nan"), at=5), history)
    assert len(history.steps) == 4
    assert len(history.epochs) == 1


def test_a_given_history_is_continued():
    history = watch(run_of(epochs=1), watch(run_of(epochs=2)))
    assert len(history.cost) == 9
    assert history.ends == [3, 6, 9]


def test_the_values_of_a_history_are_arrays():
    history = watch(run_of(epochs=2, steps=2))
    np.testing.assert_allclose(history.cost, [1, 1 / 2, 1 / 3, 1 / 4])
    np.testing.assert_array_equal(history.accuracy, [0.5] * 4)
    np.testing.assert_array_equal(history.learning_rate, [0.01] * 4)
    np.testing.assert_array_equal(history.epoch_cost, [0.25, 0.25])
    np.testing.assert_array_equal(history.epoch_accuracy, [0.5, 0.5])
    np.testing.assert_array_equal(history.validation_cost, [0.125, 0.125])
    np.testing.assert_array_equal(history.validation_accuracy, [0.75, 0.75])


def test_histories_do_not_share_their_lists():
    assert watch(run_of()).steps is not watch(run_of()).steps


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((3,), r"watch: records must be what fit returns, got int\.", id="no-records"),
        pytest.param(([1, 2],), r"expected a Step or an Epoch, as fit yields them, got int", id="other-records"),
        pytest.param(([], []), r"watch: history must be a History, got list", id="no-history"),
        pytest.param(
            ([], None, 3),
            r"watch: snapshot must be a function that returns \(figure, sentence\), got 3",
            id="no-snapshot",
        ),
    ],
)
def test_watch_refuses_records_that_are_not_of_fit(arguments, message):
    with pytest.raises(TypeError, match=message):
        watch(*arguments)


def test_watching_in_a_terminal_needs_neither_matplotlib_nor_widgets():
    code = "import sys; from cnn_viz import watch; watch([]); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "cnn_viz.interactive.watch" in modules
    assert not {"matplotlib", "ipywidgets", "IPython"} & set(modules)


# --- in a notebook ----------------------------------------------------------------------------------------------------


class Output:
    """An output of a notebook in a test: keeps the widget displayed there, and the bundle that replaces it."""

    def __init__(self, widget):
        self.shown, self.bundle = widget, None

    def update(self, data, metadata, raw):
        assert raw
        self.bundle, self.metadata = data, metadata
        self.left_open = self.shown.comm is not None


class Notebook:
    """A notebook in a test: its first output is that of the curves."""

    def __init__(self, monkeypatch):
        from cnn_viz.interactive import live

        self.outputs = []
        for module in ("base.notebook", "interactive.watch"):
            monkeypatch.setattr(f"cnn_viz.{module}.in_notebook", lambda: True)
        monkeypatch.setattr(live, "display", self.show)

    def show(self, widget, display_id):
        assert display_id
        self.outputs.append(Output(widget))
        return self.outputs[-1]

    def __getattr__(self, name):
        """Return an attribute of the first output; nothing is shown before there is one."""
        if not self.outputs and name == "shown":
            return None
        return getattr(self.outputs[0], name)


@pytest.fixture
def notebook(monkeypatch):
    return Notebook(monkeypatch)


def test_the_live_display_follows_the_run(notebook, time):
    seen = []

    def records():
        for record in run_of(epochs=2, steps=5):
            if notebook.shown:
                bar, text, image = notebook.shown.children
                seen.append((bar.value, text.value, bytes(image.value)))
            time.now += 1.0
            yield record

    watch(records())
    bars, texts, images = zip(*seen, strict=True)
    assert list(bars) == sorted(bars)
    assert bars[0] == 0
    assert bars[-1] == 1
    assert "epoch 1 of 2 · step 4 of 10 · cost 0.25 · accuracy 50.0 % · 0:06 left" in texts[4]
    assert len(set(images)) > 7
    assert all(image.startswith(b"\x89PNG") for image in images)


def test_the_live_display_draws_only_when_it_is_due(notebook, time):
    images = set()

    def records():
        for record in run_of(epochs=1, steps=50):
            if notebook.shown:
                images.add(bytes(notebook.shown.children[2].value))
            time.now += 0.01
            yield record

    watch(records())
    assert len(images) <= 3  # the empty one, the first step's, and one after half a second


def test_at_the_end_a_picture_and_its_sentence_replace_the_display(notebook, capsys):
    watch(run_of(epochs=1, steps=4))
    assert notebook.bundle["image/png"].startswith(b"\x89PNG")
    assert notebook.bundle["text/plain"] == "<Figure size 760x300 with 2 Axes>"
    assert set(notebook.bundle) == {"image/png", "text/plain"}
    assert notebook.left_open
    assert [each.comm for each in (notebook.shown, *notebook.shown.children)] == [None] * 4
    line, sentence = capsys.readouterr().out.split("\n", 1)
    assert line.startswith("epoch 1/1: ")
    assert " ".join(sentence.split()) == notebook.metadata["image/png"]["alt"]
    assert sentence.startswith("The cost went from 1 at step 1 to 0.25")


@pytest.mark.parametrize(
    "error", slow_after(1, [KeyboardInterrupt(), FloatingPointError("nan")]), ids=["interrupt", "divergence"]
)
def test_the_picture_remains_however_the_run_ends(notebook, error):
    history = History()
    try:
        watch(run_of(error=error, at=3), history)
    except FloatingPointError:
        assert isinstance(error, FloatingPointError)
    assert len(history.steps) == 2
    assert "image/png" in notebook.bundle
    assert notebook.shown.comm is None


class Snapshot:
    """A picture of a network that changes: its number is how often it was drawn."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        figure = new_figure(200, 100)
        figure.text(0.1, 0.5, str(self.times))
        return figure, f"Drawn {self.times} times."


def slow_run(notebook, time, seen):
    """Yield five records, a second apart; add the picture of the snapshot to `seen` before each."""
    for record in run_of(epochs=1, steps=5):
        if len(notebook.outputs) == 2:
            seen.append(bytes(notebook.outputs[1].shown.value))
        time.now += 1.0
        yield record


def test_a_snapshot_of_the_network_follows_the_run_in_an_output_of_its_own(notebook, time):
    seen = []
    watch(slow_run(notebook, time, seen), snapshot=Snapshot())
    assert len(set(seen)) >= 4
    assert all(image.startswith(b"\x89PNG") for image in seen)


def test_at_the_end_the_last_snapshot_remains_with_its_sentence(notebook, capsys):
    snapshot = Snapshot()
    watch(run_of(epochs=1, steps=4), snapshot=snapshot)
    curves, inside = notebook.outputs
    assert curves.bundle["text/plain"] == "<Figure size 760x300 with 2 Axes>"
    assert inside.bundle["text/plain"] == "<Figure size 200x100 with 0 Axes>"
    assert inside.metadata["image/png"]["alt"] == f"Drawn {snapshot.times} times."
    assert capsys.readouterr().out.splitlines()[-1] == f"Drawn {snapshot.times} times."
    assert inside.left_open
    assert inside.shown.comm is None


@pytest.mark.slow  # it draws often
def test_a_snapshot_that_is_not_due_is_not_drawn(notebook, time):
    snapshot = Snapshot()

    def records():
        for record in run_of(epochs=1, steps=50):
            time.now += 0.01
            yield record

    watch(records(), snapshot=snapshot)
    assert snapshot.times <= 5  # its size, before the run, once or twice in it, and at the end


def test_a_snapshot_without_a_figure_is_refused_before_anything_is_displayed_or_trained(notebook):
    asked = []

    def records():
        asked.append("a step")
        yield from run_of()

    with pytest.raises(TypeError, match="figure"):
        watch(records(), snapshot=lambda: "no figure")
    assert not asked
    assert notebook.shown is None


def test_a_run_that_begins_with_the_end_of_an_epoch_can_be_watched(notebook):
    assert watch([Epoch(1, 1, 3, 0.5, None, None, None)]).ends == [0]


@pytest.mark.slow  # it draws often
def test_a_run_without_labels_shows_no_accuracy(notebook, time):
    seen = []

    def records():
        for step in range(1, 5):
            time.now += 1
            yield Step(1, 1, step, 4, 0.5, None, 0.1)
            seen.append(notebook.shown.children[1].value)

    watch(records())
    assert all("cost 0.5" in text and "accuracy" not in text for text in seen)


@pytest.mark.slow  # it draws often
def test_the_picture_has_the_length_of_the_whole_run_from_the_first_step(notebook, time, monkeypatch):
    from cnn_viz.interactive.live import Curves

    lengths, update = [], Curves.update

    def noted(curves, history, steps=None):
        lengths.append(steps)
        return update(curves, history, steps)

    monkeypatch.setattr(Curves, "update", noted)

    def slow():
        for record in run_of(epochs=1, steps=4):
            time.now += 1
            yield record

    watch(slow(), watch(run_of(epochs=1, steps=3)))
    assert lengths[-6:-1] == [3 + 4] * 5


# --- in a notebook without widgets ------------------------------------------------------------------------------------


@pytest.fixture
def pictures(notebook, monkeypatch):
    """Behave as a notebook with ipywidgets 7, and return the list of displayed bundles."""
    shown = []
    monkeypatch.setattr("ipywidgets.__version__", "7.7.1")
    monkeypatch.setattr("cnn_viz.base.figures.in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    return shown


def drawn(pictures):
    return [each["text/plain"] for each in pictures if "image/png" in each]


def test_a_notebook_without_widgets_gets_lines_and_the_curves(notebook, pictures, capsys):
    watch(run_of(epochs=1))
    assert notebook.shown is None
    assert drawn(pictures) == ["<Figure size 760x300 with 2 Axes>"]
    assert capsys.readouterr().out.startswith("epoch 1/1")
    assert pictures[1]["text/plain"].startswith("The cost went from 1 at step 1")


def test_a_notebook_without_widgets_gets_the_last_snapshot(pictures):
    watch(run_of(epochs=1), snapshot=Snapshot())
    assert drawn(pictures)[1] == "<Figure size 200x100 with 0 Axes>"
    assert pictures[-1]["text/plain"] == "Drawn 2 times."


@pytest.mark.parametrize("error", [KeyboardInterrupt(), FloatingPointError("nan")], ids=["interrupt", "divergence"])
def test_a_notebook_without_widgets_keeps_the_picture_however_the_run_ends(pictures, error):
    try:
        watch(run_of(error=error, at=3))
    except FloatingPointError:
        assert isinstance(error, FloatingPointError)
    assert len(drawn(pictures)) == 1


# --- a snapshot that raises -------------------------------------------------------------------------------------------


class Failing(Snapshot):
    """A snapshot that raises an error from its second time on."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def __call__(self):
        drawn = super().__call__()
        if self.times > 1:
            raise self.error
        return drawn


@pytest.mark.slow  # it draws often
@pytest.mark.parametrize("error", [KeyError("F"), OSError(2, "No file")])
def test_an_error_of_the_snapshot_is_shown_in_its_place_and_the_training_goes_on(notebook, time, capsys, error):
    seen = []
    history = watch(slow_run(notebook, time, seen), snapshot=Failing(error))
    assert len(history.steps) == 5
    assert len(set(seen)) == 2  # the first picture, then the message
    words = notebook.outputs[1].metadata["image/png"]["alt"]
    assert words.startswith(f"{type(error).__name__}: {error} (line ")
    assert words.endswith("raise self.error)")
    assert " ".join(capsys.readouterr().out.split()).endswith(words)


def test_an_error_of_the_snapshot_at_the_end_is_shown_in_a_notebook_without_widgets(pictures):
    assert len(watch(run_of(epochs=1), snapshot=Failing(KeyError("F"))).epochs) == 1
    assert len(drawn(pictures)) == 2
    assert "KeyError: 'F' (line " in pictures[-1]["text/plain"]


@pytest.mark.parametrize("widgets", ["8.1.5", "7.7.1"])
def test_an_error_of_the_first_snapshot_ends_before_the_training(notebook, pictures, monkeypatch, widgets):
    monkeypatch.setattr("ipywidgets.__version__", widgets)
    with pytest.raises(KeyError):
        watch(iter(lambda: pytest.fail("trained"), None), snapshot=lambda: {}["F"])
    assert not notebook.outputs
    assert not pictures


def test_an_interrupt_while_a_snapshot_is_drawn_ends_the_run(notebook, time):
    interrupts = [None, None, KeyboardInterrupt]  # the first call, the first step, the second step

    def interrupted():
        stop = interrupts.pop(0) if interrupts else None
        if stop:
            raise stop
        return new_figure(200, 100), "A network."

    def records():
        for record in run_of(epochs=1, steps=10):
            time.now += 1.0
            yield record

    assert 0 < len(watch(records(), snapshot=interrupted).steps) < 10
