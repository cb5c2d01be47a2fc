"""Losses: the cost of the outputs, and its gradient with respect to them.

Shapes      outputs (N, classes) or (N, ...); targets as each loss says; dC_dO has the shape of the outputs.
Mean        The cost is the mean over the batch (mean squared error: over all entries), and so is its gradient: the
            layers do not divide by N again.
Errors      nan, infinity and an empty batch are refused, because their mean is not a cost.
Chapter     06.
"""

import numpy as np

from . import checks

FOR_LABELS = "For labels use CrossEntropy, or one-hot targets: np.eye(classes)[labels]."


class MeanSquaredError:
    """The mean over all entries of (outputs - targets)^2.

    Examples
    --------
    >>> MeanSquaredError()(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]))
    (2.5, array([[ 1., -2.]]))
    """

    name = "MeanSquaredError"

    @checks.public
    def __call__(self, outputs, targets):
        """Return (cost, dC_dO) for outputs and targets of the same shape."""
        outputs = _outputs(outputs)
        difference = outputs - self.check_targets(targets, outputs.shape).astype(outputs.dtype, copy=False)
        return float(np.mean(np.square(difference, dtype=np.float64))), difference * (2 / difference.size)

    def check_targets(self, targets, shape):
        """Return the targets as floats, of the shape of the outputs."""
        targets = checks.as_float("targets", targets)
        wanted = f"expected {tuple(shape)}, the shape of the outputs"
        checks.require(targets.shape == tuple(shape), f"targets have shape {targets.shape}, {wanted}. {FOR_LABELS}")
        return checks.finite("targets", targets)


class CrossEntropy(checks.Fixed):
    """Softmax, then the negative logarithm of the probability of the right class, averaged over the batch.

    The outputs are the numbers before softmax (logits). The gradient is (p - y) / N: the probabilities, less 1 at the
    right class. The largest logit is subtracted from each row first, so that no exponential overflows.

    Parameters
    ----------
    smoothing : float
        From 0 to 1, how much of the probability is asked for in equal parts of all classes in place of the right one:
        y is smoothing / classes everywhere, and 1 - smoothing more at the right class. The cost of smoothed labels does
        not reach 0, however good the outputs are.

    References
    ----------
    Szegedy et al., Rethinking the inception architecture for computer vision, arXiv:1512.00567, section 7.

    Examples
    --------
    >>> cost, dC_dO = CrossEntropy()(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(cost, 4), dC_dO
    (0.6931, array([[ 0.5, -0.5]]))
    """

    name = "CrossEntropy"
    includes = "Softmax"  # a network that ends in a Softmax layer would apply it twice

    @checks.public
    def __init__(self, smoothing=0):
        self.smoothing = checks.number("smoothing", smoothing, ge=0, le=1)

    @checks.public
    def __call__(self, outputs, labels):
        """Return (cost, dC_dO) for outputs (N, classes) and labels (N,), or one-hot (N, classes)."""
        outputs = _outputs(outputs)
        right = np.arange(len(outputs)), self.check_targets(labels, outputs.shape)  # index of each row's right class
        shifted = outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        totals = powers.sum(axis=1)
        asked = shifted[right]
        if self.smoothing:
            asked = (1 - self.smoothing) * asked + self.smoothing * shifted.mean(axis=1)
        cost = float(np.mean(np.log(totals) - asked))
        dC_dO = powers / totals[:, None] - self.smoothing / outputs.shape[1]
        dC_dO[right] -= 1 - self.smoothing
        return cost, (dC_dO / len(outputs)).astype(outputs.dtype)

    def check_targets(self, labels, shape):
        """Return the labels as int64 (N,), for outputs of this shape."""
        wanted = f"2 dimensions (N, classes) for {self.name}"
        checks.require(len(shape) == 2, f"outputs must have {wanted}, got shape {tuple(shape)}.")
        return checks.labels(labels, *shape)


def _outputs(outputs):
    outputs = checks.as_float("outputs", outputs)
    checks.not_empty("outputs", outputs)
    return checks.finite("outputs", outputs)
