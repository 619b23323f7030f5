"""What real trainings print at their end, and while something can still be done about them."""

import contextlib
import gc
import math

import pytest

from convergence_callbacks import Patience

PATIENT = {"criteria": Patience(3), "min_epochs": 0}
NOWHERE = [1.0 - 1e-6 * epoch for epoch in range(12)]
BROKEN_AT_8 = [*(1.0 - 0.05 * epoch for epoch in range(8)), *[math.nan] * 4]


def lines(capsys, begins=("Stopped", "Ended", "Interrupted", "Out of time", "Best", "Next", "Nothing")):
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith(tuple(begins))]


class TestKeras:
    """In Keras, which counts from 1."""

    @pytest.fixture(autouse=True)
    def installed(self):
        pytest.importorskip("keras", reason="needs pip install 'convergence-callbacks[keras]'")

    def fit(self, *callbacks, epochs=12, script=None, **settings):
        from convergence_callbacks.keras import ConvergenceStopping
        from tests.keras_training import SCRIPT, Scripted, fit

        return fit(ConvergenceStopping(**settings), scripted=Scripted(script or SCRIPT), after=callbacks, epochs=epochs)

    def test_a_budget_that_runs_out_is_reported_with_the_rate_to_try(self, capsys):
        self.fit(script=NOWHERE, stop_on="nothing")
        printed = lines(capsys)
        assert printed[0].startswith("Ended after all 12 epochs: ") and len(printed) <= 3
        assert printed[1].startswith("Best: 1 at epoch 12")

    def test_the_file_of_the_best_epoch_is_named_in_keras_s_own_count(self, tmp_path, capsys):
        import keras

        self.fit(keras.callbacks.ModelCheckpoint(tmp_path / "ck-{epoch}.keras"), **PATIENT)
        printed = lines(capsys)
        assert printed[0].startswith("Stopped at epoch 7 of 12: ")
        assert printed[1].startswith(f"Best: 0.3 at epoch 4, saved in {tmp_path / 'ck-4.keras'}. Saved 5 of 12 epochs")
        assert "use the weights of epoch 4" in printed[2]

    def test_a_file_that_was_written_over_has_not_the_best_weights(self, tmp_path, capsys):
        import keras

        self.fit(keras.callbacks.ModelCheckpoint(tmp_path / "last.keras"), **PATIENT)
        printed = lines(capsys)
        assert printed[1].startswith("Best: 0.3 at epoch 4, but its weights were not kept.")
        assert printed[2].startswith("Next: ") and printed[2].endswith("restore_best=True keeps the best weights.")

    def test_restored_weights_are_not_to_be_restored_again(self, capsys):
        self.fit(restore_best=True, **PATIENT)
        printed = lines(capsys)
        assert printed[1].startswith("Best: 0.3 at epoch 4, the model has its weights.")
        assert "use the weights" not in " ".join(printed)

    def test_a_loss_that_is_no_number_is_reported_when_it_comes_and_no_weights_of_then_are_advised(self, capsys):
        with pytest.warns(RuntimeWarning, match="val_loss is nan at epoch 9; the training goes on"):
            self.fit(script=BROKEN_AT_8)
        assert "at epoch 8" in lines(capsys)[1]

    def test_an_error_is_no_end_without_a_word(self, capsys):
        import keras

        class Ended(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if epoch == 8:
                    raise KeyboardInterrupt

        from convergence_callbacks.keras import ConvergenceStopping, EarlyStopping
        from tests.keras_training import Scripted, fit

        for kept in (ConvergenceStopping(stop_on="nothing"), EarlyStopping(patience=12, verbose=1)):
            with contextlib.suppress(KeyboardInterrupt):
                fit(kept, scripted=Scripted(NOWHERE), after=[Ended()])
            gc.collect()  # of older versions of Keras
            printed = lines(capsys, ["Cut off", "Best"])
            assert printed[0].startswith("Cut off after epoch 8 of 12: ") and printed[1].startswith(
                "Best: 1 at epoch 8"
            )
            del kept
            assert not lines(capsys, ["Ended", "Cut off"])

    def test_an_error_that_is_being_handled_when_a_call_begins_is_not_what_ends_it(self, capsys):
        try:
            raise ValueError("of another training")
        except ValueError:
            self.test_an_error_is_no_end_without_a_word(capsys)

    def test_a_call_that_was_cut_off_and_another_one_are_each_summed_up_once(self, capsys):
        import keras

        from convergence_callbacks.keras import ConvergenceStopping
        from tests.keras_training import fit

        class Ended(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if epoch == 3:
                    raise ValueError("broken")

        stopping = ConvergenceStopping(stop_on="nothing")
        with pytest.raises(ValueError, match="broken") as held:  # it keeps the frames, as a debugger does
            fit(stopping, after=[Ended()])
        fit(stopping)
        del held
        gc.collect()
        assert [line.split(":")[0] for line in lines(capsys, ["Cut off", "Ended"])] == [
            "Cut off after epoch 3 of 12",
            "Ended after all 12 epochs",
        ]

    def test_the_stock_early_stopping_sums_up_where_asked(self, capsys):
        from convergence_callbacks.keras import EarlyStopping
        from tests.keras_training import fit

        fit(EarlyStopping(patience=3, verbose=1, restore_best_weights=True))
        printed = lines(capsys)
        assert printed[0].startswith("Stopped at epoch 7 of 12: ") and "has not improved for 3 epochs" in printed[0]
        assert printed[1].startswith("Best: 0.3 at epoch 4, the model has its weights.")
        fit(EarlyStopping(patience=3))
        assert not lines(capsys)


class TestLightning:
    """In Lightning, which counts from 0."""

    @pytest.fixture(autouse=True)
    def installed(self):
        pytest.importorskip("lightning", reason="needs pip install 'convergence-callbacks[lightning]'")

    def fit(self, folder, *callbacks, trainer=None, ckpt_path=None, **settings):
        from convergence_callbacks.lightning import ConvergenceStopping
        from tests.lightning_training import SCRIPT, fit, module

        made = module(script=[*SCRIPT, *SCRIPT])
        arguments = {"callbacks": callbacks, "ckpt_path": ckpt_path, **(trainer or {})}
        fit(ConvergenceStopping(**settings), folder, made, **arguments)

    def saver(self, folder, **settings):
        from lightning.pytorch.callbacks import ModelCheckpoint

        return ModelCheckpoint(folder, filename="{epoch}", **settings)

    def test_the_best_checkpoint_is_named(self, tmp_path, capsys):
        self.fit(tmp_path, self.saver(tmp_path, monitor="val_loss"), **PATIENT)
        printed = lines(capsys)
        assert printed[0].startswith("Stopped at epoch 6 (7 of 12 epochs done): ") and len(printed) <= 3
        assert printed[1].startswith(f"Best: 0.3 at epoch 3, saved in {tmp_path / 'epoch=3.ckpt'}. Saved 5 of 12")

    def test_a_best_epoch_that_no_checkpoint_has_is_reported(self, tmp_path, capsys):
        self.fit(tmp_path, self.saver(tmp_path, save_top_k=1), **PATIENT)  # the latest, in place of the one before
        assert lines(capsys)[1].startswith("Best: 0.3 at epoch 3, but its weights were not kept.")

    @pytest.mark.parametrize(
        ("error", "raised", "begins"),
        [
            (KeyboardInterrupt(), SystemExit, "Interrupted after"),
            (ValueError("x"), ValueError, "Ended by an error after"),
        ],
    )
    def test_ctrl_c_and_errors_are_reported(self, error, raised, begins, tmp_path, capsys):
        from lightning.pytorch.callbacks import Callback

        class Ended(Callback):
            def on_train_epoch_start(self, trainer, pl_module):
                if trainer.current_epoch == 5:
                    raise error

        with pytest.raises(raised):
            self.fit(tmp_path, Ended())
        printed = lines(capsys, ["Interrupted", "Ended"])
        assert len(printed) == 1 and printed[0].startswith(f"{begins} epoch 4 (5 of 12 epochs done): ")

    def test_a_time_limit_is_reported(self, tmp_path, capsys):
        from lightning.pytorch.callbacks import Timer

        class Short(Timer):
            def on_train_epoch_start(self, trainer, pl_module):
                self._duration = 3600.0 if trainer.current_epoch < 2 else 0.0

        self.fit(tmp_path, Short(duration={"hours": 1}, interval="epoch"))
        assert lines(capsys)[0].startswith("Out of time after epoch 2 (3 of 12 epochs done): ")

    def test_a_resumed_run_that_had_stopped_says_so_in_one_line(self, tmp_path, capsys):
        self.fit(tmp_path, self.saver(tmp_path, save_last=True), **PATIENT)
        capsys.readouterr()
        self.fit(tmp_path, ckpt_path=tmp_path / "last.ckpt", trainer={"max_epochs": 40}, **PATIENT)
        printed = capsys.readouterr().out.splitlines()
        assert [line for line in printed if "had stopped" in line or line.startswith("Stopped")] == [printed[0]]
        assert "this run had stopped already; to go on, change what ended it" in printed[0]

    def test_several_optimisers_are_named_as_what_could_not_be_judged(self, tmp_path, capsys):
        import torch

        from tests.lightning_training import fit, module

        class Rivals(type(module())):
            automatic_optimization = False

            def training_step(self, batch, index):
                for optimizer in self.optimizers():
                    optimizer.zero_grad()
                    loss = self.layer(batch).pow(2).mean()
                    self.manual_backward(loss)
                    optimizer.step()
                return loss.detach()

            def configure_optimizers(self):
                return [torch.optim.SGD(self.parameters(), 0.01), torch.optim.SGD(self.parameters(), 0.01)]

        from convergence_callbacks.lightning import ConvergenceStopping

        with pytest.warns(RuntimeWarning, match="this module has 2 optimisers"):
            fit(ConvergenceStopping(), tmp_path, Rivals())
        assert "Not judged: several optimisers" in lines(capsys)[0]


class TestTransformers:
    """In Hugging Face's Trainer, whose checkpoints are called after steps."""

    @pytest.fixture(autouse=True)
    def installed(self):
        pytest.importorskip("transformers", reason="needs pip install 'convergence-callbacks[transformers]'")
        pytest.importorskip("accelerate", reason="needs pip install 'convergence-callbacks[transformers]'")

    def test_epochs_are_counted_as_epochs_and_the_checkpoint_is_named(self, tmp_path, capsys):
        from convergence_callbacks.transformers import ConvergenceStopping
        from tests.adapters.contract import SCRIPT, Training
        from tests.adapters.in_transformers import train

        falls, rises = tmp_path / "falls", tmp_path / "rises"
        train(Training(ConvergenceStopping(), [1.0 - 0.05 * epoch for epoch in range(12)], falls))
        assert f"at epoch 12, the model has its weights, saved in {falls / 'checkpoint-12'}." in lines(capsys)[1]
        train(Training(ConvergenceStopping(**PATIENT), SCRIPT, rises))  # of whose checkpoints one is kept
        printed = lines(capsys)
        assert printed[0].startswith("Stopped at epoch 7 of 12: ")
        assert printed[1].startswith("Best: 0.3 at epoch 4, but its weights were not kept.")


class TestXGBoost:
    """In XGBoost, which has rounds and trees."""

    @pytest.fixture(autouse=True)
    def installed(self):
        pytest.importorskip("xgboost", reason="needs pip install 'convergence-callbacks[xgboost]'")

    def test_epochs_and_weights_are_not_mentioned(self, capsys):
        import numpy as np
        import xgboost

        from convergence_callbacks.xgboost import ConvergenceStopping

        rng = np.random.default_rng(0)
        x = rng.normal(size=(200, 5))
        sets = [
            (xgboost.DMatrix(half, half[:, 0] > 0.3 * rng.normal(size=100)), name)
            for half, name in ((x[:100], "train"), (x[100:], "valid"))
        ]
        for eta in (0.3, 0.001):
            params = {"objective": "binary:logistic", "eta": eta, "max_depth": 4, "nthread": 1}
            stopping = ConvergenceStopping(max_epochs=60, restore_best=True)
            xgboost.train(params, sets[0][0], 60, evals=sets, callbacks=[stopping], verbose_eval=False)
            printed = " ".join(lines(capsys, ["Warning", "Stopped", "Ended", "Best", "Next"]))
            assert "at round" in printed and "the model has its trees" in printed
            assert "epoch" not in printed and "weights" not in printed and "too low" not in printed

    def test_a_low_eta_is_not_blamed_once_validation_loss_has_turned(self, capsys):
        import xgboost
        from sklearn.datasets import load_diabetes

        from convergence_callbacks.xgboost import ConvergenceStopping

        x, y = load_diabetes(return_X_y=True)
        train, valid = xgboost.DMatrix(x[:309], y[:309]), xgboost.DMatrix(x[309:], y[309:])
        sets = [(train, "train"), (valid, "valid")]
        stopping = ConvergenceStopping(max_epochs=1000)
        params = {"eta": 0.005, "max_depth": 6, "nthread": 1}
        xgboost.train(params, train, 1000, evals=sets, callbacks=[stopping], verbose_eval=False)
        printed = lines(capsys, ["Warning", "Stopped", "Best", "Next"])
        best = stopping.decision.best_step
        assert best < stopping.decision.step - 50  # it has long turned
        assert len(printed) == 3 and "false convergence" not in printed[0] and "allow more rounds" not in printed[2]
        assert printed[1].startswith(f"Best: {stopping.decision.best_value:.4g} at round {best}")
        assert f"use the trees up to round {best}" in printed[2]
