"""Sweeps and trainings on the workers of a Dask cluster: on this machine, or on many.

Bits        `fit_on` computes the micro-batches of `fit` with the function of `fit`, and adds their results in the same
            order. So the weights have the same bits for any number of workers, and where a worker is lost.
Traffic     The examples are sent once, to each worker; the weights once a step; each micro-batch's gradients come back.
Losses      A task of a worker that died is done again on another by Dask. Nothing is written to the model before all
            micro-batches of a step have arrived, so an error or an interrupt leaves the model of the last whole step.
Trust       The workers run what they are sent, and what they send back is unpickled: see SECURITY.md.
Chapter     13.
"""

import time
import uuid
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import partial, reduce

from cnn_core import checks, fit
from cnn_core.fast.replica import Replica
from cnn_core.fast.threads import deliver_interrupts
from cnn_interop.packages import imported

POLL = 0.5  # seconds between two looks at a cluster that has not answered
PATIENCE = 30  # seconds without any worker: a new one takes one or two to start
ATTEMPTS = 4  # a worker that dies while it is being sent the examples ends the sending to all
PART = 64  # micro-batches whose results are on their way at a time: memory must not grow with the batch


@checks.public
def sweep(client, jobs):
    """Run independent jobs on a cluster; returns a generator of their results, in the order in which they end.

    Parameters
    ----------
    client : distributed.Client
    jobs : dict
        {name: (function, kwargs)}. A function of a module that the workers can import, or one that can be pickled.

    Yields
    ------
    (name, result)
        The result is the exception where a job raised one, or where it was lost several times: others go on.

    Raises
    ------
    ImportError
        If the package distributed is not installed.
    TypeError
        At once, if an argument does not fit.
    ConnectionError
        While waiting, if the cluster is gone.

    Examples
    --------
    >>> from cnn_interop import sweep
    >>> from dask.distributed import Client, LocalCluster                         # doctest: +SKIP
    >>> with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:  # doctest: +SKIP
    ...     results = dict(sweep(client, {rate: (train, {"rate": rate}) for rate in (0.1, 0.01)}))
    """
    _check_client(client)
    checks.expect(isinstance(jobs, dict), "jobs must be a dict {name: (function, kwargs)}", jobs, checks.BadType)
    for name, job in jobs.items():
        is_job = isinstance(job, tuple) and len(job) == 2 and callable(job[0]) and isinstance(job[1], dict)
        checks.expect(is_job, f"job {name!r} must be a pair (function, kwargs)", job, checks.BadType)
    return _results(client, dict(jobs))


def _results(client, jobs):
    (worker,) = imported("cnn_interop.dask_worker")
    futures, refused = {}, {}
    try:
        for name, job in jobs.items():
            try:
                futures[_submit(client, "sweep", worker.call, *job)] = name
            except (TypeError, ValueError, AttributeError) as error:  # it cannot be pickled
                refused[name] = error
        yield from refused.items()
        while futures:
            _wait(client, list(futures), "sweep", "FIRST_COMPLETED")
            for future in [each for each in futures if each.done()]:
                yield futures.pop(future), _outcome(client, future)
    finally:
        _release(futures)


def _outcome(client, future):
    """Return the result of a job that has ended, or the exception that ended it."""
    if future.status == "error":
        return future.exception()
    with _told_when_gone(client, "sweep"):
        return future.result()


@checks.public
def fit_on(
    client,
    model,
    X,
    y,
    optimiser,
    loss,
    epochs=1,
    batch_size=32,
    validation=None,
    augment=None,
    average=None,
    patience=PATIENCE,
):
    """Train the model on the workers of a cluster; returns a generator of the records of `fit`, with the same bits.

    Parameters
    ----------
    client : distributed.Client
    model, X, y, optimiser, loss, epochs, batch_size, validation, augment, average
        As in `fit`. Functions and layers of your own are sent to the workers. The validation runs in this process.
    patience : float
        The seconds to wait for a worker where the cluster has none.

    Yields
    ------
    Step or Epoch

    Raises
    ------
    ImportError
        If the package distributed is not installed.
    ConnectionError
        If the cluster is gone. The model, the optimiser and the average are as after the last whole step.
    TypeError, ValueError, FloatingPointError
        As in `fit`, whose name the messages have.

    Notes
    -----
    The same bits are promised where all machines have processors of the same kind, the same NumPy and the same BLAS.

    Examples
    --------
    >>> from cnn_interop import fit_on
    >>> from dask.distributed import Client, LocalCluster                         # doctest: +SKIP
    >>> with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:  # doctest: +SKIP
    ...     for record in fit_on(client, model, X, y, Adam(), CrossEntropy(), batch_size=128):
    ...         print(record)
    """
    _check_client(client)
    patience = checks.number("patience", patience, gt=0)
    checks.model(model)
    pool = _ClusterPool(client, model.layers, patience)
    return fit(model, X, y, optimiser, loss, epochs, batch_size, validation, None, augment, average, pool)


class _ClusterPool:
    """Context manager that gives `run(job, items, add)`, as `worker_pool` does, on the workers of a cluster."""

    def __init__(self, client, layers, patience):
        self.client, self.layers, self.patience = client, layers, patience
        self.name, self.sent = f"fit_on-{uuid.uuid4()}", None
        (self.worker,) = imported("cnn_interop.dask_worker")

    def __enter__(self):
        return self.run

    def __exit__(self, kind, *error):
        """Take the examples off the workers; without waiting where a generator is collected: in any thread, that is."""
        if self.sent is not None and self.client.status == "running":
            if kind is GeneratorExit:
                self.client.loop.add_callback(self._forget)
            else:
                with suppress(Exception):  # the cluster may be gone
                    self.client.unregister_worker_plugin(self.name)

    async def _forget(self):
        with suppress(Exception):
            await self.client.unregister_worker_plugin(self.name)

    def run(self, job, items, add):
        """Return the results of job(replica, item) added in the order of the items; the first error is raised."""
        changed = self._send_once(job)
        with _told_when_gone(self.client, "fit_on"):
            replica = _submit(self.client, "weights", self.worker.whole, Replica(self.layers))
        try:
            parts = [items[start : start + PART] for start in range(0, len(items), PART)]
            return reduce(add, (result for part in parts for result in self._computed(part, replica, changed)))
        finally:
            _release([replica])

    def _send_once(self, job):
        """Send the job with its arguments to the workers at the first step; return those that have changed since."""
        if self.sent is None:
            for attempt in range(ATTEMPTS):
                with _told_when_gone(self.client, "fit_on", is_last=attempt == ATTEMPTS - 1):
                    self.client.register_plugin(self.worker.SentOnce(job), name=self.name)
                    break
            self.sent = job.keywords
        return {key: value for key, value in job.keywords.items() if value is not self.sent[key]}

    def _computed(self, items, replica, changed):
        """Return the results for some items, in their order."""
        task = partial(self.worker.micro_batch_result, name=self.name, changed=changed)
        with _told_when_gone(self.client, "fit_on"):
            futures = [_submit(self.client, "micro-batch", task, item, replica) for item in items]
        try:
            _wait(self.client, futures, "fit_on", "ALL_COMPLETED", self.patience)
            _raise_first_error(futures)
            with _told_when_gone(self.client, "fit_on"):
                return self.client.gather(futures)
        finally:
            _release(futures)


def _check_client(client):
    (distributed,) = imported("distributed")
    is_client = isinstance(client, distributed.Client)
    checks.expect(is_client, "client must be a distributed.Client", client, checks.BadType)
    checks.require(not client.asynchronous, "client must not be asynchronous.")


def _submit(client, prefix, function, *args):
    """Return the future of function(*args), under a name of its own: no arguments are compared with others."""
    return client.submit(function, *args, key=f"{prefix}-{uuid.uuid4()}", pure=False)


def _release(futures):
    """Drop futures: what has not begun is not computed any more, and the workers forget the results."""
    for future in futures:
        future.release()


def _wait(client, futures, name, return_when, patience=PATIENCE):
    """Wait for futures; deliver interrupts meanwhile, and stop where the cluster is gone or has no workers."""
    (distributed,) = imported("distributed")
    last_seen = time.monotonic()
    while True:
        deliver_interrupts()
        with _told_when_gone(client, name):
            try:
                return distributed.wait(futures, POLL, return_when)
            except TimeoutError:
                last_seen = time.monotonic() if client.nthreads() else last_seen
        if time.monotonic() - last_seen > patience:
            raise ConnectionError(f"{name}: the cluster has had no worker for {patience} seconds.")


def _raise_first_error(futures):
    """Raise the error of the first task that failed; one that killed several workers is a ConnectionError."""
    (distributed,) = imported("distributed")
    for future in futures:
        if future.status == "error":
            error = future.exception()
            if isinstance(error, distributed.KilledWorker):
                raise ConnectionError(f"fit_on: {error}") from error
            raise error


@contextmanager
def _told_when_gone(client, name, is_last=True):
    """Turn an error of Dask into a ConnectionError where the cluster is gone; unless it is the last, try again."""
    try:
        yield
    except Exception as error:
        if client.status == "running" and not isinstance(error, (CancelledError, OSError)):
            raise
        if is_last or client.status != "running":
            raise ConnectionError(f"{name}: the cluster is gone ({type(error).__name__}: {error}).") from error
