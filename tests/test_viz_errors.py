"""Errors of the drawing functions: whatever argument is wrong, the message begins with the function that was called."""

import numpy as np
import pytest

import cnn_viz
from cnn_core import conv2d_backward, convolve, dilate, pool2d_backward, pool2d_forward
from cnn_viz import Panel
from cnn_viz.base.figures import new_figure

X = np.arange(20.0).reshape(4, 5)
F = np.array([[1.0, 0], [2, -1]])
O = convolve(X, F)
DILATED = dilate(O, 1)
dC_dX, dC_dF, _ = (each.squeeze() for each in conv2d_backward(O[None, None], X[None, None], F[None, None]))
POOLED = pool2d_forward(X[None, None])[0, 0]
ROUTED = pool2d_backward(POOLED[None, None], X[None, None])[0, 0]
IMAGES = np.linspace(0, 1, 60).reshape(3, 4, 5)
MAPS = np.abs(IMAGES)
GRID = np.linspace(-1, 1, 5)
HEIGHTS = 1 + GRID**2 + GRID[:, None] ** 2
LARGE = np.ones((41, 41))  # more cells than a Panel draws


def draw(n=0):
    """Draw a figure, as explore and frame_grid take it."""
    return new_figure(50, 50), f"{n}."


def stacked(array, K=2):
    return np.stack([array] * K)


# Function -> valid arguments by name, and wrong values for some of them.
CALLS = {
    "centre_digit": ({"ink": np.ones((5, 5))}, {"ink": [1]}),
    "dilation_steps": ({"size": (2, 2), "stride": 2}, {"size": "2", "stride": 0}),
    "draw_columns": (
        {"ax": None, "X": X[None], "F": F[None, None], "O": O[None]},
        {"X": X, "F": F, "O": O, "position": (9, 9), "stride": 0, "padding": "sme"},
    ),
    "draw_confusion_matrix": ({"matrix": [[1, 2], [3, 4]]}, {"matrix": [[0.5]]}),
    "draw_connections": (
        {"ax": None, "X": np.ones(2), "W": np.ones((2, 3)), "O": np.ones(3)},
        {"X": X, "W": np.ones((3, 2)), "O": X, "node": 3},
    ),
    "draw_dilation": (
        {"ax": None, "dC_dO": O, "dilated": DILATED, "stride": 1, "step": 0},
        {"dC_dO": X, "dilated": X, "stride": 0, "step": 99},
    ),
    "draw_filter_chain": (
        {"ax": None, "dC_dO": O, "dilated": DILATED, "X": X, "dC_dF": dC_dF},
        {"dC_dO": X, "dilated": X, "X": "X", "dC_dF": [1], "stride": 0, "padding": "sme", "weight": (9, 9)},
    ),
    "draw_full_convolution": (
        {"ax": None, "A": X, "B": F},
        {"A": [1], "B": [1], "position": (9, 9), "O": X, "dilation": 0, "roles": ("Y", "F")},
    ),
    "draw_full_step": (
        {"ax": None, "dilated": DILATED, "rotated": F, "full": convolve(DILATED, F, full_convolve=True)},
        {"dilated": "O", "rotated": [1], "full": X[1:], "position": (9, 9), "stride": 0},
    ),
    "draw_input_chain": (
        {"ax": None, "dC_dO": O, "dilated": DILATED, "F": F, "full": dC_dX, "dC_dX": dC_dX},
        {"dC_dO": X, "dilated": X, "F": [1], "full": [1], "dC_dX": [1], "stride": 0, "padding": "sme", "pixel": (9, 9)},
    ),
    "draw_layer": (
        {"ax": None, "X": stacked(X), "F": stacked(F)[None], "B": np.ones(1), "O": 2 * O[None] + 1},
        {"X": X, "F": F, "B": X, "O": X, "position": (9, 9), "stride": 0, "padding": "sme"},
    ),
    "draw_network": ({"model": [], "input_shape": (1, 9, 9)}, {"model": 5, "input_shape": 5}),
    "draw_pixel_terms": (
        {"ax": None, "dC_dO": O, "F": F, "dC_dX": dC_dX, "pixel": (0, 0)},
        {"dC_dO": X, "F": [1], "dC_dX": "X", "pixel": (9, 9), "stride": 0, "padding": "sme"},
    ),
    "draw_pooling": (
        {"ax": None, "X": X, "outputs": {"max": POOLED}},
        {"X": [1], "outputs": {"max": X}, "position": (9, 9), "pool_size": 9, "stride": 0, "padding": 2},
    ),
    "draw_product": (
        {"ax": None, "left": Panel(F), "right": Panel(F, "F"), "result": Panel(F, "O")},
        {"left": Panel(X), "result": Panel(X), "position": (9, 9), "bias": Panel([1, 2, 3], "B")},
    ),
    "draw_line_windows": (
        {"ax": None, "sizes": [9, 10], "kernel": 3},
        {"sizes": 9, "kernel": 11, "stride": 0, "padding": "sme"},
    ),
    "draw_reach": ({"ax": None, "size": 5, "kernel": 2}, {"size": 0, "kernel": 6, "stride": 0, "padding": "sme"}),
    "draw_routed_gradient": (
        {"ax": None, "dC_dO": POOLED, "X": X, "counts": ROUTED > 0, "dC_dX": ROUTED},
        {"dC_dO": "O", "X": [1], "counts": F, "dC_dX": "X", "pool_size": 9, "stride": 0, "padding": "sme"},
    ),
    "draw_routing": (
        {"ax": None, "dC_dO": POOLED, "X": X, "dC_dX": ROUTED},
        {"dC_dO": X, "X": [1], "dC_dX": F, "position": (9, 9), "pool_size": 9, "padding": 2, "mode": "sum"},
    ),
    "show_backward_pass": ({"gradients": {"a": X[None]}}, {"gradients": {}, "columns": 0}),
    "show_units": (
        {"columns": {"x": (GRID, GRID), "y": (GRID, GRID)}, "weights": [np.eye(5)]},
        {"columns": {}, "weights": [np.eye(9)]},
    ),
    "show_attributions": ({"image": X, "maps": {"a": X}}, {"image": 5, "maps": {}, "columns": 0}),
    "show_inside": (
        {"image": X, "gradient": X, "maps": {"a": stacked(X)}, "scores": np.ones(3)},
        {"image": 5, "gradient": F, "scores": X},
    ),
    "show_embedding": (
        {"points": np.ones((2, 2)), "labels": [0, 1], "wrong": [True, False]},
        {"points": [1], "labels": [0, 99], "wrong": [1, 2]},
    ),
    "show_findings": (
        {"caught": {"a": [True]}, "accuracies": {"a": [0.5]}, "correct": [0.9, 0.95], "columns": ["check"]},
        {"caught": {"a": []}, "accuracies": {}, "columns": []},
    ),
    "show_costs_beside": (
        {"programs": {"a": [[2, 1]]}, "correct": [[2, 1]]},
        {"programs": {}, "correct": [], "every": 0},
    ),
    "draw_graph": (
        {"ax": None, "nodes": {"X": (0, 0, "X", [1])}, "edges": []},
        {"nodes": {"X": (0, 0, "X", F)}, "edges": [("X", "Y", "")]},
    ),
    "draw_row": ({"ax": None, "parts": [Panel(X)]}, {"parts": [5]}),
    "draw_rows": ({"ax": None, "rows": [[Panel(X)]]}, {"rows": [[5]]}),
    "draw_step": (
        {"ax": None, "X": X, "F": F, "O": O},
        {"X": LARGE, "F": [1], "O": "O", "position": (9, 9), "stride": 0, "padding": "sme"},
    ),
    "draw_surface": ({"ax": None, "offsets": GRID, "costs": HEIGHTS}, {"offsets": -GRID, "costs": X}),
    "draw_touched": (
        {"ax": None, "X": X, "F": F, "O": O, "cell": (0, 0)},
        {"X": LARGE, "F": [1], "O": X, "cell": (9, 9), "stride": 0, "padding": "sme"},
    ),
    "draw_pixel_windows": (
        {"ax": None, "X": X, "F": F, "pixel": (1, 1)},
        {"X": LARGE, "F": [1], "pixel": (9, 9), "stride": 0, "padding": "sme"},
    ),
    "draw_shares": (
        {"ax": None, "dC_dO": O, "F": F, "dC_dXp": dC_dX, "pixel": (1, 1)},
        {"dC_dO": X, "F": [1], "dC_dXp": "X", "stride": 0, "pixel": (9, 9)},
    ),
    "draw_two_dilations": (
        {"ax": None, "X": X, "F": F, "O": O, "dC_dO": O, "dC_dF": F},
        {"X": IMAGES, "F": X, "O": X, "dC_dO": X, "stride": 0, "dilation": 0},
    ),
    "draw_weight_terms": (
        {"ax": None, "X": X, "dC_dO": O, "dC_dF": dC_dF, "weight": (0, 0)},
        {"X": [1], "dC_dO": X, "dC_dF": "F", "weight": (9, 9), "stride": 0, "padding": "sme"},
    ),
    "drawing_pad": ({"draw": draw}, {"draw": 5, "ink": 5}),
    "explore": ({"draw": draw, "n": [0, 1]}, {"draw": "draw", "n": 5}),
    "frame_grid": ({"draw": draw, "states": [{"n": 1}]}, {"draw": "draw", "states": [], "columns": 0}),
    "read_digit": ({"picture": np.pad(np.ones((20, 4)), 12)}, {"picture": 5}),
    "save_gif": (
        {"path": None, "draw": draw, "states": [{"n": 1}]},
        {"draw": "draw", "states": [1], "milliseconds": 0, "last": 0, "sharpness": 0},
    ),
    "show_ablation": (
        {"groups": {"without": {"shifts": [2.0]}}, "whole": [1.0], "unit": "mistakes"},
        {"groups": {"without": {"shifts": ["many"]}}, "whole": ["few"]},
    ),
    "show_activations": (
        {"curves": {"ReLU": (GRID, GRID, GRID)}},
        {"curves": {"ReLU": (GRID, GRID, X)}},
    ),
    "show_additions": (
        {"numbers": [1], "inputs": [[2]], "errors": [[3]], "machines": ["A"], "parts": [6], "totals": [6]},
        {"inputs": "none", "errors": "none"},
    ),
    "show_blocks": ({"values": X, "labels": ["line"] * 4, "blocks": {"first": (0, 2)}}, {"values": "X", "role": "Z"}),
    "show_calibration": (
        {"confidence": [0.5], "accuracy": [0.5], "counts": [3]},
        {"confidence": [2], "accuracy": [0.5, 1], "counts": [0]},
    ),
    "show_dots": ({"results": {"Adam": [1.0, 2.0]}, "unit": "per cent"}, {"results": {"Adam": "x"}}),
    "show_errors": (
        {"errors": np.ones((1, 1, 1, 1)), "sizes": [5], "kernels": [3], "strides": [1], "paddings": [0]},
        {"errors": [1], "sizes": [1, 2], "tolerance": -1},
    ),
    "show_feature_maps": ({"O": MAPS}, {"O": X, "columns": 0}),
    "show_filtered": (
        {"image": X / 20, "filters": {"edge": F}, "maps": [O]},
        {"image": np.full((2, 2), np.nan), "filters": {}, "maps": []},
    ),
    "show_first_layer": ({"F": F[None, None], "maps": MAPS[:1]}, {"F": F, "maps": -MAPS[:1] - 1, "columns": 0}),
    "show_forward_pass": (
        {"image": X, "maps": {"ReLU": MAPS}, "scores": np.ones(3) / 3},
        {"image": [1], "maps": {"ReLU": X}, "scores": X},
    ),
    "show_growth": ({"series": {"images": [(1, 1), (2, 2)]}}, {"series": {"images": [("a", 1)]}}),
    "show_histograms": ({"table": {"he": {"F": [1.0]}}}, {"table": {"he": {"F": "x"}}}),
    "show_image": ({"image": X}, {"image": IMAGES}),
    "show_images": ({"images": IMAGES}, {"images": [1], "titles": [1], "columns": 0}),
    "show_lines": ({"lines": {"Adam": [1.0, 2.0]}}, {"lines": {"Adam": ["a", "b"]}}),
    "show_mistakes": (
        {"images": IMAGES, "labels": [0, 1, 0], "probabilities": np.eye(3)},
        {"images": [1], "labels": [9, 9, 9], "probabilities": np.eye(2), "columns": 0},
    ),
    "show_orders": ({"orders": {"C": (GRID, GRID > 0)}}, {"orders": {"C": ("numbers", [True] * 7)}}),
    "show_paths": (
        {"x": GRID, "y": GRID, "heights": HEIGHTS, "paths": {"Adam": np.zeros((2, 2))}},
        {"x": "x", "y": GRID[1:], "heights": np.full((5, 5), np.inf), "paths": {"Adam": GRID}},
    ),
    "show_paths_apart": (
        {"x": GRID, "y": GRID, "heights": HEIGHTS, "paths": {"Adam": np.zeros((2, 2))}},
        {"x": "x", "y": GRID[1:], "heights": np.full((5, 5), np.inf), "paths": {"Adam": GRID}},
    ),
    "show_scores": (
        {"scores": [1, 2], "shares": [0.2, 0.8], "gradient": [0.2, -0.2], "label": 1},
        {"scores": X, "shares": [1], "gradient": "x", "label": 2},
    ),
    "show_processes": ({"marks": {"worker 1": [0.0, 1.0]}}, {"marks": {"worker 1": ["now"]}}),
    "show_shares": ({"pixels": [0, 1], "shares": {"dense": [0.5, 1]}}, {"shares": {"dense": ["a", "b"]}}),
    "show_slopes": ({"tables": {"ReLU": X}}, {"tables": {"ReLU": GRID}}),
    "show_parts": ({"times": {"loops": {"products": 1.0}}}, {"times": {"loops": {"products": "fast"}}}),
    "show_speeds": ({"seconds": {"loops": 1.0}}, {"seconds": {"loops": "fast"}}),
    "show_sweep": (
        {"results": {(1, 2): 0.5}, "rows": [1], "columns": [2], "names": ("rate", "width")},
        {"results": {(1, 2): "half"}},
    ),
    "show_timeline": ({"spans": [(0, 0.0, 1.0, "a")]}, {"spans": [(0, "now", "then", "a")]}),
    "touched_outputs": (
        {"size": (4, 4), "kernel": (2, 2), "cell": (0, 0)},
        {"cell": (9, 9), "stride": 0, "padding": "sme", "kernel": (9, 9)},
    ),
    "watch": ({"records": []}, {"records": 3, "history": [], "snapshot": 3}),
    "written_sum": ({"window": F, "F": F}, {"window": X, "F": "F"}),
}
WRONG = [
    pytest.param(name, {key: value}, id=f"{name}-{key}") for name in CALLS for key, value in CALLS[name][1].items()
]


def called(name, changes, tmp_path):
    """Call a public function with its valid arguments and these changes."""
    arguments = CALLS[name][0] | changes
    function = getattr(cnn_viz, name)
    if name == "explore":
        return function(arguments.pop("draw"), **arguments)
    return function(**(arguments | ({"path": tmp_path / "a.gif"} if name == "save_gif" else {})))


def test_every_public_drawing_function_has_a_wrong_argument_here():
    assert {name for name in cnn_viz.__all__ if name.startswith(("draw_", "show_"))} - set(CALLS) == {"show_figure"}
    assert all(wrong for _, wrong in CALLS.values())


@pytest.mark.slow  # every function draws a picture
@pytest.mark.parametrize("name", CALLS)
def test_the_valid_arguments_are_valid(name, tmp_path):
    called(name, {}, tmp_path)


@pytest.mark.parametrize(("name", "changes"), WRONG)
def test_a_message_begins_with_the_function_that_was_called(name, changes, tmp_path):
    with pytest.raises((ValueError, TypeError)) as caught:
        called(name, changes, tmp_path)
    assert str(caught.value).startswith(f"{name}: ")
    assert type(caught.value) in (ValueError, TypeError)


@pytest.mark.parametrize(("thing", "arguments"), [("Panel", [LARGE]), ("Steps", [0])])
def test_a_message_of_a_class_begins_with_its_name(thing, arguments):
    with pytest.raises(ValueError, match=rf"^{thing}: "):
        getattr(cnn_viz, thing)(*arguments)


def test_the_record_that_a_history_refuses_is_named():
    with pytest.raises(TypeError, match=r"^History: expected a Step or an Epoch"):
        cnn_viz.History().append(3)
