import asyncio
import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

pytest.importorskip("sse_starlette", reason="needs the extra: pip install 'convergence-callbacks[serve]'")

from starlette.requests import Request
from starlette.testclient import TestClient

from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs import ColumnChoice
from convergence_callbacks.pages import Price
from convergence_callbacks.pages.server import _Pages, application
from convergence_callbacks.pages.shelf import Shelf
from tests.logs.make import keras_csv, lines, wandb_lines
from tests.pages.cards import SCRIPT

LOCAL = "http://127.0.0.1:8090"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    keras_csv(folder / "one")
    wandb_lines(folder / "two")
    keras_csv(folder / SCRIPT)
    (folder.parent / "secret.csv").write_text("epoch,loss,val_loss\n0,42,42\n")
    return folder


@pytest.fixture(scope="module")
def shelf(folder):
    with ThreadPoolExecutor(1) as threads:
        shelf = Shelf(folder, Settings(), ColumnChoice(), threads)
        shelf.look()
        yield shelf


@pytest.fixture
def browse(shelf):
    return TestClient(application(shelf, title="runs", price=Price(2)), base_url=LOCAL, follow_redirects=False)


def test_the_overview_has_all_runs_and_no_name_is_a_tag(browse, shelf):
    text = browse.get("/").text
    assert all(f'href="/run/{card.key}"' in text for card in shelf.cards) and len(shelf.cards) == 3
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text


def test_a_run_has_its_curves_and_decisions(browse, shelf):
    for card in shelf.cards:
        answer = browse.get(f"/run/{card.key}")
        assert answer.status_code == 200 and "Decisions and their evidence" in answer.text
        assert '<script type="application/json">' in answer.text and "<script>alert" not in answer.text


def test_runs_are_compared_and_unknown_ones_passed_over(browse, shelf):
    keys = [card.key for card in shelf.cards]
    text = browse.get("/compare", params={"run": [keys[0], "nonsense", keys[2], keys[0]]}).text
    data = json.loads(text.split('<script type="application/json">')[1].split("</script>")[0])
    assert [series["name"] for series in data["series"]] == [shelf.cards[0].summary.run, shelf.cards[2].summary.run]
    assert "No training is chosen" in browse.get("/compare").text


@pytest.mark.parametrize(
    "path",
    [
        "/run/nonsense",
        "/run/../secret.csv",
        "/run/..%2fsecret.csv",
        "/run/%2e%2e/%2e%2e/etc/passwd",
        "/secret.csv",
        "//etc/passwd",
        "/run/",
        "/static/..%2f..%2fsecret.csv",
        "/run/one%2ftraining.csv",
        "/run/%00",
        "/%ff",
    ],
)
def test_no_path_leads_to_a_file(browse, path):
    answer = browse.get(LOCAL + path)
    assert answer.status_code == 404 and "42" not in answer.text.split("</style>")[1].split("<script>")[0]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_it_is_read_only(browse, method):
    assert browse.request(method, "/").status_code == 405


def test_browsers_are_forbidden_to_run_anything_else(browse):
    headers = browse.get("/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8090", 200),
        ("localhost", 200),
        ("[::1]:8090", 200),
        ("example.org", 403),
        ("", 403),
        ("127.0.0.1.example.org:8090", 403),
        ("0.0.0.0:8090", 403),
    ],
)
def test_a_name_of_another_site_that_points_here_is_refused(browse, host, status):
    assert browse.get("/", headers={"host": host}).status_code == status


@pytest.fixture
def guarded(shelf):
    app = application(shelf, title="runs", token="s3cret")
    return TestClient(app, base_url="http://10.0.0.5:8090", follow_redirects=False)


@pytest.mark.parametrize("path", ["/", "/compare", "/events", "/run/x", "/?token=", "/?token=wrong", "/?token=s3cre"])
def test_without_the_token_nothing_is_shown(guarded, path):
    answer = guarded.get(path)
    assert answer.status_code == 401 and len(answer.text) < 200
    assert (
        guarded.get(path, headers={"authorization": b"Bearer \xff", "cookie": b"convergence-token=\xe9"}).status_code
        == 401
    )


def test_the_token_is_taken_once_from_the_address_and_kept_out_of_it(guarded):
    answer = guarded.get("/compare?run=a&token=s3cret")
    assert answer.status_code == 303 and answer.headers["location"] == "/compare?run=a"
    assert "HttpOnly" in answer.headers["set-cookie"] and "SameSite=strict" in answer.headers["set-cookie"]
    assert guarded.get("/").status_code == 200  # the client keeps the cookie


def test_a_token_leads_to_no_other_site(guarded):
    location = guarded.get("http://10.0.0.5:8090//example.org/?token=s3cret").headers["location"]
    assert location == "/example.org/"


def test_programs_give_the_token_in_a_header(guarded):
    assert guarded.get("/", headers={"authorization": "Bearer s3cret"}).status_code == 200


@pytest.mark.parametrize("version", ["9" * 5000, "-1", "²", ""])
def test_any_version_may_be_asked_for(shelf, version):
    asked = Request({"type": "http", "headers": [], "query_string": urlencode({"version": version}).encode()})
    assert _Pages(shelf, "runs", None).events(asked).status_code == 200


def test_a_run_that_grows_is_sent_to_the_pages(folder, shelf, monkeypatch):
    monkeypatch.setattr("convergence_callbacks.pages.server.EVERY", 0.0)
    pages = _Pages(shelf, "runs", None)

    async def story():
        changes = pages._changes(shelf.version)
        coming = asyncio.ensure_future(anext(changes))
        lines(folder / "new" / "log.jsonl", [{"epoch": e, "loss": 0.9**e, "val_loss": 0.9**e} for e in range(12)])
        await asyncio.to_thread(shelf.look)
        event = await asyncio.wait_for(coming, 20)
        await changes.aclose()
        return event

    event = asyncio.run(story())
    data = json.loads(event.data)
    assert event.event == "runs" and event.id == str(shelf.version)
    assert [key for key, row in data["rows"].items() if "new/log.jsonl" in row] == [
        card.key for card in shelf.cards if card.summary.run == "new/log.jsonl"
    ]
    assert "<dd>4" in data["overview"]


def test_a_thousand_runs_are_one_page_of_bounded_size(shelf):
    card = shelf.cards[0]
    cards = [
        dataclasses.replace(card, key=f"r{i}", summary=dataclasses.replace(card.summary, run=f"run {i}"))
        for i in range(1000)
    ]

    class Full(Shelf):
        @property
        def cards(self):
            return cards

    full = Full(shelf.path, shelf.settings, shelf.choice, shelf.executor)
    text = TestClient(application(full, title="runs"), base_url=LOCAL).get("/").text
    assert text.count("<tr id=") == 1000 and len(text) < 2_500_000


def test_browsers_that_have_seen_the_same_are_sent_what_was_made_once(shelf, monkeypatch):
    pages, made = _Pages(shelf, "runs", None), []
    one_message = pages._update
    monkeypatch.setattr(pages, "_update", lambda cards, gone: made.append(len(cards)) or one_message(cards, gone))

    async def first_of_each():
        streams = [pages._changes(0) for _ in range(300)]
        return await asyncio.gather(*(anext(stream) for stream in streams))

    events = asyncio.run(first_of_each())
    assert len(made) == 1 and len({event.data for event in events}) == 1 and len(events) == 300
