"""What is done about a verdict: the learning rate is lowered or raised, or the run is rolled back, always on trial.

Until a trial is over nothing but a limit ends the run. A change that paid is kept. One that did not is undone, and the
run ends if it was about to end when the trial began.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import SettingsError, unknown_name
from convergence_callbacks.core.fields import Kind, listed, must_be
from convergence_callbacks.core.observation import is_finite
from convergence_callbacks.core.rule.guards import LIKELY, SURE
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.experiments.probe import later_level
from convergence_callbacks.experiments.probing import BY_PROBE, EARLY, FIRST, LIMITS

Action = Literal["raise_lr", "lower_lr", "roll_back", "stop"]
"""What can be done: raise the rate and go on; go on from the best weights at a lower rate; go on from where nothing was
lost yet, at a lower rate; or do nothing, so that the run ends as `stop_on` says."""

Act = Literal["", "begin", "again", "keep", "undo"]
"""What is to be done at an epoch: nothing, begin a trial, try again at a still lower rate, keep it, or undo it."""

CHOICES: Mapping[Verdict, tuple[Action, ...]] = {
    Verdict.CONVERGED: ("lower_lr", "stop"),
    Verdict.FALSE_CONVERGENCE: ("raise_lr", "stop"),
    Verdict.OVERFITTING: ("lower_lr", "stop"),
    Verdict.UNSTABLE: ("lower_lr", "stop"),
    Verdict.NOT_LEARNING: ("roll_back", "stop"),
    Verdict.DIVERGED: ("roll_back", "stop"),
}
"""What can be done about each verdict."""

HEAL = "heal"
"""The word that stands for the first choice of each verdict."""

CHANGES = ("raise_lr", "lower_lr", "roll_back", "keep", "undo")
"""What a decision calls an action at the epoch at which it is done."""

EPOCHS = 5
"""Epochs of a trial: a raised rate may throw the loss up before it falls."""

HOPELESS_EPOCHS = 2
"""Epochs after which a lowered rate that brought nothing is put back: what it brings comes at once."""

MOST: Mapping[Action, int] = {"raise_lr": 3, "lower_lr": 4, "roll_back": 3}
"""Most trials of each action in a run; after one that is undone, no other of its kind begins."""

TRIES: Mapping[Action, int] = {"raise_lr": 3, "lower_lr": 2, "roll_back": 3}
"""Rates that a trial may take where the rate is too low or after a blow-up, each a tenth of the one before."""

WASTED_SHARE = 0.1
"""Share of the budget that trials which were undone may take together; one trial always may."""

AT_ONCE = (Verdict.DIVERGED,)
"""Verdicts that are acted on whether or not they end the run."""

GOES_WELL = (Verdict.IMPROVING, Verdict.CONVERGED)
"""Verdicts of a run whose rate is lowered once it is flat, before it would end."""

BLOWN_UP = (Verdict.UNSTABLE, Verdict.NOT_LEARNING, Verdict.DIVERGED)
"""Verdicts of a run whose rate may be too high."""

TIMES_TOO_HIGH = 10.0
"""Factor by which the rate of a run that blew up is taken to be too high where its evidence does not hold one."""

PLATEAU_EPOCHS = 6
"""Epochs without improvement after which the rate is lowered although the run may go on."""

LEAST_RAISE, LARGEST_RAISE = 3.0, 30.0
"""Least and largest factor of a raise that no probe tried: a small one can be repeated, a large one ruins weights."""

LEAST, LARGEST = 0.1, 0.5
"""Least and largest share of itself to which the rate is lowered at a plateau."""

BROUGHT_OF_NOISE = 0.5
"""Share of the noise by which a lower rate may get below the best epoch, which is among the luckiest already."""

FALLING_EPOCHS = 2
"""An unstable run whose best epoch is fewer epochs ago than this is left alone: its loss jitters, but falls."""

RECENT_EPOCHS = 6
"""Epochs whose progress is held against the noise."""

EARLY_STEPS = 1
"""A run whose best epoch is no later than this one goes back to its start."""

THROWN_OFF_TIMES = 30.0
"""A rate that looks at least so many times too high threw the run off at its first steps: it goes back to its start."""


def _choice_errors(name: str, value: Any) -> Iterator[SettingsError]:
    if not isinstance(value, Mapping):
        if value != HEAL:
            yield must_be(name, ACTIONS.words, value)
        return
    names = [verdict.value for verdict in CHOICES]
    for verdict, action in value.items():
        if verdict not in names:
            yield SettingsError(unknown_name("verdict to act on", verdict, names), (str(verdict),))
        elif action not in CHOICES[Verdict(verdict)]:
            choices = listed([*map(repr, CHOICES[Verdict(verdict)])], "or")
            yield must_be(f"{name} at {verdict}", choices, action, (str(verdict),))


def _kept(value: Any) -> Any:
    return value if value == HEAL else {str(Verdict(verdict)): str(action) for verdict, action in value.items()}


ACTIONS = Kind(
    f"{HEAL!r}, or an action for each verdict such as {{converged: lower_lr, diverged: roll_back}}",
    (
        {"enum": [HEAL]},
        {
            "type": "object",
            "properties": {verdict.value: {"enum": list(choices)} for verdict, choices in CHOICES.items()},
            "additionalProperties": False,
        },
    ),
    _choice_errors,
    _kept,
)
"""The values of the setting ``act``."""


def chosen(setting: str | Mapping[str, str] | None) -> dict[Verdict, Action]:
    """What is to be done about each verdict.

    >>> chosen({"converged": "lower_lr", "overfitting": "stop"})
    {Verdict.CONVERGED: 'lower_lr'}
    """
    if setting is None:
        return {}
    if setting == HEAL:
        return {verdict: choices[0] for verdict, choices in CHOICES.items()}
    named: Mapping[str, Any] = dict(setting)  # type: ignore[arg-type]
    return {Verdict(verdict): action for verdict, action in named.items() if action != "stop"}


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What an action depends on beside the decision on the latest epoch.

    Args:
        loss: Its judged loss, in the user's unit.
        rate: The learning rate of the epoch, None where unknown.
        falls_ahead: Whether the schedule lowers the rate by itself, now or later.
        max_epochs: Epochs that the training may take, None where unknown.
        tolerance: Share of the total gain that is not worth waiting for.
        sign: 1, or -1 where more of the judged metric is better.
    """

    loss: float | None
    rate: float | None = None
    falls_ahead: bool = False
    max_epochs: int | None = None
    tolerance: float = 0.01
    sign: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A change that was made, and has not yet shown whether it pays.

    Args:
        action: What was done.
        decided: The decision on the epoch after which it was made.
        times: What the rate was multiplied by.
        rate: The learning rate of that epoch, None where unknown.
        losses: Judged losses since, of the latest try.
        tries: How often it was tried.
        epochs: Epochs that it took so far.
    """

    action: Action
    decided: Decision
    times: float
    rate: float | None = None
    losses: tuple[float, ...] = ()
    tries: int = 1
    epochs: int = 0

    @property
    def goes_back(self) -> bool:
        """Whether the weights are those of an earlier epoch."""
        return not self.raises

    @property
    def forgets(self) -> bool:
        """Whether what the curve showed since then is forgotten: it is not the curve of these weights."""
        return self.goes_back and self.decided.verdict is not Verdict.CONVERGED

    @property
    def from_start(self) -> bool:
        """Whether it goes back to where the run began, since nothing after was any good."""
        if self.decided.verdict not in BLOWN_UP:
            return False
        if self.tries > 1 and self.decided.verdict is not Verdict.DIVERGED:
            return True
        best = self.decided.best_step
        return best is None or best <= EARLY_STEPS or self._too_high >= THROWN_OFF_TIMES

    @property
    def may_retry(self) -> bool:
        """Whether a rate that is lower still may be tried."""
        may_help = self.times >= LEAST_RAISE * TIMES_TOO_HIGH if self.raises else self.decided.verdict in BLOWN_UP
        return may_help and self.tries < TRIES[self.action]

    @property
    def raises(self) -> bool:
        """Whether the rate was raised."""
        return self.action == "raise_lr"

    @property
    def _too_high(self) -> float:
        return self.decided.evidence.get("times_too_high", TIMES_TOO_HIGH)

    def seen(self, loss: float | None) -> Trial:
        """The trial after another epoch."""
        seen = loss if loss is not None and is_finite(loss) else math.nan
        return dataclasses.replace(self, losses=(*self.losses, seen), epochs=self.epochs + 1)

    def again(self) -> Trial:
        """The trial, begun again at a rate that is lower still."""
        return dataclasses.replace(self, times=self.times / TIMES_TOO_HIGH, losses=(), tries=self.tries + 1)

    def is_lost(self, verdict: Verdict) -> bool:
        """Whether the latest loss is no number, or the run has diverged."""
        return verdict is Verdict.DIVERGED or not is_finite(self.losses[-1])

    def is_over(self, situation: Situation) -> bool:
        """Whether it has had its epochs, or those that show that there is no hope."""
        epochs = len(self.losses)
        return epochs >= EPOCHS or (epochs <= HOPELESS_EPOCHS and self._is_hopeless(situation))

    def _is_hopeless(self, situation: Situation) -> bool:
        """Whether its first epochs brought nothing, or less than a run that was about to end is worth waiting for."""
        losses, before = [situation.sign * loss for loss in self.losses], self._before(situation.sign)
        if self.raises:
            return min(losses) >= before and losses[-1] > losses[0]
        if self.action != "lower_lr" or self.tries > 1:
            return False
        if len(losses) < HOPELESS_EPOCHS:
            return losses[-1] > before + self.decided.evidence.get("noise", 0.0)
        was_finished = self.decided.stop and self.decided.verdict not in BLOWN_UP
        return min(losses) >= before or (was_finished and self.brought(situation.sign) < situation.tolerance)

    def pays(self, situation: Situation, verdict: Verdict, first: Sequence[float]) -> bool:
        """Whether its later half is better than the best before.

        A raised rate that throws the loss up pays where the loss is better at last. After a blow-up the loss need only
        fall, and where a lower rate may be tried, jitter no more. An unstable run has to bring more than `tolerance`
        from its best weights; from its start, it has to be better than it was at the same age. A run that learnt
        nothing has to learn something, unless no lower rate may be tried.

        Args:
            situation: The situation at its last epoch.
            verdict: What the run looks like then.
            first: Losses of the run's first epochs, lower is better.
        """
        losses, before = [situation.sign * loss for loss in self.losses], self._before(situation.sign)
        level, decided = later_level(losses), self.decided.verdict
        if self.raises:
            return min(level, losses[-1]) < before
        if decided is Verdict.DIVERGED:
            return level <= max(before, losses[0]) and not (verdict is Verdict.UNSTABLE and self.may_retry)
        if decided is Verdict.UNSTABLE and self.from_start:
            return level < max(before, later_level(first))
        if decided is Verdict.NOT_LEARNING:
            return level < before and not (verdict is Verdict.NOT_LEARNING and self.may_retry)
        is_enough = decided is not Verdict.UNSTABLE or self.brought(situation.sign) >= situation.tolerance
        return level < before and is_enough

    def brought(self, sign: float) -> float:
        """By how much its best loss is better than the best before, as a share of the total gain with that."""
        before = self._before(sign)
        brought = before - self._best(sign) if math.isfinite(before) else 0.0
        gain = self.decided.evidence.get("total_gain", 0.0) + max(0.0, brought)
        return brought / gain if gain > self.decided.evidence.get("noise", 0.0) else 0.0

    def rate_was_set(self, rate: float | None) -> bool:
        """Whether something else set the rate back since, such as a callback that sets it at every epoch."""
        if not (self.rate and rate) or len(self.losses) != 1 or self.tries > 1:
            return False
        return abs(math.log(rate / self.rate)) < abs(math.log(rate / (self.times * self.rate)))

    def to_dict(self) -> dict[str, Any]:
        """The trial in plain types that JSON takes."""
        losses = [loss if is_finite(loss) else None for loss in self.losses]
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**plain, "decided": self.decided.to_dict(), "losses": losses}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Trial:
        """The trial that `to_dict` described."""
        losses = tuple(math.nan if loss is None else float(loss) for loss in saved["losses"])
        return cls(**{**saved, "decided": Decision.from_dict(saved["decided"]), "losses": losses})

    def _before(self, sign: float) -> float:
        best = self.decided.best_value
        return math.inf if best is None else sign * best

    def _best(self, sign: float) -> float:
        return min((sign * loss for loss in self.losses if is_finite(loss)), default=math.inf)


@dataclass(frozen=True, kw_only=True)
class Actions:
    """What was done in a run so far, and what is on trial.

    Args:
        act: What is to be done at this epoch.
        trial: The one that runs, or that is over at this epoch; None where there is none.
        rate: Times the user's rate that it is now.
        made: How often each action was tried.
        undone: Actions of which one was undone.
        wasted: Epochs that trials took which were undone.
        too_high: The lowest rate at which the run was lost or jittered, or that a raise was undone from, in the unit of
            ``rate``; None where none was.
        first: The first judged losses of the run, better is lower.
        recent: The latest, better is lower.
        ends: Whether the run ends at this epoch, since it was about to when the trial began.

    >>> slow = Decision(stop=False, verdict=Verdict.FALSE_CONVERGENCE, step=20, best_value=1.0, found_by=("probe",),
    ...                 evidence={"times_too_low": 10}, confidence=0.9)
    >>> actions = Actions().after(slow, Situation(loss=1.0), chosen("heal"))
    >>> actions.act, actions.trial.action, actions.rate
    ('begin', 'raise_lr', 10.0)
    """

    act: Act = ""
    trial: Trial | None = None
    rate: float = 1.0
    made: Mapping[str, int] = dataclasses.field(default_factory=dict)
    undone: tuple[str, ...] = ()
    wasted: int = 0
    too_high: float | None = None
    first: tuple[float, ...] = ()
    recent: tuple[float, ...] = ()
    ends: bool = False

    @property
    def is_trying(self) -> bool:
        """Whether a trial goes on."""
        return self.trial is not None and self.act not in {"keep", "undo"}

    @property
    def raises(self) -> int:
        """How often the rate was raised."""
        return self.made.get("raise_lr", 0)

    def after(self, decision: Decision, situation: Situation, choice: Mapping[Verdict, Action]) -> Actions:
        """The actions once an epoch was judged.

        Args:
            decision: The decision on the epoch.
            situation: What the decision does not hold.
            choice: What is to be done about each verdict.
        """
        loss = situation.sign * situation.loss if situation.loss is not None and is_finite(situation.loss) else None
        recent = self.recent if loss is None else (*self.recent, loss)[-RECENT_EPOCHS:]
        first = self.first if loss is None else (*self.first, loss)[:EPOCHS]
        now = dataclasses.replace(self, act="", ends=False, recent=recent, first=first)
        if self.is_trying and self.trial is not None:
            return now._tried(self.trial.seen(situation.loss), decision, situation)
        now = dataclasses.replace(now, trial=None)
        is_flat = _is_flat(decision)
        action = choice.get(Verdict.CONVERGED if is_flat else decision.verdict)
        if (
            action is None
            or not now.may(action, situation.max_epochs)
            or not _is_due(decision, action, situation, is_flat)
        ):
            return now
        times = _times(action, decision, now.recent)
        if action == "raise_lr" and decision.criterion != BY_PROBE and now.too_high is not None:
            times = min(times, now.too_high / (LEAST_RAISE * now.rate))
            if times < LEAST_RAISE:
                return now
        return now._begun(action, times, decision, situation)

    def may(self, action: Action, max_epochs: int | None = None) -> bool:
        """Whether another trial of this kind is within the bounds, now."""
        most = EPOCHS if max_epochs is None else max(EPOCHS, int(WASTED_SHARE * max_epochs))
        is_left = self.made.get(action, 0) < MOST[action] and action not in self.undone
        return not self.is_trying and is_left and (max_epochs is None or self.wasted + HOPELESS_EPOCHS <= most)

    def applied_to(self, decision: Decision, situation: Situation) -> Decision:
        """The decision with what is done about it.

        Args:
            decision: The decision on the epoch.
            situation: What the decision does not hold.
        """
        trial = self.trial
        if trial is None:
            return decision
        at_limit = decision.stop and decision.criterion in LIMITS
        reported = decision
        if not at_limit and (self.act == "undo" or self.ends):
            reported = dataclasses.replace(trial.decided, step=decision.step)
        best = trial.decided if self.act == "undo" else decision
        return dataclasses.replace(
            reported,
            stop=at_limit or self.ends,
            best_step=best.best_step,
            best_value=best.best_value,
            action=self._named(trial),
            evidence={**reported.evidence, **self._numbers(trial, situation)},
        )

    def to_dict(self) -> dict[str, Any]:
        """The actions in plain types that JSON takes."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        lists = {name: list(plain[name]) for name in ("undone", "first", "recent")}
        return {
            **plain,
            **lists,
            "made": dict(self.made),
            "trial": None if self.trial is None else self.trial.to_dict(),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Actions:
        """The actions that `to_dict` described."""
        trial = saved.get("trial")
        tuples = {name: tuple(saved.get(name, ())) for name in ("undone", "first", "recent")}
        return cls(**{**saved, **tuples, "trial": None if trial is None else Trial.from_dict(trial)})

    def _begun(self, action: Action, times: float, decision: Decision, situation: Situation) -> Actions:
        trial = Trial(action=action, decided=decision, times=times, rate=situation.rate)
        made = {**self.made, action: self.made.get(action, 0) + 1}
        return dataclasses.replace(self, act="begin", trial=trial, rate=self.rate * times, made=made)

    def _tried(self, trial: Trial, decision: Decision, situation: Situation) -> Actions:
        """The actions after an epoch of a trial."""
        now = dataclasses.replace(self, trial=trial)
        if trial.is_lost(decision.verdict):
            return now._threw_off()._retried_or_undone()
        if trial.rate_was_set(situation.rate):
            return now._undone()
        if not trial.is_over(situation):
            return now
        if not trial.pays(situation, decision.verdict, self.first):
            is_too_high = trial.raises or decision.verdict is Verdict.UNSTABLE
            return (now._threw_off() if is_too_high else now)._retried_or_undone()
        is_little = trial.decided.stop and trial.goes_back and trial.brought(situation.sign) < situation.tolerance
        ends = is_little and trial.decided.verdict not in BLOWN_UP
        return dataclasses.replace(now, act="keep", ends=ends)

    def _threw_off(self) -> Actions:
        """The actions, with the present rate noted as too high."""
        return dataclasses.replace(self, too_high=min(self.rate, self.rate if self.too_high is None else self.too_high))

    def _retried_or_undone(self) -> Actions:
        assert self.trial is not None
        if not self.trial.may_retry:
            return self._undone()
        trial = self.trial.again()
        return dataclasses.replace(self, act="again", trial=trial, rate=self.rate * trial.times / self.trial.times)

    def _undone(self) -> Actions:
        assert self.trial is not None
        return dataclasses.replace(
            self,
            act="undo",
            rate=self.rate / self.trial.times,
            undone=(*self.undone, self.trial.action),
            wasted=self.wasted + self.trial.epochs,
            ends=self.trial.decided.stop,
        )

    def _named(self, trial: Trial) -> str:
        if self.act in {"begin", "again"}:
            return "roll_back" if trial.from_start else str(trial.action)
        return self.act or "on_trial"

    def _numbers(self, trial: Trial, situation: Situation) -> dict[str, float]:
        """The numbers behind what is done."""
        numbers = {"rate_times": trial.times, "rate_total": self.rate, "trial_epochs": trial.epochs}
        if self.act in {"begin", "again"}:
            numbers["trial_most"] = EPOCHS
            if situation.rate and trial.rate:
                numbers["advised_rate"] = trial.times * trial.rate
        if self.act == "keep":
            numbers["trial_brought"] = trial.brought(situation.sign)
        if self.act == "" and self.is_trying:
            numbers["trial_epoch"] = len(trial.losses)
        return numbers


def lowered(recent: Sequence[float], noise: float) -> float:
    """To what share of itself the rate is lowered at a plateau: the latest progress, as a share of the noise.

    Where the loss only jitters, the steps are as long as the valley is wide, and a tenth is right; where it still falls
    by about its noise, half is enough, since a low rate is slow.

    Args:
        recent: The latest judged losses, lower is better.
        noise: Their standard deviation around their trend.

    >>> lowered([1.0, 1.1, 1.0] * 2, noise=0.1), lowered([1.0 - 0.02 * epoch for epoch in range(6)], noise=0.1)
    (0.1, 0.5)
    """
    half = len(recent) // 2
    progress = float(np.median(recent[:half]) - np.median(recent[half:])) if half else 0.0
    return min(LARGEST, max(LEAST, progress / noise if noise > 0 else LEAST))


def _is_flat(decision: Decision) -> bool:
    """Whether a run that goes on has not been better for some epochs."""
    since = decision.evidence.get("epochs_since_best", 0)
    return not decision.stop and decision.step >= FIRST and since >= PLATEAU_EPOCHS and decision.verdict in GOES_WELL


def _is_due(decision: Decision, action: Action, situation: Situation, is_flat: bool) -> bool:
    """Whether a verdict is sure enough to be acted on; where the run is to end anyhow, it is."""
    if not _may_help(decision, action, situation):
        return False
    if decision.stop or decision.verdict in AT_ONCE or is_flat:
        return True
    if decision.verdict is Verdict.FALSE_CONVERGENCE:
        return decision.criterion == BY_PROBE or (decision.confidence > LIKELY and decision.step >= EARLY)
    return decision.verdict in BLOWN_UP and _blows_up_surely(decision)


def _may_help(decision: Decision, action: Action, situation: Situation) -> bool:
    """Whether an action may bring something before a limit ends the run."""
    if decision.criterion in LIMITS and decision.stop:
        return False
    if situation.max_epochs is not None and decision.step + 1 + HOPELESS_EPOCHS > situation.max_epochs:
        return False
    if action == "raise_lr":
        return "times_too_low" in decision.evidence
    return decision.verdict in BLOWN_UP or action != "lower_lr" or not _has_nothing_to_lower(decision, situation)


def _blows_up_surely(decision: Decision) -> bool:
    """Whether a run is surely unstable and does not fall all the same, or surely far worse than a trivial predictor."""
    if decision.confidence <= SURE or decision.step < FIRST:
        return False
    if decision.verdict is Verdict.NOT_LEARNING:
        return "times_too_high" in decision.evidence
    return decision.evidence.get("epochs_since_best", FALLING_EPOCHS) >= FALLING_EPOCHS


def _has_nothing_to_lower(decision: Decision, situation: Situation) -> bool:
    """Whether the rate falls by itself, or the loss jitters by less than what is worth waiting for."""
    noise, gain = (decision.evidence.get(name, 0.0) for name in ("noise", "total_gain"))
    return situation.falls_ahead or BROUGHT_OF_NOISE * noise < situation.tolerance * gain


def _times(action: Action, decision: Decision, recent: Sequence[float]) -> float:
    """What the rate is multiplied by."""
    if action == "raise_lr":
        most = math.inf if decision.criterion == BY_PROBE else LARGEST_RAISE
        return min(most, float(decision.evidence["times_too_low"]))
    if decision.verdict in BLOWN_UP:
        return 1 / float(decision.evidence.get("times_too_high", TIMES_TOO_HIGH))
    return lowered(recent, decision.evidence.get("noise", 0.0))
