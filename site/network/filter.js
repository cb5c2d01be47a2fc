// One filter of one layer: the window of the input, the weights, the products, and the map, pixel by pixel.
"use strict";

const MAP_SIDE = 448; // pixels of the canvas of a map

function make_filter(network, choose) {
    const layers = network.flatMap(({ name }, n) => (name === "Conv2D" ? [n] : []));
    const map = by_id("map"), choices = by_id("filters");
    let state = null, place = null; // the pixel that was chosen, or null for the largest
    for (const n of layers) {
        const input = element("input", { type: "radio", name: "layer", value: n });
        input.addEventListener("change", () => choose(n, 0));
        by_id("layer").append(element("label", {}, input, `${n} Conv2D`));
    }

    // The filters of a layer as small pictures of their weights, one of which is chosen.
    function offer(layer, { F }) {
        const limit = largest_magnitude(F.flat());
        choices.querySelectorAll("label").forEach(label => label.remove());
        choices.append(...F.map((kernels, k) => {
            const input = element("input", { type: "radio", name: "k", value: k, className: "hidden" });
            const canvas = element("canvas", { title: `Filter ${k}` });
            paint_tiles(canvas, kernels, COLUMNS, "SIGNED", limit);
            input.setAttribute("aria-label", `Filter ${k}`);
            input.addEventListener("change", () => choose(layer, k));
            return element("label", {}, input, canvas);
        }));
        choices.dataset.layer = layer;
    }

    function show(outputs, filter) {
        state = { X: outputs[filter.layer], O: outputs[filter.layer + 1], filter, ...network[filter.layer].params };
        if (place) place = place.map(each => Math.min(each, state.O[0].length - 1));
        for (const input of by_id("layer").querySelectorAll("input")) input.checked = Number(input.value) === filter.layer;
        if (choices.dataset.layer !== String(filter.layer)) offer(filter.layer, state);
        choices.querySelector(`input[value="${filter.k}"]`).checked = true;
        by_id("k").textContent = filter.k;
        paint();
    }

    function paint() {
        const { X, O, F, B, filter: { layer, k } } = state, at = place ?? largest_place(O[k]), terms = terms_at(X, F[k], at);
        paint_input(X, at);
        paint_weights(F[k]);
        paint_terms(terms, F[k]);
        const size = MAP_SIDE / O[k].length, context = paint_map(map, O[k], size, "SIGNED", { limit: largest_magnitude([O[k]]) });
        paint_frame(context, at[1] * size, at[0] * size, size, size);
        const sum = terms.flat().reduce((a, b) => a + b);
        by_id("input_title").textContent = layer ? `Input: ${X.length} maps` : "Input X";
        by_id("weights_title").textContent = layer ? `Filter ${k}: ${X.length} × 3 × 3 weights` : `Filter ${k}: 3 × 3 weights`;
        by_id("terms_title").textContent = layer ? "Sum of products, map by map" : "Products";
        by_id("map_title").textContent = `Map ${k}`;
        by_id("equation").replaceChildren(...equation(at, sum, B[k]));
    }

    function largest_place(map) {
        const largest = Math.max(...map.map(row => Math.max(...row))), row = map.findIndex(line => line.includes(largest));
        return [row, map[row].indexOf(largest)];
    }

    function equation([row, column], sum, bias) {
        const output = sum + bias;
        const cell = (kind, value) => element("span", { className: `value ${kind}`, textContent: number(value) });
        const where = element("span", { className: "where", textContent: `Row ${row}, column ${column}:` });
        const after = output > 0 ? "ReLU keeps it." : "ReLU makes it 0.";
        return [where, " sum ", cell("O", sum), " + bias ", cell("B", bias), " = ", cell("O", output), " ", after];
    }

    // The products for the pixel at `place`: for one input map each product, for many their sum in each map.
    function terms_at(X, F, [row, column]) {
        const window = F.map((kernel, c) => kernel.map((weights, i) => weights.map((weight, j) =>
            weight * (X[c][row + i - 1]?.[column + j - 1] ?? 0))));
        if (X.length === 1) return window[0].map(line => [...line]);
        const sums = window.map(kernel => kernel.reduce((all, line) => all + line.reduce((a, b) => a + b), 0));
        return Array.from({ length: COLUMNS }, (_, n) => sums.slice(n * COLUMNS, (n + 1) * COLUMNS));
    }

    function paint_input(X, [row, column]) {
        const canvas = by_id("input"), width = X[0].length;
        if (X.length === 1) {
            const size = MAP_SIDE / width, context = paint_map(canvas, X[0], size, "IMAGES");
            paint_frame(context, (column - 1) * size, (row - 1) * size, 3 * size, 3 * size);
            return;
        }
        const size = 8, context = paint_large(canvas, X, COLUMNS, size, "MAGNITUDES", largest_magnitude(X));
        X.forEach((_, n) => {
            const left = (n % COLUMNS) * (width + GAP), top = Math.floor(n / COLUMNS) * (width + GAP);
            context.save();
            context.beginPath();
            context.rect(left * size, top * size, width * size, width * size);
            context.clip();
            paint_frame(context, (left + column - 1) * size, (top + row - 1) * size, 3 * size, 3 * size, 1.5);
            context.restore();
        });
    }

    function paint_weights(F) {
        const parent = by_id("weights"), limit = largest_magnitude(F.flat().map(row => [row]));
        parent.className = `cells F ${F.length > 1 ? "many" : ""}`;
        parent.replaceChildren(...F.map(kernel => element("div", { className: "kernel" }, ...kernel.flatMap(row =>
            Array.from(row, weight => weight_cell(weight, limit, F.length === 1))))));
        const words = F.length === 1 ? F[0].map(row => Array.from(row, weight => number(weight)).join(", ")).join("; ") : `${F.length} kernels`;
        parent.setAttribute("aria-label", `Weights: ${words}`);
    }

    function weight_cell(weight, limit, with_number) {
        const cell = element("span", { textContent: with_number ? number(weight) : "" });
        if (!with_number) {
            cell.style.background = `rgb(${COLOURS.SIGNED[colour_index("SIGNED", weight, limit)]})`;
            cell.title = number(weight);
        }
        return cell;
    }

    function paint_terms(terms, F) {
        const parent = by_id("terms");
        parent.style.setProperty("--side", terms.length);
        parent.replaceChildren(...terms.flat().map(term => element("span", { textContent: number(term) })));
        parent.setAttribute("aria-label", `${F.length > 1 ? "Sums" : "Products"}: ${terms.flat().map(term => number(term)).join(", ")}`);
    }

    // --- the frame moves ---------------------------------------------------------------------------------------------

    function move_to(row, column) {
        const last = state.O[0].length - 1;
        place = [row, column].map(each => Math.min(last, Math.max(0, each)));
        paint();
    }

    function point(event) {
        const box = map.getBoundingClientRect(), side = state.O[0].length;
        move_to(Math.floor(((event.clientY - box.top) / box.height) * side), Math.floor(((event.clientX - box.left) / box.width) * side));
    }

    on_drag(map, point, true);
    on_arrows(map, ([x, y]) => {
        const [row, column] = place ?? largest_place(state.O[state.filter.k]);
        move_to(row + y, column + x);
        say_soon(by_id("equation").textContent);
    });
    return show;
}

// --- moving by pointer and by keys -----------------------------------------------------------------------------------

// Call point(event) while a pointer is down on a canvas, and for a mouse that hovers too if `hover`.
function on_drag(canvas, point, hover = false) {
    let pointer = null;
    canvas.addEventListener("pointerdown", event => {
        pointer = event.pointerId;
        canvas.setPointerCapture(pointer);
        point(event);
    });
    canvas.addEventListener("pointermove", event => {
        if (event.pointerId === pointer || (hover && event.pointerType === "mouse")) point(event);
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { pointer = null; });
}

function on_arrows(canvas, step) {
    canvas.addEventListener("keydown", event => {
        if (!MOVES[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        step(MOVES[event.key].map(Math.sign));
    });
}
