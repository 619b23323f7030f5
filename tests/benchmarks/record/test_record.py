"""The recorder: tasks that are the same everywhere, and trainings that are recorded whole."""

import dataclasses

import numpy as np
import pytest

from benchmarks.record.schedules import factor
from benchmarks.record.tasks import MULTIPLIERS, draw_task, draw_tasks

SHORT = next(task for task in draw_tasks(40, 0) if task.data == "circles" and task.batch_size >= 32)


def test_a_task_is_the_same_whoever_draws_it():
    assert draw_task(17) == draw_task(17)
    assert draw_task(17) != draw_task(18)
    assert draw_task(17).multipliers == MULTIPLIERS


@pytest.mark.parametrize("schedule", ["cosine", "linear", "step", "stable_decay", "exponential", "one_cycle"])
def test_a_schedule_ends_below_its_highest_rate(schedule):
    rates = [factor(schedule, epoch, 50) for epoch in range(50)]
    assert max(rates) <= 1
    assert rates[-1] < 0.15


def test_a_training_is_recorded_to_its_last_epoch():
    pytest.importorskip("torch", reason="needs the extra 'record'")
    from benchmarks.record.train import record

    task = dataclasses.replace(SHORT, epochs=6, schedule="constant")
    rows, baseline, _ = record(task, 1.0)
    again, _, _ = record(task, 1.0)
    assert rows.shape == (6, 5)
    assert np.isfinite(rows).all()
    assert baseline == pytest.approx(np.log(2), abs=0.02)  # two classes, equally frequent
    np.testing.assert_array_equal(rows, again)


def test_a_nan_in_the_inputs_is_recorded_as_such():
    pytest.importorskip("torch", reason="needs the extra 'record'")
    from benchmarks.record.train import record

    rows, _, _ = record(dataclasses.replace(SHORT, epochs=8, fault="nan"), 1.0)
    assert np.isnan(rows[-1, 0])
    assert np.isfinite(rows[:, 4]).all()
