"""Compare the rules on the recorded curves: `make bench` (some minutes on two cores)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from joblib import Parallel, delayed
from rich.console import Console
from rich.progress import track

from benchmarks.measure import advice, diagnosis, pictures, speed
from benchmarks.measure.rules import (
    CLAIRVOYANT,
    DEFAULTS,
    PATIENCES,
    STOCK,
    TOLD,
    UNAWARE,
    Rule,
    monitor_for,
    patience,
    stopping_decision,
)
from benchmarks.measure.score import Frontiers, Result, bootstrap, cost_at, score, usable
from benchmarks.record.curves import HELD_OUT, Run, load
from convergence_callbacks import Verdict

REGRETS = (0.02, 0.01, 0.005)
SLOW = 0.1  # learning rate, in units of the usual one
SILENT = 0.05  # regret that has to be told
DRAWS = 400  # of the bootstrap


def replay(rules: Mapping[str, Rule], run: Run) -> list[int]:
    """After how many epochs each rule would have stopped a run."""
    return [rule(run) for rule in rules.values()]


def replay_all(rules: Mapping[str, Rule], runs: Sequence[Run], jobs: int) -> dict[str, Result]:
    """Each rule's result on all runs."""
    # Rules are closures, which only cloudpickle can send: joblib's own processes do.
    work = Parallel(n_jobs=jobs, return_as="generator", batch_size=8)(delayed(replay)(rules, run) for run in runs)
    stops = list(track(work, total=len(runs), description="replaying", transient=True))
    return {rule: score(rule, [of[place] for of in stops], runs) for place, rule in enumerate(rules)}


def interval(values: Sequence[float], digits: int = 3) -> str:
    """Where nine of ten of them lie."""
    low, high = np.quantile(values, (0.05, 0.95))
    return f"{low:.{digits}f}–{high:.{digits}f}"


def rule_rows(results: Mapping[str, Result], draws: Sequence[np.ndarray]) -> list[str]:
    """A line of the table for each rule."""
    rows = ["| rule | epochs spent | mean regret | 90 % interval | 95 % of runs | worst |", "|---|---|---|---|---|---|"]
    for rule, result in results.items():
        regret, cost = result.point
        between = interval([float(result.regret[draw].mean()) for draw in draws], 4)
        tail, worst = np.quantile(result.regret, 0.95), result.regret.max()
        rows.append(f"| {rule} | {cost:.3f} | {regret:.4f} | {between} | {tail:.3f} | {worst:.2f} |")
    return rows


def closed_rows(frontiers: Frontiers, draws: Sequence[np.ndarray], runs: int) -> list[str]:
    """Share of the distance from patience to the clairvoyant that the default rule closes."""
    rows = ["| at mean regret | distance closed | 90 % interval |", "|---|---|---|"]
    for regret in REGRETS:
        closed = frontiers.closed(regret, np.arange(runs))
        between = interval([frontiers.closed(regret, draw) for draw in draws], 2)
        rows.append(f"| {regret:g} | {closed:.2f} | {between} |")
    return rows


def saved_rows(frontiers: Frontiers) -> list[str]:
    """What each tolerance saves against the patience that loses as much."""
    rows = ["| tolerance | mean regret | epochs spent | patience with that regret | saved |", "|---|---|---|---|---|"]
    for result in frontiers.ours:
        regret, cost = result.point
        patience = cost_at([stock.point for stock in frontiers.stock], regret)
        rows.append(
            f"| {result.rule} | {regret:.4f} | {cost:.3f} | {patience:.3f} | {100 * (1 - cost / patience):.0f} % |"
        )
    return rows


def budget_rows(runs: Sequence[Run], jobs: int) -> list[str]:
    """What the rule spends where it is told of more or fewer epochs than there are, at a constant rate."""
    constant = [run for run in runs if np.ptp(run.lr) == 0]
    rows = [f"| {len(constant)} runs at a constant rate | epochs spent | mean regret |", "|---|---|---|"]
    for rule, result in replay_all(TOLD, constant, jobs).items():
        regret, cost = result.point
        rows.append(f"| {rule} | {cost:.3f} | {regret:.4f} |")
    return rows


def too_slow(run: Run) -> bool:
    """Whether a run's learning rate is a tenth of the usual one or less, and it learns all the same."""
    return run.fault == "none" and run.multiplier <= SLOW and bool(run.gain > 0.05 * abs(run.baseline))


def slow_rows(runs: Sequence[Run], jobs: int) -> list[str]:
    """What is lost, and not said, where the learning rate is far too low."""
    slow = [run for run in runs if too_slow(run)]
    decisions = Parallel(n_jobs=jobs)(delayed(stopping_decision)(monitor_for(run, 0.01), run) for run in slow)
    stops = {
        "default, tolerance 1 %": [decision.step + 1 for decision in decisions],
        "patience 10": [patience(10)(run) for run in slow],
    }
    told = np.array([decision.verdict is Verdict.FALSE_CONVERGENCE for decision in decisions], dtype=bool)
    rows = [f"| {len(slow)} runs at a tenth of the usual rate or less | mean regret | lost above 5 %, and not told |"]
    rows.append("|---|---|---|")
    for rule, result in ((rule, score(rule, of, slow)) for rule, of in stops.items()):
        silent = (result.regret > SILENT) & ~(told & (rule != "patience 10"))
        rows.append(f"| {rule} | {result.regret.mean():.4f} | {100 * silent.mean():.1f} % |")
    return rows


def main(
    curves: Annotated[Path, typer.Option(help="recorded curves that nothing was fitted to")] = HELD_OUT,
    out: Annotated[Path, typer.Option(help="where table and pictures go")] = Path("benchmark-output"),
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
) -> None:
    """Replay every rule on every recorded run, and judge its verdicts; write the tables and the pictures."""
    out.mkdir(parents=True, exist_ok=True)
    recorded = load(curves)
    runs = [run for run in recorded if usable(run)]
    results = replay_all({**STOCK, **CLAIRVOYANT, **DEFAULTS, **UNAWARE}, runs, jobs)
    frontiers = Frontiers(
        [results[f"patience {epochs}"] for epochs in PATIENCES],
        [results[rule] for rule in DEFAULTS],
        [results[rule] for rule in CLAIRVOYANT],
    )
    data = [run.data for run in runs]
    draws = bootstrap(data, DRAWS)
    text = "\n".join([
        f"{len(runs)} runs of {len({run.task for run in runs})} tasks on {len(set(data))} data sets; "
        "intervals from a bootstrap over data sets.",
        "",
        *rule_rows(results, draws),
        "",
        *closed_rows(frontiers, draws, len(runs)),
        "",
        *saved_rows(frontiers),
        "",
        *budget_rows(runs, jobs),
        "",
        *slow_rows(recorded, jobs),
        "",
        advice.table(advice.follow(advice.told_enough(recorded), jobs)),
        "",
        *speed.rows(),
        "",
    ])  # fmt: skip
    (out / "rules.md").write_text(text, encoding="utf-8")
    Console(soft_wrap=True).print(text)
    pictures.frontier(frontiers, out / "frontier.png")
    pictures.worst_stops(results["default, tolerance 1 %"], runs, out / "worst-stops.png")
    diagnosis.write(diagnosis.of_package(diagnosis.judged(recorded), jobs), "none of them fitted", out)


if __name__ == "__main__":
    typer.run(main)
