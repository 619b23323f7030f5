"""What may come of a case, without any framework."""

import os
import signal
import time


def rank():
    return os.environ["RANK"]


def prints_its_rank(folder):
    print(f"printed by {rank()}")
    return {"rank": rank(), "folder": folder.name}


def raises_on_one_rank(folder):
    if rank() == "1":
        raise ValueError("broken on rank 1")


def waits_for_what_never_comes(folder):
    while rank() == "1":
        time.sleep(0.01)


def dies_on_one_rank(folder):
    if rank() == "1":
        os.kill(os.getpid(), signal.SIGKILL)


CASES = {
    case.__name__: case for case in (prints_its_rank, raises_on_one_rank, waits_for_what_never_comes, dies_on_one_rank)
}
