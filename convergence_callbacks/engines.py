"""Spreads work over processes or machines; whatever does the work, the results come in the same order."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import itertools
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from convergence_callbacks.core.errors import ConvergenceError, unknown_name
from convergence_callbacks.telling.missing import not_installed

MANY = 64
"""Items from which on further processes are worth the second that it takes to start them."""

Item = TypeVar("Item")
Result = TypeVar("Result")

Work = Callable[[list[Any]], list[Any]]
"""What is done with some items at once."""

BATCH = 8
"""Items that go to a process at a time."""


def spread(
    function: Callable[[Item], Result], items: Iterable[Item], *, engine: str = "joblib", jobs: int = -1
) -> Iterator[Result]:
    """The results of a function, in the order of the items.

    Args:
        function: What is done with each item; it and the item must be such that they can be pickled.
        items: The items; taken as they are needed, so that a million of them fill no memory.
        engine: ``"joblib"`` for the cores of this machine, ``"ray"`` for a cluster, ``"none"`` for this process.
        jobs: Processes, -1 for all cores; a cluster decides by itself.

    Raises:
        ConvergenceError: The engine is not known, or not installed.

    >>> list(spread(abs, [-2, 1], engine="none"))
    [2, 1]
    """
    return spread_batches(functools.partial(_each, function), items, BATCH, engine=engine, jobs=jobs)


def spread_many(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """As `spread`, on all cores where there are many items and joblib is installed, and else in this process.

    >>> list(spread_many(abs, [-2, 1]))
    [2, 1]
    """
    rest = iter(items)
    first = list(itertools.islice(rest, MANY))
    is_worth_it = len(first) == MANY and importlib.util.find_spec("joblib") is not None
    return spread(function, itertools.chain(first, rest), engine="joblib" if is_worth_it else "none")


def spread_batches(
    function: Callable[[list[Item]], list[Result]],
    items: Iterable[Item],
    size: int,
    *,
    engine: str = "joblib",
    jobs: int = -1,
) -> Iterator[Result]:
    """Spread the work of a function that takes several items at once and gives a result for each.

    Args:
        function: What is done with some items.
        items: All items.
        size: How many go to a process at a time.
        engine: What spreads the work.
        jobs: Processes.

    Raises:
        ConvergenceError: The engine is not known, or not installed.

    >>> list(spread_batches(sorted, [3, 1, 2, 0], 2, engine="none"))
    [1, 3, 0, 2]
    """
    if engine not in ENGINES:
        raise ConvergenceError(unknown_name("engine", engine, ENGINES))
    return itertools.chain.from_iterable(ENGINES[engine](function, _batches(items, size), jobs))


def _here(function: Work, batches: Iterable[list[Any]], _: int) -> Iterator[list[Any]]:
    return map(function, batches)


def _joblib(function: Work, batches: Iterable[list[Any]], jobs: int) -> Iterator[list[Any]]:
    try:
        import joblib
    except ImportError as error:
        raise _missing("joblib", "compare") from error
    if jobs == 1 or joblib.effective_n_jobs(jobs) == 1:
        return map(function, batches)
    calls = (joblib.delayed(function)(batch) for batch in batches)
    results: Iterator[list[Any]] = joblib.Parallel(n_jobs=jobs, return_as="generator")(calls)
    return results


def _ray(function: Work, batches: Iterable[list[Any]], _: int) -> Iterator[list[Any]]:
    """Twice as many batches under way as the cluster has processors; Ray does lost ones again."""
    try:
        import ray
    except ImportError as error:
        raise _missing("ray", "ray") from error
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reports its use to its makers unless this is set
    is_ours = not ray.is_initialized()
    with contextlib.redirect_stdout(sys.stderr):  # Ray prints of lost workers there, which is for results
        if is_ours:
            ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
        try:
            yield from _remotely(ray, function, batches)
        finally:
            if is_ours:
                ray.shutdown()


def _remotely(ray: Any, function: Work, batches: Iterable[list[Any]]) -> Iterator[list[Any]]:
    remote = ray.remote(max_retries=4)(_done)
    waiting: list[Any] = []
    most = max(2, 2 * int(ray.cluster_resources().get("CPU", 1)))
    for batch in batches:
        waiting.append(remote.remote(function, batch))
        if len(waiting) >= most:
            yield ray.get(waiting.pop(0))
    yield from map(ray.get, waiting)


def _each(function: Callable[[Item], Result], batch: Sequence[Item]) -> list[Result]:
    return [function(item) for item in batch]


def _done(function: Work, batch: list[Any]) -> list[Any]:
    return function(batch)


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(itertools.islice(rest, size)):
        yield batch


def _missing(library: str, extra: str) -> ConvergenceError:
    return ConvergenceError(not_installed(library, extra))


ENGINES: dict[str, Callable[[Work, Iterable[list[Any]], int], Iterator[list[Any]]]] = {
    "joblib": _joblib,
    "ray": _ray,
    "none": _here,
}
"""What spreads the work, by name."""
