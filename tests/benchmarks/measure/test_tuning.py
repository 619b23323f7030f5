"""Searches replayed: each way of ending trials ends them where it should, in the pruners and schedulers themselves."""

import numpy as np
import pytest

optuna = pytest.importorskip("optuna", reason="needs pip install 'convergence-callbacks[optuna]'")
pytest.importorskip("pyarrow", reason="needs pip install 'convergence-callbacks[tune]'")

from benchmarks.measure import tuning
from benchmarks.record.curves import Run

optuna.logging.set_verbosity(optuna.logging.ERROR)


def run(multiplier, val, fault="none", ending=""):
    val = np.asarray(val, float)
    name = f"task-x{multiplier:g}{ending}"
    return Run(name, f"task{ending}", "digits", multiplier, 2.0, fault, val, val, np.full(len(val), 0.1))


def trials(count=6, epochs=40):
    """Trials that end the better the higher their number, all flat in the end."""
    time = np.arange(epochs)
    return [run(number, 1 / (1 + number) + 0.7**time) for number in range(count)]


def test_every_trial_to_its_end_is_what_the_others_are_measured_by():
    found = tuning.search(trials(), tuning.WAYS["every trial to its end"])
    assert found == tuning.Outcome(240, 5, pytest.approx(1 / 6 + 0.7**39))


@pytest.mark.parametrize("way", tuning.WAYS)
def test_no_way_loses_much_where_trials_settle_and_those_that_look_at_the_curve_spend_less(way):
    found = tuning.search(trials(), tuning.WAYS[way])
    assert found.loss < 0.35
    if (
        "Convergence" in way or "Plateau" in way
    ):  # to patience the loss falls for ever, to the median the next is better
        assert found.epochs < 240


def test_a_rule_added_to_a_scheduler_spends_no_more():
    for scheduler in ("Optuna `MedianPruner`", "Ray `ASHAScheduler`"):
        rule = "ConvergenceStopping" if "Optuna" in scheduler else "ConvergenceStopper"
        alone, both = (tuning.search(trials(), tuning.WAYS[way]) for way in (scheduler, f"{scheduler}, `{rule}`"))
        assert both.epochs < alone.epochs


def test_a_search_has_the_sound_siblings_of_a_task():
    siblings = trials(4, 8)
    others = [run(9, [1.0] * 8, fault="labels"), run(9, [1.0] * 8, ending="-few")]
    (search,) = tuning.searches([*others, *siblings])
    assert {trial.multiplier for trial in search} == {0, 1, 2, 3}
    assert tuning.searches(siblings[:3]) == []


def test_a_trial_that_diverges_ends_no_search():
    broken = run(7, [1.0, np.nan, *[np.inf] * 38])
    for way in tuning.WAYS.values():
        assert tuning.search([*trials(3), broken], way).best == 2


def test_the_tables_have_a_row_for_each_way_and_pair():
    found = {way: [tuning.Outcome(100 - place, 0, 1.0)] * 2 for place, way in enumerate(tuning.WAYS)}
    draws = [np.array([0, 1]), np.array([1, 1])]
    rows = tuning.way_rows(found, draws, np.ones(2))
    assert len(rows) == 2 + len(tuning.WAYS) and "| patience 10 | 0.990 | 0.9900–0.9900 | 100% | 0.0000 |" in rows[3]
    assert "| 5% | 5–5% |" in tuning.saved_rows(found, draws)[2]
