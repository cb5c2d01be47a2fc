"""Bad input to the public API: an error of the right kind that names the function or class, and nothing has changed.

Each case is called on a State (a model and its optimiser in the middle of a training, single layers, arrays, a model
file, a folder), whose every number is hashed before and after. The messages themselves are tested once, with their
checks (tests/test_checks.py) or their modules.
"""

import copy
import hashlib
import os
import pickle
import re

import numpy as np
import pytest

import cnn_core as cnn
from cnn_core import (
    Adam,
    BatchNorm2D,
    Conv2D,
    CrossEntropy,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAveragePool2D,
    LeakyReLU,
    MeanSquaredError,
    Model,
    Pool2D,
    ReLU,
    Softmax,
    WeightAverage,
)
from cnn_viz import Field, Steps, explore
from cnn_viz.base.figures import new_figure
from cnn_viz.interactive.states import draw_state, draw_state_or_reason


class State:
    """A model and its optimiser after one step of a training, and everything else that a call may be given."""

    def __init__(self, folder):
        self.rng = np.random.default_rng(3)
        self.X = self.rng.normal(size=(12, 1, 6, 6)).astype(np.float32)
        self.y = np.arange(12) % 3
        self.one_hot = np.eye(3)[self.y]
        self.F, self.W = self.rng.normal(size=(2, 1, 3, 3)), self.rng.normal(size=(36, 3))
        self.model = Model([Conv2D(2), ReLU(), Pool2D(), Flatten(), FullyConnected(3)], (1, 6, 6))
        self.optimiser = Adam(0.01)
        self.records = cnn.fit(self.model, self.X, self.y, self.optimiser, CrossEntropy(), epochs=2, batch_size=5)
        next(self.records)
        self.model.forward(self.X[:5])
        self.other = Model([Flatten(), FullyConnected(3)], (1, 6, 6))
        self.built = Conv2D(2)
        self.built.backward(np.ones_like(self.built.forward(self.X)))
        self.new = Conv2D(2)
        self.deep = Model([Conv2D(2), BatchNorm2D(), Dropout(), GlobalAveragePool2D(), FullyConnected(3)], (1, 6, 6))
        self.average = WeightAverage()
        fit(self, model=self.deep, optimiser=Adam(), average=self.average)
        self.norm = BatchNorm2D()
        self.norm.forward(self.one_hot)
        self.folder = folder
        self.path = folder / "model.npz"
        self.model.save(self.path)
        (folder / "images.idx").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 5]) + b"12345")
        (folder / "text.gz").write_bytes(b"<html>")
        for array in (self.X, self.y, self.one_hot, self.F, self.W):
            array.flags.writeable = False

    def with_value(self, index, value):
        """Return the images with another value at an index."""
        X = self.X.copy()
        X[index] = value
        return X

    def numbers(self):
        """Yield everything that an error must leave unchanged."""
        yield from (self.X, self.y, self.one_hot, self.F, self.W, self.rng.bit_generator.state)
        for model in (self.model, self.other, self.deep):
            yield from (model.rng.bit_generator.state, model.shapes, model.dtype, len(model.layers))
        for layer in (*self.model.layers, *self.other.layers, *self.deep.layers, self.built, self.new, self.norm):
            yield {name: value for name, value in sorted(vars(layer).items()) if not callable(value)}
        yield from (self.optimiser.steps, self.optimiser.state, self.optimiser.owner is not None)
        yield from (self.average.params, self.average.source is self.deep)
        yield np.random.get_state()  # noqa: NPY002
        yield {name: (self.folder / name).read_bytes() for name in sorted(os.listdir(self.folder))}

    def fingerprint(self):
        return [hashlib.sha256(pickle.dumps(copy.deepcopy(each))).hexdigest() for each in self.numbers()]


@pytest.fixture
def state(tmp_path):
    return State(tmp_path)


def fit(state, **changes):
    """Call fit with some arguments changed, and ask for all its records."""
    arguments = {"model": state.model, "X": state.X, "y": state.y, "optimiser": state.optimiser, "loss": CrossEntropy()}
    return list(cnn.fit(**arguments | changes))


def triples(state, **changes):
    """Return the model's triples (key, parameter, gradient), with parts of the first one replaced."""
    first, *rest = state.model.parameters()
    return [tuple(changes.get(name, part) for name, part in zip(("key", "param", "grad"), first, strict=True)), *rest]


def masked(array):
    """Return an array whose second entry is masked."""
    return np.ma.array(array, mask=np.arange(array.size).reshape(array.shape) == 1)


LAYERS = {
    "stride-array": (lambda s: Conv2D(2, stride=np.ones((2,) * 12)), TypeError, "^Conv2D: stride .* with shape"),
    "padding-long": (
        lambda s: Conv2D(2, padding="x" * 5000),
        ValueError,
        r"^Conv2D: unknown padding 'xxx.* \.\.\.\. Ch",
    ),
    "unknown-argument": (lambda s: Conv2D(2, filters=3), TypeError, "filters"),
    "pool-padding": (lambda s: Pool2D(2, padding=2), ValueError, "^Pool2D: padding"),
    "nodes": (lambda s: FullyConnected(0), ValueError, "^FullyConnected: num_nodes"),
    "slope": (lambda s: LeakyReLU(1), ValueError, "^LeakyReLU: slope"),
}

ARRAYS = {
    "model-forward": (lambda s: s.model.forward(s.X[0]), ValueError, r"^Model: X .*X\[None\]"),
    "model-predict": (lambda s: s.model.predict(np.zeros((2, 1, 7, 7))), ValueError, "^Model: X has shape"),
    "model-text": (lambda s: s.model.forward("images"), TypeError, "^Model: X"),
    "model-objects": (lambda s: s.model.predict(s.X.astype(object)), TypeError, "^Model: X"),
    "built-channels": (lambda s: s.built.forward(np.zeros((1, 2, 6, 6))), ValueError, "^Conv2D: expected 1 channel"),
    "built-small": (lambda s: s.built.forward(s.X[..., :2]), ValueError, "^Conv2D: the kernel"),
    "new-small": (lambda s: s.new.forward(s.X[:, :, :2]), ValueError, "^Conv2D: the kernel"),
    "new-row": (lambda s: s.new.forward(np.zeros((2, 6))), ValueError, r"^Conv2D: .*\(C, H, W\)"),
    "new-number": (lambda s: s.new.forward(5.0), ValueError, "^Conv2D: X must have the batch axis N in front"),
    "new-text": (lambda s: s.new.forward("x"), TypeError, "^Conv2D: X"),
    "dense-image": (lambda s: FullyConnected(3).forward(s.X), ValueError, r"^FullyConnected: .*Put a Flatten\(\) bef"),
    "conv-channels": (
        lambda s: cnn.conv2d_forward(s.X, np.ones((2, 3, 3, 3))),
        ValueError,
        "^conv2d_forward: X has 1 ch",
    ),
    "conv-biases": (lambda s: cnn.conv2d_forward(s.X, s.F, np.ones(3)), ValueError, "^conv2d_forward: B has shape"),
    "conv-gradient": (lambda s: cnn.conv2d_backward(s.X, s.X, s.F), ValueError, "^conv2d_backward: dC_dO has shape"),
    "pool-gradient": (lambda s: cnn.pool2d_backward(s.X, s.X), ValueError, "^pool2d_backward: dC_dO has shape"),
    "dense-inputs": (lambda s: cnn.dense_forward(s.one_hot, s.W), ValueError, "^dense_forward: X has 3 inputs"),
    "relu-gradient": (lambda s: cnn.relu_backward(s.X[:3], s.X), ValueError, "^relu_backward: dC_dO has shape"),
    "softmax-number": (lambda s: cnn.softmax_forward(3.0), ValueError, "^softmax_forward: X must have at least one"),
    "dilate-row": (lambda s: cnn.dilate(np.ones(3), 2), ValueError, "^dilate: dC_dO must have at least 2 dimensions"),
    "convolve-3-d": (lambda s: cnn.convolve(s.X[0], s.F[0]), ValueError, "^convolve: A must have 2 dimensions"),
    "output-size": (lambda s: cnn.output_size(2, 5), ValueError, "^output_size: the kernel"),
    "excluded-pixels": (lambda s: cnn.excluded_pixels(0, 3), ValueError, "^excluded_pixels: size"),
}

MASKED = {
    "forward": (lambda s: s.model.forward(masked(s.X)), ValueError, "^Model: X has masked entries"),
    "predict": (lambda s: s.model.predict(masked(s.X)), ValueError, "^Model: X has masked entries"),
    "predict-list": (lambda s: s.model.predict([masked(s.X[0])]), ValueError, "^Model: X has masked entries"),
    "backward": (lambda s: s.model.backward(masked(s.one_hot[:5])), ValueError, "dC_dO has masked entries"),
    "layer": (lambda s: s.new.forward(masked(s.X)), ValueError, "^Conv2D: X has masked entries"),
    "layer-backward": (lambda s: s.built.backward(masked(np.ones((12, 2, 4, 4)))), ValueError, "^Conv2D: dC_dO has m"),
    "fit": (lambda s: fit(s, X=masked(s.X)), ValueError, "^fit: X has masked entries"),
    "fit-bytes": (lambda s: fit(s, X=masked(s.X.astype(np.uint8))), ValueError, "^fit: X has masked entries"),
    "labels": (lambda s: fit(s, y=masked(s.y)), ValueError, "^fit: y has masked entries"),
    "one-hot": (lambda s: fit(s, y=masked(s.one_hot)), ValueError, "^fit: y has masked entries"),
    "validation": (lambda s: fit(s, validation=(masked(s.X), s.y)), ValueError, "^fit: validation: X has masked"),
    "validation-labels": (lambda s: fit(s, validation=(s.X, masked(s.y))), ValueError, "^fit: validation: y has mas"),
    "evaluate": (lambda s: cnn.evaluate(s.model, s.X, masked(s.y), CrossEntropy()), ValueError, "^evaluate: y has ma"),
    "confusion": (
        lambda s: cnn.confusion_matrix(s.model, s.X, masked(s.y)),
        ValueError,
        "^confusion_matrix: labels ha",
    ),
    "step": (lambda s: s.optimiser.step(triples(s, grad=masked(np.ones((2, 1, 3, 3))))), ValueError, "^Adam: the grad"),
    "check": (lambda s: cnn.gradient_check(s.new, masked(s.X)), ValueError, "^gradient_check: .* has masked entries"),
}

ORDER = {
    "model-backward": (lambda s: s.other.backward(s.one_hot), RuntimeError, "^Model: backward was called before forw"),
    "layer-backward": (lambda s: s.new.backward(s.X), RuntimeError, "^Conv2D: backward was called before forward"),
    "backward-shape": (lambda s: s.model.backward(s.X), ValueError, "dC_dO has shape"),
    "backward-text": (lambda s: s.model.backward("x"), TypeError, "dC_dO must be"),
    "layer-twice": (lambda s: Model([s.new, s.new], (1, 6, 6)), ValueError, r"^Model: layer 1 \(Conv2D\) is in a"),
    "layer-in-two": (lambda s: Model([s.new, s.model.layers[1]], (1, 6, 6)), ValueError, r"^Model: layer 1 \(ReLU\)"),
    "network": (lambda s: Model([s.new, FullyConnected(3)], (1, 6, 6)), ValueError, r"^Model: layer 1 .* Flatten"),
    "new-not-fitting": (lambda s: Model([s.new], (1, 2, 2)), ValueError, r"^Model: layer 0 .* does not fit"),
    "built-not-fitting": (lambda s: Model([s.new, s.built], (1, 6, 6)), ValueError, "^Model: layer 1 .* cannot keep"),
    "build-shape": (lambda s: s.built.build((2, 2), s.rng), ValueError, "^Conv2D: expected an input of shape"),
    "build-dtype": (lambda s: s.built.build((1, 6, 6), s.rng, "int8"), ValueError, "^Conv2D: dtype"),
    "build-small": (lambda s: s.new.build((1, 2, 2), s.rng), ValueError, "^Conv2D: the kernel"),
    "step-no-gradient": (lambda s: Adam().step(s.other.parameters()), RuntimeError, r"^Adam: '1\.W' has no gradient"),
    "step-other-model": (
        lambda s: s.optimiser.step([("1.W", np.zeros((36, 3)), np.ones((36, 3)))]),
        ValueError,
        "^Adam: it holds the state of",
    ),
    "fit-other-model": (
        lambda s: fit(s, model=s.other),
        ValueError,
        "^fit: this Adam holds the state of another model",
    ),
    "checkpoint-other-model": (
        lambda s: cnn.save_checkpoint(s.path, s.other, s.optimiser),
        ValueError,
        "^save_checkpoint: the Adam holds the state of another model",
    ),
}

STEPS = {
    "shape": (lambda s: s.optimiser.step(triples(s, grad=np.ones(3))), ValueError, "^Adam: the gradient"),
    "list": (lambda s: s.optimiser.step(triples(s, param=[1.0])), TypeError, "^Adam: the parameter"),
    "integers": (lambda s: s.optimiser.step(triples(s, param=np.arange(3))), TypeError, "^Adam: the parameter"),
    "read-only": (lambda s: s.optimiser.step(triples(s, param=s.F)), TypeError, "^Adam: the parameter"),
    "text": (lambda s: s.optimiser.step(triples(s, grad="x")), TypeError, "^Adam: the gradient"),
    "key-twice": (lambda s: s.optimiser.step(s.model.parameters() * 2), ValueError, "^Adam: a key occurs twice"),
    "one-missing": (lambda s: s.optimiser.step(s.model.parameters()[1:]), ValueError, "^Adam: it holds the state of"),
}

TRAINING = {
    "label-range": (lambda s: fit(s, y=s.y + 1), ValueError, "^fit: label 3 at index 2"),
    "label-column": (lambda s: fit(s, y=s.y[:, None]), ValueError, r"^fit: labels of shape .* Use y\.ravel\(\)"),
    "label-count": (lambda s: fit(s, y=s.y[1:]), ValueError, "^fit: got 11 labels"),
    "labels-ragged": (lambda s: fit(s, y=[[0, 1], [2]]), ValueError, "^fit: .* rows of different lengths"),
    "nan": (lambda s: fit(s, X=s.with_value((7, 0, 3, 5), np.nan)), ValueError, "^fit: X contains 1 value"),
    "too-large-for-float32": (lambda s: fit(s, X=s.X.astype(float) + 1e300), ValueError, "^fit: X contains 432 values"),
    "empty": (lambda s: fit(s, X=s.X[:0], y=s.y[:0]), ValueError, "^fit: X is empty"),
    "epochs": (lambda s: fit(s, epochs=0), ValueError, "^fit: epochs"),
    "batch-size": (lambda s: fit(s, batch_size=2.5), TypeError, "^fit: batch_size"),
    "workers": (lambda s: fit(s, workers=-1), ValueError, "^fit: workers"),
    "loss-class": (lambda s: fit(s, loss=CrossEntropy), TypeError, "^fit: loss"),
    "optimiser-class": (lambda s: fit(s, optimiser=Adam), TypeError, "^fit: optimiser"),
    "model-list": (lambda s: fit(s, model=s.model.layers), TypeError, "^fit: model"),
    "validation": (lambda s: fit(s, validation=(s.X, s.y[:5])), ValueError, "^fit: validation: got 5 labels"),
    "softmax": (
        lambda s: fit(s, model=Model([Flatten(), FullyConnected(3), Softmax()], (1, 6, 6)), optimiser=Adam()),
        ValueError,
        "^fit: the last layer is Softmax",
    ),
    "batches": (lambda s: list(cnn.batches(9, 0, s.rng)), ValueError, "^batches: batch_size"),
    "batches-rng": (lambda s: list(cnn.batches(9, 3, 5)), TypeError, "^batches: rng"),
    "evaluate-label": (lambda s: cnn.evaluate(s.model, s.X, s.y + 1, CrossEntropy()), ValueError, "^evaluate: label"),
    "evaluate-nan": (
        lambda s: cnn.evaluate(s.model, s.with_value((0, 0, 0, 0), np.nan), s.y, CrossEntropy()),
        ValueError,
        "^evaluate: X contains 1 value",
    ),
    "confusion-matrix": (lambda s: cnn.confusion_matrix(s.model, s.X, s.y[1:]), ValueError, "^confusion_matrix: got"),
    "cross-entropy": (lambda s: CrossEntropy()(s.one_hot, s.y + 1), ValueError, "^CrossEntropy: label 3 at index 2"),
    "squared-error": (lambda s: MeanSquaredError()(s.one_hot, s.y), ValueError, "^MeanSquaredError: targets"),
    "check-subject": (lambda s: cnn.gradient_check(3, s.X), TypeError, "^gradient_check: expected a layer"),
    "check-loss": (lambda s: cnn.gradient_check(s.model, s.X, s.y), TypeError, "^gradient_check: a model"),
    "check-labels": (lambda s: cnn.gradient_check(s.model, s.X, s.y + 1, loss=CrossEntropy()), ValueError, "label 3"),
    "surface-model": (lambda s: cnn.cost_surface(3, s.X, s.y, CrossEntropy()), TypeError, "^cost_surface: model"),
    "surface-loss": (lambda s: cnn.cost_surface(s.model, s.X, s.y, None), TypeError, "^cost_surface: loss"),
    "surface-points": (
        lambda s: cnn.cost_surface(s.model, s.X, s.y, CrossEntropy(), points=1),
        ValueError,
        "^cost_surface: points",
    ),
    "surface-labels": (lambda s: cnn.cost_surface(s.model, s.X, s.y + 1, CrossEntropy()), ValueError, "label 3 at ind"),
}

DEEPER = {
    "norm-momentum": (lambda s: BatchNorm2D(momentum=1.1), ValueError, "^BatchNorm2D: momentum"),
    "norm-epsilon": (lambda s: BatchNorm2D(epsilon=0), ValueError, "^BatchNorm2D: epsilon"),
    "norm-text": (lambda s: BatchNorm2D(momentum="0.1"), TypeError, "^BatchNorm2D: momentum"),
    "norm-one-vector": (lambda s: s.norm.forward(s.one_hot[:1]), ValueError, "^BatchNorm2D: a single value has no var"),
    "norm-features": (lambda s: s.norm.forward(s.one_hot[:, :2]), ValueError, "^BatchNorm2D: "),
    "norm-rows": (lambda s: BatchNorm2D().forward(s.X[:, 0]), ValueError, r"^BatchNorm2D: .*\(C, H, W\) or \(features"),
    "norm-backward": (lambda s: s.norm.backward(s.one_hot[:5]), ValueError, "dC_dO has shape"),
    "norm-early": (lambda s: BatchNorm2D().backward(s.X), RuntimeError, "^BatchNorm2D: backward was called before"),
    "norm-masked": (lambda s: s.norm.forward(masked(s.one_hot)), ValueError, "^BatchNorm2D: X has masked entries"),
    "norm-last-example": (
        lambda s: fit(s, model=Model([Flatten(), BatchNorm2D()], (1, 6, 6)), optimiser=Adam(), y=s.y, batch_size=11),
        ValueError,
        "a single value has no variance",
    ),
    "dropout-rate": (lambda s: Dropout(1), ValueError, "^Dropout: rate"),
    "dropout-text": (lambda s: Dropout("half"), TypeError, "^Dropout: rate"),
    "dropout-early": (lambda s: Dropout().backward(s.X), RuntimeError, "^Dropout: backward was called before forward"),
    "average-vector": (
        lambda s: GlobalAveragePool2D().forward(s.one_hot),
        ValueError,
        "^GlobalAveragePool2D: expected",
    ),
    "dilation-zero": (lambda s: Conv2D(2, dilation=0), ValueError, "^Conv2D: dilation"),
    "dilation-large": (
        lambda s: cnn.conv2d_forward(s.X, s.F, dilation=3),
        ValueError,
        "^conv2d_forward: the effective kernel",
    ),
    "dilation-half": (lambda s: cnn.output_size(9, 3, dilation=1.5), TypeError, "^output_size: dilation"),
    "dilation-field": (lambda s: cnn.receptive_field([(3, 1, 0)]), ValueError, "^receptive_field: dilation"),
    "smoothing": (lambda s: CrossEntropy(smoothing=1.5), ValueError, "^CrossEntropy: smoothing"),
    "shifted-pixels": (lambda s: cnn.shifted(s.X, s.rng, pixels=-1), ValueError, "^shifted: pixels"),
    "shifted-rng": (lambda s: cnn.shifted(s.X, 0), TypeError, "^shifted: rng"),
    "shifted-image": (lambda s: cnn.shifted(s.X[0], s.rng), ValueError, "^shifted: X must have 4 dimensions"),
    "rotated-degrees": (lambda s: cnn.rotated(s.X, s.rng, degrees=181), ValueError, "^rotated: degrees"),
    "rotated-masked": (lambda s: cnn.rotated(masked(s.X), s.rng), ValueError, "^rotated: X has masked entries"),
    "rotated-rng": (lambda s: cnn.rotated(s.X, None), TypeError, "^rotated: rng"),
    "decay": (lambda s: WeightAverage(decay=1), ValueError, "^WeightAverage: decay"),
    "no-average": (lambda s: WeightAverage().model(), RuntimeError, "^WeightAverage: no average yet"),
    "average-add": (lambda s: s.average.add(3), TypeError, "^WeightAverage: "),
    "average-other": (lambda s: s.average.add(s.model), ValueError, "this WeightAverage is of another model"),
    "fit-average": (lambda s: fit(s, average=0.999), TypeError, "^fit: average must be a WeightAverage"),
    "fit-average-other": (lambda s: fit(s, average=s.average), ValueError, "^fit: this WeightAverage is of another mo"),
    "fit-augment": (lambda s: fit(s, augment=2), TypeError, "^fit: augment must be a function"),
    "fit-augment-shape": (lambda s: fit(s, augment=lambda X, rng: X[:1]), ValueError, "^fit: the output of augment"),
    "fit-augment-nan": (lambda s: fit(s, augment=lambda X, rng: X * np.nan), ValueError, "^fit: the output of augment"),
}

OTHERS = {  # the names of which no other table has a case
    "adamw": (lambda s: cnn.AdamW(weight_decay=-1), ValueError, "^AdamW: weight_decay"),
    "descent": (lambda s: cnn.GradientDescent("fast"), TypeError, "^GradientDescent: learning_rate"),
    "momentum": (lambda s: cnn.Momentum(momentum=1), ValueError, "^Momentum: momentum"),
    "nesterov": (lambda s: cnn.Nesterov(momentum=-1), ValueError, "^Nesterov: momentum"),
    "rmsprop": (lambda s: cnn.RMSProp(decay=1), ValueError, "^RMSProp: decay"),
    "constant-rate": (lambda s: cnn.Constant(-1), ValueError, "^Constant: learning_rate"),
    "cosine": (lambda s: cnn.Cosine(0.1, steps=0), ValueError, "^Cosine: steps"),
    "one-cycle": (lambda s: cnn.OneCycle(0.1, steps=9, warm_up=2), ValueError, "^OneCycle: warm_up"),
    "step-decay": (lambda s: cnn.StepDecay(0.1, every=0), ValueError, "^StepDecay: every"),
    "relu": (lambda s: ReLU().forward("x"), TypeError, "^ReLU: X"),
    "sigmoid": (lambda s: cnn.Sigmoid().forward("x"), TypeError, "^Sigmoid: X"),
    "tanh": (lambda s: cnn.Tanh().forward(3.0), ValueError, "^Tanh: X"),
    "relu-forward": (lambda s: cnn.relu_forward("x"), TypeError, "^relu_forward: X"),
    "sigmoid-forward": (lambda s: cnn.sigmoid_forward("x"), TypeError, "^sigmoid_forward: X"),
    "sigmoid-backward": (lambda s: cnn.sigmoid_backward(s.y, s.X), ValueError, "^sigmoid_backward: dC_dO has shape"),
    "tanh-forward": (lambda s: cnn.tanh_forward("x"), TypeError, "^tanh_forward: X"),
    "tanh-backward": (lambda s: cnn.tanh_backward(s.y, s.X), ValueError, "^tanh_backward: dC_dO has shape"),
    "softmax-backward": (lambda s: cnn.softmax_backward(s.y, s.W), ValueError, "^softmax_backward: dC_dO has shape"),
    "leaky-forward": (lambda s: cnn.leaky_relu_forward("x"), TypeError, "^leaky_relu_forward: X"),
    "leaky-backward": (lambda s: cnn.leaky_relu_backward(s.y, s.X), ValueError, "^leaky_relu_backward: dC_dO has s"),
    "loop": (lambda s: cnn.conv2d_forward_loop(s.X, s.F[0]), ValueError, "^conv2d_forward_loop: F must have 4 dim"),
    "dilated": (lambda s: cnn.conv2d_backward_dilated(s.X, s.X, s.F), ValueError, "^conv2d_backward_dilated: dC_dO h"),
    "vectorised": (lambda s: cnn.convolve_vectorised(s.X[0], s.F), ValueError, "^convolve_vectorised: X must have 4"),
    "dense-backward": (lambda s: cnn.dense_backward(s.X, s.one_hot, s.W), ValueError, "^dense_backward: "),
    "pool": (lambda s: cnn.pool2d_forward(s.X, 7), ValueError, "^pool2d_forward: the kernel"),
    "pool-loop": (lambda s: cnn.pool2d_forward_loop(s.X, mode="sum"), ValueError, "^pool2d_forward_loop: unknown mode"),
    "pool-backward-loop": (lambda s: cnn.pool2d_backward_loop(s.X, s.X), ValueError, "^pool2d_backward_loop: dC_dO h"),
    "padding-amounts": (lambda s: cnn.padding_amounts(9, 3, 1, "sme"), ValueError, "^padding_amounts: unknown padding"),
    "grid": (lambda s: cnn.gradient_check_grid(None, None, [5], [3], [1], [0], 0), ValueError, "^gradient_check_grid"),
    "he-normal": (lambda s: cnn.he_normal((3,), s.rng), ValueError, "^he_normal: shape"),
    "he-uniform": (lambda s: cnn.he_uniform((3, 3), 5), TypeError, "^he_uniform: rng"),
    "xavier-normal": (lambda s: cnn.xavier_normal("x", s.rng), TypeError, "^xavier_normal: shape"),
    "xavier-uniform": (lambda s: cnn.xavier_uniform((0, 3), s.rng), ValueError, "^xavier_uniform: "),
    "constant": (lambda s: cnn.constant("x", s.rng), TypeError, "."),
    "register": (lambda s: cnn.register_layer(3), TypeError, "^register_layer: "),
}

FILES = {
    "load-missing": (lambda s: Model.load(s.folder / "nothing"), FileNotFoundError, "nothing"),
    "load-text": (lambda s: Model.load(s.folder / "text.gz"), ValueError, r"^Model\.load: '.*text\.gz' cannot be load"),
    "load-folder": (lambda s: Model.load(s.folder), OSError, "."),
    "load-number": (lambda s: Model.load(12345), TypeError, "not int"),
    "checkpoint-of-a-model": (
        lambda s: cnn.load_checkpoint(s.path),
        ValueError,
        "^load_checkpoint: .* not a checkpoint",
    ),
    "checkpoint-number": (lambda s: cnn.load_checkpoint(12345), TypeError, "not int"),
    "save-missing-folder": (lambda s: s.model.save(s.folder / "no" / "model.npz"), FileNotFoundError, "no"),
    "save-over-a-folder": (lambda s: s.model.save(s.folder), OSError, "."),
    "save-none": (lambda s: s.model.save(None), TypeError, "."),
    "save-empty-name": (lambda s: s.model.save(""), (ValueError, OSError), "."),
    "checkpoint-optimiser": (lambda s: cnn.save_checkpoint(s.path, s.model, 3), TypeError, "^save_checkpoint: opti"),
    "checkpoint-model": (lambda s: cnn.save_checkpoint(s.path, 3, Adam()), TypeError, "^save_checkpoint: model"),
    "checkpoint-own-schedule": (
        lambda s: cnn.save_checkpoint(s.path, s.other, Adam(lambda step: 0.1)),
        TypeError,
        "^save_checkpoint: <function .* cannot be written to a file",
    ),
    "idx-missing": (lambda s: cnn.load_idx(s.folder / "nothing"), FileNotFoundError, "nothing"),
    "idx-number": (lambda s: cnn.load_idx(12345), TypeError, "not int"),
    "idx-html": (lambda s: cnn.load_idx(s.folder / "text.gz"), ValueError, r"^load_idx: '.*text\.gz' is neither"),
    "mnist-folder": (lambda s: cnn.load_mnist(s.folder), FileNotFoundError, "train-images-idx3-ubyte"),
    "mnist-limit": (lambda s: cnn.load_mnist(limit=60_001), ValueError, "^load_mnist: limit"),
    "mnist-seed": (lambda s: cnn.load_mnist(seed=1.5), TypeError, "^load_mnist: seed"),
}


def draw(size=3, mode="max"):
    """Return an empty figure and a sentence."""
    return new_figure(50, 50), f"{size} {mode}"


WIDGETS = {
    "draw": (lambda s: explore(3, size=range(3)), TypeError, "^explore: draw must be a function"),
    "no-controls": (lambda s: explore(draw), ValueError, "^explore: there is nothing to choose"),
    "unknown-argument": (
        lambda s: explore(draw, sizes=range(3)),
        TypeError,
        r"^explore: draw takes \(size=3, mode='max",
    ),
    "empty": (lambda s: explore(draw, size=range(0)), ValueError, "^explore: size has no values to choose from"),
    "number": (lambda s: explore(draw, size=3), TypeError, "^explore: size must be a range, a list"),
    "text": (lambda s: explore(draw, mode="max"), TypeError, "^explore: mode must be a range, a list"),
    "array": (lambda s: explore(draw, size=s.X), TypeError, "^explore: size must be a range, .*an array of float32"),
    "same-text": (lambda s: explore(draw, size=[3, "3"]), ValueError, "^explore: size has values that look the same"),
    "same-digits": (
        lambda s: explore(draw, size=[0.1, 0.1 + 1e-12]),
        ValueError,
        "^explore: size has values that look",
    ),
    "start": (lambda s: explore(draw, size=range(4, 9)), ValueError, "^explore: draw starts with size=3, which"),
    "steps": (lambda s: explore(draw, size=Steps(0)), ValueError, "^Steps: count"),
    "steps-function": (lambda s: Steps(lambda: 0).count_for({}), ValueError, "^Steps: count"),
    "no-picture": (
        lambda s: explore(lambda n: n, n=[1]),
        TypeError,
        r"^explore: draw must return \(figure, sentence\)",
    ),
    "no-sentence": (lambda s: explore(lambda n: (draw()[0], n), n=[1]), TypeError, "^explore: draw must return"),
    "state-list": (lambda s: draw_state(draw, [3]), TypeError, "^a state must be a dictionary of draw's argum"),
}

AREAS = {
    "layers": LAYERS,
    "arrays": ARRAYS,
    "masked": MASKED,
    "order": ORDER,
    "steps": STEPS,
    "training": TRAINING,
    "deeper": DEEPER,
    "others": OTHERS,
    "files": FILES,
    "widgets": WIDGETS,
}
NOT_CALLED = {"Step", "Epoch", "Layer", "Optimiser"}  # fit makes the first two, the others are for subclasses
CASES = [pytest.param(*case, id=f"{area}-{name}") for area, cases in AREAS.items() for name, case in cases.items()]


@pytest.mark.parametrize(("call", "error", "words"), CASES)
def test_bad_input_raises_a_short_error_and_changes_nothing(state, capsys, call, error, words):
    before = state.fingerprint()
    with pytest.raises(error, match=words) as caught:
        call(state)
    assert state.fingerprint() == before
    assert capsys.readouterr() == ("", "")
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(("call", "error", "words"), [case for case in CASES if case.id.startswith(("order", "train"))])
def test_training_continues_after_bad_input_as_without_it(tmp_path, call, error, words):
    (tmp_path / "one").mkdir()
    (tmp_path / "reference").mkdir()
    state, reference = State(tmp_path / "one"), State(tmp_path / "reference")
    with pytest.raises(error, match=words):
        call(state)
    assert list(state.records) == list(reference.records)
    assert state.fingerprint()[:-1] == reference.fingerprint()[:-1]


def names_used_by(code):
    """Return the global names and attributes that a function's code uses, in functions inside it too."""
    inside = [each for each in code.co_consts if hasattr(each, "co_names")]
    return set(code.co_names).union(*map(names_used_by, inside))


@pytest.mark.parametrize("name", sorted(set(cnn.__all__) - NOT_CALLED))
def test_every_public_name_has_a_case(name):
    assert name in set().union(*(names_used_by(case.values[0].__code__) for case in CASES))


def test_the_fingerprint_changes_with_every_part_of_the_state(tmp_path):
    changes = [
        lambda s: next(s.records),
        lambda s: s.model.forward(s.X),
        lambda s: s.model.rng.random(),
        lambda s: s.rng.random(),
        lambda s: s.built.forward(s.X[:1]),
        lambda s: s.new.forward(s.X),
        lambda s: Model([s.new], (1, 6, 6)),
        lambda s: s.optimiser.state["0.F"]["first"].__iadd__(1),
        lambda s: s.model.layers[4].params["B"].__iadd__(1),
        lambda s: s.model.layers[4].grads["B"].__iadd__(1),
        lambda s: s.other.save(s.path),
        lambda s: s.other.save(s.folder / "other"),
        lambda s: np.random.random(),  # noqa: NPY002
    ]
    for number, change in enumerate(changes):
        folder = tmp_path / str(number)
        folder.mkdir()
        state = State(folder)
        before = state.fingerprint()
        assert state.fingerprint() == before
        change(state)
        assert state.fingerprint() != before, f"change {number} does not change the fingerprint"


FIELDS = {
    "stride": lambda value: cnn.conv2d_forward(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3)), stride=value),
    "padding": lambda value: Conv2D(2, padding=value),
    "mode": lambda value: Pool2D(mode=value),
    "learning_rate": lambda value: Adam(value),
    "size": lambda value: cnn.output_size(value, 3),
}


@pytest.mark.parametrize("text", ["0", "1.5", "", "sme", "(1, 2, 3)", "1e999", "10**9"])
@pytest.mark.parametrize("call", FIELDS.values(), ids=FIELDS)
def test_a_text_in_a_field_is_refused_with_the_librarys_own_message(call, text):
    value = Field().argument_of(text)
    try:
        call(value)
    except (TypeError, ValueError) as error:
        message = str(error)
        assert re.match(r"(Conv2D|Pool2D|Adam|conv2d_forward|output_size): .*(got|unknown|Choose)", message)
    else:
        message = "It fits."

    def show(value):
        call(value)
        return new_figure(50, 50), "It fits."

    assert draw_state_or_reason(show, {"value": value}, (360, 140))[1] == message


LAYOUTS = {
    "fortran": np.asfortranarray,
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "backwards": lambda X: np.ascontiguousarray(X[::-1, ..., ::-1])[::-1, ..., ::-1],
    "every-second": lambda X: np.repeat(X, 2, axis=0)[::2],
    "list": np.ndarray.tolist,
    "nothing-masked": np.ma.array,
    "memory-map": lambda X: X.view(np.memmap),
    "unaligned": lambda X: np.frombuffer(b"x" + X.tobytes(), np.uint8)[1:].view(X.dtype).reshape(X.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_prediction_and_training_have_the_same_bits_for_any_memory_layout_and_leave_the_array_unchanged(state, layout):
    X = layout(state.X)
    before = np.array(X).tobytes()
    model, reference = (Model([Conv2D(2), ReLU(), Pool2D(), Flatten(), FullyConnected(3)], (1, 6, 6)) for _ in range(2))
    assert model.predict(X).tobytes() == reference.predict(state.X).tobytes()
    pairs = ((model, X), (reference, state.X))
    records = [list(cnn.fit(each, images, state.y, Adam(), CrossEntropy())) for each, images in pairs]
    assert records[0] == records[1]
    assert [p.tobytes() for _, p, _ in model.parameters()] == [p.tobytes() for _, p, _ in reference.parameters()]
    assert np.array(X).tobytes() == before
