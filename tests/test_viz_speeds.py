"""Bars of durations: as long as they should be on their scale, the newest told apart, lines named."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from cnn_viz.figures import DPI, SHARPNESS
from cnn_viz.palette import HUE
from cnn_viz.speeds import duration, show_growth, show_speeds

WAYS = {"loops": 0.9, "columns": 1.2e-3, "rows": 4e-4}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(90.0, "90 s"), (1.0, "1 s"), (0.9994, "999 ms"), (1e-3, "1 ms"), (2.34567e-5, "23.5 µs"), (5e-8, "50 ns")],
)
def test_a_duration_is_said_in_a_unit_that_fits(seconds, words):
    assert duration(seconds) == words


def test_every_way_has_a_bar_that_ends_at_its_time_with_name_and_number():
    (ax,) = show_speeds(WAYS).axes
    assert ax.get_xscale() == "log"
    assert [bar.get_x() + bar.get_width() for bar in ax.patches] == pytest.approx(list(WAYS.values()))
    texts = [text.get_text() for text in ax.texts]
    assert [name for name in texts if name in WAYS] == list(WAYS)
    assert all(duration(value) in texts for value in WAYS.values())
    assert ax.yaxis_inverted()  # the first way on top


def test_only_the_newest_bar_is_coloured():
    (ax,) = show_speeds(WAYS).axes
    assert [same_color(bar.get_facecolor(), HUE["O"]) for bar in ax.patches] == [False, False, True]


def test_lines_stand_where_they_should_with_dashes_and_names_of_their_own():
    (ax,) = show_speeds(WAYS, {"floor": 1e-4, "PyTorch": 3e-4}).axes
    assert [line.get_xdata()[0] for line in ax.lines] == [1e-4, 3e-4]
    assert len({line.get_linestyle() for line in ax.lines}) == 2
    names = {text.get_text(): text for text in ax.texts}
    assert [names[each].xy[0] for each in ("floor", "PyTorch")] == [1e-4, 3e-4]
    low, high = ax.get_xlim()
    assert low < 1e-4 < 0.9 < high


def test_growth_is_drawn_as_multiples_of_the_first_point_with_marks_of_their_own():
    series = {"images": [(64, 0.5), (128, 1.1)], "filters": [(8, 2.0), (32, 6.0)]}
    (ax,) = show_growth(series).axes
    straight, *lines = ax.lines
    np.testing.assert_allclose(straight.get_xdata(), straight.get_ydata())
    np.testing.assert_allclose(lines[0].get_xydata(), [[1, 1], [2, 2.2]])
    np.testing.assert_allclose(lines[1].get_xydata(), [[1, 1], [4, 3]])
    assert len({line.get_marker() for line in lines}) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()][1:] == ["images", "filters"]


@pytest.mark.parametrize("sharpness", [1, SHARPNESS])
def test_names_of_lines_that_lie_close_stand_one_above_the_other(sharpness):
    figure = show_speeds(WAYS, {"floor": 1e-4, "PyTorch": 1.05e-4})
    figure.set_dpi(DPI * sharpness)
    figure.canvas.draw()
    one, other = (text.get_window_extent() for text in figure.axes[0].texts if text.get_text() in ("floor", "PyTorch"))
    assert not one.overlaps(other)
    assert other.y1 <= figure.bbox.height


def test_the_picture_is_as_large_however_many_lines_there_are():
    # A notebook stores the size, and PyTorch, whose line stands in chapter 09, is not installed everywhere.
    lines = {"floor": 1e-4, "PyTorch": 3e-4}
    assert (show_speeds(WAYS, {}).get_size_inches() == show_speeds(WAYS, lines).get_size_inches()).all()
    with pytest.raises(ValueError, match="shorter"):
        show_speeds(WAYS, lines | {"a third": 2e-4})
