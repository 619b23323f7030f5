"""The integration with PyTorch Ignite.

In a training:

    from convergence_callbacks.ignite import ConvergenceStopping
    ConvergenceStopping().attach(trainer, evaluator, model=model, optimizer=optimizer)
    trainer.run(loader, max_epochs=200)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convergence_callbacks.telling.missing import not_installed

try:
    from ignite.engine import Events
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("Ignite", "ignite")) from error

from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.adapter.torch_processes import TorchProcesses
from convergence_callbacks.adapter.torch_weights import TorchModel
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.metrics import meaning


class ConvergenceStopping(Stopping):
    """Ends an Ignite training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. Each run of the evaluator within a training counts as an epoch, so give it
    the one that runs on the validation data only; without an evaluator, the trainer's epochs. Its metrics need no
    *val* in their names: the one with *loss* is judged, unless ``val_metric`` names another. The train loss is the
    mean of the trainer's output, or of its ``"loss"``; where ``output_transform`` leaves neither, it is not known. To
    resume a run, pass this object to Ignite's ``Checkpoint`` with the model, or use ``state_dict`` and
    ``load_state_dict``.
    """

    integration = "Ignite"
    supports = frozenset({"restore_best", "log_decisions"})
    trained = TorchModel
    saves_weights = True
    processes = TorchProcesses()

    def _construct(self) -> None:
        self._model: Any = None
        self._optimizer: Any = None
        self._loss: tuple[Any, int] = (0.0, 0)
        self._running = False

    def attach(self, trainer: Any, evaluator: Any = None, *, model: Any = None, optimizer: Any = None) -> None:
        """Watch an engine.

        Args:
            trainer: The engine that trains.
            evaluator: The engine that runs on the validation data, within the training.
            model: What is trained; needed with ``restore_best``.
            optimizer: Its learning rate is taken into account.

        Raises:
            ConvergenceError: ``restore_best`` is set and no model was given.
        """
        if self.settings.restore_best and model is None:
            raise ConvergenceError("restore_best needs the model: attach(trainer, evaluator, model=model)")
        self._model, self._optimizer = model, optimizer
        trainer.add_event_handler(Events.STARTED, self._start)
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._add_loss)
        if evaluator is None:
            trainer.add_event_handler(Events.EPOCH_COMPLETED, self._judge, {})
        else:
            evaluator.add_event_handler(Events.COMPLETED, self._judge_evaluation, trainer)
        trainer.add_event_handler(Events.COMPLETED, self._end)

    # Collect ------------------------------------------------------------------------------------------

    def _start(self, trainer: Any) -> None:
        self.begin_resumed(trainer.state.max_epochs)
        self._loss, self._running = (0.0, 0), True

    def _add_loss(self, trainer: Any) -> None:
        """Add up the loss; a tensor stays on its device."""
        output = trainer.state.output
        loss: Any = output.get("loss") if isinstance(output, Mapping) else output
        if hasattr(loss, "detach"):
            loss = loss.detach()
        if isinstance(loss, int | float) or getattr(loss, "ndim", None) == 0:
            self._loss = (self._loss[0] + loss, self._loss[1] + 1)

    def _judge_evaluation(self, evaluator: Any, trainer: Any) -> None:
        if not self._running:  # evaluated before or after the training
            return
        measured = evaluator.state.metrics.items()  # all of it on the validation data, whatever its names say
        self._judge(trainer, {name if meaning(name).role else f"val_{name}": value for name, value in measured})

    def _judge(self, trainer: Any, metrics: Mapping[str, Any]) -> None:
        total, batches = self._loss
        observation = self.collect(
            self.run.next_step,
            metrics,
            lr=None if self._optimizer is None else self._optimizer.param_groups[0]["lr"],
            train_loss=total / batches if batches else None,
            validated=bool(metrics),
        )
        self._loss = (0.0, 0)
        decision = self.decide(observation, None if self._model is None else TorchModel(self._model))
        if self.settings.log_decisions:
            trainer.state.metrics.update(self.numbers(decision))
        self.announce(decision)
        if self.must_end(decision):
            trainer.terminate()

    # Act ----------------------------------------------------------------------------------------------

    def _end(self, trainer: Any) -> None:
        """Give back the best weights, if asked."""
        self._running = False
        self.run.end()
        self.give_back_best(TorchModel(self._model))
        self.conclude()
