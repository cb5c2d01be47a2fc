"""What a worker of a Dask cluster runs: one job of a sweep, or some micro-batches of a training.

Import      Dask's tasks name these functions by their module, so cnn_interop must be installed where the workers run.
Chapter     13.
"""

import signal
import threading
from contextlib import suppress

import numpy as np

from cnn_core.fast.replica import Replica
from cnn_core.fast.threads import worker_pool

try:
    from distributed import WorkerPlugin, get_worker
except ImportError:  # dask_engine says so: without Dask nothing here is called
    WorkerPlugin = object


class Uninterrupted(WorkerPlugin):
    """Lets workers ignore an interrupt, which Jupyter sends to the kernel and to all processes that it has started.

    Otherwise it would end the workers of a LocalCluster for good. A worker with a nanny is stopped by its nanny.
    """

    idempotent = True

    def setup(self, worker):
        """Ignore SIGINT where this process is a worker alone; Dask calls this in the thread of its event loop."""
        if worker.nanny:
            with suppress(ValueError):  # it is not the main thread: the worker is in the process of the user
                signal.signal(signal.SIGINT, signal.SIG_IGN)


class SentOnce(WorkerPlugin):
    """A job with the arguments that do not change: Dask gives it to every worker, also to one that joins later."""

    def __init__(self, job):
        self.job = job

    def setup(self, worker):
        """Prepare the buffers of each thread of this worker; Dask calls this when the job has arrived."""
        self.own = threading.local()

    def replica(self, sent):
        """Return a Replica of this thread alone, for it writes to its buffers, which the next step uses again."""
        replica = Replica(sent.network)
        replica.options = vars(self.own).setdefault("options", replica.options)
        return replica


def results_of(items, sent, name, changed):
    """Return the results of the job for some items; `sent` is the replica of this step, `name` that of the plugin."""
    once = get_worker().plugins[name]
    with np.errstate(all="ignore"), worker_pool(1, lambda: once.replica(sent)) as run:  # and one thread of BLAS
        return run(lambda replica, item: [once.job(replica, item, **changed)], items, list.__add__)


def nothing():
    """Compute nothing: for the time that Dask takes itself."""


def call(function, kwargs):
    """Return function(**kwargs): the arguments of a job may have names that Dask's own have."""
    return function(**kwargs)
