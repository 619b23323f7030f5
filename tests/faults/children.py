"""Trainings in processes of their own, which may be killed."""

import faulthandler
import os
import signal
import traceback

SECONDS = 120
"""After which one training hangs: it then ends with its stacks."""


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def in_a_child(work):
    """Run in a process of its own, and return by what signal it ended, 0 for none."""
    child = os.fork()
    if child == 0:
        faulthandler.dump_traceback_later(SECONDS, exit=True)  # not in the parent: a fork hangs on it
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
