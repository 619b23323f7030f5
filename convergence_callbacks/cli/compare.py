"""``convergence compare``: rules against each other on the user's own logs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from convergence_callbacks.cli.log_options import (
    EnergyColumn,
    EpochColumn,
    LogPath,
    LrColumn,
    ScheduleKnown,
    SettingsFile,
    StepColumn,
    TimeColumn,
    TrainMetric,
    ValMetric,
    listed,
    settings_and_columns,
)
from convergence_callbacks.cli.output import complain, errors_told, named, say, say_table
from convergence_callbacks.compare import Comparison, RuleResult, rule_from
from convergence_callbacks.compare import compare as compare_rules
from convergence_callbacks.compare.rules import USUAL, as_yaml
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.telling.numbers import duration, percent


def _some_rules(rules: str) -> str:
    if not listed(rules):
        raise typer.BadParameter(f"name at least one, such as default:0.02; got {rules!r}")
    return rules


def _share(share: float) -> float:
    if not 0 <= share <= 1:  # NaN is neither
        raise typer.BadParameter(f"must be a share from 0 to 1, got {share}")
    return share


def _processes(jobs: int) -> int:
    if jobs == 0:
        raise typer.BadParameter("must be at least 1, or -1 for all cores, got 0")
    return jobs


def compare(
    path: LogPath,
    rules: Annotated[
        str, typer.Option(help="Rules, with commas between: default:0.02,patience:10", callback=_some_rules)
    ] = ",".join(USUAL),
    lose: Annotated[
        float, typer.Option(help="Share of the gain that may be given up, on average.", callback=_share)
    ] = 0.01,
    engine: Annotated[str, typer.Option(help="What spreads the work: joblib, ray or none.")] = "joblib",
    jobs: Annotated[int, typer.Option(help="Processes; -1 for all cores.", callback=_processes)] = -1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the frontier, as PNG, SVG or PDF.", show_default=False)
    ] = None,
    settings_file: SettingsFile = None,
    train_metric: TrainMetric = None,
    val_metric: ValMetric = None,
    lr_column: LrColumn = None,
    epoch_column: EpochColumn = None,
    step_column: StepColumn = None,
    time_column: TimeColumn = None,
    energy_column: EnergyColumn = None,
    schedule_known: ScheduleKnown = False,
) -> None:
    """Say what each rule would have spent on the logged trainings and what it would have given up, and which suits.

    Status 0: all was read. 1: something could not be read. 2: wrong usage.
    """
    with errors_told():
        columns = (train_metric, val_metric, lr_column, epoch_column, step_column, time_column, energy_column)
        base, choice = settings_and_columns(settings_file, *columns)
        chosen = {name: rule_from(name, base) for name in listed(rules)}
        comparison = compare_rules(
            path, chosen, choice, engine=engine, jobs=jobs, schedule_known=schedule_known, progress=_progress
        )
    for problem in comparison.problems:
        complain(str(problem))
    if not comparison.runs:
        if comparison.without_gain or not comparison.problems:
            complain(f"{named(path)}: no training that gained anything was found")
        raise typer.Exit(1)
    if plot is not None:
        _draw(comparison, plot, path)
    if as_json:
        typer.echo(_json(comparison, lose))
    else:
        say_table(_table(comparison))
        say()
        say(_footnote(comparison))
        say(_advice(comparison, lose, base), "bold")
    if comparison.problems:
        raise typer.Exit(1)


def _draw(comparison: Comparison, to: Path, path: Path) -> None:
    with errors_told():
        try:
            from convergence_callbacks.plots import plot_frontier

            plot_frontier(comparison, title=named(Path(path.resolve().name))).savefig(to)
        except (ModuleNotFoundError, ValueError) as error:  # no matplotlib, or a format that it does not know
            raise ConvergenceError(f"{named(to)}: {error}") from error


def _table(comparison: Comparison) -> Table:
    has_times = any(result.hours_saved is not None for result in comparison.rules)
    table = Table(box=None, pad_edge=False)
    table.add_column("rule")
    for name in ("epochs spent", "given up", "at worst", "epochs saved", *(["time saved"] if has_times else [])):
        table.add_column(name, justify="right")
    table.add_column("")
    for result in comparison.rules:
        hours = [duration(result.hours_saved or 0.0)] if has_times else []
        mark = "on the frontier" if result.is_on_frontier else ""
        spent, lost = (
            _with_interval(result.spent, result.spent_interval),
            _with_interval(result.lost, result.lost_interval),
        )
        table.add_row(result.rule, spent, lost, percent(result.worst), str(result.steps_saved), *hours, mark)
    return table


def _footnote(comparison: Comparison) -> str:
    left_out = f"; {comparison.without_gain} that gained nothing are left out" if comparison.without_gain else ""
    return (
        f"{comparison.runs} runs{left_out}. Shares of the epochs and of the gain that were logged, the mean over runs; "
        "in brackets where it is in 9 of 10 draws of the runs. On the frontier no other rule both spends and gives up "
        "less."
    )


def _advice(comparison: Comparison, lose: float, base: Settings) -> str:
    suited = comparison.suited(lose)
    if suited is None:
        return f"None of these rules surely gives up less than {percent(lose)} of the gain on such runs."
    return (
        f"{suited.rule} suits these runs: it spends {percent(suited.spent)} of the epochs and surely gives up less "
        f"than {percent(lose)} of the gain. In a settings file: {as_yaml(suited.rule, base)}"
    )


def _json(comparison: Comparison, lose: float) -> str:
    suited: RuleResult | None = comparison.suited(lose)
    told: dict[str, Any] = {
        "runs": comparison.runs,
        "without_gain": comparison.without_gain,
        "rules": [dataclasses.asdict(result) for result in comparison.rules],
        "suited": suited.rule if suited else None,
        "problems": [str(problem) for problem in comparison.problems],
    }
    return json.dumps(told, indent=1)


def _progress(results: Iterator[Any], total: int) -> Iterable[Any]:
    """The results, with a bar on standard error while they come."""
    console = Console(stderr=True)
    columns = (TextColumn("replayed"), BarColumn(), MofNCompleteColumn(), TextColumn("logs,"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(results, total=total)


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    low, high = (percent(end).removesuffix("%") for end in interval)
    return f"{percent(value)} ({low}–{high})"
