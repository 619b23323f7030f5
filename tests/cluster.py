"""A Ray cluster on this machine, for the tests that need one."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

alone = pytest.mark.xdist_group("cluster")
"""One cluster at a time: the tests of one group go to one process."""


@contextmanager
def local_cluster() -> Iterator[None]:
    """Two processors of this machine, for as long as the context lasts."""
    pytest.importorskip("pyarrow", reason="needs pip install 'convergence-callbacks[tune]'")
    ray = pytest.importorskip("ray", reason="needs pip install 'convergence-callbacks[tune]'")
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_AIR_NEW_OUTPUT="0", TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1")
    env = {"env_vars": {"PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}}
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR", runtime_env=env)
    try:
        yield
    finally:
        ray.shutdown()
        for each, handler in handlers.items():
            signal.signal(each, handler)  # Ray's outlive its cluster
