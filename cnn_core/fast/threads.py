"""Thread pool of `fit` and `predict`: jobs on several cores, results reduced in the order of the items.

`concurrent.futures` and `threading` take locks in Python code, and a KeyboardInterrupt raised there leaves them locked
for ever. So the main thread uses them inside `interrupts_deferred` only. Exceptions that come asynchronously by other
means than SIGINT (the handler of another signal, a debugger) are not deferred.

While a pool is running, BLAS is limited to one thread: two levels of threads would compete for the same cores, and the
last bits of a matrix product may depend on the number of BLAS threads.

Chapter     09.
"""

import functools
import itertools
import os
import re
import signal
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

MAX_WORKERS = 16  # unless more are asked for: each has buffers, and a machine may show cores that it does not give
MAX_WAITING = 16  # pending results beyond one a thread: memory must not grow with the number of items
FORKED = "fit: it was begun before this process was forked, and its threads are in the parent. Call fit again here."


def cores():
    """Return the number of cores that this process may use.

    The smallest of: the cores of the machine, those of the process's affinity, the CPU quota of its control groups
    (Linux containers), rounded up, and OMP_NUM_THREADS.
    """
    available = getattr(os, "process_cpu_count", os.cpu_count)() or 1  # the first from Python 3.13
    affinity = getattr(os, "sched_getaffinity", lambda _: range(available))(0)
    omp = re.match(r"\s*0*([1-9][0-9]{0,8})\s*(,|$)", os.environ.get("OMP_NUM_THREADS", ""))  # 4, or a list: 4,2
    return min([available, len(affinity), *([int(omp[1])] if omp else []), *_cpu_quotas()])


@functools.cache  # files: predict must not read them at every call
def _cpu_quotas(membership=Path("/proc/self/cgroup"), root=Path("/sys/fs/cgroup")):
    """Return the CPU quotas of this process's control groups and their parents, in cores, rounded up."""
    # Lines are number:controllers:/path. Only the line of version 2 names no controllers.
    lines = re.findall(r"^\d+:((?:[^:\n]+,)?cpu(?:,[^:\n]+)?|):/(.*)$", _text(membership), re.MULTILINE)
    groups = [root / ("cpu" if controllers else "") / path for controllers, path in lines]
    folders = [folder for group in groups for folder in (group, *group.parents)]
    names = ("cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us")  # the first is version 2, the others are version 1
    texts = ["".join(_text(folder / name) for name in names) for folder in folders]
    limits = [re.match(r"([1-9][0-9]{0,17})\s+([1-9][0-9]{0,17})\s*$", text) for text in texts]
    return [-(-int(limit[1]) // int(limit[2])) for limit in limits if limit]  # no limit is 'max' or -1


def _text(path):
    with suppress(OSError, ValueError):  # ValueError: not text
        return path.read_text()
    return ""


class interrupts_deferred:
    """Hold SIGINT (Ctrl-C) back during a `with` block and deliver it after the block: call the previous handler.

    Several signals during one block are delivered once, and those of a nested block by the outermost block. An
    exception that leaves the block does not cancel the delivery: KeyboardInterrupt then has it as its context. If the
    block itself installs another handler of SIGINT, that one stays.

    Does nothing outside the main thread of the main interpreter, which alone receives signals; nor where SIGINT is
    ignored, kills the process, or is not handled by Python. The block must not contain a `yield`, and an endless block
    cannot be interrupted.
    """

    holding, previous, received = True, None, None

    def __enter__(self):
        handler = signal.getsignal(signal.SIGINT)
        try:
            if callable(handler) and not getattr(handler, "holding", False):
                self.previous = signal.signal(signal.SIGINT, self)  # from here on SIGINT raises nothing
        except ValueError as error:  # signals can only be set in the main thread of the main interpreter
            if "main thread" not in str(error):  # an error of the previous handler, called by signal.signal itself
                raise

    def __exit__(self, *error):
        if signal.getsignal(signal.SIGINT) is self:
            signal.signal(signal.SIGINT, self.previous)  # from here on SIGINT is delivered at once
        self.holding = False
        self.deliver()

    def __call__(self, *received):  # the handler of SIGINT
        self.received = received
        if not self.holding:  # a debugger may install this handler again, long after the block
            self.deliver()

    def deliver(self):
        if self.received:
            received, self.received = self.received, None
            self.previous(*received)


def deliver_interrupts():
    """Deliver a SIGINT that `interrupts_deferred` holds now, not after the block: call this where no lock is held."""
    handler = signal.getsignal(signal.SIGINT)
    if isinstance(handler, interrupts_deferred) and threading.get_ident() == threading.main_thread().ident:
        handler.deliver()


class _OneBlasThread:
    """Context manager that limits BLAS to one thread; the last of several users to leave restores the thread count."""

    lock, users, limiter = threading.Lock(), 0, None

    def __enter__(self):
        with self.lock:
            if self.users == 0 and _blas():
                _let_this_thread_set_limits()
                self.limiter = _blas().limit(limits=1)
            self.users += 1

    def __exit__(self, *error):
        with self.lock:
            self.users -= 1
            if self.users == 0 and _blas():
                _let_this_thread_set_limits()
                self.limiter.restore_original_limits()
                _let_this_thread_set_limits()  # and any other, from now on


_one_blas_thread = _OneBlasThread()  # BLAS has one thread count for the whole process


@functools.cache
def _blas():
    """Return threadpoolctl's controller of BLAS; None where threadpoolctl is not installed: BLAS is then left alone."""
    with suppress(ImportError):
        from threadpoolctl import ThreadpoolController

        return ThreadpoolController().select(user_api="blas")
    return None


def _let_this_thread_set_limits():
    """Clear the thread that alone may limit OpenBLAS, as threadpoolctl has it from version 3.8."""
    for library in _blas().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


class worker_pool:
    """Context manager that gives `run(job, items, add)`, which calls `job(replica, item)` for every item.

    Parameters
    ----------
    workers : int or None
        How many threads may run jobs. None is `cores()`, at most 16. 1 is the calling thread, which also runs the
        first item where there are no more items than workers, and everything where no threads can be started (Pyodide,
        a limit on threads). Threads start when they are needed.
    make_replica : callable
        Returns an object that a job may write to. Each thread makes one, and uses it for all its jobs.

    Notes
    -----
    `items` is a sequence with at least one item. `run` returns `functools.reduce(add, results)`, with the results in
    the order of the items, and at most `workers` + 16 of them are pending. It raises the first error in that order.
    SIGINT is delivered between two results or at the end. Whether `run` returns or raises, no job is running any more.
    The jobs run under the `np.errstate` of the calling thread. The threads end when the block is left.
    """

    def __init__(self, workers, make_replica):
        self.workers, self.make_replica = workers or min(cores(), MAX_WORKERS), make_replica
        self.own, self.executor, self.threads, self.process = threading.local(), ThreadPoolExecutor(1), 0, os.getpid()

    def __enter__(self):
        return self.run

    def __exit__(self, kind, *error):  # If it is interrupted here, the threads end when the executor is collected.
        with interrupts_deferred():
            # Without waiting where a generator is collected: that can happen in any thread, whatever locks it holds.
            self.executor.shutdown(wait=kind is not GeneratorExit and os.getpid() == self.process)
            del self.executor  # here: an interrupt in the callback of a weak reference to a thread would be lost

    def run(self, job, items, add):
        def add_next(total, result):
            deliver_interrupts()
            return add(total, result)

        if os.getpid() != self.process:
            raise RuntimeError(FORKED)
        with interrupts_deferred(), _one_blas_thread:
            first = items[:1] if len(items) <= self.workers else items[:0]  # one thread less to wake
            others = items[len(first) :]
            self._start_threads(min(self.workers, len(others)))
            if self.workers == 1 or not others:
                return functools.reduce(add_next, map(functools.partial(job, self._replica()), items))
            with closing(self._results(job, first, others)) as results:
                return functools.reduce(add_next, results)

    def _start_threads(self, count):
        """Start threads until there are `count`, or set the pool to one worker where that is impossible."""
        if count <= self.threads or self.workers == 1:
            return
        self.executor.shutdown()
        self.executor, started = ThreadPoolExecutor(count, "cnn_core"), threading.Event()
        try:
            for _ in range(count):  # each of these tasks keeps its thread until all have started
                self.executor.submit(started.wait)
            self.threads = count
        except (RuntimeError, OSError):  # "can't start new thread"
            self.workers = 1
        finally:
            started.set()

    def _results(self, job, first, others):
        """Yield the results in the order of the items, the first from this thread; once this generator is closed, no
        job is running any more.
        """
        errors, pending = {"call": np.geterrcall(), **np.geterr()}, deque()
        tasks = (self.executor.submit(self._call, job, errors, item) for item in others)
        try:
            pending.extend(itertools.islice(tasks, self.threads + MAX_WAITING))
            yield from (job(self._replica(), item) for item in first)
            while pending:
                yield pending.popleft().result()
                pending.extend(itertools.islice(tasks, 1))
        finally:
            wait([future for future in pending if not future.cancel()])

    def _call(self, job, errors, item):
        with np.errstate(**errors):  # NumPy keeps its error state for each thread
            return job(self._replica(), item)

    def _replica(self):
        """Return the replica of the calling thread."""
        if not hasattr(self.own, "replica"):
            self.own.replica = self.make_replica()
        return self.own.replica
