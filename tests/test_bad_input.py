"""Bad input, over all rooms: the right kind of error, the words that help, and nothing changed by it.

Every case is called in a small world (a model and its optimiser in the middle of a training, a layer alone, arrays, a
model file, a folder), whose every number is hashed before and after.
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
    AdamW,
    Conv2D,
    CrossEntropy,
    Flatten,
    FullyConnected,
    GradientDescent,
    LeakyReLU,
    MeanSquaredError,
    Model,
    Momentum,
    Nesterov,
    OneCycle,
    Pool2D,
    ReLU,
    RMSProp,
    Softmax,
)
from cnn_viz import Field, Steps, explore
from cnn_viz.base.figures import new_figure
from cnn_viz.interactive.states import draw_state, draw_state_or_reason


class World:
    """What a reader has at hand in the middle of a training."""

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
        self.alone = Conv2D(2)
        self.alone.backward(np.ones_like(self.alone.forward(self.X)))
        self.fresh = Conv2D(2)
        self.folder = folder
        self.path = folder / "model.npz"
        self.model.save(self.path)
        (folder / "images.idx").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 5]) + b"12345")
        (folder / "text.gz").write_bytes(b"<html>")
        for array in (self.X, self.y, self.one_hot, self.F, self.W):
            array.flags.writeable = False

    def at(self, index, value):
        """Return the images with one entry that is something else."""
        X = self.X.copy()
        X[index] = value
        return X

    def numbers(self):
        """Yield everything that an error must leave as it is."""
        yield from (self.X, self.y, self.one_hot, self.F, self.W, self.rng.bit_generator.state)
        for model in (self.model, self.other):
            yield from (model.rng.bit_generator.state, model.shapes, model.dtype, len(model.layers))
        for layer in (*self.model.layers, *self.other.layers, self.alone, self.fresh):
            yield from (layer.params, layer.grads, layer.memory, layer.input_shape, layer.dtype, layer.in_model)
            yield sorted(name for name in vars(layer) if name not in ("params", "grads", "memory"))
        yield from (self.optimiser.steps, self.optimiser.state, self.optimiser.owner is not None)
        yield np.random.get_state()  # noqa: NPY002
        yield {name: (self.folder / name).read_bytes() for name in sorted(os.listdir(self.folder))}

    def fingerprint(self):
        return [hashlib.sha256(pickle.dumps(copy.deepcopy(each))).hexdigest() for each in self.numbers()]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def fit(world, **changes):
    """Call fit with one thing changed, and ask for all its records."""
    arguments = {"model": world.model, "X": world.X, "y": world.y, "optimiser": world.optimiser, "loss": CrossEntropy()}
    return list(cnn.fit(**arguments | changes))


def triples(world, **changes):
    """Return the model's triples, with the first one's parts replaced."""
    first, *rest = world.model.parameters()
    return [tuple(changes.get(name, part) for name, part in zip(("key", "param", "grad"), first, strict=True)), *rest]


LAYERS = {
    "filters-0": (lambda w: Conv2D(0), ValueError, r"^Conv2D: num_filters must be a positive integer, got 0\.$"),
    "filters-bool": (lambda w: Conv2D(True), TypeError, r"^Conv2D: num_filters must be a positive integer, got True"),
    "filters-float": (lambda w: Conv2D(8.0), TypeError, r"^Conv2D: num_filters must be a positive integer, got 8\.0"),
    "filters-none": (lambda w: Conv2D(None), TypeError, r"^Conv2D: num_filters must be a positive integer, got None"),
    "kernel-0": (lambda w: Conv2D(2, 0), ValueError, r"^Conv2D: kernel_size must be a positive integer or a pair"),
    "kernel-triple": (lambda w: Conv2D(2, (3, 3, 3)), ValueError, r"kernel_size must be .*, got \(3, 3, 3\)"),
    "kernel-text": (lambda w: Conv2D(2, "3"), TypeError, r"kernel_size must be .*, got '3'"),
    "stride-0": (
        lambda w: Conv2D(2, stride=0),
        ValueError,
        r"^Conv2D: stride must be a positive integer or a pair of them, got 0\.$",
    ),
    "stride-pair-0": (lambda w: Conv2D(2, stride=(1, 0)), ValueError, r"^Conv2D: stride must be .*, got \(1, 0\)"),
    "stride-bool": (lambda w: Conv2D(2, stride=(1, True)), TypeError, r"^Conv2D: stride must be .*, got \(1, True\)"),
    "padding-sme": (
        lambda w: Conv2D(2, padding="sme"),
        ValueError,
        r"^Conv2D: unknown padding 'sme'\. Choose 'same', 'valid' or 'include' \(did you mean 'same'\?\), or give an "
        r"integer or a pair \(rows, columns\)\.$",
    ),
    "padding-negative": (lambda w: Conv2D(2, padding=-1), ValueError, r"padding must be an integer of at least 0 or"),
    "padding-float": (lambda w: Conv2D(2, padding=0.5), TypeError, r"padding must be .*, got 0\.5"),
    "initialisation": (
        lambda w: Conv2D(2, initialisation="he_norml"),
        ValueError,
        r"^Conv2D: unknown initialisation 'he_norml'\. Choose .*did you mean 'he_normal'",
    ),
    "initialisation-none": (lambda w: Conv2D(2, initialisation=None), TypeError, "initialisation must be one of 'he_n"),
    "stride-array": (
        lambda w: Conv2D(2, stride=np.ones((2,) * 12)),
        TypeError,
        r"^Conv2D: stride must be .*, got an array of float64 with shape \(2, 2,",
    ),
    "padding-long": (
        lambda w: Conv2D(2, padding="x" * 5000),
        ValueError,
        r"^Conv2D: unknown padding 'xxx.* \.\.\.\. Cho",
    ),
    "bias-1": (lambda w: Conv2D(2, bias=1), TypeError, r"^Conv2D: bias must be True or False, got 1"),
    "unknown-argument": (lambda w: Conv2D(2, filters=3), TypeError, "filters"),
    "pool-0": (lambda w: Pool2D(0), ValueError, r"^Pool2D: pool_size must be a positive integer or a pair"),
    "pool-stride": (lambda w: Pool2D(2, "2"), TypeError, r"^Pool2D: stride must be"),
    "pool-padding": (
        lambda w: Pool2D(2, padding=2),
        ValueError,
        r"^Pool2D: padding \(2, 2\) must be smaller than pool",
    ),
    "pool-mode": (lambda w: Pool2D(mode="avg"), ValueError, r"^Pool2D: unknown mode 'avg'\. Choose 'max', 'mean' or"),
    "pool-mode-close": (lambda w: Pool2D(mode="maxx"), ValueError, r"did you mean 'max'"),
    "nodes-0": (lambda w: FullyConnected(0), ValueError, r"^FullyConnected: num_nodes must be a positive integer"),
    "nodes-float": (lambda w: FullyConnected(1e2), TypeError, r"^FullyConnected: num_nodes must be a positive integer"),
    "slope-1": (lambda w: LeakyReLU(1), ValueError, r"^LeakyReLU: slope must be a finite number >= 0 and < 1, got 1"),
    "slope-nan": (lambda w: LeakyReLU(float("nan")), ValueError, r"^LeakyReLU: slope must be a finite number"),
    "slope-text": (lambda w: LeakyReLU("0.1"), TypeError, r"^LeakyReLU: slope must be a finite number"),
}

ARRAYS = {
    "one-image": (lambda w: w.model.forward(w.X[0]), ValueError, r"^Model: X must have 4 dimensions .*X\[None\]"),
    "two-dimensions": (lambda w: w.model.predict(w.X[0, 0]), ValueError, r"^Model: X must have 4 dimensions"),
    "a-number": (lambda w: w.model.forward(3), ValueError, r"^Model: X must have 4 dimensions"),
    "channels-last": (
        lambda w: Model([Conv2D(2)]).forward(np.zeros((64, 28, 28, 1))),
        ValueError,
        r"^Model: expected 1 channel on axis 1, got 28 \(shape \(64, 28, 28, 1\), expected \(N, C, H, W\)\)\. If your "
        r"images are channels-last, use X\.transpose\(0, 3, 1, 2\)\.$",
    ),
    "channels-first-of-three": (lambda w: w.model.forward(np.zeros((2, 3, 6, 6))), ValueError, "expected 1 channel on"),
    "larger": (
        lambda w: w.model.predict(np.zeros((2, 1, 7, 7))),
        ValueError,
        r"X has shape \(2, 1, 7, 7\), expected \(",
    ),
    "text": (lambda w: w.model.forward("images"), TypeError, r"^Model: X must be an array of real numbers, got str"),
    "none": (lambda w: w.model.predict(None), TypeError, r"^Model: X must be an array of real numbers, got NoneType"),
    "objects": (lambda w: w.model.predict(w.X.astype(object)), TypeError, "array of real numbers, got dtype object"),
    "complex": (lambda w: w.model.forward(w.X * 1j), TypeError, "array of real numbers, got dtype complex"),
    "dates": (lambda w: w.model.forward(w.y.astype("M8[s]")), TypeError, "array of real numbers, got dtype datetime64"),
    "ragged": (lambda w: w.model.forward([[1, 2], [3]]), ValueError, r"^Model: X must be .* rows of different lengths"),
    "alone-channels": (
        lambda w: w.alone.forward(np.zeros((1, 2, 6, 6))),
        ValueError,
        r"^Conv2D: expected 1 channel on",
    ),
    "alone-small": (lambda w: w.alone.forward(w.X[..., :2]), ValueError, r"^Conv2D: the kernel \(3\) is larger than"),
    "fresh-small": (lambda w: w.fresh.forward(w.X[:, :, :2]), ValueError, r"^Conv2D: the kernel \(3\) is larger than"),
    "fresh-row": (lambda w: w.fresh.forward(np.zeros((2, 6))), ValueError, r"^Conv2D: .*\(C, H, W\)|4 dimensions"),
    "fresh-number": (lambda w: w.fresh.forward(5.0), ValueError, r"^Conv2D: X must have the batch axis N in front"),
    "fresh-text": (lambda w: w.fresh.forward("x"), TypeError, r"^Conv2D: X must be an array of real numbers"),
    "dense-image": (
        lambda w: FullyConnected(3).forward(w.X),
        ValueError,
        r"^FullyConnected: .*Put a Flatten\(\) before",
    ),
    "conv-channels": (
        lambda w: cnn.conv2d_forward(w.X, np.ones((2, 3, 3, 3))),
        ValueError,
        r"^conv2d_forward: X has 1 channels but F expects 3\. Got X\(12, 1, 6, 6\) \(N, C, H, W\) and F\(2, 3, 3, 3\)",
    ),
    "conv-large-filter": (
        lambda w: cnn.conv2d_forward(w.X, np.ones((1, 1, 7, 7))),
        ValueError,
        r"kernel \(7\) is larger",
    ),
    "conv-biases": (
        lambda w: cnn.conv2d_forward(w.X, w.F, np.ones(3)),
        ValueError,
        r"B has shape \(3,\), expected \(2,\)",
    ),
    "conv-gradient": (lambda w: cnn.conv2d_backward(w.X, w.X, w.F), ValueError, r"^conv2d_backward: dC_dO has shape"),
    "pool-gradient": (lambda w: cnn.pool2d_backward(w.X, w.X), ValueError, r"^pool2d_backward: dC_dO has shape"),
    "dense-inputs": (
        lambda w: cnn.dense_forward(w.one_hot, w.W),
        ValueError,
        r"^dense_forward: X has 3 inputs but W exp",
    ),
    "relu-gradient": (lambda w: cnn.relu_backward(w.X[:3], w.X), ValueError, r"^relu_backward: dC_dO has shape"),
    "softmax-number": (
        lambda w: cnn.softmax_forward(3.0),
        ValueError,
        r"^softmax_forward: X must have at least one class",
    ),
    "dilate-row": (lambda w: cnn.dilate(np.ones(3), 2), ValueError, r"^dilate: dC_dO must have at least 2 dimensions"),
    "dilate-stride": (lambda w: cnn.dilate(np.ones((3, 3)), 0), ValueError, r"^dilate: stride must be a positive"),
    "convolve-3-d": (
        lambda w: cnn.convolve(w.X[0], w.F[0]),
        ValueError,
        r"^convolve: A must have 2 dimensions \(H, W\)",
    ),
    "kernel-too-large": (
        lambda w: cnn.output_size(2, 5),
        ValueError,
        r"^output_size: the kernel \(5\) is larger than the padded input \(2 \+ 2\*0 = 2\)\. Use a smaller kernel or",
    ),
    "size-0": (lambda w: cnn.excluded_pixels(0, 3), ValueError, r"^excluded_pixels: size must be a positive integer"),
}

ORDER = {
    "model-backward": (
        lambda w: w.other.backward(w.one_hot),
        RuntimeError,
        r"^Model: backward was called before forward",
    ),
    "layer-backward": (lambda w: w.fresh.backward(w.X), RuntimeError, r"^Conv2D: backward was called before forward"),
    "backward-shape": (
        lambda w: w.model.backward(w.X),
        ValueError,
        r"dC_dO has shape \(12, 1, 6, 6\), expected \(5, 3\)",
    ),
    "backward-text": (lambda w: w.model.backward("x"), TypeError, r"dC_dO must be an array of real numbers"),
    "layer-twice": (
        lambda w: Model([w.fresh, w.fresh], (1, 6, 6)),
        ValueError,
        r"layer 1 \(Conv2D\) is in a model already",
    ),
    "layer-in-two": (lambda w: Model([w.fresh, w.model.layers[1]], (1, 6, 6)), ValueError, r"layer 1 \(ReLU\) is in a"),
    "network": (
        lambda w: Model([w.fresh, FullyConnected(3)], (1, 6, 6)),
        ValueError,
        r"layer 1 \(Fully.*Put a Flatten",
    ),
    "fresh-not-fitting": (
        lambda w: Model([w.fresh], (1, 2, 2)),
        ValueError,
        r"^Model: layer 0 \(Conv2D\) does not fit",
    ),
    "alone-not-fitting": (
        lambda w: Model([w.fresh, w.alone], (1, 6, 6)),
        ValueError,
        r"layer 1 .* cannot keep its param",
    ),
    "build-shape": (
        lambda w: w.alone.build((2, 2), w.rng),
        ValueError,
        r"^Conv2D: expected an input of shape \(C, H, W\)",
    ),
    "build-dtype": (
        lambda w: w.alone.build((1, 6, 6), w.rng, "int8"),
        ValueError,
        r"^Conv2D: dtype must be 'float32' or",
    ),
    "build-small": (lambda w: w.fresh.build((1, 2, 2), w.rng), ValueError, r"^Conv2D: the kernel \(3\) is larger than"),
    "step-without-gradient": (
        lambda w: Adam().step(w.other.parameters()),
        RuntimeError,
        r"^Adam: '1\.W' has no gradient yet\. Call forward and backward first\.$",
    ),
    "step-of-another-model": (
        lambda w: w.optimiser.step([("1.W", np.zeros((36, 3)), np.ones((36, 3)))]),
        ValueError,
        r"^Adam: it holds the state of .*Make a new optimiser for another model",
    ),
    "fit-of-another-model": (
        lambda w: fit(w, model=w.other),
        ValueError,
        r"^fit: this Adam holds the state of another",
    ),
    "checkpoint-of-another-model": (
        lambda w: cnn.save_checkpoint(w.path, w.other, w.optimiser),
        ValueError,
        r"^save_checkpoint: the Adam holds the state of another model",
    ),
}

LABELS = {
    "range": (
        lambda w: fit(w, y=w.y + 1),
        ValueError,
        r"^fit: label 3 at index 2; labels must be 0\.\.2 for 3 outputs\.$",
    ),
    "negative": (
        lambda w: fit(w, y=w.y - 1),
        ValueError,
        r"^fit: label -1 at index 0; labels must be 0\.\.2 for 3 out",
    ),
    "floats": (lambda w: fit(w, y=w.y / 1), TypeError, r"^fit: labels must be integers, got dtype float64"),
    "one-less": (lambda w: fit(w, y=w.y[1:]), ValueError, r"^fit: got 11 labels for 12 examples"),
    "one-hot-columns": (
        lambda w: fit(w, y=w.one_hot[:, :2]),
        ValueError,
        r"^fit: labels of shape \(12, 2\) must be one-hot",
    ),
    "one-hot-half": (lambda w: fit(w, y=w.one_hot / 2), ValueError, r"^fit: labels of shape \(12, 3\) must be one-hot"),
    "ragged": (lambda w: fit(w, y=[[0, 1], [2]]), ValueError, r"^fit: .* rows of different lengths"),
    "loss-range": (lambda w: CrossEntropy()(w.one_hot, w.y + 1), ValueError, r"^CrossEntropy: label 3 at index 2"),
    "loss-images": (lambda w: CrossEntropy()(w.X, w.y), ValueError, r"^CrossEntropy: outputs must have 2 dimensions"),
    "loss-empty": (lambda w: CrossEntropy()(w.one_hot[:0], w.y[:0]), ValueError, r"^CrossEntropy: outputs is empty"),
    "loss-nan": (
        lambda w: CrossEntropy()(w.one_hot * np.nan, w.y),
        ValueError,
        r"^CrossEntropy: outputs contains 36 val",
    ),
    "mse-shape": (
        lambda w: MeanSquaredError()(w.one_hot, w.y),
        ValueError,
        r"^MeanSquaredError: targets have shape \(12,",
    ),
    "mse-empty": (lambda w: MeanSquaredError()(w.X[:0], w.X[:0]), ValueError, r"^MeanSquaredError: outputs is empty"),
    "mse-nan": (
        lambda w: MeanSquaredError()(w.X, w.X * np.nan),
        ValueError,
        r"^MeanSquaredError: targets contains 432",
    ),
    "mse-text": (
        lambda w: MeanSquaredError()(w.X, "x"),
        TypeError,
        r"^MeanSquaredError: targets must be an array of real",
    ),
    "evaluate": (
        lambda w: cnn.evaluate(w.model, w.X, w.y + 1, CrossEntropy()),
        ValueError,
        r"^evaluate: label 3 at index",
    ),
    "confusion": (
        lambda w: cnn.confusion_matrix(w.model, w.X, w.y[1:]),
        ValueError,
        r"^confusion_matrix: got 11 labels",
    ),
}

TRAINING = {
    "nan": (
        lambda w: fit(w, X=w.at((7, 0, 3, 5), np.nan)),
        ValueError,
        r"^fit: X contains 1 value that is not finite \(nan or infinity\), the first at index \(7, 0, 3, 5\)\.$",
    ),
    "infinity": (
        lambda w: fit(w, X=w.at((7, 0), -np.inf)),
        ValueError,
        r"^fit: X contains 36 values that are not finite",
    ),
    "too-large": (
        lambda w: fit(w, X=w.X.astype(float) + 1e300),
        ValueError,
        r"^fit: X contains 432 values that are not finite",
    ),
    "empty": (lambda w: fit(w, X=w.X[:0], y=w.y[:0]), ValueError, r"^fit: X is empty \(shape \(0, 1, 6, 6\)\)"),
    "epochs": (lambda w: fit(w, epochs=0), ValueError, r"^fit: epochs must be a positive integer, got 0"),
    "batch-size": (
        lambda w: fit(w, batch_size=2.5),
        TypeError,
        r"^fit: batch_size must be a positive integer, got 2\.5",
    ),
    "workers": (lambda w: fit(w, workers=-1), ValueError, r"^fit: workers must be a positive integer, got -1"),
    "loss-class": (
        lambda w: fit(w, loss=CrossEntropy),
        TypeError,
        r"^fit: loss must be a loss such as CrossEntropy\(\)",
    ),
    "optimiser-class": (lambda w: fit(w, optimiser=Adam), TypeError, r"^fit: optimiser must be an optimiser such as"),
    "model-list": (lambda w: fit(w, model=w.model.layers), TypeError, r"^fit: model must be a Model, got list"),
    "validation": (lambda w: fit(w, validation=(w.X, w.y[:5])), ValueError, r"^fit: validation: got 5 labels for 12"),
    "softmax": (
        lambda w: fit(w, model=Model([Flatten(), FullyConnected(3), Softmax()], (1, 6, 6)), optimiser=Adam()),
        ValueError,
        r"^fit: the last layer is Softmax, and CrossEntropy has it inside\. Leave out the Softmax layer\.$",
    ),
    "batches": (
        lambda w: list(cnn.batches(9, 0, w.rng)),
        ValueError,
        r"^batches: batch_size must be a positive integer",
    ),
    "batches-count": (lambda w: list(cnn.batches("9", 3, w.rng)), TypeError, r"^batches: count must be an integer of"),
    "batches-rng": (
        lambda w: list(cnn.batches(9, 3, 5)),
        TypeError,
        r"^batches: rng must be a numpy\.random\.Gen.*got 5",
    ),
    "surface-model": (
        lambda w: cnn.cost_surface(3, w.X, w.y, CrossEntropy()),
        TypeError,
        r"^cost_surface: model must be a Model, got int",
    ),
    "surface-loss": (
        lambda w: cnn.cost_surface(w.model, w.X, w.y, None),
        TypeError,
        r"^cost_surface: loss must be a loss such as CrossEntropy\(\), got None",
    ),
    "evaluate-nan": (
        lambda w: cnn.evaluate(w.model, w.at((0, 0, 0, 0), np.nan), w.y, CrossEntropy()),
        ValueError,
        r"^evaluate: X contains 1 value",
    ),
    "evaluate-empty": (
        lambda w: cnn.evaluate(w.model, w.X[:0], [], CrossEntropy()),
        ValueError,
        r"^evaluate: X is empty",
    ),
    "check-subject": (
        lambda w: cnn.gradient_check(3, w.X),
        TypeError,
        r"^gradient_check: expected a layer, a model or a",
    ),
    "check-loss": (
        lambda w: cnn.gradient_check(w.model, w.X, w.y),
        TypeError,
        r"^gradient_check: a model is checked with",
    ),
    "check-labels": (
        lambda w: cnn.gradient_check(w.model, w.X, w.y + 1, loss=CrossEntropy()),
        ValueError,
        "label 3 at",
    ),
    "surface-points": (
        lambda w: cnn.cost_surface(w.model, w.X, w.y, CrossEntropy(), points=1),
        ValueError,
        r"^cost_surface: points must be an integer of at least 2, got 1",
    ),
    "surface-labels": (
        lambda w: cnn.cost_surface(w.model, w.X, w.y + 1, CrossEntropy()),
        ValueError,
        "label 3 at index",
    ),
}

OPTIMISERS = {
    "rate-0": (
        lambda w: GradientDescent(0),
        ValueError,
        r"^GradientDescent: learning_rate must be a finite number > 0",
    ),
    "rate-negative": (lambda w: Adam(-0.1), ValueError, r"^Adam: learning_rate must be a finite number > 0, got -0\.1"),
    "rate-nan": (
        lambda w: Adam(float("nan")),
        ValueError,
        r"^Adam: learning_rate must be a finite number > 0, got nan",
    ),
    "rate-infinite": (lambda w: Adam(np.inf), ValueError, r"^Adam: learning_rate must be a finite number > 0, got inf"),
    "rate-text": (lambda w: Adam("0.1"), TypeError, r"^Adam: learning_rate must be a finite number > 0, got '0\.1'"),
    "rate-bool": (lambda w: Adam(True), TypeError, r"^Adam: learning_rate must be a finite number > 0, got True"),
    "rate-huge": (lambda w: Adam(10**400), ValueError, r"^Adam: learning_rate must be a finite number > 0"),
    "momentum-1": (lambda w: Momentum(momentum=1), ValueError, r"^Momentum: momentum must be .* >= 0 and < 1, got 1"),
    "nesterov-negative": (lambda w: Nesterov(momentum=-1), ValueError, r"^Nesterov: momentum must be .* >= 0 and < 1"),
    "decay-1": (lambda w: RMSProp(decay=1.0), ValueError, r"^RMSProp: decay must be a finite number >= 0 and < 1"),
    "beta1": (lambda w: Adam(beta1=1.5), ValueError, r"^Adam: beta1 must be a finite number >= 0 and < 1, got 1\.5"),
    "beta2": (lambda w: AdamW(beta2=None), TypeError, r"^AdamW: beta2 must be a finite number >= 0 and < 1, got None"),
    "epsilon": (lambda w: Adam(epsilon=0), ValueError, r"^Adam: epsilon must be a finite number > 0, got 0"),
    "weight-decay": (
        lambda w: AdamW(weight_decay=-1),
        ValueError,
        r"^AdamW: weight_decay must be a finite number >= 0",
    ),
    "schedule-steps": (lambda w: OneCycle(0.1, 0), ValueError, r"^OneCycle: steps must be a positive integer, got 0"),
    "schedule-rate": (lambda w: OneCycle(-0.1, 9), ValueError, r"^OneCycle: learning_rate must be a finite number > 0"),
    "schedule-warm-up": (lambda w: OneCycle(0.1, 9, 1.1), ValueError, r"^OneCycle: warm_up must be .* >= 0 and <= 1"),
    "schedule-final": (
        lambda w: cnn.Cosine(0.1, 9, 0.2),
        ValueError,
        r"^Cosine: final must be a finite number >= 0 and",
    ),
    "schedule-every": (lambda w: cnn.StepDecay(0.1, 0), ValueError, r"^StepDecay: every must be a positive integer"),
    "step-shape": (
        lambda w: w.optimiser.step(triples(w, grad=np.ones(3))),
        ValueError,
        r"^Adam: the gradient of '0\.F' has shape \(3,\), expected \(2, 1, 3, 3\)",
    ),
    "step-param-list": (
        lambda w: w.optimiser.step(triples(w, param=[1.0])),
        TypeError,
        r"'0\.F' must be a writeable float",
    ),
    "step-param-integers": (
        lambda w: w.optimiser.step(triples(w, param=np.arange(3))),
        TypeError,
        "must be a writeable",
    ),
    "step-param-read-only": (
        lambda w: w.optimiser.step(triples(w, param=w.F)),
        TypeError,
        "must be a writeable float32",
    ),
    "step-gradient-text": (
        lambda w: w.optimiser.step(triples(w, grad="x")),
        TypeError,
        r"gradient of '0\.F' must be an",
    ),
    "step-key-twice": (
        lambda w: w.optimiser.step(w.model.parameters() * 2),
        ValueError,
        r"^Adam: a key occurs twice in",
    ),
    "step-one-missing": (
        lambda w: w.optimiser.step(w.model.parameters()[1:]),
        ValueError,
        r"^Adam: it holds the state of",
    ),
}

FILES = {
    "load-missing": (lambda w: Model.load(w.folder / "nothing"), FileNotFoundError, "nothing"),
    "load-text": (
        lambda w: Model.load(w.folder / "text.gz"),
        ValueError,
        r"^Model\.load: '.*text\.gz' cannot be loaded: ",
    ),
    "load-idx-file": (
        lambda w: Model.load(w.folder / "images.idx"),
        ValueError,
        r"^Model\.load: '.*images\.idx' cannot be",
    ),
    "load-folder": (lambda w: Model.load(w.folder), IsADirectoryError, "."),
    "load-number": (lambda w: Model.load(12345), TypeError, "not int"),
    "load-none": (lambda w: Model.load(None), TypeError, "."),
    "checkpoint-of-a-model": (lambda w: cnn.load_checkpoint(w.path), ValueError, "it holds a model, not a checkpoint"),
    "checkpoint-number": (lambda w: cnn.load_checkpoint(12345), TypeError, "not int"),
    "save-missing-folder": (lambda w: w.model.save(w.folder / "no" / "model.npz"), FileNotFoundError, "no"),
    "save-over-a-folder": (lambda w: w.model.save(w.folder), OSError, "."),
    "save-none": (lambda w: w.model.save(None), TypeError, "."),
    "save-empty-name": (lambda w: w.model.save(""), (ValueError, OSError), "."),
    "save-number": (lambda w: w.model.save(7), TypeError, "."),
    "checkpoint-no-optimiser": (lambda w: cnn.save_checkpoint(w.path, w.model, 3), TypeError, r"^save_checkpoint: "),
    "checkpoint-no-model": (lambda w: cnn.save_checkpoint(w.path, 3, Adam()), TypeError, r"^save_checkpoint: "),
    "checkpoint-own-rate": (
        lambda w: cnn.save_checkpoint(w.path, w.other, Adam(lambda step: 0.1)),
        TypeError,
        r"^save_checkpoint: <function .* cannot be written to a file; what can: Constant, StepDecay, Cosine, OneCycle",
    ),
    "idx-missing": (lambda w: cnn.load_idx(w.folder / "nothing"), FileNotFoundError, "nothing"),
    "idx-number": (lambda w: cnn.load_idx(12345), TypeError, "not int"),
    "idx-html": (
        lambda w: cnn.load_idx(w.folder / "text.gz"),
        ValueError,
        r"^load_idx: '.*text\.gz' is neither gzip nor IDX: it starts with b'<htm'\.$",
    ),
    "idx-zip": (lambda w: cnn.load_idx(w.path), ValueError, r"^load_idx: '.*model\.npz' is neither gzip nor IDX"),
    "mnist-folder": (lambda w: cnn.load_mnist(w.folder), FileNotFoundError, "train-images-idx3-ubyte"),
    "mnist-limit": (
        lambda w: cnn.load_mnist(limit=60_001),
        ValueError,
        r"^load_mnist: limit must be at most 60000, the n",
    ),
    "mnist-seed": (
        lambda w: cnn.load_mnist(seed=1.5),
        TypeError,
        r"^load_mnist: seed must be an integer of at least 0",
    ),
}


def draw(size=3, mode="max"):
    """Draw nothing, in a size that a reader chooses."""
    return new_figure(50, 50), f"{size} {mode}"


WIDGETS = {
    "draw": (lambda w: explore(3, size=range(3)), TypeError, r"^explore: draw must be a function that returns .*got 3"),
    "nothing-to-choose": (
        lambda w: explore(draw),
        ValueError,
        r"^explore: there is nothing to choose\. Give a control",
    ),
    "unknown-argument": (
        lambda w: explore(draw, sizes=range(3)),
        TypeError,
        r"^explore: draw takes \(size=3, mode='max",
    ),
    "range-empty": (lambda w: explore(draw, size=range(0)), ValueError, r"^explore: size has no values to choose from"),
    "list-empty": (lambda w: explore(draw, size=[]), ValueError, r"^explore: size has no values to choose from"),
    "menu-empty": (lambda w: explore(draw, mode={}), ValueError, r"^explore: mode has no values to choose from"),
    "number": (lambda w: explore(draw, size=3), TypeError, r"^explore: size must be a range, a list .*, got 3"),
    "text": (lambda w: explore(draw, mode="max"), TypeError, r"^explore: mode must be a range, a list .*, got 'max'"),
    "none": (lambda w: explore(draw, size=None), TypeError, r"^explore: size must be a range, a list .*, got None"),
    "array": (lambda w: explore(draw, size=w.X), TypeError, r"^explore: size must be a range, .*an array of float32"),
    "alike": (
        lambda w: explore(draw, size=[3, "3"]),
        ValueError,
        r"^explore: size has values that look the same: 3, 3",
    ),
    "alike-floats": (
        lambda w: explore(draw, size=[0.1, 0.1 + 1e-12]),
        ValueError,
        r"size has values that look the sam",
    ),
    "start-outside": (
        lambda w: explore(draw, size=range(4, 9)),
        ValueError,
        r"^explore: draw starts with size=3, which",
    ),
    "start-not-listed": (
        lambda w: explore(draw, mode=["min", "mean"]),
        ValueError,
        r"draw starts with mode='max', whic",
    ),
    "steps-0": (lambda w: explore(draw, size=Steps(0)), ValueError, r"^Steps: count must be a positive integer, got 0"),
    "steps-float": (lambda w: Steps(2.0), TypeError, r"^Steps: count must be a positive integer, got 2\.0"),
    "steps-bool": (lambda w: Steps(True), TypeError, r"^Steps: count must be a positive integer, got True"),
    "steps-text": (lambda w: Steps("3"), TypeError, r"^Steps: count must be a positive integer, got '3'"),
    "steps-that-give-0": (
        lambda w: Steps(lambda: 0).count_for({}),
        ValueError,
        r"^Steps: count must be a positive int",
    ),
    "no-picture": (
        lambda w: explore(lambda n: n, n=[1]),
        TypeError,
        r"^explore: draw must return \(figure, sentence\)",
    ),
    "no-sentence": (lambda w: explore(lambda n: (draw()[0], n), n=[1]), TypeError, r"must return \(figure, sentence\)"),
    "state-list": (
        lambda w: draw_state(draw, [3]),
        TypeError,
        r"^a state must be a dictionary of draw's argum",
    ),
}

AREAS = {
    "widgets": WIDGETS,
    "layers": LAYERS,
    "arrays": ARRAYS,
    "order": ORDER,
    "labels": LABELS,
    "training": TRAINING,
    "optimisers": OPTIMISERS,
    "files": FILES,
}
FEWEST = {
    "widgets": 22, "layers": 29, "arrays": 32, "order": 16, "labels": 17, "training": 24, "optimisers": 26, "files": 23,
}  # fmt: skip
CASES = [pytest.param(*case, id=f"{area}-{name}") for area, cases in AREAS.items() for name, case in cases.items()]


@pytest.mark.parametrize(("call", "error", "words"), CASES)
def test_bad_input_is_refused_in_clear_words_and_nothing_has_changed(world, capsys, call, error, words):
    before = world.fingerprint()
    with pytest.raises(error, match=words) as caught:
        call(world)
    assert world.fingerprint() == before
    assert capsys.readouterr() == ("", "")
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(("call", "error", "words"), [case for case in CASES if case.id.startswith(("order", "train"))])
def test_training_goes_on_after_bad_input_as_if_nothing_had_been(tmp_path, call, error, words):
    (tmp_path / "one").mkdir()
    (tmp_path / "twin").mkdir()
    world, twin = World(tmp_path / "one"), World(tmp_path / "twin")
    with pytest.raises(error, match=words):
        call(world)
    assert list(world.records) == list(twin.records)
    assert world.fingerprint()[:-1] == twin.fingerprint()[:-1]


def test_the_fingerprint_of_the_world_sees_every_change(tmp_path):
    """The test of the tests above: each of these leaves a trace."""
    changes = [
        lambda w: next(w.records),
        lambda w: w.model.forward(w.X),
        lambda w: w.model.rng.random(),
        lambda w: w.rng.random(),
        lambda w: w.alone.forward(w.X[:1]),
        lambda w: w.fresh.forward(w.X),
        lambda w: Model([w.fresh], (1, 6, 6)),
        lambda w: w.optimiser.state["0.F"]["first"].__iadd__(1),
        lambda w: w.model.layers[4].params["B"].__iadd__(1),
        lambda w: w.model.layers[4].grads["B"].__iadd__(1),
        lambda w: w.other.save(w.path),
        lambda w: w.other.save(w.folder / "other"),
        lambda w: np.random.random(),  # noqa: NPY002
    ]
    for number, change in enumerate(changes):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = World(folder)
        before = world.fingerprint()
        assert world.fingerprint() == before
        change(world)
        assert world.fingerprint() != before, f"change {number} is not seen"


TYPED = [
    "0",
    "-1",
    "1.5",
    "True",
    "None",
    "",
    "sme",
    "(1, 0)",
    "(1, 2, 3)",
    "[1, 'x']",
    "{}",
    "1e999",
    "'valid",
    "10**9",
]
FIELDS = {
    "stride": lambda value: cnn.conv2d_forward(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3)), stride=value),
    "kernel_size": lambda value: Conv2D(2, kernel_size=value),
    "padding": lambda value: Conv2D(2, padding=value),
    "pool_size": lambda value: Pool2D(value),
    "mode": lambda value: Pool2D(mode=value),
    "learning_rate": lambda value: Adam(value),
    "size": lambda value: cnn.output_size(value, 3),
}


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize("call", FIELDS.values(), ids=FIELDS)
def test_what_is_typed_into_a_field_is_refused_in_the_very_words_of_the_library(call, typed):
    value = Field().argument_of(typed)
    try:
        call(value)
    except (TypeError, ValueError) as error:
        said = str(error)
    else:
        said = "It fits."

    def show(value):
        call(value)
        return new_figure(50, 50), "It fits."

    sentence = draw_state_or_reason(show, {"value": value}, (360, 140))[1]
    assert sentence == said
    assert said == "It fits." or re.match(
        r"(Conv2D|Pool2D|Adam|conv2d_forward|output_size): .*(got|unknown|Choose)", said
    )


def test_the_cases_do_not_become_fewer():
    """A case may be replaced by a better one, but whoever takes some away says so here."""
    assert len(CASES) >= 150
    assert {area: len(cases) for area, cases in AREAS.items() if len(cases) < FEWEST[area]} == {}


SAME = {
    "fortran": np.asfortranarray,
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "backwards": lambda X: np.ascontiguousarray(X[::-1, ..., ::-1])[::-1, ..., ::-1],
    "every-second": lambda X: np.repeat(X, 2, axis=0)[::2],
    "list": np.ndarray.tolist,
    "unaligned": lambda X: np.frombuffer(b"x" + X.tobytes(), np.uint8)[1:].view(X.dtype).reshape(X.shape),
}


@pytest.mark.parametrize("form", SAME.values(), ids=SAME)
def test_an_array_that_lies_otherwise_in_memory_gives_the_same_bits_and_is_left_as_it_is(world, form):
    X = form(world.X)
    before = np.array(X).tobytes()
    twin = Model([Conv2D(2), ReLU(), Pool2D(), Flatten(), FullyConnected(3)], (1, 6, 6))
    other = Model([Conv2D(2), ReLU(), Pool2D(), Flatten(), FullyConnected(3)], (1, 6, 6))
    assert twin.predict(X).tobytes() == other.predict(world.X).tobytes()
    records = [list(cnn.fit(m, x, world.y, Adam(), CrossEntropy())) for m, x in ((twin, X), (other, world.X))]
    assert records[0] == records[1]
    assert [p.tobytes() for _, p, _ in twin.parameters()] == [p.tobytes() for _, p, _ in other.parameters()]
    assert np.array(X).tobytes() == before
