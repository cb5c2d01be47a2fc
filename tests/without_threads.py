"""Plugin of pytest that takes threads, processes and SIGINT away, as in a browser: pytest -p without_threads.

Refused     starting a thread or a process, installing a handler, sending a signal. SIGINT itself is ignored.
Skipped     a test that itself asks for one of these. One for which the library asks passes only if the library does
            without.
"""

import os
import signal
import subprocess
import threading
import traceback
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
STANDARD_LIBRARY = Path(threading.__file__).resolve().parent


class Refused(RuntimeError, OSError):
    """The error of Python where threads or processes cannot be started."""


def refuse(*_, **__):
    raise Refused("can't start new thread")


def pytest_configure():
    """Take them away before a test is collected."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    starts = [name for name in ("_start_new_thread", "_start_joinable_thread") if hasattr(threading, name)]
    for module, names in (
        (threading, starts),
        (signal, ["signal", "raise_signal", "pthread_kill", "setitimer"]),
        (os, ["fork", "kill"]),
        (subprocess.Popen, ["__init__"]),
    ):
        for name in names:
            if hasattr(module, name):
                setattr(module, name, refuse)
    os.sched_getaffinity = lambda _: {0}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.excinfo and call.excinfo.errisinstance(Refused) and is_own(call.excinfo.tb):
        report.outcome, report.longrepr = "skipped", (str(item.path), 0, "Skipped: the test itself asks for it")
    return report


def is_own(tb):
    """Return whether a test asked for what was refused, not the library."""
    files = [Path(frame.filename) for frame in traceback.extract_tb(tb)[:-1]]
    return next(file.is_relative_to(TESTS) for file in reversed(files) if not file.is_relative_to(STANDARD_LIBRARY))
