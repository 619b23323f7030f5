"""``python -m tests.torture [SECONDS [SEED …]]``: attack for so long, and report what was tried and what broke."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter

from tests.torture import files, kills, network, streams
from tests.torture.attack import report, torture

ATTACKS = [*streams.ATTACKS, *files.ATTACKS, *network.ATTACKS, *kills.ATTACKS]
SECONDS, SEEDS = 600.0, (0, 1, 2)


def main(seconds: float = SECONDS, *seeds: int) -> int:
    """Attack with each seed, and report; 1 where something was found."""
    found = 0
    for seed in seeds or SEEDS:
        attacks = [dataclasses.replace(attack, finds=[], counted=Counter()) for attack in ATTACKS]
        torture(attacks, seed, seconds / len(seeds or SEEDS))
        print(f"seed {seed}\n{report(attacks)}\n")
        found += sum(len(attack.finds) for attack in attacks)
    return min(found, 1)


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else SECONDS, *map(int, given[1:])))
