"""A loop in plain PyTorch."""

import torch

from tests.adapters.contract import Training
from tests.adapters.torch_data import loader, model, train_epoch, weights


def train(training: Training) -> None:
    stopping, net, checkpoint = training.stopping, model(), training.folder / "checkpoint.pt"
    optimizer, first = torch.optim.SGD(net.parameters(), lr=0.05), 0

    def save():
        torch.save({"model": net.state_dict(), "stopping": stopping.state_dict()}, checkpoint)

    if training.resume:
        saved = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(saved["model"])
        stopping.load_state_dict(saved["stopping"])
        first = stopping.decision.step + 1
    for epoch in range(first, training.epochs):
        train_loss = train_epoch(net, optimizer, loader())
        validated = {} if training.script is None else {"val_loss": training.script[epoch]}
        validated |= {} if training.second is None else {"other_val_loss": training.second[epoch]}
        decision = stopping.update(net, epoch=epoch, train_loss=train_loss, **validated, lr=0.05)
        training.end_epoch(epoch, weights(net), save)
        if decision.stop:
            break
    stopping.restore(net)
    training.final = weights(net)
