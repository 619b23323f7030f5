"""The rules compared, and where each would have stopped a recorded run, as the package itself replays it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path

from joblib import Parallel, delayed
from rich.progress import track

from benchmarks.measure.stop_functions import StopFunction, clairvoyant, flat_slope, low_variance
from benchmarks.record.curves import Run
from convergence_callbacks import Decision, Observation, Patience
from convergence_callbacks.compare import outcomes_of, rule_from
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.run import Run as LoggedRun
from convergence_callbacks.replay import Replay, replay

Rule = Settings | StopFunction
"""Settings of the package, or a stop function that it has no criterion for."""

SIDE_BY_SIDE = 32  # runs that are replayed at once


class Knows(Enum):
    """What a rule knows of a run before it begins; it never knows the loss of a trivial predictor."""

    SCHEDULE = "budget and schedule"  # as callbacks know it from most frameworks
    BUDGET = "budget alone"
    NOTHING = "neither"


PATIENCES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
TOLERANCES = (0.1, 0.05, 0.02, 0.01, 0.005, 0.002)


def stock(name: str) -> Settings:
    """A criterion of the package, which may stop from the first epoch on, as in other libraries."""
    return rule_from(name, Settings(min_epochs=1))


STOCK: dict[str, Rule] = {
    **{f"patience {epochs}": stock(f"patience:{epochs}") for epochs in PATIENCES},
    **{
        f"patience {epochs}, min_delta 0.1%": Settings(criteria=Patience(epochs, min_delta="0.1%"), min_epochs=1)
        for epochs in (3, 5, 10, 20)
    },
    **{f"GL {percent}": stock(f"generalization_loss:{percent}") for percent in (1, 2, 5)},
    **{f"PQ {quotient}": stock(f"progress_quotient:{quotient}") for quotient in (0.5, 1, 2)},
    **{f"UP {strips}": stock(f"successive_increases:{strips}") for strips in (2, 3, 4)},
    **{f"slope over {window}": flat_slope(window) for window in (10, 20)},
    **{f"variance over {window}": low_variance(window, 0.003) for window in (5, 10)},
}
DEFAULTS: dict[str, Rule] = {f"default, tolerance {100 * share:g}%": Settings(tolerance=share) for share in TOLERANCES}
USUAL = "default, tolerance 1%"
CLAIRVOYANT: dict[str, Rule] = {
    f"clairvoyant {100 * share:g}%": clairvoyant(share)
    for share in (0.0, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)
}


def logged(run: Run) -> LoggedRun:
    """A run as the package reads it from a log: a train loss of NaN was not logged, unless validation is NaN too."""
    return LoggedRun(
        name=run.name,
        path=Path(run.name),
        format="recorded",
        observations=tuple(
            Observation(
                step=epoch,
                train_loss=None if math.isnan(train) and math.isfinite(val) else train,
                val_loss=val,
                lr=None if math.isnan(rate) else rate,
            )
            for epoch, (train, val, rate) in enumerate(
                zip(run.train.tolist(), run.val.tolist(), run.lr.tolist(), strict=True)
            )
        ),
    )


def stop_of(rule: Rule, run: Run, knows: Knows = Knows.SCHEDULE) -> int:
    """After how many epochs a rule would have stopped a run."""
    return _stops_of([rule], [run], knows)[0][0]


def stops_of(
    rules: Mapping[str, Rule], runs: Sequence[Run], knows: Knows = Knows.SCHEDULE, jobs: int = 1
) -> dict[str, list[int]]:
    """After how many epochs each rule would have stopped each run."""
    order = sorted(range(len(runs)), key=lambda place: runs[place].epochs)  # runs of a length are replayed fastest
    parts = [order[start : start + SIDE_BY_SIDE] for start in range(0, len(order), SIDE_BY_SIDE)]
    work = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_stops_of)(list(rules.values()), [runs[place] for place in part], knows) for part in parts
    )
    found: list[list[int]] = [[] for _ in runs]
    for part, stops in zip(parts, track(work, total=len(parts), description="replaying", transient=True), strict=True):
        for place, of_run in zip(part, stops, strict=True):
            found[place] = of_run
    return {name: [of_run[place] for of_run in found] for place, name in enumerate(rules)}


def _stops_of(rules: Sequence[Rule], runs: Sequence[Run], knows: Knows) -> list[list[int]]:
    """The stops of each run by all rules."""
    package = [rule for rule in rules if isinstance(rule, Settings)]
    by_package = _stops_of_package(package, [logged(run) for run in runs], knows) if package else [()] * len(runs)
    found = []
    for run, stops in zip(runs, by_package, strict=True):
        of_package = iter(stops)
        found.append([next(of_package) if isinstance(rule, Settings) else rule(run) for rule in rules])
    return found


def _stops_of_package(rules: Sequence[Settings], runs: Sequence[LoggedRun], knows: Knows) -> list[Iterable[int]]:
    if knows is Knows.NOTHING:
        return [[replay(run, rule, is_over=False).steps_spent for rule in rules] for run in runs]
    return [outcome.spent for outcome in outcomes_of(runs, rules, schedule_known=knows is Knows.SCHEDULE)]


def with_budget(run: Run, times: float) -> Settings:
    """The default rule with a budget of so many times the epochs that there are, at the last rate beyond them."""
    rates, epochs = run.lr.tolist(), round(times * run.epochs)
    schedule = (rates + rates[-1:] * max(0, epochs - run.epochs))[:epochs]
    return Settings(max_epochs=epochs, lr_schedule=tuple(schedule))


def replayed(run: Run, rule: Settings | None = None) -> Replay:
    """A run under a rule that knows budget and schedule, by default the default one, seen to its end."""
    return replay(logged(run), rule or Settings(), schedule_known=True)


def at_stop(run: Run) -> Decision:
    """The decision by which the default rule ends a run, or its last one."""
    seen = replayed(run)
    return seen.stop or seen.decisions[-1]


def shifted(run: Run, gains: float) -> Run:
    """The run with a constant added to both losses, so many times its gain: when to stop does not change.

    A run that gains less than a twentieth of a trivial predictor's loss counts as one that gains that much.
    """
    by = gains * max(run.baseline - run.lowest, 0.05 * abs(run.baseline))
    return dataclasses.replace(run, train=run.train + by, val=run.val + by, baseline=run.baseline + by)
