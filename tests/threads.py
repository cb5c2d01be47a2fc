"""How many threads of the crew there are: they are not those of the module threading, which does not know of them.

Used by     tests/test_parallel.py, tests/test_load.py, tests/attacks/processes.py. Nothing here is a test.
"""

import sys
import time

from cnn_core import parallel

WORK = parallel._Threads._work.__code__


def crew_threads(most=0):
    """Return how many threads of any crew there are, once there are no more than `most`, or after ten seconds.

    A thread that was sent home may need a moment until it is gone.
    """
    until = time.monotonic() + 10
    while (found := sum(map(is_ours, sys._current_frames().values()))) > most and time.monotonic() < until:
        time.sleep(0.001)
    return found


def is_ours(frame):
    """Return whether a thread that is now in this frame is at a crew's work, or waits for some."""
    while frame is not None and frame.f_code is not WORK:
        frame = frame.f_back
    return frame is not None
