"""watch: a progress bar and a live plot of a training run in a notebook, a line of text an epoch elsewhere.

Records     those that fit yields come in one by one, a History goes out. Asking for the next record makes fit do the
            next step.
Imports     live.py, and with it matplotlib and ipywidgets, is imported in a notebook only; elsewhere NumPy is enough.
            A notebook without ipywidgets 8 or newer gets lines of text, and the picture at the end (still.py).
Chapters    08.
"""

from cnn_core import checks
from cnn_viz.base.notebook import has_widgets, in_notebook, print_wrapped
from cnn_viz.interactive.history import ConsoleDisplay, History


@checks.public
def watch(records, history=None, snapshot=None):
    """Show the progress of a training run, and return its history.

    Parameters
    ----------
    records : iterable of Step and Epoch
        What `fit` returns: ``history = watch(fit(model, X, y, Adam(), CrossEntropy()))``.
    history : History, optional
        Keeps the records; a new one if not given. If fit ends with an error, a history of your own holds the records so
        far; given again, it is continued.
    snapshot : callable, optional
        ``snapshot() -> (figure, sentence)``: a picture of the network as it is now. In a notebook it stands under the
        curves and is drawn as often as they are, before the first step and after the last one too.

    Returns
    -------
    History

    Notes
    -----
    Kernel > Interrupt (in a terminal, Ctrl-C) stops the training. The history so far is returned; the model is as it
    was after its last whole step, and can be used or trained further.
    """
    history = _checked(records, history, snapshot)
    display = _display(history, snapshot)
    interrupted = False
    try:
        for record in records:
            history.append(record, display.timer.read(record))
            display.show(record)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        display.close()
    if interrupted:
        print_wrapped(f"Interrupted {_position(history)}. The model is whole: it is as it was after its last step.")
    return history


def _checked(records, history, snapshot):
    if not hasattr(records, "__iter__"):
        kind = type(records).__name__
        raise checks.BadType(f"records must be what fit returns, got {kind}. Use watch(fit(model, ...)).")
    if history is not None and not isinstance(history, History):
        raise checks.BadType(f"history must be a History, got {type(history).__name__}.")
    if snapshot is not None and not callable(snapshot):
        raise checks.BadType(f"snapshot must be a function that returns (figure, sentence), got {snapshot!r}.")
    return History() if history is None else history


def _display(history, snapshot):
    if has_widgets():
        from cnn_viz.interactive.live import LiveDisplay

        return LiveDisplay(history, snapshot)
    if in_notebook():
        from cnn_viz.interactive.still import StillDisplay

        return StillDisplay(history, snapshot)
    return ConsoleDisplay(history)


def _position(history):
    if not history.steps:
        return "before the first step"
    last = history.steps[-1]
    return f"in epoch {last.epoch} of {last.epochs}, after step {last.step:,} of {last.steps:,}"
