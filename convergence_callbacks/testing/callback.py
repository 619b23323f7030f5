"""What every integration promises, on a real small training in its framework."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import math
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.criteria.patience import Patience
from convergence_callbacks.core.errors import MetricNotFoundError, SettingsError
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.monitor import Monitor
from convergence_callbacks.testing.curves import exponential
from convergence_callbacks.testing.promises import check_promise

SCRIPT = (1.0, 0.6, 0.4, 0.3, 0.35, 0.36, 0.37, 0.38, 0.39, 0.4, 0.41, 0.42)
"""Validation losses of a run whose best epoch is 3; patience 3 ends it at epoch 6."""

BEST, STOP, EPOCHS = 3, 6, len(SCRIPT)

PHASE = 4
"""The epoch after which a new phase begins, where one does: patience 3 ends that in its fourth epoch."""

IMPROVING = tuple(1.0 - 0.05 * epoch for epoch in range(EPOCHS))
"""Validation losses of a run that its budget ends."""

BROKEN = (1.0, math.nan, 0.5, math.inf, -math.inf, 1e300, 0.4, 0.45)
"""Validation losses of which some are none; the best is at epoch 6."""

PATIENT: Mapping[str, Any] = {"criteria": Patience(3), "min_epochs": 0, "max_epochs": EPOCHS}

SETTINGS_FILE = f"min_epochs: 0\nmax_epochs: {EPOCHS}\nverbose: false\ncriteria:\n  - patience: 3\n"
"""The settings of `PATIENT`, in YAML."""


class KilledError(Exception):
    """What ends a training in the middle."""


@dataclass
class Training:
    """A real training whose validation loss follows a script, so that the right epoch is known.

    Args:
        stopping: The callback, to be put to use as its documentation says.
        script: The validation loss of each epoch; None where the training has no validation.
        folder: Where the framework may write.
        kill_after: The epoch at whose end, its checkpoint written, the training is killed by a `KilledError`.
        resume: Whether it goes on from the checkpoint in the folder.
        second: The loss of each epoch on a second validation data set, where `Integration.second` says that there may
            be one; None where the training has no second.
    """

    stopping: Any
    script: Sequence[float] | None
    folder: Path
    kill_after: int | None = None
    resume: bool = False
    second: Sequence[float] | None = None
    weights: list[NDArray[Any]] = field(default_factory=list)
    """Filled in by the training: the model at the end of each epoch, as an array (weights or predictions)."""
    final: NDArray[Any] | None = None
    """Filled in by the training: the model when the training has ended."""
    asked_to_stop: bool | None = None
    """Filled in by the training, where its framework has a flag that ends it: whether that is up when it has ended."""

    @property
    def epochs(self) -> int:
        """How many epochs the script has, and the training may take."""
        return EPOCHS if self.script is None else len(self.script)

    def end_epoch(self, epoch: int, weights: Any, save: Callable[[], object] | None = None) -> None:
        """To be called at the end of an epoch, after the callback, by frameworks that let us.

        Raises:
            KilledError: The training is to be killed here.
        """
        self.weights.append(np.array(weights, copy=True))
        if save is not None:
            save()
        if epoch == self.kill_after:
            raise KilledError


@dataclass(frozen=True, kw_only=True)
class Integration:
    """A callback, a training in its framework, and what the framework can do.

    Args:
        callback: The class of the callback, or what makes one from settings.
        train: Trains until the end, the stop or the kill.
        counter: What the framework calls its steps, and the number it prints for the first.
        metric: Where the training logs its validation metric.
        second: Where it logs that of a second validation data set; empty where it has none.
        reuses: Whether the same callback can be used for a second run.
        restores: Whether it gives back the best weights itself.
        resumes: Whether a training can go on from a checkpoint.
        keeps_best: Whether the best weights are still there after that.
        resume_setting: The setting that names a folder for the callback's state, where checkpoints hold nothing of it.
        validates_always: Whether there is no training without validation.
        wraps_errors: Whether the framework wraps the errors of its callbacks.
        takes_nan: Whether the framework itself goes on with a metric that is not finite.
        states_direction: Whether the framework says of whatever is judged which way it improves.
    """

    callback: Callable[..., Any]
    train: Callable[[Training], object]
    counter: Counter = Counter("epoch", first=0)
    metric: str = "val_loss"
    second: str = ""
    reuses: bool = True
    restores: bool = True
    resumes: bool = True
    keeps_best: bool = True
    resume_setting: str = ""
    validates_always: bool = False
    wraps_errors: bool = False
    takes_nan: bool = True
    states_direction: bool = False


def it_ends_the_training_in_the_epoch_of_the_decision(integration: Integration, folder: Path) -> None:
    """The stop of a monitor is the stop of the training."""
    training = _run(integration, folder)
    callback = training.stopping
    assert (callback.stopped_epoch, callback.decision.step, len(callback.history)) == (STOP, STOP, STOP + 1), (
        f"it stopped at {callback.stopped_epoch}, decided {len(callback.history)} times, last {callback.decision}"
    )
    assert (callback.decision.best_step, round(callback.decision.best_value, 5)) == (BEST, 0.3), callback.decision
    seen = [observation.val_loss for observation in callback.observations]
    np.testing.assert_allclose(seen, SCRIPT[: STOP + 1], rtol=1e-6)
    # A framework may end before the training sees the last epoch.
    assert len(training.weights) in (STOP, STOP + 1), f"it went on for {len(training.weights)} epochs"


def a_file_ends_the_training_with_its_next_epoch(integration: Integration, folder: Path) -> None:
    """`stop_file` is heeded at the first epoch that ends once the file is there."""
    (folder / "stop").touch()
    callback = _run(integration, folder, stop_file=folder / "stop").stopping
    assert (callback.stopped_epoch, len(callback.history)) == (0, 1), callback.decision
    assert callback.decision.criterion == "stop_file", callback.decision


def epochs_that_are_over_are_no_stop(integration: Integration, folder: Path) -> None:
    """A budget that is spent ends no training early."""
    callback = _run(integration, folder, IMPROVING).stopping
    assert (callback.stopped_epoch, callback.decision.step) == (None, EPOCHS - 1), callback.decision
    assert callback.decision.is_budget_end, callback.decision


def the_flag_that_ends_a_training_is_raised_for_a_stop_alone(integration: Integration, folder: Path) -> None:
    """Where only the budget ended, a fit that is called again must not end after its first epoch."""
    stopped, over = _run(integration, _made(folder / "stopped")), _run(integration, _made(folder / "over"), IMPROVING)
    assert stopped.asked_to_stop in (True, None), "the flag is not raised for a stop"
    assert over.asked_to_stop in (False, None), "the flag is raised though nothing was stopped"


def one_of_several_validation_sets_is_judged_when_it_is_named(integration: Integration, folder: Path) -> None:
    """Of two data sets with the same metric a user may name either."""
    if not integration.second:
        return
    callback = integration.callback(**PATIENT, verbose=False, val_metric=integration.second, mode="min")
    integration.train(Training(callback, IMPROVING, folder, second=SCRIPT))
    assert callback.stopped_epoch == STOP, f"it stopped at {callback.stopped_epoch}"


def it_says_once_what_the_training_looks_like_where_its_epochs_are_over(integration: Integration, folder: Path) -> None:
    """The end of the budget is reported like a stop."""
    with _printed() as printed:
        counter = _run(integration, folder, IMPROVING, verbose=True).stopping.counter
    _assert_said_once(printed(), f"Ended after all {EPOCHS} {counter.noun}s: ")


def it_counts_as_its_framework_does(integration: Integration, folder: Path) -> None:
    """Epochs in messages are those that the framework prints."""
    stopping = _run(integration, folder).stopping
    assert stopping.counter == integration.counter, f"it counts by {stopping.counter}"
    assert {decision.counter for decision in stopping.history} == {stopping.counter}, "decisions count otherwise"


def it_decides_as_a_monitor_that_sees_the_same(integration: Integration, folder: Path) -> None:
    """It judges nothing itself, and gives the monitor all that there is."""
    curve = exponential(24, 2, noise=0.001)
    settings: dict[str, Any] = {"criteria": None, "min_epochs": 5, "max_epochs": 24}
    stopping = _run(integration, folder, curve.val.tolist(), **settings).stopping
    found = {name: getattr(stopping.monitor.settings, name) for name in ("lr_schedule", "baseline_loss")}
    monitor = Monitor(**{**PATIENT, **settings}, **found, counter=stopping.counter)
    expected = [monitor.observe(observation).to_dict() for observation in stopping.observations]
    assert [decision.to_dict() for decision in stopping.history] == expected, f"decisions differ: {curve}"
    losses = [observation.train_loss for observation in stopping.observations]
    assert all(loss is not None and math.isfinite(loss) for loss in losses), f"train losses are missing: {losses}"
    assert len(set(losses)) > 1, "the train loss is the same at each epoch"


def a_training_killed_early_goes_on_as_if_it_had_never_stopped(integration: Integration, folder: Path) -> None:
    """A kill before the best epoch changes no later decision and no weight."""
    _assert_resumes(integration, folder, killed_after=1)


def a_training_killed_late_goes_on_as_if_it_had_never_stopped(integration: Integration, folder: Path) -> None:
    """A kill after the best epoch changes no later decision and no weight."""
    _assert_resumes(integration, folder, killed_after=4)


def the_best_weights_are_given_back_when_asked(integration: Integration, folder: Path) -> None:
    """With ``restore_best`` the model ends with the weights of its best epoch."""
    if integration.restores:
        training = _run(integration, folder, restore_best=True)
        np.testing.assert_array_equal(training.final, training.weights[BEST])
        assert not np.array_equal(training.weights[BEST], training.weights[BEST + 2]), "the training changes no weight"


def a_new_phase_keeps_the_best_and_begins_all_else_anew(integration: Integration, folder: Path) -> None:
    """After `new_phase` the patience of the epochs before is forgotten, their best epoch is not."""
    callback = integration.callback(**PATIENT, verbose=False, restore_best=integration.restores)
    callback.listeners.append(lambda observation, decision: observation.step == PHASE and callback.new_phase())
    training = _run(integration, folder, callback=callback)
    assert callback.stopped_epoch == PHASE + 4, f"it stopped at {callback.stopped_epoch}"  # 3 epochs after its first
    assert (callback.decision.best_step, round(callback.decision.best_value, 5)) == (BEST, 0.3), callback.decision
    if integration.restores:
        np.testing.assert_array_equal(training.final, training.weights[BEST])


def a_baseline_that_is_set_is_not_filled_in(integration: Integration, folder: Path) -> None:
    """What a trivial predictor loses is the user's to say, before what a framework shows."""
    stopping = _run(integration, folder, baseline_loss=7.0).stopping
    assert stopping.monitor.settings.baseline_loss == 7.0, f"it is {stopping.monitor.settings.baseline_loss}"
    assert stopping.run.baseline is None, f"{stopping.run.baseline} was filled in"


def the_last_weights_stay_when_not_asked(integration: Integration, folder: Path) -> None:
    """Without ``restore_best`` nothing is done to the model."""
    training = _run(integration, folder)
    assert training.final is not None and not np.array_equal(training.final, training.weights[BEST]), (
        "weights went back"
    )


def no_value_ends_a_training_by_an_error(integration: Integration, folder: Path) -> None:
    """A loss that is not finite is warned of, and the training goes on."""
    if integration.takes_nan:
        patience, restore = Patience(STOP), integration.restores
        with _warned(r"val_loss is .* at \w+ \d+; the training goes on"):
            training = _run(
                integration, folder, BROKEN, criteria=patience, max_epochs=len(BROKEN), restore_best=restore
            )
        decision = training.stopping.decision
        assert (decision.step, decision.best_step, round(decision.best_value, 5)) == (7, 6, 0.4), decision


def without_validation_the_train_loss_is_judged(integration: Integration, folder: Path) -> None:
    """A training without validation is judged too."""
    if not integration.validates_always:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", ".*the training goes on", RuntimeWarning)  # nothing is missing here
            stopping = _run(integration, folder, None, criteria=Patience(EPOCHS)).stopping
        seen = stopping.observations
        assert len(seen) == EPOCHS and all(o.val_loss is None for o in seen), "a validation loss came from nowhere"
        assert math.isclose(stopping.decision.best_value, min(o.train_loss for o in seen)), stopping.decision


def more_can_be_better(integration: Integration, folder: Path) -> None:
    """A metric that is to rise is judged as one that is to fall."""
    script = [-value for value in SCRIPT]
    decision = _run(integration, folder, script, mode="max", val_metric=integration.metric).stopping.decision
    assert (decision.step, decision.best_step, round(decision.best_value, 5)) == (STOP, BEST, -0.3), decision


def a_criterion_may_read_another_metric_than_the_judged_one(integration: Integration, folder: Path) -> None:
    """``of`` names it, with a direction of its own, and all that is judged is in the observations."""
    rising = Patience(3, of=integration.metric, mode="max")
    with _printed() as printed:
        alone = _run(integration, _made(folder / "alone"), criteria=rising, verbose=True).stopping
    assert (alone.stopped_epoch, alone.decision.best_step) == (3, BEST), alone.decision  # what rises was best at first
    assert alone.decision.reason.startswith(f"{integration.metric}: no improvement for 3"), alone.decision.reason
    _assert_said_once(printed(), f"judged: {integration.metric}, of which more is better")
    monitor = Monitor.from_settings(alone.monitor.settings)
    seen = [Observation.from_dict(each.to_dict()) for each in alone.observations]
    assert [monitor.observe(each).stop for each in seen] == [False, False, False, True], f"observed: {seen}"
    together = _run(integration, _made(folder / "together"), criteria=rising & Patience(3)).stopping
    assert together.stopped_epoch == STOP, f"it stopped at {together.stopped_epoch}"


def a_training_whose_criteria_read_several_metrics_goes_on_too(integration: Integration, folder: Path) -> None:
    """A kill changes no later decision where a criterion reads another metric."""
    _assert_resumes(integration, folder, killed_after=4, criteria=Patience(5, of=integration.metric, mode="max"))


def a_metric_that_a_criterion_names_and_nobody_logs_is_reported(integration: Integration, folder: Path) -> None:
    """A misspelt ``of`` is warned of, with the name that was meant; with ``strict`` it is an error."""
    wrong = integration.metric[:-1]
    criteria = Patience(EPOCHS, of=wrong, mode="min")
    with _warned(f"unknown metric '{wrong}'.*did you mean '{integration.metric}'.*of="):
        stopping = _run(integration, _made(folder / "warned"), criteria=criteria).stopping
    assert len(stopping.history) == EPOCHS, f"it ended after {len(stopping.history)} epochs"
    try:
        _run(integration, _made(folder / "strict"), criteria=criteria, strict=True)
    except Exception as error:
        if not integration.wraps_errors and not isinstance(error, MetricNotFoundError):
            raise
        assert f"unknown metric '{wrong}'" in str(error), f"the error does not name the metric: {error}"
    else:
        raise AssertionError("strict=True raised nothing")


def a_direction_that_nobody_knows_is_an_error_before_anything_is_trained(
    integration: Integration, folder: Path
) -> None:
    """A metric of which nobody knows which way it improves is refused with what to set."""
    if integration.states_direction:
        return
    training = Training(None, SCRIPT, folder)
    try:
        training.stopping = integration.callback(**PATIENT, verbose=False, val_metric="val_quality")
        integration.train(training)
    except Exception as error:
        if not integration.wraps_errors and not isinstance(error, SettingsError):
            raise
        assert re.search(r"'val_quality'.*set mode='min'", str(error), re.DOTALL), f"the error is another: {error}"
    else:
        raise AssertionError("val_quality was judged, though nobody knows which way it improves")
    assert len(training.weights) <= 1, "it trained first"  # LightGBM says it with its first round


def the_direction_of_a_metric_is_that_of_its_name_and_is_said_once(integration: Integration, folder: Path) -> None:
    """Which way the judged metric improves is reported."""
    with _printed() as printed:
        stopping = _run(integration, folder, val_metric=integration.metric, mode="auto", verbose=True).stopping
    assert stopping.monitor.settings.mode == "min", "the direction of the metric is another"
    _assert_said_once(printed(), f"judged: {integration.metric}, of which less is better")


def a_missing_metric_is_reported_with_the_nearest_name_and_ends_nothing(integration: Integration, folder: Path) -> None:
    """A misspelt metric is warned of, with the name that was meant."""
    wrong = integration.metric[:-1]
    with _warned(f"unknown metric '{wrong}'.*did you mean '{integration.metric}'"):
        stopping = _run(integration, folder, val_metric=wrong, mode="min", criteria=Patience(EPOCHS)).stopping
    assert len(stopping.history) == EPOCHS, f"it ended after {len(stopping.history)} epochs"


def a_missing_metric_ends_a_strict_training(integration: Integration, folder: Path) -> None:
    """With ``strict`` the misspelt metric ends the training by an error."""
    try:
        _run(integration, folder, val_metric="nothing", mode="min", strict=True)
    except Exception as error:
        if not integration.wraps_errors and not isinstance(error, MetricNotFoundError):
            raise
        assert "unknown metric 'nothing'" in str(error), f"the error does not name the metric: {error}"
    else:
        raise AssertionError("strict=True raised nothing")


def a_callback_used_again_starts_fresh(integration: Integration, folder: Path) -> None:
    """Two trainings with one callback are decided alike."""
    if integration.reuses:
        callback = _run(integration, _made(folder / "first"), restore_best=integration.restores).stopping
        first = [decision.to_dict() for decision in callback.history]
        _run(integration, _made(folder / "second"), callback=callback)
        assert [decision.to_dict() for decision in callback.history] == first, "the second run is decided otherwise"


def it_prints_once_at_the_stop_and_is_silent_otherwise(integration: Integration, folder: Path) -> None:
    """One message at the stop; none with ``verbose=False``."""
    with _printed() as printed:
        counter = _run(integration, _made(folder / "verbose"), verbose=True).stopping.counter
    at, noun = counter.number(STOP), counter.noun
    done = f" of {EPOCHS}" if at == STOP + 1 else f" ({STOP + 1} of {EPOCHS} {noun}s done)"
    _assert_said_once(printed(), f"Stopped at {noun} {at}{done}: ")
    with _printed() as printed:
        _run(integration, _made(folder / "silent"))
    assert "Stopped at" not in printed(), f"it prints with verbose=False: {printed()}"


def the_settings_of_one_file_serve_it(integration: Integration, folder: Path) -> None:
    """`from_yaml` makes the same callback."""
    path = folder / "convergence.yaml"
    path.write_text(SETTINGS_FILE)
    callback = type(integration.callback()).from_yaml(path)
    assert _run(integration, folder, callback=callback).stopping.stopped_epoch == STOP, "it stops at another epoch"


def it_can_be_copied_and_its_state_is_plain(integration: Integration, folder: Path) -> None:
    """A deep copy has the same settings, and a state that JSON can hold."""
    callback = copy.deepcopy(integration.callback(**PATIENT))
    assert callback.settings == integration.callback(**PATIENT).settings, "the copy has other settings"
    state = _run(integration, folder, callback=callback).stopping.state_dict()
    json.dumps(state, allow_nan=False)


CALLBACK_CHECKS: tuple[Callable[[Integration, Path], None], ...] = (
    it_ends_the_training_in_the_epoch_of_the_decision,
    a_file_ends_the_training_with_its_next_epoch,
    epochs_that_are_over_are_no_stop,
    the_flag_that_ends_a_training_is_raised_for_a_stop_alone,
    one_of_several_validation_sets_is_judged_when_it_is_named,
    it_says_once_what_the_training_looks_like_where_its_epochs_are_over,
    it_counts_as_its_framework_does,
    it_decides_as_a_monitor_that_sees_the_same,
    a_training_killed_early_goes_on_as_if_it_had_never_stopped,
    a_training_killed_late_goes_on_as_if_it_had_never_stopped,
    the_best_weights_are_given_back_when_asked,
    a_new_phase_keeps_the_best_and_begins_all_else_anew,
    a_baseline_that_is_set_is_not_filled_in,
    the_last_weights_stay_when_not_asked,
    no_value_ends_a_training_by_an_error,
    without_validation_the_train_loss_is_judged,
    more_can_be_better,
    a_criterion_may_read_another_metric_than_the_judged_one,
    a_training_whose_criteria_read_several_metrics_goes_on_too,
    a_metric_that_a_criterion_names_and_nobody_logs_is_reported,
    a_direction_that_nobody_knows_is_an_error_before_anything_is_trained,
    the_direction_of_a_metric_is_that_of_its_name_and_is_said_once,
    a_missing_metric_is_reported_with_the_nearest_name_and_ends_nothing,
    a_missing_metric_ends_a_strict_training,
    a_callback_used_again_starts_fresh,
    it_prints_once_at_the_stop_and_is_silent_otherwise,
    the_settings_of_one_file_serve_it,
    it_can_be_copied_and_its_state_is_plain,
)
"""The promises, each a function of an integration and an empty folder that raises where it is broken."""


def check_callback(integration: Integration) -> None:
    """Check that the callback of a framework keeps what every integration promises.

    Args:
        integration: The callback, a small training in its framework, and what the framework can do.

    Raises:
        AssertionError: Names the promise that it breaks, and where.
    """
    for check in CALLBACK_CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            check_promise(check, getattr(integration.callback, "__name__", "the callback"), integration, Path(folder))


def _run(
    integration: Integration,
    folder: Path,
    script: Sequence[float] | None = SCRIPT,
    *,
    kill_after: int | None = None,
    resume: bool = False,
    callback: Any = None,
    **settings: Any,
) -> Training:
    """A training with patience 3, silent unless asked."""
    callback = callback or integration.callback(**{**PATIENT, "verbose": False, **settings})
    training = Training(callback, script, folder, kill_after, resume)
    integration.train(training)
    return training


def _assert_resumes(integration: Integration, folder: Path, killed_after: int, **more: Any) -> None:
    if not integration.resumes:
        return
    settings: dict[str, Any] = {"restore_best": integration.restores and integration.keeps_best, **more}
    whole = _run(integration, _made(folder / "whole"), **settings)
    if integration.resume_setting:
        settings[integration.resume_setting] = str(folder / "state")
    with contextlib.suppress(KilledError):
        _run(integration, _made(folder / "run"), kill_after=killed_after, **settings)
        raise AssertionError("the training was not killed: call end_epoch")
    resumed = _run(integration, folder / "run", resume=True, **settings)
    decided = [decision.to_dict() for decision in resumed.stopping.history]
    expected = [decision.to_dict() for decision in whole.stopping.history[-len(decided) :]]
    assert decided == expected, "a resumed training is decided otherwise"
    assert resumed.stopping.stopped_epoch == whole.stopping.stopped_epoch, (
        f"it stopped at {resumed.stopping.stopped_epoch}"
    )
    np.testing.assert_allclose(resumed.final, whole.final, rtol=1e-5)  # type: ignore[arg-type]


def _assert_said_once(printed: str, words: str) -> None:
    assert printed.count(words) == 1, f"{words!r} is said {printed.count(words)} times: {printed!r}"


@contextlib.contextmanager
def _printed() -> Iterator[Callable[[], str]]:
    """What is printed meanwhile."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        yield out.getvalue


@contextlib.contextmanager
def _warned(match: str) -> Iterator[None]:
    """Asks for a `RuntimeWarning` with these words; any other warning goes on to whoever listens."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    is_one = [issubclass(each.category, RuntimeWarning) and re.search(match, str(each.message)) for each in caught]
    assert any(is_one), f"no warning says {match!r}: {[str(each.message) for each in caught]}"
    for each, expected in zip(caught, is_one, strict=True):
        if not expected:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
