"""The engine room: memory order, work arrays, shards, worker threads, and what fit and predict do with them."""

import gc
import os
import sys
import threading
import time
import tracemalloc
import weakref

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_info, threadpool_limits
from threads import crew_threads

from cnn_core import (
    Adam,
    Conv2D,
    CrossEntropy,
    Flatten,
    FullyConnected,
    LeakyReLU,
    Model,
    Pool2D,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    checks,
    fit,
    parallel,
)
from cnn_core.layer import Layer

FLOATS = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def images(rng, shape=(5, 3, 7, 6), dtype=np.float32, order="NCHW"):
    """Return images (N, C, H, W) that lie in memory in this order."""
    X = rng.normal(size=shape).astype(dtype)
    if order == "HCWN":
        return np.ascontiguousarray(X.transpose(2, 1, 3, 0)).transpose(3, 1, 0, 2)
    return X


# --- memory order ---


def test_images_that_lie_as_rows_are_seen_and_others_copied(rng):
    X = images(rng, order="HCWN")
    rows = parallel.rows_of(X, "X", parallel.NEW)
    assert np.shares_memory(rows, X)
    assert rows.flags.c_contiguous
    assert_array_equal(rows, X.transpose(2, 1, 3, 0))
    other = images(rng)
    rows = parallel.rows_of(other, "X", parallel.NEW)
    assert not np.shares_memory(rows, other)
    assert rows.flags.c_contiguous
    assert_array_equal(rows, other.transpose(2, 1, 3, 0))


@pytest.mark.parametrize("order", ["NCHW", "HCWN"])
def test_reshaping_is_that_of_numpy_whatever_the_order_in_memory(rng, order):
    X = images(rng, order=order)
    flat = parallel.reshaped(X, (3 * 7 * 6,), "O", parallel.NEW)
    assert_array_equal(flat, X.reshape(5, -1))
    back = parallel.reshaped(flat, (3, 7, 6), "O", parallel.NEW)
    assert_array_equal(back, X)
    assert np.shares_memory(back, flat)  # the way back is a view in both orders


@pytest.mark.parametrize("order", ["NCHW", "HCWN"])
@pytest.mark.parametrize("layer", [Conv2D(4), Conv2D(4, 3, 2, "same"), Pool2D(), ReLU()], ids=repr)
def test_images_of_either_order_give_the_same_bits(rng, layer, order):
    X, twin = images(np.random.default_rng(1)), images(np.random.default_rng(1), order=order)
    O = layer.forward(X)
    dC_dO = rng.normal(size=O.shape).astype(np.float32)
    dC_dX = layer.backward(dC_dO)
    assert_array_equal(layer.forward(twin), O)
    assert_array_equal(layer.backward(dC_dO), dC_dX)


@FLOATS
def test_keep_is_where_with_zero_for_every_kind_of_number(dtype):
    values = np.array([1.5, -2.0, np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-42, 3e38], dtype)
    for mask in (np.arange(9) % 2 == 0, np.ones(9, bool), np.zeros(9, bool)):
        found = parallel.keep(values, mask, np.full(9, 7, dtype))
        assert_array_equal(found, np.where(mask, values, 0))
        assert_array_equal(np.signbit(found), np.signbit(np.where(mask, values, 0)))


def test_keep_writes_through_a_view_with_gaps(rng):
    values, mask = rng.normal(size=(4, 6))[::2, 1::2], rng.random((2, 3)) > 0.5
    frame = np.full((4, 9), 7.0)
    parallel.keep(values, mask, frame[1::2, ::3])
    assert_array_equal(frame[1::2, ::3], np.where(mask, values, 0))
    assert np.count_nonzero(frame == 7) == 36 - 6


# --- work arrays ---


def test_kept_arrays_come_again_by_name_shape_and_dtype_and_new_ones_never():
    kept, f = parallel.Kept(), np.float32
    one = kept.array("O", (2, 3), f)
    one[...] = 5
    assert kept.array("O", (2, 3), f) is one
    others = [kept.array("X", (2, 3), f), kept.array("O", (3, 2), f), kept.array("O", (2, 3), bool)]
    others += [kept.part("inner").array("O", (2, 3), f), kept.like("O", np.ones((3, 3), f), f)]
    assert not any(np.shares_memory(one, other) for other in others)
    assert kept.part("inner").array("O", (2, 3), f) is others[3]
    assert parallel.NEW.array("O", (2, 3), f) is not parallel.NEW.array("O", (2, 3), f)
    assert not parallel.NEW.array("O", (2, 3), f).any()


@pytest.mark.parametrize("stride", [1, 2, (1, 3), (3, 1)])
def test_a_convolution_makes_as_many_numbers_as_it_counts_before_it_begins(rng, stride):
    X, conv, work = images(rng, (5, 3, 9, 8), order="HCWN"), Conv2D(4, (3, 2), stride), parallel.Kept()
    conv.build(X.shape[1:], rng)
    conv.apply(X, work)
    assert sum(array.size for array in work.arrays.values()) == 5 * conv.element_count(X.shape[1:])


def test_a_batch_is_seen_with_its_axes_in_front_and_lies_with_the_examples_innermost():
    assert parallel.NEW.batch("O", (5, 3, 7, 6), float).strides == (8, 8 * 6 * 5, 8 * 3 * 6 * 5, 8 * 5)
    assert parallel.NEW.batch("O", (5, 3), float).strides == (8, 8 * 5)
    assert parallel.NEW.batch("O", (5, 3, 4), float).shape == (5, 3, 4)


def test_the_padding_of_a_kept_array_stays_zero(rng):
    conv = Conv2D(2, 3, padding="same")
    conv.build((1, 4, 4), rng, "float64")
    work = parallel.Kept()
    for _ in range(3):
        X = rng.normal(size=(2, 1, 4, 4)) * 100
        assert_array_equal(conv.apply(X, work), conv.apply(X))


# --- shards ---


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 200, 1000, 10_000])
def test_shards_cover_a_batch_in_order_and_are_neither_small_nor_large(count):
    cut = parallel.shards(count)
    assert_array_equal(np.concatenate([np.arange(count)[each] for each in cut]), np.arange(count))
    sizes = [each.stop - each.start for each in cut]
    assert len(set(sizes[:-1])) <= 1
    assert all(32 <= size <= 64 for size in sizes[:-1])
    assert 0 < sizes[-1] <= 64


def test_the_shards_of_nothing_are_one_empty_shard():
    assert parallel.shards(0) == [slice(0, 0)]


# --- the crew ---


class Trace:
    """A desk that notices when two jobs sit at it."""

    def __init__(self):
        self.busy = False


def work_on(items, workers=3, seconds=0.001):
    """Return the items as the crew gave them back, and the threads that worked, after random waits."""
    rng, threads = np.random.default_rng(0), set()
    waits = dict(zip(items, rng.random(len(items)) * seconds, strict=True))

    def job(item, desk):
        assert not desk.busy
        desk.busy = True
        time.sleep(waits[item])
        threads.add(threading.get_ident())
        desk.busy = False
        return [item]

    with parallel.crew(workers, Trace) as run:
        return run(job, items, lambda one, other: one + other), threads


@pytest.mark.parametrize("workers", [1, 2, 5, None])
def test_results_are_added_in_the_order_of_the_items(workers):
    assert work_on(list(range(50)), workers)[0] == list(range(50))


def test_one_worker_is_the_thread_that_asks_and_several_are_others():
    assert work_on(list(range(9)), 1)[1] == {threading.get_ident()}
    assert threading.get_ident() not in work_on(list(range(9)), 3)[1]
    assert work_on([4], 3)[1] == {threading.get_ident()}  # one item is not worth a thread


def test_no_thread_is_left_behind():
    work_on(list(range(20)))
    assert crew_threads() == 0


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, FloatingPointError])
def test_an_error_in_a_job_comes_through_when_nobody_works_any_more(workers, error):
    working, done = [], []

    def job(item, desk):
        working.append(item)
        time.sleep(0.002)
        if item in (4, 9):
            raise error(f"at {item}")
        done.append(item)
        working.remove(item)

    with parallel.crew(workers, Trace) as run:
        with pytest.raises(error, match="at 4"):  # that of the first item, whichever came to it first
            run(job, list(range(100)), lambda *_: None)
        assert set(working) <= {4, 9}
        assert len(done) < 40  # what had not begun never began
        assert run(lambda item, desk: [item], [1, 2, 3], lambda one, other: one + other) == [1, 2, 3]
    assert crew_threads() == 0


def test_there_are_never_more_threads_than_items():
    together = threading.Barrier(2)
    with parallel.crew(50, Trace) as run:
        run(lambda item, desk: together.wait(10), [1, 2], lambda *_: None)
        assert 0 < crew_threads(most=2) <= 2


def test_all_workers_work_at_once_however_many_there_are():
    together = threading.Barrier(24)
    with parallel.crew(24, Trace) as run:
        run(lambda item, desk: together.wait(30), list(range(48)), lambda *_: None)
    assert not together.broken


@pytest.mark.parametrize("call", range(1, 9))
def test_an_error_and_then_an_interrupt_while_the_rest_is_called_off_leave_nobody_at_work(call):
    begun, ended, left = [], [], [call]

    def job(item, desk):
        begun.append(item)
        time.sleep(0.002)
        ended.append(item)
        if item == 0:
            raise ZeroDivisionError

    def interrupt(frame, event, arg):  # the n-th function that is called from the calling off on does not begin
        if left[0] < call or frame.f_code is parallel._call_off.__code__:
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt

    with parallel.crew(2, Trace) as run:
        sys.settrace(interrupt)
        try:
            run(job, list(range(30)), lambda *_: None)
        except (KeyboardInterrupt, ZeroDivisionError):
            pass
        finally:
            sys.settrace(None)
        last = len(begun)
        assert len(ended) == last < 30
    time.sleep(0.02)
    assert len(begun) == last


def test_what_a_worker_wrote_to_is_free_as_soon_as_its_error_is_forgotten():
    desks = []

    def make_desk():
        desk = Trace()
        desks.append(weakref.ref(desk))
        return desk

    def use():
        with parallel.crew(2, make_desk) as run:
            run(lambda item, desk: 1 // item, [0, 1, 1], int.__add__)

    gc.disable()
    try:
        with pytest.raises(ZeroDivisionError):
            use()
        assert crew_threads() == 0
        assert [desk() for desk in desks if desk() is not None] == []
    finally:
        gc.enable()


def test_an_error_while_results_are_added_leaves_nobody_at_work():
    def add(one, other):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), parallel.crew(2, Trace) as run:
        run(lambda item, desk: time.sleep(0.002), list(range(50)), add)
    assert crew_threads() == 0


def test_only_a_few_results_wait():
    finished, most = [0], [0]

    def job(item, desk):
        finished[0] += 1

    def add(one, other):
        time.sleep(0.001)
        finished[0] -= 1
        most[0] = max(most[0], finished[0])

    with parallel.crew(2, Trace) as run:
        run(job, list(range(200)), add)
    assert most[0] <= parallel.AHEAD + 2


def test_what_numpy_was_told_of_overflow_reaches_the_workers():
    def job(item, desk):
        return np.geterr()

    with np.errstate(over="ignore", divide="raise"), parallel.crew(2, Trace) as run:
        assert run(job, [1, 2], lambda one, other: other) == np.geterr()


def test_a_function_that_numpy_was_told_to_call_is_called_by_the_workers_too():
    called = []
    with np.errstate(over="call", call=lambda *what: called.append(what)), parallel.crew(2, Trace) as run:
        run(lambda item, desk: np.float32(1e38) * np.float32(item), [10, 20, 30], lambda *_: None)
    assert [words for words, _ in called] == ["overflow"] * 3


def test_cores_are_at_least_one_and_at_most_those_of_the_machine():
    assert 1 <= parallel.cores() <= os.cpu_count()


# --- NumPy's own threads ---


@pytest.fixture
def two_blas_threads():
    """Give BLAS two threads, whatever the machine has and whatever an earlier test left."""
    with threadpool_limits(2, user_api="blas"):
        yield


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.mark.parametrize("workers", [1, 2])
def test_while_a_crew_works_a_matrix_product_uses_one_thread_and_afterwards_as_many_as_before(
    workers, two_blas_threads
):
    before = blas_threads()
    assert set(before) == {2}
    with parallel.crew(workers, Trace) as run:
        inside = run(lambda item, desk: [blas_threads()], [1, 2, 3], lambda one, other: one + other)
        assert blas_threads() == before
    assert all(set(threads) == {1} for threads in inside)


def test_after_an_error_numpys_threads_are_as_before(two_blas_threads):
    before = blas_threads()
    assert set(before) == {2}
    with pytest.raises(ZeroDivisionError), parallel.crew(2, Trace) as run:
        run(lambda item, desk: 1 / 0, [1, 2], lambda *_: None)
    assert blas_threads() == before


def test_a_readers_own_limit_stays():
    with threadpool_limits(1, user_api="blas"):
        work_on([1, 2, 3])
        assert set(blas_threads()) == {1}


def test_of_two_crews_the_last_gives_numpy_its_threads_back(two_blas_threads):
    before, holders = blas_threads(), [type("Holder", (), {})() for _ in range(2)]
    for holder in holders:
        parallel.one_blas_thread.take(holder)
    parallel.one_blas_thread.give_back(holders[0])
    assert set(blas_threads()) == {1}
    parallel.one_blas_thread.give_back(holders[1])
    assert blas_threads() == before


def test_a_holder_that_was_interrupted_before_it_gave_back_is_forgotten(two_blas_threads):
    before = blas_threads()
    assert set(before) == {2}
    parallel.one_blas_thread.take(type("Holder", (), {})())
    gc.collect()
    work_on([1, 2])
    assert blas_threads() == before


def test_a_giving_back_that_was_interrupted_half_way_is_made_up_for(two_blas_threads):
    before, holders = blas_threads(), [type("Holder", (), {})() for _ in range(2)]
    parallel.one_blas_thread.take(holders[0])
    for library in parallel.one_blas_thread.before:
        library.set_num_threads(2)
    parallel.one_blas_thread.holders.clear()  # and here comes the interrupt
    parallel.one_blas_thread.take(holders[1])
    assert set(blas_threads()) == {1}
    parallel.one_blas_thread.give_back(holders[1])
    assert blas_threads() == before


def test_without_threadpoolctl_numpys_threads_are_left_alone_and_all_else_works(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    parallel._blas.cache_clear()
    try:
        assert parallel._blas() == ()
        assert work_on(list(range(5)))[0] == list(range(5))
    finally:
        parallel._blas.cache_clear()


# --- a desk gives what the layers give ---

NETWORKS = [
    [Conv2D(4, 3, padding="same"), ReLU(), Pool2D(2), Conv2D(6, 3), ReLU(), Pool2D(2, mode="min"), Flatten()],
    [Conv2D(4, 3, padding="same"), ReLU(), Pool2D(3, stride=2), ReLU(), Pool2D(2, mode="mean"), Flatten()],
    [ReLU(), Pool2D(2), Pool2D(2), ReLU(), ReLU(), Flatten(), ReLU()],
    [Conv2D(3, 5, stride=2, padding=2), LeakyReLU(0.1), Conv2D(5, 3, stride=2), Tanh(), Flatten(), Sigmoid()],
    [Flatten(), FullyConnected(20), ReLU(), FullyConnected(3), Softmax()],
    [Conv2D(2, (3, 2), (2, 1), "include"), ReLU(), Pool2D((2, 3), (1, 2), (1, 0)), Flatten(), FullyConnected(3)],
]


def made(layers, dtype, shape=(2, 12, 12)):
    """Return a model of layers like these."""
    return Model([type(layer)(**checks.arguments_of(layer)) for layer in layers], shape, dtype=dtype)


@FLOATS
@pytest.mark.parametrize("layers", NETWORKS, ids=lambda layers: "-".join(layer.name for layer in layers))
def test_a_desk_gives_the_outputs_and_gradients_of_the_layers_bit_for_bit(rng, layers, dtype):
    model = made(layers, np.dtype(dtype).name)
    desk = parallel.Desk(model.layers, training=True)
    for count in (5, 3, 5):  # kept arrays of another size come between
        X = np.round(rng.normal(size=(count, 2, 12, 12))).astype(dtype)  # whole numbers: many ties, many zeros
        O = model.forward(X)
        dC_dO = rng.normal(size=O.shape).astype(dtype)
        model.backward(dC_dO)
        arrays = desk.forward(X)
        assert_array_equal(arrays[-1], O)
        for layer, grads in zip(model.layers, desk.backward(dC_dO, arrays), strict=True):
            assert grads.keys() == layer.grads.keys()
            for key, grad in grads.items():
                assert_array_equal(grad, layer.grads[key])


def test_pooling_comes_before_a_relu_that_stands_right_before_it():
    places = parallel._pooling_first([Conv2D(2), ReLU(), Pool2D(), Conv2D(2), ReLU(), Pool2D(mode="min"), ReLU()])
    assert places == [0, 2, 1, 3, 5, 4, 6]


def test_nothing_else_changes_its_place():
    class Capped(ReLU):
        def apply(self, X):
            return np.clip(X, 0, 1)

    class Odd(Pool2D):
        pass

    for pair in (
        [ReLU(), Pool2D(mode="mean")],
        [Pool2D(), ReLU()],
        [LeakyReLU(), Pool2D()],
        [Sigmoid(), Pool2D()],
        [Capped(), Pool2D()],
        [ReLU(), Odd()],
        [ReLU(), ReLU()],
    ):
        assert parallel._pooling_first(pair) == [0, 1]


@pytest.mark.parametrize(("layer", "shape"), [(Conv2D(2), (3, 7, 6)), (FullyConnected(3), (9,))], ids=repr)
def test_only_training_leaves_out_the_first_layers_input_gradient(rng, layer, shape):
    X, model = rng.normal(size=(5, *shape)), Model([layer], shape)
    dC_dO = np.ones_like(model.forward(X))
    assert model.backward(dC_dO).shape == X.shape
    assert layer.gradients(dC_dO, X, parallel.Kept())[0].shape == X.shape
    assert layer.gradients(dC_dO, X, parallel.Kept(first=True))[0] is None


# --- fit and predict ---


def digits_like(rng, count=300, shape=(1, 12, 12)):
    return rng.normal(size=(count, *shape)).astype(np.float32), rng.integers(0, 10, count)


def small(dtype="float32", seed=0):
    layers = [Conv2D(4, padding="same"), ReLU(), Pool2D(), Conv2D(5, 3, 2), ReLU(), Flatten(), FullyConnected(10)]
    return Model(layers, (1, 12, 12), seed, dtype)


def bits(model):
    return {key: param.tobytes() for key, param, _ in model.parameters()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [32, 70, 128, 300])
def test_training_has_the_same_bits_for_any_number_of_workers(rng, batch_size, dtype):
    X, y = digits_like(rng)
    found = []
    for workers in (1, 2, 3, 8, None):
        model = small(dtype)
        records = list(fit(model, X, y, Adam(), CrossEntropy(), 2, batch_size, (X, y), workers))
        found.append((records, bits(model)))
    assert all(each == found[0] for each in found)


def test_cost_accuracy_and_gradients_of_a_batch_are_those_of_the_whole_batch_at_once(rng):
    X, y = digits_like(rng, 200)
    model, twin = small("float64"), small("float64")
    record = next(fit(model, X, y, Adam(), CrossEntropy(), batch_size=200))
    order = twin.rng.permutation(200)
    O = twin.forward(X[order])
    cost, dC_dO = CrossEntropy()(O, y[order])
    twin.backward(dC_dO)
    assert_allclose(record.cost, cost, rtol=1e-12)
    assert record.accuracy == np.mean(O.argmax(axis=1) == y[order])
    for layer, other in zip(model.layers, twin.layers, strict=True):
        for key in layer.grads:
            assert_allclose(layer.grads[key], other.grads[key], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_fit_hands_out_is_never_written_over(rng, workers):
    X, y = digits_like(rng)
    model, seen, copies = small(), [], []

    def loss(outputs, targets):
        seen.append(outputs)
        copies.append(outputs.copy())
        return CrossEntropy()(outputs, targets)

    for _ in fit(model, X, y, Adam(), loss, batch_size=128, workers=workers):
        grads = [grad for _, _, grad in model.parameters()]
        seen.extend(grads)
        copies.extend(grad.copy() for grad in grads)
    assert len(seen) > 20
    for array, copy in zip(seen, copies, strict=True):
        assert_array_equal(array, copy)


def test_what_predict_returns_is_never_written_over(rng):
    X, _ = digits_like(rng)
    model = small()
    first = model.predict(X)
    kept = first.copy()
    model.predict(X + 1)
    assert_array_equal(first, kept)


@pytest.mark.parametrize("count", [0, 1, 32, 65, 300])
def test_predict_gives_the_same_bits_for_any_number_of_workers(rng, count):
    X, _ = digits_like(rng, count)
    model = small()
    first, *others = (model.predict(X, workers=workers) for workers in (1, 2, 5, None))
    assert first.shape == (count, 10)
    assert all((other == first).all() for other in others)
    assert_allclose(first, model.forward(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("workers", "error"), [(0, ValueError), (1.5, TypeError), (True, TypeError), ("2", TypeError)])
def test_predict_refuses_a_number_of_workers_that_is_none(rng, workers, error):
    with pytest.raises(error, match=r"Model\.predict: workers must be a positive integer"):
        small().predict(digits_like(rng, 3)[0], workers=workers)


def test_a_layer_of_ones_own_that_knows_nothing_of_work_arrays_trains_on_several_workers(rng):
    class Scale(Layer):
        def param_shapes(self, input_shape):
            return {"S": (1,)}

        def initial(self, key, shape, rng):
            return np.ones(shape)

        def apply(self, X):
            return X * self.params["S"]

        def gradients(self, dC_dO, X):
            return dC_dO * self.params["S"], {"S": np.sum(dC_dO * X).reshape(1)}

    X, y = digits_like(rng)
    found = []
    for workers in (1, 3):
        model = Model([Conv2D(3), Scale(), ReLU(), Pool2D(), Flatten(), FullyConnected(10)], (1, 12, 12))
        list(fit(model, X, y, Adam(), CrossEntropy(), batch_size=150, workers=workers))
        found.append(bits(model))
    assert found[0] == found[1]
    assert model.layers[1].params["S"] != 1


def test_two_threads_with_two_models_give_what_each_gives_alone(rng):
    X, y = digits_like(rng)

    def train(seed, into):
        model = small(seed=seed)
        list(fit(model, X, y, Adam(), CrossEntropy(), epochs=3, batch_size=100))
        into[seed] = bits(model), model.predict(X).tobytes()

    alone, together = {}, {}
    for seed in (1, 2):
        train(seed, alone)
    threads = [threading.Thread(target=train, args=(seed, together)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


class Failing(ReLU):
    """Raises in its fifth call, whichever thread makes it."""

    calls = 0

    def apply(self, X):
        type(self).calls += 1
        if self.calls == 5:
            raise MemoryError("no more")
        return super().apply(X)


def test_an_error_in_a_worker_ends_fit_cleanly(rng, two_blas_threads):
    X, y = digits_like(rng)
    blas = blas_threads()
    Failing.calls = 0
    model, optimiser = Model([Conv2D(2), Failing(), Flatten(), FullyConnected(10)], (1, 12, 12)), Adam()
    records = fit(model, X, y, optimiser, CrossEntropy(), batch_size=128, workers=2)
    next(records), next(records)
    kept = bits(model)
    with pytest.raises(MemoryError, match="no more"):
        next(records)
    assert bits(model) == kept
    assert optimiser.steps == 2
    assert crew_threads() == 0
    assert blas_threads() == blas
    assert len(list(fit(model, X, y, optimiser, CrossEntropy(), batch_size=128, workers=2))) == 4


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_divergence_is_told_of_the_first_shard_whoever_comes_to_it_first(rng, workers):
    X, y = digits_like(rng, 256)[0], np.arange(256)
    model, first = small(), small().rng.permutation(256)[0]

    def loss(outputs, targets):
        time.sleep(0.01 * (first in targets))
        return np.inf if first in targets else np.nan, outputs

    with pytest.raises(FloatingPointError, match="the cost became infinite"):
        next(fit(model, X, y, Adam(), loss, batch_size=256, workers=workers))


@pytest.mark.parametrize("how", ["exhausted", "closed", "dropped"])
def test_no_thread_is_left_after_fit(rng, how):
    X, y = digits_like(rng)
    records = fit(small(), X, y, Adam(), CrossEntropy(), batch_size=128, workers=3)
    next(records)
    assert 0 < crew_threads(most=3) <= 3
    if how == "exhausted":
        list(records)
    elif how == "closed":
        records.close()
    del records
    gc.collect()
    assert crew_threads() == 0


def peak_of(work):
    """Return the most bytes that were held at once while `work` ran, beyond those before it."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_memory_of_a_step_grows_neither_with_the_batch_nor_with_the_images(rng, workers):
    X, y = digits_like(rng, 4096)

    def step(count, batch_size, workers=workers):
        records = fit(small(), X[:count], y[:count], Adam(), CrossEntropy(), batch_size=batch_size, workers=workers)
        return peak_of(lambda: next(records))

    step(128, 128)  # imports and caches
    alone = step(256, 256, workers=1)  # on a busy machine one of two workers may do it all, so two are no measure
    assert step(4096, 256) < 1.2 * workers * alone
    assert step(4096, 4096) < 1.2 * workers * alone


def test_the_memory_of_predict_does_not_grow_with_the_images(rng):
    X, _ = digits_like(rng, 8192)
    model = small()
    model.predict(X[:128], workers=2)
    alone = peak_of(lambda: model.predict(X[:512], workers=1))
    many = peak_of(lambda: model.predict(X, workers=2))
    assert many < 2 * alone + 8192 * 10 * 4 * 1.5  # the outputs themselves, and a little
