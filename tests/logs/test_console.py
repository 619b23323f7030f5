"""What loops print, as their authors write it; and what only looks like it."""

# ruff: noqa: E501  # lines as they are printed

import json

import pytest

from convergence_callbacks.logs import ColumnChoice, LogError, read_logs
from convergence_callbacks.logs.console_line import record_of

TRAIN = [2.25, 1.5, 1.125, 0.875, 0.75, 0.625]
VAL = [2.375, 1.75, 1.375, 1.125, 1.0, 0.9375]
PAIRS = list(enumerate(zip(TRAIN, VAL, strict=True), start=1))

KERAS = "Epoch {e}/6\n10/10 [==============================] - 4s 40ms/step - loss: {t} - acc: 0.5 - val_loss: {v} - val_acc: 0.4\n"
NNUNET = """2025-01-01 10:0{e}:00.123456: Epoch {e}
2025-01-01 10:0{e}:00.123999: Current learning rate: 0.01
2025-01-01 10:0{e}:30.123456: train_loss {t}
2025-01-01 10:0{e}:30.123957: val_loss {v}
2025-01-01 10:0{e}:30.124457: Pseudo dice [0.81, 0.7]
2025-01-01 10:0{e}:30.124957: Epoch time: 30.1 s
"""
FORMS = {
    "brackets": "Epoch [{e}/6] train loss: {t} val loss: {v}\n",
    "commas": "epoch {e}, train_loss={t}, val_loss={v}, lr=1e-3\n",
    "bars": "| epoch {e:3d} | time: 5.21s | train loss {t:5.4f} | valid loss {v:5.4f} | valid ppl 8.1\n",
    "logger": "2025-05-15 22:5{e}:17,398 - root - INFO - Epoch: {e} | Train Loss: {t} | Val. Loss: {v}\n",
    "time of day": "[22:5{e}:17] epoch={e} loss={t} val_loss={v}\n",
    "dash": "Epoch {e} - avg_train_loss: {t}  avg_val_loss: {v}  time: 35s\n",
    "two lines": "Epoch: {e:02d}\n\tTrain Loss: {t} | Train PPL: 7.2\n\t Val. Loss: {v} |  Val. PPL: 6.1\n",
    "phases": "Epoch {e}/6\n----------\ntrain Loss: {t} Acc: 0.51\nval Loss: {v} Acc: 0.52\n\n",
    "Keras": KERAS,
    "nnU-Net": NNUNET,
    "Hugging Face": "{{'loss': {t}, 'grad_norm': 1.5, 'epoch': {e}.0}}\n{{'eval_loss': {v}, 'eval_runtime': 2.5, 'epoch': {e}.0}}\n",
    "Hugging Face 5": "{{'loss': '{t}', 'epoch': '{e}'}}\n 50%|██   | 5/10 [00:05<00:05,  1.1it/s]{{'eval_loss': '{v}', 'epoch': '{e}'}}\n",
    "fairseq": '2025-03-08 12:0{e}:36 | INFO | train | {{"epoch": {e}, "train_loss": "{t}"}}\n2025-03-08 12:0{e}:50 | INFO | valid | {{"epoch": {e}, "valid_loss": "{v}"}}\n',
    "old fairseq": "| epoch {e:03d} | loss {t} | ppl 9\n| epoch {e:03d} | valid on 'valid' subset | loss {v} | ppl 9\n",
    "MNIST": "Train Epoch: {e} [640/6400 (10%)]\tLoss: {t}\n\nTest set: Average loss: {v}, Accuracy: 9826/10000 (98%)\n\n",
    "Lightning's bar": "Epoch {e}:  50%|███  | 5/10 [00:10<00:10, loss=9.9]\rEpoch {e}: 100%|█████| 10/10 [00:20<00:00, train_loss={t}, val_loss={v}]\n",
    "a logger's name": "INFO:root:epoch={e} train_loss={t} val_loss={v} | train_loss {t} val_loss {v}\n",
    "shares behind": ">>> Ep {e}: Loss {t} | ACC 33.98% | val_loss {v} | Early Stop: 99.6%\n",
    "settings before": "epochs: 200, lr: 0.1\nNamespace(lr=0.5, loss=3, epochs=90)\nEpoch {e} train_loss {t} val_loss {v}\n",
    "ImageNet's last mean of batches": "Epoch: [{e}][ 0/20]\tTime 0.5 (0.5)\tLoss {t} (9.0)\nEpoch: [{e}][10/20]\tTime 0.5 (0.5)\tLoss {t} (8.0)\n"
    "Test: [0/8]\tTime 0.5 (0.5)\tLoss 7.0 (7.0)\nPrec@1 50.0 (50.0)\nTest: [4/8]\tTime 0.5 (0.5)\tLoss 1.0 ({v})\n",
    "DeiT's loss behind Acc@1": "Epoch: [{e}]  [0/9]  eta: 0:01:00  lr: 0.1  loss: {t} ({t})  time: 1.5\nAveraged stats: lr: 0.1  loss: 7.0 (7.5)\n"
    "* Acc@1 50.1 Acc@5 70.2 loss {v}\n",
    "a level before": "2025-01-01 10:00:0{e},123 INFO Epoch {e} train loss: {t} val loss: {v}\n",
    "an eta before": "2019-07-25 00:00:58,167 trainer INFO: eta: 1 day, 2:01:04  epoch: {e}  loss: {t} (9.0)  val_loss: {v} (9.0)\n",
    "a date of its own": "20200204-19:54:00 Train Epoch: {e}/6 ...\n20200204-20:09:01     total_loss: {t} val_loss: {v}\n",
    "best beside": "Epoch {e} train loss: {t} val loss: {v} best val loss: 0.1\n",
    "colours": "\x1b[36mEpoch\x1b[0m \x1b[1m{e}\x1b[0m/6: \x1b[32mtrain loss\x1b[0m = {t}; val loss = {v}\n",
    "carriage returns": "Epoch {e} train_loss 9.9 val_loss 9\rEpoch {e}: 50%|██  | 5/10 [00:01<00:01]\rEpoch {e} train_loss {t} val_loss {v}\r\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["train.log", "nohup.out", "slurm-12.out", "log"])
def test_regular_lines_are_read(form, name, tmp_path):
    path = tmp_path / name
    path.write_text(
        "Loading 3 files from /data/x1 ...\n" + "".join(FORMS[form].format(e=e, t=t, v=v) for e, (t, v) in PAIRS)
    )
    (run,) = read_logs(path)
    assert [each.train_loss for each in run.observations] == TRAIN
    assert [each.val_loss for each in run.observations] == VAL
    assert (run.unit, run.number(0)) == ("epoch", 1)


def test_steps_are_evaluations_between_which_other_lines_may_stand(tmp_path):
    lines = "".join(
        f"step {250 * e}: train loss {t}, val loss {v}\niter {250 * e}: loss 9.9, time 20.1ms, mfu 3.1%\n"
        for e, (t, v) in PAIRS
    )
    (tmp_path / "out.txt").write_text(lines)
    (run,) = read_logs(tmp_path)
    assert [each.train_loss for each in run.observations] == TRAIN and run.unit == "evaluation"
    assert [each.val_loss for each in run.observations] == VAL


def test_losses_of_batches_give_way_to_those_of_the_epoch(tmp_path):
    lines = "".join(
        f"Epoch {e} batch 10/20 loss: 9.0\nEpoch {e} batch 20/20 loss: 9.1\nEpoch {e} loss: {t} val_loss: {v}\n"
        for e, (t, v) in PAIRS
    )
    (tmp_path / "a.log").write_text(lines)
    (run,) = read_logs(tmp_path)
    assert [each.train_loss for each in run.observations] == TRAIN


def test_what_was_recognised_is_shown_with_its_pattern_and_three_examples(tmp_path):
    (tmp_path / "a.log").write_text("".join(FORMS["brackets"].format(e=e, t=t, v=v) for e, (t, v) in PAIRS))
    (run,) = read_logs(tmp_path)
    lines = [line for line in run.explained() if "pattern" in line or "such as" in line]
    assert lines[0] == "6 lines are read by the pattern 'Epoch [#/#] train loss: # val loss: #'"
    assert lines[1] == "such as 'Epoch [1/6] train loss: 2.25 val loss: 2.375'" and len(lines) == 4
    assert run.planned == 6


def test_two_equally_good_readings_are_refused(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("".join(f"epoch {e} loss {t} val_loss {v} eval_loss {v + 1}\n" for e, (t, v) in PAIRS))
    with pytest.raises(LogError, match="'val_loss', 'eval_loss' may each be the validation loss"):
        list(read_logs(path))
    (run,) = read_logs(path, ColumnChoice(val="eval_loss"))
    assert run.observations[0].val_loss == VAL[0] + 1


def test_a_text_that_speaks_of_a_loss_is_no_log(tmp_path):
    (tmp_path / "README.txt").write_text(
        "We got a loss of 0.5 in 2021.\nRun it with 3 workers; the epoch takes 5 minutes.\n"
    )
    (tmp_path / "requirements.txt").write_text("torch==2.1.0\nlosses>=1.2\n")
    assert list(read_logs(tmp_path)) == []


def test_examples_that_are_numbered_by_part_are_no_losses(tmp_path):
    (tmp_path / "a.log").write_text("".join(f"example train {k}\nexample loss of rank {k}\n" for k in range(9)))
    assert list(read_logs(tmp_path)) == []


def test_epochs_that_start_over_are_another_training(tmp_path):
    once = "".join(FORMS["commas"].format(e=e, t=t, v=v) for e, (t, v) in PAIRS)
    (tmp_path / "a.log").write_text(once + once)
    assert [run.steps for run in read_logs(tmp_path)] == [6, 6]


def test_a_long_beginning_does_not_hide_the_losses(tmp_path):
    lines = "".join(FORMS["commas"].format(e=e, t=t, v=v) for e, (t, v) in PAIRS)
    (tmp_path / "a.log").write_text("layer weight shape [64, 64]\n" * 5000 + lines)
    (run,) = read_logs(tmp_path)
    assert run.steps == 6


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("epoch 3: loss 0.5%, acc 12%", {}),
        ("GPU0 16.5GB step time 20ms", {}),
        ("loss v1.2.3 2024-01-01", {}),
        ("acc@1 0.5 acc@5 0.7", {}),
        ("INFO:absl:guid: train-1", {}),
        ("loss: nan, val_loss: -inf", {"val_loss": float("-inf")}),
    ],
)
def test_numbers_with_a_unit_or_in_a_name_are_none(line, values):
    record = record_of(1, line)
    found = {} if record is None else {name: value for name, value in record.values.items() if value == value}
    assert {name: value for name, value in found.items() if "acc@" not in name} == values


def test_a_loss_on_bars_of_two_lengths_is_refused(tmp_path):
    path = tmp_path / "a.log"
    path.write_text(
        "".join(
            f"loss: {t} ||: 100%|####| 50/50 [00:05<00:00]\nloss: {v} ||: 100%|####| 8/8 [00:01<00:00]\n"
            for _, (t, v) in PAIRS
        )
    )
    with pytest.raises(LogError, match="bars of 8 and 50 batches, and nothing says"):
        list(read_logs(path))


def test_of_a_last_line_without_an_end_what_is_surely_whole_is_taken(tmp_path):
    path = tmp_path / "a.log"
    lines = "".join(f"epoch {e}: train loss {t} - val loss {v} - acc 0.5\n" for e, (t, v) in PAIRS)
    path.write_text(lines.rstrip("\n"))
    (run,) = read_logs(path)
    assert run.observations[-1].val_loss == VAL[-1]
    path.write_text(lines.removesuffix(" - acc 0.5\n"))
    (run,) = read_logs(path)
    assert run.observations[-1].val_loss == VAL[-2]


def test_lines_of_openmmlab_are_put_together_by_epoch(tmp_path):
    lines = "".join(
        f"2023/06/05 20:1{e}:{k}0 - mmengine - INFO - Epoch(train)  [{e}][{k}/2]  lr: 4.0e-03  eta: 4:59:11  time: 9.97  data_time: 9.0  loss: {t}  loss_kpt: 9\n"
        for e, (t, _) in PAIRS
        for k in (1, 2)
    )
    (tmp_path / "20230605_200941.log").write_text(lines)
    (run,) = read_logs(tmp_path)
    assert [each.train_loss for each in run.observations] == TRAIN and (run.seconds, run.unit) == (300, "epoch")


def cells(*outputs):
    return json.dumps({"cells": [{"cell_type": "code", "outputs": [output]} for output in outputs], "nbformat": 4})


def test_each_cell_of_a_notebook_is_a_training(tmp_path):
    stream = {"output_type": "stream", "name": "stdout", "text": [KERAS.format(e=e, t=t, v=v) for e, (t, v) in PAIRS]}
    (tmp_path / "a.ipynb").write_text(cells(stream, {"output_type": "stream", "text": "done"}, stream))
    assert [run.name for run in read_logs(tmp_path)] == ["a.ipynb cell 1", "a.ipynb cell 3"]


def test_the_table_of_a_notebook_s_trainer_is_read(tmp_path):
    rows = "".join(f"<tr><td>{e}</td><td>{t}</td><td>{v}</td></tr>" for e, (t, v) in PAIRS)
    html = f"<p>[60/60 00:10]</p><table><thead><tr><th>Epoch</th><th>Training Loss</th><th>Validation Loss</th></tr></thead><tbody>{rows}</tbody></table>"
    output = {"output_type": "display_data", "data": {"text/html": [html], "text/plain": ["<IPython>"]}}
    (tmp_path / "a.ipynb").write_text(cells(output))
    (run,) = read_logs(tmp_path)
    assert [each.val_loss for each in run.observations] == VAL and run.observations[0].train_loss == TRAIN[0]


def observed(folder, lines, name="train.log"):
    """The only run of a log with these lines."""
    (folder / name).write_text(lines)
    (run,) = read_logs(folder)
    return run


SHORT = {
    # https://github.com/karpathy/llm.c, llmc/logger.h: fprintf(logfile, "s:%d tel:%.4f\n", …) and "s:%d trl:%.4f lr:%.6f norm:%.2f\n"
    "llm.c": "s:{s} tel:{v}\ns:{s} trl:{t} lr:0.000100 norm:1.5\n",
    # https://github.com/karpathy/build-nanogpt, train_gpt2.py: f.write(f"{step} val {val_loss_accum.item():.4f}\n")
    "build-nanogpt": "{s} val {v:.4f}\n{s} hella 0.2413\n{s} train {t:.6f}\n",
    # https://github.com/clovaai/deep-text-recognition-benchmark, train.py
    "a counter in front": "[{s}/5000] Train loss: {t:0.5f}, Valid loss: {v:0.5f}, Elapsed_time: 3.5\nCurrent_accuracy : 96.1\n",
}


@pytest.mark.parametrize("form", SHORT)
def test_what_is_written_in_short_is_read_by_its_steps(form, tmp_path):
    run = observed(tmp_path, "".join(SHORT[form].format(s=250 * (e - 1), t=t, v=v) for e, (t, v) in PAIRS))
    assert [each.val_loss for each in run.observations] == pytest.approx(VAL, abs=1e-4)
    assert [each.train_loss for each in run.observations] == pytest.approx(TRAIN, abs=1e-4)
    assert run.unit == "evaluation"


TRAIN_ONLY = {
    # Deeplearning4j's ScoreIterationListener: log.info("Score at iteration {} is {}", …)
    "Deeplearning4j": "06:41:14.384 [main] INFO o.d.o.l.ScoreIterationListener - Score at iteration {s} is {t}\n",
    "ordinals": "current step: {s}th step\nbatch loss:{t}\n",
    "cross entropy": "2017-04-09 05:42:{e:02d}.279791: Step {s}: Cross entropy = {t}\n",
    "linked": "{s}/9999 in 0 epoch finished, Loss is {t} Acc is 0.7\n",
}


@pytest.mark.parametrize("form", TRAIN_ONLY)
def test_a_loss_of_steps_is_read_by_whatever_counts_it(form, tmp_path):
    lines = "".join(TRAIN_ONLY[form].format(s=10 * e, e=e, t=t) for e, t in enumerate(TRAIN, start=1))
    run = observed(tmp_path, lines)
    train = [each.train_loss for each in run.observations]
    assert train == (TRAIN if form != "linked" else [pytest.approx(sum(TRAIN) / len(TRAIN))])
    assert run.unit == ("step" if form != "linked" else "epoch")


def test_two_counters_without_names_are_the_epoch_and_the_batch(tmp_path):
    lines = "".join(f"[{e}/6][{b}/9] global_step: {9 * e + b}, loss: {t}\n" for e, (t, _) in PAIRS for b in (0, 5))
    run = observed(tmp_path, "resume from model.pth (epoch 37)\n" + lines)
    assert [each.train_loss for each in run.observations] == TRAIN
    assert (run.unit, run.number(0), run.planned) == ("epoch", 1, 6)


def test_batches_named_by_an_id_give_way_to_the_epoch(tmp_path):
    run = observed(
        tmp_path,
        "".join(f"epoch: {e}, batch_id: {b}, loss:9.0\n" for e, _ in PAIRS[:1] for b in (0, 500))
        + "".join(f"epoch: {e} done, loss:{t}\nepoch: {e + 1}, batch_id: 0, loss:9.0\n" for e, (t, _) in PAIRS),
    )
    assert [each.train_loss for each in run.observations][:5] == TRAIN[:5]


def test_a_loss_of_each_picture_is_no_training(tmp_path):
    (tmp_path / "a.log").write_text(
        "".join(f"iter training/x_{e}.jpg, loss: {t}, accuracy: 0.7\n" for e, (t, _) in PAIRS)
    )
    assert list(read_logs(tmp_path)) == []


def test_the_best_so_far_is_no_validation_loss(tmp_path):
    run = observed(tmp_path, "".join(f"epoch {e} loss: {t}\nget best test loss {v}\n" for e, (t, v) in PAIRS))
    assert run.columns.val is None and [each.train_loss for each in run.observations] == TRAIN


def test_a_rate_of_the_settings_is_not_that_of_the_training(tmp_path):
    lines = "[config] lr-decay: 0\n[config] lr-decay: 0\n" + "".join(
        f"changing lr from 0.5 to 0.4\nEpoch {e} train loss {t} val loss {v}\n" for e, (t, v) in PAIRS
    )
    assert observed(tmp_path, lines).columns.lr is None


YOLO = """
      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size
\r      {e}/6      6.15G      9.5        9.5          9         49        736:  50%|█████     | 1/2 [00:01<00:01]\r      {e}/6      6.15G   {b}   {c}   {d}         49        736: 100%|██████████| 2/2 [00:02<00:00]
                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95): 100%|██████████| 1/1 [00:01<00:00]
                   all        195        882    0.00955      0.359    0.00496   0.000785
"""


def test_yolo_s_table_is_summed_as_it_stood_at_the_end_of_each_epoch(tmp_path):
    lines = "".join(YOLO.format(e=e, b=t / 2, c=t / 4, d=t / 4) for e, t in enumerate(TRAIN, start=1))
    run = observed(tmp_path, lines, "nohup.out")
    assert [each.train_loss for each in run.observations] == pytest.approx(TRAIN)
    assert (run.unit, run.number(0), run.planned) == ("epoch", 1, 6)


def test_a_total_in_yolo_s_table_is_not_counted_twice(tmp_path):
    head = "     Epoch   gpu_mem       box       obj       cls     total    labels  img_size\n"
    row = "       {e}/5     2.28G   0.5   0.25         0    {t}       142       640: 100%|████| 38/38 [00:09<00:00]\n"
    run = observed(tmp_path, "".join(head + row.format(e=e, t=t) for e, t in enumerate(TRAIN)))
    assert [each.train_loss for each in run.observations] == TRAIN
    assert (run.number(0), run.planned) == (0, 6)


def test_allennlp_s_bars_of_equal_length_are_refused(tmp_path):
    path = tmp_path / "stderr.log"
    path.write_text(
        "".join(f"accuracy: 0.5, loss: {x} ||: 100%|####| 1/1 [00:00<00:00]\n" for _, p in PAIRS for x in p)
    )
    with pytest.raises(
        LogError, match="AllenNLP's bars, and nothing distinguishes those of training and of validation"
    ):
        list(read_logs(path))


def test_settings_alone_are_no_run(tmp_path):
    lines = "".join(FORMS["commas"].format(e=e, t=t, v=v) for e, (t, v) in PAIRS)
    run = observed(tmp_path, "epoch 9, lr: 0.5\nepoch 10, lr: 0.5\n" + lines)
    assert run.steps == 6 and run.observations[0].lr == 1e-3


def test_a_long_line_takes_no_longer_than_it_is(tmp_path):
    """Two patterns with ``.*`` between them made it quadratic: this one took days."""
    lines = "1 " * 500_000 + "\n" + "".join(FORMS["commas"].format(e=e, t=t, v=v) for e, (t, v) in PAIRS)
    assert observed(tmp_path, lines).steps == 6


def test_a_loss_that_counts_by_nothing_is_not_mixed_with_that_of_batches(tmp_path):
    """It may be that of a validation, whose heading stands a line above."""
    lines = "".join(
        f"Epoch {e} | Step 0/20 | Loss: {t}\nEpoch {e} | Step 10/20 | Loss: {t}\nEvaluating\n   Loss: {v}\n"
        for e, (t, v) in PAIRS
    )
    assert [each.train_loss for each in observed(tmp_path, lines).observations] == TRAIN
