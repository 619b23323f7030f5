"""What was really wrong with a run: each definition by a task made for it."""

import numpy as np
import pytest

from benchmarks.record.curves import Run
from benchmarks.record.labels import labelled, learnable, onset, with_less_budget

EPOCHS = np.arange(60)


def run(val, multiplier=1.0, train=None, fault="none", task="task", baseline=1.0):
    val = np.asarray(val, dtype=float)
    train = val - 0.05 if train is None else train
    return Run(f"{task}-x{multiplier}", task, "data", multiplier, baseline, fault, train, val, np.full(len(val), 0.1))


def falls(constant, floor=0.2):
    return floor + (1 - floor) * np.exp(-EPOCHS / constant)


def verdicts(*runs):
    return [each.verdict for each in labelled(runs)]


def test_a_run_is_judged_by_what_other_rates_make_of_its_task():
    assert verdicts(run(falls(400), 0.01), run(falls(5), 1.0)) == ["false_convergence", "converged"]
    jumps = 0.6 + 0.1 * (-1.0) ** EPOCHS
    assert verdicts(run(falls(5), 1.0), run(jumps, 10.0)) == ["converged", "unstable"]
    assert verdicts(run(falls(400), 1.0)) == ["improving"], "alone, nothing is better"


def test_the_level_at_the_end_distinguishes_a_good_rate():
    turned = np.where(EPOCHS < 20, falls(5), 0.2 + 0.01 * (EPOCHS - 19))
    assert verdicts(run(turned, train=falls(15, 0.0))) == ["overfitting"]
    assert verdicts(run(turned, train=turned)) == [None], "train loss rises too"


def test_a_fault_is_not_learning_unless_something_was_learnt():
    assert verdicts(run(np.full(60, 1.0), fault="shuffled")) == ["not_learning"]
    assert verdicts(run(falls(5), fault="shuffled")) == [None]


def test_what_is_no_number_or_explodes_has_diverged_from_there_on():
    broken, high = falls(5), falls(5)
    broken[30:], high[40:] = np.nan, 9.0
    assert verdicts(run(broken), run(high)) == ["diverged", "diverged"]
    assert (onset(run(broken)), onset(run(high))) == (31, 41)
    one = labelled([run(high)])[0]
    assert (one.at(20), one.at(43), one.at(60)) == (None, "diverged", "diverged")


def test_far_from_its_best_a_sound_run_improves():
    one = labelled([run(falls(5))])[0]
    assert (one.at(5), one.at(40), one.at(60)) == ("improving", "converged", "converged")


def test_between_two_definitions_the_nearest_is_named():
    turned = np.where(EPOCHS < 20, falls(5), falls(5) + 0.0015 * (EPOCHS - 19))
    one = labelled([run(turned, train=falls(15, 0.0))])[0]
    assert one.verdict is None and one.nearest().verdict == "overfitting"


def test_tasks_that_no_rate_learns_are_left_out():
    flat, sound = run(np.full(60, 0.99), task="flat"), run(falls(5), task="sound")
    assert learnable([flat, sound]) == [sound]


def test_a_smaller_budget_cuts_all_runs_of_a_task_and_labels_them_anew():
    cut = with_less_budget([run(falls(20), 0.1), run(falls(2))], 0.25)
    assert [one.epochs for one in cut] == [15, 15] and len({one.task for one in cut}) == 1
    assert verdicts(*cut) == ["false_convergence", "converged"]
    assert with_less_budget([run(falls(5)[:15])], 0.5) == []


@pytest.mark.parametrize("end", ["val", "train"])
def test_a_run_without_a_finite_epoch_has_a_label_too(end):
    nothing = np.full(60, np.nan)
    assert verdicts(run(nothing if end == "val" else falls(5), train=nothing)) == ["diverged"]
