// The trained network from weights.js: numbers of 16 bits, written as text, so that the page also works from a file.
//
// WEIGHTS    { layers: [{ name, params: { F: { shape, start }, ... } }], float16 }: `start` counts numbers.
"use strict";

function float16(bits) {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 0x1f, fraction = bits & 0x3ff;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

function read_model({ layers, float16: text }) {
    const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0));
    const numbers = Float64Array.from(new Uint16Array(bytes.buffer), float16);
    return layers.map(({ name, params }) => {
        const arrays = Object.entries(params).map(([key, { shape, start }]) => [key, shaped(numbers, start, shape)]);
        return { name, params: Object.fromEntries(arrays), ...LAYERS[name](Object.fromEntries(arrays)) };
    });
}

function shaped(numbers, start, [size, ...others]) {
    if (!others.length) return numbers.slice(start, start + size);
    const part = others.reduce((a, b) => a * b);
    return Array.from({ length: size }, (_, n) => shaped(numbers, start + n * part, others));
}
