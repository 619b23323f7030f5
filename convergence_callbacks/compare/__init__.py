"""Rules against each other on trainings that were logged: what each spends, and what it loses."""

from convergence_callbacks.compare.comparison import Comparison, RuleResult, compare
from convergence_callbacks.compare.rules import rule_from
from convergence_callbacks.compare.stops import Outcome, outcomes_of

__all__ = ["Comparison", "Outcome", "RuleResult", "compare", "outcomes_of", "rule_from"]
