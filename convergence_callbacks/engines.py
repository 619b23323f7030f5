"""Spreads work over processes or machines; whatever does the work, the results come in the same order."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from convergence_callbacks.core.errors import ConvergenceError, unknown_name

Item = TypeVar("Item")
Result = TypeVar("Result")

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
    if engine not in ENGINES:
        raise ConvergenceError(unknown_name("engine", engine, ENGINES))
    return ENGINES[engine](function, items, jobs)


def _here(function: Callable[[Item], Result], items: Iterable[Item], _: int) -> Iterator[Result]:
    return map(function, items)


def _joblib(function: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Result]:
    try:
        import joblib
    except ImportError as error:
        raise _missing("joblib", "compare") from error
    if jobs == 1 or joblib.effective_n_jobs(jobs) == 1:
        return map(function, items)
    calls = (joblib.delayed(_each)(function, batch) for batch in _batches(items))
    return itertools.chain.from_iterable(joblib.Parallel(n_jobs=jobs, return_as="generator")(calls))


def _ray(function: Callable[[Item], Result], items: Iterable[Item], _: int) -> Iterator[Result]:
    """Twice as many batches under way as the cluster has processors; Ray does lost ones again."""
    try:
        import ray
    except ImportError as error:
        raise _missing("ray", "ray") from error
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray tells its makers of its use unless it is told not to
    is_ours = not ray.is_initialized()
    with contextlib.redirect_stdout(sys.stderr):  # Ray prints of lost workers there, which is for results
        if is_ours:
            ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
        try:
            yield from _remotely(ray, function, items)
        finally:
            if is_ours:
                ray.shutdown()


def _remotely(ray: Any, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    remote = ray.remote(max_retries=4)(_each)
    waiting: list[Any] = []
    most = max(2, 2 * int(ray.cluster_resources().get("CPU", 1)))
    for batch in _batches(items):
        waiting.append(remote.remote(function, batch))
        if len(waiting) >= most:
            yield from ray.get(waiting.pop(0))
    for result in waiting:
        yield from ray.get(result)


def _each(function: Callable[[Item], Result], batch: Sequence[Item]) -> list[Result]:
    return [function(item) for item in batch]


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch


def _missing(library: str, extra: str) -> ConvergenceError:
    return ConvergenceError(f"{library} is not installed: pip install 'convergence-callbacks[{extra}]'")


ENGINES: dict[str, Callable[[Callable[[Any], Any], Iterable[Any], int], Iterator[Any]]] = {
    "joblib": _joblib,
    "ray": _ray,
    "none": _here,
}
"""What spreads the work, by name."""
