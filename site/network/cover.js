// A square over a part of the image: the answer without that part, and how far the score falls in every place.
"use strict";

const COVER_SIDE = 448; // pixels of the canvas

function make_cover(network) {
    const canvas = by_id("covered"), places_canvas = by_id("places"), draw_bars = make_bars(by_id("cover_bars"));
    const square = { row: 15, column: 7, size: 7, grey: 0 }; // on the first drawing, an 8: it becomes a 3
    let image = null, without = null, chosen = 0, falls = null, sweep = 0; // sweep: the number of the running one

    function covered_image(row, column) {
        const covered = image.map(line => line.slice());
        for (let i = Math.max(0, row); i < Math.min(SIDE, row + square.size); i++) {
            covered[i].fill(square.grey, Math.max(0, column), Math.min(SIDE, column + square.size));
        }
        return covered;
    }

    const scores_of = one => forward_pass(network, [one]).at(-1);

    function show(next, scores, digit) {
        if (next !== image || digit !== chosen) forget();
        [image, without, chosen] = [next, softmax_forward(scores), digit];
        paint();
    }

    function forget() {
        falls = null;
        sweep += 1;
    }

    function paint() {
        const covered = covered_image(square.row, square.column), size = COVER_SIDE / SIDE;
        const context = paint_map(canvas, covered, size, "IMAGES");
        paint_frame(context, square.column * size, square.row * size, square.size * size, square.size * size);
        const scores = scores_of(covered), probabilities = softmax_forward(scores);
        draw_bars(scores, probabilities, null, without);
        const best = argmax(without);
        by_id("cover_sentence").textContent = `${answer_sentence(probabilities)} (the ${best} had ${percent(without[best])})`;
        by_id("size_words").textContent = `${square.size} × ${square.size}`;
        by_id("grey_words").textContent = square.grey;
        paint_places();
    }

    function paint_places() {
        const known = falls ?? [...zeros(SIDE, SIDE)];
        paint_map(places_canvas, known, COVER_SIDE / SIDE, "SIGNED", { limit: largest_magnitude([known]), outline: image });
    }

    // --- every place -------------------------------------------------------------------------------------------------

    // Some rows at a time, so that the page stays awake. A change of anything ends it.
    async function try_every_place() {
        forget();
        const own = sweep, half = (square.size - 1) / 2, score = scores_of(image)[chosen];
        falls = zeros(SIDE, SIDE);
        for (let row = 0; row < SIDE; row++) {
            for (let column = 0; column < SIDE; column++) {
                const fall = score - scores_of(covered_image(row - half, column - half))[chosen];
                falls[row][column] = fall;
            }
            paint_places();
            by_id("places_words").textContent = `Row ${row + 1} of ${SIDE} …`;
            await new Promise(resume => setTimeout(resume));
            if (own !== sweep) return;
        }
        const fall = Math.max(...falls.map(row => Math.max(...row)));
        const row = falls.findIndex(line => line.includes(fall)), column = falls[row].indexOf(fall);
        const words = `The score of the ${chosen} falls most, by ${number(fall, 1)}, with the square at row ${row}, column ${column}.`;
        by_id("places_words").textContent = words;
        places_canvas.setAttribute("aria-label", words);
        say_soon(words);
    }

    // --- the square moves --------------------------------------------------------------------------------------------

    function move_to(row, column) {
        const last = SIDE - square.size;
        [square.row, square.column] = [row, column].map(each => Math.min(last, Math.max(0, Math.round(each))));
        paint();
        say_soon(by_id("cover_sentence").textContent);
    }

    function point(event) {
        const box = canvas.getBoundingClientRect(), half = square.size / 2;
        const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
        move_to(SIDE * y - half, SIDE * x - half);
    }

    for (const name of ["size", "grey"]) {
        by_id(name).addEventListener("input", event => {
            square[name] = Number(event.target.value);
            forget();
            move_to(square.row, square.column);
        });
    }
    on_drag(canvas, point);
    on_arrows(canvas, ([x, y]) => move_to(square.row + y, square.column + x));
    by_id("sweep").addEventListener("click", try_every_place);
    return show;
}
