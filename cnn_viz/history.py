"""The history of a training run: the records of fit, kept, and as arrays.

Shapes      one value a step: (S,); one value an epoch: (E,). nan stands where fit had no value.
Guests      the records Step and Epoch of cnn_core, in their order, of one run or of several, one after the other.
Story       notebooks/08_model. progress.py fills it, curves.py draws it.
"""

from dataclasses import dataclass, field

import numpy as np

from cnn_core.training import Epoch, Step


@dataclass(repr=False)
class History:
    """What happened while a network trained.

    Attributes
    ----------
    steps : list of Step
    epochs : list of Epoch
    seconds : list of float
        How long each epoch took, its validation included.
    ends : list of int
        How many steps had been made when each epoch ended.
    """

    steps: list = field(default_factory=list)
    epochs: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    ends: list = field(default_factory=list)

    def append(self, record, seconds=float("nan")):
        """Keep a record; `seconds` is how long an epoch took.

        Raises
        ------
        TypeError
            If it is no record of fit.
        """
        if isinstance(record, Step):
            self.steps.append(record)
        elif isinstance(record, Epoch):
            self.epochs.append(record)
            self.seconds.append(seconds)
            self.ends.append(len(self.steps))
        else:
            raise TypeError(f"History: expected a Step or an Epoch, as fit yields them, got {type(record).__name__}.")

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
