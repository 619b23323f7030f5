"""The Optuna integration, beyond what every integration promises: the pruner, the storages, many processes."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

optuna = pytest.importorskip("optuna", reason="needs pip install 'convergence-callbacks[optuna]'")
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from convergence_callbacks import Monitor, Patience, SettingsError, Verdict
from convergence_callbacks.optuna import REMEMBERED, ConvergencePruner, ConvergenceStopping, SearchStopping
from tests.adapters.in_optuna import step
from tests.curves import exponential

optuna.logging.set_verbosity(optuna.logging.ERROR)
RATES = {"lr": [0.02, 0.1, 0.3]}
EPOCHS = 60
WORKER = """
import sys
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from convergence_callbacks.optuna import ConvergencePruner
from tests.adapters.test_optuna import objective
storage = sys.argv[1] if "://" in sys.argv[1] else JournalStorage(JournalFileBackend(sys.argv[1]))
study = optuna.load_study(study_name="search", storage=storage, pruner=ConvergencePruner(max_epochs=60))
study.optimize(objective, n_trials=2)
"""


def curve_of(lr, epochs=EPOCHS):
    """Losses of a small training."""
    weights, losses = np.zeros(4), []
    for _ in range(epochs):
        weights, loss = step(weights, lr)
        losses.append(loss + 0.1)
    return losses


def objective(trial):
    lr = trial.suggest_categorical("lr", RATES["lr"])
    best = np.inf
    for epoch, loss in enumerate(curve_of(lr)):
        best = min(best, loss)
        trial.report(loss, epoch)
        if trial.should_prune():
            break
    return best


def study(pruner=None, **settings):
    return optuna.create_study(pruner=pruner, sampler=optuna.samplers.GridSampler(RATES, seed=0), **settings)


def reported(values, pruner, direction="minimize"):
    """A study, and a trial of it that has reported some values."""
    made = optuna.create_study(pruner=pruner, direction=direction)
    trial = made.ask()
    for epoch, value in enumerate(values):
        trial.report(value, epoch)
    return made, trial


def test_a_pruner_ends_a_finished_trial_early_and_finds_the_same_best():
    whole, pruned = study(optuna.pruners.NopPruner()), study(ConvergencePruner(max_epochs=EPOCHS))
    whole.optimize(objective)
    pruned.optimize(objective)
    assert pruned.best_params == whole.best_params
    assert pruned.best_value == pytest.approx(whole.best_value, rel=0.02)
    spent = sum(len(trial.intermediate_values) for trial in pruned.trials)
    assert spent < 0.8 * sum(len(trial.intermediate_values) for trial in whole.trials)


def test_a_pruner_decides_as_a_monitor_that_sees_the_same():
    values = [*exponential(40, 2, noise=0.001).val.tolist()[:20], np.nan, *[0.1] * 19]
    pruner, monitor = ConvergencePruner(max_epochs=40), Monitor(max_epochs=40)
    made, trial = reported([], pruner)
    for epoch, value in enumerate(values):
        trial.report(value, epoch)
        decided, expected = pruner.decision(made, made.trials[0]), monitor.update(val_loss=value)
        assert decided.to_dict() == expected.to_dict()
        assert trial.should_prune() == expected.stop


def test_a_pruner_asked_anew_says_the_same():
    pruner = ConvergencePruner(criteria=Patience(3), min_epochs=0)
    made, _ = reported([3.0, np.nan, 1.0, 2.0, 2.0, 2.0], pruner)
    decided = pruner.decision(made, made.trials[0])
    assert decided.stop and decided.best_step == 2
    for other in (pickle.loads(pickle.dumps(pruner)), copy.deepcopy(pruner)):
        assert other.decision(made, made.trials[0]) == decided and other.settings == pruner.settings


def test_a_pruner_follows_the_direction_of_the_study():
    values = [0.9, 0.8, 0.7, 0.6]
    for direction, stops in (("maximize", True), ("minimize", False)):
        _, trial = reported(values, ConvergencePruner(criteria=Patience(2), min_epochs=0), direction)
        assert trial.should_prune() is stops


def test_reports_may_come_at_any_step_and_in_any_order():
    pruner = ConvergencePruner(criteria=Patience(2), min_epochs=0)
    made, trial = reported([], pruner)
    for epoch, value in ((300, 2.0), (100, 1.0), (200, 2.0)):
        trial.report(value, epoch)
        pruner.decision(made, made.trials[0])
    assert pruner.decision(made, made.trials[0]).best_step == 0
    assert trial.should_prune()


def test_a_pruner_that_compares_trials_may_prune_too():
    always = optuna.pruners.ThresholdPruner(upper=0.0)
    assert reported([1.0], ConvergencePruner(always))[1].should_prune()
    assert not reported([1.0], ConvergencePruner())[1].should_prune()


def test_a_pruner_remembers_no_more_than_it_may():
    pruner = ConvergencePruner()
    made = optuna.create_study(pruner=pruner)
    for _ in range(REMEMBERED + 3):
        trial = made.ask()
        trial.report(1.0, 0)
        trial.should_prune()
    assert len(pruner._watched) == REMEMBERED


def test_a_pruner_takes_the_settings_of_a_file(tmp_path):
    path = tmp_path / "convergence.yaml"
    path.write_text("min_epochs: 0\nrestore_best: true\ncriteria:\n  - patience: 3\n")
    settings = ConvergencePruner.from_yaml(path).settings
    assert (settings.min_epochs, repr(settings.criteria)) == (0, repr(Patience(3)))
    with pytest.raises(SettingsError, match="tolerance must be above 0"):
        ConvergencePruner(tolerance=0.0)


def test_a_pruner_with_the_other_direction_than_the_study_is_refused():
    made = optuna.create_study(pruner=ConvergencePruner(mode="max"))
    trial = made.ask()
    trial.report(1.0, 0)
    with pytest.raises(SettingsError, match="mode is 'max', but the study's direction is 'minimize'"):
        trial.should_prune()


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_many_processes_share_a_study(tmp_path, kind):
    place = str(tmp_path / "study.log") if kind == "journal" else f"sqlite:///{tmp_path}/study.db"
    storage = JournalStorage(JournalFileBackend(place)) if kind == "journal" else place
    optuna.create_study(study_name="search", storage=storage)
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, place], env={**os.environ, "PYTHONPATH": str(Path.cwd())})
        for _ in range(2)
    ]
    assert [worker.wait() for worker in workers] == [0, 0]
    trials = optuna.load_study(study_name="search", storage=storage).trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 4
    for trial in trials:
        monitor, losses = Monitor(max_epochs=EPOCHS), curve_of(trial.params["lr"])
        epochs = next(epoch for epoch, loss in enumerate(losses, start=1) if monitor.update(val_loss=loss).stop)
        assert trial.intermediate_values == dict(enumerate(losses[:epochs]))


def trained(trial, losses, **settings):
    """The decision that ends a trial, or its last."""
    stopping = ConvergenceStopping(verbose=False, **settings)
    for loss in losses:
        if stopping.update(trial, train_loss=loss, val_loss=loss + 0.1, lr=0.1).stop:
            break
    return stopping.decision


def test_a_loop_reports_and_leaves_word_of_its_end():
    made = optuna.create_study()
    trial = made.ask()
    decision = trained(trial, curve_of(0.3), max_epochs=EPOCHS)
    made.tell(trial, decision.best_value)
    (kept,) = made.trials
    assert (
        decision.stop and decision.verdict is Verdict.CONVERGED and len(kept.intermediate_values) == decision.step + 1
    )
    assert kept.user_attrs["convergence"]["reason"] == decision.reason and not kept.user_attrs["convergence"]["pruned"]
    assert made.best_value == min(kept.intermediate_values.values())


def test_the_pruner_of_the_study_prunes_a_loop():
    made = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=5.0))
    trial = made.ask()
    with pytest.raises(optuna.TrialPruned, match="other trials are better; go on at epoch 1"):
        trained(trial, [4.0, 6.0, 5.0])
    assert made.trials[0].user_attrs["convergence"]["pruned"]


def test_a_loop_without_validation_reports_its_train_loss():
    made = optuna.create_study(pruner=optuna.pruners.NopPruner())
    trial, stopping = made.ask(), ConvergenceStopping(verbose=False)
    for loss in (3.0, 2.0):
        stopping.update(trial, train_loss=loss)
    assert made.trials[0].intermediate_values == {0: 3.0, 1: 2.0}


def test_an_epoch_without_validation_reports_nothing():
    made = optuna.create_study(pruner=optuna.pruners.NopPruner())
    trial, stopping = made.ask(), ConvergenceStopping(verbose=False)
    stopping.update(trial, train_loss=3.0, val_loss=4.0)
    stopping.update(trial, train_loss=2.0, val_loss=None)
    assert made.trials[0].intermediate_values == {0: 4.0}


def test_what_the_study_looks_for_has_to_be_what_is_judged():
    trial = optuna.create_study(direction="maximize").ask()
    with pytest.raises(SettingsError, match=r"direction is 'maximize', but .*mode='max'"):
        trained(trial, [1.0])


def test_a_study_of_several_objectives_is_judged_without_a_report():
    made = optuna.create_study(directions=["minimize", "maximize"])
    decision = trained(made.ask(), curve_of(0.3), max_epochs=EPOCHS)
    assert decision.stop and made.trials[0].intermediate_values == {}
    assert made.trials[0].user_attrs["convergence"]["verdict"] == "converged"


def searched(outcome, stopping, n_trials=60, direction="minimize"):
    """A study whose trials come to what a function of their number says: a value, a state, or an error."""

    def objective(trial):
        return outcome(trial)

    made = optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=0))
    made.optimize(objective, n_trials=n_trials, callbacks=[stopping], catch=(OSError,))
    return made


def alike(trial, sign=1):
    """A value that falls no more after the first trials."""
    trial.report(sign, 0)
    return sign * (0.1 + 0.9 / (1 + trial.number) ** 4)


def test_a_search_ends_with_the_reason_once_further_trials_bring_too_little(capsys):
    stopping = SearchStopping(search_tolerance=0.02)
    made = searched(alike, stopping)
    assert 8 < len(made.trials) < 30 and stopping.outlook.ends
    report = made.user_attrs["convergence"]
    assert report["best"] == made.best_value and report["expected"] < 0.02
    assert report["reason"] == capsys.readouterr().out.strip()


def test_a_search_whose_best_trials_are_far_apart_goes_on():
    made = searched(lambda trial: 0.9**trial.number, SearchStopping(verbose=False), n_trials=25)
    assert len(made.trials) == 25 and "convergence" not in made.user_attrs


def test_a_search_looks_no_further_than_the_trials_that_are_planned():
    counts = [
        len(searched(alike, SearchStopping(search_tolerance=0.02, n_trials=planned, verbose=False)).trials)
        for planned in (8, 30)
    ]
    assert counts[0] < counts[1] < 30


def test_a_search_for_the_largest_ends_at_the_same_trial():
    largest = searched(lambda trial: alike(trial, -1), SearchStopping(verbose=False), direction="maximize")
    assert len(largest.trials) == len(searched(alike, SearchStopping(verbose=False)).trials)


def spoilt(trial):
    """Trials of which every second is pruned, diverges or fails."""
    if trial.number % 2 == 0:
        return alike(trial)
    if trial.number % 6 == 1:
        trial.report(-7.0, 0)  # the best of all, until it is pruned
        raise optuna.TrialPruned
    if trial.number % 6 == 3:
        trial.report(float("nan"), 0)
        return float("nan")
    raise OSError("the disk is full")


def test_trials_that_were_pruned_or_diverged_were_tried_and_those_that_failed_were_not():
    stopping = SearchStopping(search_tolerance=0.02, verbose=False)
    made = searched(spoilt, stopping, n_trials=12)
    assert stopping.outlook.trials == 6 + 2 + 2 and stopping.outlook.best == made.best_value > 0


@pytest.mark.filterwarnings("ignore:train_loss is nan", "ignore:val_loss is nan")
def test_a_loss_that_diverged_is_tried_though_no_report_says_so():
    def objective(trial):
        trained(trial, [1.0, 0.9, float("nan"), float("nan"), float("nan")])
        return float("nan")

    stopping = SearchStopping(verbose=False)
    searched(objective, stopping, n_trials=3)
    assert stopping.outlook.trials == 3 and stopping.outlook.best is None


def test_a_search_for_several_objectives_is_not_ended():
    made = optuna.create_study(directions=["minimize", "minimize"])
    with pytest.raises(SettingsError, match="needs a study of one objective"):
        made.optimize(lambda trial: (1.0, 2.0), n_trials=1, callbacks=[SearchStopping()])


def test_the_end_of_a_search_takes_the_settings_of_a_file(tmp_path):
    (tmp_path / "convergence.yaml").write_text("search_tolerance: 0.05\nn_trials: 40\ntolerance: 0.02\n")
    read = SearchStopping.from_yaml(tmp_path / "convergence.yaml")
    assert repr(read) == "SearchStopping(search_tolerance=0.05, n_trials=40)"
    with pytest.raises(SettingsError, match="search_tolerance must be below 1"):
        SearchStopping(search_tolerance=1.0)


def test_a_pruner_refuses_a_metric_that_it_never_sees():
    with pytest.raises(SettingsError, match="no 'val_f1'; use ConvergenceStopping in the objective"):
        ConvergencePruner(criteria=Patience(3, of="val_f1") & Patience(3))
