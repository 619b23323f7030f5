"""Decisions are put into words: one line for each verdict, whichever criterion found it."""

import pytest

from convergence_callbacks import Verdict
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.telling import words_of
from tests.telling.decided import decided

KERAS = Counter("epoch", first=1)
ROUNDS = Counter("round")
SETTLED = {"expected_gain": 0.0004, "expected_gain_most": 0.002, "tolerance": 0.01, "gap_widening": 0.0}


def reason(*given, **named):
    return words_of(decided(*given, **named)).reason


def advice(*given, **named):
    return words_of(decided(*given, **named)).advice


def test_a_stop_is_one_line_with_verdict_reason_best_epoch_and_advice():
    assert words_of(decided(Verdict.CONVERGED, "expected_gain", stop=True, **SETTLED)).line == (
        "stop at epoch 51: converged | expected further gain less than 0.1% of the total, below the tolerance of 1% | "
        "best 0.1235 at epoch 47 | next: use the weights of epoch 47"
    )


def test_epochs_are_numbered_as_the_framework_does():
    line = words_of(decided(Verdict.CONVERGED, "expected_gain", counter=KERAS, **SETTLED)).line
    assert "go on at epoch 52" in line and "best 0.1235 at epoch 48" in line
    assert "next" not in line  # a better epoch may be to come


def test_trees_have_rounds_and_no_weights():
    words = words_of(decided(Verdict.OVERFITTING, counter=ROUNDS, validation_rise=0.2, train_fall=0.1))
    assert "weights of" not in words.line and "epoch" not in words.line
    assert words.advice == (
        "use the trees up to round 47",
        "then shallower trees, stronger regularisation or more data",
    )


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({"recent_gain": 0.07, "recent_epochs": 12}, "7% of the total gain came in the latest 12 epochs"),
        ({"recent_gain": 1.0, "recent_epochs": 12}, "all of the total gain came in the latest 12 epochs"),
        ({"recent_gain": 0.0, "recent_epochs": 8}, "no gain in the latest 8 epochs, but it has not settled"),
        ({}, ""),
    ],
)
def test_a_run_that_improves(evidence, words):
    assert reason(Verdict.IMPROVING, **evidence) == words
    assert advice(Verdict.IMPROVING, **evidence) == ("train on",)


def test_a_run_that_improves_at_the_end_of_its_budget_is_advised_a_larger_one():
    words = words_of(decided(Verdict.IMPROVING, "max_epochs", recent_gain=0.07, recent_epochs=8, epochs=30))
    assert words.advice == ("train on, for more than 30 epochs",)
    assert words.reason.endswith("7% of the total gain came in the latest 8 epochs")


def test_what_settled_names_the_gain_and_what_it_could_be():
    assert reason(
        Verdict.CONVERGED, "expected_gain", **{**SETTLED, "expected_gain": 0.007, "expected_gain_most": 0.02}
    ) == ("expected further gain 0.7% of the total (at most 2%), below the tolerance of 1%")
    assert reason(Verdict.CONVERGED, "expected_gain", **{**SETTLED, "tolerance": 0.0005}) == (
        "expected further gain less than 0.05% of the total"
    )


def test_a_gap_that_widened_is_reported_with_the_settled_loss_once():
    evidence = {**SETTLED, "gap_widening": 0.09, "loss_rise_since_best": 0.12, "train_fall_since_best": 0.3}
    words = words_of(decided(Verdict.OVERFITTING, "expected_gain", **evidence))
    assert words.reason == (
        "expected further gain less than 0.1% of the total, below the tolerance of 1%, while the generalisation gap "
        "widened by 9% of the total gain since the best epoch"
    )
    assert words.advice == (
        "use the weights of epoch 47: after it validation loss rose by 12% of the total gain "
        "while train loss fell by 30% of its own",
        "then weight decay, augmentation or more data",
    )


def test_a_settled_run_that_likely_converges_falsely_says_both():
    pace = {"fall_per_epoch": 0.0002, "late_share": 0.4, "looks_flat": 1, "is_steady": 1, "times_too_low": 30}
    words = words_of(decided(Verdict.FALSE_CONVERGENCE, "expected_gain", **SETTLED, **pace, advised_rate=0.003))
    assert words.reason.endswith(
        "; the loss falls by only 0.02% of the total gain an epoch, but steadily: "
        "40% of the gain came in the later half"
    )
    assert words.advice == (
        "the learning rate looks about 30 times too low: try 0.003",
        "or wait: at this pace to gain as much again takes 5,000 epochs",
    )


def test_overfitting_says_since_when_and_by_how_much():
    assert reason(Verdict.OVERFITTING, validation_rise=0.21, train_fall=0.05) == (
        "since epoch 47 validation loss rose by 21% of the total gain while train loss fell by another 5% of its own"
    )


@pytest.mark.parametrize("fall", [-0.05, 0.0, float("nan")])
def test_a_train_loss_that_did_not_fall_is_left_out(fall):
    evidence = {"validation_rise": 0.21, "train_fall": fall, "loss_rise_since_best": 0.1, "train_fall_since_best": fall}
    words = words_of(decided(Verdict.OVERFITTING, **evidence))
    assert "train loss" not in words.line
    assert words.advice[0] == "use the weights of epoch 47"


def test_a_score_that_rose_beside_the_loss_favours_the_latest_weights():
    risen = {"val_acc_rise": 0.031, "val_acc_at_best": 0.9, "val_acc_now": 0.931, "val_acc_moved": 1}
    still = {"val_f1_rise": 0.0, "val_f1_at_best": 0.9, "val_f1_now": 0.9004, "val_f1_moved": 0}
    words = words_of(decided(Verdict.OVERFITTING, validation_rise=0.2, train_fall=0.1, **risen, **still))
    assert words.reason.endswith("; val_acc rose from 0.9 to 0.931; val_f1 stayed near 0.9")
    assert words.advice[-1] == (
        "consider the latest weights for val_acc: the loss rises because a few mistakes became more confident"
    )


def test_a_slow_run_that_is_plain_to_see_is_not_called_flat():
    assert (
        reason(Verdict.FALSE_CONVERGENCE, fall_per_epoch=0.02, late_share=-0.1)
        == "the loss still falls by 2% of the total gain an epoch"
    )
    assert reason(Verdict.FALSE_CONVERGENCE, fall_per_epoch=0.0, late_share=0.0) == (
        "the loss is flat, and yet it has not settled"
    )


def test_of_a_schedule_the_highest_rate_is_advised():
    words = advice(Verdict.FALSE_CONVERGENCE, times_too_low=300, advised_rate=0.0003, rate_falls=1)
    assert words == ("the learning rate looks about 300 times too low: try 0.0003 as the schedule's highest",)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({"jump": 0.45}, "the loss jumps by 45% of its gain since the first epochs"),
        ({"jump": 45.0}, "the loss jumps by 45 times its gain since the first epochs"),
        ({"jump": 0.0}, "the loss does not settle"),
        (
            {"jump": 0.1, "only_recovered": 1, "loss": 2.31},
            "the loss only came back from its first steps and has gained nothing since: it is at 2.31",
        ),
    ],
)
def test_an_unstable_run(evidence, words):
    assert reason(Verdict.UNSTABLE, **evidence) == words


def test_where_a_trivial_predictor_is_known_a_slow_fall_is_a_share_of_its_loss():
    words = words_of(decided(Verdict.FALSE_CONVERGENCE, fall_per_epoch=0.0002, of_baseline=1, looks_flat=1))
    assert words.reason.startswith("the loss falls by only 0.02% of the loss of guessing an epoch")
    assert words.advice[-1] == "or wait: at this pace the next tenth of the loss of guessing takes 500 epochs"


@pytest.mark.parametrize(
    ("start", "best", "words"),
    [
        (2.3081, 2.30809, "the loss never fell below 2.308 in 40 epochs"),
        (2.31, 2.28, "the loss only fell from 2.31 to 2.28 in 40 epochs"),
        (0.10, 0.12, "the loss only rose from 0.1 to 0.12 in 40 epochs"),
        (2.3029, 2.30292, "the loss was never better than 2.303 in 40 epochs"),
    ],
)
def test_a_run_that_learns_nothing(start, best, words):
    assert reason(Verdict.NOT_LEARNING, started_at=start, best=best, epochs=40) == words


def test_where_train_loss_fell_alone_the_labels_are_to_be_looked_at():
    fell, rests_too = {"train_started_at": 2.3, "train_best": 1.495}, {"train_started_at": 2.3, "train_best": 2.3}
    begun = advice(Verdict.NOT_LEARNING, started_at=2.3, best=2.3, epochs=40, train_has_begun=1, **fell)
    assert begun[0] == "check whether labels fit their inputs: train loss alone fell, from 2.3 to 1.495"
    rests = advice(Verdict.NOT_LEARNING, started_at=2.3, best=2.3, epochs=40, train_has_begun=0, **rests_too)
    assert rests[0] == "check labels, input scale and loss function: train loss did not fall either"


def test_a_loss_that_is_no_number_any_more():
    words = words_of(decided(Verdict.DIVERGED, "non_finite_loss", non_finite_in_a_row=3, times_too_high=10))
    assert words.reason == "the loss is NaN or infinite for 3 epochs in a row"
    assert words.advice == (
        "restore the weights of epoch 47",
        "the learning rate looks about 10 times too high: lower it, or clip the gradients",
    )


def test_an_epoch_that_was_broken_already_is_not_restored():
    words = words_of(decided(Verdict.DIVERGED, "non_finite_loss", step=10, best_step=10, non_finite_in_a_row=3))
    assert words.advice[0] == "restore weights from before epoch 8"


def test_where_no_epoch_was_any_good_the_data_are_to_be_looked_at():
    words = words_of(decided(Verdict.DIVERGED, "non_finite_loss", best_step=None, non_finite_in_a_row=3))
    assert words.advice[0] == "look for NaN or infinity in inputs and targets, as check_data does"


def test_an_explosion_says_from_where():
    assert reason(Verdict.DIVERGED, "exploding_loss", loss=123456.7, started_at=2.3, train_falls=1) == (
        "the loss rose to 123457 from 2.3, while train loss fell"
    )


def test_a_probe_says_what_it_tried():
    found = {"probe_found": 1, "probe_raised_progress": 8.6, "times_too_low": 30.0, "advised_rate": 0.03}
    words = words_of(decided(Verdict.FALSE_CONVERGENCE, "probe", **found))
    assert words.reason == (
        "in a probe 30 times the learning rate made 8.6 times the progress of the present one within 4 epochs"
    )
    assert words.advice == ("train on at 30 times the learning rate: 0.03, which was tried",)
    lower = words_of(decided(Verdict.UNSTABLE, "probe", probe_found=-1, probe_lowered_advantage=0.34))
    assert lower.reason == "in a probe a tenth of the learning rate got 34% of the total gain further within 4 epochs"


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("raise_lr", "the learning rate is raised 10 times, to 0.003"),
        ("keep", "the raised learning rate helps and stays"),
        ("undo", "the raised learning rate did not help: rate and weights are those of before"),
        ("on_trial", "the raised learning rate is on trial, epoch 2 of 5"),
    ],
)
def test_what_is_done_about_a_rate_is_reported_and_not_advised_again(action, sentence):
    evidence = {"rate_times": 10.0, "advised_rate": 0.003, "trial_epoch": 2, "recent_gain": 0.1, "recent_epochs": 5}
    words = words_of(decided(Verdict.IMPROVING, action=action, **evidence))
    assert words.reason == f"10% of the total gain came in the latest 5 epochs; {sentence}"
    assert words.advice == ()


def test_restored_weights_are_not_advised_again():
    words = words_of(decided(Verdict.CONVERGED, "expected_gain", **SETTLED), restored=True)
    assert words.advice == ("the weights are those of epoch 47 already",)


def test_a_criterion_that_nobody_knows_here_is_named():
    assert reason(Verdict.UNSTABLE, "shaky_slope", slope=0.3) == "found by shaky slope"


def test_what_was_begun_is_reported_with_the_factor():
    lowered = {"rate_times": 0.1, "advised_rate": 0.003}
    back = words_of(decided(Verdict.DIVERGED, action="roll_back", **lowered)).reason
    assert back.endswith("the run goes back to where nothing was lost, the learning rate lowered 10 times, to 0.003")
    plateau = words_of(decided(Verdict.CONVERGED, action="lower_lr", **lowered)).reason
    assert plateau.endswith("the run goes on from its best weights, the learning rate lowered 10 times, to 0.003")
    kept = words_of(decided(Verdict.IMPROVING, action="keep", trial_brought=0.02, **lowered)).reason
    assert kept.endswith("the lowered learning rate helps and stays: it brought 2% of the total gain")


def test_advice_without_the_best_weights_begins_with_what_is_left():
    decision = decided(Verdict.OVERFITTING, validation_rise=0.2, train_fall=0.1)
    assert words_of(decision).advice[1].startswith("then weight decay")
    assert words_of(decision, names_best=False).advice == ("weight decay, augmentation or more data",)
