"""Keeping time: how long an epoch took, how long the rest will take, and when a display may be drawn again.

Used by     progress.py.
"""

from time import perf_counter

from cnn_core.training import Epoch

WARM_UP = 3  # steps after which a guess of the time left is worth showing


class Clock:
    """Times a run by its records. The first step, which also finds the memory it needs, does not count for the pace."""

    def __init__(self):
        self.epoch_started = perf_counter()
        self.first_step = None
        self.steps_since = 0

    def read(self, record):
        """Return how many seconds the epoch took that this record ends; nan for a step."""
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
        """Return the seconds for the steps that are to come, if each takes as long as those so far; None at first."""
        if self.steps_since < WARM_UP:
            return None
        return (perf_counter() - self.first_step) / self.steps_since * (steps - step)


class Pace:
    """Holds back something that is worth doing now and then only.

    Parameters
    ----------
    interval : float
        The least time between two times, in seconds.
    share : float
        The largest share of all time that it may take.
    """

    def __init__(self, interval, share):
        self.interval, self.share = interval, share
        self.next = perf_counter()

    def due(self):
        """Return whether it is time again."""
        return perf_counter() >= self.next

    def spend(self, action):
        """Do it, and wait the longer the more time it took."""
        began = perf_counter()
        action()
        now = perf_counter()
        self.next = now + max(self.interval, (now - began) / self.share)


def duration(seconds):
    """Return seconds as text, in minutes and seconds, with hours if there are any.

    Examples
    --------
    >>> duration(4.6), duration(75), duration(3725)
    ('0:05', '1:15', '1:02:05')
    """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
