"""Records of a small training run, as fit yields them."""

from cnn_core import Epoch, Step


def run_of(epochs=2, steps=3, error=None, at=None):
    """Yield the records of a small run; raise `error` instead of step `at`."""
    step = 0
    for epoch in range(1, epochs + 1):
        for _ in range(steps):
            step += 1
            if step == at:
                raise error
            yield Step(epoch, epochs, step, epochs * steps, 1 / step, 0.5, 0.01)
        yield Epoch(epoch, epochs, step, 0.25, 0.5, 0.125, 0.75)
