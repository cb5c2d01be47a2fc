// A convolutional network in plain JavaScript: forward, and backward to the input.
//
// Shapes     one image, so there is no N: X (C, H, W), F (K, C, kH, kW), B (K,), O (K, H, W). Arrays are lists of lists,
//            the last axis is a Float64Array: X[c][row][column].
// Python     cnn_core has functions of the same names. explained.html shows both side by side.
"use strict";

function zeros(size, ...others) {
    return others.length ? Array.from({ length: size }, () => zeros(...others)) : new Float64Array(size);
}

// Call f with the entries of arrays of one shape, and return the results in that shape.
function entrywise(f, A, ...others) {
    const inner = A instanceof Float64Array ? f : (...parts) => entrywise(f, ...parts);
    return A.map((part, n) => inner(part, ...others.map(other => other[n])));
}

// --- convolution, stride 1, padding 'same' ---------------------------------------------------------------------------

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
                for (let j = 0; j < B[0].length; j++) sum += A[row + i][column + j] * B[i][j];
            }
            O[row][column] += sum;
        }
    }
}

function conv2d_forward(X, F, B) {
    const Xp = X.map(map => pad(map, (F[0][0].length - 1) / 2));
    const O = zeros(F.length, X[0].length, X[0][0].length);
    for (let k = 0; k < F.length; k++) {
        for (let c = 0; c < X.length; c++) add_convolution(O[k], Xp[c], F[k][c]);
        O[k].forEach(row => row.forEach((sum, column) => { row[column] = sum + B[k]; }));
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
        for (let c = 0; c < X.length; c++) add_convolution(dC_dX[c], dC_dOp[k], rotated(F[k][c]));
    }
    return dC_dX;
}

// --- pooling: the largest of 2 by 2 pixels ---------------------------------------------------------------------------

function largest(map, row, column) {
    let chosen = [2 * row, 2 * column];
    for (const [i, j] of [[0, 1], [1, 0], [1, 1]]) {
        const pixel = [2 * row + i, 2 * column + j];
        if (map[pixel[0]][pixel[1]] > map[chosen[0]][chosen[1]]) chosen = pixel;
    }
    return chosen;
}

function pool2d_forward(X) {
    const O = zeros(X.length, X[0].length / 2, X[0][0].length / 2);
    O.forEach((map, c) => map.forEach((line, row) => line.forEach((_, column) => {
        const [i, j] = largest(X[c], row, column);
        line[column] = X[c][i][j];
    })));
    return O;
}

function pool2d_backward(dC_dO, X) {
    const dC_dX = zeros(X.length, X[0].length, X[0][0].length);
    dC_dO.forEach((map, c) => map.forEach((line, row) => line.forEach((gradient, column) => {
        const [i, j] = largest(X[c], row, column);
        dC_dX[c][i][j] += gradient;
    })));
    return dC_dX;
}

// --- ReLU, Flatten, the fully connected layer, softmax ---------------------------------------------------------------

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
    X.forEach((x, input) => W[input].forEach((w, node) => { O[node] += x * w; }));
    return O;
}

function dense_backward(dC_dO, W) {
    return Float64Array.from(W, weights => weights.reduce((sum, w, node) => sum + w * dC_dO[node], 0));
}

function softmax_forward(X) {
    const powers = X.map(x => Math.exp(x - Math.max(...X)));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map(power => power / sum);
}

// --- the layers, and the whole network -------------------------------------------------------------------------------

const LAYERS = {
    Conv2D: ({ F, B }) => ({ forward: X => conv2d_forward(X, F, B), backward: (dC_dO, X) => conv2d_backward(dC_dO, X, F) }),
    ReLU: () => ({ forward: relu_forward, backward: relu_backward }),
    Pool2D: () => ({ forward: pool2d_forward, backward: pool2d_backward }),
    Flatten: () => ({ forward: flatten_forward, backward: flatten_backward }),
    FullyConnected: ({ W, B }) => ({ forward: X => dense_forward(X, W, B), backward: dC_dO => dense_backward(dC_dO, W) }),
};

// Return the input of the first layer and the output of every layer.
function forward_pass(layers, X) {
    const outputs = [X];
    for (const layer of layers) outputs.push(layer.forward(outputs.at(-1)));
    return outputs;
}

// Return dC/dX of every layer, the first of them with respect to the image, and dC/dO of the last layer.
function backward_pass(layers, dC_dO, outputs) {
    const gradients = [dC_dO];
    for (let index = layers.length - 1; index >= 0; index--) {
        gradients.unshift(layers[index].backward(gradients[0], outputs[index]));
    }
    return gradients;
}
