"""Ends a training when further epochs bring next to nothing, and says why.

>>> from convergence_callbacks import Monitor
>>> monitor = Monitor(max_epochs=200)
>>> decision = monitor.update(train_loss=0.71, val_loss=0.69, lr=0.01)
>>> decision.stop, decision.verdict.value
(False, 'improving')

The integrations are the modules `convergence_callbacks.lightning`, `.keras`, `.transformers`, `.torch`
(loops of your own, Accelerate, Fabric), `.jax`, `.tensorflow`, `.ignite`, `.skorch`, `.xgboost`, `.lightgbm`,
`.catboost`, `.sklearn` and `.optuna`, each with a `ConvergenceStopping`, and `.ray` with a `ConvergenceStopper` for Ray
Tune.
"""

import sys

from convergence_callbacks.core.criteria.exploding_loss import ExplodingLoss
from convergence_callbacks.core.criteria.false_convergence import FalseConvergence
from convergence_callbacks.core.criteria.generalization_gap import GeneralizationGap
from convergence_callbacks.core.criteria.generalization_loss import GeneralizationLoss
from convergence_callbacks.core.criteria.max_epochs import MaxEpochs
from convergence_callbacks.core.criteria.non_finite_loss import NonFiniteLoss
from convergence_callbacks.core.criteria.not_learning import NotLearning
from convergence_callbacks.core.criteria.overfitting import Overfitting
from convergence_callbacks.core.criteria.patience import Patience
from convergence_callbacks.core.criteria.plateau import Plateau
from convergence_callbacks.core.criteria.progress_quotient import ProgressQuotient
from convergence_callbacks.core.criteria.successive_increases import SuccessiveIncreases
from convergence_callbacks.core.criteria.target_loss import TargetLoss
from convergence_callbacks.core.criteria.time_budget import TimeBudget
from convergence_callbacks.core.criteria.unstable_loss import UnstableLoss
from convergence_callbacks.core.criterion import AllOf, AnyOf, Criterion, Finding, MetricCriterion
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError, MetricNotFoundError, SettingsError, StateError
from convergence_callbacks.core.forecast import ConvergenceRate, Estimate, Forecast
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.rule.default import Default
from convergence_callbacks.core.rule.diagnosis import Diagnosis
from convergence_callbacks.core.rule.expected_gain import ExpectedGain
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.data_check import Fault, Layer, check_data
from convergence_callbacks.experiments.seeds import SeedComparison, compare_seeds
from convergence_callbacks.monitor import Monitor
from convergence_callbacks.telling import data_faults, forecast, observation, seeds, words_of
from convergence_callbacks.telling.missing import of_framework

Decision.voice = staticmethod(words_of)
Fault.voice = staticmethod(data_faults.words_of)
Observation.voice = staticmethod(observation.line)
SeedComparison.voice = staticmethod(seeds.words_of)
Forecast.voice = staticmethod(forecast.words_of)
ConvergenceRate.voice = staticmethod(forecast.rate_in_words)

_OF_FRAMEWORKS = ("ConvergenceStopping", "EarlyStopping", "ConvergenceStopper", "ConvergencePruner")


def _is_loaded(name: str) -> bool:
    ours = [module for path, module in sys.modules.items() if path.startswith(f"{__name__}.")]
    return any(hasattr(module, name) for module in ours)


def __getattr__(name: str) -> object:
    if name in _OF_FRAMEWORKS and not _is_loaded(name):  # what looks through all modules wants an AttributeError
        raise ImportError(of_framework(name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "AllOf",
    "AnyOf",
    "ConvergenceError",
    "ConvergenceRate",
    "Criterion",
    "Decision",
    "Default",
    "Diagnosis",
    "Estimate",
    "ExpectedGain",
    "ExplodingLoss",
    "FalseConvergence",
    "Fault",
    "Finding",
    "Forecast",
    "GeneralizationGap",
    "GeneralizationLoss",
    "Layer",
    "MaxEpochs",
    "MetricCriterion",
    "MetricNotFoundError",
    "Monitor",
    "NonFiniteLoss",
    "NotLearning",
    "Observation",
    "Overfitting",
    "Patience",
    "Plateau",
    "ProgressQuotient",
    "Reading",
    "SeedComparison",
    "SettingsError",
    "StateError",
    "SuccessiveIncreases",
    "TargetLoss",
    "TimeBudget",
    "UnstableLoss",
    "Verdict",
    "check_data",
    "compare_seeds",
]
