// Every layer to scale: its outputs above, and the gradients of the chosen score below.
"use strict";

const COLUMNS = 4; // maps in a row

// The maps of a layer's output: nodes become the pixels of one map.
function as_maps(array) {
    if (!(array instanceof Float64Array)) return array;
    const columns = nodes_in_row(array.length), rows = Math.ceil(array.length / columns);
    return [Array.from({ length: rows }, (_, row) => array.slice(row * columns, (row + 1) * columns))];
}

function nodes_in_row(length) {
    return length > 10 ? 8 : 1;
}

function make_strip(parent, network, choose, reading) {
    const stages = [{ name: "Input X", shape: [1, 28, 28], index: 0 }];
    WEIGHTS.layers.forEach(({ name, shape }, n) => {
        if (name !== "Flatten") stages.push({ name: `${n} ${short(name)}`, shape, index: n + 1 });
    });
    for (const stage of stages) {
        stage.above = element("canvas", { className: "tiles" });
        stage.below = element("canvas", { className: "tiles gradient" });
        stage.limits = [element("span", { className: "limit" }), element("span", { className: "limit" })];
        const boxes = [stage.above, stage.below].map((canvas, n) => {
            const words = `${n ? "Gradients" : "Outputs"} of ${stage.name}, shape ${stage.shape.join(" by ")}`;
            canvas.setAttribute("role", "img");
            canvas.setAttribute("aria-label", words);
            const mark = element("i", { className: "mark", hidden: true });
            const tiled = element("div", { className: "tiled" }, canvas, mark), box = element("div", { className: "box" }, tiled);
            if (stage.shape[0] === 10) tiled.append(element("span", { className: "names" }, ...DIGITS_10.map(digit => element("i", {}, `${digit}`))));
            canvas.addEventListener("pointermove", event => reading(describe(stage, canvas, n, event)));
            canvas.addEventListener("click", event => press(stage, canvas, event));
            return box;
        });
        stage.marks = boxes.map(box => box.querySelector(".mark"));
        const kind = stage.shape.length === 3 ? "maps" : stage.shape[0] > 10 ? "nodes" : "scores";
        const title = element("h3", {}, stage.name, element("span", { textContent: stage.shape.join(" × ") }));
        parent.append(element("div", { className: `stage ${kind}` }, title, boxes[0], stage.limits[0], boxes[1], stage.limits[1]));
    }

    function short(name) {
        return name === "FullyConnected" ? "Dense" : name;
    }

    function press(stage, canvas, event) {
        const found = stage.shape.length === 3 && stage.index && tile_at(canvas, event, as_maps(stage.O), COLUMNS);
        if (found) choose(stage.index > 3 ? 3 : 0, found.n);
    }

    function describe(stage, canvas, below, event) {
        const maps = as_maps(below ? stage.dC_dO : stage.O), found = tile_at(canvas, event, maps, COLUMNS);
        if (!found) return "";
        const { n, row, column } = found, what = below ? "dC/dO" : "O", value = number(maps[n][row][column], 4);
        const place = stage.shape.length === 1 ? `node ${row * nodes_in_row(stage.shape[0]) + column}` : `map ${n}, row ${row}, column ${column}`;
        return `${stage.name}, ${place}: ${what} = ${value}`;
    }

    return (outputs, gradients, filter) => {
        for (const stage of stages) {
            [stage.O, stage.dC_dO] = [outputs[stage.index], gradients[stage.index]];
            paint_stage(stage, stage.above, stage.limits[0], stage.O, kind_of(stage));
            paint_stage(stage, stage.below, stage.limits[1], stage.dC_dO, "SIGNED");
            const is_chosen = stage.shape.length === 3 && stage.index && (stage.index > 3) === (filter.layer === 3);
            for (const mark of stage.marks) frame(mark, stage.shape, is_chosen ? filter.k : null);
        }
    };

    function kind_of(stage) {
        if (stage.index === 0) return "IMAGES";
        return ["ReLU", "Pool2D"].includes(WEIGHTS.layers[stage.index - 1].name) ? "MAGNITUDES" : "SIGNED";
    }

    function paint_stage(stage, canvas, caption, array, kind) {
        const maps = as_maps(array), limit = kind === "SIGNED" ? usual_magnitude(maps) : largest_magnitude(maps);
        paint_tiles(canvas, maps, COLUMNS, kind, limit);
        canvas.style.setProperty("--columns", canvas.width);
        caption.textContent = kind === "SIGNED" ? `±${number(limit, limit < 0.1 ? 3 : 2)}` : number(limit, 2);
    }

    function frame(mark, [, height, width], n) {
        mark.hidden = n === null;
        const at = [n % COLUMNS * (width + GAP), Math.floor(n / COLUMNS) * (height + GAP), width, height];
        ["left", "top", "width", "height"].forEach((side, i) => mark.style.setProperty(`--${side}`, at[i]));
    }
}
