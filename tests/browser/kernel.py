"""A second client of a notebook's kernel, which evaluates expressions there.

Kernel(connection_file).ask(expression) returns the value of a Python expression, once the kernel has finished its
current task. The notebook's cells, outputs and execution counts do not change. The client runs in a thread of its own,
because Playwright keeps an event loop in the main thread.
"""

import ast
import json
import time
from concurrent.futures import ThreadPoolExecutor

from browser.lab import ROOT
from jupyter_client import BlockingKernelClient
from jupyter_core.utils import ensure_event_loop

LONGEST = 300  # seconds for a cell that trains, on a busy machine
INSIDE = f"(__import__('sys').path.append({str(ROOT / 'tests')!r}), __import__('browser.inside'))[1].inside"


class Kernel:
    """A client of a kernel.

    Parameters
    ----------
    connection_file : Path
    """

    def __init__(self, connection_file):
        self.thread = ThreadPoolExecutor(1)
        self.client = self.thread.submit(connected, connection_file).result()

    def ask(self, expression):
        """Return the value of an expression that the kernel evaluates; it must be a Python literal."""
        return self.thread.submit(answer, self.client, expression).result()

    def inside(self, call):
        """Return the result of a function of inside.py."""
        return self.ask(f"{INSIDE}.{call}")

    def close(self):
        """Disconnect; the kernel keeps running."""
        self.thread.submit(self.client.stop_channels).result()
        self.thread.submit(lambda: ensure_event_loop().close()).result()
        self.thread.shutdown()


def connected(connection_file):
    """Return a client of the kernel, without a heartbeat: that would report a kernel that is slow to start as dead."""
    client = BlockingKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    client.start_channels(iopub=False, stdin=False, hb=False)
    return client


def answer(client, expression):
    """Return the value of an expression; ask again if the kernel aborts the request, as it does after an error."""
    end = time.monotonic() + LONGEST
    while (content := reply(client, expression, end))["status"] == "aborted":
        time.sleep(0.1)
    found = content["user_expressions"]["answer"]
    assert found["status"] == "ok", json.dumps(found)[:2000]
    return ast.literal_eval(found["data"]["text/plain"])


def reply(client, expression, end):
    """Return the content of the kernel's reply to one request."""
    asked = client.execute("", silent=True, user_expressions={"answer": expression})
    while True:
        message = client.get_shell_msg(timeout=max(0.1, end - time.monotonic()))
        if message["parent_header"].get("msg_id") == asked:
            return message["content"]
