"""The checks of chapter 08: the size of a dense network, one training step, a confusion matrix, a calibration error."""

import numpy as np

from cnn_core import CrossEntropy, Flatten, FullyConnected, GradientDescent, Model, ReLU

from .verdict import Fault, first_difference, result_of, spoken, untouched

BUDGETS = (206_922, 1_000_000, 804)  # with each, other mistakes show
LABELS, ANSWERS = np.array([3, 3, 1, 9, 0, 3, 1]), np.array([3, 5, 1, 4, 0, 5, 7])
RATE = 0.5


@spoken
def check_nodes(answer):
    """Find the fault of a function: budget -> the most nodes of one hidden layer between 784 pixels and 10 classes."""
    for budget in BUDGETS:
        found, right = result_of(answer, budget), (budget - 10) // 795
        if found != right:
            return (
                f"for {budget:,} parameters {right} nodes are the most, you say {found:g}; {_why_nodes(found, budget)}"
            )
    return None


def _why_nodes(found, budget):
    reasons = {
        (budget - 10) / 795: "a layer has a whole number of nodes: round down.",
        round((budget - 10) / 795): "that may be more parameters than there are: round down, not to the nearest.",
        (budget - 10) // 795 + 1: "that is more than the budget: round down.",
        budget // 794: "each node has a bias of its own, and so has each of the 10 outputs.",
        budget // 784: "the second layer needs parameters too: 10 weights for each node, and 10 biases.",
        budget // 785: "the second layer needs parameters too: 10 weights for each node, and 10 biases.",
        budget // 795: "the 10 biases of the last layer have to be paid first.",
    }
    near = (why for value, why in reasons.items() if np.isclose(found, value))
    return next(near, f"they would need {795 * found + 10:,.0f} parameters: 795 for each, and 10.")


@spoken
def check_step(answer):
    """Find the fault of a function (model, X, y, loss, optimiser) -> the cost before the step, which it makes."""
    rng = np.random.default_rng(0)
    X, y, loss = rng.random((6, 1, 4, 4)), np.arange(6) % 3, CrossEntropy()
    mine, taught = _small_model(), _small_model()
    found = result_of(answer, mine, X, y, loss, GradientDescent(RATE))
    before = {key: param.copy() for key, param, _ in taught.parameters()}
    cost, dC_dO = loss(taught.forward(X), y)
    taught.backward(dC_dO)
    GradientDescent(RATE).step(taught.parameters())
    moved = {key: param for key, param, _ in mine.parameters()}
    wanted = {key: param for key, param, _ in taught.parameters()}
    return _why_params(moved, wanted, before) or _why_cost(found, cost, loss(taught.forward(X), y)[0])


def _small_model():
    return Model([Flatten(), FullyConnected(5), ReLU(), FullyConnected(3)], (1, 4, 4), seed=1, dtype="float64")


def _why_params(moved, wanted, before):
    if all(np.allclose(moved[key], wanted[key]) for key in wanted):
        return None
    if all(np.array_equal(moved[key], before[key]) for key in wanted):
        return "no parameter has changed: the optimiser's step(model.parameters()) makes the step."
    steps = {key: (moved[key] - before[key], wanted[key] - before[key]) for key in wanted}
    still = [key for key, (own, right) in steps.items() if right.any() and not own.any()]
    if still:
        return (
            f"{', '.join(still)} did not change: give the optimiser all parameters, and make the whole backward pass."
        )
    factor = np.median(np.concatenate([(own[right != 0] / right[right != 0]) for own, right in steps.values()]))
    if all(np.allclose(own, factor * right) for own, right in steps.values()):
        return f"the parameters moved {factor:.3g} times as far as asked. One step, with the loss's own gradient."
    return (
        "the parameters did not move against the gradient of this batch: forward, loss, backward, step, in this order."
    )


def _why_cost(found, cost, after):
    if np.shape(found) != ():
        return (
            f"the cost is one number; you return something of shape {np.shape(found)}. The loss returns (cost, dC_dO)."
        )
    if np.isclose(found, cost):
        return None
    if np.isclose(found, after):
        return "the parameters are right, but you return the cost after the step. The cost before it is asked for."
    return f"the parameters are right, but the cost was {cost:.4f}, and you return {found:.4f}."


@spoken
def check_confusion(answer):
    """Find the fault of a function (labels, answers) -> counts (10, 10)."""
    found = np.asarray(untouched(answer, LABELS.copy(), ANSWERS.copy()))
    if found.shape != (10, 10):
        return f"the matrix is (10, 10), also where a class does not occur; yours has shape {found.shape}."
    right = np.zeros((10, 10), dtype=int)
    np.add.at(right, (LABELS, ANSWERS), 1)
    if np.array_equal(found, right):
        return None if found.dtype.kind in "iu" else f"counts are whole numbers, yours have dtype {found.dtype}."
    return _why_confusion(found, right)


def _why_confusion(found, right):
    if np.array_equal(found, right.T):
        return "rows and columns are swapped: a row for each label, a column for each answer."
    if np.array_equal(found, np.minimum(right, 1)):
        return "a pair that occurs twice counts twice. `matrix[labels, answers] += 1` adds only once to each place."
    if np.array_equal(found, right - np.diag(np.diag(right))):
        return "the diagonal is missing: what was read right counts too."
    if np.isclose(found.sum(), 1):
        return "those are shares; counts are asked for."
    return first_difference("matrix", found, right)


@spoken
def check_calibration_error(answer):
    """Find the fault of a function (probabilities, labels) -> the expected calibration error with ten bins."""
    for probabilities, labels in (_spread(), _certain()):
        found = result_of(answer, probabilities.copy(), labels.copy())
        if np.shape(found) != ():
            raise Fault(f"the error is one number, yours has shape {np.shape(found)}.")
        if not np.isclose(found, _error(probabilities, labels)):
            return _why_calibration(found, probabilities, labels)
    return None


def _spread():
    """Return probabilities of 4 classes with labels that are wrong the more often, the surer the network is."""
    rng = np.random.default_rng(4)
    probabilities = rng.dirichlet([0.8] * 4, size=100)
    return probabilities, (probabilities.argmax(axis=1) + (rng.random(100) < probabilities.max(axis=1))) % 4


def _certain():
    """Return probabilities of exactly 1, which belong to the last bin, half of them wrong."""
    return np.eye(4)[[0, 1, 2, 3]], np.array([0, 1, 0, 0])


def _bins(probabilities, labels):
    """Return the bin, the largest probability, and whether it was right, of each answer."""
    sure = probabilities.max(axis=1)
    return np.minimum((10 * sure).astype(int), 9), sure, probabilities.argmax(axis=1) == labels


def _error(probabilities, labels, size=abs, weigh=len):
    """Return the mean over the bins of what `size` makes of (right − sure), weighted by what `weigh` gives a bin."""
    bins, sure, right = _bins(probabilities, labels)
    gaps = [(size(right[bins == b].mean() - sure[bins == b].mean()), weigh(sure[bins == b])) for b in np.unique(bins)]
    values, weights = zip(*gaps, strict=True)
    return float(np.average(values, weights=weights))


def _why_calibration(found, probabilities, labels):
    if np.isnan(found):
        return "it is nan: leave empty bins out, and put a probability of 1 into the last bin."
    _, sure, right = _bins(probabilities, labels)
    reasons = {
        _error(
            probabilities, labels, size=float
        ): "take the absolute value in each bin, or too sure and too unsure cancel.",
        _error(probabilities, labels, weigh=lambda bin_: 1): "weight each bin by how many answers it holds.",
        _error(probabilities, labels, size=np.square): "the distance itself, not its square.",
        abs(right.mean() - sure.mean()): "that is one bin for all. Sort into ten bins first.",
        float(np.mean(np.abs(right - sure))): "compare means: first the mean of each bin, then the distance.",
        _error(probabilities, labels) * len(sure): "that is a sum over the answers: divide by their number.",
    }
    near = (why for value, why in reasons.items() if np.isclose(found, value))
    return next(near, f"it should be {_error(probabilities, labels):.4f} here, yours is {found:.4f}.")
