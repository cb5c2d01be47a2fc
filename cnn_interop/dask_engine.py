"""Sweeps and trainings on the workers of a Dask cluster: on this machine, or on many.

Bits        `fit_on` computes the micro-batches of `fit` with the function of `fit`, and adds their results in the same
            order. So the weights have the same bits for any number of workers, and where a worker is lost.
Traffic     To each worker the examples are sent once, and the weights once a step. Each micro-batch's gradients come
            back one by one: added on the way, they would be added in another order.
Losses      A task of a worker that died is done again on another by Dask. Nothing is written to the model before all
            micro-batches of a step have arrived, so an error or an interrupt leaves the model of the last whole step.
Trust       The workers run what they are sent, and what they send back is unpickled: see SECURITY.md.
Chapter     13.
"""

import asyncio
import itertools
import math
import time
import uuid
from concurrent.futures import CancelledError, wait
from contextlib import contextmanager, suppress
from functools import partial, reduce
from pickle import PickleError
from queue import Empty, SimpleQueue

from cnn_core import checks, fit
from cnn_core.fast.replica import Replica
from cnn_core.fast.threads import deliver_interrupts
from cnn_interop.packages import imported

POLL = 0.5  # seconds between two looks at a cluster that has not answered
LOOK = 1  # seconds between two counts of the threads of all workers
PATIENCE = 30  # seconds without any worker: a new one takes one or two to start
ATTEMPTS = 4  # a worker that dies while the examples are being sent ends the sending to all
REMOVED_WITHIN = 10  # seconds that the examples may take to be removed
PART = 32  # micro-batches whose results are on their way at a time: memory must not grow with the batch


@checks.public
def sweep(client, jobs):
    """Run independent jobs on a cluster; returns a generator of their results, in the order in which they end.

    Parameters
    ----------
    client : distributed.Client
    jobs : dict
        {name: (function, kwargs)}. A function of a module that the workers can import, or one that can be pickled.
        What is large is sent once if it is given as a future, that of client.scatter.

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

    Notes
    -----
    When the generator is closed, or an interrupt ends it, jobs that have not begun are not run. Those that have begun
    go on to their end, or to that of the cluster.

    Examples
    --------
    >>> from cnn_interop import sweep
    >>> from dask.distributed import Client, LocalCluster                         # doctest: +SKIP
    >>> settings = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}  # see SECURITY.md
    >>> with LocalCluster(n_workers=2, **settings) as cluster, Client(cluster) as client:  # doctest: +SKIP
    ...     results = dict(sweep(client, {rate: (train, {"rate": rate}) for rate in (0.1, 0.01)}))
    """
    _check_client(client)
    checks.expect(isinstance(jobs, dict), "jobs must be a dict {name: (function, kwargs)}", jobs, checks.BadType)
    for name, job in jobs.items():
        is_job = isinstance(job, tuple) and len(job) == 2 and callable(job[0]) and isinstance(job[1], dict)
        checks.expect(is_job, f"job {name!r} must be a pair (function, kwargs)", job, checks.BadType)
    return _results(client, dict(jobs))


def _results(client, jobs):
    _let_workers_ignore_interrupts(client, "sweep", PATIENCE)
    lost = []
    for name, result in _results_of_one_round(client, jobs):
        if _has_killed(result):
            lost.append(name)
        else:
            yield name, result
    for name in lost:  # each alone: Dask blames all tasks that waited for the worker that died
        yield from _results_of_one_round(client, {name: jobs[name]})


def _results_of_one_round(client, jobs):
    ended, futures = SimpleQueue(), {}
    try:
        refused = dict(_begin(client, jobs, futures))
        for future in futures:
            future.add_done_callback(ended.put)
        yield from refused.items()
        while futures:
            future = _answer(client, "sweep", partial(ended.get, timeout=POLL))
            yield futures.pop(future), _outcome(client, future)
    finally:
        _release(futures)


def _begin(client, jobs, futures):
    """Submit jobs and add {future: name} to futures; yield (name, error) of each job that cannot be pickled."""
    (worker,) = imported("cnn_interop.dask_worker")
    for name, job in jobs.items():
        try:
            with _told_when_gone(client, "sweep"):
                futures[_submit(client, "sweep", worker.call, *job)] = name
        except (TypeError, ValueError, AttributeError, PickleError) as error:
            yield name, error


def _outcome(client, future):
    """Return the result of a job that has ended, or the exception that ended it."""
    if future.status == "error":
        return future.exception()
    if future.cancelled():
        raise ConnectionError("sweep: the cluster is gone, or the job was cancelled.")
    return _asked(client, "sweep", client.gather, future)


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

    A LocalCluster looks 15 seconds after the loss of a worker whether another has taken its place, and goes on without
    it if not, so if it is lost once more at that moment: see Dask's setting distributed.deploy.lost-worker-timeout.

    Examples
    --------
    >>> from cnn_interop import fit_on
    >>> from dask.distributed import Client, LocalCluster                         # doctest: +SKIP
    >>> settings = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}  # see SECURITY.md
    >>> with LocalCluster(n_workers=2, **settings) as cluster, Client(cluster) as client:  # doctest: +SKIP
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
        (self.worker,) = imported("cnn_interop.dask_worker")
        self.client, self.layers, self.patience = client, layers, patience
        self.name, self.sent = f"fit_on-{uuid.uuid4()}", None
        self.threads, self.counted = 1, -math.inf

    def __enter__(self):
        return self.run

    def __exit__(self, kind, *error):
        """Take the examples off the workers; without waiting where a generator is collected: in any thread, that is."""
        if self.sent is not None and self.client.status == "running":
            removed = _begun(self.client, self.client.unregister_worker_plugin, self.name)
            if kind is not GeneratorExit:
                wait([removed], REMOVED_WITHIN)

    def run(self, job, items, add):
        """Return the results of job(replica, item) added in the order of the items; the first error is raised."""
        changed = self._send_once(job)
        self._count_threads()
        parts = [items[start : start + PART] for start in range(0, len(items), PART)]
        return reduce(add, (result for part in parts for result in self._computed(part, changed)))

    def _send_once(self, job):
        """Send the job with its arguments to the workers at the first step; return those that have changed since."""
        if self.sent is None:
            self.sent = job.keywords
            _let_workers_ignore_interrupts(self.client, "fit_on", self.patience)
            plugin = self.worker.SentOnce(job)
            _asked(self.client, "fit_on", partial(_register, self.client), plugin, self.name, patience=self.patience)
        return {key: value for key, value in job.keywords.items() if value is not self.sent[key]}

    def _count_threads(self):
        """Count the threads of all workers, once a second."""
        if time.monotonic() - self.counted > LOOK:
            workers = _asked(self.client, "fit_on", self.client.nthreads, patience=self.patience)
            self.threads, self.counted = max(sum(workers.values()), 1), time.monotonic()

    def _computed(self, items, changed):
        """Return the results for some items, in their order: a task for each thread, which has a row of them."""
        count, replica = min(self.threads, len(items)), Replica(self.layers)
        rows = [items[len(items) * n // count : len(items) * (n + 1) // count] for n in range(count)]
        arguments = replica, self.name, changed
        with _told_when_gone(self.client, "fit_on"):
            futures = [_submit(self.client, "fit_on", self.worker.results_of, row, *arguments) for row in rows]
        try:
            for future in futures:
                _raise(_answer(self.client, "fit_on", partial(future.exception, POLL), self.patience))
            results = _asked(self.client, "fit_on", self.client.gather, futures, patience=self.patience)
            return itertools.chain.from_iterable(results)
        finally:
            _release(futures)


def _raise(error):
    """Raise the error of a task, if it has one; that of a task that the cluster has lost is a ConnectionError."""
    if isinstance(error, CancelledError) or _has_killed(error):
        raise ConnectionError(f"fit_on: the cluster has lost a micro-batch ({error}).") from error
    if error is not None:
        raise error


def _has_killed(result):
    """Return whether a result is Dask's error of a task whose workers died, one after another."""
    return isinstance(result, imported("distributed")[0].KilledWorker)


async def _register(client, plugin, name):
    """Send a plugin to all workers; again where one of them dies meanwhile."""
    for attempt in range(ATTEMPTS):
        try:
            return await client.register_plugin(plugin, name=name)
        except OSError:
            if attempt == ATTEMPTS - 1:
                raise
            await asyncio.sleep(attempt)


def _let_workers_ignore_interrupts(client, name, patience):
    (worker,) = imported("cnn_interop.dask_worker")
    _asked(client, name, partial(_register, client), worker.Uninterrupted(), "cnn_interop", patience=patience)


def _check_client(client):
    (distributed,) = imported("distributed")
    is_client = isinstance(client, distributed.Client)
    checks.expect(is_client, "client must be a distributed.Client", client, checks.BadType)
    checks.require(not client.asynchronous, "client must not be asynchronous.")
    checks.require(client.status == "running", f"client has no connection to a cluster, it is {client.status}.")


def _submit(client, prefix, function, *args):
    """Return the future of function(*args), under a name of its own: no arguments are compared with others."""
    (dask,) = imported("dask")
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}):  # large weights are no mistake
        return client.submit(function, *args, key=f"{prefix}-{uuid.uuid4()}", pure=False)


def _release(futures):
    """Drop futures: what has not begun is not computed any more, and the workers forget the results."""
    with suppress(RuntimeError):  # the client is closed
        for future in futures:
            future.release()


def _begun(client, method, *args):
    """Call a method of Dask in the thread of its event loop, where it gives an awaitable; return the future."""

    async def call():
        return await method(*args)

    return asyncio.run_coroutine_threadsafe(call(), client.loop.asyncio_loop)


def _asked(client, name, method, *args, patience=PATIENCE):
    """Return what a method of Dask gives, as _answer does: it may wait for ever by itself."""
    with _told_when_gone(client, name):
        begun = _begun(client, method, *args)
    try:
        return _answer(client, name, partial(begun.result, POLL), patience)
    finally:
        begun.cancel()


def _answer(client, name, ask, patience=PATIENCE):
    """Return what `ask` returns, which waits for POLL seconds each time; meanwhile deliver interrupts.

    Where the cluster is gone, or has had no worker for some time, that is a ConnectionError.
    """
    last_seen = time.monotonic()
    while time.monotonic() - last_seen < patience:
        deliver_interrupts()
        with _told_when_gone(client, name):
            try:
                return ask()
            except (TimeoutError, Empty):
                last_seen = time.monotonic() if client.nthreads() else last_seen
    raise ConnectionError(f"{name}: the cluster has had no worker for {patience:g} seconds.")


@contextmanager
def _told_when_gone(client, name):
    """Turn an error of Dask into a ConnectionError where it says that the cluster is gone."""
    try:
        yield
    except Exception as error:
        if client.status == "running" and not isinstance(error, (CancelledError, OSError)):
            raise
        raise ConnectionError(f"{name}: the cluster is gone ({type(error).__name__}: {error}).") from error
