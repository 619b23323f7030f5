"""The runs below a folder, read again as their logs grow."""

from __future__ import annotations

import functools
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.read import find_logs, read_together
from convergence_callbacks.logs.reader import Reader
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.trainings import Logs, grouped
from convergence_callbacks.pages.card import Baseline, Card, card_of

QUIET = 120.0
"""Seconds after which a log that has not grown is taken for that of a training that is over."""

REST = 2.0
"""Seconds from one look at the folder to the next, at the least."""

_Signature = tuple[object, ...]

_Paths = tuple[Path, ...]
"""The logs that may belong to one training."""


@dataclass
class _Shelved:
    """What is known about logs that may belong to one training."""

    signature: _Signature
    version: int
    cards: tuple[Card, ...] = ()
    problems: tuple[LogError, ...] = ()


@dataclass(frozen=True)
class Change:
    """What is new since a version.

    Args:
        version: What is now.
        cards: Runs that are new, or have grown.
        gone: Keys of runs that are no more.
    """

    version: int
    cards: tuple[Card, ...]
    gone: tuple[str, ...]


@dataclass
class Shelf:
    """The runs below a folder; `look` reads what has changed, from any thread.

    Args:
        path: A log, or a folder of logs.
        settings: Of the rule.
        choice: Columns that the user named.
        executor: What reads and replays.
        baseline: The rule that the saving is compared with; None for none.
        clock: Seconds since 1970, as files are dated by.
    """

    path: Path
    settings: Settings
    choice: ColumnChoice
    executor: Executor
    baseline: Baseline | None = None
    clock: Callable[[], float] = time.time
    waiting: int = field(default=0, init=False)
    version: int = field(default=0, init=False)
    _logs: dict[_Paths, _Shelved] = field(default_factory=dict, init=False)
    _outside: dict[Path, LogError] = field(default_factory=dict, init=False)
    _gone: dict[str, int] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def cards(self) -> list[Card]:
        """All runs, by name."""
        with self._lock:
            cards = [card for log in self._logs.values() for card in log.cards]
        return sorted(cards, key=lambda card: card.summary.run)

    @property
    def problems(self) -> list[LogError]:
        """What could not be read."""
        with self._lock:
            return [*(each for log in self._logs.values() for each in log.problems), *self._outside.values()]

    def card(self, key: str) -> Card | None:
        """The run of a key."""
        return next((card for card in self.cards if card.key == key), None)

    def since(self, version: int) -> Change:
        """What is new since a version."""
        with self._lock:
            new = tuple(card for log in self._logs.values() if log.version > version for card in log.cards)
            here = {card.key for log in self._logs.values() for card in log.cards}
            gone = tuple(key for key, at in self._gone.items() if at > version and key not in here)
            return Change(self.version, new, gone)

    def look(self) -> float:
        """Read what is new or has grown, and forget what is gone.

        Returns:
            Seconds that it took to find that out.

        Raises:
            OSError: The path can't be read.
        """
        began = time.monotonic()
        found, outside = {}, {}
        for log, reader in self._found():
            if _is_below(log, self.path):
                found[log] = reader
            else:
                outside[log] = LogError("a link that leads out of the folder is not followed", log)
        self._outside = outside
        together = {tuple(log for log, _ in logs): logs for logs in grouped(found.items())}
        signatures = {paths: self._signature(paths) for paths in together}
        for paths in set(self._logs) - set(together):
            self._put(paths, None)
        changed = [
            each for each in together if each not in self._logs or self._logs[each].signature != signatures[each]
        ]
        took = time.monotonic() - began
        self.waiting = len(changed)
        root = self.path if self.path.is_dir() else None
        one = functools.partial(cards_of, choice=self.choice, settings=self.settings, baseline=self.baseline, root=root)
        work = {
            self.executor.submit(one, together[paths], is_over=bool(signatures[paths][0])): paths for paths in changed
        }
        for done in as_completed(work):
            paths, result = work[done], done.result()
            self._put(paths, _Shelved(signatures[paths], 0, *result))
            self.waiting -= 1
        return took

    def look_again(self, is_over: threading.Event) -> None:
        """Look until an event ends it; a folder that takes long to look through is looked at less often."""
        rest = 0.0
        while not is_over.wait(rest):
            try:
                rest = max(REST, 4 * self.look())
            except OSError:  # the folder may come back
                rest = REST
            except RuntimeError:  # the executor was shut down
                return

    def _found(self) -> Iterator[tuple[Path, Reader]]:
        try:
            yield from find_logs(self.path)
        except NotALogError:  # a file that is still empty
            return

    def _put(self, paths: _Paths, shelved: _Shelved | None) -> None:
        with self._lock:
            self.version += 1
            old = self._logs.pop(paths, None)
            for card in old.cards if old else ():
                self._gone[card.key] = self.version
            if shelved is not None:
                shelved.version = self.version
                self._logs[paths] = shelved

    def _signature(self, paths: _Paths) -> _Signature:
        """What differs when one of the logs has grown; its first item is whether the training is over."""
        try:
            files = [file for log in paths for file in (sorted(log.iterdir()) if log.is_dir() else [log])]
            stats = [file.stat() for file in files]
        except OSError:
            return (True,)
        latest = max((stat.st_mtime for stat in stats), default=0.0)
        return (self.clock() - latest > QUIET, *((stat.st_size, stat.st_mtime_ns) for stat in stats))


def cards_of(
    logs: Logs, choice: ColumnChoice, settings: Settings, baseline: Baseline | None, root: Path | None, *, is_over: bool
) -> tuple[tuple[Card, ...], tuple[LogError, ...]]:
    """The cards of the trainings in some logs, each once, and what is wrong with the logs."""
    try:
        read = read_together(logs, choice, root)
        runs = [each for each in read if isinstance(each, Run)]
        problems = [each for each in read if isinstance(each, LogError) and not isinstance(each, NotALogError)]
        return tuple(card_of(run, settings, is_over=is_over, baseline=baseline) for run in runs), tuple(problems)
    except ConvergenceError as error:
        return (), (LogError(str(error), logs[0][0]),)


def _is_below(log: Path, root: Path) -> bool:
    """Whether a log, and each file of it, is really in a folder: whoever sees the pages was shown that folder alone."""
    if not root.is_dir():  # a file that was named
        return True
    try:
        files = [log, *log.iterdir()] if log.is_dir() else [log]
    except OSError:
        files = [log]
    return all(file.resolve().is_relative_to(root.resolve()) for file in files)


def end_with_parent() -> None:
    """Let this process end as soon as the one that started it has, however that ended: a pool's own would wait on."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def chosen(cards: Sequence[Card], keys: Sequence[str], most: int) -> list[Card]:
    """The cards of some keys, in their order; keys that are not known are passed over."""
    by_key = {card.key: card for card in cards}
    return [by_key[key] for key in dict.fromkeys(keys) if key in by_key][:most]
