"""A process group of PyTorch for one case: what breaks in it ends with it."""

import contextlib
import datetime
import functools
import os

import torch.distributed

SECONDS = 250
"""How long a process waits for the others in a collective: longer than a busy machine takes, shorter than a hang."""


@contextlib.contextmanager
def joined(folder, seconds=SECONDS):
    """The processes of this group, joined by a file in a folder that they share."""
    torch.distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/store",
        rank=int(os.environ["RANK"]),
        world_size=int(os.environ["WORLD_SIZE"]),
        timeout=datetime.timedelta(seconds=seconds),
    )
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


def in_a_group(case, seconds=SECONDS):
    """A case whose processes are joined."""

    @functools.wraps(case)
    def run(folder):
        torch.set_num_threads(1)
        with joined(folder, seconds):
            return case(folder)

    return run
