"""The time that a training took."""

import random

import pytest

from convergence_callbacks.logs import read_logs
from convergence_callbacks.logs.elapsed import elapsed_seconds
from tests.logs.make import lines
from tests.logs.test_energy import table

NOISE = random.Random(1)


@pytest.mark.parametrize("value", [lambda _: 60, lambda epoch: 60 + epoch % 2, lambda _: 60 + NOISE.random()])
def test_a_time_that_does_not_grow_is_that_of_each_epoch(tmp_path, value):
    (run,) = read_logs(table(tmp_path / "log.csv", "time", value))
    assert run.seconds == pytest.approx(3600, rel=0.02) and run.observations[0].elapsed == pytest.approx(60, abs=1)


@pytest.mark.parametrize("column", ["elapsed", "wall_time", "timestamp", "total_time"])
def test_a_clock_that_stands_still_tells_no_time(tmp_path, column):
    (run,) = read_logs(table(tmp_path / "log.csv", column, lambda _: 60))
    assert run.seconds is None


def test_a_clock_in_whole_seconds_runs_on_where_epochs_are_shorter():
    assert elapsed_seconds([epoch // 3 for epoch in range(60)], "time")[-1] == 19


def test_of_several_times_in_an_epoch_none_is_its_own(tmp_path):
    rows = [{"epoch": e, "loss": 0.9**e, "time": 0.3} for e in range(20) for _ in range(2)]
    (run,) = read_logs(lines(tmp_path / "log.jsonl", rows))
    assert run.seconds is None


@pytest.mark.parametrize("per_second", [1, 10**3, 10**6, 10**9])
def test_times_of_the_calendar_are_read_in_seconds_and_finer(tmp_path, per_second):
    path = table(tmp_path / "log.csv", "timestamp", lambda epoch: (1_700_000_000 + 60 * epoch) * per_second)
    (run,) = read_logs(path)
    assert run.seconds == pytest.approx(59 * 60)
