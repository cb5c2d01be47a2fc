"""Augmentation: shifted and rotated against SciPy, what they refuse, and `fit` with a function of this kind."""

import functools
import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
import scipy.ndimage
from numpy.testing import assert_allclose, assert_array_equal
from tiers import slow_after

from cnn_core import (
    Adam,
    Conv2D,
    CrossEntropy,
    Epoch,
    Flatten,
    FullyConnected,
    GradientDescent,
    Layer,
    Model,
    Pool2D,
    ReLU,
    WeightAverage,
    evaluate,
    fit,
    load_checkpoint,
    rotated,
    save_checkpoint,
    shifted,
)
from cnn_core.fast import replica

each_function = pytest.mark.parametrize("change", [shifted, rotated], ids=lambda change: change.__name__)
SHAPES = [(1, 28, 28), (3, 7, 12), (2, 9, 4), (1, 1, 1), (1, 1, 6)]
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


class Angle(np.random.Generator):
    """A generator that gives one angle to all examples."""

    def __init__(self, angle):
        super().__init__(np.random.PCG64(0))
        self.angle = angle

    def uniform(self, low, high, size):
        assert low <= self.angle <= high
        return np.full(size, float(self.angle))


# --- shifted ---


def offsets_of(X, moved, pixels):
    """Return the rows and columns by which SciPy moves each example of X so that it becomes that of `moved`."""
    every = list(itertools.product(range(-pixels, pixels + 1), repeat=2))
    found = []
    for image, other in zip(X, moved, strict=True):
        fits = [each for each in every if (scipy.ndimage.shift(image, (0, *each), order=0) == other).all()]
        assert len(fits) == 1
        found.extend(fits)
    return found


@pytest.mark.parametrize("pixels", [1, 2])
def test_shifted_moves_each_example_as_scipy_does_and_every_move_is_equally_likely(rng, pixels):
    X = rng.random((1000, 2, 6, 5)) + 1
    found = offsets_of(X, shifted(X, rng, pixels), pixels)
    counts = [found.count(each) for each in set(found)]
    assert len(counts) == (2 * pixels + 1) ** 2
    expected = len(X) / len(counts)
    assert all(abs(count - expected) < 4 * expected**0.5 for count in counts)


def test_shifted_moves_by_two_pixels_unless_told_otherwise(rng):
    X = np.zeros((500, 1, 9, 9))
    X[:, 0, 4, 4] = 1
    _, _, rows, columns = np.nonzero(shifted(X, rng))
    assert {*rows.tolist()} == {*columns.tolist()} == {2, 3, 4, 5, 6}


def test_pixels_that_leave_the_image_are_lost_and_zeros_come_in(rng):
    moved = shifted(np.ones((300, 1, 2, 2)), rng, pixels=3)
    assert {int(total) for total in moved.sum(axis=(1, 2, 3))} == {0, 1, 2, 4}


# --- rotated ---


@each_shape
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_rotated_turns_each_example_as_scipy_does(rng, shape, dtype, tolerance):
    X = rng.normal(size=(40, *shape)).astype(dtype)
    for degrees in (10, 180):
        angles = np.random.default_rng(3).uniform(-degrees, degrees, 40)
        for image, angle, found in zip(X, angles, rotated(X, np.random.default_rng(3), degrees), strict=True):
            options = {"axes": (2, 1), "reshape": False, "order": 1, "mode": "grid-constant"}
            assert_allclose(found, scipy.ndimage.rotate(image, angle, **options), rtol=0, atol=tolerance)


@pytest.mark.parametrize(("angle", "times"), [(90, 1), (-90, -1), (180, 2), (-180, 2)])
def test_a_quarter_turn_is_anticlockwise_and_gives_the_pixels_themselves(rng, angle, times):
    X = rng.normal(size=(5, 2, 8, 8))
    assert_allclose(rotated(X, Angle(angle), 180), np.rot90(X, times, axes=(2, 3)), rtol=0, atol=1e-12)


def test_rotated_turns_by_at_most_ten_degrees_unless_told_otherwise(rng):
    X = rng.random((500, 1, 9, 9))
    assert_array_equal(rotated(X, np.random.default_rng(0)), rotated(X, np.random.default_rng(0), 10))
    for angle in (10, -10):
        rotated(X, Angle(angle))
        with pytest.raises(AssertionError):
            rotated(X, Angle(1.001 * angle))


def test_the_middle_of_an_image_stays_where_it_is(rng):
    X = np.zeros((50, 1, 11, 11), np.float32)
    X[:, :, 5, 5] = 1
    assert_allclose(rotated(X, rng, 180)[:, 0, 5, 5], 1, rtol=0, atol=1e-5)


# --- both ---


@each_shape
@each_function
def test_shape_and_dtype_stay_and_the_examples_are_never_changed(rng, change, shape):
    for dtype in ("float32", "float64"):
        X = rng.normal(size=(7, *shape)).astype(dtype)
        before = X.copy()
        X.flags.writeable = False
        found = change(X, rng)
        assert (found.shape, found.dtype, found.flags.writeable) == (X.shape, X.dtype, True)
        assert_array_equal(X, before)


@each_function
def test_zero_leaves_every_bit_in_a_new_array(rng, change):
    X = rng.normal(size=(5, 2, 7, 6)).astype(np.float32)
    found = change(X, rng, 0)
    assert_array_equal(found, X)
    assert not np.shares_memory(found, X)


FORMS = [
    pytest.param(np.asfortranarray, id="fortran"),
    pytest.param(lambda X: X[::-1, :, ::-1, ::-1].copy()[::-1, :, ::-1, ::-1], id="negative-strides"),
    pytest.param(lambda X: X.astype(">f8"), id="big-endian"),
    pytest.param(lambda X: X.astype(np.uint8), id="uint8"),
    pytest.param(lambda X: X.astype(np.int64), id="int64"),
    pytest.param(lambda X: X.tolist(), id="list"),
    pytest.param(lambda X: np.repeat(X, 2, axis=3)[..., ::2], id="strided"),
]


@pytest.mark.parametrize("form", FORMS)
@each_function
def test_the_same_numbers_in_another_form_give_the_same_bits(change, form):
    X = np.random.default_rng(1).integers(0, 256, (9, 2, 6, 8)).astype(np.float64)
    found = change(form(X), np.random.default_rng(2))
    assert found.dtype == np.float64
    assert_array_equal(found, change(X, np.random.default_rng(2)))


@each_function
def test_all_channels_of_an_example_are_changed_alike_and_examples_differently(rng, change):
    X = np.broadcast_to(rng.random((1, 1, 12, 12)), (40, 3, 12, 12))
    found = change(X, rng)
    assert_array_equal(found, found[:, :1].repeat(3, axis=1))
    assert len({image.tobytes() for image in found}) > 15


@each_function
def test_all_numbers_come_from_the_generator(change):
    X = np.random.default_rng(1).random((9, 1, 6, 6))
    one, again, other = (change(X, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert_array_equal(one, again)
    assert (one != other).any()


@each_function
def test_an_empty_batch_stays_empty(rng, change):
    assert change(np.zeros((0, 2, 5, 5), np.float32), rng).shape == (0, 2, 5, 5)


X4 = np.zeros((4, 1, 5, 5))
REFUSED = [
    pytest.param(lambda rng: shifted(X4, rng, -1), ValueError, "shifted: pixels must be an integer", id="pixels--1"),
    pytest.param(lambda rng: shifted(X4, rng, 1.0), TypeError, "shifted: pixels must be an integer", id="pixels-float"),
    pytest.param(lambda rng: shifted(X4, rng, True), TypeError, "shifted: pixels must be an integer", id="pixels-bool"),
    pytest.param(lambda rng: shifted(X4, rng, 10**6), ValueError, "4 padded images would take .* bytes", id="large"),
    pytest.param(lambda rng: shifted(X4, rng, 10**40), ValueError, r"more than 10\^30 bytes", id="huge"),
    pytest.param(lambda rng: rotated(X4, rng, -1), ValueError, "rotated: degrees must be a finite", id="degrees--1"),
    pytest.param(lambda rng: rotated(X4, rng, 181), ValueError, r"degrees must be .*<= 180, got 181", id="181"),
    pytest.param(lambda rng: rotated(X4, rng, np.nan), ValueError, "degrees must be a finite", id="degrees-nan"),
    pytest.param(lambda rng: rotated(X4, rng, "10"), TypeError, "degrees must be a finite number", id="degrees-text"),
]
REFUSED += [
    pytest.param(functools.partial(call, change), error, f"{change.__name__}: {words}", id=f"{change.__name__}-{name}")
    for change in (shifted, rotated)
    for name, call, error, words in [
        ("one-image", lambda change, rng: change(X4[0], rng), ValueError, r"X must have 4 dimensions .*X\[None\]"),
        ("row", lambda change, rng: change([1.0, 2.0], rng), ValueError, "X must have 4 dimensions"),
        ("text", lambda change, rng: change(X4.astype(str), rng), TypeError, "X must be an array of real numbers"),
        ("no-generator", lambda change, rng: change(X4, 0), TypeError, r"rng must be a numpy\.random\.Generator"),
        ("legacy", lambda change, rng: change(X4, np.random), TypeError, r"rng must be a numpy\.random\.Generator"),
    ]
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_wrong_arguments_are_refused_and_nothing_is_drawn(rng, call, error, words):
    state = rng.bit_generator.state
    with pytest.raises(error, match=words):
        call(rng)
    assert rng.bit_generator.state == state


# --- fit: the same bits, and a generator for each micro-batch ---


def small(dtype="float32", more=()):
    layers = [*more, Conv2D(3, padding="same"), ReLU(), Pool2D(), Flatten(), FullyConnected(10)]
    return Model(layers, (1, 8, 8), dtype=dtype)


def images(count=300, dtype="float32"):
    rng = np.random.default_rng(7)
    return rng.integers(0, 256, (count, 1, 8, 8)).astype(dtype), np.arange(count) % 10


def both(X, rng):
    return rotated(shifted(X, rng), rng)


def bits(model):
    return {key: param.tobytes() for key, param, _ in model.parameters()}


class Noise(Layer):
    """Adds random numbers while training."""

    def apply(self, X, rng=None):
        return X if rng is None else X + rng.normal(size=X.shape).astype(X.dtype)

    def gradients(self, dC_dO, X):
        return dC_dO, {}


@pytest.mark.parametrize("given", ["uint8", "float32"])
@pytest.mark.parametrize("dtype", slow_after(1, ["float32", "float64"]))
@pytest.mark.parametrize("augment", slow_after(2, [shifted, rotated, both]), ids=lambda each: each.__name__)
def test_augmented_training_has_the_same_bits_for_any_number_of_workers(augment, dtype, given):
    X, y = images(dtype=given)
    found = []
    for workers in (1, 2, 4, None):
        model, average = small(dtype, [Noise()]), WeightAverage(0.9)
        options = {"epochs": 2, "batch_size": 128, "validation": (X, y), "workers": workers}
        records = list(fit(model, X, y, Adam(1e-4), CrossEntropy(), **options, augment=augment, average=average))
        found.append((records, bits(model), bits(average.model())))
    assert all(each == found[0] for each in found)
    plain = small(dtype, [Noise()])
    list(fit(plain, X, y, Adam(1e-4), CrossEntropy(), epochs=2, batch_size=128))
    assert bits(plain) != found[0][1]


def test_augmented_training_goes_on_from_a_checkpoint_with_the_same_bits(tmp_path):
    (X, y), path, options = images(dtype="uint8"), tmp_path / "checkpoint.npz", {"batch_size": 128, "augment": both}
    model, optimiser, average = small(), Adam(1e-4), WeightAverage(0.9)
    for record in fit(model, X, y, optimiser, CrossEntropy(), epochs=3, average=average, **options):
        if isinstance(record, Epoch) and record.epoch == 1:
            save_checkpoint(path, model, optimiser, average)
    checkpoint = load_checkpoint(path)
    again, other = checkpoint
    list(fit(again, X, y, other, CrossEntropy(), epochs=2, average=checkpoint.average, **options))
    assert bits(again) == bits(model)
    assert bits(checkpoint.average.model()) == bits(average.model())


def test_a_step_uses_the_examples_that_augment_makes_with_the_generator_after_those_of_the_layers():
    X, y = images(100, "float64")
    model, other = small("float64"), small("float64")
    next(fit(model, X / 255, y, GradientDescent(0.1), CrossEntropy(), batch_size=100, augment=both))
    order, seed = other.rng.permutation(100), int(other.rng.integers(1 << 63))
    rngs = [np.random.default_rng([seed, number, len(other.layers)]) for number in (0, 1)]
    changed = [both(X[part] / 255, rng) for part, rng in zip((order[:50], order[50:]), rngs, strict=True)]
    _, dC_dO = CrossEntropy()(other.forward(np.concatenate(changed)), y[order])
    other.backward(dC_dO)
    GradientDescent(0.1).step(other.parameters())
    for (_, param, _), (_, expected, _) in zip(model.parameters(), other.parameters(), strict=True):
        assert_allclose(param, expected, rtol=1e-10, atol=1e-13)


def test_no_two_generators_of_a_step_are_alike():
    drawn = []

    class Drawing(Noise):
        def apply(self, X, rng=None):
            drawn.append(rng.bit_generator.state["state"]["state"])
            return X

    def augment(X, rng):
        drawn.append(rng.bit_generator.state["state"]["state"])
        return X

    X, y = images(200)
    records = fit(small(more=[Drawing(), Drawing()]), X, y, Adam(), CrossEntropy(), 1, 200, augment=augment, workers=1)
    drawn.clear()
    next(records)
    assert len(drawn) == len(set(drawn)) == 4 * 3  # micro-batches of 64, 64, 64 and 8 examples


def test_an_augment_that_changes_nothing_gives_the_bits_of_an_epoch_without_one():
    X, y = images()
    model, other = small(), small()
    records = list(fit(model, X, y, Adam(1e-4), CrossEntropy(), batch_size=128, augment=lambda X, rng: X))
    assert list(fit(other, X, y, Adam(1e-4), CrossEntropy(), batch_size=128)) == records
    assert bits(model) == bits(other)


def test_nothing_is_drawn_from_the_models_generator_without_an_augment():
    X, y = images(100)
    model, reference = small(), small().rng
    list(fit(model, X, y, Adam(), CrossEntropy(), epochs=2, average=WeightAverage()))
    reference.permutation(100), reference.permutation(100)
    assert model.rng.bit_generator.state == reference.bit_generator.state


# --- fit: what augment is given and may return ---


@pytest.mark.parametrize("given", ["uint8", "float32", "float64"])
def test_augment_is_given_floats_of_the_model_one_micro_batch_at_a_time_and_once_before(given):
    seen = []

    def augment(X, rng):
        seen.append((len(X), X.shape[1:], X.dtype.name))
        X[...] = -X  # its own copy
        return X

    X, y = images(100, given)
    before = X.copy()
    records = fit(small(), X, y, Adam(), CrossEntropy(), batch_size=100, validation=(X, y), augment=augment, workers=1)
    assert seen == [(32, (1, 8, 8), "float32")]
    assert len(list(records)) == 2
    assert seen[1:] == [(50, (1, 8, 8), "float32")] * 2  # the validation takes none
    assert_array_equal(X, before)


def test_validation_is_done_on_the_examples_as_they_are():
    X, y = images(64)
    model = small()
    *_, epoch = fit(model, X, y, Adam(1e-4), CrossEntropy(), validation=(X, y), augment=lambda X, rng: X * 0)
    assert (epoch.validation_cost, epoch.validation_accuracy) == evaluate(model, X, y, CrossEntropy())


RETURNED = [
    pytest.param(lambda X: X.astype(np.float64), id="float64"),
    pytest.param(lambda X: X.astype(np.uint8), id="uint8"),
    pytest.param(lambda X: X.astype(">f4"), id="big-endian"),
    pytest.param(np.asfortranarray, id="fortran"),
    pytest.param(lambda X: X.tolist(), id="list"),
]


@pytest.mark.parametrize("form", RETURNED)
def test_what_augment_returns_in_another_form_trains_to_the_same_bits(form):
    X, y = images(64)
    model, other = small(), small()
    list(fit(model, X, y, Adam(1e-4), CrossEntropy(), augment=lambda X, rng: X))
    list(fit(other, X, y, Adam(1e-4), CrossEntropy(), augment=lambda X, rng: form(X)))
    assert bits(model) == bits(other)


def test_rows_can_be_changed_too(rng):
    X, y = rng.normal(size=(64, 4)), np.arange(64) % 3
    model = Model([FullyConnected(3)], (4,))
    records = fit(model, X, y, Adam(), CrossEntropy(), augment=lambda X, rng: X + rng.normal(size=X.shape))
    assert len(list(records)) == 3


def test_a_partial_function_and_an_object_that_can_be_called_are_accepted():
    class Flip:
        def __call__(self, X, rng):
            return X[..., ::-1]

    for augment in (functools.partial(shifted, pixels=1), Flip()):
        assert len(list(fit(small(), *images(32), Adam(), CrossEntropy(), augment=augment))) == 2


def with_nan(X, rng):
    return np.where(np.arange(8) == 3, np.nan, X)


BAD_AUGMENTS = [
    pytest.param("shifted", TypeError, r"fit: augment must be a function .* such as shifted, got 'shifted'", id="name"),
    pytest.param(Noise, TypeError, r"fit: augment must be a function", id="class"),
    pytest.param(0, TypeError, r"fit: augment must be a function", id="zero"),
    pytest.param(
        lambda X, rng: X[:, 0],
        ValueError,
        r"fit: the output of augment has shape \(32, 8, 8\), expected \(32, 1, 8, 8\)\.",
        id="channel-lost",
    ),
    pytest.param(lambda X, rng: X[:1], ValueError, r"has shape \(1, 1, 8, 8\), expected", id="one-example"),
    pytest.param(lambda X, rng: None, TypeError, "the output of augment must be an array of real", id="no-return"),
    pytest.param(lambda X, rng: X * 1j, TypeError, "the output of augment must be .* dtype complex", id="complex"),
    pytest.param(
        with_nan, ValueError, r"fit: the output of augment contains 256 values .* at index \(0, 0, 0, 3\)", id="nan"
    ),
    pytest.param(lambda X, rng: X.astype("f8") * 1e300, ValueError, "the output of augment contains", id="overflow"),
    pytest.param(lambda X, rng: shifted(X, rng, -1), ValueError, "shifted: pixels must be", id="wrong-inside"),
    pytest.param(lambda X: X, TypeError, "positional argument", id="no-generator"),
]


@pytest.mark.parametrize(("augment", "error", "words"), BAD_AUGMENTS)
def test_an_augment_that_does_not_fit_is_refused_when_fit_is_called(augment, error, words):
    X, y = images(64)
    model, optimiser = small(), Adam()
    before, chance = bits(model), model.rng.bit_generator.state
    with pytest.raises(error, match=words) as caught, np.errstate(over="ignore"):
        fit(model, X, y, optimiser, CrossEntropy(), augment=augment)
    assert type(caught.value) is error
    assert (bits(model), model.rng.bit_generator.state, optimiser.steps) == (before, chance, 0)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        (lambda X: X[:, :, :4], ValueError, "fit: the output of augment has shape"),
        (lambda X: X * np.nan, ValueError, "fit: the output of augment contains"),
        (lambda X: 1 // 0, ZeroDivisionError, "division"),
    ],
    ids=["shape", "nan", "own-error"],
)
def test_an_augment_that_fails_while_training_leaves_the_last_whole_step(workers, bad, error, words):
    def augment(X, rng):
        return bad(X) if optimiser.steps == 1 else X

    X, y = images(256)
    model, optimiser, average = small(), Adam(), WeightAverage()
    options = {"batch_size": 128, "workers": workers, "augment": augment, "average": average}
    records = fit(model, X, y, optimiser, CrossEntropy(), **options)
    next(records)
    before = bits(model), bits(average.model())
    with pytest.raises(error, match=words) as caught:
        next(records)
    assert type(caught.value) is error
    assert (bits(model), bits(average.model()), optimiser.steps) == (*before, 1)


def test_a_micro_batch_with_an_augment_has_the_same_bits_in_another_process():
    X, y = images(64, "uint8")
    own = replica.Replica(small().layers)
    parts = replica.micro_batches(np.arange(64))
    tasks = [(own, each, X, y, CrossEntropy(), 5, y, functools.partial(shifted, pixels=3)) for each in parts]
    here = [replica.micro_batch_gradients(*task) for task in tasks]
    plain = [replica.micro_batch_gradients(*task[:-1]) for task in tasks]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        there = [pool.submit(replica.micro_batch_gradients, *task).result() for task in tasks]
    for one, other, without in zip(here, there, plain, strict=True):
        assert one.cost == other.cost != without.cost
        for grads, others in zip(one.gradients, other.gradients, strict=True):
            assert {key: grad.tobytes() for key, grad in grads.items()} == {k: g.tobytes() for k, g in others.items()}
