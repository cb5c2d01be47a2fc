"""Watching a network train: a progress bar and a live plot in a notebook, a plain line an epoch elsewhere.

In and out  the records that fit yields come in, one after the other; a History goes out. Asking for the next record is
            what makes fit do the next step.
Displays    Plain prints a line an epoch; Live, in live.py, does so too, under what it shows meanwhile.
Imports     live.py, and with it matplotlib and ipywidgets, is imported in a notebook only; elsewhere NumPy is enough.
Story       notebooks/08_model.
"""

import importlib.util

from cnn_core.training import Epoch
from cnn_viz.clock import Clock
from cnn_viz.history import History
from cnn_viz.notebook import in_notebook, say


def watch(records, history=None, look=None):
    """Show how a network trains, and return the history.

    Parameters
    ----------
    records : iterable of Step and Epoch
        What `fit` returns: ``history = watch(fit(model, X, y, Adam(), CrossEntropy()))``.
    history : History, optional
        Where the records are kept; a new one if not given. Your own still holds what happened if fit ends with an
        error, and goes on where it ended when it is given again.
    look : callable, optional
        ``look() -> (figure, sentence)``: a picture of the network as it is now. In a notebook it stands under the
        curves and is drawn as often as they are, before the first step and after the last one too.

    Returns
    -------
    History

    Notes
    -----
    Kernel > Interrupt (in a terminal, Ctrl-C) stops the training. The history so far is returned; the model is as it
    was after its last whole step, and can be used or trained further.

    Raises
    ------
    TypeError
        If records does not hold the records of fit, or if look is no such function.
    """
    history = _checked(records, history, look)
    display = _display(history, look)
    interrupted = False
    try:
        for record in records:
            history.append(record, display.clock.read(record))
            display.show(record)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        display.close()
    if interrupted:
        say(f"Interrupted {_place(history)}. The model is whole: it is as it was after its last step.")
    return history


def _checked(records, history, look):
    if not hasattr(records, "__iter__"):
        kind = type(records).__name__
        raise TypeError(f"watch: records must be what fit returns, got {kind}. Use watch(fit(model, ...)).")
    if history is not None and not isinstance(history, History):
        raise TypeError(f"watch: history must be a History, got {type(history).__name__}.")
    if look is not None and not callable(look):
        raise TypeError(f"watch: look must be a function that returns (figure, sentence), got {look!r}.")
    return History() if history is None else history


def _display(history, look):
    if not in_notebook() or importlib.util.find_spec("ipywidgets") is None:
        return Plain(history)
    from cnn_viz.live import Live

    return Live(history, look)


def _place(history):
    if not history.steps:
        return "before the first step"
    last = history.steps[-1]
    return f"in epoch {last.epoch} of {last.epochs}, after step {last.step:,} of {last.steps:,}"


class Plain:
    """A line of text after each epoch.

    Parameters
    ----------
    history : History
    """

    def __init__(self, history):
        self.history, self.clock = history, Clock()

    def show(self, record):
        """Print the line of an epoch that has ended."""
        if isinstance(record, Epoch):
            print(epoch_line(record, self.history.seconds[-1]), flush=True)

    def close(self):
        """Do nothing: a line that is printed stays."""


def epoch_line(epoch, seconds):
    """Return what is known after an epoch as one line of text.

    Parameters
    ----------
    epoch : Epoch
    seconds : float

    Returns
    -------
    str

    Examples
    --------
    >>> epoch_line(Epoch(1, 2, 469, 0.25, 0.925, 0.07, 0.978), seconds=21.34)
    'epoch 1/2: cost 0.2500, accuracy 92.5 %, validation cost 0.0700, validation accuracy 97.8 %, 21.3 s'
    """
    names = ("cost", "accuracy", "validation_cost", "validation_accuracy")
    values = [(name.replace("_", " "), getattr(epoch, name)) for name in names]
    known = [f"{name} {_text(name, value)}" for name, value in values if value is not None]
    return f"epoch {epoch.epoch}/{epoch.epochs}: {', '.join(known)}, {seconds:.1f} s"


def _text(name, value):
    return f"{100 * value:.1f} %" if name.endswith("accuracy") else f"{value:.4f}"
