"""The log of JupyterLab and its kernels: finding what went wrong in it.

A page that is closed or loaded again ends its connection while the server may still be writing to it. The server then
logs the traceback of a closed websocket, which says nothing about the notebook; it does not count.
"""

import re

TROUBLE = re.compile(r"Traceback|died|restarting")
CLOSED_CONNECTION = re.compile(
    r"^([ \t]*)Traceback \(most recent call last\):\n"
    r"(?:\1[ \t]+\S.*\n)*"  # the frames are indented further than the first line
    r"\1tornado\.(?:websocket\.WebSocketClosedError|iostream\.StreamClosedError)\b.*$",
    re.MULTILINE,
)


def trouble_in(log):
    """Return the log from the first sign of trouble on, without closed connections; '' if there is no trouble."""
    left = CLOSED_CONNECTION.sub("(closed connection)", log)
    first = TROUBLE.search(left)
    return left[first.start() :] if first else ""
