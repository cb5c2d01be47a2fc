// The ink of strokes, and a drawing in the form of MNIST's digits: cnn_viz/images/strokes.py and centring.py again.
//
// Strokes    lists of points [x, y] in hundredths of the pad's side, x to the right and y down.
// Ink        a list of rows, values 0..1.
"use strict";

const UNITS = 100, PEN = 8, INK_SIDE = 112; // of a point; the width of a stroke in units; pixels of the ink's side
const SIDE = 28, BOX = 20, CENTRE = 14; // pixels: the result, the digit in it, the place of its centre of mass

function ink_of(strokes) {
    const ink = zeros(INK_SIDE, INK_SIDE), scale = INK_SIDE / UNITS;
    for (const stroke of strokes) {
        const points = stroke.map(point => point.map(each => each * scale));
        points.forEach((to, n) => draw_line(ink, points[Math.max(0, n - 1)], to, (PEN * scale) / 2));
    }
    return ink;
}

// Raise ink to the share of each pixel that a round pen covers on its way between two points.
function draw_line(ink, from, to, radius) {
    const reach = radius + 1;
    const first = [0, 1].map(axis => Math.max(0, Math.floor(Math.min(from[axis], to[axis]) - reach)));
    const last = [0, 1].map(axis => Math.min(INK_SIDE - 1, Math.ceil(Math.max(from[axis], to[axis]) + reach)));
    for (let row = first[1]; row <= last[1]; row++) {
        for (let column = first[0]; column <= last[0]; column++) {
            const covered = radius + 0.5 - distance([column + 0.5, row + 0.5], from, to);
            ink[row][column] = Math.max(ink[row][column], Math.min(covered, 1));
        }
    }
}

function distance([x, y], [x0, y0], [x1, y1]) {
    const dx = x1 - x0, dy = y1 - y0, squared = dx * dx + dy * dy;
    const along = squared ? Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / squared)) : 0;
    return Math.hypot(x - x0 - along * dx, y - y0 - along * dy);
}

// Crop to the ink, scale the longer side to 20 pixels, and place the centre of mass near pixel (14, 14).
function centre_digit(ink) {
    const rows = places(ink.map(row => row.some(value => value > 0)));
    const columns = places(Array.from(ink[0], (_, column) => ink.some(row => row[column] > 0)));
    if (!rows.length) return zeros(SIDE, SIDE);
    const cropped = ink.slice(rows[0], rows.at(-1) + 1).map(row => row.slice(columns[0], columns.at(-1) + 1));
    return placed(scaled(cropped));
}

function places(marks) {
    return marks.flatMap((mark, n) => (mark ? [n] : []));
}

function scaled(ink) {
    const longer = Math.max(ink.length, ink[0].length);
    const [height, width] = [ink.length, ink[0].length].map(side => Math.max(1, round_half_even((BOX * side) / longer)));
    const small = transposed(resized(transposed(resized(ink, width)), height));
    const strongest = Math.max(...small.map(row => Math.max(...row)));
    return small.map(row => row.map(value => value / strongest));
}

// As Python rounds: of two whole numbers that are equally near, the even one.
function round_half_even(number) {
    const below = Math.floor(number);
    return number - below === 0.5 ? below + (below % 2) : Math.round(number);
}

// Return rows of another length: each pixel is a mean, weighted by a triangle as wide as two of the larger pixels.
function resized(rows, length) {
    const step = rows[0].length / length, support = Math.max(step, 1);
    const windows = Array.from({ length }, (_, n) => {
        const centre = (n + 0.5) * step;
        const first = Math.max(0, Math.floor(centre - support + 0.5));
        const end = Math.min(rows[0].length, Math.floor(centre + support + 0.5));
        const weights = Array.from({ length: end - first }, (_, i) => Math.max(0, 1 - Math.abs(first + i + 0.5 - centre) / support));
        const sum = weights.reduce((a, b) => a + b);
        return { first, weights: weights.map(weight => weight / sum) };
    });
    return rows.map(row => Float64Array.from(windows, ({ first, weights }) =>
        weights.reduce((sum, weight, i) => sum + weight * row[first + i], 0)));
}

function transposed(rows) {
    return Array.from(rows[0], (_, column) => Float64Array.from(rows, row => row[column]));
}

function placed(ink) {
    const top = margin(ink.map(row => row.reduce((a, b) => a + b)));
    const left = margin(transposed(ink).map(column => column.reduce((a, b) => a + b)));
    const image = zeros(SIDE, SIDE);
    ink.forEach((row, n) => image[top + n].set(row, left));
    return image;
}

function margin(sums) {
    const mean = sums.reduce((sum, each, n) => sum + each * n, 0) / sums.reduce((a, b) => a + b);
    const nearest = Math.ceil(CENTRE - mean - 0.500001); // of two equally near, the upper or left one, in spite of rounding
    return Math.min(Math.max(nearest, 0), SIDE - sums.length);
}
