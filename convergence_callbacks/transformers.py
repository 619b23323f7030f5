"""The integration with the Trainer of Hugging Face Transformers.

In a training:

    from convergence_callbacks.transformers import ConvergenceStopping
    trainer = Trainer(model, args, train_dataset=…, eval_dataset=…, callbacks=[ConvergenceStopping()])
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convergence_callbacks.telling.missing import not_installed

try:
    from transformers import Trainer, TrainerCallback
    from transformers.trainer_callback import ExportableState
except ModuleNotFoundError as error:
    message = not_installed("Transformers", "transformers")
    raise ModuleNotFoundError(message) from error

from convergence_callbacks.adapter.account import caller_of, write
from convergence_callbacks.adapter.stages.best_weights import BestWeights
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.adapter.torch_processes import TorchProcesses
from convergence_callbacks.adapter.torch_schedule import rates_to_come
from convergence_callbacks.adapter.torch_weights import TorchModel
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.observation import plain_number
from convergence_callbacks.metrics import meaning
from convergence_callbacks.metrics.find import find_named, find_validation_loss
from convergence_callbacks.metrics.trivial import Baseline, of_classes


@dataclass(frozen=True)
class _Ended:
    """A training that had stopped before it was resumed: the Trainer trains at least one batch of it.

    Args:
        weights: Those of the checkpoint.
        step: Optimiser steps at the stop.
        epoch: The Trainer's epoch at the stop.
    """

    weights: dict[str, Any]
    step: int
    epoch: float

    def undo_batch(self, control: Any, model: Any) -> None:
        """Give the model back the weights of the stop; nothing is logged, evaluated or saved."""
        model.load_state_dict(self.weights)
        control.should_log = control.should_evaluate = control.should_save = False

    def undo_count(self, state: Any) -> None:
        """Have the Trainer count what it had counted at the stop, once it has divided its train loss by its steps."""
        state.global_step, state.epoch = self.step, self.epoch


class ConvergenceStopping(Stopping, TrainerCallback, ExportableState):
    """Ends a `Trainer`'s training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. Each evaluation is an epoch to it, by steps or by epochs, and ``max_epochs``
    and ``min_epochs`` count evaluations; without any, the Trainer's epochs. The train loss is the mean since the last
    one: it is logged with each evaluation. The first of several evaluation data sets is judged unless ``val_metric``
    names another one's loss. It needs no ``load_best_model_at_end``, and goes with it; where the weights are spread
    over devices, use that instead of ``restore_best``. ``log_decisions`` adds to the Trainer's ``log_history``. A run
    that is resumed from a checkpoint is decided as if it had never stopped; one that had stopped keeps its weights.
    """

    integration = "Transformers"
    supports = frozenset({"restore_best", "log_decisions", "find_baseline"})
    states_direction = True
    counter = Counter("evaluation", first=1)
    trained = TorchModel
    processes = TorchProcesses()

    def _construct(self) -> None:
        self._since_last: tuple[float, int]
        self._training = False
        self._ended: _Ended | None = None
        self._forget_evaluation()

    def _forget_evaluation(self) -> None:
        self._metrics: dict[str, Any] = {}
        self._epoch_ended = False

    # Collect ------------------------------------------------------------------------------------------

    def on_train_begin(self, args: Any, state: Any, control: Any, lr_scheduler: Any = None, **kwargs: Any) -> None:
        """Make ready for this run, or go on with the one whose checkpoint was loaded."""
        self._training, self._lr = True, None
        self._losses_are_plain = not args.label_smoothing_factor and _leaves_the_loss_to_the_model(caller_of(Trainer))
        self._logged_at = self._judged_at = state.global_step
        self._forget_evaluation()
        if state.global_step and (saved := self._state_in(state.stateful_callbacks)) is not None:
            self.load_state_dict(saved)
        looks, between = _looks(args, state)
        rates = None
        if looks and lr_scheduler is not None:
            seen = min(state.global_step // between, looks - 1)
            rates = rates_to_come(lr_scheduler, epochs=looks, steps_per_epoch=between, first_epoch=seen)
        by_steps = _strategy(args) == "steps"
        self.counter = type(self).counter if by_steps else Counter("epoch", first=1)
        self.begin_resumed(looks, None, rates, rises=functools.partial(_rises, args))
        self._ended = None
        if self.stopped_epoch is not None:
            self._ended = _Ended(TorchModel(kwargs["model"]).weights(), state.global_step, state.epoch)
            control.should_training_stop = True
            if (words := self.had_stopped()) is not None:
                write(words)

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Warn of an evaluation that had nothing to judge."""
        if self._metrics:
            self._judge(state, control, **kwargs)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Have the train loss logged with each evaluation."""
        if self._ended is not None:
            self._ended.undo_batch(control, kwargs["model"])
        control.should_log |= control.should_evaluate

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Have the train loss logged, and judged where nothing is evaluated."""
        if self._ended is not None:
            self._ended.undo_batch(control, kwargs["model"])
            return
        self._epoch_ended = _strategy(args) == "no"
        if self._epoch_ended and self._logged_at == state.global_step:
            self._judge(state, control, **kwargs)
        else:
            control.should_log |= control.should_evaluate or self._epoch_ended

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Add up the train loss, each with the number of steps that it is the mean of."""
        if not logs or "loss" not in logs:
            return
        steps, (total, count) = state.global_step - self._logged_at, self._since_last
        self._since_last = (total + float(logs["loss"]) * steps, count + steps)
        self._logged_at, self._lr = state.global_step, logs.get("learning_rate")
        if self._epoch_ended:
            self._judge(state, control, **kwargs)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any) -> None:
        """Judge at the first evaluation that has what is judged; one outside of a training counts for nothing."""
        if not self._training or self._judged_at == state.global_step:
            return
        self._metrics |= metrics or {}
        named = self.settings.val_metric
        found = find_validation_loss(self._metrics) if named is None else find_named(named, self._metrics)
        if self.processes.any(found is not None):
            self._judge(state, control, **kwargs)

    def _judge(self, state: Any, control: Any, **kwargs: Any) -> None:
        if self.judges_the_loss and self._losses_are_plain:  # a model knows its kind of problem with its first batch
            self.run.fill_in(_baseline(kwargs["model"]))
        total, count = self._since_last
        observation = self.collect(
            self.run.next_step,
            self._metrics,
            lr=self._lr,
            train_loss=total / count if count else None,
            validated=bool(self._metrics),
        )
        self.run.account.checkpoints.note(observation.step, ())  # what is saved is noted in `on_save`
        self._since_last, self._judged_at = (0.0, 0), state.global_step
        self._forget_evaluation()
        decision = self.decide(observation, TorchModel(kwargs["model"]))
        if self.settings.log_decisions:
            state.log_history.append({**self.numbers(decision), "epoch": state.epoch, "step": state.global_step})
        if self.must_end(decision):
            control.should_training_stop = True
        self.announce(decision)

    # Act ----------------------------------------------------------------------------------------------

    def on_train_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        """Give back the best weights, where asked."""
        if self._metrics:
            self._judge(state, control, model=model)
        self._training = False
        self.run.end()
        if self._ended is not None:
            self._ended.undo_count(state)
        self._give_back(args, state, model)
        self.conclude()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note the checkpoint that was saved."""
        if self.decision is not None:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            self.run.account.checkpoints.note(self.decision.step, [folder])

    def _give_back(self, args: Any, state: Any, model: Any) -> None:
        best, saved = self.run.stage(BestWeights), state.best_model_checkpoint
        if args.load_best_model_at_end and saved is not None and (best is None or best.step is None):
            # the Trainer gives back what it saved
            self.run.account.restored = self.run.account.checkpoints.is_best(saved, self.decision)
            return
        self.give_back_best(TorchModel(model))

    def state(self) -> dict[str, Any]:
        """What the Trainer's checkpoints hold of it; as Transformers wants it."""
        run = {**self.state_dict(), "since_last": [plain_number(value) for value in self._since_last]}
        return {"args": self.settings.to_dict(), "attributes": {"_saved": run}}

    def _restore(self, saved: Mapping[str, Any]) -> None:
        total, count = saved.get("since_last", (0.0, 0))
        self._since_last = (float(total), int(count))

    def _state_in(self, saved: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The state that a checkpoint has of this callback: of several, the one with its settings."""
        states = saved.get(type(self).__name__, [])
        states = states if isinstance(states, list) else [states]
        mine = [state for state in states if state["args"] == self.settings.to_dict()]
        return (mine or states)[-1]["attributes"]["_saved"] if states else None


OWN = ("compute_loss", "prediction_step", "evaluation_loop")
"""Methods of a Trainer in which users compute a loss of their own."""


def _leaves_the_loss_to_the_model(trainer: Any) -> bool:
    """Whether a Trainer is known to judge by the loss that the model itself computes."""
    if trainer is None or getattr(trainer, "compute_loss_func", None) is not None:
        return False
    return all(getattr(type(trainer), name).__module__.startswith("transformers.") for name in OWN)


def _baseline(model: Any) -> Baseline | None:
    """The loss of a classifier to which all labels are alike, where it is one of Transformers with its own loss."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model  # of PEFT
    config: Any = getattr(base, "config", None)
    if getattr(config, "problem_type", None) != "single_label_classification" or "_loss_function" in vars(base):
        return None
    return of_classes(int(config.num_labels)) if type(base).forward.__module__.startswith("transformers.") else None


def _rises(args: Any, judged: str) -> bool | None:
    """Whether more of the judged metric is better, as the arguments say of the metric by which models are compared.

    Where a user leaves it open, they say so of each metric whose name does not end in *loss*: a known name goes before.
    """
    compared, rises = args.metric_for_best_model, args.greater_is_better
    if compared is None or find_named(judged, [f"eval_{compared.removeprefix('eval_')}"]) is None:
        return None
    may_be_left_open = rises == (not compared.endswith("loss"))
    return None if may_be_left_open and meaning(judged).direction is not None else rises


def _strategy(args: Any) -> str:
    """When the Trainer evaluates: "no", "steps" or "epoch"."""
    return str(getattr(args.eval_strategy, "value", args.eval_strategy))


def _looks(args: Any, state: Any) -> tuple[int | None, int]:
    """How often this training will be judged, None where unknown, and the steps between."""
    if _strategy(args) == "steps":
        return math.ceil(state.max_steps / state.eval_steps), int(state.eval_steps)
    epochs = int(state.num_train_epochs)
    if not 0 < epochs < sys.maxsize:  # a data set without length
        return None, 1
    return epochs, max(1, math.ceil(state.max_steps / epochs))
