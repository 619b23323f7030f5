"""The energy that a training took."""

import pytest

from convergence_callbacks.logs import ColumnChoice, read_logs
from convergence_callbacks.replay import replay
from convergence_callbacks.summary import Summary

EMISSIONS = "timestamp,project_name,run_id,duration,emissions,energy_consumed\n"


def table(path, column="", value=lambda epoch: "", epochs=60):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (f"{e},{0.9**e},{0.1 + 0.9**e},{value(e)}\n" for e in range(epochs))
    path.write_text(f"epoch,train_loss,val_loss,{column}\n" + "".join(rows))
    return path


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("energy_consumed", lambda epoch: 0.01 * (epoch + 1)),
        ("Energy (kWh)", lambda epoch: 0.009 if epoch % 2 else 0.011),
        ("energy_wh", lambda epoch: 10),
        ("gpu/energy_wh", lambda epoch: 10 * (epoch + 1)),
        ("energy_joules", lambda epoch: 36_000 * (epoch + 1)),
    ],
)
def test_energy_is_read_in_the_unit_of_its_name_as_sums_or_of_each_epoch(tmp_path, column, value):
    (run,) = read_logs(table(tmp_path / "log.csv", column, value))
    assert run.energy == pytest.approx(0.6)
    replayed = replay(run)
    assert replayed.energy_saved == pytest.approx(0.01 * replayed.steps_saved, abs=1e-3) and replayed.steps_saved > 0


def test_what_is_called_energy_alone_may_be_anything_and_can_be_named(tmp_path):
    path = table(tmp_path / "log.csv", "energy", lambda epoch: -3.0 - epoch)
    (run,) = read_logs(path)
    assert run.energy is None and replay(run).energy_saved is None
    path = table(tmp_path / "log.csv", "energy", lambda epoch: 0.01 * (epoch + 1))
    (run,) = read_logs(path, ColumnChoice(energy="energy"))
    assert run.energy == pytest.approx(0.6)


def test_energy_below_zero_is_none(tmp_path):
    (run,) = read_logs(table(tmp_path / "log.csv", "energy_j", lambda epoch: 5 - epoch))
    assert run.energy is None


def test_the_file_of_codecarbon_beside_a_log_tells_the_whole(tmp_path):
    table(tmp_path / "a" / "log.csv")
    (tmp_path / "a" / "emissions.csv").write_text(EMISSIONS + "t,p,1,10,0.1,1.5\nt,p,1,20,0.2,3.0\n")
    (run,) = read_logs(tmp_path)
    summary = Summary.of(replay(run))
    assert summary.kwh == 3.0 and summary.kwh_saved == pytest.approx(3.0 * summary.steps_saved / 60)
    assert any("spread evenly" in note for note in run.notes)


def test_emissions_of_several_trainings_or_beside_several_logs_are_nobodys(tmp_path):
    table(tmp_path / "a" / "log.csv")
    (tmp_path / "a" / "emissions.csv").write_text(EMISSIONS + "t,p,1,10,0.1,1.5\nt,p,2,20,0.2,3.0\n")
    table(tmp_path / "b" / "one.csv")
    table(tmp_path / "b" / "two.csv")
    (tmp_path / "b" / "emissions.csv").write_text(EMISSIONS + "t,p,1,10,0.1,1.5\n")
    table(tmp_path / "c" / "log.csv")
    (tmp_path / "c" / "emissions.csv").write_text(EMISSIONS + 't,p,1,10,0.1,"lots"\n')
    assert [run.energy for run in read_logs(tmp_path)] == [None] * 4
