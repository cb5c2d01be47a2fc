# Every public name, with its module. __init__.py reads this list, and imports a module when one of its names is used.
# ruff: noqa: I001 (isort would write an import statement for each name)
from .arrays.backward import (
    dilation_steps as dilation_steps,
    draw_dilation as draw_dilation,
    draw_filter_chain as draw_filter_chain,
    draw_full_step as draw_full_step,
    draw_input_chain as draw_input_chain,
    draw_pixel_terms as draw_pixel_terms,
    draw_weight_terms as draw_weight_terms,
)
from .arrays.convolution import (
    draw_columns as draw_columns,
    draw_full_convolution as draw_full_convolution,
    draw_layer as draw_layer,
    draw_reach as draw_reach,
    draw_step as draw_step,
    draw_touched as draw_touched,
    touched_outputs as touched_outputs,
)
from .arrays.dense import (
    draw_connections as draw_connections,
    draw_product as draw_product,
)
from .arrays.graph import (
    draw_graph as draw_graph,
)
from .arrays.line import (
    draw_line_windows as draw_line_windows,
)
from .arrays.panel import (
    Panel as Panel,
    draw_row as draw_row,
    draw_rows as draw_rows,
)
from .arrays.pixel import (
    draw_pixel_windows as draw_pixel_windows,
    draw_shares as draw_shares,
)
from .arrays.pooling import (
    draw_pooling as draw_pooling,
    draw_routed_gradient as draw_routed_gradient,
    draw_routing as draw_routing,
)
from .arrays.two_dilations import (
    draw_two_dilations as draw_two_dilations,
)
from .arrays.windows import (
    written_sum as written_sum,
)
from .base.figures import (
    add_axes as add_axes,
    new_figure as new_figure,
    show_figure as show_figure,
)
from .base.palette import (
    HUE as HUE,
    INK as INK,
    METHOD as METHOD,
    PADDING as PADDING,
    RUN as RUN,
)
from .images.attributions import (
    show_attributions as show_attributions,
    show_backward_pass as show_backward_pass,
    show_inside as show_inside,
)
from .images.centring import (
    centre_digit as centre_digit,
)
from .images.digits import (
    read_digit as read_digit,
)
from .images.images import (
    show_feature_maps as show_feature_maps,
    show_filtered as show_filtered,
    show_image as show_image,
    show_images as show_images,
)
from .images.maps import (
    show_first_layer as show_first_layer,
    show_forward_pass as show_forward_pass,
)
from .images.strokes import (
    DrawnDigit as DrawnDigit,
    drawn_digits as drawn_digits,
)
from .interactive.controls import (
    Field as Field,
    Steps as Steps,
)
from .interactive.drawing_pad import (
    drawing_pad as drawing_pad,
)
from .interactive.explore import (
    explore as explore,
)
from .interactive.frame_grid import (
    frame_grid as frame_grid,
    save_gif as save_gif,
)
from .interactive.history import (
    History as History,
)
from .interactive.watch import (
    watch as watch,
)
from .interactive.watch_sweep import (
    watch_sweep as watch_sweep,
)
from .network.diagram import (
    draw_network as draw_network,
)
from .network.units import (
    show_units as show_units,
)
from .plots.ablation import (
    show_ablation as show_ablation,
)
from .plots.bars import (
    show_growth as show_growth,
    show_scores as show_scores,
    show_speeds as show_speeds,
)
from .plots.distributions import (
    show_activations as show_activations,
    show_histograms as show_histograms,
    show_slopes as show_slopes,
)
from .plots.embedding import (
    show_embedding as show_embedding,
)
from .plots.evaluation import (
    draw_confusion_matrix as draw_confusion_matrix,
    show_calibration as show_calibration,
    show_mistakes as show_mistakes,
    show_shares as show_shares,
)
from .plots.findings import (
    show_costs_beside as show_costs_beside,
    show_findings as show_findings,
)
from .plots.gradient_grid import (
    show_errors as show_errors,
)
from .plots.lines import (
    show_dots as show_dots,
    show_lines as show_lines,
    show_paths as show_paths,
    show_paths_apart as show_paths_apart,
)
from .plots.machines import (
    show_additions as show_additions,
    show_processes as show_processes,
    show_sweep as show_sweep,
)
from .plots.memory import (
    show_blocks as show_blocks,
    show_orders as show_orders,
    show_timeline as show_timeline,
)
from .plots.surfaces import (
    draw_surface as draw_surface,
)
from .plots.times import (
    show_parts as show_parts,
)
