"""What the rule did not know is a kind with its numbers; its words are made in one place."""

import dataclasses
from pathlib import Path

import pytest

from convergence_callbacks import Observation
from convergence_callbacks.cli.tables import OPTIONS, not_known_line
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.logs import Run
from convergence_callbacks.replay import replay
from convergence_callbacks.summary import Summary
from convergence_callbacks.telling.not_known import NotKnown, Unknown, not_known


def summary(*unknown):
    seen = tuple(Observation(step=e, train_loss=0.9**e, val_loss=0.9**e) for e in range(8))
    judged = Summary.of(replay(Run(name="a", path=Path("a.csv"), format="CSV", observations=seen)))
    return dataclasses.replace(judged, not_known=unknown)


@pytest.mark.parametrize(
    "assumed, words",
    [
        (None, "the budget"),
        (1, "the budget, taken to be the 1 epoch that was logged"),
        (46, "the budget, taken to be the 46 epochs that were logged"),
    ],
)
def test_the_budget_is_named_with_what_was_taken_for_it(assumed, words):
    (unknown,) = not_known(budget=None, assumed=assumed, has_rates=True, rates_ahead=True, counter=Counter())
    assert unknown.what is Unknown.BUDGET and str(unknown) == words


def test_of_one_run_each_thing_is_named_with_its_option():
    line = not_known_line([summary(NotKnown(Unknown.BUDGET, 8), NotKnown(Unknown.RATE))])
    assert line == (
        "Not known: the budget, taken to be the 8 epochs that were logged (set it with --max-epochs); "
        "the learning rate, which was not logged."
    )


def test_of_several_runs_each_thing_is_named_once_with_how_many_lacked_it():
    rate = summary(NotKnown(Unknown.RATE))
    line = not_known_line([summary(NotKnown(Unknown.BUDGET, 8), NotKnown(Unknown.RATE)), rate, summary()])
    assert line == (
        "Not known: the budget, taken to be all that was logged (set it with --max-epochs), of 1 run; "
        "the learning rate, of 2 runs."
    )


@pytest.mark.parametrize("what", OPTIONS)
def test_an_option_goes_by_the_kind_and_not_by_the_words(what, monkeypatch):
    monkeypatch.setattr(NotKnown, "__str__", lambda self: "something")
    assert not_known_line([summary(NotKnown(what))]) == f"Not known: something (set it with {OPTIONS[what]})."


def test_a_run_of_which_all_was_known_has_no_line():
    assert not_known_line([summary()]) == "" and not_known_line([summary(), summary()]) == ""
