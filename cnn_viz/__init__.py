"""cnn_viz: pictures of what cnn_core computes, and a display that follows a network while it trains.

Rooms       palette (what the colours mean), figures (how a picture is shown), arrays (numbers in cells), windows,
            sliding, gradients, terms, pooled, products, matrices, activations, networks, images, filtered, moved,
            inside, histograms, confusion, mistakes, calibration, errors, curves, paths, runs, memory, speeds,
            surfaces, scores, history, progress (watch), widgets (explore), controls (what a reader may choose),
            animations; sheets, boxes, stages, mosaic, live, clock, states, shell and notebook work behind them.
Rule        it draws what it is given: nothing here computes anything of a network, and cnn_core knows nothing of it.
Imports     a room is entered when one of its names is first asked for: `watch` runs in a terminal without matplotlib.
"""

from importlib import import_module

_ROOM_OF = {
    "HUE": "palette",
    "INK": "palette",
    "METHOD": "palette",
    "PADDING": "palette",
    "RUN": "palette",
    "show_figure": "figures",
    "new_sheet": "sheets",
    "Panel": "arrays",
    "draw_array": "arrays",
    "draw_row": "arrays",
    "draw_window": "windows",
    "window_panel": "windows",
    "written_sum": "windows",
    "draw_full_convolution": "windows",
    "draw_winners": "windows",
    "winners_panel": "windows",
    "draw_step": "sliding",
    "draw_reach": "sliding",
    "draw_touched": "sliding",
    "touched_outputs": "sliding",
    "dilation_steps": "gradients",
    "draw_dilation": "gradients",
    "draw_full_step": "gradients",
    "draw_filter_chain": "gradients",
    "draw_input_chain": "gradients",
    "draw_pixel_terms": "terms",
    "draw_weight_terms": "terms",
    "draw_pooling": "pooled",
    "draw_payment": "pooled",
    "draw_paid": "pooled",
    "written_pool": "pooled",
    "draw_columns": "products",
    "draw_channels": "products",
    "draw_product": "matrices",
    "draw_connections": "matrices",
    "show_activations": "activations",
    "show_slopes": "activations",
    "draw_network": "networks",
    "show_image": "images",
    "show_images": "images",
    "show_filters": "images",
    "show_feature_maps": "images",
    "show_filtered": "filtered",
    "show_histograms": "histograms",
    "show_inside": "inside",
    "draw_confusion_matrix": "confusion",
    "show_mistakes": "mistakes",
    "show_calibration": "calibration",
    "show_errors": "errors",
    "show_walk": "moved",
    "show_shares": "moved",
    "show_curves": "curves",
    "draw_surface": "surfaces",
    "show_surface": "surfaces",
    "show_scores": "scores",
    "show_paths": "paths",
    "show_paths_apart": "paths",
    "show_lines": "runs",
    "show_spread": "runs",
    "show_blocks": "memory",
    "show_orders": "memory",
    "show_timeline": "memory",
    "show_growth": "speeds",
    "show_speeds": "speeds",
    "History": "history",
    "watch": "progress",
    "explore": "widgets",
    "Steps": "controls",
    "Field": "controls",
    "film_strip": "animations",
    "save_gif": "animations",
}

__all__ = list(_ROOM_OF)


def __getattr__(name):
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'cnn_viz' has no attribute {name!r}")
    return getattr(import_module(f"cnn_viz.{_ROOM_OF[name]}"), name)


def __dir__():
    return sorted([*globals(), *__all__])
