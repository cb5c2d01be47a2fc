"""Training: batches, fit, evaluate and the confusion matrix.

Output      None. `fit` yields Step and Epoch records; displaying them is the caller's job.
Atomicity   A step happens entirely or not at all: whatever stops fit, the model (the state of its layers too) and the
            optimiser are as after the last whole step, and all their numbers are finite. An interrupt (Ctrl-C) is held
            back until the step is complete.
Chance      The order of the examples comes from the model's own Generator.
Chapter     08.
"""

import math
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from . import checks
from .averaging import check_average
from .fast import replica
from .fast.threads import interrupts_deferred, worker_pool
from .layer import draw_seed, next_states, set_states

ADVICE = "The parameters are those of the last finite step. Try a smaller learning_rate, or scale the input to 0..1."


@dataclass(frozen=True)
class Step:
    """The record of one batch. Steps and epochs count from 1; `steps` and `epochs` are the totals of the call."""

    epoch: int
    epochs: int
    step: int
    steps: int
    cost: float  # mean over the batch, before the step
    accuracy: float | None  # in 0..1; None in all records of a fit whose targets are no labels
    learning_rate: float


@dataclass(frozen=True)
class Epoch:
    """The record of one epoch: cost and accuracy are means over the examples of the epoch."""

    epoch: int
    epochs: int
    step: int
    cost: float
    accuracy: float | None
    validation_cost: float | None
    validation_accuracy: float | None


@checks.public
def batches(count, batch_size, rng):
    """Return an iterator over the indices 0..count-1 in random order, batch_size at a time; the last may be shorter."""
    count, batch_size = checks.integer("count", count, minimum=0), checks.integer("batch_size", batch_size)
    checks.fits(f"the order of {count} examples", count, "int64", "Give fewer.")
    checks.generator(rng)
    order = rng.permutation(count)
    return (order[start : start + batch_size] for start in range(0, count, batch_size))


@checks.public
def fit(
    model,
    X,
    y,
    optimiser,
    loss,
    epochs=1,
    batch_size=32,
    validation=None,
    workers=None,
    augment=None,
    average=None,
    pool=None,
):
    """Train the model; returns a generator of records: a Step after every batch, an Epoch after every epoch.

    The arguments are validated at once; training begins when the first record is requested.

    Parameters
    ----------
    model : Model
    X : ndarray, shape (N, *model.input_shape)
        Integers, such as images of bytes, stay as they are and are converted one micro-batch at a time.
    y : ndarray
        The targets of the loss: labels (N,) for CrossEntropy, an array of the outputs' shape for MeanSquaredError.
        The records have an accuracy where all of y are labels, or all of it is one-hot with two columns or more.
    optimiser : Optimiser
    loss : callable
        (outputs, targets) -> (cost, dC_dO), both means over the examples it is called with: a micro-batch, while other
        workers call it with others.
    epochs, batch_size : int
    validation : (X, y), optional
        Evaluated after every epoch.
    workers : int, optional
        The number of threads; None is one a core. The result has the same bits for any number.
    augment : callable, optional
        (X, rng) -> X: changes the examples of a micro-batch, such as `shifted`, or returns others of the same shape.
        It gets floats and a Generator of its own, may be called by several workers at once, and is called once on a few
        examples before training begins. Validation sees the examples as they are.
    average : WeightAverage, optional
        Updated after every step.
    pool : context manager, optional
        Gives run(job, items, add), which computes as `worker_pool` does: on other machines, say (cnn_interop). The
        arguments of `job` that do not change are the same objects at every step.

    Yields
    ------
    Step or Epoch

    Raises
    ------
    TypeError, ValueError
        At once, if an argument does not fit; before a step, if what augment returns does not fit.
    FloatingPointError
        While training, before a step whose cost, gradient or new parameter is not finite. The parameters and the
        optimiser's state are those of the last finite step.
    """
    epochs, batch_size = checks.integer("epochs", epochs), checks.integer("batch_size", batch_size)
    workers = checks.workers(workers)
    _check_loss(model, loss)
    _check_state(model, optimiser, average)
    model.sync_params()
    X, y, labels = _checked_data(model, X, y, loss)
    model.check_memory(min(len(X), batch_size, replica.MAX_MICRO_BATCH))
    _check_augment(model, X, augment)
    if validation is not None:
        is_pair, given = isinstance(validation, (tuple, list)) and len(validation) == 2, type(validation).__name__
        checks.require(is_pair, f"validation must be a pair (X, y), got {given}.", checks.BadType)
        validation = _checked_validation(model, *validation, loss)
    checks.expect(pool is None or hasattr(pool, "__enter__"), "pool must be a context manager", pool, checks.BadType)
    settings = epochs, batch_size, validation, workers, augment, average, pool
    return _records(model, X, y, labels, optimiser, loss, *settings)


def _records(model, X, y, labels, optimiser, loss, epochs, batch_size, validation, workers, augment, average, pool):
    _check_still_free(model, optimiser, average)  # again: each may have been given to another fit since
    optimiser.owner = weakref.ref(model)
    step, steps = 0, epochs * math.ceil(len(X) / batch_size)
    with pool or worker_pool(workers, lambda: replica.Replica(model.layers)) as run:
        for epoch in range(1, epochs + 1):
            seen = []
            for batch in batches(len(X), batch_size, model.rng):
                step, rate = step + 1, optimiser.rate()
                with _told_when(epoch, step, rate), interrupts_deferred(), np.errstate(all="ignore"):
                    seen.append((*training_step(model, X, y, labels, batch, optimiser, loss, run, augment), len(batch)))
                    if average is not None:
                        average.add(model)
                yield Step(epoch, epochs, step, steps, *seen[-1][:2], rate)
            held_out = (None, None) if validation is None else _evaluate(model, *validation, loss, workers)
            yield Epoch(epoch, epochs, step, *_means(seen), *held_out)


def training_step(model, X, y, labels, batch, optimiser, loss, run, augment=None):
    """Forward, cost and backward on every micro-batch; then one step of the optimiser.

    Returns
    -------
    (float, float or None)
        The mean cost of the batch before the step, and its accuracy.
    """
    params = model.parameters()
    seed = draw_seed(model.rng, model.layers, is_needed=augment is not None)
    job = partial(replica.micro_batch_gradients, X=X, y=y, loss=loss, seed=seed, labels=labels, augment=augment)
    total = run(job, replica.micro_batches(batch), replica.Result.plus)
    model.set_grads(total.gradients)
    grads = [layer.grads.get(key) for layer in model.layers for key in layer.params]
    triples = [(key, param, grad) for (key, param, _), grad in zip(params, grads, strict=True)]
    for key, _, grad in triples:
        replica.refuse_not_finite(f"gradient of {key}", grad)
    states = _finite_states(model.layers, total.observed)
    _step_or_nothing(optimiser, triples)
    set_states(model.layers, states)
    return total.cost, None if labels is None else total.correct / len(batch)


def _finite_states(layers, observed):
    """Return the next state of each layer, which is to be set once the optimiser has made its step."""
    states = next_states(layers, observed)
    for index, own in enumerate(states):
        for key, array in own.items():
            replica.refuse_not_finite(f"new {key} of layer {index}", array)
    return states


def _step_or_nothing(optimiser, triples):
    """Make the optimiser's step; if an error stops it or a new number is not finite, restore parameters and state."""
    steps, state = optimiser.steps, dict(optimiser.state)
    arrays = [*(param for _, param, _ in triples), *(moment for own in state.values() for moment in own.values())]
    copies = [array.copy() for array in arrays]
    try:
        optimiser.step(triples)
        for key, param, _ in triples:
            for name, array in {"value": param, **optimiser.state.get(key, {})}.items():
                replica.refuse_not_finite(f"new {name} of {key}", array)
    except BaseException:
        for array, copy in zip(arrays, copies, strict=True):
            array[...] = copy
        optimiser.steps, optimiser.state = steps, state
        raise


@contextmanager
def _told_when(epoch, step, rate):
    """Add to the error of a value that is not finite when it occurred and what can be done."""
    try:
        yield
    except replica.NotFinite as error:
        when = f"epoch {epoch}, step {step} (learning_rate={rate})"
        raise FloatingPointError(f"fit: the {error} at {when}. {ADVICE}") from None


def _means(seen):
    """Return the mean cost and accuracy over all examples, from (cost, accuracy, examples) of each batch."""
    costs, accuracies, examples = zip(*seen, strict=True)
    accuracy = None if None in accuracies else float(np.average(accuracies, weights=examples))
    return float(np.average(costs, weights=examples)), accuracy


@checks.public
def evaluate(model, X, y, loss):
    """Return (cost, accuracy) of the model on X and y; accuracy in 0..1, None where y as a whole is no labels."""
    _check_loss(model, loss)
    return _evaluate(model, *_checked_data(model, X, y, loss), loss)


def _evaluate(model, X, y, labels, loss, workers=None):
    outputs = model.predict(X, workers)
    accuracy = None if labels is None else replica.number_correct(outputs, labels) / len(outputs)
    return loss(outputs, y)[0], accuracy


@checks.public
def confusion_matrix(model, X, y):
    """Return how often each class (row) was predicted as each class (column): int64, shape (classes, classes)."""
    checks.model(model)
    outputs = model.predict(X)
    checks.require(outputs.ndim == 2, f"the model must give outputs (N, classes), it gives shape {outputs.shape}.")
    classes = outputs.shape[1]
    checks.fits(f"{classes} by {classes} counts", classes**2, "int64", "Give fewer classes.")
    labels = checks.labels(y, len(outputs), classes)
    return np.bincount(labels * classes + outputs.argmax(axis=1), minlength=classes**2).reshape(classes, classes)


def _check_loss(model, loss):
    checks.model(model)
    checks.loss(loss)
    last = model.layers[-1].name
    if last == getattr(loss, "includes", None):
        raise checks.BadValue(f"the last layer is {last}, and {loss.name} has it inside. Leave out the {last} layer.")


def _check_state(model, optimiser, average):
    """Refuse an optimiser or an average that holds the state of another model."""
    has_methods = all(hasattr(optimiser, name) for name in ("step", "rate", "is_bound_to_another"))
    is_optimiser = has_methods and not isinstance(optimiser, type)
    checks.expect(is_optimiser, "optimiser must be an optimiser such as Adam()", optimiser, checks.BadType)
    if optimiser.is_bound_to_another(model):
        raise checks.BadValue(f"this {optimiser.name} holds the state of another model. Make a new one for this model.")
    check_average(average, model)


def _check_augment(model, X, augment):
    """Refuse an augment whose output for a few examples does not fit."""
    if augment is not None:
        is_function = callable(augment) and not isinstance(augment, type)
        checks.expect(is_function, "augment must be a function (X, rng) -> X such as shifted", augment, checks.BadType)
        replica.augmented(augment, X[: replica.MIN_MICRO_BATCH].astype(model.dtype), np.random.default_rng(0))


def _checked_data(model, X, y, loss):
    """Return X, y and the right class of every example (None where y are no labels)."""
    X, y = model.validate_input(X, keep="iub"), checks.as_array("y", y)
    checks.not_empty("X", X)
    checks.finite("X", X)
    if hasattr(loss, "check_targets"):
        y = loss.check_targets(y, (len(X), *model.output_shape))
    checks.require(len(y) == len(X), f"got {len(y)} targets for {len(X)} examples.")
    return X, y, _labels(y, model.output_shape)


def _labels(y, output_shape):
    """Return the right class of every example, or None where the targets y as a whole are no labels."""
    is_row = y.ndim == 2 and y.shape[1:] == tuple(output_shape) and y.dtype.kind in "fiub"
    y = y.argmax(axis=1) if is_row and checks.is_one_hot(y) else y
    is_integer = len(output_shape) == 1 and y.ndim == 1 and y.dtype.kind in "iu"
    return y if is_integer and y.min() >= 0 and y.max() < output_shape[0] > 1 else None


_checked_validation = checks.public_as("fit: validation")(_checked_data)
_check_still_free = checks.public_as("fit")(_check_state)
