"""Curves in a notebook."""

import html
import re

import pytest

from convergence_callbacks.pages import plot, plot_compare
from tests.pages.cards import SCRIPT, run_of, sound


def framed(picture):
    """The page inside the frame that a notebook is given."""
    return html.unescape(re.search(r'srcdoc="([^"]*)"', picture._repr_html_())[1])


def test_a_run_is_shown_in_a_frame_of_its_own_that_may_do_nothing_else():
    shown = plot(run_of(sound(), name="one"))._repr_html_()
    assert shown.startswith('<iframe title="Learning curves of one"') and 'sandbox="allow-scripts"' in shown
    page = framed(plot(run_of(sound(), name="one")))
    assert '"band": {' in page and "default-src &#39;none&#39;" in page and "src=" not in page


def test_a_name_runs_nothing():
    shown = plot_compare([run_of(name=SCRIPT), run_of(sound(), name='"><b>')])._repr_html_()
    assert shown.count("<") == 2  # the frame and its end
    assert SCRIPT not in framed(plot(run_of(name=SCRIPT)))


@pytest.mark.parametrize("runs", [0, 9])
def test_more_runs_than_distinct_colours_are_refused(runs):
    with pytest.raises(ValueError, match=f"got {runs}"):
        plot_compare([run_of()] * runs)
