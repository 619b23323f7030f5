"""A loop under Lightning Fabric."""

import torch
from lightning.fabric import Fabric

from tests.adapters.contract import Training
from tests.adapters.torch_data import loader, model, train_epoch, weights


def train(training: Training) -> None:
    devices = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    fabric, stopping, net = Fabric(accelerator="cpu", devices=devices), training.stopping, model()
    fabric.launch()
    net, optimizer = fabric.setup(net, torch.optim.SGD(net.parameters(), lr=0.05))
    state = {"model": net, "optimizer": optimizer, "stopping": stopping}
    if training.resume:
        fabric.load(training.folder / "last.ckpt", state)
    first = 0 if stopping.decision is None else stopping.decision.step + 1
    for epoch in range(first, training.epochs):
        train_loss = train_epoch(net, optimizer, loader(), fabric.backward)
        validated = {} if training.script is None else {"val_loss": training.script[epoch]}
        decision = stopping.update(net, train_loss=train_loss, **validated, lr=0.05)
        training.end_epoch(epoch, weights(net), lambda: fabric.save(training.folder / "last.ckpt", state))
        if decision.stop:
            break
    stopping.restore(net)
    training.final = weights(net)
