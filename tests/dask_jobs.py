"""What the workers of a cluster import in tests/interop/test_dask_engine.py: functions, losses and layers. No tests."""

import os
import signal
import time

import numpy as np

from cnn_core import CrossEntropy, shifted


def square(x):
    return x * x


def fail(message):
    raise ValueError(message)


def die():
    """End the process of the worker, again and again on each new one."""
    os.kill(os.getpid(), signal.SIGKILL)


def leave_a_file(path, seconds):
    """Make a file and take some seconds."""
    path.touch()
    time.sleep(seconds)


def sleep(seconds, workers=None):
    """Return after some seconds; `workers` is also an argument of Client.submit."""
    time.sleep(seconds)
    return workers


def slowly_shifted(X, rng):
    """Shift the images, and take a little time."""
    time.sleep(0.02)
    return shifted(X, rng)


class Counted:
    """A loss that counts how often it was sent."""

    def __init__(self):
        self.times = 0

    def __call__(self, outputs, targets):
        return CrossEntropy()(outputs, targets)

    def __reduce__(self):
        self.times += 1
        return CrossEntropy, ()


class FailsOn:
    """A loss that raises an error where the first of its targets is this one."""

    def __init__(self, target):
        self.target = target

    def __call__(self, outputs, targets):
        if np.any(targets == self.target):
            raise ZeroDivisionError(f"a target is {self.target}")
        return CrossEntropy()(outputs, targets)
