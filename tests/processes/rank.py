"""The processes of a group, started by `group.run`: ``python -m tests.processes.rank MODULE FOLDER SIZE SECONDS …``."""

import faulthandler
import sys

from tests.processes.group import STACKS

faulthandler.register(STACKS, all_threads=True)  # before anything is loaded that may hang

import contextlib
import importlib
import io
import json
import os
import traceback
from dataclasses import asdict
from pathlib import Path

from tests.processes.group import Outcome, words


def set_its_rank(rank, size):
    """Set this process's rank as launchers do. There is no port: processes find each other by a file."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}


def outcome(case, folder):
    """Run a case."""
    came_to, error = None, None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            came_to = case(folder)
        except Exception:
            error = traceback.format_exc()
    return Outcome(came_to, printed.getvalue(), error)


def run_cases(cases, folder, rank, size, seconds):
    """All cases, in one process."""
    for name, case in cases.items():
        faulthandler.dump_traceback_later(2 * seconds, exit=True)  # where nobody watches any more
        set_its_rank(rank, size)  # anew: Lightning takes it away at the end of a training
        (place := folder / name).mkdir(exist_ok=True)
        print(f"case: {name}", file=sys.stderr, flush=True)
        (place / f"{rank}.began").touch()
        (partial := place / f"{rank}.partial").write_text(json.dumps(asdict(outcome(case, place))))
        partial.rename(place / f"{rank}.json")


def in_a_child(rank, work):
    """Start a process of the group."""
    if child := os.fork():
        return child
    file = os.open(words(folder, rank), os.O_WRONLY | os.O_CREAT)
    os.dup2(file, 1), os.dup2(file, 2)
    code = 1
    try:
        work(rank)
        code = 0
    except BaseException:
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)  # an interpreter may hang at its end as well, with threads of frameworks in it


if __name__ == "__main__":
    module, folder, size, seconds, *names = sys.argv[1:]
    all_cases, folder, size = importlib.import_module(module).CASES, Path(folder), int(size)
    chosen = {name: all_cases[name] for name in names or all_cases}
    work = lambda rank: run_cases(chosen, folder, rank, size, float(seconds))  # noqa: E731
    ended = [os.waitpid(child, 0)[1] for child in [in_a_child(rank, work) for rank in range(size)]]
    sys.exit(any(ended))
