"""What experiments with the learning rate are worth: the figures, and a run in earnest."""

import pytest

for needed in ("torch", "joblib", "sklearn"):
    pytest.importorskip(needed, reason="needs pip install 'convergence-callbacks[record]'")

from benchmarks.measure.probe import Chosen, Ended, choose, f1, share_left, share_reached, slow_rows, table, train
from benchmarks.record.curves import HELD_OUT, load
from benchmarks.record.labels import Labelled
from benchmarks.record.tasks import draw_held_out_tasks
from tests.benchmarks.measure.test_advice import run

TASK = draw_held_out_tasks(1, 0)[0]


def ended(truth, verdict, weight=1.0, best=2.0, probed=0, raised=1.0):
    """A run of a task that a good rate brings from 2.3 to 0.3."""
    chosen = Chosen(Labelled(run(0.01, 2.0), truth, 0.5), TASK, 0.3, weight)
    return Ended(chosen, verdict, probed, 60, raised, best)


def test_each_run_counts_as_often_as_it_stands_for_others():
    runs = [ended("converged", "converged", 3), ended("converged", "unstable"), ended("overfitting", "converged", 2)]
    assert f1(runs, "converged") == pytest.approx(2 * 3 / (5 + 4))


def test_a_slow_run_has_reached_a_good_rate_within_a_tenth_of_its_gain():
    slow = [ended("false_convergence", "improving", best=best) for best in (0.3, 0.49, 0.51, 2.0)]
    assert share_reached([*slow, ended("unstable", "unstable", best=0.3)]) == 0.5


def test_what_healthy_runs_lose_is_measured_against_the_same_runs_as_they_were_recorded():
    of_best = [ended("converged", "converged", best=best) for best in (2.0, 1.8, 2.3)]  # it was recorded with 2
    assert share_left([*of_best, ended("unstable", "unstable", best=9.0)]) == pytest.approx((0 - 0.1 + 0.15) / 3)


def test_the_table_has_a_column_for_each_way():
    one = [ended("converged", "converged"), ended("false_convergence", "false_convergence", best=0.3)]
    lines = table({"alone": one, "raised": one}).splitlines()
    assert lines[0] == "| figure | alone | raised |" and "| 1.00 (1.00–1.00) | 1.00 (1.00–1.00) |" in lines[2]


def test_each_slow_run_has_a_line_with_what_the_raise_brought():
    alone = [ended("converged", "converged"), ended("false_convergence", "false_convergence", best=2.2)]
    raised = [ended("converged", "converged"), ended("false_convergence", "not_learning", best=0.5, raised=30.0)]
    _, _, line = slow_rows({"alone": alone, "raised, with probes": raised}).splitlines()
    assert line.endswith("| not learning | 30 times | 90% | 5% |")


def test_a_run_that_is_far_too_slow_learns_once_its_rate_is_raised():
    runs = [each for each in load(HELD_OUT) if each.data == "moons" and not each.name.endswith("-few")]
    chosen = [each for each in choose(runs, 9, 400.0) if each.each.verdict == "false_convergence"]
    slow = min(chosen, key=lambda each: (-each.task.epochs, each.task.effort, each.each.run.multiplier))
    alone, raised = (train(slow, way) for way in ("alone", "raised"))
    assert alone.raised == 1 and raised.raised >= 10 and raised.best < alone.best
