"""In Lightning all processes end a training at the same epoch and for the same reason, whatever each of them sees."""

import re

from tests.processes import group

group.skip_unless_installed("lightning", "lightning")

from tests.processes.combinations import Combination, hold
from tests.processes.outcomes import all_same, differences, ends, raises

CASES = "tests.processes.lightning_cases"
BOTH = ends(ConvergenceStopping=3, EarlyStopping=3)
NOT_A_NUMBER = ends(ConvergenceStopping=3, EarlyStopping=1)
LOST = r"Connection (closed|reset) by peer|Application timeout|Timed out"
"""What Gloo says in a process whose peer has gone."""


def the_best_are_given_back(ranks):
    runs = all_same(ranks)
    assert (runs["run"]["stopped"], runs["run"]["epochs"]) == (3, 4)
    assert runs["run"]["weights"] == runs["until the best"]["weights"]


def it_is_reported_once_and_goes_on(ranks):
    assert all_same(ranks)["warnings"] == 1 and all_same(ranks)["run"]["epochs"] == 4


def time_goes_by_one_clock(ranks):
    assert [seen["elapsed"] < 1e5 for seen in all_same(ranks)["run"]["observations"]] == [True] * 6


def the_one_with_more_is_left(ranks):
    raises(LOST)(ranks[1:])


def gpus_are_asked_for(ranks):
    refused = all_same(ranks)
    assert "requires a GPU accelerator" in refused["fsdp"]
    assert re.search("have DeepSpeed installed|only supported on GPU", refused["deepspeed"])


SEES = {
    "each_sees_another_loss": BOTH,
    "only_the_first_has_the_metric": BOTH,
    "only_the_last_has_the_metric": BOTH,
    "each_has_as_many_validation_batches_as_it_likes": BOTH,
    "the_first_validates_on_nothing": BOTH,
    "the_last_validates_on_nothing": ends(ConvergenceStopping=3, EarlyStopping=3, after_validation=3),
    "scores_differ": BOTH,
    "a_run_is_resumed": BOTH,
    "the_first_sees_nan": NOT_A_NUMBER,
    "the_last_sees_nan": NOT_A_NUMBER,
}
FAILS = {
    "time_is_over_on_one": time_goes_by_one_clock,
    "none_has_the_metric_in_a_strict_run": raises("did you mean 'val_loss'"),
    "none_has_the_metric_and_one_validates_on_nothing": raises("MonitorNotFoundError: .*'val_los'"),
    "a_value_is_not_finite_in_a_strict_run": raises("val_loss is nan"),
    "a_callback_raises_on_one": raises(LOST, "broken on rank 1"),
    "the_best_weights_are_given_back": the_best_are_given_back,
    "the_best_weights_are_kept_in_a_file": the_best_are_given_back,
    "the_best_weights_can_not_be_written": it_is_reported_once_and_goes_on,
}
LIGHTNING_ALONE = {
    "lightning_alone_with_no_validation_loader_on_one": raises(r"val_dataloader|_dataloader\(\)", "."),
    "lightning_alone_with_uneven_training_data": the_one_with_more_is_left,
    "the_stock_callback_with_the_metric_on_one": raises(LOST, "is not available"),
    "what_lightning_refuses_on_a_cpu": gpus_are_asked_for,
}


def combinations(ranks):
    runs = all_same(ranks)
    assert all((run["stopped"], run["epochs"], run["restored"]) == (3, 4, True) for run in runs)
    return [Combination(**run["tested"]) for run in runs]


def test_two_processes_decide_the_same_whatever_each_sees_and_none_hangs(tmp_path):
    expected = SEES | FAILS | LIGHTNING_ALONE
    strategies = ["strategies_in_full_precision", "strategies_in_half_precision"]
    found = group.run(CASES, tmp_path, processes=2, cases=[*expected, *strategies])
    assert differences(found, expected) == {}
    hold("Lightning in two processes", [ran for name in strategies for ran in combinations(found[name])])


def test_four_processes_decide_the_same(tmp_path):
    expected = {name: SEES[name] for name in ("only_the_last_has_the_metric", "the_first_validates_on_nothing")}
    strategies = "strategies_in_full_precision"
    found = group.run(CASES, tmp_path, processes=4, cases=[*expected, strategies])
    assert differences(found, expected) == {}
    hold("Lightning in four processes", combinations(found[strategies]))
