"""What ends a run from outside: a file, and the end of the job that it runs in."""

import pytest

from convergence_callbacks import Monitor, Observation
from convergence_callbacks.adapter import job
from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.adapter.stages.outside import JobEnd
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.record import verify


def falling(first=0, last=30):
    return [Observation(step=epoch, train_loss=0.9**epoch, val_loss=0.1 + 0.9**epoch) for epoch in range(first, last)]


def until_stop(stopping, seen):
    for observation in seen:
        if stopping.decide(observation).stop:
            break
    return stopping.decision


def test_a_file_ends_a_run_with_its_next_epoch_and_what_is_resumed_goes_on(tmp_path):
    file, record = tmp_path / "stop", tmp_path / "record.jsonl"
    stopping = Stopping(stop_file=file, record=record, max_epochs=30)
    until_stop(stopping, falling(0, 8))
    file.touch()
    decision = until_stop(stopping, falling(8))
    assert (decision.step, decision.criterion, stopping.stopped_epoch) == (8, "stop_file", 8)
    assert decision.reason.startswith(f"the file {file} asks for it; ")
    assert verify(record).is_confirmed, str(verify(record))
    file.unlink()
    resumed = Stopping(stop_file=file, record=record, max_epochs=30)
    resumed.load_state_dict(stopping.state_dict())
    resumed.begin()
    assert resumed.stopped_epoch is None
    monitor = Monitor(max_epochs=30)
    plain = [monitor.observe(observation) for observation in falling()]
    assert [resumed.decide(observation) for observation in falling(9)] == plain[9:]


def test_a_stop_of_its_own_stays_that(tmp_path):
    (tmp_path / "stop").touch()
    stopping = Stopping(stop_file=tmp_path / "stop", target_loss=5.0, min_epochs=0)
    assert until_stop(stopping, falling()).criterion == "target_loss"


@pytest.mark.parametrize(("variable", "value"), [("SLURM_JOB_END_TIME", "5000"), ("CONVERGENCE_JOB_END", "5000.0")])
def test_a_run_ends_before_an_epoch_that_may_not_fit_into_its_job(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    now = [0.0]
    stage = JobEnd(10, bool, Complaints(), clock=lambda: now[0])
    monitor = Monitor()
    for observation in falling():
        now[0] += 900.0 if observation.step == 1 else 400.0
        decision = stage.after(monitor.observe(observation), observation, None)
        if decision.stop:
            break
    # 3500 s are over: 5000 - 3500 - 900 (the longest epoch) does leave 600 s; after the next one it does not
    assert (now[0], decision.criterion) == (3700.0, "job_end")
    assert decision.reason.startswith("the job is ended in 22 min")


def test_an_unknown_end_of_the_job_is_reported_once(monkeypatch):
    for name in (*job.END, job.WALLTIME):
        monkeypatch.delenv(name, raising=False)
    with pytest.warns(RuntimeWarning, match="no variable holds when the job ends; set CONVERGENCE_JOB_END") as caught:
        assert not until_stop(Stopping(minutes_before_job_end=5), falling(0, 9)).stop
    assert len(caught) == 1


def test_a_variable_that_holds_no_time_is_reported(monkeypatch):
    monkeypatch.setenv("CONVERGENCE_JOB_END", "tomorrow")
    with pytest.warns(RuntimeWarning, match="CONVERGENCE_JOB_END holds no time: 'tomorrow'"):
        Stopping(minutes_before_job_end=5)
