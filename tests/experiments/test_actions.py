"""What is done about a verdict, and when it is kept or undone, whatever framework trains."""

import dataclasses
import json
import math

import pytest

from convergence_callbacks import Decision, Observation, SettingsError, Verdict
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.adapter.stages.act import ActStage
from convergence_callbacks.adapter.stages.probe import EXPERIMENTS
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.rule.guards import SURE
from convergence_callbacks.experiments.actions import (
    CHOICES,
    EPOCHS,
    FALLING_EPOCHS,
    HOPELESS_EPOCHS,
    LARGEST,
    LARGEST_RAISE,
    LEAST,
    MOST,
    PLATEAU_EPOCHS,
    TRIES,
    WASTED_SHARE,
    Actions,
    Situation,
    chosen,
    lowered,
)
from convergence_callbacks.experiments.probing import BY_PROBE, EARLY, FIRST

HEAL = chosen("heal")
SLOW = Decision(
    stop=False,
    verdict=Verdict.FALSE_CONVERGENCE,
    step=20,
    best_step=20,
    best_value=1.0,
    evidence={"times_too_low": 30},
    confidence=0.9,
)
FLAT = dataclasses.replace(
    SLOW,
    stop=True,
    verdict=Verdict.CONVERGED,
    found_by=("expected_gain",),
    best_step=15,
    evidence={"noise": 0.3, "total_gain": 2.0},
)
BLOWN = dataclasses.replace(FLAT, verdict=Verdict.DIVERGED, evidence={"times_too_high": 10.0})
UNSTABLE = dataclasses.replace(FLAT, verdict=Verdict.UNSTABLE)
GOES_ON = dataclasses.replace(SLOW, verdict=Verdict.IMPROVING, evidence={})


class Acting(Stopping):
    """A callback whose framework allows experiments and actions."""

    supports = EXPERIMENTS


class Model:
    """A model whose weights nobody looks at."""

    def state(self):
        return 0


def begun(decision=SLOW, actions=None, **seen):
    return (actions or Actions()).after(decision, Situation(**{"loss": 1.0, **seen}), HEAL)


def tried(losses, actions=None, decided=GOES_ON, **seen):
    """The actions after each epoch of a trial."""
    each = [actions or begun()]
    for epoch, loss in enumerate(losses, 21):
        now = dataclasses.replace(decided, step=epoch)
        each.append(each[-1].after(now, Situation(loss=loss, **seen), HEAL))
    return each[1:]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("cure", r"act must be 'heal', or an action for each verdict such as .*, got 'cure'"),
        ({"slow": "raise_lr"}, r"unknown verdict to act on 'slow'"),
        ({"improving": "stop"}, r"unknown verdict to act on 'improving'"),
        ({"diverged": "raise_lr"}, r"act at diverged must be 'roll_back' or 'stop', got 'raise_lr'"),
    ],
)
def test_an_action_that_is_not_for_its_verdict_is_refused(given, message):
    with pytest.raises(SettingsError, match=message):
        CallbackSettings(act=given)


def test_heal_is_the_first_choice_of_each_and_stop_is_none():
    assert set(HEAL) == set(CHOICES) and chosen(None) == {}
    assert CallbackSettings(act={Verdict.CONVERGED: "stop", "diverged": "roll_back"}).actions == {
        Verdict.DIVERGED: "roll_back"
    }


def test_a_rate_that_is_surely_too_low_is_raised_as_far_as_it_looks():
    actions = begun(rate=0.01)
    assert (actions.act, actions.trial.action, actions.rate, actions.raises) == ("begin", "raise_lr", 30.0, 1)
    decision = actions.applied_to(SLOW, Situation(loss=1.0, rate=0.01))
    assert decision.action == "raise_lr" and decision.evidence["rate_times"] == decision.evidence["rate_total"] == 30
    assert "the learning rate is raised 30 times, to 0.3" in decision.reason and not decision.advice


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 0.5},
        {"step": EARLY - 1},
        {"verdict": Verdict.CONVERGED},
        {"verdict": Verdict.NOT_LEARNING},
        {"evidence": {}},
        {"stop": True, "found_by": ("max_epochs",)},
    ],
)
def test_nothing_is_done_where_that_is_not_sure_or_too_early_or_too_late(change):
    decision = dataclasses.replace(SLOW, **change)
    actions = begun(decision)
    assert actions.act == "" and actions.applied_to(decision, Situation(loss=1.0)) is decision


def test_what_was_not_asked_for_is_not_done():
    assert Actions().after(SLOW, Situation(loss=1.0), chosen({"diverged": "roll_back"})).act == ""


def test_where_the_run_is_to_end_anyhow_likely_is_enough_and_it_goes_on():
    ends = dataclasses.replace(SLOW, stop=True, confidence=0.5)
    actions = begun(ends)
    assert actions.act == "begin" and not actions.applied_to(ends, Situation(loss=1.0)).stop


def test_a_rate_that_helps_stays_and_the_next_raise_is_on_top_of_it():
    each = tried([5.0, 3.0, 1.0, 0.9] + [0.8] * (EPOCHS - 4))
    assert [actions.act for actions in each] == [""] * (EPOCHS - 1) + ["keep"]
    again = begun(dataclasses.replace(SLOW, step=40, best_value=0.8), each[-1])
    assert (again.act, again.rate, again.trial.losses) == ("begin", 900.0, ())


def test_a_raise_that_no_probe_tried_is_bounded_since_it_can_be_repeated():
    far = dataclasses.replace(SLOW, evidence={"times_too_low": 300})
    assert begun(far).rate == LARGEST_RAISE
    assert begun(dataclasses.replace(far, found_by=(BY_PROBE,))).rate == 300


def test_a_raise_that_went_too_far_is_tried_again_at_a_tenth_from_where_it_began():
    again = tried([1.5] * EPOCHS)[-1]
    assert (again.act, again.rate, again.undone, again.wasted) == ("again", pytest.approx(3.0), (), 0)
    assert not again.trial.goes_back and again.applied_to(GOES_ON, Situation(loss=1.5)).action == "raise_lr"
    kept = tried([0.9] * EPOCHS, again)[-1]
    assert (kept.act, kept.rate) == ("keep", pytest.approx(3.0))


def test_a_rate_is_raised_to_at_most_a_third_of_one_that_was_too_high_unless_a_probe_tried_it():
    jitters = dataclasses.replace(GOES_ON, verdict=Verdict.UNSTABLE)
    again = tried([1.1] * HOPELESS_EPOCHS, begun(UNSTABLE), decided=jitters)[-1]
    assert (again.act, again.too_high) == ("again", pytest.approx(0.1))
    kept = tried([1.5, 1.4, 0.9, 0.8, 0.7], again)[-1]
    assert (kept.rate, begun(SLOW, kept).rate) == (pytest.approx(0.01), pytest.approx(0.1 / 3))
    assert begun(dataclasses.replace(SLOW, found_by=(BY_PROBE,)), kept).rate == pytest.approx(0.3)
    assert begun(SLOW, dataclasses.replace(kept, too_high=0.08)).act == ""
    assert tried([1.1] * HOPELESS_EPOCHS, begun(UNSTABLE))[-1].too_high is None
    assert tried([math.nan], begun(BLOWN))[-1].too_high == pytest.approx(0.1)
    assert tried([1.5, 1.6])[-1].too_high == pytest.approx(30.0)


def test_a_raise_that_throws_the_loss_up_stays_where_it_is_better_at_last_and_is_hopeless_where_it_rises():
    assert tried([9.0, 7.0, 5.0, 3.0, 0.9])[-1].act == "keep"
    assert [each.act for each in tried([1.5, 1.6])] == ["", "again"]


def test_a_rate_that_does_not_help_is_put_back_and_none_is_raised_again():
    last = tried([1.5] * 2 * EPOCHS)[-1]
    assert (last.act, last.undone, last.wasted) == ("undo", ("raise_lr",), 2 * EPOCHS)
    assert last.rate == pytest.approx(1.0)
    decision = last.applied_to(GOES_ON, Situation(loss=1.5))
    assert decision.action == "undo" and "did not help" in decision.reason and not decision.stop
    assert begun(SLOW, last).act == ""


def test_one_lucky_epoch_is_no_help():
    assert tried([0.5] + [1.5] * (EPOCHS - 1))[-1].act == "again"


@pytest.mark.parametrize(("loss", "verdict"), [(math.nan, "improving"), (None, "improving"), (9.0, "diverged")])
def test_a_rate_that_breaks_the_run_is_put_back_at_once(loss, verdict):
    each = tried([loss] * 2, decided=dataclasses.replace(GOES_ON, verdict=Verdict(verdict)))
    assert [actions.act for actions in each] == ["again", "undo"]


def test_of_a_metric_more_can_be_better():
    assert tried([2.0] * EPOCHS, sign=-1.0)[-1].act == "keep"
    assert tried([0.5] * EPOCHS, sign=-1.0)[-1].act == "again"


def test_on_trial_only_a_limit_ends_the_run():
    actions = tried([1.0])[-1]
    ends = dataclasses.replace(GOES_ON, stop=True, found_by=("expected_gain",), verdict=Verdict.CONVERGED)
    decision = actions.applied_to(ends, Situation(loss=1.0))
    assert not decision.stop and f"on trial, epoch 1 of {EPOCHS}" in decision.reason
    assert actions.applied_to(dataclasses.replace(ends, found_by=("target_loss",)), Situation(loss=1.0)).stop


def test_at_a_plateau_the_rate_is_lowered_by_the_progress_that_is_left_in_the_noise():
    assert lowered([1.0, 1.1, 1.0] * 2, 0.1) == LEAST and lowered([], 0.0) == LEAST
    assert lowered([2.0 - 0.1 * epoch for epoch in range(6)], 0.1) == LARGEST
    assert LEAST < lowered([1.0 - 0.01 * epoch for epoch in range(6)], 0.1) < LARGEST
    actions = begun(FLAT, dataclasses.replace(Actions(), recent=(1.0, 1.1, 1.0) * 2))
    assert (actions.act, actions.trial.action, actions.rate) == ("begin", "lower_lr", LEAST)
    assert actions.trial.goes_back and not actions.trial.forgets


STAYS = dataclasses.replace(
    GOES_ON, evidence={"epochs_since_best": PLATEAU_EPOCHS, "noise": 0.3, "total_gain": 2.0}, best_step=14
)


@pytest.mark.parametrize("verdict", ["improving", "converged"])
def test_a_run_that_stays_flat_is_lowered_before_it_would_end(verdict):
    actions = begun(dataclasses.replace(STAYS, verdict=Verdict(verdict)))
    assert (actions.act, actions.trial.action) == ("begin", "lower_lr")


def test_a_run_that_stayed_flat_goes_on_whatever_the_lower_rate_brings():
    for losses, act in (([0.999] * EPOCHS, "keep"), ([1.2] * HOPELESS_EPOCHS, "undo")):
        last = tried(losses, begun(STAYS))[-1]
        assert (last.act, last.ends) == (act, False)


@pytest.mark.parametrize(
    "change",
    [
        {"evidence": {**STAYS.evidence, "epochs_since_best": PLATEAU_EPOCHS - 1}},
        {"step": 9},
        {"verdict": Verdict.UNSTABLE, "confidence": 0.5},
        {"verdict": Verdict.FALSE_CONVERGENCE, "confidence": 0.5},
        {"verdict": Verdict.OVERFITTING},
    ],
)
def test_a_run_that_is_not_flat_or_not_well_is_not_lowered_as_at_a_plateau(change):
    assert begun(dataclasses.replace(STAYS, **change)).act == ""
    assert begun(STAYS, falls_ahead=True).act == ""
    assert Actions().after(STAYS, Situation(loss=1.0), chosen({"overfitting": "lower_lr"})).act == ""


@pytest.mark.parametrize(("noise", "act"), [(0.039, ""), (0.041, "begin")])
def test_a_plateau_is_lowered_only_where_half_the_noise_is_more_than_the_tolerance(noise, act):
    quiet = {"noise": noise, "total_gain": 2.0}
    assert begun(dataclasses.replace(FLAT, evidence=quiet), tolerance=0.01).act == act
    assert begun(dataclasses.replace(UNSTABLE, evidence=quiet), tolerance=0.01).act == "begin"


@pytest.mark.parametrize(("since_best", "act"), [(FALLING_EPOCHS - 1, ""), (FALLING_EPOCHS, "begin")])
def test_an_unstable_run_that_goes_on_is_lowered_only_where_it_no_longer_falls(since_best, act):
    jitters = dataclasses.replace(UNSTABLE, stop=False, evidence={"epochs_since_best": since_best})
    assert begun(jitters).act == act
    assert begun(dataclasses.replace(jitters, step=FIRST - 1)).act == ""
    assert begun(dataclasses.replace(jitters, confidence=0.7)).act == ""


def test_a_schedule_that_falls_by_itself_is_left_alone_at_a_plateau_but_not_after_a_blow_up():
    assert begun(FLAT, falls_ahead=True).act == "" and begun(BLOWN, falls_ahead=True).act == "begin"


def test_lowering_that_pays_lets_the_run_go_on():
    last = tried([1.0, 0.9] + [0.8] * (EPOCHS - 2), begun(FLAT))[-1]
    decision = last.applied_to(GOES_ON, Situation(loss=0.8))
    assert last.act == "keep" and not decision.stop and decision.evidence["trial_brought"] == pytest.approx(0.2 / 2.2)
    assert "it brought 9.1% of the total gain" in decision.reason


def test_what_a_trial_brought_is_a_share_of_the_gain_with_that_and_nothing_where_all_is_noise():
    far = dataclasses.replace(SLOW, evidence={"times_too_low": 30, "total_gain": 0.001})
    assert tried([0.5] * EPOCHS, begun(far))[-1].trial.brought(1.0) == pytest.approx(0.5 / 0.501)
    noise = dataclasses.replace(far, evidence={**far.evidence, "noise": 0.6})
    assert tried([0.5] * EPOCHS, begun(noise))[-1].trial.brought(1.0) == 0


def test_lowering_that_brings_next_to_nothing_is_kept_and_ends_the_run_that_was_about_to():
    last = tried([0.999] * HOPELESS_EPOCHS, begun(FLAT))[-1]
    better = dataclasses.replace(GOES_ON, step=25, best_step=24, best_value=0.999)
    decision = last.applied_to(better, Situation(loss=0.999))
    assert (last.act, decision.stop, decision.verdict, decision.best_step) == ("keep", True, Verdict.CONVERGED, 24)


def test_lowering_is_hopeless_after_an_epoch_that_is_worse_than_the_best_by_more_than_the_noise():
    assert [tried([loss], begun(FLAT))[-1].act for loss in (1.31, 1.29)] == ["undo", ""]


def test_lowering_that_brings_nothing_is_undone_soon_and_the_run_ends_as_it_was_about_to():
    each = tried([1.2] * HOPELESS_EPOCHS, begun(FLAT))
    assert [actions.act for actions in each] == [""] * (HOPELESS_EPOCHS - 1) + ["undo"]
    decision = each[-1].applied_to(dataclasses.replace(GOES_ON, best_step=21), Situation(loss=1.2))
    assert (decision.stop, decision.verdict, decision.best_step, decision.criterion) == (
        True,
        FLAT.verdict,
        15,
        "expected_gain",
    )


def test_a_limit_ends_a_run_for_its_own_reason_also_where_a_trial_is_over():
    actions = tried([1.5] * 2 * EPOCHS)[-1]
    over = dataclasses.replace(GOES_ON, stop=True, found_by=("max_epochs",), best_step=22)
    decision = actions.applied_to(over, Situation(loss=1.5))
    assert decision.is_budget_end and decision.best_step == SLOW.best_step


def test_a_run_that_blew_up_goes_back_and_again_while_it_blows_up():
    actions = begun(BLOWN)
    assert actions.trial.goes_back and actions.trial.forgets and actions.rate == pytest.approx(0.1)
    each = tried([math.nan] * TRIES["roll_back"], actions)
    assert [one.act for one in each] == ["again"] * (TRIES["roll_back"] - 1) + ["undo"]
    assert [one.rate for one in each] == pytest.approx([0.01, 0.001, 1.0]) and each[-1].ends


def test_one_that_holds_after_a_blow_up_is_kept():
    assert tried([3.0, 2.9, 2.8, 2.7, 2.6], begun(BLOWN))[-1].act == "keep"
    each = tried([3.0, 3.1, 3.2, 3.3, 3.4] * TRIES["roll_back"], begun(BLOWN))
    assert [one.act for one in each[EPOCHS - 1 :: EPOCHS]] == ["again"] * (TRIES["roll_back"] - 1) + ["undo"]


def test_an_unstable_run_that_a_lower_rate_does_not_mend_is_tried_from_its_start_at_a_still_lower_one():
    first = begun(UNSTABLE)
    hopeless = tried([1.1] * HOPELESS_EPOCHS, first)[-1]
    assert (hopeless.act, hopeless.rate) == ("again", pytest.approx(0.01))
    assert not first.trial.from_start and hopeless.trial.from_start
    assert [one.applied_to(UNSTABLE, Situation(loss=1.1)).action for one in (first, hopeless)] == [
        "lower_lr",
        "roll_back",
    ]
    assert [one.act for one in tried([1.5, 1.4, 0.9, 0.8, 0.7], hopeless)] == [""] * (EPOCHS - 1) + ["keep"]
    assert tried([1.5] * EPOCHS, dataclasses.replace(hopeless, first=(9.0, 3.0, 2.0, 1.6, 1.6)))[-1].act == "keep"
    undone = tried([1.1] * EPOCHS, hopeless)[-1]
    assert (undone.act, undone.rate, undone.wasted) == ("undo", pytest.approx(1.0), HOPELESS_EPOCHS + EPOCHS)


def test_an_unstable_run_whose_lower_rate_brings_less_than_the_tolerance_is_tried_from_its_start():
    jitters = dataclasses.replace(UNSTABLE, evidence={"noise": 0.1, "total_gain": 2.0})
    assert [tried([loss] * EPOCHS, begun(jitters))[-1].act for loss in (0.985, 0.975)] == ["again", "keep"]


def test_a_run_that_is_unstable_after_it_was_rolled_back_is_tried_at_a_lower_rate_still():
    unstable = dataclasses.replace(GOES_ON, verdict=Verdict.UNSTABLE)
    each = tried([3.0, 2.9, 2.8, 2.7, 2.6] * TRIES["roll_back"], begun(BLOWN), decided=unstable)
    assert [one.act for one in each[EPOCHS - 1 :: EPOCHS]] == ["again"] * (TRIES["roll_back"] - 1) + ["keep"]


LEARNS_NOTHING = dataclasses.replace(
    BLOWN,
    verdict=Verdict.NOT_LEARNING,
    confidence=0.9,
    stop=False,
    step=FIRST,
    best_step=0,
    evidence={"times_too_high": 10},
)


def test_a_run_that_is_surely_far_worse_than_guessing_goes_back_to_its_start_at_once():
    actions = begun(LEARNS_NOTHING)
    assert (actions.act, actions.rate, actions.trial.from_start) == ("begin", pytest.approx(0.1), True)


@pytest.mark.parametrize("change", [{"confidence": SURE}, {"step": FIRST - 1}, {"evidence": {}}])
def test_a_run_that_may_yet_begin_to_learn_is_left_alone(change):
    assert begun(dataclasses.replace(LEARNS_NOTHING, **change)).act == ""


def test_a_run_that_still_learns_nothing_is_tried_at_a_lower_rate_still():
    losses = [0.9] * EPOCHS  # the best of a run that learns nothing is the luckiest epoch
    each = tried(losses * TRIES["roll_back"], begun(LEARNS_NOTHING), decided=LEARNS_NOTHING)
    assert [one.act for one in each[EPOCHS - 1 :: EPOCHS]] == ["again"] * (TRIES["roll_back"] - 1) + ["keep"]
    assert tried(losses, begun(LEARNS_NOTHING))[-1].act == "keep"


def test_a_run_that_was_lost_after_it_had_learnt_is_never_tried_from_its_start():
    assert not tried([math.nan], begun(BLOWN))[-1].trial.from_start


@pytest.mark.parametrize(
    ("verdict", "step", "is_kept"),
    [(Verdict.IMPROVING, 11, False), (Verdict.IMPROVING, 10, True), (Verdict.UNSTABLE, 11, True)],
)
def test_the_start_is_kept_for_ten_epochs_and_as_long_as_a_run_is_unstable(verdict, step, is_kept):
    stage = Acting(act="heal", verbose=False).run.stage(ActStage)
    stage.begin(Model())
    decision = dataclasses.replace(GOES_ON, verdict=verdict, step=step, best_step=step, confidence=0.5)
    stage.after(decision, Observation(step=step, val_loss=1.0), Model())
    assert ("start" in stage.snapshots) is is_kept


def test_the_start_is_kept_while_a_try_may_go_back_there_again():
    stage, model = Acting(act="heal", verbose=False).run.stage(ActStage), Weighs()
    stage.begin(model)
    for step, loss in enumerate([2.0, *[1.9] * EPOCHS], FIRST):
        model.weight = step
        decision = dataclasses.replace(LEARNS_NOTHING, step=step, best_step=0 if loss == 2.0 else step)
        if step == FIRST + 2:  # what was seen since the start is too little to know
            decision = dataclasses.replace(decision, verdict=Verdict.IMPROVING)
        stage.after(decision, Observation(step=step, val_loss=loss), model)
    assert (stage.actions.act, model.weight) == ("again", 0)


def test_the_start_is_let_go_once_a_run_that_began_there_anew_is_kept():
    stage, model = Acting(act="heal", verbose=False).run.stage(ActStage), Weighs()
    stage.begin(model)
    for step, loss in enumerate([2.0, *[0.5] * EPOCHS], FIRST):
        decision = LEARNS_NOTHING if step == FIRST else GOES_ON
        stage.after(dataclasses.replace(decision, step=step), Observation(step=step, val_loss=loss), model)
    assert stage.actions.act == "keep" and "start" not in stage.snapshots


class Weighs:
    """A model of one weight, and the rate that it is trained at."""

    def __init__(self):
        self.weight, self.rate = 0, 1.0

    def state(self):
        return self.weight

    def restore(self, state):
        self.weight = state

    def scale_rate(self, times):
        self.rate *= times


def test_each_try_of_a_raise_begins_with_the_weights_that_the_run_had():
    stage, model = Acting(act="heal", verbose=False).run.stage(ActStage), Weighs()
    for epoch, loss in enumerate([1.0, *[1.5] * 2 * EPOCHS], SLOW.step):
        model.weight = epoch
        decision = dataclasses.replace(SLOW if epoch == SLOW.step else GOES_ON, step=epoch)
        stage.after(decision, Observation(step=epoch, val_loss=loss), model)
        if stage.actions.act in {"again", "undo"}:
            assert model.weight == SLOW.step and model.rate == pytest.approx(stage.actions.rate)
    assert stage.actions.act == "undo" and model.rate == pytest.approx(1.0)


def test_lowering_that_brings_little_goes_on_where_the_run_was_not_about_to_end():
    assert tried([0.999] * HOPELESS_EPOCHS, begun(STAYS))[-1].act == ""
    assert tried([0.9] * HOPELESS_EPOCHS, begun(FLAT))[-1].act == ""


@pytest.mark.parametrize(
    ("best_step", "too_high", "from_start"), [(15, 10, False), (1, 10, True), (None, 10, True), (15, 30, True)]
)
def test_it_goes_back_to_its_start_where_nothing_since_was_any_good(best_step, too_high, from_start):
    blown = dataclasses.replace(BLOWN, best_step=best_step, evidence={"times_too_high": too_high})
    assert begun(blown).trial.from_start is from_start
    assert not begun(dataclasses.replace(FLAT, best_step=best_step)).trial.from_start


def test_trials_are_bounded_in_number_and_in_share_of_the_budget():
    actions = Actions()
    for _ in range(MOST["raise_lr"]):
        actions = tried([0.1] * EPOCHS, begun(SLOW, actions))[-1]
        assert actions.act == "keep"
    assert begun(SLOW, actions).act == ""
    wasted = dataclasses.replace(Actions(), wasted=10)
    assert begun(FLAT, wasted, max_epochs=100).act == "" and WASTED_SHARE * 200 > 10
    assert begun(FLAT, wasted, max_epochs=200).act == "begin"
    assert begun(FLAT, max_epochs=FLAT.step + HOPELESS_EPOCHS).act == ""


def test_a_rate_that_something_else_sets_back_is_undone_at_once():
    actions = begun(rate=0.1)
    assert actions.after(GOES_ON, Situation(loss=0.9, rate=0.1), HEAL).act == "undo"
    assert actions.after(GOES_ON, Situation(loss=0.9, rate=2.9), HEAL).act == ""


def test_it_survives_a_checkpoint_in_the_middle_of_a_trial():
    actions = tried([1.0, math.nan, 0.9], begun(BLOWN))[-1]
    again = Actions.from_dict(json.loads(json.dumps(actions.to_dict())))
    assert json.dumps(again.to_dict()) == json.dumps(actions.to_dict())
    assert Actions.from_dict({}) == Actions()
