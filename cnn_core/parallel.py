"""The engine room: memory order, work arrays, shards and worker threads. A reader of a chapter never needs it.

Order       What a reader sees is (N, C, H, W). In memory the fast functions keep images as (H, C, W, N): what moves
            over rows and columns then moves in unbroken runs, and (N, C, H, W) is a view of it. Any order comes in.
Arrays      A new big array costs more than the arithmetic on it: the system hands out its pages one by one. So the
            functions ask a `Work` for their arrays. Plain Work makes new ones, Kept gives the same ones again: inside
            `fit` and `predict` alone, for each layer of each worker, and what it gives never leaves them.
Shards      A worker takes some examples of a batch through all layers while they are in its core's cache. How many does
            not depend on the number of workers, and results are added in the shards' order: so neither do the bits.
Interrupts  Ctrl-C comes in the main thread, between any two lines. So that thread holds no lock, and waits for nothing
            but an answer that comes in any case: it only calls what is done in one go, such as list.append and
            SimpleQueue.put. `concurrent.futures` and `threading.Thread` take locks in Python code: an interrupt in
            there leaves them locked for ever. Nor is a `with` a safe door: its __exit__ may be interrupted before its
            first line, and is then made up for when the traceback is forgotten.
Story       notebooks/09_how_fast_can_numpy_go.
"""

import collections
import functools
import inspect
import itertools
import os
import weakref
from _thread import start_new_thread
from contextlib import contextmanager
from queue import SimpleQueue

import numpy as np

SMALLEST, LARGEST = 32, 64  # examples in a shard: fewer are not worth the calls, more do not fit the cache
AHEAD = 16  # shards whose results may wait for their turn: memory does not grow with the batch


class Work:
    """Where a function gets the arrays that it writes to: here new ones, at each call."""

    first = False  # whether this is training and the layer the model's first: then nobody asks for its dC/dX
    output = None  # what the layer's forward returned for the X that backward is asked about, where that is known

    def array(self, name, shape, dtype):
        """Return an array of this shape, all zeros; `name` tells apart what one layer needs at the same time."""
        return self._given((name, shape, dtype), lambda: np.zeros(shape, dtype))

    def like(self, name, X, dtype):
        """Return an array of the shape of X, with its order in memory; any numbers may stand in it."""
        return self._given((name, X.shape, dtype), lambda: np.empty_like(X, dtype))

    def batch(self, name, shape, dtype):
        """Return an array (N, ...) with the batch innermost in memory: (N, C, H, W) is a view of (H, C, W, N)."""
        if len(shape) == 4:
            N, C, H, W = shape
            return self.array(name, (H, C, W, N), dtype).transpose(3, 1, 0, 2)
        return np.moveaxis(self.array(name, (*shape[1:], shape[0]), dtype), -1, 0)

    def part(self, name):
        """Return a Work for a function inside the function, whose names may be the same."""
        return self

    def _given(self, key, make):
        return make()


class Kept(Work):
    """Gives the same array again for the same name, shape and dtype, with what the last call left in it."""

    def __init__(self, first=False):
        self.first = first
        self.arrays = {}

    def part(self, name):
        """Return the same Work again for the same name."""
        return self._given(name, Kept)

    def _given(self, key, make):
        if key not in self.arrays:
            self.arrays[key] = make()
        return self.arrays[key]


NEW = Work()


class Desk:
    """What one worker needs to take shards through a network: its layers, each with work arrays of its own."""

    def __init__(self, layers, training=False):
        self.places = _pooling_first(layers)  # of the layers in the model, in the order in which they work here
        self.layers = [layers[place] for place in self.places]
        self.works = [Kept(first=training and turn == 0) for turn in range(len(layers))]
        self.apply = [_using(work, layer.apply) for layer, work in zip(self.layers, self.works, strict=True)]
        self.gradients = [_using(work, layer.gradients) for layer, work in zip(self.layers, self.works, strict=True)]

    def forward(self, X):
        """Return what goes into each layer, and what comes out of the last."""
        arrays = [X]
        for apply in self.apply:
            arrays.append(apply(arrays[-1]))
        return arrays

    def backward(self, dC_dO, arrays):
        """Return the cost gradients of each layer's parameters, for the arrays that forward returned."""
        grads = [{}] * len(self.layers)
        for turn in reversed(range(len(self.layers))):
            self.works[turn].output = arrays[turn + 1]
            dC_dO = self.layers[turn].admit_gradient(dC_dO, arrays[turn + 1].shape)
            dC_dO, grads[self.places[turn]] = self.gradients[turn](dC_dO, arrays[turn])
        return grads


def _pooling_first(layers):
    """Return the places of the layers, with pooling before a ReLU that stands right before it.

    The largest pixel of a window is the same one before and after ReLU. So nothing changes, not a bit, but ReLU has a
    quarter of the pixels to look at. Only what the very class says of itself counts: a reader's own may differ.
    """
    places = list(range(len(layers)))
    for place, (layer, after) in enumerate(itertools.pairwise(layers)):
        if vars(type(layer)).get("keeps_order") and "picks_pixels" in vars(type(after)) and after.picks_pixels:
            places[place : place + 2] = place + 1, place
    return places


def _using(work, method):
    """Return a layer's method with its work arrays; a layer of a reader's own need not take any, and makes new ones."""
    return functools.partial(method, work=work) if _takes_work(method.__func__) else method


@functools.cache
def _takes_work(function):
    return "work" in inspect.signature(function).parameters


def rows_of(images, name, work):
    """Return images (N, C, H, W) as a contiguous (H, C, W, N): a view where they lie so in memory, else a copy."""
    rows = images.transpose(2, 1, 3, 0)
    if rows.flags.c_contiguous:
        return rows
    copy = work.array(name, rows.shape, rows.dtype)
    copy[...] = rows
    return copy


def reshaped(X, shape, name, work):
    """Return X (N, ...) with another shape for each example: a view where X lies in such an order, else a copy."""
    N, *old = X.shape
    if X.flags.c_contiguous:
        return X.reshape(N, *shape)
    batch_last = np.moveaxis(X, 0, -1)
    if not batch_last.flags.c_contiguous:
        copy = work.array(name, (*old, N), X.dtype)
        copy[...] = batch_last
        batch_last = copy
    return np.moveaxis(batch_last.reshape(*shape, N), -1, 0)


def keep(values, mask, out):
    """Write values where the mask is True and 0 elsewhere, and return out.

    Their bits, read as an integer, times 1 or 0: a product of floats would make nan of infinity times 0, and np.where,
    which asks at every number, takes many times as long.
    """
    integer = f"i{values.itemsize}"
    np.multiply(values.view(integer), mask, out=out.view(integer))
    return out


def shards(count):
    """Return the slices of 0..count-1 that one worker takes at a time; an empty batch is one empty shard.

    Their size is half of the batch, between the smallest and the largest.
    """
    size = min(max(-(-count // 2), SMALLEST), LARGEST)
    return [slice(start, min(start + size, count)) for start in range(0, max(count, 1), size)]


def cores():
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def crew(workers, make_desk):
    """Yield a function run(job, items, add) that has job(item, desk) done for every item, by so many threads.

    None is as many as there are cores; one worker is plain code without threads. There is at least one item. The
    results are added up in the order of the items, and only a few wait at a time. A desk is what a job may write to,
    never at two jobs at once. When a run is over, however it ended, nobody is at work; after the block the threads end.
    """
    threads = _Threads(cores() if workers is None else workers)
    desks = []  # those that are free; the last one is warm
    try:
        yield functools.partial(_run, threads, functools.partial(_at_a_desk, desks, make_desk))
    finally:
        threads.tasks.put(None)


def _run(threads, at_a_desk, job, items, add):
    do = functools.partial(at_a_desk, job, {"call": np.geterrcall(), **np.geterr()})
    alone = threads.most == 1 or len(items) == 1
    results = (do(item) for item in items) if alone else _in_threads(threads, do, items)
    try:
        one_blas_thread.take(results)
        return functools.reduce(add, results)
    finally:
        try:
            results.close()
        finally:
            one_blas_thread.give_back(results)


def _in_threads(threads, do, items):
    """Yield the results in the order of the items; when it is closed, early or not, nobody is left at work."""
    waiting, bell = collections.deque(), SimpleQueue()
    try:
        for item in items:
            waiting.append(_Task(do, item, bell))
            threads.give(waiting[-1])
            if len(waiting) == threads.most + AHEAD:
                yield _next_result(waiting)
        while waiting:
            yield _next_result(waiting)
    finally:
        try:
            _call_off(waiting)
        except BaseException:  # an interrupt, even here: so once more, from the beginning
            _call_off(waiting)
            raise


def _call_off(waiting):
    """When this returns nobody is at work on any of these tasks, or ever will be."""
    for task in [task for task in waiting if task.taker("caller") == "worker"]:
        task.wait()


def _next_result(waiting):
    waiting[0].wait()  # while it still stands in the queue: who is interrupted here waits for it once more
    return waiting.popleft().result()


class _Threads:
    """Worker threads, started when there is something to do; None among the tasks ends them all."""

    def __init__(self, most):
        self.most, self.started, self.tasks = most, 0, SimpleQueue()

    def give(self, task):
        self.tasks.put(task)
        if self.started < self.most:
            start_new_thread(self._work, ())
            self.started += 1  # now that it runs: a start that failed would be waited for

    def _work(self):
        for task in iter(self.tasks.get, None):
            task.work()
            del task  # what it holds is not kept until the next one comes
        self.tasks.put(None)  # the end is for all


class _Task:
    """One item of a run: taken once, by a worker or by who calls it off; a worker answers with a result or an error."""

    def __init__(self, do, item, bell):
        self.do, self.item, self.bell = do, item, bell
        self.taken, self.answer = {}, []

    def taker(self, who):
        """Return who took it first, "worker" or "caller": this one, if nobody had."""
        return self.taken.setdefault("by", who)

    def work(self):
        if self.taker("worker") == "worker":
            try:
                self.answer.append((self.do(self.item), None))
            except BaseException as error:
                self.answer.append((None, error))
            self.bell.put(None)

    def wait(self):
        while not self.answer:
            self.bell.get()  # rings after any answer: no ring that an interrupt made us miss can be the last one

    def result(self):
        result, error = self.answer.pop()
        if error is None:
            return result
        try:
            raise error
        finally:
            del error  # its traceback holds this frame: without a circle a worker's arrays are free at once


def _at_a_desk(desks, make_desk, job, errors, item):
    try:
        desk = desks.pop()
    except IndexError:
        desk = make_desk()
    try:
        with np.errstate(**errors):  # what a thread was told of overflow and nan does not reach another one by itself
            return job(item, desk)
    finally:
        desks.append(desk)


class _OneBlasThread:
    """Holds NumPy's own threads back while any of our workers is at work: two crews would fight for the same cores.

    The matrix products of one thread also have the same bits whatever the number of workers. There is no lock: an
    interrupt may come between any two lines, and would leave it locked. Who forgets to give back is forgotten, and the
    next to give back does it for both.
    """

    def __init__(self):
        self.holders, self.before = weakref.WeakSet(), {}

    def take(self, holder):
        self.holders.add(holder)  # first: who gives back meanwhile sees it
        now = {library: threads for library in _blas() if (threads := library.num_threads) > 1}
        self.before = now | self.before  # what was noted before is right: by now it may be one
        for library in self.before:
            library.set_num_threads(1)  # always: a giving back may have been interrupted half way

    def give_back(self, holder):
        self.holders.discard(holder)
        if not self.holders:
            for library, threads in self.before.items():
                library.set_num_threads(threads)
            if not self.holders:  # who came meanwhile gives it back
                self.before = {}


one_blas_thread = _OneBlasThread()  # a process has one BLAS


@functools.cache
def _blas():
    """Return what sets the number of BLAS threads; nothing where threadpoolctl is missing: then they are left alone."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return ()
    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)
