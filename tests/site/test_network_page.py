"""The page with the network, in Chromium and from a file: its numbers against cnn_core, and its use by hand and keys.

Numbers     the page's JavaScript computes with weights rounded to float16; so does the model of cnn_core here. Both use
            float64: where two pixels of a pooling window are equal but for the rounding of float32, the gradient
            takes another way, in cnn_core's own two precisions too (1 of the 100 digits). A straight line has such
            pixels in float64 too: for it the layers are compared one by one.
Use         real drags, touches and keys; no error in the console, and no request to another host.
"""

import base64
import importlib.util
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from cnn_core import load_mnist, relu_backward, softmax_forward
from cnn_viz import drawn_digits
from cnn_viz.images.centring import centre_digit
from cnn_viz.images.strokes import image_of

ROOT = Path(__file__).resolve().parent.parent.parent
BOUND = 1e-9
DRAWINGS = drawn_digits()
SHOWN = "() => frame === null && PARTS.every(({ stale }) => !stale)"
# Numbers as text: the bytes of a Float64Array in base64.
HELPERS = """() => {
    window.sent = arrays => {
        const flat = array => array instanceof Float64Array ? [...array] : array.flatMap(flat);
        const bytes = new Uint8Array(Float64Array.from(arrays.flatMap(flat)).buffer);
        return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""));
    };
    window.rows = ink => ink.map(row => Float64Array.from(row));
}"""
OUTPUTS_AND_SALIENCIES = """image => {
    const outputs = forward_pass(network, [rows(image)]);
    const saliencies = DIGITS_10.map(digit => {
        const dC_dO = zeros(10);
        dC_dO[digit] = 1;
        return backward_pass(network, dC_dO, outputs)[0];
    });
    return sent([...outputs.slice(1), ...saliencies]);
}"""


def script_of(name):
    """Return a module of site/network."""
    spec = importlib.util.spec_from_file_location(f"network_{name}", ROOT / "site" / "network" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = script_of("build")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of the pages, built."""
    folder = tmp_path_factory.mktemp("network")
    build.build(folder, home="")
    return folder


class NetworkPage:
    """One of the pages, open in a browser of its own size; `complaints` and `asked` are noted from the beginning."""

    def __init__(self, chromium, folder, name="index.html", width=1250, height=720, **options):
        self.context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        self.page, self.complaints, self.asked = self.context.new_page(), [], []
        note = self.complaints.append
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: note(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: note(str(error)))
        self.page.on("requestfailed", lambda request: note(request.url))
        self.page.goto((folder / name).as_uri())
        self.page.evaluate(HELPERS)
        self.pad = self.page.locator("#pad")

    def numbers(self, code, argument=None):
        """Return the numbers that a function in the page has sent."""
        return np.frombuffer(base64.b64decode(self.page.evaluate(code, argument)), np.float64)

    def wait(self):
        """Wait until the page has shown the last change."""
        self.page.wait_for_function(SHOWN)

    def places(self, stroke, locator=None):
        """Return the coordinates on the page of points 0..100 from the upper left corner of the pad."""
        (locator or self.pad).scroll_into_view_if_needed()
        box = (locator or self.pad).bounding_box()
        return [(box["x"] + box["width"] * x / 100, box["y"] + box["height"] * y / 100) for x, y in stroke]

    def drag(self, stroke, locator=None):
        """Draw a stroke with the mouse."""
        first, *others = self.places(stroke, locator)
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for place in others:
            self.page.mouse.move(*place)
        self.page.mouse.up()
        self.wait()

    def swipe(self, stroke, locator=None):
        """Draw a stroke with a finger."""
        touches = self.context.new_cdp_session(self.page)
        for number, (x, y) in enumerate(self.places(stroke, locator)):
            kind = "touchMove" if number else "touchStart"
            touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        self.wait()

    def keys(self, locator, *keys):
        """Press keys while an element has the focus."""
        locator.focus()
        for key in keys:
            self.page.keyboard.press(key)
        self.wait()

    def press(self, name):
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()
        self.wait()

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def image(self):
        """Return the image that the network has received."""
        return self.numbers("() => sent([state.image])").reshape(28, 28)


@pytest.fixture(scope="module")
def opened(chromium, folder):
    """Return the page as it was opened, wide."""
    page = NetworkPage(chromium, folder)
    page.wait()
    yield page
    page.context.close()


@pytest.fixture
def empty(opened):
    """Return the page with an empty pad, and nothing chosen."""
    opened.page.reload()
    opened.page.evaluate(HELPERS)
    opened.press("Clear")
    return opened


# --- the numbers ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    """Return the model with the rounded weights."""
    return build.make_weights.rounded_model("float64")


@pytest.fixture(scope="module")
def images():
    """Return images (N, 1, 28, 28): the drawn digits, an empty one, and digits of MNIST."""
    drawn = [image_of(None, digit.strokes)[0] for digit in DRAWINGS]
    images = [*drawn, np.zeros((1, 28, 28)), *load_mnist().X_test]
    return np.array(images[: build.COMPARED], np.float32)


def expected_numbers(model, image):
    """Return cnn_core's outputs of every layer and the gradients of the ten scores, one after another."""
    model.forward(image[None], training=False)
    records = [layer.last_forward for layer in model.layers]
    outputs = [record.X for record in records[1:]] + [model.forward(image[None], training=False)]
    saliencies = [model.backward(one[None]) for one in np.eye(10)]
    return [np.ravel(each) for each in outputs + saliencies]


def test_every_layers_output_and_all_ten_saliency_maps_equal_those_of_cnn_core(opened, model, images):
    worst = {}
    for image in images:
        expected = expected_numbers(model, image)
        got = np.split(opened.numbers(OUTPUTS_AND_SALIENCIES, image[0].tolist()), np.cumsum([len(e) for e in expected]))
        for number, (one, other) in enumerate(zip(got, expected, strict=False)):
            name = f"{number} {model.layers[number].name}" if number < len(model.layers) else "dC/dX"
            worst[name] = max(worst.get(name, 0), np.abs(one - other).max())
        assert len(got[-1]) == 0
    assert len(images) >= 100
    assert {name: value for name, value in worst.items() if not value <= BOUND} == {}


def test_the_scores_equal_those_of_float32_too(opened, images):
    scores = build.make_weights.rounded_model().predict(images)
    code = "images => sent(images.map(image => forward_pass(network, [rows(image)]).at(-1)))"
    got = opened.numbers(code, images[:, 0].tolist()).reshape(scores.shape)
    np.testing.assert_allclose(got, scores, atol=1e-4)


def test_the_bars_are_the_probabilities_of_cnn_core(opened, model):
    probabilities = softmax_forward(model.predict(opened.image()[None, None]))[0]
    shown = opened.numbers("() => sent([state.probabilities])")
    np.testing.assert_allclose(shown, probabilities, atol=BOUND)
    widths = opened.page.evaluate(
        "() => [...document.querySelectorAll('#bars .fill')].map(bar => parseFloat(bar.style.width))"
    )
    np.testing.assert_allclose(widths, 100 * probabilities, atol=0.01)


def test_relu_passes_no_gradient_where_its_input_is_0(opened):
    code = "X => sent([relu_backward(Float64Array.of(5, 5, 5), Float64Array.from(X))])"
    X = np.array([-1.0, 0.0, 2.0])
    np.testing.assert_array_equal(opened.numbers(code, X.tolist()), relu_backward(np.full(3, 5.0), X))


def test_the_rounded_weights_lose_no_accuracy():
    assert build.make_weights.accuracy(build.make_weights.rounded_model()) >= 0.991


@pytest.mark.parametrize("digit", DRAWINGS, ids=[f"{digit.label}, {digit.about}" for digit in DRAWINGS])
def test_centring_equals_that_of_python(opened, digit):
    got = opened.numbers("ink => sent([centre_digit(rows(ink))])", digit.ink.tolist())
    np.testing.assert_allclose(got.reshape(28, 28), centre_digit(digit.ink), atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (57, 2), (19, 21), (300, 280), (20, 20)], ids=str)
def test_centring_equals_that_of_python_on_any_ink(opened, rng, shape):
    ink = np.pad(rng.random(shape), [(4, 9), (1, 0)])
    got = opened.numbers("ink => sent([centre_digit(rows(ink))])", ink.tolist())
    np.testing.assert_allclose(got.reshape(28, 28), centre_digit(ink), atol=1e-5)


def test_an_empty_pad_is_an_empty_image(empty):
    assert empty.image().max() == 0
    assert empty.text("#sentence") == "Nothing is drawn yet"


# --- drawing ----------------------------------------------------------------------------------------------------------


def test_the_mouse_draws_and_at_least_17_of_20_digits_are_classified_correctly(empty):
    right, differences = [], []
    for digit in DRAWINGS:
        empty.press("Clear")
        for stroke in digit.strokes:
            empty.drag(stroke)
        differences.append(np.abs(empty.image() - image_of(None, digit.strokes)[0, 0]).mean())
        right.append(f"Most likely a{'n' * (digit.label == 8)} {digit.label}," in empty.text("#sentence"))
    assert sum(right) >= 17
    assert max(differences) < 0.03


def test_a_finger_draws_and_the_page_does_not_scroll(chromium, folder):
    page = NetworkPage(chromium, folder, width=390, height=844, has_touch=True, is_mobile=True)
    page.press("Clear")
    page.places([])
    scrolled = page.page.evaluate("scrollY")
    for stroke in DRAWINGS[14].strokes:
        page.swipe(stroke)
    assert "a 7," in page.text("#sentence")
    assert page.page.evaluate("scrollY") == scrolled
    assert page.complaints == []
    page.context.close()


def test_keys_draw_undo_and_clear(empty):
    empty.keys(empty.pad, *["ArrowUp"] * 8, "Space", *["ArrowDown"] * 16, "Space", "ArrowLeft")
    assert empty.page.evaluate("state.strokes.map(stroke => [stroke[0], stroke.at(-1)])") == [[[50, 18], [50, 82]]]
    assert "a 1," in empty.text("#sentence")
    empty.keys(empty.pad, "Space", "ArrowRight", "Space", "Backspace")
    assert empty.page.evaluate("state.strokes.length") == 1
    empty.keys(empty.pad, "Delete")
    assert empty.text("#sentence") == "Nothing is drawn yet"


def test_undo_takes_away_stroke_after_stroke_and_brings_back_what_was_cleared(empty):
    counts = []
    for action in (*[[(50, 20), (50, 80)], [(20, 50), (80, 50)]], "Undo", "Clear", "Undo", "Undo"):
        empty.press(action) if isinstance(action, str) else empty.drag(action)
        counts.append(empty.page.evaluate("state.strokes.length"))
    assert counts == [1, 2, 1, 0, 1, 0]


def test_an_example_is_drawn_by_its_button(empty):
    empty.page.get_by_role("button", name="Draw a 5, with a separate top").click()
    empty.wait()
    assert "a 5," in empty.text("#sentence")


def test_the_sentence_is_announced_when_the_pen_rests(empty):
    empty.drag([(50, 20), (50, 80)])
    empty.page.wait_for_function("document.getElementById('said').textContent.startsWith('Most likely a 1, ')")
    assert empty.page.locator("#said").get_attribute("aria-live") == "polite"


# --- looking inside ---------------------------------------------------------------------------------------------------


def test_another_score_is_chosen_by_keys_and_its_gradient_is_shown(empty, model):
    empty.press("Draw a 3, round")
    empty.keys(empty.page.locator("#bars input:checked"), "ArrowDown", "ArrowDown")
    chosen = empty.page.evaluate("state.chosen")
    assert chosen == 5
    assert f"the score of the {chosen}" in empty.text("#saliency_words")
    model.forward(empty.image()[None, None], training=False)
    expected = model.backward(np.eye(10)[[chosen]])[0]
    np.testing.assert_allclose(empty.numbers("() => sent([state.gradients[0]])"), expected.ravel(), atol=BOUND)


@pytest.mark.parametrize("strokes", [DRAWINGS[4].strokes, [[(50, 20), (50, 80)]], []], ids=["2", "line", "empty"])
def test_each_layer_gives_what_cnn_core_gives_for_the_same_input_with_tied_pixels_too(empty, model, strokes):
    empty.page.evaluate("strokes => pad_view.set(strokes)", strokes)
    empty.wait()
    shapes = [model.input_shape, *model.shapes[1:]]
    cuts = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
    outputs, gradients = (
        [part.reshape(1, *shape) for part, shape in zip(np.split(empty.numbers(code), cuts), shapes, strict=True)]
        for code in ("() => sent(state.outputs)", "() => sent(state.gradients)")
    )
    for layer, X, O, dC_dX, dC_dO in zip(model.layers, outputs, outputs[1:], gradients, gradients[1:], strict=False):
        np.testing.assert_allclose(layer.apply(X), O, atol=BOUND)
        np.testing.assert_allclose(layer.gradients(dC_dO, X)[0], dC_dX, atol=BOUND)


@pytest.mark.parametrize(("layer", "k"), [(0, 5), (3, 29)])
def test_a_filter_is_chosen_and_its_sum_is_the_output_of_cnn_core(empty, model, layer, k):
    page = empty.page
    page.get_by_role("button", name="Draw a 3, round").click()
    page.get_by_role("radio", name=f"{layer} Conv2D").check()
    empty.wait()
    page.get_by_role("radio", name=f"Filter {k}", exact=True).check(force=True)
    empty.wait()
    empty.drag([(40, 40), (52, 52)], page.locator("#map"))
    empty.keys(page.locator("#map"), "ArrowRight", "ArrowDown")
    place = [int(word.strip(":,")) for word in empty.text("#equation .where").split()[1::2]]
    side = 28 if layer == 0 else 14
    assert place == [int(0.52 * side) + 1] * 2
    model.forward(empty.image()[None, None], training=False)
    output = model.layers[layer + 1].last_forward.X[0, k][tuple(place)]
    shown = page.locator("#equation .value").all_inner_texts()
    assert float(shown[-1].replace("−", "-")) == pytest.approx(output, abs=0.006)
    terms = page.locator("#terms span").all_inner_texts()
    assert len(terms) == (9 if layer == 0 else 16)
    assert sum(float(term.replace("−", "-")) for term in terms) == pytest.approx(
        output - model.layers[layer].params["B"][k], abs=0.09
    )
    assert page.locator("#weights span").count() == model.layers[layer].params["F"][k].size


def test_a_map_of_a_layer_is_pressed_and_its_filter_is_shown(empty):
    empty.drag([(60, 60), (60, 60)], empty.page.locator(".stage").nth(5).locator("canvas").first)
    assert empty.page.evaluate("state.filter") == {"layer": 3, "k": 4 * 4 + 2}
    assert "node 0" not in empty.text("#reading")
    assert empty.text("#reading").startswith("4 ReLU, map 18, row ")


def test_a_square_is_dragged_over_a_part_and_the_bars_answer(empty, model):
    page, canvas = empty.page, empty.page.locator("#covered")
    page.get_by_role("button", name="Draw a 9, with a straight stem").click()
    empty.wait()
    page.locator("#grey").fill("0.5")
    page.locator("#size").fill("9")
    empty.drag([(20, 20), (50, 50)], canvas)
    empty.keys(canvas, "ArrowDown", "ArrowDown", "ArrowLeft")
    covered = empty.image().copy()
    top, left = round(28 * 0.5 - 4.5) + 2, round(28 * 0.5 - 4.5) - 1
    covered[top : top + 9, left : left + 9] = 0.5
    expected = softmax_forward(model.predict(covered[None, None]))[0]
    widths = page.evaluate(
        "() => [...document.querySelectorAll('#cover_bars .fill')].map(bar => parseFloat(bar.style.width))"
    )
    np.testing.assert_allclose(widths, 100 * expected, atol=0.01)


def test_every_place_of_the_square_is_tried_and_the_largest_fall_is_that_of_cnn_core(empty, model):
    page = empty.page
    page.get_by_role("button", name="Draw a 6, with a small loop").click()
    empty.wait()
    page.locator("#grey").fill("0")
    page.locator("#size").fill("5")
    empty.press("Try every place")
    page.wait_for_function(
        "document.getElementById('places_words').textContent.startsWith('The score')", timeout=60_000
    )
    image, falls = empty.image(), np.zeros((28, 28), np.float32)
    covered = np.repeat(image[None, None], 784, axis=0)
    for one, (row, column) in zip(covered, np.ndindex(28, 28), strict=True):
        one[0, max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3] = 0
    falls = (model.predict(image[None, None]) - model.predict(covered))[:, 6].reshape(28, 28)
    row, column = np.unravel_index(falls.argmax(), falls.shape)
    assert f"by {falls.max():.1f}, with the square at row {row}, column {column}." in empty.text("#places_words")


# --- what every page should be ----------------------------------------------------------------------------------------

SIZES = {"wide": (1250, 900), "tablet": (800, 1000), "narrow": (390, 844), "small": (320, 640)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["index.html", "explained.html"])
def test_the_page_does_not_overflow(chromium, folder, name, size):
    page = NetworkPage(chromium, folder, name, *SIZES[size])
    assert page.page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]
    assert page.complaints == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", "explained.html"])
def test_axe_finds_no_serious_fault(chromium, folder, name, scheme):
    pytest.importorskip("axe_playwright_python")
    for size in ("wide", "narrow"):
        page = NetworkPage(chromium, folder, name, *SIZES[size], color_scheme=scheme)
        page.page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
        found = page.page.evaluate("() => axe.run()")["violations"]
        page.context.close()
        faults = [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]
        assert faults == []


def test_the_theme_is_switched_and_kept(chromium, folder):
    page = NetworkPage(chromium, folder, color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.page.evaluate(ground)
    page.press("Theme: auto")
    page.press("Theme: light")
    assert page.page.evaluate(ground) != light
    page.page.reload()
    assert page.page.evaluate(ground) != light
    page.context.close()


def test_the_first_drawing_is_an_8_and_the_square_makes_it_a_3(chromium, folder):
    page = NetworkPage(chromium, folder)
    page.wait()
    assert page.text("#sentence").startswith("Most likely an 8,")
    assert page.text("#cover_sentence").startswith("Most likely a 3,")
    page.context.close()


def test_no_error_occurred_and_nothing_was_asked_but_files(opened, folder):
    assert opened.complaints == []
    assert len(opened.asked) > 10
    assert [url for url in opened.asked if not url.startswith((folder.as_uri(), "data:"))] == []


# --- the explanation --------------------------------------------------------------------------------------------------


def test_every_line_of_the_javascript_is_explained(folder):
    text = (folder / "explained.html").read_text(encoding="utf-8")
    assert text.count('class="line"') >= 35
    script = (ROOT / "site" / "network" / "network.js").read_text(encoding="utf-8")
    shown = [line for block in build.explain.javascript_blocks(script).values() for line in block]
    code = [
        line for line in script.splitlines() if line.strip() and not line.startswith("//") and line != '"use strict";'
    ]
    assert [line for line in code if line not in shown] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("function pad", "function padded"),
        ("    const Xp", "    const padded"),
        ("function rotated", "function more() {}\n\nfunction rotated"),
    ],
)
def test_an_explanation_that_is_out_of_date_is_refused(before, after):
    script = (ROOT / "site" / "network" / "network.js").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"explain|out of date"):
        build.explain.explained_parts(script.replace(before, after), build.PARTS)
