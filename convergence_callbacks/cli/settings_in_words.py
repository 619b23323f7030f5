"""What settings mean for a training, in words."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.core.criteria.max_epochs import MaxEpochs
from convergence_callbacks.core.criteria.target_loss import TargetLoss
from convergence_callbacks.core.criterion import AllOf, AnyOf, Criterion
from convergence_callbacks.core.rule.default import Default
from convergence_callbacks.core.verdict import WHEN_UNSURE, Verdict
from convergence_callbacks.metrics import meaning
from convergence_callbacks.telling import actions, describe, numbers
from convergence_callbacks.telling.numbers import value

Ground = tuple[Criterion, tuple[Verdict, ...]]
"""A criterion, and the verdicts by which it may end a training; one without any always ends it."""


@dataclass(frozen=True)
class Paragraph:
    """A heading with its lines."""

    heading: str
    lines: tuple[str, ...]
    is_warning: bool = False


def settings_in_words(settings: CallbackSettings) -> list[Paragraph]:
    """When these settings end a training, what is only reported, and what happens at the end."""
    chosen = settings.criteria if isinstance(settings.criteria, Criterion) else Default(settings.tolerance)
    grounds = list(_grounds(chosen))
    ending = [ground for ground in grounds if _may_end(ground, settings)]
    reported = [ground for ground in grounds if ground not in ending]
    is_own = settings.criteria is not None
    paragraphs = [
        Paragraph("The training stops", _stops(ending, settings)),
        Paragraph(
            "These criteria never stop it, since stop_on leaves out their verdict", _whens(reported), is_warning=True
        )
        if is_own
        else Paragraph("It goes on, and this is only reported", _whens(reported)),
        Paragraph("Verdicts", tuple(_verdicts(settings))),
        Paragraph("What is judged", tuple(_judged(settings))),
        Paragraph("Experiments", tuple(_probed(settings))),
        Paragraph("At the end", tuple(_at_the_end(settings))),
    ]
    return [paragraph for paragraph in paragraphs if paragraph.lines]


def _grounds(criterion: Criterion) -> Iterator[Ground]:
    """The criteria of which each alone suffices."""
    if isinstance(criterion, AnyOf):
        for member in criterion.criteria:
            yield from _grounds(member)
    elif isinstance(criterion, Default):
        yield from criterion.grounds
    elif isinstance(criterion, AllOf):
        yield criterion, _of_all(criterion)
    else:
        yield criterion, criterion.verdicts


def _of_all(criterion: AllOf) -> tuple[Verdict, ...]:
    """The verdict of several criteria at the same time: the gravest that any of them can find."""
    each = [verdict for member in criterion.criteria for _, found in _grounds(member) for verdict in found]
    return (max(each, key=lambda verdict: verdict.gravity),) if each else ()


def _may_end(ground: Ground, settings: CallbackSettings) -> bool:
    _, verdicts = ground
    return not verdicts or any(verdict in settings.stop_on for verdict in verdicts)


def _stops(ending: Iterable[Ground], settings: CallbackSettings) -> tuple[str, ...]:
    lines = [*_whens(ending, settings.stop_on), *_whens((limit, ()) for limit in _limits(settings))]
    if settings.max_epochs is None:
        lines.append("- at the end of the epochs that the framework was given (max_epochs is not set)")
    if settings.stop_file is not None:
        lines.append(f"- when the file {settings.stop_file} exists (stop_file)")
    if settings.minutes_before_job_end is not None:
        minutes = numbers.count(settings.minutes_before_job_end, "minute")
        lines.append(f"- {minutes} before the cluster job ends (minutes_before_job_end)")
    if settings.min_epochs > 1:
        lines.append(f"but never before {settings.min_epochs} epochs (min_epochs)")
    if settings.start_from_epoch > 0:
        lines.append(f"and nothing before epoch {settings.start_from_epoch} counts (start_from_epoch)")
    return tuple(lines)


def _limits(settings: CallbackSettings) -> Iterator[Criterion]:
    if settings.target_loss is not None:
        yield TargetLoss(settings.target_loss)
    if settings.max_epochs is not None:
        yield MaxEpochs(settings.max_epochs)


def _whens(grounds: Iterable[Ground], named: Container[Verdict | str] = tuple(Verdict)) -> tuple[str, ...]:
    """A line for each criterion, with those of its verdicts that are to be named."""
    return tuple(f"- when {describe(criterion)}{_names(verdicts, named)}" for criterion, verdicts in grounds)


def _names(verdicts: Iterable[Verdict], named: Container[Verdict | str]) -> str:
    names = " or ".join(dict.fromkeys(verdict.value for verdict in verdicts if verdict in named))
    return f" [{names}]" if names else ""


def _verdicts(settings: CallbackSettings) -> Iterator[str]:
    stopping = [verdict.value for verdict in Verdict if verdict in settings.stop_on]
    reported = [verdict.value for verdict in Verdict if verdict not in settings.stop_on]
    yield f"that stop:     {', '.join(stopping) or 'none'}"
    yield f"only reported: {', '.join(reported) or 'none'}"
    if settings.criteria is None and Verdict.CONVERGED in settings.stop_on:
        yield WHEN_UNSURE


def _judged(settings: CallbackSettings) -> Iterator[str]:
    found = "validation loss, found among what is logged"
    if settings.mode == "max":
        found = "what is given as val_loss (for a callback, name it with val_metric)"
    metric = repr(settings.val_metric) if settings.val_metric else found
    yield f"{metric}; {_better(settings)}"
    for name, mode in settings.metrics:
        yield f"{name!r}; {_better_of(meaning(name).direction if mode == 'auto' else mode)}"
    yield f"train loss: {repr(settings.train_metric) if settings.train_metric else 'found among what is logged'}"
    if settings.baseline_loss is not None:
        yield f"a trivial predictor's loss: {value(settings.baseline_loss, 6)}"
    elif not settings.find_baseline:
        yield "no trivial predictor's loss is looked for (find_baseline)"
    if settings.lr_schedule is not None and not callable(settings.lr_schedule):
        yield f"learning rates known ahead: {len(settings.lr_schedule)} epochs"
    if settings.strict:
        yield "a loss that is missing or not finite is an error"


def _better(settings: CallbackSettings) -> str:
    """Which way the judged metric improves, if that is known without the framework."""
    named = settings.val_metric or settings.train_metric
    return _better_of(settings.direction if named is None or settings.mode != "auto" else meaning(named).direction)


def _better_of(direction: str | None) -> str:
    if direction is None:
        return "its framework decides whether less or more is better: set mode to be sure"
    return f"{'less' if direction == 'min' else 'more'} is better"


def _probed(settings: CallbackSettings) -> Iterator[str]:
    if settings.probe or settings.probe_budget != CallbackSettings().probe_budget:
        probed = "a plateau that may be false" if settings.probe else "nothing"
        yield f"{probed} is probed at other learning rates; {settings.probe_budget} epochs at most"
    if settings.every_n_steps is not None:
        yield f"each {settings.every_n_steps} steps are judged as an epoch"
    if settings.check_data:
        yield "the first batches and gradients are checked; a fault that explains a run that does not learn is reported"
    if settings.search_tolerance is not None or settings.n_trials is not None:
        yield _search(settings)
    for verdict, action in settings.actions.items():
        yield f"{verdict.value}: {actions.DOES[action]}, undone if it does not pay off"


def _search(settings: CallbackSettings) -> str:
    """When a search ends."""
    trials = "the next ten trials" if settings.n_trials is None else f"what is left of {settings.n_trials} trials"
    if settings.search_tolerance is None:
        return f"no search ends early, though search_tolerance would know of {trials}"
    share = numbers.percent(settings.search_tolerance)
    return f"a search ends once {trials} can be expected to bring less than {share} of its gain"


def _at_the_end(settings: CallbackSettings) -> Iterator[str]:
    yield f"the model {'gets the weights of its best epoch' if settings.restore_best else 'keeps its last weights'}"
    yield "the reason is " + ("printed" if settings.verbose else "not printed")
    if settings.show_forecast:
        yield "the number of epochs left is printed after every epoch"
    if settings.log_decisions:
        yield "verdict and evidence of every epoch are in the framework's logs"
    if settings.backup_dir is not None:
        yield f"what a killed run needs to continue is kept in {settings.backup_dir!r}"
    if settings.record is not None:
        yield f"every observation and decision is in {settings.record!r}"
