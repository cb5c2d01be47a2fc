"""Bars: as long as their values, with their numbers beside them."""

import numpy as np
import pytest
from matplotlib.colors import same_color
from readable import assert_readable

from cnn_viz.base.palette import HUE, INK
from cnn_viz.base.text import duration
from cnn_viz.plots.bars import show_growth, show_scores, show_speeds

WAYS = {"loops": 0.9, "columns": 1.2e-3, "rows": 4e-4}


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


def test_growth_is_drawn_as_multiples_of_the_first_point_with_marks_of_their_own():
    series = {"images": [(64, 0.5), (128, 1.1)], "filters": [(8, 2.0), (32, 6.0)]}
    (ax,) = show_growth(series).axes
    straight, *lines = ax.lines
    np.testing.assert_allclose(straight.get_xdata(), straight.get_ydata())
    np.testing.assert_allclose(lines[0].get_xydata(), [[1, 1], [2, 2.2]])
    np.testing.assert_allclose(lines[1].get_xydata(), [[1, 1], [4, 3]])
    assert len({line.get_marker() for line in lines}) == len({line.get_linestyle() for line in lines}) == 2
    assert {line.get_color() for line in lines} == {INK}  # the hues are those of arrays
    assert [text.get_text() for text in ax.get_legend().get_texts()][1:] == ["images, from 64", "filters, from 8"]


SCORES, SHARES = np.array([-1.0, 2.0, 0.5]), np.array([0.125, 0.25, 0.625])


GRADIENT = SHARES - np.array([0, 1, 0])


def bars(ax):
    return [bar.get_height() for bar in ax.patches]


def test_three_panels_show_what_they_were_given():
    axes = show_scores(SCORES, SHARES, GRADIENT, 1).axes
    for ax, values in zip(axes, (SCORES, SHARES, GRADIENT), strict=True):
        assert bars(ax) == pytest.approx(list(values))
    assert [text.get_text() for text in axes[1].texts] == ["0.125", "0.250", "0.625"]
    assert [ax.get_title(loc="left")[:6] for ax in axes] == ["scores", "p = so", "dC/dO "]


def test_what_is_negative_is_hatched_and_has_a_minus():
    for ax, values in zip(show_scores(SCORES, SHARES, GRADIENT, 1).axes, (SCORES, SHARES, GRADIENT), strict=True):
        assert [bool(bar.get_hatch()) for bar in ax.patches] == [value < 0 for value in values]
        assert [text.get_text().startswith("−") for text in ax.texts] == [value < 0 for value in values]


def test_the_right_class_has_a_heavy_outline_and_a_bold_name():
    for ax in show_scores(SCORES, SHARES, GRADIENT, 2, names=["cat", "dog", "owl"]).axes:
        assert np.argmax([bar.get_linewidth() for bar in ax.patches]) == 2
        assert [text.get_text() for text in ax.get_xticklabels() if text.get_weight() == "bold"] == ["owl"]


def test_only_the_probabilities_are_white():
    axes = show_scores(SCORES, SHARES, GRADIENT, 1).axes
    assert [same_color(ax.patches[0].get_facecolor(), "white") for ax in axes] == [False, True, False]


def test_only_the_gradient_is_dashed():
    styles = [{bar.get_linestyle() for bar in ax.patches} for ax in show_scores(SCORES, SHARES, GRADIENT, 1).axes]
    assert styles == [{"solid"}, {"solid"}, {"--"}]


@pytest.mark.parametrize("scores", [SCORES, np.array([-6.0, -6.0, -6.0]), np.zeros(3), np.array([6.0, -6.0, 0.0])])
def test_nothing_that_is_written_is_clipped_or_covered(scores):
    for largest in (None, 6):
        for ax in show_scores(scores, SHARES, GRADIENT, 1, largest=largest).axes:
            assert_readable(ax)
            low, high = ax.get_ylim()
            assert low <= min([0, *bars(ax)])
            assert max([0, *bars(ax)]) <= high
            inside = ax.get_window_extent()  # below it stand the names of the classes, above it the title
            extents = [text.get_window_extent() for text in ax.texts]
            assert all(inside.y0 <= each.y0 and each.y1 <= inside.y1 for each in extents)


def test_scores_on_one_scale_can_be_compared():
    limits = {show_scores(scores, SHARES, GRADIENT, 1, largest=6).axes[0].get_ylim() for scores in (SCORES, 2 * SCORES)}
    assert len(limits) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"label": 3}, "the label is 3"), ({"shares": np.ones(2)}, r"lengths \[3, 2, 3\]"), ({"scores": 1.0}, "scores")],
)
def test_what_does_not_belong_together_is_refused(changes, words):
    given = {"scores": SCORES, "shares": SHARES, "gradient": GRADIENT, "label": 1}
    with pytest.raises(ValueError, match=f"show_scores.*{words}"):
        show_scores(**given | changes)
