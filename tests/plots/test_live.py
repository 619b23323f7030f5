"""The picture that grows while a training runs."""

import types

import pytest

pytest.importorskip("matplotlib", reason="needs pip install 'convergence-callbacks[plots]'")

from convergence_callbacks import Monitor, Observation
from convergence_callbacks.plots import LivePlot


class Screen:
    """A notebook's cell: remembers what was shown in it."""

    def __init__(self):
        self.shown = []

    def display(self, picture, display_id):
        self.shown.append(("new", picture))
        return types.SimpleNamespace(update=lambda picture: self.shown.append(("update", picture)))


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    display = pytest.importorskip("IPython.display", reason="needs pip install 'convergence-callbacks[dev]'")
    monkeypatch.setattr(display, "display", screen.display)
    return screen


def run(plot, epochs, monitor=None):
    monitor = monitor or Monitor()
    for epoch in range(epochs):
        observation = Observation(step=epoch, train_loss=1 / (epoch + 1), val_loss=1 / (epoch + 1))
        plot(observation, monitor.observe(observation))


def test_it_updates_one_picture_in_the_notebook(screen):
    run(LivePlot(), 4)
    assert [kind for kind, _ in screen.shown] == ["new", "update", "update", "update"]
    assert all(picture.data.startswith(b"\x89PNG") for _, picture in screen.shown)


def test_it_draws_as_often_as_asked(screen):
    run(LivePlot(every=3), 10)
    assert len(screen.shown) == 3


def test_a_stop_is_always_drawn(screen):
    run(LivePlot(every=100), 6, Monitor(max_epochs=6))
    assert len(screen.shown) == 1


def test_a_second_training_gets_a_picture_of_its_own(screen):
    plot = LivePlot()
    run(plot, 2)
    run(plot, 2)
    assert [kind for kind, _ in screen.shown] == ["new", "update", "new", "update"]


def test_it_can_be_written_to_a_file(tmp_path):
    run(LivePlot(tmp_path / "live.png", every=5), 5)
    assert (tmp_path / "live.png").read_bytes().startswith(b"\x89PNG")


def test_how_often_must_make_sense():
    with pytest.raises(ValueError, match="every must be at least 1, got 0"):
        LivePlot(every=0)


def test_it_draws_the_forecast_that_it_is_given(tmp_path):
    asked, monitor = [], Monitor(max_epochs=30)
    run(LivePlot(tmp_path / "picture.png", forecast=lambda: asked.append(monitor.forecast()) or asked[-1]), 6, monitor)
    assert len(asked) == 6 and asked[-1].path
    assert (tmp_path / "picture.png").stat().st_size > 10_000
