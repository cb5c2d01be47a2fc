"""The history of a run, the estimate of the time left, and the throttle of a display."""

import numpy as np
import pytest
from training_records import run_of

from cnn_core import Epoch, Step
from cnn_viz.interactive import history as history_module
from cnn_viz.interactive.history import EtaTimer, History, Throttle, epoch_line


class FakeTime:
    """A clock whose time is set by hand."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(history_module, "perf_counter", lambda: self.now)


@pytest.fixture
def time(monkeypatch):
    return FakeTime(monkeypatch)


def test_a_line_leaves_out_unknown_values():
    assert epoch_line(Epoch(1, 1, 5, 0.5, None, None, None), seconds=2) == "epoch 1/1: cost 0.5000, 2.0 s"


def test_unknown_values_are_nan_in_the_arrays():
    history = History()
    history.append(Step(1, 1, 1, 1, 0.5, None, 0.1))
    history.append(Epoch(1, 1, 1, 0.5, None, None, None))
    assert np.isnan([*history.accuracy, *history.validation_accuracy, *history.seconds]).all()


def test_the_time_left_is_that_of_the_remaining_steps_at_the_speed_so_far(time):
    timer = EtaTimer()
    for record in run_of(epochs=1, steps=10):
        time.now += 30.0 if timer.first_step is None else 2.0  # the first step is slow, and does not count
        timer.read(record)
        if isinstance(record, Step) and record.step == 6:
            assert timer.seconds_left(record.step, record.steps) == pytest.approx(4 * 2.0)


def test_no_time_is_estimated_during_the_warm_up(time):
    timer = EtaTimer()
    timer.read(next(run_of()))
    assert timer.seconds_left(1, 6) is None


def test_nothing_is_due_before_the_interval_has_passed(time):
    throttle = Throttle(interval=0.5, share=1)
    assert throttle.due()
    throttle.run(lambda: None)
    time.now = 0.4
    assert not throttle.due()
    time.now = 0.5
    assert throttle.due()


def test_a_slow_action_is_done_less_often(time):
    def draw():
        time.now += 0.2

    throttle = Throttle(interval=0.5, share=0.05)
    throttle.run(draw)
    time.now = 0.2 + 3.9
    assert not throttle.due()
    time.now = 0.2 + 4.1
    assert throttle.due()
