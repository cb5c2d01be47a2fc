"""Whether Python runs in a notebook's kernel, and with widgets; text in lines that fit its page. No matplotlib."""

import sys
import textwrap

# Written in place of a character that the output lacks: a pipe on Windows (cp1252), a terminal without UTF-8.
PLAIN = {"−": "-", "–": "-", "×": "x", "·": "*", "’": "'", "µ": "u", "±": "+-", "≈": "~", "→": "->", "∞": "inf"}
PLAIN |= {"°": "deg", "…": "..."}
LINE = 96  # characters: a notebook's column shows as many in one line; it would break a longer one inside a word


def in_notebook():
    """Return whether this Python is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def has_widgets():
    """Return whether Python runs in a notebook's kernel with ipywidgets 8, the oldest version that our widgets need.

    Google Colab, for one, has version 7. An installation that cannot be imported counts as none.
    """
    if not in_notebook():
        return False
    try:
        import ipywidgets

        return int(ipywidgets.__version__.partition(".")[0]) >= 8
    except Exception:
        return False


def print_wrapped(sentence):
    """Print a sentence at once, in lines that break between words."""
    print(printable(textwrap.fill(sentence, LINE)), flush=True)


def printable(text):
    """Return a text with a plain character in place of each that the standard output cannot encode."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return "".join(each if _can_encode(each, encoding) else PLAIN.get(each, "?") for each in text)


def _can_encode(text, encoding):
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def close_widgets(widget):
    """Close a widget and all widgets in it. If one stayed open around a closed one, a reload would show no widget."""
    for child in getattr(widget, "children", ()):
        close_widgets(child)
    widget.close()
