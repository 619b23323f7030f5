"""The gallery: chosen by rule, made by one command."""

import numpy as np
import pytest

from benchmarks.measure.traps import TRAPS, all_candidates
from benchmarks.record.curves import HELD_OUT, RECORDED, Recorded
from convergence_callbacks import Verdict

pytest.importorskip("matplotlib", reason="needs pip install 'convergence-callbacks[bench]'")

from benchmarks.measure.gallery import VERDICTS, draw, replay


@pytest.fixture(scope="module")
def candidates():
    return [*all_candidates(Recorded.load(HELD_OUT)), *all_candidates(Recorded.load(RECORDED))]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_every_trap_is_shown_by_a_run(trap, candidates):
    chosen = trap.choose(candidates)
    assert trap.shows(chosen) > 0
    assert trap.choose(candidates[::-1]).run.name == chosen.run.name
    assert np.isfinite(trap.changed(chosen).val).all()


def test_every_verdict_has_a_caption():
    assert list(VERDICTS) == list(Verdict)


def test_a_panel_shows_the_verdict_the_numbers_and_the_forecast(candidates):
    shown = replay(TRAPS[1].choose(candidates).run)
    words = " ".join(text.get_text() for text in draw("Mine", shown).texts)
    assert f"Mine: {shown.end.verdict}" in words and f"confidence {shown.end.confidence:.2f}" in words
    labels = [text.get_text() for text in draw("Mine", shown).axes[0].texts]
    assert f"from epoch {shown.forecast.step}: {shown.forecast.eta}" in labels


def test_the_page_shows_all_that_is_drawn():
    from benchmarks.measure.gallery import DOCS

    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    names = [verdict.replace("_", "-") for verdict in Verdict] + [trap.name for trap in TRAPS]
    assert all(f"(pictures/gallery/{name}.png)" in page for name in names)
    assert len(list((DOCS / "pictures" / "gallery").glob("*.png"))) == len(names)
