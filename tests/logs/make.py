"""One training, as each tool logs it."""

from __future__ import annotations

import csv
import json
import pickle
import sqlite3
import struct
import zlib
from pathlib import Path

import numpy as np

from convergence_callbacks.logs.event_file import masked_crc32c
from convergence_callbacks.telling.reading import sentence
from tests.curves import exponential

CURVE = exponential(30, 5, noise=0.01)
TRAIN, VAL = CURVE.train.tolist(), CURVE.val.tolist()
LR = [0.1 if epoch < 20 else 0.01 for epoch in range(30)]


def assumed_in(run) -> list[str]:
    """What was assumed in reading a run, and what in it is doubtful, in words."""
    return [sentence(each) for each in run.assumed]


def write_csv(path: Path, header, rows, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **{"lineterminator": "\n", **options}).writerows([header, *rows])
    return path


def keras_csv(folder: Path, **options) -> Path:
    rows = [(e, lr, t, v) for e, (t, v, lr) in enumerate(zip(TRAIN, VAL, LR, strict=True))]
    return write_csv(folder / "training.csv", ["epoch", "learning_rate", "loss", "val_loss"], rows, **options)


def lightning_csv(folder: Path) -> Path:
    rows = []
    for e, (t, v, lr) in enumerate(zip(TRAIN, VAL, LR, strict=True)):
        rows += [("", 100 * e, lr, "", "", ""), (e, 100 * e + 49, "", 2 * t, "", "")]
        rows += [(e, 100 * e + 99, "", "", "", v), (e, 100 * e + 99, "", "", t, "")]
    header = ["epoch", "step", "lr-Adam", "train_loss_step", "train_loss_epoch", "val_loss"]
    return write_csv(folder / "version_0" / "metrics.csv", header, rows)


def ultralytics_csv(folder: Path) -> Path:
    header = ["  epoch", " time", " train/box_loss", " train/cls_loss", " val/box_loss", " val/cls_loss", " lr/pg0"]
    losses = enumerate(zip(TRAIN, VAL, LR, strict=True), start=1)
    rows = [(e, 10 * e, t / 4, 3 * t / 4, v / 4, 3 * v / 4, lr) for e, (t, v, lr) in losses]
    return write_csv(folder / "results.csv", header, rows)


def wandb_chart(folder: Path) -> Path:
    names = ["fast - train_loss", "fast - val_loss", "fast - val_loss__MIN", "slow - train_loss", "slow - val_loss"]
    rows = [(e, t, v, v, 2 * t, 2 * v) for e, (t, v) in enumerate(zip(TRAIN, VAL, strict=True))]
    return write_csv(folder / "chart.csv", ["Step", *names], rows)


def wandb_lines(folder: Path) -> Path:
    losses = enumerate(zip(TRAIN, VAL, strict=True))
    return lines(
        folder / "history.jsonl",
        [{"_step": e, "_runtime": 10.0 * (e + 1), "train": {"loss": t}, "val": {"loss": v}} for e, (t, v) in losses],
    )


def modes(folder: Path) -> Path:
    records = [{"exp_name": "a", "seed": 1}]
    for e, (t, v) in enumerate(zip(TRAIN, VAL, strict=True), start=1):
        records += [{"mode": "train", "epoch": e, "loss": t, "lr": 0.1}, {"mode": "val", "epoch": e, "loss": v}]
    return lines(folder / "work.log.json", records)


def lines(path: Path, records) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def document(path: Path, content) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1))
    return path


def keras_json(folder: Path) -> Path:
    return document(folder / "history.json", {"loss": TRAIN, "val_loss": VAL, "lr": LR})


def trainer_state(folder: Path, name: str = "trainer_state.json") -> Path:
    log = []
    for e, (t, v, lr) in enumerate(zip(TRAIN, VAL, LR, strict=True)):
        log += [
            {"epoch": e + (k + 1) / 2, "step": 20 * e + 10 * k + 10, "loss": t, "learning_rate": lr} for k in (0, 1)
        ]
        log.append({"epoch": e + 1.0, "step": 20 * e + 20, "eval_loss": v, "eval_runtime": 3.0})
    log.append({"epoch": 30.0, "step": 600, "train_loss": 99.0, "train_runtime": 5.0})
    return document(folder / name, {"num_train_epochs": 40, "max_steps": 800, "log_history": log})


def evals_result(folder: Path) -> Path:
    content = {"train": {"auc": VAL, "logloss": TRAIN}, "eval": {"auc": VAL, "logloss": VAL}}
    return document(folder / "evals.json", content)


def catboost(folder: Path) -> Path:
    metrics = [{"best_value": "Max", "name": "AUC"}, {"best_value": "Min", "name": "Logloss"}]
    meta = {"learn_metrics": metrics, "test_metrics": metrics, "test_sets": ["test"], "iteration_count": 30}
    losses = enumerate(zip(TRAIN, VAL, strict=True))
    rounds = [{"iteration": i, "learn": [0.5, t], "test": [[0.5, v]], "passed_time": 1.0 + i} for i, (t, v) in losses]
    return document(folder / "catboost_info" / "catboost_training.json", {"meta": meta, "iterations": rounds})


def mlflow_files(folder: Path) -> Path:
    run = folder / "mlruns" / "0" / "a1b2"
    for metric, values in (("train_loss", TRAIN), ("val_loss", VAL)):
        file = run / "metrics" / metric
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{1_700_000_000_000 + 5000 * e} {v} {e}\n" for e, v in enumerate(values)))
    for path, text in (("tags/mlflow.runName", "calm-owl-1"), ("params/lr", "0.1"), ("meta.yaml", "run_id: a1b2\n")):
        (run / path).parent.mkdir(exist_ok=True)
        (run / path).write_text(text)
    return run / "meta.yaml"


def mlflow_sqlite(folder: Path) -> Path:
    """With the columns that every version of MLflow has had."""
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.executescript("""
            CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT);
            CREATE TABLE runs (run_uuid TEXT, name TEXT, experiment_id INTEGER, lifecycle_stage TEXT,
                               start_time BIGINT);
            CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOL);
            CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
            INSERT INTO experiments VALUES (0, 'Default');
            INSERT INTO runs VALUES ('a1', 'calm-owl-1', 0, 'active', 1), ('a2', 'gone', 0, 'deleted', 2);
            INSERT INTO params VALUES ('lr', '0.1', 'a1');
            """)
        points = [("train_loss", e, v) for e, v in enumerate(TRAIN)] + [("val_loss", e, v) for e, v in enumerate(VAL)]
        rows = [(key, value, 1_700_000_000_000 + 5000 * e, "a1", e, False) for key, e, value in points]
        database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
    database.close()
    return folder / "mlflow.db"


def varint(value: int) -> bytes:
    """A whole number in the wire format of protocol buffers."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def proto(*fields) -> bytes:
    """A message: whole numbers, floating-point numbers of 8 bytes, texts and messages, by their numbers."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        elif isinstance(value, float):
            out += varint(number << 3 | 1) + struct.pack("<d", value)
        else:
            content = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(content)) + content
    return out


def wandb_file(path: Path, records) -> Path:
    """A run file: LevelDB's log format with a header, each record in as many fragments as there are blocks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    out = bytearray(struct.pack("<4sHB", b":W&B", 0xBEE1, 0))
    for record in records:
        first, rest = True, record
        while first or rest:
            room = 32_768 - len(out) % 32_768
            if room < 7:
                out += bytes(room)
                continue
            part, rest = rest[: room - 7], rest[room - 7 :]
            kind = (1 if first else 4) if not rest else (2 if first else 3)
            out += struct.pack("<IHB", zlib.crc32(part, zlib.crc32(bytes([kind]))), len(part), kind) + part
            first = False
    path.write_bytes(bytes(out))
    return path


def wandb_items(values) -> list[tuple[int, bytes]]:
    return [(1, proto((1, name), (16, json.dumps(value)))) for name, value in values.items()]


def wandb_run(folder: Path) -> Path:
    config = proto(*wandb_items({"epochs": 40, "patience": 7, "lr_scheduler_type": "cosine"}))
    records = [proto((1, 1), (17, proto((1, "a1b2"), (4, config), (8, "calm-owl"))))]
    for e, (t, v) in enumerate(zip(TRAIN, VAL, strict=True)):
        row = {"epoch": e, "train/loss": t, "val/loss": v, "_step": e, "_runtime": 10.0 * (e + 1)}
        if e == 3:
            row["picture"] = "x" * 70_000  # a record over three blocks
        records.append(proto((1, e + 2), (2, proto(*wandb_items(row), (2, proto((1, e)))))))
    return wandb_file(folder / "wandb" / "run-1-a1b2" / "run-a1b2.wandb", records)


def event_file(folder: Path, scalars) -> Path:
    """An event file of scalars (wall time, step, tag, value): records of TFRecord with events of TensorFlow."""
    folder.mkdir(parents=True, exist_ok=True)
    events = [proto((1, 1.7e9), (3, "brain.Event:2"))]
    for time, step, tag, value in scalars:
        summary = proto((1, proto((1, tag)) + b"\x15" + struct.pack("<f", value)))
        events.append(proto((1, time), (2, step), (5, summary)))
    path = folder / f"events.out.tfevents.1700000000.host.{len(list(folder.iterdir()))}"
    with path.open("wb") as file:
        for event in events:
            length = struct.pack("<Q", len(event))
            checks = [struct.pack("<I", masked_crc32c(part)) for part in (length, event)]
            file.write(length + checks[0] + event + checks[1])
    return path


def tensorboard(folder: Path) -> Path:
    losses = enumerate(zip(TRAIN, VAL, strict=True))
    both = (("Loss/train", 0), ("Loss/val", 1))
    return event_file(folder / "runs", [(1.7e9 + 5 * e, e, tag, pair[k]) for e, pair in losses for tag, k in both])


def console_log(folder: Path) -> Path:
    """With colours, times in front and a bar that is overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    out = "Loading data (3 files)\n"
    for e, (t, v, lr) in enumerate(zip(TRAIN, VAL, LR, strict=True)):
        out += "  3%|▎    | 1/30 [00:01<00:29, loss=9.9]\r 50%|██   | 15/30 [00:15<00:15, loss=9.1]\r"
        out += f"[2025-03-06 08:{e:02d}:10,120] \x1b[32mINFO\x1b[0m Epoch [{e}/40] "
        out += f"train loss: {t} - val loss: {v}, lr: {lr}\n"
    path = folder / "train.log"
    path.write_text(out)
    return path


def notebook(folder: Path) -> Path:
    """The output of Keras, with the states of its bar on lines that were overwritten."""
    text = []
    for e, (t, v) in enumerate(zip(TRAIN, VAL, strict=True), start=1):
        text.append(f"Epoch {e}/30\n")
        text.append(
            "\x1b[1m 1/10\x1b[0m \x1b[32m━\x1b[0m\x1b[37m━━━\x1b[0m \x1b[1m0s\x1b[0m 4ms/step - loss: 9.9\x08\x08\x08"
        )
        text.append(f"\x1b[1m10/10\x1b[0m \x1b[32m━━━━\x1b[0m \x1b[1m4s\x1b[0m 40ms/step - loss: {t} - val_loss: {v}\n")
    output = {"output_type": "stream", "name": "stdout", "text": text}
    cells = [
        {"cell_type": "markdown", "source": ["loss: 0.5"]},
        {"cell_type": "code", "source": ["fit()"], "outputs": [output]},
    ]
    return document(folder / "run.ipynb", {"cells": cells, "nbformat": 4})


def yolo_results(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.txt"
    losses = enumerate(zip(TRAIN, VAL, strict=True))
    line = "{e:>10}{m:>10}{a!r:>24}{a!r:>24}{zero:>10}{t!r:>24}{n:>10}{n:>10}{s}{v!r:>24} 0.0 0.0\n"
    parts = {"m": "3.1G", "zero": "0", "n": 8, "s": "       0.5" * 4}
    path.write_text("".join(line.format(e=f"{e}/29", a=t / 2, t=t, v=v, **parts) for e, (t, v) in losses))
    return path


def allennlp(folder: Path) -> Path:
    for e, (t, v) in enumerate(zip(TRAIN, VAL, strict=True)):
        both = {"epoch": e, "training_loss": t, "validation_loss": v, "best_validation_loss": min(VAL[: e + 1])}
        path = document(folder / f"metrics_epoch_{e}.json", both)
    return path


def dvclive(folder: Path) -> Path:
    for name, values in (("train/loss", TRAIN), ("val/loss", VAL)):
        path = folder / "dvclive" / "plots" / "metrics" / f"{name}.tsv"
        rows = list(enumerate(values))
        write_csv(path, ["step", name.split("/")[1]], rows, delimiter="\t")
    return path


def pickled(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "history.pkl"
    path.write_bytes(pickle.dumps({"loss": [np.float32(t) for t in TRAIN], "val_loss": np.array(VAL)}))
    return path


def loss_file(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "train_loss.txt"
    path.write_text("".join(f"{loss!r}\n" for loss in TRAIN))
    (folder / "val_loss.txt").write_text("".join(f"{loss!r}\n" for loss in VAL))
    return path


FORMATS = {
    "CSV": keras_csv,
    "CSV of Lightning": lightning_csv,
    "Ultralytics": ultralytics_csv,
    "Weights & Biases chart": wandb_chart,
    "JSON lines": wandb_lines,
    "JSON lines with modes": modes,
    "JSON history": keras_json,
    "Hugging Face": trainer_state,
    "loss file": loss_file,
    "evals_result": evals_result,
    "CatBoost": catboost,
    "MLflow files": mlflow_files,
    "MLflow SQLite": mlflow_sqlite,
    "TensorBoard": tensorboard,
    "Weights & Biases run": wandb_run,
    "console log": console_log,
    "YOLO results.txt": yolo_results,
    "AllenNLP": allennlp,
    "DVCLive": dvclive,
    "pickled history": pickled,
    "notebook": notebook,
}
"""What writes the training in each format that needs no library, by the reader's name."""
