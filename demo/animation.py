"""The moving picture of the README: a training as it runs, with its verdicts, its stop, and where patience goes on to.

An SVG that moves by itself: no script, no frames, sharp at every size, and in the reader's own light or dark.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from convergence_callbacks import Decision, Monitor, Observation, Patience, Verdict
from convergence_callbacks.colours import OF_VERDICT, ON_DARK, ON_VERDICT, TRAIN, VALIDATION
from convergence_callbacks.telling.numbers import percent

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 744, 46, 232
"""Edges of the axes, in pixels of the picture."""

RIBBON_TOP, RIBBON_HEIGHT = 244, 14

LETTER = 8
"""Pixels that a letter in the ribbon takes at most."""

LINE = 18
"""Pixels from one line of words to the next."""

SECONDS_TO_THE_STOP = 4.0
SECONDS_OF_REST = 3.0
"""How long the picture shows the end, with which it begins: what does not move shows that."""


@dataclass(frozen=True)
class Movie:
    """What the picture shows.

    Args:
        title: One line above it.
        observations: Every epoch of the training, those after the stop too.
        decisions: The decision of each epoch until the stop.
        patience_stop: The epoch at which patience ends, counted like those of the observations.
        first_epoch: Number of the first epoch, as the framework prints it.
    """

    title: str
    observations: Sequence[Observation]
    decisions: Sequence[Decision]
    patience_stop: int
    first_epoch: int

    @property
    def stop(self) -> Decision:
        """The decision that ended the training."""
        return self.decisions[-1]

    @property
    def shown(self) -> Sequence[Observation]:
        """The epochs until patience ends."""
        return self.observations[: max(self.patience_stop, self.stop.step) + 1]

    @property
    def seconds(self) -> float:
        """Length of the picture before it begins again."""
        return self.seconds_at(self.shown[-1].step) + SECONDS_OF_REST

    @property
    def gained_between(self) -> float:
        """What validation loss gains between both stops, as a share of all that it gains."""
        first, later = (self._best_until(step) for step in sorted((self.stop.step, self.patience_stop)))
        start = next(seen.val_loss for seen in self.shown if seen.val_loss is not None)
        return (first - later) / (start - later)

    def _best_until(self, step: int) -> float:
        return min(seen.val_loss for seen in self.shown[: step + 1] if seen.val_loss is not None)

    def seconds_at(self, step: int) -> float:
        """When an epoch is drawn."""
        return SECONDS_TO_THE_STOP * (step + 1) / (self.stop.step + 1)

    def x(self, step: float) -> float:
        """Where an epoch is, from left to right."""
        return LEFT + (RIGHT - LEFT) * step / self.shown[-1].step

    def y(self, loss: float) -> float:
        """Where a loss is, from top to bottom."""
        losses = [value for seen in self.shown for value in (seen.train_loss, seen.val_loss) if value is not None]
        low, high = min(losses), max(losses)
        return BOTTOM - (BOTTOM - TOP) * (loss - low) / (high - low)


def picture_of(run: Path) -> str:
    """The moving picture of a run that `demo.__main__.moving` wrote, with what the rule says of it now."""
    content = json.loads(run.read_text(encoding="utf-8"))
    observations = [Observation.from_dict(each) for each in content["observations"]]
    rates = [each.lr for each in observations if each.lr is not None]
    decisions = list(_until_stop(Monitor(max_epochs=content["epochs"], lr_schedule=rates), observations))
    patience = list(_until_stop(Monitor(criteria=Patience(10), min_epochs=0), observations))[-1]
    return drawn(Movie(content["title"], observations, decisions, patience.step, content["first_epoch"]))


def _until_stop(monitor: Monitor, observations: Sequence[Observation]) -> Iterator[Decision]:
    for observation in observations:
        yield monitor.observe(observation)
        if monitor.decision is not None and monitor.decision.stop:
            return


def drawn(movie: Movie) -> str:
    """The picture, as the text of an SVG file."""
    return "\n".join([*_head(movie), *_axes(movie), *_curves(movie), *_ribbon(movie), *_ends(movie), "</svg>"])


def _head(movie: Movie) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img">'
    )
    yield f"<title>{escape(movie.title)}</title>"
    verdicts = " ".join(f".{v} {{ fill: {OF_VERDICT[v]}; }} .on-{v} {{ fill: {ON_VERDICT[v]}; }}" for v in Verdict)
    dark_verdicts = " ".join(f".{v} {{ fill: {ON_DARK[v]}; }}" for v in Verdict if v in ON_DARK)
    dark_verdicts += f" .on-{Verdict.IMPROVING} {{ fill: #e6edf3; }} .on-{Verdict.DIVERGED} {{ fill: #222222; }}"
    light = {
        ".ground": "fill: #ffffff",
        ".halo": "stroke: #ffffff; stroke-width: 5; paint-order: stroke",
        ".ink": "fill: #222222",
        ".faint": "fill: #666666",
        ".line": "stroke: #666666",
        ".train": f"stroke: {TRAIN}; fill: {TRAIN}",
        ".validation": f"stroke: {VALIDATION}; fill: {VALIDATION}",
    }
    dark = {
        ".ground": "fill: #0d1117",
        ".halo": "stroke: #0d1117",
        ".ink": "fill: #e6edf3",
        ".faint": "fill: #9aa4ae",
        ".line": "stroke: #9aa4ae",
        ".train": f"stroke: {ON_DARK['train']}; fill: {ON_DARK['train']}",
        ".validation": f"stroke: {ON_DARK['validation']}; fill: {ON_DARK['validation']}",
    }
    yield f"<style>{verdicts} {_rules(light)}"
    yield f"@media (prefers-color-scheme: dark) {{ {_rules(dark)} {dark_verdicts} }}</style>"
    yield f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>'
    yield f'<text class="ink" x="{LEFT}" y="24" font-weight="600">{escape(movie.title)}</text>'


def _rules(styles: Mapping[str, str]) -> str:
    return " ".join(f"{name} {{ {style}; }}" for name, style in styles.items())


def _axes(movie: Movie) -> Iterator[str]:
    yield f'<path class="line" fill="none" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>'
    yield f'<text class="faint" transform="translate({LEFT - 12} {BOTTOM}) rotate(-90)">loss</text>'
    steps = range(10 - movie.first_epoch, movie.shown[-1].step + 1, 10)
    for step in steps:
        place = f'x="{movie.x(step):.1f}" y="{RIBBON_TOP + RIBBON_HEIGHT + 16}"'
        yield f'<text class="faint" {place} text-anchor="middle">{step + movie.first_epoch}</text>'
    yield f'<text class="faint" x="{LEFT}" y="{HEIGHT - 8}">epoch</text>'
    for name, words, x in (("train", "train loss", LEFT + 66), ("validation", "validation loss", LEFT + 146)):
        yield f'<text class="{name}" style="stroke:none" x="{x}" y="{TOP + 78}">{words}</text>'


def _curves(movie: Movie) -> Iterator[str]:
    """Both losses, uncovered from left to right; what comes after the stop is drawn faintly."""
    curves = [
        ("train", [(seen.step, seen.train_loss) for seen in movie.shown if seen.train_loss is not None]),
        ("validation", [(seen.step, seen.val_loss) for seen in movie.shown if seen.val_loss is not None]),
    ]
    stop = movie.stop.step
    yield from _uncovered(movie, "run", 0, stop)
    yield from _uncovered(movie, "after", stop, movie.shown[-1].step)
    for name, points in curves:
        run = [point for point in points if point[0] <= stop]
        after = [point for point in points if point[0] >= stop]
        drawn = 'fill="none" stroke-width="2" stroke-linejoin="round"'
        yield f'<path class="{name}" style="fill:none" {drawn} clip-path="url(#run)" d="{_path(movie, run)}"/>'
        faint = 'stroke-opacity="0.45" stroke-dasharray="2 4"'
        later = f'{faint} clip-path="url(#after)"'
        yield f'<path class="{name}" style="fill:none" {drawn} {later} d="{_path(movie, after)}"/>'


def _uncovered(movie: Movie, name: str, begin: int, end: int) -> Iterator[str]:
    """A window that opens from one epoch to another while these are trained."""
    left, right = movie.x(begin), movie.x(end) + 2
    times = [0.0, movie.seconds_at(begin) if begin else 0.0, movie.seconds_at(end), movie.seconds]
    yield f'<clipPath id="{name}"><rect x="{left:.1f}" y="0" width="{right - left:.1f}" height="{HEIGHT}">'
    yield _animated(movie, "width", times, ["0", "0", f"{right - left:.1f}", f"{right - left:.1f}"])
    yield "</rect></clipPath>"


def _ribbon(movie: Movie) -> Iterator[str]:
    """The verdict of each epoch, as a ribbon that fills."""
    yield '<g clip-path="url(#run)">'
    for verdict, group in itertools.groupby(movie.decisions, key=lambda decision: decision.verdict):
        steps = [decision.step for decision in group]
        left, right = movie.x(max(steps[0] - 1, 0)), movie.x(steps[-1])
        box = f'x="{left:.1f}" y="{RIBBON_TOP}" width="{right - left:.1f}" height="{RIBBON_HEIGHT}"'
        word = verdict.replace("_", " ")
        yield f'<rect class="{verdict}" {box}/>'
        if right - left > LETTER * len(word):
            yield f'<text class="on-{verdict}" x="{left + 6:.1f}" y="{RIBBON_TOP + 11}" font-size="11">{word}</text>'
    yield "</g>"


def _ends(movie: Movie) -> Iterator[str]:
    """The stop with its reason, and where patience ends."""
    stop = movie.stop
    word = stop.verdict.replace("_", " ")
    label = f"stopped at epoch {stop.step + movie.first_epoch}: {word}"
    yield from _mark(movie, stop.step, label, TOP + 8, weight="600")
    later = movie.patience_stop - stop.step
    share = percent(movie.gained_between)
    what = f"{later} epochs more for {share} of the gain" if later > 0 else f"loses {share} of the gain"
    patience = f"patience 10 stops at epoch {movie.patience_stop + movie.first_epoch}:"
    yield from _mark(movie, movie.patience_stop, f"{patience}\n{what}", TOP + 34, weight="400")


def _mark(movie: Movie, step: int, words: str, y: float, weight: str) -> Iterator[str]:
    x, appears = movie.x(step), movie.seconds_at(step)
    times = [0.0, max(appears - 0.01, 0.001), appears, movie.seconds]
    side = "end" if x > (LEFT + RIGHT) / 2 else "start"
    text_x = x - 6 if side == "end" else x + 6
    yield "<g>"
    yield _animated(movie, "opacity", times, ["0", "0", "1", "1"])
    yield f'<path class="line" stroke-dasharray="4 3" fill="none" d="M{x:.1f} {TOP - 6}V{RIBBON_TOP + RIBBON_HEIGHT}"/>'
    for number, line in enumerate(words.split("\n")):
        place = f'x="{text_x:.1f}" y="{y + LINE * number}" text-anchor="{side}" font-weight="{weight}"'
        yield f'<text class="ink halo" {place}>{escape(line)}</text>'
    yield "</g>"


def _animated(movie: Movie, attribute: str, times: Sequence[float], values: Sequence[str]) -> str:
    shares = ";".join(f"{time / movie.seconds:.4f}" for time in times)
    length = f'begin="-{movie.seconds - SECONDS_OF_REST:.1f}s" dur="{movie.seconds:.1f}s" repeatCount="indefinite"'
    return f'<animate attributeName="{attribute}" {length} keyTimes="{shares}" values="{";".join(values)}"/>'


def _path(movie: Movie, points: Sequence[tuple[int, float]]) -> str:
    return "M" + "L".join(f"{movie.x(step):.1f} {movie.y(loss):.1f}" for step, loss in points)
