"""Where the page offers less than the notebook, or draws by itself: what would need too many pictures.

CUTS            fewer values of some controls, by notebook and drawing function; enough for a chapter's questions.
SYMMETRIC       widgets of which the order of the values does not matter: one picture for each set of values.
DRAWN_IN_PAGE   widgets that static/excluded_pixels.js draws, with their controls: no picture is needed.
"""

KERNELS, STRIDES, PADDINGS = range(1, 8), range(1, 6), [0, 1, 2, 3, (0, 1), (1, 0), "valid", "same", "include"]

CUTS = {
    "01_convolution/sliding": {"padding": [0, 1, "include"]},
    "01_convolution/influence": {"stride": [1, 2], "padding": [0, 1]},
    "01_convolution/designed": {
        "top": ["-1 -1 2", "2 -1 -1", "1/9 1/9 1/9", "0 0 0"],
        "middle": ["-1 2 -1", "1/9 1/9 1/9", "0 0 1", "0 1 0"],
        "bottom": ["2 -1 -1", "-1 -1 2", "1/9 1/9 1/9", "0 0 0"],
        "digit": [0],
    },
    "02_dilation/full_step": {"stride": [1, 2, 4]},
    "03_excluded_pixels/two_layers": {"kernel_1": [3, 5, 7, 9, 11], "kernel_2": [3, 5, 7]},
    "04_pooling/forward": {"pool_size": [2, 3], "stride": [1, 2, 3], "padding": [0, 1]},
    "04_pooling/backward": {"pool_size": [2, 3], "stride": [1, 2, 3], "padding": [0]},
    "06_loss/answer": {"score_0": [-6, 0, 2, 6], "score_1": [-6, 1, 3, 6], "score_2": [-6, 2, 4, 6]},
    "07_optimisers/race": {
        "other": ["GradientDescent"],
        "rate": [0.02, 0.13, 0.2],
        "momentum": [0.5, 0.8, 0.9, 0.95],
        "steps": [40],
    },
    "10_look_inside/cover": {"size": [3, 5, 9], "grey": [0, 0.5, 1]},
    "12_deeper_and_better/last_window": {
        "size": [5, 7, 8, 10],
        "kernel": [2, 3],
        "stride": [1, 2, 3],
        "padding": [0, 1],
    },
}
SYMMETRIC = {"11_bug_museum/three"}


def _control(name, values, start):
    """Return what the page needs to know of a control: a menu if any of its values is a text, or else a slider."""
    kind = "menu" if any(isinstance(each, str) for each in values) else "slider"
    return {"name": name, "kind": kind, "values": [str(each) for each in values], "start": list(values).index(start)}


DRAWN_IN_PAGE = {
    "01_convolution/reach": {
        "drawing": "reach",
        "controls": [
            _control("rows", range(1, 13), 5),
            _control("columns", range(1, 13), 6),
            _control("kernel, rows", KERNELS, 3),
            _control("kernel, columns", KERNELS, 3),
            _control("stride, rows", STRIDES, 2),
            _control("stride, columns", STRIDES, 2),
            _control("padding", PADDINGS, "include"),
        ],
    },
    "03_excluded_pixels/line": {
        "drawing": "line",
        "controls": [
            _control("size", range(1, 13), 6),
            _control("kernel", range(1, 6), 3),
            _control("stride", range(1, 6), 2),
            _control("padding", range(4), 0),
        ],
    },
}
