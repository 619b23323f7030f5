"""Of the evaluations of boosted trees the loss that is trained on is judged, never one of unknown direction."""

import pytest

from convergence_callbacks.metrics.evaluations import Evaluation, as_logged, rises


def rows(*names):
    return [Evaluation(*name.split("/"), value=float(number)) for number, name in enumerate(names)]


def judged(*names):
    logged = as_logged(rows(*names))
    named = {logged[name]: name for name in names}
    return named.get(logged.get("val_loss")), named.get(logged.get("train_loss"))


@pytest.mark.parametrize(
    ("names", "validation", "train"),
    [
        (["train/logloss", "valid/logloss"], "valid/logloss", "train/logloss"),
        (["valid/binary_logloss", "valid/binary_error"], "valid/binary_logloss", None),
        (["valid/error", "valid/logloss"], "valid/logloss", None),
        (["valid/multi_error", "valid/multi_logloss"], "valid/multi_logloss", None),
        (["valid/ZeroOneLoss", "valid/Logloss"], "valid/Logloss", None),
        (["train/error", "valid/error"], "valid/error", "train/error"),
        (["valid/logloss", "valid/acc"], "valid/logloss", None),
        (["valid/logloss", "valid/own"], "valid/logloss", None),
        (["valid_0/l2", "valid_1/l2"], "valid_1/l2", None),
        (["learn/Logloss", "validation/Logloss", "validation/PFound"], "validation/Logloss", "learn/Logloss"),
        (["learn/Logloss"], None, "learn/Logloss"),
        (["valid/auc"], None, None),
        (["valid/own"], None, None),
        ([], None, None),
    ],
)
def test_which_evaluation_is_judged(names, validation, train):
    assert judged(*names) == (validation, train)


def test_what_the_library_states_goes_before_the_name():
    own = [Evaluation("valid", "own", 0.5, rises=False), Evaluation("valid", "l2", 0.7, rises=True)]
    assert as_logged(own)["val_loss"] == 0.5
    assert (rises("valid/own", own), rises("valid's l2", own), rises("valid/auc", own)) == (False, True, None)
