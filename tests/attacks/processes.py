"""Scripts in processes of their own, which may be killed, run out of disk space or lack write permission.

Not a test module: tests import it.
"""

import os
import subprocess
import sys
from pathlib import Path

import cnn_core

TESTS = Path(__file__).parent.parent
PRELUDE = '''
import gc, os, random, resource, signal, sys, threading, time
from pathlib import Path
import numpy as np
from cnn_core import *
from threads import worker_threads

def make(seed=0, filters=4):
    return Model([Conv2D(filters), ReLU(), Flatten(), FullyConnected(10)], (1, 28, 28), seed)  # with 4 a file of 108 KB

def numbers(model):
    return [param.tobytes() for _, param, _ in model.parameters()]

def images(count, side=28):
    return np.random.default_rng(5).normal(size=(count, 1, side, side)).astype("float32"), np.arange(count) % 10

def in_a_child(act):
    pid = os.fork()
    if pid:
        return pid
    try:
        act()
    except BaseException as error:
        print(type(error).__name__, error, flush=True)
    os._exit(0)

def memory():
    """Return the resident memory of this process in bytes: now, and its peak."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return tuple(1024 * int(lines[name].split()[0]) for name in ("VmRSS", "VmHWM"))
    except FileNotFoundError:  # macOS, whose getrusage counts in bytes and knows the peak only
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak, peak
'''


def run_in(folder, script):
    """Run a script in a process of its own, with the folder as working directory; return the lines that it printed."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(cnn_core.__file__).parent.parent), str(TESTS)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0), done.stderr[-2000:]
    return done.stdout.splitlines()
