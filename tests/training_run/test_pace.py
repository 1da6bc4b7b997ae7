"""The speed and the time left of a run, with a simulated clock."""

import time

import pytest

from training_run.pace import Pace, duration_text

pytestmark = pytest.mark.quick


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def pass_time(seconds: float) -> None:
        now[0] += seconds

    return pass_time


def take_steps(pace, clock, count, seconds=2.0, compiling=0.0):
    for step in range(count):
        clock(seconds + (0 if step else compiling))
        pace.end_step(10.0 * (step + 1))


def test_speed_excludes_the_first_step(clock):
    pace = Pace()
    clock(30)
    pace.begin_epoch(0.0, 1.0)
    take_steps(pace, clock, 1, compiling=6)
    assert pace.examples_per_second() == 10 / 8  # There is no other step.
    take_steps(pace, clock, 1)
    pace.begin_epoch(0.0, 1.0)
    take_steps(pace, clock, 5, compiling=6)
    assert pace.examples_per_second() == 5


def test_epochs_within_uses_the_time_left(clock):
    pace = Pace()
    clock(30)  # before the training
    pace.begin_epoch(0.0, 1.0)
    take_steps(pace, clock, 11, compiling=100)
    # 10 minutes - 30 s = 570 s, of which the steps get nine tenths; an epoch is 20 steps of 2 s.
    assert pace.epochs_within(10, 20) == 12
    assert pace.epochs_within(1, 20) == 1
    assert pace.epochs_within(0.1, 20) == 1


def test_time_left_extrapolates_the_finished_epochs(clock):
    pace = Pace()
    pace.begin_epoch(50.0, 0.5)  # resumed in the middle of the epoch
    clock(5)
    assert pace.time_left(3) == ""
    pace.end_epoch()
    assert pace.time_left(3) == "30 s"
    assert pace.time_left(0) == ""
    pace.begin_epoch(0.0, 1.0)
    clock(40)
    pace.end_epoch()
    assert pace.time_left(4) == "2 min"  # 1.5 epochs took 45 s


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (89, "1 min"), (3540, "59 min"), (3600, "1 h 0 min"),
     (7500, "2 h 5 min")],
)  # fmt: skip
def test_duration_text(seconds, text):
    assert duration_text(seconds) == text
