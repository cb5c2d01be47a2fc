"""The bug museum: exhibits are wrong where they say, detectors are silent about the correct program, hunts repeat."""

import json
from pathlib import Path

import numpy as np
import pytest
from train_museum import FILE, RATE, SEEDS

from cnn_core import GradientDescent, conv2d_backward_dilated, pool2d_backward_loop
from cnn_exercises.museum import DETECTORS, EXHIBITS, GROUPS, Parts, mystery, train
from cnn_exercises.museum.layers import EveryTie, FirstWindow, NotDilated, Overwritten, StrideLost, WrongCorner
from cnn_exercises.museum.mystery import HIDDEN, LOUD, _answer, nearness
from cnn_exercises.museum.network import DIGITS, HELD_OUT, split

RECORD = json.loads(FILE.read_text())
FEW = ("every tie", "kernel width", "infinity × 0", "second hand", "out of step")
NOTEBOOK = Path(__file__).resolve().parent.parent / "notebooks" / "11_bug_museum.ipynb"


def row(runs):
    return np.array(runs, dtype=float)[None, None, None]


# --- the record -------------------------------------------------------------------------------------------------------


def test_the_record_holds_every_exhibit_every_detector_and_three_seeds():
    assert list(RECORD["exhibits"]) == list(EXHIBITS)
    assert RECORD["model"] == repr(Parts().model(0))
    assert (RECORD["digits"], RECORD["held_out"]) == (DIGITS, HELD_OUT)
    for name, exhibit in {"sound": None, **EXHIBITS}.items():
        stored = RECORD["sound"] if exhibit is None else RECORD["exhibits"][name]
        assert list(stored["findings"]) == list(DETECTORS)
        assert len(stored["runs"]) == len(SEEDS) == 3
        assert ("descent" in stored) == (exhibit is None or exhibit.group != "optimiser")


@pytest.mark.parametrize("name", EXHIBITS)
def test_the_recorded_runs_end_as_the_exhibit_says(name):
    expected = EXHIBITS[name].expected
    for run in RECORD["exhibits"][name]["runs"]:
        if isinstance(expected, str):
            assert (run["error"], run["step"], run["accuracy"]) == (expected, 1, None)
        else:
            assert expected[0] < run["accuracy"] < expected[1]


def test_no_detector_complains_about_the_correct_program_and_each_exhibit_is_caught():
    assert not any(finding["caught"] for finding in RECORD["sound"]["findings"].values())
    assert all(any(f["caught"] for f in each["findings"].values()) for each in RECORD["exhibits"].values())


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_is_silent_about_the_correct_program(name):
    assert not DETECTORS[name](Parts()).caught


@pytest.mark.parametrize("detector", [name for name in DETECTORS if name not in ("ten digits", "filters")])
@pytest.mark.parametrize(
    "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in EXHIBITS]
)
def test_a_detector_finds_again_what_is_recorded(name, detector):
    finding = DETECTORS[detector](EXHIBITS[name].parts)
    assert finding.caught == RECORD["exhibits"][name]["findings"][detector]["caught"]
    assert finding.text


@pytest.mark.parametrize("detector", ["ten digits", "filters"])
@pytest.mark.parametrize("name", ["cut off", "all alike", "no first step", "not rotated"])
def test_a_detector_that_trains_finds_again_what_is_recorded(name, detector):
    finding = DETECTORS[detector](EXHIBITS[name].parts)
    assert finding.caught == RECORD["exhibits"][name]["findings"][detector]["caught"]


@pytest.mark.parametrize("name", ["not dilated", "no first step"])
def test_a_recorded_run_is_repeated(name, digits):
    again, recorded = train(EXHIBITS[name].parts, 0, *split(digits)), RECORD["exhibits"][name]["runs"][0]
    assert again.get("error") == recorded.get("error")
    if recorded["accuracy"] is not None:
        assert again["accuracy"] == pytest.approx(recorded["accuracy"], abs=0.05)  # other machines round differently
        assert again["costs"][:3] == pytest.approx(recorded["costs"][:3], abs=0.05)


def test_gradient_descent_takes_the_place_of_the_program_s_own_optimiser(digits):
    few = tuple(each[:64] for each in split(digits)[0])
    own = train(Parts(), 0, few, few, epochs=1)
    other = train(Parts(), 0, few, few, GradientDescent(RATE), epochs=1)
    assert own["costs"] != other["costs"]


# --- the exhibits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXHIBITS)
def test_an_exhibit_predicts_like_the_correct_program_unless_it_starts_differently(name):
    X = np.random.default_rng(0).random((3, 1, 28, 28), dtype="float32")
    ours, right = EXHIBITS[name].make(3)[0], Parts().model(3)
    ours.layers[-1].params["W"] = right.layers[-1].params["W"] = np.random.default_rng(1).normal(size=(144, 10))
    same = np.array_equal(ours.forward(X), right.forward(X))
    assert same == (name not in ("kernel width", "all alike"))


def test_every_exhibit_belongs_to_a_group_and_no_group_is_empty():
    assert {each.group for each in EXHIBITS.values()} == set(GROUPS)
    assert [name for name, each in EXHIBITS.items() if each.name != name] == []


def test_every_public_place_is_linked_in_the_chapter():
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert [place for each in EXHIBITS.values() for place in each.places if f"({place[1]})" not in text] == []


def test_stride_lost_is_right_at_stride_1_and_moves_the_windows_together_otherwise():
    X, dC_dO = row([1, 3, 0, 2, 5, 4]), row([1, 2, 3])
    layer = StrideLost((1, 2))
    layer.forward(X)
    np.testing.assert_array_equal(layer.backward(dC_dO), row([0, 3, 0, 3, 0, 0]))
    layer, dC_dO = StrideLost((1, 2), stride=1), row([1, 2, 3, 4, 5])
    layer.forward(X)
    np.testing.assert_array_equal(layer.backward(dC_dO), pool2d_backward_loop(dC_dO, X, (1, 2), 1))


def test_overwritten_keeps_the_last_gradient():
    layer = Overwritten((1, 3), stride=1)
    layer.forward(row([2, 5, 1, 4, 3]))
    np.testing.assert_array_equal(layer.backward(row([1, 2, 3])), row([0, 2, 0, 3, 0]))


def test_every_tie_gets_the_whole_gradient():
    layer = EveryTie((1, 3))
    layer.forward(row([2, 2, 1]))
    np.testing.assert_array_equal(layer.backward(row([5])), row([5, 5, 0]))


def test_not_dilated_is_right_at_stride_1_only():
    X, rng = np.random.default_rng(0).normal(size=(2, 2, 6, 6)), np.random.default_rng(1)
    for stride in (1, 2):
        layer = NotDilated(3, 3, stride)
        dC_dO = rng.normal(size=layer.forward(X).shape)
        wanted = conv2d_backward_dilated(dC_dO, X, layer.params["F"], stride)[0]
        assert np.allclose(layer.backward(dC_dO), wanted) == (stride == 1)


def test_wrong_corner_moves_the_excluded_pixels_to_the_front():
    layer = WrongCorner(1, (1, 2), stride=(1, 2))
    layer.forward(row([1, 1, 1, 1, 1]))
    layer.params["F"] = np.array([[[[1.0, 2]]]])
    layer.forward(row([1, 1, 1, 1, 1]))
    np.testing.assert_array_equal(layer.backward(row([3, 4])), row([0, 3, 6, 4, 8]))


def test_first_window_has_the_terms_of_one_window():
    layer = FirstWindow(1, (1, 2))
    layer.forward(row([1, 2, 3]))
    layer.backward(row([5, 7]))
    np.testing.assert_array_equal(layer.grads["F"], row([5, 10]))


def test_all_alike_starts_with_equal_filters_and_kernel_width_with_large_ones():
    alike = EXHIBITS["all alike"].parts.model(0).layers[0].params["F"]
    assert np.ptp(alike, axis=0).max() == 0
    assert alike.std() > 0
    large = EXHIBITS["kernel width"].parts.model(0).layers[3].params["F"]
    assert large.std() == pytest.approx(np.sqrt(2 / 3), rel=0.1)


def test_out_of_step_keeps_the_images_and_the_labels_and_parts_them():
    X, y = np.arange(50), np.arange(50)
    X_shuffled, y_shuffled = EXHIBITS["out of step"].parts.shuffle(X, y, np.random.default_rng(0))
    assert sorted(X_shuffled) == sorted(y_shuffled) == list(range(50))
    assert (X_shuffled == y_shuffled).sum() < 10
    in_step = Parts().shuffle(X, y, np.random.default_rng(0))
    np.testing.assert_array_equal(*in_step)


# --- the hunt ---------------------------------------------------------------------------------------------------------


def test_a_mystery_is_the_same_at_every_call_and_other_seeds_give_others():
    assert mystery(5).conv is mystery(5).conv
    assert {_answer(seed) for seed in range(200)} == set(HIDDEN)
    assert not set(HIDDEN) & set(LOUD)
    assert repr(mystery(5)) == "Mystery(5)"


def test_a_detector_takes_a_mystery_like_any_program():
    for seed in (1, 2, 3):
        exhibit = EXHIBITS[_answer(seed)]
        for name in ("first pass", "adjoint test", "extremes"):
            assert DETECTORS[name](mystery(seed)) == DETECTORS[name](exhibit.parts)


def test_a_guess_is_found_hot_cold_or_unknown():
    right = _answer(2)
    group = EXHIBITS[right].group
    other = next(name for name, each in EXHIBITS.items() if each.group == group and name != right)
    far = next(name for name, each in EXHIBITS.items() if each.group != group)
    assert [nearness(2, guess) for guess in (right, other, group, far, "typo")] == ["found", "hot", "hot", "cold", None]


@pytest.mark.parametrize("seed", [-1, 0.5, "one"])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises((TypeError, ValueError), match="seed"):
        mystery(seed)
