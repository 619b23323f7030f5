"""A loop under Hugging Face Accelerate."""

import torch
from accelerate import Accelerator

from tests.adapters.contract import Training
from tests.adapters.torch_data import loader, model, train_epoch, weights


def train(training: Training) -> None:
    accelerator, stopping = Accelerator(cpu=True), training.stopping
    net = model()
    net, optimizer, batches = accelerator.prepare(net, torch.optim.SGD(net.parameters(), lr=0.05), loader())
    accelerator.register_for_checkpointing(stopping)
    if training.resume:
        accelerator.load_state(training.folder)
    first = 0 if stopping.decision is None else stopping.decision.step + 1
    for epoch in range(first, training.epochs):
        train_loss = train_epoch(net, optimizer, batches, accelerator.backward)
        validated = {} if training.script is None else {"val_loss": training.script[epoch]}
        decision = stopping.update(net, train_loss=train_loss, **validated, lr=0.05)
        save = (lambda: accelerator.save_state(training.folder)) if training.kill_after is not None else (lambda: None)
        training.end_epoch(epoch, weights(net), save)
        if decision.stop:
            break
    stopping.restore(net)
    training.final = weights(net)
