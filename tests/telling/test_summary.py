"""The end of a training, as it is printed."""

import dataclasses

from convergence_callbacks import Monitor, Observation, Verdict
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.ending import Ending, NotJudged, PatienceStop
from convergence_callbacks.telling.summary import summary_of, warning
from tests.telling.decided import decided

SETTLED = {"expected_gain": 0.0004, "expected_gain_most": 0.002, "tolerance": 0.01, "gap_widening": 0.0}
KERAS = Counter("epoch", first=1)
ENDING = Ending(spent=52, budget=200, seconds=156.0, patience_stop=PatienceStop(patience=10, spent=58, best_value=0.12))
STOPPED = decided(Verdict.CONVERGED, "expected_gain", stop=True, counter=KERAS, **SETTLED)


def test_a_stop_is_reported_in_three_lines_in_the_count_of_the_framework():
    assert summary_of(STOPPED, ENDING, file="ckpt/epoch-48.keras").splitlines() == [
        "Stopped at epoch 52 of 200: converged (80% sure). Expected further gain less than 0.1% of the total, below "
        "the tolerance of 1%.",
        "Best: 0.1235 at epoch 48, saved in ckpt/epoch-48.keras. Saved 148 of 200 epochs (7 min).",
        "Next: use the weights of epoch 48.",
    ]


def test_restored_weights_are_reported_and_not_advised():
    lines = summary_of(STOPPED, ENDING, restored=True)
    assert "Best: 0.1235 at epoch 48, the model has its weights." in lines and "Next:" not in lines


def test_a_best_epoch_that_was_never_saved_is_reported_with_the_setting_that_keeps_it():
    lines = summary_of(STOPPED, ENDING, is_saved=False)
    assert "at epoch 48, but its weights were not kept" in lines
    assert lines.endswith("Next: restore_best=True keeps the best weights.")


def test_a_budget_that_runs_out_is_not_silent():
    slow = {"fall_per_epoch": 1e-5, "late_share": 0.4, "looks_flat": 1, "times_too_low": 300, "advised_rate": 0.0003}
    decision = decided(Verdict.FALSE_CONVERGENCE, "max_epochs", stop=True, step=29, best_step=29, epochs=30, **slow)
    lines = summary_of(decision, Ending(spent=30, budget=30)).splitlines()
    assert lines[0].startswith("Ended after all 30 epochs: false convergence (80% sure). The loss falls by less than")
    assert lines[-1].startswith("Next: the learning rate looks about 300 times too low: try 0.0003")


def test_whatever_ended_a_run_is_reported():
    decision = decided(Verdict.IMPROVING, step=11, recent_gain=0.2, recent_epochs=5)
    causes = {"interrupted": "Interrupted after", "error": "Ended by an error after", "time": "Out of time after"}
    for cause, begins in causes.items():
        assert summary_of(decision, Ending(spent=12, budget=50), cause=cause).startswith(
            f"{begins} epoch 11 (12 of 50 epochs done): "
        )
    assert summary_of(STOPPED, ENDING, cause="resumed").startswith("Had stopped already at epoch 52 of 200: converged")


def test_in_a_count_from_0_no_epoch_reads_as_missing():
    stopped = dataclasses.replace(STOPPED, counter=Counter())
    assert summary_of(stopped, ENDING).startswith("Stopped at epoch 51 (52 of 200 epochs done): ")
    over = decided(Verdict.IMPROVING, "max_epochs", stop=True, step=9, epochs=10)
    assert summary_of(over, Ending(spent=10, budget=10)).startswith("Ended after all 10 epochs: ")
    goes_on = decided(Verdict.IMPROVING, step=9)
    assert summary_of(goes_on, Ending(spent=10), cause="goes_on").startswith("Goes on at epoch 9: ")


def test_what_neither_the_rule_nor_the_budget_ended_is_not_reported_as_if_it_were():
    decision = decided(Verdict.IMPROVING, step=11, counter=KERAS)
    lines = summary_of(decision, Ending(spent=12, budget=50))
    assert lines.startswith("Ended by something else after epoch 12 of 50: improving.")
    assert summary_of(decision, Ending(spent=12)).startswith("Ended after epoch 12: ")  # nobody knows what was planned


def test_weights_that_learnt_nothing_are_not_to_be_kept():
    decision = decided(Verdict.NOT_LEARNING, "not_learning", stop=True, started_at=2.303, best=2.3, epochs=52)
    assert "restore_best" not in summary_of(decision, ENDING, is_saved=False)


def test_a_warning_names_what_to_do_and_trees_at_a_low_rate_are_none():
    slow = {"fall_per_epoch": 1e-4, "times_too_low": 300, "advised_rate": 0.0003}
    message = warning(decided(Verdict.FALSE_CONVERGENCE, step=4, **slow))
    assert message.startswith("Warning at epoch 4: false convergence (80% sure): ")
    assert ". Next: the learning rate looks about 300 times too low: try 0.0003; " in message
    assert warning(decided(Verdict.FALSE_CONVERGENCE, counter=Counter("round"), **slow)) == ""
    assert warning(decided(Verdict.DIVERGED, counter=Counter("round"), non_finite_in_a_row=3.0))


def test_patience_is_compared_with_where_it_would_have_stopped_earlier():
    earlier = Ending(spent=52, budget=200, patience_stop=PatienceStop(patience=10, spent=40, best_value=0.13))
    same = Ending(spent=52, patience_stop=PatienceStop(patience=10, spent=40, best_value=0.12346))
    on = Ending(spent=52, budget=200, patience_stop=PatienceStop(patience=10, spent=None, best_value=0.1))
    assert "epochs; patience 10 would have stopped 12 epochs earlier with 0.13 instead of 0.1235." in summary_of(
        STOPPED, earlier
    )
    assert "Patience 10 would have stopped 12 epochs earlier with the same best." in summary_of(STOPPED, same)
    assert "Saved 148 of 200 epochs; patience 10 would have gone on." in summary_of(STOPPED, on)


def test_epochs_that_are_as_good_are_named():
    assert "at epoch 48 (as good within the noise: epochs 31 to 45)." in summary_of(
        STOPPED, Ending(spent=52, as_good=(30, 44))
    )


def test_what_could_not_be_judged_is_reported_with_why():
    lines = summary_of(STOPPED, Ending(spent=52, not_judged=(NotJudged.NO_VALIDATION, NotJudged.NO_RATE)))
    assert "Not judged: no validation loss, so overfitting could not be seen." in lines  # and no rate is to be changed
    slow = decided(Verdict.FALSE_CONVERGENCE, "max_epochs", stop=True)
    lines = summary_of(slow, Ending(spent=52, not_judged=(NotJudged.NO_RATE,)))
    assert "Not judged: the learning rate is not known, so none can be named to try." in lines
    nothing = Ending(not_judged=(NotJudged.NO_LOSS,))
    assert summary_of(None, nothing) == "Nothing was judged: no epoch with a loss was seen."


def test_for_trees_the_argument_that_predicts_with_the_best_round_is_named():
    lines = summary_of(STOPPED, ENDING, predict="iteration_range=(0, {})")
    assert "Best: 0.1235 at epoch 48, predict(iteration_range=(0, 48))." in lines  # the epochs of Keras count from 1
    assert "predict" not in summary_of(STOPPED, ENDING, restored=True, predict="iteration_range=(0, {})")


def test_a_verdict_that_is_only_the_likeliest_is_called_perhaps():
    made = decided(Verdict.OVERFITTING, "expected_gain", stop=True, **SETTLED)
    unsure = dataclasses.replace(made, confidence=0.37)
    assert ": perhaps overfitting (37% sure)." in summary_of(unsure, ENDING)
    assert ": converged (80% sure)." in summary_of(STOPPED, ENDING)


def test_of_too_few_epochs_nothing_is_called_improving():
    decision = decided(Verdict.IMPROVING, "max_epochs", stop=True, step=0, epochs=1)
    lines = summary_of(decision, Ending(spent=1, budget=1, not_judged=(NotJudged.TOO_FEW,)))
    assert lines.startswith("Ended after its only epoch: too few epochs to judge.") and "improving" not in lines


def test_the_gain_of_all_epochs_so_far_is_not_reported_as_recent():
    decision = decided(Verdict.IMPROVING, step=4, recent_gain=1.0, recent_epochs=4)
    assert "total gain" not in summary_of(decision, Ending(spent=5, budget=50))


def account_of(*losses, **settings):
    """What a training with these train and validation losses came to, in words."""
    monitor = Monitor(max_epochs=len(losses), **settings)
    seen = [Observation(step=step, train_loss=train, val_loss=val, lr=0.1) for step, (train, val) in enumerate(losses)]
    decision = [monitor.observe(each) for each in seen][-1]
    return summary_of(decision, Ending.of(seen, decision, monitor.settings))


def test_losses_that_were_never_a_number_are_not_called_improving():
    nan = float("nan")
    assert account_of((nan, nan), (nan, nan)) == "Ended after all 2 epochs: no loss was found that is a number."


def test_a_validation_loss_that_was_never_a_number_was_not_judged():
    lines = account_of(*((0.9**epoch, float("nan")) for epoch in range(30)))
    assert "Not judged: no validation loss, so overfitting could not be seen." in lines


def test_a_loss_that_was_best_at_first_did_not_fall():
    lines = account_of(*((0.9**epoch, 1 - 0.9**epoch) for epoch in range(30)), stop_on=())
    assert "only fell" not in lines
    assert "was never better than at first, 0, in 30 epochs" in lines or "not learning" not in lines
