import copy
import dataclasses
import json
import math
import pickle

import pytest

from convergence_callbacks import Decision, Verdict

STOPPED = Decision(
    stop=True,
    verdict=Verdict.CONVERGED,
    step=41,
    best_step=37,
    best_value=0.0812,
    reason="expected further gain 0.4 % of the total, below the tolerance of 1 %",
    criterion="plateau",
    evidence={"expected_gain": 0.004, "worst": math.inf},
    advice=("restore epoch 37",),
    confidence=0.9,
)


def test_a_stop_reads_as_one_line_with_verdict_reason_best_epoch_and_advice():
    assert str(STOPPED) == (
        "stop at epoch 41: converged | expected further gain 0.4 % of the total, below the tolerance of 1 % | "
        "best 0.0812 at epoch 37 | next: restore epoch 37"
    )


def test_a_decision_without_anything_to_tell_is_short():
    assert str(Decision(stop=False, verdict=Verdict.IMPROVING, step=0)) == "go on at epoch 0: improving"


def test_a_decision_survives_json():
    assert Decision.from_dict(json.loads(json.dumps(STOPPED.to_dict(), allow_nan=False))) == STOPPED


def test_a_decision_can_not_be_changed_but_copied_and_pickled():
    with pytest.raises(dataclasses.FrozenInstanceError):
        STOPPED.stop = False  # type: ignore[misc]
    with pytest.raises(TypeError):
        STOPPED.evidence["worst"] = 0.0  # type: ignore[index]
    assert copy.deepcopy(STOPPED) == STOPPED == pickle.loads(pickle.dumps(STOPPED))


def test_verdicts_are_ordered_from_harmless_to_grave():
    assert [v.gravity for v in Verdict] == list(range(7))
    assert Verdict.IMPROVING.gravity < Verdict.CONVERGED.gravity < Verdict.DIVERGED.gravity
