// The page: a change of the drawing is computed once, before the next frame, and shown by every part.
"use strict";

const REST = 700; // milliseconds of quiet before a sentence is read aloud
const QUIET = 250; // milliseconds without a change, after which the parts out of sight are shown too
const SALIENCY_SIDE = 448; // pixels of the canvas

const network = read_model(WEIGHTS);
const state = { strokes: [], follow: true, chosen: 0, filter: { layer: 0, k: 0 } };
let saying = null, resting = null, frame = null; // timers, and the frame that is asked for

function say(text) {
    clearTimeout(saying);
    by_id("said").textContent = text;
}

function say_soon(text) {
    clearTimeout(saying);
    saying = setTimeout(() => say(text), REST);
}

// --- what is computed ------------------------------------------------------------------------------------------------

function compute() {
    state.image = centre_digit(ink_of(state.strokes));
    state.outputs = forward_pass(network, [state.image]);
    state.scores = state.outputs.at(-1);
    state.probabilities = softmax_forward(state.scores);
    if (state.follow) state.chosen = argmax(state.scores);
    differentiate();
}

function differentiate() {
    const dC_dO = zeros(10);
    dC_dO[state.chosen] = 1;
    state.gradients = backward_pass(network, dC_dO, state.outputs);
}

// --- what is shown ---------------------------------------------------------------------------------------------------

const show_bars = make_bars(by_id("bars"), choose_digit);
const show_strip = make_strip(by_id("strip"), network, choose_filter, text => { by_id("reading").textContent = text || "\u00a0"; });
const show_filter = make_filter(network, choose_filter);
const show_cover = make_cover(network);

const PARTS = [
    ["draw", ({ image, scores, probabilities, chosen, gradients }) => {
        paint_map(by_id("image"), image, SALIENCY_SIDE / SIDE, "IMAGES");
        show_bars(scores, probabilities, chosen);
        show_saliency(gradients[0][0], image, chosen);
    }],
    ["layers", ({ outputs, gradients, filter }) => show_strip(outputs, gradients, filter)],
    ["filter", ({ outputs, filter }) => show_filter(outputs, filter)],
    ["cover", ({ image, scores, chosen }) => show_cover(image, scores, chosen)],
].map(([id, show_part]) => ({ section: by_id(id), show_part, visible: true, stale: true }));

// The parts in sight are shown at once, the others when they come into sight or when the pen rests.
function show() {
    for (const part of PARTS) part.stale = true;
    show_visible();
    clearTimeout(resting);
    resting = setTimeout(() => show_parts(PARTS), QUIET);
    const sentence = state.strokes.length ? answer_sentence(state.probabilities) : "Nothing is drawn yet";
    by_id("sentence").textContent = sentence;
    if (by_id("said").textContent !== `${sentence}.`) say_soon(`${sentence}.`);
}

function show_visible() {
    show_parts(PARTS.filter(({ visible }) => visible));
}

function show_parts(parts) {
    for (const part of parts.filter(({ stale }) => stale)) {
        part.stale = false;
        part.show_part(state);
    }
}

const in_sight = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) PARTS.find(({ section }) => section === target).visible = isIntersecting;
    if (state.outputs) show_visible();
});
for (const { section } of PARTS) in_sight.observe(section);

function show_saliency(gradient, image, chosen) {
    const limit = largest_magnitude([gradient]), canvas = by_id("saliency");
    paint_map(canvas, gradient, SALIENCY_SIDE / SIDE, "SIGNED", { limit, outline: image });
    const words = `How more ink at each pixel would change the score of the ${chosen}: dC/dX, up to ±${number(limit)}.`;
    by_id("saliency_words").textContent = words;
    canvas.setAttribute("aria-label", `Gradient of the score of the ${chosen} with respect to the image, up to ±${number(limit)}`);
}

function update() {
    frame ??= requestAnimationFrame(() => {
        frame = null;
        compute();
        show();
    });
}

// --- what is chosen --------------------------------------------------------------------------------------------------

function choose_digit(digit) {
    state.follow = by_id("follow").checked = false;
    state.chosen = digit;
    differentiate();
    show();
}

function choose_filter(layer, k) {
    state.filter = { layer, k };
    show();
}

by_id("follow").addEventListener("change", event => {
    state.follow = event.target.checked;
    update();
});

const pad_view = drawing_pad(by_id("pad"), strokes => { state.strokes = strokes; update(); }, say);
by_id("undo").addEventListener("click", pad_view.undo);
by_id("clear").addEventListener("click", pad_view.clear);

for (const { label, about, strokes } of DIGITS) {
    const canvas = element("canvas");
    paint_map(canvas, centre_digit(ink_of(strokes)), 2, "IMAGES");
    const button = element("button", { type: "button", title: `${label}: ${about}` }, canvas);
    button.setAttribute("aria-label", `Draw a ${label}, ${about}`);
    button.addEventListener("click", () => pad_view.set(strokes));
    by_id("examples").append(button);
}

pad_view.set(DIGITS.find(({ label }) => label === 8).strokes);
