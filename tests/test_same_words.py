"""The callback, its record and every command that reads its log report one run alike.

Where they differ, what one of them did not know is reported beside it.
"""

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from convergence_callbacks.cli import app
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs import read_logs
from convergence_callbacks.pages.card import card_of
from convergence_callbacks.record import read_record
from convergence_callbacks.telling.numbers import numbered

pytestmark = pytest.mark.xdist_group("same words")  # each framework is imported once

EPOCHS = 80
RNG = np.random.default_rng(0)
X = RNG.normal(size=(128, 4)).astype("float32")
Y = (X[:, :1] * X[:, 1:2] + 0.5 * RNG.normal(size=(128, 1))).astype("float32")
TRAIN, VAL = slice(0, 96), slice(96, 128)


@dataclass(frozen=True)
class Trained:
    """A training that is over: what its callback printed, its record, and what the framework's own logger wrote.

    Args:
        printed: What was printed.
        record: The decision record.
        log: The log.
        shift: How much earlier the log counts than the framework does.
        unknown: What the callback knew and the log does not hold.
    """

    printed: str
    record: Path
    log: Path
    shift: int = 0
    unknown: tuple[str, ...] = ()


def in_keras(folder):
    keras = pytest.importorskip("keras", reason="needs pip install 'convergence-callbacks[keras]'")
    from convergence_callbacks.keras import ConvergenceStopping

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.02), "mse")
    callbacks = [keras.callbacks.CSVLogger(folder / "log.csv"), ConvergenceStopping(record=str(folder / "r.jsonl"))]
    held_out = (X[VAL], Y[VAL])
    model.fit(X[TRAIN], Y[TRAIN], validation_data=held_out, epochs=EPOCHS, verbose=0, callbacks=callbacks)
    # Keras prints epochs from 1, and its logger writes them from 0.
    return folder / "log.csv", 1, ("the budget", "the learning rate")


def in_lightning(folder):
    lightning = pytest.importorskip("lightning", reason="needs pip install 'convergence-callbacks[lightning]'")
    import torch
    from lightning.pytorch.callbacks import LearningRateMonitor
    from lightning.pytorch.loggers import CSVLogger

    from convergence_callbacks.lightning import ConvergenceStopping

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))

        def training_step(self, batch, index):
            loss = torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])
            self.log("train_loss", loss, on_epoch=True, on_step=False)
            return loss

        def validation_step(self, batch, index):
            self.log("val_loss", torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]))

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 0.02)

    def loader(part):
        data = torch.utils.data.TensorDataset(torch.from_numpy(X[part]), torch.from_numpy(Y[part]))
        return torch.utils.data.DataLoader(data, batch_size=32)

    torch.manual_seed(0)
    logger = CSVLogger(folder, name="csv")
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        logger=logger,
        callbacks=[LearningRateMonitor("epoch"), ConvergenceStopping(record=str(folder / "r.jsonl"))],
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        log_every_n_steps=1,
    )
    trainer.fit(Module(), loader(TRAIN), loader(VAL))
    return Path(logger.log_dir) / "metrics.csv", 0, ("the budget", "the schedule")


def in_transformers(folder):
    transformers = pytest.importorskip("transformers", reason="needs pip install 'convergence-callbacks[transformers]'")
    pytest.importorskip("accelerate", reason="needs pip install 'convergence-callbacks[transformers]'")
    import torch

    from convergence_callbacks.transformers import ConvergenceStopping

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))

        def forward(self, x, labels):
            predicted = self.net(x)
            return {"loss": torch.nn.functional.mse_loss(predicted, labels), "logits": predicted}

    def rows(part):
        return [{"x": x, "labels": y} for x, y in zip(X[part], Y[part], strict=True)]

    torch.manual_seed(0)
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=EPOCHS,
        learning_rate=0.02,
        per_device_train_batch_size=32,
        eval_strategy="epoch",
        logging_strategy="epoch",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
    )
    stopping = ConvergenceStopping(record=str(folder / "r.jsonl"))
    trainer = transformers.Trainer(
        Model(), arguments, train_dataset=rows(TRAIN), eval_dataset=rows(VAL), callbacks=[stopping]
    )
    trainer.train()
    trainer.save_state()
    return folder / "trainer_state.json", 0, ("the schedule",)


def in_xgboost(folder):
    xgboost = pytest.importorskip("xgboost", reason="needs pip install 'convergence-callbacks[xgboost]'")
    from convergence_callbacks.xgboost import ConvergenceStopping

    sets = [(xgboost.DMatrix(X[part], Y[part]), name) for part, name in ((TRAIN, "train"), (VAL, "valid"))]
    history = {}
    xgboost.train(
        {"eta": 0.5, "max_depth": 6, "nthread": 1},
        sets[0][0],
        EPOCHS,
        evals=sets,
        evals_result=history,
        verbose_eval=False,
        callbacks=[ConvergenceStopping(record=str(folder / "r.jsonl"))],
    )
    (folder / "evals_result.json").write_text(json.dumps(history), encoding="utf-8")
    return folder / "evals_result.json", 0, ("the budget",)


TRAININGS = {"keras": in_keras, "lightning": in_lightning, "transformers": in_transformers, "xgboost": in_xgboost}


@pytest.fixture(scope="module", params=TRAININGS)
def trained(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    with (folder / "printed.txt").open("w", encoding="utf-8") as printed, contextlib.redirect_stdout(printed):
        log, shift, unknown = TRAININGS[request.param](folder)
    return Trained((folder / "printed.txt").read_text(encoding="utf-8"), folder / "r.jsonl", log, shift, unknown)


def command(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def replayed(path, *options):
    [run] = json.loads(command("replay", path, "--json", *options))["runs"]
    return run


def decided(record):
    """The decision that ended the training, as its record has it."""
    last = read_record(record).parts[-1].entries[-1].decision
    assert last.ends_early, "the example is to be stopped"
    return last


def line(text, begins):
    return next(each.strip() for each in text.splitlines() if each.strip().startswith(begins))


def test_of_its_record_all_report_what_the_callback_reported(trained):
    decision = decided(trained.record)
    counter, at = decision.counter, numbered(decision.step, decision.counter)
    run = replayed(trained.record)
    assert (run["verdict"], run["stop_verdict"], run["unit"]) == (decision.verdict, decision.verdict, counter.noun)
    assert run["stopped_at"] == counter.number(decision.step)
    assert run["best_at"] == counter.number(decision.best_step)
    assert run["steps"] == decision.step + 1 and run["steps_saved"] == 0 and run["not_known"] == []
    assert run["reason"] == decision.reason and run["advice"] == list(decision.advice)
    printed, watched = line(trained.printed, "Stopped at"), command("watch", "--once", trained.record)
    assert printed.startswith(f"Stopped at {at}")
    assert line(watched, "Would stop at") == printed.replace("Stopped", "Would stop", 1).split(" Judged:")[0]
    after = trained.printed.partition("Stopped at")[2]  # a training of another test may end, and print, before
    best = re.match(r"Best: \S+ at \w+ \d+", line(after, "Best: "))[0]
    assert line(watched, "Best: ").startswith(best)
    assert "Not known" not in watched
    card = card_of(next(iter(read_logs(trained.record))), Settings())
    assert card.summary.stopped_at == counter.number(decision.step) and card.advice == decision.advice
    explained = command("explain", trained.record)
    assert explained.startswith(f"r.jsonl: {decision.verdict.value.replace('_', ' ')}")
    assert f"would have stopped it at {at}" in explained and "What was not known" not in explained


def test_of_a_log_all_say_the_same_and_what_they_did_not_know(trained):
    decision = decided(trained.record)
    noun, best = decision.counter.noun, decision.counter.number(decision.best_step) - trained.shift
    run, watched = replayed(trained.log), command("watch", "--once", trained.log)
    card = card_of(next(iter(read_logs(trained.log))), Settings())
    assert (run["unit"], run["steps"], run["best_at"]) == (noun, decision.step + 1, best)
    assert (card.summary.stopped_at, card.summary.best_at) == (run["stopped_at"], run["best_at"])
    assert tuple(what.split(",")[0] for what in run["not_known"]) == trained.unknown
    assert [str(each) for each in card.summary.not_known] == run["not_known"]
    explained = command("explain", trained.log).lower()
    table = command("replay", trained.log)
    for what in trained.unknown:
        assert what in line(watched, "Not known: ") and what in line(table, "Not known: ")
        assert f"  {what}" in explained[explained.index("what was not known") :]
    if noun == "round":
        commands = (watched + explained).replace("--max-epochs", "")
        assert "epoch" not in commands and "weights" not in commands and "learning rate" not in commands


def test_a_log_with_the_budget_is_judged_alike_whether_it_is_over_or_grows(trained):
    run = replayed(trained.log, "--max-epochs", EPOCHS)
    watched = command("watch", "--once", "--max-epochs", EPOCHS, trained.log)
    step, act = run["steps"] - 1, "Goes on"
    if run["stopped_at"] is not None:
        step, act = run["stopped_at"], "Would stop"
    at = f"  {act} at {run['unit']} {step}"
    assert f"{at} ({step + 1} of {EPOCHS} {run['unit']}s done): " in watched or f"{at} of {EPOCHS}: " in watched
    assert not any(what.startswith("the budget") for what in run["not_known"]) and "the budget" not in watched
