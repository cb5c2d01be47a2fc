"""Training: batches, fit, evaluate and the confusion matrix.

Speaks      never: fit yields records (Step, Epoch), and whoever iterates over them shows them.
Whole       A step happens entirely or not at all: whatever stops fit, the model and the optimiser are as after the last
            whole step, and all their numbers are finite.
Chance      the order of the examples comes from the model's own Generator.
Story       notebooks/08_model.
"""

import collections
import itertools
import math
import operator
import weakref
from dataclasses import dataclass

import numpy as np

from . import checks
from .parallel import LARGEST as SHARD
from .parallel import Desk, crew, shards


@dataclass(frozen=True)
class Step:
    """What is known after one batch. Steps and epochs count from 1; `steps` and `epochs` are the whole call's."""

    epoch: int
    epochs: int
    step: int
    steps: int
    cost: float  # mean over the batch, before the step
    accuracy: float | None  # share of the batch, 0..1; None where the targets are no labels
    learning_rate: float


@dataclass(frozen=True)
class Epoch:
    """What is known after all examples were seen once more: cost and accuracy are means over the epoch's examples."""

    epoch: int
    epochs: int
    step: int
    cost: float
    accuracy: float | None
    validation_cost: float | None
    validation_accuracy: float | None


def batches(count, batch_size, rng):
    """Yield the indices 0..count-1 in random order, batch_size at a time; the last batch holds what is left."""
    count = checks.integer("batches", "count", count, minimum=0)
    batch_size = checks.integer("batches", "batch_size", batch_size)
    checks.fits("batches", f"the order of {count} examples", count, "int64", "Give fewer.")
    checks.generator("batches", rng)
    order = rng.permutation(count)
    for start in range(0, count, batch_size):
        yield order[start : start + batch_size]


def fit(model, X, y, optimiser, loss, epochs=1, batch_size=32, validation=None, workers=None):
    """Train the model; returns a generator of records: a Step after every batch, an Epoch after every epoch.

    Nothing happens before the first record is asked for, but the arguments are checked at once.

    Parameters
    ----------
    model : Model
    X : ndarray, shape (N, *model.input_shape)
    y : ndarray
        What the loss takes: labels (N,) for CrossEntropy, targets of the outputs' shape for MeanSquaredError.
    optimiser : Optimiser
    loss : callable
        (outputs, targets) -> (cost, dC_dO), both means over the examples that it is given: a shard of the batch, while
        other workers ask it about others.
    epochs, batch_size : int
    validation : (X, y), optional
        Evaluated after every epoch.
    workers : int, optional
        How many threads may work. The result is the same bits for any number.

    Yields
    ------
    Step or Epoch

    Raises
    ------
    TypeError, ValueError
        At once, if an argument does not fit.
    FloatingPointError
        While training, before a step whose cost, gradient or new parameter is not finite. The parameters and the
        optimiser's state are those of the last finite step.
    """
    epochs, batch_size = checks.integer("fit", "epochs", epochs), checks.integer("fit", "batch_size", batch_size)
    workers = checks.workers("fit", workers)
    _check_loss("fit", model, loss)
    _check_optimiser(model, optimiser)
    model.parameters()  # refuses what a reader assigned, if it does not fit
    X, y = _checked_data("fit", model, X, y, loss)
    model.check_memory("fit", min(len(X), batch_size, SHARD))
    if validation is not None:
        validation = _checked_data("fit: validation", model, *_checked_pair(validation), loss)
    return _records(model, X, y, optimiser, loss, epochs, batch_size, validation, workers)


def _records(model, X, y, optimiser, loss, epochs, batch_size, validation, workers):
    _check_optimiser(model, optimiser)  # once more: it may have learnt another model since fit was called
    optimiser.owner = weakref.ref(model)
    step, steps = 0, epochs * math.ceil(len(X) / batch_size)
    with crew(workers, lambda: Desk(model.layers, training=True)) as run:
        for epoch in range(1, epochs + 1):
            seen = []
            for batch in batches(len(X), batch_size, model.rng):
                step, rate = step + 1, optimiser.rate()
                when = f"at epoch {epoch}, step {step} (learning_rate={rate})"
                cost, accuracy = _train_step(model, X, y, batch, optimiser, loss, when, run)
                seen.append((cost, accuracy, len(batch)))
                yield Step(epoch, epochs, step, steps, cost, accuracy, rate)
            held_out = (None, None) if validation is None else _evaluate(model, *validation, loss, workers)
            yield Epoch(epoch, epochs, step, *_means(seen), *held_out)


def _train_step(model, X, y, batch, optimiser, loss, when, run):
    with np.errstate(all="ignore"):  # what overflows is found by the checks, and named
        params = model.parameters()  # with what a reader assigned since
        cost, accuracy = _learn(model, X, y, batch, loss, when, run)
        grads = [layer.grads.get(key) for layer in model.layers for key in layer.params]
        triples = [(key, param, grad) for (key, param, _), grad in zip(params, grads, strict=True)]
        for key, _, grad in triples:
            _refuse_not_finite(f"gradient of {key}", grad, when)
        _step_or_nothing(triples, optimiser, when)
    return cost, accuracy


def _learn(model, X, y, batch, loss, when, run):
    """Return cost and accuracy of a batch, and assign its gradients: the sums over its shards, added in their order."""

    def learn_shard(shard, desk):
        chosen = batch[shard]
        return _learn_shard(desk, X[chosen], y[chosen], loss, len(chosen) / len(batch), when)

    cost, hits, gradients = run(learn_shard, shards(len(batch)), _added)
    for layer, own in zip(model.layers, gradients, strict=True):
        layer.grads = own
    return cost, None if hits is None else hits / len(batch)


def _learn_shard(desk, X, y, loss, share, when):
    """Return a shard's share of the batch's cost, its hits, and its share of the gradients of each layer."""
    *inputs, O = desk.forward(X)
    O = O.copy()  # a loss of a reader's own may keep what it is given, and a work array is written over
    _refuse_not_finite("cost", O, when)
    cost, dC_dO = loss(O, y)
    _refuse_not_finite("cost", cost, when)
    dC_dO = desk.layers[-1].admit_gradient(dC_dO, O.shape) * share
    return share * float(cost), _hits(O, y), desk.backward(dC_dO, [*inputs, O])


def _added(one, other):
    """Return the sum of what two shards gave."""
    gradients = [{key: own[key] + more[key] for key in own} for own, more in zip(one[2], other[2], strict=True)]
    return one[0] + other[0], None if one[1] is None or other[1] is None else one[1] + other[1], gradients


def _refuse_not_finite(what, values, when):
    if np.isfinite(values).all():
        return
    became = "nan" if np.isnan(values).any() else "infinite"
    raise FloatingPointError(
        f"fit: the {what} became {became} {when}. The parameters are those of the last finite step. "
        "Try a smaller learning_rate, or scale the input to 0..1."
    )


def _step_or_nothing(triples, optimiser, when):
    """Make the optimiser's step; if anything stops it, a reader's interrupt included, all is put back as it was.

    There is no `with`: an interrupt at the door of its __exit__ would put all back much later, over what was learnt.
    """
    moments = [array for kept in optimiser.state.values() for array in kept.values()]
    arrays = [param for _, param, _ in triples] + moments
    copies, steps, keys = [array.copy() for array in arrays], optimiser.steps, set(optimiser.state)
    try:
        optimiser.step(triples)
        for key, param, _ in triples:
            for name, array in {"value": param, **optimiser.state.get(key, {})}.items():
                _refuse_not_finite(f"new {name} of {key}", array, when)
    except BaseException:
        optimiser.steps = steps
        collections.deque(map(operator.setitem, arrays, itertools.repeat(...), copies), maxlen=0)  # in one go
        for key in set(optimiser.state) - keys:
            del optimiser.state[key]
        raise


def _means(seen):
    """Return the mean cost and accuracy over all examples, from (cost, accuracy, examples) of each batch."""
    costs, accuracies, examples = zip(*seen, strict=True)
    accuracy = None if None in accuracies else float(np.average(accuracies, weights=examples))
    return float(np.average(costs, weights=examples)), accuracy


def evaluate(model, X, y, loss):
    """Return (cost, accuracy) of the model on X and y; accuracy in 0..1, None where the targets are no labels."""
    _check_loss("evaluate", model, loss)
    return _evaluate(model, *_checked_data("evaluate", model, X, y, loss), loss)


def _evaluate(model, X, y, loss, workers=None):
    outputs = model.predict(X, workers)
    hits = _hits(outputs, y)
    return loss(outputs, y)[0], None if hits is None else hits / len(outputs)


def confusion_matrix(model, X, y):
    """Return how often each class (row) was read as each class (column): int64, shape (classes, classes)."""
    checks.model("confusion_matrix", model)
    outputs = model.predict(X)
    if outputs.ndim != 2:
        raise ValueError(f"confusion_matrix: the model must give outputs (N, classes), it gives shape {outputs.shape}.")
    classes = outputs.shape[1]
    checks.fits("confusion_matrix", f"{classes} by {classes} counts", classes**2, "int64", "Give fewer classes.")
    labels = checks.labels("confusion_matrix", y, len(outputs), classes)
    counts = np.bincount(labels * classes + outputs.argmax(axis=1), minlength=classes**2)
    return counts.reshape(classes, classes)


def _hits(outputs, targets):
    """Return how many outputs have their largest entry at the right place, or None where the targets are no labels."""
    if outputs.ndim != 2:
        return None
    if targets.shape == outputs.shape and checks.is_one_hot(targets):
        targets = targets.argmax(axis=1)
    if targets.ndim != 1 or targets.dtype.kind not in "iu":
        return None
    return int(np.count_nonzero(outputs.argmax(axis=1) == targets))


def _check_loss(where, model, loss):
    checks.model(where, model)
    checks.loss(where, loss)
    last = model.layers[-1].name
    if last == getattr(loss, "includes", None):
        raise ValueError(
            f"{where}: the last layer is {last}, and {loss.name} has it inside. Leave out the {last} layer."
        )


def _check_optimiser(model, optimiser):
    if isinstance(optimiser, type) or not all(hasattr(optimiser, name) for name in ("step", "rate", "learnt_another")):
        raise TypeError(f"fit: optimiser must be an optimiser such as Adam(), got {checks.shown(optimiser)}.")
    if optimiser.learnt_another(model):
        raise ValueError(f"fit: this {optimiser.name} holds the state of another model. Make a new one for this model.")


def _checked_pair(validation):
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(f"fit: validation must be a pair (X, y), got {type(validation).__name__}.")
    return validation


def _checked_data(where, model, X, y, loss):
    X, y = model.admit(where, X), checks.as_array(where, "y", y)
    checks.not_empty(where, "X", X)
    checks.finite(where, "X", X)
    if hasattr(loss, "check_targets"):
        return X, loss.check_targets(where, y, (len(X), *model.output_shape))
    if len(y) != len(X):
        raise ValueError(f"{where}: got {len(y)} targets for {len(X)} examples.")
    return X, y
