"""What settings mean for a training, in words."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.core.compose import AllOf, AnyOf
from convergence_callbacks.core.criteria.criterion import Criterion
from convergence_callbacks.core.criteria.default import Default
from convergence_callbacks.core.criteria.max_epochs import MaxEpochs
from convergence_callbacks.core.criteria.target_loss import TargetLoss
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.telling.numbers import value

VERDICTS: Mapping[str, tuple[Verdict, ...]] = {
    "diagnosis": (Verdict.FALSE_CONVERGENCE, Verdict.UNSTABLE),
    "expected_gain": (Verdict.CONVERGED, Verdict.OVERFITTING),
    "exploding_loss": (Verdict.DIVERGED,),
    "false_convergence": (Verdict.FALSE_CONVERGENCE,),
    "generalization_gap": (Verdict.OVERFITTING,),
    "generalization_loss": (Verdict.OVERFITTING,),
    "non_finite_loss": (Verdict.DIVERGED,),
    "not_learning": (Verdict.NOT_LEARNING,),
    "overfitting": (Verdict.OVERFITTING,),
    "plateau": (Verdict.CONVERGED,),
    "progress_quotient": (Verdict.OVERFITTING,),
    "successive_increases": (Verdict.OVERFITTING,),
    "unstable_loss": (Verdict.UNSTABLE,),
}
"""The verdicts that a criterion gives; one that is not listed gives none, and so always ends the training.

The diagnosis tells all of them, but only these may end a training for it alone."""


@dataclass(frozen=True)
class Paragraph:
    """A heading with its lines."""

    heading: str
    lines: tuple[str, ...]
    is_warning: bool = False


def explain(settings: CallbackSettings) -> list[Paragraph]:
    """When these settings end a training, what they only tell, and what happens at the end."""
    chosen = settings.criteria if isinstance(settings.criteria, Criterion) else Default(settings.tolerance)
    ending = [criterion for criterion in _each(chosen) if _may_end(criterion, settings)]
    told = [criterion for criterion in _each(chosen) if criterion not in ending]
    is_own = settings.criteria is not None
    paragraphs = [
        Paragraph("The training stops", _stops(ending, settings)),
        Paragraph("These criteria never stop it, since stop_on leaves out their verdict", _whens(told), is_warning=True)
        if is_own
        else Paragraph("It goes on, and you are only told", _whens(told)),
        Paragraph("Verdicts", tuple(_verdicts(settings))),
        Paragraph("What is judged", tuple(_judged(settings))),
        Paragraph("Experiments", tuple(_probed(settings))),
        Paragraph("At the end", tuple(_at_the_end(settings))),
    ]
    return [paragraph for paragraph in paragraphs if paragraph.lines]


def _each(criterion: Criterion) -> Iterator[Criterion]:
    """The criteria of which any one suffices."""
    if isinstance(criterion, AnyOf | Default):
        members = criterion.members if isinstance(criterion, Default) else criterion
        for member in members.criteria:
            yield from _each(member)
    else:
        yield criterion


def _given(criterion: Criterion) -> tuple[Verdict, ...]:
    """Verdicts that a criterion can give; those of several at the same time are told by the gravest."""
    if isinstance(criterion, AllOf):
        gravest = [max(given, key=lambda verdict: verdict.gravity) for c in criterion.criteria if (given := _given(c))]
        return (max(gravest, key=lambda verdict: verdict.gravity),) if gravest else ()
    if isinstance(criterion, AnyOf | Default):
        return tuple(verdict for member in _each(criterion) for verdict in _given(member))
    return VERDICTS.get(criterion.name, ())


def _may_end(criterion: Criterion, settings: CallbackSettings) -> bool:
    given = _given(criterion)
    return not given or any(verdict in settings.stop_on for verdict in given)


def _stops(ending: Iterable[Criterion], settings: CallbackSettings) -> tuple[str, ...]:
    lines = [*_whens(ending, settings.stop_on), *_whens(_limits(settings))]
    if settings.max_epochs is None:
        lines.append("- at the end of the epochs that the framework was given (max_epochs is not set)")
    if settings.min_epochs > 1:
        lines.append(f"but never before {settings.min_epochs} epochs (min_epochs)")
    return tuple(lines)


def _limits(settings: CallbackSettings) -> Iterator[Criterion]:
    if settings.target_loss is not None:
        yield TargetLoss(settings.target_loss)
    if settings.max_epochs is not None:
        yield MaxEpochs(settings.max_epochs)


def _whens(criteria: Iterable[Criterion], named: Container[Verdict | str] = tuple(Verdict)) -> tuple[str, ...]:
    """A line for each criterion, with those of its verdicts that are to be named."""
    return tuple(f"- when {criterion.describe()}{_names(_given(criterion), named)}" for criterion in criteria)


def _names(verdicts: Iterable[Verdict], named: Container[Verdict | str]) -> str:
    names = " or ".join(dict.fromkeys(verdict.value for verdict in verdicts if verdict in named))
    return f" [{names}]" if names else ""


def _verdicts(settings: CallbackSettings) -> Iterator[str]:
    stopping = [verdict.value for verdict in Verdict if verdict in settings.stop_on]
    telling = [verdict.value for verdict in Verdict if verdict not in settings.stop_on]
    yield f"that stop:  {', '.join(stopping) or 'none'}"
    yield f"only told:  {', '.join(telling) or 'none'}"


def _judged(settings: CallbackSettings) -> Iterator[str]:
    found = "validation loss, found among what is logged"
    if settings.mode == "max":
        found = "what is given as val_loss (a callback must be told what to judge, with val_metric)"
    metric = repr(settings.val_metric) if settings.val_metric else found
    yield f"{metric}; {'less' if settings.mode == 'min' else 'more'} is better"
    yield f"train loss: {repr(settings.train_metric) if settings.train_metric else 'found among what is logged'}"
    if settings.baseline_loss is not None:
        yield f"a trivial predictor's loss: {value(settings.baseline_loss, 6)}"
    if settings.lr_schedule is not None and not callable(settings.lr_schedule):
        yield f"learning rates known ahead: {len(settings.lr_schedule)} epochs"
    if settings.strict:
        yield "a loss that is missing or not finite is an error"


def _probed(settings: CallbackSettings) -> Iterator[str]:
    if settings.probe or settings.probe_budget != CallbackSettings().probe_budget:
        probed = "a plateau that may be false" if settings.probe else "nothing"
        yield f"{probed} is probed at other learning rates; {settings.probe_budget} epochs at most"
    if settings.every_n_steps is not None:
        yield f"each {settings.every_n_steps} steps are judged as an epoch"
    if settings.check_data:
        yield "the first batches and gradients are looked at, and told where they explain a run that does not learn"
    if settings.on_false_convergence == "raise_lr":
        yield "too low a learning rate is raised, and put back where that does not help"


def _at_the_end(settings: CallbackSettings) -> Iterator[str]:
    yield f"the model {'gets the weights of its best epoch' if settings.restore_best else 'keeps its last weights'}"
    yield "the reason is " + ("printed" if settings.verbose else "not printed")
    if settings.show_forecast:
        yield "the epochs that are left are shown after every epoch"
    if settings.log_decisions:
        yield "verdict and evidence of every epoch are in the framework's logs"
    if settings.backup_dir is not None:
        yield f"what must survive a kill is kept in {settings.backup_dir!r}"
    if settings.record is not None:
        yield f"every observation and decision is in {settings.record!r}"
