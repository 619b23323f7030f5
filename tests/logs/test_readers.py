import json

import pytest

from convergence_callbacks.logs import ColumnChoice, LogError, Run, read_logs
from convergence_callbacks.logs.read import known_readers
from tests.logs.make import (
    FORMATS,
    LR,
    TRAIN,
    VAL,
    assumed_in,
    document,
    event_file,
    keras_csv,
    lightning_csv,
    lines,
    mlflow_files,
    trainer_state,
    wandb_run,
    write_csv,
)


def losses(run):
    return [o.train_loss for o in run.observations], [o.val_loss for o in run.observations]


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_the_training_that_was_logged(name, tmp_path):
    run, *more = read_logs(FORMATS[name](tmp_path))
    assert run.format == name.split(" of ")[0].split(" with ")[0]
    assert losses(run) == (pytest.approx(TRAIN, rel=1e-5), pytest.approx(VAL, rel=1e-5))  # some hold 32 bits
    assert [o.step for o in run.observations] == list(range(30))
    assert len(more) == (name == "Weights & Biases chart")


@pytest.mark.parametrize("name", ["CSV", "CSV of Lightning", "Ultralytics", "JSON history", "Hugging Face"])
def test_the_learning_rate_is_read_too(name, tmp_path):
    (run,) = read_logs(FORMATS[name](tmp_path))
    assert [o.lr for o in run.observations] == pytest.approx(LR)


@pytest.mark.parametrize(("name", "seconds"), [("Ultralytics", 300), ("JSON lines", 300), ("MLflow files", 145)])
def test_time_is_counted_from_the_start_or_else_the_first_entry(name, seconds, tmp_path):
    (run,) = read_logs(FORMATS[name](tmp_path))
    assert run.seconds == pytest.approx(seconds)


def test_a_folder_with_all_formats_and_junk_loses_none(tmp_path):
    for name, write in FORMATS.items():
        write(tmp_path / name)
    (tmp_path / "data.csv").write_text("id,label\n1,2\n")
    (tmp_path / "config.json").write_text('{"a": [1, 2]}')
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "notes.txt").write_text("The loss, and the val_loss, were fine.\nepoch 1, ok, yes\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "broken.json").write_text('{"loss": [1, 2')
    found = list(read_logs(tmp_path))
    runs = [each for each in found if isinstance(each, Run)]
    assert len(runs) == len(FORMATS) + 1 and len({run.name for run in runs}) == len(runs)
    (problem,) = [each for each in found if isinstance(each, LogError)]
    assert str(problem).startswith(f"{tmp_path / 'broken.json'}, line 1: it is no whole JSON")


def test_every_reader_that_ships_is_tried(tmp_path):
    tried = {name.split(" of ")[0].split(" with ")[0] for name in FORMATS} | {
        "TensorBoard",
        "decision record",
        "TensorBoard CSV",
        "Git LFS pointer",
        "CatBoost errors",  # these two in test_further_formats
        "DeepLabCut",
    }
    assert {reader.name for reader in known_readers()} <= tried


def write_events(folder, tags):
    """An event file with a value of each tag at each step."""
    steps = enumerate(zip(*tags.values(), strict=True))
    event_file(folder, [(1.7e9 + 5 * e, e, tag, v) for e, values in steps for tag, v in zip(tags, values, strict=True)])


def test_tensorboard_of_one_folder_and_of_keras_with_two(tmp_path):

    def write(folder, tag, values):
        write_events(folder, {tag: values})

    write(tmp_path / "keras" / "train", "epoch_loss", TRAIN)
    write(tmp_path / "keras" / "validation", "epoch_loss", VAL)
    write(tmp_path / "torch", "Loss/train", TRAIN)
    write(tmp_path / "torch", "Loss/val", VAL)
    runs = list(read_logs(tmp_path))
    assert [run.name for run in runs] == ["keras", "torch"]
    for run in runs:
        assert losses(run) == (pytest.approx(TRAIN, rel=1e-5), pytest.approx(VAL, rel=1e-5))
        assert (run.seconds, run.unit) == (145, "epoch")
    (file,) = (tmp_path / "keras" / "validation").iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    (cut,) = read_logs(tmp_path / "keras")
    assert len(cut.observations) == 29 and any("in the middle of a record" in note for note in cut.notes)


def test_of_yolo_s_event_files_the_loss_is_the_sum_of_its_parts(tmp_path):
    tags = {
        f"{data}/{part}_loss": values for data, values in (("train", TRAIN), ("val", VAL)) for part in ("box", "cls")
    }
    write_events(tmp_path / "run", {**tags, "metrics/mAP50(B)": VAL, "lr/pg0": LR})
    (run,) = read_logs(tmp_path)
    assert losses(run) == (
        pytest.approx([2 * t for t in TRAIN], rel=1e-5),
        pytest.approx([2 * v for v in VAL], rel=1e-5),
    )
    assert "'val/loss' is the sum of 'val/box_loss', 'val/cls_loss'" in assumed_in(run) and run.columns.lr == "lr/pg0"


WEIGHTED = ["epoch", *(f"{data}/{part}" for data in ("train", "val") for part in ("loss", "recon_loss", "kl_loss"))]


def weighted(folder):
    """A loss that is logged, and its parts, of which one hardly counts."""
    rows = [
        (e, *(number for loss in both for number in (loss, loss - 0.001 * e, e)))
        for e, both in enumerate(zip(TRAIN, VAL, strict=True))
    ]
    return write_csv(folder / "metrics.csv", WEIGHTED, rows)


@pytest.mark.parametrize("whole", ["loss", "total_loss"])
def test_a_loss_that_is_logged_beside_its_parts_is_not_their_sum(whole, tmp_path):
    path = weighted(tmp_path)
    path.write_text(path.read_text().replace("n/loss", f"n/{whole}").replace("l/loss", f"l/{whole}"))
    (run,) = read_logs(path)
    assert losses(run) == (TRAIN, VAL) and run.columns.val == f"val/{whole}" and run.notes == ()


def test_of_event_files_too_a_loss_that_is_logged_is_not_the_sum_of_its_parts(tmp_path):
    tags = {"train/loss": TRAIN, "train/kl_loss": LR, "val/loss": VAL, "val/kl_loss": LR}
    write_events(tmp_path / "run", tags)
    (run,) = read_logs(tmp_path)
    assert losses(run) == (pytest.approx(TRAIN, rel=1e-5), pytest.approx(VAL, rel=1e-5))


def test_a_part_of_the_loss_can_be_named_and_is_compared_with_the_same_part(tmp_path):
    (run,) = read_logs(weighted(tmp_path), ColumnChoice(val="val/kl_loss"))
    assert losses(run) == (list(range(30)), list(range(30))) and run.columns.train == "train/kl_loss"
    (run,) = read_logs(FORMATS["Ultralytics"](tmp_path), ColumnChoice(val="val/box_loss"))
    assert losses(run)[1] == pytest.approx([v / 4 for v in VAL]) and run.notes == ()


def test_event_files_as_tensorboard_s_own_writer_writes_them(tmp_path):
    pytest.importorskip("tensorboard", reason="needs the extra tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util import tensor_util

    events = EventFileWriter(str(tmp_path))
    scalars = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
    for step, (t, v) in enumerate(zip(TRAIN, VAL, strict=True)):
        tensor = tensor_util.make_tensor_proto(v)
        values = [
            Summary.Value(tag="a/loss", simple_value=t),
            Summary.Value(tag="val/loss", tensor=tensor, metadata=scalars),
        ]
        events.add_event(Event(wall_time=1.7e9 + step, step=step, summary=Summary(value=values)))
        histogram = Summary.Value(tag="h", tensor=tensor_util.make_tensor_proto([1.0, 2.0]), metadata=scalars)
        events.add_event(Event(wall_time=1.7e9 + step, step=step, summary=Summary(value=[histogram])))
    events.close()
    (run,) = read_logs(tmp_path, ColumnChoice(train="a/loss"))
    assert losses(run) == (pytest.approx(TRAIN, rel=1e-5), pytest.approx(VAL, rel=1e-5)) and run.seconds == 29


def test_a_run_of_weights_and_biases_tells_its_name_budget_and_patience(tmp_path):
    (run,) = read_logs(wandb_run(tmp_path))
    assert run.name.endswith("calm-owl") and (run.planned, run.patience, run.schedule) == (40, 7, "cosine")
    assert run.seconds == 300 and run.metadata["epochs"] == 40


def test_of_many_checkpoints_the_newest_tells_the_run(tmp_path):
    for step in (5, 10, 100):
        trainer_state(tmp_path / f"checkpoint-{step}")
    (run,) = read_logs(tmp_path)
    assert run.path == tmp_path / "checkpoint-100" / "trainer_state.json" and run.planned == 40


def test_a_checkpoint_that_came_further_than_the_state_above_it_tells_the_run(tmp_path):
    document(trainer_state(tmp_path), {"global_step": 100, "log_history": [{"epoch": 1, "step": 100, "eval_loss": 1}]})
    trainer_state(tmp_path / "checkpoint-100")
    (run,) = read_logs(tmp_path)
    assert run.path == tmp_path / "trainer_state.json"
    trainer_state(tmp_path / "checkpoint-600")
    for named in (tmp_path, tmp_path / "trainer_state.json", tmp_path / "checkpoint-100" / "trainer_state.json"):
        (run,) = read_logs(named)
        assert run.path == tmp_path / "checkpoint-600" / "trainer_state.json"


def test_validation_between_epochs_counts_validations(tmp_path):
    log = [{"epoch": 0.1 * k, "step": 10 * k, "eval_loss": 1 / k} for k in range(1, 8)]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": log, "num_train_epochs": 1}))
    (run,) = read_logs(tmp_path)
    assert (run.unit, run.steps, run.planned) == ("evaluation", 7, None)


def test_an_evaluation_after_the_training_changes_neither_epochs_nor_budget(tmp_path):
    path = trainer_state(tmp_path)
    state = json.loads(path.read_text())
    state["log_history"].append({"epoch": 30.0, "step": 600, "eval_loss": min(VAL)})
    (run,) = read_logs(document(path, state))
    assert (run.unit, run.planned, losses(run)) == ("epoch", 40, (pytest.approx(TRAIN), VAL))


def test_names_of_mlflow_and_its_parameters(tmp_path):
    (run,) = read_logs(mlflow_files(tmp_path).parent.parent.parent)
    assert run.name.endswith("calm-owl-1") and dict(run.metadata) == {"lr": "0.1"}


def test_reading_mlflow_changes_nothing(tmp_path):
    FORMATS["MLflow SQLite"](tmp_path / "a")
    mlflow_files(tmp_path / "b")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert len(list(read_logs(tmp_path))) == 2
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_histories_of_several_folds_are_a_run_each(tmp_path):
    folds = {"fold0": {"loss": TRAIN, "val_loss": VAL}, "fold1": {"loss": VAL, "val_loss": TRAIN}}
    first, second = read_logs(document(tmp_path / "cv.json", {**folds, "fold2": {"loss": [1, 2], "val_loss": [1]}}))
    assert (first.name, second.name) == ("cv.json fold0", "cv.json fold1")
    assert (losses(first), losses(second)) == ((TRAIN, VAL), (VAL, TRAIN))
    assert "left out: 'fold2': the lists differ in length" in second.notes[0]


@pytest.mark.parametrize("before", [{"model": {"layers": [64, 32], "drop": [0.1]}}, {"callbacks": [{"name": "a"}]}])
def test_a_history_behind_other_lists_is_found(before, tmp_path):
    document(tmp_path / "a.json", {**before, "sizes": [1, 2], "history": {"loss": TRAIN, "val_loss": VAL}})
    (run,) = read_logs(tmp_path)
    assert (run.name, losses(run)) == ("a.json", (TRAIN, VAL))


def test_histories_of_training_and_validation_are_one_run(tmp_path):
    parts = {"train": {"loss": TRAIN}, "val": {"loss": VAL}}
    (run,) = read_logs(document(tmp_path / "a.json", {"seed": 1, **parts}))
    assert losses(run) == (TRAIN, VAL)


def test_lists_of_different_length_are_refused(tmp_path):
    (tmp_path / "history.json").write_text(json.dumps({"loss": [1, 2, 3], "val_loss": [1, 2]}))
    with pytest.raises(LogError, match=r"history\.json: the lists differ in length.*'loss' 3, 'val_loss' 2"):
        list(read_logs(tmp_path / "history.json"))


@pytest.mark.parametrize("rises", ["auc_mu", "f1_score", "ndcg@5", "custom_score"])
def test_of_boosted_trees_a_metric_that_rises_is_no_loss(rises, tmp_path):
    lists = {data: {rises: VAL, "multi_logloss": VAL} for data in ("training", "valid_0")}
    (run,) = read_logs(document(tmp_path / "a.json", lists))
    assert (run.columns.train, run.columns.val) == ("training/multi_logloss", "valid_0/multi_logloss")
    with pytest.raises(LogError, match="no metric is a loss that falls; name one with --val-metric"):
        list(read_logs(document(tmp_path / "b.json", {"training": {rises: VAL}})))


def test_a_table_of_one_column_is_read(tmp_path):
    (run,) = read_logs(write_csv(tmp_path / "a.csv", ["loss"], [[t] for t in TRAIN]))
    assert losses(run)[0] == TRAIN
    (run,) = read_logs(write_csv(tmp_path / "b.csv", ["fit"], [[t] for t in TRAIN]), ColumnChoice(val="fit"))
    assert losses(run)[1] == TRAIN


def test_a_reader_of_somebody_else_comes_first_and_its_failure_loses_no_other_log(tmp_path, monkeypatch):
    import importlib.metadata

    from convergence_callbacks.logs import Claim, Reader, read

    class Mine(Reader):
        name = "mine"

        def recognise(self, path, head):
            return Claim(0.4, "its name") if path.suffix == ".mine" else None

        def read(self, path, choice):
            raise RuntimeError("broken")

    class Entry:
        def load(self):
            return Mine

    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [Entry()])
    read.known_readers.cache_clear()
    (tmp_path / "a.mine").write_text("x")
    keras_csv(tmp_path)
    problem, run = read_logs(tmp_path)
    read.known_readers.cache_clear()
    assert "the reader of mine failed: RuntimeError('broken')" in str(problem) and run.format == "CSV"


def test_a_named_file_that_is_no_log_says_what_is_known(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\0\1")
    with pytest.raises(LogError, match=r"a\.bin: it is of no known format; known are Git LFS pointer, decision record"):
        list(read_logs(tmp_path / "a.bin"))


def test_several_evaluations_an_epoch_are_kept(tmp_path):
    records = [{"epoch": k // 4, "step": 10 * k, "val_loss": 1 / (k + 1)} for k in range(12)]
    (run,) = read_logs(lines(tmp_path / "a.jsonl", records))
    assert (run.unit, run.steps) == ("evaluation", 12)


def test_lightning_names_the_folder_not_the_file(tmp_path):
    lightning_csv(tmp_path)
    (run,) = read_logs(tmp_path)
    assert run.name == "version_0"


def test_two_counters_without_times_are_not_put_together(tmp_path):
    """Of a validation loss that was cut in the middle no train loss is averaged over epochs that it does not have."""
    metrics = tmp_path / "dvclive" / "plots" / "metrics"
    for name, count in (("train", 24), ("val", 4)):
        (metrics / name).mkdir(parents=True)
        rows = "".join(f"{step}\t{1 / (1 + step)}\n" for step in range(count))
        (metrics / name / "loss.tsv").write_text(f"step\tloss\n{rows}")
    (run,) = read_logs(tmp_path)
    assert [seen.train_loss for seen in run.observations[:4]] == [1 / (1 + step) for step in range(4)]
