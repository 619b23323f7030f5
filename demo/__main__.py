"""Train all situations in both frameworks at once, and show what was decided, in a table and in pictures."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import sys
from concurrent.futures import Future, ProcessPoolExecutor, wait
from pathlib import Path
from queue import Empty
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from convergence_callbacks.telling.numbers import percent
from demo.result import Result
from demo.situations import EPOCHS, SITUATIONS
from demo.train import train_in

FRAMEWORKS = {"lightning": "PyTorch Lightning", "keras": "Keras"}
FOLDER = Path("demo-output")

WIDE = 130
"""Columns of a terminal in which the reasons have room in the table."""


def main() -> None:
    """Run the demo."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(f"{len(SITUATIONS)} situations, trained for up to {EPOCHS} epochs on scikit-learn's digits\n")
    results = train_all(console)
    wide = console.width >= WIDE
    console.print(table(results, reasons=wide))
    for result in () if wide else results:
        console.print(f"[bold]{result.situation.title}[/], {FRAMEWORKS[result.framework]}: {result.last.reason}")
    console.print(story(results), highlight=False)
    FOLDER.mkdir(exist_ok=True)
    for result in results:
        draw(result)
    moving(results[0])
    console.print(f"\nPictures of each run are in {FOLDER}/.")


def train_all(console: Console) -> list[Result]:
    """All trainings, the frameworks side by side in a process each."""
    spawn = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    with spawn.Manager() as manager, ProcessPoolExecutor(2, spawn) as pool, _progress(console) as progress:
        epochs = manager.Queue()
        total = 2 * EPOCHS * len(SITUATIONS)
        bars = {name: progress.add_task(label, total=total, now="starting") for name, label in FRAMEWORKS.items()}
        futures = [pool.submit(train_in, framework, epochs) for framework in FRAMEWORKS]
        _follow(futures, epochs, progress, bars)
        return [result for future in futures for result in future.result()]


def table(results: list[Result], *, reasons: bool) -> Table:
    """What each run took and lost, with the callback and with patience 10."""
    rows = Table(box=box.SIMPLE_HEAD, expand=reasons, padding=(0, 1 if reasons else 0), pad_edge=False)
    rows.add_column("", min_width=14, max_width=26)
    rows.add_column("verdict", style="bold", no_wrap=True)
    for heading in (f"epochs\nof {EPOCHS}", "lost", "patience 10\nepochs", "\nlost"):
        rows.add_column(heading, justify="right", no_wrap=True)
    if reasons:
        rows.add_column("reason", ratio=1)
    for framework, group in itertools.groupby(results, key=lambda result: result.framework):
        rows.add_section()
        rows.add_row(f"[bold]{FRAMEWORKS[framework]}")
        for result in group:
            rows.add_row(*_cells(result), *([result.last.reason] if reasons else []))
    return rows


def story(results: list[Result]) -> str:
    """What the table comes to, and how to go on."""
    spent, theirs = sum(each.epochs for each in results), sum(each.patience.step + 1 for each in results)
    whole = EPOCHS * len(results)
    return "\n".join(
        [
            f"Spent {spent} of {whole} epochs; patience 10 would have spent {theirs}, without saying what is wrong.",
            "Lost: a share of what the whole run gained.",
            "",
            "Try it on your own: convergence replay runs/    (logs of any framework; nothing is trained)",
        ]
    )


def _cells(result: Result) -> list[str]:
    patience = result.patience
    return [
        result.situation.title,
        result.last.verdict.replace("_", " "),
        str(result.epochs),
        percent(result.lost(result.last.best_value)),
        str(patience.step + 1),
        percent(result.lost(patience.best_value)),
    ]


def draw(result: Result) -> Path:
    """One picture of a training."""
    from convergence_callbacks.plots import plot_training

    path = FOLDER / f"{result.framework}-{result.situation.name}.png"
    title = f"{result.situation.title} ({FRAMEWORKS[result.framework]})"
    plot_training(result.observations, result.decisions, title=title).savefig(path)
    return path


def moving(result: Result) -> Path:
    """The run that the moving picture shows, from which ``python -m docs.generate`` draws it."""
    run = {
        "title": f"{result.situation.title}, in {FRAMEWORKS[result.framework]}",
        "epochs": EPOCHS,
        "first_epoch": result.last.counter.first,
        "observations": [seen.to_dict() | {"elapsed": None} for seen in result.observations],
    }
    path = FOLDER / "stops.json"
    path.write_text(json.dumps(run, indent=0) + "\n", encoding="utf-8")
    return path


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:18}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[now]}"))
    return Progress(*columns, console=console, transient=True)


def _follow(futures: list[Future[Any]], epochs: Any, progress: Progress, bars: dict[str, Any]) -> None:
    """Move the bars until all is done."""
    while wait(futures, timeout=0).not_done or not epochs.empty():
        try:
            framework, title, count = epochs.get(timeout=0.2)
        except Empty:
            continue
        progress.update(bars[framework], advance=count, now=title)


if __name__ == "__main__":
    main()
