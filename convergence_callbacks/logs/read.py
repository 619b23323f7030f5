"""Finds out what a path is, and reads it."""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from convergence_callbacks.logs.beside import beside, with_plans
from convergence_callbacks.logs.checks import checked, checked_together
from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.emissions import EMISSIONS, with_emissions
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.file_role import with_role_of_file
from convergence_callbacks.logs.reader import GROUP, GUESS, Claim, Reader
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.trainings import Logs, each_once, grouped, is_written_again

HEAD = 65_536
"""Bytes by which a file is recognised."""


@functools.cache
def known_readers() -> tuple[Reader, ...]:
    """All readers, those of other packages first, then from the most special format to any table."""
    from convergence_callbacks.logs.readers import OURS

    others = [entry.load() for entry in importlib.metadata.entry_points(group=GROUP)]
    return tuple(kind() for kind in (*others, *OURS))


class Claimed(Reader):
    """Reads a log with the surest of the readers that claim it, or the next one where that finds no training in it.

    Args:
        claims: The claims and who makes them, the surest first.
    """

    def __init__(self, claims: Sequence[tuple[Claim, Reader]]) -> None:
        self.claims = tuple(claims)
        self.name = claims[0][1].name  # type: ignore[misc]  # of each of them another

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The surest claim."""
        return self.claims[0][0]

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs, each with the reason why it was read so."""
        problem: NotALogError | None = None
        for index, (claim, reader) in enumerate(self.claims):
            try:
                runs = list(reader.read(path, choice))
            except NotALogError as error:
                problem = problem or error
                continue
            except LogError as error:
                raise error if problem is None or claim.confidence > GUESS else problem from None
            others = [other.name for _, other in self.claims[index + 1 :]]
            less_sure = f" (less sure: {', '.join(others)})" if others else ""
            yield from (dataclasses.replace(run, recognised=f"{claim.reason}{less_sure}") for run in runs)
            return
        raise problem or NotALogError("no reader found a training in it")


def find_logs(path: str | Path) -> Iterator[tuple[Path, Reader]]:
    """The logs below a folder, or the one that a file belongs to, each with what reads it.

    Raises:
        NotALogError: A file that was named is of no known format.
        OSError: The path can't be read.
    """
    path, seen = Path(path), set()
    for file in [path] if path.is_file() else _files_below(path):
        claims = _claims_to(file)
        if not claims:
            continue
        log = claims[0][1].log_of(file)
        if log not in seen:
            seen.add(log)
            yield log, Claimed([each for each in claims if each[1].log_of(file) == log])
    if path.is_file() and not seen:
        raise NotALogError(f"it is of no known format; known are {', '.join(r.name for r in known_readers())}", path)


def read_log(log: Path, reader: Reader, choice: ColumnChoice | None = None, root: Path | None = None) -> list[Run]:
    """The runs of one log, each by a name of its own.

    Args:
        log: A path that `find_logs` gave.
        reader: What reads it.
        choice: Columns that the user named.
        root: The folder below which runs are named; the log's own when left out.

    Raises:
        LogError: Names file and line.
    """
    try:
        runs = list(reader.read(log, choice or ColumnChoice()))
        runs = [with_role_of_file(run) for run in runs] if choice is None or choice.train is None else runs
    except LogError as error:
        raise error.at(log) from error.__cause__
    except OSError as error:
        raise LogError(error.strerror or str(error), log) from error
    except Exception as error:  # a damaged file, or a reader of somebody else: the other logs must not be lost
        raise LogError(f"the reader of {reader.name} failed: {error!r}", log) from error
    if (log if log.is_dir() else log.parent).joinpath(EMISSIONS).is_file():
        runs = with_emissions(runs, log, _logs_beside(log))
    runs = [with_plans(checked(run, choice), beside(log)) for run in checked_together(runs)]
    taken = set[str]()
    bases = [_name_below(run.path, root or log.parent) for run in runs]
    names = [
        base if run.name in {"", log.name} else f"{base} {run.name}" for base, run in zip(bases, runs, strict=True)
    ]
    return [dataclasses.replace(run, name=_free_name(name, taken)) for run, name in zip(runs, names, strict=True)]


def read_together(logs: Logs, choice: ColumnChoice | None = None, root: Path | None = None) -> list[Run | LogError]:
    """The runs of logs that may be of the same training, each once; what can't be read stands there as the error.

    Args:
        logs: What `grouped` gave.
        choice: Columns that the user named.
        root: The folder below which runs are named.
    """
    runs, problems = list[Run](), list[LogError]()
    for log, reader in logs:
        try:
            runs += read_log(log, reader, choice, root)
        except LogError as error:
            problems.append(error)
    if len(logs) == 1:
        return [*runs, *problems]
    problems = [each for each in problems if not any(is_written_again(run, each.path or Path()) for run in runs)]
    order = {log: index for index, (log, _) in enumerate(logs)}
    return sorted([*each_once(runs), *problems], key=lambda each: order.get(each.path or Path(), len(order)))


def _free_name(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where others have it already; from then on it is taken."""
    numbered = (f"{name} ({number})" for number in itertools.count(2))
    free = next(each for each in itertools.chain([name], numbered) if each not in taken)
    taken.add(free)
    return free


def _logs_beside(log: Path) -> int:
    """How many logs are in the folder of one, itself included; two stand for more."""
    folder = log if log.is_dir() else log.parent
    return len(list(itertools.islice((found for found, _ in find_logs(folder) if found.name != EMISSIONS), 2)))


def read_logs(path: str | Path, choice: ColumnChoice | None = None) -> Iterator[Run | LogError]:
    """The runs of a file or of a folder, one after the other; what can't be read stands in its place as the error.

    Files that are no logs are passed over in a folder.

    Raises:
        LogError: A file that was named can't be read.
        OSError: The path can't be read.
    """
    path, names = Path(path), set[str]()
    for logs in grouped(find_logs(path)):
        for each in read_together(logs, choice, root=path if path.is_dir() else None):
            if isinstance(each, Run):
                name = each.name if each.name not in names else f"{each.name} ({each.path.name})"
                yield dataclasses.replace(each, name=_free_name(name, names))
            elif path.is_file():
                raise each
            elif not isinstance(each, NotALogError):
                yield each


def runs_below(path: Path, choice: ColumnChoice | None, problems: list[LogError]) -> Iterator[Run]:
    """The runs that can be read; what can't be read is added to the problems meanwhile."""
    for each in read_logs(path, choice):
        if isinstance(each, LogError):
            problems.append(each)
        else:
            yield each


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file of a folder, in order of their names; neither hidden folders nor links to folders are followed."""
    for parent, folders, files in os.walk(folder, onerror=_raised_at(folder)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent) / file for file in sorted(files))


def _raised_at(folder: Path) -> Callable[[OSError], None]:
    """Raises what hinders reading the folder itself; a folder below it that can't be read is passed over."""

    def raised(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise error

    return raised


def _claims_to(file: Path) -> list[tuple[Claim, Reader]]:
    """The claims to a file, the surest first; of equally sure ones in the order of the readers."""
    try:
        if not file.is_file():  # pipes and sockets would never end
            return []
        with file.open("rb") as opened:
            head = opened.read(HEAD)
    except OSError:
        return []
    claims = [(claim, reader) for reader in known_readers() if (claim := _claim(reader, file, head)) is not None]
    return sorted(claims, key=lambda each: -each[0].confidence)


def _claim(reader: Reader, file: Path, head: bytes) -> Claim | None:
    try:
        return reader.recognise(file, head)
    except Exception:  # of somebody else's reader
        return None


def _name_below(log: Path, root: Path) -> str:
    """What a log is called: its path below the root, without the names that every log has."""
    parts = list(log.relative_to(root).parts) if log.is_relative_to(root) else [log.name]
    if len(parts) > 1 and Path(parts[-1]).stem in _USUAL:
        parts.pop()
    return "/".join(parts) or log.name


_USUAL = frozenset({"metrics", "results", "log", "logs", "history", "training", "trainer_state", "summary"})
"""Names of files that do not name the run."""
