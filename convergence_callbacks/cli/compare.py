"""``convergence compare``: compares rules on the user's own logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from convergence_callbacks.cli.json_output import compared
from convergence_callbacks.cli.log_options import (
    LogOptions,
    LogPaths,
    ScheduleKnown,
    folder_of,
    listed,
    matched,
    takes_log_options,
    with_named,
)
from convergence_callbacks.cli.output import (
    complain,
    errors_printed,
    named,
    say,
    say_table,
    width_of_terminal,
    writing,
)
from convergence_callbacks.cli.page_options import Currency, PricePerHour
from convergence_callbacks.cli.status import UNREAD
from convergence_callbacks.cli.tables import ROOMY
from convergence_callbacks.compare import Comparison, RuleResult, rule_from
from convergence_callbacks.compare import compare as compare_rules
from convergence_callbacks.compare.rules import USUAL, as_yaml
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.telling.numbers import NONE, count, duration, percent
from convergence_callbacks.telling.price import Price
from convergence_callbacks.telling.reading import reading_lines_of_several
from convergence_callbacks.telling.text import printable

ON_FRONTIER = " *"
"""Marks the name of a rule on the frontier."""

FEWEST_RUNS = 20
"""Fewer runs are too few to choose a rule by."""

FEW = " So few runs are no basis for a choice."


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


@takes_log_options
def compare(
    paths: LogPaths,
    rules: Annotated[
        str, typer.Option(help="Rules, separated by commas: default:0.02,patience:10", callback=_some_rules)
    ] = ",".join(USUAL),
    baseline: Annotated[
        str, typer.Option(help="The rule that the others are compared with; it need not be among them.")
    ] = "",
    lose: Annotated[
        float, typer.Option(help="Share of the gain that may be lost, on average.", callback=_share)
    ] = 0.01,
    engine: Annotated[str, typer.Option(help="What spreads the work: joblib, ray or none.")] = "joblib",
    jobs: Annotated[int, typer.Option(help="Processes; -1 for all cores.", callback=_processes)] = -1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the frontier, as PNG, SVG or PDF.", show_default=False)
    ] = None,
    price_per_hour: PricePerHour = None,
    currency: Currency = "$",
    *,
    logs: LogOptions,
    schedule_known: ScheduleKnown = False,
) -> None:
    """Compare rules on logged trainings: the epochs each would have spent, the gain it would have lost, which suits.

    Status 0: all was read. 1: something could not be read. 2: wrong usage.
    """
    with errors_printed():
        base, choice = logs.settings_and_columns()
        price = None if price_per_hour is None else Price(price_per_hour, currency)
        chosen = {name: rule_from(name, base) for name in (*listed(rules), *listed(baseline))}
        choice = with_named(choice, chosen.values())
        paths = matched(paths)
        comparison = compare_rules(
            paths, chosen, choice, engine=engine, jobs=jobs, schedule_known=schedule_known, progress=_progress
        )
    for problem in comparison.problems:
        complain(str(problem))
    if not comparison.runs:
        if comparison.without_gain or not comparison.problems:
            complain(f"{', '.join(map(named, paths))}: no training that gained anything was found")
        raise typer.Exit(UNREAD)
    if plot is not None:
        _draw(comparison, plot, folder_of(paths))
    if as_json:
        typer.echo(compared(comparison, lose, baseline))
    else:
        say_table(_table(comparison, baseline, price, width_of_terminal()))
        say()
        say(_footnote(comparison))
        for line in reading_lines_of_several([assumed for _, assumed in comparison.assumed]):
            say(printable(line))
        say(_advice(comparison, lose, base), "bold")
    if comparison.problems:
        raise typer.Exit(UNREAD)


def _draw(comparison: Comparison, to: Path, folder: Path) -> None:
    with errors_printed():
        try:
            from convergence_callbacks.plots import plot_frontier

            figure = plot_frontier(comparison, title=named(Path(folder.name)))
            with writing(to):
                figure.savefig(to)
        except (ModuleNotFoundError, ValueError) as error:  # no matplotlib, or a format that it does not know
            raise ConvergenceError(f"{named(to)}: {error}") from error


def _table(comparison: Comparison, baseline: str, price: Price | None, width: int | None) -> Table:
    """A row for each rule; time, money and the difference to a baseline if there is room."""
    has_room = width is None or width >= ROOMY
    has_times = any(result.hours_saved is not None for result in comparison.rules)
    spare = {
        "time saved": lambda result: duration(result.hours_saved),
        **(
            {"money saved": lambda result: NONE if result.hours_saved is None else price.of(result.hours_saved)}
            if price
            else {}
        ),
    }
    columns: dict[str, Callable[[RuleResult], str]] = {
        "spent": lambda result: _with_interval(result.spent, result.spent_interval),
        "lost": lambda result: _with_interval(result.lost, result.lost_interval),
        "at worst": lambda result: percent(result.worst),
        "saved": lambda result: count(result.steps_saved),
        **(spare if has_room and has_times else {}),
    }
    if beside := _named(comparison, baseline):
        columns[f"than {baseline}"] = lambda result: _signed(result.steps_saved - beside.steps_saved)
    table = Table(box=None, pad_edge=False)
    table.add_column("rule", no_wrap=has_room, overflow="fold")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for result in comparison.rules:
        mark = ON_FRONTIER if result.is_on_frontier else ""
        table.add_row(f"{result.rule}{mark}", *(cell(result) for cell in columns.values()))
    return table


def _named(comparison: Comparison, rule: str) -> RuleResult | None:
    """The result of the rule with this name."""
    return next((result for result in comparison.rules if result.rule == rule), None)


def _footnote(comparison: Comparison) -> str:
    left_out = f"; {comparison.without_gain} that gained nothing are left out" if comparison.without_gain else ""
    return (
        f"{comparison.runs} runs{left_out}. Shares of the logged epochs and of the gain, as means over the runs; in "
        f"brackets their interval in 9 of 10 draws of the runs. What is saved are epochs;{ON_FRONTIER} is on the "
        "frontier: no other rule both spends and loses less."
    )


def _advice(comparison: Comparison, lose: float, base: Settings) -> str:
    suited, few = comparison.suited(lose), FEW if comparison.runs < FEWEST_RUNS else ""
    if suited is None:
        return f"No rule loses less than {percent(lose)} of the gain on average, in 9 of 10 draws of these runs."
    return (
        f"{suited.rule} suits these runs: it spends {percent(suited.spent)} of the epochs and loses less than "
        f"{percent(lose)} of the gain on average, in 9 of 10 draws of the runs.{few} "
        f"In a settings file: {as_yaml(suited.rule, base)}"
    )


def _progress(results: Iterator[Any], total: int) -> Iterable[Any]:
    """The results as they come, with a progress bar on standard error."""
    console = Console(stderr=True)
    columns = (TextColumn("replayed"), BarColumn(), MofNCompleteColumn(), TextColumn("logs,"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(results, total=total)


def _signed(steps: int) -> str:
    """How many steps more or fewer, with the sign."""
    return f"{'-' if steps < 0 else '+'}{count(abs(steps))}"


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    low, high = (percent(end).removesuffix("%") for end in interval)
    return f"{percent(value)} ({low}–{high})"
