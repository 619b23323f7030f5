"""The Transformers integration, beyond what every integration promises."""

import json

import numpy as np
import pytest

transformers = pytest.importorskip("transformers", reason="needs pip install 'convergence-callbacks[transformers]'")
pytest.importorskip("accelerate", reason="needs pip install 'convergence-callbacks[transformers]'")

from convergence_callbacks import Patience, SettingsError
from convergence_callbacks.transformers import ConvergenceStopping
from tests.adapters.contract import SCRIPT, Training
from tests.adapters.in_transformers import DATA, Scripted, arguments, bert
from tests.adapters.torch_data import weights


def patient(**settings):
    return ConvergenceStopping(criteria=Patience(3), min_epochs=0, verbose=False, **settings)


class ByEvaluation(Scripted):
    """Its evaluation loss follows the script, an evaluation an entry."""

    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        if not model.training:
            self.state.epoch, kept = 1 + self.evaluations, self.state.epoch
            try:
                return super().compute_loss(model, inputs, return_outputs=return_outputs, **kwargs)
            finally:
                self.state.epoch = kept
        return super().compute_loss(model, inputs, return_outputs=return_outputs, **kwargs)

    evaluations = 0

    def evaluate(self, *args, **kwargs):
        found = super().evaluate(*args, **kwargs)
        self.evaluations += 1
        return found


def trainer(stopping, folder, kind=ByEvaluation, evaluated=DATA[:2], **settings):
    training = Training(stopping, SCRIPT, folder)
    steps = {"eval_strategy": "steps", "eval_steps": 2, "save_strategy": "no", "per_device_train_batch_size": 2}
    made = kind(
        bert(),
        arguments(training, **{**steps, **settings}),
        train_dataset=DATA,
        eval_dataset=evaluated,
        callbacks=[stopping],
    )
    made.script = SCRIPT
    return made


def test_each_evaluation_by_steps_is_an_epoch_to_it(tmp_path):
    stopping = patient()
    made = trainer(stopping, tmp_path)  # four steps an epoch, two evaluations
    made.train()
    assert (stopping.stopped_epoch, made.state.global_step) == (6, 14)
    assert stopping.monitor.settings.max_epochs == 24
    losses = [entry["loss"] for entry in made.state.log_history if "loss" in entry]
    assert [o.train_loss for o in stopping.observations] == pytest.approx(losses)


def test_the_train_loss_is_the_mean_over_the_steps_since_the_last_evaluation(tmp_path):
    stopping = patient()
    made = trainer(stopping, tmp_path, eval_steps=3, logging_strategy="steps", logging_steps=2, max_steps=6)
    made.train()
    logged = {entry["step"]: entry["loss"] for entry in made.state.log_history if "loss" in entry}
    assert sorted(logged) == [2, 3, 4, 6]
    expected = [(2 * logged[2] + logged[3]) / 3, (logged[4] + 2 * logged[6]) / 3]
    assert [o.train_loss for o in stopping.observations] == pytest.approx(expected)


def test_the_schedule_is_read_ahead(tmp_path):
    stopping = patient()
    trainer(stopping, tmp_path, max_steps=8, lr_scheduler_type="linear", learning_rate=0.8).train()
    assert stopping.monitor.settings.lr_schedule == pytest.approx([0.8, 0.6, 0.4, 0.2])


def test_it_goes_with_load_best_model_at_end(tmp_path):
    stopping = patient(restore_best=True)
    saved = {"save_strategy": "steps", "save_steps": 2, "save_total_limit": 1}
    made = trainer(stopping, tmp_path, load_best_model_at_end=True, metric_for_best_model="loss", **saved)
    made.train()
    assert made.state.best_model_checkpoint.endswith("checkpoint-8")
    kept = transformers.BertForSequenceClassification.from_pretrained(made.state.best_model_checkpoint)
    np.testing.assert_array_equal(weights(made.model), weights(kept))


def test_the_first_of_several_evaluation_sets_is_judged_or_the_one_that_is_named(tmp_path):
    sets = {"first": DATA[:2], "second": DATA[2:4]}
    stopping = patient()
    trainer(stopping, tmp_path, evaluated=sets, eval_steps=4, max_steps=8).train()
    assert [o.val_loss for o in stopping.observations] == [SCRIPT[0], SCRIPT[3]]  # a set of sets is an evaluation too
    stopping = patient(val_metric="eval_second_loss")
    trainer(stopping, tmp_path, evaluated=sets, eval_steps=4, max_steps=8).train()
    assert [o.val_loss for o in stopping.observations] == [SCRIPT[1], SCRIPT[4]]


def test_an_evaluation_after_the_training_changes_nothing(tmp_path):
    stopping = patient()
    made = trainer(stopping, tmp_path, max_steps=4)
    made.train()
    made.evaluate()
    assert len(stopping.history) == 2


def test_decisions_go_to_the_history_when_asked(tmp_path):
    made = trainer(patient(log_decisions=True), tmp_path, max_steps=4)
    made.train()
    assert sum("convergence/verdict" in entry for entry in made.state.log_history) == 2


@pytest.mark.parametrize("restore", [False, True])
def test_several_callbacks_find_their_own_state_in_the_checkpoint(tmp_path, restore):
    def both():
        return patient(tolerance=0.02), ConvergenceStopping(criteria=Patience(5), min_epochs=0, verbose=False)

    saved = {"save_strategy": "steps", "save_steps": 2, "restore_callback_states_from_checkpoint": restore}
    short, long = both()
    made = trainer(short, tmp_path, **saved, max_steps=8)
    made.add_callback(long)
    made.train()
    states = json.loads((tmp_path / "checkpoint-8" / "trainer_state.json").read_text())["stateful_callbacks"]
    assert len({json.dumps(state["args"]) for state in states["ConvergenceStopping"]}) == 2
    short, long = both()
    made = trainer(short, tmp_path, **saved, max_steps=24)
    made.add_callback(long)
    made.evaluations = 4
    made.train(resume_from_checkpoint=True)
    first = next(c for c in made.callback_handler.callbacks if getattr(c, "settings", None) == short.settings)
    assert first.decision.best_step == 3 and first.stopped_epoch == 6


def test_a_run_that_had_stopped_trains_no_more_when_it_is_resumed(tmp_path):
    saved = {"eval_strategy": "epoch", "save_strategy": "epoch"}
    made = trainer(patient(), tmp_path, kind=Scripted, **saved)
    made.train()
    again = trainer(stopping := patient(), tmp_path, kind=Scripted, **saved)
    again.train(resume_from_checkpoint=True)
    assert (stopping.stopped_epoch, stopping.history) == (6, [])
    assert (again.state.global_step, again.state.epoch) == (made.state.global_step, made.state.epoch)
    np.testing.assert_array_equal(weights(again.model), weights(made.model))


@pytest.mark.parametrize(
    ("metric", "rises", "expected"),
    [
        ("quality", True, "max"),
        ("quality", False, "min"),
        ("eval_quality", None, "max"),  # what the arguments say where it is left open
        ("wer", None, "min"),  # of a known name they would say the wrong thing
        ("accuracy", False, "min"),
    ],
)
def test_the_arguments_say_which_way_the_metric_improves(tmp_path, metric, rises, expected):
    stopping = patient(val_metric=f"eval_{metric.removeprefix('eval_')}")
    settings = {"metric_for_best_model": metric, "greater_is_better": rises, "load_best_model_at_end": False}
    made = trainer(stopping, tmp_path, max_steps=2, **settings)
    made.compute_metrics = lambda predicted: {metric.removeprefix("eval_"): 0.5}
    made.train()
    assert stopping.monitor.settings.direction == expected


def test_of_another_metric_the_arguments_say_nothing(tmp_path):
    stopping = patient(val_metric="eval_quality")
    with pytest.raises(SettingsError, match=r"'eval_quality'.*set mode='min'"):
        trainer(stopping, tmp_path, max_steps=1, metric_for_best_model="other", greater_is_better=True).train()
