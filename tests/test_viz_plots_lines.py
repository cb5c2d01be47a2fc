"""Lines, dots and paths: they lie where their values say, and each has its name."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color
from matplotlib.text import Annotation

from cnn_viz.base.figures import DPI, SHARPNESS, size_of
from cnn_viz.base.layout import WIDEST
from cnn_viz.base.palette import INK, METHOD
from cnn_viz.plots.lines import moved_apart, show_dots, show_lines, show_paths, show_paths_apart

LINES = {"GradientDescent": np.array([3.0, 2.0, 1.0]), "Adam": np.array([3.0, 1.0, 0.5])}


def test_a_line_goes_through_its_values_from_step_1_on():
    (ax,) = show_lines(LINES).axes
    for line, values in zip(ax.lines, LINES.values(), strict=True):
        np.testing.assert_allclose(line.get_xydata(), np.stack([[1, 2, 3], values], axis=1))


def test_the_name_of_a_line_leads_to_its_end():
    (ax,) = show_lines(LINES, x=[10, 20, 40]).axes
    leads = [text.xy for text in ax.texts if isinstance(text, Annotation)]
    names = [text.get_text() for text in ax.texts if text.get_text()]
    assert dict(zip(names, leads, strict=True)) == {"GradientDescent": (40, 1.0), "Adam": (40, 0.5)}


def test_in_a_legend_each_name_stands_beside_its_line_and_no_name_stands_at_an_end():
    figure = show_lines({"A": [2.0, 1.0], "B": [2.0, 0.9]}, legend=True, wide=300)
    (ax,) = figure.axes
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["A", "B"]
    assert [line.get_linestyle() for line in legend.get_lines()] == [line.get_linestyle() for line in ax.lines]
    assert not ax.texts
    assert size_of(figure)[0] < size_of(show_lines({"A": [2.0, 1.0]}, wide=300))[0]


def test_lines_wear_the_colours_of_their_methods():
    (ax,) = show_lines(LINES).axes
    assert [(line.get_color(), line.get_linestyle()) for line in ax.lines] == [METHOD[name] for name in LINES]


def test_lines_that_are_no_methods_have_dashes_of_their_own():
    (ax,) = show_lines({str(number): [number, 1.0] for number in range(4)}, x=[0, 1]).axes
    assert len({line.get_linestyle() for line in ax.lines}) == 4


def test_more_lines_than_can_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="only 4 lines that are no method's can be told apart, got 5"):
        show_lines({str(number): [number, 1.0] for number in range(5)})


def test_a_few_values_over_a_given_x_have_markers():
    marked = [show_lines({"cost": np.ones(count)}, x=np.arange(count)).axes[0].lines[0] for count in (12, 13)]
    assert [line.get_marker() for line in marked] == ["o", ""]


def test_a_marker_at_the_edge_of_the_axes_is_drawn_whole():
    figure = show_lines({"cost": [2.9, 2.9, 3.0]}, x=[1, 2, 3])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (ax,) = figure.axes
    x, y = ax.transData.transform((3, 3.0))
    radius = ax.lines[0].get_markersize() / 2 * figure.dpi / 72
    rows = np.asarray(canvas.buffer_rgba())[::-1, round(x), :3].max(axis=1)
    assert y + radius > ax.bbox.y1  # else the axes could not cut it off
    assert (rows[round(y) : int(y + radius - 1)] < 64).all()


@pytest.mark.parametrize(("x", "scales"), [(None, ("linear", "log")), ([1, 2, 4], ("log", "log"))])
def test_the_scales_are_logarithmic_on_demand(x, scales):
    (ax,) = show_lines(LINES, x=x, log=True).axes
    assert (ax.get_xscale(), ax.get_yscale()) == scales


def test_every_seed_is_a_dot_in_the_row_of_its_name_and_the_bar_is_their_mean():
    results = {"Adam": np.array([0.9, 0.92, 0.97]), "GradientDescent": np.array([0.8, 0.9, 0.85])}
    (ax,) = show_dots(results, "accuracy").axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    bars = [line for line in ax.lines if line.get_marker() == "|"]
    for row, (name, values) in enumerate(results.items()):
        np.testing.assert_allclose(dots[row].get_xydata(), np.stack([values, [row] * 3], axis=1))
        np.testing.assert_allclose(bars[row].get_xydata(), [[values.mean(), row]])
        assert same_color(dots[row].get_color(), METHOD[name][0])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(results)
    assert ax.yaxis_inverted()  # the first name on top


def test_rows_that_are_no_methods_have_dots_of_ink_however_many_they_are():
    (ax,) = show_dots({str(number): np.array([number]) for number in range(6)}, "accuracy").axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(dots) == 6
    assert all(same_color(line.get_color(), INK) for line in dots)


def test_a_note_stands_under_the_name_of_its_row():
    results = {"Adam": np.array([0.9]), "RMSProp": np.array([0.8])}
    (ax,) = show_dots(results, "accuracy", notes={"RMSProp": "rate 0.01", "Adam": "rate 0.1"}).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Adam\nrate 0.1", "RMSProp\nrate 0.01"]


def test_names_with_notes_stand_inside_the_picture_and_apart():
    results = {name: np.array([0.9]) for name in METHOD}
    figure = show_dots(results, "accuracy", notes=dict.fromkeys(METHOD, "rate 0.001"))
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert min(box.x0 for box in boxes) >= 0
    assert all(above.y0 >= below.y1 for above, below in itertools.pairwise(boxes))


X, Y = np.linspace(-3, 3, 13), np.linspace(-2, 2, 9)


HEIGHTS = X**2 + 3 * Y[:, None] ** 2
PATHS = {
    "GradientDescent": np.array([[2.0, 1.0], [1.0, 0.5], [0.5, 0.0], [0.1, 0.0]]),
    "Adam": np.array([[2.0, 1.0], [1.5, 0.5], [0.1, 0.01]]),
}


def drawn(paths=PATHS, **options):
    return show_paths(X, Y, HEIGHTS, paths, **options).axes[0]


def lines_of(ax):
    """Return the path lines: those of more than one point."""
    return [line for line in ax.lines if len(line.get_xdata()) > 1]


def test_every_step_of_a_path_is_a_dot_where_it_was():
    for line, path in zip(lines_of(drawn()), PATHS.values(), strict=True):
        np.testing.assert_allclose(line.get_xydata(), path)
        assert line.get_marker() == "o"
        assert line.get_markersize() > 0


def test_a_path_wears_the_colour_and_the_dashes_of_its_method():
    for line, name in zip(lines_of(drawn()), PATHS, strict=True):
        assert same_color(line.get_color(), METHOD[name][0])
        assert line.get_linestyle() == METHOD[name][1]
        assert same_color(line.get_markerfacecolor(), "white") == (METHOD[name][1] == "--")


def test_paths_of_no_method_are_ink_and_differ_in_their_dashes():
    one, other = lines_of(drawn({"this": PATHS["Adam"], "that": PATHS["GradientDescent"]}))
    assert same_color(one.get_color(), INK)
    assert one.get_linestyle() != other.get_linestyle()


def test_start_end_and_goal_have_signs_of_their_own():
    points = {line.get_marker(): line for line in drawn(goal=(0, 0)).lines if len(line.get_xdata()) == 1}
    assert set(points) == {"o", "s", "+"}
    np.testing.assert_allclose(points["o"].get_xydata(), [[2, 1]])
    np.testing.assert_allclose(points["s"].get_xydata(), [PATHS["Adam"][-1]])
    np.testing.assert_allclose(points["+"].get_xydata(), [[0, 0]])


def test_the_surface_has_a_row_for_each_y():
    (contours,) = (each for each in drawn(levels=[1, 4]).collections if hasattr(each, "levels"))
    assert list(contours.levels) == [1, 4]
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        x, y = path.vertices.T
        np.testing.assert_allclose(x**2 + 3 * y**2, level, atol=0.4)  # straight pieces between the crossings


@pytest.mark.parametrize("sharpness", [1, SHARPNESS])
def test_the_names_of_paths_that_end_together_stand_apart_and_inside_the_picture(sharpness):
    paths = dict.fromkeys(METHOD, PATHS["Adam"])
    figure = show_paths(X, Y, HEIGHTS, paths)
    figure.set_dpi(DPI * sharpness)
    figure.canvas.draw()
    names = [text for text in figure.axes[0].texts if text.get_text() in METHOD]
    boxes = {text.get_text(): text.get_window_extent() for text in names}
    assert set(boxes) == set(METHOD)
    heights = sorted((box.y0, box.y1) for box in boxes.values())
    assert all(above[0] >= below[1] for below, above in itertools.pairwise(heights))
    assert max(box.x1 for box in boxes.values()) <= figure.bbox.width
    assert all(box.y0 >= 0 and box.y1 <= figure.bbox.height for box in boxes.values())


def test_a_path_that_leaves_the_map_is_marked_at_its_last_point_inside():
    paths = {"Adam": np.array([[0.0, 0.0], [2.5, 0.0], [9.0, 0.0]])}
    ax = drawn(paths)
    (lead,) = (text for text in ax.texts if isinstance(text, Annotation))
    assert tuple(lead.xy) == (2.5, 0.0)
    assert "Adam (out)" in [text.get_text() for text in ax.texts]
    assert drawn(paths).get_xlim() == (-3, 3)


def test_paths_apart_have_each_a_picture_of_the_same_surface_under_their_name():
    figure = show_paths_apart(X, Y, HEIGHTS, PATHS, levels=[1, 4], goal=(0, 0), names=("one weight", "another"))
    assert size_of(figure)[0] == WIDEST
    for ax, (name, path) in zip(figure.axes, PATHS.items(), strict=True):
        (line,) = lines_of(ax)
        np.testing.assert_allclose(line.get_xydata(), path)
        assert (line.get_color(), line.get_linestyle()) == METHOD[name]
        assert (ax.get_title("left"), ax.get_xlabel()) == (name, "one weight")
        assert (ax.get_xlim(), ax.get_ylim()) == ((-3, 3), (-2, 2))
        assert [list(each.levels) for each in ax.collections if hasattr(each, "levels")] == [[1, 4]]
    assert [ax.get_ylabel() for ax in figure.axes] == ["another", ""]


def test_a_path_apart_that_leaves_its_map_is_marked_in_its_title():
    paths = {"Adam": np.array([[0.0, 0.0], [9.0, 0.0]]), "RMSProp": np.array([[0.0, 0.0], [1.0, 0.0]])}
    assert [ax.get_title("left") for ax in show_paths_apart(X, Y, HEIGHTS, paths).axes] == ["Adam (out)", "RMSProp"]


@pytest.mark.parametrize("count", [0, 5])
def test_too_many_paths_apart_and_none_are_refused(count):
    with pytest.raises(ValueError, match=f"1 to 4 paths fit side by side, got {count}"):
        show_paths_apart(X, Y, HEIGHTS, dict(zip(METHOD, [PATHS["Adam"]] * count, strict=False)))


def test_the_names_of_the_edges_and_the_title_are_written():
    ax = drawn(names=("one weight", "another"), title="step 3")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title("left")) == ("one weight", "another", "step 3")


@pytest.mark.parametrize("places", [[0.2, 0.2, 0.2], [0.99, 1.0, 0.98], [0.0, 0.0], [0.5], []])
def test_positions_are_moved_apart_within_the_picture(places):
    found = np.sort(moved_apart(places, 0.1))
    assert (np.diff(found) >= 0.1 - 1e-9).all()
    assert ((found >= -1e-9) & (found <= 1 + 1e-9)).all()


def test_positions_keep_their_order():
    found = moved_apart([0.9, 0.1, 0.12], 0.1)
    assert np.argsort(found).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("heights", "paths", "words"),
    [
        (HEIGHTS.T, PATHS, "a row for each y"),
        (np.full_like(HEIGHTS, np.nan), PATHS, "not finite"),
        (HEIGHTS, {"Adam": np.zeros(3)}, r"\(steps \+ 1, 2\)"),
        (HEIGHTS, {"Adam": np.zeros((0, 2))}, r"\(steps \+ 1, 2\)"),
        (HEIGHTS, {"Adam": np.array([[0, np.inf]])}, "Give its first steps"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_reason(heights, paths, words):
    with pytest.raises(ValueError, match=words):
        show_paths(X, Y, heights, paths)


def test_no_argument_is_changed():
    before = {name: path.copy() for name, path in PATHS.items()}
    drawn()
    assert all((before[name] == path).all() for name, path in PATHS.items())
