import contextlib
import os
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from convergence_callbacks.compare import rule_from
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs import ColumnChoice, read_logs
from convergence_callbacks.pages.card import Baseline
from convergence_callbacks.pages.shelf import QUIET, Shelf
from tests.logs.make import keras_csv, lines, mlflow_files, mlflow_sqlite, write_csv


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as threads:
        yield threads


@pytest.fixture
def shelf(tmp_path, executor):
    return Shelf(tmp_path, Settings(), ColumnChoice(), executor)


def grow(path, epochs):
    return write_csv(path, ["epoch", "loss", "val_loss"], [(e, 0.9**e, 0.9**e + 0.1) for e in range(epochs)])


def test_it_has_the_runs_of_the_folder_by_name(shelf, tmp_path):
    keras_csv(tmp_path / "b")
    mlflow_files(tmp_path / "a")
    shelf.look()
    assert [card.summary.run for card in shelf.cards] == ["a/mlruns/0/a1b2 calm-owl-1", "b"]
    assert shelf.card(shelf.cards[0].key) is shelf.cards[0] and shelf.card("r0") is None


def test_runs_of_equal_names_in_one_log_have_pages_of_their_own(shelf, tmp_path):
    with contextlib.closing(sqlite3.connect(mlflow_sqlite(tmp_path))) as database:
        database.execute("UPDATE runs SET lifecycle_stage = 'active', name = 'baseline'")
        database.execute("INSERT INTO metrics SELECT key, value, timestamp, 'a2', step, is_nan FROM metrics")
        database.commit()
    shelf.look()
    assert len({card.key for card in shelf.cards}) == 2
    names = [run.name for run in read_logs(tmp_path)]
    assert names == [card.summary.run for card in shelf.cards]
    assert names == ["mlflow.db Default/baseline", "mlflow.db Default/baseline (2)"]


def test_only_what_has_changed_is_read_again(shelf, tmp_path):
    grow(tmp_path / "a.csv", 5)
    grow(tmp_path / "b.csv", 5)
    shelf.look()
    before, version = {card.summary.run: card for card in shelf.cards}, shelf.version
    grow(tmp_path / "a.csv", 9)
    shelf.look()
    change = shelf.since(version)
    assert [(card.summary.run, card.summary.steps) for card in change.cards] == [("a.csv", 9)]
    assert change.gone == () and before["b.csv"] in shelf.cards
    assert shelf.since(shelf.version).cards == ()


def test_what_is_gone_is_forgotten_and_reported(shelf, tmp_path):
    grow(tmp_path / "a" / "log.csv", 5)
    shelf.look()
    key, version = shelf.cards[0].key, shelf.version
    shutil.rmtree(tmp_path / "a")
    shelf.look()
    assert shelf.cards == [] and shelf.since(version).gone == (key,)
    grow(tmp_path / "a" / "log.csv", 5)
    shelf.look()
    assert shelf.since(version).gone == () and [card.key for card in shelf.cards] == [key]


def test_a_log_that_has_not_grown_for_long_is_over(shelf, tmp_path):
    log = grow(tmp_path / "a.csv", 30)
    shelf.look()
    assert not shelf.cards[0].is_over
    os.utime(log, (shelf.clock() - QUIET - 1,) * 2)
    shelf.look()
    assert shelf.cards[0].is_over


def test_what_can_not_be_read_is_a_problem_until_it_can(shelf, tmp_path):
    write_csv(tmp_path / "a.csv", ["epoch", "loss", "val_loss"], [(0, "x", "y")])
    shelf.look()
    assert shelf.cards == [] and "it has no epoch" in str(shelf.problems[0])
    grow(tmp_path / "a.csv", 9)
    shelf.look()
    assert len(shelf.cards) == 1 and shelf.problems == []


def test_a_file_that_is_still_empty_is_waited_for(tmp_path, executor):
    log = tmp_path / "a.csv"
    log.touch()
    shelf = Shelf(log, Settings(), ColumnChoice(), executor)
    shelf.look()
    assert shelf.cards == []
    grow(log, 9)
    shelf.look()
    assert len(shelf.cards) == 1


def test_following_outlives_a_folder_that_vanishes_and_ends_when_asked(tmp_path, executor, monkeypatch):
    folder = tmp_path / "runs"
    shelf = Shelf(folder, Settings(), ColumnChoice(), executor)
    is_over, looks = threading.Event(), []

    def look():
        looks.append(1)
        if len(looks) == 2:
            is_over.set()
        raise FileNotFoundError(folder)

    monkeypatch.setattr(shelf, "look", look)
    monkeypatch.setattr("convergence_callbacks.pages.shelf.REST", 0.0)
    shelf.look_again(is_over)
    assert len(looks) == 2


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path, executor):
    keras_csv(tmp_path / "secret")
    folder = tmp_path / "runs"
    keras_csv(folder / "own")
    (folder / "linked.csv").symlink_to(next((tmp_path / "secret").glob("*.csv")))
    (folder / "inside.csv").symlink_to(next((folder / "own").glob("*.csv")))
    shelf = Shelf(folder, Settings(), ColumnChoice(), executor)
    shelf.look()
    assert sorted(card.summary.run for card in shelf.cards) == ["inside.csv", "own"]
    assert [str(problem) for problem in shelf.problems if "leads out of the folder" in str(problem)]


def test_a_training_in_two_files_has_one_page_and_both_can_grow(shelf, tmp_path):
    def write(epochs):
        grow(tmp_path / "log.csv", epochs)
        lines(tmp_path / "log.jsonl", [{"epoch": e, "val_loss": 0.9**e + 0.1} for e in range(epochs)])

    write(9)
    shelf.look()
    assert [card.summary.steps for card in shelf.cards] == [9]
    assert "log.jsonl holds the same training: it is counted once" in shelf.cards[0].summary.notes
    write(14)
    shelf.look()
    assert [card.summary.steps for card in shelf.cards] == [14]


def test_a_card_compares_with_the_baseline_of_the_shelf(executor, tmp_path):
    shelf = Shelf(tmp_path, Settings(), ColumnChoice(), executor, Baseline("patience:3", rule_from("patience:3")))
    write_csv(tmp_path / "a.csv", ["epoch", "val_loss"], [(e, abs(5 - e) + 1) for e in range(20)])
    shelf.look()
    (card,) = shelf.cards
    assert (card.summary.baseline, card.summary.baseline_stopped_at, card.summary.baseline_steps_saved) == (
        "patience:3",
        8,
        11,
    )
