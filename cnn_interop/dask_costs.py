"""What a step of training costs on a cluster: bytes, and seconds beside those of one process.

Chapter     13.
"""

import copy
import itertools
import pickle
import statistics
import time
import uuid
from typing import NamedTuple

import numpy as np

from cnn_core import Adam, checks, fit
from cnn_core.fast.replica import Replica, micro_batch_gradients, micro_batches
from cnn_interop.dask_engine import fit_on
from cnn_interop.packages import imported


class StepCost(NamedTuple):
    """The cost of one step; all seconds are medians."""

    parameters: int  # numbers that are trained
    micro_batches: int
    examples: int  # bytes that each worker gets once, before the first step
    sent: int  # bytes of the weights: once a step, to each worker
    received: int  # bytes of the gradients of all micro-batches
    here: float  # seconds a step with one thread of this process
    there: float  # seconds a step on the cluster
    tasks: float  # seconds that a task for each worker takes which computes nothing and gets and gives nothing


@checks.public
def step_cost(client, model, X, y, loss, batch_size=128, steps=10):
    """Return the StepCost of a model on a cluster, by a few steps with copies of it.

    Parameters
    ----------
    client : distributed.Client
    model, X, y, loss
        As in `fit`; of X and y the first batch is used, again and again.
    batch_size, steps : int
    """
    steps = checks.integer("steps", steps, minimum=2)
    X, y = np.asarray(X)[:batch_size], np.asarray(y)[:batch_size]
    arguments = X, y, Adam, loss, steps, batch_size
    here = _seconds(lambda model, *others: fit(model, *others, workers=1), model, *arguments)
    there = _seconds(lambda *others: fit_on(client, *others), model, *arguments)
    parts, replica = micro_batches(np.arange(len(X))), Replica(model.layers)
    results = [micro_batch_gradients(replica, part, X, y, loss) for part in parts]
    sizes = [_size((X, y)), _size(replica), sum(map(_size, results))]
    count = sum(param.size for _, param, _ in model.parameters())
    return StepCost(count, len(parts), *sizes, here, there, _empty_tasks(client, len(parts), steps))


def _seconds(train, model, X, y, optimiser, loss, steps, batch_size):
    """Return the median time between two records of steps; each epoch is one step."""
    records = train(copy.deepcopy(model), X, y, optimiser(), loss, steps, batch_size)
    return _median_of([time.perf_counter() for record in records if hasattr(record, "steps")])


def _median_of(times):
    return statistics.median(after - before for before, after in itertools.pairwise(times))


def _size(thing):
    return len(pickle.dumps(thing, protocol=5))


def _empty_tasks(client, count, times):
    """Return the seconds that tasks take which do nothing: one for each thread, and no more than count."""
    count = min(count, sum(client.nthreads().values()))
    (worker,) = imported("cnn_interop.dask_worker")
    ends = [time.perf_counter()]
    for _ in range(times):
        names = [f"nothing-{uuid.uuid4()}" for _ in range(count)]
        client.gather([client.submit(worker.nothing, key=name, pure=False) for name in names])
        ends.append(time.perf_counter())
    return _median_of(ends)
