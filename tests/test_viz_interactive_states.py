"""Pictures of states: messages within their frame, axes in place of their figure."""

import pytest
from matplotlib import pyplot

from cnn_viz.base.figures import size_of
from cnn_viz.interactive.states import LEAST, draw_state_or_reason, picture_of, write_message


@pytest.mark.parametrize("size", [LEAST, (760, 300)], ids=str)
@pytest.mark.parametrize("length", [10, 150, 500])
def test_a_message_stays_within_its_frame(size, length):
    figure = write_message(("a word of " * 50)[:length], size)
    figure.draw_without_rendering()
    box = figure.texts[0].get_window_extent()
    assert size_of(figure) == size
    assert 0 < box.x0 < box.x1 < size[0]
    assert 0 < box.y0 < box.y1 < size[1]


def test_axes_are_replaced_by_their_figure_and_a_figure_of_the_user_is_closed():
    figure, sentence = draw_state_or_reason(lambda: (pyplot.figure().subplots(), "An axis."), {}, LEAST)
    assert sentence == "An axis."
    assert pyplot.fignum_exists(figure.number)
    assert picture_of(figure, 1).startswith(b"\x89PNG")
    assert not pyplot.fignum_exists(figure.number)
