"""Where this Python runs, and how it speaks to the reader: in a notebook's kernel or elsewhere, without matplotlib."""

import sys
import textwrap

LINE = 96  # characters: what a notebook's column shows in one line; it would break a longer one inside a word


def in_notebook():
    """Return whether this Python is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def say(sentence):
    """Print a sentence at once, in lines that break between words."""
    print(textwrap.fill(sentence, LINE), flush=True)
