"""Start the processes of a training, wait for them a bounded time, and read what each of them wrote."""

from __future__ import annotations

import faulthandler
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS = 300
"""After which a training hangs; each process then writes where it stood, and ends."""


def launch(module: str, folder: Path, *, processes: int = 1, **environment: str) -> list[dict[str, Any]]:
    """What each process of a program left in ``rank<n>.json``, by rank.

    Args:
        module: The program, as for ``python -m``; it gets the folder.
        folder: Where the processes write.
        processes: How many.
        **environment: Variables for all of them.

    Raises:
        AssertionError: A process failed or hung: with its last words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "GROUP_RANK": "0",
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", module, str(folder)],
            env={**os.environ, **world, **environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.DEVNULL,
            stderr=(folder / f"rank{rank}.err").open("w"),
        )
        for rank in range(processes)
    ]
    try:
        codes = [process.wait(timeout=SECONDS + 30) for process in started]
    finally:
        for process in started:
            process.kill()
    told = "\n".join((folder / f"rank{rank}.err").read_text()[-3000:] for rank in range(processes) if codes[rank])
    assert not any(codes), f"exit codes {codes}:\n{told}"
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in range(processes)]


def watched() -> None:
    """End this process with the stacks of all its threads, should it hang."""
    faulthandler.dump_traceback_later(SECONDS, exit=True)


def leave(folder: Path, result: dict[str, Any]) -> None:
    """Write what this process found."""
    (folder / f"rank{os.environ['RANK']}.json").write_text(json.dumps(result))
