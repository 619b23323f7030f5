"""What an attack is: something hostile that may happen, tried again and again with other random choices.

An attack raises where a promise of README or docs is broken. It makes all its choices from the generator that it is
given, so that what was found is found again from the seed that the report names.
"""

from __future__ import annotations

import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

Attempt = Callable[[random.Random, Path], Mapping[str, int] | None]
"""Tries once; gives what was tried how often, where that was many things."""


@dataclass
class Attack:
    """An attack, and how it went.

    Args:
        name: What is tried.
        attempt: Tries it once, with a generator and an empty folder.
        weight: How often it is tried, compared with the others; those that start processes are tried less. 0: once a
            seed.
        short: How often the short form tries it.
        tries: How often it was tried.
        counted: What was tried in all tries, by what it is, where a try is many.
        finds: What broke: the seed of the try, and the traceback.
    """

    name: str
    attempt: Attempt
    weight: float = 1.0
    short: int = 6
    tries: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    finds: list[tuple[str, str]] = field(default_factory=list)

    def try_once(self, seed: str) -> None:
        """Try it with the choices of a seed."""
        self.tries += 1
        with TemporaryDirectory() as folder:
            try:
                self.counted.update(self.attempt(random.Random(seed), Path(folder)) or {})
            except Exception:
                self.finds.append((seed, traceback.format_exc()))


def rounds(attacks: Sequence[Attack], seed: int) -> Iterator[tuple[Attack, str]]:
    """Attacks in a random order that a seed fixes, each with the seed of its try."""
    order, number = random.Random(seed), 0
    while True:
        [attack] = order.choices(attacks, [each.weight for each in attacks])
        yield attack, f"{seed}/{number}"
        number += 1


def torture(attacks: Sequence[Attack], seed: int, seconds: float) -> None:
    """Attack for so many seconds, once each attack was tried: some take as long as a thousand tries of others."""
    for attack in attacks:
        attack.try_once(f"{seed}/first")
    until = time.monotonic() + seconds
    for attack, of_try in rounds(attacks, seed):
        if time.monotonic() > until:
            return
        attack.try_once(of_try)


def report(attacks: Sequence[Attack]) -> str:
    """What was tried, how often, and what was found."""
    width = max(len(attack.name) for attack in attacks)
    lines = [f"{attack.name:{width}}  {attack.tries:7,} tries  {len(attack.finds):3} found" for attack in attacks]
    for attack in attacks:
        many = ", ".join(f"{number:,} {what}" for what, number in sorted(attack.counted.items()))
        lines += [f"\n{attack.name}: {many}"] if many else []
    for attack in attacks:
        lines += [f"\n{attack.name}, seed {seed}:\n{trace}" for seed, trace in attack.finds[:3]]
    return "\n".join(lines)
