"""Counting the library's worker threads, which the module threading does not list. Nothing here is a test."""

import sys
import time

from cnn_core import parallel

WORK = parallel._Threads._work.__code__


def crew_threads(most=0):
    """Return the number of worker threads, once there are no more than `most`, or after ten seconds.

    A thread that has been shut down may take a moment to end.
    """
    until = time.monotonic() + 10
    while (found := sum(map(is_ours, sys._current_frames().values()))) > most and time.monotonic() < until:
        time.sleep(0.001)
    return found


def is_ours(frame):
    """Return whether the thread of this frame is a worker that runs a task or waits for one."""
    while frame is not None and frame.f_code is not WORK:
        frame = frame.f_back
    return frame is not None
