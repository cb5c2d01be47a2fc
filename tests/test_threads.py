"""Thread pool: cores, deferred interrupts, results in the order of the items, BLAS threads, and what is left."""

import collections
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest
from attacks.processes import run_in
from threadpoolctl import threadpool_info, threadpool_limits

from cnn_core import Conv2D, Flatten, FullyConnected, Model, ReLU
from cnn_core.fast import threads
from cnn_core.fast.threads import deliver_interrupts, interrupts_deferred, worker_pool

ROOT = Path(__file__).resolve().parent.parent
ON_WINDOWS = sys.platform == "win32"


def pool_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("cnn_core")]


def interrupt():
    signal.raise_signal(signal.SIGINT)


def interrupt_and_divide_by_zero():
    interrupt()
    raise ZeroDivisionError


# --- cores ---


@pytest.fixture
def eight_cores(monkeypatch):
    """Let the process have eight cores, no CPU quota and no OMP_NUM_THREADS."""
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(threads, "_cpu_quotas", list)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def test_cores_is_at_least_one_and_at_most_those_of_the_machine():
    assert 1 <= threads.cores() <= os.cpu_count()


def test_cores_counts_the_affinity_of_the_process(monkeypatch, eight_cores):
    assert threads.cores() == 8
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 5, 6})
    assert threads.cores() == 3


def test_cores_counts_the_machine_where_nothing_else_is_known(monkeypatch, eight_cores):
    monkeypatch.delattr(os, "process_cpu_count")
    monkeypatch.delattr(os, "sched_getaffinity")
    for machine, found in ((6, 6), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda machine=machine: machine)
        assert threads.cores() == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *[("1", 1), ("5", 5), (" 4 ", 4), ("007", 7), ("4,2", 4), ("4, 2,1", 4), ("8", 8), ("9", 8), ("900", 8)],
        *[("", 8), ("0", 8), ("-2", 8), ("2.5", 8), ("two", 8), ("2 cores", 8), (",2", 8), ("٣", 8), ("9" * 5000, 8)],
    ],
)
def test_cores_is_limited_by_a_positive_integer_in_omp_num_threads(monkeypatch, eight_cores, value, found):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads.cores() == found


@pytest.mark.parametrize(("quotas", "found"), [([], 8), ([3], 3), ([20, 2, 5], 2), ([1], 1), ([100], 8)])
def test_cores_is_limited_by_the_smallest_cpu_quota(monkeypatch, eight_cores, quotas, found):
    monkeypatch.setattr(threads, "_cpu_quotas", lambda: quotas)
    assert threads.cores() == found


def quotas(folder, membership, files):
    """Return the CPU quotas that are found in a folder with these files, for a process of these control groups."""
    (folder / "membership").write_bytes(membership if isinstance(membership, bytes) else membership.encode())
    for name, content in files.items():
        path = folder / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return threads._cpu_quotas(folder / "membership", folder / "cgroup")


V1 = "12:pids:/a\n4:cpu,cpuacct:/docker/x\n3:cpuset:/set\n2:cpuacct:/acct\n0::/\n"
GROUPS = {
    "own": ("0::/a/b\n", {"a/b/cpu.max": "200000 100000\n"}, [2]),
    "root-of-a-container": ("0::/\n", {"cpu.max": "200000 100000\n"}, [2]),
    "parent": ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n"}, [3]),
    "own-and-root": ("0::/a\n", {"a/cpu.max": "400000 100000\n", "cpu.max": "100000 100000\n"}, [4, 1]),
    "rounded-up": ("0::/a\n", {"a/cpu.max": "150000 100000\n"}, [2]),
    "less-than-one-core": ("0::/a\n", {"a/cpu.max": "1000 100000\n"}, [1]),
    "unlimited": ("0::/a\n", {"a/cpu.max": "max 100000\n"}, []),
    "of-another-group": ("0::/a\n", {"b/cpu.max": "100000 100000\n"}, []),
    "outside-the-namespace": ("0::/../a\n", {"b/cpu.max": "100000 100000\n"}, []),
    "version-1": (
        V1,
        {"cpu/docker/x/cpu.cfs_quota_us": "250000\n", "cpu/docker/x/cpu.cfs_period_us": "100000\n"},
        [3],
    ),
    "version-1-root-of-a-container": (
        V1,
        {"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"},
        [1],
    ),
    "version-1-unlimited": (
        V1,
        {"cpu/docker/x/cpu.cfs_quota_us": "-1\n", "cpu/docker/x/cpu.cfs_period_us": "100000\n"},
        [],
    ),
    "version-1-no-period": (V1, {"cpu/docker/x/cpu.cfs_quota_us": "250000\n"}, []),
    "another-controller": (
        V1,
        {"cpu/set/cpu.cfs_quota_us": "100000\n", "cpu/set/cpu.cfs_period_us": "100000\n"},
        [],
    ),
    "period-of-zero": ("0::/a\n", {"a/cpu.max": "100000 0\n"}, []),
    "one-number": ("0::/a\n", {"a/cpu.max": "100000\n"}, []),
    "words": ("0::/a\n", {"a/cpu.max": "two cores\n"}, []),
    "empty": ("0::/a\n", {"a/cpu.max": ""}, []),
    "too-long": ("0::/a\n", {"a/cpu.max": "9" * 5000 + " 1\n"}, []),
    "not-text": ("0::/a\n", {"a/cpu.max": b"\xff\xfe 1\n"}, []),
    "a-folder": ("0::/a\n", {"a/cpu.max/x": "100000 100000\n"}, []),
    "no-group": ("", {"cpu.max": "100000 100000\n"}, []),
    "strange-lines": ("\n::\nx\n0:/a\n0::\n:::\n", {"a/cpu.max": "100000 100000\n"}, []),
    "membership-not-text": (b"\xff\n", {"cpu.max": "100000 100000\n"}, []),
}


@pytest.mark.parametrize(("membership", "files", "found"), GROUPS.values(), ids=GROUPS)
def test_cpu_quotas_are_those_of_the_own_control_groups_and_their_parents(tmp_path, membership, files, found):
    assert quotas(tmp_path, membership, files) == found


def test_the_files_of_the_control_groups_are_read_once(tmp_path):
    files = {"a/cpu.max": "300000 100000"}
    assert quotas(tmp_path, "0::/a", files) == [3]
    (tmp_path / "cgroup" / "a" / "cpu.max").write_text("100000 100000")
    assert threads._cpu_quotas(tmp_path / "membership", tmp_path / "cgroup") == [3]


def test_without_control_groups_there_is_no_cpu_quota(tmp_path):
    assert threads._cpu_quotas(tmp_path / "none", tmp_path) == []


# --- deferred interrupts ---


@pytest.fixture(autouse=True)
def handler_is_restored():
    """Fail if a test leaves another handler of SIGINT than it found."""
    before = signal.getsignal(signal.SIGINT)
    yield
    after = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
    assert after is before


@pytest.fixture
def received():
    """Let a handler that raises nothing receive SIGINT, and return the list of the arguments of its calls."""
    calls = []
    before = signal.signal(signal.SIGINT, lambda *arguments: calls.append(arguments))
    yield calls
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_is_raised_after_the_block(received):
    steps = []
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def block():
        with interrupts_deferred():
            interrupt()
            steps.append("whole")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert steps == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_an_interrupt_nothing_is_raised_and_the_handler_is_restored(received):
    before = signal.getsignal(signal.SIGINT)
    with interrupts_deferred():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
    assert received == []


def test_a_handler_of_the_user_is_called_once_after_the_block_with_its_arguments(received):
    with interrupts_deferred():
        for _ in range(3):
            interrupt()
        assert received == []
    ((number, frame),) = received
    assert number == signal.SIGINT
    assert frame.f_code.co_filename == __file__
    interrupt()
    assert len(received) == 2  # the handler is the user's again


def test_an_interrupt_between_two_blocks_is_not_held(received):
    with interrupts_deferred():
        pass
    interrupt()
    assert len(received) == 1
    with interrupts_deferred():
        pass
    assert len(received) == 1


def test_of_nested_blocks_the_outermost_delivers(received):
    with interrupts_deferred():
        with interrupts_deferred():
            with interrupts_deferred():
                interrupt()
            assert received == []
        assert received == []
        interrupt()
    assert len(received) == 1


def test_an_error_in_the_block_goes_on_after_a_handler_that_raises_nothing(received):
    with pytest.raises(ZeroDivisionError), interrupts_deferred():
        interrupt_and_divide_by_zero()
    assert len(received) == 1


def test_an_error_in_the_block_becomes_the_context_of_the_interrupt():
    with pytest.raises(KeyboardInterrupt) as caught, interrupts_deferred():
        interrupt_and_divide_by_zero()
    assert isinstance(caught.value.__context__, ZeroDivisionError)


def test_an_error_in_the_block_restores_the_handler(received):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), interrupts_deferred():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL], ids=["ignore", "default"])
def test_a_signal_that_is_ignored_or_kills_is_left_as_it_is(handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        with interrupts_deferred():
            assert signal.getsignal(signal.SIGINT) is handler
            if handler is signal.SIG_IGN:
                interrupt()
                deliver_interrupts()
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_that_is_not_pythons_is_left_as_it_is(monkeypatch):
    def refuse(*arguments):
        raise AssertionError

    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    monkeypatch.setattr(signal, "signal", refuse)
    with interrupts_deferred():
        deliver_interrupts()


def in_a_thread(function):
    """Call a function in a thread of its own and return its result."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_another_thread_than_the_main_one_changes_no_handler(received):
    def block():
        with interrupts_deferred():
            deliver_interrupts()
            return signal.getsignal(signal.SIGINT)

    assert in_a_thread(block) is signal.getsignal(signal.SIGINT)


def test_another_thread_neither_delivers_nor_ends_what_the_main_thread_holds(received):
    def block():
        with interrupts_deferred():
            deliver_interrupts()
        return len(received)

    with interrupts_deferred():
        interrupt()
        assert in_a_thread(block) == 0
        interrupt()
        assert received == []
    assert len(received) == 1


def test_another_interpreter_in_which_signals_cannot_be_set_changes_nothing(monkeypatch, received):
    def refuse(*arguments):
        raise ValueError("signal only works in main thread of the main interpreter")

    monkeypatch.setattr(signal, "signal", refuse)
    with interrupts_deferred():
        interrupt()
        assert len(received) == 1
    monkeypatch.undo()


def test_an_error_of_the_previous_handler_is_not_taken_for_an_interpreter_without_signals(monkeypatch):
    def interrupted(*arguments):  # signal.signal calls the handlers of pending signals first
        raise ValueError("of the user's handler")

    monkeypatch.setattr(signal, "signal", interrupted)
    with pytest.raises(ValueError, match="of the user's handler"), interrupts_deferred():
        raise AssertionError
    monkeypatch.undo()


def test_a_safe_point_delivers_what_is_held_and_nothing_a_second_time(received):
    with interrupts_deferred():
        deliver_interrupts()
        assert received == []
        interrupt()
        interrupt()
        deliver_interrupts()
        assert len(received) == 1
        deliver_interrupts()
        interrupt()
        assert len(received) == 1
    assert len(received) == 2
    deliver_interrupts()
    assert len(received) == 2


def test_a_safe_point_of_a_nested_block_raises_and_the_rest_of_the_block_is_still_safe():
    steps = []

    def block():
        try:
            with interrupts_deferred():
                interrupt()
                deliver_interrupts()
                steps.append("after the safe point")
        finally:
            interrupt()  # the second Ctrl-C
            steps.append("whole")

    with pytest.raises(KeyboardInterrupt), interrupts_deferred():
        block()
    assert steps == ["whole"]


def test_a_handler_that_installs_another_one_at_a_safe_point_has_the_last_word():
    """Many programs do so: the first Ctrl-C ends the program gently, the second at once."""

    def first(*arguments):
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    before = signal.signal(signal.SIGINT, first)
    try:
        with interrupts_deferred():
            interrupt()
            deliver_interrupts()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_that_a_debugger_saves_in_one_block_and_restores_in_the_next_still_delivers(received):
    """`pdb` does so at the breakpoints of a user's loss function."""
    user, debugger = signal.getsignal(signal.SIGINT), lambda *arguments: None
    with interrupts_deferred():
        saved = signal.signal(signal.SIGINT, debugger)
    assert signal.getsignal(signal.SIGINT) is debugger
    with interrupts_deferred():
        signal.signal(signal.SIGINT, saved)
    assert received == []
    interrupt()
    assert len(received) == 1
    with interrupts_deferred():
        interrupt()
        assert len(received) == 1
    assert len(received) == 2
    signal.signal(signal.SIGINT, user)


# --- results ---


class Replica:
    """A replica that notices when two jobs use it at once."""

    def __init__(self):
        self.busy = False


def run_jobs(items, workers=3, seconds=0.001):
    """Return the items in the order in which they were added, and the threads that ran jobs of random durations."""
    rng, used = np.random.default_rng(0), set()
    durations = dict(zip(items, rng.random(len(items)) * seconds, strict=True))

    def job(replica, item):
        assert not replica.busy
        replica.busy = True
        time.sleep(durations[item])
        used.add(threading.get_ident())
        replica.busy = False
        return [item]

    with worker_pool(workers, Replica) as run:
        return run(job, items, list.__add__), used


@pytest.mark.parametrize("workers", [1, 2, 5, None])
@pytest.mark.parametrize("count", [1, 2, 50])
def test_results_are_added_in_the_order_of_the_items(workers, count):
    assert run_jobs(list(range(count)), workers)[0] == list(range(count))


def test_results_are_reduced_from_the_left_without_a_start():
    for workers in (1, 2):
        with worker_pool(workers, list) as run:
            assert run(lambda replica, item: item, [100, 10, 20], int.__sub__) == 70
            assert run(lambda replica, item: item, [5], int.__sub__) == 5


def test_one_worker_or_one_item_is_the_calling_thread_and_more_items_than_workers_are_others():
    assert run_jobs(list(range(9)), 1)[1] == {threading.get_ident()}
    assert threading.get_ident() not in run_jobs(list(range(9)), 3)[1]
    assert run_jobs([4], 3)[1] == {threading.get_ident()}
    with worker_pool(3, list) as run:
        run(lambda replica, item: None, [1, 2, 3, 4], lambda *_: None)
        assert run(lambda replica, item: threading.get_ident(), [4], lambda *_: None) == threading.get_ident()


@pytest.mark.parametrize("items", [(1, 2), (1, 2, 3, 4)])
def test_where_each_item_has_a_worker_the_calling_thread_runs_the_first_and_no_other(items):
    together = threading.Barrier(len(items))  # all run at once

    def job(replica, item):
        together.wait(10)
        return [threading.get_ident()]

    with worker_pool(4, Replica) as run:
        first, *others = run(job, items, list.__add__)
    assert first == threading.get_ident()
    assert len({first, *others}) == len(items)


def test_one_worker_calls_the_job_from_run_itself():
    with worker_pool(1, list) as run:
        callers = run(lambda replica, item: [sys._getframe(1).f_code.co_name], [1, 2], list.__add__)
        assert pool_threads() == []
    assert callers == ["run", "run"]


def test_a_pool_of_cores_has_as_many_threads(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 3)
    with worker_pool(None, list) as run:
        run(lambda replica, item: None, range(20), lambda *_: None)
        assert len(pool_threads()) == 3


def test_each_thread_makes_a_replica_when_it_needs_one_and_reuses_it():
    for workers in (1, 2):
        made = []
        with worker_pool(workers, lambda made=made: made.append(object()) or made[-1]) as run:
            assert made == []
            for _ in range(5):
                run(lambda replica, item: time.sleep(0.0005), range(10), lambda *_: None)
                run(lambda replica, item: None, [1], lambda *_: None)
        assert 1 <= len(made) <= workers + (workers > 1)  # the calling thread, which runs single items, has its own


def test_a_calling_thread_that_runs_no_item_makes_no_replica():
    made_by = set()
    with worker_pool(2, lambda: made_by.add(threading.get_ident())) as run:
        run(lambda replica, item: None, range(10), lambda *_: None)
    assert made_by
    assert threading.get_ident() not in made_by


def test_a_replica_belongs_to_one_thread():
    used = collections.defaultdict(set)

    def job(replica, item):
        time.sleep(0.0005)
        used[threading.get_ident()].add(id(replica))

    with worker_pool(2, object) as run:
        for items in (range(10), [1], range(10), [1]):
            run(job, items, lambda *_: None)
    assert all(len(replicas) == 1 for replicas in used.values())
    assert 2 <= len(set.union(*used.values())) == len(used) <= 3


def test_an_error_of_make_replica_is_raised():
    def make():
        raise MemoryError("no replica")

    for workers in (1, 2):
        with pytest.raises(MemoryError, match="no replica"), worker_pool(workers, make) as run:
            run(lambda replica, item: None, [1, 2, 3], lambda *_: None)
    assert pool_threads() == []


# --- threads ---


def test_no_thread_is_left_after_the_block():
    run_jobs(list(range(20)))
    assert pool_threads() == []


def test_no_thread_is_left_when_a_generator_that_uses_a_pool_is_collected():
    def steps():
        with worker_pool(2, list) as run:
            while True:
                yield run(lambda replica, item: item, range(5), int.__add__)

    generator = steps()
    assert [next(generator), next(generator)] == [10, 10]
    left = pool_threads()
    assert len(left) == 2
    del generator
    gc.collect()
    for thread in left:
        thread.join(10)
    assert pool_threads() == []


def test_the_end_of_the_block_waits_for_the_threads_unless_a_generator_is_collected(monkeypatch):
    """The garbage collector may run in any thread, which may hold a lock that the end of a thread needs."""
    waited, shutdown = [], threads.ThreadPoolExecutor.shutdown

    def record(executor, wait=True):
        waited.append(wait)
        shutdown(executor, wait)

    def steps():
        with worker_pool(1, list) as run:
            yield run(lambda replica, item: item, [1], int.__add__)

    monkeypatch.setattr(threads.ThreadPoolExecutor, "shutdown", record)
    assert list(steps()) == [1]
    assert waited == [True]
    generator = steps()
    assert next(generator) == 1
    del generator
    gc.collect()
    assert waited == [True, False]


def test_threads_start_with_the_first_run_of_several_items():
    with worker_pool(3, list) as run:
        assert pool_threads() == []
        run(lambda replica, item: None, [1], lambda *_: None)
        assert pool_threads() == []
        run(lambda replica, item: None, [1, 2, 3, 4], lambda *_: None)
        assert len(pool_threads()) == 3


def test_there_are_fewer_threads_than_items_up_to_the_number_of_workers_and_more_items_start_more_threads():
    with worker_pool(7, Replica) as run:
        for count, most in ((2, 1), (2, 1), (3, 2), (2, 2), (3, 2), (7, 6), (5, 6), (14, 7), (3, 7)):
            together = threading.Barrier(min(count, 7))
            run(lambda replica, item, together=together: together.wait(10), range(count), lambda *_: None)
            assert len(pool_threads()) == most


def test_all_workers_run_at_once_however_many_there_are():
    together = threading.Barrier(24)
    with worker_pool(24, Replica) as run:
        run(lambda replica, item: together.wait(30), list(range(48)), lambda *_: None)
    assert not together.broken


@pytest.mark.parametrize("error", [RuntimeError, OSError])
@pytest.mark.parametrize(("started", "count"), [(0, 6), (1, 6), (3, 6), (0, 4), (1, 4), (2, 4)])
def test_where_threads_cannot_be_started_the_calling_thread_runs_every_job_once(monkeypatch, started, count, error):
    start, left = threading.Thread.start, [started]

    def limited(thread):
        if not left[0]:
            raise error("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    jobs = []

    def job(replica, item):
        jobs.append((item, threading.get_ident()))
        return [item]

    with worker_pool(4, Replica) as run:
        for _ in range(2):
            assert run(job, list(range(count)), list.__add__) == list(range(count))
    assert jobs == [(item, threading.get_ident()) for item in range(count)] * 2
    monkeypatch.undo()
    assert pool_threads() == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit counts threads on Linux only")
@pytest.mark.parametrize("more", [0, 1, 3])
def test_under_a_limit_of_the_system_on_threads_training_and_predicting_work_alone(tmp_path, more):
    script = f"""
X, y = images(200)
def train(workers):
    model = make()
    list(fit(model, X, y, Adam(), CrossEntropy(), batch_size=200, workers=workers))
    return numbers(model), model.predict(X, workers).tobytes()
wanted = train(1)
def act():
    if os.getuid() == 0:  # the limit does not bind root
        os.setgid(54321)
        os.setuid(54321)
    resource.setrlimit(resource.RLIMIT_NPROC, (1 + {more},) * 2)
    print(train(4) == wanted, threading.active_count() <= 1 + {more}, flush=True)
    started, together = [], threading.Event()
    try:
        for _ in range(9):
            threading.Thread(target=together.wait).start()
    except RuntimeError:
        print("limited", flush=True)
    together.set()
os.waitpid(in_a_child(act), 0)
"""
    lines = run_in(tmp_path, script)
    assert lines == ["True True", "limited"]


def test_a_machine_of_64_cores_gets_16_threads_and_more_where_they_are_asked_for(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 64)
    for workers, most in ((None, 16), (20, 20)):
        together = threading.Barrier(most)
        with worker_pool(workers, Replica) as run:
            run(lambda replica, item, together=together: together.wait(30), range(most), lambda *_: None)
            run(lambda replica, item: None, range(200), lambda *_: None)
            assert len(pool_threads()) == most


def test_predicting_on_64_cores_takes_the_memory_of_16_replicas_at_most(monkeypatch):
    model = Model([Conv2D(8), ReLU(), Flatten(), FullyConnected(10)])
    X = np.zeros((64 * 80, 1, 28, 28), "float32")
    peaks = []
    for count in (1, 64):
        monkeypatch.setattr(threads, "cores", lambda count=count: count)
        tracemalloc.start()
        model.predict(X)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 18 * peaks[0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of os.fork in a process with threads, from Python 3.12
@pytest.mark.parametrize("workers", [1, 2])
def test_a_pool_refuses_to_run_in_a_forked_process_and_leaves_its_block_there(workers):
    with worker_pool(workers, list) as run:
        assert run(lambda replica, item: item, [1, 2], int.__add__) == 3
        pid = os.fork()
        if not pid:
            signal.alarm(30)  # where it hangs
            refused = pytest.raises(RuntimeError, match="before this process was forked")
            try:
                with refused, worker_pool(workers, list) as own:
                    assert own(lambda replica, item: item, [1, 2], int.__add__) == 3
                    run(lambda replica, item: item, [1, 2], int.__add__)
                    os._exit(1)
                run.__self__.__exit__(None, None, None)
                os._exit(0)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert run(lambda replica, item: item, [1, 2], int.__add__) == 3


def test_a_runtime_error_of_a_job_is_not_taken_for_a_lack_of_threads():
    with worker_pool(2, list) as run:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                run(lambda replica, item: sys.exit() if item > 1 else start_fails(), [1, 2, 3], lambda *_: None)
        assert len(pool_threads()) == 2


def start_fails():
    raise RuntimeError("can't start new thread")


def test_two_python_threads_with_two_pools_give_what_each_gives_alone():
    def total(factor):
        with worker_pool(2, list) as run:
            return [run(lambda replica, item: factor * item, range(30), int.__add__) for _ in range(20)]

    found = {}
    others = [threading.Thread(target=lambda factor=factor: found.update({factor: total(factor)})) for factor in (2, 3)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()
    assert found == {2: [870] * 20, 3: [1305] * 20}
    assert pool_threads() == []


def test_a_job_may_use_a_pool_of_its_own():
    def inner(replica, item):
        with worker_pool(2, list) as run:
            return run(lambda replica, item: item, range(item), int.__add__)

    with worker_pool(2, list) as run:
        assert run(inner, [2, 3, 4, 5], int.__add__) == 1 + 3 + 6 + 10
    assert pool_threads() == []


# --- errors ---


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, FloatingPointError])
def test_the_first_error_in_the_order_of_the_items_is_raised_when_no_job_is_running(workers, error):
    running, done = [], []

    def job(replica, item):
        running.append(item)
        time.sleep(0.004 if item == 4 else 0.002)
        if item in (4, 5, 9):
            raise error(f"at {item}")
        done.append(item)
        running.remove(item)

    with worker_pool(workers, Replica) as run:
        with pytest.raises(error, match="at 4"):
            run(job, list(range(100)), lambda *_: None)
        assert set(running) <= {4, 5, 9}
        assert len(done) < 40  # the pending tasks were cancelled
        last = len(done)
        assert run(lambda replica, item: [item], [1, 2, 3], list.__add__) == [1, 2, 3]
        assert len(done) == last
    assert pool_threads() == []


@pytest.mark.parametrize(("failing", "raised"), [({0}, 0), ({1}, 1), ({0, 1}, 0), ({1, 2}, 1)])
def test_an_error_where_each_item_has_a_worker_is_raised_when_no_job_is_running(failing, raised):
    running, together = set(), threading.Barrier(3)

    def job(replica, item):
        running.add(item)
        together.wait(10)
        time.sleep(0.002 * (1 + item * (item != raised)))
        running.remove(item)
        if item in failing:
            raise ZeroDivisionError(item)
        return item

    with worker_pool(3, Replica) as run:
        with pytest.raises(ZeroDivisionError, match=str(raised)):
            run(job, range(3), int.__add__)
        assert running == set()
        assert run(lambda replica, item: item, range(3), int.__add__) == 3


def test_after_an_error_the_pending_tasks_are_cancelled_before_the_running_ones_are_waited_for(monkeypatch):
    begun, ended, release, wait = [], [], threading.Event(), threads.wait

    def job(replica, item):
        begun.append(item)
        if item == 0:
            raise ZeroDivisionError
        release.wait(10)
        ended.append(item)

    def wait_for_running(futures):
        release.set()
        return wait(futures)

    monkeypatch.setattr(threads, "wait", wait_for_running)
    with worker_pool(2, list) as run:
        with pytest.raises(ZeroDivisionError):
            run(job, range(50), lambda *_: None)
        assert set(begun) <= {0, 1, 2}
        assert sorted(ended) == sorted(begun)[1:]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_replica_is_reused_after_an_error(workers):
    made = []
    with worker_pool(workers, lambda: made.append(object()) or made[-1]) as run:
        for _ in range(4):
            with pytest.raises(ZeroDivisionError):
                run(lambda replica, item: 1 / 0, [1, 2], lambda *_: None)
    assert 1 <= len(made) <= workers


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_add_is_raised_when_no_job_is_running(workers):
    running = []

    def job(replica, item):
        running.append(item)
        time.sleep(0.002)
        running.remove(item)

    def add(total, result):
        raise ZeroDivisionError

    with worker_pool(workers, Replica) as run:
        with pytest.raises(ZeroDivisionError):
            run(job, list(range(50)), add)
        assert running == []
    assert pool_threads() == []


@pytest.mark.parametrize("workers", [1, 2])
def test_the_arrays_of_a_job_are_free_as_soon_as_its_error_is_forgotten(workers):
    replicas = []

    def make_replica():
        replica = Replica()
        replicas.append(weakref.ref(replica))
        return replica

    def use():
        with worker_pool(workers, make_replica) as run:
            run(lambda replica, item: 1 // item, [0, 1, 1], int.__add__)

    gc.disable()
    try:
        with pytest.raises(ZeroDivisionError):
            use()
        assert [replica() for replica in replicas if replica() is not None] == []
        assert replicas
    finally:
        gc.enable()


def test_at_most_workers_and_sixteen_results_are_pending():
    finished, most = [0], [0]

    def job(replica, item):
        finished[0] += 1

    def add(total, result):
        time.sleep(0.001)
        finished[0] -= 1
        most[0] = max(most[0], finished[0])

    with worker_pool(2, Replica) as run:
        run(job, list(range(200)), add)
    assert 10 < most[0] <= 2 + 16


# --- interrupts between results ---


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_is_raised_between_two_results_when_no_job_is_running(workers):
    running, done = [], []

    def job(replica, item):
        running.append(item)
        if item == 3:
            interrupt()  # whichever thread raises the signal, the main thread handles it
        time.sleep(0.002)
        done.append(item)
        running.remove(item)

    with worker_pool(workers, list) as run:
        with pytest.raises(KeyboardInterrupt):
            run(job, range(1000), lambda *_: None)
        assert running == []
        assert 3 < len(done) < 100
        assert run(lambda replica, item: item, range(5), int.__add__) == 10
    assert pool_threads() == []


@pytest.mark.parametrize("interrupted", [0, 1])
def test_an_interrupt_where_each_item_has_a_worker_is_raised_when_no_job_is_running(interrupted):
    running, done = set(), set()

    def job(replica, item):
        running.add(item)
        if item == interrupted:
            interrupt()
        time.sleep(0.002 * (1 + item))
        running.remove(item)
        done.add(item)
        return item

    with worker_pool(2, list) as run:
        with pytest.raises(KeyboardInterrupt):
            run(job, range(2), int.__add__)
        assert (running, done) == (set(), {0, 1})
        assert run(lambda replica, item: item, range(2), int.__add__) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_handler_that_raises_nothing_is_called_between_two_results_and_the_run_goes_on(workers, received):
    seen = []

    def job(replica, item):
        if item == 3:
            interrupt()
        return item

    def add(total, result):
        seen.append(len(received))
        return total + result

    with worker_pool(workers, list) as run:
        assert run(job, range(100), add) == 4950
    assert seen[-1] == len(received) == 1


# --- NumPy's error state ---


def test_jobs_have_the_error_state_of_the_calling_thread():
    def job(replica, item):
        return np.geterr()

    with np.errstate(over="ignore", divide="raise"), worker_pool(2, Replica) as run:
        assert run(job, [1, 2], lambda total, result: result) == np.geterr()
        with np.errstate(under="raise"):
            assert run(job, [1, 2], lambda total, result: result) == np.geterr()


def test_jobs_call_the_error_function_of_the_calling_thread():
    called = []
    with np.errstate(over="call", call=lambda *words: called.append(words)), worker_pool(2, Replica) as run:
        run(lambda replica, item: np.float32(1e38) * np.float32(item), [10, 20, 30], lambda *_: None)
    assert [words for words, _ in called] == ["overflow"] * 3


# --- BLAS threads ---


@pytest.fixture
def two_blas_threads():
    """Give BLAS two threads, whatever the machine has and whatever an earlier test left."""
    with threadpool_limits(2, user_api="blas"):
        assert set(blas_threads()) == {2}
        yield


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("items", [[1], [1, 2, 3]], ids=len)
def test_a_matrix_product_in_a_job_uses_one_thread_and_afterwards_as_many_as_before(workers, items, two_blas_threads):
    with worker_pool(workers, Replica) as run:
        assert set(blas_threads()) == {2}
        inside = run(lambda replica, item: [blas_threads()], items, list.__add__)
        assert set(blas_threads()) == {2}
    assert [set(counts) for counts in inside] == [{1}] * len(items)


@pytest.mark.parametrize("workers", [1, 2])
def test_blas_threads_are_as_before_after_an_error(workers, two_blas_threads):
    with pytest.raises(ZeroDivisionError), worker_pool(workers, Replica) as run:
        run(lambda replica, item: 1 / 0, [1, 2], lambda *_: None)
    assert set(blas_threads()) == {2}


def test_a_limit_of_the_user_stays():
    with threadpool_limits(1, user_api="blas"):
        run_jobs([1, 2, 3])
        assert set(blas_threads()) == {1}


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_of_two_runs_in_two_threads_the_last_to_end_restores_the_blas_threads(two_blas_threads, first_to_end):
    entered, end, ended, leave = [[threading.Event(), threading.Event()] for _ in range(4)]

    def use(index):
        def job(replica, item):
            entered[index].set()
            end[index].wait(10)

        with worker_pool(1, Replica) as run:
            run(job, [1], lambda *_: None)
        ended[index].set()
        leave[index].wait(10)  # a thread that goes on has no say any more

    users = [threading.Thread(target=use, args=(index,)) for index in range(2)]
    for index, user in enumerate(users):
        user.start()
        entered[index].wait(10)
    for index, left in ((first_to_end, 1), (1 - first_to_end, 2)):
        assert set(blas_threads()) == {1}
        end[index].set()
        ended[index].wait(10)
        assert set(blas_threads()) == {left}
    for index, user in enumerate(users):
        leave[index].set()
        user.join()


def test_after_a_run_another_thread_may_limit_blas():
    def limited():
        with threadpool_limits(3, user_api="blas"):
            return set(blas_threads())

    before = blas_threads()
    run_jobs([1, 2, 3])
    assert in_a_thread(limited) == {3}
    assert blas_threads() == before


def test_a_limit_of_the_main_thread_ends_although_a_thread_that_made_a_run_goes_on():
    before, ran, end = blas_threads(), threading.Event(), threading.Event()

    def use():
        run_jobs([1, 2, 3])
        ran.set()
        end.wait(10)

    user = threading.Thread(target=use)
    with threadpool_limits(3, user_api="blas"):
        user.start()
        ran.wait(10)
        assert set(blas_threads()) == {3}
    assert blas_threads() == before
    end.set()
    user.join()


def test_without_threadpoolctl_blas_is_left_alone_and_all_else_works(monkeypatch, two_blas_threads):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    threads._blas.cache_clear()
    try:
        with worker_pool(2, Replica) as run:
            inside = run(lambda replica, item: [set(blas_threads())], [1, 2, 3], list.__add__)
        assert inside == [{2}] * 3
        assert run_jobs(list(range(5)))[0] == list(range(5))
    finally:
        threads._blas.cache_clear()


# --- real interrupts ---


def stress(*arguments):
    """Run tests/stress_interrupts.py in a process of its own and return what it found."""
    script = ROOT / "tests" / "stress_interrupts.py"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0), done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.skipif(ON_WINDOWS, reason="one process cannot send SIGINT to another one on Windows")
@pytest.mark.parametrize("turns", [60, pytest.param(5000, marks=pytest.mark.slow)])
def test_a_pool_that_is_interrupted_at_random_moments_never_freezes_and_leaves_nothing_running(turns):
    found = stress("signals", turns)
    assert found["interrupts"] == turns
    assert found["in_a_run"] > turns / 10


@pytest.mark.skipif(ON_WINDOWS, reason="one process cannot send SIGINT to another one on Windows")
@pytest.mark.parametrize("turns", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_training_that_is_interrupted_at_random_moments_has_only_whole_steps(turns):
    found = stress("steps", turns)
    assert found["interrupts"] == turns
    assert found["steps"] > turns


@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_an_interrupt_at_any_call_is_raised_once_and_leaves_nothing_running(every):
    found = stress("calls", every)
    assert found["interrupts"] > 0.9 * found["moments"]
    assert found["held"] > 500 / every
