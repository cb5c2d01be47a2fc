"""Whether Python runs in a notebook's kernel, and text printed in lines that fit its page. Needs no matplotlib."""

import sys
import textwrap

LINE = 96  # characters: a notebook's column shows as many in one line; it would break a longer one inside a word


def in_notebook():
    """Return whether this Python is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def print_wrapped(sentence):
    """Print a sentence at once, in lines that break between words."""
    print(textwrap.fill(sentence, LINE), flush=True)
