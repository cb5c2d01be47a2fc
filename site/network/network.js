// A convolutional network in plain JavaScript: forward, and backward to the
// input.
//
// Shapes     one image, so there is no N: X (C, H, W), F (K, C, kH, kW),
//            B (K,), O (K, H, W). Arrays are lists of lists, the last axis is
//            a Float64Array: X[c][row][column].
// Python     cnn_core has functions of the same names; explained.html shows
//            both side by side.
"use strict";

function zeros(size, ...others) {
    if (!others.length) return new Float64Array(size);
    return Array.from({ length: size }, () => zeros(...others));
}

// Return f(a, b, ...) of all entries of arrays A, B, ... of one shape.
function entrywise(f, A, ...others) {
    const is_row = A instanceof Float64Array;
    const inner = is_row ? f : (...parts) => entrywise(f, ...parts);
    return A.map((part, n) => inner(part, ...others.map(other => other[n])));
}

// --- convolution, stride 1, padding 'same' ----------------------------------

function pad(A, amount) {
    const padded = zeros(A.length + 2 * amount, A[0].length + 2 * amount);
    A.forEach((row, n) => padded[n + amount].set(row, amount));
    return padded;
}

function add_convolution(O, A, B) {
    for (let row = 0; row < O.length; row++) {
        for (let column = 0; column < O[0].length; column++) {
            let sum = 0;
            for (let i = 0; i < B.length; i++) {
                for (let j = 0; j < B[0].length; j++) {
                    sum += A[row + i][column + j] * B[i][j];
                }
            }
            O[row][column] += sum;
        }
    }
}

function conv2d_forward(X, F, B) {
    const Xp = X.map(map => pad(map, (F[0][0].length - 1) / 2));
    const O = zeros(F.length, X[0].length, X[0][0].length);
    for (let k = 0; k < F.length; k++) {
        O[k].forEach(row => row.fill(B[k]));
        for (let c = 0; c < X.length; c++) {
            add_convolution(O[k], Xp[c], F[k][c]);
        }
    }
    return O;
}

function rotated(A) {
    return A.map(row => row.toReversed()).toReversed();
}

function conv2d_backward(dC_dO, X, F) {
    const dC_dOp = dC_dO.map(map => pad(map, (F[0][0].length - 1) / 2));
    const dC_dX = zeros(X.length, X[0].length, X[0][0].length);
    for (let k = 0; k < F.length; k++) {
        for (let c = 0; c < X.length; c++) {
            add_convolution(dC_dX[c], dC_dOp[k], rotated(F[k][c]));
        }
    }
    return dC_dX;
}

// --- pooling: the largest of 2 by 2 pixels ----------------------------------

// Call f(c, row, column, i, j) for every window; [i, j] is its largest pixel.
function each_window(X, f) {
    for (let c = 0; c < X.length; c++) {
        for (let row = 0; row < X[c].length / 2; row++) {
            for (let column = 0; column < X[c][0].length / 2; column++) {
                f(c, row, column, ...largest(X[c], 2 * row, 2 * column));
            }
        }
    }
}

function largest(map, top, left) {
    const [bottom, right] = [top + 1, left + 1];
    let [i, j] = [top, left];
    for (const [m, n] of [[top, right], [bottom, left], [bottom, right]]) {
        if (map[m][n] > map[i][j]) [i, j] = [m, n];
    }
    return [i, j];
}

function pool2d_forward(X) {
    const O = zeros(X.length, X[0].length / 2, X[0][0].length / 2);
    each_window(X, (c, row, column, i, j) => {
        O[c][row][column] = X[c][i][j];
    });
    return O;
}

function pool2d_backward(dC_dO, X) {
    const dC_dX = zeros(X.length, X[0].length, X[0][0].length);
    each_window(X, (c, row, column, i, j) => {
        dC_dX[c][i][j] += dC_dO[c][row][column];
    });
    return dC_dX;
}

// --- ReLU, Flatten, the fully connected layer, softmax ----------------------

function relu_forward(X) {
    return entrywise(x => Math.max(x, 0), X);
}

function relu_backward(dC_dO, X) {
    return entrywise((gradient, x) => (x > 0 ? gradient : 0), dC_dO, X);
}

function flatten_forward(X) {
    return Float64Array.from(X.flatMap(map => map.flatMap(row => [...row])));
}

function flatten_backward(dC_dO, X) {
    let next = 0;
    return entrywise(() => dC_dO[next++], X);
}

function dense_forward(X, W, B) {
    const O = B.slice();
    X.forEach((x, n) => W[n].forEach((w, node) => { O[node] += x * w; }));
    return O;
}

function dense_backward(dC_dO, W) {
    const dot = row => row.reduce((sum, w, n) => sum + w * dC_dO[n], 0);
    return Float64Array.from(W, dot);
}

function softmax_forward(X) {
    const largest = Math.max(...X);
    const powers = X.map(x => Math.exp(x - largest));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map(power => power / sum);
}

// --- the layers, and the whole network --------------------------------------

const LAYERS = {
    Conv2D: ({ F, B }) => ({
        forward: X => conv2d_forward(X, F, B),
        backward: (dC_dO, X) => conv2d_backward(dC_dO, X, F),
    }),
    ReLU: () => ({ forward: relu_forward, backward: relu_backward }),
    Pool2D: () => ({ forward: pool2d_forward, backward: pool2d_backward }),
    Flatten: () => ({ forward: flatten_forward, backward: flatten_backward }),
    FullyConnected: ({ W, B }) => ({
        forward: X => dense_forward(X, W, B),
        backward: dC_dO => dense_backward(dC_dO, W),
    }),
};

// Return the input of the first layer and the output of every layer.
function forward_pass(layers, X) {
    const outputs = [X];
    for (const layer of layers) outputs.push(layer.forward(outputs.at(-1)));
    return outputs;
}

// Return dC/dX of the first layer and dC/dO of every layer.
function backward_pass(layers, dC_dO, outputs) {
    const gradients = [dC_dO];
    for (let index = layers.length - 1; index >= 0; index--) {
        const X = outputs[index];
        gradients.unshift(layers[index].backward(gradients[0], X));
    }
    return gradients;
}
