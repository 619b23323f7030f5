import base64
import dataclasses
import datetime
import hashlib
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from typer.testing import CliRunner

from convergence_callbacks import Observation, engines
from convergence_callbacks.cli import app
from convergence_callbacks.compare import rule_from
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.pages import Card, Price, Report
from convergence_callbacks.pages.totals import Totals
from convergence_callbacks.replay import replay, stop_by
from tests.logs.make import keras_csv, trainer_state, wandb_lines, write_csv
from tests.pages.cards import SCRIPT, card_of, run_of, sound

NOON = datetime.datetime(2026, 1, 2, 12, 0, tzinfo=datetime.UTC)


def report(*cards, **more):
    return Report(title=more.pop("title", "runs"), cards=cards, settings=Settings(), made_at=NOON, **more)


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.within = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.within = [tag]

    def handle_endtag(self, tag):
        self.within = []

    def handle_data(self, data):
        if self.within:
            self.text.setdefault(self.within[-1], []).append(data)


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["report", *map(str, arguments)])


def test_it_says_what_was_saved_and_what_that_cost():
    card = card_of(times=True)
    text = report(card, price=Price(3.0, "€")).html()
    hours = card.summary.hours_saved
    assert hours > 0 and f"€{3 * hours:.2f}" in text and "overfitting" in text
    assert f"The rule would have ended 1 of 1 training early and saved {card.summary.steps_saved / 60:.0%}"[:-1] in text
    assert f"at epoch {card.summary.stopped_at} as" in text and card.summary.reason in text


def test_without_times_time_and_cost_are_not_mentioned():
    text = report(card_of(), price=Price(3.0)).html()
    assert "Time saved" not in text and "Cost saved" not in text


def test_it_asks_no_other_host_for_anything():
    text = report(card_of(sound()), card_of(name="b")).html()
    page = Page(text)
    assert not [attributes for _, attributes in page.tags if "src" in attributes or "style" in attributes]
    assert all(attributes["href"].startswith("#") for tag, attributes in page.tags if "href" in attributes)
    assert not re.search(r"@import|url\((?!#)", text.replace("url(#${this.clip})", ""))
    assert re.findall(r"https?://[^\"' ]*", text) == ["http://www.w3.org/2000/svg"]  # a name, asked for by nobody


def test_nothing_runs_but_its_own_script():
    page = Page(report(card_of()).html())
    policy = next(attributes["content"] for tag, attributes in page.tags if attributes.get("http-equiv"))
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for tag in ("script", "style"):
        own = [text for text in page.text[tag] if not text.startswith("{")]
        digest = base64.b64encode(hashlib.sha256("".join(own).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("name", [SCRIPT, "</title><img src=x onerror=alert(1)>", "' onload='alert(1)", "{{ 7*7 }}"])
def test_names_are_text_wherever_they_stand(name):
    run = run_of(name=name, metadata={name: name}, notes=(name,))
    text = report(Card.of(replay(run)), title=name).html()
    plain = Page(report(card_of(name="b"), title="b").html())
    page = Page(text)
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags}
    assert {key for _, attributes in page.tags for key in attributes} == {
        key for _, attributes in plain.tags for key in attributes
    }
    assert name not in text or name == "{{ 7*7 }}"


def test_the_data_of_the_curves_is_json_without_nan():
    observations = tuple(Observation(step=e, train_loss=1.0, val_loss=math.nan if e > 5 else 1.0) for e in range(20))
    card = Card.of(replay(dataclasses.replace(run_of(), observations=observations)))
    page = Page(report(card).html())
    data = json.loads(page.text["script"][0], parse_constant=pytest.fail)
    assert data["series"][1]["y"][10] is None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_runs_of_few_epochs_make_a_page(count):
    one = dataclasses.replace(run_of(), observations=(Observation(step=0, train_loss=1.0),))
    made = report(*[Card.of(replay(dataclasses.replace(one, name=str(i)))) for i in range(count)])
    assert "</html>" in made.html() and "## Training" in made.markdown()


def test_fifty_runs_stay_below_a_megabyte():
    card = card_of(sound(), times=True)
    cards = [dataclasses.replace(card, key=f"{i}") for i in range(50)]
    assert len(report(*cards, price=Price(1)).html().encode()) < 1_000_000


def test_decisions_are_listed_with_their_evidence_where_the_verdict_changes():
    card = card_of()
    assert [turn.decision.verdict for turn in card.turns if turn.is_stop] == [card.summary.stop_verdict]
    text = report(card).html()
    for turn in card.turns:
        assert turn.decision.reason.replace("'", "&#39;") in text
    assert "generalization gap&nbsp;" in text


def test_a_price_must_be_one():
    for amount in (-1, math.nan, math.inf):
        with pytest.raises(SettingsError, match="price of an hour must be 0 or more"):
            Price(amount)


def test_markdown_is_a_table_that_names_can_not_break():
    text = report(card_of(name=f"a|b {SCRIPT}\n# c"), card_of(sound()), price=Price(1)).markdown()
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 4 and len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    start = text.splitlines().index(table[0])
    assert text.splitlines()[start : start + 4] == table  # no line between
    assert "<script" not in text and "\n# " not in text


def test_the_command_writes_the_runs_of_a_folder_and_names_what_it_could_not_read(command, tmp_path):
    keras_csv(tmp_path / "runs" / "one")
    trainer_state(tmp_path / "runs" / "two")
    wandb_lines(tmp_path / "runs" / "three")
    write_csv(tmp_path / "runs" / "bad.csv", ["epoch", "loss", "val_loss"], [(0, "a", "b")])
    (tmp_path / "runs" / "junk.txt").write_bytes(bytes(range(256)))
    result = command("runs", "-o", "report.html", "--price-per-hour", "2", "--currency", "CHF")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert result.exit_code == 1 and "bad.csv" in result.stderr
    assert all(f">{name}</a>" in text for name in ("one", "two", "three"))
    assert "bad.csv: it has no epoch" in text and "CHF " in text and "junk" not in text


def test_a_formula_in_a_cell_is_a_text_that_is_not_used(command, tmp_path):
    rows = [(e, 0.9**e, 0.9**e + 0.1, '=HYPERLINK("http://example.org")') for e in range(20)]
    write_csv(tmp_path / "log.csv", ["epoch", "loss", "val_loss", "=1+1"], rows)
    assert command("log.csv").exit_code == 0
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "HYPERLINK" not in text and "not used: &#39;=1+1&#39;" in text


def test_the_ending_of_the_file_says_the_format(command, tmp_path):
    keras_csv(tmp_path)
    assert command("training.csv", "-o", "card.md").exit_code == 0
    assert (tmp_path / "card.md").read_text(encoding="utf-8").startswith("## Training\n")
    assert command("training.csv", "--format", "md", "-o", "-").stdout.startswith("## Training\n")


def test_a_name_that_is_no_text_can_be_written(command, tmp_path):
    folder = tmp_path / "caf\udce9"
    try:
        keras_csv(folder)
    except OSError:
        pytest.xfail("this file system has no such names")
    assert command(tmp_path, "-o", "out.html").exit_code == 0
    assert "caf\\udce9" in (tmp_path / "out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing"], "missing: No such file or directory"),
        (["."], "no log of a training was found"),
        ([".", "--price-per-hour", "-2"], "the price of an hour must be 0 or more"),
    ],
)
def test_what_is_wrong_is_reported(command, arguments, message):
    result = command(*arguments)
    assert result.exit_code == 1 and message in result.stderr


def test_energy_is_reported_if_it_is_logged(command, tmp_path):
    write_csv(
        tmp_path / "runs" / "log.csv",
        ["epoch", "loss", "val_loss", "energy_kwh"],
        [(e, 0.9**e, 0.1 + 0.9**e, 0.5 * (e + 1)) for e in range(60)],
    )
    assert command("runs", "-o", "a.html").exit_code == 0
    text = (tmp_path / "a.html").read_text()
    assert "Energy saved" in text and "of 30 kWh" in text
    assert "Energy" not in report(card_of()).html()


def test_many_runs_are_replayed_on_all_cores_into_the_same_report(command, tmp_path, monkeypatch):
    pytest.importorskip("joblib", reason="needs the extra: pip install 'convergence-callbacks[compare]'")
    for name in ("a", "b", "c"):
        keras_csv(tmp_path / "runs" / name)
    (tmp_path / "runs" / "cut.json").write_text('{"loss": [1')
    assert command("runs", "-o", "here.md").exit_code == 1
    monkeypatch.setattr(engines, "MANY", 2)
    done = command("runs", "-o", "there.md")
    assert done.exit_code == 1 and "cut.json" in done.stderr
    assert (tmp_path / "here.md").read_text() == (tmp_path / "there.md").read_text()


def test_it_says_what_patience_would_have_saved_and_what_broken_runs_cost():
    run = run_of(times=True)
    other = stop_by("patience:10", run, rule_from("patience:10"))
    curve = sound()
    exploded = dataclasses.replace(curve, val=np.where(np.arange(100) > 60, 1e6, curve.val))
    broken = run_of(exploded, name="b", times=True)
    cards = [Card.of(replay(run), baseline=other), Card.of(replay(broken, Settings(stop_on="nothing")))]
    totals = Totals.of(cards)
    assert totals.broken == 1 and totals.steps_until_broken + totals.steps_after_broken == broken.steps
    assert totals.hours_until_broken + totals.hours_after_broken == pytest.approx(cards[1].hours)
    for text in (report(*cards, price=Price(3.0)).html(), report(*cards, price=Price(3.0)).markdown()):
        assert "patience 10: " in text
        assert f"1 training was broken: that was seen after {totals.steps_until_broken} epochs" in text
        assert f"${3 * totals.hours_until_broken:.2f}" in text and f"${3 * totals.baseline_hours_saved:.2f}" in text


def test_the_command_compares_with_patience_10_unless_another_is_named(command, tmp_path):
    keras_csv(tmp_path / "net")
    assert (
        command(tmp_path, "-o", "a.html").exit_code
        == command(tmp_path, "-o", "b.html", "--baseline", "").exit_code
        == 0
    )
    assert "Saved by patience 10" in (tmp_path / "a.html").read_text()
    assert "Saved by" not in (tmp_path / "b.html").read_text()
    assert command(tmp_path, "--baseline", "patiens:3").exit_code == 1


def test_a_page_advises_the_weights_of_the_best_epoch_that_it_shows():
    falls_again = [0.1 + 0.9**epoch for epoch in range(70)] + [0.05] * 10
    seen = tuple(Observation(step=step, train_loss=loss, val_loss=loss) for step, loss in enumerate(falls_again))
    card = Card.of(replay(dataclasses.replace(run_of(), observations=seen)))
    assert card.summary.stopped_at is not None and card.summary.best_at == 70
    assert card.advice == card.summary.advice and not any("weights of epoch 6" in each for each in card.advice)


def test_a_run_of_which_nothing_could_be_judged_is_in_no_share_and_its_card_names_no_verdict():
    short = tuple(Observation(step=step, train_loss=1.0, val_loss=0.9) for step in range(2))
    cards = [card_of(), Card.of(replay(dataclasses.replace(run_of(), observations=short)))]
    totals = Totals.of(cards)
    assert [share.runs for share in totals.shares] == [1] and totals.not_judged == 1
    html = report(*cards).html()
    assert "not judged <b>1</b>" in html and ", 1 not judged" in html
    assert html.count('<span class="verdict">not judged</span>') == 2 and "Confidence</dt><dd>>99%" not in html
    assert "**: not judged" in report(*cards).markdown()


def test_where_no_loss_is_a_number_the_card_says_that_there_is_nothing_to_draw():
    seen = tuple(Observation(step=step, train_loss=math.nan, val_loss=math.nan) for step in range(6))
    html = report(Card.of(replay(dataclasses.replace(run_of(), observations=seen)))).html()
    assert "there is nothing to draw" in html


def test_the_label_of_the_best_is_the_number_of_the_card():
    seen = tuple(Observation(step=step, train_loss=1.0, val_loss=loss) for step, loss in enumerate((0.9, 0.284149)))
    card = Card.of(replay(dataclasses.replace(run_of(), observations=seen)))
    assert card.chart["best"]["text"] == "0.2841"  # five digits of it, rounded again, would be 0.2842
