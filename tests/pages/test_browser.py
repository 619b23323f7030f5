"""The pages in a browser: Debian's Chromium, headless."""

import dataclasses
import datetime
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("playwright", reason="needs playwright: pip install 'convergence-callbacks[dev]'")
pytest.importorskip("sse_starlette", reason="needs the extra: pip install 'convergence-callbacks[serve]'")

import uvicorn
from playwright.sync_api import sync_playwright

from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs import ColumnChoice
from convergence_callbacks.pages import Card, Report, plot
from convergence_callbacks.pages.server import application
from convergence_callbacks.pages.shelf import Shelf
from convergence_callbacks.replay import replay
from tests.logs.make import keras_csv, lines, ultralytics_csv, wandb_lines
from tests.pages.cards import SCRIPT, run_of, sound

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium (Debian)")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Opens a page; whatever it complains of, or asks of another host, fails the test."""
    contexts, wrong = [], []

    def open_page(url, width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith(url.split("/run")[0]) or wrong.append(request.url))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def shown(run):
    return Card.of(replay(run, with_forecast=True))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    cards = [shown(run_of(times=True, name=f"run {i}")) for i in range(3)]
    cards += [shown(run_of(sound(), name=SCRIPT, metadata={SCRIPT: SCRIPT}, notes=(SCRIPT,)))]
    made_at = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    path.write_text(Report(title=SCRIPT, cards=cards, settings=Settings(), made_at=made_at).html(), encoding="utf-8")
    return f"file://{path}"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_curves_are_drawn_and_nothing_overflows(visit, report, width, scheme):
    page = visit(report, width, scheme)
    assert page.locator("svg.curves .curve").count() >= 8
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.title() == SCRIPT and page.locator("h3").last.inner_text() == SCRIPT
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 20, 23)"
    assert dark == (scheme == "dark")


def test_what_is_under_the_pointer_is_read_out(visit, report):
    page = visit(report)
    curves = page.locator("svg.curves").first
    curves.scroll_into_view_if_needed()
    curves.hover(position={"x": 400, "y": 150})
    tip = page.locator(".tip").first.inner_text()
    assert tip.startswith("epoch ") and "train" in tip and "validation" in tip and "learning rate 0.1" in tip
    page.mouse.move(0, 0)
    assert page.locator(".tip").first.is_hidden()


def test_what_was_expected_is_drawn_and_read_out(visit, report):
    page = visit(report)
    assert page.locator("path.band").count() == page.locator("path.middle").count() == 4
    page.locator("svg.curves").last.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert "expected 0." in page.locator("[aria-live]").last.inner_text()


def test_a_picture_of_a_notebook_is_drawn_in_its_frame(visit, tmp_path):
    (tmp_path / "notebook.html").write_text(plot(run_of(sound(), name=SCRIPT))._repr_html_(), encoding="utf-8")
    page = visit(f"file://{tmp_path}/notebook.html")
    frame = page.frame_locator("iframe")
    frame.locator("svg.curves").hover(position={"x": 300, "y": 150})
    assert frame.locator(".tip").inner_text().startswith("epoch ")
    assert frame.locator("path.band").count() == 1


def test_keys_read_and_zoom_as_the_pointer_does(visit, report):
    page = visit(report)
    page.locator("svg.curves").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert page.locator("[aria-live]").first.inner_text().startswith("epoch 58, train")
    whole = page.evaluate("document.querySelector('figure').chart.range")
    page.keyboard.press("+")
    assert page.evaluate("document.querySelector('figure').chart.range") == [29.5, 59] and whole == [0, 59]
    page.keyboard.press("Escape")
    assert page.evaluate("document.querySelector('figure').chart.zoomed()") is None


def test_dragging_zooms_and_a_double_click_shows_all(visit, report):
    page = visit(report)
    curves = page.locator("svg.curves").first
    curves.scroll_into_view_if_needed()
    box = curves.bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 150)
    page.mouse.up()
    low, high = page.evaluate("document.querySelector('figure').chart.range")
    assert 0 < low < high < 59
    curves.dblclick(position={"x": 300, "y": 150})
    assert page.evaluate("document.querySelector('figure').chart.zoomed()") is None


def test_runs_are_searched_filtered_and_sorted(visit, report):
    page = visit(report)
    page.fill("#search", "RUN 1")
    assert page.locator("tbody tr[id]:visible").count() == 1 and page.locator("article:visible").count() == 1
    assert page.locator("#shown").inner_text() == "1 of 4 shown"
    page.fill("#search", "")
    page.select_option("#only", "overfitting")
    assert page.locator("tbody tr[id]:visible").count() == 3
    page.select_option("#only", "")
    for order in ("ascending", "descending"):
        page.click("table.runs th:has-text('Epochs') button")
        assert page.locator("th:has-text('Epochs')").first.get_attribute("aria-sort") == order
        epochs = page.locator("td[data-label=epochs]").all_inner_texts()
        assert epochs == sorted(epochs, key=int, reverse=order == "descending") and len(set(epochs)) == 2


def test_a_print_has_every_decision(visit, report):
    page = visit(report)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.pdf()[:5] == b"%PDF-"


@pytest.fixture
def served(tmp_path):
    """A folder that is served, and the address."""
    keras_csv(tmp_path / "one")
    wandb_lines(tmp_path / "two")
    ultralytics_csv(tmp_path / SCRIPT)
    with ThreadPoolExecutor(1) as threads:
        shelf, is_over = Shelf(tmp_path, Settings(), ColumnChoice(), threads), threading.Event()
        shelf.look()
        app = application(shelf, title="runs")
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=0))
        follower = threading.Thread(target=shelf.look_again, args=(is_over,))
        serving = threading.Thread(target=server.run)
        serving.start()
        follower.start()
        while not server.started:
            time.sleep(0.01)
        yield tmp_path, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
        is_over.set()
        server.should_exit = True
        serving.join()
        follower.join()


def test_what_is_served_follows_a_run_that_grows(served, visit):
    folder, url = served
    page = visit(url)
    assert page.locator("tbody tr").count() == 3
    records = [{"epoch": e, "loss": 0.9**e, "val_loss": 0.9**e} for e in range(24)]
    lines(folder / "new" / "log.jsonl", records[:8])
    page.wait_for_selector("tr:has-text('new')")
    assert page.locator("tbody tr").count() == 4
    page.click("tr:has-text('new') a")
    page.click("summary >> nth=0")
    lines(folder / "new" / "log.jsonl", records)
    page.wait_for_selector("text=24 epochs")
    assert page.locator("svg.curves").count() == 1 and page.locator("details[open]").count() == 1


def test_runs_that_are_ticked_are_compared(served, visit):
    page = visit(served[1])
    for place in (0, 2):
        page.locator("tbody input").nth(place).check()
    page.click("text=Compare the chosen")
    assert page.locator("svg.curves .name").count() == 2
    page.locator("svg.curves").hover(position={"x": 200, "y": 100})
    assert page.locator(".tip i").count() == 2


def test_what_is_drawn_is_saved_as_csv(visit, report):
    page = visit(report)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save what is drawn as CSV").first.click()
    assert download.value.suggested_filename == "run_0.csv"
    head, *rows = download.value.path().read_text().splitlines()
    assert head == '"epoch","train","validation","learning rate"' and len(rows) == 60 and rows[0].startswith("0,")


COVERS = """() => [...document.querySelectorAll("figure")].map((figure) => {
  const label = [...figure.querySelectorAll("text.halo")][0].getBBox();
  return [...figure.querySelectorAll("path.curve")].some((path) => {
    for (let at = 0; at <= path.getTotalLength(); at += 2) {
      const { x, y } = path.getPointAtLength(at);
      if (x > label.x && x < label.x + label.width && y > label.y + 2 && y < label.y + label.height - 2) return true;
    }
    return false;
  });
})"""


@pytest.mark.parametrize("width", [360, 1280])
def test_the_label_of_the_best_covers_no_curve(visit, report, width):
    assert visit(report, width).evaluate(COVERS) == [False] * 4


def test_an_explosion_is_cut_off_and_that_is_reported(visit, tmp_path):
    curve = sound()
    wild = dataclasses.replace(curve, val=np.where(np.arange(100) > 95, 1e12, curve.val))
    (tmp_path / "notebook.html").write_text(plot(run_of(wild))._repr_html_(), encoding="utf-8")
    frame = visit(f"file://{tmp_path}/notebook.html").frame_locator("iframe")
    assert "cut off: up to 1000000000000" in frame.locator("svg.curves").inner_html()
    height = frame.locator("path.curve").first.evaluate("path => path.getPointAtLength(0).y")
    assert height < 220  # the beginning is not flattened onto the axis
