"""What a rule would have made of a training that is over."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.forecast import Forecast
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import is_finite
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.run import Run
from convergence_callbacks.telling.not_known import NotKnown, not_known

FIXED = re.compile(r"cos|linear|poly|multi_?step|step_?lr|one_?cycle|exponential|cyclic|inverse_sqrt", re.IGNORECASE)
"""Kinds of schedules that are fixed before a training, by their names in configurations."""


FIRST_EPOCHS = 3
"""A run whose best epoch is one of so many first ones may have learnt nothing."""


@dataclass(frozen=True, kw_only=True)
class Unasked(Settings):
    """The defaults where nobody asked for others: those by which a training was judged go before them."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """A run with the decisions that a monitor makes of it.

    Args:
        run: The run.
        settings: The monitor's settings, with the budget that it knew.
        decisions: One for each observation; the run goes on after a stop, as it did.
        forecast: Where it was going, as seen from the stop, or from its latest epoch where there is none; None where
            nobody asked.
        is_budget_assumed: Whether the budget is only the length of the log.
    """

    run: Run
    settings: Settings
    decisions: tuple[Decision, ...]
    forecast: Forecast | None = None
    is_budget_assumed: bool = False

    @property
    def not_known(self) -> tuple[NotKnown, ...]:
        """What the rule did not know of the training; a callback in it may have."""
        return not_known_of(
            self.run,
            self.settings,
            is_budget_assumed=self.is_budget_assumed,
            needs_baseline=self.settings.baseline_loss is None and _overfits_from_the_start(self.decision),
        )

    @property
    def decision(self) -> Decision:
        """The decision that ends the training, or else the last."""
        return self.stop or self.decisions[-1]

    @property
    def stop(self) -> Decision | None:
        """The first decision that ends the training before its budget does, None where none does."""
        return next((each for each in self.decisions if each.ends_early), None)

    @property
    def verdict(self) -> Verdict:
        """What the training looked like at its end."""
        return self.decisions[-1].verdict

    @property
    def steps_spent(self) -> int:
        """Epochs (or the run's unit) up to the stop, all of them where there is none."""
        return self.run.steps if self.stop is None else self.stop.step + 1

    @property
    def steps_saved(self) -> int:
        """Epochs (or the run's unit) after the stop."""
        return self.run.steps - self.steps_spent

    @property
    def seconds_saved(self) -> float | None:
        """Time after the stop, None where no times were logged."""
        if self.stop is None:
            return None if self.run.seconds is None else 0.0
        return self.seconds_after(self.stop.step)

    @property
    def energy_saved(self) -> float | None:
        """Energy after the stop in kWh, None where it was not logged."""
        if self.stop is None or self.run.energy is None:
            return None if self.run.energy is None else 0.0
        steps = [each.step for each in self.run.observations]
        return self.run.energy - self.run.kilowatt_hours[steps.index(self.stop.step)]

    @property
    def best(self) -> float | None:
        """The best judged value of the whole run, None where none was finite."""
        return self.decisions[-1].best_value

    @property
    def best_at_stop(self) -> float | None:
        """The best judged value up to the stop."""
        return self.decision.best_value

    @property
    def lost(self) -> float | None:
        """How much worse the best value up to the stop is than that of the whole run; 0 or more."""
        if self.best is None or self.best_at_stop is None:
            return None
        return abs(self.best_at_stop - self.best)

    @property
    def share_lost(self) -> float | None:
        """What was lost, as a share of all that the run gained over its first value; None where it gained nothing."""
        return self._share(self.lost)

    def share_lost_at(self, step: int) -> float | None:
        """What a stop after this step loses, as a share of all that the run gained."""
        best = next(each.best_value for each in self.decisions if each.step == step)
        return None if best is None or self.best is None else self._share(abs(best - self.best))

    def seconds_after(self, step: int) -> float | None:
        """Time after a step, None where no times were logged."""
        elapsed = next(each.elapsed for each in self.run.observations if each.step == step)
        return None if elapsed is None or self.run.seconds is None else self.run.seconds - elapsed

    def _share(self, loss: float | None) -> float | None:
        gain = self.decisions[-1].evidence.get("total_gain", math.nan)
        return None if loss is None or not gain > 0 else loss / gain


def replay(
    run: Run,
    settings: Settings | None = None,
    *,
    is_over: bool = True,
    with_forecast: bool = False,
    schedule_known: bool = False,
) -> Replay:
    """Show a logged training to a monitor, epoch by epoch, as a callback would have.

    Args:
        run: The training; at least one observation.
        settings: The monitor's; a budget that they leave out is that of `budget_of`. When left out, those by which
            the training was judged, where its log holds them, as a decision record does; else the defaults.
        is_over: Whether the run has ended; while it grows nobody knows its length.
        with_forecast: Whether to look ahead too, which takes some milliseconds.
        schedule_known: Whether the rule knows the learning rates of the log in advance; see `with_schedule`. It is
            too where a configuration beside the log names a schedule that is fixed.

    Returns:
        All decisions and what follows from them.

    Raises:
        LogError: A criterion names a metric of which nothing was read.

    >>> from pathlib import Path
    >>> from convergence_callbacks import Observation
    >>> losses = [0.9**epoch + 0.1 for epoch in range(100)]
    >>> seen = tuple(Observation(step=epoch, train_loss=loss, val_loss=loss) for epoch, loss in enumerate(losses))
    >>> replayed = replay(Run(name="example", path=Path("example.csv"), format="CSV", observations=seen))
    >>> replayed.verdict.value, replayed.stop is not None, replayed.share_lost < 0.01
    ('converged', True, True)
    """
    given = settings or Unasked()
    settings = settings_for(run, given, is_over=is_over, schedule_known=schedule_known)
    check_metrics(run, settings)
    monitor = Monitor.from_settings(settings, counter=run.counter)
    decisions: list[Decision] = []
    forecast = None
    for observation in run.observations:
        decisions.append(monitor.observe(observation))
        if with_forecast and forecast is None and decisions[-1].ends_early:
            forecast = monitor.forecast()
    if with_forecast and forecast is None:
        forecast = monitor.forecast()
    is_assumed = settings.max_epochs not in {given.max_epochs, run.planned}
    return Replay(
        run=run,
        settings=settings,
        decisions=tuple(decisions),
        forecast=forecast,
        is_budget_assumed=is_assumed,
    )


@dataclass(frozen=True)
class OtherStop:
    """Where another rule would have ended a run.

    Args:
        rule: Its name, such as ``patience:10``.
        step: After which step, None where it would not have ended it before its budget.
    """

    rule: str
    step: int | None


def stop_by(
    rule: str, run: Run, settings: Settings, *, is_over: bool = True, schedule_known: bool = False
) -> OtherStop:
    """Where a rule would have ended a run: less work than a replay, which also finds out what the run looks like.

    Args:
        rule: The rule's name.
        run: The training.
        settings: Of a monitor that stops by the rule.
        is_over: Whether the run has ended.
        schedule_known: Whether the rule knows the learning rates of the log in advance.
    """
    check_metrics(run, settings)
    monitor = Monitor.from_settings(settings_for(run, settings, is_over=is_over, schedule_known=schedule_known))
    ends = (each.step for each in run.observations if monitor.ends(monitor.read(each)))
    step = next(ends, None)
    budget = monitor.settings.max_epochs
    return OtherStop(rule, None if step is None or (budget is not None and step + 1 >= budget) else step)


def check_metrics(run: Run, settings: Settings) -> None:
    """Refuse a rule that names a metric of which nothing was read of a run: it would never be judged.

    Raises:
        LogError: Names the metric, and how it is read.
    """
    for name, _ in settings.metrics:
        if all(Monitor.value_of(name, each.metrics) is None for each in run.observations):
            had = ", ".join(sorted({name for each in run.observations for name in each.metrics})) or "no metric"
            raise LogError(
                f"a criterion reads {name!r}, of which nothing was read of this run, but {had}; a log is read with it "
                f"by ColumnChoice(others=({name!r},))",
                run.path,
            )


def settings_for(run: Run, settings: Settings, *, is_over: bool = True, schedule_known: bool = False) -> Settings:
    """The settings with what the rule knows of a run: its budget, and the rates ahead if they are known."""
    settings = as_judged(settings, run)
    if settings.max_epochs is None:
        settings = dataclasses.replace(settings, max_epochs=budget_of(run, is_over=is_over))
    if settings.lr_schedule is None and run.rates_ahead is not None:
        return dataclasses.replace(settings, lr_schedule=run.rates_ahead)
    is_known = is_over and is_schedule_known(run, schedule_known)  # what grows has not logged its rates ahead yet
    return with_schedule(settings, run) if is_known else settings


def as_judged(settings: Settings, run: Run) -> Settings:
    """The settings, with those from the log by which the training was judged.

    Where nobody asked for other settings these are all of them, and else what was judged: its mode and its baseline.
    """
    own = run.judged_by
    if own is None:
        return settings
    if isinstance(settings, Unasked):
        return dataclasses.replace(own, max_epochs=settings.max_epochs or own.max_epochs)
    mode = own.mode if settings.mode == "auto" else settings.mode
    baseline = own.baseline_loss if settings.baseline_loss is None else settings.baseline_loss
    return dataclasses.replace(settings, mode=mode, baseline_loss=baseline)


def not_known_of(
    run: Run, settings: Settings, *, is_budget_assumed: bool = False, needs_baseline: bool = False
) -> tuple[NotKnown, ...]:
    """What a rule with these settings did not know of a run; nothing if the log holds all that was known."""
    budget = None if is_budget_assumed else settings.max_epochs
    if run.states_budget:
        return ()
    unknown = not_known(
        budget=budget,
        assumed=settings.max_epochs if is_budget_assumed else None,
        has_rates=any(each.lr is not None for each in run.observations),
        rates_ahead=settings.lr_schedule is not None,
        counter=run.counter,
        needs_baseline=needs_baseline,
    )
    return tuple(unknown)


def _overfits_from_the_start(decision: Decision) -> bool:
    """Whether a run is said to overfit of which the best came in its first epochs: it may have learnt nothing."""
    best = decision.best_step
    return decision.verdict is Verdict.OVERFITTING and best is not None and best < FIRST_EPOCHS


def budget_of(run: Run, *, is_over: bool = True) -> int | None:
    """The epochs that were planned, by the log, or all that the run took if it is over."""
    return run.planned or (max(run.steps, 1) if is_over and not run.states_budget else None)


def is_schedule_known(run: Run, asked: bool) -> bool:
    """Whether the rates of a log were fixed before the training, by the user's word or a configuration beside the log.

    A schedule that reacts to the training, as ``ReduceLROnPlateau``, was known to nobody in advance.
    """
    return asked or bool(FIXED.search(run.schedule))


def with_schedule(settings: Settings, run: Run) -> Settings:
    """The settings with the learning rates that a run has logged, as a callback knows those of a fixed schedule.

    That is right for rates that were fixed before the training, as steps or a cosine. Rates that reacted to it, as
    ``ReduceLROnPlateau`` sets them, nobody knew in advance. The settings stay as they are where they have a schedule
    already, or the log lacks a rate.
    """
    rates: list[float] = []
    for observation in run.observations:
        if observation.lr is None or not is_finite(observation.lr):
            return settings
        rates += [observation.lr] * (observation.step + 1 - len(rates))
    return settings if settings.lr_schedule is not None else dataclasses.replace(settings, lr_schedule=tuple(rates))
