// Output size, padding and excluded pixels, as in cnn_core/shapes.py, and two drawings of the windows over an input.
//
// Equality   tests/site/test_drawings.py holds the numbers and the sentences equal to those of the notebooks.
// Colours    those of cnn_viz/base/palette.py, by class, in site.css.
"use strict";

// Return how a window moves over one dimension; padding is a number of pixels at both ends, or a name.
function geometry(size, kernel, stride, padding) {
    const [before, after] = paddingAmounts(size, kernel, stride, padding);
    const padded = size + before + after;
    if (kernel > padded) {
        const added = before === after ? `2*${before}` : `${before} + ${after}`;
        throw new RangeError(`the kernel (${kernel}) is larger than the padded input (${size} + ${added} = ${padded}). `
            + "Use a smaller kernel or more padding.");
    }
    const outputs = Math.floor((padded - kernel) / stride) + 1;
    const excluded = (padded - kernel) % stride;
    const starts = Array.from({ length: outputs }, (_, i) => i * stride); // of the windows, on the padded input
    const reached = Array.from({ length: padded }, (_, at) => starts.filter(start => start <= at && at < start + kernel).length);
    return { size, kernel, before, after, padded, outputs, excluded, starts, reached };
}

function paddingAmounts(size, kernel, stride, padding) {
    if (padding === "valid") return [0, 0];
    if (padding !== "same" && padding !== "include") return [padding, padding];
    const windows = Math.ceil(size / stride); // as many as start inside the input
    const missing = Math.max((windows - 1) * stride + kernel - size, 0);
    const before = padding === "same" ? Math.floor(missing / 2) : 0;
    return [before, missing - before];
}

// --- SVG ----------------------------------------------------------------------------------------------------------------

const CELL = 40, LINE = 18, EDGE = 3; // pixels: a cell, a line of text, the space for thick lines at the border
const LEAST_SHRUNK = 0.7;
let patterns = 0;

function svg(tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
}

function canvas(width, height, sentence) {
    const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": sentence });
    picture.style.minWidth = `${LEAST_SHRUNK * width}px`; // on a narrow page; then it scrolls
    const hatching = svg("pattern", { id: `hatching-${++patterns}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" });
    hatching.append(svg("path", { d: "M-2 2 2 -2M0 8 8 0M6 10 10 6", class: "hatching" }));
    picture.append(hatching);
    return picture;
}

// Draw an array of cells with their texts; `kind` gives the classes of a cell.
function drawCells(picture, left, top, rows, columns, text, kind) {
    for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
            const x = left + column * CELL, y = top + row * CELL, classes = kind(row, column);
            const box = { x, y, width: CELL, height: CELL };
            picture.append(svg("rect", { ...box, class: `cell ${classes}` }));
            if (classes.includes("unreached")) picture.append(svg("rect", { ...box, fill: `url(#hatching-${patterns})` }));
            picture.append(svg("text", { x: x + CELL / 2, y: y + CELL / 2, class: "number" }, text(row, column)));
        }
    }
}

function outline(picture, left, top, [row, column, rows, columns], classes) {
    const box = { x: left + column * CELL, y: top + row * CELL, width: columns * CELL, height: rows * CELL };
    picture.append(svg("rect", { ...box, class: `outline ${classes}` }));
}

const counted = (n, name) => `${n} ${name}${n === 1 ? "" : "s"}`;
const numberOrName = text => /^\d+$/.test(text) ? Number(text) : text;

// --- the drawings -------------------------------------------------------------------------------------------------------

const drawings = { reach, line };

function reach(...texts) {
    const [H, W, kH, kW, strideH, strideW] = texts.map(Number), padding = texts.at(-1);
    const [paddingH, paddingW] = padding.startsWith("(") ? padding.match(/\d+/g).map(Number) : Array(2).fill(numberOrName(padding));
    let rows, columns;
    try {
        rows = geometry(H, kH, strideH, paddingH);
        columns = geometry(W, kW, strideW, paddingW);
    } catch (error) {
        return { sentence: `output_size: ${error.message}`, height: 0 };
    }
    const shown = /^[a-z]/.test(padding) ? `'${padding}'` : padding;
    const sentence = `Kernel (${kH}, ${kW}), stride (${strideH}, ${strideW}), padding ${shown}: O (${rows.outputs}, `
        + `${columns.outputs}), left over: rows ${rows.excluded}, columns ${columns.excluded}.`;
    return { sentence, ...drawReach(rows, columns, sentence) };
}

function drawReach(rows, columns, sentence) {
    const top = LINE + EDGE, arrow = 2 * CELL, right = EDGE + columns.padded * CELL + arrow;
    const height = rows.padded * CELL, below = top + height + LINE;
    const titles = [`X (${rows.size}, ${columns.size})`, `O (${rows.outputs}, ${columns.outputs})`];
    if (rows.padded * columns.padded > rows.size * columns.size) titles[0] += ` padded (${rows.padded}, ${columns.padded})`;
    const width = Math.max(right + Math.max(columns.outputs * CELL, 80) + EDGE, 270);
    const picture = canvas(width, below + 2 * LINE, sentence);
    const ends = [[0, 0], [rows.outputs - 1, columns.outputs - 1]]; // the first and the last window
    const inWindow = (row, column) => ends.some(([i, j]) => isUnder(rows, i, row) && isUnder(columns, j, column));
    drawCells(picture, EDGE, top, rows.padded, columns.padded, (row, column) => rows.reached[row] * columns.reached[column],
        (row, column) => kindOf(rows, row, columns, column) + (inWindow(row, column) ? " marked" : ""));
    outline(picture, EDGE, top, [rows.before, columns.before, rows.size, columns.size], "X");
    for (const [i, j] of ends) outline(picture, EDGE, top, [rows.starts[i], columns.starts[j], rows.kernel, columns.kernel], "frame");
    const middle = top + (height - rows.outputs * CELL) / 2;
    drawCells(picture, right, middle, rows.outputs, columns.outputs, (row, column) => row * columns.outputs + column + 1,
        (row, column) => ends.some(([i, j]) => i === row && j === column) ? "O marked" : "O");
    outline(picture, right, middle, [0, 0, rows.outputs, columns.outputs], "O");
    for (const [i, j] of ends) outline(picture, right, middle, [i, j, 1, 1], "frame");
    picture.append(svg("text", { x: EDGE, y: top - 8 }, titles[0]), svg("text", { x: right, y: middle - 8 }, titles[1]));
    picture.append(svg("text", { x: right - arrow / 2, y: top + height / 2, class: "number arrow" }, "→"));
    picture.append(svg("text", { x: EDGE, y: below }, "in X: how many windows reach the pixel"));
    picture.append(svg("text", { x: EDGE, y: below + LINE }, "in O: the number of the window"));
    return { svg: picture, height: below + 2 * LINE };
}

const isUnder = (side, window, at) => side.starts[window] <= at && at < side.starts[window] + side.kernel;
const isInside = (side, at) => side.before <= at && at < side.before + side.size;

function kindOf(rows, row, columns, column) {
    const array = isInside(rows, row) && isInside(columns, column) ? "X" : "padding";
    return array + (rows.reached[row] * columns.reached[column] ? "" : " unreached");
}

function line(...texts) {
    const [size, kernel, stride, padding] = texts.map(Number);
    let plan;
    try {
        plan = geometry(size, kernel, stride, padding);
    } catch (error) {
        return { sentence: `draw_line_windows: ${error.message}`, height: 0 };
    }
    const sentence = `Left over at the end: ${plan.excluded}. Of the image: ${Math.max(plan.excluded - padding, 0)}.`;
    return { sentence, ...drawLine(plan, stride, sentence) };
}

function drawLine(plan, stride, sentence) {
    const levels = Math.min(Math.ceil(plan.kernel / stride), plan.outputs), step = 22;
    const top = LINE + EDGE + levels * step, rest = `${plan.excluded} left over${plan.before + plan.after ? " (padding included)" : ""}`;
    const picture = canvas(Math.max(plan.padded * CELL + 2 * EDGE, 380), top + CELL + EDGE, sentence);
    const one = { reached: [1], before: 0, size: 1 };
    picture.append(svg("text", { x: EDGE, y: LINE - 4 }, `${counted(plan.size, "pixel")}: ${counted(plan.outputs, "window")}, ${rest}`));
    plan.starts.forEach((start, number) => {
        const left = EDGE + start * CELL + 4, right = EDGE + (start + plan.kernel) * CELL - 4;
        const y = LINE + EDGE + (number % levels + 0.5) * step, middle = (left + right) / 2;
        picture.append(svg("path", { d: `M${left} ${y + 6}V${y}H${right}V${y + 6}`, class: "bracket" }));
        picture.append(svg("text", { x: middle, y, class: "number on-line" }, number));
    });
    drawCells(picture, EDGE, top, 1, plan.padded, (_, at) => isInside(plan, at) ? at - plan.before : "", (_, at) => kindOf(one, 0, plan, at));
    outline(picture, EDGE, top, [0, plan.before, 1, plan.size], "X");
    return { svg: picture, height: top + CELL + EDGE };
}
