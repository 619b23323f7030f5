"""The figures of the diagnosis, worked out by hand on a few made-up runs."""

import dataclasses

import numpy as np
import pytest

from benchmarks.measure.diagnosis import (
    Diagnosed,
    at_end,
    at_stop,
    broken_share,
    calibration_error,
    confusion,
    figures,
    macro_f1,
    precision_recall_f1,
    surest_mistakes,
    table,
    with_floor,
    write,
)
from benchmarks.record.labels import Labelled
from tests.benchmarks.measure.test_rules import run_of


def reported(truth, *verdicts, confidence=0.9, stop=None, onset=1, data="digits"):
    run = dataclasses.replace(run_of([1.0, 0.5]), data=data)
    return Diagnosed(run, truth, verdicts, (confidence,) * len(verdicts), stop or len(verdicts), onset)


RUNS = [
    reported("converged", *["improving"] * 5, *["converged"] * 5, stop=6),
    reported("converged", *["improving"] * 9, "unstable", stop=10, data="wine"),
    reported("unstable", *["improving"] * 2, *["unstable"] * 8),
    reported("not_learning", *["improving"] * 4, *["not_learning"] * 6, data="wine"),
    reported("diverged", *["improving"] * 8, *["diverged"] * 2, onset=7),
    reported("improving", *["improving"] * 10),
]


def test_precision_recall_and_f1_by_verdict():
    found = precision_recall_f1(confusion(RUNS, at_end))
    assert found[0].tolist() == [1.0, 1.0, 1.0]
    assert found[1].tolist() == pytest.approx([1.0, 0.5, 2 / 3])
    assert found[4].tolist() == pytest.approx([0.5, 1.0, 2 / 3])
    assert macro_f1(RUNS, at_end) == pytest.approx((2 / 3 + 2 / 3 + 1 + 1 + 1) / 5)


def test_a_run_that_still_improves_and_is_called_otherwise_counts_against_both_verdicts():
    wrong = [*RUNS, reported("improving", *["improving"] * 9, "overfitting")]
    precision, recall, _ = precision_recall_f1(confusion(wrong, at_end)).T
    assert recall[0] == 0.5 and precision[3] == 0.0
    assert macro_f1(wrong, at_end) < macro_f1(RUNS, at_end)


def test_a_floor_changes_losses_and_no_label():
    each = Labelled(run_of([1.0, 0.5]), "converged", 0.0)
    assert with_floor(each, 15).run.val.tolist() == [8.5, 8.0]
    assert with_floor(each, 15).verdict == "converged"


def test_the_verdict_at_the_stop_is_another_one_than_at_the_end():
    assert at_stop(reported("converged", "converged", "unstable", stop=1)) == ("converged", 0.9)
    assert at_end(reported("converged", "converged", "unstable", stop=1)) == ("unstable", 0.9)


def test_changes_count_after_a_tenth_of_the_budget():
    assert reported("converged", "converged", *["improving"] * 9, *["converged"] * 10).changes == 1


def test_the_delay_counts_from_the_onset():
    assert [run.delay for run in RUNS if run.truth in {"not_learning", "diverged"}] == [4, 2]
    assert reported("diverged", *["improving"] * 10, onset=3).delay == 10


def test_calibration_is_the_distance_of_confidence_from_being_right():
    right = [reported("converged", "converged", confidence=0.8)] * 4
    wrong = [reported("unstable", "converged", confidence=0.8)]
    assert calibration_error([*right, *wrong], at_end) == pytest.approx(0.0)
    assert calibration_error(right, at_end) == pytest.approx(0.2)


def test_healthy_runs_called_broken_are_a_share_of_the_healthy():
    assert broken_share(RUNS) == pytest.approx(1 / 3)


def test_the_table_has_every_figure_and_every_verdict():
    text = table(RUNS)
    assert all(name in text for name in figures(RUNS)) and "| not_learning | 1 |" in text
    assert np.isnan(figures(RUNS[:1])["epochs until a failure is named, median"])


def test_the_surest_mistakes_come_first():
    wrong = [reported("converged", "unstable", confidence=share) for share in (0.6, 0.8)]
    assert [each.confidences[-1] for each in surest_mistakes([*RUNS[2:], *wrong])] == [0.8, 0.6]


def test_table_and_pictures_are_written(tmp_path):
    write(RUNS, "made up", tmp_path)
    assert "6 runs on 2 data sets, made up." in (tmp_path / "diagnosis.md").read_text()
    assert all((tmp_path / picture).stat().st_size > 1000 for picture in ("confusion.png", "mistakes.png"))


@pytest.mark.parametrize("val", [[1.0, np.inf], [np.nan, np.nan]])
def test_a_run_without_finite_losses_is_drawn_too(tmp_path, val):
    missed = reported("diverged", "unstable")
    exploded = dataclasses.replace(missed.run, val=np.array(val), train=np.array([0.9, np.nan]))
    write([*RUNS, dataclasses.replace(missed, run=exploded)], "made up", tmp_path)
    assert (tmp_path / "mistakes.png").stat().st_size > 1000
