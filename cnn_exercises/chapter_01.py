"""Checks of chapter 01: a setting, a line detector, a hidden fault, a layer by loops, and the windows over a pixel."""

import numpy as np

from cnn_core import conv2d_forward, convolve, excluded_pixels, output_size

from .feedback import compare, exercise_check, first_difference, reason_for, same
from .results import AnswerError, array_in, result_of

SIZE, OUTPUTS = 30, 10  # of the setting to be found
MOST = 10**6
ROUNDING = 1e-5  # of a sum of nine float32 numbers, as a share of the largest
LAYERS = [((1, 4, 5), 1, (2, 3), 1, 0), ((3, 5, 6), 2, (3, 3), 1, 1), ((2, 6, 5), 3, (3, 2), 2, 1)]
LINES = [(6, 3, 1), (10, 3, 2), (11, 2, 3), (9, 4, 2)]  # (size, kernel, stride)


# --- a setting --------------------------------------------------------------------------------------------------------


@exercise_check
def check_setting(answer):
    """Check (kernel, stride, padding) for a line of 30 pixels: 10 outputs, none left over, windows that overlap."""
    kernel, stride, padding = _setting(answer)
    if kernel > SIZE + 2 * padding:
        return f"a window of {kernel} is longer than the line with its padding, {SIZE + 2 * padding}."
    found = output_size(SIZE, kernel, stride, padding)
    if found != OUTPUTS:
        return f"that gives {found} outputs, and {OUTPUTS} are wanted.{_on_both_ends(kernel, stride, padding)}"
    if excluded_pixels(SIZE, kernel, stride, padding):
        return f"10 outputs, but {excluded_pixels(SIZE, kernel, stride, padding)} left over at the end."
    if kernel <= stride:
        return "10 outputs and nothing left over, but the windows do not overlap: the kernel must exceed the stride."
    if padding >= kernel:
        return "the padding must be smaller than the kernel: some of your windows hold nothing but zeros."
    return None


def _setting(answer):
    """Return the three numbers of an answer, or raise AnswerError."""
    given = array_in(answer)
    if given.shape != (3,):
        raise AnswerError("three whole numbers are wanted: (kernel, stride, padding).")
    numbers = [int(number) for number in np.nan_to_num(given.clip(-MOST, MOST))]
    if any(number != each for number, each in zip(numbers, given, strict=True)):
        raise AnswerError(f"all three must be whole numbers, of at most {MOST:,}.")
    if min(numbers) < 0 or 0 in numbers[:2]:
        raise AnswerError("the kernel and the stride must be at least 1, the padding at least 0.")
    return numbers


def _on_both_ends(kernel, stride, padding):
    """Return a sentence if the setting would be right with the padding counted once, not once at each end."""
    at_one_end = padding and (SIZE + padding - kernel) // stride + 1 == OUTPUTS
    return " The padding is added at each end, so it counts twice." if at_one_end else ""


def _filter_in(answer):
    """Return an answer that is a filter (3, 3), or raise AnswerError."""
    F = array_in(answer, "the filter")
    if F.shape != (3, 3):
        raise AnswerError(f"the filter should have shape (3, 3), yours has {F.shape}.")
    if not np.isfinite(F).all():
        raise AnswerError("the nine weights should be finite numbers.")
    return F


# --- a filter for lines -----------------------------------------------------------------------------------------------


@exercise_check
def check_line_filter(answer):
    """Check 3 by 3 weights that respond to a thin vertical line only: not to slopes, nor to horizontal lines."""
    F = _filter_in(answer)
    across, down = F.sum(axis=0), F.sum(axis=1)  # the weights of each column, and of each row, added up
    mistakes = [
        (F.sum(), "on an area where all pixels are 1", "The nine weights should add up to 0."),
        (across @ [0, 1, 2], "on brightness that grows by 1 from column to column", "Left and right should balance."),
        (down @ [0, 1, 2], "on brightness that grows by 1 from row to row", "Top and bottom should balance."),
        (down[1], "with a horizontal line through its middle", "Each row of weights should add up to 0."),
    ]
    for response, where, advice in mistakes:
        if abs(response) > ROUNDING * np.abs(F).max():
            return f"{where} it gives {response:g}, not 0. {advice}"
    if across[1] < -ROUNDING * np.abs(F).max():
        return f"a bright vertical line in the middle gives {across[1]:g}. It should be positive: change all signs."
    return (
        None
        if across[1] > ROUNDING * np.abs(F).max()
        else "a bright vertical line in the middle gives 0. It should give more."
    )


# --- a hidden fault ---------------------------------------------------------------------------------------------------


def suspect(X, F):
    """Return what looks like the convolution of X (H, W) with F (kH, kW), at stride 1; it has a fault to be found."""
    F = np.asarray(F, dtype=float)
    return convolve(X, F[::-1])


@exercise_check
def check_suspect(answer):
    """Check a 3 by 3 filter with a single weight for which `suspect` differs from `convolve`."""
    F, X = _filter_in(answer), np.arange(36.0).reshape(6, 6) ** 2
    if same(suspect(X, F), convolve(X, F)):
        return "both functions return the same for this filter. What have the filters in common that hide the fault?"
    if np.count_nonzero(F) > 1:
        return "this filter exposes the fault, but does not yet say what it is. Use a single weight that is not 0."
    return None


# --- a layer by loops -------------------------------------------------------------------------------------------------


@exercise_check
def check_layer(answer):
    """Check a function (X (C, H, W), F (K, C, kH, kW), B (K,), stride, padding) -> O (K, H_out, W_out)."""
    rng, calls = np.random.default_rng(0), []
    for (C, H, W), K, kernel, stride, padding in LAYERS:
        X, F = rng.integers(-4, 5, (C, H, W)), rng.integers(-4, 5, (K, C, *kernel))
        calls.append((X, F, rng.integers(1, 9, K), stride, padding))
    given = "for X {0.shape}, F {1.shape}, stride {3} and padding {4}: "
    return compare(answer, calls, _layer, given, _why_layer)


def _layer(X, F, B, stride, padding):
    return conv2d_forward(X[None].astype(float), F.astype(float), B.astype(float), stride, padding)[0]


def _why_layer(found, right, X, F, B, stride, padding):
    if found.shape != right.shape:
        shapes = f"O should have shape {right.shape} (K, H_out, W_out), yours has {found.shape}."
        return shapes + _why_shape(found, right)
    wrong = [
        (_layer(X, F, 0 * B, stride, padding), "the biases are missing."),
        (_layer(X, F, len(X) * B, stride, padding), "the bias is added once for each channel. It is added once."),
        (_layer(X, F[:, :, ::-1, ::-1], B, stride, padding), "the filter is flipped. It should lie as it is written."),
        (_layer(X[:1], F[:, :1], B, stride, padding), "only channel 0 is used. The sums of all channels are added."),
        (
            _layer(X[:1].repeat(len(X), axis=0), F, B, stride, padding),
            "the window is cut from channel 0 only. It has all channels: X[:, top : top + kH, left : left + kW].",
        ),
        (_layer(X[-1:], F[:, -1:], B, stride, padding), "only the last channel is left. The sums must be added up."),
        (_layer(X, np.repeat(F[:1], len(F), axis=0), B, stride, padding), "all maps come from filter 0."),
        (
            _unmoved(X, F, B, stride, padding),
            "the window moves by one pixel. Its corner is at (row · stride, column · stride).",
        ),
    ]
    return reason_for(found, wrong, first_difference("O", found, right))


def _unmoved(X, F, B, stride, padding):
    """Return outputs whose number is right and whose windows move by one pixel."""
    _, H_out, W_out = _layer(X, F, B, stride, padding).shape
    return _layer(X, F, B, 1, padding)[:, :H_out, :W_out]


def _why_shape(found, right):
    if found.ndim == 2 and found.shape == right.shape[1:]:
        return " Each filter gives a map of its own."
    if found.ndim == 4 and found.shape[1:] == right.shape:
        return " X is a single image, so O has no axis for the batch."
    if found.ndim == 3 and found.shape[1:] != right.shape[1:]:
        return " Count H_out and W_out apart: the filter need not be square, and padding and stride count in both."
    return ""


# --- the windows over a pixel -----------------------------------------------------------------------------------------


@exercise_check
def check_touched(answer):
    """Check a function (position, size, kernel, stride) -> the number of windows that contain that pixel."""
    for size, kernel, stride in LINES:
        for position in range(size):
            found = array_in(result_of(answer, position, size, kernel, stride))
            right = _count(position, size, kernel, stride)
            if found.ndim:
                return f"for pixel {position} you say {found}. It should be how many windows, not which."
            if found != right:
                given = f"for pixel {position} of {size}, kernel {kernel}, stride {stride} you say {found}"
                return f"{given}, and it is {right}; {_why_touched(position, found, size, kernel, stride)}"
    return None


def _count(position, size, kernel, stride):
    """Return how many windows contain a pixel: those whose output changes if that pixel alone is 1."""
    line = (np.arange(size) == position).astype(float)
    return int(convolve(line[None], np.ones((1, kernel)), (1, stride)).sum())


def _why_touched(position, found, size, kernel, stride):
    last = (output_size(size, kernel, stride) - 1) * stride  # where the last window begins
    begins = range(0, position + 1, stride)
    if position > last + kernel - 1:
        return "it is left over at the end: no window reaches it."
    if last < position and found == sum(position < begin + kernel for begin in begins):
        return "you count a window that would reach beyond the end; there is none."
    if found == kernel:
        return "only at stride 1, and far from both ends, is a pixel covered by as many windows as the kernel is long."
    if found == sum(position <= begin + kernel for begin in begins if begin <= last):
        return "you make each window one pixel too long: its last pixel is begin + kernel - 1."
    if found == sum(position < begin + kernel for begin in begins if begin < last):
        return "you leave out the last window."
    if found == min(position + 1, kernel, size - position):
        return "you count as if the stride were 1: windows begin at multiples of the stride only."
    return "which windows begin at or before it, and end at or after it?"
