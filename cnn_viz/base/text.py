"""Numbers, counts and durations as text. Needs no matplotlib."""

import numpy as np

LONGEST = 8  # characters that fit into a cell
UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (0, "ns"))


def number_texts(array, decimals=2):
    """Return the numbers of an array as texts, all with as many decimals as they need, at most `decimals`.

    If one of them is too long for a cell, all are rounded to three digits.

    Parameters
    ----------
    array : array
    decimals : int

    Returns
    -------
    ndarray of str, the shape of array

    Examples
    --------
    >>> number_texts([1.0, -2.0]).tolist(), number_texts([0.5, 1 / 3]).tolist(), number_texts([0.5]).tolist()
    (['1', '−2'], ['0.50', '0.33'], ['0.5'])
    """
    array = np.asarray(array, dtype=float)
    digits = next((digits for digits in range(decimals) if are_round(array, digits)), decimals)
    rounded = array.round(digits) + 0.0  # + 0.0: no minus before a zero
    texts = [f"{value:.{digits}f}" for value in rounded.flat]
    if max(map(len, texts), default=0) > LONGEST:
        texts = [f"{value:.3g}" for value in array.flat]
    return np.array([with_minus(text) for text in texts], dtype=object).reshape(array.shape)


def index_text(position):
    """Return the index of an entry of a matrix as text, such as '[0, 2]'."""
    row, column = position
    return f"[{row}, {column}]"


def number_text(number, decimals=2):
    """Return one number as text, as `number_texts` writes it."""
    return number_texts(number, decimals).item()


def are_round(numbers, decimals):
    """Return whether every number is equal to itself rounded to `decimals`, up to floating-point error."""
    numbers = np.asarray(numbers, dtype=float)
    return bool(np.isclose(numbers.round(decimals), numbers, rtol=1e-6, atol=1e-9, equal_nan=True).all())


def bracketed(number, decimals=2):
    """Return a number as text, in brackets if it is negative, to stand in a sum or a product."""
    text = number_text(number, decimals)
    return f"({text})" if text.startswith("−") else text


def with_minus(text):
    """Return a text with the minus sign in place of the hyphen."""
    return text.replace("-", "−")


def signed_text(value, _=None):
    """Return a number as text with its sign, in two digits: '+0.25', '0', '−1.3'. Also a matplotlib formatter."""
    return with_minus(f"{value:+.2g}") if value else "0"


def percent(share):
    """Return a share of 1 as text in per cent.

    Examples
    --------
    >>> percent(0.98765)
    '98.8 %'
    """
    return f"{100 * share:.1f} %"


def counted(number, noun):
    """Return a count with its noun, as in '1 row', '2 rows'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def by(sizes, times="×"):
    """Return sizes as text, as in '3×3'."""
    return times.join(f"{size:,}" for size in sizes)


def duration(seconds):
    """Return a duration as text, three digits and the unit that fits.

    Examples
    --------
    >>> duration(2.5), duration(0.0123), duration(4.56e-5)
    ('2.5 s', '12.3 ms', '45.6 µs')
    """
    size, unit = next(each for each in UNITS if seconds >= each[0])
    return f"{seconds / (size or 1e-9):.3g} {unit}"


def clock_time(seconds):
    """Return a duration as text in minutes and seconds, with hours if there are any.

    Examples
    --------
    >>> clock_time(4.6), clock_time(75), clock_time(3725)
    ('0:05', '1:15', '1:02:05')
    """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
