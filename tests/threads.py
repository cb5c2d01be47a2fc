"""Counting the threads of the library's pools. Not a test module: tests import it."""

import threading
import time


def worker_threads(most=0):
    """Return the number of threads of all pools, once there are no more than `most`, or after ten seconds.

    A thread that has been shut down may take a moment to end.
    """
    deadline = time.monotonic() + 10
    while (count := len(named())) > most and time.monotonic() < deadline:
        time.sleep(0.001)
    return count


def named():
    """Return the threads whose names are those of a pool's."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("cnn_core")]
