"""Each criterion that ships with the package says in words when it stops, with its settings."""

from __future__ import annotations

import pytest

from convergence_callbacks.core.criteria.exploding_loss import ExplodingLoss
from convergence_callbacks.core.criteria.false_convergence import FalseConvergence
from convergence_callbacks.core.criteria.generalization_gap import GeneralizationGap
from convergence_callbacks.core.criteria.generalization_loss import GeneralizationLoss
from convergence_callbacks.core.criteria.max_epochs import MaxEpochs
from convergence_callbacks.core.criteria.non_finite_loss import NonFiniteLoss
from convergence_callbacks.core.criteria.not_learning import NotLearning
from convergence_callbacks.core.criteria.overfitting import Overfitting
from convergence_callbacks.core.criteria.plateau import Plateau
from convergence_callbacks.core.criteria.progress_quotient import ProgressQuotient
from convergence_callbacks.core.criteria.successive_increases import SuccessiveIncreases
from convergence_callbacks.core.criteria.target_loss import TargetLoss
from convergence_callbacks.core.criteria.time_budget import TimeBudget
from convergence_callbacks.core.criteria.unstable_loss import UnstableLoss
from convergence_callbacks.core.criterion import Criterion
from convergence_callbacks.core.rule.diagnosis import Diagnosis
from convergence_callbacks.core.rule.expected_gain import ExpectedGain
from convergence_callbacks.telling import describe

WORDS = {
    Diagnosis(): "the learning curve looks like one that ends in this verdict",
    ExpectedGain(0.01): "the expected further gain is below 1% of the total gain",
    ExplodingLoss(): "the loss is above its start by 3 times all that was gained, for 5 epochs in a row",
    FalseConvergence(): "the loss falls by less than 1% of its gain an epoch but steadily, as at too low a learning "
    "rate",
    GeneralizationGap(0.5): "the generalisation gap is above 50% of the total gain for 3 epochs in a row",
    GeneralizationLoss(5.0): "the loss is worse than its best by more than 5%",
    MaxEpochs(200): "the budget of 200 epochs is used up",
    NonFiniteLoss(): "the loss is not finite for 3 epochs in a row",
    NotLearning(40): "the loss has not left its starting level within 40 epochs, or half the budget if that is less",
    Overfitting(): "validation loss has risen by 10% of the total gain while train loss fell on",
    Plateau(10): "neither loss has fallen by more than 1% of its gain for 10 epochs",
    ProgressQuotient(1.0): "generalisation loss is more than 1 times the training progress of 5 epochs",
    SuccessiveIncreases(3): "the loss has got worse over 3 successive strips of 5 epochs",
    TargetLoss(0.02): "the loss is 0.02 or better",
    TimeBudget(hours=0.5): "the training has taken 0.5 hours",
    UnstableLoss(): "the loss jumps by more than 30% of its gain since the first epochs",
}


@pytest.mark.parametrize(("criterion", "words"), WORDS.items(), ids=lambda each: getattr(each, "name", ""))
def test_a_criterion_says_in_words_when_it_stops(criterion: Criterion, words: str) -> None:
    assert describe(criterion) == words
