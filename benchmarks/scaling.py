"""Time of a convolution by the number of images, filters and pixels; memory of a training step by the batch size."""

import gc
import statistics
import time
import tracemalloc

import numpy as np

from cnn_core import Adam, Conv2D, CrossEntropy, Model, fit, load_mnist

from .networks import first

IMAGES, FILTERS, SIDE = (64, 128, 256, 512, 1024), (8, 16, 32, 64, 128), (20, 28, 40, 56, 80)
BATCHES = (128, 512, 2048, 8192)
REPEATS = 15


def times():
    """Return {"images", "filters", "pixels": [(number, seconds)]} of the forward pass of a 3 by 3 convolution."""
    return {
        "images": [(n, _seconds(n, 16, 28)) for n in IMAGES],
        "filters": [(k, _seconds(128, k, 28)) for k in FILTERS],
        "pixels": [(side * side, _seconds(128, 16, side)) for side in SIDE],
    }


def _seconds(N, K, side):
    """Return the median seconds of predict with a model of one convolution of 8 channels."""
    X = np.random.default_rng(0).random((N, 8, side, side), np.float32)
    model = Model([Conv2D(K, 3, padding="same")], X.shape[1:])
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        model.predict(X)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def step_memory():
    """Return [(batch size, peak bytes of a training step of the first network)]."""
    digits = load_mnist(limit=BATCHES[-1])
    return [(batch, _peak(digits, batch)) for batch in BATCHES]


def _peak(digits, batch):
    records = fit(Model(first()), digits.X_train, digits.y_train, Adam(), CrossEntropy(), batch_size=batch)
    gc.collect()
    tracemalloc.start()
    next(records)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    records.close()
    return peak
