"""Scores beside a loss that rises are reported where it overfits, kept in bounded space, and harmless otherwise."""

import json
import math

import pytest

from convergence_callbacks import Monitor, Verdict
from convergence_callbacks.core.scores import MOST, score_numbers, scores_after
from tests.curves import label_noise


def followed(values, best):
    scores = {}
    for epoch, value in enumerate(values):
        scores = scores_after(scores, {"val_acc": value}, is_best=epoch <= best, is_score=Monitor.is_score)
    return scores


@pytest.mark.parametrize("name", ["val_acc", "val/Accuracy", "valid_f1", "MulticlassAccuracy/val", "val_top_acc"])
def test_names_of_scores(name):
    assert Monitor.is_score(name)


@pytest.mark.parametrize("name", ["val_loss", "train_acc", "val_mse", "lr", "macro_error"])
def test_names_of_others(name):
    assert not Monitor.is_score(name)


def test_a_score_that_rises_has_moved_up_since_the_best_loss():
    numbers = score_numbers(followed([0.5 + 0.01 * epoch for epoch in range(30)], best=9))
    assert numbers["val_acc_rise"] == pytest.approx(0.2, abs=0.02) and numbers["val_acc_moved"] == 1
    assert numbers["val_acc_now"] - numbers["val_acc_at_best"] == numbers["val_acc_rise"]


def test_a_score_that_falls_has_moved_down_and_one_that_stays_has_not():
    falls = score_numbers(followed([0.8 - 0.01 * epoch for epoch in range(30)], best=9))
    stays = score_numbers(followed([0.8 + 0.02 * (-1) ** epoch for epoch in range(30)], best=9))
    assert (falls["val_acc_moved"], stays["val_acc_moved"]) == (-1, 0)
    assert stays["val_acc_now"] == pytest.approx(0.79, abs=0.01)


def test_scores_are_reported_where_the_loss_overfits_and_with_no_other_verdict():
    curve, accuracy = label_noise(60, 12)
    monitor, verdicts = Monitor(max_epochs=60, stop_on=[]), set()
    for epoch in range(60):
        decision = monitor.update(train_loss=curve.train[epoch], val_loss=curve.val[epoch], val_acc=accuracy[epoch])
        assert ("val_acc_rise" in decision.evidence) == (decision.verdict is Verdict.OVERFITTING)
        verdicts.add(decision.verdict)
    assert Verdict.OVERFITTING in verdicts and len(verdicts) > 1
    assert "the loss rises because a few mistakes became more confident" in " ".join(decision.advice)


def test_only_so_many_are_followed_and_none_that_is_no_number():
    metrics = {f"val_acc_{number}": 0.5 for number in range(20)} | {"val_f1": math.nan}
    assert len(scores_after({}, metrics, is_best=True, is_score=Monitor.is_score)) == MOST
    assert scores_after({}, {"val_f1": math.nan}, is_best=True, is_score=Monitor.is_score) == {}


def test_they_survive_a_resume_and_a_state_without_them_is_read():
    curve, accuracy = label_noise(60, 12)
    first, second = Monitor(max_epochs=60), Monitor(max_epochs=60)
    for epoch in range(60):
        if epoch == 30:
            state = json.loads(json.dumps(first.state_dict()))
            second.load_state_dict(state)
            Monitor().load_state_dict({name: value for name, value in state.items() if name != "scores"})
        observed = {"train_loss": curve.train[epoch], "val_loss": curve.val[epoch], "val_acc": accuracy[epoch]}
        decision = first.update(**observed)
        if epoch >= 30:
            assert second.update(**observed) == decision
