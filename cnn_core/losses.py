"""Losses: how wrong the outputs are, as one number, and which way is down.

Shapes      outputs (N, classes) or (N, ...); targets as each loss says; dC_dO has the shape of the outputs.
Mean        the cost is the mean over the batch (mean squared error: over all entries), and so is its gradient: nobody
            divides by N again later.
Guests      nan, infinity and an empty batch are refused: a mean over them means nothing.
Story       notebooks/06_loss.
"""

import numpy as np

from . import checks


class MeanSquaredError:
    """The mean over all entries of (outputs - targets)^2.

    Examples
    --------
    >>> MeanSquaredError()(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]))
    (2.5, array([[ 1., -2.]]))
    """

    name = "MeanSquaredError"

    def __call__(self, outputs, targets):
        """Return (cost, dC_dO) for outputs and targets of the same shape."""
        outputs = _outputs(self.name, outputs)
        targets = self.check_targets(self.name, targets, outputs.shape).astype(outputs.dtype, copy=False)
        difference = outputs - targets
        cost = float(np.mean(np.square(difference, dtype=np.float64)))
        return cost, difference * (2 / difference.size)

    def check_targets(self, where, targets, shape):
        """Return the targets as floats, of the shape of the outputs."""
        targets = checks.as_float(where, "targets", targets)
        if targets.shape != tuple(shape):
            raise ValueError(
                f"{where}: targets have shape {targets.shape}, expected {tuple(shape)}, the shape of the outputs. "
                "For labels use CrossEntropy, or one-hot targets: np.eye(classes)[labels]."
            )
        checks.finite(where, "targets", targets)
        return targets


class CrossEntropy:
    """Softmax and the negative logarithm of what it gives to the right class, averaged over the batch.

    The outputs are the numbers before softmax (logits). The gradient is (p - y) / N: the probabilities, less 1 at the
    right class. The largest logit is taken off each row first, so that no exponential overflows.

    Examples
    --------
    >>> cost, dC_dO = CrossEntropy()(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(cost, 4), dC_dO
    (0.6931, array([[ 0.5, -0.5]]))
    """

    name = "CrossEntropy"
    includes = "Softmax"  # a network that ends in one of its own would have it twice

    def __call__(self, outputs, labels):
        """Return (cost, dC_dO) for outputs (N, classes) and labels (N,), or one-hot (N, classes)."""
        outputs = _outputs(self.name, outputs)
        labels = self.check_targets(self.name, labels, outputs.shape)
        rows = np.arange(len(outputs))
        shifted = outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        totals = powers.sum(axis=1)
        cost = float(np.mean(np.log(totals) - shifted[rows, labels]))
        dC_dO = powers / totals[:, None]
        dC_dO[rows, labels] -= 1
        return cost, (dC_dO / len(outputs)).astype(outputs.dtype)

    def check_targets(self, where, labels, shape):
        """Return the labels as int64 (N,), for outputs of this shape."""
        if len(shape) != 2:
            raise ValueError(
                f"{where}: outputs must have 2 dimensions (N, classes) for {self.name}, got shape {tuple(shape)}."
            )
        return checks.labels(where, labels, *shape)


def _outputs(where, outputs):
    outputs = checks.as_float(where, "outputs", outputs)
    checks.not_empty(where, "outputs", outputs)
    checks.finite(where, "outputs", outputs)
    return outputs
