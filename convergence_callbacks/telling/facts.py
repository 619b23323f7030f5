"""What the words need of a decision: its finite numbers, and steps in the counter of the training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.telling import numbers

BUDGET = "max_epochs"
"""Name of the criterion that finds the budget used up."""

TREES = "round"
"""The counter of boosted trees: a model of trees has no weights to go back to."""


@dataclass(frozen=True)
class Facts:
    """The numbers of a decision.

    Args:
        decision: Where they come from.
        restored: Whether the model has the weights of its best step already.
        names_best: Whether advice names the weights of the best step: not if another line does, or if they are gone.
    """

    decision: Decision
    restored: bool = False
    names_best: bool = True

    def number(self, name: str) -> float | None:
        """A number of the evidence, None where it is missing or not finite."""
        given = self.decision.evidence.get(name)
        return given if given is not None and math.isfinite(given) else None

    def counted(self, name: str) -> str | None:
        """How many steps the evidence counts, in words; None where it counts none."""
        given = self.number(name)
        return None if given is None or round(given) < 1 else numbers.steps(given, self.counter)

    def holds(self, name: str) -> bool:
        """Whether a number of the evidence is there and above 0."""
        return (self.number(name) or 0.0) > 0

    def evidence_of(self, criterion: str) -> dict[str, float]:
        """The evidence as one criterion gave it, though another one may have given a number of the same name."""
        own = f"{criterion}."
        given = self.decision.evidence
        return {**given, **{name.removeprefix(own): given[name] for name in given if name.startswith(own)}}

    @property
    def counter(self) -> Counter:
        """What a step of the training is called."""
        return self.decision.counter

    @property
    def are_trees(self) -> bool:
        """Whether the model is one of boosted trees."""
        return self.counter.noun == TREES

    @property
    def is_over(self) -> bool:
        """Whether the budget is used up."""
        return BUDGET in self.decision.found_by

    @property
    def best(self) -> str | None:
        """The best step by its number, None where there was none."""
        step = self.decision.best_step
        return None if step is None else numbers.numbered(step, self.counter)

    def steps(self, amount: float) -> str:
        """How many steps, as the framework calls them."""
        return numbers.steps(amount, self.counter)

    @property
    def whole(self) -> str:
        """What the fall in one step is a share of."""
        return "the loss of guessing" if self.holds("of_baseline") else "the total gain"

    def each(self) -> str:
        """One step with its article, as in "by 5% an epoch"."""
        return f"{'an' if self.counter.noun[:1] in 'aeiou' else 'a'} {self.counter.noun}"

    @property
    def use_best(self) -> str | None:
        """What to use of the training; None if no step was good, or if it is not to be named."""
        if self.best is None or not self.names_best:
            return None
        if self.are_trees:
            return f"use the trees up to {self.best}"
        return f"the weights are those of {self.best} already" if self.restored else f"use the weights of {self.best}"
