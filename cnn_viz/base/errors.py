"""An exception of a user's function in words: its kind, its message, and the line of the user's code. No matplotlib."""

import linecache
import traceback

OURS = ("cnn_core", "cnn_viz", "cnn_exercises")


def error_text(error):
    """Return an exception as text, with the last line of the user's code that it passed.

    Parameters
    ----------
    error : Exception
        Caught where the user's function was called.

    Returns
    -------
    str
        Such as ``KeyError: 'size' (line 3: return sizes["size"])``; without a line if no code of the user was run.
    """
    message = next(text for text in traceback.format_exception_only(error) if not text.startswith(" ")).strip()
    frames = [each for each in traceback.walk_tb(error.__traceback__) if _package(each[0]) not in OURS]
    own = [each for each in frames if _package(each[0]) == _package(frames[0][0])]
    if not own:
        return message
    frame, line = own[-1]
    code = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
    return f"{message} (line {line}: {code})" if code else f"{message} (line {line})"


def _package(frame):
    return str(frame.f_globals.get("__name__")).partition(".")[0]
