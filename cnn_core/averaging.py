"""The running average of a model's parameters over its training, which often predicts better than the last of them.

Formula     average += (1 - decay) * (parameter - average), after every step; it starts as a copy, after the first.
Precision   The dtype of the parameters. In this form rounding costs float32 about 5e-6 of their size at decay 0.999,
            where decay * average + (1 - decay) * parameter costs ten times as much.
Reference   PyTorch's AveragedModel with get_ema_multi_avg_fn; tests/oracles/test_averaging.py holds the two equal.
"""

import copy

from . import checks
from .fast.updates import in_parts


class WeightAverage(checks.Named, checks.Fixed):
    """The exponential moving average of a model's parameters, an argument of `fit`.

    Parameters
    ----------
    decay : float
        In 0..1, without 1. The average is over about 1 / (1 - decay) steps; until there have been several times as
        many, the first parameters still show in it.

    Examples
    --------
    >>> average = WeightAverage(decay=0.99)
    >>> for record in fit(model, X, y, Adam(), CrossEntropy(), average=average):  # doctest: +SKIP
    ...     pass
    >>> evaluate(average.model(), X_held_out, y_held_out, CrossEntropy())  # doctest: +SKIP
    """

    def __init__(self, decay=0.999):
        self.decay = checks.number("decay", decay, ge=0, lt=1)
        self.params, self.source = {}, None  # the averages by key, and the model whose parameters they average

    def add(self, model):
        """Take the parameters of the model into the average, after a step. `fit` calls it."""
        checks.model(model)
        check_average(self, model)
        current = {key: param for key, param, _ in model.parameters()}
        if self.source is None:
            self.params, self.source = {key: param.copy() for key, param in current.items()}, model
        for key, param in current.items():
            in_parts(_approach, self.params[key], param, 1 - self.decay)

    def model(self):
        """Return a new Model with the averages as its parameters; all else is copied from the trained model as it is.

        Raises
        ------
        RuntimeError
            If no step has been made yet.
        """
        checks.require(self.source, f"{self.name}: no average yet. Give it to fit and make a step.", RuntimeError)
        records = [layer.last_forward for layer in self.source.layers]  # with arrays that may be large, left out
        model = copy.deepcopy(self.source, {id(record): None for record in records})
        model.set_grads([{} for _ in model.layers])
        for key, param, _ in model.parameters():
            param[...] = self.params[key]
        return model


def check_average(average, model):
    """Refuse what is no WeightAverage, or one of another model; None is none."""
    is_average = average is None or isinstance(average, WeightAverage)
    checks.expect(is_average, "average must be a WeightAverage", average, checks.BadType)
    is_free = average is None or average.source is None or average.source is model
    checks.require(is_free, "this WeightAverage is of another model. Make a new one for this model.")


def _approach(average, param, part):
    average += part * (param - average)
