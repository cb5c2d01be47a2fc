"""A small network as columns of units: every number in its place, and a line for every weight that is not 0."""

import numpy as np
import pytest

from cnn_viz.base.figures import size_of
from cnn_viz.network.units import show_units

W, V = np.array([[1, 0], [-2, 3], [0, 4]]), np.array([[5], [6]])
COLUMNS = {"x": ([7, 8, 9], [10, 11, 12]), "hidden": ([13, 14], [15, 16]), "score": ([17], [1])}


def texts(figure):
    """Return {text: (x, y)} of all texts."""
    return {text.get_text(): text.get_position() for text in figure.axes[0].texts}


def test_every_value_stands_above_its_gradient_in_the_column_of_its_name():
    found = texts(show_units(COLUMNS, [W, V]))
    for name, (values, gradient) in COLUMNS.items():
        for value, slope in zip(values, gradient, strict=True):
            (x, y), (below_x, below_y) = found[str(value)], found[str(slope)]
            assert x == below_x == found[name][0]
            assert found[name][1] < y < below_y


def test_a_gradient_has_a_dashed_outline_and_a_value_a_solid_one():
    patches = show_units(COLUMNS, [W, V]).axes[0].patches
    assert [patch.get_linestyle() for patch in patches] == ["-", "--"] * 6


def test_a_gradient_that_is_not_known_yet_leaves_its_cell_empty():
    unknown = {name: (values, np.full(len(values), np.nan)) for name, (values, _) in COLUMNS.items()}
    found = [text.get_text() for text in show_units(unknown, [W, V]).axes[0].texts if not text.get_bbox_patch()]
    assert sorted(filter(None, found)) == sorted(
        [*COLUMNS, *(str(each) for values, _ in COLUMNS.values() for each in values)]
    )
    assert found.count("") == 6


def test_a_weight_has_a_line_with_its_number_and_a_zero_has_none():
    figure = show_units(COLUMNS, [W, V])
    assert len(figure.axes[0].lines) == 6
    written = [text.get_text() for text in figure.axes[0].texts if text.get_bbox_patch()]
    assert written == ["1", "−2", "3", "4", "5", "6"]


def test_the_numbers_can_be_read_on_a_phone_that_is_390_pixels_wide():
    figure = show_units(COLUMNS, [W, V])
    assert min(text.get_fontsize() for text in figure.axes[0].texts) * 390 / size_of(figure)[0] >= 7


@pytest.mark.parametrize(
    ("columns", "weights", "words"),
    [
        ({}, [], "columns is empty"),
        (COLUMNS, [W], "weights have the shapes"),
        (COLUMNS, [W, V.T], "weights have the shapes"),
        (COLUMNS | {"score": ([17], [1, 2])}, [W, V], "the shape of the values"),
    ],
)
def test_parts_that_do_not_fit_are_refused(columns, weights, words):
    with pytest.raises(ValueError, match=rf"^show_units: .*{words}"):
        show_units(columns, weights)
