"""Grids of frames and GIFs: every state in its order, equally large, and the same bytes from a second run."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image, ImageSequence

from cnn_core import output_size
from cnn_viz.base.figures import new_figure, png_of, size_of
from cnn_viz.base.palette import HUE, PADDING
from cnn_viz.interactive.frame_grid import frame_grid, save_gif

COLOURS = [*HUE.values(), PADDING]


WIDE, HIGH = 160, 60  # pixels of a frame


def draw(step=0, width=WIDE, height=HIGH):
    """Draw a frame of one colour, with the lower half white."""
    figure = new_figure(width, height)
    figure.add_axes([0, 0.5, 1, 0.5], facecolor=COLOURS[step]).set(xticks=[], yticks=[], frame_on=True)
    figure.axes[0].spines[:].set_visible(False)
    return figure, f"Colour {step} of {len(COLOURS)}."


STATES = [{"step": step} for step in range(5)]


def pixels(figure, sharpness=2):
    """Return a figure as an array (height, width, 3) of bytes."""
    return np.asarray(Image.open(io.BytesIO(png_of(figure, sharpness))).convert("RGB"))


def colour(step):
    return np.round(np.array(to_rgb(COLOURS[step])) * 255).astype(int)


def find(canvas, frame):
    """Return the (top, left) at which a canvas holds a frame, pixel for pixel; fail if it does not."""
    h, w = frame.shape[:2]
    corners = np.argwhere((canvas[: canvas.shape[0] - h + 1, : canvas.shape[1] - w + 1] == frame[0, 0]).all(axis=2))
    corners_found = [(y, x) for y, x in corners.tolist() if np.array_equal(canvas[y : y + h, x : x + w], frame)]
    assert len(corners_found) == 1
    return corners_found[0]


# --- grids of frames --------------------------------------------------------------------------------------------------


def test_a_grid_holds_every_frame_pixel_for_pixel_in_reading_order():
    canvas = pixels(frame_grid(draw, STATES, columns=3)[0])
    corners_found = [find(canvas, pixels(draw(**state)[0])) for state in STATES]
    rows, columns = zip(*corners_found, strict=True)
    assert rows[0] == rows[1] == rows[2] < rows[3] == rows[4]
    assert columns[0] == columns[3] < columns[1] == columns[4] < columns[2]
    assert columns[1] - columns[0] >= 2 * WIDE


def test_the_frames_are_numbered_and_their_sentences_too():
    figure, sentence = frame_grid(draw, STATES[:3])
    assert [text.get_text() for text in figure.texts] == ["1", "2", "3"]
    assert sentence == "(1) Colour 0 of 5. (2) Colour 1 of 5. (3) Colour 2 of 5."


def test_each_number_stands_above_its_frame():
    figure, _ = frame_grid(draw, STATES, columns=3)
    canvas = pixels(figure)
    width, height = size_of(figure)
    for text, state in zip(figure.texts, STATES, strict=True):
        top, left = find(canvas, pixels(draw(**state)[0]))
        x, y = text.get_position()
        assert left <= x * 2 * width < left + 20
        assert top - 48 < (1 - y) * 2 * height < top


@pytest.mark.parametrize(
    ("width", "columns", "expected"),
    [
        pytest.param(100, None, (5, 1.0), id="all-in-a-row"),
        pytest.param(300, None, (3, 728 / 900), id="a-little-smaller"),
        pytest.param(490, None, (2, 744 / 980), id="two"),
        pytest.param(500, None, (1, 1.0), id="not-smaller-than-three-quarters"),
        pytest.param(760, None, (1, 1.0), id="one"),
        pytest.param(1900, None, (1, 0.4), id="wider-than-a-page"),
        pytest.param(300, 5, (5, 696 / 1500), id="as-many-as-wanted"),
        pytest.param(100, 9, (5, 1.0), id="more-than-there-are"),
    ],
)
def test_a_grid_fits_on_a_page(width, columns, expected):
    states = [{"step": 0, "width": width, "height": 100}] * 5
    figure = frame_grid(draw, states, columns)[0]
    wanted, shrink = expected
    total = wanted * width * shrink + (wanted - 1) * 16
    assert size_of(figure)[0] == pytest.approx(total, abs=wanted)
    assert size_of(figure)[0] <= 760
    rows = -(-5 // wanted)
    assert size_of(figure)[1] == pytest.approx(rows * (24 + 100 * shrink) + (rows - 1) * 16, abs=rows)


def test_frames_of_different_sizes_shrink_alike():
    states = [{"step": 0, "width": 600, "height": 60}, {"step": 1, "width": 200, "height": 60}]
    canvas = pixels(frame_grid(draw, states, columns=2)[0])
    widths = [np.flatnonzero((canvas == colour(step)).all(axis=2).any(axis=0)).size for step in (0, 1)]
    assert widths[0] == pytest.approx(3 * widths[1], abs=3)
    assert widths[0] == pytest.approx(2 * 372, abs=3)


def test_a_grid_is_the_same_each_time():
    assert png_of(frame_grid(draw, STATES)[0]) == png_of(frame_grid(draw, STATES)[0])


# --- GIFs -------------------------------------------------------------------------------------------------------------


def frames_of(path):
    """Return the frames of a GIF as an array (N, height, width, 3), and how long each is shown."""
    with Image.open(path) as gif:
        frames = [(np.asarray(frame.convert("RGB")), frame.info["duration"]) for frame in ImageSequence.Iterator(gif)]
    arrays, times = zip(*frames, strict=True)
    return np.stack(arrays), list(times)


def test_a_gif_holds_every_state_in_order(tmp_path):
    save_gif(tmp_path / "a.gif", draw, STATES, sharpness=1)
    frames, _ = frames_of(tmp_path / "a.gif")
    assert frames.shape == (5, HIGH, WIDE, 3)
    for step, frame in enumerate(frames):
        np.testing.assert_array_equal(frame[10, 20], colour(step))
        np.testing.assert_array_equal(frame[50, 20], 255)


def test_a_second_run_writes_the_same_bytes(tmp_path):
    for name in ("a.gif", "b.gif"):
        save_gif(tmp_path / name, draw, STATES)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_the_last_frame_stays_longer_and_the_gif_starts_again(tmp_path):
    save_gif(tmp_path / "a.gif", draw, STATES)
    assert frames_of(tmp_path / "a.gif")[1] == [800, 800, 800, 800, 2400]
    save_gif(tmp_path / "a.gif", draw, STATES, milliseconds=200, last=1000)
    assert frames_of(tmp_path / "a.gif")[1] == [200, 200, 200, 200, 1000]
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.info["loop"] == 0


def test_a_state_with_the_picture_of_the_one_before_prolongs_it(tmp_path):
    save_gif(tmp_path / "a.gif", draw, [STATES[0], STATES[0], STATES[1]])
    assert frames_of(tmp_path / "a.gif")[1] == [1600, 2400]


def test_a_gif_of_one_state_is_a_picture(tmp_path):
    save_gif(tmp_path / "a.gif", draw, STATES[:1])
    assert len(frames_of(tmp_path / "a.gif")[0]) == 1


def shades(step=0):
    """Draw many more colours than a GIF can hold, of which one part changes with the step."""
    figure = new_figure(120, 60)
    image = np.random.default_rng(step).random((30, 60, 3))
    image[:, :30] = np.random.default_rng(9).random((30, 30, 3))
    figure.add_axes([0, 0, 1, 1]).imshow(image, interpolation="nearest", aspect="auto")
    return figure, ""


def test_all_frames_share_one_palette_so_that_what_stays_does_not_flicker(tmp_path):
    save_gif(tmp_path / "a.gif", shades, STATES, sharpness=1)
    frames, _ = frames_of(tmp_path / "a.gif")
    assert len(np.unique(frames.reshape(-1, 3), axis=0)) <= 256
    for frame in frames[1:]:
        np.testing.assert_array_equal(frame[:, :60], frames[0][:, :60])
        assert (frame[:, 60:] != frames[0][:, 60:]).any()


def noise(step=0):
    """Draw the same grey noise each time; two small squares, far from each other, walk on it."""
    figure = new_figure(200, 100)
    image = np.random.default_rng(0).random((50, 100))
    image[:10, 10 * step : 10 * step + 10] = image[-10:, 90 - 10 * step : 100 - 10 * step] = 1
    figure.add_axes([0, 0, 1, 1]).imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    return figure, ""


def test_a_gif_stores_of_each_frame_what_changed(tmp_path):
    save_gif(tmp_path / "one.gif", noise, STATES[:1], sharpness=1)
    save_gif(tmp_path / "five.gif", noise, STATES, sharpness=1)
    assert len(frames_of(tmp_path / "five.gif")[0]) == 5
    one, five = ((tmp_path / name).stat().st_size for name in ("one.gif", "five.gif"))
    assert five < 2 * one


def test_smaller_frames_stand_in_the_upper_left_corner_on_white(tmp_path):
    save_gif(tmp_path / "a.gif", draw, [{"step": 0}, {"step": 1, "width": 80, "height": 40}], sharpness=1)
    _, second = frames_of(tmp_path / "a.gif")[0]
    np.testing.assert_array_equal(second[10, 10], colour(1))
    assert (second[:, 80:] == 255).all()


@pytest.mark.parametrize("sharpness", [1, 1.5, 2])
def test_a_gif_is_as_sharp_as_wanted(tmp_path, sharpness):
    save_gif(tmp_path / "a.gif", draw, STATES[:2], sharpness=sharpness)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.size == (WIDE * sharpness, HIGH * sharpness)


# --- validation -------------------------------------------------------------------------------------------------------


def refuses(where, kind, message, *arguments, **options):
    with pytest.raises(kind, match=message):
        where(*arguments, **options)


def gif(tmp_path):
    """Return save_gif as a function of draw and states."""
    return lambda draw, states, **options: save_gif(tmp_path / "a.gif", draw, states, **options)


@pytest.mark.parametrize(
    ("states", "kind", "message"),
    [
        pytest.param([], ValueError, "states is empty", id="none"),
        pytest.param({"step": 1}, TypeError, "states must be a list of dictionaries", id="one-state"),
        pytest.param("step", TypeError, "states must be a list of dictionaries", id="text"),
        pytest.param(5, TypeError, "states must be a list of dictionaries", id="number"),
        pytest.param([1, 2], TypeError, "a state must be a dictionary of draw's arguments, got 1", id="numbers"),
        pytest.param([{"stp": 1}], TypeError, "stp", id="unknown-argument"),
    ],
)
def test_wrong_states_are_refused(tmp_path, states, kind, message):
    refuses(frame_grid, kind, message, draw, states)
    refuses(gif(tmp_path), kind, message, draw, states)


def test_a_state_that_draw_refuses_is_refused_and_the_old_file_stays(tmp_path):
    def impossible(size):
        return draw(step=output_size(size, 3) % 5)

    save_gif(tmp_path / "a.gif", draw, STATES)
    before = (tmp_path / "a.gif").read_bytes()
    for function in (frame_grid, gif(tmp_path)):
        refuses(function, ValueError, r"the kernel \(3\) is larger", impossible, [{"size": 5}, {"size": 2}])
    assert (tmp_path / "a.gif").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"milliseconds": 0}, ValueError),
        ({"milliseconds": 20.0}, TypeError),
        ({"last": 5}, ValueError),
        ({"sharpness": 0}, ValueError),
        ({"sharpness": "2"}, TypeError),
    ],
)
def test_save_gif_refuses_wrong_times_and_sizes(tmp_path, options, kind):
    refuses(gif(tmp_path), kind, f"save_gif: {next(iter(options))} must be", draw, STATES, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("columns", "kind"), [(0, ValueError), (2.0, TypeError), (True, TypeError)])
def test_frame_grid_refuses_columns_that_are_no_count(columns, kind):
    refuses(frame_grid, kind, "frame_grid: columns must be a positive integer", draw, STATES, columns=columns)


def test_frame_grid_refuses_too_many_columns():
    refuses(frame_grid, ValueError, "frame_grid: 20 frames do not fit side by side", draw, STATES * 4, columns=20)


def test_a_drawing_function_must_be_callable():
    refuses(frame_grid, TypeError, "frame_grid: draw must be a function", "draw", STATES)
