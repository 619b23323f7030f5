"""Two processes of one training see different losses, and yet end at the same epoch."""

import importlib
import os
import socket
import sys

import pytest

pytest.importorskip("torch", reason="needs pip install 'convergence-callbacks[torch]'")
import torch.distributed
import torch.multiprocessing

from convergence_callbacks import Patience
from tests.adapters.contract import ADAPTERS, SCRIPT, Training

SHARED = [adapter for adapter in ADAPTERS if adapter.processes]


def one_process(rank, folder, port, names):
    """All trainings one after the other: starting a process costs more than they do."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "ACCELERATE_USE_CPU": "true"}
    torch.distributed.init_process_group("gloo")
    torch.set_num_threads(1)
    script = SCRIPT if rank == 0 else [1 - 0.05 * epoch for epoch in range(12)]
    for adapter in ADAPTERS:
        if adapter.name in names:
            stopping = adapter.stopping(criteria=Patience(3), min_epochs=0, max_epochs=12)
            (place := folder / adapter.name / str(rank)).mkdir(parents=True)
            adapter.train(Training(stopping, script, place))
            (place / "epochs").write_text(str(len(stopping.history)))
    sys.stdout.flush()
    torch.distributed.destroy_process_group()


def test_all_processes_end_at_the_same_epoch_and_one_speaks(tmp_path, capfd):
    for adapter in SHARED:
        adapter.skip_unless_installed()
        importlib.import_module(f"tests.adapters.in_{adapter.name}")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    names = [adapter.name for adapter in SHARED]
    torch.multiprocessing.spawn(one_process, (tmp_path, port, names), nprocs=2)
    epochs = {name: [(tmp_path / name / str(rank) / "epochs").read_text() for rank in range(2)] for name in names}
    assert epochs == {name: ["7", "7"] for name in names}
    assert capfd.readouterr().out.count("stop at epoch 6") == len(names)
