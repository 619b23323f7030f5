"""Logs that the tools themselves wrote, where they are installed."""

import json

import numpy as np
import pytest

from convergence_callbacks.logs import read_logs

TRAIN = [2.0, 1.5, 1.25, 1.125]
VAL = [2.25, 1.75, 1.5, 1.375]


def losses(run):
    return [each.train_loss for each in run.observations], [each.val_loss for each in run.observations]


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    return x, (x.sum(axis=1) + rng.normal(size=200) > 0).astype(int)


def test_lightning_s_csv_logger(tmp_path):
    loggers = pytest.importorskip("lightning.pytorch.loggers", reason="needs the extra lightning")
    logger = loggers.CSVLogger(tmp_path, flush_logs_every_n_steps=1)
    for epoch, (t, v) in enumerate(zip(TRAIN, VAL, strict=True)):
        logger.log_metrics({"epoch": epoch, "train_loss_step": 9.0}, step=10 * epoch)
        logger.log_metrics({"epoch": epoch, "val_loss": v}, step=10 * epoch + 9)
        logger.log_metrics({"epoch": epoch, "train_loss_epoch": t}, step=10 * epoch + 9)
    logger.save()
    (run,) = read_logs(tmp_path)
    assert losses(run) == (TRAIN, VAL) and run.format == "CSV"


def test_torch_s_summary_writer_with_a_counter_each(tmp_path):
    pytest.importorskip("torch", reason="needs the extra torch")
    tensorboard = pytest.importorskip("torch.utils.tensorboard", reason="needs the extra tensorboard")
    with tensorboard.SummaryWriter(str(tmp_path)) as writer:
        for epoch, (t, v) in enumerate(zip(TRAIN, VAL, strict=True)):
            for batch in range(5):
                writer.add_scalar("train/loss", t, 5 * epoch + batch, walltime=1.7e9 + 60 * epoch + batch)
            writer.add_scalar("val/loss", v, epoch, walltime=1.7e9 + 60 * epoch + 9)
    (run,) = read_logs(tmp_path)
    assert losses(run) == (TRAIN, VAL) and run.unit == "epoch"


def test_the_state_that_transformers_saves(tmp_path):
    trainer = pytest.importorskip("transformers.trainer_callback", reason="needs the extra transformers")
    history = []
    for k, (t, v) in enumerate(zip(TRAIN, VAL, strict=True), start=1):
        history += [{"epoch": k / 2, "step": 5 * k, "loss": t, "learning_rate": 0.1}]
        history += [{"epoch": k / 2, "step": 5 * k, "eval_loss": v}]
    state = trainer.TrainerState(epoch=2.0, max_steps=30, num_train_epochs=3, log_history=history)
    state.save_to_json(str(tmp_path / "trainer_state.json"))
    (run,) = read_logs(tmp_path)
    assert losses(run) == (TRAIN, VAL) and (run.unit, run.planned) == ("evaluation", 6)


def test_xgboost_s_evals_result(tmp_path):
    xgboost = pytest.importorskip("xgboost", reason="needs the extra xgboost")
    x, y = data()
    result = {}
    matrix = xgboost.DMatrix(x, y)
    settings = {"objective": "binary:logistic", "eval_metric": ["auc", "logloss"], "nthread": 1}
    xgboost.train(
        settings, matrix, 5, evals=[(matrix, "train"), (matrix, "eval")], evals_result=result, verbose_eval=False
    )
    (tmp_path / "evals.json").write_text(json.dumps(result))
    (run,) = read_logs(tmp_path)
    assert losses(run) == (result["train"]["logloss"], result["eval"]["logloss"]) and run.unit == "round"


def test_lightgbm_s_recorded_evaluations(tmp_path):
    lightgbm = pytest.importorskip("lightgbm", reason="needs the extra lightgbm")
    x, y = data()
    result = {}
    train = lightgbm.Dataset(x, y)
    calls = [lightgbm.record_evaluation(result)]
    settings = {"objective": "binary", "num_threads": 1}
    lightgbm.train(settings, train, 5, valid_sets=[train], valid_names=["valid"], callbacks=calls)
    (tmp_path / "evals.json").write_text(json.dumps(result))
    (run,) = read_logs(tmp_path)
    assert losses(run)[1] == result["valid"]["binary_logloss"]


def test_catboost_s_own_folder(tmp_path):
    catboost = pytest.importorskip("catboost", reason="needs the extra catboost")
    x, y = data()
    model = catboost.CatBoostClassifier(iterations=5, train_dir=str(tmp_path / "info"), verbose=False, thread_count=1)
    model.fit(x, y, eval_set=(x, y))
    runs = list(read_logs(tmp_path / "info" / "catboost_training.json"))
    expected = model.get_evals_result()
    assert losses(runs[0]) == (
        pytest.approx(expected["learn"]["Logloss"], rel=1e-6),
        pytest.approx(expected["validation"]["Logloss"], rel=1e-6),
    )


def test_keras_csv_logger_and_what_it_prints(tmp_path, capsys):
    keras = pytest.importorskip("keras", reason="needs the extra keras")
    x, y = data()
    model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    model.compile(loss="binary_crossentropy")
    logger = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    history = model.fit(x, y, epochs=4, validation_data=(x, y), callbacks=[logger], verbose=2).history
    (run,) = read_logs(tmp_path)
    assert losses(run) == (pytest.approx(history["loss"]), pytest.approx(history["val_loss"]))
    (tmp_path / "nohup.out").write_text(capsys.readouterr().out)
    (printed,) = read_logs(tmp_path / "nohup.out")
    assert losses(printed) == (pytest.approx(history["loss"], abs=1e-4), pytest.approx(history["val_loss"], abs=1e-4))
