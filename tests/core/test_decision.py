import copy
import dataclasses
import json
import math
import pickle

import pytest

from convergence_callbacks import Decision, Verdict
from convergence_callbacks.core.counter import Counter

STOPPED = Decision(
    stop=True,
    verdict=Verdict.CONVERGED,
    step=41,
    best_step=37,
    best_value=0.0812,
    found_by=("expected_gain",),
    evidence={"expected_gain": 0.004, "expected_gain_most": 0.02, "tolerance": 0.01, "worst": math.inf},
    confidence=0.9,
)


def test_a_stop_reads_as_one_line_with_verdict_reason_best_epoch_and_advice():
    assert str(STOPPED) == (
        "stop at epoch 41: converged | expected further gain 0.4% of the total (at most 2%), below the tolerance of 1% "
        "| best 0.0812 at epoch 37 | next: use the weights of epoch 37"
    )


def test_a_decision_without_evidence_is_short():
    assert str(Decision(stop=False, verdict=Verdict.IMPROVING, step=0)) == "go on at epoch 0: improving"


def test_a_decision_survives_json():
    assert Decision.from_dict(json.loads(json.dumps(STOPPED.to_dict(), allow_nan=False))) == STOPPED


def test_a_decision_can_not_be_changed_but_copied_and_pickled():
    with pytest.raises(dataclasses.FrozenInstanceError):
        STOPPED.stop = False  # type: ignore[misc]
    with pytest.raises(TypeError):
        STOPPED.evidence["worst"] = 0.0  # type: ignore[index]
    assert copy.deepcopy(STOPPED) == STOPPED == pickle.loads(pickle.dumps(STOPPED))


def test_the_words_are_in_the_counter_of_the_framework():
    keras = dataclasses.replace(STOPPED, counter=Counter("epoch", first=1))
    assert "best 0.0812 at epoch 38 | next: use the weights of epoch 38" in str(keras)
    assert keras.best_step == STOPPED.best_step and Decision.from_dict(keras.to_dict()).counter.first == 1


def test_what_is_saved_holds_no_words():
    assert not {"reason", "advice"} & STOPPED.to_dict().keys()
    assert Decision.from_dict({**STOPPED.to_dict(), "reason": "whatever"}) == STOPPED


@pytest.mark.parametrize(("found_by", "ends"), [(("max_epochs",), True), (("patience",), False), ((), False)])
def test_the_end_of_the_budget_is_no_early_stop(found_by, ends):
    assert dataclasses.replace(STOPPED, found_by=found_by).is_budget_end == ends
    assert not dataclasses.replace(STOPPED, found_by=found_by, stop=False).is_budget_end


def test_verdicts_are_ordered_from_harmless_to_grave():
    assert [v.gravity for v in Verdict] == list(range(7))
    assert Verdict.IMPROVING.gravity < Verdict.CONVERGED.gravity < Verdict.DIVERGED.gravity
