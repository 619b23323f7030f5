"""What several processes found is made one, the same whichever of them has what."""

import math

from convergence_callbacks.adapter.logged_losses import LoggedLosses, merged
from convergence_callbacks.adapter.processes import ALONE, Processes
from convergence_callbacks.adapter.torch_processes import TorchProcesses
from convergence_callbacks.core.observation import Observation

NOTHING = LoggedLosses(Observation(step=3), train=False, val=False, validated=False, logged=())
FIRST = LoggedLosses(
    Observation(step=3, train_loss=0.5, lr=0.1, elapsed=7.0, metrics={"val_acc": 0.9}),
    train=True,
    val=False,
    validated=False,
    logged=("train_loss", "val_acc"),
)
SECOND = LoggedLosses(
    Observation(
        step=3, train_loss=0.7, val_loss=math.inf, lr=0.2, elapsed=9.0, metrics={"val_acc": 0.1, "val_f1": 0.2}
    ),
    train=True,
    val=True,
    validated=True,
    logged=("train_loss", "val_loss"),
)


def test_each_value_is_that_of_the_first_process_that_has_it():
    one = merged([NOTHING, FIRST, SECOND])
    assert one.observation == Observation(
        step=3, train_loss=0.5, val_loss=math.inf, lr=0.1, elapsed=7.0, metrics={"val_acc": 0.9, "val_f1": 0.2}
    )
    assert (one.train, one.val, one.validated) == (True, True, True)
    assert one.logged == ("train_loss", "val_acc", "val_loss")


def test_what_none_has_is_missing():
    assert merged([NOTHING, NOTHING]) == NOTHING


def test_a_process_that_is_alone_agrees_with_itself():
    assert merged([SECOND]) == SECOND
    for alone in (ALONE, Processes(), TorchProcesses()):
        assert alone.gather(SECOND) == [SECOND] and alone.is_first
        assert alone.any(True) and not alone.any(False)
