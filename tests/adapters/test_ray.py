"""Ray Tune on a local cluster: trials end by their own curves, whatever becomes of their workers."""

import json
import os
import pickle
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tests import cluster
from tests.curves import exponential

pytest.importorskip("optuna", reason="needs pip install 'convergence-callbacks[optuna]'")
pytest.importorskip("ray", reason="needs pip install 'convergence-callbacks[tune]'")
pytest.importorskip("pyarrow", reason="needs pip install 'convergence-callbacks[tune]'")
from ray import tune

from convergence_callbacks import Monitor, Patience, SettingsError, TimeBudget, Verdict
from convergence_callbacks.ray import ConvergenceStopper
from convergence_callbacks.record import verify
from tests.adapters.in_optuna import step

CURVE = exponential(60, 4, noise=0.001)
RATES = [0.02, 0.1, 0.3]


def results(values, **more):
    return [{"training_iteration": i, "val_loss": value, "done": False, **more} for i, value in enumerate(values, 1)]


def test_each_trial_is_decided_as_by_a_monitor_of_its_own():
    stopper, monitor = ConvergenceStopper(max_epochs=60, verbose=False), Monitor(max_epochs=60)
    for result in results(CURVE.val.tolist(), lr=0.1, config={"val_loss": 7.0}, time_total_s=3.0):
        flat = {**result, "val_loss": 1.0}
        assert not stopper("other", flat) or stopper.decisions["other"].verdict is not Verdict.CONVERGED
        stops = stopper("first", result)
        assert stopper.decisions["first"] == monitor.update(val_loss=result["val_loss"], lr=0.1), str(CURVE)
        if stops:
            break
    assert stops and stopper.decisions["first"].verdict is Verdict.CONVERGED
    assert stopper("first", result) and not stopper.stop_all()


@pytest.mark.parametrize("split", [1, 4, 11])
def test_it_goes_on_from_its_pickle_as_if_it_had_never_stopped(split):
    whole, first = (ConvergenceStopper(max_epochs=60, verbose=False) for _ in range(2))
    shown = results(CURVE.val.tolist()[:40])
    expected = [(whole("a", result), whole.decisions["a"].to_dict()) for result in shown]
    for result in shown[:split]:
        first("a", result)
    again = pickle.loads(pickle.dumps(first))
    assert [(again("a", result), again.decisions["a"].to_dict()) for result in shown[split:]] == expected[split:]


def test_it_judges_what_a_search_looks_for():
    config = tune.TuneConfig(metric="reward_per_joule", mode="max")
    stopper = ConvergenceStopper.from_tune_config(config, criteria=Patience(2), min_epochs=0, verbose=False)
    assert (stopper.settings.val_metric, stopper.settings.mode) == ("reward_per_joule", "max")
    shown = [{"training_iteration": i, "reward_per_joule": value} for i, value in enumerate([1, 2, 3, 2, 1], 1)]
    assert [stopper("a", result) for result in shown] == [False] * 4 + [True]
    assert stopper.decisions["a"].best_value == 3.0
    assert repr(ConvergenceStopper.from_tune_config(tune.TuneConfig())) == "ConvergenceStopper()"
    own = ConvergenceStopper.from_tune_config(config, val_metric="val_loss", mode="min", max_epochs=9)
    assert (own.settings.val_metric, own.settings.mode, own.settings.max_epochs) == ("val_loss", "min", 9)


def test_a_trial_goes_on_until_all_the_metrics_that_its_criteria_name_rest():
    stopper = ConvergenceStopper(criteria=Patience(2, of="val_f1") & Patience(2), min_epochs=0, verbose=False)
    scores = [0.1, 0.2, 0.3, 0.4, 0.4, 0.4]
    shown = [{**result, "val_f1": f1} for result, f1 in zip(results([1.0] * 6), scores, strict=True)]
    assert [stopper("a", result) for result in shown] == [False] * 5 + [True]


def test_results_that_a_restarted_trial_reports_again_change_nothing():
    stopper, monitor = (kind(criteria=Patience(3), min_epochs=0) for kind in (ConvergenceStopper, Monitor))
    shown = results([3.0, 2.0, 2.5, 2.5, 2.5])
    stops = [stopper("a", result) for result in (*shown[:3], *shown[1:])]
    assert stops == [False] * 6 + [True]
    assert stopper.decisions["a"].step == [monitor.update(val_loss=r["val_loss"]) for r in shown][-1].step


def shown(stopper, best, epochs=3, done=True):
    """Show a stopper whole trials that fall from 1 to these values."""
    for number, value in enumerate(best):
        for epoch, result in enumerate(results(np.linspace(1.0, value, epochs).tolist())):
            stopper(f"trial-{number}", {**result, "done": done and epoch == epochs - 1})


ALIKE = [0.1 + 0.9 / (1 + number) ** 4 for number in range(30)]


def test_the_search_ends_with_the_reason_once_further_trials_bring_too_little(capsys):
    stopper = ConvergenceStopper(search_tolerance=0.02)
    shown(stopper, ALIKE[:5])
    assert not stopper.stop_all()
    shown(stopper, ALIKE)
    assert stopper.stop_all() and stopper.outlook.trials == 30
    assert len([line for line in capsys.readouterr().out.splitlines() if line.startswith("the search ends")]) == 1


def test_without_a_tolerance_for_the_search_it_goes_on():
    stopper = ConvergenceStopper(verbose=False)
    shown(stopper, ALIKE)
    assert not stopper.stop_all() and stopper.outlook is None


def test_a_search_for_the_largest_ends_as_one_for_the_smallest():
    largest = ConvergenceStopper(search_tolerance=0.02, val_metric="val_acc", mode="max", verbose=False)
    smallest = ConvergenceStopper(search_tolerance=0.02, verbose=False)
    shown(smallest, ALIKE)
    for number, value in enumerate(ALIKE):
        for epoch, acc in enumerate(np.linspace(0.0, 1 - value, 3), 1):
            largest(f"trial-{number}", {"training_iteration": epoch, "val_acc": acc, "done": epoch == 3})
    assert largest.outlook.best == pytest.approx(1 - smallest.outlook.best) and largest.stop_all()
    assert largest.outlook.expected == pytest.approx(smallest.outlook.expected)


@pytest.mark.filterwarnings("ignore:val_loss is nan")
def test_a_trial_without_a_finite_loss_was_tried_and_is_not_the_best():
    stopper = ConvergenceStopper(search_tolerance=0.02, verbose=False)
    shown(stopper, [*ALIKE[:5], np.nan])
    assert stopper.outlook.trials == 6 and stopper.outlook.best == pytest.approx(ALIKE[4])


def test_a_trial_that_a_scheduler_ended_is_counted_once_others_have_gone_on():
    stopper = ConvergenceStopper(search_tolerance=0.02, verbose=False)
    shown(stopper, ALIKE[:1], done=False)
    for number, epochs in enumerate((9, 11)):
        for result in results(np.linspace(1.0, 0.5, epochs).tolist()):
            stopper(f"other-{number}", {**result, "done": result["training_iteration"] == epochs})
        assert stopper.outlook.trials == (1, 3)[number]


def test_the_search_goes_on_from_its_pickle_as_if_it_had_never_stopped():
    whole, first = (ConvergenceStopper(search_tolerance=0.02, verbose=False) for _ in range(2))
    shown(whole, ALIKE[:7])
    shown(first, ALIKE[:4])
    again = pickle.loads(pickle.dumps(first))
    assert again.outlook == first.outlook
    shown(again, ALIKE[:7])
    assert again.outlook == whole.outlook


def test_the_time_is_that_of_the_trial():
    stopper = ConvergenceStopper(criteria=TimeBudget(hours=1), min_epochs=0, verbose=False)
    assert not stopper("a", results([1.0], time_total_s=3000.0)[0])
    assert stopper("a", results([1.0, 0.9], time_total_s=4000.0)[1])


def test_nothing_is_kept_of_trials_that_are_done():
    stopper = ConvergenceStopper(verbose=False)
    for number in range(20):
        stopper(str(number), {**results([1.0])[0], "done": True})
    assert not stopper._trials and len(stopper.decisions) == 20


def test_nested_metrics_are_named_by_their_path():
    stopper = ConvergenceStopper(mode="max", val_metric="valid/acc", criteria=Patience(1), min_epochs=0, verbose=False)
    stops = [
        stopper("a", {"training_iteration": i, "valid": {"acc": acc}}) for i, acc in ((1, 0.5), (2, 0.6), (3, 0.6))
    ]
    assert stops == [False, False, True]


def test_a_wrong_setting_is_reported_before_the_search(tmp_path):
    with pytest.raises(SettingsError, match="tolerance must be above 0"):
        ConvergenceStopper(tolerance=0.0)
    path = tmp_path / "convergence.yaml"
    path.write_text("min_epochs: 3\nrestore_best: true\ncriteria:\n  - patience: 3\n")
    with pytest.raises(SettingsError, match="line 2: Ray Tune does not support restore_best: it is for Lightning, "):
        ConvergenceStopper.from_yaml(path)
    assert ConvergenceStopper.from_yaml(path, restore_best=False).settings.min_epochs == 3


def test_each_trial_has_a_record_of_its_own(tmp_path):
    stopper = ConvergenceStopper(record=tmp_path / "record.jsonl", verbose=False)
    for trial in ("a", "b"):
        for result in results([1.0, 0.5, 0.4]):
            stopper(trial, result)
    verified = [str(verify(tmp_path / f"record-{trial}.jsonl")) for trial in ("a", "b")]
    assert all(each.endswith("up to here all 3 decisions follow from the observations") for each in verified)


def test_the_epochs_that_are_left_are_shown_for_each_trial(capsys):
    stopper = ConvergenceStopper(show_forecast=True)
    for result in results([1 / (1 + epoch) for epoch in range(9)]):
        stopper("a", result)
    assert "trial a: ETA" in capsys.readouterr().out


def test_a_missing_metric_is_reported_and_ends_nothing():
    stopper = ConvergenceStopper(val_metric="val_los", mode="min", verbose=False)
    with pytest.warns(RuntimeWarning, match="unknown metric 'val_los'; did you mean 'val_loss'"):
        assert not stopper("a", results([1.0])[0])


def train(config):
    """A small training that keeps checkpoints, and may be killed once at a result."""
    weights, first = np.zeros(4), 0
    if (checkpoint := tune.get_checkpoint()) is not None:
        with checkpoint.as_directory() as folder:
            saved = json.loads((Path(folder) / "state.json").read_text())
            weights, first = np.array(saved["weights"]), saved["epoch"] + 1
    for epoch in range(first, 60):
        if epoch == config["killed_at"] and not (killed := Path(config["folder"]) / f"killed-{config['lr']}").exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        weights, loss = step(weights, config["lr"])
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "state.json").write_text(json.dumps({"weights": weights.tolist(), "epoch": epoch}))
            kept = tune.Checkpoint.from_directory(folder) if epoch % 4 == 3 else None
            tune.report({"train_loss": loss, "val_loss": loss + 0.1, "lr": config["lr"]}, checkpoint=kept)


@pytest.fixture(scope="module")
def local_cluster():
    with cluster.local_cluster():
        yield


def search(tmp_path, name, killed_at=None, callbacks=()):
    return tune.Tuner(
        train,
        param_space={"lr": tune.grid_search(RATES), "killed_at": killed_at, "folder": str(tmp_path)},
        tune_config=tune.TuneConfig(metric="val_loss", mode="min"),
        run_config=tune.RunConfig(
            name=name,
            storage_path=str(tmp_path),
            stop=ConvergenceStopper(max_epochs=60, verbose=False),
            failure_config=tune.FailureConfig(max_failures=1),
            callbacks=list(callbacks),
            verbose=0,
        ),
    )


def epochs_of(found):
    return {result.config["lr"]: result.metrics["training_iteration"] for result in found}


def expected():
    """After how many epochs a monitor ends each training."""
    ends = {}
    for lr in RATES:
        weights, monitor, decision = np.zeros(4), Monitor(max_epochs=60), None
        while decision is None or not decision.stop:
            weights, loss = step(weights, lr)
            decision = monitor.update(train_loss=loss, val_loss=loss + 0.1, lr=lr)
        ends[lr] = decision.step + 1
    return ends


pytestmark = [
    cluster.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]


def test_trials_end_at_their_own_epochs_though_their_workers_are_killed(local_cluster, tmp_path):
    found = search(tmp_path, "killed", killed_at=6).fit()
    assert not found.errors and len(list(tmp_path.glob("killed-*"))) == len(RATES)
    assert epochs_of(found) == expected()
    assert found.get_best_result().config["lr"] == 0.3


class Interrupted(tune.Callback):
    """Ends the search in the middle, once."""

    def __init__(self, folder):
        self.mark = folder / "interrupted"

    def on_trial_result(self, iteration, trials, trial, result, **info):
        if result["training_iteration"] == 6 and not self.mark.exists():
            self.mark.touch()
            raise RuntimeError("interrupted")


def test_a_restored_experiment_goes_on_as_if_it_had_never_stopped(local_cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("TUNE_GLOBAL_CHECKPOINT_S", "0")
    with pytest.raises(Exception, match="interrupted"):
        search(tmp_path, "search", callbacks=[Interrupted(tmp_path)]).fit()
    tuner = tune.Tuner.restore(str(tmp_path / "search"), trainable=train)
    assert epochs_of(tuner.fit()) == expected()


def quick(config):
    for _ in range(2):
        tune.report({"val_loss": 0.1 + config["off"] / 1000})


def test_a_search_is_ended_as_a_whole(local_cluster, tmp_path):
    tuner = tune.Tuner(
        quick,
        param_space={"off": tune.grid_search(list(range(40)))},
        tune_config=tune.TuneConfig(metric="val_loss", mode="min", max_concurrent_trials=1, reuse_actors=True),
        run_config=tune.RunConfig(
            storage_path=str(tmp_path),
            stop=ConvergenceStopper(search_tolerance=0.2, verbose=False),
            verbose=0,
        ),
    )
    found = tuner.fit()
    assert 4 <= sum(result.metrics is not None and "val_loss" in result.metrics for result in found) < 12
