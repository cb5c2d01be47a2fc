"""Which lines of JupyterLab's log count as trouble."""

import pytest
from browser.log import trouble_in

STARTED = "[I 2026-11-02 10:00:00.000 ServerApp] Kernel started: 6d4bff9d\n"
FRAMES = """\
  File "/lib/python3.11/site-packages/tornado/websocket.py", line 1131, in wrapper
    await fut
    ^^^^^^^^^
"""
STREAM_CLOSED = f"Traceback (most recent call last):\n{FRAMES}tornado.iostream.StreamClosedError: Stream is closed\n"
WEBSOCKET_CLOSED = f"Traceback (most recent call last):\n{FRAMES}tornado.websocket.WebSocketClosedError\n"
DIVIDED = f"Traceback (most recent call last):\n{FRAMES}ZeroDivisionError: division by zero\n"
WHILE_HANDLING = "\nDuring handling of the above exception, another exception occurred:\n\n"
NEVER_RETRIEVED = "Task exception was never retrieved\nfuture: <Task finished exception=WebSocketClosedError()>\n"


def indented(text):
    return "".join(f"    {line}" for line in text.splitlines(keepends=True))


@pytest.mark.parametrize(
    "log",
    [
        "",
        STARTED,
        STARTED + NEVER_RETRIEVED + STREAM_CLOSED + WHILE_HANDLING + WEBSOCKET_CLOSED + STARTED,
        STARTED + indented(WEBSOCKET_CLOSED) + STARTED,
        WEBSOCKET_CLOSED.rstrip("\n"),
    ],
    ids=["empty", "ordinary", "chained", "indented", "at-the-end"],
)
def test_an_ordinary_log_and_closed_connections_are_no_trouble(log):
    assert trouble_in(log) == ""


@pytest.mark.parametrize(
    "trouble",
    [
        DIVIDED,
        indented(DIVIDED).lstrip(),
        DIVIDED + WHILE_HANDLING + WEBSOCKET_CLOSED,
        WEBSOCKET_CLOSED.replace("tornado.websocket.", "mine."),
        "Traceback (most recent call last):\n" + FRAMES,
        "restarting kernel\n",
        "died: the kernel\n",
    ],
    ids=["error", "indented", "an-error-first", "another-error", "cut-off", "restart", "dead-kernel"],
)
def test_every_other_traceback_and_a_dead_kernel_are_trouble(trouble):
    found = trouble_in(STARTED + WEBSOCKET_CLOSED + trouble + STARTED)
    assert found.split("\n")[0] == trouble.split("\n")[0]


def test_an_error_after_a_closed_connection_without_a_line_between_is_trouble():
    assert "division by zero" in trouble_in(WEBSOCKET_CLOSED + DIVIDED)
