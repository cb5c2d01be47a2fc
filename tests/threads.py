"""How many threads there are: the module threading does not know of those that the crew starts.

Used by     tests/test_parallel.py, tests/test_load.py, tests/attacks/processes.py. Nothing here is a test.
"""

import sys
import time


def python_threads(most):
    """Return how many threads of Python there are, once there are no more than `most`, or after ten seconds.

    A thread whose work is done may need a moment until it is gone.
    """
    until = time.monotonic() + 10
    while len(sys._current_frames()) > most and time.monotonic() < until:
        time.sleep(0.001)
    return len(sys._current_frames())
