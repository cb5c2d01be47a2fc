"""temporary"""

import functools
import os
from contextlib import contextmanager, nullcontext


def cores():
    return len(os.sched_getaffinity(0))


def interrupts_deferred():
    return nullcontext()


@contextmanager
def worker_pool(workers, make_replica):
    rep = make_replica()
    yield lambda job, items, add: functools.reduce(add, map(functools.partial(job, rep), items))
