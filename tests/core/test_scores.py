"""Scores beside a loss that rises: told where the loss overfits, remembered in bounded space, harmless otherwise."""

import json
import math

import pytest

from convergence_callbacks import Finding, Monitor, Verdict
from convergence_callbacks.core.scores import MOST, beside_scores, is_score, scores_after
from tests.curves import label_noise

OVERFITS = Finding(reason="validation loss rose", verdict=Verdict.OVERFITTING, advice=("use epoch 3",))


def followed(values, best):
    scores = {}
    for epoch, value in enumerate(values):
        scores = scores_after(scores, {"val_acc": value}, is_best=epoch <= best)
    return scores


@pytest.mark.parametrize("name", ["val_acc", "val/Accuracy", "valid_f1", "MulticlassAccuracy/val", "val_top_acc"])
def test_names_of_scores(name):
    assert is_score(name)


@pytest.mark.parametrize("name", ["val_loss", "train_acc", "val_mse", "lr", "macro_error"])
def test_names_of_others(name):
    assert not is_score(name)


def test_a_score_that_rises_is_told_with_an_advice():
    said = beside_scores(OVERFITS, followed([0.5 + 0.01 * epoch for epoch in range(30)], best=9))
    assert "val_acc rose from 0.5" in said.reason and said.reason.startswith("validation loss rose; ")
    assert said.evidence["val_acc_rise"] == pytest.approx(0.2, abs=0.02)
    assert said.advice[0] == "use epoch 3" and "val_acc" in said.advice[1]


def test_a_score_that_falls_or_stays_is_told_without():
    falls = beside_scores(OVERFITS, followed([0.8 - 0.01 * epoch for epoch in range(30)], best=9))
    stays = beside_scores(OVERFITS, followed([0.8 + 0.02 * (-1) ** epoch for epoch in range(30)], best=9))
    assert "val_acc fell from" in falls.reason and "val_acc stayed near 0.79" in stays.reason
    assert falls.advice == stays.advice == OVERFITS.advice


def test_another_verdict_is_left_as_it_is():
    converged = Finding(reason="it rests", verdict=Verdict.CONVERGED)
    assert beside_scores(converged, followed([0.1, 0.9], best=0)) is converged


def test_only_so_many_are_followed_and_none_that_is_no_number():
    metrics = {f"val_acc_{number}": 0.5 for number in range(20)} | {"val_f1": math.nan}
    assert len(scores_after({}, metrics, is_best=True)) == MOST
    assert scores_after({}, {"val_f1": math.nan}, is_best=True) == {}


def test_they_survive_a_resume_and_a_state_without_them_is_read():
    curve, accuracy = label_noise(60, 12)
    first, second = Monitor(max_epochs=60), Monitor(max_epochs=60)
    for epoch in range(60):
        if epoch == 30:
            state = json.loads(json.dumps(first.state_dict()))
            second.load_state_dict(state)
            Monitor().load_state_dict({name: value for name, value in state.items() if name != "scores"})
        observed = {"train_loss": curve.train[epoch], "val_loss": curve.val[epoch], "val_acc": accuracy[epoch]}
        said = first.update(**observed)
        if epoch >= 30:
            assert second.update(**observed) == said
