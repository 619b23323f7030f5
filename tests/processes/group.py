"""Runs cases in several processes at once; one that hangs ends with the stacks of all processes.

A case is a function of a folder: what it returns is kept for each process, or the error that it raised. All cases of a
module run one after the other in the same processes, which are forked from one that has loaded the frameworks: loading
them costs more than most cases do.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOADING = 600
"""Seconds within which the first case has to begin: what is loaded waits for nobody, but the machine may be busy."""
SECONDS = 300
"""Without a case that begins or ends in a process for so long, the group hangs."""
ENDS = 10.0
"""Seconds within which killed processes are gone."""
STACKS = signal.SIGUSR1
"""Asks a process for the stacks of its threads."""
ALONE = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
"""Neither a host's name nor its network nor its other cores have a part in a test."""


@dataclass(frozen=True)
class Outcome:
    """What came of a case in one process.

    Args:
        came_to: What it returned, as JSON keeps it.
        printed: What it printed.
        error: The stack of what it raised, None where it raised nothing.
    """

    came_to: Any = None
    printed: str = ""
    error: str | None = None


class GroupError(AssertionError):
    """A group hung, or one of its processes ended before its cases did."""


def skip_unless_installed(module: str, extra: str) -> None:
    """Skip the tests of a file without loading the framework: the group loads it."""
    import pytest  # which the processes of a group do without

    if importlib.util.find_spec(module) is None:
        pytest.skip(f"needs pip install 'convergence-callbacks[{extra}]'", allow_module_level=True)


def run(
    module: str,
    folder: Path,
    *,
    processes: int,
    cases: Sequence[str] = (),
    seconds: float = SECONDS,
    environment: Mapping[str, str] | None = None,
) -> dict[str, list[Outcome]]:
    """The outcomes of each case, by rank.

    Args:
        module: Has the cases, in ``CASES`` by name.
        folder: Each case gets one below, the same in all processes.
        processes: How many.
        cases: Names of those to run, all when left out.
        seconds: How long nothing may happen, once the cases have begun.
        environment: Variables beside those that give a process its rank.

    Raises:
        GroupError: It hung, or a process died; with the last words of each, and its stacks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.processes.rank", module, str(folder), str(processes), str(seconds), *cases]
    with words(folder).open("wb") as file:
        group = subprocess.Popen(
            command,
            env={**os.environ, **ALONE, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=ROOT,
            start_new_session=True,
        )
    try:
        problem = wait(group, folder, seconds)
    finally:
        end(group)
    if problem:
        last = (f"--- {path.stem}\n{path.read_text(errors='replace')[-6000:]}" for path in sorted(folder.glob("*.txt")))
        raise GroupError("\n".join([problem, *last]))
    return outcomes(folder, processes)


def end(group: subprocess.Popen[bytes]) -> None:
    """Kill all processes of a group, and come back once none is left: only its first is a child one can wait for."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group.pid, signal.SIGKILL)
    group.wait()
    latest = time.monotonic() + ENDS
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < latest:
            os.killpg(group.pid, 0)
            time.sleep(0.01)


def words(folder: Path, rank: int | None = None) -> Path:
    """What a process wrote to its standard output and error, outside of cases."""
    return folder / ("group.txt" if rank is None else f"rank {rank}.txt")


def wait(group: subprocess.Popen[bytes], folder: Path, seconds: float) -> str | None:
    """Wait until all processes have ended; what went wrong, None where nothing did."""
    seen, since = 0, time.monotonic()
    while group.poll() is None:
        now = sum(1 for _ in folder.glob("*/*.began")) + sum(1 for _ in folder.glob("*/*.json"))
        if now > seen:
            seen, since = now, time.monotonic()
        if time.monotonic() - since > (seconds if seen else LOADING):
            os.killpg(group.pid, STACKS)  # of all, before the end of one wakes another
            time.sleep(2)
            return f"nothing happened for {seconds:g} s"
        time.sleep(0.05)
    return None if group.returncode == 0 else "not all processes came to their end"


def outcomes(folder: Path, processes: int) -> dict[str, list[Outcome]]:
    """What each case came to, by rank."""
    cases = sorted(path.parent for path in folder.glob("*/0.json"))
    return {
        case.name: [Outcome(**json.loads((case / f"{rank}.json").read_text())) for rank in range(processes)]
        for case in cases
    }
