"""The colours: they are those of the style, can be read, and can be told apart without hue."""

import matplotlib
import matplotlib.colors
import matplotlib.image
import pytest
from matplotlib.colors import is_color_like, to_rgb

from cnn_viz.base.palette import EDGE, HUE, IMAGES, INK, MAGNITUDES, METHOD, PADDING, RUN, SIGNED, TINT


def luminance(colour):
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    """Return the contrast of two colours, from 1 to 21."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["X", "F", "O", "B"])
def test_ink_can_be_read_on_every_colour_of_an_array(name):
    for colour in (TINT[name], HUE[name], PADDING):
        assert contrast(INK, colour) >= 7


@pytest.mark.parametrize("name", ["X", "F", "O", "B"])
def test_an_edge_can_be_seen_beside_the_tint_and_a_marked_cell_is_darker(name):
    assert contrast(EDGE[name], "white") > contrast(EDGE[name], TINT[name]) >= 2.4
    assert luminance(TINT[name]) > luminance(HUE[name]) > luminance(EDGE[name])


def test_every_colour_is_one():
    curves = [colour for colour, _ in [*RUN.values(), *METHOD.values()]]
    colours = [*TINT.values(), *HUE.values(), *EDGE.values(), PADDING, INK, *curves]
    assert all(is_color_like(colour) for colour in colours)


def test_curves_never_borrow_the_hue_of_an_array():
    curves = {colour for colour, _ in [*RUN.values(), *METHOD.values()]}
    assert not curves & {*HUE.values(), *EDGE.values()}


def test_training_and_validation_differ_in_colour_and_in_line():
    (one_colour, one_line), (other_colour, other_line) = RUN.values()
    assert one_colour != other_colour
    assert one_line != other_line


def test_no_two_optimisers_look_the_same():
    assert len(set(METHOD.values())) == len(METHOD)


@pytest.mark.parametrize("name", [IMAGES, MAGNITUDES, SIGNED])
def test_the_colour_maps_exist(name):
    assert name in matplotlib.colormaps


@pytest.mark.parametrize("name", [IMAGES, MAGNITUDES])
def test_a_larger_value_is_lighter_in_the_maps_that_have_no_sign(name):
    lights = [luminance(matplotlib.colormaps[name](k / 20)) for k in range(21)]
    assert lights == sorted(lights)


def test_zero_is_the_lightest_of_the_signed_values():
    lights = [luminance(matplotlib.colormaps[SIGNED](k / 20)) for k in range(21)]
    assert lights.index(max(lights)) == 10
