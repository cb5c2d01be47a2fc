// Arrays as pictures on canvases, in the colours of the palette (colours.js).
//
// IMAGES for images 0..1, MAGNITUDES for values from 0 to `limit`, SIGNED for values from -limit to limit.
"use strict";

const INK = "#1A1A1A", GAP = 1; // the colour of lines; pixels of a map between two maps

function largest_magnitude(maps) {
    let limit = 0;
    for (const map of maps) for (const row of map) for (const value of row) limit = Math.max(limit, Math.abs(value));
    return limit;
}

// The magnitude that 99 of 100 numbers do not exceed: a few large ones would make all others pale.
function usual_magnitude(maps) {
    const magnitudes = new Float64Array(maps.length * maps[0].length * maps[0][0].length);
    let next = 0;
    for (const map of maps) for (const row of map) for (const value of row) magnitudes[next++] = Math.abs(value);
    magnitudes.sort();
    return magnitudes[Math.floor(0.99 * (magnitudes.length - 1))] || magnitudes.at(-1);
}

function colour_index(kind, value, limit) {
    const share = kind === "IMAGES" ? value : kind === "MAGNITUDES" ? value / (limit || 1) : 0.5 + value / (2 * limit || 1);
    return Math.round(255 * Math.min(1, Math.max(0, share)));
}

// The colours as numbers of 32 bits, as a canvas stores its pixels: alpha, blue, green, red.
const PIXELS = Object.fromEntries(Object.entries(COLOURS).map(([kind, colours]) =>
    [kind, Uint32Array.from(colours, ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red)]));

// Paint maps side by side, `columns` in a row: one pixel of the canvas for each pixel of a map.
function paint_tiles(canvas, maps, columns, kind, limit) {
    const [height, width] = [maps[0].length, maps[0][0].length], rows = Math.ceil(maps.length / columns);
    canvas.width = Math.min(columns, maps.length) * (width + GAP) - GAP;
    canvas.height = rows * (height + GAP) - GAP;
    const context = canvas.getContext("2d"), picture = context.createImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(picture.data.buffer);
    maps.forEach((map, n) => map.forEach((row, i) => {
        const start = (Math.floor(n / columns) * (height + GAP) + i) * canvas.width + (n % columns) * (width + GAP);
        for (let j = 0; j < width; j++) pixels[start + j] = PIXELS[kind][colour_index(kind, row[j], limit)];
    }));
    context.putImageData(picture, 0, 0);
}

// Paint such tiles with pixels of `size`.
function paint_large(canvas, maps, columns, size, kind, limit) {
    const small = document.createElement("canvas");
    paint_tiles(small, maps, columns, kind, limit);
    canvas.width = small.width * size;
    canvas.height = small.height * size;
    const context = Object.assign(canvas.getContext("2d"), { imageSmoothingEnabled: false });
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    return context;
}

// Return { n, row, column } of the map and its pixel at a place of such a canvas, or null between two maps.
function tile_at(canvas, event, maps, columns) {
    const box = canvas.getBoundingClientRect(), height = maps[0].length + GAP, width = maps[0][0].length + GAP;
    const x = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
    const n = Math.floor(y / height) * columns + Math.floor(x / width), row = y % height, column = x % width;
    const inside = x >= 0 && y >= 0 && row < height - GAP && column < width - GAP && maps[n] && x < columns * width;
    return inside ? { n, row, column } : null;
}

// Paint one map with cells of `size` pixels; with a dash on clearly negative cells, and the outline of an image.
function paint_map(canvas, map, size, kind, { limit = 1, outline = null } = {}) {
    const context = paint_large(canvas, [map], 1, size, kind, limit);
    if (kind === "SIGNED") map.forEach((row, i) => row.forEach((value, j) => {
        if (value >= -0.1 * limit) return;
        context.fillStyle = value < -0.65 * limit ? "white" : INK;
        context.fillRect((j + 0.25) * size, (i + 0.5) * size - 0.75, size / 2, 1.5);
    }));
    if (outline) paint_outline(context, outline, size);
    return context;
}

function paint_outline(context, image, size) {
    const is_ink = (i, j) => image[i]?.[j] > 0.5;
    context.fillStyle = INK;
    image.forEach((row, i) => row.forEach((_, j) => {
        if (is_ink(i, j) !== is_ink(i - 1, j)) context.fillRect(j * size - 1, i * size - 1, size + 2, 2);
        if (is_ink(i, j) !== is_ink(i, j - 1)) context.fillRect(j * size - 1, i * size - 1, 2, size + 2);
    }));
}

// Frame a rectangle of cells: ink on white, which is seen on any ground.
function paint_frame(context, left, top, width, height, line_width = 3) {
    for (const [colour, line] of [["white", 2 * line_width], [INK, line_width]]) {
        Object.assign(context, { strokeStyle: colour, lineWidth: line });
        context.strokeRect(left, top, width, height);
    }
}
