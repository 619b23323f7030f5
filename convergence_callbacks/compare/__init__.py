"""Rules against each other on trainings that were logged: what each spends, and what it gives up."""

from convergence_callbacks.compare.comparison import Comparison, RuleResult, compare
from convergence_callbacks.compare.rules import rule_from
from convergence_callbacks.compare.stops import Outcome, outcome_of

__all__ = ["Comparison", "Outcome", "RuleResult", "compare", "outcome_of", "rule_from"]
