"""Compare the rules on recorded runs, and on public histories where some are named: `make bench HISTORIES="one.npz"`.

Some minutes on two cores; with histories some more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.measure import advice, diagnosis, overhead, pictures, speed
from benchmarks.measure.rules import (
    CLAIRVOYANT,
    DEFAULTS,
    PATIENCES,
    STOCK,
    USUAL,
    Knows,
    at_stop,
    shifted,
    stop_of,
    stops_of,
    with_budget,
)
from benchmarks.measure.score import Frontiers, Result, cost_at, score, smoothed, usable
from benchmarks.record import histories
from benchmarks.record.curves import HELD_OUT, Run, load
from convergence_callbacks import Verdict
from convergence_callbacks.compare.figures import resampled

REGRETS = (0.02, 0.01, 0.005)
SLOW = 0.1  # learning rate, in units of the usual one
SILENT = 0.05  # regret that has to be reported
DRAWS = 400  # of the bootstrap
FLOOR = 15.0  # times a run's gain: the constant that is added to both losses, which changes nothing about when to stop
LENGTHS = (0, 30, 100, 300)  # epochs from which on a run belongs to the next group
PATIENCE = "patience 10"


@dataclass(frozen=True, eq=False)
class Replayed:
    """All rules on the runs of one source.

    Args:
        runs: The runs.
        stops: After how many epochs each stock rule stops each run.
        ours: The results of the default rule at each tolerance, by what it knows.
        losses: The runs that regret is measured on, by name: as they are, and smoothed.
        stock: Results of the stock rules, by that name.
        clairvoyant: Results of the clairvoyants, likewise.
    """

    runs: Sequence[Run]
    stops: Mapping[str, Sequence[int]]
    ours: Mapping[Knows, Mapping[str, Sequence[int]]]
    losses: Mapping[str, Sequence[Run]] = field(init=False)
    draws: Sequence[NDArray[np.intp]] = field(init=False)

    def __post_init__(self) -> None:
        judged = {"as it is": self.runs, "smoothed": [smoothed(run) for run in self.runs]}
        object.__setattr__(self, "losses", judged)
        object.__setattr__(self, "draws", list(resampled([run.data for run in self.runs], DRAWS)))

    @classmethod
    def of(cls, runs: Sequence[Run], jobs: int) -> Replayed:
        """Replay every rule on every run."""
        return cls(
            runs, stops_of(STOCK, runs, jobs=jobs), {knows: stops_of(DEFAULTS, runs, knows, jobs) for knows in Knows}
        )

    def result(self, rule: str, knows: Knows = Knows.SCHEDULE, loss: str = "as it is") -> Result:
        """What a rule made of the runs."""
        return score(rule, {**self.stops, **self.ours[knows]}[rule], self.losses[loss])

    def clairvoyant(self, loss: str = "as it is") -> list[Result]:
        """What the clairvoyants made of them."""
        return [
            score(rule, stops, self.losses[loss]) for rule, stops in stops_of(CLAIRVOYANT, self.losses[loss]).items()
        ]

    def frontiers(self, knows: Knows = Knows.SCHEDULE, loss: str = "as it is") -> Frontiers:
        """Patience, the default rule and the clairvoyants."""
        return Frontiers(
            [self.result(f"patience {epochs}", loss=loss) for epochs in PATIENCES],
            [self.result(rule, knows, loss) for rule in DEFAULTS],
            self.clairvoyant(loss),
        )


def interval(values: Iterable[float], digits: int = 3) -> str:
    """Where nine of ten of them lie."""
    low, high = np.quantile(list(values), (0.05, 0.95))
    return f"{low:.{digits}f}–{high:.{digits}f}"


def rule_rows(replayed: Replayed) -> list[str]:
    """A line of the table for each rule."""
    rows = ["| rule | epochs spent | mean regret | 90% interval | 95% of runs | worst |", "|---|---|---|---|---|---|"]
    results = {
        **{rule: replayed.result(rule) for rule in STOCK},
        **{result.rule: result for result in replayed.clairvoyant()},
        **{rule: replayed.result(rule) for rule in DEFAULTS},
        f"{USUAL}, budget alone known": replayed.result(USUAL, Knows.BUDGET),
        f"{USUAL}, neither known": replayed.result(USUAL, Knows.NOTHING),
    }
    for rule, result in results.items():
        regret, cost = result.point
        between = interval((result.of(draw).point[0] for draw in replayed.draws), 4)
        rows.append(
            f"| {rule} | {cost:.3f} | {regret:.4f} | {between} "
            f"| {result.quantile(0.95):.3f} | {result.regret.max():.2f} |"
        )
    return rows


def closed_rows(replayed: Replayed) -> list[str]:
    """Share of the distance from patience to the clairvoyant that the default rule closes, by what it knows."""
    rows = [
        "| the rule knows | at mean regret | distance closed | 90% interval | by the smoothed loss | 90% interval |",
        "|---|---|---|---|---|---|",
    ]
    for knows in Knows:
        both = [replayed.frontiers(knows, loss) for loss in replayed.losses]
        for regret in REGRETS:
            cells = [
                f"{frontiers.closed(regret, np.arange(len(replayed.runs))):.2f} | "
                + interval((frontiers.closed(regret, draw) for draw in replayed.draws), 2)
                for frontiers in both
            ]
            rows.append(f"| {knows.value} | {100 * regret:g}% | {' | '.join(cells)} |")
    return rows


def saved_rows(replayed: Replayed) -> list[str]:
    """What each tolerance saves against the patience that loses as much, and whether it is kept, by what is known."""
    rows = [
        "| tolerance | mean regret | epochs spent | patience with that regret | saved "
        "| mean regret, budget alone known | neither known |",
        "|---|---|---|---|---|---|---|",
    ]
    frontiers = replayed.frontiers()
    for result in frontiers.ours:
        regret, cost = result.point
        patience = cost_at([stock.point for stock in frontiers.stock], regret)
        less = [f"{replayed.result(result.rule, knows).point[0]:.4f}" for knows in (Knows.BUDGET, Knows.NOTHING)]
        rows.append(
            f"| {result.rule} | {regret:.4f} | {cost:.3f} | {patience:.3f} "
            f"| {100 * (1 - cost / patience):.0f}% | {' | '.join(less)} |"
        )
    return rows


def group_rows(replayed: Replayed) -> list[str]:
    """The default rule and a patience, by what is learnt and by length."""
    head = " | ".join(f"{rule}: epochs spent | mean regret | worst" for rule in (USUAL, PATIENCE))
    rows = [f"| runs | count | data sets or projects | {head} |", f"|{'---|' * 9}"]
    results = [replayed.result(rule) for rule in (USUAL, PATIENCE)]
    for title, belongs in _groups(replayed.runs).items():
        chosen = np.flatnonzero([belongs(run) for run in replayed.runs])
        if not len(chosen):
            continue
        cells = []
        for result in (each.of(chosen) for each in results):
            regret, cost = result.point
            cells.append(f"{cost:.3f} | {regret:.4f} | {result.regret.max():.2f}")
        sets = len({replayed.runs[place].data for place in chosen})
        rows.append(f"| {title} | {len(chosen)} | {sets} | {' | '.join(cells)} |")
    return rows


def _groups(runs: Sequence[Run]) -> dict[str, Callable[[Run], bool]]:
    """By domain, recorded runs by data set, and by length."""
    domains = sorted({_domain(run) for run in runs})
    lengths = zip(LENGTHS, (*LENGTHS[1:], np.inf), strict=True)
    return {
        **{domain: lambda run, domain=domain: _domain(run) == domain for domain in domains},  # type: ignore[misc]
        **{
            f"{low} epochs or more" if high == np.inf else f"{low} to {high - 1:g} epochs": (
                lambda run, low=low, high=high: low <= run.epochs < high  # type: ignore[misc]
            )
            for low, high in lengths
        },
    }


def _domain(run: Run) -> str:
    return run.data if run.domain == "recorded" else run.domain


def floor_rows(replayed: Replayed, jobs: int) -> list[str]:
    """What a constant changes that is added to both losses, which ought to be nothing."""
    rows = [
        "| the default rule on both losses | epochs spent | mean regret | worst | called not learning |",
        "|---|---|---|---|---|",
    ]
    for title, gains in (("as they are", 0.0), (f"with {FLOOR:g} times the gain added", FLOOR)):
        runs = [shifted(run, gains) for run in replayed.runs]
        decisions = Parallel(n_jobs=jobs, batch_size=8)(delayed(at_stop)(run) for run in runs)
        result = score(USUAL, [decision.step + 1 for decision in decisions], runs)
        called = sum(decision.verdict is Verdict.NOT_LEARNING for decision in decisions)
        regret, cost = result.point
        rows.append(f"| {title} | {cost:.3f} | {regret:.4f} | {result.regret.max():.2f} | {called} of {len(runs)} |")
    return rows


def budget_rows(runs: Sequence[Run], jobs: int) -> list[str]:
    """What the rule spends with a budget larger or smaller than the real one, at a constant rate."""
    constant = [run for run in runs if np.ptp(run.lr) == 0]
    rows = [f"| {len(constant)} runs at a constant rate | epochs spent | mean regret |", "|---|---|---|"]
    for times in (1, 3, 10):
        stops = Parallel(n_jobs=jobs, batch_size=8)(
            delayed(stop_of)(with_budget(run, times), run, Knows.BUDGET) for run in constant
        )
        regret, cost = score(USUAL, stops, constant).point
        rows.append(f"| given {times} times the epochs | {cost:.3f} | {regret:.4f} |")
    return rows


def too_slow(run: Run) -> bool:
    """Whether a run's learning rate is a tenth of the usual one or less, and it learns all the same."""
    return run.fault == "none" and run.multiplier <= SLOW and bool(run.gain > 0.05 * abs(run.baseline))


def slow_rows(runs: Sequence[Run], jobs: int) -> list[str]:
    """What is lost without a report where the learning rate is far too low."""
    slow = [run for run in runs if too_slow(run)]
    decisions = Parallel(n_jobs=jobs, batch_size=8)(delayed(at_stop)(run) for run in slow)
    stops = {
        USUAL: [decision.step + 1 for decision in decisions],
        PATIENCE: stops_of({PATIENCE: STOCK[PATIENCE]}, slow)[PATIENCE],
    }
    is_reported = np.array([decision.verdict is Verdict.FALSE_CONVERGENCE for decision in decisions], dtype=bool)
    rows = [
        f"| {len(slow)} runs at a tenth of the usual rate or less | mean regret | lost above 5%, and not reported |",
        "|---|---|---|",
    ]
    for result in (score(rule, of, slow) for rule, of in stops.items()):
        silent = (result.regret > SILENT) & ~(is_reported & (result.rule != PATIENCE))
        rows.append(f"| {result.rule} | {result.regret.mean():.4f} | {100 * silent.mean():.1f}% |")
    return rows


def section(title: str, replayed: Replayed, jobs: int) -> list[str]:
    """All tables of the runs of one source."""
    runs = replayed.runs
    sets = len({run.data for run in runs})
    recorded = all(run.domain == "recorded" for run in runs)
    counted = f"{sets} data sets" if recorded else f"{sets} projects, each counted alike"
    return [
        f"## {title}",
        "",
        f"{len(runs)} runs of {counted}; intervals from a bootstrap over them.",
        "",
        *rule_rows(replayed),
        "",
        *closed_rows(replayed),
        "",
        *saved_rows(replayed),
        "",
        *group_rows(replayed),
        "",
        *floor_rows(replayed, jobs),
        "",
    ]


def verdict_rows(recorded: Sequence[Run], out: Path, jobs: int) -> list[str]:
    """How right the verdicts are: as runs are, with a constant added, and where a trivial predictor's loss is known."""
    judged = diagnosis.judged(recorded)
    as_they_are = diagnosis.of_package(judged, jobs)
    diagnosis.write(as_they_are, "none of them fitted", out)
    with_floor = diagnosis.of_package([diagnosis.with_floor(each, FLOOR) for each in judged], jobs)
    informed = diagnosis.of_package(judged, jobs, baseline_known=True)
    added = f"with {FLOOR:g} times the gain added"
    rows = [f"| macro-F1 over seven verdicts | as they are | {added} | `baseline_loss` known |", "|---|---|---|---|"]
    for title, when in (("at the end", diagnosis.at_end), ("at the default rule's stop", diagnosis.at_stop)):
        scores = (f"{diagnosis.macro_f1(each, when):.3f}" for each in (as_they_are, with_floor, informed))
        rows.append(f"| {title} | {' | '.join(scores)} |")
    plain, knowing = (
        diagnosis.precision_recall_f1(diagnosis.confusion(each, diagnosis.at_end))[:, 2]
        for each in (as_they_are, informed)
    )
    rows += ["", "| F1 at the end | as they are | `baseline_loss` known |", "|---|---|---|"]
    return [
        *rows,
        *(f"| {name} | {a:.2f} | {b:.2f} |" for name, a, b in zip(diagnosis.ALL, plain, knowing, strict=True)),
    ]


def main(
    logged: Annotated[list[Path] | None, typer.Argument(help="public histories to judge as well, as .npz")] = None,
    curves: Annotated[Path, typer.Option(help="recorded curves that nothing was fitted to")] = HELD_OUT,
    out: Annotated[Path, typer.Option(help="where tables and pictures go")] = Path("benchmark-output"),
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
) -> None:
    """Replay every rule on every run, and judge the verdicts; write the tables and the pictures."""
    out.mkdir(parents=True, exist_ok=True)
    recorded = load(curves)
    replayed = Replayed.of([run for run in recorded if usable(run)], jobs)
    public = histories.load(logged or ())
    text = "\n".join([
        *(section("Public histories", Replayed.of(public, jobs), jobs) if public else []),
        *section("Recorded trainings", replayed, jobs),
        *budget_rows(replayed.runs, jobs),
        "",
        *slow_rows(recorded, jobs),
        "",
        advice.table(advice.follow(advice.with_enough_examples(recorded), jobs)),
        "",
        *verdict_rows(recorded, out, jobs),
        "",
        *speed.rows(),
        "",
        *overhead.rows(),
        "",
    ])  # fmt: skip
    (out / "rules.md").write_text(text, encoding="utf-8")
    Console(soft_wrap=True).print(text)
    pictures.frontier(replayed.frontiers(), out / "frontier.png")
    pictures.worst_stops(replayed.result(USUAL), replayed.runs, out / "worst-stops.png")


if __name__ == "__main__":
    typer.run(main)
