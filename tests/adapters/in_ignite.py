"""A training in Ignite."""

import torch
from ignite.engine import Engine, Events

from tests.adapters.contract import Training
from tests.adapters.torch_data import loader, model, weights


def train(training: Training) -> None:
    net, stopping, checkpoint = model(), training.stopping, training.folder / "checkpoint.pt"
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)

    def step(engine, batch):
        loss = net(batch).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    trainer, evaluator = Engine(step), Engine(lambda engine, batch: None)
    stopping.attach(trainer, None if training.script is None else evaluator, model=net, optimizer=optimizer)

    @trainer.on(Events.EPOCH_COMPLETED)
    def validate():
        if training.script is not None:
            evaluator.state.metrics["val_loss"] = training.script[trainer.state.epoch - 1]
            evaluator.run([0])

    @trainer.on(Events.EPOCH_COMPLETED)
    def watch():
        training.end_epoch(trainer.state.epoch - 1, weights(net), save)

    @evaluator.on(Events.STARTED)
    def measure():
        evaluator.state.metrics["val_loss"] = training.script[trainer.state.epoch - 1]

    def save():
        saved = {"model": net, "trainer": trainer, "stopping": stopping}
        torch.save({name: part.state_dict() for name, part in saved.items()}, checkpoint)

    if training.resume:
        saved = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(saved["model"])
        trainer.load_state_dict(saved["trainer"])
        stopping.load_state_dict(saved["stopping"])
    trainer.run(loader(), max_epochs=training.epochs)
    training.final, training.asked_to_stop = weights(net), trainer.should_terminate
