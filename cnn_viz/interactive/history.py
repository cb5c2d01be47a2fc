"""The history of a training run, its timing, and its display as lines of text. Needs no matplotlib.

Shapes      one value a step: (S,); one value an epoch: (E,). nan stands for values that fit did not compute.
Records     Step and Epoch of cnn_core, in their order, of one run or of several, one after the other.
Chapters    08.
"""

from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from cnn_core import checks
from cnn_core.training import Epoch, Step
from cnn_viz.base.text import percent

WARM_UP = 3  # steps: an estimate of the time left needs as many


@dataclass(repr=False)
class History:
    """The records of a training run.

    Attributes
    ----------
    steps : list of Step
    epochs : list of Epoch
    seconds : list of float
        The duration of each epoch, its validation included.
    ends : list of int
        The number of steps at the end of each epoch.
    """

    steps: list = field(default_factory=list)
    epochs: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    ends: list = field(default_factory=list)

    @checks.public
    def append(self, record, seconds=float("nan")):
        """Keep a record; `seconds` is the duration of an epoch."""
        if isinstance(record, Step):
            self.steps.append(record)
        elif isinstance(record, Epoch):
            self.epochs.append(record)
            self.seconds.append(seconds)
            self.ends.append(len(self.steps))
        else:
            raise checks.BadType(f"expected a Step or an Epoch, as fit yields them, got {type(record).__name__}.")

    @property
    def cost(self):
        """The cost at each step, (S,): the mean over the batch, before the step."""
        return _values(self.steps, "cost")

    @property
    def accuracy(self):
        """The accuracy at each step, (S,), from 0 to 1."""
        return _values(self.steps, "accuracy")

    @property
    def learning_rate(self):
        """The learning rate of each step, (S,)."""
        return _values(self.steps, "learning_rate")

    @property
    def epoch_cost(self):
        """The mean cost of each epoch, (E,)."""
        return _values(self.epochs, "cost")

    @property
    def epoch_accuracy(self):
        """The mean accuracy of each epoch, (E,), from 0 to 1."""
        return _values(self.epochs, "accuracy")

    @property
    def validation_cost(self):
        """The cost on the validation examples after each epoch, (E,)."""
        return _values(self.epochs, "validation_cost")

    @property
    def validation_accuracy(self):
        """The accuracy on the validation examples after each epoch, (E,), from 0 to 1."""
        return _values(self.epochs, "validation_accuracy")

    def __repr__(self):
        return f"History({len(self.steps)} steps, {len(self.epochs)} epochs)"


def _values(records, name):
    return np.array([getattr(record, name) for record in records], dtype=float)  # None becomes nan


# --- timing -----------------------------------------------------------------------------------------------------------


class EtaTimer:
    """Estimates the time left from the records of a run, without the first step, which also allocates memory."""

    def __init__(self):
        self.epoch_started = perf_counter()
        self.first_step = None
        self.steps_since = 0

    def read(self, record):
        """Return the duration in seconds of the epoch that this record ends; nan for a step."""
        if not isinstance(record, Epoch):
            self._count()
            return float("nan")
        began, self.epoch_started = self.epoch_started, perf_counter()
        return self.epoch_started - began

    def _count(self):
        if self.first_step is None:
            self.first_step = perf_counter()
        else:
            self.steps_since += 1

    def seconds_left(self, step, steps):
        """Return the seconds that the remaining steps take at the speed so far; None during the warm-up."""
        if self.steps_since < WARM_UP:
            return None
        return (perf_counter() - self.first_step) / self.steps_since * (steps - step)


class Throttle:
    """Limits how often an action is done, and its share of the running time.

    Parameters
    ----------
    interval : float
        The least time from one action to the next, in seconds.
    share : float
        The largest share of the running time.
    """

    def __init__(self, interval, share):
        self.interval, self.share = interval, share
        self.next = perf_counter()

    def due(self):
        """Return whether the action may be done again."""
        return perf_counter() >= self.next

    def run(self, action):
        """Do the action; the more time it took, the longer the next one has to wait."""
        began = perf_counter()
        action()
        now = perf_counter()
        self.next = now + max(self.interval, (now - began) / self.share)


# --- lines of text ----------------------------------------------------------------------------------------------------


class ConsoleDisplay:
    """Prints a line of text after each epoch.

    Parameters
    ----------
    history : History
    """

    def __init__(self, history):
        self.history, self.timer = history, EtaTimer()

    def show(self, record):
        """Print the line of an epoch that has ended."""
        if isinstance(record, Epoch):
            print(epoch_line(record, self.history.seconds[-1]), flush=True)

    def close(self):
        """Do nothing: printed lines stay."""


def epoch_line(epoch, seconds):
    """Return the results of an epoch as one line of text.

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
    return percent(value) if name.endswith("accuracy") else f"{value:.4f}"
