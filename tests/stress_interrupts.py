"""Interrupt thread pools with real SIGINTs at random moments, or at every call, and check what is left.

After each signal: KeyboardInterrupt was raised exactly once, no job is running, no result is wrong, the handler of
SIGINT and the number of BLAS threads are as before, and no thread of the pool is left. A process that freezes is
stopped by faulthandler after a minute, with the stack of every thread.

Usage       python tests/stress_interrupts.py signals 5000 [seed]
            python tests/stress_interrupts.py calls [every]
            python tests/stress_interrupts.py steps 50 [seed]
It prints one line of JSON. tests/test_threads.py runs it.
"""

import concurrent.futures
import contextlib
import faulthandler
import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time

import numpy as np

from cnn_core.fast import threads

FREEZE = 60  # seconds
SENDER = """
import os, signal, struct, sys, time
while delay := sys.stdin.buffer.read(8):
    time.sleep(*struct.unpack("d", delay))
    os.kill(int(sys.argv[1]), signal.SIGINT)
"""


class Use:
    """A use of two pools that can be interrupted: it knows which jobs are running and whether `run` was active."""

    def __init__(self, jobs=(2, 40)):
        self.jobs, self.turn, self.running, self.in_run = jobs, 1, [], False

    def job(self, replica, item):
        self.running.append(item)
        try:
            if self.turn % 20 == 0:  # sometimes a job takes longer than the others
                time.sleep(0.001)
            if self.turn % 7 == 0 and item == 30:  # and sometimes it fails
                raise ZeroDivisionError
            return item
        finally:
            self.running.remove(item)

    def __call__(self):
        for workers in (1, 2 + self.turn % 2):
            with threads.worker_pool(workers, list) as run:
                for count in self.jobs:  # the second time there are more threads, if there are three
                    self.in_run = True
                    with contextlib.suppress(ZeroDivisionError):
                        assert run(self.job, range(count), int.__add__) == count * (count - 1) // 2
                    self.in_run = False

    def check(self):
        """Fail if anything of an interrupted use is left."""
        assert self.running == [], self.running
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert threads._one_blas_thread.users == 0
        until = time.monotonic() + 10
        while (left := [thread.name for thread in threading.enumerate()[1:]]) and time.monotonic() < until:
            time.sleep(0.001)
        assert not left, left


def seconds(function, times=20):
    function()
    began = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - began) / times


class Sender:
    """A process that sends SIGINT to this one."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-c", SENDER, str(os.getpid())], stdin=subprocess.PIPE)

    def send_after(self, delay):
        os.write(self.process.stdin.fileno(), struct.pack("d", delay))

    def close(self):
        self.process.communicate()


def at_random_moments(function, turns, check):
    """Interrupt `function` once a turn, and call `check(turn, finished)` after each; return the seconds of a turn."""
    whole, sender = seconds(function), Sender()
    for turn in range(1, turns + 1):
        faulthandler.dump_traceback_later(FREEZE, exit=True)
        function.turn, finished = turn, False
        try:
            sender.send_after(random.uniform(0, 1.2 * whole))
            function()
            finished = True
            while True:  # the signal is on its way: a lost one is waited for until faulthandler ends the process
                time.sleep(1)
        except KeyboardInterrupt:
            pass
        check(turn, finished)  # outside: a traceback may hold a pool that was interrupted just before its end
    faulthandler.cancel_dump_traceback_later()
    sender.close()
    return whole


def signals(turns, seed=0):
    random.seed(seed)
    use, found = Use(), {"interrupts": 0, "in_a_use": 0, "in_a_run": 0}

    def check(turn, finished):
        found["interrupts"] += 1
        found["in_a_use"] += not finished
        found["in_a_run"] += use.in_run
        use.in_run = False
        use.check()

    return {"milliseconds": 1000 * at_random_moments(use, turns, check), **found}


class Training:
    """Steps that change three arrays: all of them or none, if each step is a block without interrupts."""

    def __init__(self):
        self.arrays, self.steps = [np.zeros(8), np.zeros(1000), np.zeros((10, 10))], 0

    def __call__(self):
        with threads.worker_pool(2, list) as run:
            for _ in range(10):
                with threads.interrupts_deferred():
                    change = run(lambda replica, item: np.float64(item), range(5), np.add)
                    for array in self.arrays:
                        array += change
                    self.steps += 1

    def check(self, turn, finished):
        assert {number for array in self.arrays for number in array.flat} == {10.0 * self.steps}, turn


def steps(turns, seed=0):
    random.seed(seed)
    training = Training()
    at_random_moments(training, turns, training.check)
    return {"interrupts": turns, "steps": training.steps}


FILES = {module.__file__ for module in (threads, contextlib, threading, signal, concurrent.futures.thread)}
FILES.add(concurrent.futures._base.__file__)


class Moments:
    """Counts the moments at which Python looks for signals, with SIGINT held and not held; interrupts at one of them.

    Python looks when a Python function begins and when a function written in C has returned; in loops, too, but here
    every loop calls functions.
    """

    def __init__(self, held=None, at=None):
        self.chosen, self.counts = (held, at), [0, 0]

    def __call__(self, frame, event, arg):
        if event not in ("call", "c_return") or frame.f_code.co_filename not in FILES:
            return
        held = isinstance(signal.getsignal(signal.SIGINT), threads.interrupts_deferred)
        self.counts[held] += 1
        if (held, self.counts[held]) == self.chosen:
            signal.raise_signal(signal.SIGINT)

    def during(self, function):
        sys.setprofile(self)
        try:
            function()
        finally:
            sys.setprofile(None)
        return self.counts


def calls(every=1):
    """Interrupt at each moment at which SIGINT is not held, and at every so many of the others."""
    use, found = Use(jobs=(2, 5)), {"interrupts": 0, "held": 0}
    use.job = lambda replica, item: item
    use()
    free, held = Moments().during(use)
    chosen = [(False, at) for at in range(1, free + 1)] + [(True, at) for at in range(1, held + 1, every)]
    for moment in chosen:
        faulthandler.dump_traceback_later(FREEZE, exit=True)
        moments = Moments(*moment)
        try:
            moments.during(use)
            # How many moments there are while SIGINT is held depends on the threads.
            if not moment[0] or moments.counts[True] >= moment[1]:
                raise AssertionError(f"no interrupt at {moment} of {free, held}")
        except KeyboardInterrupt:
            found["interrupts"] += 1
            found["held"] += moment[0]
        use.check()
    faulthandler.cancel_dump_traceback_later()
    return {"moments": len(chosen), **found}


if __name__ == "__main__":
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    mode, *numbers = sys.argv[1:]
    print(json.dumps({"signals": signals, "calls": calls, "steps": steps}[mode](*map(int, numbers))))
